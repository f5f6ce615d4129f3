//! What peers and an unlucky configuration do to the databases.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

use alloc::sync::Arc;
use core::net::IpAddr;
use core::time::Duration;
use ipsec_ip_packet::{FlowKey, Ports};
use ipsec_sa_db::{
    Acquired, AddressRange, Direction, Lifetimes, MulticastSpi, OutboundPlace, Policy, PolicyAction,
    PolicyId, PortRange, Sad, SadError, SadEvent, Selector, SelectorPair, SelectorSet, Spd, Traffic,
};
use ipsec_types::{Instant, IpProtocol, Spi};
use testkit::Seeded;

fn at(seconds: u64) -> Instant {
    Instant::from_epoch(Duration::from_secs(seconds))
}

fn spd(policies: impl IntoIterator<Item = Policy>) -> (Spd, Vec<PolicyId>) {
    let mut spd = Spd::new(&mut Seeded(1)).unwrap();
    let ids = policies.into_iter().map(|policy| spd.insert(None, policy).unwrap()).collect();
    (spd, ids)
}

fn bypass(remote: Selector) -> Policy {
    Policy::new(SelectorPair { local: SelectorSet::any(), remote: remote.into() }, PolicyAction::Bypass)
}

fn flow(destination: impl Into<IpAddr>, port: u16) -> FlowKey {
    FlowKey {
        source: [10, 1, 0, 1].into(),
        destination: destination.into(),
        protocol: IpProtocol::UDP,
        ports: Ports::Ports { source: 4000, destination: port },
    }
}

/// The least time of many look-ups, and that the policy found is the first of a scan.
fn look_up(spd: &Spd, flows: &[FlowKey]) -> Duration {
    for flow in flows {
        let traffic = Traffic::new(Direction::Outbound, flow);
        let scanned = spd.policies().find(|(_, policy)| policy.takes(&traffic)).map(|(id, _)| id);
        assert_eq!(spd.find(&traffic).map(|(id, _)| id), scanned, "{flow:?}");
    }
    let round = || {
        let start = std::time::Instant::now();
        for flow in flows {
            core::hint::black_box(spd.lookup(Direction::Outbound, core::hint::black_box(flow)));
        }
        start.elapsed() / u32::try_from(flows.len()).unwrap()
    };
    (0..50).map(|_| round()).min().unwrap()
}

const MANY: u32 = 10_000;

fn number(number: u32) -> [u8; 4] {
    (0x0a02_0000 + number).to_be_bytes()
}

/// 10,000 policies of networks of many sizes, each for one port, and packets for them.
fn usual() -> Duration {
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
    let (spd, _) = spd((0..MANY).map(own));
    let flows: Vec<_> =
        (0..200).map(|host| flow(number(host * 49 * 49), u16::try_from(host * 49).unwrap())).collect();
    look_up(&spd, &flows)
}

