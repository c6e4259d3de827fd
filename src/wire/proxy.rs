// SPDX-License-Identifier: GPL-3.0-or-later
//! What a client says to an HTTP or SOCKS5 proxy, and what it hears.

use core::net::SocketAddr;

use super::address::Target;
use super::cursor::Reader;

mod credentials;

pub use self::credentials::{Credentials, CredentialsError, MAX_CREDENTIAL_SIZE};

/// Longest header of an HTTP reply, in bytes; a proxy that sends more is given up.
pub const MAX_HTTP_HEADER_SIZE: usize = 16 * 1024;

/// The SOCKS5 greeting: version 5, one method, "no authentication".
pub const SOCKS5_GREETING: [u8; 3] = [5, 1, 0];

/// The SOCKS5 greeting of who has credentials: version 5, two methods, "no authentication" and
/// "user name and password".
pub const SOCKS5_GREETING_PASSWORD: [u8; 4] = [5, 2, 0, SOCKS5_METHOD_PASSWORD];

/// The SOCKS5 method "user name and password" (RFC 1929).
pub const SOCKS5_METHOD_PASSWORD: u8 = 2;

/// What a proxy's bytes amount to so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Too little to tell; nothing of it may be dropped.
    Partial,
    /// The proxy agrees; that many bytes were its answer, the next belong to the relay.
    Granted(usize),
    /// The proxy refuses.
    Refused(Refusal),
}

/// Why a proxy refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An HTTP status other than 2xx.
    HttpStatus(u16),
    /// The reply is not one of the protocol.
    Malformed,
    /// No SOCKS5 method that we offer; carries the one it wants (255 = none).
    SocksMethod(u8),
    /// A SOCKS5 reply code other than 0.
    SocksReply(u8),
    /// A SOCKS5 proxy does not know this user, or the password is wrong.
    SocksPassword,
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::HttpStatus(status) => write!(f, "HTTP proxy answered with status {status}"),
            Self::Malformed => f.write_str("proxy sent a malformed reply"),
            Self::SocksMethod(255) => f.write_str("SOCKS5 proxy accepts no method that we offer"),
            Self::SocksMethod(method) => write!(f, "SOCKS5 proxy wants method {method}"),
            Self::SocksPassword => f.write_str("SOCKS5 proxy refused user name or password"),
            Self::SocksReply(code) => {
                let text = match code {
                    1 => "general failure",
                    2 => "not allowed by its rules",
                    3 => "network unreachable",
                    4 => "host unreachable",
                    5 => "connection refused",
                    6 => "time to live expired",
                    7 => "command not supported",
                    8 => "address type not supported",
                    _ => "unknown failure",
                };
                write!(f, "SOCKS5 proxy answered with code {code} ({text})")
            }
        }
    }
}

/// The HTTP request that asks for a tunnel to `target`.
///
/// # Shape
/// ```text
/// CONNECT 192.0.2.7:33445 HTTP/1.1<CR><LF>
/// Host: 192.0.2.7:33445<CR><LF>
/// Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==<CR><LF>
/// <CR><LF>
/// ```
/// The third line only with credentials. IPv6 addresses stand in brackets, as RFC 9110 section
/// 9.3.6 asks.
#[must_use]
pub fn http_connect(target: &Target, credentials: Option<&Credentials>) -> Vec<u8> {
    const AUTHORIZATION: &[u8] = b"Proxy-Authorization: Basic ";
    let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    let Some(credentials) = credentials else { return (head + "\r\n").into_bytes() };
    // All at once: a vector that grows would leave a copy of the password behind.
    let size = head.len() + AUTHORIZATION.len() + credentials.basic_size() + 4;
    let mut request = Vec::with_capacity(size);
    request.extend_from_slice(head.as_bytes());
    request.extend_from_slice(AUTHORIZATION);
    credentials.put_basic(&mut request);
    request.extend_from_slice(b"\r\n\r\n");
    request
}

