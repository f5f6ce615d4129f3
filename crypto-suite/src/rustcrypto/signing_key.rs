use super::ecp::Supported;
use super::verify::ecdsa_digest;
use crate::{CryptoError, KeyType, PublicKey, Secret, SignatureId, SigningKey};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use p256::NistP256;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::elliptic_curve::SecretKey;
use p256::pkcs8::{self, AssociatedOid, DecodePrivateKey};
use p384::NistP384;
use p521::NistP521;

/// A key that signs, from the DER of a PKCS #8 PrivateKeyInfo (RFC 5958): ECDSA on P-256, P-384 or P-521, Ed25519 or Ed448.
/// For ECDSA the DER of an ECPrivateKey that names its curve (RFC 5915) is taken as well.
///
/// RSA keys are refused: see [`SigningKey`].
///
/// ```
/// use ipsec_crypto_suite::{Secret, SignatureForm, SignatureId, SigningKey as _, rustcrypto};
///
/// let mut pkcs8 = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// pkcs8.extend([7; 32]);
/// let key = rustcrypto::signing_key(&Secret::from(pkcs8))?;
/// let signature = key.sign(SignatureId::Ed25519, &[b"signed ", b"octets"])?;
///
/// let provider = rustcrypto::provider();
/// let (form, public) = (SignatureForm::Der, key.public_key());
/// provider.verify_signature(SignatureId::Ed25519, form, public, &[b"signed octets"], &signature)?;
/// # Ok::<(), ipsec_crypto_suite::CryptoError>(())
/// ```
///
/// # Errors
///
/// [`CryptoError::Invalid`] for other octets and other kinds of keys.
pub fn signing_key(der: &Secret) -> Result<Box<dyn SigningKey>, CryptoError> {
    let der = der.expose();
    let private = if let Ok(key) = ecdsa_key::<NistP256>(der) {
        Private::P256(key.into())
    } else if let Ok(key) = ecdsa_key::<NistP384>(der) {
        Private::P384(key.into())
    } else if let Ok(key) = ecdsa_key::<NistP521>(der) {
        Private::P521(key.into())
    } else if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
        Private::Ed25519(key)
    } else if let Ok(key) = ed448_goldilocks::SigningKey::from_pkcs8_der(der) {
        Private::Ed448(Box::new(key))
    } else {
        return Err(CryptoError::Invalid("private key"));
    };
    let public = private.public()?;
    Ok(Box::new(Key { private, public }))
}

fn ecdsa_key<C>(der: &[u8]) -> Result<SecretKey<C>, pkcs8::Error>
where
    C: Supported + AssociatedOid,
    SecretKey<C>: DecodePrivateKey,
{
    SecretKey::from_pkcs8_der(der).or_else(|error| {
        let key = sec1::EcPrivateKey::try_from(der).map_err(|_| error)?;
        // Of which curve it is, the parameters say; a field of the same length would do otherwise.
        match key.parameters.and_then(|parameters| parameters.named_curve()) {
            Some(curve) if curve == C::OID => SecretKey::from_slice(key.private_key).map_err(|_| error),
            _ => Err(error),
        }
    })
}

enum Private {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Ed448(Box<ed448_goldilocks::SigningKey>),
}

impl Private {
    fn public(&self) -> Result<PublicKey, CryptoError> {
        match self {
            Self::P256(key) => {
                PublicKey::new(KeyType::EcdsaP256, key.verifying_key().to_sec1_point(false).as_bytes())
            }
            Self::P384(key) => {
                PublicKey::new(KeyType::EcdsaP384, key.verifying_key().to_sec1_point(false).as_bytes())
            }
            Self::P521(key) => {
                PublicKey::new(KeyType::EcdsaP521, key.verifying_key().to_sec1_point(false).as_bytes())
            }
            Self::Ed25519(key) => PublicKey::new(KeyType::Ed25519, key.verifying_key().as_bytes()),
            Self::Ed448(key) => PublicKey::new(KeyType::Ed448, key.verifying_key().as_bytes()),
        }
    }
}

struct Key {
    private: Private,
    public: PublicKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} private key", self.public.key_type())
    }
}

impl SigningKey for Key {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn algorithms(&self) -> &[SignatureId] {
        use SignatureId as Id;
        match self.private {
            Private::P256(_) => &[Id::EcdsaP256Sha2_256, Id::EcdsaP256Sha2_384, Id::EcdsaP256Sha2_512],
            Private::P384(_) => &[Id::EcdsaP384Sha2_384, Id::EcdsaP384Sha2_256, Id::EcdsaP384Sha2_512],
            Private::P521(_) => &[Id::EcdsaP521Sha2_512, Id::EcdsaP521Sha2_256, Id::EcdsaP521Sha2_384],
            Private::Ed25519(_) => &[Id::Ed25519],
            Private::Ed448(_) => &[Id::Ed448],
        }
    }

    fn sign(&self, id: SignatureId, message: &[&[u8]]) -> Result<Vec<u8>, CryptoError> {
        if !self.algorithms().contains(&id) {
            return Err(CryptoError::Unsupported(id.name()));
        }
        let failed = |_| CryptoError::Invalid("private key");
        Ok(match &self.private {
            Private::P256(key) => {
                let made: p256::ecdsa::Signature =
                    key.sign_prehash(&ecdsa_digest(id, message)?).map_err(failed)?;
                made.to_bytes().to_vec()
            }
            Private::P384(key) => {
                let made: p384::ecdsa::Signature =
                    key.sign_prehash(&ecdsa_digest(id, message)?).map_err(failed)?;
                made.to_bytes().to_vec()
            }
            Private::P521(key) => {
                let made: p521::ecdsa::Signature =
                    key.sign_prehash(&ecdsa_digest(id, message)?).map_err(failed)?;
                made.to_bytes().to_vec()
            }
            Private::Ed25519(key) => {
                use ed25519_dalek::Signer as _;
                key.sign(&message.concat()).to_bytes().to_vec()
            }
            Private::Ed448(key) => key.sign_raw(&message.concat()).to_bytes().to_vec(),
        })
    }
}
