//! The numbers that the DOI and IKE documents and IANA assign.

pub(crate) mod configuration;
pub(crate) mod credential;
pub(crate) mod ike;
pub(crate) mod ipsec;
pub(crate) mod message;
pub(crate) mod notify;
