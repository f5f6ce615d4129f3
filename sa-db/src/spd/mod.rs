use crate::classify::{Classifier, Found, Terms, cuboids, point, tag};
use crate::hash::HashKey;
use crate::index::Index;
use crate::order::{Changes, Keys as _, Order, Rank};
use crate::segments::Segments;
use crate::{Direction, Directions, Policy, PolicyAction, Scope, SelectorPair, Traffic};
use alloc::sync::Arc;
use core::fmt;
use ipsec_crypto_suite::{CryptoError, SecureRandom};
use ipsec_ip_packet::FlowKey;

mod cache;
mod decorrelate;

pub use cache::{CacheSizes, SpdCaches};
pub use decorrelate::{Decorrelated, TooManyEntries};

/// Names a policy of an [`Spd`]; never used again after its removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyId {
    slot: u32,
    generation: u32,
}

impl PolicyId {
    /// As one number.
    pub(crate) fn number(self) -> u64 {
        u64::from(self.slot) << 32 | u64::from(self.generation)
    }

    const fn of(found: Found) -> Self {
        Self { slot: found.owner, generation: found.note >> 2 }
    }

    /// What the classifier keeps: the generation and the kind of action.
    const fn note(self, action: &PolicyAction) -> u32 {
        let kind = match action {
            PolicyAction::Bypass => Kind::Bypass,
            PolicyAction::Discard => Kind::Discard,
            PolicyAction::Protect(_) => Kind::Protect,
        };
        self.generation << 2 | kind.bits()
    }
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "RFC 4301 §4.4.1 has these three")]
pub enum Action<'s> {
    /// It crosses the boundary as it is.
    Bypass,
    /// It does not cross it: a policy says so, or none takes it (RFC 4301 §5).
    Discard,
    /// It crosses it protected.
    Protect {
        /// The policy that takes it.
        id: PolicyId,
        /// How it is protected. Whoever changes the SPD while the packet is sealed keeps a clone.
        policy: &'s Arc<Policy>,
    },
}

/// The Security Policy Database: an ordered list of policies, the first that takes a packet decides (RFC 4301 §4.4.1).
///
/// A lookup does not go through the list: it takes about as long for a hundred thousand policies as for a hundred. That
/// the first policy decides holds all the same, and an insertion or removal leaves the rest as it is.
///
/// ```
/// use ipsec_ip_packet::FlowKey;
/// use ipsec_sa_db::{Action, Direction, Policy, PolicyAction, SelectorPair, Spd};
/// # struct Random(u8);
/// # impl ipsec_crypto_suite::SecureRandom for Random {
/// #     fn fill(&mut self, out: &mut [u8]) -> Result<(), ipsec_crypto_suite::CryptoError> {
/// #         for octet in out { self.0 = self.0.wrapping_mul(181).wrapping_add(101); *octet = self.0; }
/// #         Ok(())
/// #     }
/// # }
/// # let mut rng = Random(1);
///
/// let mut spd = Spd::new(&mut rng)?; // seeds its hash
/// # let packet = [
/// #     0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1, 0x1e, 0x60, 0x1e, 0x61, 0, 8, 0, 0,
/// # ];
/// let flow = FlowKey::of(&packet)?;
/// assert!(matches!(spd.lookup(Direction::Outbound, &flow), Action::Discard)); // no policy, no passage
///
/// let id = spd.insert(None, Policy::new(SelectorPair::any(), PolicyAction::Bypass))?;
/// assert!(matches!(spd.lookup(Direction::Outbound, &flow), Action::Bypass));
/// assert!(spd.remove(id).is_some());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Spd {
    key: HashKey,
    slots: Segments<Slot>,
    /// The first of the slots that are free, or [`NONE`].
    free: u32,
    order: Order,
    classifier: Classifier,
    /// By the hash of the address of a policy its slot.
    by_policy: Index,
    nobody: Arc<Policy>,
    /// Counts changes, so that a cache sees that it is out of date.
    changes: u64,
}

struct Slot {
    /// One that takes nothing where there is none: so a look-up need not ask.
    policy: Arc<Policy>,
    /// `None` where there is no policy.
    rank: Option<Rank>,
    generation: u32,
    /// The next that is free, where this one is.
    next_free: u32,
}

const NONE: u32 = u32::MAX;

/// What becomes of the packets of a policy, without looking at it.
#[derive(Clone, Copy)]
enum Kind {
    Bypass,
    Discard,
    Protect,
}

impl Kind {
    const fn bits(self) -> u32 {
        match self {
            Self::Bypass => 0,
            Self::Discard => 1,
            Self::Protect => 2,
        }
    }

    const fn of(found: Found) -> Self {
        match found.note & 3 {
            0 => Self::Bypass,
            2 => Self::Protect,
            _ => Self::Discard,
        }
    }
}

/// Generations have 30 bits.
const LAST_GENERATION: u32 = (1 << 30) - 1;

/// The kinds of tags that policies of an interface, of an exact mark and of both are found by.
const INTERFACE: u8 = 1;
const MARK: u8 = 2;
const BOTH: u8 = 3;

