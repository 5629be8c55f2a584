/* SPDX-License-Identifier: ISC */
/*
 * client.h - the front-end's end of the control socket (docs/protocol.md)
 *
 * What the daemon says is taken for hostile, too: lines are bounded, waits
 * end, members may be missing or of another type.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "compat.h"
#include "ctl.h"
#include "why.h"

enum {
	CLIENT_LINE = CTL_UNREAD,	/* the daemon never has more to say */
	CLIENT_WAIT_MS = 30000,		/* for an answer */
};

enum client_result { CLIENT_OK, CLIENT_REFUSED, CLIENT_LOST };

struct client_error {
	int code;		/* JSON-RPC; 0: none came */
	struct why why;
	char step[32];		/* "" if none */
};

struct client {
	int fd;			/* -1: not open */
	int id;			/* of the last request */
	size_t from, have;	/* line[from..have) is not taken yet */
	char line[CLIENT_LINE];
};

/* Opens unless it is open already. 0 or -errno. */
NODISCARD int client_open(struct client *c, const char *path, struct why *why);
void client_close(struct client *c);

/* Steals params, which may be NULL. A new reference in *result. */
NODISCARD enum client_result client_call(struct client *c, const char *method,
					 json_t *params, json_t **result,
					 struct client_error *e);

/* Waits for the next event for as long as it takes: its params. */
NODISCARD enum client_result client_event(struct client *c, json_t **event,
					  struct client_error *e);

/* Members of an object; "", 0 and false for what is not there. */
const char *client_text(const json_t *object, const char *name);
double client_number(const json_t *object, const char *name);
long long client_int(const json_t *object, const char *name);
bool client_flag(const json_t *object, const char *name);

#endif /* CLIENT_H */
