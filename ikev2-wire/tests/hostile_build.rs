//! What a builder is asked and must refuse: W2-22.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev2_wire::{
    AddressRange, AuthMethod, Authentication, ChainBuilder, Encode, EncodeError, ExchangeType, Framing,
    IdType, Identification, KeyExchange, KeyExchangeMethod, MAX_PAYLOADS, Message, MessageBuilder, NewDelete,
    NewProposal, NewSa, NewTrafficSelectors, NewTransform, Nonce, Notify, NotifyType, PayloadType, PrfId,
    ProtocolId, Spi, TrafficSelector, TsType, VendorId,
};
use support::{header, message, try_encode};

const AUTH: ExchangeType = ExchangeType::IKE_AUTH;
const GCM: Framing = Framing { iv_len: 8, block_len: 1, icv_len: 16 };

#[test]
fn w2_22_payloads_past_65_535_octets() {
    let data = vec![7; 65_532];
    let mut buf = vec![0x55; 70_000];
    for (len, lawful) in [(65_531, true), (65_532, false)] {
        let mut builder = MessageBuilder::new(&mut buf, &header(AUTH)).unwrap();
        let pushed = builder.push(PayloadType::VENDOR_ID, &VendorId::new(&data[..len])).map(|_| ());
        if lawful {
            pushed.unwrap();
            assert!(Message::parse(builder.finish().unwrap()).is_ok());
        } else {
            let error = EncodeError::FieldOverflow { field: "Payload Length", length: len + 4 };
            assert_eq!(pushed, Err(error));
            assert_eq!(builder.finish().map(|_| ()), Err(error), "no message comes out");
        }
    }
    let mut builder = MessageBuilder::new(&mut buf, &header(AUTH)).unwrap();
    builder.begin_encrypted(GCM).unwrap();
    builder.push(PayloadType::VENDOR_ID, &VendorId::new(&data[..65_531])).unwrap();
    let error = EncodeError::FieldOverflow { field: "Payload Length", length: 4 + 8 + 65_535 + 1 + 16 };
    assert_eq!(builder.finish_encrypted().map(|_| ()), Err(error));
    let mut chain = ChainBuilder::new(&mut buf);
    assert!(chain.push(PayloadType::VENDOR_ID, &VendorId::new(&data)).is_err());
    assert!(chain.finish().is_err());
}

#[test]
fn w2_22_counts_and_sizes_past_their_octet() {
    let transforms = [NewTransform::prf(PrfId::PRF_HMAC_SHA2_256); 256];
    let spi = [1; 256];
    let offer = |spi_len: usize, count: usize| {
        let (spi, transforms) = (&spi[..spi_len], &transforms[..count]);
        let proposals = [NewProposal { number: 1, protocol: ProtocolId::IKE, spi, transforms }];
        try_encode(&NewSa { proposals: &proposals })
    };
    assert!(offer(255, 255).is_ok());
    let overflow = |field| Err(EncodeError::FieldOverflow { field, length: 256 });
    assert_eq!(offer(256, 1), overflow("SPI Size"));
    assert_eq!(offer(0, 256), overflow("Num Transforms"));
    let proposal = NewProposal { number: 1, protocol: ProtocolId::IKE, spi: &[], transforms: &[] };
    assert_eq!(try_encode(&NewSa { proposals: &[proposal; 256] }), overflow("Proposal Num"));
    assert_eq!(try_encode(&NewSa { proposals: &[] }), Err(EncodeError::Invalid("Proposals")));
    let notify = Notify::new(NotifyType::REKEY_SA).with_spi(ProtocolId::ESP, &spi);
    assert_eq!(try_encode(&notify), overflow("SPI Size"));
    let selector = TrafficSelector::Unknown { kind: TsType(9), protocol: 0, body: &[] };
    assert!(try_encode(&NewTrafficSelectors { selectors: &[selector; 255] }).is_ok());
    assert_eq!(try_encode(&NewTrafficSelectors { selectors: &[selector; 256] }), overflow("Number of TSs"));
    let long = vec![0; 65_532];
    let selector = TrafficSelector::Unknown { kind: TsType(9), protocol: 0, body: &long };
    let error = EncodeError::FieldOverflow { field: "Selector Length", length: 65_536 };
    assert_eq!(try_encode(&selector), Err(error));
    let spis = vec![Spi::new(256).unwrap(); 65_536];
    let error = EncodeError::FieldOverflow { field: "Num of SPIs", length: 65_536 };
    assert_eq!(try_encode(&NewDelete::child(ProtocolId::ESP, &spis)), Err(error));
}

