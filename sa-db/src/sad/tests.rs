use super::*;
use crate::{Policy, PolicyAction, SelectorPair, Spd};
use core::time::Duration;
use testkit::Seeded;

/// Yields the numbers given, then fails.
struct Numbers(alloc::vec::IntoIter<u32>);

impl Numbers {
    fn new(numbers: &[u32]) -> Self {
        Self(Vec::from(numbers).into_iter())
    }
}

impl SecureRandom for Numbers {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), CryptoError> {
        let number = self.0.next().ok_or(CryptoError::Randomness)?;
        for (octet, from) in out.iter_mut().zip(number.to_be_bytes().iter().cycle()) {
            *octet = *from;
        }
        Ok(())
    }
}

fn policies() -> [PolicyId; 2] {
    let mut spd = Spd::new(&mut Seeded(1)).unwrap();
    [(); 2].map(|()| spd.insert(None, Policy::new(SelectorPair::any(), PolicyAction::Bypass)).unwrap())
}

fn policy_id() -> PolicyId {
    policies()[0]
}

fn outbound<S>(sad: &mut Sad<S>, now: u64, policy: PolicyId, sa: S, life: Lifetimes) -> SaId {
    let selectors = Arc::new(SelectorPair::any());
    sad.insert_outbound(at(now), OutboundPlace { policy, selectors: &selectors, cpu: None }, sa, life)
        .unwrap()
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(seconds: u64) -> Instant {
    Instant::EPOCH + Duration::from_secs(seconds)
}

fn events<S>(sad: &mut Sad<S>) -> Vec<SadEvent> {
    core::iter::from_fn(|| sad.poll_event()).collect()
}

fn one(life: Lifetimes) -> (Sad<u8>, SaId) {
    let mut sad = Sad::new(&mut Seeded(7)).unwrap();
    let spi = sad.reserve(&mut Numbers::new(&[0x1000])).unwrap();
    let id = sad.insert_inbound(at(0), spi, 1, life).unwrap();
    (sad, id)
}

#[test]
fn e2_33_spis_are_never_reserved_ones_nor_in_use() {
    let mut sad: Sad<()> = Sad::new(&mut Seeded(7)).unwrap();
    let first = sad.reserve(&mut Numbers::new(&[0, 1, 255, 256])).unwrap();
    assert_eq!(first.get(), 256);
    assert_eq!(sad.reserve(&mut Numbers::new(&[256, 256, 300])).unwrap().get(), 300);
    assert_eq!(sad.reserve(&mut Numbers::new(&[0; 100])), Err(SadError::NoSpi));
    assert_eq!(sad.reserve(&mut Numbers::new(&[256; 100])), Err(SadError::NoSpi));
    assert_eq!(sad.reserve(&mut Numbers::new(&[])), Err(SadError::Crypto(CryptoError::Randomness)));
    assert!(Sad::<()>::new(&mut Numbers::new(&[])).is_err());
    assert_eq!(sad.reserved(), 2);
    sad.release(first);
    assert_eq!(sad.reserved(), 1);
    assert_eq!(sad.reserve(&mut Numbers::new(&[256])), Ok(first));
}

#[test]
fn only_a_reserved_spi_takes_an_sa_and_one_only() {
    let (mut sad, id) = one(Lifetimes::UNLIMITED);
    let spi = Spi::new(0x1000).unwrap();
    for spi in [spi, Spi::new(0x2000).unwrap()] {
        let refused = sad.insert_inbound(at(0), spi, 9, Lifetimes::UNLIMITED).unwrap_err();
        assert_eq!((refused.sa, refused.reason), (9, SadError::NotReserved));
    }
    sad.release(spi);
    assert_eq!(sad.by_spi(spi), Some(id), "an SPI in use cannot be released");
    assert_eq!(sad.remove(id), Some(1));
    assert_eq!((sad.by_spi(spi), sad.remove(id), sad.len()), (None, None, 0));
    assert!(sad.entry(id).is_none() && sad.poll_timeout().is_none());
}

#[test]
fn an_id_is_never_used_again() {
    let (mut sad, old) = one(Lifetimes::UNLIMITED);
    sad.remove(old);
    let policy = policy_id();
    for value in (0..=u8::MAX).cycle().take(1000) {
        let id = outbound(&mut sad, 0, policy, value, Lifetimes::UNLIMITED);
        assert_ne!(id, old);
        assert_eq!(sad.by_policy(policy).collect::<Vec<_>>(), [id]);
        assert!(sad.entry(old).is_none());
        sad.remove(id);
    }
    assert_eq!(sad.by_policy(policy).count(), 0);
}

#[test]
fn outbound_sas_come_the_newest_first() {
    let (mut sad, _) = one(Lifetimes::UNLIMITED);
    let policy = policy_id();
    let ids: Vec<_> =
        (2..5).map(|value| outbound(&mut sad, 0, policy, value, Lifetimes::UNLIMITED)).collect();
    assert_eq!(sad.by_policy(policy).collect::<Vec<_>>(), [ids[2], ids[1], ids[0]]);
}

#[test]
fn pd_03_soft_before_hard_each_once_whatever_the_clock_does() {
    let life = Lifetimes { soft: seconds(10), hard: seconds(20), idle: None };
    let soft_then_hard = |times: &[u64]| {
        let (mut sad, id) = one(life);
        let mut seen = Vec::new();
        for time in times {
            sad.handle_timeout(at(*time));
            seen.extend(events(&mut sad));
        }
        assert_eq!(seen, [SadEvent::SoftExpired { id }, SadEvent::HardExpired { id }], "{times:?}");
        assert!(sad.is_empty() && sad.poll_timeout().is_none());
    };
    soft_then_hard(&[0, 9, 10, 10, 11, 19, 20, 21]);
    soft_then_hard(&[10 * 365 * 86_400]);
    soft_then_hard(&[15, 3, 0, 12, 400]);
    let (mut sad, id) = one(life);
    assert_eq!(sad.poll_timeout(), Some(at(10)));
    sad.handle_timeout(at(9));
    assert_eq!((events(&mut sad), sad.poll_timeout()), (Vec::new(), Some(at(10))));
    sad.handle_timeout(at(10));
    assert_eq!(
        (events(&mut sad), sad.poll_timeout()),
        (alloc::vec![SadEvent::SoftExpired { id }], Some(at(20)))
    );
}

#[test]
fn pd_03_lifetimes_of_nothing_and_of_all_time() {
    let (mut sad, id) = one(Lifetimes { soft: seconds(0), hard: seconds(0), idle: None });
    sad.handle_timeout(at(0));
    assert_eq!(events(&mut sad), [SadEvent::SoftExpired { id }, SadEvent::HardExpired { id }]);
    for life in
        [Lifetimes::UNLIMITED, Lifetimes { soft: seconds(u64::MAX), hard: seconds(u64::MAX), idle: None }]
    {
        let (mut sad, _) = one(life);
        sad.handle_timeout(at(u64::MAX / 2));
        assert_eq!(events(&mut sad), []);
        assert_eq!(sad.len(), 1);
    }
}

#[test]
fn pd_03_volume_limits_are_told_once_and_the_hard_one_ends_the_sa() {
    let (mut sad, id) = one(Lifetimes::UNLIMITED);
    for limit in [LimitState::Within, LimitState::Soft, LimitState::Soft] {
        sad.entry(id).unwrap().record_use(at(1), limit);
    }
    assert_eq!(events(&mut sad), [SadEvent::SoftExpired { id }]);
    sad.entry(id).unwrap().record_use(at(1), LimitState::Hard);
    assert_eq!(events(&mut sad), [SadEvent::HardExpired { id }]);
    assert!(sad.entry(id).is_none() && sad.is_empty());
    let (mut sad, id) = one(Lifetimes::UNLIMITED);
    sad.entry(id).unwrap().record_use(at(1), LimitState::Hard);
    assert_eq!(events(&mut sad), [SadEvent::SoftExpired { id }, SadEvent::HardExpired { id }]);
}

#[test]
fn an_idle_sa_is_told_once_and_use_puts_it_off() {
    let (mut sad, id) = one(Lifetimes { idle: Some(seconds(10)), ..Lifetimes::UNLIMITED });
    sad.entry(id).unwrap().record_use(at(8), LimitState::Within);
    sad.handle_timeout(at(10));
    assert_eq!((events(&mut sad), sad.poll_timeout()), (Vec::new(), Some(at(18))));
    // A clock that runs backwards does not make it idle sooner.
    sad.entry(id).unwrap().record_use(at(2), LimitState::Within);
    sad.handle_timeout(at(18));
    assert_eq!(events(&mut sad), [SadEvent::Idle { id }]);
    sad.handle_timeout(at(100));
    assert_eq!((events(&mut sad), sad.poll_timeout()), (Vec::new(), None));
}

#[test]
fn rfc4301_4_4_2_1_usage_says_when_and_how_often() {
    let (mut sad, id) = one(Lifetimes::UNLIMITED);
    let usage = |sad: &Sad<u8>| sad.usage(id).map(|usage| (usage.since, usage.last, usage.packets));
    assert_eq!(usage(&sad), Some((at(0), None, 0)));
    // A clock that runs backwards does not make the last packet an earlier one.
    for (time, last, packets) in [(5, 5, 1), (9, 9, 2), (3, 9, 3)] {
        sad.entry(id).unwrap().record_use(at(time), LimitState::Within);
        assert_eq!(usage(&sad), Some((at(0), Some(at(last)), packets)));
    }
    sad.entry(id).unwrap().record_use(at(10), LimitState::Hard);
    assert_eq!(usage(&sad), None);
}

#[test]
fn removal_takes_the_events_of_the_sa_along() {
    let (mut sad, id) = one(Lifetimes { soft: seconds(1), ..Lifetimes::UNLIMITED });
    sad.handle_timeout(at(1));
    sad.remove(id);
    assert_eq!(events(&mut sad), []);
}

#[test]
fn many_timers_are_handled_in_slices() {
    let (mut sad, _) = one(Lifetimes::UNLIMITED);
    let policy = policy_id();
    let life = Lifetimes { soft: seconds(1), hard: seconds(2), idle: None };
    for _ in 0..3 * Sad::<u8>::SLICE {
        outbound(&mut sad, 0, policy, 0, life);
    }
    let mut calls = 0;
    while sad.poll_timeout().is_some_and(|due| due <= at(1)) {
        sad.handle_timeout(at(1));
        calls += 1;
        assert!(events(&mut sad).len() <= Sad::<u8>::SLICE);
    }
    assert_eq!(calls, 3);
}

#[test]
fn pd_03_a_soft_limit_of_volume_leaves_that_of_time_nothing_to_tell() {
    let (mut sad, id) = one(Lifetimes { soft: seconds(10), hard: seconds(20), idle: None });
    assert_eq!(sad.state(id), Some(SaState::Mature));
    sad.entry(id).unwrap().record_use(at(1), LimitState::Soft);
    assert_eq!(
        (events(&mut sad), sad.state(id)),
        (Vec::from([SadEvent::SoftExpired { id }]), Some(SaState::Dying))
    );
    sad.handle_timeout(at(10));
    assert_eq!((events(&mut sad), sad.poll_timeout()), (Vec::new(), Some(at(20))));
    sad.handle_timeout(at(20));
    assert_eq!(sad.state(id), Some(SaState::Dead));
    assert_eq!((events(&mut sad), sad.state(id)), (Vec::from([SadEvent::HardExpired { id }]), None));
    let stats = sad.stats();
    assert_eq!((stats.inserted, stats.soft_expired, stats.hard_expired, stats.removed), (1, 1, 1, 0));
}

#[test]
fn an_id_of_before_says_nothing_of_who_came_after() {
    let life = Lifetimes { soft: seconds(1), ..Lifetimes::UNLIMITED };
    let mut sad = Sad::new(&mut Seeded(7)).unwrap();
    let policy = policy_id();
    let mut gone = Vec::new();
    for round in 0..5u8 {
        let id = outbound(&mut sad, 0, policy, round, life);
        // The timer of who was there before is not that of the new one, nor is what it had to tell.
        assert_eq!((id.slot, sad.poll_event()), (0, None));
        for old in &gone {
            assert_ne!(*old, id);
            assert!(sad.get(*old).is_none() && sad.state(*old).is_none() && sad.usage(*old).is_none());
            assert!(sad.entry(*old).is_none() && sad.remove(*old).is_none());
        }
        assert_eq!((sad.get(id), sad.state(id)), (Some(&round), Some(SaState::Mature)));
        assert_eq!(sad.outbound(policy, &any_flow()), Some(id));
        assert_eq!(sad.by_policy(policy).collect::<Vec<_>>(), [id]);
        sad.handle_timeout(at(1));
        assert_eq!(sad.remove(id), Some(round));
        gone.push(id);
    }
    // Inbound, under one SPI, and in a group.
    let spi = Spi::new(0x1000).unwrap();
    let group = MulticastSpi { spi, destination: [224, 0, 0, 1].into(), source: None };
    for round in 0..5u8 {
        sad.claim(spi).unwrap();
        let larval = sad.larval(spi);
        let id = sad.insert_inbound(at(0), spi, round, life).unwrap();
        assert_eq!((larval, sad.by_spi(spi), gone.contains(&id)), (Some(id), Some(id), false));
        gone.push(id);
        assert_eq!(sad.remove(id), Some(round));
        let id = sad.insert_multicast(at(0), group, round, life).unwrap();
        let found = sad.by_packet(spi, [10, 0, 0, 1].into(), group.destination);
        assert_eq!((found, gone.contains(&id)), (Some(id), false));
        gone.push(id);
        assert_eq!(sad.remove(id), Some(round));
    }
}

#[test]
fn a_slot_whose_generations_are_used_up_is_never_filled_again() {
    let mut sad = Sad::new(&mut Seeded(7)).unwrap();
    let policy = policy_id();
    let first = outbound(&mut sad, 0, policy, 1u8, Lifetimes::UNLIMITED);
    sad.remove(first);
    sad.slots[0].generation = u32::MAX;
    let last = outbound(&mut sad, 0, policy, 2, Lifetimes::UNLIMITED);
    assert_eq!((last.slot, last.generation), (0, u32::MAX));
    sad.remove(last);
    for expected in 1..4 {
        assert_eq!(outbound(&mut sad, 0, policy, 3, Lifetimes::UNLIMITED).slot, expected);
    }
    assert!(sad.get(first).is_none() && sad.get(last).is_none());
}

fn any_flow() -> FlowKey {
    flow_to(1)
}

fn flow_to(host: u32) -> FlowKey {
    FlowKey {
        source: [10, 1, 0, 1].into(),
        destination: core::net::Ipv4Addr::from_bits(0x0a02_0000 + host).into(),
        protocol: ipsec_types::IpProtocol::UDP,
        ports: ipsec_ip_packet::Ports::None,
    }
}

#[test]
fn pd_05_what_is_asked_for_has_a_bound_over_all_policies() {
    let mut spd = Spd::new(&mut Seeded(1)).unwrap();
    let mut policy = || spd.insert(None, Policy::new(SelectorPair::any(), PolicyAction::Bypass)).unwrap();
    let policies: Vec<_> = (0..256).map(|_| policy()).collect();
    let (one_more, another) = (policy(), policy());
    let mut sad: Sad<u8> = Sad::new(&mut Seeded(1)).unwrap();
    for own in &policies {
        for host in 0..256 {
            assert_eq!(sad.acquire(at(0), *own, &flow_to(host), true), Acquired::Asked);
        }
    }
    let ask = |sad: &mut Sad<u8>, now, policy| sad.acquire(at(now), policy, &flow_to(0), true);
    assert_eq!(ask(&mut sad, 0, one_more), Acquired::Busy);
    assert_eq!(sad.stats().acquires_refused, 1);
    // What is given up makes room for as much, once.
    sad.give_up(policies[3]);
    for host in 0..256 {
        assert_eq!(sad.acquire(at(0), one_more, &flow_to(host), true), Acquired::Asked);
    }
    assert_eq!(ask(&mut sad, 0, another), Acquired::Busy);
    sad.give_up(policies[3]);
    assert_eq!(ask(&mut sad, 0, another), Acquired::Busy, "given up before");
    // So does an SA that comes, for each flow that it takes.
    let selectors = Arc::new(SelectorPair::any());
    let place = OutboundPlace { policy: policies[4], selectors: &selectors, cpu: None };
    sad.insert_outbound(at(1), place, 0, Lifetimes::UNLIMITED).unwrap();
    assert_eq!(ask(&mut sad, 1, another), Acquired::Asked);
    assert_eq!(ask(&mut sad, 1, policies[4]), Acquired::Asked);
    // One that waited too long makes room for others of its policy.
    let old = policies[5];
    assert_eq!(sad.acquire(at(29), old, &flow_to(999), true), Acquired::Busy);
    assert_eq!(sad.acquire(at(30), old, &flow_to(999), true), Acquired::Asked);
    assert_eq!(sad.acquire(at(30), old, &flow_to(999), true), Acquired::Pending);
}
