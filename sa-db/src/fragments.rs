use crate::hash::HashKey;
use crate::{Direction, InterfaceId, Traffic};
use alloc::collections::VecDeque;
use core::fmt;
use core::hash::BuildHasher as _;
use core::net::IpAddr;
use core::time::Duration;
use hashbrown::HashMap;
use ipsec_crypto_suite::{CryptoError, SecureRandom};
use ipsec_ip_packet::{FlowKey, FragmentInfo, Ports};
use ipsec_types::{Instant, IpProtocol};

/// Stateful fragment checking (RFC 4301 §7.3, §7.4): what was decided about the first fragment of a datagram, for the others,
/// which show no ports.
///
/// Without it a policy on ports takes no later fragment, and one on any ports takes those of datagrams that an earlier policy
/// took. The table keeps no packets, so that what comes before the first fragment stays unknown. It holds as many datagrams
/// of each direction as [`FragmentLimits`] say, one more pushes out the oldest: a flood makes later fragments of its own direction
/// unknown, and what comes in pushes out nothing that goes out. A fragment of another interface, marked otherwise or of another name
/// belongs to another datagram, as other policies may count for it.
///
/// ```
/// use ipsec_ip_packet::{FlowKey, FragmentInfo, Ports};
/// use ipsec_sa_db::{Direction, FragmentLimits, FragmentTable, FragmentVerdict, Traffic};
/// use ipsec_types::{Instant, IpProtocol};
/// # struct Random;
/// # impl ipsec_crypto_suite::SecureRandom for Random {
/// #     fn fill(&mut self, out: &mut [u8]) -> Result<(), ipsec_crypto_suite::CryptoError> { Ok(out.fill(7)) }
/// # }
/// # let mut rng = Random;
///
/// let mut table = FragmentTable::new(&mut rng, FragmentLimits::default())?;
/// let [source, destination] = ["10.1.0.1", "10.2.0.1"].map(|text| text.parse().unwrap());
/// let ports = Ports::Ports { source: 4000, destination: 119 };
/// let first = FlowKey { source, destination, protocol: IpProtocol::TCP, ports };
/// let later = FlowKey { ports: Ports::Opaque, ..first };
/// let at = |offset| FragmentInfo { identification: 9, offset, more: true };
///
/// let [first, later] = [&first, &later].map(|flow| Traffic::new(Direction::Inbound, flow));
/// let now = Instant::EPOCH;
/// assert_eq!(table.check(now, &later, at(1480)), FragmentVerdict::Unknown);
/// table.note_first(now, &first, at(0), "bypassed");
/// assert_eq!(table.check(now, &later, at(1480)), FragmentVerdict::As("bypassed"));
/// # Ok::<(), ipsec_crypto_suite::CryptoError>(())
/// ```
pub struct FragmentTable<D> {
    limits: FragmentLimits,
    datagrams: HashMap<Key, Held<D>, HashKey>,
    /// The datagrams of each direction, from the oldest to the newest.
    orders: [VecDeque<Key>; 3],
}

/// What a [`FragmentTable`] holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FragmentLimits {
    /// Datagrams of one direction whose first fragment was seen; with 0 every later fragment is unknown.
    pub datagrams: usize,
    /// How long fragments may come after their first.
    pub lifetime: Duration,
}

impl Default for FragmentLimits {
    /// 1,024 datagrams of each direction for 60 seconds, as long as one may take to be put together (RFC 8200 §4.5).
    fn default() -> Self {
        Self { datagrams: 1024, lifetime: Duration::from_secs(60) }
    }
}

/// What becomes of a later fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "complete by nature")]
pub enum FragmentVerdict<D> {
    /// What was decided about the first fragment of its datagram.
    As(
        /// The decision.
        D,
    ),
    /// No first fragment of its datagram was seen, or too long ago: policies for packets without ports decide.
    Unknown,
    /// It is to be discarded: there were first fragments of its datagram about which different things were decided, or it
    /// would be put where the header of its protocol is (RFC 1858 §3.2.2). Somebody wants to get past policies.
    Hostile,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    direction: Direction,
    interface: Option<InterfaceId>,
    mark: u32,
    /// The hash of its name, with a key that nobody knows.
    name: Option<u64>,
    source: IpAddr,
    destination: IpAddr,
    /// In IPv4 part of what names a datagram (RFC 791 §3.2); in IPv6 it is not (RFC 8200 §4.5), and later fragments may
    /// show another.
    protocol: Option<IpProtocol>,
    identification: u32,
}

struct Held<D> {
    /// `None` once there were two.
    decision: Option<D>,
    since: Instant,
}

