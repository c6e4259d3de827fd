/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Generated from src/api, see build.rs; not to be edited. */
/**
 * @file
 * toxlink: TCP relays of Tox for C99 and later, and for C++.
 *
 * | Object | What it is |
 * |---|---|
 * | Toxlink_Connections | peers, each reached over several relays at once |
 * | Toxlink_Client | one connection to one relay |
 * | Toxlink_Friends | friends, found and kept through neighbours that you supply |
 * | Toxlink_Relay | a relay: the other side |
 *
 * Rules for all functions:
 *
 * - **Errors.** A function that can fail returns whether it worked (or NULL, or a number that says
 *   so). Why it failed is written to `error`, which may be NULL; after success it is ..._OK. A NULL
 *   object, or NULL where something has to be, is the error ..._NULL. The library writes nothing
 *   anywhere but to your log callback, and does not end the program.
 * - **No memory.** A call that finds none goes on with 1 MiB that the library has set aside. The calls
 *   after it fail with ..._MALLOC, and do nothing, until there is memory again; so wait a moment before
 *   the next try. What frees, tells something without an error or sets a callback works meanwhile. Only
 *   a single call that needs more than that ends the program.
 * - **Memory.** What a ..._new() function returns is yours until you give it to the ..._kill() function
 *   of its kind. What you pass in is used during the call only, unless its comment says otherwise. What
 *   a callback is given is valid until the callback returns.
 * - **Callbacks** are called during ..._iterate() and ..._turn(), on the thread that called these, with
 *   the `user_data` given to these. Nothing is locked meanwhile: a callback may call every function of
 *   every object, ..._kill() of its own object included. C++ callbacks must not throw.
 * - **Threads.** Every object may be used from every thread. Calls wait for each other for microseconds
 *   at most, never for a callback. ..._kill() is the exception, as free() is; ..._wake() ends a
 *   ..._turn() on a thread that is to be joined before. After fork(), objects stay with the parent: the
 *   child does not use them, and does not free them.
 * - **Time.** Nothing has to be polled. Watch ..._descriptor(), and call ..._iterate() when it can be
 *   read and when the milliseconds of ..._wait() are over; or call ..._turn(), which waits by itself.
 *   A program that polls calls ..._iterate() as often as it likes.
 * - **Packets** may get lost, come twice or out of order when relays fail. A relay drops what its receiver
 *   is too slow for, without a word. What has to arrive is numbered, confirmed and repeated by programs.
 * - **Secrets.** What goes to a relay and comes from it is encrypted, and a relay is who its key says.
 *   But the relay reads the packets that it passes on, and could make up others, in the name of any
 *   peer. So programs encrypt and authenticate between the ends what matters.
 * - **Units.** Lengths are bytes, times milliseconds, keys TOXLINK_KEY_SIZE bytes, ports and numbers in
 *   the byte order of the machine, texts UTF-8.
 * - **Sized structs.** Structs are passed with their size, so that a program works with later
 *   libraries, whose structs are longer.
 */

#ifndef TOXLINK_H
#define TOXLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


/** The major version of this header. */
#define TOXLINK_VERSION_MAJOR 0
/** The minor version of this header. */
#define TOXLINK_VERSION_MINOR 1
/** The patch version of this header. */
#define TOXLINK_VERSION_PATCH 0

/**
 * Bytes of a secret key, and of a public key.
 */
#define TOXLINK_KEY_SIZE 32

/**
 * Bytes of a key in hexadecimal digits, with the NUL behind them.
 */
#define TOXLINK_KEY_HEX_SIZE 65

/**
 * Bytes of the longest packet to or from a peer.
 */
#define TOXLINK_MAX_PACKET_SIZE 2031

/**
 * Bytes of the longest packet that can be sent out of band.
 */
#define TOXLINK_MAX_OOB_SIZE 1024

/**
 * No peer has this number.
 */
#define TOXLINK_NO_PEER UINT32_MAX

/**
 * A time that is not known.
 */
#define TOXLINK_UNKNOWN_MS UINT32_MAX

/**
 * No friend has this number.
 */
#define TOXLINK_NO_FRIEND UINT32_MAX

/**
 * Longest packet to a friend, in bytes.
 */
#define TOXLINK_FRIEND_MAX_PACKET_SIZE 1373

/**
 * Longest message of a friend request, in bytes.
 */
#define TOXLINK_FRIEND_MAX_REQUEST_SIZE 1016

/**
 * Bytes of a nospam.
 */
#define TOXLINK_FRIEND_NOSPAM_SIZE 4

/**
 * The lowest first byte of a packet to a friend.
 */
#define TOXLINK_FRIEND_FIRST_PACKET_ID 19

/**
 * The highest first byte of a packet to a friend.
 */
#define TOXLINK_FRIEND_LAST_PACKET_ID 191

/**
 * Bytes of an address as text, with the NUL: "192.0.2.1:33445" or "[2001:db8::1]:33445".
 */
#define TOXLINK_IP_PORT_SIZE 64

/**
 * Why there is no key.
 */
typedef enum Toxlink_Err_Key {
  /**
   * There is one.
   */
  TOXLINK_ERR_KEY_OK,
  /**
   * A pointer is NULL that must not be.
   */
  TOXLINK_ERR_KEY_NULL,
  /**
   * The system has no random bytes.
   */
  TOXLINK_ERR_KEY_NO_RANDOM,
  /**
   * The text is not 64 hexadecimal digits.
   */
  TOXLINK_ERR_KEY_BAD_HEX,
  /**
   * A defect of this library.
   */
  TOXLINK_ERR_KEY_INTERNAL,
} Toxlink_Err_Key;

/**
 * How much a line of the log matters.
 */
typedef enum Toxlink_Log_Level {
  /**
   * Per packet.
   */
  TOXLINK_LOG_LEVEL_TRACE,
  /**
   * Decisions.
   */
  TOXLINK_LOG_LEVEL_DEBUG,
  /**
   * A connection was made or lost.
   */
  TOXLINK_LOG_LEVEL_INFO,
  /**
   * Something that should not happen, but is dealt with.
   */
  TOXLINK_LOG_LEVEL_WARNING,
  /**
   * Something is broken.
   */
  TOXLINK_LOG_LEVEL_ERROR,
} Toxlink_Log_Level;

/**
 * Why an object was not made.
 */
typedef enum Toxlink_Err_New {
  /**
   * It was made.
   */
  TOXLINK_ERR_NEW_OK,
  /**
   * A pointer is NULL that must not be.
   */
  TOXLINK_ERR_NEW_NULL,
  /**
   * There is no memory.
   */
  TOXLINK_ERR_NEW_MALLOC,
  /**
   * A defect of this library.
   */
  TOXLINK_ERR_NEW_INTERNAL,
  /**
   * The size of a struct is not known: it was not initialised.
   */
  TOXLINK_ERR_NEW_OPTIONS,
  /**
   * An address cannot be read.
   */
  TOXLINK_ERR_NEW_BAD_ADDRESS,
  /**
   * A key cannot be used: with it, everybody could read along.
   */
  TOXLINK_ERR_NEW_BAD_KEY,
  /**
   * There is no such type of proxy.
   */
  TOXLINK_ERR_NEW_PROXY_TYPE,
  /**
   * The proxy's address cannot be read.
   */
  TOXLINK_ERR_NEW_PROXY_ADDRESS,
  /**
   * The proxy's user name is missing or empty, or it or the password is too long or has characters
   * that it cannot have.
   */
  TOXLINK_ERR_NEW_PROXY_CREDENTIALS,
  /**
   * There is no such log level.
   */
  TOXLINK_ERR_NEW_LOG_LEVEL,
  /**
   * The system gives no descriptor, thread or random bytes.
   */
  TOXLINK_ERR_NEW_SYSTEM,
  /**
   * A function of the neighbours is missing.
   */
  TOXLINK_ERR_NEW_NEIGHBOURS,
} Toxlink_Err_New;

/**
 * Why an iteration did nothing.
 */
typedef enum Toxlink_Err_Iterate {
  /**
   * It was done.
   */
  TOXLINK_ERR_ITERATE_OK,
  /**
   * The object is NULL.
   */
  TOXLINK_ERR_ITERATE_NULL,
  /**
   * One is under way already, on another thread or around this call.
   */
  TOXLINK_ERR_ITERATE_BUSY,
  /**
   * There is no memory.
   */
  TOXLINK_ERR_ITERATE_MALLOC,
  /**
   * A defect of this library; the object is given up.
   */
  TOXLINK_ERR_ITERATE_INTERNAL,
  /**
   * The system cannot tell which sockets have something to say.
   */
  TOXLINK_ERR_ITERATE_SYSTEM,
} Toxlink_Err_Iterate;

/**
 * How far a client has come. It goes through these in this order, and never back.
 */
typedef enum Toxlink_Client_Status {
  /**
   * A host name is being looked up.
   */
  TOXLINK_CLIENT_STATUS_LOOKING_UP,
  /**
   * The socket, the proxy or the handshake is under way.
   */
  TOXLINK_CLIENT_STATUS_CONNECTING,
  /**
   * Packets flow.
   */
  TOXLINK_CLIENT_STATUS_CONNECTED,
  /**
   * It is over; a new client has to be made.
   */
  TOXLINK_CLIENT_STATUS_DISCONNECTED,
} Toxlink_Client_Status;

/**
 * Why a connection id was not asked for, or not given back.
 */
typedef enum Toxlink_Err_Route {
  /**
   * It was.
   */
  TOXLINK_ERR_ROUTE_OK,
  /**
   * A pointer is NULL that must not be.
   */
  TOXLINK_ERR_ROUTE_NULL,
  /**
   * The relay is not connected.
   */
  TOXLINK_ERR_ROUTE_NOT_CONNECTED,
  /**
   * Too many requests wait for their answers.
   */
  TOXLINK_ERR_ROUTE_FULL,
  /**
   * The connection id was not given, or was given back already.
   */
  TOXLINK_ERR_ROUTE_NOT_FOUND,
  /**
   * There is no memory.
   */
  TOXLINK_ERR_ROUTE_MALLOC,
  /**
   * A defect of this library; the object is given up.
   */
  TOXLINK_ERR_ROUTE_INTERNAL,
} Toxlink_Err_Route;

