use core::fmt;

use ipsec_types::{ParseError, ParseErrorKind};

use crate::{Header, IkeSpi, PayloadChain};

/// A view of one ISAKMP message, checked down to the last payload but not inside their bodies.
///
/// The payloads of an encrypted message are out of sight: it has [`ciphertext`](Self::ciphertext), and what that
/// decrypts to is read by [`PayloadChain::parse_padded`].
///
/// ```
/// use ikev1_wire::{ExchangeType, Message, Payload, PayloadType};
///
/// // An unprotected notification: NO-PROPOSAL-CHOSEN.
/// let mut datagram = [
///     1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 11, 0x10, 5, 0, 1, 2, 3, 4, 0, 0, 0, 40,
///     0, 0, 0, 12, 0, 0, 0, 1, 1, 0, 0, 14,
/// ];
/// let message = Message::parse(&datagram)?;
/// assert_eq!(message.header().exchange, ExchangeType::INFORMATIONAL);
/// assert_eq!(message.payloads().to_string(), "N(NO-PROPOSAL-CHOSEN)");
///
/// // An error says where: here, in the RESERVED field of the first payload.
/// datagram[29] = 1;
/// assert_eq!(Message::parse(&datagram).unwrap_err().offset(), 29);
/// # Ok::<(), ikev1_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    header: Header,
    bytes: &'a [u8],
    payloads: PayloadChain<'a>,
}

impl<'a> Message<'a> {
    /// Reads a datagram, without the non-ESP marker of port 4500, and walks its payloads once.
    ///
    /// Types, the minor version and flags without meaning are taken as they come.
    ///
    /// # Errors
    ///
    /// - Those of [`Header::parse`]: too short, another major version, a length that is not the datagram's;
    /// - [`ParseErrorKind::LengthField`] where a payload's length lies outside what is left;
    /// - [`ParseErrorKind::Invalid`] for a RESERVED field that is not zero (RFC 2408 §5.3), for encryption in a message
    ///   without a responder cookie, when there are no keys yet, and for an encrypted body that is empty or no multiple
    ///   of eight octets, which no cipher of IKE leaves;
    /// - [`ParseErrorKind::TrailingBytes`] after the last payload;
    /// - [`ParseErrorKind::TooMany`] past [`MAX_PAYLOADS`](crate::MAX_PAYLOADS).
    pub fn parse(datagram: &'a [u8]) -> Result<Self, ParseError> {
        let header = Header::parse(datagram)?;
        let body = datagram.get(Header::LEN..).unwrap_or_default();
        let payloads = if header.flags.is_encrypted() {
            check_encrypted(&header, body)?;
            PayloadChain::EMPTY
        } else {
            PayloadChain::parse(header.next_payload, body, Header::LEN)?
        };
        Ok(Self { header, bytes: datagram, payloads })
    }

    /// The header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The payloads; none that can be seen in an encrypted message.
    pub const fn payloads(&self) -> PayloadChain<'a> {
        self.payloads
    }

    /// The encrypted part: all that follows the header, "Encryption begins immediately following the ISAKMP Header"
    /// (RFC 2408 §3.1). `None` in a message in the clear.
    pub fn ciphertext(&self) -> Option<&'a [u8]> {
        if self.header.flags.is_encrypted() { self.bytes.get(Header::LEN..) } else { None }
    }

    /// The datagram.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// One line: exchange, message id, cookies and the notation of the payloads.
impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.header)?;
        match self.ciphertext() {
            Some(octets) => write!(f, "{} encrypted octets", octets.len()),
            None => write!(f, "{}", self.payloads),
        }
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Message");
        out.field("header", &self.header);
        match self.ciphertext() {
            Some(octets) => out.field("encrypted octets", &octets.len()),
            None => out.field("payloads", &self.payloads),
        };
        out.finish_non_exhaustive()
    }
}

fn check_encrypted(header: &Header, body: &[u8]) -> Result<(), ParseError> {
    if header.cookie_r == IkeSpi::ZERO {
        return Err(ParseError::new(
            ParseErrorKind::Invalid("Encryption flag in the first message"),
            FLAGS_OFFSET,
        ));
    }
    if body.is_empty() || !body.len().is_multiple_of(SMALLEST_BLOCK) {
        return Err(ParseError::new(ParseErrorKind::Invalid("length of the encrypted part"), Header::LEN));
    }
    Ok(())
}

/// Where the flags of the header lie.
const FLAGS_OFFSET: usize = 19;

/// Octets of a block of DES and 3DES; that of AES has two of them.
const SMALLEST_BLOCK: usize = 8;
