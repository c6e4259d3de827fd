# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What the suites of real-peer tests have in common: their options, their stages and their closing
# line. A suite sources scripts/lib.sh, scripts/debian.sh, ctest/real/peers.sh and this file, sets the
# names below, defines usage, and calls run_suite with its arguments.
#
#   suite     its directory, from the project root
#   modules   the modules of toxcore that are replaced
#   programs  one program for each of these C files of the suite
#   ours      those of them that ask for functions that the original has not
#   relays    those of them for the stage relay, that is, with toxlink's relay
#   later     those of them for what toxcore has since 0.2.20
#   threaded  those of them that helgrind is for
#   support   C files that are linked to each, from ctest/
#
# shellcheck disable=SC2154

compiled=" "

run_suite() {
    local stages=() toxcore=0.2.18 chosen=()
    while [ $# -gt 0 ]; do
        case $1 in
            --plain | --relay | --asan | --valgrind | --helgrind | --original) stages+=("${1#--}") ;;
            --toxcore) toxcore=${2:?--toxcore needs a version}; shift ;;
            --inside) shift; inside "$@"; return ;;
            --help | -h) usage; return ;;
            -*) usage >&2; die "unknown option $1" ;;
            *) chosen+=("$1") ;;
        esac
        shift
    done
    one_of "$toxcore" "$(toxcore_versions)" ||
        die "toxcore $toxcore is not supported; supported: $(toxcore_versions | paste -sd ' ')"
    if [ "${#stages[@]}" -eq 0 ]; then
        stages=(plain asan valgrind helgrind)
        [ "${#relays[@]}" -eq 0 ] || stages=(plain relay asan valgrind helgrind)
    fi
    need_packages gcc libc6-dev libsodium-dev libopus-dev libvpx-dev
    prepare "$toxcore" "${stages[@]}"
    in_netns "$ROOT/$suite/run" --inside "$toxcore" "${stages[*]}" "${chosen[@]}"
}

# Everything that needs the network or takes no peer: packages, peers, programs.
prepare() {
    local toxcore=$1 stage
    shift
    take_programs "$toxcore"
    unpack_peers "$ROOT/build/peers"
    for stage in "$@"; do
        case $stage in
            plain) compile "$toxcore" plain link.args ;;
            asan) compile "$toxcore" asan link.args -fsanitize=address -fno-omit-frame-pointer ;;
            valgrind | helgrind) need_packages valgrind && compile "$toxcore" plain link.args ;;
            original) compile "$toxcore" original link-original.args ;;
            relay)
                compile "$toxcore" plain link.args
                compile "$toxcore" original link-original.args
                ;;
        esac
    done
}

# take_programs VERSION: leaves in `programs` those that there are for this toxcore.
take_programs() {
    local name all=("${programs[@]}")
    [ "$1" = 0.2.18 ] || return 0
    programs=()
    for name in "${all[@]}"; do
        among "$name" "${later[@]}" || programs+=("$name")
    done
}

