/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostdns/resolvedlink.h"
#include "hostdns/resolvfile.h"
#include "shared/socket.h"

static bool is_up(const char *ifname)
{
	struct ifreq ifr = { 0 };
	int fd = socket_open(AF_INET, SOCK_DGRAM);
	bool up;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	up = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &ifr) == 0 &&
	     (ifr.ifr_flags & IFF_UP) != 0;
	if (fd >= 0)
		close(fd);
	return up;
}

static void add_server(const json_t *server, const char *ifname,
		       const struct netinfo *n, struct hostdns_servers *s)
{
	json_int_t port = json_integer_value(json_array_get(server, 1));
	char own[IF_NAMESIZE] = "";
	struct ipaddr a;

	/* One that listens elsewhere does not speak plain DNS there. */
	if ((port != 0 && port != 53) ||
	    !ipaddr_parse(json_string_value(json_array_get(server, 0)), &a) ||
	    !resolvfile_usable(n, &a))
		return;
	memcpy(own, ifname, strlen(ifname));
	if (own[0] == '\0')
		netinfo_interface(n, &a, own);
	resolvfile_add(s, &a, own);
}

/* In place of ours, what they are in place of. */
static const json_t *own_dns(const json_t *link, const json_t *saved,
			     const json_t *ours)
{
	const json_t *entry = resolvedlink_find(saved, link);

	return json_object_get(entry != NULL &&
			       resolvedlink_ours(link, ours, "dns") ?
			       entry : link, "dns");
}

static void add_link(const json_t *link, const json_t *dns,
		     const struct netinfo *n, struct hostdns_servers *s)
{
	const char *ifname = json_string_value(json_object_get(link,
							       "ifname"));
	const json_t *server;
	size_t i;

	if (ifname[0] != '\0' && !is_up(ifname))
		return;
	json_array_foreach(dns, i, server) {
		add_server(server, ifname, n, s);
	}
}

static bool is_host(const json_t *link)
{
	return json_integer_value(json_object_get(link, "ifindex")) == 0;
}

void resolvedlink_servers(const json_t *links, const json_t *saved,
			  const json_t *ours, const struct netinfo *n,
			  struct hostdns_servers *s)
{
	const json_t *link;
	size_t i;

	for (int host = 0; host < 2; host++) {
		json_array_foreach(links, i, link)
			if (is_host(link) == (host == 1))
				add_link(link, own_dns(link, saved, ours), n,
					 s);
	}
}
