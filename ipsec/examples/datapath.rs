//! Protects and opens single IP packets with ESP and AH, as lines on standard input ask for it. `interop/scapy` drives it.
//!
//! ```text
//! sa NAME esp|ah out|in tunnel|transport ENCR BITS INTEG ESN SPI KEY INTEGKEY LAST [SOURCE DESTINATION]
//! seal NAME PACKET
//! open NAME PACKET...
//! ```
//!
//! ENCR and INTEG are IKEv2 numbers, 0 for none; BITS is the key length or 0; ESN is 0 or 1; SPI is decimal; keys and packets
//! are hex, `-` for an empty key. A LAST above 0 means keys set by hand, with numbers that go on behind it. SOURCE and
//! DESTINATION are the ends of a tunnel. Several packets to be opened are fragments, put together first. Each line is answered by one: `ok` with the packet, or `error` with the reason.

use ipsec::crypto_suite::{CipherId, CryptoError, MacId, Protection, Secret, SecureRandom, rustcrypto};
use ipsec::ip_packet::{Packet, Reassembler, ReassemblyLimits, Tunnel};
use ipsec::sa_db::{ManualReplay, Mode, SaMaterial, SaParams, SelectorPair};
use ipsec::types::{Instant, IpProtocol, Spi};
use ipsec::{ah, esp};
use std::collections::HashMap;
use std::io::{BufRead as _, Write as _};

type Outcome<T> = Result<T, Box<dyn core::error::Error>>;

/// Octets around a packet: for an outer header with ESP or AH, and for padding, trailer and ICV.
const ROOM: usize = 384;

fn main() -> Outcome<()> {
    let mut sas = HashMap::new();
    let mut out = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match answer(&mut sas, &words) {
            Ok(packet) => writeln!(out, "ok {packet}")?,
            Err(error) => writeln!(out, "error {error}")?,
        }
        out.flush()?;
    }
    Ok(())
}

/// One direction of an SA.
enum Sa {
    EspOut(esp::OutboundSa, Option<Tunnel>),
    EspIn(esp::InboundSa),
    AhOut(ah::OutboundSa, Option<Tunnel>),
    AhIn(ah::InboundSa),
}

fn answer(sas: &mut HashMap<String, Sa>, words: &[&str]) -> Outcome<String> {
    match words {
        ["sa", name, rest @ ..] => {
            sas.insert((*name).to_owned(), Sa::parse(rest)?);
            Ok(String::new())
        }
        [verb @ ("seal" | "open"), name, first, others @ ..] => {
            let sa = sas.get_mut(*name).ok_or("no such SA")?;
            let packet = if others.is_empty() { hex(first)? } else { whole(first, others)? };
            let done = if *verb == "seal" { sa.seal(&packet)? } else { sa.open(&packet)? };
            Ok(done.iter().map(|octet| format!("{octet:02x}")).collect())
        }
        _ => Err("no such command".into()),
    }
}

impl Sa {
    fn parse(words: &[&str]) -> Outcome<Self> {
        let [protocol, direction, mode, encr, bits, integ, esn, spi, key, integ_key, last, ends @ ..] = words
        else {
            return Err("too few words".into());
        };
        let mode = if *mode == "tunnel" { Mode::Tunnel } else { Mode::Transport };
        let protection = protection(protocol, encr.parse()?, bits.parse()?, integ.parse()?)?;
        let params = SaParams { extended_sequence_numbers: *esn == "1", ..SaParams::new(protection, mode) };
        let secret = |text: &str| -> Outcome<Option<Secret>> {
            Ok(if text == "-" { None } else { Some(Secret::from(hex(text)?)) })
        };
        let (encryption, integrity) = (secret(key)?, secret(integ_key)?);
        let material = SaMaterial { spi: Spi::new(spi.parse()?)?, params, encryption, integrity };
        let tunnel = match ends {
            [source, destination] => Some(Tunnel::new(source.parse()?, destination.parse()?)?),
            _ => None,
        };
        let (provider, last, any) = (rustcrypto::provider(), last.parse()?, SelectorPair::any().into());
        Ok(match (*protocol, *direction) {
            ("esp", "out") if last == 0 => {
                Self::EspOut(esp::OutboundSa::new(&provider, &mut System, material)?, tunnel)
            }
            ("esp", "out") => {
                Self::EspOut(esp::OutboundSa::manual(&provider, &mut System, material, last)?, tunnel)
            }
            ("esp", _) if last == 0 => Self::EspIn(esp::InboundSa::new(&provider, material, any)?),
            ("esp", _) => {
                Self::EspIn(esp::InboundSa::manual(&provider, material, any, ManualReplay::After(last))?)
            }
            ("ah", "out") if last == 0 => Self::AhOut(ah::OutboundSa::new(&provider, material)?, tunnel),
            ("ah", "out") => Self::AhOut(ah::OutboundSa::manual(&provider, material, last)?, tunnel),
            ("ah", _) if last == 0 => Self::AhIn(ah::InboundSa::new(&provider, material, any)?),
            ("ah", _) => {
                Self::AhIn(ah::InboundSa::manual(&provider, material, any, ManualReplay::After(last))?)
            }
            _ => return Err("neither esp nor ah".into()),
        })
    }

