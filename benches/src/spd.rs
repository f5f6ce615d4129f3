//! Policy look-up.

use crate::policies::{Ends, flows, policies};
use crate::probe::{MILLION, Table, in_turn, number};
use crate::{Figure, over, wanted};
use ipsec::ip_packet::FlowKey;
use ipsec::sa_db::{
    Action, Direction, PeerId, Policy, PolicyAction, PolicyId, Protect, SelectorPair, Spd, Traffic,
};
use std::hint::black_box;
use std::time::Instant;
use testkit::Seeded;

/// Look-ups of a round.
const QUERIES: usize = 1 << 17;

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    let mut push = |name: &str, value: f64| figures.push(Figure { name: name.to_owned(), value });
    for (label, count) in [("100", 100), ("10k", 10_000), ("100k", 100_000)] {
        let name = format!("spd.{label}.lookup.over_hashbrown_1m");
        if wanted(prefix, &name) {
            push(&name, over_table(count));
        }
    }
    let name = "spd.10k.vs_linear";
    if wanted(prefix, name) {
        push(name, linear_over_lookup());
    }
    for (name, value) in [
        ("spd.100k.insert_us", inserted as fn() -> f64),
        ("spd.100k.insert_worst_us", longest),
        ("spd.100k.bytes_per_policy", octets),
    ] {
        if wanted(prefix, name) {
            push(name, value());
        }
    }
}

fn spd(policies: &[Ends]) -> Spd {
    let mut spd = Spd::new(&mut Seeded(1)).expect("a seed");
    for ends in policies {
        spd.insert(None, policy(ends)).expect("a policy");
    }
    spd
}

fn policy([local, remote]: &Ends) -> Policy {
    let protect = Protect::tunnel(PeerId(1), Vec::new());
    let selectors = SelectorPair { local: (*local).into(), remote: (*remote).into() };
    Policy::new(selectors, PolicyAction::Protect(protect))
}

/// What a packet's look-up says: its policy, all of which protect.
fn found(spd: &Spd, flow: &FlowKey) -> Option<PolicyId> {
    match spd.lookup(Direction::Outbound, flow) {
        Action::Protect { id, .. } => Some(id),
        Action::Bypass | Action::Discard => None,
    }
}

/// The first policy that takes a packet, by going through all of them.
fn scan(spd: &Spd, flow: &FlowKey) -> Option<PolicyId> {
    let traffic = Traffic::new(Direction::Outbound, flow);
    spd.policies().find(|(_, policy)| policy.takes(&traffic)).map(|(id, _)| id)
}

fn over_table(count: usize) -> f64 {
    let policies = policies(count, 7);
    let (spd, table) = (spd(&policies), Table::new(MILLION));
    let flows = flows(&policies, QUERIES, 8);
    assert!(
        flows.iter().filter(|flow| found(&spd, flow).is_some()).count() > QUERIES / 2,
        "most packets are taken"
    );
    let expected: Vec<_> = flows.iter().map(|flow| number(found(&spd, flow))).collect();
    let (keys, numbers) = table.queries(MILLION);
    let mut at = 0;
    over(
        || (),
        |()| in_turn(QUERIES, |at| number(found(&spd, &flows[at])) ^ expected[at]),
        |()| {
            // Always other keys, or a part of the table would stay in the cache.
            at = (at + QUERIES) % (MILLION - QUERIES);
            table.look_up(&keys[at..at + QUERIES], &numbers[at..at + QUERIES]);
        },
    )
}

/// The scan over the same packets, over the look-up.
fn linear_over_lookup() -> f64 {
    let policies = policies(10_000, 7);
    let spd = spd(&policies);
    let flows = flows(&policies, 256, 8);
    let expected: Vec<_> = flows.iter().map(|flow| number(scan(&spd, flow))).collect();
    over(
        || (),
        |()| in_turn(flows.len(), |at| number(scan(&spd, &flows[at])) ^ expected[at]),
        |()| in_turn(flows.len(), |at| number(found(&spd, &flows[at])) ^ expected[at]),
    )
}

/// Microseconds for one more policy at any place among 100,000.
fn inserted() -> f64 {
    let policies = policies(110_000, 7);
    let (first, more) = policies.split_at(100_000);
    let mut spd = spd(first);
    let ids: Vec<_> = spd.policies().map(|(id, _)| id).collect();
    let mut random = Seeded(9);
    let mut places: Vec<_> =
        more.iter().map(|ends| (ids[random.below(ids.len() as u64) as usize], policy(ends))).collect();
    let start = Instant::now();
    for (before, policy) in places.drain(..) {
        black_box(spd.insert(Some(before), policy).expect("a policy"));
    }
    start.elapsed().as_secs_f64() * 1e6 / more.len() as f64
}

/// Microseconds of the longest of 140,000 insertions into an empty database, every other one in front of the policy that was
/// the first: of each the shortest of a few rounds, in which the same is done, or the scheduler would be measured.
fn longest() -> f64 {
    let policies = policies(140_000, 7);
    let mut shortest = vec![f64::MAX; policies.len()];
    for _ in 0..5 {
        let mut spd = Spd::new(&mut Seeded(1)).expect("a seed");
        let mut random = Seeded(9);
        let mut ids: Vec<PolicyId> = Vec::with_capacity(policies.len());
        for (ends, shortest) in policies.iter().zip(&mut shortest) {
            let before = match ids.len() {
                0 => None,
                count if count % 2 == 0 => ids.first().copied(),
                count => Some(ids[random.below(count as u64) as usize]),
            };
            let policy = policy(ends);
            let start = Instant::now();
            ids.push(black_box(spd.insert(before, policy)).expect("a policy"));
            *shortest = shortest.min(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    shortest.into_iter().fold(0.0, f64::max)
}

fn octets() -> f64 {
    let policies = policies(100_000, 7);
    spd(&policies).octets() as f64 / policies.len() as f64
}
