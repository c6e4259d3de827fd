// SPDX-License-Identifier: GPL-3.0-or-later
//! What all entry points have in common: objects are entered, panics fenced, errors told.

use core::ffi::{CStr, c_char};
use std::time::Duration;

use super::memory;
use super::options::Log;
use super::panics::{self, Inside};
use crate::crypto::{PublicKey, SecretKey};
use crate::ffi::fence::fence;
use crate::ffi::handle::{self, Call, Object};
pub(super) use crate::ffi::sized::write_sized;

/// An error enumeration of C, with what each of them has.
pub(super) trait Code: Copy {
    /// No error.
    const OK: Self;
    /// A pointer is NULL that must not be.
    const NULL: Self;
    /// A defect of this library.
    const INTERNAL: Self;
    /// There is no memory; `None` for functions that get by without any, or nearly so.
    const MALLOC: Option<Self>;
}

/// An object with a log.
pub(super) trait Logs: Object {
    /// Where its lines go.
    fn log(&self) -> &Log;
}

macro_rules! code {
    ($($name:ident),*) => {
        $(impl $crate::api::entry::Code for $name {
            const OK: Self = Self::Ok;
            const NULL: Self = Self::Null;
            const INTERNAL: Self = Self::Internal;
            const MALLOC: Option<Self> = Some(Self::Malloc);
        })*
    };
}
pub(super) use code;

/// Tells how it went.
///
/// # Safety
/// `error` is NULL or can be written.
pub(super) unsafe fn tell<C: Code>(error: *mut C, code: C) {
    if !error.is_null() {
        // SAFETY: not null, so it can be written.
        unsafe { error.write(code) };
    }
}

/// Runs the body of an entry point without an object.
///
/// # Safety
/// `error` is NULL or can be written.
pub(super) unsafe fn run<C: Code, T>(
    error: *mut C,
    failure: T,
    body: impl FnOnce() -> Result<T, C>,
) -> T {
    let refused = C::MALLOC.filter(|_| memory::is_short());
    let _inside = Inside::new();
    let body = || refused.map_or_else(body, Err);
    let (value, code) = match fence(body, || Err(C::INTERNAL)) {
        Ok(value) => (value, C::OK),
        Err(code) => (failure, code),
    };
    // SAFETY: as promised by the caller.
    unsafe { tell(error, code) };
    value
}

/// Runs the body of an entry point inside an object. After a panic in it, the object is given up, and
/// its log is told.
///
/// # Safety
/// `object` is NULL, or came from its constructor and has not been freed; `error` is NULL or can be
/// written.
pub(super) unsafe fn enter<O: Logs, C: Code, T>(
    object: *const O,
    error: *mut C,
    failure: T,
    body: impl FnOnce(&Call<O>) -> Result<T, C>,
) -> T {
    let inside = || {
        // SAFETY: as promised by the caller.
        let Some(call) = (unsafe { Call::enter(object) }) else { return Err(C::NULL) };
        if call.handle().is_over() {
            return Err(C::INTERNAL);
        }
        fence(
            || body(&call),
            || {
                call.handle().mark_defective();
                panics::tell(call.log());
                Err(C::INTERNAL)
            },
        )
    };
    // SAFETY: as promised by the caller.
    unsafe { run(error, failure, inside) }
}

/// Frees an object, or leaves that to the outermost call inside it.
///
/// # Safety
/// As [`handle::kill`].
pub(super) unsafe fn kill<O: Object>(object: *mut O) {
    let _inside = Inside::new();
    // SAFETY: as promised by the caller.
    fence(|| unsafe { handle::kill(object) }, || ());
}

/// The same for functions that tell no error.
///
/// # Safety
/// As [`enter`].
pub(super) unsafe fn look<O: Logs, T>(
    object: *const O,
    failure: T,
    body: impl FnOnce(&Call<O>) -> Option<T>,
) -> T {
    // SAFETY: as promised by the caller; a null pointer tells nobody.
    unsafe {
        enter(object, core::ptr::null_mut::<Untold>(), failure, |call| body(call).ok_or(Untold))
    }
}

/// No error is told.
#[derive(Clone, Copy)]
struct Untold;

impl Code for Untold {
    const OK: Self = Self;
    const NULL: Self = Self;
    const INTERNAL: Self = Self;
    const MALLOC: Option<Self> = None;
}

/// # Safety
/// `key` is NULL or 32 bytes.
pub(super) unsafe fn public_key(key: *const u8) -> Option<PublicKey> {
    // SAFETY: not null, so 32 bytes.
    (!key.is_null()).then(|| PublicKey(unsafe { *key.cast() }))
}

