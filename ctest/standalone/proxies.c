/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Real proxies: user names and passwords, names that only the proxy can resolve, proxies that are given by
 * name. And with a proxy nothing goes past it: every connection and every lookup of this process is counted.
 *
 * A proxy runs in a mount namespace of its own, with its own /etc/hosts; so these tests need root.
 */
#include "scene.h"
#include "watch.h"

#include <arpa/inet.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

typedef enum Kind { MICROSOCKS, DANTED, TINYPROXY, KINDS } Kind;

/* Only the proxies know where this is. */
#define HIDDEN "relay.toxlink.test"
/* Of the password "password". */
#define HASH "$6$toxlink$.J7MsRH/.bpND1LoPD74Ar8TGYE9E7U216i5lhPU9Nnm4QyeTCMbGUkk6Zs/MVbFkOnNUSE5fX3JRAMfA3RQ90"

typedef struct Proxy {
    Kind kind;
    uint16_t port;
    pid_t pid;
} Proxy;

static char directory[200];

static const char *file(const char *name)
{
    static char paths[16][256];
    static unsigned turn;
    char *path = paths[turn++ % 16];

    if (directory[0] == '\0') {
        const char *base = getenv("REAL_SCRATCH");
        snprintf(directory, sizeof(directory), "%s/proxies-XXXXXX", base == NULL ? "/tmp" : base);
        CHECK(mkdtemp(directory) != NULL && chmod(directory, 0755) == 0);
    }

    CHECK(snprintf(path, sizeof(paths[0]), "%s/%s", directory, name) < (int)sizeof(paths[0]));
    return path;
}

/* Writes the file of the system, if one is named, and a text behind it. */
static const char *write_file(const char *name, const char *original, const char *text)
{
    const char *path = file(name);
    FILE *out = fopen(path, "w");
    FILE *in = original == NULL ? NULL : fopen(original, "r");
    CHECK(out != NULL);

    for (int c = 0; in != NULL && (c = getc(in)) != EOF;) {
        putc(c, out);
    }

    CHECK(fputs(text, out) >= 0 && fclose(out) == 0);

    if (in != NULL) {
        fclose(in);
    }

    return path;
}

static void bind_over(const char *source, const char *target)
{
    if (mount(source, target, NULL, MS_BIND, NULL) != 0) {
        perror(target);
        _exit(126);
    }
}

static void become(const char *variable, const char *const *arguments, const char *hosts, const char *passwd,
                   const char *shadow, const char *log)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = open(log, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        perror("a mount namespace");
        _exit(126);
    }

    bind_over(hosts, "/etc/hosts");
    bind_over(passwd, "/etc/passwd");
    bind_over(shadow, "/etc/shadow");
    close_range(3, ~0U, 0);
    const char *program = getenv(variable);
    execv(program == NULL ? variable : program, (char *const *)arguments);
    _exit(127);
}

static uint16_t free_port(void)
{
    return (uint16_t)atoi(strrchr(nowhere(), ':') + 1);
}

static bool listens(uint16_t port)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(port)};
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    const bool works = s != -1 && connect(s, (struct sockaddr *)&place, sizeof(place)) == 0;
    close(s);
    return works;
}

static Proxy start_proxy(Kind kind, bool wants_password)
{
    Proxy proxy = {.kind = kind, .port = free_port()};
    char port[8], text[600];
    snprintf(port, sizeof(port), "%u", proxy.port);
    const char *microsocks[] = {"microsocks", "-i", "127.0.0.1", "-p", port, wants_password ? "-u" : NULL, "user",
                                "-P", "password", NULL};
    const char *danted[] = {"danted", "-f", file("danted.conf"), NULL};
    const char *tinyproxy[] = {"tinyproxy", "-d", "-c", file("tinyproxy.conf"), NULL};
    const char *const *const arguments[] = {microsocks, danted, tinyproxy};
    const char *const variables[] = {"REAL_MICROSOCKS", "REAL_DANTED", "REAL_TINYPROXY"};
    snprintf(text, sizeof(text),
             "logoutput: stderr\ninternal: 127.0.0.1 port = %u\nexternal: lo\nclientmethod: none\nsocksmethod: %s\n"
             "user.privileged: root\nuser.unprivileged: root\nclient pass { from: 0/0 to: 0/0 }\n"
             "socks pass { from: 0/0 to: 0/0 }\n",
             proxy.port, wants_password ? "username" : "none");
    write_file("danted.conf", NULL, text);
    snprintf(text, sizeof(text), "Port %u\nListen 127.0.0.1\nTimeout 600\nMaxClients 50\n%s", proxy.port,
             wants_password ? "BasicAuth user password\n" : "");
    write_file("tinyproxy.conf", NULL, text);
    const char *hosts = write_file("hosts", NULL, "127.0.0.1 localhost " HIDDEN "\n");
    const char *passwd = write_file("passwd", "/etc/passwd", "user:x:4242:4242::/:/usr/sbin/nologin\n");
    const char *shadow = write_file("shadow", "/etc/shadow", "user:" HASH ":20000:0:99999:7:::\n");
    const char *log = file("log");
    proxy.pid = fork();
    CHECK(proxy.pid != -1);

    if (proxy.pid == 0) {
        become(variables[kind], arguments[kind], hosts, passwd, shadow, log);
    }

    const uint64_t end = real_ms() + PATIENCE_MS;

    while (!listens(proxy.port) && real_ms() < end) {
        usleep(10000);
        CHECK_EQ(waitpid(proxy.pid, NULL, WNOHANG), 0);
    }

    return proxy;
}

