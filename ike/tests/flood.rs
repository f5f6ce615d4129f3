//! Floods: first requests without end, unknown SPIs, unprotected errors for a live SA; and what forged answers do.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::forge::{Piece, body, clear, in_clear};
use common::{LEFT, Pair, RIGHT, Setup};
use core::net::SocketAddr;
use core::time::Duration;
use ikev2_wire::{ExchangeType, Flags, Header, Notify, NotifyType, PayloadType};
use ipsec_ike::DatagramError;
use ipsec_types::{Carrier, Path};
use testkit::{Conditions, Parcel};

/// Right asks for cookies from so many half-open SAs on.
fn pair(threshold: fn(&mut ipsec_ike::Config)) -> Pair {
    let mut right = Setup::new(false);
    right.change = threshold;
    Pair::of(1, Conditions::default(), Setup::new(true), right)
}

fn always() -> Pair {
    pair(|config| config.cookie_threshold = 0)
}

fn notify(kind: NotifyType, data: &[u8]) -> Piece {
    (PayloadType::NOTIFY, body(&Notify::new(kind).with_data(data)))
}

/// A forged answer in the clear to a message, as its sender would get it.
fn answer(to: &Parcel, pieces: &[Piece]) -> Parcel {
    let header = Header::parse(&to.contents).unwrap();
    let header = Header { flags: Flags::RESPONSE, ..header };
    let path = Path { local: to.path.remote, remote: to.path.local, carrier: Carrier::Udp };
    Parcel { path, esp: false, contents: in_clear(&header, pieces) }
}

/// The cookie in an answer.
fn cookie(parcel: &Parcel) -> Vec<u8> {
    let (_, pieces) = clear(&parcel.contents);
    let [(PayloadType::NOTIFY, body)] = &pieces[..] else { panic!("{pieces:?}") };
    assert_eq!(NotifyType(u16::from_be_bytes([body[2], body[3]])), NotifyType::COOKIE);
    body[4..].to_vec()
}

#[test]
fn e2_01_above_the_threshold_nothing_is_kept_and_a_real_peer_still_gets_in() {
    let mut pair = pair(|_| {});
    pair.initiate(LEFT);
    let genuine = pair.take(LEFT).remove(0);
    let mut asked = 0;
    for number in 0..100_000u32 {
        let mut flood = genuine.clone();
        flood.contents[..4].copy_from_slice(&number.to_be_bytes());
        let [_, a, b, c] = number.to_be_bytes();
        flood.path.local = SocketAddr::new([10, a, b, c].into(), 500);
        pair.give(RIGHT, &flood).unwrap();
        let answers = pair.take(RIGHT);
        assert_eq!(answers.len(), 1);
        if answers[0].contents.len() < 100 {
            asked += 1;
            assert!(2 * answers[0].contents.len() <= 3 * flood.contents.len());
        }
        pair.sent.clear();
    }
    assert_eq!(pair.ends[RIGHT].endpoint.len(), 100, "no memory per peer above the threshold");
    assert_eq!(asked, 100_000 - 100, "no key exchange either");
    // left --- IKE_SA_INIT ---> right, which asks for a cookie; then as ever.
    pair.give(RIGHT, &genuine).unwrap();
    pair.run(Duration::from_secs(1));
    pair.agree(1);
    // The others run out of time.
    pair.run(Duration::from_secs(60));
    assert_eq!(pair.ends[RIGHT].endpoint.len(), 1);
}

