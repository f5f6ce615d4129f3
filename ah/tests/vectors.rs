//! Published AH packets, and every AH packet of the captures: verified, and made again octet by octet.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

use ipsec_ah::{Header, InboundSa, OpenedKind, OutboundSa};
use ipsec_crypto_suite::{CipherId, CryptoProvider, MacId, Protection, Secret, rustcrypto};
use ipsec_ip_packet::Packet;
use ipsec_sa_db::{Mode, SaMaterial, SaParams, SelectorPair};
use ipsec_types::{IpProtocol, Spi};
use testkit::{hex, read_pcap, testdata, truth, vectors};

/// Every algorithm there is, legacy ones with the feature.
fn provider() -> CryptoProvider {
    #[cfg_attr(not(feature = "legacy"), expect(unused_mut, reason = "the feature adds to it"))]
    let mut provider = rustcrypto::provider();
    #[cfg(feature = "legacy")]
    rustcrypto::add_legacy(&mut provider);
    provider
}

const ROOM: usize = 128;

fn family(packet: &[u8]) -> IpProtocol {
    if packet[0] >> 4 == 4 { IpProtocol::IPV4 } else { IpProtocol::IPV6 }
}

fn mac(name: &str) -> Option<MacId> {
    let number = match name {
        "hmac-md5-96" | "HMAC_MD5_96" => 1,
        "hmac-sha1-96" | "HMAC_SHA1_96" => 2,
        "aes-xcbc-96" => 5,
        "aes-cmac-96" => 8,
        "aes-gmac-128" => 9,
        "hmac-sha2-256-128" | "HMAC_SHA2_256_128" => 12,
        "hmac-sha2-384-192" => 13,
        "hmac-sha2-512-256" | "HMAC_SHA2_512_256" => 14,
        other => panic!("{other}"),
    };
    MacId::from_ikev2(number).filter(|mac| provider().mac(*mac).is_ok())
}

struct Case {
    name: String,
    mac: MacId,
    key: Vec<u8>,
    spi: u32,
    number: u64,
    extended: bool,
    mode: Mode,
    packet: Vec<u8>,
}

impl Case {
    fn material(&self) -> SaMaterial {
        let protection = Protection::Composed { cipher: CipherId::Null, mac: self.mac };
        let params =
            SaParams { extended_sequence_numbers: self.extended, ..SaParams::new(protection, self.mode) };
        let integrity = Some(Secret::new(self.key.clone()));
        SaMaterial { spi: Spi::new(self.spi).unwrap(), params, encryption: None, integrity }
    }

    /// Verifies the packet; says what it carried.
    fn verify(&self, material: SaMaterial) -> Vec<u8> {
        let sa = InboundSa::new(&provider(), material, SelectorPair::any().into()).unwrap();
        let mut buf = self.packet.clone();
        let mut packet = Packet::new(&mut buf, 0..self.packet.len(), family(&self.packet)).unwrap();
        assert_eq!(packet.detach_to_upper_layer(), Ok(IpProtocol::AH));
        let high = u32::try_from(self.number >> 32).unwrap();
        let opened =
            sa.inspect_in_place(&mut packet, high).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        assert_eq!(opened.sequence, self.number);
        let tunnel = self.mode == Mode::Tunnel;
        assert_eq!(opened.kind, if tunnel { OpenedKind::Tunnel } else { OpenedKind::Transport });
        if !tunnel {
            packet.attach_header().unwrap();
        }
        packet.data().to_vec()
    }

    /// Makes the packet of what it carried, behind the same IP header.
    fn protect(&self, inner: &[u8]) -> Vec<u8> {
        let mut sa = OutboundSa::manual(&provider(), self.material(), self.number - 1).unwrap();
        let mut buf = vec![0xa5; ROOM];
        if self.mode == Mode::Tunnel {
            let header_len = if family(&self.packet) == IpProtocol::IPV4 { 20 } else { 40 };
            buf.extend(&self.packet[..header_len]);
            buf.extend(inner);
            let end = buf.len();
            let mut packet = Packet::new(&mut buf, ROOM..end, IpProtocol::IPV4).unwrap();
            packet.detach_header(header_len, family(inner)).unwrap();
            sa.seal_in_place(&mut packet).unwrap();
            packet.attach_header().unwrap();
            return packet.data().to_vec();
        }
        buf.extend(inner);
        let end = buf.len();
        let mut packet = Packet::new(&mut buf, ROOM..end, family(inner)).unwrap();
        packet.detach_for_transport().unwrap();
        sa.seal_in_place(&mut packet).unwrap();
        packet.attach_header().unwrap();
        packet.data().to_vec()
    }

