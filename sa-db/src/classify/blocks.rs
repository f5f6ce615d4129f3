//! Ranges cut into aligned blocks.

use crate::classify::{Address, Span};
use alloc::vec::Vec;

/// The fewest aligned blocks that make up a range.
pub(crate) fn blocks<A: Address>((first, last): Span<A>) -> Vec<Span<A>> {
    let mut pieces = Vec::new();
    let mut start = first;
    loop {
        // The shortest prefix whose block starts here and does not go past the end.
        let shortest = A::WIDTH.saturating_sub(start.clear_bits());
        let length = (shortest..=A::WIDTH).find(|length| start.last_of(*length) <= last).unwrap_or(A::WIDTH);
        let end = start.last_of(length);
        pieces.push((start, end));
        match end.next().filter(|next| *next <= last && end < last) {
            Some(next) => start = next,
            None => return pieces,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges() {
        assert_eq!(blocks((0u32, u32::MAX)), [(0, u32::MAX)]);
        assert_eq!(blocks((u32::MAX, u32::MAX)), [(u32::MAX, u32::MAX)]);
        assert_eq!(blocks((1u32, 6)), [(1, 1), (2, 3), (4, 5), (6, 6)]);
        assert_eq!(blocks((1u128, u128::MAX - 1)).len(), 254);
    }

    proptest! {
        #[test]
        fn they_cover_the_range_without_a_gap(one in any::<u32>(), two in any::<u32>()) {
            let (first, last) = (one.min(two), one.max(two));
            let pieces = blocks((first, last));
            prop_assert!(pieces.len() <= 62);
            prop_assert_eq!((pieces[0].0, pieces[pieces.len() - 1].1), (first, last));
            for pair in pieces.windows(2) {
                prop_assert_eq!(pair[0].1 + 1, pair[1].0);
            }
            for (start, end) in pieces {
                let size = u64::from(end - start) + 1;
                prop_assert!(size.is_power_of_two() && u64::from(start) % size == 0);
            }
        }
    }
}
