//! Hostile inputs to the primitives: wrong lengths, wrong combinations, bad public values, missing algorithms.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

#[allow(dead_code, reason = "each test crate uses its part")]
mod common;

use common::{Script, providers};
use ipsec_crypto_suite::{
    AeadId, CipherId, CryptoError, CryptoProvider, HashId, KexId, MacId, PrfId, Protection, ProtectionKey,
    Secret, SignatureId,
};
use proptest::prelude::*;

/// The default provider, with the legacy algorithms where they are compiled in.
fn provider() -> CryptoProvider {
    providers().remove(0).1
}

fn with_every_provider(check: fn(&CryptoProvider)) {
    providers().iter().for_each(|(_, provider)| check(provider));
}

fn aeads() -> Vec<AeadId> {
    provider().aeads.iter().map(|entry| entry.id()).collect()
}

fn ciphers() -> Vec<CipherId> {
    provider().ciphers.iter().map(|entry| entry.id()).collect()
}

fn macs() -> Vec<MacId> {
    provider().macs.iter().map(|entry| entry.id()).collect()
}

fn prfs() -> Vec<PrfId> {
    provider().prfs.iter().map(|entry| entry.id()).collect()
}

fn kexes() -> Vec<KexId> {
    provider().key_exchanges.iter().map(|entry| entry.id()).collect()
}

/// Octets of the IV that `seal` takes: where it is implicit, the sequence number.
fn iv_of(protection: Protection) -> Vec<u8> {
    vec![3; if protection.has_implicit_iv() { 8 } else { protection.iv_len() }]
}

fn protections() -> Vec<Protection> {
    let of = |cipher| macs().into_iter().filter_map(move |mac| Protection::composed(cipher, mac));
    aeads().into_iter().map(Protection::Aead).chain(ciphers().into_iter().flat_map(of)).collect()
}

fn encrypts(protection: Protection) -> bool {
    match protection {
        Protection::Aead(aead) => aead.encrypts(),
        Protection::Composed { cipher, .. } => cipher.encrypts(),
    }
}

/// Encryption key of ones, integrity key of twos.
fn keyed(provider: &CryptoProvider, protection: Protection) -> ProtectionKey {
    let encryption = Secret::new(vec![1; protection.encryption_key_len()]);
    let integrity = (!protection.is_aead()).then(|| Secret::new(vec![2; protection.integrity_key_len()]));
    ProtectionKey::new(provider, protection, &encryption, integrity.as_ref()).unwrap()
}

#[test]
fn cr_02_every_length_is_taken_or_refused() {
    with_every_provider(every_length);
}

fn every_length(provider: &CryptoProvider) {
    for length in 0..=64 {
        let octets = vec![7; length];
        for id in aeads() {
            let aead = provider.aead(id).unwrap();
            assert_eq!(aead.key(&Secret::copy_from(&octets)).is_ok(), length == id.key_len());
            let key = aead.key(&Secret::new(vec![1; id.key_len()])).unwrap();
            let mut data = [0; 5];
            let (nonce, tag) = (vec![0; id.nonce_len()], vec![0; id.tag_len()]);
            let sealed = key.seal(&octets, b"", &mut data, &mut tag.clone());
            assert_eq!(sealed.is_ok(), length == nonce.len());
            let sealed = key.seal(&nonce, b"", &mut data, &mut octets.clone());
            assert_eq!(sealed.is_ok(), length == tag.len());
            assert!(key.open(&octets, b"", &mut data, &tag).is_err());
            assert!(key.open(&nonce, b"", &mut data, &octets).is_err());
        }
        for id in ciphers() {
            let cipher = provider.cipher(id).unwrap();
            assert_eq!(cipher.key(&Secret::copy_from(&octets)).is_ok(), length == id.key_len());
            let key = cipher.key(&Secret::new(vec![1; id.key_len()])).unwrap();
            assert_eq!(key.encrypt(&octets, &mut [0; 32]).is_ok(), length == id.iv_len());
            assert_eq!(key.decrypt(&octets, &mut [0; 32]).is_ok(), length == id.iv_len());
            let whole = length % id.block_len() == 0;
            assert_eq!(key.encrypt(&vec![0; id.iv_len()], &mut octets.clone()).is_ok(), whole);
            assert_eq!(key.decrypt(&vec![0; id.iv_len()], &mut octets.clone()).is_ok(), whole);
        }
        for id in macs() {
            let mac = provider.mac(id).unwrap();
            assert_eq!(mac.key(&Secret::copy_from(&octets)).is_ok(), length == id.key_len());
            let key = mac.key(&Secret::new(vec![1; id.key_len()])).unwrap();
            let (iv, icv) = (vec![0; id.iv_len()], vec![0; id.icv_len()]);
            let computed = key.compute(&iv, &[b"data"], &mut octets.clone());
            assert_eq!(computed.is_ok(), length == icv.len());
            assert_eq!(key.compute(&octets, &[b"data"], &mut icv.clone()).is_ok(), length == iv.len());
            assert!(key.verify(&iv, &[b"data"], &octets).is_err());
            assert!(key.verify(&octets, &[b"data"], &icv).is_err());
        }
        for id in prfs() {
            let key = provider.prf(id).unwrap().key(&octets).unwrap();
            assert_eq!(key.compute(&[b"data"], &mut octets.clone()).is_ok(), length == id.output_len());
        }
    }
    for id in kexes() {
        let method = provider.key_exchange(id).unwrap();
        let (due, response) = (id.public_len(), id.response_len());
        for length in
            [0, 1, 31, 32, 33, 56, 64, 255, 256, 257, due - 1, due + 1, response - 1, response + 1, 2000]
        {
            let wrong = CryptoError::Length { what: "public value", got: length };
            if length != response {
                let active = method.start(&mut Script(vec![5; 128])).unwrap();
                assert_eq!(active.complete(&vec![2; length]).unwrap_err(), wrong, "{id}");
            }
            if length != due {
                let result = method.respond(&mut Script(vec![5; 128]), &vec![2; length]);
                assert_eq!(result.unwrap_err(), wrong, "{id}");
            }
        }
    }
}