/// Judges the beginning of an HTTP reply by its status line and reads its header to the end.
///
/// The status line is `HTTP/1.<digit> <three digits>` and ends there or at a space. The header ends
/// with an empty line; lines end in CR LF or LF. A refusal is told as soon as the status is known.
#[must_use]
pub fn http_reply(bytes: &[u8]) -> Reply {
    let status = match http_status(bytes) {
        Ok(Some(status)) => status,
        Ok(None) => return Reply::Partial,
        Err(refusal) => return Reply::Refused(refusal),
    };
    if !(200..300).contains(&status) {
        return Reply::Refused(Refusal::HttpStatus(status));
    }
    match header_end(bytes) {
        Some(end) => Reply::Granted(end),
        None if bytes.len() >= MAX_HTTP_HEADER_SIZE => Reply::Refused(Refusal::Malformed),
        None => Reply::Partial,
    }
}

/// What the answer to a SOCKS5 greeting amounts to so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Too little to tell.
    Partial,
    /// The proxy asks for nothing; its answer had two bytes.
    Open,
    /// The proxy asks for [`socks5_password`]; its answer had two bytes.
    Password,
    /// The proxy refuses.
    Refused(Refusal),
}

/// Length of the answer to a SOCKS5 greeting, in bytes.
pub const SOCKS5_METHOD_REPLY_SIZE: usize = 2;

/// Judges the answer to [`SOCKS5_GREETING`], or to [`SOCKS5_GREETING_PASSWORD`] if we have
/// `offered_password`.
///
/// # Shape
/// `[5][method: 1]`
#[must_use]
pub fn socks5_method_reply(bytes: &[u8], offered_password: bool) -> Method {
    match bytes {
        [] | [5] => Method::Partial,
        [5, 0, ..] => Method::Open,
        [5, SOCKS5_METHOD_PASSWORD, ..] if offered_password => Method::Password,
        [5, method, ..] => Method::Refused(Refusal::SocksMethod(*method)),
        _ => Method::Refused(Refusal::Malformed),
    }
}

/// The SOCKS5 request of the password step.
///
/// # Shape
/// `[1][length: 1][user][length: 1][password]`
///
/// # Source
/// RFC 1929 section 2
#[must_use]
pub fn socks5_password(credentials: &Credentials) -> Vec<u8> {
    credentials.socks5_request()
}

/// Judges the answer to [`socks5_password`].
///
/// # Shape
/// `[1][status: 1]`, status 0 for success. Some proxies put the version of SOCKS, 5, in front.
#[must_use]
pub fn socks5_password_reply(bytes: &[u8]) -> Reply {
    match bytes {
        [] | [1 | 5] => Reply::Partial,
        [1 | 5, 0, ..] => Reply::Granted(2),
        [1 | 5, ..] => Reply::Refused(Refusal::SocksPassword),
        _ => Reply::Refused(Refusal::Malformed),
    }
}

/// The SOCKS5 request for a connection to `target`.
///
/// # Shape
/// `[5][1][0][1][address: 4][port: 2]`, `[5][1][0][4][address: 16][port: 2]` or
/// `[5][1][0][3][length: 1][name][port: 2]`
#[must_use]
pub fn socks5_connect(target: &Target) -> Vec<u8> {
    let mut request = vec![5, 1, 0];
    match target {
        Target::Address(SocketAddr::V4(address)) => {
            request.push(1);
            request.extend_from_slice(&address.ip().octets());
        }
        Target::Address(SocketAddr::V6(address)) => {
            request.push(4);
            request.extend_from_slice(&address.ip().octets());
        }
        Target::Name(name, _) => {
            // A host name has no more than 255 bytes.
            request.extend([3, name.as_str().len() as u8]);
            request.extend_from_slice(name.as_str().as_bytes());
        }
    }
    request.extend_from_slice(&target.port().to_be_bytes());
    request
}

/// Judges the answer to [`socks5_connect`]; its length follows from its own address type.
///
/// # Shape
/// `[5][code: 1][reserved: 1][type: 1][address][port: 2]`; address: 4 bytes for type 1, 16 for
/// type 4, `[length: 1][name]` for type 3.
#[must_use]
pub fn socks5_connect_reply(bytes: &[u8]) -> Reply {
    match bytes {
        [] | [5] => return Reply::Partial,
        [5, 0, ..] => {}
        [5, code, ..] => return Reply::Refused(Refusal::SocksReply(*code)),
        _ => return Reply::Refused(Refusal::Malformed),
    }
    let length = match bytes.get(3..) {
        Some([1, ..]) => 4 + 4 + 2,
        Some([4, ..]) => 4 + 16 + 2,
        Some([3, name, ..]) => 4 + 1 + usize::from(*name) + 2,
        None | Some([] | [3]) => return Reply::Partial,
        Some(_) => return Reply::Refused(Refusal::Malformed),
    };
    if bytes.len() < length { Reply::Partial } else { Reply::Granted(length) }
}

