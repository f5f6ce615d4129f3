//! Three properties of every payload: decode(encode(x)) = x, encode(decode(b)) = b, and the announced length is the
//! written one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ikev2_wire::*;
use proptest::collection::vec;
use proptest::prelude::*;
use support::{encode, header};

fn octets(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=max)
}

/// Encodes, checks the announced length, and hands back the octets.
fn written(value: &impl Encode) -> Vec<u8> {
    let mut scratch = vec![0xa5; value.encoded_len()];
    encode(value, &mut scratch).to_vec()
}

/// decode(encode(x)) = x for the types that are their own builder.
macro_rules! is_own_builder {
    ($value:expr, $view:ident) => {{
        let value = $value;
        let octets = written(&value);
        prop_assert_eq!($view::decode(&octets, 0), Ok(value));
    }};
}

fn range() -> impl Strategy<Value = AddressRange> {
    let addresses = prop_oneof![
        any::<[u32; 2]>()
            .prop_map(|[a, b]| (IpAddr::from(Ipv4Addr::from(a)), IpAddr::from(Ipv4Addr::from(b)))),
        any::<[u128; 2]>()
            .prop_map(|[a, b]| (IpAddr::from(Ipv6Addr::from(a)), IpAddr::from(Ipv6Addr::from(b)))),
    ];
    (any::<u8>(), any::<u16>(), any::<u16>(), addresses).prop_map(
        |(protocol, start_port, end_port, (start, end))| AddressRange {
            protocol,
            start_port,
            end_port,
            start,
            end,
        },
    )
}

fn transforms() -> impl Strategy<Value = Vec<NewTransform>> {
    let transform = (any::<u8>(), any::<u16>(), any::<Option<u16>>())
        .prop_map(|(kind, id, key_length)| NewTransform { kind: TransformType(kind), id, key_length });
    vec(transform, 0..20)
}

