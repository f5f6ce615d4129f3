use core::fmt;

use ipsec_types::{Encode, EncodeError, ParseError, Writer};

use crate::text::Hex;
use crate::{Framing, Parts, PayloadType, RawPayload};

/// The Encrypted payload, SK (RFC 7296 §3.14), still encrypted.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                     Initialization Vector                     ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                    Encrypted IKE Payloads                     ~
/// +               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |               |             Padding (0-255 octets)            |
/// +-+-+-+-+-+-+-+-+                               +-+-+-+-+-+-+-+-+
/// |                                               |  Pad Length   |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                    Integrity Checksum Data                    ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// How long the parts are is known to who knows the algorithms: see [`split`](Self::split).
///
/// ```
/// use ikev2_wire::{Framing, Message, Payload, PayloadType};
///
/// let mut datagram = [0; 28 + 4 + 8 + 5 + 16];
/// datagram[16..20].copy_from_slice(&[46, 0x20, 37, 0x08]); // SK, version 2.0, INFORMATIONAL, from the initiator
/// datagram[27] = 61;
/// datagram[28..32].copy_from_slice(&[42, 0, 0, 33]); // a Delete inside
/// let message = Message::parse(&datagram)?;
/// let Payload::Encrypted(encrypted) = message.payloads().find(PayloadType::SK).unwrap().decode()? else {
///     panic!("not encrypted");
/// };
/// assert_eq!((encrypted.first_inner(), encrypted.aad_len()), (PayloadType::DELETE, 32));
/// let parts = encrypted.split(Framing { iv_len: 8, block_len: 1, icv_len: 16 })?;
/// assert_eq!((parts.iv, parts.ciphertext, parts.icv), (32..40, 40..45, 45..61));
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Encrypted<'a> {
    first_inner: PayloadType,
    content: &'a [u8],
    offset: usize,
}

impl<'a> Encrypted<'a> {
    /// Takes the payload as it is: without the algorithms there is nothing to check.
    #[inline]
    pub(crate) fn new(raw: &RawPayload<'a>) -> Self {
        Self { first_inner: raw.next_payload(), content: raw.body(), offset: raw.body_offset() }
    }

    /// The type of the first payload inside, [`PayloadType::NONE`] where there is none.
    pub const fn first_inner(&self) -> PayloadType {
        self.first_inner
    }

    /// Initialization vector, ciphertext and integrity checksum data.
    pub const fn content(&self) -> &'a [u8] {
        self.content
    }

    /// Where the content starts in the datagram, which is how many octets of it are associated data: from the IKE
    /// header to the end of this payload's generic header (RFC 5282 §5.1).
    pub const fn aad_len(&self) -> usize {
        self.offset
    }

    /// Tells initialization vector, ciphertext and checksum apart, as ranges of the datagram.
    ///
    /// # Errors
    ///
    /// [`Truncated`](ipsec_types::ParseErrorKind::Truncated) where the ciphertext would not hold one block, or Pad
    /// Length; [`Invalid`](ipsec_types::ParseErrorKind::Invalid) where it is not a multiple of the block.
    pub fn split(&self, framing: Framing) -> Result<Parts, ParseError> {
        Parts::of(self.content.len(), self.offset, framing)
    }
}

impl Encode for Encrypted<'_> {
    fn encoded_len(&self) -> usize {
        self.content.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(self.content)
    }
}

/// What is known without keys: the type of the first payload inside, and how many octets there are.
impl fmt::Display for Encrypted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {}, {} octets", self.first_inner, self.content.len())
    }
}

impl fmt::Debug for Encrypted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted")
            .field("first_inner", &self.first_inner)
            .field("content", &Hex(self.content))
            .finish_non_exhaustive()
    }
}
