//! Proposals: what we offer, what we accept of a peer's offer, and whether its answer is one we offered (RFC 7296 §2.7,
//! §3.3).

use crate::config::IkeProposal;
use alloc::vec::Vec;
use core::fmt;
use ikev2_wire::{
    EncryptionId, IntegrityId, KeyExchangeMethod, NewTransform, PrfId as WirePrf, Proposal, ProtocolId, Sa,
    SequenceNumbers, TransformType,
};
use ipsec_crypto_suite::{CipherId, KexId, PrfId, Protection};
use ipsec_sa_db::{ChildProposal, ProtocolSuite};

/// The algorithms of an IKE SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IkeSuite {
    pub(crate) protection: Protection,
    pub(crate) prf: PrfId,
    pub(crate) kex: KexId,
}

/// The algorithms of a Child SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChildSuite {
    pub(crate) protection: Protection,
    pub(crate) kex: Option<KexId>,
    pub(crate) extended: bool,
}

/// Which proposal of an offer was taken, the SPI it carries, and the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chosen<'a, S> {
    pub(crate) number: u8,
    pub(crate) spi: &'a [u8],
    pub(crate) suite: S,
}

/// Why no proposal of an offer is acceptable: for each of ours and each of the peer's, where they first differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalMismatch {
    /// At most [`MAX`](Self::MAX); the pairs of our first proposals come first.
    pub differences: Vec<Difference>,
}

impl ProposalMismatch {
    /// How many differences are kept: a peer may offer 255 proposals.
    pub const MAX: usize = 64;

    const fn new() -> Self {
        Self { differences: Vec::new() }
    }

    fn add(&mut self, local: usize, remote: u8, transform: TransformType) {
        if self.differences.len() < Self::MAX {
            self.differences.push(Difference { local, remote, transform });
        }
    }
}

/// Where two proposals differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which of our proposals, from 0.
    pub local: usize,
    /// The number of the peer's.
    pub remote: u8,
    /// The type of transform of which they have none in common.
    pub transform: TransformType,
}

impl fmt::Display for ProposalMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.differences.is_empty() {
            return f.write_str("the peer proposed nothing of this protocol");
        }
        for (index, Difference { local, remote, transform }) in self.differences.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}our {} and the peer's {remote} have no {transform} in common", local + 1)?;
        }
        Ok(())
    }
}

/// What one proposal on the wire allows.
struct Offered<'a>(Proposal<'a>);

