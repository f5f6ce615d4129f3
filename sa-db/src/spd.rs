use crate::{Direction, Policy, PolicyAction};
use alloc::sync::Arc;
use alloc::vec::Vec;
use ipsec_ip_packet::FlowKey;

/// Names a policy of an [`Spd`]; never used again after its removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyId(u64);

/// What becomes of a packet.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "RFC 4301 §4.4.1 has these three")]
pub enum Action {
    /// It crosses the boundary as it is.
    Bypass,
    /// It does not cross it: a policy says so, or none takes it (RFC 4301 §5).
    Discard,
    /// It crosses it protected.
    Protect {
        /// The policy that takes it.
        id: PolicyId,
        /// How it is protected; shared, so that the SPD may change while the packet is sealed.
        policy: Arc<Policy>,
    },
}

/// The Security Policy Database: an ordered list of policies, the first that takes a packet decides (RFC 4301 §4.4.1).
///
/// ```
/// use ipsec_ip_packet::FlowKey;
/// use ipsec_sa_db::{Action, Direction, Policy, PolicyAction, SelectorPair, Spd};
///
/// let mut spd = Spd::new();
/// # let packet = [
/// #     0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1, 0x1e, 0x60, 0x1e, 0x61, 0, 8, 0, 0,
/// # ];
/// let flow = FlowKey::of(&packet)?;
/// assert!(matches!(spd.lookup(Direction::Outbound, &flow), Action::Discard)); // no policy, no passage
///
/// let everything = Policy { selectors: SelectorPair::any(), action: PolicyAction::Bypass };
/// let id = spd.insert(None, everything)?;
/// assert!(matches!(spd.lookup(Direction::Outbound, &flow), Action::Bypass));
/// assert!(spd.remove(id).is_some());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Spd {
    entries: Vec<(PolicyId, Arc<Policy>)>,
    last_id: u64,
}

impl Spd {
    /// Without policies: it discards everything.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), last_id: 0 }
    }

    /// Inserts a policy in front of another, or at the end.
    ///
    /// # Errors
    ///
    /// [`SpdError::UnknownPolicy`] where `before` is not there, [`SpdError::EmptySelectors`] for a policy that could take
    /// no packet.
    pub fn insert(&mut self, before: Option<PolicyId>, policy: Policy) -> Result<PolicyId, SpdError> {
        if policy.selectors.local.is_empty() || policy.selectors.remote.is_empty() {
            return Err(SpdError::EmptySelectors);
        }
        let at = match before {
            None => self.entries.len(),
            Some(before) => {
                let at = self.entries.iter().position(|(id, _)| *id == before);
                at.ok_or(SpdError::UnknownPolicy)?
            }
        };
        self.last_id += 1;
        let id = PolicyId(self.last_id);
        self.entries.insert(at, (id, Arc::new(policy)));
        Ok(id)
    }

    /// Removes a policy.
    pub fn remove(&mut self, id: PolicyId) -> Option<Arc<Policy>> {
        let at = self.entries.iter().position(|(own, _)| *own == id)?;
        Some(self.entries.remove(at).1)
    }

    /// What becomes of a packet that crosses the boundary in this direction.
    pub fn lookup(&self, direction: Direction, flow: &FlowKey) -> Action {
        let found = self.entries.iter().find(|(_, policy)| policy.selectors.matches(direction, flow));
        match found {
            None => Action::Discard,
            Some((id, policy)) => match policy.action {
                PolicyAction::Bypass => Action::Bypass,
                PolicyAction::Discard => Action::Discard,
                PolicyAction::Protect(_) => Action::Protect { id: *id, policy: Arc::clone(policy) },
            },
        }
    }

    /// The policies in order.
    pub fn policies(&self) -> impl Iterator<Item = (PolicyId, &Arc<Policy>)> {
        self.entries.iter().map(|(id, policy)| (*id, policy))
    }
}

