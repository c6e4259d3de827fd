# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# A small Tox network on loopback: Debian's tox-bootstrapd, three times. Sourced after lib.sh and
# suite_root.sh. Each relay has the same port for UDP and TCP, because clients have one port per node.

RELAYS=3

# start_relays ROOT DIR: starts tox-bootstrapd of the packages unpacked in ROOT. Leaves relay_pids,
# relay_ports, relay_keys, and DIR/nodes.json as clients read it.
start_relays() {
    local root=$1 dir=$2 i
    relay_pids=() relay_ports=() relay_keys=()
    at_exit stop_relays
    for ((i = 0; i < RELAYS; i++)); do
        _start_relay "$root" "$dir/relay$i" "$(_free_port)"
    done
    _nodes >"$dir/nodes.json"
}

stop_relays() {
    local pid
    for pid in "${relay_pids[@]}"; do kill "$pid" 2>/dev/null || :; done
    for pid in "${relay_pids[@]}"; do wait "$pid" 2>/dev/null || :; done
    relay_pids=()
}

# The first relay is the others' way into their network.
_start_relay() {
    local root=$1 dir=$2 port=$3 tries
    mkdir -p "$dir"
    {
        printf 'port = %d\n' "$port"
        printf 'keys_file_path = "%s/keys"\npid_file_path = "%s/pid"\n' "$dir" "$dir"
        printf '%s = false\n' enable_ipv6 enable_lan_discovery enable_motd
        printf 'enable_tcp_relay = true\ntcp_relay_ports = [%d]\n' "$port"
        if [ "${#relay_ports[@]}" -gt 0 ]; then
            printf 'bootstrap_nodes = ({ public_key = "%s", port = %d, address = "127.0.0.1" })\n' \
                "${relay_keys[0]}" "${relay_ports[0]}"
        fi
    } >"$dir/config"
    setpriv --pdeathsig KILL "$(ld_so_of "$root")" --library-path "$(library_path_of "$root")" \
        "$root/usr/bin/tox-bootstrapd" --foreground --log-backend=stdout --config "$dir/config" \
        >"$dir/log" 2>&1 </dev/null &
    relay_pids+=("$!")
    for ((tries = 0; tries < 100; tries++)); do
        if [ -s "$dir/keys" ] && [ -n "$(ss -Htln "sport = :$port")" ]; then
            relay_ports+=("$port")
            # The file holds the public key, then the secret one.
            relay_keys+=("$(od -An -v -tx1 -N32 "$dir/keys" | tr -d ' \n' | tr a-f A-F)")
            return
        fi
        kill -0 "$!" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$dir/log" >&2
    die "the relay on port $port did not start; its log is above"
}

# Below the ports that the kernel hands out by itself.
_free_port() {
    local tries port
    for ((tries = 0; tries < 100; tries++)); do
        port=$((20000 + RANDOM % 10000))
        if [ -z "$(ss -Htuan "sport = :$port")" ]; then
            printf '%d' "$port"
            return
        fi
    done
    die "found no free port for a relay"
}

# The list of nodes in the form that nodes.tox.chat gives.
_nodes() {
    local i separator=
    printf '{"last_scan":%s,"last_refresh":%s,"nodes":[' "$(date +%s)" "$(date +%s)"
    for i in "${!relay_ports[@]}"; do
        printf '%s{"ipv4":"127.0.0.1","ipv6":"-","port":%d,"tcp_ports":[%d],"public_key":"%s",' \
            "$separator" "${relay_ports[i]}" "${relay_ports[i]}" "${relay_keys[i]}"
        printf '"maintainer":"relay%d","location":"XX","status_udp":true,"status_tcp":true,"version":"0","motd":"","last_ping":%s}' \
            "$i" "$(date +%s)"
        separator=,
    done
    printf ']}\n'
}
