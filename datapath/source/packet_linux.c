/* SPDX-License-Identifier: ISC */
#include "source/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

int packet_mac(int fd, uint32_t ifindex, uint8_t mac[static 6])
{
	struct sockaddr_ll sa;
	socklen_t len = sizeof(sa);

	(void)ifindex;	/* it is bound to the link */
	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	if (sa.sll_halen != 6)
		return -EADDRNOTAVAIL;
	memcpy(mac, sa.sll_addr, 6);
	return 0;
}

/* The protocol must be said: a link without headers cannot be asked. */
int packet_send(int fd, uint32_t ifindex, uint16_t type,
		const uint8_t *packet, size_t len)
{
	const struct sockaddr_ll sa = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)ifindex,
		.sll_protocol = htons(type),
	};
	ssize_t n = sendto(fd, packet, len, MSG_DONTWAIT,
			   (const struct sockaddr *)&sa, sizeof(sa));

	return n < 0 ? -errno : 0;
}

enum filter_link packet_seen(enum link link)
{
	return link == LINK_ETHERNET ? FILTER_ETHERNET : FILTER_IP;
}

int packet_filter(int fd, const struct sock_filter *f, uint16_t n)
{
	/* The kernel copies it. */
	const struct sock_fprog p = { n, (struct sock_filter *)(uintptr_t)f };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p,
			  sizeof(p)) < 0 ? -errno : 0;
}

int packet_lock(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on,
			  sizeof(on)) < 0 ? -errno : 0;
}
