/* SPDX-License-Identifier: ISC */
/*
 * The start, the disk and the configuration, when they are well and when they
 * are not.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "netcheckbench.h"

TestSuite(daemon, .init = bench_init, .fini = bench_fini);

/* --- the disk --- */

Test(daemon, settings_survive_a_restart)
{
	up(false, false, TUNNEL_DISCONNECTED, 0);
	switch_to(true, true);
	cr_expect_eq(daemon_set_lan(&bench, true, &step, &why), 0);
	memset(&bench.settings, 0, sizeof(bench.settings));
	bench_gone(&bench);
	bench.active = false;
	cr_assert_eq(daemon_start(&bench, &why), 0);
	cr_expect(bench.settings.netcheck && bench.settings.lockdown &&
		  bench.settings.lan);
	cr_expect(bench_fw.ruleset.lan);
}

Test(daemon, a_switch_that_cannot_be_saved_is_not_moved)
{
	up(false, false, TUNNEL_ERROR, CAUSE_OTHER);
	bench_disk("state", false);
	cr_expect_eq(daemon_set_netcheck(&bench, true, &step, &why), -ENOENT);
	cr_expect_str_eq(step, "settings");
	cr_expect_eq(daemon_set_lockdown(&bench, true, &step, &why),
		     -ENOENT);
	cr_expect_str_eq(step, "settings");
	record_expect("", "nothing was begun");
	cr_expect(!bench.settings.netcheck && !bench.settings.lockdown);
	cr_expect_eq(daemon_set_lan(&bench, true, &step, &why), -ENOENT);
	cr_expect(!bench.settings.lan && !bench_fw.ruleset.lan);
	bench_disk("state", true);
	cr_expect_eq(daemon_set_netcheck(&bench, true, &step, &why), 0);

	bench_disk("state", false);
	record_forget();
	cr_expect_eq(daemon_set_netcheck(&bench, false, &step, &why),
		     -ENOENT);
	record_expect("", "nothing was begun");
	cr_expect(bench.settings.netcheck && bench.active);
	bench_disk("state", true);
}

/* --- the next boot --- */

static bool is_there(const char *name)
{
	return access(bench_path(name), F_OK) == 0;
}

Test(daemon, the_next_boot_is_blocked_while_lockdown_is_on)
{
	static const struct {
		const char *what;
		bool netcheck, lockdown;
	} rows[] = {
		{ "netcheck on", true, false }, { "lockdown, too", true, true },
		{ "netcheck off", false, true }, { "none", false, false },
		{ "lockdown alone", false, true },
	};

	up(false, false, TUNNEL_DISCONNECTED, 0);
	cr_expect(!is_there("state/early.nft"));
	for (size_t i = 0; i < NITEMS(rows); i++) {
		switch_to(rows[i].netcheck, rows[i].lockdown);
		cr_expect_eq(is_there("state/early.nft"), rows[i].lockdown,
			     "%s", rows[i].what);
	}
}

/* Lockdown that the next boot would not know of is not switched on. */
Test(daemon, no_lockdown_without_its_file)
{
	up(false, false, TUNNEL_DISCONNECTED, 0);
	cr_assert_eq(mkdir(bench_path("state/early.nft"), 0700), 0);
	cr_expect_lt(daemon_set_lockdown(&bench, true, &step, &why), 0);
	cr_expect_str_eq(step, "settings");
	cr_expect(strstr(why.text, "early.nft"), "%s", why.text);
	cr_expect(!bench.settings.lockdown);
	record_expect("", "nothing was begun");
	bench_remove("state/early.nft");
	cr_expect_eq(daemon_set_lockdown(&bench, true, &step, &why), 0);
}

Test(daemon, a_guest_leaves_the_next_boot_to_its_host)
{
	bench.conf.firewall.mode = FWMODE_GUEST;
	up(false, false, TUNNEL_DISCONNECTED, 0);
	switch_to(false, true);
	cr_expect(!is_there("state/early.nft"));
}

/* What a crash left, either way, is put right; the block comes first. */
Test(daemon, the_start_sees_to_the_next_boot)
{
	for (unsigned int lockdown = 0; lockdown < 2; lockdown++) {
		FILE *f = fopen(bench_path("state/early.nft"), "w");

		cr_assert_not_null(f);
		fclose(f);
		if (lockdown)
			bench_remove("state/early.nft");
		up(false, lockdown, TUNNEL_DISCONNECTED, 0);
		cr_expect_eq(is_there("state/early.nft"), lockdown);
	}
}

/* The tunnel is where it is; that it cannot be written down is said. */
Test(daemon, a_state_that_cannot_be_saved_is_entered)
{
	up(true, false, TUNNEL_CONNECTED, 0);
	bench_disk("run", false);
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	expect_machine(wanted(true, false, TUNNEL_ERROR, CAUSE_OTHER),
		       "entered");
	cr_expect(strstr(bench.problem.text, "tunnel.json"), "%s",
		  bench.problem.text);
	bench_disk("run", true);
}

