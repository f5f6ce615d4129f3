use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, octets, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::text::Hex;
use crate::{NatTraversal, Notification, Payload, PayloadType, ProtocolId};

/// The most payloads a chain may have; one more is [`ParseErrorKind::TooMany`].
///
/// RFC 2408 sets no limit. The messages of real peers hold a few dozen at most, and without a limit one datagram of
/// 65,535 octets would hold 16,376 empty payloads.
pub const MAX_PAYLOADS: usize = 256;

/// A checked chain of payloads: those of a message, or what was encrypted in it.
///
/// Every length and every RESERVED field was checked when the chain was parsed, so that [`iter`](Self::iter) cannot
/// fail.
///
/// ```
/// use ikev1_wire::{PayloadChain, PayloadType};
///
/// // What an encrypted message held: a Delete of two octets of hash and one ESP SA, and four octets of padding.
/// let plaintext = [12, 0, 0, 6, 0xab, 0xcd, 0, 0, 0, 16, 0, 0, 0, 1, 3, 4, 0, 1, 0xc0, 1, 2, 3, 0, 0, 0, 0];
/// let (chain, padding) = PayloadChain::parse_padded(PayloadType::HASH, &plaintext, 28)?;
/// assert_eq!(chain.to_string(), "HASH, D(ESP)");
/// assert_eq!(padding, [0; 4]);
///
/// // The octets that the hash covers (RFC 2409 §5.7): all payloads behind it, without the padding.
/// assert_eq!(chain.after_hash(), Some(&plaintext[6..22]));
/// # Ok::<(), ikev1_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PayloadChain<'a> {
    first: PayloadType,
    bytes: &'a [u8],
    base_offset: usize,
}

impl<'a> PayloadChain<'a> {
    /// A chain without payloads.
    pub(crate) const EMPTY: PayloadChain<'static> =
        PayloadChain { first: PayloadType::NONE, bytes: &[], base_offset: 0 };

    /// Walks payloads that fill `bytes`; `first` is the type of the first of them.
    ///
    /// Errors count their offset from `base_offset`: where `bytes` lies in the datagram, or 0.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] or [`ParseErrorKind::LengthField`] where a payload does not fit,
    /// [`ParseErrorKind::Invalid`] for a RESERVED field that is not zero (RFC 2408 §5.3),
    /// [`ParseErrorKind::TrailingBytes`] after the last one, and [`ParseErrorKind::TooMany`] past [`MAX_PAYLOADS`].
    pub fn parse(first: PayloadType, bytes: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        match Self::parse_padded(first, bytes, base_offset)? {
            (chain, []) => Ok(chain),
            (chain, padding) => {
                let kind = ParseErrorKind::TrailingBytes { extra: padding.len() };
                Err(ParseError::new(kind, base_offset.saturating_add(chain.bytes.len())))
            }
        }
    }

    /// Walks what an encrypted message held, after decryption: payloads, and then padding of any content, which is
    /// handed back.
    ///
    /// RFC 2409 Appendix B pads with zeros to the end of a cipher block; not every implementation keeps to that, and the
    /// octets mean nothing.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), but for octets left over.
    pub fn parse_padded(
        first: PayloadType,
        bytes: &'a [u8],
        base_offset: usize,
    ) -> Result<(Self, &'a [u8]), ParseError> {
        let (padding, ()) = part(bytes, base_offset, |input| links(first, input))?;
        let bytes = bytes.get(..bytes.len().saturating_sub(padding.len())).unwrap_or_default();
        Ok((Self { first, bytes, base_offset }, padding))
    }

    /// The payloads in the order of the message.
    pub const fn iter(&self) -> Payloads<'a> {
        Payloads { kind: self.first, rest: self.bytes, offset: self.base_offset }
    }

    /// The type of the first payload, [`PayloadType::NONE`] where there is none.
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
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What a HASH that comes first covers: "the entire message that follows the hash including all payload headers,
    /// but excluding any padding added for encryption" (RFC 2409 §5.5). `None` where the first payload is another.
    ///
    /// Where these octets lie in the datagram they are as the peer sent them, so that nothing needs to be built again.
    pub fn after_hash(&self) -> Option<&'a [u8]> {
        let hash = self.iter().next().filter(|payload| payload.kind == PayloadType::HASH)?;
        self.bytes.get(hash.bytes.len()..)
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

/// The notation of the RFCs: `HASH, SA, NONCE, N(INITIAL-CONTACT)`.
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

    fn next(&mut self) -> Option<RawPayload<'a>> {
        if self.kind == PayloadType::NONE {
            return None;
        }
        let (rest, bytes) = link(self.rest).ok()?;
        let payload = RawPayload { kind: self.kind, bytes, offset: self.offset };
        self.kind = payload.next_payload();
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

