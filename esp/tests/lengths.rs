//! What ESP makes of the length of a packet, against packets that were sealed: every suite, mode and encapsulation.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

mod common;

use common::{Counting, material, pair, params, protections, provider};
use core::net::IpAddr;
use ipsec_crypto_suite::{CipherId, MacId, Protection};
use ipsec_esp::{MAX_ESP_LEN, OutboundSa, SealError, UdpEncapsulation};
use ipsec_ip_packet::{Expansion, Ipv4Fields, Ipv6Fields, Packet, Tunnel};
use ipsec_sa_db::Mode;
use ipsec_types::{Datagram, Encode, IpProtocol, TcpFrame, Writer};

const ENDS: [[&str; 2]; 2] = [["10.1.0.1", "10.2.0.1"], ["2001:db8:1::1", "2001:db8:2::1"]];
const ROOM: usize = 160;
const PORTS: UdpEncapsulation = UdpEncapsulation { source_port: 4500, destination_port: 4500 };
const NULL: Protection = Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha2_256_128 };

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn header_len(six: bool) -> usize {
    if six { 40 } else { 20 }
}

/// A UDP packet of so many octets, in IPv4 or IPv6.
fn packet_of(six: bool, length: usize) -> Vec<u8> {
    let mut octets = vec![0x5a; length];
    let out = &mut Writer::new(&mut octets);
    let payload_len = length - header_len(six);
    match ENDS[usize::from(six)].map(address) {
        [IpAddr::V4(source), IpAddr::V4(destination)] => Ipv4Fields {
            source,
            destination,
            protocol: IpProtocol::UDP,
            traffic_class: 0,
            ttl: 64,
            identification: 0,
            dont_fragment: true,
            payload_len,
        }
        .encode(out)
        .unwrap(),
        [IpAddr::V6(source), IpAddr::V6(destination)] => Ipv6Fields {
            source,
            destination,
            next_header: IpProtocol::UDP,
            traffic_class: 0,
            flow_label: 0,
            hop_limit: 64,
            payload_len,
        }
        .encode(out)
        .unwrap(),
        _ => unreachable!("one family"),
    }
    octets
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encapsulation {
    None,
    Udp,
    /// The length is that of the frame in the stream.
    Tcp,
}

/// Seals a packet of `length` octets, and says how long it is on the wire.
fn sealed_len(
    sa: &mut OutboundSa,
    mode: Mode,
    outer: Option<bool>,
    six: bool,
    how: Encapsulation,
    length: usize,
) -> usize {
    let inner = packet_of(six, length);
    let mut buf = [&[0; ROOM][..], &inner, &[0; ROOM]].concat();
    let family = if six { IpProtocol::IPV6 } else { IpProtocol::IPV4 };
    let mut packet = Packet::new(&mut buf, ROOM..ROOM + length, family).unwrap();
    let mut tunnel = outer.map(|outer| {
        let [source, destination] = ENDS[usize::from(outer)].map(address);
        Tunnel::new(source, destination).unwrap()
    });
    let header = tunnel.as_mut().map(|tunnel| tunnel.outer(&inner).unwrap());
    if mode == Mode::Transport {
        packet.detach_for_transport().unwrap();
    }
    sa.seal_in_place(&mut packet).unwrap();
    if how == Encapsulation::Tcp {
        let frame = TcpFrame(Datagram::Esp(packet.data()));
        let mut out = vec![0; frame.encoded_len()];
        frame.encode(&mut Writer::new(&mut out)).unwrap();
        return out.len();
    }
    if let Some(header) = header {
        packet.put_header(&header).unwrap();
    }
    if how == Encapsulation::Udp {
        PORTS.push(&mut packet).unwrap();
    }
    packet.attach_header().unwrap();
    packet.data().len()
}

/// RFC 4301 §8.2.1: the largest packet that fits a path, and that no larger one does.
#[test]
fn rfc4301_8_2_1_the_largest_packet_fits_and_no_larger_one() {
    for protection in protections() {
        for inner in [false, true] {
            let [local, remote] = ENDS[usize::from(inner)].map(address);
            let modes = [
                (Mode::Tunnel, Some(false)),
                (Mode::Tunnel, Some(true)),
                (Mode::Transport, None),
                (Mode::Beet { local, remote }, Some(false)),
                (Mode::Beet { local, remote }, Some(true)),
            ];
            for (mode, outer) in modes {
                let material = material(params(protection, mode, true));
                let mut sa = OutboundSa::new(&provider(), &mut Counting(1), material).unwrap();
                let sa_expansion = match outer {
                    Some(outer) => sa.expansion().behind(header_len(outer)),
                    None => sa.expansion().keeping(header_len(inner)),
                };
                for how in [Encapsulation::None, Encapsulation::Udp, Encapsulation::Tcp] {
                    let expansion = match how {
                        Encapsulation::None => sa_expansion,
                        Encapsulation::Udp => sa_expansion.behind(UdpEncapsulation::LEN),
                        Encapsulation::Tcp if mode == Mode::Transport => continue,
                        Encapsulation::Tcp => sa.expansion().behind(TcpFrame::LENGTH_LEN),
                    };
                    // As many in a row as a block has octets, at the least MTU of either IP and at Ethernet's.
                    for mtu in [576, 1280].into_iter().chain(1484..=1500) {
                        let name = format!("{protection}, {mode:?}, {outer:?}, IPv6 {inner}, {how:?}, {mtu}");
                        let largest = expansion.largest_inner(mtu).unwrap();
                        let mut on_wire = |length| sealed_len(&mut sa, mode, outer, inner, how, length);
                        let (fits, exceeds) = (on_wire(largest), on_wire(largest + 1));
                        assert!(fits <= mtu && mtu < exceeds, "{name}: {fits}, {exceeds}");
                        assert_eq!(expansion.protected_len(largest), fits, "{name}");
                        assert_eq!(expansion.protected_len(largest + 1), exceeds, "{name}");
                    }
                }
            }
        }
    }
}

/// The longest ESP packet fills a UDP datagram over IPv4 to the last octet, 65,535 with both headers.
#[test]
fn ea_13_the_longest_packet_fits_an_ipv4_datagram() {
    let mut sa = pair(params(NULL, Mode::Tunnel, false)).0;
    let expansion: Expansion = sa.expansion();
    let largest = expansion.largest_inner(MAX_ESP_LEN).unwrap();
    assert_eq!(MAX_ESP_LEN + UdpEncapsulation::LEN + 20, 65_535);
    let mut seal = |length| {
        let mut buf = vec![0; ROOM + length + ROOM];
        buf[ROOM] = 0x45;
        let mut packet = Packet::new(&mut buf, ROOM..ROOM + length, IpProtocol::IPV4).unwrap();
        sa.seal_in_place(&mut packet).map(|_| packet.data().len())
    };
    assert!(seal(largest).unwrap() <= MAX_ESP_LEN);
    for length in [largest + 1, MAX_ESP_LEN, 65_535] {
        assert_eq!(seal(length), Err(SealError::TooLong), "{length}");
    }
    assert_eq!(sa.last_sequence(), 1);
}

/// `room` is exact where the payload's length is known, and in BEET mode the inner header makes room for ESP's.
#[test]
fn ea_13_the_room_asked_for_is_enough_and_one_octet_less_is_not() {
    for six in [false, true] {
        let [local, remote] = ENDS[usize::from(six)].map(address);
        let inner = packet_of(six, 100);
        let family = if six { IpProtocol::IPV6 } else { IpProtocol::IPV4 };
        for (mode, freed) in [(Mode::Tunnel, 0), (Mode::Beet { local, remote }, header_len(six))] {
            for protection in protections() {
                let material = material(params(protection, mode, false));
                let mut sa = OutboundSa::new(&provider(), &mut Counting(1), material).unwrap();
                let expansion = sa.expansion();
                let tail = expansion.protected_len(100) - (100 - freed) - (8 + protection.iv_len());
                let head = (8 + protection.iv_len()).saturating_sub(freed);
                let mut seal = |head: usize, tail: usize| {
                    let mut buf = [&vec![0; head][..], &inner, &vec![0; tail]].concat();
                    let mut packet = Packet::new(&mut buf, head..head + 100, family).unwrap();
                    sa.seal_in_place(&mut packet)
                };
                assert!(seal(head, tail).is_ok(), "{protection} {mode:?}");
                assert!(matches!(seal(head, tail - 1), Err(SealError::NoRoom(_))), "{protection} {mode:?}");
                if let Some(head) = head.checked_sub(1) {
                    assert!(matches!(seal(head, tail), Err(SealError::NoRoom(_))), "{protection} {mode:?}");
                }
                assert_eq!(sa.last_sequence(), 1);
            }
        }
    }
}

/// What stood in the buffer behind the packet does not go out as padding (RFC 4303 §2.7 leaves its content open; old plaintext
/// is none).
#[test]
fn rfc4303_2_7_padding_is_zeros() {
    let (mut sa, mut inbound) = pair(params(NULL, Mode::Tunnel, false));
    let inner = packet_of(false, 60);
    let mut buf = [&[0xee; ROOM][..], &inner, &[0xee; 2 * ROOM]].concat();
    let mut packet = Packet::new(&mut buf, ROOM..ROOM + 60, IpProtocol::IPV4).unwrap();
    sa.seal_padded_in_place(&mut packet, 150).unwrap();
    let expected = [&inner[..], &[0; 90]].concat();
    let plaintext = &packet.data()[8..packet.data().len() - 16];
    assert_eq!(plaintext[..150], expected);
    assert_eq!(plaintext[150..], [0, 4], "150 and the trailer are a multiple of 4 (RFC 4303 §2.4)");
    inbound.open_in_place(&mut packet).unwrap();
    assert_eq!(packet.data(), inner);
}
