//! BEET mode, traffic flow confidentiality, transport mode through a NAT, UDP headers, and keys set by hand.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

mod common;

use common::{Counting, any, material, pair, params, protections, provider};
use core::net::IpAddr;
use ipsec_crypto_suite::{AeadId, CipherId, CryptoError, MacId, Protection};
use ipsec_esp::{InboundSa, OpenError, OpenedKind, OutboundSa, SealError, UdpEncapsulation};
use ipsec_ip_packet::{
    FlowKey, HopLimitRule, IpHeader, Ipv4Fields, Ipv6Fields, Packet, Tunnel, internet_checksum,
    transport_checksum,
};
use ipsec_sa_db::{ManualReplay, Mode, SaParams};
use ipsec_types::{Encode as _, IpProtocol, Writer};
use proptest::prelude::*;

const GCM: Protection = Protection::Aead(AeadId::Aes128Gcm16);
const CBC: Protection = Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 };
const ROOM: usize = 128;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// An IP packet between two addresses, with options in IPv4.
fn packet_between(source: IpAddr, destination: IpAddr, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; 40];
    let length = match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let fields = Ipv4Fields {
                source,
                destination,
                protocol: IpProtocol::UDP,
                traffic_class: 0xb9,
                ttl: 17,
                identification: 0x1234,
                dont_fragment: false,
                payload_len: payload.len() + options.len(),
            };
            fields.encode(&mut Writer::new(&mut packet)).unwrap();
            20
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let fields = Ipv6Fields {
                source,
                destination,
                next_header: IpProtocol::UDP,
                traffic_class: 0xb9,
                flow_label: 0x54321,
                hop_limit: 17,
                payload_len: payload.len(),
            };
            fields.encode(&mut Writer::new(&mut packet)).unwrap();
            40
        }
        _ => unreachable!("one family"),
    };
    packet.truncate(length);
    packet.extend(options);
    packet.extend(payload);
    if !options.is_empty() {
        packet[0] += u8::try_from(options.len() / 4).unwrap();
        let header_len = 20 + options.len();
        packet[10..12].fill(0);
        let checksum = internet_checksum(&packet[..header_len]).to_be_bytes();
        packet[10..12].copy_from_slice(&checksum);
    }
    packet
}

fn family(packet: &[u8]) -> IpProtocol {
    if packet[0] >> 4 == 4 { IpProtocol::IPV4 } else { IpProtocol::IPV6 }
}

/// Sends an inner packet through a BEET SA between outer addresses, and yields the outer packet and what came out.
fn through_beet(params: [SaParams; 2], outer: [&str; 2], inner: &[u8]) -> (Vec<u8>, OpenedKind, Vec<u8>) {
    let mut outbound = OutboundSa::new(&provider(), &mut Counting(1), material(params[0])).unwrap();
    let mut inbound = InboundSa::new(&provider(), material(params[1]), any()).unwrap();
    let mut tunnel = Tunnel::new(address(outer[0]), address(outer[1])).unwrap();
    tunnel.hop_limit = HopLimitRule::Copy;
    let (head, tail) = outbound.room(inner.len());
    let mut buf = [&vec![0; head + tunnel.header_len()][..], inner, &vec![0; tail]].concat();
    let end = buf.len() - tail;
    let mut packet = Packet::new(&mut buf, head + tunnel.header_len()..end, family(inner)).unwrap();
    let header = tunnel.outer(inner).unwrap();
    outbound.seal_in_place(&mut packet).unwrap();
    packet.put_header(&header).unwrap();
    packet.attach_header().unwrap();
    let sent = packet.data().to_vec();
    let short = address(outer[0]).is_ipv4() && family(inner) == IpProtocol::IPV6;
    if short && params[1].protection.iv_len() < 12 {
        // 20 octets of IPv4 and what ESP has in front make no room for 40 of IPv6.
        let mut wire = sent.clone();
        let mut packet = Packet::new(&mut wire, 0..sent.len(), IpProtocol::IPV4).unwrap();
        packet.detach_to_upper_layer().unwrap();
        assert!(matches!(inbound.open_in_place(&mut packet), Err(OpenError::NoRoom(_))));
        assert_eq!(inbound.highest_sequence(), 0);
    }
    let mut wire = [&[0; 32][..], &sent].concat();
    let end = wire.len();
    let mut packet = Packet::new(&mut wire, 32..end, family(&sent)).unwrap();
    assert_eq!(packet.detach_to_upper_layer(), Ok(IpProtocol::ESP));
    let kind = inbound.open_in_place(&mut packet).unwrap().kind;
    (sent, kind, packet.data().to_vec())
}

