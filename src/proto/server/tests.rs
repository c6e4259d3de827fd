// SPDX-License-Identifier: GPL-3.0-or-later
//! What cannot be brought about from outside.

use std::thread;

use super::*;

/// Each is tied to the next, and none can be told anything, so that all have to go.
#[test]
fn a_chain_of_clients_that_go_takes_no_stack() {
    const CLIENTS: u32 = 20_000;
    let chain = || {
        let limits = Limits { clients: CLIENTS, ..Limits::default() };
        let mut server = RelayServer::new(SecretKey([1; 32]), limits);
        for number in 0..CLIENTS {
            assert_eq!(server.accept(Millis(0)).map(|client| client.number), Some(number));
        }
        for number in 0..CLIENTS {
            let routes = &mut server.clients.get_mut(number).unwrap().routes;
            let back = routes.add(PublicKey([2; 32])).unwrap();
            let ahead = routes.add(PublicKey([3; 32])).unwrap();
            for (id, other) in [(back, number.wrapping_sub(1)), (ahead, number + 1)] {
                let connection_id = if id == back { ahead } else { back };
                routes.set_partner(id, Some(Partner { client: other, connection_id }));
                routes.settle(id);
            }
        }
        server.close(0, Reason::Closed);
        assert!(server.is_empty());
        assert_eq!(server.closed.len(), CLIENTS as usize);
    };
    let thread = thread::Builder::new().stack_size(512 * 1024).spawn(chain).unwrap();
    thread.join().unwrap();
}
