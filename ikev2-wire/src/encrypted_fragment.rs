use core::fmt;

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::text::Hex;
use crate::{Framing, Parts, PayloadType, RawPayload};

/// The Encrypted Fragment payload, SKF (RFC 7383 §2.5), still encrypted.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |        Fragment Number        |        Total Fragments        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~            as in the Encrypted payload, of a piece            ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::{Framing, Message, Payload, PayloadType};
///
/// let mut datagram = [0; 28 + 4 + 4 + 8 + 5 + 16];
/// datagram[16..20].copy_from_slice(&[53, 0x20, 35, 0x08]); // SKF, version 2.0, IKE_AUTH, from the initiator
/// datagram[27] = 65;
/// datagram[28..36].copy_from_slice(&[35, 0, 0, 37, 0, 1, 0, 3]); // the first of three fragments, IDi inside
/// let message = Message::parse(&datagram)?;
/// let payload = message.payloads().find(PayloadType::SKF).unwrap().decode()?;
/// assert_eq!(payload.to_string(), "SKF 1 of 3, 29 octets");
/// let Payload::EncryptedFragment(fragment) = payload else { panic!("not a fragment") };
/// // The associated data runs to the end of Total Fragments.
/// let parts = fragment.split(Framing { iv_len: 8, block_len: 1, icv_len: 16 })?;
/// assert_eq!((parts.aad, parts.iv), (0..36, 36..44));
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EncryptedFragment<'a> {
    first_inner: PayloadType,
    fragment_number: u16,
    total_fragments: u16,
    content: &'a [u8],
    offset: usize,
}

impl<'a> EncryptedFragment<'a> {
    /// Reads fragment number and total.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] below four octets, [`ParseErrorKind::Invalid`] for a number of 0 or above the
    /// total (RFC 7383 §2.5).
    #[inline]
    pub(crate) fn decode(raw: &RawPayload<'a>) -> Result<Self, ParseError> {
        let (content, [number_high, number_low, total_high, total_low]) =
            part(raw.body(), raw.body_offset(), chunk::<4>)?;
        let fragment_number = u16::from_be_bytes([number_high, number_low]);
        let total_fragments = u16::from_be_bytes([total_high, total_low]);
        if !are_lawful(fragment_number, total_fragments) {
            return Err(ParseError::new(ParseErrorKind::Invalid("Fragment Number"), raw.body_offset()));
        }
        let offset = raw.body_offset().saturating_add(4);
        Ok(Self { first_inner: raw.next_payload(), fragment_number, total_fragments, content, offset })
    }

    /// The Next Payload field: in the first fragment the type of the first payload inside, in the others 0.
    pub const fn first_inner(&self) -> PayloadType {
        self.first_inner
    }

    /// The number of this fragment, from 1.
    pub const fn fragment_number(&self) -> u16 {
        self.fragment_number
    }

    /// How many fragments the message was cut into, from 1.
    pub const fn total_fragments(&self) -> u16 {
        self.total_fragments
    }

    /// Initialization vector, ciphertext and integrity checksum data.
    pub const fn content(&self) -> &'a [u8] {
        self.content
    }

    /// Where the content starts in the datagram, which is how many octets of it are associated data: from the IKE
    /// header to the end of Total Fragments (RFC 7383 §2.5).
    pub const fn aad_len(&self) -> usize {
        self.offset
    }

    /// Tells initialization vector, ciphertext and checksum apart, as ranges of the datagram.
    ///
    /// # Errors
    ///
    /// As [`Encrypted::split`](crate::Encrypted::split).
    pub fn split(&self, framing: Framing) -> Result<Parts, ParseError> {
        Parts::of(self.content.len(), self.offset, framing)
    }
}

impl Encode for EncryptedFragment<'_> {
    fn encoded_len(&self) -> usize {
        self.content.len().saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put_u16(self.fragment_number)?;
        out.put_u16(self.total_fragments)?;
        out.put(self.content)
    }
}

/// Which fragment it is, and how many octets there are.
impl fmt::Display for EncryptedFragment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fragment_number, total_fragments, content, .. } = self;
        write!(f, "{fragment_number} of {total_fragments}, {} octets", content.len())
    }
}

impl fmt::Debug for EncryptedFragment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedFragment")
            .field("first_inner", &self.first_inner)
            .field("fragment_number", &self.fragment_number)
            .field("total_fragments", &self.total_fragments)
            .field("content", &Hex(self.content))
            .finish_non_exhaustive()
    }
}

/// Whether a fragment can have this number of this total.
pub(crate) const fn are_lawful(number: u16, total: u16) -> bool {
    number >= 1 && number <= total
}
