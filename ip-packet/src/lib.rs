#![doc = include_str!("../README.md")]
#![no_std]
#![warn(clippy::indexing_slicing, clippy::as_conversions)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod authenticated;
mod checksum;
mod ecn;
mod extension;
mod flow;
mod fragment;
mod icmp;
mod ip;
mod ipv4;
mod ipv6;
mod mtu;
mod packet;
mod transport;
mod tunnel;

pub use authenticated::{AuthenticatedHeader, MAX_AUTHENTICATED_HEADER};
pub use checksum::{adjust_transport_checksum, internet_checksum, transport_checksum};
pub use ecn::{Ecn, EcnOutcome};
pub use extension::{MAX_EXTENSION_HEADERS, UpperLayer};
pub use flow::{FlowKey, Ports};
pub use fragment::{FragmentInfo, Reassembler, ReassemblyError, ReassemblyLimits};
pub use icmp::{Quoted, TooBig, too_big_reply};
pub use ip::{IpFamily, IpHeader};
pub use ipv4::{Ipv4Fields, Ipv4Header};
pub use ipv6::{Ipv6Fields, Ipv6Header};
pub use mtu::{Expansion, PathMtu};
pub use packet::{HeaderError, NoRoom, Packet};
pub use transport::{SplitError, TransportSplit, transport_split};
pub use tunnel::{
    DecapsulateError, DfRule, DscpRule, EcnMode, FlowLabelRule, HopLimitRule, OuterHeader, Tunnel,
    TunnelError, decrement_hop_limit, set_traffic_class, traffic_class,
};
