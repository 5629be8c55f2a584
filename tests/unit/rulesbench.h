/* SPDX-License-Identifier: ISC */
/*
 * rulesbench.h - rulesets, and the texts that they must become
 */
#ifndef RULESBENCH_H
#define RULESBENCH_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall/fw.h"

/* The longest is the table of all policies (rules_table.h). */
enum { GOLDEN_MAX = 5 * FW_TEXT };

static inline struct ipaddr parse(const char *s)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(s, &a), "%s", s);
	return a;
}

enum {
	LAN = 1, ANY_UID = 2, V4_ONLY = 4, NO_DNS = 8, NO_TUNNEL = 16,
	NO_DOOR = 32, TWICE = 64,
	HASH = 128, BYPASS = 256, TLS = 512, SEALED = 1024, MARK = 2048,
	OWN_PORTS = 4096,
};

static inline struct fw_ruleset ruleset(enum fw_policy p, unsigned int with)
{
	struct fw_ruleset r = {
		.policy = p, .lan = with & LAN, .any_uid = with & ANY_UID,
		.hash = with & HASH, .bypass = with & BYPASS,
		.tls = with & TLS,
		.n_ports = with & NO_DOOR ? 0 : 2, .ports = { 80, 443 },
		.datapath_uid = 981, .datapath_gid = 982,
		.upstream_port = 53, .n_upstreams = with & V4_ONLY ? 1 : 2,
		.n_relays = with & V4_ONLY ? 1 : 3,
		.n_dns = with & (NO_DNS | SEALED) ? 0 : 2,
		.sealed = with & SEALED, .mark = with & MARK ? 0xca6c : 0,
	};

	if (with & OWN_PORTS) {
		r.from[0] = 41053;
		r.from[1] = 41068;
	}
	r.upstreams[0] = parse("192.0.2.53");
	r.upstreams[1] = parse("2001:db8::53");
	r.relays[0] = (struct endpoint){ parse("203.0.113.1"), 51820, false };
	r.relays[1] = (struct endpoint){ parse("203.0.113.2"), 443, true };
	r.relays[2] = (struct endpoint){ parse("2001:db8::1"), 51820, false };
	if (with & TWICE)
		r.relays[1] = r.relays[0];
	r.dns[0] = parse("10.64.0.1");
	r.dns[1] = parse("fc00:bbbb::1");
	if (!(with & NO_TUNNEL))
		strcpy(r.interface, "wg0");
	return r;
}

/* Beside this file, from wherever the test is run. */
static inline void golden_path(const char *name, const char *kind,
			       char path[static 512])
{
	const char *slash = strrchr(__FILE__, '/');

	snprintf(path, 512, "%.*s/rules/%s.%s", (int)(slash - __FILE__),
		 __FILE__, name, kind);
}

/* text_of is what it should be, len octets of it. */
static inline const char *golden(const char *name, const char *kind,
				 const char *text_of, size_t len)
{
	static char file[GOLDEN_MAX];
	char path[512];

	golden_path(name, kind, path);

	FILE *f = fopen(path, getenv("GOLDEN") ? "w+" : "r");

	cr_assert(f, "%s", path);
	if (getenv("GOLDEN")) {
		fwrite(text_of, 1, len, f);
		rewind(f);
	}
	file[fread(file, 1, sizeof(file) - 1, f)] = '\0';
	fclose(f);
	return file;
}

static inline void fill(struct fw_ruleset *r)
{
	struct ipaddr a = parse("fd00:1111:2222:3333:4444:5555:6666:7777");

	r->n_ports = CONF_PORTS;
	r->n_upstreams = POLICY_UPSTREAMS;
	r->n_relays = CONF_ENDPOINTS;
	r->n_dns = TUNNEL_DNS;
	for (unsigned int i = 0; i < CONF_PORTS; i++)
		r->ports[i] = (uint16_t)(65535 - i);
	for (unsigned int i = 0; i < POLICY_UPSTREAMS; i++)
		r->upstreams[i] = a;
	for (unsigned int i = 0; i < CONF_ENDPOINTS; i++)
		r->relays[i] = (struct endpoint){ a, 65535, true };
	for (unsigned int i = 0; i < TUNNEL_DNS; i++)
		r->dns[i] = a;
	strcpy(r->interface, "abcdefghijklmno");
}

#endif /* RULESBENCH_H */
