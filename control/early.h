/* SPDX-License-Identifier: ISC */
/*
 * early.h - the block of the next boot, before the daemon is there
 *
 * state_dir/early.nft is the ruleset "blocked, door closed" as nft reads it.
 * sallyport-early.service loads it before any network is up; the daemon's own
 * rules replace it in one transaction. It is there while lockdown is on.
 */
#ifndef EARLY_H
#define EARLY_H

#include "compat.h"
#include "conf.h"
#include "settings.h"
#include "why.h"

/*
 * Writes s down, and the file as s wants it. Whenever this is stopped,
 * lockdown on has its file, and a file without lockdown lasts no longer than
 * until the daemon's next start.
 */
NODISCARD int early_save(const struct conf *c, const struct settings *s,
			 struct why *why);
/* The file alone. */
NODISCARD int early_follow(const struct conf *c, const struct settings *s,
			   struct why *why);

#endif /* EARLY_H */
