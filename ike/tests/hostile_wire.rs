//! The endpoint's part of the hostile inputs of the wire, by the cases of W2: what is dropped, and what is fatal.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::forge::{Noted, body, clear, in_clear};
use common::{LEFT, Pair, RIGHT};
use ikev2_wire::{
    EncryptionId, ExchangeType, Flags, KeyExchange, KeyExchangeMethod, NotifyType, PayloadType, ProtocolId,
};
use ipsec_ike::DatagramError;
use ipsec_types::{ParseError, ParseErrorKind};
use testkit::{Conditions, Parcel};

fn pair() -> Pair {
    Pair::new(1, Conditions::default())
}

fn established() -> (Pair, Noted) {
    let mut pair = pair();
    pair.establish();
    let keys = pair.ends[LEFT].spy.last();
    (pair, keys)
}

fn with(parcel: &Parcel, contents: Vec<u8>) -> Parcel {
    Parcel { contents, ..parcel.clone() }
}

/// A parcel of left's with these octets.
fn from_left(pair: &Pair, contents: Vec<u8>) -> Parcel {
    Parcel { path: pair.path(LEFT), esp: false, contents }
}

/// The types of notifications in a list of payloads.
fn notifies(pieces: &[(PayloadType, Vec<u8>)]) -> Vec<NotifyType> {
    let notify = pieces.iter().filter(|(kind, _)| *kind == PayloadType::NOTIFY);
    notify.map(|(_, body)| NotifyType(u16::from_be_bytes([body[2], body[3]]))).collect()
}

/// Right answers an authentic request of left's with INVALID_SYNTAX, and its SA is gone with one event.
#[track_caller]
fn is_fatal(what: &str, message: impl FnOnce(&Noted) -> Vec<u8>) {
    let (mut pair, keys) = established();
    let parcel = from_left(&pair, message(&keys));
    let _ = pair.give(RIGHT, &parcel);
    let answers = pair.take(RIGHT);
    assert_eq!(answers.len(), 1, "{what}");
    assert_eq!(notifies(&keys.read(&answers[0].contents).1), [NotifyType::INVALID_SYNTAX], "{what}");
    assert_eq!(pair.ends[RIGHT].closed.len(), 1, "{what}");
    assert!(pair.ends[RIGHT].ike.is_empty() && pair.ends[RIGHT].children.is_empty(), "{what}");
}

/// Right sends nothing, and what stands stays.
#[track_caller]
fn is_dropped(pair: &mut Pair, contents: Vec<u8>) {
    let parcel = from_left(pair, contents);
    let (sas, children) = (pair.ends[RIGHT].ike.len(), pair.ends[RIGHT].children.len());
    assert!(pair.give(RIGHT, &parcel).is_err());
    assert!(pair.take(RIGHT).is_empty());
    assert_eq!((pair.ends[RIGHT].ike.len(), pair.ends[RIGHT].children.len()), (sas, children));
}

#[test]
fn w2_01_prefixes_of_a_request_make_no_sa() {
    let mut pair = pair();
    pair.initiate(LEFT);
    let request = pair.take(LEFT).remove(0);
    for len in 0..request.contents.len() {
        is_dropped(&mut pair, request.contents[..len].to_vec());
        assert!(pair.ends[RIGHT].endpoint.is_empty(), "{len}");
    }
    pair.give(RIGHT, &request).unwrap();
    assert_eq!(pair.take(RIGHT).len(), 1);
}

#[test]
fn w2_02_a_length_that_is_not_the_datagrams_is_dropped() {
    let (mut pair, keys) = established();
    let header = keys.header(ExchangeType::INFORMATIONAL, Flags::INITIATOR, 2);
    let genuine = keys.write(&header, &[]);
    let length = u32::try_from(genuine.len()).unwrap();
    for wrong in [length - 1, length + 1, 27, 0, 1 << 31, u32::MAX] {
        let mut altered = genuine.clone();
        altered[24..28].copy_from_slice(&wrong.to_be_bytes());
        is_dropped(&mut pair, altered);
    }
    pair.give(RIGHT, &from_left(&pair, genuine)).unwrap();
    assert_eq!(pair.take(RIGHT).len(), 1, "the genuine one still counts");
}

