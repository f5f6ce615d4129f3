//! Passive decryption of IKEv1 against published exchanges and real captures, and on hostile input.
#![cfg(all(feature = "rustcrypto", feature = "ikev1"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests may"
)]

use ikev1_wire::{
    ExchangeType, Flags, FragmentLimits, FragmentReassembler, Hash, Header, IkeSpi, Message, MessageBuilder,
    Nonce, Notification, NotifyType, Payload, PayloadChain, PayloadType,
};
use ipsec_crypto_suite::ikev1::{KeyExchange, Phase1Keys};
use ipsec_crypto_suite::{CipherId, CryptoError, CryptoProvider, HashId, PrfId, Secret, rustcrypto};
use ipsec_ike::v1::{Follower, HashCheck, Iv, MessageError, MessageKeys, PhaseTwoHash, open};
use ipsec_types::Instant;
use serde_json::Value;
use testkit::{CountingAllocator, count_allocations, hex, ikev1_captures, read_pcap, truth, vectors};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn provider() -> CryptoProvider {
    rustcrypto::provider()
}

/// Cipher and hash of a proposal in a truth, where the provider has them.
fn algorithms(sa: &Value) -> Option<(CipherId, HashId)> {
    let mut transforms = sa["proposal"].as_str()?.split('/');
    let cipher = match transforms.next()? {
        "AES_CBC_128" => CipherId::Aes128Cbc,
        "AES_CBC_256" => CipherId::Aes256Cbc,
        "3DES" => CipherId::TripleDesCbc,
        other => panic!("{other}"),
    };
    let hash = match transforms.next()? {
        "HMAC_MD5" => HashId::Md5,
        "HMAC_SHA1" => HashId::Sha1,
        "HMAC_SHA256" => HashId::Sha2_256,
        "HMAC_SHA384" => HashId::Sha2_384,
        other => panic!("{other}"),
    };
    (provider().cipher(cipher).is_ok() && provider().hash(hash).is_ok()).then_some((cipher, hash))
}

fn secret(value: &Value) -> Secret {
    Secret::new(hex(value.as_str().unwrap()))
}

fn keys_of(sa: &Value) -> Option<MessageKeys> {
    let (cipher, hash) = algorithms(sa)?;
    let (key, skeyid_a) = (secret(&sa["encryption_key_Ka"]), secret(&sa["SKEYID_a"]));
    Some(MessageKeys::new(&provider(), cipher, hash, &key, Some(&skeyid_a)).unwrap())
}

fn iv(text: &Value) -> Iv {
    Iv::from_octets(&hex(text.as_str().unwrap())).unwrap()
}

/// The encrypted messages of a capture, whole, each with its truth; those sent again are left out.
fn encrypted_messages(capture: &std::path::Path, truth: &Value) -> Vec<(Vec<u8>, Value)> {
    let frames = read_pcap(capture.join("capture.pcap"));
    let mut found = Vec::new();
    let mut reassembler = FragmentReassembler::new(vec![0; 8192], FragmentLimits::default());
    for known in truth["messages"].as_array().unwrap() {
        let number = known["frame"].as_u64().unwrap();
        let frame = frames.iter().find(|frame| frame.number == number).unwrap();
        if known.get("kind").is_some() || known["version"] != "1.0" || known.get("same_as_frame").is_some() {
            continue;
        }
        let octets = frame.ike().unwrap();
        let message = Message::parse(octets).unwrap();
        let fragment = message.payloads().find(PayloadType::FRAGMENT).map(|raw| raw.decode());
        let whole = match fragment {
            Some(Ok(Payload::Fragment(fragment))) => {
                reassembler.push(Instant::EPOCH, message.header(), &fragment).unwrap().map(<[u8]>::to_vec)
            }
            _ => Some(octets.to_vec()),
        };
        if let Some(whole) = whole.filter(|_| known["encrypted"] == true) {
            found.push((whole, known.clone()));
        }
    }
    found
}

