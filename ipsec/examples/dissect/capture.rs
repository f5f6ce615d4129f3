//! Capture files: frames, link layers, and the IP packets in them.

use core::time::Duration;
use ipsec::types::Instant;
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::{Block, PcapNgReader};
use pcap_file::{DataLink, PcapError, TsResolution};
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// One frame of a capture.
pub struct Frame {
    /// Its number, from 1.
    pub number: u64,
    /// When it was captured.
    pub time: Instant,
    link: DataLink,
    octets: Vec<u8>,
}

/// A link type that is not read; its number in the registry.
pub struct UnknownLink(pub u32);

/// Reads all frames of a pcap or pcapng file.
pub fn read(path: &Path) -> Result<Vec<Frame>, String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let mut magic = [0; 4];
    file.read_exact(&mut magic).map_err(|_| "shorter than a capture file's header".to_owned())?;
    file.seek(SeekFrom::Start(0)).map_err(|error| error.to_string())?;
    let reader = BufReader::new(file);
    let frames = if magic == [0x0a, 0x0d, 0x0d, 0x0a] { read_pcapng(reader) } else { read_pcap(reader) };
    frames.map_err(|error| format!("not a readable pcap or pcapng file: {error}"))
}

/// Reads packet headers as they stand: captures of hostile traffic have lengths that a strict reader refuses.
fn read_pcap(reader: BufReader<File>) -> Result<Vec<Frame>, PcapError> {
    let mut reader = PcapReader::new(reader)?;
    let header = reader.header();
    let fraction = match header.ts_resolution {
        TsResolution::MicroSecond => 1000,
        TsResolution::NanoSecond => 1,
    };
    let mut frames = Vec::new();
    while let Some(packet) = reader.next_raw_packet() {
        let Some(packet) = or_end(packet, &frames)? else { break };
        let time = Duration::from_secs(packet.ts_sec.into())
            + Duration::from_nanos(u64::from(packet.ts_frac) * fraction);
        frames.push(Frame::new(&frames, time, header.datalink, &packet.data));
    }
    Ok(frames)
}

/// What a pcapng file says of an interface.
#[derive(Clone, Copy)]
struct Interface {
    link: DataLink,
    /// Ticks of its clock in a second.
    ticks: u64,
}

impl Interface {
    /// What is assumed of an interface that the file does not describe.
    const UNDESCRIBED: Self = Self { link: DataLink::ETHERNET, ticks: 1_000_000 };

    fn new(block: &InterfaceDescriptionBlock<'_>) -> Self {
        let resolution = block.options.iter().find_map(|option| match option {
            InterfaceDescriptionOption::IfTsResol(resolution) => Some(*resolution),
            _ => None,
        });
        let ticks = match resolution {
            None => None,
            Some(power) if power & 0x80 == 0 => 10u64.checked_pow(power.into()),
            Some(power) => 2u64.checked_pow((power & 0x7f).into()),
        };
        Self { link: block.linktype, ticks: ticks.unwrap_or(Self::UNDESCRIBED.ticks) }
    }

    /// The reader takes ticks for nanoseconds, whatever the interface says.
    fn time(&self, as_read: Duration) -> Duration {
        let nanos = as_read.as_nanos().saturating_mul(1_000_000_000) / u128::from(self.ticks);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

fn read_pcapng(reader: BufReader<File>) -> Result<Vec<Frame>, PcapError> {
    let mut reader = PcapNgReader::new(reader)?;
    let mut frames = Vec::new();
    let mut interfaces: Vec<Interface> = Vec::new();
    while let Some(block) = reader.next_block() {
        let Some(block) = or_end(block, &frames)? else { break };
        match block {
            Block::SectionHeader(_) => interfaces.clear(),
            Block::InterfaceDescription(interface) => interfaces.push(Interface::new(&interface)),
            Block::EnhancedPacket(packet) => {
                let index = usize::try_from(packet.interface_id).unwrap_or(usize::MAX);
                let interface = interfaces.get(index).copied().unwrap_or(Interface::UNDESCRIBED);
                let time = interface.time(packet.timestamp);
                frames.push(Frame::new(&frames, time, interface.link, &packet.data));
            }
            Block::SimplePacket(packet) => {
                let interface = interfaces.first().copied().unwrap_or(Interface::UNDESCRIBED);
                frames.push(Frame::new(&frames, Duration::ZERO, interface.link, &packet.data));
            }
            _ => {}
        }
    }
    Ok(frames)
}

/// What was read, or `None` where a capture with frames breaks off: what came before it is still worth reading.
fn or_end<T>(read: Result<T, PcapError>, frames: &[Frame]) -> Result<Option<T>, PcapError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if frames.is_empty() => Err(error),
        Err(error) => {
            eprintln!("dissect: the capture breaks off after frame {}: {error}", frames.len());
            Ok(None)
        }
    }
}

impl Frame {
    fn new(before: &[Self], time: Duration, link: DataLink, octets: &[u8]) -> Self {
        let number = u64::try_from(before.len()).unwrap_or(u64::MAX).saturating_add(1);
        Self { number, time: Instant::from_epoch(time), link, octets: octets.to_vec() }
    }

    /// The IP packet in the frame, if it holds one.
    pub fn ip(&self) -> Result<Option<&[u8]>, UnknownLink> {
        Ok(match self.link {
            DataLink::ETHERNET => self.octets.get(12..).and_then(ethernet),
            // 12 and 14 are what systems had for raw IP before 101 was registered.
            DataLink::RAW | DataLink::IPV4 | DataLink::IPV6 | DataLink::Unknown(12 | 14) => {
                Some(&self.octets)
            }
            DataLink::LINUX_SLL => self.octets.get(14..).and_then(ethernet),
            DataLink::LINUX_SLL2 => match (self.octets.first_chunk(), self.octets.get(20..)) {
                (Some(ether_type), Some(rest)) => by_ether_type(*ether_type, rest),
                _ => None,
            },
            // The family of the capturing system in four octets; the packet's version says the same.
            DataLink::NULL | DataLink::LOOP => self.octets.get(4..),
            other => return Err(UnknownLink(other.into())),
        })
    }
}

/// An EtherType and what follows.
fn ethernet(octets: &[u8]) -> Option<&[u8]> {
    let (ether_type, rest) = octets.split_first_chunk()?;
    by_ether_type(*ether_type, rest)
}

/// The IP packet behind up to three VLAN tags, or in a PPPoE session (RFC 2516).
fn by_ether_type(mut ether_type: [u8; 2], mut octets: &[u8]) -> Option<&[u8]> {
    for _ in 0..4 {
        match ether_type {
            [0x08, 0x00] | [0x86, 0xdd] => return Some(octets),
            [0x81, 0x00] | [0x88, 0xa8] | [0x91, 0x00] => {
                let (inner, rest) = octets.get(2..)?.split_first_chunk()?;
                (ether_type, octets) = (*inner, rest);
            }
            [0x88, 0x64] => {
                let (protocol, rest) = octets.get(6..)?.split_first_chunk()?;
                return matches!(protocol, [0x00, 0x21 | 0x57]).then_some(rest);
            }
            _ => return None,
        }
    }
    None
}
