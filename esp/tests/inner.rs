//! Limits of inbound SAs, and what lies inside: extension headers, fragments, further ESP.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

mod common;

use alloc::sync::Arc;
use common::{Counting, any, material, pair, params, protections, provider};
use ipsec_crypto_suite::{AeadId, Protection};
use ipsec_esp::{InboundSa, OpenError, Opened, OpenedKind, OutboundSa};
use ipsec_ip_packet::{Ipv6Fields, Packet, Ports};
use ipsec_sa_db::{
    AddressRange, LimitState, Mode, PortRange, SaParams, Selector, SelectorPair, Volume, VolumeLimits,
};
use ipsec_types::{Encode as _, IpProtocol, Writer};

const GCM: Protection = Protection::Aead(AeadId::Aes128Gcm16);
const ROOM: usize = 64;

/// The data sealed behind an IPv6 header, in transport mode.
fn sealed(sa: &mut OutboundSa, data: &[u8], next_header: IpProtocol) -> Vec<u8> {
    let mut header = vec![0; 40];
    let fields = Ipv6Fields {
        source: "2001:db8:1::1".parse().unwrap(),
        destination: "2001:db8:2::1".parse().unwrap(),
        next_header,
        traffic_class: 0,
        flow_label: 0,
        hop_limit: 64,
        payload_len: data.len(),
    };
    fields.encode(&mut Writer::new(&mut header)).unwrap();
    let mut buf = [&[0; ROOM][..], &header, data, &[0; ROOM]].concat();
    let mut packet = Packet::new(&mut buf, ROOM..ROOM + 40 + data.len(), IpProtocol::IPV6).unwrap();
    packet.detach_header(40, next_header).unwrap();
    sa.seal_in_place(&mut packet).unwrap();
    packet.attach_header().unwrap();
    packet.data().to_vec()
}

fn opened(sa: &mut InboundSa, packet: &[u8]) -> (Result<Opened, OpenError>, Vec<u8>, IpProtocol) {
    let mut buf = packet.to_vec();
    let mut packet = Packet::new(&mut buf, 0..packet.len(), IpProtocol::IPV6).unwrap();
    assert_eq!(packet.detach_to_upper_layer(), Ok(IpProtocol::ESP));
    let result = sa.open_in_place(&mut packet);
    (result, packet.data().to_vec(), packet.next_header())
}

/// SAs that take only UDP to port 9.
fn to_port_9() -> Arc<SelectorPair> {
    let addresses = AddressRange::prefix("2001:db8:2::".parse().unwrap(), 48).unwrap();
    let ports = PortRange::new(9, 9).unwrap();
    let local = Selector { addresses, protocol: Some(IpProtocol::UDP), ports };
    Arc::new(SelectorPair { local: local.into(), ..SelectorPair::any() })
}

#[test]
fn ea_14_extension_headers_inside_are_walked_so_far_and_no_further() {
    let udp = [0, 7, 0, 9, 0, 8, 0, 0];
    let options = |count: usize| {
        let mut octets = Vec::new();
        for left in (0..count).rev() {
            let next = if left == 0 { IpProtocol::UDP } else { IpProtocol::DESTINATION_OPTIONS };
            octets.extend([next.0, 0, 1, 4, 0, 0, 0, 0]);
        }
        [&octets[..], &udp].concat()
    };
    for (expect, limit) in [(any(), 16), (to_port_9(), 16)] {
        for count in [1, limit, limit + 1, 100] {
            let params = params(GCM, Mode::Transport, false);
            let mut outbound = pair(params).0;
            let mut inbound = InboundSa::new(&provider(), material(params), expect.clone()).unwrap();
            let packet = sealed(&mut outbound, &options(count), IpProtocol::DESTINATION_OPTIONS);
            let (result, data, next) = opened(&mut inbound, &packet);
            if count <= limit {
                assert_eq!(result.map(|opened| opened.kind), Ok(OpenedKind::Transport), "{count}");
                assert_eq!((data, next), (options(count), IpProtocol::DESTINATION_OPTIONS));
            } else {
                assert_eq!(result, Err(OpenError::SelectorMismatch), "{count}: what it is cannot be told");
            }
        }
    }
}

