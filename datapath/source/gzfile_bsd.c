/* SPDX-License-Identifier: ISC */
#include <zlib.h>

#include "source/gzfile.h"
#include "source/gzread.h"

static int read_some(void *cookie, char *out, int size)
{
	return gzread_some(cookie, out, (unsigned int)size);
}

FILE *gzfile_open(int fd)
{
	gzFile gz = gzread_open(fd);
	FILE *file = gz == NULL ? NULL :
		     funopen(gz, read_some, NULL, NULL, gzread_close);

	if (file == NULL && gz != NULL)
		gzclose(gz);
	return file;
}
