//! The key schedule of IKEv1: SKEYID, SKEYID_d, _a and _e, the HASH values, initialization vectors and KEYMAT (RFC 2409).
//!
//! ```
//! use ipsec_crypto_suite::ikev1::{Cookies, KeyExchange, Skeyid};
//! use ipsec_crypto_suite::{CipherId, PrfId, Secret, rustcrypto};
//! use ipsec_types::IkeSpi;
//!
//! let provider = rustcrypto::provider();
//! let (nonce_i, nonce_r) = ([1; 16], [2; 16]);
//! let cookies = Cookies { initiator: IkeSpi([3; 8]), responder: IkeSpi([4; 8]) };
//! let (psk, shared) = (Secret::copy_from(b"shared"), Secret::new([5; 256]));
//!
//! let skeyid = Skeyid::pre_shared_key(&provider, PrfId::HmacSha2_256, &psk, &nonce_i, &nonce_r)?;
//! let keys = skeyid.derive(&shared, cookies)?;
//! assert_eq!(keys.encryption_key(&provider, CipherId::Aes256Cbc)?.len(), 32);
//!
//! let exchange = KeyExchange { initiator: &[6; 256], responder: &[7; 256] };
//! let hash_i = skeyid.hash_i(exchange, cookies, b"SAi_b", b"IDii_b")?;
//! assert_eq!(hash_i.len(), 32);
//! # Ok::<(), ipsec_crypto_suite::CryptoError>(())
//! ```

use crate::keys::Cutter;
use crate::{
    CipherId, CryptoError, CryptoProvider, HashAlg, HashId, PrfId, PrfKey, Protection, SaKeys, Secret,
};
use alloc::boxed::Box;
use alloc::vec;
use core::fmt;
use ipsec_types::IkeSpi;

/// CKY-I and CKY-R.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookies {
    /// The initiator's.
    pub initiator: IkeSpi,
    /// The responder's.
    pub responder: IkeSpi,
}

/// g^xi and g^xr: the bodies of the KE payloads.
#[derive(Clone, Copy, Debug)]
pub struct KeyExchange<'a> {
    /// The initiator's public value.
    pub initiator: &'a [u8],
    /// The responder's public value.
    pub responder: &'a [u8],
}

/// SKEYID, keyed into the PRF it is used with (RFC 2409 §5).
pub struct Skeyid {
    prf: PrfId,
    keyed: Box<dyn PrfKey>,
}

impl Skeyid {
    /// Authentication with a pre-shared key: prf(pre-shared-key, Ni_b | Nr_b).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF.
    pub fn pre_shared_key(
        provider: &CryptoProvider,
        prf: PrfId,
        psk: &Secret,
        nonce_i: &[u8],
        nonce_r: &[u8],
    ) -> Result<Self, CryptoError> {
        Self::new(provider, prf, psk.expose(), &[nonce_i, nonce_r])
    }

    /// Authentication with signatures: prf(Ni_b | Nr_b, g^xy).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF.
    pub fn signature(
        provider: &CryptoProvider,
        prf: PrfId,
        nonce_i: &[u8],
        nonce_r: &[u8],
        shared: &Secret,
    ) -> Result<Self, CryptoError> {
        Self::new(provider, prf, &[nonce_i, nonce_r].concat(), &[shared.expose()])
    }

    /// Authentication with public key encryption, in both of its modes: prf(hash(Ni_b | Nr_b), CKY-I | CKY-R).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF or the hash.
    pub fn public_key_encryption(
        provider: &CryptoProvider,
        prf: PrfId,
        hash: HashId,
        nonce_i: &[u8],
        nonce_r: &[u8],
        cookies: Cookies,
    ) -> Result<Self, CryptoError> {
        let key =
            Secret::try_fill(hash.output_len(), |out| provider.hash(hash)?.digest(&[nonce_i, nonce_r], out))?;
        Self::new(provider, prf, key.expose(), &[&cookies.initiator.0, &cookies.responder.0])
    }

    fn new(provider: &CryptoProvider, prf: PrfId, key: &[u8], parts: &[&[u8]]) -> Result<Self, CryptoError> {
        let prf_alg = provider.prf(prf)?;
        let skeyid = compute(&*prf_alg.key(key)?, parts)?;
        Ok(Self { prf, keyed: prf_alg.key(skeyid.expose())? })
    }