/// A later fragment of TCP in front of this would change the flags, which policies and filters look at.
const TCP_HEADER_UP_TO_FLAGS: usize = 16;

impl<D: Copy + PartialEq> FragmentTable<D> {
    /// An empty table; `rng` seeds its hash.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Randomness`].
    pub fn new(rng: &mut dyn SecureRandom, limits: FragmentLimits) -> Result<Self, CryptoError> {
        let datagrams = HashMap::with_hasher(HashKey::draw(rng)?);
        Ok(Self { limits, datagrams, orders: Default::default() })
    }

    /// Notes what was decided about a first fragment. One that is too short to show its ports decides nothing, nor does a packet
    /// that is no first fragment.
    pub fn note_first(&mut self, now: Instant, traffic: &Traffic<'_>, info: FragmentInfo, decision: D) {
        self.expire(now);
        if info.offset != 0 || !info.more || traffic.flow.ports == Ports::Opaque || self.limits.datagrams == 0
        {
            return;
        }
        let key = self.key(traffic, info);
        if let Some(held) = self.datagrams.get_mut(&key) {
            if held.decision != Some(decision) {
                held.decision = None;
            }
            return;
        }
        let order = &mut self.orders[place(traffic.direction)];
        if order.len() >= self.limits.datagrams
            && let Some(oldest) = order.pop_front()
        {
            self.datagrams.remove(&oldest);
        }
        order.push_back(key);
        self.datagrams.insert(key, Held { decision: Some(decision), since: now });
    }

    /// What becomes of a later fragment.
    pub fn check(&mut self, now: Instant, traffic: &Traffic<'_>, info: FragmentInfo) -> FragmentVerdict<D> {
        self.expire(now);
        if overlaps_header(traffic.flow, info) {
            return FragmentVerdict::Hostile;
        }
        let lifetime = self.limits.lifetime;
        let held = self.datagrams.get(&self.key(traffic, info));
        match held.filter(|held| now.saturating_since(held.since) < lifetime) {
            None => FragmentVerdict::Unknown,
            Some(Held { decision: None, .. }) => FragmentVerdict::Hostile,
            Some(Held { decision: Some(decision), .. }) => FragmentVerdict::As(*decision),
        }
    }

    /// Forgets all: what was decided may be decided otherwise now.
    pub fn clear(&mut self) {
        self.datagrams.clear();
        self.orders.iter_mut().for_each(VecDeque::clear);
    }

    /// How many datagrams it holds.
    pub fn len(&self) -> usize {
        self.datagrams.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }

    fn expire(&mut self, now: Instant) {
        for order in &mut self.orders {
            while let Some(oldest) = order.front() {
                let since = self.datagrams.get(oldest).map(|held| held.since);
                if since.is_some_and(|since| now.saturating_since(since) < self.limits.lifetime) {
                    break;
                }
                self.datagrams.remove(oldest);
                order.pop_front();
            }
        }
    }
}

const fn place(direction: Direction) -> usize {
    match direction {
        Direction::Outbound => 0,
        Direction::Inbound => 1,
        Direction::Forward => 2,
    }
}

/// Whether a later fragment would be put where the part of a header is that policies and filters look at, so that what they saw
/// in the first fragment would not be what is put together: the minimum offset check (RFC 4301 §7.2, RFC 1858 §3.2.2).
/// Ports cannot be reached, as offsets are multiples of eight; the flags of TCP can. In IPv6 a later fragment may name any protocol
/// (RFC 8200 §4.5), so that the offset counts whatever it names.
pub fn overlaps_header(flow: &FlowKey, info: FragmentInfo) -> bool {
    let tcp = flow.protocol == IpProtocol::TCP || flow.source.is_ipv6();
    tcp && info.offset != 0 && info.offset < TCP_HEADER_UP_TO_FLAGS
}

impl<D> FragmentTable<D> {
    fn key(&self, traffic: &Traffic<'_>, info: FragmentInfo) -> Key {
        let Traffic { direction, flow, interface, mark, name } = *traffic;
        Key {
            direction,
            interface,
            mark,
            name: name.map(|name| self.datagrams.hasher().hash_one(name)),
            source: flow.source,
            destination: flow.destination,
            protocol: flow.source.is_ipv4().then_some(flow.protocol),
            identification: info.identification,
        }
    }
}

