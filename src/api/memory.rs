// SPDX-License-Identifier: GPL-3.0-or-later
//! No memory: an error of a call, not the end of the program.
//!
//! Rust ends the process when an allocation fails. In the C library (feature `_c-library`) the
//! allocator below serves what the system refuses from a reserve of its own, so that the call that is
//! under way comes to its end. From then on calls that can tell so are refused with `..._MALLOC`, until
//! the system gives memory again and the reserve is free enough for another failure. Calls that free
//! something, set a callback or only look at something still work.
//!
//! The process still ends if a single call needs more than the reserve has, and if the C library itself
//! cannot go on without memory.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::alloc::System;

/// Bytes of a piece of the reserve, and the largest alignment that it serves.
const PIECE: usize = 64;
/// Pieces of the reserve: 1 MiB, which costs nothing until it is touched.
const PIECES: usize = 1 << 14;
/// What the system has to give before calls are accepted again.
const PROBE: usize = 1 << 16;

#[cfg_attr(feature = "_c-library", global_allocator)]
static ALLOCATOR: Allocator<System, PIECES> = Allocator::new(System);

/// Whether there is too little memory for a call that may need some.
pub(super) fn is_short() -> bool {
    ALLOCATOR.is_short()
}

/// The system's allocator, with a reserve of `N` pieces behind it.
struct Allocator<S, const N: usize> {
    system: S,
    reserve: Reserve<N>,
    is_short: AtomicBool,
}

impl<S: GlobalAlloc, const N: usize> Allocator<S, N> {
    const fn new(system: S) -> Self {
        Self { system, reserve: Reserve::new(), is_short: AtomicBool::new(false) }
    }

    fn is_short(&self) -> bool {
        if !self.is_short.load(Ordering::Relaxed) {
            return false;
        }
        // What the refused call left in the reserve may stay there for long: half of it is enough.
        if self.reserve.taken() > N / 2 || !self.has_memory() {
            return true;
        }
        // A failure on another thread at this moment is noticed with its next one.
        self.is_short.store(false, Ordering::Relaxed);
        false
    }

    fn has_memory(&self) -> bool {
        let Ok(layout) = Layout::from_size_align(PROBE, 1) else { return false };
        // SAFETY: the layout has a size; what is allocated is freed with the same layout. The black box
        // keeps the compiler from leaving both out.
        unsafe {
            let probe = core::hint::black_box(self.system.alloc(layout));
            if !probe.is_null() {
                self.system.dealloc(probe, layout);
            }
            !probe.is_null()
        }
    }

    /// From the reserve; null if it has too little as well.
    fn help_out(&self, layout: Layout) -> *mut u8 {
        self.is_short.store(true, Ordering::Relaxed);
        self.reserve.take(layout)
    }
}

// SAFETY: blocks come from the system or, apart from these, from the reserve, and go back to where they
// came from. Nothing here panics.
unsafe impl<S: GlobalAlloc, const N: usize> GlobalAlloc for Allocator<S, N> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as promised by the caller.
        let block = unsafe { self.system.alloc(layout) };
        if block.is_null() { self.help_out(layout) } else { block }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as promised by the caller.
        let block = unsafe { self.system.alloc_zeroed(layout) };
        if !block.is_null() {
            return block;
        }
        let block = self.help_out(layout);
        if !block.is_null() {
            // SAFETY: it has so many bytes.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if self.reserve.owns(block) {
            // SAFETY: it came from there, with this layout.
            unsafe { self.reserve.give_back(block, layout.size()) };
        } else {
            // SAFETY: it came from the system, with this layout.
            unsafe { self.system.dealloc(block, layout) };
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let from_system = !self.reserve.owns(block);
        if from_system {
            // SAFETY: it came from the system, with this layout.
            let moved = unsafe { self.system.realloc(block, layout, new_size) };
            if !moved.is_null() {
                return moved;
            }
        }
        // SAFETY: the caller promises a size that is valid with this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: it has a size, as promised by the caller.
        let moved = if from_system { self.help_out(new) } else { unsafe { self.alloc(new) } };
        if !moved.is_null() {
            // SAFETY: two blocks of that many bytes, and the old one is not used any more.
            unsafe {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
        }
        moved
    }
}

