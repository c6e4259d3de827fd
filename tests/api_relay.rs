// SPDX-License-Identifier: GPL-3.0-or-later
//! `Toxlink_Relay` as C calls it: misuse, threads, and what the log callback may do.

#![cfg(feature = "api")]
#![allow(unsafe_code, reason = "calls C functions")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the relay is alive in each test until it is killed"
)]
#![allow(clippy::disallowed_methods, reason = "waits are bounded by the clock")]

use core::ffi::{CStr, c_char, c_void};
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::time::Instant;

use toxlink::api::error::{Toxlink_Err_Iterate, Toxlink_Err_New};
use toxlink::api::options::Toxlink_Log_Level;
use toxlink::api::relay::*;
use toxlink::crypto::{PublicKey, SecretKey, rust::public_key};

use self::loopback::{PATIENCE, pair, until};

#[path = "support/loopback.rs"]
mod loopback;

fn options() -> Toxlink_Relay_Options {
    let mut options = core::mem::MaybeUninit::uninit();
    unsafe {
        toxlink_relay_options_init(options.as_mut_ptr(), size_of::<Toxlink_Relay_Options>());
        options.assume_init()
    }
}

fn make(options: &Toxlink_Relay_Options) -> *mut Toxlink_Relay {
    let mut error = Toxlink_Err_New::Internal;
    let relay = unsafe { toxlink_relay_new(options, &raw mut error) };
    assert_eq!((error, relay.is_null()), (Toxlink_Err_New::Ok, false));
    relay
}

fn refused(options: &Toxlink_Relay_Options) -> Toxlink_Err_New {
    let mut error = Toxlink_Err_New::Ok;
    assert!(unsafe { toxlink_relay_new(options, &raw mut error) }.is_null());
    assert!(unsafe { toxlink_relay_new(options, null_mut()) }.is_null());
    error
}

fn address(relay: *const Toxlink_Relay) -> SocketAddr {
    let mut text = [1 as c_char; 64];
    let length = unsafe { toxlink_relay_address(relay, 0, text.as_mut_ptr(), text.len()) };
    let text = unsafe { CStr::from_ptr(text.as_ptr()) }.to_str().unwrap();
    assert_eq!(text.len(), length);
    text.parse().unwrap()
}

fn key(relay: *const Toxlink_Relay) -> PublicKey {
    let mut key = PublicKey([0; 32]);
    assert!(unsafe { toxlink_relay_public_key(relay, key.0.as_mut_ptr()) });
    key
}

fn figures(relay: *const Toxlink_Relay) -> Toxlink_Relay_Figures {
    let mut out = core::mem::MaybeUninit::uninit();
    unsafe {
        assert!(toxlink_relay_figures(relay, out.as_mut_ptr(), size_of::<Toxlink_Relay_Figures>()));
        out.assume_init()
    }
}

fn iterate(relay: *mut Toxlink_Relay) -> Toxlink_Err_Iterate {
    let mut error = Toxlink_Err_Iterate::Internal;
    let done = unsafe { toxlink_relay_iterate(relay, &raw mut error) };
    assert_eq!(done, error == Toxlink_Err_Iterate::Ok);
    error
}

fn start(relay: *mut Toxlink_Relay) -> Toxlink_Err_Iterate {
    let mut error = Toxlink_Err_Iterate::Internal;
    let done = unsafe { toxlink_relay_start(relay, &raw mut error) };
    assert_eq!(done, error == Toxlink_Err_Iterate::Ok);
    error
}

