//! PRFs, integrity algorithms, ciphers and AEADs of each provider against the RFCs, NIST and Wycheproof.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

#[allow(dead_code, reason = "each test crate uses its part")]
mod common;

use common::{mac_of, prf_of, providers};
use ipsec_crypto_suite::{AeadId, CipherId, CryptoError, CryptoProvider, MacId, PrfId, Secret};
use testkit::vectors;

fn compute_prf(provider: &CryptoProvider, prf: PrfId, key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = vec![0; prf.output_len()];
    // In three parts, as messages are authenticated in parts.
    let (head, rest) = data.split_at(data.len() / 3);
    let (middle, tail) = rest.split_at(rest.len() / 2);
    provider.prf(prf).unwrap().key(key).unwrap().compute(&[head, middle, tail], &mut out).unwrap();
    out
}

#[test]
fn prfs_and_integrity_of_the_rfcs() {
    for (name, provider) in providers() {
        let (mut prfs, mut macs) = (0, 0);
        for file in ["prf_mac", "prf_plus"] {
            for group in vectors(file).iter().filter(|group| group.kind() == "prf") {
                for vector in group.vectors() {
                    let (key, data) = (vector.octets("key"), vector.octets("data"));
                    let expected = [vector.octets("out"), vector.octets("truncated")];
                    assert!(expected.iter().any(|out| !out.is_empty()));
                    if let Some(prf) = prf_of(vector.text("alg")) {
                        let full = compute_prf(&provider, prf, &key, &data);
                        for out in &expected {
                            assert_eq!(&full[..out.len()], out, "{name}: {}", vector.text("name"));
                        }
                        prfs += 1;
                    }
                    let Some(mac) = mac_of(vector.text("alg")).filter(|mac| mac.key_len() == key.len())
                    else {
                        continue;
                    };
                    let keyed = provider.mac(mac).unwrap().key(&Secret::from(key)).unwrap();
                    for out in expected.iter().filter(|out| out.len() >= mac.icv_len()) {
                        keyed.verify(&[], &[&data], &out[..mac.icv_len()]).unwrap();
                        macs += 1;
                    }
                }
            }
        }
        assert!(prfs >= 67 && macs >= 30, "{name}: {prfs} PRF and {macs} integrity vectors");
    }
}

#[test]
fn gmac_of_wycheproof_in_parts_of_every_size() {
    for (name, provider) in providers() {
        let mut run = 0;
        for group in vectors("prf_mac").iter().filter(|group| group.kind() == "gmac") {
            for vector in group.vectors() {
                let (key, nonce) = (vector.octets("key"), vector.octets("nonce"));
                let id = match key.len() {
                    16 => MacId::Aes128Gmac,
                    24 => MacId::Aes192Gmac,
                    _ => MacId::Aes256Gmac,
                };
                let (salt, iv) = nonce.split_at(4);
                let keyed = provider.mac(id).unwrap().key(&Secret::from([&key, salt].concat())).unwrap();
                let data = vector.octets("aad");
                for size in 1..=data.len().max(1) {
                    let parts: Vec<_> = data.chunks(size).collect();
                    let mut icv = [0; 16];
                    keyed.compute(iv, &parts, &mut icv).unwrap();
                    assert_eq!(icv[..], vector.octets("tag"), "{name}: {} in {size}", vector.text("name"));
                    keyed.verify(iv, &parts, &icv).unwrap();
                    icv[15] ^= 1;
                    assert_eq!(keyed.verify(iv, &parts, &icv), Err(CryptoError::Authentication));
                }
                run += 1;
            }
        }
        assert_eq!(run, 3, "{name}");
    }
}

