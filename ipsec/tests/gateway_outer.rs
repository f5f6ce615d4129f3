//! Outer headers, congestion, path MTU, and packets that go through rather than to us.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::{HEAD, LEFT, Pair, RIGHT, address, packet, protect, to_right};
use core::net::IpAddr;
use core::time::Duration;
use ipsec::crypto_suite::{CipherId, MacId, Protection};
use ipsec::esp::SealError;
use ipsec::ike::AnySaId;
use ipsec::ip_packet::{
    DfRule, DscpRule, EcnMode, HopLimitRule, IpHeader, Ipv4Header, OuterHeader, Packet, Quoted, TooBig,
    internet_checksum, set_traffic_class, too_big_reply, traffic_class,
};
use ipsec::sa_db::{
    Directions, Mode, PeerId, Policy, PolicyAction, ProtocolSuite, Scope, SelectorPair, TunnelEnd,
    TunnelHeader,
};
use ipsec::types::{Carrier, IpProtocol, Path};
use ipsec::{Arrival, DiscardReason, Event, GatewayConfig, Incoming, Outgoing};

/// Two gateways with an SA, whose policies have this tunnel header.
fn pair_with(header: &TunnelHeader) -> Pair {
    up(Pair::each(&|protect| protect.tunnel_header = header.clone()))
}

fn up(mut pair: Pair) -> Pair {
    pair.send(LEFT, &to_right(0));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[RIGHT].len(), 1, "{:?}", pair.discarded);
    pair
}

/// What leaves the left end for a packet: the whole outer IP packet.
fn sealed(pair: &mut Pair, octets: &[u8]) -> Vec<u8> {
    let mut buf = [&[0; HEAD][..], octets, &[0; 320]].concat();
    let mut packet = Packet::new(&mut buf, HEAD..HEAD + octets.len(), IpProtocol::IPV4).unwrap();
    let outgoing = pair.ends[LEFT].handle_outbound(pair.now, &mut packet);
    assert!(matches!(outgoing, Outgoing::Protected(_)), "{outgoing:?}");
    packet.attach_header().unwrap();
    packet.data().to_vec()
}

/// What the right end makes of an outer IP packet: what it says, and what came out.
fn opened(pair: &mut Pair, mut octets: Vec<u8>) -> (Incoming, Vec<u8>) {
    let range = 0..octets.len();
    let mut packet = Packet::new(&mut octets, range, IpProtocol::IPV4).unwrap();
    let incoming = pair.ends[RIGHT].handle_inbound(pair.now, &mut packet);
    (incoming, packet.data().to_vec())
}

fn v4(octets: &[u8]) -> Ipv4Header<'_> {
    match IpHeader::parse(octets).unwrap() {
        IpHeader::V4(header) => header,
        IpHeader::V6(_) => panic!("IPv4"),
    }
}

fn with_class(mut octets: Vec<u8>, class: u8) -> Vec<u8> {
    set_traffic_class(&mut octets, class).unwrap();
    octets
}

