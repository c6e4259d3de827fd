/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Generated from src/ffi and src/abi, see build.rs; not to be edited.
 * Declares the functions that libtoxlink.a exports in place of toxcore's. Programs do not need it:
 * they include toxcore's own headers. Tests include it behind the declarations of the types. */

#ifndef TOXLINK_ABI_0_2_18_H
#define TOXLINK_ABI_0_2_18_H

/**
 * The DHT's callback for an address.
 */
typedef void (*toxlink_dht_ip_cb)(void *object,
                                  int32_t number,
                                  const IP_Port *address);

/**
 * The onion client's callback for a relay.
 */
typedef int (*toxlink_recv_tcp_relay_cb)(void *object,
                                         uint32_t number,
                                         const IP_Port *address,
                                         const uint8_t *pk);

/**
 * net_crypto's and the onion client's callback for a new DHT key.
 */
typedef void (*toxlink_dht_pk_cb)(void *object,
                                  int32_t number,
                                  const uint8_t *pk,
                                  void *userdata);

/**
 * A friend request.
 */
typedef int (*toxlink_fr_request_cb)(void *object,
                                     const uint8_t *source_pubkey,
                                     const uint8_t *data,
                                     uint16_t len,
                                     void *userdata);

/**
 * net_crypto's callback for an offered connection.
 */
typedef int (*toxlink_new_connection_cb)(void *object,
                                         const New_Connection *offer);

/**
 * net_crypto's status callback.
 */
typedef int (*toxlink_connection_status_cb)(void *object,
                                            int id,
                                            bool status,
                                            void *data);

/**
 * net_crypto's data callbacks, lossless and lossy.
 */
typedef int (*toxlink_connection_data_cb)(void *object,
                                          int id,
                                          const uint8_t *data,
                                          uint16_t length,
                                          void *userdata);

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

/**
 * A friend came or went; gets the friendcon id.
 */
typedef int (*toxlink_global_status_cb)(void *object,
                                        int id,
                                        bool status,
                                        void *userdata);

/**
 * The same for one owner of the friend; gets the number given at registration.
 */
typedef int (*toxlink_fc_status_cb)(void *object,
                                    int number,
                                    bool status,
                                    void *userdata);

/**
 * A lossless packet of a friend.
 */
typedef int (*toxlink_fc_data_cb)(void *object,
                                  int number,
                                  const uint8_t *data,
                                  uint16_t length,
                                  void *userdata);

/**
 * A lossy packet of a friend.
 */
typedef int (*toxlink_fc_lossy_data_cb)(void *object,
                                        int number,
                                        const uint8_t *data,
                                        uint16_t length,
                                        void *userdata);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a connection to a relay; null on failure. 0.2.18 has this name and no `Memory`.
 *
 * # Safety
 * abi.md section 1.1; `log` and `proxy` may be null, no other pointer (null gives null).
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

/**
 * Makes an object without friends; null on failure. DHT and net_crypto are those of `onion_c`.
 *
 * # Safety
 * abi.md section 1.3; `log`, `ns` and `onion_c` may be null (`onion_c` gives null).
 */
Friend_Connections *new_friend_connections(const Logger *log,
                                           const Mono_Time *mono_time,
                                           const Network *ns,
                                           Onion_Client *onion_c,
                                           bool local_discovery_enabled);

extern uint64_t current_time_monotonic(Mono_Time *mono_time);

extern void logger_write(const Logger *log,
                         Logger_Level level,
                         const char *file,
                         int line,
                         const char *func,
                         const char *format,
                         ...);

extern bool net_connect(const Logger *log,
                        Socket socket,
                        const IP_Port *peer);

extern Logger *logger_new(void);

extern void logger_kill(Logger *log);

extern const Network *system_network(void);

extern DHT *onion_get_dht(const Onion_Client *onion_c);

extern Net_Crypto *onion_get_net_crypto(const Onion_Client *onion_c);

extern int onion_set_friend_DHT_pubkey(Onion_Client *onion_c,
                                       int friend_num,
                                       const uint8_t *dht_pk);

extern int dht_addfriend(DHT *dht,
                         const uint8_t *public_key,
                         toxlink_dht_ip_cb callback,
                         void *object,
                         int32_t number,
                         uint16_t *lock_count);

extern int dht_delfriend(DHT *dht,
                         const uint8_t *public_key,
                         uint16_t lock_count);

extern Networking_Core *dht_get_net(const DHT *dht);

