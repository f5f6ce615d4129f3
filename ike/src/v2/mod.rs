//! IKEv2 (RFC 7296).

mod auth;
mod child;
pub(crate) mod contents;
pub(crate) mod cookie;
pub(crate) mod core;
mod fragments;
mod informational;
pub(crate) mod init;
pub(crate) mod keys;
mod nat;
mod open;
mod proposal;
mod rekey;
pub(crate) mod sa;
mod selectors;
mod table;
mod window;

pub use fragments::{FragmentError, FragmentLimits, FragmentReassembler, MessageKey, Reassembled};
pub use open::{DirectionKeys, Fragment, MessageError, MessageKeys, Plaintext, open};
pub use proposal::{Difference, ProposalMismatch};
