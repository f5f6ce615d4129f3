use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, octets, part};
use ipsec_types::{EncodeError, ParseError, ParseErrorKind, Writer};

use crate::text::Hex;
use crate::{NewTransform, PayloadType, ProtocolId, Transform, Transforms};

/// One proposal of an SA payload (RFC 2408 §3.5): one protocol, and the transforms to choose one from.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Next Payload  |   RESERVED    |         Payload Length        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Proposal #   |  Protocol-Id  |    SPI Size   |# of Transforms|
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                        SPI (variable)                         ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                        <Transforms>                           ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Proposals of one number are to be set up all together: see [`Sa::alternatives`](crate::Sa::alternatives).
///
/// ```
/// use ikev1_wire::{ProtocolId, Sa};
///
/// // DOI and situation, a proposal of ESP, its transform with two attributes.
/// let body = [
///     0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 28, 1, 3, 4, 1, 0xc0, 0xff, 0xee, 1, 0, 0, 0, 16, 1, 12, 0, 0, 0x80, 4, 0, 1, 0x80, 5,
///     0, 2,
/// ];
/// let proposal = Sa::decode(&body, 32)?.sole_proposal().unwrap();
/// assert_eq!((proposal.protocol(), proposal.spi()), (ProtocolId::ESP, &[0xc0, 0xff, 0xee, 1][..]));
/// assert_eq!(proposal.to_string(), "1 ESP c0ffee01: ESP_AES-CBC, HMAC-SHA, Tunnel");
/// # Ok::<(), ikev1_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proposal<'a> {
    bytes: &'a [u8],
    next: PayloadType,
    number: u8,
    protocol: ProtocolId,
    transform_count: u8,
    spi: &'a [u8],
    transforms: &'a [u8],
}

impl<'a> Proposal<'a> {
    /// Its number; an answer carries that of the offer it takes.
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// The protocol to be set up.
    pub const fn protocol(&self) -> ProtocolId {
        self.protocol
    }

    /// The sender's SPI: four octets for AH and ESP, two or four for IPComp; in phase 1 anything up to 16 octets,
    /// which says nothing (RFC 2408 §3.5).
    pub const fn spi(&self) -> &'a [u8] {
        self.spi
    }

    /// How many transforms there are.
    pub const fn transform_count(&self) -> u8 {
        self.transform_count
    }

    /// The transforms, the preferred one first.
    pub const fn transforms(&self) -> Transforms<'a> {
        Transforms { rest: self.transforms, protocol: self.protocol }
    }

    /// The whole proposal, its header included.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) const fn next(&self) -> PayloadType {
        self.next
    }

    /// Reads the proposal at the front of `input`, which starts at `offset` of the datagram, and walks its transforms.
    pub(crate) fn decode(input: &'a [u8], offset: usize) -> Result<(&'a [u8], Self), ParseError> {
        let (rest, proposal) = part(input, offset, header)?;
        let transforms_offset = offset.saturating_add(HEADER_LEN).saturating_add(proposal.spi.len());
        let walk = |input| transforms(input, proposal.protocol);
        let (_, count) = part(proposal.transforms, transforms_offset, walk)?;
        if count != usize::from(proposal.transform_count) {
            let offset = offset.saturating_add(TRANSFORM_COUNT_OFFSET);
            return Err(ParseError::new(ParseErrorKind::Invalid("# of Transforms"), offset));
        }
        Ok((rest, proposal))
    }

    /// The proposal at the front of `input`, which was checked before.
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

/// One line: `1 ESP: ESP_AES-CBC-128, HMAC-SHA, Tunnel; ESP_3DES, HMAC-SHA, Tunnel`.
impl fmt::Display for Proposal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.protocol)?;
        if !self.spi.is_empty() {
            write!(f, " {}", Hex(self.spi))?;
        }
        let mut separator = ": ";
        for transform in self.transforms() {
            write!(f, "{separator}{transform}")?;
            separator = "; ";
        }
        Ok(())
    }
}

/// A proposal of a [`NewSa`](crate::NewSa).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewProposal<'a> {
    /// The number; proposals of one number, next to each other, are offered all together.
    pub number: u8,
    /// The protocol to be set up.
    pub protocol: ProtocolId,
    /// Our SPI: none in phase 1, four octets for AH and ESP, two for IPComp. More than 255 cannot be encoded.
    pub spi: &'a [u8],
    /// The transforms, the preferred one first. More than 255 cannot be encoded.
    pub transforms: &'a [NewTransform<'a>],
}

impl NewProposal<'_> {
    pub(crate) fn encoded_len(&self) -> usize {
        let fixed = HEADER_LEN.saturating_add(self.spi.len());
        self.transforms.iter().fold(fixed, |len, transform| len.saturating_add(transform.encoded_len()))
    }

    pub(crate) fn encode(&self, out: &mut Writer<'_>, last: bool) -> Result<(), EncodeError> {
        let next = if last { PayloadType::NONE } else { PayloadType::PROPOSAL };
        let spi_size = count_octet("SPI Size", self.spi.len())?;
        let transform_count = count_octet("# of Transforms", self.transforms.len())?;
        let start = out.len();
        out.put(&[next.0, 0])?;
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

/// Where "# of Transforms" lies in a proposal.
const TRANSFORM_COUNT_OFFSET: usize = 7;

fn count_octet(field: &'static str, length: usize) -> Result<u8, EncodeError> {
    u8::try_from(length).map_err(|_| EncodeError::FieldOverflow { field, length })
}

/// Takes one proposal and reads it down to its SPI.
fn header(input: &[u8]) -> Parsed<'_, Proposal<'_>> {
    let (after_header, [next, reserved, high, low, number, protocol, spi_size, transform_count]) =
        chunk::<HEADER_LEN>(input)?;
    if reserved != 0 {
        return fault(ParseErrorKind::Invalid("RESERVED"), chunk::<1>(input)?.0);
    }
    let declared = usize::from(u16::from_be_bytes([high, low]));
    let length = ParseErrorKind::LengthField { declared, min: HEADER_LEN, max: input.len() };
    let (Some(left), Ok((rest, bytes))) = (declared.checked_sub(HEADER_LEN), octets(declared)(input)) else {
        return fault(length, chunk::<2>(input)?.0);
    };
    let (_, content) = octets(left)(after_header)?;
    let Ok((transforms, spi)) = octets(usize::from(spi_size))(content) else {
        return fault(ParseErrorKind::Invalid("SPI Size"), chunk::<6>(input)?.0);
    };
    let (next, protocol) = (PayloadType(next), ProtocolId(protocol));
    Ok((rest, Proposal { bytes, next, number, protocol, transform_count, spi, transforms }))
}

/// Counts transforms to the end of a proposal.
fn transforms(input: &[u8], protocol: ProtocolId) -> Parsed<'_, usize> {
    let mut rest = input;
    let mut count: usize = 0;
    while !rest.is_empty() {
        let (after, transform) = Transform::parse(rest, protocol)?;
        // RFC 2408 §3.6: "If the current Transform payload is the last in the proposal, then this field will be 0."
        let expected = if after.is_empty() { PayloadType::NONE } else { PayloadType::TRANSFORM };
        if transform.next() != expected {
            return fault(ParseErrorKind::Invalid("Next Payload"), rest);
        }
        count = count.saturating_add(1);
        rest = after;
    }
    Ok((rest, count))
}
