# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The scene with failing relays, sourced by pair.sh. While Bob receives one more file, the relay that
# carries it is killed, and later the one that carries it then is frozen. Bob tells each eighth of
# the file; what happens when is fixed in such parts, so that both programs meet it at the same byte.
# Which relay carries is read from the kernel's byte counters of the relays' sockets: no program is
# asked, and both are looked at in the same way.

# The variables are shared with pair.sh, and carrier and traffic are set by find_carrier:
# shellcheck disable=SC2154,SC2034

# Each carrier is the relay that received most in the eighth before.
KILL_AT=2 FREEZE_AT=5

killed='' frozen='' scene_ends=0

scene_part() { # scene_part PART
    case $1 in
        $((KILL_AT - 1)) | $((FREEZE_AT - 1))) mapfile -t bytes_before < <(relay_bytes) ;;
        "$KILL_AT") kill_carrier ;;
        "$FREEZE_AT") freeze_carrier ;;
    esac
}

# How many bytes each relay's open connections have received, one relay per line.
relay_bytes() {
    ss -HtinO state established | awk -v ports="${relay_ports[*]}" '
        BEGIN { relays = split(ports, port, " ") }
        match($0, / bytes_received:[0-9]+/) {
            count = split($3, part, ":")
            sum[part[count]] += substr($0, RSTART + 16, RLENGTH - 16)
        }
        END { for (i = 1; i <= relays; i++) printf "%d\n", sum[port[i]] }'
}

# Leaves the number of the carrier in carrier, and what it and the others received in traffic.
find_carrier() {
    local after number most=-1 all=0 grown
    mapfile -t after < <(relay_bytes)
    carrier=
    for number in "${!relay_ports[@]}"; do
        [ "$number" != "$killed" ] || continue
        grown=$((after[number] - bytes_before[number]))
        all=$((all + grown))
        if ((grown > most)); then
            most=$grown carrier=$number
        fi
    done
    traffic="$((most / 1000)) kB in the last eighth, the other relays $(((all - most) / 1000)) kB"
    ((most > 0)) || fail "the kernel counts no traffic at the relays"
}

kill_carrier() {
    find_carrier
    killed=$carrier
    show demo "KILLS relay $((carrier + 1)), which carries the file ($traffic)"
    tell_bob
    kill -KILL "${relay_pids[carrier]}" || :
    # Else the shell tells of it in its own words.
    wait "${relay_pids[carrier]}" 2>/dev/null || :
}

freeze_carrier() {
    find_carrier
    frozen=$carrier
    show demo "FREEZES relay $((carrier + 1)), which carries the file now ($traffic)"
    tell_bob
    kill -STOP "${relay_pids[carrier]}" || :
}

# So that he knows which pause is which. If he has ended, that is noticed elsewhere.
tell_bob() {
    kill -USR1 "$bob" 2>/dev/null || :
}

# When both clients are through, the frozen relay goes on.
scene_ended() {
    scene_ends=$((scene_ends + 1))
    if ((scene_ends == 2)) && [ -n "$frozen" ]; then
        thaw
        show demo "lets relay $((frozen + 1)) run again"
    fi
}

thaw() {
    [ -z "$frozen" ] || kill -CONT "${relay_pids[frozen]}" 2>/dev/null || :
}

# Without --forgive the clients have failed by themselves if the file did not come.
check_scene() {
    if grep -qx "Bob.scene=done" "$results"; then
        check_file "$scene_file" "$work/scene" scene
        if [ -z "$killed" ] || [ -z "$frozen" ]; then
            fail "the relays did not fail as they should have"
        fi
        return
    fi
    echo "scene_checksum=no" >>"$results"
    steps_done="all but the last"
    [ "$forgive" = yes ] || fail "the file of the scene did not arrive"
}
