//! What several tests need.

use ipsec_crypto_suite::{CryptoError, CryptoProvider, MacId, PrfId, SecureRandom, rustcrypto};

/// Gives out the octets it was given, then fails.
pub(crate) struct Script(pub(crate) Vec<u8>);

impl SecureRandom for Script {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), CryptoError> {
        if self.0.len() < out.len() {
            return Err(CryptoError::Randomness);
        }
        let rest = self.0.split_off(out.len());
        out.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

/// Every provider there is, with the legacy algorithms where they are compiled in.
pub(crate) fn providers() -> Vec<(&'static str, CryptoProvider)> {
    let all = [
        ("rustcrypto", rustcrypto::provider()),
        #[cfg(feature = "aws-lc-rs")]
        ("aws-lc-rs", ipsec_crypto_suite::aws_lc_rs::provider()),
    ];
    let with_legacy = |(name, provider): (&'static str, CryptoProvider)| {
        #[cfg(feature = "legacy")]
        let provider = {
            let mut provider = provider;
            rustcrypto::add_legacy(&mut provider);
            provider
        };
        (name, provider)
    };
    all.into_iter().map(with_legacy).collect()
}

pub(crate) fn prf_of(name: &str) -> Option<PrfId> {
    Some(match name {
        "hmac-sha1" => PrfId::HmacSha1,
        "hmac-sha2-256" => PrfId::HmacSha2_256,
        "hmac-sha2-384" => PrfId::HmacSha2_384,
        "hmac-sha2-512" => PrfId::HmacSha2_512,
        "aes-xcbc-prf-128" => PrfId::AesXcbc,
        "aes-cmac-prf-128" => PrfId::AesCmac,
        "hmac-md5" if cfg!(feature = "legacy") => PrfId::HmacMd5,
        _ => return None,
    })
}

/// The integrity algorithm whose output these names mean, before it is truncated.
pub(crate) fn mac_of(name: &str) -> Option<MacId> {
    Some(match name {
        "hmac-sha1" => MacId::HmacSha1_96,
        "hmac-sha2-256" => MacId::HmacSha2_256_128,
        "hmac-sha2-384" => MacId::HmacSha2_384_192,
        "hmac-sha2-512" => MacId::HmacSha2_512_256,
        "aes-xcbc-mac" => MacId::AesXcbc96,
        "aes-cmac" => MacId::AesCmac96,
        "hmac-md5" if cfg!(feature = "legacy") => MacId::HmacMd5_96,
        _ => return None,
    })
}
