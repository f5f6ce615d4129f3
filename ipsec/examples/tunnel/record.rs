//! What a run leaves behind: a capture of the link, and the keys in Wireshark's tables.

extern crate alloc;

use alloc::sync::Arc;
use core::net::{IpAddr, SocketAddr};
use ipsec::ike::{ChildSaKeys, IkeSaKeys, KeyLog};
use ipsec::ip_packet::Ipv4Fields;
use ipsec::types::{Encode as _, Instant, IpProtocol, Writer};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use testkit::Parcel;

/// The tables, shared by the gateway that writes them and the program that saves them.
#[derive(Clone, Debug, Default)]
pub struct Keys(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    ike: String,
    esp: String,
}

impl KeyLog for Keys {
    fn ike_sa(&self, keys: &IkeSaKeys<'_>) {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tables.ike += &format!("{keys}\n");
    }

    fn child_sa(&self, keys: &ChildSaKeys<'_>) {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tables.esp += &format!("{keys}\n");
    }
}

/// The capture: a pcap file of raw IP packets, with times in microseconds.
pub struct Capture {
    octets: Vec<u8>,
    identification: u16,
}

const LINK_TYPE_RAW: u32 = 101;

impl Capture {
    pub fn new() -> Self {
        let mut octets = Vec::new();
        octets.extend(0xa1b2_c3d4u32.to_le_bytes());
        octets.extend([2, 0, 4, 0]);
        octets.extend([0; 8]);
        octets.extend(0xffffu32.to_le_bytes());
        octets.extend(LINK_TYPE_RAW.to_le_bytes());
        Self { octets, identification: 0 }
    }

    /// Adds what is sent onto the link: a packet with its IP header, or a datagram behind the headers that a host would put
    /// in front.
    pub fn add(&mut self, now: Instant, parcel: &Parcel) -> Result<(), String> {
        let packet = if parcel.esp {
            parcel.contents.clone()
        } else {
            let (source, destination) = (parcel.path.local, parcel.path.remote);
            let payload = udp(source, destination, &parcel.contents)?;
            self.identification = self.identification.wrapping_add(1);
            ipv4(source.ip(), destination.ip(), self.identification, &payload)?
        };
        let (seconds, micros) = (now.elapsed().as_secs(), now.elapsed().subsec_micros());
        let length = u32::try_from(packet.len()).map_err(|error| error.to_string())?;
        let seconds = u32::try_from(seconds).map_err(|error| error.to_string())?;
        for word in [seconds, micros, length, length] {
            self.octets.extend(word.to_le_bytes());
        }
        self.octets.extend(packet);
        Ok(())
    }

    /// Writes the capture and the tables into a folder.
    pub fn save(&self, folder: &Path, keys: &Keys) -> Result<(), String> {
        let tables = keys.0.lock().unwrap_or_else(PoisonError::into_inner);
        let write = |name: &str, octets: &[u8]| {
            let path = folder.join(name);
            std::fs::write(&path, octets).map_err(|error| format!("{}: {error}", path.display()))
        };
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        write("tunnel.pcap", &self.octets)?;
        write("ikev2_decryption_table", tables.ike.as_bytes())?;
        write("esp_sa", tables.esp.as_bytes())
    }
}

fn ipv4(source: IpAddr, destination: IpAddr, identification: u16, payload: &[u8]) -> Result<Vec<u8>, String> {
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (source, destination) else {
        return Err("the link is one of IPv4".to_owned());
    };
    let fields = Ipv4Fields {
        source,
        destination,
        protocol: IpProtocol::UDP,
        traffic_class: 0,
        ttl: 64,
        identification,
        dont_fragment: false,
        payload_len: payload.len(),
    };
    let mut packet = vec![0; fields.encoded_len()];
    fields.encode(&mut Writer::new(&mut packet)).map_err(|error| error.to_string())?;
    packet.extend(payload);
    Ok(packet)
}

/// A UDP datagram, its checksum left out as IPv4 allows.
fn udp(source: SocketAddr, destination: SocketAddr, payload: &[u8]) -> Result<Vec<u8>, String> {
    let length = u16::try_from(8 + payload.len()).map_err(|error| error.to_string())?;
    let header: Vec<_> = [source.port(), destination.port(), length, 0].map(u16::to_be_bytes).concat();
    Ok([&header, payload].concat())
}
