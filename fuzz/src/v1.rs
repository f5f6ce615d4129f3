//! The targets of IKEv1.

use core::time::Duration;
use ipsec::ikev1_wire::*;
use std::collections::HashMap;

const DOCUMENTS: [NatTraversal; 3] = [NatTraversal::Draft00, NatTraversal::Draft04, NatTraversal::Rfc3947];

/// Parsing, typed decoding of every payload, every iterator, `Debug`, the tables.
pub fn v1_message(input: &[u8]) {
    match Message::parse(input) {
        Ok(message) => {
            assert_eq!(usize::try_from(message.header().length), Ok(input.len()));
            assert_eq!(message.ciphertext().is_some(), message.header().flags.is_encrypted());
            walk(message.payloads(), input.len());
            for authentication in [
                Phase1Authentication::Signatures,
                Phase1Authentication::PreSharedKey,
                Phase1Authentication::PublicKeyEncryption,
                Phase1Authentication::RevisedPublicKeyEncryption,
            ] {
                for rules in MessageRules::of(message.header().exchange, authentication) {
                    let _ = rules.check(message.payloads(), NatTraversal::Draft04);
                }
            }
        }
        Err(error) => assert!(error.offset() <= input.len(), "{error}"),
    }
    // What an encrypted message held looks the same without its header, and may be padded.
    let Some((first, rest)) = input.split_first() else { return };
    match PayloadChain::parse_padded(PayloadType(*first), rest, 0) {
        Ok((chain, padding)) => {
            assert_eq!(chain.as_bytes().len() + padding.len(), rest.len());
            walk(chain, rest.len());
        }
        Err(error) => assert!(error.offset() <= rest.len(), "{error}"),
    }
}

/// Reads everything that a chain holds; nothing lies beyond `end`.
fn walk(chain: PayloadChain<'_>, end: usize) {
    let text = format!("{chain} {chain:?}");
    assert!(text.bytes().all(|octet| !octet.is_ascii_control()), "unescaped: {text}");
    for raw in chain.iter() {
        for document in DOCUMENTS {
            match raw.decode_in(document) {
                Ok(payload) => read(&payload),
                Err(error) => assert!((raw.offset()..=end).contains(&error.offset()), "{error}"),
            }
        }
    }
    if let Some(covered) = chain.after_hash() {
        assert!(chain.as_bytes().ends_with(covered));
    }
}

/// Reads everything that a payload holds.
fn read(payload: &Payload<'_>) {
    let mut text = format!("{payload} {payload:?}");
    match payload {
        Payload::Sa(sa) => {
            text += &sa.situation().map(|situation| format!("{situation} {situation:?}")).unwrap_or_default();
            let mut count = 0;
            for proposal in sa.alternatives().flat_map(|alternative| alternative.proposals()) {
                count += 1;
                assert_eq!(proposal.transforms().count(), usize::from(proposal.transform_count()));
                for transform in proposal.transforms() {
                    read_attributes(transform.attributes());
                    let _ = transform.id_name();
                }
            }
            assert_eq!(sa.proposals().count(), count);
        }
        Payload::Identification(id) => text += &format!("{} {:?}", id.value(), id.value()),
        Payload::Notification(notification) => text += &format!("{:?}", notification.content()),
        Payload::Delete(delete) => assert!(delete.spis().count() <= 65_535),
        Payload::VendorId(vendor) => text += &format!("{:?}", NatTraversal::announced_by(vendor)),
        Payload::Configuration(configuration) => read_attributes(configuration.attributes()),
        _ => {}
    }
    assert!(text.bytes().all(|octet| !octet.is_ascii_control()), "unescaped: {text}");
}

fn read_attributes(attributes: Attributes<'_>) {
    assert!(attributes.iter().count() <= MAX_ATTRIBUTES);
    let octets: usize = attributes.iter().map(|attribute| attribute.encoded_len()).sum();
    assert_eq!(octets, attributes.as_bytes().len());
    for attribute in attributes {
        assert!(attribute.value.is_same_number(&attribute.value));
        let number = attribute.value.to_u64();
        let same = attribute.value.is_same_number(&AttributeValue::Variable(&number.to_be_bytes()));
        assert!(same || number == u64::MAX, "{attribute:?} is {number}");
    }
    let _ = (IkeAttributes::read(attributes), IpsecAttributes::read(attributes));
}

/// The body of one payload, whose type is the first octet: decoded and written again.
pub fn v1_payloads(input: &[u8]) {
    let Some((kind, body)) = input.split_first() else { return };
    let Ok(length) = u16::try_from(body.len() + RawPayload::HEADER_LEN) else { return };
    let [high, low] = length.to_be_bytes();
    let octets = [&[0, 0, high, low], body].concat();
    let chain = PayloadChain::parse(PayloadType(*kind), &octets, 0);
    let Ok(chain) = chain else {
        assert_eq!(*kind, PayloadType::NONE.0);
        return;
    };
    walk(chain, octets.len());
    for raw in chain {
        assert_eq!(raw.body(), body);
        for payload in DOCUMENTS.iter().filter_map(|document| raw.decode_in(*document).ok()) {
            assert_eq!(written(&payload), body, "{payload:?}");
        }
    }
}