/* danted has children: the runner of the tests reaps these. */
static void stop_proxy(Proxy *proxy)
{
    kill(proxy->pid, SIGKILL);
    CHECK(waitpid(proxy->pid, NULL, 0) == proxy->pid);
}

static Toxlink_Options through(const Proxy *proxy, const char *host, const char *user, const char *password)
{
    static char address[64];
    Toxlink_Options options;
    snprintf(address, sizeof(address), "%s:%u", host, proxy->port);
    toxlink_options_init(&options, sizeof(options));
    options.proxy_type = proxy->kind == TINYPROXY ? TOXLINK_PROXY_TYPE_HTTP : TOXLINK_PROXY_TYPE_SOCKS5;
    options.proxy_address = address;
    options.proxy_user = user;
    options.proxy_password = password;
    return options;
}

/* The address of a relay, by a name. */
static const char *named(const Scene_Relay *relay, const char *name)
{
    static char text[100];
    snprintf(text, sizeof(text), "%s%s", name, strrchr(relay->address, ':'));
    return text;
}

static Toxlink_Client *try_client(const Toxlink_Options *options, const char *address, const Scene_Relay *relay,
                                  Toxlink_Client_Status status)
{
    Toxlink_Client *client;
    WORKS(client = toxlink_client_new(options, address, relay->key, ERR(Toxlink_Err_New)));
    await_status(client, status);
    return client;
}

static uint64_t callers(const Scene_Relay *relay)
{
    Toxlink_Relay_Figures figures;
    CHECK(toxlink_relay_figures(relay->relay, &figures, sizeof(figures)));
    return figures.accepted;
}

/* What was counted is this, and no more. `allowed` may be more if a name has several addresses. */
static void check_counts(unsigned allowed, unsigned localhost)
{
    const Watched found = watched();
    CHECK_EQ(found.direct, 0);
    CHECK_EQ(found.names, 0);
    CHECK_EQ(found.datagrams, 0);
    CHECK_EQ(found.localhost, localhost);
    CHECK(localhost == 0 ? found.allowed == allowed : found.allowed >= allowed);
}

/* The counters see what there is without a proxy. */
static void the_counters_count(void)
{
    const Scene_Relay relay = scene_relay();
    watch(1);
    toxlink_client_kill(scene_client(&relay, NULL));
    CHECK_EQ(watched().direct, 1);
    CHECK_EQ(watched().names + watched().localhost, 0);
    toxlink_client_kill(try_client(NULL, named(&relay, "localhost"), &relay, TOXLINK_CLIENT_STATUS_CONNECTED));
    CHECK_EQ(watched().localhost, 1);
    CHECK(watched().direct >= 2);
    toxlink_client_kill(try_client(NULL, named(&relay, HIDDEN), &relay, TOXLINK_CLIENT_STATUS_DISCONNECTED));
    CHECK_EQ(watched().names, 1);
    CHECK_EQ(watched().allowed, 0);
    watch((uint16_t)atoi(strrchr(relay.address, ':') + 1));
    toxlink_client_kill(scene_client(&relay, NULL));
    CHECK_EQ(watched().allowed, 1);
    CHECK_EQ(watched().direct, 0);
    toxlink_relay_kill(relay.relay);
}

static void client_works(Kind kind, const char *user, const char *password)
{
    const Scene_Relay relay = scene_relay();
    Proxy proxy = start_proxy(kind, user != NULL);
    Toxlink_Options options = through(&proxy, "127.0.0.1", user, password);
    watch(proxy.port);
    toxlink_client_kill(try_client(&options, relay.address, &relay, TOXLINK_CLIENT_STATUS_CONNECTED));
    check_counts(1, 0);
    /* The name is the proxy's business. */
    toxlink_client_kill(try_client(&options, named(&relay, HIDDEN), &relay, TOXLINK_CLIENT_STATUS_CONNECTED));
    check_counts(2, 0);
    options = through(&proxy, "localhost", user, password);
    toxlink_client_kill(try_client(&options, named(&relay, HIDDEN), &relay, TOXLINK_CLIENT_STATUS_CONNECTED));
    check_counts(3, 1);
    CHECK(callers(&relay) >= 3);
    stop_proxy(&proxy);
    toxlink_relay_kill(relay.relay);
}

