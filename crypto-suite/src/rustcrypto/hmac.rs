use super::wrong;
use crate::secret::equal;
use crate::{CryptoError, MacAlg, MacId, MacKey, PrfAlg, PrfId, PrfKey, Secret};
use ::hmac::{Hmac, KeyInit as _, Mac as _, digest::Output, digest::block_api::EagerHash};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use zeroize::Zeroizing;

/// HMAC with the hash `H`, as a MAC or as a PRF, by the id `I`.
pub(super) struct HmacAlg<H, I>(I, PhantomData<fn() -> H>);

impl<H, I> HmacAlg<H, I> {
    pub(super) const fn new(id: I) -> Self {
        Self(id, PhantomData)
    }
}

impl<H, I: fmt::Display> fmt::Debug for HmacAlg<H, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl<H> MacAlg for HmacAlg<H, MacId>
where
    H: EagerHash + 'static,
    Hmac<H>: Clone + Send + Sync,
{
    fn id(&self) -> MacId {
        self.0
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn MacKey>, CryptoError> {
        if key.len() != self.0.key_len() {
            return Err(wrong("integrity key", key.expose()));
        }
        Ok(Box::new(HmacKey { id: self.0, keyed: keyed::<H>(key.expose())? }))
    }
}

impl<H> PrfAlg for HmacAlg<H, PrfId>
where
    H: EagerHash + 'static,
    Hmac<H>: Clone + Send + Sync,
{
    fn id(&self) -> PrfId {
        self.0
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn PrfKey>, CryptoError> {
        Ok(Box::new(HmacKey { id: self.0, keyed: keyed::<H>(key)? }))
    }
}

fn keyed<H: EagerHash>(key: &[u8]) -> Result<Hmac<H>, CryptoError> {
    Hmac::<H>::new_from_slice(key).map_err(|_| wrong("HMAC key", key))
}

/// The state after the key's block, cloned for each message.
struct HmacKey<H: EagerHash, I> {
    id: I,
    keyed: Hmac<H>,
}

impl<H: EagerHash, I: fmt::Display> fmt::Debug for HmacKey<H, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key for {}", self.id)
    }
}

impl<H: EagerHash, I> HmacKey<H, I>
where
    Hmac<H>: Clone,
{
    /// The whole output. Of a PRF it is a key, and of a MAC to be verified what would make a forgery pass.
    #[inline]
    fn output(&self, parts: &[&[u8]]) -> Zeroizing<Output<Hmac<H>>> {
        let mut state = self.keyed.clone();
        for part in parts.iter().filter(|part| !part.is_empty()) {
            state.update(part);
        }
        Zeroizing::new(state.finalize().into_bytes())
    }

    /// The front of the output.
    #[inline]
    fn write(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        let length = wrong("HMAC output", out);
        out.copy_from_slice(self.output(parts).get(..out.len()).ok_or(length)?);
        Ok(())
    }
}

impl<H> MacKey for HmacKey<H, MacId>
where
    H: EagerHash,
    Hmac<H>: Clone + Send + Sync,
{
    fn compute(&self, iv: &[u8], parts: &[&[u8]], icv: &mut [u8]) -> Result<(), CryptoError> {
        self.check(iv, icv)?;
        self.write(parts, icv)
    }

    fn verify(&self, iv: &[u8], parts: &[&[u8]], icv: &[u8]) -> Result<(), CryptoError> {
        self.check(iv, icv)?;
        let whole = self.output(parts);
        let front = whole.get(..icv.len()).unwrap_or_default();
        if equal(front, icv).into() { Ok(()) } else { Err(CryptoError::Authentication) }
    }
}

impl<H: EagerHash> HmacKey<H, MacId> {
    #[inline]
    fn check(&self, iv: &[u8], icv: &[u8]) -> Result<(), CryptoError> {
        if icv.len() != self.id.icv_len() {
            return Err(wrong("ICV", icv));
        }
        if !iv.is_empty() {
            return Err(wrong("IV", iv));
        }
        Ok(())
    }
}

impl<H> PrfKey for HmacKey<H, PrfId>
where
    H: EagerHash,
    Hmac<H>: Clone + Send + Sync,
{
    fn output_len(&self) -> usize {
        self.id.output_len()
    }

    fn compute(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        if out.len() != self.id.output_len() {
            return Err(wrong("PRF output", out));
        }
        self.write(parts, out)
    }
}
