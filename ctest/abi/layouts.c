/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sizes, alignments and offsets on x86_64 of every struct of toxcore that crosses the border to our
 * modules, and the values of the enumerators: the numbers of abi.md section 4.3, measured in each
 * release, and not taken from toxabi.h, which they check. To be compiled with TOX_ABI 218, 220 or
 * 222. Valid C11 and C++17. With TOXLINK_SEED each number is off by one, and then not a single one
 * may pass. */
#include "toxabi.h"

#ifdef TOXLINK_SEED
#define N(n) ((n) + 1)
#else
#define N(n) (n)
#endif

#ifdef __cplusplus
#define CHECK(what, text) static_assert(what, text)
#define ALIGN(type) alignof(type)
#else
#define CHECK(what, text) _Static_assert(what, text)
#define ALIGN(type) _Alignof(type)
#endif

#define SIZE(type, size) CHECK(sizeof(type) == N(size), "size of " #type)
#define ALIGNED(type, align) CHECK(ALIGN(type) == N(align), "alignment of " #type)
#define FIELD(type, field, offset) CHECK(offsetof(type, field) == N(offset), "offset of " #type "." #field)
#define WIDTH(type, field, size) CHECK(sizeof(((type *)0)->field) == N(size), "size of " #type "." #field)
#define VALUE(name, value) CHECK((int)(name) == N(value), "value of " #name)

SIZE(Family, 1);
ALIGNED(Family, 1);
FIELD(Family, value, 0);

SIZE(IP4, 4);
ALIGNED(IP4, 4);
FIELD(IP4, uint32, 0);
FIELD(IP4, uint16, 0);
FIELD(IP4, uint8, 0);

SIZE(IP6, 16);
ALIGNED(IP6, 8);
FIELD(IP6, uint8, 0);
FIELD(IP6, uint16, 0);
FIELD(IP6, uint32, 0);
FIELD(IP6, uint64, 0);

SIZE(IP_Union, 16);
ALIGNED(IP_Union, 8);
FIELD(IP_Union, v4, 0);
FIELD(IP_Union, v6, 0);

SIZE(IP, 24);
ALIGNED(IP, 8);
FIELD(IP, family, 0);
FIELD(IP, ip, 8);

SIZE(IP_Port, 32);
ALIGNED(IP_Port, 8);
FIELD(IP_Port, ip, 0);
FIELD(IP_Port, port, 24);
WIDTH(IP_Port, port, 2);

SIZE(Socket, 4);
ALIGNED(Socket, 4);
#if TOX_ABI == 218
FIELD(Socket, sock, 0);
#else
FIELD(Socket, value, 0);
#endif

SIZE(Node_format, 64);
ALIGNED(Node_format, 8);
FIELD(Node_format, public_key, 0);
FIELD(Node_format, ip_port, 32);
FIELD(Node_format, ip_port.ip.family, 32);
FIELD(Node_format, ip_port.ip.ip, 40);
FIELD(Node_format, ip_port.port, 56);
WIDTH(Node_format, public_key, 32);
WIDTH(Node_format, ip_port, 32);

SIZE(TCP_Proxy_Info, 40);
ALIGNED(TCP_Proxy_Info, 8);
FIELD(TCP_Proxy_Info, ip_port, 0);
FIELD(TCP_Proxy_Info, proxy_type, 32);
WIDTH(TCP_Proxy_Info, proxy_type, 1);

SIZE(New_Connection, 168);
ALIGNED(New_Connection, 8);
FIELD(New_Connection, source, 0);
FIELD(New_Connection, public_key, 32);
FIELD(New_Connection, dht_public_key, 64);
FIELD(New_Connection, recv_nonce, 96);
FIELD(New_Connection, peersessionpublic_key, 120);
FIELD(New_Connection, cookie, 152);
FIELD(New_Connection, cookie_length, 160);
WIDTH(New_Connection, recv_nonce, 24);
WIDTH(New_Connection, cookie_length, 1);

