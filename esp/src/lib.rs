#![doc = include_str!("../README.md")]
#![no_std]
#![warn(clippy::indexing_slicing, clippy::as_conversions)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod beet;
mod block;
mod error;
mod framing;
mod header;
mod inbound;
mod iv;
mod outbound;
mod sealer;
mod trailer;
mod udp;

pub use block::SealBlock;
pub use error::{OpenError, SealError};
pub use header::{EspHeader, peek_spi};
pub use inbound::{InboundSa, Opened, OpenedKind};
pub use outbound::OutboundSa;
pub use sealer::MAX_ESP_LEN;
pub use udp::UdpEncapsulation;
