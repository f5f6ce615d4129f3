//! AES-GCM and AES-GMAC, composed of AES, counter mode and POLYVAL.
//!
//! The counter block that masks the tag is encrypted in one batch with those of the first seven data blocks, and the tag may
//! have any length that RFC 4106 gives it.

use super::wrong;
use crate::secret::equal;
use crate::{AeadAlg, AeadId, AeadKey, CryptoError, MacAlg, MacId, MacKey, Secret};
use aes::cipher::{
    Array, BlockCipherEncrypt, BlockSizeUser, InnerIvInit as _, KeyInit, StreamCipherCore as _, consts::U16,
};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use ctr::{CtrCore, flavors::Ctr32BE};
use polyval::{Polyval, hazmat::FieldElement, universal_hash::UniversalHash as _};
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
    hash: HashKey,
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
        let hash = HashKey::new(&hash_key);
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
        let mut hash = Ghash::new(&self.hash, aad.len().div_ceil(16) + data.len().div_ceil(16));
        hash.update_padded(aad);
        hash.update_padded(data);
        hash.finish(aad.len() as u64, data.len() as u64, &stream.blocks[0])
    }
}

/// The key of GHASH, as POLYVAL takes it: GHASH is POLYVAL with octets reversed, the key times x (RFC 8452 appendix A).
struct HashKey(Polyval);

impl HashKey {
    fn new(key: &Block) -> Self {
        let mut element = FieldElement::from(*key).reverse().mulx();
        let hash = Polyval::new(&element.into());
        element.zeroize();
        Self(hash)
    }
}

/// Blocks that are reversed and handed to POLYVAL at once. It takes four at a time, one reduction for all of them.
const HASHED: usize = 16;

/// A GHASH under way. Its blocks, with zeros in front of them, which change nothing, are a multiple of four.
struct Ghash {
    state: Polyval,
    blocks: [Block; HASHED],
    filled: usize,
}

impl Ghash {
    /// For so many blocks, and that of the lengths.
    #[inline]
    fn new(key: &HashKey, blocks: usize) -> Self {
        let filled = (blocks + 1).wrapping_neg() % 4;
        Self { state: key.0.clone(), blocks: [Block::default(); HASHED], filled }
    }

    #[inline]
    fn blocks(&mut self, mut blocks: &[[u8; 16]]) {
        while !blocks.is_empty() {
            let room = &mut self.blocks[self.filled..];
            let (now, later) = blocks.split_at(blocks.len().min(room.len()));
            for (to, from) in room.iter_mut().zip(now) {
                *to = u128::from_be_bytes(*from).to_le_bytes().into();
            }
            self.filled += now.len();
            if self.filled == HASHED {
                self.state.update(&self.blocks);
                self.filled = 0;
            }
            blocks = later;
        }
    }

    #[inline]
    fn update_padded(&mut self, data: &[u8]) {
        let (blocks, rest) = data.as_chunks();
        self.blocks(blocks);
        if !rest.is_empty() {
            let mut padded = [0; 16];
            padded[..rest.len()].copy_from_slice(rest);
            self.blocks(&[padded]);
        }
    }

    /// Adds the block of lengths, in bits, and masks the output.
    #[inline]
    fn finish(mut self, aad: u64, data: u64, mask: &Block) -> Block {
        let lengths = (u128::from(aad) << 67) | (u128::from(data) << 3);
        self.blocks(&[lengths.to_be_bytes()]);
        self.state.update(&self.blocks[..self.filled]);
        let made = u128::from_le_bytes(self.state.finalize().into());
        (made ^ u128::from_be_bytes((*mask).into())).to_be_bytes().into()
    }
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

/// In constant time.
#[inline]
fn compare(tag: &[u8], expected: &Block) -> Result<(), CryptoError> {
    let expected: [u8; 16] = (*expected).into();
    if equal(tag, &expected[..tag.len().min(16)]).into() { Ok(()) } else { Err(CryptoError::Authentication) }
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
    hash: Ghash,
    pending: [u8; 16],
    filled: usize,
    total: usize,
}

impl Feeder {
    fn over(key: &HashKey, parts: &[&[u8]]) -> Self {
        let total = parts.iter().fold(0, |total: usize, part| total.saturating_add(part.len()));
        let hash = Ghash::new(key, total.div_ceil(16));
        let mut feeder = Self { hash, pending: [0; 16], filled: 0, total };
        parts.iter().for_each(|part| feeder.update(part));
        feeder
    }

    fn update(&mut self, mut part: &[u8]) {
        if self.filled > 0 {
            let (front, rest) = part.split_at(part.len().min(16 - self.filled));
            self.pending[self.filled..][..front.len()].copy_from_slice(front);
            self.filled += front.len();
            part = rest;
            if self.filled < 16 {
                return;
            }
            self.hash.blocks(&[self.pending]);
        }
        let (blocks, rest) = part.as_chunks();
        self.hash.blocks(blocks);
        self.pending[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
    }

    fn finish(mut self, mask: &Block) -> Block {
        self.hash.update_padded(&self.pending[..self.filled]);
        self.hash.finish(self.total as u64, 0, mask)
    }
}

/// No encryption, GMAC over associated data, IV and payload (RFC 4543 §3.3).
struct NullGmac<C>(GcmKey<AeadId, C>);

impl<C: Aes> NullGmac<C> {
    fn tag(&self, nonce: &[u8], aad: &[u8], data: &[u8], tag: &[u8]) -> Result<Block, CryptoError> {
        check_lengths(self.0.id, data, tag)?;
        let nonce = nonce_of(nonce)?;
        let stream = self.0.key_stream(nonce, 0);
        Ok(Feeder::over(&self.0.hash, &[aad, &nonce[4..], data]).finish(&stream.blocks[0]))
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
        icv.copy_from_slice(&Feeder::over(&self.keyed.hash, parts).finish(&stream.blocks[0]));
        Ok(())
    }
}
