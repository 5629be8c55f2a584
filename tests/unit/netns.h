/* SPDX-License-Identifier: ISC */
/*
 * netns.h - a network namespace for one test
 *
 *	near ---veth--- far
 *
 * Both ends lie in it, so no route leads out of it.
 */
#ifndef NETNS_H
#define NETNS_H

#include <criterion/criterion.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compat.h"
#include "shared/ipaddr.h"

static inline void run(const char *fmt, ...) PRINTF(1, 2);

static inline void run(const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	cr_assert_eq(system(command), 0, "%s", command);
}

static inline void private_net(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		cr_skip_test("needs root for a network namespace");
	run("ip link set lo up");
}

static inline void veth(void)
{
	run("ip link add near type veth peer name far");
	run("ip link set near up && ip link set far up");
}

/* An address of the loopback link; of IPv6 ones the kernel makes use a moment
 * after it has shown them. */
static inline void own_address(const char *text)
{
	run("ip addr add %s dev lo", text);
	run("for i in $(seq 500); do "
	    "ip route get %s | grep -q ^local && exit; sleep 0.01; "
	    "done; exit 1", text);
}

static inline struct ipaddr addr(const char *text)
{
	struct ipaddr a = { { 0 } };

	cr_assert(ipaddr_parse(text, &a), "%s", text);
	return a;
}

#endif /* NETNS_H */
