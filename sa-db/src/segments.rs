//! A vector in segments: growing moves nothing that is there, so that no insertion waits for a copy of all.

use alloc::vec::Vec;

/// A list that only ever gets longer, in segments of which each is twice as long as the one before.
pub(crate) struct Segments<T> {
    /// All but the last are full.
    segments: Vec<Vec<T>>,
}

/// The length of the first segment is two to this.
const FIRST: u32 = 4;

impl<T> Segments<T> {
    pub(crate) const fn new() -> Self {
        Self { segments: Vec::new() }
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        let (segment, at) = place(index)?;
        self.segments.get(segment)?.get(at)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let (segment, at) = place(index)?;
        self.segments.get_mut(segment)?.get_mut(at)
    }

    pub(crate) fn push(&mut self, value: T) {
        let length = 1 << FIRST << self.segments.len().saturating_sub(1);
        match self.segments.last_mut().filter(|segment| segment.len() < length) {
            Some(segment) => segment.push(value),
            None => {
                let mut segment = Vec::with_capacity(1 << FIRST << self.segments.len());
                segment.push(value);
                self.segments.push(segment);
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        let before = (1 << FIRST << self.segments.len().saturating_sub(1)) - (1 << FIRST);
        self.segments.last().map_or(0, |segment| before + segment.len())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.segments.iter().flatten()
    }

    /// Octets of memory, spare room included.
    pub(crate) fn octets(&self) -> usize {
        let elements: usize = self.segments.iter().map(Vec::capacity).sum();
        self.segments.capacity() * size_of::<Vec<T>>() + elements * size_of::<T>()
    }
}

/// The segment of an index, and the place in it.
#[inline]
fn place(index: usize) -> Option<(usize, usize)> {
    let number = index.checked_add(1 << FIRST)?;
    let power = number.ilog2();
    Some((usize::try_from(power - FIRST).ok()?, number ^ 1 << power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_equal_a_vector_and_move_nothing() {
        let mut segments = Segments::new();
        assert_eq!((segments.len(), segments.get(0)), (0, None));
        segments.push(0);
        let first = core::ptr::from_ref(segments.get(0).unwrap());
        for number in 1..5000 {
            assert_eq!((segments.len(), segments.get(number)), (number, None));
            segments.push(number);
            *segments.get_mut(number).unwrap() += 7;
        }
        assert!((1..5000).all(|number| segments.get(number) == Some(&(number + 7))));
        assert!(segments.iter().skip(1).copied().eq((1..5000).map(|number| number + 7)));
        assert!(core::ptr::eq(first, segments.get(0).unwrap()));
        assert!(segments.get(usize::MAX).is_none() && segments.get_mut(5000).is_none());
        let spare = segments.octets() / size_of::<usize>();
        assert!((5000..2 * 5000 + 100).contains(&spare), "{spare}");
    }
}
