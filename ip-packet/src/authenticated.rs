use crate::extension::{HOME_ADDRESS, extension_len, is_extension};
use crate::ipv4::Ipv4Header;
use crate::ipv6::Ipv6Header;
use ipsec_types::{IpProtocol, ParseError, ParseErrorKind};

/// The longest header in front of AH, extension headers included, that [`AuthenticatedHeader`] takes, in octets.
pub const MAX_AUTHENTICATED_HEADER: usize = 1024;

/// An IP header, with the options or extension headers in front of AH, as AH's ICV covers it: mutable fields are zero,
/// predictable ones as they are on arrival (RFC 4302 §3.3.3.1 and Appendix A).
///
/// In IPv4 that zeroes TOS, flags, fragment offset, TTL and checksum, and every option but those that Appendix A1 lists as
/// immutable; a source route's last stop is the destination. In IPv6 it zeroes traffic class, flow label and hop limit, and
/// the data of options whose type says that they may change; a Routing header of type 0 or 2 is as it arrives (for type 2, RFC
/// 6275 §9.3.2); the source is the address in a Home Address option, which holds the care-of address in its place (RFC 6275
/// §9.3.1, §11.3.2); an atomic Fragment header is left out, as a receiver puts fragments together first.
///
/// The header is always given as it is on the wire. A Routing header of any other type is refused: which of its fields change is
/// known to nobody, or, for segment routing, left undefined (RFC 8754 §7.5).
///
/// ```
/// use ipsec_ip_packet::AuthenticatedHeader;
///
/// let header = [0x45, 0xb8, 0, 100, 0, 7, 0x40, 0, 61, 51, 0x12, 0x34, 192, 0, 2, 1, 192, 0, 2, 2];
/// let mut room = AuthenticatedHeader::ROOM_V4;
/// let covered = AuthenticatedHeader::of(&header, &mut room)?;
/// assert_eq!(covered, [0x45, 0, 0, 100, 0, 7, 0, 0, 0, 51, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
/// # Ok::<(), ipsec_types::ParseError>(())
/// ```
#[derive(Debug)]
pub struct AuthenticatedHeader;

impl AuthenticatedHeader {
    /// Room for the header of any IPv4 packet.
    pub const ROOM_V4: [u8; 60] = [0; 60];
    /// Room for the fixed header of an IPv6 packet.
    pub const ROOM_V6: [u8; Ipv6Header::LEN] = [0; Ipv6Header::LEN];
    /// Room for every header that is taken.
    pub const ROOM: [u8; MAX_AUTHENTICATED_HEADER] = [0; MAX_AUTHENTICATED_HEADER];

    /// Writes what is covered of `header` at the front of `room`, and hands it out. `header` is what stands in front of AH,
    /// length and protocol already those of the packet with AH.
    ///
    /// # Errors
    ///
    /// What is no IP header with whole options or extension headers, an option whose length is wrong, a second Home Address
    /// option, a Routing header of another type (`Invalid("Routing Type")`), and a header longer than the room
    /// ([`ParseErrorKind::TooMany`]). Offsets count from the start of `header`.
    pub fn of<'r>(header: &[u8], room: &'r mut [u8]) -> Result<&'r [u8], ParseError> {
        let limit = room.len();
        let covered = room
            .get_mut(..header.len())
            .ok_or_else(|| ParseError::new(ParseErrorKind::TooMany { limit }, 0))?;
        covered.copy_from_slice(header);
        let len = match header.first().map(|octet| octet >> 4) {
            Some(4) => ipv4(covered)?,
            Some(6) => ipv6(covered)?,
            _ => return Err(invalid("IP version", 0)),
        };
        Ok(covered.get(..len).unwrap_or_default())
    }
}

fn invalid(what: &'static str, at: usize) -> ParseError {
    ParseError::new(ParseErrorKind::Invalid(what), at)
}

fn truncated(needed: usize, available: usize, at: usize) -> ParseError {
    ParseError::new(ParseErrorKind::Truncated { needed, available }, at)
}

