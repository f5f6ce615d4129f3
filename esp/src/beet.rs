//! The Bound End-to-End Tunnel of draft-nikander-esp-beet-mode-09: the wire format of transport mode, between inner
//! addresses that both ends know.

use crate::error::{OpenError, SealError};
use core::net::IpAddr;
use ipsec_crypto_suite::CryptoError;
use ipsec_ip_packet::{IpHeader, Ipv4Fields, Ipv4Header, Ipv6Fields, Ipv6Header, NoRoom, Packet, SplitError};
use ipsec_sa_db::Mode;
use ipsec_types::{Encode, IpProtocol, Writer};

/// The pseudo-header that carries IPv4 options (§5.4 of the draft): next header, its length in units of 8 octets less one,
/// length of padding, reserved; padding; the options.
const PSEUDO_HEADER: IpProtocol = IpProtocol(94);
const PSEUDO_FIXED: usize = 4;
const MAX_OPTIONS: usize = 40;
const NO_OPERATION: u8 = 1;

/// How an inner IP header is taken off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strip {
    /// Octets of the inner header.
    pub(crate) header_len: usize,
    /// Octets of the pseudo-header in its place.
    pub(crate) pseudo_len: usize,
    /// Octets behind the inner header, the pseudo-header included.
    pub(crate) payload_len: usize,
    /// What is protected.
    pub(crate) next_header: IpProtocol,
    /// What the inner header carries.
    protocol: IpProtocol,
    /// Octets behind the IP packet.
    extra: usize,
}

/// Refuses inner addresses of two families.
pub(crate) fn check(mode: Mode) -> Result<(), CryptoError> {
    let two_families = matches!(mode, Mode::Beet { local, remote } if local.is_ipv4() != remote.is_ipv4());
    if two_families { Err(CryptoError::Invalid("inner addresses of two families")) } else { Ok(()) }
}

/// What there is to take off the IP packet that is the data.
pub(crate) fn strip(packet: &Packet<'_>, local: IpAddr, remote: IpAddr) -> Result<Strip, SealError> {
    let ip = IpHeader::parse(packet.data()).map_err(SplitError::from)?;
    if ip.source() != local || ip.destination() != remote {
        return Err(SealError::Addresses);
    }
    let extra = packet.data().len().saturating_sub(ip.packet_len());
    let (header_len, protocol, payload, options) = match &ip {
        IpHeader::V4(ip) if ip.fragment().is_some() => return Err(SplitError::Fragment.into()),
        IpHeader::V4(ip) => (ip.header_len(), ip.protocol(), ip.payload().len(), ip.options().len()),
        IpHeader::V6(ip) => {
            if ip.upper_layer().map_err(SplitError::from)?.fragment.is_some() {
                return Err(SplitError::Fragment.into());
            }
            (Ipv6Header::LEN, ip.next_header(), ip.payload().len(), 0)
        }
    };
    let (pseudo_len, next_header) = match options {
        0 => (0, protocol),
        options => (options.saturating_add(PSEUDO_FIXED).next_multiple_of(8), PSEUDO_HEADER),
    };
    let payload_len = payload.saturating_add(pseudo_len);
    Ok(Strip { header_len, pseudo_len, payload_len, next_header, protocol, extra })
}

impl Strip {
    /// Takes it off.
    pub(crate) fn apply(&self, packet: &mut Packet<'_>) -> Result<(), NoRoom> {
        let mut held = [0; MAX_OPTIONS];
        let options_len = self.header_len.saturating_sub(Ipv4Header::MIN_LEN).min(MAX_OPTIONS);
        let options = packet.data().get(Ipv4Header::MIN_LEN..self.header_len).unwrap_or_default();
        held.iter_mut().zip(options).for_each(|(to, from)| *to = *from);
        packet.pull_back(self.extra)?;
        packet.pull_front(self.header_len)?;
        if self.pseudo_len == 0 {
            return Ok(());
        }
        let padding = self.pseudo_len.saturating_sub(PSEUDO_FIXED).saturating_sub(options_len);
        let out = packet.push_front(self.pseudo_len)?;
        let octet = |value: usize| u8::try_from(value).unwrap_or(u8::MAX);
        let units = octet((self.pseudo_len >> 3).saturating_sub(1));
        if let Some((fixed, rest)) = out.split_first_chunk_mut::<PSEUDO_FIXED>() {
            *fixed = [self.protocol.0, units, octet(padding), 0];
            let (pad, rest) = rest.split_at_mut_checked(padding).unwrap_or_default();
            pad.fill(NO_OPERATION);
            rest.iter_mut().zip(held).for_each(|(to, from)| *to = from);
        }
        Ok(())
    }
}

