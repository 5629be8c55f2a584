/* SPDX-License-Identifier: ISC */
/*
 * bench_switch PROGRAM CONF SOCKET DIR [TSV]
 *
 * What entering and leaving the blocking state takes, from a front-end's word
 * to the daemon's answer, and each step of it by itself, with tables of
 * another name; how long a daemon takes to its first answer, and a datapath
 * that was killed until another one listens (the pause before it is counted).
 *
 * "a verdict": three base chains that jump to one of our own each, whose only
 * rule is replaced, all in one transaction: what a switch would take at least.
 *
 * PROGRAM is the daemon, CONF its configuration with that SOCKET and no
 * tunnel but tun0, DIR a folder for our own files.
 */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
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
static struct nftlink nfnl;
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

/* What load() consists of. */
static void parts(void)
{
	static const struct nftplace at = { NFPROTO_INET, "steps", NULL };
	static char text[FW_TEXT];
	uint64_t since = clock_boot(), digest;
	uint32_t generation;
	size_t len;

	ruleset.policy = FW_BLOCKED_ACTIVE;
	len = fw_nft_text(&ruleset, at.table, text);
	add("... its text", since);
	since = clock_boot();
	must(nftrun(text, len, &why), "nft");
	add("... nft, a process", since);
	since = clock_boot();
	if (nftread_generation(&nfnl, &generation) < 0 ||
	    nftread_digest(&nfnl, &at, &digest) < 0 ||
	    nftread_generation(&nfnl, &generation) < 0)
		errx(1, "cannot read the rules back");
	add("... read back", since);
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

/* ---- one verdict */

static const char verdicts[] =
	"add table inet verdict\ndelete table inet verdict\n"
	"table inet verdict {\n"
	"chain a { accept; }\nchain b { accept; }\n"
	"chain active0 { goto a; }\nchain active1 { goto a; }\n"
	"chain active2 { goto a; }\n"
	"chain o { type filter hook output priority 9; jump active0; }\n"
	"chain i { type filter hook input priority 9; jump active1; }\n"
	"chain f { type filter hook forward priority 9; jump active2; }\n}\n";

static struct nlmsghdr *begin(size_t at, uint16_t type, uint16_t flags,
			      const char *chain)
{
	struct nlmsghdr *h = nftlink_put(&nfnl, at,
		(uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags,
		NFPROTO_INET, 0);

	mnl_attr_put_strz(h, NFTA_RULE_TABLE, "verdict");
	mnl_attr_put_strz(h, NFTA_RULE_CHAIN, chain);
	return h;
}

static void put_goto(struct nlmsghdr *h, const char *to)
{
	struct nlattr *n[5];

	n[0] = mnl_attr_nest_start(h, NFTA_RULE_EXPRESSIONS);
	n[1] = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
	mnl_attr_put_strz(h, NFTA_EXPR_NAME, "immediate");
	n[2] = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	mnl_attr_put_u32(h, NFTA_IMMEDIATE_DREG, htobe32(NFT_REG_VERDICT));
	n[3] = mnl_attr_nest_start(h, NFTA_IMMEDIATE_DATA);
	n[4] = mnl_attr_nest_start(h, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(h, NFTA_VERDICT_CODE, htobe32((uint32_t)NFT_GOTO));
	mnl_attr_put_strz(h, NFTA_VERDICT_CHAIN, to);
	for (int i = 4; i >= 0; i--)
		mnl_attr_nest_end(h, n[i]);
}

/* The batch's length. */
static size_t write_batch(const char *to)
{
	static const char *const chains[] = { "active0", "active1", "active2" };
	size_t len = nftlink_put(&nfnl, 0, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC,
				 NFNL_SUBSYS_NFTABLES)->nlmsg_len;

	for (int i = 0; i < 3; i++) {
		struct nlmsghdr *h = begin(len, NFT_MSG_DELRULE, 0, chains[i]);

		len += h->nlmsg_len;
		h = begin(len, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND |
			  (i == 2 ? NLM_F_ACK : 0), chains[i]);
		put_goto(h, to);
		len += h->nlmsg_len;
	}
	return len + nftlink_put(&nfnl, len, NFNL_MSG_BATCH_END, 0, AF_UNSPEC,
				 NFNL_SUBSYS_NFTABLES)->nlmsg_len;
}

static void verdict(const char *to)
{
	uint64_t since = clock_boot(), until = nftlink_deadline();
	const struct nlmsghdr *h = (const void *)nfnl.in;
	int len = nftlink_send(&nfnl, write_batch(to), until);

	if (len == 0)
		len = nftlink_recv(&nfnl, until);
	if (len < 0 || !mnl_nlmsg_ok(h, len) || h->nlmsg_type != NLMSG_ERROR ||
	    ((const struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error != 0)
		errx(1, "a verdict was not taken");
	add("a verdict", since);
}

static void steps(void)
{
	static struct conf c;
	struct hostdns *h;

	conf_defaults(&c);
	snprintf(c.firewall.table, sizeof(c.firewall.table), "steps");
	snprintf(c.resolv_conf, sizeof(c.resolv_conf), "%s/resolv.conf", dir);
	snprintf(c.state_dir, sizeof(c.state_dir), "%s", dir);
	must(hostdns_file_open(&h, &c, &why), "hostdns");
	must(fw_nft_open(&fw, &c, &why), "firewall");
	must(nftlink_open(&nfnl, 0, &why), "netfilter");
	must(nftrun(verdicts, sizeof(verdicts) - 1, &why), "verdicts");
	snprintf(ruleset.interface, sizeof(ruleset.interface), "tun0");
	ruleset.upstreams[0] = ipaddr_v4((const uint8_t[]){ 192, 0, 2, 53 });
	for (unsigned int i = 0; i < measure_times(ROUNDS, 3); i++) {
		measure_round(&m);
		load(FW_CONNECTED, "rules: connected");
		load(FW_BLOCKED_ACTIVE, "rules: blocked, active");
		parts();
		dns(h);
		verdict(i & 1 ? "a" : "b");
	}
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
