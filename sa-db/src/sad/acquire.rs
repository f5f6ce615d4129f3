//! Packets that found no SA.

use crate::Direction;
use crate::PolicyId;
use crate::SelectorPair;
use crate::hash::HashKey;
use alloc::vec::Vec;
use core::time::Duration;
use hashbrown::HashMap;
use ipsec_ip_packet::FlowKey;
use ipsec_types::Instant;

/// For which policies, and for which flows of them, an SA was asked for and has not come.
pub(crate) struct Acquires {
    pending: HashMap<PolicyId, Vec<Pending>, HashKey>,
    len: usize,
}

struct Pending {
    /// `None` where all packets of the policy share an SA.
    flow: Option<FlowKey>,
    since: Instant,
}

/// What [`Sad::acquire`](crate::Sad::acquire) says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "complete by nature")]
pub enum Acquired {
    /// There is an event now.
    Asked,
    /// There was one a moment ago.
    Pending,
    /// Too many are under way.
    Busy,
}

/// Asked for at a time, of one policy and of all.
const MOST_OF_POLICY: usize = 256;
const MOST: usize = 65_536;
/// An SA that did not come in this time is asked for again.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Acquires {
    pub(crate) fn new(key: HashKey) -> Self {
        Self { pending: HashMap::with_hasher(key), len: 0 }
    }

    pub(crate) fn ask(&mut self, now: Instant, policy: PolicyId, flow: Option<&FlowKey>) -> Acquired {
        let flows = self.pending.get_mut(&policy);
        let count = flows.as_ref().map_or(0, |flows| flows.len());
        if let Some(pending) = flows.and_then(|flows| flows.iter_mut().find(|own| own.flow.as_ref() == flow))
        {
            // A clock that ran backwards asks again no sooner.
            if now.saturating_since(pending.since) < TIMEOUT {
                return Acquired::Pending;
            }
            pending.since = now;
            return Acquired::Asked;
        }
        if count >= MOST_OF_POLICY || self.len >= MOST {
            self.forget_old(now, policy);
            if self.pending.get(&policy).map_or(0, Vec::len) >= MOST_OF_POLICY || self.len >= MOST {
                return Acquired::Busy;
            }
        }
        self.pending.entry(policy).or_default().push(Pending { flow: flow.copied(), since: now });
        self.len += 1;
        Acquired::Asked
    }

    /// An SA of a policy came, for these packets.
    pub(crate) fn came(&mut self, policy: PolicyId, selectors: &SelectorPair) {
        let taken = |flow: &FlowKey| selectors.matches(Direction::Outbound, flow);
        self.retain(policy, |pending| pending.flow.as_ref().is_some_and(|flow| !taken(flow)));
    }

    /// No SA of a policy will come.
    pub(crate) fn give_up(&mut self, policy: PolicyId) {
        self.retain(policy, |_| false);
    }

    fn forget_old(&mut self, now: Instant, policy: PolicyId) {
        self.retain(policy, |pending| now.saturating_since(pending.since) < TIMEOUT);
    }

    fn retain(&mut self, policy: PolicyId, keep: impl Fn(&Pending) -> bool) {
        let Some(flows) = self.pending.get_mut(&policy) else { return };
        let before = flows.len();
        flows.retain(keep);
        self.len -= before - flows.len();
        if flows.is_empty() {
            self.pending.remove(&policy);
        }
    }
}
