use core::fmt;
use core::net::IpAddr;

use ipsec_types::parse::{chunk, octets};
use ipsec_types::{Encode, EncodeError, Writer};

use crate::text::Escaped;

/// Whom a redirect names (RFC 5685 §9.2).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | GW Ident Type |  GW Ident Len |                               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               ~
/// ~                     Responder GW Identity                     ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::{Gateway, Notify, NotifyContent, NotifyType};
///
/// let redirect = Notify::new(NotifyType::REDIRECT).with_data(b"\x03\x06gw.net");
/// let expected = NotifyContent::Redirect { gateway: Gateway::Fqdn(b"gw.net"), nonce: b"" };
/// assert_eq!(redirect.content(), expected);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 5685 has two address families and one kind of name")]
pub enum Gateway<'a> {
    /// An address.
    Address(IpAddr),
    /// A name, at most 255 octets, without terminator.
    Fqdn(&'a [u8]),
}

impl<'a> Gateway<'a> {
    /// The gateway at the front of `input`, and what follows it; `None` where it has not the form of its type.
    pub(crate) fn read(input: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (rest, [kind, len]) = chunk::<2>(input).ok()?;
        let (rest, identity) = octets(usize::from(len))(rest).ok()?;
        let gateway = match kind {
            IPV4 => Self::Address(<[u8; 4]>::try_from(identity).ok()?.into()),
            IPV6 => Self::Address(<[u8; 16]>::try_from(identity).ok()?.into()),
            FQDN => Self::Fqdn(identity),
            _ => return None,
        };
        Some((gateway, rest))
    }
}

impl Encode for Gateway<'_> {
    fn encoded_len(&self) -> usize {
        match self {
            Self::Address(IpAddr::V4(_)) => 2 + 4,
            Self::Address(IpAddr::V6(_)) => 2 + 16,
            Self::Fqdn(name) => name.len().saturating_add(2),
        }
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Address(IpAddr::V4(address)) => {
                out.put(&[IPV4, 4])?;
                out.put(&address.octets())
            }
            Self::Address(IpAddr::V6(address)) => {
                out.put(&[IPV6, 16])?;
                out.put(&address.octets())
            }
            Self::Fqdn(name) => {
                let length = name.len();
                let field = EncodeError::FieldOverflow { field: "GW Ident Len", length };
                out.put(&[FQDN, u8::try_from(length).map_err(|_| field)?])?;
                out.put(name)
            }
        }
    }
}

/// The address, or the name quoted and escaped.
impl fmt::Display for Gateway<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Fqdn(name) => write!(f, "{:?}", Escaped(name)),
        }
    }
}

impl fmt::Debug for Gateway<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gateway({self})")
    }
}

/// "GW Ident Type" of an IPv4 address.
const IPV4: u8 = 1;

/// "GW Ident Type" of an IPv6 address.
const IPV6: u8 = 2;

/// "GW Ident Type" of a fully qualified domain name.
const FQDN: u8 = 3;
