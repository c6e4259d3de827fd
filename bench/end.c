/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One of two clients that talk to each other through three relays, in a process of its own: every 20 ms
 * it sends what is due, calls do_tcp_connections and looks at what came of it, as a client's loop does.
 */
#include "relays.h"
#include "toxabi.h"
#include "versions.h"

#include <stdio.h>
#include <string.h>

enum { PACKET_INTERVAL_NS = 1000000000 / PACKETS_PER_SECOND, LATE_PACKETS = PACKETS_PER_SECOND };

typedef struct End {
    Run_Shared *run;
    End_Shared *mine;
    const Relay *relays;
    const Logger *log;
    Mono_Time *time;
    TCP_Connections *tc;
    int connection;
    uint64_t next_packet;
    uint64_t fault_ns;      /* as seen before the current do_ call; 0 = none yet */
    uint64_t calls;         /* do_ calls since */
    uint64_t rss_before;
} End;

static int on_data(void *object, int id, const uint8_t *data, uint16_t length, void *userdata)
{
    End *end = (End *)object;
    (void)id;
    (void)userdata;

    if (length == PACKET_SIZE) {
        const uint64_t number = get_u64(data);

        /* The first copy counts. */
        if (number < PACKET_LIMIT && atomic_load(&end->mine->arrived_ns[number]) == 0) {
            atomic_store(&end->mine->arrived_ns[number], now_ns());
        }
    }

    return 0;
}

static void open_end(End *end, const Keys *own, const uint8_t *peer)
{
    end->log = logger_new();
    end->time = mono_time_new(NULL, NULL);
    end->tc = open_connections(end->log, end->time, own->sk);

    set_packet_tcp_connection_callback(end->tc, on_data, end);
    end->connection = new_tcp_connection_to(end->tc, peer, 0);

    for (int i = 0; i < RELAYS; ++i) {
        IP_Port address;
        relay_address(&end->relays[i], 0, &address);

        if (add_tcp_relay_connection(end->tc, end->connection, &address, end->relays[i].keys[0].pk) != 0) {
            die("a relay was not taken");
        }
    }
}

/* A client that was held up sends what is due, but nothing that is older than a second: that is lost. */
static void send_due(End *end)
{
    const uint64_t start = atomic_load(&end->run->start_ns);
    const uint64_t stop = atomic_load(&end->run->end_ns);
    const uint64_t now = now_ns();
    uint8_t data[PACKET_SIZE] = {0};

    if (start == 0 || now < start || now >= stop) {
        return;
    }

    const uint64_t due = (now - start) / PACKET_INTERVAL_NS;

    if (due > end->next_packet + LATE_PACKETS) {
        end->next_packet = due - LATE_PACKETS;
    }

    for (; end->next_packet < due; ++end->next_packet) {
        put_u64(data, end->next_packet);

        if (send_packet_tcp_connection(end->tc, end->connection, data, sizeof(data)) == 0) {
            atomic_fetch_add(&end->mine->sent, 1);
        } else {
            atomic_fetch_add(&end->mine->refused, 1);
        }
    }
}

/* VmHWM in bytes. */
static uint64_t peak_rss_bytes(void)
{
    char line[256];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "VmHWM: %llu kB", &kib) == 1) {
            break;
        }
    }

    if (file == NULL || kib == 0) {
        die("cannot read VmHWM");
    }

    fclose(file);
    return kib * 1024U;
}

static void note_fault(End *end)
{
    const uint64_t fault = atomic_load(&end->run->fault_ns);

    if (end->fault_ns == 0 && fault != 0) {
        end->fault_ns = fault;
        end->rss_before = process_rss_bytes();
    }
}

static void observe(End *end)
{
    const uint32_t online = tcp_connection_to_online_tcp_relays(end->tc, end->connection);

    if (end->fault_ns == 0) {
        atomic_store(&end->mine->online, online == RELAYS);
        atomic_store(&end->mine->carrier, carrier_of(end->tc, end->connection, end->relays, RELAYS));
        return;
    }

    ++end->calls;

    if (online < RELAYS && atomic_load(&end->mine->noticed_ns) == 0) {
        atomic_store(&end->mine->noticed_calls, end->calls);
        atomic_store(&end->mine->noticed_ns, now_ns() - end->fault_ns);
    }
}

static void report_memory(const End *end)
{
    const uint64_t peak = peak_rss_bytes();

    if (end->fault_ns != 0) {
        atomic_store(&end->mine->rss_growth, peak > end->rss_before ? peak - end->rss_before : 0);
    }
}

void end_run(Run_Shared *run, int number, const Keys keys[ENDS], const Relay *relays)
{
    static End end;
    end.run = run;
    end.mine = &run->ends[number];
    end.relays = relays;
    open_end(&end, &keys[number], keys[1 - number].pk);

    /* The two ends are half a step apart. */
    uint64_t next = now_ns() + (uint64_t)number * STEP_NS / 2;

    while (!atomic_load(&run->stop)) {
        next += STEP_NS;
        sleep_until_ns(next);
        mono_time_update(end.time);
        note_fault(&end);
        send_due(&end);
        do_tcp_connections(end.log, end.tc, NULL);
        observe(&end);
    }

    report_memory(&end);
    kill_tcp_connections(end.tc);
    atomic_store(&end.mine->finished, true);
}
