use super::wrong;
use crate::{CryptoError, HashAlg, HashId};
use ::hmac::digest::Digest;
use core::fmt;
use core::marker::PhantomData;

/// A hash function, as the type `H` has it.
pub(super) struct Hash<H>(HashId, PhantomData<fn() -> H>);

impl<H> Hash<H> {
    pub(super) const fn new(id: HashId) -> Self {
        Self(id, PhantomData)
    }
}

impl<H> fmt::Debug for Hash<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl<H: Digest + 'static> HashAlg for Hash<H> {
    fn id(&self) -> HashId {
        self.0
    }

    fn digest(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        let mut state = H::new();
        for part in parts {
            state.update(part);
        }
        let length = wrong("hash output", out);
        state.finalize_into(out.try_into().map_err(|_| length)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fips_180_example_in_one_part_and_in_three() {
        let expected = [
            0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c,
            0x9c, 0xd0, 0xd8, 0x9d,
        ];
        let sha1 = Hash::<sha1::Sha1>::new(HashId::Sha1);
        for parts in [&[&b"abc"[..]][..], &[b"a", b"", b"bc"]] {
            let mut out = [0; 20];
            sha1.digest(parts, &mut out).unwrap();
            assert_eq!(out, expected);
        }
        assert!(sha1.digest(&[], &mut [0; 19]).is_err());
    }
}
