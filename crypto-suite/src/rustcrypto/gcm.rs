//! AES-GCM and AES-GMAC, composed of AES, counter mode and GHASH.
//!
//! The counter block that masks the tag is encrypted in one batch with those of the first seven data blocks, and the tag may
//! have any length that RFC 4106 gives it.

use super::wrong;
use crate::{AeadAlg, AeadId, AeadKey, CryptoError, MacAlg, MacId, MacKey, Secret};
use aes::cipher::{
    Array, BlockCipherEncrypt, BlockSizeUser, InnerIvInit as _, KeyInit, StreamCipherCore as _, consts::U16,
};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use ctr::{CtrCore, flavors::Ctr32BE};
use ghash::{GHash, universal_hash::UniversalHash as _};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

/// What the AES types have in common.
pub(super) trait Aes:
    BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit + Send + Sync + 'static
{
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit + Send + Sync + 'static> Aes for C {}

/// An algorithm with the cipher `C`, by its id.
pub(super) struct Gcm<I, C>(I, PhantomData<fn() -> C>);

impl<I, C> Gcm<I, C> {
    pub(super) const fn new(id: I) -> Self {
        Self(id, PhantomData)
    }
}

impl<I: fmt::Display, C> fmt::Debug for Gcm<I, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl<C: Aes> AeadAlg for Gcm<AeadId, C> {
    fn id(&self) -> AeadId {
        self.0
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn AeadKey>, CryptoError> {
        let keyed = GcmKey::<_, C>::new(self.0, key.expose())?;
        if self.0.encrypts() { Ok(Box::new(keyed)) } else { Ok(Box::new(NullGmac(keyed))) }
    }
}

impl<C: Aes> MacAlg for Gcm<MacId, C> {
    fn id(&self) -> MacId {
        self.0
    }

    /// The key, and the salt behind it (RFC 4543 §7.1).
    fn key(&self, key: &Secret) -> Result<Box<dyn MacKey>, CryptoError> {
        let wrong = wrong("integrity key", key.expose());
        let (front, salt) = key.expose().split_last_chunk().ok_or(wrong)?;
        let keyed = GcmKey::<_, C>::new(self.0, front).map_err(|_| wrong)?;
        Ok(Box::new(Gmac { keyed, salt: Zeroizing::new(*salt) }))
    }
}

type Block = Array<u8, U16>;

/// Counter blocks that are encrypted at once: the tag's and seven of the data.
const BATCH: usize = 8;
/// Octets that those seven hide.
const BATCH_OCTETS: usize = 16 * (BATCH - 1);
const NONCE_LEN: usize = 12;
/// The longest message (NIST SP 800-38D §5.2.1.1): 2^36 - 32 octets.
const MAX_MESSAGE: u64 = (1 << 36) - 32;

/// The cipher, and GHASH with its key and no input.
struct GcmKey<I, C> {
    id: I,
    cipher: C,
    hash: GHash,
}

/// The front of the key stream: what masks the tag, and what hides the front of the data.
struct KeyStream {
    blocks: [Block; BATCH],
    /// The front of every counter block.
    nonce: u128,
}

impl<I, C: Aes> GcmKey<I, C> {
    fn new(id: I, key: &[u8]) -> Result<Self, CryptoError> {
        let cipher = C::new_from_slice(key).map_err(|_| wrong("encryption key", key))?;
        let mut hash_key = Block::default();
        cipher.encrypt_block(&mut hash_key);
        let hash = GHash::new(&hash_key);
        hash_key.zeroize();
        Ok(Self { id, cipher, hash })
    }

    #[inline]
    fn key_stream(&self, nonce: &[u8; NONCE_LEN], length: usize) -> KeyStream {
        // In a register, and stored whole: what is stored in pieces and then loaded whole waits for the store.
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *nonce;
        let nonce = u128::from_be_bytes([a, b, c, d, e, f, g, h, i, j, k, l, 0, 0, 0, 0]);
        let mut blocks = [Block::default(); BATCH];
        let used = length.min(BATCH_OCTETS).div_ceil(16) + 1;
        for (block, number) in blocks[..used].iter_mut().zip(1..) {
            *block = (nonce | number).to_be_bytes().into();
        }
        self.cipher.encrypt_blocks(&mut blocks[..used]);
        KeyStream { blocks, nonce }
    }

    /// Encrypts or decrypts.
    #[inline]
    fn apply(&self, stream: &KeyStream, data: &mut [u8]) {
        let (front, rest) = data.split_at_mut(data.len().min(BATCH_OCTETS));
        // Whole blocks in registers, and octet by octet what is left.
        let (whole, part) = front.as_chunks_mut::<16>();
        let (hiding, last) = stream.blocks[1..].split_at(whole.len());
        for (octets, block) in whole.iter_mut().zip(hiding) {
            let block: [u8; 16] = (*block).into();
            *octets = (u128::from_ne_bytes(*octets) ^ u128::from_ne_bytes(block)).to_ne_bytes();
        }
        let last = last.first().into_iter().flatten();
        part.iter_mut().zip(last).for_each(|(octet, key)| *octet ^= key);
        if !rest.is_empty() {
            let counter = Block::from((stream.nonce | (BATCH as u128 + 1)).to_be_bytes());
            CtrCore::<&C, Ctr32BE>::inner_iv_init(&self.cipher, &counter)
                .apply_keystream_partial(rest.into());
        }
    }

    /// GHASH over associated data and ciphertext, masked.
    #[inline]
    fn tag(&self, stream: &KeyStream, aad: &[u8], data: &[u8]) -> Block {
        let mut hash = self.hash.clone();
        hash.update_padded(aad);
        hash.update_padded(data);
        finish(hash, aad.len() as u64, data.len() as u64, &stream.blocks[0])
    }
}

/// Adds the block of lengths, in bits, and masks the output.
#[inline]
fn finish(mut hash: GHash, aad: u64, data: u64, mask: &Block) -> Block {
    let lengths = (u128::from(aad) << 67) | (u128::from(data) << 3);
    hash.update(&[lengths.to_be_bytes().into()]);
    let mut tag = hash.finalize();
    tag.iter_mut().zip(mask).for_each(|(octet, key)| *octet ^= key);
    tag
}

fn nonce_of(nonce: &[u8]) -> Result<&[u8; NONCE_LEN], CryptoError> {
    nonce.try_into().map_err(|_| wrong("nonce", nonce))
}

fn check_lengths(id: AeadId, data: &[u8], tag: &[u8]) -> Result<(), CryptoError> {
    if tag.len() != id.tag_len() {
        return Err(wrong("tag", tag));
    }
    if data.len() as u64 > MAX_MESSAGE {
        return Err(wrong("message", data));
    }
    Ok(())
}

/// The front of the tag, mostly all of it.
#[inline]
fn write(made: &Block, tag: &mut [u8]) {
    match <&mut [u8; 16]>::try_from(&mut *tag) {
        Ok(whole) => *whole = (*made).into(),
        Err(_) => tag.iter_mut().zip(made).for_each(|(to, from)| *to = *from),
    }
}

/// In constant time; the usual tag of 16 octets as one number, which takes a tenth of the time of 16 octets.
#[inline]
fn compare(tag: &[u8], expected: &Block) -> Result<(), CryptoError> {
    let equal = match <[u8; 16]>::try_from(tag) {
        Ok(tag) => u128::from_ne_bytes(tag).ct_eq(&u128::from_ne_bytes((*expected).into())),
        Err(_) => tag.ct_eq(&expected[..tag.len().min(16)]),
    };
    if equal.into() { Ok(()) } else { Err(CryptoError::Authentication) }
}

impl<I: fmt::Display, C> fmt::Debug for GcmKey<I, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key for {}", self.id)
    }
}

