//! Signatures of each provider against Wycheproof and the RFCs, and what RFC 7427 names them by.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

#[allow(dead_code, reason = "each test crate uses its part")]
mod common;

use common::providers;
use ipsec_crypto_suite::{
    CryptoError, CryptoProvider, KeyType, PublicKey, Secret, SignatureForm, SignatureId, SigningKey,
    rustcrypto,
};
use testkit::{Vector, hex, testdata, truth, vectors};

/// The DER of a number or a sequence.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let length = match length {
        0..128 => vec![length as u8],
        128..256 => vec![0x81, length as u8],
        _ => vec![0x82, (length >> 8) as u8, length as u8],
    };
    [vec![tag], length, content.to_vec()].concat()
}

fn integer(octets: &[u8]) -> Vec<u8> {
    let start = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
    let octets = &octets[start..];
    let zero = if octets.first().is_none_or(|octet| *octet > 127) { &[0][..] } else { &[] };
    der(2, &[zero, octets].concat())
}

fn rsa_key(modulus: &[u8], exponent: &[u8]) -> PublicKey {
    let octets = der(0x30, &[integer(modulus), integer(exponent)].concat());
    PublicKey::new(KeyType::Rsa, &octets).unwrap()
}

fn ecdsa_of(vector: &Vector<'_>) -> (SignatureId, SignatureForm) {
    let id = match (vector.text("curve"), vector.text("hash")) {
        ("secp256r1", "SHA-256") => SignatureId::EcdsaP256Sha2_256,
        ("secp384r1", "SHA-384") => SignatureId::EcdsaP384Sha2_384,
        ("secp521r1", "SHA-512") => SignatureId::EcdsaP521Sha2_512,
        other => panic!("{other:?}"),
    };
    let form = if vector.text("encoding") == "der" { SignatureForm::Der } else { SignatureForm::Fixed };
    (id, form)
}

fn check(
    (name, provider): &(&str, CryptoProvider),
    (id, form): (SignatureId, SignatureForm),
    key: &PublicKey,
    vector: &Vector<'_>,
) {
    let (message, signature) = (vector.octets("msg"), vector.octets("sig"));
    let (head, tail) = message.split_at(message.len() / 2);
    let verified = provider.verify_signature(id, form, key, &[head, tail], &signature);
    let text = vector.text("name");
    match vector.text("result") {
        "invalid" => assert_eq!(verified, Err(CryptoError::Authentication), "{name}: {id}: {text}"),
        "acceptable" => {}
        _ => assert_eq!(verified, Ok(()), "{name}: {id}: {text}"),
    }
}

#[test]
fn cr_01_cr_04_wycheproof_ecdsa_and_eddsa() {
    for provider in &providers() {
        let mut run = 0;
        for group in vectors("wycheproof_sig_ec") {
            for vector in group.vectors() {
                let public = vector.octets("public");
                let (scheme, key_type) = match (group.kind(), vector.text("curve")) {
                    ("wp_ecdsa", _) => (ecdsa_of(&vector), ecdsa_of(&vector).0.key_type()),
                    (_, "ed25519") => ((SignatureId::Ed25519, SignatureForm::Fixed), KeyType::Ed25519),
                    (_, "ed448") => ((SignatureId::Ed448, SignatureForm::Fixed), KeyType::Ed448),
                    other => panic!("{other:?}"),
                };
                check(provider, scheme, &PublicKey::new(key_type, &public).unwrap(), &vector);
                run += 1;
            }
        }
        assert_eq!(run, 518);
    }
}

#[test]
fn cr_01_e2_17_wycheproof_rsa() {
    for provider in &providers() {
        let (mut run, mut sha1) = (0, 0);
        for group in vectors("wycheproof_sig_rsa") {
            for vector in group.vectors() {
                let id = match (vector.text("scheme"), vector.text("hash")) {
                    ("pkcs1", "SHA-256") => SignatureId::RsaPkcs1Sha2_256,
                    ("pkcs1", "SHA-384") => SignatureId::RsaPkcs1Sha2_384,
                    ("pkcs1", "SHA-512") => SignatureId::RsaPkcs1Sha2_512,
                    ("pss", "SHA-256") => SignatureId::RsaPssSha2_256,
                    ("pss", "SHA-384") => SignatureId::RsaPssSha2_384,
                    ("pss", "SHA-512") => SignatureId::RsaPssSha2_512,
                    // PSS with SHA-1 does not exist here.
                    ("pss", "SHA-1") => {
                        sha1 += 1;
                        continue;
                    }
                    other => panic!("{other:?}"),
                };
                let key = rsa_key(&vector.octets("n"), &vector.octets("e"));
                check(provider, (id, SignatureForm::Fixed), &key, &vector);
                run += 1;
            }
        }
        assert_eq!((run, sha1), (165, 14));
    }
}

