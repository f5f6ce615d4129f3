//! What several tests need.

use alloc::sync::Arc;
use ipsec_crypto_suite::{
    AeadId, CipherId, CryptoError, MacId, Protection, Secret, SecureRandom, rustcrypto::provider,
};
use ipsec_esp::{InboundSa, OutboundSa};
use ipsec_sa_db::{Mode, SaMaterial, SaParams, SelectorPair};
use ipsec_types::Spi;

/// Counts: different octets at each call, the same in each run.
pub(crate) struct Counting(pub(crate) u8);

impl SecureRandom for Counting {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), CryptoError> {
        out.fill_with(|| {
            self.0 = self.0.wrapping_mul(29).wrapping_add(7);
            self.0
        });
        Ok(())
    }
}

pub(crate) const AEADS: [AeadId; 3] = [AeadId::Aes128Gcm16, AeadId::Aes192Gcm16, AeadId::Aes256Gcm16];
pub(crate) const CIPHERS: [CipherId; 4] =
    [CipherId::Null, CipherId::Aes128Cbc, CipherId::Aes192Cbc, CipherId::Aes256Cbc];
pub(crate) const MACS: [MacId; 4] =
    [MacId::HmacSha1_96, MacId::HmacSha2_256_128, MacId::HmacSha2_384_192, MacId::HmacSha2_512_256];

pub(crate) fn protections() -> Vec<Protection> {
    let composed =
        CIPHERS.into_iter().flat_map(|cipher| MACS.map(|mac| Protection::Composed { cipher, mac }));
    AEADS.map(Protection::Aead).into_iter().chain(composed).collect()
}

pub(crate) fn material(params: SaParams) -> SaMaterial {
    let protection = params.protection;
    let encryption = (protection.encryption_key_len() > 0)
        .then(|| Secret::new(vec![0x11; protection.encryption_key_len()]));
    let integrity = (!protection.is_aead()).then(|| Secret::new(vec![0x22; protection.integrity_key_len()]));
    SaMaterial { spi: Spi::new(0xc001_cafe).unwrap(), params, encryption, integrity }
}

pub(crate) fn params(protection: Protection, mode: Mode, extended: bool) -> SaParams {
    SaParams { extended_sequence_numbers: extended, ..SaParams::new(protection, mode) }
}

pub(crate) fn pair(params: SaParams) -> (OutboundSa, InboundSa) {
    let outbound = OutboundSa::new(&provider(), &mut Counting(1), material(params)).unwrap();
    (outbound, InboundSa::new(&provider(), material(params), any()).unwrap())
}

pub(crate) fn any() -> Arc<SelectorPair> {
    Arc::new(SelectorPair::any())
}
