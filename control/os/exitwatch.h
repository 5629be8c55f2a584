/* SPDX-License-Identifier: ISC */
/*
 * exitwatch.h - waiting for a child to end, but not for ever
 */
#ifndef EXITWATCH_H
#define EXITWATCH_H

#include <sys/types.h>

#include "compat.h"

/* 0 when it has ended; it is not reaped. -ETIMEDOUT, or another -errno. */
NODISCARD int exitwatch(pid_t pid, unsigned int wait_ms);

#endif /* EXITWATCH_H */
