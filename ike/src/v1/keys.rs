use alloc::boxed::Box;
use core::fmt;
use ipsec_crypto_suite::ikev1::{KeyExchange, Phase1Keys, phase_1_iv, phase_2_iv};
use ipsec_crypto_suite::{
    CipherId, CipherKey, CryptoError, CryptoProvider, HashAlg, HashId, PrfId, PrfKey, Secret,
};

/// The keys of an ISAKMP SA that its messages are protected with (RFC 2409 §5, Appendix B), set up once.
///
/// Both ends use the same.
pub struct MessageKeys {
    cipher: CipherId,
    hash: &'static dyn HashAlg,
    pub(super) encryption: Box<dyn CipherKey>,
    pub(super) skeyid_a: Option<Box<dyn PrfKey>>,
}

impl MessageKeys {
    /// Sets the keys up. `hash` is the negotiated one, which makes the IVs and in its HMAC form is the PRF; `encryption` is
    /// the key that messages are encrypted with, which Appendix B makes of SKEYID_e. Without SKEYID_a messages can be
    /// decrypted, and no HASH can be checked.
    ///
    /// # Errors
    ///
    /// An algorithm that `provider` lacks, a cipher that is none of IKEv1, a key of the wrong length.
    pub fn new(
        provider: &CryptoProvider,
        cipher: CipherId,
        hash: HashId,
        encryption: &Secret,
        skeyid_a: Option<&Secret>,
    ) -> Result<Self, CryptoError> {
        if cipher.ikev1_phase_1().is_none() {
            return Err(CryptoError::Invalid("cipher of an ISAKMP SA"));
        }
        let prf = provider.prf(PrfId::hmac_of(hash));
        Ok(Self {
            cipher,
            hash: provider.hash(hash)?,
            encryption: provider.cipher(cipher)?.key(encryption)?,
            skeyid_a: skeyid_a.map(|key| prf?.key(key.expose())).transpose()?,
        })
    }

    /// The same from the keys of phase 1.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_phase_1(
        provider: &CryptoProvider,
        cipher: CipherId,
        hash: HashId,
        keys: &Phase1Keys,
    ) -> Result<Self, CryptoError> {
        let encryption = keys.encryption_key(provider, cipher)?;
        Self::new(provider, cipher, hash, &encryption, Some(&keys.skeyid_a))
    }

    /// The cipher.
    pub const fn cipher(&self) -> CipherId {
        self.cipher
    }

    /// The hash.
    pub fn hash(&self) -> HashId {
        self.hash.id()
    }
}

impl fmt::Debug for MessageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageKeys")
            .field("cipher", &self.cipher)
            .field("hash", &self.hash.id())
            .field("skeyid_a", &self.skeyid_a.is_some())
            .finish()
    }
}

/// The IV of the next message of an exchange: the last block of ciphertext before it, or a hash where there is none (RFC
/// 2409 Appendix B). It is no secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Iv {
    octets: [u8; Self::MAX_LEN],
    len: usize,
}

impl Iv {
    /// Octets of a block of the ciphers with the largest.
    const MAX_LEN: usize = 16;

    /// An IV as it is, for instance the last block of phase 1 from a key log.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] for more than 16 octets.
    pub fn from_octets(octets: &[u8]) -> Result<Self, CryptoError> {
        let mut iv = Self { octets: [0; Self::MAX_LEN], len: octets.len() };
        let room = iv.octets.get_mut(..octets.len());
        room.ok_or(CryptoError::Length { what: "IV", got: octets.len() })?.copy_from_slice(octets);
        Ok(iv)
    }

    /// The IV of the first encrypted message of phase 1: hash(g^xi | g^xr).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] where the IV is longer than the hash.
    pub fn phase_1(keys: &MessageKeys, exchange: KeyExchange<'_>) -> Result<Self, CryptoError> {
        Self::from_octets(&phase_1_iv(keys.hash, exchange, keys.cipher)?)
    }

    /// The IV of the first message of a later exchange: hash(last block of phase 1 | message id). Where no message of phase
    /// 1 was encrypted, as in Aggressive Mode, `last_phase_1` is the IV of phase 1.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] where the IV is longer than the hash.
    pub fn phase_2(keys: &MessageKeys, last_phase_1: &Self, message_id: u32) -> Result<Self, CryptoError> {
        Self::from_octets(&phase_2_iv(keys.hash, last_phase_1.octets(), message_id, keys.cipher)?)
    }

    /// The octets.
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Debug for Iv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iv(")?;
        self.octets().iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        f.write_str(")")
    }
}
