//! Algorithms that RFC 8221 and RFC 8247 forbid or advise against, for peers that know nothing better.

mod primes;

use super::cbc::Cbc;
use super::hash::Hash;
use super::hmac::HmacAlg;
use super::modp::Modp;
use super::verify::Rsa;
use crate::{
    CipherAlg, CipherId, CryptoProvider, HashAlg, HashId, KexAlg, KexId, MacAlg, MacId, PrfAlg, PrfId,
    SignatureAlg, SignatureId,
};
use crypto_bigint::{U1024, U1536, U2048};
use des::TdesEde3;
use md5::Md5;

pub(super) static MODP_1024: Modp<{ U1024::LIMBS }> = Modp::new(KexId::Modp1024, primes::MODP_1024, 20);
pub(super) static MODP_1536: Modp<{ U1536::LIMBS }> = Modp::new(KexId::Modp1536, primes::MODP_1536, 24);
pub(super) static MODP_1024_160: Modp<{ U1024::LIMBS }> = Modp::with_subgroup(
    KexId::Modp1024Subgroup160,
    (primes::MODP_1024_160, primes::MODP_1024_160_G, primes::MODP_1024_160_Q),
    20,
);
pub(super) static MODP_2048_224: Modp<{ U2048::LIMBS }> = Modp::with_subgroup(
    KexId::Modp2048Subgroup224,
    (primes::MODP_2048_224, primes::MODP_2048_224_G, primes::MODP_2048_224_Q),
    28,
);
pub(super) static MODP_2048_256: Modp<{ U2048::LIMBS }> = Modp::with_subgroup(
    KexId::Modp2048Subgroup256,
    (primes::MODP_2048_256, primes::MODP_2048_256_G, primes::MODP_2048_256_Q),
    32,
);

static CIPHERS: &[&dyn CipherAlg] = &[&Cbc::<TdesEde3>::new(CipherId::TripleDesCbc)];
static MACS: &[&dyn MacAlg] = &[&HmacAlg::<Md5, _>::new(MacId::HmacMd5_96)];
static PRFS: &[&dyn PrfAlg] = &[&HmacAlg::<Md5, _>::new(PrfId::HmacMd5)];
static HASHES: &[&dyn HashAlg] = &[&Hash::<Md5>::new(HashId::Md5)];
static KEY_EXCHANGES: &[&dyn KexAlg] =
    &[&MODP_1536, &MODP_2048_256, &MODP_2048_224, &MODP_1024, &MODP_1024_160];
static SIGNATURES: &[&dyn SignatureAlg] = &[&Rsa(SignatureId::RsaPkcs1Sha1)];

/// Appends the legacy algorithms to the tables of a provider, which then takes what a policy names of them.
///
/// No default of this family names one.
///
/// ```
/// use ipsec_crypto_suite::{CipherId, rustcrypto};
///
/// let mut provider = rustcrypto::provider();
/// assert!(provider.cipher(CipherId::TripleDesCbc).is_err());
/// rustcrypto::add_legacy(&mut provider);
/// assert!(provider.cipher(CipherId::TripleDesCbc).is_ok());
/// ```
pub fn add_legacy(provider: &mut CryptoProvider) {
    provider.ciphers.to_mut().extend(CIPHERS);
    provider.macs.to_mut().extend(MACS);
    provider.prfs.to_mut().extend(PRFS);
    provider.hashes.to_mut().extend(HASHES);
    provider.key_exchanges.to_mut().extend(KEY_EXCHANGES);
    provider.signatures.to_mut().extend(SIGNATURES);
}
