/* SPDX-License-Identifier: ISC */
/*
 * gzread.h - what a stream of gzfile.h does, whatever the C library calls it
 */
#ifndef GZREAD_H
#define GZREAD_H

#include <zlib.h>

#include "compat.h"

/* Takes fd over; a failure leaves it open. NULL with errno. */
NODISCARD gzFile gzread_open(int fd);
/* Octets, 0 at the end, or -1 with errno. */
int gzread_some(void *gz, char *out, unsigned int size);
int gzread_close(void *gz);

#endif /* GZREAD_H */
