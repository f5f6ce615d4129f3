use core::fmt;
use core::net::IpAddr;

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::IdType;
use crate::text::{Escaped, Hex};

/// The Identification payload, IDi and IDr (RFC 7296 §3.5).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   ID Type     |                 RESERVED                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                   Identification Data                         ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Names are the octets of the peer, whatever they are; `Display` and `Debug` escape them.
///
/// ```
/// use ikev2_wire::{IdType, Identification};
///
/// let id = Identification::decode(&[2, 0, 0, 0, b'e', b'x', 0x1b], 0)?;
/// assert_eq!(id, Identification::new(IdType::ID_FQDN, b"ex\x1b"));
/// assert_eq!(id.to_string(), r"ex\x1b");
/// let address = Identification::new(IdType::ID_IPV4_ADDR, &[192, 0, 2, 1]);
/// assert_eq!(address.address(), Some([192, 0, 2, 1].into()));
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Identification<'a> {
    kind: IdType,
    reserved: [u8; 3],
    data: &'a [u8],
}

impl<'a> Identification<'a> {
    /// An identity of type `kind`. Addresses are 4 and 16 octets, or the identity cannot be encoded.
    #[inline]
    pub const fn new(kind: IdType, data: &'a [u8]) -> Self {
        Self { kind, reserved: [0; 3], data }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] below four octets, [`ParseErrorKind::LengthField`] for an IPv4 address that is
    /// not 4 octets or an IPv6 address that is not 16.
    #[inline]
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (data, [kind, reserved @ ..]) = part(body, base_offset, chunk::<4>)?;
        let id = Self { kind: IdType(kind), reserved, data };
        match id.fixed_len() {
            Some(len) if len != data.len() => {
                let kind = ParseErrorKind::LengthField { declared: data.len(), min: len, max: len };
                Err(ParseError::new(kind, base_offset.saturating_add(4)))
            }
            _ => Ok(id),
        }
    }

    /// The type.
    #[inline]
    pub const fn kind(&self) -> IdType {
        self.kind
    }

    /// The identity itself, without a terminator.
    #[inline]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The address, where the identity is one.
    pub fn address(&self) -> Option<IpAddr> {
        match self.kind {
            IdType::ID_IPV4_ADDR => <[u8; 4]>::try_from(self.data).ok().map(IpAddr::from),
            IdType::ID_IPV6_ADDR => <[u8; 16]>::try_from(self.data).ok().map(IpAddr::from),
            _ => None,
        }
    }

    /// How long the data of this type is, where that is fixed.
    const fn fixed_len(&self) -> Option<usize> {
        match self.kind {
            IdType::ID_IPV4_ADDR => Some(4),
            IdType::ID_IPV6_ADDR => Some(16),
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
        out.put_u8(self.kind.0)?;
        out.put(&self.reserved)?;
        out.put(self.data)
    }
}

/// Addresses and names as text, names escaped; everything else as hexadecimal digits.
impl fmt::Display for Identification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.address()) {
            (IdType::ID_FQDN | IdType::ID_RFC822_ADDR | IdType::ID_KEY_ID, _) => {
                write!(f, "{}", self.data.escape_ascii())
            }
            (_, Some(address)) => write!(f, "{address}"),
            (_, None) => write!(f, "{}", Hex(self.data)),
        }
    }
}

impl fmt::Debug for Identification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identification").field("kind", &self.kind).field("data", &Escaped(self.data)).finish()
    }
}
