/* SPDX-License-Identifier: ISC */
/*
 * localports.h - the ports that the system gives to who asks for none
 */
#ifndef LOCALPORTS_H
#define LOCALPORTS_H

#include <stdint.h>

#include "compat.h"

/* 0 or -errno. */
NODISCARD int localports(uint16_t *first, uint16_t *last);

#endif /* LOCALPORTS_H */
