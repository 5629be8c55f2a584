/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <string.h>

#include "shared/ipaddr.h"

static const struct {
	const char *what, *text;
	const char *want;	/* its text again; NULL = refused */
} addrs[] = {
	{ "plain v4",               "192.0.2.1",         "192.0.2.1" },
	{ "lowest v4",              "0.0.0.0",           "0.0.0.0" },
	{ "highest v4",             "255.255.255.255",   "255.255.255.255" },
	{ "octet of 256",           "192.0.2.256",       NULL },
	{ "three octets",           "192.0.2",           NULL },
	{ "five octets",            "192.0.2.1.1",       NULL },
	{ "blank before",           " 192.0.2.1",        NULL },
	{ "blank behind",           "192.0.2.1 ",        NULL },
	{ "dot behind",             "192.0.2.1.",        NULL },
	{ "v6 shortened",           "2001:db8:0:0::1",   "2001:db8::1" },
	{ "v6 upper case",          "2001:DB8::1",       "2001:db8::1" },
	{ "v6 unspecified",         "::",                "::" },
	{ "v6 of full length",
	  "2001:db8:1111:2222:3333:4444:5555:6666",
	  "2001:db8:1111:2222:3333:4444:5555:6666" },
	{ "v4-mapped is v4",        "::ffff:192.0.2.1",  "192.0.2.1" },
	{ "v6 with a zone",         "fe80::1%lo",        NULL },
	{ "v6 in brackets",         "[2001:db8::1]",     NULL },
	{ "two gaps",               "1::2::3",           NULL },
	{ "a net is no address",    "192.0.2.0/24",      NULL },
	{ "empty",                  "",                  NULL },
	{ "a name",                 "localhost",         NULL },
};

Test(ipaddr, text_table)
{
	for (size_t i = 0; i < NITEMS(addrs); i++) {
		struct ipaddr a;
		char text[IPADDR_TEXT];
		bool ok = ipaddr_parse(addrs[i].text, &a);

		cr_expect_eq(ok, addrs[i].want != NULL, "%s", addrs[i].what);
		if (ok && addrs[i].want != NULL)
			cr_expect_str_eq(ipaddr_text(&a, text), addrs[i].want,
					 "%s", addrs[i].what);
	}
}

Test(ipaddr, v4_is_held_as_mapped)
{
	static const uint8_t raw[] = { 192, 0, 2, 1 };
	static const uint8_t want[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
					0xff, 0xff, 192, 0, 2, 1 };
	struct ipaddr a = ipaddr_v4(raw), b = ipaddr_v6(want);

	cr_expect_arr_eq(a.b, want, sizeof(want));
	cr_expect(ipaddr_is_v4(&a));
	cr_expect(ipaddr_equal(&a, &b));
	b.b[9] = 1;
	cr_expect(!ipaddr_is_v4(&b), "one octet off the prefix");
}

Test(ipaddr, order_is_of_octets)
{
	static const char *const sorted[] = {
		"::", "::1", "0.0.0.0", "9.255.255.255", "10.0.0.0",
		"128.0.0.1", "2001:db8::", "ff02::1",
	};

	for (size_t i = 0; i < NITEMS(sorted); i++)
		for (size_t j = 0; j < NITEMS(sorted); j++) {
			struct ipaddr a, b;
			int c;

			cr_assert(ipaddr_parse(sorted[i], &a));
			cr_assert(ipaddr_parse(sorted[j], &b));
			c = ipaddr_compare(&a, &b);
			cr_expect_eq((c > 0) - (c < 0), (i > j) - (i < j),
				     "%s, %s", sorted[i], sorted[j]);
		}
}

