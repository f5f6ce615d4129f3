//! An order in which there is always room for one more, without moving more than a few.

use crate::segments::Segments;
use alloc::vec::Vec;

/// Numbers in an order of their own, each with a rank that is higher the later it comes.
///
/// Two levels (Dietz and Sleator, 1987): numbers are in groups, and a rank is the label of the group and the place within
/// it. What changes the ranks of others changes those of one group or two; only the labels of the groups are ever spread out
/// all at once, and those are a short table that nobody has a copy of.
pub(crate) struct Order {
    groups: Segments<Group>,
    labels: Labels,
    first: u32,
    last: u32,
    /// Groups without members, by their `after`.
    free: u32,
    len: usize,
    /// How many groups have members.
    used: u32,
}

/// Neighbours, in order.
struct Group {
    members: Vec<Member>,
    before: u32,
    after: u32,
}

#[derive(Clone, Copy)]
struct Member {
    number: u32,
    place: u32,
}

/// Where in an order a number stands. Two of them are compared by their [`Keys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rank {
    group: u32,
    place: u32,
}

/// What ranks are compared by.
pub(crate) trait Keys {
    /// Of two ranks the one with the lower key comes first.
    fn key(&self, rank: Rank) -> u64;
}

/// The keys of an [`Order`]: the labels of its groups.
#[derive(Default)]
pub(crate) struct Labels {
    labels: Vec<u32>,
}

/// What else changed as the order did.
#[derive(Default)]
pub(crate) struct Changes {
    /// Numbers that got other ranks, at most 96: half a group that is cut in two, and all of one whose places are spread.
    pub(crate) moved: Vec<(u32, Rank)>,
    /// Labels of groups that changed, before and after, in order: all or none.
    pub(crate) spread: Vec<(u32, u32)>,
}

/// Members of a group at most; half of them where two groups become one.
const FULL: usize = 64;
const NONE: u32 = u32::MAX;
/// Between neighbours at either end, of groups and of members.
const GAP: u32 = 1 << 16;
const MIDDLE: u32 = 1 << 31;
/// So that no key is the highest number.
const LAST: u32 = u32::MAX - 1;

/// The keys of ranks that are numbers of themselves.
pub(crate) struct Numbers;

impl Rank {
    /// The number as a rank; below `u64::MAX`.
    pub(crate) fn of(number: u64) -> Self {
        let [group, place] =
            [number >> 32, number & u64::from(u32::MAX)].map(|half| u32::try_from(half).unwrap_or(NONE));
        Self { group, place }
    }
}

impl Keys for Numbers {
    #[inline]
    fn key(&self, rank: Rank) -> u64 {
        u64::from(rank.group) << 32 | u64::from(rank.place)
    }
}

impl Keys for Labels {
    #[inline]
    fn key(&self, rank: Rank) -> u64 {
        let label = self.labels.get(index(rank.group)).copied().unwrap_or(u32::MAX);
        u64::from(label) << 32 | u64::from(rank.place)
    }
}

impl Changes {
    /// A key that is not above those of the ranks that the former key was not above.
    pub(crate) fn key(&self, key: u64) -> u64 {
        let [label, place] = [key >> 32, key & u64::from(u32::MAX)];
        let at = self.spread.partition_point(|(old, _)| u64::from(*old) <= label);
        match at.checked_sub(1).and_then(|at| self.spread.get(at)) {
            Some((old, new)) if u64::from(*old) == label => u64::from(*new) << 32 | place,
            Some((_, new)) => u64::from(*new) << 32,
            None => 0,
        }
    }
}

impl Order {
    pub(crate) const fn new() -> Self {
        let labels = Labels { labels: Vec::new() };
        Self { groups: Segments::new(), labels, first: NONE, last: NONE, free: NONE, len: 0, used: 0 }
    }

