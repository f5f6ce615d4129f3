use super::wrong;
use crate::{ActiveKex, CryptoError, KexAlg, KexId, Secret, SecureRandom};
use alloc::boxed::Box;
use alloc::vec;
use core::fmt;
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Limb, Odd, Uint};
use zeroize::Zeroizing;

/// A MODP group (RFC 2409, RFC 3526, RFC 5114) of `LIMBS` limbs. Exponentiation takes the same time for every private key.
#[derive(Debug)]
pub(super) struct Modp<const LIMBS: usize> {
    id: KexId,
    /// The prime, with what Montgomery multiplication wants of it.
    params: FixedMontyParams<LIMBS>,
    generator: Uint<LIMBS>,
    /// The order of the generator, where that is not half of the prime less one.
    order: Option<Uint<LIMBS>>,
    /// Octets of a private key: twice the strength of the group at least, as RFC 7919 §5.2 counts it.
    private_len: usize,
}

impl<const LIMBS: usize> Modp<LIMBS> {
    /// A group with a safe prime and the generator 2.
    pub(super) const fn new(id: KexId, prime: &str, private_len: usize) -> Self {
        let params = FixedMontyParams::new_vartime(odd(prime));
        Self { id, params, generator: Uint::from_u8(2), order: None, private_len }
    }

    /// A group with a generator of small order (RFC 5114).
    #[cfg(feature = "legacy")]
    pub(super) const fn with_subgroup(
        id: KexId,
        (prime, generator, order): (&str, &str, &str),
        private_len: usize,
    ) -> Self {
        let params = FixedMontyParams::new_vartime(odd(prime));
        let (generator, order) = (Uint::from_be_hex(generator), Some(Uint::from_be_hex(order)));
        Self { id, params, generator, order, private_len }
    }

    /// `base` to the `exponent`, in a time that depends on the length of private keys only; leading zeros are kept.
    fn power(&self, base: &Uint<LIMBS>, exponent: &Uint<LIMBS>, bits: usize, out: &mut [u8]) {
        let base = FixedMontyForm::new(base, &self.params);
        let power = Zeroizing::new(base.pow_amm_bounded_exp(exponent, bits as u32));
        let power = Zeroizing::new(power.retrieve());
        write(&power, out);
    }

    /// 1 < r < p - 1 (RFC 6989 §2.1), and for a small subgroup that r is in it (RFC 6989 §2.2).
    fn check(&self, peer: &Uint<LIMBS>) -> Result<(), CryptoError> {
        let highest = self.params.modulus().wrapping_sub(&Uint::ONE);
        let in_subgroup = |order| {
            let power = FixedMontyForm::new(peer, &self.params).pow_vartime(order).retrieve();
            power == Uint::ONE
        };
        if *peer <= Uint::ONE || *peer >= highest || !self.order.as_ref().is_none_or(in_subgroup) {
            return Err(CryptoError::InvalidPublicValue);
        }
        Ok(())
    }
}

const fn odd<const LIMBS: usize>(prime: &str) -> Odd<Uint<LIMBS>> {
    Uint::from_be_hex(prime).to_odd().expect_copied("a prime is odd")
}

/// Big-endian, leading zeros kept.
fn write<const LIMBS: usize>(number: &Uint<LIMBS>, out: &mut [u8]) {
    for (octets, limb) in out.rchunks_exact_mut(Limb::BYTES).zip(number.as_limbs()) {
        octets.copy_from_slice(&Zeroizing::new(limb.0.to_be_bytes())[..]);
    }
}

/// A number of at most as many octets as `LIMBS` hold.
fn read<const LIMBS: usize>(octets: &[u8]) -> Zeroizing<Uint<LIMBS>> {
    let mut padded = Zeroizing::new(vec![0; LIMBS * Limb::BYTES]);
    padded.iter_mut().rev().zip(octets.iter().rev()).for_each(|(to, from)| *to = *from);
    Zeroizing::new(Uint::from_be_slice(&padded))
}

impl<const LIMBS: usize> KexAlg for Modp<LIMBS> {
    fn id(&self) -> KexId {
        self.id
    }

    fn start(&self, rng: &mut dyn SecureRandom) -> Result<Box<dyn ActiveKex>, CryptoError> {
        let mut octets = Zeroizing::new(vec![0; self.private_len]);
        rng.fill(&mut octets)?;
        let private = read(&octets);
        // 0 and 1 would give the public value away; a sound source never yields them.
        if *private <= Uint::ONE {
            return Err(CryptoError::Randomness);
        }
        let mut public = vec![0; self.id.public_len()];
        // A copy with a lifetime of its own: a started exchange does not borrow the table.
        let group = Self { ..*self };
        group.power(&group.generator, &private, 8 * self.private_len, &mut public);
        Ok(Box::new(Active { group, private, public: public.into() }))
    }
}

struct Active<const LIMBS: usize> {
    group: Modp<LIMBS>,
    private: Zeroizing<Uint<LIMBS>>,
    public: Box<[u8]>,
}

impl<const LIMBS: usize> fmt::Debug for Active<LIMBS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} key pair", self.group.id)
    }
}

impl<const LIMBS: usize> ActiveKex for Active<LIMBS> {
    fn public(&self) -> &[u8] {
        &self.public
    }

    /// The secret keeps its leading zeros (RFC 7296 §2.14).
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError> {
        if peer.len() != self.group.id.response_len() {
            return Err(wrong("public value", peer));
        }
        let peer = read(peer);
        self.group.check(&peer)?;
        let bits = 8 * self.group.private_len;
        Secret::try_fill(self.group.id.shared_len(), |out| {
            self.group.power(&peer, &self.private, bits, out);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
