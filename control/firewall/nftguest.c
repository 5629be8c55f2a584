/* SPDX-License-Identifier: ISC */
#include "firewall/nftguest.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "firewall/nftread.h"

int nftguest_place(struct nftdoor *door, const struct conf *c, struct why *why)
{
	static const struct { const char *word; uint8_t family; } families[] = {
		{ "inet ", NFPROTO_INET }, { "ip ", NFPROTO_IPV4 },
		{ "ip6 ", NFPROTO_IPV6 },
	};

	if (c->exempt == EXEMPT_PORTS)
		return why_set(why, -EINVAL, "firewall: a guest needs exempt = "
			       "group: nobody else's rules know the ports");
	snprintf(door->set4, sizeof(door->set4), "%s", c->firewall.set4);
	snprintf(door->set6, sizeof(door->set6), "%s", c->firewall.set6);
	for (size_t i = 0; i < NITEMS(families); i++) {
		size_t len = strlen(families[i].word);

		if (strncmp(c->firewall.table, families[i].word, len) != 0)
			continue;
		door->family = families[i].family;
		snprintf(door->table, sizeof(door->table), "%s",
			 c->firewall.table + len);
		if (door->table[0] && door->set4[0] && door->set6[0])
			return 0;
	}
	return why_set(why, -EINVAL, "firewall: a guest needs set4, set6 and "
		       "table = \"FAMILY NAME\" with family inet, ip or ip6");
}

static bool fits(const struct nftset *set, uint32_t key_len)
{
	uint32_t other = NFT_SET_INTERVAL | NFT_SET_CONCAT | NFT_SET_MAP |
			 NFT_SET_OBJECT | NFT_SET_CONSTANT;

	return (set->flags & NFT_SET_TIMEOUT) && !(set->flags & other) &&
	       set->key_len == key_len;
}

/* 1, 0 or -errno, as fw_ops.verify. */
static int check_set(struct nftlink *l, const struct nftdoor *door,
		     const char *name, uint32_t key_len, struct why *why)
{
	struct nftplace at = { door->family, door->table, name };
	struct nftset set = { 0 };
	int error = nftread_set(l, &at, &set);

	if (error == -ENOENT)
		return why_set(why, 0, "there is no set %s in table %s",
			       name, door->table);
	if (error)
		return nftlink_explain(why, error, name, "");
	if (fits(&set, key_len))
		return 1;
	return why_set(why, 0, "set %s in table %s must have type %s and "
		       "flags timeout, and no others", name, door->table,
		       key_len == 4 ? "ipv4_addr" : "ipv6_addr");
}

int nftguest_verify(struct nftlink *l, const struct nftdoor *door,
		    uint32_t *generation, struct why *why)
{
	int error = nftread_generation(l, generation);

	if (error)
		return nftlink_explain(why, error, "nf_tables", "");

	int good = check_set(l, door, door->set4, 4, why);

	return good == 1 ? check_set(l, door, door->set6, 16, why) : good;
}
