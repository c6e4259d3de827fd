/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Declarations for the C ABI of c-toxcore's TCP client, TCP connection and
 * friend connection modules, and of what they import.
 * Set TOX_ABI to 218, 220 or 222 (upstream 0.2.18, 0.2.20, 0.2.22).
 * Define TOX_ABI_PROTOTYPES_ONLY to leave out all types that another header
 * already supplies. */
#ifndef TOX_ABI_H
#define TOX_ABI_H

#if !defined(TOX_ABI) || (TOX_ABI != 218 && TOX_ABI != 220 && TOX_ABI != 222)
#error "TOX_ABI must be 218, 220 or 222"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---------------------------------------------------------------- opaque */
typedef struct Logger Logger;
typedef struct Mono_Time Mono_Time;
typedef struct Networking_Core Networking_Core;
typedef struct DHT DHT;
typedef struct Net_Crypto Net_Crypto;
typedef struct Onion Onion;
typedef struct Onion_Announce Onion_Announce;
typedef struct Onion_Client Onion_Client;
typedef struct Forwarding Forwarding;
typedef struct Broadcast_Info Broadcast_Info;
typedef struct TCP_Server TCP_Server;
typedef struct TCP_Client_Connection TCP_Client_Connection;   /* ours */
typedef struct TCP_Connections TCP_Connections;               /* ours */
typedef struct Friend_Connections Friend_Connections;         /* ours */
typedef struct Friend_Conn Friend_Conn;                       /* ours */
#if TOX_ABI < 222
typedef struct Network_Addr Network_Addr;
#else
typedef struct Net_Profile Net_Profile;
#endif

/* ----------------------------------------------------- types with layout */
#ifndef TOX_ABI_PROTOTYPES_ONLY
typedef struct Family { uint8_t value; } Family;
typedef union IP4 { uint32_t uint32; uint16_t uint16[2]; uint8_t uint8[4]; } IP4;
typedef union IP6 { uint8_t uint8[16]; uint16_t uint16[8]; uint32_t uint32[4]; uint64_t uint64[2]; } IP6;
typedef union IP_Union { IP4 v4; IP6 v6; } IP_Union;
typedef struct IP { Family family; IP_Union ip; } IP;
typedef struct IP_Port { IP ip; uint16_t port; } IP_Port;
#if TOX_ABI == 218
typedef struct Socket { int sock; } Socket;
#else
typedef struct Socket { int value; } Socket;
#endif
typedef struct Node_format { uint8_t public_key[32]; IP_Port ip_port; } Node_format;
typedef struct TCP_Proxy_Info { IP_Port ip_port; uint8_t proxy_type; } TCP_Proxy_Info;

typedef enum TCP_Proxy_Type { TCP_PROXY_NONE, TCP_PROXY_HTTP, TCP_PROXY_SOCKS5 } TCP_Proxy_Type;
typedef enum TCP_Client_Status {
    TCP_CLIENT_NO_STATUS, TCP_CLIENT_PROXY_HTTP_CONNECTING,
    TCP_CLIENT_PROXY_SOCKS5_CONNECTING, TCP_CLIENT_PROXY_SOCKS5_UNCONFIRMED,
    TCP_CLIENT_CONNECTING, TCP_CLIENT_UNCONFIRMED, TCP_CLIENT_CONFIRMED, TCP_CLIENT_DISCONNECTED
} TCP_Client_Status;
typedef enum Friendconn_Status {
    FRIENDCONN_STATUS_NONE, FRIENDCONN_STATUS_CONNECTING, FRIENDCONN_STATUS_CONNECTED
} Friendconn_Status;
typedef enum Logger_Level {
    LOGGER_LEVEL_TRACE, LOGGER_LEVEL_DEBUG, LOGGER_LEVEL_INFO, LOGGER_LEVEL_WARNING, LOGGER_LEVEL_ERROR
} Logger_Level;
#if TOX_ABI == 222
typedef enum Packet_Direction { PACKET_DIRECTION_SEND, PACKET_DIRECTION_RECV } Packet_Direction;
typedef enum Net_Err_Connect {
    NET_ERR_CONNECT_OK, NET_ERR_CONNECT_INVALID_FAMILY, NET_ERR_CONNECT_FAILED
} Net_Err_Connect;
#endif
#endif /* TOX_ABI_PROTOTYPES_ONLY */

