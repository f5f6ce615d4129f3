//! A million lifetimes that end at one instant.

use crate::{Figure, wanted};
use core::time::Duration;
use ipsec::sa_db::{Lifetimes, Sad, SadEvent};
use ipsec::types::Instant;
use testkit::Seeded;

const SAS: usize = 1_000_000;
const ROUNDS: usize = 3;

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    let name = "timer.1m.expire_ns";
    if wanted(prefix, name) {
        let least = (0..ROUNDS).map(|_| expire()).min().unwrap_or_default();
        figures.push(Figure { name: name.to_owned(), value: least.as_secs_f64() * 1e9 / SAS as f64 });
    }
}

/// How long it takes until all of them were told to be gone.
fn expire() -> Duration {
    let mut random = Seeded(1);
    let mut sad = Sad::with_slots_in_spis(&mut random, 20).expect("a seed");
    let end = Duration::from_secs(3600);
    let life = Lifetimes { soft: Duration::MAX, hard: end, idle: None };
    for _ in 0..SAS {
        let spi = sad.reserve(&mut random).expect("an SPI");
        sad.insert_inbound(Instant::EPOCH, spi, (), life).expect("room");
    }
    let now = Instant::EPOCH + end;
    let (mut told, mut most) = (0, 0);
    let start = std::time::Instant::now();
    while sad.poll_timeout().is_some_and(|due| due <= now) {
        sad.handle_timeout(now);
        let before = told;
        while let Some(event) = sad.poll_event() {
            assert!(matches!(event, SadEvent::SoftExpired { .. } | SadEvent::HardExpired { .. }));
            told += usize::from(matches!(event, SadEvent::HardExpired { .. }));
        }
        most = most.max(told - before);
    }
    let took = start.elapsed();
    assert!(told == SAS && sad.is_empty() && most <= Sad::<()>::SLICE, "{told} told, {most} at a time");
    took
}
