//! Benchmarks of the workspace. Absolute figures drift on shared machines, so each subject runs beside a baseline in the
//! same rounds, and what counts is the ratio of the minima.

mod ah;
mod crypto;
mod esp;
mod ike;
mod policies;
mod probe;
mod replay;
mod sad;
mod spd;
mod speeds;
mod timers;
mod wire;
mod wire_v1;

use std::time::Instant;

/// One figure.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Its name, in parts separated by dots.
    pub name: String,
    /// Its value: a ratio unless the name says otherwise.
    pub value: f64,
}

/// The figures whose names start with `prefix`.
pub fn figures(prefix: &str) -> Vec<Figure> {
    let mut figures = Vec::new();
    crypto::add(prefix, &mut figures);
    speeds::add(prefix, &mut figures);
    esp::add(prefix, &mut figures);
    ah::add(prefix, &mut figures);
    wire::add(prefix, &mut figures);
    wire_v1::add(prefix, &mut figures);
    ike::add(prefix, &mut figures);
    sad::add(prefix, &mut figures);
    spd::add(prefix, &mut figures);
    timers::add(prefix, &mut figures);
    replay::add(prefix, &mut figures);
    figures
}

/// Rounds that subject and baseline take in turn.
const ROUNDS: usize = 301;
const LONG_ROUNDS: usize = 41;

/// The least time of `baseline` over the least time of `subject`, each run once a round, in turn. `prepare` runs before
/// each, untimed.
fn ratio<T>(prepare: impl FnMut() -> T, subject: impl FnMut(&mut T), baseline: impl FnMut(&mut T)) -> f64 {
    1.0 / rounds(ROUNDS, prepare, subject, baseline)
}

/// The least time of `subject` over the least time of `baseline`, likewise, in fewer and longer rounds.
fn over<T>(prepare: impl FnMut() -> T, subject: impl FnMut(&mut T), baseline: impl FnMut(&mut T)) -> f64 {
    rounds(LONG_ROUNDS, prepare, subject, baseline)
}

fn rounds<T>(
    count: usize,
    mut prepare: impl FnMut() -> T,
    mut subject: impl FnMut(&mut T),
    mut baseline: impl FnMut(&mut T),
) -> f64 {
    let (mut ours, mut theirs) = (f64::INFINITY, f64::INFINITY);
    let mut time = |work: &mut dyn FnMut(&mut T), least: &mut f64| {
        let mut input = prepare();
        let start = Instant::now();
        work(&mut input);
        *least = least.min(start.elapsed().as_secs_f64());
        drop(std::hint::black_box(input));
    };
    for _ in 0..count {
        time(&mut subject, &mut ours);
        time(&mut baseline, &mut theirs);
    }
    ours / theirs
}

/// The least time of `work` over all rounds, in seconds.
fn least(mut work: impl FnMut()) -> f64 {
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min)
}

fn wanted(prefix: &str, name: &str) -> bool {
    name.starts_with(prefix) || prefix.starts_with(name)
}
