# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Which module comes from where: the table of the modules, and checks of a link map and of the
# symbols that libtoxlink.a exports. Sourced after lib.sh by scripts/build and by ctest/abi.
# Each check prints every fault it finds, naming module and symbol, and returns 1 if there was one.

# One line per module: name (also the Cargo feature), the member of libtoxcore.a it replaces, and the
# module that is its only caller inside toxcore, - if there are others. A module counts as implemented
# once Cargo.toml has a feature of its name; this is the one place that says so.
MODULE_TABLE='
tcp-client         TCP_client.c.o         tcp-connections
tcp-connections    TCP_connection.c.o     -
friend-connection  friend_connection.c.o  -
'

all_modules() {
    awk 'NF == 3 { print $1 }' <<<"$MODULE_TABLE"
}

member_of() {
    awk -v name="$1" '$1 == name { print $2 }' <<<"$MODULE_TABLE"
}

# caller_of MODULE: its only caller, or nothing. Our modules call each other in Rust, so while the
# caller is ours the original of MODULE need not be in the program.
caller_of() {
    awk -v name="$1" '$1 == name && $3 != "-" { print $3 }' <<<"$MODULE_TABLE"
}

# implemented_modules: those of the table that are features in Cargo.toml, in table order.
implemented_modules() {
    local name
    for name in $(all_modules); do
        if awk -v name="$name" '
            /^\[/ { in_features = ($0 ~ /^\[features\]/) }
            in_features && $0 ~ "^\"?" name "\"?[ \t]*=" { found = 1 }
            END { exit !found }' "$ROOT/Cargo.toml"; then
            printf '%s\n' "$name"
        fi
    done
}

# symbols_of VERSION MODULE: the C names that the module exports in toxcore, sorted.
symbols_of() {
    local list=$ROOT/ctest/abi/symbols-$1-$2.txt
    [ -r "$list" ] || die "no list of symbols for module $2 of toxcore $1: ${list#"$ROOT"/} is missing"
    grep -v '^#' "$list"
}

# additional_of MODULE: the names that ours exports beyond toxcore's, in any version, if there are any.
additional_of() {
    local list=$ROOT/ctest/abi/additional-$1.txt
    [ ! -r "$list" ] || grep -v '^#' "$list"
}

# exports_of VERSION MODULE: all names that libtoxlink.a exports for the module.
exports_of() {
    symbols_of "$1" "$2"
    additional_of "$2"
}

# map_facts MAP: what a link map of GNU ld says, one fact per line:
#   member FILE(MEMBER)         an archive member that is part of the program
#   symbol NAME FILE(MEMBER)    a global symbol and the object that defines it
#   dropped NAME FILE(MEMBER)   a section .text.NAME that --gc-sections removed
map_facts() {
    awk '
    /^Discarded input sections/     { part = "discarded" }
    /^Memory Configuration/         { part = "" }
    /^Linker script and memory map/ { part = "placed"; seen_placed = 1 }
    /^Cross Reference Table/        { part = "" }
    part == "" { next }
    # A section name too long for its column stands alone; the rest follows on the next line.
    /^ [^ ]+$/ { section = substr($0, 2); next }
    /^ [^ *]/  { section = $1; text = substr($0, length($1) + 2) }
    !/^ [^ ]/  { text = $0 }
    match(text, /^ *0x[0-9a-f]+ +0x[0-9a-f]+ +/) {
        file = substr(text, RLENGTH + 1)
        if (part == "discarded") {
            if (sub(/^\.text\./, "", section)) print "dropped", section, file
        } else if (file ~ /\)$/ && !(file in members)) {
            members[file] = 1
            print "member", file
        }
        next
    }
    part == "placed" && NF == 2 && $1 ~ /^0x[0-9a-f]+$/ && $2 ~ /^[A-Za-z_][A-Za-z0-9_]*$/ {
        print "symbol", $2, file
    }
    END { if (!seen_placed) exit 3 }' "$1"
}

# check_map MAP VERSION MODULE...: in the program that MAP describes, each MODULE named comes from
# libtoxlink.a as a whole and each other module of the table from libtoxcore.a, or from nowhere if its
# only caller is a MODULE named.
check_map() {
    local map=$1 version=$2 facts name faults=0
    shift 2
    [ -r "$map" ] || die "no such link map: $map"
    facts=$(mktemp)
    if ! map_facts "$map" >"$facts"; then
        rm -f "$facts"
        die "$map is not a link map of GNU ld (make one with -Wl,-Map,FILE)"
    fi
    for name in $(all_modules); do
        if one_of "$name" "$*"; then
            _check_ours "$facts" "$version" "$name" || faults=1
        else
            _check_original "$facts" "$version" "$name" "$@" || faults=1
        fi
    done
    rm -f "$facts"
    return "$faults"
}

_check_ours() {
    local facts=$1 version=$2 name=$3 member faults=0 symbol symbols
    symbols=$(exports_of "$version" "$name") || return 1
    member=$(member_of "$name")
    if grep -q "^member .*libtoxcore\.a($member)\$" "$facts"; then
        say "link check: module $name: the original $member of libtoxcore.a is in the program"
        faults=1
    fi
    for symbol in $symbols; do
        _check_symbol "$facts" "$name" "$symbol" || faults=1
    done
    return "$faults"
}

