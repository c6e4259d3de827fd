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

/// When something is due: as soon as either clock has reached its part. A part that is `None` is
/// never reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline {
    /// On the clock of the protocol's timers.
    pub seconds: Option<Timestamp>,
    /// On the clock for round trips.
    pub millis: Option<Millis>,
}

impl Deadline {
    /// Due already, whatever the clocks show.
    pub const NOW: Self = Self { seconds: Some(Timestamp(0)), millis: Some(Millis(0)) };
    /// Nothing becomes due by the passing of time.
    pub const NEVER: Self = Self { seconds: None, millis: None };

    /// Due at this second.
    #[must_use]
    pub const fn at(seconds: Timestamp) -> Self {
        Self { seconds: Some(seconds), millis: None }
    }

    /// Due at this second, if there is one.
    #[must_use]
    pub const fn at_second(seconds: Option<Timestamp>) -> Self {
        Self { seconds, millis: None }
    }

    /// Due at this millisecond, if there is one.
    #[must_use]
    pub const fn at_milli(millis: Option<Millis>) -> Self {
        Self { seconds: None, millis }
    }

    /// [`Self::NOW`] if something is to be done, else [`Self::NEVER`].
    #[must_use]
    pub const fn now_if(is_due: bool) -> Self {
        if is_due { Self::NOW } else { Self::NEVER }
    }

    /// The earlier of two, part by part.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self {
            seconds: earlier(self.seconds, other.seconds),
            millis: earlier(self.millis, other.millis),
        }
    }

    /// Makes this one the earlier of two.
    pub fn merge(&mut self, other: Self) {
        *self = self.min(other);
    }

    /// Whether it is due.
    #[must_use]
    pub fn is_reached(self, now: Clock) -> bool {
        self.seconds.is_some_and(|at| at <= now.seconds)
            || self.millis.is_some_and(|at| at <= now.millis)
    }

    /// The whole of it on the clock for round trips; `None` if it is never reached.
    ///
    /// For clocks that tick together: at any time, the seconds are a fixed number plus the
    /// milliseconds / 1000, rounded down. `now` tells that number. A second is then reached at the
    /// first millisecond at which the clock shows it.
    #[must_use]
    pub fn millis(self, now: Clock) -> Option<Millis> {
        let second = now.millis.0 / 1000;
        let first = |at: Timestamp| {
            let second = match at.0.checked_sub(now.seconds.0) {
                Some(left) => second.saturating_add(left),
                None => second.saturating_sub(now.seconds.0 - at.0),
            };
            Millis(second.saturating_mul(1000))
        };
        earlier(self.seconds.map(first), self.millis)
    }
}

/// The earlier of two times, either of which may be missing.
fn earlier<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
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
    #[test]
    fn a_deadline_is_reached_when_either_clock_is_there() {
        let clock = |seconds, ms| Clock { seconds: Timestamp(seconds), millis: Millis(ms) };
        let either = Deadline { seconds: Some(Timestamp(7)), millis: Some(Millis(5500)) };
        assert!(!either.is_reached(clock(6, 5499)));
        assert!(either.is_reached(clock(7, 0)) && either.is_reached(clock(0, 5500)));
        assert!(Deadline::NOW.is_reached(clock(0, 0)));
        assert!(!Deadline::NEVER.is_reached(clock(u64::MAX, u64::MAX)));
        let other = Deadline::at(Timestamp(3));
        assert_eq!(either.min(other), Deadline { seconds: Some(Timestamp(3)), ..either });
        assert_eq!(Deadline::NEVER.min(either), either);
    }

    /// Walks through the milliseconds.
    #[test]
    fn a_second_is_reached_at_its_first_millisecond() {
        for base in [0, 1, 1_000_000] {
            let clock =
                |ms: u64| Clock { seconds: Timestamp(base + ms / 1000), millis: Millis(ms) };
            for second in [0, 3, 4, 6, 9] {
                let deadline = Deadline::at(Timestamp(base + second));
                let wanted = (0..10_000).find(|ms| deadline.is_reached(clock(*ms)));
                for now in [0, 999, 3000, 4321, 9999] {
                    let found = deadline.millis(clock(now)).map(|at| at.0);
                    assert_eq!(found, wanted, "{base} {second} {now}");
                }
            }
        }
        let now = Clock { seconds: Timestamp(5), millis: Millis(700) };
        assert_eq!(Deadline::NOW.millis(now), Some(Millis(0)));
        assert_eq!(Deadline::NEVER.millis(now), None);
        assert_eq!(Deadline::at(Timestamp(1)).millis(now), Some(Millis(0)), "before all time");
        let mixed = Deadline { millis: Some(Millis(900)), ..Deadline::at(Timestamp(6)) };
        assert_eq!(mixed.millis(now), Some(Millis(900)));
    }
}