    pub(crate) const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Puts a number in front of another, or at the end. `None` where no group can be had for it.
    pub(crate) fn insert(&mut self, before: Option<Rank>, number: u32) -> Option<(Rank, Changes)> {
        let mut changes = Changes::default();
        let (mut group, mut at) = match before {
            Some(rank) => (rank.group, self.position(rank)?),
            None => (self.last, self.members(self.last).len()),
        };
        if group == NONE || before.is_none() && at >= FULL {
            (group, at) = (self.make(group, &mut changes)?, 0);
        } else if self.members(group).len() >= FULL {
            let new = self.make(group, &mut changes)?;
            let upper = self.groups.get_mut(index(group))?.members.split_off(FULL / 2);
            let rank = |member: &Member| (member.number, Rank { group: new, place: member.place });
            changes.moved.extend(upper.iter().map(rank));
            self.groups.get_mut(index(new))?.members = upper;
            if let Some(beyond) = at.checked_sub(FULL / 2) {
                (group, at) = (new, beyond);
            }
        }
        let place = match self.room(group, at) {
            Some(place) => place,
            None => {
                self.spread_members(group, &mut changes);
                self.room(group, at)?
            }
        };
        self.groups.get_mut(index(group))?.members.insert(at, Member { number, place });
        self.len += 1;
        Some((Rank { group, place }, changes))
    }

    pub(crate) fn remove(&mut self, rank: Rank) -> Changes {
        let mut changes = Changes::default();
        let Some(at) = self.position(rank) else { return changes };
        let Some(group) = self.groups.get_mut(index(rank.group)) else { return changes };
        group.members.remove(at);
        self.len -= 1;
        let (count, before, after) = (group.members.len(), group.before, group.after);
        // So that two neighbours never have fewer, and groups stay few.
        let few = |other| other != NONE && count + self.members(other).len() <= FULL / 2;
        if count == 0 {
            self.drop_group(rank.group);
        } else if few(after) {
            self.merge(rank.group, after, &mut changes);
        } else if few(before) {
            self.merge(before, rank.group, &mut changes);
        }
        changes
    }

    /// The numbers in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.chain().flat_map(|group| self.members(group)).map(|member| member.number)
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Octets of memory, spare room included.
    pub(crate) fn octets(&self) -> usize {
        let members: usize = self.groups.iter().map(|group| group.members.capacity()).sum();
        self.groups.octets()
            + self.labels.labels.capacity() * size_of::<u32>()
            + members * size_of::<Member>()
    }

