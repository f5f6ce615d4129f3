//! A static library that links every published crate without `std`; see `README.md` beside the manifest.

#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

use ikev1_wire as _;
use ikev2_wire as _;
use ipsec as _;
use ipsec_ah as _;
use ipsec_crypto_suite as _;
use ipsec_esp as _;
use ipsec_ike as _;
use ipsec_ip_packet as _;
use ipsec_sa_db as _;
use ipsec_types as _;

/// `std` has one of these as well, and a program may hold only one: this is the check.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// An allocator that never has any memory: enough to link.
struct NoMemory;

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;

// SAFETY: a null pointer is how an allocator reports that it has no memory; none is ever handed out to be freed.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