#[test]
fn rfc4754_8_signatures() {
    for provider in &providers() {
        let mut run = 0;
        for group in vectors("ike_signature").iter().filter(|group| group.kind() == "wp_ecdsa") {
            for vector in group.vectors() {
                let scheme = ecdsa_of(&vector);
                let key = PublicKey::new(scheme.0.key_type(), &vector.octets("public")).unwrap();
                check(provider, scheme, &key, &vector);
                let method = u8::try_from(vector.number("auth_method").unwrap()).unwrap();
                assert_eq!(SignatureId::from_auth_method(method), Some(scheme.0));
                run += 1;
            }
        }
        assert_eq!(run, 3);
    }
}

#[test]
fn rfc7427_appendix_a_algorithm_identifiers() {
    let kinds = [
        KeyType::Rsa,
        KeyType::EcdsaP256,
        KeyType::EcdsaP384,
        KeyType::EcdsaP521,
        KeyType::Ed25519,
        KeyType::Ed448,
    ];
    let expected = |name: &str| -> Vec<SignatureId> {
        use SignatureId as Id;
        match name {
            "sha1WithRSAEncryption" => vec![Id::RsaPkcs1Sha1],
            "sha256WithRSAEncryption" => vec![Id::RsaPkcs1Sha2_256],
            "sha384WithRSAEncryption" => vec![Id::RsaPkcs1Sha2_384],
            "sha512WithRSAEncryption" => vec![Id::RsaPkcs1Sha2_512],
            "ecdsa-with-sha256" => vec![Id::EcdsaP256Sha2_256, Id::EcdsaP384Sha2_256, Id::EcdsaP521Sha2_256],
            "ecdsa-with-sha384" => vec![Id::EcdsaP256Sha2_384, Id::EcdsaP384Sha2_384, Id::EcdsaP521Sha2_384],
            "ecdsa-with-sha512" => vec![Id::EcdsaP256Sha2_512, Id::EcdsaP384Sha2_512, Id::EcdsaP521Sha2_512],
            "RSASSA-PSS with sha-256" => vec![Id::RsaPssSha2_256],
            "id-Ed25519" => vec![Id::Ed25519],
            "id-Ed448" => vec![Id::Ed448],
            // Not here: DSA, ECDSA with SHA-1, and PSS with the default parameters, which mean SHA-1.
            _ => Vec::new(),
        }
    };
    let mut run = 0;
    for group in vectors("ike_signature").iter().filter(|group| group.kind() == "algid") {
        for vector in group.vectors() {
            let octets = vector.octets("der");
            let found: Vec<_> = kinds
                .iter()
                .filter_map(|kind| SignatureId::from_algorithm_identifier(&octets, *kind))
                .collect();
            assert_eq!(found, expected(vector.text("name")), "{}", vector.text("name"));
            let pss = vector.text("name").starts_with("RSASSA");
            assert!(pss || found.iter().all(|id| id.algorithm_identifier() == Some(octets.clone())));
            for bad in [&octets[1..], &[&octets[..], &[0]].concat(), &[]] {
                let any =
                    kinds.iter().any(|kind| SignatureId::from_algorithm_identifier(bad, *kind).is_some());
                assert!(!any, "{bad:x?}");
            }
            run += 1;
        }
    }
    assert_eq!(run, 15);
    for id in SignatureId::ALL.iter().copied().filter(|id| *id != SignatureId::RsaPkcs1Ikev1) {
        let octets = id.algorithm_identifier().unwrap();
        assert_eq!(SignatureId::from_algorithm_identifier(&octets, id.key_type()), Some(id));
        assert!(octets.len() < 128 && usize::from(octets[1]) == octets.len() - 2);
    }
}

