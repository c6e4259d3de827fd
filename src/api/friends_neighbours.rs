// SPDX-License-Identifier: GPL-3.0-or-later
//! The functions that a program supplies.

use core::ffi::{c_char, c_void};

use super::entry::write_sized;

/// Bytes of an address as text, with the NUL: "192.0.2.1:33445" or "[2001:db8::1]:33445".
pub const TOXLINK_IP_PORT_SIZE: usize = 64;

/// A relay of our own, for friends to find us at.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Toxlink_Friend_Relay {
    /// Its key.
    pub public_key: [u8; 32],
    /// Its address and port, "192.0.2.1:33445" or "[2001:db8::1]:33445", with a NUL at the end.
    pub address: [c_char; TOXLINK_IP_PORT_SIZE],
}

/// What friends are made of: an onion client, a DHT and encrypted connections ("net_crypto"), in
/// toxcore's terms. To be filled in after toxlink_neighbours_init(); copied by
/// toxlink_friends_new().
///
/// Each function gets object as its last parameter. It is called by functions of
/// toxlink_friends_, on the thread that called them, with nothing locked: it may call every
/// function of this library, also for the same object, and toxlink_friends_kill(). It must not
/// throw C++ exceptions. Pointers that it is given are valid until it returns. All keys have 32
/// bytes, all addresses are text like "192.0.2.1:33445" or "[2001:db8::1]:33445".
///
/// The functions that must not be NULL are marked so. One that is NULL stands for a neighbour that
/// is not there.
///
/// What the neighbours learn, the program reports with toxlink_friends_handle_..(), from inside
/// these functions, from callbacks or from elsewhere.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Toxlink_Neighbours {
    /// The size of this struct, set by toxlink_neighbours_init().
    pub size: usize,
    /// Handed to each function. Belongs to the program; used until toxlink_friends_kill() has
    /// returned, or, if that is called from inside one of these functions, until the outermost call
    /// of the library has returned.
    pub object: *mut c_void,
    /// Not NULL. Look for the friend with this long-term key, and let it find us. Returns the
    /// onion's number for it, the same again for a key that it has; -1 to refuse.
    pub onion_add: Option<unsafe extern "C" fn(public_key: *const u8, object: *mut c_void) -> i32>,
    /// Says which friend that is. Its DHT keys and relays are to be reported under
    /// friend_number from now on.
    pub onion_bind:
        Option<unsafe extern "C" fn(onion_number: i32, friend_number: u32, object: *mut c_void)>,
    /// Not NULL. The number of onion_add() is not used any more.
    pub onion_delete: Option<unsafe extern "C" fn(onion_number: i32, object: *mut c_void)>,
    /// Whether the friend is connected, so that the onion need not look for it.
    pub onion_set_online:
        Option<unsafe extern "C" fn(onion_number: i32, online: bool, object: *mut c_void)>,
    /// The friend's DHT key, learned elsewhere.
    pub onion_set_dht_key: Option<
        unsafe extern "C" fn(onion_number: i32, dht_public_key: *const u8, object: *mut c_void),
    >,
    /// Sends a friend request to somebody who is not connected: at most 1021 bytes, the first of
    /// which is 32. The other end reports it, as it is, with toxlink_friends_handle_request().
    /// Returns whether at least one packet was sent.
    pub onion_send: Option<
        unsafe extern "C" fn(
            onion_number: i32,
            data: *const u8,
            length: usize,
            object: *mut c_void,
        ) -> bool,
    >,
    /// Not NULL. Look for the address of the node with this key, and report it with
    /// toxlink_friends_handle_address() each time it is confirmed. Writes a token, any number, for
    /// dht_delete(). Returns false to refuse; it is asked again 10 seconds later.
    pub dht_add: Option<
        unsafe extern "C" fn(
            dht_public_key: *const u8,
            token: *mut u32,
            object: *mut c_void,
        ) -> bool,
    >,
    /// Not NULL. Nobody needs this address any more.
    pub dht_delete:
        Option<unsafe extern "C" fn(dht_public_key: *const u8, token: u32, object: *mut c_void)>,
    /// Not NULL. Connect to this friend, whose long-term and DHT keys these are. Returns the number
    /// of the connection, which belongs to the program, or -1 to refuse; then it is asked again by
    /// the next toxlink_friends_iterate(). When the connection is up, or over,
    /// toxlink_friends_handle_status() is to be told, but not before this function has returned.
    pub crypto_new: Option<
        unsafe extern "C" fn(
            friend_number: u32,
            public_key: *const u8,
            dht_public_key: *const u8,
            object: *mut c_void,
        ) -> i32,
    >,
    /// A connection that a friend has begun, and that was reported with
    /// toxlink_friends_handle_offer(), is welcome. offer is what was given there. Returns as
    /// crypto_new(). NULL: none is accepted.
    pub crypto_accept: Option<
        unsafe extern "C" fn(friend_number: u32, offer: *mut c_void, object: *mut c_void) -> i32,
    >,
    /// Not NULL. End a connection, or the attempt at one. Nothing is to be reported of it any more.
    pub crypto_kill: Option<unsafe extern "C" fn(connection: i32, object: *mut c_void)>,
    /// The UDP address at which the other end is (connected: the DHT has just confirmed it), or
    /// was.
    pub crypto_set_direct: Option<
        unsafe extern "C" fn(
            connection: i32,
            address: *const c_char,
            connected: bool,
            object: *mut c_void,
        ),
    >,
    /// Not NULL. Sends a packet over a connection, reliably and in order, at most 1373 bytes. The
    /// other end reports it with toxlink_friends_handle_data(). Returns whether it was taken.
    pub crypto_write: Option<
        unsafe extern "C" fn(
            connection: i32,
            data: *const u8,
            length: usize,
            object: *mut c_void,
        ) -> bool,
    >,
    /// The other end of this connection can be reached over this relay. is_relay is false if who
    /// told us calls it a UDP node; toxcore tries it as a relay all the same. Returns whether it
    /// will be tried.
    pub relay_add_for: Option<
        unsafe extern "C" fn(
            connection: i32,
            address: *const c_char,
            is_relay: bool,
            public_key: *const u8,
            object: *mut c_void,
        ) -> bool,
    >,
    /// A relay for all connections; the rest as above. Returns whether it was taken.
    pub relay_add: Option<
        unsafe extern "C" fn(
            address: *const c_char,
            is_relay: bool,
            public_key: *const u8,
            object: *mut c_void,
        ) -> bool,
    >,
    /// Writes up to max of our own connected relays to relays, which has room for so many, from
    /// place index of the program's list on; the list begins again at its end. Returns how many.
    pub relays_copy: Option<
        unsafe extern "C" fn(
            relays: *mut Toxlink_Friend_Relay,
            max: usize,
            index: u32,
            object: *mut c_void,
        ) -> usize,
    >,
    /// Tells the local network, at this UDP port, that we are here. NULL: no LAN discovery.
    pub lan_send: Option<unsafe extern "C" fn(port: u16, object: *mut c_void)>,
    /// The seconds of a clock that only moves forward; it may begin anywhere. NULL: the system's
    /// clock.
    pub seconds: Option<unsafe extern "C" fn(object: *mut c_void) -> u64>,
}

/// No functions.
pub(super) const NONE: Toxlink_Neighbours = Toxlink_Neighbours {
    size: 0,
    object: core::ptr::null_mut(),
    onion_add: None,
    onion_bind: None,
    onion_delete: None,
    onion_set_online: None,
    onion_set_dht_key: None,
    onion_send: None,
    dht_add: None,
    dht_delete: None,
    crypto_new: None,
    crypto_accept: None,
    crypto_kill: None,
    crypto_set_direct: None,
    crypto_write: None,
    relay_add_for: None,
    relay_add: None,
    relays_copy: None,
    lan_send: None,
    seconds: None,
};

/// Sets all functions and the object to NULL, and the size. size is sizeof *neighbours, of which
/// as many bytes are written. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_neighbours_init(neighbours: *mut Toxlink_Neighbours, size: usize) {
    let defaults = Toxlink_Neighbours { size, ..NONE };
    // SAFETY: NULL, or as many bytes as the caller says.
    unsafe { write_sized(neighbours, size, &defaults) };
}