/// RFC 4302 §3.3.3.1.1.
fn ipv4(header: &mut [u8]) -> Result<usize, ParseError> {
    let len = header.len();
    let (fixed, options) =
        header.split_first_chunk_mut::<{ Ipv4Header::MIN_LEN }>().ok_or_else(|| truncated(20, len, 0))?;
    if usize::from(fixed[0] & 0x0f).saturating_mul(4) != len {
        return Err(invalid("IHL", 0));
    }
    fixed[1] = 0;
    [fixed[6], fixed[7], fixed[8]] = [0; 3];
    [fixed[10], fixed[11]] = [0; 2];
    if let Some(last) = ipv4_options(options)? {
        [fixed[16], fixed[17], fixed[18], fixed[19]] = last;
    }
    Ok(len)
}

/// Zeroes mutable options; yields the last stop of a source route that is not at its end.
fn ipv4_options(options: &mut [u8]) -> Result<Option<[u8; 4]>, ParseError> {
    let (mut rest, mut at, mut last) = (options, Ipv4Header::MIN_LEN, None);
    while let Some(kind) = rest.first().copied() {
        let len = match kind {
            ipv4_option::END => break,
            ipv4_option::NO_OPERATION => 1,
            _ => usize::from(*rest.get(1).ok_or_else(|| truncated(2, rest.len(), at))?),
        };
        if len == 0 || (len == 1 && kind != ipv4_option::NO_OPERATION) {
            return Err(ParseError::new(
                ParseErrorKind::LengthField { declared: len, min: 2, max: rest.len() },
                at,
            ));
        }
        let available = rest.len();
        let (option, after) = rest.split_at_mut_checked(len).ok_or_else(|| truncated(len, available, at))?;
        if matches!(kind, ipv4_option::LOOSE_SOURCE_ROUTE | ipv4_option::STRICT_SOURCE_ROUTE) {
            let on_the_way = option.get(2).is_some_and(|pointer| usize::from(*pointer) <= len);
            let stop = option.last_chunk::<4>().filter(|_| on_the_way && len >= 7);
            last = stop.copied().or(last);
        }
        if !ipv4_option::IMMUTABLE.contains(&kind) {
            option.fill(0);
        }
        at = at.saturating_add(len);
        rest = after;
    }
    Ok(last)
}

/// Octets that an IPv4 option starts with.
mod ipv4_option {
    pub(super) const END: u8 = 0;
    pub(super) const NO_OPERATION: u8 = 1;
    pub(super) const LOOSE_SOURCE_ROUTE: u8 = 131;
    pub(super) const STRICT_SOURCE_ROUTE: u8 = 137;
    /// RFC 4302 Appendix A1: No Operation, Security, Extended Security, Commercial Security, Router Alert, Sender Directed
    /// Multi-Destination Delivery. The others change on the way, or may: they are zeroed whole.
    pub(super) const IMMUTABLE: [u8; 6] = [1, 130, 133, 134, 148, 149];
}

/// RFC 4302 §3.3.3.1.2.
fn ipv6(header: &mut [u8]) -> Result<usize, ParseError> {
    let len = header.len();
    let (fixed, mut rest) =
        header.split_first_chunk_mut::<{ Ipv6Header::LEN }>().ok_or_else(|| truncated(40, len, 0))?;
    [fixed[0], fixed[1], fixed[2], fixed[3]] = [0x60, 0, 0, 0];
    fixed[7] = 0;
    let mut protocol = IpProtocol(fixed[6]);
    let (mut at, mut fragment, mut at_home) = (Ipv6Header::LEN, None, false);
    let mut named_at = 6usize;
    while !rest.is_empty() {
        if !is_extension(protocol) {
            return Err(invalid("Next Header", named_at));
        }
        let own = extension_len(protocol, rest, at)?;
        let (extension, after) = rest.split_at_mut(own);
        match protocol {
            IpProtocol::HOP_BY_HOP => ipv6_options(extension, at, |_, _| Ok(()))?,
            IpProtocol::DESTINATION_OPTIONS => ipv6_options(extension, at, |option, at| {
                if option.first() == Some(&HOME_ADDRESS) {
                    home_address(option, fixed)
                        .filter(|()| !at_home)
                        .ok_or_else(|| invalid("Home Address option", at))?;
                    at_home = true;
                }
                Ok(())
            })?,
            IpProtocol::ROUTING => routing(extension, fixed, at)?,
            IpProtocol::FRAGMENT => fragment = Some((named_at, at)),
            _ => {}
        }
        protocol = IpProtocol(extension.first().copied().unwrap_or_default());
        named_at = at;
        at = at.saturating_add(own);
        rest = after;
    }
    match fragment {
        Some((named_at, at)) => without_fragment(header, named_at, at),
        None => Ok(len),
    }
}

