/* SPDX-License-Identifier: ISC */
/*
 * nftcheck.h - what nft itself makes of a text, where it may run
 */
#ifndef NFTCHECK_H
#define NFTCHECK_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Feeds rules to nft, which looks at them and changes nothing. */
static inline int nft_check(const char *rules, size_t len, const char *redirect)
{
	char path[] = "/tmp/test_rules_nft.XXXXXX", command[128];
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, rules, len), (ssize_t)len);
	close(fd);
	snprintf(command, sizeof(command), "nft -c -f %s%s", path,
		 redirect);

	int status = system(command);

	unlink(path);
	return status;
}

static inline bool may_ask_nft(void)
{
	return geteuid() == 0 && system("nft -v >/dev/null 2>&1") == 0 &&
	       unshare(CLONE_NEWNET) == 0;
}

#endif /* NFTCHECK_H */
