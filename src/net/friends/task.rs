// SPDX-License-Identifier: GPL-3.0-or-later
//! Carries out what the machine wants. Nothing is locked while a neighbour or a handler runs.

use super::{FriendNumber, Friends, Handler, Level, Neighbours, RealPublicKey, State};
use crate::proto::friend::Task;
use crate::proto::friend::command::{Answer, Command};

/// One call from outside, with what came along.
pub(super) struct Visit<'a, O> {
    pub(super) handler: &'a dyn Handler,
    /// The connection that is being offered, and by whom.
    pub(super) offer: Option<(RealPublicKey, &'a O)>,
}

impl<'a, O> Visit<'a, O> {
    pub(super) fn new(handler: &'a dyn Handler) -> Self {
        Self { handler, offer: None }
    }

    /// For what leads to no event.
    pub(super) fn quiet() -> Self {
        Self::new(&())
    }
}

/// A command, and the friend that it is about if the neighbour is to know.
struct Order {
    command: Command,
    friend: Option<FriendNumber>,
    /// Only what gives something back is done.
    is_closed: bool,
}

/// What the answer to a command is about, if it is worth a line in the log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Topic {
    Onion,
    Dht,
    New(FriendNumber),
    Accepted(FriendNumber),
}

impl Topic {
    fn of(order: &Order) -> Option<Self> {
        match (&order.command, order.friend) {
            (Command::OnionAdd(_), _) => Some(Self::Onion),
            (Command::DhtAdd(..), _) => Some(Self::Dht),
            (Command::NewCrypto(..), Some(friend)) => Some(Self::New(friend)),
            (Command::Accept, Some(friend)) => Some(Self::Accepted(friend)),
            _ => None,
        }
    }

    fn line(self, answer: &Answer) -> Option<(Level, String)> {
        let is_refused = matches!(answer, Answer::Number(..0) | Answer::Token(None));
        Some(match (self, is_refused) {
            (Self::Onion, true) => (Level::Warning, "the onion refuses a friend".to_owned()),
            (Self::Dht, true) => (Level::Debug, "the DHT refuses to look for a key".to_owned()),
            (Self::New(friend), false) => {
                (Level::Debug, format!("friend {}: connecting", friend.0))
            }
            (Self::Accepted(friend), false) => {
                (Level::Debug, format!("friend {}: connects to us", friend.0))
            }
            (Self::Onion | Self::Dht, false) | (Self::New(_) | Self::Accepted(_), true) => {
                return None;
            }
        })
    }
}

impl<N: Neighbours> Friends<N> {
    /// Carries out a task; its result.
    pub(super) fn carry_out(&self, mut task: Task, visit: &Visit<'_, N::Offer>) -> i32 {
        let now = self.now();
        loop {
            let order = {
                let mut state = self.state.lock();
                let Some(command) = state.machine.next(&mut task, now) else {
                    return task.result();
                };
                let friend = state.subject(&command, visit);
                Order { command, friend, is_closed: state.is_closed }
            };
            let topic = Topic::of(&order);
            let answer = self.perform(order, visit);
            if answer == Answer::None {
                continue;
            }
            // Written only when the machine has the answer, because the log may call back.
            let line = topic.and_then(|topic| topic.line(&answer));
            let mut state = self.state.lock();
            if !(topic == Some(Topic::Onion) && state.is_closed) {
                state.machine.answer(&mut task, answer, now);
                drop(state);
                if let Some((level, text)) = line {
                    self.log(level, &text);
                }
                continue;
            }
            // Closed meanwhile: there are no new friends any more.
            drop(state);
            if let Answer::Number(onion @ 0..) = answer {
                self.neighbours.onion_delete(onion);
            }
            return -1;
        }
    }

    /// A line for the log, until the end.
    fn log(&self, level: Level, message: &str) {
        if !self.state.lock().is_closed {
            self.neighbours.log(level, message);
        }
    }