_check_symbol() {
    local facts=$1 name=$2 symbol=$3 files
    files=$(awk -v s="$symbol" '$1 == "symbol" && $2 == s { $1 = $2 = ""; print substr($0, 3) }' "$facts")
    case $files in
        *$'\n'*)
            say "link check: module $name: $symbol is defined more than once:" $files
            return 1 ;;
        *libtoxlink.a\(*\)) return 0 ;;
        '')
            # Nobody calls it and the program was linked with --gc-sections: it may go.
            grep -qF "dropped $(_section_of "$facts" "$symbol") " <(grep 'libtoxlink\.a(' "$facts") && return 0
            say "link check: module $name: $symbol is not in the program" ;;
        *) say "link check: module $name: $symbol comes from $files, not from libtoxlink.a" ;;
    esac
    return 1
}

# _section_of FACTS SYMBOL: the section of our library that has the symbol, without .text. in front. It
# may be named for another function: the compiler gives equal ones one body.
_section_of() {
    local library
    library=$(sed -n 's/^dropped [^ ]* \(.*libtoxlink\.a\)(.*/\1/p' "$1" | sed -n 1p)
    [ -z "$library" ] || objdump -t "$library" |
        awk -v symbol="$2" '$NF == symbol { for (i = 1; i < NF; i++) if (sub(/^\.text\./, "", $i)) print $i }'
}

# _check_original FACTS VERSION MODULE OURS...
_check_original() {
    local facts=$1 version=$2 name=$3 member caller odd faults=0
    shift 3
    member=$(member_of "$name")
    caller=$(caller_of "$name")
    if [ -r "$ROOT/ctest/abi/symbols-$version-$name.txt" ]; then
        odd=$(awk -v member="libtoxcore.a($member)" '
            FILENAME == ARGV[1] { listed[$1] = 1; next }
            $1 == "symbol" && ($2 in listed) && substr($0, length($0) - length(member) + 1) != member {
                print $2, "from", $3
            }' <(exports_of "$version" "$name") "$facts")
        if [ -n "$odd" ]; then
            say "link check: module $name: not from $member of libtoxcore.a:" $odd
            faults=1
        fi
    fi
    if ! grep -q "^member .*libtoxcore\.a($member)\$" "$facts"; then
        ! one_of "$caller" "$*" || return "$faults"
        say "link check: module $name: $member of libtoxcore.a is not in the program"
        faults=1
    fi
    return "$faults"
}

# check_exports LIBRARY VERSION MODULE...: the library defines exactly the C names of these modules,
# toxcore's and the additional ones, all of them functions, and no other global name whatever.
check_exports() {
    local library=$1 version=$2 faults=0 wanted found odd name
    shift 2
    wanted=$(for name in "$@"; do exports_of "$version" "$name"; done | LC_ALL=C sort)
    found=$(global_names "$library" | awk '{ print $1 }' | LC_ALL=C sort)
    odd=$(LC_ALL=C comm -23 <(printf '%s\n' "$wanted") <(printf '%s\n' "$found"))
    for name in $odd; do
        say "export check: $name (module $(_module_with "$version" "$name")) is missing from ${library##*/}"
        faults=1
    done
    odd=$(LC_ALL=C comm -13 <(printf '%s\n' "$wanted") <(printf '%s\n' "$found"))
    if [ -n "$odd" ]; then
        say "export check: ${library##*/} defines other global names, which could clash:" $odd
        faults=1
    fi
    odd=$(global_names "$library" | awk '$2 != "T" { print $1 "(" $2 ")" }')
    if [ -n "$odd" ]; then
        say "export check: not plain functions:" $odd
        faults=1
    fi
    return "$faults"
}

# global_names LIBRARY: "NAME TYPE" of each global symbol that it defines. Naming the target keeps nm
# from trying an LTO plugin on Rust's objects.
global_names() {
    nm --target=elf64-x86-64 --extern-only --defined-only --format=posix "$1" |
        awk '!/\]:$/ && NF >= 2 { print $1, $2 }'
}

# check_archive LIBRARY VERSION MODULE...: toxcore's own archive members define exactly the names of
# our lists and have the callers that the table says; else the checks above would be worth nothing.
check_archive() {
    local library=$1 version=$2 name object differing faults=0
    shift 2
    object=$(mktemp)
    for name in "$@"; do
        ar p "$library" "$(member_of "$name")" >"$object"
        differing=$(LC_ALL=C comm -3 <(symbols_of "$version" "$name") \
            <(global_names "$object" | awk '{ print $1 }' | LC_ALL=C sort))
        if [ -n "$differing" ]; then
            say "export check: module $name: only in our list, or only in $(member_of "$name"):" $differing
            faults=1
        fi
        _check_callers "$library" "$version" "$name" || faults=1
    done
    rm -f "$object"
    return "$faults"
}

# The members that call a module that the table gives one caller are that caller alone.
_check_callers() {
    local library=$1 version=$2 name=$3 caller callers
    caller=$(caller_of "$name")
    [ -n "$caller" ] || return 0
    callers=$(nm --print-file-name --undefined-only "$library" 2>/dev/null | awk '
        FILENAME == ARGV[1] { listed[$1] = 1; next }
        $NF in listed { sub(/:[^:]*$/, "", $0); sub(/.*:/, "", $0); print }' \
        <(symbols_of "$version" "$name") - | sort -u)
    [ "$callers" != "$(member_of "$caller")" ] || return 0
    say "export check: module $name is called by" $callers "and not only by $(member_of "$caller")"
    return 1
}

_module_with() {
    local version=$1 symbol=$2 name
    for name in $(all_modules); do
        if [ -r "$ROOT/ctest/abi/symbols-$version-$name.txt" ] &&
            one_of "$symbol" "$(exports_of "$version" "$name")"; then
            printf '%s' "$name"
        fi
    done
}
