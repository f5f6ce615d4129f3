//! Selectors as boxes, packets as points.

use crate::AddressRange;
use crate::classify::{ALL_PORTS, AnyCuboid, Cuboid, OPAQUE, Point, Span};
use crate::selector::{Direction, PortRange, Selector, SelectorPair, SelectorSet};
use alloc::vec::Vec;
use core::net::IpAddr;
use ipsec_ip_packet::{FlowKey, Ports};

/// More boxes than this are not made of one pair of lists: then it is one for each selector of the longer list, and the
/// owner is asked.
const MOST_CUBOIDS: usize = 256;

/// The boxes that make up what a pair of lists takes, and whether they take more than it does.
pub(crate) fn cuboids(pair: &SelectorPair) -> (Vec<AnyCuboid>, bool) {
    let (local, remote) = (pair.local.as_slice(), pair.remote.as_slice());
    if local.len().saturating_mul(remote.len()) <= MOST_CUBOIDS {
        let cuboids = local.iter().flat_map(|local| remote.iter().filter_map(|remote| cuboid(local, remote)));
        return (cuboids.collect(), false);
    }
    let hulls = |set: &SelectorSet| [true, false].map(|v4| hull(set, v4));
    let cuboids = if local.len() > remote.len() {
        let hulls = hulls(&pair.remote);
        let boxes = |local| hulls.iter().flatten().filter_map(move |remote| cuboid(local, remote));
        local.iter().flat_map(boxes).collect()
    } else {
        let hulls = hulls(&pair.local);
        let boxes = |remote| hulls.iter().flatten().filter_map(move |local| cuboid(local, remote));
        remote.iter().flat_map(boxes).collect()
    };
    (cuboids, true)
}

/// A selector that takes all that those of one family take.
fn hull(set: &SelectorSet, v4: bool) -> Option<Selector> {
    let of_family = || set.as_slice().iter().filter(|own| own.addresses.first().is_ipv4() == v4);
    let first = of_family().map(|own| own.addresses.first()).min()?;
    let last = of_family().map(|own| own.addresses.last()).max()?;
    AddressRange::new(first, last).ok().map(Selector::addresses)
}

fn cuboid(local: &Selector, remote: &Selector) -> Option<AnyCuboid> {
    if local.takes_nothing() || remote.takes_nothing() {
        return None;
    }
    let protocol = match (local.protocol, remote.protocol) {
        (None, protocol) | (protocol, None) => protocol,
        (Some(one), Some(two)) if one == two => Some(one),
        _ => return None,
    };
    let protocol = protocol.map(|protocol| protocol.0);
    let ports = [local.ports, remote.ports].map(ports);
    let ends = [local, remote].map(|end| (end.addresses.first(), end.addresses.last()));
    match ends {
        [(IpAddr::V4(a), IpAddr::V4(b)), (IpAddr::V4(c), IpAddr::V4(d))] => {
            let addresses = [(a.to_bits(), b.to_bits()), (c.to_bits(), d.to_bits())];
            Some(AnyCuboid::V4(Cuboid { addresses, protocol, ports }))
        }
        [(IpAddr::V6(a), IpAddr::V6(b)), (IpAddr::V6(c), IpAddr::V6(d))] => {
            let addresses = [(a.to_bits(), b.to_bits()), (c.to_bits(), d.to_bits())];
            Some(AnyCuboid::V6(Cuboid { addresses, protocol, ports }))
        }
        _ => None,
    }
}

fn ports(ports: PortRange) -> Span<u32> {
    match ports {
        PortRange::Any => ALL_PORTS,
        PortRange::Opaque => (OPAQUE, OPAQUE),
        PortRange::Range { first, last } => (first.into(), last.into()),
    }
}

/// A packet that crosses in a direction; classes and tags are the caller's.
#[inline]
pub(crate) fn point(direction: Direction, flow: &FlowKey) -> Point {
    let [source, destination] = match flow.ports {
        Ports::Ports { source, destination } => [source.into(), destination.into()],
        Ports::Icmp { kind, code } => [u32::from(kind) << 8 | u32::from(code); 2],
        Ports::Mobility { kind } => [u32::from(kind) << 8; 2],
        Ports::None | Ports::Opaque => [OPAQUE; 2],
    };
    let (addresses, ports) = match direction {
        Direction::Outbound => ([flow.source, flow.destination], [source, destination]),
        Direction::Inbound | Direction::Forward => ([flow.destination, flow.source], [destination, source]),
    };
    Point { addresses, protocol: flow.protocol.0, ports, classes: u8::MAX, tags: [0; 3] }
}
