// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of a client.
#include "client.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: client --name NAME --peer NAME --epoch SECONDS --relay HOST:UDP:TCP:KEY... --file FILE\n"
    "              [--ask ADDRESS] [--questions N] [--notes N] [--step-ms N] [--scene FILE] [--forgive]\n"
    "With --ask the client sends the friend request and FILE; without, it accepts and writes FILE.\n"
    "--scene: one more file, while relays fail. SIGUSR1 tells that a relay is about to be killed, the\n"
    "second one that another is about to be frozen. --forgive: a failure in this part is told only.\n";

static bool parse_relay(const char *text, Relay *relay)
{
    char key[2 * TOX_PUBLIC_KEY_SIZE + 1];
    return sscanf(text, "%63[^:]:%" SCNu16 ":%" SCNu16 ":%64s", relay->host, &relay->udp_port, &relay->tcp_port,
                  key) == 4 &&
           hex_decode(relay->key, sizeof relay->key, key);
}

static bool parse(Client *c, double *epoch, int argc, char **argv)
{
    static const struct option options[] = {
        {"name", required_argument, NULL, 'n'},  {"peer", required_argument, NULL, 'p'},
        {"epoch", required_argument, NULL, 'e'}, {"relay", required_argument, NULL, 'r'},
        {"file", required_argument, NULL, 'f'},  {"ask", required_argument, NULL, 'a'},
        {"notes", required_argument, NULL, 'm'}, {"questions", required_argument, NULL, 'q'},
        {"step-ms", required_argument, NULL, 's'}, {"scene", required_argument, NULL, 'S'},
        {"forgive", no_argument, NULL, 'F'},     {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
            case 'n': c->name = optarg; break;
            case 'p': c->peer = optarg; break;
            case 'e': *epoch = atof(optarg); break;
            case 'f': c->plain_file.path = optarg; break;
            case 'S': c->scene_file.path = optarg; break;
            case 'F': c->scene.forgiving = true; break;
            case 'a': c->friend_address = optarg; break;
            case 'm': c->chat.notes = (uint32_t)atoi(optarg); break;
            case 'q': c->chat.questions = (uint32_t)atoi(optarg); break;
            case 's': c->step_ms = (uint32_t)atoi(optarg); break;
            case 'r':
                if (c->relay_count == MAX_RELAYS || !parse_relay(optarg, &c->relays[c->relay_count])) {
                    return false;
                }
                ++c->relay_count;
                break;
            default: return false;
        }
    }
    c->asks = c->friend_address != NULL;
    return optind == argc && c->name && c->peer && c->plain_file.path && c->relay_count > 0 &&
           chat_texts_fit(&c->chat);
}

bool options_parse(Client *c, double *epoch, int argc, char **argv)
{
    const bool ok = parse(c, epoch, argc, argv);
    if (!ok) {
        fputs(usage, stderr);
    }
    return ok;
}
