//! What IKE and the SAD tell, and the Child SAs that come and go with it.

use super::{Gateway, Half, Installed, Outbound};
use crate::outcome::Event;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use ipsec_crypto_suite::CryptoError;
use ipsec_esp::{InboundSa, OutboundSa};
use ipsec_ike::{AnySaId, ChildSa, ChildSaId, CloseReason, IkeSaId};
use ipsec_sa_db::{OutboundPlace, SadEvent};
use ipsec_types::Instant;

impl Gateway {
    /// Carries events of the databases to IKE, and of IKE to the databases, until nothing is left.
    pub(super) fn process(&mut self, now: Instant) {
        loop {
            if let Some(event) = self.sad.poll_event() {
                self.handle_sad_event(now, event);
            } else if let Some(event) = self.endpoint.poll_event() {
                self.handle_ike_event(now, event);
            } else {
                return;
            }
        }
    }

    pub(super) fn handle_sad_event(&mut self, now: Instant, event: SadEvent) {
        match event {
            SadEvent::SoftExpired { id } => {
                let Some(child) = self.sad.get(id).map(Half::child) else { return };
                // Where it is being replaced or goes already there is nothing to do.
                let _ = if self.is_to_lapse(child) {
                    self.endpoint.delete(now, AnySaId::Child(child))
                } else {
                    self.endpoint.rekey(now, AnySaId::Child(child))
                };
            }
            SadEvent::HardExpired { id } => {
                let gone = |child: &Installed| {
                    child.inbound == id || matches!(child.outbound, Outbound::Used(own) if own == id)
                };
                let child = self.children.iter_mut().find(|(_, child)| gone(child));
                if let Some((child, installed)) = child {
                    // Nothing more goes out on the other half either.
                    if let Outbound::Used(outbound) =
                        core::mem::replace(&mut installed.outbound, Outbound::Gone)
                    {
                        self.sad.remove(outbound);
                    }
                    let child = *child;
                    let _ = self.endpoint.delete(now, AnySaId::Child(child));
                }
            }
            // An idle SA costs nothing: it ends with its lifetime.
            SadEvent::Idle { .. } | _ => {}
        }
    }

    /// Whether a Child SA took no packet in all its life, and its policy wants such SAs to end: the next packet brings
    /// another.
    pub(super) fn is_to_lapse(&self, child: ChildSaId) -> bool {
        let Some(child) = self.children.get(&child) else { return false };
        let protect = self.spd.get(child.policy).and_then(|policy| policy.protect());
        let unused = |id| self.sad.usage(id).is_none_or(|usage| usage.packets == 0);
        let outbound_unused = match child.outbound {
            Outbound::Used(id) => unused(id),
            Outbound::Waiting(..) | Outbound::Gone => true,
        };
        protect.is_some_and(|protect| !protect.renew_unused) && unused(child.inbound) && outbound_unused
    }

    pub(super) fn handle_ike_event(&mut self, now: Instant, event: ipsec_ike::Event) {
        use ipsec_ike::Event as Ike;
        match event {
            Ike::SpisWanted { protocol, count } => {
                let spis: Vec<_> = (0..count).map_while(|_| self.sad.reserve(&mut *self.rng).ok()).collect();
                self.endpoint.offer_spis(protocol, spis);
            }
            Ike::SpiReleased { spi, .. } => self.sad.release(spi),
            Ike::IkeSaEstablished { id, peer, identity } => {
                self.events.push_back(Event::IkeSaEstablished { id, peer, identity });
            }
            Ike::IkeSaClosed { id, reason } => {
                self.give_up(now, id, &reason);
                self.events.push_back(Event::IkeSaClosed { id, reason });
            }
            Ike::ChildSaEstablished(child) => self.install(now, child, None),
            Ike::ChildSaRekeyed { old, new } => self.install(now, new, Some(old)),
            Ike::ChildSaFailed { ike, reason } => {
                let ours = self.give_up(now, ike, &reason);
                self.delete_if_useless(now, ike);
                self.events.extend((!ours).then_some(Event::ChildSaRefused { ike, reason }));
            }
            Ike::OutboundMoved { from, to } => self.move_outbound(from, to),
            Ike::RekeyFailed { id, reason } => self.events.push_back(Event::RekeyFailed { id, reason }),
            Ike::ChildSaClosed { id, reason } => {
                if let Some(child) = self.children.remove(&id) {
                    self.sad.remove(child.inbound);
                    if let Outbound::Used(outbound) = child.outbound {
                        self.sad.remove(outbound);
                    }
                    self.events.push_back(Event::ChildSaClosed { id, reason });
                    self.delete_if_useless(now, child.ike);
                }
            }
            Ike::PathChanged { id, path } => {
                self.children
                    .values_mut()
                    .filter(|child| child.ike == id)
                    .for_each(|child| child.path = path);
                self.events.push_back(Event::PathChanged { id, path });
            }
            _ => {}
        }
    }