impl Offered<'_> {
    /// Whether it has a transform of this type and id, and this key length in bits.
    fn has(&self, kind: TransformType, id: u16, key_length: Option<u16>) -> bool {
        self.0
            .transforms()
            .any(|own| own.kind() == kind && own.id() == id && own.key_length() == Ok(key_length))
    }

    fn has_kind(&self, kind: TransformType) -> bool {
        self.0.transforms().any(|own| own.kind() == kind)
    }

    /// The first of `ours` that it has; where it has no transform of the type at all, or NONE, `none`.
    fn first<T: Copy>(&self, kind: TransformType, ours: &[T], id: impl Fn(T) -> u16) -> Option<T> {
        ours.iter().copied().find(|own| self.has(kind, id(*own), None))
    }

    fn has_encryption(&self, protection: Protection) -> bool {
        let (id, key_length) = encryption(protection);
        self.has(TransformType::ENCR, id, key_length)
    }

    /// With an AEAD no integrity, or NONE (RFC 5282 §8).
    fn has_integrity(&self, protection: Protection) -> bool {
        match protection {
            Protection::Aead(_) => {
                !self.has_kind(TransformType::INTEG) || self.has(TransformType::INTEG, 0, None)
            }
            Protection::Composed { mac, .. } => self.has(TransformType::INTEG, mac.ikev2(), None),
        }
    }

    /// A type that is not known makes a proposal unacceptable (RFC 7296 §3.3.6).
    fn unknown_type(&self, known: &[TransformType]) -> Option<TransformType> {
        self.0.transforms().map(|own| own.kind()).find(|kind| !known.contains(kind))
    }

    /// Whether it is an answer: one transform of each type.
    fn is_single(&self) -> bool {
        let kinds = || self.0.transforms().map(|own| own.kind());
        kinds().enumerate().all(|(index, kind)| kinds().skip(index + 1).all(|other| other != kind))
    }

    fn ike(&self, own: &IkeProposal, hint: Option<u16>) -> Result<IkeSuite, TransformType> {
        use TransformType as T;
        if let Some(unknown) = self.unknown_type(&[T::ENCR, T::PRF, T::INTEG, T::KE]) {
            return Err(unknown);
        }
        if !self.has_encryption(own.protection) {
            return Err(T::ENCR);
        }
        if !self.has_integrity(own.protection) {
            return Err(T::INTEG);
        }
        let prf = self.first(T::PRF, &own.prfs, PrfId::ikev2).ok_or(T::PRF)?;
        // The method that the initiator made a value for saves a round trip.
        let hinted = own.key_exchanges.iter().copied().find(|kex| Some(kex.ikev2()) == hint);
        let kex = hinted
            .filter(|kex| self.has(T::KE, kex.ikev2(), None))
            .or_else(|| self.first(T::KE, &own.key_exchanges, KexId::ikev2))
            .ok_or(T::KE)?;
        Ok(IkeSuite { protection: own.protection, prf, kex })
    }

    fn child(&self, own: &ChildProposal, pfs: Pfs, hint: Option<u16>) -> Result<ChildSuite, TransformType> {
        use TransformType as T;
        if let Some(unknown) = self.unknown_type(&[T::ENCR, T::INTEG, T::KE, T::SN]) {
            return Err(unknown);
        }
        // Configurations with AH are refused.
        let ProtocolSuite::Esp(protection) = own.suite else { return Err(T::ENCR) };
        if !self.has_encryption(protection) {
            return Err(T::ENCR);
        }
        if !self.has_integrity(protection) {
            return Err(T::INTEG);
        }
        if !self.has(T::SN, sequence_numbers(own.extended_sequence_numbers), None) {
            return Err(T::SN);
        }
        let kex = match pfs {
            Pfs::Ignored => None,
            Pfs::Wanted if own.key_exchanges.is_empty() => {
                if self.has_kind(T::KE) && !self.has(T::KE, 0, None) {
                    return Err(T::KE);
                }
                None
            }
            Pfs::Wanted => {
                let hinted = own.key_exchanges.iter().copied().find(|kex| Some(kex.ikev2()) == hint);
                let kex = hinted
                    .filter(|kex| self.has(T::KE, kex.ikev2(), None))
                    .or_else(|| self.first(T::KE, &own.key_exchanges, KexId::ikev2));
                Some(kex.ok_or(T::KE)?)
            }
        };
        Ok(ChildSuite { protection, kex, extended: own.extended_sequence_numbers })
    }
}

/// Whether key exchange methods count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pfs {
    /// In IKE_AUTH: there is no KE payload, whatever the proposal says (RFC 7296 §1.2).
    Ignored,
    /// In CREATE_CHILD_SA.
    Wanted,
}

/// The first of our proposals that an offer for an IKE SA allows.
pub(crate) fn choose_ike<'a>(
    ours: &[IkeProposal],
    offer: &Sa<'a>,
    hint: Option<u16>,
) -> Result<Chosen<'a, IkeSuite>, ProposalMismatch> {
    let eligible =
        |proposal: &Proposal<'a>| proposal.protocol() == ProtocolId::IKE && proposal.spi().is_empty();
    choose(ours, offer, eligible, |offered, own| offered.ike(own, hint))
}

/// The first of our proposals that an offer for an ESP SA allows.
pub(crate) fn choose_child<'a>(
    ours: &[ChildProposal],
    offer: &Sa<'a>,
    pfs: Pfs,
    hint: Option<u16>,
) -> Result<Chosen<'a, ChildSuite>, ProposalMismatch> {
    choose(ours, offer, is_esp, |offered, own| offered.child(own, pfs, hint))
}

fn choose<'a, O, S>(
    ours: &[O],
    offer: &Sa<'a>,
    eligible: impl Fn(&Proposal<'a>) -> bool,
    fit: impl Fn(&Offered<'a>, &O) -> Result<S, TransformType>,
) -> Result<Chosen<'a, S>, ProposalMismatch> {
    let mut mismatch = ProposalMismatch::new();
    if !offer.is_numbered_as_offer() {
        return Err(mismatch);
    }
    for (local, own) in ours.iter().enumerate() {
        for proposal in offer.proposals().filter(&eligible) {
            match fit(&Offered(proposal), own) {
                Ok(suite) => {
                    return Ok(Chosen { number: proposal.number(), spi: proposal.spi(), suite });
                }
                Err(kind) => mismatch.add(local, proposal.number(), kind),
            }
        }
    }
    Err(mismatch)
}

