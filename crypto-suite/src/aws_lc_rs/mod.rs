//! The fast provider: AWS-LC by way of `aws-lc-rs`, for hosts with `std` and a C compiler at build time.
//!
//! Where AWS-LC lacks an algorithm, or what its bindings offer does not do, the table holds the entry of
//! [`rustcrypto`] instead:
//!
//! | Table | of AWS-LC | of RustCrypto |
//! |---|---|---|
//! | AEADs | AES-GCM with 16-octet ICVs, ChaCha20-Poly1305, both with implicit IVs too | shorter ICVs, AES-CCM, AES-GMAC |
//! | ciphers | AES-CBC, AES-CTR | Camellia, NULL |
//! | integrity, PRFs | HMAC with SHA-1 and SHA-2 | AES-CMAC, AES-XCBC, AES-GMAC |
//! | hashes | SHA-1, SHA-2 | |
//! | key exchange | ECP-256, -384, -521, Curve25519, ML-KEM | MODP, Brainpool, Curve448 |
//! | signatures | RSA with SHA-2, ECDSA with the hash of the curve's strength, and P-521 with SHA-256 and SHA-384 | Ed25519 (strict about small order), Ed448, other hashes with ECDSA, IKEv1's RSA |
//!
//! Keys of ECDH are drawn from the caller's [`SecureRandom`](crate::SecureRandom). What AWS-LC draws for itself from the
//! operating system is the randomness of ML-KEM, and of ECDSA and RSASSA-PSS signatures.

mod aead;
mod cipher;
mod ecdh;
mod hmac;
mod ml_kem;
mod signature;
mod signing_key;

pub use signing_key::signing_key;

use crate::error::wrong;
use crate::{
    AeadAlg, AeadId, CipherAlg, CipherId, CryptoProvider, HashAlg, HashId, KexAlg, KexId, MacAlg, MacId,
    PrfAlg, PrfId, SignatureAlg, SignatureId, rustcrypto,
};
use ::aws_lc_rs::{
    aead as lc_aead, agreement, cipher as lc_cipher, digest, hmac as lc_hmac, kem, signature as lc,
};
use alloc::vec::Vec;

/// All algorithms of this provider but the legacy ones, in the order of [`rustcrypto::provider`].
pub fn provider() -> CryptoProvider {
    let mut provider = rustcrypto::provider();
    replace(provider.aeads.to_mut(), AEADS, |entry| entry.id());
    replace(provider.ciphers.to_mut(), CIPHERS, |entry| entry.id());
    replace(provider.macs.to_mut(), MACS, |entry| entry.id());
    replace(provider.prfs.to_mut(), PRFS, |entry| entry.id());
    replace(provider.hashes.to_mut(), HASHES, |entry| entry.id());
    replace(provider.key_exchanges.to_mut(), KEY_EXCHANGES, |entry| entry.id());
    replace(provider.signatures.to_mut(), SIGNATURES, |entry| entry.id());
    provider
}

/// Puts ours in the place of the entries with the same ids.
fn replace<T: Copy, I: PartialEq>(table: &mut Vec<T>, ours: &[T], id: impl Fn(&T) -> I) {
    for entry in table {
        if let Some(own) = ours.iter().find(|own| id(own) == id(entry)) {
            *entry = *own;
        }
    }
}

static AEADS: &[&dyn AeadAlg] = &[
    &aead::Aead(AeadId::Aes256Gcm16, &lc_aead::AES_256_GCM),
    &aead::Aead(AeadId::Aes192Gcm16, &lc_aead::AES_192_GCM),
    &aead::Aead(AeadId::Aes128Gcm16, &lc_aead::AES_128_GCM),
    &aead::Aead(AeadId::ChaCha20Poly1305, &lc_aead::CHACHA20_POLY1305),
    &aead::Aead(AeadId::Aes256Gcm16Iiv, &lc_aead::AES_256_GCM),
    &aead::Aead(AeadId::Aes192Gcm16Iiv, &lc_aead::AES_192_GCM),
    &aead::Aead(AeadId::Aes128Gcm16Iiv, &lc_aead::AES_128_GCM),
    &aead::Aead(AeadId::ChaCha20Poly1305Iiv, &lc_aead::CHACHA20_POLY1305),
];

