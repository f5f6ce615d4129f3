//! Hostile headers and chains: W2-01 to W2-08.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev2_wire::{
    ExchangeType, Header, MAX_PAYLOADS, Message, ParseError, ParseErrorKind, PayloadChain, PayloadType,
};
use std::time::Instant;
use support::{corpus, exercise, inner_chains, message};

fn kind_of(datagram: &[u8]) -> ParseErrorKind {
    let error = Message::parse(datagram).unwrap_err();
    assert!(error.offset() <= datagram.len(), "{error}");
    error.kind()
}

fn with_length(datagram: &[u8], length: u32) -> Vec<u8> {
    let mut octets = datagram.to_vec();
    octets[24..28].copy_from_slice(&length.to_be_bytes());
    octets
}

#[test]
fn w2_01_datagrams_shorter_than_a_header() {
    for available in 0..28 {
        let error = ParseError::new(ParseErrorKind::Truncated { needed: 28, available }, 0);
        assert_eq!(Message::parse(&[0x20; 27][..available]), Err(error));
        assert_eq!(Header::parse(&[0x20; 27][..available]), Err(error));
    }
}

#[test]
fn w2_02_header_length_other_than_the_datagram() {
    for sample in corpus().iter().step_by(10) {
        let len = u32::try_from(sample.message.len()).unwrap();
        for wrong in [len - 1, len + 1, 27, 0, 1 << 31, u32::MAX] {
            let error = Message::parse(&with_length(&sample.message, wrong)).unwrap_err();
            let declared = usize::try_from(wrong).unwrap();
            let available = sample.message.len();
            let kind = ParseErrorKind::LengthField { declared, min: available, max: available };
            assert_eq!(error, ParseError::new(kind, 24), "{}", sample.name);
        }
    }
}

#[test]
fn w2_02_the_marker_of_port_4500_does_not_count() {
    let datagram = message(ExchangeType::IKE_SA_INIT, &[(43, &[1, 2, 3])]);
    let mut marked = vec![0; 4];
    marked.extend_from_slice(&datagram);
    assert!(Message::parse(&marked).is_err());
    assert!(Message::parse(&marked[4..]).is_ok());
}

#[test]
fn w2_03_payload_length_of_every_type_at_every_place() {
    for kind in (0..=u8::MAX).filter(|kind| *kind != 0 && ![46, 53].contains(kind)) {
        for place in 0..3 {
            let mut payloads = [(43, &[1u8, 2, 3, 4][..]); 3];
            payloads[place].0 = kind;
            let good = message(ExchangeType::IKE_AUTH, &payloads);
            assert!(Message::parse(&good).is_ok());
            let start = 28 + 8 * place;
            let remaining = good.len() - start;
            for wrong in [0, 1, 2, 3, u16::try_from(remaining + 1).unwrap(), u16::MAX] {
                let mut bad = good.clone();
                bad[start + 2..start + 4].copy_from_slice(&wrong.to_be_bytes());
                let kind =
                    ParseErrorKind::LengthField { declared: usize::from(wrong), min: 4, max: remaining };
                assert_eq!(Message::parse(&bad), Err(ParseError::new(kind, start + 2)));
                // The same chain as SK would hold it, 100 octets into a datagram.
                let inner = PayloadChain::parse(PayloadType(good[16]), &bad[28..], 100);
                assert_eq!(inner.unwrap_err().offset(), 100 + start + 2 - 28);
            }
        }
    }
}

#[test]
fn w2_03_encrypted_payload_length() {
    for kind in [46, 53] {
        let good = message(ExchangeType::IKE_AUTH, &[(43, &[1, 2]), (kind, &[0, 1, 0, 1, 9, 9])]);
        assert!(Message::parse(&good).is_ok());
        for wrong in [0, 1, 2, 3, 11, u16::MAX] {
            let mut bad = good.clone();
            bad[36..38].copy_from_slice(&wrong.to_be_bytes());
            assert!(matches!(kind_of(&bad), ParseErrorKind::LengthField { max: 10, .. }), "{wrong}");
        }
    }
}

