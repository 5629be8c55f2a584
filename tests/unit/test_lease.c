/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lease.h"

static char root[40];
static struct netinfo net;
static struct lease_place place;

/* With the folders above it. */
static void put(const char *path, const void *text, size_t len)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *at = full + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(full, 0700);
		*at = '/';
	}
	f = fopen(full, "w");
	cr_assert_not_null(f, "%s", full);
	fwrite(text, 1, len, f);
	fclose(f);
}

static void init(void)
{
	strcpy(root, "/tmp/test_lease.XXXXXX");
	cr_assert_not_null(mkdtemp(root));
	place = (struct lease_place){ root, "/run/sallyport", "eth0", 7 };
	net = (struct netinfo){ .n_own = 2 };
	cr_assert(ipaddr_parse("192.0.2.9", &net.own[0]) &&
		  ipaddr_parse("2001:db8::9", &net.own[1]));
}

static void fini(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", root);
	cr_expect_eq(system(command), 0);
}

TestSuite(lease, .init = init, .fini = fini);

#define LINKS "/run/systemd/netif/links/7"
#define DEVICES "/run/NetworkManager/devices/7"
#define HOOK "/run/sallyport/portal/eth0"
#define DHCLIENT "/var/lib/dhcp/dhclient.leases"

#define GOOD "https://a.example/"
#define LEASE(interface, address, option) "lease {\n  interface \"" \
	interface "\";\n  fixed-address " address ";\n" \
	"  option subnet-mask 255.255.255.0;\n" option \
	"  renew 0 2026/11/22 12:00:00;\n}\n"
#define OPTION(name, value) "  option " name " " value ";\n"
#define OURS OPTION("default-url", "\"" GOOD "\"")
#define THEIRS OPTION("default-url", "\"https://b.example/\"")

static const struct {
	const char *what, *path, *text;
	const char *url;	/* NULL: none */
	const char *source;
} rows[] = {
	{ "networkd", LINKS, "# private\nADMIN_STATE=configured\n"
	  "CAPTIVE_PORTAL=" GOOD "\nDOMAINS=\n", GOOD, "systemd-networkd" },
	{ "networkd, no line break at the end", LINKS, "CAPTIVE_PORTAL=" GOOD,
	  GOOD, "systemd-networkd" },
	{ "networkd, none", LINKS, "ADMIN_STATE=configured\n", NULL, NULL },
	{ "networkd, empty", LINKS, "CAPTIVE_PORTAL=\n", NULL, NULL },
	{ "another key", LINKS, "XCAPTIVE_PORTAL=" GOOD "\n", NULL, NULL },
	{ "another link's", "/run/systemd/netif/links/8",
	  "CAPTIVE_PORTAL=" GOOD, NULL, NULL },
	{ "NetworkManager", DEVICES, "[device]\nmanaged=1\n[dhcp4]\n"
	  "default_url=" GOOD "\nip_address=192.0.2.9\n", GOOD,
	  "NetworkManager" },
	{ "NetworkManager, of another address", DEVICES, "[dhcp4]\n"
	  "default_url=" GOOD "\nip_address=192.0.2.10\n", NULL, NULL },
	{ "hook", HOOK, "ip_address=2001:db8::9\ndefault_url=" GOOD "\n",
	  GOOD, "hook" },
	{ "hook, of no address", HOOK, "ip_address=\ndefault_url=" GOOD "\n",
	  NULL, NULL },
	{ "dhclient", DHCLIENT, LEASE("eth0", "192.0.2.9", OURS), GOOD,
	  "dhclient" },
	{ "dhclient, a file of its own", "/var/lib/dhcp/dhclient.eth0.leases",
	  LEASE("eth0", "192.0.2.9", OURS), GOOD, "dhclient" },
	{ "dhclient for NetworkManager",
	  "/var/lib/NetworkManager/dhclient-1b-2c-eth0.lease",
	  LEASE("eth0", "192.0.2.9", OURS), GOOD, "dhclient" },
	{ "the last lease counts", DHCLIENT,
	  LEASE("eth0", "192.0.2.9", THEIRS) LEASE("eth0", "192.0.2.9", OURS),
	  GOOD, "dhclient" },
	{ "... also if it has none", DHCLIENT,
	  LEASE("eth0", "192.0.2.9", THEIRS) LEASE("eth0", "192.0.2.9", ""),
	  NULL, NULL },
	{ "... of this interface", DHCLIENT, LEASE("eth0", "192.0.2.9", OURS)
	  LEASE("wlan0", "192.0.2.9", THEIRS), GOOD, "dhclient" },
	{ "... of this network", DHCLIENT, LEASE("eth0", "192.0.2.9", OURS)
	  LEASE("eth0", "10.0.0.1", THEIRS), GOOD, "dhclient" },
	{ "half a lease", DHCLIENT, "lease {\n  interface \"eth0\";\n" OURS,
	  NULL, NULL },
	{ "another option", DHCLIENT, LEASE("eth0", "192.0.2.9",
	  OPTION("www-server", "\"" GOOD "\"")), NULL, NULL },
	{ "in hexadecimal", DHCLIENT, LEASE("eth0", "192.0.2.9",
	  OPTION("unknown-114", "68:74:74:70:73:3a")), "https:", "dhclient" },
	{ "... with a NUL", DHCLIENT, LEASE("eth0", "192.0.2.9",
	  OPTION("unknown-114", "68:0:74")), "h\nt", "dhclient" },
	{ "an escaped quote", DHCLIENT, LEASE("eth0", "192.0.2.9",
	  OPTION("default-url", "\"" GOOD "\\\"; x\"")), GOOD "\\",
	  "dhclient" },
	{ "DHCPv6", "/var/lib/dhcp/dhclient6.leases",
	  "lease6 {\n  interface \"eth0\";\n  ia-na 0:1:2:3 {\n"
	  "    iaaddr 2001:db8::9 {\n      max-life 60;\n    }\n  }\n"
	  OPTION("dhcp6.v6-captive-portal", "\"" GOOD "\"") "}\n", GOOD,
	  "dhclient" },
	{ "binary", DHCLIENT, "\1\2\377\n\n{}}\n\"\";;", NULL, NULL },
};

