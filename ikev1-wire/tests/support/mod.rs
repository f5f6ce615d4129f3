//! What the tests of this crate share: the corpus, and a walk through everything that can be read.
#![allow(dead_code, reason = "each test crate uses a part")]

use core::fmt::Write as _;
use ikev1_wire::{
    Encode, EncodeError, ExchangeType, Flags, Header, IkeAttributes, IkeSpi, IpsecAttributes, Message,
    MessageBuilder, NatTraversal, ParseError, Payload, PayloadChain, PayloadType, ProtocolId, RawPayload,
    Writer,
};
use serde_json::Value;
use testkit::{hex, ikev1_captures, read_pcap, truth, vectors};

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

/// The IKEv1 messages of the vectors.
pub(crate) fn vector_messages() -> Vec<Sample> {
    let mut samples = Vec::new();
    for group in vectors("ike_messages") {
        for vector in group.vectors() {
            let message = vector.octets("message");
            if group.kind() != "ike_message" || vector.text("version") != "10" {
                continue;
            }
            let fields = ["exchange_type", "flags", "message_id", "payloads", "spi_i", "spi_r"];
            let truth =
                fields.map(|field| (field.to_owned(), vector.value(field).cloned().unwrap_or_default()));
            let name = format!("{}: {}", vector.text("source"), vector.text("name"));
            samples.push(Sample { name, message, truth: truth.into_iter().collect() });
        }
    }
    assert!(samples.len() >= 20, "{}", samples.len());
    samples
}

/// The messages of whole exchanges that were published with their secrets.
pub(crate) fn exchange_messages() -> Vec<Sample> {
    let mut samples = Vec::new();
    for group in vectors("ike_exchanges").iter().filter(|group| group.kind() == "ikev1_exchange") {
        for vector in group.vectors() {
            let quick = vector.value("quick_mode").unwrap();
            let phase1 = vector.value("messages").and_then(Value::as_array).unwrap().iter();
            for text in phase1.chain(["qm1", "qm2", "qm3"].map(|name| &quick[name])) {
                let truth = Value::String(vector.text("auth").to_owned());
                samples.push(Sample {
                    name: vector.text("name").to_owned(),
                    message: hex(text.as_str().unwrap()),
                    truth,
                });
            }
        }
    }
    assert!(samples.len() >= 20, "{}", samples.len());
    samples
}

/// The IKEv1 messages of the captures.
pub(crate) fn captured_messages() -> Vec<Sample> {
    let mut samples = Vec::new();
    for capture in ikev1_captures() {
        let frames = read_pcap(capture.join("capture.pcap"));
        for message in truth(&capture)["messages"].as_array().unwrap() {
            if message.get("kind").is_some() || message["version"] != "1.0" {
                continue;
            }
            let number = message["frame"].as_u64().unwrap();
            let name = format!("{} frame {number}", capture.file_name().unwrap().display());
            let frame = frames.iter().find(|frame| frame.number == number).unwrap();
            let octets = frame.ike().unwrap_or_else(|| panic!("{name}: no IKE message"));
            samples.push(Sample { name, message: octets.to_vec(), truth: message.clone() });
        }
    }
    assert!(samples.len() >= 200, "{}", samples.len());
    samples
}

/// Every good message, each once.
pub(crate) fn corpus() -> Vec<Sample> {
    let all = vector_messages().into_iter().chain(exchange_messages()).chain(captured_messages());
    let mut samples: Vec<_> = all.collect();
    samples.sort_by(|a, b| a.message.cmp(&b.message));
    samples.dedup_by(|a, b| a.message == b.message);
    samples
}

/// What was encrypted, of every message of the captures that could be decrypted.
pub(crate) fn inner_chains() -> Vec<Inner> {
    let mut chains = Vec::new();
    for sample in captured_messages() {
        let Some(text) = sample.truth.get("plaintext_payloads_hex").and_then(Value::as_str) else { continue };
        let names: Vec<String> = names(&sample.truth);
        let first = by_notation(names.first().expect("a payload"));
        chains.push(Inner { name: sample.name, first, octets: hex(text), names });
    }
    assert!(chains.len() >= 130, "{}", chains.len());
    chains
}

