//! Hostile packets and misuse, by the cases EA-01 to EA-14.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

mod common;

use alloc::sync::Arc;
use common::{Counting, any, material, pair, params, protections, provider};
use ipsec_crypto_suite::{AeadId, CipherId, MacId, Protection, Secret};
use ipsec_esp::{InboundSa, MAX_ESP_LEN, OpenError, Opened, OpenedKind, OutboundSa, SealError, peek_spi};
use ipsec_ip_packet::{Ipv4Fields, Ipv6Fields, Packet};
use ipsec_sa_db::{
    AddressRange, LimitState, Mode, PortRange, SaMaterial, SaParams, Selector, SelectorPair, Volume,
    VolumeLimits,
};
use ipsec_types::{Encode as _, IpProtocol, Spi, Writer};
use std::collections::HashSet;
use std::sync::Mutex;

const GCM: Protection = Protection::Aead(AeadId::Aes128Gcm16);
const CBC: Protection = Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 };

fn ipv4(payload: &[u8]) -> Vec<u8> {
    let fields = Ipv4Fields {
        source: [10, 1, 0, 1].into(),
        destination: [10, 2, 0, 1].into(),
        protocol: IpProtocol::UDP,
        traffic_class: 0,
        ttl: 64,
        identification: 0,
        dont_fragment: true,
        payload_len: payload.len(),
    };
    let mut packet = vec![0; 20];
    fields.encode(&mut Writer::new(&mut packet)).unwrap();
    [&packet, payload].concat()
}

fn ipv6(payload: &[u8]) -> Vec<u8> {
    let fields = Ipv6Fields {
        source: "2001:db8:1::1".parse().unwrap(),
        destination: "2001:db8:2::1".parse().unwrap(),
        next_header: IpProtocol::UDP,
        traffic_class: 0,
        flow_label: 0,
        hop_limit: 64,
        payload_len: payload.len(),
    };
    let mut packet = vec![0; 40];
    fields.encode(&mut Writer::new(&mut packet)).unwrap();
    [&packet, payload].concat()
}

fn seal(sa: &mut OutboundSa, data: &[u8], next_header: IpProtocol) -> Result<Vec<u8>, SealError> {
    let (head, tail) = sa.room(data.len());
    let mut buf = [&vec![0; head][..], data, &vec![0; tail]].concat();
    let mut packet = Packet::new(&mut buf, head..head + data.len(), next_header).unwrap();
    sa.seal_in_place(&mut packet)?;
    assert_eq!((packet.headroom(), packet.tailroom()), (0, 0), "room() is exact");
    Ok(packet.data().to_vec())
}

/// What opening makes of a packet: the answer, what the data is, and what the whole buffer holds.
fn open(sa: &mut InboundSa, esp: &[u8]) -> (Result<Opened, OpenError>, Vec<u8>, Vec<u8>) {
    open_behind(&ipv4(&[]), sa, esp)
}

/// The same behind this outer IP header.
fn open_behind(
    header: &[u8],
    sa: &mut InboundSa,
    esp: &[u8],
) -> (Result<Opened, OpenError>, Vec<u8>, Vec<u8>) {
    let mut buf = [header, esp].concat();
    let whole = buf.len();
    let mut packet = Packet::new(&mut buf, 0..whole, IpProtocol::IPV4).unwrap();
    packet.detach_header(header.len(), IpProtocol::ESP).unwrap();
    let result = sa.open_in_place(&mut packet);
    let data = packet.data().to_vec();
    buf.drain(..header.len());
    (result, data, buf)
}

/// NULL and AES-GMAC do not.
fn encrypts(protection: Protection) -> bool {
    protection.is_for_ike() || protection.has_implicit_iv()
}

