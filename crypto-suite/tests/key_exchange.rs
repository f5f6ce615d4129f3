//! Key exchange of each provider against the RFCs, FIPS 203's vectors and Wycheproof.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

#[allow(dead_code, reason = "each test crate uses its part")]
mod common;

use common::{Script, providers};
use ipsec_crypto_suite::{CryptoError, CryptoProvider, KexId};
use num_bigint::BigUint;
use proptest::prelude::*;
use testkit::{Vector, vectors};

/// The shared secret that `complete` makes of a private key and a public value.
fn agree(
    provider: &CryptoProvider,
    id: KexId,
    private: Vec<u8>,
    public: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let active = provider.key_exchange(id)?.start(&mut Script(private))?;
    active.complete(public).map(|secret| secret.expose().to_vec())
}

fn public_of(provider: &CryptoProvider, id: KexId, private: Vec<u8>) -> Vec<u8> {
    provider.key_exchange(id).unwrap().start(&mut Script(private)).unwrap().public().to_vec()
}

fn group_of(vector: &Vector<'_>) -> Option<KexId> {
    KexId::from_ikev2(u16::try_from(vector.number("group")?).ok()?)
}

#[test]
fn rfc5903_rfc6954_ecp_groups() {
    for (name, provider) in providers() {
        let mut run = 0;
        for group in vectors("dh_ecp") {
            for vector in group.vectors() {
                let Some(id) = group_of(&vector) else { continue };
                let point = |end: &str| {
                    [vector.octets(&format!("pub_{end}_x")), vector.octets(&format!("pub_{end}_y"))].concat()
                };
                for (own, peer) in [("i", "r"), ("r", "i")] {
                    let private = vector.octets(&format!("priv_{own}"));
                    assert_eq!(public_of(&provider, id, private.clone()), point(own), "{name}: {id}");
                    let shared = agree(&provider, id, private, &point(peer)).unwrap();
                    assert_eq!(shared, vector.octets("shared_x"), "{name}: {id}");
                    run += 1;
                }
            }
        }
        assert!(run >= 20, "{name}: {run} agreements");
    }
}

#[test]
fn rfc7748_rfc8031_curves_and_low_order_points() {
    for (name, provider) in providers() {
        let (mut run, mut refused) = (0, 0);
        for group in vectors("dh_x") {
            for vector in group.vectors() {
                let Some(id) = group_of(&vector) else { continue };
                let text = vector.text("name");
                if group.kind() == "xdh_low_order" {
                    let private = vec![0x42; id.shared_len()];
                    let result = agree(&provider, id, private, &vector.octets("public"));
                    assert_eq!(result, Err(CryptoError::InvalidPublicValue), "{name}: {text}");
                    refused += 1;
                } else if let Some(count) = vector.number("iterations") {
                    // A million take minutes, and a thousand of Curve448 seconds.
                    let most = if id == KexId::Curve25519 { 1000 } else { 1 };
                    if count <= most {
                        assert_eq!(iterate(&provider, id, count), vector.octets("out"), "{name}: {text}");
                        run += 1;
                    }
                } else if !vector.text("scalar").is_empty() {
                    let out = agree(&provider, id, vector.octets("scalar"), &vector.octets("u")).unwrap();
                    assert_eq!(out, vector.octets("out"), "{name}: {text}");
                    run += 1;
                } else if !vector.text("shared").is_empty() {
                    for (own, peer) in [("i", "r"), ("r", "i")] {
                        let private = vector.octets(&format!("priv_{own}"));
                        let (public, peer) = (format!("pub_{own}"), vector.octets(&format!("pub_{peer}")));
                        assert_eq!(
                            public_of(&provider, id, private.clone()),
                            vector.octets(&public),
                            "{name}"
                        );
                        let shared = agree(&provider, id, private, &peer).unwrap();
                        assert_eq!(shared, vector.octets("shared"), "{name}: {text}");
                    }
                    run += 1;
                }
            }
        }
        assert!(run >= 10 && refused >= 7, "{name}: {run} valid, {refused} refused");
    }
}