/// Options whose type has the third bit set may change: their data is zero (RFC 4302 §3.3.3.1.2.2, RFC 8200 §4.2). The others
/// are shown to `immutable` with their place.
fn ipv6_options(
    extension: &mut [u8],
    at: usize,
    mut immutable: impl FnMut(&mut [u8], usize) -> Result<(), ParseError>,
) -> Result<(), ParseError> {
    const MAY_CHANGE: u8 = 0x20;
    const PAD_1: u8 = 0;
    let mut at = at.saturating_add(2);
    let mut rest = extension.get_mut(2..).unwrap_or_default();
    while let Some(kind) = rest.first().copied() {
        let available = rest.len();
        let len = match (kind, rest.get(1)) {
            (PAD_1, _) => 1,
            (_, Some(len)) => usize::from(*len).saturating_add(2),
            (_, None) => return Err(truncated(2, available, at)),
        };
        let (option, after) = rest.split_at_mut_checked(len).ok_or_else(|| truncated(len, available, at))?;
        if kind & MAY_CHANGE != 0 {
            option.get_mut(2..).unwrap_or_default().fill(0);
        } else {
            immutable(option, at)?;
        }
        at = at.saturating_add(len);
        rest = after;
    }
    Ok(())
}

/// The ICV is "calculated as if the following were true: the IPv6 source address in the IPv6 header contains the mobile node's
/// home address, and the Home Address field of the Home Address destination option contains the new care-of address" (RFC 6275
/// §11.3.2). `None` for an option of another length.
fn home_address(option: &mut [u8], fixed: &mut [u8; Ipv6Header::LEN]) -> Option<()> {
    let (_, home) = option.split_first_chunk_mut::<2>()?;
    let home = <&mut [u8; 16]>::try_from(home).ok()?;
    core::mem::swap(home, fixed.get_mut(8..)?.first_chunk_mut::<16>()?);
    Some(())
}

/// A Routing header as its last stop receives it: each stop took the next address for its own (RFC 4302 §3.3.3.1.2.1 and
/// Appendix A2; RFC 6275 §6.4 for type 2, which has one address).
fn routing(extension: &mut [u8], fixed: &mut [u8; Ipv6Header::LEN], at: usize) -> Result<(), ParseError> {
    const SOURCE_ROUTE: u8 = 0;
    const HOME: u8 = 2;
    let (head, addresses) = extension.split_first_chunk_mut::<8>().ok_or_else(|| truncated(8, 0, at))?;
    let (kind, left) = (head[2], usize::from(head[3]));
    if !matches!(kind, SOURCE_ROUTE | HOME) {
        return Err(invalid("Routing Type", at.saturating_add(2)));
    }
    let (addresses, odd) = addresses.as_chunks_mut::<16>();
    let whole = odd.is_empty() && (kind == SOURCE_ROUTE || addresses.len() == 1);
    let visited = addresses.len().checked_sub(left).filter(|_| whole);
    let visited = visited.ok_or_else(|| invalid("Routing header", at))?;
    head[3] = 0;
    let Some(destination) = fixed.last_chunk_mut::<16>() else { return Ok(()) };
    for address in addresses.iter_mut().skip(visited) {
        core::mem::swap(destination, address);
    }
    Ok(())
}

