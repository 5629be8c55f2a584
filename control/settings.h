/* SPDX-License-Identifier: ISC */
/*
 * settings.h - what must survive a restart, on disk
 *
 * Two small JSON files, each replaced by rename after fsync:
 * state_dir/settings.json (the three switches, for ever) and
 * run_dir/tunnel.json (the tunnel's state, until reboot: a daemon that comes
 * back after a crash goes on where it was instead of opening a window).
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

#include "compat.h"
#include "tunnel.h"
#include "why.h"

struct settings {
	bool netcheck, lockdown, lan;
};

/*
 * A missing file leaves *s as it is. A damaged one is an error: the caller
 * must not guess that lockdown was off.
 */
NODISCARD int settings_load(const char *dir, struct settings *s,
			    struct why *why);
NODISCARD int settings_save(const char *dir, const struct settings *s,
			    struct why *why);

NODISCARD int settings_load_tunnel(const char *dir, struct tunnel *t,
				   struct why *why);
NODISCARD int settings_save_tunnel(const char *dir, const struct tunnel *t,
				   struct why *why);

#endif /* SETTINGS_H */
