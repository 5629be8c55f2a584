/* SPDX-License-Identifier: ISC */
/*
 * peercred.h - who is at the other end of a local socket, as the kernel says
 */
#ifndef PEERCRED_H
#define PEERCRED_H

#include <stdbool.h>
#include <sys/types.h>

#include "compat.h"

NODISCARD int peercred_user(int fd, uid_t *uid);
/* Is one of its groups, primary or supplementary, this one? */
bool peercred_member(int fd, gid_t gid);

#endif /* PEERCRED_H */
