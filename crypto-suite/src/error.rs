/// Why a cryptographic operation was refused. It never says more than the caller may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The provider does not hold this algorithm.
    #[error("{0} is not in this provider")]
    Unsupported(
        /// The algorithm.
        &'static str,
    ),
    /// A key, IV, nonce, tag or message has a length that the algorithm does not take.
    #[error("{what} of {got} octets")]
    Length {
        /// What has the wrong length.
        what: &'static str,
        /// Its length in octets.
        got: usize,
    },
    /// The combination or the value asked for is not allowed.
    #[error("invalid {0}")]
    Invalid(
        /// What is not allowed.
        &'static str,
    ),
    /// A peer's public value fails the checks of RFC 6989, RFC 7748 §6 or RFC 8031 §3.2.
    #[error("invalid public value")]
    InvalidPublicValue,
    /// A tag, ICV or AUTH value is wrong.
    #[error("authentication failed")]
    Authentication,
    /// The source of randomness failed; nothing was made from what it gave.
    #[error("no randomness")]
    Randomness,
    /// prf+ was asked for more than 255 blocks (RFC 7296 §2.13).
    #[error("more than 255 blocks of prf+")]
    OutputTooLong,
}

/// That these octets are not as long as they should be.
#[cfg(feature = "rustcrypto")]
pub(crate) const fn wrong(what: &'static str, octets: &[u8]) -> CryptoError {
    CryptoError::Length { what, got: octets.len() }
}
