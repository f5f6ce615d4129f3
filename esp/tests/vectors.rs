//! Published ESP packets (RFC drafts, DPDK, scapy with a Linux kernel, and others), and every ESP packet of the captures.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

use alloc::sync::Arc;
use ipsec_crypto_suite::{
    CipherId, CryptoProvider, MacId, PrfId, Protection, ProtectionKey, Secret, rustcrypto,
};
use ipsec_esp::{InboundSa, OpenedKind, UdpEncapsulation, peek_spi};
use ipsec_ip_packet::{IpHeader, Packet, Reassembler, ReassemblyLimits};
use ipsec_sa_db::{Mode, SaMaterial, SaParams, SelectorPair};
use ipsec_types::{Carrier, Datagram, Instant, IpProtocol, Spi, classify};
use testkit::{Vector, captures, hex, ikev1_captures, read_pcap, truth, vectors};

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

/// What became of the published packets.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Opened by an SA.
    opened: usize,
    /// Refused by an SA: altered, or padded otherwise than RFC 4303 §2.4 says.
    refused: usize,
    /// Opened by the algorithms alone: no SA can be without integrity, or have a reserved SPI or an integrity key of another
    /// length.
    bare: usize,
    /// Of algorithms that this build lacks: legacy ones without the feature, and single DES.
    lacking: usize,
}

