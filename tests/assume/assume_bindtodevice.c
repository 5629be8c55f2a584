/* SPDX-License-Identifier: ISC */
/*
 * Assumed by the upstream sockets of the datapath (Linux 5.7): a process
 * without privileges may bind a fresh socket to an interface, by name and by
 * index, but may not move it to another one afterwards.
 *
 * 0 = holds, 1 = does not, 77 = cannot run here.
 */
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static int failures;

static void claim(bool holds, const char *what)
{
	printf("%s: %s\n", holds ? "holds" : "FAILS", what);
	failures += !holds;
}

static bool drop(void)
{
	if (geteuid() != 0)
		return true;
	return setgroups(0, NULL) == 0 &&
	       setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static int by_name(int fd, const char *name, socklen_t len)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, len);
}

static int by_index(int fd, int index)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index,
			  sizeof(index));
}

static void try(int family, int type, int lo)
{
	int named = socket(family, type | SOCK_CLOEXEC, 0);
	int indexed = socket(family, type | SOCK_CLOEXEC, 0);

	/* A host without IPv6 has nothing to claim about it. */
	if (named < 0 || indexed < 0)
		return;
	claim(by_name(named, "lo", sizeof("lo")) == 0, "bound by name");
	claim(by_name(named, "", 0) < 0 && errno == EPERM,
	      "and not set free again");
	claim(by_index(indexed, lo) == 0, "bound by index");
	claim(by_index(indexed, 0) < 0 && errno == EPERM,
	      "and not set free again");
	close(named);
	close(indexed);
}

int main(void)
{
	int lo = (int)if_nametoindex("lo");

	if (lo == 0 || !drop()) {
		perror("lo, or dropping root");
		return 77;
	}
	try(AF_INET, SOCK_DGRAM, lo);
	try(AF_INET, SOCK_STREAM, lo);
	try(AF_INET6, SOCK_DGRAM, lo);
	try(AF_INET6, SOCK_STREAM, lo);
	return failures == 0 ? 0 : 1;
}
