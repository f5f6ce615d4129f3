use crate::policy::ProtocolSuite;
use crate::{Mode, PeerId};
use alloc::vec::Vec;
use core::fmt;
use ipsec_crypto_suite::{CipherId, MacId, Protection};

/// What goes around the ESP of a policy: further SAs that each packet crosses on, AH over ESP or a tunnel inside a tunnel
/// (RFC 4301 §4.5, Appendix E), the innermost first.
///
/// ```
/// use ipsec_crypto_suite::{CipherId, MacId};
/// use ipsec_sa_db::{Bundle, BundleError, Layer, Mode, PeerId};
///
/// let ah = Layer::ah(PeerId(1), Mode::Transport, MacId::HmacSha2_256_128);
/// assert!(Bundle::new(vec![ah]).is_ok());
/// // That something around it would check the integrity is no excuse.
/// let bare = Layer::esp(PeerId(1), Mode::Transport, CipherId::Aes256Cbc, None);
/// assert_eq!(bare, Err(BundleError::NoIntegrity));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Vec<Layer>"))]
pub struct Bundle(Vec<Layer>);

impl Bundle {
    /// The ESP of the policy alone.
    pub const NOTHING: Self = Self(Vec::new());
    /// More layers than this are refused: each makes the packet longer.
    pub const MAX_LAYERS: usize = 4;

    /// These layers.
    ///
    /// # Errors
    ///
    /// [`BundleError::TooMany`]; [`BundleError::TransportAround`] where transport mode is to protect a packet that an
    /// inner layer already addressed to another peer.
    pub fn new(layers: Vec<Layer>) -> Result<Self, BundleError> {
        if layers.len() > Self::MAX_LAYERS {
            return Err(BundleError::TooMany);
        }
        let apart = |pair: &[Layer]| matches!(pair, [inner, outer] if outer.mode == Mode::Transport && inner.peer != outer.peer);
        if layers.windows(2).any(apart) {
            return Err(BundleError::TransportAround);
        }
        Ok(Self(layers))
    }

    /// The layers, the innermost first.
    pub fn layers(&self) -> &[Layer] {
        &self.0
    }

    /// Whether there is nothing around the ESP of the policy.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<Layer>> for Bundle {
    type Error = BundleError;

    fn try_from(layers: Vec<Layer>) -> Result<Self, BundleError> {
        Self::new(layers)
    }
}

/// One SA of a [`Bundle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Layer {
    peer: PeerId,
    mode: Mode,
    suite: ProtocolSuite,
}

impl Layer {
    /// ESP with a cipher and an integrity algorithm.
    ///
    /// # Errors
    ///
    /// [`BundleError::NoIntegrity`] without one.
    pub fn esp(peer: PeerId, mode: Mode, cipher: CipherId, mac: Option<MacId>) -> Result<Self, BundleError> {
        let mac = mac.ok_or(BundleError::NoIntegrity)?;
        Ok(Self::protected(peer, mode, Protection::Composed { cipher, mac }))
    }

    /// ESP with a protection, which always has integrity.
    pub const fn protected(peer: PeerId, mode: Mode, protection: Protection) -> Self {
        Self { peer, mode, suite: ProtocolSuite::Esp(protection) }
    }

    /// AH.
    pub const fn ah(peer: PeerId, mode: Mode, mac: MacId) -> Self {
        Self { peer, mode, suite: ProtocolSuite::Ah(mac) }
    }

    /// With whom.
    pub const fn peer(&self) -> PeerId {
        self.peer
    }

    /// Tunnel or transport mode.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The protocol and its algorithms.
    pub const fn suite(&self) -> ProtocolSuite {
        self.suite
    }
}

/// Why a bundle is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BundleError {
    /// ESP without integrity, whatever goes around it.
    NoIntegrity,
    /// More layers than [`Bundle::MAX_LAYERS`].
    TooMany,
    /// Transport mode around a packet that is addressed to another peer.
    TransportAround,
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoIntegrity => {
                "ESP without integrity, also inside AH or another tunnel: encryption alone is open to active attacks \
                 that reveal the plaintext (RFC 8221 §4), and what is around it ends at another place or is checked by \
                 other code; use an AEAD, or add an integrity algorithm"
            }
            Self::TooMany => "too many layers",
            Self::TransportAround => "transport mode around a packet that is addressed to another peer",
        })
    }
}

impl core::error::Error for BundleError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    const PEER: PeerId = PeerId(1);

    #[test]
    fn esp_without_integrity_is_refused_and_the_reason_said() {
        let refused = Layer::esp(PEER, Mode::Tunnel, CipherId::Aes256Cbc, None).unwrap_err();
        assert!(refused.to_string().contains("RFC 8221 §4") && refused.to_string().contains("inside AH"));
        let whole =
            Layer::esp(PEER, Mode::Tunnel, CipherId::Aes256Cbc, Some(MacId::HmacSha2_256_128)).unwrap();
        let ah = Layer::ah(PEER, Mode::Transport, MacId::HmacSha2_256_128);
        assert_eq!(Bundle::new(Vec::from([whole, ah])).unwrap().layers(), [whole, ah]);
    }

    #[test]
    fn layers_have_to_fit_together() {
        let tunnel = |peer| Layer::ah(PeerId(peer), Mode::Tunnel, MacId::HmacSha2_256_128);
        let transport = Layer::ah(PeerId(2), Mode::Transport, MacId::HmacSha2_256_128);
        assert!(Bundle::new(Vec::from([tunnel(1), tunnel(2), transport])).is_ok());
        assert_eq!(Bundle::new(Vec::from([tunnel(1), transport])), Err(BundleError::TransportAround));
        assert_eq!(Bundle::new(Vec::from([tunnel(1); 5])), Err(BundleError::TooMany));
    }
}
