use crate::{Lifetimes, LimitState, PolicyId};
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use ipsec_crypto_suite::{CryptoError, SecureRandom};
use ipsec_types::{Instant, Spi};

/// Names an SA of a [`Sad`]; never used again after the SA is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaId {
    slot: u32,
    generation: u32,
}

/// The Security Association Database of one protocol, ESP or AH: inbound SAs by SPI, outbound SAs by policy, and the clock
/// of their lifetimes (RFC 4301 §4.4.2).
///
/// `S` is what the caller keeps for an SA, in both directions; the database looks at nothing in it. Inbound SPIs are
/// reserved here first, so that they are unique; outbound ones are the peers', and two may be equal. Finding an SA by its
/// SPI takes the same time however many there are.
///
/// ```
/// use core::time::Duration;
/// use ipsec_sa_db::{Lifetimes, Sad, SadEvent};
/// use ipsec_types::Instant;
/// # struct Random(u8);
/// # impl ipsec_crypto_suite::SecureRandom for Random {
/// #     fn fill(&mut self, out: &mut [u8]) -> Result<(), ipsec_crypto_suite::CryptoError> {
/// #         for octet in out { self.0 = self.0.wrapping_mul(181).wrapping_add(101); *octet = self.0; }
/// #         Ok(())
/// #     }
/// # }
/// # let mut rng = Random(1);
///
/// let mut sad = Sad::new(&mut rng)?;
/// let spi = sad.reserve(&mut rng)?;
/// let minute = Duration::from_secs(60);
/// let lifetimes = Lifetimes { soft: minute, hard: minute * 2, idle: None };
/// let id = sad.insert_inbound(Instant::EPOCH, spi, "an SA", lifetimes)?;
/// assert_eq!(sad.by_spi(spi), Some(id));
///
/// sad.handle_timeout(Instant::EPOCH + minute);
/// assert_eq!(sad.poll_event(), Some(SadEvent::SoftExpired { id }));
/// sad.handle_timeout(Instant::EPOCH + minute * 2);
/// assert_eq!(sad.poll_event(), Some(SadEvent::HardExpired { id }));
/// assert!(sad.entry(id).is_none()); // and with it its keys
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Sad<S> {
    slots: Vec<Slot<S>>,
    free: Vec<u32>,
    /// `None` while an SPI is reserved and no SA uses it.
    inbound: HashMap<Spi, Option<SaId>, FixedState>,
    /// By policy the outbound SAs, the newest last.
    outbound: BTreeMap<PolicyId, Vec<SaId>>,
    timers: BTreeSet<(Instant, SaId)>,
    events: VecDeque<SadEvent>,
}

/// What became of an SA; each comes at most once for each SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SadEvent {
    /// It passed a soft limit: replace it.
    SoftExpired {
        /// The SA.
        id: SaId,
    },
    /// It reached a hard limit and is gone.
    HardExpired {
        /// The SA.
        id: SaId,
    },
    /// No packet for as long as [`Lifetimes::idle`] says.
    Idle {
        /// The SA.
        id: SaId,
    },
}

/// Why the database refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SadError {
    /// The SPI was not reserved, or an SA uses it.
    #[error("SPI not reserved")]
    NotReserved,
    /// No unused SPI was found: the source of randomness repeats itself.
    #[error("no unused SPI found")]
    NoSpi,
    /// As many SAs as there can be.
    #[error("too many SAs")]
    Full,
    /// The source of randomness failed.
    #[error("{0}")]
    Crypto(#[from] CryptoError),
}

/// An SA that was refused, and why.
#[derive(thiserror::Error)]
#[error("{reason}")]
pub struct Refused<S> {
    /// What was to be inserted.
    pub sa: S,
    /// Why it was not.
    pub reason: SadError,
}

impl<S> fmt::Debug for Refused<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refused").field(&self.reason).finish()
    }
}

impl<S> Sad<S> {
    /// An empty database; `rng` seeds its hash.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Randomness`].
    pub fn new(rng: &mut dyn SecureRandom) -> Result<Self, CryptoError> {
        let mut seed = [0; 8];
        rng.fill(&mut seed)?;
        Ok(Self {
            slots: Vec::new(),
            free: Vec::new(),
            inbound: HashMap::with_hasher(FixedState::with_seed(u64::from_ne_bytes(seed))),
            outbound: BTreeMap::new(),
            timers: BTreeSet::new(),
            events: VecDeque::new(),
        })
    }

    /// Reserves an inbound SPI that nothing uses.
    ///
    /// # Errors
    ///
    /// [`SadError::Crypto`] where `rng` fails, [`SadError::NoSpi`] where it yields used or reserved numbers only.
    pub fn reserve(&mut self, rng: &mut dyn SecureRandom) -> Result<Spi, SadError> {
        for _ in 0..SPI_TRIES {
            let mut octets = [0; 4];
            rng.fill(&mut octets)?;
            let Ok(spi) = Spi::from_be_bytes(octets) else { continue };
            if let hashbrown::hash_map::Entry::Vacant(place) = self.inbound.entry(spi) {
                place.insert(None);
                return Ok(spi);
            }
        }
        Err(SadError::NoSpi)
    }

