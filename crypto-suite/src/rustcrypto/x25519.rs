use crate::{ActiveKex, CryptoError, KexAlg, KexId, Secret, SecureRandom};
use alloc::boxed::Box;
use core::fmt;
use x25519_dalek::{PublicKey, StaticSecret};
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
        let private = StaticSecret::from(*private);
        Ok(Box::new(Active { public: PublicKey::from(&private), private }))
    }
}

struct Active {
    private: StaticSecret,
    public: PublicKey,
}

impl fmt::Debug for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Curve25519 key pair")
    }
}

impl ActiveKex for Active {
    fn public(&self) -> &[u8] {
        self.public.as_bytes()
    }

    /// Masks the top bit and takes values that are not canonical, as RFC 8031 §3.2 wants; a secret of zeros is refused
    /// (RFC 7748 §6.1).
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError> {
        let length = CryptoError::Length { what: "public value", got: peer.len() };
        let peer: [u8; 32] = peer.try_into().map_err(|_| length)?;
        let shared = self.private.diffie_hellman(&PublicKey::from(peer));
        let secret = Secret::copy_from(shared.as_bytes());
        if shared.was_contributory() { Ok(secret) } else { Err(CryptoError::InvalidPublicValue) }
    }
}
