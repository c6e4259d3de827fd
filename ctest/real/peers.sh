# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The real peers, as Debian ships them: fetched and unpacked, but not installed, so that no service
# is started and nothing of the machine's configuration is touched. Needs scripts/lib.sh.

peer_packages=(microsocks dante-server tinyproxy-bin toxcore-utils)

# unpack_peers DIR: leaves the peers' files in DIR. Nothing happens when they are there.
unpack_peers() {
    local dir=$1 spool lock
    # Suites of several toxcore versions may run at the same time.
    mkdir -p "${dir%/*}"
    exec {lock}>"$dir.lock"
    flock "$lock"
    if [ ! -e "$dir/complete" ]; then
        say "fetching peers: ${peer_packages[*]}"
        spool=$(mktemp -d)
        at_exit "rm -rf '$spool'"
        # apt fetches as a user of its own.
        if [ "$(id -u)" -eq 0 ] && id _apt >/dev/null 2>&1; then
            chown _apt "$spool"
        fi
        fetch_peers "$spool" || { apt_update_once && fetch_peers "$spool"; } ||
            die "could not fetch the peers' packages"
        rm -rf "$dir"
        mkdir -p "$dir"
        unpack_all "$spool" "$dir"
        touch "$dir/complete"
    fi
    exec {lock}>&-
    # shellcheck disable=SC2046
    need_packages $(cat "$dir/libraries")
}

fetch_peers() {
    (cd "$1" && with_progress "apt-get download ${peer_packages[*]}" \
        apt-get download "${peer_packages[@]}")
}

# Unpacks the packages and notes which libraries they need.
unpack_all() {
    local spool=$1 dir=$2 package
    for package in "$spool"/*.deb; do
        dpkg-deb --extract "$package" "$dir"
        dpkg-deb --field "$package" Depends
    done | tr ',' '\n' | sed 's/|.*//; s/([^)]*)//; s/[[:space:]]//g' | grep '^lib' | sort -u >"$dir/libraries"
}

# use_peers DIR: tells the test programs where the peers are.
use_peers() {
    local dir=$1
    export REAL_MICROSOCKS=$dir/usr/bin/microsocks
    export REAL_DANTED=$dir/usr/sbin/danted
    export REAL_TINYPROXY=$dir/usr/bin/tinyproxy
    export REAL_BOOTSTRAPD=$dir/usr/bin/tox-bootstrapd
    local program
    for program in "$REAL_MICROSOCKS" "$REAL_DANTED" "$REAL_TINYPROXY" "$REAL_BOOTSTRAPD"; do
        [ -x "$program" ] || die "$program is missing"
    done
}