#[test]
fn rfc4301_5_1_2_the_outer_header_is_the_policys() {
    let mut pair = pair_with(&TunnelHeader::default());
    let outer = sealed(&mut pair, &with_class(to_right(1), 0xb8));
    let header = v4(&outer);
    assert_eq!((header.source(), header.destination()), ([192, 0, 2, 1].into(), [192, 0, 2, 2].into()));
    assert_eq!((header.traffic_class(), header.ttl(), header.dont_fragment()), (0xb8, 64, true));
    assert_eq!((header.protocol(), header.payload().len() + 20), (IpProtocol::ESP, outer.len()));
    assert_eq!(internet_checksum(&outer[..20]), 0);
    let (incoming, inner) = opened(&mut pair, outer);
    assert!(matches!(incoming, Incoming::Delivered), "{incoming:?}");
    assert_eq!(inner, with_class(to_right(1), 0xb8));

    let mut pair = pair_with(&TunnelHeader {
        local: TunnelEnd::Fixed([192, 0, 2, 77].into()),
        remote: TunnelEnd::Fixed([192, 0, 2, 88].into()),
        dscp: DscpRule::Set(10),
        dont_fragment: DfRule::Clear,
        hop_limit: HopLimitRule::Set(7),
        ..TunnelHeader::default()
    });
    let outer = sealed(&mut pair, &with_class(to_right(1), 0xb9));
    let header = v4(&outer);
    assert_eq!((header.source(), header.destination()), ([192, 0, 2, 77].into(), [192, 0, 2, 88].into()));
    assert_eq!((header.traffic_class(), header.ttl(), header.dont_fragment()), (10 << 2 | 1, 7, false));
    // The identification tells the fragments of one packet from those of another.
    let next = sealed(&mut pair, &to_right(2));
    assert_eq!(v4(&next).identification(), header.identification().wrapping_add(1));
    // IKE goes on between its own addresses, whatever the SA was used for.
    opened(&mut pair, outer);
    pair.run(Duration::from_secs(30));
    assert_eq!(pair.count(RIGHT, "PathChanged") + pair.count(LEFT, "PathChanged"), 0);
    let (now, child) = (pair.now, pair.newest(LEFT));
    pair.ends[LEFT].rekey(now, child).unwrap();
    pair.run(Duration::from_secs(5));
    assert_eq!(pair.count(LEFT, "OutboundMoved"), 1);
}

#[test]
fn a_packet_that_waited_has_its_outer_header_beside_it() {
    let header = TunnelHeader { remote: TunnelEnd::Fixed([192, 0, 2, 88].into()), ..TunnelHeader::default() };
    let mut pair = Pair::each(&|protect| protect.tunnel_header = header.clone());
    pair.send(LEFT, &with_class(to_right(0), 0x28));
    for _ in 0..2 {
        pair.cross(LEFT);
        pair.cross(RIGHT);
    }
    pair.take_events();
    let transmit = pair.ends[LEFT].poll_transmit().unwrap();
    assert!(transmit.esp && transmit.path.remote.ip() == IpAddr::from([192, 0, 2, 88]));
    let Some(OuterHeader::V4(outer)) = transmit.outer else { panic!("an outer header") };
    assert_eq!((outer.traffic_class, outer.destination), (0x28, [192, 0, 2, 88].into()));
}

#[test]
fn rfc6040_4_2_congestion_on_the_way_reaches_the_inner_packet() {
    let mut pair = pair_with(&TunnelHeader::default());
    let [not_ect, ect0, ce] = [0, 2, 3].map(|class| with_class(to_right(1), class));
    // Capable of ECN, and marked on the way.
    let outer = sealed(&mut pair, &ect0);
    assert_eq!(v4(&outer).traffic_class(), 2);
    let (incoming, inner) = opened(&mut pair, with_class(outer, 3));
    assert!(matches!(incoming, Incoming::Delivered));
    assert_eq!((traffic_class(&inner), internet_checksum(&inner[..20])), (Ok(3), 0));
    assert_eq!(inner, ce);
    // Not capable: who dropped it would have told its transport, and so do we.
    let outer = sealed(&mut pair, &not_ect);
    let (incoming, inner) = opened(&mut pair, with_class(outer, 3));
    assert!(matches!(incoming, Incoming::Discarded(DiscardReason::Congestion)), "{incoming:?}");
    assert!(inner.iter().all(|octet| *octet == 0), "nothing of it is left");
    assert_eq!((pair.ends[RIGHT].stats().ecn_dropped, pair.ends[RIGHT].stats().ecn_alarms), (1, 0));
    // Unlawful, but harmless.
    let outer = sealed(&mut pair, &not_ect);
    let (incoming, inner) = opened(&mut pair, with_class(outer, 2));
    assert!(matches!(incoming, Incoming::Delivered) && inner == not_ect);
    assert_eq!(pair.ends[RIGHT].stats().ecn_alarms, 1);
}

