/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <string.h>

#include "compat.h"
#include "dnsname.h"

#define HDR "............"
#define MSG(s) { (const uint8_t *)(HDR s), sizeof(HDR s) - 1 }

#define L63 "\077abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define L62 "\076abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij"
#define L61 "\075abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"

static const struct {
	const char *what;
	struct slice msg;
	size_t off;
	enum parse want;
	size_t next;		/* where *off stands afterwards */
	unsigned int len, labels;
} reads[] = {
	{ "root", MSG("\0"), 12, PARSE_OK, 13, 1, 0 },
	{ "plain", MSG("\3www\2cz\0"), 12, PARSE_OK, 20, 8, 2 },
	{ "octets behind it stay", MSG("\2cz\0more"), 12, PARSE_OK, 16, 4, 1 },
	{ "hop to a suffix", MSG("\2cz\0\1a\xc0\14"), 16, PARSE_OK, 20, 6, 2 },
	{ "bare hop", MSG("\2cz\0\xc0\14"), 16, PARSE_OK, 18, 4, 1 },
	{ "hop to a hop", MSG("\2cz\0\xc0\14\xc0\20"), 18, PARSE_OK, 20, 4, 1 },
	{ "hop to the root", MSG("\0\1a\xc0\14"), 13, PARSE_OK, 17, 3, 1 },
	{ "hop to itself", MSG("\xc0\14"), 12, PARSE_HOP, 12, 0, 0 },
	{ "hop into own label", MSG("\1a\xc0\14"), 12, PARSE_HOP, 12, 0, 0 },
	{ "hop forwards", MSG("\xc0\16\0"), 12, PARSE_HOP, 12, 0, 0 },
	{ "second hop to where the first began",
	  MSG("\1a\xc0\20\xc0\14"), 16, PARSE_HOP, 16, 0, 0 },
	{ "second hop forwards of the first",
	  MSG("\1a\xc0\20\0\xc0\14"), 17, PARSE_HOP, 17, 0, 0 },
	{ "hop into header", MSG("\1a\xc0\0"), 12, PARSE_HOP, 12, 0, 0 },
	{ "hop to the header's last", MSG("\1a\xc0\13"), 12, PARSE_HOP, 12,
	  0, 0 },
	{ "hop cut in half", MSG("\1a\xc0"), 12, PARSE_SHORT, 12, 0, 0 },
	{ "no root", MSG("\3www"), 12, PARSE_SHORT, 12, 0, 0 },
	{ "label cut off", MSG("\3ww"), 12, PARSE_SHORT, 12, 0, 0 },
	{ "starts at the end", MSG(""), 12, PARSE_SHORT, 12, 0, 0 },
	{ "starts behind the end", MSG(""), 13, PARSE_SHORT, 13, 0, 0 },
	{ "label of 63", MSG(L63 "\0"), 12, PARSE_OK, 77, 65, 1 },
	{ "label of 64", MSG("\x40"), 12, PARSE_LABEL, 12, 0, 0 },
	{ "label type 10", MSG("\x80"), 12, PARSE_LABEL, 12, 0, 0 },
	{ "255 octets", MSG(L63 L63 L63 L61 "\0"), 12, PARSE_OK, 267, 255, 4 },
	{ "256 octets", MSG(L63 L63 L63 L62 "\0"), 12, PARSE_NAME, 12, 0, 0 },
	{ "255 octets through a hop",
	  MSG(L63 L63 L61 "\0" L63 "\xc0\14"), 203, PARSE_OK, 269, 255, 4 },
	{ "257 octets through a hop",
	  MSG(L63 L63 L63 "\0" L63 "\xc0\14"), 205, PARSE_NAME, 205, 0, 0 },
};

Test(dnsname, read_table)
{
	for (size_t i = 0; i < NITEMS(reads); i++) {
		struct dnsname n = { .len = 0 };
		size_t off = reads[i].off;
		enum parse got = dnsname_read(reads[i].msg, &off, &n);

		cr_expect_eq(got, reads[i].want, "%s: %s", reads[i].what,
			     parse_name(got));
		cr_expect_eq(off, reads[i].next, "%s: offset", reads[i].what);
		cr_expect_eq(n.len, reads[i].len, "%s: len", reads[i].what);
		cr_expect_eq(n.labels, reads[i].labels, "%s: labels",
			     reads[i].what);
	}
}

