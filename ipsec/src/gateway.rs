mod children;
mod fragments;
mod inbound;
mod mtu;
mod outbound;

use fragments::Fate;

use crate::outcome::{Event, GatewayError, GatewayStats, Transmit};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;
use ipsec_crypto_suite::{CryptoProvider, SecureRandom};
use ipsec_esp::{InboundSa, OutboundSa};
use ipsec_ike::v2::ProposalMismatch;
use ipsec_ike::{AnySaId, ChildSaId, CommandError, Config, Endpoint, IkeSaId};
use ipsec_ip_packet::{FlowKey, OuterHeader, PathMtu, Tunnel};
use ipsec_sa_db::{
    CacheSizes, FragmentLimits, FragmentTable, Identity, InterfaceId, Lifetimes, Mode, PeerId, Policy,
    PolicyId, SaId, Sad, SelectorPair, Spd, SpdCaches,
};
use ipsec_types::{Carrier, Instant, Path, Spi};

/// What a [`Gateway`] is told once.
#[derive(Debug)]
pub struct GatewayConfig {
    /// The IKE endpoint's part. The children of its PAD entries are filled in from `policies`.
    pub ike: Config,
    /// The SPD, the first policy that takes a packet decides.
    pub policies: Vec<Policy>,
    /// Where to start IKE with a peer; one that is not here has to come to us.
    pub peers: Vec<(PeerId, Path)>,
    /// How many packets of one policy wait for its SA; more are discarded.
    pub acquire_queue: usize,
    /// Our own addresses; without any all is for us. What comes in for another is forwarded, and meets the policies of
    /// [`Direction::Forward`](ipsec_sa_db::Direction::Forward).
    ///
    /// What is for a multicast group or for 255.255.255.255 is for us in any case. The broadcast addresses of our subnets
    /// are ours where they are named here: nothing in a packet tells them from the addresses of hosts (RFC 1812 §5.2.3).
    pub addresses: Vec<IpAddr>,
    /// The MTU of the link that ESP leaves on, in octets.
    pub link_mtu: usize,
    /// Whether ICMP messages that nobody authenticated lower the path MTU of an SA (RFC 4301 §6.1.1).
    pub trust_icmp: bool,
    /// How many flows the caches in front of the policies keep.
    pub caches: CacheSizes,
    /// For how many datagrams, and how long, later fragments follow their first (RFC 4301 §7.4).
    pub fragments: FragmentLimits,
}

impl GatewayConfig {
    /// These peers, policies and paths; 16 packets wait for an SA, all that comes in is for us, the link takes 1,500 octets,
    /// ICMP messages count.
    pub fn new(ike: Config, policies: Vec<Policy>, peers: Vec<(PeerId, Path)>) -> Self {
        Self {
            ike,
            policies,
            peers,
            acquire_queue: 16,
            addresses: Vec::new(),
            link_mtu: 1500,
            trust_icmp: true,
            caches: CacheSizes::default(),
            fragments: FragmentLimits::default(),
        }
    }
}

/// What is known of a datagram that came in beside its contents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// DSCP and ECN of its IP header: what a socket tells as `IP_TOS` or `IPV6_TCLASS`. Where it is not known, congestion on
    /// the way stays unknown to those who could react; the peer then better sends with
    /// [`EcnMode::Compatibility`](ipsec_ip_packet::EcnMode::Compatibility).
    ///
    /// Of a frame of a TCP stream it is that of the segments that brought it, should anybody know: in tunnel mode a packet of
    /// a frame that is marked CE is dropped, and nothing else of it counts (RFC 9329 §9.5).
    pub traffic_class: Option<u8>,
}

/// Where a packet on its way out was routed to, how it is marked, and whose it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Via<'a> {
    /// The interface, where there are policies of interfaces.
    pub interface: Option<InterfaceId>,
    /// The mark; 0 is none.
    pub mark: u32,
    /// The user or application, where there are policies of names (RFC 4301 §4.4.1.1).
    pub name: Option<&'a Identity>,
}

