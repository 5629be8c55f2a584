/* SPDX-License-Identifier: ISC */
/*
 * docs/protocol.md, method by method: what is refused, and with which code;
 * what results look like.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "daemonbench.h"

TestSuite(methods, .init = bench_init, .fini = bench_fini);

static json_t *result;
static struct ctl_error error;

/* 0 or the error's code. params: JSON, or NULL. */
static int call(const char *method, const char *params, bool admin)
{
	json_t *p = NULL;
	int rc;

	if (params != NULL) {
		p = json_loads(params, JSON_DECODE_ANY, NULL);
		cr_assert_not_null(p, "%s", params);
	}
	json_decref(result);
	result = NULL;
	memset(&error, 0, sizeof(error));
	rc = methods_call(&bench, method, p, admin, &result, &error);
	json_decref(p);
	cr_assert_eq(rc == 0, result != NULL, "%s", method);
	return rc == 0 ? 0 : (int)error.code;
}

static void up(bool netcheck, bool lockdown, enum tunnel_state state)
{
	const struct tunnel t = bench_tunnel(state, CAUSE_OTHER);

	bench_up(netcheck, lockdown, &t);
}

/* --- shapes: "name:type", type one of bioasn; '?' behind: may be missing --- */

#define CONDITION "netcheck:b lockdown:b lan:b state:s cause:s? blocking:b " \
	"active:b policy:s "
#define STATUS CONDITION "version:s pid:i epoch:i firewall:o resolver:o " \
	"hostdns:o upstreams:a names:a allowed:i portal_suspected:b " \
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

/* --- refusals --- */

#define CON "{\"state\":\"connecting\",\"relays\":"
#define UP "{\"state\":\"connected\",\"interface\":\"wg0\""
#define R "\"192.0.2.1:51820\""
#define R16 R "," R "," R "," R "," R "," R "," R "," R "," R "," R "," R \
	"," R "," R "," R "," R "," R
#define ERR "{\"state\":\"error\""

