// SPDX-License-Identifier: GPL-3.0-or-later
//! Who was refused because every relay was full, and when to tell that there is room.
//!
//! A packet is refused when the socket is full, of which the system tells the end; or when another
//! thread is writing at that moment, of which it tells nothing.

use std::collections::BTreeSet;

use super::event::PeerId;
use super::{Socket, State};
use crate::crypto::PublicKey;
use crate::proto::connections::Link;
use crate::proto::relay::send_queue::Jam;

/// Who was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Starved {
    Peer(PeerId),
    Relay(PublicKey),
}

/// All that were refused and have not been told of room since.
#[derive(Debug, Default)]
pub(super) struct Starving {
    all: BTreeSet<Starved>,
    /// There may be room for one of them.
    is_due: bool,
    /// There will be when another thread has written.
    is_contended: bool,
}

/// What a packet would meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    /// There is room.
    Some,
    /// Another thread is writing, or about to.
    Soon,
    /// Sockets are full, or no relay leads there now.
    None,
}

impl Starving {
    pub(super) fn remove(&mut self, starved: &Starved) {
        self.all.remove(starved);
    }

    /// There may be room.
    pub(super) fn look_again(&mut self) {
        self.is_due = !self.all.is_empty();
    }

    /// This thread has written, perhaps.
    pub(super) fn handle_written(&mut self) {
        if core::mem::take(&mut self.is_contended) {
            self.look_again();
        }
    }

    /// Whether a turn has something to find out.
    pub(super) fn is_due(&self) -> bool {
        self.is_due
    }
}

impl State {
    /// It was refused.
    pub(super) fn note_starved(&mut self, starved: Starved) {
        self.starved.all.insert(starved);
        match self.room_for(starved) {
            Some(Room::Some) => self.starved.is_due = true,
            Some(Room::Soon) => self.starved.is_contended = true,
            Some(Room::None) | None => {}
        }
    }

    /// Those for whom there is room now; they wait no more.
    pub(super) fn take_fed(&mut self) -> Vec<Starved> {
        self.starved.handle_written();
        if !core::mem::take(&mut self.starved.is_due) {
            return Vec::new();
        }
        let all = core::mem::take(&mut self.starved.all);
        let (mut fed, mut left) = (Vec::new(), BTreeSet::new());
        for starved in all {
            match self.room_for(starved) {
                Some(Room::Some) => fed.push(starved),
                Some(room) => {
                    self.starved.is_contended |= room == Room::Soon;
                    left.insert(starved);
                }
                None => {}
            }
        }
        self.starved.all = left;
        fed
    }

    /// As a packet would find it in `round::send_packet`; `None` if the peer or the relay is gone.
    fn room_for(&mut self, starved: Starved) -> Option<Room> {
        let peer = match starved {
            Starved::Peer(peer) => *self.peers.get(&peer)?,
            Starved::Relay(relay) if !self.machine.knows_relay(&relay) => return None,
            Starved::Relay(relay) => {
                return Some(
                    self.machine.link_by_key(&relay).map_or(Room::None, |l| self.room_at(l)),
                );
            }
        };
        let routes = self.machine.routes(peer)?;
        let mut room = None;
        for route in routes.iter() {
            if room.is_some() && route.suspect {
                continue;
            }
            match self.room_at(route.link) {
                Room::Some => return Some(Room::Some),
                Room::Soon => room = Some(Room::Soon),
                Room::None => room = room.or(Some(Room::None)),
            }
        }
        if room.is_some() {
            return room;
        }
        // Out of band, it is taken if one relay takes it.
        let (_, links) = self.machine.oob_links(routes.peer)?;
        let rooms: Vec<_> = links.into_iter().map(|link| self.room_at(link)).collect();
        [Room::Some, Room::Soon].into_iter().find(|room| rooms.contains(room)).or(Some(Room::None))
    }

    fn room_at(&mut self, link: Link) -> Room {
        let Some(Socket::Open(stream, _)) = self.socket(link).cloned() else { return Room::None };
        match self.machine.client_mut(link).map(|client| client.jam()) {
            Some(Jam::Writing) => Room::Soon,
            Some(_) if stream.is_full() => Room::None,
            Some(Jam::Waiting) => Room::Soon,
            Some(Jam::None) => Room::Some,
            None => Room::None,
        }
    }
}

#[cfg(all(test, feature = "relay"))]
mod tests {
    use std::time::Duration;

    use crate::net::connections::{Config, Connections, Event, SendError};
    use crate::net::random_secret_key;
    use crate::net::relay::{self, Relay};
    use crate::shell::transport::Written;
    use crate::wire::MAX_FRAME_SIZE;
    use crate::wire::relay_packet::ToRelay;

    /// The system tells nothing then: no socket was full.
    #[test]
    fn who_was_refused_because_another_thread_was_writing_is_told() {
        let addresses = ["127.0.0.1:0".parse().unwrap()];
        let config = relay::Config::new(addresses, random_secret_key().unwrap());
        let relay = Relay::bind(&config).unwrap();
        relay.start(|_| ()).unwrap();
        let ends = [(); 2].map(|()| Connections::new(Config::new().unwrap()).unwrap());
        let peers = [1, 0].map(|other: usize| {
            let peer = ends[1 - other].add_peer(ends[other].public_key()).unwrap();
            let target = relay.addresses()[0].into();
            ends[1 - other].add_relay_for(peer, target, relay.public_key()).unwrap();
            peer
        });
        for _ in 0..1000 {
            for end in &ends {
                end.turn(Some(Duration::from_millis(10)), &mut |_| ()).unwrap();
            }
            let online = ends.iter().zip(peers).all(|(end, peer)| end.online_relays(peer) == 1);
            if online && ends[0].wait().is_none_or(|wait| wait > Duration::from_secs(5)) {
                break;
            }
        }
        let [alice, _] = &ends;
        let link = alice.with(|state| state.machine.link_by_key(&relay.public_key()));
        let link = link.flatten().unwrap();
        let mut frame = [0; MAX_FRAME_SIZE];
        let packet = ToRelay::OobSend { destination: &alice.public_key(), data: b"x" };
        let begin = |state: &mut super::State| {
            state.machine.client_mut(link).unwrap().begin_send(&packet, &mut frame)
        };
        let length = alice.with(begin).unwrap().unwrap();
        assert_eq!(alice.send(peers[0], b"refused"), Err(SendError::Busy));
        let told = || {
            let mut told = 0;
            let count =
                &mut |event: Event<'_>| told += i32::from(matches!(event, Event::Writable(_)));
            alice.iterate(count).unwrap();
            told
        };
        assert_eq!(told(), 0);
        let written = Written::Bytes(length);
        let end = |state: &mut super::State| {
            state.machine.client_mut(link).unwrap().end_send(&frame[..length], written)
        };
        alice.with(end).unwrap().unwrap();
        // The end of the other thread's call.
        alice.set_onion(false);
        assert_eq!(alice.wait(), Some(Duration::ZERO));
        assert_eq!((told(), told()), (1, 0));
    }
}
