/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostdns/resolvfile.h"

#define LO LOOPBACK_NAME

/* The network of these tests: 192.0.2.1 is ours, 10/8 is behind "lan", the
 * rest behind "wan". */
static struct netinfo net;

int netinfo_read(struct netinfo *n, struct why *why)
{
	(void)why;
	*n = net;
	return 0;
}

void netinfo_interface(const struct netinfo *n, const struct ipaddr *server,
		       char ifname[static IF_NAMESIZE])
{
	(void)n;
	memset(ifname, 0, IF_NAMESIZE);
	strcpy(ifname, server->b[12] == 10 ? "lan" : "wan");
}

static void make_net(void)
{
	memset(&net, 0, sizeof(net));
	net.n_own = 1;
	cr_assert(ipaddr_parse("192.0.2.1", &net.own[0]));
}

/* "192.0.2.2%wan 10.0.0.1%lan" */
static const char *list(const struct hostdns_servers *s, char text[static 512])
{
	char addr[IPADDR_TEXT];
	size_t at = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < s->n; i++)
		at += (size_t)snprintf(text + at, 512 - at, "%s%s%%%s",
				       i > 0 ? " " : "",
				       ipaddr_text(&s->server[i].addr, addr),
				       s->server[i].ifname);
	return text;
}

#define NS "nameserver "
#define L64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define L512 L64 L64 L64 L64 L64 L64 L64 L64
#define TEXT(t) t, sizeof(t) - 1

