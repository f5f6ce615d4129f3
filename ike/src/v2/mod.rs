//! IKEv2 (RFC 7296).

mod auth;
mod child;
pub(crate) mod contents;
pub(crate) mod cookie;
pub(crate) mod core;
mod informational;
pub(crate) mod init;
pub(crate) mod keys;
mod nat;
mod open;
mod proposal;
mod rekey;
pub(crate) mod sa;
mod table;
mod window;

pub use ikev2_wire::{Fragment, FragmentError, FragmentLimits, FragmentReassembler, MessageKey, Reassembled};
pub use open::{DirectionKeys, MessageError, MessageKeys, Plaintext, open};
pub use proposal::{Difference, ProposalMismatch};
