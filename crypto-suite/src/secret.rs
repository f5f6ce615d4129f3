use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroize as _;

/// Octets that must not be seen: zeroized when dropped, compared in constant time, never printed, never copied.
///
/// ```
/// use ipsec_crypto_suite::Secret;
///
/// let key = Secret::copy_from(b"pre-shared key");
/// assert_eq!(format!("{key:?}"), "Secret(14 octets)");
/// assert!(key.ct_eq(b"pre-shared key"));
/// ```
///
/// There is no `Clone` and no `==`:
///
/// ```compile_fail
/// let key = ipsec_crypto_suite::Secret::copy_from(b"key");
/// let copy = key.clone();
/// ```
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Takes octets over. An array is copied, and its place stays with the caller to wipe; for a `Vec` with spare
    /// capacity, whose octets move when it shrinks, use `from`, which wipes the old place.
    pub fn new(octets: impl Into<Box<[u8]>>) -> Self {
        Self(octets.into())
    }

    /// Copies octets whose other copy the caller looks after.
    pub fn copy_from(octets: &[u8]) -> Self {
        Self(octets.into())
    }

    /// How many octets.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The octets.
    pub const fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether the octets are these; takes the same time wherever they differ. Lengths are not secret.
    pub fn ct_eq(&self, other: &[u8]) -> bool {
        equal(&self.0, other).into()
    }

    /// `len` octets, filled by `fill`; wiped where it fails.
    pub(crate) fn try_fill<E>(len: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut secret = Self(alloc::vec![0; len].into_boxed_slice());
        fill(&mut secret.0)?;
        Ok(secret)
    }
}

/// Whether two strings of octets are the same; takes the same time wherever they differ. All differences are gathered in one
/// number, sixteen octets at a time, which is compared in the end: `subtle` takes as long for a number as for an octet.
#[inline]
pub(crate) fn equal(one: &[u8], other: &[u8]) -> Choice {
    if one.len() != other.len() {
        return Choice::from(0);
    }
    let ((one, one_rest), (other, other_rest)) = (one.as_chunks::<16>(), other.as_chunks::<16>());
    let blocks = one.iter().zip(other).fold(0, |different, (one, other)| {
        different | (u128::from_ne_bytes(*one) ^ u128::from_ne_bytes(*other))
    });
    let rest = one_rest.iter().zip(other_rest).fold(0, |different, (one, other)| different | (one ^ other));
    (blocks | u128::from(rest)).ct_eq(&0)
}

impl From<Box<[u8]>> for Secret {
    /// Takes the octets over, without a copy.
    fn from(octets: Box<[u8]>) -> Self {
        Self(octets)
    }
}

impl From<Vec<u8>> for Secret {
    /// Takes the octets over; where the allocation has room to spare, they are copied and it is wiped whole.
    fn from(mut octets: Vec<u8>) -> Self {
        if octets.len() == octets.capacity() {
            return Self(octets.into_boxed_slice());
        }
        let secret = Self::copy_from(&octets);
        octets.zeroize();
        secret
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} octets)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_in_keeps_the_octets() {
        let mut spare = Vec::with_capacity(64);
        spare.extend_from_slice(b"key");
        let boxed: Box<[u8]> = Box::from(*b"key");
        let exact: Vec<u8> = boxed.to_vec();
        let all = [spare.into(), boxed.into(), exact.into(), Secret::new(*b"key"), Secret::copy_from(b"key")];
        for secret in all {
            assert_eq!((secret.len(), secret.is_empty(), secret.expose()), (3, false, &b"key"[..]));
        }
    }

    #[test]
    fn comparison_looks_at_every_octet_and_at_the_length() {
        let octets: Vec<u8> = (1..=40).collect();
        for length in 0..=octets.len() {
            let secret = Secret::copy_from(&octets[..length]);
            for other in 0..=octets.len() {
                assert_eq!(secret.ct_eq(&octets[..other]), length == other, "{length} and {other} octets");
            }
            for at in 0..length {
                let mut altered = octets[..length].to_vec();
                altered[at] ^= 0x80;
                assert!(!secret.ct_eq(&altered), "octet {at} of {length}");
            }
        }
        assert!(Secret::new([]).is_empty());
    }
}
