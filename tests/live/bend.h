/* SPDX-License-Identifier: ISC */
/*
 * bend.h - good DNS messages made bad in one way each
 */
#ifndef BEND_H
#define BEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BEND_ROOM = 65535 };

struct message {
	size_t len;
	size_t at;			/* of the first answer */
	uint8_t p[BEND_ROOM];
};

/* m: a response with one A or AAAA record. False: no such way. */
bool bend(const char *how, struct message *m);

#endif /* BEND_H */