#[test]
fn every_suite_carries_both_families_and_modes() {
    for protection in protections() {
        for extended in [false, true] {
            let (mut outbound, mut inbound) = pair(params(protection, Mode::Tunnel, extended));
            for (number, (inner, family)) in
                (1..).zip([(ipv4(b"one"), IpProtocol::IPV4), (ipv6(b"two!"), IpProtocol::IPV6)])
            {
                let esp = seal(&mut outbound, &inner, family).unwrap();
                assert!(esp.windows(inner.len()).all(|window| window != inner) || !encrypts(protection));
                let (result, data, _) = open(&mut inbound, &esp);
                let expected =
                    Opened { kind: OpenedKind::Tunnel, sequence: number, limit: LimitState::Within };
                assert_eq!((result, data), (Ok(expected), inner), "{protection}");
            }
            let (mut outbound, mut inbound) = pair(params(protection, Mode::Transport, extended));
            for length in 0..40 {
                let payload = vec![0x77; length];
                let esp = seal(&mut outbound, &payload, IpProtocol::UDP).unwrap();
                assert_eq!(esp.len() % 4, 0, "RFC 4303 §2.4");
                let (result, data, _) = open(&mut inbound, &esp);
                assert_eq!((result.map(|opened| opened.kind), data), (Ok(OpenedKind::Transport), payload));
            }
        }
    }
}

#[test]
fn ea_01_too_short_for_the_suite_or_another_spi() {
    for protection in protections() {
        let (_, mut inbound) = pair(params(protection, Mode::Tunnel, false));
        let least = 8 + protection.iv_len() + 2 + protection.icv_len();
        for length in 0..least {
            let mut packet = vec![0xff; length];
            packet
                .iter_mut()
                .zip([0xc0, 0x01, 0xca, 0xfe, 0, 0, 0, 1])
                .for_each(|(octet, value)| *octet = value);
            assert_eq!(open(&mut inbound, &packet).0, Err(OpenError::TooShort), "{protection}: {length}");
        }
        for spi in [0, 1, 255, 256, 0xc001_caff] {
            let mut packet = vec![0; 160];
            packet[..4].copy_from_slice(&u32::to_be_bytes(spi));
            packet.truncate(least.next_multiple_of(16) + (8 + protection.icv_len()) % 16);
            let length = 8 + protection.iv_len() + 16 + protection.icv_len();
            packet.resize(length, 0);
            assert_eq!(open(&mut inbound, &packet).0, Err(OpenError::UnknownSpi), "{protection}: SPI {spi}");
        }
    }
    assert!(peek_spi(&[0, 0, 0, 255, 0, 0, 0, 1]).is_err());
}

#[test]
fn ea_02_a_flipped_bit_fails_and_changes_nothing() {
    for protection in protections() {
        for extended in [false, true] {
            let (mut outbound, mut inbound) = pair(params(protection, Mode::Tunnel, extended));
            for _ in 0..70 {
                let esp = seal(&mut outbound, &ipv4(b"before"), IpProtocol::IPV4).unwrap();
                open(&mut inbound, &esp).0.unwrap();
            }
            let inner = ipv4(b"some plaintext nobody may see");
            let esp = seal(&mut outbound, &inner, IpProtocol::IPV4).unwrap();
            let (top, used) = (inbound.highest_sequence(), inbound.used());
            for bit in 0..esp.len() * 8 {
                let mut bad = esp.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                let (result, _, buf) = open(&mut inbound, &bad);
                let expected: &[OpenError] = match bit / 8 {
                    0..4 => &[OpenError::UnknownSpi],
                    4..8 => &[OpenError::Authentication, OpenError::Replayed],
                    _ => &[OpenError::Authentication],
                };
                assert!(expected.contains(&result.unwrap_err()), "{protection}: bit {bit}");
                let leaked = buf.windows(9).any(|window| window == b"plaintext");
                assert!(!leaked || !encrypts(protection), "{protection}: bit {bit}");
            }
            assert_eq!((inbound.highest_sequence(), inbound.used()), (top, used));
            assert_eq!(open(&mut inbound, &esp).1, inner, "the genuine packet still opens");
        }
    }
}

#[test]
fn ea_02_the_implied_high_half_is_covered() {
    for protection in [GCM, CBC] {
        let (mut outbound, inbound) = pair(params(protection, Mode::Tunnel, true));
        let inner = ipv4(b"x");
        let esp = seal(&mut outbound, &inner, IpProtocol::IPV4).unwrap();
        for (high, opens) in [(1, false), (0x8000_0000, false), (0, true)] {
            let mut buf = esp.clone();
            let mut packet = Packet::new(&mut buf, 0..esp.len(), IpProtocol::ESP).unwrap();
            assert_eq!(inbound.inspect_in_place(&mut packet, high).is_ok(), opens, "{protection}: {high}");
        }
    }
}

