use crate::{Volume, VolumeLimits};
use core::time::Duration;

/// How long an SA may live (RFC 4301 §4.4.2.1).
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// After this a replacement is due.
    pub soft: Duration,
    /// After this the SA is gone.
    pub hard: Duration,
    /// After this without a packet the SA is reported as idle.
    pub idle: Option<Duration>,
}

impl Lifetimes {
    /// No limit.
    pub const UNLIMITED: Self = Self { soft: Duration::MAX, hard: Duration::MAX, idle: None };

    /// The lifetimes with the soft one brought forward by up to `percent` of itself, as `random` says: ends that were set
    /// up alike should not replace their SAs at the same moment (RFC 7296 §2.8).
    #[must_use]
    pub fn jittered(self, percent: u8, random: u32) -> Self {
        if self.soft == Duration::MAX {
            return self;
        }
        let nanos = u64::try_from(self.soft.as_nanos()).unwrap_or(u64::MAX);
        Self { soft: Duration::from_nanos(lowered(nanos, percent, random)), ..self }
    }
}

impl VolumeLimits {
    /// The limits with the soft one lowered by up to `percent` of itself, as `random` says.
    #[must_use]
    pub fn jittered(self, percent: u8, random: u32) -> Self {
        let lower = |limit: u64| if limit == u64::MAX { limit } else { lowered(limit, percent, random) };
        let soft = Volume { octets: lower(self.soft.octets), packets: lower(self.soft.packets) };
        Self { soft, ..self }
    }
}

/// `value` less up to `percent` of it: nothing for a `random` of 0, all of it for the largest.
fn lowered(value: u64, percent: u8, random: u32) -> u64 {
    let most = u128::from(value) * u128::from(percent.min(100)) / 100;
    let less = most * u128::from(random) / u128::from(u32::MAX);
    value.saturating_sub(u64::try_from(less).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_brings_the_soft_limit_forward_and_nothing_else() {
        let hour = Duration::from_secs(3600);
        let lifetimes = Lifetimes { soft: hour, hard: hour * 2, idle: None };
        assert_eq!(lifetimes.jittered(10, 0), lifetimes);
        assert_eq!(lifetimes.jittered(0, u32::MAX), lifetimes);
        assert_eq!(lifetimes.jittered(10, u32::MAX).soft, hour * 9 / 10);
        assert_eq!(lifetimes.jittered(255, u32::MAX), Lifetimes { soft: Duration::ZERO, ..lifetimes });
        assert_eq!(Lifetimes::UNLIMITED.jittered(50, u32::MAX), Lifetimes::UNLIMITED);
        assert_eq!(VolumeLimits::UNLIMITED.jittered(50, u32::MAX), VolumeLimits::UNLIMITED);
        let volume = |octets| Volume { octets, packets: u64::MAX };
        let limits = VolumeLimits { soft: volume(1000), hard: volume(2000) };
        assert_eq!(limits.jittered(20, u32::MAX), VolumeLimits { soft: volume(800), ..limits });
    }
}
