use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, part};
use ipsec_types::{Encode, EncodeError, IkeSpi, ParseError, ParseErrorKind, Writer};
use nom::Parser as _;

use crate::{ExchangeType, PayloadType};

/// The IKE header (RFC 7296 §3.1): the first 28 octets of every message, of IKEv1 as well.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                       IKE SA Initiator's SPI                  |
/// |                                                               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                       IKE SA Responder's SPI                  |
/// |                                                               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Next Payload | MjVer | MnVer | Exchange Type |     Flags     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                          Message ID                           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                            Length                             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::{ExchangeType, Flags, Header, IkeSpi};
///
/// let header = Header::new(IkeSpi([7; 8]), IkeSpi::ZERO, ExchangeType::IKE_SA_INIT, Flags::INITIATOR, 0);
/// assert_eq!((header.major(), header.minor()), (2, 0));
/// assert!(header.flags.is_initiator() && !header.flags.is_response());
/// assert_eq!(header.to_string(), "IKE_SA_INIT request 0 (0707070707070707/0000000000000000)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Header {
    /// The SPI that the initiator of the IKE SA chose.
    pub spi_i: IkeSpi,
    /// The SPI that the responder of the IKE SA chose; zero in the first message of IKE_SA_INIT.
    pub spi_r: IkeSpi,
    /// The type of the first payload. [`MessageBuilder`](crate::MessageBuilder) fills it in.
    pub next_payload: PayloadType,
    /// Major version in the high four bits, minor version in the low four.
    pub version: u8,
    /// The type of the exchange.
    pub exchange: ExchangeType,
    /// The flags, those without meaning included.
    pub flags: Flags,
    /// Ties responses to requests and detects retransmissions (RFC 7296 §2.2).
    pub message_id: u32,
    /// Octets of the whole message, header included. [`MessageBuilder`](crate::MessageBuilder) fills it in.
    pub length: u32,
}

impl Header {
    /// Octets of the header.
    pub const LEN: usize = 28;

    /// The version field of IKEv2: major version 2, minor version 0.
    pub const VERSION_2_0: u8 = 0x20;

    /// The header of an IKEv2 message to be built: version 2.0, no payload and no length yet.
    pub const fn new(
        spi_i: IkeSpi,
        spi_r: IkeSpi,
        exchange: ExchangeType,
        flags: Flags,
        message_id: u32,
    ) -> Self {
        let next_payload = PayloadType::NONE;
        Self {
            spi_i,
            spi_r,
            next_payload,
            version: Self::VERSION_2_0,
            exchange,
            flags,
            message_id,
            length: 0,
        }
    }

    /// Reads the first 28 octets of a datagram and checks nothing else, so that versions can be told apart.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] where there are fewer than 28 octets.
    pub fn parse(datagram: &[u8]) -> Result<Self, ParseError> {
        part(datagram, 0, header).map(|(_, header)| header)
    }

    /// The major version: 2 for IKEv2, 1 for IKEv1.
    pub const fn major(&self) -> u8 {
        self.version >> 4
    }

    /// The minor version, ignored on receipt (RFC 7296 §2.5).
    pub const fn minor(&self) -> u8 {
        self.version & 0x0f
    }
}

impl Encode for Header {
    fn encoded_len(&self) -> usize {
        Self::LEN
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(&self.spi_i.0)?;
        out.put(&self.spi_r.0)?;
        out.put(&[self.next_payload.0, self.version, self.exchange.0, self.flags.0])?;
        out.put_u32(self.message_id)?;
        out.put_u32(self.length)
    }
}

/// Exchange, direction, message ID and SPIs.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spi_i, spi_r, exchange, flags, message_id, .. } = self;
        let direction = if flags.is_response() { "response" } else { "request" };
        write!(f, "{exchange} {direction} {message_id} ({spi_i}/{spi_r})")
    }
}

/// The flags of the IKE header (RFC 7296 §3.1).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Flags(pub u8);

impl Flags {
    /// Sent by the original initiator of the IKE SA.
    pub const INITIATOR: Self = Self(0x08);
    /// The sender speaks a higher major version too.
    pub const VERSION: Self = Self(0x10);
    /// A response to the message of the same message ID.
    pub const RESPONSE: Self = Self(0x20);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the message is a response.
    pub const fn is_response(self) -> bool {
        self.contains(Self::RESPONSE)
    }

    /// Whether the original initiator of the IKE SA sent the message.
    pub const fn is_initiator(self) -> bool {
        self.contains(Self::INITIATOR)
    }
}

impl core::ops::BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named =
            [(Self::RESPONSE, "RESPONSE"), (Self::VERSION, "VERSION"), (Self::INITIATOR, "INITIATOR")];
        let mut rest = self.0;
        f.write_str("Flags(")?;
        let mut separator = "";
        for (flag, name) in named.into_iter().filter(|(flag, _)| self.contains(*flag)) {
            write!(f, "{separator}{name}")?;
            separator = " | ";
            rest &= !flag.0;
        }
        if rest != 0 || self.0 == 0 {
            write!(f, "{separator}{rest:#04x}")?;
        }
        f.write_str(")")
    }
}

/// Reads the header; a fault lies at its first octet.
#[inline]
pub(crate) fn header(input: &[u8]) -> Parsed<'_, Header> {
    if input.len() < Header::LEN {
        return fault(ParseErrorKind::Truncated { needed: Header::LEN, available: input.len() }, input);
    }
    let (rest, (spi_i, spi_r, [next_payload, version, exchange, flags], message_id, length)) =
        (chunk::<8>, chunk::<8>, chunk::<4>, chunk::<4>, chunk::<4>).parse(input)?;
    let header = Header {
        spi_i: IkeSpi(spi_i),
        spi_r: IkeSpi(spi_r),
        next_payload: PayloadType(next_payload),
        version,
        exchange: ExchangeType(exchange),
        flags: Flags(flags),
        message_id: u32::from_be_bytes(message_id),
        length: u32::from_be_bytes(length),
    };
    Ok((rest, header))
}
