use core::fmt;
use core::time::Duration;

use ipsec_types::Instant;

use crate::{Fragment, Header, IkeSpi};

/// What a [`FragmentReassembler`] takes at most, beside the octets that its buffer has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FragmentLimits {
    /// Fragments of one message.
    pub fragments: u8,
    /// How long a message may take from its first fragment on.
    pub timeout: Duration,
}

impl Default for FragmentLimits {
    /// 64 fragments, 30 seconds.
    fn default() -> Self {
        Self { fragments: 64, timeout: Duration::from_secs(30) }
    }
}

/// Why a fragment was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum FragmentError {
    /// Its number is above [`FragmentLimits::fragments`].
    #[error("fragment {0} is one too many")]
    TooMany(
        /// The number.
        u8,
    ),
    /// The message would not fit the buffer; what was held of it is gone.
    #[error("fragments exceed the buffer")]
    TooLong,
    /// Its number is above that of the last fragment, or it claims to be the last while a later one is held.
    #[error("fragment behind the last one")]
    BehindLast,
}

/// Puts one message of one peer together from its fragments, in a buffer of the caller, within limits.
///
/// Fragments come in the clear and prove nothing, so that the limits are all that stands between an attacker and the
/// memory: one message at a time, its octets bounded by the buffer, its fragments by [`FragmentLimits`]. A fragment of
/// another message, told by cookies and fragment id, takes the place of what was held, and the first copy of a fragment
/// stays. Where a message that was put together does not decrypt, [`clear`](Self::clear) makes room for the peer's next
/// attempt, which comes with its retransmission.
///
/// ```
/// use ikev1_wire::*;
///
/// let header = Header::new(IkeSpi([1; 8]), IkeSpi([2; 8]), ExchangeType::IDENTITY_PROTECTION, Flags(0), 0);
/// let message = [7; 1000];
/// let mut reassembler = FragmentReassembler::new([0; 2048], FragmentLimits::default());
/// let mut pieces: Vec<_> = Fragment::split(1, &message, 400)?.collect();
/// pieces.reverse();
/// assert_eq!(reassembler.push(Instant::EPOCH, &header, &pieces[0])?, None);
/// assert_eq!(reassembler.push(Instant::EPOCH, &header, &pieces[1])?, None);
/// assert_eq!(reassembler.push(Instant::EPOCH, &header, &pieces[2])?, Some(&message[..]));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct FragmentReassembler<B> {
    buf: B,
    limits: FragmentLimits,
    set: Option<Set>,
}

/// What is held of a message. Its octets stand in the buffer in the order of their numbers, without gaps.
struct Set {
    key: (IkeSpi, IkeSpi, u16),
    since: Instant,
    last: Option<u8>,
    /// Octets of each fragment, by its number less 1; 0 where it is missing.
    lens: [u16; MAX_FRAGMENTS],
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> FragmentReassembler<B> {
    /// A reassembler that holds messages of up to as many octets as `buf` has.
    pub const fn new(buf: B, limits: FragmentLimits) -> Self {
        Self { buf, limits, set: None }
    }

    /// Takes a fragment that came in a message with this header: the whole message where it completes one, `None` while
    /// others are missing.
    ///
    /// # Errors
    ///
    /// [`FragmentError`].
    pub fn push(
        &mut self,
        now: Instant,
        header: &Header,
        fragment: &Fragment<'_>,
    ) -> Result<Option<&[u8]>, FragmentError> {
        let number = fragment.number();
        if number > self.limits.fragments {
            return Err(FragmentError::TooMany(number));
        }
        let key = (header.cookie_i, header.cookie_r, fragment.id());
        let timeout = self.limits.timeout;
        let held = self.set.take().filter(|set| set.key == key && now.saturating_since(set.since) < timeout);
        let mut set = held.unwrap_or(Set { key, since: now, last: None, lens: [0; MAX_FRAGMENTS] });
        let taken = set.insert(fragment, self.buf.as_mut());
        if taken == Err(FragmentError::TooLong) {
            return Err(FragmentError::TooLong);
        }
        let complete = set.is_complete().then(|| set.octets());
        self.set = complete.is_none().then_some(set);
        taken?;
        Ok(complete.and_then(|len| self.buf.as_ref().get(..len)))
    }

    /// Forgets what is held.
    pub fn clear(&mut self) {
        self.set = None;
    }

    /// How many fragments wait for others.
    pub fn held(&self) -> usize {
        self.set.as_ref().map_or(0, |set| set.lens.iter().filter(|len| **len != 0).count())
    }
}

impl<B> fmt::Debug for FragmentReassembler<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = self.set.as_ref().map_or(0, Set::octets);
        f.debug_struct("FragmentReassembler")
            .field("limits", &self.limits)
            .field("octets held", &octets)
            .finish()
    }
}

impl Set {
    fn octets(&self) -> usize {
        self.lens.iter().fold(0, |sum, len| sum.saturating_add(usize::from(*len)))
    }

    fn is_complete(&self) -> bool {
        let last = self.last.map_or(0, usize::from);
        last > 0 && self.lens.iter().take(last).all(|len| *len != 0)
    }

    /// Puts a fragment in its place among the others.
    fn insert(&mut self, fragment: &Fragment<'_>, buf: &mut [u8]) -> Result<(), FragmentError> {
        let number = fragment.number();
        let index = usize::from(number).saturating_sub(1);
        let is_behind = self.last.is_some_and(|last| number > last)
            || (fragment.is_last() && self.lens.iter().skip(usize::from(number)).any(|len| *len != 0));
        if is_behind {
            return Err(FragmentError::BehindLast);
        }
        let held = self.octets();
        let start =
            self.lens.iter().take(index).fold(0, |sum: usize, len| sum.saturating_add(usize::from(*len)));
        let Some(len) = self.lens.get_mut(index).filter(|len| **len == 0) else {
            return Ok(());
        };
        let data = fragment.data();
        let end = held.saturating_add(data.len());
        let room = buf.get_mut(start..end).ok_or(FragmentError::TooLong)?;
        *len = u16::try_from(data.len()).map_err(|_| FragmentError::TooLong)?;
        // What comes behind moves up.
        room.rotate_right(data.len().min(room.len()));
        room.get_mut(..data.len()).ok_or(FragmentError::TooLong)?.copy_from_slice(data);
        if fragment.is_last() {
            self.last = Some(number);
        }
        Ok(())
    }
}

/// What the number of a fragment can count.
const MAX_FRAGMENTS: usize = 255;
