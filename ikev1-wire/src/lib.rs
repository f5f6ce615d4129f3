#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)]

mod attribute;
mod attribute_error;
mod builder;
mod certificate;
mod chain;
mod chain_builder;
mod configuration;
mod delete;
mod exchange;
mod fragment;
mod hash;
mod header;
mod identification;
mod ike_attributes;
mod ipsec_attributes;
mod key_exchange;
mod message;
mod nat;
mod nonce;
mod notification;
mod opaque;
mod payload;
mod proposal;
mod reassembler;
mod registry;
mod sa;
mod signature;
mod situation;
mod text;
mod transform;
mod vendor_id;

pub use attribute::{Attribute, AttributeIter, AttributeValue, Attributes, MAX_ATTRIBUTES};
pub use attribute_error::{AttributeError, AttributeErrorKind, Lifetimes};
pub use builder::{MessageBuilder, ToEncrypt};
pub use certificate::{Certificate, CertificateRequest};
pub use chain::{MAX_PAYLOADS, PayloadChain, Payloads, RawPayload};
pub use chain_builder::ChainBuilder;
pub use configuration::{Configuration, NewConfiguration};
pub use delete::{Delete, NewDelete, Spis};
pub use exchange::{Encryption, MessageRules, PayloadRule, Phase1Authentication, RuleViolation, Sender};
pub use fragment::{Fragment, Fragments};
pub use hash::Hash;
pub use header::{Flags, Header};
pub use identification::{IdValue, Identification};
pub use ike_attributes::IkeAttributes;
pub use ipsec_attributes::IpsecAttributes;
pub use key_exchange::KeyExchange;
pub use message::Message;
pub use nat::{NatDiscovery, NatDiscoveryInput, NatTraversal, OriginalAddress};
pub use nonce::Nonce;
pub use notification::{Notification, NotificationContent};
pub use payload::Payload;
pub use proposal::{NewProposal, Proposal};
pub use reassembler::{FragmentError, FragmentLimits, FragmentReassembler};
pub use registry::configuration::{ConfigurationAttribute, ConfigurationType, XauthType};
pub use registry::credential::{CertEncoding, IdType};
pub use registry::ike::{
    AuthMethod, EncryptionAlgorithm, GroupDescription, GroupType, HashAlgorithm, IkeAttributeClass, LifeType,
};
pub use registry::ipsec::{
    AhTransform, AuthenticationAlgorithm, EncapsulationMode, EspTransform, IpcompTransform,
    IpsecAttributeClass, IsakmpTransform,
};
pub use registry::message::{Doi, ExchangeType, PayloadType, ProtocolId};
pub use registry::notify::NotifyType;
pub use sa::{Alternative, Alternatives, MAX_PROPOSALS, NewSa, Proposals, Sa};
pub use signature::Signature;
pub use situation::{SensitivityLabel, Situation};
pub use transform::{NewTransform, Transform, Transforms};
pub use vendor_id::{KnownVendor, VendorId};

// What the signatures above are made of, so that a program needs no second import for them.
pub use ipsec_types::{Encode, EncodeError, IkeSpi, Instant, IpProtocol, ParseError, ParseErrorKind, Writer};