/// The payload names that `truth` gives.
pub(crate) fn names(truth: &Value) -> Vec<String> {
    truth["payloads"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// The payload type of a name such as `N(INITIAL-CONTACT)`.
pub(crate) fn by_notation(name: &str) -> PayloadType {
    PayloadType::from_name(name.split('(').next().unwrap()).expect(name)
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
        for payload in [raw.decode(), raw.decode_in(NatTraversal::Draft00)].into_iter().flatten() {
            write!(sink, "{payload} {payload:?}").unwrap();
            match payload {
                Payload::Sa(sa) => {
                    write!(sink, "{:?}", sa.alternatives()).unwrap();
                    sa.situation().iter().for_each(|situation| write!(sink, "{situation}").unwrap());
                }
                Payload::Identification(id) => write!(sink, "{id} {} {:?}", id.value(), id.value()).unwrap(),
                Payload::Notification(notification) => {
                    let content = notification.content();
                    content.iter().for_each(|content| write!(sink, "{content} {content:?}").unwrap());
                }
                _ => {}
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
    for nat in [NatTraversal::Draft00, NatTraversal::Draft04, NatTraversal::Rfc3947] {
        match raw.decode_in(nat) {
            Ok(payload) => {
                walk_inside(&payload);
                assert_eq!(encode(&payload, scratch), raw.body(), "{payload:?}");
            }
            Err(error) => {
                assert!((raw.offset()..=end).contains(&error.offset()), "{error}, in {end} octets");
            }
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

fn walk_inside(payload: &Payload<'_>) {
    match payload {
        Payload::Sa(sa) => {
            let mut alone = 0;
            for proposal in sa.proposals() {
                alone += proposal.as_bytes().len();
                assert_eq!(proposal.transforms().count(), usize::from(proposal.transform_count()));
                for transform in proposal.transforms() {
                    let walked: usize = transform.attributes().iter().map(|a| a.encoded_len()).sum();
                    assert_eq!(walked, transform.attributes().as_bytes().len());
                    let _ = (transform.id_name(), IkeAttributes::read(transform.attributes()));
                    let _ = IpsecAttributes::read(transform.attributes());
                    assert_eq!(transform.protocol(), proposal.protocol());
                }
            }
            let together = sa.alternatives().flat_map(|alternative| alternative.proposals());
            assert!(together.eq(sa.proposals()));
            assert!(sa.situation().is_none() || alone == sa.content().len());
        }
        Payload::Delete(delete) => assert!(delete.spis().all(|spi| !spi.is_empty())),
        Payload::Identification(id) => drop(id.value()),
        Payload::Notification(notification) => drop(notification.content()),
        Payload::Configuration(configuration) => {
            let walked: usize = configuration.attributes().iter().map(|a| a.encoded_len()).sum();
            assert_eq!(walked + 4, configuration.encoded_len());
        }
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

/// A header in the clear.
pub(crate) fn header(exchange: ExchangeType) -> Header {
    Header::new(IkeSpi([0x11; 8]), IkeSpi([0x22; 8]), exchange, Flags(0), 0)
}

/// A message of these payloads, written without the builder.
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
    octets[17..20].copy_from_slice(&[0x10, exchange.0, 0]);
    let length = u32::try_from(octets.len()).unwrap();
    octets[24..28].copy_from_slice(&length.to_be_bytes());
    octets
}

/// What comes of a payload of type `kind` with `body`, which starts at octet 32.
pub(crate) fn decode(kind: PayloadType, body: &[u8], check: impl FnOnce(Result<Payload<'_>, ParseError>)) {
    let datagram = message(ExchangeType::INFORMATIONAL, &[(kind.0, body)]);
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
    try_rebuild(message, buf).unwrap()
}

pub(crate) fn try_rebuild<'b>(message: &Message<'_>, buf: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
    let mut builder = MessageBuilder::new(buf, message.header())?;
    for payload in message.payloads() {
        builder.push_raw(&payload)?;
    }
    if let Some(octets) = message.ciphertext() {
        builder.put_ciphertext(message.header().next_payload, octets)?;
    }
    builder.finish().map(|octets| &*octets)
}

/// The same from decoded payloads.
pub(crate) fn rebuild_typed<'b>(message: &Message<'_>, buf: &'b mut [u8]) -> &'b [u8] {
    let mut builder = MessageBuilder::new(buf, message.header()).unwrap();
    for raw in message.payloads() {
        match raw.decode() {
            Ok(payload) => builder.push(raw.kind(), &payload).unwrap(),
            // Public key encryption leaves nothing of an identity that could be read.
            Err(error) => panic!("{raw}: {error}"),
        };
    }
    if let Some(octets) = message.ciphertext() {
        builder.put_ciphertext(message.header().next_payload, octets).unwrap();
    }
    builder.finish().unwrap()
}

/// A proposal with its transforms in octets: Next Payload, number, protocol, SPI, count, transforms.
pub(crate) fn proposal(
    next: u8,
    number: u8,
    protocol: ProtocolId,
    spi: &[u8],
    count: u8,
    transforms: &[u8],
) -> Vec<u8> {
    let length = u16::try_from(8 + spi.len() + transforms.len()).unwrap().to_be_bytes();
    let head = [next, 0, length[0], length[1], number, protocol.0, u8::try_from(spi.len()).unwrap(), count];
    [&head, spi, transforms].concat()
}

/// A transform with its attributes in octets.
pub(crate) fn transform(next: u8, number: u8, id: u8, attributes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + attributes.len()).unwrap().to_be_bytes();
    [&[next, 0, length[0], length[1], number, id, 0, 0], attributes].concat()
}

/// The body of an SA payload of the IPsec DOI.
pub(crate) fn sa(proposals: &[Vec<u8>]) -> Vec<u8> {
    [vec![0, 0, 0, 1, 0, 0, 0, 1], proposals.concat()].concat()
}
