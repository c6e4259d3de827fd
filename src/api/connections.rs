// SPDX-License-Identifier: GPL-3.0-or-later
//! `Toxlink_Connections`: peers, each reached over several relays.

use core::ffi::{c_char, c_void};

use super::connections_callbacks::{Callbacks, dispatch};
use super::entry::{
    Logs, bytes, code, duration, enter, kill, look, milliseconds, name, public_key, run, text,
    write_key,
};
use super::error::{Toxlink_Err_Iterate, Toxlink_Err_New, Toxlink_Err_Send};
use super::forward;
use super::options::{self, Log, Toxlink_Options};
use crate::crypto::PublicKey;
use crate::ffi::handle::{self, Handle, Object};
use crate::net::address::{self, Target};
use crate::net::connections::{Connections, Event, PeerError, PeerId, RelayError};

/// Peers, each reached over several relays at once. A peer is known by its public key (the DHT key).
/// Two programs that add each other as peers, and have a relay in common, can send each other packets
/// of 1 to 2031 bytes; these may get lost, and come twice or out of order, when relays fail.
#[derive(Debug)]
pub struct Toxlink_Connections {
    handle: Handle<Callbacks>,
    pub(super) connections: Connections,
    pub(super) log: Log,
}

impl Object for Toxlink_Connections {
    type State = Callbacks;

    fn handle(&self) -> &Handle<Callbacks> {
        &self.handle
    }
}

impl Logs for Toxlink_Connections {
    fn log(&self) -> &Log {
        &self.log
    }
}

/// Bytes of the longest packet to or from a peer.
pub const TOXLINK_MAX_PACKET_SIZE: usize = 2031;
/// Bytes of the longest packet that can be sent out of band.
pub const TOXLINK_MAX_OOB_SIZE: usize = 1024;

const _: () = assert!(TOXLINK_MAX_PACKET_SIZE == crate::wire::MAX_PAYLOAD_SIZE);
const _: () = assert!(TOXLINK_MAX_OOB_SIZE == crate::wire::TCP_MAX_OOB_DATA_LENGTH);

/// No peer has this number.
pub const TOXLINK_NO_PEER: u32 = u32::MAX;

/// Why a relay was not added, tied to a peer or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Err_Relay {
    /// It was.
    Ok,
    /// A pointer is NULL that must not be.
    Null,
    /// The address cannot be read.
    BadAddress,
    /// The key cannot be used: with it, everybody could read along.
    BadKey,
    /// There is a relay with this key already. It has learned the address.
    Known,
    /// There are too many relays.
    Full,
    /// There is no such peer.
    NoPeer,
    /// The peer is online at three relays, or has six that may still come.
    Enough,
    /// The relay is tied to the peer already.
    Tied,
    /// There is no such relay.
    NotFound,
    /// There is no memory.
    Malloc,
    /// A defect of this library; the object is given up.
    Internal,
}

/// Why a peer was not added, or not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Err_Peer {
    /// It was.
    Ok,
    /// A pointer is NULL that must not be.
    Null,
    /// There is a peer with this key already.
    Known,
    /// It is our own key.
    OwnKey,
    /// There is no such peer.
    NoPeer,
    /// There are too many peers.
    Full,
    /// There is no memory.
    Malloc,
    /// A defect of this library; the object is given up.
    Internal,
}

code!(Toxlink_Err_Relay, Toxlink_Err_Peer);

impl From<RelayError> for Toxlink_Err_Relay {
    fn from(error: RelayError) -> Self {
        match error {
            RelayError::Known => Self::Known,
            RelayError::Full => Self::Full,
            RelayError::LowOrderKey => Self::BadKey,
            RelayError::NoPeer => Self::NoPeer,
            RelayError::NotFound => Self::NotFound,
            RelayError::Enough => Self::Enough,
            RelayError::Tied => Self::Tied,
        }
    }
}

impl From<PeerError> for Toxlink_Err_Peer {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::Known => Self::Known,
            PeerError::OwnKey => Self::OwnKey,
            PeerError::NoPeer => Self::NoPeer,
            PeerError::Full => Self::Full,
        }
    }
}

