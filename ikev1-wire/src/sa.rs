use core::fmt;

use ipsec_types::parse::{Parsed, chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::text::Hex;
use crate::{Doi, NewProposal, PayloadType, Proposal, ProtocolId, Situation};

/// The most proposals of an SA payload; one more is [`ParseErrorKind::TooMany`].
///
/// RFC 2408 numbers proposals in one octet but lets several have one number. Real offers hold a dozen.
pub const MAX_PROPOSALS: usize = 255;

/// The Security Association payload (RFC 2408 §3.4, RFC 2407 §4.6.1): a situation and the proposals for it.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |              Domain of Interpretation  (DOI)                  |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                           Situation                           ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                          <Proposals>                          ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Of the IPsec DOI everything down to the attributes of transforms was walked. Another DOI has a situation of its own,
/// so that what follows it stays unread, in [`content`](Self::content).
///
/// [`NewSa`] builds one:
///
/// ```
/// use ikev1_wire::*;
///
/// let attributes = [
///     IpsecAttributeClass::ENCAPSULATION_MODE.basic(EncapsulationMode::TUNNEL.0),
///     IpsecAttributeClass::AUTHENTICATION_ALGORITHM.basic(AuthenticationAlgorithm::HMAC_SHA.0),
/// ];
/// let ah = [NewTransform { number: 1, id: AhTransform::SHA.0, attributes: &attributes }];
/// let esp = [NewTransform { number: 1, id: EspTransform::TRIPLE_DES.0, attributes: &attributes }];
/// // AH and ESP together, for both proposals have number 1.
/// let proposals = [
///     NewProposal { number: 1, protocol: ProtocolId::AH, spi: &[0xc0, 1, 2, 3], transforms: &ah },
///     NewProposal { number: 1, protocol: ProtocolId::ESP, spi: &[0xc0, 1, 2, 4], transforms: &esp },
/// ];
/// let mut buf = [0; 128];
/// let mut out = Writer::new(&mut buf);
/// NewSa { proposals: &proposals }.encode(&mut out)?;
///
/// let sa = Sa::decode(out.written(), 0)?;
/// assert_eq!(sa.situation(), Some(Situation::IDENTITY_ONLY));
/// let [both] = sa.alternatives().collect::<Vec<_>>()[..] else { panic!("one alternative") };
/// let protocols: Vec<_> = both.proposals().map(|proposal| proposal.protocol()).collect();
/// assert_eq!(protocols, [ProtocolId::AH, ProtocolId::ESP]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sa<'a> {
    body: &'a [u8],
    doi: Doi,
    situation: Option<Situation<'a>>,
    /// Proposals where the situation could be read, everything behind the DOI otherwise.
    content: &'a [u8],
}

impl<'a> Sa<'a> {
    /// Reads the body of a payload that starts at `base_offset` of the datagram, and walks all of it.
    ///
    /// # Errors
    ///
    /// - [`ParseErrorKind::Truncated`] or [`ParseErrorKind::LengthField`] where a situation, proposal, transform or
    ///   attribute does not fit, or where there is no proposal;
    /// - [`ParseErrorKind::Invalid`] where Next Payload, RESERVED, "SPI Size" or "# of Transforms" do not agree with
    ///   what follows;
    /// - [`ParseErrorKind::TooMany`] past [`MAX_PROPOSALS`] and [`MAX_ATTRIBUTES`](crate::MAX_ATTRIBUTES).
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (content, (doi, situation)) = part(body, base_offset, head)?;
        let sa = Self { body, doi, situation, content };
        if situation.is_some() {
            walk(content, base_offset.saturating_add(body.len().saturating_sub(content.len())))?;
        }
        Ok(sa)
    }

    /// The domain of interpretation.
    pub const fn doi(&self) -> Doi {
        self.doi
    }

    /// The situation, in the IPsec DOI.
    pub const fn situation(&self) -> Option<Situation<'a>> {
        self.situation
    }

    /// What follows the situation and, where the DOI is another, all that follows the DOI.
    pub const fn content(&self) -> &'a [u8] {
        self.content
    }

    /// The whole body: what RFC 2409 calls SAi_b where it is the initiator's, and what HASH_I and HASH_R cover (RFC 2409
    /// §5).
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.body
    }

    /// The proposals in the order of the payload; none in another DOI.
    pub const fn proposals(&self) -> Proposals<'a> {
        Proposals { rest: if self.situation.is_some() { self.content } else { &[] } }
    }

    /// What the initiator may be answered with, the preferred first: "proposals with the same proposal number must be
    /// treated as a logical AND", those of different numbers as a logical OR (RFC 2408 §4.2).
    pub const fn alternatives(&self) -> Alternatives<'a> {
        Alternatives { rest: self.proposals().rest }
    }

    /// Whether the numbers of the proposals rise or stay, so that those of one number stand together (RFC 2408 §4.2).
    pub fn is_numbered_as_offer(&self) -> bool {
        self.proposals().map(|proposal| proposal.number()).is_sorted()
    }

    /// The only proposal there is. In phase 1 "there MUST NOT be multiple proposals" (RFC 2409 §5), and in an answer
    /// there is one for each protocol.
    pub fn sole_proposal(&self) -> Option<Proposal<'a>> {
        let mut proposals = self.proposals();
        let first = proposals.next()?;
        proposals.next().is_none().then_some(first)
    }

    /// Whether it can be the SA of phase 1: one proposal, and that of [`ProtocolId::ISAKMP`] (RFC 2409 §5).
    pub fn is_phase1(&self) -> bool {
        self.sole_proposal().is_some_and(|proposal| proposal.protocol() == ProtocolId::ISAKMP)
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

/// The proposals, in one line: `1 ISAKMP: KEY_IKE (AES-CBC-128, SHA, pre-shared key, 2048-bit MODP, 3600 s)`.
impl fmt::Display for Sa<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.situation.is_none() {
            return write!(f, "DOI {}: 0x{}", self.doi, Hex(self.content));
        }
        let mut separator = "";
        for proposal in self.proposals() {
            write!(f, "{separator}{proposal}")?;
            separator = " | ";
        }
        Ok(())
    }
}

