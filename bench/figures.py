# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the table: where each value comes from, and the project's target for it, if any."""

BASE = "original"
OURS = "ours"


class Figure:
    """One row: where its values come from, and the target of the project, if there is one."""

    def __init__(self, name, title, unit, scenario, value, target=None, digits=2, scale=1, zero=False, only=None):
        self.name = name
        self.title = title
        self.unit = unit
        self.scenario = scenario
        self.value = value      # name of the pair, or a function of the pairs of one run
        self.target = target    # ("ratio" or "value" or "floor", "<=" or ">=", number)
        self.digits = digits
        self.scale = scale      # what the value is divided by
        self.zero = zero        # 0 is a possible value
        self.only = only        # the variants that there are, if not all

    def of(self, run):
        if callable(self.value):
            return self.value(run)
        text = run.get(self.value)
        return None if text is None else float(text) / self.scale

    def at_least(self, run):
        """The run ended before the event: the value is a lower limit."""
        return not callable(self.value) and run.get(f"{self.value}_least") == "1"

    def once(self):
        """Not repeated with the others."""
        return self.scenario.startswith(("burst-", "reunion-", "fault-", "wake-idle", "wake-latency")) or self.scenario.endswith("-calls")


def calls_per_packet(run):
    return float(run["calls"]) / float(run["counted"])


def calls_awake_per_packet(run):
    """The harness's own sleep left out."""
    names = dict(item.split(":") for item in run["names"].split(","))
    return (float(run["calls"]) - float(names.get("clock_nanosleep", 0))) / float(run["counted"])


def nanos_to_micros(key):
    return lambda run: float(run[key]) / 1000.0


