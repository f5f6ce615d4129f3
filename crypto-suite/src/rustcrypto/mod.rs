//! The default provider: pure Rust, `no_std`, from the RustCrypto family and the dalek crates.
//!
//! It is constant time as far as these crates are: AES by the instructions of the processor or bit-sliced, curve arithmetic
//! and MODP exponentiation without branches on secrets. Camellia and 3DES are not: they look up tables by secret octets. All
//! randomness is the caller's; ECDSA signs deterministically (RFC 6979).

mod aead;
mod cbc;
mod cbc_mac;
mod ctr_mode;
mod ecp;
mod gcm;
mod hash;
mod hmac;
#[cfg(feature = "legacy")]
mod legacy;
mod ml_kem;
mod modp;
mod montgomery;
mod null;
mod primes;
mod signing_key;
mod verify;

#[cfg(feature = "legacy")]
pub use legacy::add_legacy;
pub use signing_key::signing_key;

use crate::error::wrong;
use crate::{
    AeadAlg, AeadId, CipherAlg, CipherId, CryptoProvider, HashAlg, HashId, KexAlg, KexId, MacAlg, MacId,
    PrfAlg, PrfId, SignatureAlg, SignatureId,
};
use ::aead::consts::{U8, U11, U12, U16};
use ::ccm::Ccm;
use ::ml_kem::{MlKem512, MlKem768, MlKem1024};
use aes::{Aes128, Aes192, Aes256};
use alloc::borrow::Cow;
use bp256::BrainpoolP256r1;
use bp384::BrainpoolP384r1;
use camellia::{Camellia128, Camellia192, Camellia256};
use chacha20poly1305::ChaCha20Poly1305;
use core::convert::Infallible;
use crypto_bigint::{U2048, U3072, U4096, U6144, U8192};
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use rand_core::{TryCryptoRng, TryRng};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// All algorithms of this provider but the legacy ones.
pub const fn provider() -> CryptoProvider {
    CryptoProvider {
        aeads: Cow::Borrowed(AEADS),
        ciphers: Cow::Borrowed(CIPHERS),
        macs: Cow::Borrowed(MACS),
        prfs: Cow::Borrowed(PRFS),
        hashes: Cow::Borrowed(HASHES),
        key_exchanges: Cow::Borrowed(KEY_EXCHANGES),
        signatures: Cow::Borrowed(SIGNATURES),
    }
}

static AEADS: &[&dyn AeadAlg] = &[
    &gcm::Gcm::<_, Aes256>::new(AeadId::Aes256Gcm16),
    &gcm::Gcm::<_, Aes192>::new(AeadId::Aes192Gcm16),
    &gcm::Gcm::<_, Aes128>::new(AeadId::Aes128Gcm16),
    &aead::Aead::<ChaCha20Poly1305>::new(AeadId::ChaCha20Poly1305),
    &gcm::Gcm::<_, Aes256>::new(AeadId::Aes256Gcm16Iiv),
    &gcm::Gcm::<_, Aes192>::new(AeadId::Aes192Gcm16Iiv),
    &gcm::Gcm::<_, Aes128>::new(AeadId::Aes128Gcm16Iiv),
    &aead::Aead::<ChaCha20Poly1305>::new(AeadId::ChaCha20Poly1305Iiv),
    &aead::Aead::<Ccm<Aes256, U16, U11>>::new(AeadId::Aes256Ccm16),
    &aead::Aead::<Ccm<Aes192, U16, U11>>::new(AeadId::Aes192Ccm16),
    &aead::Aead::<Ccm<Aes128, U16, U11>>::new(AeadId::Aes128Ccm16),
    &gcm::Gcm::<_, Aes256>::new(AeadId::Aes256Gcm12),
    &gcm::Gcm::<_, Aes192>::new(AeadId::Aes192Gcm12),
    &gcm::Gcm::<_, Aes128>::new(AeadId::Aes128Gcm12),
    &aead::Aead::<Ccm<Aes256, U12, U11>>::new(AeadId::Aes256Ccm12),
    &aead::Aead::<Ccm<Aes192, U12, U11>>::new(AeadId::Aes192Ccm12),
    &aead::Aead::<Ccm<Aes128, U12, U11>>::new(AeadId::Aes128Ccm12),
    &gcm::Gcm::<_, Aes256>::new(AeadId::Aes256Gcm8),
    &gcm::Gcm::<_, Aes192>::new(AeadId::Aes192Gcm8),
    &gcm::Gcm::<_, Aes128>::new(AeadId::Aes128Gcm8),
    &aead::Aead::<Ccm<Aes256, U8, U11>>::new(AeadId::Aes256Ccm8),
    &aead::Aead::<Ccm<Aes192, U8, U11>>::new(AeadId::Aes192Ccm8),
    &aead::Aead::<Ccm<Aes128, U8, U11>>::new(AeadId::Aes128Ccm8),
    &aead::Aead::<Ccm<Aes256, U8, U11>>::new(AeadId::Aes256Ccm8Iiv),
    &aead::Aead::<Ccm<Aes192, U8, U11>>::new(AeadId::Aes192Ccm8Iiv),
    &aead::Aead::<Ccm<Aes128, U8, U11>>::new(AeadId::Aes128Ccm8Iiv),
    &gcm::Gcm::<_, Aes256>::new(AeadId::NullAes256Gmac),
    &gcm::Gcm::<_, Aes192>::new(AeadId::NullAes192Gmac),
    &gcm::Gcm::<_, Aes128>::new(AeadId::NullAes128Gmac),
];

