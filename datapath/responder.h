/* SPDX-License-Identifier: ISC */
/*
 * responder.h - DNS over TCP without a kernel's socket
 *
 * As much of RFC 9293 as a server needs whose clients are this machine's own
 * and come over a link that loses nothing: connections are opened by the
 * client, octets are taken in order only, and nothing is sent twice but a
 * SYN+ACK. Why not refuse: a client that is told to come over TCP (TC, "dig
 * +tcp", glibc's use-vc, systemd-resolved's fall-back) has no other way.
 *
 * Every segment is hostile. For one that comes in, one goes out at most, but
 * for replies, a wider window, and the reset of a connection that makes room
 * for another. All is of fixed size: whoever finds the table full takes the
 * place of the quietest.
 */
#ifndef RESPONDER_H
#define RESPONDER_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"
#include "counters.h"
#include "craft.h"
#include "frame.h"
#include "limits.h"
#include "session.h"
#include "slots.h"

enum responder_state {
	RESPONDER_FREE,
	RESPONDER_SYN,		/* SYN-RECEIVED */
	RESPONDER_OPEN,		/* ESTABLISHED and all that comes after */
};

/* In lower case, the variables of RFC 9293, 3.3.1. */
struct responder_tcp {
	enum responder_state state;
	bool heard_fin, sent_fin;
	struct craft_ends ends;	/* from us to the client */
	uint32_t rcv_nxt;
	uint32_t snd_una, snd_nxt;
	uint16_t snd_wnd;
	uint16_t mss;		/* the most octets that it takes in one */
	uint32_t acked;		/* rcv_nxt, as last said */
	uint32_t edge;		/* rcv_nxt + the window, as last said */
	struct session session;
};

/* Sends one segment; false when it is lost. */
typedef bool responder_output(void *context, const struct craft_segment *s,
			      const uint8_t *payload, size_t len);

struct responder {
	struct slots *slots;
	struct counters *counters;
	responder_output *output;
	void *context;		/* output's */
	struct responder_tcp client[TCP_CLIENTS];
	uint8_t out[2 + SLOT_SIZE];	/* a reply with its length */
};

void responder_init(struct responder *r, struct slots *slots,
		    struct counters *counters, responder_output *output,
		    void *context);

/* f: a good TCP segment to us. */
void responder_read(struct responder *r, const struct frame *f, uint64_t now,
		    client_query *query, void *context);

void responder_send(struct responder *r, const struct client *to,
		    const uint8_t *msg, size_t len);

/* This query gets no reply; the connection stays. */
void responder_forget(struct responder *r, const struct client *to);

/* Ends connections that have been idle too long; when to come again. */
uint64_t responder_due(struct responder *r, uint64_t now);

#endif /* RESPONDER_H */
