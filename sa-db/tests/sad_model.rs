//! The SAD with random operations against a model of plain maps.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use core::net::IpAddr;
use core::time::Duration;
use ipsec_ip_packet::{FlowKey, Ports};
use ipsec_sa_db::{
    AddressRange, Direction, Lifetimes, LimitState, MulticastSpi, OutboundPlace, Policy, PolicyAction,
    PolicyId, SaId, SaState, Sad, SadEvent, Selector, SelectorPair, Spd,
};
use ipsec_types::{Instant, IpProtocol, Spi};
use proptest::prelude::*;
use testkit::Seeded;

#[derive(Clone)]
enum Place {
    Inbound(Spi),
    Multicast(MulticastSpi),
    Outbound(PolicyId, Option<u32>, Arc<SelectorPair>),
}

/// An SA as the model has it: what was told, and what is to be told.
#[derive(Clone)]
struct Sa {
    value: u32,
    place: Place,
    life: Lifetimes,
    since: Instant,
    used: Instant,
    soft: bool,
    idle: bool,
}

#[derive(Default)]
struct Model {
    /// In the order in which they were inserted.
    sas: Vec<(SaId, Sa)>,
    larval: BTreeSet<Spi>,
    /// What is to come in the order of each SA; the SA may be gone.
    events: BTreeMap<SaId, Vec<&'static str>>,
    ever: BTreeSet<SaId>,
}

impl Model {
    fn at(&mut self, id: SaId) -> Option<&mut Sa> {
        self.sas.iter_mut().find(|(own, _)| *own == id).map(|(_, sa)| sa)
    }

    fn reach(&mut self, id: SaId, limit: LimitState, idle: bool) {
        let Some(sa) = self.at(id) else { return };
        let mut told = Vec::new();
        if limit >= LimitState::Soft && !sa.soft {
            sa.soft = true;
            told.push("soft");
        } else if idle && !sa.idle {
            sa.idle = true;
            told.push("idle");
        }
        if limit == LimitState::Hard {
            told.push("hard");
            self.sas.retain(|(own, _)| *own != id);
        }
        if !told.is_empty() {
            self.events.entry(id).or_default().extend(told);
        }
    }

    fn pass(&mut self, now: Instant) {
        for (id, sa) in self.sas.clone() {
            let reached = |since: Instant, after: Duration| after != Duration::MAX && now >= since + after;
            let limit = if reached(sa.since, sa.life.hard) {
                LimitState::Hard
            } else if reached(sa.since, sa.life.soft) {
                LimitState::Soft
            } else {
                LimitState::Within
            };
            // Idleness that came along with the soft limit is told behind it.
            let idle = sa.life.idle.is_some_and(|idle| reached(sa.used, idle));
            self.reach(id, limit, idle);
            self.reach(id, limit, idle);
        }
    }

    fn outbound(&self, policy: PolicyId, flow: &FlowKey, cpu: Option<u32>) -> Option<SaId> {
        let takes = |sa: &Sa, wanted: Option<u32>| {
            matches!(&sa.place, Place::Outbound(own, on, selectors)
                if *own == policy && *on == wanted && selectors.matches(Direction::Outbound, flow))
        };
        let find = |wanted| self.sas.iter().rev().find(|(_, sa)| takes(sa, wanted)).map(|(id, _)| *id);
        cpu.and_then(|cpu| find(Some(cpu))).or_else(|| find(None))
    }
}

fn at(millis: u64) -> Instant {
    Instant::from_epoch(Duration::from_millis(millis))
}

fn policies() -> Vec<PolicyId> {
    let mut spd = Spd::new(&mut Seeded(1)).unwrap();
    let policy = || Policy::new(SelectorPair::any(), PolicyAction::Bypass);
    (0..3).map(|_| spd.insert(None, policy()).unwrap()).collect()
}

fn address(last: u8) -> IpAddr {
    [10, 0, 0, last].into()
}

fn selectors(first: u8, last: u8) -> Arc<SelectorPair> {
    let range = AddressRange::new(address(first.min(last)), address(first.max(last))).unwrap();
    Arc::new(SelectorPair { remote: Selector::addresses(range).into(), ..SelectorPair::any() })
}

fn flow(last: u8) -> FlowKey {
    FlowKey {
        source: address(200),
        destination: address(last),
        protocol: IpProtocol::UDP,
        ports: Ports::Opaque,
    }
}

fn lifetimes(kind: u8, millis: u64) -> Lifetimes {
    let [soft, hard] = [millis, millis * 2].map(Duration::from_millis);
    match kind {
        0 => Lifetimes::UNLIMITED,
        1 => Lifetimes { soft, hard, idle: None },
        2 => Lifetimes { soft, hard, idle: Some(soft / 2) },
        _ => Lifetimes { idle: Some(soft), ..Lifetimes::UNLIMITED },
    }
}

