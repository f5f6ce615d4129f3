//! The boxes of one address family.

use crate::classify::crowds::{Crowds, IN_CROWD};
use crate::classify::node::{ANY_PROTOCOL, Node, PORT_BITS, Precision, Shape, cut};
use crate::classify::presence::Presence;
#[cfg(test)]
use crate::classify::steps;
use crate::classify::{Address, CROWD, Cuboid, Found, Point, Terms, octets_of};
use crate::hash::HashKey;
use crate::index::Index;
use crate::order::{Changes, Keys};
use crate::segments::Segments;
use alloc::vec::Vec;

/// See the [module](crate::classify).
pub(crate) struct Space<A> {
    key: HashKey,
    nodes: Segments<Node<A>>,
    /// What look-ups do not need, of each node.
    files: Segments<File>,
    free: u32,
    live: usize,
    /// By owner its first box.
    owners: Segments<u32>,
    tuples: Vec<Tuple>,
    sides: [Side<A>; 2],
    index: Index,
    crowds: Crowds,
    refresh: Refresh,
}

/// How a node is filed.
#[derive(Clone, Copy)]
struct File {
    /// The next of the same owner.
    sibling: u32,
    tag: u32,
    /// The crowd it is in, or [`NONE`].
    crowd: u32,
    tuple: u16,
    precision: Precision,
    used: bool,
}

struct Tuple {
    shape: Shape,
    /// Which of the lengths of each side.
    lengths: [u8; 2],
    /// Nothing but addresses counts.
    plain: bool,
    salt: u64,
    /// No box has a rank of a lower key.
    least: u64,
    count: u32,
}

/// The prefix lengths of one end.
struct Side<A> {
    lengths: Vec<Length<A>>,
    presence: Presence,
}

#[derive(Clone, Copy)]
struct Length<A> {
    mask: A,
    bits: u8,
    /// The tuples that have it.
    tuples: u32,
    count: u32,
}

/// The making anew of the words of presence.
#[derive(Clone, Copy, Default)]
struct Refresh {
    cursor: Option<usize>,
    /// Boxes that went since the last time.
    stale: usize,
}

const NONE: u32 = u32::MAX;
/// As many prefix lengths as one end has: all 33 of IPv4, and of IPv6 the first that are wanted and those of [`SPARE`].
const MOST_LENGTHS: usize = 48;
/// For every multiple of this there is room.
const SPARE: u8 = 16;
/// Kinds of places at most, beside those of everything, one for each kind of tag.
const MOST_SHAPES: usize = 4096;
/// Tuples whose numbers differ by a multiple of this share a bit.
const TUPLE_BITS: usize = 32;
/// Boxes looked at per change while words of presence are made anew.
const REFRESHED_AT_ONCE: usize = 32;
/// Boxes that move to finer places as one comes, at most; a place that is still too crowded then waits for the next one.
const MOST_CROWDED_OUT: usize = 16;
/// Boxes of a crowded place that are looked at for one that has a finer place; with more of them it is a crowd.
const LOOKED_AT: usize = 64;

impl<A: Address> Space<A> {
    pub(crate) fn new(key: HashKey) -> Self {
        let side = || Side { lengths: Vec::new(), presence: Presence::new() };
        Self {
            key,
            nodes: Segments::new(),
            files: Segments::new(),
            free: NONE,
            live: 0,
            owners: Segments::new(),
            tuples: Vec::new(),
            sides: [side(), side()],
            index: Index::new(),
            crowds: Crowds::default(),
            refresh: Refresh::default(),
        }
    }

    /// Adds a box.
    pub(crate) fn insert(&mut self, terms: Terms, cuboid: &Cuboid<A>, keys: &impl Keys) {
        let node = Node {
            addresses: cuboid.addresses,
            ports: cuboid.ports,
            rank: terms.rank,
            owner: terms.owner,
            note: terms.note,
            next: NONE,
            protocol: cuboid.protocol.map_or(ANY_PROTOCOL, u16::from),
            classes: terms.classes,
            ask: terms.ask,
        };
        self.file_all(Vec::from([(node, terms.tag, Precision::Coarse)]), keys);
        self.refresh();
    }