proptest! {
    #[test]
    fn simple_payloads(number in any::<u16>(), octet in any::<u8>(), data in octets(300)) {
        is_own_builder!(KeyExchange::new(KeyExchangeMethod(number), &data), KeyExchange);
        is_own_builder!(Certificate::new(CertEncoding(octet), &data), Certificate);
        is_own_builder!(CertificateRequest::new(CertEncoding(octet), &data), CertificateRequest);
        is_own_builder!(Authentication::new(AuthMethod(octet), &data), Authentication);
        prop_assert_eq!(written(&VendorId::new(&data)), &data[..]);
        if (16..=256).contains(&data.len()) {
            is_own_builder!(Nonce::new(&data), Nonce);
        }
        if ![1, 5].contains(&octet) {
            is_own_builder!(Identification::new(IdType(octet), &data), Identification);
        }
    }

    #[test]
    fn addresses_as_identities(v4 in any::<[u8; 4]>(), v6 in any::<[u8; 16]>()) {
        is_own_builder!(Identification::new(IdType::ID_IPV4_ADDR, &v4), Identification);
        is_own_builder!(Identification::new(IdType::ID_IPV6_ADDR, &v6), Identification);
    }

    #[test]
    fn notifications(kind in any::<u16>(), protocol in any::<u8>(), spi in octets(255), data in octets(300)) {
        let notify = Notify::new(NotifyType(kind)).with_spi(ProtocolId(protocol), &spi).with_data(&data);
        is_own_builder!(notify, Notify);
    }

    #[test]
    fn deletes(numbers in vec(256..=u32::MAX, 0..50), ah in any::<bool>()) {
        let spis: Vec<_> = numbers.iter().map(|number| Spi::new(*number).unwrap()).collect();
        let protocol = if ah { ProtocolId::AH } else { ProtocolId::ESP };
        let octets = written(&NewDelete::child(protocol, &spis));
        let delete = Delete::decode(&octets, 0).unwrap();
        prop_assert_eq!(delete.protocol(), protocol);
        prop_assert!(delete.spis().eq(spis.iter().map(|spi| spi.to_be_bytes())));
        let ike = written(&NewDelete::IKE);
        prop_assert_eq!(Delete::decode(&ike, 0).unwrap().protocol(), ProtocolId::IKE);
    }

    #[test]
    fn security_associations(
        proposals in vec((any::<u8>(), any::<u8>(), octets(255), transforms()), 1..8),
    ) {
        let new: Vec<_> = proposals
            .iter()
            .map(|(number, protocol, spi, transforms)| {
                NewProposal { number: *number, protocol: ProtocolId(*protocol), spi, transforms }
            })
            .collect();
        let octets = written(&NewSa { proposals: &new });
        let sa = Sa::decode(&octets, 0).unwrap();
        prop_assert_eq!(sa.proposals().count(), new.len());
        for (proposal, new) in sa.proposals().zip(&new) {
            prop_assert_eq!((proposal.number(), proposal.protocol()), (new.number, new.protocol));
            prop_assert_eq!(proposal.spi(), new.spi);
            let transforms: Vec<_> = proposal
                .transforms()
                .map(|t| NewTransform { kind: t.kind(), id: t.id(), key_length: t.key_length().unwrap() })
                .collect();
            prop_assert_eq!(transforms, new.transforms);
        }
        prop_assert_eq!(written(&sa), octets);
    }

    #[test]
    fn traffic_selectors(ranges in vec(range(), 1..20), kind in prop_oneof![Just(9u8), 11u8..], protocol in any::<u8>(), body in octets(40)) {
        let mut selectors: Vec<_> = ranges.into_iter().map(TrafficSelector::Range).collect();
        selectors.push(TrafficSelector::Unknown { kind: TsType(kind), protocol, body: &body });
        let octets = written(&NewTrafficSelectors { selectors: &selectors });
        let view = TrafficSelectors::decode(&octets, 0).unwrap();
        prop_assert!(view.iter().eq(selectors.iter().copied()));
        prop_assert_eq!(written(&view), octets);
    }

    #[test]
    fn headers(octets in any::<[u8; 28]>()) {
        let header = Header::parse(&octets).unwrap();
        prop_assert_eq!(written(&header), octets);
    }

    /// Whatever is accepted is written again octet for octet, and whatever is refused lies inside.
    #[test]
    fn any_body(kind in 33u8..=54, body in octets(80)) {
        let datagram = support::message(ExchangeType::IKE_AUTH, &[(kind, &body)]);
        let message = Message::parse(&datagram).unwrap();
        support::exercise(message.payloads(), datagram.len(), &mut [0; 128]);
        support::format_all(message.payloads());
    }

    /// Bodies close to lawful ones: a real payload with a few octets changed.
    #[test]
    fn nearly_lawful_bodies(
        which in any::<prop::sample::Index>(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let chain = &CHAINS[which.index(CHAINS.len())];
        let mut octets = chain.octets.clone();
        for (at, value) in changes {
            let at = at.index(octets.len());
            octets[at] = value;
        }
        if let Ok(parsed) = PayloadChain::parse(chain.first, &octets, 0) {
            support::exercise(parsed, octets.len(), &mut [0; 16_384]);
            support::format_all(parsed);
        }
    }

    #[test]
    fn any_datagram(datagram in octets(200)) {
        if let Ok(message) = Message::parse(&datagram) {
            support::exercise(message.payloads(), datagram.len(), &mut [0; 256]);
        }
    }

    /// What goes into SK comes out, whatever the framing.
    #[test]
    fn encrypted_messages(
        iv_len in 0usize..=16,
        block_len in 1usize..=256,
        icv_len in 0usize..=32,
        vendors in vec(octets(40), 0..6),
        fragment in any::<Option<(u16, u16)>>(),
    ) {
        let framing = Framing { iv_len, block_len, icv_len };
        let mut inner = [0; 512];
        let mut chain = ChainBuilder::new(&mut inner);
        for vendor in &vendors {
            chain.push(PayloadType::VENDOR_ID, &VendorId::new(vendor)).unwrap();
        }
        let (first, content) = chain.finish().unwrap();
        let mut buf = [0xa5; 2_048];
        let mut builder = MessageBuilder::new(&mut buf, &header(ExchangeType::IKE_AUTH)).unwrap();
        match fragment {
            Some((number, total)) if (1..=total).contains(&number) => {
                builder.begin_encrypted_fragment(framing, number, total).unwrap();
                builder.put_content(first, content).unwrap();
            }
            _ => {
                builder.begin_encrypted(framing).unwrap();
                for vendor in &vendors {
                    builder.push(PayloadType::VENDOR_ID, &VendorId::new(vendor)).unwrap();
                }
            }
        }
        let slots = builder.finish_encrypted().unwrap();
        prop_assert!(slots.plaintext.len().is_multiple_of(block_len));
        prop_assert!(slots.plaintext.len() - content.len() <= block_len);
        let len = slots.datagram_len();
        let message = Message::parse(&buf[..len]).unwrap();
        let raw = message.payloads().iter().next().unwrap();
        let parts = match raw.decode().unwrap() {
            Payload::Encrypted(sk) => sk.split(framing).unwrap(),
            Payload::EncryptedFragment(skf) => skf.split(framing).unwrap(),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(raw.next_payload(), first);
        prop_assert_eq!(strip_padding(&buf[parts.ciphertext.clone()]).unwrap(), &*content);
        prop_assert!(buf[parts.iv].iter().chain(&buf[parts.icv]).all(|octet| *octet == 0));
    }
}

static CHAINS: std::sync::LazyLock<Vec<support::Inner>> = std::sync::LazyLock::new(|| {
    support::inner_chains().into_iter().filter(|c| !c.octets.is_empty()).collect()
});