Test(lease, rows)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct lease l = { .len = 0 };

		fini();
		init();
		put(rows[i].path, rows[i].text, strlen(rows[i].text));
		cr_expect_eq(lease_find(&place, &net, &l),
			     rows[i].url != NULL, "%s", rows[i].what);
		if (rows[i].url == NULL)
			continue;
		cr_expect_str_eq(l.url, rows[i].url, "%s", rows[i].what);
		cr_expect_eq(l.len, strlen(rows[i].url), "%s", rows[i].what);
		cr_expect_str_eq(l.source, rows[i].source, "%s", rows[i].what);
	}
}

Test(lease, no_file)
{
	struct lease l;

	cr_expect(!lease_find(&place, &net, &l));
}

/* What is cut stays too long for a good one. */
Test(lease, long_values)
{
	static char text[3 * LEASE_VALUE] = "CAPTIVE_PORTAL=https://a.example/";
	struct lease l;

	memset(text + strlen(text), 'a', sizeof(text) - strlen(text));
	put(LINKS, text, sizeof(text));
	cr_assert(lease_find(&place, &net, &l));
	cr_expect_eq(l.len, LEASE_VALUE - 1);
}

Test(lease, nul_does_not_end_a_value)
{
	static const char text[] = "CAPTIVE_PORTAL=" GOOD "\0.evil\n";
	struct lease l;

	put(LINKS, text, sizeof(text) - 1);
	cr_assert(lease_find(&place, &net, &l));
	cr_expect_str_eq(l.url, GOOD "\r.evil");
}

Test(lease, of_a_long_file_the_end)
{
	static char text[2 * LEASE_FILE];
	size_t n = strlen(LEASE("eth0", "192.0.2.9", OURS));
	struct lease l;

	memset(text, '\n', sizeof(text));
	memcpy(text, LEASE("eth0", "192.0.2.9", THEIRS), n);
	put(DHCLIENT, text, sizeof(text));
	cr_expect(!lease_find(&place, &net, &l), "too far in front");
	memcpy(text + sizeof(text) - n, LEASE("eth0", "192.0.2.9", OURS), n);
	put(DHCLIENT, text, sizeof(text));
	cr_assert(lease_find(&place, &net, &l));
	cr_expect_str_eq(l.url, GOOD);
}

Test(lease, no_links_and_no_pipes)
{
	char path[128];
	struct lease l;

	put("/elsewhere", "CAPTIVE_PORTAL=" GOOD, 33);
	put("/run/systemd/netif/links/1", "", 0);
	snprintf(path, sizeof(path), "%s" LINKS, root);
	cr_assert_eq(symlink("../../../../elsewhere", path), 0);
	cr_expect(!lease_find(&place, &net, &l), "symbolic link");
	unlink(path);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_expect(!lease_find(&place, &net, &l), "pipe");
}
