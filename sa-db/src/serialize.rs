//! How configuration is written down where a derive would not do: what has to be checked is checked on reading, and
//! algorithms are the numbers that IKEv2 has for them. Nothing here is secret; keys are never written.

use crate::{AddressRange, Directions, PortRange, SelectorError};
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

/// A set of directions.
#[derive(Deserialize)]
pub(crate) struct Bits(u8);

impl TryFrom<Bits> for Directions {
    type Error = &'static str;

    fn try_from(bits: Bits) -> Result<Self, &'static str> {
        Self::of_bits(bits.0).ok_or("directions that there are not")
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

/// The rules of outer headers, whose types are of another crate.
pub(crate) mod rules {
    use alloc::boxed::Box;
    use ipsec_ip_packet::{DfRule, DscpRule, EcnMode, FlowLabelRule, HopLimitRule};
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    #[serde(remote = "DscpRule")]
    pub(crate) enum Dscp {
        Copy,
        Set(u8),
        Map(#[serde(with = "map")] Box<[u8; 64]>),
    }

    #[derive(Serialize, Deserialize)]
    #[serde(remote = "EcnMode")]
    pub(crate) enum Ecn {
        Normal,
        Compatibility,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(remote = "DfRule")]
    pub(crate) enum Df {
        Copy,
        Set,
        Clear,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(remote = "FlowLabelRule")]
    pub(crate) enum FlowLabel {
        Copy,
        Set(u32),
    }

    #[derive(Serialize, Deserialize)]
    #[serde(remote = "HopLimitRule")]
    pub(crate) enum HopLimit {
        Set(u8),
        Copy,
    }

    mod map {
        use alloc::boxed::Box;
        use alloc::vec::Vec;
        use serde::de::Error as _;
        use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

        pub(crate) fn serialize<S: Serializer>(own: &[u8; 64], to: S) -> Result<S::Ok, S::Error> {
            own.as_slice().serialize(to)
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Box<[u8; 64]>, D::Error> {
            let entries = Vec::<u8>::deserialize(from)?.into_boxed_slice();
            entries.try_into().map_err(|_| D::Error::custom("a map of DSCP has 64 entries"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Serialize;
    use crate::{
        Bundle, CacheSizes, ChildProposal, Directions, Explanation, Identity, IdentityPattern, InterfaceId,
        Layer, LimitState, Mark, Mismatch, Mode, MulticastSpi, PeerId, Policy, PolicyAction, Protect,
        SaParams, SaState, SadStats, Scope, SelectorPair, TunnelEnd, TunnelHeader,
    };
    use alloc::boxed::Box;
    use alloc::vec::Vec;
    use ipsec_crypto_suite::{MacId, Protection};
    use ipsec_ip_packet::{DfRule, DscpRule, EcnMode, FlowLabelRule, HopLimitRule};
    use ipsec_types::Spi;

    fn policy() -> Policy {
        let ah = Layer::ah(PeerId(7), Mode::Transport, MacId::HmacSha2_256_128);
        let outer = Bundle::new(Vec::from([ah])).unwrap();
        let tunnel_header = TunnelHeader {
            remote: TunnelEnd::Fixed([203, 0, 113, 9].into()),
            dscp: DscpRule::Map(Box::new([46; 64])),
            ecn: EcnMode::Compatibility,
            dont_fragment: DfRule::Clear,
            flow_label: FlowLabelRule::Set(7),
            hop_limit: HopLimitRule::Copy,
            uniform_dscp: true,
            ..TunnelHeader::DEFAULT
        };
        let protect =
            Protect { outer, tunnel_header, ..Protect::tunnel(PeerId(7), ChildProposal::recommended()) };
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
        // A map of DSCP with an entry less.
        let short = text.replacen("[46,", "[", 1);
        assert_ne!(short, text);
        assert!(serde_json::from_str::<Policy>(&short).is_err());
    }

    #[test]
    fn a_policy_that_says_nothing_of_its_tunnel_has_the_default_header() {
        let mut value: serde_json::Value = serde_json::to_value(policy()).unwrap();
        let protect = value.pointer_mut("/action/Protect").unwrap().as_object_mut().unwrap();
        assert!(protect.remove("tunnel_header").is_some());
        let policy: Policy = serde_json::from_value(value).unwrap();
        assert_eq!(policy.protect().unwrap().tunnel_header, TunnelHeader::DEFAULT);
    }

    #[test]
    fn what_an_sa_is_like_and_what_happened_comes_back_as_it_was() {
        fn again<T: Serialize + serde::de::DeserializeOwned + PartialEq + core::fmt::Debug>(value: T) {
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
        }
        let beet = Mode::Beet { local: [10, 0, 0, 1].into(), remote: [10, 0, 0, 2].into() };
        for protection in Protection::ESP_DEFAULTS {
            again(SaParams { replay_window: 1024, ..SaParams::new(*protection, beet) });
        }
        let spi = Spi::new(0x1234).unwrap();
        again(MulticastSpi { spi, destination: [224, 0, 0, 5].into(), source: Some([192, 0, 2, 1].into()) });
        again(CacheSizes::default());
        again(SadStats { inserted: 7, ..SadStats::default() });
        again([SaState::Larval, SaState::Mature, SaState::Dying, SaState::Dead]);
        again([LimitState::Within, LimitState::Soft, LimitState::Hard]);
        let explanation = |verdict| Explanation {
            id: PeerId(1),
            remote: IdentityPattern::below_domain("example.org"),
            verdict,
        };
        again([explanation(Ok(())), explanation(Err(Mismatch::Local))]);
        for bits in 0..=u8::MAX {
            let read = serde_json::from_value::<Directions>(bits.into());
            assert_eq!(read.is_ok(), bits < 8, "{bits}");
        }
    }
}
