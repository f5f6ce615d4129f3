use alloc::boxed::Box;
use alloc::vec;
use core::fmt;

/// The anti-replay window of an inbound SA (RFC 4303 §3.4.3 and Appendix A2), in the form of RFC 6479: a ring of words
/// that is never shifted.
///
/// [`check`](Self::check) before anything is decrypted, [`mark`](Self::mark) only once the ICV was right:
///
/// ```
/// use ipsec_sa_db::{ReplayError, ReplayWindow};
///
/// let mut window = ReplayWindow::new(64)?;
/// window.check(100)?;
/// window.mark(100); // the packet authenticated
/// assert_eq!(window.check(100), Err(ReplayError::Repeated));
/// assert_eq!(window.check(36), Err(ReplayError::TooOld));
/// window.check(37)?;
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct ReplayWindow {
    size: u64,
    /// The highest number marked.
    top: u64,
    /// One bit a number; a power of two of them, with a word to spare so that the window never meets its own end.
    words: Box<[u64]>,
}

impl ReplayWindow {
    /// The smallest window RFC 4303 §3.4.3 allows.
    pub const MIN_SIZE: u32 = 32;
    /// The largest window this crate makes.
    pub const MAX_SIZE: u32 = 65_536;

    /// A window of `size` numbers.
    ///
    /// # Errors
    ///
    /// [`WindowSizeError`] outside [`MIN_SIZE`](Self::MIN_SIZE) to [`MAX_SIZE`](Self::MAX_SIZE).
    pub fn new(size: u32) -> Result<Self, WindowSizeError> {
        if !(Self::MIN_SIZE..=Self::MAX_SIZE).contains(&size) {
            return Err(WindowSizeError(size));
        }
        let words = usize::try_from(size.div_ceil(64)).map_err(|_| WindowSizeError(size))?;
        let words = words.saturating_add(1).next_power_of_two();
        Ok(Self { size: size.into(), top: 0, words: vec![0; words].into_boxed_slice() })
    }

    /// The same where all numbers up to `last` count as seen.
    #[must_use]
    pub fn all_seen_up_to(mut self, last: u64) -> Self {
        self.top = last;
        self.words.fill(u64::MAX);
        let index = self.index(last >> 6);
        if let Some(word) = self.words.get_mut(index) {
            // What comes next in the word of the last one.
            *word = Self::bit(last) | (Self::bit(last) - 1);
        }
        self
    }

    /// Whether a packet with this number may be new.
    ///
    /// # Errors
    ///
    /// [`ReplayError`]: 0, left of the window, or marked already.
    #[inline]
    pub fn check(&self, number: u64) -> Result<(), ReplayError> {
        if number == 0 {
            return Err(ReplayError::Zero);
        }
        if number > self.top {
            return Ok(());
        }
        if self.top.saturating_sub(number) >= self.size {
            return Err(ReplayError::TooOld);
        }
        let word = self.words.get(self.index(number >> 6)).copied().unwrap_or(u64::MAX);
        if word & Self::bit(number) == 0 { Ok(()) } else { Err(ReplayError::Repeated) }
    }

    /// Notes that a packet with this number authenticated. A number left of the window is ignored.
    #[inline(always)]
    pub fn mark(&mut self, number: u64) {
        if number > self.top {
            let (from, to) = (self.top >> 6, number >> 6);
            if from != to {
                self.clear(from, to);
            }
            self.top = number;
        } else if self.top.saturating_sub(number) >= self.size {
            return;
        }
        let index = self.index(number >> 6);
        if let Some(word) = self.words.get_mut(index) {
            *word |= Self::bit(number);
        }
    }

    /// The 64-bit number that a packet with this low half most likely has (RFC 4303 Appendix A2.2).
    ///
    /// A wrong guess fails the ICV. `None` where the high half would be −1.
    #[inline]
    pub fn infer(&self, low: u32) -> Option<u64> {
        let high = self.top >> 32;
        let top_low = self.top & 0xffff_ffff;
        let number = u64::from(low);
        // RFC 4303 A2.2: case A, the window lies within one subspace; case B, it spans two.
        let bottom = top_low.checked_sub(self.size - 1);
        let high = match bottom {
            Some(bottom) if number >= bottom => Some(high),
            Some(_) => high.checked_add(1).filter(|high| *high <= 0xffff_ffff),
            None if number >= (top_low + (1 << 32)) - (self.size - 1) => high.checked_sub(1),
            None => Some(high),
        };
        high.map(|high| (high << 32) | number)
    }

