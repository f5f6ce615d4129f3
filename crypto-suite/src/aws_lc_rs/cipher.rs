use super::wrong;
use crate::{CipherAlg, CipherId, CipherKey, CryptoError, Secret};
use ::aws_lc_rs::cipher::{
    Algorithm, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use ::aws_lc_rs::iv::FixedLength;
use alloc::boxed::Box;
use core::fmt;
use zeroize::Zeroizing;

/// AES-CBC (RFC 3602).
pub(super) struct Cbc(pub(super) CipherId, pub(super) &'static Algorithm);

impl fmt::Debug for Cbc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl CipherAlg for Cbc {
    fn id(&self) -> CipherId {
        self.0
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn CipherKey>, CryptoError> {
        let wrong = wrong("encryption key", key.expose());
        let unbound = || UnboundCipherKey::new(self.1, key.expose()).map_err(|_| wrong);
        let encrypting = EncryptingKey::cbc(unbound()?).map_err(|_| wrong)?;
        let decrypting = DecryptingKey::cbc(unbound()?).map_err(|_| wrong)?;
        Ok(Box::new(CbcKey { id: self.0, encrypting, decrypting }))
    }
}

struct CbcKey {
    id: CipherId,
    encrypting: EncryptingKey,
    decrypting: DecryptingKey,
}

impl fmt::Debug for CbcKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key for {}", self.id)
    }
}

impl CipherKey for CbcKey {
    fn encrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        let length = wrong("CBC data", data);
        let iv: [u8; 16] = iv.try_into().map_err(|_| wrong("IV", iv))?;
        let context = EncryptionContext::Iv128(FixedLength::from(iv));
        self.encrypting.less_safe_encrypt(data, context).map(drop).map_err(|_| length)
    }

    fn decrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        let length = wrong("CBC data", data);
        let iv: [u8; 16] = iv.try_into().map_err(|_| wrong("IV", iv))?;
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        self.decrypting.decrypt(data, context).map(drop).map_err(|_| length)
    }
}

/// AES in counter mode (RFC 3686, RFC 5930).
pub(super) struct Ctr(pub(super) CipherId, pub(super) &'static Algorithm);

impl fmt::Debug for Ctr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl CipherAlg for Ctr {
    fn id(&self) -> CipherId {
        self.0
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn CipherKey>, CryptoError> {
        let wrong = wrong("encryption key", key.expose());
        let (front, nonce) = key.expose().split_last_chunk().ok_or(wrong)?;
        let unbound = UnboundCipherKey::new(self.1, front).map_err(|_| wrong)?;
        let key = EncryptingKey::ctr(unbound).map_err(|_| wrong)?;
        Ok(Box::new(CtrKey { id: self.0, key, nonce: Zeroizing::new(*nonce) }))
    }
}

struct CtrKey {
    id: CipherId,
    key: EncryptingKey,
    /// The front of every counter block (RFC 3686 §4).
    nonce: Zeroizing<[u8; 4]>,
}

impl fmt::Debug for CtrKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key for {}", self.id)
    }
}

impl CipherKey for CtrKey {
    fn encrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        let length = wrong("message", data);
        let iv: [u8; 8] = iv.try_into().map_err(|_| wrong("IV", iv))?;
        if data.len() as u64 > CipherId::MAX_CTR_MESSAGE {
            return Err(length);
        }
        let mut block = [0; 16];
        block[..4].copy_from_slice(&*self.nonce);
        block[4..12].copy_from_slice(&iv);
        block[15] = 1;
        let context = EncryptionContext::Iv128(FixedLength::from(block));
        self.key.less_safe_encrypt(data, context).map(drop).map_err(|_| length)
    }

    fn decrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        self.encrypt(iv, data)
    }
}
