use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use ikev2_wire::PayloadType;
use ipsec_types::Instant;

use super::Fragment;

/// What a [`FragmentReassembler`] holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentLimits {
    /// Messages in the making; one more pushes out the oldest.
    pub messages: usize,
    /// Fragments of one message.
    pub fragments: u16,
    /// Octets of one message's plaintext.
    pub octets: usize,
    /// How long a message may take from its first fragment on.
    pub timeout: Duration,
}

impl Default for FragmentLimits {
    /// 4 messages of 64 fragments and 65,536 octets, 60 seconds.
    fn default() -> Self {
        Self { messages: 4, fragments: 64, octets: 65_536, timeout: Duration::from_secs(60) }
    }
}

/// Which message of an IKE SA a fragment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageKey {
    /// Whether the SA's original initiator sent it.
    pub from_initiator: bool,
    /// Whether it is a response.
    pub response: bool,
    /// Its message id.
    pub message_id: u32,
}

/// A message put together from its fragments.
#[derive(Clone, PartialEq, Eq)]
pub struct Reassembled {
    /// The type of the first payload.
    pub first: PayloadType,
    /// The payload chain.
    pub octets: Vec<u8>,
}

impl fmt::Debug for Reassembled {
    /// The length only: the content may hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reassembled({} octets from {:?})", self.octets.len(), self.first)
    }
}

/// Why an authentic fragment was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum FragmentError {
    /// The message would have more than [`FragmentLimits::fragments`].
    #[error("message of {0} fragments")]
    TooMany(
        /// Total Fragments.
        u16,
    ),
    /// The message would exceed [`FragmentLimits::octets`]; what was held of it is gone.
    #[error("fragments exceed the limit on octets")]
    TooLong,
    /// Its total is smaller than that of fragments held already (RFC 7383 §2.6).
    #[error("fragment of a smaller set")]
    Obsolete,
}

/// Puts fragmented messages of one IKE SA together (RFC 7383 §2.6), within limits.
///
/// It takes *authentic* fragments only, as [`open`](super::open) yields them: what an attacker can forge is never stored.
#[derive(Debug)]
pub struct FragmentReassembler {
    limits: FragmentLimits,
    sets: Vec<FragmentSet>,
}

impl FragmentReassembler {
    /// An empty reassembler.
    pub const fn new(limits: FragmentLimits) -> Self {
        Self { limits, sets: Vec::new() }
    }

    /// Takes a fragment: the message it completes, or `None` while others are missing. The first copy of a fragment
    /// stays; a set with a larger total takes the place of a smaller one.
    ///
    /// Of a message that is complete already, a fragment that comes again starts a new set: check the message id against
    /// the window (RFC 7296 §2.3) before this.
    ///
    /// # Errors
    ///
    /// [`FragmentError`].
    pub fn push(
        &mut self,
        now: Instant,
        key: MessageKey,
        fragment: &Fragment<'_>,
    ) -> Result<Option<Reassembled>, FragmentError> {
        let timeout = self.limits.timeout;
        self.sets.retain(|set| now.saturating_since(set.since) < timeout);
        let total = fragment.total_fragments;
        if total > self.limits.fragments {
            return Err(FragmentError::TooMany(total));
        }
        let index = self.find_or_insert(now, key, total)?;
        let octets_limit = self.limits.octets;
        let Some(set) = self.sets.get_mut(index) else {
            return Ok(None);
        };
        if set.parts.iter().any(|(number, _)| *number == fragment.fragment_number) {
            return Ok(None);
        }
        if set.octets().saturating_add(fragment.content.len()) > octets_limit {
            self.sets.swap_remove(index);
            return Err(FragmentError::TooLong);
        }
        set.add(fragment);
        if set.parts.len() < usize::from(total) {
            return Ok(None);
        }
        Ok(Some(self.sets.swap_remove(index).join()))
    }

    /// How many messages wait for fragments.
    pub const fn len(&self) -> usize {
        self.sets.len()
    }

    /// Whether no message waits for fragments.
    pub const fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    fn find_or_insert(&mut self, now: Instant, key: MessageKey, total: u16) -> Result<usize, FragmentError> {
        if let Some((index, set)) = self.sets.iter_mut().enumerate().find(|(_, set)| set.key == key) {
            if total < set.total {
                return Err(FragmentError::Obsolete);
            }
            if total > set.total {
                *set = FragmentSet::new(now, key, total);
            }
            return Ok(index);
        }
        if self.sets.len() >= self.limits.messages.max(1) {
            let oldest =
                self.sets.iter().enumerate().min_by_key(|(_, set)| set.since).map(|(index, _)| index);
            if let Some(index) = oldest {
                self.sets.swap_remove(index);
            }
        }
        self.sets.push(FragmentSet::new(now, key, total));
        Ok(self.sets.len().saturating_sub(1))
    }
}

#[derive(Debug)]
struct FragmentSet {
    key: MessageKey,
    since: Instant,
    total: u16,
    first: PayloadType,
    /// By fragment number, in order.
    parts: Vec<(u16, Vec<u8>)>,
}

