use core::fmt;
use core::slice::ChunksExact;

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Spi, Writer};

use crate::ProtocolId;
use crate::text::Hex;

/// The Delete payload (RFC 7296 §3.11).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Protocol ID   |   SPI Size    |          Num of SPIs          |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~               Security Parameter Index(es) (SPI)              ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// [`NewDelete`] builds one.
///
/// ```
/// use ikev2_wire::{Delete, ParseErrorKind, ProtocolId};
///
/// let delete = Delete::decode(&[3, 4, 0, 1, 0xc0, 0xff, 0xee, 0x01], 0)?;
/// assert_eq!(delete.protocol(), ProtocolId::ESP);
/// assert_eq!(delete.to_string(), "ESP c0ffee01");
/// // Two SPIs announced, one there: the offset is that of the count.
/// let error = Delete::decode(&[3, 4, 0, 2, 0xc0, 0xff, 0xee, 0x01], 0).unwrap_err();
/// assert_eq!((error.kind(), error.offset()), (ParseErrorKind::Invalid("Num of SPIs"), 2));
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Delete<'a> {
    protocol: ProtocolId,
    spi_size: u8,
    count: u16,
    spis: &'a [u8],
}

impl<'a> Delete<'a> {
    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// RFC 7296 §3.11: the SPI size "MUST be zero for IKE (SPI is in message header) or four for AH and ESP".
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] below four octets, [`ParseErrorKind::Invalid`] for an SPI size that the protocol
    /// does not have, or for a number of SPIs that does not agree with the octets there are.
    #[inline]
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (spis, [protocol, spi_size, high, low]) = part(body, base_offset, chunk::<4>)?;
        let delete =
            Self { protocol: ProtocolId(protocol), spi_size, count: u16::from_be_bytes([high, low]), spis };
        if spi_size_of(delete.protocol).is_some_and(|size| size != spi_size) {
            return Err(ParseError::new(ParseErrorKind::Invalid("SPI Size"), base_offset.saturating_add(1)));
        }
        // Without octets to an SPI there can be no SPIs, or the count would speak of nothing.
        let expected = usize::from(spi_size).saturating_mul(usize::from(delete.count));
        if expected != spis.len() || (spi_size == 0 && delete.count != 0) {
            let offset = base_offset.saturating_add(2);
            return Err(ParseError::new(ParseErrorKind::Invalid("Num of SPIs"), offset));
        }
        Ok(delete)
    }

    /// The protocol of the SAs. [`ProtocolId::IKE`] deletes the IKE SA of the message and all it set up.
    #[inline]
    pub const fn protocol(&self) -> ProtocolId {
        self.protocol
    }

    /// The SPIs, each as octets; none for IKE.
    pub fn spis(&self) -> Spis<'a> {
        Spis { chunks: self.spis.chunks_exact(usize::from(self.spi_size.max(1))) }
    }
}

impl Encode for Delete<'_> {
    fn encoded_len(&self) -> usize {
        self.spis.len().saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
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
        f.debug_struct("Delete").field("protocol", &self.protocol).field("spis", &self.spis()).finish()
    }
}

/// The SPIs of a [`Delete`], each as octets.
#[derive(Clone)]
pub struct Spis<'a> {
    chunks: ChunksExact<'a, u8>,
}

impl<'a> Iterator for Spis<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.chunks.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.chunks.size_hint()
    }
}

impl ExactSizeIterator for Spis<'_> {}

impl fmt::Debug for Spis<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone().map(Hex)).finish()
    }
}

/// A Delete payload to be built.
///
/// ```
/// use ikev2_wire::{Delete, Encode, NewDelete, Spi, Writer};
///
/// let mut buf = [0; 16];
/// let mut out = Writer::new(&mut buf);
/// NewDelete::child(ikev2_wire::ProtocolId::ESP, &[Spi::new(0xc0ff_ee01).unwrap()]).encode(&mut out)?;
/// let delete = Delete::decode(out.written(), 0).unwrap();
/// assert!(delete.spis().eq([[0xc0, 0xff, 0xee, 0x01]]));
/// # Ok::<(), ikev2_wire::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewDelete<'a> {
    protocol: ProtocolId,
    spis: &'a [Spi],
}

impl<'a> NewDelete<'a> {
    /// Deletes the IKE SA that the message belongs to.
    pub const IKE: Self = Self { protocol: ProtocolId::IKE, spis: &[] };

    /// Deletes Child SAs, named by the SPIs that the sender receives on. `protocol` is AH or ESP, or the payload
    /// cannot be encoded.
    pub const fn child(protocol: ProtocolId, spis: &'a [Spi]) -> Self {
        Self { protocol, spis }
    }
}

impl Encode for NewDelete<'_> {
    fn encoded_len(&self) -> usize {
        self.spis.len().saturating_mul(4).saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let spi_size = match (spi_size_of(self.protocol), self.spis) {
            (Some(0), []) => 0,
            (Some(4), _) => 4,
            _ => return Err(EncodeError::Invalid("Protocol ID")),
        };
        let length = self.spis.len();
        let count =
            u16::try_from(length).map_err(|_| EncodeError::FieldOverflow { field: "Num of SPIs", length })?;
        out.put(&[self.protocol.0, spi_size])?;
        out.put_u16(count)?;
        self.spis.iter().try_for_each(|spi| out.put(&spi.to_be_bytes()))
    }
}

/// The SPI size that a protocol demands, where this crate knows it.
const fn spi_size_of(protocol: ProtocolId) -> Option<u8> {
    match protocol {
        ProtocolId::IKE => Some(0),
        ProtocolId::AH | ProtocolId::ESP => Some(4),
        _ => None,
    }
}
