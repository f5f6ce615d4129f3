//! CREATE_CHILD_SA for the rekeying of Child SAs, by either end, with and without perfect forward secrecy
//! (RFC 7296 §1.3.3, §2.8, §2.8.1).

use crate::event::{ChildSaId, CloseReason, Event};
use crate::v2::child::{self, ChildRequest, Made, Offer};
use crate::v2::contents::Contents;
use crate::v2::core::Core;
use crate::v2::init::NONCE_LEN;
use crate::v2::keys::Chain;
use crate::v2::proposal::{Pfs, accept_child};
use crate::v2::sa::{Exchange, IkeSa, Reply, Stage, Task, notify_with};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use ikev2_wire::{ExchangeType, Notify, NotifyType, PayloadType, ProtocolId};
use ipsec_crypto_suite::{ActiveKex, CryptoError, KexId, Secret};
use ipsec_sa_db::{Policy, SelectorPair};
use ipsec_types::{Instant, Spi};

/// Our rekey of a Child SA, under way.
pub(crate) struct Rekeying {
    pub(crate) old: ChildSaId,
    /// Of the old SA, which may be gone before the response comes.
    policy: Arc<Policy>,
    selectors: Arc<SelectorPair>,
    /// The SPI we shall receive on.
    pub(crate) spi: Spi,
    nonce: Vec<u8>,
    kex: Option<(KexId, Box<dyn ActiveKex>)>,
    /// How often the peer had us take another method.
    restarts: u32,
    /// The peer's rekey of the same SA, if that came meanwhile: the lower of its nonces.
    pub(crate) rival: Option<Vec<u8>>,
}

/// A method that the peer wants instead is tried so often.
const RESTARTS: u32 = 2;

/// Sends the request; `method` is what the peer wants the public value to be of.
pub(crate) fn start(
    sa: &mut IkeSa,
    now: Instant,
    old: ChildSaId,
    method: Option<(KexId, u32)>,
    core: &mut Core,
) -> Result<(), CloseReason> {
    let Some(child) = sa.child(old).filter(|child| !child.doomed && child.successor.is_none()) else {
        return Ok(());
    };
    let proposals = child.policy.protect().map(|protect| &protect.proposals[..]).unwrap_or_default();
    let first = proposals.first().and_then(|own| own.key_exchanges.first().copied());
    let (kex, restarts) = method.map_or((first, 0), |(kex, restarts)| (Some(kex), restarts));
    let Some(spi) = core.take_spi() else {
        core.emit(Event::RekeyFailed { id: old, reason: CloseReason::NoSpi });
        sa.retry_later(now, old, core);
        return Ok(());
    };
    match request(sa, old, spi, kex, restarts, core) {
        Ok((chain, rekeying)) => {
            sa.active = Some(Exchange::Rekey(Box::new(rekeying)));
            sa.request(now, ExchangeType::CREATE_CHILD_SA, &chain, 0, core)
        }
        Err(error) => {
            core.release_spi(spi);
            Err(CloseReason::Crypto(error))
        }
    }
}

fn request(
    sa: &mut IkeSa,
    old: ChildSaId,
    spi: Spi,
    kex: Option<KexId>,
    restarts: u32,
    core: &mut Core,
) -> Result<(Chain, Rekeying), CryptoError> {
    let nonce = core.octets(NONCE_LEN)?;
    let kex = match kex {
        Some(kex) => Some((kex, core.provider.key_exchange(kex)?.start(&mut *core.rng)?)),
        None => None,
    };
    let unknown = CryptoError::Invalid("Child SA");
    let child = sa.child(old).ok_or(unknown)?;
    let named = child.inbound.to_be_bytes();
    let (policy, selectors) = (Arc::clone(&child.policy), Arc::clone(&child.selectors));
    let offer = Offer::again(&policy, &selectors, spi).ok_or(unknown)?;
    let public = kex.as_ref().map(|(kex, active)| (*kex, active.public()));
    let chain = Chain::build(|chain| {
        let notify = Notify::new(NotifyType::REKEY_SA).with_spi(ProtocolId::ESP, &named);
        chain.push(PayloadType::NOTIFY, &notify)?;
        offer.push_to(chain, Some(&nonce), public)
    })?;
    Ok((chain, Rekeying { old, policy, selectors, spi, nonce, kex, restarts, rival: None }))
}

