use crate::checksum::internet_checksum;
use crate::extension::UpperLayer;
use crate::fragment::FragmentInfo;
use core::net::Ipv4Addr;
use ipsec_types::parse::{Parsed, chunk, fault, octets, part};
use ipsec_types::{Encode, EncodeError, IpProtocol, ParseError, ParseErrorKind, Writer};

/// A view of an IPv4 packet (RFC 791 §3.1) whose lengths agree with the octets there are.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// |Version|  IHL  |Type of Service|          Total Length         |
/// |         Identification        |Flags|      Fragment Offset    |
/// |  Time to Live |    Protocol   |         Header Checksum       |
/// |                       Source Address                          |
/// |                    Destination Address                        |
/// |                    Options                    |    Padding    |
/// ```
///
/// ```
/// use ipsec_ip_packet::Ipv4Header;
/// use ipsec_types::IpProtocol;
///
/// let packet = [
///     0x45, 0, 0, 21, 0, 0, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0xaa, /* padding: */ 0, 0,
/// ];
/// let ip = Ipv4Header::parse(&packet)?;
/// assert_eq!(ip.protocol(), IpProtocol::UDP);
/// assert_eq!(ip.payload(), [0xaa]);
/// # Ok::<(), ipsec_types::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Header<'a> {
    fixed: [u8; 20],
    options: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Ipv4Header<'a> {
    /// Octets of a header without options.
    pub const MIN_LEN: usize = 20;

    /// Reads the header at the front of `packet`. Octets after the total length (link padding) are left out.
    ///
    /// The header checksum is not checked here: see [`checksum_is_valid`](Self::checksum_is_valid).
    ///
    /// # Errors
    ///
    /// Another version, an IHL below 5, a total length below the header's or above what there is.
    pub fn parse(packet: &'a [u8]) -> Result<Self, ParseError> {
        part(packet, 0, Self::walk).map(|(_, header)| header)
    }

    fn walk(packet: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, fixed) = chunk::<20>(packet)?;
        let [version_ihl, _, length @ ..] = fixed;
        if version_ihl >> 4 != 4 {
            return fault(ParseErrorKind::Invalid("IP version"), packet);
        }
        let header_len = usize::from(version_ihl & 0x0f).saturating_mul(4);
        let Some(options_len) = header_len.checked_sub(Self::MIN_LEN) else {
            return fault(ParseErrorKind::LengthField { declared: header_len, min: 20, max: 60 }, packet);
        };
        let (rest, options) = octets(options_len)(rest)?;
        let total = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let Some(payload) = total.checked_sub(header_len).and_then(|len| rest.get(..len)) else {
            let kind = ParseErrorKind::LengthField { declared: total, min: header_len, max: packet.len() };
            return fault(kind, packet.get(2..).unwrap_or_default());
        };
        Ok((rest.get(payload.len()..).unwrap_or_default(), Self { fixed, options, payload }))
    }

    /// The source address.
    pub const fn source(&self) -> Ipv4Addr {
        let [.., a, b, c, d, _, _, _, _] = self.fixed;
        Ipv4Addr::new(a, b, c, d)
    }

    /// The destination address.
    pub const fn destination(&self) -> Ipv4Addr {
        let [.., a, b, c, d] = self.fixed;
        Ipv4Addr::new(a, b, c, d)
    }

    /// The protocol of the payload.
    pub const fn protocol(&self) -> IpProtocol {
        IpProtocol(self.fixed[9])
    }

    /// The time to live.
    pub const fn ttl(&self) -> u8 {
        self.fixed[8]
    }

    /// DSCP and ECN (RFC 2474, RFC 3168).
    pub const fn traffic_class(&self) -> u8 {
        self.fixed[1]
    }

    /// The identification field.
    pub const fn identification(&self) -> u16 {
        u16::from_be_bytes([self.fixed[4], self.fixed[5]])
    }

    /// Whether routers must not fragment the packet.
    pub const fn dont_fragment(&self) -> bool {
        self.fixed[6] & 0x40 != 0
    }

    /// Octets of the header with its options.
    pub const fn header_len(&self) -> usize {
        self.options.len().saturating_add(Self::MIN_LEN)
    }

    /// The options and their padding.
    pub const fn options(&self) -> &'a [u8] {
        self.options
    }

    /// What the header carries, up to the total length.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Whether the header checksum is right.
    pub fn checksum_is_valid(&self) -> bool {
        let halves = |octets| u32::from(!internet_checksum(octets));
        let sum = halves(&self.fixed).saturating_add(halves(self.options));
        sum == 0xffff || sum == 0x1_fffe
    }

    /// Where the packet stands in a fragmented datagram; `None` if it is whole.
    pub fn fragment(&self) -> Option<FragmentInfo> {
        let [_, _, _, _, i0, i1, o0, o1, ..] = self.fixed;
        FragmentInfo::from_ipv4([i0, i1, o0, o1])
    }

    /// What the packet carries, and whether that is a fragment.
    pub fn upper_layer(&self) -> UpperLayer<'a> {
        UpperLayer {
            protocol: self.protocol(),
            offset: self.header_len(),
            payload: self.payload,
            fragment: self.fragment(),
        }
    }
}

