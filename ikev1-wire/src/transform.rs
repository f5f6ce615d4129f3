use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, octets};
use ipsec_types::{EncodeError, ParseErrorKind, Writer};

use crate::attribute::{list_len, put_list};
use crate::{
    AhTransform, Attribute, Attributes, EspTransform, IkeAttributes, IpcompTransform, IpsecAttributes,
    IsakmpTransform, PayloadType, ProtocolId,
};

/// One transform of a [`Proposal`](crate::Proposal) (RFC 2408 §3.6): one way to protect the SA.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Next Payload  |   RESERVED    |         Payload Length        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Transform #  |  Transform-Id |           RESERVED2           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                        SA Attributes                          ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Its attributes were walked; what they say is read by [`IkeAttributes::read`] or [`IpsecAttributes::read`].
///
/// ```
/// use ikev1_wire::{AuthenticationAlgorithm, EspTransform, IpsecAttributes, Sa};
///
/// // DOI and situation, a proposal of ESP, its transform with two attributes.
/// let body = [
///     0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 28, 1, 3, 4, 1, 0xc0, 0xff, 0xee, 1, 0, 0, 0, 16, 1, 12, 0, 0, 0x80, 4, 0, 1, 0x80, 5,
///     0, 2,
/// ];
/// let transform = Sa::decode(&body, 32)?.sole_proposal().unwrap().transforms().next().unwrap();
/// assert_eq!(EspTransform(transform.id()), EspTransform::AES_CBC);
/// let wanted = IpsecAttributes::read(transform.attributes())?;
/// assert_eq!(wanted.authentication, Some(AuthenticationAlgorithm::HMAC_SHA));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Transform<'a> {
    next: PayloadType,
    protocol: ProtocolId,
    number: u8,
    id: u8,
    attributes: Attributes<'a>,
}

impl<'a> Transform<'a> {
    /// Its number, rising from 1 within its proposal.
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// The protocol of its proposal, which says what the id means.
    pub const fn protocol(&self) -> ProtocolId {
        self.protocol
    }

    /// The id: an [`IsakmpTransform`], [`AhTransform`], [`EspTransform`] or [`IpcompTransform`], as the protocol says.
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// The name of the id.
    pub const fn id_name(&self) -> Option<&'static str> {
        match self.protocol {
            ProtocolId::ISAKMP => IsakmpTransform(self.id).name(),
            ProtocolId::AH => AhTransform(self.id).name(),
            ProtocolId::ESP => EspTransform(self.id).name(),
            ProtocolId::IPCOMP => IpcompTransform(self.id).name(),
            _ => None,
        }
    }

    /// The attributes.
    pub const fn attributes(&self) -> Attributes<'a> {
        self.attributes
    }

    pub(crate) const fn next(&self) -> PayloadType {
        self.next
    }

    /// Takes the transform at the front of `input` and walks its attributes.
    pub(crate) fn parse(input: &'a [u8], protocol: ProtocolId) -> Parsed<'a, Self> {
        let (rest, transform) = header(input, protocol)?;
        match Attributes::parse(transform.attributes.as_bytes()) {
            Ok(_) => Ok((rest, transform)),
            // A fault lies by how much is left from it on, which ends where the attributes do.
            Err(nom::Err::Error(inner) | nom::Err::Failure(inner)) => {
                let left = inner.at.len().saturating_add(rest.len());
                let at = input.get(input.len().saturating_sub(left)..).unwrap_or_default();
                fault(inner.kind, at)
            }
            Err(incomplete) => Err(incomplete),
        }
    }
}

/// The name and what the attributes ask for: `KEY_IKE (AES-CBC-256, SHA2-256, pre-shared key, 2048-bit MODP)`.
impl fmt::Display for Transform<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id_name() {
            Some(name) => f.write_str(name)?,
            None => write!(f, "{}", self.id)?,
        }
        if self.protocol == ProtocolId::ISAKMP {
            return match IkeAttributes::read(self.attributes) {
                Ok(attributes) => write!(f, " ({attributes})"),
                Err(_) => write!(f, " {:?}", self.attributes),
            };
        }
        match IpsecAttributes::read(self.attributes) {
            Ok(attributes) => write!(f, "{attributes}"),
            Err(_) => write!(f, " {:?}", self.attributes),
        }
    }
}

impl fmt::Debug for Transform<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transform({} {self})", self.number)
    }
}

/// The transforms of a [`Proposal`](crate::Proposal).
#[derive(Clone)]
pub struct Transforms<'a> {
    pub(crate) rest: &'a [u8],
    pub(crate) protocol: ProtocolId,
}

impl<'a> Iterator for Transforms<'a> {
    type Item = Transform<'a>;

    fn next(&mut self) -> Option<Transform<'a>> {
        let (rest, transform) = header(self.rest, self.protocol).ok()?;
        self.rest = rest;
        Some(transform)
    }
}

impl core::iter::FusedIterator for Transforms<'_> {}

impl fmt::Debug for Transforms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// A transform of a [`NewProposal`](crate::NewProposal).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewTransform<'a> {
    /// The number, rising from 1.
    pub number: u8,
    /// The id, as the protocol of the proposal has them.
    pub id: u8,
    /// The attributes; more than [`MAX_ATTRIBUTES`](crate::MAX_ATTRIBUTES) cannot be encoded.
    pub attributes: &'a [Attribute<'a>],
}

impl NewTransform<'_> {
    pub(crate) fn encoded_len(&self) -> usize {
        list_len(self.attributes).saturating_add(HEADER_LEN)
    }

    pub(crate) fn encode(&self, out: &mut Writer<'_>, last: bool) -> Result<(), EncodeError> {
        let next = if last { PayloadType::NONE } else { PayloadType::TRANSFORM };
        let start = out.len();
        out.put(&[next.0, 0])?;
        out.put_u16(u16::MAX)?;
        out.put(&[self.number, self.id, 0, 0])?;
        put_list(self.attributes, out)?;
        out.patch_u16(start.saturating_add(2), out.len().saturating_sub(start))
    }
}

/// Octets of a transform before its attributes.
const HEADER_LEN: usize = 8;

/// Takes one transform and leaves its attributes unread.
fn header(input: &[u8], protocol: ProtocolId) -> Parsed<'_, Transform<'_>> {
    let (after_header, [next, reserved, high, low, number, id, _, _]) = chunk::<HEADER_LEN>(input)?;
    if reserved != 0 {
        return fault(ParseErrorKind::Invalid("RESERVED"), chunk::<1>(input)?.0);
    }
    let declared = usize::from(u16::from_be_bytes([high, low]));
    let taken = declared.checked_sub(HEADER_LEN).map(|left| octets(left)(after_header));
    let Some(Ok((rest, attributes))) = taken else {
        let kind = ParseErrorKind::LengthField { declared, min: HEADER_LEN, max: input.len() };
        return fault(kind, chunk::<2>(input)?.0);
    };
    let attributes = Attributes::unchecked(attributes);
    Ok((rest, Transform { next: PayloadType(next), protocol, number, id, attributes }))
}
