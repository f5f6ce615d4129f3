//! How messages of strongSwan read, one line to a payload.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev1_wire::*;
use support::{captured_messages, inner_chains, proposal, sa, transform};

/// The payloads of a decrypted message, one line each.
fn inside(name: &str) -> Vec<String> {
    let inner = inner_chains().into_iter().find(|inner| inner.name == name).unwrap();
    let chain = PayloadChain::parse(inner.first, &inner.octets, 0).unwrap();
    chain.iter().map(|raw| raw.decode().unwrap().to_string()).collect()
}

#[test]
fn main_mode_in_the_clear_reads_like_this() {
    let sample =
        captured_messages().into_iter().find(|sample| sample.name == "ikev1-frag-rsa frame 1").unwrap();
    let message = Message::parse(&sample.message).unwrap();
    assert_eq!(
        message.to_string(),
        "Identity Protection 00000000 (19fd742528c79ee0/0000000000000000): SA, VID, VID, VID, VID, VID",
    );
    let lines: Vec<_> = message.payloads().iter().map(|raw| raw.decode().unwrap().to_string()).collect();
    let expected = [
        "SA 1 ISAKMP: KEY_IKE (AES-CBC-256, SHA2-256, RSA signatures, 2048-bit MODP, 15840 s)",
        "VID XAuth",
        "VID DPD",
        "VID FRAGMENTATION",
        "VID NAT-T (RFC 3947)",
        "VID draft-ietf-ipsec-nat-t-ike-02 (newline)",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn fragments_certificates_and_public_values_read_like_this() {
    let messages = captured_messages();
    let lines = |frame: u32| {
        let name = format!("ikev1-frag-rsa frame {frame}");
        let sample = messages.iter().find(|sample| sample.name == name).unwrap();
        let message = Message::parse(&sample.message).unwrap();
        message.payloads().iter().map(|raw| raw.decode().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(lines(4)[0], "KE 256 octets");
    assert_eq!(lines(4)[2], "CR X.509 Certificate - Signature, 65 octets");
    assert_eq!(lines(4)[3], "NAT-D 11f3dba2dfd86a653c6bfd7c944569f8e8b93f7dcc3eef719980efd52aa7288a");
    assert_eq!(lines(5), ["FRAG 1 of message 1, 536 octets"]);
    assert_eq!(lines(8), ["FRAG 4 (last) of message 1, 116 octets"]);
}

#[test]
fn extended_authentication_and_quick_mode_read_like_this() {
    let message = |frame: u32| inside(&format!("ikev1-xauth-modecfg frame {frame}"));
    let expected = [
        "ID ID_IPV4_ADDR 192.0.2.1",
        "HASH d5c6221c9d5b3fb4d9011fd6f4b37ad2be52d7fe",
        "N INITIAL-CONTACT ISAKMP acde5a68be2fd2de55a6ef3dc62e7cc7",
    ];
    assert_eq!(message(5), expected);
    assert_eq!(message(8)[1], r#"ATTR REPLY 0: XAUTH_USER_NAME "dave", XAUTH_USER_PASSWORD (12 octets)"#);
    assert_eq!(message(9)[1], "ATTR SET 0: XAUTH_STATUS 1");
    let reply = "ATTR REPLY 0: INTERNAL_IP4_ADDRESS 10.3.1.1, INTERNAL_IP4_DNS 10.2.0.53";
    assert_eq!(message(12)[1], reply);
    let quick_mode = message(13);
    assert!(quick_mode[1].starts_with("SA 1 ESP "), "{quick_mode:?}");
    assert!(quick_mode[1].ends_with(": ESP_AES-CBC-128, HMAC-SHA, Tunnel, 3960 s"), "{quick_mode:?}");
    assert_eq!(quick_mode[4], "ID ID_IPV4_ADDR_SUBNET 10.2.0.0/255.255.255.0");
    assert_eq!(message(22)[1], "D ESP 7314b35d");
    let alive = inside("ikev1-lifecycle frame 16");
    assert_eq!(alive[1], "N R-U-THERE ISAKMP 72fe840f38fc2e594f52ba9c45314404: 1056013759");
}

#[test]
fn networks_of_unity_and_of_mode_config_read_like_this() {
    let networks =
        [&[10, 1, 0, 0, 255, 255, 0, 0][..], &[0; 6], &[192, 0, 2, 0, 255, 255, 255, 0], &[0; 6]].concat();
    let attributes = [
        ConfigurationAttribute::UNITY_SPLIT_INCLUDE.variable(&networks),
        ConfigurationAttribute::UNITY_LOCAL_LAN.variable(&networks[..13]),
        ConfigurationAttribute::INTERNAL_IP4_SUBNET.variable(&networks[..8]),
        ConfigurationAttribute::UNITY_DEF_DOMAIN.variable(b"corp\x1b[2J\n\xff"),
    ];
    let new = NewConfiguration { kind: ConfigurationType::REPLY, identifier: 7, attributes: &attributes };
    let octets = support::try_encode(&new).unwrap();
    let expected = concat!(
        "REPLY 7: UNITY_SPLIT_INCLUDE 10.1.0.0/255.255.0.0 192.0.2.0/255.255.255.0, ",
        "UNITY_LOCAL_LAN 0x0a010000ffff00000000000000, INTERNAL_IP4_SUBNET 10.1.0.0/255.255.0.0, ",
        r#"UNITY_DEF_DOMAIN "corp\x1b[2J\n\xff""#,
    );
    assert_eq!(Configuration::decode(&octets, 0).unwrap().to_string(), expected);
}

#[test]
fn situations_with_labels_read_like_this() {
    let inner = proposal(0, 1, ProtocolId::ESP, &[0xc0, 0xff, 0xee, 1], 1, &transform(0, 1, 12, &[]));
    let body = sa(core::slice::from_ref(&inner));
    assert_eq!(Sa::decode(&body, 0).unwrap().situation().unwrap().to_string(), "SIT_IDENTITY_ONLY");
    let label = [0, 1, 0, 0, 9, 0, 0, 0, 0, 4, 0, 0, 0xa0, 0, 0, 0];
    let body = [&[0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 5][..], &label, &inner].concat();
    let sa = Sa::decode(&body, 0).unwrap();
    let expected = "SIT_IDENTITY_ONLY | SIT_SECRECY, domain 5, secrecy level 0x09, 4 categories 0xa0";
    assert_eq!(sa.situation().unwrap().to_string(), expected);
    assert_eq!(sa.to_string(), "1 ESP c0ffee01: ESP_AES-CBC");
}
