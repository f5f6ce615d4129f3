use core::fmt;

use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::text::Hex;

/// The Generic Secure Password Method payload, GSPM (RFC 6467 §3): octets of the method that was agreed on.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                  Data Specific to the Method                  ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::{ChainBuilder, GenericSecurePassword, Payload, PayloadChain, PayloadType};
///
/// let mut buf = [0; 16];
/// let mut chain = ChainBuilder::new(&mut buf);
/// chain.push(PayloadType::GSPM, &GenericSecurePassword::new(&[1, 2, 3]))?;
/// let (first, octets) = chain.finish()?;
/// let payload = PayloadChain::parse(first, octets, 0)?.find(PayloadType::GSPM).unwrap().decode()?;
/// assert_eq!(payload, Payload::GenericSecurePassword(GenericSecurePassword::new(&[1, 2, 3])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct GenericSecurePassword<'a> {
    data: &'a [u8],
}

impl<'a> GenericSecurePassword<'a> {
    /// Octets of the method: any are lawful here, so this also is the `decode` of the payload.
    #[inline]
    pub const fn new(data: &'a [u8]) -> Self {
        Self { data }
    }

    /// The octets.
    #[inline]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }
}

impl Encode for GenericSecurePassword<'_> {
    fn encoded_len(&self) -> usize {
        self.data.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(self.data)
    }
}

/// How many octets there are.
impl fmt::Display for GenericSecurePassword<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets", self.data.len())
    }
}

impl fmt::Debug for GenericSecurePassword<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GenericSecurePassword").field(&Hex(self.data)).finish()
    }
}

/// The Puzzle Solution payload, PS (RFC 8019 §8.2): four keys of the same length.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                     Puzzle Solution Data                      ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::PuzzleSolution;
///
/// let solution = PuzzleSolution::decode(&[1, 2, 3, 4, 5, 6, 7, 8], 32)?;
/// assert!(solution.keys().eq([[1, 2], [3, 4], [5, 6], [7, 8]]));
/// assert_eq!(PuzzleSolution::decode(&[1, 2, 3], 32).unwrap_err().offset(), 32);
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PuzzleSolution<'a> {
    data: &'a [u8],
}

impl<'a> PuzzleSolution<'a> {
    /// The four keys one after the other: a multiple of four octets, one octet each at least, or the solution cannot
    /// be encoded.
    #[inline]
    pub const fn new(data: &'a [u8]) -> Self {
        Self { data }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Invalid`] for no octets, or for a number of them that is no multiple of four.
    #[inline]
    pub const fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let solution = Self { data: body };
        if solution.is_lawful() {
            Ok(solution)
        } else {
            Err(ParseError::new(ParseErrorKind::Invalid("Puzzle Solution Data"), base_offset))
        }
    }

    /// The four keys.
    pub fn keys(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (keys, _) = self.data.as_chunks::<4>();
        self.data.chunks(keys.len().max(1))
    }

    const fn is_lawful(&self) -> bool {
        !self.data.is_empty() && self.data.len().is_multiple_of(4)
    }
}

impl Encode for PuzzleSolution<'_> {
    fn encoded_len(&self) -> usize {
        self.data.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.is_lawful() { out.put(self.data) } else { Err(EncodeError::Invalid("Puzzle Solution Data")) }
    }
}

/// The keys as hexadecimal digits.
impl fmt::Display for PuzzleSolution<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for key in self.keys() {
            write!(f, "{separator}{}", Hex(key))?;
            separator = ", ";
        }
        Ok(())
    }
}

impl fmt::Debug for PuzzleSolution<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PuzzleSolution({self})")
    }
}
