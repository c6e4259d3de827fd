// SPDX-License-Identifier: GPL-3.0-or-later
//! What waits to be written: the rest of a half-sent frame, then the control packets in order.
//!
//! Control packets ("priority" in toxcore: routing requests, disconnect notifications, pings and
//! pongs) must not be lost when the socket is full. They wait in plain form and are sealed on
//! their way out, so that the order of the nonces is the order on the wire and a packet takes
//! 34 bytes here. All other packets are sent now or not at all.
//!
//! Writing has two phases, because the machine is not locked while the socket is written:
//! `begin_*` hands the bytes out, `end_*` takes back what the socket did not want. In between,
//! nothing else can begin.

use std::collections::VecDeque;

use zeroize::Zeroize;

use super::ledger::{Direction, Ledger};
use super::secure_channel::SecureChannel;
use super::state::SendError;
use crate::crypto::PublicKey;
use crate::wire::connection_id::ConnectionId;
use crate::wire::relay_packet::{PingId, ToRelay};
use crate::wire::{MAX_FRAME_SIZE, WireError};

/// Most routing requests that may wait; one more is refused with [`SendError::Busy`].
///
/// Disconnect notifications need no limit of their own: each gives back a connection id, and
/// there are only as many of these as there were answered requests.
pub const MAX_QUEUED_REQUESTS: usize = 1024;
/// Most pongs that may wait; a relay that asks for more and does not read them is given up.
pub const MAX_QUEUED_PONGS: usize = 64;

/// A packet that is never lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Asks for a connection id.
    RoutingRequest(PublicKey),
    /// Gives a connection id back.
    DisconnectNotification(ConnectionId),
    /// Our ping.
    Ping(PingId),
    /// The answer to theirs.
    Pong(PingId),
}

/// Bytes on their way to the socket; wiped on drop and never printed, as a password for a proxy may
/// be among them.
pub struct Batch {
    bytes: Vec<u8>,
    sent: usize,
    /// Id and length of each packet in it, for the ledger; empty once some of it has been written.
    packets: Vec<(u8, usize)>,
}

impl Batch {
    /// The bytes to write, never empty.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.bytes.as_mut_slice().zeroize();
    }
}

impl core::fmt::Debug for Batch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let waiting = self.bytes().len();
        f.debug_struct("Batch").field("waiting", &waiting).finish_non_exhaustive()
    }
}

/// What keeps a frame from beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jam {
    /// Nothing.
    None,
    /// Something is being written at this moment, on another thread.
    Writing,
    /// Something waits for the socket.
    Waiting,
}

/// See the module's description.
#[derive(Debug, Default)]
pub struct SendQueue {
    tail: Option<Batch>,
    control: VecDeque<Control>,
    requests: usize,
    pongs: usize,
    in_flight: bool,
    sealed: u64,
    ledger: Ledger,
    /// Id of the packet in the frame that is being written.
    sending: u8,
}

impl SendQueue {
    /// An empty queue.
    #[must_use]
    pub fn new(keeps_ledger: bool) -> Self {
        Self { ledger: Ledger::new(keeps_ledger), ..Self::default() }
    }

    /// The records of what has begun to leave.
    pub fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Frames that were sealed and not forgotten.
    #[must_use]
    pub fn sealed(&self) -> u64 {
        self.sealed
    }

