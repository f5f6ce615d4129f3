use crate::checksum::adjust_transport_checksum;
use crate::extension::{extension_len, has_home_address, is_extension, walk_extensions};
use crate::flow::addresses;
use crate::ip::IpHeader;
use crate::ipv6::Ipv6Header;
use crate::{MAX_EXTENSION_HEADERS, NoRoom, Packet};
use core::net::IpAddr;
use ipsec_types::{IpProtocol, ParseError, ParseErrorKind};

/// Where ESP or AH goes in a packet in transport mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportSplit {
    /// Octets of the IP header with its options or the extension headers that stay in front.
    pub header_len: usize,
    /// The protocol of what is protected: an upper layer, or Destination Options for the destination alone.
    pub protocol: IpProtocol,
}

/// Finds where ESP or AH goes in `packet` in transport mode (RFC 4303 §3.1.1, RFC 4302 §3.1.1).
///
/// In IPv4 that is behind the options. In IPv6 it is behind Hop-by-Hop Options, Routing and Shim6 headers, and Destination
/// Options for the stops of a Routing header, or with a Home Address option (RFC 6275 §6.3); Destination Options for the
/// destination alone are protected. An atomic Fragment header (RFC 6946) stays in front.
///
/// ```
/// use ipsec_ip_packet::{TransportSplit, transport_split};
/// use ipsec_types::IpProtocol;
///
/// // Destination Options behind the fixed header, then UDP.
/// let mut packet = [0; 56];
/// packet[..8].copy_from_slice(&[0x60, 0, 0, 0, 0, 16, 60, 64]);
/// packet[40..44].copy_from_slice(&[17, 0, 1, 4]);
/// let split = transport_split(&packet)?;
/// assert_eq!(split, TransportSplit { header_len: 40, protocol: IpProtocol::DESTINATION_OPTIONS });
/// # Ok::<(), ipsec_ip_packet::SplitError>(())
/// ```
///
/// # Errors
///
/// [`SplitError::Fragment`] for a fragment: transport mode protects whole datagrams (RFC 4303 §3.3.4);
/// [`SplitError::Malformed`] for what is no IP packet, or has more extension headers than [`MAX_EXTENSION_HEADERS`].
pub fn transport_split(packet: &[u8]) -> Result<TransportSplit, SplitError> {
    split(&IpHeader::parse(packet)?)
}

fn split(ip: &IpHeader<'_>) -> Result<TransportSplit, SplitError> {
    match ip {
        IpHeader::V4(header) => {
            if header.fragment().is_some() {
                return Err(SplitError::Fragment);
            }
            Ok(TransportSplit { header_len: header.header_len(), protocol: header.protocol() })
        }
        IpHeader::V6(header) => {
            if header.upper_layer()?.fragment.is_some() {
                return Err(SplitError::Fragment);
            }
            Ok(split_ipv6(header.next_header(), header.payload())?)
        }
    }
}

/// The walk; the last header that has to stay in front decides.
fn split_ipv6(first: IpProtocol, payload: &[u8]) -> Result<TransportSplit, ParseError> {
    let mut split = TransportSplit { header_len: Ipv6Header::LEN, protocol: first };
    let (mut protocol, mut rest) = (first, payload);
    let mut at = Ipv6Header::LEN;
    for _ in 0..MAX_EXTENSION_HEADERS {
        if !is_extension(protocol) {
            break;
        }
        let len = extension_len(protocol, rest, at)?;
        let next = rest.first().map_or(IpProtocol::NO_NEXT_HEADER, |octet| IpProtocol(*octet));
        let (header, behind) = rest.split_at_checked(len).unwrap_or_default();
        at = at.saturating_add(len);
        rest = behind;
        let protected = match protocol {
            IpProtocol::DESTINATION_OPTIONS => !has_home_address(header),
            protocol => protocol == IpProtocol::HIP,
        };
        if !protected {
            split = TransportSplit { header_len: at, protocol: next };
        }
        protocol = next;
    }
    Ok(split)
}

impl Packet<'_> {
    /// Detaches the header of the IP packet that is the data, as transport mode wants it before sealing: see
    /// [`transport_split`].
    ///
    /// # Errors
    ///
    /// [`SplitError`]; nothing changes then.
    pub fn detach_for_transport(&mut self) -> Result<(), SplitError> {
        let ip = IpHeader::parse(self.data())?;
        let (split, len) = (split(&ip)?, ip.packet_len());
        self.detach_of(len, split.header_len, split.protocol)
    }

    /// Detaches all headers of the IP packet that is the data, up to its upper layer, as opening wants it: ESP and AH are
    /// upper layers here. Says what the upper layer is.
    ///
    /// # Errors
    ///
    /// [`SplitError`]: a fragment has to be put together first (RFC 4303 §3.4.1); nothing changes then.
    pub fn detach_to_upper_layer(&mut self) -> Result<IpProtocol, SplitError> {
        let ip = IpHeader::parse(self.data())?;
        let upper = ip.upper_layer()?;
        if upper.fragment.is_some() {
            return Err(SplitError::Fragment);
        }
        let (len, protocol) = (ip.packet_len(), upper.protocol);
        self.detach_of(len, upper.offset, protocol)?;
        Ok(protocol)
    }

    /// Makes the checksum of the upper layer right for the addresses in the detached header, where its sender computed with
    /// `from`, source and destination: see [`adjust_transport_checksum`]. Without a detached header nothing happens.
    pub fn adjust_checksum(&mut self, from: (IpAddr, IpAddr)) {
        let Ok((source, destination)) = addresses(self.header()) else { return };
        let walked = walk_extensions(self.next_header(), self.data(), 0);
        let (protocol, at) = match walked {
            Ok(upper) if source.is_ipv6() => (upper.protocol, upper.offset),
            Ok(_) | Err(_) => (self.next_header(), 0),
        };
        let payload = self.data_mut().get_mut(at..).unwrap_or_default();
        adjust_transport_checksum(protocol, payload, from, (source, destination));
    }

    /// Leaves out link padding behind an IP packet of `len` octets and detaches its header.
    fn detach_of(&mut self, len: usize, header_len: usize, inner: IpProtocol) -> Result<(), SplitError> {
        self.pull_back(self.data().len().saturating_sub(len))?;
        Ok(self.detach_header(header_len, inner)?)
    }
}

