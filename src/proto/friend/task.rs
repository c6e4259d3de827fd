// SPDX-License-Identifier: GPL-3.0-or-later
//! Tasks: what is left to do of something that has happened.

use std::collections::VecDeque;

use super::command::{Answer, Command};
use super::{DhtPublicKey, FriendConnections, FriendRef, RealPublicKey};
use crate::proto::time::Timestamp;
use crate::wire::node::Node;

/// Something that is being done. Lives with whoever carries out its commands, so that tasks begun
/// from inside a callback are done before the outer one goes on.
#[derive(Debug, Default)]
pub struct Task {
    steps: VecDeque<Step>,
    then: Option<Then>,
    result: i32,
}

/// One step. Those that name a friend do nothing once it is gone.
#[derive(Debug)]
pub(super) enum Step {
    /// Carry out a command whose answer does not matter.
    Tell(Command),
    /// The same, if the friend is still there.
    TellIf(FriendRef, Command),
    /// Carry out a command and go on with its answer.
    Ask(Command, Then),
    /// Have the DHT look for a key.
    Register(FriendRef, DhtPublicKey),
    /// Try to connect.
    Attempt(FriendRef, Attempt),
    /// Offer relays to the connection until three are taken.
    Offer(FriendRef, VecDeque<Node>, usize),
    /// Remember a relay and tie it to the connection.
    Insert(FriendRef, Node),
    /// The connection is up.
    Up(FriendRef),
    /// The connection, or the attempt, if there is one, is ended by us.
    HangUp(FriendRef),
    /// The connection, or the attempt, is over.
    Down(FriendRef),
    /// net_crypto has reported that, and may be asked for a new one.
    Closed(RealPublicKey),
    /// Tell somebody that a friend came or went, if that is how it still is: the number says which
    /// of its comings and goings is meant.
    Report(FriendRef, u32, Command),
    /// Tell the onion client the friend's new key.
    OnionKey(FriendRef, DhtPublicKey),
    /// Tell net_crypto where the friend is.
    Direct(FriendRef, bool),
    /// Relays on the friend's own machine have an address now.
    Localise(FriendRef),
    /// An iteration goes on with the first friend that is due, from this id on.
    Turns(u32),
    /// The turn of one friend.
    Turn(FriendRef),
    /// The parts of a turn of a connected friend.
    Alive(FriendRef),
    Share(FriendRef, u16),
    SendShared(FriendRef, Vec<Node>),
    Silence(FriendRef),
    /// The end of an iteration.
    Lan,
    /// A friend request over the connection, or through the onion.
    WriteRequest(i32, Vec<u8>),
    OnionRequest(i32, Vec<u8>),
    /// All friends go, one after the other, from this id on.
    RemoveAll(u32),
}

/// How an attempt begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// With the address as one where the friend was.
    Remembered,
    /// Without an address: it follows, or what is known may be of the friend's last run.
    Bare,
}

/// What an answer means.
#[derive(Debug)]
pub(super) enum Then {
    Created(RealPublicKey),
    Token(DhtPublicKey),
    Released,
    Crypto(FriendRef, Attempt),
    Accepted(FriendRef, Offered),
    Offered(FriendRef, VecDeque<Node>, usize),
    AliveSent(FriendRef),
    Copied(FriendRef, u16),
    Shared(FriendRef),
    Written,
    OnionSent,
    Passed,
}

/// A connection that net_crypto offers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offered {
    pub(super) dht_pk: DhtPublicKey,
    /// Where it came from, if that was over UDP.
    pub(super) address: Option<core::net::SocketAddr>,
}

impl Task {
    pub(super) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), then: None, result: 0 }
    }

    /// Nothing is done, and that is a failure.
    pub(super) fn failed() -> Self {
        Self::ended(-1)
    }

    /// Nothing is left to be done.
    pub(super) fn ended(result: i32) -> Self {
        Self { result, ..Self::default() }
    }

    /// What the C function returns, once nothing is left to be done.
    #[must_use]
    pub fn result(&self) -> i32 {
        self.result
    }

    pub(super) fn set_result(&mut self, result: i32) {
        self.result = result;
    }

    /// These come next, in this order, before what is left.
    pub(super) fn first(&mut self, steps: impl IntoIterator<Item = Step>) {
        for (place, step) in steps.into_iter().enumerate() {
            self.steps.insert(place, step);
        }
    }
}

impl FriendConnections {
    /// The next command of a task; `None` when it is done. An answer to the last one that was not
    /// given counts as [`Answer::None`].
    pub fn next(&mut self, task: &mut Task, now: Timestamp) -> Option<Command> {
        if task.then.is_some() {
            self.answer(task, Answer::None, now);
        }
        loop {
            let step = task.steps.pop_front()?;
            if let Some(command) = self.take_step(task, step, now) {
                return Some(command);
            }
        }
    }

