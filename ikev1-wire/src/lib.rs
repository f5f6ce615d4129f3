#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)]

mod header;
mod registry;

pub use header::{Flags, Header};
pub use registry::{ExchangeType, PayloadType};

// What the signatures above are made of, so that a program needs no second import for them.
pub use ipsec_types::{Encode, EncodeError, IkeSpi, ParseError, ParseErrorKind, Writer};
