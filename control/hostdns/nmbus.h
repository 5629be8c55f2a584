/* SPDX-License-Identifier: ISC */
/*
 * nmbus.h - NetworkManager's DNS, over the system bus
 *
 * Bounded as sysbus.h has it. What is read of it:
 *
 *	mode		"default", "systemd-resolved", "dnsmasq", "none", ...
 *	manager		who writes resolv.conf, its rc-manager: "symlink",
 *			"file", "unmanaged", ...
 *	global		servers for all names whatever links have, as
 *			nmstate.h has it; {} without
 *	links		[{interface, type, nameservers, domains}, ...], those
 *			that are up; type is of NM_DEVICE_TYPE
 */
#ifndef NMBUS_H
#define NMBUS_H

#include <jansson.h>

#include "compat.h"
#include "why.h"

struct nmbus;

/* -EOPNOTSUPP where this is not built in. Does not connect yet. */
NODISCARD int nmbus_open(struct nmbus **b, struct why *why);
void nmbus_close(struct nmbus *b);

/* Is it there? To be called before the others. */
NODISCARD int nmbus_begin(struct nmbus *b, struct why *why);
/* A new reference, as above; its members may be of any type, or missing. */
NODISCARD int nmbus_read(struct nmbus *b, json_t **now, struct why *why);
/* Checked by nmstate_wrong(). */
NODISCARD int nmbus_set_global(struct nmbus *b, json_t *global,
			       struct why *why);
/* resolv.conf, whatever somebody else has made of it. */
NODISCARD int nmbus_write_anew(struct nmbus *b, struct why *why);

#endif /* NMBUS_H */