#[test]
fn ciphers_of_the_rfcs() {
    for (name, provider) in providers() {
        let mut run = 0;
        for group in vectors("ciphers") {
            for vector in group.vectors() {
                let key = vector.octets("key");
                let bits = Some(u16::try_from(key.len() * 8).unwrap());
                let id = match vector.text("alg") {
                    "aes-cbc" => CipherId::from_ikev2(12, bits).unwrap(),
                    "aes-ctr" => CipherId::from_ikev2(13, bits).unwrap(),
                    "3des-cbc" if cfg!(feature = "legacy") => CipherId::TripleDesCbc,
                    "3des-cbc" => continue,
                    other => panic!("{other}"),
                };
                let key = Secret::from([key, vector.octets("nonce")].concat());
                let keyed = provider.cipher(id).unwrap().key(&key).unwrap();
                let (iv, plaintext) = (vector.octets("iv"), vector.octets("pt"));
                let mut data = plaintext.clone();
                keyed.encrypt(&iv, &mut data).unwrap();
                assert_eq!(data, vector.octets("ct"), "{name}: {}", vector.text("name"));
                keyed.decrypt(&iv, &mut data).unwrap();
                assert_eq!(data, plaintext, "{name}: {}", vector.text("name"));
                run += 1;
            }
        }
        assert!(run >= if cfg!(feature = "legacy") { 24 } else { 20 }, "{name}: {run} vectors");
    }
}

/// RFC 5529 §4 and RFC 4312 §3 give no packets; this is the block of RFC 3713 App. A, which one block of CBC with an IV of
/// zeros is.
#[test]
fn rfc3713_camellia() {
    let block = testkit::hex("0123456789abcdeffedcba9876543210");
    let keys = [
        (CipherId::Camellia128Cbc, "0123456789abcdeffedcba9876543210", "67673138549669730857065648eabe43"),
        (
            CipherId::Camellia192Cbc,
            "0123456789abcdeffedcba98765432100011223344556677",
            "b4993401b3e996f84ee5cee7d79b09b9",
        ),
        (
            CipherId::Camellia256Cbc,
            "0123456789abcdeffedcba987654321000112233445566778899aabbccddeeff",
            "9acc237dff16d76c20ef7c919e3a7509",
        ),
    ];
    for (name, provider) in providers() {
        for (id, key, expected) in keys {
            let keyed = provider.cipher(id).unwrap().key(&Secret::from(testkit::hex(key))).unwrap();
            let mut data = block.clone();
            keyed.encrypt(&[0; 16], &mut data).unwrap();
            assert_eq!(data, testkit::hex(expected), "{name}: {id}");
        }
    }
}

#[test]
fn cr_01_wycheproof_aeads() {
    for (name, provider) in providers() {
        let mut run = 0;
        for group in vectors("wycheproof_aead") {
            for vector in group.vectors() {
                let key = vector.octets("key");
                let (nonce, aad) = (vector.octets("nonce"), vector.octets("aad"));
                let (mut tag, mut data) = (vector.octets("tag"), vector.octets("ct"));
                let bits = Some(u16::try_from(key.len() * 8).unwrap());
                let id = match vector.text("alg") {
                    "aes-gcm" => AeadId::from_ikev2(20, bits).unwrap(),
                    "aes-ccm" if tag.len() == 12 => AeadId::from_ikev2(15, bits).unwrap(),
                    "aes-ccm" => AeadId::from_ikev2(16, bits).unwrap(),
                    "chacha20-poly1305" => AeadId::ChaCha20Poly1305,
                    other => panic!("{other}"),
                };
                let keyed = provider.aead(id).unwrap().key(&Secret::from(key)).unwrap();
                let plaintext = vector.octets("pt");
                let opened = keyed.open(&nonce, &aad, &mut data, &tag);
                let valid = vector.text("result") == "valid" && nonce.len() == id.nonce_len();
                assert_eq!(opened.is_ok(), valid, "{name}: {}", vector.text("name"));
                assert!(
                    valid == (data == plaintext) || plaintext.is_empty(),
                    "{name}: {}",
                    vector.text("name")
                );
                if valid {
                    let expected = (vector.octets("ct"), tag.clone());
                    tag.fill(0);
                    keyed.seal(&nonce, &aad, &mut data, &mut tag).unwrap();
                    assert_eq!((data, tag), expected, "{name}: {}", vector.text("name"));
                }
                run += 1;
            }
        }
        assert_eq!(run, 93, "{name}");
    }
}

