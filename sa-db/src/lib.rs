#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod address;
mod counters;
mod identity;
mod lifetimes;
mod material;
mod outbound;
mod pad;
mod policy;
mod replay;
mod sad;
mod selector;
mod spd;

pub use address::AddressRange;
pub use counters::{Counters, LimitState, SequenceExhausted, SequenceNumbers, Volume, VolumeLimits};
pub use identity::Identity;
pub use lifetimes::Lifetimes;
pub use material::{Mode, SaMaterial, SaParams};
pub use outbound::{Lent, Outlay, OutlayError};
pub use pad::{Authentication, Pad, PadEntry, PadError};
pub use policy::{ChildProposal, PeerId, Policy, PolicyAction, Protect};
pub use replay::{ReplayError, ReplayWindow, WindowSizeError};
pub use sad::{Entry, Refused, SaId, Sad, SadError, SadEvent};
pub use selector::{Direction, PortRange, Selector, SelectorError, SelectorPair, SelectorSet};
pub use spd::{Action, PolicyId, Spd, SpdError};
