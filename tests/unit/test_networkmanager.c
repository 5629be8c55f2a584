/* SPDX-License-Identifier: ISC */
/*
 * The backend, with a bus of its own: a NetworkManager in memory that writes
 * resolv.conf, and may be gone from any call on. And no resolved: that of a
 * build without libsystemd.
 */
#include <errno.h>

#include "hostdns/nmbus.h"
#include "hostdns/nmstate.h"
#include "hosttree.h"

static json_t *world;			/* nmbus.h's */
static unsigned int sets, calls_left;
static struct why told;

struct nmbus {
	int nothing;
};

static struct nmbus the_bus;

int nmbus_open(struct nmbus **b, struct why *why)
{
	(void)why;
	*b = &the_bus;
	return 0;
}

void nmbus_close(struct nmbus *b)
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

int nmbus_begin(struct nmbus *b, struct why *why)
{
	(void)b;
	return call(why);
}

int nmbus_read(struct nmbus *b, json_t **now, struct why *why)
{
	(void)b;
	if (call(why) != 0)
		return -ESRCH;
	*now = json_deep_copy(world);
	return 0;
}

static void write_resolv_conf(void)
{
	json_t *domains = json_object_get(json_object_get(world, "global"),
					  "domains");
	json_t *servers = json_object_get(json_object_get(domains, "*"),
					  "servers");
	const char *first = json_string_value(json_array_get(servers, 0));

	if (strcmp(json_string_value(json_object_get(world, "mode")),
		   "dnsmasq") == 0)
		first = "127.0.0.1";
	run("echo nameserver %s >resolv.conf",
	    first != NULL ? first : "192.0.2.1");
}

int nmbus_set_global(struct nmbus *b, json_t *global, struct why *why)
{
	(void)b;
	if (call(why) != 0)
		return -ESRCH;
	sets++;
	json_object_set_new(world, "global", json_deep_copy(global));
	write_resolv_conf();
	return 0;
}

int nmbus_write_anew(struct nmbus *b, struct why *why)
{
	(void)b;
	if (call(why) != 0)
		return -ESRCH;
	write_resolv_conf();
	return 0;
}

/* --- the test's hands --- */

static void make_world(void)
{
	make_tree("true");
	conf.hostdns = HOSTDNS_NETWORKMANAGER;
	calls_left = UINT_MAX;
	world = parsed("{\"mode\":\"default\",\"manager\":\"symlink\","
		"\"global\":{},\"links\":["
		"{\"interface\":\"lo\",\"type\":14,"
		"\"nameservers\":[\"192.0.2.1\",\"127.0.0.53\"],"
		"\"domains\":[\"corp.lan\",\"~lab.example\"]},"
		"{\"interface\":\"tun0\",\"type\":16,"
		"\"nameservers\":[\"10.64.0.1\"],\"domains\":[\"vpn.lan\"]}"
		"]}");
	write_resolv_conf();
}

static void remove_world(void)
{
	json_decref(world);
	remove_tree();
}

static json_t *global(void)
{
	return json_object_get(world, "global");
}

static void set(const char *key, const char *text)
{
	json_object_set_new(world, key, parsed(text));
	write_resolv_conf();
}

static bool is(const json_t *value, const char *text)
{
	json_t *want = parsed(text);
	bool equal = json_equal(value, want);

	json_decref(want);
	return equal;
}

static const char ours[] = "{\"searches\":[\"corp.lan\"],\"domains\":"
			   "{\"*\":{\"servers\":[\"127.0.0.1\",\"::1\"]}}}";
static const char others[] = "{\"domains\":{\"*\":{\"servers\":"
			     "[\"192.0.2.7\"]}},\"options\":[\"edns0\"]}";

static int looks(struct hostdns *h)
{
	told.text[0] = '\0';
	return h->ops->look(h, &told);
}

static const char *asks(struct hostdns *h)
{
	static char text[IPADDR_TEXT];
	struct hostdns_servers s;

	cr_assert_eq(h->ops->read(h, &s, &told), 0, "%s", told.text);
	cr_assert_eq(s.n, 1);
	return ipaddr_text(&s.server[0].addr, text);
}

