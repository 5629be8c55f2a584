/* SPDX-License-Identifier: ISC */
/*
 * fwsuite.h - what every firewall must do, whatever it is made of
 *
 * Its loads and its element path, through the ops alone. live_fw.c runs it
 * against nftables, live_fwmemory.c against the one in memory, which is the
 * same on all systems.
 */
#ifndef FWSUITE_H
#define FWSUITE_H

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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

/* fw is open, and has loaded nothing yet. */
static void fwsuite(void)
{
	loading();
	elements();
	expiry();
	many();
	all_or_none();
}

#endif /* FWSUITE_H */
