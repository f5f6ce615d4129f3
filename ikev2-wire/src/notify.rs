use core::fmt;

use ipsec_types::parse::{Parsed, chunk, octets, part};
use ipsec_types::{Encode, EncodeError, ParseError, Writer};

use crate::text::Hex;
use crate::{NotifyType, ProtocolId};

/// The Notify payload (RFC 7296 §3.10).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Protocol ID  |   SPI Size    |      Notify Message Type      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                Security Parameter Index (SPI)                 ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                       Notification Data                       ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::{Notify, NotifyType, ProtocolId};
///
/// let cookie = Notify::new(NotifyType::COOKIE).with_data(&[1, 2, 3]);
/// let rekey = Notify::new(NotifyType::REKEY_SA).with_spi(ProtocolId::ESP, &[0xc0, 0xff, 0xee, 0x01]);
/// assert_eq!(rekey.spi().len(), 4);
/// assert_eq!(cookie.protocol(), ProtocolId::NONE);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Notify<'a> {
    protocol: ProtocolId,
    kind: NotifyType,
    spi: &'a [u8],
    data: &'a [u8],
}

impl<'a> Notify<'a> {
    /// A notification without SPI and data.
    #[inline]
    pub const fn new(kind: NotifyType) -> Self {
        Self { protocol: ProtocolId::NONE, kind, spi: &[], data: &[] }
    }

    /// With this notification data.
    pub const fn with_data(self, data: &'a [u8]) -> Self {
        Self { data, ..self }
    }

    /// About the SA of this protocol and SPI; more than 255 octets of SPI cannot be encoded.
    pub const fn with_spi(self, protocol: ProtocolId, spi: &'a [u8]) -> Self {
        Self { protocol, spi, ..self }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`Truncated`](ipsec_types::ParseErrorKind::Truncated) where the fixed part or the SPI does not fit.
    #[inline]
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        part(body, base_offset, notify).map(|(_, notify)| notify)
    }

    /// What is notified.
    #[inline]
    pub const fn kind(&self) -> NotifyType {
        self.kind
    }

    /// The protocol of the SA that the notification is about; without SPI its value means nothing.
    #[inline]
    pub const fn protocol(&self) -> ProtocolId {
        self.protocol
    }

    /// The SPI of the SA that the notification is about, or no octets.
    #[inline]
    pub const fn spi(&self) -> &'a [u8] {
        self.spi
    }

    /// The notification data; its form depends on [`kind`](Self::kind).
    #[inline]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }
}

impl Encode for Notify<'_> {
    fn encoded_len(&self) -> usize {
        self.spi.len().saturating_add(self.data.len()).saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let length = self.spi.len();
        let spi_size =
            u8::try_from(length).map_err(|_| EncodeError::FieldOverflow { field: "SPI Size", length })?;
        out.put(&[self.protocol.0, spi_size])?;
        out.put_u16(self.kind.0)?;
        out.put(self.spi)?;
        out.put(self.data)
    }
}

impl fmt::Debug for Notify<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify")
            .field("kind", &self.kind)
            .field("protocol", &self.protocol)
            .field("spi", &Hex(self.spi))
            .field("data", &Hex(self.data))
            .finish()
    }
}

fn notify(input: &[u8]) -> Parsed<'_, Notify<'_>> {
    let (rest, [protocol, spi_size, high, low]) = chunk::<4>(input)?;
    let (data, spi) = octets(usize::from(spi_size))(rest)?;
    let kind = NotifyType(u16::from_be_bytes([high, low]));
    Ok((&[], Notify { protocol: ProtocolId(protocol), kind, spi, data }))
}
