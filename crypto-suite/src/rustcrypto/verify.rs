//! Verification of signatures.

use crate::signature::rsa_numbers;
use crate::{CryptoError, HashAlg as _, HashId, PublicKey, SignatureAlg, SignatureId};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use ed448_goldilocks::CompressedEdwardsY;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::{Sha256, Sha384, Sha512};

/// The hash of the parts of a message.
pub(super) fn digest(hash: HashId, message: &[&[u8]]) -> Result<Vec<u8>, CryptoError> {
    let mut out = vec![0; hash.output_len()];
    match hash {
        HashId::Sha1 => super::SHA1.digest(message, &mut out)?,
        HashId::Sha2_256 => super::SHA2_256.digest(message, &mut out)?,
        HashId::Sha2_384 => super::SHA2_384.digest(message, &mut out)?,
        HashId::Sha2_512 => super::SHA2_512.digest(message, &mut out)?,
        HashId::Md5 => return Err(CryptoError::Unsupported(hash.name())),
    }
    Ok(out)
}

/// As ECDSA takes it: no shorter than the field of P-521, for which SHA-256 alone would be refused. Zeros in front do not
/// change the number it is.
pub(super) fn ecdsa_digest(id: SignatureId, message: &[&[u8]]) -> Result<Vec<u8>, CryptoError> {
    let hash = id.hash().ok_or_else(|| CryptoError::Unsupported(id.name()))?;
    let digest = digest(hash, message)?;
    let field_len = id.key_type().ecdsa_field_len().unwrap_or_default();
    let zeros = vec![0; field_len.saturating_sub(digest.len())];
    Ok([zeros, digest].concat())
}

/// ECDSA with keys `K` and signatures `S`.
pub(super) struct Ecdsa<K, S>(SignatureId, PhantomData<fn() -> (K, S)>);

impl<K, S> Ecdsa<K, S> {
    pub(super) const fn new(id: SignatureId) -> Self {
        Self(id, PhantomData)
    }
}

impl<K, S> fmt::Debug for Ecdsa<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl<K, S> SignatureAlg for Ecdsa<K, S>
where
    K: PrehashVerifier<S> + for<'a> TryFrom<&'a [u8]> + 'static,
    S: for<'a> TryFrom<&'a [u8]> + 'static,
{
    fn id(&self) -> SignatureId {
        self.0
    }

    fn verify(&self, key: &PublicKey, message: &[&[u8]], signature: &[u8]) -> Result<(), CryptoError> {
        let key = K::try_from(key.octets()).map_err(|_| CryptoError::Authentication)?;
        // Refuses r and s of 0 and from the order on.
        let signature = S::try_from(signature).map_err(|_| CryptoError::Authentication)?;
        let digest = ecdsa_digest(self.0, message)?;
        key.verify_prehash(&digest, &signature).map_err(|_| CryptoError::Authentication)
    }
}

/// Ed25519 (RFC 8032): pure, of which no prefix is hashed before.
#[derive(Debug)]
pub(super) struct Ed25519;

impl SignatureAlg for Ed25519 {
    fn id(&self) -> SignatureId {
        SignatureId::Ed25519
    }

    /// Strict: s below the order, and neither key nor R of small order.
    fn verify(&self, key: &PublicKey, message: &[&[u8]], signature: &[u8]) -> Result<(), CryptoError> {
        let refused = CryptoError::Authentication;
        let key = ed25519_dalek::VerifyingKey::try_from(key.octets()).map_err(|_| refused)?;
        let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| refused)?;
        key.verify_strict(&message.concat(), &signature).map_err(|_| refused)
    }
}

/// Ed448 (RFC 8032), with an empty context.
#[derive(Debug)]
pub(super) struct Ed448;

impl SignatureAlg for Ed448 {
    fn id(&self) -> SignatureId {
        SignatureId::Ed448
    }