static CIPHERS: &[&dyn CipherAlg] = &[
    &cbc::Cbc::<Aes256>::new(CipherId::Aes256Cbc),
    &cbc::Cbc::<Aes192>::new(CipherId::Aes192Cbc),
    &cbc::Cbc::<Aes128>::new(CipherId::Aes128Cbc),
    &ctr_mode::Ctr::<Aes256>::new(CipherId::Aes256Ctr),
    &ctr_mode::Ctr::<Aes192>::new(CipherId::Aes192Ctr),
    &ctr_mode::Ctr::<Aes128>::new(CipherId::Aes128Ctr),
    &cbc::Cbc::<Camellia256>::new(CipherId::Camellia256Cbc),
    &cbc::Cbc::<Camellia192>::new(CipherId::Camellia192Cbc),
    &cbc::Cbc::<Camellia128>::new(CipherId::Camellia128Cbc),
    &null::Null,
];

static MACS: &[&dyn MacAlg] = &[
    &hmac::HmacAlg::<Sha256, _>::new(MacId::HmacSha2_256_128),
    &hmac::HmacAlg::<Sha384, _>::new(MacId::HmacSha2_384_192),
    &hmac::HmacAlg::<Sha512, _>::new(MacId::HmacSha2_512_256),
    &gcm::Gcm::<_, Aes256>::new(MacId::Aes256Gmac),
    &gcm::Gcm::<_, Aes192>::new(MacId::Aes192Gmac),
    &gcm::Gcm::<_, Aes128>::new(MacId::Aes128Gmac),
    &cbc_mac::CbcMac { id: MacId::AesCmac96, kind: cbc_mac::Kind::Cmac },
    &cbc_mac::CbcMac { id: MacId::AesXcbc96, kind: cbc_mac::Kind::Xcbc },
    &hmac::HmacAlg::<Sha1, _>::new(MacId::HmacSha1_96),
];

static PRFS: &[&dyn PrfAlg] = &[
    &hmac::HmacAlg::<Sha256, _>::new(PrfId::HmacSha2_256),
    &hmac::HmacAlg::<Sha384, _>::new(PrfId::HmacSha2_384),
    &hmac::HmacAlg::<Sha512, _>::new(PrfId::HmacSha2_512),
    &cbc_mac::CbcMac { id: PrfId::AesCmac, kind: cbc_mac::Kind::Cmac },
    &cbc_mac::CbcMac { id: PrfId::AesXcbc, kind: cbc_mac::Kind::Xcbc },
    &hmac::HmacAlg::<Sha1, _>::new(PrfId::HmacSha1),
];

static SHA1: hash::Hash<Sha1> = hash::Hash::new(HashId::Sha1);
static SHA2_256: hash::Hash<Sha256> = hash::Hash::new(HashId::Sha2_256);
static SHA2_384: hash::Hash<Sha384> = hash::Hash::new(HashId::Sha2_384);
static SHA2_512: hash::Hash<Sha512> = hash::Hash::new(HashId::Sha2_512);
static HASHES: &[&dyn HashAlg] = &[&SHA2_256, &SHA2_384, &SHA2_512, &SHA1];