/// The three digits of a status line, `None` while they have not all come.
fn http_status(bytes: &[u8]) -> Result<Option<u16>, Refusal> {
    const SHAPE: &[u8] = b"HTTP/1.d ddd";
    let mut status = 0;
    let mut reader = Reader::new(bytes);
    for (position, want) in SHAPE.iter().enumerate() {
        let Some(byte) = reader.u8() else { return Ok(None) };
        match want {
            b'd' if byte.is_ascii_digit() => {
                if position > 8 {
                    status = status * 10 + u16::from(byte - b'0');
                }
            }
            b'd' => return Err(Refusal::Malformed),
            _ if byte == *want => {}
            _ => return Err(Refusal::Malformed),
        }
    }
    match reader.u8() {
        None => Ok(None),
        Some(b' ' | b'\r' | b'\n') => Ok(Some(status)),
        Some(_) => Err(Refusal::Malformed),
    }
}

/// The position behind the empty line that ends a header.
fn header_end(bytes: &[u8]) -> Option<usize> {
    let mut line_length = 0;
    for (position, byte) in bytes.iter().enumerate().take(MAX_HTTP_HEADER_SIZE) {
        match byte {
            b'\n' if line_length == 0 => return Some(position + 1),
            b'\n' => line_length = 0,
            b'\r' => {}
            _ => line_length += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_requests() {
        let connect = |host: &str, port, credentials: Option<&Credentials>| {
            http_connect(&Target::from_host(host, port).unwrap(), credentials)
        };
        let ip4 = connect("192.0.2.7", 33445, None);
        assert_eq!(ip4, b"CONNECT 192.0.2.7:33445 HTTP/1.1\r\nHost: 192.0.2.7:33445\r\n\r\n");
        let ip6 = connect("2001:db8::1", 443, None);
        assert!(ip6.starts_with(b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\n"));
        let credentials = Credentials::new("Aladdin", "open sesame").unwrap();
        let named = connect("tox.example.org", 443, Some(&credentials));
        let wanted = "CONNECT tox.example.org:443 HTTP/1.1\r\nHost: tox.example.org:443\r\n\
            Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
        assert_eq!(named, wanted.as_bytes());
        assert_eq!(named.capacity(), named.len(), "it did not grow, so no copy stays behind");
    }

    #[test]
    fn http_replies_are_judged_by_status_line_at_every_split() {
        let reply = b"HTTP/1.0 200 Connection established\r\nX: 407\r\n\r\nrelay bytes";
        let end = reply.len() - b"relay bytes".len();
        for length in 0..end {
            assert_eq!(http_reply(&reply[..length]), Reply::Partial, "length {length}");
        }
        assert_eq!(http_reply(reply), Reply::Granted(end));
        assert_eq!(http_reply(b"HTTP/1.1 200\n\n"), Reply::Granted(14));
    }

    #[test]
    fn http_refusals_are_told_at_once() {
        let refused = |status| Reply::Refused(Refusal::HttpStatus(status));
        assert_eq!(http_reply(b"HTTP/1.1 407 "), refused(407));
        assert_eq!(http_reply(b"HTTP/1.1 407 X\r\nY: 200\r\n\r\n"), refused(407));
        assert_eq!(http_reply(b"HTTP/1.1 100 "), refused(100));
        for junk in [
            &b"xxxx200"[..],
            b"HTTP/2 200 ",
            b"HTTP/1.1 20x ",
            b"HTTP/1.1 2000",
            b"HTTP/1.d 200 ",
            b"HTTP/1.1 2d0 ",
        ] {
            assert_eq!(http_reply(junk), Reply::Refused(Refusal::Malformed));
        }
        let mut endless = b"HTTP/1.1 200 OK\r\n".to_vec();
        endless.resize(MAX_HTTP_HEADER_SIZE, b'x');
        assert_eq!(http_reply(&endless), Reply::Refused(Refusal::Malformed));
    }

    #[test]
    fn socks5_method() {
        for offered in [false, true] {
            let reply = |bytes: &[u8]| socks5_method_reply(bytes, offered);
            let refused = |method| Method::Refused(Refusal::SocksMethod(method));
            assert_eq!(reply(&[]), Method::Partial);
            assert_eq!(reply(&[5]), Method::Partial);
            assert_eq!(reply(&[5, 0]), Method::Open);
            assert_eq!(reply(&[5, 0, 5]), Method::Open);
            assert_eq!(reply(&[5, 1]), refused(1));
            assert_eq!(reply(&[5, 255]), refused(255));
            assert_eq!(reply(&[4, 0]), Method::Refused(Refusal::Malformed));
            assert_eq!(reply(&[4]), Method::Refused(Refusal::Malformed));
            let password = if offered { Method::Password } else { refused(2) };
            assert_eq!(reply(&[5, 2]), password);
        }
    }

    #[test]
    fn socks5_passwords() {
        let credentials = Credentials::new("user", "secret").unwrap();
        let request = socks5_password(&credentials);
        assert_eq!(request, b"\x01\x04user\x06secret");
        assert_eq!(request.capacity(), request.len(), "it did not grow, so no copy stays behind");
        let empty = Credentials::new("u", "").unwrap();
        assert_eq!(socks5_password(&empty), [1, 1, b'u', 0]);
        assert_eq!(socks5_password_reply(&[]), Reply::Partial);
        assert_eq!(socks5_password_reply(&[1]), Reply::Partial);
        assert_eq!(socks5_password_reply(&[1, 0]), Reply::Granted(2));
        assert_eq!(socks5_password_reply(&[1, 0, 5]), Reply::Granted(2));
        assert_eq!(socks5_password_reply(&[5, 0]), Reply::Granted(2));
        for status in 1..=255 {
            let refused = Reply::Refused(Refusal::SocksPassword);
            assert_eq!(socks5_password_reply(&[1, status]), refused);
        }
        for version in [0, 2, 4] {
            let refused = Reply::Refused(Refusal::Malformed);
            assert_eq!(socks5_password_reply(&[version]), refused);
            assert_eq!(socks5_password_reply(&[version, 0]), refused);
        }
        let text = Refusal::SocksPassword.to_string();
        assert_eq!(text, "SOCKS5 proxy refused user name or password");
    }

    #[test]
    fn socks5_requests() {
        let connect = |host: &str, port| socks5_connect(&Target::from_host(host, port).unwrap());
        let ip4 = connect("192.0.2.7", 33445);
        assert_eq!(ip4, [5, 1, 0, 1, 192, 0, 2, 7, 0x82, 0xa5]);
        let ip6 = connect("::1", 443);
        assert_eq!(ip6.len(), 22);
        assert_eq!(ip6[..4], [5, 1, 0, 4]);
        assert_eq!(connect("a.b", 443), [5, 1, 0, 3, 3, b'a', b'.', b'b', 1, 0xbb]);
        let longest = connect(&"n".repeat(255), 443);
        assert_eq!((longest.len(), longest[4]), (5 + 255 + 2, 255));
    }

    #[test]
    fn socks5_replies_of_every_address_type_at_every_split() {
        let reply = |kind: &[u8], address: usize| {
            let mut bytes = [&[5, 0, 0][..], kind].concat();
            bytes.resize(bytes.len() + address + 2, 9);
            bytes
        };
        for whole in [reply(&[1], 4), reply(&[4], 16), reply(&[3, 0], 0), reply(&[3, 255], 255)] {
            for length in 0..whole.len() {
                assert_eq!(socks5_connect_reply(&whole[..length]), Reply::Partial);
            }
            let end = whole.len();
            assert_eq!(socks5_connect_reply(&[&whole[..], b"relay"].concat()), Reply::Granted(end));
        }
        assert_eq!(socks5_connect_reply(&[5, 5]), Reply::Refused(Refusal::SocksReply(5)));
        assert_eq!(socks5_connect_reply(&[5, 0, 0, 2]), Reply::Refused(Refusal::Malformed));
    }
}
