// SPDX-License-Identifier: GPL-3.0-or-later
//! The functions of `TCP_connection.h` that all supported versions share.
//!
//! "Number" is a relay number, "connection" a peer number; both may be stale or out of range, which
//! gives the documented failure value and changes nothing, as do null objects and other forbidden
//! nulls (abi.md section 1.2). Results: 0 success, -1 failure, unless a function says otherwise.

use core::ffi::{CStr, c_int, c_uint, c_void};
use core::net::SocketAddr;

use super::arguments::{data_argument, public_key};
use super::callbacks::{Slot, forwarded_response_cb, tcp_data_cb, tcp_onion_cb, tcp_oob_cb};
use super::connections::{ConnectionsCallbacks, TCP_Connections, Visit};
use super::ctypes::{IP_Port, Logger, Node_format};
use super::fence::fence;
use super::handle::{Call, Object};
use crate::crypto::PublicKey;
use crate::proto::connections::{Connections, Link, PeerNumber, Plan, RelayNumber};
use crate::shell::round::{self, Hub};
use crate::wire::CRYPTO_PUBLIC_KEY_SIZE;
use crate::wire::forward_chain::forward_chain;
use crate::wire::relay_packet::ToRelay;

/// Our own public key: 32 bytes inside the object, valid until the kill.
///
/// # Safety
/// `tcp_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_connections_public_key(tcp_c: *const TCP_Connections) -> *const u8 {
    // SAFETY: as promised by the caller.
    unsafe { tcp_c.as_ref() }.map_or(core::ptr::null(), |object| object.self_pk.0.as_ptr())
}

/// Length of the table of relays: relay numbers are below it.
///
/// # Safety
/// `tcp_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_connections_count(tcp_c: *const TCP_Connections) -> u32 {
    // SAFETY: as promised by the caller.
    unsafe { ask(tcp_c, Connections::relays_len) }
}

/// Number of relays that are connected.
///
/// # Safety
/// `tcp_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_connected_relays_count(tcp_c: *const TCP_Connections) -> u32 {
    // SAFETY: as promised by the caller.
    unsafe { ask(tcp_c, Connections::connected_relays) }
}

/// Adds a peer that is in use: its number, or -1 if its key is known.
///
/// # Safety
/// `tcp_c` is null or valid; `public_key` is null or 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn new_tcp_connection_to(
    tcp_c: *mut TCP_Connections,
    public_key: *const u8,
    id: c_int,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(tcp_c, c"new_tcp_connection_to", -1, |visit| {
            let peer = visit.with(|machine| machine.new_peer(key(public_key)?, id)).flatten();
            peer.and_then(|PeerNumber(number)| c_int::try_from(number).ok()).unwrap_or(-1)
        })
    }
}

/// Removes a peer.
///
/// # Safety
/// `tcp_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kill_tcp_connection_to(
    tcp_c: *mut TCP_Connections,
    connections_number: c_int,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(tcp_c, c"kill_tcp_connection_to", |visit| {
            let peer = peer(connections_number)?;
            visit.with(|machine| machine.kill_peer(peer))
        })
    }
}

/// Says whether the peer is in use (else it sleeps); -1 also if it was so already.
///
/// # Safety
/// `tcp_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn set_tcp_connection_to_status(
    tcp_c: *const TCP_Connections,
    connections_number: c_int,
    status: bool,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(tcp_c, c"set_tcp_connection_to_status", |visit| {
            let peer = peer(connections_number)?;
            visit.with(|machine| machine.set_awake(peer, status))
        })
    }
}

/// Number of relays on which the peer is online; 0 if there is no such peer.
///
/// # Safety
/// `tcp_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_connection_to_online_tcp_relays(
    tcp_c: *const TCP_Connections,
    connections_number: c_int,
) -> u32 {
    // At most six.
    let online = |machine: &Connections| {
        peer(connections_number).map_or(0, |peer| machine.online_relays(peer) as u32)
    };
    // SAFETY: as promised by the caller.
    unsafe { ask(tcp_c, online) }
}

/// Sends a packet to a peer through one relay, or out of band through all that may reach it; -1 if
/// none takes it, also for `length` 0 or above 2031.
///
/// # Safety
/// `tcp_c` is null or valid; `packet` is null or `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn send_packet_tcp_connection(
    tcp_c: *const TCP_Connections,
    connections_number: c_int,
    packet: *const u8,
    length: u16,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(tcp_c, c"send_packet_tcp_connection", |visit| {
            let data = data_argument(packet, length).ok()?;
            Some(round::send_packet(visit, peer(connections_number)?, data).is_ok())
        })
    }
}