/* random source */
#if TOX_ABI < 222
typedef void crypto_random_bytes_cb(void *obj, uint8_t *out, size_t n);
typedef uint32_t crypto_random_uniform_cb(void *obj, uint32_t bound);
#else
typedef void random_bytes_cb(void *obj, uint8_t *out, uint32_t n);
typedef uint32_t random_uniform_cb(void *obj, uint32_t bound);
#endif
/* allocator */
#if TOX_ABI == 220
typedef void *mem_malloc_cb(void *obj, uint32_t size);
typedef void *mem_calloc_cb(void *obj, uint32_t count, uint32_t size);
typedef void *mem_realloc_cb(void *obj, void *p, uint32_t size);
typedef void mem_free_cb(void *obj, void *p);
#elif TOX_ABI == 222
typedef void *memory_malloc_cb(void *obj, uint32_t size);
typedef void *memory_realloc_cb(void *obj, void *p, uint32_t size);
typedef void memory_dealloc_cb(void *obj, void *p);
#endif
/* socket layer */
#if TOX_ABI == 218
typedef int net_close_cb(void *obj, int s);
typedef int net_accept_cb(void *obj, int s);
typedef int net_bind_cb(void *obj, int s, const Network_Addr *addr);
typedef int net_listen_cb(void *obj, int s, int backlog);
typedef int net_recvbuf_cb(void *obj, int s);
typedef int net_recv_cb(void *obj, int s, uint8_t *buf, size_t n);
typedef int net_recvfrom_cb(void *obj, int s, uint8_t *buf, size_t n, Network_Addr *addr);
typedef int net_send_cb(void *obj, int s, const uint8_t *buf, size_t n);
typedef int net_sendto_cb(void *obj, int s, const uint8_t *buf, size_t n, const Network_Addr *addr);
typedef int net_socket_cb(void *obj, int domain, int type, int proto);
typedef int net_socket_nonblock_cb(void *obj, int s, bool nonblock);
typedef int net_getsockopt_cb(void *obj, int s, int level, int name, void *val, size_t *len);
typedef int net_setsockopt_cb(void *obj, int s, int level, int name, const void *val, size_t len);
typedef int net_getaddrinfo_cb(void *obj, int family, Network_Addr **out);
typedef int net_freeaddrinfo_cb(void *obj, Network_Addr *addrs);
#else
typedef int net_close_cb(void *obj, Socket s);
typedef Socket net_accept_cb(void *obj, Socket s);
typedef int net_listen_cb(void *obj, Socket s, int backlog);
typedef int net_recvbuf_cb(void *obj, Socket s);
typedef int net_recv_cb(void *obj, Socket s, uint8_t *buf, size_t n);
typedef int net_send_cb(void *obj, Socket s, const uint8_t *buf, size_t n);
typedef Socket net_socket_cb(void *obj, int domain, int type, int proto);
typedef int net_socket_nonblock_cb(void *obj, Socket s, bool nonblock);
typedef int net_getsockopt_cb(void *obj, Socket s, int level, int name, void *val, size_t *len);
typedef int net_setsockopt_cb(void *obj, Socket s, int level, int name, const void *val, size_t len);
#if TOX_ABI == 220
typedef int net_bind_cb(void *obj, Socket s, const Network_Addr *addr);
typedef int net_recvfrom_cb(void *obj, Socket s, uint8_t *buf, size_t n, Network_Addr *addr);
typedef int net_sendto_cb(void *obj, Socket s, const uint8_t *buf, size_t n, const Network_Addr *addr);
typedef int net_getaddrinfo_cb(void *obj, int family, Network_Addr **out);
typedef int net_freeaddrinfo_cb(void *obj, Network_Addr *addrs);
#endif
#endif

#ifndef TOX_ABI_PROTOTYPES_ONLY
#if TOX_ABI < 222
typedef struct Random_Funcs {
    crypto_random_bytes_cb *random_bytes;
    crypto_random_uniform_cb *random_uniform;
} Random_Funcs;
typedef struct Random { const Random_Funcs *funcs; void *obj; } Random;
#else
typedef struct Random_Funcs {
    random_bytes_cb *bytes_callback;
    random_uniform_cb *uniform_callback;
} Random_Funcs;
typedef struct Random { const Random_Funcs *funcs; void *user_data; } Random;
#endif

#if TOX_ABI == 220
typedef struct Memory_Funcs {
    mem_malloc_cb *malloc;
    mem_calloc_cb *calloc;
    mem_realloc_cb *realloc;
    mem_free_cb *free;
} Memory_Funcs;
typedef struct Memory { const Memory_Funcs *funcs; void *obj; } Memory;
#elif TOX_ABI == 222
typedef struct Memory_Funcs {
    memory_malloc_cb *malloc_callback;
    memory_realloc_cb *realloc_callback;
    memory_dealloc_cb *dealloc_callback;
} Memory_Funcs;
typedef struct Memory { const Memory_Funcs *funcs; void *user_data; } Memory;
#endif
#endif /* TOX_ABI_PROTOTYPES_ONLY */

#if TOX_ABI == 222
typedef int net_bind_cb(void *obj, Socket s, const IP_Port *addr);
typedef int net_connect_cb(void *obj, Socket s, const IP_Port *addr);
typedef int net_recvfrom_cb(void *obj, Socket s, uint8_t *buf, size_t n, IP_Port *addr);
typedef int net_sendto_cb(void *obj, Socket s, const uint8_t *buf, size_t n, const IP_Port *addr);
typedef int net_getaddrinfo_cb(void *obj, const Memory *mem, const char *host, int family, int proto, IP_Port **out);
typedef int net_freeaddrinfo_cb(void *obj, const Memory *mem, IP_Port *addrs);
#endif

#ifndef TOX_ABI_PROTOTYPES_ONLY
typedef struct Network_Funcs {
    net_close_cb *close;
    net_accept_cb *accept;
    net_bind_cb *bind;
    net_listen_cb *listen;
#if TOX_ABI == 222
    net_connect_cb *connect;
#endif
    net_recvbuf_cb *recvbuf;
    net_recv_cb *recv;
    net_recvfrom_cb *recvfrom;
    net_send_cb *send;
    net_sendto_cb *sendto;
    net_socket_cb *socket;
    net_socket_nonblock_cb *socket_nonblock;
    net_getsockopt_cb *getsockopt;
    net_setsockopt_cb *setsockopt;
    net_getaddrinfo_cb *getaddrinfo;
    net_freeaddrinfo_cb *freeaddrinfo;
} Network_Funcs;
typedef struct Network { const Network_Funcs *funcs; void *obj; } Network;

typedef struct Ip_Ntoa {
    char buf[96];
#if TOX_ABI > 218
    uint16_t length;
    bool ip_is_valid;
#endif
} Ip_Ntoa;

typedef struct TCP_Priority_List TCP_Priority_List;
struct TCP_Priority_List { TCP_Priority_List *next; uint16_t size; uint16_t sent; uint8_t *data; };

