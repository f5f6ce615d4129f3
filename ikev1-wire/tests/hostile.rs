//! Hostile messages: W1-01 to W1-10, as far as the form of a message decides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev1_wire::*;
use support::{corpus, decode, decode_error, message, proposal, sa, transform};

const RFC: NatTraversal = NatTraversal::Rfc3947;

#[test]
fn w1_01_payload_lengths_of_0_to_3_and_beyond_the_datagram() {
    for length in [0u16, 1, 2, 3, 13, 65_535] {
        let mut datagram = message(ExchangeType::AGGRESSIVE, &[(13, &[9; 8])]);
        datagram[30..32].copy_from_slice(&length.to_be_bytes());
        let error = Message::parse(&datagram).unwrap_err();
        let kind = ParseErrorKind::LengthField { declared: length.into(), min: 4, max: 12 };
        assert_eq!(error, ParseError::new(kind, 30), "{length}");
    }
    // A payload that ends before the datagram does, and names none after it.
    let mut datagram = message(ExchangeType::AGGRESSIVE, &[(13, &[9; 8])]);
    datagram[31] = 11;
    let error = Message::parse(&datagram).unwrap_err();
    assert_eq!(error, ParseError::new(ParseErrorKind::TrailingBytes { extra: 1 }, 39));
    // No payload at all, with octets behind the header.
    datagram[16] = 0;
    assert_eq!(Message::parse(&datagram).unwrap_err().kind(), ParseErrorKind::TrailingBytes { extra: 12 });
}

#[test]
fn w1_01_a_chain_of_empty_payloads() {
    let full = message(ExchangeType::AGGRESSIVE, &vec![(13, &[][..]); MAX_PAYLOADS]);
    assert_eq!(Message::parse(&full).unwrap().payloads().iter().count(), MAX_PAYLOADS);
    let flood = message(ExchangeType::AGGRESSIVE, &vec![(13, &[][..]); MAX_PAYLOADS + 1]);
    let error = Message::parse(&flood).unwrap_err();
    assert_eq!(
        error,
        ParseError::new(ParseErrorKind::TooMany { limit: MAX_PAYLOADS }, 28 + 4 * MAX_PAYLOADS)
    );
}

#[test]
fn w1_01_reserved_octets_of_generic_headers() {
    for sample in corpus() {
        let offsets: Vec<_> =
            Message::parse(&sample.message).unwrap().payloads().iter().map(|p| p.offset()).collect();
        for at in offsets {
            for reserved in [1, 0x80, 0xff] {
                let mut datagram = sample.message.clone();
                datagram[at + 1] = reserved;
                let error = Message::parse(&datagram).unwrap_err();
                assert_eq!(
                    error,
                    ParseError::new(ParseErrorKind::Invalid("RESERVED"), at + 1),
                    "{}",
                    sample.name
                );
            }
        }
    }
}

#[test]
fn w1_01_nobody_builds_what_is_refused() {
    let mut buf = [0; 1024];
    let mut builder = MessageBuilder::new(&mut buf, &support::header(ExchangeType::AGGRESSIVE)).unwrap();
    let none = builder.push(PayloadType::NONE, &VendorId::new(b"x")).map(|_| ());
    assert_eq!(none, Err(EncodeError::Invalid("Next Payload")));
    let after = builder.push(PayloadType::VENDOR_ID, &VendorId::new(b"x")).map(|_| ());
    assert_eq!(after, none, "the first error stays");
    assert!(builder.finish().is_err());
    let long = vec![0; 65_532];
    let mut buf = vec![0; 70_000];
    let mut builder = MessageBuilder::new(&mut buf, &support::header(ExchangeType::AGGRESSIVE)).unwrap();
    let result = builder.push(PayloadType::VENDOR_ID, &VendorId::new(&long)).map(|_| ());
    assert_eq!(result, Err(EncodeError::FieldOverflow { field: "Payload Length", length: 65_536 }));
    let mut chain = ChainBuilder::new(&mut buf);
    for _ in 0..MAX_PAYLOADS {
        chain.push(PayloadType::VENDOR_ID, &VendorId::new(b"")).unwrap();
    }
    assert!(chain.push(PayloadType::VENDOR_ID, &VendorId::new(b"")).is_err());
}

