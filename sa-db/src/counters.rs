use core::fmt;

/// How much an SA may protect: octets and packets.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Octets: outbound of what is protected, inbound of what arrives protected.
    pub octets: u64,
    /// Packets.
    pub packets: u64,
}

/// Soft and hard limits on what an SA protects (RFC 4301 §4.4.2.1).
///
/// Past the soft limit the SA is to be replaced; the hard limit is never exceeded.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeLimits {
    /// Where a replacement is due.
    pub soft: Volume,
    /// Where use ends.
    pub hard: Volume,
}

impl VolumeLimits {
    /// No limit.
    pub const UNLIMITED: Self = {
        let unlimited = Volume { octets: u64::MAX, packets: u64::MAX };
        Self { soft: unlimited, hard: unlimited }
    };
}

/// Where an SA stands in its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_enums, reason = "complete by nature")]
pub enum LimitState {
    /// Below the soft limit.
    Within,
    /// At or past the soft limit: replace the SA.
    Soft,
    /// At the hard limit: the SA protects nothing more.
    Hard,
}

/// What an SA protected so far, against its limits.
///
/// ```
/// use ipsec_sa_db::{Counters, LimitState, Volume, VolumeLimits};
///
/// let soft = Volume { octets: 1000, packets: u64::MAX };
/// let hard = Volume { octets: 2000, packets: u64::MAX };
/// let mut counters = Counters::new(VolumeLimits { soft, hard });
/// assert_eq!(counters.count(999), LimitState::Within);
/// assert_eq!(counters.count(1), LimitState::Soft);
/// assert!(!counters.allows(1001)); // 2001 octets would exceed the hard limit
/// assert_eq!(counters.count(1000), LimitState::Hard);
/// ```
#[derive(Clone, Debug)]
pub struct Counters {
    used: Volume,
    limits: VolumeLimits,
    /// The lesser of soft and hard limit: below it there is nothing to say.
    calm: Volume,
}

impl Counters {
    /// Nothing counted yet.
    pub const fn new(limits: VolumeLimits) -> Self {
        const fn lesser(one: u64, other: u64) -> u64 {
            if one < other { one } else { other }
        }
        let VolumeLimits { soft, hard } = limits;
        let calm =
            Volume { octets: lesser(soft.octets, hard.octets), packets: lesser(soft.packets, hard.packets) };
        Self { used: Volume { octets: 0, packets: 0 }, limits, calm }
    }

    /// Whether one more packet of `octets` stays within the hard limit.
    #[inline]
    pub fn allows(&self, octets: usize) -> bool {
        let hard = self.limits.hard;
        self.used.packets < hard.packets && self.octets_after(octets) <= hard.octets
    }

    /// Counts one packet of `octets`.
    #[inline]
    pub fn count(&mut self, octets: usize) -> LimitState {
        let (octets, packets) = (self.octets_after(octets), self.used.packets.saturating_add(1));
        self.used = Volume { octets, packets };
        if octets < self.calm.octets && packets < self.calm.packets {
            LimitState::Within
        } else {
            self.state()
        }
    }

    /// Counts what was protected elsewhere.
    pub fn add(&mut self, more: Volume) -> LimitState {
        self.used = Volume {
            octets: self.used.octets.saturating_add(more.octets),
            packets: self.used.packets.saturating_add(more.packets),
        };
        self.state()
    }

    /// The limits.
    pub const fn limits(&self) -> VolumeLimits {
        self.limits
    }

    /// Where the SA stands.
    pub const fn state(&self) -> LimitState {
        let (used, VolumeLimits { soft, hard }) = (self.used, self.limits);
        if used.octets >= hard.octets || used.packets >= hard.packets {
            LimitState::Hard
        } else if used.octets >= soft.octets || used.packets >= soft.packets {
            LimitState::Soft
        } else {
            LimitState::Within
        }
    }

    /// What was counted.
    pub const fn used(&self) -> Volume {
        self.used
    }

    #[inline]
    fn octets_after(&self, more: usize) -> u64 {
        self.used.octets.saturating_add(u64::try_from(more).unwrap_or(u64::MAX))
    }
}

/// The sequence numbers of an outbound SA: each given out once, from 1 on, never again (RFC 4303 §2.2, §3.3.3).
///
/// Not `Clone`: two owners would give out the same number.
///
/// ```compile_fail
/// let numbers = ipsec_sa_db::SequenceNumbers::new(false);
/// let twin = numbers.clone();
/// ```
pub struct SequenceNumbers {
    last: u64,
    limit: u64,
    /// From here on the SA is to be replaced.
    soft: u64,
}

impl SequenceNumbers {
    /// Numbers of 64 bits (extended) or 32 bits.
    pub const fn new(extended: bool) -> Self {
        // A cast would do; `MAX` of the narrower type cannot be converted in a const any other way.
        let limit = if extended { u64::MAX } else { 0xffff_ffff };
        Self { last: 0, limit, soft: limit - (limit >> 3) }
    }

