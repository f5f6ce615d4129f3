//! The configuration file.

use core::net::IpAddr;
use core::time::Duration;
use ipsec::crypto_suite::{AeadId, CipherId, KexId, MacId, PrfId, Protection, Secret};
use ipsec::ike::{Config as IkeConfig, IkeProposal};
use ipsec::ip_packet::EcnMode;
use ipsec::sa_db::{
    AddressRange, Authentication, ChildProposal, Identity, Lifetimes, Pad, PadEntry, PeerId, Policy,
    PolicyAction, Protect, ProtocolSuite, Selector, SelectorPair, SelectorSet,
};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Our address: UDP ports 500 and 4500 are opened there.
    pub address: IpAddr,
    /// The TUN device.
    #[serde(default = "default_tun")]
    pub tun: String,
    /// From how many half-open IKE SAs on a first request must bring a cookie.
    pub cookie_threshold: Option<usize>,
    /// How often a request is sent before the peer is given up.
    pub copies: Option<u32>,
    /// After how many quiet seconds the peer is asked whether it lives.
    pub liveness_seconds: Option<u64>,
    pub peer: Vec<Peer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its address; a peer without one has to come to us.
    pub address: Option<IpAddr>,
    /// Who we are to it, and who it must be.
    pub local_id: String,
    pub remote_id: String,
    pub psk: String,
    /// Proposals such as `aes256gcm16-prfsha256-x25519`, the preferred first.
    #[serde(default)]
    pub ike: Vec<String>,
    /// Whether to set the tunnels up at the start, not when a packet wants them.
    #[serde(default)]
    pub start: bool,
    pub tunnel: Vec<Tunnel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tunnel {
    /// Networks at our end and at the peer's.
    pub local: Vec<String>,
    pub remote: Vec<String>,
    /// Proposals such as `aes128gcm16` or `aes128-sha256-x25519`; a key exchange method is for rekeying.
    #[serde(default)]
    pub esp: Vec<String>,
    /// After so many seconds the Child SA is replaced.
    #[serde(default = "default_rekey")]
    pub rekey_seconds: u64,
    /// Whether the peer carries marks of congestion over from the outer header; some that receive from sockets do not.
    #[serde(default = "default_ecn")]
    pub ecn: bool,
}

fn default_tun() -> String {
    "ipsec0".to_owned()
}

const fn default_ecn() -> bool {
    true
}

const fn default_rekey() -> u64 {
    3600
}

pub fn read(file: &Path) -> Result<Config, String> {
    let within = |error: &dyn core::fmt::Display| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| within(&error))?;
    toml::from_str(&text).map_err(|error| within(&error))
}

impl Config {
    /// The IKE part, and the policies in their order; each peer is named by its place in the file.
    pub fn ike(&self) -> Result<(IkeConfig, Vec<Policy>), String> {
        let (mut pad, mut policies, mut proposals) = (Pad::new(), Vec::new(), Vec::new());
        for (peer, id) in self.peer.iter().zip((1..).map(PeerId)) {
            let key = Authentication::PreSharedKey(Secret::copy_from(peer.psk.as_bytes()));
            let (local, remote) = (identity(&peer.local_id), identity(&peer.remote_id));
            pad.insert(PadEntry::new(id, local, remote, key))
                .map_err(|error| format!("peer {}: {error}", peer.remote_id))?;
            for text in &peer.ike {
                let proposal = ike_proposal(text).ok_or_else(|| format!("{text}: no IKE proposal"))?;
                if !proposals.contains(&proposal) {
                    proposals.push(proposal);
                }
            }
            for tunnel in &peer.tunnel {
                policies.push(tunnel.policy(id)?);
            }
        }
        let mut ike = IkeConfig::new(pad);
        // ESP goes behind UDP here, NAT or not: a raw socket is one thing less to explain.
        ike.force_udp_encapsulation = true;
        ike.cookie_threshold = self.cookie_threshold.unwrap_or(ike.cookie_threshold);
        ike.retransmission.copies = self.copies.unwrap_or(ike.retransmission.copies);
        ike.liveness = self.liveness_seconds.map(Duration::from_secs).or(ike.liveness);
        if !proposals.is_empty() {
            ike.ike_proposals = proposals;
        }
        Ok((ike, policies))
    }
}