/// One transform of phase 1 without attributes.
fn isakmp_transform() -> Vec<u8> {
    transform(0, 1, 1, &[])
}

#[test]
fn w1_02_next_payload_of_proposals_and_transforms() {
    let one = |next| sa(&[proposal(next, 1, ProtocolId::ISAKMP, &[], 1, &isakmp_transform())]);
    let two = |next| {
        sa(&[
            proposal(next, 1, ProtocolId::ESP, &[1; 4], 1, &isakmp_transform()),
            proposal(0, 2, ProtocolId::ESP, &[1; 4], 1, &isakmp_transform()),
        ])
    };
    for next in 0..=u8::MAX {
        assert_eq!(Sa::decode(&one(next), 32).is_ok(), next == 0, "{next}");
        assert_eq!(Sa::decode(&two(next), 32).is_ok(), next == 2, "{next}");
        if next != 0 {
            let error = decode_error(PayloadType::SA, &one(next));
            assert_eq!(error, ParseError::new(ParseErrorKind::Invalid("Next Payload"), 40));
        }
        let transforms = [transform(next, 1, 1, &[]), transform(0, 2, 1, &[])].concat();
        let both = sa(&[proposal(0, 1, ProtocolId::ISAKMP, &[], 2, &transforms)]);
        assert_eq!(Sa::decode(&both, 32).is_ok(), next == 3, "{next}");
        let last = sa(&[proposal(0, 1, ProtocolId::ISAKMP, &[], 1, &transform(next, 1, 1, &[]))]);
        assert_eq!(Sa::decode(&last, 32).is_ok(), next == 0, "{next}");
    }
}

#[test]
fn w1_02_counts_sizes_and_reserved_octets_that_lie() {
    for (count, transforms) in [(0, 1), (2, 1), (1, 2), (3, 2), (255, 1)] {
        let all: Vec<_> =
            (1..=transforms).map(|n| transform(if n == transforms { 0 } else { 3 }, n, 1, &[])).collect();
        let body = sa(&[proposal(0, 1, ProtocolId::ISAKMP, &[], count, &all.concat())]);
        let error = decode_error(PayloadType::SA, &body);
        assert_eq!(error, ParseError::new(ParseErrorKind::Invalid("# of Transforms"), 47));
    }
    let lawful = sa(&[proposal(0, 1, ProtocolId::ESP, &[7; 4], 1, &transform(0, 1, 12, &[0x80, 4, 0, 1]))]);
    assert!(Sa::decode(&lawful, 0).is_ok());
    for size in [13, 17, 255] {
        let mut body = lawful.clone();
        body[14] = size;
        let error = Sa::decode(&body, 0).unwrap_err();
        assert!(error.offset() <= body.len(), "{error}");
    }
    let mut too_large = lawful.clone();
    too_large[14] = 255;
    assert_eq!(
        decode_error(PayloadType::SA, &too_large),
        ParseError::new(ParseErrorKind::Invalid("SPI Size"), 46)
    );
    // RESERVED of the proposal and of the transform.
    for at in [9, 21] {
        let mut body = lawful.clone();
        body[at] = 1;
        assert_eq!(
            decode_error(PayloadType::SA, &body),
            ParseError::new(ParseErrorKind::Invalid("RESERVED"), 32 + at)
        );
    }
    // RESERVED2 of a transform is no generic header: it stays.
    let mut body = lawful;
    body[26] = 9;
    decode(PayloadType::SA, &body, |payload| assert!(payload.is_ok()));
}

#[test]
fn w1_02_lengths_of_proposals_and_transforms() {
    let lawful = sa(&[proposal(0, 1, ProtocolId::ESP, &[7; 4], 1, &transform(0, 1, 12, &[0x80, 4, 0, 1]))]);
    for (at, right) in [(10, 24u16), (22, 12)] {
        for length in [0, 1, 7, right - 1, right + 1, 65_535] {
            let mut body = lawful.clone();
            body[at..at + 2].copy_from_slice(&length.to_be_bytes());
            assert!(Sa::decode(&body, 32).is_err(), "{length} at {at}");
            decode_error(PayloadType::SA, &body);
        }
    }
    for len in 0..lawful.len() {
        assert!(Sa::decode(&lawful[..len], 32).is_err(), "{len} octets");
    }
    let flood = vec![proposal(2, 1, ProtocolId::ESP, &[], 0, &[]); MAX_PROPOSALS];
    let mut flood = [flood, vec![proposal(0, 1, ProtocolId::ESP, &[], 0, &[])]].concat();
    assert_eq!(
        Sa::decode(&sa(&flood), 0).unwrap_err().kind(),
        ParseErrorKind::TooMany { limit: MAX_PROPOSALS }
    );
    flood.remove(0);
    assert_eq!(Sa::decode(&sa(&flood), 0).unwrap().proposals().count(), MAX_PROPOSALS);
}

