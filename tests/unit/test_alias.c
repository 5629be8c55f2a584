/* SPDX-License-Identifier: ISC */
/*
 * Where is listened when port 53 of 127.0.0.1 is taken. The loopback is this
 * file's: its symbols come before the library's.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "os/loalias.h"

static struct {
	int refuses;		/* -errno of an addition; 0 = none */
	unsigned int adds, removes;
	bool stands;
} lo;
static struct daemon d;

int loalias_add(void)
{
	lo.adds++;
	lo.stands |= lo.refuses == 0;
	return lo.refuses;
}

bool loalias_stands(void)
{
	return lo.stands;
}

void loalias_remove(void)
{
	lo.removes++;
	lo.stands = false;
}

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a), "%s", text);
	return a;
}

static struct datapath_report report(const char *step, const char *where)
{
	struct datapath_report r = { .addr = addr(where) };

	snprintf(r.step, sizeof(r.step), "%s", step);
	return r;
}

/* --- when is it tried again? --- */

static const struct {
	const char *what, *step, *addr;
	int error, refuses;
	bool on, again;
	unsigned int adds;
} failures[] = {
	{ "taken", "bind", "127.0.0.1", -EADDRINUSE, 0, false, true, 1 },
	{ "not taken", "bind", "127.0.0.1", -EACCES, 0, false, false, 0 },
	{ "another step", "arena", "127.0.0.1", -EADDRINUSE, 0, false, false,
	  0 },
	{ "another address", "bind", "127.0.0.2", -EADDRINUSE, 0, false,
	  false, 0 },
	{ "IPv6 has no aliases", "bind", "::1", -EADDRINUSE, 0, false, false,
	  0 },
	{ "ours is taken, too", "bind", "127.0.0.1", -EADDRINUSE, 0, true,
	  false, 0 },
	{ "no need here", "bind", "127.0.0.1", -EADDRINUSE, -ENOTSUP, false,
	  false, 1 },
	{ "not permitted", "bind", "127.0.0.1", -EADDRINUSE, -EPERM, false,
	  false, 1 },
};

Test(alias, taking)
{
	for (size_t i = 0; i < NITEMS(failures); i++) {
		struct datapath_report r = report(failures[i].step,
						  failures[i].addr);
		bool again;

		memset(&lo, 0, sizeof(lo));
		lo.refuses = failures[i].refuses;
		d.alias.on = failures[i].on;
		again = alias_take(&d, &r, failures[i].error);
		cr_expect_eq(again, failures[i].again, "%s", failures[i].what);
		cr_expect_eq(d.alias.on, failures[i].on || again, "%s",
			     failures[i].what);
		cr_expect_eq(lo.adds, failures[i].adds, "%s",
			     failures[i].what);
	}
}

/* --- where is listened? --- */

static const struct {
	const char *conf;
	bool on;
	const char *want;
} places[] = {
	{ "127.0.0.1", false, "127.0.0.1" },
	{ "127.0.0.1", true, "127.115.97.108" },
	{ "127.0.0.2", true, "127.0.0.2" },
	{ "::1", true, "::1" },
};

Test(alias, standing_in)
{
	for (size_t i = 0; i < NITEMS(places); i++) {
		struct ipaddr conf = addr(places[i].conf);
		struct ipaddr want = addr(places[i].want), got;

		d.alias.on = places[i].on;
		got = alias_for(&d, &conf);
		cr_expect(ipaddr_equal(&got, &want), "%s", places[i].conf);
		d.conf.listen[0] = conf;
		d.conf.n_listen = 1;
		cr_expect_eq(supervise_listen(&d, &got), 1);
		cr_expect(ipaddr_equal(&got, &want), "host's, for %s",
			  places[i].conf);
	}
}

/* --- and when somebody takes it away? --- */

Test(alias, looking_after_it)
{
	d.alias.on = true;
	lo.stands = true;
	alias_look(&d);
	cr_expect_eq(lo.adds, 0);
	lo.stands = false;
	alias_look(&d);
	cr_expect(lo.stands);
	cr_expect_eq(d.alias.repairs, 1);
	alias_drop(&d);
	cr_expect_eq(lo.removes, 1);
	alias_look(&d);
	cr_expect_eq(lo.adds, 1, "it is not ours any more");
	alias_drop(&d);
	cr_expect_eq(lo.removes, 1, "once");
}

Test(alias, that_cannot_be_put_back_is_told)
{
	d.alias.on = true;
	lo.refuses = -EPERM;
	alias_look(&d);
	cr_expect(strstr(d.problem.text, "not permitted"));
	cr_expect_eq(d.alias.repairs, 0);
}
