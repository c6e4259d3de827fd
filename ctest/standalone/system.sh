# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154,SC2153,SC2016
#
# Checks of ctest/standalone/install: the Debian packages in a throw-away system of this machine's suite.

# What an ordinary user has who builds programs.
BUILD_PACKAGES=gcc,g++,libc6-dev,make,cmake,pkg-config,libsodium-dev,libuv1-dev

system_checks() {
    need_packages dpkg-dev lintian python3 mmdebstrap
    if [ "$(id -u)" -ne 0 ]; then
        printf 'skipped %s\n' "system: chroot needs root"
        return
    fi
    suite=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-sid}")
    packages=$work/packages
    check "packages: made" "$ROOT/scripts/package" --standalone --crypto "$crypto" --out "$packages"
    [ -n "$(find "$packages" -name '*.deb' 2>/dev/null)" ] || return 0
    check "packages: lintian finds neither errors nor warnings" lintian_clean "$packages"/*.deb
    check "packages: lintian notices one without copyright file" faulty_package_noticed
    check "packages: their files, and who needs whom" package_files
    root=$work/root
    minimal_root "$suite" "$ROOT/build/suites/$suite-standalone.tar" "$BUILD_PACKAGES" "$root"
    mkdir "$root/tmp/packages"
    cp "$packages"/*.deb "$root/tmp/packages/"
    inside useradd --create-home user
    cp "$here/probe.c" "$here/load.c" "$root/home/user/"
    check "system: without the packages the program does not compile" user_fails "toxlink.h" 'cc probe.c -ltoxlink -o probe'
    check "system: they install, by apt, with nothing missing" inside sh -c 'apt-get install --yes /tmp/packages/*.deb && apt-get check'
    check "system: dpkg finds the files as they were packed" dpkg_verifies
    check "system: a changed file is noticed" changed_file_noticed
    user_checks
    removal_checks
}

user_checks() {
    check "user: pkg-config, shared" user_works 'cc -std=c99 probe.c $(pkg-config --cflags --libs toxlink) -o probe && ./probe'
    check "user: pkg-config, static" user_works \
        'cc -static probe.c $(pkg-config --static --cflags --libs toxlink) -o probe-static && ./probe-static'
    check "user: C++17" user_works 'c++ -std=c++17 -xc++ probe.c -xnone $(pkg-config --cflags --libs toxlink) -o probe-cpp && ./probe-cpp'
    check "user: find_package, shared and static" user_cmake
    check "user: each example compiles" user_examples
    check "user: the chat of the examples is heard" user_chats
    check "user: an example that does not compile is noticed" broken_example_noticed
    check "user: the library is loaded by its SONAME and closed 200 times" user \
        "cc -std=gnu11 load.c -o load -pthread -ldl && ./load $soname"
    check "user: toxlink-relay runs" relay_answers chroot --userspec=user:user "$root" toxlink-relay
}

removal_checks() {
    check "system: without libtoxlink-dev the programs run" without_dev
    check "system: without the library the shared one does not" without_library
    check "system: purged, nothing is left" purged
    check "system: a file left behind is noticed" left_file_noticed
}

inside() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root "$@"
}

# user COMMAND: in a shell, in the home directory.
user() {
    chroot --userspec=user:user "$root" env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 HOME=/home/user sh -c "cd && $1"
}

user_works() {
    user "$1" | tee "$work/said"
    contains "$work/said" "toxlink $version works"
}

# user_fails COMPLAINT COMMAND
user_fails() {
    objects user "$2"
    complained "$1"
}

# ---- packages

lintian_clean() {
    lintian --allow-root --fail-on error,warning "$@"
}

faulty_package_noticed() {
    dpkg-deb --raw-extract "$packages"/toxlink-relay_*.deb "$work/faulty-package"
    rm "$work/faulty-package/usr/share/doc/toxlink-relay/copyright"
    dpkg-deb --root-owner-group --build "$work/faulty-package" "$work/faulty.deb"
    objects lintian_clean "$work/faulty.deb"
    complained 'E: toxlink-relay: no-copyright-file'
}

package_files() {
    local directory series=${soname#libtoxlink.so.}
    directory=usr/lib/$(gcc -print-multiarch)
    file_is_in "libtoxlink$series" "$directory/libtoxlink.so.$version" "$directory/$soname"
    file_is_in libtoxlink-dev usr/include/toxlink.h "$directory/libtoxlink.a" "$directory/libtoxlink.so" \
        "$directory/pkgconfig/toxlink.pc" "$directory/cmake/toxlink/toxlinkConfig.cmake"
    file_is_in toxlink-relay usr/bin/toxlink-relay usr/share/man/man1/toxlink-relay.1.gz
    grep -q '/examples/.*\.c$' <<<"$(dpkg-deb --contents "$packages"/libtoxlink-dev_*.deb)"
    dpkg-deb --field "$packages"/libtoxlink-dev_*.deb Depends | grep -F "libtoxlink$series (= "
    dpkg-deb --field "$packages/libtoxlink$series"_*.deb Depends | grep -F 'libc6 (>= '
}

# file_is_in PACKAGE FILE...
file_is_in() {
    local package=$1 file
    shift
    dpkg-deb --contents "$packages/$package"_*.deb | awk '{ print $6 }' >"$work/contents"
    for file in "$@"; do
        grep -qxF "./$file" "$work/contents" || { echo "$package has no $file"; return 1; }
    done
}

# What minimal roots leave out of /usr/share is not its concern here.
dpkg_verifies() {
    local odd
    inside dpkg-query --show "libtoxlink${soname#libtoxlink.so.}" libtoxlink-dev toxlink-relay
    odd=$(inside dpkg --verify "libtoxlink${soname#libtoxlink.so.}" libtoxlink-dev toxlink-relay | grep -v /usr/share/) || :
    [ -z "$odd" ] || { echo "$odd"; return 1; }
}

changed_file_noticed() {
    cp "$root/usr/include/toxlink.h" "$work/kept.h"
    echo >>"$root/usr/include/toxlink.h"
    objects dpkg_verifies
    complained /usr/include/toxlink.h
    cp "$work/kept.h" "$root/usr/include/toxlink.h"
}

# ---- the ordinary user

user_cmake() {
    mkdir -p "$root/home/user/project"
    cat >"$root/home/user/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.20)
project(client LANGUAGES C)
find_package(toxlink REQUIRED COMPONENTS standalone)
foreach(kind toxlink toxlink-static)
    add_executable(with-${kind} ../probe.c)
    target_link_libraries(with-${kind} PRIVATE toxlink::${kind})
endforeach()
END
    user 'cmake -S project -B made && cmake --build made'
    user_works made/with-toxlink
    user_works made/with-toxlink-static
}

# Those of the package, whose documents a minimal root may leave out.
user_examples() {
    rm -rf "$root/home/user/examples"
    mkdir "$work/unpacked" 2>/dev/null || rm -rf "$work/unpacked"
    dpkg-deb --extract "$packages"/libtoxlink-dev_*.deb "$work/unpacked"
    cp -R "$work/unpacked/usr/share/doc/libtoxlink-dev/examples" "$root/home/user/examples"
    [ -z "${1:-}" ] || printf '%s\n' "$1" >"$root/home/user/examples/broken.c"
    inside chown -R user:user /home/user
    user 'cd examples && for file in *.c; do
        echo "$file" && cc -std=gnu11 -Wall -Wextra -Werror "$file" $(pkg-config --cflags --libs toxlink libuv) -pthread -o "${file%.c}" || exit 1
    done'
}

# The program that README begins with, as user_examples has left it.
user_chats() {
    local said
    said=$(user 'cd examples && timeout 60 ./chat') || return 1
    printf '%s\n' "$said"
    grep -q '^-- 6 of 6 lines heard' <<<"$said"
}

broken_example_noticed() {
    objects user_examples 'int main(void) { return no_such_function(); }'
    complained no_such_function
}

# ---- removal

without_dev() {
    inside apt-get purge --yes libtoxlink-dev
    user_works ./probe
    user_works ./probe-static
    user_fails toxlink.h 'cc probe.c -ltoxlink -o other'
}

without_library() {
    inside apt-get purge --yes "libtoxlink${soname#libtoxlink.so.}"
    user_works ./probe-static
    user_fails "$soname: cannot open shared object file" ./probe
}

purged() {
    inside apt-get purge --yes toxlink-relay
    nothing_left
}

nothing_left() {
    local left
    left=$(find "$root" \( -path "$root/tmp/packages" -o -path "$root/home" -o -path "$root/proc" \) -prune -o -name '*toxlink*' -print)
    [ -z "$left" ] || { echo "left: $left"; return 1; }
    ! inside ldconfig --print-cache | grep toxlink
    ! inside dpkg-query --show '*toxlink*' 2>/dev/null
}

left_file_noticed() {
    touch "$root/usr/include/toxlink.h"
    objects nothing_left
    complained usr/include/toxlink.h
}
