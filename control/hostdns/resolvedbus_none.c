/* SPDX-License-Identifier: ISC */
/*
 * Built without libsystemd: resolvedbus_open() refuses, so the others are
 * never called.
 */
#include <errno.h>

#include "hostdns/resolvedbus.h"

int resolvedbus_open(struct resolvedbus **b, struct why *why)
{
	(void)b;
	return why_set(why, -EOPNOTSUPP, "hostdns = resolved: this build is "
		       "without libsystemd; use auto, file or none");
}

void resolvedbus_close(struct resolvedbus *b)
{
	(void)b;
}

int resolvedbus_begin(struct resolvedbus *b, struct why *why)
{
	return resolvedbus_open(&b, why);
}

unsigned int resolvedbus_generation(const struct resolvedbus *b)
{
	(void)b;
	return 0;
}

int resolvedbus_links(struct resolvedbus *b, json_t **links, struct why *why)
{
	(void)links;
	return resolvedbus_open(&b, why);
}

int resolvedbus_set(struct resolvedbus *b, const json_t *link,
		    const char *key, struct why *why)
{
	(void)link;
	(void)key;
	return resolvedbus_open(&b, why);
}

int resolvedbus_flush(struct resolvedbus *b, struct why *why)
{
	return resolvedbus_open(&b, why);
}
