#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the scenarios of scripts/bench, which has built the programs and calls this inside the network
# namespace. Not meant to be called by hand.
#
#   run.sh DIR full|smoke REPETITIONS GROUPS VARIANT...
#
# GROUPS is a list with commas: client, connections, friends, faults, relay, wake.
# DIR holds programs bench-VARIANT, costs-VARIANT and relay-VARIANT for each variant, relay_load and wake-ours; each result goes to DIR/results as
#   variant <tab> repetition <tab> scenario <tab> name=value ...
# Variants take turns within each repetition, so that a noisy moment hits all of them.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

# The programs end by themselves on Ctrl-C; this only keeps it from looking like a failed scenario.
trap 'exit 130' INT
trap 'exit 143' TERM
background=()
trap '[ "${#background[@]}" -eq 0 ] || kill "${background[@]}" 2>/dev/null || :' EXIT

dir=$1 mode=$2 repetitions=$3 groups=,$4,
shift 4
variants=("$@")
results=$dir/results
launched=()
limit=60
program=bench

# take VARIANT REPETITION SCENARIO ARGUMENT...: one run, one line of results.
take() {
    local variant=$1 repetition=$2 scenario=$3 line
    shift 3
    line=$(timeout --foreground "$limit" "$dir/$program-$variant" "$@") ||
        die "scenario $scenario failed with the $variant client: $program $*"
    printf '%s\t%s\t%s\t%s\n' "$variant" "$repetition" "$scenario" "$line" >>"$results"
}

# compare REPETITION SCENARIO ARGUMENT...: the same run with each variant.
compare() {
    local repetition=$1 variant
    shift
    for variant in "${variants[@]}"; do
        take "$variant" "$repetition" "$@"
    done
}

# trace SCENARIO ARGUMENT...: counts the system calls of the client process between the two marks that
# the program makes. Without -f: the pump, a child process, is left out.
trace() {
    local variant
    for variant in "${variants[@]}"; do
        trace_one "$variant" "$@"
    done
}

trace_one() {
    local variant=$1 scenario=$2 log line counts
    shift 2
    log=$dir/strace-$variant-$scenario
    line=$(timeout --foreground "$limit" strace -qq -o "$log" "$dir/$program-$variant" "$@") ||
        die "strace of scenario $scenario failed with the $variant client: $program $*"
    counts=$(count_calls "$log") || die "no marks in $log"
    printf '%s\t%s\t%s\t%s\n' "$variant" 1 "$scenario" "$line $counts" >>"$results"
}

