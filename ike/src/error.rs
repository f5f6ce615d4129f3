use ipsec_crypto_suite::CryptoError;
use ipsec_types::ParseError;

/// Why a datagram was not acted on. No SA changed, except that one may have ended, with its event, where cryptography failed
/// on our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DatagramError {
    /// It is no IKE message, or malformed.
    #[error("malformed: {0}")]
    Malformed(#[from] ParseError),
    /// No IKE SA has its SPIs.
    #[error("unknown IKE SA")]
    UnknownSa,
    /// An exchange, a role or a message id that is not due, a response nobody asked for, another version, ESP.
    #[error("not expected here")]
    Unexpected,
    /// The ICV is wrong.
    #[error("authentication failed")]
    Authentication,
    /// None of the IKE proposals of a first request is acceptable: it was answered so. What differs is in
    /// [`Endpoint::last_mismatch`](crate::Endpoint::last_mismatch).
    #[error("no proposal chosen")]
    NoProposalChosen,
    /// Too many IKE SAs wait for their peers.
    #[error("too many half-open IKE SAs")]
    Busy,
    /// Cryptography failed on our side.
    #[error("{0}")]
    Crypto(#[from] CryptoError),
}

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// No SA has this id.
    #[error("unknown SA")]
    UnknownSa,
    /// The PAD has no such peer.
    #[error("unknown peer")]
    UnknownPeer,
    /// The policy does not protect, its SAs are another peer's, or no SAs can be made for it, as
    /// [`ConfigError`](crate::ConfigError) says of the policies of a PAD.
    #[error("not a policy of this peer for which SAs can be made")]
    Policy,
    /// The SA is being set up, deleted or replaced.
    #[error("not in this state")]
    State,
    /// This cannot be done yet with an SA of this kind.
    #[error("not supported")]
    Unsupported,
    /// No inbound SPI is on offer.
    #[error("no inbound SPI on offer")]
    NoSpi,
    /// Cryptography failed on our side.
    #[error("{0}")]
    Crypto(#[from] CryptoError),
}
