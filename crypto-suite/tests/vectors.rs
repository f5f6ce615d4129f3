//! Published vectors: RFC, NIST CAVS and others for PRFs, integrity, ciphers and key derivation; Wycheproof.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

#[allow(dead_code, reason = "each test crate uses its part")]
mod common;

use common::{Script, mac_of, prf_of};
use ipsec_crypto_suite::ikev2::{
    AuthOctets, ChildKeys, IkeKeys, SaKeys, Skeyseed, prf_plus, psk_auth, verify_psk_auth,
};
use ipsec_crypto_suite::{
    AeadId, CipherId, CryptoError, KexId, MacId, PrfId, Protection, Secret, rustcrypto::provider,
};
use ipsec_types::IkeSpi;
use testkit::{Vector, vectors};

fn compute_prf(prf: PrfId, key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = vec![0; prf.output_len()];
    // In three parts, as messages are authenticated in parts.
    let (head, rest) = data.split_at(data.len() / 3);
    let (middle, tail) = rest.split_at(rest.len() / 2);
    provider().prf(prf).unwrap().key(key).unwrap().compute(&[head, middle, tail], &mut out).unwrap();
    out
}

#[test]
fn prfs_and_integrity_of_the_rfcs() {
    let (mut prfs, mut macs) = (0, 0);
    for file in ["prf_mac", "prf_plus"] {
        for group in vectors(file).iter().filter(|group| group.kind() == "prf") {
            for vector in group.vectors() {
                let Some(prf) = prf_of(vector.text("alg")) else { continue };
                let (key, data) = (vector.octets("key"), vector.octets("data"));
                let full = compute_prf(prf, &key, &data);
                let expected = [vector.octets("out"), vector.octets("truncated")];
                assert!(expected.iter().any(|out| !out.is_empty()));
                for out in expected {
                    assert_eq!(full[..out.len()], out, "{}", vector.text("name"));
                }
                prfs += 1;
                let mac = mac_of(vector.text("alg")).unwrap();
                if key.len() == mac.key_len() {
                    let keyed = provider().mac(mac).unwrap().key(&Secret::from(key)).unwrap();
                    keyed.verify(&[&data], &full[..mac.icv_len()]).unwrap();
                    macs += 1;
                }
            }
        }
    }
    assert!(prfs >= 58 && macs >= 15, "{prfs} PRF and {macs} integrity vectors");
}

#[test]
fn prf_plus_of_cavs_and_others() {
    let mut run = 0;
    for group in vectors("prf_plus").iter().filter(|group| group.kind() == "prf_plus") {
        for vector in group.vectors() {
            let Some(prf) = prf_of(vector.text("prf")) else { continue };
            let keyed = provider().prf(prf).unwrap().key(&vector.octets("key")).unwrap();
            let expected = vector.octets("out");
            let mut out = vec![0; expected.len()];
            prf_plus(&*keyed, &[&vector.octets("seed")], &mut out).unwrap();
            assert_eq!(out, expected, "{}", vector.text("name"));
            run += 1;
        }
    }
    assert!(run >= 21, "{run} vectors");
}

#[test]
fn rfc7296_2_13_prf_plus_ends_after_255_blocks() {
    let keyed = provider().prf(PrfId::HmacSha1).unwrap().key(b"key").unwrap();
    let mut out = vec![0; 255 * 20];
    prf_plus(&*keyed, &[b"seed"], &mut out).unwrap();
    out.push(0);
    assert_eq!(prf_plus(&*keyed, &[b"seed"], &mut out), Err(CryptoError::OutputTooLong));
}

fn concat(keys: &IkeKeys) -> Vec<u8> {
    let some = |key: &Option<Secret>| key.as_ref().map(|key| key.expose().to_vec()).unwrap_or_default();
    [
        keys.sk_d.expose().to_vec(),
        some(&keys.sk_ai),
        some(&keys.sk_ar),
        keys.sk_ei.expose().to_vec(),
        keys.sk_er.expose().to_vec(),
        keys.sk_pi.expose().to_vec(),
        keys.sk_pr.expose().to_vec(),
    ]
    .concat()
}

fn concat_child(keys: &ChildKeys) -> Vec<u8> {
    let one = |keys: &SaKeys| {
        let integrity = keys.integrity.as_ref().map(|key| key.expose().to_vec()).unwrap_or_default();
        [keys.encryption.expose().to_vec(), integrity].concat()
    };
    [one(&keys.initiator_to_responder), one(&keys.responder_to_initiator)].concat()
}

fn ike_spi(vector: &Vector<'_>, field: &str) -> IkeSpi {
    IkeSpi(vector.octets(field).try_into().unwrap())
}