/// RFC 8017 App. A.2.3 with DER's rule that a default is left out: what openssl writes.
#[test]
fn e2_16_pss_parameters_that_fit_are_taken_and_others_refused() {
    let openssl = hex(
        "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120",
    );
    let parse = |octets: &[u8]| SignatureId::from_algorithm_identifier(octets, KeyType::Rsa);
    assert_eq!(parse(&openssl), Some(SignatureId::RsaPssSha2_256));
    assert_eq!(SignatureId::RsaPssSha2_256.algorithm_identifier(), Some(openssl.clone()));
    // Another salt length, another hash in MGF1, and every changed bit.
    for at in 0..openssl.len() * 8 {
        let mut changed = openssl.clone();
        changed[at / 8] ^= 1 << (at % 8);
        assert_eq!(parse(&changed), None, "bit {at}");
    }
}

/// RFC 4055 §5: "Implementations MUST accept the parameters being absent as well as present." ECDSA's are absent (RFC 5758).
#[test]
fn rfc4055_5_parameters_of_pkcs1_may_be_absent() {
    for last in [11, 12, 13] {
        let oid = [&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1][..], &[last]].concat();
        let parse = |parameters: &[u8]| {
            let octets = der(0x30, &[&oid, parameters].concat());
            SignatureId::from_algorithm_identifier(&octets, KeyType::Rsa)
        };
        let named = parse(&[5, 0]);
        assert!(named.is_some_and(|id| id.key_type() == KeyType::Rsa));
        assert_eq!(parse(&[]), named);
        for bad in [&[5, 1, 0][..], &[5, 0x81, 0], &[5, 0, 5, 0], &[0x30, 0]] {
            assert_eq!(parse(bad), None, "{bad:x?}");
        }
    }
    let mut ecdsa = SignatureId::EcdsaP256Sha2_256.algorithm_identifier().unwrap();
    ecdsa.extend([5, 0]);
    ecdsa[1] += 2;
    assert_eq!(SignatureId::from_algorithm_identifier(&ecdsa, KeyType::EcdsaP256), None);
}

#[test]
fn signature_hash_numbers_of_rfc7427_and_rfc8420() {
    for group in vectors("ike_signature").iter().filter(|group| group.kind() == "raw") {
        for vector in group.vectors() {
            let id = match vector.text("name") {
                "SHA1" => SignatureId::RsaPkcs1Sha1,
                "SHA2-256" => SignatureId::EcdsaP256Sha2_256,
                "SHA2-384" => SignatureId::RsaPssSha2_384,
                "SHA2-512" => SignatureId::RsaPkcs1Sha2_512,
                "Identity" => SignatureId::Ed448,
                other => panic!("{other}"),
            };
            assert_eq!(id.signature_hash().map(u64::from), vector.number("notify_value"));
        }
    }
    assert_eq!(SignatureId::RsaPkcs1Ikev1.signature_hash(), None);
}

/// The private and public keys of real peers, from PEM.
fn credentials() -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for capture in
        ["ikev2-ecdsa-p256", "ikev2-ecdsa-p521-method11", "ikev2-ed25519", "ikev2-ed448", "ikev2-rsa-pss"]
    {
        let text = truth(&testdata(&format!("captures/{capture}"))).to_string();
        for (at, _) in text.match_indices("-----BEGIN ") {
            let block = text[at..].split("-----END").next().unwrap();
            let mut lines = block.split("\\n");
            let label = lines.next().unwrap().trim_start_matches("-----BEGIN ").trim_end_matches("-----");
            found.push((label.to_owned(), base64(&lines.collect::<String>())));
        }
    }
    found
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |octet: u8| match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u8> = text.bytes().filter_map(digit).collect();
    let word = |four: &[u8]| {
        let bits =
            four.iter().fold(0u32, |bits, digit| bits << 6 | u32::from(*digit)) << (6 * (4 - four.len()));
        bits.to_be_bytes()[1..four.len()].to_vec()
    };
    digits.chunks(4).flat_map(word).collect()
}

