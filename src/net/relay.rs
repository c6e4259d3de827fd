// SPDX-License-Identifier: GPL-3.0-or-later
//! [`Relay`]: a relay with sockets, many clients on one thread.
//!
//! ```
//! use toxlink::crypto::SecretKey;
//! use toxlink::net::relay::{Config, Relay};
//!
//! let relay = Relay::bind(&Config::new(["127.0.0.1:0".parse().unwrap()], SecretKey([1; 32])))?;
//! println!("{} on {:?}", relay.public_key().to_hex(), relay.addresses());
//! relay.start(|note| eprintln!("{note}")).expect("nobody else turns it");
//! // Clients may call now.
//! relay.stop();
//! assert_eq!(relay.figures().accepted, 0);
//! # Ok::<(), std::io::Error>(())
//! ```

use core::cell::Cell;
use core::ptr;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mio::Waker;
use parking_lot::{Condvar, Mutex};

use self::engine::Engine;
use super::{Stopwatch, TurnError};
use crate::crypto::{PublicKey, SecretKey};
use crate::proto::server::{Figures, Limits, Reason};
use crate::proto::time::Millis;

mod engine;

/// How long its thread waits before it asks again whether it may serve.
const PAUSE: Duration = Duration::from_millis(20);

/// What a relay is made from.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 for any that is free.
    pub addresses: Vec<SocketAddr>,
    /// The long-term key.
    pub secret_key: SecretKey,
    /// What it allows.
    pub limits: Limits,
}

impl Config {
    /// With the usual limits.
    pub fn new(addresses: impl IntoIterator<Item = SocketAddr>, secret_key: SecretKey) -> Self {
        let addresses = addresses.into_iter().collect();
        Self { addresses, secret_key, limits: Limits::default() }
    }
}

/// A client that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Where it called from.
    pub address: SocketAddr,
    /// Why it is gone.
    pub reason: Reason,
}

/// Something for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A client is gone.
    Left(Departure),
    /// The system has no socket for a caller, which has to wait; told once a second at most.
    NoSocket(ErrorKind),
    /// The thread of its own is over, because it was stopped.
    Stopped,
    /// The thread of its own is over, because the system cannot tell which sockets are ready; or
    /// (`Other`) because of a defect of this library.
    Failed(ErrorKind),
}

impl core::fmt::Display for Note {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Left(Departure { address, reason }) => write!(f, "{address}: {reason}"),
            Self::NoSocket(kind) => write!(f, "no socket for a caller: {kind}"),
            Self::Stopped => f.write_str("the relay has stopped"),
            Self::Failed(kind) => write!(f, "the relay has stopped: {kind}"),
        }
    }
}

/// A handler of notes. It may call every function of the relay; no lock is held meanwhile.
pub type Handler<'a> = dyn FnMut(Note) + 'a;

/// A relay, for any thread. It does something only in [`Relay::turn`], or on a thread of its own
/// ([`Relay::start`]). That thread ends when the relay is dropped.
#[derive(Debug)]
pub struct Relay {
    core: Arc<Core>,
    thread: Mutex<Thread>,
    /// Told when nobody waits for the end of a thread any more.
    joined: Condvar,
    public_key: PublicKey,
    addresses: Vec<SocketAddr>,
    descriptor: RawFd,
    waker: Arc<Waker>,
    clock: Stopwatch,
}

/// The thread of its own.
#[derive(Debug, Default)]
struct Thread {
    handle: Option<JoinHandle<()>>,
    /// Calls that have taken a handle and wait for the end of its thread.
    joins: usize,
}

/// What the relay and its thread share.
#[derive(Debug)]
struct Core {
    /// Somebody turns it, or has its thread turn it. Who has set this may lock `engine`.
    is_busy: AtomicBool,
    engine: Mutex<Engine>,
    shown: Mutex<Shown>,
    /// The thread is to end.
    stops: AtomicBool,
    /// The owner is gone: nothing is told any more.
    is_dropped: AtomicBool,
    /// A turn has panicked: it is not turned again.
    is_broken: AtomicBool,
    /// The next turn is to panic.
    #[cfg(test)]
    fails: AtomicBool,
}

