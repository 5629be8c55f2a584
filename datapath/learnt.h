/* SPDX-License-Identifier: ISC */
/*
 * learnt.h - CNAME targets of allowed names, allowed themselves for a while
 */
#ifndef LEARNT_H
#define LEARNT_H

#include <stdbool.h>
#include <stdint.h>

#include "dnsname.h"
#include "limits.h"

struct learnt {
	unsigned int n;
	struct {
		uint64_t expiry;	/* boot time, ns */
		uint8_t len;
		uint8_t wire[DNSNAME_MAX];
	} name[LEARNT_MAX];
};

void learnt_clear(struct learnt *l);
/* False when there is no room: the name is then simply not learnt. */
bool learnt_add(struct learnt *l, const struct dnsname *name, uint64_t expiry,
		uint64_t now);
/* wire: unpacked, lower case. */
bool learnt_has(const struct learnt *l, const uint8_t *wire, size_t len,
		uint64_t now);

#endif /* LEARNT_H */
