use crate::outcome::{DiscardReason, Event, GatewayError, Incoming, Outgoing, Transmit};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use ipsec_crypto_suite::{CryptoError, CryptoProvider, SecureRandom};
use ipsec_esp::{InboundSa, OpenError, OpenedKind, OutboundSa, SealError, peek_spi};
use ipsec_ike::v2::ProposalMismatch;
use ipsec_ike::{
    Acquire, AnySaId, ChildSa, ChildSaId, CloseReason, CommandError, Config, DatagramError, Endpoint, IkeSaId,
};
use ipsec_ip_packet::{FlowKey, IpHeader, Packet, SplitError};
use ipsec_sa_db::{
    Action, Direction, InterfaceId, Lifetimes, Mode, OutboundPlace, PeerId, Policy, PolicyId, Populate, SaId,
    Sad, SadEvent, Scope, SelectorPair, Spd, Traffic,
};
use ipsec_types::{Carrier, Datagram, Instant, IpProtocol, Path, classify};

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
}

impl GatewayConfig {
    /// These peers, policies and paths; 16 packets wait for an SA.
    pub const fn new(ike: Config, policies: Vec<Policy>, peers: Vec<(PeerId, Path)>) -> Self {
        Self { ike, policies, peers, acquire_queue: 16 }
    }
}

