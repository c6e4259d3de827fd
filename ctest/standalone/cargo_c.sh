# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154,SC2153
#
# Checks of ctest/standalone/install: what cargo cinstall installs.

# The suite whose cargo-c is taken, not installed, where this machine has none that knows edition 2024.
CARGO_C_SUITE=trixie

cargo_c_checks() {
    local status=0
    find_cargo_c || status=$?
    if [ "$status" -ne 0 ]; then
        printf 'skipped %s\n' "cargo-c: the one here does not know edition 2024, and Debian $CARGO_C_SUITE cannot be reached"
        return
    fi
    check "cargo-c: installs the standalone library" cinstall "$work/cargo-c" --prefix /opt/c --libdir /opt/c/lib
    check "cargo-c: header, both libraries and the file for pkg-config" cinstall_files "$work/cargo-c"
    check "cargo-c: a missing file is noticed" cinstall_missing_noticed
    check "cargo-c: the shared library has the SONAME and the names that ours has" cinstall_library
    check "cargo-c: programs by pkg-config, shared and static" cinstall_programs
    check "cargo-c: with a toxcore version, the static library of both" cinstall_toxcore
}

# find_cargo_c: sets cargo_c to the command.
find_cargo_c() {
    local root=$ROOT/build/suites/$CARGO_C_SUITE-cargo-c
    if cargo cinstall --version 2>/dev/null | grep -qE ' (0\.[1-9][0-9]|[1-9])'; then
        cargo_c=(cargo cinstall)
        return
    fi
    suite_root "$CARGO_C_SUITE" "$root" cargo-c || return
    root=$root/root
    cargo_c=("$(ld_so_of "$root")" --library-path "$(library_path_of "$root")" "$root/usr/bin/cargo-cinstall" cinstall)
}

# cinstall DIR ARGUMENT...: installs below DIR.
cinstall() {
    local dir=$1
    shift
    # The compiler itself: a proxy before it would look for a toolchain file in each crate.
    (
        cd "$ROOT" || exit
        PATH=$(rustc --print sysroot)/bin:$PATH
        nice -n 5 "${cargo_c[@]}" --destdir "$dir" --target-dir "$ROOT/target/cargo-c" "$@"
    )
}

# cinstall_files DIR
cinstall_files() {
    (cd "$1" && find . ! -type d | LC_ALL=C sort) >"$work/files"
    printf './opt/c/%s\n' include/toxlink.h lib/libtoxlink.a lib/libtoxlink.so "lib/$soname" \
        "lib/libtoxlink.so.$version" lib/pkgconfig/toxlink.pc | LC_ALL=C sort | diff - "$work/files"
    cmp "$header" "$1/opt/c/include/toxlink.h"
}

cinstall_missing_noticed() {
    cp -R "$work/cargo-c" "$work/cargo-c-faulty"
    rm "$work/cargo-c-faulty/opt/c/include/toxlink.h"
    objects cinstall_files "$work/cargo-c-faulty"
    complained "< ./opt/c/include/toxlink.h"
}

cinstall_library() {
    local made=$work/cargo-c/opt/c/lib/$soname
    diff <(_dynamic_names "$library") <(_dynamic_names "$made")
    diff <(_dynamic_entry "$library" SONAME) <(_dynamic_entry "$made" SONAME)
}

cinstall_programs() {
    local tree=$work/cargo-c/opt/c
    export PKG_CONFIG_PATH=$tree/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/cargo-c
    # shellcheck disable=SC2046
    compile "cc -std=c99" "$work/probe" $(pkg-config --cflags --libs toxlink)
    needs "$work/probe" yes
    works env "LD_LIBRARY_PATH=$tree/lib" "$work/probe"
    # shellcheck disable=SC2046
    compile "cc -std=c99" "$work/probe" $(pkg-config --static --cflags --libs toxlink | sed 's/-ltoxlink/-l:libtoxlink.a/g')
    needs "$work/probe" no
    works "$work/probe"
}

cinstall_toxcore() {
    local tree=$work/cargo-c-toxcore/opt/c toxcore name
    toxcore=$(toxcore_versions | tail -n 1)
    cinstall "$work/cargo-c-toxcore" --prefix /opt/c --libdir /opt/c/lib --library-type staticlib \
        --features "$(abi_of "$toxcore"),$(implemented_modules | paste -sd ,)"
    (cd "$tree" && find . ! -type d | LC_ALL=C sort) >"$work/files"
    printf './%s\n' include/toxlink.h lib/libtoxlink.a lib/pkgconfig/toxlink.pc |
        diff - "$work/files"
    global_names "$tree/lib/libtoxlink.a" 2>/dev/null | awk '{ print $1 }' | LC_ALL=C sort -u >"$work/names"
    {
        declared_names "$header"
        for name in $(implemented_modules); do exports_of "$toxcore" "$name"; done
    } | LC_ALL=C sort -u | LC_ALL=C comm -23 - "$work/names" >"$work/missing"
    [ ! -s "$work/missing" ] || { echo "it lacks:"; head "$work/missing"; return 1; }
}
