//! INFORMATIONAL: liveness and Delete (RFC 7296 §1.4).

use crate::event::{ChildSaId, CloseReason, Event};
use crate::v2::contents::Contents;
use crate::v2::core::Core;
use crate::v2::keys::Chain;
use crate::v2::sa::{Exchange, IkeSa, Reply, State, Task};
use alloc::vec::Vec;
use ikev2_wire::{ExchangeType, NewDelete, NotifyType, PayloadType, ProtocolId};
use ipsec_crypto_suite::CryptoError;
use ipsec_types::{Instant, Spi};

/// Sends a request.
pub(crate) fn start(sa: &mut IkeSa, now: Instant, task: Task, core: &mut Core) -> Result<(), CloseReason> {
    let (chain, exchange) = match task {
        Task::Liveness => (Chain::empty(), Exchange::Liveness),
        Task::DeleteIke => (delete_ike(), Exchange::DeleteIke),
        Task::DeleteChild(id, reason) => {
            let Some(child) = sa.child(id) else { return Ok(()) };
            child.deleting = true;
            let spis = [child.inbound];
            let chain = Chain::build(|chain| {
                chain.push(PayloadType::DELETE, &NewDelete::child(ProtocolId::ESP, &spis)).map(|_| ())
            });
            (chain.map_err(CloseReason::Crypto)?, Exchange::DeleteChild(id, reason))
        }
        Task::Rekey(_) => return Ok(()),
    };
    // What replaces an SA is installed before the peer hears that the SA goes.
    let after = core.after_events();
    sa.request(now, ExchangeType::INFORMATIONAL, &chain, after, core)?;
    if matches!(exchange, Exchange::DeleteIke)
        && let State::Established(keys) = core::mem::replace(&mut sa.state, State::Closed)
    {
        sa.state = State::Closing(keys);
    }
    sa.active = Some(exchange);
    Ok(())
}

/// Takes the response to a request of [`start`].
pub(crate) fn conclude(sa: &mut IkeSa, exchange: Exchange, core: &mut Core) {
    match exchange {
        Exchange::Liveness | Exchange::Rekey(_) => {}
        Exchange::DeleteChild(id, reason) => sa.remove_child(id, reason, core),
        Exchange::DeleteIke => sa.close(CloseReason::Deleted, core),
    }
}

/// Answers a request: every one is answered, and what it deletes is deleted (RFC 7296 §1.4, §1.4.1).
pub(crate) fn respond(
    sa: &mut IkeSa,
    contents: &Contents<'_>,
    core: &mut Core,
) -> Result<Reply, CryptoError> {
    // The peer found our last answer unreadable: the SA is gone there (RFC 7296 §2.21.3).
    if let Some(fatal) = contents
        .notifies()
        .map(|notify| notify.kind())
        .find(|kind| matches!(*kind, NotifyType::INVALID_SYNTAX | NotifyType::AUTHENTICATION_FAILED))
    {
        return Ok(Reply { then: Some(CloseReason::Refused(fatal)), ..Reply::new(Chain::empty()) });
    }
    if contents.deletes().any(|delete| delete.protocol() == ProtocolId::IKE) {
        return Ok(Reply { then: Some(CloseReason::DeletedByPeer), ..Reply::new(Chain::empty()) });
    }
    let mut spis = Vec::new();
    for delete in contents.deletes().filter(|delete| delete.protocol() == ProtocolId::ESP) {
        for octets in delete.spis() {
            let outbound =
                <[u8; 4]>::try_from(octets).ok().and_then(|octets| Spi::from_be_bytes(octets).ok());
            spis.extend(outbound.and_then(|outbound| delete_child(sa, outbound, core)));
        }
    }
    if spis.is_empty() {
        return Ok(Reply::new(Chain::empty()));
    }
    let chain = Chain::build(|chain| {
        chain.push(PayloadType::DELETE, &NewDelete::child(ProtocolId::ESP, &spis)).map(|_| ())
    })?;
    Ok(Reply::new(chain))
}

/// Deletes the Child SA that the peer receives on with this SPI; our SPI of the pair, unless the peer knows it from our
/// own Delete (RFC 7296 §1.4.1).
fn delete_child(sa: &mut IkeSa, outbound: Spi, core: &mut Core) -> Option<Spi> {
    let child = sa.children.iter().find(|child| child.outbound == outbound)?;
    let (id, inbound, crossing) = (child.id, child.inbound, child.deleting);
    sa.move_outbound(id, core);
    let replaced = sa.child(id).is_some_and(|child| child.successor.is_some());
    let reason = if replaced { CloseReason::Rekeyed } else { CloseReason::DeletedByPeer };
    sa.remove_child(id, reason, core);
    (!crossing).then_some(inbound)
}

fn delete_ike() -> Chain {
    Chain::build(|chain| chain.push(PayloadType::DELETE, &NewDelete::IKE).map(|_| ()))
        .unwrap_or_else(|_| Chain::empty())
}

impl IkeSa {
    /// Has the application send on the successor of a Child SA, unless it does already.
    pub(crate) fn move_outbound(&mut self, id: ChildSaId, core: &mut Core) {
        let Some(child) = self.child(id) else { return };
        let Some(to) = child.successor.filter(|_| !child.moved) else { return };
        self.note_moved(id);
        core.emit(Event::OutboundMoved { from: id, to });
    }

    /// Notes that nothing is sent on a Child SA any more, nor on those that it took the place of.
    pub(crate) fn note_moved(&mut self, id: ChildSaId) {
        let mut left = Vec::from([id]);
        while let Some(id) = left.pop() {
            for child in self.children.iter_mut().filter(|child| !child.moved) {
                if child.id == id {
                    child.moved = true;
                } else if child.successor == Some(id) {
                    left.push(child.id);
                }
            }
        }
    }
}