typedef struct TCP_Connection {
#if TOX_ABI > 218
    const Memory *mem;
#endif
    const Random *rng;
    const Network *ns;
    Socket sock;
    IP_Port ip_port;
    uint8_t sent_nonce[24];
    uint8_t shared_key[32];
    uint8_t last_packet[2 + 2048];
    uint16_t last_packet_length;
    uint16_t last_packet_sent;
    TCP_Priority_List *priority_queue_start;
    TCP_Priority_List *priority_queue_end;
#if TOX_ABI == 222
    Net_Profile *net_profile;
#endif
} TCP_Connection;

typedef struct New_Connection {
    IP_Port source;
    uint8_t public_key[32];
    uint8_t dht_public_key[32];
    uint8_t recv_nonce[24];
    uint8_t peersessionpublic_key[32];
    uint8_t *cookie;
    uint8_t cookie_length;
} New_Connection;
#endif /* TOX_ABI_PROTOTYPES_ONLY */

/* ------------------------------------------------------------- callbacks */
/* taken by TCP_client */
typedef int tcp_onion_response_cb(void *obj, const uint8_t *data, uint16_t len, void *userdata);
typedef int tcp_routing_response_cb(void *obj, uint8_t con_id, const uint8_t *public_key);
typedef int tcp_routing_status_cb(void *obj, uint32_t number, uint8_t con_id, uint8_t status);
typedef int tcp_routing_data_cb(void *obj, uint32_t number, uint8_t con_id, const uint8_t *data, uint16_t len, void *userdata);
typedef int tcp_oob_data_cb(void *obj, const uint8_t *public_key, const uint8_t *data, uint16_t len, void *userdata);
typedef void forwarded_response_cb(void *obj, const uint8_t *data, uint16_t len, void *userdata);
/* taken by TCP_connection */
typedef int tcp_data_cb(void *obj, int id, const uint8_t *data, uint16_t len, void *userdata);
typedef int tcp_onion_cb(void *obj, const uint8_t *data, uint16_t len, void *userdata);
typedef int tcp_oob_cb(void *obj, const uint8_t *public_key, unsigned int relay_number, const uint8_t *data, uint16_t len, void *userdata);
/* taken by friend_connection */
typedef int global_status_cb(void *obj, int friendcon_id, bool online, void *userdata);
typedef int fc_status_cb(void *obj, int number, bool online, void *userdata);
typedef int fc_data_cb(void *obj, int number, const uint8_t *data, uint16_t len, void *userdata);
typedef int fc_lossy_data_cb(void *obj, int number, const uint8_t *data, uint16_t len, void *userdata);
typedef int fr_request_cb(void *obj, const uint8_t *source_pk, const uint8_t *data, uint16_t len, void *userdata);
/* handed out by friend_connection to the rest of the library */
typedef int connection_status_cb(void *obj, int id, bool online, void *userdata);
typedef int connection_data_cb(void *obj, int id, const uint8_t *data, uint16_t len, void *userdata);
typedef int connection_lossy_data_cb(void *obj, int id, const uint8_t *data, uint16_t len, void *userdata);
typedef void dht_pk_cb(void *obj, int32_t number, const uint8_t *dht_pk, void *userdata);
typedef int new_connection_cb(void *obj, const New_Connection *nc);
typedef void dht_ip_cb(void *obj, int32_t number, const IP_Port *ipp);
typedef int recv_tcp_relay_cb(void *obj, uint32_t number, const IP_Port *ipp, const uint8_t *public_key);
typedef void onion_dht_pk_cb(void *obj, int32_t number, const uint8_t *dht_pk, void *userdata);
typedef int oniondata_handler_cb(void *obj, const uint8_t *source_pk, const uint8_t *data, uint16_t len, void *userdata);
/* test environment */
typedef uint64_t mono_time_current_time_cb(void *user_data);
#if TOX_ABI < 222
typedef void logger_cb(void *context, Logger_Level level, const char *file, int line, const char *func, const char *message, void *userdata);
#else
typedef void logger_cb(void *context, Logger_Level level, const char *file, uint32_t line, const char *func, const char *message, void *userdata);
typedef const uint8_t *nc_dht_get_shared_key_sent_cb(void *obj, const uint8_t *public_key);
typedef const uint8_t *nc_dht_get_self_public_key_cb(const void *obj);
typedef const uint8_t *nc_dht_get_self_secret_key_cb(const void *obj);
#ifndef TOX_ABI_PROTOTYPES_ONLY
typedef struct Net_Crypto_DHT_Funcs {
    nc_dht_get_shared_key_sent_cb *get_shared_key_sent;
    nc_dht_get_self_public_key_cb *get_self_public_key;
    nc_dht_get_self_secret_key_cb *get_self_secret_key;
} Net_Crypto_DHT_Funcs;
#endif
#endif

/* ============================================== EXPORTS: TCP_client.c.o == */
#if TOX_ABI == 218
TCP_Client_Connection *new_TCP_connection(const Logger *log, const Mono_Time *mono_time, const Random *rng,
    const Network *ns, const IP_Port *relay_addr, const uint8_t *relay_pk, const uint8_t *self_pk,
    const uint8_t *self_sk, const TCP_Proxy_Info *proxy);
void do_TCP_connection(const Logger *log, const Mono_Time *mono_time, TCP_Client_Connection *con, void *userdata);
void kill_TCP_connection(TCP_Client_Connection *con);
#else
#if TOX_ABI == 220
TCP_Client_Connection *new_tcp_connection(const Logger *log, const Memory *mem, const Mono_Time *mono_time,
    const Random *rng, const Network *ns, const IP_Port *relay_addr, const uint8_t *relay_pk,
    const uint8_t *self_pk, const uint8_t *self_sk, const TCP_Proxy_Info *proxy);
