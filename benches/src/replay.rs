//! The anti-replay window.

use crate::probe::Table;
use crate::{Figure, over, wanted};
use ipsec::sa_db::ReplayWindow;
use std::hint::black_box;

/// Packets of a round.
const PACKETS: usize = 1 << 14;

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    for size in [64, 4096] {
        let name = format!("replay.{size}.over_hash_probe");
        if wanted(prefix, &name) {
            figures.push(Figure { name, value: check_and_mark(size) });
        }
    }
}

/// Numbers as they come over a link that puts every few packets in another order: each is inferred from its lower half,
/// checked and marked.
fn check_and_mark(size: u32) -> f64 {
    let table = Table::new(1000);
    let (keys, values) = table.queries(PACKETS);
    let numbers: Vec<u32> = (0..PACKETS as u32).map(|at| 1000 + (at ^ 1)).collect();
    over(
        || ReplayWindow::new(size).expect("a size"),
        |window| {
            let mut fresh = 0u32;
            for low in &numbers {
                let number = window.infer(*low).unwrap_or_default();
                let is_fresh = window.check(number).is_ok();
                window.mark(number);
                fresh += u32::from(is_fresh);
            }
            assert_eq!(black_box(fresh), numbers.len() as u32);
        },
        |_| table.look_up(&keys, &values),
    )
}