#[test]
fn rfc6040_from_a_socket_the_traffic_class_may_be_told_or_not() {
    let mut config = pair_with(&TunnelHeader::default());
    let ect0 = with_class(to_right(1), 2);
    for (class, expected) in [(Some(3), 3), (Some(2), 2), (None, 2)] {
        let outer = sealed(&mut config, &ect0);
        let mut esp = outer[20..].to_vec();
        let range = 0..esp.len();
        let mut packet = Packet::new(&mut esp, range, IpProtocol::UDP).unwrap();
        let Path { local, remote, .. } = common::path(RIGHT);
        let path = Path { local, remote, carrier: Carrier::UdpEncapsulated };
        let arrival = Arrival { traffic_class: class };
        let incoming = config.ends[RIGHT].handle_datagram_with(config.now, path, arrival, &mut packet);
        assert!(matches!(incoming, Incoming::Delivered), "{incoming:?}");
        assert_eq!(traffic_class(packet.data()), Ok(expected));
    }
    // A peer that cannot be told sends what loses nothing: its packets are Not-ECT outside.
    let mut pair = pair_with(&TunnelHeader { ecn: EcnMode::Compatibility, ..TunnelHeader::default() });
    assert_eq!(v4(&sealed(&mut pair, &ect0)).traffic_class(), 0);
}

#[test]
fn rfc9329_9_5_in_a_stream_there_are_no_outer_headers_and_a_mark_drops_the_packet() {
    let carrier = Carrier::Tcp;
    let tcp = |end: usize, config: &mut GatewayConfig| {
        config.peers = vec![(PeerId(1), Path { carrier, ..common::path(end) })];
    };
    let header = TunnelHeader { uniform_dscp: true, ..TunnelHeader::default() };
    let change = |_: usize, policies: &mut Vec<Policy>| protect(policies).tunnel_header = header.clone();
    let mut pair = Pair::configured(Mode::Tunnel, &change, &tcp);
    let ect0 = with_class(to_right(0), 0xba);
    pair.send(LEFT, &ect0);
    for _ in 0..2 {
        pair.cross(LEFT);
        pair.cross(RIGHT);
    }
    pair.take_events();
    let transmit = pair.ends[LEFT].poll_transmit().unwrap();
    assert_eq!((transmit.path.carrier, transmit.esp, transmit.outer), (carrier, false, None));

    // Marked CE: dropped, also where a single inner packet could be told. Otherwise nothing of the segment comes in.
    for (class, passes) in
        [(Some(3), false), (Some(0x2b), false), (Some(2), true), (Some(0), true), (None, true)]
    {
        let mut buf = [&[0; HEAD][..], &ect0, &[0; 320]].concat();
        let mut packet = Packet::new(&mut buf, HEAD..HEAD + ect0.len(), IpProtocol::IPV4).unwrap();
        let outgoing = pair.ends[LEFT].handle_outbound(pair.now, &mut packet);
        assert!(matches!(outgoing, Outgoing::Protected(Path { carrier: Carrier::Tcp, .. })), "{outgoing:?}");
        assert!(packet.attach_header().is_err(), "no header is beside it");
        let mut esp = packet.data().to_vec();
        let range = 0..esp.len();
        let mut packet = Packet::new(&mut esp, range, IpProtocol::TCP).unwrap();
        let path = Path { carrier, ..common::path(RIGHT) };
        let arrival = Arrival { traffic_class: class };
        let incoming = pair.ends[RIGHT].handle_datagram_with(pair.now, path, arrival, &mut packet);
        if passes {
            assert!(matches!(incoming, Incoming::Delivered), "{class:?}: {incoming:?}");
            assert_eq!(packet.data(), ect0);
        } else {
            assert!(matches!(incoming, Incoming::Discarded(DiscardReason::Congestion)), "{incoming:?}");
            assert!(packet.data().iter().all(|octet| *octet == 0), "nothing of it is left");
        }
    }
    assert_eq!((pair.ends[RIGHT].stats().ecn_dropped, pair.ends[RIGHT].stats().ecn_alarms), (2, 0));
}

/// A packet of so many octets that must not be cut.
fn long(octets: usize) -> Vec<u8> {
    packet([10, 1, 0, 1], [10, 2, 0, 1], &vec![7; octets - 28])
}