/// One payload: its generic header (RFC 2408 §3.2) and an unread body.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Next Payload  |   RESERVED    |         Payload Length        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Its [`Encode`] writes the body alone, as that of every payload does.
///
/// ```
/// use ikev1_wire::{PayloadChain, PayloadType};
///
/// // A payload of a private type that nobody knows.
/// let chain = PayloadChain::parse(PayloadType(200), &[0, 0, 0, 6, 0xaa, 0xbb], 28)?;
/// let raw = chain.iter().next().unwrap();
/// assert_eq!((raw.body(), raw.body_offset()), (&[0xaa, 0xbb][..], 32));
/// // RESERVED is not zero: the message is to be discarded.
/// let error = PayloadChain::parse(PayloadType(200), &[0, 1, 0, 4], 28).unwrap_err();
/// assert_eq!(error.to_string(), "invalid RESERVED at offset 29");
/// # Ok::<(), ikev1_wire::ParseError>(())
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

    /// The type, as the Next Payload field before this payload names it.
    pub const fn kind(&self) -> PayloadType {
        self.kind
    }

    /// The Next Payload field.
    pub fn next_payload(&self) -> PayloadType {
        PayloadType(self.bytes.first().copied().unwrap_or_default())
    }

    /// What follows the generic header: what RFC 2409 writes as `<P>_b`, so that the body of the SA of the first message
    /// is SAi_b and that of the initiator's ID payload is IDii_b (RFC 2409 §3.2, §5).
    pub fn body(&self) -> &'a [u8] {
        self.bytes.get(Self::HEADER_LEN..).unwrap_or_default()
    }

    /// The whole payload, generic header included.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where the generic header starts, in octets from the start of the datagram.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Where the body starts, in octets from the start of the datagram.
    pub const fn body_offset(&self) -> usize {
        self.offset.saturating_add(Self::HEADER_LEN)
    }

    /// Reads the body by its type and checks all of it. A type that this crate cannot read becomes
    /// [`Payload::Unknown`], and so do the NAT traversal payloads of drafts, for which there is
    /// [`decode_in`](Self::decode_in).
    ///
    /// # Errors
    ///
    /// What the body's own `decode` finds wrong, such as [`Sa::decode`](crate::Sa::decode).
    pub fn decode(&self) -> Result<Payload<'a>, ParseError> {
        Payload::decode(self, self.kind)
    }

    /// The same between peers that agreed on `nat` by their vendor ids: the numbers of its drafts are those of NAT-D and
    /// NAT-OA then, and mean something else otherwise.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    pub fn decode_in(&self, nat: NatTraversal) -> Result<Payload<'a>, ParseError> {
        Payload::decode(self, nat.canonical(self.kind))
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

/// The notation of the RFCs, with the type of a notification and the protocol of a Delete: `N(INITIAL-CONTACT)`,
/// `D(ESP)`.
impl fmt::Display for RawPayload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        match (self.kind, self.body()) {
            (PayloadType::NOTIFY, body) => match Notification::decode(body, 0) {
                Ok(notification) => write!(f, "({})", notification.kind()),
                Err(_) => Ok(()),
            },
            (PayloadType::DELETE, [_, _, _, _, protocol, ..]) => write!(f, "({})", ProtocolId(*protocol)),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for RawPayload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawPayload")
            .field("kind", &self.kind)
            .field("offset", &self.offset)
            .field("body", &Hex(self.body()))
            .finish()
    }
}

/// Walks a chain to its end.
fn links(first: PayloadType, input: &[u8]) -> Parsed<'_, ()> {
    let mut kind = first;
    let mut rest = input;
    let mut room = MAX_PAYLOADS;
    while kind != PayloadType::NONE {
        room = match room.checked_sub(1) {
            Some(room) => room,
            None => return fault(ParseErrorKind::TooMany { limit: MAX_PAYLOADS }, rest),
        };
        let (after, bytes) = link(rest)?;
        kind = PayloadType(bytes.first().copied().unwrap_or_default());
        rest = after;
    }
    Ok((rest, ()))
}

/// Takes one payload, generic header included.
#[inline(always)]
fn link(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (_, [_, reserved, high, low]) = chunk::<{ RawPayload::HEADER_LEN }>(input)?;
    if reserved != 0 {
        // RFC 2408 §5.3: "Verify the RESERVED field contains the value zero."
        return fault(ParseErrorKind::Invalid("RESERVED"), chunk::<1>(input)?.0);
    }
    let declared = usize::from(u16::from_be_bytes([high, low]));
    if declared < RawPayload::HEADER_LEN || declared > input.len() {
        let (at_length, _) = chunk::<2>(input)?;
        let kind = ParseErrorKind::LengthField { declared, min: RawPayload::HEADER_LEN, max: input.len() };
        return fault(kind, at_length);
    }
    octets(declared)(input)
}
