//! Published ESP packets (RFC drafts, DPDK, scapy with a Linux kernel, and others), and every ESP packet of the captures.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

use alloc::sync::Arc;
use ipsec_crypto_suite::{CryptoProvider, Protection, Secret, rustcrypto};
use ipsec_esp::{InboundSa, OpenedKind, UdpEncapsulation};
use ipsec_ip_packet::{IpHeader, Packet, Reassembler, ReassemblyLimits};
use ipsec_sa_db::{Mode, SaMaterial, SaParams, SelectorPair};
use ipsec_types::{Carrier, Datagram, Instant, IpProtocol, Spi, classify};
use testkit::{Vector, captures, hex, read_pcap, truth, vectors};

/// Every algorithm there is, legacy ones with the feature.
fn provider() -> CryptoProvider {
    #[cfg_attr(not(feature = "legacy"), expect(unused_mut, reason = "the feature adds to it"))]
    let mut provider = rustcrypto::provider();
    #[cfg(feature = "legacy")]
    rustcrypto::add_legacy(&mut provider);
    provider
}

/// The IKEv2 numbers of algorithms, by the names that vectors and captures have for them.
fn encryption(name: &str) -> Option<u16> {
    Some(match name {
        "3des-cbc" | "3DES" => 3,
        "null" | "NULL" => 11,
        "aes-cbc" | "AES_CBC" => 12,
        "aes-ctr" | "AES_CTR" => 13,
        "aes-ccm-8" => 14,
        "aes-ccm-12" => 15,
        "aes-ccm-16" | "AES_CCM_16" => 16,
        "aes-gcm-8" | "AES_GCM_8" => 18,
        "aes-gcm-12" => 19,
        "aes-gcm-16" | "AES_GCM_16" => 20,
        "null-aes-gmac" | "NULL_AUTH_AES_GMAC" => 21,
        "chacha20-poly1305" | "CHACHA20_POLY1305" => 28,
        "aes-gcm-16-iiv" => 30,
        "chacha20-poly1305-iiv" => 31,
        // Single DES, and a suite that was never registered.
        "des-cbc" | "aes-ccm-16-iiv" => return None,
        other => panic!("{other}"),
    })
}

fn integrity(name: &str) -> Option<u16> {
    Some(match name {
        "hmac-md5-96" | "HMAC_MD5_96" => 1,
        "hmac-sha1-96" | "HMAC_SHA1_96" => 2,
        "aes-xcbc-96" => 5,
        "aes-cmac-96" => 8,
        "hmac-sha2-256-128" | "HMAC_SHA2_256_128" => 12,
        "hmac-sha2-384-192" => 13,
        "hmac-sha2-512-256" | "HMAC_SHA2_512_256" => 14,
        "none" => return None,
        other => panic!("{other}"),
    })
}

fn protection(vector: &Vector<'_>) -> Option<Protection> {
    let name = vector.text("encr");
    let bits = u16::try_from(vector.octets("encr_key").len() * 8).unwrap();
    let bits = name.contains("aes").then_some(bits);
    Protection::from_ikev2(encryption(name)?, bits, integrity(vector.text("integ")))
}

fn inbound(vector: &Vector<'_>, protection: Protection) -> Option<InboundSa> {
    let encryption = [vector.octets("encr_key"), vector.octets("salt")].concat();
    let integrity = vector.octets("integ_key");
    let spi = vector.octets("spi").try_into().unwrap();
    let params = SaParams {
        extended_sequence_numbers: vector.flag("esn"),
        ..SaParams::new(protection, Mode::Transport)
    };
    let some = |key: Vec<u8>| (!key.is_empty()).then(|| Secret::from(key));
    let (encryption, integrity) = (some(encryption), some(integrity));
    let material = SaMaterial { spi: Spi::from_be_bytes(spi).ok()?, params, encryption, integrity };
    // One published key has a length that no IKE would make.
    InboundSa::new(&provider(), material, Arc::new(SelectorPair::any())).ok()
}

#[test]
fn published_packets_open() {
    let (mut opened, mut refused) = (0, 0);
    for group in vectors("esp_packets") {
        for vector in group.vectors() {
            let Some(sa) = protection(&vector).and_then(|protection| inbound(&vector, protection)) else {
                continue;
            };
            let name = vector.text("name");
            let mut octets = vector.octets("packet");
            let length = octets.len();
            let mut packet = Packet::new(&mut octets, 0..length, IpProtocol::ESP).unwrap();
            let high = u32::try_from(vector.number("seq").unwrap() >> 32).unwrap();
            let result = sa.inspect_in_place(&mut packet, high);
            let monotonic = vector.value("pad_monotonic").and_then(|value| value.as_bool()).unwrap_or(true);
            if vector.text("result") == "invalid" || !monotonic {
                assert!(result.is_err(), "{name}");
                assert_ne!(packet.data(), vector.octets("payload"), "{name}: plaintext");
                refused += 1;
                continue;
            }
            let result = result.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(
                packet.next_header().0,
                u8::try_from(vector.number("next_header").unwrap()).unwrap(),
                "{name}"
            );
            if result.kind == OpenedKind::Transport {
                assert_eq!(packet.data(), vector.octets("payload"), "{name}");
            }
            opened += 1;
        }
    }
    let least = if cfg!(feature = "legacy") { 63 } else { 57 };
    assert!(opened >= least, "{opened} packets opened");
    assert!(refused >= 1, "{refused} packets refused");
}