#[test]
fn rfc2407_4_6_1_situations_with_labels() {
    let label = [
        &[0, 0, 0, 9][..],               // labeled domain
        &[0, 3, 0, 0, 1, 2, 3, 0],       // level of 3 octets, padded
        &[0, 9, 0, 0, 0xff, 0x80, 0, 0], // 9 categories, padded
        &[0, 0, 0, 0, 0, 0, 0, 0],       // an empty integrity label
    ]
    .concat();
    let proposals = proposal(0, 1, ProtocolId::ISAKMP, &[], 1, &isakmp_transform());
    let body = [&[0, 0, 0, 1, 0, 0, 0, 6][..], &label, &proposals].concat();
    let sa = Sa::decode(&body, 32).unwrap();
    let situation = sa.situation().unwrap();
    assert_eq!((situation.flags(), situation.labeled_domain()), (6, Some(9)));
    let secrecy = SensitivityLabel { level: &[1, 2, 3], category_bits: 9, categories: &[0xff, 0x80] };
    assert_eq!(situation.secrecy(), Some(secrecy));
    assert_eq!(
        situation.integrity(),
        Some(SensitivityLabel { level: &[], category_bits: 0, categories: &[] })
    );
    assert!(!situation.is_identity_only() && sa.is_phase1());
    for at in [12, 13, 20, 21] {
        let mut lying = body.clone();
        lying[at] = 0xff;
        decode_error(PayloadType::SA, &lying);
    }
    for len in 0..body.len() {
        assert!(Sa::decode(&body[..len], 32).is_err());
    }
    // Another DOI is not looked into.
    decode(PayloadType::SA, &[0, 0, 0, 2, 0xff], |payload| {
        let Ok(Payload::Sa(sa)) = payload else { panic!("{payload:?}") };
        assert_eq!((sa.doi(), sa.situation(), sa.content()), (Doi::GDOI, None, &[0xff][..]));
        assert_eq!((sa.proposals().count(), sa.alternatives().count()), (0, 0));
    });
}

/// The attributes of a transform of ESP, read.
fn ipsec(octets: &[u8]) -> Result<Lifetimes, AttributeError> {
    let body = sa(&[proposal(0, 1, ProtocolId::ESP, &[7; 4], 1, &transform(0, 1, 12, octets))]);
    let sa = Sa::decode(&body, 0).unwrap();
    let transform = sa.proposals().next().unwrap().transforms().next().unwrap();
    IpsecAttributes::read(transform.attributes()).map(|read| read.lifetimes)
}

#[test]
fn w1_03_attributes_past_the_end() {
    // The attributes start at octet 60: the body at 32, proposal at 40, its transform behind an SPI of four at 52.
    for (attributes, at) in
        [(&[0, 2, 0, 5, 1, 2, 3, 4][..], 62), (&[0, 2, 0xff, 0xff], 62), (&[0x80, 4, 0], 60)]
    {
        let body = sa(&[proposal(0, 1, ProtocolId::ESP, &[7; 4], 1, &transform(0, 1, 12, attributes))]);
        let error = decode_error(PayloadType::SA, &body);
        assert_eq!(error.offset(), at, "{error}");
        // Another transform behind it does not move the fault.
        let transforms = [transform(3, 1, 12, attributes), transform(0, 2, 12, &[0x80, 4, 0, 1])].concat();
        let body = sa(&[proposal(0, 1, ProtocolId::ESP, &[7; 4], 2, &transforms)]);
        assert_eq!(decode_error(PayloadType::SA, &body).offset(), at, "{error}");
    }
}

