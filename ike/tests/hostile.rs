//! Hostile peers and attackers on the way, by the cases of E2.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::forge::{Piece, body, clear, in_clear};
use common::{LEFT, Pair, RIGHT, Setup, child_proposal};
use core::time::Duration;
use ikev2_wire::{
    EncryptionId, ExchangeType, Flags, Header, KeyExchangeMethod, NewDelete, NewProposal, NewSa,
    NewTransform, Notify, NotifyType, PayloadType, PrfId, ProtocolId,
};
use ipsec_crypto_suite::{CryptoError, KexId, SecureRandom};
use ipsec_ike::{AnySaId, CloseReason, DatagramError};
use ipsec_sa_db::Identity;
use testkit::{Conditions, Parcel, Seeded};

const LONG: Duration = Duration::from_secs(1200);

fn pair() -> Pair {
    Pair::new(1, Conditions::default())
}

/// Left's request of IKE_SA_INIT and right's response are through: left's IKE_AUTH request comes out.
fn after_init(pair: &mut Pair) -> Parcel {
    pair.initiate(LEFT);
    let request = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &request).unwrap();
    let response = pair.take(RIGHT).remove(0);
    pair.give(LEFT, &response).unwrap();
    pair.take(LEFT).remove(0)
}

/// The same, and right's answer to IKE_AUTH comes out.
fn after_auth_request(pair: &mut Pair) -> Parcel {
    let request = after_init(pair);
    pair.give(RIGHT, &request).unwrap();
    pair.take(RIGHT).remove(0)
}

fn with(parcel: &Parcel, contents: Vec<u8>) -> Parcel {
    Parcel { contents, ..parcel.clone() }
}

/// The notifies in the last message that an end sent, read with the keys.
fn notifies(pair: &Pair, end: usize, parcel: &Parcel) -> Vec<NotifyType> {
    let (_, pieces) = pair.ends[end].spy.last().read(&parcel.contents);
    let kind = |body: &[u8]| NotifyType(u16::from_be_bytes([body[2], body[3]]));
    pieces.iter().filter(|(kind, _)| *kind == PayloadType::NOTIFY).map(|(_, body)| kind(body)).collect()
}

/// Nothing is left of an attempt at this end: no SA, no SPI out of the stock.
fn nothing_left(pair: &mut Pair, end: usize) {
    pair.ends[end].drain_events();
    let end = &pair.ends[end];
    assert!(end.endpoint.is_empty(), "{:?}", end.endpoint);
    assert!(end.ike.is_empty() && end.children.is_empty());
    assert_eq!(end.endpoint.poll_timeout(), None);
}

fn replace(pieces: &mut [Piece], kind: PayloadType, body: Vec<u8>) {
    pieces.iter_mut().find(|(own, _)| *own == kind).unwrap().1 = body;
}

fn sa(protocol: ProtocolId, number: u8, spi: &[u8], transforms: &[NewTransform]) -> Vec<u8> {
    body(&NewSa { proposals: &[NewProposal { number, protocol, spi, transforms }] })
}

#[test]
fn e2_06_an_init_answer_that_was_not_offered() {
    let gcm = |bits| NewTransform::encryption(EncryptionId(20), Some(bits));
    let prf = NewTransform::prf(PrfId(5));
    let ke = |id| NewTransform::key_exchange(KeyExchangeMethod(id));
    let answers: [(u8, &[NewTransform]); 7] = [
        (1, &[gcm(256), prf, ke(31)]),                         // altered key length
        (1, &[gcm(128), NewTransform::prf(PrfId(7)), ke(31)]), // never offered
        (1, &[gcm(128), prf, ke(31), ke(19)]),                 // two of one type
        (1, &[gcm(128), prf, prf, ke(31)]),
        (2, &[gcm(128), prf, ke(31)]), // another proposal number
        (1, &[gcm(128), prf, ke(19)]), // a group that is not KEr's
        (1, &[gcm(128), prf]),
    ];
    for (number, transforms) in answers {
        let mut pair = pair();
        pair.initiate(LEFT);
        let request = pair.take(LEFT).remove(0);
        pair.give(RIGHT, &request).unwrap();
        let response = pair.take(RIGHT).remove(0);
        let (header, mut pieces) = clear(&response.contents);
        replace(&mut pieces, PayloadType::SA, sa(ProtocolId::IKE, number, &[], transforms));
        pair.give(LEFT, &with(&response, in_clear(&header, &pieces))).unwrap();
        assert!(matches!(pair.ends[LEFT].closed[..], [CloseReason::Protocol(_)]));
        nothing_left(&mut pair, LEFT);
        pair.run(LONG);
        nothing_left(&mut pair, RIGHT);
    }
}

