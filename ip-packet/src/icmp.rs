use crate::checksum::{internet_checksum, transport_checksum};
use crate::extension::walk_extensions;
use crate::ip::IpHeader;
use crate::ipv4::{Ipv4Fields, Ipv4Header};
use crate::ipv6::{Ipv6Fields, Ipv6Header};
use core::net::IpAddr;
use ipsec_types::parse::{chunk, part};
use ipsec_types::{IpProtocol, ParseError, ParseErrorKind, Spi, Writer};

/// What an ICMP message says about a packet that was too big: Destination Unreachable, fragmentation needed (RFC 792, RFC
/// 1191 §4), or Packet Too Big (RFC 4443 §3.2).
///
/// ```
/// use ipsec_ip_packet::{Quoted, TooBig, too_big_reply};
///
/// // A router answers an ESP packet of ours.
/// let esp = [0x45, 0, 0, 28, 0, 0, 0x40, 0, 9, 50, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0xc0, 1, 0xca, 0xfe, 0, 0, 0, 1];
/// let mut buf = [0; 576];
/// let length = too_big_reply(&esp, [203, 0, 113, 1].into(), 1400, &mut buf).unwrap();
///
/// let too_big = TooBig::parse(&buf[..length])?.unwrap();
/// assert_eq!((too_big.mtu, too_big.destination), (1400, [192, 0, 2, 2].into()));
/// let Quoted::Esp { spi } = too_big.quoted else { panic!("ESP") };
/// assert_eq!(spi.get(), 0xc001_cafe);
/// # Ok::<(), ipsec_types::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooBig {
    /// The MTU that the message names; 0 from routers older than RFC 1191. Nothing about it is certain: see
    /// [`PathMtu`](crate::PathMtu).
    pub mtu: usize,
    /// The source of the packet that was too big: ours, or the message is not for us.
    pub source: IpAddr,
    /// Its destination.
    pub destination: IpAddr,
    /// What it carried.
    pub quoted: Quoted,
}

/// What a quoted packet carries, as far as the SA it belongs to can be told (RFC 4301 §8.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quoted {
    /// ESP.
    Esp {
        /// Of our outbound SA.
        spi: Spi,
    },
    /// AH.
    Ah {
        /// Of our outbound SA.
        spi: Spi,
    },
    /// UDP: ESP in UDP where the ports are ours and `spi` is there (RFC 3948). RFC 792 quotes eight octets only, which end
    /// with the UDP header: then the SAs of this path are all meant.
    Udp {
        /// The source port.
        source_port: u16,
        /// The destination port.
        destination_port: u16,
        /// The first four octets of the payload, where they are quoted and no IKE message's.
        spi: Option<Spi>,
    },
    /// Something else, or too little of it.
    Other(
        /// The protocol.
        IpProtocol,
    ),
}

impl TooBig {
    /// Reads `packet`, an IP packet. `None` for what is no such message.
    ///
    /// # Errors
    ///
    /// What is no IP packet, and such a message whose checksum is wrong or which quotes no IP packet.
    pub fn parse(packet: &[u8]) -> Result<Option<Self>, ParseError> {
        let ip = IpHeader::parse(packet)?;
        let upper = ip.upper_layer()?;
        if upper.fragment.is_some() {
            return Ok(None);
        }
        let offset = upper.offset;
        let Some((head, quoted)) = upper.payload.split_first_chunk::<8>() else { return Ok(None) };
        let [kind, code, _, _, m0, m1, m2, m3] = *head;
        let (mtu, checksum) = match (&ip, upper.protocol, kind, code) {
            (IpHeader::V4(_), IpProtocol::ICMP, 3, 4) => {
                (u32::from(u16::from_be_bytes([m2, m3])), internet_checksum(upper.payload))
            }
            (IpHeader::V6(_), IpProtocol::ICMPV6, 2, _) => {
                let checksum =
                    transport_checksum(ip.source(), ip.destination(), IpProtocol::ICMPV6, upper.payload);
                (u32::from_be_bytes([m0, m1, m2, m3]), checksum)
            }
            _ => return Ok(None),
        };
        if checksum != 0 {
            return Err(ParseError::new(ParseErrorKind::Invalid("ICMP checksum"), offset.saturating_add(2)));
        }
        let mtu = usize::try_from(mtu).unwrap_or(usize::MAX);
        Self::of_quoted(mtu, quoted, offset.saturating_add(8)).map(Some)
    }

