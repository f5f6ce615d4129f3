//! Hostile encrypted payloads: W2-09 to W2-11.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev2_wire::{
    Encrypted, EncryptedFragment, ExchangeType, Framing, Message, MessageBuilder, ParseErrorKind, Parts,
    Payload, PayloadChain, PayloadType, strip_padding,
};
use support::{header, message};

const FRAMINGS: [Framing; 4] = [
    Framing { iv_len: 8, block_len: 1, icv_len: 16 },
    Framing { iv_len: 16, block_len: 16, icv_len: 16 },
    Framing { iv_len: 8, block_len: 8, icv_len: 12 },
    Framing { iv_len: 0, block_len: 1, icv_len: 0 },
];

fn sk<'a>(message: &Message<'a>) -> Encrypted<'a> {
    match message.payloads().find(PayloadType::SK).unwrap().decode() {
        Ok(Payload::Encrypted(sk)) => sk,
        other => panic!("{other:?}"),
    }
}

fn skf<'a>(message: &Message<'a>) -> EncryptedFragment<'a> {
    match message.payloads().find(PayloadType::SKF).unwrap().decode() {
        Ok(Payload::EncryptedFragment(skf)) => skf,
        other => panic!("{other:?}"),
    }
}

#[test]
fn w2_09_bodies_too_short_for_iv_block_and_icv() {
    for framing in FRAMINGS {
        let smallest = framing.iv_len + framing.block_len + framing.icv_len;
        for len in 0..smallest + 40 {
            let body = vec![7; len];
            let datagram = message(ExchangeType::IKE_AUTH, &[(43, &[1, 2]), (46, &body)]);
            let message = Message::parse(&datagram).unwrap();
            let split = sk(&message).split(framing);
            let ciphertext = len.checked_sub(framing.iv_len + framing.icv_len);
            match split {
                Ok(parts) => {
                    assert_eq!(Some(parts.ciphertext.len()), ciphertext);
                    assert!(parts.ciphertext.len().is_multiple_of(framing.block_len));
                    check_parts(&parts, &datagram, 28 + 6 + 4, framing);
                }
                Err(error) if len < smallest => {
                    assert_eq!(error.kind(), ParseErrorKind::Truncated { needed: smallest, available: len });
                    assert_eq!(error.offset(), 38);
                }
                Err(error) => {
                    assert!(!ciphertext.unwrap().is_multiple_of(framing.block_len), "{error}");
                    assert_eq!(error.offset(), 38 + framing.iv_len);
                }
            }
        }
    }
}

#[test]
fn w2_09_nonsense_framings_do_no_harm() {
    let datagram = message(ExchangeType::IKE_AUTH, &[(46, &[7; 64])]);
    let message = Message::parse(&datagram).unwrap();
    for (iv_len, block_len, icv_len) in
        [(usize::MAX, 1, 1), (1, usize::MAX, 1), (1, 1, usize::MAX), (65, 1, 0)]
    {
        assert!(sk(&message).split(Framing { iv_len, block_len, icv_len }).is_err());
    }
    assert!(sk(&message).split(Framing { iv_len: 0, block_len: 0, icv_len: 0 }).is_ok());
}

fn check_parts(parts: &Parts, datagram: &[u8], aad_len: usize, framing: Framing) {
    assert_eq!(parts.aad, 0..aad_len);
    assert_eq!(parts.iv, aad_len..aad_len + framing.iv_len);
    assert_eq!(parts.ciphertext.start, parts.iv.end);
    assert_eq!(parts.icv, parts.ciphertext.end..datagram.len());
    assert_eq!(parts.icv.len(), framing.icv_len);
    let mut copy = datagram.to_vec();
    let slots = parts.split_datagram(&mut copy).unwrap();
    assert_eq!(slots.aad, &datagram[parts.aad.clone()]);
    assert_eq!(*slots.iv, datagram[parts.iv.clone()]);
    assert_eq!(*slots.plaintext, datagram[parts.ciphertext.clone()]);
    assert_eq!(*slots.icv, datagram[parts.icv.clone()]);
    assert!(parts.split_datagram(&mut copy[1..]).is_none());
}

