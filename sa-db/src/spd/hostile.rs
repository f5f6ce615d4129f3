//! PD-04: what a look-up costs at worst, counted in places and boxes that it goes to.

use super::*;
use crate::classify::steps;
use crate::{AddressRange, PortRange, Selector, SelectorSet};
use alloc::vec::Vec;
use core::net::IpAddr;
use ipsec_ip_packet::Ports;
use ipsec_types::IpProtocol;
use testkit::Seeded;

const MANY: u32 = 10_000;

fn spd_of(policies: impl Iterator<Item = Policy>) -> Spd {
    let mut spd = Spd::new(&mut Seeded(1)).unwrap();
    policies.for_each(|policy| assert!(spd.insert(None, policy).is_ok()));
    spd
}

fn bypass(remote: Selector) -> Policy {
    Policy::new(SelectorPair { local: SelectorSet::any(), remote: remote.into() }, PolicyAction::Bypass)
}

fn number(number: u32) -> [u8; 4] {
    (0x0a02_0000 + number).to_be_bytes()
}

fn flow(destination: impl Into<IpAddr>, port: u16) -> FlowKey {
    FlowKey {
        source: [10, 1, 0, 1].into(),
        destination: destination.into(),
        protocol: IpProtocol::UDP,
        ports: Ports::Ports { source: 4000, destination: port },
    }
}

/// The most steps that one of these look-ups takes; and that the policy found is the first of a scan, for some of them.
fn look_up(spd: &Spd, flows: &[FlowKey]) -> u64 {
    let steps_of = |(at, flow): (usize, &FlowKey)| {
        let traffic = Traffic::new(Direction::Outbound, flow);
        let before = steps::taken();
        let found = spd.find(&traffic).map(|(id, _)| id);
        let steps = steps::taken() - before;
        if at.is_multiple_of(16) {
            let scanned = spd.policies().find(|(_, policy)| policy.takes(&traffic)).map(|(id, _)| id);
            assert_eq!(found, scanned, "{flow:?}");
        }
        steps
    };
    flows.iter().enumerate().map(steps_of).max().unwrap()
}

/// 10,000 policies of networks of many sizes, each for one port, and packets for them.
fn usual() -> u64 {
    let own = |host: u32| {
        let length = |least: u32, of: u32| u8::try_from(least + host % of).unwrap();
        let local = AddressRange::prefix([10, 1, 0, 0].into(), length(8, 17)).unwrap();
        let addresses = AddressRange::prefix(number(host * 49).into(), length(20, 13)).unwrap();
        let port = u16::try_from(host).unwrap();
        let ports = PortRange::new(port, port).unwrap();
        let remote = Selector { addresses, protocol: Some(IpProtocol::UDP), ports };
        let selectors = SelectorPair { local: Selector::addresses(local).into(), remote: remote.into() };
        Policy::new(selectors, PolicyAction::Bypass)
    };
    let spd = spd_of((0..MANY).map(own));
    let flows: Vec<_> =
        (0..200).map(|host| flow(number(host * 49 * 49), u16::try_from(host * 49).unwrap())).collect();
    look_up(&spd, &flows)
}

/// No look-up among 10,000 policies takes more steps than this, which is within ten times what the usual ones take.
const WORST: u64 = 128;

#[test]
fn pd_04_usual_policies() {
    let usual = usual();
    assert!(usual <= WORST && WORST <= 10 * usual, "{usual} steps");
}

fn assert_as_usual(what: &str, policies: impl Iterator<Item = Policy>, flows: &[FlowKey]) {
    let took = look_up(&spd_of(policies), flows);
    assert!(took <= WORST, "{what}: {took} steps");
}

#[test]
fn pd_04_policies_with_the_same_selectors() {
    let same = |_| bypass(Selector::addresses(AddressRange::ANY_V4));
    assert_as_usual("the same", (0..MANY).map(same), &[flow(number(1), 9), flow(number(99), 7)]);
}

#[test]
fn pd_04_policies_of_one_network_that_differ_in_their_ports() {
    let network = AddressRange::prefix(number(0).into(), 16).unwrap();
    let selector = |ports| Selector { addresses: network, protocol: Some(IpProtocol::UDP), ports };
    let one = |port: u32| {
        let port = u16::try_from(port * 5).unwrap();
        bypass(selector(PortRange::new(port, port).unwrap()))
    };
    let flows: Vec<_> = (0..200).map(|port| flow(number(5), port * 245)).collect();
    assert_as_usual("single ports", (0..MANY).map(one), &flows);
    // The widest comes last, so that a scan goes past nearly all of them.
    let nested = |depth: u32| {
        let depth = u16::try_from(depth).unwrap();
        bypass(selector(PortRange::new(30_000 - depth, 30_000 + depth).unwrap()))
    };
    let flows: Vec<_> = (0..200).map(|port| flow(number(5), 20_001 + port * 45)).collect();
    assert_as_usual("nested ports", (1..MANY).map(nested), &flows);
}

#[test]
fn pd_04_policies_whose_addresses_nest() {
    let nested = |host: u32| {
        bypass(Selector::addresses(AddressRange::new(number(0).into(), number(host * 3).into()).unwrap()))
    };
    let flows: Vec<_> = (0..200).map(|host| flow(number(host * 149), 9)).collect();
    assert_as_usual("nested ranges", (0..MANY).map(nested), &flows);
    let around = |depth: u32| {
        let range = AddressRange::new(number(50_000 - depth).into(), number(50_000 + depth).into()).unwrap();
        bypass(Selector::addresses(range))
    };
    let flows: Vec<_> = (0..200).map(|host| flow(number(40_001 + host * 99), 9)).collect();
    assert_as_usual("around one address", (1..MANY).map(around), &flows);
}