/// Where the key signs, each provider verifies, and nothing that was changed.
fn signs_and_verifies(key: &dyn SigningKey, providers: &[(&str, CryptoProvider)]) {
    let public = key.public_key();
    for id in key.algorithms().iter().copied() {
        assert_eq!(id.key_type(), public.key_type());
        let signature = key.sign(id, &[b"what is ", b"signed"]).unwrap();
        for (name, provider) in providers {
            for form in [SignatureForm::Fixed, SignatureForm::Der] {
                let mut encoded = id.encode_signature(form, signature.clone()).unwrap();
                let verify = |message: &[u8], signature: &[u8]| {
                    provider.verify_signature(id, form, public, &[message], signature)
                };
                assert_eq!(verify(b"what is signed", &encoded), Ok(()), "{name}: {id} {form:?}");
                assert_eq!(verify(b"what is Signed", &encoded), Err(CryptoError::Authentication));
                assert_eq!(verify(b"what is signed", &[]), Err(CryptoError::Authentication));
                let last = encoded.len() - 1;
                assert_eq!(verify(b"what is signed", &encoded[..last]), Err(CryptoError::Authentication));
                encoded[last / 2] ^= 1;
                assert_eq!(verify(b"what is signed", &encoded), Err(CryptoError::Authentication));
            }
        }
    }
    let other = SignatureId::ALL.iter().copied().find(|id| id.key_type() != public.key_type()).unwrap();
    assert_eq!(key.sign(other, &[b""]).unwrap_err(), CryptoError::Unsupported(other.name()));
}

#[test]
fn keys_of_real_peers_sign_what_every_provider_verifies() {
    let (mut loaded, mut refused) = (Vec::new(), 0);
    for (label, octets) in credentials().iter().filter(|(label, _)| label.ends_with("PRIVATE KEY")) {
        match rustcrypto::signing_key(&Secret::copy_from(octets)) {
            Ok(key) => {
                signs_and_verifies(&*key, &providers());
                assert!(!format!("{key:?}").contains(", "), "{label}");
                loaded.push(key.public_key().key_type());
            }
            Err(error) => {
                assert_eq!(error, CryptoError::Invalid("private key"));
                refused += 1;
            }
        }
    }
    for kind in [KeyType::EcdsaP256, KeyType::EcdsaP521, KeyType::Ed25519, KeyType::Ed448] {
        assert!(loaded.contains(&kind), "{kind:?} among {loaded:?}");
    }
    assert!(refused >= 1, "RSA keys are not for this provider");
}

/// RFC 7427 §4: what the key prefers of what the peer announced.
#[test]
fn rfc7427_4_the_hash_is_one_the_peer_announced() {
    for (_, octets) in credentials().iter().filter(|(label, _)| label.ends_with("PRIVATE KEY")) {
        let Ok(key) = rustcrypto::signing_key(&Secret::copy_from(octets)) else { continue };
        let negotiated = |announced: &[u16]| SignatureId::negotiated(&*key, announced);
        let kind = key.public_key().key_type();
        if kind == KeyType::EcdsaP256 {
            assert_eq!(negotiated(&[4, 3, 2]), Some(SignatureId::EcdsaP256Sha2_256));
            assert_eq!(negotiated(&[4]), Some(SignatureId::EcdsaP256Sha2_512));
            assert_eq!(negotiated(&[1, 5]), None);
        } else if kind == KeyType::Ed25519 {
            assert_eq!(negotiated(&[2, 5]), Some(SignatureId::Ed25519));
            assert_eq!(negotiated(&[2, 3, 4]), None);
        }
    }
}

#[test]
fn cr_04_keys_and_forms_that_do_not_go_together_are_refused() {
    for (name, provider) in providers() {
        for group in vectors("ike_signature").iter().filter(|group| group.kind() == "wp_ecdsa") {
            for vector in group.vectors() {
                let (id, _) = ecdsa_of(&vector);
                let key = PublicKey::new(id.key_type(), &vector.octets("public")).unwrap();
                let (message, fixed) = (vector.octets("msg"), vector.octets("sig"));
                let verify = |id, form, signature: &[u8]| {
                    provider.verify_signature(id, form, &key, &[&message], signature)
                };
                let refused = Err(CryptoError::Authentication);
                assert_eq!(verify(id, SignatureForm::Der, &fixed), refused, "{name}: r | s is not DER");
                let encoded = id.encode_signature(SignatureForm::Der, fixed.clone()).unwrap();
                assert_eq!(verify(id, SignatureForm::Der, &encoded), Ok(()));
                assert_eq!(verify(id, SignatureForm::Fixed, &encoded), refused, "{name}: DER is not r | s");
                for other in
                    SignatureId::ALL.iter().copied().filter(|other| *other != id && !other.is_legacy())
                {
                    assert_eq!(verify(other, SignatureForm::Fixed, &fixed), refused, "{name}: {other}");
                }
                // r or s of zero.
                for half in [0, fixed.len() / 2] {
                    let mut zero = fixed.clone();
                    zero[half..half + fixed.len() / 2].fill(0);
                    assert_eq!(verify(id, SignatureForm::Fixed, &zero), refused);
                }
            }
        }
        // The eight points of small order of Ed25519, and the identity of Ed448: a key for which anything verifies.
        let small = [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        ];
        for key in small {
            let key = PublicKey::new(KeyType::Ed25519, &hex(key)).unwrap();
            let signature = [key.octets(), &[0; 32]].concat();
            for message in 0..16u8 {
                let verified = provider.verify_signature(
                    SignatureId::Ed25519,
                    SignatureForm::Fixed,
                    &key,
                    &[&[message]],
                    &signature,
                );
                assert_eq!(verified, Err(CryptoError::Authentication), "{name}");
            }
        }
        let mut identity = [0; 57];
        identity[0] = 1;
        let key = PublicKey::new(KeyType::Ed448, &identity).unwrap();
        let signature = [&identity[..], &[0; 57]].concat();
        let (id, form) = (SignatureId::Ed448, SignatureForm::Fixed);
        let verified = provider.verify_signature(id, form, &key, &[b"anything"], &signature);
        assert_eq!(verified, Err(CryptoError::Authentication), "{name}");
    }
}

