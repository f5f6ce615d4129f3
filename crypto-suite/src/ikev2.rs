//! The key schedule of IKEv2: prf+, SKEYSEED, SK_*, KEYMAT and shared-key AUTH (RFC 7296 §2.13 to §2.18).
//!
//! ```
//! use ipsec_crypto_suite::ikev2::{ChildKeys, Skeyseed};
//! use ipsec_crypto_suite::{AeadId, PrfId, Protection, Secret, rustcrypto};
//! use ipsec_types::IkeSpi;
//!
//! let provider = rustcrypto::provider();
//! let (nonce_i, nonce_r) = ([1; 32], [2; 32]);
//! let shared = Secret::new([3; 32]); // of the key exchange
//! let protection = Protection::Aead(AeadId::Aes256Gcm16);
//!
//! let skeyseed = Skeyseed::new(&provider, PrfId::HmacSha2_256, &nonce_i, &nonce_r, &shared)?;
//! let keys = skeyseed.derive(protection, &nonce_i, &nonce_r, IkeSpi([4; 8]), IkeSpi([5; 8]))?;
//! assert_eq!(keys.sk_ei.len(), 36); // a key of 32 octets and a salt of 4
//!
//! let child = ChildKeys::derive(
//!     &provider, PrfId::HmacSha2_256, &keys.sk_d, &[], &nonce_i, &nonce_r, protection,
//! )?;
//! assert!(child.initiator_to_responder.integrity.is_none());
//! # Ok::<(), ipsec_crypto_suite::CryptoError>(())
//! ```

use crate::keys::Cutter;
use crate::{CryptoError, CryptoProvider, PrfId, PrfKey, Protection, SaKeys, Secret};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use ipsec_types::IkeSpi;
use zeroize::Zeroizing;

/// prf+ (RFC 7296 §2.13): fills `out` from the keyed `prf` and the parts of the seed, one after the other.
///
/// # Errors
///
/// [`CryptoError::OutputTooLong`] past 255 blocks of the PRF's output, [`CryptoError::Invalid`] for more than ten parts.
pub fn prf_plus(prf: &dyn PrfKey, seed: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
    let block_len = prf.output_len();
    if block_len == 0 || block_len > MAX_PRF_LEN || out.len().div_ceil(block_len) > 255 {
        return Err(CryptoError::OutputTooLong);
    }
    let too_many = CryptoError::Invalid("number of seed parts");
    let (mut previous, mut block) = (Zeroizing::new([0; MAX_PRF_LEN]), Zeroizing::new([0; MAX_PRF_LEN]));
    for (chunk, number) in out.chunks_mut(block_len).zip(1..=u8::MAX) {
        // T1 = prf(K, S | 0x01), Tn = prf(K, Tn-1 | S | n)
        let last = [number];
        let mut parts = [&[][..]; MAX_SEED_PARTS + 2];
        let parts = parts.get_mut(..seed.len() + 2).ok_or(too_many)?;
        let [first, middle @ .., end] = parts else { return Err(too_many) };
        *first = if number == 1 { &[] } else { previous.get(..block_len).unwrap_or_default() };
        middle.copy_from_slice(seed);
        *end = &last;
        prf.compute(parts, block.get_mut(..block_len).unwrap_or_default())?;
        chunk.copy_from_slice(block.get(..chunk.len()).unwrap_or_default());
        *previous = *block;
    }
    Ok(())
}

/// SKEYSEED, keyed into the PRF it is used with (RFC 7296 §2.14, §2.18).
pub struct Skeyseed {
    prf: PrfId,
    keyed: Box<dyn PrfKey>,
}

impl Skeyseed {
    /// Of the initial exchange: prf(Ni | Nr, g^ir) (RFC 7296 §2.14).
    ///
    /// For AES-XCBC-PRF-128 and AES-CMAC-PRF-128, whose keys have a fixed length, the first 64 bits of each nonce are the
    /// key; what follows takes all of both.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF.
    pub fn new(
        provider: &CryptoProvider,
        prf: PrfId,
        nonce_i: &[u8],
        nonce_r: &[u8],
        shared: &Secret,
    ) -> Result<Self, CryptoError> {
        let taken = prf.skeyseed_nonce_len().unwrap_or(usize::MAX);
        let front = |nonce: &[u8]| nonce.get(..taken).unwrap_or(nonce).to_vec();
        let nonces = [front(nonce_i), front(nonce_r)].concat();
        let seed = prf_once(provider, prf, &nonces, &[shared.expose()])?;
        Ok(Self { prf, keyed: provider.prf(prf)?.key(seed.expose())? })
    }