/// Adds a relay for whoever may need it; -1 also if its key is known.
///
/// # Safety
/// `tcp_c` and `ip_port` are null or valid; `relay_pk` is null or 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn add_tcp_relay_global(
    tcp_c: *mut TCP_Connections,
    ip_port: *const IP_Port,
    relay_pk: *const u8,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(tcp_c, c"add_tcp_relay_global", |visit| {
            let (address, pk) = (address(ip_port)?, key(relay_pk)?);
            let now = visit.object.seconds();
            match visit.with(|machine| machine.add_relay(address, pk, now))?.ok()? {
                Some(opening) => Some(round::open(visit, opening, now)),
                None => Some(true),
            }
        })
    }
}

/// Ties a relay, new or known, to a peer.
///
/// # Safety
/// `tcp_c` and `ip_port` are null or valid; `relay_pk` is null or 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn add_tcp_relay_connection(
    tcp_c: *mut TCP_Connections,
    connections_number: c_int,
    ip_port: *const IP_Port,
    relay_pk: *const u8,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(tcp_c, c"add_tcp_relay_connection", |visit| {
            let (address, pk) = (address(ip_port)?, key(relay_pk)?);
            let now = visit.object.seconds();
            let number = peer(connections_number)?;
            let plan = visit.with(|machine| machine.add_relay_for(number, address, pk, now));
            match plan?.ok()? {
                Plan::Done => Some(true),
                Plan::Open(opening, peer) => {
                    let opened = round::open(visit, opening, now);
                    let tied = visit.with(|machine| machine.tie_new(opening.link, peer, now));
                    Some(opened && tied?.is_ok())
                }
            }
        })
    }
}

/// Ties a known relay to a peer.
///
/// # Safety
/// `tcp_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn add_tcp_number_relay_connection(
    tcp_c: *const TCP_Connections,
    connections_number: c_int,
    tcp_connections_number: c_uint,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(tcp_c, c"add_tcp_number_relay_connection", |visit| {
            let now = visit.object.seconds();
            let peer = peer(connections_number)?;
            let relay = RelayNumber(tcp_connections_number);
            Some(visit.with(|machine| machine.tie(peer, relay, now))?.is_ok())
        })
    }
}

/// Removes a relay, also from inside a callback that is about one of its packets.
///
/// # Safety
/// `tcp_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kill_tcp_relay_connection(
    tcp_c: *mut TCP_Connections,
    tcp_connections_number: c_int,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(tcp_c, c"kill_tcp_relay_connection", |visit| {
            let relay = RelayNumber(u32::try_from(tcp_connections_number).ok()?);
            visit.with(|machine| machine.kill_relay(relay))
        })
    }
}

/// Sends a packet to a peer by its key, through a relay given by number; -1 for `length` 0 or above
/// 1024.
///
/// # Safety
/// `tcp_c` is null or valid; `public_key` is null or 32 bytes, `packet` null or `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_send_oob_packet(
    tcp_c: *const TCP_Connections,
    tcp_connections_number: c_uint,
    public_key: *const u8,
    packet: *const u8,
    length: u16,
) -> c_int {
    let by_number = |machine: &Connections| machine.link(RelayNumber(tcp_connections_number));
    // SAFETY: as promised by the caller.
    unsafe { send_oob(tcp_c, c"tcp_send_oob_packet", by_number, public_key, packet, length) }
}

/// The same through a relay given by key.
///
/// # Safety
/// `tcp_c` is null or valid; both keys are null or 32 bytes, `packet` null or `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_send_oob_packet_using_relay(
    tcp_c: *const TCP_Connections,
    relay_pk: *const u8,
    public_key: *const u8,
    packet: *const u8,
    length: u16,
) -> c_int {
    // SAFETY: as promised by the caller.
    let relay_pk = unsafe { key(relay_pk) };
    let by_key = |machine: &Connections| machine.link_by_key(&relay_pk?);
    let function = c"tcp_send_oob_packet_using_relay";
    // SAFETY: as promised by the caller.
    unsafe { send_oob(tcp_c, function, by_key, public_key, packet, length) }
}

