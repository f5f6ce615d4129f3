//! Capture files: frames, link layers, and the IP packets in them.

use core::time::Duration;
use ipsec::types::Instant;
use pcap_file::pcap::PcapReader;
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

fn read_pcapng(reader: BufReader<File>) -> Result<Vec<Frame>, PcapError> {
    let mut reader = PcapNgReader::new(reader)?;
    let mut frames = Vec::new();
    let mut links = Vec::new();
    while let Some(block) = reader.next_block() {
        let Some(block) = or_end(block, &frames)? else { break };
        match block {
            Block::SectionHeader(_) => links.clear(),
            Block::InterfaceDescription(interface) => links.push(interface.linktype),
            Block::EnhancedPacket(packet) => {
                let interface = usize::try_from(packet.interface_id).unwrap_or(usize::MAX);
                let link = links.get(interface).copied().unwrap_or(DataLink::ETHERNET);
                frames.push(Frame::new(&frames, packet.timestamp, link, &packet.data));
            }
            Block::SimplePacket(packet) => {
                let link = links.first().copied().unwrap_or(DataLink::ETHERNET);
                frames.push(Frame::new(&frames, Duration::ZERO, link, &packet.data));
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
    pub fn ip(&self) -> Option<&[u8]> {
        match self.link {
            DataLink::ETHERNET => ethernet(&self.octets),
            DataLink::RAW | DataLink::IPV4 | DataLink::IPV6 => Some(&self.octets),
            DataLink::LINUX_SLL => by_ether_type(self.octets.get(14..)?),
            DataLink::LINUX_SLL2 => match self.octets.get(..2)? {
                [0x08, 0x00] | [0x86, 0xdd] => self.octets.get(20..),
                _ => None,
            },
            // The family of the capturing system in four octets; the packet's version says the same.
            DataLink::NULL | DataLink::LOOP => self.octets.get(4..),
            _ => None,
        }
    }
}

fn ethernet(frame: &[u8]) -> Option<&[u8]> {
    by_ether_type(frame.get(12..)?)
}

/// An EtherType and what follows, behind up to two VLAN tags.
fn by_ether_type(mut octets: &[u8]) -> Option<&[u8]> {
    for _ in 0..3 {
        let (ether_type, rest) = octets.split_first_chunk::<2>()?;
        match ether_type {
            [0x08, 0x00] | [0x86, 0xdd] => return Some(rest),
            [0x81, 0x00] | [0x88, 0xa8] => octets = rest.get(2..)?,
            _ => return None,
        }
    }
    None
}