#[test]
fn w1_03_as_many_attributes_as_the_limit_and_one_more() {
    let attributes = |count: usize| [0x80, 4, 0, 1].repeat(count);
    let body =
        |count| sa(&[proposal(0, 1, ProtocolId::ESP, &[7; 4], 1, &transform(0, 1, 12, &attributes(count)))]);
    let sa = body(MAX_ATTRIBUTES);
    let transform = Sa::decode(&sa, 0).unwrap().proposals().next().unwrap().transforms().next().unwrap();
    assert_eq!(transform.attributes().iter().count(), MAX_ATTRIBUTES);
    let error = decode_error(PayloadType::SA, &body(MAX_ATTRIBUTES + 1));
    assert_eq!(error.kind(), ParseErrorKind::TooMany { limit: MAX_ATTRIBUTES });
    assert_eq!(error.offset(), 60 + 4 * MAX_ATTRIBUTES);
}

#[test]
fn w1_03_basic_attributes_as_variable_ones() {
    let variable = |class: u16, value: &[u8]| {
        let mut octets = class.to_be_bytes().to_vec();
        octets.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        octets.extend(value);
        octets
    };
    for class in 1..=16u16 {
        let octets = variable(class, &[0, 1]);
        let attributes = Attributes::decode(&octets, 0).unwrap();
        let refused = Err(AttributeErrorKind::VariableEncoding);
        let ike = IkeAttributes::read(attributes).map_err(|error| error.kind).map(|_| ());
        match IkeAttributeClass(class) {
            IkeAttributeClass::LIFE_DURATION => assert_eq!(ike, Err(AttributeErrorKind::DurationWithoutType)),
            class if class.is_variable() => assert_eq!(ike, Ok(()), "{class}"),
            class => assert_eq!(ike, refused, "{class}"),
        }
        let ipsec = IpsecAttributes::read(attributes).map_err(|error| error.kind).map(|_| ());
        match IpsecAttributeClass(class) {
            IpsecAttributeClass::SA_LIFE_DURATION => {
                assert_eq!(ipsec, Err(AttributeErrorKind::DurationWithoutType))
            }
            class if class.name().is_none() => assert_eq!(ipsec, Err(AttributeErrorKind::Unknown)),
            class if class.is_variable() => assert_eq!(ipsec, Ok(()), "{class}"),
            class => assert_eq!(ipsec, refused, "{class}"),
        }
    }
}

#[test]
fn w1_03_life_durations_of_every_length_are_clamped() {
    for (len, expected) in [(1, 0xff), (5, 0xff_ffff_ffff), (8, u64::MAX), (9, u64::MAX), (4_000, u64::MAX)] {
        let head = [0x80, 1, 0, 1, 0, 2];
        let octets = [&head[..], &u16::try_from(len).unwrap().to_be_bytes(), &vec![0xff; len]].concat();
        assert_eq!(ipsec(&octets).unwrap().seconds, Some(expected), "{len} octets");
        // Leading zeros do not count.
        let octets =
            [&head[..], &u16::try_from(len + 20).unwrap().to_be_bytes(), &[0; 20], &vec![0xff; len]].concat();
        assert_eq!(ipsec(&octets).unwrap().seconds, Some(expected), "{len} octets");
    }
    let empty = ipsec(&[0x80, 1, 0, 1, 0, 2, 0, 0]).unwrap_err();
    assert_eq!(empty.kind, AttributeErrorKind::UnreadableDuration);
    assert_eq!(ipsec(&[0x80, 1, 0, 1, 0x80, 2, 0x0e, 0x10]).unwrap().seconds, Some(3_600), "basic");
    assert_eq!(ipsec(&[]).unwrap(), Lifetimes::default());
    let both = [0x80, 1, 0, 1, 0x80, 2, 0, 9, 0x80, 1, 0, 2, 0, 2, 0, 1, 7];
    assert_eq!(ipsec(&both).unwrap(), Lifetimes { seconds: Some(9), kilobytes: Some(7) });
}