/// RFC 8032 §5.2.3: made with the private key 12345678901234567890 and the nonce 9876543210987654321 over the message "m",
/// with a spare bit set in the last octet of the key or of R before they are hashed.
#[test]
fn cr_04_ed448_points_have_one_encoding() {
    let key = "019340ff563ea4b783c24f2d50b962d8a11c4cb8af65f5bc0c462dc254ce24d85c6487cc71936f74fe8d8979b33f4fefd368c7a2e9403b03";
    let r = "b64cb27389040af4efef09352bc5977630fd59bb30b390c0547fdf8656d859615b45901046deb728d7150555c34858f44b0ce0a9a0a043f0";
    let made = [
        (
            "80",
            "80",
            "71144a8d78eaee3a798fc3bd51a70fb295a7e0bf62c3df1c00191b0808b1f0427fde40851c26e20f23ec677741b42a3d3509255641efaa3000",
        ),
        (
            "85",
            "80",
            "c1470f898e2c5774faa9e0c4016a3a5af7a81b6de311bb0da9d4f21229062db694cb514a3932bddc90e7ee887cd95c332f9f37e385ef4f1500",
        ),
        (
            "80",
            "85",
            "ec23243b8874a9a849633565dffcc3373c27c0f69357d555f7e1af0f44779cbaa0c9299866effc761b6efdac16b104baed25e4ad02de643800",
        ),
    ];
    for (name, provider) in providers() {
        for (key_end, r_end, s) in made {
            let key = PublicKey::new(KeyType::Ed448, &hex(&format!("{key}{key_end}"))).unwrap();
            let signature = hex(&format!("{r}{r_end}{s}"));
            let form = SignatureForm::Fixed;
            let verified = provider.verify_signature(SignatureId::Ed448, form, &key, &[b"m"], &signature);
            let canonical = key_end == "80" && r_end == "80";
            assert_eq!(verified.is_ok(), canonical, "{name}: key ..{key_end}, R ..{r_end}");
        }
    }
}

/// With an exponent of 1 the padded hash is its own signature, and an even modulus is no product of two primes.
#[test]
fn cr_04_rsa_keys_that_anyone_can_sign_for_are_refused() {
    use ipsec_crypto_suite::HashId;
    for (name, provider) in providers() {
        let mut hash = [0; 32];
        provider.hash(HashId::Sha2_256).unwrap().digest(&[b"m"], &mut hash).unwrap();
        let info = [hex("3031300d060960864801650304020105000420"), hash.to_vec()].concat();
        for bits in 2048..=2056usize {
            let octets = bits.div_ceil(8);
            let padded = [vec![0, 1], vec![0xff; octets - 3 - info.len()], vec![0], info.clone()].concat();
            let mut modulus = vec![0xff; octets];
            modulus[0] = 0xff >> (octets * 8 - bits);
            for (exponent, last) in [
                (&[1][..], 0xff),
                (&[0], 0xff),
                (&[2], 0xff),
                (&[1, 0, 0], 0xff),
                (&[1, 0, 0, 0, 0, 1], 0xff),
                (&[0xff; 9], 0xff),
                (&[1, 0, 1], 0xfe),
                (&[3], 0xff),
                (&[1, 0, 1], 0xff),
            ] {
                modulus[octets - 1] = last;
                let key = rsa_key(&modulus, exponent);
                for length in [0, 20, octets - 11, octets - 10, 1000] {
                    let (id, form) = (SignatureId::RsaPkcs1Ikev1, SignatureForm::Fixed);
                    let message = vec![0xff; length];
                    let verified = provider.verify_signature(id, form, &key, &[&message], &padded);
                    assert!(verified.is_err(), "{name}: IKEv1 with a hash of {length} octets");
                }
                for signature in [&padded[..], &padded[1..], &[&[0], &padded[..]].concat(), &modulus] {
                    for id in SignatureId::ALL.iter().copied().filter(|id| id.key_type() == KeyType::Rsa) {
                        let form = SignatureForm::Fixed;
                        let verified = provider.verify_signature(id, form, &key, &[b"m"], signature);
                        assert!(verified.is_err(), "{name}: {id}, {bits} bits, exponent {exponent:x?}");
                    }
                }
            }
        }
    }
}

