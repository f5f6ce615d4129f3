use crate::hash::{HashKey, halves};

/// An address as a number.
pub(crate) trait Address: Copy + Ord + Default {
    /// Its bits.
    const WIDTH: u8;
    /// The prefix lengths that boxes are filed under at first, falling.
    const COARSE: &'static [u8];

    /// The bits of the prefix.
    fn mask(length: u8) -> Self;

    /// With the bits of the mask alone.
    fn masked(self, mask: Self) -> Self;

    /// With the bits behind the prefix cleared.
    fn prefix(self, length: u8) -> Self {
        self.masked(Self::mask(length))
    }

    /// How many leading bits are those of `other`.
    fn common(self, other: Self) -> u8;

    /// With the bits behind the prefix set.
    fn last_of(self, length: u8) -> Self;

    /// The next number; `None` behind the last.
    fn next(self) -> Option<Self>;

    /// How many of its lowest bits are clear.
    fn clear_bits(self) -> u8;

    fn hash(self, key: HashKey, length: u8) -> u64;
}

macro_rules! address {
    ($number:ty, $coarse:expr, $hash:expr) => {
        impl Address for $number {
            const WIDTH: u8 = bits(<$number>::BITS);
            const COARSE: &'static [u8] = &$coarse;

            fn mask(length: u8) -> Self {
                let host = Self::WIDTH.saturating_sub(length);
                <$number>::MAX.checked_shl(host.into()).unwrap_or(0)
            }

            #[inline]
            fn masked(self, mask: Self) -> Self {
                self & mask
            }

            fn common(self, other: Self) -> u8 {
                bits((self ^ other).leading_zeros())
            }

            fn last_of(self, length: u8) -> Self {
                self | <$number>::MAX.checked_shr(length.into()).unwrap_or(0)
            }

            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn clear_bits(self) -> u8 {
                bits(self.trailing_zeros())
            }

            #[inline]
            fn hash(self, key: HashKey, length: u8) -> u64 {
                $hash(self, key, length)
            }
        }
    };
}

address!(u32, [32, 24, 16, 8, 0], |own: u32, key: HashKey, length: u8| {
    key.hash(u64::from(own) | u64::from(length) << 32)
});
address!(u128, [128, 64, 48, 32, 16, 0], |own: u128, key: HashKey, length: u8| {
    // Two products that do not wait for one another.
    let [low, high] = halves(own);
    key.hash(high ^ u64::from(length)).wrapping_add(key.hash(!low).rotate_left(17))
});

/// A count of bits, 128 at most.
#[expect(clippy::as_conversions, reason = "128 at most")]
const fn bits(count: u32) -> u8 {
    count as u8
}
