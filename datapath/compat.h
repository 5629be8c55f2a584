/* SPDX-License-Identifier: ISC */
/*
 * compat.h - the few compiler and platform gaps
 *
 * Outside the files named after a system, only this one may ask which
 * system or compiler it is.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include <stddef.h>

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))

/* For what runs once for every record of every message, and what does not. */
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define COLD __attribute__((cold, noinline))

/* Apple arm64's line; harmless elsewhere. */
#define CACHELINE 128

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

#endif /* COMPAT_H */
