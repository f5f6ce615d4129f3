use crate::FlowKey;
use crate::extension::is_extension;
use crate::fragment::FragmentInfo;
use crate::ipv4::{Ipv4Header, refresh_checksum};
use crate::ipv6::Ipv6Header;
use core::fmt;
use core::ops::Range;
use ipsec_types::{IpProtocol, ParseError, ParseErrorKind};

/// A packet in a buffer with room at both ends, worked on in place.
///
/// ESP and AH act on the *data* part. In transport mode the IP header steps aside first
/// ([`detach_header`](Self::detach_header)) and returns afterwards ([`attach_header`](Self::attach_header)) with its
/// length, protocol and checksum set; in tunnel mode the whole inner packet is the data.
///
/// ```text
/// |  headroom  | header |  (gap)  |     data     |  tailroom  |
/// ```
///
/// ```
/// use ipsec_ip_packet::Packet;
/// use ipsec_types::IpProtocol;
///
/// let mut buf = [0; 32];
/// buf[8..12].copy_from_slice(b"data");
/// let mut packet = Packet::new(&mut buf, 8..12, IpProtocol::UDP)?;
/// packet.push_front(4)?.copy_from_slice(b"head");
/// packet.push_back(4)?.copy_from_slice(b"tail");
/// assert_eq!(packet.data(), b"headdatatail");
/// packet.pull_front(4)?;
/// assert_eq!(packet.data(), b"datatail");
/// # Ok::<(), ipsec_ip_packet::NoRoom>(())
/// ```
pub struct Packet<'b> {
    buf: &'b mut [u8],
    header: Range<usize>,
    data: Range<usize>,
    next_header: IpProtocol,
}

impl<'b> Packet<'b> {
    /// A packet whose data stands at `data` in `buf`; `next_header` says what the data is.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] where the range lies outside the buffer.
    #[inline]
    pub fn new(buf: &'b mut [u8], data: Range<usize>, next_header: IpProtocol) -> Result<Self, NoRoom> {
        if data.start > data.end || data.end > buf.len() {
            return Err(NoRoom { needed: data.end.max(data.start), available: buf.len() });
        }
        let header = data.start..data.start;
        Ok(Self { buf, header, data, next_header })
    }

    /// Makes the first `len` octets of the data, an IP header with any extension headers that stay in front, the
    /// detached header; `inner` is the protocol of the data that remains.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] where the data is shorter.
    pub fn detach_header(&mut self, len: usize, inner: IpProtocol) -> Result<(), NoRoom> {
        let start = self.data.start;
        self.pull_front(len)?;
        self.header = start..self.data.start;
        self.next_header = inner;
        Ok(())
    }

    /// Puts the detached header in front of the data again, with its length, its protocol (that of the data:
    /// [`next_header`](Self::next_header)) and, for IPv4, its checksum set.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] where no IP header is detached, or the packet is too long for its length field; the packet stays
    /// as it was.
    pub fn attach_header(&mut self) -> Result<(), HeaderError> {
        let family = self.update_header(self.next_header)?;
        let header_len = self.header.len();
        let start = self.data.start.checked_sub(header_len).ok_or(HeaderError::NoHeader)?;
        self.buf.copy_within(self.header.clone(), start);
        self.data.start = start;
        self.header = start..start;
        self.next_header = family;
        Ok(())
    }

    /// Sets length, protocol and, for IPv4, checksum of the detached header for the data as it stands, as it will be once
    /// attached; says of which family it is.
    ///
    /// # Errors
    ///
    /// As [`attach_header`](Self::attach_header).
    pub fn update_header(&mut self, protocol: IpProtocol) -> Result<IpProtocol, HeaderError> {
        let total = self.header.len().checked_add(self.data.len()).ok_or(HeaderError::TooLong)?;
        let header = self.buf.get_mut(self.header.clone()).unwrap_or_default();
        patch_header(header, protocol, total)
    }

    /// Forgets the detached header, as decapsulation in tunnel mode does.
    pub const fn discard_header(&mut self) {
        self.header = self.data.start..self.data.start;
    }

