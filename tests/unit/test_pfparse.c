/* SPDX-License-Identifier: ISC */
/* The second opinion on pf's rules must be able to say no. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "compat.h"
#include "tests/unit/pfparse.h"

#define END "block return out quick all\nblock drop quick all\n"

static const struct {
	const char *what, *text;
	bool good;
} rows[] = {
	{ "nothing",		"", true },
	{ "a comment",		"# no rules\n", true },
	{ "the end alone",	END, true },
	{ "table",		"table <allow> persist\n" END, true },
	{ "scrub",		"scrub all fragment reassemble\n" END, true },
	{ "one rule",
	  "pass out quick inet proto udp from any port 68 to "
	  "255.255.255.255 port 67 no state\n" END, true },
	{ "door",
	  "table <allow> persist\npass out quick proto tcp from any to "
	  "<allow> port 80 user 0 flags S/SA keep state (if-bound)\n" END,
	  true },
	{ "interface",
	  "pass quick on \"wg0\" all no state\n" END, true },
	{ "another interface",
	  "block drop in quick on ! \"wg0\" from any to (\"wg0\")\n" END,
	  true },

	{ "route",
	  "pass out quick route-to (tun0 192.0.2.2) inet proto udp from any "
	  "to any port 53 no state\n" END, true },

	{ "route without a hop",
	  "pass out quick route-to tun0 inet all no state\n" END, false },
	{ "route to nowhere",
	  "pass out quick route-to (tun0) inet all no state\n" END, false },
	{ "route unclosed",
	  "pass out quick route-to (tun0 192.0.2.2 inet all no state\n" END,
	  false },
	{ "route by the other family",
	  "pass out quick route-to (tun0 192.0.2.2) inet6 all no state\n" END,
	  false },
	{ "route of both families",
	  "pass out quick route-to (tun0 192.0.2.2) all no state\n" END,
	  false },
	{ "route of what comes in",
	  "pass in quick route-to (tun0 192.0.2.2) inet all no state\n" END,
	  false },
	{ "route with state",
	  "pass out quick route-to (tun0 192.0.2.2) inet all keep state "
	  "(if-bound)\n" END, false },
	{ "route of what is blocked",
	  "block drop out quick route-to (tun0 192.0.2.2) inet all\n" END,
	  false },
	{ "no line end",	"block drop quick all", false },
	{ "open end",		"pass quick on lo0 all no state\n", false },
	{ "half an end",	"block return out quick all\n", false },
	{ "end upside down",
	  "block drop quick all\nblock return out quick all\n", false },
	{ "behind the end",
	  END "pass quick on lo0 all no state\n", false },
	{ "not quick",		"pass on lo0 all no state\n" END, false },
	{ "unknown action",	"accept quick all\n" END, false },
	{ "block without how",	"block quick all\n" END, false },
	{ "pass without state",	"pass quick on lo0 all\n" END, false },
	{ "block with state",	"block drop quick all no state\n" END, false },
	{ "floating state",	"pass quick on \"wg0\" all keep state\n" END,
	  false },
	{ "state for anybody",
	  "pass quick on \"wg0\" all keep state (if-bound)\n" END, false },
	{ "other flags",
	  "pass out quick inet proto tcp from any to 192.0.2.1 flags any "
	  "keep state (if-bound)\n" END, false },
	{ "state of nothing",	"pass quick on lo0 all no\n" END, false },
	{ "interface missing",	"pass quick on all no state\n" END, false },
	{ "interface unclosed",	"pass quick on \"wg0 all no state\n" END,
	  false },
	{ "from without to",	"pass quick from any no state\n" END, false },
	{ "hosts missing",	"pass quick proto tcp no state\n" END, false },
	{ "address of the other family",
	  "pass out quick inet from any to ff02::2 no state\n" END, false },
	{ "address without family",
	  "pass out quick from any to 192.0.2.1 no state\n" END, false },
	{ "no address",
	  "pass out quick inet from any to example.org no state\n" END,
	  false },
	{ "address cut",
	  "pass out quick inet from any to 192.0.2 no state\n" END, false },
	{ "prefix of 33",
	  "pass out quick inet from any to 10.0.0.0/33 no state\n" END,
	  false },
	{ "prefix of 0",
	  "pass out quick inet from any to 10.0.0.0/0 no state\n" END, false },
	{ "list",
	  "pass out quick inet from any to { 10.0.0.1 } no state\n" END,
	  false },
	{ "table not declared",
	  "pass out quick from any to <allow> no state\n" END, false },
	{ "table unclosed",
	  "table <allow> persist\npass out quick from any to <allow no "
	  "state\n" END, false },
	{ "table with contents",
	  "table <allow> persist { 192.0.2.1 }\n" END, false },
	{ "table that goes by itself",	"table <allow>\n" END, false },
	{ "table behind rules",
	  "pass quick on lo0 all no state\ntable <allow> persist\n" END,
	  false },
	{ "scrub behind rules",
	  "pass quick on lo0 all no state\nscrub all fragment reassemble\n"
	  END, false },
	{ "scrub of one way",	"scrub in all\n" END, false },
	{ "port without protocol",
	  "pass out quick from any to any port 53 no state\n" END, false },
	{ "port of ICMPv6",
	  "pass out quick inet6 proto ipv6-icmp from any port 53 to any "
	  "icmp6-type 135 code 0 no state\n" END, false },
	{ "port 0",
	  "pass out quick proto udp from any to any port 0 no state\n" END,
	  false },
	{ "port 65536",
	  "pass out quick proto udp from any to any port 65536 no state\n" END,
	  false },
	{ "range backwards",
	  "pass out quick proto udp from any port 20:10 to any no state\n" END,
	  false },
	{ "ICMPv6 without type",
	  "pass out quick inet6 proto ipv6-icmp from any to any no state\n"
	  END, false },
	{ "ICMPv6 over IPv4",
	  "pass out quick inet proto ipv6-icmp from any to any "
	  "icmp6-type 135 code 0 no state\n" END, false },
	{ "S/SA of UDP",
	  "pass out quick proto udp from any to any flags S/SA keep state "
	  "(if-bound)\n" END, false },
	{ "TCP without S/SA",
	  "pass out quick proto tcp from any to any keep state (if-bound)\n"
	  END, false },
	{ "user of everybody",
	  "pass out quick proto tcp from any to any port 80 user 0 flags S/SA "
	  "keep state (if-bound)\n" END, false },
	{ "user of everything",	"pass out quick all user 0 no state\n" END,
	  false },
	{ "user by name",
	  "pass out quick inet proto udp from any to 192.0.2.1 port 1 "
	  "user root keep state (if-bound)\n" END, false },
	{ "option twice",
	  "pass quick on lo0 all no state no state\n" END, false },
	{ "blank before",	" pass quick on lo0 all no state\n" END,
	  false },
	{ "set skip",		"set skip on lo0\n" END, false },
	{ "include",		"include \"/etc/x\"\n" END, false },
};

Test(pfparse, rows)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct pfparse p = { .groups = true };
		const char *bad = pfparse(rows[i].text, &p);

		cr_expect_eq(bad == NULL, rows[i].good, "%s: %s", rows[i].what,
			     bad == NULL ? "taken" : bad);
	}
}

Test(pfparse, group_by_system)
{
	static const char text[] =
		"pass out quick inet proto udp from any to 192.0.2.1 port 53 "
		"user 1 group 2 keep state (if-bound)\n" END;
	struct pfparse freebsd = { .groups = true }, macos = { 0 };

	cr_expect_null(pfparse(text, &freebsd));
	cr_expect_eq(freebsd.rules, 3);
	cr_expect_not_null(pfparse(text, &macos));
	cr_expect_eq(macos.line, 1);
}
