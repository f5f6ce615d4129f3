use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, octets, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::text::Hex;

/// The most attributes of one list; one more is [`ParseErrorKind::TooMany`].
///
/// The documents set no limit. Real lists hold a dozen, and without a limit one datagram would hold 16,000 empty ones.
pub const MAX_ATTRIBUTES: usize = 256;

/// One data attribute (RFC 2408 §3.3): of a transform, of a configuration, of a RESPONDER-LIFETIME.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |A|       Attribute Type        |    AF=0  Attribute Length     |
/// |F|                             |    AF=1  Attribute Value      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                   AF=0  Attribute Value                       ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// What the class means depends on where the attribute stands: see [`IkeAttributeClass`](crate::IkeAttributeClass),
/// [`IpsecAttributeClass`](crate::IpsecAttributeClass) and [`ConfigurationAttribute`](crate::ConfigurationAttribute).
///
/// ```
/// use ikev1_wire::{Attributes, IkeAttributeClass};
///
/// // A Life Duration of a day, once in four octets and once in three.
/// let attributes = Attributes::decode(&[0, 12, 0, 4, 0, 1, 0x51, 0x80, 0, 12, 0, 3, 1, 0x51, 0x80], 0)?;
/// let [long, short] = attributes.iter().collect::<Vec<_>>()[..] else { panic!("two attributes") };
/// assert_eq!((IkeAttributeClass(long.class), long.value.to_u64()), (IkeAttributeClass::LIFE_DURATION, 86_400));
/// assert!(long != short && long.value.is_same_number(&short.value));
/// # Ok::<(), ikev1_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attribute<'a> {
    /// The type, without the format bit: the documents of IKE speak of its class. Above 32,767 it cannot be encoded.
    pub class: u16,
    /// The value.
    pub value: AttributeValue<'a>,
}

/// The value of an [`Attribute`] in the form it has on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the format bit leaves no third form")]
pub enum AttributeValue<'a> {
    /// Two octets in place of the length (AF=1), called basic.
    Basic(
        /// The value.
        u16,
    ),
    /// Octets with a length of their own (AF=0), called variable. More than 65,535 cannot be encoded.
    Variable(
        /// The value.
        &'a [u8],
    ),
}

impl AttributeValue<'_> {
    /// Whether the value is in the basic form.
    pub const fn is_basic(&self) -> bool {
        matches!(self, Self::Basic(_))
    }

    /// The value as a number; [`u64::MAX`] where it is larger than that, 0 where there is no octet.
    pub fn to_u64(&self) -> u64 {
        match self {
            Self::Basic(value) => u64::from(*value),
            Self::Variable(octets) => {
                let digits = without_leading_zeros(octets);
                if digits.len() > size_of::<u64>() {
                    return u64::MAX;
                }
                digits.iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
            }
        }
    }

    /// Whether both are the same number, in whatever form: an answer may carry a duration of four octets as a basic
    /// value (RFC 2408 §4.2, RFC 2409 Appendix A).
    pub fn is_same_number(&self, other: &AttributeValue<'_>) -> bool {
        let (mut ours, mut theirs) = ([0; 2], [0; 2]);
        self.digits(&mut ours) == other.digits(&mut theirs)
    }

    /// The octets of the number without leading zeros; `basic` has room for a basic value.
    fn digits<'b>(&'b self, basic: &'b mut [u8; 2]) -> &'b [u8] {
        match self {
            Self::Basic(value) => {
                *basic = value.to_be_bytes();
                without_leading_zeros(basic)
            }
            Self::Variable(octets) => without_leading_zeros(octets),
        }
    }
}

/// A basic value as a number, a variable one as hexadecimal digits.
impl fmt::Display for AttributeValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic(value) => write!(f, "{value}"),
            Self::Variable(octets) => write!(f, "0x{}", Hex(octets)),
        }
    }
}

impl fmt::Debug for AttributeValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'a> Attribute<'a> {
    /// Octets of type and length, or type and basic value.
    const HEADER_LEN: usize = 4;

