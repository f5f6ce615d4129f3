//! A timing wheel for many timers: one per slot of a slab.

use alloc::vec::Vec;
use core::time::Duration;
use ipsec_types::Instant;

/// Timers, at most one for each number of a slab.
///
/// A hierarchical wheel of eleven levels of 64 lists: a timer stands at the level of the highest digit (of six bits) in
/// which its instant, in nanoseconds, differs from the present. Arming and cancelling touch one list. A list that comes
/// due is spread over lower levels one timer at a time, so that no call does more than it is allowed to, and each timer
/// moves down at most ten times. In the lowest level all timers of a list have the same instant.
pub(crate) struct TimerWheel {
    nodes: Vec<Node>,
    levels: Vec<Level>,
    /// No timer is before this.
    present: u64,
    armed: usize,
}

#[derive(Clone, Copy)]
struct Node {
    due: u64,
    previous: u32,
    next: u32,
    /// Level and digit, or [`UNARMED`].
    place: u16,
}

struct Level {
    /// Which lists are not empty.
    used: u64,
    lists: [List; DIGITS],
}

#[derive(Clone, Copy)]
struct List {
    head: u32,
    /// No timer of the list is before this; exact until one is cancelled.
    least: u64,
}

const LEVELS: usize = 11;
const DIGITS: usize = 64;
const DIGIT_BITS: u32 = 6;
const NONE: u32 = u32::MAX;
const UNARMED: u16 = u16::MAX;

/// What one step of the wheel did.
pub(crate) enum Step {
    /// The timer of this number is due, and no longer armed.
    Due(u32),
    /// A timer moved down a level.
    Moved,
    /// Nothing is due.
    Idle,
}

impl TimerWheel {
    pub(crate) fn new() -> Self {
        let level = || Level { used: 0, lists: [List { head: NONE, least: 0 }; DIGITS] };
        Self { nodes: Vec::new(), levels: (0..LEVELS).map(|_| level()).collect(), present: 0, armed: 0 }
    }

    /// Sets the timer of `number`, in place of what was set before. An instant that is past is due at once.
    pub(crate) fn arm(&mut self, number: u32, due: Instant) {
        self.cancel(number);
        let index = index(number);
        if self.nodes.len() <= index {
            self.nodes
                .resize(index.saturating_add(1), Node { due: 0, previous: NONE, next: NONE, place: UNARMED });
        }
        self.armed += 1;
        self.link(number, nanos(due).max(self.present));
    }

    /// Takes the timer of `number` back, if there is one.
    pub(crate) fn cancel(&mut self, number: u32) {
        if self.unlink(number).is_some() {
            self.armed -= 1;
        }
    }

    /// When something is due: exact, or early where a timer was cancelled.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.first().map(|(least, ..)| Instant::from_epoch(Duration::from_nanos(least)))
    }

    /// Does one step of what is due at `now`.
    pub(crate) fn step(&mut self, now: Instant) -> Step {
        let Some((least, level, digit)) = self.first().filter(|(least, ..)| *least <= nanos(now)) else {
            return Step::Idle;
        };
        // Nothing is before `least`; so all lists stay where they are.
        self.present = least;
        let head = self.list(level, digit).map_or(NONE, |list| list.head);
        let Some(due) = self.unlink(head) else { return Step::Idle };
        if level == 0 {
            self.armed -= 1;
            return Step::Due(head);
        }
        self.link(head, due);
        Step::Moved
    }

    /// How many are armed.
    #[cfg(test)]
    pub(crate) const fn len(&self) -> usize {
        self.armed
    }

    /// The list that has the earliest timers: their instant, its level and digit.
    fn first(&self) -> Option<(u64, usize, usize)> {
        if self.armed == 0 {
            return None;
        }
        let lists = self.levels.iter().enumerate().filter(|(_, level)| level.used != 0);
        lists
            .filter_map(|(number, level)| {
                // No list is before the present, so the lowest digit is the earliest.
                let digit = index(level.used.trailing_zeros());
                level.lists.get(digit).map(|list| (list.least, number, digit))
            })
            .min()
    }

    fn link(&mut self, number: u32, due: u64) {
        let apart = due ^ self.present;
        let level = apart.checked_ilog2().unwrap_or(0) / DIGIT_BITS;
        let digit = (due >> (level * DIGIT_BITS)) & 63;
        let place = u16::try_from(u64::from(level) * 64 + digit).unwrap_or(UNARMED);
        let Some(own) = self.levels.get_mut(index(level)) else { return };
        let Some(list) = own.lists.get_mut(usize::try_from(digit).unwrap_or_default()) else { return };
        list.least = if list.head == NONE { due } else { list.least.min(due) };
        let next = core::mem::replace(&mut list.head, number);
        own.used |= 1 << digit;
        if let Some(node) = self.nodes.get_mut(index(number)) {
            *node = Node { due, previous: NONE, next, place };
        }
        if let Some(node) = self.nodes.get_mut(index(next)) {
            node.previous = number;
        }
    }

    /// Takes a timer out of its list; when it was due.
    fn unlink(&mut self, number: u32) -> Option<u64> {
        let node = self.nodes.get_mut(index(number)).filter(|node| node.place != UNARMED)?;
        let Node { due, previous, next, place } = *node;
        node.place = UNARMED;
        if let Some(node) = self.nodes.get_mut(index(next)) {
            node.previous = previous;
        }
        match self.nodes.get_mut(index(previous)) {
            Some(node) => node.next = next,
            None => {
                let (level, digit) = (usize::from(place) / DIGITS, usize::from(place) % DIGITS);
                if let Some(list) = self.list(level, digit) {
                    list.head = next;
                }
                if let Some(own) = self.levels.get_mut(level).filter(|_| next == NONE) {
                    own.used &= !(1 << digit);
                }
            }
        }
        Some(due)
    }

    fn list(&mut self, level: usize, digit: usize) -> Option<&mut List> {
        self.levels.get_mut(level)?.lists.get_mut(digit)
    }
}

