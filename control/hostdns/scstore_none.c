/* SPDX-License-Identifier: ISC */
/*
 * Not macOS: scstore_open() refuses, so the others are never called.
 */
#include <errno.h>

#include "hostdns/scstore.h"

int scstore_open(struct scstore **s, struct why *why)
{
	(void)s;
	return why_set(why, -EOPNOTSUPP, "hostdns = systemconfiguration: this "
		       "is not macOS; use auto");
}

void scstore_close(struct scstore *s)
{
	(void)s;
}

int scstore_fd(const struct scstore *s)
{
	(void)s;
	return -1;
}

void scstore_drain(struct scstore *s)
{
	(void)s;
}

void scstore_wake(struct scstore *s)
{
	(void)s;
}

int scstore_read(struct scstore *s, json_t **all, struct why *why)
{
	(void)all;
	return scstore_open(&s, why);
}

int scstore_write(struct scstore *s, const json_t *set, const json_t *gone,
		  struct why *why)
{
	(void)set;
	(void)gone;
	return scstore_open(&s, why);
}
