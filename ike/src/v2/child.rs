//! Child SAs: what is offered, what is agreed on, and the keys (RFC 7296 §1.2, §1.3, §2.9, §2.17).

use crate::event::{Acquire, ChildSa, ChildSaId, CloseReason, IkeSaId, SaProtocol};
use crate::key_log::ChildSaKeys;
use crate::selectors::{from_wire, to_wire, with_packet};
use crate::v2::core::Core;
use crate::v2::keys::Keys;
use crate::v2::nat::Nat;
use crate::v2::proposal::{ChildSuite, Chosen, Pfs, child_answer, child_transforms, choose_child};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use ikev2_wire::{
    ChainBuilder, EncodeError, KeyExchange, KeyExchangeMethod, NewProposal, NewSa, NewTrafficSelectors,
    Nonce, Notify, NotifyType, PayloadType, ProtocolId, Sa, TrafficSelectors,
};
use ipsec_crypto_suite::ikev2::ChildKeys;
use ipsec_crypto_suite::{CryptoError, KexId, Protection, SaKeys, Secret};
use ipsec_sa_db::{
    AddressRange, ChildProposal, Mode, Policy, Protect, SaMaterial, SaParams, Selector, SelectorPair,
    SelectorSet,
};
use ipsec_types::{Instant, Path, Spi};

/// What an IKE SA remembers of a Child SA.
pub(crate) struct Child {
    pub(crate) id: ChildSaId,
    /// The SPI we receive on, and the one we send with.
    pub(crate) inbound: Spi,
    pub(crate) outbound: Spi,
    pub(crate) selectors: Arc<SelectorPair>,
    pub(crate) policy: Arc<Policy>,
    /// Whether the application knows it.
    pub(crate) known: bool,
    /// It is to be deleted: by the application, or because another took its place.
    pub(crate) doomed: bool,
    /// Our Delete is out.
    pub(crate) deleting: bool,
    /// The one that takes its place.
    pub(crate) successor: Option<ChildSaId>,
    /// Whether the application was told to send on the successor.
    pub(crate) moved: bool,
    /// When a rekey that was put off is tried again.
    pub(crate) retry_at: Option<Instant>,
}

/// A new Child SA: what we remember, and what the application gets.
pub(crate) struct Made {
    pub(crate) child: Child,
    pub(crate) sa: Box<ChildSa>,
}

/// A peer's wish for a Child SA.
pub(crate) struct ChildRequest<'a> {
    pub(crate) offer: Sa<'a>,
    pub(crate) ts_i: TrafficSelectors<'a>,
    pub(crate) ts_r: TrafficSelectors<'a>,
    pub(crate) transport: bool,
    /// The method of its KE payload.
    pub(crate) hint: Option<u16>,
}

/// Why a wish is refused: on the wire, and for the application.
pub(crate) struct Refusal {
    pub(crate) notify: NotifyType,
    pub(crate) reason: CloseReason,
}

/// What both ends agreed on.
pub(crate) struct Agreed {
    pub(crate) policy: Arc<Policy>,
    pub(crate) suite: ChildSuite,
    pub(crate) mode: Mode,
    pub(crate) selectors: Arc<SelectorPair>,
    /// The SPI we receive on, and the one we send with.
    pub(crate) inbound: Spi,
    pub(crate) outbound: Spi,
    /// The number of the proposal that was taken.
    number: u8,
    /// Whether the peer is the initiator of the exchange: TSi is its end.
    by_peer: bool,
}

