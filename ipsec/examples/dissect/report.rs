//! What is said of a frame, as text and as JSON.

use crate::inner::Inner;
use crate::payloads::hex;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use ipsec::ikev2_wire::Header;
use ipsec::types::Spi;
use serde_json::{Map, Value, json};

/// What a frame holds.
pub enum Report {
    Ike(Box<Message>),
    Data(Box<Data>),
    Keepalive { frame: u64, ends: Ends },
    Malformed { frame: u64, ends: Ends, header: Option<Box<Header>>, error: String },
}

/// Where it came from and went to.
#[derive(Clone, Copy)]
pub enum Ends {
    Hosts(IpAddr, IpAddr),
    Ports(SocketAddr, SocketAddr),
}

/// An IKE message.
pub struct Message {
    pub frame: u64,
    pub ends: Ends,
    pub header: Header,
    pub udp_len: usize,
    pub non_esp_marker: bool,
    pub same_as_frame: Option<u64>,
    pub payloads: Vec<String>,
    pub details: Vec<String>,
    pub decryption: Decryption,
    pub fragment: Option<(u16, u16)>,
    pub reassembled: bool,
    pub plaintext: Option<Vec<u8>>,
    pub ikev1: Ikev1,
}

/// What messages of IKEv1 alone have.
#[derive(Default)]
pub struct Ikev1 {
    /// Id, number, and whether it is the last.
    pub fragment: Option<(u16, u8, bool)>,
    /// What it was decrypted with.
    pub iv: Option<Vec<u8>>,
    /// Whether its HASH is right, where that can be told.
    pub hash_verified: Option<bool>,
    /// The type of an Attributes payload, and type and value of each attribute.
    pub configuration: Option<(String, Vec<Value>)>,
    /// The type of a notification in the clear.
    pub notify: Option<u16>,
}

impl Ikev1 {
    /// What the HASH shows.
    const fn verdict(&self) -> &'static str {
        match self.hash_verified {
            Some(true) => ", authentic",
            Some(false) => ", HASH wrong",
            None => "",
        }
    }
}

/// What became of the protected part of a message.
pub enum Decryption {
    /// There is none.
    Clear,
    Opened,
    /// It was opened when it came first: what it needs to be opened again is gone.
    Repeated,
    Failed(String),
}

/// An ESP or AH packet.
pub struct Data {
    pub frame: u64,
    pub protocol: &'static str,
    pub ends: Ends,
    pub spi: u32,
    /// The number on the wire.
    pub low: u32,
    /// The whole number, once it is known.
    pub sequence: u64,
    pub reassembled: bool,
    pub direction: Option<&'static str>,
    pub replayed: bool,
    pub result: Result<Inner, String>,
}

impl Data {
    /// A packet that no key was found for yet.
    pub fn new(
        frame: u64,
        protocol: &'static str,
        ends: Ends,
        spi: Spi,
        low: u32,
        reassembled: bool,
    ) -> Self {
        let result = Err("no keys for this SPI".to_owned());
        let (spi, sequence) = (spi.get(), low.into());
        Self {
            frame,
            protocol,
            ends,
            spi,
            low,
            sequence,
            reassembled,
            direction: None,
            replayed: false,
            result,
        }
    }
}

impl Ends {
    pub fn destination(&self) -> IpAddr {
        self.destination_end().ip()
    }

    /// With its port, 0 where there is none.
    pub fn source_end(&self) -> SocketAddr {
        match self {
            Self::Hosts(source, _) => SocketAddr::new(*source, 0),
            Self::Ports(source, _) => *source,
        }
    }

    pub fn destination_end(&self) -> SocketAddr {
        match self {
            Self::Hosts(_, destination) => SocketAddr::new(*destination, 0),
            Self::Ports(_, destination) => *destination,
        }
    }

    /// Source and destination as text; an IPv6 address with a port stands without brackets.
    fn texts(&self) -> (String, String) {
        let port = |end: &SocketAddr| format!("{}:{}", end.ip(), end.port());
        match self {
            Self::Hosts(source, destination) => (source.to_string(), destination.to_string()),
            Self::Ports(source, destination) => (port(source), port(destination)),
        }
    }
}