    /// Takes the attribute at the front of `input`.
    fn parse(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, [class_high, class_low, high, low]) = chunk::<4>(input)?;
        let class = u16::from_be_bytes([class_high, class_low]);
        let length = u16::from_be_bytes([high, low]);
        if class & FORMAT != 0 {
            return Ok((rest, Self { class: class & !FORMAT, value: AttributeValue::Basic(length) }));
        }
        let Ok((after, value)) = octets(usize::from(length))(rest) else {
            let kind = ParseErrorKind::LengthField { declared: length.into(), min: 0, max: rest.len() };
            return fault(kind, chunk::<2>(input)?.0);
        };
        Ok((after, Self { class, value: AttributeValue::Variable(value) }))
    }
}

impl Encode for Attribute<'_> {
    fn encoded_len(&self) -> usize {
        match self.value {
            AttributeValue::Basic(_) => Self::HEADER_LEN,
            AttributeValue::Variable(octets) => octets.len().saturating_add(Self::HEADER_LEN),
        }
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.class & FORMAT != 0 {
            return Err(EncodeError::FieldOverflow { field: "Attribute Type", length: self.class.into() });
        }
        match self.value {
            AttributeValue::Basic(value) => {
                out.put_u16(self.class | FORMAT)?;
                out.put_u16(value)
            }
            AttributeValue::Variable(octets) => {
                let length = octets.len();
                let overflow = EncodeError::FieldOverflow { field: "Attribute Length", length };
                out.put_u16(self.class)?;
                out.put_u16(u16::try_from(length).map_err(|_| overflow)?)?;
                out.put(octets)
            }
        }
    }
}

/// The class and the value.
impl fmt::Display for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.value)
    }
}

impl fmt::Debug for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A checked list of attributes, back to back.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Attributes<'a> {
    octets: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Reads a list that starts at `base_offset` of the datagram, and walks all of it.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] or [`ParseErrorKind::LengthField`] where an attribute does not fit,
    /// [`ParseErrorKind::TooMany`] past [`MAX_ATTRIBUTES`].
    pub fn decode(octets: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        part(octets, base_offset, Self::parse).map(|(_, attributes)| attributes)
    }

    /// Reads all of `input`.
    pub(crate) fn parse(input: &'a [u8]) -> Parsed<'a, Self> {
        let mut rest = input;
        let mut room = MAX_ATTRIBUTES;
        while !rest.is_empty() {
            room = match room.checked_sub(1) {
                Some(room) => room,
                None => return fault(ParseErrorKind::TooMany { limit: MAX_ATTRIBUTES }, rest),
            };
            rest = Attribute::parse(rest)?.0;
        }
        Ok((rest, Self { octets: input }))
    }

    /// A list that was walked before, or is about to be.
    pub(crate) const fn unchecked(octets: &'a [u8]) -> Self {
        Self { octets }
    }

    /// The attributes in their order.
    pub const fn iter(&self) -> AttributeIter<'a> {
        AttributeIter { rest: self.octets }
    }

    /// The first attribute of this class.
    pub fn find(&self, class: u16) -> Option<Attribute<'a>> {
        self.iter().find(|attribute| attribute.class == class)
    }

    /// The octets of all attributes.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.octets
    }
}

impl<'a> IntoIterator for Attributes<'a> {
    type Item = Attribute<'a>;
    type IntoIter = AttributeIter<'a>;

    fn into_iter(self) -> AttributeIter<'a> {
        self.iter()
    }
}

impl Encode for Attributes<'_> {
    fn encoded_len(&self) -> usize {
        self.octets.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(self.octets)
    }
}

impl fmt::Debug for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

/// The attributes of a list.
#[derive(Clone)]
pub struct AttributeIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for AttributeIter<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        let (rest, attribute) = Attribute::parse(self.rest).ok()?;
        self.rest = rest;
        Some(attribute)
    }
}

impl core::iter::FusedIterator for AttributeIter<'_> {}

impl fmt::Debug for AttributeIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// Octets of a list to be built.
pub(crate) fn list_len(attributes: &[Attribute<'_>]) -> usize {
    attributes.iter().fold(0, |len, attribute| len.saturating_add(attribute.encoded_len()))
}

/// Writes a list.
pub(crate) fn put_list(attributes: &[Attribute<'_>], out: &mut Writer<'_>) -> Result<(), EncodeError> {
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(EncodeError::FieldOverflow { field: "attribute count", length: attributes.len() });
    }
    attributes.iter().try_for_each(|attribute| attribute.encode(out))
}

fn without_leading_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

/// The format bit of an attribute type: a basic value follows.
const FORMAT: u16 = 0x8000;
