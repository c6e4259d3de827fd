# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Programs and libraries of any Debian suite, unpacked but not installed. Sourced after lib.sh and
# debian.sh. No script of a package runs, nothing needs root. A program of another suite is started by
# that suite's own ld.so (see ld_so_of), so it gets that suite's C library whatever this machine runs.

# suite_root SUITE DIR PACKAGE...: the packages and all that they depend on, unpacked into DIR/root.
# Nothing is fetched again while the suite has the same versions.
suite_root() {
    local suite=$1 dir=$2 lock status=0
    shift 2
    suite_ready "$suite" || return
    mkdir -p "${dir%/*}"
    # Two scripts may want the same at once.
    exec {lock}>"$dir.lock"
    flock -w 600 "$lock" || die "another script is busy with $dir for too long"
    if ! _fetch_root "$suite" "$dir" "$@"; then
        # The mirror may have moved on since the lists were fetched.
        rm -f "$ROOT/build/apt/$suite/updated"
        { suite_ready "$suite" && _fetch_root "$suite" "$dir" "$@"; } || status=$UNAVAILABLE
    fi
    exec {lock}>&-
    return "$status"
}

_fetch_root() {
    local suite=$1 dir=$2 wanted have
    shift 2
    wanted=$(_closure "$suite" "$@")
    if [ -z "$wanted" ]; then
        say "Debian $suite: cannot resolve $*; apt says:"
        in_suite "$suite" apt-get install -s --no-install-recommends "$@" 2>&1 | tail -n 5 >&2 || :
        return 1
    fi
    have=$(cat "$dir/packages" 2>/dev/null) || have=
    [ "$have" != "$wanted" ] || return 0
    rm -rf "$dir"
    mkdir -p "$dir/debs" "$dir/root"
    # shellcheck disable=SC2086
    (cd "$dir/debs" && with_progress "fetching $* and what it needs from $suite" \
        in_suite "$suite" apt-get download $wanted) || return 1
    _merged_usr "$dir/root"
    with_progress "unpacking $* of $suite" _unpack_debs "$dir/debs" "$dir/root" || die "could not unpack $*"
    rm -rf "$dir/debs"
    printf '%s\n' "$wanted" >"$dir/packages"
}

# NAME=VERSION of the packages that apt would install on a machine that has nothing yet.
_closure() {
    local suite=$1
    shift
    in_suite "$suite" apt-get install -s --no-install-recommends "$@" 2>/dev/null |
        awk '$1 == "Inst" { sub(/^\(/, "", $3); print $2 "=" $3 }' | LC_ALL=C sort
}

# /bin, /lib, ... are links into /usr, as base-files has them.
_merged_usr() {
    local name
    mkdir -p "$1"/usr/{bin,sbin,lib,lib64}
    for name in bin sbin lib lib64; do ln -s "usr/$name" "$1/$name"; done
}

_unpack_debs() {
    local package
    for package in "$1"/*.deb; do
        dpkg-deb --fsys-tarfile "$package" |
            tar -x -C "$2" --keep-directory-symlink --no-same-owner --exclude='./dev/*' || return 1
    done
}

# ld_so_of ROOT: the program loader in it.
ld_so_of() {
    printf '%s' "$1/usr/lib64/ld-linux-x86-64.so.2"
}

# library_path_of ROOT: where its libraries are, with colons between.
library_path_of() {
    local dir path=
    for dir in "$1"/usr/lib/x86_64-linux-gnu{,/pulseaudio,/blas,/lapack}; do
        [ ! -d "$dir" ] || path+=${path:+:}$dir
    done
    printf '%s' "$path"
}

# minimal_root SUITE TARBALL PACKAGES DIR: a minimal Debian with PACKAGES (commas between), in DIR, to play
# in as root: no network but loopback, and nothing for apt. It is kept in TARBALL for a day. Ends the script
# if there is none; with status 77 if the suite cannot be reached.
minimal_root() {
    local suite=$1 tarball=$2 packages=$3 dir=$4 name value options=()
    if [ -z "$(find "$tarball" -mmin -1440 2>/dev/null)" ] ||
        [ "$(cat "$tarball.packages" 2>/dev/null)" != "$packages" ]; then
        suite_ready "$suite" || exit
        mkdir -p "${tarball%/*}"
        rm -f "$tarball"
        # Whether an old copy of the archive will do is this machine's choice.
        for name in Acquire::Check-Valid-Until Acquire::Check-Date; do
            value=$(apt-config dump --format '%v' "$name")
            [ -z "$value" ] || options+=("--aptopt=$name \"$value\"")
        done
        if ! with_progress "a minimal Debian $suite with $packages" mmdebstrap --variant=minbase --include="$packages" \
            "${options[@]}" "$suite" "$tarball.new.tar" "$ROOT/build/apt/$suite/sources.list"; then
            rm -f "$tarball.new.tar" "$ROOT/build/apt/$suite/updated"
            # With no answer from the suite there is nothing to test; else this is a failure.
            suite_ready "$suite" || exit
            die "no root of Debian $suite"
        fi
        mv "$tarball.new.tar" "$tarball"
        printf '%s\n' "$packages" >"$tarball.packages"
    fi
    mkdir "$dir"
    tar -x -C "$dir" -f "$tarball" --exclude='./dev/*'
    # All that a program asks for of devices.
    mknod -m 666 "$dir/dev/null" c 1 3
    mknod -m 666 "$dir/dev/zero" c 1 5
    mknod -m 666 "$dir/dev/random" c 1 8
    mknod -m 666 "$dir/dev/urandom" c 1 9
    : >"$dir/etc/apt/sources.list"
    rm -f "$dir"/etc/apt/sources.list.d/*
}
