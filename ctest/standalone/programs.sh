# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154,SC2034
#
# What runners have in common that build programs against an installed toxlink. Sourced after lib.sh and
# checks.sh.

# Compilers may find nothing to say.
STRICT="-Wall -Wextra -Wpedantic -Werror"
# Seconds that a program may take, under whatever tool.
PROGRAM_LIMIT=240

# install_toxlink PREFIX: what scripts/build --standalone left in build/standalone, where pkg-config and the
# loader find it.
install_toxlink() {
    [ -r "$ROOT/build/standalone/config" ] || die "run scripts/build --standalone first"
    unset DESTDIR CMAKE_PREFIX_PATH CMAKE_GENERATOR CFLAGS CXXFLAGS LDFLAGS toxlink_DIR
    export LC_ALL=C.UTF-8
    # Runners may be under way beside each other.
    LOG_DIR=$work/logs with_progress "toxlink, installed by CMake" _install_toxlink "$1"
    export PKG_CONFIG_PATH=$1/lib/pkgconfig LD_LIBRARY_PATH=$1/lib
}

_install_toxlink() {
    local crypto
    crypto=$(sed -n 's/^crypto=//p' "$ROOT/build/standalone/config")
    cmake -S "$ROOT" -B "$work/cmake" -DTOXLINK_TOXCORE=none "-DTOXLINK_CRYPTO=$crypto" -DCMAKE_INSTALL_LIBDIR=lib &&
        cmake --build "$work/cmake" && cmake --install "$work/cmake" --prefix "$1"
}

# bounded COMMAND...: it is ended after PROGRAM_LIMIT seconds.
bounded() {
    timeout --kill-after=5 "$PROGRAM_LIMIT" "$@"
}

# contains FILE TEXT: so that a failed check shows what there was instead.
contains() {
    grep -qF -e "$2" "$1" || {
        echo "'$2' is not in $1:"
        tail -n 20 "$1"
        return 1
    }
}
