//! PD-08: memory that is given back holds no key, and nothing that is shown does.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

use alloc::sync::Arc;
use ipsec_crypto_suite::{AeadId, CipherId, MacId, Protection, Secret};
use ipsec_sa_db::{
    Authentication, Credentials as _, Identity, Lifetimes, MemoryCredentials, MemoryPskStore, Mode, Pad,
    PadEntry, PeerId, PskStore as _, SaMaterial, SaParams, Sad,
};
use ipsec_types::{Instant, Spi};
use testkit::{ScanningAllocator, Seeded, secrets_left_in_freed_memory};

#[global_allocator]
static ALLOCATOR: ScanningAllocator = ScanningAllocator;

/// A secret of 32 octets, unlike all others, made on the heap: what lay on the stack could get into the padding of values.
fn octets(number: u8) -> Box<[u8]> {
    let octet = |at: u8| (number ^ 0xa5).wrapping_mul(41).wrapping_add(at.wrapping_mul(at).wrapping_mul(7));
    (0..32).map(octet).collect()
}

fn secret(number: u8) -> Secret {
    Secret::new(octets(number))
}

fn name(number: u8) -> Identity {
    Identity::key_id([number])
}

/// How many blocks that were given back held one of the first 64 secrets.
fn left_by(work: impl FnOnce()) -> u64 {
    let all: Vec<_> = (0..64).map(|number| octets(number).to_vec()).collect();
    secrets_left_in_freed_memory(&all, work)
}

#[test]
fn pd_08_stores_of_keys_leave_nothing_when_they_grow_change_and_go() {
    let left = left_by(|| {
        let mut store = MemoryPskStore::default();
        // They grow, and their memory moves.
        (0..40).for_each(|number| store.insert(name(0), name(number), secret(number)));
        (0..10).for_each(|number| store.insert(name(0), name(number), secret(40 + number)));
        store.remove(&name(0), &name(3));
        store.forget(&name(9));
        assert!(store.pre_shared_key(&name(0), &name(39)).is_some());
        drop(store);

        let mut own = MemoryCredentials::default();
        (0..40).for_each(|number| own.set_eap_secret(&[number], secret(number)));
        (0..10).for_each(|number| own.set_eap_secret(&[number], secret(40 + number)));
        (0..20).for_each(|number| own.set_pre_shared_key(name(number), name(0), secret(number)));
        own.forget(&name(7));
        assert!(own.eap_secret(&[39]).is_some() && own.eap_secret(&[7]).is_none());
    });
    assert_eq!(left, 0);
}

#[test]
fn pd_08_a_pad_leaves_nothing() {
    let left = left_by(|| {
        let mut pad = Pad::new();
        for number in 0..20 {
            let key = Authentication::PreSharedKey(secret(number));
            pad.insert(PadEntry::new(PeerId(number.into()), name(99), name(number), key)).unwrap();
        }
        // One that is refused takes its key along.
        let key = Authentication::PreSharedKey(secret(21));
        assert!(pad.insert(PadEntry::new(PeerId(1), name(99), name(21), key)).is_err());
        let mut store = MemoryPskStore::default();
        store.insert(name(1), name(2), secret(22));
        pad.get_mut(PeerId(3)).unwrap().authentication = Authentication::PreSharedKeys(Arc::new(store));
    });
    assert_eq!(left, 0);
}

/// In a box: in the padding of a value as large as this the SAD's memory would hold what lay on the stack before, and there the
/// scan itself leaves what it looks for.
fn material(spi: Spi, number: u8) -> Box<SaMaterial> {
    let protection = Protection::Composed { cipher: CipherId::Aes256Cbc, mac: MacId::HmacSha2_256_128 };
    Box::new(SaMaterial {
        spi,
        params: SaParams::new(protection, Mode::Tunnel),
        encryption: Some(secret(number)),
        integrity: Some(secret(number + 1)),
    })
}

#[test]
fn pd_08_sa_material_leaves_nothing_in_the_sad_or_on_its_way_back() {
    let left = left_by(|| {
        let mut random = Seeded(1);
        let mut sad = Sad::new(&mut random).unwrap();
        let ids: Vec<_> = (0..20u8)
            .map(|number| {
                let spi = sad.reserve(&mut random).unwrap();
                let sa = material(spi, 2 * number);
                sad.insert_inbound(Instant::EPOCH, spi, sa, Lifetimes::UNLIMITED).unwrap()
            })
            .collect();
        drop(sad.remove(ids[3]));
        let stray = Spi::new(4000).unwrap();
        let refused = sad.insert_inbound(Instant::EPOCH, stray, material(stray, 50), Lifetimes::UNLIMITED);
        drop(refused.unwrap_err());
        // Past its hard limit an SA goes by itself.
        let spi = sad.reserve(&mut random).unwrap();
        let life =
            Lifetimes { soft: core::time::Duration::ZERO, hard: core::time::Duration::ZERO, idle: None };
        sad.insert_inbound(Instant::EPOCH, spi, material(spi, 52), life).unwrap();
        sad.handle_timeout(Instant::EPOCH);
        assert_eq!(sad.len(), 19);
    });
    assert_eq!(left, 0);
}

#[test]
fn pd_08_nothing_that_is_shown_holds_a_key() {
    let mut random = Seeded(1);
    let mut own = MemoryCredentials::default();
    own.set_eap_secret(b"ann", secret(1));
    own.set_pre_shared_key(name(1), name(2), secret(2));
    let mut store = MemoryPskStore::default();
    store.insert(name(1), name(2), secret(3));
    let mut entry = PadEntry::new(PeerId(1), name(1), name(2), Authentication::PreSharedKey(secret(4)));
    entry.credentials = Some(Arc::new(own));
    let mut pad = Pad::new();
    pad.insert(entry).unwrap();
    let second = PadEntry::new(PeerId(1), name(1), name(2), Authentication::PreSharedKey(secret(5)));
    let doubled = pad.insert(second).unwrap_err();
    let mut sad = Sad::new(&mut random).unwrap();
    let spi = sad.reserve(&mut random).unwrap();
    let sa = material(spi, 6);
    let mut shown = format!("{sa:?} {store:?} {pad:?} {doubled:?} {doubled}");
    sad.insert_inbound(Instant::EPOCH, spi, sa, Lifetimes::UNLIMITED).unwrap();
    let refused =
        sad.insert_inbound(Instant::EPOCH, spi, material(spi, 8), Lifetimes::UNLIMITED).unwrap_err();
    shown += &format!("{sad:?} {refused:?} {refused} {:?}", Protection::Aead(AeadId::Aes128Gcm16));
    for number in 0..10 {
        let octets = octets(number);
        let list = format!("{}, {}, {}", octets[0], octets[1], octets[2]);
        let hex = format!("{:02x}{:02x}{:02x}", octets[0], octets[1], octets[2]);
        assert!(!shown.contains(&list) && !shown.contains(&hex), "{shown}");
    }
}

#[test]
fn the_scan_finds_what_a_store_without_care_leaves() {
    assert_eq!(left_by(|| drop(vec![octets(7)])), 1);
}
