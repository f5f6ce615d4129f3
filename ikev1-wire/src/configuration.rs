use core::fmt;
use core::net::Ipv4Addr;

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, Writer};

use crate::attribute::{list_len, put_list};
use crate::identification::address;
use crate::text::Hex;
use crate::{Attribute, AttributeValue, Attributes, ConfigurationAttribute, ConfigurationType};

/// The Attributes payload of a transaction exchange: configuration and extended authentication
/// (draft-dukes-ike-mode-cfg §3.2, draft-beaulieu-ike-xauth §4).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |     Type      |    RESERVED   |          Identifier           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                          Attributes                           ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// [`NewConfiguration`] builds one:
///
/// ```
/// use ikev1_wire::*;
///
/// // A gateway asks for name and password; empty values are questions.
/// let attributes = [
///     ConfigurationAttribute::XAUTH_USER_NAME.variable(&[]),
///     ConfigurationAttribute::XAUTH_USER_PASSWORD.variable(&[]),
/// ];
/// let mut buf = [0; 32];
/// let mut out = Writer::new(&mut buf);
/// NewConfiguration { kind: ConfigurationType::REQUEST, identifier: 7, attributes: &attributes }.encode(&mut out)?;
///
/// let request = Configuration::decode(out.written(), 0)?;
/// assert_eq!(request.kind(), ConfigurationType::REQUEST);
/// assert!(request.attributes().iter().eq(attributes));
/// assert_eq!(request.to_string(), "REQUEST 7: XAUTH_USER_NAME, XAUTH_USER_PASSWORD");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Configuration<'a> {
    kind: ConfigurationType,
    reserved: u8,
    identifier: u16,
    attributes: Attributes<'a>,
}

impl<'a> Configuration<'a> {
    /// Reads the body of a payload that starts at `base_offset` of the datagram, and walks its attributes.
    ///
    /// # Errors
    ///
    /// [`Truncated`](ipsec_types::ParseErrorKind::Truncated) below four octets, and as [`Attributes::decode`].
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (rest, [kind, reserved, high, low]) = part(body, base_offset, chunk::<HEADER_LEN>)?;
        let attributes = Attributes::decode(rest, base_offset.saturating_add(HEADER_LEN))?;
        let identifier = u16::from_be_bytes([high, low]);
        Ok(Self { kind: ConfigurationType(kind), reserved, identifier, attributes })
    }

    /// Request, reply, set or acknowledgement.
    pub const fn kind(&self) -> ConfigurationType {
        self.kind
    }

    /// What ties a reply to its request.
    pub const fn identifier(&self) -> u16 {
        self.identifier
    }

    /// The attributes, whose classes are those of [`ConfigurationAttribute`].
    pub const fn attributes(&self) -> Attributes<'a> {
        self.attributes
    }

    /// The value of the first attribute of this type.
    pub fn find(&self, kind: ConfigurationAttribute) -> Option<AttributeValue<'a>> {
        self.attributes.find(kind.0).map(|attribute| attribute.value)
    }
}

impl Encode for Configuration<'_> {
    fn encoded_len(&self) -> usize {
        self.attributes.encoded_len().saturating_add(HEADER_LEN)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(&[self.kind.0, self.reserved])?;
        out.put_u16(self.identifier)?;
        self.attributes.encode(out)
    }
}

/// One line: `REPLY 7: INTERNAL_IP4_ADDRESS 10.3.1.1, UNITY_BANNER "hello"`, without secrets.
impl fmt::Display for Configuration<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:", self.kind, self.identifier)?;
        let mut separator = " ";
        for attribute in self.attributes {
            f.write_str(separator)?;
            show(attribute, f)?;
            separator = ", ";
        }
        Ok(())
    }
}

impl fmt::Debug for Configuration<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Configuration({self})")
    }
}

/// An Attributes payload to be built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NewConfiguration<'a> {
    /// Request, reply, set or acknowledgement.
    pub kind: ConfigurationType,
    /// What ties a reply to its request.
    pub identifier: u16,
    /// The attributes; more than [`MAX_ATTRIBUTES`](crate::MAX_ATTRIBUTES) cannot be encoded.
    pub attributes: &'a [Attribute<'a>],
}