    /// Grows the data by `head` octets at its front and `tail` at its end, and hands out the whole data; a detached header
    /// moves along.
    ///
    /// ```
    /// use ipsec_ip_packet::Packet;
    /// use ipsec_types::IpProtocol;
    ///
    /// let mut buf = *b"....data..";
    /// let mut packet = Packet::new(&mut buf, 4..8, IpProtocol::UDP)?;
    /// assert_eq!(packet.grow(3, 1)?, b"...data.");
    /// assert!(packet.grow(1, 2).is_err());
    /// packet.narrow(3..7)?;
    /// assert_eq!(packet.data(), b"data");
    /// # Ok::<(), ipsec_ip_packet::NoRoom>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NoRoom`] where the room at either end is less; nothing changes then.
    #[inline]
    pub fn grow(&mut self, head: usize, tail: usize) -> Result<&mut [u8], NoRoom> {
        let start = self.data.start.checked_sub(head).filter(|start| *start >= self.header_len());
        let start = start.ok_or_else(|| NoRoom { needed: head, available: self.headroom() })?;
        let end = self.data.end.checked_add(tail).filter(|end| *end <= self.buf.len());
        let short = NoRoom { needed: tail, available: self.tailroom() };
        let end = end.ok_or(short)?;
        if self.header.is_empty() {
            self.header = start..start;
        } else if self.header.end > start {
            let header_start = start.saturating_sub(self.header.len());
            self.buf.copy_within(self.header.clone(), header_start);
            self.header = header_start..start;
        }
        self.data = start..end;
        self.buf.get_mut(start..end).ok_or(short)
    }

    /// Makes a part of the data all of it; `part` counts from the front of the data.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] where the part ends behind the data, or before it begins; nothing changes then.
    #[inline]
    pub fn narrow(&mut self, part: Range<usize>) -> Result<(), NoRoom> {
        let available = self.data_len();
        if part.start > part.end || part.end > available {
            return Err(NoRoom { needed: part.end.max(part.start), available });
        }
        // Within the data, which lies within the buffer.
        let (start, end) = (self.data.start.wrapping_add(part.start), self.data.start.wrapping_add(part.end));
        self.data = start..end;
        if self.header.is_empty() {
            self.header = start..start;
        }
        Ok(())
    }

    /// Grows the data by `len` octets at its front and hands them out; a detached header moves along.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] where the headroom is less; nothing changes then.
    #[inline]
    pub fn push_front(&mut self, len: usize) -> Result<&mut [u8], NoRoom> {
        self.grow(len, 0)?.get_mut(..len).ok_or(NoRoom { needed: len, available: 0 })
    }

    /// Grows the data by `len` octets at its end and hands them out.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] where the tailroom is less; nothing changes then.
    #[inline]
    pub fn push_back(&mut self, len: usize) -> Result<&mut [u8], NoRoom> {
        let held = self.data_len();
        self.grow(0, len)?.get_mut(held..).ok_or(NoRoom { needed: len, available: 0 })
    }

    /// Takes `len` octets off the front of the data.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] where the data is shorter.
    #[inline]
    pub fn pull_front(&mut self, len: usize) -> Result<(), NoRoom> {
        let held = self.data_len();
        self.narrow(len..held).map_err(|_| NoRoom { needed: len, available: held })
    }

    /// Takes `len` octets off the end of the data.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] where the data is shorter.
    #[inline]
    pub fn pull_back(&mut self, len: usize) -> Result<(), NoRoom> {
        let held = self.data_len();
        let kept = held.checked_sub(len).ok_or(NoRoom { needed: len, available: held })?;
        self.narrow(0..kept)
    }

    /// Sets what the data is.
    #[inline]
    pub const fn set_next_header(&mut self, next_header: IpProtocol) {
        self.next_header = next_header;
    }

    /// What the data is.
    #[inline]
    pub const fn next_header(&self) -> IpProtocol {
        self.next_header
    }

