# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Checks of ctest/cmake/run: toxlink in a build of toxcore from source, tried on ctest/cmake/standin.

replace_checks() {
    local name
    check "stand-in: without toxlink its three files are in, and work" standin_alone
    check "replace: by one line in CMakeLists.txt, Makefiles" replaced_by_line
    check "replace: by CMAKE_PROJECT_toxcore_INCLUDE, Ninja, targets linked with PRIVATE" replaced_by_include
    check "replace: the object is in libtoxcore.a, the C files are not" object_in_archive
    check "replace: the archive alone, in any order on the command line" archive_alone
    check "replace: a newer libtoxlink.a is taken up by the next build" newer_library
    for name in $modules; do
        check "replace: $name alone, the other C files stay and work" one_module "$name"
    done
    check "replace: the modules named in the call" modules_of_call
    check "replace: toxcore as a subdirectory of a client's project" as_subdirectory
    check "visibility: a version script holds for our names" names_with_script
    check "visibility: without one they are seen as those of the C files would be" names_without_script
    check "visibility: hidden by preset, by option, by flags" names_hidden
    check "versions: of two that are installed, the one that fits is taken" two_versions
}

# The stand-in for toxcore in $work/source: its three files go on to Debian's modules, whose names
# have original_ in front; all the rest of toxcore is rest.o.
make_standin() {
    local name member source=$work/source
    cp -R "$here/standin" "$source"
    cp "$ROOT/packaging/glue.c" "$source/"
    cp -R "$out/include" "$source/include"
    cp "$out"/include/tox/*.h "$source/toxcore/"
    standin_headers "$toxcore" >"$source/toxcore/TCP_client.h"
    for name in TCP_connection friend_connection; do
        echo '#include "TCP_client.h"' >"$source/toxcore/$name.h"
    done
    cp "$out/libtoxcore.a" "$work/rest.a"
    for name in $(all_modules); do
        member=$(member_of "$name")
        symbols_of "$toxcore" "$name" | sed 's/.*/FORWARD(&);/' >"$source/toxcore/$name.names"
        symbols_of "$toxcore" "$name" | sed 's/.*/& original_&/' >"$work/renamed"
        # Names are renamed where they are defined. The callers of other modules keep asking for the
        # name itself, and get the stand-in's file or ours.
        ar p "$out/libtoxcore.a" "$member" >"$work/$member"
        objcopy --redefine-syms="$work/renamed" "$work/$member"
        ar d "$work/rest.a" "$member"
        ar q "$work/rest.a" "$work/$member"
    done
    ld -r --whole-archive "$work/rest.a" -o "$source/rest.o"
    printf '{ global: tox_*; toxav_*; local: *; };\n' >"$source/toxcore.map"
    printf 'find_package(toxlink REQUIRED)\ntoxlink_replace_modules(%s)\n' toxcore_static >"$work/static.cmake"
    {
        cat "$work/static.cmake"
        printf 'toxlink_replace_modules(%s)\n' toxcore_shared
    } >"$work/both.cmake"
    printf 'find_package(toxlink REQUIRED)\ntoxlink_replace_modules(%s)\n' toxcore_shared >"$work/shared.cmake"
}

# standin_headers VERSION: what that version's headers declare, as far as it concerns us.
standin_headers() {
    printf '%s\n' '#pragma once' '#include <stdbool.h>' '#include <stddef.h>' '#include <stdint.h>'
    grep -v '^#include' "$ROOT/ctest/toxabi.h" | cc -E -P -DTOX_ABI="$(tox_abi_of "$1")" -xc -
}

# standin DIR ARGUMENT...: configures the stand-in in $work/DIR.
standin() {
    local directory=$work/$1
    shift
    rm -rf "$directory"
    cmake -S "$work/source" -B "$directory" -DCMAKE_PREFIX_PATH="$prefix" "$@"
}

c_file_of() {
    local member
    member=$(member_of "$1")
    printf '%s' "${member%.o}"
}

# runs_with PROGRAM MODULE...: it works, and of the stand-in's files just those of MODULE are in it and
# were called, unless their only caller is ours and does not need them.
runs_with() {
    local program=$1 name calls
    shift
    "$program" 2>"$work/reports" | tee "$work/said"
    contains "$work/said" "tox $toxcore works"
    cat "$work/reports"
    for name in $(all_modules); do
        if one_of "$name" "$*"; then
            calls='[1-9][0-9]*'
            [ -z "$(caller_of "$name")" ] || one_of "$(caller_of "$name")" "$*" || calls=0
            grep -Eq "^stand-in $(c_file_of "$name"): $calls calls$" "$work/reports" ||
                { echo "the stand-in's $(c_file_of "$name") was not called as it should be"; return 1; }
        elif grep -q "^stand-in $(c_file_of "$name")" "$work/reports"; then
            echo "the stand-in's $(c_file_of "$name") is in the program"
            return 1
        fi
    done
}

