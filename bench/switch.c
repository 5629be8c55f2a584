/* SPDX-License-Identifier: ISC */
/*
 * bench_switch PROGRAM CONF SOCKET DIR [TSV]
 *
 * What entering and leaving the blocking state takes, from a front-end's word
 * to the daemon's answer, and each step of it by itself, with tables of
 * another name; how long a daemon takes to its first answer, and a datapath
 * that was killed until another one listens (the pause before it is counted).
 *
 * Rules are switched where the table has room for them, and loaded by nft
 * where it has not, here for a change of lan.
 *
 * PROGRAM is the daemon, CONF its configuration with that SOCKET and no
 * tunnel but tun0, DIR a folder for our own files.
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"
#include "clock.h"
#include "firewall/fw.h"
#include "firewall/nftlink.h"
#include "firewall/nftread.h"
#include "firewall/nftrun.h"
#include "firewall/nftswitch.h"
#include "firewall/nfttable.h"
#include "hostdns/hostdns.h"
#include "tools/client.h"

enum { ROUNDS = 40, STARTS = 8, TRIES = 5000 };

static const char *program, *conf_path, *socket_path, *dir;
static struct measure m = { .bench = "switch", .unit = "us" };
static struct why why;

static void must(int rc, const char *what)
{
	if (rc < 0)
		errx(1, "%s: %s", what, why.text);
}

static void add(const char *row, uint64_t since)
{
	size_t i = 0;

	while (i < m.n_rows && strcmp(m.row[i].name, row) != 0)
		i++;
	if (i == m.n_rows)
		(void)measure_row(&m, row);
	measure_add(&m, i, (double)(clock_boot() - since) / 1e3);
}

/* ---- the daemon */

static pid_t daemon_pid;

static json_t *call(struct client *c, const char *method, json_t *params)
{
	struct client_error e;
	json_t *result;

	if (client_call(c, method, params, &result, &e) != CLIENT_OK)
		errx(1, "%s: %s", method, e.why.text);
	return result;
}

static void start(struct client *c)
{
	uint64_t since = clock_boot();
	int tries = 0;

	daemon_pid = fork();
	if (daemon_pid == 0) {
		execl(program, program, "-d", "-f", conf_path, (char *)NULL);
		_exit(127);
	}
	c->fd = -1;
	while (client_open(c, socket_path, &why) < 0 && tries++ < TRIES)
		usleep(200);
	json_decref(call(c, "status", NULL));
	add("start: to the first answer", since);
}

static void stop(struct client *c)
{
	client_close(c);
	kill(daemon_pid, SIGTERM);
	waitpid(daemon_pid, NULL, 0);
}

static void enter(struct client *c)
{
	uint64_t since = clock_boot();

	json_decref(call(c, "state.set", json_pack("{s:s}", "state", "error")));
	add("enter: all", since);
}

static void leave(struct client *c)
{
	uint64_t since = clock_boot();

	json_decref(call(c, "state.set",
			 json_pack("{s:s,s:[s]}", "state", "connecting",
				   "relays", "203.0.113.30:51820")));
	add("leave: all", since);
	since = clock_boot();
	json_decref(call(c, "state.set",
			 json_pack("{s:s,s:s}", "state", "connected",
				   "interface", "tun0")));
	add("connecting to connected: all", since);
}

static int datapath(struct client *c)
{
	json_t *status = call(c, "status", NULL);
	const json_t *r = json_object_get(status, "resolver");
	int pid = client_flag(r, "running") ? (int)client_int(r, "pid") : 0;

	json_decref(status);
	return pid;
}

static void restart(struct client *c)
{
	int was = datapath(c), is = was;
	uint64_t since = clock_boot();

	if (was <= 0 || kill(was, SIGKILL) < 0)
		err(1, "no datapath to kill");
	for (int i = 0; i < TRIES && (is == 0 || is == was); i++) {
		usleep(200);
		is = datapath(c);
	}
	add("restart: of the datapath", since);
}

static void whole(void)
{
	static struct client c;

	for (unsigned int i = 0; i < measure_times(STARTS, 2); i++) {
		start(&c);
		stop(&c);
	}
	start(&c);
	json_decref(call(&c, "netcheck.set", json_pack("{s:b}", "on", 1)));
	leave(&c);
	for (unsigned int i = 0; i < measure_times(ROUNDS, 3); i++) {
		measure_round(&m);
		enter(&c);
		leave(&c);
	}
	restart(&c);
	stop(&c);
}

/* ---- its steps */

