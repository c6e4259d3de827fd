# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2086,SC2046
#
# The standalone library: how scripts/build makes libtoxlink.so and libtoxlink.a of it, and checks of
# both. Sourced after lib.sh and link_check.sh; the checks are used by ctest/standalone, too.
# Each check prints every fault it finds, names in one line, and returns 1 if there was one.

# With a major version of 0 each minor version may break programs, so it is part of the name, as cargo-c
# has it. The names in the library have no versions: what such a name stands for never changes.
standalone_version() {
    sed -n 's/^version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml" | sed -n 1p
}

# soname_of VERSION
soname_of() {
    case $1 in
        0.*) printf 'libtoxlink.so.%s' "${1%.*}" ;;
        *) printf 'libtoxlink.so.%s' "${1%%.*}" ;;
    esac
}

# declared_names HEADER: the functions that it declares, sorted.
declared_names() {
    cc -E -P -xc "$1" | grep -oE '\btoxlink_[a-z0-9_]+ *\(' | tr -d ' (' | LC_ALL=C sort -u
}

# link_shared ARCHIVE OUTPUT SONAME LIBRARIES...: the shared library of a sealed archive.
#
# -z nodelete: it stays in memory after dlclose. Threads of the program keep thread-local values whose
# clean-up is code in here, and a relay may still be running in a thread of its own.
link_shared() {
    local archive=$1 output=$2 soname=$3 script
    shift 3
    script=$(mktemp)
    printf '{ global: toxlink_*; local: *; };\n' >"$script"
    cc -shared ${LDFLAGS:-} "-Wl,-soname,$soname" "-Wl,--version-script,$script" \
        -Wl,-z,relro -Wl,-z,now -Wl,-z,text -Wl,-z,defs -Wl,-z,noexecstack -Wl,-z,nodelete -Wl,--build-id=sha1 \
        -Wl,--whole-archive "$archive" -Wl,--no-whole-archive -Wl,--as-needed "$@" -o "$output" || {
        rm -f "$script"
        return 1
    }
    rm -f "$script"
}

# separate_debug FILE DIRECTORY NAME: puts what only a debugger needs into DIRECTORY/NAME.debug, and says
# so in FILE.
separate_debug() {
    local name=$3
    mkdir -p "$2"
    objcopy --only-keep-debug --compress-debug-sections "$1" "$2/$name.debug"
    chmod 644 "$2/$name.debug"
    strip --strip-unneeded --remove-section=.comment "$1"
    (cd "$2" && objcopy "--add-gnu-debuglink=$name.debug" "$1")
}

# check_static ARCHIVE HEADER: it defines the functions of the header and no other global name, so it can
# be linked beside anything, other static libraries in Rust included.
check_static() {
    local odd
    odd=$(LC_ALL=C comm -3 <(declared_names "$2") <(global_names "$1" | awk '{ print $1 }' | LC_ALL=C sort))
    [ -z "$odd" ] || {
        say "standalone check: ${1##*/} and ${2##*/}: in one of them alone:" $odd
        return 1
    }
    odd=$(global_names "$1" | awk '$2 != "T" { print $1 "(" $2 ")" }')
    [ -z "$odd" ] || {
        say "standalone check: ${1##*/}: not plain functions:" $odd
        return 1
    }
}

# check_shared LIBRARY HEADER CRYPTO: names, SONAME, the libraries that it needs, and how it is hardened.
check_shared() {
    local library=$1 name=${1##*/} faults=0 odd flags
    odd=$(LC_ALL=C comm -3 <(declared_names "$2") <(_dynamic_names "$library"))
    [ -z "$odd" ] || { say "standalone check: $name and ${2##*/}: in one of them alone:" $odd; faults=1; }
    odd=$(_dynamic_entry "$library" SONAME)
    [ "$odd" = "$(soname_of "$(standalone_version)")" ] || { say "standalone check: $name has the SONAME '$odd'"; faults=1; }
    odd=$(_unexpected_libraries "$library" "$3")
    [ -z "$odd" ] || { say "standalone check: $name: the libraries it needs:" $odd; faults=1; }
    flags=$(readelf --wide --dynamic "$library")
    ! grep -qE 'TEXTREL|R(UN)?PATH|STATIC_TLS' <<<"$flags" ||
        { say "standalone check: $name has" $(grep -oE 'TEXTREL|R(UN)?PATH|STATIC_TLS' <<<"$flags" | sort -u); faults=1; }
    for odd in BIND_NOW NODELETE; do
        grep -qwE "$odd" <<<"$flags" || { say "standalone check: $name is not linked with $odd"; faults=1; }
    done
    odd=$(_soft_segments "$library")
    [ -z "$odd" ] || { say "standalone check: $name:" $odd; faults=1; }
    grep -q 'Build ID: [0-9a-f]' <<<"$(readelf --wide --notes "$library")" || { say "standalone check: $name has no build id"; faults=1; }
    return "$faults"
}

_dynamic_names() {
    nm --dynamic --extern-only --defined-only --format=posix --with-symbol-versions "$1" |
        awk '{ print ($2 == "T" ? $1 : $1 "(" $2 ")") }' | LC_ALL=C sort
}

_dynamic_entry() {
    readelf --wide --dynamic "$1" | sed -n "s/^.*($2).*\\[\\(.*\\)\\]\$/\\1/p"
}

# The C library and the unwinder of the compiler; libsodium if and only if it is the cipher.
_unexpected_libraries() {
    local needed sodium=missing
    for needed in $(_dynamic_entry "$1" NEEDED); do
        case $needed in
            libc.so.6 | libm.so.6 | libgcc_s.so.1 | ld-linux-x86-64.so.2) ;;
            libsodium.so.*) sodium=there ;;
            *) printf '%s is not expected\n' "$needed" ;;
        esac
    done
    case $2-$sodium in
        libsodium-missing) printf 'libsodium is not among them\n' ;;
        crypto_box-there) printf 'libsodium is among them\n' ;;
    esac
}

_soft_segments() {
    readelf --wide --program-headers "$1" | awk '
        $1 == "GNU_RELRO" { relro = 1 }
        $1 == "GNU_STACK" && / RWE / { print "its stack is executable" }
        $1 == "LOAD" && / RWE / { print "a segment is writable and executable" }
        END { if (!relro) print "no RELRO" }'
}
