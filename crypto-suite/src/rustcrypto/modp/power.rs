//! Exponentiation modulo a prime, in a time that depends on public lengths only.
//!
//! `crypto-bigint` squares by multiplying, and walks both operands for each word of one. Here a product is summed column by
//! column, which leaves no intermediate words to write; a square counts the products off its diagonal once; and each column
//! runs on two sums, which the processor adds to side by side. That is worth a fifth of the time of an exchange. No branch and no
//! address depends on a secret.

use crypto_bigint::modular::FixedMontyParams;
use crypto_bigint::{Limb, Uint, WideWord, Word};
use zeroize::Zeroize;

/// `base` to the `exponent`, of which the lowest `bits` count: a multiple of four. The base is in Montgomery form and below
/// 2 to the number of bits of the prime, the result is the power itself.
pub(super) fn power<const LIMBS: usize>(
    base: &Uint<LIMBS>,
    exponent: &Uint<LIMBS>,
    bits: usize,
    params: &FixedMontyParams<LIMBS>,
) -> Uint<LIMBS> {
    let mut field = Field::new(params.modulus().as_ref());
    let mut table = [words(params.one()); 1 << WINDOW];
    table[1] = words(base);
    for index in 2..table.len() {
        let (lower, upper) = table.split_at_mut(index);
        field.multiply(&lower[index - 1], &lower[1], &mut upper[0]);
    }
    let (mut power, mut chosen, mut next) = ([0; LIMBS], [0; LIMBS], [0; LIMBS]);
    for window in (0..bits / WINDOW).rev() {
        let digit = digit(exponent, window);
        choose(&table, digit, &mut chosen);
        if window + 1 == bits / WINDOW {
            power = chosen;
            continue;
        }
        for _ in 0..WINDOW / 2 {
            field.square(&power, &mut next);
            field.square(&next, &mut power);
        }
        field.multiply(&power, &chosen, &mut next);
        // Not swapped, which goes through a third place that nobody wipes.
        power = next;
    }
    // Out of Montgomery form, which also brings it below the prime.
    let mut one = [0; LIMBS];
    one[0] = 1;
    field.multiply(&power, &one, &mut next);
    let result = Uint::new(next.map(Limb));
    for secret in [&mut power, &mut chosen, &mut next] {
        secret.zeroize();
    }
    table.iter_mut().for_each(Zeroize::zeroize);
    field.quotients.zeroize();
    result
}

/// Bits of the exponent taken at once.
const WINDOW: usize = 4;

/// A digit of the exponent, the lowest being number 0.
fn digit<const LIMBS: usize>(exponent: &Uint<LIMBS>, number: usize) -> Word {
    let bit = WINDOW * number;
    let limb = exponent.as_limbs().get(bit / Limb::BITS as usize).map_or(0, |limb| limb.0);
    (limb >> (bit % Limb::BITS as usize)) & ((1 << WINDOW) - 1)
}

/// The entry of the table with this number; reads all of them.
fn choose<const LIMBS: usize>(table: &[[Word; LIMBS]; 1 << WINDOW], number: Word, out: &mut [Word; LIMBS]) {
    out.fill(0);
    for (entry, own) in table.iter().zip(0..) {
        // Both are small: less one, only their being equal borrows into the top bit, which becomes a mask of ones.
        let equal = Word::wrapping_sub(own ^ number, 1) >> (Word::BITS - 1);
        let mask = core::hint::black_box(equal.wrapping_neg());
        out.iter_mut().zip(entry).for_each(|(to, from)| *to |= from & mask);
    }
}

fn words<const LIMBS: usize>(number: &Uint<LIMBS>) -> [Word; LIMBS] {
    number.to_words()
}

/// A sum of products: two words, and what does not fit.
#[derive(Clone, Copy, Default)]
struct Sum {
    low: WideWord,
    high: Word,
}

impl Sum {
    #[inline(always)]
    fn add_product(&mut self, x: Word, y: Word) {
        let (low, carry) = self.low.overflowing_add(WideWord::from(x) * WideWord::from(y));
        self.low = low;
        self.high += Word::from(carry);
    }