impl Spd {
    /// Without policies: it discards everything. `rng` seeds its hash.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Randomness`].
    pub fn new(rng: &mut dyn SecureRandom) -> Result<Self, CryptoError> {
        let key = HashKey::draw(rng)?;
        Ok(Self {
            key,
            slots: Segments::new(),
            free: NONE,
            order: Order::new(),
            classifier: Classifier::new(rng)?,
            by_policy: Index::new(),
            nobody: Arc::new(Policy::new(SelectorPair::default(), PolicyAction::Discard)),
            changes: 0,
        })
    }

    /// Inserts a policy in front of another, or at the end.
    ///
    /// # Errors
    ///
    /// [`SpdError::UnknownPolicy`] where `before` is not there, [`SpdError::EmptySelectors`] for a policy that could take
    /// no packet, [`SpdError::TunnelEnds`], [`SpdError::Full`].
    pub fn insert(&mut self, before: Option<PolicyId>, policy: Policy) -> Result<PolicyId, SpdError> {
        let (cuboids, more) = cuboids(&policy.selectors);
        if cuboids.is_empty() || policy.scope.directions.bits() == 0 {
            return Err(SpdError::EmptySelectors);
        }
        if policy.protect().is_some_and(|protect| !protect.tunnel_header.is_possible()) {
            return Err(SpdError::TunnelEnds);
        }
        let before = match before {
            None => None,
            Some(before) => {
                Some(self.entry(before).and_then(|slot| slot.rank).ok_or(SpdError::UnknownPolicy)?)
            }
        };
        let number = self.free_slot()?;
        let (rank, changes) = self.order.insert(before, number).ok_or(SpdError::Full)?;
        self.follow(&changes);
        let slot = self.slots.get_mut(index(number)).ok_or(SpdError::Full)?;
        self.free = slot.next_free;
        let id = PolicyId { slot: number, generation: slot.generation };
        let tag = scope_tag(self.key, &policy.scope);
        let ask = more || tag != 0 || policy.scope.mark.is_some() || !policy.scope.names.is_empty();
        let (note, classes) = (id.note(&policy.action), policy.scope.directions.bits());
        let terms = Terms { owner: number, note, rank, classes, tag, ask };
        slot.policy = Arc::new(policy);
        slot.rank = Some(rank);
        self.by_policy.set(address_hash(self.key, &slot.policy), number);
        self.classifier.insert(terms, &cuboids, self.order.labels());
        self.changes += 1;
        Ok(id)
    }

    /// Removes a policy.
    pub fn remove(&mut self, id: PolicyId) -> Option<Arc<Policy>> {
        self.entry(id)?;
        let slot = self.slots.get_mut(index(id.slot))?;
        let rank = slot.rank.take()?;
        let policy = core::mem::replace(&mut slot.policy, Arc::clone(&self.nobody));
        slot.generation += 1;
        // A slot whose generations are used up is never filled again.
        if slot.generation <= LAST_GENERATION {
            slot.next_free = core::mem::replace(&mut self.free, id.slot);
        }
        self.classifier.remove(id.slot, self.order.labels());
        let changes = self.order.remove(rank);
        self.follow(&changes);
        let hash = address_hash(self.key, &policy);
        if self.by_policy.get(hash) == Some(id.slot) {
            self.by_policy.remove(hash);
        }
        self.changes += 1;
        Some(policy)
    }

    /// A slot that is free, and the first of those.
    fn free_slot(&mut self) -> Result<u32, SpdError> {
        if self.free == NONE {
            let number = u32::try_from(self.slots.len()).ok().filter(|number| *number < NONE);
            self.free = number.ok_or(SpdError::Full)?;
            let policy = Arc::clone(&self.nobody);
            self.slots.push(Slot { policy, rank: None, generation: 0, next_free: NONE });
        }
        Ok(self.free)
    }

    /// Takes over what changed in the order of the policies that are there.
    fn follow(&mut self, changes: &Changes) {
        for (number, rank) in &changes.moved {
            if let Some(slot) = self.slots.get_mut(index(*number)) {
                slot.rank = Some(*rank);
            }
        }
        self.classifier.follow(changes, self.order.labels());
    }

