//! Hostile SA payloads: W2-12 to W2-14.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev2_wire::{
    Attribute, MAX_PROPOSALS, ParseError, ParseErrorKind, Payload, PayloadType, Sa, TransformAttributeType,
    UnusableTransform,
};
use std::time::Instant;
use support::{decode, decode_error};

/// A transform with the "more" octet given.
fn transform(more: u8, kind: u8, id: u16, attributes: &[u8]) -> Vec<u8> {
    let mut octets = vec![more, 0];
    octets.extend_from_slice(&u16::try_from(8 + attributes.len()).unwrap().to_be_bytes());
    octets.extend_from_slice(&[kind, 0]);
    octets.extend_from_slice(&id.to_be_bytes());
    octets.extend_from_slice(attributes);
    octets
}

/// A proposal with "more" octet, number, SPI and transform count given.
fn proposal(more: u8, number: u8, spi: &[u8], count: u8, transforms: &[Vec<u8>]) -> Vec<u8> {
    let content = transforms.concat();
    let mut octets = vec![more, 0];
    octets.extend_from_slice(&u16::try_from(8 + spi.len() + content.len()).unwrap().to_be_bytes());
    octets.extend_from_slice(&[number, 3, u8::try_from(spi.len()).unwrap(), count]);
    octets.extend_from_slice(spi);
    octets.extend_from_slice(&content);
    octets
}

fn good() -> Vec<u8> {
    let transforms =
        [transform(3, 1, 12, &[0x80, 14, 1, 0]), transform(3, 3, 12, &[]), transform(0, 5, 0, &[])];
    proposal(0, 1, &[0xc0, 1, 2, 3], 3, &transforms)
}

fn sa_error(body: &[u8]) -> ParseError {
    decode_error(PayloadType::SA, body)
}

