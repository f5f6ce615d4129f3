//! The default provider: pure Rust, `no_std`, from the RustCrypto family and x25519-dalek.

mod aes_cbc;
mod aes_gcm;
mod ecp;
mod hash;
mod hmac;
mod modp;
mod null;
mod x25519;

use crate::{AeadAlg, CipherAlg, CryptoProvider, HashAlg, KexAlg, MacAlg, PrfAlg};
use alloc::borrow::Cow;

/// All algorithms of this provider.
pub const fn provider() -> CryptoProvider {
    CryptoProvider {
        aeads: Cow::Borrowed(AEADS),
        ciphers: Cow::Borrowed(CIPHERS),
        macs: Cow::Borrowed(MACS),
        prfs: Cow::Borrowed(PRFS),
        hashes: Cow::Borrowed(HASHES),
        key_exchanges: Cow::Borrowed(KEY_EXCHANGES),
    }
}

static AEADS: &[&dyn AeadAlg] = &[&aes_gcm::AES_256, &aes_gcm::AES_192, &aes_gcm::AES_128];
static CIPHERS: &[&dyn CipherAlg] = &[&aes_cbc::AES_256, &aes_cbc::AES_192, &aes_cbc::AES_128, &null::Null];
static MACS: &[&dyn MacAlg] =
    &[&hmac::SHA2_256_128, &hmac::SHA2_384_192, &hmac::SHA2_512_256, &hmac::SHA1_96];
static PRFS: &[&dyn PrfAlg] = &[&hmac::SHA2_256, &hmac::SHA2_384, &hmac::SHA2_512, &hmac::SHA1];
static HASHES: &[&dyn HashAlg] = &[&hash::Sha1];
static KEY_EXCHANGES: &[&dyn KexAlg] = &[&x25519::Curve25519, &ecp::Ecp256, &modp::Modp2048];
