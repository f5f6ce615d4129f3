//! What payloads hold beyond their frame: decode(encode(x)) = x for configuration attributes, EAP methods, notification
//! data and digital signatures; and whatever octets come, they are written again as they were.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use core::net::IpAddr;
use ikev2_wire::*;
use proptest::collection::vec;
use proptest::prelude::*;
use support::{encode, try_encode};

fn octets(range: core::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), range)
}

/// Encodes, checks the announced length, and hands back the octets.
fn written(value: &impl Encode) -> Vec<u8> {
    let mut scratch = vec![0xa5; value.encoded_len()];
    encode(value, &mut scratch).to_vec()
}

/// What a notification with this content is read as.
fn notified(content: NotifyContent<'_>) {
    let octets = written(&NewNotify::new(content));
    let notify = Notify::decode(&octets, 0).unwrap();
    assert_eq!(notify.kind(), content.kind());
    assert_eq!(notify.content(), content);
}

fn configured(attribute: ConfigurationAttribute<'_>) {
    let new = NewConfiguration { kind: ConfigurationType::CFG_REPLY, attributes: &[attribute, attribute] };
    let octets = written(&new);
    let configuration = Configuration::decode(&octets, 0).unwrap();
    assert_eq!(configuration.kind(), ConfigurationType::CFG_REPLY);
    assert!(configuration.attributes().eq([attribute, attribute]), "{configuration:?} {attribute:?}");
    assert_eq!(written(&configuration), octets);
}

fn asked(method: EapMethod<'_>) {
    for new in [NewEap::request(9, method), NewEap::response(9, method)] {
        let octets = written(&new);
        let eap = Eap::decode(&octets, 0).unwrap();
        assert_eq!((eap.identifier(), eap.method()), (9, Some(method)));
        assert_eq!(written(&eap), octets);
    }
}

