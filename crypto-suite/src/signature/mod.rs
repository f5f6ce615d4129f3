//! Signatures: public keys, verification, keys that sign, and the names of algorithms in RFC 7427 authentication.

mod algorithm_identifier;
mod ecdsa_form;
mod public_key;

#[cfg(feature = "rustcrypto")]
pub(crate) use public_key::rsa_numbers;
pub use public_key::{KeyType, PublicKey};

use crate::{CryptoError, CryptoProvider, SignatureId};
use alloc::vec::Vec;
use core::fmt::Debug;

/// A signature algorithm of a provider, for verification.
pub trait SignatureAlg: Debug + Send + Sync {
    /// Which one.
    fn id(&self) -> SignatureId;

    /// Verifies a signature over the parts of a message, one after the other; an ECDSA signature is r | s.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Authentication`] for a wrong signature or key, whatever is wrong with them.
    fn verify(&self, key: &PublicKey, message: &[&[u8]], signature: &[u8]) -> Result<(), CryptoError>;
}

/// A private key in memory that signs at once. A key that lives elsewhere, in an HSM for instance, does without this trait:
/// IKE asks for its signature by a request.
///
/// RSA keys come from `aws_lc_rs::signing_key` or are the caller's own, as are those for IKEv1's
/// [`RsaPkcs1Ikev1`](SignatureId::RsaPkcs1Ikev1), which no provider here signs: the `rsa` crate's private-key operations are
/// not constant time (RUSTSEC-2023-0071).
pub trait SigningKey: Debug + Send + Sync {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// What it can sign with, the preferred first.
    fn algorithms(&self) -> &[SignatureId];

    /// Signs the parts of a message, one after the other; an ECDSA signature is r | s.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] for an algorithm it does not sign with, [`CryptoError::Randomness`] where signing wants
    /// randomness and there is none.
    fn sign(&self, id: SignatureId, message: &[&[u8]]) -> Result<Vec<u8>, CryptoError>;
}

/// How an ECDSA signature is written; any other has one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "complete by nature")]
pub enum SignatureForm {
    /// r | s, each as long as the field: authentication methods 9 to 11 of IKEv2, and IKEv1 (RFC 4754).
    Fixed,
    /// The DER of ECDSA-Sig-Value: authentication method 14 (RFC 7427 §3).
    Der,
}

impl CryptoProvider {
    /// Verifies a signature over the parts of a message, one after the other.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Authentication`] for a wrong signature or form, or a key that does not go with the algorithm;
    /// [`CryptoError::Unsupported`] where the provider lacks it.
    pub fn verify_signature(
        &self,
        id: SignatureId,
        form: SignatureForm,
        key: &PublicKey,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let algorithm = self.signature(id)?;
        if key.key_type() != id.key_type() {
            return Err(CryptoError::Authentication);
        }
        match (id.key_type().ecdsa_field_len(), form) {
            (Some(field_len), SignatureForm::Der) => {
                let fixed = ecdsa_form::from_der(signature, field_len).ok_or(CryptoError::Authentication)?;
                algorithm.verify(key, message, &fixed)
            }
            (Some(_), SignatureForm::Fixed) | (None, _) => algorithm.verify(key, message, signature),
        }
    }
}

impl SignatureId {
    /// What a key signs with for a peer that announced these numbers in SIGNATURE_HASH_ALGORITHMS: the first of its
    /// algorithms that the peer takes (RFC 7427 §4).
    pub fn negotiated(key: &dyn SigningKey, announced: &[u16]) -> Option<Self> {
        let taken = |id: &Self| id.signature_hash().is_some_and(|number| announced.contains(&number));
        key.algorithms().iter().copied().find(taken)
    }

    /// Writes a signature as [`SigningKey::sign`] makes it in the form that is wanted.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] for an ECDSA signature that is not r | s.
    pub fn encode_signature(self, form: SignatureForm, signature: Vec<u8>) -> Result<Vec<u8>, CryptoError> {
        match (self.key_type().ecdsa_field_len(), form) {
            (Some(field_len), SignatureForm::Der) => {
                let got = signature.len();
                ecdsa_form::to_der(&signature, field_len)
                    .ok_or(CryptoError::Length { what: "signature", got })
            }
            (Some(_), SignatureForm::Fixed) | (None, _) => Ok(signature),
        }
    }
}
