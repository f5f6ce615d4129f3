//! Hashing with keys that nobody outside knows: what peers choose cannot be made to collide.

use core::hash::{BuildHasher, Hasher};
use ipsec_crypto_suite::{CryptoError, SecureRandom};

/// Two secret words: a value is blinded with one and multiplied with the other, and both halves of the product count.
///
/// Whoever knows neither can do no better than by chance at finding values that collide, as long as the hashes
/// themselves stay inside; they do.
#[derive(Clone, Copy)]
pub(crate) struct HashKey {
    blind: u64,
    factor: u64,
}

impl HashKey {
    /// Draws a key.
    pub(crate) fn draw(rng: &mut dyn SecureRandom) -> Result<Self, CryptoError> {
        let mut octets = [[0; 8]; 2];
        rng.fill(octets.as_flattened_mut())?;
        let [blind, factor] = octets.map(u64::from_ne_bytes);
        // Odd, and with ones in its upper half: a product always reaches both halves.
        Ok(Self { blind, factor: factor | 0x8000_0000_0000_0001 })
    }

    #[inline]
    pub(crate) fn hash(self, value: u64) -> u64 {
        let product = u128::from(value ^ self.blind).wrapping_mul(u128::from(self.factor));
        let [low, high] = halves(product);
        low ^ high
    }

    /// The hash of a value behind what was hashed before.
    #[inline]
    pub(crate) fn chain(self, before: u64, value: u64) -> u64 {
        self.hash(before.rotate_left(23) ^ value)
    }
}

/// The lower and the upper 64 bits.
#[inline]
#[expect(clippy::as_conversions, reason = "takes the lower half")]
pub(crate) const fn halves(value: u128) -> [u64; 2] {
    [value as u64, (value >> 64) as u64]
}

impl BuildHasher for HashKey {
    type Hasher = KeyedHasher;

    #[inline]
    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher { key: *self, state: 0 }
    }
}

/// The [`Hasher`] over a [`HashKey`].
pub(crate) struct KeyedHasher {
    key: HashKey,
    state: u64,
}

impl Hasher for KeyedHasher {
    fn write(&mut self, octets: &[u8]) {
        for chunk in octets.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            self.write_u64(u64::from_ne_bytes(word));
        }
        self.write_u64(u64::try_from(octets.len()).unwrap_or(u64::MAX));
    }

    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.write_u64(value.into());
    }

    #[inline]
    fn write_u16(&mut self, value: u16) {
        self.write_u64(value.into());
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.state = self.key.chain(self.state, value);
    }

    #[inline]
    fn write_u128(&mut self, value: u128) {
        halves(value).into_iter().for_each(|half| self.write_u64(half));
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.write_u64(u64::try_from(value).unwrap_or(u64::MAX));
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use testkit::Seeded;

    #[test]
    fn pd_04_low_and_high_bits_spread_whatever_the_values_have_in_common() {
        let key = HashKey::draw(&mut Seeded(1)).unwrap();
        for stride in [1u64, 16, 1 << 16, 1 << 32, 0x0101_0101] {
            let mut low = Vec::from([0u32; 1024]);
            let mut high = Vec::from([0u32; 128]);
            for number in 0..65_536u64 {
                let hash = key.hash(number.wrapping_mul(stride));
                low[usize::try_from(hash & 1023).unwrap()] += 1;
                high[usize::try_from(hash >> 57).unwrap()] += 1;
            }
            assert!(low.iter().all(|count| (16..160).contains(count)), "stride {stride:x}");
            assert!(high.iter().all(|count| (300..800).contains(count)), "stride {stride:x}");
        }
    }

    #[test]
    fn pd_04_other_keys_other_hashes() {
        let [one, two] = [1, 2].map(|seed| HashKey::draw(&mut Seeded(seed)).unwrap());
        assert!((0..1000).all(|value| one.hash(value) != two.hash(value)));
        assert_ne!(one.hash_one("ab"), one.hash_one("abc"));
        assert_eq!(one.hash_one("ab"), one.hash_one("ab"));
    }
}