# The modules of toxcore that our library does not replace.
others() {
    local name
    for name in $(all_modules); do
        one_of "$name" "$*" || printf '%s ' "$name"
    done
}

# shellcheck disable=SC2046,SC2086
both_run_with_ours() {
    runs_with "$work/$1/client_toxcore_static" $(others $modules)
    runs_with "$work/$1/client_toxcore_shared" $(others $modules)
}

standin_alone() {
    # shellcheck disable=SC2046
    standin alone
    cmake --build "$work/alone"
    # shellcheck disable=SC2046
    runs_with "$work/alone/client_toxcore_static" $(all_modules)
    # shellcheck disable=SC2046
    runs_with "$work/alone/client_toxcore_shared" $(all_modules)
}

replaced_by_line() {
    standin line -G "Unix Makefiles" -DSTANDIN_LINE="$work/both.cmake" | tee "$work/configure.log"
    contains "$work/configure.log" "toxlink: toxcore_static (toxcore $toxcore): ${modules// /, } from $prefix/lib/toxlink/$toxcore/libtoxlink.a in place of toxcore/"
    contains "$work/configure.log" "toxlink: toxcore_shared (toxcore $toxcore): "
    cmake --build "$work/line"
    both_run_with_ours line
}

replaced_by_include() {
    standin include -G Ninja -DCMAKE_PROJECT_toxcore_INCLUDE="$package/into-toxcore.cmake" -DCMAKE_PREFIX_PATH= \
        -DSTANDIN_KEYWORDS=ON
    cmake --build "$work/include"
    both_run_with_ours include
}

object_in_archive() {
    local name
    ar t "$work/line/libtoxcore.a" >"$work/members"
    grep -qx toxlink.o "$work/members"
    for name in $modules; do
        ! grep -x "$(member_of "$name")" "$work/members"
    done
}

# A user of libtoxcore.a who knows neither CMake nor toxlink: where it was built nothing is needed but it.
archive_alone() {
    local rest=(-lsodium -lopus -lvpx -lm -lpthread)
    cmake --install "$work/line" --prefix "$work/toxcore"
    cc -I"$out/include" "$here/standin/client.c" "$work/toxcore/lib/libtoxcore.a" "${rest[@]}" -o "$work/client.out"
    # shellcheck disable=SC2046,SC2086
    runs_with "$work/client.out" $(others $modules)
    cc -I"$out/include" -L"$work/toxcore/lib" "${rest[@]}" "$here/standin/client.c" -l:libtoxcore.a "${rest[@]}" \
        -o "$work/client.out"
    # shellcheck disable=SC2046,SC2086
    runs_with "$work/client.out" $(others $modules)
}

has_section() {
    readelf -SW "$1" | grep "\.note\.newer "
}

newer_library() {
    local archive=$prefix/lib/toxlink/$toxcore/libtoxlink.a
    objects has_section "$work/line/libtoxcore.a"
    cp "$archive" "$work/libtoxlink.a"
    (cd "$work" && ar x libtoxlink.a toxlink.o)
    echo newer >"$work/note"
    objcopy --add-section ".note.newer=$work/note" "$work/toxlink.o"
    ar rc "$archive" "$work/toxlink.o"
    # File systems with coarse times: newer beyond doubt.
    touch -d '+2 seconds' "$archive"
    cmake --build "$work/line"
    cp "$work/libtoxlink.a" "$archive"
    has_section "$work/line/libtoxcore.a"
    both_run_with_ours line
}

one_module() {
    standin one -G Ninja -DSTANDIN_LINE="$work/static.cmake" -DTOXLINK_MODULES="$1"
    cmake --build "$work/one" --target client_toxcore_static
    # shellcheck disable=SC2046
    runs_with "$work/one/client_toxcore_static" $(others "$1")
}