/// Nanoseconds since the epoch; what is more than 584 years away stands at the end.
fn nanos(instant: Instant) -> u64 {
    u64::try_from(instant.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::{BTreeMap, BTreeSet};
    use proptest::prelude::*;

    fn at(nanos: u64) -> Instant {
        Instant::from_epoch(Duration::from_nanos(nanos))
    }

    /// Everything due at `now`, and how many steps that took.
    fn due(wheel: &mut TimerWheel, now: u64) -> (Vec<u32>, usize) {
        let (mut out, mut steps) = (Vec::new(), 0);
        loop {
            match wheel.step(at(now)) {
                Step::Due(number) => out.push(number),
                Step::Moved => {}
                Step::Idle => return (out, steps),
            }
            steps += 1;
        }
    }

    #[test]
    fn timers_come_at_their_instant_and_not_before() {
        let mut wheel = TimerWheel::new();
        assert_eq!(wheel.next(), None);
        wheel.arm(3, at(3_600_000_000_000));
        wheel.arm(5, at(60_000_000_001));
        assert_eq!(wheel.next(), Some(at(60_000_000_001)));
        assert_eq!(due(&mut wheel, 60_000_000_000).0, [0u32; 0]);
        assert_eq!(due(&mut wheel, 60_000_000_001).0, [5]);
        assert_eq!(wheel.next(), Some(at(3_600_000_000_000)));
        wheel.arm(5, at(7));
        assert_eq!(wheel.next(), Some(at(60_000_000_001)), "what is past is due at once");
        assert_eq!(due(&mut wheel, u64::MAX).0, [5, 3]);
        wheel.arm(1, at(u64::MAX));
        wheel.cancel(1);
        wheel.cancel(1);
        assert_eq!((wheel.next(), wheel.len()), (None, 0));
    }

    #[test]
    fn many_at_one_instant_take_two_steps_each() {
        let mut wheel = TimerWheel::new();
        (0..10_000).for_each(|number| wheel.arm(number, at(4_000_000_000_000)));
        let (mut out, steps) = due(&mut wheel, 5_000_000_000_000);
        out.sort_unstable();
        assert!(out.into_iter().eq(0..10_000) && steps <= 20_000, "{steps} steps");
    }

    proptest! {
        #[test]
        fn equals_an_ordered_map(operations in prop::collection::vec((0u8..4, 0u32..40, 0u32..45, any::<u64>()), 1..300)) {
            let mut wheel = TimerWheel::new();
            let mut model: BTreeMap<u32, u64> = BTreeMap::new();
            let mut present = 0u64;
            for (kind, number, magnitude, random) in operations {
                match kind {
                    0 | 1 => {
                        let due = present.saturating_add(random & ((1 << magnitude) - 1));
                        wheel.arm(number, at(due));
                        model.insert(number, due);
                    }
                    2 => {
                        wheel.cancel(number);
                        model.remove(&number);
                    }
                    _ => {
                        present = present.saturating_add(random & ((1 << magnitude) - 1));
                        if let Some(next) = wheel.next() {
                            prop_assert!(model.values().all(|due| at(*due) >= next));
                        }
                        let out: BTreeSet<u32> = due(&mut wheel, present).0.into_iter().collect();
                        let expected: BTreeSet<u32> =
                            model.iter().filter(|(_, due)| **due <= present).map(|(number, _)| *number).collect();
                        prop_assert_eq!(&out, &expected);
                        model.retain(|_, due| *due > present);
                    }
                }
                prop_assert_eq!(wheel.len(), model.len());
            }
        }
    }
}
