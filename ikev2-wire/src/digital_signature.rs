use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, octets, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::AuthMethod;
use crate::text::Hex;

/// An Authentication payload of method 14: a signature and the algorithm that made it (RFC 7427 §3).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |Auth Method=14 |                    RESERVED                   |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | ASN.1 Length  | AlgorithmIdentifier ASN.1 object              |
/// +-+-+-+-+-+-+-+-+                                               +
/// ~          AlgorithmIdentifier ASN.1 object continuing          ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                        Signature Value                        ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::{Authentication, DigitalSignature, Encode, Writer};
///
/// let signature = DigitalSignature::new(DigitalSignature::ED25519, &[7; 64]);
/// let mut buf = [0; 80];
/// let mut out = Writer::new(&mut buf);
/// signature.encode(&mut out)?; // the body of the payload, its four octets of header included
///
/// let payload = Authentication::decode(out.written(), 0).unwrap();
/// assert_eq!(DigitalSignature::decode(out.written(), 0), Ok(signature));
/// assert_eq!(signature.algorithm_name(), Some("id-Ed25519"));
/// assert_eq!(payload.to_string(), "Digital Signature, id-Ed25519, 64 octets");
/// # Ok::<(), ikev2_wire::EncodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DigitalSignature<'a> {
    reserved: [u8; 3],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> DigitalSignature<'a> {
    /// RSASSA-PKCS1-v1_5 with SHA-1 (RFC 7427 §A.1.1).
    pub const RSA_SHA1: &'static [u8] = &pkcs1(5);
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7427 §A.1.2).
    pub const RSA_SHA2_256: &'static [u8] = &pkcs1(11);
    /// RSASSA-PKCS1-v1_5 with SHA-384 (RFC 7427 §A.1.3).
    pub const RSA_SHA2_384: &'static [u8] = &pkcs1(12);
    /// RSASSA-PKCS1-v1_5 with SHA-512 (RFC 7427 §A.1.4).
    pub const RSA_SHA2_512: &'static [u8] = &pkcs1(13);
    /// ECDSA with SHA-1 (RFC 7427 §A.3.1).
    pub const ECDSA_SHA1: &'static [u8] = &[0x30, 9, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
    /// ECDSA with SHA-256 (RFC 7427 §A.3.2).
    pub const ECDSA_SHA2_256: &'static [u8] = &ecdsa(2);
    /// ECDSA with SHA-384 (RFC 7427 §A.3.3).
    pub const ECDSA_SHA2_384: &'static [u8] = &ecdsa(3);
    /// ECDSA with SHA-512 (RFC 7427 §A.3.4).
    pub const ECDSA_SHA2_512: &'static [u8] = &ecdsa(4);
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256, a salt of 32 octets (RFC 4055 §3.1). Without trailerField, whose
    /// value is the default that DER leaves out; RFC 7427 §A.4.3 prints it with one.
    pub const RSA_PSS_SHA2_256: &'static [u8] = &pss(1, 32);
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384, a salt of 48 octets (RFC 4055 §3.1).
    pub const RSA_PSS_SHA2_384: &'static [u8] = &pss(2, 48);
    /// RSASSA-PSS with SHA-512, MGF1 with SHA-512, a salt of 64 octets (RFC 4055 §3.1).
    pub const RSA_PSS_SHA2_512: &'static [u8] = &pss(3, 64);
    /// Ed25519 (RFC 8420 §A.1).
    pub const ED25519: &'static [u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70];
    /// Ed448 (RFC 8420 §A.2).
    pub const ED448: &'static [u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x71];

    /// A signature made by the algorithm of this AlgorithmIdentifier, DER of at most 255 octets.
    pub const fn new(algorithm: &'a [u8], signature: &'a [u8]) -> Self {
        Self { reserved: [0; 3], algorithm, signature }
    }

    /// Reads the body of an Authentication payload of method [`AuthMethod::DIGITAL_SIGNATURE`] that starts at
    /// `base_offset` of the datagram. Of the AlgorithmIdentifier it checks that it is one SEQUENCE of the length
    /// announced, and looks no deeper.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] where a part does not fit, [`ParseErrorKind::Invalid`] for another method or where
    /// the octets announced are no SEQUENCE.
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        part(body, base_offset, signature).map(|(_, signature)| signature)
    }

    /// The AlgorithmIdentifier in DER.
    pub const fn algorithm(&self) -> &'a [u8] {
        self.algorithm
    }

    /// The name of the algorithm, where it is one of those named here.
    pub fn algorithm_name(&self) -> Option<&'static str> {
        algorithm_name(self.algorithm)
    }

    /// The signature, in the format of its algorithm.
    pub const fn signature(&self) -> &'a [u8] {
        self.signature
    }
}

impl Encode for DigitalSignature<'_> {
    fn encoded_len(&self) -> usize {
        self.algorithm.len().saturating_add(self.signature.len()).saturating_add(5)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let length = self.algorithm.len();
        let field = EncodeError::FieldOverflow { field: "ASN.1 Length", length };
        if !is_sequence(self.algorithm) {
            return Err(EncodeError::Invalid("AlgorithmIdentifier"));
        }
        out.put_u8(AuthMethod::DIGITAL_SIGNATURE.0)?;
        out.put(&self.reserved)?;
        out.put_u8(u8::try_from(length).map_err(|_| field)?)?;
        out.put(self.algorithm)?;
        out.put(self.signature)
    }
}