/// Why the header of a packet was not detached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// It is no IP packet, or its extension headers are not in order.
    #[error("{0}")]
    Malformed(#[from] ParseError),
    /// It is a fragment.
    #[error("fragment")]
    Fragment,
}

impl From<NoRoom> for SplitError {
    fn from(error: NoRoom) -> Self {
        let NoRoom { needed, available } = error;
        Self::Malformed(ParseError::new(ParseErrorKind::Truncated { needed, available }, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// An IPv6 packet with these extension headers of 8 octets each, and UDP.
    fn chain(kinds: &[IpProtocol]) -> Vec<u8> {
        let names: Vec<u8> = kinds.iter().map(|kind| kind.0).chain([IpProtocol::UDP.0]).collect();
        let mut packet = alloc::vec![0x60, 0, 0, 0, 0, 0, names[0], 64];
        packet.resize(40, 0);
        for next in &names[1..] {
            packet.extend([*next, 0, 0, 0, 0, 0, 0, 1]);
        }
        packet.extend([0; 8]);
        let length = u16::try_from(packet.len() - 40).unwrap();
        packet[4..6].copy_from_slice(&length.to_be_bytes());
        packet
    }

    #[test]
    fn rfc4303_3_1_1_the_place_among_ipv6_extension_headers() {
        const HBH: IpProtocol = IpProtocol::HOP_BY_HOP;
        const DST: IpProtocol = IpProtocol::DESTINATION_OPTIONS;
        const RT: IpProtocol = IpProtocol::ROUTING;
        const FR: IpProtocol = IpProtocol::FRAGMENT;
        let cases: [(&[IpProtocol], usize, IpProtocol); 11] = [
            (&[], 0, IpProtocol::UDP),
            (&[HBH], 1, IpProtocol::UDP),
            (&[DST], 0, DST),
            (&[HBH, DST], 1, DST),
            (&[HBH, DST, RT], 3, IpProtocol::UDP),
            (&[HBH, DST, RT, DST], 3, DST),
            (&[HBH, DST, RT, FR, DST], 4, DST),
            (&[RT, DST, DST], 1, DST),
            (&[IpProtocol::SHIM6, DST], 1, DST),
            (&[IpProtocol::HIP], 0, IpProtocol::HIP),
            (&[HBH, IpProtocol::HIP], 1, IpProtocol::HIP),
        ];
        for (kinds, stay, protocol) in cases {
            let mut octets = chain(kinds);
            let split = TransportSplit { header_len: 40 + 8 * stay, protocol };
            assert_eq!(transport_split(&octets), Ok(split), "{kinds:?}");
            let whole = octets.clone();
            octets.extend([0xee; 5]);
            let mut packet = Packet::new(&mut octets, 0..whole.len() + 5, IpProtocol::IPV6).unwrap();
            packet.detach_for_transport().unwrap();
            assert_eq!((packet.header().len(), packet.next_header()), (split.header_len, protocol));
            packet.attach_header().unwrap();
            assert_eq!(packet.data(), whole, "{kinds:?}: link padding is gone, the rest is as it was");
        }
    }

    /// "Before the AH Header or ESP Header, if either one of those headers is present".
    #[test]
    fn rfc6275_6_3_a_home_address_stays_in_front() {
        for first in [&[17, 3, 1, 4, 0, 0, 0, 0, 0, 0][..], &[17, 3, 5, 2, 0, 0, 0, 0, 0, 0]] {
            for (kind, stays) in [(201, true), (202, false)] {
                let options = [first, &[kind, 16], &[0xa; 16], &[1, 2, 0, 0]].concat();
                let mut packet = alloc::vec![0x60, 0, 0, 0, 0, 40, 60, 64];
                packet.resize(40, 0);
                packet.extend([&options[..], &[0; 8]].concat());
                let (header_len, protocol) =
                    if stays { (72, IpProtocol::UDP) } else { (40, IpProtocol::DESTINATION_OPTIONS) };
                assert_eq!(transport_split(&packet), Ok(TransportSplit { header_len, protocol }));
            }
        }
    }

    #[test]
    fn rfc4303_3_3_4_fragments_are_not_split() {
        let mut packet = chain(&[IpProtocol::FRAGMENT]);
        packet[43] = 1;
        assert_eq!(transport_split(&packet), Err(SplitError::Fragment));
        let mut packet = alloc::vec![0x45, 0, 0, 20, 0, 0, 0x20, 0, 64, 17];
        packet.resize(20, 0);
        assert_eq!(transport_split(&packet), Err(SplitError::Fragment));
        let mut whole = Packet::new(&mut packet, 0..20, IpProtocol::IPV4).unwrap();
        assert_eq!(whole.detach_to_upper_layer(), Err(SplitError::Fragment));
        assert_eq!(whole.data().len(), 20, "nothing changed");
    }

    #[test]
    fn ea_14_a_hundred_extension_headers_are_refused() {
        let packet = chain(&[IpProtocol::DESTINATION_OPTIONS; 100]);
        assert!(matches!(transport_split(&packet), Err(SplitError::Malformed(_))));
    }
}
