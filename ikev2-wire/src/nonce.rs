use core::fmt;

use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::text::Hex;

/// The Nonce payload, Ni and Nr (RFC 7296 §3.9): its body is the nonce.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                            Nonce Data                         ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::Nonce;
///
/// assert_eq!(Nonce::decode(&[7; 32], 0)?, Nonce::new(&[7; 32]));
/// assert!(Nonce::decode(&[7; 15], 0).is_err());
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Nonce<'a> {
    data: &'a [u8],
}

impl<'a> Nonce<'a> {
    /// The fewest octets of a nonce.
    pub const MIN_LEN: usize = 16;

    /// The most octets of a nonce.
    pub const MAX_LEN: usize = 256;

    /// A nonce. Outside 16 to 256 octets it cannot be encoded.
    #[inline]
    pub const fn new(data: &'a [u8]) -> Self {
        Self { data }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::LengthField`] outside 16 to 256 octets.
    #[inline]
    pub const fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let nonce = Self::new(body);
        if nonce.has_lawful_length() {
            return Ok(nonce);
        }
        let kind =
            ParseErrorKind::LengthField { declared: body.len(), min: Self::MIN_LEN, max: Self::MAX_LEN };
        Err(ParseError::new(kind, base_offset))
    }

    /// The nonce.
    #[inline]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// RFC 7296 §3.9: "the size of the Nonce Data MUST be between 16 and 256 octets, inclusive".
    const fn has_lawful_length(&self) -> bool {
        self.data.len() >= Self::MIN_LEN && self.data.len() <= Self::MAX_LEN
    }
}

impl Encode for Nonce<'_> {
    fn encoded_len(&self) -> usize {
        self.data.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.has_lawful_length() { out.put(self.data) } else { Err(EncodeError::Invalid("Nonce Data")) }
    }
}

/// The octets as hexadecimal digits.
impl fmt::Display for Nonce<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Hex(self.data))
    }
}

impl fmt::Debug for Nonce<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Nonce").field(&Hex(self.data)).finish()
    }
}
