// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs that wait for their sockets until a deadline, next to those that look every 50 ms.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hasher};

use toxlink::proto::connections::Connections;
use toxlink::proto::time::Millis;

use super::relays::{Client, Net};

/// Milliseconds between the rounds of a program that does not wait.
pub const STEP_MS: u64 = 50;
/// Rounds at one instant, each of which must have done something.
const MAX_ROUNDS: usize = 20;

/// How a program goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// A round every 50 ms.
    Polls,
    /// The same; each round that was not due must have changed nothing.
    Checks,
    /// A round when a socket has something to say, or the deadline is reached.
    Waits,
}

/// Clients that are driven in one way.
pub struct Drive<'a, 'n> {
    pub net: &'n Net,
    pub clients: &'a [&'a Client<'n>],
    pub driver: Driver,
    /// Rounds of all clients.
    pub rounds: &'a Cell<usize>,
}

impl Drive<'_, '_> {
    /// Lets the time pass; `each` is called every 50 ms, as a program's own timer.
    pub fn run(&self, ms: u64, mut each: impl FnMut(u64)) {
        let end = self.net.now_ms.get() + ms;
        loop {
            let now = self.net.now_ms.get();
            let tick = (now / STEP_MS + 1) * STEP_MS;
            let next = match self.driver {
                Driver::Polls | Driver::Checks => tick,
                Driver::Waits => self.next_event().map_or(tick, |at| at.min(tick)).max(now + 1),
            };
            if next > end {
                return;
            }
            self.net.now_ms.set(next);
            self.net.run_relays();
            self.clients.iter().for_each(|client| self.turn(client, now));
            if next == tick {
                each(next);
                // What was done there may be due at once.
                if self.driver == Driver::Waits {
                    self.clients.iter().for_each(|client| self.turn(client, next));
                }
            }
        }
    }

    /// The same without a timer of the program, which wakes at the end.
    pub fn idle(&self, ms: u64) {
        assert_eq!(self.driver, Driver::Waits);
        let end = self.net.now_ms.get() + ms;
        while self.net.now_ms.get() < end {
            let now = self.net.now_ms.get();
            let next = self.next_event().map_or(end, |at| at.clamp(now + 1, end));
            self.net.now_ms.set(next);
            self.net.run_relays();
            self.clients.iter().for_each(|client| self.turn(client, now));
        }
    }

    fn next_event(&self) -> Option<u64> {
        let clock = self.net.clock();
        let deadline =
            |client: &&Client<'_>| Some(client.machine.borrow().deadline().millis(clock)?.0);
        self.clients.iter().filter_map(deadline).chain(self.net.next_arrival()).min()
    }

    fn turn(&self, client: &Client<'_>, since: u64) {
        let round = || {
            self.rounds.set(self.rounds.get() + 1);
            client.round();
        };
        match self.driver {
            Driver::Polls => round(),
            Driver::Checks => {
                // Timers of the protocol end with a second; of the other rounds, some are looked at.
                let now = self.net.now_ms.get();
                let is_sample = now % 1000 == 0 || now % 350 == 0;
                if self.is_due(client, since) || !is_sample {
                    round();
                } else {
                    let before = fingerprint(&client.machine.borrow());
                    round();
                    let after = fingerprint(&client.machine.borrow());
                    assert_eq!(before, after, "a round that was not due has done something");
                }
            }
            Driver::Waits => {
                let mut rounds = 0;
                while self.is_due(client, since) {
                    rounds += 1;
                    assert!(rounds <= MAX_ROUNDS, "busy at one instant");
                    let (was_ready, before) =
                        (client.is_ready(), fingerprint(&client.machine.borrow()));
                    round();
                    let after = fingerprint(&client.machine.borrow());
                    assert!(was_ready || before != after, "a round that was due has done nothing");
                }
            }
        }
    }

    /// The program wakes; whether there is something to do.
    fn is_due(&self, client: &Client<'_>, since: u64) -> bool {
        let clock = self.net.clock();
        let mut machine = client.machine.borrow_mut();
        machine.handle_waited(Millis(since), clock);
        let is_reached = machine.deadline().is_reached(clock);
        drop(machine);
        is_reached || client.is_ready()
    }
}

/// All there is in a machine, in one number.
fn fingerprint(machine: &Connections) -> u64 {
    struct Hash(DefaultHasher);
    impl fmt::Write for Hash {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut hash = Hash(DefaultHasher::new());
    write!(hash, "{machine:?}").unwrap();
    hash.0.finish()
}
