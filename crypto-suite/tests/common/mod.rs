//! What several tests need.

use ipsec_crypto_suite::{CryptoError, MacId, PrfId, SecureRandom};

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

pub(crate) fn prf_of(name: &str) -> Option<PrfId> {
    Some(match name {
        "hmac-sha1" => PrfId::HmacSha1,
        "hmac-sha2-256" => PrfId::HmacSha2_256,
        "hmac-sha2-384" => PrfId::HmacSha2_384,
        "hmac-sha2-512" => PrfId::HmacSha2_512,
        _ => return None,
    })
}

pub(crate) fn mac_of(name: &str) -> Option<MacId> {
    Some(match name {
        "hmac-sha1" => MacId::HmacSha1_96,
        "hmac-sha2-256" => MacId::HmacSha2_256_128,
        "hmac-sha2-384" => MacId::HmacSha2_384_192,
        "hmac-sha2-512" => MacId::HmacSha2_512_256,
        _ => return None,
    })
}
