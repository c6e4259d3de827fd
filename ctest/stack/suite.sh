# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What run, soak and times have in common. They source scripts/lib.sh and ctest/real/runner.sh first.

# For scripts/link_check.sh, which names toxcore's modules, and for ctest/real/runner.sh.
# shellcheck source=scripts/link_check.sh
. "$ROOT/scripts/link_check.sh"

# shellcheck disable=SC2034
{
    suite=ctest/stack
    programs=(mesh comeback change conference soak)
    threaded=()
    support=(real/check stack/clock stack/wires stack/relay stack/town stack/talk stack/meeting stack/usage)
}

# These tests take whatever modules are in place; the map of the programs must agree with that.
read -ra names < <(sed -n 's/^modules=//p' "$ROOT/build/0.2.18/config" 2>/dev/null) || :
modules=()
for name in "${names[@]}"; do
    name=$(member_of "$name")
    modules+=("${name%.c.o}")
done
[ "${#modules[@]}" -gt 0 ] || die "build/0.2.18 is not complete: run scripts/build first"

# tox.h, for the support files too, which are compiled without the response files.
export C_INCLUDE_PATH=$ROOT/build/0.2.18/include
