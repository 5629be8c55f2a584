/* SPDX-License-Identifier: ISC */
/*
 * intake.h - the host's DNS packets, out of a TUN device and back into it
 *
 * Control has made the device and steers to it what goes to port 53; nothing
 * is bound here. What is not a DNS client of this machine is dropped and
 * counted: other ports, other hosts, fragments (no packet here needs any),
 * and what the kernel says by itself on a new device.
 */
#ifndef INTAKE_H
#define INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"
#include "compat.h"
#include "counters.h"
#include "craft.h"
#include "frame.h"
#include "limits.h"
#include "poller.h"
#include "responder.h"
#include "shared/judge.h"
#include "slots.h"

struct intake {
	int fd;			/* of the TUN: a packet per read; -1 = none */
	enum link link;		/* LINK_RAW, or LINK_LOOP: a head comes first */
	struct slots *slots;
	struct counters *counters;
	struct craft *craft;
	struct responder responder;
	uint8_t packet[TUN_HEAD + TUN_MTU];	/* on its way out */
};

void intake_init(struct intake *k, struct slots *slots,
		 struct counters *counters);

/* fd does not block, and stays the caller's. */
NODISCARD int intake_open(struct intake *k, int fd, struct poller *poller,
			  uint64_t token);

/* The token has come. False: the device is gone. */
NODISCARD bool intake_read(struct intake *k, const struct judge *j,
			   uint64_t now, client_query *query, void *context);

void intake_send(struct intake *k, const struct client *to,
		 const uint8_t *msg, size_t len);

/* This query gets no reply; its connection stays. */
void intake_forget(struct intake *k, const struct client *to);

/* Ends connections that have been idle too long; when to come again. */
uint64_t intake_due(struct intake *k, uint64_t now);

#endif /* INTAKE_H */
