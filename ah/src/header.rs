use ipsec_types::parse::{Parsed, chunk, fault, octets, part};
use ipsec_types::{IpProtocol, ParseError, ParseErrorKind, ReservedSpi, Spi};

/// The Authentication Header at the front of a packet (RFC 4302 §2).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Next Header   |  Payload Len  |          RESERVED             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 Security Parameters Index (SPI)               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                    Sequence Number Field                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                Integrity Check Value-ICV (variable)           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Nothing here is authenticated, and the view keeps what it was given: RESERVED bits are readable, any Next Header
/// is a value, and a reserved SPI is reported when it is asked for.
///
/// ```
/// use ipsec_ah::Header;
///
/// let header = Header::parse(&[59, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 7])?;
/// assert_eq!((header.sequence(), header.header_len()), (7, 12));
/// assert!(header.icv().is_empty());
/// # Ok::<(), ipsec_types::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    next_header: IpProtocol,
    payload_len: u8,
    reserved: [u8; 2],
    spi: [u8; 4],
    sequence: [u8; 4],
    icv: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Octets before the ICV.
    pub const FIXED_LEN: usize = 12;

    /// Reads the header at the front of `packet`, which starts with it.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] where `packet` is shorter than the header or than its Payload Len says, and
    /// [`ParseErrorKind::LengthField`] where Payload Len leaves no room for the fixed part. Offsets count from the
    /// start of `packet`.
    pub fn parse(packet: &'a [u8]) -> Result<Self, ParseError> {
        let (payload, header) = part(packet, 0, header)?;
        Ok(Self { payload, ..header })
    }

    /// What follows the header, by its protocol number (RFC 4302 §2.1).
    pub const fn next_header(&self) -> IpProtocol {
        self.next_header
    }

    /// The Payload Len field: the length of the header in 4-octet words, minus 2 (RFC 4302 §2.2).
    pub const fn payload_len(&self) -> u8 {
        self.payload_len
    }

    /// The length of the header in octets, ICV included.
    pub const fn header_len(&self) -> usize {
        Self::FIXED_LEN.saturating_add(self.icv.len())
    }

    /// The RESERVED field. A receiver ignores it, but the ICV covers it (RFC 4302 §2.3).
    pub const fn reserved(&self) -> u16 {
        u16::from_be_bytes(self.reserved)
    }

    /// The SPI (RFC 4302 §2.4).
    ///
    /// # Errors
    ///
    /// [`ReservedSpi`], which holds the number, for 0 to 255: no SA has such an SPI.
    pub const fn spi(&self) -> Result<Spi, ReservedSpi> {
        Spi::from_be_bytes(self.spi)
    }

    /// The sequence number, or the lower half of an extended one (RFC 4302 §2.5).
    pub const fn sequence(&self) -> u32 {
        u32::from_be_bytes(self.sequence)
    }

    /// The ICV field. For some algorithms and IP versions the ICV is followed by padding here: the field fills the
    /// header up to a multiple of 4 octets in IPv4 and of 8 in IPv6 (RFC 4302 §2.6, §3.3.3.2.1).
    pub const fn icv(&self) -> &'a [u8] {
        self.icv
    }

    /// What follows the header.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// The SPI of a packet that starts with AH, by which its SA is found.
///
/// # Errors
///
/// As [`Header::parse`], and a reserved SPI (0 to 255).
pub fn peek_spi(packet: &[u8]) -> Result<Spi, ParseError> {
    let reserved = |_| ParseError::new(ParseErrorKind::Invalid("SPI"), 4);
    Header::parse(packet)?.spi().map_err(reserved)
}

