use alloc::boxed::Box;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::net::{Ipv4Addr, Ipv6Addr};

/// Who an end of an IKE SA is (RFC 4301 §4.4.3.1, RFC 7296 §3.5).
///
/// Two identities are equal where kind and octets are; only domain names, and those of mail addresses, are compared
/// without regard to the case of ASCII letters. There is no comparison by prefix, and a NUL is an octet like any other.
///
/// ```
/// use ipsec_sa_db::Identity;
///
/// assert_eq!(Identity::fqdn("gw.example"), Identity::fqdn("GW.Example"));
/// assert_ne!(Identity::fqdn("gw.example"), Identity::key_id(*b"gw.example"));
/// assert_eq!(Identity::fqdn("gw\n.example").to_string(), r"gw\n.example");
/// ```
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Identity {
    /// ID_IPV4_ADDR.
    Ipv4(Ipv4Addr),
    /// ID_FQDN: a domain name, without a terminator.
    Fqdn(Box<[u8]>),
    /// ID_RFC822_ADDR: a mail address, without a terminator.
    Rfc822(Box<[u8]>),
    /// ID_IPV6_ADDR.
    Ipv6(Ipv6Addr),
    /// ID_DER_ASN1_DN: the DER encoding of a distinguished name.
    DerAsn1Dn(Box<[u8]>),
    /// ID_KEY_ID: octets that mean something to the two ends alone.
    KeyId(Box<[u8]>),
}

impl Identity {
    /// A domain name.
    pub fn fqdn(name: &str) -> Self {
        Self::Fqdn(name.as_bytes().into())
    }

    /// A mail address.
    pub fn rfc822(address: &str) -> Self {
        Self::Rfc822(address.as_bytes().into())
    }

    /// Opaque octets.
    pub fn key_id(octets: impl Into<Box<[u8]>>) -> Self {
        Self::KeyId(octets.into())
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ipv4(own), Self::Ipv4(theirs)) => own == theirs,
            (Self::Ipv6(own), Self::Ipv6(theirs)) => own == theirs,
            (Self::Fqdn(own), Self::Fqdn(theirs)) => own.eq_ignore_ascii_case(theirs),
            (Self::Rfc822(own), Self::Rfc822(theirs)) => equal_mail_addresses(own, theirs),
            (Self::DerAsn1Dn(own), Self::DerAsn1Dn(theirs)) | (Self::KeyId(own), Self::KeyId(theirs)) => {
                own == theirs
            }
            _ => false,
        }
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        core::mem::discriminant(self).hash(state);
        match self {
            Self::Ipv4(address) => address.hash(state),
            Self::Ipv6(address) => address.hash(state),
            // What differs in case may be equal.
            Self::Fqdn(text) | Self::Rfc822(text) => {
                text.iter().for_each(|octet| octet.to_ascii_lowercase().hash(state));
            }
            Self::DerAsn1Dn(octets) | Self::KeyId(octets) => octets.hash(state),
        }
    }
}

impl fmt::Display for Identity {
    /// Text with everything but printable ASCII escaped; other octets in hex.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(address) => address.fmt(f),
            Self::Ipv6(address) => address.fmt(f),
            Self::Fqdn(text) | Self::Rfc822(text) => text.escape_ascii().fmt(f),
            Self::DerAsn1Dn(octets) => hex(f, "dn:", octets),
            Self::KeyId(octets) if octets.iter().all(u8::is_ascii_graphic) => octets.escape_ascii().fmt(f),
            Self::KeyId(octets) => hex(f, "0x", octets),
        }
    }
}

/// The part behind the last `@` is a domain name; the part before it belongs to the host and is compared as it is.
fn equal_mail_addresses(own: &[u8], theirs: &[u8]) -> bool {
    let split = |octets: &'_ [u8]| octets.iter().rposition(|octet| *octet == b'@');
    match (split(own), split(theirs)) {
        (Some(at), Some(their_at)) if at == their_at => {
            own.get(..at) == theirs.get(..at)
                && own
                    .get(at..)
                    .zip(theirs.get(at..))
                    .is_some_and(|(own, theirs)| own.eq_ignore_ascii_case(theirs))
        }
        _ => own == theirs,
    }
}

fn hex(f: &mut fmt::Formatter<'_>, prefix: &str, octets: &[u8]) -> fmt::Result {
    f.write_str(prefix)?;
    octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn w2_19_no_comparison_by_prefix_and_no_terminator() {
        for other in ["a", "a.exampl", "a.example.", "a.example\0", "a.example\0.evil"] {
            assert_ne!(Identity::fqdn("a.example"), Identity::fqdn(other));
        }
        assert_eq!(Identity::rfc822("Ann@A.example"), Identity::rfc822("Ann@a.EXAMPLE"));
        assert_ne!(Identity::rfc822("Ann@a.example"), Identity::rfc822("ann@a.example"));
        assert_ne!(Identity::rfc822("a@b@c"), Identity::rfc822("a@B@c"));
        assert_ne!(Identity::Ipv4([192, 0, 2, 1].into()), Identity::key_id([192, 0, 2, 1]));
    }

    #[test]
    fn w2_19_what_is_shown_is_escaped() {
        assert_eq!(Identity::fqdn("a\u{1b}[31m\0é").to_string(), r"a\x1b[31m\x00\xc3\xa9");
        assert_eq!(Identity::key_id([0, 255]).to_string(), "0x00ff");
        assert_eq!(Identity::DerAsn1Dn([0x30, 0].into()).to_string(), "dn:3000");
    }
}
