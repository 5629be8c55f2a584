/* SPDX-License-Identifier: ISC */
/*
 * records.h - what resolvconf(8) was told of each interface
 *
 * A text like resolv.conf for each, named "eth0.dhclient", in a folder whose
 * name tells Debian's resolvconf from openresolv. Ours is one of them and
 * counts in none of these.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "hostdns/hostdns.h"
#include "os/netinfo.h"

/* Before those of all interfaces, in the order that either knows. */
extern const char records_ours[];

/* Folders, each with a slash behind it, as filewatch.h wants them. */
enum { RECORDS_FOLDERS = 2 };
extern const char *const records_folders[RECORDS_FOLDERS];

/* The servers that can be asked, each with its interface, if that is up;
 * *s is written whole. Returns a sum over all records. */
uint64_t records_read(const struct netinfo *n, struct hostdns_servers *s);

/* Ours, and what a resolvconf that was killed has left of it. */
void records_drop(void);

/* Debian's resolvconf does nothing until it is told to begin. */
bool records_are_held(void);

#endif /* RECORDS_H */
