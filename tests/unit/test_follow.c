/* SPDX-License-Identifier: ISC */
/*
 * The daemon follows an interface in a network namespace of its own: links and
 * routes are the kernel's, firewall and resolver are fakes. "near", a veth,
 * stands for a tun: held as long as its other end is up.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "methodsbench.h"
#include "netns.h"

static void init(void)
{
	bench_init();
	bench.conf.tunnel.follow = true;
	strcpy(bench.conf.tunnel.interface, "near");
	cr_assert(endpoint_parse("198.51.100.7:1194/tcp",
				 &bench.conf.tunnel.endpoints[0]));
	bench.conf.tunnel.n_endpoints = 1;
}

static void fini(void)
{
	follow_close(&bench);
	bench_fini();
}

TestSuite(follow, .init = init, .fini = fini);

/* Each row goes on from the one before, with lockdown on. */
static const struct {
	const char *what, *prepare;
	enum tunnel_state want;
	enum fw_policy policy;
	bool named;		/* the interface is part of the rules */
} rows[] = {
	{ "none", "true", TUNNEL_DISCONNECTED, FW_BLOCKED_ACTIVE, false },
	{ "made", "ip link add near type veth peer name far",
	  TUNNEL_DISCONNECTED, FW_BLOCKED_ACTIVE, false },
	{ "on, and nobody holds it", "ip link set near up",
	  TUNNEL_CONNECTING, FW_CONNECTING, false },
	{ "held", "ip link set far up", TUNNEL_CONNECTING, FW_CONNECTING,
	  false },
	{ "a link-local route", "ip route add 169.254.0.0/16 dev near",
	  TUNNEL_CONNECTING, FW_CONNECTING, false },
	{ "a multicast route", "ip route add 224.0.0.0/4 dev near",
	  TUNNEL_CONNECTING, FW_CONNECTING, false },
	{ "another table's route", "ip route add default dev near table 9",
	  TUNNEL_CONNECTED, FW_CONNECTED, true },
	{ "off", "ip link set near down", TUNNEL_DISCONNECTING,
	  FW_DISCONNECTING, false },
	{ "on again", "ip link set near up", TUNNEL_CONNECTING, FW_CONNECTING,
	  false },
	{ "an IPv6 route", "ip route add 2001:db8::/32 dev near",
	  TUNNEL_CONNECTED, FW_CONNECTED, true },
	{ "gone", "ip link del near", TUNNEL_DISCONNECTED, FW_BLOCKED_ACTIVE,
	  false },
	{ "back at once", "ip link add near type veth peer name far && "
	  "ip link set near up && ip link set far up && "
	  "ip addr add 10.9.0.1/24 dev near",
	  TUNNEL_CONNECTED, FW_CONNECTED, true },
	{ "another one of that name", "ip link del near && "
	  "ip link add near type veth peer name far",
	  TUNNEL_DISCONNECTING, FW_DISCONNECTING, false },
};

Test(follow, links_and_routes)
{
	private_net();
	up(true, true, TUNNEL_DISCONNECTED);
	for (size_t i = 0; i < NITEMS(rows); i++) {
		const struct tunnel *t = &bench.tunnel;

		run("%s", rows[i].prepare);
		follow_look(&bench);
		cr_expect_eq(t->state, rows[i].want, "%s: %s", rows[i].what,
			     tunnel_state_name(t->state));
		cr_expect_eq(bench_fw.ruleset.policy, rows[i].policy, "%s",
			     rows[i].what);
		cr_expect_eq(t->interface[0] != '\0', rows[i].named, "%s",
			     rows[i].what);
		cr_expect_eq(t->n_relays,
			     t->state == TUNNEL_CONNECTING ||
			     t->state == TUNNEL_CONNECTED, "%s", rows[i].what);
	}
}

static void tunnel_up(void)
{
	private_net();
	veth();
	run("ip addr add 10.9.0.1/24 dev near");
}