/// The responder's side: the first policy that takes some of what the peer asks for.
pub(crate) fn agree(
    policies: &[Arc<Policy>],
    request: &ChildRequest<'_>,
    pfs: Pfs,
    path: &Path,
    nat: Nat,
    core: &mut Core,
) -> Result<Agreed, Refusal> {
    let (theirs, ours) = (from_wire(&request.ts_i), from_wire(&request.ts_r));
    let mut refusal = Refusal { notify: NotifyType::TS_UNACCEPTABLE, reason: CloseReason::TsUnacceptable };
    // A policy that takes the packet that called for the SA, first in both payloads, goes before one that only takes
    // something else of what is asked for (RFC 7296 §2.9).
    let first = |set: &SelectorSet| SelectorSet::new(set.as_slice().first().copied().into_iter().collect());
    let (their_packet, our_packet) = (first(&theirs), first(&ours));
    let takes_packet = |policy: &&Arc<Policy>| {
        let SelectorPair { local, remote } = &policy.selectors;
        !local.narrow(&our_packet).is_empty() && !remote.narrow(&their_packet).is_empty()
    };
    let preferred = policies.iter().filter(|policy| takes_packet(policy));
    for policy in preferred.chain(policies.iter().filter(|policy| !takes_packet(policy))) {
        let Some(protect) = policy.protect() else { continue };
        let mut selectors = SelectorPair {
            local: policy.selectors.local.narrow(&ours),
            remote: policy.selectors.remote.narrow(&theirs),
        };
        let transport = protect.mode == Mode::Transport;
        if transport {
            if !request.transport || nat.any() {
                continue;
            }
            selectors = between(&selectors, path);
        }
        if selectors.local.is_empty() || selectors.remote.is_empty() {
            continue;
        }
        let chosen = match choose_child(&protect.proposals, &request.offer, pfs, request.hint) {
            Ok(chosen) => chosen,
            Err(mismatch) => {
                let reason = CloseReason::NoProposalChosen(Box::new(mismatch));
                refusal = Refusal { notify: NotifyType::NO_PROPOSAL_CHOSEN, reason };
                continue;
            }
        };
        let Some(outbound) = peer_spi(chosen.spi) else {
            let notify = NotifyType::NO_PROPOSAL_CHOSEN;
            return Err(Refusal { notify, reason: CloseReason::Protocol("a reserved SPI") });
        };
        let no_spi = Refusal { notify: NotifyType::NO_ADDITIONAL_SAS, reason: CloseReason::NoSpi };
        return Ok(Agreed {
            policy: Arc::clone(policy),
            suite: chosen.suite,
            mode: protect.mode,
            selectors: Arc::new(selectors),
            inbound: core.take_spi().ok_or(no_spi)?,
            outbound,
            number: chosen.number,
            by_peer: true,
        });
    }
    Err(refusal)
}

/// What transport mode can carry: packets between the two ends themselves (RFC 7296 §2.23.1).
fn between(selectors: &SelectorPair, path: &Path) -> SelectorPair {
    let host = |address| SelectorSet::from(Selector::addresses(AddressRange::single(address)));
    SelectorPair {
        local: selectors.local.narrow(&host(path.local.ip())),
        remote: selectors.remote.narrow(&host(path.remote.ip())),
    }
}

fn peer_spi(octets: &[u8]) -> Option<Spi> {
    Spi::from_be_bytes(octets.try_into().ok()?).ok()
}

impl Agreed {
    /// The answer's payloads: SA, the nonce and public value of CREATE_CHILD_SA, TSi, TSr.
    pub(crate) fn push_to(
        &self,
        chain: &mut ChainBuilder<'_>,
        nonce: Option<&[u8]>,
        public: Option<(KexId, &[u8])>,
    ) -> Result<(), EncodeError> {
        let (transforms, spi) = (child_answer(self.suite), self.inbound.to_be_bytes());
        let proposal = NewProposal {
            number: self.number,
            protocol: ProtocolId::ESP,
            spi: &spi,
            transforms: &transforms,
        };
        let ends = if self.by_peer {
            [&self.selectors.remote, &self.selectors.local]
        } else {
            [&self.selectors.local, &self.selectors.remote]
        };
        push_child(chain, &[proposal], nonce, public, ends, self.mode)
    }
}

/// What we offer.
pub(crate) struct Offer<'a> {
    pub(crate) policy: &'a Arc<Policy>,
    pub(crate) proposals: &'a [ChildProposal],
    mode: Mode,
    spi: Spi,
    /// What is offered: in the order of the payloads, and as a pair.
    local: SelectorSet,
    remote: SelectorSet,
    pfs: Pfs,
}

