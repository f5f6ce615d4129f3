use core::fmt;

use ipsec_types::parse::{Parsed, chunk, octets, part};
use ipsec_types::{Encode, EncodeError, ParseError, Spi, Writer};

use crate::text::Hex;
use crate::{NotifyContent, NotifyType, ProtocolId};

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
/// assert_eq!(rekey.child_spi(), ikev2_wire::Spi::new(0xc0ff_ee01).ok());
/// assert_eq!(rekey.to_string(), "REKEY_SA ESP c0ffee01");
/// assert_eq!(cookie.protocol(), ProtocolId::NONE);
/// assert_eq!(cookie.to_string(), "COOKIE: 0x010203");
/// ```
///
/// The data is octets here; [`content`](Self::content) tells what they say, and a [`NewNotify`] is built from that.
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

    /// What the notification data says.
    pub fn content(&self) -> NotifyContent<'a> {
        NotifyContent::read(self.kind, self.data)
    }

    /// The SPI of the AH or ESP SA that the notification is about, as REKEY_SA and CHILD_SA_NOT_FOUND have it
    /// (RFC 7296 §3.10); `None` for another protocol and for what cannot be an SPI.
    pub fn child_spi(&self) -> Option<Spi> {
        if !matches!(self.protocol, ProtocolId::AH | ProtocolId::ESP) {
            return None;
        }
        self.spi.try_into().ok().and_then(|octets| Spi::new(u32::from_be_bytes(octets)).ok())
    }
}

impl Encode for Notify<'_> {
    fn encoded_len(&self) -> usize {
        self.spi.len().saturating_add(self.data.len()).saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        put_header(out, self.protocol, self.spi, self.kind)?;
        out.put(self.data)
    }
}

/// The type, the SA that it is about, and what the data says.
impl fmt::Display for Notify<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if !self.spi.is_empty() {
            write!(f, " {} {}", self.protocol, Hex(self.spi))?;
        }
        if self.data.is_empty() { Ok(()) } else { write!(f, ": {}", self.content()) }
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

/// A Notify payload to be built from what it is to say.
///
/// ```
/// use ikev2_wire::{Encode, HashAlgorithm, NewNotify, Notify, NotifyContent, NumberList, Writer};
///
/// let algorithms = NumberList::new(&[HashAlgorithm::SHA2_256, HashAlgorithm::SHA2_512]);
/// let content = NotifyContent::SignatureHashAlgorithms(algorithms);
/// let mut buf = [0; 16];
/// let mut out = Writer::new(&mut buf);
/// NewNotify::new(content).encode(&mut out)?;
///
/// let notify = Notify::decode(out.written(), 0).unwrap();
/// assert_eq!(notify.content(), content);
/// assert_eq!(notify.to_string(), "SIGNATURE_HASH_ALGORITHMS: SHA2-256, SHA2-512");
/// # Ok::<(), ikev2_wire::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewNotify<'a> {
    protocol: ProtocolId,
    spi: &'a [u8],
    content: NotifyContent<'a>,
}

impl<'a> NewNotify<'a> {
    /// A notification that is not about one SA.
    pub const fn new(content: NotifyContent<'a>) -> Self {
        Self { protocol: ProtocolId::NONE, spi: &[], content }
    }

    /// About the SA of this protocol and SPI; more than 255 octets of SPI cannot be encoded.
    pub const fn with_spi(self, protocol: ProtocolId, spi: &'a [u8]) -> Self {
        Self { protocol, spi, ..self }
    }
}

impl Encode for NewNotify<'_> {
    fn encoded_len(&self) -> usize {
        self.spi.len().saturating_add(self.content.encoded_len()).saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        put_header(out, self.protocol, self.spi, self.content.kind())?;
        self.content.encode(out)
    }
}

fn put_header(
    out: &mut Writer<'_>,
    protocol: ProtocolId,
    spi: &[u8],
    kind: NotifyType,
) -> Result<(), EncodeError> {
    let length = spi.len();
    let spi_size =
        u8::try_from(length).map_err(|_| EncodeError::FieldOverflow { field: "SPI Size", length })?;
    out.put(&[protocol.0, spi_size])?;
    out.put_u16(kind.0)?;
    out.put(spi)
}

fn notify(input: &[u8]) -> Parsed<'_, Notify<'_>> {
    let (rest, [protocol, spi_size, high, low]) = chunk::<4>(input)?;
    let (data, spi) = octets(usize::from(spi_size))(rest)?;
    let kind = NotifyType(u16::from_be_bytes([high, low]));
    Ok((&[], Notify { protocol: ProtocolId(protocol), kind, spi, data }))
}
