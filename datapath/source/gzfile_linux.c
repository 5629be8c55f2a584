/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <zlib.h>

#include "source/gzfile.h"

enum { BUFFER = 1 << 17 };	/* octets, packed; zlib takes it twice more */

/* A damaged or torn file reads as an error, never as a short one. */
static ssize_t unpack(void *cookie, char *out, size_t size)
{
	int n = gzread(cookie, out, (unsigned int)size), error = Z_OK;

	if (n == 0)
		gzerror(cookie, &error);
	if (n < 0 || error != Z_OK) {
		errno = EIO;
		return -1;
	}
	return n;
}

static int shut(void *cookie)
{
	return gzclose(cookie) == Z_OK ? 0 : EOF;
}

FILE *gzfile_open(int fd)
{
	static const cookie_io_functions_t calls = {
		.read = unpack, .close = shut,
	};
	gzFile gz = gzdopen(fd, "rb");
	FILE *file;

	if (gz == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	gzbuffer(gz, BUFFER);
	file = fopencookie(gz, "rb", calls);
	if (file == NULL)
		gzclose(gz);
	return file;
}
