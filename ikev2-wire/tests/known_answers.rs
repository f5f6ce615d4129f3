//! What messages of others say, held against what is known of them: examples of the RFCs, and messages of strongSwan.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev2_wire::*;
use support::{captured_messages, inner_chains};
use testkit::hex;

/// The payloads of a decrypted message, one line each.
fn lines(name: &str) -> Vec<String> {
    let inner = inner_chains().into_iter().find(|inner| inner.name == name).unwrap();
    let chain = PayloadChain::parse(inner.first, &inner.octets, 0).unwrap();
    chain.iter().map(|raw| raw.decode().unwrap().to_string()).collect()
}

#[test]
fn a_request_of_ike_auth_reads_like_this() {
    let expected = [
        "IDi ID_FQDN left.ed448.example",
        "CERT X.509 Certificate - Signature, 525 octets",
        "N INITIAL_CONTACT",
        "CERTREQ X.509 Certificate - Signature, 1 authorities",
        "IDr ID_FQDN right.ed448.example",
        "AUTH Digital Signature, id-Ed448, 114 octets",
        "SA 1 ESP ecfb88ec: ENCR_AES_GCM_16-256, 32-bit Sequential Numbers",
        "TSi 10.1.0.0-10.1.0.255 protocol 0 ports 0-65535",
        "TSr 10.2.0.0-10.2.0.255 protocol 0 ports 0-65535",
        "N MOBIKE_SUPPORTED",
        "N ADDITIONAL_IP4_ADDRESS: 10.1.0.1",
        "N MULTIPLE_AUTH_SUPPORTED",
        "N EAP_ONLY_AUTHENTICATION",
        "N IKEV2_MESSAGE_ID_SYNC_SUPPORTED",
    ];
    assert_eq!(lines("ikev2-ed448 frame 3"), expected);
}

