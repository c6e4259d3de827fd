// SPDX-License-Identifier: GPL-3.0-or-later
//! The object behind `Friend_Connections *`: carries out the commands of the machine.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_int, c_void};

use super::callbacks::{
    Slot, fc_data_cb, fc_lossy_data_cb, fc_status_cb, fr_request_cb, global_status_cb,
};
use super::ctypes::{IP_Port, Logger, Memory, Mono_Time, Network, Node_format};
use super::fence::fence;
use super::friend_events;
use super::handle::{self, Call, Handle, Object};
use super::host::{HostFns, Log, place};
use super::neighbours::{
    Broadcast_Info, DHT, NeighbourFns, Net_Crypto, Networking_Core, New_Connection, Onion_Client,
};
use crate::crypto::PublicKey;
use crate::proto::friend::command::{Answer, Command, MAX_FRIEND_CONNECTION_CALLBACKS};
use crate::proto::friend::packet::{CRYPTO_PACKET_FRIEND_REQ, MAX_SHARED_RELAYS};
use crate::proto::friend::{FriendConnections, FriendRef, FriendconId, RealPublicKey, Task};
use crate::proto::relay::note::Level;
use crate::proto::time::Timestamp;
use crate::wire::node::Node;

const FILE: &CStr = c"friend_connection.rs";

/// All friends: `Friend_Connections`.
#[derive(Debug)]
pub struct Friend_Connections {
    handle: Handle<State>,
    pub(super) env: FriendEnvironment,
    /// What LAN discovery sends to; null if it is off.
    broadcast: *mut Broadcast_Info,
}

/// The neighbours; all pointers are valid as long as the object, the logger may be null.
#[derive(Clone, Copy, Debug)]
pub struct FriendEnvironment {
    /// Clock and log.
    pub host: &'static HostFns,
    /// The neighbours' functions.
    pub fns: &'static NeighbourFns,
    /// The log.
    pub log: *const Logger,
    /// The clock.
    pub mono_time: *const Mono_Time,
    /// The onion client.
    pub onion: *mut Onion_Client,
    /// The DHT.
    pub dht: *mut DHT,
    /// The encrypted connections.
    pub net_crypto: *mut Net_Crypto,
    /// The UDP socket; may be null, then there is no LAN discovery.
    pub net: *const Networking_Core,
}

/// What is needed for LAN discovery, for the time of one call.
#[derive(Clone, Copy, Debug)]
pub struct LanDiscovery {
    /// Whether it is asked for.
    pub enabled: bool,
    /// The allocator, in versions that have one.
    pub mem: *const Memory,
    /// The socket layer; may be null, then there is no LAN discovery.
    pub ns: *const Network,
}

/// What is borrowed for one call.
#[derive(Debug, Default)]
pub struct State {
    pub(super) machine: FriendConnections,
    pub(super) records: Vec<Option<Record>>,
    pub(super) global: Slot<global_status_cb>,
    pub(super) request: Slot<fr_request_cb>,
    /// There were friends, so the neighbours are alive until the kill.
    was_used: bool,
}

/// What C knows of a friend.
#[derive(Debug)]
pub(super) struct Record {
    serial: u32,
    pub(super) sets: [CallbackSet; MAX_FRIEND_CONNECTION_CALLBACKS],
    /// At a fixed address, because C is given a pointer to it.
    pub(super) conn: Box<Friend_Conn>,
}

/// The callbacks of one owner.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallbackSet {
    pub(super) status: fc_status_cb,
    pub(super) data: fc_data_cb,
    pub(super) lossy: fc_lossy_data_cb,
    pub(super) object: *mut c_void,
    pub(super) number: c_int,
}

impl Default for CallbackSet {
    fn default() -> Self {
        Self { status: None, data: None, lossy: None, object: core::ptr::null_mut(), number: 0 }
    }
}

/// A friend, as far as C may look: `Friend_Conn`.
#[derive(Debug)]
pub struct Friend_Conn {
    pub(super) onion: c_int,
    /// Written only under the object's guard; C reads it through a pointer, at times when it makes
    /// no call that writes (friend_connection.md section 3.3).
    pub(super) address: UnsafeCell<IP_Port>,
}

impl Object for Friend_Connections {
    type State = State;

    fn handle(&self) -> &Handle<State> {
        &self.handle
    }
}