    /// The highest number marked; 0 if none was.
    pub const fn top(&self) -> u64 {
        self.top
    }

    /// How many numbers the window spans.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Words that come into the window hold what left it a turn of the ring ago.
    #[inline(never)]
    fn clear(&mut self, from: u64, to: u64) {
        let count = u64::try_from(self.words.len()).unwrap_or(u64::MAX);
        for block in to.saturating_sub(count - 1).max(from + 1)..=to {
            let index = self.index(block);
            if let Some(word) = self.words.get_mut(index) {
                *word = 0;
            }
        }
    }

    #[inline]
    fn index(&self, block: u64) -> usize {
        let mask = self.words.len().saturating_sub(1);
        usize::try_from(block & u64::try_from(mask).unwrap_or_default()).unwrap_or_default()
    }

    const fn bit(number: u64) -> u64 {
        1 << (number & 63)
    }
}

impl fmt::Debug for ReplayWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplayWindow({} up to {})", self.size, self.top)
    }
}

/// Why a sequence number is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// No packet carries 0 (RFC 4303 §3.3.3).
    #[error("sequence number 0")]
    Zero,
    /// Left of the window.
    #[error("sequence number left of the window")]
    TooOld,
    /// Seen before.
    #[error("sequence number seen before")]
    Repeated,
}

