/* SPDX-License-Identifier: ISC */
#include "os/routemsg_bsd.h"

#include <errno.h>
#include <net/if_dl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "os/netinfo.h"

enum {
	TRIES = 5,		/* of a dump that grew meanwhile */
	MESSAGE_MAX = 2048,
	ANSWERS = 64,		/* messages of others before ours */
	WAIT_US = 200000,
#ifdef __APPLE__
	WORD = sizeof(uint32_t),
#else
	WORD = sizeof(long),
#endif
};

bool routemsg_read(const uint8_t *p, size_t len, struct routemsg *m)
{
	/* msglen, version and type are the same in every head. */
	const struct rt_msghdr *h = (const void *)p;

	if (len < 4 || h->rtm_msglen < 4 || h->rtm_msglen > len ||
	    h->rtm_version != RTM_VERSION)
		return false;
	*m = (struct routemsg){ h, h->rtm_msglen };
	return true;
}

static size_t padded(size_t len)
{
	return len == 0 ? WORD : (len + WORD - 1) & ~(size_t)(WORD - 1);
}

bool routemsg_addresses(const struct routemsg *m, size_t head, int mask,
			struct routemsg_addresses *a)
{
	const uint8_t *p = (const void *)m->h;
	size_t at = head;

	memset(a, 0, sizeof(*a));
	if (head > m->len)
		return false;
	for (int i = 0; i < RTAX_MAX; i++) {
		const struct sockaddr *sa = (const void *)(p + at);

		if ((mask & 1 << i) == 0)
			continue;
		/* The last one is not always padded. */
		if (at >= m->len || sa->sa_len > m->len - at)
			return false;
		a->at[i] = sa;
		at += padded(sa->sa_len);
	}
	return true;
}

bool routemsg_address(const struct sockaddr *sa, struct ipaddr *a)
{
	const size_t v4 = offsetof(struct sockaddr_in, sin_addr);
	const size_t v6 = offsetof(struct sockaddr_in6, sin6_addr);
	const uint8_t *p = (const void *)sa;

	if (sa == NULL)
		return false;
	if (sa->sa_family == AF_INET && sa->sa_len >= v4 + 4) {
		*a = ipaddr_v4(p + v4);
		return true;
	}
	if (sa->sa_family != AF_INET6 || sa->sa_len < v6 + 16)
		return false;
	*a = ipaddr_v6(p + v6);
	if (ipaddr_class(a) == IPCLASS_LINKLOCAL)
		a->b[2] = a->b[3] = 0;
	return true;
}

/* Octets of a mask that are not there are 0; its family is often none. */
static uint8_t mask_bits(const struct sockaddr *mask, size_t skip, size_t max)
{
	const uint8_t *p = (const void *)mask;
	uint8_t bits = 0;

	for (size_t i = 0; i < max && skip + i < mask->sa_len; i++)
		for (uint8_t b = p[skip + i]; (b & 0x80) != 0;
		     b = (uint8_t)(b << 1))
			bits++;
	return bits;
}

bool routemsg_net(const struct sockaddr *dst, const struct sockaddr *mask,
		  struct ipnet *net)
{
	bool v4;

	if (!routemsg_address(dst, &net->addr))
		return false;
	v4 = dst->sa_family == AF_INET;
	if (mask == NULL)
		net->bits = 128;
	else if (v4)
		net->bits = (uint8_t)(96 + mask_bits(mask, offsetof(
				struct sockaddr_in, sin_addr), 4));
	else
		net->bits = mask_bits(mask, offsetof(struct sockaddr_in6,
						     sin6_addr), 16);
	netinfo_mask(net);
	return true;
}

bool routemsg_mac(const struct sockaddr *sa, uint8_t mac[static 6])
{
	const size_t fixed = offsetof(struct sockaddr_dl, sdl_data);
	const struct sockaddr_dl *dl = (const void *)sa;

	if (sa == NULL || sa->sa_family != AF_LINK || sa->sa_len < fixed ||
	    dl->sdl_alen != 6 || sa->sa_len < fixed + dl->sdl_nlen + 6u)
		return false;
	memcpy(mac, dl->sdl_data + dl->sdl_nlen, 6);
	return true;
}

/* --- dumps --- */