/**
 * Why a packet was not sent.
 */
typedef enum Toxlink_Err_Send {
  /**
   * It was sent.
   */
  TOXLINK_ERR_SEND_OK,
  /**
   * A pointer is NULL that must not be.
   */
  TOXLINK_ERR_SEND_NULL,
  /**
   * Everything is full. The writable callback tells when to try again.
   */
  TOXLINK_ERR_SEND_BUSY,
  /**
   * The relay is not connected.
   */
  TOXLINK_ERR_SEND_NOT_CONNECTED,
  /**
   * There is no such peer, relay or connection id.
   */
  TOXLINK_ERR_SEND_NOT_FOUND,
  /**
   * The peer is not online at any relay.
   */
  TOXLINK_ERR_SEND_NOT_ONLINE,
  /**
   * The packet is too short or too long.
   */
  TOXLINK_ERR_SEND_LENGTH,
  /**
   * The destination cannot be read.
   */
  TOXLINK_ERR_SEND_BAD_ADDRESS,
  /**
   * The socket has failed; the next iteration ends the connection.
   */
  TOXLINK_ERR_SEND_BROKEN,
  /**
   * There is no memory.
   */
  TOXLINK_ERR_SEND_MALLOC,
  /**
   * A defect of this library; the object is given up.
   */
  TOXLINK_ERR_SEND_INTERNAL,
} Toxlink_Err_Send;

/**
 * Why a relay was not added, tied to a peer or removed.
 */
typedef enum Toxlink_Err_Relay {
  /**
   * It was.
   */
  TOXLINK_ERR_RELAY_OK,
  /**
   * A pointer is NULL that must not be.
   */
  TOXLINK_ERR_RELAY_NULL,
  /**
   * The address cannot be read.
   */
  TOXLINK_ERR_RELAY_BAD_ADDRESS,
  /**
   * The key cannot be used: with it, everybody could read along.
   */
  TOXLINK_ERR_RELAY_BAD_KEY,
  /**
   * There is a relay with this key already. It has learned the address.
   */
  TOXLINK_ERR_RELAY_KNOWN,
  /**
   * There are too many relays.
   */
  TOXLINK_ERR_RELAY_FULL,
  /**
   * There is no such peer.
   */
  TOXLINK_ERR_RELAY_NO_PEER,
  /**
   * The peer is online at three relays, or has six that may still come.
   */
  TOXLINK_ERR_RELAY_ENOUGH,
  /**
   * The relay is tied to the peer already.
   */
  TOXLINK_ERR_RELAY_TIED,
  /**
   * There is no such relay.
   */
  TOXLINK_ERR_RELAY_NOT_FOUND,
  /**
   * There is no memory.
   */
  TOXLINK_ERR_RELAY_MALLOC,
  /**
   * A defect of this library; the object is given up.
   */
  TOXLINK_ERR_RELAY_INTERNAL,
} Toxlink_Err_Relay;

/**
 * Why a peer was not added, or not found.
 */
typedef enum Toxlink_Err_Peer {
  /**
   * It was.
   */
  TOXLINK_ERR_PEER_OK,
  /**
   * A pointer is NULL that must not be.
   */
  TOXLINK_ERR_PEER_NULL,
  /**
   * There is a peer with this key already.
   */
  TOXLINK_ERR_PEER_KNOWN,
  /**
   * It is our own key.
   */
  TOXLINK_ERR_PEER_OWN_KEY,
  /**
   * There is no such peer.
   */
  TOXLINK_ERR_PEER_NO_PEER,
  /**
   * There are too many peers.
   */
  TOXLINK_ERR_PEER_FULL,
  /**
   * There is no memory.
   */
  TOXLINK_ERR_PEER_MALLOC,
  /**
   * A defect of this library; the object is given up.
   */
  TOXLINK_ERR_PEER_INTERNAL,
} Toxlink_Err_Peer;

/**
 * Why a friend was not added.
 */
typedef enum Toxlink_Err_Friend_Add {
  /**
   * It was added, or has an owner more.
   */
  TOXLINK_ERR_FRIEND_ADD_OK,
  /**
   * The object or the key is NULL.
   */
  TOXLINK_ERR_FRIEND_ADD_NULL,
  /**
   * The neighbour's onion_add() refuses it, or it was removed from inside a neighbour.
   */
  TOXLINK_ERR_FRIEND_ADD_REFUSED,
  /**
   * There is no memory; nothing was done.
   */
  TOXLINK_ERR_FRIEND_ADD_MALLOC,
  /**
   * A defect of this library; the object is given up.
   */
  TOXLINK_ERR_FRIEND_ADD_INTERNAL,
} Toxlink_Err_Friend_Add;

/**
 * Why something was not done with a friend, or not told of it.
 */
typedef enum Toxlink_Err_Friend {
  /**
   * It was done.
   */
  TOXLINK_ERR_FRIEND_OK,
  /**
   * The object or the place for the result is NULL.
   */
  TOXLINK_ERR_FRIEND_NULL,
  /**
   * There is no friend with this number, or key.
   */
  TOXLINK_ERR_FRIEND_NOT_FOUND,
  /**
   * The friend has none, or it is not known.
   */
  TOXLINK_ERR_FRIEND_UNKNOWN,
  /**
   * There is no memory; nothing was done.
   */
  TOXLINK_ERR_FRIEND_MALLOC,
  /**
   * A defect of this library; the object is given up.
   */
  TOXLINK_ERR_FRIEND_INTERNAL,
} Toxlink_Err_Friend;

/**
 * How it is with a friend.
 */
typedef enum Toxlink_Friend_Status {
  /**
   * There is no such friend.
   */
  TOXLINK_FRIEND_STATUS_NONE,
  /**
   * It is looked for, or being connected.
   */
  TOXLINK_FRIEND_STATUS_CONNECTING,
  /**
   * It is online.
   */
  TOXLINK_FRIEND_STATUS_ONLINE,
} Toxlink_Friend_Status;

/**
 * Why a packet was not sent to a friend.
 */
typedef enum Toxlink_Err_Friend_Send {
  /**
   * It was sent.
   */
  TOXLINK_ERR_FRIEND_SEND_OK,
  /**
   * The object or the packet is NULL.
   */
  TOXLINK_ERR_FRIEND_SEND_NULL,
  /**
   * There is no friend with this number.
   */
  TOXLINK_ERR_FRIEND_SEND_NOT_FOUND,
  /**
   * The friend is not online.
   */
  TOXLINK_ERR_FRIEND_SEND_NOT_ONLINE,
  /**
   * The packet is empty or longer than TOXLINK_FRIEND_MAX_PACKET_SIZE.
   */
  TOXLINK_ERR_FRIEND_SEND_LENGTH,
  /**
   * The first byte is not one of TOXLINK_FRIEND_FIRST_PACKET_ID to
   * TOXLINK_FRIEND_LAST_PACKET_ID.
   */
  TOXLINK_ERR_FRIEND_SEND_PACKET_ID,
  /**
   * The neighbour's crypto_write() takes no more just now.
   */
  TOXLINK_ERR_FRIEND_SEND_BUSY,
  /**
   * There is no memory; nothing was done.
   */
  TOXLINK_ERR_FRIEND_SEND_MALLOC,
  /**
   * A defect of this library; the object is given up.
   */
  TOXLINK_ERR_FRIEND_SEND_INTERNAL,
} Toxlink_Err_Friend_Send;

/**
 * Why a friend request was not sent.
 */
typedef enum Toxlink_Err_Friend_Request {
  /**
   * It was sent.
   */
  TOXLINK_ERR_FRIEND_REQUEST_OK,
  /**
   * The object, the nospam or the message is NULL.
   */
  TOXLINK_ERR_FRIEND_REQUEST_NULL,
  /**
   * There is no friend with this number.
   */
  TOXLINK_ERR_FRIEND_REQUEST_NOT_FOUND,
  /**
   * The message is empty or longer than TOXLINK_FRIEND_MAX_REQUEST_SIZE.
   */
  TOXLINK_ERR_FRIEND_REQUEST_LENGTH,
  /**
   * The neighbour did not take it: there may be no way to the friend yet.
   */
  TOXLINK_ERR_FRIEND_REQUEST_REFUSED,
  /**
   * There is no memory; nothing was done.
   */
  TOXLINK_ERR_FRIEND_REQUEST_MALLOC,
  /**
   * A defect of this library; the object is given up.
   */
  TOXLINK_ERR_FRIEND_REQUEST_INTERNAL,
} Toxlink_Err_Friend_Request;

/**
 * Why a report of a neighbour was of no use. None of them is a fault of the program as such: the
 * friend may have been removed, or its connection replaced, while the report was on its way.
 */
typedef enum Toxlink_Err_Friend_Report {
  /**
   * It was taken.
   */
  TOXLINK_ERR_FRIEND_REPORT_OK,
  /**
   * The object or something that was reported is NULL.
   */
  TOXLINK_ERR_FRIEND_REPORT_NULL,
  /**
   * There is no such friend, or nobody looks for this DHT key.
   */
  TOXLINK_ERR_FRIEND_REPORT_NOT_FOUND,
  /**
   * It is about a connection that is not the friend's, or the friend is not online.
   */
  TOXLINK_ERR_FRIEND_REPORT_NO_CONNECTION,
  /**
   * An address cannot be read.
   */
  TOXLINK_ERR_FRIEND_REPORT_BAD_ADDRESS,
  /**
   * The packet cannot be read, or is empty, or a key consists of zeros.
   */
  TOXLINK_ERR_FRIEND_REPORT_MALFORMED,
  /**
   * The friend is connected already, or a neighbour refuses.
   */
  TOXLINK_ERR_FRIEND_REPORT_REFUSED,
  /**
   * There is no memory; nothing was done.
   */
  TOXLINK_ERR_FRIEND_REPORT_MALLOC,
  /**
   * A defect of this library; the object is given up.
   */
  TOXLINK_ERR_FRIEND_REPORT_INTERNAL,
} Toxlink_Err_Friend_Report;

/**
 * The kinds of proxies.
 */
