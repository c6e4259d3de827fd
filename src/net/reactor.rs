// SPDX-License-Identifier: GPL-3.0-or-later
//! What objects with sockets share: the system's event queue, a clock, and who is waiting.

use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use mio::{Events, Poll, Registry, Token, Waker};
use parking_lot::Mutex;

use super::{Stopwatch, TurnError};
use crate::proto::time::{Clock, Millis, Timestamp};

/// Events taken from the system at once.
const EVENTS: usize = 256;
/// The token of the waker; sockets count from 0.
const WAKER: Token = Token(usize::MAX);
/// What the seconds begin with: the machines take 0 for "never", and a first ping is due on any
/// clock that has reached 30.
const FIRST_SECOND: u64 = 1000;
/// Nobody sleeps.
const AWAKE: u64 = 0;
/// Somebody sleeps for as long as it takes, or is finding out for how long.
const FOREVER: u64 = u64::MAX;

/// The event queue of one object.
///
/// Whoever waits (in [`Turn::poll`], or in an event loop of its own after [`Reactor::promise`])
/// relies on a deadline. A call from elsewhere that makes something due sooner says so with
/// [`Reactor::nudge`], which ends the waiting.
#[derive(Debug)]
pub(crate) struct Reactor {
    poll: Mutex<(Poll, Events)>,
    registry: Registry,
    waker: Arc<Waker>,
    is_turning: AtomicBool,
    /// Until when, in milliseconds, somebody may be sleeping.
    promised: AtomicU64,
    /// The thread that sleeps, or is about to.
    sleeper: AtomicU64,
    clock: Stopwatch,
    descriptor: RawFd,
}

/// A socket that has something to say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    /// The token that it was registered with.
    pub(crate) token: usize,
    /// It takes bytes again.
    pub(crate) is_writable: bool,
    /// The other side will send no more.
    pub(crate) is_ending: bool,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Arc::new(Waker::new(&registry, WAKER)?);
        let descriptor = poll.as_raw_fd();
        Ok(Self {
            poll: Mutex::new((poll, Events::with_capacity(EVENTS))),
            registry,
            waker,
            is_turning: AtomicBool::new(false),
            promised: AtomicU64::new(AWAKE),
            sleeper: AtomicU64::new(0),
            clock: Stopwatch::start(),
            descriptor,
        })
    }

    /// Where sockets are registered.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Ends the waiting of whoever waits.
    pub(crate) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    pub(crate) fn descriptor(&self) -> RawFd {
        self.descriptor
    }

    /// Seconds and milliseconds, which tick together.
    pub(crate) fn clock(&self) -> Clock {
        let millis = self.clock.now();
        Clock { seconds: Timestamp(FIRST_SECOND + millis.0 / 1000), millis }
    }

    /// Somebody is going to sleep until what `deadline` tells, which is called once (`None`: for as
    /// long as it takes); how long that is from now. Whoever sleeps for longer already is woken: only
    /// one of the two times is kept.
    pub(crate) fn promise(&self, deadline: impl FnOnce() -> Option<Millis>) -> Option<Duration> {
        // First of all: what changes while the deadline is being found must not go unnoticed.
        let before = self.promised.swap(FOREVER, Ordering::SeqCst);
        self.sleeper.store(this_thread(), Ordering::SeqCst);
        let deadline = deadline();
        let until = deadline.map_or(FOREVER, |due| due.0.max(AWAKE + 1));
        let order = Ordering::SeqCst;
        // If it was changed, somebody has woken us already.
        let _ = self.promised.compare_exchange(FOREVER, until, order, order);
        if before != AWAKE && until < before {
            let _ = self.waker.wake();
        }
        deadline.map(|due| Duration::from_millis(due.since(self.clock.now())))
    }

    /// Something is due at that time: whoever sleeps longer is woken. `due` is only called if
    /// somebody sleeps.
    pub(crate) fn nudge(&self, due: impl FnOnce() -> Option<Millis>) {
        let promised = self.promised.load(Ordering::SeqCst);
        if promised == AWAKE || due().is_none_or(|due| due.0 >= promised) {
            return;
        }
        self.promised.store(AWAKE, Ordering::SeqCst);
        // If this fails, the sleeper finds out when its time is up.
        let _ = self.waker.wake();
    }

    /// Ends the waiting, now or the next time.
    pub(crate) fn wake(&self) {
        // If this fails, the sleeper finds out when its time is up.
        let _ = self.waker.wake();
    }

    /// Begins a turn: waits until there is something to do, for `limit` at most (`None`: as long as it
    /// takes), and not longer than `wait` tells, which is not asked if nothing is waited for.
    pub(crate) fn begin_turn(
        &self,
        limit: Option<Duration>,
        wait: impl FnOnce() -> Option<Duration>,
    ) -> Result<(Turn<'_>, Vec<Ready>), TurnError> {
        let turn = self.begin().ok_or(TurnError::Busy)?;
        let wait = match limit {
            Some(Duration::ZERO) => limit,
            limit => [limit, wait()].into_iter().flatten().min(),
        };
        let ready = turn.poll(wait).map_err(TurnError::System)?;
        Ok((turn, ready))
    }

    /// Begins a turn; `None` if one is under way, on this thread or another.
    pub(crate) fn begin(&self) -> Option<Turn<'_>> {
        let free = !self.is_turning.swap(true, Ordering::Acquire);
        free.then(|| Turn(self))
    }
}