/// # Safety
/// `key` is NULL or 32 bytes.
pub(super) unsafe fn secret_key(key: *const u8) -> Option<SecretKey> {
    // SAFETY: not null, so 32 bytes.
    (!key.is_null()).then(|| SecretKey(unsafe { *key.cast() }))
}

/// Writes a key; whether there is a place for it.
///
/// # Safety
/// `out` is NULL or has room for 32 bytes.
pub(super) unsafe fn write_key(out: *mut u8, key: &[u8; 32]) -> Option<()> {
    // SAFETY: not null, so there is room.
    (!out.is_null()).then(|| unsafe { out.cast::<[u8; 32]>().write(*key) })
}

/// The bytes; `None` for NULL with a length.
///
/// # Safety
/// `data` is NULL or has `length` bytes, which nobody writes to during `'a`.
pub(super) unsafe fn bytes<'a>(data: *const u8, length: usize) -> Option<&'a [u8]> {
    match (data.is_null(), length) {
        (true, 0) => Some(&[]),
        (true, _) => None,
        (false, _) if length <= isize::MAX as usize => {
            // SAFETY: not null, so it has that many bytes.
            Some(unsafe { core::slice::from_raw_parts(data, length) })
        }
        // No object is that large: the length is wrong.
        (false, _) => None,
    }
}

/// The text; `None` for NULL and for what is not UTF-8.
///
/// # Safety
/// `text` is NULL or ends with NUL, and nobody writes to it during `'a`.
pub(super) unsafe fn text<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, so it ends with NUL.
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}

/// Writes a text with a NUL behind it, cut if there is too little room; its whole length.
///
/// # Safety
/// `out` is NULL or has `size` bytes.
pub(super) unsafe fn write_text(text: &str, out: *mut c_char, size: usize) -> usize {
    if let Some(room) = size.checked_sub(1).filter(|_| !out.is_null()) {
        // Not in the middle of a character.
        let mut length = room.min(text.len());
        while !text.is_char_boundary(length) {
            length -= 1;
        }
        // SAFETY: `length` and a NUL fit into `size` bytes, and a text of ours is not there.
        unsafe {
            out.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), length);
            out.add(length).write(0);
        }
    }
    text.len()
}

/// The text in an array, with a NUL behind it, cut if there is too little room.
pub(super) fn array<const N: usize>(text: &str) -> [c_char; N] {
    let mut out = [0; N];
    // SAFETY: an array with its size.
    unsafe { write_text(text, out.as_mut_ptr(), N) };
    out
}

/// Reads as much of a struct as the caller knows of; what it does not know of is as in `defaults`.
/// The caller's `size` comes first in the struct. `None` for a size that cannot be.
///
/// # Safety
/// `given` has as many bytes as its first field says, each valid for its field.
pub(super) unsafe fn read_sized<T: Copy>(given: *const T, least: usize, defaults: T) -> Option<T> {
    // SAFETY: the size comes first.
    let size = unsafe { given.cast::<usize>().read() };
    if size < least || size > 64 * size_of::<T>() {
        return None;
    }
    let mut value = defaults;
    // SAFETY: both have this many bytes.
    unsafe {
        let bytes = (&raw mut value).cast::<u8>();
        bytes.copy_from_nonoverlapping(given.cast(), size.min(size_of::<T>()));
    }
    Some(value)
}

/// As `poll(2)` takes it: milliseconds, rounded up; -1 for as long as it takes.
pub(super) fn milliseconds(wait: Option<Duration>) -> i32 {
    let Some(wait) = wait else { return -1 };
    i32::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}

/// The other way round; anything negative is for as long as it takes.
pub(super) fn duration(milliseconds: i32) -> Option<Duration> {
    u64::try_from(milliseconds).ok().map(Duration::from_millis)
}