#[test]
fn w1_03_life_durations_without_a_type_and_types_without_a_duration() {
    let kind = |octets: &[u8]| ipsec(octets).unwrap_err().kind;
    let (seconds, nine) = ([0x80, 1, 0, 1], [0x80, 2, 0, 9]);
    assert_eq!(kind(&nine), AttributeErrorKind::DurationWithoutType);
    assert_eq!(kind(&[nine, seconds].concat()), AttributeErrorKind::DurationWithoutType);
    assert_eq!(kind(&seconds), AttributeErrorKind::TypeWithoutDuration);
    assert_eq!(kind(&[seconds, seconds, nine].concat()), AttributeErrorKind::TypeWithoutDuration);
    assert_eq!(kind(&[seconds, [0x80, 4, 0, 1], nine].concat()), AttributeErrorKind::TypeWithoutDuration);
    assert_eq!(kind(&[seconds, nine, nine].concat()), AttributeErrorKind::DurationWithoutType);
    assert_eq!(kind(&[[0x80, 1, 0, 3], nine].concat()), AttributeErrorKind::UnreadableDuration);
}

#[test]
fn w1_03_the_same_class_twice() {
    let kind = |octets: &[u8]| ipsec(octets).map_err(|error| error.kind);
    let (tunnel, transport) = ([0x80, 4, 0, 1], [0x80, 4, 0, 2]);
    assert!(kind(&[tunnel, tunnel].concat()).is_ok(), "equal duplicates are accepted (RFC 2407 §4.5)");
    assert_eq!(kind(&[tunnel, transport].concat()), Err(AttributeErrorKind::Conflict));
    let life = |low| [[0x80, 1, 0, 1], [0x80, 2, 0, low]].concat();
    assert!(kind(&[life(9), life(9)].concat()).is_ok());
    assert_eq!(kind(&[life(9), life(8)].concat()), Err(AttributeErrorKind::Conflict));
}

fn rules(exchange: ExchangeType) -> &'static [MessageRules] {
    MessageRules::of(exchange, Phase1Authentication::PreSharedKey)
}

fn check(rules: &MessageRules, payloads: &[(u8, &[u8])]) -> Result<(), RuleViolation> {
    let datagram = message(rules.exchange, payloads);
    rules.check(Message::parse(&datagram).unwrap().payloads(), RFC)
}

#[test]
fn w1_04_two_sas_two_proposals_and_an_sa_that_is_not_the_first() {
    let first = &rules(ExchangeType::IDENTITY_PROTECTION)[0];
    let one = proposal(0, 1, ProtocolId::ISAKMP, &[], 1, &isakmp_transform());
    let body = sa(core::slice::from_ref(&one));
    assert_eq!(check(first, &[(1, &body), (13, b"vendor")]), Ok(()));
    assert_eq!(check(first, &[(1, &body), (1, &body)]), Err(RuleViolation::TooMany(PayloadType::SA)));
    assert_eq!(check(first, &[(13, b"vendor"), (1, &body)]), Err(RuleViolation::Position(PayloadType::SA)));
    assert_eq!(check(first, &[(13, b"vendor")]), Err(RuleViolation::Missing(PayloadType::SA)));
    let two = sa(&[proposal(2, 1, ProtocolId::ISAKMP, &[], 1, &isakmp_transform()), one]);
    let view = Sa::decode(&two, 0).unwrap();
    assert!(!view.is_phase1() && view.sole_proposal().is_none());
    let other = sa(&[proposal(0, 1, ProtocolId::ESP, &[1; 4], 1, &isakmp_transform())]);
    assert!(!Sa::decode(&other, 0).unwrap().is_phase1());
}

fn delete(protocol: u8, spi_size: u8, count: u16, spis: &[u8]) -> Vec<u8> {
    let [high, low] = count.to_be_bytes();
    [&[0, 0, 0, 1, protocol, spi_size, high, low], spis].concat()
}

#[test]
fn w1_05_spi_sizes_of_deletes() {
    for protocol in 1..=3 {
        for size in 0..=u8::MAX {
            let body = delete(protocol, size, 1, &vec![7; size.into()]);
            let lawful = size == if protocol == 1 { 16 } else { 4 };
            assert_eq!(Delete::decode(&body, 32).is_ok(), lawful, "protocol {protocol}, {size} octets");
            if !lawful {
                let error = decode_error(PayloadType::DELETE, &body);
                assert_eq!(error, ParseError::new(ParseErrorKind::Invalid("SPI Size"), 37));
            }
        }
    }
    for octets in [15, 17] {
        let body = delete(1, 16, 1, &vec![7; octets]);
        let error = decode_error(PayloadType::DELETE, &body);
        assert_eq!(error, ParseError::new(ParseErrorKind::Invalid("# of SPIs"), 38));
    }
    assert!(Delete::decode(&delete(99, 0, 0, &[]), 0).is_err(), "of no size, of any protocol");
}

