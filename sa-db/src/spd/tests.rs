use super::*;
use crate::{AddressRange, InterfaceId, Mark, PortRange, Selector, SelectorPair, SelectorSet};
use alloc::vec;
use alloc::vec::Vec;
use ipsec_ip_packet::Ports;
use ipsec_types::IpProtocol;
use proptest::prelude::*;
use testkit::Seeded;

fn flow(source: [u8; 4], destination: [u8; 4], ports: Ports) -> FlowKey {
    let protocol = IpProtocol::UDP;
    FlowKey { source: source.into(), destination: destination.into(), protocol, ports }
}

fn policy(remote: &str, length: u8, action: PolicyAction) -> Policy {
    let remote = AddressRange::prefix(remote.parse().unwrap(), length).unwrap();
    let remote = SelectorSet::from(Selector::addresses(remote));
    Policy::new(SelectorPair { local: SelectorSet::any(), remote }, action)
}

fn spd() -> Spd {
    Spd::new(&mut Seeded(1)).unwrap()
}

fn name(action: &Action<'_>) -> &'static str {
    match action {
        Action::Bypass => "bypass",
        Action::Discard => "discard",
        Action::Protect { .. } => "protect",
    }
}

fn wanted(action: &PolicyAction) -> &'static str {
    match action {
        PolicyAction::Bypass => "bypass",
        PolicyAction::Discard => "discard",
        PolicyAction::Protect(_) => "protect",
    }
}

#[test]
fn pd_01_the_first_policy_decides_and_without_one_the_packet_is_discarded() {
    let mut spd = spd();
    let to = |last: u8| flow([10, 1, 0, 1], [10, 2, 0, last], Ports::Ports { source: 1, destination: 2 });
    assert_eq!(name(&spd.lookup(Direction::Outbound, &to(1))), "discard");
    let wide = spd.insert(None, policy("10.2.0.0", 16, PolicyAction::Bypass)).unwrap();
    assert_eq!(name(&spd.lookup(Direction::Outbound, &to(1))), "bypass");
    spd.insert(None, policy("10.2.0.1", 32, PolicyAction::Discard)).unwrap();
    assert_eq!(name(&spd.lookup(Direction::Outbound, &to(1))), "bypass", "a later policy decides nothing");
    let narrow = spd.insert(Some(wide), policy("10.2.0.1", 32, PolicyAction::Discard)).unwrap();
    assert_eq!(name(&spd.lookup(Direction::Outbound, &to(1))), "discard");
    assert_eq!(name(&spd.lookup(Direction::Outbound, &to(2))), "bypass");
    // Inbound the remote end is the source.
    let back = flow([10, 2, 0, 2], [10, 1, 0, 1], Ports::None);
    assert_eq!(name(&spd.lookup(Direction::Inbound, &back)), "bypass");
    assert_eq!(name(&spd.lookup(Direction::Outbound, &back)), "discard");
    assert!(spd.comes_before(narrow, wide) && !spd.comes_before(wide, narrow));
    assert!(!spd.comes_before(wide, wide));
    assert!(spd.remove(narrow).is_some() && spd.remove(narrow).is_none());
    assert!(!spd.comes_before(narrow, wide) && !spd.comes_before(wide, narrow), "it is not there");
    let gone = spd.insert(Some(narrow), policy("0.0.0.0", 0, PolicyAction::Bypass));
    assert_eq!(gone, Err(SpdError::UnknownPolicy));
    assert_eq!(spd.policies().count(), 2);
}

#[test]
fn a_policy_that_could_take_nothing_is_refused() {
    let selectors = SelectorPair { local: SelectorSet::default(), remote: SelectorSet::any() };
    let policy = Policy::new(selectors, PolicyAction::Bypass);
    assert_eq!(spd().insert(None, policy), Err(SpdError::EmptySelectors));
    let fixed = |text: &str| crate::TunnelEnd::Fixed(text.parse().unwrap());
    let [local, remote] = [fixed("192.0.2.1"), fixed("2001:db8::1")];
    let tunnel_header = crate::TunnelHeader { local, remote, ..Default::default() };
    let protect = crate::Protect { tunnel_header, ..crate::Protect::tunnel(crate::PeerId(1), vec![]) };
    let policy = Policy::new(SelectorPair::any(), PolicyAction::Protect(protect));
    assert_eq!(spd().insert(None, policy), Err(SpdError::TunnelEnds));
}