#else
TCP_Client_Connection *new_tcp_connection(const Logger *log, const Memory *mem, const Mono_Time *mono_time,
    const Random *rng, const Network *ns, const IP_Port *relay_addr, const uint8_t *relay_pk,
    const uint8_t *self_pk, const uint8_t *self_sk, const TCP_Proxy_Info *proxy, Net_Profile *profile);
#endif
void do_tcp_connection(const Logger *log, const Mono_Time *mono_time, TCP_Client_Connection *con, void *userdata);
void kill_tcp_connection(TCP_Client_Connection *con);
#endif
const uint8_t *tcp_con_public_key(const TCP_Client_Connection *con);
IP_Port tcp_con_ip_port(const TCP_Client_Connection *con);
TCP_Client_Status tcp_con_status(const TCP_Client_Connection *con);
void *tcp_con_custom_object(const TCP_Client_Connection *con);
uint32_t tcp_con_custom_uint(const TCP_Client_Connection *con);
void tcp_con_set_custom_object(TCP_Client_Connection *con, void *obj);
void tcp_con_set_custom_uint(TCP_Client_Connection *con, uint32_t value);
int send_routing_request(const Logger *log, TCP_Client_Connection *con, const uint8_t *public_key);
int send_disconnect_request(const Logger *log, TCP_Client_Connection *con, uint8_t con_id);
int set_tcp_connection_number(TCP_Client_Connection *con, uint8_t con_id, uint32_t number);
int send_data(const Logger *log, TCP_Client_Connection *con, uint8_t con_id, const uint8_t *data, uint16_t len);
int send_oob_packet(const Logger *log, TCP_Client_Connection *con, const uint8_t *public_key, const uint8_t *data, uint16_t len);
int send_onion_request(const Logger *log, TCP_Client_Connection *con, const uint8_t *data, uint16_t len);
int send_forward_request_tcp(const Logger *log, TCP_Client_Connection *con, const IP_Port *dest, const uint8_t *data, uint16_t len);
void routing_response_handler(TCP_Client_Connection *con, tcp_routing_response_cb *cb, void *obj);
void routing_status_handler(TCP_Client_Connection *con, tcp_routing_status_cb *cb, void *obj);
void routing_data_handler(TCP_Client_Connection *con, tcp_routing_data_cb *cb, void *obj);
void oob_data_handler(TCP_Client_Connection *con, tcp_oob_data_cb *cb, void *obj);
void onion_response_handler(TCP_Client_Connection *con, tcp_onion_response_cb *cb, void *obj);
void forwarding_handler(TCP_Client_Connection *con, forwarded_response_cb *cb, void *obj);

/* ========================================== EXPORTS: TCP_connection.c.o == */
#if TOX_ABI == 218
TCP_Connections *new_tcp_connections(const Logger *log, const Random *rng, const Network *ns,
    Mono_Time *mono_time, const uint8_t *secret_key, const TCP_Proxy_Info *proxy);
#elif TOX_ABI == 220
TCP_Connections *new_tcp_connections(const Logger *log, const Memory *mem, const Random *rng, const Network *ns,
    Mono_Time *mono_time, const uint8_t *secret_key, const TCP_Proxy_Info *proxy);
#else
TCP_Connections *new_tcp_connections(const Logger *log, const Memory *mem, const Random *rng, const Network *ns,
    Mono_Time *mono_time, const uint8_t *secret_key, const TCP_Proxy_Info *proxy, Net_Profile *profile);
#endif
#if TOX_ABI > 218
bool tcp_relay_is_valid(const TCP_Connections *tc, const uint8_t *relay_pk);
#endif
void do_tcp_connections(const Logger *log, TCP_Connections *tc, void *userdata);
void kill_tcp_connections(TCP_Connections *tc);
const uint8_t *tcp_connections_public_key(const TCP_Connections *tc);
uint32_t tcp_connections_count(const TCP_Connections *tc);
uint32_t tcp_connected_relays_count(const TCP_Connections *tc);
int new_tcp_connection_to(TCP_Connections *tc, const uint8_t *public_key, int id);
int kill_tcp_connection_to(TCP_Connections *tc, int conn);
int set_tcp_connection_to_status(const TCP_Connections *tc, int conn, bool active);
uint32_t tcp_connection_to_online_tcp_relays(const TCP_Connections *tc, int conn);
int send_packet_tcp_connection(const TCP_Connections *tc, int conn, const uint8_t *packet, uint16_t len);
int add_tcp_relay_global(TCP_Connections *tc, const IP_Port *addr, const uint8_t *relay_pk);
int add_tcp_relay_connection(TCP_Connections *tc, int conn, const IP_Port *addr, const uint8_t *relay_pk);
int add_tcp_number_relay_connection(const TCP_Connections *tc, int conn, unsigned int relay_number);
int kill_tcp_relay_connection(TCP_Connections *tc, int relay_number);
uint32_t tcp_copy_connected_relays(const TCP_Connections *tc, Node_format *out, uint16_t max);
uint32_t tcp_copy_connected_relays_index(const TCP_Connections *tc, Node_format *out, uint16_t max, uint32_t idx);
int tcp_send_oob_packet(const TCP_Connections *tc, unsigned int relay_number, const uint8_t *public_key, const uint8_t *packet, uint16_t len);
int tcp_send_oob_packet_using_relay(const TCP_Connections *tc, const uint8_t *relay_pk, const uint8_t *public_key, const uint8_t *packet, uint16_t len);
int get_random_tcp_onion_conn_number(const TCP_Connections *tc);
bool tcp_get_random_conn_ip_port(const TCP_Connections *tc, IP_Port *out);
int tcp_send_onion_request(TCP_Connections *tc, uint32_t relay_number, const uint8_t *data, uint16_t len);
int set_tcp_onion_status(TCP_Connections *tc, bool enabled);
int tcp_send_forward_request(const Logger *log, TCP_Connections *tc, const IP_Port *tcp_forwarder, const IP_Port *dht_node,
    const uint8_t *chain_keys, uint16_t chain_length, const uint8_t *data, uint16_t len);