/// The iterated test of RFC 7748 §5.2.
fn iterate(provider: &CryptoProvider, id: KexId, count: u64) -> Vec<u8> {
    let base = if id == KexId::Curve25519 { 9 } else { 5 };
    let mut scalar = vec![0; id.shared_len()];
    scalar[0] = base;
    let mut u = scalar.clone();
    for _ in 0..count {
        let out = agree(provider, id, scalar.clone(), &u).unwrap();
        u = core::mem::replace(&mut scalar, out);
    }
    scalar
}

/// RFC 8031 §3.2: low-order points of Curve448 lead to a secret of zeros.
#[test]
fn e2_07_low_order_points_of_curve448_are_refused() {
    let two = |bits: u32| -> BigUint { BigUint::from(1u8) << bits };
    let prime = two(448) - two(224) - 1u8;
    let one = BigUint::from(1u8);
    for (name, provider) in providers() {
        for point in [BigUint::ZERO, one.clone(), &prime - &one, prime.clone(), &prime + &one] {
            let mut octets = point.to_bytes_le();
            octets.resize(56, 0);
            let result = agree(&provider, KexId::Curve448, vec![0x42; 56], &octets);
            assert_eq!(result, Err(CryptoError::InvalidPublicValue), "{name}: {point:x}");
        }
    }
}

#[test]
fn cr_01_wycheproof_ecdh_and_curves() {
    for (name, provider) in providers() {
        let mut run = 0;
        for group in vectors("wycheproof_dh") {
            for vector in group.vectors() {
                let (private, public) = (vector.octets("private"), vector.octets("public"));
                // IKE carries x | y: whatever is no uncompressed point has no form there.
                let point = || public.strip_prefix(&[4]).map(<[u8]>::to_vec);
                let (id, octets) = match vector.text("curve") {
                    "x25519" => (KexId::Curve25519, Some(public.clone())),
                    "x448" => (KexId::Curve448, Some(public.clone())),
                    "secp256r1" => (KexId::Ecp256, point()),
                    "secp384r1" => (KexId::Ecp384, point()),
                    "secp521r1" => (KexId::Ecp521, point()),
                    other => panic!("{other}"),
                };
                let montgomery = matches!(id, KexId::Curve25519 | KexId::Curve448);
                let private = if montgomery { private } else { sized(private, id.shared_len()) };
                let shared = vector.octets("shared");
                let result = octets
                    .ok_or(CryptoError::InvalidPublicValue)
                    .and_then(|public| agree(&provider, id, private, &public));
                let zero = montgomery && shared.iter().all(|octet| *octet == 0);
                let compressed = public.first() != Some(&4) && !montgomery;
                match vector.text("result") {
                    "invalid" => assert!(result.is_err(), "{name}: {}", vector.text("name")),
                    _ if zero || compressed => assert!(result.is_err(), "{name}: {}", vector.text("name")),
                    _ => assert_eq!(result.unwrap(), shared, "{name}: {}", vector.text("name")),
                }
                run += 1;
            }
        }
        assert_eq!(run, 322, "{name}");
    }
}

/// A big-endian number in as many octets.
fn sized(mut number: Vec<u8>, length: usize) -> Vec<u8> {
    number.drain(..number.len().saturating_sub(length));
    [vec![0; length - number.len()], number].concat()
}

fn ml_kem_of(name: &str) -> KexId {
    match name {
        "ml-kem-512" => KexId::MlKem512,
        "ml-kem-768" => KexId::MlKem768,
        "ml-kem-1024" => KexId::MlKem1024,
        other => panic!("{other}"),
    }
}

