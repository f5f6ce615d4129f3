use crate::classify::{AnyCuboid, Classifier, Terms, cuboids, point, tag};
use crate::hash::HashKey;
use crate::order::{Numbers, Rank};
use crate::timer::{Step, TimerWheel};
use crate::{Direction, Lifetimes, LimitState, PolicyId, SelectorPair};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::ops::RangeInclusive;
use hashbrown::HashMap;
use ipsec_crypto_suite::{CryptoError, SecureRandom};
use ipsec_ip_packet::FlowKey;
use ipsec_types::{Instant, Spi};

mod acquire;
mod clock;
mod entry;
mod spis;

pub use acquire::Acquired;
pub use clock::Usage;
pub use entry::Entry;
pub use spis::MulticastSpi;

use acquire::Acquires;
use clock::{Clock, Due};
use spis::Spis;

/// Names an SA of a [`Sad`]; never used again after the SA is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaId {
    slot: u32,
    generation: u32,
}

/// The Security Association Database of one protocol, ESP or AH: inbound SAs by SPI, outbound SAs by policy and flow, and
/// the clock of their lifetimes (RFC 4301 §4.4.2).
///
/// `S` is what the caller keeps for an SA, in both directions; the database looks at nothing in it. Inbound SPIs are
/// reserved here first, so that they are unique; outbound ones are the peers', and two may be equal. Everything takes the
/// same time however many SAs there are.
///
/// An SA is larval while its SPI is reserved, then mature, dying once a soft limit is past, and dead from its hard limit
/// on until that was told; what the caller keeps for it is dropped as soon as it is dead.
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
    key: HashKey,
    slots: Vec<Slot<S>>,
    /// Slots to be used again, the one that waits longest first.
    free: [u32; 2],
    live: usize,
    spis: Spis,
    /// By policy the newest of its outbound SAs.
    policies: HashMap<PolicyId, Policies, HashKey>,
    outbound: Classifier,
    /// How many outbound SAs there ever were.
    inserted: u64,
    acquires: Acquires,
    timers: TimerWheel,
    events: VecDeque<SadEvent>,
    stats: SadStats,
}

/// What became of an SA, or is wanted; each comes at most once for each SA.
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
    /// A packet wants an SA: see [`Sad::acquire`].
    Acquire {
        /// The policy.
        policy: PolicyId,
        /// The packet.
        flow: FlowKey,
    },
}

/// In which part of its life an SA is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_enums, reason = "complete by nature")]
pub enum SaState {
    /// Its SPI is reserved.
    Larval,
    /// It is used.
    Mature,
    /// It is used, and past a soft limit.
    Dying,
    /// It is past a hard limit; the event was not taken yet.
    Dead,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SadStats {
    /// SAs that were inserted.
    pub inserted: u64,
    /// SAs that were removed by the caller.
    pub removed: u64,
    /// SAs that passed a soft limit.
    pub soft_expired: u64,
    /// SAs that reached a hard limit.
    pub hard_expired: u64,
    /// Times an SA was asked for.
    pub acquires: u64,
    /// Packets that wanted an SA when too many had been asked for.
    pub acquires_refused: u64,
}

/// Where an outbound SA belongs.
#[derive(Clone, Copy, Debug)]
pub struct OutboundPlace<'a> {
    /// The policy whose packets it is for.
    pub policy: PolicyId,
    /// Those of its packets that it takes.
    pub selectors: &'a Arc<SelectorPair>,
    /// The CPU it is for, where those of a policy have one each (RFC 9611); `None` is for all.
    pub cpu: Option<u32>,
}

/// Why the database refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SadError {
    /// The SPI was not reserved, or an SA uses it.
    #[error("SPI not reserved")]
    NotReserved,
    /// The SPI is in use.
    #[error("SPI in use")]
    InUse,
    /// No unused SPI was found: the range is used up, or the source of randomness repeats itself.
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

struct Slot<S> {
    generation: u32,
    state: State<S>,
}

