#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)]

mod authentication;
mod builder;
mod certificate;
mod chain;
mod chain_builder;
mod delete;
mod encrypted;
mod encrypted_fragment;
mod framing;
mod header;
mod identification;
mod key_exchange;
mod message;
mod nonce;
mod notify;
mod payload;
mod proposal;
mod registry;
mod sa;
mod text;
mod traffic_selector;
mod transform;
mod vendor_id;

pub use authentication::Authentication;
pub use builder::{MessageBuilder, Slots};
pub use certificate::{Certificate, CertificateRequest};
pub use chain::{MAX_PAYLOADS, PayloadChain, Payloads, RawPayload};
pub use chain_builder::ChainBuilder;
pub use delete::{Delete, NewDelete, Spis};
pub use encrypted::Encrypted;
pub use encrypted_fragment::EncryptedFragment;
pub use framing::{Framing, Parts, strip_padding};
pub use header::{Flags, Header};
pub use identification::Identification;
pub use key_exchange::KeyExchange;
pub use message::Message;
pub use nonce::Nonce;
pub use notify::Notify;
pub use payload::Payload;
pub use proposal::{NewProposal, Proposal, Transforms};
pub use registry::credential::{AuthMethod, CertEncoding, HashAlgorithm, IdType};
pub use registry::message::{ExchangeType, PayloadType, ProtocolId};
pub use registry::notify::NotifyType;
pub use registry::transform::{
    EncryptionId, IntegrityId, KeyExchangeMethod, PrfId, SequenceNumbers, TransformAttributeType,
    TransformType,
};
pub use registry::ts_type::TsType;
pub use sa::{MAX_PROPOSALS, NewSa, Proposals, Sa};
pub use traffic_selector::{AddressRange, NewTrafficSelectors, Selectors, TrafficSelector, TrafficSelectors};
pub use transform::{Attribute, Attributes, NewTransform, Transform, UnusableTransform};
pub use vendor_id::VendorId;

// What the signatures above are made of, so that a program needs no second import for them.
pub use ipsec_types::{Encode, EncodeError, IkeSpi, ParseError, ParseErrorKind, Spi, Writer};
