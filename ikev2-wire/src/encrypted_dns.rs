use core::fmt;
use core::net::IpAddr;

use ipsec_types::parse::{chunk, octets};
use ipsec_types::{Encode, EncodeError, Writer};

use crate::text::{Escaped, Hex};
use crate::{HashAlgorithm, NumberList};

/// An encrypted DNS resolver: the value of ENCDNS_IP4 (`N` = 4) and ENCDNS_IP6 (`N` = 16) (RFC 9464 §3.1).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |       Service Priority        | Num Addresses |  ADN Length   |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                         IP Address(es)                        ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                  Authentication Domain Name                   ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                 Service Parameters (SvcParams)                ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::{ConfigurationAttribute, EncryptedDns};
///
/// let resolver = EncryptedDns {
///     service_priority: 1,
///     addresses: &[[192, 0, 2, 53]],
///     name: b"doh.example",
///     parameters: &[],
/// };
/// let attribute = ConfigurationAttribute::EncryptedDns4(resolver);
/// assert_eq!(attribute.to_string(), r#"ENCDNS_IP4 1 "doh.example" 192.0.2.53"#);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EncryptedDns<'a, const N: usize> {
    /// Lower values are to be preferred (RFC 9460 §2.4.1); 0 means an alias, without service parameters.
    pub service_priority: u16,
    /// The addresses of the resolver, at most 255.
    pub addresses: &'a [[u8; N]],
    /// Its name in DNS presentation format with A-labels, without terminator, at most 255 octets.
    pub name: &'a [u8],
    /// Service parameters, encoded as RFC 9460 §2.2 has it.
    pub parameters: &'a [u8],
}

impl<'a, const N: usize> EncryptedDns<'a, N> {
    pub(crate) fn read(value: &'a [u8]) -> Option<Self> {
        let (rest, [high, low, count, name_len]) = chunk::<4>(value).ok()?;
        let (rest, addresses) = octets(usize::from(count).checked_mul(N)?)(rest).ok()?;
        let (parameters, name) = octets(usize::from(name_len))(rest).ok()?;
        let (addresses, _) = addresses.as_chunks();
        Some(Self { service_priority: u16::from_be_bytes([high, low]), addresses, name, parameters })
    }
}

impl<const N: usize> Encode for EncryptedDns<'_, N> {
    fn encoded_len(&self) -> usize {
        let variable = [self.addresses.as_flattened(), self.name, self.parameters];
        variable.iter().fold(4, |len: usize, part| len.saturating_add(part.len()))
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put_u16(self.service_priority)?;
        out.put(&[
            count_octet("Num Addresses", self.addresses.len())?,
            count_octet("ADN Length", self.name.len())?,
        ])?;
        out.put(self.addresses.as_flattened())?;
        out.put(self.name)?;
        out.put(self.parameters)
    }
}

/// Priority, name and addresses, then the service parameters as hexadecimal digits.
impl<const N: usize> fmt::Display for EncryptedDns<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.service_priority, Escaped(self.name))?;
        for address in self.addresses {
            write!(f, " {}", Address(address))?;
        }
        if self.parameters.is_empty() { Ok(()) } else { write!(f, " 0x{}", Hex(self.parameters)) }
    }
}

impl<const N: usize> fmt::Debug for EncryptedDns<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptedDns({self})")
    }
}

/// Which hashes of a resolver's public key are known, or what the hash is: the value of ENCDNS_DIGEST_INFO
/// (RFC 9464 §3.2).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Num Hash Algs |  ADN Length   |                               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +
/// ~                  Authentication Domain Name                   ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~               List of Hash Algorithm Identifiers              ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                      Certificate Digest                       ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// A request lists hash algorithms and has neither name nor digest; a reply has the digest made by the one algorithm
/// it lists.
///
/// ```
/// use ikev2_wire::{ConfigurationAttribute, DigestInfo, HashAlgorithm, NumberList};
///
/// let known = DigestInfo { name: b"", algorithms: NumberList::new(&[HashAlgorithm::SHA2_256]), digest: b"" };
/// assert_eq!(ConfigurationAttribute::DigestInfo(known).to_string(), "ENCDNS_DIGEST_INFO SHA2-256");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DigestInfo<'a> {
    /// The name of the resolver, empty where it is clear; at most 255 octets.
    pub name: &'a [u8],
    /// The algorithms, at most 255.
    pub algorithms: NumberList<'a, HashAlgorithm>,
    /// The digest of the public key (SubjectPublicKeyInfo) of the resolver's certificate.
    pub digest: &'a [u8],
}