enum State<S> {
    /// And the next one that is.
    Free(u32),
    Larval,
    Live(Live<S>),
    Dead,
}

struct Live<S> {
    sa: S,
    place: Place,
    clock: Clock,
}

enum Place {
    Inbound(Spi),
    Multicast(Box<MulticastSpi>),
    Outbound(Box<Outbound>),
}

struct Outbound {
    policy: PolicyId,
    cpu: Option<u32>,
    selectors: Arc<SelectorPair>,
    /// Its neighbours among those of the policy.
    newer: u32,
    older: u32,
}

struct Policies {
    newest: u32,
    count: usize,
}

const NONE: u32 = u32::MAX;
/// The kinds of tags that SAs of all CPUs and of one are found by.
const SHARED: u8 = 1;
const OF_CPU: u8 = 2;

impl<S> Sad<S> {
    /// An empty database; `rng` seeds its hash. Its SPIs are random in all of their bits.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Randomness`].
    pub fn new(rng: &mut dyn SecureRandom) -> Result<Self, CryptoError> {
        Self::with_layout(rng, 0)
    }

    /// An empty database whose SPIs carry, hidden behind a secret factor, where their SA is: so one is found with a single
    /// access to memory. `bits` of an SPI, 24 at most, go into that, which is enough for 2^`bits` SAs; the other bits are
    /// random. Should there be more SAs, theirs are random in all bits.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Randomness`].
    pub fn with_slots_in_spis(rng: &mut dyn SecureRandom, bits: u8) -> Result<Self, CryptoError> {
        Self::with_layout(rng, bits.clamp(1, 24).into())
    }

    fn with_layout(rng: &mut dyn SecureRandom, bits: u32) -> Result<Self, CryptoError> {
        let key = HashKey::draw(rng)?;
        Ok(Self {
            key,
            slots: Vec::new(),
            free: [NONE; 2],
            live: 0,
            spis: Spis::new(rng, bits)?,
            policies: HashMap::with_hasher(key),
            outbound: Classifier::new(rng)?,
            inserted: 0,
            acquires: Acquires::new(key),
            timers: TimerWheel::new(),
            events: VecDeque::new(),
            stats: SadStats::default(),
        })
    }

    /// Reserves an inbound SPI that nothing uses.
    ///
    /// # Errors
    ///
    /// [`SadError::Crypto`] where `rng` fails, [`SadError::NoSpi`] where it yields used or reserved numbers only,
    /// [`SadError::Full`].
    pub fn reserve(&mut self, rng: &mut dyn SecureRandom) -> Result<Spi, SadError> {
        let id = self.next_slot()?;
        let spi = self.spis.draw(rng, id.slot)?.ok_or(SadError::NoSpi)?;
        self.take_slot(id, State::Larval);
        self.spis.reserve(spi, id);
        Ok(spi)
    }

    /// Reserves an inbound SPI of a range, so that several databases can share the numbers.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve); [`SadError::NoSpi`] also where the 4,096 numbers that are tried of the range are in
    /// use.
    pub fn reserve_within(
        &mut self,
        rng: &mut dyn SecureRandom,
        range: RangeInclusive<Spi>,
    ) -> Result<Spi, SadError> {
        let spi = self.spis.draw_within(rng, *range.start(), *range.end())?.ok_or(SadError::NoSpi)?;
        self.claim(spi)?;
        Ok(spi)
    }

    /// Reserves this very SPI, for an SA that was agreed on elsewhere.
    ///
    /// # Errors
    ///
    /// [`SadError::InUse`], [`SadError::Full`].
    pub fn claim(&mut self, spi: Spi) -> Result<(), SadError> {
        if !self.spis.is_free(spi) {
            return Err(SadError::InUse);
        }
        let id = self.next_slot()?;
        self.take_slot(id, State::Larval);
        self.spis.reserve(spi, id);
        Ok(())
    }

