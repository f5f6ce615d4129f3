//! Fragments that try to get past policies (RFC 4301 §7), and lengths of transport mode.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::{LEFT, Pair, RIGHT, TO_THE_RIGHT, selector};
use core::time::Duration;
use ipsec::ip_packet::Packet;
use ipsec::sa_db::{
    InterfaceId, Mode, PeerId, Policy, PolicyAction, PortRange, Protect, ProtocolSuite, Selector,
    SelectorPair, SelectorSet,
};
use ipsec::types::IpProtocol;
use ipsec::{DiscardReason, Incoming, Outgoing, Via};

const UDP: u8 = 17;
/// From the network of the right end to that of the left.
const TO_THE_LEFT: [[u8; 4]; 2] = [[10, 2, 0, 1], [10, 1, 0, 1]];

fn fragment(id: u16, port: u16, offset: u16, more: bool) -> Vec<u8> {
    common::fragment(TO_THE_RIGHT, UDP, id, port, offset, more)
}

fn port(port: u16) -> Selector {
    Selector {
        protocol: Some(IpProtocol::UDP),
        ports: PortRange::new(port, port).unwrap(),
        ..selector("10.2.0.0", 16)
    }
}

fn out(pair: &mut Pair, interface: Option<u32>, octets: &[u8]) -> Outgoing {
    let mut buf = [&[0; 64][..], octets, &[0; 320]].concat();
    let mut packet = Packet::new(&mut buf, 64..64 + octets.len(), IpProtocol::IPV4).unwrap();
    let via = Via { interface: interface.map(InterfaceId), ..Via::default() };
    pair.ends[LEFT].handle_outbound_via(pair.now, via, &mut packet)
}

/// A first fragment that was bypassed on one interface lets none out in the clear on another, where all is protected.
#[test]
fn pd_02_a_later_fragment_on_another_interface_does_not_follow() {
    let mut pair = Pair::new(Mode::Tunnel, &|end, policies| {
        if end == LEFT {
            let mut bypass = Policy::new(policies.last().unwrap().selectors.clone(), PolicyAction::Bypass);
            bypass.scope.interface = Some(InterfaceId(7));
            policies.insert(0, bypass);
        }
    });
    assert!(matches!(out(&mut pair, Some(7), &fragment(1, 23, 0, true)), Outgoing::Bypass));
    let later = out(&mut pair, Some(8), &fragment(1, 23, 16, false));
    assert!(!matches!(later, Outgoing::Bypass), "{later:?}");
}

/// However many first fragments come in, what was decided about ours is not forgotten.
#[test]
fn pd_02_a_flood_from_outside_lets_no_fragment_out_in_the_clear() {
    let mut pair = Pair::new(Mode::Tunnel, &|end, policies| {
        if end == LEFT {
            policies.last_mut().unwrap().selectors.remote = port(23).into();
            let mut rest = policies.last().unwrap().selectors.clone();
            rest.remote = Selector { protocol: Some(IpProtocol::UDP), ..selector("10.2.0.0", 16) }.into();
            policies.insert(
                2,
                Policy::new(
                    SelectorPair { local: selector("10.1.0.0", 16).into(), remote: port(23).into() },
                    policies.last().unwrap().action.clone(),
                ),
            );
            policies.insert(3, Policy::new(rest, PolicyAction::Bypass));
        }
    });
    let first = out(&mut pair, None, &fragment(1, 23, 0, true));
    assert!(matches!(first, Outgoing::Queued), "{first:?}");
    let later = out(&mut pair, None, &fragment(1, 23, 16, true));
    assert!(matches!(later, Outgoing::Discarded(_)), "{later:?}");
    for id in 0..2000 {
        let mut octets = common::fragment(TO_THE_LEFT, UDP, id, 9, 0, true);
        let range = 0..octets.len();
        let mut packet = Packet::new(&mut octets, range, IpProtocol::IPV4).unwrap();
        let _: Incoming = pair.ends[LEFT].handle_inbound(pair.now, &mut packet);
    }
    let later = out(&mut pair, None, &fragment(1, 23, 16, true));
    assert!(matches!(later, Outgoing::Discarded(_)), "{later:?}");
}

/// A later fragment of what is protected for one peer goes to no other.
#[test]
fn pd_02_no_later_fragment_goes_to_another_peer() {
    let mut pair = Pair::configured(
        Mode::Tunnel,
        &|end, policies| {
            if end == LEFT {
                let last = policies.last().unwrap().clone();
                let PolicyAction::Protect(protect) = last.action.clone() else { panic!() };
                let narrow = SelectorPair { local: selector("10.1.0.0", 16).into(), remote: port(23).into() };
                policies.insert(2, Policy::new(narrow, PolicyAction::Protect(protect.clone())));
                let other = Protect { peer: PeerId(2), ..protect };
                policies.last_mut().unwrap().action = PolicyAction::Protect(other);
            }
        },
        &|end, config| {
            let path = config.peers[0].1;
            if end == LEFT {
                config.peers.push((PeerId(2), path));
            }
        },
    );
    assert!(matches!(out(&mut pair, None, &fragment(1, 23, 0, true)), Outgoing::Queued));
    let later = out(&mut pair, None, &fragment(1, 23, 16, true));
    assert!(matches!(later, Outgoing::Discarded(_)), "goes to the other peer: {later:?}");
}

