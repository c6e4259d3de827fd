// SPDX-License-Identifier: GPL-3.0-or-later
//! Options of clients and connections.

use core::ffi::{c_char, c_void};
use std::ffi::CString;
use std::sync::Arc;

use super::entry::{read_sized, secret_key, text, write_sized};
use super::error::Toxlink_Err_New;
use super::panics::Outside;
use crate::net::address;
use crate::net::client::Config;
use crate::net::proxy::{Credentials, ProxyConfig, ProxyKind};
use crate::net::random_secret_key;
use crate::net::resolver::SystemResolver;
use crate::proto::relay::note::Level;

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub enum Toxlink_Log_Level {
    /// Per packet.
    Trace,
    /// Decisions.
    Debug,
    /// A connection was made or lost.
    Info,
    /// Something that should not happen, but is dealt with.
    Warning,
    /// Something is broken.
    Error,
}

/// The kinds of proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Proxy_Type {
    /// No proxy.
    None,
    /// HTTP CONNECT, with basic authentication if there is a user name.
    Http,
    /// SOCKS5, with user name and password (RFC 1929) if there is a user name.
    Socks5,
}

/// A line for the log. `message` is UTF-8 without a line break, valid until the function returns;
/// `object` is what was given with the function. It may call every function of the object that logs.
pub type toxlink_log_cb = Option<
    unsafe extern "C" fn(level: Toxlink_Log_Level, message: *const c_char, object: *mut c_void),
>;

/// What clients and connections are made from. To be filled in by toxlink_options_init() first, and
/// then by you. What the pointers lead to is copied by ..._new(); only `log_object` is kept.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Toxlink_Options {
    /// Bytes of this struct, as the program was compiled.
    pub size: usize,
    /// Our secret key, TOXLINK_KEY_SIZE bytes: who we are. NULL for a new one.
    pub secret_key: *const u8,
    /// A Toxlink_Proxy_Type. With a proxy, nothing is connected and no host name is looked up but
    /// through it; only its own name is looked up.
    pub proxy_type: u32,
    /// Where the proxy is, "host:port".
    pub proxy_address: *const c_char,
    /// Our name at the proxy, 1 to 255 bytes, without ':' for HTTP; NULL if it knows no users.
    pub proxy_user: *const c_char,
    /// The password that belongs to the name, 0 to 255 bytes; NULL for none.
    pub proxy_password: *const c_char,
    /// Where lines of the log go, NULL for nowhere. It is called during ..._iterate() and ..._turn(), and
    /// by a function that comes upon a defect of this library.
    pub log_callback: toxlink_log_cb,
    /// Handed to the log callback.
    pub log_object: *mut c_void,
    /// A Toxlink_Log_Level: what matters less is left out.
    pub log_level: u32,
}

const DEFAULTS: Toxlink_Options = Toxlink_Options {
    size: size_of::<Toxlink_Options>(),
    secret_key: core::ptr::null(),
    proxy_type: Toxlink_Proxy_Type::None as u32,
    proxy_address: core::ptr::null(),
    proxy_user: core::ptr::null(),
    proxy_password: core::ptr::null(),
    log_callback: None,
    log_object: core::ptr::null_mut(),
    log_level: Toxlink_Log_Level::Info as u32,
};

/// Fills in the defaults: a new key, no proxy, no log. `size` is sizeof(Toxlink_Options). NULL does
/// nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_options_init(options: *mut Toxlink_Options, size: usize) {
    let defaults = Toxlink_Options { size, ..DEFAULTS };
    // SAFETY: NULL, or as many bytes as the caller says.
    unsafe { write_sized(options, size, &defaults) };
}

/// Where lines of the log go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log {
    callback: toxlink_log_cb,
    object: *mut c_void,
    least: Level,
}

