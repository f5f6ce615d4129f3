use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use ipsec_types::parse::chunk;
use ipsec_types::{Encode, EncodeError, Writer};

use crate::text::{Escaped, Hex};
use crate::{ConfigurationAttributeType, DigestInfo, EncryptedDns, NumberList, TrustAnchor};

/// One attribute of a Configuration payload, by the form of its type (RFC 7296 §3.15.1).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |R|         Attribute Type      |            Length             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                             Value                             ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Reading cannot fail: a value that has not the form of its type is [`Other`](Self::Other), like one of an unknown
/// type. A variant that names its type cannot be encoded with a type of another form.
///
/// ```
/// use ikev2_wire::{ConfigurationAttribute, ConfigurationAttributeType as Type};
///
/// let dns = ConfigurationAttribute::read(Type::INTERNAL_IP4_DNS, &[192, 0, 2, 53]);
/// assert_eq!(dns.to_string(), "INTERNAL_IP4_DNS 192.0.2.53");
/// let asked_for = ConfigurationAttribute::Empty(Type::INTERNAL_IP4_DNS);
/// assert_eq!(asked_for.kind(), dns.kind());
/// let malformed = ConfigurationAttribute::read(Type::INTERNAL_IP4_DNS, &[192, 0, 2]);
/// assert_eq!(malformed.to_string(), "INTERNAL_IP4_DNS 0xc00002");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigurationAttribute<'a> {
    /// Without a value: asked for in a request, accepted or refused in an acknowledgment.
    Empty(ConfigurationAttributeType),
    /// INTERNAL_IP4_ADDRESS, _NETMASK, _DNS, _NBNS, _DHCP or P_CSCF_IP4_ADDRESS.
    Ip4 {
        /// Which of them.
        kind: ConfigurationAttributeType,
        /// The address or the mask.
        address: Ipv4Addr,
    },
    /// INTERNAL_IP6_DNS, _DHCP or P_CSCF_IP6_ADDRESS.
    Ip6 {
        /// Which of them.
        kind: ConfigurationAttributeType,
        /// The address.
        address: Ipv6Addr,
    },
    /// INTERNAL_IP4_SUBNET.
    Ip4Subnet {
        /// The network.
        network: Ipv4Addr,
        /// Its mask.
        netmask: Ipv4Addr,
    },
    /// INTERNAL_IP6_ADDRESS, _SUBNET or _PREFIX.
    Ip6Prefix {
        /// Which of them.
        kind: ConfigurationAttributeType,
        /// The address or prefix.
        address: Ipv6Addr,
        /// The length of the prefix in bits.
        prefix_length: u8,
    },
    /// APPLICATION_VERSION or INTERNAL_DNS_DOMAIN: text of the peer, without terminator.
    Text {
        /// Which of them.
        kind: ConfigurationAttributeType,
        /// The text: a version (RFC 7296 §3.15.1), or a domain in presentation format with A-labels (RFC 8598 §4.1).
        text: &'a [u8],
    },
    /// SUPPORTED_ATTRIBUTES: the types that the responder knows.
    SupportedAttributes(NumberList<'a, ConfigurationAttributeType>),
    /// MIP6_HOME_PREFIX (RFC 5026 §8.2).
    HomePrefix {
        /// How long the prefix may be used, in seconds.
        lifetime: u32,
        /// The prefix.
        prefix: Ipv6Addr,
        /// The length of the prefix in bits.
        prefix_length: u8,
    },
    /// INTERNAL_IP6_LINK (RFC 5739 §5.1).
    Ip6Link {
        /// The interface ID of the sender's link-local address.
        interface_id: [u8; 8],
        /// The link, chosen by the gateway; empty while the client does not know it.
        link_id: &'a [u8],
    },
    /// INTERNAL_DNSSEC_TA (RFC 8598 §4.2).
    TrustAnchor(TrustAnchor<'a>),
    /// TIMEOUT_PERIOD_FOR_LIVENESS_CHECK, in seconds (3GPP TS 24.302 §8.2.4.2).
    LivenessTimeout(u32),
    /// ENCDNS_IP4 (RFC 9464 §3.1).
    EncryptedDns4(EncryptedDns<'a, 4>),
    /// ENCDNS_IP6 (RFC 9464 §3.1).
    EncryptedDns6(EncryptedDns<'a, 16>),
    /// ENCDNS_DIGEST_INFO (RFC 9464 §3.2).
    DigestInfo(DigestInfo<'a>),
    /// A type that this crate does not look into, or a value that has not the form of its type. A value that would be
    /// read as another variant cannot be encoded.
    Other {
        /// The type.
        kind: ConfigurationAttributeType,
        /// The value, one octet at least.
        value: &'a [u8],
    },
}

impl<'a> ConfigurationAttribute<'a> {
    /// What the octets of a value of type `kind` say.
    pub fn read(kind: ConfigurationAttributeType, value: &'a [u8]) -> Self {
        if value.is_empty() {
            return Self::Empty(kind);
        }
        let known = match Form::of(kind) {
            Form::Ip4 => <[u8; 4]>::try_from(value).ok().map(|o| Self::Ip4 { kind, address: o.into() }),
            Form::Ip6 => <[u8; 16]>::try_from(value).ok().map(|o| Self::Ip6 { kind, address: o.into() }),
            Form::Ip4Subnet => Self::read_subnet(value),
            Form::Ip6Prefix => match value.split_first_chunk::<16>() {
                Some((address, [prefix_length])) => {
                    let (address, prefix_length) = (Ipv6Addr::from(*address), *prefix_length);
                    Some(Self::Ip6Prefix { kind, address, prefix_length })
                }
                _ => None,
            },
            Form::Text => Some(Self::Text { kind, text: value }),
            Form::SupportedAttributes => NumberList::read(value).map(Self::SupportedAttributes),
            Form::HomePrefix => Self::read_home_prefix(value),
            Form::Ip6Link => value
                .split_first_chunk()
                .map(|(interface_id, link_id)| Self::Ip6Link { interface_id: *interface_id, link_id }),
            Form::TrustAnchor => TrustAnchor::read(value).map(Self::TrustAnchor),
            Form::LivenessTimeout => {
                <[u8; 4]>::try_from(value).ok().map(|o| Self::LivenessTimeout(u32::from_be_bytes(o)))
            }
            Form::EncryptedDns4 => EncryptedDns::read(value).map(Self::EncryptedDns4),
            Form::EncryptedDns6 => EncryptedDns::read(value).map(Self::EncryptedDns6),
            Form::DigestInfo => DigestInfo::read(value).map(Self::DigestInfo),
            Form::Unknown => None,
        };
        known.unwrap_or(Self::Other { kind, value })
    }

    fn read_subnet(value: &[u8]) -> Option<Self> {
        let (network, netmask) = value.split_first_chunk::<4>()?;
        let netmask = <[u8; 4]>::try_from(netmask).ok()?;
        Some(Self::Ip4Subnet { network: (*network).into(), netmask: netmask.into() })
    }

    fn read_home_prefix(value: &[u8]) -> Option<Self> {
        let (rest, lifetime) = chunk::<4>(value).ok()?;
        let (rest, prefix) = chunk::<16>(rest).ok()?;
        let [prefix_length] = *rest else { return None };
        let lifetime = u32::from_be_bytes(lifetime);
        Some(Self::HomePrefix { lifetime, prefix: prefix.into(), prefix_length })
    }

    /// The type.
    pub const fn kind(&self) -> ConfigurationAttributeType {
        use ConfigurationAttributeType as Type;
        match self {
            Self::Empty(kind)
            | Self::Ip4 { kind, .. }
            | Self::Ip6 { kind, .. }
            | Self::Ip6Prefix { kind, .. }
            | Self::Text { kind, .. }
            | Self::Other { kind, .. } => *kind,
            Self::Ip4Subnet { .. } => Type::INTERNAL_IP4_SUBNET,
            Self::SupportedAttributes(_) => Type::SUPPORTED_ATTRIBUTES,
            Self::HomePrefix { .. } => Type::MIP6_HOME_PREFIX,
            Self::Ip6Link { .. } => Type::INTERNAL_IP6_LINK,
            Self::TrustAnchor(_) => Type::INTERNAL_DNSSEC_TA,
            Self::LivenessTimeout(_) => Type::TIMEOUT_PERIOD_FOR_LIVENESS_CHECK,
            Self::EncryptedDns4(_) => Type::ENCDNS_IP4,
            Self::EncryptedDns6(_) => Type::ENCDNS_IP6,
            Self::DigestInfo(_) => Type::ENCDNS_DIGEST_INFO,
        }
    }

    /// Whether the variant is the form of its type, so that reading what was written gives the same.
    fn is_lawful(&self) -> bool {
        let form = Form::of(self.kind());
        match self {
            Self::Ip4 { .. } => form == Form::Ip4,
            Self::Ip6 { .. } => form == Form::Ip6,
            Self::Ip6Prefix { .. } => form == Form::Ip6Prefix,
            Self::Text { text, .. } => form == Form::Text && !text.is_empty(),
            Self::SupportedAttributes(list) => !list.is_empty(),
            Self::Other { kind, value } => matches!(Self::read(*kind, value), Self::Other { .. }),
            Self::Empty(_)
            | Self::Ip4Subnet { .. }
            | Self::HomePrefix { .. }
            | Self::Ip6Link { .. }
            | Self::TrustAnchor(_)
            | Self::LivenessTimeout(_)
            | Self::EncryptedDns4(_)
            | Self::EncryptedDns6(_)
            | Self::DigestInfo(_) => true,
        }
    }

    fn value_len(&self) -> usize {
        match self {
            Self::Empty(_) => 0,
            Self::Ip4 { .. } | Self::LivenessTimeout(_) => 4,
            Self::Ip4Subnet { .. } => 8,
            Self::Ip6 { .. } => 16,
            Self::Ip6Prefix { .. } => 17,
            Self::HomePrefix { .. } => 21,
            Self::Text { text: value, .. } | Self::Other { value, .. } => value.len(),
            Self::Ip6Link { link_id, .. } => link_id.len().saturating_add(8),
            Self::SupportedAttributes(list) => list.encoded_len(),
            Self::TrustAnchor(anchor) => anchor.encoded_len(),
            Self::EncryptedDns4(resolver) => resolver.encoded_len(),
            Self::EncryptedDns6(resolver) => resolver.encoded_len(),
            Self::DigestInfo(info) => info.encoded_len(),
        }
    }

    fn encode_value(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Empty(_) => Ok(()),
            Self::Ip4 { address, .. } => out.put(&address.octets()),
            Self::Ip6 { address, .. } => out.put(&address.octets()),
            Self::Ip4Subnet { network, netmask } => {
                out.put(&network.octets())?;
                out.put(&netmask.octets())
            }
            Self::Ip6Prefix { address, prefix_length, .. } => {
                out.put(&address.octets())?;
                out.put_u8(*prefix_length)
            }
            Self::HomePrefix { lifetime, prefix, prefix_length } => {
                out.put_u32(*lifetime)?;
                out.put(&prefix.octets())?;
                out.put_u8(*prefix_length)
            }
            Self::Ip6Link { interface_id, link_id } => {
                out.put(interface_id)?;
                out.put(link_id)
            }
            Self::LivenessTimeout(seconds) => out.put_u32(*seconds),
            Self::Text { text: value, .. } | Self::Other { value, .. } => out.put(value),
            Self::SupportedAttributes(list) => list.encode(out),
            Self::TrustAnchor(anchor) => anchor.encode(out),
            Self::EncryptedDns4(resolver) => resolver.encode(out),
            Self::EncryptedDns6(resolver) => resolver.encode(out),
            Self::DigestInfo(info) => info.encode(out),
        }
    }
}

impl Encode for ConfigurationAttribute<'_> {
    fn encoded_len(&self) -> usize {
        self.value_len().saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let kind = self.kind().0;
        if kind & RESERVED != 0 || !self.is_lawful() {
            return Err(EncodeError::Invalid("Attribute Type"));
        }
        let length = self.value_len();
        out.put_u16(kind)?;
        out.put_u16(
            u16::try_from(length).map_err(|_| EncodeError::FieldOverflow { field: "Length", length })?,
        )?;
        self.encode_value(out)
    }
}

/// The type, then the value as text, that of the peer escaped.
impl fmt::Display for ConfigurationAttribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Empty(_) => write!(f, "{kind}"),
            Self::Ip4 { address, .. } => write!(f, "{kind} {address}"),
            Self::Ip6 { address, .. } => write!(f, "{kind} {address}"),
            Self::Ip4Subnet { network, netmask } => write!(f, "{kind} {network}/{netmask}"),
            Self::Ip6Prefix { address, prefix_length, .. } => write!(f, "{kind} {address}/{prefix_length}"),
            Self::Text { text, .. } => write!(f, "{kind} {:?}", Escaped(text)),
            Self::SupportedAttributes(list) => write!(f, "{kind} {list}"),
            Self::HomePrefix { lifetime, prefix, prefix_length } => {
                write!(f, "{kind} {prefix}/{prefix_length} for {lifetime} s")
            }
            Self::Ip6Link { interface_id, link_id } => {
                write!(f, "{kind} 0x{} 0x{}", Hex(interface_id), Hex(link_id))
            }
            Self::TrustAnchor(anchor) => write!(f, "{kind} {anchor}"),
            Self::LivenessTimeout(seconds) => write!(f, "{kind} {seconds} s"),
            Self::EncryptedDns4(resolver) => write!(f, "{kind} {resolver}"),
            Self::EncryptedDns6(resolver) => write!(f, "{kind} {resolver}"),
            Self::DigestInfo(info) => write!(f, "{kind} {info}"),
            Self::Other { value, .. } => write!(f, "{kind} 0x{}", Hex(value)),
        }
    }
}