#[test]
fn e2_06_a_child_answer_that_was_not_offered() {
    let gcm = |bits| NewTransform::encryption(EncryptionId(20), Some(bits));
    let number = |id| NewTransform::sequence_numbers(ikev2_wire::SequenceNumbers(id));
    let ke = NewTransform::key_exchange(KeyExchangeMethod(31));
    let answers: [(u8, &[NewTransform]); 5] = [
        (1, &[gcm(256), number(0)]),
        (1, &[gcm(128), number(1)]),
        (1, &[gcm(128), number(0), number(0)]),
        (2, &[gcm(128), number(0)]),
        (1, &[gcm(128), number(0), ke]), // no KE in IKE_AUTH
    ];
    for (number, transforms) in answers {
        let mut pair = pair();
        let response = after_auth_request(&mut pair);
        let keys = pair.ends[LEFT].spy.last();
        let (header, mut pieces) = keys.read(&response.contents);
        let spi = [1, 2, 3, 4];
        replace(&mut pieces, PayloadType::SA, sa(ProtocolId::ESP, number, &spi, transforms));
        pair.give(LEFT, &with(&response, keys.write(&header, &pieces))).unwrap();
        assert!(pair.ends[LEFT].children.is_empty() && pair.ends[LEFT].saw("ChildSaFailed"));
        pair.run(LONG);
        nothing_left(&mut pair, LEFT);
        nothing_left(&mut pair, RIGHT);
    }
}

/// Public values that fail their checks, by method.
fn bad_publics() -> Vec<(KexId, Vec<u8>)> {
    let mut bad = vec![
        (KexId::Curve25519, vec![0; 32]),
        (KexId::Curve25519, [&[1][..], &[0; 31]].concat()),
        (KexId::Curve25519, vec![9; 31]),
        (KexId::Ecp256, vec![0; 64]),
        (KexId::Ecp256, vec![7; 64]),
        (KexId::Ecp256, vec![0xff; 64]),
        (KexId::Ecp256, vec![2; 33]),
        (KexId::Ecp256, vec![2; 63]),
        (KexId::Modp2048, vec![0; 256]),
        (KexId::Modp2048, [&[0; 255][..], &[1]].concat()),
        (KexId::Modp2048, vec![0xff; 256]),
        (KexId::Modp2048, vec![2; 255]),
    ];
    // The prime of group 14 less one, itself, and one more.
    let groups = testkit::vectors("dh_modp_groups");
    let prime = groups
        .iter()
        .flat_map(testkit::Group::vectors)
        .find(|group| group.number("group") == Some(14))
        .map(|group| group.octets("p"))
        .unwrap();
    for last in [0xfe, 0xff] {
        let mut value = prime.clone();
        *value.last_mut().unwrap() = last;
        bad.push((KexId::Modp2048, value));
    }
    bad
}

fn with_method(setup: Setup, kex: KexId) -> Setup {
    let mut setup = setup;
    setup.ike_proposals[0].key_exchanges = vec![kex];
    setup.protect().proposals = vec![child_proposal(&[kex])];
    setup
}

fn pair_of(kex: KexId) -> Pair {
    let setup = |left| with_method(Setup::new(left), kex);
    Pair::of(1, Conditions::default(), setup(true), setup(false))
}

fn ke_body(kex: KexId, public: &[u8]) -> Vec<u8> {
    [&kex.ikev2().to_be_bytes()[..], &[0, 0], public].concat()
}

