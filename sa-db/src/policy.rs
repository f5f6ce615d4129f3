use crate::{Lifetimes, Mode, SelectorPair, VolumeLimits};
use alloc::vec::Vec;
use core::time::Duration;
use ipsec_crypto_suite::{AeadId, CipherId, KexId, MacId, Protection};

/// Names an entry of the [`Pad`](crate::Pad).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(
    /// A number of the caller's choice.
    pub u32,
);

/// A rule of the SPD (RFC 4301 §4.4.1): which packets, and what becomes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The packets: their local and their remote end.
    pub selectors: SelectorPair,
    /// What becomes of them.
    pub action: PolicyAction,
}

impl Policy {
    /// How packets are protected; `None` for a policy that bypasses or discards.
    pub const fn protect(&self) -> Option<&Protect> {
        match &self.action {
            PolicyAction::Protect(protect) => Some(protect),
            PolicyAction::Bypass | PolicyAction::Discard => None,
        }
    }
}

/// What becomes of the packets that a policy takes (RFC 4301 §4.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 4301 §4.4.1 has these three")]
pub enum PolicyAction {
    /// They cross the boundary as they are.
    Bypass,
    /// They do not cross it.
    Discard,
    /// They cross it protected.
    Protect(Protect),
}

/// The SAs that a policy's packets cross the boundary on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protect {
    /// The peer at the other end of the SAs.
    pub peer: PeerId,
    /// Tunnel or transport mode.
    pub mode: Mode,
    /// What is proposed and accepted, the preferred first.
    pub proposals: Vec<ChildProposal>,
    /// How long an SA lives.
    pub lifetimes: Lifetimes,
    /// How much an SA protects.
    pub limits: VolumeLimits,
    /// By how many percent at most the soft limits are lowered at random, anew for each SA.
    pub jitter: u8,
    /// Numbers the anti-replay window spans: see [`SaParams::replay_window`](crate::SaParams::replay_window).
    pub replay_window: u32,
}

impl Protect {
    /// ESP in tunnel mode with these proposals: replaced after an hour, gone ten minutes later, 10 % jitter, no limit on
    /// volume, a window of 1,024.
    pub const fn tunnel(peer: PeerId, proposals: Vec<ChildProposal>) -> Self {
        let (soft, hard) = (Duration::from_secs(3600), Duration::from_secs(4200));
        Self {
            peer,
            mode: Mode::Tunnel,
            proposals,
            lifetimes: Lifetimes { soft, hard, idle: None },
            limits: VolumeLimits::UNLIMITED,
            jitter: 10,
            replay_window: 1024,
        }
    }
}

/// One ESP proposal: an encryption with its integrity, and what may go with it (RFC 7296 §3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildProposal {
    /// The algorithms.
    pub protection: Protection,
    /// Key exchange methods for perfect forward secrecy at rekeying, the preferred first; none is without.
    pub key_exchanges: Vec<KexId>,
    /// Whether sequence numbers are extended.
    pub extended_sequence_numbers: bool,
}

impl ChildProposal {
    /// What RFC 8221 recommends and the RustCrypto provider has: AES-GCM and AES-CBC with HMAC-SHA2, each with 256 and 128
    /// bits, and 32-bit sequence numbers. First each with perfect forward secrecy by Curve25519, ECP-256 or 2048-bit MODP;
    /// then, for peers that do without, each without.
    pub fn recommended() -> Vec<Self> {
        let composed = |cipher| Protection::Composed { cipher, mac: MacId::HmacSha2_256_128 };
        let protections = [
            Protection::Aead(AeadId::Aes256Gcm16),
            Protection::Aead(AeadId::Aes128Gcm16),
            composed(CipherId::Aes256Cbc),
            composed(CipherId::Aes128Cbc),
        ];
        let methods = [&[KexId::Curve25519, KexId::Ecp256, KexId::Modp2048][..], &[]];
        let proposal = |key_exchanges: &[KexId], protection| Self {
            protection,
            key_exchanges: key_exchanges.to_vec(),
            extended_sequence_numbers: false,
        };
        methods.into_iter().flat_map(|own| protections.map(|protection| proposal(own, protection))).collect()
    }
}