/* *out is the caller's to free. */
static int fetch(int family, int what, int argument, uint8_t **out,
		 size_t *len)
{
	int mib[] = { CTL_NET, PF_ROUTE, 0, family, what, argument };
	int error = 0;

	*out = NULL;
	for (int i = 0; i < TRIES; i++) {
		size_t size = 0;

		free(*out);
		*out = NULL;
		if (sysctl(mib, NITEMS(mib), NULL, &size, NULL, 0) < 0)
			return -errno;
		size += size / 4 + MESSAGE_MAX;
		*out = malloc(size);
		if (*out == NULL)
			return -ENOMEM;
		*len = size;
		if (sysctl(mib, NITEMS(mib), *out, len, NULL, 0) == 0)
			return 0;
		error = -errno;
		if (error != -ENOMEM)
			break;
	}
	free(*out);
	*out = NULL;
	return error;
}

int routemsg_dump(int family, int what, int argument,
		  void (*each)(const struct routemsg *m, void *data),
		  void *data)
{
	struct routemsg m;
	uint8_t *p;
	size_t len, at = 0;
	int error = fetch(family, what, argument, &p, &len);

	if (error < 0)
		return error;
	/* Each turn moves on by 4 at least. */
	while (at < len && routemsg_read(p + at, len - at, &m)) {
		each(&m, data);
		at += m.len;
	}
	free(p);
	return 0;
}

/* --- questions --- */

static size_t put_address(uint8_t *at, const struct ipaddr *a)
{
	if (ipaddr_is_v4(a)) {
		struct sockaddr_in sa = {
			.sin_len = sizeof(sa), .sin_family = AF_INET,
		};

		memcpy(&sa.sin_addr, a->b + 12, 4);
		memcpy(at, &sa, sizeof(sa));
		return padded(sizeof(sa));
	}
	struct sockaddr_in6 sa = {
		.sin6_len = sizeof(sa), .sin6_family = AF_INET6,
	};

	memcpy(&sa.sin6_addr, a->b, 16);
	memcpy(at, &sa, sizeof(sa));
	return padded(sizeof(sa));
}

static size_t put_link(uint8_t *at, unsigned int ifindex)
{
	struct sockaddr_dl dl = {
		.sdl_len = sizeof(dl), .sdl_family = AF_LINK,
		.sdl_index = (unsigned short)ifindex,
	};

	memcpy(at, &dl, sizeof(dl));
	return padded(sizeof(dl));
}

static size_t compose(const struct routemsg_order *o, int number,
		      uint8_t buf[static MESSAGE_MAX])
{
	struct rt_msghdr h = {
		.rtm_version = RTM_VERSION,
		.rtm_type = (unsigned char)o->type,
		.rtm_flags = o->flags, .rtm_index = (unsigned short)o->ifindex,
		.rtm_seq = number, .rtm_addrs = RTA_DST,
	};
	size_t at = sizeof(h);

	at += put_address(buf + at, &o->dst);
	if (o->link) {
		h.rtm_addrs |= RTA_GATEWAY;
		at += put_link(buf + at, o->ifindex);
	} else {	/* whose interface it is, is to be told */
		h.rtm_addrs |= RTA_IFP;
		at += put_link(buf + at, 0);
	}
	h.rtm_msglen = (unsigned short)at;
	memcpy(buf, &h, sizeof(h));
	return at;
}

/* The socket hears what everybody is told. */
static int await_answer(int fd, int number,
			void (*answer)(const struct routemsg *m, void *data),
			void *data)
{
	_Alignas(struct rt_msghdr) uint8_t buf[MESSAGE_MAX];
	struct routemsg m;

	for (int i = 0; i < ANSWERS; i++) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (n < 0)
			return -errno;
		if (!routemsg_read(buf, (size_t)n, &m) ||
		    m.len < sizeof(*m.h) || m.h->rtm_seq != number ||
		    m.h->rtm_pid != getpid())
			continue;
		if (m.h->rtm_errno != 0)
			return -m.h->rtm_errno;
		if (answer != NULL)
			answer(&m, data);
		return 0;
	}
	return -ETIMEDOUT;
}

int routemsg_ask(const struct routemsg_order *o,
		 void (*answer)(const struct routemsg *m, void *data),
		 void *data)
{
	static const struct timeval wait = { 0, WAIT_US };
	static int number;
	_Alignas(struct rt_msghdr) uint8_t buf[MESSAGE_MAX] = { 0 };
	int fd = socket(PF_ROUTE, SOCK_RAW, AF_UNSPEC), error;
	size_t len;

	if (fd < 0)
		return -errno;
	len = compose(o, ++number, buf);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
	    write(fd, buf, len) != (ssize_t)len)
		error = -errno;
	else
		error = await_answer(fd, number, answer, data);
	close(fd);
	return error;
}
