use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, octets, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::text::Hex;
use crate::{ConfigurationType, EapCode, Notify, Payload, PayloadType, ProtocolId};

/// The most payloads a chain may have; one more is [`ParseErrorKind::TooMany`].
///
/// RFC 7296 sets no limit. The messages of real peers hold a few dozen at most, and without a limit one datagram of
/// 65,535 octets would hold 16,376 empty payloads.
pub const MAX_PAYLOADS: usize = 256;

/// A checked chain of payloads: those of a message, or those that an Encrypted payload held.
///
/// Every length field was checked when the chain was parsed, so that [`iter`](Self::iter) cannot fail.
///
/// ```
/// use ikev2_wire::{PayloadChain, PayloadType};
///
/// // What an Encrypted payload held: a Delete of the IKE SA.
/// let plaintext = [0, 0, 0, 8, 1, 0, 0, 0];
/// let chain = PayloadChain::parse(PayloadType::DELETE, &plaintext, 0)?;
/// assert_eq!(chain.to_string(), "D(IKE)");
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PayloadChain<'a> {
    first: PayloadType,
    bytes: &'a [u8],
    base_offset: usize,
}

impl<'a> PayloadChain<'a> {
    /// Walks what an Encrypted payload held, after decryption and without padding.
    ///
    /// `first` is [`Encrypted::first_inner`](crate::Encrypted::first_inner), and errors count their offset from
    /// `base_offset`: where the plaintext lies in the datagram, or 0.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] or [`ParseErrorKind::LengthField`] where a payload does not fit,
    /// [`ParseErrorKind::TrailingBytes`] after the last one, [`ParseErrorKind::TooMany`] past [`MAX_PAYLOADS`], and
    /// [`ParseErrorKind::Invalid`] for SK and SKF, which an Encrypted payload cannot hold (RFC 7296 §3.14).
    #[inline]
    pub fn parse(first: PayloadType, bytes: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        Self::walk(first, bytes, base_offset, Some("Encrypted payload inside an Encrypted payload"))
    }

    /// Walks the payloads of a message. `no_encrypted` says why SK and SKF are forbidden there, if they are.
    #[inline]
    pub(crate) fn walk(
        first: PayloadType,
        bytes: &'a [u8],
        base_offset: usize,
        no_encrypted: Option<&'static str>,
    ) -> Result<Self, ParseError> {
        part(bytes, base_offset, |input| links(first, input, no_encrypted))?;
        Ok(Self { first, bytes, base_offset })
    }

    /// The payloads in the order of the message.
    #[inline]
    pub const fn iter(&self) -> Payloads<'a> {
        Payloads { kind: self.first, rest: self.bytes, offset: self.base_offset }
    }

    /// The type of the first payload, [`PayloadType::NONE`] where there is none.
    #[inline]
    pub const fn first(&self) -> PayloadType {
        self.first
    }

    /// Whether there is no payload.
    pub fn is_empty(&self) -> bool {
        self.first == PayloadType::NONE
    }

    /// The first payload of this type.
    pub fn find(&self, kind: PayloadType) -> Option<RawPayload<'a>> {
        self.iter().find(|payload| payload.kind == kind)
    }

    /// All payloads of this type.
    pub fn find_all(&self, kind: PayloadType) -> impl Iterator<Item = RawPayload<'a>> + use<'a> {
        self.iter().filter(move |payload| payload.kind == kind)
    }

    /// The octets of all payloads, generic headers included.
    #[inline]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a> IntoIterator for PayloadChain<'a> {
    type Item = RawPayload<'a>;
    type IntoIter = Payloads<'a>;

    fn into_iter(self) -> Payloads<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &PayloadChain<'a> {
    type Item = RawPayload<'a>;
    type IntoIter = Payloads<'a>;

    fn into_iter(self) -> Payloads<'a> {
        self.iter()
    }
}

/// The notation of the RFCs: `SA, KE, Ni/Nr, N(COOKIE)`.
impl fmt::Display for PayloadChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for payload in self {
            write!(f, "{separator}{payload}")?;
            separator = ", ";
        }
        Ok(())
    }
}

impl fmt::Debug for PayloadChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// The payloads of a [`PayloadChain`].
#[derive(Clone)]
pub struct Payloads<'a> {
    kind: PayloadType,
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for Payloads<'a> {
    type Item = RawPayload<'a>;

    #[inline]
    fn next(&mut self) -> Option<RawPayload<'a>> {
        if self.kind == PayloadType::NONE {
            return None;
        }
        let (rest, bytes) = link(self.rest).ok()?;
        let payload = RawPayload { kind: self.kind, bytes, offset: self.offset };
        self.kind = if self.kind.is_encrypted() { PayloadType::NONE } else { payload.next_payload() };
        self.rest = rest;
        self.offset = self.offset.saturating_add(bytes.len());
        Some(payload)
    }
}

impl core::iter::FusedIterator for Payloads<'_> {}

