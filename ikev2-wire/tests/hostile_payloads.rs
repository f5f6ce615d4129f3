//! Hostile payload bodies: W2-14 to W2-20 (W2-12 and W2-13 have their own file).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev2_wire::{
    AddressRange, CertEncoding, ExchangeType, IdType, Message, Notify, NotifyType, ParseErrorKind, Payload,
    PayloadType, TrafficSelector, TsType,
};
use support::{decode, decode_error, message};

#[test]
fn w2_15_key_exchange_of_every_group() {
    let long = vec![9; 65_000];
    for group in 0..=u16::MAX {
        let mut body = group.to_be_bytes().to_vec();
        body.extend_from_slice(&[0, 0]);
        for data in [&[][..], &[1]] {
            body.truncate(4);
            body.extend_from_slice(data);
            let ke = ikev2_wire::KeyExchange::decode(&body, 32).unwrap();
            assert_eq!((ke.method().0, ke.data()), (group, data));
        }
    }
    let mut body = vec![0, 14, 0, 0];
    body.extend_from_slice(&long);
    decode(PayloadType::KE, &body, |payload| {
        let Ok(Payload::KeyExchange(ke)) = payload else { panic!("{payload:?}") };
        assert_eq!(ke.data(), long);
    });
    for len in 0..4 {
        let error = decode_error(PayloadType::KE, &body[..len]);
        assert_eq!(error.kind(), ParseErrorKind::Truncated { needed: 4, available: len });
        assert_eq!(error.offset(), 32);
    }
}

#[test]
fn w2_16_nonces_of_16_to_256_octets() {
    for len in [16, 17, 32, 255, 256] {
        decode(PayloadType::NONCE, &vec![1; len], |payload| assert!(payload.is_ok(), "{len}"));
    }
    for len in [0, 1, 15, 257, 65_000] {
        let error = decode_error(PayloadType::NONCE, &vec![1; len]);
        assert_eq!(error.kind(), ParseErrorKind::LengthField { declared: len, min: 16, max: 256 });
    }
}

fn delete(protocol: u8, spi_size: u8, count: u16, spis: &[u8]) -> Vec<u8> {
    let [high, low] = count.to_be_bytes();
    [&[protocol, spi_size, high, low], spis].concat()
}

#[test]
fn w2_17_delete_sizes_and_counts() {
    for (protocol, size) in [(1, 4), (1, 8), (3, 0), (3, 3), (3, 8), (2, 0), (2, 3), (2, 8)] {
        let body = delete(protocol, size, 1, &vec![1; usize::from(size)]);
        let error = decode_error(PayloadType::DELETE, &body);
        assert_eq!(error.kind(), ParseErrorKind::Invalid("SPI Size"), "{protocol} {size}");
        assert_eq!(error.offset(), 33);
    }
    for body in [
        delete(3, 4, u16::MAX, &[1; 4]),
        delete(3, 4, 0, &[1; 4]),
        delete(3, 4, 2, &[1; 4]),
        delete(3, 4, 1, &[1; 5]),
        delete(3, 4, 1, &[1; 3]),
        delete(3, 4, 1, &[]),
        delete(1, 0, u16::MAX, &[]),
        delete(1, 0, 1, &[]),
        delete(1, 0, 0, &[1]),
        delete(9, 0, 1, &[]),
        delete(9, 5, 3, &[1; 16]),
    ] {
        let error = decode_error(PayloadType::DELETE, &body);
        assert_eq!(error.kind(), ParseErrorKind::Invalid("Num of SPIs"), "{body:?}");
        assert_eq!(error.offset(), 34);
    }
    for len in 0..4 {
        decode_error(PayloadType::DELETE, &[1, 0, 0, 0][..len]);
    }
}

#[test]
fn w2_17_lawful_deletes() {
    for (body, count) in [
        (delete(1, 0, 0, &[]), 0),
        (delete(3, 4, 0, &[]), 0),
        (delete(2, 4, 2, &[1, 2, 3, 4, 5, 6, 7, 8]), 2),
        (delete(3, 4, 1_000, &[1; 4_000]), 1_000),
        (delete(200, 8, 2, &[1; 16]), 2),
    ] {
        decode(PayloadType::DELETE, &body, |payload| {
            let Ok(Payload::Delete(delete)) = payload else { panic!("{payload:?}") };
            assert_eq!((delete.spis().count(), delete.spis().len()), (count, count));
        });
    }
}

const V4: [u8; 16] = [7, 6, 0, 16, 0, 80, 0, 90, 10, 0, 0, 1, 10, 0, 0, 9];

