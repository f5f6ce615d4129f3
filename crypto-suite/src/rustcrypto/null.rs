use crate::{CipherAlg, CipherId, CipherKey, CryptoError, Secret};
use alloc::boxed::Box;

/// NULL encryption (RFC 2410).
#[derive(Debug)]
pub(super) struct Null;

impl CipherAlg for Null {
    fn id(&self) -> CipherId {
        CipherId::Null
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn CipherKey>, CryptoError> {
        if key.is_empty() {
            Ok(Box::new(Self))
        } else {
            Err(CryptoError::Length { what: "encryption key", got: key.len() })
        }
    }
}

impl CipherKey for Null {
    fn encrypt(&self, iv: &[u8], _data: &mut [u8]) -> Result<(), CryptoError> {
        if iv.is_empty() { Ok(()) } else { Err(CryptoError::Length { what: "IV", got: iv.len() }) }
    }

    fn decrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        self.encrypt(iv, data)
    }
}
