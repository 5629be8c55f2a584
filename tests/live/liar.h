/* SPDX-License-Identifier: ISC */
/*
 * liar.h - what a hostile DNS server says
 *
 * The name says what happens: the k-th label is for the k-th server, and is
 * made of a word, a number N and perhaps an argument, as in "ttl-7-86400".
 * Good answers hold 198.18.0.0 + N or 2001:db8:18:: + N, bad ones ("evil")
 * 198.18.128.0 + N or 2001:db8:18:8000:: + N; of N its lower 15 bits.
 */
#ifndef LIAR_H
#define LIAR_H

#include <event2/event.h>
#include <ldns/ldns.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct liar_query {
	unsigned int server;
	bool tcp;
	int fd;				/* to answer through */
	struct sockaddr_in6 from;	/* or IPv4's */
	socklen_t from_len;
	ldns_pkt *pkt;
	uint16_t type;
	char name[1024];		/* text, as it was spelt */
	char word[64];
	unsigned int n;
	unsigned long arg;
	bool only;			/* no good answer after the bad one */
};

/* address: of the first server, IPv4. */
void liar_init(struct event_base *base, const char *address);

void liar_answer(const struct liar_query *q);

#endif /* LIAR_H */