impl Encode for NewConfiguration<'_> {
    fn encoded_len(&self) -> usize {
        list_len(self.attributes).saturating_add(HEADER_LEN)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(&[self.kind.0, 0])?;
        out.put_u16(self.identifier)?;
        put_list(self.attributes, out)
    }
}

impl fmt::Debug for NewConfiguration<'_> {
    /// The types of the attributes alone, for their values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.attributes.iter().map(|attribute| ConfigurationAttribute(attribute.class));
        write!(f, "NewConfiguration({} {} ", self.kind, self.identifier)?;
        f.debug_list().entries(kinds).finish()?;
        f.write_str(")")
    }
}

/// An attribute as text: addresses and names as such, secrets by their length.
fn show(attribute: Attribute<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let kind = ConfigurationAttribute(attribute.class);
    write!(f, "{kind}")?;
    let octets = match attribute.value {
        AttributeValue::Basic(value) if kind.is_secret() => {
            return write!(f, " ({} octets)", size_of_val(&value));
        }
        AttributeValue::Basic(value) => return write!(f, " {value}"),
        AttributeValue::Variable([]) => return Ok(()),
        AttributeValue::Variable(octets) => octets,
    };
    match (kind, address(octets)) {
        (kind, _) if kind.is_secret() => write!(f, " ({} octets)", octets.len()),
        (
            ConfigurationAttribute::XAUTH_USER_NAME
            | ConfigurationAttribute::XAUTH_MESSAGE
            | ConfigurationAttribute::XAUTH_DOMAIN
            | ConfigurationAttribute::APPLICATION_VERSION
            | ConfigurationAttribute::UNITY_BANNER
            | ConfigurationAttribute::UNITY_DEF_DOMAIN
            | ConfigurationAttribute::UNITY_SPLITDNS_NAME
            | ConfigurationAttribute::UNITY_BACKUP_SERVERS
            | ConfigurationAttribute::UNITY_DDNS_HOSTNAME,
            _,
        ) => write!(f, " \"{}\"", octets.escape_ascii()),
        (
            ConfigurationAttribute::INTERNAL_IP4_ADDRESS
            | ConfigurationAttribute::INTERNAL_IP4_NETMASK
            | ConfigurationAttribute::INTERNAL_IP4_DNS
            | ConfigurationAttribute::INTERNAL_IP4_NBNS
            | ConfigurationAttribute::INTERNAL_IP4_DHCP
            | ConfigurationAttribute::INTERNAL_IP6_ADDRESS
            | ConfigurationAttribute::INTERNAL_IP6_NETMASK
            | ConfigurationAttribute::INTERNAL_IP6_DNS
            | ConfigurationAttribute::INTERNAL_IP6_NBNS
            | ConfigurationAttribute::INTERNAL_IP6_DHCP,
            Some(address),
        ) => write!(f, " {address}"),
        (ConfigurationAttribute::INTERNAL_IP4_SUBNET, _) if octets.len() == 8 => show_networks(octets, 8, f),
        (ConfigurationAttribute::UNITY_SPLIT_INCLUDE | ConfigurationAttribute::UNITY_LOCAL_LAN, _)
            if octets.len().is_multiple_of(UNITY_NETWORK_LEN) =>
        {
            show_networks(octets, UNITY_NETWORK_LEN, f)
        }
        _ => write!(f, " 0x{}", Hex(octets)),
    }
}

/// Octets before the attributes.
const HEADER_LEN: usize = 4;

/// Octets of a network of Cisco Unity: address, mask, and six that are mostly zero: padding, protocol or ports.
const UNITY_NETWORK_LEN: usize = 14;

/// Shows networks of `len` octets each, which start with an address and a mask.
fn show_networks(octets: &[u8], len: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    octets.chunks_exact(len).try_for_each(|network| match network {
        [a, b, c, d, m, n, o, p, ..] => {
            write!(f, " {}/{}", Ipv4Addr::new(*a, *b, *c, *d), Ipv4Addr::new(*m, *n, *o, *p))
        }
        _ => Ok(()),
    })
}