    /// The packet protected, in its tunnel if there is one.
    fn seal(&mut self, ip: &[u8]) -> Outcome<Vec<u8>> {
        let mut buf = [&[0; ROOM][..], ip, &[0; ROOM]].concat();
        let mut packet = Packet::new(&mut buf, ROOM..ROOM + ip.len(), family(ip))?;
        let tunnel = match self {
            Self::EspOut(_, tunnel) | Self::AhOut(_, tunnel) => tunnel,
            Self::EspIn(_) | Self::AhIn(_) => return Err("an inbound SA".into()),
        };
        match tunnel {
            Some(tunnel) => packet.encapsulate(tunnel)?,
            None => packet.detach_for_transport()?,
        }
        match self {
            Self::EspOut(sa, _) => drop(sa.seal_in_place(&mut packet)?),
            Self::AhOut(sa, _) => drop(sa.seal_in_place(&mut packet)?),
            Self::EspIn(_) | Self::AhIn(_) => {}
        }
        packet.attach_header()?;
        Ok(packet.data().to_vec())
    }

    /// What the packet protects: in a tunnel the inner packet, else the same packet without ESP or AH.
    fn open(&mut self, ip: &[u8]) -> Outcome<Vec<u8>> {
        let mut buf = ip.to_vec();
        let mut packet = Packet::new(&mut buf, 0..ip.len(), family(ip))?;
        packet.detach_to_upper_layer()?;
        let transport = match self {
            Self::EspIn(sa) => sa.open_in_place(&mut packet)?.kind == esp::OpenedKind::Transport,
            Self::AhIn(sa) => sa.open_in_place(&mut packet)?.kind == ah::OpenedKind::Transport,
            Self::EspOut(..) | Self::AhOut(..) => return Err("an outbound SA".into()),
        };
        if transport {
            packet.attach_header()?;
        }
        Ok(packet.data().to_vec())
    }
}

fn protection(protocol: &str, encr: u16, bits: u16, integ: u16) -> Outcome<Protection> {
    if protocol == "ah" {
        let mac = MacId::from_ikev2(integ).ok_or("no such integrity algorithm")?;
        return Ok(Protection::Composed { cipher: CipherId::Null, mac });
    }
    let bits = (bits > 0).then_some(bits);
    Protection::from_ikev2(encr, bits, Some(integ)).ok_or_else(|| "no such suite".into())
}

/// The packet that these fragments make.
fn whole(first: &str, others: &[&str]) -> Outcome<Vec<u8>> {
    let mut reassembler = Reassembler::new(ReassemblyLimits::default());
    for text in core::iter::once(&first).chain(others) {
        if let Some(packet) = reassembler.push(Instant::EPOCH, &hex(text)?)? {
            return Ok(packet);
        }
    }
    Err("fragments are missing".into())
}

fn family(ip: &[u8]) -> IpProtocol {
    if ip.first().is_some_and(|octet| octet >> 4 == 6) { IpProtocol::IPV6 } else { IpProtocol::IPV4 }
}

fn hex(text: &str) -> Outcome<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Ok(u8::from_str_radix(core::str::from_utf8(pair)?, 16)?)).collect()
}

/// The operating system's randomness.
struct System;

impl SecureRandom for System {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), CryptoError> {
        getrandom::fill(out).map_err(|_| CryptoError::Randomness)
    }
}
