use core::fmt;

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, Writer};

use crate::text::Hex;
use crate::{AuthMethod, digital_signature};

/// The Authentication payload (RFC 7296 §3.8).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Auth Method   |                RESERVED                       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                      Authentication Data                      ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// What the data holds depends on the method; for [`AuthMethod::DIGITAL_SIGNATURE`] it is read and built by
/// [`DigitalSignature`](crate::DigitalSignature).
///
/// ```
/// use ikev2_wire::{AuthMethod, Authentication};
///
/// let auth = Authentication::decode(&[2, 0, 0, 0, 0xaa, 0xbb], 0)?;
/// assert_eq!(auth, Authentication::new(AuthMethod::SHARED_KEY, &[0xaa, 0xbb]));
/// assert_eq!(auth.to_string(), "Shared Key Message Integrity Code, 2 octets");
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Authentication<'a> {
    method: AuthMethod,
    reserved: [u8; 3],
    data: &'a [u8],
}

impl<'a> Authentication<'a> {
    /// A signature or message integrity code made by `method`.
    #[inline]
    pub const fn new(method: AuthMethod, data: &'a [u8]) -> Self {
        Self { method, reserved: [0; 3], data }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`Truncated`](ipsec_types::ParseErrorKind::Truncated) below four octets.
    #[inline]
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (data, [method, reserved @ ..]) = part(body, base_offset, chunk::<4>)?;
        Ok(Self { method: AuthMethod(method), reserved, data })
    }

    /// How the data was computed.
    #[inline]
    pub const fn method(&self) -> AuthMethod {
        self.method
    }

    /// The signature or message integrity code.
    #[inline]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }
}

impl Encode for Authentication<'_> {
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put_u8(self.method.0)?;
        out.put(&self.reserved)?;
        out.put(self.data)
    }
}

/// The method and, of a digital signature, the algorithm; the data by its length.
impl fmt::Display for Authentication<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, ", self.method)?;
        if self.method == AuthMethod::DIGITAL_SIGNATURE
            && let Some(signature) = digital_signature::read_data(self.reserved, self.data)
        {
            return write!(f, "{signature}");
        }
        write!(f, "{} octets", self.data.len())
    }
}

impl fmt::Debug for Authentication<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication").field("method", &self.method).field("data", &Hex(self.data)).finish()
    }
}