impl<D> fmt::Debug for FragmentTable<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FragmentTable")
            .field("limits", &self.limits)
            .field("datagrams", &self.datagrams.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;
    use testkit::Seeded;

    fn at(seconds: u64) -> Instant {
        Instant::EPOCH + Duration::from_secs(seconds)
    }

    fn table(datagrams: usize) -> FragmentTable<u8> {
        let limits = FragmentLimits { datagrams, lifetime: Duration::from_secs(60) };
        FragmentTable::new(&mut Seeded(1), limits).unwrap()
    }

    fn flow(protocol: IpProtocol, host: u8, shown: bool) -> FlowKey {
        let ports = if shown { Ports::Ports { source: 1, destination: 2 } } else { Ports::Opaque };
        FlowKey { source: [10, 0, 0, host].into(), destination: [10, 9, 0, 1].into(), protocol, ports }
    }

    const fn info(identification: u32, offset: usize) -> FragmentInfo {
        FragmentInfo { identification, offset, more: true }
    }

    const IN: Direction = Direction::Inbound;

    #[test]
    fn pd_02_a_later_fragment_follows_its_first_and_no_other() {
        let mut table = table(8);
        let (first, later) = (flow(IpProtocol::UDP, 1, true), flow(IpProtocol::UDP, 1, false));
        table.note_first(at(0), &Traffic::new(IN, &first), info(7, 0), 1);
        assert_eq!(table.check(at(59), &Traffic::new(IN, &later), info(7, 8)), FragmentVerdict::As(1));
        let others = [
            (Direction::Outbound, later, 7),
            (IN, later, 8),
            (IN, flow(IpProtocol::UDP, 2, false), 7),
            (IN, flow(IpProtocol::GRE, 1, false), 7),
            (IN, FlowKey { destination: [10, 9, 0, 2].into(), ..later }, 7),
        ];
        for (direction, flow, id) in others {
            let verdict = table.check(at(1), &Traffic::new(direction, &flow), info(id, 8));
            assert_eq!(verdict, FragmentVerdict::Unknown, "{direction:?} {flow:?} {id}");
        }
        assert_eq!(table.check(at(60), &Traffic::new(IN, &later), info(7, 8)), FragmentVerdict::Unknown);
        assert!(table.is_empty());
    }

    #[test]
    fn pd_02_interfaces_marks_and_names_keep_datagrams_apart() {
        let mut table = table(8);
        let (first, later) = (flow(IpProtocol::UDP, 1, true), flow(IpProtocol::UDP, 1, false));
        let [ann, bob] = ["ann", "bob"].map(crate::Identity::fqdn);
        let there = Traffic {
            interface: Some(InterfaceId(7)),
            mark: 1,
            name: Some(&ann),
            ..Traffic::new(IN, &first)
        };
        table.note_first(at(0), &there, info(1, 0), 1);
        let shouted = crate::Identity::fqdn("ANN");
        for name in [&ann, &shouted] {
            let there = Traffic { flow: &later, name: Some(name), ..there };
            assert_eq!(table.check(at(0), &there, info(1, 8)), FragmentVerdict::As(1));
        }
        let there = Traffic { flow: &later, ..there };
        for other in [
            Traffic { interface: Some(InterfaceId(8)), ..there },
            Traffic { interface: None, ..there },
            Traffic { mark: 2, ..there },
            Traffic { name: Some(&bob), ..there },
            Traffic { name: None, ..there },
        ] {
            assert_eq!(table.check(at(0), &other, info(1, 8)), FragmentVerdict::Unknown, "{other:?}");
        }
    }

    #[test]
    fn pd_02_a_flood_of_one_direction_pushes_out_none_of_another() {
        let mut table = table(2);
        let (first, later) = (flow(IpProtocol::UDP, 1, true), flow(IpProtocol::UDP, 1, false));
        let out = |flow| Traffic::new(Direction::Outbound, flow);
        table.note_first(at(0), &out(&first), info(1, 0), 1);
        for direction in [IN, Direction::Forward] {
            for id in 0..9 {
                table.note_first(at(0), &Traffic::new(direction, &first), info(id, 0), 2);
            }
        }
        assert_eq!(table.check(at(0), &out(&later), info(1, 8)), FragmentVerdict::As(1));
        assert_eq!(table.len(), 1 + 2 + 2);
        for id in 2..4 {
            table.note_first(at(0), &out(&first), info(id, 0), 1);
        }
        assert_eq!(table.check(at(0), &out(&later), info(1, 8)), FragmentVerdict::Unknown);
    }

    #[test]
    fn pd_02_first_fragments_that_decide_nothing() {
        let mut table = table(8);
        let shown = flow(IpProtocol::UDP, 1, true);
        let last = FragmentInfo { more: false, ..info(1, 0) };
        table.note_first(at(0), &Traffic::new(IN, &flow(IpProtocol::UDP, 1, false)), info(1, 0), 1);
        table.note_first(at(0), &Traffic::new(IN, &shown), info(1, 8), 1);
        table.note_first(at(0), &Traffic::new(IN, &shown), last, 1);
        assert!(table.is_empty());
        let mut none =
            FragmentTable::<u8> { limits: FragmentLimits { datagrams: 0, ..table.limits }, ..table };
        none.note_first(at(0), &Traffic::new(IN, &shown), info(1, 0), 1);
        assert!(none.is_empty());
    }

    #[test]
    fn pd_02_two_first_fragments_and_offsets_into_the_header_are_hostile() {
        let mut table = table(8);
        let tcp = |shown| flow(IpProtocol::TCP, 1, shown);
        assert_eq!(table.check(at(0), &Traffic::new(IN, &tcp(false)), info(1, 8)), FragmentVerdict::Hostile);
        assert_eq!(table.check(at(0), &Traffic::new(IN, &tcp(false)), info(1, 16)), FragmentVerdict::Unknown);
        table.note_first(at(0), &Traffic::new(IN, &tcp(true)), info(1, 0), 1);
        table.note_first(at(0), &Traffic::new(IN, &tcp(true)), info(1, 0), 1);
        assert_eq!(table.check(at(0), &Traffic::new(IN, &tcp(false)), info(1, 16)), FragmentVerdict::As(1));
        table.note_first(at(0), &Traffic::new(IN, &tcp(true)), info(1, 0), 2);
        table.note_first(at(0), &Traffic::new(IN, &tcp(true)), info(1, 0), 1);
        assert_eq!(table.check(at(0), &Traffic::new(IN, &tcp(false)), info(1, 16)), FragmentVerdict::Hostile);
        table.clear();
        assert_eq!(table.check(at(0), &Traffic::new(IN, &tcp(false)), info(1, 16)), FragmentVerdict::Unknown);
    }

    #[test]
    fn pd_02_a_clock_that_went_back_makes_no_decision_older_than_its_lifetime_count() {
        let mut table = table(8);
        let (first, later) = (flow(IpProtocol::UDP, 1, true), flow(IpProtocol::UDP, 1, false));
        table.note_first(at(100), &Traffic::new(IN, &first), info(1, 0), 1);
        table.note_first(at(50), &Traffic::new(IN, &first), info(2, 0), 1);
        assert_eq!(table.check(at(115), &Traffic::new(IN, &later), info(1, 8)), FragmentVerdict::As(1));
        assert_eq!(table.check(at(115), &Traffic::new(IN, &later), info(2, 8)), FragmentVerdict::Unknown);
    }

    #[test]
    fn pd_02_in_ipv6_the_protocol_that_a_later_fragment_shows_may_be_another() {
        let mut table = table(8);
        let [source, destination] = ["2001:db8::1", "2001:db8::2"].map(|text| text.parse().unwrap());
        let first = FlowKey { source, destination, ..flow(IpProtocol::UDP, 1, true) };
        table.note_first(at(0), &Traffic::new(IN, &first), info(1, 0), 1);
        let later = FlowKey { protocol: IpProtocol::DESTINATION_OPTIONS, ports: Ports::None, ..first };
        assert_eq!(table.check(at(0), &Traffic::new(IN, &later), info(1, 16)), FragmentVerdict::As(1));
    }

    proptest! {
        /// A list that is searched from its front says the same.
        #[test]
        fn equals_a_list(
            most in 1usize..6,
            steps in prop::collection::vec((any::<bool>(), 0u8..3, 0u32..4, 0u8..2, 0u64..30), 1..200),
        ) {
            let mut table = table(most);
            let mut list: Vec<((u8, u32), u64, Option<u8>)> = Vec::new();
            let mut now = 0;
            for (first, host, id, decision, wait) in steps {
                now += wait;
                list.retain(|(_, since, _)| now - since < 60);
                let own = list.iter_mut().find(|(key, ..)| *key == (host, id));
                if first {
                    let flow = flow(IpProtocol::UDP, host, true);
                    table.note_first(at(now), &Traffic::new(IN, &flow), info(id, 0), decision);
                    match own {
                        Some((.., held)) => *held = held.filter(|held| *held == decision),
                        None => {
                            if list.len() == most {
                                list.remove(0);
                            }
                            list.push(((host, id), now, Some(decision)));
                        }
                    }
                } else {
                    let expected = match own {
                        None => FragmentVerdict::Unknown,
                        Some((.., None)) => FragmentVerdict::Hostile,
                        Some((.., Some(decision))) => FragmentVerdict::As(*decision),
                    };
                    let flow = flow(IpProtocol::UDP, host, false);
                    prop_assert_eq!(table.check(at(now), &Traffic::new(IN, &flow), info(id, 8)), expected);
                }
                prop_assert_eq!(table.len(), list.len());
                prop_assert_eq!(table.datagrams.len(), list.len());
            }
        }
    }
}
