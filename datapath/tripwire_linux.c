/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * Generations count the transactions of a network namespace, ours included.
 * A foreign generation that was seen is covered once control has verified
 * that one or a later one.
 *
 * Announcements can be lost: the queue is short, and while it is congested
 * the kernel drops without a further word, until it has been read empty. Their
 * generations are unknown. So after a loss nothing is quiet until control has
 * surely begun a verification later than the loss. Control publishes each
 * verification before it begins the next, with a count that makes its value
 * a new one. Take the value of a call that begins after the queue was
 * emptied: the first other value may stem from a verification begun before
 * the loss, the second cannot. unsure counts these three steps. Every grant
 * makes control verify, within a second, so this costs a few hand-overs.
 *
 * A message that cannot be understood counts as a lost one.
 */
#include "tripwire.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/filter.h"
#include "slice.h"

enum {
	MESSAGE_MAX = 1024,	/* an announcement has about 60 octets */
	DRAIN_MAX = 64,		/* a flood must not keep us here */
	RECEIVE_BUFFER = 16384,	/* octets; room for some ten */
	STEPS = 3,

	/* linux/netlink.h has them as ints of either sign. */
	HEADER = sizeof(struct nlmsghdr),
	ATTRIBUTE = sizeof(struct nlattr),
	ATTRIBUTE_TYPE = 0x3fff,	/* NLA_TYPE_MASK */
};

enum drain { DRAIN_EMPTY, DRAIN_MORE, DRAIN_LOST };

/* Both kinds of netlink lengths are padded to 4, the last one perhaps not. */
static size_t step(struct slice s, size_t off, size_t len)
{
	size_t padded = (len + 3) & ~(size_t)3;

	return slice_has(s, off, padded) ? off + padded : s.len;
}

/* The attribute NFTA_GEN_ID of an announcement. */
static bool read_generation(struct slice m, uint32_t *generation)
{
	size_t off = HEADER + sizeof(struct nfgenmsg);

	/* Each turn moves off by 4 at least. */
	while (slice_has(m, off, ATTRIBUTE)) {
		size_t len = slice_host16(m, off);
		unsigned int type = slice_host16(m, off + 2) & ATTRIBUTE_TYPE;

		if (len < ATTRIBUTE || !slice_has(m, off, len))
			return false;
		if (type == NFTA_GEN_ID) {
			if (len != ATTRIBUTE + 4)
				return false;
			*generation = slice_be32(m, off + ATTRIBUTE);
			return true;
		}
		off = step(m, off, len);
	}
	return false;
}

/* One message, header included. The filter's tests are made again. */
static bool read_message(struct tripwire *t, struct slice m)
{
	uint16_t type = slice_host16(m, offsetof(struct nlmsghdr, nlmsg_type));
	uint32_t pid = slice_host32(m, offsetof(struct nlmsghdr, nlmsg_pid));
	uint32_t generation;

	if (type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN) ||
	    pid == t->portid)
		return true;
	if (!read_generation(m, &generation))
		return false;
	t->foreign = true;
	t->seen = generation;
	return true;
}

/* False if some of the datagram could not be understood. */
static bool read_datagram(struct tripwire *t, struct slice d)
{
	size_t off = 0;

	/* Each turn moves off by 16 at least. */
	while (off < d.len) {
		size_t len;

		if (!slice_has(d, off, HEADER))
			return false;
		len = slice_host32(d, off);
		if (len < HEADER || !slice_has(d, off, len) ||
		    !read_message(t, slice_sub(d, off, len)))
			return false;
		off = step(d, off, len);
	}
	return true;
}

static enum drain drain(struct tripwire *t)
{
	uint8_t buf[MESSAGE_MAX];
	bool lost = false;

	for (int i = 0; i < DRAIN_MAX; i++) {
		ssize_t n = recv(t->fd, buf, sizeof(buf),
				 MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && errno == EAGAIN)
			return lost ? DRAIN_LOST : DRAIN_EMPTY;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || (size_t)n > sizeof(buf) ||
		    !read_datagram(t, (struct slice){ buf, (size_t)n }))
			lost = true;
	}
	return lost ? DRAIN_LOST : DRAIN_MORE;
}

/* Is control's verification later than what was lost? */
static bool sure_again(struct tripwire *t, uint64_t verified)
{
	if (t->unsure == STEPS ||
	    (t->unsure > 0 && verified != t->at)) {
		t->unsure--;
		t->at = verified;
	}
	return t->unsure == 0;
}

bool tripwire_quiet(struct tripwire *t, uint64_t verified)
{
	if (t->fd < 0)
		return true;
	switch (drain(t)) {
	case DRAIN_EMPTY:
		break;
	case DRAIN_MORE:
		return false;
	case DRAIN_LOST:
		t->unsure = STEPS;
		return false;
	}
	if (!sure_again(t, verified))
		return false;
	return !t->foreign || (int32_t)((uint32_t)verified - t->seen) >= 0;
}

static int attach(int fd, uint32_t portid)
{
	struct sock_filter program[FILTER_TRIPWIRE];
	const struct sock_fprog prog = { FILTER_TRIPWIRE, program };

	filter_tripwire(portid, program);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog));
}

/*
 * The filter comes first: nothing unfiltered is ever queued. An unbound
 * socket has port id 0, which announcements leave out.
 */
static int set_up(int fd, uint32_t portid)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	const int group = NFNLGRP_NFTABLES, size = RECEIVE_BUFFER;

	if (attach(fd, portid) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0 ||
	    bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
		       sizeof(group)) < 0)
		return -errno;
	return 0;
}

int tripwire_open(struct tripwire *t, uint32_t portid)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			NETLINK_NETFILTER);
	int error;

	if (fd < 0)
		return -errno;
	error = set_up(fd, portid);
	if (error < 0) {
		close(fd);
		return error;
	}
	*t = (struct tripwire){ .fd = fd, .portid = portid };
	return 0;
}

void tripwire_close(struct tripwire *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}
