# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
#
# What runners that check things one by one have in common. They source this file after lib.sh, set
# `work` to a directory of their own, and end with closing_line.

passed=0 failed=0

# check TITLE COMMAND...: runs COMMAND in a shell of its own, shows its output only if it fails; of long
# output the last `shown_lines`, if that is set.
check() {
    local title=$1 status
    shift
    # Not as the condition of an if: there set -e would be without effect inside COMMAND.
    set +e
    (set -e; "$@") >"$work/output" 2>&1
    status=$?
    set -e
    verdict "$status" "$title"
    [ "$status" -eq 0 ] || tail -n "${shown_lines:-+1}" "$work/output" | sed 's/^/        /'
}

# verdict STATUS TITLE: counts a result and tells it.
verdict() {
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        printf 'ok      %s\n' "$2"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s\n' "$2"
    fi
}

# closing_line: the counts; fails if anything has failed.
closing_line() {
    printf '%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
}

# objects COMMAND...: COMMAND must fail; its complaint is kept in $work/complaint.
objects() {
    if "$@" >"$work/complaint" 2>&1; then
        echo "this should have failed: $*"
        return 1
    fi
}

# complained TEXT: the latest complaint has TEXT in it.
complained() {
    grep -qF -e "$1" "$work/complaint" || {
        echo "the complaint does not say '$1':"
        head -n 5 "$work/complaint"
        return 1
    }
}
