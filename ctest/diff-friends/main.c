/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suite.h"

static const Scenario *const groups[] = {
    identity_scenarios, slot_scenarios,   key_scenarios,      attempt_scenarios, accept_scenarios, timer_scenarios,
    expiry_scenarios,   lan_scenarios,    share_scenarios,    ring_scenarios,    local_scenarios,  packet_scenarios,
    hostile_scenarios,  dispatch_scenarios, request_scenarios, status_scenarios, inside_scenarios, loop_scenarios,
    refusal_scenarios,  teardown_scenarios, misuse_scenarios, size_scenarios,    random_scenarios,  chaos_scenarios,
    first_scenarios,
};

int main(int argc, char **argv)
{
    return run_groups(groups, sizeof(groups) / sizeof(groups[0]), argc, argv);
}
