// SPDX-License-Identifier: GPL-3.0-or-later
//! One system call that tells which sockets have something to say.

use std::sync::Arc;

use super::host_tcp::HostSocket;
use crate::proto::connections::Link;

/// Those of the connections that have something to read, have room again for what waits (`true`),
/// or have failed. `None` if the system does not tell.
pub(super) fn ready(sockets: &[(Link, bool, Arc<HostSocket>)]) -> Option<Vec<Link>> {
    if sockets.is_empty() {
        return Some(Vec::new());
    }
    let mut polled: Vec<libc::pollfd> = sockets
        .iter()
        .map(|(_, writes, socket)| libc::pollfd {
            fd: socket.descriptor(),
            events: libc::POLLIN | if *writes { libc::POLLOUT } else { 0 },
            revents: 0,
        })
        .collect();
    // SAFETY: an array with its length; the sockets are open as long as `sockets` is borrowed. With
    // no time to wait it returns at once.
    let result = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, 0) };
    if result < 0 {
        return None;
    }
    let ready = sockets.iter().zip(&polled).filter(|(_, polled)| polled.revents != 0);
    Some(ready.map(|((link, ..), _)| *link).collect())
}
