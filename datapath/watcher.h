/* SPDX-License-Identifier: ISC */
/*
 * watcher.h - the ledger process: sees what leaves, and writes it down
 *
 * A child of control, like the datapath: it starts as root, opens its capture,
 * gives everything up, and only then reads its first packet. It ends when
 * control is gone.
 */
#ifndef WATCHER_H
#define WATCHER_H

#include <limits.h>
#include <stdint.h>

#include "compat.h"

/* Descriptors that control hands over, by number. */
enum {
	WATCHER_CHANNEL = 3,	/* setup, report; then an octet
				 * asks for a kick; EOF = the end */
	WATCHER_CONTROL,	/* the parts of a book */
	WATCHER_ENTRIES,
	WATCHER_KICK,		/* there is a new flow, or it lives */
	WATCHER_FDS
};

enum {
	WATCHER_WHY = 256,
	/* DNS, its longest name, IPv6 with some extensions. */
	WATCHER_SNAPLEN = 512,
	/* A tenth of a second of 100,000 packets that short, octets. */
	WATCHER_RING = 2 << 20,
	WATCHER_BLOCK_MS = 50,	/* how long a packet waits for company */
};

/* Control's first message. */
struct watcher_setup {
	uint32_t size;		/* sizeof(struct watcher_setup): same build */
	int32_t parent;		/* control's pid */
	uint32_t uid, gid;
	uint16_t dns_port;
	char root[PATH_MAX + 8];	/* an empty directory to chroot into */
};

/* The ledger's first and only message. */
struct watcher_report {
	int32_t error;		/* 0: ready */
	char step[32];
	char note[WATCHER_WHY];	/* a sentence, if there is one */
};

/* The whole life of a ledger process; the exit status. */
int watcher_main(void);

#endif /* WATCHER_H */