proptest! {
    #[test]
    fn notifications_with_structure(
        short in octets(1..=64),
        token in octets(16..=256),
        numbers in vec(any::<u16>(), 1..20),
        long in any::<u64>(),
        number in any::<u32>(),
        octet in any::<u8>(),
        hash in any::<[u8; 20]>(),
        address in any::<[u8; 16]>(),
    ) {
        use NotifyContent as Content;
        let [_, _, high, low] = number.to_be_bytes();
        let half = u16::from_be_bytes([high, low]);
        notified(Content::Empty(NotifyType(half)));
        notified(Content::UnsupportedCriticalPayload(PayloadType(octet)));
        notified(Content::InvalidMessageId(number));
        notified(Content::InvalidSpi(number));
        notified(Content::InvalidKePayload(KeyExchangeMethod(half)));
        notified(Content::SetWindowSize(number));
        notified(Content::IpCompSupported { cpi: half, transform: IpCompTransform(octet), attributes: &short });
        notified(Content::NatDetectionSourceIp(&hash));
        notified(Content::NatDetectionDestinationIp(&hash));
        notified(Content::Cookie(&short));
        notified(Content::Cookie2(&[&[0; 8], &short[..short.len().min(56)]].concat()));
        notified(Content::AdditionalAddress(IpAddr::from(address)));
        notified(Content::AdditionalAddress(IpAddr::from(number.to_be_bytes())));
        notified(Content::AuthLifetime(number));
        for gateway in [
            Gateway::Address(address.into()),
            Gateway::Address(number.to_be_bytes().into()),
            Gateway::Fqdn(&short),
        ] {
            notified(Content::Redirect { gateway, nonce: &[] });
            notified(Content::Redirect { gateway, nonce: &token });
        }
        notified(Content::RedirectedFrom(address.into()));
        notified(Content::TicketLifetime { seconds: number, ticket: &short });
        notified(Content::Ticket(&short));
        notified(Content::LinkId(&short));
        notified(Content::CrashDetectionToken(&token));
        notified(Content::MessageIdSync { nonce: number.to_be_bytes(), send: number, receive: !number });
        notified(Content::ReplayCounterSync32(number));
        notified(Content::ReplayCounterSync64(long));
        let methods: Vec<_> = numbers.iter().copied().map(SecurePasswordMethod).collect();
        notified(Content::SecurePasswordMethods(NumberList::new(&methods)));
        let hashes: Vec<_> = numbers.iter().copied().map(HashAlgorithm).collect();
        notified(Content::SignatureHashAlgorithms(NumberList::new(&hashes)));
        notified(Content::Puzzle { prf: PrfId(half), difficulty: octet });
        notified(Content::PpkIdentity { kind: PpkIdType(octet), id: &short });
        notified(Content::NoPpkAuth(&token));
        notified(Content::PpkIdentityKey { kind: PpkIdType(octet), id: &short, confirmation: &long.to_be_bytes() });
        notified(Content::AdditionalKeyExchange(&short));
        notified(Content::UseAggfrag(octet));
        notified(Content::SaResourceInfo(&short));
        let parameters = [
            RohcAttribute::Short { kind: RohcAttributeType(half & 0x7fff), value: half },
            RohcAttribute::Long { kind: RohcAttributeType(half >> 1), value: &short },
        ];
        notified(Content::RohcSupported(RohcAttributes::new(&parameters)));
        notified(Content::Other(NotifyType::TS_UNACCEPTABLE, &short));
        let announcements = [
            AuthAnnouncement::new(AuthMethod(octet)),
            AuthAnnouncement { cert_link: Some(octet), ..AuthAnnouncement::new(AuthMethod::SHARED_KEY) },
            AuthAnnouncement { method: AuthMethod::DIGITAL_SIGNATURE, cert_link: Some(1), algorithm: &short },
        ];
        notified(Content::SupportedAuthMethods(AuthAnnouncements::new(&announcements)));
    }

    /// Whatever the type, its data is written again.
    #[test]
    fn any_notification_data(kind in prop_oneof![0u16..60, 16_384u16..16_450], data in octets(0..=40)) {
        let content = NotifyContent::read(NotifyType(kind), &data);
        prop_assert_eq!(content.kind(), NotifyType(kind));
        prop_assert_eq!(written(&content), &data[..]);
    }

    #[test]
    fn attributes_with_structure(
        text in octets(1..=60),
        v4 in any::<[u8; 4]>(),
        v6 in any::<[u8; 16]>(),
        number in any::<u32>(),
        types in vec(any::<u16>(), 1..9),
        addresses in vec(any::<[u8; 4]>(), 0..5),
        long_addresses in vec(any::<[u8; 16]>(), 0..5),
    ) {
        use ConfigurationAttribute as Attribute;
        use ConfigurationAttributeType as Type;
        let [octet, _, high, low] = number.to_be_bytes();
        for kind in (0..=30).map(Type) {
            configured(Attribute::Empty(kind));
        }
        for kind in [1, 2, 3, 4, 6, 20].map(Type) {
            configured(Attribute::Ip4 { kind, address: v4.into() });
        }
        for kind in [10, 12, 21].map(Type) {
            configured(Attribute::Ip6 { kind, address: v6.into() });
        }
        for kind in [8, 15, 18].map(Type) {
            configured(Attribute::Ip6Prefix { kind, address: v6.into(), prefix_length: octet });
        }
        for kind in [7, 25].map(Type) {
            configured(Attribute::Text { kind, text: &text });
        }
        configured(Attribute::Ip4Subnet { network: v4.into(), netmask: number.to_be_bytes().into() });
        let types: Vec<_> = types.into_iter().map(Type).collect();
        configured(Attribute::SupportedAttributes(NumberList::new(&types)));
        configured(Attribute::HomePrefix { lifetime: number, prefix: v6.into(), prefix_length: octet });
        configured(Attribute::Ip6Link { interface_id: [octet; 8], link_id: &text[1..] });
        let key_tag = u16::from_be_bytes([high, low]);
        configured(Attribute::TrustAnchor(TrustAnchor { key_tag, algorithm: octet, digest_type: high, digest: &text }));
        configured(Attribute::LivenessTimeout(number));
        configured(Attribute::EncryptedDns4(EncryptedDns {
            service_priority: key_tag, addresses: &addresses, name: &text, parameters: &text[1..],
        }));
        configured(Attribute::EncryptedDns6(EncryptedDns {
            service_priority: key_tag, addresses: &long_addresses, name: &text[1..], parameters: &v4,
        }));
        let hashes = [HashAlgorithm(key_tag), HashAlgorithm::SHA2_256];
        let algorithms = NumberList::new(&hashes);
        configured(Attribute::DigestInfo(DigestInfo { name: &[], algorithms, digest: &[] }));
        configured(Attribute::DigestInfo(DigestInfo { name: &text, algorithms, digest: &v6 }));
        configured(Attribute::Other { kind: Type::HOME_AGENT_ADDRESS, value: &text });
    }

    #[test]
    fn any_attribute_value(kind in 0u16..40, value in octets(0..=40)) {
        let kind = ConfigurationAttributeType(kind);
        let attribute = ConfigurationAttribute::read(kind, &value);
        prop_assert_eq!(attribute.kind(), kind);
        prop_assert_eq!(&written(&attribute)[4..], &value[..]);
        configured(attribute);
    }

    #[test]
    fn eap_methods(text in octets(0..=60), octet in any::<u8>(), number in any::<u32>(), parts in any::<[[u8; 7]; 7]>()) {
        asked(EapMethod::Identity(&text));
        asked(EapMethod::Notification(&text));
        asked(EapMethod::Nak(&[&[octet], &text[..]].concat()));
        asked(EapMethod::Md5Challenge { value: &text, name: &parts[0] });
        asked(EapMethod::Expanded { vendor: number >> 8, vendor_type: number, data: &text });
        asked(EapMethod::Other { kind: EapType::TLS, data: &text });
        let mut response = [0; 49];
        response.copy_from_slice(parts.as_flattened());
        let challenge = response.first_chunk().unwrap();
        for packet in [
            MsChapV2::Challenge { identifier: octet, challenge, name: &text },
            MsChapV2::Response { identifier: octet, response: &response, name: &text },
            MsChapV2::Success { identifier: octet, message: &text },
            MsChapV2::SuccessAcknowledged,
            MsChapV2::Failure { identifier: octet, message: &text },
            MsChapV2::FailureAcknowledged,
            MsChapV2::ChangePassword { identifier: octet, value: &[octet; 582] },
        ] {
            asked(EapMethod::MsChapV2(packet));
        }
        let packet = MsChapV2::Response { identifier: octet, response: &response, name: &text };
        prop_assert_eq!(packet.peer_challenge(), Some(challenge));
        prop_assert_eq!(&packet.nt_response().unwrap()[..], &response[24..48]);
        for (new, code) in [(NewEap::success(octet), EapCode::SUCCESS), (NewEap::failure(octet), EapCode::FAILURE)] {
            let octets = written(&new);
            let eap = Eap::decode(&octets, 0).unwrap();
            prop_assert_eq!((eap.code(), eap.identifier(), eap.method()), (code, octet, None));
        }
    }

    #[test]
    fn any_eap_method(kind in prop_oneof![0u8..60, 250u8..], data in octets(0..=80)) {
        let octets = [&[kind], &data[..]].concat();
        let method = EapMethod::read(&octets).unwrap();
        prop_assert_eq!(method.kind(), EapType(kind));
        prop_assert_eq!(written(&method), octets);
    }

    #[test]
    fn digital_signatures(content in octets(0..=252), signature in octets(0..=80)) {
        let algorithm = match u8::try_from(content.len()).unwrap() {
            length @ 0..=127 => [&[0x30, length], &content[..]].concat(),
            length => [&[0x30, 0x81, length], &content[..]].concat(),
        };
        let value = DigitalSignature::new(&algorithm, &signature);
        let octets = written(&value);
        prop_assert_eq!(DigitalSignature::decode(&octets, 0), Ok(value));
        let auth = Authentication::decode(&octets, 0).unwrap();
        prop_assert_eq!(auth.method(), AuthMethod::DIGITAL_SIGNATURE);
        // One octet more or less of the SEQUENCE is none.
        let wrong = DigitalSignature::new(&algorithm[..algorithm.len() - 1], &signature);
        prop_assert!(try_encode(&wrong).is_err());
    }

    #[test]
    fn certificates_by_url(hash in any::<[u8; 20]>(), url in octets(0..=80), bundle in any::<bool>()) {
        let encoding =
            if bundle { CertEncoding::HASH_AND_URL_BUNDLE } else { CertEncoding::HASH_AND_URL_X509 };
        let named = HashAndUrl { encoding, hash: &hash, url: &url };
        let octets = written(&named);
        prop_assert_eq!(HashAndUrl::decode(&octets, 0), Ok(named));
        prop_assert_eq!(Certificate::decode(&octets, 0).unwrap().hash_and_url(), Some(named));
    }

    #[test]
    fn opaque_payloads(data in octets(0..=60)) {
        prop_assert_eq!(written(&GenericSecurePassword::new(&data)), &data[..]);
        match PuzzleSolution::decode(&data, 32) {
            Ok(solution) => prop_assert_eq!(written(&solution), &data[..]),
            Err(error) => {
                prop_assert_eq!(error.offset(), 32);
                prop_assert!(data.is_empty() || data.len() % 4 != 0);
                prop_assert!(try_encode(&PuzzleSolution::new(&data)).is_err());
            }
        }
    }

    #[test]
    fn security_labels(label in octets(1..=60), web in any::<[u8; 4]>()) {
        let range = AddressRange {
            protocol: 6, start_port: 1, end_port: 2, start: web.into(), end: web.into(),
        };
        let selectors = [TrafficSelector::SecurityLabel(&label), TrafficSelector::Range(range)];
        let octets = written(&NewTrafficSelectors { selectors: &selectors });
        prop_assert!(TrafficSelectors::decode(&octets, 0).unwrap().iter().eq(selectors));
    }
}