/// The suite that an answer to our offer took: one proposal, one of ours by its number, one transform of each type.
pub(crate) fn accept_ike(ours: &[IkeProposal], answer: &Sa<'_>) -> Option<IkeSuite> {
    let (offered, own) = answered(ours, answer)?;
    if offered.0.protocol() != ProtocolId::IKE || !offered.0.spi().is_empty() {
        return None;
    }
    offered.ike(own, None).ok()
}

/// The same for an ESP SA, and the peer's SPI.
pub(crate) fn accept_child<'a>(
    ours: &[ChildProposal],
    answer: &Sa<'a>,
    pfs: Pfs,
) -> Option<Chosen<'a, ChildSuite>> {
    let (offered, own) = answered(ours, answer)?;
    let proposal = offered.0;
    if !is_esp(&proposal) || (pfs == Pfs::Ignored && offered.has_kind(TransformType::KE)) {
        return None;
    }
    let suite = offered.child(own, pfs, None).ok()?;
    Some(Chosen { number: proposal.number(), spi: proposal.spi(), suite })
}

fn answered<'o, 'a, O>(ours: &'o [O], answer: &Sa<'a>) -> Option<(Offered<'a>, &'o O)> {
    let mut proposals = answer.proposals();
    let (Some(only), None) = (proposals.next(), proposals.next()) else { return None };
    let own = ours.get(usize::from(only.number()).checked_sub(1)?)?;
    let offered = Offered(only);
    offered.is_single().then_some((offered, own))
}

fn is_esp(proposal: &Proposal<'_>) -> bool {
    proposal.protocol() == ProtocolId::ESP && proposal.spi().len() == 4
}

/// The transforms of an offer for an IKE SA.
pub(crate) fn ike_transforms(own: &IkeProposal) -> Vec<NewTransform> {
    let prfs = own.prfs.iter().map(|id| NewTransform::prf(WirePrf(id.ikev2())));
    let methods =
        own.key_exchanges.iter().map(|id| NewTransform::key_exchange(KeyExchangeMethod(id.ikev2())));
    protection_transforms(own.protection).into_iter().chain(prfs).chain(methods).collect()
}

/// The transforms of an answer for an IKE SA.
pub(crate) fn ike_answer(suite: IkeSuite) -> Vec<NewTransform> {
    let IkeSuite { protection, prf, kex } = suite;
    ike_transforms(&IkeProposal { protection, prfs: [prf].to_vec(), key_exchanges: [kex].to_vec() })
}

/// The transforms of an offer for an ESP SA.
pub(crate) fn child_transforms(own: &ChildProposal, pfs: Pfs) -> Vec<NewTransform> {
    let methods: &[KexId] = if pfs == Pfs::Ignored { &[] } else { &own.key_exchanges };
    let methods = methods.iter().map(|id| NewTransform::key_exchange(KeyExchangeMethod(id.ikev2())));
    let numbers = SequenceNumbers(sequence_numbers(own.extended_sequence_numbers));
    protection_transforms(own.suite.protection())
        .into_iter()
        .chain(methods)
        .chain([NewTransform::sequence_numbers(numbers)])
        .collect()
}

/// The transforms of an answer for an ESP SA.
pub(crate) fn child_answer(suite: ChildSuite) -> Vec<NewTransform> {
    let ChildSuite { protection, kex, extended } = suite;
    let key_exchanges = kex.into_iter().collect();
    let suite = ProtocolSuite::Esp(protection);
    let own = ChildProposal { suite, key_exchanges, extended_sequence_numbers: extended };
    child_transforms(&own, Pfs::Wanted)
}

fn protection_transforms(protection: Protection) -> Vec<NewTransform> {
    let (id, key_length) = encryption(protection);
    let mut transforms = Vec::from([NewTransform::encryption(EncryptionId(id), key_length)]);
    if let Protection::Composed { mac, .. } = protection {
        transforms.push(NewTransform::integrity(IntegrityId(mac.ikev2())));
    }
    transforms
}

fn encryption(protection: Protection) -> (u16, Option<u16>) {
    match protection {
        Protection::Aead(aead) => aead.ikev2(),
        Protection::Composed { cipher, .. } => CipherId::ikev2(cipher),
    }
}

const fn sequence_numbers(extended: bool) -> u16 {
    if extended { SequenceNumbers::PARTIALLY_TRANSMITTED_64.0 } else { SequenceNumbers::SEQUENTIAL_32.0 }
}

#[cfg(test)]
mod tests;
