/* SPDX-License-Identifier: ISC */
/*
 * Built without libsystemd: nmbus_open() refuses, so the others are never
 * called.
 */
#include <errno.h>

#include "hostdns/nmbus.h"

int nmbus_open(struct nmbus **b, struct why *why)
{
	(void)b;
	return why_set(why, -EOPNOTSUPP, "hostdns = networkmanager: this "
		       "build is without libsystemd; use auto, file or none");
}

void nmbus_close(struct nmbus *b)
{
	(void)b;
}

int nmbus_begin(struct nmbus *b, struct why *why)
{
	return nmbus_open(&b, why);
}

int nmbus_read(struct nmbus *b, json_t **now, struct why *why)
{
	(void)now;
	return nmbus_open(&b, why);
}

int nmbus_set_global(struct nmbus *b, json_t *global, struct why *why)
{
	(void)global;
	return nmbus_open(&b, why);
}

int nmbus_write_anew(struct nmbus *b, struct why *why)
{
	return nmbus_open(&b, why);
}
