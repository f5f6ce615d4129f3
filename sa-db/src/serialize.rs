//! How configuration is written down where a derive would not do: what has to be checked is checked on reading, and
//! algorithms are the numbers that IKEv2 has for them. Nothing here is secret; keys are never written.

use crate::{AddressRange, PortRange, SelectorError};
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

/// A range of addresses or ports.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ends<T> {
    first: T,
    last: T,
}

impl From<AddressRange> for Ends<IpAddr> {
    fn from(range: AddressRange) -> Self {
        Self { first: range.first(), last: range.last() }
    }
}

impl TryFrom<Ends<IpAddr>> for AddressRange {
    type Error = SelectorError;

    fn try_from(ends: Ends<IpAddr>) -> Result<Self, SelectorError> {
        Self::new(ends.first, ends.last)
    }
}

impl From<PortRange> for Ends<u16> {
    /// As in IKEv2: all is 0 to 65,535, opaque 65,535 to 0.
    fn from(range: PortRange) -> Self {
        let (first, last) = match range {
            PortRange::Any => (0, u16::MAX),
            PortRange::Opaque => (u16::MAX, 0),
            PortRange::Range { first, last } => (first, last),
        };
        Self { first, last }
    }
}

impl TryFrom<Ends<u16>> for PortRange {
    type Error = SelectorError;

    fn try_from(ends: Ends<u16>) -> Result<Self, SelectorError> {
        Self::new(ends.first, ends.last)
    }
}

pub(crate) mod protocol {
    use super::{Deserialize as _, Serialize as _};
    use ipsec_types::IpProtocol;
    use serde::{Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(crate) fn serialize<S: Serializer>(own: &Option<IpProtocol>, to: S) -> Result<S::Ok, S::Error> {
        own.map(|protocol| protocol.0).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<IpProtocol>, D::Error> {
        Ok(Option::<u8>::deserialize(from)?.map(IpProtocol))
    }
}

pub(crate) mod protection {
    use super::{Deserialize, Serialize};
    use ipsec_crypto_suite::Protection;
    use serde::de::Error as _;
    use serde::{Deserializer, Serializer};

    /// Transforms of IKEv2.
    #[derive(Serialize, Deserialize)]
    struct Transforms {
        encryption: u16,
        #[serde(default)]
        key_length: Option<u16>,
        #[serde(default)]
        integrity: Option<u16>,
    }

    pub(crate) fn serialize<S: Serializer>(own: &Protection, to: S) -> Result<S::Ok, S::Error> {
        let ((encryption, key_length), integrity) = match own {
            Protection::Aead(aead) => (aead.ikev2(), None),
            Protection::Composed { cipher, mac } => (cipher.ikev2(), Some(mac.ikev2())),
        };
        Transforms { encryption, key_length, integrity }.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Protection, D::Error> {
        let Transforms { encryption, key_length, integrity } = Transforms::deserialize(from)?;
        Protection::from_ikev2(encryption, key_length, integrity)
            .ok_or_else(|| D::Error::custom("no protection with integrity that is implemented"))
    }
}

pub(crate) mod mac {
    use super::{Deserialize as _, Serialize as _};
    use ipsec_crypto_suite::MacId;
    use serde::de::Error as _;
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(own: &MacId, to: S) -> Result<S::Ok, S::Error> {
        own.ikev2().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<MacId, D::Error> {
        MacId::from_ikev2(u16::deserialize(from)?)
            .ok_or_else(|| D::Error::custom("no integrity that is implemented"))
    }
}

pub(crate) mod key_exchanges {
    use super::{Deserialize as _, Serialize as _};
    use alloc::vec::Vec;
    use ipsec_crypto_suite::KexId;
    use serde::de::Error as _;
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(own: &[KexId], to: S) -> Result<S::Ok, S::Error> {
        own.iter().map(|id| id.ikev2()).collect::<Vec<_>>().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<KexId>, D::Error> {
        let ids = Vec::<u16>::deserialize(from)?;
        let known =
            |id| KexId::from_ikev2(id).ok_or_else(|| D::Error::custom("no key exchange that is implemented"));
        ids.into_iter().map(known).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Bundle, ChildProposal, Directions, Identity, InterfaceId, Layer, Mark, Mode, PeerId, Policy,
        PolicyAction, Protect, Scope, SelectorPair,
    };
    use alloc::vec::Vec;
    use ipsec_crypto_suite::MacId;

    fn policy() -> Policy {
        let ah = Layer::ah(PeerId(7), Mode::Transport, MacId::HmacSha2_256_128);
        let outer = Bundle::new(Vec::from([ah])).unwrap();
        let protect = Protect { outer, ..Protect::tunnel(PeerId(7), ChildProposal::recommended()) };
        let scope = Scope {
            directions: Directions::OUTBOUND,
            interface: Some(InterfaceId(3)),
            mark: Some(Mark::exactly(5)),
            names: Vec::from([Identity::fqdn("ann.example")]),
        };
        Policy { scope, ..Policy::new(SelectorPair::any(), PolicyAction::Protect(protect)) }
    }

    #[test]
    fn a_policy_comes_back_as_it_was() {
        let text = serde_json::to_string(&policy()).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy());
    }

    #[test]
    fn pd_06_what_is_read_is_checked() {
        let text = serde_json::to_string(&policy()).unwrap();
        let upside_down = text.replacen(r#""first":"0.0.0.0""#, r#""first":"255.255.255.255""#, 1);
        let upside_down = upside_down.replacen(r#""last":"255.255.255.255""#, r#""last":"0.0.0.0""#, 1);
        assert!(serde_json::from_str::<Policy>(&upside_down).is_err());
        let ports = text.replacen(r#""first":0,"last":65535"#, r#""first":9,"last":8"#, 1);
        assert_ne!(ports, text);
        assert!(serde_json::from_str::<Policy>(&ports).is_err());
        // AES-CBC without integrity.
        let bare = text.replacen(r#""integrity":12"#, r#""integrity":null"#, 1);
        assert_ne!(bare, text);
        assert!(serde_json::from_str::<Policy>(&bare).is_err());
    }
}
