//! How payloads are named and described.

use core::fmt::Write as _;
use ipsec::ikev2_wire::{Delete, IdType, Identification, Notify, Payload, RawPayload, Sa, TrafficSelectors};

/// The payload's notation, with what it is about: `N(COOKIE)`, `D(ESP)`, `EAP(Request/TLS)`.
pub fn spell(raw: &RawPayload<'_>) -> String {
    let notation = raw.kind().notation().map_or_else(|| raw.kind().0.to_string(), str::to_owned);
    match raw.decode() {
        Ok(Payload::Notify(notify)) => format!("N({})", notify.kind()),
        Ok(Payload::Delete(delete)) => format!("D({})", delete.protocol()),
        Ok(Payload::Configuration(_) | Payload::Eap(_)) => match (notation.as_str(), raw.body()) {
            ("CP", [kind, ..]) => format!("CP({})", configuration(*kind)),
            ("EAP", body) => format!("EAP({})", eap(body)),
            _ => notation,
        },
        _ => notation,
    }
}

/// Fragment Number and Total Fragments of an SKF payload.
pub fn fragment_numbers(raw: &RawPayload<'_>) -> Option<(u16, u16)> {
    match raw.decode() {
        Ok(Payload::EncryptedFragment(skf)) => Some((skf.fragment_number(), skf.total_fragments())),
        _ => None,
    }
}

/// A line on what the payload says.
pub fn describe(raw: &RawPayload<'_>) -> String {
    let name = spell(raw);
    let detail = match raw.decode() {
        Ok(Payload::Sa(sa)) => proposals(&sa),
        Ok(Payload::KeyExchange(ke)) => format!("{}, {} octets", ke.method(), ke.data().len()),
        Ok(Payload::IdI(id) | Payload::IdR(id)) => identity(&id),
        Ok(Payload::Certificate(cert)) => format!("{}, {} octets", cert.encoding(), cert.data().len()),
        Ok(Payload::CertificateRequest(request)) => {
            format!("{}, {} octets", request.encoding(), request.authorities().len())
        }
        Ok(Payload::Authentication(auth)) => format!("{}, {} octets", auth.method(), auth.data().len()),
        Ok(Payload::Nonce(nonce)) => format!("{} octets", nonce.data().len()),
        Ok(Payload::Notify(notify)) => notification(&notify),
        Ok(Payload::Delete(delete)) => spis(&delete),
        Ok(Payload::VendorId(vendor)) => text_or_hex(vendor.data()),
        Ok(Payload::TrafficSelectorsI(selectors) | Payload::TrafficSelectorsR(selectors)) => {
            ranges(&selectors)
        }
        Ok(Payload::Configuration(configuration)) => list(configuration.attributes()),
        Ok(Payload::Eap(eap)) => eap.method().map_or_else(String::new, |method| method.to_string()),
        Ok(_) => format!("{} octets", raw.body().len()),
        Err(error) => format!("malformed: {error}"),
    };
    let critical = if raw.is_critical() { " (critical)" } else { "" };
    if detail.is_empty() { format!("{name}{critical}") } else { format!("{name}{critical}: {detail}") }
}

fn list(items: impl Iterator<Item = impl core::fmt::Display>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn proposals(sa: &Sa<'_>) -> String {
    let mut out = String::new();
    for proposal in sa.proposals() {
        let separator = if out.is_empty() { "" } else { "; " };
        let _ = write!(out, "{separator}{} {}", proposal.number(), proposal.protocol());
        if !proposal.spi().is_empty() {
            let _ = write!(out, " {}", hex(proposal.spi()));
        }
        for transform in proposal.transforms() {
            match transform.id_name() {
                Some(name) => out.extend([" ", name]),
                None => {
                    let _ = write!(out, " {}:{}", transform.kind(), transform.id());
                }
            }
            if let Ok(Some(bits)) = transform.key_length() {
                let _ = write!(out, "/{bits}");
            }
        }
    }
    out
}

fn identity(id: &Identification<'_>) -> String {
    let data = id.data();
    let value = match (id.kind(), data) {
        (IdType::ID_IPV4_ADDR, data) if data.len() == 4 => {
            data.iter().map(u8::to_string).collect::<Vec<_>>().join(".")
        }
        (IdType::ID_FQDN | IdType::ID_RFC822_ADDR, data) => data.escape_ascii().to_string(),
        _ => text_or_hex(data),
    };
    format!("{} {value}", id.kind())
}

fn notification(notify: &Notify<'_>) -> String {
    let mut parts = Vec::new();
    if !notify.spi().is_empty() {
        parts.push(format!("{} SPI {}", notify.protocol(), hex(notify.spi())));
    }
    if !notify.data().is_empty() {
        parts.push(hex(notify.data()));
    }
    parts.join(", ")
}

fn spis(delete: &Delete<'_>) -> String {
    delete.spis().map(hex).collect::<Vec<_>>().join(" ")
}

fn ranges(selectors: &TrafficSelectors<'_>) -> String {
    selectors.iter().map(|selector| format!("{selector:?}")).collect::<Vec<_>>().join(", ")
}

fn configuration(kind: u8) -> String {
    match kind {
        1 => "REQUEST".to_owned(),
        2 => "REPLY".to_owned(),
        3 => "SET".to_owned(),
        4 => "ACK".to_owned(),
        other => other.to_string(),
    }
}

fn eap(body: &[u8]) -> String {
    let code = match body.first() {
        Some(1) => "Request",
        Some(2) => "Response",
        Some(3) => return "Success".to_owned(),
        Some(4) => return "Failure".to_owned(),
        _ => return "malformed".to_owned(),
    };
    let method = match body.get(4) {
        Some(1) => "Identity".to_owned(),
        Some(2) => "Notification".to_owned(),
        Some(3) => "Nak".to_owned(),
        Some(4) => "MD5".to_owned(),
        Some(6) => "GTC".to_owned(),
        Some(13) => "TLS".to_owned(),
        Some(18) => "SIM".to_owned(),
        Some(21) => "TTLS".to_owned(),
        Some(23) => "AKA".to_owned(),
        Some(25) => "PEAP".to_owned(),
        Some(26) => "MSCHAPv2".to_owned(),
        Some(50) => "AKA'".to_owned(),
        Some(other) => other.to_string(),
        None => return "malformed".to_owned(),
    };
    format!("{code}/{method}")
}

/// Printable text with everything else escaped, or hex.
fn text_or_hex(octets: &[u8]) -> String {
    let printable = octets.iter().all(|octet| (b' '..=b'~').contains(octet));
    if printable { octets.escape_ascii().to_string() } else { hex(octets) }
}

/// Lower-case hex.
pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
