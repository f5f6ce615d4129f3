//! Packets and datagrams that come in.

use super::fragments::{Decision, fragment, hides_ports};
use super::{Arrival, Gateway, Half};
use crate::outcome::{DiscardReason, Incoming};
use core::net::{IpAddr, Ipv4Addr};
use ipsec_esp::{OpenError, OpenedKind, peek_spi};
use ipsec_ike::{ChildSaId, DatagramError};
use ipsec_ip_packet::{DecapsulateError, Ecn, FlowKey, IpHeader, Packet, TooBig, traffic_class};
use ipsec_sa_db::{Action, Direction, InterfaceId, PolicyId, Scope, Traffic, overlaps_header};
use ipsec_types::{Carrier, Datagram, Instant, IpProtocol, Path, classify};

impl Gateway {
    /// The payload of a UDP datagram that came in on port 500 or 4500, or a TCP frame: the packet's data.
    pub fn handle_datagram(&mut self, now: Instant, path: Path, packet: &mut Packet<'_>) -> Incoming {
        self.handle_datagram_with(now, path, Arrival::default(), packet)
    }

    /// The same for a datagram of which more is known: what its IP header says of congestion reaches the packets that come
    /// out of a tunnel (RFC 6040 §4.2).
    pub fn handle_datagram_with(
        &mut self,
        now: Instant,
        path: Path,
        arrival: Arrival,
        packet: &mut Packet<'_>,
    ) -> Incoming {
        let incoming = match classify(path.carrier, packet.data()) {
            Some(Datagram::Ike(_)) => match self.endpoint.handle_datagram(now, path, packet.data()) {
                Ok(()) => Incoming::Consumed,
                Err(error) => Incoming::Discarded(DiscardReason::Ike(error)),
            },
            Some(Datagram::Esp(_)) => {
                packet.set_next_header(IpProtocol::ESP);
                self.open(now, path, arrival.traffic_class, packet)
            }
            Some(Datagram::Keepalive) => Incoming::Consumed,
            None => Incoming::Discarded(DiscardReason::Ike(DatagramError::Unexpected)),
        };
        self.process(now);
        incoming
    }

    /// An IP packet that came in, its fragments put together: the packet's data. ESP is opened, ICMP messages about the length
    /// of our ESP packets are acted on (see [`note_too_big`](Self::note_too_big)), other packets pass where the SPD lets
    /// them in the clear.
    pub fn handle_inbound(&mut self, now: Instant, packet: &mut Packet<'_>) -> Incoming {
        let (upper, class, source, destination) = match IpHeader::parse(packet.data()).and_then(|ip| {
            Ok((ip.upper_layer()?, traffic_class(packet.data())?, ip.source(), ip.destination()))
        }) {
            Ok((upper, class, source, destination)) => {
                ((upper.protocol, upper.offset), class, source, destination)
            }
            Err(error) => return Incoming::Discarded(DiscardReason::Malformed(error)),
        };
        let (protocol, offset) = upper;
        if protocol == IpProtocol::ESP {
            if let Err(error) = packet.detach_header(offset, IpProtocol::ESP) {
                return Incoming::Discarded(DiscardReason::Seal(error.into()));
            }
            let end = |address| core::net::SocketAddr::new(address, 0);
            let path = Path { local: end(destination), remote: end(source), carrier: Carrier::Udp };
            let incoming = self.open(now, path, Some(class), packet);
            self.process(now);
            return incoming;
        }
        if matches!(protocol, IpProtocol::ICMP | IpProtocol::ICMPV6)
            && let Ok(Some(too_big)) = TooBig::parse(packet.data())
            && self.note_too_big(now, &too_big)
        {
            return Incoming::Consumed;
        }
        let flow = match packet.flow() {
            Ok(flow) => flow,
            Err(error) => return Incoming::Discarded(DiscardReason::Malformed(error)),
        };
        let traffic = Traffic::new(self.direction_to(destination), &flow);
        match self.decide(now, &traffic, packet.data()) {
            Decision::Bypass => Incoming::Delivered,
            Decision::Discard(reason) => Incoming::Discarded(reason),
            Decision::Protect(..) => Incoming::Discarded(DiscardReason::Unprotected),
        }
    }

