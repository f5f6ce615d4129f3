use core::fmt;
use core::net::Ipv4Addr;

use ipsec_types::parse::{Parsed, chunk, octets, part};
use ipsec_types::{Encode, EncodeError, ParseError, Writer};

use crate::text::Hex;
use crate::{Attributes, Doi, IpsecAttributes, NotifyType, ProtocolId};

/// The Notification payload (RFC 2408 §3.14, RFC 2407 §4.6.3).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |              Domain of Interpretation  (DOI)                  |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Protocol-ID  |   SPI Size    |      Notify Message Type      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                Security Parameter Index (SPI)                 ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                       Notification Data                       ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev1_wire::{Encode, Notification, NotificationContent, NotifyType, ProtocolId, Writer};
///
/// // A question of dead peer detection (RFC 3706 §5.3): the SPI is both cookies.
/// let cookies = [0x11; 16];
/// let question = Notification::new(NotifyType::R_U_THERE)
///     .with_spi(ProtocolId::ISAKMP, &cookies)
///     .with_data(&[0, 0, 0x30, 0x39]);
/// let mut buf = [0; 64];
/// let mut out = Writer::new(&mut buf);
/// question.encode(&mut out)?;
///
/// let read = Notification::decode(out.written(), 0)?;
/// assert_eq!(read, question);
/// assert_eq!(read.content(), Some(NotificationContent::Sequence(12_345)));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Notification<'a> {
    doi: Doi,
    protocol: ProtocolId,
    kind: NotifyType,
    spi: &'a [u8],
    data: &'a [u8],
}

/// What the data of a notification says, for types whose data has a structure.
///
/// ```
/// use ikev1_wire::{Notification, NotificationContent, NotifyType};
///
/// let alive = Notification::new(NotifyType::R_U_THERE).with_data(&[0, 0, 0x30, 0x39]);
/// assert_eq!(alive.content(), Some(NotificationContent::Sequence(12_345)));
/// assert_eq!(alive.to_string(), "R-U-THERE: 12345");
/// assert_eq!(Notification::new(NotifyType::R_U_THERE).content(), None, "malformed");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotificationContent<'a> {
    /// The sequence number of R-U-THERE and R-U-THERE-ACK (RFC 3706 §5.3, §5.4).
    Sequence(
        /// The number.
        u32,
    ),
    /// The attributes of RESPONDER-LIFETIME, for [`IpsecAttributes::read`] or, where the notification is about the
    /// ISAKMP SA, [`IkeAttributes::read`](crate::IkeAttributes::read) (RFC 2407 §4.6.3.1).
    Lifetime(
        /// The attributes.
        Attributes<'a>,
    ),
    /// Whether the responder checks for replays, of REPLAY-STATUS (RFC 2407 §4.6.3.2).
    ReplayDetection(
        /// The answer.
        bool,
    ),
    /// The address to connect to instead, of UNITY-LOAD-BALANCE.
    Redirect(
        /// The address.
        Ipv4Addr,
    ),
    /// Any octets.
    Octets(
        /// The octets.
        &'a [u8],
    ),
}

impl<'a> Notification<'a> {
    /// A notification of the IPsec DOI without an SPI and without data.
    pub const fn new(kind: NotifyType) -> Self {
        Self { doi: Doi::IPSEC, protocol: ProtocolId::ISAKMP, kind, spi: &[], data: &[] }
    }

    /// About the SA with this SPI: both cookies, or four octets of AH and ESP. More than 255 cannot be encoded.
    pub const fn with_spi(self, protocol: ProtocolId, spi: &'a [u8]) -> Self {
        Self { protocol, spi, ..self }
    }

    /// With this data.
    pub const fn with_data(self, data: &'a [u8]) -> Self {
        Self { data, ..self }
    }

