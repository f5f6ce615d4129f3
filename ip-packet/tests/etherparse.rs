//! IP headers as etherparse builds and reads them.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

use etherparse::{
    IpFragOffset, IpHeaders, IpNumber, Ipv4Extensions, Ipv4Header, Ipv4Options, Ipv6Extensions,
    Ipv6FlowLabel, Ipv6FragmentHeader, Ipv6Header, Ipv6RawExtHeader,
};
use ipsec_ip_packet::{
    AuthenticatedHeader, FlowKey, IpHeader, Packet, Ports, adjust_transport_checksum, transport_checksum,
    transport_split,
};
use ipsec_types::IpProtocol;
use proptest::prelude::*;

/// An IPv4 packet of etherparse's making.
fn ipv4() -> impl Strategy<Value = (Ipv4Header, Vec<u8>)> {
    let options = (0usize..11).prop_map(|words| vec![1; 4 * words]);
    let fields = (any::<[u8; 4]>(), any::<[u8; 4]>(), any::<u8>(), any::<u8>(), any::<u16>(), any::<bool>());
    let fragment = prop_oneof![3 => Just((0, false)), 1 => (0u16..8192, any::<bool>())];
    let payload = prop::collection::vec(any::<u8>(), 0..80);
    (options, fields, fragment, protocols(), payload).prop_map(
        |(options, (source, destination, class, ttl, id, df), (offset, more), protocol, payload)| {
            let length = u16::try_from(payload.len()).unwrap();
            let mut header = Ipv4Header::new(length, ttl, IpNumber(protocol), source, destination).unwrap();
            header.dscp = (class >> 2).try_into().unwrap();
            header.ecn = (class & 3).try_into().unwrap();
            (header.identification, header.dont_fragment) = (id, df);
            (header.fragment_offset, header.more_fragments) = (IpFragOffset::try_new(offset).unwrap(), more);
            header.options = Ipv4Options::try_from(&options[..]).unwrap();
            header.set_payload_len(payload.len()).unwrap();
            header.header_checksum = header.calc_header_checksum();
            (header, payload)
        },
    )
}

fn protocols() -> impl Strategy<Value = u8> {
    prop_oneof![
        Just(6),
        Just(17),
        Just(1),
        Just(58),
        Just(132),
        Just(33),
        Just(136),
        Just(135),
        Just(47),
        Just(50),
        Just(51),
        Just(59)
    ]
}

/// An IPv6 packet with extension headers of etherparse's making.
fn ipv6() -> impl Strategy<Value = (Ipv6Header, Ipv6Extensions, Vec<u8>)> {
    let raw = || {
        let data = (0usize..3).prop_map(|units| [vec![1, 4, 0, 0, 0, 0], vec![0; 8 * units]].concat());
        prop::option::of(data.prop_map(|data| Ipv6RawExtHeader::new_raw(IpNumber(59), &data).unwrap()))
    };
    let fragment = prop::option::of((0u16..8192, any::<bool>(), any::<u32>()));
    let fields = (any::<[u8; 16]>(), any::<[u8; 16]>(), any::<u8>(), any::<u8>(), 0u32..0x10_0000);
    let payload = prop::collection::vec(any::<u8>(), 0..80);
    (raw(), raw(), raw(), fragment, fields, protocols(), payload).prop_map(
        |(hop, destination_options, routing, fragment, fields, protocol, payload)| {
            let (source, destination, class, hop_limit, label) = fields;
            let mut extensions = Ipv6Extensions {
                hop_by_hop_options: hop,
                destination_options,
                fragment: fragment.map(|(offset, more, id)| {
                    let offset = IpFragOffset::try_new(offset).unwrap();
                    Ipv6FragmentHeader::new(IpNumber(59), offset, more, id)
                }),
                ..Ipv6Extensions::default()
            };
            extensions.routing = routing.map(|routing| etherparse::Ipv6RoutingExtensions {
                routing,
                final_destination_options: None,
            });
            let next_header = extensions.set_next_headers(IpNumber(protocol));
            let length = u16::try_from(extensions.header_len() + payload.len()).unwrap();
            let flow_label = Ipv6FlowLabel::try_new(label).unwrap();
            let header = Ipv6Header {
                traffic_class: class,
                flow_label,
                payload_length: length,
                next_header,
                hop_limit,
                source,
                destination,
            };
            (header, extensions, payload)
        },
    )
}

fn octets_v4((header, payload): &(Ipv4Header, Vec<u8>)) -> Vec<u8> {
    let mut octets = Vec::new();
    IpHeaders::Ipv4(header.clone(), Ipv4Extensions::default()).write(&mut octets).unwrap();
    octets.extend(payload);
    octets
}

