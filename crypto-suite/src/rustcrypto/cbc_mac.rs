//! AES-XCBC-MAC and AES-CMAC: CBC-MACs that mask the last block, as integrity algorithms and as PRFs.

use super::wrong;
use crate::{CryptoError, MacAlg, MacId, MacKey, PrfAlg, PrfId, PrfKey, Secret};
use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt as _, KeyInit as _, consts::U16};
use alloc::boxed::Box;
use core::fmt;
use zeroize::{Zeroize as _, Zeroizing};

/// Which of the two.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// AES-XCBC-MAC (RFC 3566).
    Xcbc,
    /// AES-CMAC (RFC 4493).
    Cmac,
}

/// A CBC-MAC, as integrity algorithm or as PRF, by the id `I`.
pub(super) struct CbcMac<I> {
    pub(super) id: I,
    pub(super) kind: Kind,
}

impl<I: fmt::Display> fmt::Debug for CbcMac<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)
    }
}

impl MacAlg for CbcMac<MacId> {
    fn id(&self) -> MacId {
        self.id
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn MacKey>, CryptoError> {
        let octets = key.expose().try_into().map_err(|_| wrong("integrity key", key.expose()))?;
        Ok(Box::new(Key { id: self.id, keyed: Keyed::new(self.kind, octets) }))
    }
}

impl PrfAlg for CbcMac<PrfId> {
    fn id(&self) -> PrfId {
        self.id
    }

    /// A key of another length than 16 octets: with XCBC a short one is padded with zeros, any other becomes the MAC of
    /// itself under a key of zeros (RFC 4434 §2, RFC 4615 §3).
    fn key(&self, key: &[u8]) -> Result<Box<dyn PrfKey>, CryptoError> {
        let mut fixed = Zeroizing::new([0; 16]);
        match (key.len(), self.kind) {
            (16, _) | (0..16, Kind::Xcbc) => fixed[..key.len()].copy_from_slice(key),
            (_, kind) => fixed.copy_from_slice(&Keyed::new(kind, &[0; 16]).mac(&[key])[..]),
        }
        Ok(Box::new(Key { id: self.id, keyed: Keyed::new(self.kind, &fixed) }))
    }
}

type Block = Array<u8, U16>;

/// The cipher, and what masks a last block that is whole or padded.
struct Keyed {
    cipher: Aes128,
    whole: Zeroizing<Block>,
    padded: Zeroizing<Block>,
}

impl Keyed {
    fn new(kind: Kind, key: &[u8; 16]) -> Self {
        let cipher = Aes128::new(key.into());
        let under = |octet: u8| {
            let mut block = Zeroizing::new(Block::from([octet; 16]));
            cipher.encrypt_block(&mut block);
            block
        };
        match kind {
            Kind::Xcbc => {
                let first = under(1);
                Self { whole: under(2), padded: under(3), cipher: Aes128::new(&first) }
            }
            Kind::Cmac => {
                let whole = doubled(&under(0));
                let padded = doubled(&whole);
                Self { cipher, whole, padded }
            }
        }
    }

    fn mac(&self, parts: &[&[u8]]) -> Zeroizing<Block> {
        let (mut state, mut filled) = (Zeroizing::new(Block::default()), 0);
        for part in parts {
            let mut rest = *part;
            while !rest.is_empty() {
                // A whole block waits until it is known not to be the last.
                if filled == 16 {
                    self.cipher.encrypt_block(&mut state);
                    filled = 0;
                }
                let (front, behind) = rest.split_at(rest.len().min(16 - filled));
                xor(&mut state[filled..], front);
                filled += front.len();
                rest = behind;
            }
        }
        if filled == 16 {
            xor(&mut state[..], &self.whole[..]);
        } else {
            state[filled] ^= 0x80;
            xor(&mut state[..], &self.padded[..]);
        }
        self.cipher.encrypt_block(&mut state);
        state
    }
}

fn xor(into: &mut [u8], octets: &[u8]) {
    into.iter_mut().zip(octets).for_each(|(to, from)| *to ^= from);
}

/// Times x in GF(2^128) (RFC 4493 §2.3), in constant time.
fn doubled(block: &Block) -> Zeroizing<Block> {
    let mut value = u128::from_be_bytes((*block).into());
    let mut double = (value << 1) ^ ((value >> 127) * 0x87);
    let result = Zeroizing::new(Block::from(double.to_be_bytes()));
    value.zeroize();
    double.zeroize();
    result
}

struct Key<I> {
    id: I,
    keyed: Keyed,
}

impl<I: fmt::Display> fmt::Debug for Key<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key for {}", self.id)
    }
}

impl MacKey for Key<MacId> {
    fn compute(&self, iv: &[u8], parts: &[&[u8]], icv: &mut [u8]) -> Result<(), CryptoError> {
        if icv.len() != self.id.icv_len() {
            return Err(wrong("ICV", icv));
        }
        if !iv.is_empty() {
            return Err(wrong("IV", iv));
        }
        icv.copy_from_slice(&self.keyed.mac(parts)[..icv.len()]);
        Ok(())
    }
}

impl PrfKey for Key<PrfId> {
    fn output_len(&self) -> usize {
        self.id.output_len()
    }

    fn compute(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        if out.len() != self.id.output_len() {
            return Err(wrong("PRF output", out));
        }
        out.copy_from_slice(&self.keyed.mac(parts)[..]);
        Ok(())
    }
}
