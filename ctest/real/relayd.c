/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How programs that are relays are configured and started.
 */
#include "daemon.h"

#include <stdio.h>

void relayd_launch(Relayd *relay)
{
    relay->launch(relay);
    await_listener(relay->pid, "127.0.0.1", relay->port);
    await_listener(relay->pid, "::1", relay->port);
}

static void bootstrapd_launch(Relayd *relay)
{
    char config[300];
    snprintf(config, sizeof(config), "--config=%s", scratch_path("bootstrapd.conf"));
    const char *args[] = {config, "--foreground", "--log-backend=stdout", NULL};
    relay->pid = daemon_start("REAL_BOOTSTRAPD", "tox-bootstrapd", args);
}

Relayd bootstrapd_start(void)
{
    Relayd relay = {.port = free_port(), .launch = bootstrapd_launch};
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
    relayd_launch(&relay);

    /* Its key file starts with the public key. */
    FILE *keys = fopen(scratch_path("keys"), "rb");
    CHECK(keys != NULL);
    CHECK_EQ(fread(relay.pk, 1, 32, keys), 32);
    fclose(keys);
    return relay;
}

static void toxlink_relay_launch(Relayd *relay)
{
    char v4[30], v6[30];
    snprintf(v4, sizeof(v4), "--listen=127.0.0.1:%u", relay->port);
    snprintf(v6, sizeof(v6), "--listen=[::1]:%u", relay->port);
    const char *args[] = {v4, v6, "--key-file", scratch_path("key"), NULL};
    relay->pid = daemon_start("REAL_TOXLINK_RELAY", "toxlink-relay", args);
}

Relayd toxlink_relay_start(void)
{
    Relayd relay = {.port = free_port(), .launch = toxlink_relay_launch};
    uint8_t secret_key[32];
    char hex[65];
    rand_bytes(secret_key, sizeof(secret_key));
    crypto_derive_public_key(relay.pk, secret_key);

    for (size_t i = 0; i < sizeof(secret_key); ++i) {
        snprintf(hex + 2 * i, 3, "%02X", secret_key[i]);
    }

    scratch_write("key", "%s\n", hex);
    relayd_launch(&relay);
    return relay;
}