fn selectors(count: u8, selectors: &[&[u8]]) -> Vec<u8> {
    let mut body = vec![count, 0, 0, 0];
    selectors.iter().for_each(|selector| body.extend_from_slice(selector));
    body
}

fn with_length(selector: &[u8], length: u16) -> Vec<u8> {
    let mut octets = selector.to_vec();
    octets[2..4].copy_from_slice(&length.to_be_bytes());
    octets
}

#[test]
fn w2_18_number_of_selectors() {
    for (count, found) in [(0, 0), (0, 1), (255, 1), (1, 2), (2, 1), (1, 0)] {
        for kind in [PayloadType::TSI, PayloadType::TSR] {
            let error = decode_error(kind, &selectors(count, &vec![&V4[..]; found]));
            assert_eq!(error.kind(), ParseErrorKind::Invalid("Number of TSs"));
            assert_eq!(error.offset(), 32);
        }
    }
    decode(PayloadType::TSI, &selectors(255, &[&V4[..]; 255]), |payload| assert!(payload.is_ok()));
    decode_error(PayloadType::TSI, &selectors(0, &[&V4[..]; 256]));
    for len in 0..4 {
        decode_error(PayloadType::TSR, &[1, 0, 0][..len.min(3)]);
    }
}

#[test]
fn w2_18_selector_lengths() {
    for length in [0, 3, 4, 15, 17, u16::MAX] {
        let error = decode_error(PayloadType::TSI, &selectors(1, &[&with_length(&V4, length), &[0; 9]]));
        assert_eq!(
            error.kind(),
            ParseErrorKind::LengthField { declared: usize::from(length), min: 16, max: 16 }
        );
        assert_eq!(error.offset(), 38);
        let unknown = [9, 0, 0, 0, 1, 2, 3, 4];
        if !(4..=8).contains(&length) {
            decode_error(PayloadType::TSI, &selectors(1, &[&with_length(&unknown, length)]));
        }
    }
    let mut v6 = [0; 40];
    v6[0] = 8;
    for length in [0, 16, 39, 41, u16::MAX] {
        decode_error(PayloadType::TSR, &selectors(1, &[&with_length(&v6, length), &[0]]));
    }
    decode(PayloadType::TSR, &selectors(1, &[&with_length(&v6, 40)]), |payload| assert!(payload.is_ok()));
    // RFC 9478 §2.2: a security label has one octet at least.
    let empty = decode_error(PayloadType::TSI, &selectors(1, &[&[10, 0, 0, 4]]));
    assert!(matches!(empty.kind(), ParseErrorKind::LengthField { declared: 4, min: 5, .. }), "{empty}");
    decode(PayloadType::TSI, &selectors(1, &[&[10, 0, 0, 5, 1]]), |payload| assert!(payload.is_ok()));
    // The second of two is cut.
    decode_error(PayloadType::TSI, &selectors(2, &[&V4, &V4[..15]]));
}

#[test]
fn w2_18_unknown_and_empty_selectors_are_kept() {
    let label = [10, 0, 0, 9, b'l', b'a', b'b', b'e', b'l'];
    let mut backwards = V4;
    backwards[8] = 11;
    let mut ports = V4;
    ports[4] = 1;
    let mut opaque = V4;
    opaque[4..8].copy_from_slice(&[0xff, 0xff, 0, 0]);
    let fibre_channel = [9, 1, 0, 9, b'f', b'i', b'b', b'r', b'e'];
    let body = selectors(5, &[&label, &backwards, &ports, &opaque, &fibre_channel]);
    decode(PayloadType::TSI, &body, |payload| {
        let Ok(Payload::TrafficSelectorsI(selectors)) = payload else { panic!("{payload:?}") };
        let found: Vec<_> = selectors.iter().collect();
        assert_eq!(found[0], TrafficSelector::SecurityLabel(b"label"));
        let unknown =
            TrafficSelector::Unknown { kind: TsType::TS_FC_ADDR_RANGE, protocol: 1, body: b"fibre" };
        assert_eq!(found[4], unknown);
        let empty = |at: usize| match found[at] {
            TrafficSelector::Range(range) => range.is_empty(),
            _ => panic!("{found:?}"),
        };
        assert!(empty(1) && empty(2) && !empty(3));
        let opaque = AddressRange {
            protocol: 6,
            start_port: 65_535,
            end_port: 0,
            start: [10, 0, 0, 1].into(),
            end: [10, 0, 0, 9].into(),
        };
        assert_eq!(found[3], TrafficSelector::Range(opaque));
        assert!(opaque.has_opaque_ports());
    });
}

fn id(kind: IdType, data: &[u8]) -> Vec<u8> {
    [&[kind.0, 0, 0, 0], data].concat()
}

