//! Key files: JSON with `ike_sas` and `child_sas`, and Wireshark's `ikev1_decryption_table`, `ikev2_decryption_table` and
//! `esp_sa`.

use crate::algorithms::{
    ESP_INTEGRITY, IKE_INTEGRITY, protection_of_ah_proposal, protection_of_names, protection_of_proposal,
};
use crate::data::DataSa;
use crate::ikev1::{IsakmpSa, KeySet, algorithms_of_proposal};
use crate::report::Message;
use core::net::IpAddr;
use ipsec::crypto_suite::{CryptoProvider, Protection, Secret};
use ipsec::ike::v2::{DirectionKeys, FragmentLimits, FragmentReassembler, MessageKeys};
use ipsec::ikev1_wire;
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

/// Keys for each SPI that fits a pattern, as an `esp_sa` may have them.
struct EspPattern {
    /// The hex digits of the SPI; `*` stands for any digit.
    digits: String,
    destination: Option<IpAddr>,
    protection: Result<Protection, String>,
    esn: Option<bool>,
    enc_key: String,
    auth_key: String,
}

/// All keys that were given.
pub struct Keys {
    provider: CryptoProvider,
    pub ike: HashMap<(IkeSpi, IkeSpi), IkeSa>,
    /// SAs of IKEv1, by the initiator's cookie: tables name no other.
    isakmp: HashMap<IkeSpi, IsakmpSa>,
    esp: HashMap<Spi, Vec<DataSa>>,
    ah: HashMap<Spi, Vec<DataSa>>,
    patterns: Vec<EspPattern>,
}

/// What became of the entries of a file.
struct Entries<'a> {
    path: &'a Path,
    read: usize,
    first_error: Option<String>,
}

impl Entries<'_> {
    /// An entry that cannot be read takes nothing from the others.
    fn count(&mut self, name: &str, read: Result<(), String>) {
        match read {
            Ok(()) => self.read += 1,
            Err(error) => {
                eprintln!("dissect: {}: {name}: {error}", self.path.display());
                self.first_error.get_or_insert_with(|| format!("{name}: {error}"));
            }
        }
    }

    fn finish(self) -> Result<(), String> {
        match self.first_error {
            Some(error) if self.read == 0 => Err(error),
            _ => Ok(()),
        }
    }
}

impl Keys {
    pub fn new(provider: CryptoProvider) -> Self {
        Self {
            provider,
            ike: HashMap::new(),
            isakmp: HashMap::new(),
            esp: HashMap::new(),
            ah: HashMap::new(),
            patterns: Vec::new(),
        }
    }

    /// Reads a key file, or those in a folder with the names Wireshark gives them.
    pub fn read(&mut self, path: &Path) -> Result<(), String> {
        if path.is_dir() {
            let tables = TABLES.map(|name| path.join(name));
            let found: Vec<_> = tables.iter().filter(|table| table.is_file()).collect();
            if found.is_empty() {
                return Err(format!("the folder holds none of {}", TABLES.join(", ")));
            }
            return found.into_iter().try_for_each(|table| self.read(table));
        }
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut entries = Entries { path, read: 0, first_error: None };
        if text.trim_start().starts_with('{') {
            let json = serde_json::from_str(text).map_err(|error| format!("not valid JSON: {error}"))?;
            self.read_json(&mut entries, &json)?;
            return entries.finish();
        }
        for (line, number) in text.lines().zip(1..) {
            let fields = split_table_line(line);
            let read = match fields.as_slice() {
                [only] if only.is_empty() => continue,
                [first, ..] if first.starts_with('#') => continue,
                [family, rest @ ..] if ["ipv4", "ipv6", "any"].contains(&family.to_lowercase().as_str()) => {
                    self.read_esp_sa(rest)
                }
                [cookie, key] => self.read_ikev1_table(cookie, key),
                _ => self.read_ikev2_table(&fields),
            };
            entries.count(&format!("line {number}"), read);
        }
        entries.finish()
    }

    fn read_json(&mut self, entries: &mut Entries<'_>, json: &Value) -> Result<(), String> {
        let list = |name: &str| json.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if json.get("ike_sas").is_none() && json.get("child_sas").is_none() {
            return Err("neither ike_sas nor child_sas in the JSON object".to_owned());
        }
        for (sa, index) in list("ike_sas").iter().zip(0..) {
            let read = self.add_json_ike_sa(sa);
            entries.count(&format!("ike_sas[{index}]"), read);
        }
        for (sa, index) in list("child_sas").iter().zip(0..) {
            for (spi, direction, sender) in DIRECTIONS {
                let Some(keys) = sa.get(direction) else { continue };
                let read = self.add_json_child_sa(sa, sa.get(spi), keys, sender);
                entries.count(&format!("child_sas[{index}]: {direction}"), read);
            }
        }
        Ok(())
    }

