/* SPDX-License-Identifier: ISC */
#include "shared/kick.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

enum { AT_ONCE = 512 };		/* octets; what is left is read next time */

static bool refine(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	       fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

/* A pipe: full is as good as kicked. */
int kick_open(int *taker, int *giver)
{
	int made[2], error;

	if (pipe(made) < 0)
		return -errno;
	if (!refine(made[0]) || !refine(made[1])) {
		error = -errno;
		close(made[0]);
		close(made[1]);
		return error;
	}
	*taker = made[0];
	*giver = made[1];
	return 0;
}

void kick_give(int giver)
{
	(void)!write(giver, "", 1);
}

void kick_take(int taker)
{
	char octets[AT_ONCE];

	(void)!read(taker, octets, sizeof(octets));
}

/* A pipe that is full tells of nothing. */
void kick_told(int taker)
{
	kick_take(taker);
}
