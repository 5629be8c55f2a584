/* SPDX-License-Identifier: ISC */
/*
 * lease.h - the portal's URL in what DHCP clients leave on disk
 *
 * DHCPv4 option 114, DHCPv6 option 103 and RA option 37 (RFC 8910), as the
 * programs write them down that have parsed the packet. The values in these
 * files are the network's.
 */
#ifndef LEASE_H
#define LEASE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "os/filewatch.h"
#include "os/netinfo.h"

enum {
	LEASE_FILE = 65536,	/* octets of a file that are looked at, its last */
	LEASE_VALUE = 512,	/* of a value: longer than any good one */
};

struct lease {
	char url[LEASE_VALUE];	/* as found; may be cut, which is too long */
	size_t len;
	const char *source;	/* "systemd-networkd", "dhclient", ... */
};

struct lease_place {
	const char *root;	/* "" but in tests */
	const char *run_dir;
	char ifname[IF_NAMESIZE];
	unsigned int ifindex;
};

/*
 * The first URL among them that is of that interface. Where a file has the
 * lease's address, it must be one that this machine has now: else the lease
 * is of another network.
 */
bool lease_find(const struct lease_place *p, const struct netinfo *n,
		struct lease *l);

/* From now on w tells of changes to these files. */
void lease_follow(const struct lease_place *p, struct filewatch *w);

#endif /* LEASE_H */