impl fmt::Debug for ConfigurationAttribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfigurationAttribute({self})")
    }
}

/// The reserved bit in front of the type.
pub(crate) const RESERVED: u16 = 0x8000;

/// What values of a type look like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Ip4,
    Ip6,
    Ip4Subnet,
    Ip6Prefix,
    Text,
    SupportedAttributes,
    HomePrefix,
    Ip6Link,
    TrustAnchor,
    LivenessTimeout,
    EncryptedDns4,
    EncryptedDns6,
    DigestInfo,
    Unknown,
}

impl Form {
    const fn of(kind: ConfigurationAttributeType) -> Self {
        use ConfigurationAttributeType as Type;
        match kind {
            Type::INTERNAL_IP4_ADDRESS
            | Type::INTERNAL_IP4_NETMASK
            | Type::INTERNAL_IP4_DNS
            | Type::INTERNAL_IP4_NBNS
            | Type::INTERNAL_IP4_DHCP
            | Type::P_CSCF_IP4_ADDRESS => Self::Ip4,
            Type::INTERNAL_IP6_DNS | Type::INTERNAL_IP6_DHCP | Type::P_CSCF_IP6_ADDRESS => Self::Ip6,
            Type::INTERNAL_IP6_ADDRESS | Type::INTERNAL_IP6_SUBNET | Type::INTERNAL_IP6_PREFIX => {
                Self::Ip6Prefix
            }
            Type::INTERNAL_IP4_SUBNET => Self::Ip4Subnet,
            Type::APPLICATION_VERSION | Type::INTERNAL_DNS_DOMAIN => Self::Text,
            Type::SUPPORTED_ATTRIBUTES => Self::SupportedAttributes,
            Type::MIP6_HOME_PREFIX => Self::HomePrefix,
            Type::INTERNAL_IP6_LINK => Self::Ip6Link,
            Type::INTERNAL_DNSSEC_TA => Self::TrustAnchor,
            Type::TIMEOUT_PERIOD_FOR_LIVENESS_CHECK => Self::LivenessTimeout,
            Type::ENCDNS_IP4 => Self::EncryptedDns4,
            Type::ENCDNS_IP6 => Self::EncryptedDns6,
            Type::ENCDNS_DIGEST_INFO => Self::DigestInfo,
            _ => Self::Unknown,
        }
    }
}
