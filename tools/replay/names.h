/* SPDX-License-Identifier: ISC */
/*
 * names.h - how often each name was asked for, in bounded memory
 */
#ifndef NAMES_H
#define NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "dnsname.h"

enum { NAMES_WAYS = 8, NAMES_SETS = 512, NAMES_TOP = 10 };

struct name_count {
	uint64_t n;
	uint8_t len;
	uint8_t wire[DNSNAME_MAX];	/* unpacked, lower case */
};

struct names {
	uint64_t different, untold;	/* untold: asked without room to count */
	uint8_t used[NAMES_SETS];
	struct name_count name[NAMES_SETS][NAMES_WAYS];
};

void names_init(struct names *t);
void names_add(struct names *t, const uint8_t *wire, size_t len);

/* Those asked for most, first; of equals, the one that sorts first. */
size_t names_top(const struct names *t,
		 const struct name_count *top[static NAMES_TOP]);

#endif /* NAMES_H */
