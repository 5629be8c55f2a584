/* SPDX-License-Identifier: ISC */
/*
 * The nftables firewall against a real kernel, in a network namespace of its
 * own. "Somebody else" is nft(8), run from here.
 *
 *   live_fw [alone]	exit 77: not root, or no nft
 */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "firewall/fw.h"

static unsigned int passed, failed;
static struct why why;
static struct fw *fw;

static void check(bool good, const char *fmt, ...) PRINTF(2, 3);

static void check(bool good, const char *fmt, ...)
{
	va_list ap;

	if (good) {
		passed++;
		return;
	}
	failed++;
	va_start(ap, fmt);
	printf("FAILED: ");
	vprintf(fmt, ap);
	printf(" (%s)\n", why.text);
	va_end(ap);
	fflush(stdout);
}

/* Somebody else changes rules. */
static void other(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "nft '%s'", command);
	check(system(line) == 0, "%s", line);
}

static int verify(void)
{
	uint32_t generation = 0;
	int n;

	why.text[0] = '\0';
	n = fw->ops->verify(fw, &generation, &why);
	if (n >= 0)
		check(generation != 0, "verify names its generation");
	return n;
}

static int changed(void)
{
	return fw->ops->changed(fw);
}

static struct ipaddr nth(unsigned int i, bool v4)
{
	uint8_t b[16] = { 0x20, 0x01, 0x0d, 0xb8 };

	b[12] = 198;
	b[13] = 18;
	b[14] = (uint8_t)(i >> 8);
	b[15] = (uint8_t)i;
	return v4 ? ipaddr_v4(b + 12) : ipaddr_v6(b);
}

static struct ipaddr parse(const char *text)
{
	struct ipaddr a;

	if (!ipaddr_parse(text, &a))
		abort();
	return a;
}

static int add(struct fw_element *e, unsigned int n)
{
	why.text[0] = '\0';
	return fw->ops->add(fw, e, n, &why);
}

static int add1(const char *text, uint32_t seconds, bool renew)
{
	struct fw_element e = { parse(text), seconds, renew, false };

	return add(&e, 1);
}

static struct ipaddr held[2 * FW_BATCH * 2 + 1];

static int list(void)
{
	why.text[0] = '\0';
	return fw->ops->list(fw, held, NITEMS(held), &why);
}

static bool holds(const char *text)
{
	struct ipaddr a = parse(text);
	int n = list();

	for (int i = 0; i < n; i++)
		if (ipaddr_equal(&held[i], &a))
			return true;
	return false;
}

static struct fw_ruleset door_rules(void)
{
	struct fw_ruleset r = {
		.policy = FW_BLOCKED_ACTIVE, .n_ports = 2, .ports = { 80, 443 },
		.datapath_uid = 981, .datapath_gid = 982,
		.upstream_port = 53, .n_upstreams = 2,
	};

	r.upstreams[0] = parse("192.0.2.53");
	r.upstreams[1] = parse("2001:db8::53");
	return r;
}

static int load(const struct fw_ruleset *r)
{
	why.text[0] = '\0';
	return fw->ops->load(fw, r, &why);
}

