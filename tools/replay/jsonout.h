/* SPDX-License-Identifier: ISC */
/*
 * jsonout.h - JSON written as it comes, without building a tree
 *
 * key is NULL in an array and for the outermost value.
 */
#ifndef JSONOUT_H
#define JSONOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { JSONOUT_DEPTH = 8 };

struct jsonout {
	FILE *file;
	unsigned int depth;
	bool any[JSONOUT_DEPTH];	/* something was written at this depth */
	char close[JSONOUT_DEPTH];
};

void jsonout_object(struct jsonout *j, const char *key);
void jsonout_array(struct jsonout *j, const char *key);
/* Of the innermost object or array; the outermost also ends the line. */
void jsonout_end(struct jsonout *j);

/* ASCII comes out as it is, anything else octet by octet as \u00XX. */
void jsonout_text(struct jsonout *j, const char *key, const char *text);
void jsonout_number(struct jsonout *j, const char *key, uint64_t n);
/* Nanoseconds as milliseconds with three decimals. */
void jsonout_ms(struct jsonout *j, const char *key, uint64_t ns);
void jsonout_bool(struct jsonout *j, const char *key, bool yes);

#endif /* JSONOUT_H */