#[test]
fn w1_05_counts_of_deletes() {
    for (count, octets) in [(65_535, 4), (0, 4), (2, 4), (1, 8), (65_535, 0)] {
        decode_error(PayloadType::DELETE, &delete(3, 4, count, &vec![7; octets]));
    }
    decode(PayloadType::DELETE, &delete(3, 4, 0, &[]), |payload| {
        let Ok(Payload::Delete(delete)) = payload else { panic!("{payload:?}") };
        assert_eq!(delete.spis().count(), 0);
    });
    let all = NewDelete { protocol: ProtocolId::ESP, spi_size: 4, spis: &vec![0; 4 * 65_536] };
    let overflow = EncodeError::FieldOverflow { field: "# of SPIs", length: 65_536 };
    assert_eq!(support::try_encode(&all), Err(overflow));
}

/// A message with the encryption flag and this many octets of body.
fn encrypted(exchange: ExchangeType, octets: usize) -> Vec<u8> {
    let mut datagram = message(exchange, &[]);
    datagram[16] = 8;
    datagram[19] = 1;
    datagram.extend(vec![0x5a; octets]);
    let length = u32::try_from(datagram.len()).unwrap();
    datagram[24..28].copy_from_slice(&length.to_be_bytes());
    datagram
}

#[test]
fn w1_06_encrypted_bodies_that_are_no_blocks() {
    for octets in 0..70 {
        let datagram = encrypted(ExchangeType::QUICK_MODE, octets);
        let parsed = Message::parse(&datagram);
        assert_eq!(parsed.is_ok(), octets > 0 && octets % 8 == 0, "{octets}");
        match parsed {
            Ok(message) => {
                assert_eq!(message.ciphertext().map(<[u8]>::len), Some(octets));
                assert!(message.payloads().is_empty());
            }
            Err(error) => {
                let kind = ParseErrorKind::Invalid("length of the encrypted part");
                assert_eq!(error, ParseError::new(kind, 28));
            }
        }
    }
}

#[test]
fn w1_06_the_encryption_flag_where_it_does_not_belong() {
    let mut datagram = encrypted(ExchangeType::IDENTITY_PROTECTION, 16);
    datagram[8..16].fill(0);
    let kind = ParseErrorKind::Invalid("Encryption flag in the first message");
    assert_eq!(Message::parse(&datagram).unwrap_err(), ParseError::new(kind, 19));
    let wrong = Err(RuleViolation::Encryption);
    let (clear, set) = (Flags(0), Flags::ENCRYPTION);
    for authentication in [
        Phase1Authentication::Signatures,
        Phase1Authentication::PreSharedKey,
        Phase1Authentication::PublicKeyEncryption,
        Phase1Authentication::RevisedPublicKeyEncryption,
    ] {
        for rule in MessageRules::of(ExchangeType::IDENTITY_PROTECTION, authentication) {
            let needs = rule.number >= 5;
            assert_eq!(rule.check_flags(clear), if needs { wrong } else { Ok(()) });
            assert_eq!(rule.check_flags(set), if needs { Ok(()) } else { wrong });
        }
        let aggressive = MessageRules::of(ExchangeType::AGGRESSIVE, authentication);
        assert!(aggressive[..2].iter().all(|rule| rule.check_flags(set) == wrong));
        assert!([clear, set].iter().all(|flags| aggressive[2].check_flags(*flags).is_ok()), "RFC 2409 §5");
    }
    for exchange in [ExchangeType::QUICK_MODE, ExchangeType::TRANSACTION, ExchangeType::NEW_GROUP_MODE] {
        assert!(rules(exchange).iter().all(|rule| rule.check_flags(clear) == wrong), "{exchange}");
        assert!(rules(exchange).iter().all(|rule| rule.check_flags(set).is_ok()), "{exchange}");
    }
    assert_eq!(rules(ExchangeType::QUICK_MODE)[0].check_flags(Flags(0x81)), Err(RuleViolation::Flags));
    assert!(rules(ExchangeType::QUICK_MODE)[0].check_flags(Flags::ENCRYPTION | Flags::COMMIT).is_ok());
}