#[test]
fn e2_07_bad_public_values_in_init_make_no_sa() {
    for (kex, public) in bad_publics() {
        // To the responder: dropped, and the genuine request still counts.
        let mut pair = pair_of(kex);
        pair.initiate(LEFT);
        let request = pair.take(LEFT).remove(0);
        let (header, mut pieces) = clear(&request.contents);
        replace(&mut pieces, PayloadType::KE, ke_body(kex, &public));
        assert!(
            pair.give(RIGHT, &with(&request, in_clear(&header, &pieces))).is_err(),
            "{kex} {public:02x?}"
        );
        assert!(pair.ends[RIGHT].endpoint.is_empty());
        pair.give(RIGHT, &request).unwrap();
        // To the initiator.
        let response = pair.take(RIGHT).remove(0);
        let (header, mut pieces) = clear(&response.contents);
        replace(&mut pieces, PayloadType::KE, ke_body(kex, &public));
        assert!(pair.give(LEFT, &with(&response, in_clear(&header, &pieces))).is_err());
        assert!(pair.ends[LEFT].ike.is_empty());
        pair.run(LONG);
        assert!(pair.ends[LEFT].ike.len() == pair.ends[RIGHT].ike.len());
    }
}

#[test]
fn e2_07_x25519_values_with_the_top_bit_set_are_taken() {
    let mut pair = pair_of(KexId::Curve25519);
    pair.initiate(LEFT);
    let request = pair.take(LEFT).remove(0);
    let (header, mut pieces) = clear(&request.contents);
    let place = pieces.iter_mut().find(|(kind, _)| *kind == PayloadType::KE).unwrap();
    *place.1.last_mut().unwrap() ^= 0x80;
    pair.give(RIGHT, &with(&request, in_clear(&header, &pieces))).unwrap();
    assert_eq!(pair.take(RIGHT).len(), 1);
}

/// Starts a rekey with perfect forward secrecy at left; its request comes out.
fn rekey_request(pair: &mut Pair) -> Parcel {
    let (child, now) = (pair.ends[LEFT].the_child(), pair.now);
    pair.ends[LEFT].endpoint.rekey(now, AnySaId::Child(child)).unwrap();
    pair.take(LEFT).remove(0)
}

#[test]
fn e2_07_a_bad_public_value_in_create_child_sa_is_fatal() {
    for (kex, public) in bad_publics() {
        let mut pair = pair_of(kex);
        pair.establish();
        let request = rekey_request(&mut pair);
        let keys = pair.ends[LEFT].spy.last();
        let (header, mut pieces) = keys.read(&request.contents);
        replace(&mut pieces, PayloadType::KE, ke_body(kex, &public));
        pair.give(RIGHT, &with(&request, keys.write(&header, &pieces))).unwrap();
        let answer = pair.take(RIGHT).remove(0);
        assert_eq!(notifies(&pair, RIGHT, &answer), [NotifyType::INVALID_SYNTAX], "{kex}");
        nothing_left(&mut pair, RIGHT);
        pair.give(LEFT, &answer).unwrap();
        nothing_left(&mut pair, LEFT);

        // In a response: left deletes the IKE SA, with a Delete.
        let mut pair = pair_of(kex);
        pair.establish();
        let request = rekey_request(&mut pair);
        pair.give(RIGHT, &request).unwrap();
        let response = pair.take(RIGHT).remove(0);
        let keys = pair.ends[LEFT].spy.last();
        let (header, mut pieces) = keys.read(&response.contents);
        replace(&mut pieces, PayloadType::KE, ke_body(kex, &public));
        pair.give(LEFT, &with(&response, keys.write(&header, &pieces))).unwrap();
        let delete = pair.take(LEFT).remove(0);
        assert_eq!(keys.read(&delete.contents).1, [(PayloadType::DELETE, body(&NewDelete::IKE))]);
        pair.give(RIGHT, &delete).unwrap();
        pair.run(LONG);
        nothing_left(&mut pair, LEFT);
        nothing_left(&mut pair, RIGHT);
    }
}

