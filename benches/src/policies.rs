//! Policies in the manner of the ACL sets of ClassBench (Taylor and Turner, 2005): prefixes that nest and repeat, more
//! specific at the remote end, ports mostly any or one number at the remote end, and packets that belong to them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ipsec::ip_packet::{FlowKey, Ports};
use ipsec::sa_db::{AddressRange, PortRange, Selector};
use ipsec::types::IpProtocol;
use testkit::Seeded;

/// One policy's packets: a local and a remote end.
pub(crate) type Ends = [Selector; 2];

/// Lengths of prefixes with their weights, of each family.
type Lengths = &'static [(u8, u32)];

const LOCAL_V4: Lengths = &[
    (0, 18),
    (8, 4),
    (12, 2),
    (16, 12),
    (19, 3),
    (20, 5),
    (21, 3),
    (22, 4),
    (23, 4),
    (24, 14),
    (25, 2),
    (26, 2),
    (27, 3),
    (28, 3),
    (29, 2),
    (30, 3),
    (32, 16),
];
const REMOTE_V4: Lengths = &[
    (0, 2),
    (8, 2),
    (14, 1),
    (16, 8),
    (18, 2),
    (20, 4),
    (21, 3),
    (22, 5),
    (23, 6),
    (24, 18),
    (25, 3),
    (26, 4),
    (27, 5),
    (28, 5),
    (29, 4),
    (30, 6),
    (32, 22),
];
const LOCAL_V6: Lengths =
    &[(0, 18), (29, 3), (32, 15), (40, 4), (44, 3), (48, 22), (56, 8), (64, 18), (128, 9)];
const REMOTE_V6: Lengths =
    &[(0, 2), (32, 10), (36, 3), (40, 5), (48, 25), (52, 3), (56, 12), (60, 3), (64, 25), (128, 12)];

const SERVICES: [u16; 16] =
    [80, 443, 53, 22, 25, 123, 161, 389, 445, 993, 1433, 1521, 3306, 3389, 5060, 8080];

/// So many policies, in the order in which somebody would write them: what is special mostly in front.
pub(crate) fn policies(count: usize, seed: u64) -> Vec<Ends> {
    let mut random = Seeded(seed);
    // Networks that the prefixes are taken from, so that they nest.
    let networks: Vec<u128> = (0..count / 20 + 8)
        .map(|_| u128::from(random.number()) << 64 | u128::from(random.number()))
        .collect();
    let mut policies: Vec<(u32, Ends)> = (0..count)
        .map(|_| {
            let ends = ends(&mut random, &networks);
            let special = ends.iter().map(|end| u32::from(prefix_length(end))).sum::<u32>();
            (special * 4 + random.below(40) as u32, ends)
        })
        .collect();
    policies.sort_by_key(|(special, _)| u32::MAX - special);
    policies.into_iter().map(|(_, ends)| ends).collect()
}

/// Packets: nine of ten lie in a policy drawn at random, the rest anywhere.
pub(crate) fn flows(policies: &[Ends], count: usize, seed: u64) -> Vec<FlowKey> {
    let mut random = Seeded(seed);
    (0..count)
        .map(|_| {
            let [local, remote] = policies[random.below(policies.len() as u64) as usize];
            let stray = random.percent(10);
            let mut address = |range: AddressRange| match (range.first(), range.last()) {
                (IpAddr::V4(first), IpAddr::V4(last)) => {
                    let (first, last) = if stray { (0, u32::MAX) } else { (first.to_bits(), last.to_bits()) };
                    Ipv4Addr::from_bits(first + random.below(u64::from(last - first) + 1) as u32).into()
                }
                (IpAddr::V6(first), IpAddr::V6(last)) => {
                    let wide = u128::from(random.number()) << 64 | u128::from(random.number());
                    let host = last.to_bits() - first.to_bits();
                    Ipv6Addr::from_bits(
                        first.to_bits() + if stray { wide % (host / 2 + 1) } else { wide & host },
                    )
                    .into()
                }
                _ => unreachable!("ranges are of one family"),
            };
            let (source, destination) = (address(local.addresses), address(remote.addresses));
            let mut port = |ports: PortRange| match ports {
                PortRange::Range { first, last } => first + random.below(u64::from(last - first) + 1) as u16,
                PortRange::Any | PortRange::Opaque => random.number() as u16,
            };
            let ports = Ports::Ports { source: port(local.ports), destination: port(remote.ports) };
            let protocol = local.protocol.unwrap_or(IpProtocol::TCP);
            FlowKey { source, destination, protocol, ports }
        })
        .collect()
}

