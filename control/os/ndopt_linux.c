/* SPDX-License-Identifier: ISC */
#include "os/ndopt.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/socket.h>

#include "slice.h"

enum { CAPTIVE_PORTAL = 37, HEAD = 2, UNIT = 8 };

/* What is behind the header: one option, then attributes. */
static bool options(const struct nlmsghdr *h, struct slice *s,
		    unsigned int *ifindex)
{
	const struct nduseroptmsg *m = mnl_nlmsg_get_payload(h);
	size_t size = mnl_nlmsg_get_payload_len(h);

	if (size < sizeof(*m) || m->nduseropt_family != AF_INET6 ||
	    m->nduseropt_icmp_type != ND_ROUTER_ADVERT ||
	    m->nduseropt_ifindex <= 0 ||
	    m->nduseropt_opts_len > size - sizeof(*m))
		return false;
	*s = (struct slice){ (const uint8_t *)(m + 1), m->nduseropt_opts_len };
	*ifindex = (unsigned int)m->nduseropt_ifindex;
	return true;
}

bool ndopt_portal(const struct nlmsghdr *h, unsigned int *ifindex,
		  char url[static NETMON_URL], size_t *len)
{
	struct slice s;
	size_t n;

	if (!options(h, &s, ifindex) || !slice_has(s, 0, HEAD) ||
	    s.p[0] != CAPTIVE_PORTAL || s.p[1] == 0)
		return false;
	n = (size_t)s.p[1] * UNIT - HEAD;
	if (!slice_has(s, HEAD, n))
		return false;
	/* RFC 8910, 2.3: padded with NULs. */
	while (n > 0 && s.p[HEAD + n - 1] == '\0')
		n--;
	memcpy(url, s.p + HEAD, n);
	*len = n;
	return true;
}