    /// What came of the last command.
    pub fn answer(&mut self, task: &mut Task, answer: Answer, now: Timestamp) {
        if let Some(then) = task.then.take() {
            self.take_answer(task, then, answer, now);
        }
    }

    fn take_step(&mut self, task: &mut Task, step: Step, now: Timestamp) -> Option<Command> {
        match step {
            Step::Tell(command) => Some(command),
            Step::TellIf(friend, command) => self.is_current(friend).then_some(command),
            Step::Ask(command, then) => {
                task.then = Some(then);
                Some(command)
            }
            Step::Register(friend, key) => self.register(task, friend, key),
            Step::Attempt(friend, kind) => self.attempt(task, friend, kind),
            Step::Offer(friend, nodes, taken) => self.offer(task, friend, nodes, taken),
            Step::Insert(friend, node) => self.insert_relay(task, friend, node),
            Step::Up(friend) => self.go_up(task, friend, now),
            Step::HangUp(friend) => self.hang_up(task, friend),
            Step::Down(friend) => self.go_down(task, friend, now),
            Step::Closed(real_pk) => self.handle_closed(real_pk),
            Step::Report(friend, change, command) => {
                self.friend_mut(friend).filter(|found| found.changes == change)?;
                Some(command)
            }
            Step::OnionKey(friend, key) => {
                // Unless a callback has brought a newer one.
                let found = self.friend_mut(friend).filter(|found| found.dht_pk == Some(key))?;
                Some(Command::OnionKey(found.onion, key))
            }
            Step::Direct(friend, connected) => {
                let found = self.friend_mut(friend)?;
                Some(Command::Direct(found.crypto?, found.address, connected))
            }
            Step::Localise(friend) => self.localise(task, friend),
            Step::Turns(start) => self.next_turn(task, start, now),
            Step::Turn(friend) => self.take_turn(task, friend, now),
            Step::Alive(friend) => self.send_alive(task, friend, now),
            Step::Share(friend, max) => self.copy_relays(task, friend, max, now),
            Step::SendShared(friend, nodes) => self.send_shared(task, friend, &nodes),
            Step::Silence(friend) => self.check_silence(task, friend, now),
            Step::Lan => self.send_lan(task, now),
            Step::WriteRequest(crypto, packet) => {
                task.then = Some(Then::Written);
                Some(Command::Write(crypto, packet))
            }
            Step::OnionRequest(onion, packet) => {
                task.then = Some(Then::OnionSent);
                Some(Command::OnionData(onion, packet))
            }
            Step::RemoveAll(start) => self.remove_next(task, start),
        }
    }

    fn take_answer(&mut self, task: &mut Task, then: Then, answer: Answer, now: Timestamp) {
        let number = match answer {
            Answer::Number(number) => number,
            Answer::None | Answer::Token(_) | Answer::Done(_) | Answer::Nodes(_) => -1,
        };
        let done = answer == Answer::Done(true);
        match then {
            Then::Created(real_pk) => self.handle_created(task, real_pk, number),
            Then::Token(key) => {
                let token = match answer {
                    Answer::Token(token) => token,
                    Answer::None | Answer::Number(_) | Answer::Done(_) | Answer::Nodes(_) => None,
                };
                self.handle_token(task, key, token, now);
            }
            // The DHT does not know the key (any more): nothing is left to be released (D19).
            Then::Released => {}
            Then::Crypto(friend, kind) => self.handle_crypto(task, friend, kind, number),
            Then::Accepted(friend, offered) => {
                self.handle_accepted(task, friend, offered, number, now);
            }
            Then::Offered(friend, nodes, taken) => {
                task.first([Step::Offer(friend, nodes, taken + usize::from(done))]);
            }
            Then::AliveSent(friend) => self.handle_alive_sent(friend, done, now),
            Then::Copied(friend, max) => {
                let nodes = match answer {
                    Answer::Nodes(nodes) => nodes,
                    Answer::None | Answer::Number(_) | Answer::Token(_) | Answer::Done(_) => {
                        Vec::new()
                    }
                };
                self.handle_copied(task, friend, nodes, max, now);
            }
            Then::Shared(friend) => self.handle_shared(friend, done, now),
            Then::Written => task.set_result(i32::from(done)),
            Then::OnionSent => task.set_result(if number > 0 { number } else { -1 }),
            Then::Passed => task.set_result(if done { 0 } else { -1 }),
        }
    }
}
