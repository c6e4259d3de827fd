// SPDX-License-Identifier: GPL-3.0-or-later
//! What stands between clients and relays on loopback: a way that can be turned bad, or a proxy.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "the machine is real here")]
#![allow(dead_code, unreachable_pub, reason = "not every test needs all of it")]
#![allow(unsafe_code, reason = "the library has no way to reset a connection")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const TICK: Duration = Duration::from_millis(1);
/// Bytes that wait in one direction at most.
const MAX_WAITING: usize = 64 * 1024;

/// How it treats what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// As it should.
    Pass,
    /// Nothing is read, nothing is closed.
    Freeze,
    /// Some bytes a millisecond.
    Throttle,
    /// What the relay says is garbled.
    Lie,
}

/// What clients say before their bytes are passed on.
#[derive(Clone, Debug)]
pub enum Front {
    /// Nothing: all bytes go to this address.
    Way(SocketAddr),
    /// SOCKS5 or HTTP, with this user name and password; host names and what they stand for.
    Proxy { http: bool, credentials: (String, String), names: Vec<(String, SocketAddr)> },
}

/// It runs on a thread of its own until it is dropped.
#[derive(Debug)]
pub struct Middle {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    mode: AtomicU8,
    stops: AtomicBool,
    resets: AtomicBool,
    /// What a proxy was asked for.
    asked: Mutex<Vec<String>>,
}

struct Pair {
    client: TcpStream,
    relay: Option<TcpStream>,
    /// What the client has said to the proxy.
    said: Vec<u8>,
    stage: u8,
    up: Vec<u8>,
    down: Vec<u8>,
    is_over: bool,
}

impl Middle {
    pub fn start(address: SocketAddr, front: Front) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            mode: AtomicU8::new(0),
            stops: AtomicBool::new(false),
            resets: AtomicBool::new(false),
            asked: Mutex::default(),
        });
        let inside = Arc::clone(&shared);
        let thread = Some(thread::spawn(move || run(&listener, &front, &inside)));
        Self { address, shared, thread }
    }

    pub fn set_mode(&self, mode: Mode) {
        self.shared.mode.store(mode as u8, Ordering::SeqCst);
    }

    /// Resets all connections on both sides.
    pub fn reset(&self) {
        self.shared.resets.store(true, Ordering::SeqCst);
    }

    pub fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.asked.lock().unwrap())
    }
}

