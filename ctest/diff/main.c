/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diff.h"

static const Scenario *const groups[] = {
    create_scenarios, connect_scenarios, ping_scenarios,   routing_scenarios, receive_scenarios,
    split_scenarios,  send_scenarios,    queue_scenarios,   http_scenarios,    http_end_scenarios,
    socks_scenarios,  fault_scenarios,   close_scenarios,   reentry_scenarios, bulk_scenarios,
    random_scenarios, memory_scenarios,  net_connect_scenarios, profile_scenarios,
};

int main(int argc, char **argv)
{
    return run_groups(groups, sizeof(groups) / sizeof(groups[0]), argc, argv);
}
