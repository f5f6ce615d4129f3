use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system allocator, counting allocations and reallocations of each thread.
///
/// A test crate installs it with `#[global_allocator]` and asks [`count_allocations`].
#[derive(Debug, Default, Clone, Copy)]
pub struct CountingAllocator;

fn count() {
    // A thread that is being torn down has no counter any more, and nobody reads it.
    let _ = ALLOCATIONS.try_with(|counter| counter.set(counter.get() + 1));
}

// SAFETY: every call is passed on to `System` unchanged; counting touches a thread-local `Cell` without allocating.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
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
