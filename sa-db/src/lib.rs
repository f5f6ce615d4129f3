#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod counters;
mod material;
mod replay;

pub use counters::{Counters, LimitState, SequenceExhausted, SequenceNumbers, Volume, VolumeLimits};
pub use material::{Mode, SaMaterial, SaParams};
pub use replay::{ReplayError, ReplayWindow, WindowSizeError};
