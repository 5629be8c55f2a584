/* SPDX-License-Identifier: ISC */
/*
 * uapi.h - asking a WireGuard device that is a program, not the kernel
 *
 * wireguard-go and its kin listen at /var/run/wireguard/INTERFACE.sock
 * (https://www.wireguard.com/xplatform/): "get=1" and a blank line are
 * answered with KEY=VALUE lines, an errno and a blank line. Whatever comes is
 * taken for hostile: only a listener of root's is asked, and no more is read,
 * or kept, than fits. Private keys are in it: they are wiped, not kept.
 */
#ifndef UAPI_H
#define UAPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat.h"
#include "wgdevice.h"

enum {
	UAPI_LINE = 128,	/* the longest: preshared_key and 64 digits */
	UAPI_MAX = 262144,	/* octets of an answer: about 1000 peers */
	UAPI_TIMEOUT_MS = 1000,
};

enum uapi_result { UAPI_MORE, UAPI_DONE, UAPI_BAD };

struct uapi {
	struct wgdevice device;		/* complete when UAPI_DONE */
	size_t total;			/* octets read */
	size_t len;			/* of the line at hand */
	char line[UAPI_LINE];
	uint64_t seconds;		/* of the peer at hand */
	bool answered;			/* errno=0 */
};

/*
 * A connection to it, not blocking, with the question sent. -ENOENT: nobody
 * listens there, so it is no such device; -EPERM: not root's.
 */
NODISCARD int uapi_ask(const char *ifname);

void uapi_init(struct uapi *u);
/* Takes the next octets of the answer, and wipes them. */
NODISCARD enum uapi_result uapi_take(struct uapi *u, char *bytes, size_t n);
void uapi_fini(struct uapi *u);

#endif /* UAPI_H */
