use alloc::boxed::Box;
use ipsec_crypto_suite::{CipherKey, CryptoError, CryptoProvider, Protection, Secret, SecureRandom};

/// The longest IV there is, in octets.
const MAX_IV_LEN: usize = 16;
/// Octets of an IV that is a counter.
pub(crate) const COUNTER_LEN: usize = 8;

/// Makes the IV of each packet from its sequence number.
#[derive(Debug)]
pub(crate) enum IvSource {
    /// There is none (RFC 2410 §2).
    Absent,
    /// The number itself: counter modes want IVs that never repeat (RFC 3686 §3.1, RFC 4106 §3.1). Where it is implicit
    /// nothing of it is sent (RFC 8750 §4).
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
            Protection::Composed { cipher, .. } if cipher.iv_len() == 0 => Ok(Self::Absent),
            Protection::Aead(_) | Protection::Composed { .. } => Ok(Self::Counter),
        }
    }

    /// The IV for the packet with this sequence number. What of it is sent goes into `field`.
    #[inline(always)]
    pub(crate) fn fill<'a>(
        &self,
        number: &'a [u8; COUNTER_LEN],
        field: &'a mut [u8],
    ) -> Result<&'a [u8], CryptoError> {
        match self {
            Self::Absent => Ok(&[]),
            Self::Counter => {
                if let Some(field) = field.first_chunk_mut() {
                    *field = *number;
                }
                Ok(number)
            }
            Self::Encrypted(key) => {
                let zero = [0; MAX_IV_LEN];
                field.fill(0);
                if let Some(tail) = field.last_chunk_mut() {
                    *tail = *number;
                }
                key.encrypt(zero.get(..field.len()).unwrap_or_default(), field)?;
                Ok(field)
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