    /// Gives back a reserved SPI that no SA came to use.
    pub fn release(&mut self, spi: Spi) {
        if let Some(id) = self.spis.release(spi) {
            self.free_slot(id);
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
        let Some(id) = self.spis.release(spi) else {
            return Err(Refused { sa, reason: SadError::NotReserved });
        };
        self.fill(id, Live { sa, place: Place::Inbound(spi), clock: Clock::new(now, life) });
        self.spis.set(spi, id);
        Ok(id)
    }

    /// Inserts an inbound SA of a multicast group.
    ///
    /// # Errors
    ///
    /// [`Refused`] gives the SA back: the group has one ([`SadError::InUse`]), or there is no room.
    pub fn insert_multicast(
        &mut self,
        now: Instant,
        spi: MulticastSpi,
        sa: S,
        life: Lifetimes,
    ) -> Result<SaId, Refused<S>> {
        if self.spis.has_multicast(&spi) {
            return Err(Refused { sa, reason: SadError::InUse });
        }
        let id = match self.next_slot() {
            Ok(id) => id,
            Err(reason) => return Err(Refused { sa, reason }),
        };
        self.take_slot(id, State::Larval);
        self.fill(id, Live { sa, place: Place::Multicast(Box::new(spi)), clock: Clock::new(now, life) });
        self.spis.set_multicast(spi, id);
        Ok(id)
    }

    /// Inserts an outbound SA for packets of a policy. It takes them over from older ones.
    ///
    /// # Errors
    ///
    /// [`Refused`] gives the SA back.
    pub fn insert_outbound(
        &mut self,
        now: Instant,
        place: OutboundPlace<'_>,
        sa: S,
        life: Lifetimes,
    ) -> Result<SaId, Refused<S>> {
        let id = match self.next_slot() {
            Ok(id) => id,
            Err(reason) => return Err(Refused { sa, reason }),
        };
        self.take_slot(id, State::Larval);
        let OutboundPlace { policy, selectors, cpu } = place;
        let (cuboids, _) = cuboids(selectors);
        let of_policy = self.policies.entry(policy).or_insert(Policies { newest: NONE, count: 0 });
        of_policy.count += 1;
        let older = core::mem::replace(&mut of_policy.newest, id.slot);
        if let Some(outbound) = self.outbound_mut(older) {
            outbound.newer = id.slot;
        }
        let outbound = Outbound { policy, cpu, selectors: Arc::clone(selectors), newer: NONE, older };
        self.fill(id, Live { sa, place: Place::Outbound(Box::new(outbound)), clock: Clock::new(now, life) });
        self.classify(id, policy, cpu, &cuboids);
        self.acquires.came(policy, selectors);
        Ok(id)
    }

    /// The inbound SA that an SPI names.
    #[inline]
    pub fn by_spi(&self, spi: Spi) -> Option<SaId> {
        self.spis.get(spi)
    }

    /// The inbound SAs that the SPIs of a burst of packets name, so that the accesses to memory overlap: each of `ids` is
    /// set to that of the SPI at the same place, as far as both reach.
    pub fn by_spis(&self, spis: &[Spi], ids: &mut [Option<SaId>]) {
        for (spi, id) in spis.iter().zip(ids) {
            *id = self.spis.get(*spi);
        }
    }

    /// The inbound SA of a packet: that of a multicast group and sender, else that of a group, else that of the SPI alone
    /// (RFC 4301 §4.1).
    pub fn by_packet(&self, spi: Spi, source: IpAddr, destination: IpAddr) -> Option<SaId> {
        self.spis.of_packet(spi, source, destination)
    }

    /// The outbound SAs of a policy, the newest first.
    pub fn by_policy(&self, policy: PolicyId) -> impl Iterator<Item = SaId> + '_ {
        let newest = self.policies.get(&policy).map(|own| own.newest);
        core::iter::successors(newest, |slot| self.outbound_of(*slot).map(|outbound| outbound.older))
            .map_while(|slot| {
                self.slots.get(index(slot)).map(|own| SaId { slot, generation: own.generation })
            })
    }

