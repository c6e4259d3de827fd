// SPDX-License-Identifier: GPL-3.0-or-later
//! The answer to a handshake.

use super::{HandshakeRandom, Reason};
use crate::crypto::{BoxKey, PublicKey, SecretKey, rust::public_key};
use crate::proto::relay::secure_channel::SecureChannel;
use crate::wire::handshake::{self, Hello};
use crate::wire::{TCP_CLIENT_HANDSHAKE_SIZE, TCP_SERVER_HANDSHAKE_SIZE};

/// What a handshake has led to.
pub(super) struct Answer {
    pub(super) pk: PublicKey,
    pub(super) channel: SecureChannel,
    /// To be sent before all frames.
    pub(super) message: [u8; TCP_SERVER_HANDSHAKE_SIZE],
}

/// Opens a client's handshake and makes the answer.
///
/// # Errors
/// [`Reason::Handshake`] if it is not for the owner of `sk`, or forged.
pub(super) fn answer(
    sk: &SecretKey,
    message: &[u8; TCP_CLIENT_HANDSHAKE_SIZE],
    random: &HandshakeRandom,
) -> Result<Answer, Reason> {
    let mut long_term = None;
    let opened = handshake::open_client(message, |pk| {
        long_term = BoxKey::precompute(pk, sk).ok();
        long_term.clone()
    });
    let (pk, theirs) = opened.map_err(|_| Reason::Handshake)?;
    let long_term = long_term.ok_or(Reason::Handshake)?;
    let session = BoxKey::precompute(&theirs.temporary_key, &random.temporary_sk)
        .map_err(|_| Reason::Handshake)?;
    let ours = random.base_nonce;
    let hello = Hello { temporary_key: public_key(&random.temporary_sk), base_nonce: ours };
    Ok(Answer {
        pk,
        channel: SecureChannel::new(&session, ours, theirs.base_nonce),
        message: handshake::seal_server(&long_term, &random.nonce, &hello),
    })
}