fn of_sa<'a>(truth: &'a Value, message: &Value) -> Option<&'a Value> {
    truth["ike_sas"].as_array().unwrap().iter().find(|sa| sa["cookie_i"] == message["spi_i"])
}

#[test]
fn captured_messages_open_with_their_iv() {
    let mut opened = 0;
    for capture in ikev1_captures() {
        let truth = truth(&capture);
        for (mut datagram, known) in encrypted_messages(&capture, &truth) {
            let at = format!("{} frame {}", capture.display(), known["frame"]);
            let sa = of_sa(&truth, &known).unwrap();
            if known.get("note").is_some() {
                continue;
            }
            let Some(keys) = keys_of(sa) else { continue };
            let mut chain = iv(&known["iv"]);
            let last_block = datagram[datagram.len() - keys.cipher().block_len()..].to_vec();
            let payloads =
                open(&keys, &mut chain, &mut datagram).unwrap_or_else(|error| panic!("{at}: {error}"));
            assert_eq!(payloads.as_bytes(), hex(known["plaintext_payloads_hex"].as_str().unwrap()), "{at}");
            assert_eq!(chain.octets(), last_block, "{at}");
            opened += 1;
        }
    }
    assert!(opened >= 120, "{opened}");
}

#[test]
fn captured_sas_are_followed_from_phase_1_to_their_delete() {
    let (mut opened, mut verified) = (0, 0);
    for capture in ikev1_captures() {
        let truth = truth(&capture);
        for sa in truth["ike_sas"].as_array().unwrap() {
            let Some(keys) = keys_of(sa) else { continue };
            let exchange = KeyExchange {
                initiator: &hex(sa["ke_i"].as_str().unwrap()),
                responder: &hex(sa["ke_r"].as_str().unwrap()),
            };
            let first = Iv::phase_1(&keys, exchange).unwrap();
            assert_eq!(first, iv(&sa["phase1_iv"]), "RFC 2409 App. B: hash(g^xi | g^xr)");
            let mut follower = Follower::new(keys, first);
            for (mut datagram, known) in encrypted_messages(&capture, &truth) {
                let at = format!("{} frame {}", capture.display(), known["frame"]);
                if of_sa(&truth, &known) != Some(sa) {
                    continue;
                }
                let result = follower.open(&mut datagram);
                if known.get("note").is_some() {
                    assert!(result.is_err(), "{at}: it is of the other keys");
                    continue;
                }
                let message = result.unwrap_or_else(|error| panic!("{at}: {error}"));
                assert_eq!(message.iv, iv(&known["iv"]), "{at}");
                assert_eq!(
                    message.payloads.as_bytes(),
                    hex(known["plaintext_payloads_hex"].as_str().unwrap()),
                    "{at}"
                );
                assert_eq!(message.hash == HashCheck::Verified, known["hash_verified"] == true, "{at}");
                opened += 1;
                verified += usize::from(message.hash == HashCheck::Verified);
            }
            // The failed negotiation never came to its end.
            if truth["outcome"] == "established" {
                assert_eq!(follower.last_phase_1(), iv(&sa["last_phase1_block"]), "{}", capture.display());
            }
        }
    }
    assert!(opened >= 120 && verified >= 90, "{opened} {verified}");
}

#[test]
fn what_a_peer_with_another_pre_shared_key_says() {
    let capture = testkit::testdata("captures/ikev1-fail-wrong-psk");
    let truth = truth(&capture);
    let sa = &truth["ike_sas"][0];
    let mut theirs = sa.clone();
    for name in ["encryption_key_Ka", "SKEYID_a"] {
        theirs[name] = sa["keys_of_the_other_psk"][name].clone();
    }
    let mut follower = Follower::new(keys_of(&theirs).unwrap(), iv(&sa["phase1_iv"]));
    let mut opened = 0;
    for (mut datagram, known) in encrypted_messages(&capture, &truth) {
        let result = follower.open(&mut datagram);
        // Message 5 is no message to it, and does not advance its IV.
        assert_eq!(result.is_ok(), known.get("note").is_some(), "frame {}: {result:?}", known["frame"]);
        if let Ok(message) = result {
            assert_eq!(message.payloads.to_string(), "HASH, N(PAYLOAD-MALFORMED)");
            assert_eq!(message.hash, HashCheck::Verified);
            opened += 1;
        }
    }
    assert_eq!(opened, 3);
}

