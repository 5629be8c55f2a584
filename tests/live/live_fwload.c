/* SPDX-License-Identifier: ISC */
/*
 * Loads a ruleset and opens addresses, as control would.
 *
 *   live_fwload POLICY [lan] [uid=N|uid=any] [own=UID:GID] [port=N]...
 *       [upstream=ADDR]... [relay=ENDPOINT]... [if=NAME] [dns=ADDR]...
 *       [allow=ADDR]...
 *
 * "print" before POLICY only shows the text.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall/fw.h"

static struct fw_ruleset r = { .upstream_port = 53 };
static struct fw_element allowed[FW_BATCH];
static unsigned int n_allowed;

static struct ipaddr address(const char *text)
{
	struct ipaddr a;

	if (!ipaddr_parse(text, &a))
		errx(2, "%s: not an address", text);
	return a;
}

static enum fw_policy policy(const char *name)
{
	for (enum fw_policy p = 0; p < FW__N; p++)
		if (strcmp(name, fw_policy_name(p)) == 0)
			return p;
	errx(2, "%s: no such policy", name);
}

static void room(unsigned int n, unsigned int max, const char *what)
{
	if (n >= max)
		errx(2, "%s: too many", what);
}

static void set_uid(const char *text)
{
	r.any_uid = strcmp(text, "any") == 0;
	r.uid = r.any_uid ? 0 : (uid_t)strtoul(text, NULL, 10);
}

static void set_own(const char *text)
{
	unsigned int uid, gid;

	if (sscanf(text, "%u:%u", &uid, &gid) != 2)
		errx(2, "%s: not UID:GID", text);
	r.datapath_uid = uid;
	r.datapath_gid = gid;
}

static void add_port(const char *text)
{
	room(r.n_ports, CONF_PORTS, text);
	r.ports[r.n_ports++] = (uint16_t)strtoul(text, NULL, 10);
}

static void add_upstream(const char *text)
{
	room(r.n_upstreams, POLICY_UPSTREAMS, text);
	r.upstreams[r.n_upstreams++] = address(text);
}

static void add_relay(const char *text)
{
	room(r.n_relays, CONF_ENDPOINTS, text);
	if (!endpoint_parse(text, &r.relays[r.n_relays++]))
		errx(2, "%s: not an endpoint", text);
}

static void set_interface(const char *text)
{
	snprintf(r.interface, sizeof(r.interface), "%s", text);
}

static void add_dns(const char *text)
{
	room(r.n_dns, TUNNEL_DNS, text);
	r.dns[r.n_dns++] = address(text);
}

static void add_allowed(const char *text)
{
	room(n_allowed, FW_BATCH, text);
	allowed[n_allowed++] = (struct fw_element){ address(text), 300, false, false };
}

static const struct {
	const char *key;
	void (*take)(const char *text);
} options[] = {
	{ "uid=", set_uid }, { "own=", set_own }, { "port=", add_port },
	{ "upstream=", add_upstream }, { "relay=", add_relay },
	{ "if=", set_interface }, { "dns=", add_dns },
	{ "allow=", add_allowed },
};

static void take(const char *arg)
{
	if (strcmp(arg, "lan") == 0) {
		r.lan = true;
		return;
	}
	for (size_t i = 0; i < NITEMS(options); i++) {
		size_t len = strlen(options[i].key);

		if (strncmp(arg, options[i].key, len) == 0) {
			options[i].take(arg + len);
			return;
		}
	}
	errx(2, "%s: what?", arg);
}

static void print(void)
{
	static char text[FW_TEXT];

	if (fw_nft_text(&r, "sallyport", text) == 0)
		errx(1, "cannot be written");
	fputs(text, stdout);
}

static void load(void)
{
	struct conf c = { .firewall = { .mode = FWMODE_OWN,
					.table = "sallyport" } };
	uint32_t generation;
	struct why why;
	struct fw *fw;

	if (fw_nft_open(&fw, &c, &why) != 0 ||
	    fw->ops->load(fw, &r, &why) != 0 ||
	    fw->ops->add(fw, allowed, n_allowed, &why) != 0 ||
	    fw->ops->verify(fw, &generation, &why) != 1)
		errx(1, "%s", why.text);
	fw->ops->close(fw);
}

int main(int argc, char **argv)
{
	bool only_print = argc > 1 && strcmp(argv[1], "print") == 0;

	argv += only_print;
	argc -= only_print;
	if (argc < 2)
		errx(2, "usage: live_fwload [print] POLICY [KEY=VALUE]...");
	r.policy = policy(argv[1]);
	for (int i = 2; i < argc; i++)
		take(argv[i]);
	if (only_print)
		print();
	else
		load();
	return 0;
}