/// The ICMP message of a router about an outer packet, as the left end receives it.
fn too_big(pair: &mut Pair, outer: &[u8], mtu: usize) -> Incoming {
    let mut buf = vec![0; 1500];
    let length = too_big_reply(outer, [203, 0, 113, 1].into(), mtu, &mut buf).unwrap();
    let mut packet = Packet::new(&mut buf, 0..length, IpProtocol::IPV4).unwrap();
    pair.ends[LEFT].handle_inbound(pair.now, &mut packet)
}

fn send_of(pair: &mut Pair, octets: usize) -> Outgoing {
    let octets = long(octets);
    pair.send(LEFT, &octets)
}

#[test]
fn pd_07_unprotected_too_big_messages_lower_the_path_mtu_within_bounds() {
    // In the tunnel: IP 20, ESP 8, IV 8, ICV 16, trailer 2 or more.
    for (mtu, largest) in [(0, 522), (68, 522), (575, 522), (1279, 1222), (1280, 1226), (1499, 1442)] {
        let mut pair = pair_with(&TunnelHeader::default());
        let child = pair.newest(LEFT);
        assert_eq!(pair.ends[LEFT].largest_packet(pair.now, child), Some(1446));
        assert!(matches!(send_of(&mut pair, 1446), Outgoing::Protected(_)));
        assert!(matches!(send_of(&mut pair, 1447), Outgoing::TooBig { mtu: 1446 }));
        let outer = sealed(&mut pair, &long(1446));
        assert_eq!(outer.len(), 1500);
        assert!(matches!(too_big(&mut pair, &outer, mtu), Incoming::Consumed));
        pair.take_events();
        let told: Vec<_> =
            pair.events[LEFT]
                .iter()
                .filter_map(|event| {
                    if let Event::PathMtuLowered { largest, .. } = event { Some(*largest) } else { None }
                })
                .collect();
        assert_eq!(told, [largest], "{mtu}");
        assert!(matches!(too_big(&mut pair, &outer, mtu), Incoming::Consumed), "once more says nothing new");
        assert_eq!(pair.ends[LEFT].stats().path_mtus_lowered, 1);
        // The SA still carries what fits, and the sender of what does not is told.
        assert!(matches!(send_of(&mut pair, largest), Outgoing::Protected(_)));
        let outgoing = send_of(&mut pair, largest + 1);
        assert!(matches!(outgoing, Outgoing::TooBig { mtu } if mtu == largest), "{outgoing:?}");
        assert_eq!(pair.ends[LEFT].stats().too_big, 2);
        // What may be cut is sent.
        let mut cut = long(1400);
        cut[6] = 0;
        assert!(matches!(pair.send(LEFT, &cut), Outgoing::Protected(_)));
        // It ages.
        pair.now = pair.now + Duration::from_secs(601);
        assert!(matches!(send_of(&mut pair, 1446), Outgoing::Protected(_)));
    }
}

#[test]
fn pd_07_messages_that_would_raise_the_mtu_or_are_of_nobody_count_for_nothing() {
    let mut pair = pair_with(&TunnelHeader::default());
    let outer = sealed(&mut pair, &long(1446));
    for mtu in [1500, 9000, 65_535] {
        assert!(matches!(too_big(&mut pair, &outer, mtu), Incoming::Consumed));
    }
    // Another SPI, another destination, another source: no SA of ours, and the SPD decides about the message.
    for at in [20, 16, 12] {
        let mut other = outer.clone();
        other[at] ^= 0x40;
        other[10..12].copy_from_slice(&[0, 0]);
        let checksum = internet_checksum(&other[..20]);
        other[10..12].copy_from_slice(&checksum.to_be_bytes());
        let incoming = too_big(&mut pair, &other, 600);
        assert!(matches!(incoming, Incoming::Discarded(DiscardReason::Policy)), "{at}: {incoming:?}");
    }
    let of_udp = |spi| TooBig {
        mtu: 600,
        source: address(LEFT).ip(),
        destination: address(RIGHT).ip(),
        quoted: Quoted::Udp { source_port: 500, destination_port: 500, spi },
    };
    let spi = ipsec::types::Spi::from_be_bytes(outer[20..24].try_into().unwrap()).ok();
    for quoted in [of_udp(None), of_udp(spi)] {
        assert!(!pair.ends[LEFT].note_too_big(pair.now, &quoted), "its packets are not in UDP");
    }
    assert_eq!(pair.ends[LEFT].stats().path_mtus_lowered, 0);
    assert!(matches!(send_of(&mut pair, 1446), Outgoing::Protected(_)));
}