#[test]
fn e2_02_a_cookie_is_good_for_one_sender_one_nonce_and_a_while() {
    let mut pair = always();
    pair.initiate(LEFT);
    let first = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &first).unwrap();
    let asked = pair.take(RIGHT).remove(0);
    let good = cookie(&asked);
    assert!((1..=64).contains(&good.len()));
    let (header, pieces) = clear(&first.contents);
    let with = |cookie: &[u8], pieces: &[Piece]| -> Vec<Piece> {
        [&[notify(NotifyType::COOKIE, cookie)][..], pieces].concat()
    };
    let send =
        |header: &Header, pieces: &[Piece]| Parcel { contents: in_clear(header, pieces), ..first.clone() };
    let refused = |pair: &mut Pair, parcel: &Parcel| {
        pair.give(RIGHT, parcel).unwrap();
        let answers = pair.take(RIGHT);
        assert!(pair.ends[RIGHT].endpoint.is_empty(), "nothing is kept");
        drop(cookie(&answers[0]));
    };
    for at in 0..good.len() {
        let mut altered = good.clone();
        altered[at] ^= 1;
        refused(&mut pair, &send(&header, &with(&altered, &pieces)));
        refused(&mut pair, &send(&header, &with(&good[..at], &pieces)));
    }
    refused(&mut pair, &send(&header, &with(&[7; 65], &pieces)));
    // From another address or port, with another SPI, with another nonce.
    for other in ["192.0.2.7:500", "192.0.2.1:501"] {
        let mut moved = send(&header, &with(&good, &pieces));
        moved.path.local = other.parse().unwrap();
        refused(&mut pair, &moved);
    }
    let mut spi = header;
    spi.spi_i.0[0] ^= 1;
    refused(&mut pair, &send(&spi, &with(&good, &pieces)));
    let mut nonce = pieces.clone();
    nonce.iter_mut().find(|(kind, _)| *kind == PayloadType::NONCE).unwrap().1[5] ^= 1;
    refused(&mut pair, &send(&header, &with(&good, &nonce)));
    // Two secrets ago.
    let start = pair.now;
    for seconds in [61, 122] {
        pair.now = start + Duration::from_secs(seconds);
        refused(&mut pair, &first);
    }
    refused(&mut pair, &send(&header, &with(&good, &pieces)));
    // One secret ago.
    pair.give(RIGHT, &first).unwrap();
    let good = cookie(&pair.take(RIGHT).remove(0));
    pair.now = pair.now + Duration::from_secs(61);
    pair.give(RIGHT, &send(&header, &with(&good, &pieces))).unwrap();
    assert_eq!(pair.ends[RIGHT].endpoint.len(), 1);
    assert!(pair.take(RIGHT)[0].contents.len() > 100, "the response of IKE_SA_INIT");
}

#[test]
fn e2_03_cookies_without_end_and_a_late_one() {
    let mut pair = always();
    pair.initiate(LEFT);
    let mut sent = 0;
    let mut genuine = None;
    for number in 0..50u8 {
        let Some(request) = pair.take(LEFT).pop() else { break };
        sent += 1;
        let forged = answer(&request, &[notify(NotifyType::COOKIE, &[number; 8])]);
        let _ = pair.give(LEFT, &forged);
        pair.wait(LEFT, Duration::from_millis(200));
        genuine = Some(request);
    }
    assert!((2..=6).contains(&sent), "{sent} requests");
    // The responder does not know these cookies and asks for its own; the last request is repeated, and refused again: the
    // attempt ends with its time, and leaves nothing.
    drop(genuine);
    pair.run(Duration::from_secs(1200));
    assert!(pair.ends.iter().all(|end| end.endpoint.is_empty()));
    assert_eq!(pair.ends[LEFT].closed.len(), 1);
    // A cookie after the genuine response.
    let mut pair = always();
    pair.initiate(LEFT);
    let first = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &first).unwrap();
    let asked = pair.take(RIGHT).remove(0);
    pair.give(LEFT, &asked).unwrap();
    pair.wait(LEFT, Duration::from_millis(200));
    let second = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &second).unwrap();
    let response = pair.take(RIGHT).remove(0);
    pair.give(LEFT, &response).unwrap();
    assert!(pair.give(LEFT, &asked).is_err());
    pair.run(Duration::from_secs(1));
    pair.agree(1);
}

#[test]
fn e2_03_a_forged_cookie_beside_the_genuine_response() {
    let mut pair = pair(|_| {});
    pair.initiate(LEFT);
    let request = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &request).unwrap();
    let genuine = pair.take(RIGHT).remove(0);
    pair.give(LEFT, &answer(&request, &[notify(NotifyType::COOKIE, b"forged")])).unwrap();
    pair.now = pair.now + Duration::from_millis(100);
    pair.give(LEFT, &genuine).unwrap();
    pair.run(Duration::from_secs(5));
    pair.agree(1);
}

#[test]
fn e2_05_forged_refusals_are_not_believed() {
    let mut pair = pair(|_| {});
    pair.initiate(LEFT);
    let request = pair.take(LEFT).remove(0);
    let kinds =
        [NotifyType::NO_PROPOSAL_CHOSEN, NotifyType::INVALID_SYNTAX, NotifyType::INVALID_MAJOR_VERSION];
    for kind in kinds {
        assert!(pair.give(LEFT, &answer(&request, &[notify(kind, &[])])).is_err());
    }
    assert!(pair.take(LEFT).is_empty() && pair.ends[LEFT].closed.is_empty());
    pair.give(RIGHT, &request).unwrap();
    pair.run(Duration::from_secs(1));
    pair.agree(1);
}