#[test]
fn pd_01_a_policy_on_ports_takes_no_packet_that_shows_none() {
    let mut spd = spd();
    let ports = PortRange::new(53, 53).unwrap();
    let remote = Selector { ports, ..Selector::addresses(AddressRange::ANY_V4) };
    let selectors = SelectorPair { local: SelectorSet::any(), remote: remote.into() };
    spd.insert(None, Policy::new(selectors, PolicyAction::Bypass)).unwrap();
    let shown = Ports::Ports { source: 1, destination: 53 };
    for (ports, expected) in [(shown, "bypass"), (Ports::Opaque, "discard")] {
        let action = spd.lookup(Direction::Outbound, &flow([10, 1, 0, 1], [10, 2, 0, 1], ports));
        assert_eq!(name(&action), expected);
    }
}

fn address(v4: bool, last: u8) -> core::net::IpAddr {
    if v4 {
        [10, 0, 0, last].into()
    } else {
        // Some of its numbers are those of the addresses of IPv4.
        core::net::Ipv6Addr::from_bits(0x0a00_0000 + u128::from(last)).into()
    }
}

/// A world of a few addresses of both families, protocols, ports, interfaces and marks, in which policies overlap.
fn policies() -> impl Strategy<Value = Policy> {
    let addresses = (prop::bool::weighted(0.7), 0u8..8, 0u8..8)
        .prop_map(|(v4, a, b)| AddressRange::new(address(v4, a.min(b)), address(v4, a.max(b))).unwrap());
    let protocol = prop_oneof![2 => Just(None), 1 => (16u8..18).prop_map(|number| Some(IpProtocol(number)))];
    let ports = prop_oneof![
        3 => Just(PortRange::Any),
        1 => Just(PortRange::Opaque),
        2 => (0u16..4, 0u16..4).prop_map(|(a, b)| PortRange::Range { first: a.min(b), last: a.max(b) }),
    ];
    let selector = (addresses, protocol, ports).prop_map(|(addresses, protocol, ports)| Selector {
        addresses,
        protocol,
        ports,
    });
    let set = prop::collection::vec(selector, 1..3).prop_map(SelectorSet::new);
    let scope = (0u8..12, 0u32..2, 0u32..3).prop_map(|(kind, interface, mark)| Scope {
        directions: match kind {
            0 => Directions::OUTBOUND,
            1 => Directions::INBOUND | Directions::FORWARD,
            _ => Directions::ALL,
        },
        interface: (kind == 2 || kind == 3).then_some(InterfaceId(interface)),
        mark: match kind {
            3 | 4 => Some(Mark::exactly(mark)),
            5 => Some(Mark { value: mark, mask: 1 }),
            _ => None,
        },
        names: if kind == 6 { vec![crate::Identity::fqdn("ann.example")] } else { vec![] },
    });
    let action = prop_oneof![
        Just(PolicyAction::Bypass),
        Just(PolicyAction::Discard),
        Just(PolicyAction::Protect(crate::Protect::tunnel(crate::PeerId(1), vec![]))),
    ];
    (set.clone(), set, scope, action).prop_map(|(local, remote, scope, action)| Policy {
        scope,
        ..Policy::new(SelectorPair { local, remote }, action)
    })
}

fn flows() -> impl Strategy<Value = FlowKey> {
    let ports = prop_oneof![
        (0u16..5, 0u16..5).prop_map(|(source, destination)| Ports::Ports { source, destination }),
        Just(Ports::Opaque),
        (0u8..1, 0u8..4).prop_map(|(kind, code)| Ports::Icmp { kind, code }),
    ];
    let v4 = prop::bool::weighted(0.7);
    (v4, 0u8..9, 0u8..9, 15u8..19, ports).prop_map(|(v4, source, destination, protocol, ports)| FlowKey {
        source: address(v4, source),
        destination: address(v4, destination),
        protocol: IpProtocol(protocol),
        ports,
    })
}