    fn run(&self) {
        let inner = self.verify(self.material());
        // Linux has padding in IPv4 that it could leave out, and with extended numbers leaves what it likes in padding.
        let least = (Header::FIXED_LEN + self.mac.icv_len())
            .next_multiple_of(if family(&self.packet) == IpProtocol::IPV4 { 4 } else { 8 });
        let header = Header::parse(self.ah()).unwrap();
        let padding = &header.icv()[self.mac.icv_len()..];
        if header.header_len() == least && padding.iter().all(|octet| *octet == 0) {
            assert_eq!(self.protect(&inner), self.packet, "{}", self.name);
        }
        // Any octet that changes, but those that may, makes it false.
        for at in 0..self.packet.len() {
            let mutable: &[usize] = match family(&self.packet) {
                IpProtocol::IPV4 => &[0, 1, 2, 3, 6, 7, 8, 9, 10, 11],
                _ => &[0, 1, 2, 3, 4, 5, 6, 7],
            };
            if mutable.contains(&at) {
                continue;
            }
            let mut buf = self.packet.clone();
            buf[at] ^= 0x40;
            let sa = InboundSa::new(&provider(), self.material(), SelectorPair::any().into()).unwrap();
            let length = buf.len();
            let mut packet = Packet::new(&mut buf, 0..length, family(&self.packet)).unwrap();
            packet.detach_to_upper_layer().unwrap();
            let high = u32::try_from(self.number >> 32).unwrap();
            assert!(sa.inspect_in_place(&mut packet, high).is_err(), "{}: octet {at}", self.name);
        }
    }

    fn ah(&self) -> &[u8] {
        &self.packet[if family(&self.packet) == IpProtocol::IPV4 { 20 } else { 40 }..]
    }
}

#[test]
fn published_packets_verify_and_are_made_again() {
    let mut run = 0;
    for group in vectors("ah_packets") {
        for vector in group.vectors() {
            let Some(mac) = mac(vector.text("integ")) else { continue };
            let case = Case {
                name: vector.text("name").to_owned(),
                mac,
                key: [vector.octets("key"), vector.octets("salt")].concat(),
                spi: u32::from_be_bytes(vector.octets("spi").try_into().unwrap()),
                number: vector.number("seq").unwrap(),
                extended: false,
                mode: if vector.text("mode") == "tunnel" { Mode::Tunnel } else { Mode::Transport },
                packet: vector.octets("packet"),
            };
            // Some SPIs of test data are reserved ones.
            if Spi::new(case.spi).is_ok() {
                case.run();
                run += 1;
            }
            let input = vector.octets("input");
            if Spi::new(case.spi).is_err() {
                reserved_spi(&case, &input);
                run += 1;
            }
        }
    }
    assert_eq!(run, if cfg!(feature = "legacy") { 13 } else { 12 });
}

/// DPDK's packets have SPI 123, which no SA can have: their ICVs are checked with the algorithm alone.
fn reserved_spi(case: &Case, input: &[u8]) {
    let header = Header::parse(case.ah()).unwrap();
    assert_eq!(header.spi().unwrap_err().0, case.spi);
    let mut room = ipsec_ip_packet::AuthenticatedHeader::ROOM_V4;
    let covered = ipsec_ip_packet::AuthenticatedHeader::of(&case.packet[..20], &mut room).unwrap();
    let ah = case.ah();
    let iv = header.icv().len() - case.mac.icv_len();
    let (fixed, rest) = ah.split_at(12 + iv);
    let icv = &rest[..case.mac.icv_len()];
    let zeros = vec![0; icv.len()];
    let key = provider().mac(case.mac).unwrap().key(&Secret::new(case.key.clone())).unwrap();
    key.verify(&fixed[12..], &[covered, fixed, &zeros, &rest[icv.len()..]], icv).unwrap();
    assert!(rest.ends_with(if case.mode == Mode::Tunnel { input } else { &input[20..] }));
}

#[test]
fn every_ah_packet_of_the_captures() {
    let mut run = 0;
    for name in ["ikev2-ah-ipv6-transport", "ikev2-ah-transport", "ikev2-ah-tunnel"] {
        let folder = testdata(&format!("captures/{name}"));
        let truth = truth(&folder);
        let frames = read_pcap(folder.join("capture.pcap"));
        let child = &truth["child_sas"][0];
        let text = |field: &str| child[field].as_str().unwrap();
        for packet in truth["data_packets"].as_array().unwrap() {
            let initiator = packet["spi"] == child["spi_responder"];
            let keys = if initiator { "initiator_to_responder" } else { "responder_to_initiator" };
            let frame = packet["frame"].as_u64().unwrap();
            let octets = &frames[usize::try_from(frame - 1).unwrap()].octets[14..];
            let spi = u32::from_str_radix(packet["spi"].as_str().unwrap(), 16).unwrap();
            let case = Case {
                name: format!("{name}, frame {frame}"),
                mac: mac(text("proposal").split('/').next().unwrap()).unwrap(),
                key: hex(child[keys]["auth_key"].as_str().unwrap()),
                spi,
                number: packet["seq"].as_u64().unwrap(),
                extended: child["esn"].as_bool().unwrap(),
                mode: if text("mode") == "tunnel" { Mode::Tunnel } else { Mode::Transport },
                packet: octets.to_vec(),
            };
            case.run();
            run += 1;
        }
    }
    assert_eq!(run, 18);
}
