//! The algebra of selectors, by the cases of RFC 4301 and against a model that tries every packet of a small world.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

use core::net::IpAddr;
use ipsec_ip_packet::{FlowKey, Ports};
use ipsec_sa_db::{
    Action, AddressRange, Direction, Policy, PolicyAction, PortRange, Selector, SelectorError, SelectorPair,
    SelectorSet, Spd, SpdError,
};
use ipsec_types::IpProtocol;
use proptest::prelude::*;
use testkit::Seeded;

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

/// Whether an SPD of one policy that bypasses takes a packet on its way out, as its selectors do.
fn bypassed(pair: &SelectorPair, flow: &FlowKey) -> bool {
    let mut spd = Spd::new(&mut Seeded(1)).unwrap();
    spd.insert(None, Policy::new(pair.clone(), PolicyAction::Bypass)).unwrap();
    let found = matches!(spd.lookup(Direction::Outbound, flow), Action::Bypass);
    assert_eq!(found, pair.matches(Direction::Outbound, flow), "{pair:?} {flow:?}");
    found
}

#[test]
fn pd_06_an_spd_holds_to_what_odd_selectors_mean() {
    let udp = |destination: IpAddr| {
        let ports = Ports::Ports { source: 1, destination: 65_535 };
        FlowKey { destination, ..flow(IpProtocol::UDP, ports) }
    };
    // Protocols 0 and 255 are protocols, not all of them.
    let of = |number| {
        one(Selector { addresses: range(2, 2), protocol: Some(IpProtocol(number)), ports: PortRange::Any })
    };
    for (number, protocol, expected) in
        [(0, 0, true), (0, 255, false), (0, 17, false), (255, 255, true), (255, 0, false), (255, 17, false)]
    {
        let packet = flow(IpProtocol(protocol), Ports::None);
        assert_eq!(bypassed(&of(number), &packet), expected, "{number} {protocol}");
    }
    // A prefix of no bits is one family, and a mapped address is of IPv6.
    let [v4, mapped]: [IpAddr; 2] = ["10.0.0.2", "::ffff:10.0.0.2"].map(|text| text.parse().unwrap());
    let any = |all| SelectorPair { local: SelectorSet::any(), remote: Selector::addresses(all).into() };
    let of_v6 = |destination| FlowKey { source: mapped, ..udp(destination) };
    assert!(bypassed(&any(AddressRange::prefix(v4, 0).unwrap()), &udp(v4)));
    assert!(!bypassed(&any(AddressRange::prefix(v4, 0).unwrap()), &of_v6(mapped)));
    assert!(bypassed(&any(AddressRange::prefix(mapped, 0).unwrap()), &of_v6(mapped)));
    assert!(!bypassed(&any(AddressRange::prefix(mapped, 0).unwrap()), &udp(v4)));
    assert!(!bypassed(&any(AddressRange::single(v4)), &of_v6(mapped)));
    assert!(!bypassed(&any(AddressRange::single(mapped)), &udp(v4)));
    // From 65,535 to 0 is opaque, not the last port, and from 0 to 65,535 also what shows none.
    let ports = |first, last| {
        let ports = PortRange::new(first, last).unwrap();
        one(Selector { addresses: range(2, 2), protocol: Some(IpProtocol::UDP), ports })
    };
    let hidden = flow(IpProtocol::UDP, Ports::Opaque);
    for (first, last, shown, opaque) in
        [(u16::MAX, 0, false, true), (u16::MAX, u16::MAX, true, false), (0, u16::MAX, true, true)]
    {
        assert_eq!(bypassed(&ports(first, last), &udp(v4)), shown, "{first} to {last}");
        assert_eq!(bypassed(&ports(first, last), &hidden), opaque, "{first} to {last}");
    }
}

