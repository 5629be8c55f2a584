/* SPDX-License-Identifier: ISC */
#include "firewall/nftlink.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf/filter.h"
#include "clock.h"

int nftlink_explain(struct why *why, int error, const char *what,
		    const char *detail)
{
	switch (error) {
	case -EPERM:
		return why_set(why, error, "%s: the kernel does not let us "
			       "change its rules: run as root or with "
			       "CAP_NET_ADMIN", what);
	case -EPROTONOSUPPORT:
	case -EAFNOSUPPORT:
	case -EOPNOTSUPP:
		return why_set(why, error, "%s: this kernel has no nf_tables: "
			       "load its module or use another kernel", what);
	case -ENOENT:
		return why_set(why, error, "%s: not there: somebody else "
			       "flushed or deleted it", what);
	case -ENFILE:
		return why_set(why, -ENOSPC, "%s: the set is full", what);
	case -ETIMEDOUT:
		return why_set(why, error, "%s: no answer from the kernel "
			       "within %d ms", what, NFTLINK_WAIT_MS);
	default:
		return why_set(why, error, "%s: %s%s%s", what,
			       strerror(-error), detail[0] ? ": " : "", detail);
	}
}

/* ---- the kernel's end */

static ssize_t kernel_send(int fd, const void *p, size_t len)
{
	ssize_t n = send(fd, p, len, 0);

	return n < 0 ? -errno : n;
}

static ssize_t kernel_recv(int fd, void *p, size_t size,
			   struct nftlink_from *from)
{
	struct sockaddr_nl sa = { 0 };
	struct iovec iov = { p, size };
	struct msghdr msg = {
		.msg_name = &sa, .msg_namelen = sizeof(sa),
		.msg_iov = &iov, .msg_iovlen = 1,
	};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	from->port = sa.nl_pid;
	from->cut = msg.msg_flags & MSG_TRUNC;
	return n;
}

static int kernel_wait(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = poll(&p, 1, ms);

	return n < 0 ? -errno : n;
}

static const struct nftlink_io kernel_io = {
	kernel_send, kernel_recv, kernel_wait,
};

static int configure(int fd, unsigned int group, uint32_t *port)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(sa);
	/* A full batch may draw an answer of about 1 KiB for each deletion. */
	int on = 1, room = 1024 * 1024;

	/* Best effort: older kernels answer longer, or with fewer words. */
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	if (group != 0 && setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
				     &group, sizeof(group)) < 0)
		return -errno;
	*port = sa.nl_pid;
	return 0;
}

int nftlink_open(struct nftlink *l, unsigned int group, struct why *why)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int error = fd < 0 ? -errno : configure(fd, group, &l->port);

	if (error) {
		if (fd >= 0)
			close(fd);
		return nftlink_explain(why, error, "netfilter socket", "");
	}
	l->io = &kernel_io;
	l->fd = fd;
	l->seq = (uint32_t)clock_boot();
	return 0;
}

void nftlink_close(struct nftlink *l)
{
	close(l->fd);
}

void nftlink_deafen(struct nftlink *l, uint32_t port)
{
	struct sock_filter program[FILTER_TRIPWIRE];
	const struct sock_fprog prog = { FILTER_TRIPWIRE, program };

	filter_tripwire(port, program);
	(void)setsockopt(l->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			 sizeof(prog));
}

uint64_t nftlink_deadline(void)
{
	return clock_boot() + NFTLINK_WAIT_MS * CLOCK_MS;
}

struct nlmsghdr *nftlink_put(struct nftlink *l, size_t at, uint16_t type,
			     uint16_t flags, uint8_t family, uint16_t res_id)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(l->out + at);
	struct nfgenmsg *g;

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++l->seq;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	g->res_id = htobe16(res_id);
	return h;
}

int nftlink_send(struct nftlink *l, size_t len, uint64_t until)
{
	ssize_t n;

	/* What shrinks: the time left. */
	do
		n = l->io->send(l->fd, l->out, len);
	while (n == -EINTR && clock_boot() < until);
	return n < 0 ? (int)n : 0;
}

int nftlink_recv(struct nftlink *l, uint64_t until)
{
	/* What shrinks: the time left. */
	for (;;) {
		struct nftlink_from from = { 0 };
		ssize_t n = l->io->recv(l->fd, l->in, sizeof(l->in), &from);

		if (n >= 0)
			return from.port == 0 && !from.cut ? (int)n : 0;
		if (n != -EAGAIN && n != -EINTR)
			return (int)n;

		uint64_t now = clock_boot();

		if (now >= until)
			return -ETIMEDOUT;
		if (n == -EINTR)
			continue;

		int ready = l->io->wait(l->fd,
					(int)((until - now) / CLOCK_MS) + 1);

		if (ready < 0 && ready != -EINTR)
			return ready;
	}
}

void nftlink_detail(const struct nlmsghdr *h,
		    char detail[static NFTLINK_DETAIL])
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	size_t at = sizeof(*e), len = mnl_nlmsg_get_payload_len(h);

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(h->nlmsg_flags & NLM_F_CAPPED)) {
		if (e->msg.nlmsg_len < sizeof(e->msg) || e->msg.nlmsg_len > len)
			return;
		at += e->msg.nlmsg_len - sizeof(e->msg);
		at = (at + 3) & ~(size_t)3;
	}
	if (at > len)
		return;

	const struct nlattr *a = mnl_nlmsg_get_payload_offset(h, at);

	for (; mnl_attr_ok(a, (int)len - (int)((const char *)a - (const char *)e));
	     a = mnl_attr_next(a))
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG)
			snprintf(detail, NFTLINK_DETAIL, "%.*s",
				 (int)mnl_attr_get_payload_len(a),
				 mnl_attr_get_str(a));
}