extern uint32_t copy_connected_tcp_relays_index(Net_Crypto *net_crypto,
                                                Node_format *out,
                                                uint16_t max,
                                                uint32_t idx);

extern int64_t write_cryptpacket(Net_Crypto *net_crypto,
                                 int crypt_id,
                                 const uint8_t *data,
                                 uint16_t len,
                                 bool congestion_control);

extern Broadcast_Info *lan_discovery_init(const Network *ns);

extern uint64_t mono_time_get(const Mono_Time *mono_time);

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

extern int onion_addfriend(Onion_Client *onion_c,
                           const uint8_t *public_key);

extern int onion_delfriend(Onion_Client *onion_c,
                           int friend_num);

extern int onion_set_friend_online(Onion_Client *onion_c,
                                   int friend_num,
                                   bool online);

extern int recv_tcp_relay_handler(Onion_Client *onion_c,
                                  int friend_num,
                                  toxlink_recv_tcp_relay_cb callback,
                                  void *object,
                                  uint32_t number);

extern int onion_dht_pk_callback(Onion_Client *onion_c,
                                 int friend_num,
                                 toxlink_dht_pk_cb callback,
                                 void *object,
                                 uint32_t number);

extern void oniondata_registerhandler(Onion_Client *onion_c,
                                      uint8_t first_byte,
                                      toxlink_fr_request_cb callback,
                                      void *object);

extern int send_onion_data(Onion_Client *onion_c,
                           int friend_num,
                           const uint8_t *data,
                           uint16_t len);

extern const uint8_t *dht_get_self_public_key(const DHT *dht);

extern void new_connection_handler(Net_Crypto *net_crypto,
                                   toxlink_new_connection_cb callback,
                                   void *object);

extern int new_crypto_connection(Net_Crypto *net_crypto,
                                 const uint8_t *real_pk,
                                 const uint8_t *dht_pk);

extern int accept_crypto_connection(Net_Crypto *net_crypto,
                                    const New_Connection *incoming);

extern int crypto_kill(Net_Crypto *net_crypto,
                       int crypt_id);

extern int connection_status_handler(const Net_Crypto *net_crypto,
                                     int crypt_id,
                                     toxlink_connection_status_cb callback,
                                     void *object,
                                     int id);

extern int connection_data_handler(const Net_Crypto *net_crypto,
                                   int crypt_id,
                                   toxlink_connection_data_cb callback,
                                   void *object,
                                   int id);

extern int connection_lossy_data_handler(const Net_Crypto *net_crypto,
                                         int crypt_id,
                                         toxlink_connection_data_cb callback,
                                         void *object,
                                         int id);

extern int nc_dht_pk_callback(const Net_Crypto *net_crypto,
                              int crypt_id,
                              toxlink_dht_pk_cb callback,
                              void *object,
                              uint32_t number);

extern int set_direct_ip_port(Net_Crypto *net_crypto,
                              int crypt_id,
                              const IP_Port *ip_port,
                              bool connected);

extern int add_tcp_relay_peer(Net_Crypto *net_crypto,
                              int crypt_id,
                              const IP_Port *ip_port,
                              const uint8_t *public_key);

extern int add_tcp_relay(Net_Crypto *net_crypto,
                         const IP_Port *ip_port,
                         const uint8_t *public_key);

extern bool lan_discovery_send(const Networking_Core *net,
                               const Broadcast_Info *broadcast,
                               const uint8_t *dht_pk,
                               uint16_t port_net_order);

extern void lan_discovery_kill(Broadcast_Info *broadcast);

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

/**
 * One iteration.
 *
 * # Safety
 * `fr_c` is null or valid; `userdata` is opaque.
 */
void do_friend_connections(Friend_Connections *fr_c,
                           void *userdata);

/**
 * Takes every registration with the neighbours back and frees the object; null is allowed.
 *
 * # Safety
 * `fr_c` is null or valid, and is not used afterwards.
 */
void kill_friend_connections(Friend_Connections *fr_c);

/**
 * The net_crypto object in use.
 *
 * # Safety
 * `fr_c` is null or valid.
 */
Net_Crypto *friendconn_net_crypto(const Friend_Connections *fr_c);

/**
 * Adds a friend, or an owner of one that is known: its id, or -1.
 *
 * # Safety
 * `fr_c` is null or valid; `real_public_key` is null or 32 bytes.
 */
int new_friend_connection(Friend_Connections *fr_c,
                          const uint8_t *real_public_key);

