/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "hostdns/plist.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" \
	"<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" " \
	"\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
#define PLIST(body) HEAD "<plist version=\"1.0\">\n" body "\n</plist>\n"

static json_t *parsed(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	cr_assert(value != NULL, "%s", text);
	return value;
}

static json_t *reading(const char *text)
{
	return plist_read(text, strlen(text));
}

/* As CoreFoundation writes them, and back. */
static const struct {
	const char *edge, *xml, *json;
} values[] = {
	{ "string", PLIST("<string>en0</string>"), "\"en0\"" },
	{ "empty string", PLIST("<string></string>"), "\"\"" },
	{ "empty string, short", PLIST("<string/>"), "\"\"" },
	{ "entities", PLIST("<string>&lt;a&gt; &amp; &quot;&apos;</string>"),
	  "\"<a> & \\\"'\"" },
	{ "blanks are kept", PLIST("<string> a\n\tb </string>"),
	  "\" a\\n\\tb \"" },
	{ "UTF-8", PLIST("<string>B\xc3\xbcro</string>"), "\"B\\u00fcro\"" },
	{ "integer", PLIST("<integer>53</integer>"), "53" },
	{ "negative", PLIST("<integer>-1</integer>"), "-1" },
	{ "beyond 64 bits", PLIST("<integer>18446744073709551615</integer>"),
	  "{\"<integer>\": \"18446744073709551615\"}" },
	{ "booleans", PLIST("<array><true/><false/></array>"),
	  "[true, false]" },
	{ "real", PLIST("<real>1.5</real>"), "{\"<real>\": \"1.5\"}" },
	{ "data", PLIST("<data>\n\tAAEC\n\t</data>"),
	  "{\"<data>\": \"\\n\\tAAEC\\n\\t\"}" },
	{ "date", PLIST("<date>2026-11-22T19:00:00Z</date>"),
	  "{\"<date>\": \"2026-11-22T19:00:00Z\"}" },
	{ "empty ones", PLIST("<array><dict/><array/></array>"), "[{}, []]" },
	{ "a service", PLIST(
		"<dict>\n\t<key>State:/Network/Service/7/DNS</key>\n"
		"\t<dict>\n\t\t<key>ServerAddresses</key>\n\t\t<array>\n"
		"\t\t\t<string>192.0.2.1</string>\n\t\t</array>\n"
		"\t\t<key>SearchOrder</key>\n\t\t<integer>1</integer>\n"
		"\t</dict>\n</dict>"),
	  "{\"State:/Network/Service/7/DNS\": {\"ServerAddresses\": "
	  "[\"192.0.2.1\"], \"SearchOrder\": 1}}" },
};

Test(plist, there_and_back)
{
	for (size_t i = 0; i < NITEMS(values); i++) {
		json_t *want = parsed(values[i].json);
		json_t *got = reading(values[i].xml), *again;
		char *text;

		cr_assert(got != NULL, "%s", values[i].edge);
		cr_expect(json_equal(got, want), "%s: %s", values[i].edge,
			  json_dumps(got, JSON_ENCODE_ANY));
		text = plist_write(got);
		cr_assert(text != NULL, "%s", values[i].edge);
		again = reading(text);
		cr_expect(json_equal(again, want), "%s: %s", values[i].edge,
			  text);
		free(text);
		json_decref(again);
		json_decref(got);
		json_decref(want);
	}
}

static const struct {
	const char *edge, *xml;
} refused[] = {
	{ "nothing", "" },
	{ "no tag", "plist" },
	{ "only a head", HEAD },
	{ "no value", PLIST("") },
	{ "not a plist", "<dict></dict>" },
	{ "an empty plist", "<plist/>" },
	{ "cut in a tag", "<plist version=\"1.0\"><stri" },
	{ "cut in a value", "<plist version=\"1.0\"><string>a" },
	{ "cut behind the value", "<plist version=\"1.0\"><string>a</string>" },
	{ "another end", PLIST("<string>a</integer>") },
	{ "two values", PLIST("<true/><false/>") },
	{ "unknown", PLIST("<blob>a</blob>") },
	{ "unknown entity", PLIST("<string>&nbsp;</string>") },
	{ "an entity cut", PLIST("<string>&am</string>") },
	{ "not UTF-8", PLIST("<string>\xff</string>") },
	{ "no number", PLIST("<integer></integer>") },
	{ "truth in words", PLIST("<true>yes</true>") },
	{ "a key without value", PLIST("<dict><key>a</key></dict>") },
	{ "a value without key", PLIST("<dict><true/></dict>") },
	{ "a closing value", PLIST("</string>") },
	{ "dict without end", PLIST("<dict><key>a</key><true/>") },
	{ "array without end", PLIST("<array><true/>") },
};

Test(plist, refused)
{
	for (size_t i = 0; i < NITEMS(refused); i++)
		cr_expect(reading(refused[i].xml) == NULL, "%s",
			  refused[i].edge);
}

/* <array> n times, and its ends. */
static json_t *deep(unsigned int n)
{
	char text[1024] = "<plist version=\"1.0\">";

	for (unsigned int i = 1; i < n; i++)
		strcat(text, "<array>");
	strcat(text, "<array/>");
	for (unsigned int i = 1; i < n; i++)
		strcat(text, "</array>");
	strcat(text, "</plist>");
	return reading(text);
}

Test(plist, depth)
{
	json_t *value = deep(16);

	cr_expect(value != NULL);
	json_decref(value);
	cr_expect(deep(17) == NULL);
}

/* Cut after each octet, or with each octet another one: it ends. */
Test(plist, mangled)
{
	const char *whole = values[NITEMS(values) - 1].xml;
	size_t len = strlen(whole);
	char *text = malloc(len);

	cr_assert(text != NULL);
	for (size_t i = 0; i < len; i++) {
		memcpy(text, whole, len);
		cr_expect(i + 2 > len || plist_read(text, i) == NULL, "%zu",
			  i);
		for (int c = 0; c < 256; c += 5) {
			text[i] = (char)c;
			json_decref(plist_read(text, len));
		}
	}
	free(text);
}

Test(plist, what_cannot_be_written)
{
	json_t *value = parsed("{\"a\": [null]}");

	cr_expect(plist_write(value) == NULL);
	cr_expect(plist_write(NULL) == NULL);
	json_decref(value);
}
