//! What the tests of this crate share: the corpus, and a walk through everything that can be read.
#![allow(dead_code, reason = "each test crate uses a part")]

use core::fmt::Write as _;
use ikev2_wire::{
    Attribute, AuthMethod, DigitalSignature, Encode, EncodeError, ExchangeType, Flags, Header, IkeSpi,
    Message, MessageBuilder, ParseError, Payload, PayloadChain, PayloadType, RawPayload, Writer,
};
use serde_json::Value;
use testkit::{captures, hex, read_pcap, truth, vectors};

/// A message of the corpus.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) message: Vec<u8>,
    /// What is known of it.
    pub(crate) truth: Value,
}

/// A decrypted chain of the corpus.
pub(crate) struct Inner {
    pub(crate) name: String,
    pub(crate) first: PayloadType,
    pub(crate) octets: Vec<u8>,
    pub(crate) names: Vec<String>,
}

/// The IKEv2 messages of the vectors, good ones only.
pub(crate) fn vector_messages() -> Vec<Sample> {
    let mut samples = Vec::new();
    for group in vectors("ike_messages") {
        for vector in group.vectors() {
            let message = vector.octets("message");
            if group.kind() != "ike_message" || message[17] >> 4 != 2 || vector.value("payloads").is_none() {
                continue;
            }
            let fields = ["version", "exchange_type", "flags", "message_id", "payloads", "spi_i", "spi_r"];
            let truth =
                fields.map(|field| (field.to_owned(), vector.value(field).cloned().unwrap_or_default()));
            let name = format!("{}: {}", vector.text("source"), vector.text("name"));
            samples.push(Sample { name, message, truth: truth.into_iter().collect() });
        }
    }
    assert!(samples.len() >= 30, "{}", samples.len());
    samples
}

/// The IKE messages of the captures.
pub(crate) fn captured_messages() -> Vec<Sample> {
    let mut samples = Vec::new();
    for capture in captures() {
        let frames = read_pcap(capture.join("capture.pcap"));
        for message in truth(&capture)["messages"].as_array().unwrap() {
            if message.get("kind").is_some() {
                continue;
            }
            let number = message["frame"].as_u64().unwrap();
            let name = format!("{} frame {number}", capture.file_name().unwrap().display());
            let frame = frames.iter().find(|frame| frame.number == number).unwrap();
            let octets = frame.ike().unwrap_or_else(|| panic!("{name}: no IKE message"));
            samples.push(Sample { name, message: octets.to_vec(), truth: message.clone() });
        }
    }
    assert!(samples.len() >= 400, "{}", samples.len());
    samples
}

/// Every good message, each once.
pub(crate) fn corpus() -> Vec<Sample> {
    let mut samples: Vec<_> = vector_messages().into_iter().chain(captured_messages()).collect();
    samples.sort_by(|a, b| a.message.cmp(&b.message));
    samples.dedup_by(|a, b| a.message == b.message);
    samples
}

/// What SK held, of every message that could be decrypted.
pub(crate) fn inner_chains() -> Vec<Inner> {
    let mut chains = Vec::new();
    for sample in captured_messages() {
        let Some(text) = sample.truth.get("plaintext_payloads_hex").and_then(Value::as_str) else { continue };
        let names: Vec<String> = names(&sample.truth);
        let first = names.first().map_or(PayloadType::NONE, |name| by_notation(name));
        chains.push(Inner { name: sample.name, first, octets: hex(text), names });
    }
    assert!(chains.len() >= 300, "{}", chains.len());
    chains
}

/// The payload names that `truth` gives.
pub(crate) fn names(truth: &Value) -> Vec<String> {
    truth["payloads"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// The payload type of a name such as `N(COOKIE)`.
pub(crate) fn by_notation(name: &str) -> PayloadType {
    let notation = name.split('(').next().unwrap();
    (0..=u8::MAX).map(PayloadType).find(|kind| kind.notation() == Some(notation)).expect(name)
}

/// Swallows what is formatted, without allocating.
pub(crate) struct Sink(pub(crate) usize);

impl core::fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        assert!(text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()), "unescaped: {text:?}");
        self.0 += text.len();
        Ok(())
    }
}

