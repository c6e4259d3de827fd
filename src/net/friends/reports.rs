// SPDX-License-Identifier: GPL-3.0-or-later
//! What the neighbours report (friend_connection.md section 7).

use core::net::SocketAddr;

use super::task::Visit;
use super::{
    CRYPTO_PACKET_FRIEND_REQ, DhtPublicKey, FriendNumber, Friends, Handler, Neighbours,
    RealPublicKey, ReportError, Status,
};
use crate::proto::friend::{FriendConnections, FriendRef, FriendconId, Incoming};
use crate::proto::time::Timestamp;
use crate::wire::node::Node;

impl<N: Neighbours> Friends<N> {
    /// The friend has this DHT key now, as the onion, a handshake or a conference has shown. Another
    /// one than before ends the connection.
    ///
    /// # Errors
    /// There is no such friend, or the key consists of zeros.
    pub fn handle_dht_key(
        &self,
        friend: FriendNumber,
        key: &DhtPublicKey,
        handler: &dyn Handler,
    ) -> Result<(), ReportError> {
        if key.0.0 == [0; 32] {
            return Err(ReportError::Malformed);
        }
        let now = self.now();
        let begin = |machine: &mut FriendConnections, id| machine.begin_key(id, *key, now);
        let task = self.begin_for(friend, begin).ok_or(ReportError::NoFriend)?;
        self.carry_out(task, &Visit::new(handler));
        Ok(())
    }

    /// The friend can be reached over this relay, as the onion has learned. While there is no
    /// connection yet, it becomes a relay for all ([`Neighbours::relay_add`]).
    ///
    /// # Errors
    /// There is no such friend, or the neighbour refuses the relay.
    pub fn handle_relay(&self, friend: FriendNumber, relay: &Node) -> Result<(), ReportError> {
        let begin = |machine: &mut FriendConnections, id| machine.begin_relay(id, *relay);
        let task = self.begin_for(friend, begin).ok_or(ReportError::NoFriend)?;
        let result = self.carry_out(task, &Visit::quiet());
        (result >= 0).then_some(()).ok_or(ReportError::Refused)
    }

    /// The node with this DHT key is at this address, as the DHT has found out, or confirmed.
    ///
    /// # Errors
    /// No friend has this key.
    pub fn handle_address(
        &self,
        key: &DhtPublicKey,
        address: SocketAddr,
    ) -> Result<(), ReportError> {
        let now = self.now();
        let begin = |machine: &mut FriendConnections| {
            let id = machine.find_dht_key(key)?;
            Some(machine.begin_address(id, address, now))
        };
        let task = {
            let mut state = self.state.lock();
            begin(&mut state.machine).ok_or(ReportError::NoFriend)?
        };
        self.carry_out(task, &Visit::quiet());
        Ok(())
    }

    /// The friend's connection is up, or over. After the latter the neighbour forgets it.
    ///
    /// # Errors
    /// There is no such friend, or that is not its connection (any more).
    pub fn handle_status(
        &self,
        friend: FriendNumber,
        connection: i32,
        online: bool,
        handler: &dyn Handler,
    ) -> Result<(), ReportError> {
        let task = {
            let mut state = self.state.lock();
            let id = state.id(friend).ok_or(ReportError::NoFriend)?;
            let found = state.machine.get(id).ok_or(ReportError::NoFriend)?;
            if found.crypto != Some(connection) {
                return Err(ReportError::NoConnection);
            }
            if online && found.status == Status::Connected {
                return Ok(());
            }
            state.machine.begin_status(id, online)
        };
        self.carry_out(task, &Visit::new(handler));
        Ok(())
    }