#[test]
fn w2_03_payload_lengths_that_lie_inside_sk_are_fatal() {
    let header = |keys: &Noted| keys.header(ExchangeType::INFORMATIONAL, Flags::INITIATOR, 2);
    for declared in [0u16, 1, 2, 3, 9, u16::MAX] {
        let [high, low] = declared.to_be_bytes();
        is_fatal(&format!("length {declared}"), |keys| {
            keys.write_octets(&header(keys), PayloadType::VENDOR_ID, &[0, 0, high, low, 1, 2, 3, 4, 0])
        });
    }
    is_fatal("octets behind the last payload", |keys| {
        keys.write_octets(&header(keys), PayloadType::VENDOR_ID, &[0, 0, 0, 4, 7, 7, 0])
    });
}

#[test]
fn w2_04_as_many_payloads_as_the_limit_and_one_more() {
    let (mut pair, keys) = established();
    let header = keys.header(ExchangeType::INFORMATIONAL, Flags::INITIATOR, 2);
    let chain = |count: usize| {
        let mut octets = [43, 0, 0, 4].repeat(count);
        octets[4 * (count - 1)] = 0;
        [&octets[..], &[0]].concat()
    };
    let full = keys.write_octets(&header, PayloadType::VENDOR_ID, &chain(ikev2_wire::MAX_PAYLOADS));
    pair.give(RIGHT, &from_left(&pair, full)).unwrap();
    assert_eq!(keys.read(&pair.take(RIGHT).remove(0).contents).1, [], "vendor ids are passed over");
    is_fatal("one payload too many", |keys| {
        keys.write_octets(&header, PayloadType::VENDOR_ID, &chain(ikev2_wire::MAX_PAYLOADS + 1))
    });
}

#[test]
fn w2_08_sk_inside_sk_is_fatal_and_sk_in_ike_sa_init_is_dropped() {
    is_fatal("SK inside SK", |keys| {
        let header = keys.header(ExchangeType::INFORMATIONAL, Flags::INITIATOR, 2);
        keys.write_octets(&header, PayloadType::SK, &[0, 0, 0, 8, 1, 2, 3, 4, 0])
    });
    let mut pair = pair();
    pair.initiate(LEFT);
    let mut request = pair.take(LEFT).remove(0).contents;
    let last = request.len() - 28;
    assert_eq!(request[last..last + 4], [0, 0, 0, 28], "a notification ends the request");
    let before = request[..last].windows(2).rposition(|pair| pair == [41, 0]).unwrap();
    request[before] = PayloadType::SK.0;
    is_dropped(&mut pair, request);
    assert!(pair.ends[RIGHT].endpoint.is_empty());
}

#[test]
fn w2_09_sk_bodies_too_short_for_iv_and_icv_are_dropped() {
    let (mut pair, keys) = established();
    let header = keys.header(ExchangeType::INFORMATIONAL, Flags::INITIATOR, 2);
    let genuine = keys.write(&header, &[]);
    for body_len in 0..=8 + 16 {
        let mut cut = genuine[..32 + body_len].to_vec();
        let length = u16::try_from(cut.len()).unwrap();
        cut[26..28].copy_from_slice(&length.to_be_bytes());
        cut[30..32].copy_from_slice(&(length - 28).to_be_bytes());
        is_dropped(&mut pair, cut);
    }
    pair.give(RIGHT, &from_left(&pair, genuine)).unwrap();
}

#[test]
fn w2_10_pad_lengths_beyond_the_plaintext_are_fatal() {
    for plaintext in [&[1][..], &[0, 0, 0, 4], &[255; 16], &[16; 16], &[7, 7, 7, 4]] {
        is_fatal(&format!("{plaintext:?}"), |keys| {
            let header = keys.header(ExchangeType::INFORMATIONAL, Flags::INITIATOR, 2);
            keys.write_octets(&header, PayloadType::NONE, plaintext)
        });
    }
}

#[test]
fn w2_11_an_empty_informational_request_is_answered_by_an_empty_response() {
    let (mut pair, keys) = established();
    let header = keys.header(ExchangeType::INFORMATIONAL, Flags::INITIATOR, 2);
    pair.give(RIGHT, &from_left(&pair, keys.write_octets(&header, PayloadType::NONE, &[0]))).unwrap();
    let answer = pair.take(RIGHT).remove(0);
    let (header, pieces) = keys.read(&answer.contents);
    assert!(header.flags.is_response() && header.message_id == 2);
    assert_eq!(pieces, []);
    assert_eq!(pair.ends[RIGHT].ike.len(), 1);
}

