use crate::secret::equal;
use crate::{
    AeadId, CipherId, CryptoError, HashId, KexId, MacId, PrfId, Protection, Secret, SecureRandom,
    SignatureAlg, SignatureId,
};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use core::fmt::Debug;
use zeroize::Zeroize as _;

/// The algorithms that a program uses: tables of primitives, handed to whatever needs them.
///
/// There is no global provider. [`rustcrypto::provider`](crate::rustcrypto::provider) is the default one; a subset is made
/// by leaving entries out, and only what is in the tables can be negotiated.
///
/// ```
/// use ipsec_crypto_suite::{AeadId, CryptoError, rustcrypto};
///
/// let mut provider = rustcrypto::provider();
/// provider.aeads.to_mut().retain(|aead| aead.id() == AeadId::Aes256Gcm16);
/// assert!(provider.aead(AeadId::Aes256Gcm16).is_ok());
/// assert_eq!(provider.aead(AeadId::Aes128Gcm16).unwrap_err(), CryptoError::Unsupported("AES-GCM-16-128"));
/// ```
#[derive(Clone, Debug)]
pub struct CryptoProvider {
    /// Ciphers with integrity of their own.
    pub aeads: Cow<'static, [&'static dyn AeadAlg]>,
    /// Ciphers without.
    pub ciphers: Cow<'static, [&'static dyn CipherAlg]>,
    /// Integrity algorithms.
    pub macs: Cow<'static, [&'static dyn MacAlg]>,
    /// Pseudo-random functions.
    pub prfs: Cow<'static, [&'static dyn PrfAlg]>,
    /// Hash functions.
    pub hashes: Cow<'static, [&'static dyn HashAlg]>,
    /// Key exchange methods.
    pub key_exchanges: Cow<'static, [&'static dyn KexAlg]>,
    /// Signature algorithms, for verification; keys that sign are [`SigningKey`](crate::SigningKey)s of their owner.
    pub signatures: Cow<'static, [&'static dyn SignatureAlg]>,
}

impl CryptoProvider {
    /// Whether all algorithms of a protection are there.
    pub fn has_protection(&self, protection: Protection) -> bool {
        match protection {
            Protection::Aead(aead) => self.aead(aead).is_ok(),
            Protection::Composed { cipher, mac } => self.cipher(cipher).is_ok() && self.mac(mac).is_ok(),
        }
    }
}

macro_rules! finders {
    ($($name:ident($id:ty) in $table:ident: $entry:ident;)*) => {
        impl CryptoProvider {
            $(
                /// The entry for `id`.
                ///
                /// # Errors
                ///
                /// [`CryptoError::Unsupported`].
                pub fn $name(&self, id: $id) -> Result<&'static dyn $entry, CryptoError> {
                    let found = self.$table.iter().copied().find(|entry| entry.id() == id);
                    found.ok_or_else(|| CryptoError::Unsupported(id.name()))
                }
            )*
        }
    };
}

finders! {
    aead(AeadId) in aeads: AeadAlg;
    cipher(CipherId) in ciphers: CipherAlg;
    mac(MacId) in macs: MacAlg;
    prf(PrfId) in prfs: PrfAlg;
    hash(HashId) in hashes: HashAlg;
    key_exchange(KexId) in key_exchanges: KexAlg;
    signature(SignatureId) in signatures: SignatureAlg;
}

/// An AEAD algorithm.
pub trait AeadAlg: Debug + Send + Sync {
    /// Which one.
    fn id(&self) -> AeadId;

    /// Sets a key up, once per SA.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] where the key has not [`AeadId::key_len`] octets.
    fn key(&self, key: &Secret) -> Result<Box<dyn AeadKey>, CryptoError>;
}

/// A keyed AEAD. Nothing is allocated per call.
pub trait AeadKey: Debug + Send + Sync {
    /// Encrypts `data` in place and writes the tag. A nonce must never repeat under one key.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] for a nonce, tag or message of the wrong length.
    fn seal(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &mut [u8]) -> Result<(), CryptoError>;

    /// Verifies the tag and decrypts `data` in place; where it is wrong `data` holds no plaintext.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Authentication`], or [`CryptoError::Length`] for a nonce or tag of the wrong length.
    fn open(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &[u8]) -> Result<(), CryptoError>;
}

/// A cipher without integrity.
pub trait CipherAlg: Debug + Send + Sync {
    /// Which one.
    fn id(&self) -> CipherId;

    /// Sets a key up, once per SA.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] where the key has not [`CipherId::key_len`] octets.
    fn key(&self, key: &Secret) -> Result<Box<dyn CipherKey>, CryptoError>;
}

