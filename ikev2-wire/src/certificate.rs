use core::fmt;

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, Writer};

use crate::hash_and_url::names_by_url;
use crate::text::Hex;
use crate::{CertEncoding, HashAndUrl};

/// The Certificate payload (RFC 7296 §3.6).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Cert Encoding |                                               |
/// +-+-+-+-+-+-+-+-+                                               |
/// ~                       Certificate Data                        ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// The data is not looked into, and nothing that it names is fetched; see [`HashAndUrl`] for encodings 12 and 13.
///
/// ```
/// use ikev2_wire::{CertEncoding, Certificate};
///
/// let certificate = Certificate::decode(&[4, 0x30, 0x82], 0)?;
/// assert_eq!(certificate, Certificate::new(CertEncoding::X509_SIGNATURE, &[0x30, 0x82]));
/// assert_eq!(certificate.to_string(), "X.509 Certificate - Signature, 2 octets");
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Certificate<'a> {
    encoding: CertEncoding,
    data: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// A certificate in `encoding`.
    #[inline]
    pub const fn new(encoding: CertEncoding, data: &'a [u8]) -> Self {
        Self { encoding, data }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`Truncated`](ipsec_types::ParseErrorKind::Truncated) where there is no octet.
    #[inline]
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (data, [encoding]) = part(body, base_offset, chunk::<1>)?;
        Ok(Self::new(CertEncoding(encoding), data))
    }

    /// The encoding of the data.
    #[inline]
    pub const fn encoding(&self) -> CertEncoding {
        self.encoding
    }

    /// The hash and the URL of a certificate that is not here; `None` for other encodings, and where the data has not
    /// that form.
    pub fn hash_and_url(&self) -> Option<HashAndUrl<'a>> {
        let (hash, url) = self.data.split_first_chunk()?;
        names_by_url(self.encoding).then_some(HashAndUrl { encoding: self.encoding, hash, url })
    }

    /// The certificate, or what stands for it.
    #[inline]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }
}

impl Encode for Certificate<'_> {
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(1)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put_u8(self.encoding.0)?;
        out.put(self.data)
    }
}

/// The encoding, and the length of the data or what it names.
impl fmt::Display for Certificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hash_and_url() {
            Some(named) => write!(f, "{}, {named}", self.encoding),
            None => write!(f, "{}, {} octets", self.encoding, self.data.len()),
        }
    }
}

impl fmt::Debug for Certificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("encoding", &self.encoding)
            .field("data", &Hex(self.data))
            .finish()
    }
}

/// The Certificate Request payload (RFC 7296 §3.7).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Cert Encoding |                                               |
/// +-+-+-+-+-+-+-+-+                                               |
/// ~                    Certification Authority                    ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::{CertEncoding, CertificateRequest};
///
/// let hashes = [[1; 20], [2; 20]]; // of the public keys of two authorities
/// let request = CertificateRequest::new(CertEncoding::X509_SIGNATURE, hashes.as_flattened());
/// assert_eq!(request.authority_hashes(), Some(&hashes[..]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CertificateRequest<'a> {
    encoding: CertEncoding,
    authorities: &'a [u8],
}

impl<'a> CertificateRequest<'a> {
    /// Asks for certificates in `encoding` that chain up to one of `authorities`.
    #[inline]
    pub const fn new(encoding: CertEncoding, authorities: &'a [u8]) -> Self {
        Self { encoding, authorities }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`Truncated`](ipsec_types::ParseErrorKind::Truncated) where there is no octet.
    #[inline]
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (authorities, [encoding]) = part(body, base_offset, chunk::<1>)?;
        Ok(Self::new(CertEncoding(encoding), authorities))
    }

    /// The encoding asked for.
    #[inline]
    pub const fn encoding(&self) -> CertEncoding {
        self.encoding
    }

    /// The SHA-1 hashes of the public keys of trusted authorities (RFC 7296 §3.7); `None` where the encoding has other
    /// authorities, or the octets are not whole hashes.
    pub fn authority_hashes(&self) -> Option<&'a [[u8; 20]]> {
        let hashed = self.encoding == CertEncoding::X509_SIGNATURE || names_by_url(self.encoding);
        match self.authorities.as_chunks() {
            (hashes, []) if hashed => Some(hashes),
            _ => None,
        }
    }

    /// For X.509, SHA-1 hashes of the public keys of trusted authorities, 20 octets each, back to back.
    pub const fn authorities(&self) -> &'a [u8] {
        self.authorities
    }
}

impl Encode for CertificateRequest<'_> {
    fn encoded_len(&self) -> usize {
        self.authorities.len().saturating_add(1)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put_u8(self.encoding.0)?;
        out.put(self.authorities)
    }
}

/// The encoding, and how many authorities there are.
impl fmt::Display for CertificateRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.authority_hashes() {
            Some(hashes) => write!(f, "{}, {} authorities", self.encoding, hashes.len()),
            None => write!(f, "{}, {} octets", self.encoding, self.authorities.len()),
        }
    }
}

impl fmt::Debug for CertificateRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateRequest")
            .field("encoding", &self.encoding)
            .field("authorities", &Hex(self.authorities))
            .finish()
    }
}
