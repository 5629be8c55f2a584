/* SPDX-License-Identifier: ISC */
/*
 * swapname.h - two names of a folder, exchanged at once
 */
#ifndef SWAPNAME_H
#define SWAPNAME_H

#include "compat.h"

/* 0 or -errno: nothing is done then. */
NODISCARD int swapname(int dir, const char *one, const char *other);

#endif /* SWAPNAME_H */