/// An IPsec host or gateway without I/O: packets and datagrams in, packets and datagrams out.
///
/// Policy lookup, IKE, SAs and ESP are joined here: a packet for which there is no SA yet has IKE make one, and waits; an
/// SA that comes of age is replaced before it ends. See the [crate documentation](crate) for two of them and a packet
/// that crosses.
///
/// After each call take what there is from [`poll_event`](Self::poll_event) and
/// [`poll_transmit`](Self::poll_transmit), and call [`handle_timeout`](Self::handle_timeout) when
/// [`poll_timeout`](Self::poll_timeout) says so.
pub struct Gateway {
    endpoint: Endpoint,
    provider: CryptoProvider,
    rng: Box<dyn SecureRandom>,
    spd: Spd,
    sad: Sad<Half>,
    peers: Vec<(PeerId, Path)>,
    children: BTreeMap<ChildSaId, Installed>,
    acquiring: BTreeMap<PolicyId, Acquiring>,
    acquire_queue: usize,
    /// Policies for which no SA could be had.
    held_off: BTreeMap<PolicyId, HeldOff>,
    addresses: Vec<IpAddr>,
    link_mtu: usize,
    trust_icmp: bool,
    caches: SpdCaches,
    /// What became of first fragments.
    fragments: FragmentTable<Fate>,
    /// By the SPI that we send with the Child SAs: two peers may have chosen the same.
    outbound_spis: BTreeMap<Spi, Vec<ChildSaId>>,
    stats: GatewayStats,
    outbox: VecDeque<Sealed>,
    events: VecDeque<Event>,
    current: Vec<u8>,
}

/// One direction of a Child SA.
enum Half {
    Inbound(ChildSaId, InboundSa),
    Outbound(ChildSaId, OutboundSa),
}

impl Half {
    const fn child(&self) -> ChildSaId {
        match self {
            Self::Inbound(child, _) | Self::Outbound(child, _) => *child,
        }
    }
}

/// A Child SA as it is installed.
struct Installed {
    ike: IkeSaId,
    policy: PolicyId,
    /// That of its IKE SA.
    path: Path,
    /// Where its packets go: with the ends of its tunnel where those are not IKE's.
    esp_path: Path,
    mode: Mode,
    /// What makes and reads its outer headers, in tunnel mode; `None` in a TCP stream.
    tunnel: Option<Tunnel>,
    mtu: PathMtu,
    outbound_spi: Spi,
    selectors: Arc<SelectorPair>,
    inbound: SaId,
    outbound: Outbound,
}

/// A packet that waited for its SA, and is sealed.
struct Sealed {
    path: Path,
    outer: Option<OuterHeader>,
    contents: Vec<u8>,
}

enum Outbound {
    /// Not sent on yet: the one it replaces still is.
    Waiting(Box<OutboundSa>, Lifetimes, Instant),
    Used(SaId),
    /// No longer sent on.
    Gone,
}

/// A policy whose SA is being made.
struct Acquiring {
    ike: IkeSaId,
    /// The packet that called for it, if one did.
    flow: Option<FlowKey>,
    waiting: VecDeque<Vec<u8>>,
}

/// No attempt for an SA is made before this.
struct HeldOff {
    until: Instant,
    wait: Duration,
}

/// How long no further attempt is made after one that failed: the first time, and at most.
const HOLD_OFF: Duration = Duration::from_secs(10);
const LONGEST_HOLD_OFF: Duration = Duration::from_secs(300);

/// How many SAs a policy may have, each for a part of its packets.
const SAS_PER_POLICY: usize = 16;

/// Octets that ESP needs at most in front of a packet and behind it: header, IV, padding, trailer, ICV.
const HEADROOM: usize = 64;
const TAILROOM: usize = 320;

impl Gateway {
    /// A gateway with the algorithms of `provider`. IKE draws its randomness from `ike_rng`, the data path from
    /// `data_rng`.
    ///
    /// # Errors
    ///
    /// [`GatewayError`].
    pub fn new(
        config: GatewayConfig,
        provider: CryptoProvider,
        ike_rng: Box<dyn SecureRandom>,
        mut data_rng: Box<dyn SecureRandom>,
    ) -> Result<Self, GatewayError> {
        let GatewayConfig {
            mut ike,
            policies,
            peers,
            acquire_queue,
            addresses,
            link_mtu,
            trust_icmp,
            caches,
            fragments,
        } = config;
        let mut spd = Spd::new(&mut *data_rng)?;
        for policy in policies {
            spd.insert(None, policy)?;
        }
        for (_, policy) in spd.policies() {
            let Some(protect) = policy.protect() else { continue };
            let entry = ike.pad.get_mut(protect.peer).ok_or(GatewayError::UnknownPeer)?;
            entry.children.push(Arc::clone(policy));
        }
        let sad = Sad::new(&mut *data_rng)?;
        let caches = SpdCaches::new(&mut *data_rng, caches)?;
        let fragments = FragmentTable::new(&mut *data_rng, fragments)?;
        let mut gateway = Self {
            endpoint: Endpoint::new(Arc::new(ike), provider.clone(), ike_rng)?,
            provider,
            rng: data_rng,
            spd,
            sad,
            peers,
            children: BTreeMap::new(),
            acquiring: BTreeMap::new(),
            acquire_queue,
            held_off: BTreeMap::new(),
            addresses,
            link_mtu,
            trust_icmp,
            caches,
            fragments,
            outbound_spis: BTreeMap::new(),
            stats: GatewayStats::default(),
            outbox: VecDeque::new(),
            events: VecDeque::new(),
            current: Vec::new(),
        };
        gateway.process(Instant::EPOCH);
        Ok(gateway)
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.sad.handle_timeout(now);
        self.endpoint.handle_timeout(now);
        self.process(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.sad.poll_timeout(), self.endpoint.poll_timeout()].into_iter().flatten().min()
    }