/// Answers a request of CREATE_CHILD_SA.
pub(crate) fn respond(
    sa: &mut IkeSa,
    contents: &Contents<'_>,
    core: &mut Core,
) -> Result<Reply, CryptoError> {
    // No children for an SA that goes (RFC 7296 §2.25.2).
    if sa.stage() != Stage::Established {
        return Reply::notify(NotifyType::TEMPORARY_FAILURE);
    }
    let Some(named) = contents.notify(NotifyType::REKEY_SA) else {
        // Rekeying of the IKE SA, or one more Child SA (RFC 7296 §4).
        return Reply::notify(NotifyType::NO_ADDITIONAL_SAS);
    };
    let (Some(offer), Some(nonce), Some(ts_i), Some(ts_r)) =
        (contents.sa, contents.nonce, contents.ts_i, contents.ts_r)
    else {
        let reason = CloseReason::Protocol("CREATE_CHILD_SA without SA, Ni, TSi or TSr");
        return Reply::fatal(NotifyType::INVALID_SYNTAX, reason);
    };
    let spi = <[u8; 4]>::try_from(named.spi()).ok().and_then(|octets| Spi::from_be_bytes(octets).ok());
    let known = sa
        .children
        .iter()
        .find(|child| named.protocol() == ProtocolId::ESP && Some(child.outbound) == spi && child.known);
    let Some(old) = known else {
        let notify = Notify::new(NotifyType::CHILD_SA_NOT_FOUND).with_spi(named.protocol(), named.spi());
        return Chain::build(|chain| chain.push(PayloadType::NOTIFY, &notify).map(|_| ())).map(Reply::new);
    };
    // It goes, or is replaced already (RFC 7296 §2.25.1).
    if old.doomed || old.successor.is_some() {
        return Reply::notify(NotifyType::TEMPORARY_FAILURE);
    }
    let (old_id, old_selectors) = (old.id, Arc::clone(&old.selectors));
    let policies = [Arc::clone(&old.policy)];
    let transport = contents.notify(NotifyType::USE_TRANSPORT_MODE).is_some();
    let hint = contents.ke.map(|ke| ke.method().0);
    let request = ChildRequest { offer, ts_i, ts_r, transport, hint };
    let agreed = match child::agree(&policies, &request, Pfs::Wanted, &sa.path, sa.nat, core) {
        Ok(agreed) => agreed,
        Err(refusal) => {
            core.emit(Event::RekeyFailed { id: old_id, reason: refusal.reason });
            return Reply::notify(refusal.notify);
        }
    };
    let inbound = agreed.inbound;
    match take_place(sa, old_id, &old_selectors, &agreed, nonce.data(), contents, core) {
        Ok(Ok(reply)) => Ok(reply),
        // Whatever was not made does not need its SPI.
        Ok(Err(refused)) => {
            core.release_spi(inbound);
            Ok(refused)
        }
        Err(error) => {
            core.release_spi(inbound);
            Err(error)
        }
    }
}

