//! RFC 4301 §7: fragments, of which only the first shows ports.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::{LEFT, Pair, RIGHT, TO_THE_RIGHT, path, selector};
use core::time::Duration;
use ipsec::crypto_suite::{AeadId, Protection, Secret, rustcrypto};
use ipsec::esp::OutboundSa;
use ipsec::ip_packet::{Packet, internet_checksum};
use ipsec::sa_db::{Mode, Policy, PolicyAction, PortRange, SaMaterial, SaParams, Selector, SelectorPair};
use ipsec::types::{IpProtocol, Spi};
use ipsec::{DiscardReason, Incoming, Outgoing};
use testkit::{Parcel, Seeded, hex};

const UDP: u8 = 17;
const TCP: u8 = 6;

fn fragment(id: u16, protocol: u8, port: u16, offset: u16, more: bool) -> Vec<u8> {
    common::fragment(TO_THE_RIGHT, protocol, id, port, offset, more)
}

/// Policies for ports of the remote end in front of the others: port 23 is protected by the policy that is there, 119 bypassed,
/// 9 discarded; `rest` decides what shows no port.
fn with_ports(rest: Option<PolicyAction>, protect: PortRange) -> Pair {
    Pair::new(Mode::Tunnel, &move |end, policies| {
        let ours = |ports, protocol| Selector { ports, protocol, ..selector("10.1.0.0", 16) };
        let theirs = |ports, protocol| Selector { ports, protocol, ..selector("10.2.0.0", 16) };
        // The ports are those of the hosts on the right.
        let pair = |ports: PortRange| {
            let (left, right) =
                (ours(PortRange::Any, Some(IpProtocol::UDP)), theirs(ports, Some(IpProtocol::UDP)));
            let (local, remote) = if end == LEFT { (left, right) } else { (right, left) };
            SelectorPair { local: local.into(), remote: remote.into() }
        };
        let one = |port| PortRange::new(port, port).unwrap();
        policies.last_mut().unwrap().selectors = pair(protect);
        policies.insert(0, Policy::new(pair(one(119)), PolicyAction::Bypass));
        policies.insert(1, Policy::new(pair(one(9)), PolicyAction::Discard));
        let (left, right) = (selector("10.1.0.0", 16), selector("10.2.0.0", 16));
        let (local, remote) = if end == LEFT { (left, right) } else { (right, left) };
        let all = SelectorPair { local: local.into(), remote: remote.into() };
        // Behind the policy that protects, but the tests' helpers want that last.
        if let Some(action) = &rest {
            let opaque = SelectorPair {
                local: Selector { ports: PortRange::Any, ..local }.into(),
                remote: Selector { ports: PortRange::Opaque, protocol: Some(IpProtocol::UDP), ..remote }
                    .into(),
            };
            let selectors = if end == LEFT { opaque } else { all };
            policies.insert(2, Policy::new(selectors, action.clone()));
        }
    })
}

fn send(pair: &mut Pair, octets: &[u8]) -> String {
    format!("{:?}", pair.send(LEFT, octets)).split([' ', '{']).next().unwrap().to_owned()
}

const TELNET: PortRange = PortRange::Range { first: 23, last: 23 };

#[test]
fn rfc4301_7_4_later_fragments_of_what_is_bypassed_follow_their_first() {
    let mut pair = with_ports(None, TELNET);
    let later = |id| fragment(id, UDP, 0, 16, false);
    assert_eq!(send(&mut pair, &later(1)), "Discarded(Policy)", "its first was not seen");
    assert_eq!(send(&mut pair, &fragment(1, UDP, 119, 0, true)), "Bypass");
    assert_eq!(send(&mut pair, &later(1)), "Bypass");
    assert_eq!(send(&mut pair, &later(2)), "Discarded(Policy)", "another datagram");
    assert_eq!(send(&mut pair, &fragment(3, UDP, 9, 0, true)), "Discarded(Policy)");
    assert_eq!(send(&mut pair, &later(3)), "Discarded(Policy)");
    // Two first fragments, one of which would have been bypassed.
    assert_eq!(send(&mut pair, &fragment(4, UDP, 119, 0, true)), "Bypass");
    assert_eq!(send(&mut pair, &fragment(4, UDP, 9, 0, true)), "Discarded(Policy)");
    assert_eq!(send(&mut pair, &later(4)), "Discarded(HostileFragment)");
    // After a minute nothing is known.
    pair.now = pair.now + Duration::from_secs(61);
    assert_eq!(send(&mut pair, &later(1)), "Discarded(Policy)");
}

#[test]
fn rfc4301_7_4_a_forged_fragment_does_not_get_in_beside_what_is_protected() {
    let mut pair = with_ports(None, TELNET);
    let incoming = |pair: &mut Pair, mut octets: Vec<u8>| {
        let range = 0..octets.len();
        let mut packet = Packet::new(&mut octets, range, IpProtocol::IPV4).unwrap();
        pair.ends[RIGHT].handle_inbound(pair.now, &mut packet)
    };
    let later = || fragment(1, UDP, 0, 16, true);
    assert!(matches!(incoming(&mut pair, later()), Incoming::Discarded(DiscardReason::Policy)));
    assert!(matches!(incoming(&mut pair, fragment(1, UDP, 119, 0, true)), Incoming::Delivered));
    assert!(matches!(incoming(&mut pair, later()), Incoming::Delivered));
    let first = incoming(&mut pair, fragment(2, UDP, 23, 0, true));
    assert!(matches!(first, Incoming::Discarded(DiscardReason::Unprotected)), "{first:?}");
    let second = incoming(&mut pair, fragment(2, UDP, 0, 16, true));
    assert!(matches!(second, Incoming::Discarded(DiscardReason::Policy)), "{second:?}");
}