/// Makes an object without peers and relays. `options` may be NULL for the defaults; `error` may be
/// NULL. Returns it, to be freed by toxlink_connections_kill(), or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_new(
    options: *const Toxlink_Options,
    error: *mut Toxlink_Err_New,
) -> *mut Toxlink_Connections {
    // SAFETY: NULL or options, NULL or a place.
    unsafe {
        run(error, core::ptr::null_mut(), || {
            let (config, log) = options::read(options)?;
            let connections = Connections::new(config).map_err(|_| Toxlink_Err_New::System)?;
            let handle = Handle::new(Callbacks::default());
            Ok(handle::into_raw(Toxlink_Connections { handle, connections, log }))
        })
    }
}

/// Closes all connections and frees the object; from inside a callback of the object, as soon as its
/// outermost call has returned, and no more callbacks follow. NULL does nothing.
///
/// Like free(): no other thread may be inside a function of this object, or enter one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_kill(connections: *mut Toxlink_Connections) {
    // SAFETY: NULL or an object of ours.
    unsafe { kill(connections) };
}

/// Does what there is to do now, and calls the callbacks, with `user_data` as their last argument.
/// Never waits. Returns whether it worked: of the errors, TOXLINK_ERR_ITERATE_BUSY means that another
/// iteration of the object is under way, on another thread or around this call, and nothing is lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_iterate(
    connections: *mut Toxlink_Connections,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Iterate,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe { toxlink_connections_turn(connections, 0, user_data, error) }
}

/// Waits until there is something to do, for `timeout` milliseconds at most (-1: as long as it takes),
/// and then does what toxlink_connections_iterate() does. For programs without an event loop.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_turn(
    connections: *mut Toxlink_Connections,
    timeout: i32,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Iterate,
) -> bool {
    // SAFETY: NULL or an object of ours, NULL or a place.
    unsafe {
        enter(connections, error, false, |call| {
            let mut handler = |event: Event<'_>| dispatch(call, event, user_data);
            call.connections.turn(duration(timeout), &mut handler)?;
            Ok(true)
        })
    }
}

/// A descriptor for poll(2), epoll(7) and the like: it can be read when toxlink_connections_iterate()
/// has something to do. It stays the same and belongs to the object: do not read or close it. -1 for
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_descriptor(
    connections: *const Toxlink_Connections,
) -> i32 {
    // SAFETY: NULL or an object of ours.
    unsafe { look(connections, -1, |call| Some(call.connections.descriptor())) }
}

/// Milliseconds until toxlink_connections_iterate() has something to do even if the descriptor stays
/// quiet; -1 for never, 0 for now: what poll(2) takes. To be asked before each wait. A call from another
/// thread that changes it makes the descriptor readable. -1 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_wait(connections: *const Toxlink_Connections) -> i32 {
    // SAFETY: NULL or an object of ours.
    unsafe { look(connections, -1, |call| Some(milliseconds(call.connections.wait()))) }
}

/// Ends a toxlink_connections_turn() that waits on another thread, or the next one: for programs that want to
/// end that thread. Makes the descriptor readable, too. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_wake(connections: *const Toxlink_Connections) {
    // SAFETY: NULL or an object of ours.
    unsafe {
        look(connections, (), |call| {
            call.connections.wake();
            Some(())
        })
    }
}

/// Writes our public key, TOXLINK_KEY_SIZE bytes. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_public_key(
    connections: *const Toxlink_Connections,
    public_key: *mut u8,
) -> bool {
    // SAFETY: NULL or an object of ours, NULL or room for a key.
    unsafe {
        look(connections, false, |call| {
            write_key(public_key, &call.connections.public_key().0).map(|()| true)
        })
    }
}