#[test]
fn w2_03_every_length_field_of_every_inner_chain() {
    let mut scratch = vec![0; 65_535];
    for inner in inner_chains() {
        let chain = PayloadChain::parse(inner.first, &inner.octets, 0).unwrap();
        for raw in chain {
            let remaining = inner.octets.len() - raw.offset();
            for wrong in [0, 1, 2, 3, u16::try_from(remaining + 1).unwrap(), u16::MAX] {
                let mut bad = inner.octets.clone();
                bad[raw.offset() + 2..raw.offset() + 4].copy_from_slice(&wrong.to_be_bytes());
                let error = PayloadChain::parse(inner.first, &bad, 0).unwrap_err();
                assert_eq!(error.offset(), raw.offset() + 2, "{}", inner.name);
            }
        }
        exercise(chain, inner.octets.len(), &mut scratch);
    }
}

#[test]
fn w2_04_the_limit_of_payloads() {
    for body in [&[][..], &[7; 4]] {
        for (count, kind) in [(MAX_PAYLOADS - 1, 43), (MAX_PAYLOADS, 43), (MAX_PAYLOADS, 200)] {
            let datagram = message(ExchangeType::IKE_SA_INIT, &vec![(kind, body); count]);
            assert_eq!(Message::parse(&datagram).unwrap().payloads().iter().count(), count);
            assert!(PayloadChain::parse(PayloadType(kind), &datagram[28..], 28).is_ok());
        }
        for count in [MAX_PAYLOADS + 1, 8_000] {
            let datagram = message(ExchangeType::IKE_SA_INIT, &vec![(200, body); count]);
            let offset = 28 + MAX_PAYLOADS * (4 + body.len());
            let error = ParseError::new(ParseErrorKind::TooMany { limit: MAX_PAYLOADS }, offset);
            assert_eq!(Message::parse(&datagram), Err(error));
            assert_eq!(PayloadChain::parse(PayloadType(200), &datagram[28..], 28), Err(error));
        }
    }
}

#[test]
fn w2_04_floods_of_payloads_are_refused_in_linear_time() {
    for (count, kind) in [(16_000, 250), (20_000, 43)] {
        let flood = message(ExchangeType::IKE_SA_INIT, &vec![(kind, &[][..]); count]);
        let start = Instant::now();
        for _ in 0..100 {
            assert_eq!(kind_of(&flood), ParseErrorKind::TooMany { limit: MAX_PAYLOADS });
        }
        assert!(start.elapsed().as_millis() < 1_000, "{:?}", start.elapsed());
    }
}

#[test]
fn w2_05_unknown_types_are_kept_with_their_critical_bit() {
    for kind in (1..=32).chain(55..=255) {
        for flags in [0, 0x80] {
            let mut datagram = message(ExchangeType::IKE_AUTH, &[(kind, &[1, 2, 3]), (43, &[])]);
            datagram[29] = flags;
            for response in [0x08, 0x20] {
                datagram[19] = response;
                let message = Message::parse(&datagram).unwrap();
                let raw = message.payloads().iter().next().unwrap();
                assert_eq!((raw.kind().0, raw.flags(), raw.body()), (kind, flags, &[1, 2, 3][..]));
                assert_eq!(raw.is_critical(), flags == 0x80);
                assert_eq!(raw.decode().unwrap().kind(), PayloadType(kind));
                assert_eq!(raw.to_string(), kind.to_string());
                assert!(PayloadChain::parse(PayloadType(kind), &datagram[28..], 28).is_ok());
            }
        }
    }
}

#[test]
fn w2_06_reserved_bits_are_ignored_and_kept() {
    let (mut buf, mut scratch) = (vec![0; 65_535], vec![0; 65_535]);
    for sample in corpus() {
        let mut octets = sample.message.clone();
        octets[17] = 0x2f;
        octets[19] |= 0xc7;
        let offsets: Vec<_> = Message::parse(&octets)
            .unwrap()
            .payloads()
            .iter()
            .map(|raw| (raw.offset(), raw.kind()))
            .collect();
        for (offset, kind) in offsets {
            octets[offset + 1] = 0xff;
            let reserved = match kind {
                PayloadType::KE => 6..8,
                PayloadType::IDI | PayloadType::IDR | PayloadType::AUTH => 5..8,
                PayloadType::TSI | PayloadType::TSR => 5..8,
                _ => continue,
            };
            octets[offset..][reserved].fill(0xff);
        }
        let message = Message::parse(&octets).unwrap();
        assert_eq!((message.header().major(), message.header().minor()), (2, 15));
        exercise(message.payloads(), octets.len(), &mut scratch);
        assert!(message.payloads().iter().all(|raw| raw.decode().is_ok() && raw.is_critical()));
        assert_eq!(support::rebuild_typed(&message, &mut buf), octets, "{}", sample.name);
    }
}

