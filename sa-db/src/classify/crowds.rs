//! Places that many boxes share of which none has a finer one, as where policies have the same selectors: in the order of
//! their ranks.

use alloc::vec::Vec;

/// Boxes in order, for each such place.
#[derive(Default)]
pub(crate) struct Crowds {
    crowds: Vec<Crowd>,
    free: Vec<u32>,
}

/// Runs of boxes, none of them empty: so that one more moves few.
type Crowd = Vec<Vec<u32>>;

/// The bit that tells the number of a crowd from that of a box.
pub(crate) const IN_CROWD: u32 = 1 << 31;

/// Boxes of a run at most; half as many where two runs become one.
const FULL: usize = 256;

impl Crowds {
    /// A crowd of these boxes, which are in order and not many.
    pub(crate) fn make(&mut self, nodes: Vec<u32>) -> Option<u32> {
        let crowd = Vec::from([nodes]);
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
        self.crowds.get(place(number)).into_iter().flatten().flatten().copied()
    }

    /// Adds a box behind those that are not to be `behind` it.
    pub(crate) fn insert(&mut self, number: u32, node: u32, behind: impl Fn(u32) -> bool) {
        let Some(crowd) = self.crowds.get_mut(place(number)) else { return };
        let first_behind = |run: &Vec<u32>| run.first().is_some_and(|first| behind(*first));
        let at = crowd.partition_point(|run| !first_behind(run)).saturating_sub(1);
        let Some(run) = crowd.get_mut(at) else { return };
        run.insert(run.partition_point(|other| !behind(*other)), node);
        if run.len() > FULL {
            let upper = run.split_off(FULL / 2);
            crowd.insert(at + 1, upper);
        }
    }

    /// Takes a box out, to be found where others begin `not_before` it; whether it was the last one, and the crowd is gone.
    pub(crate) fn remove(&mut self, number: u32, node: u32, not_before: impl Fn(u32) -> bool) -> bool {
        let Some(crowd) = self.crowds.get_mut(place(number)) else { return false };
        // Boxes of one rank may be in two runs.
        let ends_before = |run: &Vec<u32>| run.last().is_some_and(|last| !not_before(*last));
        let from = crowd.partition_point(ends_before);
        let found =
            crowd.iter().enumerate().skip(from).find_map(|(at, run)| {
                run.iter().position(|other| *other == node).map(|position| (at, position))
            });
        let Some((at, position)) = found else { return false };
        let Some(run) = crowd.get_mut(at) else { return false };
        run.remove(position);
        if run.is_empty() {
            crowd.remove(at);
        }
        // So that two neighbours never have fewer, and runs stay few.
        for at in [Some(at), at.checked_sub(1)].into_iter().flatten() {
            if let [Some(run), Some(next)] = [crowd.get(at), crowd.get(at + 1)]
                && run.len() + next.len() <= FULL / 2
            {
                let next = crowd.remove(at + 1);
                crowd.get_mut(at).into_iter().for_each(|run| run.extend_from_slice(&next));
            }
        }
        if crowd.is_empty() {
            self.free.push(number);
        }
        crowd.is_empty()
    }

    pub(crate) fn octets(&self) -> usize {
        let runs = self.crowds.iter().map(Vec::capacity).sum::<usize>();
        let boxes = self.crowds.iter().flatten().map(Vec::capacity).sum::<usize>();
        self.crowds.capacity() * size_of::<Crowd>() + runs * size_of::<Vec<u32>>() + boxes * size_of::<u32>()
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number & !IN_CROWD).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::Seeded;

    /// Boxes whose rank is their number without its last digit, so that ten of them have one rank.
    #[test]
    fn they_equal_a_sorted_list() {
        let (mut crowds, mut random) = (Crowds::default(), Seeded(4));
        let mut below = |limit: u64| u32::try_from(random.below(limit)).unwrap();
        let crowd = crowds.make(Vec::from([50_000])).unwrap();
        let mut list = Vec::from([50_000]);
        for most in [3000, 40, 3000, 0] {
            while list.len() != most {
                let at = usize::try_from(below(list.len().max(1) as u64)).unwrap();
                // More come than go, or the other way round.
                let fewer = (below(4) == 0) == (list.len() < most);
                if fewer && (list.len() > 1 || most == 0) {
                    let node = list.remove(at);
                    assert_eq!(crowds.remove(crowd, node, |other| other / 10 >= node / 10), list.is_empty());
                } else {
                    let node = below(100_000);
                    if list.contains(&node) {
                        continue;
                    }
                    list.insert(list.partition_point(|other| other / 10 <= node / 10), node);
                    crowds.insert(crowd, node, |other| other / 10 > node / 10);
                }
            }
            assert!(crowds.of(crowd).eq(list.iter().copied()));
            let runs = &crowds.crowds[0];
            assert!(runs.iter().all(|run| run.len() <= FULL && !run.is_empty()));
            assert!(runs.len() <= list.len() / (FULL / 4) + 1, "{} runs of {} boxes", runs.len(), list.len());
        }
        assert_eq!(crowds.make(Vec::from([1])), Some(crowd), "a crowd that is gone");
    }
}
