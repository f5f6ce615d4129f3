//! Plain values as JSON and back.
#![cfg(feature = "serde")]

use ikev2_wire::*;

#[test]
fn headers_are_read_again_as_they_were() {
    let flags = Flags::INITIATOR | Flags(0x40);
    let header = Header::new(IkeSpi([7; 8]), IkeSpi::ZERO, ExchangeType::IKE_SA_INIT, flags, 0);
    let header = Header { next_payload: PayloadType(200), version: 0x2f, length: u32::MAX, ..header };
    let text = serde_json::to_string(&header).unwrap();
    let expected = concat!(
        r#"{"spi_i":"0707070707070707","spi_r":"0000000000000000","next_payload":200,"version":47,"#,
        r#""exchange":34,"flags":72,"message_id":0,"length":4294967295}"#,
    );
    assert_eq!(text, expected);
    assert_eq!(serde_json::from_str::<Header>(&text).unwrap(), header);
}

#[test]
fn registries_are_numbers_so_that_a_new_name_changes_nothing() {
    let text = serde_json::to_string(&(TransformType::SN, NotifyType(65_535), EncryptionId::ENCR_AES_GCM_16))
        .unwrap();
    assert_eq!(text, "[5,65535,20]");
    let read: (TransformType, NotifyType, EncryptionId) = serde_json::from_str(&text).unwrap();
    assert_eq!(read, (TransformType::SN, NotifyType(65_535), EncryptionId::ENCR_AES_GCM_16));
    assert!(serde_json::from_str::<TransformType>("256").is_err());
}

#[test]
fn selectors_transforms_and_framings_are_read_again_as_they_were() {
    let range = AddressRange {
        protocol: 17,
        start_port: 1,
        end_port: 2,
        start: [192, 0, 2, 1].into(),
        end: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(),
    };
    let transforms =
        [NewTransform::encryption(EncryptionId::ENCR_AES_CBC, Some(256)), NewTransform::prf(PrfId(9_999))];
    let framing = Framing { iv_len: 8, block_len: 1, icv_len: 16 };
    let text = serde_json::to_string(&(range, transforms, framing)).unwrap();
    let read: (AddressRange, [NewTransform; 2], Framing) = serde_json::from_str(&text).unwrap();
    assert_eq!(read, (range, transforms, framing));
}

#[test]
#[cfg(feature = "alloc")]
fn limits_and_keys_of_fragments_are_read_again_as_they_were() {
    let key = MessageKey { from_initiator: true, response: false, message_id: 7 };
    let text = serde_json::to_string(&(key, FragmentLimits::default())).unwrap();
    let read: (MessageKey, FragmentLimits) = serde_json::from_str(&text).unwrap();
    assert_eq!(read, (key, FragmentLimits::default()));
}
