use crate::{CipherAlg, CipherId, CipherKey, CryptoError, Secret};
use aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt as _, BlockModeEncrypt as _,
    BlockSizeUser, InnerIvInit as _, KeyInit, consts::U16,
};
use aes::{Aes128, Aes192, Aes256};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;

/// AES-CBC (RFC 3602) with the cipher `C`.
pub(super) struct AesCbc<C>(CipherId, PhantomData<fn() -> C>);

pub(super) static AES_128: AesCbc<Aes128> = AesCbc(CipherId::Aes128Cbc, PhantomData);
pub(super) static AES_192: AesCbc<Aes192> = AesCbc(CipherId::Aes192Cbc, PhantomData);
pub(super) static AES_256: AesCbc<Aes256> = AesCbc(CipherId::Aes256Cbc, PhantomData);

impl<C> fmt::Debug for AesCbc<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl<C> CipherAlg for AesCbc<C>
where
    C: BlockCipherEncrypt
        + BlockCipherDecrypt
        + BlockSizeUser<BlockSize = U16>
        + KeyInit
        + Send
        + Sync
        + 'static,
{
    fn id(&self) -> CipherId {
        self.0
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn CipherKey>, CryptoError> {
        let keyed = C::new_from_slice(key.expose());
        let keyed = keyed.map_err(|_| CryptoError::Length { what: "encryption key", got: key.len() })?;
        Ok(Box::new(AesCbcKey { id: self.0, cipher: keyed }))
    }
}

struct AesCbcKey<C> {
    id: CipherId,
    cipher: C,
}

impl<C> fmt::Debug for AesCbcKey<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key for {}", self.id)
    }
}

impl<C> CipherKey for AesCbcKey<C>
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + Send + Sync,
{
    fn encrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        let (iv, blocks) = check(iv, data)?;
        cbc::Encryptor::inner_iv_init(&self.cipher, &iv).encrypt_blocks(blocks);
        Ok(())
    }

    fn decrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError> {
        let (iv, blocks) = check(iv, data)?;
        cbc::Decryptor::inner_iv_init(&self.cipher, &iv).decrypt_blocks(blocks);
        Ok(())
    }
}

type Block = Array<u8, U16>;

fn check<'d>(iv: &[u8], data: &'d mut [u8]) -> Result<(Block, &'d mut [Block]), CryptoError> {
    let iv = Block::try_from(iv).map_err(|_| CryptoError::Length { what: "IV", got: iv.len() })?;
    let got = data.len();
    let (blocks, rest) = Block::slice_as_chunks_mut(data);
    if rest.is_empty() { Ok((iv, blocks)) } else { Err(CryptoError::Length { what: "CBC data", got }) }
}
