// SPDX-License-Identifier: GPL-3.0-or-later
//! The program's functions as the Rust side knows them.

use core::ffi::{CStr, c_char, c_void};
use core::net::SocketAddr;
use std::ffi::CString;

use super::entry::read_sized;
use super::error::Toxlink_Err_New;
use super::friends_neighbours::{
    NONE, TOXLINK_IP_PORT_SIZE, Toxlink_Friend_Relay, Toxlink_Neighbours,
};
use super::options::Log;
use super::panics::Outside;
use crate::crypto::PublicKey;
use crate::net::friends::{
    DhtPublicKey, FriendNumber, Level, Neighbours, RealPublicKey, system_seconds,
};
use crate::proto::time::Timestamp;
use crate::wire::address::{NodeAddress, NodeKind};
use crate::wire::node::Node;

/// Relays that are asked for at once.
const MAX_RELAYS: usize = 3;
/// The size of the struct in the first version that has it.
const FIRST_VERSION: usize =
    core::mem::offset_of!(Toxlink_Neighbours, seconds) + size_of::<*const ()>();

/// A checked copy of `Toxlink_Neighbours`, and the log.
#[derive(Debug)]
pub(super) struct Table {
    object: *mut c_void,
    /// Those that must be there.
    needed: Needed,
    all: Toxlink_Neighbours,
    log: Log,
}

/// An offered connection, which is only handed back to the program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer(pub(super) *mut c_void);

#[derive(Debug)]
struct Needed {
    onion_add: unsafe extern "C" fn(*const u8, *mut c_void) -> i32,
    onion_delete: unsafe extern "C" fn(i32, *mut c_void),
    dht_add: unsafe extern "C" fn(*const u8, *mut u32, *mut c_void) -> bool,
    dht_delete: unsafe extern "C" fn(*const u8, u32, *mut c_void),
    crypto_new: unsafe extern "C" fn(u32, *const u8, *const u8, *mut c_void) -> i32,
    crypto_kill: unsafe extern "C" fn(i32, *mut c_void),
    crypto_write: unsafe extern "C" fn(i32, *const u8, usize, *mut c_void) -> bool,
}

impl Needed {
    fn of(all: &Toxlink_Neighbours) -> Option<Self> {
        Some(Self {
            onion_add: all.onion_add?,
            onion_delete: all.onion_delete?,
            dht_add: all.dht_add?,
            dht_delete: all.dht_delete?,
            crypto_new: all.crypto_new?,
            crypto_kill: all.crypto_kill?,
            crypto_write: all.crypto_write?,
        })
    }
}

impl Table {
    /// # Safety
    /// `neighbours` is null, or as many bytes as its size says, with functions of these types.
    pub(super) unsafe fn new(
        neighbours: *const Toxlink_Neighbours,
        log: Log,
    ) -> Result<Self, Toxlink_Err_New> {
        if neighbours.is_null() {
            return Err(Toxlink_Err_New::Null);
        }
        // SAFETY: not null, so as many bytes as it says.
        let all = unsafe { read_sized(neighbours, FIRST_VERSION, NONE) };
        let all = all.ok_or(Toxlink_Err_New::Options)?;
        let needed = Needed::of(&all).ok_or(Toxlink_Err_New::Neighbours)?;
        Ok(Self { object: all.object, needed, all, log })
    }
}

// SAFETY (all calls below): C promised functions of these types, and that they do not throw; the
// object is handed back as it was given; keys have 32 bytes, texts a NUL, slices their lengths.
impl Neighbours for Table {
    type Offer = Offer;

    fn onion_add(&self, key: &RealPublicKey) -> Option<i32> {
        let _outside = Outside::new();
        // SAFETY: see above.
        let number = unsafe { (self.needed.onion_add)(key.0.0.as_ptr(), self.object) };
        (number >= 0).then_some(number)
    }

    fn onion_bind(&self, onion: i32, friend: FriendNumber) {
        let _outside = Outside::new();
        if let Some(call) = self.all.onion_bind {
            // SAFETY: see above.
            unsafe { call(onion, friend.0, self.object) };
        }
    }

    fn onion_delete(&self, onion: i32) {
        let _outside = Outside::new();
        // SAFETY: see above.
        unsafe { (self.needed.onion_delete)(onion, self.object) };
    }

    fn onion_set_online(&self, onion: i32, online: bool) {
        let _outside = Outside::new();
        if let Some(call) = self.all.onion_set_online {
            // SAFETY: see above.
            unsafe { call(onion, online, self.object) };
        }
    }

    fn onion_set_dht_key(&self, onion: i32, key: &DhtPublicKey) {
        let _outside = Outside::new();
        if let Some(call) = self.all.onion_set_dht_key {
            // SAFETY: see above.
            unsafe { call(onion, key.0.0.as_ptr(), self.object) };
        }
    }

    fn onion_send(&self, onion: i32, packet: &[u8]) -> bool {
        let _outside = Outside::new();
        let Some(call) = self.all.onion_send else { return false };
        // SAFETY: see above.
        unsafe { call(onion, packet.as_ptr(), packet.len(), self.object) }
    }

