/* SPDX-License-Identifier: ISC */
/*
 * The backend, with a store of its own: configd in memory, which may refuse,
 * be gone from any call on, and come back without what was set in it.
 */
#include "hostdns/scstate.h"
#include "hostdns/scstore.h"
#include "hosttree.h"

#define SETUP "Setup:/Network/Service/7/DNS"
#define STATE "State:/Network/Service/7/DNS"
#define OURS "{\"ServerAddresses\": [\"127.0.0.1\", \"::1\"]}"
#define DHCP "{\"DomainName\": \"corp.lan\", " \
	"\"ServerAddresses\": [\"192.0.2.1\"]}"

static json_t *world;			/* the store */
static unsigned int writes, wakes, calls_left;
static int refusal;			/* of writes */
static struct why told;

struct scstore {
	int nothing;
};

static struct scstore the_store;

int scstore_open(struct scstore **s, struct why *why)
{
	(void)why;
	*s = &the_store;
	return 0;
}

void scstore_close(struct scstore *s)
{
	(void)s;
}

int scstore_fd(const struct scstore *s)
{
	(void)s;
	return -1;
}

void scstore_drain(struct scstore *s)
{
	(void)s;
}

void scstore_wake(struct scstore *s)
{
	(void)s;
	wakes++;
}

static int call(struct why *why)
{
	if (calls_left == 0)
		return why_set(why, -ESRCH, "gone");
	calls_left--;
	return 0;
}

int scstore_read(struct scstore *s, json_t **all, struct why *why)
{
	(void)s;
	if (call(why) != 0)
		return -ESRCH;
	*all = json_deep_copy(world);
	return 0;
}

int scstore_write(struct scstore *s, const json_t *set, const json_t *gone,
		  struct why *why)
{
	json_t *key;
	size_t i;

	(void)s;
	if (call(why) != 0)
		return -ESRCH;
	if (refusal != 0)
		return why_set(why, refusal, "refused");
	writes++;
	json_object_update(world, (json_t *)set);
	json_array_foreach(gone, i, key)
		json_object_del(world, json_string_value(key));
	return 0;
}

/* --- the test's hands --- */

static void put(const char *key, const char *text)
{
	if (text == NULL)
		json_object_del(world, key);
	else
		json_object_set_new(world, key, parsed(text));
}

static void make_world(void)
{
	make_tree("echo nameserver 192.0.2.99 >resolv.conf");
	conf.hostdns = HOSTDNS_AUTO;
	calls_left = UINT_MAX;
	refusal = 0;
	writes = wakes = 0;
	world = json_object();
	put(STATE, DHCP);
	put("State:/Network/Service/7/IPv4", "{\"InterfaceName\": \"lo\"}");
}

static void remove_world(void)
{
	json_decref(world);
	remove_tree();
}

TestSuite(scdynamic, .init = make_world, .fini = remove_world);

/* NULL: there is none. */
static bool holds(const char *key, const char *text)
{
	json_t *want = text != NULL ? parsed(text) : NULL;
	const json_t *now = json_object_get(world, key);
	bool equal = now == want || json_equal(now, want);

	json_decref(want);
	return equal;
}

static void expect_original(const char *what)
{
	cr_expect(holds(STATE, DHCP), "%s", what);
	cr_expect(holds(SETUP, NULL), "%s", what);
	expect_clean(what);
}

static void expect_pointed(const char *what)
{
	cr_expect(holds(SETUP, OURS), "%s", what);
	cr_expect(holds(STATE, OURS), "%s", what);
}

static int looks(struct hostdns *h)
{
	told.text[0] = '\0';
	return h->ops->look(h, &told);
}

static const char *asks(struct hostdns *h)
{
	static char text[IPADDR_TEXT];

	return read_first(h, text);
}

/* --- tests --- */

