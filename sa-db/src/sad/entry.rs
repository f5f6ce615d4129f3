use crate::LimitState;
use crate::sad::{Due, SaId, Sad};
use core::fmt;
use ipsec_types::Instant;

/// An SA of a [`Sad`].
pub struct Entry<'a, S> {
    sad: &'a mut Sad<S>,
    id: SaId,
}

impl<'a, S> Entry<'a, S> {
    /// Of an SA that is there.
    pub(super) const fn new(sad: &'a mut Sad<S>, id: SaId) -> Self {
        Self { sad, id }
    }

    /// What the caller keeps for it.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "an entry exists only while its SA does, and borrows the database"
    )]
    pub fn sa(&mut self) -> &mut S {
        &mut self.sad.live_mut(self.id).expect("the SA of an entry").sa
    }

    /// Notes a packet that was sealed or opened with the SA, and where that left it in its volume limits. At the hard
    /// limit the SA is gone afterwards.
    pub fn record_use(self, now: Instant, limit: LimitState) {
        if let Some(live) = self.sad.live_mut(self.id) {
            live.clock.note_use(now);
        }
        if limit != LimitState::Within {
            self.sad.apply(self.id, &Due { limit, idle: false });
        }
    }
}

impl<S> fmt::Debug for Entry<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.id).finish()
    }
}
