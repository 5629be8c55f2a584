/* SPDX-License-Identifier: ISC */
#include "os/ifconf.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <unistd.h>

#include "os/in6abi_bsd.h"

/* One question to the kernel, by a socket of that family. */
static int ask(int family, unsigned long request, void *argument)
{
	int fd = socket(family, SOCK_DGRAM, 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (ioctl(fd, request, argument) < 0)
		error = -errno;
	close(fd);
	return error;
}

static struct ifreq request_for(const char *ifname)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	return ifr;
}

int ifconf_is_up(const char *ifname)
{
	struct ifreq ifr = request_for(ifname);
	int error = ask(AF_INET, SIOCGIFFLAGS, &ifr);

	return error < 0 ? error : (ifr.ifr_flags & IFF_UP) != 0;
}

int ifconf_up(const char *ifname, bool up)
{
	struct ifreq ifr = request_for(ifname);
	int error = ask(AF_INET, SIOCGIFFLAGS, &ifr);

	if (error < 0)
		return error;
	ifr.ifr_flags = (short)(up ? ifr.ifr_flags | IFF_UP :
				     ifr.ifr_flags & ~IFF_UP);
	return ask(AF_INET, SIOCSIFFLAGS, &ifr);
}

int ifconf_mtu(const char *ifname, int mtu)
{
	struct ifreq ifr = request_for(ifname);

	ifr.ifr_mtu = mtu;
	return ask(AF_INET, SIOCSIFMTU, &ifr);
}

/* ---- addresses */

static struct sockaddr_in sa4(const uint8_t *b)
{
	struct sockaddr_in sa = {
		.sin_len = sizeof(sa), .sin_family = AF_INET,
	};

	memcpy(&sa.sin_addr, b, sizeof(sa.sin_addr));
	return sa;
}

static struct sockaddr_in6 sa6(const uint8_t *b)
{
	struct sockaddr_in6 sa = {
		.sin6_len = sizeof(sa), .sin6_family = AF_INET6,
	};

	memcpy(&sa.sin6_addr, b, sizeof(sa.sin6_addr));
	return sa;
}

/* A mask of so many of 128 bits. */
static struct ipaddr mask_of(uint8_t bits)
{
	struct ipaddr m = { { 0 } };

	for (unsigned int i = 0; i < bits; i++)
		m.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return m;
}

static int add4(const char *ifname, const struct ipaddr *mask,
		const struct ipaddr *host, const struct ipaddr *peer)
{
	struct sockaddr_in a = sa4(host->b + IPADDR_V4_AT);
	struct sockaddr_in m = sa4(mask->b + IPADDR_V4_AT);
	struct ifaliasreq r;

	memset(&r, 0, sizeof(r));
	snprintf(r.ifra_name, sizeof(r.ifra_name), "%s", ifname);
	memcpy(&r.ifra_addr, &a, sizeof(a));
	memcpy(&r.ifra_mask, &m, sizeof(m));
	if (peer != NULL) {
		a = sa4(peer->b + IPADDR_V4_AT);
		memcpy(&r.ifra_broadaddr, &a, sizeof(a));
	}
	return ask(AF_INET, SIOCAIFADDR, &r);
}

/* Nobody else is there whom duplicate address detection could ask. */
static int add6(const char *ifname, const struct ipaddr *mask,
		const struct ipaddr *host)
{
	struct in6_aliasreq r;

	memset(&r, 0, sizeof(r));
	snprintf(r.ifra_name, sizeof(r.ifra_name), "%s", ifname);
	r.ifra_addr = sa6(host->b);
	r.ifra_prefixmask = sa6(mask->b);
	r.ifra_flags = IN6_IFF_NODAD;
	r.ifra_lifetime.ia6t_vltime = ND6_INFINITE_LIFETIME;
	r.ifra_lifetime.ia6t_pltime = ND6_INFINITE_LIFETIME;
	return ask(AF_INET6, SIOCAIFADDR_IN6, &r);
}

int ifconf_add(const char *ifname, const struct ipnet *net,
	       const struct ipaddr *host, const struct ipaddr *peer)
{
	struct ipaddr mask = mask_of(net->bits);
	int error = ipaddr_is_v4(host) ? add4(ifname, &mask, host, peer) :
					 add6(ifname, &mask, host);

	return error == -EEXIST ? 0 : error;
}

int ifconf_remove(const char *ifname, const struct ipaddr *host)
{
	struct ifreq r4 = request_for(ifname);
	struct sockaddr_in a = sa4(host->b + IPADDR_V4_AT);
	struct in6_ifreq r6;

	if (ipaddr_is_v4(host)) {
		memcpy(&r4.ifr_addr, &a, sizeof(a));
		return ask(AF_INET, SIOCDIFADDR, &r4);
	}
	memset(&r6, 0, sizeof(r6));
	snprintf(r6.ifr_name, sizeof(r6.ifr_name), "%s", ifname);
	r6.ifr_addr = sa6(host->b);
	return ask(AF_INET6, SIOCDIFADDR_IN6, &r6);
}

static bool is_host(const struct sockaddr *sa, const struct ipaddr *host)
{
	const uint8_t *p = (const uint8_t *)sa;

	if (ipaddr_is_v4(host))
		return sa->sa_family == AF_INET &&
		       memcmp(p + offsetof(struct sockaddr_in, sin_addr),
			      host->b + IPADDR_V4_AT, 4) == 0;
	return sa->sa_family == AF_INET6 &&
	       memcmp(p + offsetof(struct sockaddr_in6, sin6_addr), host->b,
		      sizeof(host->b)) == 0;
}

bool ifconf_has(const char *ifname, const struct ipaddr *host)
{
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *i = all; i != NULL && !found;
	     i = i->ifa_next)
		found = i->ifa_addr != NULL &&
			strcmp(i->ifa_name, ifname) == 0 &&
			is_host(i->ifa_addr, host);
	freeifaddrs(all);
	return found;
}
