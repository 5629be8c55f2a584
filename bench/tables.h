/* SPDX-License-Identifier: ISC */
/*
 * tables.h - the tables that bench/allow.c compares, one of each
 *
 * All are of the same keys, hash and expiry. One thread reads (main's), one
 * writes. A table lives until the next open().
 */
#ifndef TABLES_H
#define TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/ipaddr.h"

enum { TABLES_MAX = 150000, TABLES_N = 5, TABLES_EXPIRY = 1000 };

struct table {
	const char *name;
	/* The first n of all keys are in it. They live as long as it. */
	void (*open)(const struct ipaddr *keys, size_t n, size_t all);
	/* The expiry if it lies behind now, else 0. */
	uint64_t (*find)(const struct ipaddr *a, uint64_t now);
	/* The writer, of the i-th key; NULL: it cannot have one. */
	void (*drop)(size_t i);
	void (*put)(size_t i);
	/* Either: about to begin; in between, holding nothing; done. NULL:
	 * nothing to say. */
	void (*begin)(void);
	void (*pause)(void);
	void (*end)(void);
};

/* The first is the flat one, the second ours. */
extern const struct table tables[TABLES_N];

/* Each thread, before all else and after it. */
void tables_join(void);
void tables_leave(void);

/* False: ours has no room for this key, so nobody gets it. */
bool tables_takes(const struct ipaddr *a);
/* Begins a set of keys for tables_takes(). */
void tables_start(void);

#endif /* TABLES_H */
