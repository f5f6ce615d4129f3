//! Packets and datagrams that come in.

use super::{Gateway, Half};
use crate::outcome::{DiscardReason, Incoming};
use ipsec_esp::{OpenError, OpenedKind, peek_spi};
use ipsec_ike::DatagramError;
use ipsec_ip_packet::{FlowKey, IpHeader, Packet};
use ipsec_sa_db::{Action, Direction, InterfaceId, PolicyId, Scope, Traffic};
use ipsec_types::{Carrier, Datagram, Instant, IpProtocol, Path, classify};

impl Gateway {
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

    pub(super) fn open(&mut self, now: Instant, path: Path, packet: &mut Packet<'_>) -> Incoming {
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
    pub(super) fn interface_of(&self, policy: PolicyId, flow: &FlowKey) -> Option<Option<InterfaceId>> {
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
}
