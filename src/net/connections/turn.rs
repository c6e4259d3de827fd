// SPDX-License-Identifier: GPL-3.0-or-later
//! A turn: what sockets and resolvers have said, a round of the machine, and what there is to tell.

use super::event::{Event, PeerId};
use super::starved::Starved;
use super::visit::{Tell, Visit};
use super::{Connections, Lookup, Socket, State, relay_in, token};
use crate::crypto::PublicKey;
use crate::net::address::Target;
use crate::net::client::Failure;
use crate::net::proxy::Way;
use crate::net::reactor::Ready;
use crate::proto::connections::change::Change;
use crate::proto::connections::{Link, RelayNumber};
use crate::proto::relay::note::Level;
use crate::proto::time::{Clock, Millis};
use crate::shell::round;

impl Connections {
    pub(super) fn work(&self, ready: &[Ready], since: Option<Millis>, tell: Tell<'_>) {
        let visit = Visit { object: self, tell: Some(tell) };
        let now = self.clock();
        self.with(|state| {
            if let Some(since) = since {
                state.machine.handle_waited(since, now);
            }
            state.mark(ready);
        });
        self.take_answers(&visit, now);
        round::round(&visit, now);
        self.with(State::mark_ending);
        self.look_after_book(&visit, now);
        round::settle_if_any(&visit, || now.seconds);
        self.tell_changes(&visit);
        self.tell_writable(&visit);
    }

    /// Tells what has changed at relays and peers.
    pub(super) fn tell_changes(&self, visit: &Visit<'_>) {
        while let Some(Some(change)) = self.with(|state| state.machine.take_change()) {
            match change {
                Change::Relay { pk, connected, reason } => {
                    if connected {
                        self.with(|state| state.book.handle_connected(&pk));
                    } else if reason.is_some() {
                        self.handle_lost(&pk);
                    }
                    let failure = reason.map(Failure::Connection);
                    let failure = failure.as_ref();
                    visit.tell(Event::RelayStatus { relay: pk, connected, failure });
                }
                Change::Peer { id, online_relays } => {
                    visit.tell(Event::PeerStatus { peer: PeerId::from_machine(id), online_relays });
                }
            }
        }
    }

    fn tell_writable(&self, visit: &Visit<'_>) {
        let starved = self.with(State::take_fed);
        for starved in starved.unwrap_or_default() {
            match starved {
                Starved::Peer(peer) => {
                    // The handler may have removed it a moment ago.
                    if self.with(|state| state.peers.contains_key(&peer)) == Some(true) {
                        visit.tell(Event::Writable(peer));
                    }
                }
                Starved::Relay(relay) => visit.tell(Event::RelayWritable(relay)),
            }
        }
    }

    /// A relay that was looked up long ago may have moved.
    fn handle_lost(&self, relay: &PublicKey) {
        let now = self.clock();
        let target = self.with(|state| {
            let moved = state.book.handle_lost(relay, now.millis);
            state.book.target(relay).filter(|_| moved).cloned()
        });
        if let Some(target) = target.flatten().filter(|target| self.looks_up(target)) {
            self.look_up(*relay, &target, now);
        }
    }

    fn take_answers(&self, visit: &Visit<'_>, now: Clock) {
        for answer in self.resolver.take_answers() {
            match (answer.key, answer.result) {
                (Lookup::Proxy, found) => {
                    if let Err(text) = &found {
                        let line = format_args!("the proxy's host name was not found: {text}");
                        visit.tell(Event::Log(Level::Warning, &line));
                    }
                    let found = found.unwrap_or_default();
                    self.with(|state| {
                        let proxy = state.proxy.as_mut();
                        proxy.map(|proxy| proxy.handle_lookup(found, now.millis))
                    });
                    self.connect_waiting(visit, now);
                }
                (Lookup::Relay(relay), Ok(found)) => {
                    let targets = found.into_iter().map(Target::Address);
                    self.hand_over(visit, relay, targets, now);
                }
                (Lookup::Relay(relay), Err(text)) => {
                    let failure = Failure::Lookup(text);
                    let text = failure.to_string();
                    let noted =
                        |state: &mut State| state.book.handle_unknown(&relay, text, now.millis);
                    if self.with(noted).flatten().is_some() {
                        let failure = Some(&failure);
                        visit.tell(Event::RelayStatus { relay, connected: false, failure });
                    }
                }
            }
        }
    }

    /// The relays of the book whose pause is over.
    fn look_after_book(&self, visit: &Visit<'_>, now: Clock) {
        self.with(|state| state.note_forgotten(now.millis));
        while let Some(Some((relay, target))) = self.with(|state| {
            let relay = state.book.next_due(state.lacks_relays(), now.millis)?;
            Some((relay, state.book.target(&relay)?.clone()))
        }) {
            if self.looks_up(&target) {
                self.look_up(relay, &target, now);
            } else {
                self.hand_over(visit, relay, [target], now);
            }
        }
    }

