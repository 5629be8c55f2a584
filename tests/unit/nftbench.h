/* SPDX-License-Identifier: ISC */
/*
 * nftbench.h - a kernel that keeps the batch it is sent, and says of it what
 * it was told to say
 */
#ifndef NFTBENCH_H
#define NFTBENCH_H

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "firewall/nftlink.h"

enum { PORT = 4711, ANSWERS = 3 };

/* An answer to the at-th message of a batch, BEGIN being the 0th. */
struct answer {
	bool is;
	int at, error;
	bool others;		/* meant for somebody else */
};

static struct {
	struct answer answer[ANSWERS];
	unsigned int next;
	int send_error;
	uint8_t sent[4096];
	size_t len;
} k;

static struct nftlink l;
static struct why why;

static inline ssize_t fake_send(int fd, const void *p, size_t len)
{
	(void)fd;
	cr_assert_leq(len, sizeof(k.sent));
	memcpy(k.sent, p, len);
	k.len = len;
	return k.send_error != 0 ? k.send_error : (ssize_t)len;
}

static inline ssize_t fake_recv(int fd, void *p, size_t size,
				struct nftlink_from *from)
{
	const struct answer *a = &k.answer[k.next];
	struct nlmsghdr h = { 0 }, first;
	struct nlmsgerr e = { 0 };

	(void)fd;
	cr_assert_geq(size, sizeof(h) + sizeof(e));
	if (k.next == ANSWERS || !a->is)
		return -EAGAIN;
	k.next++;
	memcpy(&first, k.sent, sizeof(first));
	h.nlmsg_len = sizeof(h) + sizeof(e);
	h.nlmsg_type = NLMSG_ERROR;
	h.nlmsg_flags = NLM_F_CAPPED;
	h.nlmsg_seq = first.nlmsg_seq + (uint32_t)a->at;
	h.nlmsg_pid = a->others ? PORT + 1 : PORT;
	e.error = a->error;
	memcpy(p, &h, sizeof(h));
	memcpy((char *)p + sizeof(h), &e, sizeof(e));
	from->port = 0;
	from->cut = false;
	return (ssize_t)h.nlmsg_len;
}

static inline int fake_wait(int fd, int ms)
{
	(void)fd;
	(void)ms;
	return -ENOBUFS;	/* instead of NFTLINK_WAIT_MS of silence */
}

static const struct nftlink_io fake = { fake_send, fake_recv, fake_wait };

static inline void begin(void)
{
	memset(&k, 0, sizeof(k));
	l.io = &fake;
	l.port = PORT;
	l.seq = UINT32_MAX - 1;		/* numbers wrap within a batch */
	why.text[0] = '\0';
}

static inline void expect_bytes(const uint8_t *want, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++)
		cr_expect_eq(k.sent[at + i], want[i], "octet %zu: %#x, not %#x",
			     at + i, k.sent[at + i], want[i]);
}

#endif /* NFTBENCH_H */