/// A shorter tag is the front of the longest (NIST SP 800-38D §7.1); CCM's has its length in the first block instead.
#[test]
fn shorter_gcm_tags_are_fronts_of_the_longest() {
    for (name, provider) in providers() {
        for (long, shorter) in [
            (AeadId::Aes128Gcm16, [AeadId::Aes128Gcm12, AeadId::Aes128Gcm8]),
            (AeadId::Aes192Gcm16, [AeadId::Aes192Gcm12, AeadId::Aes192Gcm8]),
            (AeadId::Aes256Gcm16, [AeadId::Aes256Gcm12, AeadId::Aes256Gcm8]),
        ] {
            let seal = |id: AeadId| {
                let key = provider.aead(id).unwrap().key(&Secret::new(vec![3; id.key_len()])).unwrap();
                let (mut data, mut tag) = (vec![5; 200], vec![0; id.tag_len()]);
                key.seal(&[7; 12], b"aad", &mut data, &mut tag).unwrap();
                (data, tag)
            };
            let (data, tag) = seal(long);
            for id in shorter {
                assert_eq!(seal(id), (data.clone(), tag[..id.tag_len()].to_vec()), "{name}: {id}");
            }
        }
    }
}

/// GCM hides the data with the key stream of counter mode behind its first block, which masks the tag (NIST SP 800-38D §7.1):
/// of every length around the blocks that are encrypted at once, and of one that is much longer.
#[test]
fn gcm_of_every_length_is_counter_mode_one_block_on() {
    for (name, provider) in providers() {
        for (gcm, ctr) in [
            (AeadId::Aes128Gcm16, CipherId::Aes128Ctr),
            (AeadId::Aes192Gcm8, CipherId::Aes192Ctr),
            (AeadId::Aes256Gcm12, CipherId::Aes256Ctr),
        ] {
            let key: Vec<u8> = (1..=u8::try_from(gcm.key_len()).unwrap()).collect();
            let aead = provider.aead(gcm).unwrap().key(&Secret::copy_from(&key)).unwrap();
            let material = Secret::from([&key[..], &[9; 4]].concat());
            let cipher = provider.cipher(ctr).unwrap().key(&material).unwrap();
            for length in (0..=300).chain([70_000]) {
                let plaintext: Vec<u8> = (0..length).map(|at| (at * 5) as u8).collect();
                let (mut data, mut tag) = (plaintext.clone(), vec![0; gcm.tag_len()]);
                let nonce = [9, 9, 9, 9, 7, 7, 7, 7, 7, 7, 7, 7];
                aead.seal(&nonce, &plaintext[..length.min(33)], &mut data, &mut tag).unwrap();
                let mut stream = [vec![0; 16], plaintext.clone()].concat();
                cipher.encrypt(&[7; 8], &mut stream).unwrap();
                assert_eq!(data, stream[16..], "{name}: {gcm}, {length} octets");
                for (_, other) in providers() {
                    let mut opened = data.clone();
                    let key = other.aead(gcm).unwrap().key(&Secret::copy_from(&key)).unwrap();
                    key.open(&nonce, &plaintext[..length.min(33)], &mut opened, &tag).unwrap();
                    assert_eq!(opened, plaintext, "{name}: {gcm}, {length} octets");
                }
            }
        }
    }
}

/// GHASH of whole blocks (NIST SP 800-38D §6.3, §6.4), bit by bit as it is written there.
fn ghash(key: u128, octets: &[u8]) -> u128 {
    octets.chunks(16).fold(0, |state, block| {
        let (mut product, mut multiple) = (0, key);
        let factor = state ^ u128::from_be_bytes(block.try_into().unwrap());
        for bit in (0..128).rev() {
            product ^= if factor >> bit & 1 == 1 { multiple } else { 0 };
            multiple = (multiple >> 1) ^ if multiple & 1 == 1 { 0xe1 << 120 } else { 0 };
        }
        product
    })
}

/// The tag of GCM over these parts, and their own lengths (NIST SP 800-38D §7.1); `encrypt` is the cipher of one block.
fn tag_of(encrypt: &dyn Fn([u8; 16]) -> u128, nonce: [u8; 12], aad: &[u8], data: &[u8]) -> [u8; 16] {
    let padded = |part: &[u8]| [part, &vec![0; part.len().next_multiple_of(16) - part.len()]].concat();
    let lengths = [aad, data].map(|part| (8 * part.len() as u64).to_be_bytes()).concat();
    let hash = ghash(encrypt([0; 16]), &[padded(aad), padded(data), lengths].concat());
    let first = [&nonce[..], &[0, 0, 0, 1]].concat().try_into().unwrap();
    (hash ^ encrypt(first)).to_be_bytes()
}