/// The number of a relay for onion packets; -1 if there is none.
///
/// # Safety
/// `tcp_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn get_random_tcp_onion_conn_number(tcp_c: *const TCP_Connections) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(tcp_c, c"get_random_tcp_onion_conn_number", -1, |visit| {
            let relay = pick_onion_relay(visit);
            relay.and_then(|relay| c_int::try_from(relay.0).ok()).unwrap_or(-1)
        })
    }
}

/// The address of such a relay; false if there is none, and `ip_port` stays as it is.
///
/// # Safety
/// `tcp_c` and `ip_port` are null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_get_random_conn_ip_port(
    tcp_c: *const TCP_Connections,
    ip_port: *mut IP_Port,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(tcp_c, c"tcp_get_random_conn_ip_port", false, |visit| {
            let relay = pick_onion_relay(visit);
            let address = relay.and_then(|relay| visit.with(|m| m.relay_address(relay))).flatten();
            match (address, ip_port.as_mut()) {
                (Some(address), Some(out)) => {
                    *out = IP_Port::new(address);
                    true
                }
                (Some(_), None) | (None, _) => false,
            }
        })
    }
}

/// Sends a packet into the onion through a connected relay; -1 for `length` above 2031.
///
/// # Safety
/// `tcp_c` is null or valid; `data` is null or `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_send_onion_request(
    tcp_c: *mut TCP_Connections,
    tcp_connections_number: c_uint,
    data: *const u8,
    length: u16,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(tcp_c, c"tcp_send_onion_request", |visit| {
            let data = data_argument(data, length).ok()?;
            let relay = RelayNumber(tcp_connections_number);
            let link = visit.with(|machine| machine.link(relay)).flatten()?;
            Some(round::send_to(visit, link, None, &ToRelay::OnionRequest(data)).is_ok())
        })
    }
}

/// Has our use of the onion begin or end; -1 if it was so already.
///
/// # Safety
/// `tcp_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn set_tcp_onion_status(tcp_c: *mut TCP_Connections, status: bool) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(tcp_c, c"set_tcp_onion_status", |visit| {
            let now = visit.object.seconds();
            visit.with(|machine| machine.set_onion(status, now))
        })
    }
}

/// Has a packet forwarded by the relay with the address `tcp_forwarder` to `dht_node`, and from
/// there along a chain of up to four keys; -1 for longer ones, and for packets above 1792 bytes.
///
/// # Safety
/// `logger`, `tcp_c` and the addresses are null or valid; `chain_keys` is null or 32 bytes for each
/// key, `data` null or `data_length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_send_forward_request(
    logger: *const Logger,
    tcp_c: *mut TCP_Connections,
    tcp_forwarder: *const IP_Port,
    dht_node: *const IP_Port,
    chain_keys: *const u8,
    chain_length: u16,
    data: *const u8,
    data_length: u16,
) -> c_int {
    let _ = logger;
    // SAFETY: as promised by the caller.
    unsafe {
        command(tcp_c, c"tcp_send_forward_request", |visit| {
            let forwarder = tcp_forwarder.as_ref()?.socket_addr()?;
            let destination = dht_node.as_ref()?.node_address()?.pack();
            let chain = chain(chain_keys, chain_length)?;
            let packet = forward_chain(chain, data_argument(data, data_length).ok()?)?;
            let link = visit.with(|machine| machine.link_by_address(forwarder)).flatten()?;
            let destination = destination.as_bytes();
            let request = ToRelay::ForwardRequest { destination, data: &packet };
            Some(round::send_to(visit, link, None, &request).is_ok())
        })
    }
}

/// Copies the connected relays, `max_num` at most, from a random one on; gives their number. The
/// addresses have the families of relays.
///
/// # Safety
/// `tcp_c` is null or valid; `tcp_relays` is null or has room for `max_num` entries.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_copy_connected_relays(
    tcp_c: *const TCP_Connections,
    tcp_relays: *mut Node_format,
    max_num: u16,
) -> u32 {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(tcp_c, c"tcp_copy_connected_relays", 0, |visit| {
            if tcp_relays.is_null() || max_num == 0 {
                return 0;
            }
            let random = visit.object.random_u32();
            let nodes = visit.with(|m| m.copy_connected(usize::from(max_num), random));
            copy_nodes(&nodes.unwrap_or_default(), tcp_relays)
        })
    }
}

