use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, octets};
use ipsec_types::{EncodeError, ParseErrorKind, Writer};

use crate::text::Hex;
use crate::{
    EncryptionId, GroupControllerAuthentication, IntegrityId, KeyExchangeMethod, KeyWrapId, PrfId,
    SequenceNumbers, TransformAttributeType, TransformType,
};

/// One transform of a proposal (RFC 7296 §3.3.2).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Last Substruc |   RESERVED    |        Transform Length       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |Transform Type |   RESERVED    |          Transform ID         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                      Transform Attributes                     ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::{Attribute, EncryptionId, Sa, TransformAttributeType, UnusableTransform};
///
/// // AES-GCM-16 with a key length, then with the key length twice.
/// let body = [
///     0, 0, 0, 36, 1, 3, 0, 2, 3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0, 0, 0, 0, 16, 1, 0, 0, 20, 0x80, 14, 1, 0, 0x80,
///     14, 0, 128,
/// ];
/// let mut transforms = Sa::decode(&body, 0)?.proposals().next().unwrap().transforms();
/// let usable = transforms.next().unwrap();
/// assert_eq!((usable.id(), usable.key_length()), (EncryptionId::ENCR_AES_GCM_16.0, Ok(Some(256))));
/// let unusable = transforms.next().unwrap();
/// assert_eq!(unusable.key_length(), Err(UnusableTransform));
/// let key_length = Attribute::Short { kind: TransformAttributeType::KEY_LENGTH, value: 128 };
/// assert_eq!(unusable.attributes().last(), Some(key_length));
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Transform<'a> {
    last: u8,
    kind: TransformType,
    id: u16,
    attributes: &'a [u8],
}

impl<'a> Transform<'a> {
    /// The type, which says what the ID means.
    #[inline]
    pub const fn kind(&self) -> TransformType {
        self.kind
    }

    /// The algorithm, as a number of its type: one of [`EncryptionId`], [`PrfId`], [`IntegrityId`],
    /// [`KeyExchangeMethod`], [`SequenceNumbers`], [`KeyWrapId`] or [`GroupControllerAuthentication`].
    #[inline]
    pub const fn id(&self) -> u16 {
        self.id
    }

    /// The registered name of the algorithm.
    pub const fn id_name(&self) -> Option<&'static str> {
        match self.kind {
            TransformType::ENCR => EncryptionId(self.id).name(),
            TransformType::PRF => PrfId(self.id).name(),
            TransformType::INTEG => IntegrityId(self.id).name(),
            TransformType::SN => SequenceNumbers(self.id).name(),
            TransformType::KWA => KeyWrapId(self.id).name(),
            TransformType::GCAUTH => GroupControllerAuthentication(self.id).name(),
            kind if is_key_exchange(kind) => KeyExchangeMethod(self.id).name(),
            _ => None,
        }
    }

    /// The attributes in the order of the transform.
    #[inline]
    pub const fn attributes(&self) -> Attributes<'a> {
        Attributes { rest: self.attributes }
    }

    /// The key length in bits, `None` where there is no attribute at all.
    ///
    /// # Errors
    ///
    /// [`UnusableTransform`] for any attribute but one Key Length of two octets. Such a transform must be treated as
    /// one that is not supported (RFC 7296 §3.3.6); the others of the proposal stand.
    #[inline]
    pub fn key_length(&self) -> Result<Option<u16>, UnusableTransform> {
        match *self.attributes {
            [] => Ok(None),
            [kind_high, kind_low, high, low] if u16::from_be_bytes([kind_high, kind_low]) == KEY_LENGTH => {
                Ok(Some(u16::from_be_bytes([high, low])))
            }
            _ => Err(UnusableTransform),
        }
    }

    /// Whether "Last Substruc" says that this is the last transform; `None` where it says neither.
    #[inline]
    pub(crate) const fn is_last(&self) -> Option<bool> {
        match self.last {
            LAST => Some(true),
            MORE => Some(false),
            _ => None,
        }
    }

    /// Takes one transform; attributes are left alone.
    #[inline]
    pub(crate) fn parse(input: &'a [u8]) -> Parsed<'a, Self> {
        let (after_header, [last, _, high, low, kind, _, id_high, id_low]) = chunk::<HEADER_LEN>(input)?;
        let declared = usize::from(u16::from_be_bytes([high, low]));
        let taken = declared.checked_sub(HEADER_LEN).map(|left| octets(left)(after_header));
        let Some(Ok((rest, attributes))) = taken else {
            let kind = ParseErrorKind::LengthField { declared, min: HEADER_LEN, max: input.len() };
            return fault(kind, chunk::<2>(input)?.0);
        };
        let id = u16::from_be_bytes([id_high, id_low]);
        Ok((rest, Self { last, kind: TransformType(kind), id, attributes }))
    }
}

/// The name of the algorithm and the key length: `ENCR_AES_CBC-256`.
impl fmt::Display for Transform<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id_name() {
            Some("NONE") | None => write!(f, "{} {}", self.kind, self.id)?,
            Some(name) => f.write_str(name)?,
        }
        match self.key_length() {
            Ok(None) => Ok(()),
            Ok(Some(bits)) => write!(f, "-{bits}"),
            Err(UnusableTransform) => write!(f, " {:?}", self.attributes()),
        }
    }
}

impl fmt::Debug for Transform<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transform({self})")
    }
}

/// A transform carries attributes other than one Key Length, so that nobody can know what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("a transform carries attributes other than one key length")]
pub struct UnusableTransform;

