//! Passive decryption against published messages, and on hostile input.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

use ikev2_wire::{ExchangeType, Flags, Framing, Header, IkeSpi, MessageBuilder, ParseErrorKind, PayloadType};
use ipsec_crypto_suite::{AeadId, CipherId, MacId, Protection, ProtectionKey, Secret, rustcrypto::provider};
use ipsec_ike::v2::{DirectionKeys, MessageError, MessageKeys, Plaintext, open};
use testkit::{CountingAllocator, Vector, count_allocations, hex, vectors};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const GCM: Protection = Protection::Aead(AeadId::Aes128Gcm16);
const CBC: Protection = Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 };

fn protection(vector: &Vector<'_>) -> Option<Protection> {
    let bits = Some(u16::try_from(vector.octets("sk_e").len() * 8).unwrap());
    let mac = match vector.text("integ") {
        "hmac-sha1-96" => MacId::HmacSha1_96,
        "hmac-sha2-256-128" => MacId::HmacSha2_256_128,
        "hmac-sha2-384-192" => MacId::HmacSha2_384_192,
        "hmac-sha2-512-256" => MacId::HmacSha2_512_256,
        _ if vector.text("encr") == "aes-gcm-16" => {
            return AeadId::from_ikev2(20, bits).map(Protection::Aead);
        }
        _ => return None,
    };
    (vector.text("encr") == "aes-cbc").then_some(())?;
    Some(Protection::Composed { cipher: CipherId::from_ikev2(12, bits)?, mac })
}

fn keys_of(protection: Protection, sk_e: &[u8], sk_a: &[u8]) -> MessageKeys {
    let direction = || DirectionKeys {
        sk_e: Secret::copy_from(sk_e),
        sk_a: (!protection.is_aead()).then(|| Secret::copy_from(sk_a)),
    };
    MessageKeys::new(&provider(), protection, direction(), direction()).unwrap()
}

#[test]
fn published_messages_open_and_altered_ones_do_not() {
    let (mut opened, mut refused) = (0, 0);
    for group in vectors("ike_encrypted").iter().filter(|group| group.kind() == "ike_sk") {
        for vector in group.vectors() {
            let Some(protection) = protection(&vector) else { continue };
            let name = vector.text("name");
            let sk_e = [vector.octets("sk_e"), vector.octets("salt")].concat();
            let keys = keys_of(protection, &sk_e, &vector.octets("sk_a"));
            let message = vector.octets("message");
            let mut datagram = message.clone();
            let result = open(&keys, &mut datagram);
            if vector.text("result") == "invalid" || name.contains("rejected") {
                assert!(matches!(result, Err(MessageError::Authentication)), "{name}: {result:?}");
                refused += 1;
                continue;
            }
            let (first, inner) = match result.unwrap_or_else(|error| panic!("{name}: {error}")) {
                Plaintext::Message(payloads) => (payloads.first(), payloads.as_bytes().to_vec()),
                Plaintext::Fragment(fragment) => (fragment.first, fragment.content.to_vec()),
            };
            assert_eq!(inner, vector.octets("inner"), "{name}");
            assert_eq!(Some(u64::from(first.0)), vector.number("next_payload_inside"), "{name}");
            opened += 1;
            for bit in 0..message.len() * 8 {
                let mut bad = message.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                let result = open(&keys, &mut bad).map(|_| ());
                let structural =
                    matches!(result, Err(MessageError::Malformed(_) | MessageError::NotEncrypted));
                assert!(structural || result == Err(MessageError::Authentication), "{name}: bit {bit}");
            }
            for length in 0..message.len() {
                assert!(open(&keys, &mut message[..length].to_vec()).is_err());
            }
        }
    }
    assert!(opened >= 8 && refused >= 1, "{opened} opened, {refused} refused");
}

fn key(protection: Protection) -> (MessageKeys, ProtectionKey) {
    let sk_e = vec![0x11; protection.encryption_key_len()];
    let sk_a = vec![0x22; protection.integrity_key_len()];
    let integrity = (!protection.is_aead()).then(|| Secret::copy_from(&sk_a));
    let sealing = ProtectionKey::new(&provider(), protection, &Secret::copy_from(&sk_e), integrity.as_ref());
    (keys_of(protection, &sk_e, &sk_a), sealing.unwrap())
}

/// A message whose plaintext, padding and Pad Length included, is this.
fn sealed(protection: Protection, first: PayloadType, plaintext: &[u8]) -> Vec<u8> {
    let (iv_len, icv_len) = (protection.iv_len(), protection.icv_len());
    let body = 4 + iv_len + plaintext.len() + icv_len;
    let length = u32::try_from(Header::LEN + body).unwrap();
    let mut message = hex("0102030405060708 1112131415161718 2e202508 00000005");
    message.extend(length.to_be_bytes());
    message.extend([first.0, 0]);
    message.extend(u16::try_from(body).unwrap().to_be_bytes());
    let aad = message.clone();
    let (iv, mut data, mut icv) = (vec![0x33; iv_len], plaintext.to_vec(), vec![0; icv_len]);
    key(protection).1.seal(&aad, &iv, &mut data, &[], &mut icv).unwrap();
    [message, iv, data, icv].concat()
}

