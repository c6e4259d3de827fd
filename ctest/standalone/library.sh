# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Checks of ctest/standalone/install: the shared and the static library as files.

library_checks() {
    local archive=$built/libtoxlink.a noticed="shared library: noticed:"
    check "shared library: names, SONAME, libraries, hardening" check_shared "$library" "$header" "$crypto"
    check "static library: the names of the header and no other" check_static "$archive" "$header"
    check "both: nothing in them names this machine's directories" names_no_directory "$library" "$archive" "$built/toxlink-relay"
    check "both: a directory in them is noticed" directory_noticed
    check "shared library: its links lead to it" links_lead
    check "shared library: what a debugger needs is beside it, not in it" debug_is_separate
    check "$noticed a missing function" fault_noticed "in one of them alone: toxlink_version_minor" missing_name
    check "$noticed a name that is not the header's" fault_noticed "in one of them alone: foreign" foreign_name
    check "$noticed a variable" fault_noticed "toxlink_odd(B)" odd_variable
    check "$noticed another SONAME" fault_noticed "has the SONAME 'libtoxlink.so.9'" relinked "-Wl,-soname,libtoxlink.so.9"
    check "$noticed lazy binding" fault_noticed "not linked with BIND_NOW" relinked -Wl,-z,lazy
    check "$noticed no RELRO" fault_noticed "no RELRO" relinked -Wl,-z,norelro
    check "$noticed one that dlclose would unload" fault_noticed "not linked with NODELETE" without_nodelete
    check "$noticed an executable stack" fault_noticed "its stack is executable" relinked -Wl,-z,execstack
    check "$noticed no build id" fault_noticed "has no build id" relinked -Wl,--build-id=none
    check "$noticed a search path" fault_noticed "RUNPATH" relinked -Wl,-rpath,/opt
    check "$noticed a text relocation" fault_noticed "TEXTREL" text_relocation
    check "$noticed a library that is not expected" fault_noticed "libother.so is not expected" other_library
    check "$noticed another cipher than was asked for" other_cipher_noticed
    check "static library: noticed: a missing function" static_fault_noticed toxlink_version_minor static_missing
    check "static library: noticed: a name that is not the header's" static_fault_noticed foreign static_foreign
    check "static library: beside another Rust static library, in both orders" beside_rust
    check "static library: rustc's own archive would clash there" raw_clashes
    check "shared library: loaded and closed 200 times, used by threads" load_program "$library"
    check "shared library: the same notices one that is unloaded" unloading_noticed
}

names_no_directory() {
    ! grep -aoE "($ROOT|${CARGO_HOME:-$HOME/.cargo})/[[:graph:]]{0,40}" "$@" || { echo "these are named"; return 1; }
}

directory_noticed() {
    { cat "$library"; printf '%s/src/lib.rs' "$ROOT"; } >"$work/named"
    objects names_no_directory "$work/named"
    complained "src/lib.rs"
}

links_lead() {
    [ "$(readlink "$built/libtoxlink.so")" = "$soname" ]
    [ "$(readlink -f "$built/$soname")" = "$(readlink -f "$library")" ]
}