#[test]
fn w2_06_reserved_octets_of_proposals_and_transforms() {
    let sa = [
        0, 0xff, 0, 20, 1, 3, 4, 1, 0xc0, 1, 2, 3, // proposal
        0, 0xff, 0, 8, 5, 0xff, 0, 0, // transform
    ];
    support::decode(PayloadType::SA, &sa, |payload| assert!(payload.is_ok()));
}

#[test]
fn w2_07_any_order_of_payloads() {
    for inner in inner_chains() {
        let chain = PayloadChain::parse(inner.first, &inner.octets, 0).unwrap();
        let mut payloads: Vec<_> = chain.iter().map(|raw| (raw.kind().0, raw.body())).collect();
        for turn in 0..payloads.len().min(4) {
            payloads.reverse();
            payloads.rotate_left(turn);
            let datagram = message(ExchangeType::IKE_AUTH, &payloads);
            let reordered = Message::parse(&datagram).unwrap();
            let found: Vec<_> = reordered.payloads().iter().map(|raw| (raw.kind().0, raw.body())).collect();
            assert_eq!(found, payloads, "{}", inner.name);
            assert!(reordered.payloads().iter().all(|raw| raw.decode().is_ok()));
        }
    }
}

#[test]
fn w2_08_encrypted_payloads_out_of_place() {
    let auth = ExchangeType::IKE_AUTH;
    let body = &[0, 1, 0, 1, 9, 9][..];
    for (first, second) in [(46, 43), (46, 46), (46, 53), (53, 46), (53, 53), (53, 43)] {
        let datagram = message(auth, &[(first, body), (second, body)]);
        assert_eq!(kind_of(&datagram), ParseErrorKind::TrailingBytes { extra: 10 });
    }
    for kind in [46, 53] {
        assert!(Message::parse(&message(auth, &[(43, &[]), (kind, body)])).is_ok());
        let in_init = message(ExchangeType::IKE_SA_INIT, &[(43, &[]), (kind, body)]);
        let error = Message::parse(&in_init).unwrap_err();
        assert!(matches!(error.kind(), ParseErrorKind::Invalid(_)));
        assert_eq!(error.offset(), 32);
        let inside = PayloadChain::parse(PayloadType(43), &in_init[28..], 60).unwrap_err();
        assert!(matches!(inside.kind(), ParseErrorKind::Invalid(_)));
        assert_eq!(inside.offset(), 64);
    }
}

#[test]
fn chains_end_where_the_datagram_does() {
    let mut datagram = message(ExchangeType::IKE_SA_INIT, &[]);
    assert!(Message::parse(&datagram).unwrap().payloads().is_empty());
    datagram[16] = 43;
    assert_eq!(kind_of(&datagram), ParseErrorKind::Truncated { needed: 4, available: 0 });
    let mut datagram = message(ExchangeType::IKE_SA_INIT, &[(43, &[]), (43, &[1])]);
    datagram[28] = 0;
    assert_eq!(kind_of(&datagram), ParseErrorKind::TrailingBytes { extra: 5 });
}

#[test]
fn other_major_versions_are_not_ikev2() {
    let mut datagram = message(ExchangeType::IKE_SA_INIT, &[]);
    for version in (0..=u8::MAX).filter(|version| version >> 4 != 2) {
        datagram[17] = version;
        let error = Message::parse(&datagram).unwrap_err();
        assert_eq!(error, ParseError::new(ParseErrorKind::Invalid("major version"), 17));
        assert_eq!(Header::parse(&datagram).unwrap().major(), version >> 4);
    }
}