    /// The groups in order.
    fn chain(&self) -> impl Iterator<Item = u32> + '_ {
        let first = (self.first != NONE).then_some(self.first);
        core::iter::successors(first, |group| {
            self.groups.get(index(*group)).map(|group| group.after).filter(|group| *group != NONE)
        })
    }

    fn members(&self, group: u32) -> &[Member] {
        self.groups.get(index(group)).map(|group| group.members.as_slice()).unwrap_or_default()
    }

    fn position(&self, rank: Rank) -> Option<usize> {
        self.members(rank.group).binary_search_by_key(&rank.place, |member| member.place).ok()
    }

    /// A place in a group in front of the member that is the `at`th.
    fn room(&self, group: u32, at: usize) -> Option<u32> {
        let members = self.members(group);
        let place = |at: usize| members.get(at).map(|member| member.place);
        between(at.checked_sub(1).and_then(place), place(at))
    }

    /// Makes a group behind another.
    fn make(&mut self, before: u32, changes: &mut Changes) -> Option<u32> {
        let after = self.groups.get(index(before)).map_or(NONE, |group| group.after);
        let number = if self.free == NONE { u32::try_from(self.groups.len()).ok()? } else { self.free };
        if number == NONE {
            return None;
        }
        let label = match self.room_for_label(before, after) {
            Some(label) => label,
            None => {
                self.spread_labels(changes);
                self.room_for_label(before, after)?
            }
        };
        match self.groups.get_mut(index(number)) {
            Some(group) => {
                self.free = group.after;
                (group.before, group.after) = (before, after);
            }
            None => {
                self.groups.push(Group { members: Vec::new(), before, after });
                self.labels.labels.push(label);
            }
        }
        *self.labels.labels.get_mut(index(number))? = label;
        self.link(before, number);
        self.link(number, after);
        self.used += 1;
        Some(number)
    }

    /// Makes two groups neighbours, or one of them the first or the last.
    fn link(&mut self, before: u32, after: u32) {
        match self.groups.get_mut(index(before)) {
            Some(group) => group.after = after,
            None => self.first = after,
        }
        match self.groups.get_mut(index(after)) {
            Some(group) => group.before = before,
            None => self.last = before,
        }
    }

    fn drop_group(&mut self, number: u32) {
        let Some(group) = self.groups.get_mut(index(number)) else { return };
        group.members = Vec::new();
        let (before, after) = (group.before, group.after);
        group.after = core::mem::replace(&mut self.free, number);
        self.link(before, after);
        self.used -= 1;
    }

    /// Takes the members of a group to those of the one before.
    fn merge(&mut self, into: u32, from: u32, changes: &mut Changes) {
        let Some(group) = self.groups.get_mut(index(from)) else { return };
        let members = core::mem::take(&mut group.members);
        self.drop_group(from);
        if let Some(group) = self.groups.get_mut(index(into)) {
            group.members.extend(members);
        }
        self.spread_members(into, changes);
    }

    fn room_for_label(&self, before: u32, after: u32) -> Option<u32> {
        let label = |group: u32| self.labels.labels.get(index(group)).copied();
        between(label(before), label(after))
    }

    /// Spreads the places of a group evenly.
    fn spread_members(&mut self, number: u32, changes: &mut Changes) {
        let Some(group) = self.groups.get_mut(index(number)) else { return };
        let count = group.members.len();
        for (member, place) in group.members.iter_mut().zip(evenly(count)) {
            member.place = place;
            changes.moved.push((member.number, Rank { group: number, place }));
        }
    }

    /// Spreads the labels of all groups evenly.
    fn spread_labels(&mut self, changes: &mut Changes) {
        let mut at = self.first;
        for new in evenly(usize::try_from(self.used).unwrap_or(usize::MAX)) {
            let (Some(label), Some(group)) =
                (self.labels.labels.get_mut(index(at)), self.groups.get(index(at)))
            else {
                return;
            };
            changes.spread.push((core::mem::replace(label, new), new));
            at = group.after;
        }
    }
}

/// A number between two, or near one where it is the first or the last.
fn between(before: Option<u32>, after: Option<u32>) -> Option<u32> {
    match (before, after) {
        (None, None) => Some(MIDDLE),
        (None, Some(after)) => after.checked_sub(after.div_ceil(2).min(GAP)).filter(|new| *new < after),
        (Some(before), None) => {
            before.checked_add(LAST.checked_sub(before)?.div_ceil(2).min(GAP)).filter(|new| *new > before)
        }
        (Some(before), Some(after)) => Some(before + (after - before) / 2).filter(|new| *new > before),
    }
}

