#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(any(test, feature = "std"))]
extern crate std;

#[cfg(test)]
extern crate alloc;

mod encode;
mod error;
mod ip_protocol;
#[doc(hidden)]
pub mod parse;
mod path;
mod registry;
#[cfg(feature = "serde")]
mod serialize;
mod spi;
mod stream;
mod time;

#[cfg(feature = "serde")]
#[doc(hidden)]
pub use serde;

pub use encode::{Encode, EncodeError, Writer};
pub use error::{ParseError, ParseErrorKind};
pub use ip_protocol::IpProtocol;
pub use path::{Carrier, Datagram, NAT_KEEPALIVE, NON_ESP_MARKER, Path, classify};
pub use spi::{IkeSpi, ReservedSpi, Spi};
pub use stream::{STREAM_PREFIX, StreamDecoder, StreamError, TcpFrame};
pub use time::Instant;
