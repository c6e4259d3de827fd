# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The steps of a scene with real clients, in their order, and how a runner reports them. Sourced after
# lib.sh. ctest/clients/scene plays them and writes a line "KEY SECONDS" for each one that was reached.

# key | limit in seconds | what is seen
STEPS='
started | 30  | toxic: Alice and Bob start with new profiles
library | 10  | toxic: the library loaded in both is the one meant, and no other libtoxcore
network | 120 | toxic: both are online
tcp     | 10  | toxic: both have TCP connections to relays only, and no UDP socket
request | 120 | toxic: the friend request to the Tox ID is on the other screen
friends | 120 | toxic: each sees the other come online
message | 60  | toxic: the message is on the other screen, with the name of the sender
answer  | 60  | toxic: the answer is on the first screen
quit    | 60  | toxic: Bob quits with status 0 and Alice sees him go offline
'
UTOX_STEPS='
utox-started | 30  | utox: starts with the profile that Bob had in toxic
utox-library | 10  | utox: the library loaded is the one meant, and no other libtoxcore
utox-network | 120 | utox: connected, as it says itself
utox-friend  | 120 | utox: sees Alice online over TCP, and Alice sees Bob come online again
utox-tcp     | 10  | utox: has TCP connections to relays only, and no UDP socket
utox-message | 60  | utox: gets the message that Alice types in toxic
utox-picture | 30  | utox: shows itself and Alice with the green mark
utox-end     | 30  | utox: ends cleanly
'
LAST_STEPS='
end     | 30  | toxic: Alice quits with status 0
'

# steps_of yes|no: the table, with utox or without.
steps_of() {
    printf '%s' "$STEPS"
    [ "$1" = no ] || printf '%s' "$UTOX_STEPS"
    printf '%s' "$LAST_STEPS"
}

# step_keys yes|no
step_keys() {
    steps_of "$1" | awk -F '|' 'NF == 3 { gsub(/ /, "", $1); print $1 }'
}

step_title() {
    steps_of yes | awk -F ' *[|] *' -v key="$1" '$1 == key { print $3 }'
}

step_limit() {
    steps_of yes | awk -F ' *[|] *' -v key="$1" '$1 == key { print $2 }'
}

# step_time RESULTS KEY: the seconds after which the step was reached, or nothing.
step_time() {
    awk -v key="$2" '$1 == key { print $2 }' "$1" 2>/dev/null
}