impl Drop for Middle {
    fn drop(&mut self) {
        self.shared.stops.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn run(listener: &TcpListener, front: &Front, shared: &Shared) {
    let mut pairs: Vec<Pair> = Vec::new();
    while !shared.stops.load(Ordering::SeqCst) {
        while let Ok((client, _)) = listener.accept() {
            client.set_nonblocking(true).unwrap();
            client.set_nodelay(true).unwrap();
            let mut pair = Pair {
                client,
                relay: None,
                said: Vec::new(),
                stage: 0,
                up: Vec::new(),
                down: Vec::new(),
                is_over: false,
            };
            if let Front::Way(address) = front {
                pair.connect(*address);
            }
            pairs.push(pair);
        }
        if shared.resets.swap(false, Ordering::SeqCst) {
            for pair in pairs.drain(..) {
                pair.relay.iter().chain([&pair.client]).for_each(linger_zero);
            }
        }
        let mode = shared.mode.load(Ordering::SeqCst);
        if mode != Mode::Freeze as u8 {
            for pair in &mut pairs {
                if pair.relay.is_none() {
                    pair.talk(front, shared);
                }
                pair.pump(mode);
            }
        }
        pairs.retain(|pair| !pair.is_over);
        thread::sleep(TICK);
    }
}

impl Pair {
    fn connect(&mut self, address: SocketAddr) {
        match TcpStream::connect(address) {
            Ok(relay) => {
                relay.set_nonblocking(true).unwrap();
                relay.set_nodelay(true).unwrap();
                self.relay = Some(relay);
            }
            Err(_) => self.is_over = true,
        }
    }

    /// The part of a proxy.
    fn talk(&mut self, front: &Front, shared: &Shared) {
        let Front::Proxy { http, credentials: (user, password), names } = front else { return };
        self.is_over |= !take(&mut self.client, &mut self.said, 512);
        let target = if *http { self.http(user, password) } else { self.socks(user, password) };
        let Some((host, port)) = target else { return };
        shared.asked.lock().unwrap().push(format!("{host}:{port}"));
        let known = names.iter().find(|(name, _)| *name == host).map(|(_, address)| *address);
        let address = known.or_else(|| format!("{host}:{port}").parse().ok());
        match address {
            Some(address) => self.connect(address),
            None => self.is_over = true,
        }
        let answer: &[u8] =
            if *http { b"HTTP/1.1 200 OK\r\n\r\n" } else { &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0] };
        self.down.extend_from_slice(answer);
    }

    fn socks(&mut self, user: &str, password: &str) -> Option<(String, u16)> {
        let said = self.said.clone();
        match self.stage {
            0 if said.len() >= 2 && said.len() >= 2 + usize::from(said[1]) => {
                self.is_over |= !said[2..].contains(&2);
                self.down.extend([5, 2]);
            }
            1 => {
                let mut wanted = vec![1, user.len() as u8];
                wanted.extend_from_slice(user.as_bytes());
                wanted.push(password.len() as u8);
                wanted.extend_from_slice(password.as_bytes());
                if said.len() < wanted.len() {
                    return None;
                }
                self.is_over |= said != wanted;
                self.down.extend([1, 0]);
            }
            2 if said.len() > 5 && said[3] == 3 => {
                let end = 5 + usize::from(said[4]);
                let port = said.get(end..end + 2)?;
                let host = String::from_utf8(said[5..end].to_vec()).unwrap();
                return Some((host, u16::from_be_bytes([port[0], port[1]])));
            }
            2 if said.len() >= 10 && said[3] == 1 => {
                let host = format!("{}.{}.{}.{}", said[4], said[5], said[6], said[7]);
                return Some((host, u16::from_be_bytes([said[8], said[9]])));
            }
            _ => return None,
        }
        self.said.clear();
        self.stage += 1;
        None
    }

    fn http(&mut self, user: &str, password: &str) -> Option<(String, u16)> {
        let text = String::from_utf8(self.said.clone()).ok()?;
        let text = text.strip_suffix("\r\n\r\n")?;
        // "alice:secret" in base64; the tests have no other.
        assert_eq!((user, password), ("alice", "secret"));
        if !text.contains("Basic YWxpY2U6c2VjcmV0") {
            self.is_over = true;
            return None;
        }
        let (host, port) = text.strip_prefix("CONNECT ")?.split_once(' ')?.0.rsplit_once(':')?;
        Some((host.to_owned(), port.parse().ok()?))
    }

    fn pump(&mut self, mode: u8) {
        let most = if mode == Mode::Throttle as u8 { 16 } else { 16 * 1024 };
        if let Some(relay) = &mut self.relay {
            let before = self.down.len();
            self.is_over |= !take(&mut self.client, &mut self.up, most);
            self.is_over |= !take(relay, &mut self.down, most);
            if mode == Mode::Lie as u8 {
                self.down[before..].iter_mut().for_each(|byte| *byte ^= 0x55);
            }
            self.is_over |= !give(relay, &mut self.up);
        }
        self.is_over |= !give(&mut self.client, &mut self.down);
    }
}

/// Reads what there is; false at the end.
fn take(from: &mut TcpStream, to: &mut Vec<u8>, most: usize) -> bool {
    let mut room = [0; 16 * 1024];
    if to.len() > MAX_WAITING {
        return true;
    }
    match from.read(&mut room[..most]) {
        Ok(0) => false,
        Ok(count) => {
            to.extend_from_slice(&room[..count]);
            true
        }
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}

fn give(to: &mut TcpStream, from: &mut Vec<u8>) -> bool {
    while !from.is_empty() {
        match to.write(from) {
            Ok(count) => drop(from.drain(..count)),
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
    true
}

/// Closing it resets the connection.
fn linger_zero(stream: &TcpStream) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    // SAFETY: an open descriptor and a value of the size given.
    unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            (&raw const linger).cast(),
            size_of::<libc::linger>() as libc::socklen_t,
        );
    }
}
