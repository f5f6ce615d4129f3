//! Two gateways: policy, acquire, lifetimes that drive rekeying, and what an attacker sends.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::{LEFT, Pair, RIGHT, packet, to_left, to_right};
use core::time::Duration;
use ipsec::esp::OpenError;
use ipsec::ike::{AnySaId, CloseReason};
use ipsec::ip_packet::Packet;
use ipsec::sa_db::{Lifetimes, Mode, Protect, Volume, VolumeLimits};
use ipsec::types::{Instant, IpProtocol};
use ipsec::{DiscardReason, Event, Gateway, Incoming, Outgoing};

#[test]
fn packets_that_wait_for_their_sa_and_packets_that_do_not() {
    let mut pair = Pair::each(&|_| {});
    for number in 0..3 {
        assert!(matches!(pair.send(LEFT, &to_right(number)), Outgoing::Queued));
    }
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[RIGHT], [to_right(0), to_right(1), to_right(2)]);
    assert!(matches!(pair.send(LEFT, &to_right(3)), Outgoing::Protected(_)));
    assert!(matches!(pair.send(RIGHT, &to_left(4)), Outgoing::Protected(_)));
    pair.run(Duration::from_secs(1));
    assert_eq!((pair.delivered[RIGHT].len(), &pair.delivered[LEFT][..]), (4, &[to_left(4)][..]));
    assert!(pair.discarded.is_empty());
}

#[test]
fn pd_01_what_no_policy_takes_goes_nowhere_in_either_direction() {
    let mut pair = Pair::each(&|_| {});
    let stranger = packet([10, 7, 0, 1], [10, 2, 0, 1], b"x");
    let outgoing = |pair: &mut Pair, octets: &[u8]| format!("{:?}", pair.send(LEFT, octets));
    assert_eq!(outgoing(&mut pair, &stranger), "Discarded(Policy)");
    assert_eq!(outgoing(&mut pair, &packet([10, 9, 0, 1], [8, 8, 8, 8], b"x")), "Discarded(Policy)");
    assert_eq!(outgoing(&mut pair, &packet([10, 9, 0, 2], [8, 8, 8, 8], b"x")), "Bypass");
    assert!(outgoing(&mut pair, &[0x45; 10]).starts_with("Discarded(Malformed"));
    let incoming = |pair: &mut Pair, octets: &[u8]| {
        let mut buf = octets.to_vec();
        let range = 0..buf.len();
        let mut packet = Packet::new(&mut buf, range, IpProtocol::IPV4).unwrap();
        format!("{:?}", pair.ends[LEFT].handle_inbound(Instant::EPOCH, &mut packet))
    };
    assert_eq!(incoming(&mut pair, &packet([10, 2, 0, 1], [10, 7, 0, 1], b"x")), "Discarded(Policy)");
    assert_eq!(incoming(&mut pair, &packet([8, 8, 8, 8], [10, 9, 0, 2], b"x")), "Delivered");
    // RFC 4301 §5.2: in the clear, and its policy wants it protected.
    assert_eq!(incoming(&mut pair, &to_left(1)), "Discarded(Unprotected)");
    pair.run(Duration::from_secs(1));
    assert!(pair.ends.iter().all(Gateway::is_empty) && pair.seen.is_empty());
}

