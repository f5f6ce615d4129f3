use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, IpProtocol, ParseError, ParseErrorKind, Writer};

use crate::IdType;
use crate::text::{Hex, Shown};

/// The Identification payload (RFC 2408 §3.8, RFC 2407 §4.6.2): IDii and IDir in phase 1, IDci and IDcr in Quick Mode,
/// where they are the traffic that an SA protects.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   ID Type     |  Protocol ID  |             Port              |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                     Identification Data                       ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Names are the octets of the peer, whatever they are; `Display` and `Debug` escape them.
///
/// ```
/// use ikev1_wire::{IdValue, Identification};
///
/// // Everything from 10.1.0.0/24.
/// let id = Identification::decode(&[4, 0, 0, 0, 10, 1, 0, 0, 255, 255, 255, 0], 0)?;
/// let subnet = IdValue::Subnet { address: [10, 1, 0, 0].into(), mask: [255, 255, 255, 0].into() };
/// assert_eq!(id.value(), subnet);
/// assert_eq!(id.to_string(), "10.1.0.0/255.255.255.0");
/// # Ok::<(), ikev1_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identification<'a> {
    kind: IdType,
    protocol: u8,
    port: u16,
    data: &'a [u8],
}

/// An identity by its type.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdValue<'a> {
    /// One address.
    Address(
        /// The address.
        IpAddr,
    ),
    /// A network. The mask is what the peer sent, and need not be that of a prefix.
    Subnet {
        /// The address.
        address: IpAddr,
        /// The mask, of the same family.
        mask: IpAddr,
    },
    /// Addresses from one to another. The first need not be the lower one.
    Range {
        /// The first address.
        first: IpAddr,
        /// The last address, of the same family.
        last: IpAddr,
    },
    /// A name, a key id, or the DER of a name.
    Octets(
        /// The octets.
        &'a [u8],
    ),
}

impl<'a> Identification<'a> {
    /// An identity of type `kind` for all protocols and ports. Where the type fixes the length of its data, data of
    /// another length cannot be encoded.
    pub const fn new(kind: IdType, data: &'a [u8]) -> Self {
        Self { kind, protocol: 0, port: 0, data }
    }

    /// The same for one protocol and one port; 0 stands for all of them.
    pub const fn with_port(self, protocol: IpProtocol, port: u16) -> Self {
        Self { protocol: protocol.0, port, ..self }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] below four octets, [`ParseErrorKind::LengthField`] for addresses of another length
    /// than their type has.
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (data, [kind, protocol, high, low]) = part(body, base_offset, chunk::<4>)?;
        let id = Self { kind: IdType(kind), protocol, port: u16::from_be_bytes([high, low]), data };
        match id.fixed_len() {
            Some(len) if len != data.len() => {
                let kind = ParseErrorKind::LengthField { declared: data.len(), min: len, max: len };
                Err(ParseError::new(kind, base_offset.saturating_add(4)))
            }
            _ => Ok(id),
        }
    }

    /// The type.
    pub const fn kind(&self) -> IdType {
        self.kind
    }

    /// The protocol, 0 for all. In phase 1 it is 0 or UDP (RFC 2407 §4.6.2).
    pub const fn protocol(&self) -> IpProtocol {
        IpProtocol(self.protocol)
    }

    /// The port, 0 for all. In phase 1 it is 0 or, with UDP, 500 (RFC 2407 §4.6.2, RFC 3947 §4).
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The identity itself, without a terminator.
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The identity, read by its type.
    pub fn value(&self) -> IdValue<'a> {
        let read = match self.kind {
            IdType::ID_IPV4_ADDR | IdType::ID_IPV6_ADDR => address(self.data).map(IdValue::Address),
            IdType::ID_IPV4_ADDR_SUBNET | IdType::ID_IPV6_ADDR_SUBNET => {
                pair(self.data).map(|(address, mask)| IdValue::Subnet { address, mask })
            }
            IdType::ID_IPV4_ADDR_RANGE | IdType::ID_IPV6_ADDR_RANGE => {
                pair(self.data).map(|(first, last)| IdValue::Range { first, last })
            }
            _ => None,
        };
        read.unwrap_or(IdValue::Octets(self.data))
    }

    /// How long the data of this type is, where that is fixed.
    const fn fixed_len(&self) -> Option<usize> {
        match self.kind {
            IdType::ID_IPV4_ADDR => Some(4),
            IdType::ID_IPV4_ADDR_SUBNET | IdType::ID_IPV4_ADDR_RANGE => Some(8),
            IdType::ID_IPV6_ADDR => Some(16),
            IdType::ID_IPV6_ADDR_SUBNET | IdType::ID_IPV6_ADDR_RANGE => Some(32),
            _ => None,
        }
    }
}

impl Encode for Identification<'_> {
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.fixed_len().is_some_and(|len| len != self.data.len()) {
            return Err(EncodeError::Invalid("Identification Data"));
        }
        out.put(&[self.kind.0, self.protocol])?;
        out.put_u16(self.port)?;
        out.put(self.data)
    }
}

/// Addresses and names as text, names escaped; everything else as hexadecimal digits.
impl fmt::Display for Identification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.value()) {
            (IdType::ID_FQDN | IdType::ID_USER_FQDN | IdType::ID_KEY_ID, IdValue::Octets(octets)) => {
                write!(f, "{}", octets.escape_ascii())?;
            }
            (_, value) => write!(f, "{value}")?,
        }
        if self.protocol == 0 && self.port == 0 {
            return Ok(());
        }
        write!(f, " {}:{}", self.protocol(), self.port)
    }
}

impl fmt::Debug for Identification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identification").field("kind", &self.kind).field("value", &Shown(self)).finish()
    }
}

/// Addresses as text, octets as hexadecimal digits.
impl fmt::Display for IdValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Subnet { address, mask } => write!(f, "{address}/{mask}"),
            Self::Range { first, last } => write!(f, "{first}-{last}"),
            Self::Octets(octets) => write!(f, "{}", Hex(octets)),
        }
    }
}

impl fmt::Debug for IdValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdValue({self})")
    }
}

/// An address of four or sixteen octets.
pub(crate) fn address(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(octets).into());
    }
    <[u8; 16]>::try_from(octets).ok().map(|octets| Ipv6Addr::from(octets).into())
}

/// Two addresses of one length.
fn pair(octets: &[u8]) -> Option<(IpAddr, IpAddr)> {
    let (first, second) = octets.split_at_checked(octets.len() >> 1)?;
    Some((address(first)?, address(second)?))
}
