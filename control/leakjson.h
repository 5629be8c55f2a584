/* SPDX-License-Identifier: ISC */
/*
 * leakjson.h - what a ledger has counted, for front-ends
 *
 * The daemon's and that of an audit, which has no daemon.
 */
#ifndef LEAKJSON_H
#define LEAKJSON_H

#include <jansson.h>
#include <stdint.h>

struct leaklog;
struct leaklog_counts;

/* Members of o: counts by class and protocol, and flows. */
void leakjson_log(json_t *o, const struct leaklog *l);

/* Packets that leaked. */
uint64_t leakjson_leaks(const struct leaklog_counts *c);

#endif /* LEAKJSON_H */
