use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use ipsec_types::Instant;

use crate::{Fragment, PayloadType};

/// What a [`FragmentReassembler`] holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FragmentLimits {
    /// Messages in the making, 1 at least; one more pushes out the oldest.
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
    /// Its number is 0 or above its total (RFC 7383 §2.6).
    #[error("fragment {0} of {1}")]
    Number(
        /// Fragment Number.
        u16,
        /// Total Fragments.
        u16,
    ),
}

/// Puts fragmented messages of one IKE SA together (RFC 7383 §2.6), within limits.
///
/// It takes *authentic* fragments only: what an attacker can forge must never be stored.
///
/// ```
/// use ikev2_wire::{FragmentLimits, FragmentReassembler, Fragments, Framing, MessageKey, PayloadType};
/// use ipsec_types::Instant;
///
/// let mut reassembler = FragmentReassembler::new(FragmentLimits::default());
/// let key = MessageKey { from_initiator: true, response: false, message_id: 1 };
/// let framing = Framing { iv_len: 8, block_len: 1, icv_len: 16 };
/// let mut whole = None;
/// for fragment in Fragments::cut(PayloadType::IDI, &[7; 1_000], framing, 548)? {
///     assert_eq!(whole, None);
///     whole = reassembler.push(Instant::EPOCH, key, &fragment)?;
/// }
/// let whole = whole.unwrap();
/// assert_eq!((whole.first, whole.octets), (PayloadType::IDI, vec![7; 1_000]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FragmentReassembler {
    limits: FragmentLimits,
    /// In the order of their first fragments.
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
        self.handle_timeout(now);
        let (number, total) = (fragment.fragment_number, fragment.total_fragments);
        if number == 0 || number > total {
            return Err(FragmentError::Number(number, total));
        }
        if total > self.limits.fragments {
            return Err(FragmentError::TooMany(total));
        }
        let octets_limit = self.limits.octets;
        let index = self.find_or_insert(now, key, total)?;
        let Some(set) = self.sets.get_mut(index) else {
            return Ok(None);
        };
        let Err(at) = set.parts.binary_search_by_key(&number, |(number, _)| *number) else {
            return Ok(None);
        };
        let octets = set.octets.saturating_add(fragment.content.len());
        if octets > octets_limit {
            self.sets.remove(index);
            return Err(FragmentError::TooLong);
        }
        set.octets = octets;
        set.parts.insert(at, (number, fragment.content.to_vec()));
        if number == 1 {
            set.first = fragment.first;
        }
        if set.parts.len() < usize::from(total) {
            return Ok(None);
        }
        Ok(Some(self.sets.remove(index).join()))
    }

    /// Forgets messages that took too long. [`push`](Self::push) does so too: this is for when nothing comes.
    pub fn handle_timeout(&mut self, now: Instant) {
        let timeout = self.limits.timeout;
        self.sets.retain(|set| now.saturating_since(set.since) < timeout);
    }

    /// When the next message will have taken too long.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let oldest = self.sets.iter().map(|set| set.since).min()?;
        oldest.elapsed().checked_add(self.limits.timeout).map(Instant::from_epoch)
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
        if let Some((index, set)) = self.sets.iter().enumerate().find(|(_, set)| set.key == key) {
            if total < set.total {
                return Err(FragmentError::Obsolete);
            }
            if total == set.total {
                return Ok(index);
            }
            self.sets.remove(index);
        }
        if self.sets.len() >= self.limits.messages.max(1) {
            self.sets.remove(0);
        }
        self.sets.push(FragmentSet::new(now, key, total));
        Ok(self.sets.len().saturating_sub(1))
    }
}

struct FragmentSet {
    key: MessageKey,
    since: Instant,
    total: u16,
    first: PayloadType,
    /// By fragment number, in order.
    parts: Vec<(u16, Vec<u8>)>,
    /// Octets of all parts.
    octets: usize,
}

impl FragmentSet {
    const fn new(since: Instant, key: MessageKey, total: u16) -> Self {
        Self { key, since, total, first: PayloadType::NONE, parts: Vec::new(), octets: 0 }
    }

    fn join(self) -> Reassembled {
        let mut octets = Vec::with_capacity(self.octets);
        for (_, part) in &self.parts {
            octets.extend_from_slice(part);
        }
        Reassembled { first: self.first, octets }
    }
}

/// Without the content, which may hold credentials.
impl fmt::Debug for FragmentSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, total, parts, octets, .. } = self;
        write!(f, "{key:?}: {} of {total}, {octets} octets", parts.len())
    }
}

#[cfg(test)]
mod tests;
