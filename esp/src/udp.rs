use ipsec_ip_packet::{NoRoom, Packet, transport_checksum};
use ipsec_types::{IpProtocol, ParseError, ParseErrorKind};

/// The UDP header around ESP, IKE and keepalives on port 4500 (RFC 3948 §2), for whoever reads and writes IP packets instead
/// of using UDP sockets.
///
/// [`ipsec_types::classify`] tells what the datagram holds.
///
/// ```
/// use ipsec_esp::UdpEncapsulation;
/// use ipsec_ip_packet::Packet;
/// use ipsec_types::IpProtocol;
///
/// let mut buf = [0; 16];
/// buf[8..].copy_from_slice(&[0xc0, 1, 0xca, 0xfe, 0, 0, 0, 1]);
/// let mut packet = Packet::new(&mut buf, 8..16, IpProtocol::ESP)?;
/// let ports = UdpEncapsulation { source_port: 4500, destination_port: 40_001 };
/// ports.push(&mut packet)?;
/// assert_eq!(packet.data()[..8], [0x11, 0x94, 0x9c, 0x41, 0, 16, 0, 0]);
///
/// assert_eq!(UdpEncapsulation::strip(&mut packet)?, ports);
/// assert_eq!(packet.data()[..4], [0xc0, 1, 0xca, 0xfe]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a UDP header has these")]
pub struct UdpEncapsulation {
    /// Where the datagram comes from.
    pub source_port: u16,
    /// Where it goes.
    pub destination_port: u16,
}

impl UdpEncapsulation {
    /// Octets of the header.
    pub const LEN: usize = 8;

    /// Puts the header in front of the data, whose protocol is UDP then.
    ///
    /// The checksum is zero, as RFC 3948 §2.1 wants over IPv4; behind a detached IPv6 header, where zero means a broken
    /// packet to many (RFC 8200 §8.1), it is computed.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] where the headroom is too small, or the datagram would exceed 65,535 octets; nothing changes then.
    pub fn push(self, packet: &mut Packet<'_>) -> Result<(), NoRoom> {
        let len = packet.data_range().len().saturating_add(Self::LEN);
        let too_long = NoRoom { needed: len, available: u16::MAX.into() };
        let [l0, l1] = u16::try_from(len).map_err(|_| too_long)?.to_be_bytes();
        let ([s0, s1], [d0, d1]) = (self.source_port.to_be_bytes(), self.destination_port.to_be_bytes());
        packet.push_front(Self::LEN)?.copy_from_slice(&[s0, s1, d0, d1, l0, l1, 0, 0]);
        packet.set_next_header(IpProtocol::UDP);
        if packet.header().first().is_some_and(|octet| octet >> 4 == 6)
            && let Ok(flow) = packet.flow()
        {
            let checksum = transport_checksum(flow.source, flow.destination, IpProtocol::UDP, packet.data());
            let checksum = if checksum == 0 { u16::MAX } else { checksum };
            if let Some(field) = packet.data_mut().get_mut(6..8) {
                field.copy_from_slice(&checksum.to_be_bytes());
            }
        }
        Ok(())
    }

    /// Takes the header off the UDP datagram that is the data, and octets behind its length with it. The checksum is not
    /// looked at: ESP and IKE authenticate what they carry, and NATs break it (RFC 3948 §2.1).
    ///
    /// # Errors
    ///
    /// A datagram shorter than its header or its length field; nothing changes then.
    pub fn strip(packet: &mut Packet<'_>) -> Result<Self, ParseError> {
        let available = packet.data().len();
        let truncated = |needed| ParseError::new(ParseErrorKind::Truncated { needed, available }, 0);
        let [s0, s1, d0, d1, l0, l1, _, _] =
            *packet.data().first_chunk::<{ Self::LEN }>().ok_or_else(|| truncated(Self::LEN))?;
        let declared = usize::from(u16::from_be_bytes([l0, l1]));
        if declared < Self::LEN || declared > available {
            let kind = ParseErrorKind::LengthField { declared, min: Self::LEN, max: available };
            return Err(ParseError::new(kind, 4));
        }
        packet.pull_back(available.saturating_sub(declared)).map_err(|_| truncated(declared))?;
        packet.pull_front(Self::LEN).map_err(|_| truncated(declared))?;
        packet.set_next_header(IpProtocol::ESP);
        let (source_port, destination_port) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
        Ok(Self { source_port, destination_port })
    }
}
