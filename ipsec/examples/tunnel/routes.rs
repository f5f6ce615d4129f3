//! Routes that are learned at run time: each end tells the other over the tunnel which networks are behind it, with RIP
//! (RFC 2453, RFC 2080), and sends nothing to networks that it has not heard of.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ipsec::ip_packet::{FlowKey, IpHeader, Ipv4Fields, Ipv6Fields, Ports, internet_checksum};
use ipsec::sa_db::AddressRange;
use ipsec::types::{Encode, IpProtocol, Writer};

/// What one end has heard of.
#[derive(Default)]
pub struct Routes(Vec<AddressRange>);

impl Routes {
    /// Takes the routes of an announcement; those that are new.
    pub fn learn(&mut self, announced: &[AddressRange]) -> Vec<AddressRange> {
        let new: Vec<_> = announced.iter().filter(|network| !self.0.contains(network)).copied().collect();
        self.0.extend(&new);
        new
    }

    /// Whether there is a route to an address.
    pub fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// Commands, versions and ports of RIP and RIPng.
const RESPONSE: u8 = 2;
const RIP: (u8, u16) = (2, 520);
const RIPNG: (u8, u16) = (1, 521);
const METRIC: u8 = 1;

/// The IP packet in which one end announces a network behind it, between the addresses of the tunnel alone.
pub fn announcement(end: usize, (network, length): (IpAddr, u8)) -> Result<Vec<u8>, String> {
    let host = u8::try_from(end + 1).map_err(|error| error.to_string())?;
    match network {
        IpAddr::V4(network) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            let (version, port) = RIP;
            let head = [RESPONSE, version, 0, 0, 0, 2, 0, 0];
            let body =
                [&head[..], &network.octets(), &mask.to_be_bytes(), &[0; 4], &[0, 0, 0, METRIC]].concat();
            let payload = udp(port, &body)?;
            let fields = Ipv4Fields {
                source: Ipv4Addr::new(169, 254, 0, host),
                destination: Ipv4Addr::new(224, 0, 0, 9),
                protocol: IpProtocol::UDP,
                traffic_class: 0xc0,
                ttl: 1,
                identification: 0,
                dont_fragment: true,
                payload_len: payload.len(),
            };
            behind(&fields, &payload)
        }
        IpAddr::V6(network) => {
            let (version, port) = RIPNG;
            let body = [&[RESPONSE, version, 0, 0][..], &network.octets(), &[0, 0, length, METRIC]].concat();
            let mut payload = udp(port, &body)?;
            let source = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, host.into());
            let destination = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 9);
            // UDP over IPv6 has a checksum, over the addresses, too (RFC 8200 §8.1).
            let length = u32::try_from(payload.len()).map_err(|error| error.to_string())?.to_be_bytes();
            let pseudo =
                [&source.octets()[..], &destination.octets(), &length, &[0, 0, 0, 17], &payload].concat();
            payload[6..8].copy_from_slice(&internet_checksum(&pseudo).to_be_bytes());
            let fields = Ipv6Fields {
                source,
                destination,
                next_header: IpProtocol::UDP,
                traffic_class: 0xc0,
                flow_label: 0,
                hop_limit: 255,
                payload_len: payload.len(),
            };
            behind(&fields, &payload)
        }
    }
}

/// The networks of an announcement; `None` for any other packet.
pub fn announced(packet: &[u8]) -> Option<Vec<AddressRange>> {
    let flow = FlowKey::of(packet).ok()?;
    let Ports::Ports { destination, .. } = flow.ports else { return None };
    let upper = IpHeader::parse(packet).ok()?.upper_layer().ok()?;
    let body = packet.get(upper.offset + 8..)?;
    let (head, entries) = body.split_at_checked(4)?;
    let entries = entries.chunks_exact(20);
    if flow.protocol != IpProtocol::UDP || head[0] != RESPONSE {
        return None;
    }
    if destination == RIP.1 && flow.destination == IpAddr::from([224, 0, 0, 9]) {
        return entries.map(rip_entry).collect();
    }
    if destination == RIPNG.1 && flow.destination == IpAddr::from([0xff02, 0, 0, 0, 0, 0, 0, 9]) {
        return entries.map(ripng_entry).collect();
    }
    None
}

fn rip_entry(entry: &[u8]) -> Option<AddressRange> {
    let [network, mask] =
        [4..8, 8..12].map(|range| entry.get(range).and_then(|octets| octets.try_into().ok()));
    let network: [u8; 4] = network?;
    let length = u32::from_be_bytes(mask?).leading_ones();
    AddressRange::prefix(network.into(), u8::try_from(length).ok()?).ok()
}

fn ripng_entry(entry: &[u8]) -> Option<AddressRange> {
    let network: [u8; 16] = entry.get(..16)?.try_into().ok()?;
    AddressRange::prefix(network.into(), *entry.get(18)?).ok()
}

fn udp(port: u16, body: &[u8]) -> Result<Vec<u8>, String> {
    let length = u16::try_from(8 + body.len()).map_err(|error| error.to_string())?;
    Ok([&[port, port, length, 0].map(u16::to_be_bytes).concat(), body].concat())
}

fn behind(fields: &impl Encode, payload: &[u8]) -> Result<Vec<u8>, String> {
    let mut packet = vec![0; fields.encoded_len()];
    fields.encode(&mut Writer::new(&mut packet)).map_err(|error| error.to_string())?;
    packet.extend(payload);
    Ok(packet)
}
