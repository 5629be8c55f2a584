/* SPDX-License-Identifier: ISC */
/*
 * reportleaks.h - the ledger, for front-ends
 */
#ifndef REPORTLEAKS_H
#define REPORTLEAKS_H

#include <jansson.h>
#include <stdint.h>

struct daemon;

/* Of status. */
json_t *reportleaks_status(struct daemon *d);
/* The method leaks. */
json_t *reportleaks(struct daemon *d);

/* Packets that leaked, and those the ledger itself has missed. */
uint64_t reportleaks_packets(const struct daemon *d);
uint64_t reportleaks_drops(const struct daemon *d);

#endif /* REPORTLEAKS_H */
