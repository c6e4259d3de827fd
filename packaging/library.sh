# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# How libtoxcore.so.2 is linked from Debian's archive and our modules, and what must hold for the
# result. Sourced after lib.sh, debian.sh, link_check.sh and suite_root.sh by scripts/relink and by
# ctest/relink. Each check prints every fault it finds and returns 1 if there was one.

# The libraries of the platform that Rust's standard library needs and Debian's library does not.
PLATFORM_LIBRARIES='libgcc_s.so.1 ld-linux-x86-64.so.2'

# library_inputs VERSION: sets what the functions below use:
#   built     where scripts/build left both archives
#   suite     the Debian suite; its libraries, unpacked, are in root
#   theirs    Debian's own library, with its full name
library_inputs() {
    local version=$1 status=0 debian found
    built=$ROOT/build/$version
    suite=$(suite_of "$version")
    [ -n "$suite" ] || die "toxcore $version is not supported; supported: $(toxcore_versions | paste -sd ' ')"
    [ -r "$built/config" ] || die "build/$version is not complete: run scripts/build --toxcore $version"
    debian=$(sed -n 's/^debian=//p' "$built/config")
    found=$(suite_version "$suite" libtoxcore2 "$version") || return
    if [ "$found" != "$debian" ]; then
        die "Debian $suite has libtoxcore2 $found now, the archive in build/$version is from $debian: run scripts/build --toxcore $version --refresh"
    fi
    suite_root "$suite" "$ROOT/build/suites/$suite-libtoxcore" "libtoxcore2=$debian" || status=$?
    [ "$status" -eq 0 ] || return "$status"
    root=$ROOT/build/suites/$suite-libtoxcore/root
    theirs=$(readlink -e "$root/usr/lib/x86_64-linux-gnu/libtoxcore.so.2") || die "libtoxcore2 $debian has no libtoxcore.so.2"
}

# rest_archive DIR: Debian's archive without the modules that are ours, as DIR/libtoxcore.a. Members
# are deleted in a copy: two different ones may have the same name, which unpacking would not survive.
rest_archive() {
    local name members=()
    for name in $(all_modules); do members+=("$(member_of "$name")"); done
    mkdir -p "$1"
    cp "$built/libtoxcore.a" "$1/libtoxcore.a"
    ar d "$1/libtoxcore.a" "${members[@]}"
}

# version_script LIBRARY: exports what LIBRARY exports, without symbol versions, and nothing else.
version_script() {
    printf '{ global:\n'
    exported_names "$1" | sed 's/ .*/;/'
    printf 'local: *; };\n'
}

# link_library REST SCRIPT OUTPUT [ARGUMENT...]: the link itself. All libraries, the C library too,
# are those of the suite that is to run the result, so it asks for nothing that is newer. ARGUMENTs
# come last.
link_library() {
    local rest=$1 script=$2 output=$3 name libraries=()
    shift 3
    # shellcheck disable=SC2086
    for name in $(needed_of "$theirs") $PLATFORM_LIBRARIES; do libraries+=("-l:$name"); done
    gcc -std=c11 -O2 -Wall -Wextra -Werror -fPIC -c "$ROOT/packaging/glue.c" -o "$rest/glue.o" || return 1
    gcc -shared -nodefaultlibs -Wl,-soname,libtoxcore.so.2 "-Wl,--version-script,$script" \
        -Wl,-z,relro -Wl,-z,now -Wl,-z,text -Wl,--no-undefined -Wl,--build-id=sha1 "-Wl,-Map,$output.map" \
        -Wl,--wrap=stderr -Wl,--wrap=in6addr_loopback "$rest/glue.o" \
        -Wl,--whole-archive "$built/libtoxlink.a" "$rest/libtoxcore.a" -Wl,--no-whole-archive \
        -Wl,--as-needed "-L$root/usr/lib/x86_64-linux-gnu" "-L$root/usr/lib64" "${libraries[@]}" -lgcc -o "$output" "$@" ||
        return 1
    # As Debian strips its libraries.
    strip --strip-unneeded --remove-section=.comment --remove-section=.note "$output"
}

# check_library LIBRARY: all checks but the one of the map.
check_library() {
    local faults=0
    check_soname "$1" || faults=1
    check_names "$1" || faults=1
    check_needed "$1" || faults=1
    check_position_independent "$1" || faults=1
    check_hardening "$1" || faults=1
    check_resolves "$1" || faults=1
    return "$faults"
}

# check_origin LIBRARY VERSION: by its link map, all three modules are ours, whole.
check_origin() {
    # shellcheck disable=SC2046
    check_map "$1.map" "$2" $(all_modules)
}

check_soname() {
    _same_lines "SONAME" <(_dynamic "$theirs" SONAME) <(_dynamic "$1" SONAME)
}

# The exported names, their types (functions) and that they have no versions.
check_names() {
    _same_lines "exported names" <(exported_names "$theirs") <(exported_names "$1")
}

check_needed() {
    local name faults=0
    for name in $(needed_of "$1"); do
        # shellcheck disable=SC2086
        if ! one_of "$name" "$(needed_of "$theirs") $PLATFORM_LIBRARIES"; then
            say "library check: it needs $name, which Debian's library does not"
            faults=1
        fi
    done
    return "$faults"
}

check_position_independent() {
    ! readelf --wide --dynamic "$1" | grep TEXTREL || { say "library check: it has text relocations"; return 1; }
}

# BIND_NOW, RELRO, no executable stack, no search path of its own, no segment writable and executable.
check_hardening() {
    _same_lines "hardening" <(_hardening "$theirs") <(_hardening "$1")
}

# Every symbol that it needs, in that version, is there in the suite's own libraries.
check_resolves() {
    local said
    said=$(LD_TRACE_LOADED_OBJECTS=1 LD_WARN=yes LD_BIND_NOW=yes "$(ld_so_of "$root")" \
        --library-path "$(library_path_of "$root")" "$1" 2>&1) || { say "library check: $suite cannot load it:" "$said"; return 1; }
    ! grep -E 'not found|undefined symbol|symbol .* not defined' <<<"$said" ||
        { say "library check: $suite has not all that it needs (above)"; return 1; }
}

exported_names() {
    nm --dynamic --extern-only --defined-only --format=posix --with-symbol-versions "$1" |
        awk '{ print $1, $2 }' | LC_ALL=C sort
}

needed_of() {
    _dynamic "$1" NEEDED
}

_dynamic() {
    readelf --wide --dynamic "$1" | sed -n "s/^.*($2).*\\[\\(.*\\)\\]\$/\\1/p"
}

_hardening() {
    readelf --wide --dynamic "$1" | awk '
        $2 == "(FLAGS)" || $2 == "(FLAGS_1)" || $2 == "(BIND_NOW)" || $2 ~ /PATH/ {
            $1 = ""
            gsub(/STATIC_TLS/, "")
            gsub(/  +/, " ")
            if ($0 !~ /^ *\(FLAGS\) *$/) print
        }'
    readelf --wide --program-headers "$1" | awk '
        $1 == "GNU_RELRO" { print "GNU_RELRO" }
        $1 == "GNU_STACK" { print "GNU_STACK", $7, $8 }
        $1 == "LOAD" && /RWE/ { print "LOAD RWE" }'
}

_same_lines() {
    local odd
    odd=$(LC_ALL=C diff "$2" "$3") || {
        say "library check: $1: Debian's (<) and ours (>) differ:"
        printf '%s\n' "$odd" | grep '^[<>]' >&2
        return 1
    }
}
