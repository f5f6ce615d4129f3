//! What an opened ESP packet carries.

use crate::payloads::hex;
use ipsec::esp::OpenedKind;
use ipsec::ip_packet::IpHeader;
use ipsec::types::IpProtocol;
use serde_json::{Map, Value, json};

/// Payloads up to this length are shown whole, in octets.
const SHOWN: usize = 512;

/// The fields of an inner packet, in the order they are shown.
pub type Inner = Map<String, Value>;

/// Reads the data of an opened packet.
pub fn read(kind: OpenedKind, next_header: IpProtocol, data: &[u8]) -> Inner {
    let mut inner = Map::new();
    // Key files of Wireshark do not tell tunnel from transport mode; the next header does.
    let packet = matches!(next_header, IpProtocol::IPV4 | IpProtocol::IPV6).then(|| IpHeader::parse(data));
    match (kind, packet) {
        (OpenedKind::Dummy, _) => {
            inner.insert("encap".to_owned(), "dummy".into());
        }
        (_, Some(Ok(ip))) => {
            let family = if matches!(ip, IpHeader::V4(_)) { "IPv4" } else { "IPv6" };
            inner.insert("encap".to_owned(), family.into());
            inner.insert("src".to_owned(), ip.source().to_string().into());
            inner.insert("dst".to_owned(), ip.destination().to_string().into());
            match ip.upper_layer() {
                Ok(upper) if upper.fragment.is_some() => {
                    inner.insert("proto".to_owned(), upper.protocol.to_string().into());
                    inner.insert("fragment".to_owned(), true.into());
                }
                Ok(upper) => add_upper(&mut inner, upper.protocol, upper.payload),
                Err(error) => {
                    inner.insert("error".to_owned(), error.to_string().into());
                }
            }
        }
        (_, Some(Err(error))) => {
            inner.insert("encap".to_owned(), "transport".into());
            inner.insert("proto".to_owned(), next_header.to_string().into());
            inner.insert("error".to_owned(), error.to_string().into());
        }
        (_, None) => {
            inner.insert("encap".to_owned(), "transport".into());
            add_upper(&mut inner, next_header, data);
        }
    }
    inner
}

fn add_upper(inner: &mut Inner, protocol: IpProtocol, payload: &[u8]) {
    inner.insert("proto".to_owned(), protocol.to_string().into());
    let word = |at: usize| payload.get(at..at + 2).map(|pair| u16::from(pair[0]) << 8 | u16::from(pair[1]));
    let Some(head) = payload.get(..8) else {
        inner.insert("payload_len".to_owned(), json!(payload.len()));
        return;
    };
    let mut add = |name: &str, value: Value| inner.insert(name.to_owned(), value);
    match protocol {
        IpProtocol::ICMP | IpProtocol::ICMPV6 => {
            add("type", json!(head[0]));
            add("code", json!(head[1]));
            if protocol == IpProtocol::ICMP && matches!(head[0], 0 | 8) {
                add("id", json!(word(4)));
                add("seq", json!(word(6)));
            }
            add("data_len", json!(payload.len() - 8));
        }
        IpProtocol::UDP => {
            add("sport", json!(word(0)));
            add("dport", json!(word(2)));
            let content = &payload[8..];
            add("payload_len", json!(content.len()));
            if content.len() <= SHOWN {
                add("payload_hex", json!(hex(content)));
            }
        }
        IpProtocol::TCP => {
            add("sport", json!(word(0)));
            add("dport", json!(word(2)));
            let header_len = payload.get(12).map_or(20, |octet| usize::from(octet >> 4) * 4);
            add("payload_len", json!(payload.len().saturating_sub(header_len)));
        }
        _ => {
            add("payload_len", json!(payload.len()));
        }
    }
}
