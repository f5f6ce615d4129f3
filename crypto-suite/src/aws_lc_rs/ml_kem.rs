use super::wrong;
use crate::{ActiveKex, CryptoError, KexAlg, KexId, Secret, SecureRandom};
use ::aws_lc_rs::kem::{Algorithm, DecapsulationKey, EncapsulationKey};
use alloc::boxed::Box;
use core::fmt;

/// ML-KEM (FIPS 203), with randomness that AWS-LC draws from the operating system.
pub(super) struct MlKem(pub(super) KexId, pub(super) &'static Algorithm);

impl fmt::Debug for MlKem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl KexAlg for MlKem {
    fn id(&self) -> KexId {
        self.0
    }

    fn start(&self, _rng: &mut dyn SecureRandom) -> Result<Box<dyn ActiveKex>, CryptoError> {
        let private = DecapsulationKey::generate(self.1).map_err(|_| CryptoError::Randomness)?;
        let public = private.encapsulation_key().map_err(|_| CryptoError::Randomness)?;
        let public = public.key_bytes().map_err(|_| CryptoError::Randomness)?.as_ref().into();
        Ok(Box::new(Active { id: self.0, private, public }))
    }

    /// The encapsulation key passes FIPS 203 §7.2's checks, of its length and of its coefficients, or is refused.
    fn respond(&self, _rng: &mut dyn SecureRandom, peer: &[u8]) -> Result<(Box<[u8]>, Secret), CryptoError> {
        if peer.len() != self.0.public_len() {
            return Err(wrong("public value", peer));
        }
        let key = EncapsulationKey::new(self.1, peer).map_err(|_| CryptoError::InvalidPublicValue)?;
        let (ciphertext, shared) = key.encapsulate().map_err(|_| CryptoError::InvalidPublicValue)?;
        Ok((ciphertext.as_ref().into(), Secret::copy_from(shared.as_ref())))
    }
}

struct Active {
    id: KexId,
    private: DecapsulationKey,
    public: Box<[u8]>,
}

impl fmt::Debug for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} key pair", self.id)
    }
}

impl ActiveKex for Active {
    fn public(&self) -> &[u8] {
        &self.public
    }

    /// A ciphertext that was not made for this key yields a secret nobody else has (FIPS 203 §6.3).
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError> {
        if peer.len() != self.id.response_len() {
            return Err(wrong("public value", peer));
        }
        let shared = self.private.decapsulate(peer.into()).map_err(|_| CryptoError::InvalidPublicValue)?;
        Ok(Secret::copy_from(shared.as_ref()))
    }
}
