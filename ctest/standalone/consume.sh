# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154,SC2153,SC2016
#
# Checks of ctest/standalone/install: installed by CMake, moved, and taken up by programs.

consume_checks() {
    check "response files: programs with the static and the shared library" response_files
    check "CMake: TOXLINK_TOXCORE=none builds without apt; its ctest runs both probes" cmake_build
    check "CMake: without a C compiler's tools it says what is missing" cmake_no_tools
    check "CMake: files go below DESTDIR and the prefix, in the usual places" cmake_install
    check "CMake: nothing in the files names the prefix or this machine's directories" install_movable
    check "CMake: a file that names the prefix is noticed" fixed_prefix_noticed
    # From here on the tree is used in a place that it has never heard of.
    mkdir -p "$work/moved"
    mv "$work/destination/opt/toxlink" "$work/moved/here"
    prefix=$work/moved/here
    check "CMake: the shared library and the program are what scripts/build made" installed_as_built
    check "CMake: the program installed runs" relay_answers "$prefix/bin/toxlink-relay"
    check "pkg-config: shared, C99 and C++17" pkg_config_shared
    check "pkg-config: static, the C library shared" pkg_config_archive
    check "pkg-config: fully static" pkg_config_static
    check "pkg-config: without its private words the static program does not link" pkg_config_words_needed
    check "find_package: shared and static, from C and from C++" cmake_consumer
    check "find_package: the component standalone is refused where it is not installed" cmake_no_standalone
    check "find_package: a later series of toxlink is not what was asked for" cmake_wrong_series
    check "find_package: a library that has gone is noticed" cmake_library_gone
    check "add_subdirectory: toxlink as a part of a client's project" cmake_subdirectory
}

# compile COMPILER OUTPUT ARGUMENT...: the probe.
compile() {
    local compiler=$1 output=$2
    shift 2
    # shellcheck disable=SC2086
    $compiler -Wall -Wextra -Werror "$here/probe.c" -xnone "$@" -o "$output"
}

# works PROGRAM
works() {
    "$@" | tee "$work/said"
    contains "$work/said" "toxlink $version works"
}

# needs PROGRAM yes|no: whether it needs the shared library.
needs() {
    local there=no
    ! grep -qxF "$soname" <<<"$(_dynamic_entry "$1" NEEDED)" || there=yes
    [ "$there" = "$2" ] || { echo "${1##*/} needs:"; _dynamic_entry "$1" NEEDED; return 1; }
}

response_files() {
    compile "cc -std=c99" "$work/probe" "@$built/link.args"
    works "$work/probe"
    needs "$work/probe" no
    compile "cc -std=c99" "$work/probe" "@$built/link-shared.args"
    works "$work/probe"
    needs "$work/probe" yes
}

cmake_build() {
    local tool
    mkdir "$work/without-apt"
    for tool in apt-get apt-cache dpkg-query; do
        printf '#!/bin/sh\necho "$0 $*" >>%q\nexit 1\n' "$work/apt-calls" >"$work/without-apt/$tool"
        chmod +x "$work/without-apt/$tool"
    done
    PATH=$work/without-apt:$PATH cmake -G "Unix Makefiles" -S "$ROOT" -B "$work/cmake" -DTOXLINK_TOXCORE=none \
        "-DTOXLINK_CRYPTO=$crypto"
    PATH=$work/without-apt:$PATH cmake --build "$work/cmake"
    [ ! -e "$work/apt-calls" ] || { cat "$work/apt-calls"; return 1; }
    ctest --test-dir "$work/cmake" --no-tests=error --output-on-failure | tee "$work/said"
    contains "$work/said" "100% tests passed, 0 tests failed out of 2"
    needs "$work/cmake/standalone-probe" yes
    needs "$work/cmake/standalone-probe-static" no
}

