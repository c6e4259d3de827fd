/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the scenarios with a proxy have in common. */
#include "diff.h"

#include <string.h>

const char http_good_reply[] = "HTTP/1.1 200 Connection established\r\nProxy-Agent: scripted/1.0\r\n\r\n";

/* The original ends the first line with a bare LF and writes IPv6 without brackets. */
static const char *request(uint8_t family)
{
    if (DIFF_OURS) {
        return family == 10 ? "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n"
               : "CONNECT 192.0.2.7:33445 HTTP/1.1\r\nHost: 192.0.2.7:33445\r\n\r\n";
    }

    return family == 10 ? "CONNECT 2001:db8::1:443 HTTP/1.1\nHost: 2001:db8::1:443\r\n\r\n"
           : "CONNECT 192.0.2.7:33445 HTTP/1.1\nHost: 192.0.2.7:33445\r\n\r\n";
}

/* Creates the client and checks what it says to the proxy. */
void http_asked_loud(uint8_t family)
{
    const char *want = request(family);
    const Setup setup = setup_proxy(TCP_PROXY_HTTP, family);
    open_client(&setup);
    expect("status", status(), 1);
    step();
    expect("status", status(), 1);
    expect("request as wanted",
           bytes_left(&relay.rx) == strlen(want) && memcmp(bytes_at(&relay.rx), want, strlen(want)) == 0, 1);
    bytes_take(&relay.rx, NULL, bytes_left(&relay.rx));
    relay.stage = STAGE_HANDSHAKE;
}

/* The same without the bytes in the trace: they differ, and one scenario that shows it will do. */
void http_asked(uint8_t family)
{
    relay.silent = true;
    http_asked_loud(family);
    relay.silent = false;
}

void http_say(const char *text)
{
    far_write((const uint8_t *)text, strlen(text));
}

/* The relay's part after the proxy let us through. */
void relay_finish(void)
{
    if (relay.stage == STAGE_FRAMES) {
        relay_answer();
        step();
    }
}
