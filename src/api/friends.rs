// SPDX-License-Identifier: GPL-3.0-or-later
//! `Toxlink_Friends`: friends over neighbours that the program supplies. What belongs to it is in the
//! files `friends_`.

use core::ffi::c_void;

use super::entry::{Logs, enter, look, milliseconds, run};
use super::error::{Toxlink_Err_Iterate, Toxlink_Err_New};
use super::friends_callbacks::{Callbacks, Listener};
use super::friends_neighbours::Toxlink_Neighbours;
use super::friends_table::Table;
use super::options::{Log, toxlink_log_cb};
use super::panics::Inside;
use crate::ffi::fence::fence;
use crate::ffi::handle::{self, Call, Handle, Object};
use crate::net::friends::Friends;

/// Friends, and the connections to them, over an onion client, a DHT and encrypted connections that
/// the program supplies. Made by toxlink_friends_new(), freed by toxlink_friends_kill().
///
/// It has no sockets and no thread; it works while one of its functions is called. It may be used
/// from any thread. Nothing is locked while a function of the program runs: neighbours, callbacks
/// and the log may call everything, also for the same object, and toxlink_friends_kill().
#[derive(Debug)]
pub struct Toxlink_Friends {
    handle: Handle<Callbacks>,
    pub(super) friends: Friends<Table>,
    log: Log,
}

impl Object for Toxlink_Friends {
    type State = Callbacks;

    fn handle(&self) -> &Handle<Callbacks> {
        &self.handle
    }
}

impl Logs for Toxlink_Friends {
    fn log(&self) -> &Log {
        &self.log
    }
}

/// Makes an object without friends: they are to be added, and found and connected over an onion client,
/// a DHT and encrypted connections that the program supplies. Returns NULL on failure; the object is
/// freed with toxlink_friends_kill().
///
/// It has no sockets and no thread: it works while one of its functions is called. It may be used from
/// any thread. Nothing is locked while a function of the program runs: neighbours, callbacks and the
/// log may call everything, also for the same object, and toxlink_friends_kill().
///
/// neighbours is copied; its object has to outlive this one. log_callback may be NULL; it gets
/// log_object with each line, and lines of at least log_level only, a Toxlink_Log_Level. It
/// is called with nothing locked and may call everything.
///
/// Fails with TOXLINK_ERR_NEW_NULL, TOXLINK_ERR_NEW_OPTIONS (neighbours without
/// toxlink_neighbours_init(), or of another version), TOXLINK_ERR_NEW_NEIGHBOURS (a function is
/// NULL that must not be), TOXLINK_ERR_NEW_LOG_LEVEL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_new(
    neighbours: *const Toxlink_Neighbours,
    log_callback: toxlink_log_cb,
    log_object: *mut c_void,
    log_level: u32,
    error: *mut Toxlink_Err_New,
) -> *mut Toxlink_Friends {
    // SAFETY: as promised by the caller.
    unsafe {
        run(error, core::ptr::null_mut(), || {
            let log = Log::new(log_callback, log_object, log_level);
            let log = log.ok_or(Toxlink_Err_New::LogLevel)?;
            let friends = Friends::new(Table::new(neighbours, log)?);
            let handle = Handle::new(Callbacks::default());
            Ok(handle::into_raw(Toxlink_Friends { handle, friends, log }))
        })
    }
}

/// Removes all friends, which gives everything back to the neighbours, and frees the object. NULL
/// does nothing.
///
/// There are no more callbacks. From inside a callback or a neighbour, the object is freed when the
/// outermost call returns; what a neighbour returns after that, a connection for instance, is given
/// back to it at once. No other thread may be inside a call with the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_kill(friends: *mut Toxlink_Friends) {
    let _inside = Inside::new();
    let kill = || {
        // SAFETY: as promised by the caller.
        let Some(object) = (unsafe { Call::enter(friends) }) else { return };
        fence(|| object.friends.close(), || ());
        // SAFETY: alive, because this call is inside.
        unsafe { handle::kill(friends) };
    };
    fence(kill, || ());
}

/// Does what is due: signs of life, lists of relays, attempts to connect, LAN discovery; and finds
/// that friends have fallen silent. To be called when toxlink_friends_wait() is over, or once a
/// second. user_data is handed to the callbacks. Returns false if nothing was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_iterate(
    friends: *mut Toxlink_Friends,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Iterate,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let listener = Listener { object, user_data };
            let done = object.friends.iterate(&listener);
            done.map(|()| true).map_err(|_| Toxlink_Err_Iterate::Busy)
        })
    }
}

/// How many milliseconds toxlink_friends_iterate() has nothing to do, as poll() takes it: 0
/// now, -1 never; -1 for NULL. Each call of another function with the object may change it, so it is
/// to be asked for just before waiting. There is no descriptor to wait for: what happens, the
/// program itself reports.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_wait(friends: *const Toxlink_Friends) -> i32 {
    // SAFETY: as promised by the caller.
    unsafe { look(friends, -1, |object| Some(milliseconds(object.friends.wait()))) }
}
