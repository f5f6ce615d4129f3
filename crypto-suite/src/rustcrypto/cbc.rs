use super::wrong;
use crate::{CipherAlg, CipherId, CipherKey, CryptoError, Secret};
use ::cbc::{Decryptor, Encryptor};
use aes::cipher::array::ArraySize;
use aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt as _, BlockModeEncrypt as _,
    InnerIvInit as _, KeyInit,
};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;

/// Cipher block chaining with the cipher `C` (RFC 3602, RFC 4312, RFC 2451).
pub(super) struct Cbc<C>(CipherId, PhantomData<fn() -> C>);

impl<C> Cbc<C> {
    pub(super) const fn new(id: CipherId) -> Self {
        Self(id, PhantomData)
    }
}

impl<C> fmt::Debug for Cbc<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl<C: BlockCipherEncrypt + BlockCipherDecrypt + KeyInit + Send + Sync + 'static> CipherAlg for Cbc<C> {
    fn id(&self) -> CipherId {
        self.0
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn CipherKey>, CryptoError> {
        let cipher = C::new_from_slice(key.expose()).map_err(|_| wrong("encryption key", key.expose()))?;
        Ok(Box::new(Key { id: self.0, cipher }))
    }
}

struct Key<C> {
    id: CipherId,
    cipher: C,
}

impl<C> fmt::Debug for Key<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key for {}", self.id)
    }
}

impl<C: BlockCipherEncrypt + BlockCipherDecrypt + Send + Sync> CipherKey for Key<C> {
    fn encrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        let (iv, blocks) = check(iv, data)?;
        Encryptor::<&C>::inner_iv_init(&self.cipher, iv).encrypt_blocks(blocks);
        Ok(())
    }

    fn decrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        let (iv, blocks) = check(iv, data)?;
        Decryptor::<&C>::inner_iv_init(&self.cipher, iv).decrypt_blocks(blocks);
        Ok(())
    }
}

type Block<N> = Array<u8, N>;

fn check<'d, N: ArraySize>(
    iv: &'d [u8],
    data: &'d mut [u8],
) -> Result<(&'d Block<N>, &'d mut [Block<N>]), CryptoError> {
    let iv = iv.try_into().map_err(|_| wrong("IV", iv))?;
    let length = wrong("CBC data", data);
    let (blocks, rest) = Array::slice_as_chunks_mut(data);
    if rest.is_empty() { Ok((iv, blocks)) } else { Err(length) }
}
