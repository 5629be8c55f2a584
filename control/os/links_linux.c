/* SPDX-License-Identifier: ISC */
#include "os/links.h"

#include <libmnl/libmnl.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>

#include "os/rtnetlink.h"

/* rtnl_link_ops.kind of the kernel's virtual drivers. */
static const char *const ignored[] = {
	"dummy", "ifb", "nlmon", "vcan", "vrf", "lowpan",
	/* their ports or lower links are seen themselves */
	"bridge", "bond", "team", "hsr", "vlan", "macvlan", "macvtap",
	"ipvlan", "ipvtap",
	/* tunnels, sealed or not: the outer packets are seen */
	"tun", "wireguard", "amneziawg", "ovpn", "ovpn-dco", "sit", "ipip",
	"ip6tnl", "gre", "gretap", "ip6gre", "ip6gretap", "erspan",
	"ip6erspan", "vti", "vti6", "xfrm", "vxlan", "geneve", "gtp", "fou",
	"batadv",
};

/* In a container these lead out; as a bridge's port, to a container. */
static const char *const ignored_ports[] = { "veth", "netkit" };

static bool in(const char *const *list, size_t n, const char *kind)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], kind) == 0)
			return true;
	return false;
}

bool links_leave(const char *kind, unsigned int type, bool port)
{
	if (type == ARPHRD_LOOPBACK || in(ignored, NITEMS(ignored), kind))
		return false;
	return !port || !in(ignored_ports, NITEMS(ignored_ports), kind);
}

struct reading {
	uint32_t *ifindex;
	unsigned int n, max;
	/* of the link at hand */
	const char *kind;
	bool port;
};

static int on_info(const struct nlattr *a, void *data)
{
	struct reading *r = data;

	if (mnl_attr_get_type(a) == IFLA_INFO_KIND &&
	    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
		r->kind = mnl_attr_get_str(a);
	return MNL_CB_OK;
}

static int on_attribute(const struct nlattr *a, void *data)
{
	struct reading *r = data;

	if (mnl_attr_get_type(a) == IFLA_MASTER)
		r->port = true;
	if (mnl_attr_get_type(a) == IFLA_LINKINFO)
		mnl_attr_parse_nested(a, on_info, r);
	return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *h, void *data)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(h);
	struct reading *r = data;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*link))
		return MNL_CB_OK;
	r->kind = "";
	r->port = false;
	mnl_attr_parse(h, sizeof(*link), on_attribute, r);
	if (!links_leave(r->kind, link->ifi_type, r->port) && r->n < r->max)
		r->ifindex[r->n++] = (uint32_t)link->ifi_index;
	return MNL_CB_OK;
}

int links_ignored(uint32_t *ifindex, unsigned int max)
{
	struct reading r = { .ifindex = ifindex, .max = max };
	int error = rtnetlink_dump(RTM_GETLINK, AF_UNSPEC, on_link, &r);

	return error < 0 ? error : (int)r.n;
}
