//! The traffic of a capture, frame by frame: what each holds, opened with the keys there are.

use crate::capture::{Frame, UnknownLink};
use crate::data::DataSa;
use crate::ikev1::{self, Fragments};
use crate::keys::{IkeSa, Keys};
use crate::payloads;
use crate::report::{Data, Decryption, Ends, Ikev1, Message, Report};
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use ipsec::ah;
use ipsec::esp::EspHeader;
use ipsec::ike::v2::{self, MessageError, MessageKey, MessageKeys, Plaintext};
use ipsec::ikev1_wire;
use ipsec::ikev2_wire::{Header, Message as WireMessage, PayloadChain, PayloadType};
use ipsec::ip_packet::{IpHeader, Ipv6Header, Reassembler, ReassemblyLimits};
use ipsec::types::{Carrier, Datagram, Instant, IpProtocol, classify};
use std::collections::HashMap;

/// What is remembered from frame to frame.
pub struct Session {
    keys: Keys,
    fragments: Reassembler,
    ikev1_fragments: Fragments,
    /// The frame in which a message was seen first.
    seen: HashMap<Vec<u8>, u64>,
    /// The frame with the first fragment of a datagram that is not complete: source, destination, identification.
    incomplete: HashMap<(IpAddr, IpAddr, u32), u64>,
    /// Frames that were passed over, by link type.
    passed_over: HashMap<u32, u64>,
}

/// More than a gateway would take: a capture is as long as it is.
const REASSEMBLY: ReassemblyLimits =
    ReassemblyLimits { datagrams: 1024, fragments: 1024, timeout: Duration::from_secs(60) };

impl Session {
    pub fn new(keys: Keys) -> Self {
        Self {
            keys,
            fragments: Reassembler::new(REASSEMBLY),
            ikev1_fragments: Fragments::default(),
            seen: HashMap::new(),
            incomplete: HashMap::new(),
            passed_over: HashMap::new(),
        }
    }

    /// What the frame holds, if that is IKE, ESP, AH or a keepalive.
    pub fn take(&mut self, frame: &Frame) -> Option<Report> {
        let octets = match frame.ip() {
            Ok(octets) => octets?,
            Err(UnknownLink(link)) => {
                *self.passed_over.entry(link).or_default() += 1;
                return None;
            }
        };
        let ip = match IpHeader::parse(octets) {
            Ok(ip) => ip,
            Err(error) => return cut_off(frame.number, octets, &error.to_string()),
        };
        let upper = match ip.upper_layer() {
            Ok(upper) => upper,
            Err(error) => return malformed(frame.number, &ip, &error.to_string()),
        };
        let Some(fragment) = upper.fragment else {
            return self.take_packet(frame, octets, false);
        };
        let datagram = (ip.source(), ip.destination(), fragment.identification);
        let first = *self.incomplete.entry(datagram).or_insert(frame.number);
        match self.fragments.push(frame.time, octets) {
            Ok(None) => None,
            Ok(Some(whole)) => {
                self.incomplete.remove(&datagram);
                self.take_packet(frame, &whole, true)
            }
            Err(error) => {
                let error = format!("IP fragment of the datagram begun in frame {first}: {error}");
                malformed(frame.number, &ip, &error)
            }
        }
    }

    /// Says on stderr what was not read.
    pub fn complain(&self) {
        for (link, frames) in &self.passed_over {
            eprintln!("dissect: {frames} frames of link type {link} passed over");
        }
        if let Some(first) = self.incomplete.values().min() {
            let count = self.incomplete.len();
            eprintln!("dissect: fragmented datagrams that are not complete: {count}, from frame {first} on");
        }
    }