debug_is_separate() {
    local file
    [ "$(sed -n 's/^profile=//p' "$built/config")" = release ] || return 0
    for file in "$library" "$built/toxlink-relay"; do
        readelf --wide --sections "$file" >"$work/sections"
        contains "$work/sections" .gnu_debuglink
        ! grep -E '\.(symtab|debug_)' "$work/sections"
        readelf --wide --sections "$built/debug/${file##*/}.debug" >"$work/sections"
        contains "$work/sections" .symtab
        [ "$(_build_id "$file")" = "$(_build_id "$built/debug/${file##*/}.debug")" ]
    done
}

_build_id() {
    readelf --notes "$1" 2>/dev/null | sed -n 's/.*Build ID: //p'
}

# ---- seeded faults: each function makes $work/faulty.so or $work/faulty.a

# fault_noticed COMPLAINT MAKER...
fault_noticed() {
    local complaint=$1
    shift
    "$@"
    objects check_shared "$work/faulty.so" "$header" "$crypto"
    complained "$complaint"
    # Nothing but the fault is wrong with it.
    [ "$(grep -c 'standalone check:' "$work/complaint")" -eq 1 ] || { cat "$work/complaint"; return 1; }
}

# relinked ARGUMENT...: from the static library, as scripts/build does, with ARGUMENTs behind.
relinked() {
    local native
    native=$(sed -n 's/^native=//p' "$built/config")
    # shellcheck disable=SC2086
    link_shared "${archive:-$built/libtoxlink.a}" "$work/faulty.so" "$soname" $native "$@"
}

missing_name() {
    objcopy --localize-symbol=toxlink_version_minor "$built/libtoxlink.a" "$work/faulty.a"
    archive=$work/faulty.a relinked
}

foreign_object() {
    printf 'void foreign(void);\nvoid foreign(void) { }\n' >"$work/foreign.c"
    cc -fPIC -c "$work/foreign.c" -o "$work/foreign.o"
}

foreign_name() {
    foreign_object
    relinked_without "toxlink_*; local: " "$work/foreign.o"
}

odd_variable() {
    printf 'int toxlink_odd;\n' >"$work/odd.c"
    cc -fPIC -c "$work/odd.c" -o "$work/odd.o"
    relinked "$work/odd.o"
}

without_nodelete() {
    relinked_without "-Wl,-z,nodelete"
}

# relinked_without TEXT ARGUMENT...: TEXT taken out of link_shared.
relinked_without() {
    local words
    words=$(declare -f link_shared)
    [[ $words == *"$1"* ]] || { echo "link_shared has no '$1'"; return 1; }
    eval "${words//"$1"/}"
    shift
    relinked "$@"
}

text_relocation() {
    printf '.text\n.hidden toxlink_here\ntoxlink_here:\n.quad toxlink_version_major\n.section .note.GNU-stack,"",@progbits\n' >"$work/text.s"
    cc -c "$work/text.s" -o "$work/text.o"
    relinked "$work/text.o" -Wl,-z,notext
}

other_library() {
    printf 'int other(void);\nint other(void) { return 0; }\n' | cc -shared -fPIC -xc - -o "$work/libother.so"
    relinked -Wl,--no-as-needed "-L$work" -lother
}

other_cipher_noticed() {
    local other=crypto_box
    [ "$crypto" = libsodium ] || other=libsodium
    objects check_shared "$library" "$header" "$other"
    complained "libsodium is "
}

static_fault_noticed() {
    "$2"
    objects check_static "$work/faulty.a" "$header"
    complained "in one of them alone: $1"
}

static_missing() {
    objcopy --localize-symbol=toxlink_version_minor "$built/libtoxlink.a" "$work/faulty.a"
}

static_foreign() {
    foreign_object
    cp "$built/libtoxlink.a" "$work/faulty.a"
    ar rs "$work/faulty.a" "$work/foreign.o"
}

# ---- beside another library in Rust

other_rust() {
    [ ! -e "$work/libother_rust.a" ] || return 0
    cat >"$work/other_rust.rs" <<'END'
#[unsafe(no_mangle)]
pub extern "C" fn other_rust(number: u32) -> u32 {
    let caught = std::panic::catch_unwind(|| vec![number; 3].iter().sum::<u32>());
    std::panic::set_hook(Box::new(|_| {}));
    let panicked = std::panic::catch_unwind(|| panic!("{number}")).is_err();
    caught.unwrap_or(0) + u32::from(panicked)
}
END
    rustc --edition 2024 --crate-type staticlib -O "$work/other_rust.rs" -o "$work/libother_rust.a"
    sed 's/^int main(void)/#include <stdint.h>\nuint32_t other_rust(uint32_t number);\nint main(void)/; s/^    return 0;/    return other_rust(4) == 13 ? 0 : 1;/' \
        "$here/probe.c" >"$work/both.c"
    contains "$work/both.c" "other_rust(4)"
}

# link_both ARCHIVE ARCHIVE
link_both() {
    local native
    native=$(sed -n 's/^native=//p' "$built/config")
    # shellcheck disable=SC2086
    cc -Wall -Wextra -Werror "-I$built/include" "$work/both.c" "$@" $native -o "$work/both"
}

beside_rust() {
    other_rust
    link_both "$built/libtoxlink.a" "$work/libother_rust.a"
    "$work/both"
    link_both "$work/libother_rust.a" "$built/libtoxlink.a"
    "$work/both"
}

raw_clashes() {
    other_rust
    objects link_both -Wl,--whole-archive "$ROOT/target/standalone/release/libtoxlink.a" -Wl,--no-whole-archive "$work/libother_rust.a"
    complained "multiple definition"
}

# ---- dlopen

# load_program LIBRARY
load_program() {
    cc -std=gnu11 -Wall -Wextra -Werror -O1 "-I$built/include" "$here/load.c" -o "$work/load" -pthread -ldl
    "$work/load" "$@"
}

unloading_noticed() {
    without_nodelete
    objects load_program "$work/faulty.so"
    complained "it is not in memory any more"
}
