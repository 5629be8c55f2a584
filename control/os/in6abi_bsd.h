/* SPDX-License-Identifier: ISC */
/*
 * in6abi_bsd.h - an interface's IPv6 addresses, as the system's headers have
 * them; where they are missing, as xnu does on both of its processors
 */
#ifndef IN6ABI_BSD_H
#define IN6ABI_BSD_H

#include <assert.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <time.h>

#if __has_include(<netinet6/in6_var.h>)
#include <net/if_var.h>
#include <netinet/in_var.h>
#include <netinet6/in6_var.h>
#include <netinet6/nd6.h>
#else

struct in6_addrlifetime {
	time_t ia6t_expire, ia6t_preferred;
	uint32_t ia6t_vltime, ia6t_pltime;	/* s */
};

struct in6_aliasreq {
	char ifra_name[IFNAMSIZ];
	struct sockaddr_in6 ifra_addr, ifra_dstaddr, ifra_prefixmask;
	int ifra_flags;
	struct in6_addrlifetime ifra_lifetime;
};

/* A union there, of which the largest member decides. */
struct in6_ifreq {
	char ifr_name[IFNAMSIZ];
	union {
		struct sockaddr_in6 ifru_addr;
		char room[272];
	} ifr_ifru;
};

#define SIOCAIFADDR_IN6 _IOW('i', 26, struct in6_aliasreq)
#define SIOCDIFADDR_IN6 _IOW('i', 25, struct in6_ifreq)
#define IN6_IFF_NODAD 0x0020
#define ND6_INFINITE_LIFETIME 0xffffffff

static_assert(sizeof(struct in6_aliasreq) == 128, "xnu, in6_var.h");
static_assert(SIOCAIFADDR_IN6 == 0x8080691a, "xnu, in6_var.h");
static_assert(SIOCDIFADDR_IN6 == 0x81206919, "xnu, in6_var.h");

#endif

#endif /* IN6ABI_BSD_H */
