#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the scenarios of scripts/bench, which has built the programs and calls this inside the network
# namespace. Not meant to be called by hand.
#
#   run.sh DIR full|smoke REPETITIONS VARIANT...
#
# DIR holds a program bench-VARIANT for each variant; each result goes to DIR/results as
#   variant <tab> repetition <tab> scenario <tab> name=value ...
# Variants take turns within each repetition, so that a noisy moment hits all of them.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

# The programs end by themselves on Ctrl-C; this only keeps it from looking like a failed scenario.
trap 'exit 130' INT
trap 'exit 143' TERM

dir=$1 mode=$2 repetitions=$3
shift 3
variants=("$@")
results=$dir/results
limit=60

# take VARIANT REPETITION SCENARIO ARGUMENT...: one run, one line of results.
take() {
    local variant=$1 repetition=$2 scenario=$3 line
    shift 3
    line=$(timeout --foreground "$limit" "$dir/bench-$variant" "$@") ||
        die "scenario $scenario failed with the $variant client: bench $*"
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
    local scenario=$1 variant log line counts
    shift
    for variant in "${variants[@]}"; do
        log=$dir/strace-$variant-$scenario
        line=$(timeout --foreground "$limit" strace -qq -o "$log" "$dir/bench-$variant" "$@") ||
            die "strace of scenario $scenario failed with the $variant client: bench $*"
        counts=$(count_calls "$log") || die "no marks in $log"
        printf '%s\t%s\t%s\t%s\n' "$variant" 1 "$scenario" "$line $counts" >>"$results"
    done
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

repetition() {
    local r=$1 size
    say "repetition $r of $repetitions"
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

latency() {
    local r
    for ((r = 1; r <= burst_runs; r++)); do
        say "bursts through the stock relay, $r of $burst_runs"
        compare "$r" burst-answered burst size=100 answered=1 bursts="$bursts"
        compare "$r" burst-oneway burst size=100 answered=0 bursts="$bursts"
    done
}

calls() {
    local size
    say "system calls, under strace"
    for size in 1373 100; do
        trace "recv-$size-calls" receive size="$size" lockstep=10 packets="$traced"
        trace "send-$size-calls" send size="$size" lockstep=10 packets="$traced"
    done
    trace recv-single-calls receive size=100 lockstep=1 packets="$traced"
    trace idle-calls idle connections=2 steps=2
}

case $mode in
    full)
        paced=(millis=1200 warmup_ms=200 stall_ms=2000)
        large=200000 small=400000 slow=60000 stall=2000 floor=300 connections=500 steps=200000
        bursts=100 burst_runs=2 traced=4000
        ;;
    smoke)
        paced=(millis=300 warmup_ms=100 stall_ms=1000)
        large=20000 small=40000 slow=10000 stall=1000 floor=50 connections=50 steps=20000
        bursts=10 burst_runs=1 traced=500
        ;;
    *) die "no such mode: $mode" ;;
esac

: >"$results"
printf 'netns=%s\n' "${IN_NETNS:-no}" >"$dir/setting"
"$dir/bench-original" version | tr ' ' '\n' >>"$dir/setting"
for ((n = 1; n <= repetitions; n++)); do
    repetition "$n"
done
latency
calls
