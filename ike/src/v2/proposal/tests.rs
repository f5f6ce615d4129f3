use super::*;
use alloc::string::ToString as _;
use ikev2_wire::{Encode as _, NewProposal, NewSa, Writer};
use ipsec_crypto_suite::{AeadId, MacId};

const GCM128: Protection = Protection::Aead(AeadId::Aes128Gcm16);
const GCM256: Protection = Protection::Aead(AeadId::Aes256Gcm16);
const CBC: Protection = Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 };

fn ike(protection: Protection, kex: &[KexId]) -> IkeProposal {
    IkeProposal { protection, prfs: Vec::from([PrfId::HmacSha2_256]), key_exchanges: kex.to_vec() }
}

fn child(protection: Protection, kex: &[KexId]) -> ChildProposal {
    ChildProposal {
        suite: ProtocolSuite::Esp(protection),
        key_exchanges: kex.to_vec(),
        extended_sequence_numbers: false,
    }
}

fn encoded(protocol: ProtocolId, spi: &[u8], proposals: &[(u8, Vec<NewTransform>)]) -> Vec<u8> {
    let proposals: Vec<_> = proposals
        .iter()
        .map(|(number, transforms)| NewProposal { number: *number, protocol, spi, transforms })
        .collect();
    let body = NewSa { proposals: &proposals };
    let mut octets = alloc::vec![0; body.encoded_len()];
    body.encode(&mut Writer::new(&mut octets)).unwrap();
    octets
}

fn ike_offer(proposals: &[IkeProposal]) -> Vec<u8> {
    let proposals: Vec<_> = (1..).zip(proposals.iter().map(ike_transforms)).collect();
    encoded(ProtocolId::IKE, &[], &proposals)
}

fn choose(ours: &[IkeProposal], offer: &[u8], hint: Option<u16>) -> Result<(u8, IkeSuite), ProposalMismatch> {
    choose_ike(ours, &Sa::decode(offer, 0).unwrap(), hint).map(|chosen| (chosen.number, chosen.suite))
}

#[test]
fn our_preference_decides_and_the_answer_carries_the_peers_number() {
    let kex = [KexId::Curve25519, KexId::Ecp256];
    let offer = ike_offer(&[ike(CBC, &kex), ike(GCM128, &kex), ike(GCM256, &kex)]);
    let ours = [ike(GCM256, &kex), ike(CBC, &kex)];
    let (number, suite) = choose(&ours, &offer, None).unwrap();
    assert_eq!((number, suite.protection, suite.kex), (3, GCM256, KexId::Curve25519));
    // The method that there is a public value for saves a round trip.
    assert_eq!(choose(&ours, &offer, Some(19)).unwrap().1.kex, KexId::Ecp256);
    assert_eq!(choose(&ours, &offer, Some(14)).unwrap().1.kex, KexId::Curve25519);
}

#[test]
fn a_refusal_says_which_pair_differs_in_what() {
    let ours = [ike(GCM256, &[KexId::Curve25519]), ike(CBC, &[KexId::Curve25519])];
    let offer = ike_offer(&[ike(GCM256, &[KexId::Ecp256]), ike(GCM128, &[KexId::Curve25519])]);
    let mismatch = choose(&ours, &offer, None).unwrap_err();
    let expected = [
        (0, 1, TransformType::KE),
        (0, 2, TransformType::ENCR),
        (1, 1, TransformType::ENCR),
        (1, 2, TransformType::ENCR),
    ];
    let found: Vec<_> =
        mismatch.differences.iter().map(|own| (own.local, own.remote, own.transform)).collect();
    assert_eq!(found, expected);
    let text = mismatch.to_string();
    assert!(text.starts_with("our 1 and the peer's 1 have no "), "{text}");
    // A peer cannot make it grow.
    let many: Vec<_> = (0..200).map(|_| ike(GCM128, &[KexId::Ecp256])).collect();
    let mismatch = choose(&ours, &ike_offer(&many), None).unwrap_err();
    assert_eq!(mismatch.differences.len(), ProposalMismatch::MAX);
    let esp = encoded(ProtocolId::ESP, &[1; 4], &[(1, child_transforms(&child(GCM128, &[]), Pfs::Ignored))]);
    assert_eq!(
        choose(&ours, &esp, None).unwrap_err().to_string(),
        "the peer proposed nothing of this protocol"
    );
}

