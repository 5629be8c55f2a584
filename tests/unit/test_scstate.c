/* SPDX-License-Identifier: ISC */
/* What is done to which key, and whom the host asks. */
#include "hostdns/scstate.h"
#include "hosttree.h"
#include "os/netinfo.h"

#define SETUP(id) "\"Setup:/Network/Service/" id "/DNS\""
#define STATE(id) "\"State:/Network/Service/" id "/DNS\""
#define UP(id) "\"State:/Network/Service/" id "/IPv4\": " \
	"{\"InterfaceName\": \"lo\"}"
#define UP6(id, link) "\"State:/Network/Service/" id "/IPv6\": " \
	"{\"InterfaceName\": \"" link "\"}"
#define DNS(addr) "{\"ServerAddresses\": [\"" addr "\"]}"
#define OURS "{\"ServerAddresses\": [\"127.0.0.1\", \"::1\"]}"
#define MORE "{\"ServerAddresses\": [\"127.0.0.1\", \"::1\"], " \
	"\"SearchDomains\": [\"a.example\"]}"

static json_t *ours;

static void setup(void)
{
	make_tree("true");
	ours = parsed(OURS);
}

static void teardown(void)
{
	json_decref(ours);
	remove_tree();
}

TestSuite(scstate, .init = setup, .fini = teardown);

static void expect(const json_t *got, const char *text, const char *edge,
		   const char *what)
{
	json_t *want = parsed(text);

	cr_expect(json_equal(got, want), "%s: %s: %s", edge, what,
		  json_dumps(got, 0));
	json_decref(want);
}

/* `set` always is ours: only its keys are here. */
static const struct {
	const char *edge, *all, *saved, *to_save, *set, *gone;
} points[] = {
	{ "nobody there", "{}", "{}", "{}", "[]", "[]" },
	{ "DHCP told", "{" STATE("7") ": " DNS("192.0.2.1") "}", "{}",
	  "{" SETUP("7") ": null, " STATE("7") ": " DNS("192.0.2.1") "}",
	  "[" SETUP("7") ", " STATE("7") "]", "[]" },
	{ "the user has set", "{" SETUP("7") ": " DNS("192.0.2.1") "}", "{}",
	  "{" SETUP("7") ": " DNS("192.0.2.1") "}", "[" SETUP("7") "]", "[]" },
	{ "an empty dictionary", "{" SETUP("7") ": {}}", "{}",
	  "{" SETUP("7") ": {}}", "[" SETUP("7") "]", "[]" },
	{ "up, without any", "{" UP("7") "}", "{}", "{" SETUP("7") ": null}",
	  "[" SETUP("7") "]", "[]" },
	{ "up, by IPv6", "{" UP6("7", "en0") "}", "{}",
	  "{" SETUP("7") ": null}", "[" SETUP("7") "]", "[]" },
	{ "done already", "{" SETUP("7") ": " OURS "}",
	  "{" SETUP("7") ": " DNS("192.0.2.1") "}",
	  "{" SETUP("7") ": " DNS("192.0.2.1") "}", "[]", "[]" },
	{ "done, and somebody added to it", "{" SETUP("7") ": " MORE "}",
	  "{" SETUP("7") ": {}}", "{" SETUP("7") ": {}}", "[]", "[]" },
	{ "DHCP has renewed",
	  "{" SETUP("7") ": " OURS ", " STATE("7") ": " DNS("192.0.2.2") "}",
	  "{" SETUP("7") ": null, " STATE("7") ": " DNS("192.0.2.1") "}",
	  "{" SETUP("7") ": null, " STATE("7") ": " DNS("192.0.2.2") "}",
	  "[" STATE("7") "]", "[]" },
	{ "the user has taken it away", "{" UP("7") "}",
	  "{" SETUP("7") ": " DNS("192.0.2.1") "}", "{" SETUP("7") ": null}",
	  "[" SETUP("7") "]", "[]" },
	{ "the link is gone", "{" SETUP("7") ": " OURS "}",
	  "{" SETUP("7") ": null, " STATE("7") ": " DNS("192.0.2.1") "}",
	  "{" SETUP("7") ": null}", "[]", "[" SETUP("7") "]" },
	{ "the service is gone", "{}", "{" SETUP("7") ": null}", "{}", "[]",
	  "[]" },
	{ "like ours before we came", "{" SETUP("7") ": " OURS "}", "{}",
	  "{" SETUP("7") ": " OURS "}", "[]", "[]" },
	{ "others' keys",
	  "{\"State:/Network/Service/7/DNS/x\": {}, \"State:/Network/Service/"
	  "/DNS\": {}, \"State:/Network/Global/DNS\": {}, \"x\": {}, "
	  STATE("8") ": 7}", "{}", "{}", "[]", "[]" },
};