    fn take_packet(&mut self, frame: &Frame, octets: &[u8], reassembled: bool) -> Option<Report> {
        let ip = IpHeader::parse(octets).ok()?;
        let upper = match ip.upper_layer() {
            Ok(upper) if upper.fragment.is_none() => upper,
            Ok(_) => return malformed(frame.number, &ip, "a fragment in reassembled fragments"),
            Err(error) => return malformed(frame.number, &ip, &error.to_string()),
        };
        match upper.protocol {
            IpProtocol::ESP => {
                let ends = Ends::Hosts(ip.source(), ip.destination());
                Some(self.take_esp(frame.number, ends, upper.payload, reassembled))
            }
            IpProtocol::AH => {
                let ends = Ends::Hosts(ip.source(), ip.destination());
                Some(self.take_ah(frame.number, ends, octets, upper.payload, reassembled))
            }
            IpProtocol::UDP => {
                let (carrier, ends) = carrier(&ip, upper.payload)?;
                let Some(payload) = udp_payload(upper.payload) else {
                    let error = "UDP length beyond the packet, or below 8".to_owned();
                    return Some(Report::Malformed { frame: frame.number, ends, header: None, error });
                };
                Some(match classify(carrier, payload) {
                    Some(Datagram::Ike(message)) => {
                        let marker = carrier == Carrier::UdpEncapsulated;
                        self.take_ike(frame, ends, message, payload.len(), marker)
                    }
                    Some(Datagram::Esp(packet)) => self.take_esp(frame.number, ends, packet, reassembled),
                    Some(Datagram::Keepalive) => Report::Keepalive { frame: frame.number, ends },
                    None => {
                        let error = "too short for IKE, ESP or a keepalive".to_owned();
                        Report::Malformed { frame: frame.number, ends, header: None, error }
                    }
                })
            }
            _ => None,
        }
    }

    fn take_ike(&mut self, frame: &Frame, ends: Ends, octets: &[u8], udp_len: usize, marker: bool) -> Report {
        let header = match Header::parse(octets) {
            Ok(header) => header,
            Err(error) => {
                let error = error.to_string();
                return Report::Malformed { frame: frame.number, ends, header: None, error };
            }
        };
        let first = *self.seen.entry(octets.to_vec()).or_insert(frame.number);
        let mut message = Message {
            frame: frame.number,
            ends,
            header,
            udp_len,
            non_esp_marker: marker,
            same_as_frame: (first != frame.number).then_some(first),
            payloads: Vec::new(),
            details: Vec::new(),
            decryption: Decryption::Clear,
            fragment: None,
            reassembled: false,
            plaintext: None,
            ikev1: Ikev1::default(),
        };
        if header.major() == 1 {
            return self.take_ikev1(frame.time, message, octets);
        }
        match WireMessage::parse(octets) {
            Ok(wire) => {
                self.read_message(frame.time, &wire, &mut message);
                Report::Ike(Box::new(message))
            }
            Err(error) => {
                let (header, error) = (Some(Box::new(header)), error.to_string());
                Report::Malformed { frame: frame.number, ends, header, error }
            }
        }
    }

    fn read_message(&mut self, now: Instant, wire: &WireMessage<'_>, message: &mut Message) {
        let last = wire.payloads().iter().last();
        let protected = |kind| kind == PayloadType::SK || kind == PayloadType::SKF;
        let Some(last) = last.filter(|payload| protected(payload.kind())) else {
            message.add(wire.payloads());
            return;
        };
        for payload in wire.payloads().iter().filter(|payload| !protected(payload.kind())) {
            message.payloads.push(payloads::spell(&payload));
            message.details.push(payloads::describe(&payload));
        }
        message.fragment = payloads::fragment_numbers(&last);
        let spis = (message.header.spi_i, message.header.spi_r);
        let failed = match self.keys.ike.get_mut(&spis) {
            None => Err("no keys for this IKE SA".to_owned()),
            Some(sa) => sa.open(now, wire.bytes(), message),
        };
        if let Err(reason) = failed {
            message.payloads.push(payloads::spell(&last));
            message.details.push(payloads::describe(&last));
            message.decryption = Decryption::Failed(reason);
        }
    }

    fn take_ikev1(&mut self, now: Instant, mut message: Message, octets: &[u8]) -> Report {
        let (frame, ends) = (message.frame, message.ends);
        let wire = match ikev1_wire::Message::parse(octets) {
            Ok(wire) => wire,
            Err(error) => {
                let header = Some(Box::new(message.header));
                return Report::Malformed { frame, ends, header, error: format!("IKEv1: {error}") };
            }
        };
        match self.ikev1_fragments.take(now, &wire, &mut message) {
            Ok(None) => self.read_ikev1(&wire, &mut message),
            Ok(Some(whole)) => match ikev1_wire::Message::parse(&whole) {
                Ok(wire) => {
                    message.reassembled = true;
                    self.read_ikev1(&wire, &mut message);
                }
                Err(error) => {
                    ikev1::add(wire.payloads(), &mut message);
                    message.details.push(format!("the message that it completes is malformed: {error}"));
                }
            },
            Err(error) => {
                ikev1::add(wire.payloads(), &mut message);
                message.details.push(format!("not taken: {error}"));
            }
        }
        Report::Ike(Box::new(message))
    }

