//! A hash table in segments, of which only a full one is split (extendible hashing), each of lines that a processor
//! fetches at once: a look-up waits for memory once, and no insertion waits for a whole table to move.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// A map from hashes of 32 bits to numbers.
pub(crate) struct Index {
    /// By the bits of a hash above those of the line, as many as `depth` says, the number of a segment.
    directory: Vec<u32>,
    depth: u32,
    segments: Vec<Segment>,
    len: usize,
}

struct Segment {
    lines: Box<[Line; LINES]>,
    len: usize,
    /// How many of the bits that choose a segment all of its hashes have in common.
    depth: u32,
}

/// Entries whose hashes have the lowest bits in common, or come from full lines right before.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line {
    hashes: [u32; WIDTH],
    /// [`NONE`] where there is no entry.
    values: [u32; WIDTH],
}

const NONE: u32 = u32::MAX;
const WIDTH: usize = 8;
const LINES: usize = 64;
const LINE_BITS: u32 = 6;
/// Entries of a segment, at most: nine of sixteen places, so that few lines are full.
const FULL: usize = LINES * WIDTH * 9 / 16;
/// With all bits of a hash in use a segment holds no more than [`LINES`] of them.
const DEEPEST: u32 = 32 - LINE_BITS;

impl Index {
    pub(crate) fn new() -> Self {
        Self { directory: Vec::from([0]), depth: 0, segments: Vec::from([Segment::new(0)]), len: 0 }
    }

    /// The value of a hash.
    #[inline]
    pub(crate) fn get(&self, hash: u32) -> Option<u32> {
        let segment = self.segments.get(self.segment(hash)?)?;
        let mut at = home(hash);
        for _ in 0..LINES {
            let line = segment.lines.get(at)?;
            if let Some(value) = line.get(hash) {
                return Some(value);
            }
            if !line.is_full() {
                return None;
            }
            at = (at + 1) % LINES;
        }
        None
    }

    /// Sets the value of a hash.
    pub(crate) fn set(&mut self, hash: u32, value: u32) {
        while let Some(number) = self.segment(hash) {
            let Some(segment) = self.segments.get_mut(number) else { return };
            if let Some(place) = segment.find(hash) {
                *place = value;
                return;
            }
            if segment.len < FULL || segment.depth >= DEEPEST {
                segment.insert(hash, value);
                self.len += 1;
                return;
            }
            self.split(number);
        }
    }

    pub(crate) fn remove(&mut self, hash: u32) {
        let Some(segment) = self.segment(hash).and_then(|number| self.segments.get_mut(number)) else {
            return;
        };
        if segment.remove(hash) {
            self.len -= 1;
        }
    }

    #[cfg(test)]
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn octets(&self) -> usize {
        let lines = self.segments.len() * size_of::<[Line; LINES]>();
        self.directory.capacity() * size_of::<u32>() + self.segments.capacity() * size_of::<Segment>() + lines
    }

    #[inline]
    fn segment(&self, hash: u32) -> Option<usize> {
        let place = (hash >> LINE_BITS) & ((1 << self.depth) - 1);
        let number = self.directory.get(usize::try_from(place).ok()?)?;
        usize::try_from(*number).ok()
    }

    /// Splits a full segment by the next bit of its hashes.
    fn split(&mut self, number: usize) {
        let Ok(other) = u32::try_from(self.segments.len()) else { return };
        let Some(segment) = self.segments.get_mut(number) else { return };
        let bit = 1 << segment.depth;
        let depth = segment.depth + 1;
        let whole = core::mem::replace(segment, Segment::new(depth));
        let mut upper = Segment::new(depth);
        for (hash, value) in whole.entries() {
            let half = if (hash >> LINE_BITS) & bit == 0 { &mut *segment } else { &mut upper };
            half.insert(hash, value);
        }
        self.segments.push(upper);
        if depth > self.depth {
            self.directory.extend_from_within(..);
            self.depth = depth;
        }
        for (place, own) in (0u32..).zip(&mut self.directory) {
            if usize::try_from(*own) == Ok(number) && place & bit != 0 {
                *own = other;
            }
        }
    }
}

impl Segment {
    fn new(depth: u32) -> Self {
        let line = Line { hashes: [0; WIDTH], values: [NONE; WIDTH] };
        Self { lines: Box::new([line; LINES]), len: 0, depth }
    }

    fn entries(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let pairs = |line: &Line| line.hashes.into_iter().zip(line.values);
        self.lines.iter().flat_map(pairs).filter(|(_, value)| *value != NONE)
    }

