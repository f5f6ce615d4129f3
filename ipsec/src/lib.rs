#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod gateway;
mod outcome;

pub use gateway::{Arrival, Gateway, GatewayConfig, Via};
#[cfg(feature = "ikev1")]
pub use ikev1_wire;
pub use ikev2_wire;
pub use ipsec_ah as ah;
pub use ipsec_crypto_suite as crypto_suite;
pub use ipsec_esp as esp;
pub use ipsec_ike as ike;
pub use ipsec_ip_packet as ip_packet;
pub use ipsec_sa_db as sa_db;
pub use ipsec_types as types;
pub use outcome::{DiscardReason, Event, GatewayError, GatewayStats, Incoming, Outgoing, Transmit};

/// The programs of the cookbook, compiled as tests are.
#[cfg(all(doctest, feature = "rustcrypto"))]
mod cookbook {
    #[doc = include_str!("../../docs/cookbook/initiator.md")]
    mod initiator {}
    #[doc = include_str!("../../docs/cookbook/responder.md")]
    mod responder {}
}