#[test]
fn rfc4301_7_1_one_sa_carries_all_fragments_where_ports_do_not_count() {
    let mut pair = with_ports(None, PortRange::Any);
    for octets in [fragment(1, UDP, 23, 0, true), fragment(1, UDP, 0, 16, false)] {
        assert!(matches!(pair.send(LEFT, &octets), Outgoing::Queued | Outgoing::Protected(_)));
        pair.run(Duration::from_secs(1));
        assert_eq!(pair.delivered[RIGHT].last(), Some(&octets));
    }
    assert_eq!(pair.count(LEFT, "ChildSaEstablished"), 1);
}

#[test]
fn rfc4301_7_2_an_sa_of_its_own_for_what_shows_no_port() {
    let mut pair = with_ports(None, PortRange::Opaque);
    let later = fragment(1, UDP, 0, 16, false);
    assert!(matches!(pair.send(LEFT, &later), Outgoing::Queued));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[RIGHT], [later]);
    // It carries nothing that shows one.
    assert_eq!(send(&mut pair, &fragment(2, UDP, 23, 0, true)), "Discarded(Policy)");
    assert_eq!(send(&mut pair, &fragment(3, UDP, 24, 0, false)), "Discarded(Policy)");
}

#[test]
fn rfc4301_7_3_what_was_not_negotiated_is_not_sent_and_never_in_the_clear() {
    // What shows no port would be bypassed, were it not for its first fragment.
    let mut pair = with_ports(Some(PolicyAction::Bypass), TELNET);
    assert_eq!(send(&mut pair, &fragment(1, UDP, 0, 16, false)), "Bypass");
    assert_eq!(send(&mut pair, &fragment(2, UDP, 23, 0, true)), "Queued");
    assert_eq!(send(&mut pair, &fragment(2, UDP, 0, 16, false)), "Discarded(Policy)");
}

#[test]
fn rfc4301_7_2_the_minimum_offset() {
    let mut pair = Pair::each(&|_| {});
    pair.send(LEFT, &fragment(1, TCP, 23, 0, true));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[RIGHT].len(), 1);
    // Where the flags of TCP are: not out, and not in from a peer that lets it out.
    assert_eq!(send(&mut pair, &fragment(1, TCP, 0, 8, false)), "Discarded(HostileFragment)");
    assert!(send(&mut pair, &fragment(1, TCP, 0, 16, false)).starts_with("Protected"));
    assert!(send(&mut pair, &fragment(1, UDP, 0, 8, false)).starts_with("Protected"));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[RIGHT].len(), 3);
}

/// What the left end sends with, in other hands: of its keys, behind the numbers that it used itself.
fn left_sa(pair: &Pair) -> OutboundSa {
    let keys = pair.keys.0.lock().unwrap();
    let line = keys.iter().rfind(|line| line.starts_with("\"IPv4\",\"192.0.2.1\",")).unwrap();
    let fields: Vec<_> =
        line.split(',').map(|field| field.trim_matches('"').trim_start_matches("0x")).collect();
    let mut params = SaParams::new(Protection::Aead(AeadId::Aes128Gcm16), Mode::Tunnel);
    params.extended_sequence_numbers = true;
    let material = SaMaterial {
        spi: Spi::new(u32::from_str_radix(fields[3], 16).unwrap()).unwrap(),
        params,
        encryption: Some(Secret::new(hex(fields[5]))),
        integrity: None,
    };
    let mut sa = OutboundSa::new(&rustcrypto::provider(), &mut Seeded(1), material).unwrap();
    (0..9).for_each(|_| drop(seal(&mut sa, &fragment(0, UDP, 0, 16, false))));
    sa
}

fn seal(sa: &mut OutboundSa, octets: &[u8]) -> Vec<u8> {
    let mut buf = [&[0; 64][..], octets, &[0; 64]].concat();
    let mut packet = Packet::new(&mut buf, 64..64 + octets.len(), IpProtocol::IPV4).unwrap();
    sa.seal_in_place(&mut packet).unwrap();
    packet.data().to_vec()
}

#[test]
fn rfc4301_7_2_a_peer_that_does_not_mind_the_minimum_offset_gets_nothing_in() {
    let mut pair = Pair::each(&|_| {});
    pair.send(LEFT, &fragment(1, TCP, 23, 0, true));
    pair.run(Duration::from_secs(1));
    let mut sa = left_sa(&pair);
    for (protocol, offset, comes_in) in [(TCP, 8, false), (TCP, 16, true), (UDP, 8, true), (TCP, 8, false)] {
        let octets = fragment(1, protocol, 0, offset, true);
        let parcel = Parcel { path: path(RIGHT), esp: true, contents: seal(&mut sa, &octets) };
        match pair.arrive(&parcel) {
            Incoming::Delivered => assert!(comes_in, "{protocol} {offset}"),
            Incoming::Discarded(DiscardReason::HostileFragment) => assert!(!comes_in, "{protocol} {offset}"),
            other @ (Incoming::Discarded(_) | Incoming::DeliveredFrom(_) | Incoming::Consumed | _) => {
                panic!("{other:?}")
            }
        }
    }
    // Nor a first fragment that leaves the ports to the next.
    let mut octets = fragment(2, UDP, 23, 0, true);
    octets.truncate(20);
    octets[2..4].copy_from_slice(&20u16.to_be_bytes());
    octets[10..12].fill(0);
    let checksum = internet_checksum(&octets);
    octets[10..12].copy_from_slice(&checksum.to_be_bytes());
    let incoming = pair.arrive(&Parcel { path: path(RIGHT), esp: true, contents: seal(&mut sa, &octets) });
    assert!(matches!(incoming, Incoming::Discarded(DiscardReason::HostileFragment)), "{incoming:?}");
}