# The directories of the path without objcopy.
cmake_no_tools() {
    local tool
    mkdir "$work/few-tools"
    for tool in bash env cat cargo rustc cc gcc ld ar nm as strip readelf sed awk grep uname mkdir rm ln id dirname flock \
        tail sort tr mktemp cmp cp mv make; do
        ln -s "$(command -v "$tool")" "$work/few-tools/$tool"
    done
    PATH=$work/few-tools objects "$(command -v cmake)" -G "Unix Makefiles" -S "$ROOT" -B "$work/refused" -DTOXLINK_TOXCORE=none
    complained "objcopy is needed"
}

cmake_install() {
    DESTDIR=$work/destination cmake --install "$work/cmake" --prefix /opt/toxlink
    (cd "$work/destination" && find . ! -type d | LC_ALL=C sort) >"$work/files"
    printf './opt/toxlink/%s\n' bin/toxlink-relay include/toxlink.h lib/libtoxlink.a lib/libtoxlink.so "lib/$soname" \
        "lib/libtoxlink.so.$version" lib/pkgconfig/toxlink.pc share/doc/toxlink/{LICENSE,cmake.md} \
        lib/cmake/toxlink/{toxlinkConfig,toxlinkConfigVersion,toxlink-standalone}.cmake |
        LC_ALL=C sort | diff - "$work/files"
    [ "$(readlink "$work/destination/opt/toxlink/lib/libtoxlink.so")" = "$soname" ]
}

install_movable() {
    local place
    for place in /opt/toxlink "$work" "$ROOT"; do
        ! grep -rlF -e "$place" "${1:-$work/destination}" --include='*.cmake' --include='*.pc' --include='*.h' ||
            { echo "these name $place"; return 1; }
    done
}

fixed_prefix_noticed() {
    mkdir "$work/fixed"
    sed 's|^prefix=.*|prefix=/opt/toxlink|' "$work/destination/opt/toxlink/lib/pkgconfig/toxlink.pc" >"$work/fixed/toxlink.pc"
    objects install_movable "$work/fixed"
    complained "these name /opt/toxlink"
}

installed_as_built() {
    cmp "$library" "$prefix/lib/$soname"
    cmp "$built/libtoxlink.a" "$prefix/lib/libtoxlink.a"
    cmp "$built/toxlink-relay" "$prefix/bin/toxlink-relay"
    cmp "$header" "$prefix/include/toxlink.h"
}

# relay_answers COMMAND...: it starts, and says its key and its address.
relay_answers() {
    local pid tries
    "$@" >"$work/relay" 2>&1 &
    pid=$!
    for ((tries = 0; tries < 100; tries++)); do
        ! grep -q '^listening ' "$work/relay" || break
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill "$pid" || { cat "$work/relay"; return 1; }
    grep -E '^public-key [0-9A-F]{64}$' "$work/relay"
    grep -E '^listening 127\.0\.0\.1:[0-9]+$' "$work/relay"
}

words() {
    PKG_CONFIG_PATH=${pc_directory:-$prefix/lib/pkgconfig} pkg-config "$@" toxlink
}

pkg_config_shared() {
    local compiler
    [ "$(words --modversion)" = "$version" ]
    for compiler in "cc -std=c99 -pedantic" "c++ -xc++ -std=c++17 -pedantic"; do
        # shellcheck disable=SC2046
        compile "$compiler" "$work/probe" $(words --cflags --libs)
        needs "$work/probe" yes
        works env "LD_LIBRARY_PATH=$prefix/lib" "$work/probe"
    done
    # What only the library needs is not among the words.
    ! words --libs | grep -e -lsodium
    objects "$work/probe"
    complained "$soname: cannot open shared object file"
}

# The linker's own choice would be the shared one.
archive_words() {
    words --static --cflags --libs | sed 's/-ltoxlink/-l:libtoxlink.a/'
}

pkg_config_archive() {
    # shellcheck disable=SC2046
    compile "cc -std=c99" "$work/probe" $(archive_words)
    needs "$work/probe" no
    works "$work/probe"
}

