use std::path::Path;

/// One frame of a capture.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its number, from 1, as Wireshark counts.
    pub number: u64,
    /// Its octets, from the Ethernet header on.
    pub octets: Vec<u8>,
}

impl Frame {
    /// The payload of the UDP datagram in an unfragmented IPv4 or IPv6 packet without options, with its ports.
    pub fn udp(&self) -> Option<(u16, u16, &[u8])> {
        let ip = self.octets.get(14..)?;
        let (udp, protocol) = match ip.first()? >> 4 {
            4 if ip.get(6..8)? == [0, 0] || ip.get(6..8)? == [0x40, 0] => (ip.get(20..)?, *ip.get(9)?),
            6 => (ip.get(40..)?, *ip.get(6)?),
            _ => return None,
        };
        if protocol != 17 {
            return None;
        }
        let field = |at: usize| Some(u16::from_be_bytes([*udp.get(at)?, *udp.get(at + 1)?]));
        Some((field(0)?, field(2)?, udp.get(8..usize::from(field(4)?))?))
    }

    /// The IKE message in the frame, without the non-ESP marker.
    pub fn ike(&self) -> Option<&[u8]> {
        let (source, destination, payload) = self.udp()?;
        if source == 4500 || destination == 4500 {
            payload.strip_prefix(&[0; 4]).filter(|message| !message.is_empty())
        } else {
            (source == 500 || destination == 500).then_some(payload)
        }
    }
}

/// The frames of a classic little-endian pcap file of Ethernet frames, as all of `testdata/captures` are.
///
/// # Panics
///
/// Where the file cannot be read or is of another format.
pub fn read_pcap(path: impl AsRef<Path>) -> Vec<Frame> {
    let file = std::fs::read(path.as_ref()).expect("a readable capture");
    assert_eq!(file[..4], [0xd4, 0xc3, 0xb2, 0xa1], "a little-endian classic pcap");
    let mut rest = &file[24..];
    let mut frames = Vec::new();
    while let Some((header, tail)) = rest.split_first_chunk::<16>() {
        let captured = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        let (octets, next) = tail.split_at(captured.try_into().expect("a usize"));
        frames.push(Frame { number: frames.len() as u64 + 1, octets: octets.to_vec() });
        rest = next;
    }
    frames
}
