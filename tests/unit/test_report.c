/* SPDX-License-Identifier: ISC */
/*
 * docs/protocol.md: what results look like.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "methodsbench.h"

TestSuite(report, .init = bench_init, .fini = bench_fini);

/* --- shapes: "name:type", type one of bioasn; '?' behind: may be missing --- */

#define CONDITION "netcheck:b lockdown:b lan:b state:s cause:s? blocking:b " \
	"active:b policy:s "
#define STATUS CONDITION "version:s pid:i epoch:i firewall:o resolver:o " \
	"ledger:o wake:o hostdns:o upstreams:a names:a allowed:i portal_suspected:b portal_api:o? " \
	"tunnel:o counters:o problem:s? "

static bool is(const json_t *v, char type)
{
	switch (type) {
	case 'b':
		return json_is_boolean(v);
	case 'i':
		return json_is_integer(v);
	case 'n':
		return json_is_number(v);
	case 's':
		return json_is_string(v);
	case 'o':
		return json_is_object(v);
	default:
		return json_is_array(v);
	}
}

/* Has o what the shape says, and nothing else? */
static void expect_shape(const json_t *o, const char *shape, const char *what)
{
	char copy[512], *at = copy, *one;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", shape);
	cr_assert(json_is_object(o), "%s", what);
	while ((one = strsep(&at, " ")) != NULL) {
		char *type = strchr(one, ':');
		const json_t *v;

		if (type == NULL)
			continue;
		*type++ = '\0';
		v = json_object_get(o, one);
		n += v != NULL;
		if (v == NULL)
			cr_expect_eq(type[1], '?', "%s: %s", what, one);
		else
			cr_expect(is(v, type[0]), "%s: %s", what, one);
	}
	cr_expect_eq(json_object_size(o), n, "%s: members of its own: %s",
		     what, json_dumps(o, 0));
}

static const json_t *member(const char *name)
{
	return json_object_get(result, name);
}

static const char *word(const char *name)
{
	const char *s = json_string_value(member(name));

	return s == NULL ? "" : s;
}

Test(report, a_change_gives_the_condition)
{
	static const struct {
		const char *method, *params, *state, *cause, *policy;
		bool netcheck, lockdown, lan, blocking, active;
	} rows[] = {
		{ "netcheck.set", "{\"on\":true}", "disconnected", "", "none",
		  true, false, false, false, false },
		{ "lan.set", "{\"on\":true}", "disconnected", "", "none",
		  true, false, true, false, false },
		{ "lockdown.set", "{\"on\":true}", "disconnected", "",
		  "blocked-active", true, true, true, true, true },
		{ "state.set", CON "[" R "]}", "connecting", "", "connecting",
		  true, true, true, false, false },
		{ "state.set", UP "}", "connected", "", "connected", true,
		  true, true, false, false },
		{ "state.set", "{\"state\":\"disconnecting\"}",
		  "disconnecting", "", "disconnecting", true, true, true,
		  false, false },
		{ "state.set", ERR "}", "error", "other", "blocked-active",
		  true, true, true, true, true },
		{ "netcheck.set", "{\"on\":false}", "error", "other",
		  "blocked", false, true, true, true, false },
		{ "state.set", ERR ",\"cause\":\"read_dns\"}", "error",
		  "read_dns", "blocked", false, true, true, false, false },
	};

	up(false, false, TUNNEL_DISCONNECTED);
	for (size_t i = 0; i < NITEMS(rows); i++) {
		const char *what = rows[i].params;

		cr_assert_eq(call(rows[i].method, rows[i].params, true), 0,
			     "%s: %s", what, error.why.text);
		expect_shape(result, CONDITION, what);
		cr_expect_str_eq(word("state"), rows[i].state, "%s", what);
		cr_expect_str_eq(word("cause"), rows[i].cause, "%s", what);
		cr_expect_str_eq(word("policy"), rows[i].policy, "%s", what);
#define SAME(name) cr_expect_eq(json_is_true(member(#name)), rows[i].name, \
				"%s: " #name, what)
		SAME(netcheck);
		SAME(lockdown);
		SAME(lan);
		SAME(blocking);
		SAME(active);
	}
}

#define FIREWALL "mode:s door:s no_hash:s? table:s loaded:b verified:b " \
	"repairs:i rejected:i? dropped:i?"