impl<C: Aes> AeadKey for GcmKey<AeadId, C> {
    fn seal(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &mut [u8]) -> Result<(), CryptoError> {
        check_lengths(self.id, data, tag)?;
        let stream = self.key_stream(nonce_of(nonce)?, data.len());
        self.apply(&stream, data);
        write(&self.tag(&stream, aad, data), tag);
        Ok(())
    }

    fn open(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &[u8]) -> Result<(), CryptoError> {
        check_lengths(self.id, data, tag)?;
        let stream = self.key_stream(nonce_of(nonce)?, data.len());
        compare(tag, &self.tag(&stream, aad, data))?;
        self.apply(&stream, data);
        Ok(())
    }
}

/// GHASH over parts that need not end where blocks do.
struct Feeder {
    hash: GHash,
    pending: Block,
    filled: usize,
    total: u64,
}

impl Feeder {
    fn new(hash: &GHash) -> Self {
        Self { hash: hash.clone(), pending: Block::default(), filled: 0, total: 0 }
    }

    fn update(&mut self, mut part: &[u8]) {
        self.total = self.total.wrapping_add(part.len() as u64);
        if self.filled > 0 {
            let (front, rest) = part.split_at(part.len().min(16 - self.filled));
            self.pending[self.filled..][..front.len()].copy_from_slice(front);
            self.filled += front.len();
            part = rest;
            if self.filled < 16 {
                return;
            }
            self.hash.update(&[self.pending]);
        }
        let (blocks, rest) = Block::slice_as_chunks(part);
        self.hash.update(blocks);
        self.pending[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
    }

    fn finish(mut self, mask: &Block) -> Block {
        self.hash.update_padded(&self.pending[..self.filled]);
        finish(self.hash, self.total, 0, mask)
    }
}

/// No encryption, GMAC over associated data, IV and payload (RFC 4543 §3.3).
struct NullGmac<C>(GcmKey<AeadId, C>);

impl<C: Aes> NullGmac<C> {
    fn tag(&self, nonce: &[u8], aad: &[u8], data: &[u8], tag: &[u8]) -> Result<Block, CryptoError> {
        check_lengths(self.0.id, data, tag)?;
        let nonce = nonce_of(nonce)?;
        let stream = self.0.key_stream(nonce, 0);
        let mut feeder = Feeder::new(&self.0.hash);
        for part in [aad, &nonce[4..], data] {
            feeder.update(part);
        }
        Ok(feeder.finish(&stream.blocks[0]))
    }
}

impl<C> fmt::Debug for NullGmac<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<C: Aes> AeadKey for NullGmac<C> {
    fn seal(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &mut [u8]) -> Result<(), CryptoError> {
        write(&self.tag(nonce, aad, data, tag)?, tag);
        Ok(())
    }