const ENDS: [[&str; 2]; 4] = [
    ["10.1.0.1", "10.2.0.1"],
    ["2001:db8:1::1", "2001:db8:2::1"],
    ["192.0.2.1", "192.0.2.2"],
    ["2001:db8:f::1", "2001:db8:f::2"],
];

#[test]
fn beet_carries_every_family_in_every_other() {
    for protection in [GCM, CBC, Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha1_96 }] {
        for inner_ends in &ENDS[..2] {
            for outer in &ENDS[2..] {
                let [local, remote] = inner_ends.map(address);
                let sender = params(protection, Mode::Beet { local, remote }, true);
                let receiver = params(protection, Mode::Beet { local: remote, remote: local }, true);
                let option_sets: &[&[u8]] = if local.is_ipv4() {
                    &[&[], &[148, 4, 0, 0], &[148, 4, 0, 0, 1, 1, 1, 0], &[1; 12], &[1; 40]]
                } else {
                    &[&[]]
                };
                for options in option_sets {
                    for length in [0, 1, 8, 100] {
                        let inner = packet_between(local, remote, options, &vec![7; length]);
                        let (sent, kind, opened) = through_beet([sender, receiver], *outer, &inner);
                        assert_eq!(kind, OpenedKind::Beet);
                        let mut expected = inner.clone();
                        // What the outer header of the other family has no field for.
                        match (local.is_ipv4(), outer[0].contains('.')) {
                            (true, false) => {
                                expected[4..6].fill(0);
                                expected[6] = 0x40;
                            }
                            (false, true) => {
                                expected[1] &= 0xf0;
                                expected[2..4].fill(0);
                            }
                            (true, true) => expected[4..6].fill(0),
                            (false, false) => {
                                expected[1] &= 0xf0;
                                expected[2..4].fill(0);
                            }
                        }
                        if local.is_ipv4() {
                            let header_len = 20 + options.len();
                            expected[10..12].fill(0);
                            let checksum = internet_checksum(&expected[..header_len]).to_be_bytes();
                            expected[10..12].copy_from_slice(&checksum);
                        }
                        assert_eq!(opened, expected, "{protection}, {outer:?}, {options:?}");
                        assert!(IpHeader::parse(&opened).is_ok());
                        // No inner header on the wire: what transport mode would send, and the options.
                        let header = if outer[0].contains('.') { 20 } else { 40 };
                        let pseudo =
                            if options.is_empty() { 0 } else { (options.len() + 4).next_multiple_of(8) };
                        let align = protection.block_len().max(4);
                        let payload = (length + pseudo + 2).next_multiple_of(align);
                        assert_eq!(
                            sent.len(),
                            header + 8 + protection.iv_len() + payload + protection.icv_len()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn beet_takes_its_own_addresses_only_and_no_fragments() {
    let [local, remote] = ENDS[0].map(address);
    let beet = params(GCM, Mode::Beet { local, remote }, false);
    let mut sa = OutboundSa::new(&provider(), &mut Counting(1), material(beet)).unwrap();
    let mut seal = |inner: &[u8]| {
        let mut buf = [&[0; ROOM][..], inner, &[0; ROOM]].concat();
        let before = buf.clone();
        let mut packet = Packet::new(&mut buf, ROOM..ROOM + inner.len(), family(inner)).unwrap();
        let result = sa.seal_in_place(&mut packet);
        assert!(result.is_ok() || buf == before, "unchanged");
        result
    };
    assert_eq!(seal(&packet_between(remote, local, &[], b"x")), Err(SealError::Addresses));
    let six = ENDS[1].map(address);
    assert_eq!(seal(&packet_between(six[0], six[1], &[], b"x")), Err(SealError::Addresses));
    let other = address("10.9.9.9");
    assert_eq!(seal(&packet_between(other, remote, &[], b"x")), Err(SealError::Addresses), "source");
    assert_eq!(seal(&packet_between(local, other, &[], b"x")), Err(SealError::Addresses), "destination");
    let mut fragment = packet_between(local, remote, &[], b"12345678");
    fragment[6] = 0x20;
    assert!(matches!(seal(&fragment), Err(SealError::Header(_))));
    assert!(matches!(seal(&[0x45; 10]), Err(SealError::Header(_))));
    assert!(seal(&packet_between(local, remote, &[], b"x")).is_ok());
    assert_eq!(sa.last_sequence(), 1);

    let beet = params(GCM, Mode::Beet { local: six[0], remote: six[1] }, false);
    let mut sa = OutboundSa::new(&provider(), &mut Counting(1), material(beet)).unwrap();
    let mut fragment =
        packet_between(six[0], six[1], &[], &[17, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8]);
    fragment[6] = IpProtocol::FRAGMENT.0;
    let mut buf = [&[0; ROOM][..], &fragment, &[0; ROOM]].concat();
    let mut packet = Packet::new(&mut buf, ROOM..ROOM + fragment.len(), IpProtocol::IPV6).unwrap();
    assert!(matches!(sa.seal_in_place(&mut packet), Err(SealError::Header(_))), "IPv6");

    let mixed = params(GCM, Mode::Beet { local, remote: six[0] }, false);
    assert_eq!(
        OutboundSa::new(&provider(), &mut Counting(1), material(mixed)).unwrap_err(),
        CryptoError::Invalid("inner addresses of two families")
    );
    assert!(InboundSa::new(&provider(), material(mixed), any()).is_err());
}

#[test]
fn beet_pseudo_headers_that_lie_are_not_delivered() {
    let [local, remote] = ENDS[0].map(address);
    let receiver = params(GCM, Mode::Beet { local: remote, remote: local }, false);
    let made = |payload: &[u8]| {
        // A sender in transport mode, who may say anything.
        let mut outbound = pair(params(GCM, Mode::Transport, false)).0;
        let mut inbound = InboundSa::new(&provider(), material(receiver), any()).unwrap();
        let header = packet_between(address("192.0.2.1"), address("192.0.2.2"), &[], &[]);
        let mut buf = [&[0; ROOM][..], &header, payload, &[0; ROOM]].concat();
        let end = ROOM + 20 + payload.len();
        let mut packet = Packet::new(&mut buf, ROOM..end, IpProtocol::IPV4).unwrap();
        packet.detach_header(20, IpProtocol(94)).unwrap();
        outbound.seal_in_place(&mut packet).unwrap();
        let result = inbound.open_in_place(&mut packet).map(|opened| opened.kind);
        if result.is_err() {
            let held = payload.len() >= 6 && buf.windows(6).any(|window| window == &payload[..6]);
            assert!(!held, "no plaintext is left");
        }
        result
    };
    assert_eq!(made(&[17, 0, 0, 0, 148, 4, 0, 0, 9, 9]), Ok(OpenedKind::Beet));
    for bad in [
        &[][..],
        &[17, 0, 0],
        &[17, 1, 0, 0, 148, 4, 0, 0],      // longer than the payload
        &[17, 0, 5, 0, 148, 4, 0, 0, 9],   // more padding than there is
        &[17, 0, 3, 0, 1, 1, 1, 0],        // options of one octet
        &[17, 0, 2, 0, 1, 1, 1, 0, 9, 9],  // of two
        &[94, 0, 4, 0, 1, 1, 1, 1, 94, 0], // one inside another
        &[
            17, 6, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        ], // options of 52 octets
    ] {
        assert_eq!(made(bad), Err(OpenError::Inner), "{bad:?}");
    }
}

/// draft-nikander-esp-beet-mode: IPv4 options go into a pseudo-header of a multiple of 8 octets, behind a padding of 4 octets of
/// No Operation or none. In IPv6 there is none.
#[test]
fn beet_pseudo_headers_octet_by_octet() {
    let null = Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha2_256_128 };
    let [local, remote] = ENDS[0].map(address);
    let outer = [local, remote];
    for (options, expected) in [
        (&[148, 4, 0, 0][..], &[17, 0, 0, 0, 148, 4, 0, 0][..]),
        (&[148, 4, 0, 0, 1, 1, 1, 1], &[17, 1, 4, 0, 1, 1, 1, 1, 148, 4, 0, 0, 1, 1, 1, 1]),
    ] {
        let beet = params(null, Mode::Beet { local: outer[0], remote: outer[1] }, false);
        let mut sa = OutboundSa::new(&provider(), &mut Counting(1), material(beet)).unwrap();
        let inner = packet_between(local, remote, options, b"payload!");
        let mut buf = [&[0; ROOM][..], &inner, &[0; ROOM]].concat();
        let mut packet = Packet::new(&mut buf, ROOM..ROOM + inner.len(), IpProtocol::IPV4).unwrap();
        sa.seal_in_place(&mut packet).unwrap();
        let plaintext = &packet.data()[8..packet.data().len() - 16];
        assert_eq!(plaintext[..expected.len()], *expected);
        assert_eq!(plaintext[expected.len()..][..8], *b"payload!");
        assert_eq!(plaintext[expected.len() + 8..], [1, 2, 2, 94]);
    }
    let [local, remote] = ENDS[1].map(address);
    let beet = params(null, Mode::Beet { local: remote, remote: local }, false);
    let mut outbound = pair(params(null, Mode::Transport, false)).0;
    let mut inbound = InboundSa::new(&provider(), material(beet), any()).unwrap();
    let header = packet_between(local, remote, &[], &[]);
    let mut buf = [&[0; ROOM][..], &header, &[17, 0, 0, 0, 148, 4, 0, 0, 9, 9], &[0; ROOM]].concat();
    let mut packet = Packet::new(&mut buf, ROOM..ROOM + 50, IpProtocol::IPV6).unwrap();
    packet.detach_header(40, IpProtocol(94)).unwrap();
    outbound.seal_in_place(&mut packet).unwrap();
    assert_eq!(inbound.open_in_place(&mut packet), Err(OpenError::Inner));
}

proptest! {
    /// Zeros behind the inner packet, up to any length, are gone after opening (RFC 4303 §2.7).
    #[test]
    fn rfc4303_2_7_padded_packets_come_out_as_they_were(inner_len in 20usize..200, length in 0usize..400, cbc: bool) {
        let (mut outbound, mut inbound) = pair(params(if cbc { CBC } else { GCM }, Mode::Tunnel, false));
        let ends = ENDS[0].map(address);
        let inner = packet_between(ends[0], ends[1], &[], &vec![5; inner_len - 20]);
        let mut buf = [&[0; ROOM][..], &inner, &vec![0xee; 600]].concat();
        let mut packet = Packet::new(&mut buf, ROOM..ROOM + inner_len, IpProtocol::IPV4).unwrap();
        outbound.seal_padded_in_place(&mut packet, length).unwrap();
        let expected = outbound.expansion().protected_len(inner_len.max(length));
        prop_assert_eq!(packet.data().len(), expected);
        prop_assert_eq!(outbound.used().octets, inner_len.max(length) as u64);
        prop_assert!(inbound.open_in_place(&mut packet).is_ok());
        prop_assert_eq!(packet.data(), &inner[..]);
    }
}

#[test]
fn rfc4303_2_6_2_7_dummies_are_dropped_and_padding_is_for_tunnels() {
    for protection in protections() {
        for mode in [Mode::Tunnel, Mode::Transport] {
            let (mut outbound, mut inbound) = pair(params(protection, mode, true));
            let mut buf = vec![0x77; 512];
            let mut packet = Packet::new(&mut buf, 64..164, IpProtocol::UDP).unwrap();
            outbound.seal_dummy_in_place(&mut packet).unwrap();
            let opened = inbound.open_in_place(&mut packet).unwrap();
            assert_eq!((opened.kind, opened.sequence), (OpenedKind::Dummy, 1));
            assert_eq!((packet.data(), packet.next_header()), (&[][..], IpProtocol::NO_NEXT_HEADER));
            let mut packet = Packet::new(&mut buf, 64..164, IpProtocol::UDP).unwrap();
            let refused = if mode == Mode::Tunnel { SealError::NotIp } else { SealError::NoTfc };
            assert_eq!(outbound.seal_padded_in_place(&mut packet, 200), Err(refused));
            let mut packet = Packet::new(&mut buf, 64..164, IpProtocol::IPV4).unwrap();
            if mode == Mode::Tunnel {
                let refused = outbound.seal_padded_in_place(&mut packet, 500);
                assert!(matches!(refused, Err(SealError::NoRoom(_))));
            }
            assert_eq!(outbound.last_sequence(), 1);
        }
    }
}

#[test]
fn rfc3948_3_1_2_checksums_behind_a_nat() {
    let (inside, outside, server) = (address("192.168.1.7"), address("198.51.100.9"), address("192.0.2.1"));
    let mut udp = vec![0x12, 0x34, 0x01, 0xbb, 0, 13, 0, 0, 1, 2, 3, 4, 5];
    let checksum = transport_checksum(inside, server, IpProtocol::UDP, &udp);
    udp[6..8].copy_from_slice(&checksum.to_be_bytes());
    let (mut outbound, mut inbound) = pair(params(GCM, Mode::Transport, false));
    inbound.set_original_addresses(Some((inside, server)));
    for original in [true, false] {
        let mut buf = [&[0; ROOM][..], &packet_between(inside, server, &[], &udp), &[0; ROOM]].concat();
        let mut packet = Packet::new(&mut buf, ROOM..ROOM + 33, IpProtocol::IPV4).unwrap();
        packet.detach_for_transport().unwrap();
        outbound.seal_in_place(&mut packet).unwrap();
        UdpEncapsulation { source_port: 4500, destination_port: 4500 }.push(&mut packet).unwrap();
        packet.attach_header().unwrap();
        // The NAT, which knows nothing of what is inside.
        packet.data_mut()[12..16].copy_from_slice(&[198, 51, 100, 9]);
        packet.data_mut()[20..22].copy_from_slice(&40_001u16.to_be_bytes());
        packet.detach_to_upper_layer().unwrap();
        let ports = UdpEncapsulation::strip(&mut packet).unwrap();
        assert_eq!(ports, UdpEncapsulation { source_port: 40_001, destination_port: 4500 });
        if !original {
            inbound.set_original_addresses(None);
        }
        assert_eq!(inbound.open_in_place(&mut packet).unwrap().kind, OpenedKind::Transport);
        packet.attach_header().unwrap();
        assert_eq!(FlowKey::of(packet.data()).unwrap().source, outside);
        let checksum = transport_checksum(outside, server, IpProtocol::UDP, &packet.data()[20..]);
        assert_eq!(checksum == 0, original, "right only where the original addresses are known");
    }
}

#[test]
fn rfc3948_2_1_udp_headers() {
    for (ends, checked) in [(ENDS[2], false), (ENDS[3], true)] {
        let [source, destination] = ends.map(address);
        let header = packet_between(source, destination, &[], &[]);
        let mut buf = [&[0; ROOM][..], &header, &[0xc0, 1, 0xca, 0xfe, 0, 0, 0, 1, 9]].concat();
        let end = buf.len();
        let mut packet = Packet::new(&mut buf, ROOM..end, family(&header)).unwrap();
        packet.detach_header(header.len(), IpProtocol::ESP).unwrap();
        UdpEncapsulation { source_port: 1, destination_port: 2 }.push(&mut packet).unwrap();
        assert_eq!(packet.data()[6..8] != [0, 0], checked, "{ends:?}");
        if checked {
            assert_eq!(transport_checksum(source, destination, IpProtocol::UDP, packet.data()), 0);
        }
    }
    let mut buf = [0, 1, 0, 2, 0, 12, 0, 0, 1, 2, 3, 4, 0xee, 0xee];
    let mut packet = Packet::new(&mut buf, 0..14, IpProtocol::UDP).unwrap();
    UdpEncapsulation::strip(&mut packet).unwrap();
    assert_eq!(packet.data(), [1, 2, 3, 4], "octets behind the datagram are none of it");
    for bad in [&[0; 7][..], &[0, 1, 0, 2, 0, 7, 0, 0], &[0, 1, 0, 2, 0, 9, 0, 0]] {
        let mut buf = bad.to_vec();
        let mut packet = Packet::new(&mut buf, 0..bad.len(), IpProtocol::UDP).unwrap();
        assert!(UdpEncapsulation::strip(&mut packet).is_err());
        assert_eq!((packet.data(), packet.next_header()), (bad, IpProtocol::UDP), "unchanged");
    }
}

/// "If the computed checksum is zero, it is transmitted as all ones" (RFC 768): over IPv6 zero says that there is none, and is
/// not allowed (RFC 8200 §8.1). One port of all makes it zero.
#[test]
fn rfc8200_8_1_a_udp_checksum_over_ipv6_is_never_zero() {
    let [source, destination] = ENDS[3].map(address);
    let header = packet_between(source, destination, &[], &[]);
    let mut ones = 0;
    for source_port in 0..=u16::MAX {
        let mut buf = [&[0; 8][..], &header, &[0xc0, 1, 0xca, 0xfe, 0, 0, 0, 1]].concat();
        let end = buf.len();
        let mut packet = Packet::new(&mut buf, 8..end, IpProtocol::IPV6).unwrap();
        packet.detach_header(header.len(), IpProtocol::ESP).unwrap();
        UdpEncapsulation { source_port, destination_port: 4500 }.push(&mut packet).unwrap();
        assert_ne!(packet.data()[6..8], [0, 0], "port {source_port}");
        assert_eq!(transport_checksum(source, destination, IpProtocol::UDP, packet.data()), 0);
        ones += u32::from(packet.data()[6..8] == [0xff; 2]);
    }
    assert!(ones >= 1);
}

#[test]
fn ea_12_keys_set_by_hand_go_with_no_counter_mode() {
    for protection in protections() {
        let chained = !protection.is_aead() && (protection.block_len() > 1 || protection.iv_len() == 0);
        let params = params(protection, Mode::Tunnel, false);
        let outbound = OutboundSa::manual(&provider(), &mut Counting(1), material(params), 7);
        assert_eq!(outbound.is_ok(), chained, "{protection}");
        for replay in [ManualReplay::Off, ManualReplay::After(7)] {
            let inbound = InboundSa::manual(&provider(), material(params), any(), replay);
            assert_eq!(inbound.is_ok(), chained, "{protection}");
        }
    }
    let extended = params(CBC, Mode::Tunnel, true);
    assert!(InboundSa::manual(&provider(), material(extended), any(), ManualReplay::Off).is_err());
    assert!(InboundSa::manual(&provider(), material(extended), any(), ManualReplay::After(1 << 40)).is_ok());
}

#[test]
fn rfc4303_3_3_3_numbers_of_manual_keys_are_kept_or_not_checked() {
    let params = params(CBC, Mode::Transport, false);
    let header = packet_between(address("10.1.0.1"), address("10.2.0.1"), &[], &[]);
    let sealed = |last: u64, seed: u8| {
        let mut sa = OutboundSa::manual(&provider(), &mut Counting(seed), material(params), last).unwrap();
        let mut buf = [&[0; ROOM][..], b"payload", &[0; ROOM]].concat();
        let mut packet = Packet::new(&mut buf, ROOM..ROOM + 7, IpProtocol::UDP).unwrap();
        sa.seal_in_place(&mut packet).unwrap();
        packet.data().to_vec()
    };
    let open = |sa: &mut InboundSa, esp: &[u8]| {
        let mut buf = [&header, esp].concat();
        let end = buf.len();
        let mut packet = Packet::new(&mut buf, 0..end, IpProtocol::IPV4).unwrap();
        packet.detach_header(20, IpProtocol::ESP).unwrap();
        sa.open_in_place(&mut packet).map(|opened| opened.sequence)
    };
    assert_ne!(sealed(0, 1)[8..24], sealed(0, 2)[8..24], "the same number, another IV");
    let mut off = InboundSa::manual(&provider(), material(params), any(), ManualReplay::Off).unwrap();
    assert_eq!([open(&mut off, &sealed(0, 1)), open(&mut off, &sealed(0, 2))], [Ok(1), Ok(1)]);
    assert_eq!(off.highest_sequence(), 0);
    let mut kept = InboundSa::manual(&provider(), material(params), any(), ManualReplay::After(100)).unwrap();
    for last in [0, 36, 50, 99] {
        assert_eq!(open(&mut kept, &sealed(last, 1)), Err(OpenError::Replayed), "{last}");
    }
    assert_eq!(open(&mut kept, &sealed(100, 1)), Ok(101));
}