    #[inline(always)]
    fn add(&mut self, other: Self) {
        let (low, carry) = self.low.overflowing_add(other.low);
        self.low = low;
        self.high += other.high + Word::from(carry);
    }

    #[inline(always)]
    fn doubled(self) -> Self {
        let carry = (self.low >> (WideWord::BITS - 1)) as Word;
        Self { low: self.low << 1, high: self.high << 1 | carry }
    }

    /// Takes the lowest word off.
    #[inline(always)]
    fn shift(&mut self) -> Word {
        let lowest = self.low as Word;
        self.low = self.low >> Word::BITS | WideWord::from(self.high) << Word::BITS;
        self.high = 0;
        lowest
    }

    /// The products of `x` with `y` backwards.
    #[inline(always)]
    fn add_column(&mut self, x: &[Word], y: &[Word]) {
        for (x, y) in x.iter().zip(y.iter().rev()) {
            self.add_product(*x, *y);
        }
    }

    /// The same, as two sums side by side.
    #[inline(always)]
    fn add_long_column(&mut self, x: &[Word], y: &[Word]) {
        let half = x.len() / 2;
        let ((front, back), (low, high)) = (x.split_at(half), y.split_at(y.len() - half));
        let mut other = Self::default();
        for (((a, b), c), d) in front.iter().zip(high.iter().rev()).zip(back).zip(low.iter().rev()) {
            self.add_product(*a, *b);
            other.add_product(*c, *d);
        }
        if let (false, Some(x), Some(y)) = (x.len().is_multiple_of(2), x.last(), y.first()) {
            other.add_product(*x, *y);
        }
        self.add(other);
    }

    /// Two columns of one length side by side.
    #[inline(always)]
    fn add_columns(&mut self, (a, b): (&[Word], &[Word]), (c, d): (&[Word], &[Word])) {
        let mut other = Self::default();
        for (((a, b), c), d) in a.iter().zip(b.iter().rev()).zip(c).zip(d.iter().rev()) {
            self.add_product(*a, *b);
            other.add_product(*c, *d);
        }
        self.add(other);
    }
}

/// Montgomery multiplication modulo a prime, "almost" reduced: numbers stay below 2 to the number of its bits (S. Gueron,
/// "Efficient Software Implementations of Modular Exponentiation", §2).
struct Field<const LIMBS: usize> {
    modulus: [Word; LIMBS],
    /// -1 / modulus modulo 2 to the number of a word's bits.
    negated_inverse: Word,
    /// How many times the modulus is added in each column of the product at hand.
    quotients: [Word; LIMBS],
}

impl<const LIMBS: usize> Field<LIMBS> {
    fn new(modulus: &Uint<LIMBS>) -> Self {
        let modulus = words(modulus);
        // Newton's iteration: each step doubles the bits that are right, of which an odd number has three.
        let inverse = (0..5).fold(modulus[0], |inverse: Word, _| {
            inverse.wrapping_mul(Word::wrapping_sub(2, modulus[0].wrapping_mul(inverse)))
        });
        Self { modulus, negated_inverse: inverse.wrapping_neg(), quotients: [0; LIMBS] }
    }

    /// How many times the modulus goes into column `column`, which then ends in a word of zeros.
    #[inline(always)]
    fn reduce(&mut self, sum: &mut Sum, column: usize) {
        let quotient = (sum.low as Word).wrapping_mul(self.negated_inverse);
        self.quotients[column] = quotient;
        sum.add_product(quotient, self.modulus[0]);
        sum.shift();
    }

    /// What is left in the sum is one bit: where it is set the modulus is subtracted.
    #[inline(always)]
    fn finish(&self, sum: Sum, out: &mut [Word; LIMBS]) {
        let mask = core::hint::black_box((sum.low as Word).wrapping_neg());
        let mut borrow = 0;
        for (out, word) in out.iter_mut().zip(&self.modulus) {
            let (difference, first) = out.overflowing_sub(word & mask);
            let (difference, second) = difference.overflowing_sub(borrow);
            *out = difference;
            borrow = Word::from(first | second);
        }
    }