/// The request of IKE_SA_INIT with the body of one payload replaced.
fn altered_init(kind: PayloadType, body: Vec<u8>) -> (Pair, Parcel, Parcel) {
    let mut pair = pair();
    pair.initiate(LEFT);
    let request = pair.take(LEFT).remove(0);
    let (header, mut pieces) = clear(&request.contents);
    pieces.iter_mut().find(|(own, _)| *own == kind).unwrap().1 = body;
    let altered = with(&request, in_clear(&header, &pieces));
    (pair, request, altered)
}

/// What right answers to an altered request in the clear, if anything; no SA is made of it.
fn answered(kind: PayloadType, body: Vec<u8>) -> Option<Vec<NotifyType>> {
    let (mut pair, request, altered) = altered_init(kind, body);
    let _ = pair.give(RIGHT, &altered);
    let answer = pair.take(RIGHT).pop();
    assert!(pair.ends[RIGHT].endpoint.is_empty());
    pair.give(RIGHT, &request).unwrap();
    assert_eq!(pair.take(RIGHT).len(), 1, "the genuine request still counts");
    answer.map(|answer| notifies(&clear(&answer.contents).1))
}

#[test]
fn w2_12_sas_that_do_not_agree_with_themselves_make_no_sa() {
    let lawful = [0, 0, 0, 20, 1, 1, 0, 1, 0, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0];
    for (at, value) in [
        (0, 1),
        (0, 2),
        (3, 19),
        (3, 21),
        (3, 0),
        (7, 0),
        (7, 2),
        (7, 255),
        (8, 1),
        (8, 3),
        (11, 7),
        (11, 13),
    ] {
        let mut body = lawful.to_vec();
        body[at] = value;
        let answer = answered(PayloadType::SA, body);
        let lawful_answers = [None, Some(vec![NotifyType::INVALID_SYNTAX])];
        assert!(lawful_answers.contains(&answer), "octet {at} is {value}: {answer:?}");
    }
    // An SPI where none is due, and numbers that are not an offer's: that proposal is not taken, or the request refused.
    let with_spi = [0, 0, 0, 24, 1, 1, 4, 1, 1, 2, 3, 4, 0, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0];
    let mut second = lawful.to_vec();
    second[4] = 2;
    for body in [with_spi.to_vec(), second] {
        let answer = answered(PayloadType::SA, body);
        let refused = answer.as_ref().is_none_or(|kinds| {
            [[NotifyType::NO_PROPOSAL_CHOSEN], [NotifyType::INVALID_SYNTAX]].iter().any(|one| kinds == one)
        });
        assert!(refused, "{answer:?}");
    }
}

#[test]
fn w2_14_transforms_with_odd_attributes_are_not_taken() {
    let encr = EncryptionId::ENCR_AES_CBC.0;
    for attributes in [
        &[][..],
        &[0x80, 14, 0, 0],
        &[0x80, 14, 0, 129],
        &[0x80, 14, 0xff, 0xff],
        &[0x80, 14, 1, 0, 0x80, 14, 1, 0],
        &[0x80, 15, 1, 0],
        &[0, 14, 0, 2, 1, 0],
        &[0, 14, 0, 0],
        &[0, 14, 0xff, 0xff],
    ] {
        let length = u8::try_from(8 + attributes.len()).unwrap();
        let odd = [&[0, 0, 0, length, 1, 0, 0, u8::try_from(encr).unwrap()], attributes].concat();
        let proposal = [&[0, 0, 0, 8 + length, 1, ProtocolId::IKE.0, 0, 1], &odd[..]].concat();
        let answer = answered(PayloadType::SA, proposal);
        assert_eq!(answer, Some(vec![NotifyType::NO_PROPOSAL_CHOSEN]), "{attributes:02x?}");
    }
}