#[test]
fn values_that_would_be_read_as_others_are_not_written() {
    use ConfigurationAttribute as Attribute;
    use ConfigurationAttributeType as Type;
    use NotifyContent as Content;
    let attributes = [
        Attribute::Ip4 { kind: Type::INTERNAL_IP6_DNS, address: [1; 4].into() },
        Attribute::Ip6 { kind: Type::INTERNAL_IP6_ADDRESS, address: [1; 16].into() },
        Attribute::Text { kind: Type::APPLICATION_VERSION, text: b"" },
        Attribute::Text { kind: Type::INTERNAL_IP4_DNS, text: b"text" },
        Attribute::SupportedAttributes(NumberList::new(&[])),
        Attribute::Other { kind: Type::INTERNAL_IP4_DNS, value: &[1; 4] },
        Attribute::Other { kind: Type(9_999), value: &[] },
        Attribute::Empty(Type(0x8001)),
        Attribute::TrustAnchor(TrustAnchor { key_tag: 1, algorithm: 8, digest_type: 1, digest: &[] }),
    ];
    for attribute in attributes {
        assert!(matches!(try_encode(&attribute), Err(EncodeError::Invalid(_))), "{attribute:?}");
    }
    let long = [[0; 4]; 256];
    let resolver = EncryptedDns { service_priority: 1, addresses: &long, name: &[], parameters: &[] };
    assert!(try_encode(&Attribute::EncryptedDns4(resolver)).is_err());
    let contents = [
        Content::Cookie(&[]),
        Content::Cookie(&[1; 65]),
        Content::Cookie2(&[1; 7]),
        Content::CrashDetectionToken(&[1; 15]),
        Content::Redirect { gateway: Gateway::Fqdn(b"a"), nonce: &[1; 15] },
        Content::Other(NotifyType::COOKIE, &[1; 4]),
        Content::Other(NotifyType::MOBIKE_SUPPORTED, &[]),
        Content::Ticket(&[]),
        Content::SignatureHashAlgorithms(NumberList::new(&[])),
        Content::SupportedAuthMethods(AuthAnnouncements::new(&[])),
        Content::RohcSupported(RohcAttributes::new(&[])),
        Content::RohcSupported(RohcAttributes::new(&[RohcAttribute::Short {
            kind: RohcAttributeType(0x8001),
            value: 1,
        }])),
        Content::RohcSupported(RohcAttributes::new(&[RohcAttribute::Long {
            kind: RohcAttributeType(6),
            value: &[0; 65_536],
        }])),
    ];
    for content in contents {
        assert!(try_encode(&NewNotify::new(content)).is_err(), "{content:?}");
    }
    let methods = [
        EapMethod::Nak(&[]),
        EapMethod::Md5Challenge { value: &[0; 256], name: &[] },
        EapMethod::Expanded { vendor: 1 << 24, vendor_type: 1, data: &[] },
        EapMethod::Other { kind: EapType::IDENTITY, data: b"alice" },
        EapMethod::Other { kind: EapType::MSCHAPV2, data: &[3] },
    ];
    for method in methods {
        assert!(try_encode(&NewEap::request(1, method)).is_err(), "{method:?}");
    }
    let named = HashAndUrl { encoding: CertEncoding::CRL, hash: &[0; 20], url: b"" };
    assert!(try_encode(&named).is_err());
    assert!(try_encode(&TrafficSelector::SecurityLabel(b"")).is_err());
}
