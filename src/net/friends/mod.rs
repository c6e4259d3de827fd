// SPDX-License-Identifier: GPL-3.0-or-later
//! Friends over an onion client, a DHT and encrypted connections that the program supplies.
//!
//! [`Friends`] joins what these [`Neighbours`] know and do into "this friend is online". It has no
//! sockets and no thread: it works while one of its methods is called.
//!
//! ```
//! use toxlink::crypto::PublicKey;
//! use toxlink::net::friends::{
//!     DhtPublicKey, FriendNumber, Friends, Neighbours, RealPublicKey, Status,
//! };
//!
//! /// A network in which a connection is there as soon as it is asked for.
//! struct Near;
//!
//! impl Neighbours for Near {
//!     type Offer = ();
//!     fn onion_add(&self, _: &RealPublicKey) -> Option<i32> {
//!         Some(0)
//!     }
//!     fn onion_delete(&self, _: i32) {}
//!     fn dht_add(&self, _: &DhtPublicKey) -> Option<u32> {
//!         Some(0)
//!     }
//!     fn dht_delete(&self, _: &DhtPublicKey, _: u32) {}
//!     fn crypto_new(
//!         &self,
//!         _: FriendNumber,
//!         _: &RealPublicKey,
//!         _: &DhtPublicKey,
//!     ) -> Option<i32> {
//!         Some(7)
//!     }
//!     fn crypto_kill(&self, _: i32) {}
//!     fn crypto_write(&self, _: i32, _: &[u8]) -> bool {
//!         true
//!     }
//! }
//!
//! let friends = Friends::new(Near);
//! let friend = friends.add(&RealPublicKey(PublicKey([1; 32])))?;
//! // The onion has heard from it, so net_crypto is asked for a connection.
//! friends.handle_dht_key(friend, &DhtPublicKey(PublicKey([2; 32])), &())?;
//! assert_eq!(friends.connection(friend), Some(7));
//! // net_crypto says that it is up.
//! friends.handle_status(friend, 7, true, &())?;
//! assert_eq!(friends.status(friend), Some(Status::Connected));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::HashMap;

use parking_lot::Mutex;

use crate::proto::friend::slot::Friend;
use crate::proto::friend::{FriendConnections, FriendRef, FriendconId, Task};
use crate::proto::time::Timestamp;

mod errors;
mod neighbours;
mod reports;
mod task;

pub use self::errors::{AddError, IterateBusy, NoFriend, ReportError, RequestError, SendError};
pub use self::neighbours::{FriendNumber, Handler, Neighbours, system_seconds};
use self::task::Visit;
pub use crate::proto::friend::packet::{
    CRYPTO_PACKET_FRIEND_REQ, PACKET_ID_ALIVE, PACKET_ID_FRIEND_REQUESTS, PACKET_ID_SHARE_RELAYS,
};
pub use crate::proto::friend::slot::Status;
pub use crate::proto::friend::{DhtPublicKey, RealPublicKey};
pub use crate::proto::relay::note::Level;

/// Longest packet of a connection (`MAX_CRYPTO_DATA_SIZE`).
pub const MAX_CRYPTO_DATA_SIZE: usize = 1373;
/// Longest message of a friend request: what the onion carries, without id and nospam.
pub const MAX_REQUEST_SIZE: usize = 1016;
/// Ids of packets for the owner, sent reliably. Those below are the friend layer's or the
/// connection's own.
pub const PACKET_IDS: core::ops::RangeInclusive<u8> = 19..=191;

/// What the seconds begin with: the machine takes 0 for "never", and may look back 122 seconds.
const FIRST_SECOND: u64 = 1000;

/// Friends, and the connections to them.
///
/// All methods may be called from any thread and, because nothing is locked while foreign code
/// runs, from any function of the [`Neighbours`] and of a [`Handler`]. What such a call leads to is
/// done before it returns.
///
/// The program calls [`Self::iterate`] when [`Self::wait`] is over, and reports what the neighbours
/// learn. Dropping or [closing](Self::close) it gives everything back to the neighbours.
pub struct Friends<N: Neighbours> {
    neighbours: N,
    state: Mutex<State>,
    is_iterating: AtomicBool,
}

/// What is locked, for one call into the machine at a time.
#[derive(Debug)]
struct State {
    machine: FriendConnections,
    /// The ids behind the numbers, which are serial numbers.
    ids: HashMap<FriendNumber, FriendconId>,
    /// Nothing begins any more; what is under way is brought to its end.
    is_closed: bool,
}

