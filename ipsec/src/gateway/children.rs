//! What IKE and the SAD tell, and the Child SAs that come and go with it.

use super::{Gateway, Half, Installed, Outbound};
use crate::outcome::Event;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use ipsec_crypto_suite::CryptoError;
use ipsec_esp::{InboundSa, OutboundSa};
use ipsec_ike::{AnySaId, ChildSa, ChildSaId, CloseReason, IkeSaId};
use ipsec_ip_packet::{PathMtu, Tunnel, TunnelError};
use ipsec_sa_db::{Mode, OutboundPlace, Policy, SadEvent};
use ipsec_types::{Carrier, Instant, Path, Spi};

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
                    self.forget_outbound_spi(child.outbound_spi, id);
                    self.sad.remove(child.inbound);
                    if let Outbound::Used(outbound) = child.outbound {
                        self.sad.remove(outbound);
                    }
                    self.events.push_back(Event::ChildSaClosed { id, reason });
                    self.delete_if_useless(now, child.ike);
                }
            }
            Ike::PathChanged { id, path } => {
                self.move_children(now, id, path);
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
        let tunnel = self.tunnel_of(&policy, mode, &path);
        let built = InboundSa::new(&self.provider, inbound, Arc::clone(&selectors))
            .and_then(|inbound| Ok((inbound, OutboundSa::new(&self.provider, &mut *self.rng, outbound)?)));
        let installed = match (built, tunnel, known) {
            (Ok((inbound, outbound)), Ok((tunnel, esp_path)), Some(policy)) => {
                let half = Half::Inbound(id, inbound);
                let mtu = self.path_mtu_of(replaces, &esp_path);
                self.sad.insert_inbound(now, spi_in, half, lifetimes).ok().map(|inbound| {
                    let outbound = Outbound::Waiting(Box::new(outbound), lifetimes, now);
                    let selectors = Arc::clone(&selectors);
                    let outbound_spi = spi_out;
                    let installed = Installed {
                        ike,
                        policy,
                        path,
                        esp_path,
                        mode,
                        tunnel,
                        mtu,
                        outbound_spi,
                        selectors,
                        inbound,
                        outbound,
                    };
                    (policy, installed)
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
        let path = installed.esp_path;
        self.children.insert(id, installed);
        self.outbound_spis.entry(spi_out).or_default().push(id);
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

    /// The tunnel of an SA, in tunnel mode, and where its packets go. Packets in a TCP stream have no outer headers of their
    /// own, and so no tunnel that would make them (RFC 9329 §9.5).
    fn tunnel_of(
        &mut self,
        policy: &Policy,
        mode: Mode,
        path: &Path,
    ) -> Result<(Option<Tunnel>, Path), TunnelError> {
        let header = match policy.protect() {
            Some(protect) if mode == Mode::Tunnel && path.carrier != Carrier::Tcp => &protect.tunnel_header,
            Some(_) | None => return Ok((None, *path)),
        };
        let mut tunnel = header.on(path)?;
        let mut first = [0; 2];
        // Counting from 0 is no worse than what most hosts do.
        let _ = self.rng.fill(&mut first);
        tunnel.start_identification(u16::from_be_bytes(first));
        let (local, remote) = header.ends(path);
        let mut esp_path = *path;
        esp_path.local.set_ip(local);
        esp_path.remote.set_ip(remote);
        Ok((Some(tunnel), esp_path))
    }

    /// What is known of the way of a new SA: as much as of the one that it replaces.
    fn path_mtu_of(&self, replaces: Option<ChildSaId>, path: &Path) -> PathMtu {
        match replaces.and_then(|old| self.children.get(&old)) {
            Some(old) if old.esp_path == *path => old.mtu.clone(),
            Some(_) | None => Installed::path_mtu(path.remote.is_ipv6(), self.link_mtu, self.trust_icmp),
        }
    }

    /// The IKE SA is somewhere else, and with it the tunnels whose ends are not fixed.
    fn move_children(&mut self, now: Instant, ike: IkeSaId, path: Path) {
        let moved = self
            .children
            .iter()
            .filter(|(_, child)| child.ike == ike)
            .map(|(id, child)| (*id, child.policy, child.mode));
        for (id, policy, mode) in moved.collect::<Vec<_>>() {
            let Some(policy) = self.spd.get(policy).map(Arc::clone) else { continue };
            let Ok((tunnel, esp_path)) = self.tunnel_of(&policy, mode, &path) else {
                // Its fixed end cannot be reached from here.
                let _ = self.endpoint.delete(now, AnySaId::Child(id));
                continue;
            };
            let mtu = Installed::path_mtu(esp_path.remote.is_ipv6(), self.link_mtu, self.trust_icmp);
            if let Some(child) = self.children.get_mut(&id) {
                child.path = path;
                child.tunnel = tunnel;
                child.esp_path = esp_path;
                child.mtu = mtu;
            }
        }
    }

    fn forget_outbound_spi(&mut self, spi: Spi, id: ChildSaId) {
        if let Some(ids) = self.outbound_spis.get_mut(&spi) {
            ids.retain(|own| *own != id);
            if ids.is_empty() {
                self.outbound_spis.remove(&spi);
            }
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