#[test]
fn w2_10_pad_length_does_not_wrap() {
    let mut plaintext = [0; 16];
    for pad_length in 0..=u8::MAX {
        plaintext[15] = pad_length;
        match strip_padding(&plaintext) {
            Ok(content) => assert_eq!(content.len() + usize::from(pad_length), 15),
            Err(error) => {
                assert!(pad_length >= 16);
                let declared = usize::from(pad_length);
                assert_eq!(error.kind(), ParseErrorKind::LengthField { declared, min: 0, max: 15 });
                assert_eq!(error.offset(), 15);
            }
        }
    }
    assert_eq!(strip_padding(&[]).unwrap_err().kind(), ParseErrorKind::Truncated { needed: 1, available: 0 });
    assert_eq!(strip_padding(&[0]), Ok(&[][..]));
    assert!(strip_padding(&[1]).is_err());
}

#[test]
fn rfc7296_3_14_padding_may_hold_anything() {
    assert_eq!(strip_padding(&[1, 2, 0xde, 0xad, 2]), Ok(&[1, 2][..]));
}

#[test]
fn w2_11_an_empty_encrypted_payload() {
    let mut buf = [0xa5; 256];
    let framing = Framing { iv_len: 16, block_len: 16, icv_len: 12 };
    let mut builder = MessageBuilder::new(&mut buf, &header(ExchangeType::INFORMATIONAL)).unwrap();
    builder.begin_encrypted(framing).unwrap();
    let slots = builder.finish_encrypted().unwrap();
    let mut expected = [0; 16];
    expected[15] = 15;
    assert_eq!(*slots.plaintext, expected);
    let len = slots.datagram_len();
    assert_eq!(len, 28 + 4 + 16 + 16 + 12);
    let message = Message::parse(&buf[..len]).unwrap();
    let sk = sk(&message);
    assert_eq!(sk.first_inner(), PayloadType::NONE);
    let parts = sk.split(framing).unwrap();
    let content = strip_padding(&buf[parts.ciphertext.clone()]).unwrap();
    assert!(PayloadChain::parse(sk.first_inner(), content, parts.ciphertext.start).unwrap().is_empty());
}

#[test]
fn rfc7383_2_5_fragment_numbers() {
    for (number, total, lawful) in [
        (1, 1, true),
        (1, 2, true),
        (2, 2, true),
        (65_535, 65_535, true),
        (0, 0, false),
        (0, 1, false),
        (1, 0, false),
        (3, 2, false),
        (65_535, 65_534, false),
    ] {
        let mut body = [7; 40];
        body[..2].copy_from_slice(&u16::to_be_bytes(number));
        body[2..4].copy_from_slice(&u16::to_be_bytes(total));
        let datagram = message(ExchangeType::IKE_AUTH, &[(53, &body)]);
        let parsed = Message::parse(&datagram).unwrap();
        let raw = parsed.payloads().find(PayloadType::SKF).unwrap();
        assert_eq!(raw.decode().is_ok(), lawful, "{number} of {total}");
        if lawful {
            let framing = FRAMINGS[0];
            assert_eq!((skf(&parsed).fragment_number(), skf(&parsed).total_fragments()), (number, total));
            check_parts(&skf(&parsed).split(framing).unwrap(), &datagram, 36, framing);
        } else {
            assert_eq!(raw.decode().unwrap_err().offset(), 32);
        }
        let mut buf = [0; 256];
        let mut builder = MessageBuilder::new(&mut buf, &header(ExchangeType::IKE_AUTH)).unwrap();
        assert_eq!(builder.begin_encrypted_fragment(FRAMINGS[0], number, total).is_ok(), lawful);
    }
    for len in 0..4 {
        let error = support::decode_error(PayloadType::SKF, &[0, 1, 0, 1][..len]);
        assert_eq!(error.kind(), ParseErrorKind::Truncated { needed: 4, available: len });
    }
}
