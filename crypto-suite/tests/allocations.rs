//! What is built once per SA allocates then, and never again.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

use ipsec_crypto_suite::ikev2::prf_plus;
use ipsec_crypto_suite::{
    AeadId, CipherId, CryptoError, MacId, PrfId, Protection, ProtectionKey, Secret, rustcrypto::provider,
};
use testkit::{CountingAllocator, count_allocations};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const PROTECTIONS: [Protection; 4] = [
    Protection::Aead(AeadId::Aes128Gcm16),
    Protection::Aead(AeadId::Aes256Gcm16),
    Protection::Composed { cipher: CipherId::Aes256Cbc, mac: MacId::HmacSha2_512_256 },
    Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha1_96 },
];

#[test]
fn seal_and_open_allocate_nothing() {
    for protection in PROTECTIONS {
        let encryption = Secret::new(vec![1; protection.encryption_key_len()]);
        let integrity = (!protection.is_aead()).then(|| Secret::new(vec![2; protection.integrity_key_len()]));
        let key = ProtectionKey::new(&provider(), protection, &encryption, integrity.as_ref()).unwrap();
        let (iv, mut icv, mut data) =
            (vec![3; protection.iv_len()], vec![0; protection.icv_len()], [4; 1440]);
        let (allocations, ()) = count_allocations(|| {
            for _ in 0..10 {
                key.seal(b"header", &iv, &mut data, &[], &mut icv).unwrap();
                let forged = key.open(b"Header", &iv, &mut data, &[], &icv);
                assert_eq!(forged, Err(CryptoError::Authentication));
                key.open(b"header", &iv, &mut data, &[], &icv).unwrap();
            }
        });
        assert_eq!(allocations, 0, "{protection}");
    }
}

#[test]
fn a_prf_allocates_nothing() {
    let key = provider().prf(PrfId::HmacSha2_512).unwrap().key(b"key").unwrap();
    let mut out = [0; 1000];
    let (allocations, ()) = count_allocations(|| {
        prf_plus(&*key, &[b"nonce", b"nonce"], &mut out).unwrap();
    });
    assert_eq!(allocations, 0);
}