#[test]
fn null_is_no_relay() {
    let mut error = Toxlink_Err_Iterate::Ok;
    unsafe {
        toxlink_relay_options_init(null_mut(), 8);
        toxlink_relay_kill(null_mut());
        toxlink_relay_stop(null_mut());
        assert!(!toxlink_relay_turn(null_mut(), 0, null_mut()));
        assert!(!toxlink_relay_turn(null_mut(), -1, &raw mut error));
        assert_eq!(toxlink_relay_descriptor(null()), -1);
        assert_eq!(toxlink_relay_wait(null()), -1);
        assert_eq!(toxlink_relay_port(null(), 0), 0);
        assert_eq!(toxlink_relay_address(null(), 0, null_mut(), 0), 0);
        assert!(!toxlink_relay_public_key(null(), [0; 32].as_mut_ptr()));
        assert!(!toxlink_relay_figures(null(), null_mut(), 0));
    }
    assert_eq!(error, Toxlink_Err_Iterate::Null);
    assert_eq!(iterate(null_mut()), Toxlink_Err_Iterate::Null);
    assert_eq!(start(null_mut()), Toxlink_Err_Iterate::Null);
    let relay = unsafe { toxlink_relay_new(null(), null_mut()) };
    unsafe {
        assert!(!toxlink_relay_public_key(relay, null_mut()));
        assert!(!toxlink_relay_figures(relay, null_mut(), 8));
        assert_eq!(toxlink_relay_port(relay, 1), 0);
        assert_eq!(toxlink_relay_address(relay, 1, null_mut(), 0), 0);
        toxlink_relay_kill(relay);
    }
}

#[test]
fn options_are_checked() {
    let text = |texts: &[*const c_char]| {
        let addresses = texts.as_ptr();
        refused(&Toxlink_Relay_Options { addresses, address_count: texts.len(), ..options() })
    };
    assert_eq!(text(&[c"127.0.0.1:0".as_ptr(), null()]), Toxlink_Err_New::Null);
    for bad in [c"", c"localhost:1", c"127.0.0.1", c"127.0.0.1:65536", c"\xff:1"] {
        assert_eq!(text(&[bad.as_ptr()]), Toxlink_Err_New::BadAddress, "{bad:?}");
    }
    // An address of a network for documentation is not ours.
    assert_eq!(text(&[c"192.0.2.1:0".as_ptr()]), Toxlink_Err_New::System);
    let none = Toxlink_Relay_Options { address_count: 1, ..options() };
    assert_eq!(refused(&none), Toxlink_Err_New::Null);
    for size in [0, 8, usize::MAX] {
        let other = Toxlink_Relay_Options { size, ..options() };
        assert_eq!(refused(&other), Toxlink_Err_New::Options);
    }
    let loud = Toxlink_Relay_Options { log_level: 5, ..options() };
    assert_eq!(refused(&loud), Toxlink_Err_New::LogLevel);
}

#[test]
fn it_says_who_and_where_it_is() {
    let secret_key = [7; 32];
    let texts = [c"127.0.0.1:0".as_ptr(), c"[::1]:0".as_ptr()];
    let relay = make(&Toxlink_Relay_Options {
        secret_key: secret_key.as_ptr(),
        addresses: texts.as_ptr(),
        address_count: 2,
        ..options()
    });
    assert_eq!(key(relay), public_key(&SecretKey(secret_key)));
    let mut short = [1 as c_char; 10];
    unsafe {
        assert_eq!(toxlink_relay_port(relay, 0), address(relay).port());
        assert_ne!(toxlink_relay_port(relay, 1), 0);
        let length = toxlink_relay_address(relay, 1, short.as_mut_ptr(), short.len());
        assert!(length >= "[::1]:1".len());
        assert!(CStr::from_ptr(short.as_ptr()).to_str().unwrap().starts_with("[::1]:"));
        assert_eq!(toxlink_relay_wait(relay), -1);
        assert!(toxlink_relay_descriptor(relay) >= 0);
    }
    let _caller = TcpStream::connect(address(relay)).unwrap();
    assert!(unsafe { toxlink_relay_turn(relay, 60_000, null_mut()) });
    let wait = unsafe { toxlink_relay_wait(relay) };
    assert!((5_000..=10_000).contains(&wait), "{wait}");
    assert_eq!((figures(relay).accepted, figures(relay).clients), (1, 0));
    // A program that knows less of the figures, and one that knows more.
    let mut words = [9u64; 8];
    unsafe {
        assert!(toxlink_relay_figures(relay, words.as_mut_ptr().cast(), 16));
        assert_eq!(words[..3], [0, 1, 9]);
        assert!(toxlink_relay_figures(relay, words.as_mut_ptr().cast(), 64));
        assert_eq!(words[6..], [0, 0]);
        toxlink_relay_kill(relay);
    }
}

