use crate::extension::{UpperLayer, walk_extensions};
use crate::fragment::FragmentInfo;
use crate::ip::IpHeader;
use crate::ipv4::Ipv4Header;
use core::net::IpAddr;
use ipsec_types::{IpProtocol, ParseError, ParseErrorKind};

/// What policy looks at in a packet: addresses, protocol, and what the protocol calls its ports (RFC 4301 §4.4.1.1).
///
/// ```
/// use ipsec_ip_packet::{FlowKey, Ports};
/// use ipsec_types::IpProtocol;
///
/// let udp = [
///     0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1, 0x1e, 0x60, 0x1e, 0x61, 0, 8, 0, 0,
/// ];
/// let flow = FlowKey::of(&udp)?;
/// assert_eq!(flow.protocol, IpProtocol::UDP);
/// assert_eq!(flow.ports, Ports::Ports { source: 7776, destination: 7777 });
/// # Ok::<(), ipsec_types::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowKey {
    /// The source address.
    pub source: IpAddr,
    /// The destination address.
    pub destination: IpAddr,
    /// The protocol behind IPv6 extension headers.
    pub protocol: IpProtocol,
    /// What the protocol calls its ports.
    pub ports: Ports,
}

/// The port-like fields of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 4301 §4.4.1.1 has these")]
pub enum Ports {
    /// The protocol has none.
    None,
    /// The protocol has some, but this packet does not show them: it is a fragment other than the first, or too short
    /// (RFC 4301 §7). Never the same as port 0.
    Opaque,
    /// Of TCP, UDP, SCTP, UDP-Lite and DCCP.
    Ports {
        /// The source port.
        source: u16,
        /// The destination port.
        destination: u16,
    },
    /// Of ICMP and ICMPv6.
    Icmp {
        /// The message type.
        kind: u8,
        /// The code.
        code: u8,
    },
    /// Of the Mobility Header.
    Mobility {
        /// The MH type.
        kind: u8,
    },
}

impl FlowKey {
    /// Reads the key of an IP packet.
    ///
    /// # Errors
    ///
    /// As [`IpHeader::parse`] and [`IpHeader::upper_layer`].
    pub fn of(packet: &[u8]) -> Result<Self, ParseError> {
        Self::of_packet(packet).map(|(flow, _)| flow)
    }