typedef enum Toxlink_Proxy_Type {
  /**
   * No proxy.
   */
  TOXLINK_PROXY_TYPE_NONE,
  /**
   * HTTP CONNECT, with basic authentication if there is a user name.
   */
  TOXLINK_PROXY_TYPE_HTTP,
  /**
   * SOCKS5, with user name and password (RFC 1929) if there is a user name.
   */
  TOXLINK_PROXY_TYPE_SOCKS5,
} Toxlink_Proxy_Type;

/**
 * What is being done with a relay.
 */
typedef enum Toxlink_Relay_State {
  /**
   * Its host name is being looked up.
   */
  TOXLINK_RELAY_STATE_LOOKING_UP,
  /**
   * It is being connected.
   */
  TOXLINK_RELAY_STATE_CONNECTING,
  /**
   * Packets flow.
   */
  TOXLINK_RELAY_STATE_CONNECTED,
  /**
   * It is only remembered, because nobody needs it now.
   */
  TOXLINK_RELAY_STATE_SLEEPING,
  /**
   * It could not be reached, and is tried again.
   */
  TOXLINK_RELAY_STATE_WAITING,
} Toxlink_Relay_State;

/**
 * One connection to one relay, directly or through a proxy. Most programs want Toxlink_Connections,
 * which keeps peers reachable over several relays.
 */
typedef struct Toxlink_Client Toxlink_Client;

/**
 * Peers, each reached over several relays at once. A peer is known by its public key (the DHT key).
 * Two programs that add each other as peers, and have a relay in common, can send each other packets
 * of 1 to 2031 bytes; these may get lost, and come twice or out of order, when relays fail.
 */
typedef struct Toxlink_Connections Toxlink_Connections;

/**
 * Friends, and the connections to them, over an onion client, a DHT and encrypted connections that
 * the program supplies. Made by toxlink_friends_new(), freed by toxlink_friends_kill().
 *
 * It has no sockets and no thread; it works while one of its functions is called. It may be used
 * from any thread. Nothing is locked while a function of the program runs: neighbours, callbacks
 * and the log may call everything, also for the same object, and toxlink_friends_kill().
 */
typedef struct Toxlink_Friends Toxlink_Friends;

/**
 * A relay: the other side of a relay connection. It passes packets between the clients that have
 * asked for each other, and knows neither the onion nor the DHT, so it is for tests, examples and
 * small networks.
 *
 * It serves its clients in toxlink_relay_iterate() or toxlink_relay_turn(), or by itself after
 * toxlink_relay_start(). All functions may be called from any thread, also while it serves.
 */
typedef struct Toxlink_Relay Toxlink_Relay;

/**
 * A line for the log. `message` is UTF-8 without a line break, valid until the function returns;
 * `object` is what was given with the function. It may call every function of the object that logs.
 */
typedef void (*toxlink_log_cb)(enum Toxlink_Log_Level level,
                               const char *message,
                               void *object);

/**
 * What clients and connections are made from. To be filled in by toxlink_options_init() first, and
 * then by you. What the pointers lead to is copied by ..._new(); only `log_object` is kept.
 */
typedef struct Toxlink_Options {
  /**
   * Bytes of this struct, as the program was compiled.
   */
  size_t size;
  /**
   * Our secret key, TOXLINK_KEY_SIZE bytes: who we are. NULL for a new one.
   */
  const uint8_t *secret_key;
  /**
   * A Toxlink_Proxy_Type. With a proxy, nothing is connected and no host name is looked up but
   * through it; only its own name is looked up.
   */
  uint32_t proxy_type;
  /**
   * Where the proxy is, "host:port".
   */
  const char *proxy_address;
  /**
   * Our name at the proxy, 1 to 255 bytes, without ':' for HTTP; NULL if it knows no users.
   */
  const char *proxy_user;
  /**
   * The password that belongs to the name, 0 to 255 bytes; NULL for none.
   */
  const char *proxy_password;
  /**
   * Where lines of the log go, NULL for nowhere. It is called during ..._iterate() and ..._turn(), and
   * by a function that comes upon a defect of this library.
   */
  toxlink_log_cb log_callback;
  /**
   * Handed to the log callback.
   */
  void *log_object;
  /**
   * A Toxlink_Log_Level: what matters less is left out.
   */
  uint32_t log_level;
} Toxlink_Options;

/**
 * What a client has moved so far.
 */
typedef struct Toxlink_Client_Statistics {
  /**
   * Bytes written, to the proxy too.
   */
  uint64_t bytes_sent;
  /**
   * Bytes read.
   */
  uint64_t bytes_received;
  /**
   * Encrypted packets written.
   */
  uint64_t packets_sent;
  /**
   * Encrypted packets read.
   */
  uint64_t packets_received;
  /**
   * Bytes that wait for the socket now.
   */
  uint64_t queued_bytes;
} Toxlink_Client_Statistics;

/**
 * The client has come further.
 */
typedef void (*toxlink_client_status_cb)(struct Toxlink_Client *client,
                                         enum Toxlink_Client_Status status,
                                         void *user_data);

/**
 * The answer to toxlink_client_request_route(): whether the relay has given a connection id to the
 * peer with this key, and which (0 to 239; 0 if it was not granted).
 */
typedef void (*toxlink_client_route_cb)(struct Toxlink_Client *client,
                                        const uint8_t *public_key,
                                        uint8_t connection_id,
                                        bool granted,
                                        void *user_data);

/**
 * The peer behind a connection id came or went. Data can be sent to it while it is there.
 */
typedef void (*toxlink_client_online_cb)(struct Toxlink_Client *client,
                                         uint8_t connection_id,
                                         bool online,
                                         void *user_data);

/**
 * A packet of the peer behind a connection id, 1 to 2031 bytes.
 */
typedef void (*toxlink_client_data_cb)(struct Toxlink_Client *client,
                                       uint8_t connection_id,
                                       const uint8_t *data,
                                       size_t length,
                                       void *user_data);

/**
 * An out-of-band packet, 1 to 1999 bytes, of somebody with this key, on the relay's word.
 */
typedef void (*toxlink_client_oob_cb)(struct Toxlink_Client *client,
                                      const uint8_t *public_key,
                                      const uint8_t *data,
                                      size_t length,
                                      void *user_data);

/**
 * A packet out of the onion, 1 to 2031 bytes.
 */
typedef void (*toxlink_client_onion_cb)(struct Toxlink_Client *client,
                                        const uint8_t *data,
                                        size_t length,
                                        void *user_data);

/**
 * A forwarded packet, 1 to 2031 bytes.
 */
typedef void (*toxlink_client_forwarding_cb)(struct Toxlink_Client *client,
                                             const uint8_t *data,
                                             size_t length,
                                             void *user_data);

/**
 * A send came to TOXLINK_ERR_SEND_BUSY before, and there is room again.
 */
typedef void (*toxlink_client_writable_cb)(struct Toxlink_Client *client,
                                           void *user_data);

/**
 * A packet of a peer, 1 to 2031 bytes. That it is of this peer is the relay's word.
 */
typedef void (*toxlink_connections_data_cb)(struct Toxlink_Connections *connections,
                                            uint32_t peer,
                                            const uint8_t *data,
                                            size_t length,
                                            void *user_data);

/**
 * A packet, 1 to 1999 bytes, of somebody with this key, on the relay's word, who is no peer of ours, or
 * not one that we know to be at this relay. To answer, add a peer for the key if there is none, and tie
 * the relay to it by toxlink_connections_tie_relay().
 */
typedef void (*toxlink_connections_oob_cb)(struct Toxlink_Connections *connections,
                                           const uint8_t *public_key,
                                           const uint8_t *relay_public_key,
                                           const uint8_t *data,
                                           size_t length,
                                           void *user_data);

/**
 * A packet out of the onion, 1 to 2031 bytes.
 */
typedef void (*toxlink_connections_onion_cb)(struct Toxlink_Connections *connections,
                                             const uint8_t *data,
                                             size_t length,
                                             void *user_data);

/**
 * A forwarded packet, 1 to 2031 bytes.
 */
typedef void (*toxlink_connections_forwarding_cb)(struct Toxlink_Connections *connections,
                                                  const uint8_t *data,
                                                  size_t length,
                                                  void *user_data);

/**
 * The peer is online at more or fewer relays than before; at 0 it cannot be reached now.
 */
typedef void (*toxlink_connections_peer_status_cb)(struct Toxlink_Connections *connections,
                                                   uint32_t peer,
                                                   uint32_t online_relays,
                                                   void *user_data);

/**
 * A relay is connected; or its connection is over, or could not be made, or its host name was not
 * found: then `reason` says in English why, and is empty if we have ended it.
 */
typedef void (*toxlink_connections_relay_status_cb)(struct Toxlink_Connections *connections,
                                                    const uint8_t *relay_public_key,
                                                    bool connected,
                                                    const char *reason,
                                                    void *user_data);

/**
 * A send to this peer came to TOXLINK_ERR_SEND_BUSY before, and a relay has room again.
 */
typedef void (*toxlink_connections_writable_cb)(struct Toxlink_Connections *connections,
                                                uint32_t peer,
                                                void *user_data);

/**
 * A send through this relay, to nobody who is a peer, came to TOXLINK_ERR_SEND_BUSY before, and it has
 * room again.
 */
typedef void (*toxlink_connections_relay_writable_cb)(struct Toxlink_Connections *connections,
                                                      const uint8_t *relay_public_key,
                                                      void *user_data);

/**
 * How a relay fares.
 */