/**
 * Takes an owner off a friend, and with the last one the friend: 0, or -1 for a bad id.
 *
 * # Safety
 * `fr_c` is null or valid.
 */
int kill_friend_connection(Friend_Connections *fr_c,
                           int friendcon_id);

/**
 * Adds an owner: 0, or -1 for a bad id.
 *
 * # Safety
 * `fr_c` is null or valid.
 */
int friend_connection_lock(const Friend_Connections *fr_c,
                           int friendcon_id);

/**
 * The id of the friend with this key, or -1.
 *
 * # Safety
 * `fr_c` is null or valid; `real_pk` is null or 32 bytes.
 */
int getfriend_conn_id_pk(const Friend_Connections *fr_c,
                         const uint8_t *real_pk);

/**
 * The status, a `Friendconn_Status`; 0 for a bad id.
 *
 * # Safety
 * `fr_c` is null or valid.
 */
unsigned int friend_con_connected(const Friend_Connections *fr_c,
                                  int friendcon_id);

/**
 * Copies both keys of a friend to the pointers that are not null: 0, or -1 for a bad id. An unknown
 * DHT key is 32 zero bytes.
 *
 * # Safety
 * `fr_c` is null or valid; the outputs are null or have room for 32 bytes.
 */
int get_friendcon_public_keys(uint8_t *real_pk,
                              uint8_t *dht_temp_pk,
                              const Friend_Connections *fr_c,
                              int friendcon_id);

/**
 * The friend has this DHT key now, as somebody else has learned.
 *
 * # Safety
 * `fr_c` is null or valid; `dht_temp_pk` is null or 32 bytes; `userdata` is opaque.
 */
void set_dht_temp_pk(Friend_Connections *fr_c,
                     int friendcon_id,
                     const uint8_t *dht_temp_pk,
                     void *userdata);

/**
 * The friend's net_crypto connection, or -1.
 *
 * # Safety
 * `fr_c` is null or valid.
 */
int friend_connection_crypt_connection_id(const Friend_Connections *fr_c,
                                          int friendcon_id);

/**
 * Sets the callback that hears of all friends first; NULL for none.
 *
 * # Safety
 * `fr_c` is null or valid; the callback is null or a function of this type that does not throw.
 */
void set_global_status_callback(Friend_Connections *fr_c,
                                toxlink_global_status_cb global_status_callback,
                                void *object);

/**
 * Replaces one of the two sets of callbacks of a friend: 0, or -1 for a bad id, a bad index, or an
 * object with which not all three functions come.
 *
 * # Safety
 * `fr_c` is null or valid; the callbacks are null or functions of these types that do not throw.
 */
int friend_connection_callbacks(const Friend_Connections *fr_c,
                                int friendcon_id,
                                unsigned int index,
                                toxlink_fc_status_cb status_callback,
                                toxlink_fc_data_cb data_callback,
                                toxlink_fc_lossy_data_cb lossy_data_callback,
                                void *object,
                                int number);

/**
 * Sends a friend request: 1 or 0 over the connection (taken or not), else the number of packets
 * sent through the onion; -1 if none was, for a bad id, and for `length` 0 or above 1016.
 *
 * # Safety
 * `fr_c` is null or valid; `data` is null or `length` bytes.
 */
int send_friend_request_packet(Friend_Connections *fr_c,
                               int friendcon_id,
                               uint32_t nospam_num,
                               const uint8_t *data,
                               uint16_t length);

/**
 * Sets the callback for friend requests, also for those that come through the onion; NULL for none.
 *
 * # Safety
 * `fr_c` is null or valid; the callback is null or a function of this type that does not throw.
 */
void set_friend_request_callback(Friend_Connections *fr_c,
                                 toxlink_fr_request_cb fr_request_callback,
                                 void *object);

/**
 * The record of a friend, valid until a friend is added or removed; null for a bad id.
 *
 * # Safety
 * `fr_c` is null or valid.
 */
Friend_Conn *get_conn(const Friend_Connections *fr_c,
                      int friendcon_id);

/**
 * The onion client's number for a friend; -1 for null.
 *
 * # Safety
 * `fc` is null or a valid record.
 */
int friend_conn_get_onion_friendnum(const Friend_Conn *fc);

/**
 * A friend's address, inside the record; of family 0 while it is not known. Null for null.
 *
 * # Safety
 * `fc` is null or a valid record.
 */
const IP_Port *friend_conn_get_dht_ip_port(const Friend_Conn *fc);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TOXLINK_ABI_0_2_18_H */
