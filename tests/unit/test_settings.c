/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings.h"

static char dir[64], path[128];

static void make_dir(const char *name)
{
	strcpy(dir, "/tmp/test_settings.XXXXXX");
	cr_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
}

static void remove_dir(void)
{
	unlink(path);
	cr_assert_eq(rmdir(dir), 0, "nothing else is left in %s", dir);
}

static void put(const char *text, size_t len)
{
	FILE *out = fopen(path, "w");

	cr_assert(out != NULL);
	fwrite(text, 1, len, out);
	fclose(out);
}

static void expect_settings(const struct settings *s,
			    const struct settings *want)
{
	cr_expect_eq(s->netcheck, want->netcheck);
	cr_expect_eq(s->lockdown, want->lockdown);
	cr_expect_eq(s->lan, want->lan);
}

Test(settings, saved_and_loaded)
{
	static const struct settings all[] = {
		{ false, false, false }, { true, false, false },
		{ false, true, false }, { false, false, true },
		{ true, true, true },
	};
	struct why why;
	struct stat st;

	make_dir("settings.json");
	for (size_t i = 0; i < NITEMS(all); i++) {
		struct settings s = { !all[i].netcheck, !all[i].lockdown,
				      !all[i].lan };

		cr_assert_eq(settings_save(dir, &all[i], &why), 0, "%s",
			     why.text);
		cr_assert_eq(settings_load(dir, &s, &why), 0, "%s", why.text);
		expect_settings(&s, &all[i]);
	}
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	remove_dir();
}

Test(settings, missing_leaves_them_alone)
{
	struct settings s = { true, false, true }, want = s;
	struct tunnel t = { .state = TUNNEL_CONNECTING };
	struct why why;

	make_dir("settings.json");
	cr_expect_eq(settings_load(dir, &s, &why), 0);
	expect_settings(&s, &want);
	cr_expect_eq(settings_load_tunnel(dir, &t, &why), 0);
	cr_expect_eq(t.state, TUNNEL_CONNECTING);
	remove_dir();
	cr_expect_eq(settings_load(dir, &s, &why), 0, "no folder either");
	cr_expect_eq(settings_save(dir, &s, &why), -ENOENT);
}

#define S(n, l) "{\"version\":1,\"netcheck\":" n ",\"lockdown\":" l \
	",\"lan\":false}"

static const struct {
	const char *what, *text;
	int want;
	size_t len;	/* 0: the text's */
} broken[] = {
	{ "well",              S("true", "true"), 0, 0 },
	{ "one key more",      "{\"x\":1,\"version\":1,\"netcheck\":true,"
			       "\"lockdown\":true,\"lan\":true}", 0, 0 },
	{ "empty",             "", -EBADMSG, 0 },
	{ "zeroes of a crash", "\0\0\0\0", -EBADMSG, 4 },
	{ "cut",               "{\"version\":1,\"netcheck\":true,", -EBADMSG, 0 },
	{ "no switches",       "{\"version\":1}", -EBADMSG, 0 },
	{ "an array",          "[]", -EBADMSG, 0 },
	{ "a number for bool", S("1", "true"), -EBADMSG, 0 },
	{ "null for bool",     S("true", "null"), -EBADMSG, 0 },
	{ "twice the same",    "{\"version\":1,\"netcheck\":true,\"lan\":true,"
			       "\"lockdown\":true,\"lockdown\":false}",
	  -EBADMSG, 0 },
	{ "newer version",     "{\"version\":2,\"netcheck\":true,"
			       "\"lockdown\":true,\"lan\":true}", -EBADMSG, 0 },
	{ "something behind",  S("true", "true") "x", -EBADMSG, 0 },
};

Test(settings, damaged)
{
	for (size_t i = 0; i < NITEMS(broken); i++) {
		struct settings s = { false, true, true };
		size_t len = broken[i].len;
		struct why why = { "" };

		make_dir("settings.json");
		put(broken[i].text, len > 0 ? len : strlen(broken[i].text));
		cr_expect_eq(settings_load(dir, &s, &why), broken[i].want,
			     "%s: %s", broken[i].what, why.text);
		if (broken[i].want != 0) {
			cr_expect(s.lockdown && s.lan && !s.netcheck);
			cr_expect(strstr(why.text, "damaged") != NULL);
		}
		remove_dir();
	}
}

Test(settings, too_long_or_no_file)
{
	static char big[20000];
	struct settings s;
	struct why why;
	int error;

	make_dir("settings.json");
	memset(big, ' ', sizeof(big));
	put(big, sizeof(big));
	cr_expect_eq(settings_load(dir, &s, &why), -EFBIG);
	unlink(path);
	cr_assert_eq(symlink("/dev/null", path), 0);
	error = settings_load(dir, &s, &why);
	/* The second is FreeBSD's (open(2)). */
	cr_expect(error == -ELOOP || error == -EMLINK);
	remove_dir();
}

/* What a crash left behind must not be in the way. */
Test(settings, stale_temporary)
{
	struct settings s = { true, true, false };
	struct why why;
	char temp[128];

	make_dir("settings.json");
	snprintf(temp, sizeof(temp), "%s/.settings.json.new", dir);
	cr_assert_eq(symlink("/etc/passwd", temp), 0);
	cr_expect_eq(settings_save(dir, &s, &why), 0, "%s", why.text);
	cr_expect_neq(access(temp, F_OK), 0);
	remove_dir();
}

