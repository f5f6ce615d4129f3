use crate::{ActiveKex, CryptoError, KexAlg, KexId, Secret, SecureRandom};
use alloc::boxed::Box;
use core::fmt;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::{PublicKey, SecretKey};
use zeroize::Zeroizing;

/// The 256-bit random ECP group (RFC 5903): public values are x | y, the secret is x.
#[derive(Debug)]
pub(super) struct Ecp256;

/// A random string is no private key with a probability of 2^-32: a source that fails so often is broken.
const TRIES: usize = 8;

impl KexAlg for Ecp256 {
    fn id(&self) -> KexId {
        KexId::Ecp256
    }

    fn start(&self, rng: &mut dyn SecureRandom) -> Result<Box<dyn ActiveKex>, CryptoError> {
        for _ in 0..TRIES {
            let mut candidate = Zeroizing::new([0; 32]);
            rng.fill(&mut *candidate)?;
            let Ok(private) = SecretKey::from_slice(&*candidate) else { continue };
            let point = private.public_key().to_sec1_point(false);
            // The prefix 04 of an uncompressed point stays out (RFC 5903 §7).
            let public = point.as_bytes().split_first().and_then(|(_, xy)| xy.try_into().ok());
            let public = public.ok_or(CryptoError::InvalidPublicValue)?;
            return Ok(Box::new(Active { private, public }));
        }
        Err(CryptoError::Randomness)
    }
}

struct Active {
    private: SecretKey,
    public: [u8; 64],
}

impl fmt::Debug for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ECP-256 key pair")
    }
}

impl ActiveKex for Active {
    fn public(&self) -> &[u8] {
        &self.public
    }

    /// Coordinates in range and the point on the curve: checked while it is decoded (RFC 6989 §2.3).
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError> {
        if peer.len() != KexId::Ecp256.public_len() {
            return Err(CryptoError::Length { what: "public value", got: peer.len() });
        }
        let mut point = [4; 65];
        point[1..].copy_from_slice(peer);
        let peer = PublicKey::from_sec1_bytes(&point).map_err(|_| CryptoError::InvalidPublicValue)?;
        let shared = self.private.diffie_hellman(&peer);
        Ok(Secret::copy_from(shared.raw_secret_bytes()))
    }
}
