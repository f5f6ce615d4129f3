//! Key files: JSON with `ike_sas` and `child_sas`, and Wireshark's `ikev2_decryption_table` and `esp_sa`.

use core::net::IpAddr;
use ipsec::crypto_suite::{AeadId, CipherId, CryptoProvider, MacId, Protection, Secret};
use ipsec::esp::InboundSa;
use ipsec::ike::v2::{DirectionKeys, FragmentLimits, FragmentReassembler, MessageKeys};
use ipsec::sa_db::{Mode, SaMaterial, SaParams};
use ipsec::types::{IkeSpi, Spi};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// What is known of an IKE SA.
pub struct IkeSa {
    /// Key sets in the order of their use: multiple key exchanges (RFC 9370) change them on the way.
    pub generations: Vec<MessageKeys>,
    /// Why there is none.
    pub reason: String,
    /// Its fragmented messages in the making.
    pub fragments: FragmentReassembler,
}

/// What is known of one direction of an ESP SA: a way to open it, or why there is none.
pub struct EspSa {
    /// The address its packets go to, where the key file says so.
    pub destination: Option<IpAddr>,
    /// Which end of the exchange that made it sends on it, where the key file says so.
    pub direction: Option<&'static str>,
    /// The SA in each form it may have: key files may leave out whether sequence numbers are extended.
    pub candidates: Vec<InboundSa>,
    /// Why there are no candidates.
    pub reason: String,
}

/// All keys that were given.
#[derive(Default)]
pub struct Keys {
    pub ike: HashMap<(IkeSpi, IkeSpi), IkeSa>,
    pub esp: HashMap<u32, Vec<EspSa>>,
}

impl Keys {
    /// Reads a key file, or those in a folder with the names Wireshark gives them.
    pub fn read(&mut self, provider: &CryptoProvider, path: &Path) -> Result<(), String> {
        if path.is_dir() {
            let tables = ["ikev2_decryption_table", "esp_sa"].map(|name| path.join(name));
            let found: Vec<_> = tables.iter().filter(|table| table.is_file()).collect();
            if found.is_empty() {
                return Err("the folder holds neither ikev2_decryption_table nor esp_sa".to_owned());
            }
            return found.into_iter().try_for_each(|table| self.read(provider, table));
        }
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        if text.trim_start().starts_with('{') {
            let json = serde_json::from_str(&text).map_err(|error| format!("not valid JSON: {error}"))?;
            return self.read_json(provider, &json);
        }
        for (line, number) in text.lines().zip(1..) {
            let fields = split_table_line(line);
            let read = match fields.as_slice() {
                [only] if only.is_empty() => Ok(()),
                [first, ..] if first.starts_with('#') => Ok(()),
                [family, rest @ ..] if family == "IPv4" || family == "IPv6" => {
                    self.read_esp_sa(provider, rest)
                }
                [_, _] => {
                    Err("a line of an ikev1_decryption_table: IKEv1 cannot be decrypted yet".to_owned())
                }
                _ => self.read_ikev2_table(provider, &fields),
            };
            read.map_err(|error: String| format!("line {number}: {error}"))?;
        }
        Ok(())
    }

    fn read_json(&mut self, provider: &CryptoProvider, json: &Value) -> Result<(), String> {
        let list = |name: &str| json.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if json.get("ike_sas").is_none() && json.get("child_sas").is_none() {
            return Err("neither ike_sas nor child_sas in the JSON object".to_owned());
        }
        for (sa, index) in list("ike_sas").iter().zip(0..) {
            self.add_json_ike_sa(provider, sa).map_err(|error| format!("ike_sas[{index}]: {error}"))?;
        }
        for (sa, index) in list("child_sas").iter().zip(0..) {
            self.add_json_child_sa(provider, sa).map_err(|error| format!("child_sas[{index}]: {error}"))?;
        }
        Ok(())
    }