    fn read_ikev1(&mut self, wire: &ikev1_wire::Message<'_>, message: &mut Message) {
        if wire.ciphertext().is_none() {
            self.keys.learn_ikev1(wire, message);
            ikev1::add(wire.payloads(), message);
        } else if message.same_as_frame.is_some() {
            message.decryption = Decryption::Repeated;
            message.payloads.push("(retransmission)".to_owned());
        } else if let Err(reason) = self.keys.open_ikev1(wire.bytes(), message) {
            message.decryption = Decryption::Failed(reason);
        }
    }

    fn take_esp(&mut self, frame: u64, ends: Ends, octets: &[u8], reassembled: bool) -> Report {
        let header = match EspHeader::parse(octets) {
            Ok(header) => header,
            Err(error) => {
                return Report::Malformed { frame, ends, header: None, error: format!("ESP: {error}") };
            }
        };
        let mut data = Data::new(frame, "ESP", ends, header.spi, header.sequence, reassembled);
        open_with_any(self.keys.esp_sas(header.spi), octets, &mut data);
        Report::Data(Box::new(data))
    }

    /// `packet` is the whole IP packet, which the ICV covers, and `octets` what follows its IP header.
    fn take_ah(&mut self, frame: u64, ends: Ends, packet: &[u8], octets: &[u8], reassembled: bool) -> Report {
        let malformed =
            |error: String| Report::Malformed { frame, ends, header: None, error: format!("AH: {error}") };
        let header = match ah::Header::parse(octets) {
            Ok(header) => header,
            Err(error) => return malformed(error.to_string()),
        };
        let spi = match header.spi() {
            Ok(spi) => spi,
            Err(error) => return malformed(error.to_string()),
        };
        let mut data = Data::new(frame, "AH", ends, spi, header.sequence(), reassembled);
        open_with_any(self.keys.ah_sas(spi), packet, &mut data);
        Report::Data(Box::new(data))
    }
}

/// Opens a packet with the SAs that its SPI may be of.
fn open_with_any(sas: Option<&mut Vec<DataSa>>, octets: &[u8], data: &mut Data) {
    let Some(sas) = sas else { return };
    // Behind a NAT the addresses of a key file need not be those of the packet: they order the tries only.
    let here = data.ends.destination();
    sas.sort_by_key(|sa| sa.destination.is_some_and(|destination| destination != here));
    for sa in sas {
        // What is authentic and still refused tells more than that another SA's key does not fit.
        if sa.open(octets, data) {
            break;
        }
    }
}

impl IkeSa {
    /// Opens a message with each key set; says why where none fits.
    fn open(&mut self, now: Instant, octets: &[u8], message: &mut Message) -> Result<(), String> {
        let mut reason = self.reason.clone();
        for keys in &self.generations {
            match open_with(keys, octets, message) {
                Ok(Some(fragment)) => {
                    let key = MessageKey {
                        from_initiator: message.header.flags.is_initiator(),
                        response: message.header.flags.is_response(),
                        message_id: message.header.message_id,
                    };
                    let (number, total, first, content) = fragment;
                    let fragment = v2::Fragment {
                        fragment_number: number,
                        total_fragments: total,
                        first,
                        content: &content,
                    };
                    if message.same_as_frame.is_some() {
                        return message.take_fragment(None);
                    }
                    let whole =
                        self.fragments.push(now, key, &fragment).map_err(|error| error.to_string())?;
                    return message.take_fragment(whole);
                }
                Ok(None) => return Ok(()),
                Err(error) => reason = error,
            }
        }
        Err(reason)
    }
}

/// Fragment Number, Total Fragments, the first payload's type, and the content.
type OpenedFragment = (u16, u16, PayloadType, Vec<u8>);

