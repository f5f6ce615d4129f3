//! Reading IKE_SA_INIT and IKE_AUTH, every payload with all it holds, against the `ipsec-parser` crate; building
//! IKE_SA_INIT.

use crate::{Figure, least, ratio, wanted};
use ipsec::ikev2_wire::{
    EncryptionId, ExchangeType, Flags, Header, IkeSpi, KeyExchange, KeyExchangeMethod, Message,
    MessageBuilder, NewProposal, NewSa, NewTransform, Nonce, Notify, NotifyType, Payload, PayloadChain,
    PayloadType, PrfId, ProtocolId,
};
use ipsec_parser::{
    IkePayloadType, IkeV2Payload, IkeV2PayloadContent, parse_ikev2_message, parse_ikev2_payload_list,
};
use std::hint::black_box;
use testkit::{count_allocations, hex, read_pcap, testdata, truth};

/// Messages read in a round.
const MESSAGES: usize = 500;

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    let capture = testdata("captures/ikev2-psk-gcm");
    let frames = read_pcap(capture.join("capture.pcap"));
    let init = frames[0].ike().expect("an IKE_SA_INIT request");
    let auth_truth = &truth(&capture)["messages"][2];
    assert_eq!(auth_truth["payloads"][0], "IDi", "an IKE_AUTH request");
    let auth = hex(auth_truth["plaintext_payloads_hex"].as_str().expect("decrypted"));
    assert_eq!(read_message(init), their_message(init), "both read the same");
    assert_eq!(read_chain(&auth), their_chain(&auth), "both read the same");

    let mut figure = |name: &str, value: &dyn Fn() -> f64| {
        if wanted(prefix, name) {
            figures.push(Figure { name: name.to_owned(), value: value() });
        }
    };
    figure("wire.v2.sa_init.vs_ipsec_parser", &|| versus(init, read_message, their_message));
    figure("wire.v2.auth.vs_ipsec_parser", &|| versus(&auth, read_chain, their_chain));
    figure("wire.v2.sa_init.walk.vs_ipsec_parser", &|| versus(init, Message::parse, their_message));
    figure("wire.v2.sa_init.ns", &|| nanoseconds(|| read_message(black_box(init))));
    figure("wire.v2.sa_init.octets_per_s", &|| {
        init.len() as f64 * 1e9 / nanoseconds(|| read_message(black_box(init)))
    });
    figure("wire.v2.auth.ns", &|| nanoseconds(|| read_chain(black_box(&auth))));
    figure("wire.v2.sa_init.build.ns", &|| {
        let mut buf = [0; 512];
        nanoseconds(|| build(black_box(&mut buf)))
    });
    figure("alloc.wire.per_message", &|| {
        let mut buf = [0; 512];
        count_allocations(|| (read_message(init), read_chain(&auth), build(&mut buf))).0 as f64
    });
}

/// How much faster `ours` reads `octets` than `theirs`.
fn versus<'a, A, B>(octets: &'a [u8], ours: impl Fn(&'a [u8]) -> A, theirs: impl Fn(&'a [u8]) -> B) -> f64 {
    ratio(
        || (),
        |()| (0..MESSAGES).for_each(|_| drop(black_box(ours(black_box(octets))))),
        |()| (0..MESSAGES).for_each(|_| drop(black_box(theirs(black_box(octets))))),
    )
}

/// The least time of a message.
fn nanoseconds<T>(mut work: impl FnMut() -> T) -> f64 {
    least(|| (0..MESSAGES).for_each(|_| drop(black_box(work())))) * 1e9 / MESSAGES as f64
}

/// What was found in a message, so that both sides can be seen to read the same.
#[derive(Debug, Default, PartialEq)]
struct Found {
    payloads: usize,
    transforms: usize,
    selectors: usize,
}

fn read_message(message: &[u8]) -> Found {
    read(Message::parse(message).expect("well formed").payloads())
}

fn read_chain(octets: &[u8]) -> Found {
    read(PayloadChain::parse(PayloadType::IDI, octets, 0).expect("well formed"))
}

/// Decodes every payload, and looks at every transform with its attributes and every selector.
fn read(chain: PayloadChain<'_>) -> Found {
    let mut found = Found::default();
    for raw in chain {
        found.payloads += 1;
        match black_box(&raw.decode().expect("well formed")) {
            Payload::Sa(sa) => {
                for transform in sa.proposals().flat_map(|proposal| proposal.transforms()) {
                    found.transforms += 1;
                    black_box(transform.key_length().expect("well formed"));
                }
            }
            Payload::TrafficSelectorsI(selectors) | Payload::TrafficSelectorsR(selectors) => {
                found.selectors += selectors.iter().map(black_box).count();
            }
            _ => {}
        }
    }
    found
}

fn their_message(message: &[u8]) -> Found {
    let (_, (_, list)) = parse_ikev2_message(message).expect("well formed");
    theirs(&list.expect("well formed"))
}

fn their_chain(octets: &[u8]) -> Found {
    let (_, list) =
        parse_ikev2_payload_list(octets, IkePayloadType(PayloadType::IDI.0)).expect("well formed");
    theirs(&list.expect("well formed"))
}

/// Everything was parsed by now, attributes of transforms excepted, which that crate keeps as octets.
fn theirs(list: &[IkeV2Payload<'_>]) -> Found {
    // The list starts with a payload that is not in the message.
    let mut found = Found { payloads: list.len() - 1, ..Found::default() };
    for payload in list {
        match black_box(&payload.content) {
            IkeV2PayloadContent::SA(proposals) => {
                found.transforms += proposals.iter().map(|proposal| proposal.transforms.len()).sum::<usize>();
            }
            IkeV2PayloadContent::TSi(selectors) | IkeV2PayloadContent::TSr(selectors) => {
                found.selectors += selectors.ts.len();
            }
            _ => {}
        }
    }
    found
}

/// Builds a request of IKE_SA_INIT as implementations send it; how many octets it has.
fn build(buf: &mut [u8]) -> usize {
    let header = Header::new(IkeSpi([1; 8]), IkeSpi::ZERO, ExchangeType::IKE_SA_INIT, Flags::INITIATOR, 0);
    let transforms = [
        NewTransform::encryption(EncryptionId::ENCR_AES_GCM_16, Some(256)),
        NewTransform::prf(PrfId::PRF_HMAC_SHA2_256),
        NewTransform::key_exchange(KeyExchangeMethod::CURVE25519),
    ];
    let proposals = [NewProposal { number: 1, protocol: ProtocolId::IKE, spi: &[], transforms: &transforms }];
    let mut builder = MessageBuilder::new(buf, &header).expect("room");
    let nat_detection = |kind| Notify::new(kind).with_data(&[5; 20]);
    builder
        .push(PayloadType::SA, &NewSa { proposals: &proposals })
        .and_then(|b| b.push(PayloadType::KE, &KeyExchange::new(KeyExchangeMethod::CURVE25519, &[9; 32])))
        .and_then(|b| b.push(PayloadType::NONCE, &Nonce::new(&[7; 32])))
        .and_then(|b| b.push(PayloadType::NOTIFY, &nat_detection(NotifyType::NAT_DETECTION_SOURCE_IP)))
        .and_then(|b| b.push(PayloadType::NOTIFY, &nat_detection(NotifyType::NAT_DETECTION_DESTINATION_IP)))
        .expect("room");
    builder.finish().expect("complete").len()
}
