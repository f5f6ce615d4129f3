use crate::counters::{Counters, LimitState, SequenceExhausted, SequenceNumbers, Volume, VolumeLimits};
use core::num::NonZeroU32;

/// What an outbound SA gives out: sequence numbers, and how much it may protect, some of both lent to other cores.
///
/// Not `Clone`: two owners would give out the same number.
///
/// ```
/// use ipsec_sa_db::{Outlay, VolumeLimits};
///
/// let mut outlay = Outlay::new(false, VolumeLimits::UNLIMITED);
/// assert_eq!(outlay.take(100)?, 1);
/// outlay.count(100);
/// let mut lent = outlay.lend(64.try_into().unwrap(), 1500)?;
/// assert_eq!((lent.take(100)?, outlay.take(100)?), (2, 66));
/// lent.count(100);
/// outlay.count(100);
/// outlay.settle(lent);
/// assert_eq!(outlay.used().packets, 3);
/// # Ok::<(), ipsec_sa_db::OutlayError>(())
/// ```
#[derive(Debug)]
pub struct Outlay {
    numbers: SequenceNumbers,
    extended: bool,
    counters: Counters,
    /// What blocks may use up that are not settled.
    lent: Volume,
}

impl Outlay {
    /// Numbers of 64 bits (extended) or 32 bits from 1 on, and these limits.
    pub const fn new(extended: bool, limits: VolumeLimits) -> Self {
        let numbers = SequenceNumbers::new(extended);
        Self { numbers, extended, counters: Counters::new(limits), lent: NOTHING }
    }

    /// The same with numbers that continue after `last`: see [`SequenceNumbers::resume_after`].
    pub const fn resume_after(last: u64, extended: bool, limits: VolumeLimits) -> Self {
        let numbers = SequenceNumbers::resume_after(last, extended);
        Self { numbers, extended, counters: Counters::new(limits), lent: NOTHING }
    }

    /// The number of a packet that protects so many octets. [`count`](Self::count) it once it is sealed.
    ///
    /// # Errors
    ///
    /// [`OutlayError`]; no number is used up then.
    #[inline]
    pub fn take(&mut self, octets: usize) -> Result<u64, OutlayError> {
        if !self.counters.allows(octets) || (self.lent.packets > 0 && !self.allows_beside_lent(octets)) {
            return Err(OutlayError::Expired);
        }
        Ok(self.numbers.take()?)
    }

    /// Counts a packet that was sealed, and says where the SA stands.
    #[inline]
    pub fn count(&mut self, octets: usize) -> LimitState {
        let volume = self.counters.count(octets);
        match self.numbers.state() {
            LimitState::Within => volume,
            numbers @ (LimitState::Soft | LimitState::Hard) => volume.max(numbers),
        }
    }

    /// Numbers for `count` packets of at most `octets_each` octets, to be used elsewhere. The limits hold: what is lent is
    /// out of reach until it is [settled](Self::settle).
    ///
    /// # Errors
    ///
    /// [`OutlayError`] where there are not so many numbers left, or not so many packets below the hard limit, or no octets
    /// at all.
    pub fn lend(&mut self, count: NonZeroU32, octets_each: usize) -> Result<Lent, OutlayError> {
        let packets = u64::from(count.get());
        let left = self.left();
        let most = packets.saturating_mul(u64::try_from(octets_each).unwrap_or(u64::MAX));
        let lent = Volume { octets: most.min(left.octets), packets };
        if left.packets < packets || lent.octets == 0 {
            return Err(OutlayError::Expired);
        }
        let last = self.numbers.last();
        let end = last.checked_add(packets).ok_or(OutlayError::Exhausted)?;
        if end > self.numbers.limit() {
            return Err(OutlayError::Exhausted);
        }
        self.numbers = SequenceNumbers::resume_after(end, self.extended);
        self.lent = Volume {
            octets: self.lent.octets.saturating_add(lent.octets),
            packets: self.lent.packets.saturating_add(lent.packets),
        };
        let counters = Counters::new(VolumeLimits { soft: lent, hard: lent });
        Ok(Lent { next: last + 1, last: end, more: true, counters, lent })
    }

    /// Takes back what was lent, and says where the SA stands. Numbers that were not used are skipped.
    pub fn settle(&mut self, block: Lent) -> LimitState {
        let Lent { counters, lent, .. } = block;
        self.lent = Volume {
            octets: self.lent.octets.saturating_sub(lent.octets),
            packets: self.lent.packets.saturating_sub(lent.packets),
        };
        self.counters.add(counters.used()).max(self.numbers.state())
    }

    /// The sequence number given out last; 0 if none was.
    pub const fn last(&self) -> u64 {
        self.numbers.last()
    }

