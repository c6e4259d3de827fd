# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the table: where each value comes from, and the project's target for it, if any."""

BASE = "original"
OURS = "ours"


class Figure:
    """One row: where its values come from, and the target of the project, if there is one."""

    def __init__(self, name, title, unit, scenario, value, target=None, digits=2):
        self.name = name
        self.title = title
        self.unit = unit
        self.scenario = scenario
        self.value = value      # name of the pair, or a function of the pairs of one run
        self.target = target    # ("ratio" or "value" or "floor", "<=" or ">=", number)
        self.digits = digits

    def of(self, run):
        if callable(self.value):
            return self.value(run)
        text = run.get(self.value)
        return None if text is None else float(text)


def calls_per_packet(run):
    return float(run["calls"]) / float(run["counted"])


def nanos_to_micros(key):
    return lambda run: float(run[key]) / 1000.0


FIGURES = [
    Figure("recv_cpu_1373_10k", "receive 1373 B, 10 000/s, 1 ms step", "CPU µs/packet",
           "recv-1373-1ms", "cpu_us", ("ratio", "<=", 0.25)),
    Figure("recv_cpu_100_10k", "receive 100 B, 10 000/s, 1 ms step", "CPU µs/packet",
           "recv-100-1ms", "cpu_us"),
    Figure("recv_cpu_1373_10k_20ms", "receive 1373 B, 10 000/s, 20 ms step", "CPU µs/packet",
           "recv-1373-20ms", "cpu_us"),
    Figure("recv_cpu_1373_10k_50ms", "receive 1373 B, 10 000/s, 50 ms step", "CPU µs/packet",
           "recv-1373-50ms", "cpu_us"),
    Figure("recv_rate_1373", "receive 1373 B, saturation", "packets/s",
           "recv-1373-flood", "per_second", ("value", ">=", 150000), 0),
    Figure("recv_cpu_1373_flood", "receive 1373 B, saturation", "CPU µs/packet",
           "recv-1373-flood", "cpu_us"),
    Figure("recv_rate_100", "receive 100 B, saturation", "packets/s",
           "recv-100-flood", "per_second", None, 0),
    Figure("recv_cpu_100_flood", "receive 100 B, saturation", "CPU µs/packet",
           "recv-100-flood", "cpu_us"),
    Figure("recv_rate_1373_window", "receive 1373 B, 32 in flight", "packets/s",
           "recv-1373-window", "per_second", None, 0),
    Figure("recv_rate_100_window", "receive 100 B, 256 in flight", "packets/s",
           "recv-100-window", "per_second", None, 0),
    Figure("send_cpu_1373_10k", "send 1373 B, 10 000/s, 1 ms step", "CPU µs/packet",
           "send-1373-1ms", "cpu_us", ("ratio", "<=", 0.35)),
    Figure("send_cpu_100_10k", "send 100 B, 10 000/s, 1 ms step", "CPU µs/packet",
           "send-100-1ms", "cpu_us"),
    Figure("send_cpu_1373_10k_50ms", "send 1373 B, 10 000/s, 50 ms step", "CPU µs/packet",
           "send-1373-50ms", "cpu_us"),
    Figure("send_rate_1373", "send 1373 B, saturation", "packets/s",
           "send-1373-flood", "per_second", None, 0),
    Figure("send_cpu_1373_flood", "send 1373 B, saturation", "CPU µs/packet",
           "send-1373-flood", "cpu_us"),
    Figure("send_rate_100", "send 100 B, saturation", "packets/s",
           "send-100-flood", "per_second", None, 0),
    Figure("send_cpu_100_flood", "send 100 B, saturation", "CPU µs/packet",
           "send-100-flood", "cpu_us"),
    Figure("recv_calls_1373", "system calls, receive 1373 B, 10 a step", "calls/packet",
           "recv-1373-calls", calls_per_packet, ("value", "<=", 0.2)),
    Figure("recv_calls_100", "system calls, receive 100 B, 10 a step", "calls/packet",
           "recv-100-calls", calls_per_packet, ("value", "<=", 0.2)),
    Figure("recv_calls_single", "system calls, receive 100 B, 1 a step", "calls/packet",
           "recv-single-calls", calls_per_packet),
    Figure("send_calls_1373", "system calls, send 1373 B", "calls/packet",
           "send-1373-calls", calls_per_packet, ("value", "<=", 1.05)),
    Figure("send_calls_100", "system calls, send 100 B", "calls/packet",
           "send-100-calls", calls_per_packet, ("value", "<=", 1.05)),
    Figure("idle_calls", "system calls, idle step", "calls/step", "idle-calls", calls_per_packet),
    Figure("burst_mean", "burst of 3 x 100 B, answered: mean", "ms", "burst-answered", "mean"),
    Figure("burst_p50", "burst of 3 x 100 B, answered: p50", "ms", "burst-answered", "p50"),
    Figure("burst_p99", "burst of 3 x 100 B, answered: p99", "ms", "burst-answered", "p99",
           ("value", "<=", 10)),
    Figure("burst_oneway_mean", "burst of 3 x 100 B, one way: mean", "ms", "burst-oneway", "mean"),
    Figure("burst_oneway_p50", "burst of 3 x 100 B, one way: p50", "ms", "burst-oneway", "p50"),
    Figure("burst_oneway_p99", "burst of 3 x 100 B, one way: p99", "ms", "burst-oneway", "p99",
           ("value", "<=", 10)),
    Figure("heap", "memory of an idle connection (heap)", "bytes", "idle", "heap_bytes",
           ("value", "<=", 8192), 0),
    Figure("rss", "memory of an idle connection (resident)", "bytes", "idle", "rss_bytes", None, 0),
    Figure("idle_step", "step of an idle connection, always the same", "CPU µs", "idle",
           nanos_to_micros("idle_one_ns"), None, 3),
    Figure("idle_step_all", "step of an idle connection, all in turn", "CPU µs", "idle",
           nanos_to_micros("idle_all_ns"), None, 3),
    Figure("create", "creation and handshake", "CPU µs", "idle", "create_us", None, 1),
]

FLOORS = [("open", 1373), ("open", 100), ("seal", 1373), ("seal", 100)]

NOTES = [
    "CPU at a fixed rate: inside do_TCP_connection (and send_data); steps that find nothing included, sleeping "
    "and the clock calls of the harness not. A 1 ms step gives 10 packets a step; 20 and 50 ms are the steps "
    "of a client at rest, which gets 200 and 500 at once.",
    "Saturation: wall and CPU time from the first packet to the last. The pump's frames are encrypted "
    "before the clock starts; a note says so where the pump was the slower end.",
    "A stall: nothing received for a while although the pump has more (tcp_client.md D-01); given is the "
    "number of packets received until then.",
    "'In flight' rows limit the pump to that many packets, sent in whole frames, so that the original gets through.",
    "System calls: strace of the client process in runs of their own. Receive: everything in do_TCP_connection, with "
    "so many packets waiting at each step. Send: send_data alone; a step comes on top.",
    "Floor: one copy and one libsodium call per packet, no sockets. The call derives the subkey from the nonce "
    "each time; a client that keeps it can be above the floor.",
    "Bursts: toxcore's own TCP server between two clients of the same kind, all stepped every 1 ms; time to the "
    "third packet's callback. Answered: each burst is answered by a burst at once, both count.",
    "Heap: mallinfo2 over many idle CONFIRMED connections, rounding and headers included.",
]
