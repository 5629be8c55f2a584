/* SPDX-License-Identifier: ISC */
/*
 * pfnv.h - FreeBSD's request to kill states, as the octets of an nvlist
 *
 * The kernel takes it so in all releases from 13 on; the struct form is gone
 * in 15. Packed as sys/contrib/libnv/bsd_nvlist.c packs it.
 */
#ifndef PFNV_H
#define PFNV_H

#include <stddef.h>
#include <stdint.h>

#include "compat.h"

#define PFNV_KILLSTATES 0xc0184429ul	/* DIOCKILLSTATESNV */

struct pfnv_io {			/* pfioc_nv */
	void *data;
	size_t len;			/* of what is in it */
	size_t size;			/* ... and what may come back */
};

struct pfnv_kill {
	uint8_t af;			/* 0: both */
	uint8_t src[16], src_mask[16];
	uint8_t dst[16], dst_mask[16];
};

enum { PFNV_MAX = 2048 };		/* the request has about 1,200 */

/* Its length. */
size_t pfnv_kill(const struct pfnv_kill *k, uint8_t out[static PFNV_MAX]);
/* How many states the kernel says it has killed; -EBADMSG. */
NODISCARD int pfnv_killed(const uint8_t *p, size_t len);

#endif /* PFNV_H */