#[test]
fn cr_05_octets_that_are_no_rsa_key_are_refused() {
    let good = der(0x30, &[integer(&[0xff; 256]), integer(&[1, 0, 1])].concat());
    assert!(PublicKey::new(KeyType::Rsa, &good).is_ok());
    let algorithm = hex("300d06092a864886f70d0101010500");
    let spki = der(0x30, &[algorithm, der(3, &[&[0], &good[..]].concat())].concat());
    assert_eq!(PublicKey::from_spki(&spki).unwrap().octets(), good);
    let negative = der(0x30, &[der(2, &[0xff; 256]), integer(&[1, 0, 1])].concat());
    let padded = der(0x30, &[der(2, &[&[0, 0], &[0xff; 256][..]].concat()), integer(&[1, 0, 1])].concat());
    for bad in [spki, negative, padded, [&good[..], &[0]].concat(), good[1..].to_vec(), Vec::new()] {
        assert_eq!(PublicKey::new(KeyType::Rsa, &bad), Err(CryptoError::Invalid("public key")));
    }
}

/// RFC 8247 §3.2, CR-08: RSA of less than 2048 bits, and a modulus that only costs.
#[test]
fn cr_08_short_and_huge_rsa_keys_are_refused() {
    for (name, provider) in providers() {
        for bits in [512, 1024, 2040, 2047, 8200, 16384usize] {
            let octets = bits.div_ceil(8);
            let mut modulus = vec![0xff; octets];
            modulus[0] = 0xff >> (octets * 8 - bits);
            for id in [SignatureId::RsaPkcs1Sha2_256, SignatureId::RsaPssSha2_256, SignatureId::RsaPkcs1Ikev1]
            {
                let key = rsa_key(&modulus, &[1, 0, 1]);
                let verified =
                    provider.verify_signature(id, SignatureForm::Fixed, &key, &[b"m"], &vec![1; octets]);
                assert_eq!(verified, Err(CryptoError::Authentication), "{name}: {bits} bits");
            }
        }
    }
}

#[test]
fn cr_05_public_keys_in_bad_der_are_refused() {
    let good = hex("302a300506032b6570032100").into_iter().chain([7; 32]).collect::<Vec<u8>>();
    assert_eq!(PublicKey::from_spki(&good).unwrap().key_type(), KeyType::Ed25519);
    for length in 0..good.len() {
        assert!(PublicKey::from_spki(&good[..length]).is_err(), "{length} octets");
    }
    let body = &good[2..];
    let nested = (0..1000).fold(body.to_vec(), |inner, _| der(0x30, &inner));
    let bad = [
        [&[0x30, 0x80], body, &[0, 0]].concat(),          // indefinite length
        [&[0x30, 0x85, 0, 0, 0, 0, 0x2a], body].concat(), // a length of five octets
        [&[0x30, 0x81, 0x2a], body].concat(),             // a length longer than it need be
        [&good[..], &[0]].concat(),                       // something behind
        hex("302c300706032b65700500032100").into_iter().chain([7; 32]).collect(), // parameters, where none are due
        nested,
    ];
    for octets in bad {
        assert_eq!(PublicKey::from_spki(&octets), Err(CryptoError::Invalid("public key")), "{octets:x?}");
    }
    // A compressed point has no form in an AUTH payload's key here, nor has a curve that is not one of the three.
    let p256 = hex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
        .into_iter()
        .chain([2])
        .chain([5; 32])
        .collect::<Vec<u8>>();
    assert!(PublicKey::from_spki(&p256).is_err());
}
