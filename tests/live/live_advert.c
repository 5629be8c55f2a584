/* SPDX-License-Identifier: ISC */
/*
 * A router that names its captive portal (RFC 8910, 2.3):
 *
 *   live_advert INTERFACE [LENGTH] <URL
 *       one router advertisement with option 37 out of the octets of stdin,
 *       its length field as they need or as told
 */
#include <arpa/inet.h>
#include <err.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OPTION = 37, UNIT = 8, URL_MAX = 255 * UNIT - 2 };

int main(int argc, char **argv)
{
	struct {
		struct nd_router_advert head;
		uint8_t type, len;
		char url[URL_MAX];
	} ra = { .head = { .nd_ra_type = ND_ROUTER_ADVERT }, .type = OPTION };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	int hops = 255;
	size_t size;
	ssize_t n;

	if (argc < 2 || argc > 3)
		errx(2, "usage: live_advert INTERFACE [LENGTH] <URL");
	n = read(STDIN_FILENO, ra.url, sizeof(ra.url));
	if (n < 0 || fd < 0)
		err(1, "no URL or no socket");
	ra.len = (uint8_t)(((size_t)n + 2 + UNIT - 1) / UNIT);
	size = sizeof(ra.head) + (size_t)ra.len * UNIT;
	if (argc > 2)
		ra.len = (uint8_t)atoi(argv[2]);
	to.sin6_scope_id = if_nametoindex(argv[1]);
	if (to.sin6_scope_id == 0 ||
	    inet_pton(AF_INET6, "ff02::1", &to.sin6_addr) != 1 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops,
		       sizeof(hops)) < 0 ||
	    sendto(fd, &ra, size, 0, (const struct sockaddr *)&to,
		   sizeof(to)) != (ssize_t)size)
		err(1, "%s", argv[1]);
	return 0;
}
