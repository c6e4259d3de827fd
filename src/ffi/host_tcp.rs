// SPDX-License-Identifier: GPL-3.0-or-later
//! A stream socket reached through the host's functions.

use core::ffi::c_int;

use super::ctypes::{IP_Port, Socket};
use super::host::{Environment, Log};
use crate::shell::transport::{Received, Written};

/// A socket that is being connected, or is. Closed on drop.
#[derive(Debug)]
pub struct HostSocket {
    env: Environment,
    socket: Socket,
    is_system: bool,
}

// SAFETY: toxcore 0.2.18 calls into one object from two threads, one of them suspended in a callback
// (abi.md section 1.5); its network functions are made for that.
unsafe impl Send for HostSocket {}
// SAFETY: as above.
unsafe impl Sync for HostSocket {}

impl HostSocket {
    /// Opens a socket and starts to connect it to `peer`; `None` if that fails at once.
    ///
    /// # Safety
    /// The pointers in `env` are valid for the life of the socket.
    pub unsafe fn connect(env: Environment, log: Log, peer: &IP_Port) -> Option<Self> {
        // SAFETY: valid by the caller's promise.
        let socket = unsafe { (env.fns.open)(env.ns, peer.family()) }?;
        // SAFETY: as above.
        let is_system = unsafe { (env.fns.is_system_network)(env.ns) };
        let socket = Self { env, socket, is_system };
        socket.set_option(libc::TCP_NODELAY);
        // SAFETY: the logger is null or valid by the promise in `Log`.
        let connected = unsafe { (env.fns.net_connect)(&env, log.as_ptr(), socket.socket, peer) };
        connected.then_some(socket)
    }

    /// The descriptor, which means something to the operating system only if the network is its own.
    #[must_use]
    pub fn descriptor(&self) -> c_int {
        self.socket.sock
    }

    /// Writes some of `bytes`.
    pub fn send(&self, bytes: &[u8]) -> Written {
        clear_errno();
        let Environment { fns, ns, .. } = self.env;
        // SAFETY: network and socket are valid for the life of `self`.
        let result = unsafe { (fns.send)(ns, self.socket, bytes) };
        match usize::try_from(result) {
            Ok(count) => Written::Bytes(count.min(bytes.len())),
            Err(_) => fatal_errno().map_or(Written::Bytes(0), Written::Failed),
        }
    }

    /// Reads into `room`.
    pub fn receive(&self, room: &mut [u8]) -> Received {
        clear_errno();
        let size = room.len();
        let Environment { fns, ns, .. } = self.env;
        // SAFETY: as in `send`.
        let result = unsafe { (fns.recv)(ns, self.socket, room) };
        match usize::try_from(result) {
            Ok(0) => Received::Closed,
            Ok(count) => Received::Bytes(count.min(size)),
            Err(_) => fatal_errno().map_or(Received::Empty, Received::Failed),
        }
    }

    /// Sends the acknowledgement of what was read without the usual delay: a relay that keeps
    /// small packets back until the last one is acknowledged (Nagle) goes on at once.
    pub fn acknowledge(&self) {
        self.set_option(libc::TCP_QUICKACK);
    }

    /// Has the socket count as full once this many bytes wait in the system unsent. What waits for a
    /// relay that has stopped reading is lost with it; another relay could have carried it.
    #[cfg(feature = "tcp-connections")]
    pub fn limit_unsent(&self, bytes: c_int) {
        self.set_option_to(libc::TCP_NOTSENT_LOWAT, bytes);
    }

    /// Sets a TCP option to 1, on sockets of the operating system only: the descriptor of a
    /// simulated network may belong to anything.
    fn set_option(&self, option: c_int) {
        self.set_option_to(option, 1);
    }

    fn set_option_to(&self, option: c_int, value: c_int) {
        if !self.is_system {
            return;
        }
        // SAFETY: an open descriptor and a value of the size given. Failure changes nothing but
        // latency.
        unsafe {
            libc::setsockopt(
                self.socket.sock,
                libc::IPPROTO_TCP,
                option,
                (&raw const value).cast(),
                size_of::<c_int>() as libc::socklen_t,
            );
        }
    }
}

impl Drop for HostSocket {
    fn drop(&mut self) {
        // SAFETY: network and socket are valid until here.
        unsafe { (self.env.fns.kill_sock)(self.env.ns, self.socket) };
    }
}

fn clear_errno() {
    // SAFETY: gives the address of this thread's `errno`.
    unsafe { *libc::__errno_location() = 0 };
}

/// `errno`, if it means that the socket is of no more use. Everything else, also what a simulated
/// network makes up, is like "not now".
fn fatal_errno() -> Option<i32> {
    // SAFETY: as above.
    let errno = unsafe { *libc::__errno_location() };
    matches!(
        errno,
        libc::ECONNREFUSED
            | libc::ECONNRESET
            | libc::ECONNABORTED
            | libc::EPIPE
            | libc::ETIMEDOUT
            | libc::EHOSTUNREACH
            | libc::EHOSTDOWN
            | libc::ENETUNREACH
            | libc::ENETDOWN
            | libc::ENETRESET
            | libc::EACCES
            | libc::EPERM
            | libc::EBADF
            | libc::ENOTSOCK
            | libc::EPROTO
            | libc::EINVAL
    )
    .then_some(errno)
}
