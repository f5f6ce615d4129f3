use crate::{ActiveKex, CryptoError, KexAlg, KexId, Secret, SecureRandom};
use alloc::boxed::Box;
use core::fmt;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::Zeroizing;

/// Curve25519 (RFC 7748, RFC 8031).
#[derive(Debug)]
pub(super) struct Curve25519;

impl KexAlg for Curve25519 {
    fn id(&self) -> KexId {
        KexId::Curve25519
    }

    fn start(&self, rng: &mut dyn SecureRandom) -> Result<Box<dyn ActiveKex>, CryptoError> {
        let mut private = Zeroizing::new([0; 32]);
        rng.fill(&mut *private)?;
        let public = x25519(*private, X25519_BASEPOINT_BYTES);
        Ok(Box::new(Active { private, public }))
    }
}

struct Active {
    private: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl fmt::Debug for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Curve25519 key pair")
    }
}

impl ActiveKex for Active {
    fn public(&self) -> &[u8] {
        &self.public
    }

    /// Masks the top bit and takes values that are not canonical, as RFC 8031 §3.2 wants; a secret of zeros is refused
    /// (RFC 7748 §6.1).
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError> {
        let peer =
            peer.try_into().map_err(|_| CryptoError::Length { what: "public value", got: peer.len() })?;
        let shared = Zeroizing::new(x25519(*self.private, peer));
        let secret = Secret::copy_from(&*shared);
        if secret.ct_eq(&[0; 32]) { Err(CryptoError::InvalidPublicValue) } else { Ok(secret) }
    }
}
