use crate::extension::{fragment_among, is_extension};
use crate::ip::IpHeader;
use crate::ipv4::Ipv4Header;
use crate::ipv6::Ipv6Header;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;
use ipsec_types::parse::{chunk, part};
use ipsec_types::{Instant, IpProtocol, ParseError, ParseErrorKind};

/// Where a fragment stands in its datagram (RFC 791 §3.2, RFC 8200 §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentInfo {
    /// The identification that the fragments of a datagram share; 16 bits in IPv4.
    pub identification: u32,
    /// Octets from the start of the fragmented part; a multiple of 8.
    pub offset: usize,
    /// Whether more fragments follow.
    pub more: bool,
}

impl FragmentInfo {
    /// What an IP header says, with the extension headers behind it: the last of them may name one that is not there, as in a
    /// detached header. `None` where the packet is whole.
    pub(crate) fn of_header(header: &[u8]) -> Option<Self> {
        match header.first()? >> 4 {
            4 => Self::from_ipv4(*header.get(4..)?.first_chunk()?),
            6 => {
                let (fixed, extensions) = header.split_first_chunk::<{ Ipv6Header::LEN }>()?;
                fragment_among(IpProtocol(fixed[6]), extensions)
            }
            _ => None,
        }
    }

    /// Reads Identification, Flags and Fragment Offset of an IPv4 header; the reserved flag says nothing (RFC 791 §3.1).
    pub(crate) fn from_ipv4([i0, i1, o0, o1]: [u8; 4]) -> Option<Self> {
        let word = u16::from_be_bytes([o0, o1]);
        let info = Self {
            identification: u32::from(u16::from_be_bytes([i0, i1])),
            offset: usize::from(word & 0x1fff).saturating_mul(8),
            more: word & 0x2000 != 0,
        };
        (info.more || info.offset != 0).then_some(info)
    }

    /// Whether it shows no upper-layer header.
    pub(crate) const fn is_later(&self) -> bool {
        self.offset != 0
    }

    /// Reads an IPv6 Fragment header; `None` for an atomic fragment (RFC 6946).
    pub(crate) fn from_ipv6(header: [u8; 8]) -> Option<Self> {
        let [_, _, o0, o1, i0, i1, i2, i3] = header;
        let word = u16::from_be_bytes([o0, o1]);
        let info = Self {
            identification: u32::from_be_bytes([i0, i1, i2, i3]),
            offset: usize::from(word & 0xfff8),
            more: word & 1 != 0,
        };
        (info.more || info.offset != 0).then_some(info)
    }
}

/// What a [`Reassembler`] holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReassemblyLimits {
    /// Datagrams in the making; one more pushes out the oldest.
    pub datagrams: usize,
    /// Fragments of one datagram; one more discards it.
    pub fragments: usize,
    /// How long a datagram may take from its first fragment on (RFC 1122 §3.3.2, RFC 8200 §4.5).
    pub timeout: Duration,
}

impl Default for ReassemblyLimits {
    /// 64 datagrams of 64 fragments, 60 seconds.
    fn default() -> Self {
        Self { datagrams: 64, fragments: 64, timeout: Duration::from_secs(60) }
    }
}

/// Why a fragment was not taken. Apart from [`Malformed`](Self::Malformed), its datagram is given up, with the fragments
/// still to come: until the timeout they are [`Condemned`](Self::Condemned).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReassemblyError {
    /// The packet is no IP packet.
    #[error("{0}")]
    Malformed(#[from] ParseError),
    /// A fragment but the last does not carry a multiple of 8 octets.
    #[error("fragment of {0} octets is not the last and no multiple of 8")]
    Unaligned(
        /// Octets it carries.
        usize,
    ),
    /// Two fragments overlap, which lawful senders never do (RFC 5722 §3, RFC 8200 §4.5).
    #[error("overlapping fragments")]
    Overlap,
    /// The datagram would exceed 65,535 octets.
    #[error("reassembled datagram too long")]
    TooLong,
    /// More fragments than [`ReassemblyLimits::fragments`].
    #[error("too many fragments")]
    TooMany,
    /// An earlier fragment of the datagram was wrong (RFC 5722 §3: those not yet received are discarded too).
    #[error("fragment of a datagram that was given up")]
    Condemned,
}