/// Memory that was set aside when the program was loaded.
#[repr(C, align(64))]
struct Reserve<const N: usize> {
    memory: UnsafeCell<[MaybeUninit<[u8; PIECE]>; N]>,
    /// Which pieces are in use; for whoever has `lock`.
    map: UnsafeCell<[bool; N]>,
    /// A lock of the standard library may need memory.
    lock: AtomicBool,
    taken: AtomicUsize,
}

// SAFETY: the map is only reached under the lock, and each piece belongs to one block at a time.
unsafe impl<const N: usize> Sync for Reserve<N> {}

impl<const N: usize> Reserve<N> {
    const fn new() -> Self {
        const { assert!(align_of::<Self>() == PIECE) };
        Self {
            memory: UnsafeCell::new([MaybeUninit::uninit(); N]),
            map: UnsafeCell::new([false; N]),
            lock: AtomicBool::new(false),
            taken: AtomicUsize::new(0),
        }
    }

    /// Pieces in use.
    fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    fn owns(&self, block: *mut u8) -> bool {
        let offset = block.addr().wrapping_sub(self.memory.get().addr());
        offset < N * PIECE
    }

    /// The first place that is large enough; null if there is none.
    fn take(&self, layout: Layout) -> *mut u8 {
        if layout.align() > PIECE || layout.size() == 0 {
            return ptr::null_mut();
        }
        let count = layout.size().div_ceil(PIECE);
        let place = self.locked(|map| {
            let mut free = 0;
            let last = map.iter().position(|taken| {
                free = if *taken { 0 } else { free + 1 };
                free == count
            })?;
            let first = last + 1 - count;
            map.iter_mut().skip(first).take(count).for_each(|taken| *taken = true);
            self.taken.fetch_add(count, Ordering::Relaxed);
            Some(first)
        });
        match place {
            // SAFETY: the piece is one of ours.
            Some(first) => unsafe { self.memory.get().cast::<u8>().add(first * PIECE) },
            None => ptr::null_mut(),
        }
    }

    /// # Safety
    /// The block was taken from here with this size, and is not used any more.
    unsafe fn give_back(&self, block: *mut u8, size: usize) {
        let count = size.div_ceil(PIECE);
        let first = block.addr().wrapping_sub(self.memory.get().addr()) / PIECE;
        self.locked(|map| {
            map.iter_mut().skip(first).take(count).for_each(|taken| *taken = false);
            self.taken.fetch_sub(count, Ordering::Relaxed);
        });
    }

    /// `body` neither panics nor allocates.
    fn locked<R>(&self, body: impl FnOnce(&mut [bool; N]) -> R) -> R {
        let order = (Ordering::Acquire, Ordering::Relaxed);
        while self.lock.compare_exchange_weak(false, true, order.0, order.1).is_err() {
            std::thread::yield_now();
        }
        // SAFETY: only whoever has set the lock comes here, until it is given back.
        let result = body(unsafe { &mut *self.map.get() });
        self.lock.store(false, Ordering::Release);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// The system, as long as it is told to give something.
    struct Moody(AtomicBool);

    // SAFETY: the system's allocator, or nothing at all.
    unsafe impl GlobalAlloc for Moody {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            if self.0.load(Ordering::SeqCst) {
                // SAFETY: as promised by the caller.
                unsafe { System.alloc(layout) }
            } else {
                ptr::null_mut()
            }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: as promised by the caller.
            unsafe { System.dealloc(block, layout) };
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
            if self.0.load(Ordering::SeqCst) {
                // SAFETY: as promised by the caller.
                unsafe { System.realloc(block, layout, new_size) }
            } else {
                ptr::null_mut()
            }
        }
    }

    type Small = Allocator<Moody, 16>;

    fn allocator(gives: bool) -> Box<Small> {
        Box::new(Small::new(Moody(AtomicBool::new(gives))))
    }

    fn set(allocator: &Small, gives: bool) {
        allocator.system.0.store(gives, Ordering::SeqCst);
    }