typedef struct Toxlink_Relay_Info {
  /**
   * Its key.
   */
  uint8_t public_key[32];
  /**
   * Where it is, "host:port"; empty if that is not known.
   */
  char address[272];
  /**
   * Why its last connection ended, in English; empty if none did.
   */
  char last_error[128];
  /**
   * A Toxlink_Relay_State.
   */
  uint32_t state;
  /**
   * It does not answer: other relays carry the data.
   */
  bool suspected;
  /**
   * It is kept for the onion.
   */
  bool onion;
  /**
   * The newest round trip in milliseconds, or TOXLINK_UNKNOWN_MS.
   */
  uint32_t round_trip_last_ms;
  /**
   * The smoothed one.
   */
  uint32_t round_trip_smoothed_ms;
  /**
   * Peers that are tied to it.
   */
  uint32_t peers;
  /**
   * Peers that are online there.
   */
  uint32_t online_peers;
  /**
   * Connections begun.
   */
  uint32_t attempts;
  /**
   * Times it was connected again.
   */
  uint32_t reconnects;
  /**
   * Times it was suspected.
   */
  uint32_t suspicions;
  /**
   * Bytes that wait for the socket.
   */
  uint64_t queued_bytes;
  /**
   * Bytes written, over all its connections.
   */
  uint64_t bytes_sent;
  /**
   * Bytes read.
   */
  uint64_t bytes_received;
  /**
   * Encrypted packets written.
   */
  uint64_t packets_sent;
  /**
   * Encrypted packets read.
   */
  uint64_t packets_received;
  /**
   * Packets not taken because the socket was full.
   */
  uint64_t dropped_full;
  /**
   * Packets not taken because the connection was not there, or had failed.
   */
  uint64_t dropped_broken;
  /**
   * Packets not taken because of their length, or because the peer was not online.
   */
  uint64_t dropped_refused;
} Toxlink_Relay_Info;

/**
 * How a peer fares.
 */
typedef struct Toxlink_Peer_Info {
  /**
   * Its key.
   */
  uint8_t public_key[32];
  /**
   * The key of the relay that carries its packets, if there is one.
   */
  uint8_t carrier[32];
  /**
   * Whether there is one.
   */
  bool has_carrier;
  /**
   * It is reached in another way now.
   */
  bool sleeping;
  /**
   * Relays that are tied to it.
   */
  uint32_t relays;
  /**
   * Relays at which it is online.
   */
  uint32_t online_relays;
  /**
   * Times another relay took over because the carrier failed or did not answer.
   */
  uint32_t failovers;
  /**
   * Times another relay took over because it was faster, or came back.
   */
  uint32_t switches;
  /**
   * Packets that a relay took.
   */
  uint64_t packets_sent;
  /**
   * Packets received.
   */
  uint64_t packets_received;
  /**
   * Copies of packets sent out of band, because the peer was online nowhere.
   */
  uint64_t sent_out_of_band;
  /**
   * Packets that no relay took.
   */
  uint64_t dropped;
} Toxlink_Peer_Info;

/**
 * What a relay is made from. To be filled in by toxlink_relay_options_init() first, and then by you.
 * The pointers are used during toxlink_relay_new() only, except `log_object`.
 */
typedef struct Toxlink_Relay_Options {
  /**
   * Bytes of this struct, as the program was compiled.
   */
  size_t size;
  /**
   * Secret key, 32 bytes; NULL for a new one.
   */
  const uint8_t *secret_key;
  /**
   * IP addresses with ports to listen on, `127.0.0.1:3389` or `[::1]:3389`; port 0 takes any that is
   * free.
   */
  const char *const *addresses;
  /**
   * How many addresses there are; 0 for "127.0.0.1:0" alone.
   */
  size_t address_count;
  /**
   * Clients at the same time; 0 for 4096.
   */
  uint32_t max_clients;
  /**
   * Bytes that may wait for one client, beyond which data for it is dropped; 0 for 256 KiB.
   */
  size_t max_queued;
  /**
   * Where lines of the log go; NULL for nowhere. It is called with nothing locked, on the thread
   * that iterates, or on the one that toxlink_relay_start() has made. It may call every function
   * of the relay, toxlink_relay_kill() included; an iteration in there is BUSY.
   */
  toxlink_log_cb log_callback;
  /**
   * Handed to the log callback; not used for anything else.
   */
  void *log_object;
  /**
   * A Toxlink_Log_Level: the least that is worth a line. Departures of clients and listening are DEBUG,
   * the end of the relay's thread INFO, callers for whom the system has no socket WARNING.
   */
  uint32_t log_level;
} Toxlink_Relay_Options;

/**
 * What a relay has done so far.
 */
typedef struct Toxlink_Relay_Figures {
  /**
   * Clients whose handshake is complete, now.
   */
  uint64_t clients;
  /**
   * Callers accepted.
   */
  uint64_t accepted;
  /**
   * Callers refused, because `max_clients` clients were there.
   */
  uint64_t refused;
  /**
   * Packets passed on.
   */
  uint64_t forwarded;
  /**
   * Their bytes, without ids and keys.
   */
  uint64_t forwarded_bytes;
  /**
   * Packets dropped, because too much waited for their receiver.
   */
  uint64_t dropped;
} Toxlink_Relay_Figures;

/**
 * A relay of our own, for friends to find us at.
 */
typedef struct Toxlink_Friend_Relay {
  /**
   * Its key.
   */
  uint8_t public_key[32];
  /**
   * Its address and port, "192.0.2.1:33445" or "[2001:db8::1]:33445", with a NUL at the end.
   */
  char address[TOXLINK_IP_PORT_SIZE];
} Toxlink_Friend_Relay;

/**
 * What friends are made of: an onion client, a DHT and encrypted connections ("net_crypto"), in
 * toxcore's terms. To be filled in after toxlink_neighbours_init(); copied by
 * toxlink_friends_new().
 *
 * Each function gets object as its last parameter. It is called by functions of
 * toxlink_friends_, on the thread that called them, with nothing locked: it may call every
 * function of this library, also for the same object, and toxlink_friends_kill(). It must not
 * throw C++ exceptions. Pointers that it is given are valid until it returns. All keys have 32
 * bytes, all addresses are text like "192.0.2.1:33445" or "[2001:db8::1]:33445".
 *
 * The functions that must not be NULL are marked so. One that is NULL stands for a neighbour that
 * is not there.
 *
 * What the neighbours learn, the program reports with toxlink_friends_handle_..(), from inside
 * these functions, from callbacks or from elsewhere.
 */
typedef struct Toxlink_Neighbours {
  /**
   * The size of this struct, set by toxlink_neighbours_init().
   */
  size_t size;
  /**
   * Handed to each function. Belongs to the program; used until toxlink_friends_kill() has
   * returned, or, if that is called from inside one of these functions, until the outermost call
   * of the library has returned.
   */
  void *object;
  /**
   * Not NULL. Look for the friend with this long-term key, and let it find us. Returns the
   * onion's number for it, the same again for a key that it has; -1 to refuse.
   */
  int32_t (*onion_add)(const uint8_t *public_key,
                       void *object);
  /**
   * Says which friend that is. Its DHT keys and relays are to be reported under
   * friend_number from now on.
   */
  void (*onion_bind)(int32_t onion_number,
                     uint32_t friend_number,
                     void *object);
  /**
   * Not NULL. The number of onion_add() is not used any more.
   */
  void (*onion_delete)(int32_t onion_number,
                       void *object);
  /**
   * Whether the friend is connected, so that the onion need not look for it.
   */
  void (*onion_set_online)(int32_t onion_number,
                           bool online,
                           void *object);
  /**
   * The friend's DHT key, learned elsewhere.
   */
  void (*onion_set_dht_key)(int32_t onion_number,
                            const uint8_t *dht_public_key,
                            void *object);
  /**
   * Sends a friend request to somebody who is not connected: at most 1021 bytes, the first of
   * which is 32. The other end reports it, as it is, with toxlink_friends_handle_request().
   * Returns whether at least one packet was sent.
   */
  bool (*onion_send)(int32_t onion_number,
                     const uint8_t *data,
                     size_t length,
                     void *object);
  /**
   * Not NULL. Look for the address of the node with this key, and report it with
   * toxlink_friends_handle_address() each time it is confirmed. Writes a token, any number, for
   * dht_delete(). Returns false to refuse; it is asked again 10 seconds later.
   */
  bool (*dht_add)(const uint8_t *dht_public_key,
                  uint32_t *token,
                  void *object);
  /**
   * Not NULL. Nobody needs this address any more.
   */
  void (*dht_delete)(const uint8_t *dht_public_key,
                     uint32_t token,
                     void *object);
  /**
   * Not NULL. Connect to this friend, whose long-term and DHT keys these are. Returns the number
   * of the connection, which belongs to the program, or -1 to refuse; then it is asked again by
   * the next toxlink_friends_iterate(). When the connection is up, or over,
   * toxlink_friends_handle_status() is to be told, but not before this function has returned.
   */
  int32_t (*crypto_new)(uint32_t friend_number,
                        const uint8_t *public_key,
                        const uint8_t *dht_public_key,
                        void *object);
  /**
   * A connection that a friend has begun, and that was reported with
   * toxlink_friends_handle_offer(), is welcome. offer is what was given there. Returns as
   * crypto_new(). NULL: none is accepted.
   */
  int32_t (*crypto_accept)(uint32_t friend_number,
                           void *offer,
                           void *object);
  /**
   * Not NULL. End a connection, or the attempt at one. Nothing is to be reported of it any more.
   */
  void (*crypto_kill)(int32_t connection,
                      void *object);
  /**
   * The UDP address at which the other end is (connected: the DHT has just confirmed it), or
   * was.
   */
  void (*crypto_set_direct)(int32_t connection,
                            const char *address,
                            bool connected,
                            void *object);
  /**
   * Not NULL. Sends a packet over a connection, reliably and in order, at most 1373 bytes. The
   * other end reports it with toxlink_friends_handle_data(). Returns whether it was taken.
   */
  bool (*crypto_write)(int32_t connection,
                       const uint8_t *data,
                       size_t length,
                       void *object);
  /**
   * The other end of this connection can be reached over this relay. is_relay is false if who
   * told us calls it a UDP node; toxcore tries it as a relay all the same. Returns whether it
   * will be tried.
   */
  bool (*relay_add_for)(int32_t connection,
                        const char *address,
                        bool is_relay,
                        const uint8_t *public_key,
                        void *object);
  /**
   * A relay for all connections; the rest as above. Returns whether it was taken.
   */
  bool (*relay_add)(const char *address,
                    bool is_relay,
                    const uint8_t *public_key,
                    void *object);
  /**
   * Writes up to max of our own connected relays to relays, which has room for so many, from
   * place index of the program's list on; the list begins again at its end. Returns how many.
   */
  size_t (*relays_copy)(struct Toxlink_Friend_Relay *relays,
                        size_t max,
                        uint32_t index,
                        void *object);
  /**
   * Tells the local network, at this UDP port, that we are here. NULL: no LAN discovery.
   */
  void (*lan_send)(uint16_t port,
                   void *object);
  /**
   * The seconds of a clock that only moves forward; it may begin anywhere. NULL: the system's
   * clock.
   */
  uint64_t (*seconds)(void *object);
} Toxlink_Neighbours;