    /// Where the value of a hash is.
    fn find(&mut self, hash: u32) -> Option<&mut u32> {
        let home = home(hash);
        let last =
            (0..LINES).find(|past| self.lines.get((home + past) % LINES).is_none_or(|line| !line.is_full()));
        let reach = last.map_or(LINES, |last| last + 1);
        let at = (0..reach).map(|past| (home + past) % LINES).find_map(|at| {
            let place = self.lines.get(at)?.place(hash)?;
            Some((at, place))
        });
        let (at, place) = at?;
        self.lines.get_mut(at)?.values.get_mut(place)
    }

    fn insert(&mut self, hash: u32, value: u32) {
        let home = home(hash);
        for at in (0..LINES).map(|past| (home + past) % LINES) {
            let Some(line) = self.lines.get_mut(at) else { return };
            if let Some(place) = line.values.iter().position(|value| *value == NONE) {
                line.put(place, hash, value);
                self.len += 1;
                return;
            }
        }
    }

    fn remove(&mut self, hash: u32) -> bool {
        let Some(place) = self.find(hash) else { return false };
        *place = NONE;
        self.len -= 1;
        // A full line may have sent entries on: they move up, or a look-up would not get as far as them.
        let mut at = home(hash);
        while self.lines.get(at).is_some_and(Line::is_full) {
            at = (at + 1) % LINES;
        }
        let mut next = (at + 1) % LINES;
        while next != at {
            let Some(line) = self.lines.get_mut(next) else { break };
            let was_full = line.is_full();
            let pairs = line.hashes.into_iter().zip(line.values).enumerate();
            let moved: Vec<_> =
                pairs.filter(|(_, (own, value))| *value != NONE && home(*own) != next).collect();
            moved.iter().for_each(|(place, (own, _))| line.put(*place, *own, NONE));
            self.len -= moved.len();
            moved.into_iter().for_each(|(_, (own, value))| self.insert(own, value));
            if !was_full {
                break;
            }
            next = (next + 1) % LINES;
        }
        true
    }
}

impl Line {
    #[inline]
    fn get(&self, hash: u32) -> Option<u32> {
        let place = self.place(hash)?;
        self.values.get(place).copied()
    }

    /// Where an entry is, all compared at once.
    #[inline]
    fn place(&self, hash: u32) -> Option<usize> {
        let mut found = 0u32;
        for (place, (own, value)) in self.hashes.iter().zip(&self.values).enumerate() {
            found |= u32::from((*own == hash) & (*value != NONE)) << place;
        }
        (found != 0).then(|| usize::try_from(found.trailing_zeros()).unwrap_or(WIDTH))
    }

    #[inline]
    fn is_full(&self) -> bool {
        let mut empty = false;
        for value in self.values {
            empty |= value == NONE;
        }
        !empty
    }

    fn put(&mut self, place: usize, hash: u32, value: u32) {
        if let (Some(own), Some(own_value)) = (self.hashes.get_mut(place), self.values.get_mut(place)) {
            (*own, *own_value) = (hash, value);
        }
    }
}

/// The line of a hash.
#[inline]
fn home(hash: u32) -> usize {
    usize::try_from(hash).unwrap_or_default() % LINES
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use testkit::Seeded;

    fn check(hash: impl Fn(&mut Seeded) -> u32, rounds: u32) -> Index {
        let (mut index, mut model, mut random) = (Index::new(), BTreeMap::new(), Seeded(3));
        for round in 0..rounds {
            let at = random.number() as usize % (model.len() + 1);
            let known = model.keys().nth(at % 50).copied();
            let hash = known.filter(|_| round % 3 == 0).unwrap_or_else(|| hash(&mut random));
            if random.percent(70) {
                index.set(hash, round);
                model.insert(hash, round);
            } else {
                index.remove(hash);
                model.remove(&hash);
            }
            assert_eq!(index.len, model.len());
            assert_eq!(index.get(hash), model.get(&hash).copied());
        }
        assert!(model.iter().all(|(hash, head)| index.get(*hash) == Some(*head)));
        assert_eq!(index.segments.iter().map(|segment| segment.len).sum::<usize>(), model.len());
        let absent = (0..1000).map(|_| random.number() as u32).find(|hash| !model.contains_key(hash));
        assert_eq!(index.get(absent.unwrap()), None);
        model.keys().for_each(|hash| index.remove(*hash));
        assert!(index.is_empty() && index.segments.iter().all(|segment| segment.entries().count() == 0));
        index
    }

    #[test]
    fn equals_a_map_while_it_grows_and_shrinks() {
        let index = check(|random| random.number() as u32, 40_000);
        assert!(index.segments.len() > 10);
    }

    #[test]
    fn lines_that_run_over_lose_nothing() {
        // Of 64 lines only those around the seam are anybody's home.
        check(|random| (random.number() as u32 & !63) | [60, 62, 63, 63, 0][random.below(5) as usize], 3000);
    }
}
