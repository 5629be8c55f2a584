/* SPDX-License-Identifier: ISC */
/*
 * The nftables firewall against a real kernel, in a network namespace of its
 * own. "Somebody else" is nft(8), run from here.
 *
 *   live_fw        exit 77: not root, or no nft
 */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fwsuite.h"

/* Somebody else changes rules. */
static void other(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "nft '%s'", command);
	check(system(line) == 0, "%s", line);
}

static void others(void)
{
	static const char *const ways[] = {
		"add rule inet sallyport output accept",
		"insert rule inet sallyport output accept",
		"flush chain inet sallyport output",
		"chain inet sallyport output { policy accept; }",
		"add table inet sallyport { flags dormant; }",
		"add chain inet sallyport more",
		"add set inet sallyport more { type ipv4_addr; }",
		"add element inet sallyport upstream4 { 203.0.113.1 }",
		"flush set inet sallyport upstream6",
		"delete table inet sallyport",
		"flush ruleset",
	};

	for (size_t i = 0; i < NITEMS(ways); i++) {
		check(load_policy(FW_BLOCKED_ACTIVE) == 0, "reload");
		check(verify() == 1, "before: %s", ways[i]);
		changed();
		other(ways[i]);
		check(changed() == 1, "noticed: %s", ways[i]);
		check(changed() == 0, "once: %s", ways[i]);
		check(verify() == 0, "not ours any more: %s", ways[i]);
	}
	check(add1("192.0.2.1", 30, false) == -ENOENT, "no table: add");
	check(add1("192.0.2.1", 30, true) == -ENOENT, "no table: renew");
	check(list() == -ENOENT, "no table: list");
	check(fw->ops->clear(fw, &why) == 0, "no table: nothing to clear");
	check(load_policy(FW_BLOCKED_ACTIVE) == 0 && verify() == 1, "repaired");

	changed();
	other("add table inet elsewhere");
	check(changed() == 1 && verify() == 1, "a table of somebody else");
	check(add1("192.0.2.1", 30, false) == 0, "open");
	other("flush set inet sallyport allow4");
	check(changed() == 1 && verify() == 1, "a flushed set is no new rule");
	check(list() == 0, "but list shows it");
}

static void refused(void)
{
	struct fw_ruleset r = door_rules();

	check(load_policy(FW_BLOCKED) == 0, "blocked");
	r.policy = FW_CONNECTED;
	snprintf(r.interface, sizeof(r.interface), "x\" accept #");
	check(load(&r) == -EINVAL, "a name that would be a rule");
	check(verify() == 1, "the old rules stay in force");
	check(load_policy(FW_NONE) == 0 && verify() == 1, "taken away");
	other("add table inet sallyport");
	check(verify() == 0, "somebody else's table of our name");
	other("delete table inet sallyport");
}

static struct conf own_conf(const char *table)
{
	struct conf c = { .firewall = { .mode = FWMODE_OWN } };

	snprintf(c.firewall.table, sizeof(c.firewall.table), "%s", table);
	return c;
}

static void bad_table(void)
{
	struct conf c = own_conf("ip");	/* a word of nft's own */

	check(fw_nft_open(&fw, &c, &why) == 0, "open");
	check(load_policy(FW_BLOCKED) == -EINVAL &&
	      strstr(why.text, "nft refused"), "nft's own words");
	fw->ops->close(fw);
}

static void unprivileged(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct conf c = own_conf("sallyport");

		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			_exit(2);
		_exit(fw_nft_open(&fw, &c, &why) == -EPERM &&
		      strstr(why.text, "CAP_NET_ADMIN") ? 0 : 1);
	}
	check(waitpid(pid, &status, 0) == pid && status == 0,
	      "without CAP_NET_ADMIN, said so");
}

static void own(void)
{
	struct conf c = own_conf("sallyport");

	check(fw_nft_open(&fw, &c, &why) == 0, "open");
	if (!fw)
		return;
	check(fw->ops->port(fw) != 0 && fw->ops->watch_fd(fw) >= 0, "sockets");
	fwsuite();
	others();
	refused();
	fw->ops->close(fw);
}

static void guest(void)
{
	struct conf c = { .firewall = {
		.mode = FWMODE_GUEST, .table = "ip vendor",
		.set4 = "door", .set6 = "door6" } };

	check(fw_nft_open(&fw, &c, &why) == 0, "guest: open");
	check(verify() == 0, "guest: no table");
	check(add1("192.0.2.1", 30, false) == -ENOENT, "guest: no set");
	other("add table ip vendor");
	other("add set ip vendor door { type ipv4_addr; }");
	other("add set ip vendor door6 { type ipv6_addr; flags timeout; }");
	check(verify() == 0 && strstr(why.text, "timeout"),
	      "guest: a set without timeout");
	other("delete set ip vendor door");
	other("add set ip vendor door { type ipv4_addr; flags timeout, "
	      "interval; }");
	check(verify() == 0, "guest: a set of ranges");
	other("delete set ip vendor door");
	other("add set ip vendor door { type ipv4_addr; flags timeout; }");
}

static void guest_works(void)
{
	check(verify() == 1, "guest: all is well");
	check(add1("192.0.2.1", 30, false) == 0 &&
	      add1("2001:db8::1", 30, true) == 0, "guest: open");
	check(list() == 2, "guest: both are there");
	changed();
	check(load_policy(FW_BLOCKED) == 0 && list() == 0, "guest: emptied");
	check(changed() == 0, "guest: by us");
	check(verify() == 1, "guest: their table was not touched");
	other("delete table ip vendor");
	check(changed() == 1 && verify() == 0, "guest: their table is gone");
	check(list() == -ENOENT, "guest: and its sets");
	fw->ops->close(fw);
}

static void guest_names(void)
{
	struct conf c = { .firewall = { .mode = FWMODE_GUEST,
		.table = "vendor", .set4 = "a", .set6 = "b" } };

	check(fw_nft_open(&fw, &c, &why) == -EINVAL, "guest: no family");
}

int main(void)
{
	if (geteuid() != 0 || system("nft --version >/dev/null 2>&1") != 0 ||
	    unshare(CLONE_NEWNET) != 0) {
		puts("skipped: needs root and nft");
		return 77;
	}
	own();
	bad_table();
	unprivileged();
	guest();
	guest_works();
	guest_names();
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