/// FIPS 203: key generation and encapsulation from given randomness where the provider takes the caller's, decapsulation and
/// implicit rejection, keys to be refused.
#[test]
fn fips203_ml_kem() {
    for (name, provider) in providers() {
        // aws-lc-rs draws its own randomness: it is held against the other provider in `compliance`.
        let given = name == "rustcrypto";
        let (mut keys, mut encapsulated, mut rejected, mut refused) = (0, 0, 0, 0);
        for group in vectors("mlkem") {
            for vector in group.vectors() {
                let method = provider.key_exchange(ml_kem_of(vector.text("alg"))).unwrap();
                let text = vector.text("name");
                let seed = [vector.octets("d"), vector.octets("z")].concat();
                let (ek, m) = (vector.octets("ek"), vector.octets("m"));
                if given && seed.len() == 64 {
                    let start = || method.start(&mut Script(seed.clone())).unwrap();
                    assert_eq!(start().public(), ek, "{name}: {text}");
                    keys += 1;
                    for (c, k) in [("c", "k"), ("c_bad", "k_bad")] {
                        if vector.octets(c).len() == method.id().response_len() {
                            let shared = start().complete(&vector.octets(c)).unwrap();
                            assert!(shared.ct_eq(&vector.octets(k)), "{name}: {text}");
                            rejected += usize::from(c == "c_bad");
                        }
                    }
                    if vector.text("result") == "invalid" {
                        assert!(start().complete(&vector.octets("c")).is_err(), "{name}: {text}");
                    }
                } else if vector.text("result") == "invalid" {
                    assert!(method.respond(&mut Script(vec![1; 64]), &ek).is_err(), "{name}: {text}");
                    refused += 1;
                }
                if given && m.len() == 32 && vector.text("result") != "invalid" {
                    let (ciphertext, shared) = method.respond(&mut Script(m), &ek).unwrap();
                    assert_eq!(ciphertext[..], vector.octets("c"), "{name}: {text}");
                    assert!(shared.ct_eq(&vector.octets("k")), "{name}: {text}");
                    encapsulated += 1;
                }
            }
        }
        assert!(refused >= 9, "{name}: {refused} refused");
        if given {
            let all = format!("{name}: {keys} keys, {encapsulated} encapsulated, {rejected} rejected");
            assert!(keys >= 6 && encapsulated >= 6 && rejected >= 6, "{all}");
        }
    }
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

/// The groups with safe primes: 2^n - 2^(n-64) - 1 + 2^64 * { [2^(n-130) pi] + offset } (RFC 2409 §6, RFC 3526).
const FROM_PI: [(KexId, u32, u32); 7] = [
    (KexId::Modp1024, 1024, 129_093),
    (KexId::Modp1536, 1536, 741_804),
    (KexId::Modp2048, 2048, 124_476),
    (KexId::Modp3072, 3072, 1_690_314),
    (KexId::Modp4096, 4096, 240_904),
    (KexId::Modp6144, 6144, 929_484),
    (KexId::Modp8192, 8192, 4_743_158),
];

fn prime_from_pi(id: KexId) -> Option<BigUint> {
    let (_, bits, offset) = FROM_PI.into_iter().find(|(of, ..)| *of == id)?;
    let two = |bits: u32| BigUint::from(1u8) << bits;
    Some(two(bits) - two(bits - 64) - 1u8 + (two(64) * (floor_pi(bits - 130) + offset)))
}

/// The prime and the generator as the vectors have them.
fn published(id: KexId) -> (BigUint, BigUint, Option<BigUint>) {
    let groups = vectors("dh_modp_groups");
    let mut all = groups.iter().flat_map(|group| group.vectors());
    let vector = all.find(|vector| group_of(vector) == Some(id)).unwrap();
    let number = |field: &str| BigUint::from_bytes_be(&vector.octets(field));
    let order = (!vector.text("q").is_empty()).then(|| number("q"));
    (number("p"), number("g"), order)
}

fn encode(value: &BigUint, length: usize) -> Vec<u8> {
    sized(value.to_bytes_be(), length)
}

/// The MODP groups of a provider.
fn modp_groups(provider: &CryptoProvider) -> Vec<KexId> {
    let all = provider.key_exchanges.iter().map(|method| method.id());
    all.filter(|id| id.name().starts_with("MODP")).collect()
}

#[test]
fn rfc3526_the_primes_follow_from_pi() {
    for (id, ..) in FROM_PI {
        assert_eq!(prime_from_pi(id).unwrap(), published(id).0, "{id}");
    }
}

/// That the primes in the code are those: 2 to the power of the exponent 5, and a secret that wraps.
#[test]
fn modp_groups_equal_num_bigint_at_chosen_exponents() {
    for (name, provider) in providers() {
        for id in modp_groups(&provider) {
            let (prime, generator, _) = published(id);
            let length = id.public_len();
            let private: Vec<u8> = (0..64).map(|at| 0x5b ^ at).collect();
            let method = provider.key_exchange(id).unwrap();
            let mut script = Script(private.clone());
            let active = method.start(&mut script).unwrap();
            let used = BigUint::from_bytes_be(&private[..64 - script.0.len()]);
            assert_eq!(active.public(), encode(&generator.modpow(&used, &prime), length), "{name}: {id}");
            let peer = generator.modpow(&BigUint::from(0x1234_5678_9abcu64), &prime);
            let shared = active.complete(&encode(&peer, length)).unwrap();
            assert!(shared.ct_eq(&encode(&peer.modpow(&used, &prime), length)), "{name}: {id}");
        }
    }
}

/// RFC 7919 §5.2: twice the strength of the group, at least.
#[test]
fn private_keys_are_sized_to_the_group() {
    let least = [
        (KexId::Modp2048, 225),
        (KexId::Modp3072, 275),
        (KexId::Modp4096, 325),
        (KexId::Modp6144, 375),
        (KexId::Modp8192, 400),
    ];
    for (name, provider) in providers() {
        for (id, bits) in least {
            let mut script = Script(vec![7; 256]);
            provider.key_exchange(id).unwrap().start(&mut script).unwrap();
            let drawn = 8 * (256 - script.0.len());
            assert!((bits..bits + 40).contains(&drawn), "{name}: {drawn} bits for {id}");
        }
    }
}

#[test]
fn e2_07_public_values_outside_the_group_are_refused() {
    let one = BigUint::from(1u8);
    for (name, provider) in providers() {
        for id in modp_groups(&provider) {
            let (prime, generator, order) = published(id);
            let length = id.public_len();
            let complete = |value: &BigUint| {
                let active = provider.key_exchange(id).unwrap().start(&mut Script(vec![9; 64])).unwrap();
                active.complete(&encode(value, length)).map(|secret| secret.expose().to_vec())
            };
            let all_ones = BigUint::from_bytes_be(&vec![0xff; length]);
            for value in [BigUint::ZERO, one.clone(), &prime - &one, prime.clone(), &prime + &one, all_ones] {
                assert_eq!(complete(&value), Err(CryptoError::InvalidPublicValue), "{name}: {id} {value:x}");
            }
            assert_eq!(complete(&generator).map(|secret| secret.len()), Ok(length));
            // RFC 6989 §2.2: 2 is not in the subgroup.
            let two = BigUint::from(2u8);
            match order {
                Some(order) if two.modpow(&order, &prime) != one => {
                    assert_eq!(complete(&two), Err(CryptoError::InvalidPublicValue), "{name}: {id}");
                }
                _ => assert!(complete(&two).is_ok(), "{name}: {id}"),
            }
        }
        let mut published = 0;
        for group in vectors("dh_modp").iter().filter(|group| group.kind() == "modp_public_check") {
            for vector in group.vectors() {
                let Some(method) = group_of(&vector).and_then(|id| provider.key_exchange(id).ok()) else {
                    continue;
                };
                let active = method.start(&mut Script(vec![9; 64])).unwrap();
                let taken = active.complete(&vector.octets("pub")).is_ok();
                assert_eq!(taken, vector.text("result") == "valid", "{name}: {}", vector.text("name"));
                published += 1;
            }
        }
        assert!(published >= 5, "{name}: {published} vectors");
    }
}

/// ECP: the origin, infinity as zeros, off the curve, x from p on, and one octet that says the point is compressed.
#[test]
fn e2_07_points_that_are_none_are_refused() {
    for (name, provider) in providers() {
        for group in vectors("dh_ecp") {
            for vector in group.vectors() {
                let Some(id) = group_of(&vector) else { continue };
                let field = id.shared_len();
                let good = [vector.octets("pub_i_x"), vector.octets("pub_i_y")].concat();
                let mut off = good.clone();
                off[2 * field - 1] ^= 1;
                let mut high = good.clone();
                high[..field].fill(0xff);
                let complete = |value: &[u8]| {
                    let private = vec![1; field];
                    provider.key_exchange(id).unwrap().start(&mut Script(private)).unwrap().complete(value)
                };
                assert!(complete(&good).is_ok(), "{name}: {id}");
                for bad in [vec![0; 2 * field], off, high] {
                    assert_eq!(complete(&bad).unwrap_err(), CryptoError::InvalidPublicValue, "{name}: {id}");
                }
                for length in [0, 1, field, field + 1, 2 * field - 1, 2 * field + 1] {
                    let bad = [&[2][..], &good, &[0]].concat()[..length].to_vec();
                    assert!(
                        matches!(complete(&bad), Err(CryptoError::Length { .. })),
                        "{name}: {id} {length}"
                    );
                }
            }
        }
    }
}

/// Candidates that are no private keys are passed over, and the next one taken.
#[test]
fn ecp_passes_over_what_is_no_private_key() {
    for (name, provider) in providers() {
        for id in [KexId::Ecp256, KexId::Ecp384, KexId::Ecp521, KexId::Brainpool256, KexId::Brainpool384] {
            let method = provider.key_exchange(id).unwrap();
            let length = id.shared_len();
            let script = [vec![0; length], vec![0xff; length], vec![7; length]].concat();
            let later = method.start(&mut Script(script)).unwrap();
            let direct = method.start(&mut Script(vec![7; length])).unwrap();
            assert_eq!(later.public(), direct.public(), "{name}: {id}");
        }
    }
}

/// RFC 7296 §2.14: the secret is as long as the prime, with leading zeros.
#[test]
fn rfc7296_2_14_a_modp_secret_keeps_its_leading_zeros() {
    for (name, provider) in providers() {
        let method = provider.key_exchange(KexId::Modp2048).unwrap();
        let active = method.start(&mut Script([vec![0; 31], vec![5]].concat())).unwrap();
        let small = |number: u8| [vec![0; 255], vec![number]].concat();
        assert_eq!(active.public(), small(32), "{name}: 2 to the fifth");
        assert!(active.complete(&small(3)).unwrap().ct_eq(&small(243)), "{name}: 3 to the fifth");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn modp_equals_num_bigint(ours in prop::collection::vec(any::<u8>(), 64), theirs in prop::array::uniform32(any::<u8>())) {
        prop_assume!(ours[..20] != [0; 20] && theirs != [0; 32]);
        for (_, provider) in providers() {
            for id in modp_groups(&provider) {
                let (prime, generator, _) = published(id);
                let mut script = Script(ours.clone());
                let active = provider.key_exchange(id).unwrap().start(&mut script).unwrap();
                let used = BigUint::from_bytes_be(&ours[..64 - script.0.len()]);
                let peer = generator.modpow(&BigUint::from_bytes_be(&theirs), &prime);
                prop_assert_eq!(BigUint::from_bytes_be(active.public()), generator.modpow(&used, &prime));
                let secret = active.complete(&encode(&peer, id.public_len())).unwrap();
                prop_assert_eq!(secret.len(), id.shared_len());
                prop_assert_eq!(BigUint::from_bytes_be(secret.expose()), peer.modpow(&used, &prime));
            }
        }
    }
}
