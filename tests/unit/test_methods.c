/* SPDX-License-Identifier: ISC */
/*
 * docs/protocol.md, method by method: what is refused, and with which code.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "methodsbench.h"

TestSuite(methods, .init = bench_init, .fini = bench_fini);

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
	{ "state.follow", NULL, false, CTL_DENIED, NULL },
	{ "state.follow", NULL, true, CTL_STATE, "follow" },
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
