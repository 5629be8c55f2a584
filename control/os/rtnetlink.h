/* SPDX-License-Identifier: ISC */
/*
 * rtnetlink.h - questions and orders to the kernel about links, routes, rules
 *
 * Each call has a socket of its own, and is done when it returns.
 */
#ifndef RTNETLINK_H
#define RTNETLINK_H

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "shared/ipaddr.h"

enum {
	RTNETLINK_ATTRS = RTA_MAX + 1,	/* a table of attributes, any kind */
	RTNETLINK_MSG = 512,		/* octets of a message of ours */
};

/*
 * Sends it, with a number, and hands all that the kernel answers to each()
 * (may be NULL), which returns 1, or 0 to hear no more. 0 or -errno, the
 * kernel's own too; -EINTR: a dump changed under way, ask again.
 */
NODISCARD int rtnetlink_ask(struct nlmsghdr *h,
			    int (*each)(const struct nlmsghdr *h, void *data),
			    void *data);
/* The same of generic netlink. */
NODISCARD int rtnetlink_ask_generic(struct nlmsghdr *h,
				    int (*each)(const struct nlmsghdr *h,
						void *data), void *data);
/* The second half of it, of message number 1, on any netlink socket. */
struct mnl_socket;
NODISCARD int rtnetlink_receive(struct mnl_socket *s,
				int (*each)(const struct nlmsghdr *h,
					    void *data), void *data);
/* Asks for all of a type, RTM_GET...; the family may be AF_UNSPEC. */
NODISCARD int rtnetlink_dump(uint16_t type, int family,
			     int (*each)(const struct nlmsghdr *h, void *data),
			     void *data);
/* Of several types, one after the other on one socket; up to the first error.
 * No each() returns 0. */
struct rtnetlink_list {
	uint16_t type;
	int family;
	int (*each)(const struct nlmsghdr *h, void *data);
};
NODISCARD int rtnetlink_dumps(const struct rtnetlink_list *lists, size_t n,
			      void *data);
/* The same as rtnetlink_ask() with an acknowledgement. */
NODISCARD int rtnetlink_do(struct nlmsghdr *h);

/* For mnl_attr_parse(): data is a table, of NULLs. What is unknown is left
 * out. */
int rtnetlink_keep(const struct nlattr *a, void *table);
/* False for another family, or where there is no such attribute. */
bool rtnetlink_address(const struct nlattr *a, int family,
		       struct ipaddr *addr);
uint32_t rtnetlink_number(const struct nlattr *a, uint32_t otherwise);
/* As a link's IFLA_IFNAME has it; false, and nothing written, without. */
bool rtnetlink_told(const struct nlattr *a, char ifname[static IF_NAMESIZE]);
/* False, and nothing written, if there is no such interface. */
bool rtnetlink_name(unsigned int index, char ifname[static IF_NAMESIZE]);

#endif /* RTNETLINK_H */
