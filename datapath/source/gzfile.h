/* SPDX-License-Identifier: ISC */
/*
 * gzfile.h - a stdio stream that unpacks what gzip has packed
 */
#ifndef GZFILE_H
#define GZFILE_H

#include <stdio.h>

#include "compat.h"

/*
 * Takes fd over; a failure leaves it open. What is not packed is read as it
 * is. NULL with errno set on failure.
 */
NODISCARD FILE *gzfile_open(int fd);

#endif /* GZFILE_H */
