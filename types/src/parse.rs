//! Parsing primitives of the family's own crates. Not a public interface.
//!
//! `nom` combinators, complete input only, over an error that holds just the rest of the input: the public parse
//! function turns that rest into an offset. Fixed parts are read as whole chunks, for `nom`'s number parsers cost
//! several times as much on a message.

use crate::{ParseError, ParseErrorKind};

/// What went wrong, and the rest of the input where it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault<'a> {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// The input from the fault on.
    pub at: &'a [u8],
}

/// What a parser returns: the rest of the input and a value.
pub type Parsed<'a, T> = nom::IResult<&'a [u8], T, Fault<'a>>;

impl<'a> Fault<'a> {
    /// A fault of `kind` at the start of `at`.
    pub const fn new(kind: ParseErrorKind, at: &'a [u8]) -> Self {
        Self { kind, at }
    }

    /// The public error, with the offset of the fault within `whole`, which itself starts at `base_offset`.
    pub const fn within(self, whole: &[u8], base_offset: usize) -> ParseError {
        let offset = whole.len().saturating_sub(self.at.len());
        ParseError::new(self.kind, base_offset.saturating_add(offset))
    }
}

impl<'a> nom::error::ParseError<&'a [u8]> for Fault<'a> {
    fn from_error_kind(input: &'a [u8], _kind: nom::error::ErrorKind) -> Self {
        Self::new(ParseErrorKind::Invalid("structure"), input)
    }

    fn append(_input: &'a [u8], _kind: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}

/// A failed parse as `nom` wants it.
///
/// # Errors
///
/// Always: the fault of `kind` at `at`.
#[cold]
pub const fn fault<T>(kind: ParseErrorKind, at: &[u8]) -> Parsed<'_, T> {
    Err(nom::Err::Error(Fault::new(kind, at)))
}

/// Runs `parser` over all of `input`, which starts at `base_offset` of the datagram; leftovers are an error.
///
/// # Errors
///
/// What the parser found wrong, or [`ParseErrorKind::TrailingBytes`].
pub fn whole<'a, T>(
    input: &'a [u8],
    base_offset: usize,
    parser: impl FnOnce(&'a [u8]) -> Parsed<'a, T>,
) -> Result<T, ParseError> {
    let (rest, value) = part(input, base_offset, parser)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        let fault = Fault::new(ParseErrorKind::TrailingBytes { extra: rest.len() }, rest);
        Err(fault.within(input, base_offset))
    }
}

/// Runs `parser` at the front of `input`, which starts at `base_offset` of the datagram.
///
/// # Errors
///
/// What the parser found wrong.
pub fn part<'a, T>(
    input: &'a [u8],
    base_offset: usize,
    parser: impl FnOnce(&'a [u8]) -> Parsed<'a, T>,
) -> Result<(&'a [u8], T), ParseError> {
    match parser(input) {
        Ok(parsed) => Ok(parsed),
        Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) => Err(fault.within(input, base_offset)),
        Err(nom::Err::Incomplete(_)) => {
            let kind =
                ParseErrorKind::Truncated { needed: input.len().saturating_add(1), available: input.len() };
            Err(ParseError::new(kind, base_offset))
        }
    }
}

/// Takes `N` octets as an array.
///
/// # Errors
///
/// [`ParseErrorKind::Truncated`].
#[inline(always)]
pub fn chunk<const N: usize>(input: &[u8]) -> Parsed<'_, [u8; N]> {
    match input.split_first_chunk::<N>() {
        Some((head, rest)) => Ok((rest, *head)),
        None => fault(ParseErrorKind::Truncated { needed: N, available: input.len() }, input),
    }
}

/// Takes `n` octets as a slice.
#[inline(always)]
pub fn octets<'a>(n: usize) -> impl Fn(&'a [u8]) -> Parsed<'a, &'a [u8]> {
    move |input| match input.split_at_checked(n) {
        Some((head, rest)) => Ok((rest, head)),
        None => fault(ParseErrorKind::Truncated { needed: n, available: input.len() }, input),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nom::Parser as _;

    #[test]
    fn offsets_count_from_the_datagram() {
        let input = [1, 2, 3, 4, 5];
        let error = whole(&input, 100, |i| (chunk::<2>, chunk::<4>).parse(i)).unwrap_err();
        assert_eq!(error, ParseError::new(ParseErrorKind::Truncated { needed: 4, available: 3 }, 102));
    }

    #[test]
    fn leftovers_are_refused() {
        let error = whole(&[1, 2, 3], 0, chunk::<1>).unwrap_err();
        assert_eq!(error, ParseError::new(ParseErrorKind::TrailingBytes { extra: 2 }, 1));
    }

    #[test]
    fn octets_never_allocate_or_overrun() {
        assert_eq!(part(&[1, 2, 3], 0, octets(2)).unwrap(), (&[3][..], &[1, 2][..]));
        assert!(part(&[1], 0, octets(usize::MAX)).is_err());
    }
}