    /// Reads the key of an IP packet and how many octets the packet has by its length field, in one walk: what
    /// [`IpHeader::parse`] refuses is refused here, without a view being made.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    #[inline]
    pub fn of_packet(packet: &[u8]) -> Result<(Self, usize), ParseError> {
        if let Some(fixed) = packet.first_chunk::<{ Ipv4Header::MIN_LEN }>()
            && fixed[0] == 0x45
            && [fixed[6] & 0x3f, fixed[7]] == [0, 0]
        {
            // IPv4 without options, and whole: nearly all there is.
            let [_, _, t0, t1, _, _, _, _, _, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *fixed;
            let len = usize::from(u16::from_be_bytes([t0, t1]));
            if let Some(payload) = packet.get(Ipv4Header::MIN_LEN..len) {
                let (protocol, offset) = (IpProtocol(protocol), Ipv4Header::MIN_LEN);
                let upper = UpperLayer { protocol, offset, payload, fragment: None };
                let (source, destination) = ([s0, s1, s2, s3].into(), [d0, d1, d2, d3].into());
                return Ok((Self { source, destination, protocol, ports: Ports::of(&upper) }, len));
            }
        }
        let ip = IpHeader::parse(packet)?;
        Ok((Self::of_header(&ip)?, ip.packet_len()))
    }

    /// The key of a packet that was read already.
    ///
    /// # Errors
    ///
    /// As [`IpHeader::upper_layer`].
    pub fn of_header(ip: &IpHeader<'_>) -> Result<Self, ParseError> {
        let upper = ip.upper_layer()?;
        let (source, destination) = (ip.source(), ip.destination());
        Ok(Self { source, destination, protocol: upper.protocol, ports: Ports::of(&upper) })
    }

    /// Reads the key of a packet whose IP header, with the extension headers that stay in front, stands apart from its
    /// payload of kind `protocol`.
    ///
    /// # Errors
    ///
    /// A header without its addresses, or extension headers in the payload that are not in order.
    pub fn of_parts(header: &[u8], protocol: IpProtocol, payload: &[u8]) -> Result<Self, ParseError> {
        let (source, destination) = addresses(header)?;
        let fragment = FragmentInfo::of_header(header);
        let upper = if source.is_ipv4() || fragment.is_some_and(|info| info.is_later()) {
            UpperLayer { protocol, offset: 0, payload, fragment }
        } else {
            walk_extensions(protocol, payload, 0)?
        };
        Ok(Self { source, destination, protocol: upper.protocol, ports: Ports::of(&upper) })
    }

    /// The key of packets that go the other way.
    #[must_use]
    pub const fn reversed(self) -> Self {
        let ports = match self.ports {
            Ports::Ports { source, destination } => Ports::Ports { source: destination, destination: source },
            Ports::None | Ports::Opaque | Ports::Icmp { .. } | Ports::Mobility { .. } => self.ports,
        };
        Self { source: self.destination, destination: self.source, protocol: self.protocol, ports }
    }
}

impl Ports {
    #[inline]
    fn of(upper: &UpperLayer<'_>) -> Self {
        let later = upper.fragment.is_some_and(|info| info.is_later());
        let shown = if later { &[] } else { upper.payload };
        match upper.protocol {
            IpProtocol::TCP
            | IpProtocol::UDP
            | IpProtocol::SCTP
            | IpProtocol::UDP_LITE
            | IpProtocol::DCCP => match shown {
                [s0, s1, d0, d1, ..] => {
                    let (source, destination) =
                        (u16::from_be_bytes([*s0, *s1]), u16::from_be_bytes([*d0, *d1]));
                    Self::Ports { source, destination }
                }
                _ => Self::Opaque,
            },
            IpProtocol::ICMP | IpProtocol::ICMPV6 => match shown {
                [kind, code, ..] => Self::Icmp { kind: *kind, code: *code },
                _ => Self::Opaque,
            },
            IpProtocol::MOBILITY => match shown {
                // Payload Proto, Header Len, MH Type (RFC 6275 §6.1.1).
                [_, _, kind, ..] => Self::Mobility { kind: *kind },
                _ => Self::Opaque,
            },
            _ => Self::None,
        }
    }
}

/// The addresses of an IP header, whose length field may say anything.
pub(crate) fn addresses(header: &[u8]) -> Result<(IpAddr, IpAddr), ParseError> {
    let short = |needed| ParseError::new(ParseErrorKind::Truncated { needed, available: header.len() }, 0);
    let pair = |at: usize, len: usize| {
        let middle = at.saturating_add(len);
        header.get(at..middle).zip(header.get(middle..middle.saturating_add(len)))
    };
    match header.first().map(|octet| octet >> 4) {
        Some(4) => {
            let (source, destination) = pair(12, 4).ok_or_else(|| short(20))?;
            let address =
                |octets: &[u8]| <[u8; 4]>::try_from(octets).map(IpAddr::from).map_err(|_| short(20));
            Ok((address(source)?, address(destination)?))
        }
        Some(6) => {
            let (source, destination) = pair(8, 16).ok_or_else(|| short(40))?;
            let address =
                |octets: &[u8]| <[u8; 16]>::try_from(octets).map(IpAddr::from).map_err(|_| short(40));
            Ok((address(source)?, address(destination)?))
        }
        Some(_) => Err(ParseError::new(ParseErrorKind::Invalid("Version"), 0)),
        None => Err(short(20)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ipv4Fields, Ipv6Fields};
    use alloc::vec::Vec;
    use ipsec_types::{Encode as _, Writer};

    fn ipv4(protocol: IpProtocol, payload: &[u8], fragment: [u8; 2]) -> Vec<u8> {
        let fields = Ipv4Fields {
            source: [10, 1, 0, 1].into(),
            destination: [10, 2, 0, 1].into(),
            protocol,
            traffic_class: 0,
            ttl: 64,
            identification: 1,
            dont_fragment: false,
            payload_len: payload.len(),
        };
        let mut packet = alloc::vec![0; 20];
        fields.encode(&mut Writer::new(&mut packet)).unwrap();
        packet[6..8].copy_from_slice(&fragment);
        packet.extend_from_slice(payload);
        packet
    }

    #[test]
    fn each_protocol_by_its_fields() {
        let cases: [(IpProtocol, &[u8], Ports); 10] = [
            (IpProtocol::TCP, &[0, 80, 1, 0, 9], Ports::Ports { source: 80, destination: 256 }),
            (IpProtocol::UDP, &[0, 0, 0, 0], Ports::Ports { source: 0, destination: 0 }),
            (IpProtocol::UDP, &[0, 80, 1], Ports::Opaque),
            (IpProtocol::SCTP, &[0, 80, 1, 0, 9], Ports::Ports { source: 80, destination: 256 }),
            (IpProtocol::UDP_LITE, &[0, 80, 1, 0, 9], Ports::Ports { source: 80, destination: 256 }),
            (IpProtocol::DCCP, &[0, 80, 1, 0, 9], Ports::Ports { source: 80, destination: 256 }),
            (IpProtocol::ICMP, &[8, 0, 1, 2], Ports::Icmp { kind: 8, code: 0 }),
            (IpProtocol::ICMP, &[8], Ports::Opaque),
            (IpProtocol::MOBILITY, &[59, 1, 5, 0], Ports::Mobility { kind: 5 }),
            (IpProtocol::GRE, &[1, 2, 3, 4], Ports::None),
        ];
        for (protocol, payload, ports) in cases {
            let flow = FlowKey::of(&ipv4(protocol, payload, [0, 0])).unwrap();
            assert_eq!((flow.protocol, flow.ports), (protocol, ports));
            assert_eq!(flow.reversed().reversed(), flow);
        }
    }

    #[test]
    fn pd_02_a_later_fragment_has_opaque_ports_and_the_first_its_own() {
        for protocol in [IpProtocol::UDP, IpProtocol::ICMP, IpProtocol::MOBILITY] {
            let later = FlowKey::of(&ipv4(protocol, &[0; 8], [0, 1])).unwrap();
            assert_eq!(later.ports, Ports::Opaque);
            let first = FlowKey::of(&ipv4(protocol, &[0; 8], [0x20, 0])).unwrap();
            assert_ne!(first.ports, Ports::Opaque);
        }
    }

    #[test]
    fn ipv6_extension_headers_are_passed() {
        let fields = Ipv6Fields {
            source: "2001:db8::1".parse().unwrap(),
            destination: "2001:db8::2".parse().unwrap(),
            next_header: IpProtocol::HOP_BY_HOP,
            traffic_class: 0,
            flow_label: 0,
            hop_limit: 1,
            payload_len: 16,
        };
        let mut packet = alloc::vec![0; 56];
        fields.encode(&mut Writer::new(&mut packet)).unwrap();
        packet[40..42].copy_from_slice(&[IpProtocol::ICMPV6.0, 0]);
        packet[48] = 128;
        let flow = FlowKey::of(&packet).unwrap();
        assert_eq!((flow.protocol, flow.ports), (IpProtocol::ICMPV6, Ports::Icmp { kind: 128, code: 0 }));
    }
}
