use super::{Given, wrong};
use crate::{ActiveKex, CryptoError, KexAlg, KexId, Secret, SecureRandom};
use alloc::boxed::Box;
use core::fmt;
use ed448_goldilocks::elliptic_curve::Generate as _;
use subtle::ConstantTimeEq as _;
use x448::EphemeralSecret;
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
        Ok(Box::new(Active25519 { public: PublicKey::from(&private), private }))
    }
}

struct Active25519 {
    private: StaticSecret,
    public: PublicKey,
}

impl fmt::Debug for Active25519 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Curve25519 key pair")
    }
}

impl ActiveKex for Active25519 {
    fn public(&self) -> &[u8] {
        self.public.as_bytes()
    }

    /// Masks the top bit and takes values that are not canonical, as RFC 8031 §3.2 wants; a secret of zeros is refused
    /// (RFC 7748 §6.1).
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError> {
        let peer: [u8; 32] = peer.try_into().map_err(|_| wrong("public value", peer))?;
        let shared = self.private.diffie_hellman(&PublicKey::from(peer));
        let secret = Secret::copy_from(shared.as_bytes());
        if shared.was_contributory() { Ok(secret) } else { Err(CryptoError::InvalidPublicValue) }
    }
}

/// Curve448 (RFC 7748, RFC 8031).
#[derive(Debug)]
pub(super) struct Curve448;

impl KexAlg for Curve448 {
    fn id(&self) -> KexId {
        KexId::Curve448
    }

    fn start(&self, rng: &mut dyn SecureRandom) -> Result<Box<dyn ActiveKex>, CryptoError> {
        let mut octets = Zeroizing::new([0; 56]);
        rng.fill(&mut *octets)?;
        let private = EphemeralSecret::generate_from_rng(&mut Given(&*octets));
        Ok(Box::new(Active448 { public: x448::PublicKey::from(&private), private }))
    }
}

struct Active448 {
    private: EphemeralSecret,
    public: x448::PublicKey,
}

impl fmt::Debug for Active448 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Curve448 key pair")
    }
}

impl ActiveKex for Active448 {
    fn public(&self) -> &[u8] {
        self.public.as_bytes()
    }

    /// Takes values that are not canonical (RFC 8031 §3.2); a secret of zeros is refused (RFC 7748 §6.2).
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError> {
        let length = wrong("public value", peer);
        let peer = x448::PublicKey::from_bytes_unchecked(peer).ok_or(length)?;
        let shared = self.private.diffie_hellman(&peer);
        let secret = Secret::copy_from(shared.as_bytes());
        if shared.as_bytes().ct_eq(&[0; 56]).into() {
            Err(CryptoError::InvalidPublicValue)
        } else {
            Ok(secret)
        }
    }
}