    fn add_json_ike_sa(&mut self, provider: &CryptoProvider, sa: &Value) -> Result<(), String> {
        if sa.get("version").and_then(Value::as_u64) == Some(1) {
            return Ok(());
        }
        let spis = (ike_spi(text(sa, "spi_i"))?, ike_spi(text(sa, "spi_r"))?);
        let protection = protection_of_proposal(text(sa, "proposal"));
        let sets = match sa.get("key_generations").and_then(Value::as_array) {
            Some(sets) => sets.as_slice(),
            None => core::slice::from_ref(sa),
        };
        let mut entry = IkeSa::new();
        for set in sets {
            let key = |name| secret(text(set, name));
            let keys = [key("SK_ei")?, key("SK_ai")?, key("SK_er")?, key("SK_ar")?];
            entry.add(provider, protection.clone(), keys);
        }
        self.ike.insert(spis, entry);
        Ok(())
    }

    fn add_json_child_sa(&mut self, provider: &CryptoProvider, sa: &Value) -> Result<(), String> {
        if text(sa, "protocol") != "ESP" {
            return Ok(());
        }
        let protection = protection_of_proposal(text(sa, "proposal"));
        let esn = sa.get("esn").and_then(Value::as_bool);
        let mode = if text(sa, "mode").starts_with("tunnel") { Mode::Tunnel } else { Mode::Transport };
        let directions = [
            ("spi_responder", "initiator_to_responder", "from exchange initiator"),
            ("spi_initiator", "responder_to_initiator", "from exchange responder"),
        ];
        for (spi, direction, sender) in directions {
            let Some(keys) = sa.get(direction) else { continue };
            let number = esp_spi(text(sa, spi))?;
            let keys = (text(keys, "enc_key"), text(keys, "auth_key"));
            let mut entry = EspSa::new(provider, number, None, protection.clone(), esn, mode, keys)?;
            entry.direction = Some(sender);
            self.esp.entry(number).or_default().push(entry);
        }
        Ok(())
    }

    /// Initiator's SPI, responder's SPI, SK_ei, SK_er, encryption, SK_ai, SK_ar, integrity.
    fn read_ikev2_table(&mut self, provider: &CryptoProvider, fields: &[String]) -> Result<(), String> {
        let [spi_i, spi_r, sk_ei, sk_er, encryption, sk_ai, sk_ar, integrity] = fields else {
            return Err(format!(
                "{} fields; an ikev2_decryption_table has 8, an esp_sa 8 or 9",
                fields.len()
            ));
        };
        let protection = protection_of_names(encryption, integrity, IKE_INTEGRITY, octets(sk_ei)?.len());
        let keys = [secret(sk_ei)?, secret(sk_ai)?, secret(sk_er)?, secret(sk_ar)?];
        let entry = self.ike.entry((ike_spi(spi_i)?, ike_spi(spi_r)?)).or_insert_with(IkeSa::new);
        entry.add(provider, protection, keys);
        Ok(())
    }

    /// Source, destination, SPI, encryption, key, authentication, key and, in later versions, the length of numbers.
    fn read_esp_sa(&mut self, provider: &CryptoProvider, fields: &[String]) -> Result<(), String> {
        let [_, destination, spi, encryption, enc_key, authentication, auth_key, rest @ ..] = fields else {
            return Err(format!("{} fields; an esp_sa has 8 or 9", fields.len() + 1));
        };
        let number = esp_spi(spi)?;
        let protection =
            protection_of_names(encryption, authentication, ESP_INTEGRITY, octets(enc_key)?.len());
        let esn = rest.first().map(|length| length.contains("64"));
        let keys = (enc_key.as_str(), auth_key.as_str());
        let destination = destination.parse().ok();
        let entry = EspSa::new(provider, number, destination, protection, esn, Mode::Transport, keys)?;
        self.esp.entry(number).or_default().push(entry);
        Ok(())
    }
}

impl IkeSa {
    fn new() -> Self {
        let reason = "no keys for this IKE SA".to_owned();
        Self {
            generations: Vec::new(),
            reason,
            fragments: FragmentReassembler::new(FragmentLimits::default()),
        }
    }