    /// How many outbound SAs a policy has.
    pub fn count_of(&self, policy: PolicyId) -> usize {
        self.policies.get(&policy).map_or(0, |own| own.count)
    }

    /// The newest outbound SA of a policy that takes a flow and is for all CPUs.
    #[inline]
    pub fn outbound(&self, policy: PolicyId, flow: &FlowKey) -> Option<SaId> {
        self.find_outbound(policy, flow, None)
    }

    /// The newest outbound SA of a policy that takes a flow and is for this CPU, else one for all (RFC 9611).
    pub fn outbound_on(&self, policy: PolicyId, flow: &FlowKey, cpu: u32) -> Option<SaId> {
        self.find_outbound(policy, flow, Some(cpu)).or_else(|| self.find_outbound(policy, flow, None))
    }

    /// What the caller keeps for an SA; `None` once it is gone.
    #[inline]
    pub fn get(&self, id: SaId) -> Option<&S> {
        self.live(id).map(|live| &live.sa)
    }

    /// An SA to be used; `None` once it is gone.
    pub fn entry(&mut self, id: SaId) -> Option<Entry<'_, S>> {
        self.live(id)?;
        Some(Entry::new(self, id))
    }

    /// In which part of its life an SA is; `None` once it is forgotten.
    pub fn state(&self, id: SaId) -> Option<SaState> {
        let slot = self.slots.get(index(id.slot)).filter(|slot| slot.generation == id.generation)?;
        match &slot.state {
            State::Free(_) => None,
            State::Larval => Some(SaState::Larval),
            State::Live(live) if live.clock.soft_told => Some(SaState::Dying),
            State::Live(_) => Some(SaState::Mature),
            State::Dead => Some(SaState::Dead),
        }
    }

    /// The SA that a reserved SPI will name.
    pub fn larval(&self, spi: Spi) -> Option<SaId> {
        self.spis.reserved(spi)
    }

    /// How an SA was used; `None` once it is gone.
    pub fn usage(&self, id: SaId) -> Option<Usage> {
        self.live(id).map(|live| live.clock.usage())
    }

    /// Takes an SA out, and with it its events that were not taken.
    pub fn remove(&mut self, id: SaId) -> Option<S> {
        let sa = self.take(id)?;
        self.free_slot(id);
        self.stats.removed += 1;
        Some(sa)
    }

    /// How many SAs there are, in both directions.
    pub const fn len(&self) -> usize {
        self.live
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many SPIs are reserved and not used.
    pub fn reserved(&self) -> usize {
        self.spis.larval()
    }

    /// What happened so far.
    pub const fn stats(&self) -> SadStats {
        self.stats
    }

    /// A packet of a policy finds no SA: has [`SadEvent::Acquire`] come, unless it came already. With `per_flow` each flow
    /// gets an event of its own, for a policy that [populates](crate::Populate) selectors.
    ///
    /// It comes again where no SA was inserted for 30 s. At most 256 of a policy and 65,536 in all are under way.
    pub fn acquire(&mut self, now: Instant, policy: PolicyId, flow: &FlowKey, per_flow: bool) -> Acquired {
        let acquired = self.acquires.ask(now, policy, per_flow.then_some(flow));
        match acquired {
            Acquired::Asked => {
                self.stats.acquires += 1;
                self.events.push_back(SadEvent::Acquire { policy, flow: *flow });
            }
            Acquired::Pending => {}
            Acquired::Busy => self.stats.acquires_refused += 1,
        }
        acquired
    }

    /// No SA will come for a policy: its next packet asks anew.
    pub fn give_up(&mut self, policy: PolicyId) {
        self.acquires.give_up(policy);
    }

    /// Lets time pass. Early, late and repeated calls do no harm; at most [`SLICE`](Self::SLICE) SAs are looked at in one
    /// call, and [`poll_timeout`](Self::poll_timeout) says where more are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        let mut expired = 0;
        for _ in 0..2 * Self::SLICE {
            let slot = match self.timers.step(now) {
                Step::Due(slot) => slot,
                Step::Moved => continue,
                Step::Idle => return,
            };
            let Some(own) = self.slots.get(index(slot)) else { continue };
            let id = SaId { slot, generation: own.generation };
            let Some(due) = self.live(id).map(|live| live.clock.at(now)) else { continue };
            self.apply(id, &due);
            self.arm(id);
            expired += 1;
            if expired == Self::SLICE {
                return;
            }
        }
    }

    /// How many SAs one [`handle_timeout`](Self::handle_timeout) looks at.
    pub const SLICE: usize = 1024;

    /// When [`handle_timeout`](Self::handle_timeout) is due next; never late, and early at times where an SA was removed.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<SadEvent> {
        loop {
            let event = self.events.pop_front()?;
            match event {
                SadEvent::Acquire { .. } => return Some(event),
                SadEvent::SoftExpired { id } | SadEvent::Idle { id } => {
                    // Gone if the SA was removed.
                    if self.state(id).is_some() {
                        return Some(event);
                    }
                }
                SadEvent::HardExpired { id } => {
                    self.free_slot(id);
                    return Some(event);
                }
            }
        }
    }

    fn find_outbound(&self, policy: PolicyId, flow: &FlowKey, cpu: Option<u32>) -> Option<SaId> {
        let mut point = point(Direction::Outbound, flow);
        point.tags[usize::from(cpu.is_some())] = self.tag(policy, cpu);
        let takes = |slot: u32| {
            self.outbound_of(slot).is_some_and(|own| {
                own.policy == policy && own.cpu == cpu && own.selectors.matches(Direction::Outbound, flow)
            })
        };
        let found = self.outbound.first(&point, &Numbers, takes)?;
        Some(SaId { slot: found.owner, generation: found.note })
    }

    fn tag(&self, policy: PolicyId, cpu: Option<u32>) -> u32 {
        let hash = self.key.hash(policy.number());
        match cpu {
            None => tag(SHARED, hash),
            Some(cpu) => tag(OF_CPU, self.key.chain(hash, cpu.into())),
        }
    }

    fn classify(&mut self, id: SaId, policy: PolicyId, cpu: Option<u32>, cuboids: &[AnyCuboid]) {
        // The newest comes first.
        self.inserted += 1;
        let rank = Rank::of((u64::MAX - 1).saturating_sub(self.inserted));
        let tag = self.tag(policy, cpu);
        self.outbound.insert(
            Terms { owner: id.slot, note: id.generation, rank, classes: u8::MAX, tag, ask: true },
            cuboids,
            &Numbers,
        );
    }

    /// The slot that is filled next.
    fn next_slot(&self) -> Result<SaId, SadError> {
        let [first, _] = self.free;
        if let Some(slot) = self.slots.get(index(first)) {
            return Ok(SaId { slot: first, generation: slot.generation });
        }
        let slot = u32::try_from(self.slots.len()).ok().filter(|slot| *slot < NONE).ok_or(SadError::Full)?;
        Ok(SaId { slot, generation: 0 })
    }

    fn take_slot(&mut self, id: SaId, state: State<S>) {
        match self.slots.get_mut(index(id.slot)) {
            Some(slot) => {
                if let State::Free(next) = core::mem::replace(&mut slot.state, state) {
                    self.free[0] = next;
                    if next == NONE {
                        self.free[1] = NONE;
                    }
                }
            }
            None => self.slots.push(Slot { generation: id.generation, state }),
        }
    }

    fn free_slot(&mut self, id: SaId) {
        let Some(slot) = self.slots.get_mut(index(id.slot)).filter(|slot| slot.generation == id.generation)
        else {
            return;
        };
        slot.generation = slot.generation.wrapping_add(1);
        slot.state = State::Free(NONE);
        // A slot whose generations are used up is never filled again.
        if slot.generation == 0 {
            return;
        }
        let last = core::mem::replace(&mut self.free[1], id.slot);
        match self.slots.get_mut(index(last)) {
            Some(before) => before.state = State::Free(id.slot),
            None => self.free[0] = id.slot,
        }
    }

    /// Puts an SA into a slot that was taken.
    fn fill(&mut self, id: SaId, live: Live<S>) {
        if let Some(slot) = self.slots.get_mut(index(id.slot)) {
            slot.state = State::Live(live);
        }
        self.live += 1;
        self.stats.inserted += 1;
        self.arm(id);
    }

    /// Takes an SA out of everything but its slot.
    fn take(&mut self, id: SaId) -> Option<S> {
        self.live(id)?;
        let slot = self.slots.get_mut(index(id.slot))?;
        let State::Live(live) = core::mem::replace(&mut slot.state, State::Dead) else { return None };
        self.live -= 1;
        self.timers.cancel(id.slot);
        match live.place {
            Place::Inbound(spi) => self.spis.remove(spi, id),
            Place::Multicast(spi) => self.spis.remove_multicast(&spi),
            Place::Outbound(outbound) => self.unlink(id.slot, &outbound),
        }
        Some(live.sa)
    }

    fn unlink(&mut self, slot: u32, outbound: &Outbound) {
        self.outbound.remove(slot, &Numbers);
        let Outbound { policy, newer, older, .. } = *outbound;
        if let Some(own) = self.outbound_mut(older) {
            own.newer = newer;
        }
        if let Some(own) = self.outbound_mut(newer) {
            own.older = older;
        }
        if let Some(own) = self.policies.get_mut(&policy) {
            own.count -= 1;
            if newer == NONE {
                own.newest = older;
            }
            if own.count == 0 {
                self.policies.remove(&policy);
            }
        }
    }

    fn outbound_of(&self, slot: u32) -> Option<&Outbound> {
        match &self.slots.get(index(slot))?.state {
            State::Live(Live { place: Place::Outbound(outbound), .. }) => Some(outbound),
            State::Live(_) | State::Free(_) | State::Larval | State::Dead => None,
        }
    }

    fn outbound_mut(&mut self, slot: u32) -> Option<&mut Outbound> {
        match &mut self.slots.get_mut(index(slot))?.state {
            State::Live(Live { place: Place::Outbound(outbound), .. }) => Some(outbound),
            State::Live(_) | State::Free(_) | State::Larval | State::Dead => None,
        }
    }

    #[inline]
    fn live(&self, id: SaId) -> Option<&Live<S>> {
        match &self.slots.get(index(id.slot)).filter(|slot| slot.generation == id.generation)?.state {
            State::Live(live) => Some(live),
            State::Free(_) | State::Larval | State::Dead => None,
        }
    }

    fn live_mut(&mut self, id: SaId) -> Option<&mut Live<S>> {
        match &mut self.slots.get_mut(index(id.slot)).filter(|slot| slot.generation == id.generation)?.state {
            State::Live(live) => Some(live),
            State::Free(_) | State::Larval | State::Dead => None,
        }
    }

    /// Reports what is new about an SA, and ends it at its hard limit.
    fn apply(&mut self, id: SaId, due: &Due) {
        let Some(live) = self.live_mut(id) else { return };
        if due.limit >= LimitState::Soft && !live.clock.soft_told {
            live.clock.soft_told = true;
            self.stats.soft_expired += 1;
            self.events.push_back(SadEvent::SoftExpired { id });
        } else if due.idle && !live.clock.idle_told {
            live.clock.idle_told = true;
            self.events.push_back(SadEvent::Idle { id });
        }
        if due.limit == LimitState::Hard {
            self.stats.hard_expired += 1;
            self.events.push_back(SadEvent::HardExpired { id });
            self.take(id);
        }
    }

    /// Sets the timer of an SA to what comes next.
    fn arm(&mut self, id: SaId) {
        if let Some(next) = self.live(id).and_then(|live| live.clock.next()) {
            self.timers.arm(id.slot, next);
        }
    }
}

impl<S> fmt::Debug for Sad<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sad")
            .field("sas", &self.len())
            .field("reserved", &self.reserved())
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

fn index(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
