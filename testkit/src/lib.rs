//! Test support of the workspace, not published: a counting allocator, loaders for the vectors and captures in
//! `testdata/`, an emulated link with virtual time, randomness from a seed, and a provider of algorithms that protect
//! nothing, for fuzzing.

mod alloc_count;
mod hex;
mod link;
mod pcap;
mod random;
mod scan;
mod vectors;
mod weak;

pub use alloc_count::{CountingAllocator, count_allocations, count_held_octets};
pub use hex::{hex, to_hex};
pub use link::{Conditions, Link, Parcel};
pub use pcap::{Frame, read_pcap};
pub use random::Seeded;
pub use scan::{ScanningAllocator, secrets_left_in_freed_memory};
pub use vectors::{Group, Vector, captures, ikev1_captures, testdata, truth, vectors};
pub use weak::weak_provider;
