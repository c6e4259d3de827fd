// SPDX-License-Identifier: GPL-3.0-or-later
//! Friends over neighbours that the program supplies, in virtual time.
#![cfg(feature = "net")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/friends.rs"]
mod support;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Mutex;

use support::{End, FUNCTIONS, Hood, Seen, World, dht, node, real};
use toxlink::net::friends::{
    AddError, DhtPublicKey, FriendNumber, Friends, Handler, IterateBusy, Neighbours, NoFriend,
    RealPublicKey, ReportError, RequestError, SendError, Status,
};

type Pair = (Rc<World>, [Rc<End>; 2], [Rc<Friends<Hood>>; 2], [FriendNumber; 2]);

/// Two ends that have added each other.
fn pair() -> Pair {
    let world = World::new();
    let ((a, a_friends), (b, b_friends)) = (world.end(), world.end());
    let numbers = [a_friends.add(&b.real_key()).unwrap(), b_friends.add(&a.real_key()).unwrap()];
    (world, [a, b], [a_friends, b_friends], numbers)
}

fn are_online(friends: &[Rc<Friends<Hood>>; 2], numbers: [FriendNumber; 2]) -> bool {
    friends.iter().zip(numbers).all(|(f, number)| f.status(number) == Some(Status::Connected))
}

fn online_pair() -> Pair {
    let pair = pair();
    pair.0.run_until(|| are_online(&pair.2, pair.3));
    pair.1.iter().for_each(|end| drop(end.take_seen()));
    pair
}

// ------------------------------------------------------------------------------- life of friends

#[test]
fn two_find_each_other_and_talk() {
    let (world, [a, b], [af, bf], [on_a, on_b]) = pair();
    world.run_until(|| !a.seen.borrow().is_empty() && !b.seen.borrow().is_empty());
    assert_eq!(a.take_seen(), [Seen::Status(on_a, true)]);
    assert_eq!(b.take_seen(), [Seen::Status(on_b, true)]);
    assert_eq!(af.dht_key(on_a), Some(b.dht_key()));
    assert_eq!(af.address(on_a), Some(b.address()));
    assert_eq!(af.real_key(on_a), Some(b.real_key()));
    af.send(on_a, &[64, 1]).unwrap();
    af.send(on_a, &[65]).unwrap();
    bf.send(on_b, &[191, 2]).unwrap();
    a.send_lossy(af.connection(on_a).unwrap(), &[200]);
    world.run(2);
    let data = |packet: &[u8]| Seen::Data(on_b, packet.to_vec());
    assert_eq!(b.take_seen(), [data(&[64, 1]), data(&[65]), Seen::Lossy(on_b, vec![200])]);
    assert_eq!(a.take_seen(), [Seen::Data(on_a, vec![191, 2])]);
    assert!(b.knows_relay(200) && a.knows_relay(201), "relays were shared");
    assert!(a.lan_sent.get() > 0);
}

#[test]
fn who_falls_silent_is_offline_and_comes_back() {
    let (world, ends, friends, numbers) = online_pair();
    world.is_cut.set(true);
    world.run(30);
    assert!(are_online(&friends, numbers), "not yet");
    world.run(15);
    for (end, number) in ends.iter().zip(numbers) {
        assert_eq!(end.take_seen(), [Seen::Status(number, false)]);
    }
    assert_eq!(friends[0].send(numbers[0], &[64]), Err(SendError::NotOnline));
    world.is_cut.set(false);
    world.run_until(|| are_online(&friends, numbers));
    for (end, number) in ends.iter().zip(numbers) {
        assert_eq!(end.take_seen(), [Seen::Status(number, true)]);
    }
    // Alive for longer than silence takes, although nobody says anything.
    world.run(200);
    assert!(ends.iter().all(|end| end.take_seen().is_empty()));
}

#[test]
fn a_request_goes_through_the_onion_and_over_the_connection() {
    let world = World::new();
    let ((a, af), (b, bf)) = (world.end(), world.end());
    let on_a = af.add(&b.real_key()).unwrap();
    af.send_request(on_a, [1, 2, 3, 4], b"add me").unwrap();
    world.run(5);
    let request = Seen::Request(1, [1, 2, 3, 4], b"add me".to_vec());
    assert_eq!(b.take_seen(), core::slice::from_ref(&request));
    let on_b = bf.add(&a.real_key()).unwrap();
    let friends = [af, bf];
    world.run_until(|| are_online(&friends, [on_a, on_b]));
    drop(b.take_seen());
    friends[0].send_request(on_a, [1, 2, 3, 4], b"add me").unwrap();
    world.run(2);
    assert_eq!(b.take_seen(), [request]);
}

