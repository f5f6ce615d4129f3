use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::CertEncoding;
use crate::text::{Escaped, Hex};

/// A Certificate payload that names a certificate, or a bundle of them, instead of holding it (RFC 7296 §3.6).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |Encoding 12, 13|                                               |
/// +-+-+-+-+-+-+-+-+                                               +
/// ~                 SHA-1 of what the URL names (20)              ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                              URL                              ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Nothing is fetched here, and the URL is the octets of the peer, whatever they are.
///
/// ```
/// use ikev2_wire::{CertEncoding, Encode, HashAndUrl, Writer};
///
/// let named = HashAndUrl {
///     encoding: CertEncoding::HASH_AND_URL_X509,
///     hash: &[0xab; 20],
///     url: b"http://example.net/c.der",
/// };
/// let mut buf = [0; 64];
/// let mut out = Writer::new(&mut buf);
/// named.encode(&mut out)?;
/// assert_eq!(HashAndUrl::decode(out.written(), 0), Ok(named));
/// # Ok::<(), ikev2_wire::EncodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HashAndUrl<'a> {
    /// [`CertEncoding::HASH_AND_URL_X509`] or [`CertEncoding::HASH_AND_URL_BUNDLE`], or it cannot be encoded.
    pub encoding: CertEncoding,
    /// SHA-1 of what is to be found there.
    pub hash: &'a [u8; 20],
    /// Where it is to be found.
    pub url: &'a [u8],
}

impl<'a> HashAndUrl<'a> {
    /// Reads the body of a Certificate payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Invalid`] for another encoding, [`ParseErrorKind::Truncated`] where the hash does not fit.
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        part(body, base_offset, hash_and_url).map(|(_, value)| value)
    }
}

impl Encode for HashAndUrl<'_> {
    fn encoded_len(&self) -> usize {
        self.url.len().saturating_add(21)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        if !names_by_url(self.encoding) {
            return Err(EncodeError::Invalid("Cert Encoding"));
        }
        out.put_u8(self.encoding.0)?;
        out.put(self.hash)?;
        out.put(self.url)
    }
}

/// The hash and the URL, escaped.
impl fmt::Display for HashAndUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", Hex(self.hash), Escaped(self.url))
    }
}

impl fmt::Debug for HashAndUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashAndUrl({}, {self})", self.encoding)
    }
}

/// Whether a Certificate payload of this encoding holds a hash and a URL.
pub(crate) const fn names_by_url(encoding: CertEncoding) -> bool {
    matches!(encoding, CertEncoding::HASH_AND_URL_X509 | CertEncoding::HASH_AND_URL_BUNDLE)
}

fn hash_and_url(input: &[u8]) -> Parsed<'_, HashAndUrl<'_>> {
    let (rest, [encoding]) = chunk::<1>(input)?;
    let encoding = CertEncoding(encoding);
    if !names_by_url(encoding) {
        return fault(ParseErrorKind::Invalid("Cert Encoding"), input);
    }
    match rest.split_first_chunk() {
        Some((hash, url)) => Ok((&[], HashAndUrl { encoding, hash, url })),
        None => fault(ParseErrorKind::Truncated { needed: 20, available: rest.len() }, rest),
    }
}