/* From disconnected, everything off. */
static const struct {
	const char *method, *params;
	bool admin;
	int want;
	const char *says;	/* in the sentence */
} calls[] = {
	{ "status", NULL, false, 0, NULL },
	{ "status", "{}", false, 0, NULL },
	{ "allowed", NULL, false, 0, NULL },
	{ "rules", NULL, false, 0, NULL },
	{ "timeline", NULL, false, 0, NULL },
	{ "metrics", NULL, false, 0, NULL },
	{ "config", NULL, false, 0, NULL },
	{ "status", NULL, true, 0, NULL },

	{ "", NULL, true, CTL_METHOD, NULL },
	{ "Status", NULL, true, CTL_METHOD, "Status" },
	{ "status ", NULL, true, CTL_METHOD, NULL },
	{ "netcheck", NULL, true, CTL_METHOD, "netcheck" },
	{ "nothing", NULL, false, CTL_METHOD, "nothing" },

	{ "netcheck.set", "{\"on\":true}", false, CTL_DENIED, "netcheck.set" },
	{ "lockdown.set", "{\"on\":true}", false, CTL_DENIED, NULL },
	{ "lan.set", "{\"on\":true}", false, CTL_DENIED, NULL },
	{ "state.set", "{\"state\":\"disconnected\"}", false, CTL_DENIED,
	  NULL },
	{ "reload", NULL, false, CTL_DENIED, NULL },
	{ "lan.set", "[]", false, CTL_DENIED, NULL },

	{ "status", "[]", false, CTL_PARAMS, "object" },
	{ "status", "1", false, CTL_PARAMS, "object" },
	{ "status", "null", false, CTL_PARAMS, "object" },
	{ "status", "{\"x\":1}", false, CTL_PARAMS, "x" },
	{ "allowed", "{\"on\":true}", false, CTL_PARAMS, "on" },
	{ "reload", "{\"file\":\"/etc/passwd\"}", true, CTL_PARAMS, "file" },

	{ "netcheck.set", NULL, true, CTL_PARAMS, "on" },
	{ "netcheck.set", "{}", true, CTL_PARAMS, "on" },
	{ "netcheck.set", "{\"on\":1}", true, CTL_PARAMS, "on" },
	{ "netcheck.set", "{\"on\":\"true\"}", true, CTL_PARAMS, "on" },
	{ "lockdown.set", "{\"on\":null}", true, CTL_PARAMS, "on" },
	{ "lan.set", "{\"on\":[true]}", true, CTL_PARAMS, "on" },
	{ "lan.set", "{\"on\":true,\"off\":true}", true, CTL_PARAMS, "off" },
	{ "lan.set", "[true]", true, CTL_PARAMS, "object" },

	{ "state.set", NULL, true, CTL_PARAMS, "state" },
	{ "state.set", "{}", true, CTL_PARAMS, "state" },
	{ "state.set", "{\"state\":\"up\"}", true, CTL_PARAMS, "connected" },
	{ "state.set", "{\"state\":3}", true, CTL_PARAMS, "state" },
	{ "state.set", "{\"state\":\"connected\\n\"}", true, CTL_PARAMS,
	  "state" },
	{ "state.set", ERR ",\"cause\":\"bad\"}", true, CTL_PARAMS, "cause" },
	{ "state.set", ERR ",\"cause\":4}", true, CTL_PARAMS, "cause" },
	{ "state.set", ERR ",\"cause\":null}", true, CTL_PARAMS, "cause" },
	{ "state.set", "{\"state\":\"disconnected\",\"cause\":\"other\"}",
	  true, CTL_PARAMS, "cause" },
	{ "state.set", ERR ",\"relays\":[" R "]}", true, CTL_PARAMS,
	  "relays" },
	{ "state.set", ERR ",\"interface\":\"wg0\"}", true, CTL_PARAMS,
	  "interface" },
	{ "state.set", ERR ",\"dns\":[\"10.64.0.1\"]}", true, CTL_PARAMS,
	  "dns" },
	{ "state.set", ERR ",\"x\":1}", true, CTL_PARAMS, "x" },

	{ "state.set", "{\"state\":\"connecting\"}", true, CTL_PARAMS,
	  "relays" },
	{ "state.set", CON "[]}", true, CTL_PARAMS, "relays" },
	{ "state.set", CON R "}", true, CTL_PARAMS, "relays" },
	{ "state.set", CON "[" R16 "," R "]}", true, CTL_PARAMS, "16" },
	{ "state.set", CON "[1]}", true, CTL_PARAMS, "relays" },
	{ "state.set", CON "[\"192.0.2.1\"]}", true, CTL_PARAMS, "relays" },
	{ "state.set", CON "[\"192.0.2.1:0\"]}", true, CTL_PARAMS, "relays" },
	{ "state.set", CON "[\"192.0.2.1:65536\"]}", true, CTL_PARAMS,
	  "relays" },
	{ "state.set", CON "[\"192.0.2.1:1/sctp\"]}", true, CTL_PARAMS,
	  "relays" },
	{ "state.set", CON "[\"vpn.example:1\"]}", true, CTL_PARAMS,
	  "relays" },
	{ "state.set", CON "[\"2001:db8::1:1\"]}", true, CTL_PARAMS,
	  "relays" },
	{ "state.set", CON "[" R ",\"\"]}", true, CTL_PARAMS, "relays" },
	{ "state.set", CON "[" R "],\"interface\":\"wg0\"}", true,
	  CTL_PARAMS, "interface" },

	{ "state.set", "{\"state\":\"connected\"}", true, CTL_PARAMS,
	  "interface" },
	{ "state.set", "{\"state\":\"connected\",\"interface\":\"\"}", true,
	  CTL_PARAMS, "interface" },
	{ "state.set", "{\"state\":\"connected\",\"interface\":1}", true,
	  CTL_PARAMS, "interface" },
	{ "state.set", "{\"state\":\"connected\",\"interface\":"
		       "\"wg0\\\" accept\"}", true, CTL_PARAMS,
	  "interface" },
	{ "state.set", "{\"state\":\"connected\",\"interface\":"
		       "\"sixteen-letters-\"}", true, CTL_PARAMS,
	  "interface" },
	{ "state.set", UP ",\"dns\":\"10.64.0.1\"}", true, CTL_PARAMS,
	  "dns" },
	{ "state.set", UP ",\"dns\":[\"10.64.0.1:53\"]}", true, CTL_PARAMS,
	  "dns" },
	{ "state.set", UP ",\"dns\":[null]}", true, CTL_PARAMS, "dns" },
	{ "state.set", UP ",\"dns\":[\"10.0.0.1\",\"10.0.0.2\",\"10.0.0.3\","
		       "\"10.0.0.4\",\"10.0.0.5\"]}", true, CTL_PARAMS, "4" },
	{ "state.set", UP ",\"relays\":[true]}", true, CTL_PARAMS, "relays" },

	{ "state.set", "{\"state\":\"disconnecting\"}", true, CTL_STATE,
	  "disconnecting cannot follow disconnected" },

	{ "state.set", CON "[" R16 "]}", true, 0, NULL },
	{ "state.set", CON "[\"[2001:db8::1]:443/tcp\"]}", true, 0, NULL },
	{ "state.set", UP ",\"dns\":[\"10.0.0.1\",\"fd00::1\",\"10.0.0.3\","
		       "\"10.0.0.4\"],\"relays\":[" R "]}", true, 0, NULL },
	{ "state.set", UP "}", true, 0, NULL },
	{ "state.set", ERR "}", true, 0, NULL },
	{ "state.set", "{\"state\":\"disconnected\"}", true, 0, NULL },
	{ "netcheck.set", "{\"on\":true}", true, 0, NULL },
	{ "netcheck.set", "{\"on\":false}", true, 0, NULL },
	{ "reload", "{}", true, 0, NULL },
};

