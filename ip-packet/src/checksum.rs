/// The Internet checksum of `octets` (RFC 1071), as it stands in a header whose checksum field is zero.
///
/// Over a header with its checksum in place the result is 0.
///
/// ```
/// let header = [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7];
/// assert_eq!(ipsec_ip_packet::internet_checksum(&header), 0xb861);
/// ```
pub fn internet_checksum(octets: &[u8]) -> u16 {
    let (pairs, odd) = octets.as_chunks::<2>();
    // 2^48 pairs would be needed to overflow the sum.
    let sum = pairs.iter().fold(0u64, |sum, pair| sum.saturating_add(u64::from(u16::from_be_bytes(*pair))));
    let mut sum =
        odd.iter().fold(sum, |sum, octet| sum.saturating_add(u64::from(u16::from_be_bytes([*octet, 0]))));
    while sum > 0xffff {
        sum = (sum & 0xffff).saturating_add(sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}
