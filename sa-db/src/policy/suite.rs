use ipsec_crypto_suite::{CipherId, MacId, Protection};

/// A protocol of IPsec with its algorithms (RFC 4301 §4.4.1.2).
///
/// ```
/// use ipsec_crypto_suite::MacId;
/// use ipsec_sa_db::{Mode, ProtocolSuite, SaParams};
///
/// let ah = ProtocolSuite::Ah(MacId::HmacSha2_256_128);
/// let params = SaParams::new(ah.protection(), Mode::Transport);
/// assert_eq!(params.protection.icv_len(), 16);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_enums, reason = "RFC 4301 §3.1 has these two")]
pub enum ProtocolSuite {
    /// ESP.
    Esp(
        /// The algorithms.
        #[cfg_attr(feature = "serde", serde(with = "crate::serialize::protection"))]
        Protection,
    ),
    /// AH.
    Ah(
        /// The algorithm.
        #[cfg_attr(feature = "serde", serde(with = "crate::serialize::mac"))]
        MacId,
    ),
}

impl ProtocolSuite {
    /// The algorithms as [`SaParams`](crate::SaParams) has them: with AH, NULL encryption beside the integrity algorithm.
    pub const fn protection(self) -> Protection {
        match self {
            Self::Esp(protection) => protection,
            Self::Ah(mac) => Protection::Composed { cipher: CipherId::Null, mac },
        }
    }
}