#[test]
fn w2_19_identities_of_wrong_length() {
    for kind in [PayloadType::IDI, PayloadType::IDR] {
        for len in 0..4 {
            let error = decode_error(kind, &[2, 0, 0, 0][..len]);
            assert_eq!(error.kind(), ParseErrorKind::Truncated { needed: 4, available: len });
        }
        for (id_type, len, due) in [
            (IdType::ID_IPV4_ADDR, 0, 4),
            (IdType::ID_IPV4_ADDR, 3, 4),
            (IdType::ID_IPV4_ADDR, 5, 4),
            (IdType::ID_IPV6_ADDR, 4, 16),
            (IdType::ID_IPV6_ADDR, 15, 16),
            (IdType::ID_IPV6_ADDR, 17, 16),
        ] {
            let error = decode_error(kind, &id(id_type, &vec![1; len]));
            assert_eq!(error.kind(), ParseErrorKind::LengthField { declared: len, min: due, max: due });
            assert_eq!(error.offset(), 36);
        }
    }
}

#[test]
fn w2_19_identities_are_escaped() {
    let cases: [(IdType, &[u8], &str); 8] = [
        (IdType::ID_FQDN, b"a.example", "a.example"),
        (IdType::ID_FQDN, b"a\0b\n\x1b[2J", "a\\x00b\\n\\x1b[2J"),
        (IdType::ID_RFC822_ADDR, b"\xff\xfe@example", "\\xff\\xfe@example"),
        (IdType::ID_KEY_ID, "k\u{e4}y".as_bytes(), "k\\xc3\\xa4y"),
        (IdType::ID_IPV4_ADDR, &[192, 0, 2, 1], "192.0.2.1"),
        (IdType::ID_IPV6_ADDR, &[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "fe80::1"),
        (IdType::ID_DER_ASN1_DN, &[0x30, 0x80, 0x30], "308030"),
        (IdType(200), b"\n", "0a"),
    ];
    for (kind, data, text) in cases {
        // `decode` formats everything into a sink that takes printable ASCII alone.
        decode(PayloadType::IDI, &id(kind, data), |payload| {
            let Ok(Payload::IdI(identity)) = payload else { panic!("{payload:?}") };
            assert_eq!(identity.to_string(), text);
            assert_eq!((identity.kind(), identity.data()), (kind, data));
        });
    }
    let long = id(IdType::ID_FQDN, &vec![0x1b; 65_000]);
    decode(PayloadType::IDR, &long, |payload| assert!(payload.is_ok()));
}

#[test]
fn w2_20_certificates_of_any_kind_and_number() {
    decode_error(PayloadType::CERT, &[]);
    decode_error(PayloadType::CERTREQ, &[]);
    let url = [&[12][..], &[7; 20], b"file:///etc/passwd"].concat();
    let long_url = [&[12][..], &vec![b'u'; 60_000]].concat();
    for body in [&[0][..], &[200], &[4], &[200, 1, 2, 3], &url, &long_url] {
        decode(PayloadType::CERT, body, |payload| {
            let Ok(Payload::Certificate(cert)) = payload else { panic!("{payload:?}") };
            assert_eq!((cert.encoding(), cert.data()), (CertEncoding(body[0]), &body[1..]));
        });
        decode(PayloadType::CERTREQ, body, |payload| {
            let Ok(Payload::CertificateRequest(request)) = payload else { panic!("{payload:?}") };
            assert_eq!((request.encoding().0, request.authorities()), (body[0], &body[1..]));
        });
    }
    for count in [9, 100] {
        let datagram = message(ExchangeType::IKE_AUTH, &vec![(37, &[4, 0x30, 0][..]); count]);
        let message = Message::parse(&datagram).unwrap();
        assert_eq!(message.payloads().find_all(PayloadType::CERT).count(), count);
    }
}

#[test]
fn notify_spi_past_the_end() {
    let body = [3, 4, 0x40, 0x09, 1, 2, 3];
    for len in 0..body.len() {
        let error = decode_error(PayloadType::NOTIFY, &body[..len]);
        assert!(matches!(error.kind(), ParseErrorKind::Truncated { needed: 4, .. }), "{error}");
    }
    decode(PayloadType::NOTIFY, &[3, 3, 0xff, 0xff, 1, 2, 3, 4], |payload| {
        let Ok(Payload::Notify(notify)) = payload else { panic!("{payload:?}") };
        assert_eq!(
            (notify.kind(), notify.spi(), notify.data()),
            (NotifyType(65_535), &[1, 2, 3][..], &[4][..])
        );
        assert_ne!(notify, Notify::new(NotifyType(65_535)));
    });
}
