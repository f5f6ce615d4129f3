use core::fmt;

use ipsec_types::parse::part;
use ipsec_types::{ParseError, ParseErrorKind};

use crate::header::header;
use crate::{ExchangeType, Header, PayloadChain};

/// A view of one IKEv2 message, checked down to the last payload but not inside their bodies.
///
/// ```
/// use ikev2_wire::{ExchangeType, Message, Payload, PayloadType};
///
/// // A response of IKE_SA_INIT that asks for a cookie.
/// let mut datagram = [
///     1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 41, 0x20, 34, 0x20, 0, 0, 0, 0, 0, 0, 0, 40,
///     0, 0, 0, 12, 0, 0, 0x40, 0x06, 0xc0, 0xff, 0xee, 0x00,
/// ];
/// let message = Message::parse(&datagram)?;
/// assert_eq!(message.header().exchange, ExchangeType::IKE_SA_INIT);
/// assert_eq!(message.payloads().to_string(), "N(COOKIE)");
/// for payload in message.payloads() {
///     if let Payload::Notify(notify) = payload.decode()? {
///         assert_eq!(notify.data(), [0xc0, 0xff, 0xee, 0x00]);
///     }
/// }
///
/// // An error says where: here, in the length field of the first payload.
/// datagram[31] = 13;
/// assert_eq!(Message::parse(&datagram).unwrap_err().offset(), 30);
/// # Ok::<(), ikev2_wire::ParseError>(())
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
    /// Types, flags, the minor version and bits that the RFC reserves are taken as they come.
    ///
    /// # Errors
    ///
    /// - [`ParseErrorKind::Truncated`] for fewer than 28 octets;
    /// - [`ParseErrorKind::Invalid`] for a major version other than 2;
    /// - [`ParseErrorKind::LengthField`] where the header's length is not that of the datagram, or a payload's
    ///   length lies outside what is left;
    /// - [`ParseErrorKind::TrailingBytes`] after the last payload, which SK and SKF always are (RFC 7296 §3.14,
    ///   RFC 7383 §2.5);
    /// - [`ParseErrorKind::Invalid`] for SK or SKF in IKE_SA_INIT, where there are no keys yet;
    /// - [`ParseErrorKind::TooMany`] past [`MAX_PAYLOADS`](crate::MAX_PAYLOADS).
    #[inline]
    pub fn parse(datagram: &'a [u8]) -> Result<Self, ParseError> {
        let (rest, header) = part(datagram, 0, header)?;
        if header.major() != 2 {
            return Err(ParseError::new(ParseErrorKind::Invalid("major version"), VERSION_OFFSET));
        }
        let available = datagram.len();
        if u32::try_from(available) != Ok(header.length) {
            let declared = usize::try_from(header.length).unwrap_or(usize::MAX);
            let kind = ParseErrorKind::LengthField { declared, min: available, max: available };
            return Err(ParseError::new(kind, LENGTH_OFFSET));
        }
        let no_encrypted = (header.exchange == ExchangeType::IKE_SA_INIT)
            .then_some("Encrypted payload in the IKE_SA_INIT exchange");
        let payloads = PayloadChain::walk(header.next_payload, rest, Header::LEN, no_encrypted)?;
        Ok(Self { header, bytes: datagram, payloads })
    }

    /// The header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The payloads outside encryption; what SK holds is a chain of its own, once decrypted.
    pub const fn payloads(&self) -> PayloadChain<'a> {
        self.payloads
    }

    /// The datagram.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// One line: exchange, direction, message ID, SPIs and the notation of the payloads.
impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.header, self.payloads)
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("header", &self.header)
            .field("payloads", &self.payloads)
            .finish_non_exhaustive()
    }
}

/// Where the version field of the header lies.
const VERSION_OFFSET: usize = 17;

/// Where the length field of the header lies.
const LENGTH_OFFSET: usize = 24;
