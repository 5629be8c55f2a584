/* SPDX-License-Identifier: ISC */
/*
 * netcheckbench.h - what design section 5 wants of the machine, beside the
 * daemon that should see to it
 */
#ifndef NETCHECKBENCH_H
#define NETCHECKBENCH_H

#include <errno.h>
#include <string.h>

#include "daemonbench.h"

static struct why why;
static const char *step;

static inline void again(void)
{
	bench_fini();
	bench_init();
}

static inline int set_state(enum tunnel_state state, enum tunnel_cause cause)
{
	const struct tunnel t = bench_tunnel(state, cause);

	return daemon_set_state(&bench, &t, &step, &why);
}

static inline void up(bool netcheck, bool lockdown, enum tunnel_state state,
		      enum tunnel_cause cause)
{
	const struct tunnel t = bench_tunnel(state, cause);

	bench_up(netcheck, lockdown, &t);
}

/* What design section 5 says, by another way than the code's. */
struct want {
	enum fw_policy policy;
	bool listens, open;
};

static inline struct want wanted(bool netcheck, bool lockdown,
				 enum tunnel_state state, enum tunnel_cause cause)
{
	static const enum fw_policy policy[] = {
		FW_NONE, FW_CONNECTING, FW_CONNECTED, FW_DISCONNECTING,
		FW_BLOCKED,
	};
	struct want w = { .policy = policy[state], .listens = netcheck };

	if (state == TUNNEL_DISCONNECTED && lockdown) {
		w.policy = FW_BLOCKED;
		w.open = netcheck;
	}
	if (state == TUNNEL_ERROR)
		w.open = netcheck && cause > CAUSE_START_RESOLVER;
	if (w.open)
		w.policy = FW_BLOCKED_ACTIVE;
	return w;
}

static inline void expect_machine(struct want w, const char *what)
{
	cr_expect_eq(bench_fw.ruleset.policy, w.policy, "%s: rules %s, not %s",
		     what, fw_policy_name(bench_fw.ruleset.policy),
		     fw_policy_name(w.policy));
	cr_expect_eq(bench.running, w.listens, "%s: listening", what);
	cr_expect_eq(bench_dns.pointed, w.open, "%s: host DNS", what);
	cr_expect_eq(bench.active, w.open, "%s: active", what);
	cr_expect_eq(bench.answer.epoch != 0, w.open, "%s: epoch", what);
	cr_expect_eq(bench_told, bench.answer.epoch, "%s: told", what);
}

static inline void switch_to(bool netcheck, bool lockdown)
{
	cr_expect_eq(daemon_set_netcheck(&bench, netcheck, &step, &why), 0,
		     "%s", why.text);
	cr_expect_eq(daemon_set_lockdown(&bench, lockdown, &step, &why), 0,
		     "%s", why.text);
}

/* A grant, as if a datapath had asked: the set is not empty. */
static inline void open_one(void)
{
	struct ipaddr a = ipaddr_v4((const uint8_t[]){ 203, 0, 113, 80 });
	struct allowed_entry *e = allowed_add(&bench.answer.allowed, &a, 1);

	cr_assert_not_null(e);
	e->opened = record_clock;
	e->expiry = record_clock + 60 * CLOCK_S;
	fwfake_put(&bench_fw, &a);
}

#endif /* NETCHECKBENCH_H */
