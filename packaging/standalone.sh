# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154,SC2034
#
# The packages of the standalone library: libtoxlink0.1 (its name has the number of the SONAME),
# libtoxlink-dev and toxlink-relay, for the Debian of this machine. Sourced by scripts/package, which
# sets `work`, `crypto`, `maintainer` and `toxlink`, and fills templates with what is set here.

# package_standalone DIR: builds the library and puts the packages into DIR.
package_standalone() {
    local name
    out=$1
    built=$ROOT/build/standalone
    need_packages gcc libc6-dev binutils make cmake libsodium-dev
    # Lower than any of Debian's own.
    package_version=$toxlink-0toxlink1
    install_standalone
    filled standalone_changelog.in >"$work/changelog"
    series=$(sed -n 's/^soname=libtoxlink\.so\.//p' "$built/config")
    standalone_copyright >"$work/copyright"
    umask 022
    split_library
    split_development
    split_relay
    for name in "libtoxlink$series" libtoxlink-dev toxlink-relay; do
        PACKAGE=$name
        close_tree "$work/$name"
        make_package "$work/$name"
    done
}

# What cmake --install leaves, below /usr in $work/all.
install_standalone() {
    with_progress "the standalone library, by CMake" cmake -G "Unix Makefiles" -S "$ROOT" -B "$work/cmake" \
        -DTOXLINK_TOXCORE=none "-DTOXLINK_CRYPTO=$crypto" -DCMAKE_INSTALL_PREFIX=/usr \
        "-DCMAKE_INSTALL_LIBDIR=${DIRECTORY#/usr/}" || die "the standalone library does not build"
    DESTDIR=$work/all cmake --install "$work/cmake" >"$work/install.log" || die "the standalone library does not install"
    # In its own place for good: compilers leave such directories out.
    sed -i 's|^prefix=.*|prefix=/usr|' "$work/all$DIRECTORY/pkgconfig/toxlink.pc"
}

split_library() {
    local tree=$work/libtoxlink$series
    mkdir -p "$tree/DEBIAN" "$tree$DIRECTORY"
    mv "$work/all$DIRECTORY"/libtoxlink.so.* "$tree$DIRECTORY/"
    printf 'libtoxlink %s libtoxlink%s (>= %s)\n' "$series" "$series" "$toxlink" >"$tree/DEBIAN/shlibs"
    printf 'activate-noawait ldconfig\n' >"$tree/DEBIAN/triggers"
}

split_development() {
    local tree=$work/libtoxlink-dev examples
    mkdir -p "$tree/usr/share/doc/libtoxlink-dev/examples" "$tree$DIRECTORY"
    mv "$work/all/usr/include" "$tree/usr/"
    mv "$work/all$DIRECTORY"/{libtoxlink.so,libtoxlink.a,pkgconfig,cmake} "$tree$DIRECTORY/"
    cp "$work/all/usr/share/doc/toxlink/cmake.md" "$tree/usr/share/doc/libtoxlink-dev/"
    examples=("$ROOT"/examples/c/*)
    [ -e "${examples[0]}" ] || examples=("$ROOT/ctest/standalone/probe.c")
    cp -R "${examples[@]}" "$tree/usr/share/doc/libtoxlink-dev/examples/"
}

split_relay() {
    local tree=$work/toxlink-relay
    mkdir -p "$tree/usr/share/man/man1"
    mv "$work/all/usr/bin" "$tree/usr/"
    gzip -9n <"$ROOT/packaging/toxlink-relay.1" >"$tree/usr/share/man/man1/toxlink-relay.1.gz"
}

# close_tree TREE: the documents and control files that every package has.
close_tree() {
    local tree=$1 docs=$1/usr/share/doc/$PACKAGE
    mkdir -p "$tree/DEBIAN" "$docs"
    cp "$work/copyright" "$docs/copyright"
    gzip -9n <"$work/changelog" >"$docs/changelog.Debian.gz"
    chmod -R u=rwX,go=rX "$tree"
    size=$(du -k --apparent-size -s "$tree" | cut -f 1)
    depends=$(needed_packages "$tree")
    dev_depends=
    [ "$crypto" != libsodium ] || dev_depends=', libsodium-dev'
    filled standalone_control.in | awk -v RS= -v name="$PACKAGE" '$0 ~ "^Package: " name "\n" { print }' >"$tree/DEBIAN/control"
    (cd "$tree" && find usr -type f | LC_ALL=C sort | xargs md5sum) >"$tree/DEBIAN/md5sums"
}

# needed_packages TREE: those that have the libraries that its program or library needs.
needed_packages() {
    local files
    files=$(find "$1/usr" -type f \( -path '*/bin/*' -o -name '*.so.*' \))
    [ -n "$files" ] || return 0
    mkdir -p "$work/debian"
    printf 'Source: toxlink\n\nPackage: %s\nArchitecture: amd64\n' "$PACKAGE" >"$work/debian/control"
    # shellcheck disable=SC2086
    (cd "$work" && dpkg-shlibdeps -O $files) | sed -n 's/^shlibs:Depends=//p'
}

standalone_copyright() {
    filled standalone_copyright.in
    sed '1,/^====/d' "$ROOT/packaging/toxlink_copyright.in"
    printf '\n\n2. Rust\n=======\n\n'
    cargo_metadata "api$([ "$crypto" != libsodium ] || printf ',libsodium')" |
        python3 "$ROOT/packaging/licences.py" || die "the licences of the crates are not all known"
    filled rust_copyright.in
}
