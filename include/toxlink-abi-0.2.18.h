/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Generated from src/ffi and src/abi, see build.rs; not to be edited.
 * Declares the functions that libtoxlink.a exports in place of toxcore's. Programs do not need it:
 * they include toxcore's own headers. Tests include it behind the declarations of the types. */

#ifndef TOXLINK_ABI_0_2_18_H
#define TOXLINK_ABI_0_2_18_H

/**
 * A routing request was answered; `public_key` is 32 bytes, valid during the call.
 */
typedef int (*toxlink_tcp_routing_response_cb)(void *object,
                                               uint8_t con_id,
                                               const uint8_t *public_key);

/**
 * A peer came (`status` 2) or went (1).
 */
typedef int (*toxlink_tcp_routing_status_cb)(void *object,
                                             uint32_t number,
                                             uint8_t con_id,
                                             uint8_t status);

/**
 * Data of a peer.
 */
typedef int (*toxlink_tcp_routing_data_cb)(void *object,
                                           uint32_t number,
                                           uint8_t con_id,
                                           const uint8_t *data,
                                           uint16_t length,
                                           void *userdata);

/**
 * Out-of-band data; `public_key` is the sender's, 32 bytes.
 */
typedef int (*toxlink_tcp_oob_data_cb)(void *object,
                                       const uint8_t *public_key,
                                       const uint8_t *data,
                                       uint16_t length,
                                       void *userdata);

/**
 * A packet out of the onion, without its id.
 */
typedef int (*toxlink_tcp_onion_response_cb)(void *object,
                                             const uint8_t *data,
                                             uint16_t length,
                                             void *userdata);

/**
 * A forwarded packet, without its id.
 */
typedef void (*toxlink_forwarded_response_cb)(void *object,
                                              const uint8_t *data,
                                              uint16_t length,
                                              void *userdata);

/**
 * Data of a peer; `id` is what the owner calls it.
 */
typedef int (*toxlink_tcp_data_cb)(void *object,
                                   int id,
                                   const uint8_t *data,
                                   uint16_t length,
                                   void *userdata);

/**
 * Out-of-band data of somebody who is not tied to the relay; `public_key` is 32 bytes.
 */
typedef int (*toxlink_tcp_oob_cb)(void *object,
                                  const uint8_t *public_key,
                                  unsigned int tcp_connections_number,
                                  const uint8_t *data,
                                  uint16_t length,
                                  void *userdata);

/**
 * A packet out of the onion, without its id.
 */
typedef toxlink_tcp_onion_response_cb toxlink_tcp_onion_cb;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a connection to a relay; null on failure. 0.2.18 has this name and no `Memory`.
 *
 * # Safety
 * abi.md section 1.1; `proxy` may be null, no other pointer (null gives null).
 */
TCP_Client_Connection *new_TCP_connection(const Logger *log,
                                          const Mono_Time *mono_time,
                                          const Random *rng,
                                          const Network *ns,
                                          const IP_Port *relay_addr,
                                          const uint8_t *relay_pk,
                                          const uint8_t *self_pk,
                                          const uint8_t *self_sk,
                                          const TCP_Proxy_Info *proxy);

/**
 * One step of the state machine.
 *
 * # Safety
 * abi.md section 1.1
 */
void do_TCP_connection(const Logger *log,
                       const Mono_Time *mono_time,
                       TCP_Client_Connection *con,
                       void *userdata);

/**
 * Closes the connection and frees it; null is allowed.
 *
 * # Safety
 * abi.md section 1.1
 */
void kill_TCP_connection(TCP_Client_Connection *con);

/**
 * Makes an object that reaches peers over relays; null on failure. 0.2.18 has no `Memory`.
 *
 * # Safety
 * abi.md section 1.2; `log` and `proxy` may be null, no other pointer (null gives null).
 */
TCP_Connections *new_tcp_connections(const Logger *log,
                                     const Random *rng,
                                     const Network *ns,
                                     Mono_Time *mono_time,
                                     const uint8_t *secret_key,
                                     const TCP_Proxy_Info *proxy);