impl fmt::Debug for Payloads<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// One payload: its generic header (RFC 7296 §3.2) and an unread body.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Next Payload  |C|  RESERVED   |         Payload Length        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Its [`Encode`] writes the body alone, as that of every payload does.
///
/// ```
/// use ikev2_wire::{PayloadChain, PayloadType, RawPayload};
///
/// // A payload of a type that nobody knows, marked critical.
/// let chain = PayloadChain::parse(PayloadType(200), &[0, 0x80, 0, 6, 0xaa, 0xbb], 32)?;
/// let raw = chain.iter().next().unwrap();
/// assert!(raw.is_critical());
/// assert_eq!((raw.body(), raw.body_offset()), (&[0xaa, 0xbb][..], 36));
/// assert_eq!(raw.to_string(), "200");
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RawPayload<'a> {
    kind: PayloadType,
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> RawPayload<'a> {
    /// Octets of the generic header.
    pub const HEADER_LEN: usize = 4;

    /// The critical bit among the [`flags`](Self::flags).
    pub const CRITICAL: u8 = 0x80;

    /// The type, as the Next Payload field before this payload names it.
    #[inline]
    pub const fn kind(&self) -> PayloadType {
        self.kind
    }

    /// The Next Payload field; in SK and SKF the type of the first payload inside.
    #[inline]
    pub fn next_payload(&self) -> PayloadType {
        PayloadType(self.bytes.first().copied().unwrap_or_default())
    }

    /// The octet of the critical bit and the reserved bits.
    #[inline]
    pub fn flags(&self) -> u8 {
        self.bytes.get(1).copied().unwrap_or_default()
    }

    /// Whether the message must be refused where the type is not understood (RFC 7296 §2.5).
    #[inline]
    pub fn is_critical(&self) -> bool {
        self.flags() & Self::CRITICAL != 0
    }

    /// What follows the generic header.
    #[inline]
    pub fn body(&self) -> &'a [u8] {
        self.bytes.get(Self::HEADER_LEN..).unwrap_or_default()
    }

    /// The whole payload, generic header included.
    #[inline]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where the generic header starts, in octets from the start of the datagram.
    #[inline]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Where the body starts, in octets from the start of the datagram.
    #[inline]
    pub const fn body_offset(&self) -> usize {
        self.offset.saturating_add(Self::HEADER_LEN)
    }

    /// Reads the body by its type and checks all of it. A type that this crate cannot read becomes
    /// [`Payload::Unknown`].
    ///
    /// # Errors
    ///
    /// What the body's own `decode` finds wrong, such as [`Sa::decode`](crate::Sa::decode).
    #[inline]
    pub fn decode(&self) -> Result<Payload<'a>, ParseError> {
        Payload::decode(self)
    }
}

impl Encode for RawPayload<'_> {
    fn encoded_len(&self) -> usize {
        self.body().len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(self.body())
    }
}

/// The notation of the RFCs, with what tells payloads of one type apart: `N(COOKIE)`, `D(ESP)`, `CP(CFG_REQUEST)`,
/// `EAP(Response)`.
impl fmt::Display for RawPayload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind.notation() {
            Some(notation) => f.write_str(notation)?,
            None => return write!(f, "{}", self.kind),
        }
        match (self.kind, self.body()) {
            (PayloadType::NOTIFY, body) => match Notify::decode(body, 0) {
                Ok(notify) => write!(f, "({})", notify.kind()),
                Err(_) => Ok(()),
            },
            (PayloadType::DELETE, [protocol, ..]) => write!(f, "({})", ProtocolId(*protocol)),
            (PayloadType::CP, [kind, ..]) => write!(f, "({})", ConfigurationType(*kind)),
            (PayloadType::EAP, [code, ..]) => write!(f, "({})", EapCode(*code)),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for RawPayload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawPayload")
            .field("kind", &self.kind)
            .field("flags", &self.flags())
            .field("offset", &self.offset)
            .field("body", &Hex(self.body()))
            .finish()
    }
}

/// Walks a chain to its end, which must be the end of the input.
#[inline]
fn links<'a>(first: PayloadType, input: &'a [u8], no_encrypted: Option<&'static str>) -> Parsed<'a, ()> {
    let mut kind = first;
    let mut rest = input;
    let mut room = MAX_PAYLOADS;
    while kind != PayloadType::NONE {
        room = match room.checked_sub(1) {
            Some(room) => room,
            None => return fault(ParseErrorKind::TooMany { limit: MAX_PAYLOADS }, rest),
        };
        let (after, bytes) = link(rest)?;
        if kind.is_encrypted() {
            if let Some(why) = no_encrypted {
                return fault(ParseErrorKind::Invalid(why), rest);
            }
            // RFC 7296 §3.14: "The Encrypted payload, if present in a message, MUST be the last payload in the
            // message." Its Next Payload field speaks of what is inside.
            kind = PayloadType::NONE;
        } else {
            kind = PayloadType(bytes.first().copied().unwrap_or_default());
        }
        rest = after;
    }
    match rest {
        [] => Ok((rest, ())),
        rest => fault(ParseErrorKind::TrailingBytes { extra: rest.len() }, rest),
    }
}

/// Takes one payload, generic header included.
#[inline(always)]
fn link(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (_, [_, _, high, low]) = chunk::<{ RawPayload::HEADER_LEN }>(input)?;
    let declared = usize::from(u16::from_be_bytes([high, low]));
    if declared < RawPayload::HEADER_LEN || declared > input.len() {
        let (at_length, _) = chunk::<2>(input)?;
        let kind = ParseErrorKind::LengthField { declared, min: RawPayload::HEADER_LEN, max: input.len() };
        return fault(kind, at_length);
    }
    octets(declared)(input)
}
