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

use core::net::IpAddr;
use ikev1_wire::*;
use proptest::collection::vec;
use proptest::prelude::*;
use support::encode;

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

/// The same for types whose every octet string is lawful.
macro_rules! is_octets {
    ($data:expr, $view:ident) => {{
        let octets = written(&$view::new($data));
        prop_assert_eq!($view::new(&octets), $view::new($data));
        prop_assert_eq!($view::new(&octets).data(), $data);
    }};
}

/// Attributes that own their octets.
fn attributes() -> impl Strategy<Value = Vec<(u16, Result<u16, Vec<u8>>)>> {
    let value = prop_oneof![any::<u16>().prop_map(Ok), octets(12).prop_map(Err)];
    vec((0u16..0x8000, value), 0..8)
}

fn borrowed(owned: &[(u16, Result<u16, Vec<u8>>)]) -> Vec<Attribute<'_>> {
    owned.iter().map(|(class, owned)| Attribute { class: *class, value: borrowed_value(owned) }).collect()
}

fn borrowed_value(owned: &Result<u16, Vec<u8>>) -> AttributeValue<'_> {
    match owned {
        Ok(number) => AttributeValue::Basic(*number),
        Err(octets) => AttributeValue::Variable(octets),
    }
}

proptest! {
    #[test]
    fn simple_payloads(octet in any::<u8>(), protocol in any::<u8>(), port in any::<u16>(), data in octets(300)) {
        is_octets!(&data[..], KeyExchange);
        is_octets!(&data[..], Hash);
        is_octets!(&data[..], Signature);
        is_octets!(&data[..], Nonce);
        is_octets!(&data[..], NatDiscovery);
        is_octets!(&data[..], VendorId);
        is_own_builder!(Certificate::new(CertEncoding(octet), &data), Certificate);
        is_own_builder!(CertificateRequest::new(CertEncoding(octet), &data), CertificateRequest);
        let id = Identification::new(IdType(octet), &data).with_port(IpProtocol(protocol), port);
        match support::try_encode(&id) {
            Ok(octets) => prop_assert_eq!(Identification::decode(&octets, 0), Ok(id)),
            Err(error) => prop_assert_eq!(error, EncodeError::Invalid("Identification Data")),
        }
        let nonce = Nonce::new(&data);
        prop_assert_eq!(nonce.has_lawful_length(), (8..=256).contains(&data.len()));
    }

    #[test]
    fn addresses_of_all_kinds(kind in 1u8..=8, octets in any::<[u8; 32]>(), address in any::<IpAddr>()) {
        let len = [4, 0, 0, 8, 16, 32, 8, 32][usize::from(kind) - 1];
        let id = Identification::new(IdType(kind), &octets[..len]);
        is_own_builder!(id, Identification);
        let is_address = !matches!(id.value(), IdValue::Octets(_));
        prop_assert_eq!(is_address, len != 0);
        is_own_builder!(OriginalAddress::new(address), OriginalAddress);
    }

    #[test]
    fn notifications(kind in any::<u16>(), doi in any::<u32>(), protocol in any::<u8>(), spi in octets(255), data in octets(40)) {
        let notification = Notification::new(NotifyType(kind))
            .with_doi(Doi(doi))
            .with_spi(ProtocolId(protocol), &spi)
            .with_data(&data);
        is_own_builder!(notification, Notification);
    }

    #[test]
    fn deletes(protocol in any::<u8>(), spi_size in any::<u8>(), count in 0usize..20) {
        let spis = vec![7; usize::from(spi_size) * count];
        let new = NewDelete { protocol: ProtocolId(protocol), spi_size, spis: &spis };
        let lawful = match protocol {
            1 => spi_size == 16,
            2 | 3 => spi_size == 4,
            4 => [2, 4].contains(&spi_size),
            _ => spi_size > 0,
        };
        match support::try_encode(&new) {
            Ok(octets) => {
                prop_assert!(lawful);
                let delete = Delete::decode(&octets, 0).unwrap();
                prop_assert_eq!((delete.doi(), delete.protocol()), (Doi::IPSEC, new.protocol));
                prop_assert_eq!(delete.spis().count(), count);
                prop_assert_eq!(delete.spis().flatten().copied().collect::<Vec<_>>(), spis);
                prop_assert_eq!(written(&delete), octets);
            }
            Err(error) => {
                prop_assert!(!lawful);
                prop_assert_eq!(error, EncodeError::Invalid("SPI Size"));
            }
        }
    }

    #[test]
    fn configurations(kind in any::<u8>(), identifier in any::<u16>(), owned in attributes()) {
        let attributes = borrowed(&owned);
        let new = NewConfiguration { kind: ConfigurationType(kind), identifier, attributes: &attributes };
        let octets = written(&new);
        let view = Configuration::decode(&octets, 0).unwrap();
        prop_assert_eq!((view.kind(), view.identifier()), (new.kind, identifier));
        prop_assert!(view.attributes().iter().eq(attributes.iter().copied()));
        prop_assert_eq!(written(&view), octets);
    }

    #[test]
    fn security_associations(
        proposals in vec((any::<u8>(), 0u8..6, octets(20), vec((any::<u8>(), any::<u8>(), attributes()), 0..4)), 1..5),
    ) {
        let attributes: Vec<Vec<Vec<_>>> = proposals
            .iter()
            .map(|(.., transforms)| transforms.iter().map(|(_, _, owned)| borrowed(owned)).collect())
            .collect();
        let transforms: Vec<Vec<_>> = proposals
            .iter()
            .zip(&attributes)
            .map(|((.., transforms), attributes)| {
                let pairs = transforms.iter().zip(attributes);
                pairs.map(|((number, id, _), attributes)| NewTransform { number: *number, id: *id, attributes }).collect()
            })
            .collect();
        let new: Vec<_> = proposals
            .iter()
            .zip(&transforms)
            .map(|((number, protocol, spi, _), transforms)| {
                NewProposal { number: *number, protocol: ProtocolId(*protocol), spi, transforms }
            })
            .collect();
        let octets = written(&NewSa { proposals: &new });
        let sa = Sa::decode(&octets, 0).unwrap();
        prop_assert_eq!(written(&sa), octets.clone());
        prop_assert_eq!(sa.situation(), Some(Situation::IDENTITY_ONLY));
        for (view, new) in sa.proposals().zip(&new) {
            prop_assert_eq!((view.number(), view.protocol(), view.spi()), (new.number, new.protocol, new.spi));
            for (view, new) in view.transforms().zip(new.transforms) {
                prop_assert_eq!((view.number(), view.id()), (new.number, new.id));
                prop_assert!(view.attributes().iter().eq(new.attributes.iter().copied()));
            }
        }
        prop_assert_eq!(sa.proposals().count(), new.len());
        let groups: Vec<_> = sa.alternatives().map(|both| (both.number(), both.proposals().count())).collect();
        prop_assert!(groups.windows(2).all(|pair| pair[0].0 != pair[1].0));
        prop_assert_eq!(groups.iter().map(|(_, count)| count).sum::<usize>(), new.len());
    }

    #[test]
    fn fragments_come_together_in_any_order(
        message in octets(2000).prop_filter("not empty", |message| !message.is_empty()),
        len in 40usize..400,
        order in any::<u64>(),
        id in any::<u16>(),
    ) {
        let mut pieces: Vec<_> = Fragment::split(id, &message, len).unwrap().collect();
        for piece in &pieces {
            is_own_builder!(*piece, Fragment);
        }
        // A permutation of its own for each number.
        let mut state = order;
        for at in (1..pieces.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            pieces.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
        }
        let header = support::header(ExchangeType::IDENTITY_PROTECTION);
        let mut reassembler = FragmentReassembler::new(vec![0; 2000], FragmentLimits::default());
        for (piece, left) in pieces.iter().zip((0..pieces.len()).rev()) {
            let whole = reassembler.push(Instant::EPOCH, &header, piece).unwrap();
            prop_assert_eq!(whole, (left == 0).then_some(&message[..]));
        }
        prop_assert_eq!(reassembler.held(), 0);
    }

    #[test]
    fn numbers_in_any_form(value in any::<u64>(), zeros in 0usize..5) {
        let digits = [vec![0; zeros], value.to_be_bytes().to_vec()].concat();
        let long = AttributeValue::Variable(&digits);
        prop_assert_eq!(long.to_u64(), value);
        if let Ok(short) = u16::try_from(value) {
            prop_assert!(long.is_same_number(&AttributeValue::Basic(short)));
        }
        let trimmed = value.to_be_bytes();
        prop_assert!(long.is_same_number(&AttributeValue::Variable(&trimmed)));
        let larger = [vec![1], value.to_be_bytes().to_vec()].concat();
        prop_assert_eq!(AttributeValue::Variable(&larger).to_u64(), u64::MAX);
        prop_assert!(!long.is_same_number(&AttributeValue::Variable(&larger)));
    }

    #[test]
    fn headers(octets in any::<[u8; 28]>()) {
        let mut octets = octets;
        octets[17] = 0x10 | octets[17] & 0x0f;
        octets[24..].copy_from_slice(&[0, 0, 0, 28]);
        let header = Header::parse(&octets).unwrap();
        prop_assert_eq!(written(&header), octets);
    }

    /// Whatever is accepted is written again octet for octet, and whatever is refused lies inside.
    #[test]
    fn any_body(kind in prop_oneof![1u8..=22, 130u8..=132], body in octets(80)) {
        let datagram = support::message(ExchangeType::INFORMATIONAL, &[(kind, &body)]);
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
        if let Ok((parsed, _)) = PayloadChain::parse_padded(chain.first, &octets, 0) {
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

    /// What goes into a message to be encrypted comes out, whatever the block.
    #[test]
    fn messages_to_encrypt(block_len in prop_oneof![Just(8usize), Just(16)], hash in octets(40), vendors in vec(octets(40), 0..6)) {
        let header = Header { flags: Flags::ENCRYPTION, ..support::header(ExchangeType::INFORMATIONAL) };
        let mut buf = [0xa5; 1024];
        let mut builder = MessageBuilder::new(&mut buf, &header).unwrap();
        builder.push(PayloadType::HASH, &Hash::new(&hash)).unwrap();
        for vendor in &vendors {
            builder.push(PayloadType::VENDOR_ID, &VendorId::new(vendor)).unwrap();
        }
        let mut whole = builder.finish_encrypted(block_len).unwrap();
        let (slot, covered) = whole.hash().unwrap();
        prop_assert_eq!(&*slot, &hash[..]);
        slot.fill(0x77);
        let covered = covered.to_vec();
        let datagram = whole.into_datagram();
        let message = Message::parse(datagram).unwrap();
        let plaintext = message.ciphertext().unwrap();
        prop_assert!(plaintext.len().is_multiple_of(block_len));
        let (chain, padding) = PayloadChain::parse_padded(message.header().next_payload, plaintext, 28).unwrap();
        prop_assert!(padding.len() < block_len && padding.iter().all(|octet| *octet == 0));
        prop_assert_eq!(chain.after_hash(), Some(&covered[..]));
        let found: Vec<_> = chain.iter().skip(1).map(|raw| raw.body().to_vec()).collect();
        prop_assert_eq!(found, vendors);
        prop_assert!(chain.iter().next().unwrap().body().iter().all(|octet| *octet == 0x77));
    }
}

static CHAINS: std::sync::LazyLock<Vec<support::Inner>> = std::sync::LazyLock::new(support::inner_chains);
