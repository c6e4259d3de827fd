# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
#
# The checks of headers for ctest/abi/run, which sources this file and sets `work`, `out`, `here`,
# `modules`, `toxcore`, `abi`, `header` and `statistics`: layouts, prototypes, statistics.

compile_c() {
    cc -std=c11 -Wall -Wextra -Wstrict-prototypes -Werror "-DTOX_ABI=$abi" -I"$ROOT/ctest" -I"$ROOT/include" -c "$@" -o "$work/c.o"
}

compile_cxx() {
    c++ -x c++ -std=c++17 -Wall -Wextra -Werror "-DTOX_ABI=$abi" -I"$ROOT/ctest" -I"$ROOT/include" -c "$@" -o "$work/cxx.o"
}

compile_c99() {
    cc -std=c99 -Wall -Wextra -Wstrict-prototypes -pedantic -Werror -I"${statistics%/*}" -c "$@" -o "$work/c.o"
}

wrong_layouts_noticed() {
    wrong_numbers_noticed compile_c "$here/layouts.c"
    wrong_numbers_noticed compile_cxx "$here/layouts.c"
}

wrong_statistics_noticed() {
    wrong_numbers_noticed compile_c99 "$here/statistics.c"
    wrong_numbers_noticed compile_cxx "$here/statistics.c"
}

# wrong_numbers_noticed COMPILE FILE
wrong_numbers_noticed() {
    local wanted found
    # The lines that are left when the compiler has taken out those of other versions.
    wanted=$(cc -E -fdirectives-only "-DTOX_ABI=$abi" -I"$ROOT/ctest" -I"${statistics%/*}" "$2" |
        grep -cE '^(SIZE|ALIGNED|FIELD|WIDTH|VALUE)\(')
    objects "$1" -DTOXLINK_SEED "$2"
    found=$(grep -cE 'error: (static assertion failed|size of array)' "$work/complaint")
    [ "$found" -eq "$wanted" ] || { echo "$1: $found of $wanted wrong numbers noticed"; return 1; }
}

toxabi_alone() {
    local abi
    printf '%s\n' '#ifdef __cplusplus' 'extern "C" {' '#endif' '#include "toxabi.h"' \
        '#ifdef __cplusplus' '}' '#endif' 'typedef int nothing;' >"$work/alone.c"
    for abi in 218 220 222; do
        compile_c "$work/alone.c"
        compile_cxx "$work/alone.c"
    done
}

# declared_in HEADER: the names of all functions that it declares, as the compiler sees them.
declared_in() {
    case $1 in
        "$statistics") compile_c99 "$here/statistics.c" -aux-info "$work/declared" ;;
        *) compile_c "$here/prototypes.c" -aux-info "$work/declared" ;;
    esac
    grep -F "/${1##*/}:" "$work/declared" |
        sed -E 's|^/\*[^*]*\*/ ||; s/ *\(.*//; s/.*[ *]//' | LC_ALL=C sort
}

# sorted_exports MODULE...
sorted_exports() {
    local name
    for name in "$@"; do exports_of "$toxcore" "$name"; done | LC_ALL=C sort
}

# The toxcore functions that our library calls.
imported_names() {
    LC_ALL=C comm -12 <(nm -u --format=posix "$out/libtoxlink.a" | awk '$2 == "U" { print $1 }' | LC_ALL=C sort -u) \
        <(toxcore_names)
}

toxcore_names() {
    global_names "$out/libtoxcore.a" | awk '{ print $1 }' | LC_ALL=C sort -u
}

headers_declare_all() {
    local odd
    { declared_in "$header"; declared_in "$statistics"; } | LC_ALL=C sort >"$work/names"
    imported_names >"$work/imports"
    [ -s "$work/imports" ] || { echo "libtoxlink.a imports nothing from libtoxcore.a?"; return 1; }
    # shellcheck disable=SC2086
    odd=$(LC_ALL=C comm -13 "$work/names" <(sorted_exports $modules | LC_ALL=C sort - "$work/imports"))
    [ -z "$odd" ] || { echo "not declared: ${odd//$'\n'/ }"; return 1; }
    # shellcheck disable=SC2046
    odd=$(LC_ALL=C comm -23 "$work/names" <(LC_ALL=C sort <(sorted_exports $(implemented_modules)) <(toxcore_names)))
    [ -z "$odd" ] || { echo "declared, but neither ours nor toxcore's: ${odd//$'\n'/ }"; return 1; }
}

