use super::wrong;
use crate::{AeadAlg, AeadId, AeadKey, CryptoError, Secret};
use ::aws_lc_rs::aead::{Aad, Algorithm, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
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
        let nonce = nonce_of(nonce)?;
        if tag.len() != self.id.tag_len() {
            return Err(wrong("tag", tag));
        }
        let length = wrong("message", data);
        // The tag is written where it belongs; as a value it would be copied twice.
        let sealed = self.key.seal_in_place_scatter(Nonce::from(nonce), Aad::from(aad), data, &[], tag);
        sealed.map_err(|_| length)
    }

    fn open(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &[u8]) -> Result<(), CryptoError> {
        let nonce = nonce_of(nonce)?;
        if tag.len() != self.id.tag_len() {
            return Err(wrong("tag", tag));
        }
        let opened =
            self.key.open_in_place_separate_tag(Nonce::from(nonce), Aad::from(aad), tag, data).is_ok();
        if !opened {
            // It may have been decrypted before the tag was found wrong.
            data.fill(0);
            return Err(CryptoError::Authentication);
        }
        Ok(())
    }
}

/// An array is copied as a whole, which a [`Nonce`] made early or of a slice would not be.
fn nonce_of(nonce: &[u8]) -> Result<&[u8; NONCE_LEN], CryptoError> {
    nonce.try_into().map_err(|_| wrong("nonce", nonce))
}