/* A root, then n hops each to the one before. */
static struct slice hop_ladder(uint8_t buf[static 600], unsigned int n)
{
	size_t at = DNSMSG_HEADER;

	memset(buf, 0, 600);
	at++;
	for (unsigned int i = 0; i < n; i++, at += 2) {
		size_t to = i == 0 ? DNSMSG_HEADER : at - 2;

		buf[at] = (uint8_t)(0xc0 | to >> 8);
		buf[at + 1] = (uint8_t)to;
	}
	return (struct slice){ buf, at };
}

Test(dnsname, hops_are_bounded)
{
	uint8_t buf[600];
	struct dnsname n;
	struct slice msg = hop_ladder(buf, 127);
	size_t off = msg.len - 2;

	cr_assert_eq(dnsname_read(msg, &off, &n), PARSE_OK);
	cr_assert_eq(n.len, 1);
	msg = hop_ladder(buf, 128);
	off = msg.len - 2;
	cr_assert_eq(dnsname_read(msg, &off, &n), PARSE_HOP);
}

/* The name at 12 of a message. */
static struct dnsname name_of(struct slice msg, size_t off)
{
	struct dnsname n;

	cr_assert_eq(dnsname_read(msg, &off, &n), PARSE_OK);
	return n;
}

#define WIRE(s) (const uint8_t *)(s), sizeof(s) - 1

static const struct {
	const char *what;
	struct slice msg;
	size_t off;
	const uint8_t *wire;
	size_t len;
	bool want;
} equals[] = {
	{ "same", MSG("\3www\2cz\0"), 12, WIRE("\3www\2cz\0"), true },
	{ "case here", MSG("\3wWw\2CZ\0"), 12, WIRE("\3www\2cz\0"), true },
	{ "case there", MSG("\3www\2cz\0"), 12, WIRE("\3WWW\2Cz\0"), true },
	{ "through a hop", MSG("\2CZ\0\3www\xc0\14"), 16,
	  WIRE("\3www\2cz\0"), true },
	{ "root", MSG("\0"), 12, WIRE("\0"), true },
	{ "last octet differs", MSG("\3www\2cz\0"), 12, WIRE("\3www\2cx\0"),
	  false },
	{ "a name above", MSG("\3www\2cz\0"), 12, WIRE("\2cz\0"), false },
	{ "a name below", MSG("\2cz\0"), 12, WIRE("\3www\2cz\0"), false },
	{ "dot inside a label", MSG("\6www.cz\0"), 12, WIRE("\3www\2cz\0"),
	  false },
	{ "not letters: @ and `", MSG("\1@\0"), 12, WIRE("\1`\0"), false },
	{ "not letters: [ and {", MSG("\1[\0"), 12, WIRE("\1{\0"), false },
};

Test(dnsname, equal_table)
{
	for (size_t i = 0; i < NITEMS(equals); i++) {
		struct dnsname n = name_of(equals[i].msg, equals[i].off);

		cr_expect_eq(dnsname_equal(&n, equals[i].wire, equals[i].len),
			     equals[i].want, "%s", equals[i].what);
	}
}

/* The same table through two views: the wire form behind its own header. */
Test(dnsname, same_table)
{
	for (size_t i = 0; i < NITEMS(equals); i++) {
		uint8_t buf[64] = { 0 };
		struct slice other = { buf, 12 + equals[i].len };
		struct dnsname a = name_of(equals[i].msg, equals[i].off), b;

		memcpy(buf + 12, equals[i].wire, equals[i].len);
		b = name_of(other, 12);
		cr_expect_eq(dnsname_same(&a, &b), equals[i].want, "%s",
			     equals[i].what);
		cr_expect_eq(dnsname_same(&b, &a), equals[i].want, "%s, turned",
			     equals[i].what);
	}
}

Test(dnsname, same_within_one_message)
{
	struct slice msg = MSG("\2cz\0\1a\xc0\14\1A\xc0\14\1b\xc0\14\xc0\20");
	struct dnsname a = name_of(msg, 16), upper = name_of(msg, 20),
		       b = name_of(msg, 24), hop = name_of(msg, 28);

	cr_assert(dnsname_same(&a, &upper));
	cr_assert(dnsname_same(&a, &hop));
	cr_assert(!dnsname_same(&a, &b));
}