SIZE(TCP_Priority_List, 24);
ALIGNED(TCP_Priority_List, 8);
FIELD(TCP_Priority_List, next, 0);
FIELD(TCP_Priority_List, size, 8);
FIELD(TCP_Priority_List, sent, 10);
FIELD(TCP_Priority_List, data, 16);

ALIGNED(TCP_Connection, 8);
#if TOX_ABI == 218
SIZE(TCP_Connection, 2184);
FIELD(TCP_Connection, rng, 0);
FIELD(TCP_Connection, ns, 8);
FIELD(TCP_Connection, sock, 16);
FIELD(TCP_Connection, ip_port, 24);
FIELD(TCP_Connection, sent_nonce, 56);
FIELD(TCP_Connection, shared_key, 80);
FIELD(TCP_Connection, last_packet, 112);
FIELD(TCP_Connection, last_packet_length, 2162);
FIELD(TCP_Connection, last_packet_sent, 2164);
FIELD(TCP_Connection, priority_queue_start, 2168);
FIELD(TCP_Connection, priority_queue_end, 2176);
#else
FIELD(TCP_Connection, mem, 0);
FIELD(TCP_Connection, rng, 8);
FIELD(TCP_Connection, ns, 16);
FIELD(TCP_Connection, sock, 24);
FIELD(TCP_Connection, ip_port, 32);
FIELD(TCP_Connection, sent_nonce, 64);
FIELD(TCP_Connection, shared_key, 88);
FIELD(TCP_Connection, last_packet, 120);
FIELD(TCP_Connection, last_packet_length, 2170);
FIELD(TCP_Connection, last_packet_sent, 2172);
FIELD(TCP_Connection, priority_queue_start, 2176);
FIELD(TCP_Connection, priority_queue_end, 2184);
#endif
#if TOX_ABI == 220
SIZE(TCP_Connection, 2192);
#elif TOX_ABI == 222
SIZE(TCP_Connection, 2200);
FIELD(TCP_Connection, net_profile, 2192);
#endif
WIDTH(TCP_Connection, last_packet, 2050);

SIZE(Network, 16);
ALIGNED(Network, 8);
FIELD(Network, funcs, 0);
FIELD(Network, obj, 8);

ALIGNED(Network_Funcs, 8);
FIELD(Network_Funcs, close, 0);
FIELD(Network_Funcs, accept, 8);
FIELD(Network_Funcs, bind, 16);
FIELD(Network_Funcs, listen, 24);
#if TOX_ABI == 222
SIZE(Network_Funcs, 128);
FIELD(Network_Funcs, connect, 32);
FIELD(Network_Funcs, recvbuf, 40);
FIELD(Network_Funcs, recv, 48);
FIELD(Network_Funcs, recvfrom, 56);
FIELD(Network_Funcs, send, 64);
FIELD(Network_Funcs, sendto, 72);
FIELD(Network_Funcs, socket, 80);
FIELD(Network_Funcs, socket_nonblock, 88);
FIELD(Network_Funcs, getsockopt, 96);
FIELD(Network_Funcs, setsockopt, 104);
FIELD(Network_Funcs, getaddrinfo, 112);
FIELD(Network_Funcs, freeaddrinfo, 120);
#else
SIZE(Network_Funcs, 120);
FIELD(Network_Funcs, recvbuf, 32);
FIELD(Network_Funcs, recv, 40);
FIELD(Network_Funcs, recvfrom, 48);
FIELD(Network_Funcs, send, 56);
FIELD(Network_Funcs, sendto, 64);
FIELD(Network_Funcs, socket, 72);
FIELD(Network_Funcs, socket_nonblock, 80);
FIELD(Network_Funcs, getsockopt, 88);
FIELD(Network_Funcs, setsockopt, 96);
FIELD(Network_Funcs, getaddrinfo, 104);
FIELD(Network_Funcs, freeaddrinfo, 112);
#endif

SIZE(Random, 16);
ALIGNED(Random, 8);
FIELD(Random, funcs, 0);
#if TOX_ABI < 222
FIELD(Random, obj, 8);
#else
FIELD(Random, user_data, 8);
#endif

