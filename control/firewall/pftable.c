/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * The kernel checks all addresses of a call before it takes the first
 * (pfr_add_addrs(), pfr_del_addrs()), so a refused call has changed nothing.
 * But one whose insertion then fails (no memory for the radix tree) ends the
 * call early, with no error and a count of what was meant. So what was added
 * is counted by a second call.
 *
 * Addresses are checked octet by octet: what a family does not use, and
 * pfra_fback, must be 0. The kernel writes pfra_fback into the array it was
 * given, also without PFR_FLAG_FEEDBACK (pfr_tst_addrs()), so the array is
 * made anew for each call.
 */
#include "firewall/pftable.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void pftable_init(struct pftable *t, const struct pfdev *dev,
		  const char *anchor, const char *name)
{
	t->dev = dev;
	snprintf(t->anchor, sizeof(t->anchor), "%s", anchor);
	snprintf(t->name, sizeof(t->name), "%s", name);
}

static void put(const struct pftable *t, const struct ipaddr *a,
		struct pfabi_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (ipaddr_is_v4(a)) {
		memcpy(out->u, a->b + IPADDR_V4_AT, 4);
		out->af = PFABI_INET;
		out->net = 32;
	} else {
		memcpy(out->u, a->b, sizeof(out->u));
		out->af = t->dev->sys->inet6;
		out->net = 128;
	}
}

static int explain(const struct pftable *t, int error, struct why *why)
{
	/* ESRCH is the kernel's word for a table that is not there. */
	if (error == -ESRCH)
		return why_set(why, -ENOENT, "pf table %s of anchor %s is gone",
			       t->name, t->anchor);
	return why_set(why, error, "pf table %s of anchor %s: %s", t->name,
		       t->anchor, strerror(-error));
}

static int call(struct pftable *t, unsigned long request,
		struct pfabi_io_table *io, int32_t size)
{
	memset(io, 0, sizeof(*io));
	memcpy(io->table.anchor, t->anchor, sizeof(t->anchor));
	memcpy(io->table.name, t->name, sizeof(t->name));
	if (size > 0) {
		io->buffer = t->addr;
		io->esize = sizeof(t->addr[0]);
		io->size = size;
	}
	return t->dev->io->ioctl(t->dev->fd, request, io);
}

static int with(struct pftable *t, unsigned long request,
		struct pfabi_io_table *io, const struct ipaddr *a,
		unsigned int n, struct why *why)
{
	int error;

	if (n > PFTABLE_BATCH)
		return why_set(why, -E2BIG, "%u addresses at once", n);
	for (unsigned int i = 0; i < n; i++)
		put(t, &a[i], &t->addr[i]);
	error = n == 0 ? 0 : call(t, request, io, (int32_t)n);
	return error == 0 ? 0 : explain(t, error, why);
}

int pftable_remove(struct pftable *t, const struct ipaddr *a, unsigned int n,
		   struct why *why)
{
	struct pfabi_io_table io;

	return with(t, PFABI_DELADDRS, &io, a, n, why);
}

int pftable_count(struct pftable *t, const struct ipaddr *a, unsigned int n,
		  struct why *why)
{
	struct pfabi_io_table io = { .nadd = 0 };
	int error = with(t, PFABI_TSTADDRS, &io, a, n, why);

	return error < 0 ? error : io.nadd;
}

int pftable_add(struct pftable *t, const struct ipaddr *a, unsigned int n,
		struct why *why)
{
	struct pfabi_io_table io;
	int have = with(t, PFABI_ADDADDRS, &io, a, n, why);

	if (have == 0)
		have = pftable_count(t, a, n, why);
	if (have < 0 || have == (int)n)
		return have < 0 ? have : 0;
	return why_set(why, -EIO, "pf table %s of anchor %s took %d of %u "
		       "addresses", t->name, t->anchor, have, n);
}

int pftable_clear(struct pftable *t, struct why *why)
{
	struct pfabi_io_table io;
	int error = call(t, PFABI_CLRADDRS, &io, 0);

	return error == 0 ? 0 : explain(t, error, why);
}

static bool take(const struct pftable *t, const struct pfabi_addr *in,
		 struct ipaddr *a)
{
	if (in->not != 0)
		return false;
	if (in->af == PFABI_INET && in->net == 32)
		*a = ipaddr_v4(in->u);
	else if (in->af == t->dev->sys->inet6 && in->net == 128)
		*a = ipaddr_v6(in->u);
	else
		return false;
	return true;
}

int pftable_list(struct pftable *t, struct ipaddr *a, unsigned int max,
		 bool *strange, struct why *why)
{
	struct pfabi_io_table io;
	unsigned int n = 0;
	int error = call(t, PFABI_GETADDRS, &io, PFTABLE_MAX);

	*strange = false;
	if (error < 0)
		return explain(t, error, why);
	/* It has written nothing then but how many there are. */
	if (io.size < 0 || io.size > PFTABLE_MAX)
		return why_set(why, -EMSGSIZE, "pf table %s of anchor %s has "
			       "%d addresses", t->name, t->anchor, io.size);
	for (int32_t i = 0; i < io.size && n < max; i++)
		if (take(t, &t->addr[i], &a[n]))
			n++;
		else
			*strange = true;
	return (int)n;
}