Test(follow, a_front_ends_word_holds)
{
	struct tunnel saved = { .told = true };
	struct why why;

	tunnel_up();
	up(true, true, TUNNEL_DISCONNECTED);
	follow_look(&bench);
	cr_assert_eq(bench.tunnel.state, TUNNEL_CONNECTED);
	cr_assert_eq(call("state.set", ERR "}", true), 0);
	cr_expect(!follow_on(&bench));
	follow_look(&bench);
	cr_expect_eq(bench.tunnel.state, TUNNEL_ERROR, "told");
	cr_assert_eq(call("state.follow", NULL, true), 0);
	cr_expect_eq(bench.tunnel.state, TUNNEL_CONNECTED,
		     "by way of connecting");
	cr_expect(follow_on(&bench));
	/* Told what is seen: given back all the same, on disk too. */
	cr_assert_eq(call("state.set", "{\"state\":\"connected\","
			  "\"interface\":\"near\"}", true), 0);
	cr_assert_eq(call("state.follow", NULL, true), 0);
	cr_assert_eq(settings_load_tunnel(bench.conf.run_dir, &saved, &why),
		     0);
	cr_expect(!saved.told);
}

Test(follow, the_word_holds_over_a_crash)
{
	struct tunnel t = bench_tunnel(TUNNEL_CONNECTING, 0);

	tunnel_up();
	t.told = true;
	bench_up(true, true, &t);
	follow_look(&bench);
	cr_expect_eq(bench.tunnel.state, TUNNEL_CONNECTING);
}

Test(follow, no_tunnel_is_followed)
{
	private_net();
	bench.conf.tunnel.follow = false;
	up(true, true, TUNNEL_DISCONNECTED);
	cr_expect_eq(call("state.follow", NULL, true), CTL_STATE);
	cr_expect(strstr(error.why.text, "tunnel"), "%s", error.why.text);
	cr_expect_eq(call("state.follow", NULL, false), CTL_DENIED);
	cr_expect_eq(call("state.follow", "{\"on\":true}", true), CTL_PARAMS);
	bench.conf.tunnel.follow = true;
	cr_expect_eq(call("state.follow", NULL, false), CTL_DENIED);
	cr_expect_eq(call("state.follow", NULL, true), 0);
}

/* Rules that cannot be loaded are an error; the next look tries again. */
Test(follow, a_firewall_that_fails)
{
	tunnel_up();
	up(true, true, TUNNEL_DISCONNECTED);
	record_fault("load:connected", -EIO, 0, 1);
	follow_look(&bench);
	cr_expect_eq(bench.tunnel.state, TUNNEL_ERROR);
	cr_expect_eq(bench.tunnel.cause, CAUSE_SET_FIREWALL);
	record_forget();
	follow_look(&bench);
	cr_expect_eq(bench.tunnel.state, TUNNEL_CONNECTED);
}

Test(follow, status)
{
	const json_t *f;

	tunnel_up();
	up(true, true, TUNNEL_DISCONNECTED);
	follow_look(&bench);
	cr_assert_eq(call("status", NULL, false), 0);
	f = json_object_get(json_object_get(result, "tunnel"), "follow");
	cr_expect_str_eq(json_string_value(json_object_get(f, "interface")),
			 "near");
	cr_expect(json_is_true(json_object_get(f, "following")));
	cr_expect(json_is_true(json_object_get(f, "there")));
	cr_expect(json_is_false(json_object_get(f, "wireguard")));
	cr_expect_null(json_object_get(f, "handshake"));
	cr_assert_eq(call("state.set", ERR "}", true), 0);
	cr_assert_eq(call("status", NULL, false), 0);
	f = json_object_get(json_object_get(result, "tunnel"), "follow");
	cr_expect(json_is_false(json_object_get(f, "following")));
	cr_expect_null(json_object_get(f, "there"));
}
