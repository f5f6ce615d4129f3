#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

#[cfg(test)]
extern crate std;

#[cfg(feature = "aws-lc-rs")]
pub mod aws_lc_rs;
mod error;
mod ids;
pub mod ikev1;
pub mod ikev2;
mod keys;
#[cfg(feature = "rustcrypto")]
pub mod mschapv2;
mod nat_detection;
mod protection;
mod provider;
mod random;
#[cfg(feature = "rustcrypto")]
pub mod rustcrypto;
mod secret;
mod signature;

pub use error::CryptoError;
pub use ids::{AeadId, CipherId, HashId, KexId, MacId, PrfId, SignatureId};
pub use keys::SaKeys;
pub use nat_detection::nat_detection;
pub use protection::{Protection, ProtectionKey};
pub use provider::{
    ActiveKex, AeadAlg, AeadKey, CipherAlg, CipherKey, CryptoProvider, HashAlg, KexAlg, MacAlg, MacKey,
    PrfAlg, PrfKey,
};
pub use random::{FromRandCore, SecureRandom};
pub use secret::Secret;
pub use signature::{KeyType, PublicKey, SignatureAlg, SignatureForm, SigningKey};