#[test]
fn numbers_are_not_used_again() {
    let (_world, [a, b], [af, _bf], [first, _]) = pair();
    assert_eq!(af.add(&b.real_key()), Ok(first), "a second owner");
    af.lock(first).unwrap();
    for _ in 0..2 {
        af.remove(first).unwrap();
        assert_eq!(af.find(&b.real_key()), Some(first));
    }
    af.remove(first).unwrap();
    assert_eq!((af.find(&b.real_key()), af.status(first)), (None, None));
    assert!(a.is_balanced(), "{}", a.books());
    let second = af.add(&b.real_key()).unwrap();
    assert_ne!(second, first);
    assert_eq!(af.remove(first), Err(NoFriend));
    assert_eq!(af.lock(first), Err(NoFriend));
    let other = af.add(&real(77)).unwrap();
    assert_eq!(af.all(), [second, other]);
    // Its id is free already while the neighbours are told.
    *a.hook.borrow_mut() = Some((
        "onion_delete",
        Box::new(move |end| {
            let friends = end.friends().unwrap();
            let third = friends.add(&real(78)).unwrap();
            assert_eq!(friends.status(second), None);
            assert_eq!(friends.status(third), Some(Status::Connecting));
        }),
    ));
    af.remove(second).unwrap();
    assert!(a.hook.borrow().is_none());
}

#[test]
fn closing_is_final() {
    let (_world, [a, _b], [af, _bf], [number, _]) = online_pair();
    let other = af.add(&real(77)).unwrap();
    *a.hook.borrow_mut() = Some((
        "onion_delete",
        Box::new(move |end| {
            let friends = end.friends().unwrap();
            assert_eq!((friends.status(number), friends.status(other)), (None, None));
            assert_eq!(friends.add(&real(78)), Err(AddError::Closed));
        }),
    ));
    af.close();
    assert!(a.hook.borrow().is_none());
    assert!(a.is_balanced(), "{}", a.books());
    assert_eq!(af.iterate(&*a), Ok(()));
    assert_eq!(af.wait(), None);
}

#[test]
fn what_cannot_be_is_refused() {
    let (world, [a, b], [af, _bf], [number, _]) = online_pair();
    let gone = FriendNumber(99);
    assert_eq!(af.send(gone, &[64]), Err(SendError::NoFriend));
    assert_eq!(af.send(number, &[]), Err(SendError::Length));
    assert_eq!(af.send(number, &[64; 1374]), Err(SendError::Length));
    assert_eq!(af.send(number, &[64; 1373]), Ok(()));
    for id in [0, 15, 16, 17, 18, 192, 255] {
        assert_eq!(af.send(number, &[id]), Err(SendError::PacketId), "{id}");
    }
    assert_eq!(af.send_request(gone, [0; 4], b"x"), Err(RequestError::NoFriend));
    assert_eq!(af.send_request(number, [0; 4], b""), Err(RequestError::Length));
    assert_eq!(af.send_request(number, [0; 4], &[1; 1017]), Err(RequestError::Length));
    assert_eq!(af.send_request(number, [0; 4], &[1; 1016]), Ok(()));

    let connection = af.connection(number).unwrap();
    let stale = af.handle_status(number, connection + 1000, false, &*a);
    assert_eq!(stale, Err(ReportError::NoConnection));
    assert_eq!(af.handle_status(gone, connection, false, &*a), Err(ReportError::NoFriend));
    assert_eq!(af.handle_status(number, connection, true, &*a), Ok(()), "again");
    assert_eq!(af.handle_dht_key(number, &dht(0), &*a), Err(ReportError::Malformed));
    assert_eq!(af.handle_address(&dht(7), b.address()), Err(ReportError::NoFriend));
    assert_eq!(af.handle_data(number, &[], &*a), Err(ReportError::Malformed));
    assert_eq!(af.handle_data(number, &[17, 99], &*a), Err(ReportError::Malformed));
    assert_eq!(af.handle_data(number, &[18, 1, 2, 3, 4], &*a), Err(ReportError::Malformed));
    assert_eq!(af.handle_lossy(number, &[], &*a), Err(ReportError::Malformed));
    let offered = af.handle_offer(&b.real_key(), &b.dht_key(), None, &b.real_key());
    assert_eq!(offered, Err(ReportError::Refused), "there is a connection");
    let stranger = af.handle_offer(&real(88), &dht(88), None, &real(88));
    assert_eq!(stranger, Err(ReportError::NoFriend));
    assert_eq!(af.handle_request(&real(9), &[31, 1, 2, 3, 4, 5], &*a), Err(ReportError::Malformed));
    assert_eq!(af.handle_request(&real(9), &[32, 1, 2, 3, 4], &*a), Err(ReportError::Malformed));
    assert!(a.take_seen().is_empty(), "nothing of this reached the program");

    let alone = af.add(&real(88)).unwrap();
    assert_eq!(af.handle_data(alone, &[64], &*a), Err(ReportError::NoConnection));
    assert_eq!(af.send(alone, &[64]), Err(SendError::NotOnline));
    world.run(1);
    assert!(are_online(&[af.clone(), af], [number, number]));
}