fn open_with(
    keys: &MessageKeys,
    octets: &[u8],
    message: &mut Message,
) -> Result<Option<OpenedFragment>, String> {
    let mut copy = octets.to_vec();
    match v2::open(keys, &mut copy) {
        Ok(Plaintext::Message(chain)) => {
            message.decryption = Decryption::Opened;
            message.plaintext = Some(chain.as_bytes().to_vec());
            message.add(chain);
            Ok(None)
        }
        Ok(Plaintext::Fragment(v2::Fragment { fragment_number, total_fragments, first, content })) => {
            Ok(Some((fragment_number, total_fragments, first, content.to_vec())))
        }
        // A wrong SK_e beside a right SK_a ends here: with CBC the ICV says nothing about the encryption key.
        Err(MessageError::Inner(error)) => Err(format!("authentic, but malformed inside: {error}")),
        Err(error) => Err(error.to_string()),
    }
}

impl Message {
    fn add(&mut self, chain: PayloadChain<'_>) {
        for payload in chain.iter() {
            self.payloads.push(payloads::spell(&payload));
            self.details.push(payloads::describe(&payload));
        }
    }

    /// Notes an authentic fragment, and the whole message where it completes one.
    fn take_fragment(&mut self, whole: Option<v2::Reassembled>) -> Result<(), String> {
        self.decryption = Decryption::Opened;
        let Some(whole) = whole else {
            self.payloads.push("SKF".to_owned());
            return Ok(());
        };
        self.reassembled = true;
        match PayloadChain::parse(whole.first, &whole.octets, 0) {
            Ok(chain) => self.add(chain),
            Err(error) => return Err(format!("authentic, but malformed inside: {error}")),
        }
        self.plaintext = Some(whole.octets);
        Ok(())
    }
}

/// The ends of a packet that is IKE, ESP or AH as far as can be seen.
fn ends_of_ours(ip: &IpHeader<'_>) -> Option<Ends> {
    let upper = ip.upper_layer().ok()?;
    match upper.protocol {
        IpProtocol::ESP | IpProtocol::AH => Some(Ends::Hosts(ip.source(), ip.destination())),
        IpProtocol::UDP if upper.fragment.is_none_or(|fragment| fragment.offset == 0) => {
            carrier(ip, upper.payload).map(|(_, ends)| ends)
        }
        _ => None,
    }
}

fn malformed(frame: u64, ip: &IpHeader<'_>, error: &str) -> Option<Report> {
    let ends = ends_of_ours(ip)?;
    Some(Report::Malformed { frame, ends, header: None, error: error.to_owned() })
}

/// A packet that is shorter than its header says, as where the capture has only the first octets of each.
fn cut_off(frame: u64, octets: &[u8], error: &str) -> Option<Report> {
    let mut shortened = octets.to_vec();
    let (at, length) = match octets.first()? >> 4 {
        4 => (2, octets.len()),
        6 => (4, octets.len().checked_sub(Ipv6Header::LEN)?),
        _ => return None,
    };
    shortened.get_mut(at..at + 2)?.copy_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
    malformed(
        frame,
        &IpHeader::parse(&shortened).ok()?,
        &format!("IP packet cut off in the capture: {error}"),
    )
}

/// How a UDP datagram with these ports carries IKE or ESP, and its ends.
fn carrier(ip: &IpHeader<'_>, udp: &[u8]) -> Option<(Carrier, Ends)> {
    let [s0, s1, d0, d1] = *udp.first_chunk()?;
    let (source, destination) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    let carrier = match (source, destination) {
        (4500, _) | (_, 4500) => Carrier::UdpEncapsulated,
        (500, _) | (_, 500) => Carrier::Udp,
        _ => return None,
    };
    let end = |address: IpAddr, port| SocketAddr::new(address, port);
    Some((carrier, Ends::Ports(end(ip.source(), source), end(ip.destination(), destination))))
}

/// The payload of a UDP datagram.
fn udp_payload(octets: &[u8]) -> Option<&[u8]> {
    let [_, _, _, _, l0, l1, _, _] = *octets.first_chunk()?;
    octets.get(8..usize::from(u16::from_be_bytes([l0, l1])))
}