    /// The quoted packet, which may be cut anywhere.
    fn of_quoted(mtu: usize, octets: &[u8], at: usize) -> Result<Self, ParseError> {
        match octets.first().map(|octet| octet >> 4) {
            Some(4) => {
                let (_, fixed) = part(octets, at, chunk::<{ Ipv4Header::MIN_LEN }>)?;
                let [first, _, _, _, _, _, _, _, _, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = fixed;
                let header_len = usize::from(first & 0x0f).saturating_mul(4);
                let payload = octets.get(header_len.max(Ipv4Header::MIN_LEN)..).unwrap_or_default();
                let quoted = Quoted::of(IpProtocol(protocol), payload);
                Ok(Self {
                    mtu,
                    source: [s0, s1, s2, s3].into(),
                    destination: [d0, d1, d2, d3].into(),
                    quoted,
                })
            }
            Some(6) => {
                let (rest, fixed) = part(octets, at, chunk::<{ Ipv6Header::LEN }>)?;
                let address =
                    |range| fixed.get(range).and_then(|octets: &[u8]| <[u8; 16]>::try_from(octets).ok());
                let (source, destination) =
                    (address(8..24).unwrap_or_default(), address(24..40).unwrap_or_default());
                let quoted = match walk_extensions(IpProtocol(fixed[6]), rest, at) {
                    Ok(upper) => Quoted::of(upper.protocol, upper.payload),
                    Err(_) => Quoted::Other(IpProtocol(fixed[6])),
                };
                Ok(Self { mtu, source: source.into(), destination: destination.into(), quoted })
            }
            _ => Err(ParseError::new(ParseErrorKind::Invalid("quoted IP version"), at)),
        }
    }
}

impl Quoted {
    fn of(protocol: IpProtocol, payload: &[u8]) -> Self {
        let spi = |at: usize| {
            let octets = payload.get(at..)?.first_chunk::<4>()?;
            Spi::from_be_bytes(*octets).ok()
        };
        let found = match protocol {
            IpProtocol::ESP => spi(0).map(|spi| Self::Esp { spi }),
            IpProtocol::AH => spi(4).map(|spi| Self::Ah { spi }),
            IpProtocol::UDP => payload.first_chunk::<4>().map(|[s0, s1, d0, d1]| Self::Udp {
                source_port: u16::from_be_bytes([*s0, *s1]),
                destination_port: u16::from_be_bytes([*d0, *d1]),
                spi: spi(8),
            }),
            _ => None,
        };
        found.unwrap_or(Self::Other(protocol))
    }
}

/// Writes the ICMP message that tells the sender of `offending`, an IP packet that does not fit the SA it is for, the
/// largest packet that does (RFC 4301 §8.1, §8.2.1), and yields its length. `source` is our address towards the sender.
///
/// As much is quoted as fits 576 octets (RFC 1812 §4.3.2.3) or 1,280 (RFC 4443 §3.2). `None` where nothing is to be sent:
/// to an IPv4 packet that may be fragmented, about ICMP errors, later fragments, and packets from or to a group (RFC 1122
/// §3.2.2, RFC 4443 §2.4), and where families do not fit or `out` is too short.
pub fn too_big_reply(offending: &[u8], source: IpAddr, mtu: usize, out: &mut [u8]) -> Option<usize> {
    let ip = IpHeader::parse(offending).ok()?;
    let upper = ip.upper_layer().ok()?;
    if upper.fragment.is_some_and(|info| info.offset != 0) || is_icmp_error(&upper.protocol, upper.payload) {
        return None;
    }
    if unanswerable(ip.source()) || (ip.destination().is_multicast() && source.is_ipv4()) {
        return None;
    }
    let offending = offending.get(..ip.packet_len())?;
    match (&ip, source) {
        (IpHeader::V4(inner), IpAddr::V4(source)) if inner.dont_fragment() => {
            let quoted = offending.get(..offending.len().min(576 - 28))?;
            let fields = Ipv4Fields {
                source,
                destination: inner.source(),
                protocol: IpProtocol::ICMP,
                traffic_class: 0xc0,
                ttl: 64,
                identification: 0,
                dont_fragment: true,
                payload_len: quoted.len().saturating_add(8),
            };
            let mtu = u16::try_from(mtu).unwrap_or(u16::MAX).to_be_bytes();
            message(out, &fields, [3, 4, 0, 0, 0, 0, mtu[0], mtu[1]], quoted, internet_checksum)
        }
        (IpHeader::V6(inner), IpAddr::V6(source)) => {
            let quoted = offending.get(..offending.len().min(1280 - 48))?;
            let fields = Ipv6Fields {
                source,
                destination: inner.source(),
                next_header: IpProtocol::ICMPV6,
                traffic_class: 0xc0,
                flow_label: 0,
                hop_limit: 64,
                payload_len: quoted.len().saturating_add(8),
            };
            let [a, b, c, d] = u32::try_from(mtu).unwrap_or(u32::MAX).to_be_bytes();
            let (from, to) = (IpAddr::V6(source), ip.source());
            message(out, &fields, [2, 0, 0, 0, a, b, c, d], quoted, |body| {
                transport_checksum(from, to, IpProtocol::ICMPV6, body)
            })
        }
        (IpHeader::V4(_) | IpHeader::V6(_), IpAddr::V4(_) | IpAddr::V6(_)) => None,
    }
}

fn message(
    out: &mut [u8],
    fields: &impl ipsec_types::Encode,
    head: [u8; 8],
    quoted: &[u8],
    checksum: impl FnOnce(&[u8]) -> u16,
) -> Option<usize> {
    let mut out = Writer::new(out);
    fields.encode(&mut out).ok()?;
    let at = out.len();
    out.put(&head).ok()?;
    out.put(quoted).ok()?;
    let checksum = checksum(out.written().get(at..)?);
    out.patch(at.checked_add(2)?, &checksum.to_be_bytes()).ok()?;
    Some(out.len())
}

fn is_icmp_error(protocol: &IpProtocol, payload: &[u8]) -> bool {
    match (*protocol, payload.first()) {
        // Unreachable, Source Quench, Redirect, Time Exceeded, Parameter Problem.
        (IpProtocol::ICMP, Some(kind)) => matches!(kind, 3 | 4 | 5 | 11 | 12),
        (IpProtocol::ICMPV6, Some(kind)) => *kind < 128 || *kind == 137,
        _ => false,
    }
}

fn unanswerable(source: IpAddr) -> bool {
    source.is_multicast()
        || source.is_unspecified()
        || matches!(source, IpAddr::V4(source) if source.is_broadcast() || source.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    const ROUTER_V4: [u8; 4] = [203, 0, 113, 1];

    fn v4(protocol: IpProtocol, payload: &[u8], flags: u8) -> Vec<u8> {
        let len = u8::try_from(20 + payload.len()).unwrap();
        let header = [0x45, 0, 0, len, 0, 0, flags, 0, 9, protocol.0, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
        [&header[..], payload].concat()
    }

    fn v6(next: IpProtocol, payload: &[u8]) -> Vec<u8> {
        let len = u8::try_from(payload.len()).unwrap();
        let head = [0x60, 0, 0, 0, 0, len, next.0, 9];
        [&head[..], &[0x20; 16], &[0x30; 16], payload].concat()
    }

    fn crossed(offending: &[u8], source: IpAddr, mtu: usize) -> Option<TooBig> {
        let mut out = [0x77; 1280];
        let length = too_big_reply(offending, source, mtu, &mut out)?;
        let sliced = etherparse::SlicedPacket::from_ip(&out[..length]).unwrap();
        assert!(matches!(
            sliced.transport,
            Some(etherparse::TransportSlice::Icmpv4(_) | etherparse::TransportSlice::Icmpv6(_))
        ));
        TooBig::parse(&out[..length]).unwrap()
    }

    #[test]
    fn rfc4301_8_2_1_the_sa_of_a_quoted_packet() {
        let spi = Spi::new(0xc001_cafe).unwrap();
        let esp = [0xc0, 1, 0xca, 0xfe, 0, 0, 0, 1];
        let ah = [6, 4, 0, 0, 0xc0, 1, 0xca, 0xfe, 0, 0, 0, 1];
        let udp = [&[0x11, 0x94, 0x11, 0x94, 0, 99, 0, 0][..], &esp].concat();
        let marker = [0x11, 0x94, 0x11, 0x94, 0, 99, 0, 0, 0, 0, 0, 0];
        let ports = |spi| Quoted::Udp { source_port: 4500, destination_port: 4500, spi };
        let cases: [(IpProtocol, &[u8], Quoted); 7] = [
            (IpProtocol::ESP, &esp, Quoted::Esp { spi }),
            (IpProtocol::AH, &ah, Quoted::Ah { spi }),
            (IpProtocol::UDP, &udp, ports(Some(spi))),
            (IpProtocol::UDP, &udp[..8], ports(None)),
            (IpProtocol::UDP, &marker, ports(None)),
            (IpProtocol::ESP, &[0; 8], Quoted::Other(IpProtocol::ESP)),
            (IpProtocol::TCP, &[0; 20], Quoted::Other(IpProtocol::TCP)),
        ];
        for (protocol, payload, quoted) in cases {
            let too_big = crossed(&v4(protocol, payload, 0x40), ROUTER_V4.into(), 1400).unwrap();
            let (source, destination) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
            assert_eq!(too_big, TooBig { mtu: 1400, source, destination, quoted });
            let too_big = crossed(&v6(protocol, payload), [0x40; 16].into(), 70_000).unwrap();
            let (source, destination) = ([0x20; 16].into(), [0x30; 16].into());
            assert_eq!(too_big, TooBig { mtu: 70_000, source, destination, quoted });
        }
    }

    #[test]
    fn rfc1122_3_2_2_what_is_not_answered() {
        let udp = [0; 8];
        assert!(crossed(&v4(IpProtocol::UDP, &udp, 0x40), ROUTER_V4.into(), 1400).is_some());
        assert!(
            crossed(&v4(IpProtocol::UDP, &udp, 0), ROUTER_V4.into(), 1400).is_none(),
            "may be fragmented"
        );
        assert!(crossed(&v4(IpProtocol::ICMP, &[3; 8], 0x40), ROUTER_V4.into(), 1400).is_none());
        assert!(crossed(&v4(IpProtocol::ICMP, &[8; 8], 0x40), ROUTER_V4.into(), 1400).is_some(), "a ping");
        assert!(crossed(&v6(IpProtocol::ICMPV6, &[1; 8]), [0x40; 16].into(), 1400).is_none());
        assert!(crossed(&v4(IpProtocol::UDP, &udp, 0x40), [0x40; 16].into(), 1400).is_none(), "other family");
        let mut later = v4(IpProtocol::UDP, &udp, 0x40);
        later[7] = 1;
        assert!(crossed(&later, ROUTER_V4.into(), 1400).is_none());
        for source in [[224, 0, 0, 1], [0; 4], [255; 4], [127, 0, 0, 1]] {
            let mut packet = v4(IpProtocol::UDP, &udp, 0x40);
            packet[12..16].copy_from_slice(&source);
            assert!(crossed(&packet, ROUTER_V4.into(), 1400).is_none(), "{source:?}");
        }
        assert_eq!(too_big_reply(&v4(IpProtocol::UDP, &udp, 0x40), ROUTER_V4.into(), 9, &mut [0; 20]), None);
    }

    /// "An ICMPv6 error message MUST NOT be originated as a result of receiving" an error, a Redirect, or a packet to a
    /// group, apart from Packet Too Big; RFC 1122 §3.2.2 has no exception for groups.
    #[test]
    fn rfc4443_2_4_errors_redirects_and_groups() {
        let answered = |packet: &[u8], source: IpAddr| crossed(packet, source, 1400).is_some();
        let six = [0x40; 16].into();
        for kind in 0..=255u8 {
            let expected = kind >= 128 && kind != 137;
            assert_eq!(answered(&v6(IpProtocol::ICMPV6, &[kind; 8]), six), expected, "ICMPv6 type {kind}");
            let expected = !matches!(kind, 3 | 4 | 5 | 11 | 12);
            assert_eq!(
                answered(&v4(IpProtocol::ICMP, &[kind; 8], 0x40), ROUTER_V4.into()),
                expected,
                "ICMP type {kind}"
            );
        }
        let mut group = v4(IpProtocol::UDP, &[0; 8], 0x40);
        group[16..20].copy_from_slice(&[224, 0, 0, 5]);
        assert!(!answered(&group, ROUTER_V4.into()));
        let mut group = v6(IpProtocol::UDP, &[0; 8]);
        group[24..40].copy_from_slice(&[0xff; 16]);
        assert!(answered(&group, six), "Packet Too Big is for multicast too");
    }

    /// "The ICMP datagram SHOULD contain as much of the original datagram as possible without the length of the ICMP datagram
    /// exceeding 576 bytes" (RFC 1812 §4.3.2.3); "without the ICMPv6 packet exceeding the minimum IPv6 MTU" (RFC 4443 §3.2).
    #[test]
    fn rfc1812_4_3_2_3_as_much_is_quoted_as_fits() {
        let mut out = [0; 1500];
        for (six, limit, headers) in [(false, 576, 28), (true, 1280, 48)] {
            for length in [limit - headers - 1, limit - headers, limit - headers + 1, 1400] {
                let mut packet = if six { v6(IpProtocol::UDP, &[]) } else { v4(IpProtocol::UDP, &[], 0x40) };
                packet.resize(length, 0x5a);
                let field = u16::try_from(if six { length - 40 } else { length }).unwrap().to_be_bytes();
                let at = if six { 4 } else { 2 };
                packet[at..at + 2].copy_from_slice(&field);
                let source = if six { [0x40; 16].into() } else { ROUTER_V4.into() };
                let written = too_big_reply(&packet, source, 1400, &mut out).unwrap();
                assert_eq!(written, (length + headers).min(limit), "{length}");
                assert_eq!(out[headers..written], packet[..written - headers]);
            }
        }
    }

    #[test]
    fn a_message_with_a_wrong_checksum_is_refused() {
        let mut out = [0; 576];
        let length = too_big_reply(&v4(IpProtocol::ESP, &[9; 8], 0x40), ROUTER_V4.into(), 1400, &mut out);
        for at in 20..length.unwrap() {
            let mut packet = out;
            packet[at] ^= 0x10;
            let result = TooBig::parse(&packet[..length.unwrap()]);
            assert!(!matches!(result, Ok(Some(_))), "octet {at}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_do_no_harm(octets in prop::collection::vec(any::<u8>(), 0..120), kind in 0u8..6) {
            let _ = TooBig::of_quoted(0, &octets, 0);
            let packet = if kind < 3 { v4(IpProtocol::ICMP, &octets, 0) } else { v6(IpProtocol::ICMPV6, &octets) };
            let _ = TooBig::parse(&packet);
            let _ = too_big_reply(&octets, ROUTER_V4.into(), 1400, &mut [0; 576]);
        }
    }
}