/// A size no anti-replay window can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("anti-replay window of {0}: 32 to 65,536 are possible")]
pub struct WindowSizeError(
    /// The size that was asked for.
    pub u32,
);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::format;
    use proptest::prelude::*;
    use testkit::vectors;

    /// RFC 4303 §3.4.3 with a set instead of a bitmap.
    #[derive(Default)]
    struct Model {
        top: u64,
        seen: BTreeSet<u64>,
    }

    impl Model {
        fn accepts(&self, number: u64, window: u64) -> bool {
            number != 0 && self.top.saturating_sub(number) < window && !self.seen.contains(&number)
        }

        fn mark(&mut self, number: u64) {
            self.top = self.top.max(number);
            self.seen.insert(number);
        }
    }

    #[test]
    fn ea_04_ea_05_published_sequences() {
        let mut packets = 0;
        for group in vectors("replay_window") {
            for vector in group.vectors() {
                let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
                let size = vector.number("window").unwrap();
                let Ok(mut window) = ReplayWindow::new(size.try_into().unwrap()) else {
                    assert!(!(32..=65_536).contains(&size), "window of {size}");
                    continue;
                };
                for seen in vector.value("seen").and_then(|list| list.as_array()).unwrap() {
                    window.mark(number(seen.as_str().unwrap()));
                }
                let top = number(vector.text("top"));
                if window.top() < top {
                    window.mark(top);
                }
                for packet in vector.value("packets").and_then(|list| list.as_array()).unwrap() {
                    let field = |name: &str| packet[name].as_str().unwrap();
                    let low = u32::from_str_radix(field("seq_on_wire"), 16).unwrap();
                    let guess = if vector.flag("esn") { window.infer(low) } else { Some(low.into()) };
                    if let (Some(high), Some(guess)) = (packet["inferred_hi"].as_u64(), guess) {
                        assert_eq!(guess >> 32, high, "{packet}");
                    }
                    let fresh = guess.is_some_and(|guess| window.check(guess).is_ok());
                    // The ICV covers the sender's number.
                    let authentic = guess == Some(number(field("seq"))) && packet["forged"] != true;
                    let accepted = fresh && authentic;
                    assert_eq!(
                        accepted,
                        packet["accept"].as_bool().unwrap(),
                        "{}: {packet}",
                        vector.text("name")
                    );
                    if accepted {
                        window.mark(guess.unwrap());
                    }
                    assert_eq!(window.top(), number(field("top_after")), "{}: {packet}", vector.text("name"));
                    packets += 1;
                }
            }
        }
        assert!(packets > 100, "only {packets} packets");
    }

    #[test]
    fn ea_04_edges_of_the_window() {
        for size in [32, 64, 992, 1024, 65_536] {
            let mut window = ReplayWindow::new(size).unwrap();
            assert_eq!(window.check(0), Err(ReplayError::Zero));
            let (first, size) = (u64::from(u32::MAX), u64::from(size));
            window.mark(first);
            assert_eq!(window.check(first), Err(ReplayError::Repeated));
            assert_eq!(window.check(first - (size - 1)), Ok(()));
            assert_eq!(window.check(first - size), Err(ReplayError::TooOld));
            assert_eq!(window.check(first - size - 1), Err(ReplayError::TooOld));
            window.mark(first - size);
            assert_eq!(window.top(), first);
        }
        assert_eq!(ReplayWindow::new(31).unwrap_err(), WindowSizeError(31));
        assert_eq!(ReplayWindow::new(65_537).unwrap_err(), WindowSizeError(65_537));
    }

    #[test]
    fn ea_05_extended_numbers_at_both_ends() {
        let mut window = ReplayWindow::new(64).unwrap();
        // The window would reach below 0: the high half of −1 does not exist.
        assert_eq!(window.infer(u32::MAX), None);
        window.mark(u64::MAX);
        assert_eq!(window.infer(u32::MAX), Some(u64::MAX));
        assert_eq!(window.infer(5), None, "there is no subspace after the last");
    }

    #[test]
    fn ea_04_what_is_marked_too_late_changes_nothing() {
        let mut window = ReplayWindow::new(64).unwrap();
        window.mark(1000);
        // Two words hold the window: each of these has the place of one that is in it.
        for old in (1000 - 128 - 63..=1000 - 64).chain([1, 1000 - 7 * 128]) {
            window.mark(old);
        }
        assert!((937..1000).all(|number| window.check(number) == Ok(())));
        assert_eq!((window.top(), window.size()), (1000, 64));
        assert_eq!(format!("{window:?}"), "ReplayWindow(64 up to 1000)");
    }

    #[test]
    fn ea_05_the_subspace_changes_right_where_the_window_ends() {
        const TURN: u64 = 1 << 32;
        let infer = |top: u64, number: u64| {
            let mut window = ReplayWindow::new(64).unwrap();
            window.mark(top);
            window.infer(u32::try_from(number % TURN).unwrap())
        };
        let top = 5 * TURN;
        for (low, number, expected) in [
            // The window lies within a subspace: what is in it or ahead is of this one, what is behind of the next.
            (1000, 1000 - 63, top + 1000 - 63),
            (1000, 1000 - 64, top + TURN + 1000 - 64),
            (1000, TURN - 1, top + TURN - 1),
            // It starts right with the subspace.
            (63, 0, top),
            (63, TURN - 1, top + TURN - 1),
            // It reaches back into the one before.
            (62, TURN - 1, top - 1),
            (10, TURN + 10 - 63, top + 10 - 63),
            (10, TURN + 10 - 64, top + TURN + 10 - 64),
            (10, 11, top + 11),
        ] {
            assert_eq!(infer(top + low, number), Some(expected), "{low} {number:x}");
        }
        assert_eq!(
            infer(u64::MAX - TURN, 5),
            Some(u64::MAX - TURN + 6),
            "the last subspace but one has a next"
        );
    }

    proptest! {
        #[test]
        fn ea_04_equals_a_set(
            size in prop::sample::select(vec![32u32, 33, 63, 64, 65, 128, 992, 4096]),
            jumps in prop::collection::vec((0u8..7, 0u64..5000), 1..400),
        ) {
            let mut window = ReplayWindow::new(size).unwrap();
            let mut model = Model::default();
            let wide = u64::from(size);
            for (kind, amount) in jumps {
                let number = match kind {
                    0 => model.top.saturating_add(1),
                    1 => model.top.saturating_add(amount % 70),
                    2 => model.top.saturating_add(amount * wide),
                    3 => model.top.saturating_sub(amount % wide),
                    4 => model.top.saturating_sub(wide - 2 + amount % 4),
                    5 => model.top.saturating_add(1 << 31),
                    _ => amount,
                };
                let accepted = window.check(number).is_ok();
                prop_assert_eq!(accepted, model.accepts(number, wide));
                if accepted {
                    window.mark(number);
                    model.mark(number);
                }
                prop_assert_eq!(window.top(), model.top);
            }
        }

        #[test]
        fn ea_05_inference_equals_64_bit_truth(
            start in 0u64..(5 << 32), steps in prop::collection::vec((0u64..3000, 0u64..64), 1..200),
        ) {
            let mut window = ReplayWindow::new(64).unwrap();
            let mut truth = start.max(64);
            window.mark(truth);
            for (ahead, back) in steps {
                truth += ahead;
                let number = truth - back.min(63);
                let low = u32::try_from(number & 0xffff_ffff).unwrap();
                // A lossy, reordering link that never holds a packet back for a whole window.
                if window.top().saturating_sub(number) < 64 {
                    prop_assert_eq!(window.infer(low), Some(number));
                    window.mark(number);
                }
            }
        }
    }
}
