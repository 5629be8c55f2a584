/* SPDX-License-Identifier: ISC */
/*
 * xsk.h - answers to our questions straight from a link's driver: AF_XDP
 *
 * A program on the link (bpf/wire.bpf.c) hands such packets to us instead of
 * to the kernel; the others it lets pass. What we send goes out the same way.
 * All is taken away from the link when this process ends.
 */
#ifndef XSK_H
#define XSK_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/kwire.h"
#include "compat.h"
#include "source/source_pcap.h"

struct xsk;

/*
 * As root; an Ethernet link that is up or not. -ENOTSUP and a sentence: not
 * built in, or not with this driver or kernel, or somebody else's program is
 * there. Nothing is left behind then.
 */
NODISCARD int xsk_open(struct xsk **x, uint32_t ifindex, char *error,
		       size_t size);
void xsk_close(struct xsk *x);
/* Readable when a packet is there. */
int xsk_fd(const struct xsk *x);

/* What the program compares with; ours to write at any time. */
struct kwire *xsk_answers(const struct xsk *x);

/* Hands over at most max packets of LINK_ETHERNET, as they lie in the ring,
 * and says how many; never waits. time is 0: the driver has none. */
int xsk_read(struct xsk *x, int max, source_packet *see, void *context);
/* A whole frame. -ENOBUFS: the ring is full. */
NODISCARD int xsk_send(struct xsk *x, const uint8_t *frame, size_t len);
/* Packets there was no room for, since the start. */
uint64_t xsk_drops(const struct xsk *x);

#endif /* XSK_H */
