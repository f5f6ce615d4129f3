use core::fmt;

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, Writer};

use crate::KeyExchangeMethod;
use crate::text::Hex;

/// The Key Exchange payload (RFC 7296 §3.4).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   Diffie-Hellman Group Num    |           RESERVED            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                       Key Exchange Data                       ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// The length that a method demands of its data is not checked here.
///
/// ```
/// use ikev2_wire::{KeyExchange, KeyExchangeMethod};
///
/// let body = [&[0, 31, 0, 0], &[9; 32][..]].concat();
/// let ke = KeyExchange::decode(&body, 0)?;
/// assert_eq!(ke, KeyExchange::new(KeyExchangeMethod::CURVE25519, &[9; 32]));
/// assert_eq!(ke.to_string(), "Curve25519, 32 octets");
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyExchange<'a> {
    method: KeyExchangeMethod,
    reserved: [u8; 2],
    data: &'a [u8],
}

impl<'a> KeyExchange<'a> {
    /// A public value of `method`.
    #[inline]
    pub const fn new(method: KeyExchangeMethod, data: &'a [u8]) -> Self {
        Self { method, reserved: [0; 2], data }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`Truncated`](ipsec_types::ParseErrorKind::Truncated) below four octets.
    #[inline]
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (data, [high, low, reserved @ ..]) = part(body, base_offset, chunk::<4>)?;
        Ok(Self { method: KeyExchangeMethod(u16::from_be_bytes([high, low])), reserved, data })
    }

    /// The method, or group, of the data.
    #[inline]
    pub const fn method(&self) -> KeyExchangeMethod {
        self.method
    }

    /// The public value or ciphertext, in the encoding of the method.
    #[inline]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }
}

impl Encode for KeyExchange<'_> {
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put_u16(self.method.0)?;
        out.put(&self.reserved)?;
        out.put(self.data)
    }
}

/// The method, and how many octets there are.
impl fmt::Display for KeyExchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} octets", self.method, self.data.len())
    }
}

impl fmt::Debug for KeyExchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyExchange").field("method", &self.method).field("data", &Hex(self.data)).finish()
    }
}