    fn verify(&self, key: &PublicKey, message: &[&[u8]], signature: &[u8]) -> Result<(), CryptoError> {
        let refused = CryptoError::Authentication;
        let octets: &[u8; 57] = key.octets().try_into().map_err(|_| refused)?;
        let signature = ed448_goldilocks::Signature::try_from(signature).map_err(|_| refused)?;
        if !is_canonical(octets) || !is_canonical(signature.r_bytes()) {
            return Err(refused);
        }
        let key = ed448_goldilocks::VerifyingKey::from_bytes(octets).map_err(|_| refused)?;
        let point = key.to_edwards();
        if !bool::from(point.is_torsion_free()) || point == ed448_goldilocks::EdwardsPoint::IDENTITY {
            return Err(refused);
        }
        key.verify_raw(&signature, &message.concat()).map_err(|_| refused)
    }
}

/// Whether a point of Ed448 is in its one encoding: y is below the prime and no spare bit is set (RFC 8032 §5.2.3).
fn is_canonical(octets: &[u8; 57]) -> bool {
    let point = CompressedEdwardsY(*octets).decompress_unchecked().into_option();
    point.is_some_and(|point| point.compress().as_bytes() == octets)
}

/// RSASSA-PKCS1-v1_5, RSASSA-PSS and the signature of IKEv1 (RFC 8017, RFC 2409 §5.1).
pub(super) struct Rsa(pub(super) SignatureId);

impl fmt::Debug for Rsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Bits of a modulus: RFC 8247 §3.2 forbids shorter ones, and longer ones only cost.
const MIN_BITS: usize = 2048;
const MAX_BITS: usize = 8192;

fn rsa_key(key: &PublicKey) -> Option<RsaPublicKey> {
    let (modulus, exponent) = rsa_numbers(key.octets())?;
    let leading = modulus.first()?.leading_zeros() as usize;
    let bits = (8 * modulus.len()).checked_sub(leading)?;
    // An exponent of more than 8 octets serves only to keep the verifier busy.
    if !(MIN_BITS..=MAX_BITS).contains(&bits) || exponent.len() > 8 {
        return None;
    }
    let number = |octets: &[u8]| BoxedUint::from_be_slice_vartime(octets);
    RsaPublicKey::new_with_size_limits(number(modulus), number(exponent), MIN_BITS..=MAX_BITS).ok()
}

impl SignatureAlg for Rsa {
    fn id(&self) -> SignatureId {
        self.0
    }

    fn verify(&self, key: &PublicKey, message: &[&[u8]], signature: &[u8]) -> Result<(), CryptoError> {
        let key = rsa_key(key).ok_or(CryptoError::Authentication)?;
        let hashed = match self.0.hash() {
            Some(hash) => digest(hash, message)?,
            None => message.concat(),
        };
        let verified = match (self.0.is_rsassa_pss(), self.0.hash()) {
            (true, Some(HashId::Sha2_256)) => {
                key.verify(Pss::<Sha256>::new_with_salt(32), &hashed, signature)
            }
            (true, Some(HashId::Sha2_384)) => {
                key.verify(Pss::<Sha384>::new_with_salt(48), &hashed, signature)
            }
            (true, _) => key.verify(Pss::<Sha512>::new_with_salt(64), &hashed, signature),
            (false, hash) => key.verify(padding(hash)?, &hashed, signature),
        };
        verified.map_err(|_| CryptoError::Authentication)
    }
}

/// PKCS #1 v1.5 with the DigestInfo of a hash (RFC 8017 §9.2), or without one.
fn padding(hash: Option<HashId>) -> Result<Pkcs1v15Sign, CryptoError> {
    let Some(hash) = hash else { return Ok(Pkcs1v15Sign::new_unprefixed()) };
    let algorithm: &[u8] = match hash {
        HashId::Sha1 => &[0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0],
        HashId::Sha2_256 => &[0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0],
        HashId::Sha2_384 => &[0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0],
        HashId::Sha2_512 => &[0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0],
        HashId::Md5 => return Err(CryptoError::Unsupported(hash.name())),
    };
    let (length, inner) = (hash.output_len(), algorithm.len() + 2 + hash.output_len());
    let prefix = [&[0x30, inner as u8], algorithm, &[4, length as u8]].concat();
    Ok(Pkcs1v15Sign { hash_len: Some(length), prefix: Box::from(prefix) })
}