modules_of_call() {
    local wanted=(${modules% *})
    [ "${#wanted[@]}" -le 2 ] || wanted=("${wanted[@]:0:2}")
    printf 'find_package(toxlink REQUIRED)\ntoxlink_replace_modules(toxcore_shared MODULES %s)\n' \
        "${wanted[*]}" >"$work/call.cmake"
    standin call -DSTANDIN_LINE="$work/call.cmake" -DTOXLINK_MODULES=friend-connection
    cmake --build "$work/call" --target client_toxcore_shared
    # shellcheck disable=SC2046
    runs_with "$work/call/client_toxcore_shared" $(others "${wanted[@]}")
}

as_subdirectory() {
    write_project parent <<END_OF_PROJECT
cmake_minimum_required(VERSION 3.20)
project(client VERSION 7.8.9 LANGUAGES C)
add_subdirectory($work/source toxcore)
find_package(toxlink REQUIRED)
toxlink_replace_modules(toxcore_static)
END_OF_PROJECT
    cmake -G Ninja -S "$work/parent" -B "$work/parent/build" -DCMAKE_PREFIX_PATH="$prefix"
    cmake --build "$work/parent/build" --target client_toxcore_static
    # shellcheck disable=SC2046,SC2086
    runs_with "$work/parent/build/toxcore/client_toxcore_static" $(others $modules)
}

# exported DIR: which of our names the stand-in's shared library exports.
exported() {
    local name
    nm -D --defined-only "$1/libtoxcore.so" | awk '{ print $3 }' | LC_ALL=C sort >"$work/dynamic"
    grep -qx tox_new "$work/dynamic" || { echo "$1/libtoxcore.so does not export tox_new"; return 1; }
    for name in $modules; do exports_of "$toxcore" "$name"; done | LC_ALL=C sort | LC_ALL=C comm -12 - "$work/dynamic"
}

names_with_script() {
    [ -z "$(exported "$work/line")" ]
}

names_without_script() {
    local name
    standin open -DSTANDIN_LINE="$work/shared.cmake" -DSTANDIN_SCRIPT=OFF
    cmake --build "$work/open" --target toxcore_shared
    diff <(exported "$work/open") <(for name in $modules; do exports_of "$toxcore" "$name"; done | LC_ALL=C sort)
}

names_hidden() {
    local way
    for way in -DSTANDIN_HIDDEN=ON -DSTANDIN_OPTION=-fvisibility=hidden -DCMAKE_C_FLAGS=-fvisibility=hidden; do
        standin hidden -G Ninja -DSTANDIN_LINE="$work/both.cmake" -DSTANDIN_SCRIPT=OFF "$way"
        cmake --build "$work/hidden"
        [ -z "$(exported "$work/hidden")" ] || { echo "with $way these are exported:"; exported "$work/hidden"; return 1; }
        both_run_with_ours hidden
    done
}

# A second version beside the first: the same library under another number.
two_versions() {
    local other=${toxcore%.*}.99 two=$work/two
    cp -R "$prefix" "$two"
    cp -R "$two/lib/toxlink/$toxcore" "$two/lib/toxlink/$other"
    sed "s/$toxcore/$other/g" "$package/toxlink-toxcore-$toxcore.cmake" >"$two/lib/cmake/toxlink/toxlink-toxcore-$other.cmake"
    sed -i "s/\(TOXLINK_SUPPORTED_VERSIONS \"\)/\1$other;/" "$two/lib/cmake/toxlink/toxlinkConfig.cmake"
    # There are no headers of a version that does not exist.
    standin two-builds -DCMAKE_PREFIX_PATH="$two" -DSTANDIN_LINE="$work/static.cmake" | tee "$work/configure.log"
    contains "$work/configure.log" "from $two/lib/toxlink/$toxcore/libtoxlink.a"
    with_version "$other" standin two-builds -DCMAKE_PREFIX_PATH="$two" -DSTANDIN_LINE="$work/static.cmake" \
        -DTOXLINK_ABI_CHECK=OFF 2>&1 | tee "$work/configure.log"
    contains "$work/configure.log" "(TOXLINK_ABI_CHECK)"
    contains "$work/configure.log" "from $two/lib/toxlink/$other/libtoxlink.a"
}

# with_version VERSION COMMAND...: the stand-in's tox.h says VERSION while COMMAND runs.
with_version() {
    local version=$1 status=0 header=$work/source/toxcore/tox.h
    shift
    sed "s/\(define TOX_VERSION_PATCH \).*/\1 ${version##*.}/" "$out/include/tox/tox.h" >"$header"
    "$@" || status=$?
    cp "$out/include/tox/tox.h" "$header"
    return "$status"
}