    pub(crate) fn remove(&mut self, owner: u32, keys: &impl Keys) {
        let Some(head) = self.owners.get_mut(index(owner)) else { return };
        let mut at = core::mem::replace(head, NONE);
        while let Some(file) = self.files.get(index(at)).copied() {
            self.withdraw(at, keys);
            self.give_back(at);
            at = file.sibling;
        }
        self.refresh();
    }

    /// Follows what changed in the order of the owners.
    pub(crate) fn follow(&mut self, changes: &Changes, keys: &impl Keys) {
        if !changes.spread.is_empty() {
            self.tuples.iter_mut().for_each(|tuple| tuple.least = changes.key(tuple.least));
        }
        for (owner, rank) in &changes.moved {
            let mut at = self.owners.get(index(*owner)).copied().unwrap_or(NONE);
            while let (Some(node), Some(file)) = (self.nodes.get_mut(index(at)), self.files.get(index(at))) {
                node.rank = *rank;
                if let Some(tuple) = self.tuples.get_mut(usize::from(file.tuple)) {
                    tuple.least = tuple.least.min(keys.key(*rank));
                }
                at = file.sibling;
            }
        }
    }

    /// Whether nothing of any box is left.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.live == 0
            && self.tuples.is_empty()
            && self.index.is_empty()
            && self
                .sides
                .iter()
                .flat_map(|side| &side.lengths)
                .all(|length| length.count == 0 && length.tuples == 0)
    }

    /// The owner of the box of the lowest rank that has the packet, and its note.
    #[inline]
    pub(crate) fn first(
        &self,
        addresses: [A; 2],
        point: &Point,
        keys: &impl Keys,
        takes: impl Fn(u32) -> bool,
    ) -> Option<Found> {
        let mut hashes = [[0; MOST_LENGTHS]; 2];
        let mut candidates = u32::MAX;
        for ((side, address), hashes) in self.sides.iter().zip(addresses).zip(&mut hashes) {
            let mut present = 0;
            for (length, hash) in side.lengths.iter().zip(hashes) {
                *hash = address.masked(length.mask).hash(self.key, length.bits);
                present |= length.tuples & if length.bits == 0 { u32::MAX } else { side.presence.get(*hash) };
            }
            candidates &= present;
        }
        let found = Found { owner: NONE, note: 0 };
        let mut search = Search { addresses, point, keys, takes, key: u64::MAX, found };
        while candidates != 0 {
            let bit = candidates.trailing_zeros();
            candidates &= candidates.wrapping_sub(1);
            for tuple in self.tuples.get(index(bit)..).unwrap_or_default().iter().step_by(TUPLE_BITS) {
                if tuple.least < search.key {
                    self.look(tuple, &hashes, &mut search);
                }
            }
        }
        (search.found.owner != NONE).then_some(search.found)
    }

    pub(crate) fn octets(&self) -> usize {
        let sides = self.sides.iter().map(|side| side.presence.octets() + octets_of(&side.lengths));
        self.nodes.octets()
            + self.files.octets()
            + self.owners.octets()
            + octets_of(&self.tuples)
            + self.index.octets()
            + self.crowds.octets()
            + sides.sum::<usize>()
    }

    /// Looks through the place that a packet has in a tuple.
    #[inline]
    fn look<K: Keys, T: Fn(u32) -> bool>(
        &self,
        tuple: &Tuple,
        hashes: &[[u64; MOST_LENGTHS]; 2],
        search: &mut Search<'_, A, K, T>,
    ) {
        #[cfg(test)]
        steps::count();
        let [local, remote] = hashes;
        let pick = |hashes: &[u64; MOST_LENGTHS], length: u8| hashes.get(usize::from(length)).copied();
        let (Some(local), Some(remote)) = (pick(local, tuple.lengths[0]), pick(remote, tuple.lengths[1]))
        else {
            return;
        };
        let mut hash = place_hash(self.key, tuple.salt, local, remote);
        if !tuple.plain {
            let point = search.point;
            let Some(tag) = tag_of(tuple.shape.tag, point) else { return };
            hash = rest_hash(self.key, hash, &tuple.shape, point.protocol.into(), point.ports, tag);
        }
        let Some(mut at) = self.index.get(short(hash)) else { return };
        if at & IN_CROWD != 0 {
            for at in self.crowds.of(at) {
                if self.nodes.get(index(at)).is_none_or(|node| search.settle(node)) {
                    return;
                }
            }
            return;
        }
        while let Some(node) = self.nodes.get(index(at)).filter(|node| !search.settle(node)) {
            at = node.next;
        }
    }

    /// Files boxes, and those that they crowd out.
    fn file_all(&mut self, mut waiting: Vec<(Node<A>, u32, Precision)>, keys: &impl Keys) {
        let mut crowded_out = 0;
        while let Some((node, tag, precision)) = waiting.pop() {
            let Some(at) = self.take(node, tag, precision) else { return };
            let Some(crowd) = self.file(at, keys).filter(|_| crowded_out < MOST_CROWDED_OUT) else {
                continue;
            };
            // Of another tag than the one that came, where the hashes of two places are alike.
            let Some(moved) = self.finer(at, crowd) else { continue };
            crowded_out += 1;
            let Some((node, file)) = self.node(moved) else { continue };
            self.withdraw(moved, keys);
            self.disown(moved);
            self.give_back(moved);
            match file.precision {
                Precision::Coarse => waiting.push((node, file.tag, Precision::Exact)),
                Precision::Exact => waiting.push((node, file.tag, Precision::Fine)),
                Precision::Fine | Precision::Blocks => {
                    let blocks = cut(&node).into_iter();
                    waiting.extend(blocks.map(|block| (block, file.tag, Precision::Blocks)));
                }
            }
        }
    }

    fn node(&self, at: u32) -> Option<(Node<A>, File)> {
        Some((*self.nodes.get(index(at))?, *self.files.get(index(at))?))
    }

    /// Puts a box in its place; the head of the list there where it is crowded.
    fn file(&mut self, at: u32, keys: &impl Keys) -> Option<u32> {
        let (node, file) = self.node(at)?;
        let key = keys.key(node.rank);
        let mut shape = node.shape(file.precision, file.tag);
        for (side, length) in self.sides.iter().zip(&mut shape.addresses) {
            *length = side.possible(*length);
        }
        // With as many shapes as there can be, a box is filed where all are looked at.
        let tuple = self.tuple(shape).or_else(|| self.tuple(Shape { tag: shape.tag, ..Shape::default() }))?;
        let own = self.tuples.get_mut(usize::from(tuple))?;
        own.count += 1;
        own.least = own.least.min(key);
        let (lengths, bits) = (own.lengths, bit(tuple));
        for ((side, span), length) in self.sides.iter_mut().zip(node.addresses).zip(lengths) {
            let Some(length) = side.lengths.get(usize::from(length)) else { continue };
            side.presence.note(span.0.prefix(length.bits).hash(self.key, length.bits), bits);
        }
        self.files.get_mut(index(at))?.tuple = tuple;
        let hash = self.hash(at)?;
        let head = self.index.get(hash).unwrap_or(NONE);
        if head != NONE && head & IN_CROWD != 0 {
            let behind = |other| self.nodes.get(index(other)).is_some_and(|other| keys.key(other.rank) > key);
            self.crowds.insert(head, at, behind);
            self.files.get_mut(index(at))?.crowd = head;
            return Some(at);
        }
        let (mut before, mut next, mut count) = (NONE, head, 1);
        let not_behind = |other: &&Node<A>| keys.key(other.rank) <= key;
        while let Some(other) = self.nodes.get(index(next)).filter(not_behind) {
            (before, next, count) = (next, other.next, count + 1);
        }
        self.nodes.get_mut(index(at))?.next = next;
        match self.nodes.get_mut(index(before)) {
            Some(before) => before.next = at,
            None => self.index.set(hash, at),
        }
        while let Some(other) = self.nodes.get(index(next)).filter(|_| count <= LOOKED_AT) {
            (next, count) = (other.next, count + 1);
        }
        if count <= CROWD {
            return None;
        }
        let head = self.index.get(hash)?;
        // Also where those that have finer places wait for long.
        let crowded = count > LOOKED_AT || self.finer(at, head).is_none();
        if crowded {
            self.make_crowd(hash, head);
        }
        Some(if crowded { at } else { head })
    }

    /// Puts a list of which no box has a finer place into an order in which the place of one more is found quickly.
    fn make_crowd(&mut self, hash: u32, head: u32) {
        let next = |at: &u32| self.nodes.get(index(*at)).map(|node| node.next).filter(|next| *next != NONE);
        let list = core::iter::successors(Some(head), next);
        let nodes: Vec<_> = list.collect();
        let Some(crowd) = self.crowds.make(nodes.clone()) else { return };
        for at in nodes {
            if let Some(file) = self.files.get_mut(index(at)) {
                file.crowd = crowd;
            }
        }
        self.index.set(hash, crowd);
    }

    /// A box of a crowded place that has a finer one: the one that came last, or one of the first.
    fn finer(&self, last: u32, head: u32) -> Option<u32> {
        let next = |at: &u32| self.nodes.get(index(*at)).map(|node| node.next);
        let first = core::iter::successors(Some(head), next).take(LOOKED_AT);
        let finer = |at: &u32| self.node(*at).is_some_and(|(node, file)| node.has_finer(file.precision));
        core::iter::once(last).chain(first).find(finer)
    }

    /// Takes a box out of its list.
    fn withdraw(&mut self, at: u32, keys: &impl Keys) {
        let Some((node, file)) = self.node(at) else { return };
        let Some(hash) = self.hash(at) else { return };
        let head = self.index.get(hash).unwrap_or(NONE);
        if file.crowd != NONE {
            let key = keys.key(node.rank);
            let not_before =
                |other| self.nodes.get(index(other)).is_some_and(|other| keys.key(other.rank) >= key);
            if self.crowds.remove(file.crowd, at, not_before) {
                self.index.remove(hash);
            }
        } else if head == at {
            match node.next {
                NONE => self.index.remove(hash),
                next => self.index.set(hash, next),
            }
        } else {
            let mut before = head;
            while let Some(other) = self.nodes.get_mut(index(before)) {
                if other.next == at {
                    other.next = node.next;
                    break;
                }
                before = other.next;
            }
        }
        self.leave(file.tuple);
        self.refresh.stale += 1;
    }

    /// The tuple of a shape; made where it is the first of its kind.
    fn tuple(&mut self, shape: Shape) -> Option<u16> {
        if let Some(at) = self.tuples.iter().position(|tuple| tuple.count > 0 && tuple.shape == shape) {
            return u16::try_from(at).ok();
        }
        let at = self.tuples.iter().position(|tuple| tuple.count == 0).unwrap_or(self.tuples.len());
        let common = shape == Shape { tag: shape.tag, ..Shape::default() };
        let number = u16::try_from(at).ok().filter(|_| common || at < MOST_SHAPES)?;
        let mut lengths = [0; 2];
        for ((side, bits), length) in self.sides.iter_mut().zip(shape.addresses).zip(&mut lengths) {
            let place = side.lengths.iter().position(|own| own.bits == bits && own.count > 0);
            let place = place.or_else(|| side.lengths.iter().position(|own| own.count == 0));
            let place = place.unwrap_or_else(|| {
                side.lengths.push(Length { mask: A::mask(bits), bits, tuples: 0, count: 0 });
                side.lengths.len().saturating_sub(1)
            });
            *length = u8::try_from(place).ok().filter(|_| place < MOST_LENGTHS)?;
            let own = side.lengths.get_mut(place)?;
            (own.bits, own.mask) = (bits, A::mask(bits));
            own.count += 1;
            own.tuples |= bit(number);
        }
        let plain = shape.ports == [0; 2] && !shape.protocol && shape.tag == 0;
        let [l, r] = shape.ports.map(u64::from);
        let salt = self.key.hash(l | r << 8 | u64::from(shape.protocol) << 16 | u64::from(shape.tag) << 17);
        let tuple = Tuple { shape, lengths, plain, salt, least: u64::MAX, count: 0 };
        match self.tuples.get_mut(at) {
            Some(place) => *place = tuple,
            None => self.tuples.push(tuple),
        }
        Some(number)
    }

    /// Notes that a box left a tuple; the last one takes the tuple along.
    fn leave(&mut self, number: u16) {
        let Some(tuple) = self.tuples.get_mut(usize::from(number)) else { return };
        tuple.count -= 1;
        if tuple.count > 0 {
            return;
        }
        tuple.least = u64::MAX;
        let lengths = tuple.lengths;
        for (side, length) in self.sides.iter_mut().zip(lengths) {
            let Some(length) = side.lengths.get_mut(usize::from(length)) else { continue };
            length.count -= 1;
            // Another tuple may have the bit, too: it stays until the last one that has the length goes.
            if length.count == 0 {
                length.tuples = 0;
            }
        }
        while self.tuples.last().is_some_and(|tuple| tuple.count == 0) {
            self.tuples.pop();
        }
    }

    /// The hash of the place of a box in its tuple.
    fn hash(&self, at: u32) -> Option<u32> {
        let (node, file) = self.node(at)?;
        let tuple = self.tuples.get(usize::from(file.tuple))?;
        let [local, remote] = [0, 1].map(|side| {
            let bits = tuple.shape.addresses[side];
            node.addresses[side].0.prefix(bits).hash(self.key, bits)
        });
        let hash = place_hash(self.key, tuple.salt, local, remote);
        let ports = node.ports.map(|(first, _)| first);
        let plain = tuple.plain;
        let rest = |hash| rest_hash(self.key, hash, &tuple.shape, node.protocol, ports, file.tag);
        Some(short(if plain { hash } else { rest(hash) }))
    }

    fn take(&mut self, node: Node<A>, tag: u32, precision: Precision) -> Option<u32> {
        let owner = index(node.owner);
        while self.owners.len() <= owner {
            self.owners.push(NONE);
        }
        let head = self.owners.get_mut(owner)?;
        let file = File { sibling: *head, tag, crowd: NONE, tuple: 0, precision, used: true };
        let at = match (self.nodes.get_mut(index(self.free)), self.files.get_mut(index(self.free))) {
            (Some(place), Some(own)) => {
                let at = core::mem::replace(&mut self.free, place.next);
                (*place, *own) = (node, file);
                at
            }
            _ => {
                let at = u32::try_from(self.nodes.len()).ok().filter(|at| *at < IN_CROWD)?;
                self.nodes.push(node);
                self.files.push(file);
                at
            }
        };
        *head = at;
        self.live += 1;
        Some(at)
    }

    /// Takes a box off the list of its owner.
    fn disown(&mut self, at: u32) {
        let Some((Node { owner, .. }, File { sibling, .. })) = self.node(at) else { return };
        let Some(head) = self.owners.get_mut(index(owner)) else { return };
        if *head == at {
            *head = sibling;
            return;
        }
        let mut before = *head;
        while let Some(file) = self.files.get_mut(index(before)) {
            if file.sibling == at {
                file.sibling = sibling;
                return;
            }
            before = file.sibling;
        }
    }

    fn give_back(&mut self, at: u32) {
        if let (Some(node), Some(file)) = (self.nodes.get_mut(index(at)), self.files.get_mut(index(at))) {
            node.next = core::mem::replace(&mut self.free, at);
            file.used = false;
            self.live -= 1;
        }
    }

    /// Does a part of making the words of presence anew, where that is due.
    fn refresh(&mut self) {
        let words = self.sides[0].presence.len();
        if self.refresh.cursor.is_none() {
            if self.live <= 4 * words && self.refresh.stale <= words.max(self.live) {
                return;
            }
            self.sides.iter_mut().for_each(|side| side.presence.start(self.live));
            self.refresh = Refresh { cursor: Some(0), stale: 0 };
        }
        let Some(cursor) = self.refresh.cursor else { return };
        let end = cursor.saturating_add(REFRESHED_AT_ONCE).min(self.nodes.len());
        for at in cursor..end {
            let (Some(node), Some(file)) = (self.nodes.get(at), self.files.get(at)) else { continue };
            if !file.used {
                continue;
            }
            let Some(tuple) = self.tuples.get(usize::from(file.tuple)) else { continue };
            for ((side, span), bits) in self.sides.iter_mut().zip(node.addresses).zip(tuple.shape.addresses) {
                side.presence.note(span.0.prefix(bits).hash(self.key, bits), bit(file.tuple));
            }
        }
        self.refresh.cursor = Some(end);
        if end >= self.nodes.len() {
            self.sides.iter_mut().for_each(|side| side.presence.finish());
            self.refresh.cursor = None;
        }
    }
}