# compile VERSION NAME ARGS-FILE [FLAG...]: builds all programs in build/VERSION/SUITE/NAME.
compile() {
    local args=$ROOT/build/$1/$3 out=$ROOT/build/$1/${suite##*/}/$2 version=$1 name=$2
    [[ $compiled != *" $name "* ]] || return 0
    compiled+="$name "
    [ -r "$args" ] || die "$args is missing: run scripts/build --toxcore $version first"
    shift 3
    mkdir -p "$out"
    with_progress "building $suite ($name, toxcore $version)" compile_all "$version" "$args" "$out" "$@"
    check_origin "$name" "$out"
}

compile_all() {
    local version=$1 args=$2 out=$3 name objects=() wanted=()
    shift 3
    local flags=(-std=gnu11 -D_GNU_SOURCE "-DTOX_ABI=$(tox_abi_of "$version")" -O1 -g -Wall -Wextra -Werror
        -I"$ROOT/$suite" -I"$ROOT/ctest/real" -I"$ROOT/ctest" -I"$ROOT/include" "$@")
    for name in "${support[@]}"; do
        mkdir -p "$out/${name%/*}"
        objects+=("$out/$name.o")
    done
    for name in "${programs[@]}"; do
        [[ $out != */original ]] || ! among "$name" "${ours[@]}" || continue
        wanted+=("$name")
    done
    for_each "${support[@]}" -- gcc "${flags[@]}" -c "$ROOT/ctest/{}.c" -o "$out/{}.o"
    for_each "${wanted[@]}" -- gcc "${flags[@]}" "$ROOT/$suite/{}.c" "${objects[@]}" "@$args" \
        -Wl,-Map,"$out/{}.map" -o "$out/{}"
}

# for_each WORD... -- CMD...: runs CMD for each word, which stands for {}, on all processors.
for_each() {
    local words=()
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    printf '%s\n' "${words[@]}" | xargs -P "$(nproc)" -I '{}' "$@"
}

# among WORD LIST...: is the word in the list?
among() {
    local word=$1
    shift
    [[ " $* " == *" $word "* ]]
}

# The programs must hold the implementation that they are meant to test. (scripts/build --check-map
# also asks for the modules above, which these programs do not use.)
check_origin() {
    local name=$1 map=$2/${programs[0]}.map ours='libtoxlink\.a\(' module theirs
    for module in "${modules[@]}"; do
        theirs="libtoxcore\.a\($module\.c\.o\)"
        if [ "$name" = original ]; then
            grep -Eq "$theirs" "$map" || die "the original $module is not in the programs ($map)"
        else
            ! grep -Eq "$theirs" "$map" || die "the original $module is in the programs ($map)"
        fi
    done
    if [ "$name" = original ]; then
        ! grep -Eq "$ours" "$map" || die "libtoxlink.a is in programs of the original ($map)"
    else
        grep -Eq "$ours" "$map" || die "libtoxlink.a is not in the programs ($map)"
    fi
}

# In the namespace: runs the stages and sums up.
inside() {
    local toxcore=$1 stages stage
    read -ra stages <<<"$2"
    shift 2
    take_programs "$toxcore"
    scratch=$(mktemp -d)
    at_exit "rm -rf '$scratch'"
    # Proxies give up their rights.
    chmod 755 "$scratch"
    export REAL_TALLY=$scratch/tally REAL_SCRATCH=$scratch
    : >"$REAL_TALLY"
    use_peers "$ROOT/build/peers"
    for stage in "${stages[@]}"; do
        run_stage "$ROOT/build/$toxcore/${suite##*/}" "$stage" "$@"
    done
    sum_up
}

run_stage() {
    local base=$1 stage=$2 name
    shift 2
    say "stage: $stage"
    for name in "${programs[@]}"; do
        [ "$stage" != helgrind ] || among "$name" "${threaded[@]}" || continue
        [ "$stage" != relay ] || among "$name" "${relays[@]}" || continue
        [ "$stage" != original ] || ! among "$name" "${ours[@]}" || continue
        select_tests "$name" "$@" || continue
        case $stage in
            plain) run_program "$base/plain/$name" ;;
            asan)
                export REAL_SLOW=4 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
                run_program "$base/asan/$name"
                ;;
            valgrind) run_valgrind "$base/plain/$name" --tool=memcheck --leak-check=full ;;
            helgrind) run_valgrind "$base/plain/$name" --tool=helgrind ;;
            original) run_program "$base/original/$name" --original ;;
            relay)
                run_program "$base/plain/$name" --own-relay
                run_program "$base/original/$name" --original --own-relay
                ;;
        esac
        unset REAL_SLOW
    done
}

run_valgrind() {
    local program=$1
    shift
    export REAL_SLOW=25
    run_program valgrind --quiet "$@" --error-exitcode=9 "$program" --fast
}

# select_tests NAME [PROGRAM[/TEST]...]: fails if the program is not among those asked for; else
# leaves the names of its tests in `tests`, none for all.
select_tests() {
    local name=$1 wanted found=no
    shift
    tests=()
    [ $# -gt 0 ] || return 0
    for wanted in "$@"; do
        case $wanted in
            "$name") found=yes ;;
            "$name"/*) found=yes; tests+=("${wanted#*/}") ;;
        esac
    done
    [ "$found" = yes ]
}

# A program tells its result in the tally; one that could not is a failure, too.
run_program() {
    local before status=0
    before=$(wc -l <"$REAL_TALLY")
    "$@" "${tests[@]}" || status=$?
    if [ "$(wc -l <"$REAL_TALLY")" -eq "$before" ]; then
        say "$1 ended with status $status and without a result"
        echo "0 1" >>"$REAL_TALLY"
    elif [ "$status" -ne 0 ] && [ "$(tail -n 1 "$REAL_TALLY" | cut -d ' ' -f 2)" -eq 0 ]; then
        say "$1 ended with status $status although no test failed"
        echo "0 1" >>"$REAL_TALLY"
    fi
}

sum_up() {
    local passed failed
    read -r passed failed < <(awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }' "$REAL_TALLY")
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
