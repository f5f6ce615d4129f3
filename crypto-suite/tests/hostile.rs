//! Hostile inputs to the primitives: wrong lengths, wrong combinations, bad public values, missing algorithms.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

#[allow(dead_code, reason = "each test crate uses its part")]
mod common;

use common::Script;
use ipsec_crypto_suite::{
    AeadId, CipherId, CryptoError, KexId, MacId, PrfId, Protection, ProtectionKey, Secret,
    rustcrypto::provider,
};
use num_bigint::BigUint;
use proptest::prelude::*;
use testkit::{hex, vectors};

const AEADS: [AeadId; 3] = [AeadId::Aes128Gcm16, AeadId::Aes192Gcm16, AeadId::Aes256Gcm16];
const CIPHERS: [CipherId; 4] =
    [CipherId::Null, CipherId::Aes128Cbc, CipherId::Aes192Cbc, CipherId::Aes256Cbc];
const MACS: [MacId; 4] =
    [MacId::HmacSha1_96, MacId::HmacSha2_256_128, MacId::HmacSha2_384_192, MacId::HmacSha2_512_256];
const PRFS: [PrfId; 4] = [PrfId::HmacSha1, PrfId::HmacSha2_256, PrfId::HmacSha2_384, PrfId::HmacSha2_512];
const KEXES: [KexId; 3] = [KexId::Modp2048, KexId::Ecp256, KexId::Curve25519];

fn protections() -> Vec<Protection> {
    let composed =
        CIPHERS.into_iter().flat_map(|cipher| MACS.map(|mac| Protection::Composed { cipher, mac }));
    AEADS.map(Protection::Aead).into_iter().chain(composed).collect()
}

/// Encryption key of ones, integrity key of twos.
fn keyed(protection: Protection) -> ProtectionKey {
    let encryption = Secret::new(vec![1; protection.encryption_key_len()]);
    let integrity = (!protection.is_aead()).then(|| Secret::new(vec![2; protection.integrity_key_len()]));
    ProtectionKey::new(&provider(), protection, &encryption, integrity.as_ref()).unwrap()
}

#[test]
fn cr_02_every_length_is_taken_or_refused() {
    let provider = provider();
    for length in 0..=64 {
        let octets = vec![7; length];
        for id in AEADS {
            let aead = provider.aead(id).unwrap();
            assert_eq!(aead.key(&Secret::copy_from(&octets)).is_ok(), length == id.key_len());
            let key = aead.key(&Secret::new(vec![1; id.key_len()])).unwrap();
            let mut data = [0; 5];
            assert_eq!(key.seal(&octets, b"", &mut data, &mut [0; 16]).is_ok(), length == 12);
            assert_eq!(key.seal(&[0; 12], b"", &mut data, &mut octets.clone()).is_ok(), length == 16);
            assert!(key.open(&octets, b"", &mut data, &[0; 16]).is_err());
            assert!(key.open(&[0; 12], b"", &mut data, &octets).is_err());
        }
        for id in CIPHERS {
            let cipher = provider.cipher(id).unwrap();
            assert_eq!(cipher.key(&Secret::copy_from(&octets)).is_ok(), length == id.key_len());
            let key = cipher.key(&Secret::new(vec![1; id.key_len()])).unwrap();
            assert_eq!(key.encrypt(&octets, &mut [0; 32]).is_ok(), length == id.iv_len());
            assert_eq!(key.decrypt(&octets, &mut [0; 32]).is_ok(), length == id.iv_len());
            let whole = length % id.block_len() == 0;
            assert_eq!(key.encrypt(&vec![0; id.iv_len()], &mut octets.clone()).is_ok(), whole);
            assert_eq!(key.decrypt(&vec![0; id.iv_len()], &mut octets.clone()).is_ok(), whole);
        }
        for id in MACS {
            let mac = provider.mac(id).unwrap();
            assert_eq!(mac.key(&Secret::copy_from(&octets)).is_ok(), length == id.key_len());
            let key = mac.key(&Secret::new(vec![1; id.key_len()])).unwrap();
            assert_eq!(key.compute(&[b"data"], &mut octets.clone()).is_ok(), length == id.icv_len());
            assert!(key.verify(&[b"data"], &octets).is_err());
        }
        for id in PRFS {
            let key = provider.prf(id).unwrap().key(&octets).unwrap();
            assert_eq!(key.compute(&[b"data"], &mut octets.clone()).is_ok(), length == id.output_len());
        }
    }
    for id in KEXES {
        for length in (0..300).filter(|length| *length != id.public_len()) {
            let active = provider.key_exchange(id).unwrap().start(&mut Script(vec![5; 64])).unwrap();
            let result = active.complete(&vec![2; length]);
            assert_eq!(result.unwrap_err(), CryptoError::Length { what: "public value", got: length });
        }
    }
}