    fn add(&mut self, provider: &CryptoProvider, protection: Result<Protection, String>, keys: [Secret; 4]) {
        let [sk_ei, sk_ai, sk_er, sk_ar] = keys;
        let given = |key: Secret| if key.is_empty() { None } else { Some(key) };
        match protection {
            Ok(_) if sk_ei.is_empty() && sk_er.is_empty() => {}
            Ok(protection) => {
                let initiator = DirectionKeys { sk_e: sk_ei, sk_a: given(sk_ai) };
                let responder = DirectionKeys { sk_e: sk_er, sk_a: given(sk_ar) };
                match MessageKeys::new(provider, protection, initiator, responder) {
                    Ok(keys) => self.generations.push(keys),
                    Err(error) => self.reason = format!("the keys given do not fit {protection}: {error}"),
                }
            }
            Err(reason) => self.reason = reason,
        }
    }
}

impl EspSa {
    fn new(
        provider: &CryptoProvider,
        spi: u32,
        destination: Option<IpAddr>,
        protection: Result<Protection, String>,
        esn: Option<bool>,
        mode: Mode,
        (enc_key, auth_key): (&str, &str),
    ) -> Result<Self, String> {
        let spi = Spi::new(spi).map_err(|error| error.to_string())?;
        let mut entry = Self { destination, direction: None, candidates: Vec::new(), reason: String::new() };
        let protection = match protection {
            Ok(protection) => protection,
            Err(reason) => return Ok(Self { reason, ..entry }),
        };
        let forms: &[bool] = match esn {
            Some(false) => &[false],
            Some(true) => &[true],
            None => &[false, true],
        };
        for extended in forms {
            let params = SaParams { extended_sequence_numbers: *extended, ..SaParams::new(protection, mode) };
            let given = |key: Secret| if key.is_empty() { None } else { Some(key) };
            let (encryption, integrity) = (given(secret(enc_key)?), given(secret(auth_key)?));
            match InboundSa::new(provider, SaMaterial { spi, params, encryption, integrity }) {
                Ok(sa) => entry.candidates.push(sa),
                Err(error) => entry.reason = format!("the keys given do not fit {protection}: {error}"),
            }
        }
        Ok(entry)
    }
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn ike_spi(hex: &str) -> Result<IkeSpi, String> {
    let octets = octets(hex)?;
    octets.try_into().map(IkeSpi).map_err(|_| format!("{hex:?} is no IKE SPI of 8 octets"))
}

fn esp_spi(hex: &str) -> Result<u32, String> {
    u32::from_str_radix(without_prefix(hex), 16).map_err(|_| format!("{hex:?} is no SPI"))
}

/// Hex digits without the `0x` that some tools write.
fn without_prefix(hex: &str) -> &str {
    let hex = hex.trim();
    hex.strip_prefix("0x").or_else(|| hex.strip_prefix("0X")).unwrap_or(hex)
}

fn secret(hex: &str) -> Result<Secret, String> {
    octets(hex).map(Secret::from)
}

fn octets(hex: &str) -> Result<Vec<u8>, String> {
    let digits = without_prefix(hex);
    let bad = || format!("{} digits that are not hex octets", digits.len());
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return Err(bad());
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| bad()))
        .collect()
}

/// Fields separated by commas, each with or without quotation marks.
fn split_table_line(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for character in line.trim().chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => {
                if let Some(field) = fields.last_mut() {
                    field.push(character);
                }
            }
        }
    }
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

