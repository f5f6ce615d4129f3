//! What each algorithm of each provider costs, in absolute times, and whether comparisons tell where two values differ.

use crate::crypto::Sevens;
use crate::{Figure, least, ratio, wanted};
use ipsec::crypto_suite::{
    AeadId, CryptoProvider, MacId, Protection, ProtectionKey, Secret, aws_lc_rs, rustcrypto,
};
use std::cell::RefCell;
use std::hint::black_box;

/// Octets of a packet.
const LENGTH: usize = 1408;
/// Packets of a round.
const PACKETS: usize = 8;

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    for (name, provider) in [("rustcrypto", rustcrypto::provider()), ("aws", aws_lc_rs::provider())] {
        let mut figure = |algorithm: &str, unit: &str, value: &dyn Fn() -> f64| {
            let name = format!("speed.{name}.{algorithm}.{unit}");
            if prefix.starts_with("speed") && wanted(prefix, &name) {
                figures.push(Figure { name, value: value() });
            }
        };
        for entry in provider.aeads.iter() {
            figure(entry.id().name(), "ns", &|| seal(&provider, Protection::Aead(entry.id())));
        }
        for entry in provider.ciphers.iter() {
            let composed = Protection::Composed { cipher: entry.id(), mac: MacId::HmacSha2_256_128 };
            figure(&format!("{}+HMAC-SHA2-256-128", entry.id().name()), "ns", &|| seal(&provider, composed));
        }
        for entry in provider.macs.iter() {
            figure(entry.id().name(), "ns", &|| mac(&provider, entry.id()));
        }
        for entry in provider.key_exchanges.iter() {
            figure(entry.id().name(), "us", &|| {
                1e6 * least(|| {
                    let active = entry.start(&mut Sevens).expect("a key pair");
                    let (response, shared) = entry.respond(&mut Sevens, active.public()).expect("a secret");
                    drop((active.complete(&response).expect("a secret"), shared));
                })
            });
        }
    }
    timing(prefix, figures);
}

fn seal(provider: &CryptoProvider, protection: Protection) -> f64 {
    let encryption = Secret::new(vec![1; protection.encryption_key_len()]);
    let integrity = (!protection.is_aead()).then(|| Secret::new(vec![2; protection.integrity_key_len()]));
    let key =
        ProtectionKey::new(provider, protection, &encryption, integrity.as_ref()).expect("fitting keys");
    let iv = vec![3; if protection.has_implicit_iv() { 8 } else { protection.iv_len() }];
    let (mut data, mut icv) = (vec![0x5a; LENGTH], vec![0; protection.icv_len()]);
    let round = least(|| {
        for _ in 0..PACKETS {
            key.seal(&[1; 8], &iv, &mut data, &[], &mut icv).expect("sealed");
        }
    });
    1e9 * round / PACKETS as f64
}

fn mac(provider: &CryptoProvider, id: MacId) -> f64 {
    let key =
        provider.mac(id).expect("there").key(&Secret::new(vec![1; id.key_len()])).expect("a fitting key");
    let (iv, data, mut icv) = (vec![3; id.iv_len()], vec![0x5a; LENGTH], vec![0; id.icv_len()]);
    let round = least(|| {
        for _ in 0..PACKETS {
            key.compute(&iv, &[&data], &mut icv).expect("an ICV");
        }
    });
    1e9 * round / PACKETS as f64
}

/// How often a wrong value is looked at in a round.
const TRIES: usize = 4096;

/// A value wrong in its first octet against one wrong in its last: 1 where comparing takes the same time (CR-07).
fn timing(prefix: &str, figures: &mut Vec<Figure>) {
    let mut figure = |name: &str, verify: &dyn Fn(&[u8]) -> bool, good: &[u8]| {
        if wanted(prefix, name) {
            // One buffer: two would differ in where they stand in memory.
            let value = RefCell::new(good.to_vec());
            let wrong_at = |at: usize| {
                value.borrow_mut()[at] ^= 1;
                (0..TRIES).for_each(|_| assert!(!black_box(verify(black_box(&value.borrow())))));
                value.borrow_mut()[at] ^= 1;
            };
            let value = ratio(|| (), |()| wrong_at(0), |()| wrong_at(good.len() - 1));
            figures.push(Figure { name: name.to_owned(), value });
        }
    };
    for (name, provider) in [("rustcrypto", rustcrypto::provider()), ("aws", aws_lc_rs::provider())] {
        let mac =
            provider.mac(MacId::HmacSha2_256_128).expect("there").key(&Secret::new([1; 32])).expect("a key");
        let mut icv = [0; 16];
        mac.compute(&[], &[b"data"], &mut icv).expect("an ICV");
        figure(&format!("timing.{name}.icv"), &|icv| mac.verify(&[], &[b"data"], icv).is_ok(), &icv);
        let aead =
            provider.aead(AeadId::Aes128Gcm16).expect("there").key(&Secret::new([1; 16])).expect("a key");
        let mut tag = [0; 16];
        aead.seal(&[0; 12], b"", &mut [0; 64], &mut tag).expect("sealed");
        figure(
            &format!("timing.{name}.tag"),
            &|tag| aead.open(&[0; 12], b"", &mut [0; 64], tag).is_ok(),
            &tag,
        );
    }
    // AUTH, HASH, cookies and NAT detection hashes.
    let secret = Secret::new([5; 64]);
    figure("timing.secret", &|other| secret.ct_eq(other), &[5; 64]);
}
