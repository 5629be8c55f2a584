/* SPDX-License-Identifier: ISC */
/*
 * entropy.h - octets that nobody can guess, from the kernel
 */
#ifndef ENTROPY_H
#define ENTROPY_H

#include <stdbool.h>
#include <stddef.h>

#include "compat.h"

NODISCARD bool entropy_fill(void *p, size_t size);

#endif /* ENTROPY_H */