fn ends(random: &mut Seeded, networks: &[u128]) -> Ends {
    let v4 = random.percent(70);
    let [local, remote] = if v4 { [LOCAL_V4, REMOTE_V4] } else { [LOCAL_V6, REMOTE_V6] };
    let [local, remote] = [local, remote].map(|lengths| {
        let length = drawn(random, lengths);
        prefix(random, networks, v4, length)
    });
    let protocol = match random.below(100) {
        0..72 => Some(IpProtocol::TCP),
        72..88 => Some(IpProtocol::UDP),
        88..90 => Some(IpProtocol(47)),
        _ => None,
    };
    let (local_ports, remote_ports) = if protocol.is_some_and(|own| own.0 != 47) {
        ports(random)
    } else {
        (PortRange::Any, PortRange::Any)
    };
    let end = |addresses, ports| Selector { addresses, protocol, ports };
    [end(local, local_ports), end(remote, remote_ports)]
}

fn ports(random: &mut Seeded) -> (PortRange, PortRange) {
    let service = |random: &mut Seeded| {
        let port =
            if random.percent(70) { SERVICES[random.below(16) as usize] } else { random.number() as u16 };
        PortRange::Range { first: port, last: port }
    };
    let range = |random: &mut Seeded| match random.below(3) {
        0 => PortRange::Range { first: 1024, last: u16::MAX },
        1 => PortRange::Range { first: 0, last: 1023 },
        _ => {
            let first = random.number() as u16;
            PortRange::Range { first, last: first.saturating_add(random.below(2000) as u16) }
        }
    };
    match random.below(100) {
        0..28 => (PortRange::Any, PortRange::Any),
        28..82 => (PortRange::Any, service(random)),
        82..93 => (PortRange::Any, range(random)),
        93..96 => (range(random), service(random)),
        96..98 => (service(random), PortRange::Any),
        _ => (range(random), range(random)),
    }
}

fn drawn(random: &mut Seeded, lengths: Lengths) -> u8 {
    let mut left = random.below(lengths.iter().map(|(_, weight)| u64::from(*weight)).sum()) as u32;
    for (length, weight) in lengths {
        if left < *weight {
            return *length;
        }
        left -= weight;
    }
    0
}

/// A prefix below one of the networks: its upper bits are the network's, the rest its own.
fn prefix(random: &mut Seeded, networks: &[u128], v4: bool, length: u8) -> AddressRange {
    let network = networks[random.below(networks.len() as u64) as usize];
    let own = u128::from(random.number()) << 64 | u128::from(random.number());
    let shared = if v4 { [8, 12, 16, 20, 24] } else { [24, 32, 40, 48, 56] }[random.below(5) as usize];
    let mask = u128::MAX << (128 - shared);
    let bits = network & mask | own & !mask;
    let address = if v4 {
        IpAddr::from(Ipv4Addr::from_bits((bits >> 96) as u32))
    } else {
        Ipv6Addr::from_bits(bits).into()
    };
    AddressRange::prefix(address, length).expect("a length of the family")
}

fn prefix_length(end: &Selector) -> u8 {
    match (end.addresses.first(), end.addresses.last()) {
        (IpAddr::V4(first), IpAddr::V4(last)) => (first.to_bits() ^ last.to_bits()).leading_zeros() as u8,
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            ((first.to_bits() ^ last.to_bits()).leading_zeros() / 3) as u8
        }
        _ => 0,
    }
}