static CIPHERS: &[&dyn CipherAlg] = &[
    &cipher::Cbc(CipherId::Aes256Cbc, &lc_cipher::AES_256),
    &cipher::Cbc(CipherId::Aes192Cbc, &lc_cipher::AES_192),
    &cipher::Cbc(CipherId::Aes128Cbc, &lc_cipher::AES_128),
    &cipher::Ctr(CipherId::Aes256Ctr, &lc_cipher::AES_256),
    &cipher::Ctr(CipherId::Aes192Ctr, &lc_cipher::AES_192),
    &cipher::Ctr(CipherId::Aes128Ctr, &lc_cipher::AES_128),
];

static MACS: &[&dyn MacAlg] = &[
    &hmac::Hmac { id: MacId::HmacSha2_256_128, algorithm: lc_hmac::HMAC_SHA256 },
    &hmac::Hmac { id: MacId::HmacSha2_384_192, algorithm: lc_hmac::HMAC_SHA384 },
    &hmac::Hmac { id: MacId::HmacSha2_512_256, algorithm: lc_hmac::HMAC_SHA512 },
    &hmac::Hmac { id: MacId::HmacSha1_96, algorithm: lc_hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY },
];

static PRFS: &[&dyn PrfAlg] = &[
    &hmac::Hmac { id: PrfId::HmacSha2_256, algorithm: lc_hmac::HMAC_SHA256 },
    &hmac::Hmac { id: PrfId::HmacSha2_384, algorithm: lc_hmac::HMAC_SHA384 },
    &hmac::Hmac { id: PrfId::HmacSha2_512, algorithm: lc_hmac::HMAC_SHA512 },
    &hmac::Hmac { id: PrfId::HmacSha1, algorithm: lc_hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY },
];

static HASHES: &[&dyn HashAlg] = &[
    &hmac::Hash(HashId::Sha2_256, &digest::SHA256),
    &hmac::Hash(HashId::Sha2_384, &digest::SHA384),
    &hmac::Hash(HashId::Sha2_512, &digest::SHA512),
    &hmac::Hash(HashId::Sha1, &digest::SHA1_FOR_LEGACY_USE_ONLY),
];

static KEY_EXCHANGES: &[&dyn KexAlg] = &[
    &ecdh::Ecdh { id: KexId::Curve25519, algorithm: &agreement::X25519, first_octet: 0xff },
    &ecdh::Ecdh { id: KexId::Ecp256, algorithm: &agreement::ECDH_P256, first_octet: 0xff },
    &ecdh::Ecdh { id: KexId::Ecp384, algorithm: &agreement::ECDH_P384, first_octet: 0xff },
    &ecdh::Ecdh { id: KexId::Ecp521, algorithm: &agreement::ECDH_P521, first_octet: 0x01 },
    &ml_kem::MlKem(KexId::MlKem512, &kem::ML_KEM_512),
    &ml_kem::MlKem(KexId::MlKem768, &kem::ML_KEM_768),
    &ml_kem::MlKem(KexId::MlKem1024, &kem::ML_KEM_1024),
];

static SIGNATURES: &[&dyn SignatureAlg] = &[
    &signature::Verifier(SignatureId::EcdsaP256Sha2_256, &lc::ECDSA_P256_SHA256_FIXED),
    &signature::Verifier(SignatureId::EcdsaP384Sha2_384, &lc::ECDSA_P384_SHA384_FIXED),
    &signature::Verifier(SignatureId::EcdsaP521Sha2_512, &lc::ECDSA_P521_SHA512_FIXED),
    &signature::Verifier(SignatureId::EcdsaP521Sha2_384, &lc::ECDSA_P521_SHA384_FIXED),
    &signature::Verifier(SignatureId::EcdsaP521Sha2_256, &lc::ECDSA_P521_SHA256_FIXED),
    &signature::Verifier(SignatureId::RsaPssSha2_256, &lc::RSA_PSS_2048_8192_SHA256),
    &signature::Verifier(SignatureId::RsaPssSha2_384, &lc::RSA_PSS_2048_8192_SHA384),
    &signature::Verifier(SignatureId::RsaPssSha2_512, &lc::RSA_PSS_2048_8192_SHA512),
    &signature::Verifier(SignatureId::RsaPkcs1Sha2_256, &lc::RSA_PKCS1_2048_8192_SHA256),
    &signature::Verifier(SignatureId::RsaPkcs1Sha2_384, &lc::RSA_PKCS1_2048_8192_SHA384),
    &signature::Verifier(SignatureId::RsaPkcs1Sha2_512, &lc::RSA_PKCS1_2048_8192_SHA512),
];
