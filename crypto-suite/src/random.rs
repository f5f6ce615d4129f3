use crate::CryptoError;

/// A source of cryptographic randomness: the only one the crates draw from.
pub trait SecureRandom: Send {
    /// Fills `out` with octets nobody can predict.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Randomness`] where the source fails; `out` is not used then.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), CryptoError>;
}

/// A [`SecureRandom`] from a generator of the `rand_core` family.
///
/// ```
/// use ipsec_crypto_suite::{FromRandCore, SecureRandom};
/// # struct Generator;
/// # impl rand_core::TryRng for Generator {
/// #     type Error = core::convert::Infallible;
/// #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(4) }
/// #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(4) }
/// #     fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> { out.fill(4); Ok(()) }
/// # }
/// # impl rand_core::TryCryptoRng for Generator {}
///
/// let mut random = FromRandCore(Generator); // in a program: the generator of the operating system
/// let mut nonce = [0; 32];
/// random.fill(&mut nonce)?;
/// # Ok::<(), ipsec_crypto_suite::CryptoError>(())
/// ```
#[derive(Debug)]
pub struct FromRandCore<R>(
    /// The generator.
    pub R,
);

impl<R: rand_core::TryCryptoRng + Send> SecureRandom for FromRandCore<R> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.0.try_fill_bytes(out).map_err(|_| CryptoError::Randomness)
    }
}