    fn bytes(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    #[test]
    fn what_the_system_gives_is_the_systems() {
        let a = allocator(true);
        // SAFETY: used as an allocator is.
        unsafe {
            let block = a.alloc(bytes(100));
            assert!(!block.is_null() && !a.reserve.owns(block));
            a.dealloc(block, bytes(100));
        }
        assert!(!a.is_short());
    }

    #[test]
    fn a_refusal_is_helped_out_of_and_told_until_there_is_memory_again() {
        let a = allocator(false);
        // SAFETY: used as an allocator is.
        unsafe {
            let block = a.alloc(bytes(100));
            assert!(a.reserve.owns(block));
            assert_eq!((block.addr() % PIECE, a.reserve.taken()), (0, 2));
            assert!(a.is_short(), "the system still refuses");
            set(&a, true);
            assert!(!a.is_short(), "two of sixteen may stay");
            assert!(!a.is_short(), "and that lasts");
            a.dealloc(block, bytes(100));
        }
        assert_eq!(a.reserve.taken(), 0);
    }

    #[test]
    fn calls_are_refused_while_the_reserve_is_half_full() {
        let a = allocator(false);
        // SAFETY: used as an allocator is.
        unsafe {
            let (large, small) = (a.alloc(bytes(8 * PIECE)), a.alloc(bytes(1)));
            set(&a, true);
            assert!(a.is_short(), "nine of sixteen are taken");
            a.dealloc(small, bytes(1));
            assert!(!a.is_short());
            a.dealloc(large, bytes(8 * PIECE));
        }
    }

    #[test]
    fn blocks_do_not_overlap_and_holes_are_used_again() {
        let a = allocator(false);
        // SAFETY: used as an allocator is.
        unsafe {
            let blocks = [1, 2, 3, 2, 8].map(|pieces| (a.alloc(bytes(pieces * PIECE)), pieces));
            for (value, (block, pieces)) in (1..).zip(blocks) {
                assert!(!block.is_null());
                block.write_bytes(value, pieces * PIECE);
            }
            assert!(a.alloc(bytes(1)).is_null(), "it is full");
            for (value, (block, pieces)) in (1..).zip(blocks) {
                let content = core::slice::from_raw_parts(block, pieces * PIECE);
                assert!(content.iter().all(|byte| *byte == value));
            }
            let (hole, _) = blocks[2];
            a.dealloc(hole, bytes(3 * PIECE));
            assert!(a.alloc(bytes(4 * PIECE)).is_null(), "the hole is too small");
            assert_eq!(a.alloc_zeroed(bytes(3 * PIECE)), hole);
            assert!(core::slice::from_raw_parts(hole, 3 * PIECE).iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn blocks_that_grow_and_shrink_keep_their_content() {
        let a = allocator(true);
        // SAFETY: used as an allocator is.
        unsafe {
            let block = a.alloc(bytes(4));
            block.cast::<[u8; 4]>().write([1, 2, 3, 4]);
            set(&a, false);
            let moved = a.realloc(block, bytes(4), 200);
            assert!(a.reserve.owns(moved));
            let smaller = a.realloc(moved, bytes(200), 65);
            assert_eq!(a.reserve.taken(), 2);
            assert!(a.realloc(smaller, bytes(65), 15 * PIECE).is_null(), "and the old one stays");
            set(&a, true);
            let home = a.realloc(smaller, bytes(65), 500);
            assert!(!a.reserve.owns(home), "the system has memory again");
            assert_eq!(home.cast::<[u8; 4]>().read(), [1, 2, 3, 4]);
            a.dealloc(home, bytes(500));
        }
        assert_eq!(a.reserve.taken(), 0);
    }

    #[test]
    fn a_page_is_not_in_the_reserve() {
        let a = allocator(false);
        // SAFETY: used as an allocator is.
        assert!(unsafe { a.alloc(Layout::from_size_align(64, 4096).unwrap()) }.is_null());
    }

    #[test]
    fn threads_share_the_reserve() {
        let a: Arc<Small> = allocator(false).into();
        let work = |a: Arc<Small>, value: u8| {
            for round in 0..2000 {
                let layout = bytes(1 + round % (3 * PIECE));
                // SAFETY: used as an allocator is.
                unsafe {
                    let block = a.alloc(layout);
                    block.write_bytes(value, layout.size());
                    std::thread::yield_now();
                    let content = core::slice::from_raw_parts(block, layout.size());
                    assert!(content.iter().all(|byte| *byte == value));
                    a.dealloc(block, layout);
                }
            }
        };
        // Three pieces each always fit.
        let threads = [1, 2, 3, 4].map(|value| {
            let a = a.clone();
            std::thread::spawn(move || work(a, value))
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(a.reserve.taken(), 0);
    }
}
