use crate::extension::{UpperLayer, walk_extensions};
use core::net::Ipv6Addr;
use ipsec_types::parse::{Parsed, chunk, fault, part};
use ipsec_types::{Encode, EncodeError, IpProtocol, ParseError, ParseErrorKind, Writer};

/// A view of an IPv6 packet (RFC 8200 §3) whose payload length agrees with the octets there are.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// |Version| Traffic Class |           Flow Label                  |
/// |         Payload Length        |  Next Header  |   Hop Limit   |
/// |                    Source Address (128 bits)                  |
/// |                 Destination Address (128 bits)                |
/// ```
///
/// ```
/// use ipsec_ip_packet::Ipv6Header;
/// use ipsec_types::IpProtocol;
///
/// let mut packet = [0; 41];
/// packet[..8].copy_from_slice(&[0x60, 0, 0, 0, 0, 1, 17, 64]);
/// let ip = Ipv6Header::parse(&packet)?;
/// assert_eq!(ip.upper_layer()?.protocol, IpProtocol::UDP);
/// # Ok::<(), ipsec_types::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Header<'a> {
    fixed: [u8; 40],
    payload: &'a [u8],
}

impl<'a> Ipv6Header<'a> {
    /// Octets of the header without extension headers.
    pub const LEN: usize = 40;

    /// Reads the header at the front of `packet`. Octets after the payload length (link padding) are left out.
    ///
    /// # Errors
    ///
    /// Another version, or a payload length above what there is. Jumbograms (RFC 2675) are not supported: their
    /// payload length of 0 is taken as it stands.
    pub fn parse(packet: &'a [u8]) -> Result<Self, ParseError> {
        part(packet, 0, Self::walk).map(|(_, header)| header)
    }

    fn walk(packet: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, fixed) = chunk::<40>(packet)?;
        if fixed[0] >> 4 != 6 {
            return fault(ParseErrorKind::Invalid("IP version"), packet);
        }
        let declared = usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
        let Some((payload, rest)) = rest.split_at_checked(declared) else {
            let kind = ParseErrorKind::LengthField { declared, min: 0, max: rest.len() };
            return fault(kind, packet.get(4..).unwrap_or_default());
        };
        Ok((rest, Self { fixed, payload }))
    }

    /// The source address.
    pub fn source(&self) -> Ipv6Addr {
        let [_, _, _, _, _, _, _, _, source @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
            self.fixed;
        source.into()
    }

    /// The destination address; with a routing header, the next stop.
    pub fn destination(&self) -> Ipv6Addr {
        self.fixed.last_chunk::<16>().map_or(Ipv6Addr::UNSPECIFIED, |octets| (*octets).into())
    }

    /// The protocol of the first extension header, or of the payload where there is none.
    pub const fn next_header(&self) -> IpProtocol {
        IpProtocol(self.fixed[6])
    }

    /// The hop limit.
    pub const fn hop_limit(&self) -> u8 {
        self.fixed[7]
    }

    /// DSCP and ECN (RFC 2474, RFC 3168).
    pub const fn traffic_class(&self) -> u8 {
        ((self.fixed[0] & 0x0f) << 4) | (self.fixed[1] >> 4)
    }

    /// The flow label, 20 bits.
    pub const fn flow_label(&self) -> u32 {
        u32::from_be_bytes([0, self.fixed[1] & 0x0f, self.fixed[2], self.fixed[3]])
    }

    /// What follows the fixed header, extension headers included.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Walks the extension headers (Hop-by-Hop, Routing, Fragment, Destination, HIP, Shim6) to what the
    /// packet carries.
    ///
    /// The walk stops behind the Fragment header of any but the first fragment. ESP, AH and the Mobility header
    /// are upper layers here.
    ///
    /// # Errors
    ///
    /// An extension header that runs past the packet, or more than
    /// [`MAX_EXTENSION_HEADERS`](crate::MAX_EXTENSION_HEADERS).
    pub fn upper_layer(&self) -> Result<UpperLayer<'a>, ParseError> {
        walk_extensions(self.next_header(), self.payload, Self::LEN)
    }
}

