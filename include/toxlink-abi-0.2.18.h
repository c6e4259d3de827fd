/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Generated from src/ffi and src/abi, see build.rs; not to be edited.
 * Declares the functions that libtoxlink.a exports in place of toxcore's. Programs do not need it:
 * they include toxcore's own headers. Tests include it behind the declarations of the types. */

#ifndef TOXLINK_ABI_0_2_18_H
#define TOXLINK_ABI_0_2_18_H

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

extern uint64_t mono_time_get(const Mono_Time *mono_time);

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
                              tcp_routing_response_cb cb,
                              void *obj);

/**
 * Sets the callback for peers that come and go; NULL for none.
 *
 * # Safety
 * `con` is null or valid; `cb` is null or a function of this type that does not throw.
 */
void routing_status_handler(TCP_Client_Connection *con,
                            tcp_routing_status_cb cb,
                            void *obj);

/**
 * Sets the callback for data of peers; NULL for none.
 *
 * # Safety
 * `con` is null or valid; `cb` is null or a function of this type that does not throw.
 */
void routing_data_handler(TCP_Client_Connection *con,
                          tcp_routing_data_cb cb,
                          void *obj);

/**
 * Sets the callback for out-of-band data; NULL for none.
 *
 * # Safety
 * `con` is null or valid; `cb` is null or a function of this type that does not throw.
 */
void oob_data_handler(TCP_Client_Connection *con,
                      tcp_oob_data_cb cb,
                      void *obj);

/**
 * Sets the callback for packets out of the onion; NULL for none.
 *
 * # Safety
 * `con` is null or valid; `cb` is null or a function of this type that does not throw.
 */
void onion_response_handler(TCP_Client_Connection *con,
                            tcp_onion_response_cb cb,
                            void *obj);

/**
 * Sets the callback for forwarded packets; NULL for none.
 *
 * # Safety
 * `con` is null or valid; `cb` is null or a function of this type that does not throw.
 */
void forwarding_handler(TCP_Client_Connection *con,
                        forwarded_response_cb cb,
                        void *obj);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TOXLINK_ABI_0_2_18_H */
