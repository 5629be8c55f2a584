/* SPDX-License-Identifier: ISC */
/*
 * priv_bsd.h - what macOS and FreeBSD give up alike, step by step
 */
#ifndef PRIV_BSD_H
#define PRIV_BSD_H

#include <sys/types.h>

#include "compat.h"

/* All return 0 or -errno. */
NODISCARD int priv_leave_files(const char *root);
NODISCARD int priv_limit(void);
NODISCARD int priv_change_user(uid_t uid, gid_t gid);

#endif /* PRIV_BSD_H */
