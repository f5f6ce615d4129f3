//! Test support of the workspace, not published: a counting allocator, and loaders for the vectors and captures in
//! `testdata/`.

mod alloc_count;
mod hex;
mod pcap;
mod vectors;

pub use alloc_count::{CountingAllocator, count_allocations};
pub use hex::{hex, to_hex};
pub use pcap::{Frame, read_pcap};
pub use vectors::{Group, Vector, captures, testdata, truth, vectors};
