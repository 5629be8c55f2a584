/* SPDX-License-Identifier: ISC */
#include "os/nmwatch.h"

#include <errno.h>
#include <stddef.h>

int nmwatch_open(struct nmwatch **w, struct why *why)
{
	(void)w;
	return why_set(why, -ENOTSUP, "built without libsystemd");
}

void nmwatch_close(struct nmwatch *w)
{
	(void)w;
}

int nmwatch_fd(const struct nmwatch *w)
{
	(void)w;
	return -1;
}

int nmwatch_poll(const struct nmwatch *w)
{
	(void)w;
	return -ENOTSUP;
}

uint64_t nmwatch_until(const struct nmwatch *w)
{
	(void)w;
	return UINT64_MAX;
}

int nmwatch_next(struct nmwatch *w, struct why *why)
{
	return nmwatch_open(&w, why);
}

const struct nmwatch_state *nmwatch_state(const struct nmwatch *w)
{
	(void)w;
	return NULL;
}
