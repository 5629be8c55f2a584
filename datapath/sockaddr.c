/* SPDX-License-Identifier: ISC */
#include "sockaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

socklen_t sockaddr_make(union sockaddr_any *sa, const struct ipaddr *a,
			uint16_t port, uint32_t scope)
{
	memset(sa, 0, sizeof(*sa));
	if (ipaddr_is_v4(a)) {
		sa->in.sin_family = AF_INET;
		sa->in.sin_port = htons(port);
		memcpy(&sa->in.sin_addr, a->b + 12, 4);
		return sizeof(sa->in);
	}
	sa->in6.sin6_family = AF_INET6;
	sa->in6.sin6_port = htons(port);
	memcpy(&sa->in6.sin6_addr, a->b, 16);
	if (ipaddr_class(a) == IPCLASS_LINKLOCAL)
		sa->in6.sin6_scope_id = scope;
	return sizeof(sa->in6);
}

int sockaddr_bind_port(int fd, int family, uint16_t port)
{
	static const uint8_t none[4];
	const struct ipaddr any = family == AF_INET ? ipaddr_v4(none) :
				  (struct ipaddr){ { 0 } };
	union sockaddr_any sa;
	socklen_t len = sockaddr_make(&sa, &any, port, 0);

	return port != 0 && bind(fd, &sa.sa, len) < 0 ? -errno : 0;
}

bool sockaddr_split(const union sockaddr_any *sa, struct ipaddr *a,
		    uint16_t *port)
{
	switch (sa->sa.sa_family) {
	case AF_INET:
		*a = ipaddr_v4((const uint8_t *)&sa->in.sin_addr);
		*port = ntohs(sa->in.sin_port);
		return true;
	case AF_INET6:
		*a = ipaddr_v6(sa->in6.sin6_addr.s6_addr);
		*port = ntohs(sa->in6.sin6_port);
		return true;
	default:
		return false;
	}
}