/// IPv6: what a later fragment says its protocol is does not switch the minimum offset off.
#[test]
fn pd_02_the_minimum_offset_holds_in_ipv6_whatever_a_fragment_names() {
    let v6 = |next: u8, offset: u16, more: bool| {
        let word = (offset | u16::from(more)).to_be_bytes();
        let mut p = vec![0x60, 0, 0, 0, 0, 24, 44, 64];
        let a: core::net::Ipv6Addr = "2001:db8:1::1".parse().unwrap();
        let b: core::net::Ipv6Addr = "2001:db8:2::1".parse().unwrap();
        p.extend(a.octets());
        p.extend(b.octets());
        p.extend([next, 0, word[0], word[1], 0, 0, 0, 1]);
        p.extend([&[0x0f, 0xa0, 0, 23][..], &[0; 12]].concat());
        p
    };
    let mut pair = Pair::new(Mode::Tunnel, &|_, policies| {
        let any = SelectorPair {
            local: selector("2001:db8:1::", 48).into(),
            remote: selector("2001:db8:2::", 48).into(),
        };
        policies.insert(0, Policy::new(any, PolicyAction::Bypass));
    });
    let mut send = |octets: &[u8]| {
        let mut buf = [&[0; 64][..], octets, &[0; 320]].concat();
        let mut packet = Packet::new(&mut buf, 64..64 + octets.len(), IpProtocol::IPV6).unwrap();
        pair.ends[LEFT].handle_outbound(pair.now, &mut packet)
    };
    assert!(matches!(send(&v6(6, 0, true)), Outgoing::Bypass));
    let named = send(&v6(6, 8, false));
    assert!(matches!(named, Outgoing::Discarded(_)), "{named:?}");
    let later = send(&v6(17, 8, false));
    assert!(matches!(later, Outgoing::Discarded(_)), "{later:?}");
}

/// In transport mode the header is kept in front, outside what the cipher pads.
#[test]
fn rfc4301_8_the_largest_packet_of_transport_mode_fits() {
    use ipsec::crypto_suite::{CipherId, MacId, Protection};
    for mtu in 1480..1512 {
        let mut pair = Pair::configured(
            Mode::Transport,
            &|_, policies| {
                let cbc = Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 };
                common::protect(policies).proposals[0].suite = ProtocolSuite::Esp(cbc);
            },
            &|_, config| config.link_mtu = mtu,
        );
        pair.send(LEFT, &common::packet([192, 0, 2, 1], [192, 0, 2, 2], &[1; 40]));
        pair.run(Duration::from_secs(1));
        let child = pair.newest(LEFT);
        let largest = pair.ends[LEFT].largest_packet(pair.now, child).unwrap();
        let sent = pair.send(LEFT, &common::packet([192, 0, 2, 1], [192, 0, 2, 2], &vec![1; largest - 28]));
        assert!(matches!(sent, Outgoing::Protected(_)), "{mtu}: {largest}: {sent:?}");
        let more = pair.send(LEFT, &common::packet([192, 0, 2, 1], [192, 0, 2, 2], &vec![1; largest - 27]));
        assert!(matches!(more, Outgoing::TooBig { .. }), "{mtu}: {largest}: {more:?}");
    }
}

