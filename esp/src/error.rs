use ipsec_crypto_suite::CryptoError;
use ipsec_ip_packet::{NoRoom, SplitError};
use ipsec_sa_db::{IntakeError, OutlayError};

/// Why a packet was not opened. Whatever the reason, the buffer holds no plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Shorter than the suite's smallest packet, or its ciphertext is no multiple of the block (RFC 4303 §2).
    #[error("packet too short or not aligned")]
    TooShort,
    /// The packet carries the SPI of another SA.
    #[error("unknown SPI")]
    UnknownSpi,
    /// The sequence number is 0, was seen before, or lies left of the window (RFC 4303 §3.4.3).
    #[error("replayed or too old")]
    Replayed,
    /// The SA's hard limit is reached.
    #[error("SA expired")]
    Expired,
    /// The ICV is wrong (RFC 4303 §3.4.4).
    #[error("authentication failed")]
    Authentication,
    /// The packet is authentic, but its padding is not 1, 2, 3, … (RFC 4303 §2.4), or longer than the packet.
    #[error("bad padding")]
    Padding,
    /// The packet is authentic, but does not hold the IP packet that tunnel mode promises (RFC 4301 §5.2), or what BEET
    /// mode does.
    #[error("bad inner packet")]
    Inner,
    /// The packet is authentic, but its addresses, protocol or ports are none that the SA was made for
    /// (RFC 4301 §5.2): an event for the audit.
    #[error("packet outside the SA's selectors")]
    SelectorMismatch,
    /// The outer packet is a fragment (RFC 4303 §3.4.1).
    #[error("fragment")]
    Fragment,
    /// In BEET mode the buffer has too little room for the inner header in front of the payload.
    #[error("{0}")]
    NoRoom(#[from] NoRoom),
}

/// Why a packet was not sealed. No sequence number is used up, apart from [`Crypto`](Self::Crypto).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The buffer has too little room: see [`OutboundSa::room`](crate::OutboundSa::room).
    #[error("{0}")]
    NoRoom(#[from] NoRoom),
    /// The ESP packet would exceed [`MAX_ESP_LEN`](crate::MAX_ESP_LEN).
    #[error("packet too long")]
    TooLong,
    /// All sequence numbers were used (RFC 4303 §3.3.3), or those of the block.
    #[error("sequence numbers are used up")]
    SequenceExhausted,
    /// The SA's hard limit would be exceeded; of a block, also where its SA is gone.
    #[error("SA expired")]
    Expired,
    /// In tunnel mode the data is no IP packet: [`Packet::next_header`](ipsec_ip_packet::Packet::next_header) must say
    /// IPv4 or IPv6.
    #[error("tunnel mode protects IP packets only")]
    NotIp,
    /// Traffic flow confidentiality padding outside tunnel mode, where the receiver could not tell it from the payload
    /// (RFC 4303 §2.7).
    #[error("no traffic flow confidentiality padding outside tunnel mode")]
    NoTfc,
    /// In transport mode the detached header is that of a fragment: ESP goes on whole packets (RFC 4303 §3.3.4).
    #[error("fragment")]
    Fragment,
    /// In BEET mode the data is no whole IP packet whose header could be taken off.
    #[error("{0}")]
    Header(#[from] SplitError),
    /// In BEET mode the packet's addresses are not the inner addresses of the SA.
    #[error("addresses are not the SA's inner ones")]
    Addresses,
    /// The cryptography refused; the sequence number and IV of this packet are lost, and its data is zeros.
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