/// Puts fragmented IP packets together, within limits.
///
/// ESP and AH refuse fragments (RFC 4303 §3.4.1); whoever reads from the network, or from a capture, reassembles first.
///
/// ```
/// use ipsec_ip_packet::{IpHeader, Reassembler, ReassemblyLimits};
/// use ipsec_types::Instant;
///
/// let header = |len: u8, flags_offset: [u8; 2]| {
///     [0x45, 0, 0, len, 0, 7, flags_offset[0], flags_offset[1], 64, 50, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]
/// };
/// let first = [&header(28, [0x20, 0])[..], &[1; 8]].concat();
/// let last = [&header(22, [0, 1])[..], &[2; 2]].concat();
///
/// let mut reassembler = Reassembler::new(ReassemblyLimits::default());
/// assert_eq!(reassembler.push(Instant::EPOCH, &last)?, None);
/// let whole = reassembler.push(Instant::EPOCH, &first)?.expect("both fragments");
/// assert_eq!(whole[20..], [1, 1, 1, 1, 1, 1, 1, 1, 2, 2]);
/// assert!(IpHeader::parse(&whole)?.upper_layer()?.fragment.is_none());
/// # Ok::<(), ipsec_ip_packet::ReassemblyError>(())
/// ```
#[derive(Debug)]
pub struct Reassembler {
    limits: ReassemblyLimits,
    datagrams: Vec<Datagram>,
}

impl Reassembler {
    /// An empty reassembler.
    pub const fn new(limits: ReassemblyLimits) -> Self {
        Self { limits, datagrams: Vec::new() }
    }

    /// Takes a packet: the datagram it completes, or `None` while fragments are missing. A packet that is whole already
    /// comes back as `None` too: ask [`UpperLayer::fragment`](crate::UpperLayer::fragment) first.
    ///
    /// # Errors
    ///
    /// [`ReassemblyError`]: what is wrong with the fragment.
    pub fn push(&mut self, now: Instant, packet: &[u8]) -> Result<Option<Vec<u8>>, ReassemblyError> {
        self.expire(now);
        let Some(fragment) = Fragment::parse(packet)? else {
            return Ok(None);
        };
        let index = self.find_or_insert(now, &fragment.key);
        let Some(datagram) = self.datagrams.get_mut(index) else {
            return Ok(None);
        };
        match datagram.add(&fragment, self.limits.fragments) {
            Ok(()) => {
                let Some(whole) = datagram.assemble() else {
                    return Ok(None);
                };
                self.datagrams.swap_remove(index);
                Ok(Some(whole?))
            }
            Err(error) => {
                datagram.condemn();
                Err(error)
            }
        }
    }

    /// How many datagrams wait for fragments; those given up do not.
    pub fn len(&self) -> usize {
        self.datagrams.iter().filter(|datagram| !datagram.condemned).count()
    }

    /// Whether no datagram waits for fragments.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn expire(&mut self, now: Instant) {
        let timeout = self.limits.timeout;
        self.datagrams.retain(|datagram| now.saturating_since(datagram.since) < timeout);
    }

    fn find_or_insert(&mut self, now: Instant, key: &Key) -> usize {
        if let Some(index) = self.datagrams.iter().position(|datagram| datagram.key == *key) {
            return index;
        }
        if self.datagrams.len() >= self.limits.datagrams.max(1) {
            let oldest = self.datagrams.iter().enumerate().min_by_key(|(_, datagram)| datagram.since);
            if let Some(index) = oldest.map(|(index, _)| index) {
                self.datagrams.swap_remove(index);
            }
        }
        let index = self.datagrams.len();
        self.datagrams.push(Datagram::new(*key, now));
        index
    }
}

/// What the fragments of one datagram share (RFC 791 §3.2; IPv6 leaves the protocol out).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    protocol: Option<IpProtocol>,
    identification: u32,
}

#[derive(Debug)]
struct Fragment<'a> {
    key: Key,
    info: FragmentInfo,
    /// The unfragmentable part of the packet, to be sent in front of the whole.
    header: Vec<u8>,
    content: &'a [u8],
}