impl<A> Side<A> {
    /// The longest prefix there is room for, if not of this length.
    fn possible(&self, bits: u8) -> u8 {
        let used = |bits| self.lengths.iter().any(|own| own.count > 0 && own.bits == bits);
        let free = MOST_LENGTHS - self.lengths.iter().filter(|own| own.count > 0).count();
        let spare = (0..=128).step_by(usize::from(SPARE)).filter(|bits| !used(*bits)).count();
        if bits.is_multiple_of(SPARE) || used(bits) || free > spare { bits } else { bits - bits % SPARE }
    }
}

/// A packet, and the best box found so far.
struct Search<'a, A, K, T> {
    addresses: [A; 2],
    point: &'a Point,
    keys: &'a K,
    takes: T,
    key: u64,
    found: Found,
}

impl<A: Address, K: Keys, T: Fn(u32) -> bool> Search<'_, A, K, T> {
    /// Takes a box as the best if it has the packet; whether nothing behind it can be better.
    #[inline]
    fn settle(&mut self, node: &Node<A>) -> bool {
        #[cfg(test)]
        steps::count();
        let key = self.keys.key(node.rank);
        if key >= self.key {
            return true;
        }
        let is_best = node.has(&self.addresses, self.point) && (!node.ask || (self.takes)(node.owner));
        if is_best {
            self.key = key;
            self.found = Found { owner: node.owner, note: node.note };
        }
        is_best
    }
}

