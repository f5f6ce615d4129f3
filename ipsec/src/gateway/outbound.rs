//! Packets on their way out, and the SAs that are made for them.

use super::fragments::Decision;
use super::{
    Acquiring, Gateway, HEADROOM, HOLD_OFF, Half, HeldOff, Installed, LONGEST_HOLD_OFF, SAS_PER_POLICY,
    Sealed, TAILROOM, Via,
};
use crate::outcome::{DiscardReason, Event, Outgoing};
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use ipsec_esp::SealError;
use ipsec_ike::{Acquire, CloseReason, CommandError, IkeSaId};
use ipsec_ip_packet::{FlowKey, HeaderError, IpHeader, OuterHeader, Packet, SplitError};
use ipsec_sa_db::{Direction, Mode, Policy, PolicyId, Populate, SaId, Traffic};
use ipsec_types::{Instant, IpProtocol, Path};

impl Gateway {
    /// An IP packet on its way out: the packet's data, with room for ESP around it (see
    /// [`OutboundSa::room`](ipsec_esp::OutboundSa::room); 64 octets in front and 320 behind do for every suite).
    pub fn handle_outbound(&mut self, now: Instant, packet: &mut Packet<'_>) -> Outgoing {
        self.handle_outbound_via(now, Via::default(), packet)
    }

    /// The same for a packet that was routed to an interface, is marked, or is known to be somebody's: policies whose scope is
    /// that interface, mark or name take it, too.
    pub fn handle_outbound_via(&mut self, now: Instant, via: Via<'_>, packet: &mut Packet<'_>) -> Outgoing {
        self.expire(now);
        let flow = match packet.flow() {
            Ok(flow) => flow,
            Err(error) => return Outgoing::Discarded(DiscardReason::Malformed(error)),
        };
        let Via { interface, mark, name } = via;
        let traffic = Traffic { interface, mark, name, ..Traffic::new(Direction::Outbound, &flow) };
        let (id, policy) = match self.decide(now, &traffic, packet.data()) {
            Decision::Bypass => return Outgoing::Bypass,
            Decision::Discard(reason) => return Outgoing::Discarded(reason),
            Decision::Protect(id, policy) => (id, policy),
        };
        let outgoing = match self.usable(id, &flow) {
            Some(sa) => self.seal(now, sa, packet),
            None => self.acquire(now, id, policy, flow, packet.data()),
        };
        self.process(now);
        outgoing
    }

    /// The newest outbound SA of a policy that takes the flow.
    pub(super) fn usable(&self, policy: PolicyId, flow: &FlowKey) -> Option<SaId> {
        self.sad.outbound(policy, flow)
    }

    fn seal(&mut self, now: Instant, id: SaId, packet: &mut Packet<'_>) -> Outgoing {
        self.seal_with_outer(now, id, packet)
            .map_or_else(|outgoing| outgoing, |(path, _)| Outgoing::Protected(path))
    }

    /// Seals a packet; in tunnel mode behind the outer header of the policy.
    fn seal_with_outer(
        &mut self,
        now: Instant,
        id: SaId,
        packet: &mut Packet<'_>,
    ) -> Result<(Path, Option<OuterHeader>), Outgoing> {
        let gone = || Outgoing::Discarded(DiscardReason::Seal(SealError::Expired));
        let mut entry = self.sad.entry(id).ok_or_else(gone)?;
        let Half::Outbound(child_id, sa) = entry.sa() else { return Err(gone()) };
        let child_id = *child_id;
        let child = self.children.get_mut(&child_id).ok_or_else(gone)?;
        if let Some(mtu) = child.too_big(now, sa, packet.data()) {
            self.stats.too_big += 1;
            return Err(Outgoing::TooBig { mtu });
        }
        let outer = child.set_header(packet).map_err(Outgoing::Discarded)?;
        let limit = match sa.seal_in_place(packet) {
            Ok(limit) => limit,
            Err(error) => {
                // The packet is the caller's again, as it was.
                if outer.is_some() {
                    packet.discard_header();
                } else if child.mode == Mode::Transport {
                    let _ = packet.attach_header();
                }
                return Err(Outgoing::Discarded(DiscardReason::Seal(error)));
            }
        };
        entry.record_use(now, limit);
        self.endpoint.note_sent(now, child_id);
        if outer.is_none() && child.mode == Mode::Transport && packet.attach_header().is_err() {
            return Err(Outgoing::Discarded(DiscardReason::Seal(SealError::TooLong)));
        }
        Ok((child.esp_path, outer))
    }

    /// Starts IKE for a policy, once, and has the packet wait.
    pub(super) fn acquire(
        &mut self,
        now: Instant,
        id: PolicyId,
        policy: Arc<Policy>,
        flow: FlowKey,
        packet: &[u8],
    ) -> Outgoing {
        if self.held_off.get(&id).is_some_and(|held| now < held.until) {
            return Outgoing::Discarded(DiscardReason::HeldOff);
        }
        if !self.acquiring.contains_key(&id) {
            if self.sad.count_of(id) >= SAS_PER_POLICY {
                return Outgoing::Discarded(DiscardReason::TooManySas);
            }
            match self.initiate(now, policy, Some(flow)) {
                Ok(ike) => {
                    self.acquiring.insert(id, Acquiring { ike, flow: Some(flow), waiting: VecDeque::new() });
                }
                Err(error) => return Outgoing::Discarded(DiscardReason::Acquire(error)),
            }
        }
        match self.acquiring.get_mut(&id) {
            Some(acquiring) if acquiring.waiting.len() < self.acquire_queue => {
                acquiring.waiting.push_back(packet.to_vec());
                Outgoing::Queued
            }
            _ => Outgoing::Discarded(DiscardReason::QueueFull),
        }
    }