/// The same from an index of the table of relays on, modulo its length.
///
/// # Safety
/// As [`tcp_copy_connected_relays`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_copy_connected_relays_index(
    tcp_c: *const TCP_Connections,
    tcp_relays: *mut Node_format,
    max_num: u16,
    idx: u32,
) -> u32 {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(tcp_c, c"tcp_copy_connected_relays_index", 0, |visit| {
            if tcp_relays.is_null() {
                return 0;
            }
            let nodes = visit.with(|m| m.copy_connected_from(usize::from(max_num), idx));
            copy_nodes(&nodes.unwrap_or_default(), tcp_relays)
        })
    }
}

/// A relay number in the form of an address.
#[unsafe(no_mangle)]
pub extern "C" fn tcp_connections_number_to_ip_port(tcp_connections_number: c_uint) -> IP_Port {
    IP_Port::of_relay_number(tcp_connections_number)
}

/// The number back; false if the address is none. The number is written in either case.
///
/// # Safety
/// Both pointers are null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ip_port_to_tcp_connections_number(
    ip_port: *const IP_Port,
    tcp_connections_number: *mut c_uint,
) -> bool {
    // SAFETY: as promised by the caller.
    match unsafe { (ip_port.as_ref(), tcp_connections_number.as_mut()) } {
        (Some(ip_port), Some(out)) => {
            let (number, is_one) = ip_port.relay_number();
            *out = number;
            is_one
        }
        (Some(_), None) | (None, _) => false,
    }
}

/// Sets the callback for data of peers; NULL for none.
///
/// # Safety
/// `tcp_c` is null or valid; the callback is null or a function of this type that does not throw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn set_packet_tcp_connection_callback(
    tcp_c: *mut TCP_Connections,
    tcp_data_callback: tcp_data_cb,
    object: *mut c_void,
) {
    let slot = Slot { function: tcp_data_callback, object };
    // SAFETY: as promised by the caller.
    unsafe { set_callback(tcp_c, |slots| slots.data = slot) }
}

/// Sets the callback for out-of-band data of others; NULL for none.
///
/// # Safety
/// As [`set_packet_tcp_connection_callback`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn set_oob_packet_tcp_connection_callback(
    tcp_c: *mut TCP_Connections,
    tcp_oob_callback: tcp_oob_cb,
    object: *mut c_void,
) {
    let slot = Slot { function: tcp_oob_callback, object };
    // SAFETY: as promised by the caller.
    unsafe { set_callback(tcp_c, |slots| slots.oob = slot) }
}

/// Sets the callback for packets out of the onion; NULL for none.
///
/// # Safety
/// As [`set_packet_tcp_connection_callback`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn set_onion_packet_tcp_connection_callback(
    tcp_c: *mut TCP_Connections,
    tcp_onion_callback: tcp_onion_cb,
    object: *mut c_void,
) {
    let slot = Slot { function: tcp_onion_callback, object };
    // SAFETY: as promised by the caller.
    unsafe { set_callback(tcp_c, |slots| slots.onion = slot) }
}

/// Sets the callback for forwarded packets; NULL for none.
///
/// # Safety
/// As [`set_packet_tcp_connection_callback`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn set_forwarding_packet_tcp_connection_callback(
    tcp_c: *mut TCP_Connections,
    tcp_forwarded_response_callback: forwarded_response_cb,
    object: *mut c_void,
) {
    let slot = Slot { function: tcp_forwarded_response_callback, object };
    // SAFETY: as promised by the caller.
    unsafe { set_callback(tcp_c, |slots| slots.forwarding = slot) }
}

/// # Safety
/// `tcp_c` is null or valid.
unsafe fn set_callback(tcp_c: *mut TCP_Connections, set: impl FnOnce(&mut ConnectionsCallbacks)) {
    let set = || {
        // SAFETY: as promised by the caller.
        let object = unsafe { Call::enter(tcp_c) }?;
        object.handle().with(|state| set(&mut state.callbacks))
    };
    fence(set, || None);
}