#[test]
fn cr_02_every_length_of_iv_icv_and_trailer_is_taken_or_refused() {
    with_every_provider(every_length_of_iv_icv_and_trailer);
}

fn every_length_of_iv_icv_and_trailer(provider: &CryptoProvider) {
    let plaintext = [0x5a; 32];
    for protection in protections() {
        let key = keyed(provider, protection);
        let (iv, mut icv) = (iv_of(protection), vec![0; protection.icv_len()]);
        let mut sealed = plaintext;
        key.seal(b"aad", &iv, &mut sealed, &[], &mut icv).unwrap();
        for length in 0..=64 {
            let octets = vec![7; length];
            let mut data = plaintext;
            let result = key.seal(b"aad", &octets, &mut data, &[], &mut icv.clone());
            assert_eq!(result.is_ok(), length == iv.len(), "{protection}: IV of {length}");
            assert!(result.is_ok() || data == plaintext, "{protection}: data changed");
            let mut data = plaintext;
            let result = key.seal(b"aad", &iv, &mut data, &[], &mut octets.clone());
            assert_eq!(result.is_ok(), length == icv.len(), "{protection}: ICV of {length}");
            assert!(result.is_ok() || data == plaintext, "{protection}: data changed");
            let result = key.seal(b"aad", &iv, &mut octets.clone(), &[], &mut icv.clone());
            assert_eq!(
                result.is_ok(),
                length % protection.block_len() == 0,
                "{protection}: data of {length}"
            );

            // Whatever is wrong on the way in, nothing is decrypted.
            let mut data = sealed;
            assert!(key.open(b"aad", &iv, &mut data, &[], &octets).is_err(), "{protection}: ICV of {length}");
            if length != iv.len() {
                assert!(
                    key.open(b"aad", &octets, &mut data, &[], &icv).is_err(),
                    "{protection}: IV of {length}"
                );
            }
            assert!(data == sealed || data == [0; 32], "{protection}: plaintext after a failed open");
            assert!(key.open(b"aad", &iv, &mut octets.clone(), &[], &icv).is_err());
        }
    }
}

#[test]
fn a_trailer_is_refused_with_an_aead_and_covered_otherwise() {
    with_every_provider(trailer);
}

