//! Which tuples an address prefix occurs in.

use crate::classify::octets_of;
use alloc::vec::Vec;

/// A word for each hash of a prefix, with a bit for each tuple. Prefixes that share a word, and those that are gone, cost
/// a look-up in vain and nothing else; once they are many the words are made anew, a few boxes at a time.
pub(crate) struct Presence {
    words: Vec<u32>,
    fresh: Vec<u32>,
}

impl Presence {
    pub(crate) fn new() -> Self {
        Self { words: Vec::from([0; SMALLEST]), fresh: Vec::new() }
    }

    /// The tuples in which the prefix of this hash may occur.
    #[inline]
    pub(crate) fn get(&self, hash: u64) -> u32 {
        self.words.get(place(&self.words, hash)).copied().unwrap_or_default()
    }

    /// Notes that it occurs in the tuples of these bits.
    pub(crate) fn note(&mut self, hash: u64, bits: u32) {
        for words in [&mut self.words, &mut self.fresh] {
            let place = place(words, hash);
            if let Some(word) = words.get_mut(place) {
                *word |= bits;
            }
        }
    }

    /// Starts over with room for so many prefixes; what occurs is to be noted again before [`finish`](Self::finish).
    pub(crate) fn start(&mut self, prefixes: usize) {
        self.fresh = alloc::vec![0; prefixes.next_power_of_two().max(SMALLEST)];
    }

    pub(crate) fn finish(&mut self) {
        self.words = core::mem::take(&mut self.fresh);
    }

    /// How many words there are.
    pub(crate) const fn len(&self) -> usize {
        self.words.len()
    }

    pub(crate) fn octets(&self) -> usize {
        octets_of(&self.words) + octets_of(&self.fresh)
    }
}

const SMALLEST: usize = 64;

#[inline]
fn place(words: &[u32], hash: u64) -> usize {
    usize::try_from(hash >> 20).unwrap_or(usize::MAX) & words.len().saturating_sub(1)
}