/// The name of an error.
pub(super) fn name(names: &[&'static CStr], error: u32) -> *const c_char {
    names.get(error as usize).unwrap_or(&c"unknown").as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::error::{Toxlink_Err_New, Toxlink_Err_Send};
    use crate::api::options::Toxlink_Log_Level;
    use crate::ffi::handle::Handle;
    use core::ffi::c_void;
    use std::rc::Rc;

    #[test]
    fn texts_are_cut_at_characters_and_always_end() {
        let mut out = [1; 4];
        // SAFETY: arrays with their sizes.
        unsafe {
            assert_eq!(write_text("abc", out.as_mut_ptr(), 4), 3);
            assert_eq!(out, [97, 98, 99, 0]);
            assert_eq!(write_text("a\u{e9}\u{e9}", out.as_mut_ptr(), 3), 5);
            assert_eq!(&out[..2], [97, 0]);
            assert_eq!(write_text("abc", core::ptr::null_mut(), 0), 3);
            assert_eq!(write_text("abc", out.as_mut_ptr(), 0), 3);
        }
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Sized {
        size: usize,
        a: u64,
        b: u64,
    }

    #[test]
    fn shorter_and_longer_structs() {
        let defaults = Sized { size: 24, a: 1, b: 2 };
        let short = Sized { size: 16, a: 7, b: 9 };
        let long = [32usize, 5, 6, 8];
        // SAFETY: structs with their sizes.
        unsafe {
            assert_eq!(read_sized(&raw const short, 16, defaults), Some(Sized { b: 2, ..short }));
            let read = read_sized(long.as_ptr().cast(), 16, defaults);
            assert_eq!(read, Some(Sized { size: 32, a: 5, b: 6 }));
            let none = Sized { size: 8, ..short };
            assert_eq!(read_sized(&raw const none, 16, defaults), None);
            let wild = Sized { size: usize::MAX, ..short };
            assert_eq!(read_sized(&raw const wild, 16, defaults), None);
            let mut out = [u64::MAX; 4];
            assert!(write_sized(out.as_mut_ptr().cast(), 32, &defaults).is_some());
            assert_eq!(out, [24, 1, 2, 0]);
            assert!(write_sized(out.as_mut_ptr().cast(), 8, &Sized { size: 8, ..short }).is_some());
            assert_eq!(out, [8, 1, 2, 0]);
        }
    }

    struct Probe {
        handle: Handle<()>,
        log: Log,
        _alive: Rc<()>,
    }

    impl Object for Probe {
        type State = ();

        fn handle(&self) -> &Handle<()> {
            &self.handle
        }
    }

    impl Logs for Probe {
        fn log(&self) -> &Log {
            &self.log
        }
    }

    unsafe extern "C" fn count_line(_: Toxlink_Log_Level, line: *const c_char, count: *mut c_void) {
        // SAFETY: a line of the log, and the number below.
        unsafe {
            assert!(CStr::from_ptr(line).to_str().unwrap().starts_with("a defect of toxlink"));
            *count.cast::<u32>() += 1;
        }
    }

    #[test]
    fn after_a_panic_the_object_is_given_up_and_can_be_freed() {
        panics::install();
        let mut lines = 0_u32;
        let log = Log::new(Some(count_line), (&raw mut lines).cast(), 0).unwrap();
        let alive = Rc::new(());
        let handle = Handle::new(());
        let object = handle::into_raw(Probe { handle, log, _alive: alive.clone() });
        let mut error = Toxlink_Err_Send::Ok;
        // SAFETY: an object that is freed at the end, and a place for errors.
        unsafe {
            assert_eq!(enter(object, &raw mut error, 0, |_| Ok(1)), 1);
            assert_eq!(error, Toxlink_Err_Send::Ok);
            assert_eq!(enter(object, &raw mut error, 0, |_| panic!("a defect")), 0);
            assert_eq!((error, lines), (Toxlink_Err_Send::Internal, 1));
            error = Toxlink_Err_Send::Ok;
            assert_eq!(enter(object, &raw mut error, 0, |_| unreachable!("it is given up")), 0);
            assert_eq!((error, lines), (Toxlink_Err_Send::Internal, 1), "told once");
            assert_eq!(look(object, 5, |_| unreachable!("it is given up")), 5);
            assert_eq!(enter(object, core::ptr::null_mut::<Toxlink_Err_Send>(), 0, |_| Ok(1)), 0);
            assert_eq!(Rc::strong_count(&alive), 2);
            kill(object);
        }
        assert_eq!(Rc::strong_count(&alive), 1);
    }

    #[test]
    fn a_panic_without_an_object_is_told() {
        panics::install();
        let mut error = Toxlink_Err_New::Ok;
        // SAFETY: a place for errors.
        let value = unsafe { run(&raw mut error, 0, || panic!("a defect")) };
        assert_eq!((value, error), (0, Toxlink_Err_New::Internal));
    }

    #[test]
    fn waits_are_rounded_up_so_that_nobody_wakes_too_early() {
        assert_eq!(milliseconds(None), -1);
        assert_eq!(milliseconds(Some(Duration::ZERO)), 0);
        assert_eq!(milliseconds(Some(Duration::from_nanos(1))), 1);
        assert_eq!(milliseconds(Some(Duration::MAX)), i32::MAX);
        assert_eq!(duration(-5), None);
        assert_eq!(duration(5), Some(Duration::from_millis(5)));
    }
}