impl FragmentSet {
    const fn new(since: Instant, key: MessageKey, total: u16) -> Self {
        Self { key, since, total, first: PayloadType::NONE, parts: Vec::new() }
    }

    fn octets(&self) -> usize {
        self.parts.iter().map(|(_, octets)| octets.len()).sum()
    }

    fn add(&mut self, fragment: &Fragment<'_>) {
        let number = fragment.fragment_number;
        let Err(at) = self.parts.binary_search_by_key(&number, |(number, _)| *number) else {
            return;
        };
        if number == 1 {
            self.first = fragment.first;
        }
        self.parts.insert(at, (number, fragment.content.to_vec()));
    }

    fn join(self) -> Reassembled {
        let mut octets = Vec::with_capacity(self.octets());
        for (_, part) in &self.parts {
            octets.extend_from_slice(part);
        }
        Reassembled { first: self.first, octets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: MessageKey = MessageKey { from_initiator: true, response: false, message_id: 1 };

    const fn fragment(number: u16, total: u16, content: &[u8]) -> Fragment<'_> {
        let first = if number == 1 { PayloadType::IDI } else { PayloadType::NONE };
        Fragment { fragment_number: number, total_fragments: total, first, content }
    }

    #[test]
    fn a_repeated_fragment_never_ends_its_set() {
        let limits = FragmentLimits { octets: 10, ..FragmentLimits::default() };
        let mut reassembler = FragmentReassembler::new(limits);
        assert_eq!(reassembler.push(Instant::EPOCH, KEY, &fragment(1, 2, &[1; 8])), Ok(None));
        assert_eq!(reassembler.push(Instant::EPOCH, KEY, &fragment(1, 2, &[1; 8])), Ok(None));
        let whole = reassembler.push(Instant::EPOCH, KEY, &fragment(2, 2, &[2; 2])).unwrap().unwrap();
        assert_eq!(whole.octets.len(), 10);
    }

    #[test]
    fn rfc7383_2_6_any_order_and_the_first_copy_wins() {
        for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [2, 1, 3]] {
            let mut reassembler = FragmentReassembler::new(FragmentLimits::default());
            let content = [[0; 2], [1; 2], [2; 2], [3; 2]];
            let take = |reassembler: &mut FragmentReassembler, number: u16, octets| {
                reassembler.push(Instant::EPOCH, KEY, &fragment(number, 3, octets)).unwrap()
            };
            assert_eq!(take(&mut reassembler, order[0], &content[usize::from(order[0])]), None);
            assert_eq!(take(&mut reassembler, order[0], b"other content"), None);
            assert_eq!(take(&mut reassembler, order[1], &content[usize::from(order[1])]), None);
            let whole = take(&mut reassembler, order[2], &content[usize::from(order[2])]).unwrap();
            assert_eq!((whole.first, &whole.octets[..]), (PayloadType::IDI, &[1, 1, 2, 2, 3, 3][..]));
            assert!(reassembler.is_empty());
        }
    }

    #[test]
    fn rfc7383_2_6_a_larger_total_replaces_and_a_smaller_is_dropped() {
        let mut reassembler = FragmentReassembler::new(FragmentLimits::default());
        reassembler.push(Instant::EPOCH, KEY, &fragment(1, 3, b"a")).unwrap();
        let smaller = reassembler.push(Instant::EPOCH, KEY, &fragment(2, 2, b"b"));
        assert_eq!(smaller, Err(FragmentError::Obsolete));
        assert_eq!(reassembler.push(Instant::EPOCH, KEY, &fragment(4, 4, b"z")), Ok(None));
        for number in 1..3 {
            assert_eq!(reassembler.push(Instant::EPOCH, KEY, &fragment(number, 4, b"x")), Ok(None));
        }
        let whole = reassembler.push(Instant::EPOCH, KEY, &fragment(3, 4, b"y")).unwrap().unwrap();
        assert_eq!(whole.octets, b"xxyz");
    }

    #[test]
    fn e2_29_what_is_held_stays_within_the_limits() {
        let limits =
            FragmentLimits { messages: 2, fragments: 10, octets: 100, timeout: Duration::from_secs(5) };
        let mut reassembler = FragmentReassembler::new(limits);
        let huge = reassembler.push(Instant::EPOCH, KEY, &fragment(1, u16::MAX, b"a"));
        assert_eq!(huge, Err(FragmentError::TooMany(u16::MAX)));
        for message_id in 0..100 {
            let key = MessageKey { message_id, ..KEY };
            let now = Instant::EPOCH + Duration::from_millis(message_id.into());
            reassembler.push(now, key, &fragment(1, 2, b"a")).unwrap();
            assert!(reassembler.len() <= 2);
        }
        let key = MessageKey { message_id: 99, ..KEY };
        let long = reassembler.push(Instant::EPOCH, key, &fragment(2, 2, &[0; 100]));
        assert_eq!(long, Err(FragmentError::TooLong));
        let later = Instant::EPOCH + Duration::from_secs(30);
        reassembler.push(later, KEY, &fragment(1, 2, b"a")).unwrap();
        assert_eq!(reassembler.len(), 1, "the others ran out of time");
    }
}
