/* SPDX-License-Identifier: ISC */
/*
 * profile.h - the names each system's network check asks for
 *
 * Each row has its source and the date it was looked up.
 */
#ifndef PROFILE_H
#define PROFILE_H

#include <stddef.h>

#include "compat.h"
#include "conf.h"
#include "why.h"

/*
 * Adds the names of the profile called word ("apple", "networkmanager", ...,
 * "auto" by platform and what is installed) to c->names, without doubles, and
 * its resolved name to c->profiles. -ENOENT and the list of known profiles in
 * *why for an unknown word; -ENOSPC when c->names is full.
 */
NODISCARD int profile_add(struct conf *c, const char *word, struct why *why);

/*
 * What NetworkManager says that it checks: a name of its profile from now on,
 * also for configurations that are read later. 1: c has a name more; 0: it has
 * not, as it is no name, or the profile is not c's; or as profile_add().
 */
NODISCARD int profile_learn_uri(struct conf *c, const char *uri,
				struct why *why);

/* One more name; suffix: what is below it, too. */
NODISCARD int profile_add_name(struct conf *c, const char *text, bool suffix,
			       struct why *why);

#endif /* PROFILE_H */