/// The header as after reassembly (RFC 8200 §4.5): the header in front of the Fragment header names what followed it, and
/// the payload is shorter.
fn without_fragment(header: &mut [u8], named_at: usize, at: usize) -> Result<usize, ParseError> {
    const LEN: usize = 8;
    let missing = invalid("Fragment header", at);
    let next = *header.get(at).ok_or(missing)?;
    *header.get_mut(named_at).ok_or(missing)? = next;
    let whole = header.len();
    header.copy_within(at.saturating_add(LEN).min(whole).., at);
    let length = header.get_mut(4..).and_then(<[u8]>::first_chunk_mut::<2>).ok_or(missing)?;
    *length = u16::from_be_bytes(*length).checked_sub(8).ok_or(missing)?.to_be_bytes();
    Ok(whole.saturating_sub(LEN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn covered(header: &[u8]) -> Result<Vec<u8>, ParseError> {
        let mut room = [0x55; MAX_AUTHENTICATED_HEADER];
        AuthenticatedHeader::of(header, &mut room).map(<[u8]>::to_vec)
    }

    fn ipv4_with(options: &[u8]) -> Vec<u8> {
        let words = 5 + u8::try_from(options.len() / 4).unwrap();
        let mut header = alloc::vec![0x40 | words, 0xff, 0, 99, 1, 2, 0xff, 0xff, 0xff, 51, 0xff, 0xff];
        header.extend([192, 0, 2, 1, 192, 0, 2, 2]);
        header.extend(options);
        header
    }

    #[test]
    fn rfc4302_a1_every_ipv4_option() {
        for kind in 2..=255u8 {
            let header = ipv4_with(&[kind, 4, 0xaa, 0xbb, 1, 1, 1, 0]);
            let mut expected =
                alloc::vec![0x47, 0, 0, 99, 1, 2, 0, 0, 0, 51, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
            let immutable = [130, 133, 134, 148, 149].contains(&kind);
            expected.extend(if immutable { [kind, 4, 0xaa, 0xbb] } else { [0; 4] });
            expected.extend([1, 1, 1, 0]);
            assert_eq!(covered(&header).unwrap(), expected, "option {kind}");
        }
    }

    #[test]
    fn rfc4302_3_3_3_1_1_a_source_route_ends_at_its_last_stop() {
        for kind in [131, 137] {
            let route = |pointer: u8| [kind, 11, pointer, 10, 0, 0, 1, 10, 0, 0, 2, 0];
            for (pointer, destination) in [(4, [10, 0, 0, 2]), (8, [10, 0, 0, 2]), (12, [192, 0, 2, 2])] {
                let covered = covered(&ipv4_with(&route(pointer))).unwrap();
                assert_eq!(covered[16..20], destination, "option {kind}, pointer {pointer}");
                assert_eq!(covered[20..], [0; 12]);
            }
        }
    }

    #[test]
    fn ea_01_ipv4_options_that_lie_are_refused() {
        for options in [[7, 0, 0, 0], [7, 1, 0, 0], [7, 5, 0, 0], [7, 255, 0, 0], [1, 1, 1, 7]] {
            assert!(covered(&ipv4_with(&options)).is_err(), "{options:?}");
        }
        // Behind the end of the options anything may stand.
        assert_eq!(covered(&ipv4_with(&[0, 7, 99, 1])).unwrap()[20..], [0, 7, 99, 1]);
        assert!(covered(&ipv4_with(&[])[..19]).is_err());
        assert!(covered(&[&ipv4_with(&[])[..], &[0; 4]].concat()).is_err(), "longer than its IHL");
        for version in [0, 5, 7] {
            assert!(covered(&[version << 4; 40]).is_err());
        }
        assert!(covered(&[]).is_err());
    }

    fn ipv6_with(first: IpProtocol, extensions: &[&[u8]]) -> Vec<u8> {
        let mut header = alloc::vec![0x6f, 0xff, 0xff, 0xff, 1, 0, first.0, 0xff];
        header.extend([1; 16]);
        header.extend([2; 16]);
        header.extend(extensions.concat());
        header
    }

    #[test]
    fn rfc4302_3_3_3_1_2_ipv6_fields_and_options() {
        let plain = covered(&ipv6_with(IpProtocol::AH, &[])).unwrap();
        assert_eq!(plain[..8], [0x60, 0, 0, 0, 1, 0, 51, 0]);
        assert_eq!(plain[8..], [[1; 16], [2; 16]].concat());
        // Pad1, an option that may change, one that may not, and PadN.
        let options = [51, 1, 0, 0x3e, 2, 9, 9, 0xc8, 3, 7, 7, 7, 1, 2, 0, 0];
        let expected = [51, 1, 0, 0x3e, 2, 0, 0, 0xc8, 3, 7, 7, 7, 1, 2, 0, 0];
        for kind in [IpProtocol::HOP_BY_HOP, IpProtocol::DESTINATION_OPTIONS] {
            assert_eq!(covered(&ipv6_with(kind, &[&options])).unwrap()[40..], expected);
        }
    }

    #[test]
    fn rfc4302_a2_a_routing_header_is_as_it_arrives() {
        let [a, b, c] = [[0xa; 16], [0xb; 16], [0xc; 16]];
        let sent = |left: u8| [&[51, 6, 0, left, 0, 0, 0, 0][..], &a, &b, &c].concat();
        let with = |left: u8| covered(&ipv6_with(IpProtocol::ROUTING, &[&sent(left)])).unwrap();
        let arrived = with(3);
        assert_eq!(arrived[24..40], c);
        assert_eq!(arrived[40..48], [51, 6, 0, 0, 0, 0, 0, 0]);
        assert_eq!(arrived[48..], [[2; 16], a, b].concat());
        // Half-way the first address was visited, at the end all were.
        assert_eq!(with(2)[48..], [a, [2; 16], b].concat());
        assert_eq!(with(0)[24..], [&[2; 16][..], &sent(0)].concat());

        // Each stop swaps: a walk over the stops gives the same.
        let mut header = ipv6_with(IpProtocol::ROUTING, &[&sent(3)]);
        for stop in 0..3 {
            assert_eq!(covered(&header).unwrap(), arrived, "before stop {stop}");
            let destination: Vec<u8> = header[24..40].to_vec();
            let at = 48 + 16 * stop;
            header.copy_within(at..at + 16, 24);
            header[at..at + 16].copy_from_slice(&destination);
            header[43] -= 1;
        }
        assert_eq!(covered(&header).unwrap(), arrived);
    }

    #[test]
    fn ea_14_ipv6_headers_that_lie_or_cannot_be_predicted_are_refused() {
        let routing = |kind: u8, left: u8, len: u8| {
            [51, len, kind, left, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8]
        };
        for (kind, left, len) in [(0, 2, 2), (0, 255, 2), (0, 1, 3), (2, 2, 2)] {
            let refused = covered(&ipv6_with(IpProtocol::ROUTING, &[&routing(kind, left, len)]));
            assert!(refused.is_err(), "type {kind}, {left} left, length {len}");
        }
        for options in [[51, 0, 5, 5, 0, 0, 0, 0], [51, 0, 1, 3, 0, 0, 0, 9], [51, 1, 0, 0, 0, 0, 0, 0]] {
            assert!(covered(&ipv6_with(IpProtocol::HOP_BY_HOP, &[&options])).is_err(), "{options:?}");
        }
        assert!(covered(&ipv6_with(IpProtocol::UDP, &[&[0; 8]])).is_err(), "no extension header");
        let long = [51u8; 2048];
        assert!(covered(&ipv6_with(IpProtocol::HOP_BY_HOP, &[&long])).is_err(), "more than the room");
    }

    #[test]
    fn rfc8754_7_5_other_routing_headers_are_refused_by_name() {
        for kind in (1..=255u8).filter(|kind| *kind != 2) {
            for left in [0, 1] {
                let header = [&[51, 2, kind, left, 0, 0, 0, 0][..], &[7; 16]].concat();
                let error = covered(&ipv6_with(IpProtocol::ROUTING, &[&header])).unwrap_err();
                assert_eq!(
                    error,
                    ParseError::new(ParseErrorKind::Invalid("Routing Type"), 42),
                    "type {kind}"
                );
            }
        }
    }

    /// RFC 6275 §9.3.2: "as if the following were true: the routing header contains the care-of address, the destination IPv6
    /// address field of the IPv6 header contains the home address, and the Segments Left field is zero".
    #[test]
    fn rfc6275_9_3_2_a_routing_header_of_type_2() {
        let [care_of, home] = [[0xc; 16], [0xa; 16]];
        let packet = |destination: [u8; 16], left: u8, address: [u8; 16]| {
            let routing = [&[51, 2, 2, left, 0, 0, 0, 0][..], &address].concat();
            let mut packet = ipv6_with(IpProtocol::ROUTING, &[&routing]);
            packet[24..40].copy_from_slice(&destination);
            packet
        };
        let expected =
            [&[0x60, 0, 0, 0, 1, 0, 43, 0][..], &[1; 16], &home, &[51, 2, 2, 0, 0, 0, 0, 0], &care_of];
        assert_eq!(covered(&packet(care_of, 1, home)).unwrap(), expected.concat(), "on the way");
        assert_eq!(covered(&packet(home, 0, care_of)).unwrap(), expected.concat(), "at home");
        let two = [&[51, 4, 2, 1, 0, 0, 0, 0][..], &home, &home].concat();
        assert!(covered(&ipv6_with(IpProtocol::ROUTING, &[&two])).is_err(), "type 2 has one address");
    }

    /// RFC 6275 §9.3.1: "as if the following were true: the Home Address option contains the care-of address, and the source
    /// IPv6 address field of the IPv6 header contains the home address".
    #[test]
    fn rfc6275_9_3_1_the_home_address_is_the_source() {
        let home = [0xa; 16];
        let option = [&[201, 16][..], &home].concat();
        // Alignment 8n + 6, behind a PadN; then an option that may change.
        let options = [&[51, 3, 1, 2, 0, 0][..], &option, &[0x3e, 6, 9, 9, 9, 9, 9, 9]].concat();
        let expected = [
            &[0x60, 0, 0, 0, 1, 0, 60, 0][..],
            &home,
            &[2; 16],
            &[51, 3, 1, 2, 0, 0, 201, 16],
            &[1; 16],
            &[0x3e, 6, 0, 0, 0, 0, 0, 0],
        ];
        assert_eq!(
            covered(&ipv6_with(IpProtocol::DESTINATION_OPTIONS, &[&options])).unwrap(),
            expected.concat()
        );
        // It is an option for the destination: among those for each hop it is any other.
        let hop = covered(&ipv6_with(IpProtocol::HOP_BY_HOP, &[&options])).unwrap();
        assert_eq!((&hop[8..24], &hop[48..64]), (&[1; 16][..], &home[..]));
    }

    #[test]
    fn rfc6275_6_3_home_address_options_that_lie_are_refused() {
        let named = Err(ParseErrorKind::Invalid("Home Address option"));
        let kind = |options: &[u8]| {
            covered(&ipv6_with(IpProtocol::DESTINATION_OPTIONS, &[options])).map_err(|error| error.kind())
        };
        for length in [0u8, 4, 15, 17] {
            let mut options = alloc::vec![51, 2, 201, length];
            options.extend(core::iter::repeat_n(0, 20));
            assert_eq!(kind(&options), named, "{length} octets");
        }
        let option = [&[201, 16][..], &[0xa; 16]].concat();
        let twice = [&[51, 4, 1, 0][..], &option, &option].concat();
        assert_eq!(kind(&twice), named, "once per IPv6 header");
        let once = [&[51, 2, 1, 2, 0, 0][..], &option].concat();
        let again = [&[60, 2, 1, 2, 0, 0][..], &option, &once].concat();
        assert_eq!(kind(&again), named, "in a second extension header");
    }

    #[test]
    fn rfc4302_3_3_3_1_2_3_a_fragment_header_is_not_there() {
        let hop = [44, 0, 1, 4, 0, 0, 0, 0];
        let atomic = [51, 0, 0, 0, 1, 2, 3, 4];
        let with = covered(&ipv6_with(IpProtocol::HOP_BY_HOP, &[&hop, &atomic])).unwrap();
        let mut without = ipv6_with(IpProtocol::HOP_BY_HOP, &[&[51, 0, 1, 4, 0, 0, 0, 0]]);
        without[4..6].copy_from_slice(&[0, 0xf8]);
        assert_eq!(with, covered(&without).unwrap());
    }
}
