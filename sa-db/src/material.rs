use crate::counters::VolumeLimits;
use core::net::IpAddr;
use ipsec_crypto_suite::{Protection, Secret};
use ipsec_types::Spi;

/// What both ends must know to run one direction of an ESP or AH security association (RFC 4301 §4.4.2.1).
///
/// Keys are moved in and never come out: the SA built from it holds them in the form its algorithms use.
#[derive(Debug)]
pub struct SaMaterial {
    /// The SPI that the packets carry.
    pub spi: Spi,
    /// How the packets are protected.
    pub params: SaParams,
    /// The encryption key, with the salt behind it where the algorithm has one; `None` with NULL encryption.
    pub encryption: Option<Secret>,
    /// The integrity key; `None` with an AEAD.
    pub integrity: Option<Secret>,
}

/// How the packets of an SA are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SaParams {
    /// The algorithms.
    #[cfg_attr(feature = "serde", serde(with = "crate::serialize::protection"))]
    pub protection: Protection,
    /// Tunnel, transport or BEET mode.
    pub mode: Mode,
    /// Whether sequence numbers have 64 bits, the upper half of which is not sent (RFC 4303 §2.2.1).
    pub extended_sequence_numbers: bool,
    /// Numbers the anti-replay window of the receiver spans, 32 to 65,536 (RFC 4303 §3.4.3; 64 is the default).
    pub replay_window: u32,
    /// How much the SA may protect.
    pub limits: VolumeLimits,
}

impl SaParams {
    /// Protection and mode, with 32-bit sequence numbers, a window of 64 and no limit on volume.
    pub const fn new(protection: Protection, mode: Mode) -> Self {
        let limits = VolumeLimits::UNLIMITED;
        Self { protection, mode, extended_sequence_numbers: false, replay_window: 64, limits }
    }
}

/// What an SA protects (RFC 4301 §4.1).
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Whole IP packets.
    Tunnel,
    /// What an IP packet carries.
    Transport,
    /// What an IP packet carries, between two fixed inner addresses that are not sent: the Bound End-to-End Tunnel of
    /// draft-nikander-esp-beet-mode, ESP only. Both ends are configured for it; IKE has no registered notification for it.
    Beet {
        /// Our inner address.
        local: IpAddr,
        /// The peer's inner address, of the same family.
        remote: IpAddr,
    },
}