impl<'a> Offer<'a> {
    /// For the first Child SA, in IKE_AUTH: the policy's selectors, those of the packet in front.
    pub(crate) fn first(acquire: &'a Acquire, spi: Spi) -> Option<Self> {
        let protect = acquire.policy.protect()?;
        let (local, remote) = match &acquire.flow {
            Some(flow) => {
                let SelectorPair { local, remote } = acquire.policy.selectors_for(flow);
                (with_packet(&local, flow, true), with_packet(&remote, flow, false))
            }
            None => (acquire.policy.selectors.local.clone(), acquire.policy.selectors.remote.clone()),
        };
        Some(Self::new(&acquire.policy, protect, spi, (local, remote), Pfs::Ignored))
    }

    /// For a rekey: what the old SA takes, no less and no more (RFC 7296 §2.9.2).
    pub(crate) fn again(policy: &'a Arc<Policy>, selectors: &SelectorPair, spi: Spi) -> Option<Self> {
        let SelectorPair { local, remote } = selectors;
        Some(Self::new(policy, policy.protect()?, spi, (local.clone(), remote.clone()), Pfs::Wanted))
    }

    fn new(
        policy: &'a Arc<Policy>,
        protect: &'a Protect,
        spi: Spi,
        (local, remote): (SelectorSet, SelectorSet),
        pfs: Pfs,
    ) -> Self {
        Self { policy, proposals: &protect.proposals, mode: protect.mode, spi, local, remote, pfs }
    }

    pub(crate) fn push_to(
        &self,
        chain: &mut ChainBuilder<'_>,
        nonce: Option<&[u8]>,
        public: Option<(KexId, &[u8])>,
    ) -> Result<(), EncodeError> {
        let spi = self.spi.to_be_bytes();
        let transforms: Vec<_> = self.proposals.iter().map(|own| child_transforms(own, self.pfs)).collect();
        let proposals: Vec<_> = transforms
            .iter()
            .zip(1..=u8::MAX)
            .map(|(transforms, number)| NewProposal {
                number,
                protocol: ProtocolId::ESP,
                spi: &spi,
                transforms,
            })
            .collect();
        push_child(chain, &proposals, nonce, public, [&self.local, &self.remote], self.mode)
    }

    /// Whether the answer is one to this offer (RFC 7296 §2.7, §2.9). Where it is not, the second part of the error is
    /// the SA that the peer has made all the same, to be deleted.
    pub(crate) fn accept(
        &self,
        chosen: Option<Chosen<'_, ChildSuite>>,
        ts_i: &TrafficSelectors<'_>,
        ts_r: &TrafficSelectors<'_>,
        transport: bool,
        path: Path,
        nat: Nat,
    ) -> Result<Agreed, (CloseReason, Option<Box<Child>>)> {
        let Some(chosen) = chosen else {
            return Err((CloseReason::Protocol("an answer that was not offered"), None));
        };
        let Some(outbound) = peer_spi(chosen.spi) else {
            return Err((CloseReason::Protocol("a reserved SPI"), None));
        };
        let mut selectors = SelectorPair { local: from_wire(ts_i), remote: from_wire(ts_r) };
        let subset = !selectors.local.is_empty()
            && !selectors.remote.is_empty()
            && self.local.contains(&selectors.local)
            && self.remote.contains(&selectors.remote);
        let wrong_mode = transport != (self.mode == Mode::Transport);
        let reason = if !subset {
            Some(CloseReason::TsUnacceptable)
        } else if wrong_mode || (transport && nat.any()) {
            Some(CloseReason::TransportMode)
        } else {
            None
        };
        if reason.is_none() && transport {
            selectors = between(&selectors, &path);
        }
        let agreed = Agreed {
            policy: Arc::clone(self.policy),
            suite: chosen.suite,
            mode: self.mode,
            selectors: Arc::new(selectors),
            inbound: self.spi,
            outbound,
            number: chosen.number,
            by_peer: false,
        };
        match reason {
            None => Ok(agreed),
            Some(reason) => Err((reason, Some(Box::new(agreed.child(ChildSaId(0), false))))),
        }
    }
}

