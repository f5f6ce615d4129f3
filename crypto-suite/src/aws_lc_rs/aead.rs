use super::wrong;
use crate::{AeadAlg, AeadId, AeadKey, CryptoError, Secret};
use ::aws_lc_rs::aead::{Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use alloc::boxed::Box;
use core::fmt;

/// AES-GCM with 16-octet ICVs, or ChaCha20-Poly1305.
pub(super) struct Aead(pub(super) AeadId, pub(super) &'static Algorithm);

impl fmt::Debug for Aead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl AeadAlg for Aead {
    fn id(&self) -> AeadId {
        self.0
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn AeadKey>, CryptoError> {
        let unbound =
            UnboundKey::new(self.1, key.expose()).map_err(|_| wrong("encryption key", key.expose()))?;
        Ok(Box::new(Key { id: self.0, key: LessSafeKey::new(unbound) }))
    }
}

struct Key {
    id: AeadId,
    key: LessSafeKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key for {}", self.id)
    }
}

impl AeadKey for Key {
    fn seal(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &mut [u8]) -> Result<(), CryptoError> {
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong("nonce", nonce))?;
        if tag.len() != self.id.tag_len() {
            return Err(wrong("tag", tag));
        }
        let length = wrong("message", data);
        let made = self.key.seal_in_place_separate_tag(nonce, Aad::from(aad), data).map_err(|_| length)?;
        tag.copy_from_slice(made.as_ref());
        Ok(())
    }

    fn open(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &[u8]) -> Result<(), CryptoError> {
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong("nonce", nonce))?;
        if tag.len() != self.id.tag_len() {
            return Err(wrong("tag", tag));
        }
        let opened = self.key.open_in_place_separate_tag(nonce, Aad::from(aad), tag, data).is_ok();
        if !opened {
            // It may have been decrypted before the tag was found wrong.
            data.fill(0);
            return Err(CryptoError::Authentication);
        }
        Ok(())
    }
}
