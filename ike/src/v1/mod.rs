//! IKEv1 (RFC 2409): passive decryption of captured messages.
//!
//! [`open`] decrypts one message with the IV it is given; [`MessageKeys::verify_hash`] checks its HASH. A [`Follower`] does
//! both for all messages of an ISAKMP SA in the order of a capture, and keeps the IVs and nonces that they depend on.

mod follower;
mod hash;
mod keys;
mod open;

pub use follower::{Follower, HashCheck, Opened};
pub use hash::PhaseTwoHash;
pub use keys::{Iv, MessageKeys};
pub use open::{MessageError, open};