#[test]
fn e2_09_nothing_but_ike_auth_before_authentication() {
    let mut pair = pair();
    let auth = after_init(&mut pair);
    let keys = pair.ends[LEFT].spy.last();
    let delete = [(PayloadType::DELETE, body(&NewDelete::IKE))];
    for exchange in [ExchangeType::INFORMATIONAL, ExchangeType::CREATE_CHILD_SA] {
        for message_id in 0..3 {
            // To the responder, which has not seen IKE_AUTH.
            for flags in [Flags::INITIATOR, Flags::INITIATOR | Flags::RESPONSE] {
                let header = keys.header(exchange, flags, message_id);
                let message = with(&auth, keys.write(&header, &delete));
                assert_eq!(pair.give(RIGHT, &message), Err(DatagramError::Unexpected));
            }
            // To the initiator, which waits for its response.
            for flags in [Flags::RESPONSE, Flags::default()] {
                let header = keys.header(exchange, flags, message_id);
                let Parcel { path, .. } = auth;
                let back = ipsec_types::Path { local: path.remote, remote: path.local, ..path };
                let message = Parcel { path: back, esp: false, contents: keys.write(&header, &delete) };
                assert_eq!(pair.give(LEFT, &message), Err(DatagramError::Unexpected));
            }
        }
    }
    assert!(pair.take(LEFT).is_empty() && pair.take(RIGHT).is_empty(), "no answer, no leak");
    pair.give(RIGHT, &auth).unwrap();
    pair.run(Duration::from_secs(5));
    pair.agree(1);
}

#[test]
fn e2_10_ten_thousand_bad_icvs_and_then_the_right_one() {
    let mut pair = pair();
    let auth = after_init(&mut pair);
    let made = pair.ends[RIGHT].spy.all().len();
    for number in 0..10_000usize {
        let mut bad = auth.clone();
        let at = bad.contents.len() - 1 - number % 16;
        bad.contents[at] ^= 1 << (number % 8);
        assert_eq!(pair.give(RIGHT, &bad), Err(DatagramError::Authentication));
    }
    assert_eq!(pair.ends[RIGHT].spy.all().len(), made, "no further key exchange");
    assert!(pair.take(RIGHT).is_empty());
    pair.give(RIGHT, &auth).unwrap();
    pair.run(Duration::from_secs(5));
    pair.agree(1);
}

#[test]
fn e2_11_ike_auth_without_each_of_its_payloads() {
    let kinds = [PayloadType::IDI, PayloadType::AUTH, PayloadType::SA, PayloadType::TSI, PayloadType::TSR];
    for missing in kinds {
        let mut pair = pair();
        let auth = after_init(&mut pair);
        let keys = pair.ends[LEFT].spy.last();
        let (header, mut pieces) = keys.read(&auth.contents);
        pieces.retain(|(kind, _)| *kind != missing);
        pair.give(RIGHT, &with(&auth, keys.write(&header, &pieces))).unwrap();
        let answer = pair.take(RIGHT).remove(0);
        let expected = if missing == PayloadType::AUTH {
            NotifyType::AUTHENTICATION_FAILED
        } else {
            NotifyType::INVALID_SYNTAX
        };
        assert_eq!(notifies(&pair, RIGHT, &answer), [expected], "without {missing}");
        assert_eq!(pair.ends[RIGHT].closed.len(), 1);
        nothing_left(&mut pair, RIGHT);
        pair.give(LEFT, &answer).unwrap();
        assert_eq!(pair.ends[LEFT].closed.len(), 1);
        nothing_left(&mut pair, LEFT);
    }
}