    /// The detached header; empty if none is.
    #[inline]
    pub fn header(&self) -> &[u8] {
        self.buf.get(self.header.clone()).unwrap_or_default()
    }

    /// Octets of the detached header; 0 if none is.
    #[inline]
    pub const fn header_len(&self) -> usize {
        self.header.end.saturating_sub(self.header.start)
    }

    /// Zeroes a part of the buffer, which may lie outside header and data: where something secret stood.
    pub fn wipe(&mut self, part: Range<usize>) {
        self.buf.get_mut(part).unwrap_or_default().fill(0);
    }

    /// The data.
    #[inline]
    pub fn data(&self) -> &[u8] {
        self.buf.get(self.data.clone()).unwrap_or_default()
    }

    /// The data, to be changed in place.
    #[inline]
    pub fn data_mut(&mut self) -> &mut [u8] {
        self.buf.get_mut(self.data.clone()).unwrap_or_default()
    }

    /// Octets of the data.
    #[inline]
    pub const fn data_len(&self) -> usize {
        self.data.end.saturating_sub(self.data.start)
    }

    /// Where the data stands in the buffer.
    #[inline]
    pub const fn data_range(&self) -> Range<usize> {
        self.data.start..self.data.end
    }

    /// What policy looks at: of the detached header and the data behind it, or of the data where that is an IP packet.
    ///
    /// # Errors
    ///
    /// As [`FlowKey::of`]; [`Invalid`](ipsec_types::ParseErrorKind::Invalid) where there is neither a detached header nor
    /// an IP packet.
    pub fn flow(&self) -> Result<FlowKey, ParseError> {
        if !self.header.is_empty() {
            return FlowKey::of_parts(self.header(), self.next_header, self.data());
        }
        match self.next_header {
            IpProtocol::IPV4 | IpProtocol::IPV6 => FlowKey::of(self.data()),
            _ => Err(ParseError::new(ParseErrorKind::Invalid("IP header"), 0)),
        }
    }

    /// Whether the detached header is that of a fragment.
    #[inline]
    pub fn is_fragment(&self) -> bool {
        !self.header.is_empty() && FragmentInfo::of_header(self.header()).is_some()
    }

    /// How many octets the data can grow at its front.
    #[inline]
    pub const fn headroom(&self) -> usize {
        self.data.start.saturating_sub(self.header_len())
    }

    /// How many octets the data can grow at its end.
    #[inline]
    pub const fn tailroom(&self) -> usize {
        self.buf.len().saturating_sub(self.data.end)
    }
}

impl fmt::Debug for Packet<'_> {
    /// Where things are; never what they hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("header", &self.header)
            .field("data", &self.data)
            .field("next_header", &self.next_header)
            .field("buf_len", &self.buf.len())
            .finish()
    }
}

/// A packet buffer is too short for what was asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("no room: {needed} octets needed, {available} available")]
pub struct NoRoom {
    /// Octets that were asked for.
    pub needed: usize,
    /// Octets there are.
    pub available: usize,
}

/// Why a header cannot be put in front of the data again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// What is detached is no IP header with its extension headers, or nothing is detached.
    #[error("no IP header is detached")]
    NoHeader,
    /// The packet would be longer than its length field can say.
    #[error("packet too long for its length field")]
    TooLong,
    /// The buffer has too little room for the header.
    #[error("{0}")]
    NoRoom(#[from] NoRoom),
}