    /// Bytes that wait to be written, as they will be on the wire.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        let tail = self.tail.as_ref().map_or(0, |tail| tail.bytes().len());
        let requests = self.requests * CONTROL_FRAME_SIZE;
        tail + requests + (self.control.len() - self.requests) * PING_FRAME_SIZE
    }

    /// Whether nothing waits and nothing is being written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jam() == Jam::None
    }

    /// What keeps a frame from beginning.
    #[must_use]
    pub fn jam(&self) -> Jam {
        match self.in_flight {
            true => Jam::Writing,
            false if self.tail.is_none() && self.control.is_empty() => Jam::None,
            false => Jam::Waiting,
        }
    }

    /// Whether [`Self::begin_flush`] has something to hand out.
    #[must_use]
    pub fn can_flush(&self) -> bool {
        !self.in_flight && (self.tail.is_some() || !self.control.is_empty())
    }

    /// Bytes that precede all frames: a proxy message or the handshake.
    pub fn push_raw(&mut self, bytes: Vec<u8>) {
        let Some(&first) = bytes.first() else { return };
        let mut packets = Vec::new();
        if self.ledger.is_kept() {
            packets.push((first, bytes.len()));
        }
        let batch = Batch { bytes, sent: 0, packets };
        match &mut self.tail {
            None => self.tail = Some(batch),
            Some(tail) => {
                tail.bytes.extend_from_slice(&batch.bytes);
                tail.packets.extend_from_slice(&batch.packets);
            }
        }
    }

    /// Queues a control packet.
    ///
    /// # Errors
    /// `Busy` if as many of its kind wait as may.
    pub fn push(&mut self, packet: Control) -> Result<(), SendError> {
        let (waiting, limit) = match packet {
            Control::RoutingRequest(_) => (&mut self.requests, MAX_QUEUED_REQUESTS),
            Control::Pong(_) => (&mut self.pongs, MAX_QUEUED_PONGS),
            Control::DisconnectNotification(_) | Control::Ping(_) => {
                self.control.push_back(packet);
                return Ok(());
            }
        };
        if *waiting >= limit {
            return Err(SendError::Busy);
        }
        *waiting += 1;
        self.control.push_back(packet);
        Ok(())
    }

    /// Hands out the half-sent bytes, or else as many control packets as one frame has room for,
    /// sealed. `None` if nothing waits or a write is under way.
    pub fn begin_flush(&mut self, channel: Option<&mut SecureChannel>) -> Option<Batch> {
        if self.in_flight {
            return None;
        }
        let batch = match self.tail.take() {
            Some(tail) => tail,
            None => self.seal_control(channel?)?,
        };
        self.in_flight = true;
        Some(batch)
    }

    /// Takes back what was not written.
    pub fn end_flush(&mut self, mut batch: Batch, written: usize) {
        self.in_flight = false;
        batch.sent = batch.sent.saturating_add(written);
        if written > 0 {
            for (id, length) in batch.packets.drain(..) {
                self.ledger.enter(id, length, Direction::Sent);
            }
        }
        if batch.sent < batch.bytes.len() {
            self.tail = Some(batch);
        }
    }

    /// Seals a packet that is sent now or not at all; gives the frame's length.
    ///
    /// # Errors
    /// `Busy` if anything waits or is being written, `Length` if the packet is too long.
    pub fn begin_frame(
        &mut self,
        channel: &SecureChannel,
        packet: &ToRelay<'_>,
        frame: &mut [u8; MAX_FRAME_SIZE],
    ) -> Result<usize, SendError> {
        if !self.is_empty() {
            return Err(SendError::Busy);
        }
        let sealed = channel.seal(frame, |room| packet.emit(room));
        let length = sealed.map_err(|error| SendError::Length(length_in(error)))?;
        self.in_flight = true;
        self.sending = packet.id();
        Ok(length)
    }

    /// Keeps the rest of the frame, or forgets it if the socket took nothing.
    ///
    /// # Errors
    /// `Busy` if the frame is forgotten; its nonce is then free for the next.
    pub fn end_frame(
        &mut self,
        channel: &mut SecureChannel,
        frame: &[u8],
        written: usize,
    ) -> Result<(), SendError> {
        self.in_flight = false;
        if written == 0 {
            return Err(SendError::Busy);
        }
        channel.commit();
        self.sealed += 1;
        self.ledger.enter(self.sending, frame.len(), Direction::Sent);
        if let Some(rest) = frame.get(written..).filter(|rest| !rest.is_empty()) {
            self.tail = Some(Batch { bytes: rest.to_vec(), sent: 0, packets: Vec::new() });
        }
        Ok(())
    }

    fn seal_control(&mut self, channel: &mut SecureChannel) -> Option<Batch> {
        self.control.front()?;
        let (mut bytes, mut packets) = (Vec::new(), Vec::new());
        let mut room = [0; CONTROL_FRAME_SIZE];
        while bytes.len() + CONTROL_FRAME_SIZE <= MAX_FRAME_SIZE {
            let Some(packet) = self.control.pop_front() else { break };
            match packet {
                Control::RoutingRequest(_) => self.requests -= 1,
                Control::Pong(_) => self.pongs -= 1,
                Control::DisconnectNotification(_) | Control::Ping(_) => {}
            }
            // The room fits the longest control packet, so sealing cannot fail.
            let length = channel.seal(&mut room, |room| packet.as_relay().emit(room)).ok()?;
            channel.commit();
            self.sealed += 1;
            if self.ledger.is_kept() {
                packets.push((packet.as_relay().id(), length));
            }
            bytes.extend_from_slice(room.get(..length)?);
        }
        if self.control.is_empty() {
            self.control = VecDeque::new();
        }
        Some(Batch { bytes, sent: 0, packets })
    }
}

