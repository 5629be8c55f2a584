/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>

#include "os/netinfo.h"
#include "os/rtnetlink.h"

enum {
	BATCH = 256,	/* sockets ended between two looks */
	LOOKS = 64,	/* a program that connects anew for ever ends here */
};

/* What can still carry octets; the kernel does not end the others. */
enum {
	STATES = 1 << TCP_ESTABLISHED | 1 << TCP_SYN_SENT | 1 << TCP_SYN_RECV |
		 1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2 |
		 1 << TCP_CLOSE_WAIT | 1 << TCP_LAST_ACK | 1 << TCP_CLOSING,
};

struct found {
	unsigned char family;
	struct inet_diag_sockid id;
};

struct look {
	const struct ipaddr *a;
	unsigned int n;
	unsigned int n_found;
	struct found found[BATCH];
};

static int on_socket(const struct nlmsghdr *h, void *data)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);
	struct look *look = data;
	struct ipaddr remote;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return MNL_CB_OK;
	/* A v4-mapped remote of an IPv6 socket has the form we hold. */
	remote = m->idiag_family == AF_INET ?
		 ipaddr_v4((const uint8_t *)m->id.idiag_dst) :
		 ipaddr_v6((const uint8_t *)m->id.idiag_dst);
	for (unsigned int i = 0; i < look->n; i++)
		if (ipaddr_equal(&look->a[i], &remote) &&
		    look->n_found < BATCH)
			look->found[look->n_found++] = (struct found){
				m->idiag_family, m->id };
	return MNL_CB_OK;
}

/* Sends one request and reads to the end of its answer. */
static int ask(struct mnl_socket *s, uint16_t type, uint16_t flags,
	       const struct inet_diag_req_v2 *request, struct look *look)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = 1;
	memcpy(mnl_nlmsg_put_extra_header(h, sizeof(*request)), request,
	       sizeof(*request));
	if (mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
		return -errno;
	return rtnetlink_receive(s, on_socket, look);
}

static int find(struct mnl_socket *s, unsigned char family, struct look *look)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = family, .sdiag_protocol = IPPROTO_TCP,
		.idiag_states = STATES,
	};
	int error = ask(s, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, look);

	/* Of a table that changes meanwhile we have what there was. */
	return error == -EINTR ? 0 : error;
}

/* 1: ended; 0: it was gone already. */
static int end(struct mnl_socket *s, const struct found *f)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = f->family, .sdiag_protocol = IPPROTO_TCP,
		.idiag_states = STATES, .id = f->id,
	};
	int error = ask(s, SOCK_DESTROY, NLM_F_ACK, &request, NULL);

	if (error == -ENOENT)
		return 0;
	return error == 0 ? 1 : error;
}

static int end_found(struct mnl_socket *s, struct look *look)
{
	int ended = 0;

	for (unsigned int i = 0; i < look->n_found; i++) {
		int result = end(s, &look->found[i]);

		if (result < 0)
			return result;
		ended += result;
	}
	return ended;
}

/* Looks again only while a look was full. */
static int end_all(struct mnl_socket *s, unsigned char family,
		   const struct ipaddr *a, unsigned int n)
{
	int ended = 0;

	for (int i = 0; i < LOOKS; i++) {
		struct look look = { .a = a, .n = n };
		int result = find(s, family, &look);

		if (result == 0)
			result = end_found(s, &look);
		if (result < 0)
			return result;
		ended += result;
		if (look.n_found < BATCH || result == 0)
			break;
	}
	return ended;
}

int sockkill(const struct ipaddr *a, unsigned int n)
{
	struct mnl_socket *s;
	int v4, v6;

	if (n == 0)
		return 0;
	s = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (s == NULL)
		return -errno;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		v4 = -errno;
		mnl_socket_close(s);
		return v4;
	}
	v4 = end_all(s, AF_INET, a, n);
	v6 = end_all(s, AF_INET6, a, n);
	mnl_socket_close(s);
	return v4 < 0 ? v4 : v6 < 0 ? v6 : v4 + v6;
}
