/* SPDX-License-Identifier: ISC */
/*
 * Where a process cannot be told which CPU to run on.
 */
#include "os/onecpu.h"

void onecpu_begin(struct onecpu *o, pid_t peer)
{
	(void)o;
	(void)peer;
}

void onecpu_end(struct onecpu *o, const pid_t *pids, unsigned int n)
{
	(void)o;
	(void)pids;
	(void)n;
}
