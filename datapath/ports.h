/* SPDX-License-Identifier: ISC */
/*
 * ports.h - what questions are sent from: sockets, each with a random port
 *
 * A port asks one server. It is used by PORT_USES questions at most, all of
 * them begun within PORT_YOUNG_MS, so a question that comes alone has one to
 * itself. Behind a wake-up dozens of names are asked for at once, and a
 * socket for each would take longer than all else that is done for them.
 *
 * RFC 5452, 9.2 wants random ports because a forger then has to guess one. He
 * still has to, and the id and the spelling of one question with it: no
 * question is asked twice at a time, so those that share its port are no
 * further chances (7.2, "birthday").
 *
 * With a wire, the socket only keeps the port (see exchangewire.c).
 */
#ifndef PORTS_H
#define PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"
#include "poller.h"
#include "shared/policy.h"

struct wire;

enum {
	PORTS_MAX = QUESTIONS_MAX * POLICY_UPSTREAMS,
	PORTS_NONE = UINT16_MAX,
	PORT_USES = 16,
	PORT_YOUNG_MS = 20,
};

struct port_use {
	uint16_t id;
	uint8_t question;	/* index */
	bool live;
};

struct port {
	int fd;			/* -1 = none */
	uint16_t number;	/* with frames: what fd keeps for us */
	uint8_t n_uses;		/* questions until now, */
	uint8_t n_live;		/* and those that have not let go of it */
	uint64_t opened;	/* boot time, ns */
	struct policy_upstream to;
	struct port_use use[PORT_USES];
};

struct ports {
	struct poller *poller;
	uint64_t token;			/* of port 0; the others follow */
	struct wire *wire;		/* NULL: datagrams are read from fd */
	unsigned int n;			/* no port was open from here on */
	uint16_t last[POLICY_UPSTREAMS];	/* opened for that server */
	struct port port[PORTS_MAX];
};

void ports_init(struct ports *p, struct poller *poller, uint64_t token);

/*
 * A port to the server-th server, for a question, or PORTS_NONE when no socket
 * is to be had. *use: its place there; the id is the caller's to set.
 */
uint16_t ports_join(struct ports *p, unsigned int server,
		    const struct policy_upstream *to, uint8_t question,
		    uint64_t now, uint8_t *use);
/* The last one closes it. */
void ports_leave(struct ports *p, uint16_t port, uint8_t use);

/* Who joins from now on shares no port with those before. */
void ports_part(struct ports *p);

/* How p's upstreams are reached may be another way than it was. */
void ports_adopt(struct ports *ports, const struct policy *p);

/* Whose id it is there, or NULL. */
const struct port_use *ports_find(const struct port *port, uint16_t id);
/* With frames: the open port of this number and family, or PORTS_NONE. */
uint16_t ports_number(const struct ports *p, uint16_t number, bool v4);

#endif /* PORTS_H */