pkg_config_static() {
    # getaddrinfo of a static glibc draws a warning.
    # shellcheck disable=SC2046
    cc -static "$here/probe.c" $(words --static --cflags --libs) -o "$work/static"
    [ -z "$(_dynamic_entry "$work/static" NEEDED)" ]
    works "$work/static"
}

pkg_config_words_needed() {
    [ "$crypto" = libsodium ] || return 0
    mkdir "$work/pc"
    sed '/^Requires.private:/d' "$prefix/lib/pkgconfig/toxlink.pc" >"$work/pc/toxlink.pc"
    sed -i "s|^prefix=.*|prefix=$prefix|" "$work/pc/toxlink.pc"
    # shellcheck disable=SC2046
    pc_directory=$work/pc objects compile "cc -std=c99" "$work/probe" $(pc_directory=$work/pc archive_words)
    complained "undefined reference to \`crypto_"
}

# write_project NAME: a project whose CMakeLists.txt is read from stdin.
write_project() {
    rm -rf "${work:?}/$1"
    mkdir -p "$work/$1"
    cat >"$work/$1/CMakeLists.txt"
}

# Components come as arguments.
consumer_project() {
    cp "$here/probe.c" "$work/probe.c"
    cp "$here/probe.c" "$work/probe.cpp"
    write_project consumer <<END
cmake_minimum_required(VERSION 3.20)
project(consumer LANGUAGES C CXX)
set(CMAKE_C_STANDARD 99)
set(CMAKE_CXX_STANDARD 17)
find_package(toxlink $1 REQUIRED COMPONENTS standalone)
foreach(kind toxlink toxlink-static)
    foreach(language c cpp)
        add_executable(\${kind}-\${language} $work/probe.\${language})
        target_link_libraries(\${kind}-\${language} PRIVATE toxlink::\${kind})
    endforeach()
endforeach()
END
}

# configure PREFIX
configure() {
    cmake -G Ninja -S "$work/consumer" -B "$work/consumer/build" "-DCMAKE_PREFIX_PATH=$1"
}

cmake_consumer() {
    local kind language
    consumer_project "${version%.*}"
    configure "$prefix"
    cmake --build "$work/consumer/build" --verbose
    for language in c cpp; do
        for kind in toxlink toxlink-static; do works "$work/consumer/build/$kind-$language"; done
        needs "$work/consumer/build/toxlink-$language" yes
        needs "$work/consumer/build/toxlink-static-$language" no
    done
}

# faulty_tree: a copy of what is installed.
faulty_tree() {
    rm -rf "$work/faulty"
    cp -R "$prefix" "$work/faulty"
}

cmake_no_standalone() {
    faulty_tree
    rm "$work/faulty/lib/cmake/toxlink/toxlink-standalone.cmake"
    consumer_project "${version%.*}"
    objects configure "$work/faulty"
    complained "the standalone library is not installed"
}

cmake_wrong_series() {
    consumer_project 0.99
    objects configure "$prefix"
    tr -s ' \n' ' ' <"$work/complaint" | grep -F 'compatible with requested version "0.99"'
}

cmake_library_gone() {
    faulty_tree
    rm "$work/faulty/lib/libtoxlink.a"
    consumer_project "${version%.*}"
    objects configure "$work/faulty"
    complained "libtoxlink.a"
}

cmake_subdirectory() {
    write_project client <<END
cmake_minimum_required(VERSION 3.20)
project(client LANGUAGES C)
add_subdirectory($ROOT toxlink EXCLUDE_FROM_ALL)
add_executable(client $here/probe.c)
target_link_libraries(client PRIVATE toxlink::toxlink)
add_executable(client-static $here/probe.c)
target_link_libraries(client-static PRIVATE toxlink::toxlink-static)
END
    cmake -G Ninja -S "$work/client" -B "$work/client/build" -DTOXLINK_TOXCORE=none "-DTOXLINK_CRYPTO=$crypto"
    cmake --build "$work/client/build"
    works "$work/client/build/client"
    works "$work/client/build/client-static"
    needs "$work/client/build/client" yes
    needs "$work/client/build/client-static" no
}
