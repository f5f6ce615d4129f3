//! Replays the committed seeds of every fuzz target, and what a fuzzer would try first.
#![cfg(all(feature = "rustcrypto", feature = "ikev1"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a fuzz target reports by a panic"
)]

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, clippy::wildcard_enum_match_arm, reason = "a library of its own elsewhere")]
mod fuzz;

use testkit::testdata;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = testdata("../fuzz/seeds").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

#[test]
fn seeds_of_every_target() {
    for (name, target) in fuzz::TARGETS {
        let seeds = seeds(name);
        assert!(seeds.len() >= 10, "{name}: {} seeds", seeds.len());
        seeds.iter().for_each(|seed| target(seed));
    }
}

#[test]
fn seeds_cut_and_altered() {
    for (name, target) in fuzz::TARGETS {
        for seed in seeds(name) {
            (0..seed.len()).step_by(3).for_each(|length| target(&seed[..length]));
            for at in 0..seed.len() {
                let mut altered = seed.clone();
                for value in [0, 0xff, altered[at] ^ 1, altered[at] ^ 0x80] {
                    altered[at] = value;
                    // A changed first octet asks the target for something else, which is fine too.
                    target(&altered);
                }
            }
        }
    }
}