#[test]
fn w2_22_proposals_past_65_535_octets() {
    let transforms = [NewTransform::prf(PrfId::PRF_HMAC_SHA2_256); 255];
    let proposals =
        [NewProposal { number: 1, protocol: ProtocolId::IKE, spi: &[9; 255], transforms: &transforms }; 40];
    let sa = NewSa { proposals: &proposals };
    assert!(sa.encoded_len() > 65_535);
    let mut buf = vec![0; 200_000];
    let mut builder = MessageBuilder::new(&mut buf, &header(AUTH)).unwrap();
    assert!(matches!(builder.push(PayloadType::SA, &sa), Err(EncodeError::FieldOverflow { .. })));
}

#[test]
fn w2_22_values_without_a_lawful_form() {
    let range = AddressRange {
        protocol: 0,
        start_port: 0,
        end_port: 65_535,
        start: [0; 4].into(),
        end: [0u16; 8].into(),
    };
    assert_eq!(try_encode(&range), Err(EncodeError::Invalid("Ending Address")));
    for kind in [TsType::TS_IPV4_ADDR_RANGE, TsType::TS_IPV6_ADDR_RANGE] {
        let selector = TrafficSelector::Unknown { kind, protocol: 0, body: &[] };
        assert_eq!(try_encode(&selector), Err(EncodeError::Invalid("TS Type")));
    }
    let none = NewTrafficSelectors { selectors: &[] };
    assert_eq!(try_encode(&none), Err(EncodeError::Invalid("Number of TSs")));
    for len in [0, 15, 257] {
        assert_eq!(try_encode(&Nonce::new(&vec![1; len])), Err(EncodeError::Invalid("Nonce Data")));
    }
    let id = Identification::new(IdType::ID_IPV4_ADDR, &[1, 2, 3]);
    assert_eq!(try_encode(&id), Err(EncodeError::Invalid("Identification Data")));
    let spis = [Spi::new(256).unwrap()];
    for protocol in [ProtocolId::IKE, ProtocolId(0), ProtocolId(9)] {
        let delete = NewDelete::child(protocol, &spis);
        assert_eq!(try_encode(&delete), Err(EncodeError::Invalid("Protocol ID")));
    }
}

#[test]
fn w2_22_buffers_one_octet_short() {
    let build = |buf: &mut [u8]| -> Result<usize, EncodeError> {
        let mut builder = MessageBuilder::new(buf, &header(AUTH))?;
        builder.push(PayloadType::VENDOR_ID, &VendorId::new(b"clear"))?;
        builder.begin_encrypted(Framing { iv_len: 16, block_len: 16, icv_len: 12 })?;
        builder.push(PayloadType::AUTH, &Authentication::new(AuthMethod::SHARED_KEY, &[7; 20]))?;
        builder.finish_encrypted().map(|slots| slots.datagram_len())
    };
    let len = build(&mut [0; 256]).unwrap();
    assert_eq!(len, 28 + 9 + 4 + 16 + 32 + 12);
    for short in 0..len {
        let mut buf = vec![0x55; short];
        assert!(matches!(build(&mut buf), Err(EncodeError::NoRoom { .. })), "{short}");
    }
    let mut exact = vec![0x55; len];
    assert_eq!(build(&mut exact), Ok(len));
}

#[test]
fn w2_22_a_payload_that_does_not_fit_leaves_the_buffer_alone() {
    let mut buf = [0x55; 28 + 4 + 35];
    let mut builder = MessageBuilder::new(&mut buf, &header(AUTH)).unwrap();
    let ke = KeyExchange::new(KeyExchangeMethod::CURVE25519, &[7; 32]);
    let error = EncodeError::NoRoom { needed: 40, available: 39 };
    assert_eq!(builder.push(PayloadType::KE, &ke).map(|_| ()), Err(error));
    let small = VendorId::new(&[]);
    assert_eq!(builder.push(PayloadType::VENDOR_ID, &small).map(|_| ()), Err(error), "errors stay");
    assert_eq!(builder.begin_encrypted(GCM).map(|_| ()), Err(error));
    assert_eq!(builder.put_content(PayloadType::NONE, &[]).map(|_| ()), Err(error));
    assert_eq!(builder.finish(), Err(error));
    assert_eq!(buf[28..], [0x55; 39]);
}

