//! The targets of `ikev2-wire`.

use core::time::Duration;
use ipsec::ikev2_wire::{
    AuthMethod, Configuration, DigitalSignature, ExchangeType, Flags, Fragment, FragmentError,
    FragmentLimits, FragmentReassembler, Fragments, Framing, Header, IkeSpi, Message, MessageBuilder,
    MessageForm, MessageKey, NewConfiguration, Payload, PayloadChain, PayloadType, Reassembled,
    TrafficSelector, strip_padding,
};
use ipsec::types::{Encode, Instant, Writer};

/// Parsing, typed decoding of every payload, every iterator, `Debug`.
pub fn v2_message(input: &[u8]) {
    match Message::parse(input) {
        Ok(message) => {
            assert_eq!(usize::try_from(message.header().length), Ok(input.len()));
            walk(message.payloads());
        }
        Err(error) => assert!(error.offset() <= input.len(), "{error}"),
    }
}

/// Reads everything that a chain holds.
pub(crate) fn walk(chain: PayloadChain<'_>) {
    for raw in chain.iter() {
        if let Ok(payload) = raw.decode() {
            inspect(&payload, raw.body());
        }
    }
    for exchange in (34..=44).map(ExchangeType) {
        for response in [false, true] {
            if let Some(form) = MessageForm::find(exchange, response, &chain) {
                assert_eq!(form.misfit(&chain), None);
                assert_eq!(MessageForm::misplaced(exchange, response, &chain), None);
            }
        }
    }
}

/// Formats a payload, and writes what it holds again: nothing may be lost.
fn inspect(payload: &Payload<'_>, body: &[u8]) {
    let text = format!("{payload} {payload:?}");
    assert!(text.bytes().all(|octet| !octet.is_ascii_control()), "unescaped: {text}");
    match payload {
        Payload::Sa(sa) => {
            for proposal in sa.proposals() {
                let count = usize::from(proposal.transform_count());
                assert_eq!(proposal.transforms().count(), count);
                for transform in proposal.transforms() {
                    let _ = (transform.id_name(), transform.key_length(), transform.attributes().count());
                }
            }
        }
        Payload::Delete(delete) => assert!(delete.spis().count() <= 65_535),
        Payload::TrafficSelectorsI(selectors) | Payload::TrafficSelectorsR(selectors) => {
            for selector in selectors.iter() {
                if let TrafficSelector::Range(range) = selector {
                    let _ = range.is_empty();
                }
                written(&selector);
            }
        }
        Payload::Notify(notify) => {
            let content = notify.content();
            assert_eq!((content.kind(), written(&content)), (notify.kind(), notify.data().to_vec()));
        }
        Payload::Configuration(configuration) => {
            let attributes: Vec<_> = configuration.attributes().collect();
            let kind = configuration.kind();
            let again = written(&NewConfiguration { kind, attributes: &attributes });
            assert_eq!(again.len(), body.len());
            assert!(Configuration::decode(&again, 0).expect("as before").attributes().eq(attributes));
        }
        Payload::Eap(eap) => {
            if let Some(method) = eap.method() {
                assert_eq!(written(&method), eap.data());
            }
        }
        Payload::Authentication(auth) => {
            let signature = DigitalSignature::decode(body, 0);
            assert!(signature.is_err() || auth.method() == AuthMethod::DIGITAL_SIGNATURE);
            let _ = signature.map(|signature| assert_eq!(written(&signature), body));
        }
        Payload::Certificate(certificate) => {
            let _ = certificate.hash_and_url().map(|named| assert_eq!(written(&named), body));
        }
        _ => {}
    }
}

fn written(value: &impl Encode) -> Vec<u8> {
    let mut octets = vec![0xa5; value.encoded_len()];
    let mut out = Writer::new(&mut octets);
    value.encode(&mut out).expect("what was read can be written");
    assert_eq!(out.len(), octets.len());
    octets
}

