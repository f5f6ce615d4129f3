use crate::Packet;
use crate::checksum::adjusted;
use crate::ecn::{Ecn, EcnOutcome};
use crate::ip::IpHeader;
use crate::ipv4::{Ipv4Fields, Ipv4Header};
use crate::ipv6::{Ipv6Fields, Ipv6Header};
use crate::packet::HeaderError;
use alloc::boxed::Box;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ipsec_types::{Encode as _, IpProtocol, ParseError, ParseErrorKind, Writer};

/// The outer headers of a tunnel (RFC 4301 §5.1.2): its ends, and how the other fields follow from the inner header.
///
/// Neither options nor extension headers are copied. Fragmentation of what comes out is the caller's; the identifications of
/// packets that may be fragmented count up from 0, or from where [`start_identification`](Self::start_identification) says.
///
/// ```
/// use ipsec_ip_packet::{IpHeader, Packet, Tunnel};
/// use ipsec_types::IpProtocol;
///
/// let mut tunnel = Tunnel::new([192, 0, 2, 1].into(), [198, 51, 100, 1].into())?;
/// let inner = [0x45, 0xb9, 0, 20, 0, 0, 0x40, 0, 9, 59, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1];
/// let mut buf = [0; 64];
/// buf[32..52].copy_from_slice(&inner);
/// let mut packet = Packet::new(&mut buf, 32..52, IpProtocol::IPV4)?;
/// packet.encapsulate(&mut tunnel)?; // the outer header is the detached one: ESP or AH goes in between
/// packet.attach_header()?;
/// let IpHeader::V4(outer) = IpHeader::parse(packet.data())? else { panic!("IPv4") };
/// assert_eq!((outer.traffic_class(), outer.dont_fragment(), outer.ttl()), (0xb9, true, 64));
/// assert_eq!((outer.protocol(), outer.payload()), (IpProtocol::IPV4, &inner[..]));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tunnel {
    ends: Ends,
    next_identification: u16,
    /// What becomes of DSCP; copied by default.
    pub dscp: DscpRule,
    /// What becomes of ECN; normal by default.
    pub ecn: EcnMode,
    /// What the outer DF bit is over IPv4; copied by default.
    pub dont_fragment: DfRule,
    /// What the outer flow label is over IPv6; 0 by default.
    pub flow_label: FlowLabelRule,
    /// The outer TTL or hop limit; 64 by default.
    pub hop_limit: HopLimitRule,
    /// Whether decapsulation takes the outer DSCP over into the inner header, as in the uniform model of RFC 2983 §3; off
    /// by default: the pipe model, and that of RFC 4301 §5.1.2.1.
    pub uniform_dscp: bool,
}

#[derive(Clone, Copy, Debug)]
enum Ends {
    V4(Ipv4Addr, Ipv4Addr),
    V6(Ipv6Addr, Ipv6Addr),
}

/// What the outer DSCP is (RFC 4301 §5.1.2.1, RFC 2983).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 4301 §5.1.2 has these")]
pub enum DscpRule {
    /// The inner one.
    Copy,
    /// Always this; of its eight bits the lower six.
    Set(u8),
    /// The entry for the inner one.
    Map(Box<[u8; 64]>),
}

/// What the encapsulator does with ECN (RFC 6040 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 6040 §4.3 has these")]
pub enum EcnMode {
    /// The outer bits are the inner ones.
    Normal,
    /// The outer bits are Not-ECT, for a decapsulator that would lose marks.
    Compatibility,
}

/// What the outer DF bit of IPv4 is (RFC 4301 §8.1). An IPv6 packet inside counts as one with DF set: routers do not
/// fragment it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 4301 §8.1 has these")]
pub enum DfRule {
    /// The inner one.
    Copy,
    /// Set: path MTU discovery of the tunnel.
    Set,
    /// Clear: routers may fragment the outer packet.
    Clear,
}

/// What the outer flow label of IPv6 is (RFC 4301 §5.1.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 4301 §5.1.2.2 has these")]
pub enum FlowLabelRule {
    /// The inner one, 0 for IPv4 inside.
    Copy,
    /// Always this; of its 32 bits the lower twenty.
    Set(u32),
}

/// What the outer TTL or hop limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by nature")]
pub enum HopLimitRule {
    /// Always this, as in a tunnel (RFC 4301 §5.1.2.1).
    Set(u8),
    /// The inner one, as in BEET mode, where the outer header stands for the inner one.
    Copy,
}

/// An outer header, made for one inner packet. Lengths, protocol and checksum come with
/// [`Packet::attach_header`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are two versions of IP")]
pub enum OuterHeader {
    /// IPv4 without options.
    V4(Ipv4Fields),
    /// IPv6 without extension headers.
    V6(Ipv6Fields),
}

