//! Fragments of messages: those of the captures, and hostile ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use core::time::Duration;
use ikev1_wire::*;
use support::captured_messages;

fn fragment_of<'a>(message: &Message<'a>) -> Option<Fragment<'a>> {
    match message.payloads().find(PayloadType::FRAGMENT)?.decode() {
        Ok(Payload::Fragment(fragment)) => Some(fragment),
        other => panic!("{other:?}"),
    }
}

#[test]
fn captured_fragments_make_whole_messages() {
    let mut whole_messages = 0;
    let mut reassembler = FragmentReassembler::new([0; 4096], FragmentLimits::default());
    for sample in captured_messages() {
        let message = Message::parse(&sample.message).unwrap();
        let Some(fragment) = fragment_of(&message) else { continue };
        let whole = reassembler.push(Instant::EPOCH, message.header(), &fragment).unwrap();
        assert_eq!(whole.is_some(), sample.truth["reassembled"] == true, "{}", sample.name);
        let Some(octets) = whole else { continue };
        let inner = Message::parse(octets).unwrap();
        assert_eq!(inner.header().cookie_i, message.header().cookie_i);
        assert_eq!(inner.ciphertext().is_some(), sample.truth["encrypted"] == true);
        if inner.ciphertext().is_none() {
            let found: Vec<_> = inner.payloads().iter().map(|raw| raw.to_string()).collect();
            assert_eq!(found, support::names(&sample.truth), "{}", sample.name);
        }
        // Taken apart again it is what came over the wire.
        let again = Fragment::split(fragment.id(), octets, 512).unwrap();
        assert!(again.map(|piece| piece.data()).collect::<Vec<_>>().concat() == octets);
        whole_messages += 1;
    }
    assert!(whole_messages >= 5, "{whole_messages}");
}

fn header() -> Header {
    support::header(ExchangeType::IDENTITY_PROTECTION)
}

#[test]
fn what_is_held_stays_within_the_limits() {
    let limits = FragmentLimits { fragments: 4, timeout: Duration::from_secs(5) };
    let mut reassembler = FragmentReassembler::new([0; 100], limits);
    let piece = |number, is_last, data| Fragment::new(1, number, is_last, data);
    for number in 5..=255 {
        let result = reassembler.push(Instant::EPOCH, &header(), &piece(number, true, b"x"));
        assert_eq!(result, Err(FragmentError::TooMany(number)));
    }
    assert_eq!(reassembler.push(Instant::EPOCH, &header(), &piece(1, false, &[1; 90])), Ok(None));
    assert_eq!(
        reassembler.push(Instant::EPOCH, &header(), &piece(2, true, &[2; 11])),
        Err(FragmentError::TooLong)
    );
    assert_eq!(reassembler.held(), 0, "what was held is gone");
    assert_eq!(reassembler.push(Instant::EPOCH, &header(), &piece(1, false, &[1; 90])), Ok(None));
    let late = Instant::EPOCH + Duration::from_secs(5);
    assert_eq!(
        reassembler.push(late, &header(), &piece(2, true, &[2; 10])),
        Ok(None),
        "the first one timed out"
    );
    assert_eq!(reassembler.held(), 1);
    let whole = reassembler.push(late, &header(), &piece(1, false, &[1; 90])).unwrap();
    assert_eq!(whole.map(<[u8]>::len), Some(100));
    reassembler.clear();
    assert_eq!(reassembler.held(), 0);
}

#[test]
fn another_message_takes_the_place_of_the_one_held() {
    let mut reassembler = FragmentReassembler::new([0; 100], FragmentLimits::default());
    let others = [
        (header(), 2),
        (Header { cookie_i: IkeSpi([9; 8]), ..header() }, 1),
        (Header { cookie_r: IkeSpi([9; 8]), ..header() }, 1),
    ];
    for (other, id) in others {
        assert_eq!(reassembler.push(Instant::EPOCH, &header(), &Fragment::new(1, 1, false, b"ab")), Ok(None));
        assert_eq!(reassembler.push(Instant::EPOCH, &other, &Fragment::new(id, 2, true, b"cd")), Ok(None));
        assert_eq!(reassembler.held(), 1);
        let whole = reassembler.push(Instant::EPOCH, &other, &Fragment::new(id, 1, false, b"xy"));
        assert_eq!(whole, Ok(Some(&b"xycd"[..])));
    }
}

#[test]
fn the_first_copy_stays_and_the_last_is_the_last() {
    let mut reassembler = FragmentReassembler::new([0; 100], FragmentLimits::default());
    let mut push = |number, is_last, data: &[u8]| {
        let fragment = Fragment::new(1, number, is_last, data);
        reassembler.push(Instant::EPOCH, &header(), &fragment).map(|whole| whole.map(<[u8]>::to_vec))
    };
    assert_eq!(push(2, false, b"bb"), Ok(None));
    assert_eq!(push(2, false, b"other"), Ok(None));
    assert_eq!(push(1, true, b"a"), Err(FragmentError::BehindLast), "a last one before one that is held");
    assert_eq!(push(3, true, b"ccc"), Ok(None));
    assert_eq!(push(4, false, b"dddd"), Err(FragmentError::BehindLast));
    assert_eq!(push(2, true, b"bb"), Err(FragmentError::BehindLast), "two last ones");
    assert_eq!(push(1, false, b"a"), Ok(Some(b"abbccc".to_vec())));
}

#[test]
fn fragments_that_are_none() {
    for body in [&[][..], &[0, 1], &[0, 1, 1, 1], &[0, 1, 0, 0, 9]] {
        support::decode_error(PayloadType::FRAGMENT, body);
    }
    assert!(support::try_encode(&Fragment::new(1, 0, false, b"x")).is_err());
    assert!(support::try_encode(&Fragment::new(1, 1, false, b"")).is_err());
    for (message, len) in [(&[][..], 10), (&[1], 0), (&[0; 256], 1)] {
        assert!(Fragment::split(1, message, len).is_err());
    }
    assert_eq!(Fragment::split(1, &[0; 255], 1).unwrap().count(), 255);
}
