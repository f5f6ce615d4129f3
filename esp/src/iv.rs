use alloc::boxed::Box;
use ipsec_crypto_suite::{
    CipherId, CipherKey, CryptoError, CryptoProvider, Protection, Secret, SecureRandom,
};

/// The longest IV there is, in octets.
pub(crate) const MAX_IV_LEN: usize = 16;

/// Makes the IV of each packet from its sequence number.
#[derive(Debug)]
pub(crate) enum IvSource {
    /// The number itself: counter modes want IVs that never repeat (RFC 4106 §3.1).
    Counter,
    /// The number encrypted under a random key of its own: CBC wants IVs that nobody can predict (RFC 3602 §3; NIST
    /// SP 800-38A appendix C).
    Encrypted(Box<dyn CipherKey>),
    /// The cipher has no IV.
    None,
}

impl IvSource {
    pub(crate) fn new(
        provider: &CryptoProvider,
        rng: &mut dyn SecureRandom,
        protection: Protection,
    ) -> Result<Self, CryptoError> {
        match protection {
            Protection::Aead(_) => Ok(Self::Counter),
            Protection::Composed { cipher: CipherId::Null, .. } => Ok(Self::None),
            Protection::Composed { cipher, .. } if !cipher.wants_random_iv() => Ok(Self::Counter),
            Protection::Composed { cipher, .. } => {
                let mut key = alloc::vec![0; cipher.key_len()];
                let filled = rng.fill(&mut key);
                let key = Secret::from(key);
                filled?;
                Ok(Self::Encrypted(provider.cipher(cipher)?.key(&key)?))
            }
        }
    }

    /// The IV for the packet with this sequence number, into `iv`.
    pub(crate) fn fill(&self, number: u64, iv: &mut [u8]) -> Result<(), CryptoError> {
        iv.fill(0);
        if let Some(tail) = iv.last_chunk_mut::<8>() {
            *tail = number.to_be_bytes();
        }
        match self {
            Self::Counter | Self::None => Ok(()),
            Self::Encrypted(key) => {
                let zero = [0; MAX_IV_LEN];
                key.encrypt(zero.get(..iv.len()).unwrap_or_default(), iv)
            }
        }
    }
}