#[test]
fn without_friends_there_is_nothing_to_wait_for() {
    struct Nobody;
    impl Neighbours for Nobody {
        type Offer = ();
        fn onion_add(&self, _: &RealPublicKey) -> Option<i32> {
            None
        }
        fn onion_delete(&self, _: i32) {}
        fn dht_add(&self, _: &DhtPublicKey) -> Option<u32> {
            None
        }
        fn dht_delete(&self, _: &DhtPublicKey, _: u32) {}
        fn crypto_new(&self, _: FriendNumber, _: &RealPublicKey, _: &DhtPublicKey) -> Option<i32> {
            None
        }
        fn crypto_kill(&self, _: i32) {}
        fn crypto_write(&self, _: i32, _: &[u8]) -> bool {
            false
        }
    }
    let friends = Friends::new(Nobody);
    assert_eq!(friends.wait(), None);
    assert_eq!(friends.add(&real(1)), Err(AddError::Refused));
    assert_eq!(friends.iterate(&()), Ok(()));
    assert_eq!(friends.wait(), None);
}

// ---------------------------------------------------------------------------------- re-entrancy

/// What is done from inside a neighbour. Each leaves the friend there, or says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Remove,
    RemoveAndAdd,
    AddAgain,
    AddAnother,
    Key,
    KeyAndUp,
    Over,
    Offer,
    Address,
    Relay,
    Send,
    Iterate,
    Close,
}

const DEEDS: [Deed; 13] = [
    Deed::Remove,
    Deed::RemoveAndAdd,
    Deed::AddAgain,
    Deed::AddAnother,
    Deed::Key,
    Deed::KeyAndUp,
    Deed::Over,
    Deed::Offer,
    Deed::Address,
    Deed::Relay,
    Deed::Send,
    Deed::Iterate,
    Deed::Close,
];

fn act(deed: Deed, a: &End, key: &RealPublicKey) {
    let Some(friends) = a.friends() else { return };
    let number = friends.find(key);
    let (friend, world) = (number.unwrap_or(FriendNumber(0)), a.index);
    assert_eq!(world, 0);
    match deed {
        Deed::Remove => drop(friends.remove(friend)),
        Deed::RemoveAndAdd => {
            let _ = friends.remove(friend);
            let _ = friends.add(key);
        }
        Deed::AddAgain => drop(friends.add(key)),
        Deed::AddAnother => drop(friends.add(&real(66))),
        Deed::Key => drop(friends.handle_dht_key(friend, &dht(55), a)),
        Deed::KeyAndUp => {
            let _ = friends.handle_dht_key(friend, &dht(55), a);
            if let Some(connection) = friends.connection(friend) {
                let _ = friends.handle_status(friend, connection, true, a);
            }
        }
        Deed::Over => a.lose(friend),
        Deed::Offer => drop(friends.handle_offer(key, &dht(101), None, key)),
        Deed::Address => drop(friends.handle_address(&dht(101), ([192, 0, 2, 2], 1).into())),
        Deed::Relay => drop(friends.handle_relay(friend, &node(9))),
        Deed::Send => drop(friends.send(friend, &[64])),
        Deed::Iterate => drop(friends.iterate(a)),
        Deed::Close => {
            friends.close();
            a.is_quiet.set(true);
        }
    }
}

