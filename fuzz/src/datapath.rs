//! IP headers, AH, what UDP port 4500 and TCP streams carry, and ESP with its window on a bad link.

extern crate alloc;

use alloc::collections::BTreeSet;
use ipsec::ah;
use ipsec::crypto_suite::{CipherId, CryptoError, MacId, Protection, Secret, SecureRandom, rustcrypto};
use ipsec::esp;
use ipsec::ip_packet::{
    AuthenticatedHeader, Expansion, FlowKey, IpHeader, Packet, Quoted, TooBig, Tunnel, decrement_hop_limit,
    too_big_reply, traffic_class, transport_split,
};
use ipsec::sa_db::{ManualReplay, Mode, SaMaterial, SaParams, SelectorPair};
use ipsec::types::{
    Carrier, Datagram, Encode, IpProtocol, STREAM_PREFIX, Spi, StreamDecoder, TcpFrame, Writer, classify,
};

/// Every walk over an IP packet: views, flow, transport split, tunnel headers, what AH covers, ICMP about it. Their answers
/// agree with each other.
pub fn ip_headers(input: &[u8]) {
    let parsed = IpHeader::parse(input).and_then(|ip| Ok((FlowKey::of_header(&ip)?, ip.packet_len())));
    assert_eq!(FlowKey::of_packet(input), parsed, "one walk or two");
    let _ = TooBig::parse(input).map(|found| {
        if let Some(TooBig { quoted: Quoted::Esp { spi } | Quoted::Ah { spi }, .. }) = found {
            assert!(spi.get() > 255);
        }
    });
    if let Ok(ip) = IpHeader::parse(input) {
        assert!(ip.packet_len() <= input.len());
        if let Ok(upper) = ip.upper_layer() {
            assert_eq!(upper.offset + upper.payload.len(), ip.packet_len());
        }
        through_tunnels(input, &ip);
    }
    if let Ok(split) = transport_split(input) {
        let mut octets = input.to_vec();
        let mut packet =
            Packet::new(&mut octets, 0..input.len(), IpProtocol::IPV4).expect("inside the buffer");
        packet.detach_for_transport().expect("it can be split");
        assert_eq!((packet.header().len(), packet.next_header()), (split.header_len, split.protocol));
        covers(packet.header());
        packet.attach_header().expect("the header that was there");
        IpHeader::parse(packet.data()).expect("still a packet");
    }
}

fn through_tunnels(input: &[u8], ip: &IpHeader<'_>) {
    let class = traffic_class(input).expect("an IP packet");
    let ends = |text: [&str; 2]| text.map(|end| end.parse().expect("an address"));
    for [source, destination] in [ends(["192.0.2.1", "192.0.2.2"]), ends(["2001:db8::1", "2001:db8::2"])] {
        let mut tunnel = Tunnel::new(source, destination).expect("one family");
        let mut octets = [&[0; 40][..], input].concat();
        let end = octets.len();
        let family = if input[0] >> 4 == 4 { IpProtocol::IPV4 } else { IpProtocol::IPV6 };
        let mut packet = Packet::new(&mut octets, 40..end, family).expect("inside the buffer");
        packet.encapsulate(&mut tunnel).expect("an IP packet");
        packet.attach_header().expect("an outer header");
        let outer = IpHeader::parse(packet.data()).expect("an IP packet");
        assert_eq!((outer.source(), outer.destination()), (source, destination));
        assert_eq!(traffic_class(packet.data()), Ok(class), "copied");
        let mut inner = input.to_vec();
        assert_eq!(tunnel.decapsulate(class, &mut inner), Ok(false), "nothing happened on the way");
        assert_eq!(inner, input);
        let left = decrement_hop_limit(&mut inner);
        assert_eq!(left.is_some(), inner != input);
        let mut reply = [0; 1280];
        if let Some(length) = too_big_reply(input, source, 1400, &mut reply) {
            let too_big = TooBig::parse(&reply[..length]).expect("a message").expect("of this kind");
            assert_eq!((too_big.mtu, too_big.source), (1400, ip.source()));
        }
    }
}

