//! How payloads are named and described.

use ipsec::ikev2_wire::{Payload, RawPayload};

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
    let critical = if raw.is_critical() { " (critical)" } else { "" };
    match raw.decode() {
        Ok(payload) => format!("{payload}{critical}"),
        Err(error) => format!("{raw}{critical}: malformed: {error}"),
    }
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

/// Lower-case hex.
pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