/// So many numbers, evenly, with half of the room left for more at the ends.
fn evenly(count: usize) -> impl Iterator<Item = u32> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let step = MIDDLE / count.saturating_add(1);
    (1..=count).map(move |place| MIDDLE / 2 + place * step)
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    /// An order, and a list and the ranks of its numbers beside it.
    #[derive(Default)]
    struct Checked {
        order: Order,
        list: Vec<u32>,
        ranks: BTreeMap<u32, Rank>,
        /// Labels of groups that changed in all.
        spread: usize,
    }

    impl Default for Order {
        fn default() -> Self {
            Self::new()
        }
    }

    impl Checked {
        fn insert(&mut self, at: usize, number: u32) {
            let before = self.list.get(at).map(|number| self.ranks[number]);
            let (rank, changes) = self.order.insert(before, number).unwrap();
            self.list.insert(at, number);
            self.follow(&changes);
            self.ranks.insert(number, rank);
        }

        fn remove(&mut self, at: usize) {
            let rank = self.ranks.remove(&self.list.remove(at)).unwrap();
            let changes = self.order.remove(rank);
            assert!(changes.spread.is_empty());
            self.follow(&changes);
        }

        fn follow(&mut self, changes: &Changes) {
            assert!(changes.moved.len() <= FULL / 2 + FULL, "{} moved", changes.moved.len());
            assert!(changes.spread.len() <= self.list.len() / 16 + 1, "{} labels", changes.spread.len());
            assert!(changes.spread.is_sorted_by_key(|(_, new)| new));
            self.spread += changes.spread.len();
            self.ranks.extend(changes.moved.iter().copied());
        }

        fn assert(&self) {
            assert!(self.order.iter().eq(self.list.iter().copied()));
            let keys = self.list.iter().map(|number| self.order.labels().key(self.ranks[number]));
            assert!(keys.is_sorted_by(|one, two| one < two));
            assert_eq!(self.order.len(), self.list.len());
            assert!(index(self.order.used) <= self.list.len() / 16 + 1);
        }
    }

    #[test]
    fn there_is_always_room_wherever_one_more_is_put() {
        type Place = fn(usize) -> usize;
        let places: [(&str, Place); 5] = [
            ("front", |_| 0),
            ("end", |len| len),
            ("in front of the last", |len| len.saturating_sub(1)),
            ("behind the first", |len| len.min(1)),
            ("between the two last inserted", |len| len / 2),
        ];
        for (name, place) in places {
            let mut checked = Checked::default();
            for number in 0..40_000 {
                checked.insert(place(checked.list.len()), number);
            }
            checked.assert();
            assert!(checked.spread < 40_000, "{name}: {} labels changed", checked.spread);
        }
    }

    #[test]
    fn few_that_are_left_are_in_few_groups() {
        let mut checked = Checked::default();
        (0..5000).for_each(|number| checked.insert(checked.list.len(), number));
        // Every group keeps one or two of its members, if it stays.
        while let Some(at) = checked.list.iter().position(|number| number % 50 != 0) {
            checked.remove(at);
        }
        checked.assert();
        assert!(checked.order.used <= 100 / 16 + 1);
    }

    #[test]
    fn a_key_below_all_of_some_stays_so_as_labels_are_spread() {
        let mut checked = Checked::default();
        (0..1000).for_each(|number| checked.insert(checked.list.len(), number));
        let key = |checked: &Checked, number| checked.order.labels().key(checked.ranks[&number]);
        // Behind a group that goes, at one that stays, and in front of all.
        let bounds: Vec<_> = [1, 100, 500, 900].map(|number| (number, key(&checked, number))).into();
        (90..200).for_each(|_| checked.remove(90));
        let mut changes = Changes::default();
        checked.order.spread_labels(&mut changes);
        assert!(!changes.spread.is_empty());
        for (number, bound) in bounds {
            let above = checked.list.iter().filter(|other| **other >= number);
            assert!(above.into_iter().all(|other| changes.key(bound) <= key(&checked, *other)));
            let present = checked.ranks.contains_key(&number);
            assert!(!present || changes.key(bound) == key(&checked, number));
        }
        assert_eq!((changes.key(0), changes.key(u64::MAX) > 0), (0, true));
    }

    proptest! {
        #[test]
        fn equals_a_list(places in prop::collection::vec((any::<prop::sample::Index>(), 0u8..10), 1..1500)) {
            let mut checked = Checked::default();
            for (number, (place, kind)) in (0u32..).zip(places) {
                let len = checked.list.len();
                match kind {
                    0..3 if len > 0 => checked.remove(place.index(len)),
                    3 if len > 0 => checked.remove(len / 2),
                    4 => checked.insert(len, number),
                    5..8 => checked.insert(place.index(len + 1), number),
                    _ => checked.insert(len / 2, number),
                }
            }
            checked.assert();
            while !checked.list.is_empty() {
                checked.remove(checked.list.len() / 3);
            }
            checked.assert();
        }
    }
}