impl<'a> DigestInfo<'a> {
    pub(crate) fn read(value: &'a [u8]) -> Option<Self> {
        let (rest, [count, name_len]) = chunk::<2>(value).ok()?;
        let (rest, name) = octets(usize::from(name_len))(rest).ok()?;
        let (digest, algorithms) = octets(usize::from(count).checked_mul(2)?)(rest).ok()?;
        Some(Self { name, algorithms: NumberList::read(algorithms)?, digest })
    }
}

impl Encode for DigestInfo<'_> {
    fn encoded_len(&self) -> usize {
        let lists = self.name.len().saturating_add(self.algorithms.encoded_len());
        lists.saturating_add(self.digest.len()).saturating_add(2)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(&[
            count_octet("Num Hash Algs", self.algorithms.len())?,
            count_octet("ADN Length", self.name.len())?,
        ])?;
        out.put(self.name)?;
        self.algorithms.encode(out)?;
        out.put(self.digest)
    }
}

impl fmt::Display for DigestInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.algorithms)?;
        if !self.name.is_empty() {
            write!(f, " {:?}", Escaped(self.name))?;
        }
        if self.digest.is_empty() { Ok(()) } else { write!(f, " 0x{}", Hex(self.digest)) }
    }
}

impl fmt::Debug for DigestInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DigestInfo({self})")
    }
}

/// A DNSSEC trust anchor for the domain of the INTERNAL_DNS_DOMAIN before it: the value of INTERNAL_DNSSEC_TA
/// (RFC 8598 §4.2).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |        DNSKEY Key Tag         |  DNSKEY Alg   |  Digest Type  |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                          Digest Data                          ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::{ConfigurationAttribute, ConfigurationAttributeType, TrustAnchor};
///
/// let anchor = TrustAnchor { key_tag: 43_547, algorithm: 8, digest_type: 1, digest: b"B6225AB2" };
/// let value = [&[0xaa, 0x1b, 8, 1], &b"B6225AB2"[..]].concat();
/// let read = ConfigurationAttribute::read(ConfigurationAttributeType::INTERNAL_DNSSEC_TA, &value);
/// assert_eq!(read, ConfigurationAttribute::TrustAnchor(anchor));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrustAnchor<'a> {
    /// The key tag of the DS record (RFC 4034 §5.1).
    pub key_tag: u16,
    /// The algorithm of the DNSKEY.
    pub algorithm: u8,
    /// How the digest was made.
    pub digest_type: u8,
    /// The digest in presentation format, one octet at least.
    pub digest: &'a [u8],
}

impl<'a> TrustAnchor<'a> {
    pub(crate) fn read(value: &'a [u8]) -> Option<Self> {
        let (digest, [high, low, algorithm, digest_type]) = chunk::<4>(value).ok()?;
        let anchor = Self { key_tag: u16::from_be_bytes([high, low]), algorithm, digest_type, digest };
        (!digest.is_empty()).then_some(anchor)
    }
}

impl Encode for TrustAnchor<'_> {
    fn encoded_len(&self) -> usize {
        self.digest.len().saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.digest.is_empty() {
            return Err(EncodeError::Invalid("Digest Data"));
        }
        out.put_u16(self.key_tag)?;
        out.put(&[self.algorithm, self.digest_type])?;
        out.put(self.digest)
    }
}

impl fmt::Display for TrustAnchor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key_tag, algorithm, digest_type, digest } = self;
        write!(f, "{key_tag} {algorithm} {digest_type} {:?}", Escaped(digest))
    }
}

impl fmt::Debug for TrustAnchor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustAnchor({self})")
    }
}

/// Octets as the address that they are.
struct Address<'a>(&'a [u8]);

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(octets) = <[u8; 4]>::try_from(self.0) {
            write!(f, "{}", IpAddr::from(octets))
        } else if let Ok(octets) = <[u8; 16]>::try_from(self.0) {
            write!(f, "{}", IpAddr::from(octets))
        } else {
            write!(f, "0x{}", Hex(self.0))
        }
    }
}

fn count_octet(field: &'static str, length: usize) -> Result<u8, EncodeError> {
    u8::try_from(length).map_err(|_| EncodeError::FieldOverflow { field, length })
}