static void refused(Kind kind, const char *user, const char *password)
{
    char why[200];
    const Scene_Relay relay = scene_relay();
    Proxy proxy = start_proxy(kind, true);
    const Toxlink_Options options = through(&proxy, "127.0.0.1", user, password);
    watch(proxy.port);
    Toxlink_Client *client = try_client(&options, relay.address, &relay, TOXLINK_CLIENT_STATUS_DISCONNECTED);
    CHECK(toxlink_client_failure(client, why, sizeof(why)) > 0);
    CHECK(strstr(why, kind == TINYPROXY ? "HTTP" : "SOCKS5") != NULL);
    toxlink_client_kill(client);
    check_counts(1, 0);
    /* Connections try again, and do not get around it either. */
    Toxlink_Connections *c = toxlink_connections_new(&options, NULL);
    const uint32_t peer = toxlink_connections_add_peer(c, relay.key, NULL);
    CHECK(toxlink_connections_add_relay(c, named(&relay, "localhost"), relay.key, NULL));
    Toxlink_Relay_Info info;
    memset(&info, 0, sizeof(info));

    for (int i = 0; i < 500 && info.last_error[0] == '\0'; ++i) {
        CHECK(toxlink_connections_turn(c, TURN_MS, NULL, NULL));
        CHECK(toxlink_connections_relay_info(c, relay.key, &info, sizeof(info)));
    }

    CHECK(strstr(info.last_error, kind == TINYPROXY ? "HTTP" : "SOCKS5") != NULL);
    CHECK_EQ(toxlink_connections_online_relays(c, peer), 0);
    toxlink_connections_kill(c);
    CHECK(watched().allowed >= 2);
    CHECK_EQ(watched().direct + watched().names + watched().localhost + watched().datagrams, 0);
    CHECK_EQ(callers(&relay), 0);
    stop_proxy(&proxy);
    toxlink_relay_kill(relay.relay);
}

static void with_passwords(Kind kind)
{
    client_works(kind, "user", "password");
    refused(kind, "user", "wrong");
    refused(kind, "user", NULL);
    refused(kind, "other", "password");
    refused(kind, NULL, NULL);
}

/* Two programs behind a proxy that is given by name, at a relay with a name that only the proxy knows. */
static void peers_behind(Kind kind)
{
    const Scene_Relay relay = scene_relay();
    Proxy proxy = start_proxy(kind, true);
    const Toxlink_Options options = through(&proxy, "localhost", "user", "password");
    Scene_Peers peers;
    watch(proxy.port);

    for (int i = 0; i < 2; ++i) {
        WORKS(peers.connections[i] = toxlink_connections_new(&options, ERR(Toxlink_Err_New)));
        CHECK(toxlink_connections_public_key(peers.connections[i], peers.key[i]));
    }

    for (int i = 0; i < 2; ++i) {
        peers.peer[i] = toxlink_connections_add_peer(peers.connections[i], peers.key[1 - i], NULL);
        WORKS(toxlink_connections_add_relay_for(peers.connections[i], peers.peer[i], named(&relay, HIDDEN), relay.key,
                                                ERR(Toxlink_Err_Relay)));
    }

    const uint64_t end = real_ms() + PATIENCE_MS;

    while (toxlink_connections_online_relays(peers.connections[0], peers.peer[0]) == 0 && real_ms() < end) {
        turn_peers(&peers);
    }

    CHECK_EQ(toxlink_connections_online_relays(peers.connections[0], peers.peer[0]), 1);
    CHECK(toxlink_connections_send(peers.connections[0], peers.peer[0], relay.key, 32, NULL));
    check_counts(2, 2);

    /* Without its proxy nobody looks for another way. */
    stop_proxy(&proxy);

    for (int i = 0; i < 100; ++i) {
        turn_peers(&peers);
    }

    CHECK_EQ(toxlink_connections_online_relays(peers.connections[0], peers.peer[0]), 0);
    CHECK_EQ(watched().direct + watched().names + watched().datagrams, 0);
    CHECK_EQ(callers(&relay), 2);
    kill_peers(&peers);
    toxlink_relay_kill(relay.relay);
}

static void microsocks_open(void) { client_works(MICROSOCKS, NULL, NULL); }
static void danted_open(void) { client_works(DANTED, NULL, NULL); }
static void tinyproxy_open(void) { client_works(TINYPROXY, NULL, NULL); }
static void microsocks_passwords(void) { with_passwords(MICROSOCKS); }
static void danted_passwords(void) { with_passwords(DANTED); }
static void tinyproxy_passwords(void) { with_passwords(TINYPROXY); }
static void microsocks_peers(void) { peers_behind(MICROSOCKS); }
static void tinyproxy_peers(void) { peers_behind(TINYPROXY); }

static const Test tests[] = {
    {"the_counters_count", the_counters_count, T_FAST, 60},
    {"microsocks_open", microsocks_open, 0, 60},
    {"danted_open", danted_open, 0, 60},
    {"tinyproxy_open", tinyproxy_open, 0, 60},
    {"microsocks_passwords", microsocks_passwords, 0, 120},
    {"danted_passwords", danted_passwords, 0, 120},
    {"tinyproxy_passwords", tinyproxy_passwords, 0, 120},
    {"microsocks_peers", microsocks_peers, 0, 120},
    {"tinyproxy_peers", tinyproxy_peers, 0, 120},
};

int main(int argc, char **argv)
{
    return run_tests("proxies", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