    fn open(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &[u8]) -> Result<(), CryptoError> {
        compare(tag, &self.tag(nonce, aad, data, tag)?)
    }
}

/// GMAC as an integrity algorithm (RFC 4543 §4).
struct Gmac<C> {
    keyed: GcmKey<MacId, C>,
    salt: Zeroizing<[u8; 4]>,
}

impl<C> fmt::Debug for Gmac<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.keyed.fmt(f)
    }
}

impl<C: Aes> MacKey for Gmac<C> {
    fn compute(&self, iv: &[u8], parts: &[&[u8]], icv: &mut [u8]) -> Result<(), CryptoError> {
        if icv.len() != self.keyed.id.icv_len() {
            return Err(wrong("ICV", icv));
        }
        if iv.len() != self.keyed.id.iv_len() {
            return Err(wrong("IV", iv));
        }
        let mut nonce = [0; NONCE_LEN];
        nonce[..4].copy_from_slice(&*self.salt);
        nonce[4..].copy_from_slice(iv);
        let stream = self.keyed.key_stream(&nonce, 0);
        let mut feeder = Feeder::new(&self.keyed.hash);
        parts.iter().for_each(|part| feeder.update(part));
        icv.copy_from_slice(&feeder.finish(&stream.blocks[0]));
        Ok(())
    }
}