proptest! {
    #[test]
    fn pd_04_the_policy_found_is_the_first_of_a_scan(
        operations in prop::collection::vec((0u8..4, any::<prop::sample::Index>(), policies()), 1..80),
        flows in prop::collection::vec((flows(), 0u8..3, 0u32..4, 0u32..4, any::<bool>()), 24),
    ) {
        let mut spd = spd();
        let mut caches = SpdCaches::new(&mut Seeded(2), CacheSizes { secure: 4, outbound: 8, inbound: 8 }).unwrap();
        let mut list: Vec<(PolicyId, Policy)> = Vec::new();
        let ann = crate::Identity::fqdn("ann.example");
        for (kind, place, policy) in operations {
            if kind == 0 && !list.is_empty() {
                let (id, policy) = list.remove(place.index(list.len()));
                let removed = spd.remove(id);
                prop_assert_eq!(removed.as_deref(), Some(&policy));
            } else {
                let at = place.index(list.len() + 1);
                let empty = cuboids(&policy.selectors).0.is_empty();
                match spd.insert(list.get(at).map(|(id, _)| *id), policy.clone()) {
                    Ok(id) => list.insert(at, (id, policy)),
                    Err(error) => prop_assert!(empty && error == SpdError::EmptySelectors),
                }
            }
            for (flow, direction, interface, mark, named) in &flows {
                let direction = [Direction::Outbound, Direction::Inbound, Direction::Forward][usize::from(*direction)];
                let interface = (*interface > 1).then_some(InterfaceId(interface & 1));
                let whose = named.then_some(&ann);
                let traffic = Traffic { direction, flow, interface, mark: *mark, name: whose };
                let expected = list.iter().find(|(_, policy)| policy.takes(&traffic)).map(|(id, _)| *id);
                prop_assert_eq!(spd.find(&traffic).map(|(id, _)| id), expected);
                let deciding = list.iter().find(|(_, policy)| policy.takes(&traffic));
                let wanted = deciding.map_or("discard", |(_, policy)| wanted(&policy.action));
                prop_assert_eq!(name(&spd.lookup_traffic(&traffic)), wanted);
                for _ in 0..2 {
                    let cached = caches.lookup(&spd, &traffic);
                    prop_assert_eq!(name(&cached), wanted);
                    if let Action::Protect { id, policy } = cached {
                        prop_assert_eq!((Some(id), spd.id_of(policy)), (expected, expected));
                    }
                }
            }
        }
        prop_assert!(spd.policies().map(|(id, _)| id).eq(list.iter().map(|(id, _)| *id)));
    }

    #[test]
    fn rfc4301_appendix_b_decorrelation_keeps_the_meaning(
        policies in prop::collection::vec(policies(), 1..6), flows in prop::collection::vec(flows(), 40),
    ) {
        let mut spd = spd();
        for policy in policies {
            let _ = spd.insert(None, Policy { scope: Scope::default(), ..policy });
        }
        let Ok(parts) = spd.decorrelate(3000) else { return Ok(()) };
        for flow in &flows {
            let taking: Vec<_> = parts.iter().filter(|part| part.takes(Direction::Outbound, flow)).collect();
            prop_assert!(taking.len() <= 1, "two parts take {:?}", flow);
            let expected = spd.find(&Traffic::new(Direction::Outbound, flow)).map(|(id, _)| id);
            prop_assert_eq!(taking.first().map(|part| part.policy), expected);
        }
    }
}

#[test]
fn decorrelation_is_given_up_where_it_grows() {
    let mut spd = spd();
    let far = |last: u8| policy(&alloc::format!("10.{last}.0.0"), 16, PolicyAction::Bypass);
    (0..50).for_each(|last| assert!(spd.insert(None, far(last)).is_ok()));
    assert_eq!(spd.decorrelate(49), Err(TooManyEntries(49)));
    assert_eq!(spd.decorrelate(50).map(|parts| parts.len()), Ok(50));
    // Hidden behind all of them: nothing of it is left.
    let hidden = spd.insert(None, far(7)).unwrap();
    assert!(spd.decorrelate(50).unwrap().iter().all(|part| part.policy != hidden));
}

#[test]
fn a_policy_of_long_lists_takes_what_its_lists_say() {
    let mut spd = spd();
    let single = |last: u8, third: u8| Selector::addresses(AddressRange::single([10, 0, third, last].into()));
    let set = |third| SelectorSet::new((0..=255).step_by(2).map(|last| single(last, third)).collect());
    let selectors = SelectorPair { local: set(1), remote: set(2) };
    spd.insert(None, Policy::new(selectors, PolicyAction::Bypass)).unwrap();
    for (local, remote, expected) in
        [(4, 6, "bypass"), (4, 5, "discard"), (5, 6, "discard"), (254, 0, "bypass")]
    {
        let flow = flow([10, 0, 1, local], [10, 0, 2, remote], Ports::None);
        assert_eq!(name(&spd.lookup(Direction::Outbound, &flow)), expected);
    }
}

#[test]
fn many_policies_of_interfaces_are_told_apart() {
    let mut spd = spd();
    let of = |number| Policy {
        scope: Scope { interface: Some(InterfaceId(number)), ..Scope::default() },
        ..Policy::new(SelectorPair::any(), PolicyAction::Bypass)
    };
    let ids: Vec<_> = (0..1000).map(|number| spd.insert(None, of(number)).unwrap()).collect();
    let flow = flow([10, 1, 0, 1], [10, 2, 0, 1], Ports::None);
    for (number, id) in (0..).zip(&ids) {
        let traffic =
            Traffic { interface: Some(InterfaceId(number)), ..Traffic::new(Direction::Outbound, &flow) };
        assert_eq!(spd.find(&traffic).map(|(id, _)| id), Some(*id));
        assert_eq!(spd.id_of(spd.get(*id).unwrap()), Some(*id));
    }
    assert_eq!(name(&spd.lookup(Direction::Outbound, &flow)), "discard");
}