#[test]
fn w1_07_payload_numbers_of_ikev2_of_group_keys_and_of_drafts() {
    let key = &rules(ExchangeType::IDENTITY_PROTECTION)[2];
    let nonce = [7; 16];
    for kind in 1..=u8::MAX {
        let datagram = message(key.exchange, &[(4, &[9; 128]), (10, &nonce), (kind, &[1; 20])]);
        let chain = Message::parse(&datagram).unwrap().payloads();
        let kind = PayloadType(kind);
        let unexpected = Err(RuleViolation::Unexpected(kind));
        let expected = match kind.0 {
            4 | 10 => Err(RuleViolation::TooMany(kind)),
            6 | 7 | 13 | 20 | 128..=255 => Ok(()),
            _ => unexpected,
        };
        assert_eq!(key.check(chain, RFC), expected, "{kind}");
        // Between peers that agreed on a draft its number is that of NAT-D, and no other.
        let draft = if kind == PayloadType::SAK { Ok(()) } else { expected };
        assert_eq!(key.check(chain, NatTraversal::Draft04), draft, "{kind}");
        let raw = chain.iter().last().unwrap();
        if [15, 16, 130, 131].contains(&kind.0) {
            assert_eq!(raw.decode(), Ok(Payload::Unknown(raw)));
        }
        let draft =
            if kind == PayloadType::NAT_D_DRAFT { NatTraversal::Draft00 } else { NatTraversal::Draft04 };
        let is_discovery = matches!(raw.decode_in(draft), Ok(Payload::NatDiscovery(_)));
        assert_eq!(is_discovery, [15, 20, 130].contains(&kind.0), "{kind}");
    }
}

#[test]
fn w1_08_certificates_of_every_encoding_empty_or_a_hundred() {
    for encoding in 0..=u8::MAX {
        for data in [&[][..], &[0x30, 0x80]] {
            let body = [&[encoding], data].concat();
            decode(PayloadType::CERT, &body, |payload| {
                assert_eq!(payload, Ok(Payload::Certificate(Certificate::new(CertEncoding(encoding), data))));
            });
            decode(PayloadType::CR, &body, |payload| {
                let request = CertificateRequest::new(CertEncoding(encoding), data);
                assert_eq!(payload, Ok(Payload::CertificateRequest(request)));
            });
        }
    }
    for kind in [PayloadType::CERT, PayloadType::CR] {
        assert_eq!(decode_error(kind, &[]).kind(), ParseErrorKind::Truncated { needed: 1, available: 0 });
    }
    let many = message(ExchangeType::IDENTITY_PROTECTION, &vec![(6, &[4, 0x30][..]); 100]);
    let chain = Message::parse(&many).unwrap().payloads();
    assert_eq!(chain.find_all(PayloadType::CERT).count(), 100);
}

#[test]
fn w1_09_attribute_lists_that_lie_or_never_end() {
    let list = |attributes: &[u8]| [&[1, 0, 0, 7], attributes].concat();
    let error = decode_error(PayloadType::ATTRIBUTES, &list(&[0x40, 0x89, 0, 9, 1, 2]));
    assert_eq!(error, ParseError::new(ParseErrorKind::LengthField { declared: 9, min: 0, max: 2 }, 38));
    decode_error(PayloadType::ATTRIBUTES, &list(&[0x40, 0x89, 0]));
    for len in 0..4 {
        decode_error(PayloadType::ATTRIBUTES, &[1, 0, 0, 7][..len]);
    }
    decode(PayloadType::ATTRIBUTES, &list(&[0x40, 0x89, 0, 0]), |payload| {
        let Ok(Payload::Configuration(request)) = payload else { panic!("{payload:?}") };
        assert_eq!(
            request.find(ConfigurationAttribute::XAUTH_USER_NAME),
            Some(AttributeValue::Variable(&[]))
        );
    });
    let flood = [0x40, 0x89, 0, 0].repeat(10_000);
    let error = decode_error(PayloadType::ATTRIBUTES, &list(&flood));
    assert_eq!(error.kind(), ParseErrorKind::TooMany { limit: MAX_ATTRIBUTES });
    let name = [&[0x40, 0x89, 0xea, 0x60][..], &vec![b'a'; 60_000]].concat();
    decode(PayloadType::ATTRIBUTES, &list(&name), |payload| {
        let Ok(Payload::Configuration(request)) = payload else { panic!("{payload:?}") };
        assert_eq!(request.attributes().iter().count(), 1);
    });
    let attributes = vec![ConfigurationAttribute::XAUTH_STATUS.basic(1); MAX_ATTRIBUTES + 1];
    let new = NewConfiguration { kind: ConfigurationType::SET, identifier: 0, attributes: &attributes };
    assert!(support::try_encode(&new).is_err());
}