impl Tunnel {
    fn policy(&self, peer: PeerId) -> Result<Policy, String> {
        let mut proposals = Vec::new();
        for text in &self.esp {
            proposals.push(esp_proposal(text).ok_or_else(|| format!("{text}: no ESP proposal"))?);
        }
        if proposals.is_empty() {
            proposals = ChildProposal::recommended();
        }
        let mut protect = Protect::tunnel(peer, proposals);
        if !self.ecn {
            protect.tunnel_header.ecn = EcnMode::Compatibility;
        }
        let soft = Duration::from_secs(self.rekey_seconds);
        protect.lifetimes = Lifetimes {
            soft,
            hard: soft.saturating_add(soft / 4).saturating_add(Duration::from_secs(10)),
            idle: None,
        };
        let selectors = SelectorPair { local: networks(&self.local)?, remote: networks(&self.remote)? };
        Ok(Policy::new(selectors, PolicyAction::Protect(protect)))
    }
}

/// An address, a mail address, or a domain name.
fn identity(text: &str) -> Identity {
    match text.parse() {
        Ok(IpAddr::V4(address)) => Identity::Ipv4(address),
        Ok(IpAddr::V6(address)) => Identity::Ipv6(address),
        Err(_) if text.contains('@') => Identity::rfc822(text),
        Err(_) => Identity::fqdn(text),
    }
}

fn networks(texts: &[String]) -> Result<SelectorSet, String> {
    let network = |text: &String| {
        let bad = || format!("{text}: no network such as 10.1.0.0/24");
        let (address, length) = text.split_once('/').ok_or_else(bad)?;
        let address = address.parse().map_err(|_| bad())?;
        let length = length.parse().map_err(|_| bad())?;
        AddressRange::prefix(address, length).map(Selector::addresses).map_err(|_| bad())
    };
    texts.iter().map(network).collect::<Result<Vec<_>, _>>().map(SelectorSet::new)
}

fn ike_proposal(text: &str) -> Option<IkeProposal> {
    let Parsed { protection, prfs, key_exchanges, .. } = parse(text)?;
    let usable = !key_exchanges.is_empty();
    usable.then_some(IkeProposal { protection, prfs, key_exchanges })
}

fn esp_proposal(text: &str) -> Option<ChildProposal> {
    let Parsed { protection, key_exchanges, extended, .. } = parse(text)?;
    let suite = ProtocolSuite::Esp(protection);
    Some(ChildProposal { suite, key_exchanges, extended_sequence_numbers: extended })
}

struct Parsed {
    protection: Protection,
    prfs: Vec<PrfId>,
    key_exchanges: Vec<KexId>,
    extended: bool,
}

/// Algorithms in the short spelling that configuration files of IPsec daemons have.
fn parse(text: &str) -> Option<Parsed> {
    let (mut aead, mut cipher, mut mac, mut prfs) = (None, None, None, Vec::new());
    let (mut key_exchanges, mut extended) = (Vec::new(), false);
    for word in text.split('-') {
        if let Some(id) = found(&AEADS, word) {
            aead = Some(id);
        } else if let Some(id) = found(&CIPHERS, word) {
            cipher = Some(id);
        } else if let Some(ids) = found(&MACS, word) {
            mac = Some(ids);
        } else if let Some(id) = found(&PRFS, word) {
            prfs.push(id);
        } else if let Some(id) = found(&KEY_EXCHANGES, word) {
            key_exchanges.push(id);
        } else if word == "esn" {
            extended = true;
        } else {
            return None;
        }
    }
    let protection = match (aead, cipher, mac) {
        (Some(aead), None, None) => Protection::Aead(aead),
        (None, Some(cipher), Some((mac, _))) => Protection::Composed { cipher, mac },
        _ => return None,
    };
    if prfs.is_empty() {
        prfs.push(mac.map_or(PrfId::HmacSha2_256, |(_, prf)| prf));
    }
    Some(Parsed { protection, prfs, key_exchanges, extended })
}