impl Tunnel {
    /// A tunnel between two addresses of one family, ours first.
    ///
    /// # Errors
    ///
    /// [`TunnelError`] where the families differ.
    pub fn new(source: IpAddr, destination: IpAddr) -> Result<Self, TunnelError> {
        let ends = match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Ends::V4(source, destination),
            (IpAddr::V6(source), IpAddr::V6(destination)) => Ends::V6(source, destination),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return Err(TunnelError),
        };
        Ok(Self {
            ends,
            next_identification: 0,
            dscp: DscpRule::Copy,
            ecn: EcnMode::Normal,
            dont_fragment: DfRule::Copy,
            flow_label: FlowLabelRule::Set(0),
            hop_limit: HopLimitRule::Set(64),
            uniform_dscp: false,
        })
    }

    /// Has the identification of the next IPv4 packet that may be fragmented be this: a random start tells an observer
    /// less.
    pub const fn start_identification(&mut self, next: u16) {
        self.next_identification = next;
    }

    /// Octets of the outer header.
    pub const fn header_len(&self) -> usize {
        match self.ends {
            Ends::V4(..) => Ipv4Header::MIN_LEN,
            Ends::V6(..) => Ipv6Header::LEN,
        }
    }

    /// The outer header for a packet.
    ///
    /// # Errors
    ///
    /// As [`IpHeader::parse`].
    pub fn outer(&mut self, inner: &[u8]) -> Result<OuterHeader, ParseError> {
        Ok(self.outer_of(&IpHeader::parse(inner)?))
    }

    /// The outer header for a packet that was read already.
    pub fn outer_of(&mut self, inner: &IpHeader<'_>) -> OuterHeader {
        let (class, dont_fragment, label, hops) = match inner {
            IpHeader::V4(inner) => (inner.traffic_class(), inner.dont_fragment(), 0, inner.ttl()),
            IpHeader::V6(inner) => (inner.traffic_class(), true, inner.flow_label(), inner.hop_limit()),
        };
        let hop_limit = match self.hop_limit {
            HopLimitRule::Set(set) => set,
            HopLimitRule::Copy => hops,
        };
        let traffic_class = self.outer_class(class);
        // Set by attach_header.
        let (protocol, payload_len) = (IpProtocol::NO_NEXT_HEADER, 0);
        match self.ends {
            Ends::V4(source, destination) => {
                let dont_fragment = match self.dont_fragment {
                    DfRule::Copy => dont_fragment,
                    DfRule::Set => true,
                    DfRule::Clear => false,
                };
                let identification = self.identification(dont_fragment);
                let ttl = hop_limit;
                OuterHeader::V4(Ipv4Fields {
                    source,
                    destination,
                    protocol,
                    traffic_class,
                    ttl,
                    identification,
                    dont_fragment,
                    payload_len,
                })
            }
            Ends::V6(source, destination) => {
                let flow_label = match self.flow_label {
                    FlowLabelRule::Copy => label,
                    FlowLabelRule::Set(label) => label & 0x000f_ffff,
                };
                OuterHeader::V6(Ipv6Fields {
                    source,
                    destination,
                    next_header: protocol,
                    traffic_class,
                    flow_label,
                    hop_limit,
                    payload_len,
                })
            }
        }
    }

    fn outer_class(&self, inner: u8) -> u8 {
        let dscp = match &self.dscp {
            DscpRule::Copy => inner >> 2,
            DscpRule::Set(dscp) => *dscp,
            DscpRule::Map(map) => map.get(usize::from(inner >> 2)).copied().unwrap_or_default(),
        };
        let ecn = match self.ecn {
            EcnMode::Normal => inner & 0b11,
            EcnMode::Compatibility => Ecn::NotEct.bits(),
        };
        ((dscp & 0x3f) << 2) | ecn
    }

    /// 0 for a packet that is never fragmented (RFC 6864 §4.1), else each in turn.
    fn identification(&mut self, dont_fragment: bool) -> u16 {
        if dont_fragment {
            return 0;
        }
        let next = self.next_identification;
        self.next_identification = next.wrapping_add(1);
        next
    }

    /// Carries the outer traffic class over into the inner packet after decapsulation: ECN by [`Ecn::decapsulated`], DSCP
    /// where [`uniform_dscp`](Self::uniform_dscp) says so. The IPv4 checksum is kept right. Says whether the combination
    /// of ECN bits is worth an alarm.
    ///
    /// # Errors
    ///
    /// [`DecapsulateError`]: the packet is to be dropped; it is unchanged.
    pub fn decapsulate(&self, outer_class: u8, inner: &mut [u8]) -> Result<bool, DecapsulateError> {
        let class = traffic_class(inner)?;
        let (ecn, alarm) = match Ecn::of(class).decapsulated(Ecn::of(outer_class)) {
            EcnOutcome::Forward { ecn, alarm } => (ecn, alarm),
            EcnOutcome::Drop => return Err(DecapsulateError::Congestion),
        };
        let dscp = if self.uniform_dscp { outer_class } else { class };
        set_traffic_class(inner, (dscp & !0b11) | ecn.bits())?;
        Ok(alarm)
    }
}

impl OuterHeader {
    /// Octets of the header.
    pub const fn header_len(&self) -> usize {
        match self {
            Self::V4(_) => Ipv4Header::MIN_LEN,
            Self::V6(_) => Ipv6Header::LEN,
        }
    }