static struct tunnel full_tunnel(void)
{
	struct tunnel t = { .state = TUNNEL_CONNECTED, .cause = CAUSE_OTHER,
			    .n_relays = CONF_ENDPOINTS, .n_dns = TUNNEL_DNS };

	for (unsigned int i = 0; i < CONF_ENDPOINTS; i++)
		if (!endpoint_parse(i % 2 != 0 ? "[2001:db8::1]:443/tcp"
					       : "192.0.2.1:51820/udp",
				    &t.relays[i]))
			abort();
	for (unsigned int i = 0; i < TUNNEL_DNS; i++)
		if (!ipaddr_parse("2001:db8::53", &t.dns[i]))
			abort();
	strcpy(t.interface, "wg-mullvad");
	return t;
}

Test(settings, tunnel_saved_and_loaded)
{
	struct tunnel full = full_tunnel(), t;
	struct why why;

	make_dir("tunnel.json");
	for (unsigned int i = 0; i < 2; i++) {
		memset(&t, 0x5a, sizeof(t));
		cr_assert_eq(settings_save_tunnel(dir, &full, &why), 0);
		cr_assert_eq(settings_load_tunnel(dir, &t, &why), 0, "%s",
			     why.text);
		cr_expect_eq(t.state, full.state);
		cr_expect_eq(t.cause, full.cause);
		cr_expect_str_eq(t.interface, full.interface);
		cr_expect_eq(t.told, full.told);
		cr_expect_eq(t.n_relays, full.n_relays);
		for (unsigned int r = 0; r < full.n_relays; r++)
			cr_expect(t.relays[r].port == full.relays[r].port &&
				  t.relays[r].tcp == full.relays[r].tcp &&
				  ipaddr_equal(&t.relays[r].addr,
					       &full.relays[r].addr));
		cr_expect_eq(t.n_dns, full.n_dns);
		for (unsigned int d = 0; d < full.n_dns; d++)
			cr_expect(ipaddr_equal(&t.dns[d], &full.dns[d]));
		full = (struct tunnel){ .state = TUNNEL_ERROR, .told = true,
					.cause = CAUSE_OFFLINE };
	}
	remove_dir();
}

#define T(state, cause, interface, relays, dns) \
	"{\"version\":1,\"state\":\"" state "\",\"cause\":\"" cause "\"," \
	"\"interface\":\"" interface "\",\"relays\":[" relays "]," \
	"\"dns\":[" dns "]}"
#define R4 "\"192.0.2.1:1\",\"192.0.2.1:1\",\"192.0.2.1:1\",\"192.0.2.1:1\""

/* Whose word it was, before daemons followed tunnels: nobody's. */
Test(settings, a_tunnel_of_before)
{
	static const char text[] = T("connected", "other", "wg0", "", "");
	struct tunnel t = { .told = true };
	struct why why;

	make_dir("tunnel.json");
	put(text, strlen(text));
	cr_expect_eq(settings_load_tunnel(dir, &t, &why), 0);
	cr_expect(!t.told);
	remove_dir();
}

static const struct {
	const char *what, *text;
	int want;
} tunnels[] = {
	{ "well", T("error", "offline", "", "", ""), 0 },
	{ "16 relays", T("connecting", "other", "", R4 "," R4 "," R4 "," R4,
			 ""), 0 },
	{ "17 relays", T("connecting", "other", "", R4 "," R4 "," R4 "," R4
			 ",\"192.0.2.1:1\"", ""), -EBADMSG },
	{ "unknown state", T("open", "offline", "", "", ""), -EBADMSG },
	{ "unknown cause", T("error", "fun", "", "", ""), -EBADMSG },
	{ "interface of 16", T("error", "offline", "0123456789abcdef", "",
			       ""), -EBADMSG },
	{ "ruleset in the interface", T("error", "offline", "a\\\" drop", "",
					""), -EBADMSG },
	{ "relay without port", T("error", "offline", "", "\"192.0.2.1\"",
				  ""), -EBADMSG },
	{ "relay is a number", T("error", "offline", "", "1", ""), -EBADMSG },
	{ "five servers", T("error", "offline", "", "", "\"::2\",\"::2\","
			    "\"::2\",\"::2\",\"::2\""), -EBADMSG },
	{ "no address", T("error", "offline", "", "", "\"dns\""), -EBADMSG },
	{ "a NUL in the state", T("error\\u0000", "offline", "", "", ""),
	  -EBADMSG },
	{ "whose word, in words", "{\"version\":1,\"state\":\"error\","
	  "\"cause\":\"offline\",\"interface\":\"\",\"relays\":[],"
	  "\"dns\":[],\"told\":\"yes\"}", -EBADMSG },
	{ "no fields", "{}", -EBADMSG },
};

Test(settings, damaged_tunnel)
{
	for (size_t i = 0; i < NITEMS(tunnels); i++) {
		struct tunnel t = { .state = TUNNEL_DISCONNECTING };
		struct why why = { "" };

		make_dir("tunnel.json");
		put(tunnels[i].text, strlen(tunnels[i].text));
		cr_expect_eq(settings_load_tunnel(dir, &t, &why),
			     tunnels[i].want, "%s: %s", tunnels[i].what,
			     why.text);
		cr_expect((t.state == TUNNEL_DISCONNECTING) ==
			  (tunnels[i].want != 0), "%s", tunnels[i].what);
		remove_dir();
	}
}
