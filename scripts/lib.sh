# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Shared helpers of the project's scripts. Source it, do not run it:
#
#   set -euo pipefail
#   . "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
#
# It gives: ROOT (project root, absolute), say, die, one_of, as_root, at_exit, need_packages,
# need_rust, with_progress and in_netns. It changes no shell option of the caller.

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# Some callers know the same value by the longer name.
# shellcheck disable=SC2034
root_dir=$ROOT

# Where with_progress puts its logs, unless the caller says otherwise.
: "${LOG_DIR:=$ROOT/build/logs}"
# Log of the latest with_progress call.
PROGRESS_LOG=

# say MSG...: one line to stderr, with the time of day.
say() {
    printf '[%(%H:%M:%S)T] %s\n' -1 "$*" >&2
}

# die MSG...: says MSG and ends the script with status 1.
die() {
    say "error: $*"
    exit 1
}

# one_of WORD WORDS: WORD is among WORDS, which are separated by white space.
one_of() {
    local word
    for word in $2; do
        [ "$word" != "$1" ] || return 0
    done
    return 1
}

# as_root CMD...: runs CMD with root's rights, through sudo when the caller is somebody else.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo -- "$@"
    else
        die "this step needs root's rights (or sudo): $*"
    fi
}

# ask_for_root: has sudo ask for the password now, if it needs one. Inside with_progress, where a command
# has no terminal, it could not.
ask_for_root() {
    if [ "$(id -u)" -ne 0 ] && command -v sudo >/dev/null 2>&1; then
        sudo -v || die "this step needs root's rights"
    fi
}

# at_exit CMD: evaluates CMD when the script ends, also after Ctrl-C or a TERM signal. Commands
# run in reverse order. Replaces traps on EXIT, INT and TERM, so do not mix it with your own.
_exit_commands=()
at_exit() {
    if [ "${#_exit_commands[@]}" -eq 0 ]; then
        trap _run_exit_commands EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
    fi
    _exit_commands+=("$1")
}

