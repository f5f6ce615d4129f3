//! What several tests need.

use alloc::sync::Arc;
use ipsec_crypto_suite::{CryptoError, CryptoProvider, MacId, Protection, Secret, SecureRandom, rustcrypto};
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

/// Every algorithm there is, legacy ones with the feature.
pub(crate) fn provider() -> CryptoProvider {
    #[cfg_attr(not(feature = "legacy"), expect(unused_mut, reason = "the feature adds to it"))]
    let mut provider = rustcrypto::provider();
    #[cfg(feature = "legacy")]
    rustcrypto::add_legacy(&mut provider);
    provider
}

/// Every AEAD of the provider, and every cipher with two integrity algorithms, each integrity algorithm with NULL.
pub(crate) fn protections() -> Vec<Protection> {
    let bits = [None, Some(128), Some(192), Some(256)];
    let found = |encryption, integrity| {
        bits.into_iter().filter_map(move |bits| Protection::from_ikev2(encryption, bits, integrity))
    };
    let macs = || (1..=14).filter(|mac| MacId::from_ikev2(*mac).is_some());
    let mut all: Vec<_> = (1..=31).flat_map(|encryption| found(encryption, None)).collect();
    all.extend(
        (1..=31).flat_map(|encryption| [2, 12].into_iter().flat_map(move |mac| found(encryption, Some(mac)))),
    );
    all.extend(macs().flat_map(|mac| found(11, Some(mac))));
    all.retain(|protection| provider().has_protection(*protection));
    assert!(all.len() >= 40, "{} suites", all.len());
    all
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
