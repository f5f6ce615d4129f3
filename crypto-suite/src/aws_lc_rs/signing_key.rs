use crate::{CryptoError, HashId, KeyType, PublicKey, Secret, SignatureId, SigningKey, rustcrypto};
use ::aws_lc_rs::rand::SystemRandom;
use ::aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// A key that signs, from the DER of a PKCS #8 PrivateKeyInfo (RFC 5958), an RSAPrivateKey (RFC 8017 App. A.1.2) or an
/// ECPrivateKey (RFC 5915): RSA of 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, Ed25519 or Ed448.
///
/// RSA and ECDSA sign in AWS-LC, which draws their randomness itself, ECDSA with the hash of its curve's strength; EdDSA
/// as with [`rustcrypto::signing_key`].
///
/// # Errors
///
/// [`CryptoError::Invalid`] for other octets and other kinds of keys.
pub fn signing_key(der: &Secret) -> Result<Box<dyn SigningKey>, CryptoError> {
    let octets = der.expose();
    if let Ok(pair) = RsaKeyPair::from_pkcs8(octets).or_else(|_| RsaKeyPair::from_der(octets)) {
        if !(MIN_OCTETS..=MAX_OCTETS).contains(&pair.public_modulus_len()) {
            return Err(CryptoError::Invalid("private key"));
        }
        let public = PublicKey::new(KeyType::Rsa, pair.public_key().as_ref())?;
        return Ok(Box::new(RsaKey { pair, public }));
    }
    let curves: [(_, _, &EcdsaSigningAlgorithm); 3] = [
        (KeyType::EcdsaP256, SignatureId::EcdsaP256Sha2_256, &ECDSA_P256_SHA256_FIXED_SIGNING),
        (KeyType::EcdsaP384, SignatureId::EcdsaP384Sha2_384, &ECDSA_P384_SHA384_FIXED_SIGNING),
        (KeyType::EcdsaP521, SignatureId::EcdsaP521Sha2_512, &ECDSA_P521_SHA512_FIXED_SIGNING),
    ];
    for (key_type, id, algorithm) in curves {
        if let Ok(pair) = EcdsaKeyPair::from_private_key_der(algorithm, octets) {
            let public = PublicKey::new(key_type, pair.public_key().as_ref())?;
            return Ok(Box::new(EcdsaKey { pair, id: [id], public }));
        }
    }
    rustcrypto::signing_key(der)
}

/// Octets of an RSA modulus: RFC 8247 §3.2 forbids shorter ones.
const MIN_OCTETS: usize = 256;
const MAX_OCTETS: usize = 1024;

struct RsaKey {
    pair: RsaKeyPair,
    public: PublicKey,
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rsa private key")
    }
}

impl SigningKey for RsaKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn algorithms(&self) -> &[SignatureId] {
        &[
            SignatureId::RsaPssSha2_256,
            SignatureId::RsaPssSha2_384,
            SignatureId::RsaPssSha2_512,
            SignatureId::RsaPkcs1Sha2_256,
            SignatureId::RsaPkcs1Sha2_384,
            SignatureId::RsaPkcs1Sha2_512,
        ]
    }

    fn sign(&self, id: SignatureId, message: &[&[u8]]) -> Result<Vec<u8>, CryptoError> {
        if !self.algorithms().contains(&id) {
            return Err(CryptoError::Unsupported(id.name()));
        }
        let encoding: &'static dyn RsaEncoding = match (id.is_rsassa_pss(), id.hash()) {
            (true, Some(HashId::Sha2_256)) => &RSA_PSS_SHA256,
            (true, Some(HashId::Sha2_384)) => &RSA_PSS_SHA384,
            (true, _) => &RSA_PSS_SHA512,
            (false, Some(HashId::Sha2_256)) => &RSA_PKCS1_SHA256,
            (false, Some(HashId::Sha2_384)) => &RSA_PKCS1_SHA384,
            (false, _) => &RSA_PKCS1_SHA512,
        };
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed = self.pair.sign(encoding, &SystemRandom::new(), &message.concat(), &mut signature);
        signed.map(|()| signature).map_err(|_| CryptoError::Randomness)
    }
}

struct EcdsaKey {
    pair: EcdsaKeyPair,
    id: [SignatureId; 1],
    public: PublicKey,
}

impl fmt::Debug for EcdsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} private key", self.public.key_type())
    }
}

impl SigningKey for EcdsaKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn algorithms(&self) -> &[SignatureId] {
        &self.id
    }

    fn sign(&self, id: SignatureId, message: &[&[u8]]) -> Result<Vec<u8>, CryptoError> {
        if !self.id.contains(&id) {
            return Err(CryptoError::Unsupported(id.name()));
        }
        let signed = self.pair.sign(&SystemRandom::new(), &message.concat());
        signed.map(|signature| signature.as_ref().to_vec()).map_err(|_| CryptoError::Randomness)
    }
}