/**
 * A friend has come online, or went offline. It is not called for a friend that is removed.
 *
 * user_data is what was given to the function that led to the call: toxlink_friends_iterate()
 * or one of toxlink_friends_handle_..().
 */
typedef void (*toxlink_friends_status_cb)(struct Toxlink_Friends *friends,
                                          uint32_t friend_number,
                                          bool online,
                                          void *user_data);

/**
 * A packet of a friend, which arrives reliably and in order. data is valid until the callback
 * returns; the first byte says what it is, at least one byte. Packets that begin with 16, 17 or 18
 * are dealt with by this library.
 */
typedef void (*toxlink_friends_data_cb)(struct Toxlink_Friends *friends,
                                        uint32_t friend_number,
                                        const uint8_t *data,
                                        size_t length,
                                        void *user_data);

/**
 * A packet of a friend that might have got lost. data as above; no first byte is special.
 */
typedef void (*toxlink_friends_lossy_cb)(struct Toxlink_Friends *friends,
                                         uint32_t friend_number,
                                         const uint8_t *data,
                                         size_t length,
                                         void *user_data);

/**
 * Somebody, who may be a friend already, wants to be one. public_key is the long-term key, 32
 * bytes; nospam are the 4 bytes that the other one believes to be ours, which the program has to
 * compare; message has at least one byte, no NUL at its end, and comes from a stranger. All three
 * are valid until the callback returns.
 */
typedef void (*toxlink_friends_request_cb)(struct Toxlink_Friends *friends,
                                           const uint8_t *public_key,
                                           const uint8_t *nospam,
                                           const uint8_t *message,
                                           size_t length,
                                           void *user_data);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The major version of the library that the program runs with. `TOXLINK_VERSION_MAJOR` is that of
 * the header it was compiled with.
 */
uint32_t toxlink_version_major(void);

/**
 * The minor version of the library that the program runs with.
 */
uint32_t toxlink_version_minor(void);

/**
 * The patch version of the library that the program runs with.
 */
uint32_t toxlink_version_patch(void);

/**
 * Whether a program that was compiled for that version can use this library.
 *
 * While the major version is 0, each minor version has functions of its own; a later patch version
 * only adds to an earlier one. From 1 on, a later minor version only adds to an earlier one.
 */
bool toxlink_version_is_compatible(uint32_t major,
                                   uint32_t minor,
                                   uint32_t patch);

/**
 * Makes a key pair. `secret_key` takes TOXLINK_KEY_SIZE bytes; so does `public_key`, which may be NULL.
 * Returns whether it worked; nothing is written if not.
 */
bool toxlink_key_new(uint8_t *secret_key,
                     uint8_t *public_key,
                     enum Toxlink_Err_Key *error);

/**
 * Computes the public key that belongs to a secret key. Both have TOXLINK_KEY_SIZE bytes. Returns
 * whether it worked.
 */
bool toxlink_key_derive(const uint8_t *secret_key,
                        uint8_t *public_key,
                        enum Toxlink_Err_Key *error);

/**
 * Writes a key of TOXLINK_KEY_SIZE bytes as 64 hexadecimal digits in capitals, and a NUL, to `hex`,
 * which has TOXLINK_KEY_HEX_SIZE bytes. Returns whether it worked.
 */
bool toxlink_key_to_hex(const uint8_t *key,
                        char *hex,
                        enum Toxlink_Err_Key *error);

/**
 * Reads a key from 64 hexadecimal digits, capitals or not. `key` takes TOXLINK_KEY_SIZE bytes. Returns
 * whether it worked; nothing is written if not.
 */
bool toxlink_key_from_hex(const char *hex,
                          uint8_t *key,
                          enum Toxlink_Err_Key *error);

/**
 * Overwrites a secret key of TOXLINK_KEY_SIZE bytes, in a way that a compiler does not remove. NULL
 * does nothing.
 */
void toxlink_key_wipe(uint8_t *secret_key);

/**
 * The name of a Toxlink_Err_Key: a static text, never NULL.
 */
const char *toxlink_err_key_to_string(uint32_t error);

/**
 * The name of a Toxlink_Err_New: a static text, never NULL.
 */
const char *toxlink_err_new_to_string(uint32_t error);

/**
 * The name of a Toxlink_Err_Iterate: a static text, never NULL.
 */
const char *toxlink_err_iterate_to_string(uint32_t error);

/**
 * The name of a Toxlink_Err_Send: a static text, never NULL.
 */
const char *toxlink_err_send_to_string(uint32_t error);

/**
 * Fills in the defaults: a new key, no proxy, no log. `size` is sizeof(Toxlink_Options). NULL does
 * nothing.
 */
void toxlink_options_init(struct Toxlink_Options *options,
                          size_t size);

/**
 * Begins to connect to a relay. `address` is "host:port", "192.0.2.1:port" or "[2001:db8::1]:port";
 * a host name is looked up on another thread, or by the proxy. `relay_public_key` has TOXLINK_KEY_SIZE
 * bytes. `options` may be NULL for the defaults; `error` may be NULL. Nothing is kept of what the
 * pointers lead to.
 *
 * Returns a client, which is to be freed by toxlink_client_kill(), or NULL. That a relay cannot be
 * reached is no error here: the status callback tells.
 */
struct Toxlink_Client *toxlink_client_new(const struct Toxlink_Options *options,
                                          const char *address,
                                          const uint8_t *relay_public_key,
                                          enum Toxlink_Err_New *error);

/**
 * Ends the connection and frees the client; from inside a callback of the client, as soon as the
 * outermost call of the client has returned, and no more callbacks follow. NULL does nothing.
 *
 * Like free(): no other thread may be inside a function of this client, or enter one.
 */
void toxlink_client_kill(struct Toxlink_Client *client);

/**
 * Does what there is to do now, and calls the callbacks, with `user_data` as their last argument.
 * Never waits. Returns whether it worked: of the errors, TOXLINK_ERR_ITERATE_BUSY means that another
 * iteration of the client is under way, on another thread or around this call, and nothing is lost.
 */
bool toxlink_client_iterate(struct Toxlink_Client *client,
                            void *user_data,
                            enum Toxlink_Err_Iterate *error);

/**
 * Waits until there is something to do, for `timeout` milliseconds at most (-1: as long as it takes),
 * and then does what toxlink_client_iterate() does. For programs without an event loop.
 */
bool toxlink_client_turn(struct Toxlink_Client *client,
                         int32_t timeout,
                         void *user_data,
                         enum Toxlink_Err_Iterate *error);

/**
 * A descriptor for poll(2), epoll(7) and the like: it can be read when toxlink_client_iterate() has
 * something to do. It stays the same and belongs to the client: do not read or close it. -1 for NULL.
 */
int32_t toxlink_client_descriptor(const struct Toxlink_Client *client);

/**
 * Milliseconds until toxlink_client_iterate() has something to do even if the descriptor stays quiet;
 * -1 for never, 0 for now: what poll(2) takes. To be asked before each wait. A call from another
 * thread that changes it makes the descriptor readable. -1 for NULL.
 */
int32_t toxlink_client_wait(const struct Toxlink_Client *client);

/**
 * Ends a toxlink_client_turn() that waits on another thread, or the next one: for programs that want to
 * end that thread. Makes the descriptor readable, too. NULL does nothing.
 */
void toxlink_client_wake(const struct Toxlink_Client *client);

/**
 * Writes our public key, TOXLINK_KEY_SIZE bytes. False for NULL.
 */
bool toxlink_client_public_key(const struct Toxlink_Client *client,
                               uint8_t *public_key);

/**
 * How far the client has come; TOXLINK_CLIENT_STATUS_DISCONNECTED for NULL.
 */
enum Toxlink_Client_Status toxlink_client_status(const struct Toxlink_Client *client);

/**
 * Writes why the client is disconnected, in English, to `text`, which has `size` bytes; cut if that is
 * too little, and always ended by NUL. Returns the length of the whole, without the NUL; 0 if the
 * client is not disconnected. `text` may be NULL if `size` is 0.
 */
size_t toxlink_client_failure(const struct Toxlink_Client *client,
                              char *text,
                              size_t size);

/**
 * Asks the relay for a connection id for the peer with this key, TOXLINK_KEY_SIZE bytes. The route
 * callback tells the answer. Returns whether the relay was asked.
 */
bool toxlink_client_request_route(struct Toxlink_Client *client,
                                  const uint8_t *public_key,
                                  enum Toxlink_Err_Route *error);

/**
 * Gives a connection id back. Returns whether it was ours.
 */
bool toxlink_client_release_route(struct Toxlink_Client *client,
                                  uint8_t connection_id,
                                  enum Toxlink_Err_Route *error);

/**
 * Sends a packet of 1 to 2031 bytes to the peer behind a connection id, now or not at all. Returns
 * whether it was sent. After TOXLINK_ERR_SEND_BUSY, the writable callback follows.
 */
bool toxlink_client_send(struct Toxlink_Client *client,
                         uint8_t connection_id,
                         const uint8_t *data,
                         size_t length,
                         enum Toxlink_Err_Send *error);

/**
 * Sends a packet of 1 to 1024 bytes to somebody whom the relay need not know as our peer. Whether it
 * arrives is not told. Returns whether it was sent.
 */
bool toxlink_client_send_oob(struct Toxlink_Client *client,
                             const uint8_t *public_key,
                             const uint8_t *data,
                             size_t length,
                             enum Toxlink_Err_Send *error);

/**
 * Sends a packet of up to 2031 bytes into the onion. Returns whether it was sent.
 */
bool toxlink_client_send_onion(struct Toxlink_Client *client,
                               const uint8_t *data,
                               size_t length,
                               enum Toxlink_Err_Send *error);

/**
 * Has the relay forward a packet to `destination`, "192.0.2.1:port" or "[2001:db8::1]:port": a DHT
 * node, or (`destination_is_relay`) another relay; and from there along a chain of nodes, given by
 * `chain_length` keys of TOXLINK_KEY_SIZE bytes one behind the other (4 at most; NULL with 0). Packet
 * and chain have up to 1792 bytes together, 33 for each key. Returns whether it was sent.
 */