impl<'a> Fragment<'a> {
    fn parse(packet: &'a [u8]) -> Result<Option<Self>, ParseError> {
        let ip = IpHeader::parse(packet)?;
        let (source, destination) = (ip.source(), ip.destination());
        let key = |protocol, identification| Key { source, destination, protocol, identification };
        Ok(match ip {
            IpHeader::V4(header) => header.fragment().map(|info| Self {
                key: key(Some(header.protocol()), info.identification),
                info,
                header: packet.get(..header.header_len()).unwrap_or_default().to_vec(),
                content: header.payload(),
            }),
            IpHeader::V6(header) => split_ipv6(packet, &header)?.map(|(info, unfragmentable, content)| {
                Self { key: key(None, info.identification), info, header: unfragmentable, content }
            }),
        })
    }
}

/// The position in the datagram, the headers before the Fragment header, and the octets after it.
type Ipv6Split<'a> = Option<(FragmentInfo, Vec<u8>, &'a [u8])>;

fn split_ipv6<'a>(packet: &'a [u8], header: &Ipv6Header<'a>) -> Result<Ipv6Split<'a>, ParseError> {
    let mut protocol = header.next_header();
    let mut octets = header.payload();
    // Where the octet stands that names the current header.
    let mut named_at = 6;
    for _ in 0..crate::MAX_EXTENSION_HEADERS {
        if !is_extension(protocol) {
            return Ok(None);
        }
        let offset = Ipv6Header::LEN.saturating_add(header.payload().len().saturating_sub(octets.len()));
        let (rest, head) = part(octets, offset, chunk::<8>)?;
        let [next, length, ..] = head;
        if protocol == IpProtocol::FRAGMENT {
            let Some(info) = FragmentInfo::from_ipv6(head) else {
                return Ok(None);
            };
            let mut unfragmentable = packet.get(..offset).unwrap_or_default().to_vec();
            if let Some(octet) = unfragmentable.get_mut(named_at) {
                *octet = next;
            }
            return Ok(Some((info, unfragmentable, rest)));
        }
        let more = usize::from(length).saturating_mul(8);
        octets = rest.get(more..).ok_or_else(|| {
            let kind = ParseErrorKind::Truncated { needed: more.saturating_add(8), available: octets.len() };
            ParseError::new(kind, offset)
        })?;
        protocol = IpProtocol(next);
        named_at = offset;
    }
    Ok(None)
}

#[derive(Debug)]
struct Datagram {
    key: Key,
    since: Instant,
    /// The headers of the fragment with offset 0, which the whole gets.
    header: Option<Vec<u8>>,
    /// Octets of the whole payload, once the last fragment came.
    last: Option<usize>,
    /// Fragments by offset, in order.
    parts: Vec<(usize, Vec<u8>)>,
    /// Whether it was given up: it holds nothing, and takes nothing.
    condemned: bool,
}

impl Datagram {
    const fn new(key: Key, since: Instant) -> Self {
        Self { key, since, header: None, last: None, parts: Vec::new(), condemned: false }
    }

    fn condemn(&mut self) {
        *self = Self { condemned: true, ..Self::new(self.key, self.since) };
    }

    fn add(&mut self, fragment: &Fragment<'_>, limit: usize) -> Result<(), ReassemblyError> {
        let FragmentInfo { offset, more, .. } = fragment.info;
        let length = fragment.content.len();
        if self.condemned {
            return Err(ReassemblyError::Condemned);
        }
        let end = offset.saturating_add(length);
        if more && (length == 0 || !length.is_multiple_of(8)) {
            return Err(ReassemblyError::Unaligned(length));
        }
        if end.saturating_add(fragment.header.len()) > usize::from(u16::MAX) {
            return Err(ReassemblyError::TooLong);
        }
        let at = self.parts.partition_point(|(start, _)| *start < offset);
        let doubled = |(start, octets): &(usize, Vec<u8>)| *start == offset && octets == fragment.content;
        if self.parts.get(at).is_some_and(doubled) {
            let was_last = self.last == Some(end);
            return if was_last == more { Err(ReassemblyError::Overlap) } else { Ok(()) };
        }
        let before = at.checked_sub(1).and_then(|index| self.parts.get(index));
        let overlaps = before.is_some_and(|(start, octets)| start.saturating_add(octets.len()) > offset)
            || self.parts.get(at).is_some_and(|(start, _)| *start < end || *start == offset)
            || self.last.is_some_and(|last| end > last || (!more && end != last));
        if overlaps {
            return Err(ReassemblyError::Overlap);
        }
        if self.parts.len() >= limit {
            return Err(ReassemblyError::TooMany);
        }
        if !more {
            if self.parts.last().is_some_and(|(start, octets)| start.saturating_add(octets.len()) > end) {
                return Err(ReassemblyError::Overlap);
            }
            self.last = Some(end);
        }
        if offset == 0 {
            self.header = Some(fragment.header.clone());
        }
        self.parts.insert(at, (offset, fragment.content.to_vec()));
        Ok(())
    }