static void expect_set(const json_t *set, const char *text, const char *edge)
{
	json_t *keys = parsed(text), *key;
	size_t i;

	cr_expect_eq(json_object_size(set), json_array_size(keys),
		     "%s: set: %s", edge, json_dumps(set, 0));
	json_array_foreach(keys, i, key)
		cr_expect(json_equal(json_object_get(set,
					json_string_value(key)), ours),
			  "%s: set: %s", edge, json_string_value(key));
	json_decref(keys);
}

Test(scstate, pointing)
{
	for (size_t i = 0; i < NITEMS(points); i++) {
		json_t *all = parsed(points[i].all);
		json_t *saved = parsed(points[i].saved);
		struct scstate_plan p;

		scstate_point(all, saved, ours, &p);
		expect(p.saved, points[i].to_save, points[i].edge, "saved");
		expect_set(p.set, points[i].set, points[i].edge);
		expect(p.gone, points[i].gone, points[i].edge, "gone");
		scstate_plan_free(&p);
		json_decref(all);
		json_decref(saved);
	}
}

static const struct {
	const char *edge, *all, *saved, *set, *gone;
} restores[] = {
	{ "nothing saved", "{" SETUP("7") ": " OURS "}", "{}", "{}", "[]" },
	{ "all of it",
	  "{" SETUP("7") ": " OURS ", " STATE("7") ": " MORE "}",
	  "{" SETUP("7") ": null, " STATE("7") ": " DNS("192.0.2.1") "}",
	  "{" STATE("7") ": " DNS("192.0.2.1") "}", "[" SETUP("7") "]" },
	{ "somebody else's", "{" SETUP("7") ": " DNS("192.0.2.9") "}",
	  "{" SETUP("7") ": " DNS("192.0.2.1") "}", "{}", "[]" },
	{ "gone, or from before a reboot", "{}",
	  "{" SETUP("7") ": null, " STATE("7") ": " DNS("192.0.2.1") "}", "{}",
	  "[]" },
	{ "ours at another port",
	  "{" SETUP("7") ": {\"ServerAddresses\": [\"127.0.0.1\", \"::1\"], "
	  "\"ServerPort\": 5353}}", "{" SETUP("7") ": null}", "{}", "[]" },
};

Test(scstate, restoring)
{
	for (size_t i = 0; i < NITEMS(restores); i++) {
		json_t *all = parsed(restores[i].all);
		json_t *saved = parsed(restores[i].saved);
		struct scstate_plan p;

		scstate_restore(all, saved, ours, &p);
		expect(p.set, restores[i].set, restores[i].edge, "set");
		expect(p.gone, restores[i].gone, restores[i].edge, "gone");
		cr_expect_eq(json_object_size(p.saved), 0);
		scstate_plan_free(&p);
		json_decref(all);
		json_decref(saved);
	}
}

Test(scstate, another_port)
{
	json_t *at = scstate_ours(loopback, 2, 5353);

	expect(at, "{\"ServerAddresses\": [\"127.0.0.1\", \"::1\"], "
	       "\"ServerPort\": 5353}", "5353", "ours");
	cr_expect(!scstate_is_ours(ours, at) && !scstate_is_ours(at, ours));
	cr_expect(!scstate_is_ours(NULL, at) && !scstate_is_ours(at, NULL));
	json_decref(at);
}

