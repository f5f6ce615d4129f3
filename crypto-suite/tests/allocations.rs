//! What is built once per SA allocates then, and never again.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

#[allow(dead_code, reason = "each test crate uses its part")]
mod common;

use common::providers;
use ipsec_crypto_suite::ikev2::prf_plus;
use ipsec_crypto_suite::{CipherId, CryptoError, CryptoProvider, Protection, ProtectionKey, Secret};
use testkit::{CountingAllocator, count_allocations};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn protections(provider: &CryptoProvider) -> Vec<Protection> {
    let of = |cipher: CipherId| {
        let macs = provider.macs.iter().map(|mac| mac.id());
        macs.filter_map(move |mac| Protection::composed(cipher, mac))
    };
    let composed = provider.ciphers.iter().flat_map(|cipher| of(cipher.id()));
    provider.aeads.iter().map(|aead| Protection::Aead(aead.id())).chain(composed).collect()
}

#[test]
fn seal_and_open_allocate_nothing() {
    for (name, provider) in providers() {
        for protection in protections(&provider) {
            check(name, &provider, protection);
        }
    }
}

fn check(name: &str, provider: &CryptoProvider, protection: Protection) {
    let encryption = Secret::new(vec![1; protection.encryption_key_len()]);
    let integrity = (!protection.is_aead()).then(|| Secret::new(vec![2; protection.integrity_key_len()]));
    let key = ProtectionKey::new(provider, protection, &encryption, integrity.as_ref()).unwrap();
    let (iv, mut icv, mut data) = (
        vec![3; if protection.has_implicit_iv() { 8 } else { protection.iv_len() }],
        vec![0; protection.icv_len()],
        [4; 1440],
    );
    let (allocations, ()) = count_allocations(|| {
        for _ in 0..10 {
            key.seal(b"header", &iv, &mut data, &[], &mut icv).unwrap();
            let forged = key.open(b"Header", &iv, &mut data, &[], &icv);
            assert_eq!(forged, Err(CryptoError::Authentication));
            // A failed open may have wiped the data.
            key.seal(b"header", &iv, &mut data, &[], &mut icv).unwrap();
            key.open(b"header", &iv, &mut data, &[], &icv).unwrap();
        }
    });
    assert_eq!(allocations, 0, "{name}: {protection}");
}

#[test]
fn a_prf_allocates_nothing() {
    for prf in providers().iter().flat_map(|(_, provider)| provider.prfs.iter()) {
        let key = prf.key(b"key").unwrap();
        let mut out = [0; 1000];
        let (allocations, ()) = count_allocations(|| {
            prf_plus(&*key, &[b"nonce", b"nonce"], &mut out).unwrap();
        });
        assert_eq!(allocations, 0, "{prf:?}");
    }
}