/// RFC 2408 §3.1 has RESERVED fields of bodies ignored on receipt; what came is what is written again.
#[test]
fn reserved_octets_of_bodies_are_kept() {
    let bodies: [(PayloadType, Vec<u8>); 4] = [
        (PayloadType::ATTRIBUTES, vec![1, 0xa5, 0, 7, 0x80, 5, 0, 1]),
        (PayloadType::NAT_OA, vec![1, 0xa5, 0x5a, 0xa5, 192, 0, 2, 1]),
        (PayloadType::FRAGMENT, vec![0, 1, 2, 0xfe, 9]),
        (
            PayloadType::SA,
            sa(&[proposal(0, 1, ProtocolId::ESP, &[7; 4], 1, &[0, 0, 0, 8, 1, 12, 0xa5, 0x5a])]),
        ),
    ];
    for (kind, body) in bodies {
        decode(kind, &body, |payload| assert_eq!(support::try_encode(&payload.unwrap()), Ok(body.clone())));
    }
}

#[test]
fn w1_10_nat_discovery_of_every_length_and_many_of_them() {
    for len in [0, 1, 15, 16, 17, 19, 20, 21, 31, 32, 33, 1000] {
        decode(PayloadType::NAT_D, &vec![7; len], |payload| {
            let Ok(Payload::NatDiscovery(hash)) = payload else { panic!("{payload:?}") };
            assert_eq!(hash.data().len(), len);
        });
    }
    let key = &rules(ExchangeType::IDENTITY_PROTECTION)[2];
    let mut payloads: Vec<(u8, &[u8])> = vec![(4, &[9; 128]), (10, &[7; 16])];
    payloads.extend(vec![(20, &[5; 20][..]); 20]);
    assert_eq!(check(key, &payloads), Ok(()), "as many addresses as a host has");
    let chain = message(key.exchange, &payloads);
    assert_eq!(Message::parse(&chain).unwrap().payloads().find_all(PayloadType::NAT_D).count(), 20);
    // Main Mode has no place for them in its first message.
    let body = sa(&[proposal(0, 1, ProtocolId::ISAKMP, &[], 1, &isakmp_transform())]);
    let first = &rules(ExchangeType::IDENTITY_PROTECTION)[0];
    assert_eq!(
        check(first, &[(1, &body), (20, &[5; 20])]),
        Err(RuleViolation::Unexpected(PayloadType::NAT_D))
    );
}

#[test]
fn w1_10_original_addresses_of_other_types_and_lengths() {
    for kind in 0..=u8::MAX {
        for len in [0, 3, 4, 5, 15, 16, 17] {
            let body = [&[kind, 0, 0, 0][..], &vec![9; len]].concat();
            let lawful = (kind == 1 && len == 4) || (kind == 5 && len == 16);
            assert_eq!(OriginalAddress::decode(&body, 32).is_ok(), lawful, "type {kind}, {len} octets");
        }
    }
    let error = decode_error(PayloadType::NAT_OA, &[2, 0, 0, 0, b'a', b'.', b'b', b'c']);
    assert_eq!(error, ParseError::new(ParseErrorKind::Invalid("ID Type"), 32));
    let raw = message(ExchangeType::QUICK_MODE, &[(131, &[2, 0, 0, 0, 9, 9, 9, 9])]);
    let raw = Message::parse(&raw).unwrap().payloads().iter().next().unwrap();
    assert!(raw.decode().is_ok() && raw.decode_in(NatTraversal::Draft00).is_err());
}
