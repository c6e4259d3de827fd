// SPDX-License-Identifier: GPL-3.0-or-later
//! State that is borrowed for one call at a time, from any thread.

use core::cell::RefCell;

use parking_lot::ReentrantMutex;

/// State that is never borrowed while foreign code runs.
///
/// Another thread waits for the borrow, microseconds at most. The same thread cannot meet its own
/// borrow unless this library has a defect, and is then refused instead of deadlocked.
#[derive(Debug)]
pub struct Guarded<T>(ReentrantMutex<RefCell<T>>);

impl<T> Guarded<T> {
    /// Guards `state`.
    pub fn new(state: T) -> Self {
        Self(ReentrantMutex::new(RefCell::new(state)))
    }

    /// Borrows the state for one call. `None` if (a defect of this library) this thread holds the
    /// borrow already.
    ///
    /// `call` must not run foreign code: callbacks, event handlers, loggers.
    pub fn with<R>(&self, call: impl FnOnce(&mut T) -> R) -> Option<R> {
        let state = self.0.lock();
        let mut state = state.try_borrow_mut().ok()?;
        Some(call(&mut state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meeting_our_own_borrow_is_refused_not_deadlocked() {
        let guarded = Guarded::new(1);
        let nested = guarded.with(|_| guarded.with(|n| *n));
        assert_eq!(nested, Some(None));
        assert_eq!(guarded.with(|n| *n), Some(1));
    }
}