#[test]
fn w2_22_more_payloads_than_a_parser_takes() {
    let mut buf = vec![0; 4_096];
    for encrypted in [false, true] {
        let mut builder = MessageBuilder::new(&mut buf, &header(AUTH)).unwrap();
        if encrypted {
            builder.begin_encrypted(GCM).unwrap();
        }
        for _ in 0..MAX_PAYLOADS {
            builder.push(PayloadType::VENDOR_ID, &VendorId::new(&[])).unwrap();
        }
        let error = builder.push(PayloadType::VENDOR_ID, &VendorId::new(&[])).map(|_| ()).unwrap_err();
        assert!(matches!(error, EncodeError::FieldOverflow { field: "payload count", .. }));
    }
}

#[test]
fn encrypted_payloads_have_one_place() {
    let invalid = |result: Result<(), EncodeError>| {
        assert!(matches!(result, Err(EncodeError::Invalid(_))), "{result:?}")
    };
    let vendor = VendorId::new(&[]);
    let mut buf = [0; 512];
    let fresh = |exchange| MessageBuilder::new(Box::leak(Box::new([0; 512])), &header(exchange)).unwrap();
    invalid(fresh(ExchangeType::IKE_SA_INIT).begin_encrypted(GCM).map(|_| ()));
    invalid(fresh(AUTH).push(PayloadType::SK, &vendor).map(|_| ()));
    invalid(fresh(AUTH).push(PayloadType::NONE, &vendor).map(|_| ()));
    invalid(fresh(AUTH).put_content(PayloadType::NONE, &[]).map(|_| ()));
    invalid(fresh(AUTH).finish_encrypted().map(|_| ()));
    invalid(fresh(AUTH).begin_encrypted(GCM).unwrap().begin_encrypted(GCM).map(|_| ()));
    let mut builder = fresh(AUTH);
    builder.begin_encrypted(GCM).unwrap();
    invalid(builder.finish().map(|_| ()));
    for block_len in [0, 257, usize::MAX] {
        invalid(fresh(AUTH).begin_encrypted(Framing { block_len, ..GCM }).map(|_| ()));
    }
    let mut builder = fresh(AUTH);
    builder.begin_encrypted_fragment(GCM, 1, 2).unwrap();
    invalid(builder.push(PayloadType::VENDOR_ID, &vendor).map(|_| ()));
    let mut builder = fresh(AUTH);
    builder.begin_encrypted(GCM).unwrap().push(PayloadType::VENDOR_ID, &vendor).unwrap();
    invalid(builder.put_content(PayloadType::NONE, &[1]).map(|_| ()));
    // An SK of another message, as it is: the last payload, and not inside another.
    let datagram = message(AUTH, &[(46, &[1, 2, 3])]);
    let raw = Message::parse(&datagram).unwrap().payloads().iter().next().unwrap();
    let mut builder = MessageBuilder::new(&mut buf, &header(AUTH)).unwrap();
    builder.push_raw(&raw).unwrap();
    invalid(builder.push(PayloadType::VENDOR_ID, &vendor).map(|_| ()));
    invalid(fresh(AUTH).begin_encrypted(GCM).unwrap().push_raw(&raw).map(|_| ()));
    invalid(ChainBuilder::new(&mut buf).push_raw(&raw).map(|_| ()));
}

#[test]
fn fragments_carry_octets_as_they_are() {
    let mut inner = [0; 128];
    let mut chain = ChainBuilder::new(&mut inner);
    chain.push(PayloadType::NONCE, &Nonce::new(&[3; 40])).unwrap();
    let (first, octets) = chain.finish().unwrap();
    for (number, piece) in octets.chunks(20).enumerate() {
        let number = u16::try_from(number + 1).unwrap();
        let named = if number == 1 { first } else { PayloadType::NONE };
        let mut buf = [0; 256];
        let mut builder = MessageBuilder::new(&mut buf, &header(AUTH)).unwrap();
        builder.begin_encrypted_fragment(GCM, number, 3).unwrap().put_content(named, piece).unwrap();
        let slots = builder.finish_encrypted().unwrap();
        assert_eq!(*slots.plaintext, [piece, &[0]].concat());
        assert_eq!((slots.aad.len(), slots.iv.len(), slots.icv.len()), (36, 8, 16));
        let len = slots.datagram_len();
        let message = Message::parse(&buf[..len]).unwrap();
        let raw = message.payloads().find(PayloadType::SKF).unwrap();
        assert_eq!(raw.next_payload(), named);
    }
}