    /// Of this DOI.
    pub const fn with_doi(self, doi: Doi) -> Self {
        Self { doi, ..self }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`Truncated`](ipsec_types::ParseErrorKind::Truncated) where there are fewer than eight octets or the SPI does not
    /// fit.
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        part(body, base_offset, notification).map(|(_, notification)| notification)
    }

    /// The domain of interpretation.
    pub const fn doi(&self) -> Doi {
        self.doi
    }

    /// The protocol of the SA that it is about.
    pub const fn protocol(&self) -> ProtocolId {
        self.protocol
    }

    /// The type.
    pub const fn kind(&self) -> NotifyType {
        self.kind
    }

    /// The SPI of the SA that it is about.
    pub const fn spi(&self) -> &'a [u8] {
        self.spi
    }

    /// The data as it is.
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The data by the type; `None` where it has not the structure that its type has.
    pub fn content(&self) -> Option<NotificationContent<'a>> {
        match self.kind {
            NotifyType::R_U_THERE | NotifyType::R_U_THERE_ACK => {
                let number = <[u8; 4]>::try_from(self.data).ok()?;
                Some(NotificationContent::Sequence(u32::from_be_bytes(number)))
            }
            NotifyType::RESPONDER_LIFETIME => {
                Attributes::decode(self.data, 0).ok().map(NotificationContent::Lifetime)
            }
            NotifyType::REPLAY_STATUS => match u32::from_be_bytes(<[u8; 4]>::try_from(self.data).ok()?) {
                0 => Some(NotificationContent::ReplayDetection(false)),
                1 => Some(NotificationContent::ReplayDetection(true)),
                _ => None,
            },
            NotifyType::UNITY_LOAD_BALANCE => {
                let address = <[u8; 4]>::try_from(self.data).ok()?;
                Some(NotificationContent::Redirect(Ipv4Addr::from(address)))
            }
            _ => Some(NotificationContent::Octets(self.data)),
        }
    }
}

impl Encode for Notification<'_> {
    fn encoded_len(&self) -> usize {
        self.spi.len().saturating_add(self.data.len()).saturating_add(8)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let length = self.spi.len();
        let spi_size =
            u8::try_from(length).map_err(|_| EncodeError::FieldOverflow { field: "SPI Size", length })?;
        out.put_u32(self.doi.0)?;
        out.put(&[self.protocol.0, spi_size])?;
        out.put_u16(self.kind.0)?;
        out.put(self.spi)?;
        out.put(self.data)
    }
}

/// The type, the SA that it is about where an SPI names one, and what the data says.
impl fmt::Display for Notification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if !self.spi.is_empty() {
            write!(f, " {} {}", self.protocol, Hex(self.spi))?;
        }
        match self.content() {
            Some(NotificationContent::Octets([])) => Ok(()),
            Some(content) => write!(f, ": {content}"),
            None => write!(f, ": 0x{} (malformed)", Hex(self.data)),
        }
    }
}

impl fmt::Debug for Notification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification")
            .field("doi", &self.doi)
            .field("kind", &self.kind)
            .field("protocol", &self.protocol)
            .field("spi", &Hex(self.spi))
            .field("data", &Hex(self.data))
            .finish()
    }
}

/// What the data says, octets as hexadecimal digits.
impl fmt::Display for NotificationContent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sequence(number) => write!(f, "{number}"),
            Self::Lifetime(attributes) => match IpsecAttributes::read(*attributes) {
                Ok(read) => write!(f, "{}", read.lifetimes),
                Err(_) => write!(f, "{attributes:?}"),
            },
            Self::ReplayDetection(on) => f.write_str(if *on { "on" } else { "off" }),
            Self::Redirect(address) => write!(f, "{address}"),
            Self::Octets(octets) => write!(f, "0x{}", Hex(octets)),
        }
    }
}

impl fmt::Debug for NotificationContent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NotificationContent({self})")
    }
}

fn notification(input: &[u8]) -> Parsed<'_, Notification<'_>> {
    let (rest, doi) = chunk::<4>(input)?;
    let (rest, [protocol, spi_size, high, low]) = chunk::<4>(rest)?;
    let (data, spi) = octets(usize::from(spi_size))(rest)?;
    let (doi, kind) = (Doi(u32::from_be_bytes(doi)), NotifyType(u16::from_be_bytes([high, low])));
    Ok((&[], Notification { doi, protocol: ProtocolId(protocol), kind, spi, data }))
}