Test(report, status)
{
	const json_t *list, *tunnel;
	size_t n;

	up(true, false, TUNNEL_ERROR);
	cr_assert_eq(call("status", NULL, false), 0);
	expect_shape(result, STATUS, "status");
	expect_shape(member("firewall"), FIREWALL, "firewall");
	cr_expect_str_eq(json_string_value(json_object_get(member("firewall"),
							   "door")), "set");
	expect_shape(member("hostdns"), "backend:s pointed:b steered:b", "hostdns");
	expect_shape(member("tunnel"), "interface:s relays:a dns:a", "tunnel: none followed");
	cr_expect_eq(json_integer_value(member("epoch")), 1);
	cr_expect_eq(json_integer_value(member("pid")), getpid());
	cr_expect(json_is_true(json_object_get(member("hostdns"),
					       "pointed")));
	cr_expect(json_is_true(json_object_get(member("firewall"),
					       "verified")));
	list = member("upstreams");
	cr_assert_eq(json_array_size(list), 1);
	expect_shape(json_array_get(list, 0), "address:s interface:s",
		     "upstream");
	list = member("names");
	for (n = 0; n < json_array_size(list); n++)
		cr_expect(json_is_string(json_array_get(list, n)));
	cr_expect_gt(n, 0);

	cr_assert_eq(call("state.set", CON "[\"[2001:db8::1]:443/tcp\"]}",
			  true), 0);
	cr_assert_eq(call("state.set", UP ",\"dns\":[\"10.64.0.1\"]}", true),
		     0);
	cr_assert_eq(call("status", NULL, false), 0);
	expect_shape(result, STATUS, "connected");
	cr_expect_eq(json_integer_value(member("epoch")), 0);
	tunnel = member("tunnel");
	cr_expect_str_eq(json_string_value(json_object_get(tunnel,
							   "interface")),
			 "wg0");
	list = json_object_get(tunnel, "relays");
	cr_assert_eq(json_array_size(list), 1, "those of connecting stay");
	cr_expect_str_eq(json_string_value(json_array_get(list, 0)),
			 "[2001:db8::1]:443/tcp");
	cr_expect_eq(json_array_size(json_object_get(tunnel, "dns")), 1);
}

Test(report, status_of_the_resolver)
{
	const json_t *o, *listens;

	up(false, false, TUNNEL_ERROR);
	cr_assert_eq(call("status", NULL, false), 0);
	o = member("resolver");
	expect_shape(o, "running:b pid:i? listen:a restarts:i mode:s "
		     "refuse:s datapath:s instead:s? links:a? xdp:a? no_xdp:s? problem:s?",
		     "resolver");
	cr_expect(json_is_false(json_object_get(o, "running")));
	cr_expect_null(json_object_get(o, "pid"), "of what does not run");
	cr_expect_str_eq(json_string_value(json_object_get(o, "mode")),
			 "forward");
	cr_expect_str_eq(json_string_value(json_object_get(o, "refuse")),
			 "empty");
	listens = json_object_get(o, "listen");
	cr_assert_eq(json_array_size(listens), 2);
	cr_expect_str_eq(json_string_value(json_array_get(listens, 0)),
			 "127.0.0.1:53");
	cr_expect_str_eq(json_string_value(json_array_get(listens, 1)),
			 "[::1]:53");
}

Test(report, status_says_what_failed)
{
	up(true, true, TUNNEL_CONNECTED);
	record_fault("point", -EROFS, 0, 0);
	cr_assert_eq(call("state.set", "{\"state\":\"disconnected\"}", true),
		     0, "the state is entered");
	cr_expect(json_is_false(member("active")));
	cr_assert_eq(call("status", NULL, false), 0);
	cr_expect(strstr(word("problem"), "injected"), "%s", word("problem"));
}

static void open_one(const char *text, const uint8_t *name, uint8_t len)
{
	struct allowed_entry *e;
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a));
	e = allowed_add(&bench.answer.allowed, &a, ALLOW_MAX);
	cr_assert_not_null(e);
	e->opened = record_clock;
	e->expiry = record_clock + 60 * CLOCK_S - 1;
	e->name_len = len;
	memcpy(bench.answer.allowed.name[e - bench.answer.allowed.entry], name,
	       len);
}

Test(report, allowed)
{
	const json_t *one;

	up(true, false, TUNNEL_ERROR);
	cr_assert_eq(call("allowed", NULL, false), 0);
	cr_expect(json_is_array(result) && json_array_size(result) == 0);
	record_clock += 1500 * 1000;
	open_one("203.0.113.80", (const uint8_t *)"\7captive\5apple\3com",
		 19);
	open_one("2001:db8::80", (const uint8_t *)"\3\"\n\377\7example", 13);
	cr_assert_eq(call("allowed", NULL, false), 0);
	cr_assert_eq(json_array_size(result), 2);
	one = json_array_get(result, 0);
	expect_shape(one, "address:s name:s seconds_left:i opened_at_ms:n",
		     "oldest first");
	cr_expect_str_eq(json_string_value(json_object_get(one, "address")),
			 "203.0.113.80");
	cr_expect_str_eq(json_string_value(json_object_get(one, "name")),
			 "captive.apple.com");
	cr_expect_eq(json_integer_value(json_object_get(one,
							"seconds_left")), 59);
	cr_expect_float_eq(json_number_value(json_object_get(one,
				"opened_at_ms")), 1.5, 1e-9);
	one = json_object_get(json_array_get(result, 1), "name");
	cr_expect_str_eq(json_string_value(one), "\\034\\010\\255.example",
			 "a hostile name");
	record_clock += 60 * CLOCK_S;
	cr_assert_eq(call("allowed", NULL, false), 0);
	cr_expect_eq(json_array_size(result), 0, "ended");
}