/// As much as both have, which must be at least `least`.
fn assert_prefix(ours: &[u8], published: &[u8], least: usize, what: &str) {
    let common = ours.len().min(published.len());
    assert!(common >= least, "{what}: {common} octets in common");
    assert_eq!(ours[..common], published[..common], "{what}");
}

#[test]
fn key_derivation_of_cavs() {
    let mut run = 0;
    for group in vectors("ikev2_kdf").iter().filter(|group| group.kind() == "ikev2_kdf") {
        for vector in group.vectors() {
            let Some(prf) = prf_of(vector.text("prf")) else { continue };
            let (ni, nr) = (vector.octets("ni"), vector.octets("nr"));
            let (spi_i, spi_r) = (ike_spi(&vector, "spi_i"), ike_spi(&vector, "spi_r"));
            let shared = Secret::from(vector.octets("gir"));
            let shared_new = Secret::from(vector.octets("gir_new"));
            let provider = provider();
            for protection in PROTECTIONS {
                let seed = Skeyseed::new(&provider, prf, &ni, &nr, &shared).unwrap();
                let derive = |seed: &Skeyseed| seed.derive(protection, &ni, &nr, spi_i, spi_r).unwrap();
                let keys = derive(&seed);
                assert_prefix(&concat(&keys), &vector.octets("dkm"), 100, "SK_*");
                let child = |shared| {
                    let keys = ChildKeys::derive(&provider, prf, &keys.sk_d, shared, &ni, &nr, protection);
                    concat_child(&keys.unwrap())
                };
                assert_prefix(&child(None), &vector.octets("dkm_child"), 40, "KEYMAT");
                assert_prefix(
                    &child(Some(&shared_new)),
                    &vector.octets("dkm_child_dh"),
                    40,
                    "KEYMAT with PFS",
                );

                let rekeyed =
                    Skeyseed::rekey(&provider, (prf, &keys.sk_d), prf, &ni, &nr, &shared_new).unwrap();
                let ours = concat(&derive(&rekeyed));
                let keyed = provider.prf(prf).unwrap().key(&vector.octets("skeyseed_rekey")).unwrap();
                let mut expected = vec![0; ours.len()];
                prf_plus(&*keyed, &[&ni, &nr, &spi_i.0, &spi_r.0], &mut expected).unwrap();
                assert_eq!(ours, expected, "rekey");
            }
            run += 1;
        }
    }
    assert!(run >= 43, "{run} vectors");
}

const PROTECTIONS: [Protection; 3] = [
    Protection::Aead(AeadId::Aes256Gcm16),
    Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha1_96 },
    Protection::Composed { cipher: CipherId::Aes256Cbc, mac: MacId::HmacSha2_512_256 },
];

#[test]
fn keys_and_auth_of_real_exchanges() {
    let provider = provider();
    let mut exchanges = 0;
    for group in vectors("ikev2_kdf").iter().filter(|group| group.kind() == "ikev2_keys") {
        for vector in group.vectors() {
            let Some(prf) = prf_of(vector.text("prf")) else { continue };
            let (ni, nr) = (vector.octets("ni"), vector.octets("nr"));
            let cipher =
                CipherId::from_ikev2(12, Some(u16::try_from(vector.octets("sk_ei").len() * 8).unwrap()));
            let mac = match vector.octets("sk_ai").len() {
                20 => MacId::HmacSha1_96,
                32 => MacId::HmacSha2_256_128,
                _ => continue,
            };
            let protection = Protection::Composed { cipher: cipher.unwrap(), mac };
            let seed = Skeyseed::new(&provider, prf, &ni, &nr, &Secret::from(vector.octets("gir"))).unwrap();
            let spis = (ike_spi(&vector, "spi_i"), ike_spi(&vector, "spi_r"));
            let keys = seed.derive(protection, &ni, &nr, spis.0, spis.1).unwrap();
            let names = ["sk_d", "sk_ai", "sk_ar", "sk_ei", "sk_er", "sk_pi", "sk_pr"];
            let published: Vec<u8> = names.iter().flat_map(|name| vector.octets(name)).collect();
            assert_eq!(concat(&keys), published, "{}", vector.text("name"));
            exchanges += 1;
        }
    }
    assert!(exchanges >= 2, "{exchanges} exchanges");
    let mut auths = 0;
    for group in vectors("ike_auth") {
        for vector in group.vectors() {
            let prf = prf_of(vector.text("prf")).unwrap();
            let (message, nonce) = (vector.octets("ike_sa_init"), vector.octets("nonce_peer"));
            let id = vector.octets("id_body");
            let (psk, sk_p) = (Secret::from(vector.octets("psk")), Secret::from(vector.octets("sk_p")));
            let octets = AuthOctets { message: &message, peer_nonce: &nonce, id_body: &id };
            let auth = psk_auth(&provider, prf, &psk, &sk_p, &octets).unwrap();
            assert!(auth.ct_eq(&vector.octets("auth")), "{}", vector.text("name"));
            let verify = |auth: &[u8]| verify_psk_auth(&provider, prf, &psk, &sk_p, &octets, auth);
            let mut value = vector.octets("auth");
            assert_eq!(verify(&value), Ok(()));
            // The first octet, the last, one less, none, one more.
            for at in [0, value.len() - 1] {
                value[at] ^= 1;
                assert_eq!(verify(&value), Err(CryptoError::Authentication));
                value[at] ^= 1;
            }
            for wrong in [&value[1..], &[], &[value.clone(), vec![0]].concat()] {
                assert_eq!(verify(wrong), Err(CryptoError::Authentication));
            }
            auths += 1;
        }
    }
    assert_eq!(auths, 2);
}

