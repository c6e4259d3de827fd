# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Packages of any Debian suite, whatever suite this machine runs. Sourced after lib.sh. Nothing is
# installed and the machine's own apt is not changed: each suite has an apt of its own under
# build/apt/SUITE, which takes the mirror and the keys from the machine's configuration.
#
# Functions that need the network return UNAVAILABLE (77) when a suite cannot be reached or has not
# what was asked for, after saying so; a caller that cannot go on exits with the same number, and
# scripts/test counts it as skipped. Any other trouble ends the script.

# shellcheck disable=SC2034
UNAVAILABLE=77

# One line per supported toxcore: version, the suite that ships it.
TOXCORE_TABLE='
0.2.18  bookworm
0.2.20  trixie
0.2.22  sid
'

# The supported versions of toxcore.
toxcore_versions() {
    awk 'NF == 2 { print $1 }' <<<"$TOXCORE_TABLE"
}

# suite_of VERSION: the Debian suite that ships this toxcore.
suite_of() {
    awk -v version="$1" '$1 == version { print $2 }' <<<"$TOXCORE_TABLE"
}

# abi_of VERSION: the Cargo feature of this toxcore.
abi_of() {
    printf 'abi-%s' "${1//./-}"
}

# tox_abi_of VERSION: what the C tests call it, in TOX_ABI: 218 for 0.2.18.
tox_abi_of() {
    printf '2%s' "${1##*.}"
}

# in_suite SUITE COMMAND...: apt-get or apt-cache, as a machine of that suite would run it.
in_suite() {
    local root=$ROOT/build/apt/$1 command=$2
    shift 2
    "$command" -o Dir::State="$root/state" -o Dir::State::status="$root/status" -o Dir::Cache="$root/cache" \
        -o Dir::Etc::SourceList="$root/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o APT::Default-Release= \
        -o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Sandbox::User="$(id -un)" \
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
}

# suite_fetch SUITE DIRECTORY PACKAGE[=VERSION]...: puts the .deb files into DIRECTORY.
suite_fetch() {
    local suite=$1 directory=$2
    shift 2
    suite_ready "$suite" || return
    mkdir -p "$directory" || die "cannot make $directory"
    (cd "$directory" && with_progress "fetch from $suite $*" in_suite "$suite" apt-get download "$@") || {
        _only_unavailable
        say "Debian $suite: could not fetch $*"
        return "$UNAVAILABLE"
    }
}

# suite_refresh SUITE: the lists are fetched anew when they are needed next.
suite_refresh() {
    rm -f "$ROOT/build/apt/$1/updated"
}

# suite_version SUITE PACKAGE [UPSTREAM]: the version of the package there (of this upstream version).
suite_version() {
    local found
    suite_ready "$1" || return
    found=$(in_suite "$1" apt-cache madison "$2" 2>/dev/null | awk -v v="${3:-}" '
        { plain = $3; sub(/^[0-9]+:/, "", plain) }
        v == "" || (index(plain, v) == 1 && substr(plain, length(v) + 1, 1) ~ /^[-+~]?$/) { print $3; exit }')
    if [ -z "$found" ]; then
        say "Debian $1 has no $2${3:+ of version $3}; it has: $(
            in_suite "$1" apt-cache madison "$2" 2>/dev/null | awk '{ print $3 }' | sort -u | tr '\n' ' ')"
        return "$UNAVAILABLE"
    fi
    printf '%s' "$found"
}

# suite_ready SUITE: its package lists are there and at most a day old.
suite_ready() {
    local suite=$1 root=$ROOT/build/apt/$1 mirror keys security
    [ -z "$(find "$root/updated" -mmin -1440 2>/dev/null)" ] || return 0
    if ! command -v apt-get >/dev/null 2>&1 || ! mirror=$(_debian_mirror); then
        say "Debian $suite: this machine's apt names no Debian mirror"
        return "$UNAVAILABLE"
    fi
    keys=$(_debian_keys) || {
        need_packages debian-archive-keyring
        keys=$(_debian_keys) || die "debian-archive-keyring has no keyring"
    }
    mkdir -p "$root"/{state/lists/partial,cache/archives/partial} && [ -w "$root/state/lists" ] ||
        die "${root#"$ROOT"/} cannot be written; does it belong to somebody else?"
    : >"$root/status"
    {
        printf 'deb [signed-by=%s] %s %s main\n' "$keys" "$mirror" "$suite"
        if [ "$suite" != sid ]; then
            printf 'deb [signed-by=%s] %s %s main\n' "$keys" "$mirror" "$suite-updates"
            security=$(_archive_of Debian-Security)
            [ -z "$security" ] || printf 'deb [signed-by=%s] %s %s main\n' "$keys" "$security" "$suite-security"
        fi
    } >"$root/sources.list"
    if ! with_progress "package lists of Debian $suite" in_suite "$suite" apt-get -o APT::Update::Error-Mode=any update; then
        _only_unavailable
        say "Debian $suite cannot be reached"
        return "$UNAVAILABLE"
    fi
    touch "$root/updated"
}

_debian_keys() {
    local file
    for file in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
        [ ! -r "$file" ] || { printf '%s' "$file"; return; }
    done
    return 1
}

# The apt call that has just failed did so because something is not there, or not now. Else the script
# ends: a signature that is wrong, a full disk or an error of ours is no reason to skip anything.
_only_unavailable() {
    if ! grep -qE 'Could not resolve|Temporary failure|Could not connect|Unable to connect|Connection (failed|refused|timed out|reset)|Network is unreachable|No route to host|4[0-9][0-9] |50[0-9] |does not have a Release file|was not found' \
        "$PROGRESS_LOG" || grep -qE 'BADSIG|NO_PUBKEY|EXPKEYSIG|not signed|Hash Sum mismatch|No space left|Permission denied' "$PROGRESS_LOG"; then
        die "apt failed, and not for want of a network: see ${PROGRESS_LOG#"$ROOT"/}"
    fi
}

# The mirror of Debian's main archive that this machine uses.
_debian_mirror() {
    local mirror
    mirror=$(_archive_of Debian)
    if [ -z "$mirror" ]; then
        apt_update_once
        mirror=$(_archive_of Debian)
    fi
    [ -n "$mirror" ] && printf '%s' "$mirror"
}

# _archive_of LABEL: the address of that archive of Debian's.
_archive_of() {
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk -F '|' -v label="$1" '$1 == "Debian" && $2 == label { print $3; exit }'
}