/// What others see of the engine, as it was after its last turn.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    figures: Figures,
    clients: usize,
    /// When there is something to do even if no socket stirs.
    due: Option<Millis>,
}

impl Shown {
    fn wait(&self, now: Millis) -> Option<Duration> {
        self.due.map(|due| Duration::from_millis(due.since(now)))
    }
}

impl Relay {
    /// A relay that listens, and serves as soon as it is turned or started.
    ///
    /// # Errors
    /// What the system says about an address, or that it has no descriptors left;
    /// `InvalidInput` without any address.
    pub fn bind(config: &Config) -> io::Result<Self> {
        let engine = Engine::bind(config)?;
        Ok(Self {
            public_key: engine.public_key(),
            addresses: engine.addresses(),
            descriptor: engine.descriptor(),
            waker: engine.waker(),
            clock: engine.clock(),
            thread: Mutex::default(),
            joined: Condvar::new(),
            core: Arc::new(Core {
                is_busy: AtomicBool::new(false),
                shown: Mutex::new(engine.shown()),
                engine: Mutex::new(engine),
                stops: AtomicBool::new(false),
                is_dropped: AtomicBool::new(false),
                is_broken: AtomicBool::new(false),
                #[cfg(test)]
                fails: AtomicBool::new(false),
            }),
        })
    }

    /// The key by which clients know this relay.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.public_key
    }

    /// Where it listens, with the ports that the system chose.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Clients that are confirmed, as of the last turn.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.core.shown.lock().clients
    }

    /// What was done so far, as of the last turn.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.core.shown.lock().figures
    }

    /// A descriptor that can be read when [`Self::iterate`] has something to do, for the event loop
    /// of the surrounding program. It belongs to the relay.
    #[must_use]
    pub fn descriptor(&self) -> RawFd {
        self.descriptor
    }

    /// How long there is nothing to do if the descriptor stays quiet; `None` for as long as that.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        let shown = *self.core.shown.lock();
        shown.wait(self.clock.now())
    }

    /// Does what there is to do now.
    ///
    /// # Errors
    /// [`TurnError`]; a client's troubles are not errors of the relay.
    pub fn iterate(&self, handler: &mut Handler<'_>) -> Result<(), TurnError> {
        self.turn(Some(Duration::ZERO), handler)
    }

    /// Waits until there is something to do, for `limit` at most (`None`: as long as it takes), and
    /// does it.
    ///
    /// # Errors
    /// [`TurnError`]; a client's troubles are not errors of the relay.
    pub fn turn(
        &self,
        limit: Option<Duration>,
        handler: &mut Handler<'_>,
    ) -> Result<(), TurnError> {
        let busy = Busy::new(&self.core).ok_or(TurnError::Busy)?;
        busy.0.turn(limit, handler)
    }

    /// Serves on a thread of its own until it is stopped. Meanwhile a turn is [`TurnError::Busy`].
    ///
    /// # Errors
    /// `Busy` if it is started already, or being turned; `System` if there is no thread left; `Defect`.
    pub fn start(&self, handler: impl FnMut(Note) + Send + 'static) -> Result<(), TurnError> {
        self.start_while(handler, || true)
    }

    /// As [`Self::start`]; while `may_serve` says no, nothing is done.
    pub(crate) fn start_while(
        &self,
        mut handler: impl FnMut(Note) + Send + 'static,
        may_serve: impl Fn() -> bool + Send + 'static,
    ) -> Result<(), TurnError> {
        let mut thread = self.thread.lock();
        let busy = Busy::new(&self.core).ok_or(TurnError::Busy)?;
        if self.core.is_broken.load(Ordering::Acquire) {
            return Err(TurnError::Defect);
        }
        self.core.stops.store(false, Ordering::Release);
        // Who drops the relay inside the handler frees it here, where the thread is no part of it.
        let body = move || {
            let core = &busy.0;
            SERVED.set(Arc::as_ptr(core));
            let mut last = Note::Stopped;
            while !core.stops.load(Ordering::Acquire) {
                if !may_serve() {
                    thread::sleep(PAUSE);
                    continue;
                }
                // Nobody is there to whom a panic could go on; the handler is not part of this.
                let served = catch_unwind(AssertUnwindSafe(|| core.serve(None)));
                let (turned, notes) = served.unwrap_or_else(|_| {
                    core.is_broken.store(true, Ordering::Release);
                    (Err(io::Error::other("a panic")), VecDeque::new())
                });
                for note in notes {
                    core.tell(note, &mut handler);
                }
                if let Err(error) = turned {
                    last = Note::Failed(error.kind());
                    break;
                }
            }
            core.tell(last, &mut handler);
        };
        let builder = thread::Builder::new().name("toxlink-relay".to_owned());
        thread.handle = Some(builder.spawn(body).map_err(TurnError::System)?);
        Ok(())
    }

    /// Ends the thread, and waits for that, also if another call is ending it: from then on it does
    /// nothing and tells nothing. Called from inside the handler, it does not wait, and the thread
    /// ends when the handler returns. Does nothing if it was not started.
    pub fn stop(&self) {
        let mut thread = self.thread.lock();
        if thread.handle.is_some() {
            self.core.stops.store(true, Ordering::Release);
            // If this fails, the thread sees the word at its next event.
            let _ = self.waker.wake();
        }
        if self.core.is_served_here() {
            return;
        }
        let Some(handle) = thread.handle.take() else {
            self.joined.wait_while(&mut thread, |thread| thread.joins > 0);
            return;
        };
        thread.joins += 1;
        drop(thread);
        // It fails if the thread has panicked, which is its end, too.
        let _ = handle.join();
        self.thread.lock().joins -= 1;
        self.joined.notify_all();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if self.core.is_served_here() {
            self.core.is_dropped.store(true, Ordering::Release);
        }
        self.stop();
    }
}