/// Why a policy is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SpdError {
    /// The policy to insert before is not there.
    #[error("unknown policy")]
    UnknownPolicy,
    /// One end of the selectors takes nothing.
    #[error("selectors that take no packet")]
    EmptySelectors,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AddressRange, PortRange, Selector, SelectorPair, SelectorSet};
    use ipsec_ip_packet::Ports;
    use ipsec_types::IpProtocol;

    fn flow(source: [u8; 4], destination: [u8; 4], ports: Ports) -> FlowKey {
        let protocol = IpProtocol::UDP;
        FlowKey { source: source.into(), destination: destination.into(), protocol, ports }
    }

    fn policy(remote: &str, length: u8, action: PolicyAction) -> Policy {
        let remote = AddressRange::prefix(remote.parse().unwrap(), length).unwrap();
        let remote = SelectorSet::from(Selector::addresses(remote));
        Policy { selectors: SelectorPair { local: SelectorSet::any(), remote }, action }
    }

    fn name(action: &Action) -> &'static str {
        match action {
            Action::Bypass => "bypass",
            Action::Discard => "discard",
            Action::Protect { .. } => "protect",
        }
    }

    #[test]
    fn pd_01_the_first_policy_decides_and_without_one_the_packet_is_discarded() {
        let mut spd = Spd::new();
        let to = |last: u8| flow([10, 1, 0, 1], [10, 2, 0, last], Ports::Ports { source: 1, destination: 2 });
        assert_eq!(name(&spd.lookup(Direction::Outbound, &to(1))), "discard");
        let wide = spd.insert(None, policy("10.2.0.0", 16, PolicyAction::Bypass)).unwrap();
        assert_eq!(name(&spd.lookup(Direction::Outbound, &to(1))), "bypass");
        spd.insert(None, policy("10.2.0.1", 32, PolicyAction::Discard)).unwrap();
        assert_eq!(
            name(&spd.lookup(Direction::Outbound, &to(1))),
            "bypass",
            "a later policy decides nothing"
        );
        let narrow = spd.insert(Some(wide), policy("10.2.0.1", 32, PolicyAction::Discard)).unwrap();
        assert_eq!(name(&spd.lookup(Direction::Outbound, &to(1))), "discard");
        assert_eq!(name(&spd.lookup(Direction::Outbound, &to(2))), "bypass");
        // Inbound the remote end is the source.
        let back = flow([10, 2, 0, 2], [10, 1, 0, 1], Ports::None);
        assert_eq!(name(&spd.lookup(Direction::Inbound, &back)), "bypass");
        assert_eq!(name(&spd.lookup(Direction::Outbound, &back)), "discard");
        assert!(spd.remove(narrow).is_some() && spd.remove(narrow).is_none());
        let gone = spd.insert(Some(narrow), policy("0.0.0.0", 0, PolicyAction::Bypass));
        assert_eq!(gone, Err(SpdError::UnknownPolicy));
        assert_eq!(spd.policies().count(), 2);
    }

    #[test]
    fn a_policy_that_could_take_nothing_is_refused() {
        let selectors = SelectorPair { local: SelectorSet::default(), remote: SelectorSet::any() };
        let policy = Policy { selectors, action: PolicyAction::Bypass };
        assert_eq!(Spd::new().insert(None, policy), Err(SpdError::EmptySelectors));
    }

    #[test]
    fn pd_01_a_policy_on_ports_takes_no_packet_that_shows_none() {
        let mut spd = Spd::new();
        let ports = PortRange::new(53, 53).unwrap();
        let remote = Selector { ports, ..Selector::addresses(AddressRange::ANY_V4) };
        let selectors = SelectorPair { local: SelectorSet::any(), remote: remote.into() };
        spd.insert(None, Policy { selectors, action: PolicyAction::Bypass }).unwrap();
        let shown = Ports::Ports { source: 1, destination: 53 };
        for (ports, expected) in [(shown, "bypass"), (Ports::Opaque, "discard")] {
            let action = spd.lookup(Direction::Outbound, &flow([10, 1, 0, 1], [10, 2, 0, 1], ports));
            assert_eq!(name(&action), expected);
        }
    }
}
