/* SPDX-License-Identifier: ISC */
/*
 * noalloc.h - once its loop runs, a datapath that allocates ends at once
 *
 * malloc() and its like are this program's own, for libraries as well (but
 * not under a sanitizer, which has its own). Linked with --wrap for
 * loop_run() and accept_rebuild(): the rebuilding of a message by ldns is the
 * one exception, unless STRICT is the port of the firewall that is watched.
 */
#ifndef NOALLOC_H
#define NOALLOC_H

#include <stdlib.h>

#include "loop.h"

enum { STRICT = 4711 };

void __real_loop_run(struct loop *l);
void __wrap_loop_run(struct loop *l);
bool __real_accept_rebuild(const struct accept *a, struct dnsmsg *m,
			   uint8_t *msg, size_t room);
bool __wrap_accept_rebuild(const struct accept *a, struct dnsmsg *m,
			   uint8_t *msg, size_t room);

static bool armed, strict;

void __wrap_loop_run(struct loop *l)
{
	strict = l->tripwire.fd >= 0 && l->tripwire.portid == STRICT;
	armed = true;
	__real_loop_run(l);
	armed = false;
}

bool __wrap_accept_rebuild(const struct accept *a, struct dnsmsg *m,
			   uint8_t *msg, size_t room)
{
	bool ok;

	armed = strict;
	ok = __real_accept_rebuild(a, m, msg, room);
	armed = true;
	return ok;
}

#ifndef __SANITIZE_ADDRESS__
enum { ALLOCATIONS_SEEN = 1 };

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
	if (armed)
		abort();
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	if (armed)
		abort();
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	if (armed)
		abort();
	return __libc_realloc(p, n);
}
#else
enum { ALLOCATIONS_SEEN = 0 };
#endif

#endif /* NOALLOC_H */
