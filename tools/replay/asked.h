/* SPDX-License-Identifier: ISC */
/*
 * asked.h - questions of a capture that wait for their answers
 *
 * A response is taken as the resolver takes it (datapath/exchange.c): it
 * comes from where the question went, with its id, in time, and repeats the
 * question to the letter. Bounded: where there is no room, the oldest goes.
 */
#ifndef ASKED_H
#define ASKED_H

#include <stdbool.h>
#include <stdint.h>

#include "dnsmsg.h"
#include "frame.h"
#include "verdict.h"

enum { ASKED_WAYS = 8, ASKED_SETS = 128 };
enum { ASKED_QUESTION = DNSNAME_MAX + 4 };

/* Client and server, whichever way the packet goes. */
struct asked_ends {
	struct ipaddr client, server;
	uint16_t client_port, server_port, id;
	uint8_t protocol;
};

struct asked_one {
	struct asked_ends ends;
	bool used;
	enum verdict verdict;
	uint64_t time;			/* ns: when it was asked first */
	uint16_t len;
	uint8_t question[ASKED_QUESTION];	/* as it stood in the message */
};

struct asked {
	uint64_t again, unanswered;	/* counted */
	struct asked_one one[ASKED_SETS][ASKED_WAYS];
};

enum asked_what {
	ASKED_MATCH,
	ASKED_UNASKED,		/* nobody waits for this */
	ASKED_LATE,
	ASKED_OTHER,		/* another question than was asked */
	ASKED_CASE,		/* ... in its spelling only */
};

void asked_init(struct asked *a);
/* What nobody has answered is counted; all is forgotten. */
void asked_restart(struct asked *a);

/* f carries the query m. False: it was asked before, and still waits. */
bool asked_add(struct asked *a, const struct frame *f, const struct dnsmsg *m,
	       enum verdict v, uint64_t now);

/*
 * f carries the response m. ASKED_MATCH: *one is the question, until the next
 * call; unless it is to be asked_done() it goes on waiting.
 */
enum asked_what asked_find(struct asked *a, const struct frame *f,
			   const struct dnsmsg *m, uint64_t now,
			   struct asked_one **one);
void asked_done(struct asked_one *one);

#endif /* ASKED_H */