/// Sets length, protocol and checksum of `header`, which stands in front of a packet of `total` octets; says which
/// family it is.
fn patch_header(header: &mut [u8], protocol: IpProtocol, total: usize) -> Result<IpProtocol, HeaderError> {
    let field = |value: usize| u16::try_from(value).map(u16::to_be_bytes).map_err(|_| HeaderError::TooLong);
    match header.first().map(|octet| octet >> 4) {
        Some(4) => {
            let ihl = header.first().map_or(0, |octet| usize::from(octet & 0x0f).saturating_mul(4));
            if ihl != header.len() {
                return Err(HeaderError::NoHeader);
            }
            let fixed = header.first_chunk_mut::<{ Ipv4Header::MIN_LEN }>().ok_or(HeaderError::NoHeader)?;
            [fixed[2], fixed[3]] = field(total)?;
            fixed[9] = protocol.0;
            refresh_checksum(header);
            Ok(IpProtocol::IPV4)
        }
        Some(6) => {
            let length = field(total.saturating_sub(Ipv6Header::LEN))?;
            let named_at = last_next_header(header).ok_or(HeaderError::NoHeader)?;
            let fixed = header.first_chunk_mut::<{ Ipv6Header::LEN }>().ok_or(HeaderError::NoHeader)?;
            [fixed[4], fixed[5]] = length;
            *header.get_mut(named_at).ok_or(HeaderError::NoHeader)? = protocol.0;
            Ok(IpProtocol::IPV6)
        }
        _ => Err(HeaderError::NoHeader),
    }
}