/// What changes on the way does not change what AH covers.
fn covers(header: &[u8]) {
    let mut room = AuthenticatedHeader::ROOM;
    let Ok(covered) = AuthenticatedHeader::of(header, &mut room) else { return };
    let mut changed = header.to_vec();
    if changed[0] >> 4 == 4 {
        for at in [1, 6, 7, 8, 10, 11] {
            changed[at] ^= 0xff;
        }
    } else {
        changed[0] ^= 0x0f;
        changed[1] ^= 0xff;
        changed[7] ^= 0xff;
    }
    let mut room = AuthenticatedHeader::ROOM;
    assert_eq!(AuthenticatedHeader::of(&changed, &mut room), Ok(covered));
}

const AH: Protection = Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha1_96 };

fn material(params: SaParams) -> SaMaterial {
    let spi = Spi::new(0x0102_0304).expect("not reserved");
    let integrity = Some(Secret::new(vec![0x22; params.protection.integrity_key_len()]));
    SaMaterial { spi, params, encryption: None, integrity }
}

/// Verifying a packet with AH: as it comes, and a hostile packet that an honest sender protected.
///
/// The first octet picks mode and extended sequence numbers and, by its top bit, which of the two.
pub fn ah_verify(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else { return };
    let mode = if choice & 1 == 0 { Mode::Tunnel } else { Mode::Transport };
    let params = SaParams { extended_sequence_numbers: choice & 2 != 0, ..SaParams::new(AH, mode) };
    let provider = rustcrypto::provider();
    let mut sa =
        ah::InboundSa::new(&provider, material(params), SelectorPair::any().into()).expect("a fitting key");
    let mut octets = [&[0; 64][..], rest].concat();
    let end = octets.len();
    let mut packet = Packet::new(&mut octets, 64..end, IpProtocol::IPV4).expect("inside the buffer");
    let authentic = choice & 0x80 != 0;
    if authentic {
        let mut sender = ah::OutboundSa::new(&provider, material(params)).expect("a fitting key");
        if packet.detach_for_transport().is_err() {
            return;
        }
        let header = packet.header().to_vec();
        if sender.seal_in_place(&mut packet).is_err() {
            assert_eq!(sender.last_sequence(), 0, "a refusal uses no number");
            assert_eq!(packet.header().len(), header.len());
            return;
        }
        packet.attach_header().expect("its header");
    }
    if packet.detach_to_upper_layer() != Ok(IpProtocol::AH) {
        return;
    }
    let before = packet.data().to_vec();
    let result = sa.open_in_place(&mut packet);
    assert_eq!(sa.highest_sequence(), u64::from(authentic), "only an authentic packet moves the window");
    match result {
        Ok(opened) => {
            assert!(authentic && opened.sequence == 1);
            if opened.kind == ah::OpenedKind::Tunnel {
                let inner = IpHeader::parse(packet.data()).expect("tunnel mode yields IP packets");
                assert_eq!(inner.packet_len(), packet.data().len());
            }
        }
        Err(_) => assert_eq!(packet.data(), before, "unchanged"),
    }
}

/// What comes in on UDP port 4500, and as a TCP stream in pieces of any length.
pub fn demux(input: &[u8]) {
    for carrier in [Carrier::Udp, Carrier::UdpEncapsulated, Carrier::Tcp] {
        match classify(carrier, input) {
            Some(Datagram::Ike(message)) => assert!(!message.is_empty() && input.ends_with(message)),
            Some(Datagram::Esp(packet)) => assert!(packet == input && carrier != Carrier::Udp),
            Some(Datagram::Keepalive) => assert!(carrier != Carrier::Udp && *input == [0xff]),
            None => {}
        }
    }
    let mut octets = input.to_vec();
    let mut packet = Packet::new(&mut octets, 0..input.len(), IpProtocol::UDP).expect("inside the buffer");
    if esp::UdpEncapsulation::strip(&mut packet).is_ok() {
        assert!(packet.data().len() + esp::UdpEncapsulation::LEN <= input.len());
    }
    let Some((cut, stream)) = input.split_first() else { return };
    let whole = [&STREAM_PREFIX[..], stream].concat();
    let at_once = frames(&whole, whole.len());
    assert_eq!(at_once, frames(&whole, usize::from(*cut).max(1)), "however it is cut");
    // What came out goes in again, apart from keepalives, which are not for streams.
    let mut again = STREAM_PREFIX.to_vec();
    let message = |frame| classify(Carrier::Tcp, frame).filter(|content| *content != Datagram::Keepalive);
    for content in at_once.iter().filter_map(|frame| message(frame)) {
        let frame = TcpFrame(content);
        let mut buf = vec![0; frame.encoded_len()];
        frame.encode(&mut Writer::new(&mut buf)).expect("a frame that was one");
        again.extend(buf);
    }
    let messages = at_once.iter().filter(|frame| message(frame).is_some()).cloned();
    assert_eq!(frames(&again, again.len()), messages.collect::<Vec<_>>());
    assert!(at_once.iter().all(|frame| !frame.is_empty()), "empty frames are passed over");
}

