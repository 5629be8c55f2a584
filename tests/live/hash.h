/* SPDX-License-Identifier: ISC */
/*
 * hash.h - a firewall with door = hash and its table, without a daemon; and a
 * client of its addresses, which asker.h numbers
 */
#ifndef HASH_H
#define HASH_H

#include <stdlib.h>

#include "asker.h"
#include "firewall/fw.h"
#include "shared/arena.h"

enum { LONG_S = 600 };

static struct fw *fw;
static struct arena arena;
static struct why why;
static struct fw_ruleset ruleset;

/* ---- the door */

static inline void load_rules(void)
{
	if (fw->ops->load(fw, &ruleset, &why) < 0)
		errx(1, "%s", why.text);
}

static inline void open_door(void)
{
	struct conf c;

	conf_defaults(&c);
	c.door = DOOR_HASH;
	if (fw_nft_open(&fw, &c, &why) < 0)
		errx(1, "%s", why.text);
	if (fw->door != DOOR_HASH)
		errx(77, "no door = hash: %s", fw->no_hash.text);
	ruleset = (struct fw_ruleset){
		.policy = FW_BLOCKED_ACTIVE, .hash = true, .n_ports = 1,
		.ports = { 80 }, .datapath_uid = 1, .datapath_gid = 1,
		.upstream_port = 53,
	};
	load_rules();
	if (arena_create(&arena, fw->table) < 0)
		errx(1, "no arena");
	allow_set_epoch(arena.allow, 1);
}

static inline void close_door(void)
{
	ruleset.policy = FW_NONE;
	load_rules();
	arena_close(&arena);
	fw->ops->close(fw);
}

static inline void store(unsigned int n, bool v4, uint64_t ns)
{
	struct ipaddr a = asker_address(n, v4);
	uint64_t now = clock_boot();

	if (allow_insert(arena.allow, &a, now + ns, now) < 0)
		errx(1, "no room in the table");
}

/* ---- a client */

static inline enum asker_is try_once(unsigned int n, bool v4)
{
	struct asker a = { .n = n, .v4 = v4, .udp = -1 };
	enum asker_is is;

	asker_take_socket(&a);
	asker_connect(&a);
	do
		is = asker_outcome(&a, 1000);
	while (is == ASKER_PENDING);
	asker_hang_up(&a);
	return is;
}

static inline void store_both(unsigned int n, uint64_t ns)
{
	store(n, true, ns);
	store(n, false, ns);
}

#endif /* HASH_H */