#[test]
fn e2_12_a_wrong_key_and_an_unknown_identity_look_alike() {
    let wrong_key = |setup: &mut Setup| setup.psk = b"of another".to_vec();
    let unknown = |setup: &mut Setup| setup.local = Identity::fqdn("over.example");
    let both = |setup: &mut Setup| {
        setup.local = Identity::fqdn("over.example");
        setup.psk = b"of another".to_vec();
    };
    let mut answers = Vec::new();
    for change in [wrong_key as fn(&mut Setup), unknown, both] {
        let mut left = Setup::new(true);
        change(&mut left);
        let mut pair = Pair::of(1, Conditions::default(), left, Setup::new(false));
        let answer = after_auth_request(&mut pair);
        assert_eq!(notifies(&pair, RIGHT, &answer), [NotifyType::AUTHENTICATION_FAILED]);
        assert_eq!(pair.ends[RIGHT].closed, [CloseReason::AuthenticationFailed]);
        nothing_left(&mut pair, RIGHT);
        pair.give(LEFT, &answer).unwrap();
        assert_eq!(pair.ends[LEFT].closed, [CloseReason::AuthenticationFailed]);
        nothing_left(&mut pair, LEFT);
        let (_, pieces) = pair.ends[LEFT].spy.last().read(&answer.contents);
        answers.push((answer.contents.len(), pieces));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[test]
fn e2_13_every_bit_of_ike_sa_init_changed_on_the_way() {
    let (mut ended, mut stood) = (0, 0);
    for from in [LEFT, RIGHT] {
        let mut bit = 0;
        loop {
            let mut pair = pair();
            pair.initiate(LEFT);
            let mut message = pair.take(LEFT).remove(0);
            if from == RIGHT {
                pair.give(RIGHT, &message).unwrap();
                message = pair.take(RIGHT).remove(0);
            }
            if bit >= 8 * message.contents.len() {
                break;
            }
            message.contents[bit / 8] ^= 1 << (bit % 8);
            let _ = pair.give(1 - from, &message);
            pair.run(LONG);
            // Either the change was found out, or the message was as good as lost and came again, genuine.
            if pair.ends[LEFT].ike.is_empty() && pair.ends[RIGHT].ike.is_empty() {
                ended += 1;
                assert_eq!(pair.ends[LEFT].closed.len(), 1);
                nothing_left(&mut pair, LEFT);
                nothing_left(&mut pair, RIGHT);
            } else {
                stood += 1;
                pair.agree(1);
            }
            bit += 1;
        }
    }
    assert!(ended > 500 && stood > 500, "{ended} ended, {stood} stood");
}

#[test]
fn e2_14_what_we_sent_ourselves_does_not_come_from_the_peer() {
    let mut pair = pair();
    pair.initiate(LEFT);
    let init = pair.take(LEFT).remove(0);
    let back = |parcel: &Parcel| {
        let path = parcel.path;
        Parcel {
            path: ipsec_types::Path { local: path.remote, remote: path.local, ..path },
            ..parcel.clone()
        }
    };
    // Each message comes back, with every setting of the I and R flags.
    let reflect = |pair: &mut Pair, end: usize, parcel: &Parcel| {
        for flags in [0x08, 0x28, 0x20, 0x00] {
            let mut message = back(parcel);
            message.contents[19] = flags;
            let _ = pair.give(end, &message);
        }
    };
    reflect(&mut pair, LEFT, &init);
    assert!(pair.ends[LEFT].ike.is_empty());
    // As a responder it may have answered itself, in the clear.
    pair.take(LEFT);
    pair.give(RIGHT, &init).unwrap();
    let response = pair.take(RIGHT).remove(0);
    reflect(&mut pair, RIGHT, &response);
    pair.take(RIGHT);
    pair.give(LEFT, &response).unwrap();
    let auth = pair.take(LEFT).remove(0);
    reflect(&mut pair, LEFT, &auth);
    pair.give(RIGHT, &auth).unwrap();
    let answer = pair.take(RIGHT).remove(0);
    reflect(&mut pair, RIGHT, &answer);
    assert!(pair.ends[LEFT].ike.is_empty(), "no SA with itself");
    pair.give(LEFT, &answer).unwrap();
    pair.agree(1);
    pair.run(LONG);
    pair.agree(1);
}

#[test]
fn e2_14_a_peer_that_uses_our_spi_nonce_and_public_value() {
    let mut pair = pair();
    pair.initiate(LEFT);
    let request = pair.take(LEFT).remove(0);
    let (header, pieces) = clear(&request.contents);
    let answer: Vec<_> = pieces.into_iter().filter(|(kind, _)| *kind != PayloadType::NOTIFY).collect();
    let header = Header { spi_r: header.spi_i, flags: Flags::RESPONSE, ..header };
    let message = Parcel {
        path: ipsec_types::Path {
            local: request.path.remote,
            remote: request.path.local,
            carrier: request.path.carrier,
        },
        esp: false,
        contents: in_clear(&header, &answer),
    };
    pair.give(LEFT, &message).unwrap();
    // Its IKE_AUTH comes back too: it is no response, and its AUTH would be the initiator's.
    let auths = pair.take(LEFT);
    assert_eq!(auths.len(), 1);
    for mut auth in auths {
        core::mem::swap(&mut auth.path.local, &mut auth.path.remote);
        auth.contents[19] = 0x20;
        assert!(pair.give(LEFT, &auth).is_err());
    }
    assert!(pair.ends[LEFT].ike.is_empty());
}

#[test]
fn e2_20_requests_again_too_old_too_new_and_answers_nobody_asked_for() {
    let mut pair = pair();
    pair.establish();
    let request = rekey_request(&mut pair);
    pair.give(RIGHT, &request).unwrap();
    let response = pair.take(RIGHT).remove(0);
    let events = pair.ends[RIGHT].events.len();
    let mut resent = 0;
    for _ in 0..1000 {
        pair.now = pair.now + Duration::from_millis(1);
        let _ = pair.give(RIGHT, &request);
        for parcel in pair.take(RIGHT) {
            assert_eq!(parcel, response, "octet for octet");
            resent += 1;
        }
    }
    assert!((1..=5).contains(&resent), "{resent}");
    assert_eq!(pair.ends[RIGHT].events.len(), events, "processed once");
    let keys = pair.ends[LEFT].spy.last();
    for (message_id, flags) in [
        (0, Flags::INITIATOR),
        (1, Flags::INITIATOR),
        (4, Flags::INITIATOR),
        (u32::MAX, Flags::INITIATOR),
        (0, Flags::INITIATOR | Flags::RESPONSE),
        (7, Flags::INITIATOR | Flags::RESPONSE),
    ] {
        let header = keys.header(ExchangeType::INFORMATIONAL, flags, message_id);
        let message = with(&request, keys.write(&header, &[(PayloadType::DELETE, body(&NewDelete::IKE))]));
        assert_eq!(pair.give(RIGHT, &message), Err(DatagramError::Unexpected), "id {message_id}");
    }
    assert!(pair.take(RIGHT).is_empty());
    pair.give(LEFT, &response).unwrap();
    assert_eq!(pair.give(LEFT, &response), Err(DatagramError::Unexpected), "a response twice");
    pair.run(Duration::from_secs(5));
    pair.agree(1);
}

#[test]
fn e2_26_deletes_that_name_nothing_of_the_peers() {
    let mut pair = pair();
    pair.establish();
    let keys = pair.ends[LEFT].spy.last();
    let auth = Parcel { path: pair.path(LEFT), esp: false, contents: Vec::new() };
    let ours = pair.ends[RIGHT].children.values().next().unwrap().inbound.spi;
    let theirs = pair.ends[RIGHT].children.values().next().unwrap().outbound.spi;
    let unknown = ipsec_types::Spi::new(0x7777_7777).unwrap();
    let mut message_id = 2;
    let mut delete = |pair: &mut Pair, spis: &[ipsec_types::Spi]| {
        let header = keys.header(ExchangeType::INFORMATIONAL, Flags::INITIATOR, message_id);
        message_id += 1;
        let pieces = [(PayloadType::DELETE, body(&NewDelete::child(ProtocolId::ESP, spis)))];
        pair.give(RIGHT, &with(&auth, keys.write(&header, &pieces))).unwrap();
        keys.read(&pair.take(RIGHT).remove(0).contents).1
    };
    // Unknown, and the SPI that the deleting end sends with.
    assert_eq!(delete(&mut pair, &[unknown, ours]), []);
    assert_eq!(pair.ends[RIGHT].children.len(), 1);
    // The lawful one names the SPI it receives on.
    let answer = delete(&mut pair, &[unknown, theirs, theirs]);
    assert_eq!(answer, [(PayloadType::DELETE, body(&NewDelete::child(ProtocolId::ESP, &[ours])))]);
    assert!(pair.ends[RIGHT].children.is_empty());
    assert_eq!(delete(&mut pair, &[theirs]), [], "it is gone");
    assert_eq!(pair.ends[RIGHT].ike.len(), 1);
}

#[test]
fn e2_26_crossing_deletes_are_answered_without_the_spi() {
    let mut pair = pair();
    pair.establish();
    let now = pair.now;
    for end in [LEFT, RIGHT] {
        let child = pair.ends[end].the_child();
        pair.ends[end].endpoint.delete(now, AnySaId::Child(child)).unwrap();
    }
    let (from_left, from_right) = (pair.take(LEFT).remove(0), pair.take(RIGHT).remove(0));
    pair.give(RIGHT, &from_left).unwrap();
    pair.give(LEFT, &from_right).unwrap();
    for end in [LEFT, RIGHT] {
        let answer = pair.take(end).remove(0);
        assert_eq!(pair.ends[end].spy.last().read(&answer.contents).1, []);
        pair.give(1 - end, &answer).unwrap();
        assert!(pair.ends[end].children.is_empty());
        let closed = pair.ends[end].events.iter().filter(|event| event.starts_with("ChildSaClosed")).count();
        assert_eq!(closed, 1);
    }
}

#[test]
fn e2_26_rekey_of_what_is_not_there() {
    let spis: [&[u8]; 4] = [&[0x77; 4], &[], &[1; 8], &[0, 0, 0, 1]];
    for spi in spis {
        let mut pair = pair();
        pair.establish();
        let request = rekey_request(&mut pair);
        let keys = pair.ends[LEFT].spy.last();
        let (header, mut pieces) = keys.read(&request.contents);
        let notify = Notify::new(NotifyType::REKEY_SA).with_spi(ProtocolId::ESP, spi);
        replace(&mut pieces, PayloadType::NOTIFY, body(&notify));
        pair.give(RIGHT, &with(&request, keys.write(&header, &pieces))).unwrap();
        let answer = pair.take(RIGHT).remove(0);
        let expected = Notify::new(NotifyType::CHILD_SA_NOT_FOUND).with_spi(ProtocolId::ESP, spi);
        assert_eq!(keys.read(&answer.contents).1, [(PayloadType::NOTIFY, body(&expected))]);
        assert_eq!((pair.ends[RIGHT].children.len(), pair.ends[RIGHT].ike.len()), (1, 1));
    }
}

#[test]
fn rfc7296_4_a_form_of_create_child_sa_that_is_not_supported() {
    let mut pair = pair();
    pair.establish();
    let request = rekey_request(&mut pair);
    let keys = pair.ends[LEFT].spy.last();
    let (header, mut pieces) = keys.read(&request.contents);
    pieces.retain(|(kind, _)| *kind != PayloadType::NOTIFY);
    pair.give(RIGHT, &with(&request, keys.write(&header, &pieces))).unwrap();
    let answer = pair.take(RIGHT).remove(0);
    assert_eq!(notifies(&pair, RIGHT, &answer), [NotifyType::NO_ADDITIONAL_SAS]);
    pair.give(LEFT, &answer).unwrap();
    pair.run(LONG);
    pair.agree(1);
}

#[test]
fn w2_05_unknown_critical_payloads() {
    let odd = (PayloadType(200), vec![1, 2, 3]);
    for critical in [false, true] {
        // Inside SK, in a request of a standing SA.
        let mut pair = pair();
        pair.establish();
        let keys = pair.ends[LEFT].spy.last();
        let header = keys.header(ExchangeType::INFORMATIONAL, Flags::INITIATOR, 2);
        let plain = keys.write(&header, core::slice::from_ref(&odd));
        let message = if critical { keys.write_critical(&header, &odd) } else { plain };
        let parcel = Parcel { path: pair.path(LEFT), esp: false, contents: message };
        pair.give(RIGHT, &parcel).unwrap();
        let answer = pair.take(RIGHT).remove(0);
        let pieces = keys.read(&answer.contents).1;
        if critical {
            let notify = Notify::new(NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD).with_data(&[200]);
            assert_eq!(pieces, [(PayloadType::NOTIFY, body(&notify))]);
        } else {
            assert_eq!(pieces, []);
        }
        assert_eq!(pair.ends[RIGHT].ike.len(), 1);
    }
}

/// Fails from a given call on, or yields zeros, or repeats itself.
struct Odd {
    inner: Seeded,
    calls: usize,
    from: usize,
    how: u8,
}

impl SecureRandom for Odd {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.calls += 1;
        if self.calls <= self.from {
            return self.inner.fill(out);
        }
        match self.how {
            0 => return Err(CryptoError::Randomness),
            1 => out.fill(0),
            _ => out.fill(0x5a),
        }
        Ok(())
    }
}

#[test]
fn e2_33_a_source_of_randomness_that_fails_or_repeats_itself() {
    for odd in [LEFT, RIGHT] {
        for how in 0..3 {
            for from in 0..24 {
                let mut setups = [Setup::new(true), Setup::new(false)];
                setups[odd].rng = Some(Box::new(Odd { inner: Seeded(5), calls: 0, from, how }));
                let [left, right] = setups;
                let mut pair = Pair::of(3, Conditions::default(), left, right);
                let path = pair.path(LEFT);
                let (now, policy) = (pair.now, alloc::sync::Arc::clone(&pair.ends[LEFT].policy));
                let first = ipsec_ike::Acquire { policy, flow: None };
                let started = pair.ends[LEFT].endpoint.initiate(now, path, common::PEER, first);
                pair.run(Duration::from_secs(10));
                if let (Ok(_), [1, 1]) = (started, [LEFT, RIGHT].map(|end| pair.ends[end].ike.len())) {
                    let child = pair.ends[odd].the_child();
                    let now = pair.now;
                    let _ = pair.ends[odd].endpoint.rekey(now, AnySaId::Child(child));
                }
                pair.run(LONG);
                for parcel in &pair.sent {
                    let Ok(header) = Header::parse(&parcel.contents) else { continue };
                    assert!(!header.spi_i.is_zero());
                    let first = header.exchange == ExchangeType::IKE_SA_INIT && !header.flags.is_response();
                    let refused = parcel.contents.len() < 100;
                    assert!(first || refused || !header.spi_r.is_zero());
                }
                let both = [LEFT, RIGHT].map(|end| pair.ends[end].ike.len());
                assert!(both[0] == both[1], "call {from}, kind {how}: {both:?}");
            }
        }
    }
}

#[test]
fn pd_08_nothing_shown_holds_a_key() {
    let mut pair = pair();
    pair.establish();
    let keys: Vec<_> = pair.ends[LEFT].spy.all();
    let child_keys = pair.ends[LEFT].children.values().flat_map(|sa| {
        [&sa.inbound, &sa.outbound].map(|half| half.encryption.as_ref().unwrap().expose().to_vec())
    });
    let secrets: Vec<_> = keys.into_iter().chain(child_keys).chain([b"of both ends".to_vec()]).collect();
    let shown: Vec<_> = pair
        .ends
        .iter()
        .flat_map(|end| [format!("{:?}", end.endpoint), format!("{:?}", end.children), end.events.join("\n")])
        .collect();
    for secret in &secrets {
        let digits: String = secret[..4].iter().map(|octet| format!("{octet:02x}")).collect();
        let list = format!("{}, {}, {}, {}", secret[0], secret[1], secret[2], secret[3]);
        for text in &shown {
            assert!(!text.contains(&digits) && !text.contains(&list), "{text}");
        }
    }
    assert!(!shown.iter().any(|text| text.contains("of both ends")));
}