bool toxlink_client_send_forward(struct Toxlink_Client *client,
                                 const char *destination,
                                 bool destination_is_relay,
                                 const uint8_t *chain_keys,
                                 size_t chain_length,
                                 const uint8_t *data,
                                 size_t length,
                                 enum Toxlink_Err_Send *error);

/**
 * Tells what the client has moved. `size` is sizeof(*statistics). False for NULL.
 */
bool toxlink_client_statistics(const struct Toxlink_Client *client,
                               struct Toxlink_Client_Statistics *statistics,
                               size_t size);

/**
 * The name of a Toxlink_Err_Route: a static text, never NULL.
 */
const char *toxlink_err_route_to_string(uint32_t error);

/**
 * Sets the function that hears how far the client has come; NULL for none.
 */
void toxlink_client_callback_status(struct Toxlink_Client *client,
                                    toxlink_client_status_cb callback);

/**
 * Sets the function that hears the relay's answers to toxlink_client_request_route(); NULL for none.
 */
void toxlink_client_callback_route(struct Toxlink_Client *client,
                                   toxlink_client_route_cb callback);

/**
 * Sets the function that hears of peers that come and go; NULL for none.
 */
void toxlink_client_callback_online(struct Toxlink_Client *client,
                                    toxlink_client_online_cb callback);

/**
 * Sets the function that gets packets of peers; NULL for none.
 */
void toxlink_client_callback_data(struct Toxlink_Client *client,
                                  toxlink_client_data_cb callback);

/**
 * Sets the function that gets out-of-band packets; NULL for none.
 */
void toxlink_client_callback_oob(struct Toxlink_Client *client,
                                 toxlink_client_oob_cb callback);

/**
 * Sets the function that gets packets out of the onion; NULL for none.
 */
void toxlink_client_callback_onion(struct Toxlink_Client *client,
                                   toxlink_client_onion_cb callback);

/**
 * Sets the function that gets forwarded packets; NULL for none.
 */
void toxlink_client_callback_forwarding(struct Toxlink_Client *client,
                                        toxlink_client_forwarding_cb callback);

/**
 * Sets the function that hears when there is room again; NULL for none.
 */
void toxlink_client_callback_writable(struct Toxlink_Client *client,
                                      toxlink_client_writable_cb callback);

/**
 * Makes an object without peers and relays. `options` may be NULL for the defaults; `error` may be
 * NULL. Returns it, to be freed by toxlink_connections_kill(), or NULL.
 */
struct Toxlink_Connections *toxlink_connections_new(const struct Toxlink_Options *options,
                                                    enum Toxlink_Err_New *error);

/**
 * Closes all connections and frees the object; from inside a callback of the object, as soon as its
 * outermost call has returned, and no more callbacks follow. NULL does nothing.
 *
 * Like free(): no other thread may be inside a function of this object, or enter one.
 */
void toxlink_connections_kill(struct Toxlink_Connections *connections);

/**
 * Does what there is to do now, and calls the callbacks, with `user_data` as their last argument.
 * Never waits. Returns whether it worked: of the errors, TOXLINK_ERR_ITERATE_BUSY means that another
 * iteration of the object is under way, on another thread or around this call, and nothing is lost.
 */
bool toxlink_connections_iterate(struct Toxlink_Connections *connections,
                                 void *user_data,
                                 enum Toxlink_Err_Iterate *error);

/**
 * Waits until there is something to do, for `timeout` milliseconds at most (-1: as long as it takes),
 * and then does what toxlink_connections_iterate() does. For programs without an event loop.
 */
bool toxlink_connections_turn(struct Toxlink_Connections *connections,
                              int32_t timeout,
                              void *user_data,
                              enum Toxlink_Err_Iterate *error);

/**
 * A descriptor for poll(2), epoll(7) and the like: it can be read when toxlink_connections_iterate()
 * has something to do. It stays the same and belongs to the object: do not read or close it. -1 for
 * NULL.
 */
int32_t toxlink_connections_descriptor(const struct Toxlink_Connections *connections);

/**
 * Milliseconds until toxlink_connections_iterate() has something to do even if the descriptor stays
 * quiet; -1 for never, 0 for now: what poll(2) takes. To be asked before each wait. A call from another
 * thread that changes it makes the descriptor readable. -1 for NULL.
 */
int32_t toxlink_connections_wait(const struct Toxlink_Connections *connections);

/**
 * Ends a toxlink_connections_turn() that waits on another thread, or the next one: for programs that want to
 * end that thread. Makes the descriptor readable, too. NULL does nothing.
 */
void toxlink_connections_wake(const struct Toxlink_Connections *connections);

/**
 * Writes our public key, TOXLINK_KEY_SIZE bytes. False for NULL.
 */
bool toxlink_connections_public_key(const struct Toxlink_Connections *connections,
                                    uint8_t *public_key);

/**
 * Adds a relay for all peers. It is connected, and connected again, while fewer than three relays are
 * connected; it is remembered until it is removed. `address` is "host:port", "192.0.2.1:port" or
 * "[2001:db8::1]:port"; a host name is looked up on another thread, or by the proxy.
 * `relay_public_key` has TOXLINK_KEY_SIZE bytes. Returns whether it was added.
 */
bool toxlink_connections_add_relay(struct Toxlink_Connections *connections,
                                   const char *address,
                                   const uint8_t *relay_public_key,
                                   enum Toxlink_Err_Relay *error);

/**
 * Adds a relay, new or known, for a peer: one at which the peer may be. It is connected, and connected
 * again, as long as the peer is not sleeping and online at fewer than three relays. Arguments as for
 * toxlink_connections_add_relay(). Returns whether it was tied to the peer, or will be when its
 * address is known.
 */
bool toxlink_connections_add_relay_for(struct Toxlink_Connections *connections,
                                       uint32_t peer,
                                       const char *address,
                                       const uint8_t *relay_public_key,
                                       enum Toxlink_Err_Relay *error);

/**
 * Ties a known relay to a peer, for instance the one that an out-of-band packet came from. Returns
 * whether it worked.
 */
bool toxlink_connections_tie_relay(struct Toxlink_Connections *connections,
                                   uint32_t peer,
                                   const uint8_t *relay_public_key,
                                   enum Toxlink_Err_Relay *error);

/**
 * Removes a relay, from all peers too. Returns whether there was one.
 */
bool toxlink_connections_remove_relay(struct Toxlink_Connections *connections,
                                      const uint8_t *relay_public_key,
                                      enum Toxlink_Err_Relay *error);

/**
 * Adds a peer by its public key, TOXLINK_KEY_SIZE bytes. Returns its number, which no other peer of
 * this object is ever given, or TOXLINK_NO_PEER.
 */
uint32_t toxlink_connections_add_peer(struct Toxlink_Connections *connections,
                                      const uint8_t *public_key,
                                      enum Toxlink_Err_Peer *error);

/**
 * Removes a peer; no more callbacks follow for it. Returns whether there was one.
 */
bool toxlink_connections_remove_peer(struct Toxlink_Connections *connections,
                                     uint32_t peer,
                                     enum Toxlink_Err_Peer *error);

/**
 * Says whether the peer is reached in another way now. Relays that only sleeping peers need are let go
 * and called again when one of these wakes. Returns whether there is such a peer.
 */
bool toxlink_connections_set_sleeping(struct Toxlink_Connections *connections,
                                      uint32_t peer,
                                      bool sleeping,
                                      enum Toxlink_Err_Peer *error);

/**
 * The peer with this key, TOXLINK_KEY_SIZE bytes, or TOXLINK_NO_PEER.
 */
uint32_t toxlink_connections_peer_by_key(const struct Toxlink_Connections *connections,
                                         const uint8_t *public_key);

/**
 * Writes the key of a peer, TOXLINK_KEY_SIZE bytes. Returns whether there is such a peer.
 */
bool toxlink_connections_peer_key(const struct Toxlink_Connections *connections,
                                  uint32_t peer,
                                  uint8_t *public_key);

/**
 * The number of relays at which the peer is online; 0 if it cannot be reached now, or does not exist.
 */
uint32_t toxlink_connections_online_relays(const struct Toxlink_Connections *connections,
                                           uint32_t peer);

/**
 * Sends a packet of 1 to 2031 bytes to a peer, now or not at all: through the best relay that has
 * room, or, if it is online at none, out of band, in case it is there all the same. Returns whether it
 * was sent; that it arrives is not certain.
 *
 * After TOXLINK_ERR_SEND_BUSY, the writable callback follows. Out of band, packets of more than 1024
 * bytes are TOXLINK_ERR_SEND_LENGTH; and if no relay of the peer is connected, every packet is
 * TOXLINK_ERR_SEND_NOT_ONLINE. In both cases the peer status callback tells when the peer comes.
 */
bool toxlink_connections_send(struct Toxlink_Connections *connections,
                              uint32_t peer,
                              const uint8_t *data,
                              size_t length,
                              enum Toxlink_Err_Send *error);

/**
 * Sends a packet of 1 to 1024 bytes through a relay to somebody who need not be a peer. Whether it
 * arrives is not told. Returns whether it was sent. After TOXLINK_ERR_SEND_BUSY, the relay writable
 * callback follows.
 */
bool toxlink_connections_send_oob(struct Toxlink_Connections *connections,
                                  const uint8_t *relay_public_key,
                                  const uint8_t *public_key,
                                  const uint8_t *data,
                                  size_t length,
                                  enum Toxlink_Err_Send *error);

/**
 * Sends a packet of up to 2031 bytes into the onion, through this relay or (NULL) through one of those
 * that are kept for the onion. Returns whether it was sent.
 */
bool toxlink_connections_send_onion(struct Toxlink_Connections *connections,
                                    const uint8_t *relay_public_key,
                                    const uint8_t *data,
                                    size_t length,
                                    enum Toxlink_Err_Send *error);

/**
 * Has a relay, or (NULL) any that is connected, forward a packet. The other arguments are those of
 * toxlink_client_send_forward(). Returns whether it was sent.
 */
