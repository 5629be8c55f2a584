/* SPDX-License-Identifier: ISC */
/*
 * The backend, with a bus of its own: a resolved that is a list of links in
 * memory, and may be gone from any call on.
 */
#include <errno.h>

#include "hostdns/resolvedbus.h"
#include "hostdns/resolvedlink.h"
#include "hosttree.h"

static json_t *world;			/* of links, as it has them */
static unsigned int generation, sets, calls_left;

struct resolvedbus {
	int nothing;
};

static struct resolvedbus the_bus;

int resolvedbus_open(struct resolvedbus **b, struct why *why)
{
	(void)why;
	*b = &the_bus;
	return 0;
}

void resolvedbus_close(struct resolvedbus *b)
{
	(void)b;
}

static int call(struct why *why)
{
	if (calls_left == 0)
		return why_set(why, -ESRCH, "gone");
	calls_left--;
	return 0;
}

int resolvedbus_begin(struct resolvedbus *b, struct why *why)
{
	(void)b;
	return call(why);
}

unsigned int resolvedbus_generation(const struct resolvedbus *b)
{
	(void)b;
	return generation;
}

int resolvedbus_links(struct resolvedbus *b, json_t **links, struct why *why)
{
	(void)b;
	if (call(why) != 0)
		return -ESRCH;
	*links = json_deep_copy(world);
	return 0;
}

int resolvedbus_set(struct resolvedbus *b, const json_t *link,
		    const char *key, struct why *why)
{
	json_t *it = resolvedlink_find(world, link);

	(void)b;
	if (call(why) != 0)
		return -ESRCH;
	if (it == NULL)
		return -ENODEV;
	sets++;
	return json_object_set(it, key, json_object_get(link, key));
}

int resolvedbus_flush(struct resolvedbus *b, struct why *why)
{
	(void)b;
	return call(why);
}

/* --- the test's hands --- */

static struct why told;

/* lo is there in every network, and it is up. */
static void make_world(void)
{
	make_tree("true");
	conf.hostdns = HOSTDNS_RESOLVED;
	calls_left = UINT_MAX;
	generation = 1;
	world = parsed("[{\"ifindex\":0,\"ifname\":\"\","
		"\"dns\":[[\"192.0.2.9\",0,\"\"]],\"domains\":[],"
		"\"dnsovertls\":null,\"dnssec\":null},"
		"{\"ifindex\":1,\"ifname\":\"lo\","
		"\"dns\":[[\"192.0.2.1\",0,\"\"],[\"192.0.2.2\",853,\"x\"]],"
		"\"domains\":[[\"corp.lan\",false]],"
		"\"dnsovertls\":\"yes\",\"dnssec\":\"\"}]");
}

static void remove_world(void)
{
	json_decref(world);
	remove_tree();
}

static json_t *lo(void)
{
	return json_array_get(world, 1);
}

static void set_dns(const char *text)
{
	json_object_set_new(lo(), "dns", parsed(text));
}

static bool is_ours(void)
{
	json_t *dns = parsed("[[\"127.0.0.1\",0,\"\"],[\"::1\",0,\"\"]]");
	json_t *all = resolvedlink_everything();
	bool ours = json_equal(json_object_get(lo(), "dns"), dns) &&
		    json_equal(json_object_get(lo(), "domains"), all) &&
		    json_is_null(json_object_get(lo(), "dnsovertls")) &&
		    json_is_null(json_object_get(lo(), "dnssec"));

	json_decref(dns);
	json_decref(all);
	return ours;
}

static int looks(struct hostdns *h)
{
	told.text[0] = '\0';
	return h->ops->look(h, &told);
}

/* --- tests --- */

Test(resolved, there_and_back, .init = make_world, .fini = remove_world)
{
	json_t *was = json_deep_copy(world);
	struct hostdns *h = opened();
	struct hostdns_servers s;

	point(h);
	cr_expect(is_ours());
	cr_expect(resolvedlink_exists(conf.state_dir));
	cr_expect_eq(looks(h), 0);
	cr_assert_eq(h->ops->read(h, &s, &told), 0, "%s", told.text);
	cr_expect_eq(s.n, 2, "the one for TLS is not asked");
	cr_expect_str_eq(s.server[0].ifname, "lo");
	sets = 0;
	point(h);
	cr_expect_eq(sets, 0, "pointed twice");
	restore(h);
	cr_expect(json_equal(world, was));
	cr_expect(!resolvedlink_exists(conf.state_dir));
	h->ops->close(h);
	json_decref(was);
}

