//! Octets written by hand from the figures of the RFCs, so that no field can change places in reading and writing alike.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use core::net::{Ipv4Addr, Ipv6Addr};
use ikev2_wire::*;
use support::try_encode;
use testkit::hex;

#[test]
fn notification_data() {
    use NotifyContent as Content;
    let announcements = [
        AuthAnnouncement::new(AuthMethod::SHARED_KEY),
        AuthAnnouncement { cert_link: Some(2), ..AuthAnnouncement::new(AuthMethod::RSA_SIGNATURE) },
        AuthAnnouncement {
            method: AuthMethod::DIGITAL_SIGNATURE,
            cert_link: Some(0),
            algorithm: DigitalSignature::ED448,
        },
    ];
    let hashes = [HashAlgorithm::SHA2_256, HashAlgorithm::IDENTITY];
    let cases = [
        // RFC 7296 §2.5, §2.3, §1.5, §1.2, §2.3, §3.10.1
        (Content::UnsupportedCriticalPayload(PayloadType(200)), "0001 c8"),
        (Content::InvalidMessageId(7), "0009 00000007"),
        (Content::InvalidSpi(0xc0ff_ee01), "000b c0ffee01"),
        (Content::InvalidKePayload(KeyExchangeMethod::ECP_256), "0011 0013"),
        (Content::SetWindowSize(4), "4001 00000004"),
        (
            Content::IpCompSupported { cpi: 0x1234, transform: IpCompTransform::IPCOMP_LZS, attributes: &[] },
            "4003 1234 03",
        ),
        // RFC 4555 §4.2.2
        (Content::AdditionalAddress(Ipv4Addr::new(192, 0, 2, 1).into()), "400d c0000201"),
        (
            Content::AdditionalAddress(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()),
            "400e 20010db8000000000000000000000001",
        ),
        // RFC 4478 §3
        (Content::AuthLifetime(3_600), "4013 00000e10"),
        // RFC 5685 §9.2, §9.3: type, length, identity, nonce
        (
            Content::Redirect { gateway: Gateway::Address([192, 0, 2, 1].into()), nonce: &[0xaa; 16] },
            "4017 01 04 c0000201 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        (Content::Redirect { gateway: Gateway::Fqdn(b"gw"), nonce: &[] }, "4017 03 02 6777"),
        (Content::RedirectedFrom([192, 0, 2, 1].into()), "4018 01 04 c0000201"),
        // RFC 5723 §7.1: lifetime, ticket
        (Content::TicketLifetime { seconds: 60, ticket: b"T" }, "4019 0000003c 54"),
        (Content::Ticket(b"T"), "401d 54"),
        // RFC 6311 §6.3: nonce, EXPECTED_SEND_REQ_MESSAGE_ID, EXPECTED_RECV_REQ_MESSAGE_ID; §6.4
        (
            Content::MessageIdSync { nonce: [1, 2, 3, 4], send: 5, receive: 6 },
            "4026 01020304 00000005 00000006",
        ),
        (Content::ReplayCounterSync32(9), "4027 00000009"),
        (Content::ReplayCounterSync64(9), "4027 0000000000000009"),
        // RFC 7427 §4, RFC 8019 §8.1: PRF, difficulty
        (Content::SignatureHashAlgorithms(NumberList::new(&hashes)), "402f 0002 0005"),
        (Content::Puzzle { prf: PrfId::PRF_HMAC_SHA2_256, difficulty: 20 }, "4032 0005 14"),
        // RFC 8784 §5.1: PPK_ID type, PPK_ID; RFC 9867 §3.1: with the confirmation behind
        (Content::PpkIdentity { kind: PpkIdType::PPK_ID_FIXED, id: b"id" }, "4034 02 6964"),
        (
            Content::PpkIdentityKey { kind: PpkIdType::PPK_ID_FIXED, id: b"id", confirmation: &[7; 8] },
            "403e 02 6964 0707070707070707",
        ),
        // RFC 9593 §3.2: length, method, CERT link, AlgorithmIdentifier
        (
            Content::SupportedAuthMethods(AuthAnnouncements::new(&announcements)),
            "403b 02 02 03 01 02 0a 0e 00 300506032b6571",
        ),
    ];
    for (content, expected) in cases {
        let expected = hex(&expected.replace(' ', ""));
        let body = [&[0, 0], &expected[..]].concat();
        assert_eq!(try_encode(&NewNotify::new(content)).unwrap(), body, "{content:?}");
        assert_eq!(Notify::decode(&body, 0).unwrap().content(), content);
    }
}

#[test]
fn configuration_attributes() {
    use ConfigurationAttribute as Attribute;
    use ConfigurationAttributeType as Type;
    let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    let hashes = [HashAlgorithm::SHA2_256, HashAlgorithm::SHA2_384];
    let cases = [
        // RFC 7296 §3.15.1
        (Attribute::Empty(Type::INTERNAL_IP4_DNS), "0003 0000"),
        (
            Attribute::Ip4 { kind: Type::INTERNAL_IP4_ADDRESS, address: [10, 0, 0, 1].into() },
            "0001 0004 0a000001",
        ),
        (
            Attribute::Ip6Prefix { kind: Type::INTERNAL_IP6_ADDRESS, address, prefix_length: 64 },
            "0008 0011 20010db8000000000000000000000001 40",
        ),
        (
            Attribute::Ip4Subnet { network: [10, 0, 0, 0].into(), netmask: [255, 0, 0, 0].into() },
            "000d 0008 0a000000 ff000000",
        ),
        (Attribute::Text { kind: Type::APPLICATION_VERSION, text: b"v1" }, "0007 0002 7631"),
        (
            Attribute::SupportedAttributes(NumberList::new(&[
                Type::INTERNAL_IP4_DNS,
                Type::INTERNAL_IP6_DNS,
            ])),
            "000e 0004 0003 000a",
        ),
        // RFC 5026 §8.2: lifetime, prefix, prefix length
        (
            Attribute::HomePrefix { lifetime: 60, prefix: address, prefix_length: 64 },
            "0010 0015 0000003c 20010db8000000000000000000000001 40",
        ),
        // RFC 5739 §5.1: interface ID, link ID
        (Attribute::Ip6Link { interface_id: [1; 8], link_id: b"L" }, "0011 0009 0101010101010101 4c"),
        // RFC 8598 §4.1, §4.2: key tag, algorithm, digest type, digest
        (Attribute::Text { kind: Type::INTERNAL_DNS_DOMAIN, text: b"ex" }, "0019 0002 6578"),
        (
            Attribute::TrustAnchor(TrustAnchor {
                key_tag: 0xaa1b,
                algorithm: 8,
                digest_type: 2,
                digest: b"F7",
            }),
            "001a 0006 aa1b 08 02 4637",
        ),
        // RFC 9464 §3.1: priority, number of addresses, length of the name, addresses, name, parameters
        (
            Attribute::EncryptedDns4(EncryptedDns {
                service_priority: 1,
                addresses: &[[192, 0, 2, 1], [192, 0, 2, 2]],
                name: b"ex",
                parameters: &[0, 1],
            }),
            "001b 0010 0001 02 02 c0000201 c0000202 6578 0001",
        ),
        (
            Attribute::EncryptedDns6(EncryptedDns {
                service_priority: 1,
                addresses: &[address.octets()],
                name: b"ex",
                parameters: &[],
            }),
            "001c 0016 0001 01 02 20010db8000000000000000000000001 6578",
        ),
        // RFC 9464 §3.2: number of algorithms, length of the name, name, algorithms, digest
        (
            Attribute::DigestInfo(DigestInfo {
                name: b"",
                algorithms: NumberList::new(&hashes),
                digest: b"",
            }),
            "001d 0006 02 00 0002 0003",
        ),
        (
            Attribute::DigestInfo(DigestInfo {
                name: b"ex",
                algorithms: NumberList::new(&hashes[..1]),
                digest: &[9, 9],
            }),
            "001d 0008 01 02 6578 0002 0909",
        ),
    ];
    for (attribute, expected) in cases {
        let expected = hex(&expected.replace(' ', ""));
        assert_eq!(try_encode(&attribute).unwrap(), expected, "{attribute:?}");
        let body = [&[2, 0, 0, 0], &expected[..]].concat();
        assert!(Configuration::decode(&body, 0).unwrap().attributes().eq([attribute]));
    }
}

#[test]
fn eap_packets() {
    let mut response = [0; 49];
    response[..16].fill(1);
    response[24..48].fill(2);
    let cases = [
        // RFC 3748 §4.1, §5: code, identifier, length, type, type data
        (NewEap::request(7, EapMethod::Identity(b"")), "01 07 0005 01".to_owned()),
        (NewEap::response(7, EapMethod::Nak(&[26])), "02 07 0006 03 1a".to_owned()),
        // RFC 3748 §5.4: value size, value, name
        (
            NewEap::request(7, EapMethod::Md5Challenge { value: &[9, 8], name: b"n" }),
            "01 07 0009 04 02 0908 6e".to_owned(),
        ),
        // RFC 3748 §5.7: vendor of 24 bits, vendor type
        (
            NewEap::request(7, EapMethod::Expanded { vendor: 311, vendor_type: 26, data: &[5] }),
            "01 07 000d fe 000137 0000001a 05".to_owned(),
        ),
        (NewEap::success(7), "03 07 0004".to_owned()),
        (NewEap::failure(7), "04 07 0004".to_owned()),
        // draft-kamath-pppext-eap-mschapv2 §2: OpCode, MS-CHAPv2-ID, MS-Length, Value-Size, value, name
        (
            NewEap::request(
                7,
                EapMethod::MsChapV2(MsChapV2::Challenge { identifier: 3, challenge: &[6; 16], name: b"n" }),
            ),
            format!("01 07 001b 1a 01 03 0016 10 {} 6e", "06".repeat(16)),
        ),
        (
            NewEap::response(
                7,
                EapMethod::MsChapV2(MsChapV2::Response { identifier: 3, response: &response, name: b"n" }),
            ),
            format!(
                "02 07 003c 1a 02 03 0037 31 {} {} {} 00 6e",
                "01".repeat(16),
                "00".repeat(8),
                "02".repeat(24)
            ),
        ),
        (
            NewEap::response(7, EapMethod::MsChapV2(MsChapV2::FailureAcknowledged)),
            "02 07 0006 1a 04".to_owned(),
        ),
    ];
    for (new, expected) in cases {
        let expected = hex(&expected.replace(' ', ""));
        assert_eq!(try_encode(&new).unwrap(), expected, "{new:?}");
        assert!(Eap::decode(&expected, 0).is_ok());
    }
}

#[test]
fn selectors_and_certificates() {
    // RFC 9478 §2.2: type, reserved, length, label
    let body = hex("01000000 0a000007 6c6162".replace(' ', "").as_str());
    let selectors = [TrafficSelector::SecurityLabel(b"lab")];
    assert_eq!(try_encode(&NewTrafficSelectors { selectors: &selectors }).unwrap(), body);
    assert!(TrafficSelectors::decode(&body, 0).unwrap().iter().eq(selectors));
    // RFC 7296 §3.6: encoding, SHA-1, URL
    let body = hex(&format!("0d {} 687474", "0a".repeat(20)).replace(' ', ""));
    let named = HashAndUrl { encoding: CertEncoding::HASH_AND_URL_BUNDLE, hash: &[10; 20], url: b"htt" };
    assert_eq!(try_encode(&named).unwrap(), body);
    assert_eq!(HashAndUrl::decode(&body, 0), Ok(named));
}