#[test]
fn w2_03_lengths_that_lie_inside_sk() {
    for length in [0u16, 1, 2, 3, 9, 65_535] {
        let [high, low] = length.to_be_bytes();
        let mut message = sealed(GCM, PayloadType::NOTIFY, &[0, 0, high, low, 0, 0, 0x40, 0, 0]);
        let result = open(&key(GCM).0, &mut message).map(|_| ());
        assert!(matches!(result, Err(MessageError::Inner(_))), "length {length}: {result:?}");
    }
}

#[test]
fn w2_08_sk_inside_sk() {
    for kind in [PayloadType::SK, PayloadType::SKF] {
        let mut message = sealed(GCM, kind, &[0, 0, 0, 8, 0, 1, 0, 1, 0]);
        assert!(matches!(open(&key(GCM).0, &mut message), Err(MessageError::Inner(_))));
    }
}

#[test]
fn w2_09_sk_bodies_below_iv_and_icv_and_off_the_block() {
    for protection in [GCM, CBC] {
        let (keys, _) = key(protection);
        let whole = sealed(protection, PayloadType::NONE, &[0; 16]);
        for body in 0..whole.len() - Header::LEN - 4 {
            let mut message = whole[..Header::LEN + 4 + body].to_vec();
            let length = u32::try_from(message.len()).unwrap().to_be_bytes();
            message[24..28].copy_from_slice(&length);
            let field = u16::try_from(body + 4).unwrap().to_be_bytes();
            message[30..32].copy_from_slice(&field);
            let ciphertext = body.saturating_sub(protection.iv_len() + protection.icv_len());
            let result = open(&keys, &mut message).map(|_| ()).unwrap_err();
            if ciphertext == 0 || ciphertext % protection.block_len() != 0 {
                assert!(
                    matches!(result, MessageError::Malformed(_)),
                    "{protection}: {body} octets: {result}"
                );
            } else {
                assert_eq!(result, MessageError::Authentication);
            }
        }
    }
}

#[test]
fn w2_10_pad_lengths_that_reach_beyond_the_plaintext() {
    for (protection, plaintext) in [(CBC, [255; 16]), (CBC, [16; 16]), (GCM, [16; 16])] {
        let mut message = sealed(protection, PayloadType::NONE, &plaintext);
        let Err(MessageError::Inner(error)) = open(&key(protection).0, &mut message) else {
            panic!("accepted")
        };
        assert!(matches!(error.kind(), ParseErrorKind::LengthField { max: 15, .. }), "{error}");
    }
    // 15 octets of padding with any content are lawful (RFC 7296 §3.14).
    let mut padding = [0xee; 16];
    padding[15] = 15;
    let mut message = sealed(CBC, PayloadType::NONE, &padding);
    assert!(matches!(open(&key(CBC).0, &mut message), Ok(Plaintext::Message(chain)) if chain.is_empty()));
}

#[test]
fn w2_11_an_empty_sk_is_an_empty_message() {
    let mut message = sealed(GCM, PayloadType::NONE, &[0]);
    let Ok(Plaintext::Message(payloads)) = open(&key(GCM).0, &mut message) else { panic!("refused") };
    assert_eq!(payloads.iter().count(), 0);
}

#[test]
fn what_the_builder_makes_opens_without_allocation() {
    for protection in [GCM, CBC] {
        let (keys, sealing) = key(protection);
        let framing = Framing {
            iv_len: protection.iv_len(),
            block_len: protection.block_len(),
            icv_len: protection.icv_len(),
        };
        let mut buf = [0; 512];
        let (count, kinds) = count_allocations(|| {
            let (spi_i, spi_r) = (IkeSpi([1; 8]), IkeSpi([2; 8]));
            let header = Header::new(spi_i, spi_r, ExchangeType::INFORMATIONAL, Flags::INITIATOR, 7);
            let mut builder = MessageBuilder::new(&mut buf, &header).unwrap();
            builder.begin_encrypted(framing).unwrap();
            builder.push(PayloadType::VENDOR_ID, &&b"vendor"[..]).unwrap();
            let slots = builder.finish_encrypted().unwrap();
            let length = slots.datagram_len();
            slots.iv.fill(9);
            sealing.seal(slots.aad, slots.iv, slots.plaintext, &[], slots.icv).unwrap();
            let Ok(Plaintext::Message(payloads)) = open(&keys, &mut buf[..length]) else { panic!("refused") };
            payloads.iter().filter(|payload| payload.kind() == PayloadType::VENDOR_ID).count()
        });
        assert_eq!((count, kinds), (0, 1));
    }
}

#[test]
fn pd_08_debug_shows_no_key_and_no_content() {
    let (keys, _) = key(CBC);
    assert!(!format!("{keys:?}").contains("1111") && !format!("{keys:?}").contains("17, 17"));
    let plaintext = [&[0, 0, 0, 12, 2, 0, 0, 0][..], b"alma", &[0, 0, 0, 3]].concat();
    let mut message = sealed(CBC, PayloadType::IDI, &plaintext);
    let opened = open(&keys, &mut message).unwrap();
    assert_eq!(format!("{opened:?}"), format!("Message[{:?}]", PayloadType::IDI));
}
