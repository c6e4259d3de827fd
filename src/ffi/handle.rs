// SPDX-License-Identifier: GPL-3.0-or-later
//! Objects that C holds by pointer: borrowed for one call, freed when nobody is inside.
//!
//! Callbacks re-enter all the time, on the same thread and (toxcore 0.2.18) on another one. So:
//! - the state is borrowed for one call into a machine, never while C runs;
//! - another thread waits for that borrow, microseconds at most; the same thread cannot meet its
//!   own borrow unless this library has a defect, and is then refused instead of deadlocked;
//! - an object that is killed from inside its own call is freed when the outermost call returns.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::shell::guard::Guarded;

/// The guarded state of an object, and who is inside.
#[derive(Debug)]
pub struct Handle<T> {
    state: Guarded<T>,
    /// Calls inside, and [`KILLED`]. One number, so that exactly one call finds itself to be the
    /// last one inside a killed object.
    calls: AtomicU32,
    defective: AtomicBool,
}

/// An object that C owns through a pointer.
pub trait Object: Sized {
    /// What is guarded.
    type State;

    /// The guard.
    fn handle(&self) -> &Handle<Self::State>;
}

impl<T> Handle<T> {
    /// Guards `state`.
    pub fn new(state: T) -> Self {
        Self {
            state: Guarded::new(state),
            calls: AtomicU32::new(0),
            defective: AtomicBool::new(false),
        }
    }

    /// Borrows the state for one call. `None` if the object is killed or marked as defective, or
    /// (a defect of this library) if this thread holds the borrow already.
    ///
    /// `call` must not run C code.
    pub fn with<R>(&self, call: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.is_over() {
            return None;
        }
        self.state.with(call)
    }

    /// Whether the object is killed, or marked after a panic.
    pub fn is_over(&self) -> bool {
        self.calls.load(Ordering::Acquire) & KILLED != 0 || self.defective.load(Ordering::Acquire)
    }

    /// A panic was met: the state is not used any more.
    pub fn mark_defective(&self) {
        self.defective.store(true, Ordering::Release);
    }
}

/// A call from C that is inside an object. The object lives until the last one is dropped.
#[derive(Debug)]
pub struct Call<O: Object>(NonNull<O>);

impl<O: Object> Call<O> {
    /// Enters the object; `None` if the pointer is null or the object is killed.
    ///
    /// # Safety
    /// `object` is null, or came from [`into_raw`] and has not been freed: no [`kill`] has
    /// returned while no call was inside.
    pub unsafe fn enter(object: *const O) -> Option<Self> {
        let object = NonNull::new(object.cast_mut())?;
        // SAFETY: not null, and alive by the caller's promise.
        let handle = unsafe { object.as_ref() }.handle();
        let before = handle.calls.fetch_add(1, Ordering::AcqRel);
        let call = Self(object);
        (before & KILLED == 0).then_some(call)
    }
}

impl<O: Object> Call<O> {
    /// The pointer that C knows the object by, to be given to C again.
    pub fn as_ptr(&self) -> *mut O {
        self.0.as_ptr()
    }
}

impl<O: Object> core::ops::Deref for Call<O> {
    type Target = O;

    fn deref(&self) -> &O {
        // SAFETY: alive, because this call is counted.
        unsafe { self.0.as_ref() }
    }
}