/// GCM, GMAC for ESP and GMAC as an integrity algorithm, with associated data and data of every length around blocks and
/// around how many of them are taken at once: each tag is that of the standard's own words.
#[test]
fn gcm_and_gmac_tags_of_every_length() {
    let octets: Vec<u8> = (0..600u16).map(|at| (at * 11 + 3).to_be_bytes()[1]).collect();
    let (key, salt, iv) = ([0x42; 16], [9; 4], [7; 8]);
    let nonce: [u8; 12] = [&salt[..], &iv].concat().try_into().unwrap();
    for (name, provider) in providers() {
        let cbc = provider.cipher(CipherId::Aes128Cbc).unwrap().key(&Secret::copy_from(&key)).unwrap();
        let encrypt = |mut block: [u8; 16]| {
            cbc.encrypt(&[0; 16], &mut block).unwrap();
            u128::from_be_bytes(block)
        };
        let aead = |id| provider.aead(id).unwrap().key(&Secret::copy_from(&key)).unwrap();
        let gcm = [AeadId::Aes128Gcm8, AeadId::Aes128Gcm12, AeadId::Aes128Gcm16].map(|id| (id, aead(id)));
        let null = aead(AeadId::NullAes128Gmac);
        let material = Secret::new([&key[..], &salt].concat());
        let gmac = provider.mac(MacId::Aes128Gmac).unwrap().key(&material).unwrap();
        for aad in [0, 1, 8, 12, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 255, 256, 257] {
            let aad = &octets[..aad];
            for length in 0..=300 {
                let what = format!("{name}: {} and {length} octets", aad.len());
                let plaintext = &octets[aad.len()..][..length];
                let mut expected = None;
                for (id, key) in &gcm {
                    let (mut data, mut tag) = (plaintext.to_vec(), vec![0; id.tag_len()]);
                    key.seal(&nonce, aad, &mut data, &mut tag).unwrap();
                    let expected = expected.get_or_insert_with(|| tag_of(&encrypt, nonce, aad, &data));
                    assert_eq!(tag, expected[..tag.len()], "{id}, {what}");
                    key.open(&nonce, aad, &mut data, &tag).unwrap();
                    assert_eq!(data, plaintext, "{id}, {what}");
                }
                let (mut data, mut tag) = (plaintext.to_vec(), [0; 16]);
                null.seal(&nonce, aad, &mut data, &mut tag).unwrap();
                let all = [aad, &iv, plaintext].concat();
                assert_eq!((&data[..], tag), (plaintext, tag_of(&encrypt, nonce, &all, &[])), "{what}");
                assert_eq!(gmac.verify(&iv, &[aad, &iv, plaintext], &tag), Ok(()), "{what}");
            }
        }
    }
}

#[test]
fn cr_01_wycheproof_macs() {
    for (name, provider) in providers() {
        let (mut run, mut truncated) = (0, 0);
        for group in vectors("wycheproof_mac") {
            for vector in group.vectors() {
                let (key, message) = (vector.octets("key"), vector.octets("msg"));
                let (tag, valid) = (vector.octets("tag"), vector.text("result") == "valid");
                let prf = match vector.text("alg") {
                    "aes-cmac" => PrfId::AesCmac,
                    other => prf_of(other).unwrap(),
                };
                let full = compute_prf(&provider, prf, &key, &message);
                assert_eq!(full[..tag.len()] == tag, valid, "{name}: {}", vector.text("name"));
                let mac = mac_of(vector.text("alg")).unwrap();
                if key.len() == mac.key_len() && tag.len() >= mac.icv_len() {
                    let keyed = provider.mac(mac).unwrap().key(&Secret::from(key)).unwrap();
                    let front = &tag[..mac.icv_len()];
                    let verified = keyed.verify(&[], &[&message], front);
                    assert_eq!(
                        verified.is_ok(),
                        full[..front.len()] == *front,
                        "{name}: {}",
                        vector.text("name")
                    );
                    truncated += 1;
                }
                run += 1;
            }
        }
        assert!(run == 174 && truncated >= 100, "{name}: {run} vectors, {truncated} of them as integrity");
    }
}