Test(methods, calls)
{
	for (size_t i = 0; i < NITEMS(calls); i++) {
		const char *params = calls[i].params == NULL ? "" :
				     calls[i].params;

		bench_fini();
		bench_init();
		up(false, false, TUNNEL_DISCONNECTED);
		cr_expect_eq(call(calls[i].method, calls[i].params,
				  calls[i].admin), calls[i].want, "%s %s: %d",
			     calls[i].method, params, error.code);
		if (calls[i].says != NULL)
			cr_expect(strstr(error.why.text, calls[i].says),
				  "%s %s: %s", calls[i].method, params,
				  error.why.text);
		if (calls[i].want == 0)
			continue;
		cr_expect_str_eq(error.step, "", "%s %s", calls[i].method,
				 params);
		record_expect("", "what is refused does nothing");
		cr_expect_neq(error.why.text[0], '\0');
		cr_expect_neq(error.why.text[strlen(error.why.text) - 1],
			      '.', "%s", error.why.text);
	}
}

Test(methods, a_long_name_is_cut)
{
	char name[4096];

	up(false, false, TUNNEL_DISCONNECTED);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	cr_expect_eq(call(name, NULL, true), CTL_METHOD);
	cr_expect_lt(strlen(error.why.text), 128);
}

Test(methods, what_was_tried_and_failed)
{
	static const struct {
		const char *method, *params, *fails, *step;
	} rows[] = {
		{ "netcheck.set", "{\"on\":true}", "load:door", "firewall" },
		{ "netcheck.set", "{\"on\":true}", "start", "listen" },
		{ "netcheck.set", "{\"on\":true}", "read", "read_dns" },
		{ "netcheck.set", "{\"on\":true}", "point", "point_dns" },
		{ "lockdown.set", "{\"on\":true}", NULL, "settings" },
		{ "lan.set", "{\"on\":true}", "load", "firewall" },
		{ "state.set", "{\"state\":\"disconnected\"}", "load",
		  "firewall" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		bench_fini();
		bench_init();
		up(false, false, TUNNEL_ERROR);
		if (rows[i].fails != NULL)
			record_fault(rows[i].fails, -EPERM, 0, 1);
		else
			bench_disk("state", false);
		cr_expect_eq(call(rows[i].method, rows[i].params, true),
			     CTL_FAILED, "%s", rows[i].step);
		cr_expect_str_eq(error.step, rows[i].step, "%s: %s",
				 rows[i].step, error.step);
		cr_expect_neq(error.why.text[0], '\0', "%s", rows[i].step);
		if (rows[i].fails == NULL)
			bench_disk("state", true);
	}
	bench_write_conf("mode = what\n");
	cr_expect_eq(call("reload", NULL, true), CTL_FAILED);
	cr_expect_str_eq(error.step, "configuration");
	cr_expect(strstr(error.why.text, "conf:"), "%s", error.why.text);
}

/* --- results --- */

Test(methods, a_change_gives_the_condition)
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

Test(methods, status)
{
	const json_t *list, *tunnel;
	size_t n;

	up(true, false, TUNNEL_ERROR);
	cr_assert_eq(call("status", NULL, false), 0);
	expect_shape(result, STATUS, "status");
	expect_shape(member("firewall"), "mode:s table:s loaded:b verified:b "
		     "repairs:i rejected:i? dropped:i?", "firewall");
	expect_shape(member("hostdns"), "backend:s pointed:b", "hostdns");
	expect_shape(member("tunnel"), "interface:s relays:a dns:a", "tunnel");
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

Test(methods, status_of_the_resolver)
{
	const json_t *o, *listens;

	up(false, false, TUNNEL_ERROR);
	cr_assert_eq(call("status", NULL, false), 0);
	o = member("resolver");
	expect_shape(o, "running:b pid:i? listen:a restarts:i mode:s "
		     "refuse:s problem:s?", "resolver");
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

Test(methods, status_says_what_failed)
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
	memcpy(e->name, name, len);
}

Test(methods, allowed)
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

Test(methods, rules)
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

Test(methods, timeline)
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

Test(methods, metrics)
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

Test(methods, counters_have_the_names_of_the_metrics)
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

Test(methods, config_and_reload)
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