fn trailer(provider: &CryptoProvider) {
    for protection in protections() {
        let key = keyed(provider, protection);
        let (iv, mut icv) = (iv_of(protection), vec![0; protection.icv_len()]);
        let mut data = [0x5a; 32];
        let sealed = key.seal(b"aad", &iv, &mut data, &[0, 0, 0, 1], &mut icv);
        if protection.is_aead() {
            assert_eq!(sealed, Err(CryptoError::Invalid("trailer with an AEAD")));
            let opened = key.open(b"aad", &iv, &mut data, &[0, 0, 0, 1], &icv);
            assert_eq!(opened, Err(CryptoError::Invalid("trailer with an AEAD")));
            assert_eq!(data, [0x5a; 32]);
        } else {
            sealed.unwrap();
            for wrong in [&[][..], &[0, 0, 0], &[0, 0, 0, 2], &[0, 0, 0, 1, 0]] {
                let opened = key.open(b"aad", &iv, &mut data, wrong, &icv);
                assert_eq!(opened, Err(CryptoError::Authentication));
            }
            key.open(b"aad", &iv, &mut data, &[0, 0, 0, 1], &icv).unwrap();
            assert_eq!(data, [0x5a; 32]);
        }
    }
}

/// RFC 4303 §2.2.1, §2.8: SPI and sequence number, IV, ciphertext, then the upper half of the sequence number.
#[test]
fn the_mac_covers_header_iv_ciphertext_and_trailer_in_this_order() {
    let protection = Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 };
    let (mut data, mut icv, mut expected) = ([9; 32], [0; 16], [0; 16]);
    keyed(&provider(), protection).seal(b"headers!", &[3; 16], &mut data, &[0, 0, 0, 1], &mut icv).unwrap();
    let mut ciphertext = [9; 32];
    let cipher = provider().cipher(CipherId::Aes128Cbc).unwrap().key(&Secret::new([1; 16])).unwrap();
    cipher.encrypt(&[3; 16], &mut ciphertext).unwrap();
    let mac = provider().mac(MacId::HmacSha2_256_128).unwrap().key(&Secret::new([2; 32])).unwrap();
    let covered = [&b"headers!"[..], &[3; 16], &ciphertext, &[0, 0, 0, 1]].concat();
    mac.compute(&[], &[&covered], &mut expected).unwrap();
    assert_eq!((data, icv), (ciphertext, expected));
}

/// RFC 4106 §4, §5, §8.1: the salt is the end of the key material and the front of the nonce.
#[test]
fn the_nonce_of_an_aead_is_salt_and_iv() {
    let material: Vec<u8> = (0..20).collect();
    let protection = Protection::Aead(AeadId::Aes128Gcm16);
    let key = ProtectionKey::new(&provider(), protection, &Secret::copy_from(&material), None).unwrap();
    let (mut ours, mut our_tag) = ([9; 5], [0; 16]);
    key.seal(b"headers!", &[3; 8], &mut ours, &[], &mut our_tag).unwrap();
    let raw = provider().aead(AeadId::Aes128Gcm16).unwrap().key(&Secret::copy_from(&material[..16])).unwrap();
    let (mut theirs, mut their_tag) = ([9; 5], [0; 16]);
    raw.seal(&[16, 17, 18, 19, 3, 3, 3, 3, 3, 3, 3, 3], b"headers!", &mut theirs, &mut their_tag).unwrap();
    assert_eq!((ours, our_tag), (theirs, their_tag));
}

#[test]
fn cr_06_a_missing_entry_is_unsupported_and_leaves_the_rest() {
    for missing in aeads() {
        let mut subset = provider();
        subset.aeads.to_mut().retain(|entry| entry.id() != missing);
        for id in aeads() {
            assert_eq!(subset.aead(id).is_ok(), id != missing);
        }
        let protection = Protection::Aead(missing);
        let key = Secret::new(vec![1; protection.encryption_key_len()]);
        let result = ProtectionKey::new(&subset, protection, &key, None);
        assert_eq!(result.unwrap_err(), CryptoError::Unsupported(missing.name()));
    }
    for missing in ciphers() {
        let mut subset = provider();
        subset.ciphers.to_mut().retain(|entry| entry.id() != missing);
        assert!(ciphers().into_iter().all(|id| subset.cipher(id).is_ok() == (id != missing)));
    }
    for missing in macs() {
        let mut subset = provider();
        subset.macs.to_mut().retain(|entry| entry.id() != missing);
        assert!(macs().into_iter().all(|id| subset.mac(id).is_ok() == (id != missing)));
    }
    for missing in prfs() {
        let mut subset = provider();
        subset.prfs.to_mut().retain(|entry| entry.id() != missing);
        assert!(prfs().into_iter().all(|id| subset.prf(id).is_ok() == (id != missing)));
    }
    for missing in kexes() {
        let mut subset = provider();
        subset.key_exchanges.to_mut().retain(|entry| entry.id() != missing);
        assert!(kexes().into_iter().all(|id| subset.key_exchange(id).is_ok() == (id != missing)));
    }
}