    /// Of a rekeyed IKE SA: prf(SK_d of the old SA, g^ir of the new exchange | Ni | Nr), with the PRF of the old SA; the
    /// keys are then derived with the PRF of the new one (RFC 7296 §2.18).
    ///
    /// `shared` holds the secret of each key exchange in their order; with additional ones the seed is SK(0) | Ni | Nr |
    /// SK(1) | ... | SK(n) (RFC 9370 §2.2.4).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks one of the PRFs, [`CryptoError::Invalid`] for no secret or more
    /// than eight.
    pub fn rekey(
        provider: &CryptoProvider,
        (old_prf, old_sk_d): (PrfId, &Secret),
        new_prf: PrfId,
        nonce_i: &[u8],
        nonce_r: &[u8],
        shared: &[&Secret],
    ) -> Result<Self, CryptoError> {
        if shared.is_empty() {
            return Err(CryptoError::Invalid("number of key exchanges"));
        }
        let (parts, used) = exchange_seed(shared, nonce_i, nonce_r)?;
        let seed = prf_once(provider, old_prf, old_sk_d.expose(), parts.get(..used).unwrap_or_default())?;
        Ok(Self { prf: new_prf, keyed: provider.prf(new_prf)?.key(seed.expose())? })
    }

    /// After an additional key exchange in IKE_INTERMEDIATE: prf(SK_d(n-1), SK(n) | Ni | Nr); the keys of the SA are then
    /// derived anew (RFC 9370 §2.2.2).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF.
    pub fn additional(
        provider: &CryptoProvider,
        prf: PrfId,
        sk_d: &Secret,
        nonce_i: &[u8],
        nonce_r: &[u8],
        shared: &Secret,
    ) -> Result<Self, CryptoError> {
        Self::rekey(provider, (prf, sk_d), prf, nonce_i, nonce_r, &[shared])
    }

    /// Of a resumed IKE SA: prf(SK_d of the old SA, "Resumption" | Ni | Nr) (RFC 5723 §5.1).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF.
    pub fn resumption(
        provider: &CryptoProvider,
        prf: PrfId,
        old_sk_d: &Secret,
        nonce_i: &[u8],
        nonce_r: &[u8],
    ) -> Result<Self, CryptoError> {
        let seed = prf_once(provider, prf, old_sk_d.expose(), &[b"Resumption", nonce_i, nonce_r])?;
        Ok(Self { prf, keyed: provider.prf(prf)?.key(seed.expose())? })
    }

    /// The keys of the IKE SA: prf+(SKEYSEED, Ni | Nr | SPIi | SPIr), cut into SK_d, SK_ai, SK_ar, SK_ei, SK_er, SK_pi and
    /// SK_pr (RFC 7296 §2.14).
    ///
    /// # Errors
    ///
    /// As [`prf_plus`].
    pub fn derive(
        &self,
        protection: Protection,
        nonce_i: &[u8],
        nonce_r: &[u8],
        spi_i: IkeSpi,
        spi_r: IkeSpi,
    ) -> Result<IkeKeys, CryptoError> {
        let (prf_len, integrity_len) = (self.prf.key_len(), protection.integrity_key_len());
        let encryption_len = protection.encryption_key_len();
        let total = 3 * prf_len + 2 * integrity_len + 2 * encryption_len;
        let seed = [nonce_i, nonce_r, &spi_i.0, &spi_r.0];
        let material = Secret::try_fill(total, |out| prf_plus(&*self.keyed, &seed, out))?;
        let mut cut = Cutter::new(&material);
        Ok(IkeKeys {
            sk_d: cut.take(prf_len)?,
            sk_ai: cut.take_some(integrity_len)?,
            sk_ar: cut.take_some(integrity_len)?,
            sk_ei: cut.take(encryption_len)?,
            sk_er: cut.take(encryption_len)?,
            sk_pi: cut.take(prf_len)?,
            sk_pr: cut.take(prf_len)?,
        })
    }
}

impl fmt::Debug for Skeyseed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Skeyseed({})", self.prf)
    }
}

