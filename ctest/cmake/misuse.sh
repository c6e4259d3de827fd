# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Checks of ctest/cmake/run: every mistake ends the configuration, in clear words.

own_misuse() {
    check "CMakeLists.txt: a toxcore version that is not supported" refused_setting -DTOXLINK_TOXCORE=0.2.17 \
        "toxcore 0.2.17 is not supported; supported: "
    check "CMakeLists.txt: one such version in a list" refused_setting "-DTOXLINK_TOXCORE=$toxcore;0.1" \
        "toxcore 0.1 is not supported; supported: "
    check "CMakeLists.txt: no version" refused_setting -DTOXLINK_TOXCORE= "TOXLINK_TOXCORE is empty"
    check "CMakeLists.txt: an unknown cipher" refused_setting -DTOXLINK_CRYPTO=rot13 \
        "TOXLINK_CRYPTO is libsodium or crypto_box, not rot13"
    check "CMakeLists.txt: an unknown module" refused_setting -DTOXLINK_MODULES=tcp-server \
        "there is no module tcp-server; modules: "
    check "CMakeLists.txt: a build inside the source tree" in_source_refused
}

# refused_setting SETTING COMPLAINT
refused_setting() {
    rm -rf "$work/refused"
    objects cmake -S "$ROOT" -B "$work/refused" "$1"
    complained "$2"
}

in_source_refused() {
    mkdir -p "$work/copy"
    cp -R "$ROOT/CMakeLists.txt" "$ROOT/Cargo.toml" "$ROOT/cmake" "$work/copy/"
    objects cmake -S "$work/copy" -B "$work/copy"
    complained "choose a directory for the build"
}

replace_misuse() {
    local refused="misuse of toxlink_replace_modules:"
    check "$refused no such target" refused_line 'toxlink_replace_modules(toxcore)' \
        "there is no target toxcore here"
    check "$refused twice" refused_line \
        'toxlink_replace_modules(toxcore_static)' 'toxlink_replace_modules(toxcore_static MODULES tcp-client)' \
        "is called twice for toxcore_static"
    check "$refused twice, the second time by another name" refused_line 'add_library(a ALIAS toxcore_static)' \
        'toxlink_replace_modules(toxcore_static)' 'toxlink_replace_modules(a)' "is called twice for toxcore_static"
    check "$refused no target, two targets, no module after MODULES" wrong_arguments
    check "$refused an unknown module" refused_line 'toxlink_replace_modules(toxcore_static MODULES tcp-server)' \
        "there is no module 'tcp-server'; modules: tcp-client, tcp-connections, friend-connection"
    check "$refused a file that is spelt otherwise" misspelt_file
    check "$refused a target without the files" refused_line 'toxlink_replace_modules(client_toxcore_static)' \
        "TCP_client.c, TCP_connection.c, friend_connection.c not among the sources of client_toxcore_static"
    check "$refused two files of one name" refused_line \
        'target_sources(toxcore_static PRIVATE other/TCP_client.c)' 'toxlink_replace_modules(toxcore_static)' \
        "more than one source of toxcore_static is called TCP_client.c: toxcore/TCP_client.c, "
    check "$refused an imported target" refused_line 'add_library(ready STATIC IMPORTED)' \
        'toxlink_replace_modules(ready)' "ready is an imported target"
    check "$refused an object library" refused_line 'add_library(objects OBJECT toxcore/TCP_client.c)' \
        'toxlink_replace_modules(objects)' "objects is of type OBJECT_LIBRARY"
    check "$refused a library made of an object library" refused_line \
        'add_library(objects OBJECT toxcore/TCP_client.c)' 'add_library(made STATIC $<TARGET_OBJECTS:objects>)' \
        'toxlink_replace_modules(made)' "It takes objects of another target ("
    check "$refused a version of toxcore that is not supported" wrong_version
    check "$refused a version whose library is not installed" version_not_installed
    check "$refused a checkout whose functions differ from the release's" other_prototype
    check "$refused a checkout whose structs differ" other_layout
    check "$refused a checkout that is another release than it says" other_release
    check "$refused a checkout without the headers" no_headers
    check "$refused a version that cannot be told" unknown_version
    check "$refused a library without the module" module_not_built
    check "$refused a library that has gone" library_gone
    check "into-toxcore.cmake: a project without toxcore's targets" include_without_targets
    check "into-toxcore.cmake: TOXLINK_TARGETS with a name that is none" include_with_wrong_target
}

