//! Plain values as JSON and back.
#![cfg(feature = "serde")]

use ikev1_wire::*;

#[test]
fn headers_registries_and_lifetimes_are_read_again_as_they_were() {
    let flags = Flags::ENCRYPTION | Flags(0x80);
    let header = Header::new(IkeSpi([1; 8]), IkeSpi([2; 8]), ExchangeType::QUICK_MODE, flags, 0xdead_beef);
    let lifetimes = Lifetimes { seconds: Some(u64::MAX), kilobytes: None };
    let value =
        (header, GroupDescription(14), NotifyType(65_535), Doi::IPSEC, lifetimes, FragmentLimits::default());
    let text = serde_json::to_string(&value).unwrap();
    assert!(text.contains(r#""cookie_i":"0101010101010101""#), "{text}");
    assert!(text.contains(r#"},14,65535,1,{"seconds":18446744073709551615,"kilobytes":null}"#), "{text}");
    let read: (Header, GroupDescription, NotifyType, Doi, Lifetimes, FragmentLimits) =
        serde_json::from_str(&text).unwrap();
    assert_eq!(read, value);
}