/// Adds a relay for all peers. It is connected, and connected again, while fewer than three relays are
/// connected; it is remembered until it is removed. `address` is "host:port", "192.0.2.1:port" or
/// "[2001:db8::1]:port"; a host name is looked up on another thread, or by the proxy.
/// `relay_public_key` has TOXLINK_KEY_SIZE bytes. Returns whether it was added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_add_relay(
    connections: *mut Toxlink_Connections,
    address: *const c_char,
    relay_public_key: *const u8,
    error: *mut Toxlink_Err_Relay,
) -> bool {
    // SAFETY: NULL or an object of ours, a text, a key, a place.
    unsafe {
        enter(connections, error, false, |call| {
            let (target, relay) = relay(address, relay_public_key)?;
            call.connections.add_relay(target, relay)?;
            Ok(true)
        })
    }
}

/// Adds a relay, new or known, for a peer: one at which the peer may be. It is connected, and connected
/// again, as long as the peer is not sleeping and online at fewer than three relays. Arguments as for
/// toxlink_connections_add_relay(). Returns whether it was tied to the peer, or will be when its
/// address is known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_add_relay_for(
    connections: *mut Toxlink_Connections,
    peer: u32,
    address: *const c_char,
    relay_public_key: *const u8,
    error: *mut Toxlink_Err_Relay,
) -> bool {
    // SAFETY: NULL or an object of ours, a text, a key, a place.
    unsafe {
        enter(connections, error, false, |call| {
            let (target, relay) = relay(address, relay_public_key)?;
            call.connections.add_relay_for(PeerId::from_number(peer), target, relay)?;
            Ok(true)
        })
    }
}

/// Ties a known relay to a peer, for instance the one that an out-of-band packet came from. Returns
/// whether it worked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_tie_relay(
    connections: *mut Toxlink_Connections,
    peer: u32,
    relay_public_key: *const u8,
    error: *mut Toxlink_Err_Relay,
) -> bool {
    // SAFETY: NULL or an object of ours, a key, a place.
    unsafe {
        enter(connections, error, false, |call| {
            let relay = public_key(relay_public_key).ok_or(Toxlink_Err_Relay::Null)?;
            call.connections.tie_relay(PeerId::from_number(peer), &relay)?;
            Ok(true)
        })
    }
}

/// Removes a relay, from all peers too. Returns whether there was one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_remove_relay(
    connections: *mut Toxlink_Connections,
    relay_public_key: *const u8,
    error: *mut Toxlink_Err_Relay,
) -> bool {
    // SAFETY: NULL or an object of ours, a key, a place.
    unsafe {
        enter(connections, error, false, |call| {
            let relay = public_key(relay_public_key).ok_or(Toxlink_Err_Relay::Null)?;
            call.connections.remove_relay(&relay)?;
            Ok(true)
        })
    }
}

/// Adds a peer by its public key, TOXLINK_KEY_SIZE bytes. Returns its number, which no other peer of
/// this object is ever given, or TOXLINK_NO_PEER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_add_peer(
    connections: *mut Toxlink_Connections,
    public_key: *const u8,
    error: *mut Toxlink_Err_Peer,
) -> u32 {
    // SAFETY: NULL or an object of ours, a key, a place.
    unsafe {
        enter(connections, error, TOXLINK_NO_PEER, |call| {
            let peer = self::public_key(public_key).ok_or(Toxlink_Err_Peer::Null)?;
            Ok(call.connections.add_peer(peer)?.number())
        })
    }
}

/// Removes a peer; no more callbacks follow for it. Returns whether there was one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_remove_peer(
    connections: *mut Toxlink_Connections,
    peer: u32,
    error: *mut Toxlink_Err_Peer,
) -> bool {
    // SAFETY: NULL or an object of ours, NULL or a place.
    unsafe {
        enter(connections, error, false, |call| {
            call.connections.remove_peer(PeerId::from_number(peer))?;
            Ok(true)
        })
    }
}

/// Says whether the peer is reached in another way now. Relays that only sleeping peers need are let go
/// and called again when one of these wakes. Returns whether there is such a peer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_set_sleeping(
    connections: *mut Toxlink_Connections,
    peer: u32,
    sleeping: bool,
    error: *mut Toxlink_Err_Peer,
) -> bool {
    // SAFETY: NULL or an object of ours, NULL or a place.
    unsafe {
        enter(connections, error, false, |call| {
            call.connections.set_sleeping(PeerId::from_number(peer), sleeping)?;
            Ok(true)
        })
    }
}

