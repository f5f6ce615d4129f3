use core::fmt;

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, Writer};

use crate::CertEncoding;
use crate::text::Hex;

/// The Certificate payload (RFC 2408 §3.9), which may come in any message.
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
/// The data is not looked into, and nothing that it names is fetched.
///
/// ```
/// use ikev1_wire::{CertEncoding, Certificate};
///
/// let cert = Certificate::decode(&[4, 0x30, 0x82], 0)?;
/// assert_eq!((cert.encoding(), cert.data()), (CertEncoding::X509_SIGNATURE, &[0x30, 0x82][..]));
/// # Ok::<(), ikev1_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Certificate<'a> {
    encoding: CertEncoding,
    data: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// A certificate in `encoding`.
    pub const fn new(encoding: CertEncoding, data: &'a [u8]) -> Self {
        Self { encoding, data }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`Truncated`](ipsec_types::ParseErrorKind::Truncated) where there is no octet.
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (data, [encoding]) = part(body, base_offset, chunk::<1>)?;
        Ok(Self::new(CertEncoding(encoding), data))
    }

    /// The encoding of the data.
    pub const fn encoding(&self) -> CertEncoding {
        self.encoding
    }

    /// The certificate, or what stands for it.
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

/// The encoding, and how many octets there are.
impl fmt::Display for Certificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} octets", self.encoding, self.data.len())
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

/// The Certificate Request payload (RFC 2408 §3.10), which may come in any message.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Cert. Type   |                                               |
/// +-+-+-+-+-+-+-+-+                                               |
/// ~                    Certificate Authority                      ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev1_wire::{CertEncoding, CertificateRequest};
///
/// // Whatever authority there is.
/// let request = CertificateRequest::new(CertEncoding::X509_SIGNATURE, &[]);
/// assert_eq!(CertificateRequest::decode(&[4], 0), Ok(request));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificateRequest<'a> {
    kind: CertEncoding,
    authority: &'a [u8],
}

impl<'a> CertificateRequest<'a> {
    /// Asks for a certificate in the encoding `kind` that chains up to `authority`.
    pub const fn new(kind: CertEncoding, authority: &'a [u8]) -> Self {
        Self { kind, authority }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`Truncated`](ipsec_types::ParseErrorKind::Truncated) where there is no octet.
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (authority, [kind]) = part(body, base_offset, chunk::<1>)?;
        Ok(Self::new(CertEncoding(kind), authority))
    }

    /// The encoding asked for.
    pub const fn kind(&self) -> CertEncoding {
        self.kind
    }

    /// For X.509 the DER of the authority's distinguished name, or nothing where any will do.
    pub const fn authority(&self) -> &'a [u8] {
        self.authority
    }
}

impl Encode for CertificateRequest<'_> {
    fn encoded_len(&self) -> usize {
        self.authority.len().saturating_add(1)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put_u8(self.kind.0)?;
        out.put(self.authority)
    }
}

/// The encoding, and how many octets the name of the authority has.
impl fmt::Display for CertificateRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} octets", self.kind, self.authority.len())
    }
}

impl fmt::Debug for CertificateRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateRequest")
            .field("kind", &self.kind)
            .field("authority", &Hex(self.authority))
            .finish()
    }
}
