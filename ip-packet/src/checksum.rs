use core::net::IpAddr;
use ipsec_types::IpProtocol;

/// The Internet checksum of `octets` (RFC 1071), as it stands in a header whose checksum field is zero.
///
/// Over a header with its checksum in place the result is 0.
///
/// ```
/// let header = [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7];
/// assert_eq!(ipsec_ip_packet::internet_checksum(&header), 0xb861);
/// ```
pub fn internet_checksum(octets: &[u8]) -> u16 {
    !folded(sum(octets))
}

/// The checksum of `octets` behind a pseudo-header, as TCP, UDP and ICMPv6 have it (RFC 9293 §3.1, RFC 8200 §8.1).
///
/// `octets` hold the upper-layer header with its checksum field zero, and its data. Over a packet with its checksum in
/// place the result is 0. Addresses of different families have no pseudo-header: their sum is taken all the same.
///
/// ```
/// use ipsec_ip_packet::transport_checksum;
/// use ipsec_types::IpProtocol;
///
/// let (source, destination) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
/// let mut udp = [0x12, 0x34, 0x01, 0xbb, 0, 10, 0, 0, 0xab, 0xcd];
/// let checksum = transport_checksum(source, destination, IpProtocol::UDP, &udp);
/// udp[6..8].copy_from_slice(&checksum.to_be_bytes());
/// assert_eq!(transport_checksum(source, destination, IpProtocol::UDP, &udp), 0);
/// ```
pub fn transport_checksum(source: IpAddr, destination: IpAddr, protocol: IpProtocol, octets: &[u8]) -> u16 {
    let length = u64::try_from(octets.len()).unwrap_or(u64::MAX);
    let pseudo = [address_sum(source), address_sum(destination), u64::from(protocol.0), length];
    !folded(pseudo.into_iter().fold(sum(octets), u64::saturating_add))
}

/// Makes the checksum of an upper-layer packet right for new addresses, without looking at its data (RFC 1624 §3;
/// RFC 3948 §3.1.2): what transport mode needs behind a NAT, where `from` are the addresses the sender computed with.
///
/// `payload` starts with the header of `protocol`. TCP, UDP, UDP-Lite, DCCP and ICMPv6 have a checksum over addresses; a
/// UDP checksum of 0 means none, and stays. Anything else is left alone, a payload too short for its checksum too.
///
/// ```
/// use ipsec_ip_packet::{adjust_transport_checksum, transport_checksum};
/// use ipsec_types::IpProtocol;
///
/// let ends = |last: u8| ([192, 168, 1, last].into(), [192, 0, 2, 1].into());
/// let (inside, outside) = (ends(7), ends(8));
/// let mut udp = [0x12, 0x34, 0x01, 0xbb, 0, 10, 0, 0, 0xab, 0xcd];
/// let right = transport_checksum(inside.0, inside.1, IpProtocol::UDP, &udp);
/// udp[6..8].copy_from_slice(&right.to_be_bytes());
/// adjust_transport_checksum(IpProtocol::UDP, &mut udp, inside, outside);
/// assert_eq!(transport_checksum(outside.0, outside.1, IpProtocol::UDP, &udp), 0);
/// ```
pub fn adjust_transport_checksum(
    protocol: IpProtocol,
    payload: &mut [u8],
    from: (IpAddr, IpAddr),
    to: (IpAddr, IpAddr),
) {
    let at = match protocol {
        IpProtocol::TCP => 16usize,
        IpProtocol::UDP | IpProtocol::UDP_LITE | IpProtocol::DCCP => 6,
        IpProtocol::ICMPV6 => 2,
        _ => return,
    };
    let Some(field) = payload.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<2>) else { return };
    if protocol == IpProtocol::UDP && *field == [0, 0] {
        return;
    }
    let ends = |(source, destination)| address_sum(source).saturating_add(address_sum(destination));
    let adjusted = adjusted(u16::from_be_bytes(*field), folded(ends(from)), folded(ends(to)));
    // Where 0 is kept for "none", a checksum that comes out as 0 is sent as all ones (RFC 768, RFC 3828 §3.1).
    let no_zero = matches!(protocol, IpProtocol::UDP | IpProtocol::UDP_LITE);
    *field = if no_zero && adjusted == 0 { [0xff; 2] } else { adjusted.to_be_bytes() };
}

/// A checksum after the sum of some of what it covers went from `old` to `new` (RFC 1624 §3, equation 3).
pub(crate) fn adjusted(checksum: u16, old: u16, new: u16) -> u16 {
    let sum = u64::from(!checksum).saturating_add(u64::from(!old)).saturating_add(u64::from(new));
    !folded(sum)
}

fn sum(octets: &[u8]) -> u64 {
    let (pairs, odd) = octets.as_chunks::<2>();
    // 2^48 pairs would be needed to overflow the sum.
    let sum = pairs.iter().fold(0u64, |sum, pair| sum.saturating_add(u64::from(u16::from_be_bytes(*pair))));
    odd.iter().fold(sum, |sum, octet| sum.saturating_add(u64::from(u16::from_be_bytes([*octet, 0]))))
}

fn address_sum(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => sum(&address.octets()),
        IpAddr::V6(address) => sum(&address.octets()),
    }
}

fn folded(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff).saturating_add(sum >> 16);
    }
    u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every checksum there is, the two zeros among them, over two pairs of addresses.
    #[test]
    fn rfc768_zero_is_sent_as_all_ones_and_stays_none_in_udp_alone() {
        let ends = |last: u8| (IpAddr::from([192, 168, 1, last]), IpAddr::from([192, 0, 2, 1]));
        let (inside, outside) = (ends(7), ends(8));
        let no_zero = [IpProtocol::UDP, IpProtocol::UDP_LITE];
        let protocols =
            [(IpProtocol::UDP, 6), (IpProtocol::UDP_LITE, 6), (IpProtocol::DCCP, 6), (IpProtocol::TCP, 16)];
        for (protocol, at) in protocols {
            let (mut zeros, mut ones) = (0, 0);
            for word in 0..=u16::MAX {
                let mut octets = [0x5a; 24];
                octets[20..22].copy_from_slice(&word.to_be_bytes());
                octets[at..at + 2].fill(0);
                let right = match transport_checksum(inside.0, inside.1, protocol, &octets) {
                    0 if no_zero.contains(&protocol) => 0xffff,
                    right => right,
                };
                octets[at..at + 2].copy_from_slice(&right.to_be_bytes());
                adjust_transport_checksum(protocol, &mut octets, inside, outside);
                assert_eq!(
                    transport_checksum(outside.0, outside.1, protocol, &octets),
                    0,
                    "{protocol:?} {word}"
                );
                zeros += u32::from(octets[at..at + 2] == [0; 2]);
                ones += u32::from(octets[at..at + 2] == [0xff; 2]);
            }
            assert!(zeros + ones > 0, "one of the two was met");
            assert!(zeros == 0 || !no_zero.contains(&protocol), "{protocol:?}: 0 says that there is none");
        }
        for (protocol, at) in protocols {
            let mut none = [0; 24];
            adjust_transport_checksum(protocol, &mut none, inside, outside);
            assert_eq!(none[at..at + 2] == [0; 2], protocol == IpProtocol::UDP, "{protocol:?}");
        }
    }
}
