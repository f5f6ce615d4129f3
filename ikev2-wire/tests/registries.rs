//! Numbers and names against a copy of the IANA registries.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

use ikev2_wire::*;
use serde_json::Value;
use testkit::vectors;

/// The entries of a registry in the copy.
fn registered(registry: &str) -> Vec<(u64, String)> {
    let groups = vectors("ike_registries");
    let group = groups.iter().find(|group| group.kind() == "ikev2").unwrap();
    let vector = group.vectors().find(|vector| vector.text("registry") == registry);
    let vector = vector.unwrap_or_else(|| panic!("{registry} is not in the copy"));
    let entry = |entry: &Value| (entry[0].as_u64().unwrap(), entry[1].as_str().unwrap().to_owned());
    vector.value("entries").and_then(Value::as_array).unwrap().iter().map(entry).collect()
}

/// Every number that has a name here is registered by that name, and the other way round.
macro_rules! are_as_registered {
    ($($registry:ident: $repr:ident $(except $number:literal)*),* $(,)?) => {
        $(
            let named: Vec<_> = (0..=$repr::MAX)
                .filter(|number| ![$($number),*].contains(number))
                .filter_map(|number| Some((u64::from(number), $registry(number).name()?.to_owned())))
                .collect();
            assert_eq!(named, registered(stringify!($registry)), stringify!($registry));
            for (number, name) in &named {
                let found = $registry::from_name(name).map(|found| u64::from(found.0));
                assert_eq!(found, Some(*number), "{name}");
            }
        )*
    };
}

#[test]
fn numbers_and_names_are_those_of_iana() {
    are_as_registered! {
        ExchangeType: u8,
        PayloadType: u8,
        TransformType: u8,
        TransformAttributeType: u16,
        EncryptionId: u16,
        PrfId: u16,
        IntegrityId: u16,
        KeyExchangeMethod: u16,
        SequenceNumbers: u16,
        KeyWrapId: u16,
        GroupControllerAuthentication: u16,
        IdType: u8,
        CertEncoding: u8,
        AuthMethod: u8,
        NotifyType: u16,
        IpCompTransform: u8,
        // 0 is reserved, and written where there is no protocol (RFC 7296 §3.10).
        ProtocolId: u8 except 0,
        TsType: u8,
        ConfigurationType: u8,
        ConfigurationAttributeType: u16,
        RohcAttributeType: u16,
        SecurePasswordMethod: u16,
        HashAlgorithm: u16,
        PpkIdType: u8,
    }
}

#[test]
fn notations_are_those_of_iana() {
    let named: Vec<_> = (0..=u8::MAX)
        .filter_map(|number| Some((u64::from(number), PayloadType(number).notation()?.to_owned())))
        .collect();
    assert_eq!(named, registered("PayloadType notation"));
}

#[test]
fn rfc7296_3_10_1_errors_are_below_16_384() {
    for (number, name) in registered("NotifyType") {
        let kind = NotifyType(u16::try_from(number).unwrap());
        assert_eq!(kind.is_error(), number < 16_384, "{name}");
    }
}
