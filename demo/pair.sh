#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# One run of the demo: three relays, Bob, Alice. Called by scripts/demo, inside a network namespace
# where possible. Shows what the clients report and writes their figures to RESULTS, one per line:
# Alice.online_s=8.93. Succeeds only if both clients finished and the received files are those sent.
# With --forgive the last part, the scene with failing relays, may fail.
#
# usage: demo/pair.sh PROGRAM FILE SCENE_FILE NOTES STEP_MS RESULTS [--forgive]
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
# shellcheck source=demo/scene.sh
. "$ROOT/demo/scene.sh"

RELAYS=3
HOST=127.0.0.1
# A client gives up by itself after the time limit of a step; this bounds the run as a whole.
LIMIT_S=480

main() {
    program=$1 file=$2 scene_file=$3 notes=$4 step_ms=$5 results=$6 forgive=no
    [ "${7-}" != --forgive ] || forgive=yes
    epoch=$EPOCHREALTIME
    relay_pids=() relay_ports=() relay_args=() alice='' bob='' failed='' steps_done=yes
    work=$(mktemp -d)
    at_exit 'stop_all; rm -rf "$work"'
    : >"$results"
    start_relays
    mkfifo "$work/events"
    exec 3<>"$work/events"
    mkfifo "$work/silence"
    exec 4<>"$work/silence"
    start_client bob Bob Alice "$work/received" "$work/scene"
    follow
    finish
}

show() { # show WHO TEXT [MILLISECONDS]
    local ms=${3:-$(((${EPOCHREALTIME/[.,]/} - ${epoch/[.,]/}) / 1000))}
    printf '[%3d.%02d s] %-6s %s\n' "$((ms / 1000))" "$((ms % 1000 / 10))" "$1" "$2"
}

# Only the first reason counts; it is told at the end, below the logs.
fail() {
    failed=${failed:-$1}
}

# ---- relays

start_relays() {
    local i base
    base=$(free_ports)
    for ((i = 1; i <= RELAYS; i++)); do
        start_relay "$i" "$((base + i))" "$((base + 100 + i))"
    done
    show relays "$RELAYS relays (Debian's tox-bootstrapd) listen on $HOST, TCP ports $((base + 101)) to $((base + 100 + RELAYS))"
}

# The first relay is the others' way into their small Tox network.
start_relay() {
    local number=$1 udp=$2 tcp=$3 dir=$work/relay$1 key
    mkdir "$dir"
    {
        printf 'port = %d\n' "$udp"
        printf 'keys_file_path = "%s/keys"\npid_file_path = "%s/pid"\n' "$dir" "$dir"
        printf '%s = false\n' enable_ipv6 enable_lan_discovery enable_motd
        printf 'enable_tcp_relay = true\ntcp_relay_ports = [%d]\n' "$tcp"
        if [ "$number" -gt 1 ]; then
            printf 'bootstrap_nodes = ({ public_key = "%s", port = %d, address = "%s" })\n' \
                "$first_key" "$first_udp" "$HOST"
        fi
    } >"$dir/config"
    # KILL also ends a frozen one.
    setpriv --pdeathsig KILL tox-bootstrapd --foreground --log-backend=stdout --config "$dir/config" \
        >"$dir/log" 2>&1 3>&- </dev/null &
    relay_pids+=($!)
    relay_ports+=("$tcp")
    wait_for_relay "$!" "$tcp" "$dir"
    # The file holds the public key, then the secret one.
    key=$(od -An -v -tx1 -N32 "$dir/keys" | tr -d ' \n')
    if [ "$number" -eq 1 ]; then
        first_key=$key first_udp=$udp
    fi
    relay_args+=(--relay "$HOST:$udp:$tcp:$key")
}

wait_for_relay() {
    local pid=$1 port=$2 dir=$3 tries
    for ((tries = 0; tries < 100; tries++)); do
        if ! kill -0 "$pid" 2>/dev/null; then
            break
        fi
        if [ -s "$dir/keys" ] && listens "$port"; then
            return
        fi
        sleep 0.05
    done
    tail -n 20 "$dir/log" >&2
    die "the relay on port $port did not start; its log is above"
}

# Without namespaces the ports must be free on this machine: the kernel's tables tell.
free_ports() {
    local tries base i taken
    taken=$(cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null |
        awk '{ n = split($2, part, ":"); print part[n] }')
    for ((tries = 0; tries < 50; tries++)); do
        base=$((20000 + RANDOM % 10000))
        for ((i = 1; i <= RELAYS; i++)); do
            if grep -qxi -e "$(printf '%04X' $((base + i)))" -e "$(printf '%04X' $((base + 100 + i)))" <<<"$taken"; then
                continue 2
            fi
        done
        printf '%d\n' "$base"
        return
    done
    die "found no free ports for the relays"
}

# State 0A is LISTEN. Read from the kernel, so that no relay sees a stray connection.
listens() {
    awk -v port="$(printf '%04X' "$1")" '
        { n = split($2, part, ":") } part[n] == port && $4 == "0A" { found = 1 } END { exit !found }' \
        /proc/net/tcp
}