#[test]
fn w2_15_public_values_of_other_groups_and_of_wrong_lengths() {
    let genuine = {
        let mut pair = pair();
        pair.initiate(LEFT);
        clear(&pair.take(LEFT).remove(0).contents).1
    };
    let offered = genuine.iter().find(|(kind, _)| *kind == PayloadType::KE).unwrap().1.clone();
    let group = KeyExchangeMethod(u16::from_be_bytes([offered[0], offered[1]]));
    for number in (0..200).chain([1_023, 1_024, 40_000, 65_535]) {
        for data in [&[][..], &[1], &[7; 32], &[7; 256]] {
            let body = body(&KeyExchange::new(KeyExchangeMethod(number), data));
            let answer = answered_or_taken(body);
            if KeyExchangeMethod(number) == group {
                let taken_or_refused = data.len() == offered.len() - 4
                    || answer.is_none()
                    || answer.as_deref() == Some(&[NotifyType::INVALID_SYNTAX]);
                assert!(taken_or_refused, "{number}, {} octets: {answer:?}", data.len());
            } else {
                assert_eq!(answer, Some(vec![NotifyType::INVALID_KE_PAYLOAD]), "{number}");
            }
        }
    }
    let long = answered_or_taken(body(&KeyExchange::new(group, &[9; 60_000])));
    assert!(long.is_none() || long == Some(vec![NotifyType::INVALID_SYNTAX]), "{long:?}");
}

/// As [`answered`], where the request may be as good as the genuine one.
fn answered_or_taken(body: Vec<u8>) -> Option<Vec<NotifyType>> {
    let (mut pair, _, altered) = altered_init(PayloadType::KE, body);
    let _ = pair.give(RIGHT, &altered);
    let answer = pair.take(RIGHT).pop()?;
    Some(notifies(&clear(&answer.contents).1))
}

#[test]
fn w2_16_nonces_below_16_and_above_256_octets_make_no_sa() {
    for len in [0, 15, 257, 4_000] {
        let answer = answered(PayloadType::NONCE, vec![7; len]);
        assert!(answer.is_none() || answer == Some(vec![NotifyType::INVALID_SYNTAX]), "{len}: {answer:?}");
    }
    for len in [16, 256] {
        let (mut pair, _, altered) = altered_init(PayloadType::NONCE, vec![7; len]);
        pair.give(RIGHT, &altered).unwrap();
        let answer = clear(&pair.take(RIGHT).remove(0).contents).1;
        assert!(answer.iter().any(|(kind, _)| *kind == PayloadType::SA), "{len}");
    }
}

#[test]
fn w2_17_deletes_that_do_not_agree_with_themselves_are_fatal() {
    let spi = [0xc0, 0xff, 0xee, 1];
    let bodies: [Vec<u8>; 6] = [
        vec![1, 4, 0, 1, 0xc0, 0xff, 0xee, 1],
        vec![1, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8],
        vec![3, 0, 0, 1],
        vec![3, 3, 0, 1, 1, 2, 3],
        [&[3, 4, 0xff, 0xff][..], &spi].concat(),
        [&[3, 4, 0, 2][..], &spi].concat(),
    ];
    for body in bodies {
        is_fatal(&format!("{body:02x?}"), |keys| {
            let header = keys.header(ExchangeType::INFORMATIONAL, Flags::INITIATOR, 2);
            keys.write(&header, &[(PayloadType::DELETE, body.clone())])
        });
    }
}

#[test]
fn w2_21_what_is_no_message_on_port_4500_is_no_liveness() {
    let (mut pair, _) = established();
    let (keepalive, no_message) = (Ok(()), Err(DatagramError::Unexpected));
    let kind = ParseErrorKind::Truncated { needed: 28, available: 2 };
    let cut = Err(DatagramError::Malformed(ParseError::new(kind, 0)));
    for (octets, expected) in [
        (&[0xff][..], keepalive),
        (&[], no_message),
        (&[0], no_message),
        (&[0, 0, 0], no_message),
        (&[0, 0, 0, 0], no_message),
        (&[0, 0, 0, 0, 0xde, 0xad], cut),
    ] {
        let parcel = from_left(&pair, octets.to_vec());
        let path = ipsec_types::Path { carrier: ipsec_types::Carrier::UdpEncapsulated, ..parcel.path };
        let due = pair.ends[RIGHT].endpoint.poll_timeout();
        let result = pair.give(RIGHT, &Parcel { path, ..parcel });
        assert_eq!(result, expected, "{octets:?}");
        assert!(pair.take(RIGHT).is_empty());
        assert_eq!(pair.ends[RIGHT].endpoint.poll_timeout(), due, "{octets:?}");
    }
}