/// A published exchange: its encrypted messages of phase 1, those of Quick Mode, and a follower.
fn published(vector: &testkit::Vector<'_>) -> (Vec<Vec<u8>>, Vec<Vec<u8>>, Follower) {
    let keys = Phase1Keys::from_parts(
        PrfId::HmacSha1,
        Secret::new(vector.octets("skeyid_d")),
        Secret::new(vector.octets("skeyid_a")),
        Secret::new(vector.octets("skeyid_e")),
    );
    let keys = MessageKeys::from_phase_1(&provider(), CipherId::Aes128Cbc, HashId::Sha1, &keys).unwrap();
    let (gxi, gxr) = (vector.octets("gxi"), vector.octets("gxr"));
    let first = Iv::phase_1(&keys, KeyExchange { initiator: &gxi, responder: &gxr }).unwrap();
    let phase_1: Vec<_> = vector
        .value("messages")
        .and_then(Value::as_array)
        .unwrap()
        .iter()
        .map(|m| hex(m.as_str().unwrap()))
        .collect();
    let encrypted =
        phase_1.into_iter().filter(|m| Message::parse(m).unwrap().ciphertext().is_some()).collect();
    let quick = &vector.value("quick_mode").unwrap();
    let quick = ["qm1", "qm2", "qm3"].map(|name| hex(quick[name].as_str().unwrap())).to_vec();
    (encrypted, quick, Follower::new(keys, first))
}

