# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Checks of ctest/standalone/install: the header by itself.

header_checks() {
    local compiler
    for compiler in "gcc -xc -std=c99" "clang -xc -std=c99" "g++ -xc++ -std=c++17" "clang++ -xc++ -std=c++17"; do
        check "header: alone, $compiler" compiles "$compiler" "$header" toxlink.h
        check "header: twice, and beside toxlink-statistics.h in both orders, $compiler" beside_statistics "$compiler"
        check "header: one that does not compile is noticed, $compiler" broken_header_noticed "$compiler"
        check "header: a name of toxlink-statistics.h is noticed, $compiler" clash_noticed "$compiler"
    done
    check "header: its version is that of the library" header_version
    check "header: the two libraries have no name in common" libraries_apart
}

# compiles COMPILER HEADER NAME...: a file that includes the NAMEs, in this order, toxlink.h being HEADER.
compiles() {
    local compiler=$1 name
    rm -rf "$work/include"
    mkdir "$work/include"
    cp "$ROOT/include/toxlink-statistics.h" "$work/include/"
    cp "$2" "$work/include/toxlink.h"
    shift 2
    for name in "$@"; do printf '#include <%s>\n' "$name"; done >"$work/header.c"
    printf 'int main(void) { return 0; }\n' >>"$work/header.c"
    # shellcheck disable=SC2086
    $compiler -pedantic -Wall -Wextra -Wundef -Werror "-I$work/include" -c "$work/header.c" -o "$work/header.o"
}

beside_statistics() {
    compiles "$1" "$header" toxlink.h toxlink-statistics.h toxlink.h
    compiles "$1" "$header" toxlink-statistics.h toxlink.h toxlink-statistics.h
}

broken_header_noticed() {
    grep -v 'include <stdint.h>' "$header" >"$work/broken.h"
    objects compiles "$1" "$work/broken.h" toxlink.h
    complained uint32_t
}

clash_noticed() {
    { cat "$header"; printf 'enum clash { TOXLINK_RELAY_CONNECTING };\n'; } >"$work/clash.h"
    objects compiles "$1" "$work/clash.h" toxlink-statistics.h toxlink.h
    complained TOXLINK_RELAY_CONNECTING
    { cat "$header"; printf 'typedef int Toxlink_Relay_Statistics;\n'; } >"$work/clash.h"
    objects compiles "$1" "$work/clash.h" toxlink.h toxlink-statistics.h
    complained Toxlink_Relay_Statistics
}

header_version() {
    local said
    # shellcheck disable=SC2016
    said=$(printf '#include "toxlink.h"\nTOXLINK_VERSION_MAJOR TOXLINK_VERSION_MINOR TOXLINK_VERSION_PATCH\n' |
        cc -E -P -xc "-I${header%/*}" - | tail -n 1 | tr ' ' .)
    [ "$said" = "$version" ] || { echo "header: $said, library: $version"; return 1; }
    [ "$version" = "$(standalone_version)" ]
}

libraries_apart() {
    local both
    both=$(LC_ALL=C comm -12 <(declared_names "$header") <(additional_of tcp-connections | LC_ALL=C sort))
    [ -z "$both" ] || { echo "in both: $both"; return 1; }
    # Something was compared.
    [ "$(declared_names "$header" | wc -l)" -gt 3 ] && [ -n "$(additional_of tcp-connections)" ]
}