    /// Whether what comes in for an address is for us, or goes on. A limited broadcast never does, and of a group we are
    /// members, or the packet would not be here (RFC 1812 §5.2.3).
    fn direction_to(&self, destination: IpAddr) -> Direction {
        let ours = self.addresses.is_empty() || self.addresses.contains(&destination);
        let everybody = destination == IpAddr::V4(Ipv4Addr::BROADCAST);
        if ours || everybody || destination.is_multicast() { Direction::Inbound } else { Direction::Forward }
    }

    /// Opens the ESP packet that is the data; `class` is the outer traffic class, where it is known.
    fn open(&mut self, now: Instant, path: Path, class: Option<u8>, packet: &mut Packet<'_>) -> Incoming {
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
        let class = class.filter(|_| opened.kind == OpenedKind::Tunnel).map(|class| (path.carrier, class));
        let incoming = self.admit(now, child, class, packet);
        if matches!(incoming, Incoming::Discarded(_)) {
            packet.data_mut().fill(0);
        }
        incoming
    }

    /// Whether a packet that a Child SA brought comes in. Policies overlap: what an earlier one discards, bypasses or gives to
    /// another peer does not come in on this SA (RFC 4301 §4.4.1, §5.2). Congestion that the outer header met is carried
    /// over.
    fn admit(
        &mut self,
        now: Instant,
        child: ChildSaId,
        class: Option<(Carrier, u8)>,
        packet: &mut Packet<'_>,
    ) -> Incoming {
        let discarded = Incoming::Discarded(DiscardReason::Policy);
        let policy = self.children.get(&child).map(|child| child.policy);
        let Some((policy, flow)) = policy.zip(packet.flow().ok()) else { return discarded };
        let Some(interface) = self.interface_of(policy, &flow) else { return discarded };
        if let Some(info) = fragment(packet.data()) {
            // What would be put where another fragment has its flags is not what policies saw (RFC 4301 §7.2).
            if overlaps_header(&flow, info) || hides_ports(&flow, info) {
                return Incoming::Discarded(DiscardReason::HostileFragment);
            }
            let traffic = Traffic::new(self.direction_to(flow.destination), &flow);
            self.note_protected(now, policy, &traffic, info);
        }
        if let Some((carrier, class)) = class
            && let Err(reason) = self.carry_over(child, carrier, class, packet)
        {
            return Incoming::Discarded(reason);
        }
        interface.map_or(Incoming::Delivered, Incoming::DeliveredFrom)
    }

    /// Carries congestion that the outer header met over to the inner one (RFC 6040 §4.2). A segment of TCP has no one inner
    /// packet: those of a marked one are dropped (RFC 9329 §9.5).
    fn carry_over(
        &mut self,
        child: ChildSaId,
        carrier: Carrier,
        class: u8,
        packet: &mut Packet<'_>,
    ) -> Result<(), DiscardReason> {
        let carried = if carrier == Carrier::Tcp {
            let marked = Ecn::of(class) == Ecn::Ce;
            if marked { Err(DecapsulateError::Congestion) } else { Ok(false) }
        } else {
            let tunnel = self.children.get(&child).and_then(|child| child.tunnel.as_ref());
            tunnel.map_or(Ok(false), |tunnel| tunnel.decapsulate(class, packet.data_mut()))
        };
        match carried {
            Ok(alarm) => {
                self.stats.ecn_alarms += u64::from(alarm);
                Ok(())
            }
            Err(DecapsulateError::Malformed(error)) => Err(DiscardReason::Malformed(error)),
            Err(_) => {
                self.stats.ecn_dropped += 1;
                Err(DiscardReason::Congestion)
            }
        }
    }

    /// The interface that a packet comes out of that an SA of a policy brought; `None` where the SPD gives it to another
    /// policy. What the policy's scope asks for is what such a packet has.
    fn interface_of(&mut self, policy: PolicyId, flow: &FlowKey) -> Option<Option<InterfaceId>> {
        let direction = self.direction_to(flow.destination);
        let Scope { interface, mark, names, .. } = &self.spd.get(policy)?.scope;
        let traffic = Traffic {
            interface: *interface,
            mark: mark.map_or(0, |mark| mark.value),
            name: names.first(),
            ..Traffic::new(direction, flow)
        };
        match self.caches.lookup(&self.spd, &traffic) {
            Action::Protect { id, .. } if id == policy => Some(*interface),
            Action::Protect { .. } | Action::Bypass | Action::Discard => None,
        }
    }
}
