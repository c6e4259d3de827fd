/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One spelling, for tests, of what differs between toxcore versions: the names and arguments of
 * 0.2.18. What later versions ask for besides is the system's allocator and no accounts. Include it
 * behind toxabi.h. Code that is about a difference itself calls the functions by their own names, in
 * front of this header or with the name in parentheses, which no macro takes. */
#ifndef TOXLINK_VERSIONS_H
#define TOXLINK_VERSIONS_H

/* The descriptor in the argument of a Network function, and what such a function returns for one. */
#if TOX_ABI == 218
typedef int Net_Socket;
#define socket_fd(s) (s)
#define fd_socket(fd) (fd)
/* Of a Socket, by field. */
#define sock_fd(s) ((s).sock)
#else
typedef Socket Net_Socket;
#define socket_fd(s) ((s).value)
#define fd_socket(fd) ((Socket){fd})
#define sock_fd(s) ((s).value)
#endif

/* The members of a Random, the sizes it is asked for, and the line numbers of a log. */
#if TOX_ABI == 222
typedef uint32_t Random_Size;
typedef uint32_t Log_Line;
#define random_bytes_of(rng) ((rng)->funcs->bytes_callback)
#define random_uniform_of(rng) ((rng)->funcs->uniform_callback)
#define random_object_of(rng) ((rng)->user_data)
#else
typedef size_t Random_Size;
typedef int Log_Line;
#define random_bytes_of(rng) ((rng)->funcs->random_bytes)
#define random_uniform_of(rng) ((rng)->funcs->random_uniform)
#define random_object_of(rng) ((rng)->obj)
#endif

/* The address in the argument of a Network function. */
#if TOX_ABI == 222
typedef IP_Port Net_Addr;
#else
typedef Network_Addr Net_Addr;
#endif

#if TOX_ABI > 218

#define system_random() os_random()
#define system_network() os_network()
#define mono_time_new(cb, data) (mono_time_new)(os_memory(), cb, data)
#define mono_time_free(mono_time) (mono_time_free)(os_memory(), mono_time)

#define do_TCP_connection do_tcp_connection
#define kill_TCP_connection kill_tcp_connection
#define read_TCP_packet(log, ns, ...) read_tcp_packet(log, os_memory(), ns, __VA_ARGS__)
#define read_packet_TCP_secure_connection(log, ns, ...) \
    read_packet_tcp_secure_connection(log, os_memory(), ns, __VA_ARGS__)
#define write_packet_TCP_secure_connection write_packet_tcp_secure_connection
#define wipe_priority_list(list) (wipe_priority_list)(os_memory(), list)

#define new_TCP_server(log, ...) new_tcp_server(log, os_memory(), __VA_ARGS__)
#define do_TCP_server do_tcp_server
#define kill_TCP_server kill_tcp_server

#define onion_set_friend_DHT_pubkey onion_set_friend_dht_pubkey

#define new_networking_ex(log, ...) (new_networking_ex)(log, os_memory(), __VA_ARGS__)
#define new_networking_no_udp(log, ns) (new_networking_no_udp)(log, os_memory(), ns)
#define new_dht(log, ...) (new_dht)(log, os_memory(), __VA_ARGS__)

#endif

#if TOX_ABI == 220

#define new_TCP_connection(log, ...) new_tcp_connection(log, os_memory(), __VA_ARGS__)
#define new_tcp_connections(log, ...) (new_tcp_connections)(log, os_memory(), __VA_ARGS__)
#define net_connect(log, s, ipp) (net_connect)(os_memory(), log, s, ipp)
#define new_net_crypto(log, ...) (new_net_crypto)(log, os_memory(), __VA_ARGS__)
#define new_onion(log, ...) (new_onion)(log, os_memory(), __VA_ARGS__)
#define new_onion_announce(log, ...) (new_onion_announce)(log, os_memory(), __VA_ARGS__)
#define new_onion_client(log, ...) (new_onion_client)(log, os_memory(), __VA_ARGS__)

#elif TOX_ABI == 222

#define logger_new() (logger_new)(os_memory())
#define new_TCP_connection(log, ...) new_tcp_connection(log, os_memory(), __VA_ARGS__, NULL)
#define new_tcp_connections(log, ...) (new_tcp_connections)(log, os_memory(), __VA_ARGS__, NULL)
#define encrypt_data_symmetric(...) (encrypt_data_symmetric)(os_memory(), __VA_ARGS__)
#define decrypt_data_symmetric(...) (decrypt_data_symmetric)(os_memory(), __VA_ARGS__)
#define lan_discovery_init(ns) (lan_discovery_init)(os_memory(), ns)

#endif

#endif