#[test]
fn clients_are_served_by_its_own_thread_while_others_look_on() {
    let relay = make(&options());
    assert_eq!(start(relay), Toxlink_Err_Iterate::Ok);
    assert_eq!(start(relay), Toxlink_Err_Iterate::Busy);
    assert_eq!(iterate(relay), Toxlink_Err_Iterate::Busy);
    let shared = relay as usize;
    let onlooker = std::thread::spawn(move || {
        let relay = shared as *const Toxlink_Relay;
        let end = Instant::now() + PATIENCE;
        while figures(relay).forwarded < 200 {
            assert!(Instant::now() < end);
            assert!(unsafe { toxlink_relay_wait(relay) } >= -1);
        }
    });
    let (a, b) = pair(address(relay), &key(relay));
    let mut sent = 0;
    until(&[&a, &b], "all came", || {
        sent += usize::from(sent < 200 && a.send(b"hello"));
        b.data.borrow().len() == 200
    });
    onlooker.join().unwrap();
    unsafe { toxlink_relay_stop(relay) };
    unsafe { toxlink_relay_stop(relay) };
    assert_eq!(iterate(relay), Toxlink_Err_Iterate::Ok);
    assert_eq!(figures(relay).clients, 2);
    assert_eq!(start(relay), Toxlink_Err_Iterate::Ok);
    unsafe { toxlink_relay_kill(relay) };
    until(&[&a, &b], "both are hung up on", || {
        use toxlink::proto::relay::state::Status;
        a.status() == Status::Disconnected && b.status() == Status::Disconnected
    });
}

/// What a log callback does at the first departure, and what it has seen.
struct Scene {
    relay: AtomicPtr<Toxlink_Relay>,
    act: fn(&Self, *mut Toxlink_Relay),
    departures: AtomicU32,
    lines: Mutex<Vec<(Toxlink_Log_Level, String)>>,
}

impl Scene {
    fn new(act: fn(&Self, *mut Toxlink_Relay)) -> Self {
        Self {
            relay: AtomicPtr::default(),
            act,
            departures: AtomicU32::new(0),
            lines: Mutex::default(),
        }
    }

    fn relay(&self) -> *mut Toxlink_Relay {
        let relay = make(&Toxlink_Relay_Options {
            log_callback: Some(line),
            log_object: core::ptr::from_ref(self).cast_mut().cast(),
            log_level: Toxlink_Log_Level::Trace as u32,
            ..options()
        });
        self.relay.store(relay, Ordering::Release);
        relay
    }

    /// Two callers come and send a handshake that is none.
    fn two_leave(address: SocketAddr) -> Vec<TcpStream> {
        let noise = |_| {
            let mut caller = TcpStream::connect(address).unwrap();
            std::io::Write::write_all(&mut caller, &[1; 128]).unwrap();
            caller
        };
        (0..2).map(noise).collect()
    }

    fn until_departures(&self, count: u32, mut turn: impl FnMut()) {
        let end = Instant::now() + PATIENCE;
        while self.departures.load(Ordering::Acquire) < count {
            assert!(Instant::now() < end);
            turn();
        }
    }
}

