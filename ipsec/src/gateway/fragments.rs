//! Fragments, of which only the first shows ports (RFC 4301 §7).

use super::Gateway;
use crate::outcome::DiscardReason;
use alloc::sync::Arc;
use ipsec_ip_packet::{FlowKey, FragmentInfo, IpHeader, Ports};
use ipsec_sa_db::{Action, FragmentVerdict, PeerId, Policy, PolicyAction, PolicyId, Traffic};
use ipsec_types::{Instant, IpProtocol};

/// What becomes of a packet, in short.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Bypass,
    Discard,
    Protect(Option<PeerId>),
}

/// An [`Action`] that outlives the look-up.
pub(super) enum Decision {
    Bypass,
    Discard(DiscardReason),
    Protect(PolicyId, Arc<Policy>),
}

impl Decision {
    fn fate(&self) -> Fate {
        match self {
            Self::Bypass => Fate::Bypass,
            Self::Discard(_) => Fate::Discard,
            Self::Protect(_, policy) => Fate::Protect(policy.protect().map(|protect| protect.peer)),
        }
    }
}

impl Gateway {
    /// What becomes of a packet in the clear. A later fragment of what was bypassed or discarded goes the way of its first
    /// (RFC 4301 §7.4), unless a policy in front of the one that bypasses protects or discards what shows no port: order
    /// decides here, too. One of what was protected is protected where an SA takes packets that show no ports, alone or
    /// along with others (§7.1, §7.2); otherwise it does not go out, least of all in the clear: that an SA for some ports
    /// takes it was not negotiated (§7.3).
    pub(super) fn decide(&mut self, now: Instant, traffic: &Traffic<'_>, packet: &[u8]) -> Decision {
        let decision = match self.caches.lookup(&self.spd, traffic) {
            Action::Bypass => Decision::Bypass,
            Action::Discard => Decision::Discard(DiscardReason::Policy),
            Action::Protect { id, policy } => Decision::Protect(id, Arc::clone(policy)),
        };
        let Some(info) = fragment(packet) else { return decision };
        if hides_ports(traffic.flow, info) {
            return Decision::Discard(DiscardReason::HostileFragment);
        }
        if info.offset == 0 {
            if !self.leaves_later_to_another(traffic, &decision) {
                self.fragments.note_first(now, traffic, info, decision.fate());
            }
            return decision;
        }
        match (self.fragments.check(now, traffic, info), &decision) {
            (FragmentVerdict::Hostile, _) => Decision::Discard(DiscardReason::HostileFragment),
            (FragmentVerdict::As(Fate::Bypass), _) => Decision::Bypass,
            (FragmentVerdict::As(fate @ Fate::Protect(_)), _) if fate == decision.fate() => decision,
            (FragmentVerdict::As(Fate::Discard | Fate::Protect(_)), _) => {
                Decision::Discard(DiscardReason::Policy)
            }
            (FragmentVerdict::Unknown, _) => decision,
        }
    }

    /// Whether a policy in front of the one that bypasses a first fragment protects or discards what shows no port, and so the
    /// later ones.
    fn leaves_later_to_another(&self, traffic: &Traffic<'_>, decision: &Decision) -> bool {
        if !matches!(decision, Decision::Bypass) {
            return false;
        }
        let flow = FlowKey { ports: Ports::Opaque, ..*traffic.flow };
        let later = Traffic { flow: &flow, ..*traffic };
        self.spd.find(traffic).zip(self.spd.find(&later)).is_some_and(|((own, _), (other, policy))| {
            policy.action != PolicyAction::Bypass && self.spd.comes_before(other, own)
        })
    }

    /// Notes a first fragment that an SA brought: nothing that comes in beside it in the clear is of its datagram (RFC 4301
    /// §7.4).
    pub(super) fn note_protected(
        &mut self,
        now: Instant,
        policy: PolicyId,
        traffic: &Traffic<'_>,
        info: FragmentInfo,
    ) {
        let peer = self.spd.get(policy).and_then(|policy| policy.protect()).map(|protect| protect.peer);
        self.fragments.note_first(now, traffic, info, Fate::Protect(peer));
    }
}

/// Whether a first fragment leaves out what policies look at: the headers up to the ports come later, where nobody looks
/// (RFC 7112 §5, RFC 8200 §4.5).
pub(super) fn hides_ports(flow: &FlowKey, info: FragmentInfo) -> bool {
    info.offset == 0 && flow.ports == Ports::Opaque
}

/// Where a packet stands in its datagram; `None` for a whole one.
pub(super) fn fragment(packet: &[u8]) -> Option<FragmentInfo> {
    /// More fragments, and the upper part of the offset.
    const FRAGMENT: u8 = 0x3f;
    let whole = match packet {
        [first, _, _, _, _, _, flags, offset, ..] if first >> 4 == 4 => flags & FRAGMENT == 0 && *offset == 0,
        [_, _, _, _, _, _, next, ..] => {
            matches!(IpProtocol(*next), IpProtocol::TCP | IpProtocol::UDP | IpProtocol::ICMPV6)
        }
        _ => true,
    };
    if whole { None } else { IpHeader::parse(packet).ok()?.upper_layer().ok()?.fragment }
}
