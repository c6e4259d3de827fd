/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How tox-bootstrapd is configured and started.
 */
#include "daemon.h"

#include <stdio.h>

void bootstrapd_launch(Bootstrapd *relay)
{
    char config[300];
    snprintf(config, sizeof(config), "--config=%s", scratch_path("bootstrapd.conf"));
    const char *args[] = {config, "--foreground", "--log-backend=stdout", NULL};
    relay->pid = daemon_start("REAL_BOOTSTRAPD", "tox-bootstrapd", args);
    await_listener(relay->pid, "127.0.0.1", relay->port);

    /* Its key file starts with the public key. */
    FILE *keys = fopen(scratch_path("keys"), "rb");
    CHECK(keys != NULL);
    CHECK_EQ(fread(relay->pk, 1, 32, keys), 32);
    fclose(keys);
}

Bootstrapd bootstrapd_start(void)
{
    Bootstrapd relay = {.port = free_port()};
    scratch_write("bootstrapd.conf",
                  "port = %u\n"
                  "keys_file_path = \"%s\"\n"
                  "pid_file_path = \"%s\"\n"
                  "enable_ipv6 = true\n"
                  "enable_ipv4_fallback = true\n"
                  "enable_lan_discovery = false\n"
                  "enable_tcp_relay = true\n"
                  "tcp_relay_ports = [%u]\n"
                  "enable_motd = false\n",
                  free_port(), scratch_path("keys"), scratch_path("pid"), relay.port);
    bootstrapd_launch(&relay);
    return relay;
}