fn push_child(
    chain: &mut ChainBuilder<'_>,
    proposals: &[NewProposal<'_>],
    nonce: Option<&[u8]>,
    public: Option<(KexId, &[u8])>,
    [ts_i, ts_r]: [&SelectorSet; 2],
    mode: Mode,
) -> Result<(), EncodeError> {
    if mode == Mode::Transport {
        chain.push(PayloadType::NOTIFY, &Notify::new(NotifyType::USE_TRANSPORT_MODE))?;
    }
    chain.push(PayloadType::SA, &NewSa { proposals })?;
    if let Some(nonce) = nonce {
        chain.push(PayloadType::NONCE, &Nonce::new(nonce))?;
    }
    if let Some((kex, public)) = public {
        chain.push(PayloadType::KE, &KeyExchange::new(KeyExchangeMethod(kex.ikev2()), public))?;
    }
    chain
        .push(PayloadType::TSI, &NewTrafficSelectors { selectors: &to_wire(ts_i) })?
        .push(PayloadType::TSR, &NewTrafficSelectors { selectors: &to_wire(ts_r) })?;
    Ok(())
}

impl Agreed {
    /// What we remember of it.
    pub(crate) fn child(&self, id: ChildSaId, known: bool) -> Child {
        Child {
            id,
            inbound: self.inbound,
            outbound: self.outbound,
            selectors: Arc::clone(&self.selectors),
            policy: Arc::clone(&self.policy),
            known,
            doomed: false,
            deleting: false,
            successor: None,
            moved: false,
            retry_at: None,
        }
    }
}

/// Derives the keys of both directions. `by_peer` says that the peer is the initiator of the exchange, whose packets
/// the first keys are for (RFC 7296 §2.17).
#[expect(clippy::too_many_arguments, reason = "the inputs of the key derivation")]
pub(crate) fn make(
    ike: IkeSaId,
    keys: &Keys,
    agreed: &Agreed,
    (nonce_i, nonce_r): (&[u8], &[u8]),
    shared: Option<&Secret>,
    by_peer: bool,
    path: Path,
    core: &mut Core,
) -> Result<Made, CryptoError> {
    let protection = agreed.suite.protection;
    let ChildKeys { initiator_to_responder, responder_to_initiator } = ChildKeys::derive(
        &core.provider,
        keys.prf,
        &keys.sk_d,
        shared.as_slice(),
        nonce_i,
        nonce_r,
        protection,
    )?;
    let (inbound, outbound) = if by_peer {
        (initiator_to_responder, responder_to_initiator)
    } else {
        (responder_to_initiator, initiator_to_responder)
    };
    let protect = agreed.policy.protect().ok_or(CryptoError::Invalid("policy"))?;
    let limits = [(); 2].map(|()| protect.limits.jittered(protect.jitter, core.jitter()));
    let [inbound, outbound] = [(agreed.inbound, inbound, limits[0]), (agreed.outbound, outbound, limits[1])]
        .map(|(spi, SaKeys { encryption, integrity }, limits)| SaMaterial {
            spi,
            params: SaParams {
                extended_sequence_numbers: agreed.suite.extended,
                replay_window: protect.replay_window,
                limits,
                ..SaParams::new(protection, agreed.mode)
            },
            encryption: has_key(protection).then_some(encryption),
            integrity,
        });
    if let Some(key_log) = &core.config.key_log {
        let (local, remote) = (path.local.ip(), path.remote.ip());
        key_log.child_sa(&ChildSaKeys { source: remote, destination: local, material: &inbound });
        key_log.child_sa(&ChildSaKeys { source: local, destination: remote, material: &outbound });
    }
    let id = core.next_child();
    let lifetimes = protect.lifetimes.jittered(protect.jitter, core.jitter());
    let sa = Box::new(ChildSa {
        id,
        ike,
        protocol: SaProtocol::Esp,
        inbound,
        outbound,
        selectors: Arc::clone(&agreed.selectors),
        policy: Arc::clone(&agreed.policy),
        lifetimes,
        path,
    });
    Ok(Made { child: agreed.child(id, true), sa })
}

/// NULL encryption has no key (RFC 2410).
const fn has_key(protection: Protection) -> bool {
    protection.encryption_key_len() > 0
}
