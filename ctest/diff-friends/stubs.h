/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the stubs have in common. Each is declared with the type of the function that it replaces,
 * so that a wrong signature does not compile. */
#ifndef DIFF_FRIENDS_STUBS_H
#define DIFF_FRIENDS_STUBS_H

#include "suite.h"

#define STUB(name) extern __typeof__(name) stub_##name
STUB(mono_time_get);
STUB(onion_addfriend);
STUB(onion_delfriend);
STUB(onion_set_friend_online);
STUB(onion_set_friend_DHT_pubkey);
STUB(onion_dht_pk_callback);
STUB(recv_tcp_relay_handler);
STUB(oniondata_registerhandler);
STUB(send_onion_data);
STUB(dht_get_self_public_key);
STUB(dht_addfriend);
STUB(dht_delfriend);
STUB(new_connection_handler);
STUB(new_crypto_connection);
STUB(accept_crypto_connection);
STUB(crypto_kill);
STUB(connection_status_handler);
STUB(connection_data_handler);
STUB(connection_lossy_data_handler);
STUB(nc_dht_pk_callback);
STUB(set_direct_ip_port);
STUB(write_cryptpacket);
STUB(add_tcp_relay);
STUB(add_tcp_relay_peer);
STUB(copy_connected_tcp_relays_index);
STUB(lan_discovery_init);
STUB(lan_discovery_send);
STUB(lan_discovery_kill);
#if TOX_ABI < 222
STUB(onion_get_dht);
STUB(onion_get_net_crypto);
STUB(dht_get_net);
#endif
#undef STUB

/* One call of a neighbour: counted, and a line in the trace unless the world is mute. */
void near_call(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Fails the scenario if a neighbour was given somebody else's object. */
void near_object(const void *got, const void *want, const char *function);
/* "=-1" for refused calls, else nothing. */
const char *refused(int result);
/* Whether a call for this friend (NULL: for nobody) belongs to what later.c hides, and is to do nothing. */
bool later_hidden(const uint8_t *real_pk);
/* Whether later.c reports this instead. */
bool told_later(int friend_num, const uint8_t *dht_pk);
void later_reset(void);
/* Lists that only grow. */
void *grown(void *list, int count, size_t size);

#endif