fn header(packet: &[u8]) -> Parsed<'_, Header<'_>> {
    let (rest, fixed) = chunk::<{ Header::FIXED_LEN }>(packet)?;
    let [next_header, payload_len, r0, r1, s0, s1, s2, s3, sequence @ ..] = fixed;
    // The fixed part alone makes a Payload Len of 1: three words minus two.
    let Some(icv_words) = payload_len.checked_sub(1) else {
        let kind = ParseErrorKind::LengthField { declared: 0, min: 1, max: 255 };
        return fault(kind, packet.get(1..).unwrap_or_default());
    };
    let (payload, icv) = octets(usize::from(icv_words).saturating_mul(4))(rest)?;
    let header = Header {
        next_header: IpProtocol(next_header),
        payload_len,
        reserved: [r0, r1],
        spi: [s0, s1, s2, s3],
        sequence,
        icv,
        payload,
    };
    Ok((payload, header))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The AH of frame 5 of testdata/captures/ikev2-ah-transport (IPv4, HMAC-SHA1-96), with the start of its payload.
    const IPV4: [u8; 28] = [
        0x01, 0x04, 0x00, 0x00, 0xc8, 0xfe, 0x6d, 0x05, 0x00, 0x00, 0x00, 0x01, 0xf4, 0x1f, 0x7e, 0x98, 0x6b,
        0x02, 0x5f, 0x77, 0x56, 0xd8, 0x6b, 0x1d, 0x08, 0x00, 0x59, 0x27,
    ];

    #[test]
    fn real_header_over_ipv4() {
        let header = Header::parse(&IPV4).unwrap();
        assert_eq!(header.next_header(), IpProtocol::ICMP);
        assert_eq!((header.payload_len(), header.header_len()), (4, 24));
        assert_eq!(header.spi().map(Spi::get), Ok(0xc8fe_6d05));
        assert_eq!(header.sequence(), 1);
        assert_eq!(header.icv(), &IPV4[12..24]);
        assert_eq!(header.payload(), [0x08, 0x00, 0x59, 0x27]);
    }

    /// As frame 5 of testdata/captures/ikev2-ah-ipv6-transport: the ICV of HMAC-SHA2-512-256 and 4 octets of padding.
    #[test]
    fn rfc4302_3_3_3_2_1_padding_counts_as_icv() {
        let mut packet = [0xee; 50];
        packet[..12].copy_from_slice(&[0x3a, 0x0a, 0, 0, 0xcd, 0x14, 0xe1, 0x42, 0, 0, 0, 1]);
        let header = Header::parse(&packet).unwrap();
        assert_eq!(header.next_header(), IpProtocol::ICMPV6);
        assert_eq!(header.header_len(), 48);
        assert_eq!(header.icv().len(), 32 + 4);
        assert_eq!(header.payload().len(), 2);
    }

    #[test]
    fn ea_01_ah_of_0_to_11_octets_is_truncated() {
        for length in 0..Header::FIXED_LEN {
            let error = Header::parse(&IPV4[..length]).unwrap_err();
            let kind = ParseErrorKind::Truncated { needed: 12, available: length };
            assert_eq!(error, ParseError::new(kind, 0), "{length} octets");
        }
    }

    #[test]
    fn ea_01_ah_with_cut_icv_is_truncated() {
        for length in Header::FIXED_LEN..24 {
            let error = Header::parse(&IPV4[..length]).unwrap_err();
            let kind = ParseErrorKind::Truncated { needed: 12, available: length - 12 };
            assert_eq!(error, ParseError::new(kind, 12), "{length} octets");
        }
        assert!(Header::parse(&IPV4[..24]).is_ok(), "a header with nothing behind it");
    }

    #[test]
    fn ea_01_ah_payload_len_of_every_value() {
        let mut packet = [0; 12 + 254 * 4];
        for payload_len in 0..=255u8 {
            packet[1] = payload_len;
            let Some(words) = payload_len.checked_sub(1) else {
                let kind = ParseErrorKind::LengthField { declared: 0, min: 1, max: 255 };
                assert_eq!(Header::parse(&packet), Err(ParseError::new(kind, 1)));
                continue;
            };
            let length = 12 + usize::from(words) * 4;
            let header = Header::parse(&packet).unwrap();
            assert_eq!(header.header_len(), length);
            assert_eq!(header.header_len(), (usize::from(header.payload_len()) + 2) * 4);
            assert_eq!(header.payload().len(), packet.len() - length);
            assert!(Header::parse(&packet[..length]).is_ok());
            assert!(Header::parse(&packet[..length - 1]).is_err());
        }
    }

    #[test]
    fn ea_01_ah_reserved_spis_are_reported() {
        let mut packet = IPV4;
        for spi in 0..=255u32 {
            packet[4..8].copy_from_slice(&spi.to_be_bytes());
            assert_eq!(Header::parse(&packet).unwrap().spi(), Err(ReservedSpi(spi)));
        }
        packet[4..8].copy_from_slice(&256u32.to_be_bytes());
        assert_eq!(Header::parse(&packet).unwrap().spi().map(Spi::get), Ok(256));
    }

    #[test]
    fn ea_01_ah_every_bit_flipped_does_no_harm() {
        for bit in 0..IPV4.len() * 8 {
            let mut packet = IPV4;
            packet[bit / 8] ^= 1 << (bit % 8);
            if let Ok(header) = Header::parse(&packet) {
                assert_eq!(header.header_len() + header.payload().len(), packet.len());
            }
        }
    }

    #[test]
    fn rfc4302_2_3_reserved_bits_are_kept_and_accepted() {
        let mut packet = IPV4;
        packet[2..4].fill(0xff);
        assert_eq!(Header::parse(&packet).unwrap().reserved(), 0xffff);
    }
}