    /// The whole packet, once no octet is missing.
    fn assemble(&self) -> Option<Result<Vec<u8>, ReassemblyError>> {
        let (header, last) = (self.header.as_ref()?, self.last?);
        let mut expected = 0usize;
        for (offset, octets) in &self.parts {
            if *offset != expected {
                return None;
            }
            expected = expected.saturating_add(octets.len());
        }
        if expected != last {
            return None;
        }
        let mut packet = header.clone();
        for (_, octets) in &self.parts {
            packet.extend_from_slice(octets);
        }
        Some(Self::set_whole(&mut packet).map(|()| packet))
    }

    /// Sets the length of the whole packet and clears what marked it as a fragment.
    fn set_whole(packet: &mut [u8]) -> Result<(), ReassemblyError> {
        let length = packet.len();
        let field =
            |value: usize| u16::try_from(value).map(u16::to_be_bytes).map_err(|_| ReassemblyError::TooLong);
        match packet.first_chunk_mut::<{ Ipv4Header::MIN_LEN }>() {
            Some(fixed) if fixed[0] >> 4 == 4 => {
                [fixed[2], fixed[3]] = field(length)?;
                // DF stays as it was; MF and the offset go.
                [fixed[6], fixed[7]] = [fixed[6] & 0x40, 0];
            }
            Some(fixed) => [fixed[4], fixed[5]] = field(length.saturating_sub(Ipv6Header::LEN))?,
            None => {}
        }
        crate::ipv4::refresh_checksum(packet);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ipv4Fields;
    use ipsec_types::{Encode as _, Writer};

    fn fragment(id: u16, offset: u16, more: bool, content: &[u8]) -> Vec<u8> {
        let fields = Ipv4Fields {
            source: [192, 0, 2, 1].into(),
            destination: [192, 0, 2, 2].into(),
            protocol: IpProtocol::ESP,
            traffic_class: 0,
            ttl: 64,
            identification: id,
            dont_fragment: false,
            payload_len: content.len(),
        };
        let mut packet = alloc::vec![0; 20];
        fields.encode(&mut Writer::new(&mut packet)).unwrap();
        packet[6..8].copy_from_slice(&((u16::from(more) << 13) | (offset / 8)).to_be_bytes());
        packet.extend_from_slice(content);
        packet
    }

    #[test]
    fn every_order_and_doubles_give_the_same_packet() {
        let parts =
            [fragment(1, 0, true, &[1; 16]), fragment(1, 16, true, &[2; 8]), fragment(1, 24, false, &[3; 5])];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut reassembler = Reassembler::new(ReassemblyLimits::default());
            assert_eq!(reassembler.push(Instant::EPOCH, &parts[order[0]]), Ok(None));
            assert_eq!(reassembler.push(Instant::EPOCH, &parts[order[0]]), Ok(None));
            assert_eq!(reassembler.push(Instant::EPOCH, &parts[order[1]]), Ok(None));
            let whole = reassembler.push(Instant::EPOCH, &parts[order[2]]).unwrap().unwrap();
            let header = Ipv4Header::parse(&whole).unwrap();
            assert!(header.checksum_is_valid() && header.fragment().is_none());
            assert_eq!(header.payload(), [&[1; 16][..], &[2; 8], &[3; 5]].concat());
            assert!(reassembler.is_empty());
        }
    }