#[test]
fn published_packets_open() {
    let mut tally = Tally::default();
    for group in vectors("esp_packets") {
        for vector in group.vectors() {
            let Some(sa) = protection(&vector).and_then(|protection| inbound(&vector, protection)) else {
                match open_bare(&vector) {
                    Some(()) => tally.bare += 1,
                    None => tally.lacking += 1,
                }
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
                tally.refused += 1;
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
            tally.opened += 1;
        }
    }
    let expected = if cfg!(feature = "legacy") {
        Tally { opened: 63, refused: 10, bare: 23, lacking: 5 }
    } else {
        Tally { opened: 57, refused: 10, bare: 17, lacking: 17 }
    };
    assert_eq!(tally, expected, "of 101 packets");
}

/// Opens a packet as RFC 4303 §2 lays it out, with nothing but its algorithms. `None` where the build lacks one.
fn open_bare(vector: &Vector<'_>) -> Option<()> {
    let name = vector.text("name");
    let packet = vector.octets("packet");
    let (header, rest) = packet.split_at(8);
    let key = Secret::from([vector.octets("encr_key"), vector.octets("salt")].concat());
    let bits = u16::try_from(vector.octets("encr_key").len() * 8).unwrap();
    let bits = vector.text("encr").contains("aes").then_some(bits);
    let (number, integ) = (vector.number("seq").unwrap().to_be_bytes(), integrity(vector.text("integ")));
    let mut plaintext;
    if vector.text("encr") == "aes-ccm-16-iiv" {
        // Never registered: AES-CCM with the number for its IV.
        let ccm = Protection::from_ikev2(16, bits, None)?;
        let (ciphertext, icv) = rest.split_at(rest.len() - ccm.icv_len());
        plaintext = ciphertext.to_vec();
        let key = ProtectionKey::new(&provider(), ccm, &key, None).unwrap();
        key.open(header, &number, &mut plaintext, &[], icv).unwrap_or_else(|error| panic!("{name}: {error}"));
    } else if let Some(aead) = protection(vector).filter(|protection| protection.is_aead()) {
        let (iv, rest) = rest.split_at(aead.iv_len());
        let (ciphertext, icv) = rest.split_at(rest.len() - aead.icv_len());
        plaintext = ciphertext.to_vec();
        let key = ProtectionKey::new(&provider(), aead, &key, None).unwrap();
        key.open(header, iv, &mut plaintext, &[], icv).unwrap_or_else(|error| panic!("{name}: {error}"));
    } else {
        let cipher = CipherId::from_ikev2(encryption(vector.text("encr"))?, bits)?;
        let cipher_key = provider().cipher(cipher).ok()?.key(&key).unwrap();
        let mac = integ.map(|integ| MacId::from_ikev2(integ).unwrap());
        let (covered, icv) = packet.split_at(packet.len() - mac.map_or(0, MacId::icv_len));
        if let Some(mac) = mac {
            // A PRF takes a key of any length.
            let prfs = [
                (MacId::HmacMd5_96, 1),
                (MacId::HmacSha2_256_128, 5),
                (MacId::HmacSha2_384_192, 6),
                (MacId::HmacSha2_512_256, 7),
            ];
            let (_, number) = *prfs.iter().find(|(id, _)| *id == mac).unwrap();
            let prf = PrfId::from_ikev2(number);
            let prf = provider().prf(prf.unwrap()).ok()?;
            let mut expected = [0; 64];
            let expected = &mut expected[..prf.id().output_len()];
            prf.key(&vector.octets("integ_key")).unwrap().compute(&[covered], expected).unwrap();
            assert!(expected.starts_with(icv), "{name}: ICV");
        }
        let (iv, ciphertext) = covered[8..].split_at(cipher.iv_len());
        plaintext = ciphertext.to_vec();
        cipher_key.decrypt(iv, &mut plaintext).unwrap();
    }
    assert_eq!(plaintext, vector.octets("plaintext"), "{name}");
    Some(())
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

/// Every packet with ESP in them, as RFC 3948 and the SPI find it, not as somebody listed it; and the list says the same.
#[test]
fn every_esp_packet_of_the_captures() {
    let (mut opened, mut reassembled, mut legacy) = (0, 0, 0);
    for folder in captures().into_iter().chain(ikev1_captures()) {
        let truth = truth(&folder);
        let children = truth["child_sas"].as_array().map_or(&[][..], Vec::as_slice);
        let listed = truth["data_packets"].as_array().map_or(&[][..], Vec::as_slice);
        let listed: Vec<_> = listed.iter().filter(|packet| packet["proto"] == "ESP").collect();
        let mut found = 0;
        let mut reassembler = Reassembler::new(ReassemblyLimits::default());
        for frame in read_pcap(folder.join("capture.pcap")) {
            let name = format!("{}, frame {}", folder.display(), frame.number);
            let mut octets = frame.octets[14..].to_vec();
            let Ok(ip) = IpHeader::parse(&octets) else { continue };
            if ip.upper_layer().unwrap().fragment.is_some() {
                let Some(whole) = reassembler.push(Instant::EPOCH, &octets).unwrap() else { continue };
                reassembled += 1;
                octets = whole;
            }
            let length = octets.len();
            let family = if octets[0] >> 4 == 4 { IpProtocol::IPV4 } else { IpProtocol::IPV6 };
            let mut packet = Packet::new(&mut octets, 0..length, family).unwrap();
            match packet.detach_to_upper_layer().unwrap() {
                IpProtocol::ESP => {}
                IpProtocol::UDP => {
                    let ports = UdpEncapsulation::strip(&mut packet).unwrap();
                    let encapsulated = ports.source_port == 4500 || ports.destination_port == 4500;
                    let esp =
                        matches!(classify(Carrier::UdpEncapsulated, packet.data()), Some(Datagram::Esp(_)));
                    if !encapsulated || !esp {
                        continue;
                    }
                }
                _ => continue,
            }
            found += 1;
            let spi = format!("{:08x}", peek_spi(packet.data()).unwrap().get());
            let (child, keys) = sa_of(children, &spi);
            let Some(sa) = capture_inbound(child, keys, &spi) else {
                legacy += 1;
                continue;
            };
            let said = listed.iter().find(|packet| packet["frame"] == frame.number);
            let said = said.unwrap_or_else(|| panic!("{name}: not listed"));
            let high = u32::try_from(said["seq"].as_u64().unwrap() >> 32).unwrap();
            let answer =
                sa.inspect_in_place(&mut packet, high).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(said["seq"], answer.sequence, "{name}");
            let transport = answer.kind == OpenedKind::Transport;
            if transport {
                packet.attach_header().unwrap();
            }
            let inner = IpHeader::parse(packet.data()).unwrap();
            let said = if transport { said } else { &&said["inner"] };
            assert_eq!(said["src"], inner.source().to_string(), "{name}");
            assert_eq!(said["dst"], inner.destination().to_string(), "{name}");
            opened += 1;
        }
        assert_eq!(found, listed.len(), "{}", folder.display());
    }
    assert_eq!(opened + legacy, 382, "{opened} opened, {legacy} legacy");
    assert_eq!(legacy, if cfg!(feature = "legacy") { 0 } else { 6 });
    assert!(reassembled >= 2);
}
