use alloc::boxed::Box;
use ipsec_crypto_suite::{CipherKey, CryptoError, CryptoProvider, Protection, Secret, SecureRandom};

/// The longest IV there is, in octets.
const MAX_IV_LEN: usize = 16;

/// Makes the IV of each packet from its sequence number.
#[derive(Debug)]
pub(crate) enum IvSource {
    /// The number itself: counter modes want IVs that never repeat (RFC 3686 §3.1, RFC 4106 §3.1).
    Counter,
    /// The number encrypted under a random key of its own: CBC wants IVs that nobody can predict (RFC 3602 §3; NIST
    /// SP 800-38A appendix C).
    Encrypted(Box<dyn CipherKey>),
}

impl IvSource {
    pub(crate) fn new(
        provider: &CryptoProvider,
        rng: &mut dyn SecureRandom,
        protection: Protection,
    ) -> Result<Self, CryptoError> {
        match protection {
            Protection::Composed { cipher, .. } if cipher.wants_random_iv() => {
                let mut key = alloc::vec![0; cipher.key_len()];
                let filled = rng.fill(&mut key);
                let key = Secret::from(key);
                filled?;
                Ok(Self::Encrypted(provider.cipher(cipher)?.key(&key)?))
            }
            Protection::Aead(_) | Protection::Composed { .. } => Ok(Self::Counter),
        }
    }

    /// The IV for the packet with this sequence number, into `iv`.
    #[inline]
    pub(crate) fn fill(&self, number: u64, iv: &mut [u8]) -> Result<(), CryptoError> {
        let number = number.to_be_bytes();
        match self {
            Self::Counter => {
                if let Some(iv) = iv.first_chunk_mut::<8>() {
                    *iv = number;
                }
                Ok(())
            }
            Self::Encrypted(key) => {
                let zero = [0; MAX_IV_LEN];
                iv.fill(0);
                if let Some(tail) = iv.last_chunk_mut::<8>() {
                    *tail = number;
                }
                key.encrypt(zero.get(..iv.len()).unwrap_or_default(), iv)
            }
        }
    }
}

/// Whether an IV that repeats under one key gives plaintext away: counter modes with or without integrity of their own
/// (RFC 3686 §3.1, RFC 4106 §3.1).
pub(crate) const fn must_not_repeat(protection: Protection) -> bool {
    match protection {
        Protection::Aead(_) => true,
        Protection::Composed { cipher, .. } => cipher.iv_len() > 0 && !cipher.wants_random_iv(),
    }
}
