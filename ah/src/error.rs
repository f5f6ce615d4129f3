use ipsec_crypto_suite::CryptoError;
use ipsec_ip_packet::NoRoom;
use ipsec_sa_db::{IntakeError, OutlayError};
use ipsec_types::ParseError;

/// Why a packet was not taken for authentic, or not delivered. The packet is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Shorter than its header, or the header is not as long as the algorithm's ICV with its padding makes it (RFC 4302
    /// §2.2, §2.6).
    #[error("packet too short, or its header of another length")]
    TooShort,
    /// The packet carries the SPI of another SA.
    #[error("unknown SPI")]
    UnknownSpi,
    /// The sequence number is 0, was seen before, or lies left of the window (RFC 4302 §3.4.3).
    #[error("replayed or too old")]
    Replayed,
    /// The SA's hard limit is reached.
    #[error("SA expired")]
    Expired,
    /// The ICV is wrong (RFC 4302 §3.4.4).
    #[error("authentication failed")]
    Authentication,
    /// The packet is authentic, but does not hold the IP packet that tunnel mode promises (RFC 4301 §5.2).
    #[error("bad inner packet")]
    Inner,
    /// The packet is authentic, but its addresses, protocol or ports are none that the SA was made for (RFC 4301 §5.2): an
    /// event for the audit.
    #[error("packet outside the SA's selectors")]
    SelectorMismatch,
    /// The packet is a fragment (RFC 4302 §3.4.1).
    #[error("fragment")]
    Fragment,
    /// What is detached in front is no IP header whose mutable fields could be told.
    #[error("IP header: {0}")]
    Header(ParseError),
}

/// Why a packet was not protected. It is unchanged then, and no sequence number is used up, apart from
/// [`Crypto`](Self::Crypto).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The buffer has too little room: see [`OutboundSa::room`](crate::OutboundSa::room).
    #[error("{0}")]
    NoRoom(#[from] NoRoom),
    /// The packet would be longer than an IP packet can say.
    #[error("packet too long")]
    TooLong,
    /// All sequence numbers were used (RFC 4302 §3.3.2), or those of the block.
    #[error("sequence numbers are used up")]
    SequenceExhausted,
    /// The SA's hard limit would be exceeded; of a block, also where its SA is gone.
    #[error("SA expired")]
    Expired,
    /// In tunnel mode the data is no IP packet: [`Packet::next_header`](ipsec_ip_packet::Packet::next_header) must say
    /// IPv4 or IPv6.
    #[error("tunnel mode protects IP packets only")]
    NotIp,
    /// The packet is a fragment: AH goes on whole packets (RFC 4302 §3.3.4).
    #[error("fragment")]
    Fragment,
    /// What is detached in front is no IP header whose mutable fields could be told.
    #[error("IP header: {0}")]
    Header(ParseError),
    /// The cryptography refused; the sequence number of this packet is lost.
    #[error("{0}")]
    Crypto(#[from] CryptoError),
}

impl From<IntakeError> for OpenError {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Replayed => Self::Replayed,
            IntakeError::Expired => Self::Expired,
        }
    }
}

impl From<OutlayError> for SealError {
    fn from(error: OutlayError) -> Self {
        if error == OutlayError::Exhausted { Self::SequenceExhausted } else { Self::Expired }
    }
}
