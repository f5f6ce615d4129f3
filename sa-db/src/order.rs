//! Labels that keep an order in which there is always room for one more.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Numbers in an order of their own, each with a label that is higher the later it comes.
///
/// A number that comes between two others gets the label in the middle. Where there is none left the labels around are
/// spread out again, over a range that is as small as it can be without being dense (Bender, Cole, Demaine, Farach-Colton
/// and Zito, 2002): of n insertions each changes O(log n) labels on average.
#[derive(Debug, Default)]
pub(crate) struct Order {
    labels: BTreeMap<u64, u32>,
}

/// Between neighbours at either end.
const GAP: u64 = 1 << 24;
const MIDDLE: u64 = 1 << 62;

impl Order {
    pub(crate) const fn new() -> Self {
        Self { labels: BTreeMap::new() }
    }

    /// Puts a number in front of the label `before`, or at the end. Its label, and the new labels of others.
    pub(crate) fn insert(&mut self, before: Option<u64>, number: u32) -> (u64, Vec<(u32, u64)>) {
        let mut changed = Vec::new();
        let mut before = before;
        let label = loop {
            if let Some(label) = self.between(before) {
                break label;
            }
            let moved = self.spread(before.unwrap_or(u64::MAX));
            // The one to stand in front of may have moved, too.
            before =
                before.and_then(|label| moved.iter().find(|(old, _)| *old == label).map(|(_, new)| *new));
            changed.extend(
                moved.iter().filter_map(|(_, new)| self.labels.get(new).map(|number| (*number, *new))),
            );
        };
        self.labels.insert(label, number);
        (label, changed)
    }

    pub(crate) fn remove(&mut self, label: u64) {
        self.labels.remove(&label);
    }

    /// The numbers in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.labels.values().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    fn between(&self, before: Option<u64>) -> Option<u64> {
        let Some(before) = before else {
            return match self.labels.last_key_value() {
                None => Some(MIDDLE),
                Some((last, _)) => last.checked_add(GAP).filter(|label| *label < 1 << 63),
            };
        };
        match self.labels.range(..before).next_back() {
            None => before.checked_sub(GAP).or_else(|| before.checked_sub(1)),
            Some((previous, _)) => {
                let middle = previous + (before - previous) / 2;
                (middle > *previous).then_some(middle)
            }
        }
    }

    /// Spreads the labels of the smallest aligned range around `label` that is not dense; old labels and new ones.
    fn spread(&mut self, label: u64) -> Vec<(u64, u64)> {
        let label = label.min((1 << 63) - 1);
        for bits in 4..=62u32 {
            let start = label >> bits << bits;
            let end = start + ((1 << bits) - 1);
            let count = self.labels.range(start..=end).count();
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            // Dense is what has more than (3/4)^bits of its labels in use.
            let room = (0..bits).fold(1u64 << bits, |room, _| room - room / 4);
            let step = (1u64 << bits) / (count + 1);
            if count < room && step >= 2 {
                let old: Vec<_> =
                    self.labels.range(start..=end).map(|(label, number)| (*label, *number)).collect();
                old.iter().for_each(|(label, _)| {
                    self.labels.remove(label);
                });
                let new = (1..=count).map(|place| start + step * place);
                let moved: Vec<_> =
                    old.iter().zip(new).map(|((old, number), new)| (*old, new, *number)).collect();
                self.labels.extend(moved.iter().map(|(_, new, number)| (*new, *number)));
                return moved.into_iter().map(|(old, new, _)| (old, new)).collect();
            }
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn there_is_always_room_at_one_place() {
        for front in [false, true] {
            let mut order = Order::new();
            let mut labels: BTreeMap<u32, u64> = BTreeMap::new();
            let mut changes = 0;
            let (first, _) = order.insert(None, 0);
            labels.insert(0, first);
            for number in 1..5000 {
                // In front of the first one, or always right in front of the last one.
                let before = if front { labels[&(number - 1)] } else { labels[&0] };
                let (label, changed) = order.insert(Some(before), number);
                changes += changed.len();
                labels.extend(changed);
                labels.insert(number, label);
            }
            let expected: Vec<u32> =
                if front { (0..5000).rev().collect() } else { (1..5000).chain([0]).collect() };
            assert!(order.iter().eq(expected));
            assert!(labels.iter().all(|(number, label)| order.labels.get(label) == Some(number)));
            assert!(changes < 5000 * 20, "{changes} labels changed");
        }
    }

    proptest! {
        #[test]
        fn equals_a_list(places in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..300)) {
            let (mut order, mut list, mut labels) = (Order::new(), Vec::new(), BTreeMap::new());
            for (number, (place, kind)) in (0u32..).zip(places) {
                if kind == 0 && !list.is_empty() {
                    let gone: u32 = list.remove(place.index(list.len()));
                    order.remove(labels[&gone]);
                    continue;
                }
                let at = if kind < 4 { place.index(list.len() + 1) } else { list.len() / 2 };
                let before = list.get(at).map(|number| labels[number]);
                let (label, changed) = order.insert(before, number);
                labels.extend(changed);
                labels.insert(number, label);
                list.insert(at, number);
            }
            prop_assert!(order.iter().eq(list.iter().copied()));
            prop_assert!(list.iter().all(|number| order.labels.get(&labels[number]) == Some(number)));
            prop_assert_eq!(order.len(), list.len());
        }
    }
}
