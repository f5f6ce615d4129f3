use crate::classify::Found;
use crate::hash::HashKey;
use crate::spd::{Action, Kind, Spd};
use crate::{Direction, InterfaceId, Policy, Traffic};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::hash::BuildHasher as _;
use ipsec_crypto_suite::{CryptoError, SecureRandom};
use ipsec_ip_packet::FlowKey;

/// Flow caches in front of an [`Spd`], the three of RFC 4301 §4.4.1: SPD-S for what is protected, SPD-O for what else goes
/// out, SPD-I for what else comes in or passes through.
///
/// They are apart so that a flood of packets that are to be discarded pushes no protected flow out. What they say is what
/// the SPD says: a change there empties them, and so does a look-up for another SPD. Flows of packets with names are not kept.
///
/// ```
/// use ipsec_ip_packet::{FlowKey, Ports};
/// use ipsec_sa_db::{Action, CacheSizes, Direction, Policy, PolicyAction, SelectorPair, Spd, SpdCaches, Traffic};
/// use ipsec_types::IpProtocol;
/// # struct Random(u8);
/// # impl ipsec_crypto_suite::SecureRandom for Random {
/// #     fn fill(&mut self, out: &mut [u8]) -> Result<(), ipsec_crypto_suite::CryptoError> {
/// #         for octet in out { self.0 = self.0.wrapping_mul(181).wrapping_add(101); *octet = self.0; }
/// #         Ok(())
/// #     }
/// # }
/// # let mut rng = Random(1);
///
/// let mut spd = Spd::new(&mut rng)?;
/// let mut caches = SpdCaches::new(&mut rng, CacheSizes::default())?;
/// let [source, destination] = ["10.1.0.1", "10.2.0.1"].map(|text| text.parse().unwrap());
/// let flow = FlowKey { source, destination, protocol: IpProtocol::UDP, ports: Ports::Ports { source: 1, destination: 2 } };
/// let traffic = Traffic::new(Direction::Outbound, &flow);
/// assert!(matches!(caches.lookup(&spd, &traffic), Action::Discard));
/// spd.insert(None, Policy::new(SelectorPair::any(), PolicyAction::Bypass))?;
/// assert!(matches!(caches.lookup(&spd, &traffic), Action::Bypass));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct SpdCaches {
    key: HashKey,
    /// The SPD that they are in front of: what no two have in common, kept so that none comes to have it later.
    of: Option<Arc<Policy>>,
    /// As many changes that SPD had seen.
    changes: u64,
    /// How often either was another.
    epoch: u64,
    secure: Cache,
    outbound: Cache,
    inbound: Cache,
}

/// How many flows each of the [`SpdCaches`] keeps, rounded up to a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CacheSizes {
    /// Of SPD-S.
    pub secure: usize,
    /// Of SPD-O.
    pub outbound: usize,
    /// Of SPD-I.
    pub inbound: usize,
}

impl Default for CacheSizes {
    /// 4,096 and twice 1,024.
    fn default() -> Self {
        Self { secure: 4096, outbound: 1024, inbound: 1024 }
    }
}

/// Sets of [`WAYS`] flows; a new flow takes the place of the oldest of its set.
struct Cache {
    sets: Box<[[Option<Held>; WAYS]]>,
}

#[derive(Clone, Copy)]
struct Held {
    /// Entries of an older epoch count for nothing.
    epoch: u64,
    flow: FlowKey,
    direction: Direction,
    interface: Option<InterfaceId>,
    mark: u32,
    /// The policy; `None` where none takes the flow.
    policy: Option<Found>,
}

const WAYS: usize = 4;
/// More flows are not kept by one cache.
const MOST: usize = 1 << 24;

impl SpdCaches {
    /// Empty caches; `rng` seeds their hash.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Randomness`].
    pub fn new(rng: &mut dyn SecureRandom, sizes: CacheSizes) -> Result<Self, CryptoError> {
        let cache = |flows: usize| {
            let sets = flows.clamp(WAYS, MOST).next_power_of_two() / WAYS;
            Cache { sets: alloc::vec![[None; WAYS]; sets].into_boxed_slice() }
        };
        Ok(Self {
            key: HashKey::draw(rng)?,
            of: None,
            changes: 0,
            epoch: 0,
            secure: cache(sizes.secure),
            outbound: cache(sizes.outbound),
            inbound: cache(sizes.inbound),
        })
    }

