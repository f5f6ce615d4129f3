//! Hostile data inside payloads that no capture has: floods, text that would upset a terminal, and samples of every form
//! cut at every octet and with every bit flipped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use core::time::Duration;
use ikev2_wire::*;
use std::time::Instant;
use support::{decode, exercise, exercise_one, format_all, message, try_encode};
use testkit::{CountingAllocator, count_allocations};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn notify(kind: NotifyType, data: &[u8]) -> (PayloadType, Vec<u8>) {
    (PayloadType::NOTIFY, try_encode(&Notify::new(kind).with_data(data)).unwrap())
}

/// Bodies of forms that captures do not have, all lawful.
fn samples() -> Vec<(PayloadType, Vec<u8>)> {
    use ConfigurationAttribute as Attribute;
    use ConfigurationAttributeType as Type;
    use NotifyContent as Content;
    let resolver = EncryptedDns {
        service_priority: 1,
        addresses: &[[192, 0, 2, 53]],
        name: b"doh.example",
        parameters: &[0, 1, 0, 3, 2, b'h', b'2'],
    };
    let resolver6 = EncryptedDns {
        service_priority: 2,
        addresses: &[[0x20; 16]; 2],
        name: b"dot.example",
        parameters: &[],
    };
    let algorithms = NumberList::new(&[HashAlgorithm::SHA2_256]);
    let anchor = TrustAnchor { key_tag: 43_547, algorithm: 8, digest_type: 1, digest: b"B6225AB2" };
    let attributes = [
        Attribute::Ip4 { kind: Type::INTERNAL_IP4_ADDRESS, address: [10, 0, 0, 1].into() },
        Attribute::Ip6Prefix {
            kind: Type::INTERNAL_IP6_ADDRESS,
            address: [0xfd; 16].into(),
            prefix_length: 64,
        },
        Attribute::Ip4Subnet { network: [10, 0, 0, 0].into(), netmask: [255, 0, 0, 0].into() },
        Attribute::SupportedAttributes(NumberList::new(&[Type::INTERNAL_IP4_DNS])),
        Attribute::HomePrefix { lifetime: 3_600, prefix: [0xfd; 16].into(), prefix_length: 64 },
        Attribute::Ip6Link { interface_id: [1; 8], link_id: b"link" },
        Attribute::Text { kind: Type::INTERNAL_DNS_DOMAIN, text: b"example" },
        Attribute::TrustAnchor(anchor),
        Attribute::LivenessTimeout(30),
        Attribute::EncryptedDns4(resolver),
        Attribute::EncryptedDns6(resolver6),
        Attribute::DigestInfo(DigestInfo { name: b"doh.example", algorithms, digest: &[7; 32] }),
    ];
    let announcements = [
        AuthAnnouncement::new(AuthMethod::SHARED_KEY),
        AuthAnnouncement {
            method: AuthMethod::DIGITAL_SIGNATURE,
            cert_link: Some(1),
            algorithm: DigitalSignature::RSA_PSS_SHA2_384,
        },
    ];
    let contents = [
        Content::Redirect { gateway: Gateway::Fqdn(b"gw.example"), nonce: &[9; 16] },
        Content::RedirectedFrom([0x20; 16].into()),
        Content::IpCompSupported { cpi: 1, transform: IpCompTransform::IPCOMP_DEFLATE, attributes: &[] },
        Content::TicketLifetime { seconds: 3_600, ticket: b"ticket" },
        Content::MessageIdSync { nonce: [1; 4], send: 2, receive: 3 },
        Content::PpkIdentityKey { kind: PpkIdType::PPK_ID_FIXED, id: b"ppk", confirmation: &[5; 8] },
        Content::SupportedAuthMethods(AuthAnnouncements::new(&announcements)),
        Content::SignatureHashAlgorithms(algorithms),
    ];
    let methods = [
        EapMethod::Md5Challenge { value: &[1; 16], name: b"radius" },
        EapMethod::MsChapV2(MsChapV2::Challenge { identifier: 1, challenge: &[2; 16], name: b"radius" }),
        EapMethod::MsChapV2(MsChapV2::Response { identifier: 1, response: &[3; 49], name: b"alice" }),
        EapMethod::MsChapV2(MsChapV2::Failure { identifier: 1, message: b"E=691 R=0 C=00 V=3" }),
        EapMethod::Expanded { vendor: 311, vendor_type: 26, data: &[1, 2, 3] },
    ];
    let selectors = [TrafficSelector::SecurityLabel(b"system_u:object_r:ipsec_spd_t:s0")];
    let url = HashAndUrl {
        encoding: CertEncoding::HASH_AND_URL_X509,
        hash: &[4; 20],
        url: b"http://example.net/c",
    };
    let new = NewConfiguration { kind: ConfigurationType::CFG_REPLY, attributes: &attributes };
    let mut samples = vec![
        (PayloadType::CP, try_encode(&new).unwrap()),
        (PayloadType::TSI, try_encode(&NewTrafficSelectors { selectors: &selectors }).unwrap()),
        (PayloadType::CERT, try_encode(&url).unwrap()),
        (PayloadType::PS, vec![1, 2, 3, 4, 5, 6, 7, 8]),
        (PayloadType::GSPM, vec![1, 2, 3]),
    ];
    for algorithm in [DigitalSignature::ED25519, DigitalSignature::RSA_PSS_SHA2_512] {
        let signature = DigitalSignature::new(algorithm, &[6; 64]);
        samples.push((PayloadType::AUTH, try_encode(&signature).unwrap()));
    }
    for content in contents {
        samples.push((PayloadType::NOTIFY, try_encode(&NewNotify::new(content)).unwrap()));
    }
    for method in methods {
        samples.push((PayloadType::EAP, try_encode(&NewEap::response(1, method)).unwrap()));
    }
    samples
}

