use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    /// Octets that this thread was given and did not give back.
    static HELD: Cell<i64> = const { Cell::new(0) };
}

/// The system allocator, counting allocations and reallocations of each thread.
///
/// A test crate installs it with `#[global_allocator]` and asks [`count_allocations`].
#[derive(Debug, Default, Clone, Copy)]
pub struct CountingAllocator;

fn count(octets: usize) {
    // A thread that is being torn down has no counter any more, and nobody reads it.
    let _ = ALLOCATIONS.try_with(|counter| counter.set(counter.get() + 1));
    let _ = HELD.try_with(|held| held.set(held.get() + octets as i64));
}

fn give_back(octets: usize) {
    let _ = HELD.try_with(|held| held.set(held.get() - octets as i64));
}

// SAFETY: every call is passed on to `System` unchanged; counting touches a thread-local `Cell` without allocating.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        give_back(layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        give_back(layout.size());
        count(new_size);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

/// How often `work` allocated on this thread, and what it returned.
///
/// # Panics
///
/// Where [`CountingAllocator`] is not the global allocator: a count of zero would mean nothing then.
pub fn count_allocations<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(Box::new(0u8)));
    assert_eq!(ALLOCATIONS.get(), before + 1, "CountingAllocator is not the global allocator of this test");
    let start = ALLOCATIONS.get();
    let value = work();
    (ALLOCATIONS.get() - start, value)
}

/// How many octets more `work` holds on this thread after it returned than before, and what it returned.
///
/// # Panics
///
/// As [`count_allocations`].
pub fn count_held_octets<T>(work: impl FnOnce() -> T) -> (i64, T) {
    let ((before, after), value) = count_allocations(|| {
        let before = HELD.get();
        let value = work();
        ((before, HELD.get()), value)
    })
    .1;
    (after - before, value)
}
