/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/onecpu.h"

static pid_t peer;

static void init(void)
{
	peer = fork();
	if (peer == 0)
		for (;;)
			pause();
	cr_assert_gt(peer, 0);
}

static void fini(void)
{
	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
}

TestSuite(onecpu, .init = init, .fini = fini);

static cpu_set_t where(pid_t pid)
{
	cpu_set_t set;

	cr_assert_eq(sched_getaffinity(pid, sizeof(set), &set), 0);
	return set;
}

static bool same(pid_t pid, const cpu_set_t *want)
{
	cpu_set_t is = where(pid);

	return CPU_EQUAL(&is, want);
}

Test(onecpu, both_and_then_wherever)
{
	const cpu_set_t was = where(0);
	const pid_t others[] = { peer, 0, -1 };
	struct onecpu o = { .on = false };
	cpu_set_t one;

	onecpu_begin(&o, peer);
	one = where(0);
	cr_expect_eq(CPU_COUNT(&one), 1);
	cr_expect(same(peer, &one));
	onecpu_begin(&o, peer);
	one = where(0);
	cr_expect_eq(CPU_COUNT(&one), 1, "again");
	onecpu_end(&o, others, 3);
	cr_expect(same(0, &was), "not the one of the second time");
	cr_expect(same(peer, &was));
}

Test(onecpu, no_peer)
{
	const cpu_set_t was = where(0);
	struct onecpu o = { .on = false };

	onecpu_begin(&o, 0);
	onecpu_begin(&o, 0x7ffffffe);
	cr_expect_not(o.on);
	cr_expect(same(0, &was), "alone it serves nothing");
	onecpu_end(&o, &peer, 1);
	cr_expect(same(peer, &was));
}
