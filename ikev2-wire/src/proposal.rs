use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, octets, part};
use ipsec_types::{EncodeError, ParseError, ParseErrorKind, Writer};

use crate::text::Hex;
use crate::{NewTransform, ProtocolId, Transform};

/// One proposal of an SA payload (RFC 7296 §3.3.1).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Last Substruc |   RESERVED    |         Proposal Length       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Proposal Num  |  Protocol ID  |    SPI Size   |Num  Transforms|
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                        SPI (variable)                         ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                        <Transforms>                           ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Whether the SPI has the size that the protocol and the exchange demand is for the caller to judge.
///
/// ```
/// use ikev2_wire::{ProtocolId, Sa, TransformType};
///
/// // One proposal of one transform: ESP with AES-GCM-16 of 256 bits.
/// let body = [0, 0, 0, 24, 1, 3, 4, 1, 0xc0, 1, 2, 3, 0, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0];
/// let proposal = Sa::decode(&body, 0)?.proposals().next().unwrap();
/// assert_eq!((proposal.number(), proposal.protocol(), proposal.spi()), (1, ProtocolId::ESP, &[0xc0, 1, 2, 3][..]));
/// assert_eq!(proposal.transforms().next().unwrap().kind(), TransformType::ENCR);
/// assert_eq!(proposal.to_string(), "1 ESP c0010203: ENCR_AES_GCM_16-256");
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proposal<'a> {
    bytes: &'a [u8],
    last: u8,
    number: u8,
    protocol: ProtocolId,
    transform_count: u8,
    spi: &'a [u8],
    transforms: &'a [u8],
}

impl<'a> Proposal<'a> {
    /// The number: from 1 in an offer, that of the proposal taken in an answer.
    #[inline]
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// The protocol to be set up.
    #[inline]
    pub const fn protocol(&self) -> ProtocolId {
        self.protocol
    }

    /// The sender's SPI: 0 octets for an IKE SA being created, 8 for one being rekeyed, 4 for AH and ESP.
    #[inline]
    pub const fn spi(&self) -> &'a [u8] {
        self.spi
    }

    /// How many transforms there are.
    #[inline]
    pub const fn transform_count(&self) -> u8 {
        self.transform_count
    }

    /// The transforms in the order of the proposal.
    #[inline]
    pub const fn transforms(&self) -> Transforms<'a> {
        Transforms { rest: self.transforms }
    }

    /// The whole proposal, its header included.
    #[inline]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    #[inline]
    pub(crate) const fn is_last(&self) -> bool {
        self.last == LAST
    }

    /// Reads the proposal at the front of `input`, which starts at `offset` of the datagram, and walks its transforms.
    #[inline]
    pub(crate) fn decode(input: &'a [u8], offset: usize) -> Result<(&'a [u8], Self), ParseError> {
        let (rest, proposal) = part(input, offset, header)?;
        if ![LAST, MORE].contains(&proposal.last) {
            return Err(ParseError::new(ParseErrorKind::Invalid("Last Substruc"), offset));
        }
        let transforms_offset = offset.saturating_add(HEADER_LEN).saturating_add(proposal.spi.len());
        let (_, count) = part(proposal.transforms, transforms_offset, transforms)?;
        if count != usize::from(proposal.transform_count) {
            let offset = offset.saturating_add(TRANSFORM_COUNT_OFFSET);
            return Err(ParseError::new(ParseErrorKind::Invalid("Num Transforms"), offset));
        }
        Ok((rest, proposal))
    }

    /// The proposal at the front of `input`, which was checked before.
    #[inline]
    pub(crate) fn next_of(input: &'a [u8]) -> Option<(&'a [u8], Self)> {
        header(input).ok()
    }
}

impl fmt::Debug for Proposal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proposal")
            .field("number", &self.number)
            .field("protocol", &self.protocol)
            .field("spi", &Hex(self.spi))
            .field("transforms", &self.transforms())
            .finish()
    }
}

