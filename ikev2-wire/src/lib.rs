#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod auth_announcement;
mod authentication;
mod builder;
mod certificate;
mod chain;
mod chain_builder;
mod configuration;
mod configuration_attribute;
mod delete;
mod digital_signature;
mod eap;
mod eap_method;
mod encrypted;
mod encrypted_dns;
mod encrypted_fragment;
mod fragment;
mod framing;
mod hash_and_url;
mod header;
mod identification;
mod key_exchange;
mod message;
mod message_form;
mod mschapv2;
mod nonce;
mod notify;
mod notify_content;
mod number_list;
mod opaque;
mod payload;
mod proposal;
#[cfg(feature = "alloc")]
mod reassembly;
mod redirect;
mod registry;
mod rohc;
mod sa;
mod text;
mod traffic_selector;
mod transform;
mod vendor_id;

pub use auth_announcement::{AuthAnnouncement, AuthAnnouncements};
pub use authentication::Authentication;
pub use builder::{MessageBuilder, Slots};
pub use certificate::{Certificate, CertificateRequest};
pub use chain::{MAX_PAYLOADS, PayloadChain, Payloads, RawPayload};
pub use chain_builder::ChainBuilder;
pub use configuration::{Configuration, ConfigurationAttributes, NewConfiguration};
pub use configuration_attribute::ConfigurationAttribute;
pub use delete::{Delete, NewDelete, Spis};
pub use digital_signature::DigitalSignature;
pub use eap::{Eap, NewEap};
pub use eap_method::EapMethod;
pub use encrypted::Encrypted;
pub use encrypted_dns::{DigestInfo, EncryptedDns, TrustAnchor};
pub use encrypted_fragment::EncryptedFragment;
pub use fragment::{Fragment, Fragments};
pub use framing::{Framing, Parts, strip_padding};
pub use hash_and_url::HashAndUrl;
pub use header::{Flags, Header};
pub use identification::Identification;
pub use key_exchange::KeyExchange;
pub use message::Message;
pub use message_form::{MessageForm, PayloadRule, Presence};
pub use mschapv2::MsChapV2;
pub use nonce::Nonce;
pub use notify::{NewNotify, Notify};
pub use notify_content::NotifyContent;
pub use number_list::{ListedNumber, NumberList};
pub use opaque::{GenericSecurePassword, PuzzleSolution};
pub use payload::Payload;
pub use proposal::{NewProposal, Proposal, Transforms};
#[cfg(feature = "alloc")]
pub use reassembly::{FragmentError, FragmentLimits, FragmentReassembler, MessageKey, Reassembled};
pub use redirect::Gateway;
pub use registry::configuration::{ConfigurationAttributeType, ConfigurationType};
pub use registry::credential::{AuthMethod, CertEncoding, HashAlgorithm, IdType, SecurePasswordMethod};
pub use registry::eap::{EapCode, EapType};
pub use registry::message::{ExchangeType, PayloadType, ProtocolId};
pub use registry::notify::{IpCompTransform, NotifyType, PpkIdType, RohcAttributeType};
pub use registry::transform::{
    EncryptionId, GroupControllerAuthentication, IntegrityId, KeyExchangeMethod, KeyWrapId, PrfId,
    SequenceNumbers, TransformAttributeType, TransformType,
};
pub use registry::ts_type::TsType;
pub use rohc::{RohcAttribute, RohcAttributes};
pub use sa::{MAX_PROPOSALS, NewSa, Proposals, Sa};
pub use traffic_selector::{AddressRange, NewTrafficSelectors, Selectors, TrafficSelector, TrafficSelectors};
pub use transform::{Attribute, Attributes, NewTransform, Transform, UnusableTransform};
pub use vendor_id::VendorId;

// What the signatures above are made of, so that a program needs no second import for them.
pub use ipsec_types::{Encode, EncodeError, IkeSpi, ParseError, ParseErrorKind, Spi, Writer};