    #[inline(never)]
    fn multiply(&mut self, a: &[Word; LIMBS], b: &[Word; LIMBS], out: &mut [Word; LIMBS]) {
        let mut sum = Sum::default();
        for column in 0..LIMBS {
            let quotients = (&self.quotients[..column], &self.modulus[1..=column]);
            sum.add_columns((&a[..column], &b[1..=column]), quotients);
            sum.add_product(a[column], b[0]);
            self.reduce(&mut sum, column);
        }
        for (out, from) in out.iter_mut().zip(1..) {
            sum.add_columns((&a[from..], &b[from..]), (&self.quotients[from..], &self.modulus[from..]));
            *out = sum.shift();
        }
        self.finish(sum, out);
    }

    #[inline(never)]
    fn square(&mut self, a: &[Word; LIMBS], out: &mut [Word; LIMBS]) {
        let mut sum = Sum::default();
        for column in 0..LIMBS {
            let half = column.div_ceil(2);
            let mut products = Sum::default();
            products.add_column(&a[..half], &a[column + 1 - half..=column]);
            sum.add(products.doubled());
            if column.is_multiple_of(2) {
                sum.add_product(a[column / 2], a[column / 2]);
            }
            sum.add_long_column(&self.quotients[..column], &self.modulus[1..=column]);
            self.reduce(&mut sum, column);
        }
        for (out, from) in out.iter_mut().zip(1..) {
            let terms = LIMBS - from;
            let half = terms / 2;
            let mut products = Sum::default();
            products.add_column(&a[from..from + half], &a[LIMBS - half..]);
            sum.add(products.doubled());
            if !terms.is_multiple_of(2) {
                let middle = from + half;
                sum.add_product(a[middle], a[middle]);
            }
            sum.add_long_column(&self.quotients[from..], &self.modulus[from..]);
            *out = sum.shift();
        }
        self.finish(sum, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto_bigint::modular::FixedMontyForm;
    use crypto_bigint::{Odd, U1024};
    use proptest::prelude::*;

    fn number(octets: &[u8]) -> U1024 {
        U1024::from_be_slice(octets)
    }

    /// Carries travel furthest where all bits are set.
    #[test]
    fn equals_crypto_bigint_at_the_edges() {
        let top = U1024::MAX;
        for modulus in [top, top.wrapping_sub(&U1024::from_u8(2)), top.wrapping_sub(&U1024::from_u64(104))] {
            let params = FixedMontyParams::new_vartime(Odd::new(modulus).unwrap());
            for base in [U1024::ONE, U1024::from_u8(2), modulus.wrapping_sub(&U1024::ONE), modulus >> 1] {
                for exponent in [U1024::ZERO, U1024::ONE, U1024::from_u64(u64::MAX), top >> 512, top] {
                    let form = FixedMontyForm::new(&base, &params);
                    let ours = power(form.as_montgomery(), &exponent, 1024, &params);
                    assert_eq!(ours, form.pow(&exponent).retrieve());
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn equals_crypto_bigint(
            mut modulus in prop::collection::vec(any::<u8>(), 128), base in prop::collection::vec(any::<u8>(), 128),
            exponent in prop::collection::vec(any::<u8>(), 128), windows in 1usize..256,
        ) {
            (modulus[0], modulus[127]) = (modulus[0] | 0x80, modulus[127] | 1);
            let params = FixedMontyParams::new_vartime(Odd::new(number(&modulus)).unwrap());
            let form = FixedMontyForm::new(&number(&base), &params);
            let (exponent, bits) = (number(&exponent), 4 * windows);
            let ours = power(form.as_montgomery(), &exponent, bits, &params);
            let counted = exponent & (U1024::MAX >> (1024 - bits as u32));
            prop_assert_eq!(ours, form.pow(&counted).retrieve());
        }
    }
}