    /// What becomes of a packet that crosses the boundary in this direction, on no interface and without a mark.
    #[inline]
    pub fn lookup(&self, direction: Direction, flow: &FlowKey) -> Action<'_> {
        self.lookup_traffic(&Traffic::new(direction, flow))
    }

    /// What becomes of a packet.
    #[inline]
    pub fn lookup_traffic(&self, traffic: &Traffic<'_>) -> Action<'_> {
        self.first(traffic).map_or(Action::Discard, |found| self.action(found))
    }

    /// The first policy that takes a packet.
    pub fn find(&self, traffic: &Traffic<'_>) -> Option<(PolicyId, &Arc<Policy>)> {
        let found = self.first(traffic)?;
        self.slots.get(index(found.owner)).map(|slot| (PolicyId::of(found), &slot.policy))
    }

    /// The policy of this name; `None` once it was removed.
    pub fn get(&self, id: PolicyId) -> Option<&Arc<Policy>> {
        self.entry(id).map(|slot| &slot.policy)
    }

    /// The name of a policy: of this very one, not of one that is equal.
    pub fn id_of(&self, policy: &Arc<Policy>) -> Option<PolicyId> {
        let of = |number: u32| {
            let slot = self.slots.get(index(number)).filter(|slot| Arc::ptr_eq(&slot.policy, policy))?;
            slot.rank.map(|_| PolicyId { slot: number, generation: slot.generation })
        };
        // Two addresses may have one hash: then all are looked through.
        let number = self.by_policy.get(address_hash(self.key, policy));
        number.and_then(of).or_else(|| self.order.iter().find_map(of))
    }

    /// Whether the policy `first` stands in front of the policy `second`, so that of a packet that both take it decides; no
    /// where one of them was removed.
    pub fn comes_before(&self, first: PolicyId, second: PolicyId) -> bool {
        let key = |id| self.entry(id)?.rank.map(|rank| self.order.labels().key(rank));
        key(first).zip(key(second)).is_some_and(|(first, second)| first < second)
    }

    /// The policies in order.
    pub fn policies(&self) -> impl Iterator<Item = (PolicyId, &Arc<Policy>)> {
        self.order.iter().filter_map(|number| {
            let slot = self.slots.get(index(number))?;
            Some((PolicyId { slot: number, generation: slot.generation }, &slot.policy))
        })
    }

    /// How many policies there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Octets of memory that lookups use, spare room included; the policies themselves come on top.
    pub fn octets(&self) -> usize {
        self.slots.octets() + self.order.octets() + self.classifier.octets() + self.by_policy.octets()
    }

    #[inline]
    fn first(&self, traffic: &Traffic<'_>) -> Option<Found> {
        let mut point = point(traffic.direction, traffic.flow);
        point.classes = Directions::of(traffic.direction).bits();
        if traffic.interface.is_some() || traffic.mark != 0 {
            point.tags = traffic_tags(self.key, traffic);
        }
        let takes = |number| self.slots.get(index(number)).is_some_and(|slot| slot.policy.takes(traffic));
        self.classifier.first(&point, self.order.labels(), takes)
    }

    #[inline]
    fn action(&self, found: Found) -> Action<'_> {
        match (Kind::of(found), self.slots.get(index(found.owner))) {
            (Kind::Protect, Some(slot)) => Action::Protect { id: PolicyId::of(found), policy: &slot.policy },
            (Kind::Bypass, _) => Action::Bypass,
            (Kind::Discard, _) | (Kind::Protect, None) => Action::Discard,
        }
    }

    fn entry(&self, id: PolicyId) -> Option<&Slot> {
        self.slots.get(index(id.slot)).filter(|slot| slot.generation == id.generation && slot.rank.is_some())
    }
}

impl fmt::Debug for Spd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.policies().map(|(_, policy)| policy)).finish()
    }
}

/// What the policies of a scope are found by beside selectors: the interface, and the mark where all of it counts.
fn scope_tag(key: HashKey, scope: &Scope) -> u32 {
    let mark = scope.mark.filter(|mark| mark.mask == u32::MAX && mark.value != 0).map(|mark| mark.value);
    match (scope.interface, mark) {
        (None, None) => 0,
        (Some(interface), None) => tag(INTERFACE, key.hash(interface.0.into())),
        (None, Some(mark)) => tag(MARK, key.hash(mark.into())),
        (Some(interface), Some(mark)) => tag(BOTH, key.hash(u64::from(interface.0) << 32 | u64::from(mark))),
    }
}

/// The tags of all scopes that a packet may be in.
fn traffic_tags(key: HashKey, traffic: &Traffic<'_>) -> [u32; 3] {
    let interface = traffic.interface.map_or(0, |own| tag(INTERFACE, key.hash(own.0.into())));
    if traffic.mark == 0 {
        return [interface, 0, 0];
    }
    let mark = u64::from(traffic.mark);
    let both = traffic.interface.map_or(0, |own| tag(BOTH, key.hash(u64::from(own.0) << 32 | mark)));
    [interface, tag(MARK, key.hash(mark)), both]
}

/// Two addresses may have the same.
fn address_hash(key: HashKey, policy: &Arc<Policy>) -> u32 {
    let address = u64::try_from(Arc::as_ptr(policy).addr()).unwrap_or(u64::MAX);
    u32::try_from(key.hash(address) >> 32).unwrap_or_default()
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Why a policy is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SpdError {
    /// The policy to insert before is not there.
    #[error("unknown policy")]
    UnknownPolicy,
    /// One end of the selectors takes nothing, both ends have nothing in common, or no direction is meant.
    #[error("selectors that take no packet")]
    EmptySelectors,
    /// The fixed ends of its tunnel are of different families.
    #[error("ends of a tunnel of different families")]
    TunnelEnds,
    /// As many policies as there can be.
    #[error("too many policies")]
    Full,
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