/// What parses is built again octet for octet, payload by payload and as a whole.
pub fn v2_roundtrip(input: &[u8]) {
    let Ok(message) = Message::parse(input) else { return };
    let mut whole = vec![0xa5; input.len()];
    let mut builder = MessageBuilder::new(&mut whole, message.header()).expect("room for a header");
    for raw in message.payloads().iter() {
        builder.push_raw(&raw).expect("room for what was there");
        if let Ok(payload) = raw.decode() {
            let mut body = vec![0xa5; payload.encoded_len()];
            let mut out = Writer::new(&mut body);
            payload.encode(&mut out).expect("what was read can be written");
            assert_eq!(out.written(), raw.body());
        }
    }
    assert_eq!(builder.finish().expect("a whole message"), input);
}

/// One payload body by its type: the first octet is the type, the second the critical bit and the reserved ones.
pub fn v2_payloads(input: &[u8]) {
    let Some(([kind, flags], body)) = input.split_first_chunk() else { return };
    let Ok(length) = u16::try_from(body.len() + 4) else { return };
    let mut datagram = vec![0; Header::LEN];
    let header = Header::new(IkeSpi([1; 8]), IkeSpi([2; 8]), ExchangeType::IKE_AUTH, Flags::INITIATOR, 1);
    let header = Header { next_payload: PayloadType(*kind), length: u32::from(length) + 28, ..header };
    header.encode(&mut Writer::new(&mut datagram)).expect("room for a header");
    datagram.extend([&[0, *flags], &length.to_be_bytes()[..], body].concat());
    let Ok(message) = Message::parse(&datagram) else { return };
    let Some(raw) = message.payloads().iter().next() else { return };
    assert_eq!((raw.flags(), raw.body()), (*flags, body));
    match raw.decode() {
        Ok(payload) => {
            inspect(&payload, body);
            assert_eq!(written(&payload), body);
        }
        Err(error) => assert!((Header::LEN..=datagram.len()).contains(&error.offset()), "{error}"),
    }
}

/// Fragments put together as a simple model does it; or, by the top bit of the first octet, a message cut, built, read
/// and put together again.
pub fn v2_fragments(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else { return };
    if choice & 0x80 == 0 {
        reassemble(usize::from(choice & 3) + 1, rest);
    } else {
        cut_and_join(rest);
    }
}

/// A message in the making, as simple as can be.
struct Model {
    key: MessageKey,
    since: Instant,
    total: u16,
    first: PayloadType,
    parts: Vec<(u16, Vec<u8>)>,
}

impl Model {
    fn octets(&self) -> usize {
        self.parts.iter().map(|(_, part)| part.len()).sum()
    }
}

/// Each six octets are a fragment: message, number, total, length, filling, milliseconds since the one before.
fn reassemble(messages: usize, input: &[u8]) {
    let limits = FragmentLimits { messages, fragments: 8, octets: 64, timeout: Duration::from_millis(500) };
    let mut reassembler = FragmentReassembler::new(limits);
    let mut models: Vec<Model> = Vec::new();
    let mut now = Instant::EPOCH;
    for [message, number, total, length, filling, pause] in input.as_chunks::<6>().0 {
        now = now + Duration::from_millis(u64::from(*pause));
        let key = MessageKey {
            from_initiator: message & 1 == 0,
            response: message & 2 == 0,
            message_id: u32::from(message >> 2),
        };
        let (number, total) = (u16::from(*number), u16::from(*total));
        let content = vec![*filling; usize::from(length % 32)];
        let first = PayloadType(*filling);
        let fragment = Fragment { fragment_number: number, total_fragments: total, first, content: &content };
        models.retain(|model| now.saturating_since(model.since) < limits.timeout);
        let result = reassembler.push(now, key, &fragment);
        assert_eq!(result, model(&mut models, &limits, now, key, &fragment));
        assert_eq!(reassembler.len(), models.len());
        let deadline = models.iter().map(|model| model.since + limits.timeout).min();
        assert_eq!(reassembler.poll_timeout(), deadline);
    }
}