/// Makes the Child SA that takes the place of another, as agreed; the inner error is an answer that refuses it.
fn take_place(
    sa: &mut IkeSa,
    old: ChildSaId,
    old_selectors: &SelectorPair,
    agreed: &child::Agreed,
    nonce_i: &[u8],
    contents: &Contents<'_>,
    core: &mut Core,
) -> Result<Result<Reply, Reply>, CryptoError> {
    // No narrower than what it replaces (RFC 7296 §2.9.2).
    if !agreed.selectors.local.contains(&old_selectors.local)
        || !agreed.selectors.remote.contains(&old_selectors.remote)
    {
        core.emit(Event::RekeyFailed { id: old, reason: CloseReason::TsUnacceptable });
        return Reply::notify(NotifyType::TS_UNACCEPTABLE).map(Err);
    }
    let exchanged = match (agreed.suite.kex, contents.ke) {
        (None, _) => None,
        (Some(kex), Some(ke)) if ke.method().0 == kex.ikev2() => {
            match core.provider.key_exchange(kex)?.respond(&mut *core.rng, ke.data()) {
                Ok((own, shared)) => Some((kex, own, shared)),
                Err(CryptoError::Randomness) => return Err(CryptoError::Randomness),
                // RFC 6989 §2.5: a public value that fails its checks ends the IKE SA here.
                Err(_) => {
                    let reason = CloseReason::Protocol("a public value that fails its checks");
                    return Reply::fatal(NotifyType::INVALID_SYNTAX, reason).map(Err);
                }
            }
        }
        (Some(kex), _) => {
            let chain = notify_with(NotifyType::INVALID_KE_PAYLOAD, &kex.ikev2().to_be_bytes())?;
            return Ok(Err(Reply::new(chain)));
        }
    };
    let nonce_r = core.octets(NONCE_LEN)?;
    let shared = exchanged.as_ref().map(|(_, _, shared)| shared);
    let (ike, path) = (sa.id, sa.path);
    let keys = sa.established().ok_or(CryptoError::Invalid("state"))?;
    let (nonces, by_peer) = ((nonce_i, &nonce_r[..]), true);
    let Made { child, sa: child_sa } = child::make(ike, keys, agreed, nonces, shared, by_peer, path, core)?;
    let public = exchanged.as_ref().map(|(kex, own, _)| (*kex, &own[..]));
    let chain = Chain::build(|chain| agreed.push_to(chain, Some(&nonce_r), public))?;
    if let Some(Exchange::Rekey(ours)) = &mut sa.active
        && ours.old == old
    {
        ours.rival = Some(nonce_i.min(&nonce_r).to_vec());
    }
    sa.queue.retain(|task| *task != Task::Rekey(old));
    replace(sa, old, child, core);
    core.emit(Event::ChildSaRekeyed { old, new: child_sa });
    Ok(Ok(Reply { chain, hold: true, then: None }))
}

/// Notes that a Child SA takes the place of another.
fn replace(sa: &mut IkeSa, old: ChildSaId, new: child::Child, core: &mut Core) {
    if let Some(old) = sa.child(old) {
        old.successor = Some(new.id);
        old.moved = false;
        old.retry_at = None;
    }
    sa.add_child(new, core);
}

/// Takes the response to our request.
pub(crate) fn conclude(
    sa: &mut IkeSa,
    now: Instant,
    own: Rekeying,
    contents: &Contents<'_>,
    core: &mut Core,
) -> Result<(), CloseReason> {
    let (Some(answer), Some(nonce), Some(ts_i), Some(ts_r)) =
        (contents.sa, contents.nonce, contents.ts_i, contents.ts_r)
    else {
        return refused(sa, now, own, contents, core);
    };
    let Rekeying { old, policy, selectors, spi, nonce: nonce_i, kex, rival, .. } = own;
    let proposals = policy.protect().map(|protect| &protect.proposals[..]).unwrap_or_default();
    let transport = contents.notify(NotifyType::USE_TRANSPORT_MODE).is_some();
    let broken = |what| Err(CloseReason::Protocol(what));
    let Some(offer) = Offer::again(&policy, &selectors, spi) else { return broken("policy") };
    let chosen = accept_child(proposals, &answer, Pfs::Wanted);
    let agreed = offer.accept(chosen, &ts_i, &ts_r, transport, sa.path, sa.nat);
    let narrower = |pair: &SelectorPair| {
        !pair.local.contains(&selectors.local) || !pair.remote.contains(&selectors.remote)
    };
    let agreed = match agreed {
        Ok(agreed) if narrower(&agreed.selectors) => {
            let unwanted = agreed.child(old, false);
            Err((CloseReason::TsUnacceptable, Some(Box::new(unwanted))))
        }
        agreed => agreed,
    };
    let agreed = match agreed {
        Ok(agreed) => agreed,
        Err((reason, Some(unwanted))) => {
            core.emit(Event::RekeyFailed { id: old, reason: reason.clone() });
            sa.delete_unwanted(*unwanted, reason, core);
            return Ok(());
        }
        // An answer that was not offered: nothing of it can be used, and the peer has made an SA (RFC 7296 §2.7).
        Err((reason, None)) => {
            core.release_spi(spi);
            core.emit(Event::RekeyFailed { id: old, reason });
            sa.enqueue(Task::DeleteIke);
            return Ok(());
        }
    };
    let shared = match shared(kex, &agreed, contents) {
        Ok(shared) => shared,
        // RFC 6989 §2.5: the IKE SA is deleted, with a Delete.
        Err(reason) => {
            core.release_spi(spi);
            core.emit(Event::RekeyFailed { id: old, reason });
            sa.enqueue(Task::DeleteIke);
            return Ok(());
        }
    };
    let (ike, path) = (sa.id, sa.path);
    let keys = sa.established().ok_or(CloseReason::Protocol("state"))?;
    let nonces = (&nonce_i[..], nonce.data());
    let by_peer = false;
    let made = child::make(ike, keys, &agreed, nonces, shared.as_ref(), by_peer, path, core);
    let Made { child, sa: child_sa } = made.map_err(|error| {
        core.release_spi(spi);
        CloseReason::Crypto(error)
    })?;
    let (new, lowest) = (child.id, (&nonce_i[..]).min(nonce.data()));
    core.emit(Event::ChildSaRekeyed { old, new: child_sa });
    // Both ends rekeyed at once: the SA made with the lowest of the four nonces goes, by the hand of the end that made
    // it; the other end deletes what was replaced (RFC 7296 §2.8.1).
    if rival.is_some_and(|rival| lowest < &rival[..]) {
        sa.add_child(child, core);
        sa.doom(new, CloseReason::Redundant);
        return Ok(());
    }
    replace(sa, old, child, core);
    // Also where the old SA is gone, or its packets were moved to the rival, which the peer deletes.
    core.emit(Event::OutboundMoved { from: old, to: new });
    sa.note_moved(old);
    if sa.child(old).is_some_and(|old| old.doomed) {
        // The application deleted it in the meantime: what takes its place is not wanted either.
        sa.doom(new, CloseReason::Deleted);
    }
    sa.doom(old, CloseReason::Rekeyed);
    Ok(())
}