/// Formats everything that can be, and counts the characters.
pub(crate) fn format_all(chain: PayloadChain<'_>) -> usize {
    let mut sink = Sink(0);
    write!(sink, "{chain} {chain:?}").unwrap();
    for raw in chain {
        if let Ok(payload) = raw.decode() {
            write!(sink, "{payload} {payload:?}").unwrap();
            if let Payload::IdI(id) | Payload::IdR(id) = payload {
                write!(sink, "{id}").unwrap();
            }
            if let Payload::Sa(sa) = payload {
                sa.proposals().for_each(|proposal| write!(sink, "{proposal}").unwrap());
            }
        }
    }
    sink.0
}

/// Decodes every payload, walks everything inside and encodes it again; the errors and how many octets were seen.
///
/// `end` is where the datagram ends: no error may lie beyond.
pub(crate) fn exercise(chain: PayloadChain<'_>, end: usize, scratch: &mut [u8]) -> usize {
    let mut seen = 0;
    for raw in chain {
        seen += raw.as_bytes().len();
        exercise_one(&raw, end, scratch);
    }
    assert_eq!(seen, chain.as_bytes().len());
    seen
}

/// The same of one payload.
pub(crate) fn exercise_one(raw: &RawPayload<'_>, end: usize, scratch: &mut [u8]) {
    match raw.decode() {
        Ok(payload) => {
            walk_inside(&payload, scratch);
            walk_contents(&payload, raw.body(), scratch);
            assert_eq!(encode(&payload, scratch), raw.body(), "{payload:?}");
        }
        Err(error) => {
            assert!((raw.offset()..=end).contains(&error.offset()), "{error}, in {end} octets");
        }
    }
}

/// The same of what a change of the octet at `at` can have touched.
pub(crate) fn exercise_near(chain: PayloadChain<'_>, at: usize, end: usize, scratch: &mut [u8]) {
    let touched =
        |raw: &RawPayload<'_>| (raw.body_offset()..raw.offset() + raw.as_bytes().len()).contains(&at);
    match chain.iter().find(touched) {
        Some(raw) => exercise_one(&raw, end, scratch),
        None => assert_eq!(exercise(chain, end, scratch), chain.as_bytes().len()),
    }
}

fn walk_inside(payload: &Payload<'_>, scratch: &mut [u8]) {
    match payload {
        Payload::Sa(sa) => {
            for proposal in sa.proposals() {
                let mut transforms = 0;
                for transform in proposal.transforms() {
                    transforms += 1;
                    let attributes = transform.attributes().count();
                    assert_eq!(transform.key_length() == Ok(None), attributes == 0);
                    let malformed = |attribute| matches!(attribute, Attribute::Malformed(_));
                    assert!(!transform.attributes().any(malformed) || transform.key_length().is_err());
                }
                assert_eq!(transforms, proposal.transform_count());
            }
        }
        Payload::Delete(delete) => assert!(delete.spis().all(|spi| !spi.is_empty())),
        Payload::TrafficSelectorsI(selectors) | Payload::TrafficSelectorsR(selectors) => {
            assert!((1..=255).contains(&selectors.iter().count()));
            for selector in selectors.iter() {
                assert!(encode(&selector, scratch).len() >= 4);
            }
        }
        _ => {}
    }
}

/// What notification data, attributes, EAP methods and authentication data say is written again octet for octet.
fn walk_contents(payload: &Payload<'_>, body: &[u8], scratch: &mut [u8]) {
    match payload {
        Payload::Notify(notify) => {
            let content = notify.content();
            assert_eq!(content.kind(), notify.kind());
            assert_eq!(encode(&content, scratch), notify.data(), "{content:?}");
            let _ = notify.child_spi();
        }
        Payload::Configuration(configuration) => {
            let mut len = 4;
            for attribute in configuration.attributes() {
                let written = encode(&attribute, scratch);
                // Only the reserved bit is not part of the attribute.
                assert_eq!(written[0] & 0x80, 0);
                assert_eq!(written[0], body[len] & 0x7f);
                assert_eq!(written[1..], body[len + 1..len + written.len()], "{attribute:?}");
                len += written.len();
            }
            assert_eq!(len, body.len());
        }
        Payload::Eap(eap) => {
            if let Some(method) = eap.method() {
                assert_eq!(encode(&method, scratch), eap.data(), "{method:?}");
            }
        }
        Payload::Authentication(auth) if auth.method() == AuthMethod::DIGITAL_SIGNATURE => {
            if let Ok(signature) = DigitalSignature::decode(body, 0) {
                assert_eq!(encode(&signature, scratch), body);
            }
        }
        Payload::Certificate(certificate) => {
            if let Some(named) = certificate.hash_and_url() {
                assert_eq!(encode(&named, scratch), body);
            }
        }
        Payload::CertificateRequest(request) => {
            let hashes = request.authority_hashes();
            assert!(hashes.is_none_or(|hashes| hashes.as_flattened() == request.authorities()));
        }
        Payload::PuzzleSolution(solution) => assert_eq!(solution.keys().count(), 4),
        _ => {}
    }
}

