/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * Rules with a port selector lead what this machine itself sends to port 53
 * into a table of ours, whose only route is the device. They are looked at
 * before an interface's own routes and before other programs' rules; only the
 * local table comes first, so a resolver on this machine is still reached. A
 * socket that is tied to another interface matches the rules but not the
 * route; where the firewall is ours it marks such packets (rules_nft.c), has
 * them routed again, and the rule for the mark finds the device.
 *
 * A strict rp_filter asks whether an answer's source would be routed to the
 * device, without ports. The firewall marks answers, too, and src_valid_mark
 * lets that mark count; where nobody marks, the loose test is the best there
 * is, and needs some route to the server.
 *
 * Without the device the table is empty and the rules lead nowhere: DNS then
 * meets the firewall, as if they were not there.
 */
#include "os/steer.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/ip.h>
#include <net/if.h>
#include <stdalign.h>
#include <string.h>
#include <unistd.h>

#include "limits.h"
#include "log.h"
#include "os/netinfo.h"
#include "os/rtnetlink.h"
#include "os/steerdev.h"
#include "os/steerrule.h"

/* linux/if_link.h, which does not go with net/if.h everywhere. */
enum { ADDR_GEN_NONE = 1, INET6_ADDR_GEN_MODE = 8 };

static const int families[] = { AF_INET, AF_INET6 };

static int sweep_rules(struct why *why)
{
	for (size_t i = 0; i < NITEMS(families); i++) {
		int error = steerrule_sweep(families[i]);

		if (error != 0)
			return why_set(why, error, "the routing rules to %s "
				       "cannot be removed: %s", STEER_DEVICE,
				       strerror(-error));
	}
	return 0;
}

int steer_heal(struct why *why)
{
	return sweep_rules(why);
}

/* ---- the device */

static bool has_ipv6(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/" STEER_DEVICE "/disable_ipv6",
		      O_RDONLY | O_CLOEXEC);
	char text = '1';

	if (fd < 0)
		return false;
	(void)!read(fd, &text, 1);
	close(fd);
	return text == '0';
}

/* By netlink: a service that may not write to /proc/sys can do it, too. */
static int loosen_ipv4(const struct steer *s)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nlattr *spec, *inet, *conf;
	struct ifinfomsg *m;

	h->nlmsg_type = RTM_NEWLINK;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->ifi_index = (int)s->ifindex;
	spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
	inet = mnl_attr_nest_start(h, AF_INET);
	conf = mnl_attr_nest_start(h, IFLA_INET_CONF);
	/* 2: loose, and not less strict than what is set for all. */
	mnl_attr_put_u32(h, IPV4_DEVCONF_RP_FILTER, 2);
	mnl_attr_put_u32(h, IPV4_DEVCONF_SRC_VMARK, 1);
	mnl_attr_nest_end(h, conf);
	mnl_attr_nest_end(h, inet);
	mnl_attr_nest_end(h, spec);
	return rtnetlink_do(h);
}

/* No link-local address when it comes up, so nothing that is said from one. */
static int quiet_ipv6(const struct steer *s)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nlattr *spec, *inet6;
	struct ifinfomsg *m;

	h->nlmsg_type = RTM_NEWLINK;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->ifi_index = (int)s->ifindex;
	spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(h, AF_INET6);
	mnl_attr_put_u8(h, INET6_ADDR_GEN_MODE, ADDR_GEN_NONE);
	mnl_attr_nest_end(h, inet6);
	mnl_attr_nest_end(h, spec);
	return rtnetlink_do(h);
}

static int change_link(const struct steer *s, bool up)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *m;

	h->nlmsg_type = RTM_NEWLINK;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->ifi_index = (int)s->ifindex;
	m->ifi_flags = up ? IFF_UP : 0;
	m->ifi_change = IFF_UP | IFF_MULTICAST;
	if (up)
		mnl_attr_put_u32(h, IFLA_MTU, TUN_MTU);
	return rtnetlink_do(h);
}

static int add_address(const struct steer *s, unsigned int i)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	bool v4 = ipaddr_is_v4(&steer_nets[i].addr);
	struct ipaddr a = steer_address(i);
	uint16_t size = v4 ? 4 : 16;
	struct ifaddrmsg *m;

	h->nlmsg_type = RTM_NEWADDR;
	h->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->ifa_family = v4 ? AF_INET : AF_INET6;
	m->ifa_prefixlen = (uint8_t)(steer_nets[i].bits - (v4 ? 96 : 0));
	m->ifa_index = s->ifindex;
	m->ifa_flags = v4 ? 0 : IFA_F_NODAD;
	mnl_attr_put(h, IFA_LOCAL, size, a.b + sizeof(a.b) - size);
	mnl_attr_put(h, IFA_ADDRESS, size, a.b + sizeof(a.b) - size);
	return rtnetlink_do(h);
}

static int raise_link(const struct steer *s, bool v6)
{
	int error = loosen_ipv4(s);

	if (error == 0 && v6)
		error = quiet_ipv6(s);
	if (error == 0)
		error = change_link(s, true);
	if (error == 0)
		error = add_address(s, 0);
	return error == 0 && v6 ? add_address(s, 1) : error;
}

static int lay(const struct steer *s, struct why *why)
{
	bool v6 = has_ipv6();
	int error;

	if (!steer_alive(s))
		return why_set(why, -ENODEV, "somebody has removed %s",
			       STEER_DEVICE);
	error = raise_link(s, v6);
	if (error == 0)
		error = steerrule_lay(s->ifindex, AF_INET);
	if (error == 0 && v6)
		error = steerrule_lay(s->ifindex, AF_INET6);
	if (error != 0)
		why_set(why, error, "DNS cannot be led into %s: %s",
			STEER_DEVICE, strerror(-error));
	return error;
}

int steer_on(struct steer *s, struct why *why)
{
	struct why ignored;
	int error = lay(s, why);

	/* All or nothing. */
	if (error != 0 && steer_off(s, &ignored) != 0)
		log_warning("steer: %s", ignored.text);
	return error;
}

int steer_off(struct steer *s, struct why *why)
{
	int error = sweep_rules(why);

	if (error != 0 || !steer_alive(s))
		return error;
	error = change_link(s, false);
	return error == 0 ? 0 : why_set(why, error, "%s: %s", STEER_DEVICE,
					strerror(-error));
}

/* ---- is it still so? */

int steer_verify(struct steer *s, struct why *why)
{
	int good = steer_alive(s) ? netinfo_up(s->ifindex) : 0;

	if (good > 0)
		good = steerrule_stand(s->ifindex, AF_INET);
	if (good > 0 && has_ipv6())
		good = steerrule_stand(s->ifindex, AF_INET6);
	if (good > 0)
		return 0;
	/* It cannot be read: laying it anew says what is wrong. */
	good = lay(s, why);
	return good == 0 ? 1 : good;
}
