/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostdns/resolvedlink.h"

static char dir[64], path[128], boot[64];

static void make_dir(void)
{
	FILE *in = fopen("/proc/sys/kernel/random/boot_id", "r");

	cr_assert(in != NULL && fscanf(in, "%60s", boot) == 1);
	fclose(in);
	strcpy(dir, "/tmp/test_resolved.XXXXXX");
	cr_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/resolved.saved", dir);
}

static void remove_dir(void)
{
	unlink(path);
	cr_assert_eq(rmdir(dir), 0, "nothing else is left in %s", dir);
}

static void put(const char *fmt)
{
	FILE *out = fopen(path, "w");

	cr_assert(out != NULL);
	for (const char *p = fmt; *p != '\0'; p++)
		if (*p == '@')
			fputs(boot, out);
		else
			fputc(*p == '\'' ? '"' : *p, out);
	fclose(out);
}

/* ' stands for ", @ for this boot. */
#define FILE_OF(links, ours) \
	"{'version':1,'boot':'@','links':" links ",'ours':" ours "}"
#define LINK_OF(index, name, dns, domains, word) \
	"{'ifindex':" index ",'ifname':" name ",'dns':" dns ",'domains':" \
	domains ",'dnsovertls':" word ",'dnssec':null}"
#define GOOD LINK_OF("2", "'eth0'", "[['192.0.2.1',0,'']]", "[['a.b',true]]", \
		     "'yes'")
#define OURS "[['127.0.0.1',0,'']]"
#define BAD(what, index, name, dns, domains, word) \
	{ what, FILE_OF("[" LINK_OF(index, name, dns, domains, word) "]", \
			OURS), -EBADMSG }

static const struct {
	const char *what, *text;
	int want;
} files[] = {
	{ "well",             FILE_OF("[" GOOD "]", OURS), 0 },
	{ "no links",         FILE_OF("[]", OURS), 0 },
	{ "empty",            "", -EBADMSG },
	{ "cut",              "{'version':1,", -EBADMSG },
	{ "no object",        "[]", -EBADMSG },
	{ "newer",            "{'version':2,'boot':'@','links':[],'ours':[]}",
	  -EBADMSG },
	{ "boot is a number", "{'version':1,'boot':1,'links':[],'ours':[]}",
	  -EBADMSG },
	{ "links no list",    FILE_OF("{}", OURS), -EBADMSG },
	{ "a link no object", FILE_OF("[7]", OURS), -EBADMSG },
	{ "ours no list",     FILE_OF("[" GOOD "]", "1"), -EBADMSG },
	{ "ours no address",  FILE_OF("[" GOOD "]", "[['x',0,'']]"),
	  -EBADMSG },
	BAD("index below 0", "-1", "'eth0'", "[]", "[]", "null"),
	BAD("index above int", "2147483648", "'eth0'", "[]", "[]", "null"),
	BAD("index no number", "'2'", "'eth0'", "[]", "[]", "null"),
	BAD("name of 16", "2", "'0123456789abcdef'", "[]", "[]", "null"),
	BAD("no name", "2", "''", "[]", "[]", "null"),
	BAD("a name for none", "0", "'eth0'", "[]", "[]", "null"),
	BAD("NUL in a name", "2", "'et\\u0000h'", "[]", "[]", "null"),
	BAD("server of two", "2", "'eth0'", "[['192.0.2.1',0]]", "[]",
	    "null"),
	BAD("port above 16 bits", "2", "'eth0'", "[['192.0.2.1',65536,'']]",
	    "[]", "null"),
	BAD("port below 0", "2", "'eth0'", "[['192.0.2.1',-1,'']]", "[]",
	    "null"),
	BAD("no address", "2", "'eth0'", "[['192.0.2',0,'']]", "[]", "null"),
	BAD("domain of one", "2", "'eth0'", "[]", "[['a']]", "null"),
	BAD("domain's flag", "2", "'eth0'", "[]", "[['a',1]]", "null"),
	BAD("domains missing", "2", "'eth0'", "[]", "null", "null"),
	BAD("word a number", "2", "'eth0'", "[]", "[]", "1"),
	BAD("word of 32", "2", "'eth0'", "[]", "[]",
	    "'0123456789abcdef0123456789abcdef'"),
};

Test(resolvedlink, contents)
{
	for (size_t i = 0; i < NITEMS(files); i++) {
		json_t *links, *ours;
		struct why why = { "" };

		make_dir();
		put(files[i].text);
		cr_expect_eq(resolvedlink_load(dir, &links, &ours, &why),
			     files[i].want, "%s: %s", files[i].what,
			     why.text);
		cr_expect_eq(links == NULL, files[i].want != 0, "%s",
			     files[i].what);
		json_decref(links);
		json_decref(ours);
		remove_dir();
	}
}

/* n times the same in a list. */
static json_t *times(size_t n, json_t *item)
{
	json_t *list = json_array();

	while (n-- > 0)
		json_array_append(list, item);
	json_decref(item);
	return list;
}

static const struct {
	const char *what, *key;
	size_t n;
	bool wrong;
} sizes[] = {
	{ "servers, the last",  "dns",     RESOLVED_SERVERS,     false },
	{ "servers, one more",  "dns",     RESOLVED_SERVERS + 1, true },
	{ "domains, the last",  "domains", RESOLVED_DOMAINS,     false },
	{ "domains, one more",  "domains", RESOLVED_DOMAINS + 1, true },
	{ "links, the last",    NULL,      RESOLVED_LINKS,       false },
	{ "links, one more",    NULL,      RESOLVED_LINKS + 1,   true },
};