    fn encode(&self, out: &mut [u8]) -> Result<(), HeaderError> {
        let mut out = Writer::new(out);
        match self {
            Self::V4(fields) => fields.encode(&mut out),
            Self::V6(fields) => fields.encode(&mut out),
        }
        .map_err(|_| HeaderError::NoHeader)
    }
}

impl Packet<'_> {
    /// Puts the outer header of a tunnel, made for the IP packet that is the data, in front as the detached header.
    ///
    /// After ESP or AH was put between, [`attach_header`](Self::attach_header) sets its length, protocol and checksum.
    ///
    /// # Errors
    ///
    /// [`HeaderError::NoHeader`] where the data is no IP packet or a header is detached already,
    /// [`HeaderError::NoRoom`] where the headroom is too small.
    pub fn encapsulate(&mut self, tunnel: &mut Tunnel) -> Result<(), HeaderError> {
        let outer = tunnel.outer(self.data()).map_err(|_| HeaderError::NoHeader)?;
        self.put_header(&outer)
    }

    /// Puts an outer header in front of the data as the detached header.
    ///
    /// # Errors
    ///
    /// As [`encapsulate`](Self::encapsulate).
    pub fn put_header(&mut self, outer: &OuterHeader) -> Result<(), HeaderError> {
        if !self.header().is_empty() {
            return Err(HeaderError::NoHeader);
        }
        let protocol = self.next_header();
        outer.encode(self.push_front(outer.header_len())?)?;
        Ok(self.detach_header(outer.header_len(), protocol)?)
    }
}

/// DSCP and ECN of an IP packet.
///
/// # Errors
///
/// What is no IP packet.
pub fn traffic_class(packet: &[u8]) -> Result<u8, ParseError> {
    match packet {
        [first, class, ..] if first >> 4 == 4 => Ok(*class),
        [first, second, ..] if first >> 4 == 6 => Ok((first << 4) | (second >> 4)),
        _ => Err(ParseError::new(ParseErrorKind::Invalid("IP version"), 0)),
    }
}

/// Sets DSCP and ECN of an IP packet; the IPv4 header checksum is adjusted (RFC 1624).
///
/// # Errors
///
/// What is no IP packet; it is unchanged then.
pub fn set_traffic_class(packet: &mut [u8], class: u8) -> Result<(), ParseError> {
    let no_packet = ParseError::new(ParseErrorKind::Invalid("IP version"), 0);
    let fixed = packet.first_chunk_mut::<{ Ipv4Header::MIN_LEN }>().ok_or(no_packet)?;
    match fixed[0] >> 4 {
        4 => {
            let old = fixed[1];
            // Adjusting for no change would still turn a checksum of all ones into zeros.
            if old != class {
                adjust_checksum(fixed, [fixed[0], old], [fixed[0], class]);
                fixed[1] = class;
            }
        }
        6 => {
            fixed[0] = 0x60 | (class >> 4);
            fixed[1] = (fixed[1] & 0x0f) | (class << 4);
        }
        _ => return Err(no_packet),
    }
    Ok(())
}

/// Takes one off the TTL or hop limit of a packet that is forwarded, as both ends of a tunnel do (RFC 4301 §5.1.2.1);
/// the IPv4 header checksum is adjusted. `None`, and no change, where nothing would be left, or for what is no IP
/// packet: drop it.
///
/// ```
/// let mut packet = [0x45, 0, 0, 20, 0, 0, 0x40, 0, 2, 59, 0x26, 0x76, 10, 1, 0, 1, 10, 2, 0, 1];
/// assert_eq!(ipsec_ip_packet::decrement_hop_limit(&mut packet), Some(1));
/// assert_eq!(ipsec_ip_packet::decrement_hop_limit(&mut packet), None);
/// ```
pub fn decrement_hop_limit(packet: &mut [u8]) -> Option<u8> {
    let fixed = packet.first_chunk_mut::<{ Ipv4Header::MIN_LEN }>()?;
    let at: usize = match fixed[0] >> 4 {
        4 => 8,
        6 => 7,
        _ => return None,
    };
    let old = *fixed.get(at)?;
    let left = old.checked_sub(1).filter(|left| *left > 0)?;
    if at == 8 {
        adjust_checksum(fixed, [old, fixed[9]], [left, fixed[9]]);
    }
    *fixed.get_mut(at)? = left;
    Some(left)
}

fn adjust_checksum(fixed: &mut [u8; Ipv4Header::MIN_LEN], old: [u8; 2], new: [u8; 2]) {
    let checksum = u16::from_be_bytes([fixed[10], fixed[11]]);
    [fixed[10], fixed[11]] =
        adjusted(checksum, u16::from_be_bytes(old), u16::from_be_bytes(new)).to_be_bytes();
}

/// The ends of a tunnel are addresses of different families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("ends of a tunnel of different families")]
pub struct TunnelError;

/// Why a decapsulated packet is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DecapsulateError {
    /// It is no IP packet.
    #[error("{0}")]
    Malformed(#[from] ParseError),
    /// It met congestion, which its transport would not see (RFC 6040 §4.2).
    #[error("congestion on the way of a packet without ECN")]
    Congestion,
}

#[cfg(test)]
mod tests;