fn run(slots: bool, seed: u64, operations: Vec<(u8, u8, u8, u64)>) -> Result<(), TestCaseError> {
    let mut random = Seeded(seed);
    let new = if slots { Sad::with_slots_in_spis(&mut random, 4) } else { Sad::new(&mut random) };
    let (mut sad, mut model, policies) = (new.unwrap(), Model::default(), policies());
    let (mut now, mut value) = (at(0), 0);
    for (kind, a, b, amount) in operations {
        let policy = policies[usize::from(a) % 3];
        let cpu = (b % 3 == 0).then_some(u32::from(b) % 2);
        value += 1;
        let (mut place, mut inserted) = (None, None);
        let life = lifetimes(b % 4, amount % 5000);
        match kind {
            0..4 => {
                let spi = sad.reserve(&mut random).unwrap();
                prop_assert!(spi.get() > 255 && model.larval.insert(spi));
            }
            4..8 => {
                if let Some(spi) = model.larval.pop_first() {
                    prop_assert_eq!(sad.by_spi(spi), None, "larval");
                    let id = sad.larval(spi);
                    prop_assert_eq!(id.and_then(|id| sad.state(id)), Some(SaState::Larval));
                    inserted = sad.insert_inbound(now, spi, value, life).ok();
                    prop_assert_eq!(id, inserted);
                    place = Some(Place::Inbound(spi));
                }
            }
            8 => {
                let source = (b % 2 == 0).then(|| address(b));
                let group = MulticastSpi { spi: Spi::new(300).unwrap(), destination: address(a % 3), source };
                let taken = |sa: &Sa| matches!(&sa.place, Place::Multicast(own) if *own == group);
                let known = model.sas.iter().any(|(_, sa)| taken(sa));
                inserted = sad.insert_multicast(now, group, value, life).ok();
                prop_assert_eq!(inserted.is_none(), known);
                place = Some(Place::Multicast(group));
            }
            9..13 => {
                let selectors = selectors(a % 8, b % 8);
                let outbound = OutboundPlace { policy, selectors: &selectors, cpu };
                inserted = sad.insert_outbound(now, outbound, value, life).ok();
                place = Some(Place::Outbound(policy, cpu, selectors));
            }
            13..15 if !model.sas.is_empty() => {
                let (id, sa) = model.sas.remove(usize::from(a) % model.sas.len());
                prop_assert_eq!(sad.remove(id), Some(sa.value));
                prop_assert_eq!((sad.remove(id), sad.state(id)), (None, None));
                model.events.remove(&id);
            }
            15..18 if !model.sas.is_empty() => {
                let (id, _) = model.sas[usize::from(a) % model.sas.len()];
                let limit = [LimitState::Within, LimitState::Within, LimitState::Soft, LimitState::Hard]
                    [usize::from(b) % 4];
                sad.entry(id).unwrap().record_use(now, limit);
                model.at(id).unwrap().used = now;
                model.reach(id, limit, false);
            }
            18..22 => {
                now = now + Duration::from_millis(amount % 4000);
                let mut calls = 0;
                while sad.poll_timeout().is_some_and(|due| due <= now) {
                    sad.handle_timeout(now);
                    calls += 1;
                    prop_assert!(calls < 1000);
                }
                model.pass(now);
            }
            22 => {
                if let Some(spi) = model.larval.pop_first() {
                    sad.release(spi);
                }
            }
            _ => {
                while let Some(event) = sad.poll_event() {
                    let (id, told) = match event {
                        SadEvent::SoftExpired { id } => (id, "soft"),
                        SadEvent::HardExpired { id } => (id, "hard"),
                        SadEvent::Idle { id } => (id, "idle"),
                        other @ (SadEvent::Acquire { .. } | _) => panic!("{other:?}"),
                    };
                    let expected = model.events.get_mut(&id).map(|told| told.remove(0));
                    prop_assert_eq!(Some(told), expected, "{:?}", id);
                    model.events.retain(|_, told| !told.is_empty());
                }
                prop_assert!(model.events.is_empty(), "{:?}", model.events);
            }
        }
        if let Some((id, place)) = inserted.zip(place) {
            prop_assert!(model.ever.insert(id), "an id that was used before");
            model.sas.push((id, Sa { value, place, life, since: now, used: now, soft: false, idle: false }));
        }
        check(&sad, &model, &policies)?;
    }
    Ok(())
}

fn check(sad: &Sad<u32>, model: &Model, policies: &[PolicyId]) -> Result<(), TestCaseError> {
    prop_assert_eq!((sad.len(), sad.reserved()), (model.sas.len(), model.larval.len()));
    for (id, sa) in &model.sas {
        prop_assert_eq!(sad.get(*id), Some(&sa.value));
        prop_assert_eq!(sad.state(*id), Some(if sa.soft { SaState::Dying } else { SaState::Mature }));
        match &sa.place {
            Place::Inbound(spi) => prop_assert_eq!(sad.by_spi(*spi), Some(*id)),
            Place::Multicast(group) => {
                let found =
                    sad.by_packet(group.spi, group.source.unwrap_or_else(|| address(99)), group.destination);
                prop_assert_eq!(found, Some(*id));
            }
            Place::Outbound(..) => {}
        }
    }
    for policy in policies {
        let own = |(id, sa): &(SaId, Sa)| {
            matches!(sa.place, Place::Outbound(of, ..) if of == *policy).then_some(*id)
        };
        let newest_first: Vec<_> = model.sas.iter().rev().filter_map(own).collect();
        prop_assert_eq!(sad.by_policy(*policy).collect::<Vec<_>>(), &newest_first[..]);
        prop_assert_eq!(sad.count_of(*policy), newest_first.len());
        for last in 0..9 {
            let flow = flow(last);
            prop_assert_eq!(sad.outbound(*policy, &flow), model.outbound(*policy, &flow, None));
            prop_assert_eq!(sad.outbound_on(*policy, &flow, 1), model.outbound(*policy, &flow, Some(1)));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn equals_plain_maps(
        slots in any::<bool>(), seed in any::<u64>(),
        operations in prop::collection::vec((0u8..26, any::<u8>(), any::<u8>(), any::<u64>()), 1..250),
    ) {
        run(slots, seed, operations)?;
    }
}