    fn dht_add(&self, key: &DhtPublicKey) -> Option<u32> {
        let _outside = Outside::new();
        let mut token = 0;
        // SAFETY: see above.
        let added = unsafe { (self.needed.dht_add)(key.0.0.as_ptr(), &raw mut token, self.object) };
        added.then_some(token)
    }

    fn dht_delete(&self, key: &DhtPublicKey, token: u32) {
        let _outside = Outside::new();
        // SAFETY: see above.
        unsafe { (self.needed.dht_delete)(key.0.0.as_ptr(), token, self.object) };
    }

    fn crypto_new(
        &self,
        friend: FriendNumber,
        real_key: &RealPublicKey,
        dht_key: &DhtPublicKey,
    ) -> Option<i32> {
        let _outside = Outside::new();
        let (real, dht) = (real_key.0.0.as_ptr(), dht_key.0.0.as_ptr());
        // SAFETY: see above.
        let number = unsafe { (self.needed.crypto_new)(friend.0, real, dht, self.object) };
        (number >= 0).then_some(number)
    }

    fn crypto_accept(&self, friend: FriendNumber, offer: &Offer) -> Option<i32> {
        let _outside = Outside::new();
        let call = self.all.crypto_accept?;
        // SAFETY: see above.
        let number = unsafe { call(friend.0, offer.0, self.object) };
        (number >= 0).then_some(number)
    }

    fn crypto_kill(&self, connection: i32) {
        let _outside = Outside::new();
        // SAFETY: see above.
        unsafe { (self.needed.crypto_kill)(connection, self.object) };
    }

    fn crypto_set_direct(&self, connection: i32, address: SocketAddr, connected: bool) {
        let _outside = Outside::new();
        if let Some(call) = self.all.crypto_set_direct {
            let text = Text::new(address);
            // SAFETY: see above.
            unsafe { call(connection, text.as_ptr(), connected, self.object) };
        }
    }

    fn crypto_write(&self, connection: i32, packet: &[u8]) -> bool {
        let _outside = Outside::new();
        let (data, length) = (packet.as_ptr(), packet.len());
        // SAFETY: see above.
        unsafe { (self.needed.crypto_write)(connection, data, length, self.object) }
    }

    fn relay_add_for(&self, connection: i32, relay: &Node) -> bool {
        let _outside = Outside::new();
        let Some(call) = self.all.relay_add_for else { return false };
        let (text, is_relay) = parts(relay);
        let key = relay.pk.0.as_ptr();
        // SAFETY: see above.
        unsafe { call(connection, text.as_ptr(), is_relay, key, self.object) }
    }

    fn relay_add(&self, relay: &Node) -> bool {
        let _outside = Outside::new();
        let Some(call) = self.all.relay_add else { return false };
        let (text, is_relay) = parts(relay);
        // SAFETY: see above.
        unsafe { call(text.as_ptr(), is_relay, relay.pk.0.as_ptr(), self.object) }
    }

    fn relays_copy(&self, max: usize, index: u32) -> Vec<Node> {
        let _outside = Outside::new();
        let Some(call) = self.all.relays_copy else { return Vec::new() };
        let empty =
            Toxlink_Friend_Relay { public_key: [0; 32], address: [0; TOXLINK_IP_PORT_SIZE] };
        let mut relays = [empty; MAX_RELAYS];
        let max = max.min(MAX_RELAYS);
        // SAFETY: see above; there is room for `max`.
        let count = unsafe { call(relays.as_mut_ptr(), max, index, self.object) };
        relays.iter().take(count.min(max)).filter_map(node).collect()
    }

    fn has_lan_discovery(&self) -> bool {
        self.all.lan_send.is_some()
    }

    fn lan_send(&self, port: u16) {
        let _outside = Outside::new();
        if let Some(call) = self.all.lan_send {
            // SAFETY: see above.
            unsafe { call(port, self.object) };
        }
    }

    fn seconds(&self) -> Timestamp {
        let _outside = Outside::new();
        let Some(call) = self.all.seconds else { return system_seconds() };
        // SAFETY: see above.
        Timestamp(unsafe { call(self.object) })
    }

    fn log(&self, level: Level, message: &str) {
        self.log.write(level, &message);
    }
}

/// An address as text.
struct Text(CString);

impl Text {
    fn new(address: SocketAddr) -> Self {
        // No address has a NUL in it.
        Self(CString::new(address.to_string()).unwrap_or_default())
    }

    fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr()
    }
}

fn parts(relay: &Node) -> (Text, bool) {
    let NodeAddress { kind, ip, port } = relay.address;
    (Text::new(SocketAddr::new(ip, port)), kind == NodeKind::TcpRelay)
}

/// What the program has written; `None` if it is no address.
fn node(relay: &Toxlink_Friend_Relay) -> Option<Node> {
    // The bytes of a C text, whatever sign they have here.
    let bytes = relay.address.map(|c| c as u8);
    let text = CStr::from_bytes_until_nul(&bytes).ok()?.to_str().ok()?;
    let address: SocketAddr = text.parse().ok()?;
    let address = NodeAddress { kind: NodeKind::TcpRelay, ip: address.ip(), port: address.port() };
    Some(Node { address, pk: PublicKey(relay.public_key) })
}
