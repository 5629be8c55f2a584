/* SPDX-License-Identifier: ISC */
/*
 * scstore.h - the dynamic store of macOS's SystemConfiguration
 *
 * Values by key, kept by configd until the next boot or its own next start.
 * -ESRCH: configd is not there, and may yet come.
 */
#ifndef SCSTORE_H
#define SCSTORE_H

#include <jansson.h>

#include "compat.h"
#include "why.h"

struct scstore;

/* -EOPNOTSUPP where this is not built in. Connects with the first call. */
NODISCARD int scstore_open(struct scstore **s, struct why *why);
void scstore_close(struct scstore *s);

/* Readable: a network service has changed, perhaps. */
int scstore_fd(const struct scstore *s);
/* Until the next change. */
void scstore_drain(struct scstore *s);
/* It is readable then. */
void scstore_wake(struct scstore *s);

/* A new reference: {key: value, ...} of all services, as scstate.h wants
 * them, at one moment. */
NODISCARD int scstore_read(struct scstore *s, json_t **all, struct why *why);
/* set: {key: value, ...}; gone: [key, ...]. At one moment, too. */
NODISCARD int scstore_write(struct scstore *s, const json_t *set,
			    const json_t *gone, struct why *why);

#endif /* SCSTORE_H */
