use crate::pad::dn::relative_names;
use crate::{AddressRange, Identity};
use alloc::boxed::Box;
use core::fmt;
use core::net::IpAddr;

/// Which identities an entry of the [`Pad`](crate::Pad) is for (RFC 4301 §4.4.3.1).
///
/// An identity has one kind, and only a pattern of that kind matches: an FQDN that reads like an address is no address.
///
/// ```
/// use ipsec_sa_db::{Identity, IdentityPattern};
///
/// let staff = IdentityPattern::below_domain("example.org");
/// assert!(staff.matches(&Identity::fqdn("ann.Example.org")));
/// assert!(!staff.matches(&Identity::fqdn("example.org")) && !staff.matches(&Identity::fqdn("badexample.org")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum IdentityPattern {
    /// This one.
    Exactly(Identity),
    /// Any address of a range, as ID_IPV4_ADDR or ID_IPV6_ADDR.
    Addresses(AddressRange),
    /// Any FQDN below a domain, `*.domain`; not the domain itself.
    BelowDomain(Box<[u8]>),
    /// Any mail address at a domain, `*@domain`.
    MailAt(Box<[u8]>),
    /// Any distinguished name in the subtree of this one in DER, itself included: its relative names are the first of the
    /// peer's, text being compared without regard to case and spaces.
    BelowName(Box<[u8]>),
    /// Any identity.
    Any,
}

/// Why an identity does not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Mismatch {
    /// It is of another kind.
    #[error("the peer's identity is of another kind")]
    Kind,
    /// It is another one.
    #[error("the peer's identity is another")]
    Value,
    /// The distinguished name of the entry or of the peer cannot be read.
    #[error("a distinguished name that cannot be read")]
    Unreadable,
    /// The peer wants to talk to somebody else of ours.
    #[error("the peer asks for another identity of ours")]
    Local,
}

impl IdentityPattern {
    /// Any FQDN below a domain.
    pub fn below_domain(domain: &str) -> Self {
        Self::BelowDomain(domain.as_bytes().into())
    }

    /// Any mail address at a domain.
    pub fn mail_at(domain: &str) -> Self {
        Self::MailAt(domain.as_bytes().into())
    }

    /// The one identity that matches, if there is only one.
    pub const fn exactly(&self) -> Option<&Identity> {
        match self {
            Self::Exactly(identity) => Some(identity),
            Self::Addresses(_) | Self::BelowDomain(_) | Self::MailAt(_) | Self::BelowName(_) | Self::Any => {
                None
            }
        }
    }

    /// Whether an identity matches.
    pub fn matches(&self, identity: &Identity) -> bool {
        self.check(identity).is_ok()
    }

    /// Whether an identity matches, and if not why.
    ///
    /// # Errors
    ///
    /// [`Mismatch`].
    pub fn check(&self, identity: &Identity) -> Result<(), Mismatch> {
        let equal = |is: bool| if is { Ok(()) } else { Err(Mismatch::Value) };
        match (self, identity) {
            (Self::Any, _) => Ok(()),
            (Self::Exactly(own), _) if core::mem::discriminant(own) == core::mem::discriminant(identity) => {
                equal(own == identity)
            }
            (Self::Addresses(range), Identity::Ipv4(address)) => equal(range.contains(IpAddr::V4(*address))),
            (Self::Addresses(range), Identity::Ipv6(address)) => equal(range.contains(IpAddr::V6(*address))),
            (Self::BelowDomain(domain), Identity::Fqdn(name)) => equal(ends_behind(name, b'.', domain)),
            (Self::MailAt(domain), Identity::Rfc822(address)) => equal(ends_behind(address, b'@', domain)),
            (Self::BelowName(own), Identity::DerAsn1Dn(name)) => {
                let (Some(own), Some(names)) = (relative_names(own), relative_names(name)) else {
                    return Err(Mismatch::Unreadable);
                };
                equal(own.len() <= names.len() && own.iter().zip(&names).all(|(own, name)| own.is(name)))
            }
            _ => Err(Mismatch::Kind),
        }
    }
}

impl From<Identity> for IdentityPattern {
    fn from(identity: Identity) -> Self {
        Self::Exactly(identity)
    }
}

impl fmt::Display for IdentityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(identity) => identity.fmt(f),
            Self::Addresses(range) => range.fmt(f),
            Self::BelowDomain(domain) => write!(f, "*.{}", domain.escape_ascii()),
            Self::MailAt(domain) => write!(f, "*@{}", domain.escape_ascii()),
            Self::BelowName(name) => write!(f, "below {}", Identity::DerAsn1Dn(name.clone())),
            Self::Any => f.write_str("anybody"),
        }
    }
}

