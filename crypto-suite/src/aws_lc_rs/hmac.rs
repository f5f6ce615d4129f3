use super::wrong;
use crate::{CryptoError, HashAlg, HashId, MacAlg, MacId, MacKey, PrfAlg, PrfId, PrfKey, Secret};
use ::aws_lc_rs::{digest, hmac};
use alloc::boxed::Box;
use core::fmt;

/// HMAC, as a MAC or as a PRF, by the id `I`.
pub(super) struct Hmac<I> {
    pub(super) id: I,
    pub(super) algorithm: hmac::Algorithm,
}

impl<I: fmt::Display> fmt::Debug for Hmac<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)
    }
}

impl MacAlg for Hmac<MacId> {
    fn id(&self) -> MacId {
        self.id
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn MacKey>, CryptoError> {
        if key.len() != self.id.key_len() {
            return Err(wrong("integrity key", key.expose()));
        }
        Ok(Box::new(Key { id: self.id, keyed: keyed(self.algorithm, key.expose()) }))
    }
}

impl PrfAlg for Hmac<PrfId> {
    fn id(&self) -> PrfId {
        self.id
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn PrfKey>, CryptoError> {
        Ok(Box::new(Key { id: self.id, keyed: keyed(self.algorithm, key) }))
    }
}

fn keyed(algorithm: hmac::Algorithm, key: &[u8]) -> hmac::Context {
    hmac::Context::with_key(&hmac::Key::new(algorithm, key))
}

/// The state after the key's block, cloned for each message.
struct Key<I> {
    id: I,
    keyed: hmac::Context,
}

impl<I: fmt::Display> fmt::Debug for Key<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key for {}", self.id)
    }
}

impl<I> Key<I> {
    fn output(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        let mut state = self.keyed.clone();
        for part in parts {
            state.update(part);
        }
        let length = wrong("HMAC output", out);
        out.copy_from_slice(state.sign().as_ref().get(..out.len()).ok_or(length)?);
        Ok(())
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
        self.output(parts, icv)
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
        self.output(parts, out)
    }
}

/// A hash function.
pub(super) struct Hash(pub(super) HashId, pub(super) &'static digest::Algorithm);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl HashAlg for Hash {
    fn id(&self) -> HashId {
        self.0
    }

    fn digest(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        if out.len() != self.0.output_len() {
            return Err(wrong("hash output", out));
        }
        let mut state = digest::Context::new(self.1);
        for part in parts {
            state.update(part);
        }
        out.copy_from_slice(state.finish().as_ref());
        Ok(())
    }
}