#[test]
fn ea_03_a_forged_high_number_does_not_move_the_window() {
    let (mut outbound, mut inbound) = pair(params(GCM, Mode::Tunnel, false));
    let genuine = seal(&mut outbound, &ipv4(b"genuine"), IpProtocol::IPV4).unwrap();
    let mut forged = genuine.clone();
    forged[4..8].copy_from_slice(&[0xff; 4]);
    assert_eq!(open(&mut inbound, &forged).0, Err(OpenError::Authentication));
    assert!(open(&mut inbound, &genuine).0.is_ok());
    assert_eq!(inbound.highest_sequence(), 1);
}

#[test]
fn ea_04_duplicates_and_what_fell_behind_are_refused() {
    let (mut outbound, mut inbound) = pair(params(CBC, Mode::Tunnel, false));
    let packets: Vec<_> =
        (0..80).map(|_| seal(&mut outbound, &ipv4(b"x"), IpProtocol::IPV4).unwrap()).collect();
    assert!(open(&mut inbound, &packets[79]).0.is_ok());
    for (index, packet) in packets.iter().enumerate().take(79) {
        // The window of 64 ends at number 80: 17 is its oldest.
        let expected = if index + 1 >= 17 { Ok(()) } else { Err(OpenError::Replayed) };
        assert_eq!(open(&mut inbound, packet).0.map(|_| ()), expected, "number {}", index + 1);
    }
    for packet in &packets {
        assert_eq!(open(&mut inbound, packet).0, Err(OpenError::Replayed));
    }
    let mut zero = packets[0].clone();
    zero[4..8].fill(0);
    assert_eq!(open(&mut inbound, &zero).0, Err(OpenError::Replayed));
}

#[test]
fn ea_07_sixteen_threads_use_no_number_or_iv_twice() {
    for protection in [GCM, CBC] {
        let sa = Mutex::new(pair(params(protection, Mode::Tunnel, false)).0);
        let seen = Mutex::new(HashSet::new());
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let esp = seal(&mut sa.lock().unwrap(), &ipv4(b"x"), IpProtocol::IPV4).unwrap();
                        let (number, iv) = (esp[4..8].to_vec(), esp[8..8 + protection.iv_len()].to_vec());
                        let mut seen = seen.lock().unwrap();
                        assert!(seen.insert(number) && seen.insert(iv));
                    }
                });
            }
        });
    }
}

#[test]
fn rfc3602_3_cbc_ivs_do_not_follow_from_the_number() {
    let iv = |seed| {
        let mut sa =
            OutboundSa::new(&provider(), &mut Counting(seed), material(params(CBC, Mode::Tunnel, false)));
        seal(sa.as_mut().unwrap(), &ipv4(b"x"), IpProtocol::IPV4).unwrap()[8..24].to_vec()
    };
    assert_ne!(iv(1), iv(2), "another seed, another IV for the same number");
}