#[test]
fn w2_12_numbers_and_spi_sizes_that_are_not_an_offers() {
    let ours = [ike(GCM128, &[KexId::Curve25519])];
    let transforms = ike_transforms(&ours[0]);
    for numbers in [&[0u8][..], &[2], &[1, 1], &[1, 3]] {
        let proposals: Vec<_> = numbers.iter().map(|number| (*number, transforms.clone())).collect();
        assert!(choose(&ours, &encoded(ProtocolId::IKE, &[], &proposals), None).is_err(), "{numbers:?}");
    }
    for spi in [&[1u8; 4][..], &[1; 8]] {
        assert!(choose(&ours, &encoded(ProtocolId::IKE, spi, &[(1, transforms.clone())]), None).is_err());
    }
    let ours = [child(GCM128, &[])];
    let transforms = child_transforms(&ours[0], Pfs::Ignored);
    for spi in [&[][..], &[1; 3], &[1; 8], &[1; 255]] {
        let offer = encoded(ProtocolId::ESP, spi, &[(1, transforms.clone())]);
        assert!(choose_child(&ours, &Sa::decode(&offer, 0).unwrap(), Pfs::Ignored, None).is_err());
    }
}

#[test]
fn rfc7296_3_3_6_an_unknown_type_spoils_the_proposal_and_an_unknown_transform_itself_alone() {
    let ours = [ike(GCM128, &[KexId::Curve25519])];
    let mut transforms = ike_transforms(&ours[0]);
    transforms.insert(0, NewTransform { kind: TransformType::ENCR, id: 999, key_length: Some(128) });
    transforms.insert(0, NewTransform { kind: TransformType::PRF, id: 999, key_length: None });
    let mixed = encoded(ProtocolId::IKE, &[], &[(1, transforms.clone())]);
    assert!(choose(&ours, &mixed, None).is_ok());
    transforms.push(NewTransform { kind: TransformType(77), id: 1, key_length: None });
    let unknown = encoded(ProtocolId::IKE, &[], &[(1, transforms), (2, ike_transforms(&ours[0]))]);
    assert_eq!(choose(&ours, &unknown, None).unwrap().0, 2);
}

#[test]
fn rfc5282_8_an_aead_goes_with_no_integrity_or_with_none() {
    let ours = [ike(GCM128, &[KexId::Curve25519])];
    let with = |id| {
        let mut transforms = ike_transforms(&ours[0]);
        transforms.push(NewTransform::integrity(IntegrityId(id)));
        choose(&ours, &encoded(ProtocolId::IKE, &[], &[(1, transforms)]), None).is_ok()
    };
    assert!(with(0) && !with(12));
}

#[test]
fn perfect_forward_secrecy_is_ours_to_want() {
    let choose = |ours: &ChildProposal, offer: &ChildProposal| {
        let offer = encoded(ProtocolId::ESP, &[9; 4], &[(1, child_transforms(offer, Pfs::Wanted))]);
        let offer = Sa::decode(&offer, 0).unwrap();
        let one = core::slice::from_ref(ours);
        choose_child(one, &offer, Pfs::Wanted, None).map(|chosen| chosen.suite.kex).map_err(|_| ())
    };
    let (with, without) = (child(GCM128, &[KexId::Curve25519]), child(GCM128, &[]));
    assert_eq!(choose(&with, &with), Ok(Some(KexId::Curve25519)));
    assert_eq!(choose(&without, &without), Ok(None));
    assert_eq!(choose(&with, &without), Err(()), "we insist");
    assert_eq!(choose(&without, &with), Err(()), "the peer insists");
}