#[test]
fn rfc3602_aes_cbc() {
    let mut run = 0;
    for group in vectors("ciphers") {
        for vector in group.vectors().filter(|vector| vector.text("alg") == "aes-cbc") {
            let key = vector.octets("key");
            let id = CipherId::from_ikev2(12, Some(u16::try_from(key.len() * 8).unwrap())).unwrap();
            let keyed = provider().cipher(id).unwrap().key(&Secret::from(key)).unwrap();
            let (iv, plaintext, ciphertext) = (vector.octets("iv"), vector.octets("pt"), vector.octets("ct"));
            let mut data = plaintext.clone();
            keyed.encrypt(&iv, &mut data).unwrap();
            assert_eq!(data, ciphertext, "{}", vector.text("name"));
            keyed.decrypt(&iv, &mut data).unwrap();
            assert_eq!(data, plaintext, "{}", vector.text("name"));
            run += 1;
        }
    }
    assert!(run >= 11, "{run} vectors");
}

#[test]
fn cr_01_wycheproof_aes_gcm() {
    let mut run = 0;
    for group in vectors("wycheproof_aead") {
        for vector in group.vectors().filter(|vector| vector.text("alg") == "aes-gcm") {
            let key = vector.octets("key");
            let id = AeadId::from_ikev2(20, Some(u16::try_from(key.len() * 8).unwrap())).unwrap();
            let keyed = provider().aead(id).unwrap().key(&Secret::from(key)).unwrap();
            let (nonce, aad, tag) = (vector.octets("nonce"), vector.octets("aad"), vector.octets("tag"));
            let (plaintext, mut data) = (vector.octets("pt"), vector.octets("ct"));
            let opened = keyed.open(&nonce, &aad, &mut data, &tag);
            let valid = vector.text("result") == "valid" && nonce.len() == 12;
            assert_eq!(opened.is_ok(), valid, "{}", vector.text("name"));
            assert!(valid == (data == plaintext) || plaintext.is_empty(), "{}", vector.text("name"));
            if valid {
                let mut made = [0; 16];
                keyed.seal(&nonce, &aad, &mut data, &mut made).unwrap();
                assert_eq!((data, made.to_vec()), (vector.octets("ct"), tag));
            }
            run += 1;
        }
    }
    assert!(run >= 47, "{run} vectors");
}

#[test]
fn cr_01_wycheproof_hmac() {
    let (mut run, mut truncated) = (0, 0);
    for group in vectors("wycheproof_mac") {
        for vector in group.vectors() {
            let Some(prf) = prf_of(vector.text("alg")) else { continue };
            let (key, message, tag) = (vector.octets("key"), vector.octets("msg"), vector.octets("tag"));
            let full = compute_prf(prf, &key, &message);
            assert_eq!(full[..tag.len()] == tag, vector.text("result") == "valid", "{}", vector.text("name"));
            let mac = mac_of(vector.text("alg")).unwrap();
            if key.len() == mac.key_len() && tag.len() == mac.icv_len() {
                let keyed = provider().mac(mac).unwrap().key(&Secret::from(key)).unwrap();
                let verified = keyed.verify(&[&message], &tag);
                assert_eq!(verified.is_ok(), vector.text("result") == "valid", "{}", vector.text("name"));
                truncated += 1;
            }
            run += 1;
        }
    }
    assert!(run >= 160 && truncated >= 42, "{run} vectors, {truncated} of them as integrity");
}

/// The shared secret our own `complete` makes of a private key and a public value.
fn agree(id: KexId, private: Vec<u8>, public: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let active = provider().key_exchange(id)?.start(&mut Script(private))?;
    active.complete(public).map(|secret| secret.expose().to_vec())
}

