use crate::extension::UpperLayer;
use crate::ipv4::Ipv4Header;
use crate::ipv6::Ipv6Header;
use core::net::IpAddr;
use ipsec_types::{ParseError, ParseErrorKind};

/// A view of an IP packet of either family.
///
/// ```
/// use ipsec_ip_packet::IpHeader;
///
/// let packet = [0x45, 0, 0, 24, 0, 0, 0x40, 0, 64, 47, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 1, 2, 3, 4];
/// let ip = IpHeader::parse(&packet)?;
/// assert_eq!((ip.source(), ip.packet_len()), ([192, 0, 2, 1].into(), 24));
/// assert_eq!(ip.upper_layer()?.payload, [1, 2, 3, 4]);
/// assert!(IpHeader::parse(&[0x75; 60]).is_err()); // version 7
/// # Ok::<(), ipsec_types::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are two versions of IP")]
pub enum IpHeader<'a> {
    /// IPv4, RFC 791.
    V4(Ipv4Header<'a>),
    /// IPv6, RFC 8200.
    V6(Ipv6Header<'a>),
}

impl<'a> IpHeader<'a> {
    /// Reads the header at the front of `packet`, by its version.
    ///
    /// # Errors
    ///
    /// As [`Ipv4Header::parse`] and [`Ipv6Header::parse`]; any other version is refused.
    pub fn parse(packet: &'a [u8]) -> Result<Self, ParseError> {
        match packet.first().map(|octet| octet >> 4) {
            Some(4) => Ipv4Header::parse(packet).map(Self::V4),
            Some(6) => Ipv6Header::parse(packet).map(Self::V6),
            Some(_) => Err(ParseError::new(ParseErrorKind::Invalid("IP version"), 0)),
            None => Err(ParseError::new(ParseErrorKind::Truncated { needed: 20, available: 0 }, 0)),
        }
    }

    /// The source address.
    pub fn source(&self) -> IpAddr {
        match self {
            Self::V4(header) => header.source().into(),
            Self::V6(header) => header.source().into(),
        }
    }

    /// The destination address.
    pub fn destination(&self) -> IpAddr {
        match self {
            Self::V4(header) => header.destination().into(),
            Self::V6(header) => header.destination().into(),
        }
    }

    /// Octets of the packet as its length field has it.
    pub const fn packet_len(&self) -> usize {
        match self {
            Self::V4(header) => header.header_len().saturating_add(header.payload().len()),
            Self::V6(header) => Ipv6Header::LEN.saturating_add(header.payload().len()),
        }
    }

    /// What the packet carries, behind IPv6 extension headers.
    ///
    /// # Errors
    ///
    /// As [`Ipv6Header::upper_layer`].
    pub fn upper_layer(&self) -> Result<UpperLayer<'a>, ParseError> {
        match self {
            Self::V4(header) => Ok(header.upper_layer()),
            Self::V6(header) => header.upper_layer(),
        }
    }
}

/// Which IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two versions of IP")]
pub enum IpFamily {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl IpFamily {
    /// That of a packet or header, by its version alone.
    ///
    /// # Errors
    ///
    /// Another version, or nothing there.
    #[inline]
    pub fn of(packet: &[u8]) -> Result<Self, ParseError> {
        match packet.first().map(|octet| octet >> 4) {
            Some(4) => Ok(Self::V4),
            Some(6) => Ok(Self::V6),
            _ => Err(ParseError::new(ParseErrorKind::Invalid("IP version"), 0)),
        }
    }
}