/// The octets of `value`, in a dirty buffer; its length was announced right.
pub(crate) fn encode<'b>(value: &impl Encode, scratch: &'b mut [u8]) -> &'b [u8] {
    let scratch = &mut scratch[..value.encoded_len()];
    scratch.fill(0xa5);
    let mut out = Writer::new(scratch);
    value.encode(&mut out).unwrap();
    assert_eq!(out.len(), value.encoded_len());
    out.into_written()
}

/// `value` as octets, or why not.
pub(crate) fn try_encode(value: &impl Encode) -> Result<Vec<u8>, EncodeError> {
    let mut scratch = vec![0xa5; 300_000];
    let mut out = Writer::new(&mut scratch);
    value.encode(&mut out)?;
    Ok(out.written().to_vec())
}

/// An IKE_AUTH header, outside which any payload may come.
pub(crate) fn header(exchange: ExchangeType) -> Header {
    Header::new(IkeSpi([0x11; 8]), IkeSpi([0x22; 8]), exchange, Flags::INITIATOR, 1)
}

/// A message of these payloads, written without the builder; `next` is the chain's last Next Payload field.
pub(crate) fn message(exchange: ExchangeType, payloads: &[(u8, &[u8])]) -> Vec<u8> {
    let mut octets = vec![0; 28];
    let mut next_at = 16;
    for (kind, body) in payloads {
        octets[next_at] = *kind;
        next_at = octets.len();
        octets.extend_from_slice(&[0, 0]);
        octets.extend_from_slice(&u16::try_from(body.len() + 4).unwrap().to_be_bytes());
        octets.extend_from_slice(body);
    }
    octets[..16].fill(0x33);
    octets[17..20].copy_from_slice(&[0x20, exchange.0, 0x08]);
    let length = u32::try_from(octets.len()).unwrap();
    octets[24..28].copy_from_slice(&length.to_be_bytes());
    octets
}

/// What comes of a payload of type `kind` with `body`, which starts at octet 32.
pub(crate) fn decode(kind: PayloadType, body: &[u8], check: impl FnOnce(Result<Payload<'_>, ParseError>)) {
    let datagram = message(ExchangeType::IKE_AUTH, &[(kind.0, body)]);
    let message = Message::parse(&datagram).unwrap();
    let raw: RawPayload<'_> = message.payloads().iter().next().unwrap();
    format_all(message.payloads());
    exercise(message.payloads(), datagram.len(), &mut vec![0; 70_000]);
    check(raw.decode());
}

/// The error of a payload of type `kind` with `body`, which starts at octet 32.
#[track_caller]
pub(crate) fn decode_error(kind: PayloadType, body: &[u8]) -> ParseError {
    let mut error = None;
    decode(kind, body, |result| error = result.err());
    error.unwrap_or_else(|| panic!("{kind} {body:02x?} was accepted"))
}

/// The message that `sample` is, built again payload by payload as octets.
pub(crate) fn rebuild<'b>(message: &Message<'_>, buf: &'b mut [u8]) -> &'b [u8] {
    let mut builder = MessageBuilder::new(buf, message.header()).unwrap();
    for payload in message.payloads() {
        builder.push_raw(&payload).unwrap();
    }
    builder.finish().unwrap()
}

/// The same from decoded payloads.
pub(crate) fn rebuild_typed<'b>(message: &Message<'_>, buf: &'b mut [u8]) -> &'b [u8] {
    let mut builder = MessageBuilder::new(buf, message.header()).unwrap();
    for raw in message.payloads() {
        if raw.kind().is_encrypted() {
            builder.push_raw(&raw).unwrap();
        } else {
            builder.push_with_flags(raw.kind(), raw.flags(), &raw.decode().unwrap()).unwrap();
        }
    }
    builder.finish().unwrap()
}
