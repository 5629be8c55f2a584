/* SPDX-License-Identifier: ISC */
/*
 * steerrule.h - the routing rules and the table of steering, of one family
 *
 * family: AF_INET or AF_INET6; ifindex: the device's. Ours is whatever has
 * our table, preference and protocol (steer.h).
 */
#ifndef STEERRULE_H
#define STEERRULE_H

#include "compat.h"

/* Deletes all rules of ours; none is fine, and so is a kernel without the
 * family. 0 or -errno. */
NODISCARD int steerrule_sweep(int family);
/* Ours and nothing else, anew. 0 or -errno. */
NODISCARD int steerrule_lay(unsigned int ifindex, int family);
/* 1: they are as laid, and nothing beside them; 0: they are not; -errno. */
NODISCARD int steerrule_stand(unsigned int ifindex, int family);

#endif /* STEERRULE_H */
