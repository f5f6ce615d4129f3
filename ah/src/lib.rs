#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::as_conversions)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod block;
mod error;
mod header;
mod inbound;
mod integrity;
mod outbound;

pub use block::SealBlock;
pub use error::{OpenError, SealError};
pub use header::{Header, peek_spi};
pub use inbound::{InboundSa, Opened, OpenedKind};
pub use outbound::OutboundSa;