    /// Gives a relay of the book to the machine, for all who want it.
    fn hand_over(
        &self,
        visit: &Visit<'_>,
        relay: PublicKey,
        targets: impl IntoIterator<Item = Target>,
        now: Clock,
    ) {
        let Some(Some(wanted)) = self.with(|state| state.book.give(&relay)) else { return };
        for target in targets {
            if wanted.is_global {
                // If it is known, it learns the address.
                let _ = self.give(visit, target.clone(), relay, now);
            }
            for peer in &wanted.peers {
                if self.with(|state| state.machine.is_current(*peer)) == Some(true) {
                    // It has it already, or has enough: then it needs no more.
                    let _ = self.give_for(visit, peer.number, target.clone(), relay, now);
                }
            }
        }
        // If the machine had no room for it, it waits for another time.
        self.with(|state| {
            let State { machine, book, .. } = state;
            book.handle_forgotten(|pk| machine.knows_relay(pk), now.millis);
        });
    }

    /// The proxy's name was looked up.
    fn connect_waiting(&self, visit: &Visit<'_>, now: Clock) {
        for link in self.with(|state| state.waiting()).unwrap_or_default() {
            let way = self.with(|state| state.proxy.as_mut().map(|proxy| proxy.way(now.millis)));
            let socket = match way.flatten() {
                Some(Way::To(address)) => visit.connect(link, address),
                // An address that failed at once was the last one.
                Some(Way::LookUp(host, port)) => {
                    self.resolver.look_up(Lookup::Proxy, &host, port);
                    continue;
                }
                Some(Way::Wait) => continue,
                Some(Way::Nowhere) | None => Socket::Failed(libc::EHOSTUNREACH),
            };
            self.put(link, socket);
            self.with(|state| state.machine.handle_ready(link));
        }
    }
}

impl State {
    /// Notes what sockets have said.
    fn mark(&mut self, ready: &[Ready]) {
        for ready in ready {
            let relay = relay_in(ready.token);
            let Some(Some((serial, socket))) = self.sockets.get(relay) else { continue };
            let link = Link { relay: RelayNumber(relay as u32), serial: *serial };
            if token(link) != ready.token {
                continue;
            }
            if let Socket::Open(stream, _) = socket {
                if ready.is_ending {
                    stream.note_end();
                }
                if ready.is_writable {
                    stream.note_room();
                    self.starved.look_again();
                }
            }
            self.machine.handle_ready(link);
        }
    }

    /// Has those read once more whose end is still to be read.
    fn mark_ending(&mut self) {
        for (index, socket) in self.sockets.iter().enumerate() {
            let Some((serial, Socket::Open(stream, _))) = socket else { continue };
            if stream.has_end_to_read() {
                let link = Link { relay: RelayNumber(index as u32), serial: *serial };
                self.machine.handle_ready(link);
            }
        }
    }

    fn waiting(&self) -> Vec<Link> {
        let sockets = self.sockets.iter().enumerate();
        let waiting = sockets.filter_map(|(index, socket)| match socket {
            Some((serial, Socket::Waiting)) => {
                Some(Link { relay: RelayNumber(index as u32), serial: *serial })
            }
            Some((_, Socket::Failed(_) | Socket::Open(..))) | None => None,
        });
        waiting.collect()
    }

    fn note_forgotten(&mut self, now: Millis) {
        let forgotten = self.machine.forgotten();
        if forgotten != self.forgotten {
            self.forgotten = forgotten;
            let Self { machine, book, .. } = self;
            book.handle_forgotten(|pk| machine.knows_relay(pk), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};

    use super::*;
    use crate::crypto::SecretKey;
    use crate::crypto::rust::public_key;
    use crate::net::connections::Config;

    fn relay_key(n: u8) -> PublicKey {
        public_key(&SecretKey([n; 32]))
    }

    fn link_of(object: &Connections, number: u32) -> Link {
        object
            .with(|state| {
                let (serial, _) = state.sockets[number as usize].as_ref().unwrap();
                Link { relay: RelayNumber(number), serial: *serial }
            })
            .unwrap()
    }

    /// Otherwise the new connection would be read again and again, to find an end that is not there.
    #[test]
    fn what_is_said_of_an_old_socket_is_not_taken_for_the_new_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let object = Connections::new(Config::new().unwrap()).unwrap();
        object.add_relay(address.into(), relay_key(1)).unwrap();
        let old = link_of(&object, 0);
        object.remove_relay(&relay_key(1)).unwrap();
        object.add_relay(address.into(), relay_key(2)).unwrap();
        let new = link_of(&object, 0);
        assert_eq!(old.relay, new.relay, "the number is used again");
        let ends = |link: Link| {
            let ready = Ready { token: token(link), is_writable: false, is_ending: true };
            let ends = object.with(|state| {
                state.mark(&[ready]);
                let Socket::Open(stream, _) = state.socket(new).unwrap() else { unreachable!() };
                stream.receive(&mut [0; 1]);
                stream.has_end_to_read()
            });
            ends.unwrap()
        };
        assert!(!ends(old));
        assert!(ends(new));
    }
}