impl Control {
    fn as_relay(&self) -> ToRelay<'_> {
        match self {
            Self::RoutingRequest(peer) => ToRelay::RoutingRequest(peer),
            Self::DisconnectNotification(id) => ToRelay::DisconnectNotification(*id),
            Self::Ping(id) => ToRelay::Ping(*id),
            Self::Pong(id) => ToRelay::Pong(*id),
        }
    }
}

/// The frame of a routing request, the longest control packet.
const CONTROL_FRAME_SIZE: usize = 2 + 16 + 33;
/// The frame of a ping or pong; that of a disconnect notification is 7 bytes shorter.
const PING_FRAME_SIZE: usize = 2 + 16 + 9;

fn length_in(error: WireError) -> usize {
    match error {
        WireError::Length(length) => length,
        WireError::UnexpectedPacket(_)
        | WireError::ReservedConnection(_)
        | WireError::ZeroPingId
        | WireError::FrameLength(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{BoxKey, Nonce, SecretKey, rust::public_key};
    use crate::wire::frame::{Front, front};

    fn channels() -> (SecureChannel, SecureChannel) {
        let (a, b) = (SecretKey([1; 32]), SecretKey([2; 32]));
        let key = BoxKey::precompute(&public_key(&b), &a).unwrap();
        let (ours, theirs) = (Nonce([3; 24]), Nonce([4; 24]));
        (SecureChannel::new(&key, ours, theirs), SecureChannel::new(&key, theirs, ours))
    }

    /// Writes all that waits, `step` bytes at a time, and gives the packets the relay reads.
    fn drain(
        queue: &mut SendQueue,
        ours: &mut SecureChannel,
        theirs: &mut SecureChannel,
        step: usize,
    ) -> Vec<Vec<u8>> {
        let mut wire = Vec::new();
        while let Some(batch) = queue.begin_flush(Some(ours)) {
            let take = batch.bytes().len().min(step);
            wire.extend_from_slice(&batch.bytes()[..take]);
            queue.end_flush(batch, take);
        }
        let mut packets = Vec::new();
        while let Ok(Front::Whole(length)) = front(&wire) {
            packets.push(theirs.open(&mut wire[..length]).unwrap().to_vec());
            wire.drain(..length);
        }
        assert!(wire.is_empty());
        packets
    }

    #[test]
    fn control_packets_keep_their_order_over_any_split() {
        for step in [1, 7, 50, 5000] {
            let (mut ours, mut theirs) = channels();
            let mut queue = SendQueue::default();
            let id = ConnectionId::from_index(5).unwrap();
            for i in 0..60 {
                queue.push(Control::RoutingRequest(PublicKey([i; 32]))).unwrap();
                queue.push(Control::DisconnectNotification(id)).unwrap();
                queue.push(Control::Ping([i; 8])).unwrap();
                queue.push(Control::Pong([i; 8])).unwrap();
            }
            let packets = drain(&mut queue, &mut ours, &mut theirs, step);
            assert_eq!(packets.len(), 240);
            for (i, packets) in packets.chunks(4).enumerate() {
                let i = i as u8;
                assert_eq!(packets[0], [&[0][..], &[i; 32]].concat());
                assert_eq!(packets[1], [3, 21]);
                assert_eq!(packets[2], [&[4][..], &[i; 8]].concat());
                assert_eq!(packets[3], [&[5][..], &[i; 8]].concat());
            }
            assert!(queue.is_empty());
        }
    }

    #[test]
    fn queues_are_bounded_and_have_room_again_later() {
        let (mut ours, mut theirs) = channels();
        let mut queue = SendQueue::default();
        for _ in 0..MAX_QUEUED_PONGS {
            queue.push(Control::Pong([1; 8])).unwrap();
        }
        assert_eq!(queue.push(Control::Pong([1; 8])), Err(SendError::Busy));
        for _ in 0..MAX_QUEUED_REQUESTS {
            queue.push(Control::RoutingRequest(PublicKey([1; 32]))).unwrap();
        }
        let one_more = Control::RoutingRequest(PublicKey([1; 32]));
        assert_eq!(queue.push(one_more), Err(SendError::Busy));
        queue.push(Control::Ping([2; 8])).unwrap();
        drain(&mut queue, &mut ours, &mut theirs, 4096);
        assert_eq!(queue.push(one_more), Ok(()));
    }

    #[test]
    fn a_frame_waits_for_nobody_and_nobody_overtakes_it() {
        let (mut ours, mut theirs) = channels();
        let mut queue = SendQueue::default();
        let mut frame = [0; MAX_FRAME_SIZE];
        let onion = ToRelay::OnionRequest(b"onion");
        let length = queue.begin_frame(&ours, &onion, &mut frame).unwrap();

        // While it is being written, a ping may queue but nothing may begin.
        queue.push(Control::Ping([7; 8])).unwrap();
        assert!(queue.begin_flush(Some(&mut ours)).is_none());
        assert_eq!(queue.jam(), Jam::Writing);
        assert_eq!(
            queue.begin_frame(&ours, &onion, &mut [0; MAX_FRAME_SIZE]),
            Err(SendError::Busy)
        );

        queue.end_frame(&mut ours, &frame[..length], 4).unwrap();
        assert_eq!(queue.jam(), Jam::Waiting);
        assert_eq!(
            queue.begin_frame(&ours, &onion, &mut [0; MAX_FRAME_SIZE]),
            Err(SendError::Busy)
        );
        let mut wire = frame[..4].to_vec();
        let batch = queue.begin_flush(Some(&mut ours)).unwrap();
        wire.extend_from_slice(batch.bytes());
        queue.end_flush(batch, length - 4);
        assert_eq!(theirs.open(&mut wire), Ok(&b"\x08onion"[..]));
        assert_eq!(drain(&mut queue, &mut ours, &mut theirs, 9), [[&[4][..], &[7; 8]].concat()]);
    }

    #[test]
    fn a_frame_of_which_nothing_was_written_is_forgotten() {
        let (mut ours, mut theirs) = channels();
        let mut queue = SendQueue::default();
        let mut frame = [0; MAX_FRAME_SIZE];
        let lost = queue.begin_frame(&ours, &ToRelay::OnionRequest(b"lost"), &mut frame).unwrap();
        assert_eq!(queue.end_frame(&mut ours, &frame[..lost], 0), Err(SendError::Busy));
        let kept = queue.begin_frame(&ours, &ToRelay::OnionRequest(b"kept"), &mut frame).unwrap();
        assert_eq!(queue.end_frame(&mut ours, &frame[..kept], kept), Ok(()));
        assert_eq!(theirs.open(&mut frame[..kept]), Ok(&b"\x08kept"[..]));
    }

    #[test]
    fn a_packet_that_is_too_long_leaves_the_queue_free() {
        let (ours, _) = channels();
        let mut queue = SendQueue::default();
        let mut frame = [0; MAX_FRAME_SIZE];
        let too_long = ToRelay::OnionRequest(&[0; 2032]);
        assert_eq!(queue.begin_frame(&ours, &too_long, &mut frame), Err(SendError::Length(2033)));
        assert!(queue.is_empty());
        assert!(queue.begin_frame(&ours, &ToRelay::OnionRequest(&[0; 2031]), &mut frame).is_ok());
    }
}
