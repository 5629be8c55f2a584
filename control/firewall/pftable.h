/* SPDX-License-Identifier: ISC */
/*
 * pftable.h - the addresses of a pf table, by ioctl
 *
 * One code for macOS and FreeBSD. A call returns when the kernel has it; one
 * that fails has no effect. Each: 0 or -errno with the sentence in *why;
 * -ENOENT: there is no such table.
 */
#ifndef PFTABLE_H
#define PFTABLE_H

#include "compat.h"
#include "firewall/pfabi.h"
#include "firewall/pfsys.h"
#include "shared/ipaddr.h"
#include "why.h"

enum {
	PFTABLE_BATCH = 256,	/* addresses in one call */
	PFTABLE_MAX = 4096,	/* that are read; a table of ours has 512 */
};

struct pftable {
	const struct pfdev *dev;
	char anchor[PFABI_PATH], name[PFABI_NAME];
	struct pfabi_addr addr[PFTABLE_MAX];	/* of the call under way */
};

void pftable_init(struct pftable *t, const struct pfdev *dev,
		  const char *anchor, const char *name);

/* Those that are there already stay as they are. -EIO: some of them may be in
 * it, and not all. */
NODISCARD int pftable_add(struct pftable *t, const struct ipaddr *a,
			  unsigned int n, struct why *why);
NODISCARD int pftable_remove(struct pftable *t, const struct ipaddr *a,
			     unsigned int n, struct why *why);
NODISCARD int pftable_clear(struct pftable *t, struct why *why);

/* How many of a[] are in it. */
NODISCARD int pftable_count(struct pftable *t, const struct ipaddr *a,
			    unsigned int n, struct why *why);
/* Fills a[], at most max. How many; -EMSGSIZE: more than can be read. What is
 * no single address (10.0.0.0/8, or one that is excluded) is left out, and
 * *strange says that there was some. */
NODISCARD int pftable_list(struct pftable *t, struct ipaddr *a,
			   unsigned int max, bool *strange, struct why *why);

#endif /* PFTABLE_H */