    /// Numbers that continue after `last`, for an SA whose counter the caller kept.
    ///
    /// Whoever passes a value below one that was sent with the same key repeats numbers, and with a counter-mode cipher
    /// reveals plaintext (RFC 4106 §3.1).
    pub const fn resume_after(last: u64, extended: bool) -> Self {
        Self { last, ..Self::new(extended) }
    }

    /// The next number.
    ///
    /// # Errors
    ///
    /// [`SequenceExhausted`] where all were given out: the counter never cycles.
    #[inline]
    pub const fn take(&mut self) -> Result<u64, SequenceExhausted> {
        if self.last >= self.limit {
            return Err(SequenceExhausted);
        }
        self.last = self.last.saturating_add(1);
        Ok(self.last)
    }

    /// The number given out last; 0 if none was.
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// The last number there is.
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// [`LimitState::Soft`] once seven eighths of the numbers are used, [`LimitState::Hard`] when all are.
    #[inline]
    pub const fn state(&self) -> LimitState {
        if self.last < self.soft {
            LimitState::Within
        } else if self.last < self.limit {
            LimitState::Soft
        } else {
            LimitState::Hard
        }
    }
}

impl fmt::Debug for SequenceNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SequenceNumbers({} of {})", self.last, self.limit)
    }
}

/// All sequence numbers of an SA were given out: it ends (RFC 4303 §3.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("sequence numbers are used up")]
pub struct SequenceExhausted;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn ea_06_numbers_end_and_never_wrap() {
        for (extended, limit) in [(false, u64::from(u32::MAX)), (true, u64::MAX)] {
            let mut numbers = SequenceNumbers::new(extended);
            assert_eq!((numbers.take(), numbers.state()), (Ok(1), LimitState::Within));
            let mut numbers = SequenceNumbers::resume_after(limit - 2, extended);
            assert_eq!(numbers.state(), LimitState::Soft);
            assert_eq!(numbers.take(), Ok(limit - 1));
            assert_eq!((numbers.take(), numbers.state()), (Ok(limit), LimitState::Hard));
            for _ in 0..3 {
                assert_eq!(numbers.take(), Err(SequenceExhausted));
            }
        }
    }

    #[test]
    fn ea_06_an_early_warning_at_seven_eighths() {
        for (extended, limit) in [(false, u64::from(u32::MAX)), (true, u64::MAX)] {
            let soft = limit - limit / 8;
            let at = |last| SequenceNumbers::resume_after(last, extended);
            assert_eq!((at(soft - 1).state(), at(soft).state()), (LimitState::Within, LimitState::Soft));
            assert_eq!((at(limit - 1).state(), at(limit).state()), (LimitState::Soft, LimitState::Hard));
            assert_eq!((at(7).last(), at(7).limit()), (7, limit));
            assert_eq!(alloc::format!("{:?}", at(7)), alloc::format!("SequenceNumbers(7 of {limit})"));
        }
    }

    #[test]
    fn pd_03_octets_and_packets_each_have_their_limits() {
        let volume = |octets, packets| Volume { octets, packets };
        let none = u64::MAX;
        for (soft, hard, each) in [
            (volume(20, none), volume(30, none), 10),
            (volume(none, 2), volume(none, 3), 10),
            (volume(20, 9), volume(99, 3), 10),
            (volume(99, 2), volume(30, 9), 10),
        ] {
            let mut counters = Counters::new(VolumeLimits { soft, hard });
            let states: Vec<_> = (0..3).map(|_| (counters.allows(each), counters.count(each))).collect();
            let expected =
                [LimitState::Within, LimitState::Soft, LimitState::Hard].map(|state| (true, state));
            assert_eq!(states, expected, "{hard:?}");
            assert!(!counters.allows(1) && counters.limits() == VolumeLimits { soft, hard });
            assert_eq!(counters.used(), volume(30, 3));
        }
        let mut counters = Counters::new(VolumeLimits { soft: volume(20, 9), hard: volume(30, 9) });
        assert!(counters.allows(30) && !counters.allows(31));
        assert_eq!(counters.add(volume(19, 8)), LimitState::Within);
        assert_eq!(counters.add(volume(1, 0)), LimitState::Soft);
        assert_eq!(counters.add(volume(0, 1)), LimitState::Hard);
        assert_eq!(counters.add(volume(u64::MAX, u64::MAX)), LimitState::Hard);
        assert_eq!(counters.used(), volume(u64::MAX, u64::MAX));
        // Not one packet more than can be counted.
        let mut counters = Counters::new(VolumeLimits::UNLIMITED);
        counters.add(volume(0, u64::MAX - 1));
        assert!(counters.allows(0));
        counters.count(0);
        assert!(!counters.allows(0));
    }

    #[test]
    fn pd_03_volumes_do_not_wrap_and_the_hard_limit_holds() {
        for limit in [0, 1, u64::MAX] {
            let volume = Volume { octets: limit, packets: u64::MAX };
            let mut counters = Counters::new(VolumeLimits { soft: volume, hard: volume });
            assert_eq!(counters.allows(1), limit >= 1);
            for _ in 0..4 {
                counters.count(usize::MAX);
            }
            assert_eq!(counters.state(), LimitState::Hard);
            assert_eq!(counters.used().octets, u64::MAX);
        }
    }
}
