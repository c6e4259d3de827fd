/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * toxcore's own headers, as far as the version at hand has them, and then only the prototypes of
 * toxabi.h: where the two differ, this does not compile. See toxlinkReplaceModules.cmake. */
#include "TCP_client.h"
#include "TCP_connection.h"
#include "friend_connection.h"

#if __has_include("DHT.h")
#include "DHT.h"
#endif
#if __has_include("LAN_discovery.h")
#include "LAN_discovery.h"
#endif
#if __has_include("TCP_common.h")
#include "TCP_common.h"
#endif
#if __has_include("TCP_server.h")
#include "TCP_server.h"
#endif
#if __has_include("crypto_core.h")
#include "crypto_core.h"
#endif
#if __has_include("forwarding.h")
#include "forwarding.h"
#endif
#if __has_include("logger.h")
#include "logger.h"
#endif
#if __has_include("mono_time.h")
#include "mono_time.h"
#endif
#if __has_include("net_crypto.h")
#include "net_crypto.h"
#endif
#if __has_include("network.h")
#include "network.h"
#endif
#if __has_include("onion.h")
#include "onion.h"
#endif
#if __has_include("onion_announce.h")
#include "onion_announce.h"
#endif
#if __has_include("onion_client.h")
#include "onion_client.h"
#endif
#if __has_include("util.h")
#include "util.h"
#endif
#if __has_include("mem.h")
#include "mem.h"
#endif
#if __has_include("net.h")
#include "net.h"
#endif
#if __has_include("net_profile.h")
#include "net_profile.h"
#endif
#if __has_include("rng.h")
#include "rng.h"
#endif

#define TOX_ABI_PROTOTYPES_ONLY
