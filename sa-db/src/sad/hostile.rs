//! PD-04: what finding an SA costs at worst, counted in entries, places and boxes that a look-up goes to.

use super::*;
use crate::classify::steps;
use crate::{AddressRange, Policy, PolicyAction, PortRange, Selector, SelectorSet, Spd};
use core::net::Ipv4Addr;
use ipsec_ip_packet::Ports;
use ipsec_types::IpProtocol;
use testkit::Seeded;

const MANY: u32 = 100_000;
const FEWER: u32 = 10_000;
/// Of SAs whose boxes are cut into many blocks.
const NESTED: u32 = 4000;

fn policies<const COUNT: usize>() -> [PolicyId; COUNT] {
    let mut spd = Spd::new(&mut Seeded(1)).unwrap();
    [(); COUNT].map(|()| spd.insert(None, Policy::new(SelectorPair::any(), PolicyAction::Bypass)).unwrap())
}

/// The most steps, and all of them, that look-ups of these SPIs take once all have an SA.
fn by_spi(slots: u8, spis: &[Spi]) -> (u64, u64) {
    let mut random = Seeded(1);
    let sad = if slots > 0 { Sad::with_slots_in_spis(&mut random, slots) } else { Sad::new(&mut random) };
    let mut sad = sad.unwrap();
    for spi in spis {
        sad.claim(*spi).unwrap();
        sad.insert_inbound(Instant::EPOCH, *spi, *spi, Lifetimes::UNLIMITED).unwrap();
    }
    let steps_of = |spi: &Spi| {
        let before = steps::taken();
        assert_eq!(sad.by_spi(*spi).and_then(|id| sad.get(id)), Some(spi));
        steps::taken() - before
    };
    spis.iter().map(steps_of).fold((0, 0), |(most, all), steps| (most.max(steps), all + steps))
}

#[test]
fn pd_04_spis_chosen_to_collide() {
    let mut random = Seeded(2);
    let mut usual: Vec<_> =
        (0..MANY).filter_map(|_| Spi::new(u32::try_from(random.number() >> 32).unwrap()).ok()).collect();
    usual.sort_unstable();
    usual.dedup();
    for slots in [0, 8, 17] {
        let (most, all) = by_spi(slots, &usual);
        let count = u64::try_from(usual.len()).unwrap();
        assert!(most <= 5 && all <= count * 11 / 10, "{most}, {all} steps");
        // Those that have their low bits in common, and those that have their high bits.
        for stride in [1, 1 << 8, 1 << 12, 1 << 15] {
            let spis: Vec<_> = (1..=MANY).map(|number| Spi::new(number * stride + 255).unwrap()).collect();
            let (worst, all) = by_spi(slots, &spis);
            assert!(worst <= 10 * most.max(1), "stride {stride}: {worst} steps");
            assert!(all <= u64::from(MANY) * 11 / 10, "stride {stride}: {all} steps");
        }
    }
}

fn host(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a02_0000 + number).into()
}

fn flow(to: u32, port: u16) -> FlowKey {
    FlowKey {
        source: [10, 1, 0, 1].into(),
        destination: host(to),
        protocol: IpProtocol::UDP,
        ports: Ports::Ports { source: 4000, destination: port },
    }
}

fn range(first: u32, last: u32) -> Selector {
    Selector::addresses(AddressRange::new(host(first), host(last)).unwrap())
}

/// The most steps that finding an SA for one of these packets takes; and that it is the newest that takes it.
fn outbound(sas: impl Iterator<Item = (PolicyId, Selector)>, flows: &[(PolicyId, FlowKey)]) -> u64 {
    let mut sad = Sad::new(&mut Seeded(1)).unwrap();
    for (policy, remote) in sas {
        let selectors = Arc::new(SelectorPair { local: SelectorSet::any(), remote: remote.into() });
        let place = OutboundPlace { policy, selectors: &selectors, cpu: None };
        sad.insert_outbound(Instant::EPOCH, place, (), Lifetimes::UNLIMITED).unwrap();
    }
    let steps_of = |(at, (policy, flow)): (usize, &(PolicyId, FlowKey))| {
        let before = steps::taken();
        let found = sad.outbound(*policy, flow);
        let steps = steps::taken() - before;
        if at.is_multiple_of(16) {
            let takes = |id: &SaId| {
                sad.outbound_of(id.slot).is_some_and(|own| own.selectors.matches(Direction::Outbound, flow))
            };
            assert_eq!(found, sad.by_policy(*policy).find(takes), "{flow:?}");
        }
        steps
    };
    flows.iter().enumerate().map(steps_of).max().unwrap()
}

/// No look-up takes more steps than this, which is within ten times what the usual ones take.
const WORST: u64 = 60;

#[test]
fn pd_04_selectors_of_sas_chosen_to_collide() {
    let [one, other] = policies();
    // Some SAs of each of many policies, as there are without anybody's doing.
    let of_many = policies::<1000>();
    let network = |number: u32| range(number * 256, number * 256 + (64 << (number % 5)) - 1);
    let usual = (0..FEWER).map(|number| (of_many[number as usize % 1000], network(number / 7)));
    let packets = |policy, to: fn(u32) -> (u32, u16)| {
        (0..200).map(|at| (policy, flow(to(at).0, to(at).1))).collect::<Vec<_>>()
    };
    let flows: Vec<_> = (0..FEWER)
        .step_by(37)
        .map(|number| (of_many[number as usize % 1000], flow(number / 7 * 256, 9)))
        .collect();
    let usual = outbound(usual, &flows);
    assert!(usual <= WORST && WORST <= 10 * usual, "{usual} steps");

    let port = |number: u32| u16::try_from(number % 65_536).unwrap();
    let all = range(0, 0x00ff_ffff);
    let own_port = |number: u32| {
        let ports = PortRange::new(port(number), port(number)).unwrap();
        Selector { protocol: Some(IpProtocol::UDP), ports, ..all }
    };
    let same = outbound((0..MANY).map(|_| (one, all)), &packets(one, |at| (at, 9)));
    let others = outbound(
        (0..FEWER).map(|at| (if at == 0 { other } else { one }, all)),
        &packets(other, |at| (at, 9)),
    );
    let hosts =
        outbound((0..MANY).map(|at| (one, range(at * 16, at * 16))), &packets(one, |at| (at * 16, 9)));
    let ports = outbound(
        (0..FEWER).map(|at| (one, own_port(at))),
        &packets(one, |at| (7, u16::try_from(at * 49).unwrap())),
    );
    let nested = outbound((0..NESTED).map(|at| (one, range(0, at * 7))), &packets(one, |at| (at * 149, 9)));
    let around = (0..NESTED).map(|at| (one, range(50_000 - at * 2, 50_000 + at * 2)));
    let around = outbound(around, &packets(one, |at| (40_001 + at * 99, 9)));
    for (what, took) in [
        ("the same", same),
        ("those of another policy", others),
        ("hosts", hosts),
        ("ports", ports),
        ("nested", nested),
        ("around one address", around),
    ] {
        assert!(took <= WORST, "{what}: {took} steps");
    }
}
