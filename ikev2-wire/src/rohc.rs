use core::fmt;

use ipsec_types::parse::{Parsed, chunk, octets};
use ipsec_types::{Encode, EncodeError, Writer};

use crate::text::Hex;
use crate::{IntegrityId, RohcAttributeType};

/// One parameter of a channel of compressed headers, from ROHC_SUPPORTED (RFC 5857 §3.1.1).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |A|     ROHC Attribute Type     |  AF=0  ROHC Attribute Length  |
/// |F|                             |  AF=1  ROHC Attribute Value   |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                   AF=0  ROHC Attribute Value                  ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::{IntegrityId, Notify, NotifyContent, NotifyType, RohcAttribute, RohcAttributeType, RohcAttributes};
///
/// let parameters = [
///     RohcAttribute::Short { kind: RohcAttributeType::MAX_CID, value: 15 },
///     RohcAttribute::Short { kind: RohcAttributeType::ROHC_PROFILE, value: 0x0102 },
///     RohcAttribute::Short { kind: RohcAttributeType::ROHC_INTEG, value: IntegrityId::AUTH_HMAC_SHA1_96.0 },
/// ];
/// let octets = [0x80, 1, 0, 15, 0x80, 2, 1, 2, 0x80, 3, 0, 2];
/// let notify = Notify::new(NotifyType::ROHC_SUPPORTED).with_data(&octets);
/// assert_eq!(notify.content(), NotifyContent::RohcSupported(RohcAttributes::new(&parameters)));
/// assert_eq!(
///     notify.to_string(),
///     "ROHC_SUPPORTED: MAX_CID 15, ROHC_PROFILE 0x0102, ROHC_INTEG AUTH_HMAC_SHA1_96",
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the format bit leaves no third form")]
pub enum RohcAttribute<'a> {
    /// A value of two octets (AF=1), as all types registered have it.
    Short {
        /// The type, 15 bits; a larger one cannot be encoded.
        kind: RohcAttributeType,
        /// The value.
        value: u16,
    },
    /// A value with a length of its own (AF=0).
    Long {
        /// The type, 15 bits; a larger one cannot be encoded.
        kind: RohcAttributeType,
        /// The value, at most 65,535 octets.
        value: &'a [u8],
    },
}

impl RohcAttribute<'_> {
    /// The type.
    pub const fn kind(&self) -> RohcAttributeType {
        match self {
            Self::Short { kind, .. } | Self::Long { kind, .. } => *kind,
        }
    }
}

impl Encode for RohcAttribute<'_> {
    fn encoded_len(&self) -> usize {
        match self {
            Self::Short { .. } => 4,
            Self::Long { value, .. } => value.len().saturating_add(4),
        }
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let kind = self.kind().0;
        if kind & SHORT_FORM != 0 {
            return Err(EncodeError::FieldOverflow { field: "ROHC Attribute Type", length: kind.into() });
        }
        match self {
            Self::Short { value, .. } => {
                out.put_u16(kind | SHORT_FORM)?;
                out.put_u16(*value)
            }
            Self::Long { value, .. } => {
                let length = value.len();
                let field = EncodeError::FieldOverflow { field: "ROHC Attribute Length", length };
                out.put_u16(kind)?;
                out.put_u16(u16::try_from(length).map_err(|_| field)?)?;
                out.put(value)
            }
        }
    }
}

/// The type and the value: a number, a profile in hexadecimal digits, or the name of an integrity algorithm.
impl fmt::Display for RohcAttribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { kind: kind @ RohcAttributeType::ROHC_PROFILE, value } => {
                write!(f, "{kind} {value:#06x}")
            }
            Self::Short { kind: kind @ RohcAttributeType::ROHC_INTEG, value } => {
                write!(f, "{kind} {}", IntegrityId(*value))
            }
            Self::Short { kind, value } => write!(f, "{kind} {value}"),
            Self::Long { kind, value } => write!(f, "{kind} 0x{}", Hex(value)),
        }
    }
}

impl fmt::Debug for RohcAttribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RohcAttribute({self})")
    }
}

/// A list of [`RohcAttribute`]s: read from a message, or about to be written into one.
#[derive(Clone, Copy)]
pub struct RohcAttributes<'a> {
    form: Form<'a>,
}

/// Where the attributes are.
#[derive(Clone, Copy)]
enum Form<'a> {
    /// Checked by [`RohcAttributes::read`].
    Octets(&'a [u8]),
    Values(&'a [RohcAttribute<'a>]),
}

impl<'a> RohcAttributes<'a> {
    /// A list to be written.
    pub const fn new(attributes: &'a [RohcAttribute<'a>]) -> Self {
        Self { form: Form::Values(attributes) }
    }

    /// A list as it came, `None` where a length in it is wrong.
    pub(crate) fn read(octets: &'a [u8]) -> Option<Self> {
        let mut rest = octets;
        while !rest.is_empty() {
            (rest, _) = attribute(rest).ok()?;
        }
        Some(Self { form: Form::Octets(octets) })
    }

    /// The attributes in their order.
    pub fn iter(&self) -> impl Iterator<Item = RohcAttribute<'a>> + use<'a> {
        let (mut rest, values): (&'a [u8], &'a [RohcAttribute<'a>]) = match self.form {
            Form::Octets(octets) => (octets, &[]),
            Form::Values(values) => (&[], values),
        };
        let read = core::iter::from_fn(move || {
            let (after, attribute) = attribute(rest).ok()?;
            rest = after;
            Some(attribute)
        });
        read.chain(values.iter().copied())
    }
}

impl PartialEq for RohcAttributes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for RohcAttributes<'_> {}

impl Encode for RohcAttributes<'_> {
    fn encoded_len(&self) -> usize {
        self.iter().fold(0, |len: usize, attribute| len.saturating_add(attribute.encoded_len()))
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.iter().try_for_each(|attribute| attribute.encode(out))
    }
}

/// The attributes, separated by commas.
impl fmt::Display for RohcAttributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for attribute in self.iter() {
            write!(f, "{separator}{attribute}")?;
            separator = ", ";
        }
        Ok(())
    }
}

impl fmt::Debug for RohcAttributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The format bit: a value of two octets stands in place of the length.
const SHORT_FORM: u16 = 0x8000;

/// Takes one attribute.
fn attribute(input: &[u8]) -> Parsed<'_, RohcAttribute<'_>> {
    let (rest, [kind_high, kind_low, high, low]) = chunk::<4>(input)?;
    let kind = u16::from_be_bytes([kind_high, kind_low]);
    let value = u16::from_be_bytes([high, low]);
    if kind & SHORT_FORM != 0 {
        return Ok((rest, RohcAttribute::Short { kind: RohcAttributeType(kind & !SHORT_FORM), value }));
    }
    let (rest, value) = octets(usize::from(value))(rest)?;
    Ok((rest, RohcAttribute::Long { kind: RohcAttributeType(kind), value }))
}
