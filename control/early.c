/* SPDX-License-Identifier: ISC */
#include "early.h"

#include <errno.h>

#include "firewall/fwsystem.h"
#include "jsonfile.h"

/* The table of a guest's host is not ours to block in. */
static bool wanted(const struct conf *c, const struct settings *s)
{
	return s->lockdown && c->firewall.mode == FWMODE_OWN;
}

int early_follow(const struct conf *c, const struct settings *s,
		 struct why *why)
{
	const struct fw_ruleset r = { .policy = FW_BLOCKED, .lan = s->lan };
	const struct jsonfile f = { c->state_dir, fwsystem_early, FW_TEXT };
	char text[FW_TEXT];

	if (!wanted(c, s))
		return jsonfile_remove(&f, why);
	if (fwsystem_text(&r, c->firewall.table, text) == 0)
		return why_set(why, -EINVAL, "these rules cannot be written: "
			       "check the table's name");
	return jsonfile_save_text(&f, text, why);
}

int early_save(const struct conf *c, const struct settings *s,
	       struct why *why)
{
	int error = s->lockdown ? early_follow(c, s, why) : 0;

	if (error == 0)
		error = settings_save(c->state_dir, s, why);
	return error < 0 || s->lockdown ? error : early_follow(c, s, why);
}
