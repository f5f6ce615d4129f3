//! Which of many boxes of addresses, protocols and ports comes first among those that a packet is in.
//!
//! Tuple space search (Srinivasan, Suri and Varghese, 1999), with three changes that keep the tuples few and the lists
//! short:
//!
//! - A box is filed under coarse prefixes of its addresses alone. Only where more than [`CROWD`] boxes share such a
//!   place do they move to finer tuples, which also count protocol and ports, and at last are cut into aligned blocks.
//! - For each prefix of an address a word says in which tuples it occurs at all. A look-up takes the words of the
//!   packet's two addresses and tries only the tuples that both have.
//! - All tuples share one table that grows a segment at a time, so that no insertion waits for a whole rebuild.

mod address;
mod blocks;
mod convert;
mod crowds;
mod node;
mod presence;
mod space;
#[cfg(test)]
pub(crate) mod steps;

pub(crate) use address::Address;
pub(crate) use convert::{cuboids, point};
pub(crate) use space::Space;

use crate::hash::HashKey;
use crate::order::{Changes, Keys, Rank};
use alloc::vec::Vec;
use core::net::IpAddr;
use ipsec_crypto_suite::{CryptoError, SecureRandom};

/// A range of numbers, both ends included.
pub(crate) type Span<T> = (T, T);

/// The number behind the last port that stands for what is opaque.
pub(crate) const OPAQUE: u32 = 65_536;
/// All ports, and what is opaque.
pub(crate) const ALL_PORTS: Span<u32> = (0, (1 << 17) - 1);

/// A box: what it takes of the addresses of one family, of protocols and of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cuboid<A> {
    /// The local and the remote addresses.
    pub(crate) addresses: [Span<A>; 2],
    /// `None` is any.
    pub(crate) protocol: Option<u8>,
    /// The local and the remote ports, within [`ALL_PORTS`].
    pub(crate) ports: [Span<u32>; 2],
}

/// A box of either family.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AnyCuboid {
    V4(Cuboid<u32>),
    V6(Cuboid<u128>),
}

/// What goes for all boxes of one owner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Who has the boxes.
    pub(crate) owner: u32,
    /// What is said of the owner where one of its boxes is found.
    pub(crate) note: u32,
    /// The lowest comes first.
    pub(crate) rank: Rank,
    /// For which of eight classes of packets, a bit each.
    pub(crate) classes: u8,
    /// Made with [`tag`]: the boxes are only for packets with this tag. 0 is for all.
    pub(crate) tag: u32,
    /// The owner has to be asked whether it takes a packet that is in its boxes; always so where there is a tag, of which
    /// two may be equal by chance.
    pub(crate) ask: bool,
}

/// Whose box was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) owner: u32,
    pub(crate) note: u32,
}

/// A packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) addresses: [IpAddr; 2],
    pub(crate) protocol: u8,
    /// The local and the remote port, or [`OPAQUE`].
    pub(crate) ports: [u32; 2],
    pub(crate) classes: u8,
    /// Its tags of the kinds 1, 2 and 3; 0 where it has none.
    pub(crate) tags: [u32; 3],
}

/// A tag of a kind, 1 to 3, from a hash.
pub(crate) fn tag(kind: u8, hash: u64) -> u32 {
    let hash = u32::try_from(hash >> 32).unwrap_or_default();
    hash & !3 | u32::from(kind & 3)
}

/// Boxes of both families.
pub(crate) struct Classifier {
    v4: Space<u32>,
    v6: Space<u128>,
}

impl Classifier {
    pub(crate) fn new(rng: &mut dyn SecureRandom) -> Result<Self, CryptoError> {
        let key = HashKey::draw(rng)?;
        Ok(Self { v4: Space::new(key), v6: Space::new(key) })
    }

    /// Files the boxes of an owner, which has none yet.
    pub(crate) fn insert(&mut self, terms: Terms, cuboids: &[AnyCuboid], keys: &impl Keys) {
        for cuboid in cuboids {
            match cuboid {
                AnyCuboid::V4(cuboid) => self.v4.insert(terms, cuboid, keys),
                AnyCuboid::V6(cuboid) => self.v6.insert(terms, cuboid, keys),
            }
        }
    }

    /// Takes all boxes of an owner out.
    pub(crate) fn remove(&mut self, owner: u32, keys: &impl Keys) {
        self.v4.remove(owner, keys);
        self.v6.remove(owner, keys);
    }

    /// Follows what changed in the order of the owners, before anything else is done.
    pub(crate) fn follow(&mut self, changes: &Changes, keys: &impl Keys) {
        self.v4.follow(changes, keys);
        self.v6.follow(changes, keys);
    }

    /// The owner of the first box that has the packet; `takes` is asked where the box says so.
    #[inline]
    pub(crate) fn first(
        &self,
        point: &Point,
        keys: &impl Keys,
        takes: impl Fn(u32) -> bool,
    ) -> Option<Found> {
        match point.addresses {
            [IpAddr::V4(local), IpAddr::V4(remote)] => {
                self.v4.first([local.to_bits(), remote.to_bits()], point, keys, takes)
            }
            [IpAddr::V6(local), IpAddr::V6(remote)] => {
                self.v6.first([local.to_bits(), remote.to_bits()], point, keys, takes)
            }
            _ => None,
        }
    }

    /// Octets of memory, spare room included.
    pub(crate) fn octets(&self) -> usize {
        self.v4.octets() + self.v6.octets()
    }
}

/// Octets that a vector holds, spare room included.
fn octets_of<T>(vector: &Vec<T>) -> usize {
    vector.capacity() * size_of::<T>()
}

/// How many boxes share a place before one of them moves to a finer one.
const CROWD: usize = 8;

#[cfg(test)]
mod tests;
