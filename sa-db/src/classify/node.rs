//! A box, and how finely it may be filed.

use crate::classify::blocks::blocks;
use crate::classify::{Address, Point, Span};
use crate::order::Rank;
use alloc::vec::Vec;

/// A box, or a block of one: of IPv4 in one line of a cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Node<A> {
    pub(super) addresses: [Span<A>; 2],
    pub(super) ports: [Span<u32>; 2],
    pub(super) rank: Rank,
    pub(super) owner: u32,
    pub(super) note: u32,
    /// The next at the same place, of a higher rank.
    pub(super) next: u32,
    pub(super) protocol: u16,
    pub(super) classes: u8,
    pub(super) ask: bool,
}

/// How finely a box is filed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precision {
    /// By coarse prefixes.
    Coarse,
    /// Also by protocol, and by ports that are single numbers.
    Exact,
    /// By fine prefixes of everything.
    Fine,
    /// In aligned blocks, by all of their prefixes.
    Blocks,
}

/// What the boxes of one kind of place have in common.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shape {
    pub(super) addresses: [u8; 2],
    pub(super) ports: [u8; 2],
    pub(super) protocol: bool,
    /// 0 without; otherwise which tag of a packet counts.
    pub(super) tag: u8,
}

pub(super) const ANY_PROTOCOL: u16 = 256;
/// Fine prefixes have multiples of this.
const FINE: u8 = 4;
/// Ports are numbers of 17 bits, that of what is opaque among them.
pub(super) const PORT_BITS: u8 = 17;
/// Blocks that one box is cut into, at most.
const MOST_BLOCKS: usize = 128;

impl<A: Address> Node<A> {
    #[inline]
    pub(super) fn has(&self, addresses: &[A; 2], point: &Point) -> bool {
        // All at once: a branch after each comparison would be guessed wrong more often than it saves work.
        let mut has = self.classes & point.classes != 0;
        for ((first, last), address) in self.addresses.iter().zip(addresses) {
            has &= (first <= address) & (address <= last);
        }
        for ((first, last), port) in self.ports.iter().zip(point.ports) {
            has &= (*first <= port) & (port <= *last);
        }
        has & ((self.protocol == ANY_PROTOCOL) | (self.protocol == u16::from(point.protocol)))
    }

    /// Whether it has a finer place.
    pub(super) fn has_finer(&self, precision: Precision) -> bool {
        let own = self.shape(precision, 0);
        let finer = |precision| self.shape(precision, 0) != own;
        let whole = self.addresses.iter().all(|span| is_block(*span))
            && self.ports.iter().all(|span| is_block(*span));
        match precision {
            Precision::Coarse => {
                !whole || [Precision::Exact, Precision::Fine, Precision::Blocks].into_iter().any(finer)
            }
            Precision::Exact => !whole || [Precision::Fine, Precision::Blocks].into_iter().any(finer),
            Precision::Fine => !whole || finer(Precision::Blocks),
            Precision::Blocks => false,
        }
    }

    /// What kind of place it has.
    pub(super) fn shape(&self, precision: Precision, tag: u32) -> Shape {
        let addresses = self.addresses.map(|(first, last)| {
            let common = first.common(last);
            match precision {
                Precision::Coarse | Precision::Exact => {
                    A::COARSE.iter().copied().find(|length| *length <= common).unwrap_or(0)
                }
                Precision::Fine => common - common % FINE,
                Precision::Blocks => common,
            }
        });
        let ports = self.ports.map(|span| {
            let common = port_common(span);
            match precision {
                Precision::Blocks => common,
                Precision::Fine => common - common % FINE,
                Precision::Exact if common == PORT_BITS => common,
                Precision::Coarse | Precision::Exact => 0,
            }
        });
        let protocol = self.protocol != ANY_PROTOCOL && precision != Precision::Coarse;
        Shape { addresses, ports, protocol, tag: tag.to_le_bytes()[0] & 3 }
    }
}

/// A box in blocks, as far as they are not too many.
pub(super) fn cut<A: Address>(node: &Node<A>) -> Vec<Node<A>> {
    let mut pieces = Vec::from([*node]);
    for side in 0..2 {
        let ports = blocks(node.ports[side]);
        if ports.len() * pieces.len() <= MOST_BLOCKS {
            pieces = pieces
                .iter()
                .flat_map(|piece| {
                    ports.iter().map(move |span| {
                        let mut piece = *piece;
                        piece.ports[side] = *span;
                        piece
                    })
                })
                .collect();
        }
        let addresses = blocks(node.addresses[side]);
        if addresses.len() * pieces.len() <= MOST_BLOCKS {
            pieces = pieces
                .iter()
                .flat_map(|piece| {
                    addresses.iter().map(move |span| {
                        let mut piece = *piece;
                        piece.addresses[side] = *span;
                        piece
                    })
                })
                .collect();
        }
    }
    pieces
}

fn is_block<A: Address>((first, last): Span<A>) -> bool {
    let common = first.common(last);
    first.prefix(common) == first && first.last_of(common) == last
}

/// How many leading ones of 17 bits the ports of a range have in common.
fn port_common((first, last): Span<u32>) -> u8 {
    first.common(last).saturating_sub(32 - PORT_BITS)
}
