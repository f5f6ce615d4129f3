use super::wrong;
use crate::random::private_key;
use crate::{ActiveKex, CryptoError, KexAlg, KexId, Secret, SecureRandom};
use ::aws_lc_rs::agreement::{Algorithm, PrivateKey, UnparsedPublicKey, agree};
use alloc::boxed::Box;
use core::fmt;

/// Curve25519 (RFC 8031), or an ECP group (RFC 5903), whose public values are x | y and whose secret is x.
pub(super) struct Ecdh {
    pub(super) id: KexId,
    pub(super) algorithm: &'static Algorithm,
    /// What the first octet of a random string keeps, where the order has fewer bits than its octets.
    pub(super) first_octet: u8,
}

impl fmt::Debug for Ecdh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id.name())
    }
}

impl Ecdh {
    /// What comes in front of x | y in an uncompressed point, and nothing in front of u.
    fn prefix(&self) -> &'static [u8] {
        if self.id == KexId::Curve25519 { &[] } else { &[4] }
    }
}

impl KexAlg for Ecdh {
    fn id(&self) -> KexId {
        self.id
    }

    fn start(&self, rng: &mut dyn SecureRandom) -> Result<Box<dyn ActiveKex>, CryptoError> {
        let make = |octets: &[u8]| PrivateKey::from_private_key(self.algorithm, octets).ok();
        let private = private_key(rng, self.id.shared_len(), self.first_octet, make)?;
        let public = private.compute_public_key().map_err(|_| CryptoError::Randomness)?;
        let public = public.as_ref().get(self.prefix().len()..).unwrap_or_default().into();
        Ok(Box::new(Active { id: self.id, prefix: self.prefix(), private, public }))
    }
}

struct Active {
    id: KexId,
    prefix: &'static [u8],
    private: PrivateKey,
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

    /// Points are checked to be on the curve, and secrets of zeros are refused, by AWS-LC (RFC 6989 §2.3, RFC 7748 §6.1).
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError> {
        if peer.len() != self.id.response_len() {
            return Err(wrong("public value", peer));
        }
        let point = [self.prefix, peer].concat();
        let peer = UnparsedPublicKey::new(self.private.algorithm(), &point);
        agree(&self.private, peer, CryptoError::InvalidPublicValue, |secret| Ok(Secret::copy_from(secret)))
    }
}