#[test]
fn ea_08_unaligned_ciphertext_and_wrong_padding() {
    let (_, mut inbound) = pair(params(CBC, Mode::Tunnel, false));
    for extra in 1..16 {
        let mut packet = vec![0; 8 + 16 + 32 + extra + 16];
        packet[..8].copy_from_slice(&[0xc0, 0x01, 0xca, 0xfe, 0, 0, 0, 1]);
        assert_eq!(open(&mut inbound, &packet).0, Err(OpenError::TooShort), "{extra} octets over");
    }
    // Authentic packets with padding of our own making: NULL encryption shows what is covered.
    let null = Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha2_256_128 };
    let mac = provider().mac(MacId::HmacSha2_256_128).unwrap().key(&Secret::new([0x22; 32])).unwrap();
    let made = |number: u32, plaintext: &[u8]| {
        let mut packet = vec![0xc0, 0x01, 0xca, 0xfe];
        packet.extend(number.to_be_bytes());
        packet.extend(plaintext);
        let mut icv = [0; 16];
        mac.compute(&[], &[&packet], &mut icv).unwrap();
        packet.extend(icv);
        packet
    };
    let (_, mut inbound) = pair(params(null, Mode::Transport, false));
    let mut number = 0;
    for length in 0..=255u8 {
        let mut plaintext = vec![0xaa; 5];
        plaintext.extend(1..=length);
        plaintext.extend([length, 17]);
        number += 1;
        let (result, data, _) = open(&mut inbound, &made(number, &plaintext));
        assert_eq!((result.map(|opened| opened.kind), data), (Ok(OpenedKind::Transport), vec![0xaa; 5]));
        if length > 0 {
            plaintext[5] ^= 0x80;
            number += 1;
            let (result, _, buf) = open(&mut inbound, &made(number, &plaintext));
            assert_eq!(result, Err(OpenError::Padding));
            assert!(!buf.windows(5).any(|window| window == [0xaa; 5]), "wiped");
        }
    }
    number += 1;
    assert_eq!(open(&mut inbound, &made(number, &[1, 2, 3, 255, 17])).0, Err(OpenError::Padding));
    number += 1;
    let dummy = open(&mut inbound, &made(number, &[9, 9, 0, 59]));
    assert_eq!((dummy.0.map(|opened| opened.kind), dummy.1), (Ok(OpenedKind::Dummy), vec![]));
}

#[test]
fn ea_09_inner_packets_that_lie_are_not_delivered() {
    let mut bad: Vec<(Vec<u8>, IpProtocol)> = vec![
        (ipv4(b"x"), IpProtocol::IPV6),
        (ipv6(b"x"), IpProtocol::IPV4),
        (vec![], IpProtocol::IPV4),
        (vec![0x45; 19], IpProtocol::IPV4),
    ];
    for version in [0u8, 5, 7] {
        let mut packet = ipv4(b"x");
        packet[0] = (version << 4) | 5;
        bad.push((packet.clone(), IpProtocol::IPV4));
        bad.push((packet, IpProtocol::IPV6));
    }
    for ihl in 0..5 {
        let mut packet = ipv4(b"x");
        packet[0] = 0x40 | ihl;
        bad.push((packet, IpProtocol::IPV4));
    }
    let mut long = ipv4(b"x");
    long[3] += 1;
    bad.push((long, IpProtocol::IPV4));
    let mut long = ipv6(b"x");
    long[5] += 1;
    bad.push((long, IpProtocol::IPV6));
    for (inner, family) in bad {
        let (mut outbound, mut inbound) = pair(params(GCM, Mode::Tunnel, false));
        let esp = seal(&mut outbound, &inner, family).unwrap();
        let (result, data, _) = open(&mut inbound, &esp);
        assert_eq!(result, Err(OpenError::Inner), "{inner:02x?} as {family}");
        assert!(data.iter().all(|octet| *octet == 0), "wiped");
    }
    // A transport-mode payload does not come out of a tunnel.
    let mut outbound = pair(params(GCM, Mode::Transport, false)).0;
    let mut inbound = pair(params(GCM, Mode::Tunnel, false)).1;
    let esp = seal(&mut outbound, b"UDP", IpProtocol::UDP).unwrap();
    assert_eq!(open(&mut inbound, &esp).0, Err(OpenError::Inner));
    // Octets behind the inner packet are traffic flow confidentiality padding (RFC 4303 §2.7).
    let (mut outbound, mut inbound) = pair(params(GCM, Mode::Tunnel, false));
    let padded = [ipv4(b"x"), vec![0xee; 100]].concat();
    let esp = seal(&mut outbound, &padded, IpProtocol::IPV4).unwrap();
    assert_eq!(open(&mut inbound, &esp).1, ipv4(b"x"));
}