static int load_policy(enum fw_policy p)
{
	struct fw_ruleset r = door_rules();

	r.policy = p;
	return load(&r);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void loading(void)
{
	check(verify() == 0, "nothing loaded yet: not ours");
	check(load_policy(FW_NONE) == 0, "no table where none is");
	check(verify() == 1, "and none is there");
	check(add1("192.0.2.1", 30, false) == -ENOENT, "no door, no element");
	check(list() == 0, "nothing is open without a door");
	for (enum fw_policy p = 0; p < FW__N; p++) {
		check(load_policy(p) == 0, "load %s", fw_policy_name(p));
		check(verify() == 1, "verify %s", fw_policy_name(p));
	}
	check(changed() == 0, "our loads are ours");
	check(load_policy(FW_BLOCKED_ACTIVE) == 0, "the door");
	check(list() == 0, "empty at first");
	check(changed() == 0, "our load is ours");
}

static void elements(void)
{
	struct fw_element two[] = {
		{ parse("192.0.2.1"), 30, false, false },
		{ parse("2001:db8::1"), 30, false, false },
	};
	struct ipaddr gone[] = { two[0].addr, parse("192.0.2.99"),
				 two[1].addr };
	struct fw_element same[] = {
		{ two[0].addr, 30, true, false }, { two[0].addr, 30, true, false },
	};

	check(add(two, 2) == 0, "v4 and v6 in one batch");
	check(list() == 2, "both are there");
	check(holds("192.0.2.1") && holds("2001:db8::1"), "as they were");
	check(add(two, 2) == 0 && list() == 2, "again is no error");
	check(verify() == 1, "elements are no change of the rules");
	check(changed() == 0, "nor somebody else's");
	check(add(same, 2) == 0 && list() == 2, "twice in one batch, renewed");
	check(add1("192.0.2.1", 0, false) == -EINVAL, "0 s is not for ever");
	check(fw->ops->remove(fw, gone, 3, &why) == 0, "remove, one not there");
	check(list() == 0, "both are gone");
	check(fw->ops->remove(fw, gone, 3, &why) == 0, "none is there");
	check(add(two, 0) == 0, "no elements, no work");
}

/* The kernel's granularity is a tick; its promise is "not before". */
static void expiry(void)
{
	struct fw_element three[] = {
		{ parse("192.0.2.1"), 1, false, false },
		{ parse("192.0.2.2"), 1, false, false },
		{ parse("2001:db8::1"), 1, false, false },
	};
	int64_t until = now_ms() + 5000;

	check(add(three, 3) == 0, "1 s each");
	check(add1("192.0.2.1", 60, true) == 0, "one renewed to 60 s");
	check(list() == 3, "all there before a second is over");
	while (list() > 1 && now_ms() < until)
		poll(NULL, 0, 20);
	check(list() == 1 && holds("192.0.2.1"), "only the renewed one stays");
	three[0].renew = three[1].renew = three[2].renew = true;
	three[0].seconds = three[1].seconds = three[2].seconds = 60;
	check(add(three, 3) == 0, "renewed, two of them expired");
	check(list() == 3, "all three are back");
	check(fw->ops->clear(fw, &why) == 0 && list() == 0, "cleared");
	check(changed() == 0, "all that was ours");
}

static void many(void)
{
	static struct fw_element e[FW_BATCH];
	static struct ipaddr a[FW_BATCH];

	for (unsigned int i = 0; i < FW_BATCH; i++)
		e[i] = (struct fw_element){ nth(i, i % 2), 60, false, false };
	check(add(e, FW_BATCH) == 0, "a full batch");
	check(list() == FW_BATCH, "is there");
	for (unsigned int i = 0; i < FW_BATCH; i++)
		e[i].renew = true;
	check(add(e, FW_BATCH) == 0, "a full batch renewed");
	check(list() == FW_BATCH, "is there still");
	check(fw->ops->clear(fw, &why) == 0, "clear");
	check(list() == 0, "all are gone");
	check(add(e, FW_BATCH) == 0, "a full batch renewed, none of it there");
	check(list() == FW_BATCH, "is there again");
	for (unsigned int i = 0; i < FW_BATCH; i++)
		a[i] = e[i].addr;
	check(fw->ops->remove(fw, a, FW_BATCH, &why) == 0, "a batch removed");
	check(list() == 0, "is gone");
	check(add(e, FW_BATCH + 1) == -E2BIG, "one more than a batch");
}

static void all_or_none(void)
{
	static struct fw_element e[FW_BATCH];
	struct fw_element last[] = {
		{ parse("2001:db8::1"), 60, false, false },
		{ parse("192.0.2.1"), 60, false, false },
	};

	/* What has expired counts until the kernel collects it. */
	check(load_policy(FW_BLOCKED_ACTIVE) == 0, "new sets");
	for (unsigned int half = 0; half < 2; half++) {
		for (unsigned int i = 0; i < FW_BATCH; i++)
			e[i] = (struct fw_element){
				nth(half * FW_BATCH + i, true), 60, false, false };
		check(add(e, FW_BATCH) == 0, "half of a set");
	}
	check(list() == 2 * FW_BATCH, "the set of v4 is full");
	check(add(last, 2) == -ENOSPC, "no room for one of two");
	check(!holds("2001:db8::1"), "so the other is not there either");
	check(fw->ops->clear(fw, &why) == 0, "clear");
	check(add(last, 2) == 0 && list() == 2, "room again");
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

static bool listed(const char *word)
{
	char line[128];

	snprintf(line, sizeof(line),
		 "nft list table inet sallyport | grep -q -- '%s'", word);
	return system(line) == 0;
}

/* Policies that are not in force are in the table, too. */
static void rooms(void)
{
	struct fw_ruleset r = door_rules();

	check(load_policy(FW_BLOCKED_ACTIVE) == 0, "rooms: the door");
	check(listed("goto output-blocked-active"), "rooms: it is entered");
	other("insert rule inet sallyport output-blocked accept comment \"me\"");
	check(verify() == 0, "a room that is not in force");
	check(load_policy(FW_BLOCKED) == 0 && verify() == 1, "rooms: blocked");
	check(!listed("comment \"me\""),
	      "what somebody put into a room is not entered");
	other("insert rule inet sallyport input accept comment \"me\"");
	check(load_policy(FW_BLOCKED) == 0 && !listed("comment \"me\""),
	      "the same again puts it right");
	check(load_policy(FW_NONE) == 0 && load_policy(FW_BLOCKED) == 0 &&
	      verify() == 1, "rooms: after no table at all");
	r.policy = FW_BLOCKED;
	snprintf(r.interface, sizeof(r.interface), "x\" accept #");
	check(load(&r) == 0 && verify() == 1,
	      "a guess that cannot be written is left out");
}

static struct conf own_conf(const char *table)
{
	struct conf c = { .firewall = { .mode = FWMODE_OWN } };

	snprintf(c.firewall.table, sizeof(c.firewall.table), "%s", table);
	return c;
}

/* With an nft that takes no table in which a tunnel is connected. */
static int alone(void)
{
	struct conf c = own_conf("sallyport");

	check(fw_nft_open(&fw, &c, &why) == 0, "open");
	check(load_policy(FW_BLOCKED_ACTIVE) == 0 && verify() == 1,
	      "the policy in force alone");
	check(listed("goto output-blocked-active"), "it is entered");
	check(load_policy(FW_CONNECTED) == -EINVAL &&
	      strstr(why.text, "injected"), "what is wanted, and is refused");
	check(verify() == 1, "the old rules stay in force");
	check(load_policy(FW_BLOCKED) == 0 && verify() == 1, "another");
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
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
	loading();
	elements();
	expiry();
	many();
	all_or_none();
	others();
	rooms();
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

int main(int argc, char **argv)
{
	if (geteuid() != 0 || system("nft --version >/dev/null 2>&1") != 0 ||
	    unshare(CLONE_NEWNET) != 0) {
		puts("skipped: needs root and nft");
		return 77;
	}
	if (argc > 1 && strcmp(argv[1], "alone") == 0)
		return alone();
	own();
	bad_table();
	unprivileged();
	guest();
	guest_works();
	guest_names();
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