fn exercise_body(kind: PayloadType, body: &[u8], scratch: &mut [u8]) {
    let datagram = message(ExchangeType::IKE_AUTH, &[(kind.0, body)]);
    let message = Message::parse(&datagram).unwrap();
    exercise_one(&message.payloads().iter().next().unwrap(), datagram.len(), scratch);
    format_all(message.payloads());
}

#[test]
fn every_form_cut_and_with_every_bit_flipped() {
    let mut scratch = vec![0; 4_096];
    for (kind, body) in samples() {
        for len in 0..=body.len() {
            exercise_body(kind, &body[..len], &mut scratch);
        }
        let mut altered = body.clone();
        for at in 0..body.len() {
            for bit in 0..8 {
                altered[at] ^= 1 << bit;
                exercise_body(kind, &altered, &mut scratch);
                altered[at] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn every_form_is_read_without_allocating() {
    for (kind, body) in samples() {
        let datagram = message(ExchangeType::IKE_AUTH, &[(kind.0, &body)]);
        let mut scratch = vec![0; 4_096];
        let (allocations, seen) = count_allocations(|| {
            let message = Message::parse(&datagram).unwrap();
            format_all(message.payloads());
            exercise(message.payloads(), datagram.len(), &mut scratch)
        });
        assert_eq!((allocations, seen), (0, body.len() + 4), "{kind}");
    }
}

/// Every type with octets that would move a cursor, end a string or a line, or are no UTF-8.
#[test]
fn w2_19_whatever_the_peer_sends_is_escaped() {
    let text = b"\x1b[2J\0\r\n\t\"'\\%s{}\x7f\x80\xff\xc3\x28";
    for number in (0..60).chain(16_384..16_450) {
        let (kind, body) = notify(NotifyType(number), text);
        decode(kind, &body, |payload| assert!(payload.is_ok()));
    }
    for number in 0..40_u16 {
        let [high, low] = number.to_be_bytes();
        let length = u8::try_from(text.len()).unwrap();
        let body = [&[1, 0, 0, 0, high, low, 0, length], &text[..]].concat();
        decode(PayloadType::CP, &body, |payload| assert!(payload.is_ok()));
    }
    for kind in 0..=u8::MAX {
        let length = u8::try_from(text.len() + 5).unwrap();
        let body = [&[2, 1, 0, length, kind], &text[..]].concat();
        decode(PayloadType::EAP, &body, |payload| assert!(payload.is_ok()));
        decode(PayloadType::CERT, &[&[kind], &text[..], &text[..]].concat(), |payload| {
            assert!(payload.is_ok())
        });
    }
    let label = [&[1, 0, 0, 0, 10, 0, 0, u8::try_from(text.len() + 4).unwrap()], &text[..]].concat();
    decode(PayloadType::TSI, &label, |payload| assert!(payload.is_ok()));
}

/// As many elements as fit: no memory, and time that a datagram is worth.
#[test]
fn w2_13_lists_as_long_as_a_payload() {
    let empty_attributes = [0, 3, 0, 0].repeat(16_000);
    let announcements = [2, 2].repeat(32_000);
    let floods = [
        (PayloadType::CP, [&[1, 0, 0, 0], &empty_attributes[..]].concat()),
        notify(NotifyType::SUPPORTED_AUTH_METHODS, &announcements),
        notify(NotifyType::SIGNATURE_HASH_ALGORITHMS, &announcements),
        notify(NotifyType::SECURE_PASSWORD_METHODS, &announcements),
        (PayloadType::CERTREQ, [&[4], &[7; 20].repeat(3_000)[..]].concat()),
        (PayloadType::EAP, [&[2, 1, 0xfa, 0x04, 3], &[26; 0xfa04 - 5][..]].concat()),
    ];
    for (kind, body) in floods {
        let datagram = message(ExchangeType::IKE_AUTH, &[(kind.0, &body)]);
        let mut scratch = vec![0; 65_535];
        let start = Instant::now();
        let (allocations, ()) = count_allocations(|| {
            let message = Message::parse(&datagram).unwrap();
            let raw = message.payloads().iter().next().unwrap();
            assert!(raw.decode().is_ok(), "{kind}");
            exercise_one(&raw, datagram.len(), &mut scratch);
            format_all(message.payloads());
        });
        assert_eq!(allocations, 0, "{kind}");
        assert!(start.elapsed() < Duration::from_secs(2), "{kind}: {:?}", start.elapsed());
    }
}
