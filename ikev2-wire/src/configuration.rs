use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, octets, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::configuration_attribute::RESERVED;
use crate::{ConfigurationAttribute, ConfigurationAttributeType, ConfigurationType};

/// The Configuration payload, CP (RFC 7296 §3.15).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   CFG Type    |                    RESERVED                   |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                   Configuration Attributes                    ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// The length of every attribute was checked against the payload; whether a value has the form of its type shows when
/// it is [read](ConfigurationAttribute::read).
///
/// [`NewConfiguration`] builds one:
///
/// ```
/// use ikev2_wire::*;
///
/// let attributes = [
///     ConfigurationAttribute::Empty(ConfigurationAttributeType::INTERNAL_IP4_ADDRESS),
///     ConfigurationAttribute::Text { kind: ConfigurationAttributeType::INTERNAL_DNS_DOMAIN, text: b"example" },
/// ];
/// let request = NewConfiguration { kind: ConfigurationType::CFG_REQUEST, attributes: &attributes };
/// let mut buf = [0; 32];
/// let mut out = Writer::new(&mut buf);
/// request.encode(&mut out)?;
///
/// let configuration = Configuration::decode(out.written(), 0).unwrap();
/// assert!(configuration.attributes().eq(attributes));
/// assert_eq!(configuration.to_string(), r#"CFG_REQUEST: INTERNAL_IP4_ADDRESS, INTERNAL_DNS_DOMAIN "example""#);
/// # Ok::<(), EncodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Configuration<'a> {
    kind: ConfigurationType,
    reserved: [u8; 3],
    attributes: &'a [u8],
}

impl<'a> Configuration<'a> {
    /// Reads the body of a payload that starts at `base_offset` of the datagram, and walks its attributes.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] below four octets or for the rest of an attribute's header,
    /// [`ParseErrorKind::LengthField`] where an attribute does not fit.
    #[inline]
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (attributes, [kind, reserved @ ..]) = part(body, base_offset, chunk::<4>)?;
        part(attributes, base_offset.saturating_add(4), walk)?;
        Ok(Self { kind: ConfigurationType(kind), reserved, attributes })
    }

    /// Whether it asks, replies, sets or acknowledges.
    #[inline]
    pub const fn kind(&self) -> ConfigurationType {
        self.kind
    }

    /// The attributes in the order of the payload.
    #[inline]
    pub const fn attributes(&self) -> ConfigurationAttributes<'a> {
        ConfigurationAttributes { rest: self.attributes }
    }
}

impl Encode for Configuration<'_> {
    fn encoded_len(&self) -> usize {
        self.attributes.len().saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put_u8(self.kind.0)?;
        out.put(&self.reserved)?;
        out.put(self.attributes)
    }
}

/// The type and the attributes.
impl fmt::Display for Configuration<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        let mut separator = ": ";
        for attribute in self.attributes() {
            write!(f, "{separator}{attribute}")?;
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

/// The attributes of a [`Configuration`].
#[derive(Clone)]
pub struct ConfigurationAttributes<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for ConfigurationAttributes<'a> {
    type Item = ConfigurationAttribute<'a>;

    #[inline]
    fn next(&mut self) -> Option<ConfigurationAttribute<'a>> {
        let (rest, (kind, value)) = attribute(self.rest).ok()?;
        self.rest = rest;
        Some(ConfigurationAttribute::read(kind, value))
    }
}

impl core::iter::FusedIterator for ConfigurationAttributes<'_> {}

impl fmt::Debug for ConfigurationAttributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// A Configuration payload to be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewConfiguration<'a> {
    /// Whether it asks, replies, sets or acknowledges.
    pub kind: ConfigurationType,
    /// The attributes.
    pub attributes: &'a [ConfigurationAttribute<'a>],
}

impl Encode for NewConfiguration<'_> {
    fn encoded_len(&self) -> usize {
        self.attributes.iter().fold(4, |len: usize, attribute| len.saturating_add(attribute.encoded_len()))
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(&[self.kind.0, 0, 0, 0])?;
        self.attributes.iter().try_for_each(|attribute| attribute.encode(out))
    }
}

fn walk(input: &[u8]) -> Parsed<'_, ()> {
    let mut rest = input;
    while !rest.is_empty() {
        (rest, _) = attribute(rest)?;
    }
    Ok((rest, ()))
}

/// Takes one attribute: its type, without the reserved bit, and its value.
#[inline(always)]
fn attribute(input: &[u8]) -> Parsed<'_, (ConfigurationAttributeType, &[u8])> {
    let (after_header, [kind_high, kind_low, high, low]) = chunk::<4>(input)?;
    let declared = usize::from(u16::from_be_bytes([high, low]));
    let kind = ConfigurationAttributeType(u16::from_be_bytes([kind_high, kind_low]) & !RESERVED);
    match octets(declared)(after_header) {
        Ok((rest, value)) => Ok((rest, (kind, value))),
        Err(_) => {
            let kind = ParseErrorKind::LengthField { declared, min: 0, max: after_header.len() };
            fault(kind, chunk::<2>(input)?.0)
        }
    }
}
