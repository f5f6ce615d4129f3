use ipsec_crypto_suite::{
    ActiveKex, AeadAlg, AeadId, AeadKey, CryptoError, CryptoProvider, HashAlg, HashId, KexAlg, KexId, PrfAlg,
    PrfId, PrfKey, Secret, SecureRandom,
};
use std::borrow::Cow;

/// Algorithms that protect nothing: every message is authentic, nothing is encrypted, all secrets are zeros. With them a
/// fuzzer gets to where only authenticated peers get.
///
/// They stand in for AES-128-GCM, PRF-HMAC-SHA2-256, SHA-1 and Curve25519.
pub fn weak_provider() -> CryptoProvider {
    CryptoProvider {
        aeads: Cow::Borrowed(&[&Weak]),
        ciphers: Cow::Borrowed(&[]),
        macs: Cow::Borrowed(&[]),
        prfs: Cow::Borrowed(&[&Weak]),
        hashes: Cow::Borrowed(&[&Weak]),
        key_exchanges: Cow::Borrowed(&[&Weak]),
        signatures: Cow::Borrowed(&[]),
    }
}

#[derive(Debug)]
struct Weak;

impl AeadAlg for Weak {
    fn id(&self) -> AeadId {
        AeadId::Aes128Gcm16
    }

    fn key(&self, _key: &Secret) -> Result<Box<dyn AeadKey>, CryptoError> {
        Ok(Box::new(Self))
    }
}

impl AeadKey for Weak {
    fn seal(&self, _nonce: &[u8], _aad: &[u8], _data: &mut [u8], tag: &mut [u8]) -> Result<(), CryptoError> {
        tag.fill(0);
        Ok(())
    }

    fn open(&self, _nonce: &[u8], _aad: &[u8], _data: &mut [u8], _tag: &[u8]) -> Result<(), CryptoError> {
        Ok(())
    }
}

impl PrfAlg for Weak {
    fn id(&self) -> PrfId {
        PrfId::HmacSha2_256
    }

    fn key(&self, _key: &[u8]) -> Result<Box<dyn PrfKey>, CryptoError> {
        Ok(Box::new(Self))
    }
}

impl PrfKey for Weak {
    fn output_len(&self) -> usize {
        32
    }

    fn compute(&self, _parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        out.fill(0);
        Ok(())
    }
}

impl HashAlg for Weak {
    fn id(&self) -> HashId {
        HashId::Sha1
    }

    fn digest(&self, _parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        out.fill(0);
        Ok(())
    }
}

impl KexAlg for Weak {
    fn id(&self) -> KexId {
        KexId::Curve25519
    }

    fn start(&self, _rng: &mut dyn SecureRandom) -> Result<Box<dyn ActiveKex>, CryptoError> {
        Ok(Box::new(Self))
    }
}

impl ActiveKex for Weak {
    fn public(&self) -> &[u8] {
        &[9; 32]
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError> {
        let secret = Secret::new([0; 32]);
        if peer.len() == 32 {
            Ok(secret)
        } else {
            Err(CryptoError::Length { what: "public value", got: peer.len() })
        }
    }
}