/// The algorithm, and how long the signature is.
impl fmt::Display for DigitalSignature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.algorithm_name() {
            Some(name) => f.write_str(name)?,
            None => write!(f, "0x{}", Hex(self.algorithm))?,
        }
        write!(f, ", {} octets", self.signature.len())
    }
}

impl fmt::Debug for DigitalSignature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DigitalSignature({self})")
    }
}

/// The name of an AlgorithmIdentifier, as the ASN.1 modules give it.
pub(crate) fn algorithm_name(algorithm: &[u8]) -> Option<&'static str> {
    const NAMES: [(&[u8], &str); 16] = [
        (DigitalSignature::RSA_SHA1, "sha1WithRSAEncryption"),
        (DigitalSignature::RSA_SHA2_256, "sha256WithRSAEncryption"),
        (DigitalSignature::RSA_SHA2_384, "sha384WithRSAEncryption"),
        (DigitalSignature::RSA_SHA2_512, "sha512WithRSAEncryption"),
        (DigitalSignature::ECDSA_SHA1, "ecdsa-with-SHA1"),
        (DigitalSignature::ECDSA_SHA2_256, "ecdsa-with-SHA256"),
        (DigitalSignature::ECDSA_SHA2_384, "ecdsa-with-SHA384"),
        (DigitalSignature::ECDSA_SHA2_512, "ecdsa-with-SHA512"),
        (DigitalSignature::RSA_PSS_SHA2_256, "id-RSASSA-PSS SHA-256"),
        (DigitalSignature::RSA_PSS_SHA2_384, "id-RSASSA-PSS SHA-384"),
        (DigitalSignature::RSA_PSS_SHA2_512, "id-RSASSA-PSS SHA-512"),
        (&pss_with_trailer(1, 32), "id-RSASSA-PSS SHA-256"),
        (&pss_with_trailer(2, 48), "id-RSASSA-PSS SHA-384"),
        (&pss_with_trailer(3, 64), "id-RSASSA-PSS SHA-512"),
        (DigitalSignature::ED25519, "id-Ed25519"),
        (DigitalSignature::ED448, "id-Ed448"),
    ];
    NAMES.iter().find(|(known, _)| *known == algorithm).map(|(_, name)| *name)
}

/// The authentication data of a digital signature, `None` where it has not that form.
pub(crate) fn read_data(reserved: [u8; 3], data: &[u8]) -> Option<DigitalSignature<'_>> {
    signature_data(reserved, data).ok().map(|(_, signature)| signature)
}

fn signature(input: &[u8]) -> Parsed<'_, DigitalSignature<'_>> {
    let (data, [method, reserved @ ..]) = chunk::<4>(input)?;
    if AuthMethod(method) != AuthMethod::DIGITAL_SIGNATURE {
        return fault(ParseErrorKind::Invalid("Auth Method"), input);
    }
    signature_data(reserved, data)
}

fn signature_data(reserved: [u8; 3], data: &[u8]) -> Parsed<'_, DigitalSignature<'_>> {
    let (at_algorithm, [length]) = chunk::<1>(data)?;
    let (signature, algorithm) = octets(usize::from(length))(at_algorithm)?;
    if !is_sequence(algorithm) {
        return fault(ParseErrorKind::Invalid("AlgorithmIdentifier"), at_algorithm);
    }
    Ok((&[], DigitalSignature { reserved, algorithm, signature }))
}

/// Whether the octets are one DER SEQUENCE and nothing else. Up to 255 octets: its length takes one octet or two.
const fn is_sequence(octets: &[u8]) -> bool {
    match octets {
        [0x30, 0x81, length, content @ ..] => *length >= 0x80 && content.len() == widen(*length),
        [0x30, length, content @ ..] => *length < 0x80 && content.len() == widen(*length),
        _ => false,
    }
}

#[expect(clippy::as_conversions, reason = "`usize::from` is not const, and nothing is lost")]
const fn widen(octet: u8) -> usize {
    octet as usize
}

/// An algorithm of PKCS #1 with NULL parameters (RFC 7427 §A.1).
const fn pkcs1(arc: u8) -> [u8; 15] {
    [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, arc, 5, 0]
}

/// An algorithm of ecdsa-with-SHA2, whose parameters are absent (RFC 7427 §A.3).
const fn ecdsa(arc: u8) -> [u8; 12] {
    [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, arc]
}

/// RSASSA-PSS with one hash of SHA-2 throughout.
const fn pss(hash: u8, salt: u8) -> [u8; 67] {
    [
        0x30, 0x41, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10, 0x30, 0x34, // id-RSASSA-PSS
        0xa0, 0x0f, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, hash, 5, 0, // hashAlgorithm
        0xa1, 0x1c, 0x30, 0x1a, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8, // id-mgf1
        0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, hash, 5, 0, // its hash
        0xa2, 3, 2, 1, salt, // saltLength
    ]
}

/// The same with the default trailerField written out (RFC 7427 §A.4.3).
const fn pss_with_trailer(hash: u8, salt: u8) -> [u8; 72] {
    [
        0x30, 0x46, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10, 0x30, 0x39, // id-RSASSA-PSS
        0xa0, 0x0f, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, hash, 5, 0, // hashAlgorithm
        0xa1, 0x1c, 0x30, 0x1a, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8, // id-mgf1
        0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, hash, 5, 0, // its hash
        0xa2, 3, 2, 1, salt, 0xa3, 3, 2, 1, 1, // saltLength, trailerField
    ]
}
