/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The differential driver of friend_connection: one Friend_Connections object under test. Onion
 * client, DHT, net_crypto, LAN discovery and the clock are stubs of the test (neighbours.txt): each
 * writes its call with all arguments into the trace, gives the answer that the scenario has set, and
 * keeps the handlers it was given, so that the test can play events.
 *
 * Besides the trace there is a short log of the same calls; saw() compares it with what the scenario
 * expects. Its words are listed above saw(). */
#ifndef DIFF_FRIENDS_SUITE_H
#define DIFF_FRIENDS_SUITE_H

#include "kit.h"
#include "versions.h"

extern const Scenario identity_scenarios[];
extern const Scenario slot_scenarios[];
extern const Scenario key_scenarios[];
extern const Scenario attempt_scenarios[];
extern const Scenario first_scenarios[];
extern const Scenario accept_scenarios[];
extern const Scenario timer_scenarios[];
extern const Scenario expiry_scenarios[];
extern const Scenario lan_scenarios[];
extern const Scenario share_scenarios[];
extern const Scenario ring_scenarios[];
extern const Scenario local_scenarios[];
extern const Scenario packet_scenarios[];
extern const Scenario hostile_scenarios[];
extern const Scenario dispatch_scenarios[];
extern const Scenario request_scenarios[];
extern const Scenario status_scenarios[];
extern const Scenario inside_scenarios[];
extern const Scenario loop_scenarios[];
extern const Scenario refusal_scenarios[];
extern const Scenario teardown_scenarios[];
extern const Scenario misuse_scenarios[];
extern const Scenario size_scenarios[];
extern const Scenario random_scenarios[];
extern const Scenario chaos_scenarios[];

/* ------------------------------------------------------------ keys, addresses */

/* Key number n of each kind; names in traces are k1, P1, R1. DHT key 0 is all zero. */
const uint8_t *real_key(unsigned n);
const uint8_t *dht_key(unsigned n);
const uint8_t *relay_key(unsigned n);
const char *key_name(const uint8_t *key);
/* The number of a key of that kind, or -1. */
long key_number(const uint8_t *key, char kind);

#define UDP4 2
#define UDP6 10
#define TCP4 12
#define TCP6 13
#define TCP_SERVER 14

IP_Port no_address(void);
IP_Port at4(uint8_t family, uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);
/* The address that ends in `last`, all other bytes zero: 1 is the loopback address. */
IP_Port at6(uint8_t family, uint8_t last, uint16_t port);
IP_Port mapped(uint8_t family, uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);
/* Relay n as its owner announces it: TCP4 10.1.x.n, port 33445 + n. */
IP_Port relay_at(unsigned n);
Node_format relay_node(unsigned n);
/* Family, address, port; bytes that should be zero and are not are shown too. */
const char *address_text(const IP_Port *address);
/* Relays that a packet 17 of these bytes means: whole nodes, three at most; -1 if it is refused.
 * Ours and 0.2.22 take the whole nodes before one with an unknown family or a short address (F-03). */
int nodes_in(const uint8_t *packet, size_t n);
/* Bytes of a packed node, as on the wire. */
size_t put_node(uint8_t *out, const IP_Port *address, const uint8_t *key);

/* ------------------------------------------------------------------ short log */

/* What the module did since the last saw(), in order, one word each:
 *
 *   new_handler(set)  new_handler(none)  lan_init  lan_kill  onion_handler(32)
 *   onion_add(k1)=0  relay_cb(0,0)  key_cb(0,0)   (onion number, number given)   onion_del(0)
 *   on(0,1)  okset(0,P1)  onion_data(0,32,6)      (onion number, first byte, length)
 *   dht_add(P1,0)=1  dht_del(P1,1)                (key, number given, token)
 *   new_crypto(k1,P1)=0  accept(k1)=0  h4(0)  h3(0)  hk(0)  direct(0,1)  kill(0)
 *   rpeer(0,R1)  rglob(R1)  copy(0)=3  write(0,16,1)
 *   lan(33445)  G(0,1)  S0(77,1)  D0(0,64,3)  L0(0,200,3)  FR(k1,18,9)
 *
 * A refused call ends in =-1. h4 stands for the four handlers of a connection in the usual order
 * with the number of its slot, h3 for the first three; one by one they are hs, hd, hl, hk. */