    /// A packet of a friend, from the reliable stream of its connection.
    ///
    /// # Errors
    /// There is no such friend, it is not online, or the packet cannot be read.
    pub fn handle_data(
        &self,
        friend: FriendNumber,
        packet: &[u8],
        handler: &dyn Handler,
    ) -> Result<(), ReportError> {
        let visit = Visit::new(handler);
        match self.take_in(friend, |machine, id, now| machine.handle_packet(id, packet, now))? {
            Incoming::Consumed => Ok(()),
            Incoming::Relays(task) => {
                self.carry_out(task, &visit);
                Ok(())
            }
            Incoming::Request(key) => pass_request(&key, packet, handler),
            Incoming::Deliver(FriendRef { serial, .. }) => {
                handler.data(FriendNumber(serial), packet);
                Ok(())
            }
            Incoming::Refused => Err(ReportError::Malformed),
        }
    }

    /// A packet of a friend that might have got lost.
    ///
    /// # Errors
    /// There is no such friend, it is not online, or the packet is empty.
    pub fn handle_lossy(
        &self,
        friend: FriendNumber,
        packet: &[u8],
        handler: &dyn Handler,
    ) -> Result<(), ReportError> {
        match self.take_in(friend, |machine, id, now| machine.handle_lossy(id, packet, now))? {
            Incoming::Deliver(FriendRef { serial, .. }) => {
                handler.lossy(FriendNumber(serial), packet);
                Ok(())
            }
            Incoming::Refused | Incoming::Consumed | Incoming::Relays(_) | Incoming::Request(_) => {
                Err(ReportError::Malformed)
            }
        }
    }

    /// Somebody has begun a connection, has proved both keys, and waits for an answer. `address` is
    /// where it came from, if that was over UDP. A friend that has no connection is accepted, by
    /// [`Neighbours::crypto_accept`] inside this call.
    ///
    /// # Errors
    /// It is no friend; or it has a connection already, or the neighbour refuses.
    pub fn handle_offer(
        &self,
        real_key: &RealPublicKey,
        dht_key: &DhtPublicKey,
        address: Option<SocketAddr>,
        offer: &N::Offer,
    ) -> Result<FriendNumber, ReportError> {
        let friend = self.find(real_key).ok_or(ReportError::NoFriend)?;
        let task = self.begin(|machine| machine.begin_offer(*real_key, *dht_key, address));
        let task = task.ok_or(ReportError::NoFriend)?;
        let visit = Visit { offer: Some((*real_key, offer)), ..Visit::quiet() };
        let result = self.carry_out(task, &visit);
        (result >= 0).then_some(friend).ok_or(ReportError::Refused)
    }

    /// A friend request that came through the onion, from anybody: with the id byte
    /// [`CRYPTO_PACKET_FRIEND_REQ`] in front.
    ///
    /// # Errors
    /// It is none.
    pub fn handle_request(
        &self,
        key: &RealPublicKey,
        packet: &[u8],
        handler: &dyn Handler,
    ) -> Result<(), ReportError> {
        if packet.first() != Some(&CRYPTO_PACKET_FRIEND_REQ) || self.state.lock().is_closed {
            return Err(ReportError::Malformed);
        }
        pass_request(key, packet, handler)
    }

    /// Gives a packet of a friend that is online to the machine.
    fn take_in(
        &self,
        friend: FriendNumber,
        take: impl FnOnce(&mut FriendConnections, FriendconId, Timestamp) -> Incoming,
    ) -> Result<Incoming, ReportError> {
        let now = self.now();
        let mut state = self.state.lock();
        let id = state.id(friend).ok_or(ReportError::NoFriend)?;
        if state.machine.status(id) != Status::Connected as u32 {
            return Err(ReportError::NoConnection);
        }
        Ok(take(&mut state.machine, id, now))
    }
}

/// `[id: 1][nospam: 4][message: at least 1]`
fn pass_request(
    key: &RealPublicKey,
    packet: &[u8],
    handler: &dyn Handler,
) -> Result<(), ReportError> {
    let rest = packet.get(1..).and_then(|rest| rest.split_first_chunk::<4>());
    let (nospam, message) = rest.ok_or(ReportError::Malformed)?;
    if message.is_empty() {
        return Err(ReportError::Malformed);
    }
    handler.request(key, *nospam, message);
    Ok(())
}