    /// Installs both directions of a Child SA; one that replaces another is sent on later.
    pub(super) fn install(&mut self, now: Instant, sa: Box<ChildSa>, replaces: Option<ChildSaId>) {
        let ChildSa { id, ike, inbound, outbound, selectors, policy, lifetimes, path, .. } = *sa;
        let known = self.spd.id_of(&policy);
        let (spi_in, spi_out, mode) = (inbound.spi, outbound.spi, inbound.params.mode);
        let built = InboundSa::new(&self.provider, inbound, Arc::clone(&selectors))
            .and_then(|inbound| Ok((inbound, OutboundSa::new(&self.provider, &mut *self.rng, outbound)?)));
        let installed = match (built, known) {
            (Ok((inbound, outbound)), Some(policy)) => {
                let half = Half::Inbound(id, inbound);
                self.sad.insert_inbound(now, spi_in, half, lifetimes).ok().map(|inbound| {
                    let outbound = Outbound::Waiting(Box::new(outbound), lifetimes, now);
                    let selectors = Arc::clone(&selectors);
                    (policy, Installed { ike, policy, path, mode, selectors, inbound, outbound })
                })
            }
            _ => None,
        };
        let Some((policy, installed)) = installed else {
            // An SA that cannot be used here is of no use to the peer either.
            self.sad.release(spi_in);
            self.give_up(now, ike, &CloseReason::Crypto(CryptoError::Invalid("Child SA")));
            let _ = self.endpoint.delete(now, AnySaId::Child(id));
            return;
        };
        self.children.insert(id, installed);
        self.events.push_back(Event::ChildSaEstablished {
            id,
            ike,
            replaces,
            selectors,
            inbound: spi_in,
            outbound: spi_out,
            path,
        });
        if replaces.is_none() {
            self.use_outbound(id);
            self.flush(now, policy);
        }
    }

    pub(super) fn move_outbound(&mut self, from: ChildSaId, to: ChildSaId) {
        self.use_outbound(to);
        // Whatever was sent on before in place of `from`, also a rival of `to`.
        let Some((ike, policy)) = self.children.get(&to).map(|child| (child.ike, child.policy)) else {
            return;
        };
        for (id, child) in &mut self.children {
            let replaced = *id == from || (*id != to && child.ike == ike && child.policy == policy);
            if replaced && let Outbound::Used(outbound) = child.outbound {
                child.outbound = Outbound::Gone;
                self.sad.remove(outbound);
            }
        }
        self.events.push_back(Event::OutboundMoved { from, to });
    }

    /// Makes a Child SA one that packets go out on.
    pub(super) fn use_outbound(&mut self, id: ChildSaId) {
        let Some(child) = self.children.get_mut(&id) else { return };
        if !matches!(child.outbound, Outbound::Waiting(..)) {
            return;
        }
        let waiting = core::mem::replace(&mut child.outbound, Outbound::Gone);
        if let Outbound::Waiting(sa, lifetimes, since) = waiting {
            let place = OutboundPlace { policy: child.policy, selectors: &child.selectors, cpu: None };
            if let Ok(outbound) = self.sad.insert_outbound(since, place, Half::Outbound(id, *sa), lifetimes) {
                child.outbound = Outbound::Used(outbound);
            }
        }
    }

    /// Deletes an IKE SA that has no Child SA: it cannot make another.
    pub(super) fn delete_if_useless(&mut self, now: Instant, ike: IkeSaId) {
        let used = self.children.values().any(|child| child.ike == ike)
            || self.acquiring.values().any(|acquiring| acquiring.ike == ike);
        if !used {
            // Where it goes already there is nothing to do.
            let _ = self.endpoint.delete(now, AnySaId::Ike(ike));
        }
    }
}