    /// Gives back a reserved SPI that no SA came to use.
    pub fn release(&mut self, spi: Spi) {
        if self.inbound.get(&spi).is_some_and(Option::is_none) {
            self.inbound.remove(&spi);
        }
    }

    /// Inserts an inbound SA under an SPI that was reserved.
    ///
    /// # Errors
    ///
    /// [`Refused`] gives the SA back.
    pub fn insert_inbound(
        &mut self,
        now: Instant,
        spi: Spi,
        sa: S,
        life: Lifetimes,
    ) -> Result<SaId, Refused<S>> {
        if !self.inbound.get(&spi).is_some_and(Option::is_none) {
            return Err(Refused { sa, reason: SadError::NotReserved });
        }
        let id = self.insert(Held { sa, place: Place::Inbound(spi), life, clock: Clock::new(now) })?;
        self.inbound.insert(spi, Some(id));
        Ok(id)
    }

    /// Inserts an outbound SA for the packets of a policy.
    ///
    /// # Errors
    ///
    /// [`Refused`] gives the SA back.
    pub fn insert_outbound(
        &mut self,
        now: Instant,
        policy: PolicyId,
        sa: S,
        life: Lifetimes,
    ) -> Result<SaId, Refused<S>> {
        let id = self.insert(Held { sa, place: Place::Outbound(policy), life, clock: Clock::new(now) })?;
        self.outbound.entry(policy).or_default().push(id);
        Ok(id)
    }

    /// The inbound SA that an SPI names.
    pub fn by_spi(&self, spi: Spi) -> Option<SaId> {
        self.inbound.get(&spi).copied().flatten()
    }

    /// The outbound SAs of a policy, the newest first.
    pub fn by_policy(&self, policy: PolicyId) -> impl Iterator<Item = SaId> + '_ {
        self.outbound.get(&policy).into_iter().flatten().rev().copied()
    }

    /// What the caller keeps for an SA; `None` once it is gone.
    pub fn get(&self, id: SaId) -> Option<&S> {
        self.held(id).map(|held| &held.sa)
    }

    /// An SA to be used; `None` once it is gone.
    pub fn entry(&mut self, id: SaId) -> Option<Entry<'_, S>> {
        self.held(id)?;
        Some(Entry { sad: self, id })
    }

    /// Takes an SA out, and with it its events that were not taken.
    pub fn remove(&mut self, id: SaId) -> Option<S> {
        let sa = self.take(id)?;
        self.events.retain(|event| event.id() != id);
        Some(sa)
    }

    /// How many SAs there are, in both directions.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many SPIs are reserved and not used.
    pub fn reserved(&self) -> usize {
        self.inbound.values().filter(|id| id.is_none()).count()
    }

    /// Lets time pass. Early, late and repeated calls do no harm; at most [`SLICE`](Self::SLICE) timers are looked at in
    /// one call, and [`poll_timeout`](Self::poll_timeout) says where more are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        for _ in 0..Self::SLICE {
            let Some((due, id)) = self.timers.first().copied().filter(|(due, _)| *due <= now) else { return };
            self.timers.remove(&(due, id));
            let Some(held) = self.held_mut(id) else { continue };
            held.clock.timer = None;
            let state = held.time(now);
            self.apply(id, state);
            self.arm(id);
        }
    }

    /// How many timers one [`handle_timeout`](Self::handle_timeout) looks at.
    pub const SLICE: usize = 1024;

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(due, _)| *due)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<SadEvent> {
        self.events.pop_front()
    }

    fn insert(&mut self, held: Held<S>) -> Result<SaId, Refused<S>> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let Some(slot) = u32::try_from(self.slots.len()).ok().filter(|slot| *slot < u32::MAX) else {
                    return Err(Refused { sa: held.sa, reason: SadError::Full });
                };
                self.slots.push(Slot { generation: 0, held: None });
                slot
            }
        };
        let Some(place) = self.slots.get_mut(index(slot)) else {
            return Err(Refused { sa: held.sa, reason: SadError::Full });
        };
        place.held = Some(held);
        let id = SaId { slot, generation: place.generation };
        self.arm(id);
        Ok(id)
    }

    fn take(&mut self, id: SaId) -> Option<S> {
        self.held(id)?;
        let slot = self.slots.get_mut(index(id.slot))?;
        let held = slot.held.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        // A slot whose generations are used up is never filled again.
        if slot.generation != 0 {
            self.free.push(id.slot);
        }
        if let Some(due) = held.clock.timer {
            self.timers.remove(&(due, id));
        }
        match held.place {
            Place::Inbound(spi) => {
                self.inbound.remove(&spi);
            }
            Place::Outbound(policy) => {
                if let Some(ids) = self.outbound.get_mut(&policy) {
                    ids.retain(|own| *own != id);
                    if ids.is_empty() {
                        self.outbound.remove(&policy);
                    }
                }
            }
        }
        Some(held.sa)
    }

    fn held(&self, id: SaId) -> Option<&Held<S>> {
        self.slots.get(index(id.slot)).filter(|slot| slot.generation == id.generation)?.held.as_ref()
    }

    fn held_mut(&mut self, id: SaId) -> Option<&mut Held<S>> {
        self.slots.get_mut(index(id.slot)).filter(|slot| slot.generation == id.generation)?.held.as_mut()
    }

    /// Reports what is new about an SA, and ends it at its hard limit.
    fn apply(&mut self, id: SaId, state: Due) {
        let Some(held) = self.held_mut(id) else { return };
        if state.limit >= LimitState::Soft && !held.clock.soft_told {
            held.clock.soft_told = true;
            self.events.push_back(SadEvent::SoftExpired { id });
        } else if state.idle && !held.clock.idle_told {
            held.clock.idle_told = true;
            self.events.push_back(SadEvent::Idle { id });
        }
        if state.limit == LimitState::Hard {
            self.events.push_back(SadEvent::HardExpired { id });
            self.take(id);
        }
    }

    /// Sets the timer of an SA to what comes next.
    fn arm(&mut self, id: SaId) {
        let Some(held) = self.held_mut(id) else { return };
        let (old, next) = (held.clock.timer, held.next());
        held.clock.timer = next;
        if old == next {
            return;
        }
        if let Some(old) = old {
            self.timers.remove(&(old, id));
        }
        if let Some(next) = next {
            self.timers.insert((next, id));
        }
    }
}

