// SPDX-License-Identifier: GPL-3.0-or-later
//! The steps before the handshake: what is sent to a proxy, and where its answer leads.

use core::net::SocketAddr;

use super::state::Status;
use crate::wire::proxy::{self, Reply};

/// The kinds of proxies, with the numbers of `TCP_Proxy_Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP CONNECT.
    Http,
    /// SOCKS5 without authentication.
    Socks5,
}

impl ProxyKind {
    /// The state in which the proxy's first answer is awaited, and what is said to get it.
    #[must_use]
    pub fn open(self, target: SocketAddr) -> (Status, Vec<u8>) {
        match self {
            Self::Http => (Status::ProxyHttpConnecting, proxy::http_connect(target)),
            Self::Socks5 => (Status::ProxySocks5Connecting, proxy::SOCKS5_GREETING.to_vec()),
        }
    }
}

/// Judges the proxy's bytes in a proxy state; `None` in any other.
#[must_use]
pub fn judge(status: Status, bytes: &[u8]) -> Option<Reply> {
    match status {
        Status::ProxyHttpConnecting => Some(proxy::http_reply(bytes)),
        Status::ProxySocks5Connecting => Some(proxy::socks5_method_reply(bytes)),
        Status::ProxySocks5Unconfirmed => Some(proxy::socks5_connect_reply(bytes)),
        Status::Connecting | Status::Unconfirmed | Status::Confirmed | Status::Disconnected => None,
    }
}