bool toxlink_connections_send_forward(struct Toxlink_Connections *connections,
                                      const uint8_t *relay_public_key,
                                      const char *destination,
                                      bool destination_is_relay,
                                      const uint8_t *chain_keys,
                                      size_t chain_length,
                                      const uint8_t *data,
                                      size_t length,
                                      enum Toxlink_Err_Send *error);

/**
 * Says whether we use the onion: three relays are kept for it then. NULL does nothing.
 */
void toxlink_connections_set_onion(struct Toxlink_Connections *connections,
                                   bool enabled);

/**
 * The name of a Toxlink_Err_Relay: a static text, never NULL.
 */
const char *toxlink_err_relay_to_string(uint32_t error);

/**
 * The name of a Toxlink_Err_Peer: a static text, never NULL.
 */
const char *toxlink_err_peer_to_string(uint32_t error);

/**
 * Sets the function that gets packets of peers; NULL for none.
 */
void toxlink_connections_callback_data(struct Toxlink_Connections *connections,
                                       toxlink_connections_data_cb callback);

/**
 * Sets the function that gets packets of others; NULL for none.
 */
void toxlink_connections_callback_oob(struct Toxlink_Connections *connections,
                                      toxlink_connections_oob_cb callback);

/**
 * Sets the function that gets packets out of the onion; NULL for none.
 */
void toxlink_connections_callback_onion(struct Toxlink_Connections *connections,
                                        toxlink_connections_onion_cb callback);

/**
 * Sets the function that gets forwarded packets; NULL for none.
 */
void toxlink_connections_callback_forwarding(struct Toxlink_Connections *connections,
                                             toxlink_connections_forwarding_cb callback);

/**
 * Sets the function that hears of peers that come and go; NULL for none.
 */
void toxlink_connections_callback_peer_status(struct Toxlink_Connections *connections,
                                              toxlink_connections_peer_status_cb callback);

/**
 * Sets the function that hears of relays that come and go; NULL for none.
 */
void toxlink_connections_callback_relay_status(struct Toxlink_Connections *connections,
                                               toxlink_connections_relay_status_cb callback);

/**
 * Sets the function that hears when there is room for a peer again; NULL for none.
 */
void toxlink_connections_callback_writable(struct Toxlink_Connections *connections,
                                           toxlink_connections_writable_cb callback);

/**
 * Sets the function that hears when there is room at a relay again; NULL for none.
 */
void toxlink_connections_callback_relay_writable(struct Toxlink_Connections *connections,
                                                 toxlink_connections_relay_writable_cb callback);

/**
 * Writes the keys of the relays, `max` at most, TOXLINK_KEY_SIZE bytes each, to `keys`, which may be
 * NULL if `max` is 0. Returns how many relays there are, connected or not.
 */
size_t toxlink_connections_relays(const struct Toxlink_Connections *connections,
                                  uint8_t *keys,
                                  size_t max);

/**
 * Tells how a relay fares. `size` is sizeof(*info). Returns whether there is such a relay.
 */
bool toxlink_connections_relay_info(const struct Toxlink_Connections *connections,
                                    const uint8_t *relay_public_key,
                                    struct Toxlink_Relay_Info *info,
                                    size_t size);

/**
 * Tells how a peer fares. `size` is sizeof(*info). Returns whether there is such a peer.
 */
bool toxlink_connections_peer_info(const struct Toxlink_Connections *connections,
                                   uint32_t peer,
                                   struct Toxlink_Peer_Info *info,
                                   size_t size);

/**
 * Fills in the defaults. `size` is sizeof(*options). NULL does nothing.
 */
void toxlink_relay_options_init(struct Toxlink_Relay_Options *options,
                                size_t size);

/**
 * A new relay. It listens from now on, and serves as soon as it is iterated or started. `options` may
 * be NULL for the defaults; `error` may be NULL. The result is to be freed by toxlink_relay_kill();
 * NULL on failure: OPTIONS, NULL (an address), BAD_ADDRESS, LOG_LEVEL, or SYSTEM, if the address is in
 * use or not ours, or there are no descriptors or random bytes left (the log tells).
 */
struct Toxlink_Relay *toxlink_relay_new(const struct Toxlink_Relay_Options *options,
                                        enum Toxlink_Err_New *error);

/**
 * Ends the relay: hangs up on all clients and frees it. NULL does nothing.
 *
 * Like free(): no other thread may be inside a function of the relay. If it serves on a thread of its
 * own, this waits for the end of that thread; so do not hold a lock that your log callback takes.
 * Called from inside the log callback it does not wait; that is the last time that the callback is
 * called.
 */
void toxlink_relay_kill(struct Toxlink_Relay *relay);

/**
 * Does what there is to do now, without waiting. `error` may be NULL. False on failure: NULL; BUSY if it
 * serves on a thread of its own, another thread is in here, or this was called from the log callback;
 * SYSTEM; INTERNAL.
 */
bool toxlink_relay_iterate(struct Toxlink_Relay *relay,
                           enum Toxlink_Err_Iterate *error);

/**
 * Waits until there is something to do, for `timeout` milliseconds at most (-1: as long as it takes),
 * and does it. Otherwise as toxlink_relay_iterate().
 */
bool toxlink_relay_turn(struct Toxlink_Relay *relay,
                        int32_t timeout,
                        enum Toxlink_Err_Iterate *error);

/**
 * Has the relay serve on a thread of its own, until toxlink_relay_stop() or toxlink_relay_kill().
 * `error` may be NULL. False on failure: NULL; BUSY if it does so already, or a thread is in
 * toxlink_relay_turn(); SYSTEM if there is no thread left.
 */
bool toxlink_relay_start(struct Toxlink_Relay *relay,
                         enum Toxlink_Err_Iterate *error);

/**
 * Ends the relay's thread, and waits for that; so do not hold a lock that your log callback takes.
 * Called from inside the log callback it does not wait. The clients stay, and are served again by the
 * next iteration or toxlink_relay_start(). Does nothing for NULL, and if there is no such thread.
 */
void toxlink_relay_stop(struct Toxlink_Relay *relay);

/**
 * A descriptor that can be read when toxlink_relay_iterate() has something to do, for poll(2) and the
 * like. It belongs to the relay. -1 for NULL.
 */
int32_t toxlink_relay_descriptor(const struct Toxlink_Relay *relay);

/**
 * Milliseconds after which toxlink_relay_iterate() has something to do even if the descriptor stays
 * quiet: 0 for now, -1 for never, as poll(2) takes it. -1 for NULL.
 */
int32_t toxlink_relay_wait(const struct Toxlink_Relay *relay);

/**
 * Writes the key by which clients know the relay, 32 bytes. False if a pointer is NULL.
 */
bool toxlink_relay_public_key(const struct Toxlink_Relay *relay,
                              uint8_t *public_key);

/**
 * The port of an address, with the one that the system chose for port 0. 0 for NULL, and if there is no
 * such address.
 */
uint16_t toxlink_relay_port(const struct Toxlink_Relay *relay,
                            size_t index);

/**
 * Writes an address on which the relay listens, as "127.0.0.1:40123" and a NUL, cut off after `size`
 * bytes like snprintf(3). The result is the whole length without the NUL; 0 for a NULL relay, and if
 * there is no such address. `text` may be NULL if `size` is 0.
 */
size_t toxlink_relay_address(const struct Toxlink_Relay *relay,
                             size_t index,
                             char *text,
                             size_t size);

/**
 * Writes what the relay has done so far, as of its last turn. `size` is sizeof(*figures). False if a
 * pointer is NULL.
 */
bool toxlink_relay_figures(const struct Toxlink_Relay *relay,
                           struct Toxlink_Relay_Figures *figures,
                           size_t size);

/**
 * Makes an object without friends: they are to be added, and found and connected over an onion client,
 * a DHT and encrypted connections that the program supplies. Returns NULL on failure; the object is
 * freed with toxlink_friends_kill().
 *
 * It has no sockets and no thread: it works while one of its functions is called. It may be used from
 * any thread. Nothing is locked while a function of the program runs: neighbours, callbacks and the
 * log may call everything, also for the same object, and toxlink_friends_kill().
 *
 * neighbours is copied; its object has to outlive this one. log_callback may be NULL; it gets
 * log_object with each line, and lines of at least log_level only, a Toxlink_Log_Level. It
 * is called with nothing locked and may call everything.
 *
 * Fails with TOXLINK_ERR_NEW_NULL, TOXLINK_ERR_NEW_OPTIONS (neighbours without
 * toxlink_neighbours_init(), or of another version), TOXLINK_ERR_NEW_NEIGHBOURS (a function is
 * NULL that must not be), TOXLINK_ERR_NEW_LOG_LEVEL.
 */
struct Toxlink_Friends *toxlink_friends_new(const struct Toxlink_Neighbours *neighbours,
                                            toxlink_log_cb log_callback,
                                            void *log_object,
                                            uint32_t log_level,
                                            enum Toxlink_Err_New *error);

/**
 * Removes all friends, which gives everything back to the neighbours, and frees the object. NULL
 * does nothing.
 *
 * There are no more callbacks. From inside a callback or a neighbour, the object is freed when the
 * outermost call returns; what a neighbour returns after that, a connection for instance, is given
 * back to it at once. No other thread may be inside a call with the object.
 */
void toxlink_friends_kill(struct Toxlink_Friends *friends);

/**
 * Does what is due: signs of life, lists of relays, attempts to connect, LAN discovery; and finds
 * that friends have fallen silent. To be called when toxlink_friends_wait() is over, or once a
 * second. user_data is handed to the callbacks. Returns false if nothing was done.
 */
bool toxlink_friends_iterate(struct Toxlink_Friends *friends,
                             void *user_data,
                             enum Toxlink_Err_Iterate *error);

/**
 * How many milliseconds toxlink_friends_iterate() has nothing to do, as poll() takes it: 0
 * now, -1 never; -1 for NULL. Each call of another function with the object may change it, so it is
 * to be asked for just before waiting. There is no descriptor to wait for: what happens, the
 * program itself reports.
 */
int32_t toxlink_friends_wait(const struct Toxlink_Friends *friends);

/**
 * Sets the callback for friends that come and go; NULL for none.
 */
void toxlink_friends_callback_status(struct Toxlink_Friends *friends,
                                     toxlink_friends_status_cb callback);