# ---- clients

start_client() { # start_client VARIABLE NAME PEER FILE SCENE_FILE [OPTION...]
    local variable=$1 name=$2 peer=$3 path=$4 scene_path=$5
    shift 5
    [ "$forgive" = no ] || set -- --forgive "$@"
    "$program" --name "$name" --peer "$peer" --epoch "${epoch/,/.}" "${relay_args[@]}" \
        --file "$path" --scene "$scene_path" --notes "$notes" --step-ms "$step_ms" "$@" >&3 2>"$work/$name.err" 3>&- 4>&- </dev/null &
    printf -v "$variable" %s "$!"
}

# Shows events until both clients have ended, or until something has failed.
follow() {
    while [ -z "$failed" ]; do
        if next_event; then
            :
        elif ! running "$bob" && ! running "$alice"; then
            # What they said between the last look and their end is in the pipe by now.
            while next_event; do :; done
            return
        else
            check_alive
            pause
        fi
    done
}

# Shows one event; fails if there is none now. Clients write whole lines at once, so a line that
# has begun is there. (A read with a time limit instead could lose the line that it cuts in two.)
next_event() {
    local ms who kind text
    read -r -t 0 -u 3 || return
    IFS=$'\t' read -r -u 3 ms who kind text
    handle "$ms" "$who" "$kind" "$text"
}

# 0.1 s without a process that would have to be ended on Ctrl-C: nobody writes to this pipe.
pause() {
    read -r -t 0.1 -u 4 || :
}

check_alive() {
    local number
    for number in "${!relay_pids[@]}"; do
        [ "$number" = "$killed" ] || running "${relay_pids[number]}" || fail "relay $((number + 1)) has ended"
    done
    check_ended Bob "$bob"
    [ -z "$alice" ] || check_ended Alice "$alice"
    ((SECONDS <= LIMIT_S)) || fail "not finished after $LIMIT_S s"
}

check_ended() {
    if running "$2"; then
        return
    fi
    while next_event; do :; done
    finished "$1" || fail "$1 has ended early"
}

finished() {
    grep -qx "$1.ok=yes" "$results"
}

running() {
    [ -n "$1" ] && kill -0 "$1" 2>/dev/null
}

handle() {
    local ms=$1 who=$2 kind=$3 text=$4
    case $kind in
        say) show "$who" "$text" "$ms" ;;
        fail) show "$who" "FAILED: $text" "$ms"; fail "$who: $text" ;;
        value)
            printf '%s.%s\n' "$who" "$text" >>"$results"
            case $who.$text in
                Bob.address=*) start_client alice Alice Bob "$file" "$scene_file" --ask "${text#address=}" ;;
                Bob.part=*) scene_part "${text#part=}" ;;
                *.scene=*) scene_ended ;;
            esac ;;
        *) fail "cannot read what $who reports: $kind" ;;
    esac
}

# ---- end

finish() {
    if [ -z "$failed" ]; then
        check_client Alice "$alice"
        check_client Bob "$bob"
    fi
    if [ -z "$failed" ]; then
        check_file "$file" "$work/received" file
        check_scene
    fi
    if [ -n "$failed" ]; then
        show_logs
        show demo "FAILED: $failed"
        exit 1
    fi
    echo "ok=$steps_done" >>"$results"
}

check_client() {
    local name=$1 pid=$2 status=0
    [ -n "$pid" ] || { fail "$name was never started"; return; }
    wait "$pid" || status=$?
    [ "$status" -eq 0 ] || fail "$name ended with status $status"
    finished "$name" || fail "$name did not finish"
}

# The clients have compared digests over Tox; this compares the files on disk with another program.
check_file() { # check_file SENT RECEIVED PREFIX
    local sent received
    sent=$(sha256sum <"$1")
    received=$(sha256sum <"$2")
    if [ "$sent" != "$received" ]; then
        fail "sha256sum: the received file is not the sent one"
    elif ! grep -qx "Bob.$3_sha256=${sent%% *}" "$results"; then
        fail "sha256sum differs from the digest that Bob computed"
    else
        echo "$3_checksum=ok" >>"$results"
        show demo "sha256sum of the sent file and the received one: ${sent:0:16}..., equal"
    fi
}

show_logs() {
    local log
    for log in "$work"/*.err "$work"/relay*/log; do
        if [ -s "$log" ]; then
            printf -- '--- end of %s\n' "${log#"$work"/}"
            tail -n 4 "$log"
        fi
    done
}

# Ends what is still running: TERM, and KILL for what has not ended after 2 s.
stop_all() {
    local pid tries
    local pids=(${alice:+"$alice"} ${bob:+"$bob"} "${relay_pids[@]}")
    thaw
    for pid in "${pids[@]}"; do
        kill -TERM "$pid" 2>/dev/null || :
    done
    for ((tries = 0; tries < 40; tries++)); do
        any_running "${pids[@]}" || return 0
        sleep 0.05
    done
    for pid in "${pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null || :
    done
}

any_running() {
    local pid
    for pid in "$@"; do
        if running "$pid"; then
            return 0
        fi
    done
    return 1
}

main "$@"