static void spoil(const char *name)
{
	FILE *f = fopen(bench_path(name), "w");

	cr_assert_not_null(f);
	fputs("{\"version\":1,", f);
	fclose(f);
}

Test(daemon, damaged_files_keep_it_from_starting)
{
	static const struct {
		const char *name, *calls, *what;
	} files[] = {
		{ "state/settings.json", "load:blocked ",
		  "lockdown may have been on" },
		{ "run/tunnel.json", "", "whatever rules there are stay" },
	};

	for (size_t i = 0; i < NITEMS(files); i++) {
		again();
		spoil(files[i].name);
		cr_expect_eq(daemon_start(&bench, &why), -EBADMSG, "%s",
			     files[i].name);
		cr_expect(strstr(why.text, "damaged"), "%s", why.text);
		record_expect(files[i].calls, files[i].what);
	}
}

/* --- the start --- */

Test(daemon, start_blocks_before_it_does_anything_else)
{
	const struct tunnel t = bench_tunnel(TUNNEL_ERROR, CAUSE_OTHER);

	bench_saved(true, false, &t);
	cr_assert_eq(daemon_start(&bench, &why), 0);
	record_expect("load:blocked start load:door read load:door point ",
		      "firewall first, host DNS last");
}

Test(daemon, start_without_port_53)
{
	static const struct {
		const char *what;
		bool lockdown;
		enum tunnel_state state;
		enum tunnel_cause cause, want;
		enum fw_policy policy;
	} rows[] = {
		{ "error", false, TUNNEL_ERROR, CAUSE_OTHER,
		  CAUSE_START_RESOLVER, FW_BLOCKED },
		{ "lockdown", true, TUNNEL_DISCONNECTED, 0, 0, FW_BLOCKED },
		{ "connected", false, TUNNEL_CONNECTED, 0, 0, FW_CONNECTED },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct tunnel t = bench_tunnel(rows[i].state, rows[i].cause);
		const struct want w = { rows[i].policy, false, false };

		again();
		bench_saved(true, rows[i].lockdown, &t);
		record_fault("start", -EADDRINUSE, 0, 0);
		cr_expect_eq(daemon_start(&bench, &why), 0, "%s",
			     rows[i].what);
		cr_expect(strstr(bench.problem.text, "start"), "%s",
			  rows[i].what);
		cr_expect(strstr(record.text, "start ") != NULL &&
			  strstr(strstr(record.text, "start ") + 1,
				 "start ") == NULL, "%s: tried once: %s",
			  rows[i].what, record.text);
		expect_machine(w, rows[i].what);
		cr_expect_eq(bench.tunnel.state, rows[i].state, "%s",
			     rows[i].what);
		cr_expect_eq(bench.tunnel.cause, rows[i].want, "%s",
			     rows[i].what);
	}
}

Test(daemon, start_without_a_firewall)
{
	const struct tunnel t = bench_tunnel(TUNNEL_ERROR, CAUSE_OTHER);

	bench_saved(true, true, &t);
	record_fault("load:", -EPERM, 0, 0);
	cr_expect_eq(daemon_start(&bench, &why), -EPERM);
	cr_expect(strstr(why.text, "injected"), "%s", why.text);
	record_expect("load:blocked ", "and nothing else");
}

/* --- configuration --- */

Test(daemon, reload)
{
	bool changed = true;

	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	cr_expect_eq(daemon_reload(&bench, &changed, &why), 0, "%s",
		     why.text);
	cr_expect(!changed);
	record_expect("", "the same file");
	bench_write_conf("allow {\n\tports = {80}\n}\n");
	cr_expect_eq(daemon_reload(&bench, &changed, &why), 0, "%s",
		     why.text);
	cr_expect(changed);
	cr_expect_eq(bench_fw.ruleset.n_ports, 1);
	expect_machine(wanted(true, false, TUNNEL_ERROR, CAUSE_OTHER),
		       "a new episode");
	cr_expect_eq(bench.answer.epoch, 2);
}

Test(daemon, a_reload_that_fails_changes_nothing)
{
	static const struct {
		const char *what, *conf, *call;
	} rows[] = {
		{ "half a file", "mode = ", NULL },
		{ "a key that is fixed", "port = 5353\n", NULL },
		{ "rules refused", "allow {\n\tports = {80}\n}\n",
		  "load:door" },
		{ "no upstreams to read", "refuse = \"nxdomain\"\n",
		  "read" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		static struct conf before;
		bool changed;

		again();
		up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
		before = bench.conf;
		bench_write_conf(rows[i].conf);
		if (rows[i].call != NULL)
			record_fault(rows[i].call, -EIO, 0, 1);
		cr_expect_lt(daemon_reload(&bench, &changed, &why), 0, "%s",
			     rows[i].what);
		cr_expect_eq(memcmp(&before, &bench.conf, sizeof(before)), 0,
			     "%s", rows[i].what);
		cr_expect_eq(bench_fw.ruleset.n_ports, 2, "%s",
			     rows[i].what);
		expect_machine(wanted(true, false, TUNNEL_ERROR,
				      CAUSE_OTHER), rows[i].what);
	}
}
