//! What peers and an unlucky configuration do to the databases.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

use alloc::sync::Arc;
use core::net::IpAddr;
use core::time::Duration;
use ipsec_ip_packet::{FlowKey, Ports};
use ipsec_sa_db::{
    Acquired, AddressRange, Lifetimes, MulticastSpi, OutboundPlace, Policy, PolicyAction, PolicyId, Sad,
    SadError, SadEvent, Selector, SelectorPair, SelectorSet, Spd,
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

fn number(number: u32) -> [u8; 4] {
    (0x0a02_0000 + number).to_be_bytes()
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
