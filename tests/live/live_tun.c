/* SPDX-License-Identifier: ISC */
/*
 * Holds a tun device, as OpenVPN does, until it is killed.
 *
 * usage: live_tun NAME
 */
#include <stdio.h>
#include <unistd.h>

#include "os/tun.h"

int main(int argc, char **argv)
{
	struct why why;
	int fd;

	if (argc != 2)
		return 2;
	if (tun_open(argv[1], &fd, &why) < 0) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	puts("held");
	fflush(stdout);
	for (;;)
		pause();
}
