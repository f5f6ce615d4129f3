use crate::{AeadAlg, AeadId, AeadKey, CryptoError, Secret};
use ::aes_gcm::aead::consts::{U12, U16};
use ::aes_gcm::aead::{AeadInOut, KeyInit, Nonce, Tag};
use ::aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use aes::Aes192;
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;

/// AES-GCM (RFC 4106, RFC 5282), as the type `C` has it.
pub(super) struct Gcm<C>(AeadId, PhantomData<fn() -> C>);

pub(super) static AES_128: Gcm<Aes128Gcm> = Gcm(AeadId::Aes128Gcm16, PhantomData);
pub(super) static AES_192: Gcm<AesGcm<Aes192, U12>> = Gcm(AeadId::Aes192Gcm16, PhantomData);
pub(super) static AES_256: Gcm<Aes256Gcm> = Gcm(AeadId::Aes256Gcm16, PhantomData);

impl<C> fmt::Debug for Gcm<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl<C> AeadAlg for Gcm<C>
where
    C: AeadInOut<NonceSize = U12, TagSize = U16> + KeyInit + Send + Sync + 'static,
{
    fn id(&self) -> AeadId {
        self.0
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn AeadKey>, CryptoError> {
        let keyed = C::new_from_slice(key.expose());
        let keyed = keyed.map_err(|_| CryptoError::Length { what: "encryption key", got: key.len() })?;
        Ok(Box::new(GcmKey { id: self.0, cipher: keyed }))
    }
}

struct GcmKey<C> {
    id: AeadId,
    cipher: C,
}

impl<C> fmt::Debug for GcmKey<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key for {}", self.id)
    }
}

impl<C> AeadKey for GcmKey<C>
where
    C: AeadInOut<NonceSize = U12, TagSize = U16> + Send + Sync,
{
    fn seal(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &mut [u8]) -> Result<(), CryptoError> {
        let nonce = nonce_of::<C>(nonce)?;
        let tag_len = tag.len();
        let tag: &mut Tag<C> =
            tag.try_into().map_err(|_| CryptoError::Length { what: "tag", got: tag_len })?;
        let got = data.len();
        let made = self.cipher.encrypt_inout_detached(&nonce, aad, data.into());
        *tag = made.map_err(|_| CryptoError::Length { what: "message", got })?;
        Ok(())
    }

    fn open(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &[u8]) -> Result<(), CryptoError> {
        let nonce = nonce_of::<C>(nonce)?;
        let tag: &Tag<C> = tag.try_into().map_err(|_| CryptoError::Length { what: "tag", got: tag.len() })?;
        let opened = self.cipher.decrypt_inout_detached(&nonce, aad, data.into(), tag);
        opened.map_err(|_| CryptoError::Authentication)
    }
}

fn nonce_of<C: AeadInOut<NonceSize = U12>>(nonce: &[u8]) -> Result<Nonce<C>, CryptoError> {
    nonce.try_into().map_err(|_| CryptoError::Length { what: "nonce", got: nonce.len() })
}