/**
 * One round of all relays.
 *
 * # Safety
 * abi.md section 1.2
 */
void do_tcp_connections(const Logger *log,
                        TCP_Connections *tcp_c,
                        void *userdata);

/**
 * Closes all connections and frees the object; null is allowed.
 *
 * # Safety
 * abi.md section 1.2
 */
void kill_tcp_connections(TCP_Connections *tcp_c);

extern uint64_t mono_time_get(const Mono_Time *mono_time);

extern uint64_t current_time_monotonic(Mono_Time *mono_time);

extern void logger_write(const Logger *log,
                         Logger_Level level,
                         const char *file,
                         int line,
                         const char *func,
                         const char *format,
                         ...);

extern int32_t crypto_new_keypair(const Random *rng,
                                  uint8_t *public_,
                                  uint8_t *secret);

extern void random_nonce(const Random *rng,
                         uint8_t *nonce);

extern uint64_t random_u64(const Random *rng);

extern uint32_t random_u32(const Random *rng);

extern Socket net_socket(const Network *ns,
                         Family domain,
                         int kind,
                         int protocol);

extern bool sock_valid(Socket socket);

extern void kill_sock(const Network *ns,
                      Socket socket);

extern bool set_socket_nonblock(const Network *ns,
                                Socket socket);

extern bool set_socket_nosigpipe(const Network *ns,
                                 Socket socket);

extern bool net_connect(const Logger *log,
                        Socket socket,
                        const IP_Port *peer);

extern Logger *logger_new(void);

extern void logger_kill(Logger *log);

extern const Network *system_network(void);

/**
 * The relay's public key: 32 bytes inside the object, valid until the kill.
 *
 * # Safety
 * `con` is null or valid.
 */
const uint8_t *tcp_con_public_key(const TCP_Client_Connection *con);

/**
 * The relay's address, as given at creation.
 *
 * # Safety
 * `con` is null or valid.
 */
IP_Port tcp_con_ip_port(const TCP_Client_Connection *con);

/**
 * The status, a `TCP_Client_Status`.
 *
 * # Safety
 * `con` is null or valid.
 */
TCP_Client_Status tcp_con_status(const TCP_Client_Connection *con);

/**
 * The object that C attached; null at first.
 *
 * # Safety
 * `con` is null or valid.
 */
void *tcp_con_custom_object(const TCP_Client_Connection *con);

/**
 * The number that C attached; 0 at first.
 *
 * # Safety
 * `con` is null or valid.
 */
uint32_t tcp_con_custom_uint(const TCP_Client_Connection *con);

/**
 * Attaches an object.
 *
 * # Safety
 * `con` is null or valid.
 */
void tcp_con_set_custom_object(TCP_Client_Connection *con,
                               void *obj);

/**
 * Attaches a number.
 *
 * # Safety
 * `con` is null or valid.
 */
void tcp_con_set_custom_uint(TCP_Client_Connection *con,
                             uint32_t value);

/**
 * Attaches a number to a connection id: 0, or -1 if the id is not in use.
 *
 * # Safety
 * `con` is null or valid.
 */
int set_tcp_connection_number(TCP_Client_Connection *con,
                              uint8_t con_id,
                              uint32_t number);

/**
 * Asks the relay for a connection id for a peer.
 *
 * # Safety
 * `log` and `con` are null or valid; `public_key` is null or 32 bytes.
 */
int send_routing_request(const Logger *log,
                         TCP_Client_Connection *con,
                         const uint8_t *public_key);

/**
 * Gives a connection id back; -1 from 240 on. For an id that is not in use nothing is sent.
 *
 * # Safety
 * `log` and `con` are null or valid.
 */
int send_disconnect_request(const Logger *log,
                            TCP_Client_Connection *con,
                            uint8_t con_id);