Test(scdynamic, there_and_back)
{
	struct hostdns *h = opened();

	cr_assert_str_eq(h->ops->name, "systemconfiguration");
	cr_expect_str_eq(asks(h), "192.0.2.1");
	point(h);
	expect_pointed("pointed");
	cr_expect(scstate_exists(conf.state_dir));
	cr_expect_eq(looks(h), 0, "%s", told.text);
	cr_expect_str_eq(asks(h), "192.0.2.1", "not ours");
	writes = 0;
	point(h);
	cr_expect_eq(writes, 0, "pointed twice");
	restore(h);
	expect_original("restored");
	writes = 0;
	restore(h);
	cr_expect_eq(writes, 0, "restored twice");
	h->ops->close(h);
}

/* We, and with us configd's ear, are gone at each call in turn; then we
 * start. */
Test(scdynamic, crash_at_every_call)
{
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
		cr_expect(!h->ops->pointed(h), "call %u", at);
		expect_original("healed");
		h->ops->close(h);
		cr_assert_lt(at, 100);
	}
}

/* Saved is what was there, and not yet changed. */
Test(scdynamic, crash_between_save_and_set)
{
	struct hostdns *h = opened();
	struct why why;

	calls_left = 1;
	cr_expect_eq(h->ops->point(h, loopback, 2, &why), -ESRCH);
	cr_expect(scstate_exists(conf.state_dir));
	cr_expect(holds(STATE, DHCP));
	h->ops->close(h);
	calls_left = UINT_MAX;
	put(STATE, "{\"ServerAddresses\": [\"192.0.2.5\"]}");
	h = opened();
	cr_expect(holds(STATE, "{\"ServerAddresses\": [\"192.0.2.5\"]}"));
	expect_clean("nothing of ours stood there");
	h->ops->close(h);
}

/* As a crash leaves it, with other addresses of ours than the next ones. */
Test(scdynamic, heals_what_other_addresses_left)
{
	struct hostdns *h = opened();
	struct ipaddr alias;
	struct why why;

	cr_assert(ipaddr_parse("127.9.8.7", &alias));
	cr_assert_eq(h->ops->point(h, &alias, 1, &why), 0, "%s", why.text);
	h->ops->close(h);
	h = opened();
	expect_original("healed");
	cr_expect_str_eq(asks(h), "192.0.2.1");
	cr_assert_eq(h->ops->point(h, &alias, 1, &why), 0);
	point(h);
	expect_pointed("moved");
	restore(h);
	expect_original("restored");
	h->ops->close(h);
}

/* What comes back is what they have set. */
Test(scdynamic, changed_by_somebody_else)
{
	struct hostdns *h = opened();

	point(h);
	put(SETUP, "{\"ServerAddresses\": [\"192.0.2.8\"]}");
	cr_expect_eq(looks(h), 1, "%s", told.text);
	expect_pointed("again");
	cr_expect_str_eq(asks(h), "192.0.2.8");
	put(STATE, "{\"ServerAddresses\": [\"192.0.2.3\"]}");
	cr_expect_eq(looks(h), 1, "%s", told.text);
	cr_expect_eq(looks(h), 0, "%s", told.text);
	restore(h);
	cr_expect(holds(SETUP, "{\"ServerAddresses\": [\"192.0.2.8\"]}"));
	cr_expect(holds(STATE, "{\"ServerAddresses\": [\"192.0.2.3\"]}"));
	/* And not seen before it is over. */
	point(h);
	put(SETUP, "{}");
	restore(h);
	cr_expect(holds(SETUP, "{}"));
	h->ops->close(h);
}

Test(scdynamic, a_fight_ends)
{
	struct hostdns *h = opened();
	int n, won = 0;

	point(h);
	do {
		put(SETUP, DHCP);
		n = looks(h);
	} while (n == 1 && ++won < 100);
	cr_expect_eq(n, -EBUSY);
	cr_expect_eq(won, 5);
	cr_expect(strstr(told.text, "keeps setting") != NULL, "%s",
		  told.text);
	restore(h);
	cr_expect(holds(SETUP, DHCP), "theirs");
	h->ops->close(h);
}