    /// What was protected so far, apart from blocks that are not settled.
    pub const fn used(&self) -> Volume {
        self.counters.used()
    }

    #[cold]
    fn allows_beside_lent(&self, octets: usize) -> bool {
        let left = self.left();
        left.packets >= 1 && left.octets >= u64::try_from(octets).unwrap_or(u64::MAX)
    }

    /// What is neither used nor lent.
    fn left(&self) -> Volume {
        let (used, hard) = (self.counters.used(), self.counters.limits().hard);
        let left = |hard: u64, used: u64, lent: u64| hard.saturating_sub(used).saturating_sub(lent);
        Volume {
            octets: left(hard.octets, used.octets, self.lent.octets),
            packets: left(hard.packets, used.packets, self.lent.packets),
        }
    }
}

/// Sequence numbers and volume of an SA that are used apart from it; moved, never cloned.
#[derive(Debug)]
pub struct Lent {
    next: u64,
    last: u64,
    /// Whether `next` was not given out yet; there may be no number behind the last.
    more: bool,
    counters: Counters,
    lent: Volume,
}

impl Lent {
    /// As [`Outlay::take`].
    ///
    /// # Errors
    ///
    /// [`OutlayError::Exhausted`] where all numbers were used, [`OutlayError::Expired`] where the octets were.
    #[inline]
    pub fn take(&mut self, octets: usize) -> Result<u64, OutlayError> {
        if !self.more {
            return Err(OutlayError::Exhausted);
        }
        if !self.counters.allows(octets) {
            return Err(OutlayError::Expired);
        }
        let number = self.next;
        self.more = number < self.last;
        self.next = number.saturating_add(1);
        Ok(number)
    }

    /// Counts a packet that was sealed.
    #[inline]
    pub fn count(&mut self, octets: usize) {
        self.counters.count(octets);
    }

    /// How many numbers are left.
    pub const fn remaining(&self) -> u64 {
        if self.more { self.last.saturating_sub(self.next).saturating_add(1) } else { 0 }
    }
}

/// Why no number is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum OutlayError {
    /// The hard limit would be exceeded, or is out of reach while blocks are lent.
    #[error("SA expired")]
    Expired,
    /// All numbers were given out (RFC 4303 §3.3.3).
    #[error("sequence numbers are used up")]
    Exhausted,
}

impl From<SequenceExhausted> for OutlayError {
    fn from(_: SequenceExhausted) -> Self {
        Self::Exhausted
    }
}