/// One attribute of a transform (RFC 7296 §3.3.5).
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
/// ```
/// use ikev2_wire::{Attribute, Sa, TransformAttributeType};
///
/// // A transform with an attribute of a private type and three octets.
/// let body = [0, 0, 0, 23, 1, 3, 0, 1, 0, 0, 0, 15, 1, 0, 0, 12, 0x40, 0, 0, 3, 7, 8, 9];
/// let transform = Sa::decode(&body, 32)?.proposals().next().unwrap().transforms().next().unwrap();
/// let private = Attribute::Long { kind: TransformAttributeType(0x4000), value: &[7, 8, 9] };
/// assert!(transform.attributes().eq([private]));
/// assert!(transform.key_length().is_err(), "nobody knows what it asks for");
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the format bit leaves no third form")]
pub enum Attribute<'a> {
    /// A value of two octets (AF=1).
    Short {
        /// The type.
        kind: TransformAttributeType,
        /// The value.
        value: u16,
    },
    /// A value with a length of its own (AF=0).
    Long {
        /// The type.
        kind: TransformAttributeType,
        /// The value.
        value: &'a [u8],
    },
    /// Octets that end before their attribute does: the last of the transform.
    Malformed(
        /// What is left of the transform.
        &'a [u8],
    ),
}

impl fmt::Debug for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { kind, value } => write!(f, "{kind:?} {value}"),
            Self::Long { kind, value } => write!(f, "{kind:?} 0x{}", Hex(value)),
            Self::Malformed(rest) => write!(f, "malformed 0x{}", Hex(rest)),
        }
    }
}

/// The attributes of a [`Transform`].
#[derive(Clone)]
pub struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    #[inline]
    fn next(&mut self) -> Option<Attribute<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (rest, attribute) = attribute(self.rest).unwrap_or((&[], Attribute::Malformed(self.rest)));
        self.rest = rest;
        Some(attribute)
    }
}

impl core::iter::FusedIterator for Attributes<'_> {}

impl fmt::Debug for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// A transform of a [`NewProposal`](crate::NewProposal).
///
/// ```
/// use ikev2_wire::{KeyExchangeMethod, NewTransform, TransformType};
///
/// // A second key exchange, after the one of IKE_SA_INIT (RFC 9370).
/// let second = NewTransform {
///     kind: TransformType::ADDKE1,
///     ..NewTransform::key_exchange(KeyExchangeMethod::ML_KEM_768)
/// };
/// assert_eq!(second.id, 36);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NewTransform {
    /// The type, which says what the ID means.
    pub kind: TransformType,
    /// The algorithm, as a number of its type.
    pub id: u16,
    /// The key length in bits, for algorithms whose keys vary in length.
    pub key_length: Option<u16>,
}

impl NewTransform {
    /// An encryption algorithm, with its key length in bits where that varies.
    pub const fn encryption(id: EncryptionId, key_length: Option<u16>) -> Self {
        Self { kind: TransformType::ENCR, id: id.0, key_length }
    }

    /// A pseudorandom function.
    pub const fn prf(id: PrfId) -> Self {
        Self { kind: TransformType::PRF, id: id.0, key_length: None }
    }

    /// An integrity algorithm.
    pub const fn integrity(id: IntegrityId) -> Self {
        Self { kind: TransformType::INTEG, id: id.0, key_length: None }
    }

    /// A key exchange method.
    pub const fn key_exchange(id: KeyExchangeMethod) -> Self {
        Self { kind: TransformType::KE, id: id.0, key_length: None }
    }

    /// How sequence numbers are formed.
    pub const fn sequence_numbers(id: SequenceNumbers) -> Self {
        Self { kind: TransformType::SN, id: id.0, key_length: None }
    }

    pub(crate) const fn encoded_len(&self) -> usize {
        if self.key_length.is_some() { 12 } else { HEADER_LEN }
    }

    pub(crate) fn encode(&self, out: &mut Writer<'_>, last: bool) -> Result<(), EncodeError> {
        out.put(&[if last { LAST } else { MORE }, 0])?;
        out.put_u16(if self.key_length.is_some() { 12 } else { 8 })?;
        out.put(&[self.kind.0, 0])?;
        out.put_u16(self.id)?;
        if let Some(bits) = self.key_length {
            out.put_u16(KEY_LENGTH)?;
            out.put_u16(bits)?;
        }
        Ok(())
    }
}

/// Octets of a transform before its attributes.
const HEADER_LEN: usize = 8;

/// "Last Substruc" of the last transform.
const LAST: u8 = 0;

/// "Last Substruc" of every other transform.
const MORE: u8 = 3;

/// A Key Length in its only form, of two octets.
const KEY_LENGTH: u16 = SHORT_FORM | TransformAttributeType::KEY_LENGTH.0;

/// The format bit of an attribute type: a value of two octets follows.
const SHORT_FORM: u16 = 0x8000;

/// RFC 9370 gives the additional key exchanges the IDs of type 4.
const fn is_key_exchange(kind: TransformType) -> bool {
    kind.0 == TransformType::KE.0 || (kind.0 >= TransformType::ADDKE1.0 && kind.0 <= TransformType::ADDKE7.0)
}

fn attribute(input: &[u8]) -> Parsed<'_, Attribute<'_>> {
    let (rest, [kind_high, kind_low, high, low]) = chunk::<4>(input)?;
    let kind = u16::from_be_bytes([kind_high, kind_low]);
    let value = u16::from_be_bytes([high, low]);
    if kind & SHORT_FORM != 0 {
        let kind = TransformAttributeType(kind & !SHORT_FORM);
        return Ok((rest, Attribute::Short { kind, value }));
    }
    let (rest, value) = octets(usize::from(value))(rest)?;
    Ok((rest, Attribute::Long { kind: TransformAttributeType(kind), value }))
}