impl Report {
    /// One object: the names are those of `messages` and `data_packets` in a capture's `truth.json`.
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        match self {
            Self::Ike(message) => message.add_to(&mut out),
            Self::Data(data) => data.add_to(&mut out),
            Self::Keepalive { frame, ends } => {
                out.insert("frame".to_owned(), json!(frame));
                out.insert("kind".to_owned(), json!("nat-keepalive"));
                add_ends(&mut out, ends);
            }
            Self::Malformed { frame, ends, header, error } => {
                out.insert("frame".to_owned(), json!(frame));
                out.insert("kind".to_owned(), json!("malformed"));
                add_ends(&mut out, ends);
                if let Some(header) = header {
                    out.insert("spi_i".to_owned(), json!(header.spi_i.to_string()));
                    out.insert("spi_r".to_owned(), json!(header.spi_r.to_string()));
                    out.insert("exchange".to_owned(), json!(exchange(header)));
                    out.insert("message_id".to_owned(), json!(header.message_id));
                }
                out.insert("reason".to_owned(), json!(error));
            }
        }
        Value::Object(out)
    }
}

fn add_ends(out: &mut Map<String, Value>, ends: &Ends) {
    let (source, destination) = ends.texts();
    out.insert("src".to_owned(), json!(source));
    out.insert("dst".to_owned(), json!(destination));
}

/// The exchange's name in the version of the header.
fn exchange(header: &Header) -> String {
    if header.major() != 1 {
        return header.exchange.to_string();
    }
    // The common names: the registry calls Main Mode "Identity Protection".
    match header.exchange.0 {
        2 => "MAIN_MODE".to_owned(),
        4 => "AGGRESSIVE".to_owned(),
        5 => "INFORMATIONAL".to_owned(),
        6 => "TRANSACTION".to_owned(),
        32 => "QUICK_MODE".to_owned(),
        33 => "NEW_GROUP".to_owned(),
        other => other.to_string(),
    }
}

impl Message {
    fn encrypted(&self) -> bool {
        !matches!(self.decryption, Decryption::Clear)
    }

    fn add_to(&self, out: &mut Map<String, Value>) {
        let mut add = |name: &str, value: Value| out.insert(name.to_owned(), value);
        let header = &self.header;
        let (source, destination) = self.ends.texts();
        add("frame", json!(self.frame));
        add("src", json!(source));
        add("dst", json!(destination));
        add("version", json!(format!("{}.{}", header.major(), header.minor())));
        add("spi_i", json!(header.spi_i.to_string()));
        add("spi_r", json!(header.spi_r.to_string()));
        add("message_id", json!(header.message_id));
        add("udp_len", json!(self.udp_len));
        add("non_esp_marker", json!(self.non_esp_marker));
        add("retransmission", json!(self.same_as_frame.is_some()));
        if let Some(first) = self.same_as_frame {
            add("same_as_frame", json!(first));
        }
        add("exchange", json!(exchange(header)));
        if header.major() != 1 {
            add("response", json!(header.flags.is_response()));
            add("from_original_initiator", json!(header.flags.is_initiator()));
        }
        add("encrypted", json!(self.encrypted()));
        if let Some((number, total)) = self.fragment {
            add("fragment", json!([number, total]));
        }
        match &self.decryption {
            Decryption::Clear | Decryption::Repeated => {}
            Decryption::Opened => {
                add("decrypted", json!(true));
            }
            Decryption::Failed(reason) => {
                add("decrypted", json!(false));
                add("reason", json!(reason));
            }
        }
        if self.reassembled {
            add("reassembled", json!(true));
        }
        add("payloads", json!(self.payloads));
        if let Some(plaintext) = &self.plaintext {
            add("plaintext_payloads_hex", json!(hex(plaintext)));
        }
        self.ikev1.add_to(out);
    }
}

