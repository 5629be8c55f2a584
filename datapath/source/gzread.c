/* SPDX-License-Identifier: ISC */
#include "source/gzread.h"

#include <errno.h>
#include <stdio.h>

enum { BUFFER = 1 << 17 };	/* octets, packed; zlib takes it twice more */

gzFile gzread_open(int fd)
{
	gzFile gz = gzdopen(fd, "rb");

	if (gz == NULL)
		errno = ENOMEM;
	else
		gzbuffer(gz, BUFFER);
	return gz;
}

/* A damaged or torn file reads as an error, never as a short one. */
int gzread_some(void *gz, char *out, unsigned int size)
{
	int n = gzread(gz, out, size), error = Z_OK;

	if (n == 0)
		gzerror(gz, &error);
	if (n < 0 || error != Z_OK) {
		errno = EIO;
		return -1;
	}
	return n;
}

int gzread_close(void *gz)
{
	return gzclose(gz) == Z_OK ? 0 : EOF;
}
