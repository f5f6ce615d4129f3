use super::gcm::Aes;
use super::wrong;
use crate::{CipherAlg, CipherId, CipherKey, CryptoError, Secret};
use aes::cipher::{Array, InnerIvInit as _, StreamCipherCore as _};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use ctr::{CtrCore, flavors::Ctr32BE};
use zeroize::Zeroizing;

/// AES in counter mode (RFC 3686, RFC 5930).
pub(super) struct Ctr<C>(CipherId, PhantomData<fn() -> C>);

impl<C> Ctr<C> {
    pub(super) const fn new(id: CipherId) -> Self {
        Self(id, PhantomData)
    }
}

impl<C> fmt::Debug for Ctr<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl<C: Aes> CipherAlg for Ctr<C> {
    fn id(&self) -> CipherId {
        self.0
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn CipherKey>, CryptoError> {
        let wrong = wrong("encryption key", key.expose());
        let (front, nonce) = key.expose().split_last_chunk().ok_or(wrong)?;
        let cipher = C::new_from_slice(front).map_err(|_| wrong)?;
        Ok(Box::new(Key { id: self.0, cipher, nonce: Zeroizing::new(*nonce) }))
    }
}

struct Key<C> {
    id: CipherId,
    cipher: C,
    /// The front of every counter block (RFC 3686 §4).
    nonce: Zeroizing<[u8; 4]>,
}

impl<C> fmt::Debug for Key<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key for {}", self.id)
    }
}

impl<C: Aes> CipherKey for Key<C> {
    fn encrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        let iv: [u8; 8] = iv.try_into().map_err(|_| wrong("IV", iv))?;
        if data.len() as u64 > CipherId::MAX_CTR_MESSAGE {
            return Err(wrong("message", data));
        }
        let mut block = Array::default();
        block[..4].copy_from_slice(&*self.nonce);
        block[4..12].copy_from_slice(&iv);
        block[12..].copy_from_slice(&[0, 0, 0, 1]);
        CtrCore::<&C, Ctr32BE>::inner_iv_init(&self.cipher, &block).apply_keystream_partial(data.into());
        Ok(())
    }

    fn decrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        self.encrypt(iv, data)
    }
}
