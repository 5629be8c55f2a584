/* SPDX-License-Identifier: ISC */
/*
 * routemsg_bsd.h - messages of the routing socket, and dumps of the same form
 *
 * A head, and behind it the addresses that a mask names, each padded to the
 * kernel's word. All lengths are checked against what was received.
 */
#ifndef ROUTEMSG_BSD_H
#define ROUTEMSG_BSD_H

#include <sys/types.h>
#include <sys/socket.h>
#include <net/if.h>
#include <net/route.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat.h"
#include "shared/ipaddr.h"
#include "shared/judge.h"

struct routemsg {
	const struct rt_msghdr *h;	/* the first fields are in any head */
	size_t len;
};

/* Those that are there; the others NULL. */
struct routemsg_addresses {
	const struct sockaddr *at[RTAX_MAX];
};

/* The message at p, of the len octets that are left; false: torn, or of
 * another version. */
bool routemsg_read(const uint8_t *p, size_t len, struct routemsg *m);
/* What stands behind a head of so many octets. False: torn. */
bool routemsg_addresses(const struct routemsg *m, size_t head, int mask,
			struct routemsg_addresses *a);

/* False for another family. The scope that KAME writes into link-local
 * addresses is taken out. */
bool routemsg_address(const struct sockaddr *sa, struct ipaddr *a);
/* A destination and its mask, which may be cut short; NULL: a host. */
bool routemsg_net(const struct sockaddr *dst, const struct sockaddr *mask,
		  struct ipnet *net);
/* The hardware address of a neighbour; false: it has none of that size. */
bool routemsg_mac(const struct sockaddr *sa, uint8_t mac[static 6]);

/* sysctl(3) of PF_ROUTE: each() of every message; 0 or -errno. */
NODISCARD int routemsg_dump(int family, int what, int argument,
			    void (*each)(const struct routemsg *m, void *data),
			    void *data);

/* A question or an order: the route to dst, RTM_GET, RTM_DELETE ... */
struct routemsg_order {
	int type, flags;
	unsigned int ifindex;
	struct ipaddr dst;
	bool link;		/* with a gateway that is the link itself */
};

/* Sends it, and hands the kernel's answer to answer() (may be NULL). */
NODISCARD int routemsg_ask(const struct routemsg_order *o,
			   void (*answer)(const struct routemsg *m, void *data),
			   void *data);

#endif /* ROUTEMSG_BSD_H */