#[test]
fn ea_12_dangerous_combinations_have_no_form() {
    // NULL, CBC without integrity; an AEAD with integrity; what is not implemented.
    for (encryption, bits) in [(11, None), (12, Some(128)), (12, Some(256))] {
        for none in [None, Some(0)] {
            assert_eq!(Protection::from_ikev2(encryption, bits, none), None);
        }
        assert!(Protection::from_ikev2(encryption, bits, Some(12)).is_some());
    }
    assert_eq!(Protection::from_ikev2(20, Some(128), Some(12)), None);
    assert_eq!(Protection::from_ikev2(2, None, Some(2)), None, "DES");
    // GMAC is for AH: with a cipher it would need a nonce that ESP has no place for.
    for gmac in [9, 10, 11] {
        assert_eq!(Protection::from_ikev2(12, Some(128), Some(gmac)), None);
    }
    let forced = Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::Aes128Gmac };
    let keys = (Secret::new([1; 16]), Secret::new([2; 20]));
    let refused = ProtectionKey::new(&provider(), forced, &keys.0, Some(&keys.1));
    assert_eq!(refused.unwrap_err(), CryptoError::Invalid("AES-GMAC with a cipher"));
}

#[test]
fn ea_12_keys_one_octet_short_or_long_are_refused() {
    with_every_provider(keys_short_or_long);
}

fn keys_short_or_long(provider: &CryptoProvider) {
    for protection in protections() {
        let (encryption, integrity) = (protection.encryption_key_len(), protection.integrity_key_len());
        let key = |length: usize| Secret::new(vec![1; length]);
        let some = |length: usize| (!protection.is_aead()).then(|| key(length));
        let build = |e: Secret, i: Option<Secret>| ProtectionKey::new(provider, protection, &e, i.as_ref());
        assert!(build(key(encryption), some(integrity)).is_ok());
        assert!(build(key(encryption + 1), some(integrity)).is_err());
        if let Some(short) = encryption.checked_sub(1) {
            assert!(build(key(short), some(integrity)).is_err());
        }
        if protection.is_aead() {
            assert!(build(key(encryption), Some(key(32))).is_err());
            assert!(build(key(encryption), Some(key(0))).is_err());
        } else {
            assert!(build(key(encryption), None).is_err());
            assert!(build(key(encryption), some(integrity + 1)).is_err());
            assert!(build(key(encryption), some(integrity - 1)).is_err());
        }
    }
}

#[test]
fn e2_33_failing_randomness_makes_no_key() {
    for id in kexes() {
        let method = provider().key_exchange(id).unwrap();
        assert_eq!(method.start(&mut Script(Vec::new())).unwrap_err(), CryptoError::Randomness);
        // Any octets are a private key of the Montgomery curves, and a seed of ML-KEM.
        let any = id.name().starts_with("Curve") || id.name().starts_with("ML-KEM");
        let zeros = method.start(&mut Script(vec![0; 8192]));
        assert_eq!(zeros.err(), (!any).then_some(CryptoError::Randomness), "{id} from zeros");
    }
}

/// RFC 8247, RFC 8221: what they forbid is neither in the tables nor in a default.
#[test]
fn cr_08_legacy_algorithms_need_a_feature_and_a_call() {
    let provider = ipsec_crypto_suite::rustcrypto::provider();
    assert!(CipherId::ALL.iter().all(|id| provider.cipher(*id).is_err() == id.is_legacy()));
    assert!(MacId::ALL.iter().all(|id| provider.mac(*id).is_err() == id.is_legacy()));
    assert!(PrfId::ALL.iter().all(|id| provider.prf(*id).is_err() == id.is_legacy()));
    assert!(HashId::ALL.iter().all(|id| provider.hash(*id).is_err() == id.is_legacy()));
    assert!(KexId::ALL.iter().all(|id| provider.key_exchange(*id).is_err() == id.is_legacy()));
    assert!(SignatureId::ALL.iter().all(|id| provider.signature(*id).is_err() == id.is_legacy()));
    assert!(AeadId::ALL.iter().all(|id| provider.aead(*id).is_ok()));
    let protections = Protection::IKE_DEFAULTS.iter().chain(Protection::ESP_DEFAULTS);
    assert!(
        protections.clone().all(|protection| !protection.is_legacy() && provider.has_protection(*protection))
    );
    assert!(Protection::IKE_DEFAULTS.iter().all(|protection| protection.is_for_ike()));
    assert!(PrfId::DEFAULTS.iter().all(|id| !id.is_legacy()));
    assert!(KexId::DEFAULTS.iter().all(|id| !id.is_legacy()));
    assert!(MacId::AH_DEFAULTS.iter().all(|id| !id.is_legacy()));
}

