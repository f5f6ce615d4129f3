//! IKEv2 (RFC 7296): passive decryption of messages whose keys are known.
//!
//! See [`open`] for an example.

mod fragments;
mod open;

pub use fragments::{FragmentError, FragmentLimits, FragmentReassembler, MessageKey, Reassembled};
pub use open::{DirectionKeys, Fragment, MessageError, MessageKeys, Plaintext, open};
