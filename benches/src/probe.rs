//! The baseline of the databases: one look-up in a bare hash table.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::hash::{Hash, Hasher};
use std::hint::black_box;
use testkit::Seeded;

pub(crate) const MILLION: usize = 1_000_000;

/// Keys drawn at random, each with the number it was drawn as.
pub(crate) struct Table {
    pub(crate) map: HashMap<u32, u32, FixedState>,
    pub(crate) keys: Vec<u32>,
}

impl Table {
    pub(crate) fn new(len: usize) -> Self {
        let mut random = Seeded(1);
        let mut map = HashMap::with_capacity_and_hasher(len, FixedState::with_seed(random.number()));
        let mut keys = Vec::with_capacity(len);
        while keys.len() < len {
            let key = random.number() as u32;
            if map.try_insert(key, keys.len() as u32).is_ok() {
                keys.push(key);
            }
        }
        Self { map, keys }
    }

    /// Keys to look up, drawn at random, and their numbers.
    pub(crate) fn queries(&self, count: usize) -> (Vec<u32>, Vec<u32>) {
        let mut random = Seeded(2);
        let number = |_| random.below(self.keys.len() as u64) as u32;
        (0..count).map(number).map(|number| (self.keys[number as usize], number)).unzip()
    }

    /// Looks the keys up, each once the one before was found; `numbers` are theirs.
    pub(crate) fn look_up(&self, keys: &[u32], numbers: &[u32]) {
        in_turn(keys.len(), |at| self.map.get(&keys[at]).map_or(1, |number| number ^ numbers[at]));
    }

    /// Looks the keys up as fast as it goes.
    pub(crate) fn look_up_overlapped(&self, keys: &[u32]) {
        let mut sum = 0u64;
        for key in keys {
            sum = sum.wrapping_add(u64::from(*self.map.get(key).expect("a key of the table")));
        }
        black_box(sum);
    }
}

/// Does `count` look-ups of which each has to wait for the one before, as packets that are handled one by one have theirs
/// apart: there is a cipher in between. Otherwise the processor would do several at a time, the more the simpler they are.
/// `off` says by how much the result of one is not what it should be.
pub(crate) fn in_turn(count: usize, mut off: impl FnMut(usize) -> u32) {
    let mut at = 0;
    for _ in 0..count {
        // It is never off; but where the next one is depends on it, by its value and not by a branch that can be guessed.
        at += 1 + off(at) as usize;
    }
    assert_eq!(black_box(at), count, "a look-up went wrong");
}

/// What was found, as a number.
pub(crate) fn number(found: Option<impl Hash>) -> u32 {
    let mut words = Words(1);
    found.inspect(|found| found.hash(&mut words));
    words.0
}

/// All words hashed, put together.
struct Words(u32);

impl Hasher for Words {
    fn write(&mut self, _: &[u8]) {
        unreachable!("ids are made of words");
    }

    fn write_u32(&mut self, word: u32) {
        self.0 = self.0.rotate_left(7) ^ word;
    }

    fn finish(&self) -> u64 {
        self.0.into()
    }
}