    /// The next datagram to be sent: IKE, or a packet that waited for its SA.
    pub fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        if let Some(Sealed { path, outer, contents }) = self.outbox.pop_front() {
            self.current = contents;
            let esp = path.carrier == Carrier::Udp;
            return Some(Transmit { path, esp, outer, contents: &self.current });
        }
        let transmit = self.endpoint.poll_transmit()?;
        Some(Transmit { path: transmit.path, esp: false, outer: None, contents: transmit.contents })
    }

    /// What happened next.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The policies whose SAs are with a peer, in their order.
    pub fn policies_of(&self, peer: PeerId) -> impl Iterator<Item = PolicyId> + '_ {
        let protects = move |policy: &Policy| policy.protect().is_some_and(|protect| protect.peer == peer);
        self.spd.policies().filter(move |(_, policy)| protects(policy)).map(|(id, _)| id)
    }

    /// Has IKE make an SA for a policy before a packet wants it, unless one is being made.
    ///
    /// # Errors
    ///
    /// [`CommandError::Policy`] where the policy is not there or does not protect, [`CommandError::UnknownPeer`] where the
    /// peer has to come to us; as [`Endpoint::initiate`].
    pub fn start(&mut self, now: Instant, policy: PolicyId) -> Result<(), CommandError> {
        let found = self.spd.get(policy).map(Arc::clone).ok_or(CommandError::Policy)?;
        if !self.acquiring.contains_key(&policy) {
            let ike = self.initiate(now, found, None)?;
            self.acquiring.insert(policy, Acquiring { ike, flow: None, waiting: VecDeque::new() });
        }
        self.process(now);
        Ok(())
    }

    /// Has a Child SA replaced now.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::rekey`].
    pub fn rekey(&mut self, now: Instant, child: ChildSaId) -> Result<(), CommandError> {
        self.endpoint.rekey(now, AnySaId::Child(child))?;
        self.process(now);
        Ok(())
    }

    /// Deletes an SA.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::delete`].
    pub fn delete(&mut self, now: Instant, sa: AnySaId) -> Result<(), CommandError> {
        self.endpoint.delete(now, sa)?;
        self.process(now);
        Ok(())
    }

    /// What differed where the IKE proposals of a peer were refused last: see
    /// [`DatagramError::NoProposalChosen`](ipsec_ike::DatagramError::NoProposalChosen).
    pub const fn last_mismatch(&self) -> Option<&ProposalMismatch> {
        self.endpoint.last_mismatch()
    }

    /// How many SAs are installed: IKE SAs, and halves of Child SAs.
    pub fn len(&self) -> (usize, usize) {
        (self.endpoint.len(), self.sad.len())
    }

    /// What happened so far.
    pub const fn stats(&self) -> GatewayStats {
        self.stats
    }

    /// Whether there is no SA of any kind.
    pub fn is_empty(&self) -> bool {
        self.len() == (0, 0)
    }

    /// Ends SAs that are past their limits before they are used once more, should the timer be late.
    fn expire(&mut self, now: Instant) {
        while self.sad.poll_timeout().is_some_and(|due| due <= now) {
            self.sad.handle_timeout(now);
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("endpoint", &self.endpoint)
            .field("sad", &self.sad)
            .field("children", &self.children.len())
            .field("outbound_spis", &self.outbound_spis.len())
            .field("acquiring", &self.acquiring.len())
            .finish_non_exhaustive()
    }
}