impl<S> fmt::Debug for Sad<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sad").field("sas", &self.len()).field("events", &self.events).finish_non_exhaustive()
    }
}

/// An SA of a [`Sad`].
pub struct Entry<'a, S> {
    sad: &'a mut Sad<S>,
    id: SaId,
}

impl<S> Entry<'_, S> {
    /// What the caller keeps for it.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "an entry exists only while its SA does, and borrows the database"
    )]
    pub fn sa(&mut self) -> &mut S {
        &mut self.sad.held_mut(self.id).expect("the SA of an entry").sa
    }

    /// Notes a packet that was sealed or opened with the SA, and where that left it in its volume limits. At the hard
    /// limit the SA is gone afterwards.
    pub fn record_use(self, now: Instant, limit: LimitState) {
        if let Some(held) = self.sad.held_mut(self.id) {
            held.clock.used = held.clock.used.max(now);
        }
        if limit != LimitState::Within {
            self.sad.apply(self.id, Due { limit, idle: false });
        }
    }
}

impl<S> fmt::Debug for Entry<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.id).finish()
    }
}

impl SadEvent {
    const fn id(&self) -> SaId {
        match self {
            Self::SoftExpired { id } | Self::HardExpired { id } | Self::Idle { id } => *id,
        }
    }
}

/// How often [`Sad::reserve`] draws: were every second SPI in use, it would fail once in 10^9.
const SPI_TRIES: usize = 32;

struct Slot<S> {
    generation: u32,
    held: Option<Held<S>>,
}

struct Held<S> {
    sa: S,
    place: Place,
    life: Lifetimes,
    clock: Clock,
}

enum Place {
    Inbound(Spi),
    Outbound(PolicyId),
}

struct Clock {
    since: Instant,
    used: Instant,
    soft_told: bool,
    idle_told: bool,
    /// Under what instant the SA stands among the timers.
    timer: Option<Instant>,
}

impl Clock {
    const fn new(now: Instant) -> Self {
        Self { since: now, used: now, soft_told: false, idle_told: false, timer: None }
    }
}

/// Where an SA stands.
struct Due {
    limit: LimitState,
    idle: bool,
}

impl<S> Held<S> {
    fn time(&self, now: Instant) -> Due {
        let reached = |since: Instant, after: Duration| after != Duration::MAX && now >= since + after;
        let limit = if reached(self.clock.since, self.life.hard) {
            LimitState::Hard
        } else if reached(self.clock.since, self.life.soft) {
            LimitState::Soft
        } else {
            LimitState::Within
        };
        Due { limit, idle: self.life.idle.is_some_and(|idle| reached(self.clock.used, idle)) }
    }

    /// When something is due next.
    fn next(&self) -> Option<Instant> {
        let Self { life, clock, .. } = self;
        let at = |since: Instant, after: Duration| (after != Duration::MAX).then(|| since + after);
        let soft = if clock.soft_told { None } else { at(clock.since, life.soft) };
        let idle = life.idle.filter(|_| !clock.idle_told).and_then(|idle| at(clock.used, idle));
        [soft, idle, at(clock.since, life.hard)].into_iter().flatten().min()
    }
}

fn index(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
