#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod error;
mod ids;
pub mod ikev2;
mod protection;
mod provider;
mod random;
#[cfg(feature = "rustcrypto")]
pub mod rustcrypto;
mod secret;

pub use error::CryptoError;
pub use ids::{AeadId, CipherId, HashId, KexId, MacId, PrfId};
pub use protection::{Protection, ProtectionKey};
pub use provider::{
    ActiveKex, AeadAlg, AeadKey, CipherAlg, CipherKey, CryptoProvider, HashAlg, KexAlg, MacAlg, MacKey,
    PrfAlg, PrfKey,
};
pub use random::{FromRandCore, SecureRandom};
pub use secret::Secret;