#[test]
fn pd_06_a_range_of_ports_that_ends_before_it_begins_takes_nothing() {
    // No constructor makes one; written by hand it is no hole in the algebra either.
    let none = Selector {
        addresses: AddressRange::ANY_V4,
        protocol: Some(IpProtocol::UDP),
        ports: PortRange::Range { first: 9, last: 3 },
    };
    let (whole, empty) = (SelectorSet::any(), SelectorSet::from(none));
    assert!(whole.contains(&empty) && !empty.contains(&whole));
    assert!(!empty.contains(&Selector { ports: PortRange::new(5, 5).unwrap(), ..none }.into()));
    assert!(whole.narrow(&empty).is_empty() && empty.narrow(&whole).is_empty());
    for port in [0, 3, 5, 9, u16::MAX] {
        let packet = flow(IpProtocol::UDP, Ports::Ports { source: port, destination: port });
        assert!(!one(none).matches(Direction::Outbound, &packet));
    }
    let mut spd = Spd::new(&mut Seeded(1)).unwrap();
    let inserted = spd.insert(None, Policy::new(one(none), PolicyAction::Bypass));
    assert_eq!(inserted, Err(SpdError::EmptySelectors));
}

#[test]
fn rfc4301_4_4_1_1_types_of_icmp_and_of_the_mobility_header() {
    const MOBILITY: IpProtocol = IpProtocol(135);
    let of = |protocol, first, last| {
        let ports = PortRange::new(first, last).unwrap();
        one(Selector { addresses: range(2, 2), protocol: Some(protocol), ports })
    };
    // The type is the upper octet, and there is no code: a Binding Update is 5.
    for (kind, expected) in [(4, false), (5, true), (6, true), (7, false)] {
        let packet = flow(MOBILITY, Ports::Mobility { kind });
        assert_eq!(bypassed(&of(MOBILITY, 0x0500, 0x0600), &packet), expected, "{kind}");
        assert!(!bypassed(&of(MOBILITY, 5, 6), &packet), "not the lower octet");
    }
    assert!(!bypassed(&of(MOBILITY, 0x0500, 0x0600), &flow(MOBILITY, Ports::Opaque)));
    // Type 3, codes 1 to 3; then types 3 to 4 with all codes.
    for (kind, code, codes, types) in [
        (3, 0, false, true),
        (3, 1, true, true),
        (3, 3, true, true),
        (3, 4, false, true),
        (4, 2, false, true),
        (5, 1, false, false),
    ] {
        let packet = flow(IpProtocol::ICMP, Ports::Icmp { kind, code });
        assert_eq!(bypassed(&of(IpProtocol::ICMP, 0x0301, 0x0303), &packet), codes, "{kind}/{code}");
        assert_eq!(bypassed(&of(IpProtocol::ICMP, 0x0300, 0x04ff), &packet), types, "{kind}/{code}");
    }
    // They have no end: where both ends name some, both must take them.
    let both = |local, remote| SelectorPair {
        local: of(IpProtocol::ICMP, local, local).remote.as_slice()[0].into(),
        remote: of(IpProtocol::ICMP, remote, remote).remote,
    };
    let echo = FlowKey { source: address(2), ..flow(IpProtocol::ICMP, Ports::Icmp { kind: 8, code: 0 }) };
    assert!(bypassed(&both(0x0800, 0x0800), &echo) && !bypassed(&both(0x0800, 0x0000), &echo));
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

/// The address of a small world: of IPv4, and as large a number of IPv6.
fn place(v4: bool, last: u8) -> IpAddr {
    if v4 { address(last) } else { core::net::Ipv6Addr::from_bits(0x0a00_0000 + u128::from(last)).into() }
}

/// A world of 4 addresses of each family, 3 protocols and the ports 0, 1, 2 and opaque.
fn selectors() -> impl Strategy<Value = SelectorSet> {
    let addresses = (any::<bool>(), 0u8..4, 0u8..4)
        .prop_map(|(v4, a, b)| AddressRange::new(place(v4, a.min(b)), place(v4, a.max(b))).unwrap());
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
    for (v4, last) in [true, false].into_iter().flat_map(|v4| (0..5).map(move |last| (v4, last))) {
        for protocol in [0, 1, 2, 77].map(IpProtocol) {
            let ports = [0, 1, 2, 7].map(|port| Ports::Ports { source: port, destination: port });
            let others = [Ports::Opaque, Ports::None, Ports::Icmp { kind: 0, code: 1 }];
            for ports in ports.into_iter().chain(others) {
                let (source, destination) = (place(v4, 9), place(v4, last));
                packets.push(FlowKey { source, destination, protocol, ports });
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