/// The shared secret, where there is to be one.
fn shared(
    kex: Option<(KexId, Box<dyn ActiveKex>)>,
    agreed: &child::Agreed,
    contents: &Contents<'_>,
) -> Result<Option<Secret>, CloseReason> {
    match (agreed.suite.kex, kex, contents.ke) {
        (None, _, None) => Ok(None),
        (Some(method), Some((kex, active)), Some(ke)) if kex == method && ke.method().0 == kex.ikev2() => {
            active.complete(ke.data()).map(Some).map_err(CloseReason::Crypto)
        }
        _ => Err(CloseReason::Protocol("an answer that was not offered")),
    }
}

/// The peer said no.
fn refused(
    sa: &mut IkeSa,
    now: Instant,
    own: Rekeying,
    contents: &Contents<'_>,
    core: &mut Core,
) -> Result<(), CloseReason> {
    core.release_spi(own.spi);
    let Some(notify) = contents.error() else {
        return Err(CloseReason::Protocol("CREATE_CHILD_SA without SA, Nr, TSi or TSr"));
    };
    let old = own.old;
    let stands = sa.child(old).is_some_and(|child| child.successor.is_none());
    match notify.kind() {
        // The peer sees the IKE SA as gone (RFC 7296 §2.21.3).
        NotifyType::INVALID_SYNTAX => return Err(CloseReason::Refused(NotifyType::INVALID_SYNTAX)),
        _ if !stands => {}
        NotifyType::INVALID_KE_PAYLOAD => {
            if let Some(kex) = other_method(sa, &own, notify.data()) {
                return start(sa, now, old, Some((kex, own.restarts + 1)), core);
            }
            core.emit(Event::RekeyFailed { id: old, reason: CloseReason::Refused(notify.kind()) });
        }
        NotifyType::TEMPORARY_FAILURE => sa.retry_later(now, old, core),
        NotifyType::CHILD_SA_NOT_FOUND => sa.remove_child(old, CloseReason::Unknown, core),
        kind => core.emit(Event::RekeyFailed { id: old, reason: CloseReason::Refused(kind) }),
    }
    Ok(())
}

/// The method that the peer wants, if it is one of ours and not the one it refused.
fn other_method(sa: &mut IkeSa, own: &Rekeying, data: &[u8]) -> Option<KexId> {
    let kex = KexId::from_ikev2(u16::from_be_bytes(data.try_into().ok()?))?;
    let refused = own.kex.as_ref().is_some_and(|(refused, _)| *refused == kex);
    let child = sa.child(own.old)?;
    let ours = &child.policy.protect()?.proposals;
    let offered = ours.iter().any(|proposal| proposal.key_exchanges.contains(&kex));
    (offered && !refused && own.restarts < RESTARTS).then_some(kex)
}