static const struct {
	const char *what, *text;
	size_t len;
	const char *want;
	bool loopback;
} texts[] = {
	{ "empty", TEXT(""), "", false },
	{ "one", TEXT(NS "192.0.2.2\n"), "192.0.2.2%wan", false },
	{ "no line feed", TEXT(NS "192.0.2.2"), "192.0.2.2%wan", false },
	{ "CRLF", TEXT(NS "192.0.2.2\r\n" NS "10.0.0.1\r\n"),
	  "192.0.2.2%wan 10.0.0.1%lan", false },
	{ "tabs, blanks", TEXT("nameserver\t \t192.0.2.2 \t\n"),
	  "192.0.2.2%wan", false },
	{ "comment behind", TEXT(NS "192.0.2.2#x\n" NS "192.0.2.3 ; y\n"),
	  "192.0.2.2%wan 192.0.2.3%wan", false },
	{ "commented out", TEXT("#" NS "192.0.2.2\n;" NS "192.0.2.2\n"), "",
	  false },
	{ "keyword glued", TEXT("nameserver192.0.2.2\nnameservers "
				"192.0.2.2\n"), "", false },
	{ "keyword alone", TEXT("nameserver\nnameserver \n"), "", false },
	{ "not at the start", TEXT(" " NS "192.0.2.2\n"), "", false },
	{ "v6", TEXT(NS "2001:db8::53\n"), "2001:db8::53%wan", false },
	{ "mapped is v4", TEXT(NS "::ffff:10.0.0.1\n"), "10.0.0.1%lan",
	  false },
	{ "doubles", TEXT(NS "10.0.0.1\n" NS "10.0.0.1\n"), "10.0.0.1%lan",
	  false },
	{ "four at most", TEXT(NS "10.0.0.1\n" NS "10.0.0.2\n" NS
			       "10.0.0.3\n" NS "10.0.0.4\n" NS "10.0.0.5\n"),
	  "10.0.0.1%lan 10.0.0.2%lan 10.0.0.3%lan 10.0.0.4%lan", false },
	{ "loopback", TEXT(NS "127.0.0.53\n"), "", true },
	{ "loopback v6", TEXT(NS "::1\n" NS "10.0.0.1\n"), "10.0.0.1%lan",
	  true },
	{ "unbound's forwarders", TEXT("forward-zone:\n\tname: .\n"
		"\tforward-addr: 192.0.2.2\n        forward-addr: 10.0.0.1\n"),
	  "192.0.2.2%wan 10.0.0.1%lan", false },
	{ "... over TLS", TEXT("\tforward-addr: 192.0.2.2@853#a.example\n"
		"\tforward-addr: 192.0.2.3@853\n"), "", false },
	{ "this host", TEXT(NS "0.0.0.0\n"), "", true },
	{ "own address", TEXT(NS "192.0.2.1\n"), "", true },
	{ "multicast", TEXT(NS "224.0.0.251\n"), "", false },
	{ "broadcast", TEXT(NS "255.255.255.255\n"), "", false },
	{ "scope by name", TEXT(NS "fe80::1%" LO "\n"), "fe80::1%" LO, false },
	{ "scope not there", TEXT(NS "fe80::1%nosuch0\n"), "", false },
	{ "scope too long", TEXT(NS "fe80::1%" L64 "\n"), "", false },
	{ "scope empty", TEXT(NS "fe80::1%\n"), "", false },
	{ "no scope", TEXT(NS "fe80::1\n"), "fe80::1%wan", false },
	{ "one address, two scopes", TEXT(NS "fe80::1%" LO "\n" NS "fe80::1\n"),
	  "fe80::1%" LO " fe80::1%wan", false },
	{ "scope on v4", TEXT(NS "10.0.0.1%" LO "\n"), "10.0.0.1%lan", false },
	{ "no address", TEXT(NS "dns.example\n" NS "10.0.0\n" NS
			     "10.0.0.256\n"), "", false },
	{ "a NUL in the line", TEXT(NS "10.0.0.1\0x\n" NS "10.0.0.2\n"),
	  "10.0.0.2%lan", false },
	{ "NULs only", TEXT("\0\0\0\0"), "", false },
	{ "line of 511", TEXT(NS "10.0.0.1 " L64 L64 L64 L64 L64 L64 L64
			      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"),
	  "10.0.0.1%lan", false },
	{ "line of 512", TEXT(NS "10.0.0.1 " L64 L64 L64 L64 L64 L64 L64
			      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
			      NS "10.0.0.2"), "10.0.0.2%lan", false },
	{ "endless line", TEXT(NS L512 L512 L512 L512), "", false },
};

Test(resolvfile, servers)
{
	make_net();
	for (size_t i = 0; i < NITEMS(texts); i++) {
		struct hostdns_servers s;
		char text[512];
		/* Exactly so many octets: a read past them is found. */
		char *copy = malloc(texts[i].len + (texts[i].len == 0));
		bool loopback;

		memcpy(copy, texts[i].text, texts[i].len);
		loopback = resolvfile_servers(copy, texts[i].len, &net, &s);
		free(copy);
		cr_expect_str_eq(list(&s, text), texts[i].want, "%s: %s",
				 texts[i].what, text);
		cr_expect_eq(loopback, texts[i].loopback, "%s", texts[i].what);
	}
}

Test(resolvfile, scope_by_number)
{
	struct hostdns_servers s;
	char line[64], text[512];

	make_net();
	snprintf(line, sizeof(line), NS "fe80::1%%%u\n", if_nametoindex(LO));
	resolvfile_servers(line, strlen(line), &net, &s);
	cr_expect_str_eq(list(&s, text), "fe80::1%" LO);
}

static size_t make_ours(enum resolv_origin origin, const char *original,
			char text[static RESOLV_OURS])
{
	struct ipaddr listen[4];

	for (unsigned int i = 0; i < 4; i++)
		cr_assert(ipaddr_parse(i % 2 != 0 ? "::1" : "127.0.0.1",
				       &listen[i]));
	return resolvfile_ours(origin, original, strlen(original), listen, 4,
			       text);
}

Test(resolvfile, origin)
{
	static const enum resolv_origin all[] = {
		ORIGIN_LINKED, ORIGIN_COPIED, ORIGIN_NONE
	};
	char text[RESOLV_OURS];

	for (size_t i = 0; i < NITEMS(all); i++) {
		size_t n = make_ours(all[i], "search a.example\n", text);

		cr_expect_eq(resolvfile_origin(text, n), all[i]);
		for (size_t cut = 0; cut < n; cut++)
			cr_expect_eq(resolvfile_origin(text, cut),
				     ORIGIN_FOREIGN, "cut at %zu", cut);
		for (size_t at = 0; at < n; at++) {
			text[at] ^= 1;
			cr_expect_eq(resolvfile_origin(text, n),
				     ORIGIN_FOREIGN, "changed at %zu", at);
			text[at] ^= 1;
		}
	}
}

/* resolv.conf(5) reads three servers. */
Test(resolvfile, three_servers)
{
	char text[RESOLV_OURS];
	unsigned int servers = 0;

	make_ours(ORIGIN_NONE, "", text);
	for (const char *at = text; (at = strstr(at, NS)) != NULL; at++)
		servers++;
	cr_expect_eq(servers, 3);
}

/* More lines to keep than there is room for. */
Test(resolvfile, many_lines)
{
	static char original[60000];
	char text[RESOLV_OURS];
	size_t n, at = 0;

	while (at < sizeof(original) - 100)
		at += (size_t)sprintf(original + at, "search n%zu.example\n",
				      at);
	n = make_ours(ORIGIN_LINKED, original, text);
	cr_expect(n < RESOLV_OURS);
	cr_expect_eq(resolvfile_origin(text, n), ORIGIN_LINKED);
	cr_expect_eq(memcmp(text + n - 21, NS "127.0.0.1\n", 21), 0);
}

Test(resolvfile, no_server)
{
	struct hostdns_servers s;
	struct why why;

	make_net();
	cr_expect_eq(resolvfile_read("/nonexistent", &s, &why), -ENOENT);
	cr_expect_str_eq(why.text, "/nonexistent names no server that can be "
			 "asked; set upstreams = ...");
	cr_expect_eq(resolvfile_read("/", &s, &why), -ENOENT);
	cr_expect_eq(resolvfile_read_text(TEXT(NS "10.0.0.1\n"), "x", &s,
					  &why), 0);
	cr_expect_eq(s.n, 1);
}

Test(resolvfile, leads)
{
	static const struct {
		const char *what, *to;
		bool want;
	} rows[] = {
		{ "the whole path", "/run/x/resolv.conf", true },
		{ "from /etc", "../run/x/resolv.conf", true },
		{ "a file beside it", "/run/x/resolv.conf2", false },
		{ "further up", "../../run/x/resolv.conf", false },
		{ "no slash", "run/x/resolv.conf", false },
	};
	char path[] = "/tmp/test_resolvfile.XXXXXX";

	cr_assert_geq(mkstemp(path), 0);
	cr_expect(!resolvfile_leads(path, path), "a file");
	for (size_t i = 0; i < NITEMS(rows); i++) {
		unlink(path);
		cr_assert_eq(symlink(rows[i].to, path), 0);
		cr_expect_eq(resolvfile_leads(path, "/run/x/resolv.conf"),
			     rows[i].want, "%s", rows[i].what);
	}
	unlink(path);
	cr_expect(!resolvfile_leads(path, path), "nothing");
}