#[test]
fn ea_12_sas_that_would_not_protect_cannot_be_built() {
    let build = |protection: Protection, encryption: usize, integrity: Option<usize>| {
        let material = SaMaterial {
            spi: Spi::new(300).unwrap(),
            params: SaParams::new(protection, Mode::Tunnel),
            encryption: (encryption > 0).then(|| Secret::new(vec![1; encryption])),
            integrity: integrity.map(|length| Secret::new(vec![2; length])),
        };
        InboundSa::new(&provider(), material, any()).is_ok()
    };
    let null = Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha2_256_128 };
    assert!(build(null, 0, Some(32)) && !build(null, 0, None) && !build(null, 16, Some(32)));
    assert!(build(CBC, 16, Some(32)) && !build(CBC, 16, None) && !build(CBC, 0, Some(32)));
    assert!(build(GCM, 20, None) && !build(GCM, 20, Some(32)) && !build(GCM, 16, None));
    for off in [15, 17] {
        assert!(!build(CBC, off, Some(32)));
    }
    for off in [31, 33] {
        assert!(!build(CBC, 16, Some(off)));
    }
    let odd = SaParams { replay_window: 31, ..SaParams::new(GCM, Mode::Tunnel) };
    assert!(InboundSa::new(&provider(), material(odd), any()).is_err());
}

#[test]
fn ea_13_refusals_use_no_number() {
    let (mut sa, mut inbound) = pair(params(GCM, Mode::Transport, false));
    assert_eq!(seal(&mut sa, &vec![0; 65_535], IpProtocol::UDP), Err(SealError::TooLong));
    assert_eq!(seal(&mut sa, &vec![0; MAX_ESP_LEN - 30], IpProtocol::UDP), Err(SealError::TooLong));
    let (head, tail) = sa.room(5);
    for (front, back) in [(head - 1, tail), (head, tail - 1), (0, tail), (head, 0)] {
        let mut buf = vec![0x33; front + 5 + back];
        let before = buf.clone();
        let mut packet = Packet::new(&mut buf, front..front + 5, IpProtocol::UDP).unwrap();
        assert!(matches!(sa.seal_in_place(&mut packet), Err(SealError::NoRoom(_))));
        assert_eq!((packet.data(), packet.next_header()), (&[0x33; 5][..], IpProtocol::UDP));
        assert_eq!(buf, before);
    }
    assert_eq!(sa.last_sequence(), 0);
    let esp = seal(&mut sa, &[], IpProtocol::UDP).unwrap();
    assert_eq!(open(&mut inbound, &esp).1, b"", "zero length works");
    let longest = vec![0; MAX_ESP_LEN - 8 - 8 - 2 - 16 - 3];
    let esp = seal(&mut sa, &longest, IpProtocol::UDP).unwrap();
    assert_eq!(open(&mut inbound, &esp).1, longest);

    let mut tunnel = pair(params(GCM, Mode::Tunnel, false)).0;
    assert_eq!(seal(&mut tunnel, b"no IP packet", IpProtocol::UDP), Err(SealError::NotIp));
    assert_eq!(tunnel.last_sequence(), 0);
}

#[test]
fn pd_03_the_hard_limit_is_never_exceeded() {
    let soft = Volume { octets: 20, packets: u64::MAX };
    let hard = Volume { octets: 40, packets: u64::MAX };
    let limited = SaParams { limits: VolumeLimits { soft, hard }, ..params(GCM, Mode::Transport, false) };
    let (mut sa, _) = pair(limited);
    let mut state = |length: usize| {
        let (head, tail) = sa.room(length);
        let mut buf = vec![0; head + length + tail];
        sa.seal_in_place(&mut Packet::new(&mut buf, head..head + length, IpProtocol::UDP).unwrap())
    };
    assert_eq!(state(19), Ok(LimitState::Within));
    assert_eq!(state(1), Ok(LimitState::Soft));
    assert_eq!(state(21), Err(SealError::Expired));
    assert_eq!(state(20), Ok(LimitState::Hard));
    assert_eq!(state(1), Err(SealError::Expired));
    assert_eq!(sa.last_sequence(), 3);
}

#[test]
fn ea_14_nested_esp_opens_one_level_a_call() {
    let (mut outbound, mut inbound) = pair(params(GCM, Mode::Transport, false));
    let mut packet = b"core".to_vec();
    for level in 0..100 {
        let protocol = if level == 0 { IpProtocol::UDP } else { IpProtocol::ESP };
        packet = seal(&mut outbound, &packet, protocol).unwrap();
    }
    // Numbers 100 down to 37 are within the window.
    for level in (37..=100).rev() {
        let (result, data, _) = open(&mut inbound, &packet);
        assert_eq!(result.unwrap().sequence, level);
        packet = data;
    }
    assert_eq!(open(&mut inbound, &packet).0, Err(OpenError::Replayed));
}