void saw(const char *want);
/* Where ours differs; what it did is then a line of the trace. The step before is run QUIETLY. */
void saw_new(const char *want_original, const char *want_ours);
/* The same, where the original of 0.2.22 does what ours does. */
#define saw_new_till_220(want_original, want_ours) saw_new(TOX_ABI < 222 ? (want_original) : (want_ours), want_ours)
/* The words since the last saw(), forgotten. */
const char *saw_text(void);
void saw_nothing(void); /* forgets */
void note_word(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ----------------------------------------------------------------- neighbours */

/* What the neighbours answer; at first everything works. */
typedef struct Answers {
    int onion_add, dht_add, dht_del, new_crypto, accept; /* -1: refused */
    int direct, rglob;                                   /* results */
    int rpeer_left;     /* add_tcp_relay_peer works that often and then fails; -1: always works */
    int rpeer_fails;    /* it fails that often first; applied before rpeer_left */
    int onion_data;     /* result of send_onion_data */
    int odd;            /* result of all calls whose result is ignored */
    bool write_refused; /* all writes */
    int write_refused_id; /* only packets that begin with this */
    bool no_lan_info;   /* lan_discovery_init fails */
    bool ids_return;    /* net_crypto gives the lowest free id, else each only once */
    Node_format own[8]; /* our relays; copy_connected_tcp_relays_index walks round them */
    unsigned own_count; /* R901, R902, R903 at first */
} Answers;

extern Answers answers;

typedef struct Crypto {
    bool alive;
    bool dying; /* net_crypto ends it as soon as its status handler has returned */
    uint8_t real[32], dht[32];
    connection_status_cb *status;
    connection_data_cb *data;
    connection_lossy_data_cb *lossy;
    dht_pk_cb *key;
    void *object[4];
    int number;  /* given with the status handler */
    long opened; /* position in the order of all */
} Crypto;

typedef struct Onion_Friend {
    bool alive;
    uint8_t real[32];
    recv_tcp_relay_cb *relay;
    onion_dht_pk_cb *key;
    void *relay_object, *key_object;
    uint32_t relay_number, key_number;
    uint8_t dht[32]; /* last onion_set_friend_DHT_pubkey */
    int online;      /* last onion_set_friend_online, -1: never called */
} Onion_Friend;

/* What dht_addfriend hands out. */
#if TOX_ABI == 218
typedef uint16_t Token;
#else
typedef uint32_t Token;
#endif

typedef struct Dht_Lock {
    bool held;
    uint8_t key[32];
    Token token; /* 0: handed out none */
    dht_ip_cb *cb;
    void *object;
    int32_t number;
} Dht_Lock;

typedef struct Neighbours {
    Crypto *crypto;
    int cryptos;
    Onion_Friend *onion;
    int onions;
    Dht_Lock *locks;
    int locks_made;
    new_connection_cb *new_connection;
    void *new_connection_object;
    oniondata_handler_cb *onion_data;
    void *onion_data_object;
    const New_Connection *offered; /* while the handler runs */
    bool lan_made, lan_killed;
    long packets; /* accepted by write_cryptpacket */
    long calls;   /* of neighbours */
    long writes[256], copies, rpeers, okeys, dht_adds, dht_dels, attempts, sends; /* calls of one kind */
    long last_share_length;
    IP_Port last_relay, last_direct; /* given to add_tcp_relay_peer and set_direct_ip_port */
    uint8_t last_relay_key[32];
} Neighbours;

extern Neighbours near;

void neighbours_setup(void);
void neighbours_free(void);
/* The neighbours' own objects. */
extern Onion_Client *const onion_token;
extern Net_Crypto *const crypto_token;
extern DHT *const dht_token;
extern Networking_Core *const net_token;
extern const Network *const ns_token;
extern const Mono_Time *const mono_token;
#if TOX_ABI == 222
extern const Memory *const mem_token;
#endif

int held_locks(void);
int alive_cryptos(void);
int alive_onions(void);
/* The lock, onion friend, connection whose handler names this slot; the newest; -1: none. */
int lock_of(int slot);
int onion_of(int slot);

/* Rules that no neighbour may see broken: what is freed was held, what is used exists. In our
 * program a breach fails the scenario, in the original it is counted. */
void breach(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern unsigned breaches;
/* The scenario breaks the rules itself: they are counted, and that is all. Until world_again. */
extern bool breaches_expected;

/* Memory of the original module: moves with each change of size, and what is freed reads as zero
 * for the rest of the scenario, so that its use after free is the same each time. */
long original_blocks(void);

/* --------------------------------------------------------------------- events */

/* Each fires the handler that the module registered last for this slot or crypto id. */
void ev_okey(int slot, unsigned p);
void ev_nkey(int crypto, unsigned p);
int ev_relay(int slot, const IP_Port *address, const uint8_t *key);
int ev_relay_n(int slot, unsigned n);
void ev_addr(int slot, IP_Port address);
void ev_addr_lock(int lock, IP_Port address);
int ev_offer(unsigned k, unsigned p, IP_Port source);
void ev_up(int crypto);
void ev_down(int crypto); /* net_crypto ends the connection afterwards */
int ev_data(int crypto, const uint8_t *data, size_t n);
int ev_lossy(int crypto, const uint8_t *data, size_t n);
/* A packet of that length whose first byte is `id`; the others follow a pattern. */
int ev_packet(int crypto, uint8_t id, size_t n);
int ev_onion_request(unsigned k, size_t n);

/* The original of 0.2.22 opens the attempt for a new DHT key or address in the next iteration only, all
 * other programs at once (FD-01). So that scenarios about other things are the same in all versions, a
 * new key is followed there by an iteration that does nothing else, and told to the onion client behind
 * it; an address has such an iteration in front. Not while world.as_it_is: what the difference leads to. */
#define LATER_ATTEMPTS (TOX_ABI == 222 && !DIFF_OURS)
void key_event_begin(int slot, const uint8_t *key);
void key_event_end(void);
void address_event_begin(int slot);

/* ---------------------------------------------------------------------- world */

typedef enum Which { CB_GLOBAL, CB_STATUS, CB_DATA, CB_LOSSY, CB_REQUEST } Which;

typedef struct Called {
    Which which;
    int index;  /* 0 or 1; -1: global or request */
    int number; /* as given to the callback; of a request the number of the key */
    bool on;
    const uint8_t *data;
    size_t len;
} Called;

typedef struct World {
    Friend_Connections *fc;
    Logger *log;
    uint64_t now;
    bool lan;     /* local discovery, for the next world_open */
    int watch;    /* slots 0..watch-1 have a state line */
    bool mute;    /* no lines at all, only short log and counters */
    bool inside;  /* a hook is running */
    unsigned errors, logged; /* log lines of level ERROR; all */
    unsigned calls[5];       /* callbacks, by Which */
    unsigned next_object;    /* objects given with callbacks are numbered */
    bool no_userdata;        /* NULL is given for it */
    bool as_it_is;           /* see LATER_ATTEMPTS */
    void (*hook)(const Called *call);
} World;

extern World world;

/* The constructor, with the neighbours' objects for what is not an argument. */
Friend_Connections *fc_new(const Logger *log, const Mono_Time *mono, Onion_Client *onion, bool lan);
void world_open(void);
void world_close(void);
/* Ends the object and starts over, neighbours and clock included. */
void world_again(void);
/* Traces what changed in the state of the watched slots. */
void look(void);
void check_all_released(void);
/* Runs `what` in our program only; its checks count, its lines do not. Ends the scenario. */
void ours_only(const char *why, void (*what)(void));
/* True if `what` ends the process; run in a child, so nothing it does stays. */
bool crashes(void (*what)(void));

/* What is given as userdata: with an iteration, an event, set_dht_temp_pk. */
typedef enum From { FROM_IT = 71, FROM_EVENT, FROM_KEY } From;
void *userdata(From from);

/* The calls of the API, traced. */
int api_add(unsigned k);
int api_kill(int id);
int api_lock(int id);
int api_find(unsigned k);
void api_key(int id, unsigned p);
unsigned api_status(int id);
int api_crypto(int id);
/* Index 0 or 1 with all three callbacks and this number; and none at all. */
int api_callbacks(int id, unsigned index, int number);
int api_clear(int id, unsigned index);
void api_global(void);
void api_request_handler(void);
int api_send_request(int id, size_t n);
const IP_Port *api_address(int id);
int api_onion(int id);
unsigned api_dht(int id); /* number of the DHT key, 0: unknown */

/* One iteration; several; the clock alone; the clock second by second with an iteration each. */
void it(void);
void its(unsigned n);
void clock_add(uint64_t seconds);
void run_seconds(unsigned n);

/* The callbacks that api_callbacks, api_global and api_request_handler register. */
int on_global(void *object, int id, bool on, void *userdata);
int on_status0(void *object, int number, bool on, void *userdata);
int on_status1(void *object, int number, bool on, void *userdata);
int on_data0(void *object, int number, const uint8_t *data, uint16_t len, void *userdata);
int on_data1(void *object, int number, const uint8_t *data, uint16_t len, void *userdata);
int on_lossy0(void *object, int number, const uint8_t *data, uint16_t len, void *userdata);
int on_lossy1(void *object, int number, const uint8_t *data, uint16_t len, void *userdata);
int on_request(void *object, const uint8_t *source, const uint8_t *data, uint16_t len, void *userdata);
void *new_object(void);

/* ------------------------------------------------------------- frequent moves */

/* Friend k in the next slot, with callbacks: number 100 + slot at index 0, 200 + slot at index 1;
 * with DHT key p and an attempt; online; after its first iteration, in which an ALIVE was sent and
 * our three relays were shared. What that took is forgotten. All return the slot's id. */
int searching(unsigned k);
int connecting(unsigned k, unsigned p);
int online(unsigned k, unsigned p);
int connected(unsigned k, unsigned p);
/* The words of an iteration that sends ALIVE and shares our three relays, on this crypto id. */
const char *first_words(int crypto);
/* n relays, numbers first.., tied to the slot through the onion handler. */
void relays_known(int slot, unsigned first, unsigned n);

#endif