static const struct {
	const char *edge, *all, *want;	/* "address link " each */
} asks[] = {
	{ "nobody there", "{}", "" },
	{ "DHCP's", "{" UP("7") ", " STATE("7") ": " DNS("192.0.2.1") "}",
	  "192.0.2.1 lo " },
	{ "the user's wins", "{" UP("7") ", " STATE("7") ": "
	  DNS("192.0.2.1") ", " SETUP("7") ": " DNS("192.0.2.2") "}",
	  "192.0.2.2 lo " },
	{ "the user's, without servers", "{" UP("7") ", " STATE("7") ": "
	  DNS("192.0.2.1") ", " SETUP("7") ": {\"SearchDomains\": []}}",
	  "192.0.2.1 lo " },
	{ "not up", "{" STATE("7") ": " DNS("192.0.2.1") "}", "" },
	{ "up without a link's name", "{\"State:/Network/Service/7/IPv4\": "
	  "{}, " STATE("7") ": " DNS("192.0.2.1") "}", "" },
	{ "a link's name too long", "{" UP6("7", "a2345678901234567") ", "
	  STATE("7") ": " DNS("192.0.2.1") "}", "" },
	{ "the first one's first", "{" UP("7") ", " STATE("7") ": "
	  DNS("192.0.2.7") ", " UP6("8", "en0") ", " STATE("8") ": "
	  DNS("192.0.2.8") ", \"State:/Network/Global/IPv4\": "
	  "{\"PrimaryService\": \"8\"}}", "192.0.2.8 en0 192.0.2.7 lo " },
	{ "a tunnel's", "{" UP6("7", "utun3") ", " STATE("7") ": "
	  DNS("192.0.2.1") ", " UP6("8", "ipsec0") ", " STATE("8") ": "
	  DNS("192.0.2.2") "}", "" },
	{ "for some names only", "{" UP("7") ", " STATE("7") ": "
	  "{\"ServerAddresses\": [\"192.0.2.1\"], "
	  "\"SupplementalMatchDomains\": [\"corp.lan\"]}}", "" },
	{ "another port", "{" UP("7") ", " STATE("7") ": "
	  "{\"ServerAddresses\": [\"192.0.2.1\"], \"ServerPort\": 853}}", "" },
	{ "never loopback", "{" UP("7") ", " STATE("7") ": "
	  DNS("127.0.0.53") "}", "" },
	{ "link-local", "{" UP("7") ", " STATE("7") ": "
	  DNS("fe80::1%lo") "}", "fe80::1 lo " },
	{ "not what it should be", "{" UP("7") ", " STATE("7") ": "
	  "{\"ServerAddresses\": [7, \"x\", {}]}, " SETUP("7") ": "
	  "{\"ServerAddresses\": \"192.0.2.1\"}}", "" },
};

Test(scstate, servers)
{
	static const struct netinfo n;

	for (size_t i = 0; i < NITEMS(asks); i++) {
		json_t *all = parsed(asks[i].all);
		json_t *original = scstate_original(all, NULL, NULL);
		char got[256] = "", addr[IPADDR_TEXT];
		struct hostdns_servers s;

		scstate_servers(all, original, &n, &s);
		for (unsigned int j = 0; j < s.n; j++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got),
				 "%s %s ", ipaddr_text(&s.server[j].addr, addr),
				 s.server[j].ifname);
		cr_expect_str_eq(got, asks[i].want, "%s", asks[i].edge);
		json_decref(original);
		json_decref(all);
	}
}

static const struct {
	const char *edge, *text;
} files[] = {
	{ "empty", "" },
	{ "no object", "[]" },
	{ "no version", "{\"saved\": {}, \"ours\": " OURS "}" },
	{ "of tomorrow", "{\"version\": 2, \"saved\": {}, \"ours\": " OURS "}" },
	{ "not ours", "{\"version\": 1, \"saved\": {}}" },
	{ "ours without a server", "{\"version\": 1, \"saved\": {}, \"ours\": "
	  "{\"ServerAddresses\": []}}" },
	{ "ours is no address", "{\"version\": 1, \"saved\": {}, \"ours\": "
	  DNS("x") "}" },
	{ "a port too many", "{\"version\": 1, \"saved\": {}, \"ours\": "
	  "{\"ServerAddresses\": [\"::1\"], \"ServerPort\": 65536}}" },
	{ "another key", "{\"version\": 1, \"ours\": " OURS ", \"saved\": "
	  "{\"State:/Network/Global/DNS\": {}}}" },
	{ "no dictionary", "{\"version\": 1, \"ours\": " OURS ", \"saved\": "
	  "{" SETUP("7") ": 7}}" },
};

Test(scstate, damaged_files)
{
	json_t *saved, *was;
	struct why why;

	for (size_t i = 0; i < NITEMS(files); i++) {
		FILE *out = fopen("../state/systemconfiguration.saved", "w");

		cr_assert(out != NULL);
		fputs(files[i].text, out);
		cr_assert_eq(fclose(out), 0);
		cr_expect_eq(scstate_load(conf.state_dir, &saved, &was, &why),
			     -EBADMSG, "%s: %s", files[i].edge, why.text);
		cr_expect(saved == NULL && was == NULL, "%s", files[i].edge);
	}
}

Test(scstate, the_file)
{
	json_t *saved = parsed("{" SETUP("7") ": null, " STATE("7") ": {}}");
	json_t *none = json_object(), *back, *was;
	struct why why;

	cr_assert_eq(scstate_save(conf.state_dir, saved, ours, &why), 0);
	cr_expect(scstate_exists(conf.state_dir));
	cr_assert_eq(scstate_load(conf.state_dir, &back, &was, &why), 0,
		     "%s", why.text);
	cr_expect(json_equal(back, saved) && json_equal(was, ours));
	cr_assert_eq(scstate_save(conf.state_dir, none, ours, &why), 0);
	cr_expect(!scstate_exists(conf.state_dir));
	json_decref(back);
	json_decref(was);
	json_decref(none);
	json_decref(saved);
}
