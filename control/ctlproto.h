/* SPDX-License-Identifier: ISC */
/*
 * ctlproto.h - JSON-RPC 2.0: a line in, an answer out; no I/O
 *
 * Any octets may come in. docs/protocol.md says what is refused and how.
 */
#ifndef CTLPROTO_H
#define CTLPROTO_H

#include <jansson.h>
#include <stddef.h>

#include "compat.h"
#include "ctl.h"

enum {
	CTLPROTO_BATCH = 16,	/* requests in an array */
	CTLPROTO_BUSY = -32000,	/* beside enum ctl_code: too many connections */
};

/* Carries a request out. As ctl_call, for one client. */
struct ctlproto {
	int (*run)(void *arg, const char *method, json_t *params,
		   json_t **result, struct ctl_error *error);
	void *arg;
};

/* The answer, or NULL if none is due. line has no newline. */
NODISCARD json_t *ctlproto_answer(const struct ctlproto *p, const char *line,
				  size_t len);

/* An error that belongs to no request. text is UTF-8. */
NODISCARD json_t *ctlproto_refusal(int code, const char *text);

/* The notification that carries event, stamped; steals the reference. */
NODISCARD json_t *ctlproto_event(json_t *event);

#endif /* CTLPROTO_H */