unsafe extern "C" fn line(level: Toxlink_Log_Level, message: *const c_char, object: *mut c_void) {
    let scene = unsafe { &*object.cast::<Scene>() };
    let text = unsafe { CStr::from_ptr(message) }.to_str().unwrap().to_owned();
    let is_departure = level == Toxlink_Log_Level::Debug && !text.contains("listens");
    scene.lines.lock().unwrap().push((level, text));
    if is_departure && scene.departures.fetch_add(1, Ordering::AcqRel) == 0 {
        (scene.act)(scene, scene.relay.load(Ordering::Acquire));
    }
}

/// Everything but the ends of the relay.
fn look_around(_: &Scene, relay: *mut Toxlink_Relay) {
    assert_eq!(iterate(relay), Toxlink_Err_Iterate::Busy);
    assert_eq!(start(relay), Toxlink_Err_Iterate::Busy);
    address(relay);
    key(relay);
    figures(relay);
    unsafe { toxlink_relay_wait(relay) };
}

#[test]
fn the_log_tells_and_its_callback_may_call_everything() {
    let scene = Scene::new(look_around);
    let relay = scene.relay();
    let _callers = Scene::two_leave(address(relay));
    scene.until_departures(2, || {
        assert!(unsafe { toxlink_relay_turn(relay, 100, null_mut()) });
    });
    unsafe { toxlink_relay_kill(relay) };
    let lines = scene.lines.lock().unwrap();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0].0, Toxlink_Log_Level::Debug);
    assert!(lines[0].1.starts_with("a relay listens on 127.0.0.1:"), "{lines:?}");
    assert!(lines[1].1.ends_with("its handshake is not for this relay"), "{lines:?}");
}

#[test]
fn the_callback_may_kill_the_relay_that_iterates() {
    let scene = Scene::new(|_, relay| unsafe { toxlink_relay_kill(relay) });
    let relay = scene.relay();
    let callers = Scene::two_leave(address(relay));
    // Both are handled in one turn, so that something would be left to tell.
    std::thread::sleep(std::time::Duration::from_millis(50));
    scene.until_departures(1, || {
        unsafe { toxlink_relay_turn(relay, 100, null_mut()) };
    });
    assert_eq!(scene.departures.load(Ordering::Acquire), 1);
    for mut caller in callers {
        caller.set_read_timeout(Some(PATIENCE)).unwrap();
        // The end of the stream or a reset: it is closed.
        let _ = std::io::Read::read(&mut caller, &mut [0; 1]);
    }
}

#[test]
fn the_callback_may_stop_start_and_kill_the_relay_that_serves_by_itself() {
    let scene = Scene::new(|scene, relay| {
        look_around(scene, relay);
        unsafe { toxlink_relay_stop(relay) };
    });
    let relay = scene.relay();
    assert_eq!(start(relay), Toxlink_Err_Iterate::Ok);
    let _callers = Scene::two_leave(address(relay));
    scene.until_departures(1, std::thread::yield_now);
    // From here it waits for the thread, which says so at its end.
    unsafe { toxlink_relay_stop(relay) };
    let last = scene.lines.lock().unwrap().last().cloned();
    assert_eq!(last, Some((Toxlink_Log_Level::Info, "the relay has stopped".to_owned())));
    assert_eq!(start(relay), Toxlink_Err_Iterate::Ok);
    unsafe { toxlink_relay_kill(relay) };

    let scene: &'static Scene =
        Box::leak(Box::new(Scene::new(|_, relay| unsafe { toxlink_relay_kill(relay) })));
    let relay = scene.relay();
    let address = address(relay);
    assert_eq!(start(relay), Toxlink_Err_Iterate::Ok);
    let callers = Scene::two_leave(address);
    scene.until_departures(1, std::thread::yield_now);
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < end, "it listens on");
        std::thread::yield_now();
    }
    drop(callers);
    assert_eq!(scene.departures.load(Ordering::Acquire), 1);
    let stopped = scene.lines.lock().unwrap().iter().any(|(_, text)| text.contains("stopped"));
    assert!(!stopped, "nothing is told after the kill");
}
