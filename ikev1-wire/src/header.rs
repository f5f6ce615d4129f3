use core::fmt;

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, IkeSpi, ParseError, ParseErrorKind, Writer};

use crate::{ExchangeType, PayloadType};

/// The ISAKMP header (RFC 2408 §3.1): the first 28 octets of every message.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                          Initiator                            |
/// |                            Cookie                             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                          Responder                            |
/// |                            Cookie                             |
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
/// use ikev1_wire::{ExchangeType, Header, PayloadType};
///
/// let mut datagram = [0; 28];
/// datagram[..8].copy_from_slice(&[0xc0; 8]);
/// datagram[16..20].copy_from_slice(&[8, 0x10, 5, 1]);
/// datagram[27] = 28;
/// let header = Header::parse(&datagram)?;
/// assert_eq!(header.next_payload, PayloadType::HASH);
/// assert_eq!(header.exchange, ExchangeType::INFORMATIONAL);
/// assert!(header.flags.is_encrypted());
/// # Ok::<(), ikev1_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Header {
    /// The initiator cookie.
    pub cookie_i: IkeSpi,
    /// The responder cookie; zero in the first message.
    pub cookie_r: IkeSpi,
    /// The type of the first payload, inside encryption where the message is encrypted.
    /// [`MessageBuilder`](crate::MessageBuilder) fills it in.
    pub next_payload: PayloadType,
    /// Major version in the high four bits, minor version in the low four.
    pub version: u8,
    /// The type of the exchange.
    pub exchange: ExchangeType,
    /// The flags, those without meaning included.
    pub flags: Flags,
    /// Zero in phase 1, chosen by the initiator of each exchange in phase 2.
    pub message_id: u32,
    /// Octets of the whole message, header included. [`MessageBuilder`](crate::MessageBuilder) fills it in.
    pub length: u32,
}

impl Header {
    /// Octets of the header.
    pub const LEN: usize = 28;

    /// The version field of IKEv1: major version 1, minor version 0.
    pub const VERSION_1_0: u8 = 0x10;

    /// The header of a message to be built: version 1.0, no payload and no length yet.
    pub const fn new(
        cookie_i: IkeSpi,
        cookie_r: IkeSpi,
        exchange: ExchangeType,
        flags: Flags,
        message_id: u32,
    ) -> Self {
        let (next_payload, version) = (PayloadType::NONE, Self::VERSION_1_0);
        Self { cookie_i, cookie_r, next_payload, version, exchange, flags, message_id, length: 0 }
    }

    /// Reads the header of a datagram, without the non-ESP marker of port 4500, and checks version and length.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] for fewer than 28 octets, [`ParseErrorKind::Invalid`] for a major version other
    /// than 1, [`ParseErrorKind::LengthField`] where the length is not that of the datagram (RFC 2408 §5.1).
    pub fn parse(datagram: &[u8]) -> Result<Self, ParseError> {
        let (_, octets) = part(datagram, 0, chunk::<{ Self::LEN }>)?;
        let header = Self::read(&octets)?;
        if header.major() != 1 {
            return Err(ParseError::new(ParseErrorKind::Invalid("major version"), VERSION_OFFSET));
        }
        let available = datagram.len();
        if u32::try_from(available) != Ok(header.length) {
            let declared = usize::try_from(header.length).unwrap_or(usize::MAX);
            let kind = ParseErrorKind::LengthField { declared, min: available, max: available };
            return Err(ParseError::new(kind, LENGTH_OFFSET));
        }
        Ok(header)
    }

    /// The major version: 1.
    pub const fn major(&self) -> u8 {
        self.version >> 4
    }

    /// The minor version.
    pub const fn minor(&self) -> u8 {
        self.version & 0x0f
    }

    fn read(octets: &[u8]) -> Result<Self, ParseError> {
        let (rest, cookie_i) = part(octets, 0, chunk::<8>)?;
        let (rest, cookie_r) = part(rest, 8, chunk::<8>)?;
        let (rest, [next_payload, version, exchange, flags]) = part(rest, 16, chunk::<4>)?;
        let (rest, message_id) = part(rest, 20, chunk::<4>)?;
        let (_, length) = part(rest, LENGTH_OFFSET, chunk::<4>)?;
        Ok(Self {
            cookie_i: IkeSpi(cookie_i),
            cookie_r: IkeSpi(cookie_r),
            next_payload: PayloadType(next_payload),
            version,
            exchange: ExchangeType(exchange),
            flags: Flags(flags),
            message_id: u32::from_be_bytes(message_id),
            length: u32::from_be_bytes(length),
        })
    }
}

impl Encode for Header {
    fn encoded_len(&self) -> usize {
        Self::LEN
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(&self.cookie_i.0)?;
        out.put(&self.cookie_r.0)?;
        out.put(&[self.next_payload.0, self.version, self.exchange.0, self.flags.0])?;
        out.put_u32(self.message_id)?;
        out.put_u32(self.length)
    }
}

/// Exchange, message ID and cookies.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cookie_i, cookie_r, exchange, message_id, .. } = self;
        write!(f, "{exchange} {message_id:08x} ({cookie_i}/{cookie_r})")
    }
}

/// The flags of the ISAKMP header (RFC 2408 §3.1).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Flags(pub u8);

impl Flags {
    /// All payloads after the header are encrypted.
    pub const ENCRYPTION: Self = Self(0x01);
    /// The exchange is not over before the other end says so.
    pub const COMMIT: Self = Self(0x02);
    /// Authenticated, not encrypted.
    pub const AUTHENTICATION_ONLY: Self = Self(0x04);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether a bit is set that RFC 2408 gives no meaning: such a message is discarded (RFC 2408 §5.2).
    pub const fn has_unknown(self) -> bool {
        self.0 & !(Self::ENCRYPTION.0 | Self::COMMIT.0 | Self::AUTHENTICATION_ONLY.0) != 0
    }

    /// Whether the payloads are encrypted.
    pub const fn is_encrypted(self) -> bool {
        self.contains(Self::ENCRYPTION)
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
        write!(f, "Flags({:#04x}", self.0)?;
        let named = [
            (Self::ENCRYPTION, " encryption"),
            (Self::COMMIT, " commit"),
            (Self::AUTHENTICATION_ONLY, " authentication-only"),
        ];
        for (_, name) in named.into_iter().filter(|(flag, _)| self.contains(*flag)) {
            f.write_str(name)?;
        }
        f.write_str(")")
    }
}

/// Where the version field lies.
const VERSION_OFFSET: usize = 17;

/// Where the length field lies.
const LENGTH_OFFSET: usize = 24;
