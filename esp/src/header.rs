use ipsec_types::parse::{chunk, part};
use ipsec_types::{ParseError, ParseErrorKind, Spi};

/// What of an ESP packet can be read without keys (RFC 4303 §2).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// |               Security Parameters Index (SPI)                 |
/// |                      Sequence Number                          |
/// |                    Payload Data (IV first)                    |
/// |               |     Padding (0-255 octets)                    |
/// |                               |  Pad Length   | Next Header   |
/// |         Integrity Check Value-ICV   (variable)                |
/// ```
///
/// ```
/// use ipsec_esp::EspHeader;
///
/// let header = EspHeader::parse(&[0xc3, 0x81, 0x8b, 0xa5, 0, 0, 0, 9, 0xff])?;
/// assert_eq!((header.spi.get(), header.sequence), (0xc381_8ba5, 9));
/// # Ok::<(), ipsec_types::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EspHeader {
    /// The SPI.
    pub spi: Spi,
    /// The sequence number, or the lower half of an extended one.
    pub sequence: u32,
}

impl EspHeader {
    /// Octets of the header.
    pub const LEN: usize = 8;

    /// Reads the header at the front of `packet`.
    ///
    /// # Errors
    ///
    /// Fewer than 8 octets, or a reserved SPI (0 to 255).
    pub fn parse(packet: &[u8]) -> Result<Self, ParseError> {
        let (_, [a, b, c, d, sequence @ ..]) = part(packet, 0, chunk::<8>)?;
        let reserved = |_| ParseError::new(ParseErrorKind::Invalid("SPI"), 0);
        let spi = Spi::from_be_bytes([a, b, c, d]).map_err(reserved)?;
        Ok(Self { spi, sequence: u32::from_be_bytes(sequence) })
    }
}

/// The SPI of an ESP packet, by which its SA is found.
///
/// # Errors
///
/// As [`EspHeader::parse`].
pub fn peek_spi(packet: &[u8]) -> Result<Spi, ParseError> {
    EspHeader::parse(packet).map(|header| header.spi)
}

/// Where the ICV covers the upper half of an extended sequence number, which is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpperHalf {
    /// Nowhere: numbers have 32 bits.
    Absent,
    /// Between SPI and lower half, in the associated data of an AEAD (RFC 4106 §5).
    Inside,
    /// Behind everything else, with a separate integrity algorithm (RFC 4303 §2.2.1).
    Behind,
}

impl UpperHalf {
    pub(crate) const fn new(extended: bool, aead: bool) -> Self {
        match (extended, aead) {
            (false, _) => Self::Absent,
            (true, true) => Self::Inside,
            (true, false) => Self::Behind,
        }
    }

    /// What the ICV of a packet covers in front of IV and ciphertext, and behind them (RFC 4303 §3.3.2.1).
    #[inline(always)]
    pub(crate) fn covered<'a>(
        self,
        header: &'a [u8; EspHeader::LEN],
        extended: &'a [[u8; 8]; 2],
    ) -> (&'a [u8], &'a [u8]) {
        let [[_, _, _, _, upper @ ..], _] = extended;
        match self {
            Self::Absent => (header, &[]),
            Self::Inside => (extended.as_flattened().get(..EXTENDED_LEN).unwrap_or_default(), &[]),
            Self::Behind => (header, upper),
        }
    }
}

/// Octets of the header with an extended sequence number.
const EXTENDED_LEN: usize = EspHeader::LEN + 4;

/// SPI and the whole of the sequence number, with zeros behind it.
///
/// It is put together in registers and stored in halves that are read as such: what is stored in small parts and read back as
/// a whole waits for the store.
#[inline]
pub(crate) fn extended_octets(spi: Spi, number: u64) -> [[u8; 8]; 2] {
    let (high, low) = (number >> 32, number << 32);
    [((u64::from(spi.get()) << 32) | high).to_be_bytes(), low.to_be_bytes()]
}

/// SPI and the lower half of the sequence number, as a packet starts with them.
#[inline]
pub(crate) fn header_octets(spi: Spi, number: u64) -> [u8; EspHeader::LEN] {
    ((u64::from(spi.get()) << 32) | (number & 0xffff_ffff)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ea_01_reserved_spis_and_short_packets_have_no_header() {
        for spi in 0..=255u32 {
            let [a, b, c, d] = spi.to_be_bytes();
            assert!(peek_spi(&[a, b, c, d, 0, 0, 0, 1]).is_err(), "SPI {spi}");
        }
        for length in 0..8 {
            assert!(peek_spi(&[0xff; 8][..length]).is_err(), "{length} octets");
        }
        assert_eq!(peek_spi(&[0, 0, 1, 0, 0, 0, 0, 1]).map(Spi::get), Ok(256));
    }
}
