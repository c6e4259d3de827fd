# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What run, soak and times have in common. They source scripts/lib.sh and ctest/real/runner.sh first,
# and call for_toxcore.

# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"

# For scripts/link_check.sh, which names toxcore's modules, and for ctest/real/runner.sh.
# shellcheck source=scripts/link_check.sh
. "$ROOT/scripts/link_check.sh"

# shellcheck disable=SC2034
{
    suite=ctest/stack
    programs=(mesh comeback change conference group soak)
    later=(group)
    ours=()
    relays=()
    threaded=()
    support=(real/check stack/clock stack/wires stack/relay stack/town stack/talk stack/meeting stack/gathering stack/usage)
}

# for_toxcore VERSION: takes whatever modules are in place there (the map of the programs must agree
# with that), and the tox.h of that version.
for_toxcore() {
    local names=() name
    one_of "$1" "$(toxcore_versions)" || die "toxcore $1 is not supported; supported: $(toxcore_versions | paste -sd ' ')"
    read -ra names < <(sed -n 's/^modules=//p' "$ROOT/build/$1/config" 2>/dev/null) || :
    modules=()
    for name in "${names[@]}"; do
        name=$(member_of "$name")
        modules+=("${name%.c.o}")
    done
    [ "${#modules[@]}" -gt 0 ] || die "build/$1 is not complete: run scripts/build --toxcore $1 first"
    # For the support files too, which are compiled without the response files.
    export C_INCLUDE_PATH=$ROOT/build/$1/include
}

# asked_for ARGUMENT...: the version that the arguments name.
asked_for() {
    local toxcore=0.2.18
    while [ $# -gt 0 ]; do
        case $1 in
            --toxcore) toxcore=${2-} ;;
            --inside) toxcore=${2-} ;;
        esac
        shift
    done
    printf '%s' "$toxcore"
}