/// A Fragment header inside: the ports of a later fragment are OPAQUE (RFC 4301 §4.4.1.1), and no selector of ports takes it.
#[test]
fn ea_14_a_fragment_header_inside_transport_mode() {
    let fragment = |offset: u8| [17, 0, 0, offset, 0, 0, 0, 1, 0, 7, 0, 9, 0, 8, 0, 0];
    for (offset, taken) in [(1, true), (8, false), (9, false)] {
        let params = params(GCM, Mode::Transport, false);
        let mut outbound = pair(params).0;
        let mut inbound = InboundSa::new(&provider(), material(params), to_port_9()).unwrap();
        let packet = sealed(&mut outbound, &fragment(offset), IpProtocol::FRAGMENT);
        assert_eq!(opened(&mut inbound, &packet).0.is_ok(), taken, "offset {offset}");
        let packet = sealed(&mut outbound, &fragment(offset), IpProtocol::FRAGMENT);
        let (result, data, _) = opened(&mut pair(params).1, &packet);
        assert_eq!(result.map(|opened| opened.kind), Ok(OpenedKind::Transport));
        assert_eq!(data, fragment(offset), "where any ports will do it comes out as it is");
    }
    let later = ipsec_ip_packet::FlowKey::of_parts(&sealed_header(), IpProtocol::FRAGMENT, &fragment(8));
    assert_eq!(later.unwrap().ports, Ports::Opaque);
}

fn sealed_header() -> Vec<u8> {
    sealed(&mut pair(params(GCM, Mode::Transport, false)).0, &[], IpProtocol::UDP)[..40].to_vec()
}

/// A hundred levels, each with keys of its own: a call takes one off, and the depth of none matters.
#[test]
fn ea_14_a_hundred_levels_of_esp_come_off_one_by_one() {
    let params = params(GCM, Mode::Transport, false);
    let mut data = b"core".to_vec();
    let mut next = IpProtocol::UDP;
    for _ in 0..100 {
        data = sealed(&mut pair(params).0, &data, next)[40..].to_vec();
        next = IpProtocol::ESP;
    }
    for level in (0..100).rev() {
        let mut inbound = pair(params).1;
        let packet = [&sealed_header()[..], &data].concat();
        let mut buf = packet.clone();
        let mut packet = Packet::new(&mut buf, 0..packet.len(), IpProtocol::IPV6).unwrap();
        packet.detach_header(40, IpProtocol::ESP).unwrap();
        assert_eq!(inbound.open_in_place(&mut packet).unwrap().kind, OpenedKind::Transport, "level {level}");
        assert_eq!(packet.next_header(), if level == 0 { IpProtocol::UDP } else { IpProtocol::ESP });
        data = packet.data().to_vec();
    }
    assert_eq!(data, b"core");
}

/// RFC 4301 §4.4.2.1: octets and packets of an inbound SA, counted where they authenticated, and its end.
#[test]
fn pd_03_an_inbound_sa_ends_at_its_hard_limit() {
    for protection in protections() {
        let unlimited = params(protection, Mode::Transport, false);
        let mut outbound = OutboundSa::new(&provider(), &mut Counting(1), material(unlimited)).unwrap();
        let packets: Vec<_> = (0..5).map(|_| sealed(&mut outbound, b"payload!", IpProtocol::UDP)).collect();
        let esp_len = u64::try_from(packets[0].len() - 40).unwrap();
        let volume = |octets| Volume { octets, packets: u64::MAX };
        let limits = VolumeLimits { soft: volume(2 * esp_len), hard: volume(3 * esp_len) };
        let limited = SaParams { limits, ..unlimited };
        let mut inbound = InboundSa::new(&provider(), material(limited), any()).unwrap();
        let mut forged = packets[4].clone();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(opened(&mut inbound, &forged).0, Err(OpenError::Authentication));
        assert_eq!(inbound.used(), Volume { octets: 0, packets: 0 }, "what is forged is not counted");
        let states: Vec<_> =
            packets.iter().map(|packet| opened(&mut inbound, packet).0.map(|opened| opened.limit)).collect();
        let end = Err(OpenError::Expired);
        assert_eq!(states, [Ok(LimitState::Within), Ok(LimitState::Soft), Ok(LimitState::Hard), end, end]);
        assert_eq!(inbound.used(), Volume { octets: 3 * esp_len, packets: 3 });
        assert_eq!(inbound.highest_sequence(), 3);
    }
}

/// Without extended numbers there is no upper half: what an analyst says of one is ignored.
#[test]
fn rfc4303_2_2_1_no_upper_half_without_extended_numbers() {
    for (extended, takes) in [(false, true), (true, false)] {
        let (mut outbound, inbound) = pair(params(GCM, Mode::Transport, extended));
        let packet = sealed(&mut outbound, b"payload!", IpProtocol::UDP);
        let mut buf = packet.clone();
        let mut packet = Packet::new(&mut buf, 0..packet.len(), IpProtocol::IPV6).unwrap();
        packet.detach_to_upper_layer().unwrap();
        let result = inbound.inspect_in_place(&mut packet, 7).map(|opened| opened.sequence);
        assert_eq!(result, if takes { Ok(1) } else { Err(OpenError::Authentication) });
    }
}
