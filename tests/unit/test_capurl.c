/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <string.h>

#include "capurl.h"

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A63 A50 "aaaaaaaaaaaaa"

static const struct {
	const char *what, *text, *host;	/* wire form; NULL: refused */
	const char *wrong;		/* in the sentence */
} rows[] = {
	{ "as in RFC 8910", "https://example.org/captive-portal/api/X54PD39JV",
	  "\7example\3org", NULL },
	{ "no path", "https://example.org", "\7example\3org", NULL },
	{ "query without path", "https://example.org?x", "\7example\3org", NULL },
	{ "fragment without path", "https://example.org#x",
	  "\7example\3org", NULL },
	{ "scheme and host in capitals", "HTTPS://Example.ORG/",
	  "\7example\3org", NULL },
	{ "port 443", "https://example.org:443/", "\7example\3org", NULL },
	{ "'@' in the path", "https://example.org/@me", "\7example\3org", NULL },
	{ "':' in the path", "https://example.org/a:80", "\7example\3org", NULL },
	{ "digits in front", "https://1e100.net/", "\0051e100\3net", NULL },
	{ "longest label", "https://" A63 ".org/", "\077" A63 "\3org", NULL },
	{ "there is no portal", "urn:ietf:params:capport:unrestricted", "",
	  NULL },
	{ "... nearly", "urn:ietf:params:capport:unrestricted2", NULL,
	  "not https" },
	{ "empty", "", NULL, "empty" },
	{ "scheme alone", "https://", NULL, "no name" },
	{ "http", "http://example.org/", NULL, "not https" },
	{ "https spelt badly", "https:/example.org/", NULL, "not https" },
	{ "javascript", "javascript:alert(1)", NULL, "not https" },
	{ "file", "file:///etc/passwd", NULL, "not https" },
	{ "blank in front", " https://example.org/", NULL, "octet" },
	{ "user", "https://me@example.org/", NULL, "user" },
	{ "user that looks like the host", "https://example.org@evil.org/",
	  NULL, "user" },
	{ "user and password", "https://a:443@evil.org/", NULL, "user" },
	{ "other port", "https://example.org:8443/", NULL, "port" },
	{ "port 80", "https://example.org:80/", NULL, "port" },
	{ "port with a zero in front", "https://example.org:0443/", NULL,
	  "port" },
	{ "port begins well", "https://example.org:4430/", NULL, "port" },
	{ "no digits behind ':'", "https://example.org:/", NULL, "port" },
	{ "two ports", "https://example.org:443:443/", NULL, "port" },
	{ "IPv4", "https://203.0.113.30/", NULL, "address" },
	{ "IPv4 as one number", "https://3405803806/", NULL, "address" },
	{ "IPv4, last part in hex", "https://203.0.113.0x1e/", NULL, "address" },
	{ "IPv6", "https://[2001:db8::1]/", NULL, "address" },
	{ "one label", "https://router/", NULL, "internet" },
	{ "localhost", "https://localhost/", NULL, "internet" },
	{ "mDNS", "https://printer.local/", NULL, "internet" },
	{ "empty label", "https://example..org/", NULL, "no name" },
	{ "dot in front", "https://.example.org/", NULL, "no name" },
	{ "dot behind", "https://example.org./", NULL, "no name" },
	{ "label too long", "https://a" A63 ".org/", NULL, "no name" },
	{ "'-' in front", "https://-example.org/", NULL, "no name" },
	{ "'_'", "https://a_b.org/", NULL, "no name" },
	{ "escaped host", "https://%65xample.org/", NULL, "no name" },
	{ "escape sequence", "https://example.org/\33[31m", NULL, "octet" },
	{ "quote", "https://example.org/\"", NULL, "octet" },
	{ "backslash", "https://example.org\\@evil.org/", NULL, "octet" },
	{ "line break", "https://example.org/\nx", NULL, "octet" },
	{ "letters of another alphabet", "https://ex\xc3\xa4mple.org/", NULL,
	  "octet" },
};

Test(capurl, rows)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct capurl u = { .host_len = 77 };
		const char *wrong = capurl_read(rows[i].text,
						strlen(rows[i].text), &u);

		if (rows[i].host == NULL) {
			cr_expect(wrong != NULL && strstr(wrong, rows[i].wrong),
				  "%s: %s", rows[i].what, wrong);
			cr_expect_eq(u.host_len, 77, "%s", rows[i].what);
			continue;
		}
		cr_expect_null(wrong, "%s: %s", rows[i].what, wrong);
		cr_expect_str_eq(u.text, rows[i].text, "%s", rows[i].what);
		cr_expect_str_eq((const char *)u.host, rows[i].host, "%s",
				 rows[i].what);
		cr_expect_eq(u.host_len, rows[i].host[0] == '\0' ? 0 :
			     strlen(rows[i].host) + 1, "%s", rows[i].what);
	}
}

Test(capurl, length)
{
	char text[CAPURL_MAX + 2] = "https://example.org/";
	struct capurl u;

	memset(text + strlen(text), 'a', sizeof(text) - strlen(text));
	cr_expect_null(capurl_read(text, CAPURL_MAX, &u), "longest");
	cr_expect_eq(u.text[CAPURL_MAX], '\0');
	cr_expect_not_null(capurl_read(text, CAPURL_MAX + 1, &u),
			   "one octet more");
	memset(text, 'a', sizeof(text));
	memcpy(text, "https://", 8);
	cr_expect_not_null(capurl_read(text, CAPURL_MAX, &u), "all host");
}

Test(capurl, nul_is_no_end)
{
	static const char text[] = "https://example.org/\0@evil.org";
	struct capurl u;

	cr_expect_not_null(capurl_read(text, sizeof(text) - 1, &u));
}
