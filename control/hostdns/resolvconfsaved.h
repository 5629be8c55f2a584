/* SPDX-License-Identifier: ISC */
/*
 * resolvconfsaved.h - what resolv.conf was before resolvconf had our record
 *
 * There from before the record is made until after it is gone: a record that
 * is there while this file is not, is none of ours.
 */
#ifndef RESOLVCONFSAVED_H
#define RESOLVCONFSAVED_H

#include <stdbool.h>
#include <stddef.h>

#include "compat.h"
#include "hostdns/resolvfile.h"
#include "limits.h"
#include "shared/ipaddr.h"
#include "why.h"

struct resolvconfsaved {
	struct ipaddr listen[POLICY_LISTEN];	/* what our record names */
	unsigned int n;				/* 0: nothing is saved */
	size_t len;
	char text[RESOLV_MAX];
};

bool resolvconfsaved_exists(const char *dir);
/* s->n is 0 where there is no file. */
NODISCARD int resolvconfsaved_load(const char *dir, struct resolvconfsaved *s,
				   struct why *why);
NODISCARD int resolvconfsaved_save(const char *dir,
				   const struct resolvconfsaved *s,
				   struct why *why);
NODISCARD int resolvconfsaved_remove(const char *dir, struct why *why);

#endif /* RESOLVCONFSAVED_H */
