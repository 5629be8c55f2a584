/* SPDX-License-Identifier: ISC */
/*
 * listener.h - the resolver's own port: UDP and TCP on loopback
 *
 * Reads queries into slots and sends replies; what a query means is for the
 * caller. Only clients of this machine are heard.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"
#include "counters.h"
#include "limits.h"
#include "poller.h"
#include "session.h"
#include "shared/judge.h"
#include "slots.h"

struct listener_tcp {
	int fd;			/* -1 = free */
	struct session session;
};

enum {
	LISTENER_BATCH = 32,	/* datagrams of one call */
	LISTENER_REPLY = 1280,	/* longer ones do not wait */
};

/* Replies that wait for the end of the round. */
struct listener_outbox {
	unsigned int n;
	uint8_t socket[LISTENER_BATCH];
	union sockaddr_any to[LISTENER_BATCH];
	uint16_t len[LISTENER_BATCH];
	uint8_t msg[LISTENER_BATCH][LISTENER_REPLY];
};

struct listener {
	struct poller *poller;
	struct slots *slots;
	struct counters *counters;
	uint64_t token;
	unsigned int n;
	int udp[POLICY_LISTEN], tcp[POLICY_LISTEN];
	uint8_t burst[POLICY_LISTEN];	/* datagrams to be read at once */
	struct listener_tcp client[TCP_CLIENTS];
	struct listener_outbox out;
};

enum {
	LISTENER_UDP = 0,	/* parts of the token space: first UDP sockets, */
	LISTENER_TCP = POLICY_LISTEN, /* then TCP listeners, */
	LISTENER_CLIENT = 2 * POLICY_LISTEN, /* then connections */
	LISTENER_TOKENS = LISTENER_CLIENT + TCP_CLIENTS,
};

void listener_init(struct listener *l, struct poller *poller,
		   struct slots *slots, struct counters *counters,
		   uint64_t token);

/* Binds UDP and TCP on a; -errno, and nothing bound, on failure. */
NODISCARD int listener_bind(struct listener *l, const struct ipaddr *a,
			    uint16_t port);

/* Token token + n has something to read. */
void listener_read(struct listener *l, unsigned int n, const struct judge *j,
		   uint64_t now, client_query *query, void *context);

/* Over UDP it leaves with the next listener_flush(), at the latest. */
void listener_send(struct listener *l, const struct client *to,
		   const uint8_t *msg, size_t len);
void listener_flush(struct listener *l);

/* This query gets no reply; the connection stays. */
void listener_forget(struct listener *l, const struct client *to);

/* Closes connections that have been idle too long; when to come again. */
uint64_t listener_due(struct listener *l, uint64_t now);

#endif /* LISTENER_H */
