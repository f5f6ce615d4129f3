use core::fmt;

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::text::Hex;
use crate::{EapCode, EapMethod};

/// The EAP payload (RFC 7296 §3.16): one EAP packet (RFC 3748 §4).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |     Code      |  Identifier   |            Length             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |     Type      |  Type-Data ...
/// +-+-+-+-+-+-+-+-+-+-
/// ```
///
/// [`NewEap`] builds one:
///
/// ```
/// use ikev2_wire::{Eap, EapCode, EapMethod, Encode, NewEap, Writer};
///
/// let mut buf = [0; 32];
/// let mut out = Writer::new(&mut buf);
/// NewEap::response(7, EapMethod::Identity(b"alice")).encode(&mut out)?;
///
/// let eap = Eap::decode(out.written(), 0).unwrap();
/// assert_eq!((eap.code(), eap.identifier()), (EapCode::RESPONSE, 7));
/// assert_eq!(eap.method(), Some(EapMethod::Identity(b"alice")));
/// assert_eq!(eap.to_string(), r#"Response 7 Identity "alice""#);
/// # Ok::<(), ikev2_wire::EncodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Eap<'a> {
    code: EapCode,
    identifier: u8,
    data: &'a [u8],
}

impl<'a> Eap<'a> {
    /// Reads the body of a payload that starts at `base_offset` of the datagram. What the method says is not looked
    /// into: that is between the EAP peers, and shows in [`method`](Self::method).
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] below four octets, and for a request or response without a type;
    /// [`ParseErrorKind::LengthField`] where the packet's length is not that of the body (RFC 7296 §3.16).
    #[inline]
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (data, [code, identifier, high, low]) = part(body, base_offset, chunk::<HEADER_LEN>)?;
        let declared = usize::from(u16::from_be_bytes([high, low]));
        if declared != body.len() {
            let kind = ParseErrorKind::LengthField { declared, min: body.len(), max: body.len() };
            return Err(ParseError::new(kind, base_offset.saturating_add(2)));
        }
        let eap = Self { code: EapCode(code), identifier, data };
        if eap.has_method() && data.is_empty() {
            let kind = ParseErrorKind::Truncated { needed: 1, available: 0 };
            return Err(ParseError::new(kind, base_offset.saturating_add(HEADER_LEN)));
        }
        Ok(eap)
    }

    /// What the packet is.
    #[inline]
    pub const fn code(&self) -> EapCode {
        self.code
    }

    /// Ties a response to its request.
    #[inline]
    pub const fn identifier(&self) -> u8 {
        self.identifier
    }

    /// What follows the length: type and type data of a request or response, nothing in a success or failure.
    #[inline]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// What a request or response says, `None` for other packets.
    pub fn method(&self) -> Option<EapMethod<'a>> {
        if self.has_method() { EapMethod::read(self.data) } else { None }
    }

    const fn has_method(&self) -> bool {
        matches!(self.code, EapCode::REQUEST | EapCode::RESPONSE)
    }
}

impl Encode for Eap<'_> {
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(HEADER_LEN)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        put_header(out, self.code, self.identifier, self.encoded_len())?;
        out.put(self.data)
    }
}

/// Code, identifier and method.
impl fmt::Display for Eap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.identifier)?;
        match self.method() {
            Some(method) => write!(f, " {method}"),
            None if self.data.is_empty() => Ok(()),
            None => write!(f, " 0x{}", Hex(self.data)),
        }
    }
}

impl fmt::Debug for Eap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Eap({self})")
    }
}

/// An EAP payload to be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewEap<'a> {
    code: EapCode,
    identifier: u8,
    method: Option<EapMethod<'a>>,
}

impl<'a> NewEap<'a> {
    /// A request of the authenticator.
    pub const fn request(identifier: u8, method: EapMethod<'a>) -> Self {
        Self { code: EapCode::REQUEST, identifier, method: Some(method) }
    }

    /// A response of the peer, with the identifier of the request.
    pub const fn response(identifier: u8, method: EapMethod<'a>) -> Self {
        Self { code: EapCode::RESPONSE, identifier, method: Some(method) }
    }

    /// The authentication succeeded; the identifier is that of the last response.
    pub const fn success(identifier: u8) -> Self {
        Self { code: EapCode::SUCCESS, identifier, method: None }
    }

    /// The authentication failed; the identifier is that of the last response.
    pub const fn failure(identifier: u8) -> Self {
        Self { code: EapCode::FAILURE, identifier, method: None }
    }
}

impl Encode for NewEap<'_> {
    fn encoded_len(&self) -> usize {
        self.method.map_or(HEADER_LEN, |method| method.encoded_len().saturating_add(HEADER_LEN))
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        put_header(out, self.code, self.identifier, self.encoded_len())?;
        self.method.map_or(Ok(()), |method| method.encode(out))
    }
}

/// Octets of an EAP packet before its type.
const HEADER_LEN: usize = 4;

fn put_header(out: &mut Writer<'_>, code: EapCode, identifier: u8, length: usize) -> Result<(), EncodeError> {
    let field = EncodeError::FieldOverflow { field: "Length", length };
    out.put(&[code.0, identifier])?;
    out.put_u16(u16::try_from(length).map_err(|_| field)?)
}
