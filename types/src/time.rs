use core::time::Duration;

/// A point in time: how long after an epoch of the caller's choice.
///
/// The crates read no clock; the caller passes `now` in and gets the instant of the next timer out. Time from a
/// monotonic clock is expected, but a clock that stands still or runs backwards does no harm beyond late timers.
///
/// ```
/// use core::time::Duration;
/// use ipsec_types::Instant;
///
/// let now = Instant::EPOCH + Duration::from_secs(10);
/// let timer = now + Duration::from_millis(500);
/// assert_eq!(timer.saturating_since(now), Duration::from_millis(500));
/// assert_eq!(now.saturating_since(timer), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    /// The epoch itself.
    pub const EPOCH: Self = Self(Duration::ZERO);

    /// The instant `elapsed` after the epoch.
    pub const fn from_epoch(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// The time of a `std` clock, counted from `epoch` (an instant the program keeps, such as its start).
    ///
    /// Earlier times than `epoch` are taken as the epoch.
    #[cfg(feature = "std")]
    pub fn since(epoch: std::time::Instant, now: std::time::Instant) -> Self {
        Self(now.saturating_duration_since(epoch))
    }

    /// How long after the epoch this is.
    pub const fn elapsed(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this is; zero where it is not after it.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl core::ops::Add<Duration> for Instant {
    type Output = Self;

    /// The instant `later` after this one, or the last there is.
    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_wrap() {
        let last = Instant::from_epoch(Duration::MAX);
        assert_eq!(last + Duration::from_secs(1), last);
    }
}