impl Ikev1 {
    fn add_to(&self, out: &mut Map<String, Value>) {
        let mut add = |name: &str, value: Value| out.insert(name.to_owned(), value);
        if let Some((id, number, last)) = self.fragment {
            add("fragment", json!({ "id": id, "number": number, "last": last }));
        }
        if let Some(iv) = &self.iv {
            add("iv", json!(hex(iv)));
        }
        if let Some(verified) = self.hash_verified {
            add("hash_verified", json!(verified));
        }
        if let Some((kind, attributes)) = &self.configuration {
            add("attr_type", json!(kind));
            add("attributes", json!(attributes));
        }
        if let Some(kind) = self.notify {
            add("notify", json!(kind));
        }
    }
}

impl Data {
    fn add_to(&self, out: &mut Map<String, Value>) {
        let mut add = |name: &str, value: Value| out.insert(name.to_owned(), value);
        let (source, destination) = self.ends.texts();
        add("frame", json!(self.frame));
        add("proto", json!(self.protocol));
        add("udp_encapsulated", json!(matches!(self.ends, Ends::Ports(..))));
        add("src", json!(source));
        add("dst", json!(destination));
        add("spi", json!(format!("{:08x}", self.spi)));
        add("seq", json!(self.sequence));
        add("reassembled_from_ip_fragments", json!(self.reassembled));
        add("verified", json!(self.result.is_ok()));
        if let Some(direction) = self.direction {
            add("direction", json!(direction));
        }
        if self.replayed {
            add("replayed", json!(true));
        }
        match &self.result {
            Ok(inner) => add("inner", Value::Object(inner.clone())),
            Err(reason) => add("reason", json!(reason)),
        };
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ike(message) => message.fmt(f),
            Self::Data(data) => data.fmt(f),
            Self::Keepalive { frame, ends } => {
                let (source, destination) = ends.texts();
                writeln!(f, "{frame:>5}  {source} > {destination}  NAT keepalive")
            }
            Self::Malformed { frame, ends, header, error } => {
                let (source, destination) = ends.texts();
                write!(f, "{frame:>5}  {source} > {destination}  ")?;
                if let Some(header) = header {
                    write!(f, "IKEv{} {} {}  ", header.major(), exchange(header), header.message_id)?;
                    write!(f, "{}/{}  ", header.spi_i, header.spi_r)?;
                }
                writeln!(f, "malformed: {error}")
            }
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, destination) = self.ends.texts();
        let header = &self.header;
        write!(f, "{:>5}  {source} > {destination}  ", self.frame)?;
        write!(f, "IKEv{} {} ", header.major(), exchange(header))?;
        if header.major() != 1 {
            f.write_str(if header.flags.is_response() { "response" } else { "request" })?;
        }
        write!(f, " {}  {}/{}", header.message_id, header.spi_i, header.spi_r)?;
        if let Some((number, total)) = self.fragment {
            write!(f, "  fragment {number} of {total}")?;
        }
        if let Some((id, number, last)) = self.ikev1.fragment {
            write!(f, "  fragment {number}{} of message {id}", if last { " (last)" } else { "" })?;
        }
        if let Some(first) = self.same_as_frame {
            write!(f, "  (again, as frame {first})")?;
        }
        match &self.decryption {
            Decryption::Clear | Decryption::Repeated => writeln!(f, "{}", self.ikev1.verdict())?,
            Decryption::Opened => writeln!(f, "  decrypted{}", self.ikev1.verdict())?,
            Decryption::Failed(reason) => writeln!(f, "  NOT decrypted: {reason}")?,
        }
        self.details.iter().try_for_each(|detail| writeln!(f, "         {detail}"))
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, destination) = self.ends.texts();
        write!(f, "{:>5}  {source} > {destination}  {}", self.frame, self.protocol)?;
        write!(f, " SPI {:08x} seq {}", self.spi, self.sequence)?;
        if self.reassembled {
            f.write_str("  (reassembled)")?;
        }
        if self.replayed {
            f.write_str("  (replayed)")?;
        }
        match &self.result {
            Err(reason) => writeln!(f, "  NOT verified: {reason}"),
            Ok(inner) => {
                write!(f, "  verified\n         ")?;
                for (name, value) in inner {
                    match value {
                        Value::String(text) => write!(f, "{name} {text}  ")?,
                        other => write!(f, "{name} {other}  ")?,
                    }
                }
                writeln!(f)
            }
        }
    }
}