/// What right answers to left's IKE_AUTH request once `change` altered its payloads, and whether right's SA stands then.
fn auth_answer(change: impl FnOnce(&mut Vec<(PayloadType, Vec<u8>)>)) -> (Vec<NotifyType>, bool) {
    let mut pair = pair();
    pair.initiate(LEFT);
    let request = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &request).unwrap();
    let response = pair.take(RIGHT).remove(0);
    pair.give(LEFT, &response).unwrap();
    let auth = pair.take(LEFT).remove(0);
    let keys = pair.ends[LEFT].spy.last();
    let (header, mut pieces) = keys.read(&auth.contents);
    change(&mut pieces);
    let _ = pair.give(RIGHT, &with(&auth, keys.write(&header, &pieces)));
    let answer = pair.take(RIGHT).remove(0);
    (notifies(&keys.read(&answer.contents).1), !pair.ends[RIGHT].ike.is_empty())
}

fn replace(pieces: &mut [(PayloadType, Vec<u8>)], kind: PayloadType, body: &[u8]) {
    pieces.iter_mut().find(|(own, _)| *own == kind).unwrap().1 = body.to_vec();
}

#[test]
fn w2_18_traffic_selectors_that_lie_and_those_that_match_nothing() {
    let all = [7, 0, 0, 16, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 255, 255, 255, 255];
    let list = |count: u8, selector: &[u8]| [&[count, 0, 0, 0], selector].concat();
    let with_length = |length: u16| {
        let mut selector = all;
        selector[2..4].copy_from_slice(&length.to_be_bytes());
        list(1, &selector)
    };
    let lying =
        [list(0, &[]), list(0, &all), list(255, &all), with_length(0), with_length(15), with_length(17)];
    for body in lying.into_iter().chain([with_length(65_535), list(1, &all[..12])]) {
        let (answer, stands) = auth_answer(|pieces| replace(pieces, PayloadType::TSI, &body));
        assert_eq!((answer, stands), (vec![NotifyType::INVALID_SYNTAX], false), "{body:02x?}");
    }
    // Unknown types, addresses and ports that end before they start: ignored, and nothing is left.
    let (mut addresses, mut ports) = (all, all);
    addresses[8] = 255;
    addresses[12] = 1;
    ports[4..8].copy_from_slice(&[0, 9, 0, 8]);
    for selector in [&[200, 0, 0, 8, 1, 2, 3, 4][..], &addresses, &ports] {
        let (answer, stands) = auth_answer(|pieces| replace(pieces, PayloadType::TSI, &list(1, selector)));
        assert_eq!((answer, stands), (vec![NotifyType::TS_UNACCEPTABLE], true), "{selector:02x?}");
    }
}

#[test]
fn w2_19_identities_of_odd_form_are_not_authenticated() {
    let long = [&[2, 0, 0, 0][..], &[b'a'; 60_000]].concat();
    let odd: [&[u8]; 9] = [
        &[],
        &[2, 0, 0],
        &[1, 0, 0, 0, 192, 0, 2],
        &[1, 0, 0, 0, 192, 0, 2, 1, 9],
        &[5, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        b"\x02\0\0\0left.example\0",
        b"\x02\0\0\0left.example\n\x1b[2J\xff",
        &[9, 0, 0, 0, 0x30, 0x82, 0xff, 0xff],
        &long,
    ];
    for body in odd {
        let (answer, stands) = auth_answer(|pieces| replace(pieces, PayloadType::IDI, body));
        let lawful = [[NotifyType::INVALID_SYNTAX], [NotifyType::AUTHENTICATION_FAILED]];
        assert!(lawful.iter().any(|one| answer == one) && !stands, "{answer:?}");
    }
}

#[test]
fn w2_20_certificates_without_end_are_passed_over_or_refused() {
    for count in [1, 9, 100] {
        for body in
            [&[][..], &[0], &[200, 1, 2], &[4, 0x30, 0], b"\x0cAAAAAAAAAAAAAAAAAAAAfile:///etc/passwd"]
        {
            let (answer, stands) = auth_answer(|pieces| {
                let place = pieces.iter().position(|(kind, _)| *kind == PayloadType::AUTH).unwrap();
                pieces.splice(place..place, vec![(PayloadType::CERT, body.to_vec()); count]);
            });
            let refused = answer.contains(&NotifyType::INVALID_SYNTAX) && !stands;
            assert!(refused || (stands && answer.iter().all(|kind| !kind.is_error())), "{count}: {answer:?}");
            assert!(!body.is_empty() || refused, "a certificate without an encoding is malformed");
        }
    }
}