fn public_of(id: KexId, private: Vec<u8>) -> Vec<u8> {
    provider().key_exchange(id).unwrap().start(&mut Script(private)).unwrap().public().to_vec()
}

#[test]
fn rfc5903_ecp_256() {
    let mut run = 0;
    for group in vectors("dh_ecp") {
        for vector in group.vectors().filter(|vector| vector.number("group") == Some(19)) {
            let point = |end: &str| {
                [vector.octets(&format!("pub_{end}_x")), vector.octets(&format!("pub_{end}_y"))].concat()
            };
            for (own, peer) in [("i", "r"), ("r", "i")] {
                let private = vector.octets(&format!("priv_{own}"));
                assert_eq!(public_of(KexId::Ecp256, private.clone()), point(own));
                assert_eq!(agree(KexId::Ecp256, private, &point(peer)).unwrap(), vector.octets("shared_x"));
                run += 1;
            }
        }
    }
    assert!(run >= 4, "{run} agreements");
}

#[test]
fn rfc7748_rfc8031_x25519_and_low_order_points() {
    let (mut run, mut refused) = (0, 0);
    for group in vectors("dh_x") {
        for vector in group.vectors().filter(|vector| vector.number("group") == Some(31)) {
            if group.kind() == "xdh_low_order" {
                let result = agree(KexId::Curve25519, vec![0x42; 32], &vector.octets("public"));
                assert_eq!(result, Err(CryptoError::InvalidPublicValue), "{}", vector.text("name"));
                refused += 1;
            } else if let Some(count) = vector.number("iterations").filter(|count| *count <= 1000) {
                assert_eq!(iterate_x25519(count), vector.octets("out"), "{}", vector.text("name"));
                run += 1;
            } else if !vector.text("scalar").is_empty() {
                let out = agree(KexId::Curve25519, vector.octets("scalar"), &vector.octets("u")).unwrap();
                assert_eq!(out, vector.octets("out"), "{}", vector.text("name"));
                run += 1;
            } else if !vector.text("shared").is_empty() {
                for (own, peer) in [("i", "r"), ("r", "i")] {
                    let private = vector.octets(&format!("priv_{own}"));
                    let (public, peer) = (format!("pub_{own}"), vector.octets(&format!("pub_{peer}")));
                    assert_eq!(public_of(KexId::Curve25519, private.clone()), vector.octets(&public));
                    let shared = agree(KexId::Curve25519, private, &peer).unwrap();
                    assert_eq!(shared, vector.octets("shared"), "{}", vector.text("name"));
                }
                run += 1;
            }
        }
    }
    assert!(run >= 6 && refused >= 7, "{run} valid, {refused} refused");
}

/// The iterated test of RFC 7748 §5.2.
fn iterate_x25519(count: u64) -> Vec<u8> {
    let mut scalar = [vec![9], vec![0; 31]].concat();
    let mut u = scalar.clone();
    for _ in 0..count {
        let out = agree(KexId::Curve25519, scalar.clone(), &u).unwrap();
        u = core::mem::replace(&mut scalar, out);
    }
    scalar
}

#[test]
fn cr_01_wycheproof_x25519_and_ecdh() {
    let mut run = 0;
    for group in vectors("wycheproof_dh") {
        for vector in group.vectors() {
            let (mut private, public) = (vector.octets("private"), vector.octets("public"));
            let (id, public) = match vector.text("curve") {
                "x25519" => (KexId::Curve25519, Some(public)),
                // IKE carries x | y: whatever is no uncompressed point has no form there.
                "secp256r1" => {
                    let excess = private.len().saturating_sub(32);
                    private.drain(..excess);
                    let padded = [vec![0; 32 - private.len()], private].concat();
                    private = padded;
                    (KexId::Ecp256, public.strip_prefix(&[4]).map(<[u8]>::to_vec))
                }
                _ => continue,
            };
            let shared = vector.octets("shared");
            let result =
                public.ok_or(CryptoError::InvalidPublicValue).and_then(|public| agree(id, private, &public));
            let zero = id == KexId::Curve25519 && shared.iter().all(|octet| *octet == 0);
            let compressed = vector.octets("public").first() != Some(&4) && id == KexId::Ecp256;
            match vector.text("result") {
                "invalid" => assert!(result.is_err(), "{}", vector.text("name")),
                _ if zero || compressed => assert!(result.is_err(), "{}", vector.text("name")),
                _ => assert_eq!(result.unwrap(), shared, "{}", vector.text("name")),
            }
            run += 1;
        }
    }
    assert!(run >= 146, "{run} vectors");
}