/// IPv6: a first fragment without the whole chain of headers shows policies nothing (RFC 7112 §5, RFC 8200 §4.5).
#[test]
fn pd_02_a_first_fragment_without_its_ports_is_refused() {
    let v6 = |next: u8, offset: u16, more: bool, body: &[u8]| {
        let word = (offset | u16::from(more)).to_be_bytes();
        let mut p = vec![0x60, 0, 0, 0, 0, 8 + u8::try_from(body.len()).unwrap(), 44, 64];
        let a: core::net::Ipv6Addr = "2001:db8:2::1".parse().unwrap();
        let b: core::net::Ipv6Addr = "2001:db8:1::1".parse().unwrap();
        p.extend(a.octets());
        p.extend(b.octets());
        p.extend([next, 0, word[0], word[1], 0, 0, 0, 1]);
        p.extend(body);
        p
    };
    let mut pair = Pair::new(Mode::Tunnel, &|end, policies| {
        if end == LEFT {
            let any = SelectorPair {
                local: selector("2001:db8:1::", 48).into(),
                remote: selector("2001:db8:2::", 48).into(),
            };
            let telnet = Selector {
                protocol: Some(IpProtocol::TCP),
                ports: PortRange::new(23, 23).unwrap(),
                ..selector("2001:db8:1::", 48)
            };
            let narrow = SelectorPair { local: telnet.into(), remote: selector("2001:db8:2::", 48).into() };
            policies.insert(0, Policy::new(narrow, policies.last().unwrap().action.clone()));
            policies.insert(1, Policy::new(any, PolicyAction::Bypass));
        }
    });
    let mut take = |mut octets: Vec<u8>| {
        let range = 0..octets.len();
        let mut packet = Packet::new(&mut octets, range, IpProtocol::IPV6).unwrap();
        pair.ends[LEFT].handle_inbound(pair.now, &mut packet)
    };
    let tcp = [0x0f, 0xa0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let whole = take(v6(6, 0, false, &tcp));
    assert!(matches!(whole, Incoming::Discarded(_)), "{whole:?}");
    let first = take(v6(60, 0, true, &[6, 0, 1, 4, 0, 0, 0, 0]));
    let later = take(v6(60, 8, false, &tcp));
    assert!(
        matches!(first, Incoming::Discarded(_)) || matches!(later, Incoming::Discarded(_)),
        "{first:?} {later:?}"
    );
}

/// What an end makes of a packet that comes in in the clear.
fn comes_in(pair: &mut Pair, end: usize, octets: &[u8]) -> Incoming {
    let mut octets = octets.to_vec();
    let range = 0..octets.len();
    let mut packet = Packet::new(&mut octets, range, IpProtocol::IPV4).unwrap();
    pair.ends[end].handle_inbound(pair.now, &mut packet)
}

/// A policy in front discards or protects what shows no port: a first fragment that another bypasses takes no later one along.
#[test]
fn rfc4301_7_4_order_decides_about_later_fragments_of_what_is_bypassed() {
    let remote = selector("10.2.0.0", 16);
    let opaque = Selector { ports: PortRange::Opaque, protocol: Some(IpProtocol::UDP), ..remote };
    for (protects, in_front) in [(false, true), (true, true), (false, false), (true, false)] {
        let follows = !in_front;
        let mut pair = Pair::new(Mode::Tunnel, &|_, policies| {
            let pair = |remote: Selector| SelectorPair {
                local: selector("10.1.0.0", 16).into(),
                remote: remote.into(),
            };
            let protect = policies.last().unwrap().action.clone();
            let action = if protects { protect } else { PolicyAction::Discard };
            let later = Policy::new(pair(opaque), action);
            let bypass = Policy::new(pair(port(119)), PolicyAction::Bypass);
            policies.splice(0..0, if in_front { [later, bypass] } else { [bypass, later] });
        });
        let [first, later] = [(0, true), (16, false)].map(|(offset, more)| fragment(1, 119, offset, more));
        assert!(matches!(out(&mut pair, None, &first), Outgoing::Bypass));
        let outgoing = out(&mut pair, None, &later);
        assert_eq!(matches!(outgoing, Outgoing::Bypass), follows, "{protects} {in_front}: {outgoing:?}");
        assert!(follows || protects == matches!(outgoing, Outgoing::Queued), "{outgoing:?}");
        // What comes in likewise.
        let mut first = common::fragment(TO_THE_LEFT, UDP, 2, 9, 0, true);
        first[20..22].copy_from_slice(&119u16.to_be_bytes());
        let later = common::fragment(TO_THE_LEFT, UDP, 2, 9, 16, false);
        assert!(matches!(comes_in(&mut pair, LEFT, &first), Incoming::Delivered));
        let incoming = comes_in(&mut pair, LEFT, &later);
        assert_eq!(matches!(incoming, Incoming::Delivered), follows, "{protects} {in_front}: {incoming:?}");
    }
}

/// Fragments in the clear that a first one of their own lets in do not join a datagram that an SA brings.
#[test]
fn rfc4301_7_4_nothing_in_the_clear_joins_a_datagram_that_an_sa_brings() {
    let mut pair = Pair::new(Mode::Tunnel, &|end, policies| {
        let left: SelectorSet = selector("10.1.0.0", 16).into();
        let (local, remote) = if end == LEFT { (left, port(119).into()) } else { (port(119).into(), left) };
        policies.insert(0, Policy::new(SelectorPair { local, remote }, PolicyAction::Bypass));
    });
    let [forged, rest] = [(0, true), (16, false)].map(|(offset, more)| fragment(5, 119, offset, more));
    // Alone they come in.
    assert!(matches!(comes_in(&mut pair, RIGHT, &forged), Incoming::Delivered));
    assert!(matches!(comes_in(&mut pair, RIGHT, &rest), Incoming::Delivered));
    // Once the SA brings such a datagram they do not, whichever came first.
    let genuine = fragment(5, 23, 0, true);
    assert!(matches!(pair.send(LEFT, &genuine), Outgoing::Queued));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[RIGHT], [genuine]);
    for _ in 0..2 {
        let incoming = comes_in(&mut pair, RIGHT, &rest);
        assert!(matches!(incoming, Incoming::Discarded(DiscardReason::HostileFragment)), "{incoming:?}");
        comes_in(&mut pair, RIGHT, &forged);
    }
    // What else the SA brings of it still comes in.
    pair.send(LEFT, &fragment(6, 23, 0, true));
    pair.send(LEFT, &fragment(6, 23, 16, false));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[RIGHT].len(), 3);
}