fn frames(stream: &[u8], cut: usize) -> Vec<Vec<u8>> {
    let mut decoder = StreamDecoder::accepted([0; 2048]);
    let mut frames = Vec::new();
    for mut piece in stream.chunks(cut) {
        loop {
            match decoder.push(&mut piece) {
                Ok(Some(frame)) => frames.push(frame.to_vec()),
                Ok(None) => break,
                Err(_) => return frames,
            }
        }
        assert!(piece.is_empty(), "all was taken");
    }
    frames
}

/// ESP on a link that reorders, loses, doubles and forges, against a model that knows every number in 64 bits.
///
/// The first octet picks the window and how far from 2^32 the numbers start; each further one is a delivery.
pub fn esp_replay_model(input: &[u8]) {
    let Some((choice, deliveries)) = input.split_first() else { return };
    let size = [32, 64, 65, 1024][usize::from(choice & 3)];
    let start = [0, (1u64 << 32) - 100, (1 << 32) - 1, (9 << 32) - 40][usize::from(choice >> 2 & 3)];
    let params =
        SaParams { replay_window: size, extended_sequence_numbers: true, ..SaParams::new(AH, Mode::Tunnel) };
    let provider = rustcrypto::provider();
    let (any, window) = (SelectorPair::any().into(), u64::from(size));
    let mut inbound = esp::InboundSa::manual(&provider, material(params), any, ManualReplay::After(start))
        .expect("a fitting key");
    let mut outbound =
        esp::OutboundSa::manual(&provider, &mut NoRandom, material(params), start).expect("a fitting key");
    let sent: Vec<_> = (0..600).map(|_| sealed(&mut outbound)).collect();
    let mut seen: BTreeSet<u64> = (start.saturating_sub(window)..=start).collect();
    let (mut top, mut at) = (start, 0usize);
    for delivery in deliveries {
        let step = usize::from(delivery & 0x1f);
        let index = match delivery >> 5 {
            0..=3 => {
                at = (at + step).min(599);
                at
            }
            4 => at.saturating_sub(step),
            5 => at.saturating_sub(8 * step),
            _ => (at + 8 * step).min(599),
        };
        let (number, mut esp) = (start + 1 + index as u64, sent[index].clone());
        let forged = delivery >> 5 == 7;
        if forged {
            esp[4 + (step & 3)] ^= 1 << (step >> 2);
        }
        let fresh = number > top || (top - number < window && !seen.contains(&number));
        let length = esp.len();
        let mut packet = Packet::new(&mut esp, 0..length, IpProtocol::ESP).expect("inside the buffer");
        match inbound.open_in_place(&mut packet) {
            Ok(opened) => {
                assert!(fresh && !forged && opened.sequence == number);
                top = top.max(number);
                seen.insert(number);
            }
            Err(error) => {
                assert!(!fresh || forged, "{error}");
                assert!(
                    matches!(error, esp::OpenError::Replayed | esp::OpenError::Authentication),
                    "{error}"
                );
            }
        }
        assert_eq!(inbound.highest_sequence(), top);
    }
    let expansion: Expansion = outbound.expansion();
    assert_eq!(expansion.protected_len(INNER.len()), sent[0].len());
}

const INNER: [u8; 20] = [0x45, 0, 0, 20, 0, 0, 0x40, 0, 64, 59, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1];

fn sealed(sa: &mut esp::OutboundSa) -> Vec<u8> {
    let mut buf = [&[0; 8][..], &INNER, &[0; 32]].concat();
    let mut packet = Packet::new(&mut buf, 8..28, IpProtocol::IPV4).expect("inside the buffer");
    sa.seal_in_place(&mut packet).expect("sealed");
    packet.data().to_vec()
}

struct NoRandom;

impl SecureRandom for NoRandom {
    fn fill(&mut self, _out: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::Randomness)
    }
}