/// Where a packet on its way out was routed to, and how it is marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Via {
    /// The interface, where there are policies of interfaces.
    pub interface: Option<InterfaceId>,
    /// The mark; 0 is none.
    pub mark: u32,
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
    outbox: VecDeque<(Path, Vec<u8>)>,
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
    path: Path,
    mode: Mode,
    selectors: Arc<SelectorPair>,
    inbound: SaId,
    outbound: Outbound,
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
        let GatewayConfig { mut ike, policies, peers, acquire_queue } = config;
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
            outbox: VecDeque::new(),
            events: VecDeque::new(),
            current: Vec::new(),
        };
        gateway.process(Instant::EPOCH);
        Ok(gateway)
    }

    /// An IP packet on its way out: the packet's data, with room for ESP around it (see
    /// [`OutboundSa::room`]; 64 octets in front and 320 behind do for every suite).
    pub fn handle_outbound(&mut self, now: Instant, packet: &mut Packet<'_>) -> Outgoing {
        self.handle_outbound_via(now, Via::default(), packet)
    }

    /// The same for a packet that was routed to an interface or is marked: policies whose scope is that interface or mark
    /// take it, too.
    pub fn handle_outbound_via(&mut self, now: Instant, via: Via, packet: &mut Packet<'_>) -> Outgoing {
        self.expire(now);
        let flow = match packet.flow() {
            Ok(flow) => flow,
            Err(error) => return Outgoing::Discarded(DiscardReason::Malformed(error)),
        };
        let Via { interface, mark } = via;
        let traffic = Traffic { interface, mark, ..Traffic::new(Direction::Outbound, &flow) };
        let (id, policy) = match self.spd.lookup_traffic(&traffic) {
            Action::Bypass => return Outgoing::Bypass,
            Action::Discard => return Outgoing::Discarded(DiscardReason::Policy),
            Action::Protect { id, policy } => (id, Arc::clone(policy)),
        };
        let outgoing = match self.usable(id, &flow) {
            Some(sa) => self.seal(now, sa, packet),
            None => self.acquire(now, id, policy, flow, packet.data()),
        };
        self.process(now);
        outgoing
    }

    /// The payload of a UDP datagram that came in on port 500 or 4500, or a TCP frame: the packet's data.
    pub fn handle_datagram(&mut self, now: Instant, path: Path, packet: &mut Packet<'_>) -> Incoming {
        let incoming = match classify(path.carrier, packet.data()) {
            Some(Datagram::Ike(_)) => match self.endpoint.handle_datagram(now, path, packet.data()) {
                Ok(()) => Incoming::Consumed,
                Err(error) => Incoming::Discarded(DiscardReason::Ike(error)),
            },
            Some(Datagram::Esp(_)) => {
                packet.set_next_header(IpProtocol::ESP);
                self.open(now, path, packet)
            }
            Some(Datagram::Keepalive) => Incoming::Consumed,
            None => Incoming::Discarded(DiscardReason::Ike(DatagramError::Unexpected)),
        };
        self.process(now);
        incoming
    }

    /// An IP packet that came in, its fragments put together: the packet's data. ESP is opened, other packets pass where
    /// the SPD lets them in the clear.
    pub fn handle_inbound(&mut self, now: Instant, packet: &mut Packet<'_>) -> Incoming {
        let (upper, source, destination) = match IpHeader::parse(packet.data())
            .and_then(|ip| Ok((ip.upper_layer()?, ip.source(), ip.destination())))
        {
            Ok((upper, source, destination)) => ((upper.protocol, upper.offset), source, destination),
            Err(error) => return Incoming::Discarded(DiscardReason::Malformed(error)),
        };
        let (protocol, offset) = upper;
        if protocol == IpProtocol::ESP {
            if let Err(error) = packet.detach_header(offset, IpProtocol::ESP) {
                return Incoming::Discarded(DiscardReason::Seal(error.into()));
            }
            let end = |address| core::net::SocketAddr::new(address, 0);
            let path = Path { local: end(destination), remote: end(source), carrier: Carrier::Udp };
            let incoming = self.open(now, path, packet);
            self.process(now);
            return incoming;
        }
        let flow = match packet.flow() {
            Ok(flow) => flow,
            Err(error) => return Incoming::Discarded(DiscardReason::Malformed(error)),
        };
        match self.spd.lookup(Direction::Inbound, &flow) {
            Action::Bypass => Incoming::Delivered,
            Action::Discard => Incoming::Discarded(DiscardReason::Policy),
            Action::Protect { .. } => Incoming::Discarded(DiscardReason::Unprotected),
        }
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
        if let Some((path, contents)) = self.outbox.pop_front() {
            self.current = contents;
            let esp = path.carrier == Carrier::Udp;
            return Some(Transmit { path, esp, contents: &self.current });
        }
        let transmit = self.endpoint.poll_transmit()?;
        Some(Transmit { path: transmit.path, esp: false, contents: transmit.contents })
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

    /// The newest outbound SA of a policy that takes the flow.
    fn usable(&self, policy: PolicyId, flow: &FlowKey) -> Option<SaId> {
        self.sad.outbound(policy, flow)
    }

    fn seal(&mut self, now: Instant, id: SaId, packet: &mut Packet<'_>) -> Outgoing {
        let Some(mut entry) = self.sad.entry(id) else {
            return Outgoing::Discarded(DiscardReason::Seal(SealError::Expired));
        };
        let Half::Outbound(child_id, sa) = entry.sa() else {
            return Outgoing::Discarded(DiscardReason::Policy);
        };
        let child_id = *child_id;
        let Some(child) = self.children.get(&child_id) else {
            return Outgoing::Discarded(DiscardReason::Policy);
        };
        let transport = child.mode == Mode::Transport;
        if transport && let Err(reason) = detach(packet) {
            return Outgoing::Discarded(reason);
        }
        let result = sa.seal_in_place(packet);
        match result {
            Ok(limit) => {
                entry.record_use(now, limit);
                self.endpoint.note_sent(now, child_id);
                if transport && packet.attach_header().is_err() {
                    return Outgoing::Discarded(DiscardReason::Seal(SealError::TooLong));
                }
                Outgoing::Protected(child.path)
            }
            Err(error) => Outgoing::Discarded(DiscardReason::Seal(error)),
        }
    }

    /// Starts IKE for a policy, once, and has the packet wait.
    fn acquire(
        &mut self,
        now: Instant,
        id: PolicyId,
        policy: Arc<Policy>,
        flow: FlowKey,
        packet: &[u8],
    ) -> Outgoing {
        if self.held_off.get(&id).is_some_and(|held| now < held.until) {
            return Outgoing::Discarded(DiscardReason::HeldOff);
        }
        if !self.acquiring.contains_key(&id) {
            if self.sad.count_of(id) >= SAS_PER_POLICY {
                return Outgoing::Discarded(DiscardReason::TooManySas);
            }
            match self.initiate(now, policy, Some(flow)) {
                Ok(ike) => {
                    self.acquiring.insert(id, Acquiring { ike, flow: Some(flow), waiting: VecDeque::new() });
                }
                Err(error) => return Outgoing::Discarded(DiscardReason::Acquire(error)),
            }
        }
        match self.acquiring.get_mut(&id) {
            Some(acquiring) if acquiring.waiting.len() < self.acquire_queue => {
                acquiring.waiting.push_back(packet.to_vec());
                Outgoing::Queued
            }
            _ => Outgoing::Discarded(DiscardReason::QueueFull),
        }
    }

    fn initiate(
        &mut self,
        now: Instant,
        policy: Arc<Policy>,
        flow: Option<FlowKey>,
    ) -> Result<IkeSaId, CommandError> {
        let peer = policy.protect().ok_or(CommandError::Policy)?.peer;
        let path = self.peers.iter().find(|(id, _)| *id == peer).map(|(_, path)| *path);
        let path = path.ok_or(CommandError::UnknownPeer)?;
        self.endpoint.initiate(now, path, peer, Acquire { policy, flow })
    }

    fn open(&mut self, now: Instant, path: Path, packet: &mut Packet<'_>) -> Incoming {
        self.expire(now);
        let spi = match peek_spi(packet.data()) {
            Ok(spi) => spi,
            Err(error) => return Incoming::Discarded(DiscardReason::Malformed(error)),
        };
        let unknown = Incoming::Discarded(DiscardReason::Open(OpenError::UnknownSpi));
        let Some(mut entry) = self.sad.by_spi(spi).and_then(|id| self.sad.entry(id)) else { return unknown };
        let Half::Inbound(child, sa) = entry.sa() else { return unknown };
        let child = *child;
        let opened = match sa.open_in_place(packet) {
            Ok(opened) => opened,
            Err(error) => return Incoming::Discarded(DiscardReason::Open(error)),
        };
        entry.record_use(now, opened.limit);
        // Without a UDP header there is no port to learn.
        let known = self.children.get(&child).map(|child| child.path);
        if let Some(known) = known {
            let path = if path.carrier == Carrier::Udp { known } else { path };
            self.endpoint.note_received(now, child, path);
        }
        match opened.kind {
            OpenedKind::Tunnel => packet.discard_header(),
            OpenedKind::Transport => {
                if packet.attach_header().is_err() {
                    return Incoming::Discarded(DiscardReason::Open(OpenError::Inner));
                }
            }
            OpenedKind::Dummy | _ => return Incoming::Consumed,
        }
        // Policies overlap: what an earlier one discards, bypasses or gives to another peer does not come in on this SA
        // (RFC 4301 §4.4.1, §5.2).
        let policy = self.children.get(&child).map(|child| child.policy);
        match policy.and_then(|policy| self.interface_of(policy, &packet.flow().ok()?)) {
            Some(interface) => interface.map_or(Incoming::Delivered, Incoming::DeliveredFrom),
            None => {
                packet.data_mut().fill(0);
                Incoming::Discarded(DiscardReason::Policy)
            }
        }
    }

    /// The interface that a packet comes out of that an SA of a policy brought; `None` where the SPD gives it to another
    /// policy. What the policy's scope asks for is what such a packet has.
    fn interface_of(&self, policy: PolicyId, flow: &FlowKey) -> Option<Option<InterfaceId>> {
        let Scope { interface, mark, names, .. } = &self.spd.get(policy)?.scope;
        let traffic = Traffic {
            interface: *interface,
            mark: mark.map_or(0, |mark| mark.value),
            name: names.first(),
            ..Traffic::new(Direction::Inbound, flow)
        };
        match self.spd.lookup_traffic(&traffic) {
            Action::Protect { id, .. } if id == policy => Some(*interface),
            Action::Protect { .. } | Action::Bypass | Action::Discard => None,
        }
    }

    /// Carries events of the databases to IKE, and of IKE to the databases, until nothing is left.
    fn process(&mut self, now: Instant) {
        loop {
            if let Some(event) = self.sad.poll_event() {
                self.handle_sad_event(now, event);
            } else if let Some(event) = self.endpoint.poll_event() {
                self.handle_ike_event(now, event);
            } else {
                return;
            }
        }
    }

    fn handle_sad_event(&mut self, now: Instant, event: SadEvent) {
        match event {
            SadEvent::SoftExpired { id } => {
                let Some(child) = self.sad.get(id).map(Half::child) else { return };
                // Where it is being replaced or goes already there is nothing to do.
                let _ = if self.is_to_lapse(child) {
                    self.endpoint.delete(now, AnySaId::Child(child))
                } else {
                    self.endpoint.rekey(now, AnySaId::Child(child))
                };
            }
            SadEvent::HardExpired { id } => {
                let gone = |child: &Installed| {
                    child.inbound == id || matches!(child.outbound, Outbound::Used(own) if own == id)
                };
                let child = self.children.iter_mut().find(|(_, child)| gone(child));
                if let Some((child, installed)) = child {
                    // Nothing more goes out on the other half either.
                    if let Outbound::Used(outbound) =
                        core::mem::replace(&mut installed.outbound, Outbound::Gone)
                    {
                        self.sad.remove(outbound);
                    }
                    let child = *child;
                    let _ = self.endpoint.delete(now, AnySaId::Child(child));
                }
            }
            // An idle SA costs nothing: it ends with its lifetime.
            SadEvent::Idle { .. } | _ => {}
        }
    }

    /// Whether a Child SA took no packet in all its life, and its policy wants such SAs to end: the next packet brings
    /// another.
    fn is_to_lapse(&self, child: ChildSaId) -> bool {
        let Some(child) = self.children.get(&child) else { return false };
        let protect = self.spd.get(child.policy).and_then(|policy| policy.protect());
        let unused = |id| self.sad.usage(id).is_none_or(|usage| usage.packets == 0);
        let outbound_unused = match child.outbound {
            Outbound::Used(id) => unused(id),
            Outbound::Waiting(..) | Outbound::Gone => true,
        };
        protect.is_some_and(|protect| !protect.renew_unused) && unused(child.inbound) && outbound_unused
    }

    fn handle_ike_event(&mut self, now: Instant, event: ipsec_ike::Event) {
        use ipsec_ike::Event as Ike;
        match event {
            Ike::SpisWanted { protocol, count } => {
                let spis: Vec<_> = (0..count).map_while(|_| self.sad.reserve(&mut *self.rng).ok()).collect();
                self.endpoint.offer_spis(protocol, spis);
            }
            Ike::SpiReleased { spi, .. } => self.sad.release(spi),
            Ike::IkeSaEstablished { id, peer, identity } => {
                self.events.push_back(Event::IkeSaEstablished { id, peer, identity });
            }
            Ike::IkeSaClosed { id, reason } => {
                self.give_up(now, id, &reason);
                self.events.push_back(Event::IkeSaClosed { id, reason });
            }
            Ike::ChildSaEstablished(child) => self.install(now, child, None),
            Ike::ChildSaRekeyed { old, new } => self.install(now, new, Some(old)),
            Ike::ChildSaFailed { ike, reason } => {
                let ours = self.give_up(now, ike, &reason);
                self.delete_if_useless(now, ike);
                self.events.extend((!ours).then_some(Event::ChildSaRefused { ike, reason }));
            }
            Ike::OutboundMoved { from, to } => self.move_outbound(from, to),
            Ike::RekeyFailed { id, reason } => self.events.push_back(Event::RekeyFailed { id, reason }),
            Ike::ChildSaClosed { id, reason } => {
                if let Some(child) = self.children.remove(&id) {
                    self.sad.remove(child.inbound);
                    if let Outbound::Used(outbound) = child.outbound {
                        self.sad.remove(outbound);
                    }
                    self.events.push_back(Event::ChildSaClosed { id, reason });
                    self.delete_if_useless(now, child.ike);
                }
            }
            Ike::PathChanged { id, path } => {
                self.children
                    .values_mut()
                    .filter(|child| child.ike == id)
                    .for_each(|child| child.path = path);
                self.events.push_back(Event::PathChanged { id, path });
            }
            _ => {}
        }
    }

    /// Installs both directions of a Child SA; one that replaces another is sent on later.
    fn install(&mut self, now: Instant, sa: Box<ChildSa>, replaces: Option<ChildSaId>) {
        let ChildSa { id, ike, inbound, outbound, selectors, policy, lifetimes, path, .. } = *sa;
        let known = self.spd.id_of(&policy);
        let (spi_in, spi_out, mode) = (inbound.spi, outbound.spi, inbound.params.mode);
        let built = InboundSa::new(&self.provider, inbound, Arc::clone(&selectors))
            .and_then(|inbound| Ok((inbound, OutboundSa::new(&self.provider, &mut *self.rng, outbound)?)));
        let installed = match (built, known) {
            (Ok((inbound, outbound)), Some(policy)) => {
                let half = Half::Inbound(id, inbound);
                self.sad.insert_inbound(now, spi_in, half, lifetimes).ok().map(|inbound| {
                    let outbound = Outbound::Waiting(Box::new(outbound), lifetimes, now);
                    let selectors = Arc::clone(&selectors);
                    (policy, Installed { ike, policy, path, mode, selectors, inbound, outbound })
                })
            }
            _ => None,
        };
        let Some((policy, installed)) = installed else {
            // An SA that cannot be used here is of no use to the peer either.
            self.sad.release(spi_in);
            self.give_up(now, ike, &CloseReason::Crypto(CryptoError::Invalid("Child SA")));
            let _ = self.endpoint.delete(now, AnySaId::Child(id));
            return;
        };
        self.children.insert(id, installed);
        self.events.push_back(Event::ChildSaEstablished {
            id,
            ike,
            replaces,
            selectors,
            inbound: spi_in,
            outbound: spi_out,
            path,
        });
        if replaces.is_none() {
            self.use_outbound(id);
            self.flush(now, policy);
        }
    }

    fn move_outbound(&mut self, from: ChildSaId, to: ChildSaId) {
        self.use_outbound(to);
        // Whatever was sent on before in place of `from`, also a rival of `to`.
        let Some((ike, policy)) = self.children.get(&to).map(|child| (child.ike, child.policy)) else {
            return;
        };
        for (id, child) in &mut self.children {
            let replaced = *id == from || (*id != to && child.ike == ike && child.policy == policy);
            if replaced && let Outbound::Used(outbound) = child.outbound {
                child.outbound = Outbound::Gone;
                self.sad.remove(outbound);
            }
        }
        self.events.push_back(Event::OutboundMoved { from, to });
    }

    /// Makes a Child SA one that packets go out on.
    fn use_outbound(&mut self, id: ChildSaId) {
        let Some(child) = self.children.get_mut(&id) else { return };
        if !matches!(child.outbound, Outbound::Waiting(..)) {
            return;
        }
        let waiting = core::mem::replace(&mut child.outbound, Outbound::Gone);
        if let Outbound::Waiting(sa, lifetimes, since) = waiting {
            let place = OutboundPlace { policy: child.policy, selectors: &child.selectors, cpu: None };
            if let Ok(outbound) = self.sad.insert_outbound(since, place, Half::Outbound(id, *sa), lifetimes) {
                child.outbound = Outbound::Used(outbound);
            }
        }
    }

    /// Sends what waited for an SA of this policy.
    fn flush(&mut self, now: Instant, policy: PolicyId) {
        let Some(acquiring) = self.acquiring.remove(&policy) else { return };
        let (mut untaken, mut others) = (false, Vec::new());
        for octets in acquiring.waiting {
            let mut buf = alloc::vec![0; HEADROOM + octets.len() + TAILROOM];
            let data = HEADROOM..HEADROOM + octets.len();
            if let Some(place) = buf.get_mut(data.clone()) {
                place.copy_from_slice(&octets);
            }
            let family = if octets.first().is_some_and(|octet| octet >> 4 == 6) {
                IpProtocol::IPV6
            } else {
                IpProtocol::IPV4
            };
            let Ok(mut packet) = Packet::new(&mut buf, data, family) else { continue };
            let Ok(flow) = packet.flow() else { continue };
            let Some(sa) = self.usable(policy, &flow) else {
                // Where each flow has its own SA, those of others have had none yet.
                if acquiring.flow.is_some_and(|first| first != flow) && self.populates(policy) {
                    others.push((flow, octets));
                } else {
                    untaken = true;
                }
                continue;
            };
            if let Outgoing::Protected(path) = self.seal(now, sa, &mut packet) {
                // In transport mode the IP header is back in front: whoever sends makes one of the path.
                let header =
                    if packet.next_header() == IpProtocol::ESP { 0 } else { header_len(packet.data()) };
                self.outbox.push_back((path, packet.data().get(header..).unwrap_or_default().to_vec()));
            }
        }
        self.held_off.retain(|held, _| *held != policy || untaken);
        // The SA takes other packets of the policy, not these: no use in asking again at once.
        if untaken {
            self.hold_off(now, policy);
            self.events.push_back(Event::AcquireFailed { policy, reason: CloseReason::TsUnacceptable });
        }
        for (flow, octets) in others {
            if let Some(entry) = self.spd.get(policy).map(Arc::clone) {
                self.acquire(now, policy, entry, flow, &octets);
            }
        }
    }

    /// Whether SAs of a policy take values of the packet that called for them.
    fn populates(&self, policy: PolicyId) -> bool {
        let protect = self.spd.get(policy).and_then(|policy| policy.protect());
        protect.is_some_and(|protect| protect.populate != Populate::NOTHING)
    }

    /// Makes no attempt for a policy for a while, twice as long as after the one that failed before.
    fn hold_off(&mut self, now: Instant, policy: PolicyId) {
        let before = self.held_off.get(&policy).map(|held| held.wait);
        let wait = before.map_or(HOLD_OFF, |wait| wait.saturating_mul(2).min(LONGEST_HOLD_OFF));
        self.held_off.insert(policy, HeldOff { until: now + wait, wait });
    }

    /// Deletes an IKE SA that has no Child SA: it cannot make another.
    fn delete_if_useless(&mut self, now: Instant, ike: IkeSaId) {
        let used = self.children.values().any(|child| child.ike == ike)
            || self.acquiring.values().any(|acquiring| acquiring.ike == ike);
        if !used {
            // Where it goes already there is nothing to do.
            let _ = self.endpoint.delete(now, AnySaId::Ike(ike));
        }
    }

    /// Forgets the packets that waited for an SA of this IKE SA; says whether there was such a policy.
    fn give_up(&mut self, now: Instant, ike: IkeSaId, reason: &CloseReason) -> bool {
        let policy = self.acquiring.iter().find(|(_, own)| own.ike == ike).map(|(policy, _)| *policy);
        if let Some(policy) = policy {
            self.acquiring.remove(&policy);
            self.hold_off(now, policy);
            self.events.push_back(Event::AcquireFailed { policy, reason: reason.clone() });
        }
        policy.is_some()
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("endpoint", &self.endpoint)
            .field("sad", &self.sad)
            .field("acquiring", &self.acquiring.len())
            .finish_non_exhaustive()
    }
}

/// Octets of an IP packet up to what it carries.
fn header_len(packet: &[u8]) -> usize {
    IpHeader::parse(packet).and_then(|ip| ip.upper_layer()).map_or(0, |upper| upper.offset)
}

/// Has the IP header step aside, with the extension headers that stay in front.
fn detach(packet: &mut Packet<'_>) -> Result<(), DiscardReason> {
    packet.detach_for_transport().map_err(|error| {
        if let SplitError::Malformed(error) = error {
            DiscardReason::Malformed(error)
        } else {
            DiscardReason::Fragment
        }
    })
}