#[test]
fn pd_08_nothing_prints_key_octets() {
    with_every_provider(prints_no_key_octets);
}

fn prints_no_key_octets(provider: &CryptoProvider) {
    let mut printed = format!("{:?} {provider:?}", Secret::new(vec![0xa5; 16]));
    for protection in protections() {
        let encryption = Secret::new(vec![0xa5; protection.encryption_key_len()]);
        let integrity =
            (!protection.is_aead()).then(|| Secret::new(vec![0xa5; protection.integrity_key_len()]));
        let key = ProtectionKey::new(provider, protection, &encryption, integrity.as_ref()).unwrap();
        printed += &format!("{key:?}");
    }
    for id in aeads() {
        printed += &format!("{:?}", provider.aead(id).unwrap().key(&Secret::new(vec![0xa5; id.key_len()])));
    }
    for id in ciphers() {
        printed += &format!("{:?}", provider.cipher(id).unwrap().key(&Secret::new(vec![0xa5; id.key_len()])));
    }
    for id in macs() {
        printed += &format!("{:?}", provider.mac(id).unwrap().key(&Secret::new(vec![0xa5; id.key_len()])));
    }
    for id in prfs() {
        printed += &format!("{:?}", provider.prf(id).unwrap().key(&[0xa5; 32]));
    }
    for id in kexes() {
        printed += &format!("{:?}", provider.key_exchange(id).unwrap().start(&mut Script(vec![0xa5; 128])));
    }
    for form in ["a5a5", "A5A5", "165, 165", "0xa5"] {
        assert!(!printed.contains(form), "{form} in {printed}");
    }
}

#[test]
fn both_sides_agree_through_start_and_respond() {
    for id in kexes() {
        let method = provider().key_exchange(id).unwrap();
        let initiator = method.start(&mut Script(vec![5; 128])).unwrap();
        assert_eq!(initiator.public().len(), id.public_len());
        let (public, theirs) = method.respond(&mut Script(vec![6; 128]), initiator.public()).unwrap();
        let ours = initiator.complete(&public).unwrap();
        assert_eq!(ours.len(), id.shared_len());
        assert!(ours.ct_eq(theirs.expose()), "{id}");
    }
}

#[test]
fn keys_cross_threads() {
    fn check<T: Send + Sync>() {}
    check::<ProtectionKey>();
    check::<Secret>();
    check::<CryptoProvider>();
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_a_flipped_bit_does_not(
        index in any::<prop::sample::Index>(), aad in prop::collection::vec(any::<u8>(), 0..40),
        blocks in 0usize..6, flip in any::<prop::sample::Index>(), esn in any::<bool>(),
    ) {
        let protection = *index.get(&protections());
        for (_, provider) in &providers() {
            let key = keyed(provider, protection);
            let plaintext: Vec<u8> = (0..blocks * 16).map(|at| u8::try_from(at).unwrap()).collect();
            let trailer: &[u8] = if esn && !protection.is_aead() { &[0, 0, 0, 1] } else { &[] };
            let (iv, mut data, mut icv) = (iv_of(protection), plaintext.clone(), vec![0; protection.icv_len()]);
            key.seal(&aad, &iv, &mut data, trailer, &mut icv).unwrap();
            prop_assert!(data != plaintext || data.is_empty() || !encrypts(protection));

            let mut message = [aad.clone(), iv.clone(), data.clone(), icv.clone()].concat();
            let at = flip.index(message.len() * 8);
            message[at / 8] ^= 1 << (at % 8);
            let (bad_aad, rest) = message.split_at(aad.len());
            let (bad_iv, rest) = rest.split_at(iv.len());
            let (bad_data, bad_icv) = rest.split_at(data.len());
            let mut bad = bad_data.to_vec();
            prop_assert_eq!(key.open(bad_aad, bad_iv, &mut bad, trailer, bad_icv), Err(CryptoError::Authentication));
            prop_assert!(bad == bad_data || bad.iter().all(|octet| *octet == 0), "plaintext after a failed open");

            key.open(&aad, &iv, &mut data, trailer, &icv).unwrap();
            prop_assert_eq!(data, plaintext);
        }
    }
}