Test(scdynamic, services_come_and_go)
{
	struct hostdns *h = opened();

	point(h);
	put("State:/Network/Service/8/DNS", DHCP);
	put("State:/Network/Service/8/IPv4", "{\"InterfaceName\": \"lo\"}");
	cr_expect_eq(looks(h), 1, "a link more");
	cr_expect(holds("Setup:/Network/Service/8/DNS", OURS));
	put(STATE, NULL);
	put("State:/Network/Service/7/IPv4", NULL);
	cr_expect_eq(looks(h), 1, "a link less");
	cr_expect(holds(SETUP, NULL), "nothing of ours stays with it");
	cr_expect_eq(looks(h), 0);
	put("State:/Network/Service/8/DNS", NULL);
	put("State:/Network/Service/8/IPv4", NULL);
	cr_expect_eq(looks(h), 1, "none is left");
	cr_expect_eq(looks(h), 0);
	cr_expect(!h->ops->pointed(h));
	put(STATE, DHCP);
	cr_expect_eq(looks(h), 1, "it comes back");
	restore(h);
	expect_original("restored");
	h->ops->close(h);
}

/* It has forgotten what we set, and reads the user's own anew. */
Test(scdynamic, configd_starts_again)
{
	struct hostdns *h = opened();

	point(h);
	calls_left = 0;
	cr_expect_eq(looks(h), -ESRCH);
	calls_left = UINT_MAX;
	put(SETUP, NULL);
	put(STATE, DHCP);
	cr_expect_eq(looks(h), 1, "%s", told.text);
	expect_pointed("again");
	calls_left = 0;
	cr_expect_eq(h->ops->restore(h, &told), -ESRCH);
	cr_expect(h->ops->pointed(h), "it is tried again");
	calls_left = UINT_MAX;
	restore(h);
	expect_original("restored");
	h->ops->close(h);
}

/* At boot we are there first. */
Test(scdynamic, configd_is_not_there_yet)
{
	struct hostdns *h;

	calls_left = 0;
	h = opened();
	cr_expect_eq(h->ops->point(h, loopback, 2, &told), 0, "%s", told.text);
	cr_expect_eq(wakes, 1, "it is looked at then");
	cr_expect(!h->ops->pointed(h));
	cr_expect_eq(looks(h), -ESRCH);
	calls_left = UINT_MAX;
	cr_expect_eq(looks(h), 1, "it has come");
	expect_pointed("late");
	restore(h);
	expect_original("restored");
	h->ops->close(h);
}

Test(scdynamic, write_refused)
{
	struct hostdns *h = opened();
	struct why why;

	refusal = -EACCES;
	cr_expect_eq(h->ops->point(h, loopback, 2, &why), -EACCES);
	cr_expect_str_eq(why.text, "refused");
	expect_original("not pointed");
	cr_expect(!h->ops->pointed(h));
	refusal = 0;
	point(h);
	refusal = -EACCES;
	cr_expect_eq(h->ops->restore(h, &why), -EACCES);
	cr_expect(h->ops->pointed(h));
	refusal = 0;
	restore(h);
	expect_original("restored");
	h->ops->close(h);
}

/* Nothing is changed that was not safe before. */
Test(scdynamic, the_disk_refuses)
{
	struct hostdns *h = opened();
	struct why why;

	run("mv ../state ../away");
	cr_expect_lt(h->ops->point(h, loopback, 2, &why), 0);
	cr_expect_eq(writes, 0);
	cr_expect(holds(STATE, DHCP));
	run("mv ../away ../state");
	point(h);
	restore(h);
	expect_original("restored");
	h->ops->close(h);
}

Test(scdynamic, no_server_at_all)
{
	struct hostdns *h = opened();
	struct hostdns_servers s;

	put(STATE, NULL);
	cr_expect_eq(h->ops->read(h, &s, &told), -ENOENT);
	cr_expect(strstr(told.text, "upstreams") != NULL, "%s", told.text);
	point(h);
	cr_expect(holds(SETUP, OURS), "asked nevertheless");
	restore(h);
	cr_expect(holds(SETUP, NULL));
	h->ops->close(h);
}