    fn add_json_ike_sa(&mut self, sa: &Value) -> Result<(), String> {
        if sa.get("version").and_then(Value::as_u64) == Some(1) {
            return self.add_json_isakmp_sa(sa);
        }
        let spis = (ike_spi(text(sa, "spi_i"))?, ike_spi(text(sa, "spi_r"))?);
        let protection = protection_of_proposal(text(sa, "proposal"));
        let sets = match sa.get("key_generations").and_then(Value::as_array) {
            Some(sets) => sets.as_slice(),
            None => core::slice::from_ref(sa),
        };
        let entry = self.ike.entry(spis).or_insert_with(IkeSa::new);
        for set in sets {
            let key = |name| secret(text(set, name));
            let keys = [key("SK_ei")?, key("SK_ai")?, key("SK_er")?, key("SK_ar")?];
            entry.add(&self.provider, protection.clone(), keys);
        }
        Ok(())
    }

    /// An SA of IKEv1; where the ends had different pre-shared keys also the keys of the other end.
    fn add_json_isakmp_sa(&mut self, sa: &Value) -> Result<(), String> {
        let cookie = ike_spi(text(sa, "cookie_i"))?;
        let algorithms = algorithms_of_proposal(text(sa, "proposal"));
        let given = |of: &Value, name| {
            octets(text(of, name)).map(|octets| if octets.is_empty() { None } else { Some(octets) })
        };
        for set in [Some(sa), sa.get("keys_of_the_other_psk")].into_iter().flatten() {
            let Some(encryption) = given(set, "encryption_key_Ka")? else { continue };
            let keys = KeySet {
                algorithms: Some(algorithms.clone()),
                encryption,
                skeyid: given(set, "SKEYID")?,
                skeyid_a: given(set, "SKEYID_a")?,
                phase_1_iv: given(sa, "phase1_iv")?,
                last_phase_1_block: given(set, "last_phase1_block")?,
            };
            self.isakmp.entry(cookie).or_default().keys.push(keys);
        }
        Ok(())
    }

    /// The initiator's cookie, and the key that messages are encrypted with.
    fn read_ikev1_table(&mut self, cookie: &str, key: &str) -> Result<(), String> {
        let keys = KeySet {
            algorithms: None,
            encryption: octets(key)?,
            skeyid: None,
            skeyid_a: None,
            phase_1_iv: None,
            last_phase_1_block: None,
        };
        self.isakmp.entry(ike_spi(cookie)?).or_default().keys.push(keys);
        Ok(())
    }

    /// Takes what a message of IKEv1 in the clear tells.
    pub fn learn_ikev1(&mut self, wire: &ikev1_wire::Message<'_>, message: &mut Message) {
        if let Some(sa) = self.isakmp.get_mut(&message.header.spi_i) {
            sa.learn(&self.provider, wire, message);
        }
    }

    /// Opens an encrypted message of IKEv1; says why where no keys fit.
    pub fn open_ikev1(&mut self, octets: &[u8], message: &mut Message) -> Result<(), String> {
        match self.isakmp.get_mut(&message.header.spi_i) {
            Some(sa) => sa.open(&self.provider, octets, message),
            None => Err("no keys for this IKE SA".to_owned()),
        }
    }

    fn add_json_child_sa(
        &mut self,
        sa: &Value,
        spi: Option<&Value>,
        keys: &Value,
        sender: &'static str,
    ) -> Result<(), String> {
        let of_ah = text(sa, "protocol").eq_ignore_ascii_case("AH");
        let spi = match spi {
            Some(Value::Number(number)) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            Some(Value::String(digits)) => u32::from_str_radix(without_prefix(digits), 16).ok(),
            _ => return Err("no SPI".to_owned()),
        };
        let spi = Spi::new(spi.ok_or("no SPI of 32 bits")?).map_err(|error| error.to_string())?;
        let read = if of_ah { protection_of_ah_proposal } else { protection_of_proposal };
        let protection = read(text(sa, "proposal"));
        let esn = sa.get("esn").and_then(Value::as_bool);
        let keys = [(octets(text(keys, "enc_key"))?, octets(text(keys, "auth_key"))?)];
        let mut entry = DataSa::new(&self.provider, of_ah, spi, protection, esn, &keys);
        entry.direction = Some(sender);
        let sas = if of_ah { &mut self.ah } else { &mut self.esp };
        sas.entry(spi).or_default().push(entry);
        Ok(())
    }

    /// Initiator's SPI, responder's SPI, SK_ei, SK_er, encryption, SK_ai, SK_ar, integrity.
    fn read_ikev2_table(&mut self, fields: &[String]) -> Result<(), String> {
        let [spi_i, spi_r, sk_ei, sk_er, encryption, sk_ai, sk_ar, integrity] = fields else {
            return Err(format!(
                "{} fields; an ikev2_decryption_table has 8, an esp_sa 8 or 9",
                fields.len()
            ));
        };
        let protection = protection_of_names(encryption, integrity, IKE_INTEGRITY, octets(sk_ei)?.len());
        let keys = [secret(sk_ei)?, secret(sk_ai)?, secret(sk_er)?, secret(sk_ar)?];
        let entry = self.ike.entry((ike_spi(spi_i)?, ike_spi(spi_r)?)).or_insert_with(IkeSa::new);
        entry.add(&self.provider, protection, keys);
        Ok(())
    }