fn octets_v6((header, extensions, payload): &(Ipv6Header, Ipv6Extensions, Vec<u8>)) -> Vec<u8> {
    let mut octets = Vec::new();
    IpHeaders::Ipv6(header.clone(), extensions.clone()).write(&mut octets).unwrap();
    octets.extend(payload);
    octets
}

/// RFC 4301 §4.4.1.1 and §7, over what etherparse put there.
fn expected_ports(protocol: u8, payload: &[u8], later: bool) -> Ports {
    match (protocol, payload) {
        (6 | 17 | 33 | 132 | 136, [a, b, c, d, ..]) if !later => {
            Ports::Ports { source: u16::from_be_bytes([*a, *b]), destination: u16::from_be_bytes([*c, *d]) }
        }
        (1 | 58, [kind, code, ..]) if !later => Ports::Icmp { kind: *kind, code: *code },
        (135, [_, _, kind, ..]) if !later => Ports::Mobility { kind: *kind },
        (6 | 17 | 33 | 132 | 136 | 1 | 58 | 135, _) => Ports::Opaque,
        _ => Ports::None,
    }
}

proptest! {
    #[test]
    fn ipv4_headers_with_options(packet in ipv4(), padding in 0usize..9) {
        let octets = [octets_v4(&packet), vec![0; padding]].concat();
        let (header, payload) = &packet;
        let IpHeader::V4(ours) = IpHeader::parse(&octets).unwrap() else { panic!("IPv4") };
        prop_assert!(ours.checksum_is_valid());
        prop_assert_eq!(ours.options(), header.options.as_slice());
        prop_assert_eq!((ours.payload(), ours.ttl()), (&payload[..], header.time_to_live));
        prop_assert_eq!(ours.traffic_class(), (header.dscp.value() << 2) | header.ecn.value());
        prop_assert_eq!(ours.fragment().is_some(), header.is_fragmenting_payload());

        let flow = FlowKey::of(&octets).unwrap();
        let later = header.fragment_offset.value() != 0;
        prop_assert_eq!(flow.ports, expected_ports(header.protocol.0, payload, later));
        prop_assert_eq!(flow.source, core::net::IpAddr::from(header.source));
        prop_assert_eq!(FlowKey::of_packet(&octets), Ok((FlowKey::of_header(&IpHeader::V4(ours)).unwrap(), octets.len() - padding)));
        let split = transport_split(&octets);
        prop_assert_eq!(split.is_err(), header.is_fragmenting_payload());
        if let Ok(split) = split {
            prop_assert_eq!(split.header_len, header.header_len());
        }
    }

    #[test]
    fn ipv6_headers_with_extensions(packet in ipv6(), padding in 0usize..9) {
        let octets = [octets_v6(&packet), vec![0; padding]].concat();
        let (header, extensions, payload) = &packet;
        let whole = IpHeader::parse(&octets).unwrap();
        let upper = whole.upper_layer().unwrap();
        prop_assert_eq!(upper.fragment.is_some(), extensions.is_fragmenting_payload());
        prop_assert_eq!(upper.offset, 40 + extensions.header_len());
        prop_assert_eq!((upper.protocol.0, upper.payload), (extensions.next_header(header.next_header).unwrap().0, &payload[..]));
        let later = upper.fragment.is_some_and(|info| info.offset != 0);
        prop_assert_eq!(FlowKey::of(&octets).unwrap().ports, expected_ports(upper.protocol.0, payload, later));
        prop_assert_eq!(transport_split(&octets).is_err(), extensions.is_fragmenting_payload());

        // Detached and attached it is the same packet; in between it has the same flow.
        if upper.fragment.is_none() {
            let length = octets.len() - padding;
            let mut buf = octets.clone();
            let mut packet = Packet::new(&mut buf, 0..octets.len(), IpProtocol::IPV6).unwrap();
            let protocol = packet.detach_to_upper_layer().unwrap();
            prop_assert_eq!((protocol, packet.header().len()), (upper.protocol, upper.offset));
            prop_assert_eq!(packet.flow(), FlowKey::of(&octets));
            packet.attach_header().unwrap();
            prop_assert_eq!(packet.data(), &octets[..length]);
        }
    }

    /// What changes under way does not change what AH covers.
    #[test]
    fn rfc4302_3_3_3_1_mutable_fields_do_not_count(
        four in ipv4(), six in ipv6(), class: u8, ttl: u8, label in 0u32..0x10_0000, offset in 0u16..8192,
    ) {
        let cover = |header: &[u8]| {
            let mut room = AuthenticatedHeader::ROOM;
            AuthenticatedHeader::of(header, &mut room).map(<[u8]>::to_vec)
        };
        let (mut header, payload) = four;
        let before = octets_v4(&(header.clone(), payload.clone()));
        header.dscp = (class >> 2).try_into().unwrap();
        header.ecn = (class & 3).try_into().unwrap();
        (header.time_to_live, header.dont_fragment) = (ttl, !header.dont_fragment);
        header.fragment_offset = IpFragOffset::try_new(offset).unwrap();
        header.header_checksum = header.calc_header_checksum();
        let len = header.header_len();
        let after = octets_v4(&(header, payload));
        prop_assert_eq!(cover(&before[..len]).unwrap(), cover(&after[..len]).unwrap());
        for at in (0..20).filter(|at| ![1, 6, 7, 8, 10, 11].contains(at)) {
            let mut changed = before[..len].to_vec();
            changed[at] ^= 0x01;
            prop_assert_ne!(cover(&changed).ok(), cover(&before[..len]).ok(), "octet {}", at);
        }

        let (mut header, mut extensions, payload) = six;
        extensions.fragment = None;
        header.next_header = extensions.set_next_headers(IpNumber(51));
        if let Some(routing) = extensions.routing.as_mut() {
            routing.routing.set_payload(&[0; 6]).unwrap();
        }
        let len = 40 + extensions.header_len();
        let before = octets_v6(&(header.clone(), extensions.clone(), payload.clone()));
        header.traffic_class = class;
        header.flow_label = Ipv6FlowLabel::try_new(label).unwrap();
        header.hop_limit = ttl;
        let after = octets_v6(&(header, extensions, payload));
        prop_assert_eq!(cover(&before[..len]).unwrap(), cover(&after[..len]).unwrap());
    }

    /// Behind a NAT: the adjusted checksum is the one etherparse computes from scratch.
    #[test]
    fn rfc3948_3_1_2_checksums_follow_the_addresses(
        from: ([u8; 4], [u8; 4]), to: ([u8; 4], [u8; 4]), ports: (u16, u16),
        payload in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let ends = |(source, destination): ([u8; 4], [u8; 4])| (source.into(), destination.into());
        let udp = |(source, destination): ([u8; 4], [u8; 4])| {
            let ip = Ipv4Header::new(0, 9, IpNumber::UDP, source, destination).unwrap();
            let header = etherparse::UdpHeader::with_ipv4_checksum(ports.0, ports.1, &ip, &payload).unwrap();
            [&header.to_bytes()[..], &payload].concat()
        };
        let mut crossed = udp(from);
        adjust_transport_checksum(IpProtocol::UDP, &mut crossed, ends(from), ends(to));
        prop_assert_eq!(&crossed, &udp(to));
        let (source, destination) = ends(to);
        prop_assert_eq!(transport_checksum(source, destination, IpProtocol::UDP, &crossed), 0);

        let tcp = |(source, destination): ([u8; 4], [u8; 4])| {
            let ip = Ipv4Header::new(0, 9, IpNumber::TCP, source, destination).unwrap();
            let mut header = etherparse::TcpHeader::new(ports.0, ports.1, 7, 8);
            header.checksum = header.calc_checksum_ipv4(&ip, &payload).unwrap();
            let mut octets = Vec::new();
            header.write(&mut octets).unwrap();
            [&octets[..], &payload].concat()
        };
        let mut crossed = tcp(from);
        adjust_transport_checksum(IpProtocol::TCP, &mut crossed, ends(from), ends(to));
        let expected = tcp(to);
        // One's complement has two zeros.
        if crossed[16..18] != [0xff; 2] && expected[16..18] != [0xff; 2] {
            prop_assert_eq!(&crossed, &expected);
        }
        prop_assert_eq!(transport_checksum(source, destination, IpProtocol::TCP, &crossed), 0);

        let mut none = udp(from);
        none[6..8].fill(0);
        let before = none.clone();
        adjust_transport_checksum(IpProtocol::UDP, &mut none, ends(from), ends(to));
        prop_assert_eq!(none, before, "no checksum stays none");
    }

    /// Nothing that reads octets panics, and what parses agrees on its lengths.
    #[test]
    fn any_octets(octets in prop::collection::vec(any::<u8>(), 0..120), version in 0u8..16) {
        let mut octets = octets;
        if let Some(first) = octets.first_mut() {
            *first = (version << 4) | (*first & 0x0f);
        }
        let _ = (FlowKey::of(&octets), transport_split(&octets));
        let mut room = AuthenticatedHeader::ROOM;
        let _ = AuthenticatedHeader::of(&octets, &mut room);
        let parsed = IpHeader::parse(&octets).and_then(|ip| Ok((FlowKey::of_header(&ip)?, ip.packet_len())));
        prop_assert_eq!(FlowKey::of_packet(&octets), parsed);
        if let Ok(ip) = IpHeader::parse(&octets) {
            prop_assert!(ip.packet_len() <= octets.len());
            if let Ok(upper) = ip.upper_layer() {
                prop_assert_eq!(upper.offset + upper.payload.len(), ip.packet_len());
            }
        }
    }
}
