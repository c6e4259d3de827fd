/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suite.h"

static const Scenario *const groups[] = {
    peer_scenarios, relay_scenarios, slot_scenarios, receive_scenarios, send_scenarios, full_scenarios, oob_scenarios,
    sleep_scenarios, wake_scenarios, flap_scenarios, surplus_scenarios, onion_scenarios, copy_scenarios,
    forward_scenarios, callback_scenarios, reentry_scenarios, loss_scenarios, retry_scenarios, kill_scenarios,
    limit_scenarios, proxy_scenarios, id_scenarios, carrier_scenarios,
    real_scenarios, random_scenarios, random_sleep_scenarios, chaos_scenarios, statistics_scenarios,
    version_scenarios,
};

int main(int argc, char **argv)
{
    return run_groups(groups, sizeof(groups) / sizeof(groups[0]), argc, argv);
}