/// Half of a hash. Places whose hashes are alike share a list, of whatever tuples and tags: each box is looked at.
#[inline]
fn short(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default()
}

#[inline]
fn place_hash(key: HashKey, salt: u64, local: u64, remote: u64) -> u64 {
    key.hash(local.wrapping_add(remote.rotate_left(32)) ^ salt)
}

/// Adds to the hash of a place what counts beside its addresses.
fn rest_hash(key: HashKey, hash: u64, shape: &Shape, protocol: u16, ports: [u32; 2], tag: u32) -> u64 {
    let [local, remote] = [0, 1].map(|side| {
        let host = u32::from(PORT_BITS - shape.ports[side]);
        u64::from(ports[side].checked_shr(host).unwrap_or(0))
    });
    let protocol = if shape.protocol { u64::from(protocol) } else { 0 };
    let hash = key.chain(hash, local | remote << 20 | protocol << 40);
    if shape.tag == 0 { hash } else { key.chain(hash, tag.into()) }
}

/// The tag of a packet that a tuple goes by, as boxes have it; `None` where the packet has none.
fn tag_of(kind: u8, point: &Point) -> Option<u32> {
    match kind {
        0 => Some(0),
        kind => point.tags.get(usize::from(kind) - 1).copied().filter(|tag| *tag != 0),
    }
}

#[inline]
fn bit(tuple: u16) -> u32 {
    1 << (tuple & 31)
}

#[inline]
fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
