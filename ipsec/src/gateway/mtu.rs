//! How long packets may be: the path MTU of each SA (RFC 4301 §8.2).

use super::{Gateway, Installed, Outbound};
use crate::outcome::Event;
use ipsec_esp::OutboundSa;
use ipsec_ike::ChildSaId;
use ipsec_ip_packet::{Expansion, IpHeader, Ipv4Header, Ipv6Header, PathMtu, Quoted, TooBig, Tunnel};
use ipsec_sa_db::Mode;
use ipsec_types::{Carrier, Instant};

/// Octets of a UDP header (RFC 768).
const UDP: usize = 8;

/// What every host of a family must be able to send without a fragment: less is never asked of it (RFC 791 §3.2, RFC 8200
/// §5).
const LEAST_V4: usize = 68;
const LEAST_V6: usize = 1280;

impl Gateway {
    /// Takes what an ICMP message says about a datagram of ours that was too big, for whoever hears of it from a socket or
    /// opens ICMP himself; [`handle_inbound`](Self::handle_inbound) does by itself. Whether it was about an SA of ours.
    ///
    /// A message counts where it quotes the addresses and the SPI of an SA that we send on, and where
    /// [`GatewayConfig::trust_icmp`](crate::GatewayConfig::trust_icmp) lets unprotected ones count (RFC 4301 §6.1.1). What
    /// it says is held between a floor, 576 octets over IPv4 and 1,280 over IPv6, and the MTU of the link.
    pub fn note_too_big(&mut self, now: Instant, too_big: &TooBig) -> bool {
        // Without an SPI anybody could have made it up.
        let (Quoted::Esp { spi } | Quoted::Udp { spi: Some(spi), .. }) = too_big.quoted else { return false };
        let ids = self.outbound_spis.get(&spi).cloned().unwrap_or_default();
        let mut ours = false;
        for id in ids {
            let Some(child) = self.children.get_mut(&id).filter(|child| child.is_quoted(too_big)) else {
                continue;
            };
            ours = true;
            if child.mtu.note_too_big(now, too_big.mtu).is_some() {
                self.tell_mtu(now, id);
            }
        }
        ours
    }

    /// The longest packet that a Child SA carries without a fragment; `None` where it is not sent on.
    pub fn largest_packet(&self, now: Instant, child: ChildSaId) -> Option<usize> {
        let installed = self.children.get(&child)?;
        match &installed.outbound {
            Outbound::Used(id) => match self.sad.get(*id)? {
                super::Half::Outbound(_, sa) => installed.largest(now, sa),
                super::Half::Inbound(..) => None,
            },
            Outbound::Waiting(sa, ..) => installed.largest(now, sa),
            Outbound::Gone => None,
        }
    }

    fn tell_mtu(&mut self, now: Instant, id: ChildSaId) {
        if let Some(largest) = self.largest_packet(now, id) {
            self.stats.path_mtus_lowered += 1;
            self.events.push_back(Event::PathMtuLowered { id, largest });
        }
    }
}

impl Installed {
    /// A path MTU for an SA between these ends, from the link's on.
    pub(super) fn path_mtu(v6: bool, link: usize, trust_icmp: bool) -> PathMtu {
        let floor = if v6 { PathMtu::FLOOR_V6 } else { PathMtu::FLOOR_V4 };
        let mut mtu = PathMtu::new(link.max(floor), floor);
        mtu.trust_unprotected = trust_icmp;
        mtu
    }

    /// Whether an ICMP message quotes addresses, and ports where there are any, that its packets have.
    fn is_quoted(&self, too_big: &TooBig) -> bool {
        let path = self.esp_path;
        let ports = if let Quoted::Udp { source_port, destination_port, .. } = too_big.quoted {
            path.carrier == Carrier::UdpEncapsulated
                && (path.local.port(), path.remote.port()) == (source_port, destination_port)
        } else {
            path.carrier == Carrier::Udp
        };
        ports && (path.local.ip(), path.remote.ip()) == (too_big.source, too_big.destination)
    }

    /// What becomes of the length of a packet up to the link; `None` in a TCP stream, where it does not matter.
    fn expansion(&self, sa: &OutboundSa) -> Option<Expansion> {
        let outer = self.tunnel.as_ref().map_or(0, Tunnel::header_len);
        let udp = match self.esp_path.carrier {
            Carrier::Udp => 0,
            Carrier::UdpEncapsulated => UDP,
            Carrier::Tcp => return None,
        };
        Some(sa.expansion().behind(outer).behind(udp))
    }

    fn largest(&self, now: Instant, sa: &OutboundSa) -> Option<usize> {
        let header = if self.esp_path.remote.is_ipv6() { Ipv6Header::LEN } else { Ipv4Header::MIN_LEN };
        let kept = if self.mode == Mode::Transport { header } else { 0 };
        self.expansion(sa)?.keeping(kept).largest_inner(self.mtu.current(now))
    }

    /// The longest packet to tell the sender of one that does not fit and must not be cut (RFC 4301 §8.2.1); `None` where
    /// it fits, or may be cut: then it is sent, and whoever sends it cuts what comes out.
    pub(super) fn too_big(&self, now: Instant, sa: &OutboundSa, packet: &[u8]) -> Option<usize> {
        let expansion = self.expansion(sa)?;
        let transport = self.mode == Mode::Transport;
        let kept = if transport { super::outbound::header_len(packet) } else { 0 };
        let expansion = Expansion { kept, ..expansion };
        let mtu = self.mtu.current(now);
        if expansion.protected_len(packet.len()) <= mtu {
            return None;
        }
        let least = match IpHeader::parse(packet).ok()? {
            IpHeader::V4(header) if !header.dont_fragment() => return None,
            IpHeader::V4(_) => LEAST_V4,
            IpHeader::V6(_) => LEAST_V6,
        };
        let largest = expansion.largest_inner(mtu).unwrap_or_default().max(least);
        (packet.len() > largest).then_some(largest)
    }
}