#[track_caller]
fn accepted(body: &[u8], check: impl FnOnce(Sa<'_>)) {
    decode(PayloadType::SA, body, |payload| match payload {
        Ok(Payload::Sa(sa)) => check(sa),
        other => panic!("{other:?}"),
    });
}

#[test]
fn w2_12_proposal_lengths() {
    let body = good();
    accepted(&body, |sa| assert_eq!(sa.proposals().count(), 1));
    let len = u16::try_from(body.len()).unwrap();
    for wrong in (0..len).chain([len + 1, u16::MAX]) {
        let mut bad = body.clone();
        bad[2..4].copy_from_slice(&wrong.to_be_bytes());
        let error = sa_error(&bad);
        if wrong < 8 || wrong > len {
            assert_eq!(error.offset(), 34, "{wrong}: {error}");
        }
    }
    for len in 0..body.len() {
        sa_error(&body[..len]);
    }
    assert_eq!(sa_error(&[]).kind(), ParseErrorKind::Truncated { needed: 8, available: 0 });
    sa_error(&[&body[..], &[0]].concat());
}

#[test]
fn w2_12_transform_counts() {
    for count in (0..=u8::MAX).filter(|count| *count != 3) {
        let mut bad = good();
        bad[7] = count;
        let error = sa_error(&bad);
        assert_eq!(error, ParseError::new(ParseErrorKind::Invalid("Num Transforms"), 39));
    }
    accepted(&proposal(0, 1, &[], 0, &[]), |sa| {
        assert_eq!(sa.proposals().next().unwrap().transforms().count(), 0);
    });
    sa_error(&proposal(0, 1, &[], 1, &[]));
}

#[test]
fn w2_12_transform_lengths() {
    let body = good();
    for (start, remaining) in [(12, 28), (24, 16), (32, 8)] {
        for wrong in (0..8).chain([remaining + 1, u16::MAX]) {
            let mut bad = body.clone();
            bad[start + 2..start + 4].copy_from_slice(&wrong.to_be_bytes());
            let max = usize::from(remaining);
            let kind = ParseErrorKind::LengthField { declared: usize::from(wrong), min: 8, max };
            assert_eq!(sa_error(&bad), ParseError::new(kind, 32 + start + 2));
        }
    }
}

#[test]
fn w2_12_last_substruc() {
    let body = [good(), good()].concat();
    for first in (0..=u8::MAX).filter(|octet| *octet != 2) {
        let mut bad = body.clone();
        bad[0] = first;
        assert_eq!(sa_error(&bad), ParseError::new(ParseErrorKind::Invalid("Last Substruc"), 32), "{first}");
    }
    for last in 1..=u8::MAX {
        let mut bad = good();
        bad[0] = last;
        assert_eq!(sa_error(&bad), ParseError::new(ParseErrorKind::Invalid("Last Substruc"), 32), "{last}");
    }
    for (start, lawful) in [(12, 3), (24, 3), (32, 0)] {
        for more in (0..=u8::MAX).filter(|octet| *octet != lawful) {
            let mut bad = good();
            bad[start] = more;
            let kind = ParseErrorKind::Invalid("Last Substruc");
            assert_eq!(sa_error(&bad), ParseError::new(kind, 32 + start), "{more}");
        }
    }
}

#[test]
fn w2_12_proposal_numbers() {
    let numbered = |numbers: &[u8]| {
        let (last, others) = numbers.split_last().unwrap();
        let mut body = Vec::new();
        for number in others {
            body.extend(proposal(2, *number, &[], 1, &[transform(0, 1, 20, &[])]));
        }
        body.extend(proposal(0, *last, &[], 1, &[transform(0, 1, 20, &[])]));
        body
    };
    for numbers in [&[1][..], &[1, 2], &[1, 2, 3]] {
        accepted(&numbered(numbers), |sa| assert!(sa.is_numbered_as_offer(), "{numbers:?}"));
    }
    for numbers in [&[0][..], &[2], &[1, 1], &[1, 3], &[0, 1], &[2, 1], &[255]] {
        accepted(&numbered(numbers), |sa| {
            assert!(!sa.is_numbered_as_offer(), "{numbers:?}");
            assert!(sa.proposals().map(|proposal| proposal.number()).eq(numbers.iter().copied()));
        });
    }
}

#[test]
fn w2_12_spi_sizes() {
    for size in [0, 3, 4, 8, 255] {
        let spi = vec![0xc0; size];
        accepted(&proposal(0, 1, &spi, 1, &[transform(0, 1, 20, &[])]), |sa| {
            assert_eq!(sa.proposals().next().unwrap().spi(), spi);
        });
    }
    // The SPI reaches past the proposal, or swallows its transforms.
    let mut bad = good();
    for size in (0..=u8::MAX).filter(|size| *size != 4) {
        bad[6] = size;
        sa_error(&bad);
    }
    bad[6] = 255;
    assert_eq!(sa_error(&bad), ParseError::new(ParseErrorKind::Invalid("SPI Size"), 38));
}

#[test]
fn w2_13_proposals_up_to_the_last_number() {
    let transforms = [transform(0, 1, 20, &[0x80, 14, 1, 0])];
    let many = |count: usize| {
        let mut body = Vec::new();
        for number in 1..=count {
            let more = if number == count { 0 } else { 2 };
            body.extend(proposal(more, u8::try_from(number % 256).unwrap(), &[], 1, &transforms));
        }
        body
    };
    accepted(&many(255), |sa| {
        assert_eq!(sa.proposals().count(), MAX_PROPOSALS);
        assert!(sa.is_numbered_as_offer());
    });
    for count in [256, 3_000] {
        let kind = ParseErrorKind::TooMany { limit: MAX_PROPOSALS };
        assert_eq!(sa_error(&many(count)), ParseError::new(kind, 32 + 255 * 20));
    }
    let smallest = vec![proposal(2, 1, &[], 0, &[]); 8_190].concat();
    assert_eq!(sa_error(&smallest).kind(), ParseErrorKind::TooMany { limit: MAX_PROPOSALS });
}

#[test]
fn w2_13_transforms_as_many_as_the_count_allows() {
    // 200 of mixed types, and duplicates of every one, padded with attributes to 60 KiB.
    let attributes = [0x80, 14, 1, 0].repeat(55);
    let mut transforms: Vec<_> =
        (0..255).map(|n| transform(3, 1 + n % 5, u16::from(n / 10), &attributes)).collect();
    transforms[254][0] = 0;
    let body = proposal(0, 1, &[], 255, &transforms);
    assert!(body.len() > 58_000, "{}", body.len());
    let start = Instant::now();
    let sa = Sa::decode(&body, 0).unwrap();
    assert_eq!(sa.proposals().next().unwrap().transforms().count(), 255);
    assert!(start.elapsed().as_millis() < 50, "{:?}", start.elapsed());
    accepted(&body, |sa| assert_eq!(sa.proposals().next().unwrap().transform_count(), 255));
    // One more than the octet can count.
    let mut more = transforms.clone();
    more[254][0] = 3;
    more.push(transform(0, 1, 1, &[]));
    for count in [0, 255] {
        assert_eq!(
            sa_error(&proposal(0, 1, &[], count, &more)).kind(),
            ParseErrorKind::Invalid("Num Transforms")
        );
    }
}

#[test]
fn w2_14_attributes_that_make_a_transform_unusable() {
    let unusable: [&[u8]; 11] = [
        &[0x80, 15, 1, 0],                 // unknown, short
        &[0, 99, 0, 2, 1, 2],              // unknown, long
        &[0x80, 14, 1, 0, 0x80, 14, 1, 0], // key length twice
        &[0x80, 14, 1, 0, 0x80, 99, 1, 0], // key length, then unknown
        &[0, 14, 0, 0],                    // key length as TLV of no octets
        &[0, 14, 0, 2, 1, 0],              // as TLV of two
        &[0, 14, 0xff, 0xff],              // past the end
        &[0, 14, 0xff, 0xff, 1, 2, 3, 4],  // past the end
        &[0x80],                           // cut
        &[0x80, 14, 1],                    // cut
        &[0x80, 14, 1, 0, 0],              // cut behind
    ];
    for attributes in unusable {
        let transforms = [transform(3, 1, 12, attributes), transform(0, 1, 12, &[0x80, 14, 1, 0])];
        accepted(&proposal(0, 1, &[], 2, &transforms), |sa| {
            let proposal = sa.proposals().next().unwrap();
            let mut transforms = proposal.transforms();
            let first = transforms.next().unwrap();
            assert_eq!(first.key_length(), Err(UnusableTransform), "{attributes:?}");
            assert!(first.to_string().starts_with("ENCR_AES_CBC ["), "{first}");
            assert_eq!(transforms.next().unwrap().key_length(), Ok(Some(256)));
            assert_eq!(transforms.next(), None);
        });
    }
}

#[test]
fn rfc9370_the_ids_of_every_additional_key_exchange_are_those_of_type_4() {
    for kind in 0..=u8::MAX {
        let is_key_exchange = kind == 4 || (6..=12).contains(&kind);
        let octets = [0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, kind, 0, 0, 36];
        let transform = Sa::decode(&octets, 0).unwrap().proposals().next().unwrap().transforms().next();
        assert_eq!(transform.unwrap().id_name() == Some("ml-kem-768"), is_key_exchange, "{kind}");
    }
}

#[test]
fn w2_14_key_lengths_are_told_and_not_judged() {
    for bits in [0, 128, 129, 65_535] {
        let [high, low] = u16::to_be_bytes(bits);
        for (kind, id) in [(1, 12), (1, 3), (1, 28), (2, 5), (200, 200)] {
            let body = proposal(0, 1, &[], 1, &[transform(0, kind, id, &[0x80, 14, high, low])]);
            accepted(&body, |sa| {
                let transform = sa.proposals().next().unwrap().transforms().next().unwrap();
                assert_eq!(transform.key_length(), Ok(Some(bits)));
                assert_eq!((transform.kind().0, transform.id()), (kind, id));
            });
        }
    }
    accepted(&proposal(0, 1, &[], 1, &[transform(0, 1, 12, &[])]), |sa| {
        let transform = sa.proposals().next().unwrap().transforms().next().unwrap();
        assert_eq!(transform.key_length(), Ok(None));
    });
}

#[test]
fn w2_14_attributes_one_by_one() {
    let attributes = [0x80, 14, 1, 0, 0, 99, 0, 3, 7, 8, 9, 0x80, 0];
    accepted(&proposal(0, 1, &[], 1, &[transform(0, 1, 12, &attributes)]), |sa| {
        let transform = sa.proposals().next().unwrap().transforms().next().unwrap();
        let found: Vec<_> = transform.attributes().collect();
        let kind = TransformAttributeType::KEY_LENGTH;
        assert_eq!(
            found,
            [
                Attribute::Short { kind, value: 256 },
                Attribute::Long { kind: TransformAttributeType(99), value: &[7, 8, 9] },
                Attribute::Malformed(&[0x80, 0]),
            ]
        );
    });
}