    /// SKEYID_d, SKEYID_a and SKEYID_e, from g^xy and the cookies.
    ///
    /// # Errors
    ///
    /// What the PRF refuses.
    pub fn derive(&self, shared: &Secret, cookies: Cookies) -> Result<Phase1Keys, CryptoError> {
        let next = |previous: &[u8], number: u8| {
            let parts = [previous, shared.expose(), &cookies.initiator.0, &cookies.responder.0, &[number]];
            compute(&*self.keyed, &parts)
        };
        let skeyid_d = next(&[], 0)?;
        let skeyid_a = next(skeyid_d.expose(), 1)?;
        let skeyid_e = next(skeyid_a.expose(), 2)?;
        Ok(Phase1Keys { prf: self.prf, skeyid_d, skeyid_a, skeyid_e })
    }

    /// HASH_I = prf(SKEYID, g^xi | g^xr | CKY-I | CKY-R | SAi_b | IDii_b), over the octets of the payload bodies as they were
    /// on the wire. Compare with [`Secret::ct_eq`].
    ///
    /// # Errors
    ///
    /// What the PRF refuses.
    pub fn hash_i(
        &self,
        exchange: KeyExchange<'_>,
        cookies: Cookies,
        sa_body: &[u8],
        id_body: &[u8],
    ) -> Result<Secret, CryptoError> {
        let own = (exchange.initiator, &cookies.initiator);
        self.hash(own, (exchange.responder, &cookies.responder), sa_body, id_body)
    }

    /// HASH_R = prf(SKEYID, g^xr | g^xi | CKY-R | CKY-I | SAi_b | IDir_b). Compare with [`Secret::ct_eq`].
    ///
    /// # Errors
    ///
    /// What the PRF refuses.
    pub fn hash_r(
        &self,
        exchange: KeyExchange<'_>,
        cookies: Cookies,
        sa_body: &[u8],
        id_body: &[u8],
    ) -> Result<Secret, CryptoError> {
        let own = (exchange.responder, &cookies.responder);
        self.hash(own, (exchange.initiator, &cookies.initiator), sa_body, id_body)
    }

    fn hash(
        &self,
        own: (&[u8], &IkeSpi),
        peer: (&[u8], &IkeSpi),
        sa_body: &[u8],
        id_body: &[u8],
    ) -> Result<Secret, CryptoError> {
        compute(&*self.keyed, &[own.0, peer.0, &own.1.0, &peer.1.0, sa_body, id_body])
    }
}

impl fmt::Debug for Skeyid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Skeyid({})", self.prf)
    }
}

/// The keys of an ISAKMP SA (RFC 2409 §5).
#[derive(Debug)]
pub struct Phase1Keys {
    prf: PrfId,
    /// What the keys of phase-2 SAs are derived from.
    pub skeyid_d: Secret,
    /// What authenticates the messages of phase 2.
    pub skeyid_a: Secret,
    /// What the encryption key is made from.
    pub skeyid_e: Secret,
}

impl Phase1Keys {
    /// Takes the three keys as they are, for instance from a key log.
    pub const fn from_parts(prf: PrfId, skeyid_d: Secret, skeyid_a: Secret, skeyid_e: Secret) -> Self {
        Self { prf, skeyid_d, skeyid_a, skeyid_e }
    }

    /// The key that encrypts the messages of the ISAKMP SA: the front of SKEYID_e, or where that is too short the front of
    /// K1 | K2 | ..., K1 = prf(SKEYID_e, 0), Kn = prf(SKEYID_e, Kn-1) (RFC 2409 App. B).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF.
    pub fn encryption_key(&self, provider: &CryptoProvider, cipher: CipherId) -> Result<Secret, CryptoError> {
        let len = cipher.key_len();
        match self.skeyid_e.expose().get(..len) {
            Some(front) => Ok(Secret::copy_from(front)),
            None => {
                let keyed = provider.prf(self.prf)?.key(self.skeyid_e.expose())?;
                Secret::try_fill(len, |out| chain(&*keyed, &[&[0]], &[], out))
            }
        }
    }

    /// HASH(1) of quick mode, and the HASH of informational and transaction exchanges: prf(SKEYID_a, M-ID | the rest of the
    /// message behind the HASH payload) (RFC 2409 §5.5, §5.7). Compare with [`Secret::ct_eq`].
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF.
    pub fn hash_1(
        &self,
        provider: &CryptoProvider,
        message_id: u32,
        rest: &[u8],
    ) -> Result<Secret, CryptoError> {
        self.hash(provider, &[&message_id.to_be_bytes(), rest])
    }

    /// HASH(2) = prf(SKEYID_a, M-ID | Ni_b | the rest of the message behind the HASH payload) (RFC 2409 §5.5).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF.
    pub fn hash_2(
        &self,
        provider: &CryptoProvider,
        message_id: u32,
        nonce_i: &[u8],
        rest: &[u8],
    ) -> Result<Secret, CryptoError> {
        self.hash(provider, &[&message_id.to_be_bytes(), nonce_i, rest])
    }

