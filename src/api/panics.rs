// SPDX-License-Identifier: GPL-3.0-or-later
//! Panics are defects of this library. They are told to the log of the object, not to stderr.
//!
//! Rust has one hook for all panics of a process. The C library (feature `_c-library`) puts its own in
//! front of it, which keeps to itself what happens inside this library, and passes on everything else:
//! a program may have other code in Rust, in callbacks too.

use core::cell::Cell;
use core::fmt::Write as _;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use parking_lot::RwLock;

use super::options::Log;
use crate::proto::relay::note::Level;

thread_local! {
    /// Calls of this library around what runs now, none if it is a callback.
    static INSIDE: Cell<u32> = const { Cell::new(0) };
    /// What the last panic inside said. No destructor: to register one takes memory.
    static MESSAGE: Cell<Message> = const { Cell::new(Message::EMPTY) };
}

/// Threads of our own have this in front of their names.
const OUR_THREADS: &str = "toxlink-";

/// Puts the hook in place, the first time.
pub(super) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(put_in_front);
}

fn put_in_front() {
    *OTHERS.write() = Some(panic::take_hook());
    panic::set_hook(Box::new(|info| {
        if is_ours() {
            MESSAGE.set(Message::new(info));
        } else if let Some(others) = &*OTHERS.read() {
            others(info);
        }
    }));
}

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// The hook that was there before. Not a part of ours, so that ours needs no memory, which would look
/// like a leak at the end of each program. Written once; reading does not lock others out.
static OTHERS: RwLock<Option<Hook>> = RwLock::new(None);

fn is_ours() -> bool {
    let is_our_thread = || {
        let thread = std::thread::current();
        thread.name().is_some_and(|name| name.starts_with(OUR_THREADS))
    };
    INSIDE.get() > 0 || is_our_thread()
}

/// Tells the log what the last panic on this thread has said.
pub(super) fn tell(log: &Log) {
    log.write(Level::Error, &format_args!("a defect of toxlink: {}", take_message()));
}

/// What the last panic on this thread has said; it is told once.
fn take_message() -> Message {
    MESSAGE.replace(Message::EMPTY)
}

/// While it lives, this thread is inside the library.
#[derive(Debug)]
pub(super) struct Inside(u32);

impl Inside {
    pub(super) fn new() -> Self {
        if cfg!(feature = "_c-library") {
            install();
        }
        Self(INSIDE.replace(INSIDE.get() + 1))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

/// While it lives, this thread is in a callback of the program.
#[derive(Debug)]
pub(super) struct Outside(u32);

impl Outside {
    pub(super) fn new() -> Self {
        Self(INSIDE.replace(0))
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

/// A text that is kept without memory, cut off at its end.
#[derive(Clone, Copy, Debug)]
struct Message {
    bytes: [u8; 240],
    length: usize,
}

impl Message {
    const EMPTY: Self = Self { bytes: [0; 240], length: 0 };

    fn new(info: &PanicHookInfo<'_>) -> Self {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let mut message = Self::EMPTY;
        // It fails when there is no more room.
        let _ = match info.location() {
            Some(place) => write!(message, "{place}: {}", text.unwrap_or("a panic")),
            None => message.write_str(text.unwrap_or("a panic")),
        };
        message
    }
}

impl core::fmt::Write for Message {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for character in text.chars() {
            let end = self.length + character.len_utf8();
            let room = self.bytes.get_mut(self.length..end).ok_or(core::fmt::Error)?;
            character.encode_utf8(room);
            self.length = end;
        }
        Ok(())
    }
}

impl core::fmt::Display for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let text = self.bytes.get(..self.length).unwrap_or_default();
        f.write_str(core::str::from_utf8(text).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::fence::fence;
    use std::panic::catch_unwind;

    thread_local! {
        /// Panics that the hook before ours has seen, on threads of this test.
        static PASSED_ON: Cell<Option<u32>> = const { Cell::new(None) };
    }

    fn passed_on() -> u32 {
        PASSED_ON.get().unwrap()
    }

    /// One test, because there is one hook for all threads.
    #[test]
    fn what_happens_inside_is_kept_and_all_else_passed_on() {
        // From here on no other test changes the hook.
        install();
        panic::set_hook(Box::new(|info| match PASSED_ON.get() {
            Some(count) => PASSED_ON.set(Some(count + 1)),
            // The hook of before is ours by now, which would come back to this one.
            None => eprintln!("{info}"),
        }));
        put_in_front();
        PASSED_ON.set(Some(0));
        assert!(catch_unwind(|| panic!("outside")).is_err());
        assert_eq!((passed_on(), take_message().to_string()), (1, String::new()));
        {
            let _inside = Inside::new();
            fence(|| panic!("number {}\u{e9}", 7), || ());
            assert_eq!(passed_on(), 1);
            let message = take_message().to_string();
            assert!(message.starts_with("src/api/panics.rs:"), "{message}");
            assert!(message.ends_with(": number 7\u{e9}"), "{message}");
            assert_eq!(take_message().to_string(), "", "it is told once");
            let outside = Outside::new();
            assert!(catch_unwind(|| panic!("in a callback")).is_err());
            assert_eq!(passed_on(), 2);
            {
                let _nested = Inside::new();
                fence(|| panic!("in a call from a callback"), || ());
                assert_eq!(passed_on(), 2);
            }
            drop(outside);
            fence(|| panic!("{}", "\u{20ac}".repeat(500)), || ());
            assert_eq!(passed_on(), 2);
            assert!(take_message().to_string().ends_with('\u{20ac}'), "cut between characters");
        }
        assert!(catch_unwind(|| panic!("outside again")).is_err());
        assert_eq!(passed_on(), 3);
        let ours = std::thread::Builder::new().name("toxlink-test".to_owned());
        let count = ours.spawn(|| {
            PASSED_ON.set(Some(0));
            fence(|| panic!("on a thread of ours"), || ());
            passed_on()
        });
        assert_eq!(count.unwrap().join().unwrap(), 0);
    }
}