    pub(super) fn initiate(
        &mut self,
        now: Instant,
        policy: Arc<Policy>,
        flow: Option<FlowKey>,
    ) -> Result<IkeSaId, CommandError> {
        let peer = policy.protect().ok_or(CommandError::Policy)?.peer;
        let path = self.peers.iter().find(|(id, _)| *id == peer).map(|(_, path)| *path);
        let path = path.ok_or(CommandError::UnknownPeer)?;
        self.endpoint.initiate(now, path, peer, Acquire { policy, flow })
    }

    /// Sends what waited for an SA of this policy.
    pub(super) fn flush(&mut self, now: Instant, policy: PolicyId) {
        let Some(acquiring) = self.acquiring.remove(&policy) else { return };
        let (mut untaken, mut others) = (false, Vec::new());
        for octets in acquiring.waiting {
            let mut buf = alloc::vec![0; HEADROOM + octets.len() + TAILROOM];
            let data = HEADROOM..HEADROOM + octets.len();
            if let Some(place) = buf.get_mut(data.clone()) {
                place.copy_from_slice(&octets);
            }
            let family = if octets.first().is_some_and(|octet| octet >> 4 == 6) {
                IpProtocol::IPV6
            } else {
                IpProtocol::IPV4
            };
            let Ok(mut packet) = Packet::new(&mut buf, data, family) else { continue };
            let Ok(flow) = packet.flow() else { continue };
            let Some(sa) = self.usable(policy, &flow) else {
                // Where each flow has its own SA, those of others have had none yet.
                if acquiring.flow.is_some_and(|first| first != flow) && self.populates(policy) {
                    others.push((flow, octets));
                } else {
                    untaken = true;
                }
                continue;
            };
            if let Ok((path, outer)) = self.seal_with_outer(now, sa, &mut packet) {
                // In transport mode the IP header is back in front: whoever sends makes one of the path.
                let header =
                    if packet.next_header() == IpProtocol::ESP { 0 } else { header_len(packet.data()) };
                let contents = packet.data().get(header..).unwrap_or_default().to_vec();
                self.outbox.push_back(Sealed { path, outer, contents });
            }
        }
        self.held_off.retain(|held, _| *held != policy || untaken);
        // The SA takes other packets of the policy, not these: no use in asking again at once.
        if untaken {
            self.hold_off(now, policy);
            self.events.push_back(Event::AcquireFailed { policy, reason: CloseReason::TsUnacceptable });
        }
        for (flow, octets) in others {
            if let Some(entry) = self.spd.get(policy).map(Arc::clone) {
                self.acquire(now, policy, entry, flow, &octets);
            }
        }
    }

    /// Whether SAs of a policy take values of the packet that called for them.
    pub(super) fn populates(&self, policy: PolicyId) -> bool {
        let protect = self.spd.get(policy).and_then(|policy| policy.protect());
        protect.is_some_and(|protect| protect.populate != Populate::NOTHING)
    }

    /// Makes no attempt for a policy for a while, twice as long as after the one that failed before.
    pub(super) fn hold_off(&mut self, now: Instant, policy: PolicyId) {
        let before = self.held_off.get(&policy).map(|held| held.wait);
        let wait = before.map_or(HOLD_OFF, |wait| wait.saturating_mul(2).min(LONGEST_HOLD_OFF));
        self.held_off.insert(policy, HeldOff { until: now + wait, wait });
    }

    /// Forgets the packets that waited for an SA of this IKE SA; says whether there was such a policy.
    pub(super) fn give_up(&mut self, now: Instant, ike: IkeSaId, reason: &CloseReason) -> bool {
        let policy = self.acquiring.iter().find(|(_, own)| own.ike == ike).map(|(policy, _)| *policy);
        if let Some(policy) = policy {
            self.acquiring.remove(&policy);
            self.hold_off(now, policy);
            self.events.push_back(Event::AcquireFailed { policy, reason: reason.clone() });
        }
        policy.is_some()
    }
}

impl Installed {
    /// Sets the header that stays in front of ESP apart: in transport mode the packet's own, in tunnel mode a new one.
    fn set_header(&mut self, packet: &mut Packet<'_>) -> Result<Option<OuterHeader>, DiscardReason> {
        if self.mode == Mode::Transport {
            detach(packet)?;
        }
        let Some(tunnel) = &mut self.tunnel else { return Ok(None) };
        let outer = tunnel.outer(packet.data()).map_err(DiscardReason::Malformed)?;
        match packet.put_header(&outer) {
            Ok(()) => Ok(Some(outer)),
            Err(HeaderError::NoRoom(room)) => Err(DiscardReason::Seal(room.into())),
            Err(_) => Err(DiscardReason::Seal(SealError::NotIp)),
        }
    }
}

/// Octets of an IP packet up to what it carries.
pub(super) fn header_len(packet: &[u8]) -> usize {
    IpHeader::parse(packet).and_then(|ip| ip.upper_layer()).map_or(0, |upper| upper.offset)
}

/// Has the IP header step aside, with the extension headers that stay in front.
fn detach(packet: &mut Packet<'_>) -> Result<(), DiscardReason> {
    packet.detach_for_transport().map_err(|error| {
        if let SplitError::Malformed(error) = error {
            DiscardReason::Malformed(error)
        } else {
            DiscardReason::Fragment
        }
    })
}
