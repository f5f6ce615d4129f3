//! Numbers and names against a copy of the IANA registries, and the private ones against those that Wireshark knows.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

use ikev1_wire::*;
use serde_json::Value;
use testkit::vectors;

/// The entries of a registry in the copy.
fn listed(kind: &str, registry: &str) -> Vec<(u64, String)> {
    let groups = vectors("ike_registries");
    let group = groups.iter().find(|group| group.kind() == kind).unwrap();
    let vector = group.vectors().find(|vector| vector.text("registry") == registry);
    let vector = vector.unwrap_or_else(|| panic!("{registry} is not in the copy"));
    let entry = |entry: &Value| (entry[0].as_u64().unwrap(), entry[1].as_str().unwrap().to_owned());
    vector.value("entries").and_then(Value::as_array).unwrap().iter().map(entry).collect()
}

/// Every number below the private ones that has a name here is registered by that name, and the other way round.
macro_rules! are_as_registered {
    ($($registry:ident: $repr:ident below $private:literal $(except $number:literal)*),* $(,)?) => {
        $(
            let named: Vec<_> = (0..$private)
                .map($repr::from)
                .filter(|number| ![$($number),*].contains(number))
                .filter_map(|number| Some((u64::from(number), $registry(number).name()?.to_owned())))
                .collect();
            assert_eq!(named, listed("ikev1", stringify!($registry)), stringify!($registry));
        )*
    };
}

#[test]
fn numbers_and_names_are_those_of_iana() {
    are_as_registered! {
        IkeAttributeClass: u16 below 16_384_u16,
        EncryptionAlgorithm: u16 below 65_001_u16,
        HashAlgorithm: u16 below 65_001_u16,
        AuthMethod: u16 below 64_221_u16,
        GroupType: u16 below 65_001_u16,
        LifeType: u16 below 65_001_u16,
        NotifyType: u16 below 30_000_u16,
        IsakmpTransform: u8 below 255_u8,
        AhTransform: u8 below 249_u8,
        EspTransform: u8 below 249_u8,
        IpcompTransform: u8 below 48_u8,
        IpsecAttributeClass: u16 below 32_001_u16,
        EncapsulationMode: u16 below 61_440_u16,
        AuthenticationAlgorithm: u16 below 61_440_u16,
        IdType: u8 below 249_u8,
    }
}

/// The names of groups are shorter here and tell groups of one field apart; those of protocols have no prefix.
#[test]
fn numbers_of_groups_protocols_and_domains_are_those_of_iana() {
    let numbers = |kind| listed("ikev1", kind).into_iter().map(|(number, _)| number);
    let named = (0..u16::MAX).filter(|number| GroupDescription(*number).name().is_some());
    assert!(named.map(u64::from).eq(numbers("GroupDescription")));
    for (number, name) in listed("ikev1", "ProtocolId") {
        let ours = ProtocolId(u8::try_from(number).unwrap()).name();
        assert_eq!(ours, name.rsplit_once("PROTO_").map(|(_, name)| name.trim_start_matches("IPSEC_")));
    }
    for (number, name) in listed("ikev1", "Doi") {
        let ours = Doi(u32::try_from(number).unwrap()).name().unwrap();
        assert!(ours.eq_ignore_ascii_case(&name), "{ours}");
    }
}

#[test]
fn private_numbers_are_those_of_others() {
    macro_rules! agree {
        ($($registry:ident),*) => {
            $(
                for (number, name) in listed("ikev1_unregistered", stringify!($registry)) {
                    let ours = $registry(number.try_into().unwrap()).name();
                    assert_eq!(ours, Some(&name[..]), "{} {number}", stringify!($registry));
                }
            )*
        };
    }
    agree!(NotifyType, ConfigurationAttribute, XauthType, CertEncoding);
}