#[test]
fn pd_07_by_configuration_unprotected_messages_are_ignored() {
    let mut pair = up(Pair::configured(Mode::Tunnel, &|_, _| {}, &|_, config| config.trust_icmp = false));
    let outer = sealed(&mut pair, &long(1446));
    for mtu in [0, 68, 1279, 65_535] {
        assert!(matches!(too_big(&mut pair, &outer, mtu), Incoming::Consumed));
        assert!(matches!(send_of(&mut pair, 1446), Outgoing::Protected(_)));
    }
    pair.take_events();
    assert_eq!(pair.count(LEFT, "PathMtuLowered"), 0);
}

#[test]
fn a_rekeyed_sa_knows_the_path_of_the_one_before() {
    let mut pair = pair_with(&TunnelHeader::default());
    let outer = sealed(&mut pair, &long(1446));
    too_big(&mut pair, &outer, 1400);
    let (now, child) = (pair.now, pair.newest(LEFT));
    pair.ends[LEFT].rekey(now, child).unwrap();
    pair.run(Duration::from_secs(2));
    assert_ne!(pair.newest(LEFT), child);
    assert!(matches!(send_of(&mut pair, 1446), Outgoing::TooBig { .. }));
    // Messages about the one that is gone count no more.
    assert!(matches!(too_big(&mut pair, &outer, 1000), Incoming::Discarded(DiscardReason::Policy)));
}

#[test]
fn in_transport_mode_the_packets_own_header_counts() {
    let mut pair = Pair::new(Mode::Transport, &|_, _| {});
    let of = |octets: usize| packet([192, 0, 2, 1], [192, 0, 2, 2], &vec![7; octets - 28]);
    pair.send(LEFT, &of(100));
    pair.run(Duration::from_secs(1));
    // IP 20, ESP 8, IV 8, ICV 16 leave 1,448, of which the trailer takes two.
    assert!(matches!(pair.send(LEFT, &of(1466)), Outgoing::Protected(_)));
    assert!(matches!(pair.send(LEFT, &of(1467)), Outgoing::TooBig { mtu: 1466 }));
}

#[test]
fn pd_07_in_transport_mode_the_header_stays_in_front_of_the_blocks() {
    // Of 1,500 octets IP takes 20, ESP 8, the IV 16 and the ICV 16: 1,440 are left for whole blocks, of which the trailer
    // takes two. Were the header among what is padded, six octets less would fit.
    let cbc = Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 };
    let mut pair = Pair::new(Mode::Transport, &|_, policies| {
        protect(policies).proposals[0].suite = ProtocolSuite::Esp(cbc)
    });
    let of = |octets: usize| packet([192, 0, 2, 1], [192, 0, 2, 2], &vec![7; octets - 28]);
    pair.send(LEFT, &of(100));
    pair.run(Duration::from_secs(1));
    assert_eq!(sealed_transport(&mut pair, &of(1458)).len(), 1500);
    assert!(matches!(pair.send(LEFT, &of(1459)), Outgoing::TooBig { mtu: 1458 }));
}

/// As [`sealed`], where the packet has its own header.
fn sealed_transport(pair: &mut Pair, octets: &[u8]) -> Vec<u8> {
    let mut buf = [&[0; HEAD][..], octets, &[0; 320]].concat();
    let mut packet = Packet::new(&mut buf, HEAD..HEAD + octets.len(), IpProtocol::IPV4).unwrap();
    let outgoing = pair.ends[LEFT].handle_outbound(pair.now, &mut packet);
    assert!(matches!(outgoing, Outgoing::Protected(_)), "{outgoing:?}");
    packet.data().to_vec()
}