    /// Source, destination, SPI, encryption, key, authentication, key and, in later versions, the length of numbers.
    fn read_esp_sa(&mut self, fields: &[String]) -> Result<(), String> {
        let [_, destination, spi, encryption, enc_key, authentication, auth_key, rest @ ..] = fields else {
            return Err(format!("{} fields; an esp_sa has 8 or 9", fields.len() + 1));
        };
        let protections: Vec<_> = key_forms(enc_key)
            .iter()
            .map(|key| protection_of_names(encryption, authentication, ESP_INTEGRITY, key.len()))
            .collect();
        let fits = protections.iter().find(|protection| protection.is_ok()).or_else(|| protections.first());
        let pattern = EspPattern {
            digits: without_prefix(spi).to_lowercase(),
            destination: destination.parse().ok(),
            protection: fits.cloned().unwrap_or_else(|| Err("no key".to_owned())),
            esn: rest.first().map(|length| length.contains("64")),
            enc_key: enc_key.clone(),
            auth_key: auth_key.clone(),
        };
        if pattern.digits.contains('*') {
            if !pattern.digits.chars().all(|digit| digit == '*' || digit.is_ascii_hexdigit()) {
                return Err(format!("{spi:?} is no SPI"));
            }
            self.patterns.push(pattern);
            return Ok(());
        }
        let spi = u32::from_str_radix(&pattern.digits, 16).map_err(|_| format!("{spi:?} is no SPI"))?;
        let spi = Spi::new(spi).map_err(|error| error.to_string())?;
        let entry = pattern.instance(&self.provider, spi);
        self.esp.entry(spi).or_default().push(entry);
        Ok(())
    }

    /// The SAs an SPI may be of: those that name it first, then those whose pattern it fits.
    pub fn esp_sas(&mut self, spi: Spi) -> Option<&mut Vec<DataSa>> {
        let sas = self.esp.entry(spi).or_default();
        let instances = self.patterns.iter().filter(|pattern| pattern.fits(spi));
        let missing = instances.clone().count().saturating_sub(sas.iter().filter(|sa| sa.by_pattern).count());
        if missing > 0 {
            sas.extend(instances.map(|pattern| pattern.instance(&self.provider, spi)));
        }
        (!sas.is_empty()).then_some(sas)
    }

    /// The AH SAs of an SPI.
    pub fn ah_sas(&mut self, spi: Spi) -> Option<&mut Vec<DataSa>> {
        self.ah.get_mut(&spi)
    }
}

/// The files that a folder of tables may have.
const TABLES: [&str; 3] = ["ikev1_decryption_table", "ikev2_decryption_table", "esp_sa"];

/// Where the JSON object of a Child SA has the SPI and the keys of a direction, and who sends in it.
const DIRECTIONS: [(&str, &str, &str); 2] = [
    ("spi_responder", "initiator_to_responder", "from exchange initiator"),
    ("spi_initiator", "responder_to_initiator", "from exchange responder"),
];

impl EspPattern {
    /// Whether the SPI fits: a lone `*` fits all, otherwise digit by digit.
    fn fits(&self, spi: Spi) -> bool {
        let spi = format!("{:08x}", spi.get());
        self.digits == "*"
            || (self.digits.len() == spi.len()
                && self.digits.chars().zip(spi.chars()).all(|(ours, theirs)| ours == '*' || ours == theirs))
    }

    fn instance(&self, provider: &CryptoProvider, spi: Spi) -> DataSa {
        let auth_keys = key_forms(&self.auth_key);
        let keys: Vec<_> = key_forms(&self.enc_key)
            .into_iter()
            .flat_map(|enc| auth_keys.iter().map(move |auth| (enc.clone(), auth.clone())))
            .collect();
        let mut sa = DataSa::new(provider, false, spi, self.protection.clone(), self.esn, &keys);
        sa.destination = self.destination;
        sa.by_pattern = self.digits.contains('*');
        sa
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

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn ike_spi(hex: &str) -> Result<IkeSpi, String> {
    let octets = octets(hex)?;
    octets.try_into().map(IkeSpi).map_err(|_| format!("{hex:?} is no IKE SPI of 8 octets"))
}

/// Hex digits without the `0x` that some tools write.
fn without_prefix(hex: &str) -> &str {
    let hex = hex.trim();
    hex.strip_prefix("0x").or_else(|| hex.strip_prefix("0X")).unwrap_or(hex)
}

fn secret(hex: &str) -> Result<Secret, String> {
    octets(hex).map(Secret::from)
}

/// What a key of an `esp_sa` may be: hex octets behind `0x`; without it text, which older tables meant as hex.
fn key_forms(key: &str) -> Vec<Vec<u8>> {
    let text = key.as_bytes().to_vec();
    match octets(key) {
        Ok(hex) if key.starts_with("0x") || key.starts_with("0X") || key.is_empty() => vec![hex],
        Ok(hex) => vec![hex, text],
        Err(_) => vec![text],
    }
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
