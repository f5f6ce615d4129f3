use crate::fragment::FragmentInfo;
use ipsec_types::parse::{chunk, part};
use ipsec_types::{IpProtocol, ParseError, ParseErrorKind};

/// How many IPv6 extension headers a walk passes before it gives up.
pub const MAX_EXTENSION_HEADERS: usize = 16;

/// What an IP packet carries, behind IPv6 extension headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpperLayer<'a> {
    /// The protocol of [`payload`](Self::payload).
    pub protocol: IpProtocol,
    /// Octets from the start of the packet to the payload.
    pub offset: usize,
    /// The payload; of a fragment, its part of the payload.
    pub payload: &'a [u8],
    /// Where the packet stands in a fragmented datagram; `None` if it is whole.
    pub fragment: Option<FragmentInfo>,
}

/// Walks from the header of kind `protocol` at the front of `octets`, which start `base` octets into the packet.
pub(crate) fn walk_extensions(
    mut protocol: IpProtocol,
    mut octets: &[u8],
    base: usize,
) -> Result<UpperLayer<'_>, ParseError> {
    let whole = octets.len();
    let mut fragment: Option<FragmentInfo> = None;
    for _ in 0..=MAX_EXTENSION_HEADERS {
        let offset = base.saturating_add(whole.saturating_sub(octets.len()));
        let upper = UpperLayer { protocol, offset, payload: octets, fragment };
        if !is_extension(protocol) || fragment.is_some_and(|info| info.is_later()) {
            return Ok(upper);
        }
        let (_, head) = part(octets, offset, chunk::<8>)?;
        let len = extension_len(protocol, octets, offset)?;
        if protocol == IpProtocol::FRAGMENT {
            fragment = nested(fragment, FragmentInfo::from_ipv6(head));
        }
        octets = octets.get(len..).unwrap_or_default();
        let [next, ..] = head;
        protocol = IpProtocol(next);
    }
    let offset = base.saturating_add(whole.saturating_sub(octets.len()));
    Err(ParseError::new(ParseErrorKind::TooMany { limit: MAX_EXTENSION_HEADERS }, offset))
}

/// Of two Fragment headers, one behind the other: inside a first fragment, a later one shows no upper layer all the same.
fn nested(outer: Option<FragmentInfo>, inner: Option<FragmentInfo>) -> Option<FragmentInfo> {
    match (outer, inner) {
        (_, Some(inner)) if inner.is_later() => Some(inner),
        (outer, inner) => outer.or(inner),
    }
}

/// What Fragment headers among `octets` say, which start with the header of kind `protocol` and may end behind any.
pub(crate) fn fragment_among(mut protocol: IpProtocol, mut octets: &[u8]) -> Option<FragmentInfo> {
    let mut fragment: Option<FragmentInfo> = None;
    for _ in 0..MAX_EXTENSION_HEADERS {
        if !is_extension(protocol) || fragment.is_some_and(|info| info.is_later()) {
            break;
        }
        let Ok(len) = extension_len(protocol, octets, 0) else { break };
        let Some((head, _)) = octets.split_first_chunk::<8>() else { break };
        if protocol == IpProtocol::FRAGMENT {
            fragment = nested(fragment, FragmentInfo::from_ipv6(*head));
        }
        protocol = IpProtocol(head[0]);
        octets = octets.get(len..).unwrap_or_default();
    }
    fragment
}

/// Octets of the extension header of kind `protocol` at the front of `octets`, which start `offset` octets into the packet.
pub(crate) fn extension_len(protocol: IpProtocol, octets: &[u8], offset: usize) -> Result<usize, ParseError> {
    let (_, [_, length, ..]) = part(octets, offset, chunk::<8>)?;
    let units = if protocol == IpProtocol::FRAGMENT { 0 } else { length };
    let needed = usize::from(units).saturating_mul(8).saturating_add(8);
    if octets.len() < needed {
        let kind = ParseErrorKind::Truncated { needed, available: octets.len() };
        return Err(ParseError::new(kind, offset));
    }
    Ok(needed)
}

/// The option type of a mobile node's home address (RFC 6275 §6.3).
pub(crate) const HOME_ADDRESS: u8 = 201;

/// Whether a Destination Options header, given whole, holds a Home Address option.
pub(crate) fn has_home_address(extension: &[u8]) -> bool {
    const PAD_1: u8 = 0;
    let mut rest = extension.get(2..).unwrap_or_default();
    while let [kind, after @ ..] = rest {
        rest = match (*kind, after) {
            (HOME_ADDRESS, _) => return true,
            (PAD_1, _) => after,
            (_, [len, data @ ..]) => data.get(usize::from(*len)..).unwrap_or_default(),
            (_, []) => &[],
        };
    }
    false
}

