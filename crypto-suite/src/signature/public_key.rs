use crate::CryptoError;
use alloc::boxed::Box;
use core::fmt;
use der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use der::{Decode as _, Sequence};
use spki::SubjectPublicKeyInfoRef;

/// The kinds of public keys there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// RSA.
    Rsa,
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// ECDSA on NIST P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
}

impl KeyType {
    /// Octets of r and of s; `None` where it is not ECDSA.
    pub const fn ecdsa_field_len(self) -> Option<usize> {
        match self {
            Self::EcdsaP256 => Some(32),
            Self::EcdsaP384 => Some(48),
            Self::EcdsaP521 => Some(66),
            Self::Rsa | Self::Ed25519 | Self::Ed448 => None,
        }
    }

    /// Octets of an EdDSA key; `None` where it is not EdDSA.
    const fn eddsa_len(self) -> Option<usize> {
        match self {
            Self::Ed25519 => Some(32),
            Self::Ed448 => Some(57),
            Self::Rsa | Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521 => None,
        }
    }
}

/// A public key: what a certificate or a raw-key credential holds.
///
/// It has the form of its kind; whether it is a sound key shows when something is verified with it.
///
/// ```
/// use ipsec_crypto_suite::{KeyType, PublicKey};
///
/// let mut spki = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// spki.extend([7; 32]);
/// let key = PublicKey::from_spki(&spki)?;
/// assert_eq!(key.key_type(), KeyType::Ed25519);
/// assert_eq!(key.octets(), [7; 32]);
/// # Ok::<(), ipsec_crypto_suite::CryptoError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    key_type: KeyType,
    octets: Box<[u8]>,
}

impl PublicKey {
    /// From the DER of a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 7670).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] for other octets, and for kinds of keys that are not [`KeyType`]s.
    pub fn from_spki(der: &[u8]) -> Result<Self, CryptoError> {
        let invalid = CryptoError::Invalid("public key");
        let info: SubjectPublicKeyInfoRef<'_> =
            SubjectPublicKeyInfoRef::try_from(der).map_err(|_| invalid)?;
        let octets = info.subject_public_key.as_bytes().ok_or(invalid)?;
        let parameters = info.algorithm.parameters;
        let curve = || parameters.as_ref()?.decode_as::<ObjectIdentifier>().ok();
        let key_type = match info.algorithm.oid {
            RSA_ENCRYPTION if parameters == Some(AnyRef::NULL) => KeyType::Rsa,
            EC_PUBLIC_KEY => match curve() {
                Some(SECP256R1) => KeyType::EcdsaP256,
                Some(SECP384R1) => KeyType::EcdsaP384,
                Some(SECP521R1) => KeyType::EcdsaP521,
                _ => return Err(invalid),
            },
            ED25519 if parameters.is_none() => KeyType::Ed25519,
            ED448 if parameters.is_none() => KeyType::Ed448,
            _ => return Err(invalid),
        };
        Self::new(key_type, octets)
    }

    /// From the octets of its kind: an RSAPublicKey in DER (RFC 8017 App. A.1.1), an uncompressed point with its prefix 04
    /// (SEC 1), or an EdDSA key (RFC 8032).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] for a compressed point or what is no RSAPublicKey, [`CryptoError::Length`] for another length than the kind has.
    pub fn new(key_type: KeyType, octets: &[u8]) -> Result<Self, CryptoError> {
        let expected = match (key_type.ecdsa_field_len(), key_type.eddsa_len()) {
            (Some(field_len), _) => Some(2 * field_len + 1),
            (None, eddsa_len) => eddsa_len,
        };
        if expected.is_some_and(|expected| expected != octets.len()) {
            return Err(CryptoError::Length { what: "public key", got: octets.len() });
        }
        let compressed = key_type.ecdsa_field_len().is_some() && octets.first() != Some(&4);
        if compressed || (key_type == KeyType::Rsa && rsa_numbers(octets).is_none()) {
            return Err(CryptoError::Invalid("public key"));
        }
        Ok(Self { key_type, octets: octets.into() })
    }

    /// Its kind.
    pub const fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// Its octets, in the form that [`new`](Self::new) takes.
    pub const fn octets(&self) -> &[u8] {
        &self.octets
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?}, {} octets)", self.key_type, self.octets.len())
    }
}

/// RSAPublicKey (RFC 8017 App. A.1.1).
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

/// Modulus and exponent of an RSAPublicKey in DER; `None` for other octets, a SubjectPublicKeyInfo among them.
pub(crate) fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let key = RsaPublicKey::from_der(der).ok()?;
    Some((key.modulus.as_bytes(), key.public_exponent.as_bytes()))
}

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const ED448: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.113");
