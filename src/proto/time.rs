// SPDX-License-Identifier: GPL-3.0-or-later
//! Time as toxcore counts it.

/// Whole seconds of `mono_time_get`: a cached clock that moves only between iterations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This time plus `seconds`.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// toxcore's `mono_time_is_timeout`: `since + timeout <= now`.
    #[must_use]
    pub fn is_timeout(self, since: Self, timeout: u64) -> bool {
        self.0.checked_sub(since.0).is_some_and(|passed| passed >= timeout)
    }
}

/// Milliseconds of a clock that only moves forward (`current_time_monotonic`); for round trips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl Millis {
    /// Milliseconds since `earlier`; 0 if that is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Both clocks, read at the start of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// For the protocol's timers.
    pub seconds: Timestamp,
    /// For round trips.
    pub millis: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_includes_its_last_second() {
        let since = Timestamp(100);
        assert!(!Timestamp(109).is_timeout(since, 10));
        assert!(Timestamp(110).is_timeout(since, 10));
        assert!(!Timestamp(90).is_timeout(since, 0), "a clock that went back");
        assert!(!Timestamp(u64::MAX).is_timeout(Timestamp(u64::MAX), 30));
    }
}
