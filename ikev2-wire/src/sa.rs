use core::fmt;

use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::{NewProposal, Proposal};

/// The most proposals of an SA payload; one more is [`ParseErrorKind::TooMany`].
///
/// Proposals are numbered from 1 in one octet, so that a 256th has no number (RFC 7296 §3.3.1).
pub const MAX_PROPOSALS: usize = 255;

/// The Security Association payload (RFC 7296 §3.3): one or more proposals, the preferred one first.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                          <Proposals>                          ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// The lengths and counts of proposals and transforms were checked; transform attributes may be malformed, which
/// makes their transform unusable and nothing else (see [`Transform::key_length`](crate::Transform::key_length)).
///
/// [`NewSa`] builds one:
///
/// ```
/// use ikev2_wire::*;
///
/// let transforms = [
///     NewTransform::encryption(EncryptionId::ENCR_AES_GCM_16, Some(256)),
///     NewTransform::sequence_numbers(SequenceNumbers::SEQUENTIAL_32),
/// ];
/// let proposals = [NewProposal { number: 1, protocol: ProtocolId::ESP, spi: &[0xc0, 1, 2, 3], transforms: &transforms }];
/// let mut buf = [0; 64];
/// let mut out = Writer::new(&mut buf);
/// NewSa { proposals: &proposals }.encode(&mut out)?;
///
/// let sa = Sa::decode(out.written(), 0).unwrap();
/// let proposal = sa.proposals().next().unwrap();
/// assert_eq!(proposal.spi(), [0xc0, 1, 2, 3]);
/// assert_eq!(proposal.transforms().next().unwrap().to_string(), "ENCR_AES_GCM_16-256");
/// # Ok::<(), EncodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sa<'a> {
    body: &'a [u8],
}

impl<'a> Sa<'a> {
    /// Reads the body of a payload that starts at `base_offset` of the datagram, and walks all of it.
    ///
    /// # Errors
    ///
    /// - [`ParseErrorKind::Truncated`] or [`ParseErrorKind::LengthField`] where a proposal or transform does not fit,
    ///   or where there is no proposal;
    /// - [`ParseErrorKind::Invalid`] where "Last Substruc" or "Num Transforms" do not agree with what follows;
    /// - [`ParseErrorKind::TooMany`] past [`MAX_PROPOSALS`].
    #[inline]
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let mut rest = body;
        let mut offset = base_offset;
        let mut room = MAX_PROPOSALS;
        loop {
            room = room
                .checked_sub(1)
                .ok_or_else(|| ParseError::new(ParseErrorKind::TooMany { limit: MAX_PROPOSALS }, offset))?;
            let (after, proposal) = Proposal::decode(rest, offset)?;
            if proposal.is_last() != after.is_empty() {
                return Err(ParseError::new(ParseErrorKind::Invalid("Last Substruc"), offset));
            }
            if after.is_empty() {
                return Ok(Self { body });
            }
            offset = offset.saturating_add(proposal.as_bytes().len());
            rest = after;
        }
    }

    /// The proposals in the order of the payload.
    #[inline]
    pub const fn proposals(&self) -> Proposals<'a> {
        Proposals { rest: self.body }
    }

    /// Whether the proposals are numbered 1, 2, 3 and so on, as those of an offer are (RFC 7296 §3.3.1). An answer
    /// carries the number of the proposal that it took.
    pub fn is_numbered_as_offer(&self) -> bool {
        self.proposals().map(|proposal| proposal.number()).eq((1..=u8::MAX).take(self.proposals().count()))
    }
}

impl Encode for Sa<'_> {
    fn encoded_len(&self) -> usize {
        self.body.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(self.body)
    }
}

/// The proposals, separated by semicolons.
impl fmt::Display for Sa<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for proposal in self.proposals() {
            write!(f, "{separator}{proposal}")?;
            separator = "; ";
        }
        Ok(())
    }
}

impl fmt::Debug for Sa<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sa ")?;
        f.debug_list().entries(self.proposals()).finish()
    }
}

/// The proposals of an [`Sa`].
#[derive(Clone)]
pub struct Proposals<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Proposals<'a> {
    type Item = Proposal<'a>;

    #[inline]
    fn next(&mut self) -> Option<Proposal<'a>> {
        let (rest, proposal) = Proposal::next_of(self.rest)?;
        self.rest = rest;
        Some(proposal)
    }
}

impl core::iter::FusedIterator for Proposals<'_> {}

impl fmt::Debug for Proposals<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// An SA payload to be built: an offer, the preferred proposal first, or the one proposal that an answer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSa<'a> {
    /// 1 to 255 proposals, or the payload cannot be encoded. In an offer their numbers start at 1 and rise by 1.
    pub proposals: &'a [NewProposal<'a>],
}

impl Encode for NewSa<'_> {
    fn encoded_len(&self) -> usize {
        self.proposals.iter().fold(0, |len, proposal| len.saturating_add(proposal.encoded_len()))
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let length = self.proposals.len();
        if length > MAX_PROPOSALS {
            return Err(EncodeError::FieldOverflow { field: "Proposal Num", length });
        }
        let (last, others) = self.proposals.split_last().ok_or(EncodeError::Invalid("Proposals"))?;
        others.iter().try_for_each(|proposal| proposal.encode(out, false))?;
        last.encode(out, true)
    }
}
