// SPDX-License-Identifier: GPL-3.0-or-later
//! User name and password for a proxy.

use zeroize::Zeroize;

/// Longest user name and longest password in bytes: SOCKS5 counts them in one byte.
pub const MAX_CREDENTIAL_SIZE: usize = 255;

/// A user name and a password, wiped on drop and never printed.
pub struct Credentials {
    user: Box<[u8]>,
    password: Box<[u8]>,
}

/// Why a user name or password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialsError {
    /// The user name is empty.
    NoUser,
    /// The user name is longer than [`MAX_CREDENTIAL_SIZE`]; carries its bytes.
    UserLength(usize),
    /// The password is longer than [`MAX_CREDENTIAL_SIZE`]; carries its bytes.
    PasswordLength(usize),
    /// There is a control character in one of them.
    ControlCharacter,
    /// There is a colon in the user name, and for HTTP that ends the name.
    ColonInUser,
}

impl core::fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoUser => f.write_str("proxy user name is empty"),
            Self::UserLength(length) => write!(f, "proxy user name has {length} bytes"),
            Self::PasswordLength(length) => write!(f, "proxy password has {length} bytes"),
            Self::ControlCharacter => {
                f.write_str("control character in proxy user name or password")
            }
            Self::ColonInUser => f.write_str("colon in user name for an HTTP proxy"),
        }
    }
}

impl core::error::Error for CredentialsError {}

impl Credentials {
    /// Both as UTF-8: a user name of 1 to 255 bytes and a password of 0 to 255.
    ///
    /// An empty password is taken, though RFC 1929 asks for a byte at least: some proxies know
    /// their users by a long name alone, and the HTTP form (RFC 7617) has no such rule.
    ///
    /// # Errors
    /// `NoUser`, `UserLength`, `PasswordLength`, `ControlCharacter`
    pub fn new(user: &str, password: &str) -> Result<Self, CredentialsError> {
        if user.is_empty() {
            return Err(CredentialsError::NoUser);
        }
        if user.len() > MAX_CREDENTIAL_SIZE {
            return Err(CredentialsError::UserLength(user.len()));
        }
        if password.len() > MAX_CREDENTIAL_SIZE {
            return Err(CredentialsError::PasswordLength(password.len()));
        }
        if user.chars().chain(password.chars()).any(char::is_control) {
            return Err(CredentialsError::ControlCharacter);
        }
        Ok(Self { user: user.as_bytes().into(), password: password.as_bytes().into() })
    }

    /// Whether the HTTP form can carry them.
    ///
    /// # Errors
    /// `ColonInUser`
    pub fn check_http(&self) -> Result<(), CredentialsError> {
        if self.user.contains(&b':') { Err(CredentialsError::ColonInUser) } else { Ok(()) }
    }

    /// The request of the password step of SOCKS5.
    ///
    /// # Shape
    /// `[1][length: 1][user][length: 1][password]`
    ///
    /// # Source
    /// RFC 1929 section 2
    pub(super) fn socks5_request(&self) -> Vec<u8> {
        // All at once: a vector that grows would leave a copy behind.
        let mut request = Vec::with_capacity(3 + self.user.len() + self.password.len());
        request.push(1);
        for text in [&self.user, &self.password] {
            // The constructor lets no more than 255 bytes through.
            request.push(text.len() as u8);
            request.extend_from_slice(text);
        }
        request
    }

    /// Bytes that [`Self::put_basic`] appends.
    pub(super) fn basic_size(&self) -> usize {
        (self.user.len() + 1 + self.password.len()).div_ceil(3) * 4
    }

    /// Appends the Base64 form (RFC 4648 section 4) of `user:password`.
    ///
    /// # Source
    /// RFC 7617 section 2
    pub(super) fn put_basic(&self, out: &mut Vec<u8>) {
        let mut bytes = self.user.iter().chain(b":").chain(&self.password).copied();
        while let Some(first) = bytes.next() {
            let (second, third) = (bytes.next(), bytes.next());
            let bits = [first, second.unwrap_or(0), third.unwrap_or(0)];
            let bits = bits.iter().fold(0, |bits, byte| (bits << 8) | u32::from(*byte));
            let digit = |shift: u32| base64_digit((bits >> shift) as u8 % 64);
            out.extend([digit(18), digit(12)]);
            out.push(second.map_or(b'=', |_| digit(6)));
            out.push(third.map_or(b'=', |_| digit(0)));
        }
    }
}

/// The digit of a value below 64.
fn base64_digit(value: u8) -> u8 {
    match value {
        0..26 => b'A' + value,
        26..52 => b'a' + (value - 26),
        52..62 => b'0' + (value - 52),
        62 => b'+',
        _ => b'/',
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        self.user.as_mut().zeroize();
        self.password.as_mut().zeroize();
    }
}

impl core::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Credentials")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(user: &str, password: &str) -> String {
        let credentials = Credentials::new(user, password).unwrap();
        let mut out = Vec::new();
        credentials.put_basic(&mut out);
        assert_eq!(out.len(), credentials.basic_size());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_no_proxy_protocol_can_carry_is_refused() {
        let refused = |user: &str, password: &str| Credentials::new(user, password).unwrap_err();
        assert_eq!(refused("", "x"), CredentialsError::NoUser);
        assert_eq!(refused(&"u".repeat(256), "x"), CredentialsError::UserLength(256));
        assert_eq!(refused("u", &"p".repeat(256)), CredentialsError::PasswordLength(256));
        for control in ["\0", "\r\n", "\u{7f}", "\u{85}", "\t"] {
            let text = format!("a{control}b");
            assert_eq!(refused(&text, "x"), CredentialsError::ControlCharacter);
            assert_eq!(refused("u", &text), CredentialsError::ControlCharacter);
        }
        assert!(Credentials::new(&"u".repeat(255), &"p".repeat(255)).is_ok());
        assert!(Credentials::new("u ü", "").is_ok());
    }

    #[test]
    fn only_http_cannot_carry_a_colon_in_the_user_name() {
        let check = |user: &str| Credentials::new(user, "a:b").unwrap().check_http();
        assert_eq!(check("a:b"), Err(CredentialsError::ColonInUser));
        assert_eq!(check("ab"), Ok(()));
    }

    #[test]
    fn base64_with_each_padding() {
        // The example of RFC 7617 section 2, and of each length with `base64` of coreutils.
        assert_eq!(basic("Aladdin", "open sesame"), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(basic("u", ""), "dTo=");
        assert_eq!(basic("u", "p"), "dTpw");
        assert_eq!(basic("u", "pq"), "dTpwcQ==");
        assert_eq!(basic("ÿ", "~~~?>"), "w786fn5+Pz4=");
        assert_eq!(basic(&"u".repeat(255), &"p".repeat(255)).len(), 684);
    }

    #[test]
    fn longest_socks5_request() {
        let longest = Credentials::new(&"u".repeat(255), &"p".repeat(255)).unwrap();
        let request = longest.socks5_request();
        assert_eq!((request.len(), request[1], request[257]), (513, 255, 255));
    }

    #[test]
    fn nothing_of_them_is_printed() {
        let printed = format!("{:?}", Credentials::new("someone", "secret").unwrap());
        assert_eq!(printed, "Credentials");
    }
}