void set_packet_tcp_connection_callback(TCP_Connections *tc, tcp_data_cb *cb, void *obj);
void set_onion_packet_tcp_connection_callback(TCP_Connections *tc, tcp_onion_cb *cb, void *obj);
void set_forwarding_packet_tcp_connection_callback(TCP_Connections *tc, forwarded_response_cb *cb, void *obj);
void set_oob_packet_tcp_connection_callback(TCP_Connections *tc, tcp_oob_cb *cb, void *obj);
IP_Port tcp_connections_number_to_ip_port(unsigned int relay_number);
bool ip_port_to_tcp_connections_number(const IP_Port *ipp, unsigned int *relay_number);

/* ======================================= EXPORTS: friend_connection.c.o == */
#if TOX_ABI < 222
Friend_Connections *new_friend_connections(const Logger *log, const Mono_Time *mono_time, const Network *ns,
    Onion_Client *onion_c, bool local_discovery_enabled);
#else
Friend_Connections *new_friend_connections(const Logger *log, const Memory *mem, const Mono_Time *mono_time,
    const Network *ns, Onion_Client *onion_c, DHT *dht, Net_Crypto *net_crypto, Networking_Core *net,
    bool local_discovery_enabled);
#endif
void do_friend_connections(Friend_Connections *fc, void *userdata);
void kill_friend_connections(Friend_Connections *fc);
Net_Crypto *friendconn_net_crypto(const Friend_Connections *fc);
int new_friend_connection(Friend_Connections *fc, const uint8_t *real_pk);
int kill_friend_connection(Friend_Connections *fc, int friendcon_id);
int friend_connection_lock(const Friend_Connections *fc, int friendcon_id);
int getfriend_conn_id_pk(const Friend_Connections *fc, const uint8_t *real_pk);
unsigned int friend_con_connected(const Friend_Connections *fc, int friendcon_id);
int get_friendcon_public_keys(uint8_t *real_pk, uint8_t *dht_temp_pk, const Friend_Connections *fc, int friendcon_id);
void set_dht_temp_pk(Friend_Connections *fc, int friendcon_id, const uint8_t *dht_temp_pk, void *userdata);
int friend_connection_crypt_connection_id(const Friend_Connections *fc, int friendcon_id);
void set_global_status_callback(Friend_Connections *fc, global_status_cb *cb, void *obj);
int friend_connection_callbacks(const Friend_Connections *fc, int friendcon_id, unsigned int index,
    fc_status_cb *status_cb, fc_data_cb *data_cb, fc_lossy_data_cb *lossy_cb, void *obj, int number);
int send_friend_request_packet(Friend_Connections *fc, int friendcon_id, uint32_t nospam, const uint8_t *data, uint16_t len);
void set_friend_request_callback(Friend_Connections *fc, fr_request_cb *cb, void *obj);
Friend_Conn *get_conn(const Friend_Connections *fc, int friendcon_id);
int friend_conn_get_onion_friendnum(const Friend_Conn *conn);
const IP_Port *friend_conn_get_dht_ip_port(const Friend_Conn *conn);