#[test]
fn pd_08_debug_shows_no_key() {
    let (outbound, inbound) = pair(params(CBC, Mode::Tunnel, false));
    let printed = format!("{outbound:?} {inbound:?} {:?}", material(params(CBC, Mode::Tunnel, false)));
    for form in ["1111", "2222", "17, 17", "34, 34"] {
        assert!(!printed.contains(form), "{printed}");
    }
}

#[test]
fn ea_10_what_an_sa_was_not_made_for_does_not_come_out() {
    let network = |text: &str| {
        let range = AddressRange::prefix(text.parse().unwrap(), 24).unwrap();
        Selector { protocol: Some(IpProtocol::UDP), ports: PortRange::new(7, 9).unwrap(), addresses: range }
    };
    // We are 10.2.0.0/24, the peer 10.1.0.0/24.
    let expect = SelectorPair { local: network("10.2.0.0").into(), remote: network("10.1.0.0").into() };
    let packet = |source: [u8; 4], protocol: u8, ports: [u8; 4]| {
        let mut packet = ipv4(&[&ports[..], &[0, 8, 0, 0]].concat());
        packet[12..16].copy_from_slice(&source);
        packet[9] = protocol;
        packet
    };
    let good = packet([10, 1, 0, 1], 17, [0, 7, 0, 9]);
    let bad = [
        packet([10, 3, 0, 1], 17, [0, 7, 0, 9]), // another peer's source
        packet([10, 1, 0, 1], 6, [0, 7, 0, 9]),
        packet([10, 1, 0, 1], 17, [0, 6, 0, 9]),
        packet([10, 1, 0, 1], 17, [0, 7, 0, 10]),
    ];
    for mode in [Mode::Tunnel, Mode::Transport] {
        let params = params(GCM, mode, false);
        let mut outbound = pair(params).0;
        let mut inbound = InboundSa::new(&provider(), material(params), Arc::new(expect.clone())).unwrap();
        let mut cross = |inner: &[u8]| {
            if mode == Mode::Tunnel {
                let esp = seal(&mut outbound, inner, IpProtocol::IPV4).unwrap();
                return open(&mut inbound, &esp);
            }
            let esp = seal(&mut outbound, &inner[20..], IpProtocol(inner[9])).unwrap();
            open_behind(&inner[..20], &mut inbound, &esp)
        };
        for inner in &bad {
            let (result, _, buf) = cross(inner);
            assert_eq!(result, Err(OpenError::SelectorMismatch), "{mode:?}");
            assert!(buf.windows(4).all(|window| window != &inner[20..24]), "no plaintext is left");
        }
        assert!(cross(&good).0.is_ok());
        assert_eq!(cross(&good).0.unwrap().sequence, 6, "authentic packets are counted");
    }
}

#[test]
fn ea_10_transport_mode_without_its_ip_header_is_refused() {
    let (mut outbound, mut inbound) = pair(params(GCM, Mode::Transport, false));
    let mut esp = seal(&mut outbound, b"UDP payload", IpProtocol::UDP).unwrap();
    let length = esp.len();
    let mut packet = Packet::new(&mut esp, 0..length, IpProtocol::ESP).unwrap();
    assert_eq!(inbound.open_in_place(&mut packet), Err(OpenError::SelectorMismatch));
}

#[test]
fn ea_11_a_fragment_is_refused_before_anything_else() {
    for mode in [Mode::Tunnel, Mode::Transport] {
        let (mut outbound, mut inbound) = pair(params(GCM, mode, false));
        let esp = seal(&mut outbound, &ipv4(b"whole"), IpProtocol::IPV4).unwrap();
        for octets in [[0x20, 0], [0, 1], [0x3f, 0xff]] {
            let mut header = ipv4(&[]);
            header[6..8].copy_from_slice(&octets);
            assert_eq!(open_behind(&header, &mut inbound, &esp).0, Err(OpenError::Fragment));
        }
        assert_eq!(inbound.highest_sequence(), 0);
        assert!(open(&mut inbound, &esp).0.is_ok(), "the number was not used up");
    }
}