#[test]
fn e2_08_unknown_spis_bring_a_hint_now_and_then_and_nothing_else() {
    let mut pair = pair(|_| {});
    pair.establish();
    let keys = pair.ends[LEFT].spy.last();
    let exchanges = [ExchangeType::IKE_AUTH, ExchangeType::INFORMATIONAL, ExchangeType::CREATE_CHILD_SA];
    let mut hints = 0;
    for number in 0..100_000u32 {
        let response = number % 2 == 0;
        let role = if number % 4 < 2 { Flags::INITIATOR } else { Flags::default() };
        let flags = if response { role | Flags::RESPONSE } else { role };
        let mut header = keys.header(exchanges[number as usize % 3], flags, number);
        header.spi_i.0[..4].copy_from_slice(&number.to_be_bytes());
        header.spi_r.0[..4].copy_from_slice(&number.to_be_bytes());
        let contents = if number < 3 { keys.write(&header, &[]) } else { in_clear(&header, &[]) };
        let parcel = Parcel { path: pair.path(LEFT), esp: false, contents };
        assert_eq!(pair.give(RIGHT, &parcel), Err(DatagramError::UnknownSa));
        for hint in pair.take(RIGHT) {
            assert!(!response, "no answer to an answer");
            let (answered, pieces) = clear(&hint.contents);
            assert_eq!(pieces, [notify(NotifyType::INVALID_IKE_SPI, &[])]);
            assert_eq!(
                (answered.spi_i, answered.spi_r, answered.exchange, answered.message_id),
                (header.spi_i, header.spi_r, header.exchange, header.message_id)
            );
            assert!(answered.flags.is_response());
            assert_ne!(answered.flags.is_initiator(), header.flags.is_initiator());
            hints += 1;
        }
    }
    assert_eq!(hints, 10, "within one second");
    pair.agree(1);
}

#[test]
fn rfc7296_2_5_a_higher_major_version_is_told_ours() {
    let mut pair = pair(|_| {});
    pair.initiate(LEFT);
    let mut request = pair.take(LEFT).remove(0);
    request.contents[17] = 0x30;
    assert_eq!(pair.give(RIGHT, &request), Err(DatagramError::Unexpected));
    let (header, pieces) = clear(&pair.take(RIGHT).remove(0).contents);
    assert_eq!((header.major(), &pieces[..]), (2, &[notify(NotifyType::INVALID_MAJOR_VERSION, &[])][..]));
    assert!(pair.ends[RIGHT].endpoint.is_empty());
}

#[test]
fn e2_28_unprotected_errors_for_a_live_sa_change_nothing() {
    let mut pair = pair(|_| {});
    pair.establish();
    let keys = pair.ends[LEFT].spy.last();
    let kinds = [
        NotifyType::INVALID_IKE_SPI,
        NotifyType::INVALID_SPI,
        NotifyType::AUTHENTICATION_FAILED,
        NotifyType::INVALID_SYNTAX,
    ];
    pair.sent.clear();
    let delete = (PayloadType::DELETE, body(&ikev2_wire::NewDelete::IKE));
    for number in 0..100_000u32 {
        for (index, flags) in [Flags::RESPONSE, Flags::default()].into_iter().enumerate() {
            let pieces = match number % 5 {
                4 => delete.clone(),
                kind => notify(kinds[kind as usize], &[]),
            };
            let header = keys.header(ExchangeType::INFORMATIONAL, flags, number % 4 + index as u32);
            let back = Path { local: pair.path(RIGHT).local, ..pair.path(RIGHT) };
            let parcel = Parcel { path: back, esp: false, contents: in_clear(&header, &[pieces]) };
            assert!(pair.give(LEFT, &parcel).is_err());
        }
    }
    let asked = pair.take(LEFT);
    assert!(asked.len() <= 1, "at most one liveness check: {}", asked.len());
    for parcel in asked {
        pair.give(RIGHT, &parcel).unwrap();
    }
    pair.run(Duration::from_secs(5));
    pair.agree(1);
    assert!(pair.ends[LEFT].closed.is_empty());
}