thread_local! {
    /// What the thread serves, if a relay has made it. `thread::current()` would tell, too, but leaves memory
    /// behind in a program whose main thread is not Rust's, which memory checkers report.
    static SERVED: Cell<*const Core> = const { Cell::new(ptr::null()) };
}

impl Core {
    /// Whether the current thread is the one that [`Relay::start`] has made for it.
    fn is_served_here(self: &Arc<Self>) -> bool {
        ptr::eq(SERVED.get(), Arc::as_ptr(self))
    }

    /// One turn of the engine; the handler runs when nothing is locked.
    fn turn(&self, limit: Option<Duration>, handler: &mut Handler<'_>) -> Result<(), TurnError> {
        if self.is_broken.load(Ordering::Acquire) {
            return Err(TurnError::Defect);
        }
        let (turned, notes) = self.serve(limit);
        for note in notes {
            self.tell(note, handler);
        }
        turned.map_err(TurnError::System)
    }

    fn serve(&self, limit: Option<Duration>) -> (io::Result<()>, VecDeque<Note>) {
        let mut engine = self.engine.lock();
        #[cfg(test)]
        assert!(!self.fails.load(Ordering::Acquire), "as the test asks for");
        let turned = engine.turn(limit);
        *self.shown.lock() = engine.shown();
        (turned, engine.take_notes())
    }

    fn tell(&self, note: Note, handler: &mut Handler<'_>) {
        if !self.is_dropped.load(Ordering::Acquire) {
            handler(note);
        }
    }
}

/// The right to turn a relay, given back on drop.
struct Busy(Arc<Core>);

