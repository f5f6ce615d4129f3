use crate::{CryptoError, PublicKey, SignatureAlg, SignatureId};
use ::aws_lc_rs::signature::{UnparsedPublicKey, VerificationAlgorithm};
use core::fmt;

/// RSA, with a modulus of 2048 to 8192 bits, or ECDSA.
pub(super) struct Verifier(pub(super) SignatureId, pub(super) &'static dyn VerificationAlgorithm);

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl SignatureAlg for Verifier {
    fn id(&self) -> SignatureId {
        self.0
    }

    fn verify(&self, key: &PublicKey, message: &[&[u8]], signature: &[u8]) -> Result<(), CryptoError> {
        let key = UnparsedPublicKey::new(self.1, key.octets());
        key.verify(&message.concat(), signature).map_err(|_| CryptoError::Authentication)
    }
}