    /// The Fragment header goes, the header in front of it names what it named, and Payload Length is that of the whole (RFC
    /// 8200 §4.5).
    #[test]
    fn rfc8200_4_5_ipv6_fragments_behind_other_headers() {
        let packet = |first: u8, between: &[u8], content: &[u8]| {
            let length = u8::try_from(between.len() + content.len()).unwrap();
            let head = [0x60, 0, 0, 0, 0, length, first, 64];
            [&head[..], &[0x20; 16], &[0x30; 16], between, content].concat()
        };
        let part = |offset: u8, more: u8| [IpProtocol::ESP.0, 0, 0, offset | more, 0, 0, 0, 9];
        let hop = |next: u8| [next, 0, 1, 4, 0, 0, 0, 0];
        for hops in [false, true] {
            let front = if hops { hop(44).to_vec() } else { Vec::new() };
            let first = if hops { IpProtocol::HOP_BY_HOP.0 } else { IpProtocol::FRAGMENT.0 };
            let fragment = |offset, more, content: &[u8]| {
                packet(first, &[&front[..], &part(offset, more)].concat(), content)
            };
            let parts = [fragment(0, 1, &[1; 16]), fragment(16, 1, &[2; 8]), fragment(24, 0, &[3; 5])];
            let mut reassembler = Reassembler::new(ReassemblyLimits::default());
            assert_eq!(reassembler.push(Instant::EPOCH, &parts[2]), Ok(None));
            assert_eq!(reassembler.push(Instant::EPOCH, &parts[0]), Ok(None));
            let whole = reassembler.push(Instant::EPOCH, &parts[1]).unwrap().unwrap();
            let content = [&[1; 16][..], &[2; 8], &[3; 5]].concat();
            let expected = if hops { packet(0, &hop(50), &content) } else { packet(50, &[], &content) };
            assert_eq!(whole, expected);
        }
    }

    #[test]
    fn overlaps_end_the_datagram() {
        for (offset, more, length) in [(8, true, 16), (0, true, 8), (8, false, 4)] {
            let mut reassembler = Reassembler::new(ReassemblyLimits::default());
            reassembler.push(Instant::EPOCH, &fragment(1, 0, true, &[1; 16])).unwrap();
            let content = alloc::vec![9; length];
            let result = reassembler.push(Instant::EPOCH, &fragment(1, offset, more, &content));
            assert_eq!(result, Err(ReassemblyError::Overlap), "offset {offset}");
            assert!(reassembler.is_empty());
        }
    }

    /// RFC 791 §3.2: the last fragment alone says how long the datagram is.
    #[test]
    fn rfc791_3_2_the_end_is_where_the_last_fragment_says() {
        for (offset, more, length) in [(24, true, 8), (32, true, 8), (24, false, 5), (8, false, 8)] {
            let mut reassembler = Reassembler::new(ReassemblyLimits::default());
            assert_eq!(reassembler.push(Instant::EPOCH, &fragment(1, 16, false, &[1; 8])), Ok(None));
            let content = alloc::vec![9; length];
            let result = reassembler.push(Instant::EPOCH, &fragment(1, offset, more, &content));
            assert_eq!(result, Err(ReassemblyError::Overlap), "offset {offset}, more {more}");
        }
    }

    /// Source, destination, protocol and identification together name a datagram.
    #[test]
    fn rfc791_3_2_datagrams_of_two_protocols_may_have_one_identification() {
        let first = fragment(1, 0, true, &[1; 8]);
        for (at, octet) in [(9, 17), (15, 9), (19, 9), (5, 9)] {
            let mut other = fragment(1, 8, false, &[2; 8]);
            other[at] = octet;
            let mut reassembler = Reassembler::new(ReassemblyLimits::default());
            assert_eq!(reassembler.push(Instant::EPOCH, &first), Ok(None));
            assert_eq!(reassembler.push(Instant::EPOCH, &other), Ok(None), "octet {at} differs");
            assert_eq!(reassembler.len(), 2);
            let last = fragment(1, 8, false, &[2; 8]);
            assert!(reassembler.push(Instant::EPOCH, &last).unwrap().is_some());
        }
    }

