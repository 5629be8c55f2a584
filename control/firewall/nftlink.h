/* SPDX-License-Identifier: ISC */
/*
 * nftlink.h - a netlink socket to nf_tables
 *
 * One message or batch out, its answers in; nothing is allocated. Whoever
 * sends next may overwrite `out`, whoever receives next `in`.
 */
#ifndef NFTLINK_H
#define NFTLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compat.h"
#include "why.h"

struct nlmsghdr;

enum {
	/* ACK_DEADLINE_MS is for the whole way; this leaves 20 ms of it. */
	NFTLINK_WAIT_MS = 80,
	/* FW_BATCH deletions of 268 octets and additions of 40 each. */
	NFTLINK_OUT = 96 * 1024,
	/* The kernel fills dumps up to this (netlink_dump). */
	NFTLINK_IN = 32 * 1024,
	NFTLINK_DETAIL = 128,
};

/* What a datagram was like, beside its bytes. */
struct nftlink_from {
	uint32_t port;		/* sender; 0 is the kernel */
	bool cut;		/* it was longer than the buffer */
};

/* The way to the kernel; another one in tests. Each: -errno, or as said. */
struct nftlink_io {
	ssize_t (*send)(int fd, const void *p, size_t len);
	/* Does not wait: -EAGAIN. */
	ssize_t (*recv)(int fd, void *p, size_t size,
			struct nftlink_from *from);
	/* Until readable; 0 when ms have passed. */
	int (*wait)(int fd, int ms);
};

struct nftlink {
	const struct nftlink_io *io;
	int fd;
	uint32_t port;		/* ours: the kernel's answers carry it */
	uint32_t seq;		/* of the last message made; runs free */
	_Alignas(8) uint8_t out[NFTLINK_OUT];
	_Alignas(8) uint8_t in[NFTLINK_IN];
};

/* group: NFNLGRP_* to listen to, 0 for none. */
NODISCARD int nftlink_open(struct nftlink *l, unsigned int group,
			   struct why *why);
void nftlink_close(struct nftlink *l);

/* Of one that listens to NFNLGRP_NFTABLES: hears nothing but generations, and
 * none that the socket with this port made. Best effort. */
void nftlink_deafen(struct nftlink *l, uint32_t port);

/* The end of a wait that begins now. */
uint64_t nftlink_deadline(void);

/* Begins a message at out + at; attributes follow, then nlmsg_len is its. */
struct nlmsghdr *nftlink_put(struct nftlink *l, size_t at, uint16_t type,
			     uint16_t flags, uint8_t family, uint16_t res_id);

/* until: boot time, ns, here and below. */
NODISCARD int nftlink_send(struct nftlink *l, size_t len, uint64_t until);

/*
 * One datagram of the kernel's into `in`: its length. 0: not from the kernel,
 * or cut; to be ignored. -ETIMEDOUT.
 */
NODISCARD int nftlink_recv(struct nftlink *l, uint64_t until);

/* The words of an extended acknowledgement; untouched if it has none. */
void nftlink_detail(const struct nlmsghdr *h,
		    char detail[static NFTLINK_DETAIL]);

/* Says error of `what` for people; detail may be "". Returns the error. */
int nftlink_explain(struct why *why, int error, const char *what,
		    const char *detail);

#endif /* NFTLINK_H */
