// SPDX-License-Identifier: GPL-3.0-or-later
//! Our relay on loopback, with clients on real sockets.

#![cfg(feature = "relay")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "waits are bounded by the clock")]

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use toxlink::crypto::{PublicKey, SecretKey};
use toxlink::net::relay::{Config, Departure, Note, Relay};
use toxlink::proto::server::Reason;

use self::loopback::{Client, PATIENCE, pair, relay, until};

#[path = "support/loopback.rs"]
mod loopback;

#[test]
fn a_megabyte_each_way_arrives_whole_and_in_order() {
    const PACKETS: u32 = 1000;
    let (relay, address, pk) = relay();
    let (a, b) = pair(address, &pk);
    let (mut from_a, mut from_b) = (0u32, 0u32);
    until(&[&a, &b], "all packets are there", || {
        for (client, sent) in [(&a, &mut from_a), (&b, &mut from_b)] {
            let packet = |number: u32| [&number.to_be_bytes()[..], &[7; 1000]].concat();
            // What waits for a slow reader is bounded, so keep to a window.
            let seen = |client: &Client| client.data.borrow().len() as u32;
            let other = if core::ptr::eq(client, &a) { &b } else { &a };
            while *sent < PACKETS && *sent < seen(other) + 100 && client.send(&packet(*sent)) {
                *sent += 1;
            }
        }
        a.data.borrow().len() == PACKETS as usize && b.data.borrow().len() == PACKETS as usize
    });
    for client in [&a, &b] {
        for (number, data) in client.data.borrow().iter().enumerate() {
            assert_eq!(data[..4], (number as u32).to_be_bytes());
            assert_eq!(data.len(), 1004);
        }
    }
    relay.stop();
    assert_eq!(relay.figures().forwarded, 2 * u64::from(PACKETS));
    assert_eq!(relay.figures().dropped, 0);
}

#[test]
fn who_hangs_up_is_gone_and_who_stays_is_told() {
    let (relay, address, pk) = relay();
    let (a, b) = pair(address, &pk);
    drop(a);
    until(&[&b], "the other one is offline", || !b.online.get());
    drop(b);
    relay.stop();
    let end = Instant::now() + PATIENCE;
    let mut departures = Vec::new();
    while relay.clients() > 0 {
        assert!(Instant::now() < end);
        relay.turn(Some(Duration::from_millis(10)), &mut |note| departures.push(note)).unwrap();
    }
    // The first one may have left while the thread was running.
    assert!(matches!(
        departures.last(),
        Some(Note::Left(Departure { reason: Reason::Closed, .. })) | None
    ));
}

#[test]
fn an_idle_relay_sleeps_until_a_client_is_due() {
    let local = ["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()];
    let relay = Relay::bind(&Config::new(local, SecretKey([1; 32]))).unwrap();
    assert_eq!(relay.addresses().len(), 2);
    assert_eq!(relay.wait(), None, "nobody is there");
    let _caller = TcpStream::connect(relay.addresses()[1]).unwrap();
    relay.turn(Some(PATIENCE), &mut |_| {}).unwrap();
    let wait = relay.wait().unwrap();
    assert!(wait > Duration::from_secs(5) && wait <= Duration::from_secs(10), "{wait:?}");
    assert!(relay.descriptor() >= 0);
}

#[test]
fn too_many_callers_are_sent_away_and_a_config_without_address_is_an_error() {
    assert!(Relay::bind(&Config::new([], SecretKey([1; 32]))).is_err());
    let mut config = Config::new(["127.0.0.1:0".parse().unwrap()], SecretKey([1; 32]));
    config.limits.clients = 1;
    let relay = Relay::bind(&config).unwrap();
    let address = relay.addresses()[0];
    let mut callers: Vec<TcpStream> =
        (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
    let end = Instant::now() + PATIENCE;
    let mut notes = Vec::new();
    while notes.is_empty() {
        assert!(Instant::now() < end);
        relay.turn(Some(Duration::from_millis(10)), &mut |note| notes.push(note)).unwrap();
    }
    let [Note::Left(Departure { address, reason: Reason::Crowded })] = notes[..] else {
        panic!("{notes:?}")
    };
    assert_eq!(address, callers[0].local_addr().unwrap(), "the one that waits longest");
    // One of the two is hung up on.
    let ended = callers.iter_mut().filter_map(|caller| {
        caller.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        caller.read(&mut [0; 1]).ok()
    });
    assert_eq!(ended.collect::<Vec<_>>(), [0]);
}

/// The program, killed when the test ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_program_keeps_its_key_and_serves() {
    let directory = std::env::temp_dir().join(format!("toxlink-relay-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let file = directory.join("key");
    let start = || {
        let mut child = Command::new(env!("CARGO_BIN_EXE_toxlink-relay"))
            .args(["--listen", "127.0.0.1:0", "--key-file"])
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        while out.lines().count() < 2 || !out.ends_with('\n') {
            let mut byte = [0];
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "it ended: {out}");
            out.push(char::from(byte[0]));
        }
        let value = |name: &str| {
            let line = out.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().to_owned()
        };
        let pk = PublicKey::from_hex(&value("public-key")).unwrap();
        (Program(child), value("listening").parse::<SocketAddr>().unwrap(), pk)
    };
    let (first, _, pk) = start();
    drop(first);
    let (second, address, same) = start();
    assert_eq!(pk, same);
    let (a, b) = pair(address, &pk);
    assert!(a.send(b"hello"));
    until(&[&a, &b], "it arrives", || *b.data.borrow() == [b"hello"]);
    drop(second);
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn the_program_says_what_is_wrong() {
    for (arguments, complaint) in [
        (&["--listen"][..], "--listen needs a value"),
        (&["--listen", "nowhere"], "nowhere is no address with a port"),
        (&["--max-clients", "-1"], "-1 is no number of clients"),
        (&["--quiet"], "unknown argument --quiet"),
    ] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_toxlink-relay")).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(complaint), "{said}");
    }
}
