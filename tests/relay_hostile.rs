// SPDX-License-Identifier: GPL-3.0-or-later
//! Clients that mean harm to our relay, and those who must not notice. Loopback and real sockets.

#![cfg(feature = "relay")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "waits are bounded by the clock")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use toxlink::crypto::PublicKey;
use toxlink::net::random_secret_key;
use toxlink::net::relay::{Config, Relay};
use toxlink::proto::relay::state::Status;

use self::loopback::{Client, pair, relay, until};

#[path = "support/loopback.rs"]
mod loopback;

/// Data goes both ways now.
fn check_talk(a: &Client, b: &Client) {
    let seen = |client: &Client| client.data.borrow().len();
    let (at_a, at_b) = (seen(a), seen(b));
    assert!(a.send(b"to b") && b.send(b"to a"));
    until(&[a, b], "both have heard", || seen(a) > at_a && seen(b) > at_b);
    assert_eq!(a.data.borrow().last().unwrap(), b"to a");
    assert_eq!(b.data.borrow().last().unwrap(), b"to b");
}

/// Callers that say nothing, that stop one byte before the end of the handshake, and that send noise.
#[test]
fn a_crowd_that_never_shakes_hands_keeps_nobody_out() {
    let local = ["127.0.0.1:0".parse().unwrap()];
    let mut config = Config::new(local, random_secret_key().unwrap());
    config.limits.clients = 20;
    let relay = Relay::bind(&config).unwrap();
    relay.start(|_| {}).unwrap();
    let (address, pk) = (relay.addresses()[0], relay.public_key());
    let (a, b) = pair(address, &pk);
    let mut crowd = Vec::new();
    for number in 0..100 {
        let mut caller = TcpStream::connect(address).unwrap();
        match number % 3 {
            0 => {}
            1 => caller.write_all(&[number; 127]).unwrap(),
            // Hung up on perhaps before all is written.
            _ => drop(caller.write_all(&[number; 3000])),
        }
        crowd.push(caller);
    }
    check_talk(&a, &b);
    let (c, d) = pair(address, &pk);
    check_talk(&c, &d);
    check_talk(&a, &b);
    until(&[&a], "all were looked at", || relay.figures().accepted == 104);
    assert_eq!(relay.figures().refused, 0);
    assert_eq!(relay.clients(), 4);
}

#[test]
fn a_peer_that_never_reads_loses_its_own_packets_only() {
    let (relay, address, pk) = relay();
    let (flooder, slow) = pair(address, &pk);
    let (a, b) = pair(address, &pk);
    until(&[&flooder], "what waits for the slow one is full", || {
        for _ in 0..100 {
            flooder.send(&[1; 1300]);
        }
        relay.figures().dropped > 100
    });
    check_talk(&a, &b);
    // What was kept comes, and the stream is whole.
    let before = relay.figures().dropped;
    until(&[&slow, &flooder], "it reads on", || {
        slow.data.borrow().len() > 100 && relay.figures().dropped >= before
    });
    assert!(slow.data.borrow().iter().all(|data| data[..] == [1; 1300]));
    assert_eq!(slow.status(), Status::Confirmed);
    assert_eq!(flooder.status(), Status::Confirmed);
}

#[test]
fn the_same_key_again_and_again_is_one_client() {
    let (relay, address, pk) = relay();
    let (a, b) = pair(address, &pk);
    let sk = random_secret_key().unwrap();
    let mut calls = Vec::new();
    for _ in 0..30 {
        let call = Client::call_as(&sk, address, &pk);
        until(&[&call], "it is confirmed", || call.status() == Status::Confirmed);
        calls.push(call);
    }
    let last = calls.pop().unwrap();
    let older: Vec<&Client> = calls.iter().collect();
    until(&older, "the older ones are hung up on", || {
        older.iter().all(|call| call.status() == Status::Disconnected)
    });
    assert_eq!(last.status(), Status::Confirmed);
    until(&[&a], "three are left", || relay.clients() == 3);
    check_talk(&a, &b);
}

/// The program, killed when the test ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// With no descriptor left, those that wait longest without a handshake have to go.
#[test]
fn a_relay_without_descriptors_serves_on_and_takes_callers() {
    let mut program = Program(
        Command::new("sh")
            .args(["-c", "ulimit -n 40 && exec \"$0\" --verbose"])
            .arg(env!("CARGO_BIN_EXE_toxlink-relay"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(program.0.stdout.take().unwrap()).lines();
    let mut value = |name: &str| {
        let line = lines.next().unwrap().unwrap();
        line.strip_prefix(name).unwrap().trim().to_owned()
    };
    let pk = PublicKey::from_hex(&value("public-key")).unwrap();
    let address = value("listening").parse().unwrap();
    let (a, b) = pair(address, &pk);
    let crowd: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(address).unwrap()).collect();
    check_talk(&a, &b);
    let (c, d) = pair(address, &pk);
    check_talk(&c, &d);
    check_talk(&a, &b);
    drop(crowd);
    let mut said = BufReader::new(program.0.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().starts_with("no socket for a caller")));
}