/// # Safety
/// As [`tcp_send_oob_packet`].
unsafe fn send_oob(
    tcp_c: *const TCP_Connections,
    function: &'static CStr,
    find: impl FnOnce(&Connections) -> Option<Link>,
    public_key: *const u8,
    packet: *const u8,
    length: u16,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(tcp_c, function, |visit| {
            let (destination, data) = (key(public_key)?, data_argument(packet, length).ok()?);
            let link = visit.with(|machine| find(machine)).flatten()?;
            let packet = ToRelay::OobSend { destination: &destination, data };
            Some(round::send_to(visit, link, None, &packet).is_ok())
        })
    }
}

fn pick_onion_relay(visit: &Visit<'_>) -> Option<RelayNumber> {
    let random = visit.object.random_u32();
    visit.with(|machine| machine.pick_onion_relay(random)).flatten()
}

/// # Safety
/// `out` has room for all nodes.
unsafe fn copy_nodes(nodes: &[(PublicKey, SocketAddr)], out: *mut Node_format) -> u32 {
    for (index, (pk, address)) in nodes.iter().enumerate() {
        let node = Node_format { public_key: pk.0, ip_port: IP_Port::of_relay(*address) };
        // SAFETY: as promised by the caller.
        unsafe { out.add(index).write(node) };
    }
    // At most 65535 were asked for.
    nodes.len() as u32
}

/// # Safety
/// `bytes` is null or 32 bytes.
unsafe fn key(bytes: *const u8) -> Option<PublicKey> {
    // SAFETY: as promised by the caller.
    unsafe { public_key(bytes) }
}

/// The keys of a chain; `None` for a null where there should be some.
///
/// # Safety
/// `keys` is null or has 32 bytes for each key.
unsafe fn chain<'a>(keys: *const u8, length: u16) -> Option<&'a [[u8; CRYPTO_PUBLIC_KEY_SIZE]]> {
    if length == 0 {
        return Some(&[]);
    }
    let keys = keys.cast::<[u8; CRYPTO_PUBLIC_KEY_SIZE]>();
    // A longer chain is refused before it is looked at.
    let length = usize::from(length).min(crate::wire::forward_chain::MAX_FORWARD_CHAIN_LENGTH + 1);
    // SAFETY: not null, so `length` keys or more.
    (!keys.is_null()).then(|| unsafe { core::slice::from_raw_parts(keys, length) })
}

/// The address of a relay, whether its family says so or not.
///
/// # Safety
/// `ip_port` is null or valid.
unsafe fn address(ip_port: *const IP_Port) -> Option<SocketAddr> {
    // SAFETY: as promised by the caller.
    let node = unsafe { ip_port.as_ref() }?.node_address()?;
    Some(SocketAddr::new(node.ip, node.port))
}

fn peer(connections_number: c_int) -> Option<PeerNumber> {
    u32::try_from(connections_number).ok().map(PeerNumber)
}

/// A look into the machine; 0 if there is none.
///
/// # Safety
/// `tcp_c` is null or valid.
unsafe fn ask(tcp_c: *const TCP_Connections, look: impl FnOnce(&Connections) -> u32) -> u32 {
    let look = || {
        // SAFETY: as promised by the caller.
        let object = unsafe { Call::enter(tcp_c) }?;
        object.handle().with(|state| look(&state.machine))
    };
    fence(look, || None).unwrap_or(0)
}

/// Runs a command and gives C's return value: 0 for `Some(true)`.
///
/// # Safety
/// `tcp_c` is null or valid.
unsafe fn command(
    tcp_c: *const TCP_Connections,
    function: &'static CStr,
    body: impl FnOnce(&Visit<'_>) -> Option<bool>,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe { enter(tcp_c, function, -1, |visit| if body(visit) == Some(true) { 0 } else { -1 }) }
}

/// Enters the object, runs a command behind the fence, and does what the machine asks for after it.
///
/// # Safety
/// `tcp_c` is null or valid.
unsafe fn enter<T: Copy>(
    tcp_c: *const TCP_Connections,
    function: &'static CStr,
    failure: T,
    body: impl FnOnce(&Visit<'_>) -> T,
) -> T {
    let command = || {
        // SAFETY: as promised by the caller.
        let Some(object) = (unsafe { Call::enter(tcp_c) }) else { return failure };
        let visit = Visit::new(&object);
        let run = || {
            let result = body(&visit);
            round::settle_if_any(&visit, || object.seconds());
            result
        };
        fence(run, || {
            visit.defect(function);
            failure
        })
    };
    fence(command, || failure)
}
