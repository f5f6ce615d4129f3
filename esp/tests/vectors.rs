//! Published ESP packets: RFC drafts, DPDK, scapy with a Linux kernel, and others.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

use alloc::sync::Arc;
use ipsec_crypto_suite::{AeadId, CipherId, MacId, Protection, Secret, rustcrypto::provider};
use ipsec_esp::{InboundSa, OpenedKind};
use ipsec_ip_packet::Packet;
use ipsec_sa_db::{Mode, SaMaterial, SaParams, SelectorPair};
use ipsec_types::{IpProtocol, Spi};
use testkit::{Vector, vectors};

fn protection(vector: &Vector<'_>) -> Option<Protection> {
    let bits = u16::try_from(vector.octets("encr_key").len() * 8).unwrap();
    let mac = match vector.text("integ") {
        "hmac-sha1-96" => Some(MacId::HmacSha1_96),
        "hmac-sha2-256-128" => Some(MacId::HmacSha2_256_128),
        "hmac-sha2-384-192" => Some(MacId::HmacSha2_384_192),
        "hmac-sha2-512-256" => Some(MacId::HmacSha2_512_256),
        _ => None,
    };
    match vector.text("encr") {
        "aes-gcm-16" => AeadId::from_ikev2(20, Some(bits)).map(Protection::Aead),
        "aes-cbc" => Some(Protection::Composed { cipher: CipherId::from_ikev2(12, Some(bits))?, mac: mac? }),
        "null" => Some(Protection::Composed { cipher: CipherId::Null, mac: mac? }),
        _ => None,
    }
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
    assert!(opened >= 35, "{opened} packets opened");
    assert!(refused >= 1, "{refused} packets refused");
}
