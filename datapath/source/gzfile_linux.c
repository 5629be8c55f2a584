/* SPDX-License-Identifier: ISC */
#include <zlib.h>

#include "source/gzfile.h"
#include "source/gzread.h"

static ssize_t read_some(void *cookie, char *out, size_t size)
{
	return gzread_some(cookie, out, (unsigned int)size);
}

FILE *gzfile_open(int fd)
{
	static const cookie_io_functions_t calls = {
		.read = read_some, .close = gzread_close,
	};
	gzFile gz = gzread_open(fd);
	FILE *file = gz == NULL ? NULL : fopencookie(gz, "rb", calls);

	if (file == NULL && gz != NULL)
		gzclose(gz);
	return file;
}
