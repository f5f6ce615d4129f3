//! The SAD with a million SAs.

use crate::probe::{MILLION, Table, in_turn, number};
use crate::{Figure, over, wanted};
use ipsec::sa_db::{Lifetimes, Sad};
use ipsec::types::{Instant, Spi};
use std::hint::black_box;
use testkit::{Seeded, count_held_octets};

/// Look-ups of a round.
const QUERIES: usize = 1 << 20;
/// SPIs of a burst.
const BURST: usize = 32;

/// What the caller would keep for an SA: next to nothing, so that what is measured is the database.
type Kept = u32;

struct Filled {
    sad: Sad<Kept>,
    spis: Vec<Spi>,
}

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    let lookup = "sad.1m.lookup.over_hashbrown";
    let slot = "sad.1m.slot_in_spi.over_hashbrown";
    let burst = "sad.1m.slot_in_spi.burst.over_hashbrown";
    let burst_by_hash = "sad.1m.burst.over_hashbrown";
    let octets = "sad.bytes_per_sa";
    if ![lookup, slot, burst, burst_by_hash, octets].iter().any(|name| wanted(prefix, name)) {
        return;
    }
    let table = Table::new(MILLION);
    let (held, by_hash) = count_held_octets(|| fill(Sad::new(&mut Seeded(3)).expect("a seed")));
    let (held_by_slot, by_slot) =
        count_held_octets(|| fill(Sad::with_slots_in_spis(&mut Seeded(4), 20).expect("a seed")));
    let own = (size_of::<Kept>() + size_of::<Spi>()) as f64;
    let per_sa = (held.max(held_by_slot) as f64) / MILLION as f64 - own;
    let mut push = |name: &str, value: f64| figures.push(Figure { name: name.to_owned(), value });
    if wanted(prefix, lookup) {
        push(lookup, one_by_one(&table, &by_hash));
    }
    if wanted(prefix, slot) {
        push(slot, one_by_one(&table, &by_slot));
    }
    if wanted(prefix, burst) {
        push(burst, in_bursts(&table, &by_slot));
    }
    if wanted(prefix, burst_by_hash) {
        push(burst_by_hash, in_bursts(&table, &by_hash));
    }
    if wanted(prefix, octets) {
        push(octets, per_sa);
    }
}

fn fill(mut sad: Sad<Kept>) -> Filled {
    let mut random = Seeded(5);
    let mut spis = Vec::with_capacity(MILLION);
    for number in 0..MILLION {
        let spi = sad.reserve(&mut random).expect("an SPI");
        sad.insert_inbound(Instant::EPOCH, spi, number as Kept, Lifetimes::UNLIMITED).expect("room");
        spis.push(spi);
    }
    Filled { sad, spis }
}

/// SAs to look up, drawn at random: SPIs, and ids.
fn queries(filled: &Filled) -> (Vec<Spi>, Vec<u32>) {
    let mut random = Seeded(2);
    let spi = |_| filled.spis[random.below(MILLION as u64) as usize];
    (0..QUERIES).map(spi).map(|spi| (spi, number(filled.sad.by_spi(spi)))).unzip()
}

fn one_by_one(table: &Table, filled: &Filled) -> f64 {
    let (keys, numbers) = table.queries(QUERIES);
    let (spis, ids) = queries(filled);
    over(
        || (),
        |()| in_turn(spis.len(), |at| number(filled.sad.by_spi(spis[at])) ^ ids[at]),
        |()| table.look_up(&keys, &numbers),
    )
}

fn in_bursts(table: &Table, filled: &Filled) -> f64 {
    let (keys, _) = table.queries(QUERIES);
    let (spis, _) = queries(filled);
    let mut ids = [None; BURST];
    over(
        || (),
        |()| {
            for burst in spis.chunks(BURST) {
                filled.sad.by_spis(burst, &mut ids);
                black_box(&ids);
            }
        },
        |()| table.look_up_overlapped(&keys),
    )
}
