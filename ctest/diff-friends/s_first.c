/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FD-01: the original of 0.2.22 begins an attempt in the next iteration only, so that the relays in
 * the announcement that brought the key are not the friend's. All other versions, and ours in all of
 * them, begin it at once. */
#include "suite.h"

#define LATER (TOX_ABI == 222)

static void announced(void)
{
    ev_okey(0, 1);
    ev_relay_n(0, 1);
    ev_relay_n(0, 2);
    ev_relay_n(0, 3);
}

static void contact(void)
{
    world.as_it_is = true;
    searching(1);
    QUIETLY(announced());
    saw_new(LATER ? "dht_add(P1,0)=1 okset(0,P1) rglob(R1) rglob(R2) rglob(R3)"
            : "dht_add(P1,0)=1 new_crypto(k1,P1)=0 h4(0) okset(0,P1) rpeer(0,R1) rpeer(0,R2) rpeer(0,R3)",
            "dht_add(P1,0)=1 new_crypto(k1,P1)=0 h4(0) okset(0,P1) rpeer(0,R1) rpeer(0,R2) rpeer(0,R3)");
    QUIETLY(it());
    saw_new(LATER ? "new_crypto(k1,P1)=0 h4(0) direct(0,0)" : "", "");
    expect_new("relays that the friend can be reached through", near.rpeers, LATER ? 0 : 3, 3);
    /* the next announcement comes 30 s later */
    QUIETLY(run_seconds(30));
    saw("");
    QUIETLY(announced());
    saw("rpeer(0,R1) rpeer(0,R2) rpeer(0,R3)");
}

/* A later attempt: only what was tied to the friend is remembered. */
static void next_attempt(void)
{
    world.as_it_is = true;
    searching(1);
    QUIETLY(announced(); it(); ev_down(0));
    saw_nothing();
    QUIETLY(it());
    saw_new(LATER ? "new_crypto(k1,P1)=1 h4(0) direct(1,0)"
            : "new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R3) rpeer(1,R2) rpeer(1,R1)",
            "new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R3) rpeer(1,R2) rpeer(1,R1)");
}

/* From the DHT comes an address: the attempt is told it as one that was heard from, or as one that is
 * only remembered. */
static void address(void)
{
    connecting(1, 1);
    ev_down(0);
    saw_nothing();
    world.as_it_is = true;
    QUIETLY(ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5)));
    saw_new(LATER ? "direct(-1,1)" : "new_crypto(k1,P1)=1 h4(0) direct(1,1)", "new_crypto(k1,P1)=1 h4(0) direct(1,1)");
    QUIETLY(it());
    saw_new(LATER ? "new_crypto(k1,P1)=1 h4(0) direct(1,0)" : "", "");
    expect("the address", net_ntohs(near.last_direct.port), 5);
}

/* A new key, from a conference and from a handshake, with an address and relays known. */
static void change(void)
{
    connected(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    saw_nothing();
    world.as_it_is = true;
    QUIETLY(api_key(0, 2));
    expect_new("an attempt", api_crypto(0) >= 0, !LATER, 1);
    saw_nothing();
    QUIETLY(it());
    saw_new(LATER ? "new_crypto(k1,P2)=1 h4(0) direct(1,0) rpeer(1,R903) rpeer(1,R902) rpeer(1,R901)" : "", "");
    QUIETLY(ev_nkey(1, 3));
    expect_new("an attempt", api_crypto(0) >= 0, !LATER, 1);
    saw_nothing();
    QUIETLY(it());
    saw_new(LATER ? "new_crypto(k1,P3)=2 h4(0) direct(2,0) rpeer(2,R903) rpeer(2,R902) rpeer(2,R901)" : "", "");
    QUIETLY(ev_up(2));
    expect("connected", api_status(0), 2);
    saw_nothing();
}

const Scenario first_scenarios[] = {
    {"first-contact", SIM, contact, 0},
    {"first-next-attempt", SIM, next_attempt, 0},
    {"first-address", SIM, address, 0},
    {"first-key-change", SIM, change, 0},
    {NULL, 0, NULL, 0},
};