Test(resolvedlink, bounds)
{
	for (size_t i = 0; i < NITEMS(sizes); i++) {
		json_t *link = resolvedlink_new(2, "eth0"), *links;
		bool dns = sizes[i].key != NULL &&
			   strcmp(sizes[i].key, "dns") == 0;

		if (sizes[i].key != NULL)
			json_object_set_new(link, sizes[i].key,
				times(sizes[i].n, dns ?
				      json_pack("[sis]", "::1", 0, "") :
				      json_pack("[sb]", "a", 0)));
		links = times(sizes[i].key != NULL ? 1 : sizes[i].n, link);
		cr_expect_eq(resolvedlink_wrong(links) != NULL,
			     sizes[i].wrong, "%s", sizes[i].what);
		json_decref(links);
	}
}

Test(resolvedlink, round_trip_and_reboot)
{
	json_t *links, *ours, *links2, *ours2;
	struct why why;

	make_dir();
	put(FILE_OF("[" GOOD "]", OURS));
	cr_assert_eq(resolvedlink_load(dir, &links, &ours, &why), 0);
	unlink(path);
	cr_expect(!resolvedlink_exists(dir));
	cr_expect_eq(resolvedlink_save(dir, links, ours, &why), 0, "%s",
		     why.text);
	cr_expect(resolvedlink_exists(dir));
	cr_assert_eq(resolvedlink_load(dir, &links2, &ours2, &why), 0);
	cr_expect(json_equal(links, links2) && json_equal(ours, ours2));
	json_array_clear(links2);
	cr_expect_eq(resolvedlink_save(dir, links2, ours, &why), 0);
	cr_expect(!resolvedlink_exists(dir), "an empty list");

	strcpy(boot, "00000000-0000-0000-0000-000000000000");
	put(FILE_OF("[" GOOD "]", OURS));
	json_decref(links);
	json_decref(ours);
	cr_expect_eq(resolvedlink_load(dir, &links, &ours, &why), 0);
	cr_expect(links == NULL && ours == NULL, "another boot");
	cr_expect(!resolvedlink_exists(dir), "another boot's file");
	json_decref(links2);
	json_decref(ours2);
	remove_dir();
}

/* What was saved, what is there, and then: saved after adopt(), and whether
 * "changed" says it is to be put back. */
static const struct {
	const char *what, *key, *saved, *now, *adopted;
	bool changed;
} merges[] = {
	{ "servers: ours", "dns", "[[\"192.0.2.1\",0,\"\"]]",
	  "[[\"127.0.0.1\",0,\"\"]]", "[[\"192.0.2.1\",0,\"\"]]", true },
	{ "servers: others", "dns", "[[\"192.0.2.1\",0,\"\"]]",
	  "[[\"192.0.2.2\",0,\"\"]]", "[[\"192.0.2.2\",0,\"\"]]", false },
	{ "servers: ours and one more", "dns", "[]",
	  "[[\"127.0.0.1\",0,\"\"],[\"192.0.2.2\",0,\"\"]]",
	  "[[\"127.0.0.1\",0,\"\"],[\"192.0.2.2\",0,\"\"]]", false },
	{ "servers: ours, another port", "dns", "[]",
	  "[[\"127.0.0.1\",5353,\"\"]]", "[[\"127.0.0.1\",5353,\"\"]]",
	  false },
	{ "domains: ours", "domains", "[[\"a.b\",false]]", "[[\".\",true]]",
	  "[[\"a.b\",false]]", true },
	{ "domains: ours and the same", "domains", "[[\".\",true]]",
	  "[[\".\",true]]", "[[\".\",true]]", false },
	{ "domains: none", "domains", "[[\"a.b\",false]]", "[]", "[]",
	  false },
	{ "domains: for searching", "domains", "[]", "[[\".\",false]]",
	  "[[\".\",false]]", false },
	{ "word: ours", "dnsovertls", "\"yes\"", "null", "\"yes\"", true },
	{ "word: the host's", "dnssec", "\"\"", "null", "\"\"", true },
	{ "word: ours and the same", "dnssec", "null", "null", "null",
	  false },
	{ "word: another", "dnsovertls", "\"yes\"", "\"opportunistic\"",
	  "\"opportunistic\"", false },
};

static json_t *parsed(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	cr_assert(value != NULL, "%s", text);
	return value;
}

Test(resolvedlink, what_comes_back)
{
	for (size_t i = 0; i < NITEMS(merges); i++) {
		json_t *saved = resolvedlink_new(2, "eth0");
		json_t *now = resolvedlink_new(2, "eth0");
		json_t *ours = parsed("[[\"127.0.0.1\",0,\"\"]]");
		json_t *want = parsed(merges[i].adopted);

		json_object_set_new(saved, merges[i].key,
				    parsed(merges[i].saved));
		json_object_set_new(now, merges[i].key, parsed(merges[i].now));
		resolvedlink_adopt(saved, now, ours);
		cr_expect(json_equal(json_object_get(saved, merges[i].key),
				     want), "%s", merges[i].what);
		cr_expect_eq(resolvedlink_changed(saved, now, ours,
						  merges[i].key),
			     merges[i].changed, "%s", merges[i].what);
		json_decref(saved);
		json_decref(now);
		json_decref(ours);
		json_decref(want);
	}
}