/* --- tests --- */

Test(networkmanager, there_and_back, .init = make_world, .fini = remove_world)
{
	struct hostdns *h = opened();

	cr_expect_str_eq(asks(h), "192.0.2.1", "no stub, no tunnel's");
	point(h);
	cr_expect(is(global(), ours));
	cr_expect(nmstate_exists(conf.state_dir));
	cr_expect(h->ops->pointed(h));
	cr_expect_eq(looks(h), 0, "%s", told.text);
	cr_expect_str_eq(asks(h), "192.0.2.1");
	sets = 0;
	point(h);
	cr_expect_eq(sets, 0, "pointed twice");
	restore(h);
	cr_expect(is(global(), "{}"));
	cr_expect(!nmstate_exists(conf.state_dir));
	h->ops->close(h);
}

Test(networkmanager, global_ones_of_others, .init = make_world,
     .fini = remove_world)
{
	struct hostdns *h;

	set("global", others);
	h = opened();
	cr_expect_str_eq(asks(h), "192.0.2.7");
	point(h);
	cr_expect_str_eq(asks(h), "192.0.2.7");
	restore(h);
	cr_expect(is(global(), others));
	h->ops->close(h);
}

/* We, and with us the bus, are gone at each call in turn; then we start. */
Test(networkmanager, crash_at_every_call, .init = make_world,
     .fini = remove_world)
{
	bool whole = false;

	set("global", others);
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
		cr_assert(is(global(), others), "call %u", at);
		cr_assert(!h->ops->pointed(h), "call %u", at);
		cr_assert(!nmstate_exists(conf.state_dir));
		h->ops->close(h);
		cr_assert_lt(at, 100);
	}
}

Test(networkmanager, changed_by_somebody_else, .init = make_world,
     .fini = remove_world)
{
	struct hostdns *h = opened();

	point(h);
	set("links", "[{\"interface\":\"lo\",\"nameservers\":[\"192.0.2.3\"],"
	    "\"domains\":[]}]");
	cr_expect_eq(looks(h), 1, "a link's servers");
	cr_expect_str_eq(asks(h), "192.0.2.3");
	cr_expect_eq(looks(h), 0);
	run("echo nameserver 192.0.2.4 >resolv.conf");
	cr_expect_eq(looks(h), 0);
	run("grep -q '^nameserver 127.0.0.1$' resolv.conf");
	set("global", others);
	cr_expect_eq(looks(h), 1, "global servers");
	cr_expect_str_eq(asks(h), "192.0.2.7");
	restore(h);
	cr_expect(is(global(), others));
	/* And not seen before it is over. */
	set("global", "{}");
	point(h);
	set("global", others);
	restore(h);
	cr_expect(is(global(), others));
	h->ops->close(h);
}

Test(networkmanager, a_fight_ends, .init = make_world, .fini = remove_world)
{
	struct hostdns *h = opened();
	int n, won = 0;

	point(h);
	do {
		set("global", others);
		n = looks(h);
	} while (n == 1 && ++won < 100);
	cr_expect_eq(n, -EBUSY);
	cr_expect_eq(won, 5);
	cr_expect(strstr(told.text, "global DNS") != NULL, "%s", told.text);
	h->ops->close(h);
}

/* At boot we are there first; and it may be away when we leave. */
Test(networkmanager, not_there, .init = make_world, .fini = remove_world)
{
	struct hostdns *h = opened();
	struct why why;

	calls_left = 0;
	cr_expect_eq(h->ops->point(h, loopback, 2, &why), 0);
	cr_expect(!h->ops->pointed(h));
	cr_expect_eq(looks(h), -ESRCH);
	calls_left = UINT_MAX;
	cr_expect_eq(looks(h), 1, "it comes");
	cr_expect(is(global(), ours));
	calls_left = 0;
	cr_expect_str_eq(asks(h), "192.0.2.1", "while it is away");
	cr_expect_eq(h->ops->restore(h, &why), -ESRCH);
	cr_expect(h->ops->pointed(h));
	calls_left = UINT_MAX;
	cr_expect_eq(h->ops->restore(h, &why), 0);
	cr_expect(is(global(), "{}"));
	h->ops->close(h);
}

