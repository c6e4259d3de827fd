# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What the differential tests (ctest/diff, diff-connections, diff-friends) have in common: builds a
# driver twice, runs it, and judges the traces. Sourced after scripts/lib.sh; the caller defines usage
# and then calls
#
#   compare_modules DIRECTORY "$@"
#
# DIRECTORY holds the scenarios and the table, allowed.txt. Traces and programs go to
# build/<toxcore's version>/<name of that directory>. A caller may replace compile.

. "$ROOT/scripts/debian.sh"

kit=$ROOT/ctest/diff-kit

compare_modules() {
    local file
    here=$1
    shift
    tool=none repeat=yes toxcore=0.2.18 patterns=()
    while [ $# -gt 0 ]; do
        case $1 in
            --toxcore)
                [ $# -gt 1 ] || die "--toxcore needs a version"
                toxcore=$2
                shift
                ;;
            --no-repeat) repeat=no ;;
            --asan | --valgrind) tool=${1#--} ;;
            --help | -h) usage; exit 0 ;;
            -*) die "unknown option $1 (see --help)" ;;
            *) patterns+=("$1") ;;
        esac
        shift
    done
    one_of "$toxcore" "$(toxcore_versions)" || die "toxcore $toxcore is not supported (see --help)"
    args=$ROOT/build/$toxcore
    out=$args/$(basename "$here")
    for file in link.args link-original.args; do
        [ -r "$args/$file" ] || die "build/$toxcore has no $file: run scripts/build --toxcore $toxcore first"
    done
    need_packages gcc libc6-dev libsodium-dev diffutils
    mkdir -p "$out"
    if [ "$tool" = none ]; then
        compare_both
    else
        check_ours
    fi
}

# compile OURS PROGRAM RESPONSE-FILE FLAG...
compile() {
    local ours=$1 program=$2 response=$3
    shift 3
    say "compiling $(basename "$program") for toxcore $toxcore"
    gcc -std=gnu11 -Wall -Wextra -Werror -O1 -g "$@" "-DTOX_ABI=$(tox_abi_of "$toxcore")" "-DDIFF_OURS=$ours" \
        -I "$ROOT/ctest" -I "$kit" "$kit"/*.c "$here"/*.c "@$response" -o "$program"
}

# run_program PROGRAM DIR: all scenarios, traces into an empty DIR.
run_program() {
    rm -rf "$2"
    mkdir -p "$2"
    say "running $(basename "$1") -> ${2#"$ROOT"/}"
    "$1" "$2" ${patterns[@]+"${patterns[@]}"}
}

compare_both() {
    local name fine=0 bad=0
    compile 0 "$out/original" "$args/link-original.args"
    compile 1 "$out/ours" "$args/link.args"
    run_program "$out/original" "$out/traces-original"
    run_program "$out/ours" "$out/traces-ours"
    if [ "$repeat" = yes ]; then
        run_program "$out/original" "$out/traces-original-2"
        run_program "$out/ours" "$out/traces-ours-2"
    fi
    rm -rf "$out/used"
    mkdir -p "$out/used"
    scenarios >"$out/ran"
    [ -s "$out/ran" ] || die "no scenario ran"
    while read -r name; do
        if judge "$name"; then
            fine=$((fine + 1))
        else
            bad=$((bad + 1))
        fi
    done <"$out/ran"
    check_table || bad=$((bad + 1))
    printf '%d passed, %d failed\n' "$fine" "$bad"
    [ "$bad" -eq 0 ]
}

scenarios() {
    find "$out/traces-original" "$out/traces-ours" -name '*.trace' -printf '%f\n' | sed 's/\.trace$//' | sort -u -V
}

# judge NAME: one line about this scenario, and why if it fails.
judge() {
    local name=$1 verdict=same text reasons
    local a=$out/traces-original/$name b=$out/traces-ours/$name
    for text in "$a.trace" "$b.trace"; do
        if ! [ -f "$text" ]; then
            printf 'FAIL     %s: did not run in both programs\n' "$name"
            return 1
        fi
    done
    : >"$out/used/$name"
    # diff's status 1 means that there are differences
    { diff "$a.trace" "$b.trace" || [ $? -eq 1 ]; } >"$out/used/.diff"
    text=$(awk -v "table=$here/allowed.txt" -v "toxcore=$toxcore" -v "scenario=$name" -v "used=$out/used/$name" -f "$kit/table.awk" -f "$kit/compare.awk" \
        <"$out/used/.diff")
    reasons=$(sed -n 's/^reasons: *//p' <<<"$text")
    text=$(sed '/^reasons: /d' <<<"$text")
    text+=$(failures original "$a") text+=$(failures ours "$b")
    if [ "$repeat" = yes ]; then
        text+=$(repeated original "$a" "$out/traces-original-2/$name") text+=$(repeated ours "$b" "$out/traces-ours-2/$name")
    fi
    if [ -n "$text" ]; then
        printf 'FAIL     %s\n%s\n' "$name" "$text"
        return 1
    fi
    if [ -n "$reasons" ]; then
        printf 'allowed  %s: %s\n' "$name" "$reasons"
    else
        printf '%-8s %s\n' "$verdict" "$name"
    fi
}