count_calls() {
    awk '
        /^write\(-1, "bench-begin"/ { counting = 1; begun = 1; next }
        /^write\(-1, "bench-end"/ { counting = 0; ended = 1; next }
        counting && match($0, /^[a-z0-9_]+\(/) { ++calls[substr($0, 1, RLENGTH - 1)]; ++total }
        END {
            if (!begun || !ended) exit 1
            printf "calls=%d names=", total
            for (name in calls) { printf "%s%s:%d", separator, name, calls[name]; separator = "," }
            print ""
        }' "$1"
}

client_repetition() {
    local r=$1 size
    say "TCP_client, repetition $r of $repetitions"
    compare "$r" recv-1373-1ms receive size=1373 rate=10000 step_us=1000 "${paced[@]}"
    compare "$r" recv-100-1ms receive size=100 rate=10000 step_us=1000 "${paced[@]}"
    compare "$r" recv-1373-20ms receive size=1373 rate=10000 step_us=20000 "${paced[@]}"
    compare "$r" recv-1373-50ms receive size=1373 rate=10000 step_us=50000 "${paced[@]}"
    compare "$r" recv-1373-flood receive size=1373 packets="$large" stall_ms="$stall"
    compare "$r" recv-100-flood receive size=100 packets="$small" stall_ms="$stall"
    compare "$r" recv-1373-window receive size=1373 packets="$slow" window=32 batch=4 stall_ms="$stall"
    compare "$r" recv-100-window receive size=100 packets="$slow" window=256 batch=16 stall_ms="$stall"
    for size in 1373 100; do
        take original "$r" "floor-$size" floor size="$size" millis="$floor"
    done
    compare "$r" send-1373-1ms send size=1373 rate=10000 step_us=1000 "${paced[@]}"
    compare "$r" send-100-1ms send size=100 rate=10000 step_us=1000 "${paced[@]}"
    compare "$r" send-1373-50ms send size=1373 rate=10000 step_us=50000 "${paced[@]}"
    compare "$r" send-1373-flood send size=1373 packets="$slow"
    compare "$r" send-100-flood send size=100 packets="$slow"
    compare "$r" idle idle connections="$connections" steps="$steps"
}

connections_repetition() {
    local r=$1 size n
    say "TCP_connections, repetition $r of $repetitions"
    for size in 1373 100; do
        compare "$r" "layer-recv-$size" receive size="$size" rate=10000 step_us=1000 layer=1 "${paced[@]}"
        compare "$r" "layer-send-$size" send size="$size" rate=10000 step_us=1000 layer=1 "${paced[@]}"
    done
    for n in 1000 4000 16000; do
        compare "$r" "peers-$n" peers connections="$n" steps="$batches"
    done
    for n in 64 16 3; do
        compare "$r" "rest-$n" rest connections="$n" steps="$rest"
    done
    compare "$r" rest-peers rest connections=3 peers=1000 steps="$rest"
}

latency() {
    local r
    for ((r = 1; r <= burst_runs; r++)); do
        say "bursts through the stock relay, $r of $burst_runs"
        compare "$r" burst-answered burst size=100 answered=1 bursts="$bursts"
        compare "$r" burst-oneway burst size=100 answered=0 bursts="$bursts"
    done
}

client_calls() {
    local size
    say "TCP_client, system calls, under strace"
    for size in 1373 100; do
        trace "recv-$size-calls" receive size="$size" lockstep=10 packets="$traced"
        trace "send-$size-calls" send size="$size" lockstep=10 packets="$traced"
    done
    trace recv-single-calls receive size=100 lockstep=1 packets="$traced"
    trace idle-calls idle connections=2 steps=2
}

connections_calls() {
    local n
    say "TCP_connections, system calls, under strace"
    for n in 64 16 3; do
        trace "rest-$n-calls" rest connections="$n" steps=2
    done
}

friends_repetition() {
    local r=$1 n program=costs
    say "friend_connection, repetition $r of $repetitions"
    for n in 100 1000 10000; do
        compare "$r" "friends-$n" friends="$n" rounds="$((created / n + 2))" steps="$friend_steps"
    done
}

# As the faults: they mostly sleep, so all of one repetition run at once.
reunions() {
    local r=$1 variant scenario copy
    limit=$((patience_ms / 1000 + 120))
    say "friends that find each other, repetition $r of $repetitions: all at once, about $reunion_s s"
    for scenario in restart restart-closed restart-frozen relay-closed relay-frozen; do
        for ((copy = 0; copy < pairs; ++copy)); do
            for variant in "${variants[@]}"; do
                launch "$variant" "reunion-$scenario" "$scenario" millis="$patience_ms" warmup_ms="$talk_ms"
            done
        done
    done
    gather friends "$r" "$reunion_s"
}

# gather WHAT REPETITION SECONDS: waits for what `launch` has started and takes the results.
gather() {
    local what=$1 repetition=$2 expected=$3 started=$SECONDS next=10 job variant scenario status failed=
    for job in "${!background[@]}"; do
        while kill -0 "${background[job]}" 2>/dev/null; do
            sleep 1
            if [ $((SECONDS - started)) -ge "$next" ]; then
                say "$what: $((SECONDS - started)) s of about $expected s"
                next=$((next + 10))
            fi
        done
        status=0
        wait "${background[job]}" || status=$?
        IFS=' ' read -r variant scenario <<<"${launched[job]}"
        if [ "$status" -ne 0 ]; then
            failed+=" $scenario ($variant)"
            continue
        fi
        printf '%s\t%s\t%s\t%s\n' "$variant" "$repetition" "$scenario" "$(cat "$dir/launched-$job")" >>"$results"
    done
    background=() launched=()
    [ -z "$failed" ] || die "failed:$failed"
}

# launch VARIANT SCENARIO ARGUMENT...: starts a run that mostly sleeps.
launch() {
    local variant=$1 scenario=$2
    shift 2
    timeout "$limit" "$dir/$program-$variant" "$@" >"$dir/launched-${#background[@]}" &
    background+=($!)
    launched+=("$variant $scenario")
}

flood() {
    local variant=$1 fault=$2 millis=$3
    say "faults: $fault, $variant, about $((millis / 1000 + 3)) s"
    launch "$variant" "fault-$fault" "$fault" millis="$millis" warmup_ms="$((calm_ms * millis / fault_ms))"
    gather faults 1 "$((millis / 1000 + 3))"
}

# The runs of these last long and need little of the CPU: all at once. A flood takes all of it.
faults() {
    local variant fault seconds=$((fault_ms / 1000 + 3))
    limit=$((seconds + 45))
    say "faults: close, reset, refused, frozen, slow, liar; all at once, about $seconds s"
    for variant in "${variants[@]}"; do
        for fault in close reset frozen liar; do
            launch "$variant" "fault-$fault" "$fault" millis="$fault_ms" warmup_ms="$calm_ms"
        done
        launch "$variant" fault-slow slow millis="$fault_ms" warmup_ms="$calm_ms" byte_us=5000
        launch "$variant" fault-refused refused millis="$fault_ms"
    done
    gather faults 1 "$seconds"
    for variant in "${variants[@]}"; do
        flood "$variant" flood "$fault_ms"
        flood "$variant" chatter "$((fault_ms / 3))"
    done
}

relay_repetition() {
    local r=$1 size variant
    for size in 100 1373; do
        for variant in "${variants[@]}"; do
            say "relay, repetition $r of $repetitions: $variant, $size B"
            relay_run "$variant" "$r" "$size"
        done
    done
}

relay_run() {
    local variant=$1 r=$2 size=$3 lines address key
    rm -rf "$dir/relay"
    mkdir "$dir/relay"
    if [ "$variant" = original ]; then
        start_bootstrapd
    else
        "$dir/relay-$variant" --listen 127.0.0.1:0 >"$dir/relay/out" &
        background=($!)
        relay_soon "toxlink-relay ($variant)" grep -q '^listening .' "$dir/relay/out"
        address=$(sed -n 's/^listening //p' "$dir/relay/out")
        key=$(sed -n 's/^public-key //p' "$dir/relay/out")
    fi
    lines=$(timeout --foreground "$limit" "$dir/relay_load" "$address" "$key" --pid "${background[0]}" \
        --pairs "$relay_pairs" --bytes "$size" --seconds "$relay_s") || die "no load for the $variant relay"
    kill "${background[0]}"
    wait "${background[0]}" || :
    background=()
    printf '%s\t%s\trelay-%s\t%s\n' "$variant" "$r" "$size" "$(tr ' \n' '= ' <<<"$lines")" >>"$results"
}

# The standalone library, which has no variants: 'ours' alone, and beside it the original as programs use it.
# The first two and the fourth mostly sleep, so they run at once.
wake() {
    local size program=wake r
    limit=$(((wake_ms + wake_settle_ms) / 1000 + 90))
    say "wake: idle, event loop and polling, about $(((wake_ms + wake_settle_ms) / 1000 + 3)) s"
    launch ours wake-idle idle millis="$wake_ms" settle_ms="$wake_settle_ms"
    launch ours wake-idle-polled idle step_us=50000 millis="$wake_ms" settle_ms="$wake_settle_ms"
    program=bench
    launch original wake-idle wake step_us=50000 millis="$wake_ms"
    program=wake
    gather wake 1 "$(((wake_ms + wake_settle_ms) / 1000 + 3))"
    say "wake: latency"
    take ours 1 wake-latency latency millis="$latency_ms" settle_ms=1000
    take ours 1 wake-latency-polled latency step_us=50000 millis="$latency_ms" settle_ms=1000
    for ((r = 1; r <= repetitions; r++)); do
        say "wake: packets, repetition $r of $repetitions"
        for size in 1373 100; do
            take ours "$r" "wake-send-$size" send size="$size" millis="$wake_paced_ms" settle_ms=500
            take ours "$r" "wake-recv-$size" receive size="$size" step_us=1000 millis="$wake_paced_ms" settle_ms=500
            take ours "$r" "wake-loop-$size" receive size="$size" millis="$wake_paced_ms" settle_ms=500
        done
    done
    say "wake: system calls, under strace"
    for size in 1373 100; do
        trace_one ours "wake-send-$size-calls" send marked=1 size="$size" rate=2000 millis=1000 settle_ms=500
        trace_one ours "wake-loop-$size-calls" receive marked=1 size="$size" rate=2000 millis=1000 settle_ms=500
    done
}

# Sets address and key of the caller.
start_bootstrapd() {
    local port=$((10000 + RANDOM % 20000))
    printf '%s\n' "port = $port" "keys_file_path = \"$dir/relay/keys\"" "pid_file_path = \"$dir/relay/pid\"" \
        "enable_ipv6 = false" "enable_ipv4_fallback = true" "enable_lan_discovery = false" "enable_tcp_relay = true" \
        "tcp_relay_ports = [$port]" "enable_motd = false" >"$dir/relay/conf"
    "$dir/relay-original" "--config=$dir/relay/conf" --foreground --log-backend=stdout >"$dir/relay/out" 2>&1 &
    background=($!)
    relay_soon "tox-bootstrapd" listens "$port"
    address=127.0.0.1:$port
    key=$(od -An -v -tx1 -N32 "$dir/relay/keys" | tr -d ' \n')
}

listens() {
    (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# relay_soon WHAT COMMAND...: waits until the command succeeds.
relay_soon() {
    local what=$1 tries
    shift
    for ((tries = 0; tries < 100; tries++)); do
        ! "$@" || return 0
        kill -0 "${background[0]}" 2>/dev/null || break
        sleep 0.1
    done
    die "$what does not start: $(tail -n 3 "$dir/relay/out")"
}

wants() {
    [[ $groups == *,$1,* ]]
}

case $mode in
    full)
        paced=(millis=1200 warmup_ms=200 stall_ms=2000)
        large=200000 small=400000 slow=60000 stall=2000 floor=300 connections=500 steps=200000
        bursts=100 burst_runs=2 traced=4000
        batches=100 rest=20000 fault_ms=60000 calm_ms=4000
        created=20000 friend_steps=5000 patience_ms=60000 talk_ms=4000 pairs=3 reunion_s=45
        relay_pairs=500 relay_s=2
        wake_ms=65000 wake_settle_ms=35000 latency_ms=20000 wake_paced_ms=2000
        ;;
    smoke)
        paced=(millis=300 warmup_ms=100 stall_ms=1000)
        large=20000 small=40000 slow=10000 stall=1000 floor=50 connections=50 steps=20000
        bursts=10 burst_runs=1 traced=500
        batches=5 rest=500 fault_ms=9000 calm_ms=2100
        created=200 friend_steps=200 patience_ms=14000 talk_ms=1500 pairs=1 reunion_s=28
        relay_pairs=50 relay_s=0.3
        wake_ms=1500 wake_settle_ms=500 latency_ms=1500 wake_paced_ms=300
        ;;
    *) die "no such mode: $mode" ;;
esac

: >"$results"
printf 'netns=%s\n' "${IN_NETNS:-no}" >"$dir/setting"
"$dir/bench-original" version | tr ' ' '\n' >>"$dir/setting"
if wants client; then
    for ((n = 1; n <= repetitions; n++)); do
        client_repetition "$n"
    done
    latency
    client_calls
fi
if wants connections; then
    for ((n = 1; n <= repetitions; n++)); do
        connections_repetition "$n"
    done
    connections_calls
fi
if wants friends; then
    for ((n = 1; n <= repetitions; n++)); do
        friends_repetition "$n"
        reunions "$n"
    done
fi
if wants faults; then
    faults
fi
if wants wake; then
    wake
fi
if wants relay; then
    # A descriptor for each client, in the relay and in the load.
    ulimit -Sn "$(ulimit -Hn)"
    for ((n = 1; n <= repetitions; n++)); do
        relay_repetition "$n"
    done
fi
