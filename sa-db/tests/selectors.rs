//! The algebra of selectors, by the cases of RFC 4301 and against a model that tries every packet of a small world.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

use core::net::IpAddr;
use ipsec_ip_packet::{FlowKey, Ports};
use ipsec_sa_db::{AddressRange, Direction, PortRange, Selector, SelectorError, SelectorPair, SelectorSet};
use ipsec_types::IpProtocol;
use proptest::prelude::*;

fn address(last: u8) -> IpAddr {
    [10, 0, 0, last].into()
}

fn range(first: u8, last: u8) -> AddressRange {
    AddressRange::new(address(first), address(last)).unwrap()
}

fn one(selector: Selector) -> SelectorPair {
    let local = Selector { addresses: AddressRange::ANY_V4, protocol: None, ports: PortRange::Any };
    SelectorPair { local: local.into(), remote: selector.into() }
}

fn flow(protocol: IpProtocol, ports: Ports) -> FlowKey {
    FlowKey { source: address(1), destination: address(2), protocol, ports }
}

#[test]
fn pd_02_opaque_any_and_port_zero_are_different() {
    let selector = |ports| one(Selector { addresses: range(2, 2), protocol: Some(IpProtocol::UDP), ports });
    let later_fragment = flow(IpProtocol::UDP, Ports::Opaque);
    let port_zero = flow(IpProtocol::UDP, Ports::Ports { source: 9, destination: 0 });
    let matches = |ports, flow: &FlowKey| selector(ports).matches(Direction::Outbound, flow);
    assert!(matches(PortRange::Any, &later_fragment) && matches(PortRange::Any, &port_zero));
    assert!(matches(PortRange::Opaque, &later_fragment) && !matches(PortRange::Opaque, &port_zero));
    let zero = PortRange::new(0, 0).unwrap();
    assert!(!matches(zero, &later_fragment) && matches(zero, &port_zero));
    let all_but_opaque = PortRange::Range { first: 0, last: u16::MAX };
    assert!(!matches(all_but_opaque, &later_fragment) && matches(all_but_opaque, &port_zero));
}

#[test]
fn pd_02_icmp_types_and_codes_are_one_number() {
    let echo = PortRange::new(0x0800, 0x08ff).unwrap();
    let pair = one(Selector { addresses: range(2, 2), protocol: Some(IpProtocol::ICMP), ports: echo });
    for (kind, code, expected) in [(8, 0, true), (8, 255, true), (0, 0, false), (9, 0, false)] {
        let packet = flow(IpProtocol::ICMP, Ports::Icmp { kind, code });
        assert_eq!(pair.matches(Direction::Outbound, &packet), expected, "{kind}/{code}");
    }
}

#[test]
fn pd_06_ranges_that_are_none() {
    let v6: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
    assert_eq!(AddressRange::new(address(2), address(1)), Err(SelectorError::Addresses));
    assert_eq!(AddressRange::new(address(2), v6), Err(SelectorError::Addresses));
    assert!(!range(0, 255).contains(v6), "a mapped address is of its own family");
    assert_eq!(AddressRange::prefix(address(1), 33), Err(SelectorError::Prefix(33)));
    assert_eq!(AddressRange::prefix(v6, 129), Err(SelectorError::Prefix(129)));
    assert_eq!(AddressRange::prefix(address(1), 0), Ok(AddressRange::ANY_V4));
    assert_eq!(AddressRange::prefix(v6, 0), Ok(AddressRange::ANY_V6));
    assert_eq!(AddressRange::prefix(v6, 128), Ok(AddressRange::single(v6)));
    assert_eq!(PortRange::new(2, 1), Err(SelectorError::Ports));
    assert_eq!(PortRange::new(u16::MAX, 0), Ok(PortRange::Opaque));
    assert_eq!(PortRange::new(0, u16::MAX), Ok(PortRange::Any));
    assert_eq!(PortRange::new(65_535, 1), Err(SelectorError::Ports));
    // Protocols 0 and 255 are numbers like any other; `None` is any.
    for number in [0, 255] {
        let pair = one(Selector {
            addresses: range(2, 2),
            protocol: Some(IpProtocol(number)),
            ports: PortRange::Any,
        });
        assert!(pair.matches(Direction::Outbound, &flow(IpProtocol(number), Ports::None)));
        assert!(!pair.matches(Direction::Outbound, &flow(IpProtocol::UDP, Ports::Opaque)));
    }
}