/// The peer with this key, TOXLINK_KEY_SIZE bytes, or TOXLINK_NO_PEER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_peer_by_key(
    connections: *const Toxlink_Connections,
    public_key: *const u8,
) -> u32 {
    // SAFETY: NULL or an object of ours, NULL or a key.
    unsafe {
        look(connections, TOXLINK_NO_PEER, |call| {
            Some(call.connections.peer_by_key(&self::public_key(public_key)?)?.number())
        })
    }
}

/// Writes the key of a peer, TOXLINK_KEY_SIZE bytes. Returns whether there is such a peer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_peer_key(
    connections: *const Toxlink_Connections,
    peer: u32,
    public_key: *mut u8,
) -> bool {
    // SAFETY: NULL or an object of ours, NULL or room for a key.
    unsafe {
        look(connections, false, |call| {
            let key = call.connections.peer_key(PeerId::from_number(peer))?;
            write_key(public_key, &key.0).map(|()| true)
        })
    }
}

/// The number of relays at which the peer is online; 0 if it cannot be reached now, or does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_online_relays(
    connections: *const Toxlink_Connections,
    peer: u32,
) -> u32 {
    // SAFETY: NULL or an object of ours.
    unsafe {
        look(connections, 0, |call| {
            u32::try_from(call.connections.online_relays(PeerId::from_number(peer))).ok()
        })
    }
}

/// Sends a packet of 1 to 2031 bytes to a peer, now or not at all: through the best relay that has
/// room, or, if it is online at none, out of band, in case it is there all the same. Returns whether it
/// was sent; that it arrives is not certain.
///
/// After TOXLINK_ERR_SEND_BUSY, the writable callback follows. Out of band, packets of more than 1024
/// bytes are TOXLINK_ERR_SEND_LENGTH; and if no relay of the peer is connected, every packet is
/// TOXLINK_ERR_SEND_NOT_ONLINE. In both cases the peer status callback tells when the peer comes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_send(
    connections: *mut Toxlink_Connections,
    peer: u32,
    data: *const u8,
    length: usize,
    error: *mut Toxlink_Err_Send,
) -> bool {
    // SAFETY: NULL or an object of ours, data, a place.
    unsafe {
        enter(connections, error, false, |call| {
            let data = bytes(data, length).ok_or(Toxlink_Err_Send::Null)?;
            let peer = PeerId::from_number(peer);
            call.connections.peer_exists(peer).then_some(()).ok_or(Toxlink_Err_Send::NotFound)?;
            call.connections.send(peer, data)?;
            Ok(true)
        })
    }
}

/// Sends a packet of 1 to 1024 bytes through a relay to somebody who need not be a peer. Whether it
/// arrives is not told. Returns whether it was sent. After TOXLINK_ERR_SEND_BUSY, the relay writable
/// callback follows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_send_oob(
    connections: *mut Toxlink_Connections,
    relay_public_key: *const u8,
    public_key: *const u8,
    data: *const u8,
    length: usize,
    error: *mut Toxlink_Err_Send,
) -> bool {
    // SAFETY: NULL or an object of ours, keys, data, a place.
    unsafe {
        enter(connections, error, false, |call| {
            let relay = self::public_key(relay_public_key).ok_or(Toxlink_Err_Send::Null)?;
            let to = self::public_key(public_key).ok_or(Toxlink_Err_Send::Null)?;
            let data = bytes(data, length).ok_or(Toxlink_Err_Send::Null)?;
            call.connections.send_oob(&relay, &to, data)?;
            Ok(true)
        })
    }
}