/**
 * Sets the callback for packets that arrive reliably; NULL for none.
 */
void toxlink_friends_callback_data(struct Toxlink_Friends *friends,
                                   toxlink_friends_data_cb callback);

/**
 * Sets the callback for packets that may get lost; NULL for none.
 */
void toxlink_friends_callback_lossy(struct Toxlink_Friends *friends,
                                    toxlink_friends_lossy_cb callback);

/**
 * Sets the callback for friend requests; NULL for none.
 */
void toxlink_friends_callback_request(struct Toxlink_Friends *friends,
                                      toxlink_friends_request_cb callback);

/**
 * The name of a Toxlink_Err_Friend_Add: a static text, never NULL.
 */
const char *toxlink_err_friend_add_to_string(uint32_t error);

/**
 * The name of a Toxlink_Err_Friend: a static text, never NULL.
 */
const char *toxlink_err_friend_to_string(uint32_t error);

/**
 * The name of a Toxlink_Err_Friend_Send: a static text, never NULL.
 */
const char *toxlink_err_friend_send_to_string(uint32_t error);

/**
 * The name of a Toxlink_Err_Friend_Request: a static text, never NULL.
 */
const char *toxlink_err_friend_request_to_string(uint32_t error);

/**
 * The name of a Toxlink_Err_Friend_Report: a static text, never NULL.
 */
const char *toxlink_err_friend_report_to_string(uint32_t error);

/**
 * Adds a friend by its long-term key (32 bytes), or an owner of one that is known. Returns its
 * number, which is not used again for another friend, or TOXLINK_NO_FRIEND.
 */
uint32_t toxlink_friends_add(struct Toxlink_Friends *friends,
                             const uint8_t *public_key,
                             enum Toxlink_Err_Friend_Add *error);

/**
 * Adds an owner: one more toxlink_friends_remove() is needed then. Returns whether it was done.
 */
bool toxlink_friends_lock(struct Toxlink_Friends *friends,
                          uint32_t friend_number,
                          enum Toxlink_Err_Friend *error);

/**
 * Takes an owner off a friend, and with the last one the friend: its connection is ended, and the
 * status callback is not called. Returns whether it was done.
 */
bool toxlink_friends_remove(struct Toxlink_Friends *friends,
                            uint32_t friend_number,
                            enum Toxlink_Err_Friend *error);

/**
 * The number of the friend with this long-term key (32 bytes), or TOXLINK_NO_FRIEND.
 */
uint32_t toxlink_friends_by_key(const struct Toxlink_Friends *friends,
                                const uint8_t *public_key);

/**
 * Writes the numbers of up to max friends to friend_numbers, in the order in which they were
 * added. Returns how many friends there are, which may be more; 0 for a NULL object.
 * friend_numbers may be NULL if max is 0.
 */
size_t toxlink_friends_list(const struct Toxlink_Friends *friends,
                            uint32_t *friend_numbers,
                            size_t max);

/**
 * How it is with a friend; TOXLINK_FRIEND_STATUS_NONE if there is no such friend, or object.
 */
enum Toxlink_Friend_Status toxlink_friends_status(const struct Toxlink_Friends *friends,
                                                  uint32_t friend_number);

/**
 * Writes the long-term key of a friend, 32 bytes. Returns whether it was written.
 */
bool toxlink_friends_public_key(const struct Toxlink_Friends *friends,
                                uint32_t friend_number,
                                uint8_t *public_key,
                                enum Toxlink_Err_Friend *error);

/**
 * Writes the DHT key of a friend, 32 bytes: the key of this run of its program. Returns whether it
 * was written; TOXLINK_ERR_FRIEND_UNKNOWN while it is not known.
 */
bool toxlink_friends_dht_public_key(const struct Toxlink_Friends *friends,
                                    uint32_t friend_number,
                                    uint8_t *dht_public_key,
                                    enum Toxlink_Err_Friend *error);

/**
 * Writes the UDP address at which a friend was seen last, "192.0.2.1:33445" or
 * "[2001:db8::1]:33445", like snprintf: at most size bytes, a NUL always included; text may
 * be NULL if size is 0. TOXLINK_IP_PORT_SIZE bytes are enough. Returns the length of the whole
 * text without the NUL, or 0 and an empty text: TOXLINK_ERR_FRIEND_UNKNOWN while it is not known.
 */
size_t toxlink_friends_address(const struct Toxlink_Friends *friends,
                               uint32_t friend_number,
                               char *text,
                               size_t size,
                               enum Toxlink_Err_Friend *error);

/**
 * The program's number for the connection to a friend, or for the attempt at one, as crypto_new()
 * or crypto_accept() gave it; -1 if there is none (TOXLINK_ERR_FRIEND_UNKNOWN). What this library
 * does not send, lossy packets for instance, the program sends over it by itself.
 */
int32_t toxlink_friends_connection(const struct Toxlink_Friends *friends,
                                   uint32_t friend_number,
                                   enum Toxlink_Err_Friend *error);

/**
 * Sends a packet to a friend that is online, reliably and in order, with the neighbour's
 * crypto_write(). The first byte says what it is: TOXLINK_FRIEND_FIRST_PACKET_ID to
 * TOXLINK_FRIEND_LAST_PACKET_ID. data is not used after the call. Returns whether it was taken.
 */
bool toxlink_friends_send(struct Toxlink_Friends *friends,
                          uint32_t friend_number,
                          const uint8_t *data,
                          size_t length,
                          enum Toxlink_Err_Friend_Send *error);

/**
 * Asks somebody, who has been added here as a friend, to add us: over the connection if there is
 * one, else with the neighbour's onion_send(). nospam is TOXLINK_FRIEND_NOSPAM_SIZE bytes, which
 * the other program compares with its own. Returns whether it was sent.
 */
bool toxlink_friends_send_request(struct Toxlink_Friends *friends,
                                  uint32_t friend_number,
                                  const uint8_t *nospam,
                                  const uint8_t *message,
                                  size_t length,
                                  enum Toxlink_Err_Friend_Request *error);

/**
 * Sets all functions and the object to NULL, and the size. size is sizeof *neighbours, of which
 * as many bytes are written. NULL does nothing.
 */
void toxlink_neighbours_init(struct Toxlink_Neighbours *neighbours,
                             size_t size);

/**
 * The friend has this DHT key (32 bytes) now, as the onion, a handshake or somebody else has shown.
 * Another one than before ends its connection. Returns whether the report was taken; user_data is
 * handed to the callbacks. This function, like the others of its kind, may be called from inside
 * the neighbours and callbacks.
 */
bool toxlink_friends_handle_dht_key(struct Toxlink_Friends *friends,
                                    uint32_t friend_number,
                                    const uint8_t *dht_public_key,
                                    void *user_data,
                                    enum Toxlink_Err_Friend_Report *error);

/**
 * The friend can be reached over this relay, as the onion has learned: its address as text,
 * "192.0.2.1:33445", whether that is a relay or, they say, a UDP node, and its key (32 bytes).
 * Leads to the neighbour's relay_add_for(), or to relay_add() while there is no connection. Returns
 * whether the neighbour took it. No callback is called.
 */
bool toxlink_friends_handle_relay(struct Toxlink_Friends *friends,
                                  uint32_t friend_number,
                                  const char *address,
                                  bool is_relay,
                                  const uint8_t *public_key,
                                  void *user_data,
                                  enum Toxlink_Err_Friend_Report *error);

/**
 * The node with this DHT key (32 bytes) is at this UDP address, as the DHT has found out or
 * confirmed. Returns whether a friend has this key. No callback is called.
 */
bool toxlink_friends_handle_address(struct Toxlink_Friends *friends,
                                    const uint8_t *dht_public_key,
                                    const char *address,
                                    void *user_data,
                                    enum Toxlink_Err_Friend_Report *error);

/**
 * A connection is up (online), or over; in the latter case the program forgets it. connection
 * is what crypto_new() or crypto_accept() returned: a report on one that the friend does not have
 * any more changes nothing. Returns whether it is the friend's.
 */
bool toxlink_friends_handle_status(struct Toxlink_Friends *friends,
                                   uint32_t friend_number,
                                   int32_t connection,
                                   bool online,
                                   void *user_data,
                                   enum Toxlink_Err_Friend_Report *error);

/**
 * A packet of a friend that is online, from the reliable stream of its connection. Any packet shows
 * that the friend is there. Leads to the callbacks for data or friend requests, or is dealt with
 * inside. Returns whether it was taken.
 */
bool toxlink_friends_handle_data(struct Toxlink_Friends *friends,
                                 uint32_t friend_number,
                                 const uint8_t *data,
                                 size_t length,
                                 void *user_data,
                                 enum Toxlink_Err_Friend_Report *error);

/**
 * A packet of a friend that is online, which might have got lost. Any packet shows that the friend
 * is there. Leads to the callback for lossy packets. Returns whether it was taken.
 */
bool toxlink_friends_handle_lossy(struct Toxlink_Friends *friends,
                                  uint32_t friend_number,
                                  const uint8_t *data,
                                  size_t length,
                                  void *user_data,
                                  enum Toxlink_Err_Friend_Report *error);

/**
 * Somebody has begun a connection and has proved these keys (32 bytes each), long-term and DHT.
 * address is the UDP address that it came from, as text; NULL if it came over a relay. If it is a
 * friend without a connection, crypto_accept() is called inside this function, with offer, which
 * is not looked at and may be NULL. Returns whether it was accepted: if not, the program drops the
 * connection. No callback is called.
 */
bool toxlink_friends_handle_offer(struct Toxlink_Friends *friends,
                                  const uint8_t *public_key,
                                  const uint8_t *dht_public_key,
                                  const char *address,
                                  void *offer,
                                  void *user_data,
                                  enum Toxlink_Err_Friend_Report *error);

/**
 * A friend request came through the onion, from anybody with this long-term key (32 bytes): data
 * as onion_send() of the other end got it, the first byte included. Leads to the callback for
 * friend requests. Returns whether it is one.
 */
bool toxlink_friends_handle_request(struct Toxlink_Friends *friends,
                                    const uint8_t *public_key,
                                    const uint8_t *data,
                                    size_t length,
                                    void *user_data,
                                    enum Toxlink_Err_Friend_Report *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TOXLINK_H */