static struct fw *fw;
static struct fw_ruleset ruleset = {
	.uid = 0, .n_ports = 2, .ports = { 80, 443 },
	.datapath_uid = 64053, .datapath_gid = 64053, .upstream_port = 53,
	.n_upstreams = 1,
};

static void load(enum fw_policy p, const char *row)
{
	uint64_t since = clock_boot();

	ruleset.policy = p;
	must(fw->ops->load(fw, &ruleset, &why), "load");
	add(row, since);
}

/* What load() consists of, in a table of another name. */
static struct nftlink nfnl;
static struct nfttable table;

static void parts(void)
{
	static char text[FW_TEXT];
	struct nftdigest digest;
	uint32_t generation;
	uint64_t since;

	ruleset.policy = FW_BLOCKED_ACTIVE;
	since = clock_boot();
	must(nftswitch(&table.rules, &table.at, &ruleset, &why), "switch");
	add("... its transaction", since);
	since = clock_boot();
	if (nftread_generation(&nfnl, &generation) < 0 ||
	    nftread_digest(&nfnl, &table.at, &digest) < 0 ||
	    nftread_generation(&nfnl, &generation) < 0)
		errx(1, "cannot read the rules back");
	add("... read back", since);
	since = clock_boot();
	(void)fw_nft_text(&ruleset, "steps", text);
	add("the text of a policy", since);
	since = clock_boot();
	must(nftrun(table.text, table.len, &why), "nft");
	add("nft, all rooms", since);
	since = clock_boot();
	must(nftrun("", 0, &why), "nft");
	add("nft, nothing to do", since);
}

static void dns(struct hostdns *h)
{
	const struct ipaddr us = ipaddr_v4((const uint8_t[]){ 127, 0, 0, 1 });
	struct hostdns_servers servers;
	uint64_t since = clock_boot();

	must(h->ops->read(h, &servers, &why), "hostdns");
	add("host DNS: read, a file", since);
	since = clock_boot();
	must(h->ops->point(h, &us, 1, &why), "hostdns");
	add("host DNS: point, a file", since);
	since = clock_boot();
	must(h->ops->restore(h, &why), "hostdns");
	add("host DNS: restore, a file", since);
}

static void steps(void)
{
	static const struct nftplace parts_at = { NFPROTO_INET, "parts", NULL };
	static struct conf c;
	struct hostdns *h;

	snprintf(ruleset.interface, sizeof(ruleset.interface), "tun0");
	ruleset.upstreams[0] = ipaddr_v4((const uint8_t[]){ 192, 0, 2, 53 });
	ruleset.policy = FW_CONNECTED;
	conf_defaults(&c);
	snprintf(c.firewall.table, sizeof(c.firewall.table), "steps");
	snprintf(c.resolv_conf, sizeof(c.resolv_conf), "%s/resolv.conf", dir);
	snprintf(c.state_dir, sizeof(c.state_dir), "%s", dir);
	must(hostdns_file_open(&h, &c, &why), "hostdns");
	must(fw_nft_open(&fw, &c, &why), "firewall");
	must(nftlink_open(&nfnl, 0, &why), "netfilter");
	must(nfttable_open(&table, &nfnl, &parts_at, &why), "table");
	must(nfttable_load(&table, &ruleset, &why), "table");
	for (unsigned int i = 0; i < measure_times(ROUNDS, 3); i++) {
		measure_round(&m);
		load(FW_CONNECTED, "rules: connected");
		load(FW_BLOCKED_ACTIVE, "rules: blocked, active");
		parts();
		dns(h);
		ruleset.lan = !ruleset.lan;
		load(FW_CONNECTED, "rules: loaded by nft");
	}
	must(nftswitch_remove(&table.rules, &table.at, &why), "remove");
	nfttable_close(&table);
	nftlink_close(&nfnl);
	ruleset.policy = FW_NONE;
	must(fw->ops->load(fw, &ruleset, &why), "load");
	fw->ops->close(fw);
	h->ops->close(h);
}

int main(int argc, char **argv)
{
	FILE *tsv;

	if (argc < 5)
		errx(2, "usage: bench_switch PROGRAM CONF SOCKET DIR [TSV]");
	program = argv[1];
	conf_path = argv[2];
	socket_path = argv[3];
	dir = argv[4];
	tsv = measure_tsv(argc > 5 ? argv[5] : NULL);
	whole();
	m.round = 0;
	steps();
	measure_print(&m, "enter: all", stdout, tsv);
	if (tsv != NULL && fclose(tsv) != 0)
		err(1, "%s", argv[5]);
	return 0;
}