Test(networkmanager, what_it_cannot_be, .init = make_world,
     .fini = remove_world)
{
	static const struct {
		const char *edge, *key, *text, *says;
	} rows[] = {
		{ "resolved's", "mode", "\"systemd-resolved\"", "resolved" },
		{ "nobody's", "mode", "\"none\"", "dns=none" },
		{ "no object", "global", "[]", "not understood" },
		{ "a number in it", "global", "{\"a\":1}", "not understood" },
		{ "too deep", "global", "{\"a\":{\"b\":{\"c\":{}}}}",
		  "not understood" },
		{ "a list of lists", "global", "{\"a\":[[]]}",
		  "not understood" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct hostdns *h = opened();

		set("mode", "\"default\"");
		set("global", "{}");
		set(rows[i].key, rows[i].text);
		sets = 0;
		cr_expect_eq(h->ops->point(h, loopback, 2, &told),
			     -EOPNOTSUPP, "%s", rows[i].edge);
		cr_expect(strstr(told.text, rows[i].says) != NULL, "%s: %s",
			  rows[i].edge, told.text);
		cr_expect_eq(sets, 0, "%s", rows[i].edge);
		cr_expect(!nmstate_exists(conf.state_dir), "%s",
			  rows[i].edge);
		h->ops->close(h);
	}
}

/* It asks whom the global servers are; the others by bound sockets. */
Test(networkmanager, dnsmasq_of_its_own, .init = make_world,
     .fini = remove_world)
{
	struct hostdns *h = opened();
	struct ipaddr listen;

	cr_assert(ipaddr_parse("127.0.0.54", &listen));
	cr_expect_eq(h->ops->led(h, &told), 0);
	set("mode", "\"dnsmasq\"");
	cr_expect_str_eq(asks(h), "192.0.2.1");
	cr_expect_eq(h->ops->led(h, &told), -EOPNOTSUPP);
	cr_expect(strstr(told.text, "127.0.0.54") != NULL, "%s", told.text);
	cr_expect_eq(h->ops->point(h, &listen, 1, &told), 0, "%s", told.text);
	cr_expect_eq(looks(h), 0, "its stub is no change: %s", told.text);
	run("echo nameserver 192.0.2.1 >resolv.conf");
	cr_expect_eq(looks(h), 0, "written anew: %s", told.text);
	run("grep -qx 'nameserver 127.0.0.1' resolv.conf");
	restore(h);
	cr_expect(is(global(), "{}"));
	set("global", others);
	cr_expect_eq(h->ops->led(h, &told), 0);
	calls_left = 0;
	cr_expect_eq(h->ops->led(h, &told), 0, "at boot it is not there yet");
	calls_left = UINT_MAX;
	h->ops->close(h);
}

/* From the disk: refused, and said, and nothing is done. */
Test(networkmanager, damaged_file, .init = make_world, .fini = remove_world)
{
	static const char *const rows[] = {
		"", "[]", "{}", "{\\\"version\\\":2}",
		"{\\\"version\\\":1,\\\"original\\\":{\\\"a\\\":7},"
		"\\\"ours\\\":{},\\\"uplinks\\\":[]}",
		"{\\\"version\\\":1,\\\"original\\\":{},"
		"\\\"ours\\\":{},\\\"uplinks\\\":[[]]}",
		"{\\\"version\\\":1,\\\"original\\\":{},"
		"\\\"ours\\\":null,\\\"uplinks\\\":[]}",
	};

	log_set_level(LEVEL_ERROR);
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct hostdns *h;
		json_t *saved;

		run("echo \"%s\" >%s/networkmanager.saved", rows[i],
		    conf.state_dir);
		sets = 0;
		cr_expect_neq(nmstate_load(conf.state_dir, &saved, &told), 0,
			      "%s", rows[i]);
		cr_expect(saved == NULL, "%s", rows[i]);
		h = opened();
		cr_expect(!h->ops->pointed(h), "%s", rows[i]);
		h->ops->close(h);
		cr_expect_eq(sets, 0, "%s", rows[i]);
	}
}