impl Log {
    /// `None` if there is no such level.
    pub(super) fn new(callback: toxlink_log_cb, object: *mut c_void, least: u32) -> Option<Self> {
        let least = match least {
            0 => Level::Trace,
            1 => Level::Debug,
            2 => Level::Info,
            3 => Level::Warning,
            4 => Level::Error,
            _ => return None,
        };
        Some(Self { callback, object, least })
    }

    /// Writes a line, unless it matters too little. Nothing may be borrowed.
    pub(super) fn write(&self, level: Level, message: &dyn core::fmt::Display) {
        let Some(call) = self.callback.filter(|_| level >= self.least) else { return };
        let level = match level {
            Level::Trace => Toxlink_Log_Level::Trace,
            Level::Debug => Toxlink_Log_Level::Debug,
            Level::Info => Toxlink_Log_Level::Info,
            Level::Warning => Toxlink_Log_Level::Warning,
            Level::Error => Toxlink_Log_Level::Error,
        };
        let line = message.to_string().replace(['\0', '\n', '\r'], " ");
        let Ok(line) = CString::new(line) else { return };
        let _outside = Outside::new();
        // SAFETY: C promised a function of this type.
        unsafe { call(level, line.as_ptr(), self.object) };
    }
}

/// Reads the options.
///
/// # Safety
/// `options` is NULL, or as [`Toxlink_Options`] says.
pub(super) unsafe fn read(
    options: *const Toxlink_Options,
) -> Result<(Config, Log), Toxlink_Err_New> {
    let options = if options.is_null() {
        DEFAULTS
    } else {
        let least = core::mem::offset_of!(Toxlink_Options, log_level) + size_of::<u32>();
        // SAFETY: not null, so as many bytes as it says.
        unsafe { read_sized(options, least, DEFAULTS) }.ok_or(Toxlink_Err_New::Options)?
    };
    let log = Log::new(options.log_callback, options.log_object, options.log_level)
        .ok_or(Toxlink_Err_New::LogLevel)?;
    // SAFETY: NULL or a key.
    let secret_key = match unsafe { secret_key(options.secret_key) } {
        Some(key) => key,
        None => random_secret_key().map_err(|_| Toxlink_Err_New::System)?,
    };
    // SAFETY: as promised by the caller.
    let proxy = unsafe { proxy(&options) }?;
    Ok((Config { secret_key, proxy, resolver: Arc::new(SystemResolver) }, log))
}

/// # Safety
/// The texts are NULL or end with NUL.
unsafe fn proxy(options: &Toxlink_Options) -> Result<Option<ProxyConfig>, Toxlink_Err_New> {
    const NONE: u32 = Toxlink_Proxy_Type::None as u32;
    const HTTP: u32 = Toxlink_Proxy_Type::Http as u32;
    const SOCKS5: u32 = Toxlink_Proxy_Type::Socks5 as u32;
    let kind = match options.proxy_type {
        NONE => return Ok(None),
        HTTP => ProxyKind::Http,
        SOCKS5 => ProxyKind::Socks5,
        _ => return Err(Toxlink_Err_New::ProxyType),
    };
    // SAFETY: as promised by the caller.
    let address = unsafe { text(options.proxy_address) };
    let address = address.and_then(|text| address::parse(text).ok());
    let address = address.ok_or(Toxlink_Err_New::ProxyAddress)?;
    let credentials = match (options.proxy_user.is_null(), options.proxy_password.is_null()) {
        (true, true) => None,
        (true, false) => return Err(Toxlink_Err_New::ProxyCredentials),
        (false, no_password) => {
            let password = if no_password { c"".as_ptr() } else { options.proxy_password };
            // SAFETY: as promised by the caller.
            let both = unsafe { text(options.proxy_user).zip(text(password)) };
            let credentials =
                both.and_then(|(user, password)| Credentials::new(user, password).ok());
            Some(credentials.ok_or(Toxlink_Err_New::ProxyCredentials)?)
        }
    };
    let proxy = ProxyConfig::new(kind, address, credentials);
    proxy.map(Some).map_err(|_| Toxlink_Err_New::ProxyCredentials)
}