_run_exit_commands() {
    local status=$? i
    trap - EXIT
    trap '' INT TERM
    for ((i = ${#_exit_commands[@]} - 1; i >= 0; i--)); do
        eval "${_exit_commands[i]}" || say "clean-up step failed: ${_exit_commands[i]}"
    done
    exit "$status"
}

# need_packages PKG...: installs through apt those of PKG that are missing, and says so.
# Nothing happens when all are there. The package lists are fetched only when apt does not know a
# package or cannot install it with the lists it has, and only once per script.
_apt_updated=no
need_packages() {
    local missing=() package
    for package in "$@"; do
        _package_installed "$package" || missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    command -v apt-get >/dev/null 2>&1 ||
        die "these packages are needed and there is no apt-get here: ${missing[*]}"
    for package in "${missing[@]}"; do
        _package_known "$package" || apt_update_once
    done
    say "installing: ${missing[*]}"
    ask_for_root
    if ! _apt_install "${missing[@]}"; then
        [ "$_apt_updated" = no ] || die "apt-get could not install: ${missing[*]}"
        apt_update_once
        _apt_install "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
    fi
}

_package_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

_package_known() {
    [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]
}

_apt_install() {
    with_progress "apt-get install $*" as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

# apt_update_once: fetches the package lists, at most once per script.
apt_update_once() {
    [ "$_apt_updated" = no ] || return 0
    _apt_updated=yes
    ask_for_root
    with_progress "apt-get update" as_root apt-get -o DPkg::Lock::Timeout=300 update ||
        say "apt-get update reported errors; going on with the lists there are"
}

# with_progress LABEL CMD...: runs CMD with its output in a log file under LOG_DIR (its name is left
# in PROGRESS_LOG). Every 5 s a line tells that it is still running. On failure the end of the log
# is shown. Returns CMD's status. CMD and its children are ended on Ctrl-C or TERM.
with_progress() {
    local label=$1 started=$SECONDS status=0 ticker monitor=no old_int old_term
    shift
    mkdir -p "$LOG_DIR"
    PROGRESS_LOG=$LOG_DIR/$(_slug "$label").log
    printf '[%(%H:%M:%S)T] %s ...\n' -1 "$label" >&2
    old_int=$(trap -p INT)
    old_term=$(trap -p TERM)
    # Job control gives CMD a process group of its own, so that all of it can be ended at once.
    case $- in *m*) monitor=yes ;; esac
    set -m
    "$@" >"$PROGRESS_LOG" 2>&1 </dev/null &
    _progress_pid=$!
    _tick "$_progress_pid" "$label" &
    ticker=$!
    [ "$monitor" = yes ] || set +m
    trap '_progress_stop INT '"$ticker" INT
    trap '_progress_stop TERM '"$ticker" TERM
    wait "$_progress_pid" || status=$?
    _end_group "$ticker"
    trap - INT TERM
    eval "$old_int"
    eval "$old_term"
    if [ "$status" -eq 0 ]; then
        say "$label: done ($((SECONDS - started)) s)"
    else
        say "$label: FAILED with status $status after $((SECONDS - started)) s; end of $PROGRESS_LOG:"
        tail -n "${PROGRESS_TAIL:-40}" "$PROGRESS_LOG" >&2
    fi
    return "$status"
}

_slug() {
    local text=${1//[^A-Za-z0-9._-]/-}
    printf '%s' "${text:0:60}"
}

_tick() {
    local pid=$1 label=$2 seconds=0
    while sleep 5 && kill -0 "$pid" 2>/dev/null; do
        seconds=$((seconds + 5))
        say "$label: running, $seconds s"
    done
}

# Ends a process group that with_progress started; it may be gone already.
_end_group() {
    kill -TERM -- "-$1" 2>/dev/null || :
    wait "$1" 2>/dev/null || :
}

# Ctrl-C or TERM during with_progress: end the command, then the script; the caller's EXIT trap, if
# it has one, runs.
_progress_stop() {
    local signal=$1 ticker=$2 tries
    trap - INT TERM
    _end_group "$ticker"
    kill -TERM -- "-$_progress_pid" 2>/dev/null || :
    for ((tries = 0; tries < 50; tries++)); do
        kill -0 -- "-$_progress_pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$_progress_pid" 2>/dev/null || :
    case $signal in INT) exit 130 ;; *) exit 143 ;; esac
}

# in_netns CMD...: runs CMD (a program, not a shell function) in a fresh network namespace whose
# only interface is lo, up, with an MTU of 1500. Where namespaces are not permitted CMD is run
# plainly. Says which of the two it was; IN_NETNS=yes or no is in CMD's environment.
in_netns() {
    local flags
    if ! flags=$(netns_flags); then
        say "network namespaces are not permitted here: running on this machine's own loopback"
        IN_NETNS=no "$@"
        return
    fi
    need_packages iproute2
    say "running in a network namespace of its own, loopback MTU 1500"
    # shellcheck disable=SC2086
    IN_NETNS=yes unshare $flags -- bash -c 'ip link set dev lo mtu 1500 up && exec "$@"' bash "$@"
}

# netns_flags: prints the options for unshare(1) that work here, or fails.
netns_flags() {
    local flags
    for flags in "-n" "-r -n"; do
        # shellcheck disable=SC2086
        if unshare $flags -- true 2>/dev/null; then
            printf '%s\n' "$flags"
            return 0
        fi
    done
    return 1
}

# need_rust [TOOL...]: makes sure of cargo and rustc in the version that Cargo.toml asks for, and of
# the extra tools named (fmt, clippy). A toolchain that is there and new enough is left alone; else
# one is installed through apt if the suite has one that is new enough.
need_rust() {
    local wanted have tool suffix
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml")
    [ -n "$wanted" ] || die "Cargo.toml names no rust-version"
    if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    fi
    have=$(rustc --version 2>/dev/null | awk '{ print $2 }') || have=
    if ! command -v cargo >/dev/null 2>&1 || ! _version_ge "${have:-0}" "$wanted"; then
        if suffix=$(_apt_rust_suffix "$wanted"); then
            need_packages "cargo$suffix" "rustc$suffix"
        else
            die "Rust $wanted or later is needed (found: ${have:-none}) and apt has none that recent"
        fi
    fi
    for tool in "$@"; do
        cargo "$tool" --version >/dev/null 2>&1 && continue
        suffix=$(_apt_rust_suffix "$wanted") || die "cargo $tool is needed and apt has none that fits"
        case $tool$suffix in
            fmt*) need_packages "rustfmt$suffix" ;;
            clippy-web) need_packages rust-web-clippy ;;
            clippy*) need_packages "rust-clippy$suffix" ;;
            *) die "need_rust does not know the tool $tool" ;;
        esac
    done
}

_version_ge() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

# Debian has a second, newer toolchain in some suites: the packages whose names end in -web.
_apt_rust_suffix() {
    local wanted=$1 suffix candidate
    _package_known rustc || apt_update_once
    for suffix in "" -web; do
        candidate=$(apt-cache policy "rustc$suffix" 2>/dev/null | awk '$1 == "Candidate:" { print $2 }')
        case $candidate in '' | '(none)') continue ;; esac
        if _version_ge "${candidate#*:}" "$wanted"; then
            printf '%s' "$suffix"
            return 0
        fi
    done
    return 1
}