/// The fields of an IPv4 header without options, to be written in front of a payload.
///
/// ```
/// use ipsec_ip_packet::{Ipv4Fields, Ipv4Header};
/// use ipsec_types::{Encode, IpProtocol, Writer};
///
/// let fields = Ipv4Fields {
///     source: [192, 0, 2, 1].into(),
///     destination: [192, 0, 2, 2].into(),
///     protocol: IpProtocol::UDP,
///     traffic_class: 0,
///     ttl: 64,
///     identification: 0,
///     dont_fragment: true,
///     payload_len: 1,
/// };
/// let mut packet = [0xaa; 21];
/// fields.encode(&mut Writer::new(&mut packet))?; // total length and checksum are set
/// let ip = Ipv4Header::parse(&packet)?;
/// assert!(ip.checksum_is_valid());
/// assert_eq!(ip.payload(), [0xaa]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Fields {
    /// The source address.
    pub source: Ipv4Addr,
    /// The destination address.
    pub destination: Ipv4Addr,
    /// The protocol of the payload.
    pub protocol: IpProtocol,
    /// DSCP and ECN.
    pub traffic_class: u8,
    /// The time to live.
    pub ttl: u8,
    /// The identification field; with [`dont_fragment`](Self::dont_fragment) any value will do (RFC 6864 §4.1).
    pub identification: u16,
    /// Whether routers must not fragment the packet.
    pub dont_fragment: bool,
    /// Octets of the payload, 65,515 at most.
    pub payload_len: usize,
}

impl Encode for Ipv4Fields {
    fn encoded_len(&self) -> usize {
        Ipv4Header::MIN_LEN
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let total = self.payload_len.saturating_add(Ipv4Header::MIN_LEN);
        let overflow = EncodeError::FieldOverflow { field: "Total Length", length: total };
        let [t0, t1] = u16::try_from(total).map_err(|_| overflow)?.to_be_bytes();
        let [i0, i1] = self.identification.to_be_bytes();
        let flags = if self.dont_fragment { 0x40 } else { 0 };
        let [s0, s1, s2, s3] = self.source.octets();
        let [d0, d1, d2, d3] = self.destination.octets();
        let mut header = [
            0x45,
            self.traffic_class,
            t0,
            t1,
            i0,
            i1,
            flags,
            0,
            self.ttl,
            self.protocol.0,
            0,
            0,
            s0,
            s1,
            s2,
            s3,
            d0,
            d1,
            d2,
            d3,
        ];
        [header[10], header[11]] = internet_checksum(&header).to_be_bytes();
        out.put(&header)
    }
}