Test(report, rules)
{
	up(false, false, TUNNEL_DISCONNECTED);
	cr_assert_eq(call("rules", NULL, false), 0);
	expect_shape(result, "policy:s text:s", "rules");
	cr_expect_str_eq(word("policy"), "none");
	cr_expect_str_eq(word("text"), "");
	cr_assert_eq(call("state.set", ERR "}", true), 0);
	cr_assert_eq(call("rules", NULL, false), 0);
	cr_expect_str_eq(word("policy"), "blocked");
	cr_expect(strstr(word("text"), "table inet sallyport"));
}

Test(report, timeline)
{
	const json_t *episode, *event;

	up(true, false, TUNNEL_ERROR);
	record_clock += 2 * CLOCK_MS;
	timeline_mark(timeline_last(&bench.timeline), TIMELINE_REPLIED,
		      record_clock);
	timeline_mark(timeline_last(&bench.timeline), TIMELINE_QUERY,
		      record_clock - CLOCK_MS);
	cr_assert_eq(call("timeline", NULL, false), 0);
	expect_shape(result, "episodes:a summary:a", "timeline");
	cr_assert_eq(json_array_size(member("episodes")), 1);
	episode = json_array_get(member("episodes"), 0);
	expect_shape(episode, "epoch:i started:n reason:s events:a",
		     "episode");
	cr_expect_str_eq(json_string_value(json_object_get(episode,
							   "reason")),
			 "error(other)");
	episode = json_object_get(episode, "events");
	cr_assert_eq(json_array_size(episode), 2, "what did not happen is "
		     "not listed");
	event = json_array_get(episode, 0);
	expect_shape(event, "name:s ms:n", "event");
	cr_expect_str_eq(json_string_value(json_object_get(event, "name")),
			 "query", "in order of time");
	cr_expect_float_eq(json_number_value(json_object_get(event, "ms")),
			   1, 1e-9);
	cr_assert_eq(json_array_size(member("summary")), 2);
	expect_shape(json_array_get(member("summary"), 0),
		     "name:s n:i p50:n p99:n", "summary");
}

Test(report, metrics)
{
	const char *text;

	up(true, false, TUNNEL_ERROR);
	cr_assert_eq(call("metrics", NULL, false), 0);
	expect_shape(result, "text:s", "metrics");
	text = word("text");
	cr_expect(strstr(text, "# TYPE sallyport_active gauge\n"
			       "sallyport_active 1\n"));
	cr_expect(strstr(text, "\nsallyport_door_opened_total 0\n"));
	cr_expect_str_eq(text + strlen(text) - 6, "# EOF\n");
}

Test(report, counters_have_the_names_of_the_metrics)
{
	char *text;
	const char *key;
	json_t *counters, *value;

	up(true, false, TUNNEL_ERROR);
	cr_assert_eq(call("metrics", NULL, false), 0);
	text = strdup(word("text"));
	cr_assert_eq(call("status", NULL, false), 0);
	counters = json_object_get(result, "counters");
	cr_expect_gt(json_object_size(counters), COUNT__N);
	json_object_foreach(counters, key, value) {
		char line[128];

		cr_expect(json_is_integer(value), "%s", key);
		snprintf(line, sizeof(line), "\nsallyport_%s_total ", key);
		cr_expect(strstr(text, line), "%s", key);
	}
	free(text);
}

Test(report, config_and_reload)
{
	up(false, false, TUNNEL_DISCONNECTED);
	cr_assert_eq(call("config", NULL, false), 0);
	expect_shape(result, "file:s text:s", "config");
	cr_expect_str_eq(word("file"), bench.conf_path);
	cr_expect(strstr(word("text"), "port = 53"));
	cr_assert_eq(call("reload", NULL, true), 0);
	expect_shape(result, "file:s changed:b", "reload");
	cr_expect(json_is_false(member("changed")));
	bench_write_conf("refuse = \"nxdomain\"\n");
	cr_assert_eq(call("reload", NULL, true), 0);
	cr_expect(json_is_true(member("changed")));
	cr_assert_eq(call("status", NULL, false), 0);
	cr_expect_str_eq(json_string_value(json_object_get(member("resolver"),
							   "refuse")),
			 "nxdomain");
}
