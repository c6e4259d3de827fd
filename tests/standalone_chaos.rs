// SPDX-License-Identifier: GPL-3.0-or-later
//! Objects with sockets under everything at once: relays that die, freeze, garble, reset and come back,
//! names that are found late, peers that come and go, and several threads. Each object sleeps in
//! `turn(None)` on a thread of its own while others do the rest, so a lost wake-up stalls it.
//!
//! `TOXLINK_CHAOS_SEED=n` for another seed, `TOXLINK_CHAOS_RUNS=n` for that many from there on,
//! `TOXLINK_CHAOS_MS=n` for longer ones.
#![cfg(all(feature = "relay", target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "waits are bounded by the clock")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at what it is about")]

#[path = "support/middle.rs"]
mod middle;

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use middle::{Front, Middle, Mode};
use toxlink::crypto::SecretKey;
use toxlink::net::address::{self, Target};
use toxlink::net::connections::{Config, Connections, Event, PeerId};
use toxlink::net::random_secret_key;
use toxlink::net::relay::{self, Relay};
use toxlink::net::resolver::Resolve;

const ENDS: usize = 4;
const RELAYS: usize = 8;
/// As long as it may take until everybody is reached again: the pauses after failed attempts, twice.
const HEALING: Duration = Duration::from_secs(90);
/// A sleeper that is not woken sleeps until the next ping, for up to 30 seconds.
const PROMPT: Duration = Duration::from_secs(5);
const CALM: Duration = Duration::from_secs(2);

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

/// Names of relays: slow and unreliable until it is made healthy.
#[derive(Debug)]
struct Names {
    known: Vec<SocketAddr>,
    is_healthy: AtomicBool,
    count: AtomicU64,
}

impl Resolve for Names {
    fn resolve(&self, host: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        let count = self.count.fetch_add(1, Ordering::SeqCst);
        if !self.is_healthy.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(count * 37 % 300));
            if count % 3 == 0 {
                return Err(io::Error::other("no such host"));
            }
        }
        let at: usize = host.strip_prefix("relay").and_then(|n| n.parse().ok()).unwrap();
        Ok(vec![self.known[at]])
    }
}

/// A relay, and the way to it.
struct Place {
    key: SecretKey,
    address: SocketAddr,
    relay: Option<Relay>,
    way: Middle,
}

impl Place {
    fn new() -> Self {
        let key = random_secret_key().unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let relay = Relay::bind(&relay::Config::new([any], key.clone())).unwrap();
        let address = relay.addresses()[0];
        relay.start(|_| ()).unwrap();
        let way = Middle::start(any, Front::Way(address));
        Self { key, address, relay: Some(relay), way }
    }

    fn pk(&self) -> toxlink::crypto::PublicKey {
        toxlink::crypto::rust::public_key(&self.key)
    }

    /// On the same port with the same key, unless it is there.
    fn revive(&mut self) {
        if self.relay.is_none() {
            // Connections of its predecessor may be in the way for a moment.
            self.relay = Relay::bind(&relay::Config::new([self.address], self.key.clone())).ok();
        }
        if let Some(relay) = &self.relay {
            // It may be running.
            let _ = relay.start(|_| ());
        }
    }
}

struct End {
    object: Connections,
    peers: Mutex<[Option<PeerId>; ENDS]>,
    /// From whom the last word has come.
    heard: Mutex<BTreeSet<u8>>,
    turns: AtomicU64,
    events: AtomicU64,
    stops: AtomicBool,
}