impl<N: Neighbours> Friends<N> {
    /// No friends yet.
    pub fn new(neighbours: N) -> Self {
        let machine = FriendConnections::new(neighbours.has_lan_discovery());
        let state = State { machine, ids: HashMap::new(), is_closed: false };
        Self { neighbours, state: Mutex::new(state), is_iterating: AtomicBool::new(false) }
    }

    /// The neighbours.
    pub fn neighbours(&self) -> &N {
        &self.neighbours
    }

    // ------------------------------------------------------------------------------- friends

    /// Adds a friend, or an owner of one that is known (`new_friend_connection`).
    ///
    /// # Errors
    /// The onion refuses, or the object is closed.
    pub fn add(&self, key: &RealPublicKey) -> Result<FriendNumber, AddError> {
        let task = self.begin(|machine| machine.begin_new(*key)).ok_or(AddError::Closed)?;
        if self.carry_out(task, &Visit::quiet()) < 0 {
            return Err(AddError::Refused);
        }
        // It may be gone again, if somebody was called on the way.
        self.find(key).ok_or(AddError::Refused)
    }

    /// Adds an owner (`friend_connection_lock`).
    ///
    /// # Errors
    /// There is no such friend.
    pub fn lock(&self, friend: FriendNumber) -> Result<(), NoFriend> {
        let mut state = self.state.lock();
        let id = state.id(friend).ok_or(NoFriend)?;
        state.machine.lock(id).then_some(()).ok_or(NoFriend)
    }

    /// Takes an owner off, and with the last one the friend (`kill_friend_connection`). Nobody is
    /// told that it went offline.
    ///
    /// # Errors
    /// There is no such friend.
    pub fn remove(&self, friend: FriendNumber) -> Result<(), NoFriend> {
        let task = self.begin_for(friend, FriendConnections::begin_kill).ok_or(NoFriend)?;
        self.carry_out(task, &Visit::quiet());
        Ok(())
    }

    /// The friend with this key (`getfriend_conn_id_pk`).
    pub fn find(&self, key: &RealPublicKey) -> Option<FriendNumber> {
        let state = self.state.lock();
        let id = state.machine.find(key)?;
        state.number(id)
    }

    /// All friends, in the order in which they were added.
    pub fn all(&self) -> Vec<FriendNumber> {
        let state = self.state.lock();
        let ids = 0..state.machine.len();
        let mut all: Vec<_> = ids.filter_map(|id| state.number(FriendconId(id))).collect();
        all.sort_unstable();
        all
    }

    /// Whether the friend is being looked for or online; `None` if there is no such friend.
    pub fn status(&self, friend: FriendNumber) -> Option<Status> {
        self.look(friend, |found| found.status)
    }

    /// The long-term key; `None` if there is no such friend.
    pub fn real_key(&self, friend: FriendNumber) -> Option<RealPublicKey> {
        self.look(friend, |found| found.real_pk)
    }

    /// The key of this run of the friend's program, if it is known.
    pub fn dht_key(&self, friend: FriendNumber) -> Option<DhtPublicKey> {
        self.look(friend, |found| found.dht_pk)?
    }

    /// Where the friend was seen, if that was not too long ago.
    pub fn address(&self, friend: FriendNumber) -> Option<SocketAddr> {
        self.look(friend, |found| found.address)?
    }

    /// The neighbour's number for the connection, or for the attempt at one, if there is one.
    pub fn connection(&self, friend: FriendNumber) -> Option<i32> {
        self.look(friend, |found| found.crypto)?
    }

    // ------------------------------------------------------------------------------- sending

    /// Sends a packet over the friend's connection, reliably and in order. The first byte is one of
    /// [`PACKET_IDS`].
    ///
    /// # Errors
    /// Which is to blame: the number, the friend's absence, the packet, or too many packets.
    pub fn send(&self, friend: FriendNumber, packet: &[u8]) -> Result<(), SendError> {
        let connected = |found: &Friend| found.crypto.filter(|_| found.status == Status::Connected);
        let connection = self.look(friend, connected).ok_or(SendError::NoFriend)?;
        let first = packet.first().ok_or(SendError::Length)?;
        if packet.len() > MAX_CRYPTO_DATA_SIZE {
            return Err(SendError::Length);
        }
        if !PACKET_IDS.contains(first) {
            return Err(SendError::PacketId);
        }
        let connection = connection.ok_or(SendError::NotOnline)?;
        let taken = self.neighbours.crypto_write(connection, packet);
        taken.then_some(()).ok_or(SendError::Busy)
    }

