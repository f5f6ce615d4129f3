use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};

thread_local! {
    /// What must not be in memory that is given back; none while nobody looks.
    static SECRETS: RefCell<Vec<[u8; 8]>> = const { RefCell::new(Vec::new()) };
    static FOUND: Cell<u64> = const { Cell::new(0) };
}

/// The system allocator, looking for secrets in every block that is given back.
///
/// A test crate installs it with `#[global_allocator]` and asks [`secrets_left_in_freed_memory`].
#[derive(Debug, Default, Clone, Copy)]
pub struct ScanningAllocator;

/// Looks at a block before it is given back.
fn scan(block: &[u8]) {
    // While the list itself is changed or dropped nobody looks.
    let _ = SECRETS.try_with(|secrets| {
        let Ok(secrets) = secrets.try_borrow() else { return };
        if !secrets.is_empty() && block.windows(8).any(|window| secrets.iter().any(|secret| secret == window))
        {
            let _ = FOUND.try_with(|found| found.set(found.get() + 1));
        }
    });
}

// SAFETY: every call is passed on to `System`. A block is read before it is given back, while it is still the caller's, and
// it was handed out zeroed: what its owner never wrote is still 0. (Padding within a value may be anything; it is only compared.)
unsafe impl GlobalAlloc for ScanningAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`, which `alloc_zeroed` shares.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the block is `layout.size()` octets long, initialised, and nobody else's until it is given back.
        scan(unsafe { std::slice::from_raw_parts(ptr, layout.size()) });
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `realloc`: the size is lawful for the alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: as for `alloc`.
        let new = unsafe { self.alloc(new_layout) };
        if !new.is_null() {
            let kept = layout.size().min(new_size);
            // SAFETY: both blocks are at least that long, and distinct.
            unsafe { std::ptr::copy_nonoverlapping(ptr, new, kept) };
            // SAFETY: the old block is the caller's to give back.
            unsafe { self.dealloc(ptr, layout) };
        }
        new
    }
}

/// How many blocks that `work` gave back on this thread held the first eight octets of one of the secrets.
pub fn secrets_left_in_freed_memory(secrets: &[Vec<u8>], work: impl FnOnce()) -> u64 {
    let heads = secrets.iter().map(|secret| secret[..8].try_into().expect("eight octets")).collect();
    SECRETS.with(|own| *own.borrow_mut() = heads);
    FOUND.with(|found| found.set(0));
    work();
    let own = SECRETS.with(|own| std::mem::take(&mut *own.borrow_mut()));
    drop(own);
    FOUND.with(Cell::get)
}
