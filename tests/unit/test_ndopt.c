/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <linux/rtnetlink.h>
#include <netinet/icmp6.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>

#include "os/ndopt.h"

enum { ROOM = 4096 };

static struct {
	alignas(struct nlmsghdr) char bytes[ROOM];
} message;

static struct nlmsghdr *make(const void *options, size_t len, size_t claimed)
{
	struct nlmsghdr *h = (void *)message.bytes;
	struct nduseroptmsg *m = NLMSG_DATA(h);

	memset(&message, 0, sizeof(message));
	h->nlmsg_type = RTM_NEWNDUSEROPT;
	h->nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(*m)) + len);
	m->nduseropt_family = AF_INET6;
	m->nduseropt_opts_len = (unsigned short)claimed;
	m->nduseropt_ifindex = 7;
	m->nduseropt_icmp_type = ND_ROUTER_ADVERT;
	memcpy(m + 1, options, len);
	return h;
}

static char url[NETMON_URL];
static unsigned int ifindex;
static size_t len;

#define OPTION(text) { text, sizeof(text) - 1 }

static const struct {
	const char *what;
	struct { const char *p; size_t len; } option;
	int claimed;		/* more or less than there is */
	const char *url;	/* NULL: none */
} rows[] = {
	{ "padded", OPTION("\45\3https://example.org\0\0\0"), 0,
	  "https://example.org" },
	{ "no padding", OPTION("\45\1abcdef"), 0, "abcdef" },
	{ "nothing but padding", OPTION("\45\1\0\0\0\0\0\0"), 0, "" },
	{ "NUL within", OPTION("\45\1ab\0cd\0"), 0, "ab\0cd" },
	{ "another option behind", OPTION("\45\1abcdef\31\1abcdef"), 0,
	  "abcdef" },
	{ "another option", OPTION("\31\1abcdef"), 0, NULL },
	{ "no option", OPTION(""), 0, NULL },
	{ "type alone", OPTION("\45"), 0, NULL },
	{ "length 0", OPTION("\45\0abcdef"), 0, NULL },
	{ "longer than the options", OPTION("\45\2abcdef"), 0, NULL },
	{ "options longer than the message", OPTION("\45\1abcdef"), 1, NULL },
	{ "options shorter than the option", OPTION("\45\1abcdef"), -1, NULL },
};

Test(ndopt, rows)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		size_t n = rows[i].option.len;
		const struct nlmsghdr *h = make(rows[i].option.p, n,
			n + (size_t)rows[i].claimed);

		len = 77;
		cr_expect_eq(ndopt_portal(h, &ifindex, url, &len),
			     rows[i].url != NULL, "%s", rows[i].what);
		if (rows[i].url == NULL)
			continue;
		cr_expect_eq(memcmp(url, rows[i].url, len), 0, "%s",
			     rows[i].what);
		cr_expect(len >= strlen(rows[i].url) && ifindex == 7, "%s",
			  rows[i].what);
	}
}

Test(ndopt, longest)
{
	static char option[2040] = { 37, (char)255 };

	memset(option + 2, 'a', sizeof(option) - 2);
	cr_expect(ndopt_portal(make(option, sizeof(option), sizeof(option)),
			       &ifindex, url, &len));
	cr_expect_eq(len, sizeof(option) - 2);
}

Test(ndopt, not_a_routers_word)
{
	struct nlmsghdr *h = make("\45\1abcdef", 8, 8);
	struct nduseroptmsg *m = NLMSG_DATA(h);

	cr_expect(ndopt_portal(h, &ifindex, url, &len), "as it is");
	m->nduseropt_icmp_type = ND_REDIRECT;
	cr_expect(!ndopt_portal(h, &ifindex, url, &len), "redirect");
	m->nduseropt_icmp_type = ND_ROUTER_ADVERT;
	m->nduseropt_family = AF_INET;
	cr_expect(!ndopt_portal(h, &ifindex, url, &len), "IPv4");
	m->nduseropt_family = AF_INET6;
	m->nduseropt_ifindex = 0;
	cr_expect(!ndopt_portal(h, &ifindex, url, &len), "no interface");
	m->nduseropt_ifindex = 7;
	h->nlmsg_len = NLMSG_LENGTH(sizeof(*m)) - 1;
	cr_expect(!ndopt_portal(h, &ifindex, url, &len), "cut");
}
