use crate::{ActiveKex, CryptoError, KexAlg, KexId, Secret, SecureRandom};
use alloc::boxed::Box;
use core::fmt;
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Limb, Odd, U256, U2048, Uint};
use zeroize::Zeroizing;

/// The 2048-bit MODP group (RFC 3526 §3): generator 2, a safe prime. Exponentiation takes the same time for every
/// private key.
#[derive(Debug)]
pub(super) struct Modp2048;

const PRIME: U2048 = U2048::from_be_hex(
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd\
     ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
     ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f\
     83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b\
     e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510\
     15728e5a8aacaa68ffffffffffffffff",
);

/// Octets of a private key. RFC 3526 §8 rates the group at 110 to 160 bits of strength, which wants exponents of 220 to
/// 320 bits; 256 cover what the ciphers of IPsec need of it.
const PRIVATE_LEN: usize = 32;

impl KexAlg for Modp2048 {
    fn id(&self) -> KexId {
        KexId::Modp2048
    }

    fn start(&self, rng: &mut dyn SecureRandom) -> Result<Box<dyn ActiveKex>, CryptoError> {
        let mut octets = Zeroizing::new([0; PRIVATE_LEN]);
        rng.fill(&mut *octets)?;
        let private = Zeroizing::new(U256::from_be_slice(&*octets));
        // 0 and 1 would give the public value away; a sound source never yields them.
        if *private <= U256::ONE {
            return Err(CryptoError::Randomness);
        }
        let mut public = [0; 256];
        power(&U2048::from_u8(2), &private, &mut public);
        Ok(Box::new(Active { private, public }))
    }
}

struct Active {
    private: Zeroizing<U256>,
    public: [u8; 256],
}

impl fmt::Debug for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MODP-2048 key pair")
    }
}

impl ActiveKex for Active {
    fn public(&self) -> &[u8] {
        &self.public
    }

    /// 1 < r < p - 1 (RFC 6989 §2.1); the secret keeps its leading zeros (RFC 7296 §2.14).
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError> {
        if peer.len() != KexId::Modp2048.public_len() {
            return Err(CryptoError::Length { what: "public value", got: peer.len() });
        }
        let peer = U2048::from_be_slice(peer);
        if peer <= U2048::ONE || peer >= PRIME.wrapping_sub(&U2048::ONE) {
            return Err(CryptoError::InvalidPublicValue);
        }
        let mut shared = Zeroizing::new([0; 256]);
        power(&peer, &self.private, &mut shared);
        Ok(Secret::copy_from(&*shared))
    }
}

/// Montgomery parameters of the prime, which is public.
static PARAMS: FixedMontyParams<{ U2048::LIMBS }> = {
    const ODD: Odd<U2048> = PRIME.to_odd().expect_copied("the prime is odd");
    FixedMontyParams::new_vartime(ODD)
};

/// `base` to the `exponent`, in a time that depends on the width of the exponent only; leading zeros are kept.
fn power<const LIMBS: usize>(base: &U2048, exponent: &Uint<LIMBS>, out: &mut [u8; 256]) {
    let power = Zeroizing::new(FixedMontyForm::new(base, &PARAMS).pow(exponent));
    let power = Zeroizing::new(power.retrieve());
    for (octets, limb) in out.rchunks_exact_mut(Limb::BYTES).zip(power.as_limbs()) {
        octets.copy_from_slice(&Zeroizing::new(limb.0.to_be_bytes())[..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::vectors;

    /// Published exchanges, whose exponents are longer than ours.
    #[test]
    fn published_exchanges_of_group_14() {
        let mut run = 0;
        for group in vectors("dh_modp").iter().filter(|group| group.kind() == "modp_dh") {
            for vector in group.vectors().filter(|vector| vector.number("group") == Some(14)) {
                let number = |field: &str| {
                    let octets = vector.octets(field);
                    let mut padded = [0; 256];
                    padded[256 - octets.len()..].copy_from_slice(&octets);
                    U2048::from_be_slice(&padded)
                };
                let base = U2048::from_u8(2);
                let (priv_i, priv_r) = (number("priv_i"), number("priv_r"));
                let raised = |base: &U2048, exponent: &U2048| {
                    let mut out = [0; 256];
                    power(base, exponent, &mut out);
                    out.to_vec()
                };
                assert_eq!(raised(&base, &priv_i), vector.octets("pub_i"));
                assert_eq!(raised(&base, &priv_r), vector.octets("pub_r"));
                assert_eq!(raised(&number("pub_r"), &priv_i), vector.octets("shared"));
                assert_eq!(raised(&number("pub_i"), &priv_r), vector.octets("shared"));
                run += 1;
            }
        }
        assert!(run >= 1, "no vector");
    }
}
