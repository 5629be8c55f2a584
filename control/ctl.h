/* SPDX-License-Identifier: ISC */
/*
 * ctl.h - the control socket: JSON-RPC 2.0, one object a line
 *
 * Transport, framing and permission only; what the methods do is in
 * methods.c. Every byte from a client is hostile: lines, clients and unread
 * output are bounded, and a client that goes over a bound is closed.
 */
#ifndef CTL_H
#define CTL_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>

#include "compat.h"
#include "conf.h"
#include "why.h"

enum {
	CTL_LINE = 65536,	/* octets of a request */
	CTL_CLIENTS = 64,
	CTL_UNREAD = 1 << 20,	/* octets a client may leave unread */
};

/* JSON-RPC 2.0, 5.1, and our own above -32000. */
enum ctl_code {
	CTL_PARSE = -32700, CTL_REQUEST = -32600, CTL_METHOD = -32601,
	CTL_PARAMS = -32602, CTL_INTERNAL = -32603,
	CTL_DENIED = -32001,	/* not root and not in the admin group */
	CTL_FAILED = -32002,	/* tried, failed, undone; data says which step */
	CTL_STATE = -32003,	/* not possible in this state */
};

struct ctl_error {
	enum ctl_code code;
	struct why why;
	char step[32];		/* the step that failed; "" if none */
};

/* 0 and a new reference in *result, or -1 and *error. params may be NULL. */
typedef int ctl_call(void *context, const char *method, json_t *params,
		     bool admin, json_t **result, struct ctl_error *error);

struct ctl;

NODISCARD int ctl_open(struct ctl **ctl, struct event_base *base,
		       const struct conf *c, ctl_call *call, void *context,
		       struct why *why);
void ctl_close(struct ctl *ctl);

/* Sends {"jsonrpc":"2.0","method":"event","params":event} to subscribers;
 * steals the reference. */
void ctl_event(struct ctl *ctl, json_t *event);
/* Would an event go to anybody? */
bool ctl_heard(const struct ctl *ctl);

#endif /* CTL_H */