/// The protection in a proposal such as `AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/CURVE_25519`.
fn protection_of_proposal(proposal: &str) -> Result<Protection, String> {
    let mut transforms = proposal.split('/');
    let encryption = transforms.next().unwrap_or_default();
    let unsupported = || format!("{encryption} is not supported yet");
    if let Some(bits) = encryption.strip_prefix("AES_GCM_16_") {
        return gcm16(bits).map(Protection::Aead).ok_or_else(unsupported);
    }
    let cipher = match encryption {
        "NULL" => CipherId::Null,
        "AES_CBC_128" => CipherId::Aes128Cbc,
        "AES_CBC_192" => CipherId::Aes192Cbc,
        "AES_CBC_256" => CipherId::Aes256Cbc,
        "" => return Err("the key file names no proposal".to_owned()),
        _ => return Err(unsupported()),
    };
    let integrity = transforms.next().unwrap_or_default();
    let mac = match integrity {
        "HMAC_SHA1_96" => MacId::HmacSha1_96,
        "HMAC_SHA2_256_128" => MacId::HmacSha2_256_128,
        "HMAC_SHA2_384_192" => MacId::HmacSha2_384_192,
        "HMAC_SHA2_512_256" => MacId::HmacSha2_512_256,
        _ => return Err(format!("{integrity} is not supported yet")),
    };
    Ok(Protection::Composed { cipher, mac })
}

fn gcm16(bits: &str) -> Option<AeadId> {
    match bits {
        "128" => Some(AeadId::Aes128Gcm16),
        "192" => Some(AeadId::Aes192Gcm16),
        "256" => Some(AeadId::Aes256Gcm16),
        _ => None,
    }
}

/// Wireshark's names of integrity algorithms in ikev2_decryption_table.
const IKE_INTEGRITY: &[(&str, MacId)] = &[
    ("HMAC_SHA1_96 [RFC2404]", MacId::HmacSha1_96),
    ("HMAC_SHA2_256_128 [RFC4868]", MacId::HmacSha2_256_128),
    ("HMAC_SHA2_384_192 [RFC4868]", MacId::HmacSha2_384_192),
    ("HMAC_SHA2_512_256 [RFC4868]", MacId::HmacSha2_512_256),
];

/// Wireshark's names of integrity algorithms in esp_sa.
const ESP_INTEGRITY: &[(&str, MacId)] = &[
    ("HMAC-SHA-1-96 [RFC2404]", MacId::HmacSha1_96),
    ("HMAC-SHA-256-128 [RFC4868]", MacId::HmacSha2_256_128),
    ("HMAC-SHA-384-192 [RFC4868]", MacId::HmacSha2_384_192),
    ("HMAC-SHA-512-256 [RFC4868]", MacId::HmacSha2_512_256),
];

/// The protection that Wireshark calls by these names, for an encryption key of `key_len` octets.
fn protection_of_names(
    encryption: &str,
    integrity: &str,
    names: &[(&str, MacId)],
    key_len: usize,
) -> Result<Protection, String> {
    let unsupported = || format!("{encryption} with {integrity} is not supported yet");
    if encryption.starts_with("AES-GCM") {
        // Older tables leave the ICV out of the name and say how long it is under authentication.
        let sixteen = encryption.contains("with 16 octet ICV") || integrity.starts_with("ANY 128 bit");
        let aead = match key_len {
            20 => AeadId::Aes128Gcm16,
            28 => AeadId::Aes192Gcm16,
            36 => AeadId::Aes256Gcm16,
            _ => return Err(format!("no key of {key_len} octets fits {encryption}")),
        };
        return if sixteen { Ok(Protection::Aead(aead)) } else { Err(unsupported()) };
    }
    let mac =
        names.iter().find(|(name, _)| *name == integrity).map(|(_, mac)| *mac).ok_or_else(unsupported)?;
    let cipher = match (encryption, key_len) {
        ("NULL", _) => CipherId::Null,
        (name, 16) if name.starts_with("AES-CBC") => CipherId::Aes128Cbc,
        (name, 24) if name.starts_with("AES-CBC") => CipherId::Aes192Cbc,
        (name, 32) if name.starts_with("AES-CBC") => CipherId::Aes256Cbc,
        _ => return Err(unsupported()),
    };
    Ok(Protection::Composed { cipher, mac })
}