/// The keys of an IKE SA (RFC 7296 §2.14).
#[derive(Debug)]
pub struct IkeKeys {
    /// What Child SA keys and the next SKEYSEED are derived from.
    pub sk_d: Secret,
    /// Integrity key of the initiator's messages; `None` with an AEAD.
    pub sk_ai: Option<Secret>,
    /// Integrity key of the responder's messages; `None` with an AEAD.
    pub sk_ar: Option<Secret>,
    /// Encryption key of the initiator's messages, with the salt behind it.
    pub sk_ei: Secret,
    /// Encryption key of the responder's messages, with the salt behind it.
    pub sk_er: Secret,
    /// What the initiator's AUTH is made with.
    pub sk_pi: Secret,
    /// What the responder's AUTH is made with.
    pub sk_pr: Secret,
}

impl IkeKeys {
    /// Mixes a post-quantum pre-shared key in: SK_d, SK_pi and SK_pr each become prf+(PPK, itself) (RFC 8784 §3).
    ///
    /// `prf` is the SA's own. The other keys stay.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF; the keys stay as they were.
    pub fn mix_ppk(
        &mut self,
        provider: &CryptoProvider,
        prf: PrfId,
        ppk: &Secret,
    ) -> Result<(), CryptoError> {
        let keyed = provider.prf(prf)?.key(ppk.expose())?;
        let mix = |key: &Secret| Secret::try_fill(key.len(), |out| prf_plus(&*keyed, &[key.expose()], out));
        let (sk_d, sk_pi, sk_pr) = (mix(&self.sk_d)?, mix(&self.sk_pi)?, mix(&self.sk_pr)?);
        (self.sk_d, self.sk_pi, self.sk_pr) = (sk_d, sk_pi, sk_pr);
        Ok(())
    }
}

/// The keys of a Child SA, from KEYMAT (RFC 7296 §2.17).
#[derive(Debug)]
pub struct ChildKeys {
    /// For packets from the initiator of the exchange.
    pub initiator_to_responder: SaKeys,
    /// For packets from its responder.
    pub responder_to_initiator: SaKeys,
}

impl ChildKeys {
    /// prf+(SK_d, Ni | Nr), or with perfect forward secrecy prf+(SK_d, g^ir | Ni | Nr), of the exchange that makes the
    /// Child SA (RFC 7296 §2.17).
    ///
    /// `shared` holds the secret of each key exchange in their order, none without perfect forward secrecy; with additional
    /// ones the seed is SK(0) | Ni | Nr | SK(1) | ... | SK(n) (RFC 9370 §2.2.4).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF, [`CryptoError::Invalid`] for more than eight secrets;
    /// as [`prf_plus`].
    pub fn derive(
        provider: &CryptoProvider,
        prf: PrfId,
        sk_d: &Secret,
        shared: &[&Secret],
        nonce_i: &[u8],
        nonce_r: &[u8],
        protection: Protection,
    ) -> Result<Self, CryptoError> {
        let (encryption, integrity) = (protection.encryption_key_len(), protection.integrity_key_len());
        let keyed = provider.prf(prf)?.key(sk_d.expose())?;
        let (parts, used) = exchange_seed(shared, nonce_i, nonce_r)?;
        let seed = parts.get(..used).unwrap_or_default();
        let material = Secret::try_fill(2 * (encryption + integrity), |out| prf_plus(&*keyed, seed, out))?;
        let mut cut = Cutter::new(&material);
        let mut direction =
            || Ok(SaKeys { encryption: cut.take(encryption)?, integrity: cut.take_some(integrity)? });
        Ok(Self { initiator_to_responder: direction()?, responder_to_initiator: direction()? })
    }
}

/// What an AUTH payload covers (RFC 7296 §2.15).
#[derive(Clone, Copy, Debug)]
pub struct AuthOctets<'a> {
    /// The signer's IKE_SA_INIT message, the last one sent, from the IKE header on.
    pub message: &'a [u8],
    /// The other end's nonce.
    pub peer_nonce: &'a [u8],
    /// The body of the signer's ID payload, from the ID type on, reserved octets included.
    pub id_body: &'a [u8],
}

impl AuthOctets<'_> {
    /// The octets that a signature covers: the message, the other end's nonce, and prf(SK_pi or SK_pr, ID body) (RFC 7296
    /// §2.15).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF.
    pub fn signed(
        &self,
        provider: &CryptoProvider,
        prf: PrfId,
        sk_p: &Secret,
    ) -> Result<Vec<u8>, CryptoError> {
        let maced_id = prf_once(provider, prf, sk_p.expose(), &[self.id_body])?;
        Ok([self.message, self.peer_nonce, maced_id.expose()].concat())
    }
}