/// Whether `text` is something, then `between`, then `domain` in any case of its letters. What stands in front of the `@`
/// of a mail address has none.
fn ends_behind(text: &[u8], between: u8, domain: &[u8]) -> bool {
    let Some(at) = text.len().checked_sub(domain.len() + 1).filter(|at| *at > 0) else { return false };
    let Some((name, [own, rest @ ..])) = text.split_at_checked(at) else { return false };
    *own == between && rest.eq_ignore_ascii_case(domain) && (between == b'.' || !name.contains(&between))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(body.len()).unwrap()], body].concat()
    }

    /// C, O and CN with the string types that go by.
    fn name(parts: &[(u8, u8, &str)]) -> Box<[u8]> {
        let relative = |(kind, tag, text): &(u8, u8, &str)| {
            tlv(0x31, &tlv(0x30, &[tlv(6, &[0x55, 4, *kind]), tlv(*tag, text.as_bytes())].concat()))
        };
        tlv(0x30, &parts.iter().flat_map(relative).collect::<Vec<_>>()).into()
    }

    #[test]
    fn w2_19_wildcards_match_whole_labels_of_their_own_kind() {
        let domain = IdentityPattern::below_domain("example.org");
        for (text, expected) in [
            ("a.example.org", Ok(())),
            ("a.b.EXAMPLE.org", Ok(())),
            ("example.org", Err(Mismatch::Value)),
            (".example.org", Err(Mismatch::Value)),
            ("aexample.org", Err(Mismatch::Value)),
            ("a.example.org.evil", Err(Mismatch::Value)),
            ("a.example.org\0", Err(Mismatch::Value)),
        ] {
            assert_eq!(domain.check(&Identity::fqdn(text)), expected, "{text:?}");
        }
        assert_eq!(domain.check(&Identity::rfc822("a.example.org")), Err(Mismatch::Kind));
        assert_eq!(domain.check(&Identity::key_id(*b"a.example.org")), Err(Mismatch::Kind));
        let mail = IdentityPattern::mail_at("example.org");
        assert!(mail.matches(&Identity::rfc822("Ann@Example.org")));
        for text in ["@example.org", "ann@evil@example.org", "ann@sub.example.org", "ann.example.org"] {
            assert!(!mail.matches(&Identity::rfc822(text)), "{text}");
        }
        let lab = IdentityPattern::Addresses(AddressRange::prefix([10, 1, 0, 0].into(), 16).unwrap());
        assert!(lab.matches(&Identity::Ipv4([10, 1, 255, 3].into())));
        assert!(!lab.matches(&Identity::Ipv4([10, 2, 0, 3].into())));
        assert_eq!(lab.check(&Identity::fqdn("10.1.2.3")), Err(Mismatch::Kind));
    }

    #[test]
    fn rfc4301_4_4_3_1_distinguished_names_match_by_subtree() {
        const UTF8: u8 = 0x0c;
        const PRINTABLE: u8 = 0x13;
        let tree = IdentityPattern::BelowName(name(&[(6, PRINTABLE, "DE"), (10, UTF8, "Example  Lab")]));
        let check = |parts: &[(u8, u8, &str)]| tree.check(&Identity::DerAsn1Dn(name(parts)));
        assert_eq!(check(&[(6, PRINTABLE, "de"), (10, PRINTABLE, "example lab"), (3, UTF8, "gw")]), Ok(()));
        assert_eq!(check(&[(6, PRINTABLE, "DE"), (10, UTF8, "Example Lab")]), Ok(()));
        for parts in [
            &[(6, PRINTABLE, "DE")][..],
            &[(10, UTF8, "Example Lab"), (6, PRINTABLE, "DE")],
            &[(6, PRINTABLE, "DE"), (3, UTF8, "Example Lab")],
            &[(6, PRINTABLE, "DE"), (10, UTF8, "Example Laboratory")],
        ] {
            assert_eq!(check(parts), Err(Mismatch::Value));
        }
        assert_eq!(tree.check(&Identity::fqdn("DE")), Err(Mismatch::Kind));
    }

    #[test]
    fn rfc4301_4_4_3_1_addresses_of_both_families_and_each_kind_for_itself() {
        let range = |first: &str, last: &str| {
            AddressRange::new(first.parse().unwrap(), last.parse().unwrap())
                .map(IdentityPattern::Addresses)
                .unwrap()
        };
        let six = |text: &str| Identity::Ipv6(text.parse().unwrap());
        let lab = range("2001:db8::1", "2001:db8::9");
        assert!(lab.matches(&six("2001:db8::1")) && lab.matches(&six("2001:db8::9")));
        assert_eq!(lab.check(&six("2001:db8::a")), Err(Mismatch::Value));
        assert_eq!(lab.check(&Identity::Ipv4([32, 1, 13, 184].into())), Err(Mismatch::Value));
        // An IPv4-mapped address is one of IPv6.
        assert!(!range("10.0.0.0", "10.0.0.9").matches(&six("::ffff:10.0.0.1")));
        let octets = b"10.0.0.1";
        let own = [
            Identity::Ipv4([10, 0, 0, 1].into()),
            six("::ffff:10.0.0.1"),
            Identity::Fqdn((*octets).into()),
            Identity::Rfc822((*octets).into()),
            Identity::DerAsn1Dn((*octets).into()),
            Identity::KeyId((*octets).into()),
        ];
        for (at, one) in own.iter().enumerate() {
            for (other_at, other) in own.iter().enumerate() {
                let expected = if at == other_at { Ok(()) } else { Err(Mismatch::Kind) };
                assert_eq!(IdentityPattern::from(one.clone()).check(other), expected, "{one} {other}");
            }
            assert!(IdentityPattern::Any.matches(one));
        }
    }

    #[test]
    fn rfc4301_4_4_3_1_attributes_of_one_relative_name_come_in_any_order() {
        let attribute =
            |kind, text: &str| tlv(0x30, &[tlv(6, &[0x55, 4, kind]), tlv(0x0c, text.as_bytes())].concat());
        let (cn, unit, uid) = (attribute(3, "gw"), attribute(11, "lab"), attribute(3, "other"));
        let of = |sets: &[&[&Vec<u8>]]| -> Box<[u8]> {
            let set = |parts: &&[&Vec<u8>]| {
                tlv(0x31, &parts.iter().copied().flatten().copied().collect::<Vec<_>>())
            };
            tlv(0x30, &sets.iter().flat_map(set).collect::<Vec<_>>()).into()
        };
        let tree = IdentityPattern::BelowName(of(&[&[&cn, &unit]]));
        let check = |name| tree.check(&Identity::DerAsn1Dn(name));
        assert_eq!(check(of(&[&[&cn, &unit]])), Ok(()));
        assert_eq!(check(of(&[&[&unit, &cn], &[&uid]])), Ok(()));
        for other in [of(&[&[&cn], &[&unit]]), of(&[&[&cn]]), of(&[&[&cn, &unit, &uid]]), of(&[&[&cn, &cn]])]
        {
            assert_eq!(check(other), Err(Mismatch::Value));
        }
        assert_eq!(check(of(&[&[]])), Err(Mismatch::Unreadable), "a relative name of nothing");
        // As many as are read, and one more.
        let many = |count| Identity::DerAsn1Dn(long(0x30, &tlv(0x31, &attribute(3, "x")).repeat(count)));
        let all = IdentityPattern::BelowName(name(&[]));
        assert_eq!(all.check(&many(64)), Ok(()));
        assert_eq!(all.check(&many(65)), Err(Mismatch::Unreadable));
    }

    fn long(tag: u8, body: &[u8]) -> Box<[u8]> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[tag, 0x82][..], &length, body].concat().into()
    }

    #[test]
    fn names_that_are_none_match_nothing() {
        let whole = name(&[(6, 0x13, "DE"), (3, 0x0c, "gw")]);
        let tree = IdentityPattern::BelowName(name(&[]));
        assert!(tree.matches(&Identity::DerAsn1Dn(whole.clone())));
        for length in 0..whole.len() {
            let part = Identity::DerAsn1Dn(whole[..length].into());
            assert_eq!(tree.check(&part), Err(Mismatch::Unreadable), "{length}");
        }
        let longer = Identity::DerAsn1Dn([&whole[..], &[0]].concat().into());
        assert_eq!(tree.check(&longer), Err(Mismatch::Unreadable));
        // Lengths that are not in their shortest form, or of four octets.
        for odd in [&[0x30, 0x81, 0][..], &[0x30, 0x82, 0, 0], &[0x30, 0x84, 0, 0, 0, 0], &[0x30, 0x80, 0, 0]]
        {
            assert_eq!(tree.check(&Identity::DerAsn1Dn(odd.into())), Err(Mismatch::Unreadable));
        }
    }
}
