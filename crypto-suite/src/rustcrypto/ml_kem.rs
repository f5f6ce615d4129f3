use super::{Given, wrong};
use crate::{ActiveKex, CryptoError, KexAlg, KexId, Secret, SecureRandom};
use ::ml_kem::array::sizes::{U32, U64};
use ::ml_kem::{Decapsulate, Encapsulate, FromSeed, Kem, KeyExport as _, Seed, TryKeyInit as _};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use zeroize::Zeroizing;

/// ML-KEM (FIPS 203) with the parameters `P`: the initiator sends an encapsulation key, the responder a ciphertext.
pub(super) struct MlKem<P>(KexId, PhantomData<fn() -> P>);

impl<P> MlKem<P> {
    pub(super) const fn new(id: KexId) -> Self {
        Self(id, PhantomData)
    }
}

impl<P> fmt::Debug for MlKem<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// What the parameter sets have in common.
pub(super) trait Parameters:
    FromSeed<SeedSize = U64>
    + Kem<SharedKeySize = U32, DecapsulationKey: Decapsulate + Send, EncapsulationKey: Encapsulate>
{
}

impl<P> Parameters for P
where
    P: FromSeed<SeedSize = U64> + Kem<SharedKeySize = U32>,
    P::DecapsulationKey: Decapsulate + Send,
    P::EncapsulationKey: Encapsulate,
{
}

impl<P: Parameters> KexAlg for MlKem<P> {
    fn id(&self) -> KexId {
        self.0
    }

    fn start(&self, rng: &mut dyn SecureRandom) -> Result<Box<dyn ActiveKex>, CryptoError> {
        let mut seed = Zeroizing::new(Seed::default());
        rng.fill(&mut seed)?;
        let (private, public) = P::from_seed(&seed);
        Ok(Box::new(Active::<P> { id: self.0, private, public: public.to_bytes().as_slice().into() }))
    }

    /// The encapsulation key passes FIPS 203 §7.2's checks, of its length and of its coefficients, or is refused.
    fn respond(&self, rng: &mut dyn SecureRandom, peer: &[u8]) -> Result<(Box<[u8]>, Secret), CryptoError> {
        if peer.len() != self.0.public_len() {
            return Err(wrong("public value", peer));
        }
        let key = P::EncapsulationKey::new_from_slice(peer).map_err(|_| CryptoError::InvalidPublicValue)?;
        let mut message = Zeroizing::new([0; 32]);
        rng.fill(&mut *message)?;
        let (ciphertext, shared) = key.encapsulate_with_rng(&mut Given(&*message));
        let shared = Zeroizing::new(shared);
        Ok((ciphertext.as_slice().into(), Secret::copy_from(&shared)))
    }
}

struct Active<P: Parameters> {
    id: KexId,
    private: P::DecapsulationKey,
    public: Box<[u8]>,
}

impl<P: Parameters> fmt::Debug for Active<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} key pair", self.id)
    }
}

impl<P: Parameters> ActiveKex for Active<P> {
    fn public(&self) -> &[u8] {
        &self.public
    }

    /// A ciphertext that was not made for this key yields a secret nobody else has (FIPS 203 §6.3): the exchange then fails
    /// at the next ICV.
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError> {
        let shared = self.private.decapsulate_slice(peer).map_err(|_| wrong("public value", peer))?;
        let shared = Zeroizing::new(shared);
        Ok(Secret::copy_from(&shared))
    }
}
