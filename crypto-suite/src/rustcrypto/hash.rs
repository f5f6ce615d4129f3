use crate::{CryptoError, HashAlg, HashId};
use ::hmac::digest::Digest as _;

/// SHA-1 (FIPS 180-4).
#[derive(Debug)]
pub(super) struct Sha1;

impl HashAlg for Sha1 {
    fn id(&self) -> HashId {
        HashId::Sha1
    }

    fn digest(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        let length = CryptoError::Length { what: "hash output", got: out.len() };
        let out: &mut [u8; HashId::Sha1.output_len()] = out.try_into().map_err(|_| length)?;
        let mut state = sha1::Sha1::new();
        for part in parts {
            state.update(part);
        }
        *out = state.finalize().into();
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
        for parts in [&[&b"abc"[..]][..], &[b"a", b"", b"bc"]] {
            let mut out = [0; 20];
            Sha1.digest(parts, &mut out).unwrap();
            assert_eq!(out, expected);
        }
        assert!(Sha1.digest(&[], &mut [0; 19]).is_err());
    }
}
