#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod address;
mod classify;
mod counters;
mod fragments;
mod hash;
mod identity;
mod inbound;
mod index;
mod lifetimes;
mod material;
mod order;
mod outbound;
mod pad;
mod policy;
mod replay;
mod sad;
mod segments;
mod selector;
#[cfg(feature = "serde")]
mod serialize;
mod spd;
mod timer;

pub use address::AddressRange;
pub use counters::{Counters, LimitState, SequenceExhausted, SequenceNumbers, Volume, VolumeLimits};
pub use fragments::{FragmentLimits, FragmentTable, FragmentVerdict, overlaps_header};
pub use identity::Identity;
pub use inbound::{Intake, IntakeError, ManualReplay};
pub use lifetimes::Lifetimes;
pub use material::{Mode, SaMaterial, SaParams};
pub use outbound::{Lent, Outlay, OutlayError};
pub use pad::{
    Authentication, Credentials, Explanation, IdentityPattern, MemoryCredentials, MemoryPskStore, Mismatch,
    Pad, PadEntry, PadError, PskStore, Signer,
};
pub use policy::{
    Bundle, BundleError, ChildProposal, Directions, InterfaceId, Layer, Mark, PeerId, Policy, PolicyAction,
    Populate, Protect, ProtocolSuite, Scope, Traffic, TunnelEnd, TunnelHeader,
};
pub use replay::{ReplayError, ReplayWindow, WindowSizeError};
pub use sad::{
    Acquired, Entry, MulticastSpi, OutboundPlace, Refused, SaId, SaState, Sad, SadError, SadEvent, SadStats,
    Usage,
};
pub use selector::{Direction, PortRange, Selector, SelectorError, SelectorPair, SelectorSet};
pub use spd::{Action, CacheSizes, Decorrelated, PolicyId, Spd, SpdCaches, SpdError, TooManyEntries};