/* =========================================== IMPORTS of the three modules */
/* time, log */
uint64_t mono_time_get(const Mono_Time *mono_time);
bool mono_time_is_timeout(const Mono_Time *mono_time, uint64_t timestamp, uint64_t timeout);
#if TOX_ABI < 222
void logger_write(const Logger *log, Logger_Level level, const char *file, int line, const char *func, const char *format, ...);
#else
void logger_write(const Logger *log, Logger_Level level, const char *file, uint32_t line, const char *func, const char *format, ...);
#endif
/* memory, helpers */
#if TOX_ABI > 218
void *mem_alloc(const Memory *mem, uint32_t size);
void *mem_vrealloc(const Memory *mem, void *p, uint32_t count, uint32_t size);
void mem_delete(const Memory *mem, void *p);
void memzero(uint8_t *data, size_t n);
#endif
uint16_t min_u16(uint16_t a, uint16_t b);
/* crypto, random */
void crypto_memzero(void *data, size_t n);
bool pk_equal(const uint8_t *pk1, const uint8_t *pk2);
int32_t crypto_new_keypair(const Random *rng, uint8_t *public_key, uint8_t *secret_key);
void crypto_derive_public_key(uint8_t *public_key, const uint8_t *secret_key);
int32_t encrypt_precompute(const uint8_t *public_key, const uint8_t *secret_key, uint8_t *shared_key);
#if TOX_ABI < 222
int32_t encrypt_data_symmetric(const uint8_t *shared_key, const uint8_t *nonce, const uint8_t *plain, size_t n, uint8_t *encrypted);
int32_t decrypt_data_symmetric(const uint8_t *shared_key, const uint8_t *nonce, const uint8_t *encrypted, size_t n, uint8_t *plain);
#else
int32_t encrypt_data_symmetric(const Memory *mem, const uint8_t *shared_key, const uint8_t *nonce, const uint8_t *plain, size_t n, uint8_t *encrypted);
int32_t decrypt_data_symmetric(const Memory *mem, const uint8_t *shared_key, const uint8_t *nonce, const uint8_t *encrypted, size_t n, uint8_t *plain);
#endif
uint32_t random_u32(const Random *rng);
uint64_t random_u64(const Random *rng);
void random_nonce(const Random *rng, uint8_t *nonce);
/* addresses */
bool net_family_is_unspec(Family f);
bool net_family_is_ipv4(Family f);
bool net_family_is_ipv6(Family f);
bool net_family_is_tcp_server(Family f);
bool net_family_is_tcp_ipv4(Family f);
bool net_family_is_tcp_ipv6(Family f);
Family net_family_unspec(void);
Family net_family_ipv4(void);
Family net_family_ipv6(void);
Family net_family_tcp_server(void);
Family net_family_tcp_ipv4(void);
Family net_family_tcp_ipv6(void);
uint16_t net_htons(uint16_t host);
uint16_t net_ntohs(uint16_t net);
bool ipport_equal(const IP_Port *a, const IP_Port *b);
bool ip_parse_addr(const IP *ip, char *buf, size_t size);
const char *net_ip_ntoa(const IP *ip, Ip_Ntoa *buf);
bool ip_is_local(const IP *ip);
int pack_ip_port(const Logger *log, uint8_t *data, uint16_t size, const IP_Port *ipp);
int pack_nodes(const Logger *log, uint8_t *data, uint16_t size, const Node_format *nodes, uint16_t count);
int unpack_nodes(Node_format *nodes, uint16_t max_nodes, uint16_t *consumed, const uint8_t *data, uint16_t len, bool tcp_enabled);
extern const Node_format empty_node_format;
/* sockets */
Socket net_socket(const Network *ns, Family domain, int type, int protocol);
bool sock_valid(Socket s);
void kill_sock(const Network *ns, Socket s);
bool set_socket_nonblock(const Network *ns, Socket s);
bool set_socket_nosigpipe(const Network *ns, Socket s);
uint16_t net_socket_data_recv_buffer(const Network *ns, Socket s);
#if TOX_ABI == 218
bool net_connect(const Logger *log, Socket s, const IP_Port *ipp);
#elif TOX_ABI == 220
bool net_connect(const Memory *mem, const Logger *log, Socket s, const IP_Port *ipp);
#else
bool net_connect(const Network *ns, const Memory *mem, const Logger *log, Socket s, const IP_Port *ipp, Net_Err_Connect *err);
const char *net_err_connect_to_string(Net_Err_Connect err);
void netprof_record_packet(Net_Profile *profile, uint8_t id, size_t len, Packet_Direction dir);
#endif
/* TCP framing helpers */
int send_pending_data(const Logger *log, TCP_Connection *con);
#if TOX_ABI == 218
void wipe_priority_list(TCP_Priority_List *list);
int write_packet_TCP_secure_connection(const Logger *log, TCP_Connection *con, const uint8_t *data, uint16_t len, bool priority);
int read_TCP_packet(const Logger *log, const Network *ns, Socket s, uint8_t *data, uint16_t len, const IP_Port *peer);
int read_packet_TCP_secure_connection(const Logger *log, const Network *ns, Socket s, uint16_t *next_packet_length,
    const uint8_t *shared_key, uint8_t *recv_nonce, uint8_t *data, uint16_t max_len, const IP_Port *peer);
#else
void wipe_priority_list(const Memory *mem, TCP_Priority_List *list);
int write_packet_tcp_secure_connection(const Logger *log, TCP_Connection *con, const uint8_t *data, uint16_t len, bool priority);
int read_tcp_packet(const Logger *log, const Memory *mem, const Network *ns, Socket s, uint8_t *data, uint16_t len, const IP_Port *peer);
int read_packet_tcp_secure_connection(const Logger *log, const Memory *mem, const Network *ns, Socket s, uint16_t *next_packet_length,
    const uint8_t *shared_key, uint8_t *recv_nonce, uint8_t *data, uint16_t max_len, const IP_Port *peer);
