/* SPDX-License-Identifier: ISC */
/*
 * fwsystem.h - the firewall that this system has
 */
#ifndef FWSYSTEM_H
#define FWSYSTEM_H

#include "compat.h"
#include "firewall/fw.h"

/* Needs root, and the system's program for rules. */
NODISCARD int fwsystem_open(struct fw **fw, const struct conf *c,
			    struct why *why);
/* As that program reads it. Its length; 0: a name or count that must not be
 * written. */
size_t fwsystem_text(const struct fw_ruleset *r, const char *table,
		     char text[static FW_TEXT]);
extern const char fwsystem_early[];	/* the file of early.h */

#endif /* FWSYSTEM_H */