Test(dnsname, unpack)
{
	struct slice msg = MSG("\2Cz\0\3WwW\xc0\14");
	struct dnsname n = name_of(msg, 16);
	uint8_t out[DNSNAME_MAX];

	cr_assert_eq(dnsname_unpack(&n, out), 8);
	cr_assert_arr_eq(out, "\3www\2cz", 8);
}

#define T63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
	const char *what, *text;
	const char *wire;
	size_t len;		/* 0: no name */
} texts[] = {
	{ "plain", "captive.apple.com", "\7captive\5apple\3com", 19 },
	{ "final dot", "apple.com.", "\5apple\3com", 11 },
	{ "upper case", "Apple.COM", "\5apple\3com", 11 },
	{ "one label", "localhost", "\11localhost", 11 },
	{ "digits, dash, underscore", "_a-1.x", "\4_a-1\1x", 8 },
	{ "root", ".", "", 1 },
	{ "label of 63", T63, "\077" T63, 65 },
	{ "label of 64", T63 "x", NULL, 0 },
	{ "255 octets", T63 "." T63 "." T63 "."
	  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi",
	  "\077" T63 "\077" T63 "\077" T63 "\075"
	  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi",
	  255 },
	{ "256 octets", T63 "." T63 "." T63 "."
	  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij",
	  NULL, 0 },
	{ "empty", "", NULL, 0 },
	{ "two dots", "a..b", NULL, 0 },
	{ "first a dot", ".a", NULL, 0 },
	{ "only dots", "..", NULL, 0 },
	{ "two final dots", "a..", NULL, 0 },
	{ "space", "a b", NULL, 0 },
	{ "escape", "a\\.b", NULL, 0 },
	{ "wildcard", "*.apple.com", NULL, 0 },
	{ "octet over 127", "\xc3\xa4", NULL, 0 },
};

Test(dnsname, from_text_table)
{
	for (size_t i = 0; i < NITEMS(texts); i++) {
		uint8_t out[DNSNAME_MAX];
		size_t len = dnsname_from_text(texts[i].text, out);

		cr_assert_eq(len, texts[i].len, "%s: %zu", texts[i].what, len);
		if (len != 0)
			cr_expect_arr_eq(out, texts[i].wire, len, "%s",
					 texts[i].what);
	}
}

static const struct {
	const char *what;
	const uint8_t *wire;
	size_t len;
	const char *text;
} shown[] = {
	{ "plain", WIRE("\7captive\5apple\3com\0"), "captive.apple.com" },
	{ "root", WIRE("\0"), "." },
	{ "dot, space, newline, backslash", WIRE("\4. \n\\\0"),
	  "\\046\\032\\010\\092" },
	{ "octets over 127", WIRE("\1\xff\0"), "\\255" },
	{ "nothing", WIRE(""), "" },
	{ "no root", WIRE("\1a"), "" },
	{ "second label cut off", WIRE("\1a\2b"), "a" },
	{ "hop", WIRE("\1a\xc0\0"), "a" },
	{ "label of 64", WIRE("\1a\x40" L63 "\0"), "a" },
	{ "octets behind the root", WIRE("\1a\0\1b\0"), "a" },
};

Test(dnsname, to_text_table)
{
	for (size_t i = 0; i < NITEMS(shown); i++) {
		char text[DNSNAME_TEXT];

		cr_expect_str_eq(dnsname_to_text(shown[i].wire, shown[i].len,
						 text),
				 shown[i].text, "%s", shown[i].what);
	}
}

/* The longest text there can be, from 255 octets and from more. */
Test(dnsname, to_text_fits)
{
	uint8_t wire[400];
	char text[DNSNAME_TEXT];

	memset(wire, 0xff, sizeof(wire));
	wire[0] = wire[64] = wire[128] = 63;
	wire[192] = 61;
	wire[254] = 0;
	dnsname_to_text(wire, 255, text);
	cr_assert_eq(strlen(text), 1003);
	wire[192] = 62;
	wire[255] = 0;
	dnsname_to_text(wire, sizeof(wire), text);
	cr_assert_eq(strlen(text), 758, "a label too many is left out");
}