#[test]
fn rfc2409_5_5_published_quick_modes_and_their_hashes() {
    let mut seen = 0;
    for group in vectors("ike_exchanges").iter().filter(|group| group.kind() == "ikev1_exchange") {
        for vector in group.vectors() {
            let name = vector.text("name");
            let (phase_1, quick, mut follower) = published(&vector);
            assert_eq!(follower.last_phase_1().octets(), vector.octets("phase1_iv"), "{name}");
            for (mut datagram, plain) in phase_1.into_iter().zip(["m5_plain", "m6_plain"]) {
                let message = follower.open(&mut datagram).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(vector.octets(plain).starts_with(message.payloads.as_bytes()), "{name}");
                let hash = message.payloads.find(PayloadType::HASH).unwrap().body().to_vec();
                assert_eq!(
                    hash,
                    vector.octets(if plain == "m5_plain" { "hash_i" } else { "hash_r" }),
                    "{name}"
                );
            }
            for (mut datagram, number) in quick.into_iter().zip(1..) {
                let message =
                    follower.open(&mut datagram).unwrap_or_else(|error| panic!("{name} {number}: {error}"));
                assert_eq!(message.hash, HashCheck::Verified, "{name}: HASH({number})");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 9);
}

#[test]
fn a_published_message_opens() {
    for group in vectors("ike_encrypted").iter().filter(|group| group.kind() == "ikev1_enc") {
        for vector in group.vectors() {
            let key = Secret::new(vector.octets("key"));
            let keys = MessageKeys::new(&provider(), CipherId::Aes128Cbc, HashId::Sha1, &key, None).unwrap();
            let mut datagram = vector.octets("message");
            let mut chain = Iv::from_octets(&vector.octets("iv")).unwrap();
            let payloads = open(&keys, &mut chain, &mut datagram).unwrap();
            assert_eq!(payloads.as_bytes(), &vector.octets("plaintext")[..36]);
            assert!(matches!(
                keys.verify_hash(0x5c97_04a7, PhaseTwoHash::One, payloads),
                Err(MessageError::Crypto(CryptoError::Invalid(_)))
            ));
        }
    }
}

/// An SA whose keys are 0x11 and 0x22, and a way to make its messages.
fn own_keys() -> MessageKeys {
    let (key, skeyid_a) = (Secret::new([0x11; 16]), Secret::new([0x22; 20]));
    MessageKeys::new(&provider(), CipherId::Aes128Cbc, HashId::Sha1, &key, Some(&skeyid_a)).unwrap()
}

fn start() -> Iv {
    Iv::from_octets(&[0x33; 16]).unwrap()
}

fn prf(parts: &[&[u8]], out: &mut [u8]) {
    provider().prf(PrfId::HmacSha1).unwrap().key(&[0x22; 20]).unwrap().compute(parts, out).unwrap();
}

fn encrypt(chain: &mut Iv, datagram: &mut [u8]) {
    let cipher = provider().cipher(CipherId::Aes128Cbc).unwrap().key(&Secret::new([0x11; 16])).unwrap();
    let body = &mut datagram[Header::LEN..];
    cipher.encrypt(chain.octets(), body).unwrap();
    *chain = Iv::from_octets(body.last_chunk::<16>().unwrap()).unwrap();
}

fn header(exchange: ExchangeType, message_id: u32) -> Header {
    Header::new(IkeSpi([1; 8]), IkeSpi([2; 8]), exchange, Flags::ENCRYPTION, message_id)
}

/// An informational message with a right HASH, encrypted from `chain` on.
fn informational(message_id: u32, chain: &mut Iv) -> Vec<u8> {
    let mut buf = [0; 256];
    let mut builder =
        MessageBuilder::new(&mut buf, &header(ExchangeType::INFORMATIONAL, message_id)).unwrap();
    builder.push(PayloadType::HASH, &Hash::new(&[0; 20])).unwrap();
    builder
        .push(PayloadType::NOTIFY, &Notification::new(NotifyType::R_U_THERE).with_data(&[0, 0, 0, 1]))
        .unwrap();
    let mut whole = builder.finish_encrypted(16).unwrap();
    let (hash, covered) = whole.hash().unwrap();
    prf(&[&message_id.to_be_bytes(), covered], hash);
    let mut datagram = whole.into_datagram().to_vec();
    encrypt(chain, &mut datagram);
    datagram
}

fn phase_2(message_id: u32) -> Iv {
    Iv::phase_2(&own_keys(), &start(), message_id).unwrap()
}

#[test]
fn w1_06_encrypted_bodies_that_are_no_blocks() {
    for octets in [0usize, 7, 8, 15, 17, 24] {
        let mut datagram = informational(7, &mut phase_2(7));
        datagram.resize(Header::LEN + octets, 0);
        let length = u32::try_from(datagram.len()).unwrap().to_be_bytes();
        datagram[24..28].copy_from_slice(&length);
        let mut follower = Follower::new(own_keys(), start());
        let error = follower.open(&mut datagram).unwrap_err();
        // Eight octets are a block of 3DES, and none of AES.
        let malformed = matches!(error, MessageError::Malformed(_));
        assert_eq!(malformed, octets % 8 != 0 || octets == 0, "{octets}: {error}");
        assert!(malformed || matches!(error, MessageError::Crypto(_)), "{octets}: {error}");
        assert!(follower.open(&mut informational(7, &mut phase_2(7))).is_ok(), "nothing changed");
    }
}

#[test]
fn w1_06_messages_in_the_clear_are_not_opened() {
    let mut datagram = informational(7, &mut phase_2(7));
    datagram[19] = 0;
    let error = Follower::new(own_keys(), start()).open(&mut datagram).unwrap_err();
    assert!(matches!(error, MessageError::Malformed(_) | MessageError::NotEncrypted), "{error}");
    let mut clear = vec![0; 28];
    clear[..24].copy_from_slice(&informational(7, &mut phase_2(7))[..24]);
    (clear[16], clear[19], clear[27]) = (0, 0, 28);
    assert_eq!(open(&own_keys(), &mut start(), &mut clear), Err(MessageError::NotEncrypted));
}

#[test]
fn rfc2409_app_b_only_an_accepted_message_advances_the_iv() {
    let mut follower = Follower::new(own_keys(), start());
    let mut chain = phase_2(9);
    for number in 0..4 {
        let good = informational(9, &mut chain);
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let result = follower.open(&mut bad).map(|_| ());
            // Cookies, minor version, exchange type and the other flags are outside what encryption and HASH protect.
            if matches!(result, Err(MessageError::Undecryptable(_) | MessageError::Authentication)) {
                assert!(bad[Header::LEN..].iter().all(|octet| *octet == 0), "bit {bit}: wiped");
            }
            let unprotected = matches!((bit / 8, bit % 8), (0..=15 | 18, _) | (17, 0..4) | (19, 1..));
            assert_eq!(result.is_ok(), unprotected, "bit {bit} of message {number}");
            if result.is_ok() {
                // It was the genuine message but for what is not protected: start again.
                follower = Follower::new(own_keys(), start());
                let mut again = phase_2(9);
                for _ in 0..number {
                    assert!(follower.open(&mut informational(9, &mut again)).is_ok());
                }
            }
        }
        assert_eq!(follower.open(&mut good.clone()).unwrap().hash, HashCheck::Verified, "message {number}");
        assert!(follower.open(&mut good.clone()).is_err(), "its IV is gone");
    }
}

#[test]
fn exchanges_are_apart_and_few() {
    let mut follower = Follower::new(own_keys(), start());
    let many = u32::try_from(Follower::MAX_EXCHANGES).unwrap() + 1;
    let mut chains: Vec<_> = (1..=many).map(phase_2).collect();
    for _ in 0..2 {
        for (id, chain) in (2..=many).zip(&mut chains[1..]) {
            assert!(follower.open(&mut informational(id, chain)).is_ok(), "{id}");
        }
    }
    assert!(follower.open(&mut informational(1, &mut chains[0])).is_ok());
    // The first of them made room: it starts anew, and what continues it does not open.
    assert!(follower.open(&mut informational(2, &mut chains[1])).is_err());
    assert!(follower.open(&mut informational(3, &mut chains[2])).is_ok());
}

/// The three messages of a Quick Mode, of which one has another nonce than the hashes say.
fn quick_mode(altered: Option<usize>) -> Vec<Vec<u8>> {
    let (id, mut chain) = (5u32, phase_2(5));
    let (nonce_i, nonce_r) = ([7; 16], [8; 16]);
    let mut messages = Vec::new();
    for number in 0..3 {
        let mut buf = [0; 256];
        let mut builder = MessageBuilder::new(&mut buf, &header(ExchangeType::QUICK_MODE, id)).unwrap();
        builder.push(PayloadType::HASH, &Hash::new(&[0; 20])).unwrap();
        if number < 2 {
            builder.push(PayloadType::NONCE, &Nonce::new([&nonce_i, &nonce_r][number])).unwrap();
        }
        let mut whole = builder.finish_encrypted(16).unwrap();
        let (hash, covered) = whole.hash().unwrap();
        let ni = if altered == Some(number) { [9; 16] } else { nonce_i };
        match number {
            0 => prf(&[&id.to_be_bytes(), if altered == Some(0) { &ni } else { covered }], hash),
            1 => prf(&[&id.to_be_bytes(), &ni, covered], hash),
            _ => prf(&[&[0], &id.to_be_bytes(), &ni, &nonce_r], hash),
        }
        let mut datagram = whole.into_datagram().to_vec();
        encrypt(&mut chain, &mut datagram);
        messages.push(datagram);
    }
    messages
}

#[test]
fn rfc2409_5_5_each_hash_of_quick_mode_is_checked() {
    for altered in [None, Some(0), Some(1), Some(2)] {
        let mut follower = Follower::new(own_keys(), start());
        for (mut datagram, number) in quick_mode(altered).into_iter().zip(0..) {
            let result = follower.open(&mut datagram);
            if altered == Some(number) {
                assert_eq!(result, Err(MessageError::Authentication), "HASH({})", number + 1);
                break;
            }
            assert_eq!(result.unwrap().hash, HashCheck::Verified, "HASH({})", number + 1);
        }
    }
    // Without SKEYID_a all is opened and nothing is said.
    let keys =
        MessageKeys::new(&provider(), CipherId::Aes128Cbc, HashId::Sha1, &Secret::new([0x11; 16]), None)
            .unwrap();
    let mut follower = Follower::new(keys, start());
    for mut datagram in quick_mode(Some(1)) {
        assert_eq!(follower.open(&mut datagram).unwrap().hash, HashCheck::NotChecked);
    }
}

#[test]
fn a_message_without_a_hash_or_with_too_much_padding() {
    let make = |first: PayloadType, plaintext: &[u8]| {
        let mut datagram = header(ExchangeType::INFORMATIONAL, 3);
        datagram.next_payload = first;
        datagram.length = u32::try_from(Header::LEN + plaintext.len()).unwrap();
        let mut octets = vec![0; Header::LEN];
        ikev1_wire::Encode::encode(&datagram, &mut ikev1_wire::Writer::new(&mut octets)).unwrap();
        octets.extend(plaintext);
        encrypt(&mut phase_2(3), &mut octets);
        octets
    };
    let open_it = |mut datagram: Vec<u8>| {
        Follower::new(own_keys(), start()).open(&mut datagram).map(|_| ()).unwrap_err()
    };
    let vendor = [&[0, 0, 0, 8][..], b"abcdefgh", &[0; 4]].concat();
    assert_eq!(open_it(make(PayloadType::VENDOR_ID, &vendor[..16])), MessageError::Authentication);
    assert_eq!(open_it(make(PayloadType::NONE, &[0; 16])), MessageError::Authentication);
    assert!(matches!(open_it(make(PayloadType::NONE, &[0; 32])), MessageError::Undecryptable(_)));
    let mut hash = vec![0, 0, 0, 24];
    hash.extend([0; 20]);
    prf(&[&3u32.to_be_bytes()], &mut hash[4..]);
    hash.resize(48, 0xee);
    let mut datagram = make(PayloadType::HASH, &hash);
    assert!(matches!(open_it(datagram.clone()), MessageError::Undecryptable(_)), "24 octets of padding");
    hash.truncate(32);
    datagram = make(PayloadType::HASH, &hash);
    let mut follower = Follower::new(own_keys(), start());
    assert_eq!(follower.open(&mut datagram).unwrap().hash, HashCheck::Verified, "padding of any content");
}

#[test]
fn opening_allocates_nothing() {
    let mut datagram = informational(7, &mut phase_2(7));
    let (keys, mut chain) = (own_keys(), phase_2(7));
    let (count, payloads) =
        count_allocations(|| open(&keys, &mut chain, &mut datagram).unwrap().iter().count());
    assert_eq!((count, payloads), (0, 2));
}

#[test]
fn keys_that_do_not_fit_are_refused() {
    let keys = |cipher, len: usize| {
        MessageKeys::new(&provider(), cipher, HashId::Sha1, &Secret::new(vec![1; len]), None).map(|_| ())
    };
    assert!(keys(CipherId::Aes128Cbc, 16).is_ok());
    assert!(matches!(keys(CipherId::Aes128Cbc, 24), Err(CryptoError::Length { .. })));
    assert!(matches!(keys(CipherId::Null, 0), Err(CryptoError::Invalid(_))));
    assert!(matches!(Iv::from_octets(&[0; 17]), Err(CryptoError::Length { .. })));
    assert!(
        open(&own_keys(), &mut Iv::from_octets(&[]).unwrap(), &mut informational(7, &mut phase_2(7)))
            .is_err()
    );
}

#[test]
fn pd_08_debug_shows_no_key_and_no_content() {
    let text = format!("{:?}", own_keys());
    assert!(!text.contains("17, 17") && !text.contains("1111"), "{text}");
    let mut datagram = informational(7, &mut phase_2(7));
    let mut follower = Follower::new(own_keys(), start());
    let opened = format!("{:?}", follower.open(&mut datagram).unwrap());
    assert_eq!(opened, "Opened [HASH, N] Verified");
    let chain: PayloadChain<'_> = PayloadChain::parse(PayloadType::NONE, &[], 0).unwrap();
    assert!(chain.is_empty());
}
