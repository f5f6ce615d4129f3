use super::*;
use alloc::vec::Vec;
use proptest::prelude::*;

fn inner_v4(class: u8, dont_fragment: bool, ttl: u8) -> Vec<u8> {
    let fields = Ipv4Fields {
        source: [10, 1, 0, 1].into(),
        destination: [10, 2, 0, 1].into(),
        protocol: IpProtocol::UDP,
        traffic_class: class,
        ttl,
        identification: 7,
        dont_fragment,
        payload_len: 4,
    };
    let mut packet = alloc::vec![0xaa; 24];
    fields.encode(&mut Writer::new(&mut packet)).unwrap();
    packet
}

fn inner_v6(class: u8, flow_label: u32, hop_limit: u8) -> Vec<u8> {
    let fields = Ipv6Fields {
        source: "2001:db8:1::1".parse().unwrap(),
        destination: "2001:db8:2::1".parse().unwrap(),
        next_header: IpProtocol::UDP,
        traffic_class: class,
        flow_label,
        hop_limit,
        payload_len: 4,
    };
    let mut packet = alloc::vec![0xaa; 44];
    fields.encode(&mut Writer::new(&mut packet)).unwrap();
    packet
}

fn tunnel_v4() -> Tunnel {
    Tunnel::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into()).unwrap()
}

fn tunnel_v6() -> Tunnel {
    Tunnel::new("2001:db8:f::1".parse().unwrap(), "2001:db8:f::2".parse().unwrap()).unwrap()
}

/// The packet in its tunnel, as it goes out.
fn encapsulated(tunnel: &mut Tunnel, inner: &[u8]) -> Vec<u8> {
    let family = if inner[0] >> 4 == 4 { IpProtocol::IPV4 } else { IpProtocol::IPV6 };
    let mut buf = [&[0; 48][..], inner].concat();
    let end = buf.len();
    let mut packet = Packet::new(&mut buf, 48..end, family).unwrap();
    packet.encapsulate(tunnel).unwrap();
    packet.attach_header().unwrap();
    packet.data().to_vec()
}

proptest! {
    /// Both families in both: what etherparse reads in the outer header is what RFC 4301 §5.1.2 says.
    #[test]
    fn rfc4301_5_1_2_outer_headers_as_etherparse_reads_them(
        class: u8, dont_fragment: bool, hops in 1u8.., label in 0u32..0x10_0000, four_inside: bool,
        dscp in 0u8..3, set in 0u8..64, compatibility: bool, copy_hops: bool, df in 0u8..3, copy_label: bool,
    ) {
        let map = Box::new(core::array::from_fn::<u8, 64, _>(|dscp| 63 - u8::try_from(dscp).unwrap()));
        let inner = if four_inside { inner_v4(class, dont_fragment, hops) } else { inner_v6(class, label, hops) };
        let mut tunnels = [tunnel_v4(), tunnel_v6()];
        for tunnel in &mut tunnels {
            tunnel.dscp = match dscp { 0 => DscpRule::Copy, 1 => DscpRule::Set(set), _ => DscpRule::Map(map.clone()) };
            tunnel.ecn = if compatibility { EcnMode::Compatibility } else { EcnMode::Normal };
            tunnel.dont_fragment = [DfRule::Copy, DfRule::Set, DfRule::Clear][usize::from(df)];
            tunnel.flow_label = if copy_label { FlowLabelRule::Copy } else { FlowLabelRule::Set(0xfff_12345) };
            tunnel.hop_limit = if copy_hops { HopLimitRule::Copy } else { HopLimitRule::Set(77) };
            tunnel.start_identification(0xffff);
        }
        let [mut four, mut six] = tunnels;
        let outer_dscp = match dscp { 0 => class >> 2, 1 => set, _ => 63 - (class >> 2) };
        let outer_ecn = if compatibility { 0 } else { class & 3 };
        let df_expected = match df { 0 => dont_fragment || !four_inside, 1 => true, _ => false };
        let inside = if four_inside { 4 } else { 41 };
        let outer_hops = if copy_hops { hops } else { 77 };

        let packet = encapsulated(&mut four, &inner);
        let (outer, payload) = etherparse::Ipv4Header::from_slice(&packet).unwrap();
        prop_assert_eq!((outer.dscp.value(), outer.ecn.value()), (outer_dscp, outer_ecn));
        prop_assert_eq!((outer.dont_fragment, outer.more_fragments), (df_expected, false));
        prop_assert_eq!((outer.time_to_live, outer.protocol.0), (outer_hops, inside));
        prop_assert_eq!((outer.source, outer.destination), ([192, 0, 2, 1], [192, 0, 2, 2]));
        prop_assert_eq!(usize::from(outer.total_len), packet.len());
        prop_assert_eq!(outer.calc_header_checksum(), outer.header_checksum);
        prop_assert_eq!(outer.identification, if df_expected { 0 } else { 0xffff });
        prop_assert_eq!(payload, &inner[..]);
        let again = encapsulated(&mut four, &inner);
        prop_assert_eq!(u16::from_be_bytes([again[4], again[5]]), 0, "the identification after 0xffff");

        let packet = encapsulated(&mut six, &inner);
        let (outer, payload) = etherparse::Ipv6Header::from_slice(&packet).unwrap();
        prop_assert_eq!(outer.traffic_class, (outer_dscp << 2) | outer_ecn);
        let expected = match (copy_label, four_inside) { (true, true) => 0, (true, false) => label, _ => 0x12345 };
        prop_assert_eq!(outer.flow_label.value(), expected);
        prop_assert_eq!((outer.hop_limit, outer.next_header.0), (outer_hops, inside));
        prop_assert_eq!(usize::from(outer.payload_length), inner.len());
        prop_assert_eq!(payload, &inner[..]);
    }

    /// What arrives: congestion marks are kept, nothing else changes but DSCP where that is asked for.
    #[test]
    fn rfc6040_4_2_marks_cross_and_the_checksum_stays_right(
        class: u8, outer: u8, four_inside: bool, uniform: bool, hops in 1u8..,
    ) {
        let mut inner = if four_inside { inner_v4(class, true, hops) } else { inner_v6(class, 0xfffff, hops) };
        let before = inner.clone();
        let tunnel = Tunnel { uniform_dscp: uniform, ..tunnel_v4() };
        match (Ecn::of(class).decapsulated(Ecn::of(outer)), tunnel.decapsulate(outer, &mut inner)) {
            (EcnOutcome::Drop, result) => {
                prop_assert_eq!(result, Err(DecapsulateError::Congestion));
                prop_assert_eq!(inner, before);
            }
            (EcnOutcome::Forward { ecn, alarm }, result) => {
                prop_assert_eq!(result, Ok(alarm));
                let dscp = if uniform { outer >> 2 } else { class >> 2 };
                prop_assert_eq!(traffic_class(&inner), Ok((dscp << 2) | ecn.bits()));
                if four_inside {
                    let (header, _) = etherparse::Ipv4Header::from_slice(&inner).unwrap();
                    prop_assert_eq!(header.calc_header_checksum(), header.header_checksum);
                }
                set_traffic_class(&mut inner, class).unwrap();
                prop_assert_eq!(&inner, &before, "no other bit changed");
                prop_assert_eq!(decrement_hop_limit(&mut inner), (hops > 1).then(|| hops - 1));
                if four_inside {
                    let (header, _) = etherparse::Ipv4Header::from_slice(&inner).unwrap();
                    prop_assert_eq!(header.calc_header_checksum(), header.header_checksum);
                }
            }
        }
    }
}