SIZE(Random_Funcs, 16);
ALIGNED(Random_Funcs, 8);
#if TOX_ABI < 222
FIELD(Random_Funcs, random_bytes, 0);
FIELD(Random_Funcs, random_uniform, 8);
#else
FIELD(Random_Funcs, bytes_callback, 0);
FIELD(Random_Funcs, uniform_callback, 8);
#endif

#if TOX_ABI > 218
SIZE(Memory, 16);
ALIGNED(Memory, 8);
FIELD(Memory, funcs, 0);
#endif
#if TOX_ABI == 220
SIZE(Memory_Funcs, 32);
FIELD(Memory, obj, 8);
FIELD(Memory_Funcs, malloc, 0);
FIELD(Memory_Funcs, calloc, 8);
FIELD(Memory_Funcs, realloc, 16);
FIELD(Memory_Funcs, free, 24);
#elif TOX_ABI == 222
SIZE(Memory_Funcs, 24);
FIELD(Memory, user_data, 8);
FIELD(Memory_Funcs, malloc_callback, 0);
FIELD(Memory_Funcs, realloc_callback, 8);
FIELD(Memory_Funcs, dealloc_callback, 16);

SIZE(Net_Crypto_DHT_Funcs, 24);
FIELD(Net_Crypto_DHT_Funcs, get_shared_key_sent, 0);
FIELD(Net_Crypto_DHT_Funcs, get_self_public_key, 8);
FIELD(Net_Crypto_DHT_Funcs, get_self_secret_key, 16);
#endif

#if TOX_ABI == 218
SIZE(Ip_Ntoa, 96);
ALIGNED(Ip_Ntoa, 1);
#else
SIZE(Ip_Ntoa, 100);
ALIGNED(Ip_Ntoa, 2);
FIELD(Ip_Ntoa, length, 96);
FIELD(Ip_Ntoa, ip_is_valid, 98);
#endif
FIELD(Ip_Ntoa, buf, 0);
WIDTH(Ip_Ntoa, buf, 96);

SIZE(TCP_Client_Status, 4);
SIZE(Friendconn_Status, 4);
SIZE(Logger_Level, 4);
VALUE(TCP_PROXY_NONE, 0);
VALUE(TCP_PROXY_HTTP, 1);
VALUE(TCP_PROXY_SOCKS5, 2);
VALUE(TCP_CLIENT_NO_STATUS, 0);
VALUE(TCP_CLIENT_PROXY_HTTP_CONNECTING, 1);
VALUE(TCP_CLIENT_PROXY_SOCKS5_CONNECTING, 2);
VALUE(TCP_CLIENT_PROXY_SOCKS5_UNCONFIRMED, 3);
VALUE(TCP_CLIENT_CONNECTING, 4);
VALUE(TCP_CLIENT_UNCONFIRMED, 5);
VALUE(TCP_CLIENT_CONFIRMED, 6);
VALUE(TCP_CLIENT_DISCONNECTED, 7);
VALUE(FRIENDCONN_STATUS_NONE, 0);
VALUE(FRIENDCONN_STATUS_CONNECTING, 1);
VALUE(FRIENDCONN_STATUS_CONNECTED, 2);
VALUE(LOGGER_LEVEL_TRACE, 0);
VALUE(LOGGER_LEVEL_DEBUG, 1);
VALUE(LOGGER_LEVEL_INFO, 2);
VALUE(LOGGER_LEVEL_WARNING, 3);
VALUE(LOGGER_LEVEL_ERROR, 4);
#if TOX_ABI == 222
VALUE(NET_ERR_CONNECT_OK, 0);
VALUE(NET_ERR_CONNECT_INVALID_FAMILY, 1);
VALUE(NET_ERR_CONNECT_FAILED, 2);
VALUE(PACKET_DIRECTION_SEND, 0);
VALUE(PACKET_DIRECTION_RECV, 1);
#endif
