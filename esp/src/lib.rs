#![doc = include_str!("../README.md")]
#![no_std]
#![warn(clippy::indexing_slicing, clippy::as_conversions)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod error;
mod header;
mod inbound;
mod iv;
mod outbound;
mod trailer;

pub use error::{OpenError, SealError};
pub use header::{EspHeader, peek_spi};
pub use inbound::{InboundSa, Opened, OpenedKind};
pub use outbound::{MAX_ESP_LEN, OutboundSa};