# refused_line LINE... COMPLAINT: the stand-in with these lines at its end.
refused_line() {
    local complaint=${!#}
    {
        echo 'find_package(toxlink REQUIRED)'
        printf '%s\n' "${@:1:$#-1}"
    } >"$work/wrong.cmake"
    objects standin wrong -DSTANDIN_LINE="$work/wrong.cmake"
    complained "$complaint"
}

wrong_arguments() {
    local call
    for call in '' 'toxcore_static toxcore_shared' 'toxcore_static MODULES'; do
        refused_line "toxlink_replace_modules($call)" "usage: toxlink_replace_modules(TARGET [MODULES NAME...])"
    done
}

misspelt_file() {
    cp "$work/source/toxcore/TCP_client.c" "$work/source/toxcore/tcp_client.c"
    objects standin wrong -DSTANDIN_CLIENT=tcp_client.c -DSTANDIN_LINE="$work/static.cmake"
    rm "$work/source/toxcore/tcp_client.c"
    complained "TCP_client.c not among the sources of toxcore_static, so it cannot be replaced there. It has toxcore/tcp_client.c, spelt otherwise."
}

wrong_version() {
    objects with_version 0.2.98 standin wrong -DSTANDIN_LINE="$work/static.cmake"
    complained "toxcore_static is toxcore ${toxcore%.*}.98, which toxlink does not support"
    complained "Supported: "
    complained "$toxcore"
}

# broken FILE: the installed tree without this file, in $work/broken.
broken() {
    rm -rf "$work/broken"
    cp -R "$prefix" "$work/broken"
    rm "$work/broken/$1"
}

version_not_installed() {
    broken "lib/cmake/toxlink/toxlink-toxcore-$toxcore.cmake"
    objects standin wrong -DCMAKE_PREFIX_PATH="$work/broken" -DSTANDIN_LINE="$work/static.cmake"
    complained "toxlink's library for that version is not installed"
    complained "-DTOXLINK_TOXCORE=$toxcore"
}

# refused_headers COMMAND...: the stand-in with what COMMAND makes of its header.
refused_headers() {
    local header=$work/source/toxcore/TCP_client.h
    cp "$header" "$work/header"
    "$@" <"$work/header" >"$header"
    ! cmp "$header" "$work/header"
    objects standin wrong -DSTANDIN_LINE="$work/static.cmake"
    cp "$work/header" "$header"
    complained "the headers in $work/source/toxcore are not those of toxcore $toxcore"
}

other_prototype() {
    refused_headers sed 's/send_data(const Logger \*log, /&_Bool now, /'
    complained "conflicting types for"
}

other_layout() {
    refused_headers sed 's/^typedef struct IP_Port {/& uint64_t more;/'
    complained "size of IP_Port"
}

other_release() {
    local other
    for other in $(toxcore_versions); do
        [ "$other" = "$toxcore" ] || refused_headers standin_headers "$other"
    done
}

no_headers() {
    mv "$work/source/toxcore/friend_connection.h" "$work/header"
    objects standin wrong -DSTANDIN_LINE="$work/static.cmake"
    mv "$work/header" "$work/source/toxcore/friend_connection.h"
    complained "friend_connection.h: No such file"
}

unknown_version() {
    echo '/* nothing */' >"$work/source/toxcore/tox.h"
    objects standin wrong -DSTANDIN_LINE="$work/static.cmake"
    cp "$out/include/tox/tox.h" "$work/source/toxcore/tox.h"
    complained "the version of toxcore in toxcore_static cannot be told"
}

module_not_built() {
    local name=${modules%% *} file
    broken share/doc/toxlink/LICENSE
    file=$work/broken/lib/cmake/toxlink/toxlink-toxcore-$toxcore.cmake
    sed -i "s/TOXLINK_MODULES \".*\"/TOXLINK_MODULES \"none\"/" "$file"
    objects standin wrong -DCMAKE_PREFIX_PATH="$work/broken" -DSTANDIN_LINE="$work/static.cmake" \
        -DTOXLINK_MODULES="$name"
    complained "was built without the module $name; it has: none"
}

library_gone() {
    broken "lib/toxlink/$toxcore/libtoxlink.a"
    objects standin wrong -DCMAKE_PREFIX_PATH="$work/broken" -DSTANDIN_LINE="$work/static.cmake"
    complained "libtoxlink.a is missing: the installation is not complete"
}

include_without_targets() {
    write_project no-targets <<'END_OF_PROJECT'
cmake_minimum_required(VERSION 3.20)
project(toxcore LANGUAGES C)
END_OF_PROJECT
    objects cmake -S "$work/no-targets" -B "$work/no-targets/build" \
        -DCMAKE_PROJECT_toxcore_INCLUDE="$package/into-toxcore.cmake"
    complained "the project toxcore has neither toxcore_static nor toxcore_shared"
}

include_with_wrong_target() {
    objects standin wrong -DCMAKE_PROJECT_toxcore_INCLUDE="$package/into-toxcore.cmake" -DTOXLINK_TARGETS=toxcore_statik
    complained "there is no target toxcore_statik here"
}
