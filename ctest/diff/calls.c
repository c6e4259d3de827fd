/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The senders of the API, each with a line in the trace and what it put on the wire. */
#include "diff.h"

#include <string.h>

static int answered(const char *what, long argument, size_t len, int result)
{
    t_line("%s %ld len %zu -> %d", what, argument, len, result);
    relay_read();
    return result;
}

int do_routing_request(const uint8_t *pk)
{
    return answered("send_routing_request", pk[0], 0, send_routing_request(world.log, world.con, pk));
}

int do_disconnect_request(uint8_t con_id)
{
    return answered("send_disconnect_request", con_id, 0, send_disconnect_request(world.log, world.con, con_id));
}

int do_set_number(uint8_t con_id, uint32_t number)
{
    return answered("set_tcp_connection_number", con_id, number, set_tcp_connection_number(world.con, con_id, number));
}

int do_send_data(uint8_t con_id, size_t len, uint8_t fill)
{
    return answered("send_data", con_id, len,
                    send_data(world.log, world.con, con_id, payload(fill), (uint16_t)len));
}

int do_send_oob(const uint8_t *pk, size_t len, uint8_t fill)
{
    return answered("send_oob_packet", pk[0], len,
                    send_oob_packet(world.log, world.con, pk, payload(fill), (uint16_t)len));
}

int do_send_onion(size_t len, uint8_t fill)
{
    return answered("send_onion_request", -1, len,
                    send_onion_request(world.log, world.con, payload(fill), (uint16_t)len));
}

int do_send_forward(uint8_t family, size_t len, uint8_t fill)
{
    IP_Port dest;
    memset(&dest, 0, sizeof(dest));
    addr_parse_ip(family == 10 || family == 13 ? "2001:db8::2" : "192.0.2.9", &dest.ip);
    dest.ip.family.value = family;
    dest.port = net_htons(1234);
    return answered("send_forward_request_tcp", family, len,
                    send_forward_request_tcp(world.log, world.con, &dest, payload(fill), (uint16_t)len));
}