static MODP_2048: modp::Modp<{ U2048::LIMBS }> = modp::Modp::new(KexId::Modp2048, primes::MODP_2048, 32);
static MODP_3072: modp::Modp<{ U3072::LIMBS }> = modp::Modp::new(KexId::Modp3072, primes::MODP_3072, 35);
static MODP_4096: modp::Modp<{ U4096::LIMBS }> = modp::Modp::new(KexId::Modp4096, primes::MODP_4096, 41);
static MODP_6144: modp::Modp<{ U6144::LIMBS }> = modp::Modp::new(KexId::Modp6144, primes::MODP_6144, 47);
static MODP_8192: modp::Modp<{ U8192::LIMBS }> = modp::Modp::new(KexId::Modp8192, primes::MODP_8192, 50);

static KEY_EXCHANGES: &[&dyn KexAlg] = &[
    &montgomery::Curve25519,
    &ecp::Ecp::<NistP256>::new(KexId::Ecp256, 0xff),
    &ecp::Ecp::<NistP384>::new(KexId::Ecp384, 0xff),
    &ecp::Ecp::<NistP521>::new(KexId::Ecp521, 0x01),
    &montgomery::Curve448,
    &ml_kem::MlKem::<MlKem768>::new(KexId::MlKem768),
    &ml_kem::MlKem::<MlKem1024>::new(KexId::MlKem1024),
    &ml_kem::MlKem::<MlKem512>::new(KexId::MlKem512),
    &MODP_3072,
    &MODP_2048,
    &MODP_4096,
    &MODP_6144,
    &MODP_8192,
    &ecp::Ecp::<BrainpoolP256r1>::new(KexId::Brainpool256, 0xff),
    &ecp::Ecp::<BrainpoolP384r1>::new(KexId::Brainpool384, 0xff),
];

type EcdsaP256 = verify::Ecdsa<p256::ecdsa::VerifyingKey, p256::ecdsa::Signature>;
type EcdsaP384 = verify::Ecdsa<p384::ecdsa::VerifyingKey, p384::ecdsa::Signature>;
type EcdsaP521 = verify::Ecdsa<p521::ecdsa::VerifyingKey, p521::ecdsa::Signature>;

static SIGNATURES: &[&dyn SignatureAlg] = &[
    &verify::Ed25519,
    &verify::Ed448,
    &EcdsaP256::new(SignatureId::EcdsaP256Sha2_256),
    &EcdsaP256::new(SignatureId::EcdsaP256Sha2_384),
    &EcdsaP256::new(SignatureId::EcdsaP256Sha2_512),
    &EcdsaP384::new(SignatureId::EcdsaP384Sha2_384),
    &EcdsaP384::new(SignatureId::EcdsaP384Sha2_256),
    &EcdsaP384::new(SignatureId::EcdsaP384Sha2_512),
    &EcdsaP521::new(SignatureId::EcdsaP521Sha2_512),
    &EcdsaP521::new(SignatureId::EcdsaP521Sha2_256),
    &EcdsaP521::new(SignatureId::EcdsaP521Sha2_384),
    &verify::Rsa(SignatureId::RsaPssSha2_256),
    &verify::Rsa(SignatureId::RsaPssSha2_384),
    &verify::Rsa(SignatureId::RsaPssSha2_512),
    &verify::Rsa(SignatureId::RsaPkcs1Sha2_256),
    &verify::Rsa(SignatureId::RsaPkcs1Sha2_384),
    &verify::Rsa(SignatureId::RsaPkcs1Sha2_512),
    &verify::Rsa(SignatureId::RsaPkcs1Ikev1),
];

/// A generator that gives out octets drawn before, which cannot fail, where a library takes nothing else.
struct Given<'a>(&'a [u8]);

impl TryRng for Given<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.iter_mut().zip(self.0).for_each(|(to, from)| *to = *from);
        self.0 = self.0.get(out.len()..).unwrap_or_default();
        Ok(())
    }
}

impl TryCryptoRng for Given<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::ZeroizeOnDrop;

    /// Features of the libraries decide it: a key that is not wiped does not compile here.
    #[test]
    fn keys_are_wiped() {
        fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<Aes128>();
        wiped::<Aes192>();
        wiped::<Aes256>();
        wiped::<Camellia256>();
        wiped::<ChaCha20Poly1305>();
        wiped::<des::TdesEde3>();
        wiped::<Sha1>();
        wiped::<Sha256>();
        wiped::<Sha512>();
        wiped::<x25519_dalek::StaticSecret>();
        wiped::<p256::SecretKey>();
        wiped::<ed25519_dalek::SigningKey>();
        wiped::<ed448_goldilocks::SigningKey>();
        wiped::<::ml_kem::DecapsulationKey<MlKem768>>();
    }
}