/**
 * Sends data to the peer behind a connection id that is online. Nothing is sent for `len` 0.
 *
 * # Safety
 * `log` and `con` are null or valid; `data` is `len` bytes, or null.
 */
int send_data(const Logger *log,
              TCP_Client_Connection *con,
              uint8_t con_id,
              const uint8_t *data,
              uint16_t len);

/**
 * Sends a packet to a peer by its key; -1 for `len` 0 or above 1024.
 *
 * # Safety
 * `log` and `con` are null or valid; `public_key` is 32 bytes, `data` `len` bytes, or null.
 */
int send_oob_packet(const Logger *log,
                    TCP_Client_Connection *con,
                    const uint8_t *public_key,
                    const uint8_t *data,
                    uint16_t len);

/**
 * Sends a packet into the onion; -1 for `len` above 2031.
 *
 * # Safety
 * `log` and `con` are null or valid; `data` is `len` bytes, or null.
 */
int send_onion_request(const Logger *log,
                       TCP_Client_Connection *con,
                       const uint8_t *data,
                       uint16_t len);

/**
 * Has a packet forwarded to a DHT node; -1 for `len` above 1792, 0 if `dest` cannot be packed.
 *
 * # Safety
 * `log`, `con` and `dest` are null or valid; `data` is `len` bytes, or null.
 */
int send_forward_request_tcp(const Logger *log,
                             TCP_Client_Connection *con,
                             const IP_Port *dest,
                             const uint8_t *data,
                             uint16_t len);

/**
 * Sets the callback for answered routing requests; NULL for none.
 *
 * # Safety
 * `con` is null or valid; `cb` is null or a function of this type that does not throw.
 */
void routing_response_handler(TCP_Client_Connection *con,
                              toxlink_tcp_routing_response_cb cb,
                              void *obj);

/**
 * Sets the callback for peers that come and go; NULL for none.
 *
 * # Safety
 * `con` is null or valid; `cb` is null or a function of this type that does not throw.
 */
void routing_status_handler(TCP_Client_Connection *con,
                            toxlink_tcp_routing_status_cb cb,
                            void *obj);

/**
 * Sets the callback for data of peers; NULL for none.
 *
 * # Safety
 * `con` is null or valid; `cb` is null or a function of this type that does not throw.
 */
void routing_data_handler(TCP_Client_Connection *con,
                          toxlink_tcp_routing_data_cb cb,
                          void *obj);

/**
 * Sets the callback for out-of-band data; NULL for none.
 *
 * # Safety
 * `con` is null or valid; `cb` is null or a function of this type that does not throw.
 */
void oob_data_handler(TCP_Client_Connection *con,
                      toxlink_tcp_oob_data_cb cb,
                      void *obj);

/**
 * Sets the callback for packets out of the onion; NULL for none.
 *
 * # Safety
 * `con` is null or valid; `cb` is null or a function of this type that does not throw.
 */
void onion_response_handler(TCP_Client_Connection *con,
                            toxlink_tcp_onion_response_cb cb,
                            void *obj);

/**
 * Sets the callback for forwarded packets; NULL for none.
 *
 * # Safety
 * `con` is null or valid; `cb` is null or a function of this type that does not throw.
 */
void forwarding_handler(TCP_Client_Connection *con,
                        toxlink_forwarded_response_cb cb,
                        void *obj);

/**
 * Our own public key: 32 bytes inside the object, valid until the kill.
 *
 * # Safety
 * `tcp_c` is null or valid.
 */
const uint8_t *tcp_connections_public_key(const TCP_Connections *tcp_c);

/**
 * Length of the table of relays: relay numbers are below it.
 *
 * # Safety
 * `tcp_c` is null or valid.
 */
uint32_t tcp_connections_count(const TCP_Connections *tcp_c);

/**
 * Number of relays that are connected.
 *
 * # Safety
 * `tcp_c` is null or valid.
 */
uint32_t tcp_connected_relays_count(const TCP_Connections *tcp_c);

