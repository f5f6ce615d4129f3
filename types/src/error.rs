use core::fmt;

/// Why octets from the network are not what they claim to be, and where.
///
/// The offset counts from the first octet of the datagram (or of whatever the caller named with a base offset), so
/// that it finds the fault in a capture.
///
/// ```
/// use ipsec_types::{ParseError, ParseErrorKind};
///
/// let error = ParseError::new(ParseErrorKind::Truncated { needed: 28, available: 4 }, 0);
/// assert_eq!(error.to_string(), "truncated: 28 octets needed, 4 available at offset 0");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParseError {
    kind: ParseErrorKind,
    offset: usize,
}

impl ParseError {
    /// An error of `kind` at `offset` octets from the start of the datagram.
    pub const fn new(kind: ParseErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// What is wrong.
    pub const fn kind(&self) -> ParseErrorKind {
        self.kind
    }

    /// Where, in octets from the start of the datagram.
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {}", self.kind, self.offset)
    }
}

impl core::error::Error for ParseError {}

/// What is wrong with octets from the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The input ends before the structure does.
    #[error("truncated: {needed} octets needed, {available} available")]
    Truncated {
        /// Octets the structure needs from the offset on.
        needed: usize,
        /// Octets there are from the offset on.
        available: usize,
    },
    /// A length field lies outside what its place allows.
    #[error("length field of {declared} outside {min} to {max}")]
    LengthField {
        /// The value of the field.
        declared: usize,
        /// The smallest value allowed here.
        min: usize,
        /// The largest value allowed here.
        max: usize,
    },
    /// Octets are left over after the structure.
    #[error("{extra} octets left over")]
    TrailingBytes {
        /// How many.
        extra: usize,
    },
    /// More elements than a documented limit.
    #[error("more than {limit} elements")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// A field holds a value that its place forbids.
    #[error("invalid {0}")]
    Invalid(
        /// The name of the field, as the RFC spells it.
        &'static str,
    ),
}