const NOTHING: Volume = Volume { octets: 0, packets: 0 };

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn ea_06_a_block_ends_where_the_numbers_do() {
        for (extended, limit) in [(false, u64::from(u32::MAX)), (true, u64::MAX)] {
            let mut outlay = Outlay::resume_after(limit - 3, extended, VolumeLimits::UNLIMITED);
            assert_eq!(outlay.lend(4.try_into().unwrap(), 10).unwrap_err(), OutlayError::Exhausted);
            let mut lent = outlay.lend(3.try_into().unwrap(), 10).unwrap();
            assert_eq!(outlay.take(1), Err(OutlayError::Exhausted));
            assert_eq!(lent.remaining(), 3);
            let taken: Vec<_> = (0..5).map(|_| lent.take(1)).collect();
            let end = Err(OutlayError::Exhausted);
            assert_eq!(taken, [Ok(limit - 2), Ok(limit - 1), Ok(limit), end, end]);
            assert_eq!(lent.remaining(), 0);
            assert_eq!(outlay.settle(lent), LimitState::Hard);
        }
    }

    fn block(count: u32) -> NonZeroU32 {
        count.try_into().unwrap()
    }

    #[test]
    fn pd_03_what_is_lent_is_out_of_reach_until_it_is_settled() {
        let hard = Volume { octets: 1000, packets: 10 };
        let soft = Volume { octets: 500, packets: 5 };
        let mut outlay = Outlay::new(false, VolumeLimits { soft, hard });
        assert_eq!(outlay.lend(block(11), 10).unwrap_err(), OutlayError::Expired);
        let mut lent = outlay.lend(block(4), 200).unwrap();
        assert_eq!((outlay.last(), outlay.used(), lent.remaining()), (4, NOTHING, 4));
        // Of 1,000 octets 200 are left, of ten packets six.
        assert_eq!(outlay.take(201), Err(OutlayError::Expired));
        assert_eq!(outlay.take(200), Ok(5));
        assert_eq!(outlay.count(200), LimitState::Within);
        assert_eq!(outlay.take(1), Err(OutlayError::Expired));
        assert_eq!(outlay.take(0), Ok(6));
        assert_eq!(outlay.lend(block(1), 1).unwrap_err(), OutlayError::Expired, "no octets");
        // A block gives out its own octets, and no more; what it refuses uses no number up.
        assert_eq!(lent.take(801), Err(OutlayError::Expired));
        assert_eq!((lent.take(700), lent.remaining()), (Ok(1), 3));
        lent.count(700);
        assert_eq!(lent.take(101), Err(OutlayError::Expired));
        assert_eq!(lent.take(100), Ok(2));
        lent.count(100);
        assert_eq!(outlay.settle(lent), LimitState::Hard);
        assert_eq!((outlay.used(), outlay.lent), (Volume { octets: 1000, packets: 3 }, NOTHING));
        assert_eq!(outlay.take(0), Ok(7), "of no octets there are always enough");
    }

    #[test]
    fn pd_03_the_last_packet_is_lent_once() {
        let hard = Volume { octets: u64::MAX, packets: 10 };
        let limits = VolumeLimits { soft: Volume { octets: u64::MAX, packets: 9 }, hard };
        let mut outlay = Outlay::new(true, limits);
        let (one, two) = (outlay.lend(block(4), 10).unwrap(), outlay.lend(block(5), 10).unwrap());
        assert_eq!(outlay.lend(block(2), 10).unwrap_err(), OutlayError::Expired);
        let three = outlay.lend(block(1), usize::MAX).unwrap();
        assert_eq!(outlay.take(0), Err(OutlayError::Expired));
        assert_eq!(outlay.settle(three), LimitState::Within);
        assert_eq!((outlay.take(0), outlay.count(0)), (Ok(11), LimitState::Within));
        assert_eq!(outlay.take(0), Err(OutlayError::Expired));
        assert_eq!((outlay.settle(one), outlay.settle(two)), (LimitState::Within, LimitState::Within));
        assert_eq!(outlay.used().packets, 1);
    }

    #[test]
    fn ea_06_the_numbers_of_an_sa_say_when_it_is_to_be_replaced() {
        let near = u64::from(u32::MAX) - 3;
        let mut outlay = Outlay::resume_after(near, false, VolumeLimits::UNLIMITED);
        assert_eq!((outlay.take(1), outlay.count(1)), (Ok(near + 1), LimitState::Soft));
        let lent = outlay.lend(block(1), 10).unwrap();
        assert_eq!(outlay.settle(lent), LimitState::Soft);
        assert_eq!((outlay.take(1), outlay.count(1)), (Ok(near + 3), LimitState::Hard));
        let mut wide = Outlay::resume_after(near + 3, true, VolumeLimits::UNLIMITED);
        assert_eq!((wide.take(1), wide.count(1)), (Ok(1 << 32), LimitState::Within));
        assert_eq!(Outlay::new(true, VolumeLimits::UNLIMITED).take(1), Ok(1));
    }

    proptest! {
        /// Whatever is lent and settled in whatever order: no number twice, the hard limit holds, all is accounted for.
        #[test]
        fn ea_07_pd_03_lending_repeats_no_number_and_exceeds_no_limit(
            octets in 1u64..20_000, packets in 1u64..200,
            steps in prop::collection::vec((0u8..5, 1u32..20, 0usize..300), 1..200),
        ) {
            let hard = Volume { octets, packets };
            let mut outlay = Outlay::new(false, VolumeLimits { soft: hard, hard });
            let mut blocks: Vec<Lent> = Vec::new();
            let mut seen = BTreeSet::new();
            let mut sent = NOTHING;
            let mut note = |number: u64, size: usize| {
                sent = Volume { octets: sent.octets + size as u64, packets: sent.packets + 1 };
                (seen.insert(number), sent)
            };
            for (what, count, size) in steps {
                match (what, blocks.is_empty()) {
                    (0, _) => blocks.extend(outlay.lend(count.try_into().unwrap(), 150).ok()),
                    (1, false) => {
                        let block = blocks.swap_remove(usize::try_from(count).unwrap() % blocks.len());
                        outlay.settle(block);
                    }
                    (2, false) => {
                        let index = usize::try_from(count).unwrap() % blocks.len();
                        if let Ok(number) = blocks[index].take(size) {
                            blocks[index].count(size);
                            let (fresh, sent) = note(number, size);
                            prop_assert!(fresh && sent.octets <= octets && sent.packets <= packets);
                        }
                    }
                    _ => {
                        if let Ok(number) = outlay.take(size) {
                            outlay.count(size);
                            let (fresh, sent) = note(number, size);
                            prop_assert!(fresh && sent.octets <= octets && sent.packets <= packets);
                        }
                    }
                }
            }
            for block in blocks {
                outlay.settle(block);
            }
            prop_assert_eq!(outlay.used(), sent);
            prop_assert_eq!(outlay.lent, NOTHING);
        }
    }
}
