#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::as_conversions)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod header;

pub use header::Header;
