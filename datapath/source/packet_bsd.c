/* SPDX-License-Identifier: ISC */
#include <sys/types.h>
#include <sys/socket.h>

#include "source/packet.h"

#include <errno.h>
#include <net/if_dl.h>
#include <net/route.h>
#include <stdalign.h>
#include <string.h>
#include <sys/sysctl.h>
#include <sys/uio.h>

#include "source/bpfabi_bsd.h"

enum { MAC_LEN = 6, TYPE_IPV6 = 0x86dd };

/* The link's own message, and perhaps its addresses behind it. */
enum { MESSAGE = 4096 };

/* Behind the message's head stands what is there of all addresses; of a link
 * that is one, the link's name and hardware address. */
static int read_mac(const uint8_t *message, size_t len, uint8_t *mac)
{
	const size_t head = sizeof(struct if_msghdr);
	const size_t fixed = offsetof(struct sockaddr_dl, sdl_data);
	struct if_msghdr m;
	struct sockaddr_dl dl;
	size_t at;

	if (len < head + fixed)
		return -EADDRNOTAVAIL;
	memcpy(&m, message, sizeof(m));
	memcpy(&dl, message + head, fixed);
	at = head + fixed + dl.sdl_nlen;
	if (m.ifm_type != RTM_IFINFO || dl.sdl_family != AF_LINK ||
	    dl.sdl_alen != MAC_LEN || at > len || len - at < MAC_LEN)
		return -EADDRNOTAVAIL;
	memcpy(mac, message + at, MAC_LEN);
	return 0;
}

/* The driver's own word, by the descriptor alone: a sandbox may have that and
 * nothing else. */
static int ask_driver(int fd, uint8_t *mac)
{
	static const uint8_t nobody[MAC_LEN];
	struct ifreq ifr = { .ifr_name = "" };

	if (ioctl(fd, SIOCGIFADDR, &ifr) < 0)
		return -errno;
	if (memcmp(ifr.ifr_addr.sa_data, nobody, MAC_LEN) == 0)
		return -EADDRNOTAVAIL;
	memcpy(mac, ifr.ifr_addr.sa_data, MAC_LEN);
	return 0;
}

int packet_mac(int fd, uint32_t ifindex, uint8_t mac[static 6])
{
	int name[] = { CTL_NET, PF_ROUTE, 0, AF_LINK, NET_RT_IFLIST,
		       (int)ifindex };
	alignas(struct if_msghdr) uint8_t message[MESSAGE];
	size_t len = sizeof(message);

	if (sysctl(name, NITEMS(name), message, &len, NULL, 0) < 0)
		return ask_driver(fd, mac);
	return read_mac(message, len, mac);
}

/* DLT_NULL: an address family in this machine's byte order comes first. */
int packet_send(int fd, uint32_t ifindex, uint16_t type,
		const uint8_t *packet, size_t len)
{
	uint32_t family = type == TYPE_IPV6 ? AF_INET6 : AF_INET;
	struct iovec v[] = {
		{ &family, sizeof(family) },
		/* The kernel only reads it. */
		{ (uint8_t *)(uintptr_t)packet, len },
	};
	unsigned int dlt;
	ssize_t n;

	(void)ifindex;	/* the descriptor is bound to it */
	if (ioctl(fd, BIOCGDLT, &dlt) < 0)
		return -errno;
	n = dlt == DLT_NULL ? writev(fd, v, 2) : writev(fd, v + 1, 1);
	return n < 0 ? -errno : 0;
}

enum filter_link packet_seen(enum link link)
{
	if (link == LINK_ETHERNET)
		return FILTER_BPF_ETHERNET;
	return link == LINK_NULL ? FILTER_BPF_NULL : FILTER_BPF_IP;
}

/* What has been read by the old one stays in the buffer. */
int packet_filter(int fd, const struct sock_filter *f, uint16_t n)
{
	/* The kernel copies it. */
	struct bpf_program p = { n, (struct sock_filter *)(uintptr_t)f };

	return ioctl(fd, BIOCSETFNR, &p) < 0 ? -errno : 0;
}