/// The AUTH value of shared-key authentication: prf(prf(shared key, "Key Pad for IKEv2"), octets) (RFC 7296 §2.15).
///
/// With an EAP method that yields a key, the shared key is its MSK; with one that does not, it is the signer's SK_pi or
/// SK_pr (RFC 7296 §2.16).
///
/// `sk_p` is the signer's SK_pi or SK_pr. To check a peer's value, use [`verify_psk_auth`].
///
/// ```
/// use ipsec_crypto_suite::ikev2::{AuthOctets, psk_auth, verify_psk_auth};
/// use ipsec_crypto_suite::{CryptoError, PrfId, Secret, rustcrypto};
///
/// let (provider, prf) = (rustcrypto::provider(), PrfId::HmacSha2_256);
/// let (psk, sk_pi) = (Secret::copy_from(b"shared"), Secret::new([7; 32]));
/// let octets = AuthOctets { message: b"IKE_SA_INIT request", peer_nonce: &[1; 32], id_body: b"\x02\0\0\0a.example" };
/// let auth = psk_auth(&provider, prf, &psk, &sk_pi, &octets)?;
/// verify_psk_auth(&provider, prf, &psk, &sk_pi, &octets, auth.expose())?;
///
/// let other = Secret::copy_from(b"another");
/// let refused = verify_psk_auth(&provider, prf, &other, &sk_pi, &octets, auth.expose());
/// assert_eq!(refused, Err(CryptoError::Authentication));
/// # Ok::<(), CryptoError>(())
/// ```
///
/// # Errors
///
/// [`CryptoError::Unsupported`] where the provider lacks the PRF.
pub fn psk_auth(
    provider: &CryptoProvider,
    prf: PrfId,
    psk: &Secret,
    sk_p: &Secret,
    octets: &AuthOctets<'_>,
) -> Result<Secret, CryptoError> {
    let maced_id = prf_once(provider, prf, sk_p.expose(), &[octets.id_body])?;
    let key = prf_once(provider, prf, psk.expose(), &[b"Key Pad for IKEv2"])?;
    prf_once(provider, prf, key.expose(), &[octets.message, octets.peer_nonce, maced_id.expose()])
}

/// Verifies a peer's AUTH value against [`psk_auth`] of the same inputs, in constant time.
///
/// # Errors
///
/// [`CryptoError::Authentication`] for any other value, whatever its length; [`CryptoError::Unsupported`] where the
/// provider lacks the PRF.
pub fn verify_psk_auth(
    provider: &CryptoProvider,
    prf: PrfId,
    psk: &Secret,
    sk_p: &Secret,
    octets: &AuthOctets<'_>,
    auth: &[u8],
) -> Result<(), CryptoError> {
    let expected = psk_auth(provider, prf, psk, sk_p, octets)?;
    if expected.ct_eq(auth) { Ok(()) } else { Err(CryptoError::Authentication) }
}

/// The longest PRF output, in octets.
const MAX_PRF_LEN: usize = 64;
/// Key exchanges of one SA: the first and seven additional ones (RFC 9370 §2.2.1).
const MAX_EXCHANGES: usize = 8;
/// Parts of the longest seed: two nonces and the secrets of all key exchanges.
const MAX_SEED_PARTS: usize = MAX_EXCHANGES + 2;

/// SK(0) | Ni | Nr | SK(1) | ... | SK(n) in parts, and how many parts are used.
fn exchange_seed<'a>(
    shared: &[&'a Secret],
    nonce_i: &'a [u8],
    nonce_r: &'a [u8],
) -> Result<([&'a [u8]; MAX_SEED_PARTS], usize), CryptoError> {
    let mut parts = [&[][..]; MAX_SEED_PARTS];
    let (first, more) = match shared {
        [] => (&[][..], &[][..]),
        [first, more @ ..] => (first.expose(), more),
    };
    let [head, ni, nr, tail @ ..] = &mut parts;
    (*head, *ni, *nr) = (first, nonce_i, nonce_r);
    let tail = tail.get_mut(..more.len()).ok_or(CryptoError::Invalid("number of key exchanges"))?;
    for (part, secret) in tail.iter_mut().zip(more) {
        *part = secret.expose();
    }
    Ok((parts, 3 + more.len()))
}

fn prf_once(
    provider: &CryptoProvider,
    prf: PrfId,
    key: &[u8],
    parts: &[&[u8]],
) -> Result<Secret, CryptoError> {
    let keyed = provider.prf(prf)?.key(key)?;
    Secret::try_fill(keyed.output_len(), |out| keyed.compute(parts, out))
}