# A copy of a generated header with a fault must not compile, and the compiler must name it. A name
# that only the generated header has would go unchecked, so this finds such names too.
wrong_prototypes_noticed() {
    local file symbol
    for file in "$header" "$statistics"; do
        declared_in "$file" >"$work/names"
        [ -s "$work/names" ] || { echo "${file##*/} declares nothing"; return 1; }
        while read -r symbol; do
            seeded "$file" "s/\\b$symbol *\\(/$symbol(int seeded, /"
            complained "conflicting types for ‘$symbol’"
        done <"$work/names"
    done
}

wrong_integer_noticed() {
    seeded "$header" "s/\\buint16_t\\b/uint32_t/g"
    complained "conflicting types for ‘send_data’"
    complained "conflicting types for ‘send_packet_tcp_connection’"
    seeded "$statistics" "s/\\buint32_t relay_number\\b/uint64_t relay_number/"
    complained "conflicting types for ‘toxlink_relay_statistics’"
}

wrong_callbacks_noticed() {
    local wanted found
    seeded "$header" 's/^(typedef .*\(\*toxlink_[a-z_]+_cb\)\()/\1int seeded, /'
    # One complaint for each function, however many callbacks it takes.
    wanted=$(awk 'BEGIN { RS = ";" } !/typedef/ && /toxlink_[a-z_]+_cb [a-z_]+/ { ++n } END { print n + 0 }' "$header")
    found=$(grep -c 'error: conflicting types for' "$work/complaint")
    if [ "$wanted" -eq 0 ] || [ "$found" -ne "$wanted" ]; then
        echo "$found of $wanted wrong callbacks noticed"
        return 1
    fi
}

# seeded HEADER EXPRESSION [COMPILER]: a copy of it, changed by sed, does not compile.
seeded() {
    local file=$1 change=$2 compiler=${3:-cc -std=c11} program=$here/prototypes.c
    [ "$file" != "$statistics" ] || program=$here/statistics.c
    mkdir -p "$work/include"
    sed -E "$change" "$file" >"$work/include/${file##*/}"
    if cmp -s "$file" "$work/include/${file##*/}"; then
        echo "nothing to seed a fault in: $change"
        return 1
    fi
    # shellcheck disable=SC2086
    objects $compiler "-DTOX_ABI=$abi" -I"$work/include" -I"$ROOT/ctest" -fsyntax-only "$program"
}

wrong_header_noticed() {
    local name
    for name in stdbool stddef stdint; do seeded "$statistics" "/#include <$name\.h>/d"; done
    seeded "$statistics" '/TOXLINK_STATISTICS_H/d'
    complained redefinition
    seeded "$statistics" '/extern "C" \{/d; /^\}  \/\/ extern "C"/d' "c++ -x c++ -std=c++17"
    complained "‘C’ linkage"
}

# A program that has toxcore's internal declarations gives its own TCP_Connections.
statistics_with_toxabi() {
    local order
    for order in "toxabi.h toxlink-statistics.h" "toxlink-statistics.h toxabi.h"; do
        {
            printf '%s\n' '#ifdef __cplusplus' 'extern "C" {' '#endif'
            # shellcheck disable=SC2086
            printf '#include "%s"\n' $order
            printf '%s\n' '#ifdef __cplusplus' '}' '#endif' 'bool ask(const TCP_Connections *tc);' \
                'bool ask(const TCP_Connections *tc) { return toxlink_peer_statistics(tc, 0, NULL, 0); }'
        } >"$work/order.c"
        compile_c "$work/order.c"
        compile_cxx "$work/order.c"
    done
}

# The header and the functions are where a program that knows only link.args finds them.
statistics_linked() {
    cc -std=c99 "$here/statistics.c" "@$out/link.args" -o "$work/statistics"
    "$work/statistics"
    cmp "$statistics" "$out/include/${statistics##*/}"
    objects cc -std=c99 "$here/statistics.c" "@$out/link-original.args" -o "$work/statistics"
    complained "undefined reference to \`toxlink_peer_statistics'"
}