/// One line: number, protocol, SPI and transforms, `1 ESP c0010203: ENCR_AES_GCM_16-256, 32-bit Sequential Numbers`.
impl fmt::Display for Proposal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.protocol)?;
        if !self.spi.is_empty() {
            write!(f, " {}", Hex(self.spi))?;
        }
        let mut separator = ": ";
        for transform in self.transforms() {
            write!(f, "{separator}{transform}")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// The transforms of a [`Proposal`].
#[derive(Clone)]
pub struct Transforms<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Transforms<'a> {
    type Item = Transform<'a>;

    #[inline]
    fn next(&mut self) -> Option<Transform<'a>> {
        let (rest, transform) = Transform::parse(self.rest).ok()?;
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

/// A proposal of a [`NewSa`](crate::NewSa).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewProposal<'a> {
    /// The number: from 1 in an offer, that of the proposal taken in an answer.
    pub number: u8,
    /// The protocol to be set up.
    pub protocol: ProtocolId,
    /// Our SPI: 0 octets for an IKE SA being created, 8 for one being rekeyed, 4 for AH and ESP. More than 255 octets
    /// cannot be encoded.
    pub spi: &'a [u8],
    /// The transforms, the preferred one of each type first. More than 255 cannot be encoded.
    pub transforms: &'a [NewTransform],
}

impl NewProposal<'_> {
    pub(crate) fn encoded_len(&self) -> usize {
        let fixed = HEADER_LEN.saturating_add(self.spi.len());
        self.transforms.iter().fold(fixed, |len, transform| len.saturating_add(transform.encoded_len()))
    }

    pub(crate) fn encode(&self, out: &mut Writer<'_>, last: bool) -> Result<(), EncodeError> {
        let spi_size = count_octet("SPI Size", self.spi.len())?;
        let transform_count = count_octet("Num Transforms", self.transforms.len())?;
        let start = out.len();
        out.put(&[if last { LAST } else { MORE }, 0])?;
        out.put_u16(u16::MAX)?;
        out.put(&[self.number, self.protocol.0, spi_size, transform_count])?;
        out.put(self.spi)?;
        if let Some((last, others)) = self.transforms.split_last() {
            others.iter().try_for_each(|transform| transform.encode(out, false))?;
            last.encode(out, true)?;
        }
        out.patch_u16(start.saturating_add(2), out.len().saturating_sub(start))
    }
}

/// Octets of a proposal before its SPI.
const HEADER_LEN: usize = 8;

/// Where Num Transforms lies in a proposal.
const TRANSFORM_COUNT_OFFSET: usize = 7;

/// "Last Substruc" of the last proposal.
const LAST: u8 = 0;

/// "Last Substruc" of every other proposal.
const MORE: u8 = 2;

fn count_octet(field: &'static str, length: usize) -> Result<u8, EncodeError> {
    u8::try_from(length).map_err(|_| EncodeError::FieldOverflow { field, length })
}

/// Takes one proposal and reads it down to its SPI.
fn header(input: &[u8]) -> Parsed<'_, Proposal<'_>> {
    let (after_header, [last, _, high, low, number, protocol, spi_size, transform_count]) =
        chunk::<HEADER_LEN>(input)?;
    let declared = usize::from(u16::from_be_bytes([high, low]));
    let at_length = chunk::<2>(input)?.0;
    let length = ParseErrorKind::LengthField { declared, min: HEADER_LEN, max: input.len() };
    let (Some(left), Ok((rest, bytes))) = (declared.checked_sub(HEADER_LEN), octets(declared)(input)) else {
        return fault(length, at_length);
    };
    let (_, content) = octets(left)(after_header)?;
    let Ok((transforms, spi)) = octets(usize::from(spi_size))(content) else {
        return fault(ParseErrorKind::Invalid("SPI Size"), chunk::<6>(input)?.0);
    };
    let protocol = ProtocolId(protocol);
    Ok((rest, Proposal { bytes, last, number, protocol, transform_count, spi, transforms }))
}

/// Counts transforms to the end of a proposal.
fn transforms(input: &[u8]) -> Parsed<'_, usize> {
    let mut rest = input;
    let mut count: usize = 0;
    while !rest.is_empty() {
        let (after, transform) = Transform::parse(rest)?;
        if transform.is_last() != Some(after.is_empty()) {
            return fault(ParseErrorKind::Invalid("Last Substruc"), rest);
        }
        count = count.saturating_add(1);
        rest = after;
    }
    Ok((rest, count))
}
