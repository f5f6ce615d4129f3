#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod address;
mod counters;
mod material;
mod replay;
mod selector;

pub use address::AddressRange;
pub use counters::{Counters, LimitState, SequenceExhausted, SequenceNumbers, Volume, VolumeLimits};
pub use material::{Mode, SaMaterial, SaParams};
pub use replay::{ReplayError, ReplayWindow, WindowSizeError};
pub use selector::{Direction, PortRange, Selector, SelectorError, SelectorPair, SelectorSet};