# failures WHO PATH: the failed checks in the notes.
failures() {
    sed -n "s/^\\([0-9]* \\)\\{0,1\\}FAILED /\n    $1: step \\1check failed: /p" "$2.notes"
}

repeated() {
    cmp -s "$2.trace" "$3.trace" || printf '\n    %s: a second run gave another trace' "$1"
}

# Every cell of the table was needed, and every entry it refers to exists.
check_table() {
    local text entry documents=$ROOT/docs/differences.md whole=1
    [ ${#patterns[@]} -eq 0 ] || whole=0
    text=$(awk -v "table=$here/allowed.txt" -v "toxcore=$toxcore" -v "ran=$out/ran" -v "whole=$whole" \
        -v "used=$out/used" -f "$kit/table.awk" -f "$kit/rows.awk")
    while read -r entry; do
        one_of "$entry" "all $(toxcore_versions)" || text+=$'\n'"    the table has a section for toxcore $entry"
    done < <(sed -n 's/^[ \t]*\[\(.*\)\][ \t]*$/\1/p' "$here/allowed.txt" | tr -s ' ' '\n' | sort -u)
    if [ -r "$documents" ]; then
        while read -r entry; do
            grep -qwF -- "$entry" "$documents" || text+=$'\n'"    docs/differences.md has no entry $entry"
        done < <(sed -n '/^[ \t]*\(#\|$\)/!s/.*|[ \t]*\([^|]*[^| \t]\)[ \t]*$/\1/p' "$here/allowed.txt" | sort -u)
    else
        text+=$'\n'"    docs/differences.md is missing"
    fi
    [ -z "$text" ] && return 0
    printf 'FAIL     the table of allowed differences\n%s\n' "$text"
    return 1
}

# One program under a memory checker: the checks of the scenarios and the tool's verdict count.
check_ours() {
    local name fine=0 bad=0 text dir=$out/traces-$tool status=0
    rm -rf "$out/tool"
    mkdir -p "$out/tool"
    if [ "$tool" = asan ]; then
        compile 1 "$out/ours-asan" "$args/link.args" -fsanitize=address -fno-omit-frame-pointer
        DIFF_SLOWER=4 ASAN_OPTIONS="detect_leaks=1:exitcode=99:log_path=$out/tool/asan" \
            run_program "$out/ours-asan" "$dir" || status=$?
    else
        need_packages valgrind
        compile 1 "$out/ours-valgrind" "$args/link.args"
        printf '#!/bin/sh\nexec valgrind -q --leak-check=full --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99 --log-file=%q/valgrind.%%p %q "$@"\n' \
            "$out/tool" "$out/ours-valgrind" >"$out/under-valgrind"
        chmod +x "$out/under-valgrind"
        DIFF_SLOWER=20 run_program "$out/under-valgrind" "$dir" || status=$?
    fi
    while read -r name; do
        text=$(failures ours "$dir/$name")
        if [ -z "$text" ]; then
            printf 'clean    %s\n' "$name"
            fine=$((fine + 1))
        else
            printf 'FAIL     %s%s\n' "$name" "$text"
            bad=$((bad + 1))
        fi
    done < <(find "$dir" -name '*.trace' -printf '%f\n' | sed 's/\.trace$//' | sort -V)
    if [ "$status" -ne 0 ]; then
        printf 'FAIL     the driver itself ended with status %d\n' "$status"
        bad=$((bad + 1))
    fi
    if [ "$bad" -gt 0 ]; then
        find "$out/tool" -type f -size +0 -exec head -n 60 {} + | head -n 200
    fi
    printf '%d passed, %d failed\n' "$fine" "$bad"
    [ "$bad" -eq 0 ] && [ "$fine" -gt 0 ]
}