#[test]
fn pd_05_a_million_packets_without_an_sa_make_one_acquire() {
    let mut pair = Pair::each(&|_| {});
    pair.link.conditions.loss = 100;
    let (mut queued, mut refused) = (0, 0);
    for number in 0..1_000_000u32 {
        match pair.send(LEFT, &to_right(u8::try_from(number % 251).unwrap())) {
            Outgoing::Queued => queued += 1,
            Outgoing::Discarded(DiscardReason::QueueFull) => refused += 1,
            other @ (Outgoing::Bypass | Outgoing::Protected(_) | Outgoing::Discarded(_) | _) => {
                panic!("{other:?}")
            }
        }
    }
    assert_eq!((queued, refused), (16, 999_984));
    assert_eq!(pair.ends[LEFT].len().0, 1, "one IKE SA");
    pair.run(Duration::from_secs(1200));
    assert!(
        pair.seen
            .iter()
            .all(|parcel| !parcel.esp && !parcel.contents.windows(40).any(|part| part == [7; 40]))
    );
    assert!(pair.seen.iter().all(|parcel| parcel.contents == pair.seen[0].contents), "one request, repeated");
    assert_eq!((pair.count(LEFT, "AcquireFailed"), pair.count(LEFT, "IkeSaClosed")), (1, 1));
    assert!(pair.ends[LEFT].is_empty());
    // The next packet starts anew.
    pair.link.conditions.loss = 0;
    assert!(matches!(pair.send(LEFT, &to_right(9)), Outgoing::Queued));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[RIGHT], [to_right(9)]);
}

/// Sends a packet each way every so often, and says how many came out.
fn traffic(pair: &mut Pair, rounds: u32, pace: Duration) -> usize {
    let before = pair.delivered[LEFT].len() + pair.delivered[RIGHT].len();
    for number in 0..rounds {
        let number = u8::try_from(number % 251).unwrap();
        pair.send(LEFT, &to_right(number));
        pair.run(Duration::from_millis(20));
        pair.send(RIGHT, &to_left(number));
        pair.run(pace);
    }
    pair.run(Duration::from_secs(1));
    pair.delivered[LEFT].len() + pair.delivered[RIGHT].len() - before
}

#[test]
fn pd_03_lifetimes_drive_rekeying_and_no_packet_is_lost() {
    let seconds = Duration::from_secs;
    let by_time = |protect: &mut Protect| {
        protect.lifetimes = Lifetimes { soft: seconds(10), hard: seconds(15), idle: None };
    };
    let by_packets = |protect: &mut Protect| {
        let volume = |packets| Volume { octets: u64::MAX, packets };
        protect.limits = VolumeLimits { soft: volume(10), hard: volume(40) };
    };
    let by_octets = |protect: &mut Protect| {
        let volume = |octets| Volume { octets, packets: u64::MAX };
        protect.limits = VolumeLimits { soft: volume(1000), hard: volume(4000) };
    };
    for change in [&by_time as &dyn Fn(&mut Protect), &by_packets, &by_octets] {
        let mut pair = Pair::each(change);
        assert_eq!(traffic(&mut pair, 100, Duration::from_millis(980)), 200);
        let rekeys = pair.count(LEFT, "OutboundMoved");
        assert!((5..=25).contains(&rekeys), "{rekeys} rekeys");
        assert_eq!(pair.ends[LEFT].len(), (1, 2), "one IKE SA, one Child SA in two halves");
        assert_eq!(pair.ends[RIGHT].len(), (1, 2));
        assert!(pair.discarded.is_empty(), "{:?}", pair.discarded);
        for end in [LEFT, RIGHT] {
            assert_eq!(pair.count(end, "ChildSaEstablished"), pair.count(end, "ChildSaClosed") + 1);
        }
    }
}

#[test]
fn pd_03_where_rekeying_does_not_succeed_the_hard_limit_ends_the_sa() {
    let seconds = Duration::from_secs;
    let mut pair = Pair::each(&|protect| {
        protect.lifetimes = Lifetimes { soft: seconds(10), hard: seconds(15), idle: None };
    });
    assert_eq!(traffic(&mut pair, 3, seconds(1)), 6);
    pair.link.conditions.loss = 100;
    pair.run(seconds(20));
    // Nothing is sent on an SA that is past its limit, and nothing in the clear.
    let outgoing = pair.send(LEFT, &to_right(1));
    assert!(matches!(outgoing, Outgoing::Queued), "{outgoing:?}");
    pair.run(seconds(1200));
    assert!(pair.ends.iter().all(Gateway::is_empty), "{:?}", pair.ends);
}

