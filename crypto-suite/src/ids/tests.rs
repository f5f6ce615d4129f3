use super::*;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

#[test]
fn numbers_map_back() {
    for id in AeadId::ALL.iter().copied() {
        assert_eq!(AeadId::from_ikev2(id.ikev2().0, id.ikev2().1), Some(id));
        if let Some((transform, bits)) = id.ikev1_esp() {
            assert_eq!(AeadId::from_ikev1_esp(transform, bits), Some(id));
        }
    }
    for id in CipherId::ALL.iter().copied() {
        assert_eq!(CipherId::from_ikev2(id.ikev2().0, id.ikev2().1), Some(id));
        if let Some((attribute, bits)) = id.ikev1_phase_1() {
            assert_eq!(CipherId::from_ikev1_phase_1(attribute, bits), Some(id));
        }
        if let Some((transform, bits)) = id.ikev1_esp() {
            assert_eq!(CipherId::from_ikev1_esp(transform, bits), Some(id));
        }
    }
    for id in MacId::ALL.iter().copied() {
        assert_eq!(MacId::from_ikev2(id.ikev2()), Some(id));
        if let Some(attribute) = id.ikev1() {
            assert_eq!(MacId::from_ikev1(attribute), Some(id));
        }
    }
    for id in PrfId::ALL.iter().copied() {
        assert_eq!(PrfId::from_ikev2(id.ikev2()), Some(id));
    }
    for id in HashId::ALL.iter().copied() {
        assert_eq!(HashId::from_ikev1(id.ikev1()), Some(id));
        assert_eq!(PrfId::hmac_of(id).output_len(), id.output_len());
    }
    for id in KexId::ALL.iter().copied() {
        assert_eq!(KexId::from_ikev2(id.ikev2()), Some(id));
        if let Some(attribute) = id.ikev1() {
            assert_eq!(KexId::from_ikev1(attribute), Some(id));
        }
    }
}

/// As IANA has them in "Internet Key Exchange Version 2 (IKEv2) Parameters".
#[test]
fn ikev2_numbers_are_those_of_iana() {
    let numbers =
        |ids: &mut dyn Iterator<Item = u16>| ids.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    assert_eq!(
        numbers(&mut AeadId::ALL.iter().map(|id| id.ikev2().0)),
        [14, 15, 16, 18, 19, 20, 21, 28, 29, 30, 31]
    );
    assert_eq!(numbers(&mut CipherId::ALL.iter().map(|id| id.ikev2().0)), [3, 11, 12, 13, 23]);
    assert_eq!(numbers(&mut MacId::ALL.iter().map(|id| id.ikev2())), [1, 2, 5, 8, 9, 10, 11, 12, 13, 14]);
    assert_eq!(numbers(&mut PrfId::ALL.iter().map(|id| id.ikev2())), [1, 2, 4, 5, 6, 7, 8]);
    assert_eq!(
        numbers(&mut KexId::ALL.iter().map(|id| id.ikev2())),
        [2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 28, 29, 31, 32, 35, 36, 37]
    );
    assert_eq!(AeadId::Aes128Gcm8.ikev2(), (18, Some(128)));
    assert_eq!(AeadId::Aes256Ccm12.ikev2(), (15, Some(256)));
    assert_eq!(AeadId::ChaCha20Poly1305.ikev2(), (28, None));
}

/// RFC 8247 §2 and RFC 8221 §5: single DES and the 768-bit group have no form.
#[test]
fn cr_08_single_des_and_group_1_do_not_exist() {
    for bits in [None, Some(56), Some(64)] {
        assert_eq!(CipherId::from_ikev2(2, bits), None);
        assert_eq!(CipherId::from_ikev1_phase_1(1, bits), None);
        assert_eq!(CipherId::from_ikev1_esp(2, bits), None);
    }
    assert_eq!(KexId::from_ikev2(1), None);
    assert_eq!(KexId::from_ikev1(1), None);
}

#[test]
fn w2_14_aes_without_or_with_a_wrong_key_length_is_no_algorithm() {
    for key_length in [None, Some(0), Some(129), Some(u16::MAX)] {
        for id in [14, 15, 16, 18, 19, 20, 21, 29, 30] {
            assert_eq!(AeadId::from_ikev2(id, key_length), None);
        }
        for id in [12, 13, 23] {
            assert_eq!(CipherId::from_ikev2(id, key_length), None);
        }
    }
    assert_eq!(CipherId::from_ikev2(11, Some(128)), None, "NULL has no key");
    assert_eq!(CipherId::from_ikev2(3, Some(192)), None, "3DES has no key length");
    assert_eq!(AeadId::from_ikev2(28, Some(256)), None, "nor has ChaCha20-Poly1305");
}