/// One SA of a capture, by its SPI: protection, extended numbers, mode and keys of one direction.
fn sa_of<'a>(children: &'a [serde_json::Value], spi: &str) -> (&'a serde_json::Value, &'a serde_json::Value) {
    for child in children {
        if child["spi_responder"] == spi {
            return (child, &child["initiator_to_responder"]);
        }
        if child["spi_initiator"] == spi {
            return (child, &child["responder_to_initiator"]);
        }
    }
    panic!("no SA with SPI {spi}");
}

fn capture_inbound(child: &serde_json::Value, keys: &serde_json::Value, spi: &str) -> Option<InboundSa> {
    let mut transforms = child["proposal"].as_str().unwrap().split('/');
    let cipher = transforms.next().unwrap();
    let (name, bits) = match cipher.rsplit_once('_') {
        Some((name, bits)) if matches!(bits, "128" | "192" | "256") => (name, bits.parse().ok()),
        _ => (cipher, None),
    };
    let mac = transforms.next().filter(|name| name.starts_with("HMAC")).and_then(integrity);
    let protection = Protection::from_ikev2(encryption(name).unwrap(), bits, mac).unwrap();
    if !provider().has_protection(protection) {
        assert!(protection.is_legacy(), "{protection}");
        return None;
    }
    let mode =
        if child["mode"].as_str().unwrap().starts_with("tunnel") { Mode::Tunnel } else { Mode::Transport };
    let params = SaParams {
        extended_sequence_numbers: child["esn"].as_bool().unwrap_or_default(),
        ..SaParams::new(protection, mode)
    };
    let key = |name: &str| {
        Some(hex(keys[name].as_str().unwrap_or_default())).filter(|key| !key.is_empty()).map(Secret::from)
    };
    let (encryption, integrity) = (key("enc_key"), key("auth_key"));
    let spi = Spi::new(u32::from_str_radix(spi, 16).unwrap()).unwrap();
    let material = SaMaterial { spi, params, encryption, integrity };
    Some(InboundSa::new(&provider(), material, Arc::new(SelectorPair::any())).unwrap())
}

#[test]
fn every_esp_packet_of_the_captures() {
    let (mut opened, mut reassembled) = (0, 0);
    for folder in captures() {
        let truth = truth(&folder);
        let children = truth["child_sas"].as_array().unwrap();
        let frames = read_pcap(folder.join("capture.pcap"));
        for packet in
            truth["data_packets"].as_array().unwrap().iter().filter(|packet| packet["proto"] == "ESP")
        {
            let frame = packet["frame"].as_u64().unwrap();
            let name = format!("{}, frame {frame}", folder.display());
            let spi = packet["spi"].as_str().unwrap();
            let (child, keys) = sa_of(children, spi);
            let Some(sa) = capture_inbound(child, keys, spi) else { continue };
            let index = usize::try_from(frame - 1).unwrap();
            let mut octets = frames[index].octets[14..].to_vec();
            if packet["reassembled_from_ip_fragments"] == true {
                reassembled += 1;
                octets = whole(&frames[..=index]).unwrap_or_else(|| panic!("{name}: no whole packet"));
            }
            let length = octets.len();
            let family = if octets[0] >> 4 == 4 { IpProtocol::IPV4 } else { IpProtocol::IPV6 };
            let mut packet_buf = Packet::new(&mut octets, 0..length, family).unwrap();
            if packet_buf.detach_to_upper_layer() == Ok(IpProtocol::UDP) {
                UdpEncapsulation::strip(&mut packet_buf).unwrap();
                assert!(matches!(
                    classify(Carrier::UdpEncapsulated, packet_buf.data()),
                    Some(Datagram::Esp(_))
                ));
            }
            let high = u32::try_from(packet["seq"].as_u64().unwrap() >> 32).unwrap();
            let kind = sa
                .inspect_in_place(&mut packet_buf, high)
                .unwrap_or_else(|error| panic!("{name}: {error}"))
                .kind;
            if kind == OpenedKind::Transport {
                packet_buf.attach_header().unwrap();
            }
            let inner = IpHeader::parse(packet_buf.data()).unwrap();
            let said = if kind == OpenedKind::Transport { packet } else { &packet["inner"] };
            assert_eq!(said["src"], inner.source().to_string(), "{name}");
            assert_eq!(said["dst"], inner.destination().to_string(), "{name}");
            opened += 1;
        }
    }
    assert!(opened >= 250 && reassembled >= 2, "{opened} opened, {reassembled} of them reassembled");
}

/// The datagram that the last of these frames completes.
fn whole(frames: &[testkit::Frame]) -> Option<Vec<u8>> {
    let mut reassembler = Reassembler::new(ReassemblyLimits::default());
    let mut last = None;
    for frame in frames {
        last = reassembler.push(Instant::EPOCH, &frame.octets[14..]).unwrap_or_default();
    }
    last
}