#[test]
fn an_id_of_before_says_nothing_of_who_came_after() {
    let mut spd = spd();
    let flow = flow([10, 1, 0, 1], [10, 2, 0, 1], Ports::None);
    let traffic = Traffic::new(Direction::Outbound, &flow);
    let protect = || PolicyAction::Protect(crate::Protect::tunnel(crate::PeerId(1), vec![]));
    let mut gone: Vec<PolicyId> = Vec::new();
    for _ in 0..9 {
        let id = spd.insert(None, policy("10.2.0.0", 16, protect())).unwrap();
        assert_eq!(id.slot, 0, "the slot is used again");
        for old in &gone {
            assert!(*old != id && old.number() != id.number());
            assert!(spd.get(*old).is_none() && spd.remove(*old).is_none());
            let behind = policy("10.3.0.0", 16, PolicyAction::Bypass);
            assert_eq!(spd.insert(Some(*old), behind), Err(SpdError::UnknownPolicy));
        }
        assert_eq!(spd.find(&traffic).map(|(id, _)| id), Some(id));
        let Action::Protect { id: found, policy } = spd.lookup_traffic(&traffic) else { panic!("protected") };
        assert_eq!((found, spd.id_of(policy)), (id, Some(id)));
        assert!(spd.policies().map(|(id, _)| id).eq([id]));
        let policy = spd.remove(id).unwrap();
        assert_eq!((spd.id_of(&policy), spd.len()), (None, 0));
        gone.push(id);
    }
}

#[test]
fn a_slot_whose_generations_are_used_up_is_never_filled_again() {
    let mut spd = spd();
    let insert = |spd: &mut Spd| spd.insert(None, policy("10.2.0.0", 16, PolicyAction::Bypass)).unwrap();
    let first = insert(&mut spd);
    spd.remove(first);
    spd.slots.get_mut(0).unwrap().generation = LAST_GENERATION;
    let last = insert(&mut spd);
    assert_eq!((last.slot, last.generation), (0, LAST_GENERATION));
    let flow = flow([10, 1, 0, 1], [10, 2, 0, 1], Ports::None);
    let traffic = Traffic::new(Direction::Outbound, &flow);
    assert_eq!(spd.find(&traffic).map(|(id, _)| id), Some(last));
    assert_eq!(name(&spd.lookup_traffic(&traffic)), "bypass");
    spd.remove(last);
    assert_eq!(insert(&mut spd).slot, 1);
    assert!(spd.get(first).is_none() && spd.get(last).is_none());
}

/// Where the next policy goes in a list of so many.
type Place = fn(&mut Seeded, usize) -> usize;

#[test]
fn policies_that_are_put_at_one_place_stay_in_order() {
    let places: [Place; 5] = [
        |_, _| 0,
        |_, len| len.saturating_sub(1),
        |_, len| len / 2,
        |random, len| len / 2 + usize::try_from(random.below(3)).unwrap(),
        |random, len| usize::try_from(random.below(len as u64 + 1)).unwrap(),
    ];
    let ports = Ports::Ports { source: 1, destination: 9 };
    let hosts = (0..8).map(|host| (0, host)).chain((0..128).step_by(5).map(|network| (network, 200)));
    let flows: Vec<_> =
        hosts.map(|(network, host)| flow([10, 0, 0, 1], [10, 0, network, host], ports)).collect();
    for place in places {
        let (mut spd, mut random) = (spd(), Seeded(3));
        let mut list: Vec<PolicyId> = Vec::new();
        for round in 0u32..1500 {
            // Nested prefixes: places with many policies, all or one of which take a flow, and many places with few.
            let (remote, length) = match round % 4 {
                0 => (std::format!("10.0.{}.0", random.below(128)), 24),
                1 => (std::format!("10.0.{}.0", random.below(128)), 25),
                2 => (std::format!("10.0.0.{}", random.below(8)), 32),
                _ => (std::format!("10.0.{}.0", 64 * random.below(2)), 18),
            };
            let at = place(&mut random, list.len()).min(list.len());
            let before = list.get(at).copied();
            list.insert(at, spd.insert(before, policy(&remote, length, PolicyAction::Bypass)).unwrap());
            if round % 3 == 2 {
                let at = place(&mut random, list.len()).min(list.len() - 1);
                assert!(spd.remove(list.remove(at)).is_some());
            }
            if round % 16 == 0 {
                for flow in &flows {
                    let traffic = Traffic::new(Direction::Outbound, flow);
                    let takes = |id: &PolicyId| spd.get(*id).is_some_and(|policy| policy.takes(&traffic));
                    let expected = list.iter().copied().find(takes);
                    assert_eq!(spd.find(&traffic).map(|(id, _)| id), expected, "round {round}");
                }
            }
        }
        assert!(spd.policies().map(|(id, _)| id).eq(list.iter().copied()));
    }
}