#endif
/* forwarding */
uint16_t forward_chain_packet_size(uint16_t chain_length, uint16_t len);
bool create_forward_chain_packet(const uint8_t *chain_keys, uint16_t chain_length, const uint8_t *data, uint16_t len, uint8_t *packet);
/* DHT */
const uint8_t *dht_get_self_public_key(const DHT *dht);
#if TOX_ABI == 218
int dht_addfriend(DHT *dht, const uint8_t *public_key, dht_ip_cb *cb, void *obj, int32_t number, uint16_t *lock_count);
int dht_delfriend(DHT *dht, const uint8_t *public_key, uint16_t lock_count);
#else
int dht_addfriend(DHT *dht, const uint8_t *public_key, dht_ip_cb *cb, void *obj, int32_t number, uint32_t *lock_token);
int dht_delfriend(DHT *dht, const uint8_t *public_key, uint32_t lock_token);
#endif
/* objects reachable from the onion client (0.2.18 and 0.2.20 only) */
#if TOX_ABI < 222
Networking_Core *dht_get_net(const DHT *dht);
DHT *onion_get_dht(const Onion_Client *onion_c);
Net_Crypto *onion_get_net_crypto(const Onion_Client *onion_c);
#endif
/* onion client */
int onion_addfriend(Onion_Client *onion_c, const uint8_t *public_key);
int onion_delfriend(Onion_Client *onion_c, int friend_num);
int onion_set_friend_online(Onion_Client *onion_c, int friend_num, bool online);
#if TOX_ABI == 218
int onion_set_friend_DHT_pubkey(Onion_Client *onion_c, int friend_num, const uint8_t *dht_pk);
#else
int onion_set_friend_dht_pubkey(Onion_Client *onion_c, int friend_num, const uint8_t *dht_pk);
#endif
int onion_dht_pk_callback(Onion_Client *onion_c, int friend_num, onion_dht_pk_cb *cb, void *obj, uint32_t number);
int recv_tcp_relay_handler(Onion_Client *onion_c, int friend_num, recv_tcp_relay_cb *cb, void *obj, uint32_t number);
void oniondata_registerhandler(Onion_Client *onion_c, uint8_t first_byte, oniondata_handler_cb *cb, void *obj);
int send_onion_data(Onion_Client *onion_c, int friend_num, const uint8_t *data, uint16_t len);
/* net_crypto */
void new_connection_handler(Net_Crypto *nc, new_connection_cb *cb, void *obj);
int new_crypto_connection(Net_Crypto *nc, const uint8_t *real_pk, const uint8_t *dht_pk);
int accept_crypto_connection(Net_Crypto *nc, const New_Connection *incoming);
int crypto_kill(Net_Crypto *nc, int crypt_id);
int connection_status_handler(const Net_Crypto *nc, int crypt_id, connection_status_cb *cb, void *obj, int id);
int connection_data_handler(const Net_Crypto *nc, int crypt_id, connection_data_cb *cb, void *obj, int id);
int connection_lossy_data_handler(const Net_Crypto *nc, int crypt_id, connection_lossy_data_cb *cb, void *obj, int id);
int nc_dht_pk_callback(const Net_Crypto *nc, int crypt_id, dht_pk_cb *cb, void *obj, uint32_t number);
int set_direct_ip_port(Net_Crypto *nc, int crypt_id, const IP_Port *ipp, bool connected);
#if TOX_ABI < 222
int64_t write_cryptpacket(Net_Crypto *nc, int crypt_id, const uint8_t *data, uint16_t len, bool congestion_control);
#else
int64_t write_cryptpacket(const Net_Crypto *nc, int crypt_id, const uint8_t *data, uint16_t len, bool congestion_control);
#endif
int add_tcp_relay(Net_Crypto *nc, const IP_Port *ipp, const uint8_t *public_key);
int add_tcp_relay_peer(Net_Crypto *nc, int crypt_id, const IP_Port *ipp, const uint8_t *public_key);
#if TOX_ABI == 218
uint32_t copy_connected_tcp_relays_index(Net_Crypto *nc, Node_format *out, uint16_t max, uint32_t idx);
#else
uint32_t copy_connected_tcp_relays_index(const Net_Crypto *nc, Node_format *out, uint16_t max, uint32_t idx);
#endif
/* LAN discovery */
#if TOX_ABI < 222
Broadcast_Info *lan_discovery_init(const Network *ns);
#else
Broadcast_Info *lan_discovery_init(const Memory *mem, const Network *ns);
#endif
bool lan_discovery_send(const Networking_Core *net, const Broadcast_Info *broadcast, const uint8_t *dht_pk, uint16_t port_net_order);
void lan_discovery_kill(Broadcast_Info *broadcast);

/* ============================================ TEST ENVIRONMENT (not imports) */
#if TOX_ABI == 218
const Random *system_random(void);
const Network *system_network(void);
Logger *logger_new(void);
Mono_Time *mono_time_new(mono_time_current_time_cb *cb, void *user_data);
void mono_time_free(Mono_Time *mono_time);
#else
const Random *os_random(void);
const Network *os_network(void);
const Memory *os_memory(void);
#if TOX_ABI == 220
Logger *logger_new(void);
#else
Logger *logger_new(const Memory *mem);
#endif
Mono_Time *mono_time_new(const Memory *mem, mono_time_current_time_cb *cb, void *user_data);
void mono_time_free(const Memory *mem, Mono_Time *mono_time);
#endif
void logger_kill(Logger *log);
void logger_callback_log(Logger *log, logger_cb *cb, void *context, void *userdata);
void mono_time_update(Mono_Time *mono_time);
void mono_time_set_current_time_callback(Mono_Time *mono_time, mono_time_current_time_cb *cb, void *user_data);
#if TOX_ABI < 222
uint64_t current_time_monotonic(Mono_Time *mono_time);
#else
uint64_t current_time_monotonic(const Mono_Time *mono_time);
#endif

void ip_init(IP *ip, bool ipv6);
void ip_reset(IP *ip);
bool addr_parse_ip(const char *text, IP *out);
IP4 get_ip4_loopback(void);
IP6 get_ip6_loopback(void);
#if TOX_ABI < 222
bool addr_resolve_or_parse_ip(const Network *ns, const char *host, IP *out, IP *extra);
#else
bool addr_resolve_or_parse_ip(const Network *ns, const Memory *mem, const char *host, IP *out, IP *extra, bool dns_enabled);
#endif

#if TOX_ABI == 218
Networking_Core *new_networking_ex(const Logger *log, const Network *ns, const IP *ip, uint16_t port_from, uint16_t port_to, unsigned int *error);
Networking_Core *new_networking_no_udp(const Logger *log, const Network *ns);
DHT *new_dht(const Logger *log, const Random *rng, const Network *ns, Mono_Time *mono_time, Networking_Core *net, bool hole_punching, bool lan_discovery);
Net_Crypto *new_net_crypto(const Logger *log, const Random *rng, const Network *ns, Mono_Time *mono_time, DHT *dht, const TCP_Proxy_Info *proxy);
Forwarding *new_forwarding(const Logger *log, const Random *rng, const Mono_Time *mono_time, DHT *dht);
Onion *new_onion(const Logger *log, const Mono_Time *mono_time, const Random *rng, DHT *dht);
Onion_Announce *new_onion_announce(const Logger *log, const Random *rng, const Mono_Time *mono_time, DHT *dht);
Onion_Client *new_onion_client(const Logger *log, const Random *rng, const Mono_Time *mono_time, Net_Crypto *nc);
TCP_Server *new_TCP_server(const Logger *log, const Random *rng, const Network *ns, bool ipv6, uint16_t num_ports,
    const uint16_t *ports, const uint8_t *secret_key, Onion *onion, Forwarding *forwarding);