    #[test]
    fn rfc791_3_1_all_but_the_last_fragment_carry_multiples_of_eight() {
        for length in [0usize, 1, 7, 9, 15] {
            let mut reassembler = Reassembler::new(ReassemblyLimits::default());
            let content = alloc::vec![9; length];
            let result = reassembler.push(Instant::EPOCH, &fragment(1, 0, true, &content));
            assert_eq!(result, Err(ReassemblyError::Unaligned(length)));
        }
    }

    /// MF and the offset are cleared (RFC 4302 §3.4.1); DF is the sender's.
    #[test]
    fn rfc4302_3_4_1_reassembly_clears_more_fragments_and_offset_only() {
        for flag in [0, 0x40] {
            let mut parts = [fragment(1, 0, true, &[1; 8]), fragment(1, 8, false, &[2; 8])];
            for part in &mut parts {
                part[6] |= flag;
            }
            let mut reassembler = Reassembler::new(ReassemblyLimits::default());
            assert_eq!(reassembler.push(Instant::EPOCH, &parts[0]), Ok(None));
            let whole = reassembler.push(Instant::EPOCH, &parts[1]).unwrap().unwrap();
            assert_eq!(whole[6..8], [flag, 0]);
        }
    }

    #[test]
    fn rfc5722_3_an_overlap_condemns_the_fragments_to_come() {
        let mut reassembler = Reassembler::new(ReassemblyLimits::default());
        let mut push =
            |seconds, packet: &[u8]| reassembler.push(Instant::EPOCH + Duration::from_secs(seconds), packet);
        let (first, last) = (fragment(1, 0, true, &[1; 16]), fragment(1, 16, false, &[2; 8]));
        assert_eq!(push(0, &first), Ok(None));
        assert_eq!(push(1, &fragment(1, 8, true, &[9; 16])), Err(ReassemblyError::Overlap));
        for packet in [&first, &last, &first] {
            assert_eq!(push(59, packet), Err(ReassemblyError::Condemned));
        }
        assert_eq!(push(60, &first), Ok(None), "a new datagram with the same identification");
        assert!(push(61, &last).unwrap().is_some());
    }

    #[test]
    fn a_double_that_says_otherwise_whether_more_follow_is_no_double() {
        for (was, is) in [(true, false), (false, true)] {
            let mut reassembler = Reassembler::new(ReassemblyLimits::default());
            assert_eq!(reassembler.push(Instant::EPOCH, &fragment(1, 8, was, &[1; 8])), Ok(None));
            assert_eq!(reassembler.push(Instant::EPOCH, &fragment(1, 8, was, &[1; 8])), Ok(None));
            let contrary = reassembler.push(Instant::EPOCH, &fragment(1, 8, is, &[1; 8]));
            assert_eq!(contrary, Err(ReassemblyError::Overlap));
        }
    }

    #[test]
    fn what_is_held_stays_within_the_limits() {
        let limits = ReassemblyLimits { datagrams: 3, fragments: 4, timeout: Duration::from_secs(5) };
        let mut reassembler = Reassembler::new(limits);
        for id in 0..1000 {
            let now = Instant::EPOCH + Duration::from_millis(id.into());
            reassembler.push(now, &fragment(id, 0, true, &[0; 8])).unwrap();
            assert!(reassembler.len() <= 3);
        }
        for index in 1..4 {
            reassembler.push(Instant::EPOCH, &fragment(999, index * 16, true, &[0; 8])).unwrap();
        }
        let result = reassembler.push(Instant::EPOCH, &fragment(999, 64, true, &[0; 8]));
        assert_eq!(result, Err(ReassemblyError::TooMany));
        let later = Instant::EPOCH + Duration::from_secs(60);
        assert_eq!(reassembler.push(later, &fragment(5, 0, true, &[0; 8])), Ok(None));
        assert_eq!(reassembler.len(), 1, "the others ran out of time");
        let long = reassembler.push(later, &fragment(6, 65_528, false, &[0; 8]));
        assert_eq!(long, Err(ReassemblyError::TooLong));
    }
}