#[test]
fn cr_02_every_length_of_iv_icv_and_trailer_is_taken_or_refused() {
    let plaintext = [0x5a; 32];
    for protection in protections() {
        let key = keyed(protection);
        let (iv, mut icv) = (vec![3; protection.iv_len()], vec![0; protection.icv_len()]);
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
            assert_eq!(data, sealed, "{protection}: data changed");
            assert!(key.open(b"aad", &iv, &mut octets.clone(), &[], &icv).is_err());
        }
    }
}

#[test]
fn a_trailer_is_refused_with_an_aead_and_covered_otherwise() {
    for protection in protections() {
        let key = keyed(protection);
        let (iv, mut icv) = (vec![3; protection.iv_len()], vec![0; protection.icv_len()]);
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
    keyed(protection).seal(b"headers!", &[3; 16], &mut data, &[0, 0, 0, 1], &mut icv).unwrap();
    let mut ciphertext = [9; 32];
    let cipher = provider().cipher(CipherId::Aes128Cbc).unwrap().key(&Secret::new([1; 16])).unwrap();
    cipher.encrypt(&[3; 16], &mut ciphertext).unwrap();
    let mac = provider().mac(MacId::HmacSha2_256_128).unwrap().key(&Secret::new([2; 32])).unwrap();
    let covered = [&b"headers!"[..], &[3; 16], &ciphertext, &[0, 0, 0, 1]].concat();
    mac.compute(&[&covered], &mut expected).unwrap();
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
    for missing in AEADS {
        let mut subset = provider();
        subset.aeads.to_mut().retain(|entry| entry.id() != missing);
        for id in AEADS {
            assert_eq!(subset.aead(id).is_ok(), id != missing);
        }
        let protection = Protection::Aead(missing);
        let key = Secret::new(vec![1; protection.encryption_key_len()]);
        let result = ProtectionKey::new(&subset, protection, &key, None);
        assert_eq!(result.unwrap_err(), CryptoError::Unsupported(missing.name()));
    }
    for missing in CIPHERS {
        let mut subset = provider();
        subset.ciphers.to_mut().retain(|entry| entry.id() != missing);
        assert!(CIPHERS.into_iter().all(|id| subset.cipher(id).is_ok() == (id != missing)));
    }
    for missing in MACS {
        let mut subset = provider();
        subset.macs.to_mut().retain(|entry| entry.id() != missing);
        assert!(MACS.into_iter().all(|id| subset.mac(id).is_ok() == (id != missing)));
    }
    for missing in PRFS {
        let mut subset = provider();
        subset.prfs.to_mut().retain(|entry| entry.id() != missing);
        assert!(PRFS.into_iter().all(|id| subset.prf(id).is_ok() == (id != missing)));
    }
    for missing in KEXES {
        let mut subset = provider();
        subset.key_exchanges.to_mut().retain(|entry| entry.id() != missing);
        assert!(KEXES.into_iter().all(|id| subset.key_exchange(id).is_ok() == (id != missing)));
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
    assert_eq!(Protection::from_ikev2(12, Some(128), Some(1)), None, "MD5");
}

#[test]
fn ea_12_keys_one_octet_short_or_long_are_refused() {
    let provider = provider();
    for protection in protections() {
        let (encryption, integrity) = (protection.encryption_key_len(), protection.integrity_key_len());
        let key = |length: usize| Secret::new(vec![1; length]);
        let some = |length: usize| (!protection.is_aead()).then(|| key(length));
        let build = |e: Secret, i: Option<Secret>| ProtectionKey::new(&provider, protection, &e, i.as_ref());
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
fn e2_07_public_values_outside_the_group_are_refused() {
    let prime = modp2048();
    let one = BigUint::from(1u8);
    let encode = |value: &BigUint| {
        let octets = value.to_bytes_be();
        [vec![0; 256 - octets.len()], octets].concat()
    };
    let all_ones = BigUint::from_bytes_be(&[0xff; 256]);
    let bad = [BigUint::ZERO, one.clone(), &prime - &one, prime.clone(), &prime + &one, all_ones];
    let complete = |value: &BigUint| {
        let active =
            provider().key_exchange(KexId::Modp2048).unwrap().start(&mut Script(vec![9; 32])).unwrap();
        active.complete(&encode(value)).map(|secret| secret.expose().to_vec())
    };
    for value in &bad {
        assert_eq!(complete(value), Err(CryptoError::InvalidPublicValue), "{value:x}");
    }
    for value in [BigUint::from(2u8), &prime - BigUint::from(2u8)] {
        assert_eq!(complete(&value).map(|secret| secret.len()), Ok(256));
    }
    let mut published = 0;
    for group in vectors("dh_modp").iter().filter(|group| group.kind() == "modp_public_check") {
        for vector in group.vectors().filter(|vector| vector.number("group") == Some(14)) {
            let octets = vector.octets("pub");
            let active =
                provider().key_exchange(KexId::Modp2048).unwrap().start(&mut Script(vec![9; 32])).unwrap();
            assert_eq!(
                active.complete(&octets).is_ok(),
                vector.text("result") == "valid",
                "{}",
                vector.text("name")
            );
            published += 1;
        }
    }
    assert!(published >= 5, "{published} vectors");

    // ECP: the origin, infinity as zeros, off the curve, x at least p.
    let generator = hex(
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    );
    let mut off = generator.clone();
    off[63] ^= 1;
    let mut high = generator.clone();
    high[..32].fill(0xff);
    for (value, good) in [(vec![0; 64], false), (off, false), (high, false), (generator, true)] {
        let active = provider().key_exchange(KexId::Ecp256).unwrap().start(&mut Script(vec![9; 32])).unwrap();
        assert_eq!(active.complete(&value).is_ok(), good);
    }
}

#[test]
fn e2_33_failing_randomness_makes_no_key() {
    for id in KEXES {
        let method = provider().key_exchange(id).unwrap();
        assert_eq!(method.start(&mut Script(Vec::new())).unwrap_err(), CryptoError::Randomness);
        if id != KexId::Curve25519 {
            let zeros = method.start(&mut Script(vec![0; 1024]));
            assert_eq!(zeros.unwrap_err(), CryptoError::Randomness, "{id} from zeros");
        }
    }
}

#[test]
fn pd_08_nothing_prints_key_octets() {
    let provider = provider();
    let mut printed = format!("{:?} {provider:?}", Secret::new(vec![0xa5; 16]));
    for protection in protections() {
        let encryption = Secret::new(vec![0xa5; protection.encryption_key_len()]);
        let integrity =
            (!protection.is_aead()).then(|| Secret::new(vec![0xa5; protection.integrity_key_len()]));
        let key = ProtectionKey::new(&provider, protection, &encryption, integrity.as_ref()).unwrap();
        printed += &format!("{key:?}");
    }
    for id in AEADS {
        printed += &format!("{:?}", provider.aead(id).unwrap().key(&Secret::new(vec![0xa5; id.key_len()])));
    }
    for id in CIPHERS {
        printed += &format!("{:?}", provider.cipher(id).unwrap().key(&Secret::new(vec![0xa5; id.key_len()])));
    }
    for id in MACS {
        printed += &format!("{:?}", provider.mac(id).unwrap().key(&Secret::new(vec![0xa5; id.key_len()])));
    }
    for id in PRFS {
        printed += &format!("{:?}", provider.prf(id).unwrap().key(&[0xa5; 32]));
    }
    for id in KEXES {
        printed += &format!("{:?}", provider.key_exchange(id).unwrap().start(&mut Script(vec![0xa5; 64])));
    }
    for form in ["a5a5", "A5A5", "165, 165", "0xa5"] {
        assert!(!printed.contains(form), "{form} in {printed}");
    }
}

/// The prime of group 14 from its formula: 2^2048 - 2^1984 - 1 + 2^64 * { [2^1918 pi] + 124476 } (RFC 3526 §3).
fn modp2048() -> BigUint {
    let two = |bits: u32| BigUint::from(1u8) << bits;
    two(2048) - two(1984) - 1u8 + (two(64) * (floor_pi(1918) + 124_476u32))
}

/// [2^bits pi] by Machin's formula, with 64 bits to spare.
fn floor_pi(bits: u32) -> BigUint {
    let arctan_inverse = |x: u32| {
        let mut power = (BigUint::from(1u8) << (bits + 64)) / x;
        let (mut plus, mut minus, mut n) = (BigUint::ZERO, BigUint::ZERO, 1u32);
        while power != BigUint::ZERO {
            let term = &power / n;
            if n % 4 == 1 {
                plus += term
            } else {
                minus += term
            }
            power /= x * x;
            n += 2;
        }
        plus - minus
    };
    ((arctan_inverse(5) * 16u8) - (arctan_inverse(239) * 4u8)) >> 64
}

#[test]
fn rfc3526_3_the_prime_follows_from_pi() {
    let mut found = 0;
    for group in vectors("dh_modp_groups") {
        for vector in group.vectors().filter(|vector| vector.number("group") == Some(14)) {
            assert_eq!(modp2048(), BigUint::from_bytes_be(&vector.octets("p")));
            found += 1;
        }
    }
    assert_eq!(found, 1);
}

/// One candidate of 2^32 is no private key of P-256: it is passed over, and the next one taken.
#[test]
fn ecp_passes_over_what_is_no_private_key() {
    let method = provider().key_exchange(KexId::Ecp256).unwrap();
    let later = method.start(&mut Script([vec![0; 32], vec![0xff; 32], vec![7; 32]].concat())).unwrap();
    let direct = method.start(&mut Script(vec![7; 32])).unwrap();
    assert_eq!(later.public(), direct.public());
}

/// RFC 7296 §2.14: the secret is as long as the prime, with leading zeros.
#[test]
fn rfc7296_2_14_a_modp_secret_keeps_its_leading_zeros() {
    let method = provider().key_exchange(KexId::Modp2048).unwrap();
    let active = method.start(&mut Script([vec![0; 31], vec![5]].concat())).unwrap();
    let small = |number: u8| [vec![0; 255], vec![number]].concat();
    assert_eq!(active.public(), small(32), "2 to the fifth");
    assert!(active.complete(&small(3)).unwrap().ct_eq(&small(243)), "3 to the fifth");
}

#[test]
fn both_sides_agree_through_start_and_respond() {
    for id in KEXES {
        let method = provider().key_exchange(id).unwrap();
        let initiator = method.start(&mut Script(vec![5; 32])).unwrap();
        assert_eq!(initiator.public().len(), id.public_len());
        let (public, theirs) = method.respond(&mut Script(vec![6; 32]), initiator.public()).unwrap();
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
    check::<ipsec_crypto_suite::CryptoProvider>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn modp_equals_num_bigint(ours in prop::array::uniform32(any::<u8>()), theirs in prop::array::uniform32(any::<u8>())) {
        prop_assume!(ours != [0; 32] && theirs != [0; 32]);
        let prime = modp2048();
        let public = BigUint::from(2u8).modpow(&BigUint::from_bytes_be(&theirs), &prime);
        let shared = public.modpow(&BigUint::from_bytes_be(&ours), &prime);
        let octets = public.to_bytes_be();
        let octets = [vec![0; 256 - octets.len()], octets].concat();
        let active = provider().key_exchange(KexId::Modp2048).unwrap().start(&mut Script(ours.to_vec())).unwrap();
        let own = BigUint::from(2u8).modpow(&BigUint::from_bytes_be(&ours), &prime);
        prop_assert_eq!(BigUint::from_bytes_be(active.public()), own);
        let secret = active.complete(&octets).unwrap();
        prop_assert_eq!(secret.len(), 256);
        prop_assert_eq!(BigUint::from_bytes_be(secret.expose()), shared);
    }
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_a_flipped_bit_does_not(
        index in 0usize..19, aad in prop::collection::vec(any::<u8>(), 0..40),
        blocks in 0usize..6, flip in any::<prop::sample::Index>(), esn in any::<bool>(),
    ) {
        let protection = protections()[index];
        let key = keyed(protection);
        let plaintext: Vec<u8> = (0..blocks * 16).map(|at| u8::try_from(at).unwrap()).collect();
        let trailer: &[u8] = if esn && !protection.is_aead() { &[0, 0, 0, 1] } else { &[] };
        let (iv, mut data, mut icv) = (vec![3; protection.iv_len()], plaintext.clone(), vec![0; protection.icv_len()]);
        key.seal(&aad, &iv, &mut data, trailer, &mut icv).unwrap();
        prop_assert!(data != plaintext || data.is_empty() || protection.iv_len() == 0);

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