void do_TCP_server(TCP_Server *server, const Mono_Time *mono_time);
void kill_TCP_server(TCP_Server *server);
#else
Networking_Core *new_networking_ex(const Logger *log, const Memory *mem, const Network *ns, const IP *ip, uint16_t port_from, uint16_t port_to, unsigned int *error);
Networking_Core *new_networking_no_udp(const Logger *log, const Memory *mem, const Network *ns);
DHT *new_dht(const Logger *log, const Memory *mem, const Random *rng, const Network *ns, Mono_Time *mono_time, Networking_Core *net, bool hole_punching, bool lan_discovery);
#if TOX_ABI == 220
Net_Crypto *new_net_crypto(const Logger *log, const Memory *mem, const Random *rng, const Network *ns, Mono_Time *mono_time, DHT *dht, const TCP_Proxy_Info *proxy);
Forwarding *new_forwarding(const Logger *log, const Random *rng, const Mono_Time *mono_time, DHT *dht);
Onion *new_onion(const Logger *log, const Memory *mem, const Mono_Time *mono_time, const Random *rng, DHT *dht);
Onion_Announce *new_onion_announce(const Logger *log, const Memory *mem, const Random *rng, const Mono_Time *mono_time, DHT *dht);
Onion_Client *new_onion_client(const Logger *log, const Memory *mem, const Random *rng, const Mono_Time *mono_time, Net_Crypto *nc);
#else
Net_Profile *netprof_new(const Logger *log, const Memory *mem);
void netprof_kill(const Memory *mem, Net_Profile *profile);
uint64_t netprof_get_packet_count_total(const Net_Profile *profile, Packet_Direction dir);
uint64_t netprof_get_packet_count_id(const Net_Profile *profile, uint8_t id, Packet_Direction dir);
uint64_t netprof_get_bytes_total(const Net_Profile *profile, Packet_Direction dir);
uint64_t netprof_get_bytes_id(const Net_Profile *profile, uint8_t id, Packet_Direction dir);
Net_Crypto *new_net_crypto(const Logger *log, const Memory *mem, const Random *rng, const Network *ns, Mono_Time *mono_time,
    Networking_Core *net, void *dht, const Net_Crypto_DHT_Funcs *dht_funcs, const TCP_Proxy_Info *proxy, Net_Profile *profile);
Forwarding *new_forwarding(const Logger *log, const Memory *mem, const Random *rng, const Mono_Time *mono_time, DHT *dht, Networking_Core *net);
Onion *new_onion(const Logger *log, const Memory *mem, const Mono_Time *mono_time, const Random *rng, DHT *dht, Networking_Core *net);
Onion_Announce *new_onion_announce(const Logger *log, const Memory *mem, const Random *rng, const Mono_Time *mono_time, DHT *dht, Networking_Core *net);
Onion_Client *new_onion_client(const Logger *log, const Memory *mem, const Random *rng, const Mono_Time *mono_time, Net_Crypto *nc, DHT *dht, Networking_Core *net);
#endif
TCP_Server *new_tcp_server(const Logger *log, const Memory *mem, const Random *rng, const Network *ns, bool ipv6, uint16_t num_ports,
    const uint16_t *ports, const uint8_t *secret_key, Onion *onion, Forwarding *forwarding);
void do_tcp_server(TCP_Server *server, const Mono_Time *mono_time);
void kill_tcp_server(TCP_Server *server);
#endif
const uint8_t *tcp_server_public_key(const TCP_Server *server);
size_t tcp_server_listen_count(const TCP_Server *server);
void kill_networking(Networking_Core *net);
void networking_poll(const Networking_Core *net, void *userdata);
Family net_family(const Networking_Core *net);
uint16_t net_port(const Networking_Core *net);
void kill_dht(DHT *dht);
void do_dht(DHT *dht);
bool dht_bootstrap(DHT *dht, const IP_Port *ipp, const uint8_t *public_key);
const uint8_t *dht_get_self_secret_key(const DHT *dht);
#if TOX_ABI == 218
void dht_get_shared_key_sent(DHT *dht, uint8_t *shared_key, const uint8_t *public_key);
#else
const uint8_t *dht_get_shared_key_sent(DHT *dht, const uint8_t *public_key);
#endif
void kill_net_crypto(Net_Crypto *nc);
void do_net_crypto(Net_Crypto *nc, void *userdata);
uint32_t crypto_run_interval(const Net_Crypto *nc);
const uint8_t *nc_get_self_public_key(const Net_Crypto *nc);
const uint8_t *nc_get_self_secret_key(const Net_Crypto *nc);
TCP_Connections *nc_get_tcp_c(const Net_Crypto *nc);
bool crypto_connection_status(const Net_Crypto *nc, int crypt_id, bool *direct, uint32_t *online_tcp_relays);
#if TOX_ABI < 222
int send_lossy_cryptpacket(Net_Crypto *nc, int crypt_id, const uint8_t *data, uint16_t len);
#else
int send_lossy_cryptpacket(const Net_Crypto *nc, int crypt_id, const uint8_t *data, uint16_t len);
#endif
void kill_forwarding(Forwarding *forwarding);
void kill_onion(Onion *onion);
void kill_onion_announce(Onion_Announce *onion_a);
void kill_onion_client(Onion_Client *onion_c);
void do_onion_client(Onion_Client *onion_c);
bool onion_add_bs_path_node(Onion_Client *onion_c, const IP_Port *ipp, const uint8_t *public_key);

#endif /* TOX_ABI_H */
