#![doc = include_str!("../README.md")]
#![no_std]
#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod checksum;
mod extension;
mod flow;
mod fragment;
mod ip;
mod ipv4;
mod ipv6;
mod packet;

pub use checksum::internet_checksum;
pub use extension::{MAX_EXTENSION_HEADERS, UpperLayer};
pub use flow::{FlowKey, Ports};
pub use fragment::{FragmentInfo, Reassembler, ReassemblyError, ReassemblyLimits};
pub use ip::IpHeader;
pub use ipv4::{Ipv4Fields, Ipv4Header};
pub use ipv6::{Ipv6Fields, Ipv6Header};
pub use packet::{HeaderError, NoRoom, Packet};
