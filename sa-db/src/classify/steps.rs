//! How many places and boxes look-ups went to: what a test of their worst can hold on to, where a clock could not.

use core::cell::Cell;
use std::thread_local;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

pub(crate) fn count() {
    STEPS.with(|steps| steps.set(steps.get() + 1));
}

/// The number so far, on this thread.
pub(crate) fn taken() -> u64 {
    STEPS.with(Cell::get)
}