#[test]
fn eap_and_configuration_read_like_this() {
    let message = |frame: u32| lines(&format!("ikev2-eap-mschapv2-vip frame {frame}"));
    assert_eq!(message(3)[4], "CP CFG_REQUEST: INTERNAL_IP4_ADDRESS");
    assert_eq!(message(5)[3], "EAP Request 0 Identity");
    assert_eq!(message(6), [r#"EAP Response 0 Identity "carol""#]);
    assert_eq!(message(7), [r#"EAP Request 241 EAP-MSCHAPv2 Challenge 241 from "strongSwan""#]);
    assert_eq!(message(8), [r#"EAP Response 241 EAP-MSCHAPv2 Response 241 from "carol""#]);
    let success = "S=7007FA96D738B9785FEF33E23A63917433E9A2C0 M=Welcome2strongSwan\\x00";
    assert_eq!(message(9), [format!("EAP Request 242 EAP-MSCHAPv2 Success 241 \"{success}\"")]);
    assert_eq!(message(10), ["EAP Response 242 EAP-MSCHAPv2 Success acknowledged"]);
    assert_eq!(message(11), ["EAP Success 242"]);
    let reply = "CP CFG_REPLY: INTERNAL_IP4_ADDRESS 10.3.0.1, INTERNAL_IP4_DNS 10.2.0.53";
    assert_eq!(message(13)[1], reply);
}

#[test]
fn rfc7427_algorithm_identifiers_are_those_of_the_appendix() {
    let pss = "304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d\
               06096086480165030402010500a203020120a303020101";
    let appendix = [
        ("A.1.1", "300d06092a864886f70d0101050500", "sha1WithRSAEncryption"),
        ("A.1.2", "300d06092a864886f70d01010b0500", "sha256WithRSAEncryption"),
        ("A.1.3", "300d06092a864886f70d01010c0500", "sha384WithRSAEncryption"),
        ("A.1.4", "300d06092a864886f70d01010d0500", "sha512WithRSAEncryption"),
        ("A.3.1", "300906072a8648ce3d0401", "ecdsa-with-SHA1"),
        ("A.3.2", "300a06082a8648ce3d040302", "ecdsa-with-SHA256"),
        ("A.3.3", "300a06082a8648ce3d040303", "ecdsa-with-SHA384"),
        ("A.3.4", "300a06082a8648ce3d040304", "ecdsa-with-SHA512"),
        ("A.4.3", pss, "id-RSASSA-PSS SHA-256"),
    ];
    for (section, algorithm, name) in appendix {
        let algorithm = hex(algorithm);
        let signature = DigitalSignature::new(&algorithm, &[1; 64]);
        assert_eq!(signature.algorithm_name(), Some(name), "{section}");
    }
    // B.1: how the AUTH payload starts, after its generic header.
    let body = hex("0e0000000f300d06092a864886f70d010105050042");
    let signature = DigitalSignature::decode(&body, 4).unwrap();
    assert_eq!((signature.algorithm(), signature.signature()), (DigitalSignature::RSA_SHA1, &[0x42][..]));
}

#[test]
fn rfc8420_and_rfc4055_captured_signatures_name_their_algorithm() {
    let mut names = Vec::new();
    for sample in captured_messages() {
        let Some(detail) = sample.truth["auth"]["detail"].as_str() else { continue };
        let Some((_, algorithm)) = detail.split_once("AlgorithmIdentifier ") else { continue };
        let inner = inner_chains().into_iter().find(|inner| inner.name == sample.name);
        let Some(inner) = inner else { continue };
        let chain = PayloadChain::parse(inner.first, &inner.octets, 0).unwrap();
        let raw = chain.find(PayloadType::AUTH).unwrap();
        let signature = DigitalSignature::decode(raw.body(), raw.body_offset()).unwrap();
        assert_eq!(signature.algorithm(), hex(algorithm));
        names.push(signature.algorithm_name().unwrap_or_else(|| panic!("{}: {algorithm}", sample.name)));
    }
    names.sort_unstable();
    names.dedup();
    let expected =
        ["ecdsa-with-SHA256", "id-Ed25519", "id-Ed448", "id-RSASSA-PSS SHA-256", "sha256WithRSAEncryption"];
    assert_eq!(names, expected);
}

#[test]
fn digital_signatures_that_are_none() {
    let auth = |data: &[u8]| [&[14, 0, 0, 0], data].concat();
    let offset = |body: &[u8]| DigitalSignature::decode(body, 100).unwrap_err().offset();
    assert_eq!(offset(&[14, 0, 0]), 100);
    assert_eq!(offset(&[2, 0, 0, 0, 7, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70]), 100, "another method");
    assert_eq!(offset(&auth(&[])), 104);
    assert_eq!(offset(&auth(&[7, 0x30, 5, 6, 3, 0x2b, 0x65])), 105, "cut");
    for no_sequence in [
        &[0][..],
        &[2, 0x31, 0],
        &[2, 0x30, 1],
        &[3, 0x30, 0x81, 0],
        &[4, 0x30, 0x82, 0, 0],
        &[3, 0x30, 0x80, 0],
        &[8, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 0],
    ] {
        assert_eq!(offset(&auth(no_sequence)), 105, "{no_sequence:?}");
    }
    // DER has one length for each: 128 octets take the long form, 127 the short one.
    let is_sequence = |length: &[u8], content: usize| {
        let sequence = [&[0x30], length, &vec![0; content][..]].concat();
        let body = auth(&[&[u8::try_from(sequence.len()).unwrap()], &sequence[..]].concat());
        DigitalSignature::decode(&body, 0).is_ok()
    };
    assert!(!is_sequence(&[0x80], 128) && is_sequence(&[0x81, 0x80], 128));
    assert!(!is_sequence(&[0x81, 0x7f], 127) && is_sequence(&[0x7f], 127));
    // What has not the form is still an Authentication payload, and prints as one.
    let body = auth(&[2, 0x31, 0]);
    assert_eq!(Authentication::decode(&body, 0).unwrap().to_string(), "Digital Signature, 3 octets");
}

#[test]
fn eap_packets_that_are_none() {
    let error = |body: &[u8]| Eap::decode(body, 32).unwrap_err();
    assert_eq!(error(&[1, 1, 0]).offset(), 32);
    for length in [0, 4, 6, u16::MAX] {
        let [high, low] = length.to_be_bytes();
        let error = error(&[1, 1, high, low, 1]);
        assert!(matches!(error.kind(), ParseErrorKind::LengthField { .. }));
        assert_eq!(error.offset(), 34, "RFC 7296 §3.16: four less than the payload's length");
    }
    assert_eq!(error(&[1, 1, 0, 4]).offset(), 36, "a request without a type");
    assert_eq!(error(&[2, 1, 0, 4]).offset(), 36, "a response without a type");
    for code in [3, 4, 5, 6, 200] {
        assert_eq!(Eap::decode(&[code, 9, 0, 4], 0).unwrap().method(), None);
    }
    // Value sizes and MS-Length that do not agree are kept as octets.
    for data in [
        &[1, 1, 0, 6, 16, 0][..],
        &[1, 1, 0, 5, 16],
        &[2, 1, 0, 5, 49],
        &[9, 1, 0, 4],
        &[3, 1, 0, 5],
        &[7, 1, 0, 4],
        &[1],
        &[],
    ] {
        let method = [&[26], data].concat();
        assert_eq!(EapMethod::read(&method), Some(EapMethod::Other { kind: EapType::MSCHAPV2, data }));
    }
    let md5 = EapMethod::read(&[4, 3, 1, 2]).unwrap();
    assert_eq!(md5, EapMethod::Other { kind: EapType::MD5_CHALLENGE, data: &[3, 1, 2] });
    let nak = EapMethod::read(&[3]).unwrap();
    assert_eq!(nak, EapMethod::Other { kind: EapType::NAK, data: &[] });
}

#[test]
fn configurations_that_are_none() {
    let error = |body: &[u8]| Configuration::decode(body, 32).unwrap_err();
    assert_eq!(error(&[1, 0, 0]).offset(), 32);
    assert_eq!(error(&[1, 0, 0, 0, 0, 1, 0]).offset(), 36, "the rest of a header");
    let long = error(&[1, 0, 0, 0, 0, 1, 0, 5, 1, 2, 3, 4]);
    assert_eq!(long.kind(), ParseErrorKind::LengthField { declared: 5, min: 0, max: 4 });
    assert_eq!(long.offset(), 38);
    // The second attribute ends after its payload.
    assert_eq!(error(&[1, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1]).offset(), 42);
    // The reserved bit is ignored, and kept by the payload.
    let body = [2, 1, 2, 3, 0x80, 3, 0, 4, 192, 0, 2, 53];
    let configuration = Configuration::decode(&body, 32).unwrap();
    assert_eq!(configuration.to_string(), "CFG_REPLY: INTERNAL_IP4_DNS 192.0.2.53");
    assert_eq!(support::encode(&configuration, &mut [0; 16]), body);
    // Text of the peer is escaped, lengths that no type has are kept.
    let value = |kind, value: &[u8]| ConfigurationAttribute::read(kind, value).to_string();
    use ConfigurationAttributeType as Type;
    assert_eq!(value(Type::APPLICATION_VERSION, b"a\x1b[\"\0"), r#"APPLICATION_VERSION "a\x1b[\"\x00""#);
    assert_eq!(value(Type::INTERNAL_IP6_ADDRESS, &[0xfe; 16])[..26], *"INTERNAL_IP6_ADDRESS 0xfef");
    assert_eq!(value(Type::ENCDNS_IP4, &[0, 1, 255, 0, 1]), "ENCDNS_IP4 0x0001ff0001");
    assert_eq!(value(Type(12_345), &[1]), "12345 0x01");
}

#[test]
fn notification_data_of_other_lengths_is_kept() {
    use NotifyType as Type;
    let cases = [
        (Type::COOKIE, 65),
        (Type::COOKIE2, 7),
        (Type::COOKIE2, 65),
        (Type::QUICK_CRASH_DETECTION, 15),
        (Type::QUICK_CRASH_DETECTION, 257),
        (Type::NAT_DETECTION_SOURCE_IP, 19),
        (Type::NAT_DETECTION_DESTINATION_IP, 21),
        (Type::SET_WINDOW_SIZE, 3),
        (Type::INVALID_KE_PAYLOAD, 3),
        (Type::UNSUPPORTED_CRITICAL_PAYLOAD, 2),
        (Type::ADDITIONAL_IP4_ADDRESS, 16),
        (Type::ADDITIONAL_IP6_ADDRESS, 4),
        (Type::IPCOMP_SUPPORTED, 2),
        (Type::IKEV2_MESSAGE_ID_SYNC, 13),
        (Type::IPSEC_REPLAY_COUNTER_SYNC, 5),
        (Type::SIGNATURE_HASH_ALGORITHMS, 3),
        (Type::PUZZLE, 4),
        (Type::PPK_IDENTITY_KEY, 8),
        (Type::TICKET_LT_OPAQUE, 3),
        (Type::USE_AGGFRAG, 2),
    ];
    for (kind, len) in cases {
        let data = vec![1; len];
        assert_eq!(NotifyContent::read(kind, &data), NotifyContent::Other(kind, &data));
    }
    // Announcements of no or one octet, and one that goes past the end.
    for data in [&[0, 1][..], &[1], &[2, 1, 3, 1], &[2, 1, 1]] {
        let kind = Type::SUPPORTED_AUTH_METHODS;
        assert_eq!(NotifyContent::read(kind, data), NotifyContent::Other(kind, data));
    }
    // Of gateways: another type, other lengths, octets behind an address, nonces too short and too long.
    let redirect =
        |data: &[u8]| matches!(NotifyContent::read(Type::REDIRECT, data), NotifyContent::Other(..));
    assert!(redirect(&[4, 1, 0]) && redirect(&[1, 3, 0, 0, 0]) && redirect(&[2, 4, 0, 0, 0, 0]));
    assert!(redirect(&[3, 9, 0]) && redirect(&[3]));
    assert!(redirect(&[&[3, 1, b'g'], &[0; 15][..]].concat()));
    assert!(redirect(&[&[3, 1, b'g'], &[0; 257][..]].concat()));
    assert!(!redirect(&[&[3, 1, b'g'], &[0; 256][..]].concat()));
    for data in [&[3, 1, b'g'][..], &[1, 4, 1, 2, 3, 4, 5]] {
        let read = NotifyContent::read(Type::REDIRECTED_FROM, data);
        assert_eq!(read, NotifyContent::Other(Type::REDIRECTED_FROM, data));
    }
}