#[test]
fn directions_swap_the_ends() {
    let at = |last, port| Selector {
        addresses: range(last, last),
        protocol: Some(IpProtocol::UDP),
        ports: PortRange::new(port, port).unwrap(),
    };
    let pair = SelectorPair { local: at(1, 500).into(), remote: at(2, 4500).into() };
    let out = flow(IpProtocol::UDP, Ports::Ports { source: 500, destination: 4500 });
    assert!(pair.matches(Direction::Outbound, &out) && !pair.matches(Direction::Inbound, &out));
    assert!(pair.matches(Direction::Inbound, &out.reversed()));
    assert!(SelectorPair::any().matches(Direction::Inbound, &out));
}

#[test]
fn several_selectors_cover_one() {
    let half = |first, last| Selector::addresses(range(first, last));
    let halves = SelectorSet::new(vec![half(0, 99), half(100, 255)]);
    let whole = SelectorSet::from(half(3, 200));
    assert!(halves.contains(&whole) && !whole.contains(&halves));
    assert!(!SelectorSet::from(half(0, 99)).contains(&whole));
    assert!(SelectorSet::any().contains(&halves) && halves.contains(&SelectorSet::default()));
}

#[test]
fn a_long_list_of_a_peer_stays_bounded() {
    let selectors = |step: u8| {
        let at = |last: u8| Selector::addresses(AddressRange::single(address(last)));
        SelectorSet::new((0..=255).step_by(step.into()).map(at).collect())
    };
    let narrowed = selectors(1).narrow(&selectors(1));
    assert_eq!(narrowed.as_slice().len(), SelectorSet::MAX_NARROWED);
}

#[test]
fn selectors_read_well() {
    let text = |protocol, ports| Selector { addresses: range(0, 255), protocol, ports }.to_string();
    assert_eq!(text(None, PortRange::Any), "10.0.0.0/24");
    assert_eq!(text(Some(IpProtocol::TCP), PortRange::new(80, 80).unwrap()), "10.0.0.0/24 tcp 80");
    assert_eq!(text(None, PortRange::Opaque), "10.0.0.0/24 any opaque");
    assert_eq!(Selector::addresses(range(1, 3)).to_string(), "10.0.0.1-10.0.0.3");
}

/// A world of 4 addresses, 3 protocols and the ports 0, 1, 2 and opaque.
fn selectors() -> impl Strategy<Value = SelectorSet> {
    let addresses = (0u8..4, 0u8..4).prop_map(|(a, b)| range(a.min(b), a.max(b)));
    let protocol = prop_oneof![Just(None), (0u8..3).prop_map(|number| Some(IpProtocol(number)))];
    let ports = prop_oneof![
        Just(PortRange::Any),
        Just(PortRange::Opaque),
        (0u16..3, 0u16..3).prop_map(|(a, b)| PortRange::Range { first: a.min(b), last: a.max(b) }),
    ];
    let selector = (addresses, protocol, ports).prop_map(|(addresses, protocol, ports)| Selector {
        addresses,
        protocol,
        ports,
    });
    prop::collection::vec(selector, 0..5).prop_map(SelectorSet::new)
}

/// Every packet of that world, and one that lies outside each range.
fn world() -> Vec<FlowKey> {
    let mut packets = Vec::new();
    for last in 0..5 {
        for protocol in [0, 1, 2, 77].map(IpProtocol) {
            let ports = [0, 1, 2, 7].map(|port| Ports::Ports { source: port, destination: port });
            for ports in ports.into_iter().chain([Ports::Opaque]) {
                packets.push(FlowKey { source: address(9), destination: address(last), protocol, ports });
            }
        }
    }
    packets
}

fn takes(set: &SelectorSet, packet: &FlowKey) -> bool {
    let pair = SelectorPair { local: SelectorSet::any(), remote: set.clone() };
    pair.matches(Direction::Outbound, packet)
}

proptest! {
    #[test]
    fn narrowing_takes_what_both_take(one in selectors(), two in selectors()) {
        let narrowed = one.narrow(&two);
        for packet in world() {
            prop_assert_eq!(takes(&narrowed, &packet), takes(&one, &packet) && takes(&two, &packet), "{:?}", packet);
        }
        prop_assert!(one.contains(&narrowed) && two.contains(&narrowed));
    }

    #[test]
    fn containment_holds_for_every_packet(one in selectors(), two in selectors()) {
        let model = world().iter().all(|packet| !takes(&two, packet) || takes(&one, packet));
        prop_assert_eq!(one.contains(&two), model, "{:?} in {:?}", two, one);
    }
}