/// From every neighbour function, everything: nothing is locked, nothing is lost, nothing is given
/// back twice, and the friend comes online again unless it is gone.
#[test]
fn neighbours_may_call_back() {
    let mut fired: BTreeMap<&str, u32> = BTreeMap::new();
    for function in FUNCTIONS {
        for deed in DEEDS {
            let world = World::new();
            let ((a, af), (b, bf)) = (world.end(), world.end());
            let key = b.real_key();
            let hook = Box::new(move |end: &End| act(deed, end, &key));
            *a.hook.borrow_mut() = Some((function, hook));
            let context = format!("{deed:?} in {function}");
            let added = af.add(&key);
            let on_b = bf.add(&a.real_key()).unwrap();
            if let Ok(number) = added {
                let _ = af.send_request(number, [1; 4], b"x");
            }
            // A connection that only seems to be up takes its time to fall silent.
            world.run(if deed == Deed::KeyAndUp { 120 } else { 40 });
            // What happens at the end of a life.
            let early = a.hook.borrow().is_none();
            let is_there = af.find(&key).is_some();
            if early && is_there && deed != Deed::Close {
                assert_eq!(bf.status(on_b), Some(Status::Connected), "{context}");
                let number = af.find(&key).unwrap();
                assert_eq!(af.status(number), Some(Status::Connected), "{context}");
            }
            if let Some(number) = af.find(&key) {
                a.lose(number);
                let _ = af.handle_relay(number, &node(9));
                let _ = af.handle_offer(&key, &b.dht_key(), None, &key);
                world.run(2);
            }
            if let Some(number) = af.find(&key) {
                let _ = af.handle_dht_key(number, &dht(44), &*a);
                world.run(2);
                while af.remove(number).is_ok() {}
            }
            *fired.entry(function).or_default() += u32::from(a.hook.borrow().is_none());
            af.close();
            assert!(a.is_balanced(), "{context}: {}", a.books());
            assert_eq!(af.add(&key), Err(AddError::Closed), "{context}");
        }
    }
    for function in FUNCTIONS {
        assert_eq!(fired[function], DEEDS.len() as u32, "{function} was not called in all runs");
    }
}

#[test]
fn one_iteration_at_a_time() {
    let (world, [a, _], [af, _bf], _) = online_pair();
    let inner = Rc::new(std::cell::Cell::new(None));
    let seen = inner.clone();
    let hook = Box::new(move |end: &End| seen.set(Some(end.friends().unwrap().iterate(end))));
    *a.hook.borrow_mut() = Some(("crypto_write", hook));
    world.run(10);
    assert_eq!(inner.get(), Some(Err(IterateBusy)));
    assert_eq!(af.iterate(&*a), Ok(()), "the outer one is over");
}

#[test]
fn closed_inside_an_event_there_are_no_more() {
    type Cause = fn(&Pair);
    let causes: [(&str, Cause); 4] = [
        ("silence", |(world, ..)| {
            world.is_cut.set(true);
            world.run(60);
        }),
        ("data", |(world, _, [_, bf], [_, on_b])| {
            bf.send(*on_b, &[64]).unwrap();
            bf.send(*on_b, &[65]).unwrap();
            world.run(3);
        }),
        ("another key", |(_, [a, _], [af, _], [on_a, _])| {
            let _ = af.handle_dht_key(*on_a, &dht(55), &**a);
        }),
        ("a request", |(_, [a, _], [af, _], _)| {
            let _ = af.handle_request(&real(9), &[32, 1, 2, 3, 4, 5], &**a);
        }),
    ];
    for (name, cause) in causes {
        let pair = online_pair();
        let (world, [a, _], [af, _], _) = &pair;
        // A second friend, so that there is more to be told.
        af.add(&real(66)).unwrap();
        *a.in_event.borrow_mut() = Some(Box::new(|end| {
            end.friends().unwrap().close();
            assert!(end.is_balanced(), "{}", end.books());
            end.is_quiet.set(true);
        }));
        cause(&pair);
        assert!(a.is_quiet.get(), "{name}: no event");
        world.run(40);
        assert!(a.is_balanced(), "{name}: {}", a.books());
        assert_eq!(a.take_seen().len(), 1, "{name}");
    }
}

#[test]
fn the_log_may_be_the_end() {
    let (world, [a, _b], [_af, _bf], _) = online_pair();
    *a.hook.borrow_mut() = Some((
        "log",
        Box::new(|end| {
            end.friends().unwrap().close();
            end.is_quiet.set(true);
        }),
    ));
    world.is_cut.set(true);
    world.run(60);
    assert!(a.is_quiet.get(), "nothing was written");
    assert!(a.is_balanced(), "{}", a.books());
    assert!(a.take_seen().is_empty());
}