impl fmt::Debug for Sa<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Sa");
        out.field("doi", &self.doi);
        match self.situation {
            Some(situation) => out.field("situation", &situation).field("proposals", &self.proposals()),
            None => out.field("content", &Hex(self.content)),
        };
        out.finish()
    }
}

/// The proposals of an [`Sa`], or of one [`Alternative`].
#[derive(Clone)]
pub struct Proposals<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Proposals<'a> {
    type Item = Proposal<'a>;

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

/// Proposals of one number, to be set up all together or not at all (RFC 2408 §4.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Alternative<'a> {
    number: u8,
    octets: &'a [u8],
}

impl<'a> Alternative<'a> {
    /// The number.
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// The proposals: at least one.
    pub const fn proposals(&self) -> Proposals<'a> {
        Proposals { rest: self.octets }
    }
}

impl fmt::Debug for Alternative<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.proposals().fmt(f)
    }
}

/// The alternatives of an [`Sa`].
#[derive(Clone)]
pub struct Alternatives<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Alternatives<'a> {
    type Item = Alternative<'a>;

    fn next(&mut self) -> Option<Alternative<'a>> {
        let (mut rest, first) = Proposal::next_of(self.rest)?;
        while let Some((after, _)) =
            Proposal::next_of(rest).filter(|(_, next)| next.number() == first.number())
        {
            rest = after;
        }
        let octets = self.rest.get(..self.rest.len().saturating_sub(rest.len())).unwrap_or_default();
        self.rest = rest;
        Some(Alternative { number: first.number(), octets })
    }
}

impl core::iter::FusedIterator for Alternatives<'_> {}

impl fmt::Debug for Alternatives<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// An SA payload of the IPsec DOI to be built, with the situation [`Situation::IDENTITY_ONLY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSa<'a> {
    /// 1 to 255 proposals, or the payload cannot be encoded.
    pub proposals: &'a [NewProposal<'a>],
}

impl Encode for NewSa<'_> {
    fn encoded_len(&self) -> usize {
        let fixed = DOI_LEN.saturating_add(Situation::IDENTITY_ONLY.encoded_len());
        self.proposals.iter().fold(fixed, |len, proposal| len.saturating_add(proposal.encoded_len()))
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let length = self.proposals.len();
        if length > MAX_PROPOSALS {
            return Err(EncodeError::FieldOverflow { field: "proposal count", length });
        }
        let (last, others) = self.proposals.split_last().ok_or(EncodeError::Invalid("Proposals"))?;
        out.put_u32(Doi::IPSEC.0)?;
        Situation::IDENTITY_ONLY.encode(out)?;
        others.iter().try_for_each(|proposal| proposal.encode(out, false))?;
        last.encode(out, true)
    }
}

/// Octets of the DOI.
const DOI_LEN: usize = 4;

/// Takes DOI and, in the IPsec DOI, situation.
fn head(input: &[u8]) -> Parsed<'_, (Doi, Option<Situation<'_>>)> {
    let (rest, doi) = chunk::<DOI_LEN>(input)?;
    let doi = Doi(u32::from_be_bytes(doi));
    if doi != Doi::IPSEC {
        return Ok((rest, (doi, None)));
    }
    let (rest, situation) = Situation::parse(rest)?;
    Ok((rest, (doi, Some(situation))))
}

/// Walks the proposals, which start at `offset` of the datagram, to the last.
fn walk(proposals: &[u8], offset: usize) -> Result<(), ParseError> {
    let mut rest = proposals;
    let mut offset = offset;
    let mut room = MAX_PROPOSALS;
    loop {
        room = room
            .checked_sub(1)
            .ok_or_else(|| ParseError::new(ParseErrorKind::TooMany { limit: MAX_PROPOSALS }, offset))?;
        let (after, proposal) = Proposal::decode(rest, offset)?;
        // RFC 2408 §3.5: "This field MUST only contain the value 2 or 0."
        let expected = if after.is_empty() { PayloadType::NONE } else { PayloadType::PROPOSAL };
        if proposal.next() != expected {
            return Err(ParseError::new(ParseErrorKind::Invalid("Next Payload"), offset));
        }
        if after.is_empty() {
            return Ok(());
        }
        offset = offset.saturating_add(proposal.as_bytes().len());
        rest = after;
    }
}