/// Makes an object without friends; null for a null `onion`, clock, DHT or net_crypto.
///
/// # Safety
/// Every pointer is null or valid as abi.md section 1.3 says, those in `env` for the life of the
/// object.
pub unsafe fn new_friends(env: FriendEnvironment, lan: LanDiscovery) -> *mut Friend_Connections {
    env.host.use_from_now_on();
    let make = || {
        if env.mono_time.is_null()
            || env.onion.is_null()
            || env.dht.is_null()
            || env.net_crypto.is_null()
        {
            return core::ptr::null_mut();
        }
        let broadcast = if lan.enabled && !lan.ns.is_null() && !env.net.is_null() {
            // SAFETY: valid for this call.
            unsafe { (env.fns.lan_discovery_init)(lan.mem, lan.ns) }
        } else {
            core::ptr::null_mut()
        };
        if lan.enabled && broadcast.is_null() {
            // SAFETY: null or valid.
            let log = unsafe { Log::new(env.host, env.log) };
            log.write(Level::Error, place!(c"new_friend_connections"), &"no LAN discovery");
        }
        let machine = FriendConnections::new(!broadcast.is_null());
        let state = State { machine, ..State::default() };
        let object =
            handle::into_raw(Friend_Connections { handle: Handle::new(state), env, broadcast });
        // SAFETY: net_crypto is valid; the object is until it is killed, which takes this back.
        unsafe {
            (env.fns.new_connection_handler)(env.net_crypto, friend_events::offered, object.cast());
        }
        object
    };
    fence(make, core::ptr::null_mut)
}

/// Takes every registration back and frees the object; from inside a callback of the object, as
/// soon as the outermost call has returned.
///
/// # Safety
/// `fr_c` is null or valid, and is not used afterwards.
pub unsafe fn kill_friends(fr_c: *mut Friend_Connections) {
    let kill = || {
        // SAFETY: as promised by the caller.
        let Some(object) = (unsafe { Call::enter(fr_c) }) else { return };
        let visit = Visit::new(&object, core::ptr::null_mut());
        fence(|| visit.take_back(), || visit.defect(c"kill_friend_connections"));
        if object.handle.is_over() {
            // Given up after a panic: the neighbours still know it, so it is not freed.
            return;
        }
        // SAFETY: alive, because this call is inside.
        unsafe { handle::kill(fr_c) };
    };
    fence(kill, || ());
}

impl Drop for Friend_Connections {
    fn drop(&mut self) {
        // SAFETY: made by the function's counterpart, or null, which it allows.
        unsafe { (self.env.fns.lan_discovery_kill)(self.broadcast) };
    }
}

/// One call of C inside an object, with what came along.
pub(super) struct Visit<'a> {
    pub(super) object: &'a Call<Friend_Connections>,
    pub(super) userdata: *mut c_void,
    /// The connection that net_crypto offers in this call.
    pub(super) offer: *const New_Connection,
}

impl<'a> Visit<'a> {
    pub(super) fn new(object: &'a Call<Friend_Connections>, userdata: *mut c_void) -> Self {
        Self { object, userdata, offer: core::ptr::null() }
    }

    /// The log of the object.
    pub(super) fn log(&self) -> Log {
        // SAFETY: valid as long as the object, or null.
        unsafe { Log::new(self.object.env.host, self.object.env.log) }
    }

    /// A panic was met in the object: it is not used any more.
    pub(super) fn defect(&self, function: &'static CStr) {
        self.object.handle.mark_defective();
        self.log().write(Level::Error, place!(function), &"internal error; the object is given up");
    }

    /// The seconds of toxcore's clock.
    pub(super) fn now(&self) -> Timestamp {
        // SAFETY: the clock is valid as long as the object.
        Timestamp(unsafe { (self.object.env.host.mono_time_get)(self.object.env.mono_time) })
    }

    pub(super) fn with<R>(&self, call: impl FnOnce(&mut State) -> R) -> Option<R> {
        self.object.handle.with(call)
    }

    /// Begins a task and carries it out; its result, or -1 if the object is over.
    pub(super) fn run(&self, begin: impl FnOnce(&mut FriendConnections) -> Task) -> c_int {
        let task = self.with(|state| begin(&mut state.machine));
        task.map_or(-1, |task| self.carry_out(task))
    }

    /// Carries out a task. Nothing is borrowed while a neighbour or a callback runs.
    pub(super) fn carry_out(&self, mut task: Task) -> c_int {
        let now = self.now();
        while let Some(Some(command)) = self.with(|state| state.machine.next(&mut task, now)) {
            let answer = self.perform(command);
            if answer != Answer::None {
                self.with(|state| state.machine.answer(&mut task, answer, now));
            }
        }
        task.result()
    }

