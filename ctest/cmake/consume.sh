# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Checks of ctest/cmake/run: a client that takes the installed tree by find_package or pkg-config.

consume_checks() {
    check "find_package: a client of its own gets our modules, by the link map, and runs" cmake_client
    check "find_package: a version that is not installed is refused" cmake_wrong_component
    check "find_package: a libtoxcore.a of another version is refused" cmake_wrong_toxcore
    check "find_package: without a libtoxcore.a it says what is missing" cmake_no_toxcore
    check "find_package: a path that the linker's options cannot hold is refused" cmake_odd_path
    check "find_package: a later series of toxlink is not what was asked for" cmake_wrong_series
    check "pkg-config: a client gets our modules, by the link map, and runs" pkg_config_client
    check "pkg-config: the words twice, before and after the program, and with --gc-sections" pkg_config_twice
    check "pkg-config: a libtoxcore.a that comes too early is a link error" pkg_config_too_early
    check "pkg-config: with our object not asked for, the check of the link map fails" pkg_config_check_can_fail
    check "pkg-config: a fully static program" pkg_config_static
    check "pkg-config: a toxcore of another version is refused" pkg_config_wrong_toxcore
}

# is_ours MAP: the program of this link map has our modules, all of them, from libtoxlink.a.
is_ours() {
    # shellcheck disable=SC2086
    check_map "$1" "$toxcore" $modules
}

# consumer DIR ARGUMENT...: configures the client project.
consumer() {
    local directory=$work/$1
    shift
    cmake -S "$here/consumer" -B "$directory" -DCMAKE_PREFIX_PATH="$prefix" \
        -DTOXLINK_LIBTOXCORE="$out/libtoxcore.a" -DTOXLINK_TOX_INCLUDE_DIR="$out/include" "$@"
}

cmake_client() {
    # build/VERSION/include has toxlink-statistics.h too: take toxcore's headers alone.
    mkdir -p "$work/headers"
    cp -R "$out/include/tox" "$work/headers/"
    consumer consumer -DTOXLINK_TOX_INCLUDE_DIR="$work/headers" -DCONSUMER_COMPONENTS="$toxcore"
    cmake --build "$work/consumer" --verbose
    is_ours "$work/consumer/client.map"
    "$work/consumer/client" | tee "$work/said"
    contains "$work/said" "tox $toxcore works"
    if one_of tcp-connections "$modules"; then
        "$work/consumer/statistics"
    fi
}

cmake_wrong_component() {
    objects consumer wrong -DCONSUMER_COMPONENTS=0.2.17
    complained "no library for toxcore 0.2.17 is installed (installed: $toxcore)"
}

cmake_wrong_toxcore() {
    mkdir -p "$work/other/tox"
    sed 's/\(define TOX_VERSION_PATCH \).*/\1 99/' "$out/include/tox/tox.h" >"$work/other/tox/tox.h"
    objects consumer wrong -DTOXLINK_TOX_INCLUDE_DIR="$work/other"
    complained "tox.h is of toxcore '${toxcore%.*}.99', and toxlink is installed for $toxcore"
}

cmake_no_toxcore() {
    objects consumer wrong -DTOXLINK_LIBTOXCORE=NOTFOUND -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF \
        -DCMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF
    complained "there is no libtoxcore.a with its header tox/tox.h here"
}

cmake_odd_path() {
    mkdir -p "$work/odd place"
    cp "$out/libtoxcore.a" "$work/odd place/"
    objects consumer wrong -DTOXLINK_LIBTOXCORE="$work/odd place/libtoxcore.a"
    complained "allow neither a space nor a comma"
}

cmake_wrong_series() {
    sed 's/find_package(toxlink 0.1 /find_package(toxlink 0.99 /' "$here/consumer/CMakeLists.txt" |
        write_project series
    objects cmake -S "$work/series" -B "$work/series/build" -DCMAKE_PREFIX_PATH="$prefix"
    complained 'compatible with requested version "0.99"'
}

# write_project NAME: a project whose CMakeLists.txt is read from stdin.
write_project() {
    mkdir -p "$work/$1"
    cat >"$work/$1/CMakeLists.txt"
}

# Debian's toxcore.pc as it would be where build/VERSION is installed, with the version given.
write_toxcore_pc() {
    mkdir -p "$work/pc"
    printf '%s\n' "prefix=$out" 'Name: toxcore' 'Description: stand-in for the one of libtoxcore-dev' \
        "Version: $1" 'Requires.private: libsodium opus vpx' "Libs: -L\${prefix} -ltoxcore" \
        "Cflags: -I\${prefix}/include" >"$work/pc/toxcore.pc"
}

words() {
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig:$work/pc pkg-config "$@" "toxlink-$toxcore"
}

# compile_client OUTPUT ARGUMENT...
compile_client() {
    local output=$1
    shift
    cc -std=gnu11 -Wall -Wextra -Werror "$@" "-Wl,-Map,$output.map" -o "$output"
}

pkg_config_client() {
    write_toxcore_pc "$toxcore"
    # shellcheck disable=SC2046
    compile_client "$work/client.out" "$here/standin/client.c" $(words --cflags --libs) -L"$out"
    is_ours "$work/client.out.map"
    "$work/client.out"
    [ "$(words --variable=modules)" = "$modules" ]
    words --cflags --libs >"$work/said"
    contains "$work/said" "$prefix/lib/pkgconfig/../../lib/toxlink/$toxcore/libtoxlink.a"
    if one_of tcp-connections "$modules"; then
        contains "$work/said" "-I$prefix"
        # shellcheck disable=SC2046
        compile_client "$work/statistics" "$ROOT/ctest/abi/statistics.c" $(words --cflags --libs) -L"$out"
        "$work/statistics"
    fi
}

# What a library built without tcp-connections cannot offer: see link_words in cmake/install.cmake.
pkg_config_twice() {
    local twice=
    write_toxcore_pc "$toxcore"
    ! one_of tcp-connections "$modules" || twice=$(words --libs)
    # shellcheck disable=SC2046,SC2086
    compile_client "$work/client.out" -L"$out" $twice "$here/standin/client.c" $(words --cflags --libs) -Wl,--gc-sections
    is_ours "$work/client.out.map"
}

pkg_config_too_early() {
    write_toxcore_pc "$toxcore"
    # shellcheck disable=SC2046
    objects compile_client "$work/client.out" "$here/standin/client.c" "$out/libtoxcore.a" $(words --cflags --libs) -L"$out"
    complained "multiple definition"
}

# The seeded fault: the classic mistake, which no tool reports.
pkg_config_check_can_fail() {
    local wrong
    write_toxcore_pc "$toxcore"
    wrong=$(words --cflags --libs | sed 's/--whole-archive,//; s/,--no-whole-archive//; s/--undefined=[^,]*,//')
    # shellcheck disable=SC2086
    compile_client "$work/client.out" "$here/standin/client.c" $wrong -L"$out"
    objects is_ours "$work/client.out.map"
    complained "of libtoxcore.a is in the program"
}

pkg_config_static() {
    write_toxcore_pc "$toxcore"
    # getaddrinfo of a static glibc draws a warning.
    # shellcheck disable=SC2046
    cc -static "$here/standin/client.c" $(words --static --cflags --libs) -L"$out" "-Wl,-Map,$work/static.map" \
        -o "$work/static"
    is_ours "$work/static.map"
    ! readelf -d "$work/static" | grep NEEDED
    "$work/static"
}

pkg_config_wrong_toxcore() {
    write_toxcore_pc "${toxcore%.*}.99"
    objects words --cflags --libs
    complained "toxcore = $toxcore"
}
