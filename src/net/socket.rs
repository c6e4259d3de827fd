// SPDX-License-Identifier: GPL-3.0-or-later
//! Stream sockets of the operating system.
#![allow(unsafe_code)]

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::c_int;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::shell::transport::{Received, Written};

/// A socket that is being connected, or is connected.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: TcpStream,
    /// Something has gone one way or the other.
    was_used: AtomicBool,
    /// The system has said that the other side will send no more.
    is_ending: AtomicBool,
    was_read: AtomicBool,
    /// It took less than it was given, and the system has not said since that there is room.
    is_full: AtomicBool,
}

impl Stream {
    /// Begins to connect; what the socket has to say is told under the token.
    pub(crate) fn connect(
        address: SocketAddr,
        registry: &Registry,
        token: usize,
    ) -> io::Result<Self> {
        let mut socket = TcpStream::connect(address)?;
        registry.register(&mut socket, Token(token), Interest::READABLE | Interest::WRITABLE)?;
        let stream = Self {
            socket,
            was_used: AtomicBool::new(false),
            is_ending: AtomicBool::new(false),
            was_read: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
        };
        // Without it small packets wait for the acknowledgement of those before them.
        stream.set_option(libc::TCP_NODELAY, 1);
        Ok(stream)
    }

    /// Writes some of `bytes`; one thread at a time.
    pub(crate) fn send(&self, bytes: &[u8]) -> Written {
        // Before the system is asked, so that its word of room, heard by another thread, comes after.
        self.is_full.store(true, Ordering::SeqCst);
        let written = match (&self.socket).write(bytes) {
            Ok(count) => {
                self.was_used.store(true, Ordering::Relaxed);
                Written::Bytes(count)
            }
            Err(error) if is_temporary(&error) => Written::Bytes(0),
            Err(error) => Written::Failed(errno(&error)),
        };
        if !matches!(written, Written::Bytes(count) if count < bytes.len()) {
            self.is_full.store(false, Ordering::SeqCst);
        }
        written
    }

    /// The system has said that there is room.
    pub(crate) fn note_room(&self) {
        self.is_full.store(false, Ordering::SeqCst);
    }

    /// Whether the system will say when there is room.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::SeqCst)
    }

    /// Reads into `room`.
    pub(crate) fn receive(&self, room: &mut [u8]) -> Received {
        self.was_read.store(true, Ordering::Relaxed);
        match (&self.socket).read(room) {
            Ok(0) => Received::Closed,
            Ok(count) => {
                self.was_used.store(true, Ordering::Relaxed);
                Received::Bytes(count)
            }
            Err(error) if is_temporary(&error) => Received::Empty,
            Err(error) => Received::Failed(errno(&error)),
        }
    }

    /// Acknowledges what was read without the usual delay: a relay that keeps small packets back
    /// until the last one is acknowledged (Nagle) goes on at once.
    pub(crate) fn acknowledge(&self) {
        #[cfg(target_os = "linux")]
        self.set_option(libc::TCP_QUICKACK, 1);
    }

    /// Has the socket count as full once this many bytes wait in the system unsent. What waits for a
    /// relay that has stopped reading is lost with it; another relay could have carried it.
    pub(crate) fn limit_unsent(&self, bytes: c_int) {
        #[cfg(target_os = "linux")]
        self.set_option(libc::TCP_NOTSENT_LOWAT, bytes);
    }

    /// The system has said that the other side will send no more.
    pub(crate) fn note_end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    /// Whether the end of the stream is still to be read, although the system says nothing any more:
    /// it tells of it once, and whoever reads less than there is room for does not ask again. Only
    /// after a read, so that nobody is kept busy by a stream that is not read now.
    pub(crate) fn has_end_to_read(&self) -> bool {
        self.is_ending.load(Ordering::Relaxed) && self.was_read.swap(false, Ordering::Relaxed)
    }

    /// Whether nothing has gone either way, so that another socket can take its place.
    pub(crate) fn is_unused(&self) -> bool {
        !self.was_used.load(Ordering::Relaxed)
    }

    fn set_option(&self, option: c_int, value: c_int) {
        // SAFETY: an open descriptor and a value of the size given. Failure changes nothing but
        // latency.
        unsafe {
            libc::setsockopt(
                self.socket.as_raw_fd(),
                libc::IPPROTO_TCP,
                option,
                (&raw const value).cast(),
                size_of::<c_int>() as libc::socklen_t,
            );
        }
    }
}

/// Not now, but perhaps later. A socket that is still being connected counts as full and empty.
fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::NotConnected)
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}
