use crate::CryptoError;
#[cfg(feature = "rustcrypto")]
use zeroize::Zeroizing;

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

/// Random strings tried: of NIST's curves one in 2^32 at most is no private key, of Brainpool's less than one in two.
#[cfg(feature = "rustcrypto")]
const TRIES: usize = 64;

/// A private key: what `make` takes of random strings of `len` octets, of whose first octet the bits in `first_octet` are
/// kept, where the order of a curve has fewer bits than its octets.
#[cfg(feature = "rustcrypto")]
pub(crate) fn private_key<K>(
    rng: &mut dyn SecureRandom,
    len: usize,
    first_octet: u8,
    make: impl Fn(&[u8]) -> Option<K>,
) -> Result<K, CryptoError> {
    let mut candidate = Zeroizing::new(alloc::vec![0; len]);
    for _ in 0..TRIES {
        rng.fill(&mut candidate)?;
        candidate.iter_mut().take(1).for_each(|octet| *octet &= first_octet);
        if let Some(key) = make(&candidate) {
            return Ok(key);
        }
    }
    Err(CryptoError::Randomness)
}