fn assert_as_usual(what: &str, policies: impl Iterator<Item = Policy>, flows: &[FlowKey]) {
    let (spd, _) = spd(policies);
    let (took, usual) = (look_up(&spd, flows), usual());
    // Without optimisation the parts of a look-up weigh otherwise.
    let times = if cfg!(debug_assertions) { 40 } else { 10 };
    assert!(took <= usual * times, "{what}: {took:?} instead of {usual:?}");
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

#[test]
fn pd_04_selectors_that_a_peer_chose_to_overlap() {
    // What came of negotiations of one policy: a hundred SAs whose ranges all differ and all overlap.
    let mut sad = Sad::new(&mut Seeded(1)).unwrap();
    let (_, ids) = spd([bypass(Selector::addresses(AddressRange::ANY_V4))]);
    let mut newest = Vec::new();
    for host in 0..10_000u32 {
        let range = AddressRange::new(number(host * 5).into(), number(host * 5 + 60_000).into()).unwrap();
        let pair = SelectorPair { local: SelectorSet::any(), remote: Selector::addresses(range).into() };
        let place = OutboundPlace { policy: ids[0], selectors: &Arc::new(pair), cpu: None };
        newest.push(sad.insert_outbound(at(0), place, host, Lifetimes::UNLIMITED).unwrap());
        if newest.len() > 100 {
            let gone = newest.remove(0);
            sad.remove(gone);
        }
    }
    assert_eq!(sad.outbound(ids[0], &flow(number(70_000), 9)), newest.last().copied());
    assert_eq!(sad.len(), 100);
}

#[test]
fn pd_05_a_million_packets_bring_one_acquire_for_each_policy_or_flow() {
    let mut sad: Sad<()> = Sad::new(&mut Seeded(1)).unwrap();
    let (_, ids) = spd([
        bypass(Selector::addresses(AddressRange::ANY_V4)),
        bypass(Selector::addresses(AddressRange::ANY_V4)),
    ]);
    let mut asked = 0;
    for packet in 0..1_000_000u32 {
        let flow = flow(number(packet % 1000), 9);
        asked += u32::from(sad.acquire(at(0), ids[0], &flow, false) == Acquired::Asked);
    }
    assert_eq!((asked, sad.stats().acquires), (1, 1));
    // One for each flow, as far as they are not too many.
    let flows = |sad: &mut Sad<()>, now| {
        (0..100_000u32).map(|host| sad.acquire(now, ids[1], &flow(number(host), 9), true)).collect::<Vec<_>>()
    };
    let first = flows(&mut sad, at(0));
    let count = |answers: &[Acquired], wanted| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!((count(&first, Acquired::Asked), count(&first, Acquired::Busy)), (256, 100_000 - 256));
    let mut events = 0;
    while let Some(event) = sad.poll_event() {
        assert!(matches!(event, SadEvent::Acquire { .. }));
        events += 1;
    }
    assert_eq!(events, 257);
    // An SA that comes takes the flows that were asked for along; others still wait.
    let of_one = SelectorPair {
        remote: Selector::addresses(AddressRange::single(number(3).into())).into(),
        ..SelectorPair::any()
    };
    let place = OutboundPlace { policy: ids[1], selectors: &Arc::new(of_one), cpu: None };
    sad.insert_outbound(at(1), place, (), Lifetimes::UNLIMITED).unwrap();
    assert_eq!(sad.acquire(at(1), ids[1], &flow(number(3), 9), true), Acquired::Asked);
    assert_eq!(sad.acquire(at(1), ids[1], &flow(number(4), 9), true), Acquired::Pending);
    // What does not come is asked for again, and so is what was given up.
    assert_eq!(sad.acquire(at(29), ids[0], &flow(number(0), 9), false), Acquired::Pending);
    assert_eq!(sad.acquire(at(30), ids[0], &flow(number(0), 9), false), Acquired::Asked);
    sad.give_up(ids[0]);
    assert_eq!(sad.acquire(at(30), ids[0], &flow(number(0), 9), false), Acquired::Asked);
}

#[test]
fn e2_33_spis_of_a_range_are_unique_and_end() {
    let mut random = Seeded(1);
    let mut sad: Sad<u8> = Sad::with_slots_in_spis(&mut random, 20).unwrap();
    let [first, last] = [5000, 5009].map(|number| Spi::new(number).unwrap());
    let mut spis: Vec<_> = (0..10).map(|_| sad.reserve_within(&mut random, first..=last).unwrap()).collect();
    spis.sort();
    assert!(spis.iter().map(|spi| spi.get()).eq(5000..5010));
    assert_eq!(sad.reserve_within(&mut random, first..=last), Err(SadError::NoSpi));
    assert_eq!(sad.reserve_within(&mut random, last..=first), Err(SadError::NoSpi));
    assert_eq!(sad.claim(first), Err(SadError::InUse));
    sad.release(first);
    assert_eq!(sad.claim(first), Ok(()));
    let id = sad.insert_inbound(at(0), first, 1, Lifetimes::UNLIMITED).unwrap();
    assert_eq!((sad.by_spi(first), sad.claim(first)), (Some(id), Err(SadError::InUse)));
}

#[test]
fn spis_that_carry_a_slot_are_random_in_their_other_bits_and_do_not_come_back_at_once() {
    let mut random = Seeded(1);
    let mut sad: Sad<u8> = Sad::with_slots_in_spis(&mut random, 8).unwrap();
    let mut seen = alloc::collections::BTreeSet::new();
    for _ in 0..5000 {
        let spi = sad.reserve(&mut random).unwrap();
        assert!(spi.get() > 255);
        seen.insert(spi);
        let id = sad.insert_inbound(at(0), spi, 1, Lifetimes::UNLIMITED).unwrap();
        assert_eq!(sad.by_spi(spi), Some(id));
        sad.remove(id);
        assert_eq!(sad.by_spi(spi), None);
    }
    assert!(seen.len() > 4990, "{} of 5,000", seen.len());
    // More than there is room for in the SPIs: the rest is found all the same.
    let spis: Vec<_> = (0..1000).map(|_| sad.reserve(&mut random).unwrap()).collect();
    let ids: Vec<_> =
        spis.iter().map(|spi| sad.insert_inbound(at(0), *spi, 1, Lifetimes::UNLIMITED).unwrap()).collect();
    let mut found = vec![None; spis.len()];
    sad.by_spis(&spis, &mut found);
    assert!(found.into_iter().eq(ids.into_iter().map(Some)));
}

#[test]
fn rfc4301_4_1_the_longest_match_of_spi_and_addresses() {
    let mut random = Seeded(1);
    let mut sad: Sad<&str> = Sad::new(&mut random).unwrap();
    let (spi, group, sender): (_, IpAddr, IpAddr) =
        (sad.reserve(&mut random).unwrap(), [224, 1, 1, 1].into(), [192, 0, 2, 7].into());
    sad.insert_inbound(at(0), spi, "unicast", Lifetimes::UNLIMITED).unwrap();
    let mut add = |source, name| {
        let place = MulticastSpi { spi, destination: group, source };
        sad.insert_multicast(at(0), place, name, Lifetimes::UNLIMITED).unwrap()
    };
    add(None, "group");
    let of_sender = add(Some(sender), "group and sender");
    let find = |sad: &Sad<&'static str>, source: IpAddr, destination: IpAddr| {
        sad.by_packet(spi, source, destination).and_then(|id| sad.get(id)).copied()
    };
    let other: IpAddr = [192, 0, 2, 8].into();
    assert_eq!(find(&sad, sender, group), Some("group and sender"));
    assert_eq!(find(&sad, other, group), Some("group"));
    assert_eq!(find(&sad, sender, other), Some("unicast"));
    sad.remove(of_sender);
    assert_eq!(find(&sad, sender, group), Some("group"));
}