    /// Asks somebody, who has been added as a friend here, to add us: over the connection, or through
    /// the onion (`send_friend_request_packet`). The other program compares the nospam with its own.
    ///
    /// # Errors
    /// There is no such friend, the message is empty or too long, or there is no way to it yet.
    pub fn send_request(
        &self,
        friend: FriendNumber,
        nospam: [u8; 4],
        message: &[u8],
    ) -> Result<(), RequestError> {
        if !(1..=MAX_REQUEST_SIZE).contains(&message.len()) {
            return Err(RequestError::Length);
        }
        let begin =
            |machine: &mut FriendConnections, id| machine.begin_request(id, nospam, message);
        let task = self.begin_for(friend, begin).ok_or(RequestError::NoFriend)?;
        let sent = self.carry_out(task, &Visit::quiet());
        (sent > 0).then_some(()).ok_or(RequestError::Refused)
    }

    // ------------------------------------------------------------------------------- the loop

    /// Does what is due (`do_friend_connections`): signs of life, lists of relays, silence, new
    /// attempts, LAN discovery.
    ///
    /// # Errors
    /// An iteration is going on already.
    pub fn iterate(&self, handler: &dyn Handler) -> Result<(), IterateBusy> {
        if self.is_iterating.swap(true, Ordering::AcqRel) {
            return Err(IterateBusy);
        }
        let _turn = Turn(&self.is_iterating);
        if let Some(task) = self.begin(FriendConnections::begin_iteration) {
            self.carry_out(task, &Visit::new(handler));
        }
        Ok(())
    }

    /// How long [`Self::iterate`] has nothing to do, if nothing happens: any other call may change
    /// that. `None`: for ever.
    pub fn wait(&self) -> Option<Duration> {
        let now = self.now();
        let deadline = {
            let state = self.state.lock();
            state.machine.deadline().filter(|_| !state.is_closed)?
        };
        Some(Duration::from_secs(deadline.0.saturating_sub(now.0)))
    }

    /// Removes all friends, however many owners they have, and does nothing any more. Called from
    /// inside a neighbour, what this one then returns is given back to it at once.
    pub fn close(&self) {
        let task = {
            let mut state = self.state.lock();
            if state.is_closed {
                return;
            }
            state.is_closed = true;
            state.machine.begin_kill_all()
        };
        self.carry_out(task, &Visit::quiet());
    }

    // ---------------------------------------------------------------------------- the details

    fn now(&self) -> Timestamp {
        self.neighbours.seconds().plus(FIRST_SECOND)
    }

    fn begin(&self, begin: impl FnOnce(&mut FriendConnections) -> Task) -> Option<Task> {
        let mut state = self.state.lock();
        (!state.is_closed).then(|| begin(&mut state.machine))
    }

    fn begin_for(
        &self,
        friend: FriendNumber,
        begin: impl FnOnce(&mut FriendConnections, FriendconId) -> Task,
    ) -> Option<Task> {
        let mut state = self.state.lock();
        let id = state.id(friend)?;
        Some(begin(&mut state.machine, id))
    }

    fn look<R>(&self, friend: FriendNumber, read: impl FnOnce(&Friend) -> R) -> Option<R> {
        let state = self.state.lock();
        let id = state.id(friend)?;
        state.machine.get(id).map(read)
    }
}

impl<N: Neighbours> Drop for Friends<N> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<N: Neighbours + fmt::Debug> fmt::Debug for Friends<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Friends").field("neighbours", &self.neighbours).finish_non_exhaustive()
    }
}

impl State {
    /// The id behind a number; `None` if there is no such friend (any more).
    fn id(&self, number: FriendNumber) -> Option<FriendconId> {
        let id = *self.ids.get(&number)?;
        let friend = FriendRef { id, serial: number.0 };
        (!self.is_closed && self.machine.is_current(friend)).then_some(id)
    }

    fn number(&self, id: FriendconId) -> Option<FriendNumber> {
        self.machine.reference(id).map(|friend| FriendNumber(friend.serial))
    }
}

/// An iteration that is going on; also if foreign code ends it with a panic.
struct Turn<'a>(&'a AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
