use core::fmt;

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

/// A piece of a message that is too long for one datagram: the Fragment payload of Cisco and Microsoft, which others use
/// too. It has the private number 132 ([`PayloadType::FRAGMENT`](crate::PayloadType::FRAGMENT)) and no document.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |          Fragment ID          |  Fragment #   |     Flags     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                         Fragment Data                         ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Each piece travels in a message of its own, in the clear, whose only payload it is. The pieces together are a whole
/// message, its header included, encrypted or not. [`FragmentReassembler`](crate::FragmentReassembler) puts them
/// together, [`split`](Self::split) takes a message apart.
///
/// ```
/// use ikev1_wire::Fragment;
///
/// let message = [7; 1000];
/// let pieces: Vec<_> = Fragment::split(1, &message, 400)?.collect();
/// assert_eq!(pieces.iter().map(|piece| (piece.number(), piece.is_last(), piece.data().len())).collect::<Vec<_>>(),
///     [(1, false, 400), (2, false, 400), (3, true, 200)]);
/// # Ok::<(), ikev1_wire::EncodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fragment<'a> {
    id: u16,
    number: u8,
    flags: u8,
    data: &'a [u8],
}

impl<'a> Fragment<'a> {
    /// The flag of the last piece.
    pub const LAST: u8 = 0x01;

    /// A piece. Number 0 and empty data cannot be encoded.
    pub const fn new(id: u16, number: u8, is_last: bool, data: &'a [u8]) -> Self {
        Self { id, number, flags: if is_last { Self::LAST } else { 0 }, data }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] below five octets, [`ParseErrorKind::Invalid`] for number 0.
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (data, [high, low, number, flags]) = part(body, base_offset, chunk::<4>)?;
        part(data, base_offset.saturating_add(4), chunk::<1>)?;
        if number == 0 {
            return Err(ParseError::new(
                ParseErrorKind::Invalid("Fragment #"),
                base_offset.saturating_add(2),
            ));
        }
        Ok(Self { id: u16::from_be_bytes([high, low]), number, flags, data })
    }

    /// Takes a message apart into pieces of `len` octets, the last one shorter.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Invalid`] for a length of 0 or an empty message, [`EncodeError::FieldOverflow`] where it takes more
    /// than 255 pieces.
    pub fn split(id: u16, message: &'a [u8], len: usize) -> Result<Fragments<'a>, EncodeError> {
        if len == 0 || message.is_empty() {
            return Err(EncodeError::Invalid("Fragment Data"));
        }
        let count = message.len().div_ceil(len);
        u8::try_from(count).map_err(|_| EncodeError::FieldOverflow { field: "Fragment #", length: count })?;
        Ok(Fragments { id, number: 0, rest: message, len })
    }

    /// What the pieces of one message share.
    pub const fn id(&self) -> u16 {
        self.id
    }

    /// Its number, from 1.
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// The flags, those without meaning included.
    pub const fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether no piece follows.
    pub const fn is_last(&self) -> bool {
        self.flags & Self::LAST != 0
    }

    /// Its octets of the message.
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }
}

impl Encode for Fragment<'_> {
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.number == 0 || self.data.is_empty() {
            return Err(EncodeError::Invalid("Fragment #"));
        }
        out.put_u16(self.id)?;
        out.put(&[self.number, self.flags])?;
        out.put(self.data)
    }
}

/// Which piece of which message it is.
impl fmt::Display for Fragment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = if self.is_last() { " (last)" } else { "" };
        write!(f, "{}{last} of message {}, {} octets", self.number, self.id, self.data.len())
    }
}

impl fmt::Debug for Fragment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fragment")
            .field("id", &self.id)
            .field("number", &self.number)
            .field("flags", &self.flags)
            .field("octets", &self.data.len())
            .finish()
    }
}

/// The pieces of a message.
#[derive(Clone)]
pub struct Fragments<'a> {
    id: u16,
    number: u8,
    rest: &'a [u8],
    len: usize,
}

impl<'a> Iterator for Fragments<'a> {
    type Item = Fragment<'a>;

    fn next(&mut self) -> Option<Fragment<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (data, rest) = self.rest.split_at_checked(self.len).unwrap_or((self.rest, &[]));
        self.number = self.number.checked_add(1)?;
        self.rest = rest;
        Some(Fragment::new(self.id, self.number, rest.is_empty(), data))
    }
}

impl core::iter::FusedIterator for Fragments<'_> {}

impl fmt::Debug for Fragments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
