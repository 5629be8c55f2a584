/* SPDX-License-Identifier: ISC */
#include "os/onecpu.h"

#include <sched.h>
#include <string.h>

_Static_assert(sizeof(cpu_set_t) <= sizeof(((struct onecpu *)0)->was),
	       "a bit for each CPU");

static bool place(pid_t pid, const cpu_set_t *cpus)
{
	return sched_setaffinity(pid, sizeof(*cpus), cpus) == 0;
}

void onecpu_begin(struct onecpu *o, pid_t peer)
{
	int cpu = sched_getcpu();
	cpu_set_t was, one;

	if (cpu < 0 || peer <= 0 ||
	    (!o->on && sched_getaffinity(0, sizeof(was), &was) < 0))
		return;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	/* The other one's first: it takes a capability. */
	if (!place(peer, &one))
		return;
	if (!o->on)
		memcpy(o->was, &was, sizeof(was));
	o->on = true;
	(void)place(0, &one);
}

void onecpu_end(struct onecpu *o, const pid_t *pids, unsigned int n)
{
	cpu_set_t was;

	if (!o->on)
		return;
	memcpy(&was, o->was, sizeof(was));
	(void)place(0, &was);
	for (unsigned int i = 0; i < n; i++)
		if (pids[i] > 0)
			(void)place(pids[i], &was);
	o->on = false;
}
