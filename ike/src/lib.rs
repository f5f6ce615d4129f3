#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod config;
mod endpoint;
mod error;
mod event;
mod key_log;
pub mod selectors;
#[cfg(feature = "ikev1")]
pub mod v1;
pub mod v2;

pub use config::{Config, ConfigError, IkeProposal, Retransmission};
pub use endpoint::{Endpoint, Transmit};
pub use error::{CommandError, DatagramError};
pub use event::{Acquire, AnySaId, ChildSa, ChildSaId, CloseReason, Event, IkeSaId, SaProtocol};
pub use key_log::{ChildSaKeys, IkeSaKeys, KeyLog};
