#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

use super::*;
use crate::rustcrypto::{MODP_2048, MODP_3072, MODP_4096, MODP_6144, MODP_8192};
use testkit::{Vector, vectors};

/// Both ends of a published exchange, whose exponents may be longer than ours.
fn check<const LIMBS: usize>(group: &Modp<LIMBS>, vector: &Vector<'_>) {
    let number = |field: &str| read::<LIMBS>(&vector.octets(field));
    let raised = |base: &Uint<LIMBS>, exponent: &Uint<LIMBS>| {
        let mut out = vec![0; LIMBS * Limb::BYTES];
        group.power(base, exponent, 8 * out.len(), &mut out);
        out
    };
    let (private_i, private_r) = (number("priv_i"), number("priv_r"));
    assert_eq!(raised(&group.generator, &private_i), vector.octets("pub_i"), "{}", vector.text("name"));
    assert_eq!(raised(&group.generator, &private_r), vector.octets("pub_r"), "{}", vector.text("name"));
    assert_eq!(raised(&number("pub_r"), &private_i), vector.octets("shared"), "{}", vector.text("name"));
    assert_eq!(raised(&number("pub_i"), &private_r), vector.octets("shared"), "{}", vector.text("name"));
}

#[test]
fn published_exchanges() {
    let mut run = 0;
    for group in vectors("dh_modp").iter().filter(|group| group.kind() == "modp_dh") {
        for vector in group.vectors() {
            match vector.number("group").unwrap() {
                14 => check(&MODP_2048, &vector),
                15 => check(&MODP_3072, &vector),
                16 => check(&MODP_4096, &vector),
                17 => check(&MODP_6144, &vector),
                18 => check(&MODP_8192, &vector),
                #[cfg(feature = "legacy")]
                2 => check(&crate::rustcrypto::legacy::MODP_1024, &vector),
                #[cfg(feature = "legacy")]
                5 => check(&crate::rustcrypto::legacy::MODP_1536, &vector),
                #[cfg(feature = "legacy")]
                22 => check(&crate::rustcrypto::legacy::MODP_1024_160, &vector),
                #[cfg(feature = "legacy")]
                23 => check(&crate::rustcrypto::legacy::MODP_2048_224, &vector),
                #[cfg(feature = "legacy")]
                24 => check(&crate::rustcrypto::legacy::MODP_2048_256, &vector),
                _ => continue,
            }
            run += 1;
        }
    }
    let least = if cfg!(feature = "legacy") { 10 } else { 5 };
    assert!(run >= least, "{run} exchanges");
}