    fn take_back(&self) {
        let Some((was_used, request)) = self.with(|state| (state.was_used, state.request)) else {
            return;
        };
        if !was_used {
            // After a failed start the neighbours may be gone already (section 13.1), so not even
            // the clock is read.
            return;
        }
        self.run(FriendConnections::begin_kill_all);
        let FriendEnvironment { fns, onion, net_crypto, .. } = self.object.env;
        // SAFETY: the neighbours are valid as long as the object; the functions always.
        unsafe {
            let nobody = core::ptr::null_mut();
            (fns.new_connection_handler)(net_crypto, friend_events::refused, nobody);
            if request.function.is_some() {
                (fns.oniondata_registerhandler)(onion, CRYPTO_PACKET_FRIEND_REQ, None, nobody);
            }
        }
    }

    /// Calls a neighbour or a callback.
    fn perform(&self, command: Command) -> Answer {
        let object: *mut c_void = self.object.as_ptr().cast();
        let FriendEnvironment { fns, onion, dht, net_crypto, net, .. } = self.object.env;
        // SAFETY (all calls below): the neighbours are valid as long as the object, and so is the
        // object as long as they have a handler with it; slices come with their lengths.
        match command {
            Command::OnionAdd(RealPublicKey(pk)) => {
                // SAFETY: see above.
                Answer::Number(unsafe { (fns.onion_addfriend)(onion, &pk.0) })
            }
            Command::OnionHandlers(number, id) => {
                let id = id.0;
                // SAFETY: see above.
                unsafe {
                    (fns.recv_tcp_relay_handler)(onion, number, friend_events::relay, object, id);
                    (fns.onion_dht_pk_callback)(onion, number, friend_events::dht_key, object, id);
                }
                Answer::None
            }
            Command::OnionDelete(number) => {
                // SAFETY: see above.
                unsafe { (fns.onion_delfriend)(onion, number) };
                Answer::None
            }
            Command::OnionOnline(number, online) => {
                // SAFETY: see above.
                unsafe { (fns.onion_set_friend_online)(onion, number, online) };
                Answer::None
            }
            Command::OnionKey(number, pk) => {
                // SAFETY: see above.
                unsafe { (fns.onion_set_friend_dht_pubkey)(onion, number, &pk.0.0) };
                Answer::None
            }
            Command::OnionData(number, data) => {
                // SAFETY: see above.
                Answer::Number(unsafe { (fns.send_onion_data)(onion, number, &data) })
            }
            Command::DhtAdd(pk, id) => {
                // Ids are below the number of friends, so they fit.
                let (pk, number) = (&pk.0.0, id.0 as i32);
                let address = friend_events::address;
                // SAFETY: see above.
                Answer::Token(unsafe { (fns.dht_addfriend)(dht, pk, address, object, number) })
            }
            Command::DhtDelete(pk, token) => {
                // SAFETY: see above.
                Answer::Done(unsafe { (fns.dht_delfriend)(dht, &pk.0.0, token) })
            }
            Command::NewCrypto(RealPublicKey(real), dht_pk) => {
                // SAFETY: see above.
                let id = unsafe { (fns.new_crypto_connection)(net_crypto, &real.0, &dht_pk.0.0) };
                Answer::Number(id)
            }
            Command::Accept => {
                if self.offer.is_null() {
                    return Answer::Number(-1);
                }
                // SAFETY: see above; the offer is valid for this call.
                Answer::Number(unsafe { (fns.accept_crypto_connection)(net_crypto, self.offer) })
            }
            Command::CryptoHandlers(crypto, id) => {
                let id = id.0 as c_int;
                // SAFETY: see above.
                unsafe {
                    let status = friend_events::status;
                    (fns.connection_status_handler)(net_crypto, crypto, status, object, id);
                    let data = friend_events::data;
                    (fns.connection_data_handler)(net_crypto, crypto, data, object, id);
                    let lossy = friend_events::lossy;
                    (fns.connection_lossy_data_handler)(net_crypto, crypto, lossy, object, id);
                }
                Answer::None
            }
            Command::CryptoKeyHandler(crypto, id) => {
                let key = friend_events::dht_key;
                // SAFETY: see above.
                unsafe { (fns.nc_dht_pk_callback)(net_crypto, crypto, key, object, id.0) };
                Answer::None
            }
            Command::CryptoKill(crypto) => {
                // SAFETY: see above.
                unsafe { (fns.crypto_kill)(net_crypto, crypto) };
                Answer::None
            }
            Command::Direct(crypto, address, connected) => {
                let address = address.map_or_else(IP_Port::default, IP_Port::new);
                // SAFETY: see above.
                unsafe { (fns.set_direct_ip_port)(net_crypto, crypto, &address, connected) };
                Answer::None
            }
            Command::RelayPeer(crypto, node) => {
                let node = node_format(&node);
                // SAFETY: see above.
                Answer::Done(unsafe { (fns.add_tcp_relay_peer)(net_crypto, crypto, &node) })
            }
            Command::Relay(node) => {
                // SAFETY: see above.
                Answer::Done(unsafe { (fns.add_tcp_relay)(net_crypto, &node_format(&node)) })
            }
            Command::CopyRelays(max, index) => self.copy_relays(max, index),
            Command::Write(crypto, packet) => {
                // SAFETY: see above.
                Answer::Done(unsafe { (fns.write_cryptpacket)(net_crypto, crypto, &packet) })
            }
            Command::Lan(port) => {
                // SAFETY: see above; not null, because LAN discovery is on.
                unsafe { (fns.lan_discovery_send)(net, dht, self.object.broadcast, port) };
                Answer::None
            }
            Command::GlobalStatus(friend, online) => {
                self.call_global(friend, online);
                Answer::None
            }
            Command::Status(friend, set, online) => {
                self.call_status(friend, set, online);
                Answer::None
            }
            Command::Created(friend, number) => {
                self.with(|state| state.create(friend, number));
                Answer::None
            }
            Command::Address(friend, address) => {
                self.with(|state| state.set_address(friend, address));
                Answer::None
            }
            Command::Removed(friend) => {
                let gone = self.with(|state| state.remove(friend));
                drop(gone);
                Answer::None
            }
        }
    }