/**
 * Adds a peer that is in use: its number, or -1 if its key is known.
 *
 * # Safety
 * `tcp_c` is null or valid; `public_key` is null or 32 bytes.
 */
int new_tcp_connection_to(TCP_Connections *tcp_c,
                          const uint8_t *public_key,
                          int id);

/**
 * Removes a peer.
 *
 * # Safety
 * `tcp_c` is null or valid.
 */
int kill_tcp_connection_to(TCP_Connections *tcp_c,
                           int connections_number);

/**
 * Says whether the peer is in use (else it sleeps); -1 also if it was so already.
 *
 * # Safety
 * `tcp_c` is null or valid.
 */
int set_tcp_connection_to_status(const TCP_Connections *tcp_c,
                                 int connections_number,
                                 bool status);

/**
 * Number of relays on which the peer is online; 0 if there is no such peer.
 *
 * # Safety
 * `tcp_c` is null or valid.
 */
uint32_t tcp_connection_to_online_tcp_relays(const TCP_Connections *tcp_c,
                                             int connections_number);

/**
 * Sends a packet to a peer through one relay, or out of band through all that may reach it; -1 if
 * none takes it, also for `length` 0 or above 2031.
 *
 * # Safety
 * `tcp_c` is null or valid; `packet` is null or `length` bytes.
 */
int send_packet_tcp_connection(const TCP_Connections *tcp_c,
                               int connections_number,
                               const uint8_t *packet,
                               uint16_t length);

/**
 * Adds a relay for whoever may need it; -1 also if its key is known.
 *
 * # Safety
 * `tcp_c` and `ip_port` are null or valid; `relay_pk` is null or 32 bytes.
 */
int add_tcp_relay_global(TCP_Connections *tcp_c,
                         const IP_Port *ip_port,
                         const uint8_t *relay_pk);

/**
 * Ties a relay, new or known, to a peer.
 *
 * # Safety
 * `tcp_c` and `ip_port` are null or valid; `relay_pk` is null or 32 bytes.
 */
int add_tcp_relay_connection(TCP_Connections *tcp_c,
                             int connections_number,
                             const IP_Port *ip_port,
                             const uint8_t *relay_pk);

/**
 * Ties a known relay to a peer.
 *
 * # Safety
 * `tcp_c` is null or valid.
 */
int add_tcp_number_relay_connection(const TCP_Connections *tcp_c,
                                    int connections_number,
                                    unsigned int tcp_connections_number);

/**
 * Removes a relay, also from inside a callback that is about one of its packets.
 *
 * # Safety
 * `tcp_c` is null or valid.
 */
int kill_tcp_relay_connection(TCP_Connections *tcp_c,
                              int tcp_connections_number);

/**
 * Sends a packet to a peer by its key, through a relay given by number; -1 for `length` 0 or above
 * 1024.
 *
 * # Safety
 * `tcp_c` is null or valid; `public_key` is null or 32 bytes, `packet` null or `length` bytes.
 */
int tcp_send_oob_packet(const TCP_Connections *tcp_c,
                        unsigned int tcp_connections_number,
                        const uint8_t *public_key,
                        const uint8_t *packet,
                        uint16_t length);

/**
 * The same through a relay given by key.
 *
 * # Safety
 * `tcp_c` is null or valid; both keys are null or 32 bytes, `packet` null or `length` bytes.
 */
int tcp_send_oob_packet_using_relay(const TCP_Connections *tcp_c,
                                    const uint8_t *relay_pk,
                                    const uint8_t *public_key,
                                    const uint8_t *packet,
                                    uint16_t length);

/**
 * The number of a relay for onion packets; -1 if there is none.
 *
 * # Safety
 * `tcp_c` is null or valid.
 */
int get_random_tcp_onion_conn_number(const TCP_Connections *tcp_c);

/**
 * The address of such a relay; false if there is none, and `ip_port` stays as it is.
 *
 * # Safety
 * `tcp_c` and `ip_port` are null or valid.
 */