impl<O: Object> Drop for Call<O> {
    fn drop(&mut self) {
        // After this, the object may be gone unless it is ours to free.
        let before = self.handle().calls.fetch_sub(1, Ordering::AcqRel);
        if before == KILLED | 1 {
            // SAFETY: the pointer came from a box; the object is killed, so no call enters any
            // more, and this was the last one inside.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

/// Gives an object to C.
pub fn into_raw<O: Object>(object: O) -> *mut O {
    Box::into_raw(Box::new(object))
}

/// Kills an object: frees it, or leaves that to the outermost call inside. Null does nothing.
///
/// # Safety
/// As [`Call::enter`]. C does not use the pointer afterwards.
pub unsafe fn kill<O: Object>(object: *mut O) {
    // SAFETY: as promised by the caller.
    if let Some(call) = unsafe { Call::enter(object) } {
        call.handle().calls.fetch_or(KILLED, Ordering::AcqRel);
    }
}

/// The bit of `Handle::calls` that says that the object is killed.
const KILLED: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicPtr;
    use std::rc::Rc;
    use std::sync::Arc;

    struct Probe {
        handle: Handle<u32>,
        _alive: Rc<()>,
    }

    impl Object for Probe {
        type State = u32;

        fn handle(&self) -> &Handle<u32> {
            &self.handle
        }
    }

    fn probe() -> (*mut Probe, Rc<()>) {
        let alive = Rc::new(());
        (into_raw(Probe { handle: Handle::new(7), _alive: alive.clone() }), alive)
    }

    #[test]
    fn kill_frees_at_once_when_nobody_is_inside() {
        let (object, alive) = probe();
        // SAFETY: the object is alive and not used afterwards.
        unsafe { kill(object) };
        assert_eq!(Rc::strong_count(&alive), 1);
        // SAFETY: null is allowed.
        unsafe { kill::<Probe>(core::ptr::null_mut()) };
    }

    #[test]
    fn kill_from_inside_waits_for_the_outermost_call() {
        let (object, alive) = probe();
        // SAFETY: the object is alive.
        let outer = unsafe { Call::enter(object) }.unwrap();
        // SAFETY: as above.
        let inner = unsafe { Call::enter(object) }.unwrap();
        // SAFETY: as above.
        unsafe { kill(object) };
        assert_eq!(inner.handle().with(|n| *n), None, "a killed object answers nothing");
        drop(inner);
        assert_eq!(Rc::strong_count(&alive), 2);
        // SAFETY: a call is inside, so the object is alive.
        assert!(unsafe { Call::enter(object) }.is_none());
        drop(outer);
        assert_eq!(Rc::strong_count(&alive), 1);
    }

    /// The counter says who frees: with two numbers instead of one, this is a double free.
    #[test]
    fn a_second_thread_kills_while_a_call_is_leaving() {
        struct Counted(Handle<()>, Arc<AtomicU32>);
        impl Object for Counted {
            type State = ();

            fn handle(&self) -> &Handle<()> {
                &self.0
            }
        }
        impl Drop for Counted {
            fn drop(&mut self) {
                self.1.fetch_add(1, Ordering::AcqRel);
            }
        }
        // Spinning threads need a processor each to meet often.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let rounds = if processors > 1 { 1_000_000 } else { 200 };
        let freed = Arc::new(AtomicU32::new(0));
        let shared = Arc::new(AtomicPtr::<Counted>::default());
        let seen = shared.clone();
        let killer = std::thread::spawn(move || {
            for _ in 0..rounds {
                let mut object = core::ptr::null_mut();
                spin_until(|| {
                    object = seen.swap(core::ptr::null_mut(), Ordering::AcqRel);
                    !object.is_null()
                });
                // SAFETY: killed once, and no call enters afterwards.
                unsafe { kill(object) };
            }
        });
        for round in 0..rounds {
            let object = into_raw(Counted(Handle::new(()), freed.clone()));
            // SAFETY: the object is alive.
            let call = unsafe { Call::enter(object) };
            shared.store(object, Ordering::Release);
            // Meets the kill at another place in each round.
            for _ in 0..round % 64 {
                core::hint::spin_loop();
            }
            drop(call);
            spin_until(|| freed.load(Ordering::Acquire) > round);
        }
        killer.join().unwrap();
        assert_eq!(freed.load(Ordering::Relaxed), rounds);
    }

    /// Spins, so that threads meet within nanoseconds, but lets others run on a busy machine.
    fn spin_until(mut done: impl FnMut() -> bool) {
        let mut spins = 0;
        while !done() {
            spins += 1;
            if spins % 4096 == 0 {
                std::thread::yield_now();
            }
            core::hint::spin_loop();
        }
    }

    #[test]
    fn a_defective_object_is_not_used_again() {
        let handle = Handle::new(1);
        handle.mark_defective();
        assert_eq!(handle.with(|n| *n), None);
    }
}
