/* SPDX-License-Identifier: ISC */
#include "source/xsk.h"

#include <errno.h>
#include <stdio.h>

int xsk_open(struct xsk **x, uint32_t ifindex, char *error, size_t size)
{
	(void)x;
	(void)ifindex;
	snprintf(error, size, "AF_XDP was not built in");
	return -ENOTSUP;
}

/* There is none, so nobody calls the others. */
void xsk_close(struct xsk *x)
{
	(void)x;
}

int xsk_fd(const struct xsk *x)
{
	(void)x;
	return -1;
}

struct kwire *xsk_answers(const struct xsk *x)
{
	(void)x;
	return NULL;
}

int xsk_read(struct xsk *x, int max, source_packet *see, void *context)
{
	(void)x;
	(void)max;
	(void)see;
	(void)context;
	return 0;
}

int xsk_send(struct xsk *x, const uint8_t *frame, size_t len)
{
	(void)x;
	(void)frame;
	(void)len;
	return -ENOTSUP;
}

uint64_t xsk_drops(const struct xsk *x)
{
	(void)x;
	return 0;
}
