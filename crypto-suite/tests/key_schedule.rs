//! Key schedules of IKEv1 and IKEv2 against NIST CAVS, real exchanges and others.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

#[allow(dead_code, reason = "each test crate uses its part")]
mod common;

use common::prf_of;
use ipsec_crypto_suite::ikev1::{Cookies, KeyExchange, Phase1Keys, Skeyid, phase_1_iv, phase_2_iv};
use ipsec_crypto_suite::ikev2::{
    AuthOctets, ChildKeys, IkeKeys, Skeyseed, prf_plus, psk_auth, verify_psk_auth,
};
use ipsec_crypto_suite::{
    AeadId, CipherId, CryptoError, CryptoProvider, HashId, MacId, PrfAlg, PrfId, PrfKey, Protection, SaKeys,
    Secret, nat_detection,
};
use ipsec_types::IkeSpi;
use testkit::{Vector, hex, vectors};

/// The default provider, with the legacy algorithms where they are compiled in.
fn provider() -> CryptoProvider {
    common::providers().remove(0).1
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
                let child = |shared: &[&Secret]| {
                    let keys = ChildKeys::derive(&provider, prf, &keys.sk_d, shared, &ni, &nr, protection);
                    concat_child(&keys.unwrap())
                };
                assert_prefix(&child(&[]), &vector.octets("dkm_child"), 40, "KEYMAT");
                assert_prefix(&child(&[&shared_new]), &vector.octets("dkm_child_dh"), 40, "KEYMAT with PFS");

                let rekeyed =
                    Skeyseed::rekey(&provider, (prf, &keys.sk_d), prf, &ni, &nr, &[&shared_new]).unwrap();
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

/// RFC 7296 §2.14, RFC 8784, RFC 5723 and RFC 9370: values derived from their texts.
#[test]
fn cr_03_fixed_key_prfs_ppk_resumption_and_additional_key_exchanges() {
    let provider = provider();
    let mut run = 0;
    for group in vectors("ikev2_kdf_extensions") {
        for vector in group.vectors() {
            let prf = prf_of(vector.text("prf")).unwrap();
            let (ni, nr) = (vector.octets("ni"), vector.octets("nr"));
            let secret = |field: &str| Secret::from(vector.octets(field));
            match group.kind() {
                "kdf_fixed_prf" => {
                    let seed = Skeyseed::new(&provider, prf, &ni, &nr, &secret("gir")).unwrap();
                    check_keys(&derived(&seed, &vector, &ni, &nr), |field| vector.octets(field));
                }
                "kdf_ppk" => {
                    let seed = Skeyseed::new(&provider, prf, &ni, &nr, &secret("gir")).unwrap();
                    let mut keys = derived(&seed, &vector, &ni, &nr);
                    for (key, field) in [
                        (&keys.sk_d, "sk_d_prime"),
                        (&keys.sk_pi, "sk_pi_prime"),
                        (&keys.sk_pr, "sk_pr_prime"),
                    ] {
                        assert!(key.ct_eq(&vector.octets(field)), "{field}");
                    }
                    keys.mix_ppk(&provider, prf, &secret("ppk")).unwrap();
                    check_keys(&keys, |field| vector.octets(field));
                }
                "kdf_resumption" => {
                    let seed = Skeyseed::resumption(&provider, prf, &secret("sk_d_old"), &ni, &nr).unwrap();
                    check_keys(&derived(&seed, &vector, &ni, &nr), |field| vector.octets(field));
                }
                "kdf_multi_ke" => {
                    let mut sk_d: Option<Secret> = None;
                    for step in vector.value("steps").unwrap().as_array().unwrap() {
                        let field = |name: &str| hex(step[name].as_str().unwrap_or_default());
                        let shared = Secret::from(field("shared"));
                        let seed = match &sk_d {
                            None => Skeyseed::new(&provider, prf, &ni, &nr, &shared),
                            Some(sk_d) => Skeyseed::additional(&provider, prf, sk_d, &ni, &nr, &shared),
                        };
                        let keys = derived(&seed.unwrap(), &vector, &ni, &nr);
                        check_keys(&keys, field);
                        sk_d = Some(keys.sk_d);
                    }
                }
                "kdf_multi_ke_child" => {
                    let list = vector.value("shared").unwrap().as_array().unwrap();
                    let shared: Vec<_> =
                        list.iter().map(|one| Secret::from(hex(one.as_str().unwrap()))).collect();
                    let shared: Vec<_> = shared.iter().collect();
                    let sk_d = secret("sk_d");
                    let keys = ChildKeys::derive(
                        &provider,
                        prf,
                        &sk_d,
                        &shared,
                        &ni,
                        &nr,
                        Protection::Aead(AeadId::Aes256Gcm16),
                    );
                    assert_prefix(&concat_child(&keys.unwrap()), &vector.octets("keymat"), 64, "KEYMAT");
                    let rekeyed = Skeyseed::rekey(&provider, (prf, &sk_d), prf, &ni, &nr, &shared).unwrap();
                    let spis = (IkeSpi([1; 8]), IkeSpi([2; 8]));
                    let keys = rekeyed.derive(PROTECTIONS[0], &ni, &nr, spis.0, spis.1).unwrap();
                    let keyed = provider.prf(prf).unwrap().key(&vector.octets("skeyseed_rekey")).unwrap();
                    let mut expected = concat(&keys);
                    prf_plus(&*keyed, &[&ni, &nr, &spis.0.0, &spis.1.0], &mut expected).unwrap();
                    assert_eq!(concat(&keys), expected);
                }
                other => panic!("{other}"),
            }
            run += 1;
        }
    }
    assert_eq!(run, 8);
}

/// The keys of AES-256-CBC with the integrity algorithm that has the vector's key lengths.
fn derived(seed: &Skeyseed, vector: &Vector<'_>, ni: &[u8], nr: &[u8]) -> IkeKeys {
    let step = vector.value("steps").and_then(|steps| steps.get(0));
    let length = |field: &str| {
        let own = vector.octets(field).len();
        step.map_or(own, |step| hex(step[field].as_str().unwrap_or_default()).len())
    };
    let cipher = CipherId::from_ikev2(12, Some(u16::try_from(8 * length("sk_ei")).unwrap()));
    let protection = match (cipher, length("sk_ai")) {
        (Some(cipher), 20) => Protection::Composed { cipher, mac: MacId::HmacSha1_96 },
        (Some(cipher), 32) => Protection::Composed { cipher, mac: MacId::HmacSha2_256_128 },
        (Some(cipher), 16) => Protection::Composed { cipher, mac: MacId::AesXcbc96 },
        (Some(cipher), 48) => Protection::Composed { cipher, mac: MacId::HmacSha2_384_192 },
        (Some(cipher), 64) => Protection::Composed { cipher, mac: MacId::HmacSha2_512_256 },
        (_, 0) => Protection::Aead(AeadId::Aes256Gcm16),
        other => unreachable!("{other:?}"),
    };
    seed.derive(protection, ni, nr, ike_spi(vector, "spi_i"), ike_spi(vector, "spi_r")).unwrap()
}

fn check_keys(keys: &IkeKeys, published: impl Fn(&str) -> Vec<u8>) {
    let none = Secret::new([]);
    let named = [
        ("sk_d", &keys.sk_d),
        ("sk_ai", keys.sk_ai.as_ref().unwrap_or(&none)),
        ("sk_ar", keys.sk_ar.as_ref().unwrap_or(&none)),
        ("sk_ei", &keys.sk_ei),
        ("sk_er", &keys.sk_er),
        ("sk_pi", &keys.sk_pi),
        ("sk_pr", &keys.sk_pr),
    ];
    for (name, key) in named {
        assert_eq!(key.expose(), published(name), "{name}");
    }
}

#[test]
fn more_than_eight_key_exchanges_have_no_seed() {
    let (provider, shared) = (provider(), Secret::new([1; 32]));
    let sk_d = Secret::new([2; 32]);
    for (count, fits) in [(0, false), (1, true), (8, true), (9, false)] {
        let all = vec![&shared; count];
        let prf = PrfId::HmacSha2_256;
        let rekeyed = Skeyseed::rekey(&provider, (prf, &sk_d), prf, &[3; 16], &[4; 16], &all);
        assert_eq!(rekeyed.is_ok(), fits, "{count} for an IKE SA");
        let child = ChildKeys::derive(&provider, prf, &sk_d, &all, &[3; 16], &[4; 16], PROTECTIONS[0]);
        assert_eq!(child.is_ok(), fits || count == 0, "{count} for a Child SA");
    }
}

fn cookies(vector: &Vector<'_>) -> Cookies {
    Cookies { initiator: ike_spi(vector, "cky_i"), responder: ike_spi(vector, "cky_r") }
}

#[test]
fn ikev1_skeyid_of_cavs_for_every_way_to_authenticate() {
    let (mut run, mut derived) = (0, 0);
    for group in vectors("ikev1_kdf").iter().filter(|group| group.kind() == "ikev1_kdf") {
        for vector in group.vectors() {
            let prf = prf_of(vector.text("prf")).unwrap();
            let (ni, nr) = (vector.octets("ni"), vector.octets("nr"));
            let (shared, provider) = (Secret::from(vector.octets("gxy")), provider());
            let skeyid = match vector.text("auth") {
                "psk" => {
                    let psk = Secret::from(vector.octets("psk"));
                    Skeyid::pre_shared_key(&provider, prf, &psk, &ni, &nr)
                }
                "signature" => Skeyid::signature(&provider, prf, &ni, &nr, &shared),
                "pke" => {
                    let mut hashes = HashId::ALL.iter().copied();
                    let hash = hashes.find(|hash| PrfId::hmac_of(*hash) == prf).unwrap();
                    derived += 1;
                    Skeyid::public_key_encryption(&provider, prf, hash, &ni, &nr, cookies(&vector))
                }
                other => panic!("{other}"),
            };
            let keys = skeyid.unwrap().derive(&shared, cookies(&vector)).unwrap();
            for (name, key) in
                [("skeyid_d", &keys.skeyid_d), ("skeyid_a", &keys.skeyid_a), ("skeyid_e", &keys.skeyid_e)]
            {
                assert!(key.ct_eq(&vector.octets(name)), "{name} of {}", vector.text("name"));
            }
            run += 1;
        }
    }
    assert!(run - derived >= 68 && derived == 12, "{run} vectors, {derived} of them derived");
}

#[test]
fn rfc2409_appendix_b_keys_and_5_5_keymat() {
    let (mut keys, mut expansions, mut keymat) = (0, 0, 0);
    for group in vectors("ikev1_kdf") {
        for vector in group.vectors() {
            let Some(prf) = prf_of(vector.text("prf")) else { continue };
            let phase_1 =
                |d: Vec<u8>, e: Vec<u8>| Phase1Keys::from_parts(prf, d.into(), Secret::new([]), e.into());
            let expected = vector.octets("out");
            match group.kind() {
                "ikev1_app_b" => {
                    let skeyid_e = vector.octets("skeyid_e");
                    for cipher in [CipherId::Aes128Cbc, CipherId::Aes256Cbc, CipherId::TripleDesCbc] {
                        let expanded = cipher.key_len() > skeyid_e.len();
                        let whole = if expanded { &expected } else { &skeyid_e };
                        let Some(front) = whole.get(..cipher.key_len()) else { continue };
                        let keys = phase_1(Vec::new(), skeyid_e.clone());
                        let key = keys.encryption_key(&provider(), cipher).unwrap();
                        assert_eq!(key.expose(), front, "{}", vector.text("name"));
                        expansions += usize::from(expanded);
                    }
                    keys += 1;
                }
                // Seeds of the form protocol | SPI | nonces; the others are arbitrary.
                "ikev1_keymat" if vector.octets("seed").len() > 16 => {
                    let seed = vector.octets("seed");
                    if seed[0] != 3 {
                        continue;
                    }
                    let spi = u32::from_be_bytes(seed[1..5].try_into().unwrap());
                    let keys = phase_1(vector.octets("skeyid_d"), Vec::new());
                    for protection in PROTECTIONS {
                        let sa =
                            keys.keymat(&provider(), None, (3, spi), (&seed[5..], &[]), protection).unwrap();
                        let whole = [sa.encryption, sa.integrity.unwrap_or_else(|| Secret::new([]))];
                        let ours: Vec<u8> = whole.iter().flat_map(|key| key.expose().to_vec()).collect();
                        assert_prefix(&ours, &expected, 36, vector.text("name"));
                    }
                    keymat += 1;
                }
                _ => {}
            }
        }
    }
    assert!(keys >= 15 && keymat >= 2, "{keys} keys, {keymat} KEYMATs");
    assert!(expansions >= 4, "{expansions} keys longer than SKEYID_e");
}

/// A PRF of the caller's whose output is empty yields no key, and no panic.
#[test]
fn a_prf_without_output_makes_no_keys() {
    #[derive(Debug)]
    struct Empty;
    impl PrfAlg for Empty {
        fn id(&self) -> PrfId {
            PrfId::HmacSha2_256
        }
        fn key(&self, _key: &[u8]) -> Result<Box<dyn PrfKey>, CryptoError> {
            Ok(Box::new(Self))
        }
    }
    impl PrfKey for Empty {
        fn output_len(&self) -> usize {
            0
        }
        fn compute(&self, _parts: &[&[u8]], _out: &mut [u8]) -> Result<(), CryptoError> {
            Ok(())
        }
    }
    let mut provider = provider();
    provider.prfs = vec![&Empty as &dyn PrfAlg].into();
    let keys =
        Phase1Keys::from_parts(PrfId::HmacSha2_256, Secret::new([1; 32]), Secret::new([]), Secret::new([]));
    let nonces = (&[1; 16][..], &[2; 16][..]);
    assert!(keys.keymat(&provider, None, (3, 256), nonces, PROTECTIONS[0]).is_err());
    assert!(keys.encryption_key(&provider, CipherId::Aes128Cbc).is_err());
    let (psk, shared) = (Secret::new([1; 8]), Secret::new([2; 32]));
    assert!(Skeyid::pre_shared_key(&provider, PrfId::HmacSha2_256, &psk, nonces.0, nonces.1).is_ok());
    let seed = Skeyseed::new(&provider, PrfId::HmacSha2_256, nonces.0, nonces.1, &shared).unwrap();
    let spis = (IkeSpi([1; 8]), IkeSpi([2; 8]));
    assert!(seed.derive(PROTECTIONS[0], nonces.0, nonces.1, spis.0, spis.1).is_err());
}

/// Whole exchanges: SKEYID to the IVs.
#[test]
fn ikev1_phase_1_of_real_exchanges() {
    let mut run = 0;
    for group in vectors("ikev1_kdf").iter().filter(|group| group.kind() == "ikev1_phase1") {
        for vector in group.vectors() {
            let (provider, prf) = (provider(), prf_of(vector.text("prf")).unwrap());
            let psk = Secret::from(vector.octets("psk"));
            let (ni, nr) = (vector.octets("ni"), vector.octets("nr"));
            let skeyid = Skeyid::pre_shared_key(&provider, prf, &psk, &ni, &nr).unwrap();
            let shared = Secret::from(vector.octets("gxy"));
            let keys = skeyid.derive(&shared, cookies(&vector)).unwrap();
            let key = keys.encryption_key(&provider, CipherId::Aes128Cbc).unwrap();
            assert!(key.ct_eq(&vector.octets("ka")), "{}", vector.text("name"));
            let (gxi, gxr) = (vector.octets("gxi"), vector.octets("gxr"));
            let hash = provider.hash(HashId::Sha1).unwrap();
            let exchange = KeyExchange { initiator: &gxi, responder: &gxr };
            let iv = phase_1_iv(hash, exchange, CipherId::Aes128Cbc).unwrap();
            assert_eq!(iv[..], vector.octets("phase1_iv"));
            if let Ok(message_id) = vector.octets("message_id").try_into() {
                let iv = phase_2_iv(hash, &iv, u32::from_be_bytes(message_id), CipherId::Aes128Cbc).unwrap();
                assert_eq!(iv[..], vector.octets("message_iv"));
            }
            run += 1;
        }
    }
    assert_eq!(run, 3);
}

#[test]
fn nat_detection_of_both_versions() {
    let mut run = 0;
    for group in vectors("natd") {
        for vector in group.vectors() {
            let id = match vector.text("hash") {
                "sha1" => HashId::Sha1,
                "sha2-256" | "sha256" => HashId::Sha2_256,
                "sha2-384" | "sha384" => HashId::Sha2_384,
                "sha2-512" | "sha512" => HashId::Sha2_512,
                "md5" if cfg!(feature = "legacy") => HashId::Md5,
                "md5" => continue,
                other => panic!("{other}"),
            };
            let ip = vector.octets("ip");
            let ip = match <[u8; 4]>::try_from(&ip[..]) {
                Ok(v4) => core::net::IpAddr::from(v4),
                Err(_) => <[u8; 16]>::try_from(&ip[..]).unwrap().into(),
            };
            let end = (ip, u16::try_from(vector.number("port").unwrap()).unwrap()).into();
            let expected = vector.octets("digest");
            let mut out = vec![0; expected.len()];
            let provider = provider();
            let hash = provider.hash(id).unwrap();
            let (spi_i, spi_r) = (ike_spi(&vector, "spi_i"), ike_spi(&vector, "spi_r"));
            nat_detection(hash, spi_i, spi_r, end, &mut out).unwrap();
            assert_eq!(out, expected, "{}", vector.text("name"));
            run += 1;
        }
    }
    assert!(run >= 12, "{run} vectors");
}
