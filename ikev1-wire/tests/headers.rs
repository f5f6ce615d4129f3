//! The headers of real IKEv1 messages, and what is not one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

use ikev1_wire::{Encode, ExchangeType, Flags, Header, ParseError, ParseErrorKind, PayloadType, Writer};
use testkit::vectors;

/// The IKEv1 messages of the vectors: name, octets and first payload type, where that is known.
fn messages() -> Vec<(String, Vec<u8>, Option<u64>)> {
    let mut found = Vec::new();
    for group in vectors("ike_messages") {
        for vector in group.vectors().filter(|vector| vector.text("version") == "10") {
            let message = vector.octets("message");
            let header =
                Header::parse(&message).unwrap_or_else(|error| panic!("{}: {error}", vector.text("name")));
            assert_eq!(Some(u64::from(header.exchange.0)), vector.number("exchange_type"));
            assert_eq!(Some(u64::from(header.message_id)), vector.number("message_id"));
            assert_eq!(vec![header.flags.0], vector.octets("flags"));
            assert_eq!(header.cookie_i.to_string(), vector.text("spi_i"));
            assert_eq!(header.cookie_r.to_string(), vector.text("spi_r"));
            let payloads = vector.value("payloads").and_then(|payloads| payloads.as_array());
            let first = payloads.map(|payloads| payloads[0].as_u64().unwrap());
            found.push((vector.text("name").to_owned(), message, first));
        }
    }
    assert!(found.len() >= 20, "{}", found.len());
    found
}

#[test]
fn vectors_say_what_they_are_and_are_written_again() {
    for (name, message, first) in messages() {
        let header = Header::parse(&message).unwrap();
        assert_eq!((header.major(), header.minor()), (1, 0), "{name}");
        if let Some(first) = first {
            assert_eq!(u64::from(header.next_payload.0), first, "{name}");
        }
        // Payload types are absent exactly where the message is encrypted.
        assert_eq!(header.flags.is_encrypted(), first.is_none(), "{name}");
        assert!(header.exchange.name().is_some() && header.next_payload.name().is_some(), "{name}");
        let mut buf = [0xa5; Header::LEN];
        let mut out = Writer::new(&mut buf);
        header.encode(&mut out).unwrap();
        assert_eq!(out.len(), header.encoded_len());
        assert_eq!(out.written(), &message[..Header::LEN], "{name}");
    }
}

#[test]
fn w1_01_length_other_than_the_datagram() {
    for (name, message, _) in messages() {
        for len in 0..message.len() {
            let error = Header::parse(&message[..len]).unwrap_err();
            assert!(error.offset() <= len, "{name}: {error}");
        }
        let len = u32::try_from(message.len()).unwrap();
        for wrong in [len - 1, len + 1, 27, 0, 1 << 31, u32::MAX] {
            let mut bad = message.clone();
            bad[24..28].copy_from_slice(&wrong.to_be_bytes());
            let (declared, available) = (usize::try_from(wrong).unwrap(), message.len());
            let kind = ParseErrorKind::LengthField { declared, min: available, max: available };
            assert_eq!(Header::parse(&bad), Err(ParseError::new(kind, 24)), "{name}");
        }
    }
}

#[test]
fn w1_01_datagrams_shorter_than_a_header() {
    for available in 0..28 {
        let error = ParseError::new(ParseErrorKind::Truncated { needed: 28, available }, 0);
        assert_eq!(Header::parse(&[0x10; 27][..available]), Err(error));
    }
}

#[test]
fn other_major_versions_are_not_ikev1() {
    let mut datagram = [0; 28];
    datagram[27] = 28;
    for version in 0..=u8::MAX {
        datagram[17] = version;
        let parsed = Header::parse(&datagram);
        assert_eq!(parsed.is_ok(), version >> 4 == 1, "{version:#x}");
    }
}

#[test]
fn malformed_headers_are_refused_or_read_without_harm() {
    for group in vectors("ike_messages") {
        for vector in group.vectors().filter(|_| group.kind() == "ike_malformed") {
            let octets = vector.octets("message");
            match Header::parse(&octets) {
                Ok(header) => assert_eq!(usize::try_from(header.length), Ok(octets.len())),
                Err(error) => assert!(error.offset() <= octets.len(), "{error}"),
            }
        }
    }
}

#[test]
fn numbers_and_flags_print_what_they_are() {
    assert_eq!(ExchangeType::IDENTITY_PROTECTION.to_string(), "Identity Protection");
    assert_eq!(ExchangeType(99).to_string(), "99");
    assert_eq!(PayloadType(200).name(), None);
    assert_eq!(format!("{:?}", Flags(0x83)), "Flags(0x83 encryption commit)");
    assert!(Flags(7).contains(Flags::AUTHENTICATION_ONLY));
}