    /// HASH(3) = prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b) (RFC 2409 §5.5).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF.
    pub fn hash_3(
        &self,
        provider: &CryptoProvider,
        message_id: u32,
        nonce_i: &[u8],
        nonce_r: &[u8],
    ) -> Result<Secret, CryptoError> {
        self.hash(provider, &[&[0], &message_id.to_be_bytes(), nonce_i, nonce_r])
    }

    fn hash(&self, provider: &CryptoProvider, parts: &[&[u8]]) -> Result<Secret, CryptoError> {
        compute(&*provider.prf(self.prf)?.key(self.skeyid_a.expose())?, parts)
    }

    /// The keys of one direction of an SA that quick mode makes: KEYMAT = prf(SKEYID_d, [g(qm)^xy |] protocol | SPI | Ni_b |
    /// Nr_b), chained until it is long enough (RFC 2409 §5.5).
    ///
    /// `protocol` is the protocol id of the proposal (2 for AH, 3 for ESP), `spi` the one that packets of this direction
    /// carry, and `shared` the secret of the quick mode's own key exchange for perfect forward secrecy.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks the PRF.
    pub fn keymat(
        &self,
        provider: &CryptoProvider,
        shared: Option<&Secret>,
        (protocol, spi): (u8, u32),
        (nonce_i, nonce_r): (&[u8], &[u8]),
        protection: Protection,
    ) -> Result<SaKeys, CryptoError> {
        let (encryption, integrity) = (protection.encryption_key_len(), protection.integrity_key_len());
        let keyed = provider.prf(self.prf)?.key(self.skeyid_d.expose())?;
        let (protocol, spi) = ([protocol], spi.to_be_bytes());
        let seed = [shared.map_or(&[][..], Secret::expose), &protocol, &spi, nonce_i, nonce_r];
        let material = Secret::try_fill(encryption + integrity, |out| chain(&*keyed, &seed, &seed, out))?;
        let mut cut = Cutter::new(&material);
        Ok(SaKeys { encryption: cut.take(encryption)?, integrity: cut.take_some(integrity)? })
    }
}

/// The IV of the first encrypted message of phase 1: the front of hash(g^xi | g^xr) (RFC 2409 App. B).
///
/// # Errors
///
/// [`CryptoError::Length`] where the cipher's IV is longer than the hash.
pub fn phase_1_iv(
    hash: &dyn HashAlg,
    exchange: KeyExchange<'_>,
    cipher: CipherId,
) -> Result<Box<[u8]>, CryptoError> {
    iv(hash, &[exchange.initiator, exchange.responder], cipher)
}

/// The IV of the first message of a phase-2 exchange: the front of hash(last CBC block of phase 1 | M-ID) (RFC 2409 App. B).
/// Each further message takes the last block of the one before it.
///
/// # Errors
///
/// [`CryptoError::Length`] where the cipher's IV is longer than the hash.
pub fn phase_2_iv(
    hash: &dyn HashAlg,
    last_phase_1_block: &[u8],
    message_id: u32,
    cipher: CipherId,
) -> Result<Box<[u8]>, CryptoError> {
    iv(hash, &[last_phase_1_block, &message_id.to_be_bytes()], cipher)
}

fn iv(hash: &dyn HashAlg, parts: &[&[u8]], cipher: CipherId) -> Result<Box<[u8]>, CryptoError> {
    let mut digest = vec![0; hash.id().output_len()];
    hash.digest(parts, &mut digest)?;
    let got = digest.len();
    let front = digest.get(..cipher.iv_len()).ok_or(CryptoError::Length { what: "IV from a hash", got })?;
    Ok(front.into())
}

fn compute(keyed: &dyn PrfKey, parts: &[&[u8]]) -> Result<Secret, CryptoError> {
    Secret::try_fill(keyed.output_len(), |out| keyed.compute(parts, out))
}

/// K1 = prf(K, `first`), Kn = prf(K, Kn-1 | `seed`), one after the other.
fn chain(keyed: &dyn PrfKey, first: &[&[u8]], seed: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
    let mut previous = compute(keyed, first)?;
    for (number, chunk) in out.chunks_mut(keyed.output_len().max(1)).enumerate() {
        if number > 0 {
            let parts = [&[previous.expose()], seed].concat();
            previous = compute(keyed, &parts)?;
        }
        let length = CryptoError::Length { what: "PRF output", got: previous.len() };
        chunk.copy_from_slice(previous.expose().get(..chunk.len()).ok_or(length)?);
    }
    Ok(())
}
