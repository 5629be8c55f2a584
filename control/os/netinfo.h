/* SPDX-License-Identifier: ISC */
/*
 * netinfo.h - what the kernel knows about links, addresses and routes
 */
#ifndef NETINFO_H
#define NETINFO_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "limits.h"
#include "shared/ipaddr.h"
#include "shared/judge.h"
#include "why.h"

/* A snapshot. Lists hold their first n_* entries; what does not fit is left
 * out of onlink (stricter) and is an error for own. */
struct netinfo {
	uint16_t n_own, n_onlink;
	struct ipaddr own[POLICY_NETS];
	struct {
		struct ipnet net;
		char ifname[IF_NAMESIZE];
	} onlink[POLICY_NETS];
	/* of the best default route; "" and zero without one */
	char default_ifname[IF_NAMESIZE];
	struct ipaddr gateway;
	/* the only up, running, non-loopback link; "" if none or several */
	char only_ifname[IF_NAMESIZE];
};

NODISCARD int netinfo_read(struct netinfo *n, struct why *why);

/*
 * The interface a server is reached on: the on-link net it is in, else the
 * kernel's route to it, else the only link that is up; "" if none.
 */
void netinfo_interface(const struct netinfo *n, const struct ipaddr *server,
		       char ifname[static IF_NAMESIZE]);

/* The first of these alone; false, and nothing written, if it is in none. */
bool netinfo_onlink(const struct netinfo *n, const struct ipaddr *server,
		    char ifname[static IF_NAMESIZE]);
/* Clears what is behind the prefix. */
void netinfo_mask(struct ipnet *net);

/* Has it been switched on? With or without a carrier. */
bool netinfo_up(unsigned int ifindex);

/* How a packet of our own making gets to a server on that interface. */
struct netpath {
	struct ipaddr source;	/* this machine's; zero: it has none there */
	struct ipaddr hop;	/* gateway, or without a route the server */
	uint8_t mac[6];		/* the hop's; zero: not known, or not needed */
};

/* As the kernel's route and neighbour tables say, of this interface alone. */
void netinfo_path(const struct ipaddr *server, unsigned int ifindex,
		  struct netpath *path);

enum netmon_kind {
	NETMON_LINK_UP, NETMON_LINK_DOWN, NETMON_LINK_NAME, NETMON_ADDRESS,
	NETMON_ROUTE, NETMON_NEIGHBOUR, NETMON_RULE, NETMON_PORTAL,
	NETMON_OTHER
};
enum { NETMON_URL = 2040 };	/* octets; RFC 8910, 2.3 */

/* Watches rtnetlink: links and their names, addresses, routes, neighbours
 * that have an address, rules, routers' options. */
struct netmon;
NODISCARD int netmon_open(struct netmon **m, struct why *why);
void netmon_close(struct netmon *m);
int netmon_fd(const struct netmon *m);
/* Of the event NETMON_PORTAL that was the last one: a router has told a URL;
 * its length. */
size_t netmon_portal(const struct netmon *m, unsigned int *ifindex,
		     char url[static NETMON_URL]);
/* Next event: 1, 0 when drained, -ENOBUFS when some were lost: read anew. */
NODISCARD int netmon_next(struct netmon *m, enum netmon_kind *kind,
			  char ifname[static IF_NAMESIZE]);

struct neighbour {
	struct ipaddr addr;
	uint8_t mac[6];		/* zero: none, or none of that size */
};

/* Of the last event, which was a NETMON_NEIGHBOUR. */
void netmon_neighbour(const struct netmon *m, struct neighbour *n);

/*
 * Drops packets that have passed the firewall and wait for a neighbour's
 * hardware address: they would go to whoever has it on another network. How
 * many neighbours were waited for.
 */
unsigned int neighdrop(void);

/* Ends this host's TCP connections to any of a[] at once (sock_diag). Returns
 * how many, or -errno where the kernel cannot. */
int sockkill(const struct ipaddr *a, unsigned int n);

/*
 * Who holds a local port, in words: "dnsmasq (pid 812)". False if it cannot
 * be found out.
 */
bool portowner(const struct ipaddr *addr, uint16_t port, bool tcp,
	       char *text, size_t size);

/*
 * Who has the socket that such packets come from, as portowner(). False:
 * nobody has, or more than one might have.
 */
bool portowner_packet(const struct ipaddr *from, uint16_t from_port,
		      const struct ipaddr *to, uint16_t to_port,
		      uint8_t protocol, char *text, size_t size);

#endif /* NETINFO_H */