#[test]
fn dropping_gives_everything_back() {
    let (_world, [a, b], [af, bf], _) = online_pair();
    assert!(!a.is_balanced());
    drop(af);
    assert!(a.is_balanced(), "{}", a.books());
    assert!(!b.is_balanced());
    drop(bf);
    assert!(b.is_balanced(), "{}", b.books());
}

// -------------------------------------------------------------------------------------- threads

/// Neighbours that may be called from any thread.
#[derive(Default)]
struct Shared(Mutex<Books>);

#[derive(Default)]
struct Books {
    next: i32,
    onions: BTreeMap<i32, RealPublicKey>,
    tokens: BTreeMap<u32, DhtPublicKey>,
    connections: BTreeMap<i32, FriendNumber>,
}

impl Shared {
    fn take<R>(&self, book: impl FnOnce(&mut Books, i32) -> R) -> R {
        let mut books = self.0.lock().unwrap();
        books.next += 1;
        let number = books.next;
        book(&mut books, number)
    }
}

impl Neighbours for Shared {
    type Offer = ();

    fn onion_add(&self, key: &RealPublicKey) -> Option<i32> {
        self.take(|books, number| books.onions.insert(number, *key).is_none().then_some(number))
    }

    fn onion_delete(&self, onion: i32) {
        self.take(|books, _| assert!(books.onions.remove(&onion).is_some(), "onion, twice"));
    }

    fn dht_add(&self, key: &DhtPublicKey) -> Option<u32> {
        let add = |books: &mut Books, number| {
            books.tokens.insert(number as u32, *key);
            Some(number as u32)
        };
        self.take(add)
    }

    fn dht_delete(&self, key: &DhtPublicKey, token: u32) {
        self.take(|books, _| assert_eq!(books.tokens.remove(&token), Some(*key)));
    }

    fn crypto_new(&self, friend: FriendNumber, _: &RealPublicKey, _: &DhtPublicKey) -> Option<i32> {
        let add = |books: &mut Books, number| {
            books.connections.insert(number, friend);
            Some(number)
        };
        self.take(add)
    }

    fn crypto_accept(&self, friend: FriendNumber, (): &()) -> Option<i32> {
        self.crypto_new(friend, &real(0), &dht(0))
    }

    fn crypto_kill(&self, connection: i32) {
        let remove = |books: &mut Books, _| {
            assert!(books.connections.remove(&connection).is_some(), "a connection, twice");
        };
        self.take(remove);
    }

    fn crypto_write(&self, _: i32, _: &[u8]) -> bool {
        true
    }
}

struct Listener;
impl Handler for Listener {}

#[test]
fn many_threads_in_one_object() {
    let friends = Friends::new(Shared::default());
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let friends = &friends;
            scope.spawn(move || {
                let mut random = 0x9e37_79b9_7f4a_7c15 ^ (thread + 1);
                for _ in 0..20_000 {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    stir(friends, (random >> 20) as u32);
                }
            });
        }
    });
    friends.close();
    let books = friends.neighbours().0.lock().unwrap();
    assert!(books.next > 1000, "nothing was done");
    let left = (books.onions.len(), books.tokens.len(), books.connections.len());
    assert_eq!(left, (0, 0, 0));
}

fn stir(friends: &Friends<Shared>, random: u32) {
    let key = real((random % 3) as u8 + 1);
    let dht_key = dht((random >> 4) as u8 % 2 + 1);
    let friend = friends.find(&key).unwrap_or(FriendNumber(0));
    let connection = friends.connection(friend).unwrap_or(0);
    match (random >> 8) % 8 {
        0 => drop(friends.add(&key)),
        1 => drop(friends.remove(friend)),
        2 => drop(friends.handle_dht_key(friend, &dht_key, &Listener)),
        3 => drop(friends.handle_status(friend, connection, true, &Listener)),
        4 => drop(friends.handle_offer(&key, &dht_key, None, &())),
        5 => drop(friends.iterate(&Listener)),
        6 => drop(friends.send(friend, &[64])),
        _ => {
            // What net_crypto reports as over, it drops.
            let over = friends.handle_status(friend, connection, false, &Listener);
            if over.is_ok() {
                let removed =
                    friends.neighbours().0.lock().unwrap().connections.remove(&connection);
                assert!(removed.is_some(), "a connection, twice");
            }
        }
    }
}