/// Sends a packet of up to 2031 bytes into the onion, through this relay or (NULL) through one of those
/// that are kept for the onion. Returns whether it was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_send_onion(
    connections: *mut Toxlink_Connections,
    relay_public_key: *const u8,
    data: *const u8,
    length: usize,
    error: *mut Toxlink_Err_Send,
) -> bool {
    // SAFETY: NULL or an object of ours, a key, data, a place.
    unsafe {
        enter(connections, error, false, |call| {
            let relay = public_key(relay_public_key);
            let data = bytes(data, length).ok_or(Toxlink_Err_Send::Null)?;
            call.connections.send_onion(relay.as_ref(), data)?;
            Ok(true)
        })
    }
}

/// Has a relay, or (NULL) any that is connected, forward a packet. The other arguments are those of
/// toxlink_client_send_forward(). Returns whether it was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_send_forward(
    connections: *mut Toxlink_Connections,
    relay_public_key: *const u8,
    destination: *const c_char,
    destination_is_relay: bool,
    chain_keys: *const u8,
    chain_length: usize,
    data: *const u8,
    length: usize,
    error: *mut Toxlink_Err_Send,
) -> bool {
    // SAFETY: NULL or an object of ours, a key, a text, keys, data, a place.
    unsafe {
        enter(connections, error, false, |call| {
            let relay = public_key(relay_public_key);
            let to = forward::destination(destination, destination_is_relay)?;
            let chain = forward::chain(chain_keys, chain_length)?;
            let data = bytes(data, length).ok_or(Toxlink_Err_Send::Null)?;
            call.connections.send_forward(relay.as_ref(), &to, chain, data)?;
            Ok(true)
        })
    }
}

/// Says whether we use the onion: three relays are kept for it then. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_set_onion(
    connections: *mut Toxlink_Connections,
    enabled: bool,
) {
    // SAFETY: NULL or an object of ours.
    unsafe {
        look(connections, (), |call| {
            call.connections.set_onion(enabled);
            Some(())
        })
    }
}

/// The name of a Toxlink_Err_Relay: a static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_err_relay_to_string(error: u32) -> *const c_char {
    let names = [
        c"TOXLINK_ERR_RELAY_OK",
        c"TOXLINK_ERR_RELAY_NULL",
        c"TOXLINK_ERR_RELAY_BAD_ADDRESS",
        c"TOXLINK_ERR_RELAY_BAD_KEY",
        c"TOXLINK_ERR_RELAY_KNOWN",
        c"TOXLINK_ERR_RELAY_FULL",
        c"TOXLINK_ERR_RELAY_NO_PEER",
        c"TOXLINK_ERR_RELAY_ENOUGH",
        c"TOXLINK_ERR_RELAY_TIED",
        c"TOXLINK_ERR_RELAY_NOT_FOUND",
        c"TOXLINK_ERR_RELAY_MALLOC",
        c"TOXLINK_ERR_RELAY_INTERNAL",
    ];
    name(&names, error)
}

/// The name of a Toxlink_Err_Peer: a static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_err_peer_to_string(error: u32) -> *const c_char {
    let names = [
        c"TOXLINK_ERR_PEER_OK",
        c"TOXLINK_ERR_PEER_NULL",
        c"TOXLINK_ERR_PEER_KNOWN",
        c"TOXLINK_ERR_PEER_OWN_KEY",
        c"TOXLINK_ERR_PEER_NO_PEER",
        c"TOXLINK_ERR_PEER_FULL",
        c"TOXLINK_ERR_PEER_MALLOC",
        c"TOXLINK_ERR_PEER_INTERNAL",
    ];
    name(&names, error)
}

/// # Safety
/// NULL or a text, NULL or a key.
unsafe fn relay(
    address: *const c_char,
    relay_public_key: *const u8,
) -> Result<(Target, PublicKey), Toxlink_Err_Relay> {
    if address.is_null() {
        return Err(Toxlink_Err_Relay::Null);
    }
    // SAFETY: as promised by the caller.
    let (address, relay) = unsafe { (text(address), public_key(relay_public_key)) };
    let relay = relay.ok_or(Toxlink_Err_Relay::Null)?;
    let target = address.and_then(|text| address::parse(text).ok());
    Ok((target.ok_or(Toxlink_Err_Relay::BadAddress)?, relay))
}