#[test]
fn transport_mode_between_two_hosts() {
    let mut pair = Pair::new(Mode::Transport, &|_, _| {});
    let packet = packet([192, 0, 2, 1], [192, 0, 2, 2], b"between hosts");
    assert!(matches!(pair.send(LEFT, &packet), Outgoing::Queued));
    pair.run(Duration::from_secs(1));
    assert!(matches!(pair.send(LEFT, &packet), Outgoing::Protected(_)));
    pair.run(Duration::from_secs(1));
    // The outer header is the one of the way: what it carries is what was sent.
    let carried: Vec<_> = pair.delivered[RIGHT].iter().map(|delivered| &delivered[20..]).collect();
    assert_eq!(carried.last().unwrap(), &&packet[20..]);
}

#[test]
fn ea_10_a_peer_sends_nothing_but_what_was_agreed() {
    let mut pair = Pair::each(&|_| {});
    pair.send(LEFT, &to_right(0));
    pair.run(Duration::from_secs(1));
    // A copy, an altered copy, and an unknown SPI.
    pair.send(LEFT, &to_right(1));
    let parcel = loop {
        pair.now = pair.now + Duration::from_millis(1);
        if let Some(parcel) = pair.link.receive(pair.now) {
            break parcel;
        }
    };
    let open = |error| DiscardReason::Open(error);
    let mut altered = parcel.clone();
    *altered.contents.last_mut().unwrap() ^= 1;
    pair.arrive(&altered);
    assert_eq!(pair.discarded.pop(), Some(open(OpenError::Authentication)));
    assert!(matches!(pair.arrive(&parcel), Incoming::Delivered));
    pair.arrive(&parcel);
    assert_eq!(pair.discarded.pop(), Some(open(OpenError::Replayed)));
    let mut unknown = parcel;
    unknown.contents[0] ^= 0x55;
    pair.arrive(&unknown);
    assert_eq!(pair.discarded.pop(), Some(open(OpenError::UnknownSpi)));
}

#[test]
fn deleting_leaves_nothing_and_the_next_packet_starts_anew() {
    let mut pair = Pair::each(&|_| {});
    pair.send(LEFT, &to_right(0));
    pair.run(Duration::from_secs(1));
    let ike = pair.events[LEFT]
        .iter()
        .find_map(|event| if let Event::IkeSaEstablished { id, .. } = event { Some(*id) } else { None });
    pair.ends[LEFT].delete(pair.now, AnySaId::Ike(ike.unwrap())).unwrap();
    pair.run(Duration::from_secs(1));
    assert!(pair.ends.iter().all(Gateway::is_empty));
    let closed = |end: usize| {
        pair.events[end].iter().find_map(|event| {
            if let Event::IkeSaClosed { reason, .. } = event { Some(reason.clone()) } else { None }
        })
    };
    assert_eq!((closed(LEFT), closed(RIGHT)), (Some(CloseReason::Deleted), Some(CloseReason::DeletedByPeer)));
    assert!(matches!(pair.send(RIGHT, &to_left(1)), Outgoing::Queued));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[LEFT], [to_left(1)]);
}

#[test]
fn pd_08_a_gateway_shows_no_key() {
    let mut pair = Pair::each(&|_| {});
    pair.send(LEFT, &to_right(0));
    pair.run(Duration::from_secs(1));
    let shown = format!("{:?} {:?} {:?}", pair.ends[LEFT], pair.events[LEFT], pair.ends[RIGHT]);
    let lines = pair.keys.0.lock().unwrap().join(",");
    let keys: Vec<_> = lines
        .split([',', '"'])
        .map(|field| field.trim_start_matches("0x"))
        .filter(|field| field.len() >= 40 && field.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .collect();
    assert!(keys.len() >= 6, "keys of the IKE SA and of both directions, from both ends: {}", keys.len());
    for key in keys {
        let octets = testkit::hex(&key[..8]);
        let list = format!("{}, {}, {}, {}", octets[0], octets[1], octets[2], octets[3]);
        assert!(!shown.contains(&key[..8]) && !shown.contains(&list), "{shown}");
    }
}
