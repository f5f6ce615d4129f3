use crate::classify::{ALL_PORTS, AnyCuboid, Cuboid, OPAQUE, cuboids, point};
use crate::spd::{PolicyId, Spd};
use crate::{AddressRange, Direction, Scope};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ops::RangeInclusive;
use ipsec_ip_packet::FlowKey;

/// A part of a policy that no part of another overlaps: among such parts order does not matter (RFC 4301 Appendix B).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decorrelated {
    /// The policy it is a part of.
    pub policy: PolicyId,
    /// The local addresses.
    pub local: AddressRange,
    /// The remote addresses.
    pub remote: AddressRange,
    /// The protocols.
    pub protocols: RangeInclusive<u8>,
    /// The local ports; 65,536 stands for packets that show none.
    pub local_ports: RangeInclusive<u32>,
    /// The remote ports, likewise.
    pub remote_ports: RangeInclusive<u32>,
}

impl Decorrelated {
    /// Whether a packet that crosses in this direction is taken.
    pub fn takes(&self, direction: Direction, flow: &FlowKey) -> bool {
        let point = point(direction, flow);
        let ([local, remote], [local_port, remote_port]) = (point.addresses, point.ports);
        self.local.contains(local)
            && self.remote.contains(remote)
            && self.protocols.contains(&point.protocol)
            && self.local_ports.contains(&local_port)
            && self.remote_ports.contains(&remote_port)
    }
}

/// The decorrelated form has more entries than are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("more than {0} entries after decorrelation")]
pub struct TooManyEntries(
    /// How many were wanted at most.
    pub usize,
);

impl Spd {
    /// The policies in a form in which no two parts overlap and order does not matter (RFC 4301 Appendix B), for analysis
    /// and for systems that want one: what is hidden behind earlier policies is gone, and a policy of which nothing is
    /// left is never reached. Lookups do not use it.
    ///
    /// Only policies that count everywhere are looked at: see [`Scope`].
    ///
    /// # Errors
    ///
    /// [`TooManyEntries`] where there would be more than `most`, at the end or on the way.
    pub fn decorrelate(&self, most: usize) -> Result<Vec<Decorrelated>, TooManyEntries> {
        let mut done: Vec<(PolicyId, Part)> = Vec::new();
        for (policy, entry) in self.policies().filter(|(_, entry)| entry.scope == Scope::EVERYWHERE) {
            let (cuboids, more) = cuboids(&entry.selectors);
            if more {
                return Err(TooManyEntries(most));
            }
            for cuboid in &cuboids {
                let mut rest = Vec::from([Part::of(cuboid)]);
                for (_, part) in &done {
                    rest = rest.iter().flat_map(|own| own.without(part)).collect();
                    if rest.len() > most {
                        return Err(TooManyEntries(most));
                    }
                }
                done.extend(rest.into_iter().map(|part| (policy, part)));
                if done.len() > most {
                    return Err(TooManyEntries(most));
                }
            }
        }
        Ok(done.into_iter().map(|(policy, part)| part.shown(policy)).collect())
    }
}

/// A box of numbers: local and remote addresses, protocols, local and remote ports.
#[derive(Clone, Copy)]
struct Part {
    v4: bool,
    sides: [(u128, u128); 5],
}

impl Part {
    fn of(cuboid: &AnyCuboid) -> Self {
        let sides = |addresses: [(u128, u128); 2], protocol: Option<u8>, ports: [(u32, u32); 2]| {
            let protocol = protocol.map_or((0, 255), |protocol| (protocol.into(), protocol.into()));
            let [local, remote] = ports.map(|(first, last)| (first.into(), last.min(OPAQUE).into()));
            [addresses[0], addresses[1], protocol, local, remote]
        };
        match cuboid {
            AnyCuboid::V4(Cuboid { addresses, protocol, ports }) => {
                let addresses = addresses.map(|(first, last)| (first.into(), last.into()));
                Self { v4: true, sides: sides(addresses, *protocol, *ports) }
            }
            AnyCuboid::V6(Cuboid { addresses, protocol, ports }) => {
                Self { v4: false, sides: sides(*addresses, *protocol, *ports) }
            }
        }
    }

    /// What is left without `hole`, in boxes that do not overlap.
    fn without(&self, hole: &Self) -> Vec<Self> {
        let apart = |((first, last), (from, to)): (&(u128, u128), &(u128, u128))| last < from || to < first;
        if self.v4 != hole.v4 || self.sides.iter().zip(&hole.sides).any(apart) {
            return Vec::from([*self]);
        }
        let (mut left, mut core) = (Vec::new(), *self);
        for side in 0..self.sides.len() {
            let ((first, last), (from, to)) = (core.sides[side], hole.sides[side]);
            let mut keep = |span| {
                let mut piece = core;
                piece.sides[side] = span;
                left.push(piece);
            };
            if first < from {
                keep((first, from - 1));
            }
            if to < last {
                keep((to + 1, last));
            }
            core.sides[side] = (first.max(from), last.min(to));
        }
        left
    }

    fn shown(&self, policy: PolicyId) -> Decorrelated {
        let address = |number: u128| match u32::try_from(number) {
            Ok(number) if self.v4 => IpAddr::from(Ipv4Addr::from_bits(number)),
            _ => Ipv6Addr::from_bits(number).into(),
        };
        let range = |(first, last)| {
            let first = address(first);
            AddressRange::new(first, address(last)).unwrap_or_else(|_| AddressRange::single(first))
        };
        let octet = |number: u128| u8::try_from(number).unwrap_or(u8::MAX);
        let port = |number: u128| u32::try_from(number).unwrap_or(ALL_PORTS.1);
        let [local, remote, protocols, local_ports, remote_ports] = self.sides;
        Decorrelated {
            policy,
            local: range(local),
            remote: range(remote),
            protocols: octet(protocols.0)..=octet(protocols.1),
            local_ports: port(local_ports.0)..=port(local_ports.1),
            remote_ports: port(remote_ports.0)..=port(remote_ports.1),
        }
    }
}
