// SPDX-License-Identifier: GPL-3.0-or-later
//! The fence around the body of every entry point: no panic crosses into C.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the body of an entry point. A panic in it is a defect of this library: `on_panic` is told,
/// which marks the object, and its answer is the documented failure value of the function.
pub fn fence<T>(body: impl FnOnce() -> T, on_panic: impl FnOnce() -> T) -> T {
    // Unwind safety: objects reached by the body are marked by `on_panic` and not used again.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        // Dropping a payload may panic in its turn, so it is kept; this happens at most once per
        // object.
        let _kept = core::mem::ManuallyDrop::new(payload);
        on_panic()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_failure_value() {
        assert_eq!(fence(|| 1, || -1), 1);
        assert_eq!(fence(|| panic!("defect"), || -1), -1);
    }
}