static const struct {
	const char *what, *text;
	const char *want;	/* NULL = refused */
	int bits;
} nets[] = {
	{ "plain",              "192.0.2.0/24",   "192.0.2.0/24",  120 },
	{ "one address",        "192.0.2.1",      "192.0.2.1/32",  128 },
	{ "all of v4",          "0.0.0.0/0",      "0.0.0.0/0",     96 },
	{ "host bit set",       "192.0.2.1/24",   NULL, 0 },
	{ "lowest host bit",    "192.0.2.1/31",   NULL, 0 },
	{ "within an octet",    "172.16.0.0/12",  "172.16.0.0/12", 108 },
	{ "/33 of v4",          "192.0.2.0/33",   NULL, 0 },
	{ "v6",                 "fe80::/10",      "fe80::/10",     10 },
	{ "all of v6",          "::/0",           "::/0",          0 },
	{ "one v6 address",     "2001:db8::1",    "2001:db8::1/128", 128 },
	{ "/129",               "::/129",         NULL, 0 },
	{ "mapped counts as v6", "::ffff:192.0.2.0/120", "192.0.2.0/24", 120 },
	{ "mapped past 128",    "::ffff:0.0.0.0/129", NULL, 0 },
	{ "wider than mapped",  "::/80",          "::/80",         80 },
	{ "no bits",            "192.0.2.0/",     NULL, 0 },
	{ "no address",         "/24",            NULL, 0 },
	{ "negative",           "192.0.2.0/-1",   NULL, 0 },
	{ "plus sign",          "192.0.2.0/+8",   NULL, 0 },
	{ "leading zero",       "192.0.2.0/024",  NULL, 0 },
	{ "two slashes",        "192.0.2.0/24/8", NULL, 0 },
	{ "number that wraps",  "0.0.0.0/4294967304", NULL, 0 },
	{ "longer than a text can be",
	  "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/0", NULL, 0 },
};

Test(ipaddr, net_table)
{
	for (size_t i = 0; i < NITEMS(nets); i++) {
		struct ipnet n;
		char text[IPNET_TEXT];
		bool ok = ipnet_parse(nets[i].text, &n);

		cr_expect_eq(ok, nets[i].want != NULL, "%s", nets[i].what);
		if (!ok || nets[i].want == NULL)
			continue;
		cr_expect_eq(n.bits, nets[i].bits, "%s", nets[i].what);
		cr_expect_str_eq(ipnet_text(&n, text), nets[i].want, "%s",
				 nets[i].what);
	}
}

static const struct {
	const char *what, *net, *addr;
	bool want;
} has[] = {
	{ "first",                   "192.0.2.0/24",  "192.0.2.0",       true },
	{ "last",                    "192.0.2.0/24",  "192.0.2.255",     true },
	{ "one below",               "192.0.2.0/24",  "192.0.1.255",     false },
	{ "one above",               "192.0.2.0/24",  "192.0.3.0",       false },
	{ "last of /12",             "172.16.0.0/12", "172.31.255.255",  true },
	{ "behind /12",              "172.16.0.0/12", "172.32.0.0",      false },
	{ "itself",                  "192.0.2.7/32",  "192.0.2.7",       true },
	{ "neighbour",               "192.0.2.7/32",  "192.0.2.6",       false },
	{ "all v4, not v6",          "0.0.0.0/0",     "2001:db8::1",     false },
	{ "all v4, v4",              "0.0.0.0/0",     "203.0.113.9",     true },
	{ "everything",              "::/0",          "203.0.113.9",     true },
	{ "v6 inside an octet",      "fe80::/10",     "febf::1",         true },
	{ "v6 behind it",            "fe80::/10",     "fec0::1",         false },
};

Test(ipaddr, has_table)
{
	for (size_t i = 0; i < NITEMS(has); i++) {
		struct ipnet n;
		struct ipaddr a;

		cr_assert(ipnet_parse(has[i].net, &n));
		cr_assert(ipaddr_parse(has[i].addr, &a));
		cr_expect_eq(ipnet_has(&n, &a), has[i].want, "%s",
			     has[i].what);
	}
}

Test(ipaddr, net_of_an_interface_address)
{
	struct ipnet n = { .bits = 120 };
	struct ipaddr a;

	cr_assert(ipaddr_parse("192.0.2.17", &n.addr));
	cr_assert(ipaddr_parse("192.0.2.200", &a));
	cr_expect(ipnet_has(&n, &a), "host bits do not matter");
	n.bits = 129;
	cr_expect(!ipnet_has(&n, &n.addr), "impossible length holds nothing");
}

