use core::fmt;
use core::slice::ChunksExact;

use ipsec_types::parse::{Parsed, chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::text::Hex;
use crate::{Doi, ProtocolId};

/// The Delete payload (RFC 2408 §3.15).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |              Domain of Interpretation  (DOI)                  |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Protocol-Id  |   SPI Size    |           # of SPIs           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~               Security Parameter Index(es) (SPI)              ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// [`NewDelete`] builds one:
///
/// ```
/// use ikev1_wire::{Delete, Encode, NewDelete, ProtocolId, Writer};
///
/// let mut buf = [0; 64];
/// let mut out = Writer::new(&mut buf);
/// NewDelete { protocol: ProtocolId::ESP, spi_size: 4, spis: &[0xc0, 0, 0, 1, 0xc0, 0, 0, 2] }.encode(&mut out)?;
/// let delete = Delete::decode(out.written(), 0)?;
/// assert!(delete.spis().eq([[0xc0, 0, 0, 1], [0xc0, 0, 0, 2]]));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Delete<'a> {
    doi: Doi,
    protocol: ProtocolId,
    spi_size: u8,
    count: u16,
    spis: &'a [u8],
}

impl<'a> Delete<'a> {
    /// Octets of the SPI of an ISAKMP SA: both cookies, the initiator's first (RFC 2408 §3.15).
    pub const ISAKMP_SPI_LEN: usize = 16;

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] below eight octets, [`ParseErrorKind::Invalid`] for an SPI size that the protocol
    /// does not have, or for a number of SPIs that does not agree with the octets there are.
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (_, delete) = part(body, base_offset, delete)?;
        if !is_lawful_size(delete.protocol, delete.spi_size) {
            return Err(ParseError::new(ParseErrorKind::Invalid("SPI Size"), base_offset.saturating_add(5)));
        }
        let expected = usize::from(delete.spi_size).saturating_mul(usize::from(delete.count));
        if expected != delete.spis.len() {
            return Err(ParseError::new(ParseErrorKind::Invalid("# of SPIs"), base_offset.saturating_add(6)));
        }
        Ok(delete)
    }

    /// The domain of interpretation.
    pub const fn doi(&self) -> Doi {
        self.doi
    }

    /// The protocol of the SAs.
    pub const fn protocol(&self) -> ProtocolId {
        self.protocol
    }

    /// The SPIs of the sender's inbound SAs, each as octets; with ISAKMP the cookies of SAs.
    pub fn spis(&self) -> Spis<'a> {
        Spis { chunks: self.spis.chunks_exact(usize::from(self.spi_size.max(1))) }
    }
}

impl Encode for Delete<'_> {
    fn encoded_len(&self) -> usize {
        self.spis.len().saturating_add(HEADER_LEN)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put_u32(self.doi.0)?;
        out.put(&[self.protocol.0, self.spi_size])?;
        out.put_u16(self.count)?;
        out.put(self.spis)
    }
}

/// The protocol and the SPIs.
impl fmt::Display for Delete<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.protocol)?;
        self.spis().try_for_each(|spi| write!(f, " {}", Hex(spi)))
    }
}

impl fmt::Debug for Delete<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delete")
            .field("doi", &self.doi)
            .field("protocol", &self.protocol)
            .field("spis", &self.spis())
            .finish()
    }
}

/// The SPIs of a [`Delete`].
#[derive(Clone)]
pub struct Spis<'a> {
    chunks: ChunksExact<'a, u8>,
}

impl<'a> Iterator for Spis<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.chunks.next()
    }
}

impl core::iter::FusedIterator for Spis<'_> {}

impl fmt::Debug for Spis<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone().map(Hex)).finish()
    }
}

/// A Delete payload of the IPsec DOI to be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewDelete<'a> {
    /// The protocol of the SAs.
    pub protocol: ProtocolId,
    /// Octets of one SPI: 16 for ISAKMP, 4 for AH and ESP, 2 or 4 for IPComp.
    pub spi_size: u8,
    /// The SPIs, back to back. Octets that are no whole SPIs, and more than 65,535 SPIs, cannot be encoded.
    pub spis: &'a [u8],
}

impl Encode for NewDelete<'_> {
    fn encoded_len(&self) -> usize {
        self.spis.len().saturating_add(HEADER_LEN)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let size = usize::from(self.spi_size);
        if !is_lawful_size(self.protocol, self.spi_size) || !self.spis.len().is_multiple_of(size) {
            return Err(EncodeError::Invalid("SPI Size"));
        }
        let length = self.spis.len().checked_div(size).unwrap_or_default();
        let overflow = EncodeError::FieldOverflow { field: "# of SPIs", length };
        out.put_u32(Doi::IPSEC.0)?;
        out.put(&[self.protocol.0, self.spi_size])?;
        out.put_u16(u16::try_from(length).map_err(|_| overflow)?)?;
        out.put(self.spis)
    }
}

/// Octets before the SPIs.
const HEADER_LEN: usize = 8;

/// Whether SPIs of this protocol can have this size. Those of protocols that are not known can have any but 0.
const fn is_lawful_size(protocol: ProtocolId, size: u8) -> bool {
    match protocol {
        ProtocolId::ISAKMP => size == 16,
        ProtocolId::AH | ProtocolId::ESP => size == 4,
        ProtocolId::IPCOMP => matches!(size, 2 | 4),
        _ => size != 0,
    }
}

fn delete(input: &[u8]) -> Parsed<'_, Delete<'_>> {
    let (rest, doi) = chunk::<4>(input)?;
    let (spis, [protocol, spi_size, high, low]) = chunk::<4>(rest)?;
    let (doi, protocol) = (Doi(u32::from_be_bytes(doi)), ProtocolId(protocol));
    Ok((&[], Delete { doi, protocol, spi_size, count: u16::from_be_bytes([high, low]), spis }))
}
