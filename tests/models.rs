// SPDX-License-Identifier: GPL-3.0-or-later
//! Random operations on a relay client, held against a model that is too simple to be wrong.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use support::{Relay, Seen, World, confirmed, response};
use toxlink::crypto::PublicKey;
use toxlink::proto::relay::routes::NO_NUMBER;
use toxlink::proto::relay::state::{SendError, Status};
use toxlink::shell::drive;
use toxlink::wire::connection_id::ConnectionId;
use toxlink::wire::relay_packet::ToRelay;

/// Something that the owner or the relay does. Few ids and few peers, so that they meet.
#[derive(Clone, Debug)]
enum Operation {
    Request(u8),
    Release(u8),
    Number(u8, u32),
    Send(u8, u16),
    SocketRoom(usize),
    Step,
    RelayGrants(u8, u8),
    RelayRefuses(u8),
    RelayNotifies(u8, bool),
    RelaySendsData(u8, u16),
    RelayPings(u8),
    RelaySendsOnion(u16),
}

fn operation() -> impl Strategy<Value = Operation> {
    let (index, peer) = (0u8..6, 0u8..6);
    prop_oneof![
        peer.clone().prop_map(Operation::Request),
        index.clone().prop_map(Operation::Release),
        (index.clone(), any::<u32>()).prop_map(|(i, n)| Operation::Number(i, n)),
        (index.clone(), 0u16..2100).prop_map(|(i, l)| Operation::Send(i, l)),
        (0usize..5000).prop_map(Operation::SocketRoom),
        Just(Operation::Step),
        (index.clone(), peer.clone()).prop_map(|(i, p)| Operation::RelayGrants(i, p)),
        peer.prop_map(Operation::RelayRefuses),
        (index.clone(), any::<bool>()).prop_map(|(i, o)| Operation::RelayNotifies(i, o)),
        (index, 0u16..50).prop_map(|(i, l)| Operation::RelaySendsData(i, l)),
        (1u8..255).prop_map(Operation::RelayPings),
        (1u16..50).prop_map(Operation::RelaySendsOnion),
    ]
}

/// What must be true of the connection ids, and what must have been seen.
#[derive(Default)]
struct Model {
    /// Requests without an answer, by peer, oldest first; whether an id for the peer was given back
    /// after them.
    pending: BTreeMap<u8, VecDeque<bool>>,
    routes: BTreeMap<u8, Route>,
    seen: Vec<Seen>,
    /// Packets that the client has promised to the relay, in order.
    promised: Vec<Vec<u8>>,
}

#[derive(Clone, Copy)]
struct Route {
    peer: u8,
    online: bool,
    number: u32,
}

fn key(peer: u8) -> PublicKey {
    PublicKey([peer + 50; 32])
}

fn id(index: u8) -> ConnectionId {
    ConnectionId::from_index(index).unwrap()
}

impl Model {
    /// Does the operation to the client, the relay and the model.
    fn run(&mut self, operation: &Operation, world: &World, relay: &mut Relay) {
        match *operation {
            Operation::Request(peer) => {
                if world.machine.borrow_mut().request_route(key(peer)).is_ok() {
                    self.pending.entry(peer).or_default().push_back(false);
                    self.promised.push([&[0][..], &key(peer).0].concat());
                }
                drive::flush(world);
            }
            Operation::Release(index) => {
                world.machine.borrow_mut().release_route(id(index)).unwrap();
                if let Some(route) = self.routes.remove(&index) {
                    self.pending.entry(route.peer).or_default().iter_mut().for_each(|s| *s = true);
                    self.promised.push(vec![3, index + 16]);
                }
                drive::flush(world);
            }
            Operation::Number(index, number) => {
                let set = world.machine.borrow_mut().set_number(id(index), number);
                assert_eq!(set.is_some(), self.routes.contains_key(&index));
                self.routes.entry(index).and_modify(|route| route.number = number);
            }
            Operation::Send(index, length) => self.send(index, length, world),
            Operation::SocketRoom(room) => world.room.set(room),
            Operation::Step => {}
            Operation::RelayGrants(index, peer) => {
                world.deliver(&relay.seal(&response(index, key(peer))));
                if self.answer(peer) && !self.routes.contains_key(&index) {
                    let number = NO_NUMBER;
                    self.routes.insert(index, Route { peer, online: false, number });
                    self.seen.push(Seen::Response(index, key(peer)));
                }
            }
            Operation::RelayRefuses(peer) => {
                world.deliver(&relay.seal(&[&[1, 0][..], &key(peer).0].concat()));
                if self.answer(peer) {
                    self.seen.push(Seen::Refused(key(peer)));
                }
            }
            Operation::RelayNotifies(index, online) => {
                world.deliver(&relay.seal(&[if online { 2 } else { 3 }, index + 16]));
                if let Some(route) =
                    self.routes.get_mut(&index).filter(|route| route.online != online)
                {
                    route.online = online;
                    self.seen.push(Seen::Status(route.number, index, online));
                }
            }
            Operation::RelaySendsData(index, length) => {
                let data = vec![index; usize::from(length)];
                world.deliver(&relay.seal(&[&[index + 16][..], &data].concat()));
                if let Some(number) = self.online(index).filter(|_| length > 0) {
                    self.seen.push(Seen::Data(number, index, data));
                }
            }
            Operation::RelayPings(ping_id) => {
                world.deliver(&relay.seal(&[&[4][..], &[ping_id; 8]].concat()));
                self.promised.push([&[5][..], &[ping_id; 8]].concat());
            }
            Operation::RelaySendsOnion(length) => {
                let data = vec![1; usize::from(length)];
                world.deliver(&relay.seal(&[&[9][..], &data].concat()));
                self.seen.push(Seen::Onion(data));
            }
        }
        world.step();
    }

    /// Whether an answer means something: one to a request that is not stale.
    fn answer(&mut self, peer: u8) -> bool {
        self.pending.entry(peer).or_default().pop_front() == Some(false)
    }

    fn online(&self, index: u8) -> Option<u32> {
        self.routes.get(&index).filter(|route| route.online).map(|route| route.number)
    }

    fn send(&mut self, index: u8, length: u16, world: &World) {
        let data = vec![index; usize::from(length)];
        let sent = world.send(&ToRelay::Data { connection_id: id(index), data: &data });
        let online = self.online(index).is_some();
        match sent {
            Ok(()) => {
                assert!(online && (1..=2031).contains(&length));
                self.promised.push([&[index + 16][..], &data].concat());
            }
            Err(SendError::NotOnline) => assert!(!online),
            Err(SendError::Length(refused)) => {
                assert_eq!(refused, usize::from(length));
                assert!(online && !(1..=2031).contains(&length));
            }
            Err(SendError::Busy) => {
                assert!(online && (1..=2031).contains(&length));
                assert_eq!(world.room.get(), 0, "refused although the socket had room");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

proptest! {
    #[test]
    fn a_relay_client_does_what_its_model_does(
        operations in proptest::collection::vec(operation(), 1..150),
    ) {
        let (world, mut relay) = confirmed();
        let mut model = Model::default();
        let mut received = Vec::new();
        for operation in &operations {
            model.run(operation, &world, &mut relay);
            received.extend(relay.open(&world.written()));
            prop_assert_eq!(world.status(), Status::Confirmed);
        }
        world.room.set(usize::MAX);
        world.step();
        received.extend(relay.open(&world.written()));
        prop_assert_eq!(&world.seen(), &model.seen);
        prop_assert_eq!(&received, &model.promised);
        for index in 0..6 {
            prop_assert_eq!(world.machine.borrow().online_number(id(index)), model.online(index));
        }
    }
}
