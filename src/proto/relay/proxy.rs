// SPDX-License-Identifier: GPL-3.0-or-later
//! The steps before the handshake: what is sent to a proxy, and where its answer leads.

use std::sync::Arc;

use super::state::Status;
use crate::wire::address::Target;
use crate::wire::proxy::{self, Credentials, CredentialsError, Method, Refusal, Reply};

/// The kinds of proxies, with the numbers of `TCP_Proxy_Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP CONNECT.
    Http,
    /// SOCKS5.
    Socks5,
}

/// How to talk to a proxy.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Its protocol.
    pub kind: ProxyKind,
    /// Our name there; `None` if it knows no users.
    pub credentials: Option<Arc<Credentials>>,
}

impl Proxy {
    /// A proxy that knows us under a name, or nobody.
    ///
    /// # Errors
    /// `ColonInUser`, for HTTP only.
    pub fn new(
        kind: ProxyKind,
        credentials: Option<Credentials>,
    ) -> Result<Self, CredentialsError> {
        if let (ProxyKind::Http, Some(credentials)) = (kind, &credentials) {
            credentials.check_http()?;
        }
        Ok(Self { kind, credentials: credentials.map(Arc::new) })
    }
}

impl From<ProxyKind> for Proxy {
    /// A proxy that knows no users.
    fn from(kind: ProxyKind) -> Self {
        Self { kind, credentials: None }
    }
}

/// What we want of a proxy, until it has agreed.
#[derive(Debug)]
pub(super) struct Dialogue {
    target: Target,
    login: Login,
}

/// The password step of SOCKS5, of which toxcore's states know nothing: it is a part of
/// [`Status::ProxySocks5Connecting`].
#[derive(Debug)]
enum Login {
    /// We have nothing to offer.
    None,
    /// The proxy may ask for this.
    Offered(Arc<Credentials>),
    /// It has asked; its verdict is awaited.
    Sent,
}

/// What the proxy's bytes lead to.
#[derive(Debug)]
pub(super) enum Heard {
    /// More bytes are needed.
    Partial,
    /// That many bytes were an answer; on it follow a state and a message.
    Answer(usize, Status, Vec<u8>),
    /// That many bytes were the last answer: the next belong to the relay.
    Granted(usize),
    /// The proxy refuses.
    Refused(Refusal),
}

impl Dialogue {
    /// The state in which the proxy's first answer is awaited, and what is said to get it.
    pub(super) fn open(proxy: Proxy, target: Target) -> (Self, Status, Vec<u8>) {
        let Proxy { kind, credentials } = proxy;
        match kind {
            ProxyKind::Http => {
                let request = proxy::http_connect(&target, credentials.as_deref());
                (Self { target, login: Login::None }, Status::ProxyHttpConnecting, request)
            }
            ProxyKind::Socks5 => {
                let (login, greeting) = match credentials {
                    None => (Login::None, proxy::SOCKS5_GREETING.to_vec()),
                    Some(credentials) => {
                        (Login::Offered(credentials), proxy::SOCKS5_GREETING_PASSWORD.to_vec())
                    }
                };
                (Self { target, login }, Status::ProxySocks5Connecting, greeting)
            }
        }
    }

    /// Judges the proxy's bytes in a proxy state; in any other they are not the proxy's.
    pub(super) fn hear(&mut self, status: Status, bytes: &[u8]) -> Heard {
        let reply = match status {
            Status::ProxyHttpConnecting => proxy::http_reply(bytes),
            Status::ProxySocks5Connecting => return self.hear_greeting(bytes),
            Status::ProxySocks5Unconfirmed => proxy::socks5_connect_reply(bytes),
            Status::Connecting | Status::Unconfirmed | Status::Confirmed | Status::Disconnected => {
                Reply::Partial
            }
        };
        match reply {
            Reply::Partial => Heard::Partial,
            Reply::Granted(length) => Heard::Granted(length),
            Reply::Refused(refusal) => Heard::Refused(refusal),
        }
    }

    fn hear_greeting(&mut self, bytes: &[u8]) -> Heard {
        if matches!(self.login, Login::Sent) {
            return match proxy::socks5_password_reply(bytes) {
                Reply::Partial => Heard::Partial,
                Reply::Granted(length) => self.ask_for_connection(length),
                Reply::Refused(refusal) => Heard::Refused(refusal),
            };
        }
        let offered = match &self.login {
            Login::Offered(credentials) => Some(credentials),
            Login::None | Login::Sent => None,
        };
        match (proxy::socks5_method_reply(bytes, offered.is_some()), offered) {
            (Method::Partial, _) => Heard::Partial,
            (Method::Open, _) => self.ask_for_connection(proxy::SOCKS5_METHOD_REPLY_SIZE),
            (Method::Password, Some(credentials)) => {
                let request = proxy::socks5_password(credentials);
                self.login = Login::Sent;
                let length = proxy::SOCKS5_METHOD_REPLY_SIZE;
                Heard::Answer(length, Status::ProxySocks5Connecting, request)
            }
            // The wire room does not grant what was not offered.
            (Method::Password, None) => Heard::Refused(Refusal::Malformed),
            (Method::Refused(refusal), _) => Heard::Refused(refusal),
        }
    }

    fn ask_for_connection(&mut self, length: usize) -> Heard {
        self.login = Login::None;
        let request = proxy::socks5_connect(&self.target);
        Heard::Answer(length, Status::ProxySocks5Unconfirmed, request)
    }
}