#[test]
fn ends_of_two_families_and_packets_of_none() {
    assert!(Tunnel::new([192, 0, 2, 1].into(), "2001:db8::1".parse().unwrap()).is_err());
    let mut tunnel = tunnel_v4();
    for octets in [&[][..], &[0x45], &[0x75; 60]] {
        assert!(tunnel.outer(octets).is_err());
        let mut octets = octets.to_vec();
        assert!(tunnel.decapsulate(3, &mut octets).is_err());
        assert!(set_traffic_class(&mut octets, 1).is_err());
        assert_eq!(decrement_hop_limit(&mut octets), None);
    }
    let mut buf = inner_v4(0, false, 9);
    let mut packet = Packet::new(&mut buf, 0..24, IpProtocol::IPV4).unwrap();
    assert!(matches!(packet.encapsulate(&mut tunnel), Err(HeaderError::NoRoom(_))));
    packet.detach_header(20, IpProtocol::UDP).unwrap();
    assert_eq!(packet.encapsulate(&mut tunnel), Err(HeaderError::NoHeader), "one header at a time");
}

/// RFC 1624 §3: what does not change leaves the checksum as it is, whichever of the two forms of zero it has.
#[test]
fn rfc1624_3_no_change_of_the_traffic_class_is_no_change() {
    for checksum in [[0, 0], [0xff, 0xff], [0x12, 0x34]] {
        let mut packet = inner_v4(0xb9, true, 9);
        packet[10..12].copy_from_slice(&checksum);
        let before = packet.clone();
        set_traffic_class(&mut packet, 0xb9).unwrap();
        assert_eq!(packet, before);
    }
}

#[test]
fn a_second_outer_header_is_refused() {
    let mut tunnel = tunnel_v4();
    let inner = inner_v4(0, true, 9);
    let outer = tunnel.outer(&inner).unwrap();
    let mut buf = [&[0; 48][..], &inner].concat();
    let end = buf.len();
    let mut packet = Packet::new(&mut buf, 48..end, IpProtocol::IPV4).unwrap();
    packet.put_header(&outer).unwrap();
    assert_eq!(packet.put_header(&outer), Err(HeaderError::NoHeader));
    assert_eq!((packet.header_len(), packet.data()), (20, &inner[..]));
}

/// A DSCP has six bits: others never get into ECN, nor over the edge.
#[test]
fn rfc2474_3_a_dscp_has_six_bits() {
    for rule in [DscpRule::Set(0xff), DscpRule::Set(0x7f), DscpRule::Map(Box::new([0xff; 64]))] {
        let mut tunnel = Tunnel { dscp: rule, ..tunnel_v4() };
        assert_eq!(encapsulated(&mut tunnel, &inner_v4(0b01, true, 9))[1], 0b1111_1101);
    }
    let mut tunnel = Tunnel { dscp: DscpRule::Set(0x40), ..tunnel_v4() };
    assert_eq!(encapsulated(&mut tunnel, &inner_v4(0xff, true, 9))[1], 0b11);
}