#[test]
fn ea_13_a_packet_that_could_not_be_sealed_is_as_it_was() {
    let hosts = packet([192, 0, 2, 1], [192, 0, 2, 2], &[7; 40]);
    for (mode, octets) in [(Mode::Tunnel, to_right(7)), (Mode::Transport, hosts)] {
        let mut pair = Pair::new(mode, &|_, _| {});
        pair.send(LEFT, &octets);
        pair.run(Duration::from_secs(1));
        for (head, tail) in [(HEAD, 0), (HEAD, 17), (0, 320), (15, 320)] {
            let mut buf = [&vec![0; head][..], &octets, &vec![0; tail]].concat();
            let mut packet = Packet::new(&mut buf, head..head + octets.len(), IpProtocol::IPV4).unwrap();
            let outgoing = pair.ends[LEFT].handle_outbound(pair.now, &mut packet);
            let refused = matches!(outgoing, Outgoing::Discarded(DiscardReason::Seal(SealError::NoRoom(_))));
            assert!(refused, "{outgoing:?}");
            assert_eq!(
                (packet.data(), packet.next_header()),
                (&octets[..], IpProtocol::IPV4),
                "{mode:?} {head}"
            );
            assert!(packet.attach_header().is_err(), "no header is left beside it");
        }
        // No number was used up.
        pair.send(LEFT, &octets);
        pair.run(Duration::from_secs(1));
        assert_eq!(pair.delivered[RIGHT], [octets.clone(), octets]);
    }
}

#[test]
fn what_is_closed_is_forgotten() {
    let mut pair = pair_with(&TunnelHeader::default());
    let holds = |pair: &Pair, children: usize| {
        let shown = format!("{:?}", pair.ends[LEFT]);
        let expected = format!("children: {children}, outbound_spis: {children}, acquiring: 0");
        assert!(shown.contains(&expected), "{shown}");
    };
    holds(&pair, 1);
    for _ in 0..3 {
        let (now, child) = (pair.now, pair.newest(LEFT));
        pair.ends[LEFT].rekey(now, child).unwrap();
        pair.run(Duration::from_secs(2));
        holds(&pair, 1);
    }
    let (now, child) = (pair.now, pair.newest(LEFT));
    pair.ends[LEFT].delete(now, AnySaId::Child(child)).unwrap();
    pair.run(Duration::from_secs(2));
    holds(&pair, 0);
}

#[test]
fn e2_33_an_sa_that_cannot_be_used_here_gives_its_spi_back() {
    // The end that is fixed cannot be reached from where IKE is.
    let six = TunnelEnd::Fixed("2001:db8::9".parse().unwrap());
    let mut pair = Pair::new(Mode::Tunnel, &|end, policies| {
        if end == LEFT {
            protect(policies).tunnel_header.remote = six;
        }
    });
    let reserved = |pair: &Pair| {
        let shown = format!("{:?}", pair.ends[LEFT]);
        shown.split("reserved: ").nth(1).unwrap().split(',').next().unwrap().parse::<u32>().unwrap()
    };
    for round in 0..9 {
        assert!(matches!(pair.send(LEFT, &to_right(0)), Outgoing::Queued), "{round}");
        pair.run(Duration::from_secs(400));
        assert_eq!(pair.count(LEFT, "AcquireFailed"), round + 1);
        assert_eq!(pair.ends.each_ref().map(ipsec::Gateway::is_empty), [true, true]);
        // No more than IKE has in stock.
        assert!(reserved(&pair) < 12, "{}", reserved(&pair));
    }
}

