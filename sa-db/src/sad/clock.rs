use crate::{Lifetimes, LimitState};
use core::time::Duration;
use ipsec_types::Instant;

/// How old an SA is, and what was told of it.
pub(crate) struct Clock {
    life: Lifetimes,
    since: Instant,
    used: Option<Instant>,
    packets: u64,
    pub(crate) soft_told: bool,
    pub(crate) idle_told: bool,
}

/// Where an SA stands.
pub(crate) struct Due {
    pub(crate) limit: LimitState,
    pub(crate) idle: bool,
}

/// How an SA was used: see [`Sad::usage`](crate::Sad::usage).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// When it was inserted.
    pub since: Instant,
    /// When the last packet crossed on it; `None` if none did.
    pub last: Option<Instant>,
    /// How many packets did.
    pub packets: u64,
}

impl Clock {
    pub(crate) const fn new(now: Instant, life: Lifetimes) -> Self {
        Self { life, since: now, used: None, packets: 0, soft_told: false, idle_told: false }
    }

    pub(crate) fn note_use(&mut self, now: Instant) {
        self.used = self.used.max(Some(now));
        self.packets = self.packets.saturating_add(1);
    }

    pub(crate) const fn usage(&self) -> Usage {
        Usage { since: self.since, last: self.used, packets: self.packets }
    }

    pub(crate) fn at(&self, now: Instant) -> Due {
        let reached = |since: Instant, after: Duration| after != Duration::MAX && now >= since + after;
        let limit = if reached(self.since, self.life.hard) {
            LimitState::Hard
        } else if reached(self.since, self.life.soft) {
            LimitState::Soft
        } else {
            LimitState::Within
        };
        Due { limit, idle: self.life.idle.is_some_and(|idle| reached(self.last(), idle)) }
    }

    /// When something is due next.
    pub(crate) fn next(&self) -> Option<Instant> {
        let at = |since: Instant, after: Duration| (after != Duration::MAX).then(|| since + after);
        let soft = if self.soft_told { None } else { at(self.since, self.life.soft) };
        let idle = self.life.idle.filter(|_| !self.idle_told).and_then(|idle| at(self.last(), idle));
        [soft, idle, at(self.since, self.life.hard)].into_iter().flatten().min()
    }

    fn last(&self) -> Instant {
        self.used.map_or(self.since, |used| used.max(self.since))
    }
}