/// Whether `protocol` is an extension header whose second octet is its length in units of 8 octets, less one (the
/// Fragment header's is reserved, its length 8). The Mobility header ends a packet, and policy looks at it as at any
/// upper layer (RFC 4301 §4.4.1.1).
pub(crate) const fn is_extension(protocol: IpProtocol) -> bool {
    matches!(
        protocol,
        IpProtocol::HOP_BY_HOP
            | IpProtocol::ROUTING
            | IpProtocol::FRAGMENT
            | IpProtocol::DESTINATION_OPTIONS
            | IpProtocol::HIP
            | IpProtocol::SHIM6
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn chain(count: usize) -> Vec<u8> {
        let mut octets = Vec::new();
        for left in (0..count).rev() {
            let next = if left == 0 { IpProtocol::ESP } else { IpProtocol::DESTINATION_OPTIONS };
            octets.extend([next.0, 0, 1, 4, 0, 0, 0, 0]);
        }
        octets.extend([1, 2, 3]);
        octets
    }

    #[test]
    fn ea_14_the_walk_over_extension_headers_is_bounded() {
        let limit = MAX_EXTENSION_HEADERS;
        for count in [1, limit - 1, limit] {
            let octets = chain(count);
            let upper = walk_extensions(IpProtocol::DESTINATION_OPTIONS, &octets, 40).unwrap();
            assert_eq!((upper.protocol, upper.offset), (IpProtocol::ESP, 40 + 8 * count));
            assert_eq!(upper.payload, [1, 2, 3]);
        }
        for count in [limit + 1, 100] {
            let error = walk_extensions(IpProtocol::DESTINATION_OPTIONS, &chain(count), 40).unwrap_err();
            assert_eq!(error.kind(), ParseErrorKind::TooMany { limit });
        }
    }

    #[test]
    fn a_later_fragment_is_not_read_as_a_header() {
        let octets = [IpProtocol::DESTINATION_OPTIONS.0, 0, 0, 0x09, 0, 0, 0, 1, 0xff, 0xff];
        let upper = walk_extensions(IpProtocol::FRAGMENT, &octets, 40).unwrap();
        assert_eq!(upper.protocol, IpProtocol::DESTINATION_OPTIONS);
        assert_eq!(upper.fragment, Some(FragmentInfo { identification: 1, offset: 8, more: true }));
    }

    /// The octet behind Next Header is reserved in a Fragment header: "ignored on reception".
    #[test]
    fn rfc8200_4_5_the_reserved_octet_of_a_fragment_header_is_no_length() {
        for reserved in [0, 1, 0xff] {
            let octets = [IpProtocol::ESP.0, reserved, 0, 0, 0, 0, 0, 2, 1, 2, 3];
            let upper = walk_extensions(IpProtocol::FRAGMENT, &octets, 40).unwrap();
            assert_eq!((upper.protocol, upper.offset, upper.payload), (IpProtocol::ESP, 48, &[1, 2, 3][..]));
        }
    }

    #[test]
    fn a_second_fragment_header_does_not_hide_the_first() {
        let second = |offset: [u8; 2]| [IpProtocol::ESP.0, 0, offset[0], offset[1], 0, 0, 0, 2, 1, 2, 3];
        for offset in [[0, 0], [0, 1]] {
            let octets = [&[IpProtocol::FRAGMENT.0, 0, 0, 1, 0, 0, 0, 1][..], &second(offset)].concat();
            let upper = walk_extensions(IpProtocol::FRAGMENT, &octets, 40).unwrap();
            let first = FragmentInfo { identification: 1, offset: 0, more: true };
            assert_eq!((upper.protocol, upper.fragment), (IpProtocol::ESP, Some(first)));
        }
    }

    /// What would be read as ports is the middle of a datagram: it passes no policy of ports (RFC 4301 §7.4).
    #[test]
    fn a_later_fragment_inside_a_first_one_shows_no_ports() {
        let inner = [IpProtocol::UDP.0, 0, 0, 0x10, 0, 0, 0, 2, 0, 7, 0, 119, 0, 8, 0, 0];
        for first in [[0, 0], [0, 1]] {
            let outer = [IpProtocol::FRAGMENT.0, 0, first[0], first[1], 0, 0, 0, 1];
            let octets = [&outer[..], &inner].concat();
            let upper = walk_extensions(IpProtocol::FRAGMENT, &octets, 40).unwrap();
            let later = FragmentInfo { identification: 2, offset: 16, more: false };
            assert_eq!((upper.protocol, upper.fragment), (IpProtocol::UDP, Some(later)), "{first:?}");
        }
    }

    #[test]
    fn a_header_longer_than_the_packet_is_refused() {
        let octets = [IpProtocol::ESP.0, 255, 0, 0, 0, 0, 0, 0];
        let error = walk_extensions(IpProtocol::ROUTING, &octets, 40).unwrap_err();
        assert_eq!(error, ParseError::new(ParseErrorKind::Truncated { needed: 2048, available: 8 }, 40));
    }
}
