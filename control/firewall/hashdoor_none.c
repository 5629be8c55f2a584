/* SPDX-License-Identifier: ISC */
#include "firewall/hashdoor.h"

#include <errno.h>

int hashdoor_open(struct hashdoor **h, struct why *why)
{
	(void)h;
	return why_set(why, -EOPNOTSUPP, "it was not built in: clang, bpftool "
		       "or libbpf was missing");
}

void hashdoor_close(struct hashdoor *h)
{
	(void)h;
}

int hashdoor_table(const struct hashdoor *h)
{
	(void)h;
	return -1;
}

void hashdoor_rules(const struct hashdoor *h,
		    struct nftrule r[static HASHDOOR_RULES])
{
	static const char *const chains[HASHDOOR_RULES] = {
		HASHDOOR_TO, HASHDOOR_FROM, HASHDOOR_ABOUT,
	};

	(void)h;
	for (unsigned int i = 0; i < HASHDOOR_RULES; i++)
		r[i] = (struct nftrule){ chains[i], -1 };
}
