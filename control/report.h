/* SPDX-License-Identifier: ISC */
/*
 * report.h - what the daemon says of itself, as JSON
 *
 * The shapes are those of docs/protocol.md. Each returns a new reference, or
 * NULL when there is no memory.
 */
#ifndef REPORT_H
#define REPORT_H

#include <jansson.h>

struct daemon;

json_t *report_condition(const struct daemon *d);
json_t *report_status(struct daemon *d);
json_t *report_allowed(struct daemon *d);
json_t *report_rules(struct daemon *d);
json_t *report_timeline(struct daemon *d);
json_t *report_metrics(struct daemon *d);
json_t *report_config(struct daemon *d);

#endif /* REPORT_H */