/* We, and with us the bus, are gone at each call in turn; then we start. */
Test(resolved, crash_at_every_call, .init = make_world, .fini = remove_world)
{
	json_t *was = json_deep_copy(world);
	bool whole = false;

	for (unsigned int at = 0; !whole; at++) {
		struct hostdns *h = opened();
		struct why why;

		calls_left = at;
		if (h->ops->point(h, loopback, 2, &why) == 0)
			whole = h->ops->restore(h, &why) == 0 &&
				calls_left > 0;
		h->ops->close(h);
		calls_left = UINT_MAX;
		h = opened();
		cr_assert(json_equal(world, was), "call %u", at);
		cr_assert(!h->ops->pointed(h), "call %u", at);
		cr_assert(!resolvedlink_exists(conf.state_dir));
		h->ops->close(h);
		cr_assert_lt(at, 100);
	}
	json_decref(was);
}

Test(resolved, changed_by_somebody_else, .init = make_world,
     .fini = remove_world)
{
	struct hostdns *h = opened();
	json_t *want;

	point(h);
	set_dns("[[\"192.0.2.7\",0,\"\"]]");
	cr_expect_eq(looks(h), 1);
	cr_expect(is_ours());
	restore(h);
	want = parsed("[[\"192.0.2.7\",0,\"\"]]");
	cr_expect(json_equal(json_object_get(lo(), "dns"), want));
	cr_expect_str_eq(json_string_value(json_object_get(lo(),
							   "dnsovertls")),
			 "yes", "what they left alone is put back");
	/* And not seen before it is over. */
	point(h);
	set_dns("[[\"192.0.2.8\",0,\"\"]]");
	json_decref(want);
	want = json_deep_copy(json_object_get(lo(), "dns"));
	restore(h);
	cr_expect(json_equal(json_object_get(lo(), "dns"), want));
	h->ops->close(h);
	json_decref(want);
}

Test(resolved, emptied, .init = make_world, .fini = remove_world)
{
	struct hostdns *h = opened();
	json_t *was = json_deep_copy(world);

	point(h);
	set_dns("[]");
	cr_expect_eq(looks(h), 0, "somebody took them");
	generation++;
	set_dns("[]");
	cr_expect_eq(looks(h), 0, "taken before the new start is not lost");
	restore(h);
	cr_expect_eq(json_array_size(json_object_get(lo(), "dns")), 0);

	json_decref(world);
	world = json_deep_copy(was);
	point(h);
	set_dns("[]");
	generation++;
	cr_expect_eq(looks(h), 1, "lost to a new start");
	cr_expect(is_ours());
	restore(h);
	cr_expect(json_equal(world, was));
	h->ops->close(h);
	json_decref(was);
}

Test(resolved, a_fight_ends, .init = make_world, .fini = remove_world)
{
	struct hostdns *h = opened();
	int n, won = 0;

	point(h);
	do {
		set_dns("[[\"192.0.2.7\",0,\"\"]]");
		n = looks(h);
	} while (n == 1 && ++won < 100);
	cr_expect_eq(n, -EBUSY);
	cr_expect_eq(won, 5);
	cr_expect(strstr(told.text, "lo") != NULL, "%s", told.text);
	h->ops->close(h);
}

Test(resolved, link_is_gone, .init = make_world, .fini = remove_world)
{
	struct hostdns *h;

	json_object_set_new(lo(), "ifname", json_string("gone0"));
	json_object_set_new(lo(), "ifindex", json_integer(424242));
	h = opened();
	point(h);
	json_array_remove(world, 1);
	cr_expect_eq(looks(h), 0);
	restore(h);
	cr_expect(!resolvedlink_exists(conf.state_dir));
	h->ops->close(h);
}