/// Whether there is room for the inner header once ESP's `pulled` octets in front and the outer header are gone; options
/// bring their own.
pub(crate) fn check_room(packet: &Packet<'_>, pulled: usize, local: IpAddr) -> Result<(), OpenError> {
    let needed = if local.is_ipv4() { Ipv4Header::MIN_LEN } else { Ipv6Header::LEN };
    let available = packet.headroom().saturating_add(packet.header_len()).saturating_add(pulled);
    if available < needed { Err(NoRoom { needed, available }.into()) } else { Ok(()) }
}

/// Puts the inner header in front of the payload that is the data, made of the detached outer header, and drops that.
pub(crate) fn restore(packet: &mut Packet<'_>, local: IpAddr, remote: IpAddr) -> Result<(), OpenError> {
    let outer = Outer::of(packet.header()).ok_or(OpenError::Inner)?;
    let mut options = [0; MAX_OPTIONS];
    let options_len = match packet.next_header() {
        PSEUDO_HEADER if local.is_ipv4() => take_pseudo_header(packet, &mut options)?,
        PSEUDO_HEADER => return Err(OpenError::Inner),
        _ => 0,
    };
    let protocol = packet.next_header();
    packet.discard_header();
    let payload_len = packet.data().len();
    match (remote, local) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let fields = Ipv4Fields {
                source,
                destination,
                protocol,
                traffic_class: outer.traffic_class,
                ttl: outer.hops,
                identification: outer.identification,
                dont_fragment: outer.dont_fragment,
                payload_len,
            };
            put(packet, &fields, options.get(..options_len).unwrap_or_default())?;
            packet.set_next_header(IpProtocol::IPV4);
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let fields = Ipv6Fields {
                source,
                destination,
                next_header: protocol,
                traffic_class: outer.traffic_class,
                flow_label: outer.flow_label,
                hop_limit: outer.hops,
                payload_len,
            };
            put(packet, &fields, &[])?;
            packet.set_next_header(IpProtocol::IPV6);
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return Err(OpenError::Inner),
    }
    Ok(())
}

/// What of the outer header the inner one is made of.
struct Outer {
    traffic_class: u8,
    hops: u8,
    identification: u16,
    dont_fragment: bool,
    flow_label: u32,
}

impl Outer {
    /// Of a detached header, whose length field may say anything.
    fn of(header: &[u8]) -> Option<Self> {
        let traffic_class = ipsec_ip_packet::traffic_class(header).ok()?;
        let fixed = header.first_chunk::<{ Ipv4Header::MIN_LEN }>()?;
        if fixed[0] >> 4 == 4 {
            let identification = u16::from_be_bytes([fixed[4], fixed[5]]);
            let dont_fragment = fixed[6] & 0x40 != 0;
            return Some(Self {
                traffic_class,
                hops: fixed[8],
                identification,
                dont_fragment,
                flow_label: 0,
            });
        }
        let flow_label = u32::from_be_bytes([0, fixed[1] & 0x0f, fixed[2], fixed[3]]);
        Some(Self { traffic_class, hops: fixed[7], identification: 0, dont_fragment: true, flow_label })
    }
}

/// Takes the pseudo-header off, and yields how many octets of options it held.
fn take_pseudo_header(packet: &mut Packet<'_>, options: &mut [u8; MAX_OPTIONS]) -> Result<usize, OpenError> {
    let (fixed, rest) = packet.data().split_first_chunk::<PSEUDO_FIXED>().ok_or(OpenError::Inner)?;
    let [next, units, padding, _] = *fixed;
    let whole = usize::from(units).saturating_add(1).saturating_mul(8);
    let held = rest.get(..whole.saturating_sub(PSEUDO_FIXED)).ok_or(OpenError::Inner)?;
    let held = held.get(usize::from(padding)..).ok_or(OpenError::Inner)?;
    let len = held.len();
    if !len.is_multiple_of(4) || IpProtocol(next) == PSEUDO_HEADER {
        return Err(OpenError::Inner);
    }
    options.get_mut(..len).ok_or(OpenError::Inner)?.copy_from_slice(held);
    packet.pull_front(whole)?;
    packet.set_next_header(IpProtocol(next));
    Ok(len)
}

/// Puts a header and options in front of the data. Lengths, and a checksum that counts the options, come by detaching and
/// attaching it.
fn put(packet: &mut Packet<'_>, fields: &impl Encode, options: &[u8]) -> Result<(), OpenError> {
    let protocol = packet.next_header();
    let fixed = fields.encoded_len();
    let len = fixed.saturating_add(options.len());
    let out = packet.push_front(len)?;
    let (head, tail) = out.split_at_mut_checked(fixed).unwrap_or_default();
    fields.encode(&mut Writer::new(head)).map_err(|_| OpenError::Inner)?;
    tail.copy_from_slice(options);
    if let (Some(first), false) = (head.first_mut(), options.is_empty()) {
        *first = u8::try_from(len >> 2).map_or(*first, |words| 0x40 | words);
    }
    packet.detach_header(len, protocol)?;
    packet.attach_header().map_err(|_| OpenError::Inner)
}