static const struct {
	const char *addr;
	enum ipclass want;
} classes[] = {
	{ "0.0.0.0",            IPCLASS_UNSPECIFIED },
	{ "0.255.255.255",      IPCLASS_UNSPECIFIED },
	{ "1.0.0.0",            IPCLASS_PUBLIC },
	{ "9.255.255.255",      IPCLASS_PUBLIC },
	{ "10.0.0.0",           IPCLASS_PRIVATE },
	{ "10.255.255.255",     IPCLASS_PRIVATE },
	{ "11.0.0.0",           IPCLASS_PUBLIC },
	{ "100.63.255.255",     IPCLASS_PUBLIC },
	{ "100.64.0.0",         IPCLASS_PRIVATE },
	{ "100.127.255.255",    IPCLASS_PRIVATE },
	{ "100.128.0.0",        IPCLASS_PUBLIC },
	{ "126.255.255.255",    IPCLASS_PUBLIC },
	{ "127.0.0.0",          IPCLASS_LOOPBACK },
	{ "127.255.255.255",    IPCLASS_LOOPBACK },
	{ "128.0.0.0",          IPCLASS_PUBLIC },
	{ "169.253.255.255",    IPCLASS_PUBLIC },
	{ "169.254.0.0",        IPCLASS_LINKLOCAL },
	{ "169.254.255.255",    IPCLASS_LINKLOCAL },
	{ "169.255.0.0",        IPCLASS_PUBLIC },
	{ "172.15.255.255",     IPCLASS_PUBLIC },
	{ "172.16.0.0",         IPCLASS_PRIVATE },
	{ "172.31.255.255",     IPCLASS_PRIVATE },
	{ "172.32.0.0",         IPCLASS_PUBLIC },
	{ "192.167.255.255",    IPCLASS_PUBLIC },
	{ "192.168.0.0",        IPCLASS_PRIVATE },
	{ "192.168.255.255",    IPCLASS_PRIVATE },
	{ "192.169.0.0",        IPCLASS_PUBLIC },
	{ "223.255.255.255",    IPCLASS_PUBLIC },
	{ "224.0.0.0",          IPCLASS_MULTICAST },
	{ "239.255.255.255",    IPCLASS_MULTICAST },
	{ "240.0.0.0",          IPCLASS_BROADCAST },
	{ "255.255.255.255",    IPCLASS_BROADCAST },
	{ "::",                 IPCLASS_UNSPECIFIED },
	{ "::1",                IPCLASS_LOOPBACK },
	{ "::2",                IPCLASS_PUBLIC },
	{ "::fffe:7f00:1",      IPCLASS_PUBLIC },
	{ "2001:db8::1",        IPCLASS_PUBLIC },
	{ "fbff::1",            IPCLASS_PUBLIC },
	{ "fc00::",             IPCLASS_PRIVATE },
	{ "fdff::1",            IPCLASS_PRIVATE },
	{ "fe00::1",            IPCLASS_PUBLIC },
	{ "fe7f::1",            IPCLASS_PUBLIC },
	{ "fe80::",             IPCLASS_LINKLOCAL },
	{ "febf::1",            IPCLASS_LINKLOCAL },
	{ "fec0::1",            IPCLASS_PUBLIC },
	{ "feff::1",            IPCLASS_PUBLIC },
	{ "ff00::",             IPCLASS_MULTICAST },
	{ "64:ff9b::10.0.0.1",  IPCLASS_PRIVATE },
	{ "64:ff9b::127.0.0.1", IPCLASS_LOOPBACK },
	{ "64:ff9b::8.8.8.8",   IPCLASS_PUBLIC },
	{ "64:ff9b::1:a00:1",   IPCLASS_PUBLIC },
	{ "64:ff9a::10.0.0.1",  IPCLASS_PUBLIC },
};

Test(ipaddr, class_table)
{
	for (size_t i = 0; i < NITEMS(classes); i++) {
		struct ipaddr a;

		cr_assert(ipaddr_parse(classes[i].addr, &a));
		cr_expect_str_eq(ipclass_name(ipaddr_class(&a)),
				 ipclass_name(classes[i].want), "%s",
				 classes[i].addr);
	}
}

Test(ipaddr, class_names_are_total)
{
	cr_expect_str_eq(ipclass_name(IPCLASS_PRIVATE), "private");
	cr_expect_str_eq(ipclass_name(IPCLASS__N), "?");
}

Test(ipaddr, nat64_gives_the_inside)
{
	struct ipaddr a, in, want;

	cr_assert(ipaddr_parse("64:ff9b::192.0.2.1", &a));
	cr_assert(ipaddr_parse("192.0.2.1", &want));
	cr_expect(ipaddr_nat64(&a, &in));
	cr_expect(ipaddr_equal(&in, &want));
	cr_expect(!ipaddr_nat64(&want, &in), "plain v4");
}