    fn copy_relays(&self, max: u16, index: u32) -> Answer {
        let FriendEnvironment { fns, net_crypto, .. } = self.object.env;
        let mut nodes = [Node_format::default(); MAX_SHARED_RELAYS as usize];
        let Some(room) = nodes.get_mut(..usize::from(max)) else {
            return Answer::Nodes(Vec::new());
        };
        // SAFETY: net_crypto is valid as long as the object; a slice with its length.
        let count = unsafe { (fns.copy_connected_tcp_relays_index)(net_crypto, room, index) };
        let copied = nodes.iter().take(usize::from(max).min(count as usize));
        Answer::Nodes(copied.filter_map(node).collect())
    }

    fn call_global(&self, friend: FriendRef, online: bool) {
        let Some(Slot { function: Some(call), object }) = self.with(|state| state.global) else {
            return;
        };
        // SAFETY: C promised a function of this type when it set the slot.
        unsafe { call(object, friend.id.0 as c_int, online, self.userdata) };
    }

    fn call_status(&self, friend: FriendRef, set: usize, online: bool) {
        let Some(CallbackSet { status: Some(call), object, number, .. }) = self.set(friend, set)
        else {
            return;
        };
        // SAFETY: as above.
        unsafe { call(object, number, online, self.userdata) };
    }

    /// One of the two sets of a friend, as it is now.
    pub(super) fn set(&self, friend: FriendRef, set: usize) -> Option<CallbackSet> {
        let found = self.with(|state| Some(*state.record(friend)?.sets.get(set)?));
        found.flatten()
    }
}

impl State {
    pub(super) fn record(&self, friend: FriendRef) -> Option<&Record> {
        let record = self.records.get(friend.id.0 as usize)?.as_ref()?;
        (record.serial == friend.serial).then_some(record)
    }

    pub(super) fn record_mut(&mut self, id: FriendconId) -> Option<&mut Record> {
        self.records.get_mut(id.0 as usize)?.as_mut()
    }

    fn create(&mut self, friend: FriendRef, onion: c_int) {
        self.was_used = true;
        let index = friend.id.0 as usize;
        if self.records.len() <= index {
            self.records.resize_with(index + 1, || None);
        }
        if let Some(entry) = self.records.get_mut(index) {
            let address = UnsafeCell::new(IP_Port::default());
            let conn = Box::new(Friend_Conn { onion, address });
            *entry = Some(Record { serial: friend.serial, sets: Default::default(), conn });
        }
    }

    fn set_address(&mut self, friend: FriendRef, address: Option<core::net::SocketAddr>) {
        let Some(record) = self.record(friend) else { return };
        // SAFETY: C does not read while it calls; nobody else writes, because the state is borrowed.
        let value = unsafe { &mut *record.conn.address.get() };
        *value = address.map_or_else(|| value.without_family(), IP_Port::new);
    }

    fn remove(&mut self, friend: FriendRef) -> Option<Record> {
        self.record(friend)?;
        let record = self.records.get_mut(friend.id.0 as usize)?.take();
        while let Some(None) = self.records.last() {
            self.records.pop();
        }
        record
    }
}

fn node_format(node: &Node) -> Node_format {
    Node_format { public_key: node.pk.0, ip_port: IP_Port::of_node(node.address) }
}

fn node(node: &Node_format) -> Option<Node> {
    Some(Node { address: node.ip_port.node_address()?, pk: PublicKey(node.public_key) })
}