impl End {
    /// Sleeps until it is woken, again and again.
    fn run(&self) {
        while !self.stops.load(Ordering::SeqCst) {
            let handler = &mut |event: Event<'_>| {
                self.events.fetch_add(1, Ordering::SeqCst);
                match event {
                    Event::Data { data: [b'!', from], .. } => {
                        self.heard.lock().unwrap().insert(*from);
                    }
                    Event::Writable(peer) => {
                        let _ = self.object.send(peer, &[7; 1000]);
                    }
                    _ => {}
                }
            };
            self.object.turn(None, handler).unwrap();
            self.turns.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn peer(&self, other: usize) -> Option<PeerId> {
        self.peers.lock().unwrap()[other]
    }
}

fn target_of(place: &Place, index: usize, by_name: bool) -> Target {
    if by_name {
        return address::parse(&format!("relay{index}:{}", place.way.address.port())).unwrap();
    }
    place.way.address.into()
}

/// One thing that the program, or the world, may do.
fn disturb(random: &mut Random, ends: &[End], places: &mut [Place]) {
    let (at, other) = (random.below(ENDS), random.below(ENDS));
    let index = random.below(RELAYS);
    let end = &ends[at];
    let place = &mut places[index];
    let (pk, by_name) = (place.pk(), random.below(2) == 0);
    match random.below(24) {
        0 if at != other => {
            if let Some(peer) = end.peers.lock().unwrap()[other].take() {
                assert_eq!(end.object.remove_peer(peer), Ok(()));
            }
        }
        1..=3 => add_peer(ends, at, other),
        4 | 5 => {
            if let Some(peer) = end.peer(other) {
                let _ = end.object.set_sleeping(peer, random.below(3) == 0);
            }
        }
        6 => drop(end.object.remove_relay(&pk)),
        7 => drop(end.object.add_relay(target_of(place, index, by_name), pk)),
        8 | 9 => {
            if let Some(peer) = end.peer(other) {
                let _ = end.object.add_relay_for(peer, target_of(place, index, by_name), pk);
            }
        }
        10 => end.object.set_onion(random.below(2) == 0),
        11 => place.relay = None,
        12 => place.relay.iter().for_each(Relay::stop),
        13 => place.way.reset(),
        14 => {
            let modes = [Mode::Pass, Mode::Pass, Mode::Freeze, Mode::Throttle, Mode::Lie];
            place.way.set_mode(modes[random.below(modes.len())]);
        }
        _ => place.revive(),
    }
}

fn add_peer(ends: &[End], at: usize, other: usize) {
    let mut peers = ends[at].peers.lock().unwrap();
    if at != other && peers[other].is_none() {
        peers[other] = Some(ends[at].object.add_peer(ends[other].object.public_key()).unwrap());
    }
}

fn heal(ends: &[End], places: &mut [Place], names: &Names) {
    names.is_healthy.store(true, Ordering::SeqCst);
    for place in places.iter_mut() {
        place.way.set_mode(Mode::Pass);
        wait_for(HEALING, "a relay does not come back", || {
            place.revive();
            place.relay.is_some()
        });
    }
    for at in 0..ENDS {
        ends[at].object.set_onion(false);
        for other in (0..ENDS).filter(|other| *other != at) {
            add_peer(ends, at, other);
            let peer = ends[at].peer(other).unwrap();
            assert_eq!(ends[at].object.set_sleeping(peer, false), Ok(()));
            for (index, place) in places.iter().enumerate() {
                let target = target_of(place, index, index % 2 == 0);
                let _ = ends[at].object.add_relay_for(peer, target, place.pk());
            }
        }
    }
}

fn wait_for(limit: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < limit, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Sends to anybody, as fast as is sensible.
fn chatter(seed: u64, ends: &[End], stops: &AtomicBool) -> u64 {
    let mut random = Random(seed);
    let mut sent = 0;
    while !stops.load(Ordering::SeqCst) {
        let (at, other) = (random.below(ENDS), random.below(ENDS));
        if let Some(peer) = ends[at].peer(other) {
            let length = 1 + random.below(1300);
            for _ in 0..random.below(8) {
                sent += u64::from(ends[at].object.send(peer, &[7; 1300][..length]).is_ok());
            }
        }
        thread::sleep(Duration::from_micros(300));
    }
    sent
}

/// Descriptors and threads of this process.
fn held() -> (usize, usize) {
    let count = |path| std::fs::read_dir(path).unwrap().count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

fn run(seed: u64, chaos: Duration) {
    let start = Instant::now();
    let mut random = Random(seed);
    let mut places: Vec<Place> = (0..RELAYS).map(|_| Place::new()).collect();
    let known = places.iter().map(|place| place.way.address).collect();
    let names = Arc::new(Names { known, is_healthy: false.into(), count: seed.into() });
    let ends: Arc<[End]> = (0..ENDS).map(|_| new_end(names.clone())).collect();
    for at in 0..ENDS {
        (0..ENDS).for_each(|other| add_peer(&ends, at, other));
    }
    let stops = Arc::new(AtomicBool::new(false));
    // Not scoped: after a failure, nobody waits for a sleeper that nobody wakes.
    let sleepers = spawn_all(0..ENDS, &ends, |at, ends| ends[at].run());
    let stop = Arc::clone(&stops);
    let talkers = spawn_all(1..3, &ends, move |n, ends| chatter(seed ^ n as u64, ends, &stop));
    let peer_of = |at: usize| ends[at].peer((at + 1) % ENDS).unwrap();
    for (at, index) in (0..ENDS).flat_map(|at| (0..RELAYS).map(move |index| (at, index))) {
        let target = target_of(&places[index], index, index % 2 == 0);
        let _ = ends[at].object.add_relay_for(peer_of(at), target, places[index].pk());
    }
    let mut steps = 0;
    while start.elapsed() < chaos {
        disturb(&mut random, &ends, &mut places);
        steps += 1;
        thread::sleep(Duration::from_millis(random.below(50) as u64));
    }
    let (turns, events) = (count(&ends, |end| &end.turns), count(&ends, |end| &end.events));
    heal(&ends, &mut places, &names);
    let healing = Instant::now();
    wait_for(HEALING, "somebody is not reached", || talk(&ends));
    let healed = healing.elapsed();
    stops.store(true, Ordering::SeqCst);
    let sent: u64 = talkers.into_iter().map(|talker| talker.join().unwrap()).sum();
    println!(
        "seed {seed}: {steps} steps, {sent} packets, {events} events, {turns} turns; \
         reached after {healed:.1?}"
    );
    // Who is busy for nothing takes ten thousands a second.
    let most = 4 * (sent + events + ENDS as u64 * steps) + 1000 * ENDS as u64 * chaos.as_secs();
    assert!(turns < most, "{turns} turns are too many");
    rest(&ends);
    for end in ends.iter() {
        end.stops.store(true, Ordering::SeqCst);
        // This is told to the sleeper, so it wakes.
        for place in &places {
            let _ = end.object.remove_relay(&place.pk());
        }
    }
    wait_for(PROMPT, "a sleeper was not woken", || sleepers.iter().all(JoinHandle::is_finished));
    sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
}

fn spawn_all<R: Send + 'static>(
    numbers: Range<usize>,
    ends: &Arc<[End]>,
    body: impl Fn(usize, &[End]) -> R + Clone + Send + 'static,
) -> Vec<JoinHandle<R>> {
    let spawn = |n| {
        let (ends, body) = (Arc::clone(ends), body.clone());
        thread::spawn(move || body(n, &ends))
    };
    numbers.map(spawn).collect()
}

fn new_end(resolver: Arc<Names>) -> End {
    let config = Config { secret_key: random_secret_key().unwrap(), proxy: None, resolver };
    End {
        object: Connections::new(config).unwrap(),
        peers: Mutex::default(),
        heard: Mutex::default(),
        turns: 0.into(),
        events: 0.into(),
        stops: false.into(),
    }
}

fn count(ends: &[End], what: impl Fn(&End) -> &AtomicU64) -> u64 {
    ends.iter().map(|end| what(end).load(Ordering::SeqCst)).sum()
}

/// Each says a last word to each; whether all have heard all.
fn talk(ends: &[End]) -> bool {
    for at in 0..ENDS {
        for other in (0..ENDS).filter(|other| *other != at) {
            if !ends[other].heard.lock().unwrap().contains(&(at as u8)) {
                let _ = ends[at].object.send(ends[at].peer(other).unwrap(), &[b'!', at as u8]);
            }
        }
    }
    ends.iter().all(|end| end.heard.lock().unwrap().len() == ENDS - 1)
}

/// When nobody says anything any more, nobody is busy.
fn rest(ends: &[End]) {
    // Of each: pings, attempts at relays that are still wanted, a look at each second's clock.
    let most = ENDS as u64 * 15 * CALM.as_secs();
    let mut turns = 0;
    for _ in 0..5 {
        let before = count(ends, |end| &end.turns);
        thread::sleep(CALM);
        turns = count(ends, |end| &end.turns) - before;
        if turns <= most {
            return;
        }
    }
    panic!("{turns} turns in {CALM:?} of silence");
}

#[test]
fn chaos() {
    let number = |name: &str, usual| match std::env::var(name) {
        Ok(text) => text.parse().unwrap(),
        Err(_) => usual,
    };
    let seed: u64 = number("TOXLINK_CHAOS_SEED", 1);
    let chaos = Duration::from_millis(number("TOXLINK_CHAOS_MS", 4000));
    let before = held();
    for seed in seed..seed + number("TOXLINK_CHAOS_RUNS", 1) {
        println!("seed {seed}");
        run(seed, chaos);
        // Lookups may be under way for a moment.
        let less = || {
            let (descriptors, threads) = held();
            descriptors <= before.0 && threads <= before.1
        };
        wait_for(PROMPT, "something is left of it", less);
    }
}
