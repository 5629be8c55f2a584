/* SPDX-License-Identifier: ISC */
/*
 * pfparse.h - a second opinion: the part of pf.conf's grammar that we write
 *
 * It shares nothing with what writes the rules, and is stricter than pfctl:
 * what is not in the subset, in this order, is refused, and so is what would
 * load and mean something else than it seems to.
 */
#ifndef PFPARSE_H
#define PFPARSE_H

#include <stdbool.h>

struct pfparse {
	bool groups;		/* a test of the group is allowed */
	unsigned int rules;	/* found */
	int line;		/* of the trouble */
};

/* NULL, or what is wrong. */
const char *pfparse(const char *text, struct pfparse *p);

#endif /* PFPARSE_H */