/// Computes the header checksum of an IPv4 packet anew; anything else stays as it is.
pub(crate) fn refresh_checksum(packet: &mut [u8]) {
    let Some(header_len) =
        packet.first().filter(|octet| **octet >> 4 == 4).map(|octet| usize::from(octet & 0x0f))
    else {
        return;
    };
    let Some(header) = packet.get_mut(..header_len.saturating_mul(4)) else {
        return;
    };
    if let Some(field) = header.get_mut(10..12) {
        field.fill(0);
    }
    let checksum = internet_checksum(header);
    if let Some(field) = header.get_mut(10..12) {
        field.copy_from_slice(&checksum.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet() -> [u8; 28] {
        let fields = Ipv4Fields {
            source: Ipv4Addr::new(192, 0, 2, 1),
            destination: Ipv4Addr::new(192, 0, 2, 2),
            protocol: IpProtocol::ESP,
            traffic_class: 3,
            ttl: 64,
            identification: 0x1234,
            dont_fragment: true,
            payload_len: 8,
        };
        let mut buf = [7; 28];
        fields.encode(&mut Writer::new(&mut buf)).unwrap();
        buf
    }

    #[test]
    fn built_headers_parse_with_a_right_checksum() {
        let octets = packet();
        let header = Ipv4Header::parse(&octets).unwrap();
        assert!(header.checksum_is_valid());
        assert_eq!((header.protocol(), header.ttl(), header.payload().len()), (IpProtocol::ESP, 64, 8));
        let (reference, rest) = etherparse::Ipv4Header::from_slice(&octets).unwrap();
        assert_eq!(reference.source, header.source().octets());
        assert_eq!(reference.calc_header_checksum(), reference.header_checksum);
        assert_eq!((reference.dont_fragment, reference.identification, rest.len()), (true, 0x1234, 8));
    }

    /// The header is summed as a whole (RFC 791 §3.1), whatever its parts come to.
    #[test]
    fn rfc1071_the_checksum_is_that_of_header_and_options_together() {
        let mut octets = [&packet()[..], &[0; 4]].concat();
        octets[0] = 0x46;
        octets[2..4].copy_from_slice(&32u16.to_be_bytes());
        for options in [[0, 0, 0, 0], [0xff, 0xff, 0, 0], [0xff, 0xfe, 0, 1], [0x94, 4, 0, 0], [1; 4]] {
            octets[20..24].copy_from_slice(&options);
            for checksum in 0..=u16::MAX {
                octets[10..12].copy_from_slice(&checksum.to_be_bytes());
                let sum = octets[..24].chunks(2).fold(0u32, |sum, pair| {
                    let sum = sum + u32::from(u16::from_be_bytes([pair[0], pair[1]]));
                    (sum & 0xffff) + (sum >> 16)
                });
                let valid = Ipv4Header::parse(&octets).unwrap().checksum_is_valid();
                assert_eq!(valid, sum == 0xffff, "{options:?} {checksum:04x}");
            }
        }
    }

    #[test]
    fn ea_09_versions_and_lengths_that_lie_are_refused() {
        for version in [0, 5, 6, 7, 15] {
            let mut octets = packet();
            octets[0] = (version << 4) | 5;
            assert!(Ipv4Header::parse(&octets).is_err(), "version {version}");
        }
        for ihl in 0..5 {
            let mut octets = packet();
            octets[0] = 0x40 | ihl;
            assert!(Ipv4Header::parse(&octets).is_err(), "ihl {ihl}");
        }
        for total in [0, 19, 29, 0xffff] {
            let mut octets = packet();
            octets[2..4].copy_from_slice(&u16::to_be_bytes(total));
            assert!(Ipv4Header::parse(&octets).is_err(), "total length {total}");
        }
        for cut in 0..28 {
            assert!(Ipv4Header::parse(&packet()[..cut]).is_err(), "cut at {cut}");
        }
    }
}
