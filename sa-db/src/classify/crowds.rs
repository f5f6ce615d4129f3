//! Places that many boxes share of which none has a finer one, as where policies have the same selectors: in the order of
//! their ranks.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// Boxes by rank, for each such place.
#[derive(Default)]
pub(crate) struct Crowds {
    crowds: Vec<BTreeSet<(u64, u32)>>,
    free: Vec<u32>,
}

/// The bit that tells the number of a crowd from that of a box.
pub(crate) const IN_CROWD: u32 = 1 << 31;

impl Crowds {
    /// A crowd of these boxes.
    pub(crate) fn make(&mut self, nodes: &[(u64, u32)]) -> Option<u32> {
        let crowd = nodes.iter().copied().collect();
        if let Some(number) = self.free.pop() {
            *self.crowds.get_mut(place(number))? = crowd;
            return Some(number);
        }
        let number =
            u32::try_from(self.crowds.len()).ok().filter(|number| *number < IN_CROWD - 1)? | IN_CROWD;
        self.crowds.push(crowd);
        Some(number)
    }

    /// The boxes of a crowd, the lowest rank first.
    pub(crate) fn of(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        self.crowds.get(place(number)).into_iter().flatten().map(|(_, node)| *node)
    }

    pub(crate) fn insert(&mut self, number: u32, rank: u64, node: u32) {
        if let Some(crowd) = self.crowds.get_mut(place(number)) {
            crowd.insert((rank, node));
        }
    }

    /// Takes a box out; whether it was the last one, and the crowd is gone.
    pub(crate) fn remove(&mut self, number: u32, rank: u64, node: u32) -> bool {
        let Some(crowd) = self.crowds.get_mut(place(number)) else { return false };
        crowd.remove(&(rank, node));
        if crowd.is_empty() {
            self.free.push(number);
        }
        crowd.is_empty()
    }

    /// Changes the rank of a box, if it is in a crowd.
    pub(crate) fn relabel(&mut self, number: u32, node: u32, before: u64, rank: u64) {
        if let Some(crowd) = self.crowds.get_mut(place(number))
            && crowd.remove(&(before, node))
        {
            crowd.insert((rank, node));
        }
    }

    pub(crate) fn octets(&self) -> usize {
        let sets = self.crowds.iter().map(BTreeSet::len).sum::<usize>();
        self.crowds.capacity() * size_of::<BTreeSet<(u64, u32)>>() + sets * 2 * size_of::<(u64, u32)>()
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number & !IN_CROWD).unwrap_or(usize::MAX)
}
