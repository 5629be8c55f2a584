/* SPDX-License-Identifier: ISC */
/*
 * opened.h - what has been opened, told when nobody waits for it any more
 *
 * Making an event of it takes as long as opening it. So an address is noted
 * before its ack, and told behind it.
 */
#ifndef OPENED_H
#define OPENED_H

#include <stdint.h>

#include "allowed.h"
#include "answer.h"

struct daemon;

struct opened {
	unsigned int n;
	struct opened_one {
		struct allowed_entry entry;
		uint8_t name[DNSNAME_MAX];
	} one[ANSWER_BATCH];
};

/* As struct answer's on_open; context is the daemon. */
void opened_note(void *context, const struct allowed_entry *e,
		 const uint8_t *name);
/* Logs, and tells subscribers. */
void opened_tell(struct daemon *d);

#endif /* OPENED_H */
