/* SPDX-License-Identifier: ISC */
/*
 * why.h - a sentence for people beside an error code
 *
 * Whatever can fail in front of an operator returns 0 or -errno and writes
 * what failed, why, and what to do: "port 53 on 127.0.0.1 is held by dnsmasq
 * (pid 812); stop it or set listen = ...". No full stop, no newline.
 */
#ifndef WHY_H
#define WHY_H

#include "compat.h"

enum { WHY_MAX = 512 };

struct why {
	char text[WHY_MAX];
};

/* Always returns error, so that a failure is one line. */
int why_set(struct why *why, int error, const char *fmt, ...) PRINTF(3, 4);

#endif /* WHY_H */
