use super::wrong;
use crate::{AeadAlg, AeadId, AeadKey, CryptoError, Secret};
use ::ccm::aead::{AeadInOut, KeyInit, Nonce, Tag};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;

/// An AEAD as the type `C` has it: AES-CCM (RFC 4309) and ChaCha20-Poly1305 (RFC 7634).
pub(super) struct Aead<C>(AeadId, PhantomData<fn() -> C>);

impl<C> Aead<C> {
    pub(super) const fn new(id: AeadId) -> Self {
        Self(id, PhantomData)
    }
}

impl<C> fmt::Debug for Aead<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl<C: AeadInOut + KeyInit + Send + Sync + 'static> AeadAlg for Aead<C> {
    fn id(&self) -> AeadId {
        self.0
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn AeadKey>, CryptoError> {
        let cipher = C::new_from_slice(key.expose()).map_err(|_| wrong("encryption key", key.expose()))?;
        Ok(Box::new(Key { id: self.0, cipher }))
    }
}

struct Key<C> {
    id: AeadId,
    cipher: C,
}

impl<C> fmt::Debug for Key<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key for {}", self.id)
    }
}

impl<C: AeadInOut + Send + Sync> AeadKey for Key<C> {
    fn seal(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &mut [u8]) -> Result<(), CryptoError> {
        let nonce: &Nonce<C> = nonce.try_into().map_err(|_| wrong("nonce", nonce))?;
        let length = wrong("tag", tag);
        let tag: &mut Tag<C> = tag.try_into().map_err(|_| length)?;
        let length = wrong("message", data);
        *tag = self.cipher.encrypt_inout_detached(nonce, aad, data.into()).map_err(|_| length)?;
        Ok(())
    }

    fn open(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &[u8]) -> Result<(), CryptoError> {
        let nonce: &Nonce<C> = nonce.try_into().map_err(|_| wrong("nonce", nonce))?;
        let tag: &Tag<C> = tag.try_into().map_err(|_| wrong("tag", tag))?;
        self.cipher.decrypt_inout_detached(nonce, aad, (&mut *data).into(), tag).map_err(|_| {
            // CCM decrypts before it can verify.
            data.fill(0);
            CryptoError::Authentication
        })
    }
}