fn model(
    models: &mut Vec<Model>,
    limits: &FragmentLimits,
    now: Instant,
    key: MessageKey,
    fragment: &Fragment<'_>,
) -> Result<Option<Reassembled>, FragmentError> {
    let (number, total) = (fragment.fragment_number, fragment.total_fragments);
    if !(1..=total).contains(&number) {
        return Err(FragmentError::Number(number, total));
    }
    if total > limits.fragments {
        return Err(FragmentError::TooMany(total));
    }
    if models.iter().any(|model| model.key == key && model.total > total) {
        return Err(FragmentError::Obsolete);
    }
    if let Some(smaller) = models.iter().position(|model| model.key == key && model.total < total) {
        models.remove(smaller);
    }
    if !models.iter().any(|model| model.key == key) {
        if models.len() >= limits.messages {
            models.remove(0);
        }
        let (first, parts) = (PayloadType::NONE, Vec::new());
        models.push(Model { key, since: now, total, first, parts });
    }
    let at = models.iter().position(|model| model.key == key).expect("just put there");
    let model = &mut models[at];
    if model.parts.iter().any(|(held, _)| *held == number) {
        return Ok(None);
    }
    if model.octets() + fragment.content.len() > limits.octets {
        models.remove(at);
        return Err(FragmentError::TooLong);
    }
    model.parts.push((number, fragment.content.to_vec()));
    model.parts.sort();
    if number == 1 {
        model.first = fragment.first;
    }
    if model.parts.len() < usize::from(total) {
        return Ok(None);
    }
    let model = models.remove(at);
    let octets = model.parts.into_iter().flat_map(|(_, part)| part).collect();
    Ok(Some(Reassembled { first: model.first, octets }))
}

/// The first five octets are the room and the framing, what follows is the content.
fn cut_and_join(input: &[u8]) {
    let Some(([room_high, room_low, iv_len, block_len, icv_len], content)) = input.split_first_chunk() else {
        return;
    };
    // Enough for hundreds of fragments, and fast.
    let content = content.get(..512).unwrap_or(content);
    let room = usize::from(u16::from_be_bytes([*room_high, *room_low]));
    let (iv_len, icv_len) = (usize::from(iv_len % 33), usize::from(icv_len % 65));
    let framing = Framing { iv_len, block_len: usize::from(*block_len), icv_len };
    let Ok(fragments) = Fragments::cut(PayloadType::CERT, content, framing, room) else { return };
    let header = Header::new(IkeSpi([1; 8]), IkeSpi([2; 8]), ExchangeType::IKE_AUTH, Flags::INITIATOR, 1);
    let key = MessageKey { from_initiator: true, response: false, message_id: 1 };
    let limits = FragmentLimits { fragments: u16::MAX, ..FragmentLimits::default() };
    let mut reassembler = FragmentReassembler::new(limits);
    let mut buf = vec![0xa5; room];
    let mut whole = None;
    for fragment in fragments {
        assert_eq!(whole, None, "more than the last");
        let len = fragment.build(&mut buf, &header, framing).expect("room").datagram_len();
        let message = Message::parse(&buf[..len]).expect("well formed");
        let raw = message.payloads().iter().next().expect("SKF");
        let Ok(Payload::EncryptedFragment(skf)) = raw.decode() else { panic!("{raw:?}") };
        let parts = skf.split(framing).expect("as it was built");
        let read = Fragment {
            fragment_number: skf.fragment_number(),
            total_fragments: skf.total_fragments(),
            first: skf.first_inner(),
            content: strip_padding(&buf[parts.ciphertext]).expect("as it was built"),
        };
        assert_eq!(read, fragment);
        whole = reassembler.push(Instant::EPOCH, key, &read).expect("within the limits");
    }
    let whole = whole.expect("all fragments");
    assert_eq!((whole.first, &whole.octets[..]), (PayloadType::CERT, content));
}