/// A keyed cipher. Nothing is allocated per call.
pub trait CipherKey: Debug + Send + Sync {
    /// Encrypts `data`, a whole number of blocks, in place.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] for an IV or data of the wrong length.
    fn encrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError>;

    /// Decrypts `data`, a whole number of blocks, in place.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] for an IV or data of the wrong length.
    fn decrypt(&self, iv: &[u8], data: &mut [u8]) -> Result<(), CryptoError>;
}

/// An integrity algorithm.
pub trait MacAlg: Debug + Send + Sync {
    /// Which one.
    fn id(&self) -> MacId;

    /// Sets a key up, once per SA.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] where the key has not [`MacId::key_len`] octets.
    fn key(&self, key: &Secret) -> Result<Box<dyn MacKey>, CryptoError>;
}

/// The longest ICV of a [`MacKey`], in octets.
pub(crate) const MAX_ICV_LEN: usize = 64;

/// A keyed integrity algorithm. Nothing is allocated per call.
pub trait MacKey: Debug + Send + Sync {
    /// Writes the ICV over `parts`, one after the other. `iv`, which must never repeat under one key, has
    /// [`MacId::iv_len`] octets: none but with GMAC.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] where `icv` has not [`MacId::icv_len`] octets, or `iv` another length.
    fn compute(&self, iv: &[u8], parts: &[&[u8]], icv: &mut [u8]) -> Result<(), CryptoError>;

    /// Verifies the ICV over `parts`, in constant time.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Authentication`] for a wrong one, [`CryptoError::Length`] for one, or an IV, of the wrong length.
    fn verify(&self, iv: &[u8], parts: &[&[u8]], icv: &[u8]) -> Result<(), CryptoError> {
        let mut expected = [0; MAX_ICV_LEN];
        let Some(out) = expected.get_mut(..icv.len()) else {
            return Err(CryptoError::Length { what: "ICV", got: icv.len() });
        };
        let computed = self.compute(iv, parts, out);
        let right = computed.is_ok() && bool::from(equal(out, icv));
        if !right {
            // The right ICV of an altered message is a secret: it would make the alteration pass.
            expected.zeroize();
        }
        computed?;
        if right { Ok(()) } else { Err(CryptoError::Authentication) }
    }
}

/// A pseudo-random function.
pub trait PrfAlg: Debug + Send + Sync {
    /// Which one.
    fn id(&self) -> PrfId;

    /// Sets a key of any length up.
    ///
    /// # Errors
    ///
    /// What a provider of limited means refuses.
    fn key(&self, key: &[u8]) -> Result<Box<dyn PrfKey>, CryptoError>;
}

/// A keyed pseudo-random function. Nothing is allocated per call.
pub trait PrfKey: Debug + Send + Sync {
    /// Octets of the output.
    fn output_len(&self) -> usize;

    /// Writes the output for `parts`, one after the other.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] where `out` has not [`output_len`](Self::output_len) octets.
    fn compute(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError>;
}

/// A hash function.
pub trait HashAlg: Debug + Send + Sync {
    /// Which one.
    fn id(&self) -> HashId;

    /// Writes the hash of `parts`, one after the other.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] where `out` has not [`HashId::output_len`] octets.
    fn digest(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError>;
}

/// A key exchange method, in a form that fits Diffie-Hellman and key encapsulation alike.
pub trait KexAlg: Debug + Send + Sync {
    /// Which one.
    fn id(&self) -> KexId;

    /// The initiator's half: makes a fresh key pair.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Randomness`].
    fn start(&self, rng: &mut dyn SecureRandom) -> Result<Box<dyn ActiveKex>, CryptoError>;

    /// The responder's half: from the initiator's public value, its own public value and the shared secret.
    ///
    /// # Errors
    ///
    /// [`CryptoError::InvalidPublicValue`], [`CryptoError::Length`] or [`CryptoError::Randomness`].
    fn respond(&self, rng: &mut dyn SecureRandom, peer: &[u8]) -> Result<(Box<[u8]>, Secret), CryptoError> {
        let active = self.start(rng)?;
        let public = active.public().into();
        Ok((public, active.complete(peer)?))
    }
}

/// A key exchange that waits for the responder's public value; used once.
pub trait ActiveKex: Debug + Send {
    /// Our public value, [`KexId::public_len`] octets: the initiator's.
    fn public(&self) -> &[u8];

    /// The shared secret, [`KexId::shared_len`] octets, leading zeros kept (RFC 7296 §2.14).
    ///
    /// # Errors
    ///
    /// [`CryptoError::InvalidPublicValue`] where the peer's value fails the checks of RFC 6989 or leads to a secret of
    /// zeros (RFC 7748 §6), [`CryptoError::Length`] where it has not [`KexId::response_len`] octets.
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError>;
}
