/* SPDX-License-Identifier: ISC */
/*
 * wakeclock.h - the clocks by which a sleep is seen, and when to look at them
 */
#ifndef WAKECLOCK_H
#define WAKECLOCK_H

#include <stdint.h>

#include "compat.h"
#include "os/wakewatch.h"

/* ns; what is shorter is no sleep. */
extern const int64_t wakeclock_shortest;

/* Readable when it is time to look; a descriptor or -errno. */
NODISCARD int wakeclock_open(void);
/* It has been looked: not readable until the next time. */
void wakeclock_looked(int fd);

wakewatch_read wakeclock_read;

#endif /* WAKECLOCK_H */