/// Tells threads apart; never 0.
fn this_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local!(static THIS: u64 = NEXT.fetch_add(1, Ordering::Relaxed));
    THIS.with(|this| *this)
}

/// A turn of an object; there is one at a time.
pub(crate) struct Turn<'a>(&'a Reactor);

impl Turn<'_> {
    /// The sockets that have something to say, after waiting for that long for the first one
    /// (`None`: for as long as it takes). This thread sleeps no more after that.
    pub(crate) fn poll(&self, timeout: Option<Duration>) -> io::Result<Vec<Ready>> {
        let mut guard = self.0.poll.lock();
        let (poll, events) = &mut *guard;
        let polled = poll.poll(events, timeout);
        // A turn that did not wait leaves the promise to the thread that was given it.
        if timeout != Some(Duration::ZERO) || self.0.sleeper.load(Ordering::SeqCst) == this_thread()
        {
            self.0.promised.store(AWAKE, Ordering::SeqCst);
        }
        match polled {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Vec::new()),
            polled => polled?,
        }
        let sockets = events.iter().filter(|event| event.token() != WAKER);
        let ready = sockets.map(|event| Ready {
            token: event.token().0,
            is_writable: event.is_writable() || event.is_error() || event.is_write_closed(),
            is_ending: event.is_read_closed() || event.is_error(),
        });
        Ok(ready.collect())
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.is_turning.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
    /// Longer than any test; nothing waits for it unless something is broken.
    const LONG: Option<Duration> = Some(Duration::from_secs(60));

    #[test]
    fn one_turn_at_a_time() {
        let reactor = Reactor::new().unwrap();
        let turn = reactor.begin().unwrap();
        assert!(reactor.begin().is_none());
        assert!(reactor.begin().is_none(), "a refusal ends no turn");
        drop(turn);
        assert!(reactor.begin().is_some());
    }

    #[test]
    fn a_sleeper_is_woken_by_what_is_due_sooner_and_by_nothing_else() {
        let reactor = Reactor::new().unwrap();
        let woken = |reactor: &Reactor| {
            let mut poll = reactor.poll.lock();
            let (poll, events) = &mut *poll;
            poll.poll(events, AT_ONCE).unwrap();
            events.iter().count() > 0
        };
        reactor.nudge(|| unreachable!("nobody sleeps"));
        assert!(!woken(&reactor));
        assert_eq!(reactor.promise(|| None), None);
        reactor.nudge(|| None);
        assert!(!woken(&reactor));
        reactor.nudge(|| Some(Millis(5_000_000)));
        assert!(woken(&reactor));
        reactor.nudge(|| unreachable!("it was woken"));
        assert!(reactor.promise(|| Some(Millis(9_000_000))).is_some());
        reactor.nudge(|| Some(Millis(9_000_000)));
        assert!(!woken(&reactor));
        reactor.nudge(|| Some(Millis(8_999_999)));
        assert!(woken(&reactor));
    }

    /// Each nudge has to be served before the next one is given.
    #[test]
    fn nobody_sleeps_through_a_nudge() {
        const ROUNDS: u64 = 3000;
        const NEVER: u64 = u64::MAX;
        let reactor = Reactor::new().unwrap();
        let dues = [const { AtomicU64::new(NEVER) }; 2];
        let due =
            || dues.iter().map(|due| due.load(Ordering::SeqCst)).min().filter(|at| *at < NEVER);
        let is_over = AtomicBool::new(false);
        let is_late = AtomicBool::new(false);
        let ask = |mine: &AtomicU64| {
            for _ in 0..ROUNDS {
                mine.store(1, Ordering::SeqCst);
                reactor.nudge(|| due().map(Millis));
                let start = reactor.clock.now();
                while mine.load(Ordering::SeqCst) != NEVER && !is_late.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                    let waited = reactor.clock.now().since(start);
                    is_late.fetch_or(waited > 20_000, Ordering::SeqCst);
                }
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let turn = reactor.begin().unwrap();
                    turn.poll(reactor.promise(|| due().map(Millis)).or(LONG)).unwrap();
                    dues.iter().for_each(|due| due.store(NEVER, Ordering::SeqCst));
                }
            });
            let [first, second] = &dues;
            let other = scope.spawn(|| ask(second));
            ask(first);
            other.join().unwrap();
            is_over.store(true, Ordering::SeqCst);
            reactor.waker.wake().unwrap();
        });
        assert!(!is_late.load(Ordering::SeqCst), "a nudge was lost");
    }

    /// Its deadline may be old: what has come in between was told to nobody but the second.
    #[test]
    fn of_two_sleepers_the_longer_one_is_woken() {
        let reactor = Reactor::new().unwrap();
        reactor.promise(|| Some(Millis(9_000_000)));
        reactor.promise(|| Some(Millis(9_000_000)));
        let turn = reactor.begin().unwrap();
        let start = reactor.clock.now();
        reactor.promise(|| Some(Millis(9_000_000)));
        reactor.promise(|| Some(Millis(8_000_000)));
        turn.poll(Some(Duration::from_secs(5))).unwrap();
        assert!(reactor.clock.now().since(start) < 5000, "the waker ended it");
    }

    /// A loop sleeps in its own poll(2) while another thread has a turn.
    #[test]
    fn a_turn_of_another_thread_does_not_break_the_promise() {
        let reactor = Reactor::new().unwrap();
        reactor.promise(|| Some(Millis(9_000_000)));
        std::thread::scope(|scope| {
            scope.spawn(|| reactor.begin().unwrap().poll(AT_ONCE).unwrap());
        });
        reactor.nudge(|| Some(Millis(1)));
        let turn = reactor.begin().unwrap();
        assert!(turn.poll(LONG).unwrap().is_empty(), "the waker ended it");
        reactor.nudge(|| unreachable!("nobody sleeps after that"));
    }

    #[test]
    fn what_comes_while_the_deadline_is_found_is_not_missed() {
        let reactor = Reactor::new().unwrap();
        let sooner = || {
            reactor.nudge(|| Some(Millis(1)));
            Some(Millis(9_000_000))
        };
        reactor.promise(sooner);
        let turn = reactor.begin().unwrap();
        assert!(turn.poll(LONG).unwrap().is_empty(), "the waker ended it");
    }
}