bool tcp_get_random_conn_ip_port(const TCP_Connections *tcp_c,
                                 IP_Port *ip_port);

/**
 * Sends a packet into the onion through a connected relay; -1 for `length` above 2031.
 *
 * # Safety
 * `tcp_c` is null or valid; `data` is null or `length` bytes.
 */
int tcp_send_onion_request(TCP_Connections *tcp_c,
                           unsigned int tcp_connections_number,
                           const uint8_t *data,
                           uint16_t length);

/**
 * Has our use of the onion begin or end; -1 if it was so already.
 *
 * # Safety
 * `tcp_c` is null or valid.
 */
int set_tcp_onion_status(TCP_Connections *tcp_c,
                         bool status);

/**
 * Has a packet forwarded by the relay with the address `tcp_forwarder` to `dht_node`, and from
 * there along a chain of up to four keys; -1 for longer ones, and for packets above 1792 bytes.
 *
 * # Safety
 * `logger`, `tcp_c` and the addresses are null or valid; `chain_keys` is null or 32 bytes for each
 * key, `data` null or `data_length` bytes.
 */
int tcp_send_forward_request(const Logger *logger,
                             TCP_Connections *tcp_c,
                             const IP_Port *tcp_forwarder,
                             const IP_Port *dht_node,
                             const uint8_t *chain_keys,
                             uint16_t chain_length,
                             const uint8_t *data,
                             uint16_t data_length);

/**
 * Copies the connected relays, `max_num` at most, from a random one on; gives their number. The
 * addresses have the families of relays.
 *
 * # Safety
 * `tcp_c` is null or valid; `tcp_relays` is null or has room for `max_num` entries.
 */
uint32_t tcp_copy_connected_relays(const TCP_Connections *tcp_c,
                                   Node_format *tcp_relays,
                                   uint16_t max_num);

/**
 * The same from an index of the table of relays on, modulo its length.
 *
 * # Safety
 * As [`tcp_copy_connected_relays`].
 */
uint32_t tcp_copy_connected_relays_index(const TCP_Connections *tcp_c,
                                         Node_format *tcp_relays,
                                         uint16_t max_num,
                                         uint32_t idx);

/**
 * A relay number in the form of an address.
 */
IP_Port tcp_connections_number_to_ip_port(unsigned int tcp_connections_number);

/**
 * The number back; false if the address is none. The number is written in either case.
 *
 * # Safety
 * Both pointers are null or valid.
 */
bool ip_port_to_tcp_connections_number(const IP_Port *ip_port,
                                       unsigned int *tcp_connections_number);

/**
 * Sets the callback for data of peers; NULL for none.
 *
 * # Safety
 * `tcp_c` is null or valid; the callback is null or a function of this type that does not throw.
 */
void set_packet_tcp_connection_callback(TCP_Connections *tcp_c,
                                        toxlink_tcp_data_cb tcp_data_callback,
                                        void *object);

/**
 * Sets the callback for out-of-band data of others; NULL for none.
 *
 * # Safety
 * As [`set_packet_tcp_connection_callback`].
 */
void set_oob_packet_tcp_connection_callback(TCP_Connections *tcp_c,
                                            toxlink_tcp_oob_cb tcp_oob_callback,
                                            void *object);

/**
 * Sets the callback for packets out of the onion; NULL for none.
 *
 * # Safety
 * As [`set_packet_tcp_connection_callback`].
 */
void set_onion_packet_tcp_connection_callback(TCP_Connections *tcp_c,
                                              toxlink_tcp_onion_cb tcp_onion_callback,
                                              void *object);

/**
 * Sets the callback for forwarded packets; NULL for none.
 *
 * # Safety
 * As [`set_packet_tcp_connection_callback`].
 */
void set_forwarding_packet_tcp_connection_callback(TCP_Connections *tcp_c,
                                                   toxlink_forwarded_response_cb tcp_forwarded_response_callback,
                                                   void *object);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TOXLINK_ABI_0_2_18_H */
