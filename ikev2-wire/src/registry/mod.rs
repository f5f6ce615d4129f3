//! The IANA registry "Internet Key Exchange Version 2 (IKEv2) Parameters" and that of EAP types as
//! open newtypes, one file per group.

pub(crate) mod configuration;
pub(crate) mod credential;
pub(crate) mod eap;
pub(crate) mod message;
pub(crate) mod notify;
pub(crate) mod transform;
pub(crate) mod ts_type;
