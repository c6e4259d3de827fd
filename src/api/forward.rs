// SPDX-License-Identifier: GPL-3.0-or-later
//! The arguments of forward requests.

use core::ffi::c_char;
use std::net::SocketAddr;

use super::entry::text;
use super::error::Toxlink_Err_Send;
use crate::wire::address::{NodeAddress, NodeKind};

/// Keys that are looked at; a longer chain is refused with its packet.
const MAX_CHAIN: usize = 255;

/// # Safety
/// `destination` is NULL or a text.
pub(super) unsafe fn destination(
    destination: *const c_char,
    is_relay: bool,
) -> Result<NodeAddress, Toxlink_Err_Send> {
    if destination.is_null() {
        return Err(Toxlink_Err_Send::Null);
    }
    // SAFETY: as promised by the caller.
    let address = unsafe { text(destination) }.and_then(|text| text.parse::<SocketAddr>().ok());
    let address = address.filter(|address| address.port() != 0);
    let address = address.ok_or(Toxlink_Err_Send::BadAddress)?;
    let kind = if is_relay { NodeKind::TcpRelay } else { NodeKind::Udp };
    Ok(NodeAddress { kind, ip: address.ip(), port: address.port() })
}

/// # Safety
/// `keys` is NULL or `length` keys, which nobody writes to during `'a`.
pub(super) unsafe fn chain<'a>(
    keys: *const u8,
    length: usize,
) -> Result<&'a [[u8; 32]], Toxlink_Err_Send> {
    match (keys.is_null(), length) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Toxlink_Err_Send::Null),
        (false, _) if length > MAX_CHAIN => Err(Toxlink_Err_Send::Length),
        // SAFETY: not null, so that many keys.
        (false, _) => Ok(unsafe { core::slice::from_raw_parts(keys.cast(), length) }),
    }
}
