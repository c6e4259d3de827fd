// SPDX-License-Identifier: GPL-3.0-or-later
//! The two handshake messages, sealed and opened.
//!
//! Both carry `[temporary public key: 32][base nonce: 24]` under the long-term keys. The base nonce
//! is the one that the sender of the message uses for its own first frame.

use super::{
    CRYPTO_MAC_SIZE, CRYPTO_NONCE_SIZE, CRYPTO_PUBLIC_KEY_SIZE, TCP_CLIENT_HANDSHAKE_SIZE,
    TCP_HANDSHAKE_PLAIN_SIZE, TCP_SERVER_HANDSHAKE_SIZE,
};
use crate::crypto::{BoxKey, Forged, Nonce, PublicKey};
use crate::wire::cursor::{Reader, Writer};

/// What a handshake tells the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Temporary public key, for the session key.
    pub temporary_key: PublicKey,
    /// Nonce of the sender's first frame.
    pub base_nonce: Nonce,
}

/// Seals the message of a relay, which is also the second part of a client's.
///
/// # Shape
/// `[nonce: 24][tag: 16][temporary public key: 32][base nonce: 24]`, 96 bytes.
///
/// # Source
/// tcp_client.md section 4
#[must_use]
pub fn seal_server(key: &BoxKey, nonce: &Nonce, hello: &Hello) -> [u8; TCP_SERVER_HANDSHAKE_SIZE] {
    let mut plain = [0; TCP_HANDSHAKE_PLAIN_SIZE];
    let (temporary_key, base_nonce) = plain.split_at_mut(CRYPTO_PUBLIC_KEY_SIZE);
    temporary_key.copy_from_slice(&hello.temporary_key.0);
    base_nonce.copy_from_slice(&hello.base_nonce.0);
    let tag = key.seal(nonce, &mut plain);

    let mut message = [0; TCP_SERVER_HANDSHAKE_SIZE];
    let mut writer = Writer::new(&mut message);
    for part in [&nonce.0[..], &tag, &plain] {
        // 24 + 16 + 56 bytes fill the message exactly.
        let _ = writer.put(part);
    }
    message
}

/// Seals the message of a client.
///
/// # Shape
/// `[long-term public key: 32]` and the message of [`seal_server`], 128 bytes.
///
/// # Source
/// tcp_client.md section 4
#[must_use]
pub fn seal_client(
    self_pk: &PublicKey,
    key: &BoxKey,
    nonce: &Nonce,
    hello: &Hello,
) -> [u8; TCP_CLIENT_HANDSHAKE_SIZE] {
    let mut message = [0; TCP_CLIENT_HANDSHAKE_SIZE];
    let (public_key, rest) = message.split_at_mut(CRYPTO_PUBLIC_KEY_SIZE);
    public_key.copy_from_slice(&self_pk.0);
    rest.copy_from_slice(&seal_server(key, nonce, hello));
    message
}

/// Opens the message of a relay.
///
/// # Errors
/// [`Forged`] if it was not sealed under `key`.
pub fn open_server(
    key: &BoxKey,
    message: &[u8; TCP_SERVER_HANDSHAKE_SIZE],
) -> Result<Hello, Forged> {
    let mut reader = Reader::new(message);
    let nonce = reader.array::<CRYPTO_NONCE_SIZE>().ok_or(Forged)?;
    let tag = reader.array::<CRYPTO_MAC_SIZE>().ok_or(Forged)?;
    let mut plain = *reader.array::<TCP_HANDSHAKE_PLAIN_SIZE>().ok_or(Forged)?;
    key.open(&Nonce(*nonce), tag, &mut plain)?;

    let mut reader = Reader::new(&plain);
    let temporary_key = PublicKey(*reader.array().ok_or(Forged)?);
    let base_nonce = Nonce(*reader.array().ok_or(Forged)?);
    Ok(Hello { temporary_key, base_nonce })
}

/// Opens the message of a client; gives its long-term public key and what it says.
///
/// `key_for` gives the shared key for a long-term public key.
///
/// # Errors
/// [`Forged`] if it was not sealed under that key, or if there is none.
pub fn open_client(
    message: &[u8; TCP_CLIENT_HANDSHAKE_SIZE],
    key_for: impl FnOnce(&PublicKey) -> Option<BoxKey>,
) -> Result<(PublicKey, Hello), Forged> {
    let mut reader = Reader::new(message);
    let public_key = PublicKey(*reader.array().ok_or(Forged)?);
    let sealed = reader.array().ok_or(Forged)?;
    let key = key_for(&public_key).ok_or(Forged)?;
    Ok((public_key, open_server(&key, sealed)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{SecretKey, rust::public_key};

    #[test]
    fn each_end_opens_what_the_other_sealed() {
        let (client, relay) = (SecretKey([1; 32]), SecretKey([2; 32]));
        let key = BoxKey::precompute(&public_key(&relay), &client).unwrap();
        let mirror = |pk: &PublicKey| BoxKey::precompute(pk, &relay).ok();
        let hello = Hello { temporary_key: PublicKey([3; 32]), base_nonce: Nonce([4; 24]) };

        let message = seal_client(&public_key(&client), &key, &Nonce([5; 24]), &hello);
        assert_eq!(message[..32], public_key(&client).0);
        assert_eq!(message[32..56], [5; 24]);
        assert_eq!(open_client(&message, mirror), Ok((public_key(&client), hello)));

        let answer = seal_server(&key, &Nonce([6; 24]), &hello);
        assert_eq!(open_server(&key, &answer), Ok(hello));
        for position in 0..answer.len() {
            let mut forged = answer;
            forged[position] ^= 1;
            assert_eq!(open_server(&key, &forged), Err(Forged), "byte {position}");
        }
    }
}