    /// Calls a neighbour or the handler.
    fn perform(&self, order: Order, visit: &Visit<'_, N::Offer>) -> Answer {
        let Order { command, friend, is_closed } = order;
        let to = &self.neighbours;
        match command {
            Command::OnionDelete(onion) => to.onion_delete(onion),
            Command::DhtDelete(key, token) => {
                to.dht_delete(&key, token);
                return Answer::Done(true);
            }
            // There is no connection below 0.
            Command::CryptoKill(connection) if connection < 0 => {}
            Command::CryptoKill(connection) => to.crypto_kill(connection),
            Command::Created(friend, _) => {
                let number = FriendNumber(friend.serial);
                self.state.lock().ids.insert(number, friend.id);
            }
            Command::Removed(friend) => {
                self.state.lock().ids.remove(&FriendNumber(friend.serial));
            }
            _ if is_closed => {}
            Command::OnionAdd(key) => {
                return number(to.onion_add(&key).filter(|number| *number >= 0));
            }
            Command::OnionHandlers(onion, _) => {
                if let Some(friend) = friend {
                    to.onion_bind(onion, friend);
                }
            }
            Command::OnionOnline(onion, online) => to.onion_set_online(onion, online),
            Command::OnionKey(onion, key) => to.onion_set_dht_key(onion, &key),
            Command::OnionData(onion, packet) => {
                return number(to.onion_send(onion, &packet).then_some(1));
            }
            Command::DhtAdd(key, _) => return Answer::Token(to.dht_add(&key)),
            Command::NewCrypto(real_key, dht_key) => {
                let Some(friend) = friend else { return number(None) };
                return number(to.crypto_new(friend, &real_key, &dht_key));
            }
            Command::Accept => {
                let (Some(friend), Some((_, offer))) = (friend, visit.offer) else {
                    return number(None);
                };
                return number(to.crypto_accept(friend, offer));
            }
            Command::Direct(connection, Some(address), connected) => {
                to.crypto_set_direct(connection, address, connected);
            }
            Command::RelayPeer(connection, relay) => {
                return Answer::Done(connection >= 0 && to.relay_add_for(connection, &relay));
            }
            Command::Relay(relay) => return Answer::Done(to.relay_add(&relay)),
            Command::CopyRelays(max, index) => {
                let mut relays = to.relays_copy(usize::from(max), index);
                relays.truncate(usize::from(max));
                return Answer::Nodes(relays);
            }
            Command::Write(connection, packet) => {
                return Answer::Done(to.crypto_write(connection, &packet));
            }
            Command::Lan(port) => to.lan_send(port),
            Command::GlobalStatus(friend, online) => {
                let word = if online { "online" } else { "offline" };
                self.log(Level::Info, &format!("friend {}: {word}", friend.serial));
                // The log may be the end of it all.
                if !self.state.lock().is_closed {
                    visit.handler.status(FriendNumber(friend.serial), online);
                }
            }
            // Without an address there is nothing to be told; the rest is for toxcore, whose
            // neighbours have callbacks, and whose friends have two owners.
            Command::Direct(_, None, _)
            | Command::CryptoHandlers(..)
            | Command::CryptoKeyHandler(..)
            | Command::Status(..)
            | Command::Address(..) => {}
        }
        Answer::None
    }
}

impl State {
    /// The friend that a neighbour is to be told of.
    fn subject<O>(&self, command: &Command, visit: &Visit<'_, O>) -> Option<FriendNumber> {
        let by_key = |key: &RealPublicKey| self.number(self.machine.find(key)?);
        match command {
            Command::OnionHandlers(_, id) => self.number(*id),
            Command::NewCrypto(key, _) => by_key(key),
            Command::Accept => by_key(&visit.offer.as_ref()?.0),
            Command::OnionAdd(_)
            | Command::OnionDelete(_)
            | Command::OnionOnline(..)
            | Command::OnionKey(..)
            | Command::OnionData(..)
            | Command::DhtAdd(..)
            | Command::DhtDelete(..)
            | Command::CryptoHandlers(..)
            | Command::CryptoKeyHandler(..)
            | Command::CryptoKill(_)
            | Command::Direct(..)
            | Command::RelayPeer(..)
            | Command::Relay(_)
            | Command::CopyRelays(..)
            | Command::Write(..)
            | Command::Lan(_)
            | Command::GlobalStatus(..)
            | Command::Status(..)
            | Command::Created(..)
            | Command::Address(..)
            | Command::Removed(_) => None,
        }
    }
}

fn number(number: Option<i32>) -> Answer {
    Answer::Number(number.unwrap_or(-1))
}