    /// What becomes of a packet, as [`Spd::lookup_traffic`] says.
    pub fn lookup<'s>(&mut self, spd: &'s Spd, traffic: &Traffic<'_>) -> Action<'s> {
        if traffic.name.is_some() {
            return spd.lookup_traffic(traffic);
        }
        self.follow(spd);
        let hash = self.key.hash_one((traffic.flow, traffic.interface, traffic.mark, traffic.direction));
        let other = match traffic.direction {
            Direction::Outbound => &self.outbound,
            Direction::Inbound | Direction::Forward => &self.inbound,
        };
        if let Some(held) =
            [&self.secure, other].into_iter().find_map(|cache| cache.get(hash, self.epoch, traffic))
        {
            return held.map_or(Action::Discard, |found| spd.action(found));
        }
        let policy = spd.first(traffic);
        let cache = match (policy.map(Kind::of), traffic.direction) {
            (Some(Kind::Protect), _) => &mut self.secure,
            (_, Direction::Outbound) => &mut self.outbound,
            (_, Direction::Inbound | Direction::Forward) => &mut self.inbound,
        };
        cache.put(hash, self.epoch, traffic, policy);
        policy.map_or(Action::Discard, |found| spd.action(found))
    }

    /// Forgets all that another SPD said, or this one before it changed.
    #[inline]
    fn follow(&mut self, spd: &Spd) {
        let same = self.of.as_ref().is_some_and(|own| Arc::ptr_eq(own, &spd.nobody));
        if !same {
            self.of = Some(Arc::clone(&spd.nobody));
        }
        if !same || self.changes != spd.changes {
            self.changes = spd.changes;
            self.epoch += 1;
        }
    }
}

impl Cache {
    fn get(&self, hash: u64, epoch: u64, traffic: &Traffic<'_>) -> Option<Option<Found>> {
        let set = self.sets.get(self.set(hash))?;
        set.iter().flatten().find(|held| held.epoch == epoch && held.is(traffic)).map(|held| held.policy)
    }

    fn put(&mut self, hash: u64, epoch: u64, traffic: &Traffic<'_>, policy: Option<Found>) {
        let place = self.set(hash);
        let Some(set) = self.sets.get_mut(place) else { return };
        set.rotate_right(1);
        let Traffic { direction, flow, interface, mark, .. } = *traffic;
        set[0] = Some(Held { epoch, flow: *flow, direction, interface, mark, policy });
    }

    fn set(&self, hash: u64) -> usize {
        usize::try_from(hash >> 16).unwrap_or(usize::MAX) & self.sets.len().saturating_sub(1)
    }
}

impl Held {
    fn is(&self, traffic: &Traffic<'_>) -> bool {
        self.flow == *traffic.flow
            && self.direction == traffic.direction
            && self.interface == traffic.interface
            && self.mark == traffic.mark
    }
}

impl fmt::Debug for SpdCaches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flows = |cache: &Cache| cache.sets.len() * WAYS;
        f.debug_struct("SpdCaches")
            .field("secure", &flows(&self.secure))
            .field("outbound", &flows(&self.outbound))
            .field("inbound", &flows(&self.inbound))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChildProposal, PeerId, PolicyAction, Protect, SelectorPair};
    use ipsec_ip_packet::Ports;
    use ipsec_types::IpProtocol;
    use testkit::Seeded;

    fn spd(action: PolicyAction) -> Spd {
        let mut spd = Spd::new(&mut Seeded(1)).unwrap();
        spd.insert(None, Policy::new(SelectorPair::any(), action)).unwrap();
        spd
    }

    #[test]
    fn what_one_spd_said_is_not_said_for_another() {
        let protect = Protect::tunnel(PeerId(1), ChildProposal::recommended());
        let protects = spd(PolicyAction::Protect(protect));
        let (discards, bypasses) = (spd(PolicyAction::Discard), spd(PolicyAction::Bypass));
        let mut caches = SpdCaches::new(&mut Seeded(1), CacheSizes::default()).unwrap();
        let [source, destination] = [[10, 1, 0, 1], [10, 2, 0, 1]].map(Into::into);
        let ports = Ports::Ports { source: 1, destination: 2 };
        let flow = FlowKey { source, destination, protocol: IpProtocol::UDP, ports };
        for direction in [Direction::Outbound, Direction::Inbound, Direction::Forward] {
            let traffic = Traffic::new(direction, &flow);
            for _ in 0..3 {
                assert!(matches!(caches.lookup(&discards, &traffic), Action::Discard));
                assert!(matches!(caches.lookup(&bypasses, &traffic), Action::Bypass));
                let found = caches.lookup(&protects, &traffic);
                assert!(matches!(found, Action::Protect { policy, .. } if policy.protect().is_some()));
            }
        }
        // Nor for one that comes to be at the place of one that is gone.
        drop(discards);
        let mut place = bypasses;
        let traffic = Traffic::new(Direction::Outbound, &flow);
        assert!(matches!(caches.lookup(&place, &traffic), Action::Bypass));
        for _ in 0..9 {
            place = spd(PolicyAction::Discard);
            assert!(matches!(caches.lookup(&place, &traffic), Action::Discard));
            place = spd(PolicyAction::Bypass);
            assert!(matches!(caches.lookup(&place, &traffic), Action::Bypass));
        }
    }
}