/// The fields of an IPv6 header, to be written in front of a payload.
///
/// ```
/// use ipsec_ip_packet::{Ipv6Fields, Ipv6Header};
/// use ipsec_types::{Encode, IpProtocol, Writer};
///
/// let fields = Ipv6Fields {
///     source: "2001:db8::1".parse()?,
///     destination: "2001:db8::2".parse()?,
///     next_header: IpProtocol::UDP,
///     traffic_class: 0,
///     flow_label: 0,
///     hop_limit: 64,
///     payload_len: 1,
/// };
/// let mut packet = [0xaa; 41];
/// fields.encode(&mut Writer::new(&mut packet))?;
/// assert_eq!(Ipv6Header::parse(&packet)?.payload(), [0xaa]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Fields {
    /// The source address.
    pub source: Ipv6Addr,
    /// The destination address.
    pub destination: Ipv6Addr,
    /// The protocol of what follows.
    pub next_header: IpProtocol,
    /// DSCP and ECN.
    pub traffic_class: u8,
    /// The flow label, 20 bits.
    pub flow_label: u32,
    /// The hop limit.
    pub hop_limit: u8,
    /// Octets that follow, 65,535 at most.
    pub payload_len: usize,
}

impl Encode for Ipv6Fields {
    fn encoded_len(&self) -> usize {
        Ipv6Header::LEN
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.flow_label > 0x000f_ffff {
            return Err(EncodeError::Invalid("Flow Label"));
        }
        let overflow = EncodeError::FieldOverflow { field: "Payload Length", length: self.payload_len };
        let length = u16::try_from(self.payload_len).map_err(|_| overflow)?;
        if out.remaining() < Ipv6Header::LEN {
            return Err(EncodeError::NoRoom { needed: Ipv6Header::LEN, available: out.remaining() });
        }
        out.put_u32(0x6000_0000 | (u32::from(self.traffic_class) << 20) | self.flow_label)?;
        out.put_u16(length)?;
        out.put(&[self.next_header.0, self.hop_limit])?;
        out.put(&self.source.octets())?;
        out.put(&self.destination.octets())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet() -> [u8; 44] {
        let fields = Ipv6Fields {
            source: "2001:db8:1::1".parse().unwrap(),
            destination: "2001:db8:1::2".parse().unwrap(),
            next_header: IpProtocol::ESP,
            traffic_class: 0xa3,
            flow_label: 0x54321,
            hop_limit: 9,
            payload_len: 4,
        };
        let mut buf = [7; 44];
        fields.encode(&mut Writer::new(&mut buf)).unwrap();
        buf
    }

    #[test]
    fn built_headers_read_as_etherparse_reads_them() {
        let octets = packet();
        let header = Ipv6Header::parse(&octets).unwrap();
        let (reference, rest) = etherparse::Ipv6Header::from_slice(&octets).unwrap();
        assert_eq!(reference.source, header.source().octets());
        assert_eq!(reference.destination, header.destination().octets());
        assert_eq!((reference.traffic_class, header.traffic_class()), (0xa3, 0xa3));
        assert_eq!((reference.flow_label.value(), header.flow_label()), (0x54321, 0x54321));
        assert_eq!((reference.hop_limit, header.hop_limit(), rest.len()), (9, 9, 4));
    }

    #[test]
    fn ea_09_versions_and_lengths_that_lie_are_refused() {
        for version in [0, 4, 5, 7, 15] {
            let mut octets = packet();
            octets[0] = version << 4;
            assert!(Ipv6Header::parse(&octets).is_err(), "version {version}");
        }
        for length in [5, 0xffff] {
            let mut octets = packet();
            octets[4..6].copy_from_slice(&u16::to_be_bytes(length));
            assert!(Ipv6Header::parse(&octets).is_err(), "payload length {length}");
        }
        for cut in 0..44 {
            assert!(Ipv6Header::parse(&packet()[..cut]).is_err(), "cut at {cut}");
        }
    }
}