#[test]
fn rfc1812_5_2_3_what_is_for_a_group_or_for_everybody_is_for_us() {
    let ours = |_: usize, config: &mut GatewayConfig| {
        config.addresses = vec![[10, 9, 0, 2].into(), [10, 9, 0, 255].into()]
    };
    let cases = [
        ([224, 0, 0, 5], true),
        ([255, 255, 255, 255], true),
        // The broadcast address of a subnet is ours where we say so, and otherwise that of a host.
        ([10, 9, 0, 255], true),
        ([10, 9, 1, 255], false),
        ([10, 9, 0, 2], true),
        ([10, 9, 0, 3], false),
    ];
    for (directions, inbound) in [(Directions::INBOUND, true), (Directions::FORWARD, false)] {
        let bypass = |_: usize, policies: &mut Vec<Policy>| {
            let scope = Scope { directions, ..Scope::default() };
            policies.insert(0, Policy { scope, ..Policy::new(SelectorPair::any(), PolicyAction::Bypass) });
            policies.insert(1, Policy::new(SelectorPair::any(), PolicyAction::Discard));
        };
        let mut pair = Pair::configured(Mode::Tunnel, &bypass, &ours);
        for (destination, for_us) in cases {
            let (incoming, _) = opened(&mut pair, packet([8, 8, 8, 8], destination, b"hello"));
            let passes = matches!(incoming, Incoming::Delivered);
            assert_eq!(passes, for_us == inbound, "{destination:?}: {incoming:?}");
        }
    }
}

#[test]
fn rfc4301_5_2_what_goes_through_meets_the_policies_of_what_is_forwarded() {
    // The right end is 10.2.0.1; what is for another host behind it is forwarded.
    let ours = |end: usize, config: &mut GatewayConfig| {
        if end == RIGHT {
            config.addresses = vec![[10, 2, 0, 1].into(), [10, 9, 0, 2].into()];
        }
    };
    let through = packet([10, 1, 0, 1], [10, 2, 0, 9], b"through");
    let mut pair = up(Pair::configured(Mode::Tunnel, &|_, _| {}, &ours));
    pair.send(LEFT, &through);
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[RIGHT].last(), Some(&through));
    // With the policy restricted to what starts and ends here, that goes no further.
    let restricted = |end: usize, policies: &mut Vec<Policy>| {
        if end == RIGHT {
            let directions = Directions::INBOUND | Directions::OUTBOUND;
            policies.last_mut().unwrap().scope = Scope { directions, ..Scope::default() };
        }
    };
    let mut pair = up(Pair::configured(Mode::Tunnel, &restricted, &ours));
    pair.send(LEFT, &through);
    pair.run(Duration::from_secs(1));
    assert_eq!((pair.delivered[RIGHT].len(), pair.discarded.pop()), (1, Some(DiscardReason::Policy)));
    // In the clear likewise: the policy that bypasses what is forwarded takes nothing for us.
    let bypass = |_: usize, policies: &mut Vec<Policy>| {
        for policy in policies.iter_mut().filter(|policy| policy.action == PolicyAction::Bypass) {
            policy.scope = Scope { directions: Directions::FORWARD, ..Scope::default() };
        }
    };
    let mut pair = Pair::configured(Mode::Tunnel, &bypass, &ours);
    for (destination, passes) in [([10, 9, 0, 3], true), ([10, 9, 0, 2], false)] {
        let (incoming, _) = opened(&mut pair, packet([8, 8, 8, 8], destination, b"x"));
        assert_eq!(matches!(incoming, Incoming::Delivered), passes, "{incoming:?}");
    }
}

#[test]
fn caches_smaller_than_the_flows_change_nothing() {
    // Many flows, far more than the caches keep, get what their policies say each time.
    let small = |_: usize, config: &mut GatewayConfig| {
        config.caches = ipsec::sa_db::CacheSizes { secure: 4, outbound: 4, inbound: 4 };
    };
    let mut pair = up(Pair::configured(Mode::Tunnel, &|_, _| {}, &small));
    for round in 0..3u8 {
        for last in 0..100u8 {
            let to = |second| packet([10, second, 0, 1], [10, 2, 0, last], &[round]);
            assert!(matches!(pair.send(LEFT, &to(1)), Outgoing::Protected(_)));
            assert!(matches!(pair.send(LEFT, &to(7)), Outgoing::Discarded(DiscardReason::Policy)));
        }
        pair.run(Duration::from_secs(1));
    }
    assert_eq!(pair.delivered[RIGHT].len(), 301);
}