impl Busy {
    fn new(core: &Arc<Core>) -> Option<Self> {
        let was_free = !core.is_busy.swap(true, Ordering::AcqRel);
        was_free.then(|| Self(Arc::clone(core)))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.is_broken.store(true, Ordering::Release);
        }
        self.0.is_busy.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};

    /// Longer than any test; nothing waits for it unless something is broken.
    const LONG: Duration = Duration::from_secs(60);

    fn relay() -> Relay {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Relay::bind(&Config::new([address], SecretKey([1; 32]))).unwrap()
    }

    fn started(relay: &Relay, may_serve: &Arc<AtomicBool>) -> Receiver<Note> {
        let (sender, notes) = channel();
        let may_serve = Arc::clone(may_serve);
        let handler = move |note| sender.send(note).unwrap();
        relay.start_while(handler, move || may_serve.load(Ordering::Acquire)).unwrap();
        notes
    }

    #[test]
    fn a_panic_ends_the_thread_and_is_told() {
        let relay = relay();
        relay.core.fails.store(true, Ordering::Release);
        let notes = started(&relay, &Arc::new(AtomicBool::new(true)));
        assert_eq!(notes.recv_timeout(LONG), Ok(Note::Failed(ErrorKind::Other)));
        relay.stop();
        relay.core.fails.store(false, Ordering::Release);
        assert!(matches!(relay.iterate(&mut |_| ()), Err(TurnError::Defect)));
        assert!(matches!(relay.start(|_| ()), Err(TurnError::Defect)));
    }

    #[test]
    fn a_panic_in_a_turn_goes_on_and_the_relay_is_not_turned_again() {
        let relay = relay();
        relay.core.fails.store(true, Ordering::Release);
        let turned = catch_unwind(AssertUnwindSafe(|| relay.iterate(&mut |_| ())));
        assert!(turned.is_err());
        relay.core.fails.store(false, Ordering::Release);
        assert!(matches!(relay.iterate(&mut |_| ()), Err(TurnError::Defect)));
    }

    #[test]
    fn a_thread_that_may_not_serve_does_not() {
        let relay = relay();
        relay.core.fails.store(true, Ordering::Release);
        let may_serve = Arc::new(AtomicBool::new(false));
        let notes = started(&relay, &may_serve);
        thread::sleep(3 * PAUSE);
        assert!(notes.try_recv().is_err(), "it would have failed");
        may_serve.store(true, Ordering::Release);
        assert_eq!(notes.recv_timeout(LONG), Ok(Note::Failed(ErrorKind::Other)));
    }

    #[test]
    fn who_stops_it_while_another_does_waits_as_well() {
        let relay = Arc::new(relay());
        let is_over = Arc::new(AtomicBool::new(false));
        let (inside, is_inside) = channel();
        let (go, may_go) = channel();
        let over = Arc::clone(&is_over);
        let handler = move |note| {
            assert_eq!(note, Note::Stopped);
            inside.send(()).unwrap();
            may_go.recv_timeout(LONG).unwrap();
            over.store(true, Ordering::Release);
        };
        relay.start(handler).unwrap();
        let (report, reports) = channel();
        let stop = || {
            let (relay, is_over, report) =
                (Arc::clone(&relay), Arc::clone(&is_over), report.clone());
            thread::spawn(move || {
                relay.stop();
                report.send(is_over.load(Ordering::Acquire)).unwrap();
            })
        };
        let first = stop();
        is_inside.recv_timeout(LONG).unwrap();
        let second = stop();
        // Time for who does not wait.
        assert!(reports.recv_timeout(10 * PAUSE).is_err());
        go.send(()).unwrap();
        for _ in 0..2 {
            assert_eq!(reports.recv_timeout(LONG), Ok(true));
        }
        first.join().unwrap();
        second.join().unwrap();
        relay.stop();
        assert!(relay.iterate(&mut |_| ()).is_ok());
    }
}