/// Where, in an IPv6 header with extension headers and nothing behind them, the octet stands that names what follows.
fn last_next_header(header: &[u8]) -> Option<usize> {
    let mut named_at = 6usize;
    let mut end = Ipv6Header::LEN;
    while end < header.len() {
        let protocol = IpProtocol(*header.get(named_at)?);
        if !is_extension(protocol) {
            return None;
        }
        named_at = end;
        let units = if protocol == IpProtocol::FRAGMENT { 0 } else { *header.get(end.checked_add(1)?)? };
        end = end.checked_add(8)?.checked_add(usize::from(units).checked_mul(8)?)?;
    }
    (end == header.len()).then_some(named_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ports;
    use crate::{IpHeader, Ipv4Fields, Ipv6Fields};
    use alloc::vec::Vec;
    use ipsec_types::{Encode as _, Writer};

    fn ipv4_udp() -> Vec<u8> {
        let fields = Ipv4Fields {
            source: [192, 0, 2, 1].into(),
            destination: [192, 0, 2, 2].into(),
            protocol: IpProtocol::UDP,
            traffic_class: 0,
            ttl: 64,
            identification: 0,
            dont_fragment: false,
            payload_len: 4,
        };
        let mut packet = alloc::vec![0xaa; 24];
        fields.encode(&mut Writer::new(&mut packet)).unwrap();
        packet
    }

    #[test]
    fn a_header_steps_aside_and_returns() {
        let mut buf = alloc::vec![0; 16];
        buf.extend(ipv4_udp());
        buf.extend([0; 16]);
        let mut packet = Packet::new(&mut buf, 16..40, IpProtocol::IPV4).unwrap();
        packet.detach_header(20, IpProtocol::UDP).unwrap();
        packet.push_front(8).unwrap().fill(1);
        packet.push_back(3).unwrap().fill(2);
        packet.set_next_header(IpProtocol::ESP);
        packet.attach_header().unwrap();
        let IpHeader::V4(ip) = IpHeader::parse(packet.data()).unwrap() else { panic!("IPv4") };
        assert!(ip.checksum_is_valid());
        assert_eq!((ip.protocol(), ip.payload().len()), (IpProtocol::ESP, 15));
        assert_eq!(packet.next_header(), IpProtocol::IPV4);

        packet.detach_header(20, IpProtocol::ESP).unwrap();
        packet.pull_front(8).unwrap();
        packet.pull_back(3).unwrap();
        packet.set_next_header(IpProtocol::UDP);
        packet.attach_header().unwrap();
        assert_eq!(packet.data(), ipv4_udp());
    }

    #[test]
    fn the_last_extension_header_names_the_protocol() {
        let fields = Ipv6Fields {
            source: "2001:db8::1".parse().unwrap(),
            destination: "2001:db8::2".parse().unwrap(),
            next_header: IpProtocol::DESTINATION_OPTIONS,
            traffic_class: 0,
            flow_label: 0,
            hop_limit: 64,
            payload_len: 12,
        };
        let mut buf = alloc::vec![0; 52];
        fields.encode(&mut Writer::new(&mut buf)).unwrap();
        buf[40] = IpProtocol::ESP.0;
        let mut packet = Packet::new(&mut buf, 0..52, IpProtocol::IPV6).unwrap();
        packet.detach_header(48, IpProtocol::ESP).unwrap();
        packet.set_next_header(IpProtocol::UDP);
        packet.attach_header().unwrap();
        let ip = IpHeader::parse(packet.data()).unwrap();
        assert_eq!(ip.upper_layer().unwrap().protocol, IpProtocol::UDP);
    }

    /// RFC 8200 §4.5: the octet behind Next Header is reserved in a Fragment header, and ignored.
    #[test]
    fn rfc8200_4_5_a_reserved_octet_is_no_length() {
        let mut header = ipv6_header();
        header[6] = IpProtocol::FRAGMENT.0;
        header.extend([IpProtocol::ESP.0, 0xff, 0, 0, 0, 0, 0, 1]);
        let mut packet = Packet::new(&mut header, 0..48, IpProtocol::IPV6).unwrap();
        packet.detach_header(48, IpProtocol::UDP).unwrap();
        packet.attach_header().unwrap();
        assert_eq!(packet.data()[40..42], [IpProtocol::UDP.0, 0xff]);
    }

    /// A header whose own lengths end elsewhere is none.
    #[test]
    fn ea_09_detached_headers_that_lie_are_not_attached() {
        let refused = |mut octets: Vec<u8>, family| {
            let before = octets.clone();
            let len = octets.len();
            let mut packet = Packet::new(&mut octets, 0..len, family).unwrap();
            packet.detach_header(len, IpProtocol::UDP).unwrap();
            assert_eq!(packet.attach_header(), Err(HeaderError::NoHeader));
            assert_eq!(octets, before);
        };
        for ihl in [0, 4, 5, 7, 15] {
            let mut header = [&ipv4_header()[..], &[1; 4]].concat();
            header[0] = 0x40 | ihl;
            refused(header, IpProtocol::IPV4);
        }
        for units in [1, 255] {
            let mut header = [&ipv6_header()[..], &[17, units, 1, 4, 0, 0, 0, 0]].concat();
            header[6] = IpProtocol::DESTINATION_OPTIONS.0;
            refused(header, IpProtocol::IPV6);
        }
        refused([&ipv6_header()[..], &[0; 8]].concat(), IpProtocol::IPV6);
        refused(ipv6_header()[..39].to_vec(), IpProtocol::IPV6);
    }

    #[test]
    fn room_is_checked_and_a_refusal_changes_nothing() {
        let mut buf = [0; 10];
        assert!(Packet::new(&mut buf, 4..11, IpProtocol::UDP).is_err());
        #[expect(clippy::reversed_empty_ranges, reason = "what a careless caller may pass")]
        let reversed = 6..4;
        assert!(Packet::new(&mut buf, reversed, IpProtocol::UDP).is_err());
        let mut packet = Packet::new(&mut buf, 4..8, IpProtocol::UDP).unwrap();
        packet.detach_header(2, IpProtocol::UDP).unwrap();
        assert_eq!(packet.push_front(5), Err(NoRoom { needed: 5, available: 4 }));
        assert_eq!(packet.push_back(3), Err(NoRoom { needed: 3, available: 2 }));
        assert!(packet.push_back(usize::MAX).is_err() && packet.pull_front(3).is_err());
        assert_eq!((packet.header().len(), packet.data().len()), (2, 2));
        assert_eq!(packet.attach_header(), Err(HeaderError::NoHeader));
        assert_eq!((packet.header().len(), packet.data().len()), (2, 2));
    }

    #[test]
    fn a_detached_header_and_its_data_make_the_flow() {
        for (header, family) in [(ipv4_header(), IpProtocol::IPV4), (ipv6_header(), IpProtocol::IPV6)] {
            let whole = [&header[..], &[0, 7, 0, 9, 0, 8, 0, 0]].concat();
            let mut buf = whole.clone();
            let mut packet = Packet::new(&mut buf, 0..whole.len(), family).unwrap();
            let flow = packet.flow().unwrap();
            assert_eq!(flow.ports, Ports::Ports { source: 7, destination: 9 });
            packet.detach_header(header.len(), IpProtocol::UDP).unwrap();
            assert_eq!(packet.flow(), Ok(flow));
            packet.discard_header();
            assert!(packet.flow().is_err());
        }
    }

    #[test]
    fn ea_11_the_detached_header_of_a_fragment() {
        for (octets, fragment) in [([0, 0], false), ([0x40, 0], false), ([0x20, 0], true), ([0, 1], true)] {
            // The flag in front is reserved.
            for reserved in [0, 0x80] {
                let mut header = ipv4_header();
                header[6..8].copy_from_slice(&[octets[0] | reserved, octets[1]]);
                assert_eq!(detached(&header, IpProtocol::IPV4), fragment, "{octets:?}");
            }
            let mut header = ipv6_header();
            header[6] = IpProtocol::FRAGMENT.0;
            let [high, low] = [octets[1] * 8, u8::from(octets[0] == 0x20)];
            header.extend([IpProtocol::UDP.0, 0, 0, high | low, 0, 0, 0, 1]);
            assert_eq!(detached(&header, IpProtocol::IPV6), fragment, "{octets:?}");
            // What it names may be an extension header that stays with the data.
            header[40] = IpProtocol::DESTINATION_OPTIONS.0;
            assert_eq!(detached(&header, IpProtocol::IPV6), fragment, "{octets:?}");
        }
    }

    /// What stands where ports would is the middle of a datagram (RFC 4301 §7).
    #[test]
    fn pd_02_the_data_behind_a_later_fragments_header_shows_no_ports() {
        let ports = Ports::Ports { source: 7, destination: 8 };
        for (offset, shown) in [(0, ports), (1, Ports::Opaque)] {
            let mut four = ipv4_header();
            four[6..8].copy_from_slice(&[0x20, offset]);
            let mut six = ipv6_header();
            six[6] = IpProtocol::FRAGMENT.0;
            six.extend([IpProtocol::UDP.0, 0, 0, (offset << 3) | 1, 0, 0, 0, 1]);
            for (header, family) in [(four, IpProtocol::IPV4), (six, IpProtocol::IPV6)] {
                let mut buf = [&header[..], &[0, 7, 0, 8, 0, 8, 0, 0]].concat();
                let end = buf.len();
                let mut packet = Packet::new(&mut buf, 0..end, family).unwrap();
                packet.detach_header(header.len(), IpProtocol::UDP).unwrap();
                assert_eq!(packet.flow().unwrap().ports, shown, "{family}, offset {offset}");
            }
        }
    }

    fn detached(header: &[u8], family: IpProtocol) -> bool {
        let mut buf = header.to_vec();
        let mut packet = Packet::new(&mut buf, 0..header.len(), family).unwrap();
        packet.detach_header(header.len(), IpProtocol::UDP).unwrap();
        packet.is_fragment()
    }

    fn ipv4_header() -> Vec<u8> {
        let fields = Ipv4Fields {
            source: [10, 1, 0, 1].into(),
            destination: [10, 2, 0, 1].into(),
            protocol: IpProtocol::UDP,
            traffic_class: 0,
            ttl: 64,
            identification: 1,
            dont_fragment: false,
            payload_len: 8,
        };
        encoded(&fields, 20)
    }

    fn ipv6_header() -> Vec<u8> {
        let fields = Ipv6Fields {
            source: "2001:db8::1".parse().unwrap(),
            destination: "2001:db8::2".parse().unwrap(),
            next_header: IpProtocol::UDP,
            traffic_class: 0,
            flow_label: 0,
            hop_limit: 1,
            payload_len: 8,
        };
        encoded(&fields, 40)
    }

    fn encoded(fields: &impl ipsec_types::Encode, len: usize) -> Vec<u8> {
        let mut octets = alloc::vec![0; len];
        fields.encode(&mut Writer::new(&mut octets)).unwrap();
        octets
    }
}