CLIENT = [
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

CONNECTIONS = [
    Figure("add_peer_1000", "add a peer at 1 000 peers", "CPU µs", "peers-1000", "add_us", ("value", "<=", 1.5)),
    Figure("add_peer_4000", "add a peer at 4 000 peers", "CPU µs", "peers-4000", "add_us", ("value", "<=", 1.5)),
    Figure("add_peer_16000", "add a peer at 16 000 peers", "CPU µs", "peers-16000", "add_us", ("value", "<=", 1.5)),
    Figure("kill_peer_1000", "remove a peer at 1 000 peers", "CPU µs", "peers-1000", "kill_us"),
    Figure("kill_peer_4000", "remove a peer at 4 000 peers", "CPU µs", "peers-4000", "kill_us"),
    Figure("kill_peer_16000", "remove a peer at 16 000 peers", "CPU µs", "peers-16000", "kill_us"),
    Figure("rest_calls_64", "system calls, idle, 64 relays", "calls/call", "rest-64-calls", calls_per_packet,
           ("value", "<=", 1)),
    Figure("rest_calls_16", "system calls, idle, 16 relays", "calls/call", "rest-16-calls", calls_per_packet,
           ("value", "<=", 1)),
    Figure("rest_calls_3", "system calls, idle, 3 relays", "calls/call", "rest-3-calls", calls_per_packet,
           ("value", "<=", 1)),
    Figure("rest_cpu_64", "idle call, 64 relays, 22 peers", "CPU µs", "rest-64", nanos_to_micros("idle_ns")),
    Figure("rest_cpu_16", "idle call, 16 relays, 6 peers", "CPU µs", "rest-16", nanos_to_micros("idle_ns")),
    Figure("rest_cpu_3", "idle call, 3 relays, 1 peer", "CPU µs", "rest-3", nanos_to_micros("idle_ns")),
    Figure("rest_cpu_peers", "idle call, 3 relays, 1 000 peers", "CPU µs", "rest-peers", nanos_to_micros("idle_ns")),
    Figure("layer_recv_1373", "receive 1373 B, 10 000/s, 1 ms step", "CPU µs/packet", "layer-recv-1373", "cpu_us"),
    Figure("layer_recv_100", "receive 100 B, 10 000/s, 1 ms step", "CPU µs/packet", "layer-recv-100", "cpu_us"),
    Figure("layer_send_1373", "send 1373 B, 10 000/s, 1 ms step", "CPU µs/packet", "layer-send-1373", "cpu_us"),
    Figure("layer_send_100", "send 100 B, 10 000/s, 1 ms step", "CPU µs/packet", "layer-send-100", "cpu_us"),
]


def silence(fault, target=None):
    return Figure(f"{fault}_silence", f"{fault}: longest silence", "s", f"fault-{fault}", "silence_ms", target, 2, 1000)


def lost(fault, target=None):
    return Figure(f"{fault}_lost", f"{fault}: packets lost", "%", f"fault-{fault}", "lost_percent", target, zero=True)


def noticed(fault, target=None):
    return Figure(f"{fault}_noticed", f"{fault}: noticed", "do_ calls", f"fault-{fault}", "noticed_calls", target, 0)


FAULTS = [
    noticed("close", ("value", "<=", 1)),
    silence("close", ("value", "<=", 0.25)),
    lost("close"),
    noticed("reset", ("value", "<=", 1)),
    silence("reset", ("value", "<=", 0.25)),
    lost("reset"),
    Figure("refused_learned", "refused: learned", "do_ calls", "fault-refused", "learned_calls", ("value", "<=", 1), 0),
    Figure("refused_attempts", "refused: attempts", "attempts", "fault-refused", "attempts", None, 0),
    Figure("refused_gap", "refused: shortest time between two attempts", "s", "fault-refused", "gap_s",
           ("value", ">=", 10)),
    silence("frozen", ("value", "<=", 2.5)),
    lost("frozen", ("value", "<=", 5)),
    silence("slow"),
    lost("slow", ("value", "<=", 10)),
    silence("liar"),
    lost("liar"),
    Figure("flood_arrived", "flood: packets that arrive", "%", "fault-flood", "arrived_percent", ("value", ">=", 99)),
    Figure("flood_memory", "flood: memory", "MB", "fault-flood", "memory_mb", ("value", "<=", 24), zero=True),
    silence("flood"),
    Figure("chatter_arrived", "flood of data: packets that arrive", "%", "fault-chatter", "arrived_percent"),
    Figure("chatter_memory", "flood of data: memory", "MB", "fault-chatter", "memory_mb", zero=True),
]

SIZES = ((100, "100"), (1000, "1 000"), (10000, "10 000"))


def for_each_size(name, title, unit, value, target=None, digits=2):
    """A row for each number of friends; the target is that of the most."""
    return [Figure(f"friends_{name}_{size}", title.format(text), unit, f"friends-{size}", value,
                   target if size == SIZES[-1][0] else None, digits) for size, text in SIZES]


def with_most(name, title, unit, value, digits=1):
    return Figure(f"friends_{name}", title, unit, f"friends-{SIZES[-1][0]}", value, None, digits)


# What nobody is to notice as slower: toxcore's timers alone spread by a step or two.
NOT_SLOWER = ("ratio", "<=", 1.05)
TWICE_AS_FAST = ("ratio", "<=", 0.5)


def reunion(name, title, scenario, value, target=None):
    return Figure(name, title, "s", f"reunion-{scenario}", value, target, 2, 1000)


def lost_relay(name, title, scenario, value):
    """What all runs together say: a few of the original's are slow, and the middle one is not."""
    return [reunion(f"{name}_mean", f"{title}: mean", scenario, f"{value}_mean", TWICE_AS_FAST),
            reunion(f"{name}_worst", f"{title}: slowest", scenario, f"{value}_worst")]


FRIENDS = [
    *for_each_size("create", "{} friends: add one", "CPU µs", "create_us"),
    *for_each_size("absent", "{} friends: look up a stranger's key", "CPU ns", "absent_ns", None, 0),
    *for_each_size("present", "{} friends: look up a friend's key", "CPU ns", "present_ns", None, 0),
    *for_each_size("search", "{} friends: iteration, all searched for", "CPU µs", "search_us", ("value", "<=", 5)),
    *for_each_size("attempt", "{} friends: iteration, attempts running", "CPU µs", "attempt_us", ("value", "<=", 5)),
    *for_each_size("rest", "{} friends: iteration, all online", "CPU µs", "rest_us", ("value", "<=", 5)),
    *for_each_size("alone", "{} friends: iteration, all online, no relays", "CPU µs", "alone_us", ("value", "<=", 5)),
    *for_each_size("alive", "{} friends: iteration, all due, for each", "CPU ns", "alive_ns", None, 0),
    *for_each_size("packet", "{} friends: packet received and passed on", "CPU ns", "packet_ns", None, 0),
    with_most("key", "10 000 friends: DHT key learned, attempt begun", "CPU µs", "key_us", 2),
    with_most("online", "10 000 friends: one comes online", "CPU µs", "online_us", 2),
    with_most("remove", "10 000 friends: end of all, for each", "CPU µs", "remove_us", 2),
    *for_each_size("heap", "{} friends: memory of one (heap)", "bytes", "search_heap", None, 0),
    *for_each_size("heap_online", "{} friends: memory of one online (heap)", "bytes", "rest_heap", None, 0),
    reunion("meet", "two friends meet for the first time", "restart", "meet_ms", NOT_SLOWER),
    reunion("meet_worst", "two friends meet for the first time: slowest", "restart", "meet_ms_worst"),
    reunion("restart", "one starts again", "restart", "back_ms", NOT_SLOWER),
    reunion("restart_worst", "one starts again: slowest", "restart", "back_ms_worst"),
    reunion("restart_own", "of this, its own connection to the network", "restart", "own_ms"),
    *lost_relay("restart_closed", "relay closes, then one starts again", "restart-closed", "back_ms"),
    *lost_relay("restart_frozen", "relay freezes, then one starts again", "restart-frozen", "back_ms"),
    *lost_relay("relay_closed", "relay closes, both stay", "relay-closed", "passed_ms"),
    *lost_relay("relay_frozen", "relay freezes, both stay", "relay-frozen", "passed_ms"),
]

RELAY = [
    Figure("relay_packets_100", "packets passed on, 100 B", "packets/CPU s", "relay-100", "packets_per_cpu_second",
           ("ratio", ">=", 3), 0),
    Figure("relay_packets_1373", "packets passed on, 1373 B", "packets/CPU s", "relay-1373", "packets_per_cpu_second",
           ("ratio", ">=", 3), 0),
    Figure("relay_rate_100", "of these, passed on in the run", "packets/s", "relay-100", "packets_per_second", None, 0),
    Figure("relay_rate_1373", "of these, passed on in the run, 1373 B", "packets/s", "relay-1373",
           "packets_per_second", None, 0),
    Figure("relay_connections", "callers, to the first packet", "connections/CPU s", "relay-100",
           "connections_per_cpu_second", None, 0),
    Figure("relay_rss", "memory of a client (resident)", "bytes", "relay-100", "rss_per_client", None, 0, zero=True),
    Figure("relay_rss_after", "the same after the packets of 1373 B", "bytes", "relay-1373", "rss_per_client_after",
           None, 0, zero=True),
]

ALONE = (OURS,)
BESIDE = (BASE, OURS)

WAKE = [
    Figure("wake_ups", "idle pair, 3 relays; original polls at 50 ms: wake-ups", "1/s", "wake-idle", "wakes_per_second",
           ("value", "<=", 0.2), 4, zero=True, only=BESIDE),
    Figure("wake_sockets", "of these, because a socket had something to say", "in the run", "wake-idle", "by_socket",
           None, 0, zero=True, only=ALONE),
    Figure("wake_timers", "of these, because it was time", "in the run", "wake-idle", "by_time", None, 0, zero=True,
           only=ALONE),
    Figure("wake_cpu", "idle pair: CPU time of an idle second", "CPU µs/s", "wake-idle", "cpu_us_per_second",
           ("ratio", "<=", 0.1), zero=True, only=BESIDE),
    Figure("wake_ups_polled", "the same polled at 50 ms: wake-ups", "1/s", "wake-idle-polled", "wakes_per_second", None, 4,
           only=ALONE),
    Figure("wake_cpu_polled", "the same polled at 50 ms: CPU time of an idle second", "CPU µs/s", "wake-idle-polled",
           "cpu_us_per_second", only=ALONE),
    *[Figure(f"wake_latency_{key}{'_polled' if polled else ''}", f"{how}: packet of 100 B from send to callback, {key}",
             "ms", "wake-latency-polled" if polled else "wake-latency", f"{key}_ms", None, 3, only=ALONE)
      for polled, how in ((False, "event loop"), (True, "polled at 50 ms")) for key in ("p50", "p99")],
    *[Figure(f"wake_{kind}_{size}", f"{title}, {size} B, 10 000/s", "CPU µs/packet", f"wake-{kind}-{size}", "cpu_us",
             only=ALONE)
      for kind, title in (("recv", "receive, 1 ms step"), ("loop", "receive, event loop with its poll"),
                          ("send", "send and iterate, 1 ms step")) for size in (1373, 100)],
    *[Figure(f"wake_{kind}_calls_{size}", f"system calls, {title}, {size} B, 2 000/s", "calls/packet",
             f"wake-{kind}-{size}-calls", calls_awake_per_packet, only=ALONE)
      for kind, title in (("loop", "receive, event loop"), ("send", "send, 10 a step")) for size in (1373, 100)],
]

# Rows by group, in the order of the table.
GROUPS = {"client": CLIENT, "connections": CONNECTIONS, "friends": FRIENDS, "faults": FAULTS, "relay": RELAY, "wake": WAKE}
HEADINGS = {"client": "TCP_client", "connections": "TCP_connections",
            "friends": "friend_connection alone; then Tox instances with all modules",
            "faults": "TCP_connections, relays that turn bad",
            "relay": "toxlink-relay beside tox-bootstrapd",
            "wake": "the standalone library (Toxlink_Connections) in an event loop"}

FLOORS = [("open", 1373), ("open", 100), ("seal", 1373), ("seal", 100)]

CLIENT_NOTES = [
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

CONNECTIONS_NOTES = [
    "Peers: new_tcp_connection_to and kill_tcp_connection_to, 64 each in turn, with so many peers there already.",
    "Idle: do_tcp_connections again and again with nothing to read; every relay has peers that are online through it, "
    "each peer has three relays. Of 1 000 peers a relay takes 240 and refuses the others, as the stock one does.",
    "Receive and send: as in the rows of TCP_client, through send_packet_tcp_connection and do_tcp_connections with "
    "one relay and one peer.",
]

FAULTS_NOTES = [
    "Two clients of the same kind in two processes, three relays, 50 packets of 100 B a second each way, one "
    "do_tcp_connections every 20 ms; the relay that carries the data turns bad after some seconds. One run each; "
    "all but the floods at the same time.",
    "Noticed: calls of do_tcp_connections after the fault until the relay is not counted as online any more, the later "
    "of both clients; '≥' if the run ended before. Lost: share of all packets of the run that never arrive. "
    "Silence: nothing new arrives at a client.",
    "Close: the relay's process is killed. Frozen: it is stopped. Slow: a proxy before it passes a byte every 5 ms "
    "each way. Liar: it answers pings and forwards nothing. Flood: it sends pings without end and reads nothing, "
    "or (a shorter run) sends data without end and forgets what it reads; a client that is held up sends nothing "
    "meanwhile, which counts as not arrived. Memory: growth of the resident memory.",
    "Refused: a port at which nobody listens, the only relay of a peer. Learned: the original removes the relay, ours "
    "names the error in its statistics. Attempts are connect calls; '≥' if there was one only. The relays are "
    "toxcore's own TCP server; for liar and flood, scripted ones that route as it does until then.",
]

FRIENDS_NOTES = [
    "Friends: friend_connection alone, all its neighbours being stubs. Iterations: nothing is due, except where they "
    "say so. 'No relays': our own TCP_connections has none that could be shared. Due: an ALIVE packet to each friend, "
    "which is so every 9 s. End: kill_friend_connections.",
    "Meeting and starting again: two Tox instances in two processes, TCP only, an iteration every 20 ms; three relays "
    "that are DHT and onion nodes too, and five nodes beside them, of which both know. The time ends when both have "
    "heard the other's packets. The one that starts again says goodbye, is away for 1 s, and has a new DHT key; the "
    "time begins with its return. The relay that carries the data is lost 0.2 s before the goodbye. Given is the "
    "median of all runs, unless the row says otherwise; three of each kind in every repetition, all at the same time.",
    "toxcore's onion client needs about 8.6 s of any start; that is all but 0.1 s or 0.2 s of meeting and starting "
    "again, and no friend_connection and no relay can make it twice as fast.",
    "Where both stay, it is the relays alone: the time from the end of one until packets sent later have come through "
    "both ways. When a relay closes, toxcore's own modules need 29 s if the two friends happen to have no other one in "
    "common, since such a pair shares none.",
]

RELAY_NOTES = [
    "Relay: a process of its own with 1 000 clients (fewer in a smoke run) on loopback, in pairs that answer each "
    "other's packets, four of them under way at a time; tox-bootstrapd is the one of this Debian, whatever --toxcore "
    "says. CPU time is all that the process takes, the kernel's part included. Callers: from connect to the first "
    "pong, 100 at once. Memory: growth of the process by all clients, divided by their number.",
]

WAKE_NOTES = [
    "Event loop: poll(2) on toxlink_connections_descriptor() for toxlink_connections_wait(), then iterate. Two peers and "
    "three relays in processes of their own; given are the figures of one peer. Idle: 65 s that begin 35 s after the "
    "peer came online; each relay is pinged every 30 s, which is a wake-up to ask and one for the answer, and pings us.",
    "The original: do_tcp_connections every 50 ms, three scripted relays and one peer.",
    "Packets: 1 ms step as in the rows of TCP_connections (layer_recv and layer_send), which go through one relay; here "
    "the program has three. Sending counts ten sends and an iteration a step; the event loop counts its poll(2), and "
    "wakes as often as packets come.",
]

NOTES = {"client": CLIENT_NOTES, "connections": CONNECTIONS_NOTES, "friends": FRIENDS_NOTES, "faults": FAULTS_NOTES,
         "relay": RELAY_NOTES, "wake": WAKE_NOTES}