fn written(value: &impl Encode) -> Vec<u8> {
    let mut buf = vec![0xa5; value.encoded_len()];
    let mut out = Writer::new(&mut buf);
    value.encode(&mut out).expect("what was read can be written");
    assert_eq!(out.remaining(), 0);
    buf
}

/// What parses is built again octet for octet, payload by payload and as a whole.
pub fn v1_roundtrip(input: &[u8]) {
    let Ok(message) = Message::parse(input) else { return };
    let mut whole = vec![0xa5; input.len()];
    let mut builder = MessageBuilder::new(&mut whole, message.header()).expect("room for a header");
    for raw in message.payloads().iter() {
        match raw.decode() {
            Ok(payload) => builder.push(raw.kind(), &payload),
            Err(_) => builder.push_raw(&raw),
        }
        .expect("room for what was there");
    }
    if let Some(octets) = message.ciphertext() {
        builder.put_ciphertext(message.header().next_payload, octets).expect("room for what was there");
    }
    assert_eq!(builder.finish().expect("a whole message"), input);
}

/// Octets that the reassembler has room for.
const ROOM: usize = 300;

/// Fragments as they come, against a model made of a map: records of message, number, flags, seconds, length and data.
pub fn v1_fragments(input: &[u8]) {
    let limits = FragmentLimits { fragments: 16, timeout: Duration::from_secs(30) };
    let mut reassembler = FragmentReassembler::new([0; ROOM], limits);
    let mut model = Model::default();
    let (mut rest, mut now) = (input, Instant::EPOCH);
    while let Some(([which, number, flags, seconds, length], tail)) = rest.split_first_chunk() {
        let (data, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        now = now + Duration::from_secs((*seconds).into());
        let body = [&[0, which & 1, *number, *flags], data].concat();
        let Ok(fragment) = Fragment::decode(&body, 0) else {
            assert!(*number == 0 || data.is_empty());
            continue;
        };
        let cookie = IkeSpi([which >> 1 & 1; 8]);
        let header = Header::new(cookie, cookie, ExchangeType::IDENTITY_PROTECTION, Flags(0), 0);
        let whole = reassembler.push(now, &header, &fragment).map(|whole| whole.map(<[u8]>::to_vec));
        assert_eq!(whole, model.push(now, which & 3, &fragment, limits));
        assert_eq!(reassembler.held(), model.parts.len());
    }
    if let Ok(pieces) = Fragment::split(1, input, ROOM / 2) {
        let mut reassembler = FragmentReassembler::new(vec![0; input.len()], limits);
        let header = Header::new(IkeSpi::ZERO, IkeSpi::ZERO, ExchangeType::AGGRESSIVE, Flags(0), 0);
        for piece in pieces.clone().skip(1).chain(pieces.take(1)) {
            let last = piece.number() == 1;
            match reassembler.push(now, &header, &piece) {
                Ok(whole) => assert_eq!(whole, last.then_some(input)),
                Err(error) => assert_eq!(error, FragmentError::TooMany(piece.number())),
            }
            if piece.number() > limits.fragments {
                break;
            }
        }
    }
}

/// What the reassembler must do, in few words.
#[derive(Default)]
struct Model {
    which: u8,
    since: Instant,
    last: Option<u8>,
    parts: HashMap<u8, Vec<u8>>,
}

impl Model {
    fn push(
        &mut self,
        now: Instant,
        which: u8,
        fragment: &Fragment<'_>,
        limits: FragmentLimits,
    ) -> Result<Option<Vec<u8>>, FragmentError> {
        let number = fragment.number();
        if number > limits.fragments {
            return Err(FragmentError::TooMany(number));
        }
        if self.parts.is_empty() || self.which != which || now.saturating_since(self.since) >= limits.timeout
        {
            *self = Self { which, since: now, ..Self::default() };
        }
        let highest = self.parts.keys().copied().max().unwrap_or_default();
        let contradicts =
            fragment.is_last() && (highest > number || self.last.is_some_and(|last| last != number));
        if contradicts || self.last.is_some_and(|last| number > last) {
            return Err(FragmentError::BehindLast);
        }
        if self.parts.contains_key(&number) {
            return Ok(None);
        }
        let held: usize = self.parts.values().map(Vec::len).sum();
        if held + fragment.data().len() > ROOM {
            *self = Self::default();
            return Err(FragmentError::TooLong);
        }
        self.parts.insert(number, fragment.data().to_vec());
        if fragment.is_last() {
            self.last = Some(number);
        }
        let Some(last) = self.last.filter(|last| self.parts.len() == usize::from(*last)) else {
            return Ok(None);
        };
        let mut parts = core::mem::take(self).parts;
        Ok(Some((1..=last).filter_map(|number| parts.remove(&number)).flatten().collect()))
    }
}