fn found<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(name, _)| *name == word).map(|(_, value)| *value)
}

const AEADS: [(&str, AeadId); 22] = [
    ("aes128gcm16", AeadId::Aes128Gcm16),
    ("aes192gcm16", AeadId::Aes192Gcm16),
    ("aes256gcm16", AeadId::Aes256Gcm16),
    ("aes128gcm12", AeadId::Aes128Gcm12),
    ("aes192gcm12", AeadId::Aes192Gcm12),
    ("aes256gcm12", AeadId::Aes256Gcm12),
    ("aes128gcm8", AeadId::Aes128Gcm8),
    ("aes192gcm8", AeadId::Aes192Gcm8),
    ("aes256gcm8", AeadId::Aes256Gcm8),
    ("aes128ccm16", AeadId::Aes128Ccm16),
    ("aes192ccm16", AeadId::Aes192Ccm16),
    ("aes256ccm16", AeadId::Aes256Ccm16),
    ("aes128ccm12", AeadId::Aes128Ccm12),
    ("aes192ccm12", AeadId::Aes192Ccm12),
    ("aes256ccm12", AeadId::Aes256Ccm12),
    ("aes128ccm8", AeadId::Aes128Ccm8),
    ("aes192ccm8", AeadId::Aes192Ccm8),
    ("aes256ccm8", AeadId::Aes256Ccm8),
    ("chacha20poly1305", AeadId::ChaCha20Poly1305),
    ("aes128gmac", AeadId::NullAes128Gmac),
    ("aes192gmac", AeadId::NullAes192Gmac),
    ("aes256gmac", AeadId::NullAes256Gmac),
];

const CIPHERS: [(&str, CipherId); 10] = [
    ("aes128", CipherId::Aes128Cbc),
    ("aes192", CipherId::Aes192Cbc),
    ("aes256", CipherId::Aes256Cbc),
    ("aes128ctr", CipherId::Aes128Ctr),
    ("aes192ctr", CipherId::Aes192Ctr),
    ("aes256ctr", CipherId::Aes256Ctr),
    ("camellia128", CipherId::Camellia128Cbc),
    ("camellia192", CipherId::Camellia192Cbc),
    ("camellia256", CipherId::Camellia256Cbc),
    ("null", CipherId::Null),
];

/// Each with the PRF that goes with it where none is named.
const MACS: [(&str, (MacId, PrfId)); 6] = [
    ("sha1", (MacId::HmacSha1_96, PrfId::HmacSha1)),
    ("sha256", (MacId::HmacSha2_256_128, PrfId::HmacSha2_256)),
    ("sha384", (MacId::HmacSha2_384_192, PrfId::HmacSha2_384)),
    ("sha512", (MacId::HmacSha2_512_256, PrfId::HmacSha2_512)),
    ("aesxcbc", (MacId::AesXcbc96, PrfId::AesXcbc)),
    ("aescmac", (MacId::AesCmac96, PrfId::AesCmac)),
];

const PRFS: [(&str, PrfId); 4] = [
    ("prfsha1", PrfId::HmacSha1),
    ("prfsha256", PrfId::HmacSha2_256),
    ("prfsha384", PrfId::HmacSha2_384),
    ("prfsha512", PrfId::HmacSha2_512),
];

const KEY_EXCHANGES: [(&str, KexId); 3] =
    [("modp2048", KexId::Modp2048), ("ecp256", KexId::Ecp256), ("x25519", KexId::Curve25519)];
