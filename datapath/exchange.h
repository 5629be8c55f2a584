/* SPDX-License-Identifier: ISC */
/*
 * exchange.h - questions in flight: ids, case, retries, TCP, lateness
 *
 * A question is asked of all upstreams at once, each through a socket of its
 * own with an id and a spelling (0x20) of its own, and asked again after
 * 100, 300 and 900 ms. What comes back is matched here; whether it is a good
 * answer is for the caller to say.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "counters.h"
#include "dnsmsg.h"
#include "limits.h"
#include "poller.h"
#include "shared/policy.h"
#include "slots.h"

enum question_state {
	QUESTION_FREE,
	QUESTION_ASKING,	/* upstream has not answered yet */
	QUESTION_HELD,		/* an answer lies here until control acknowledges */
	QUESTION_LINGER,	/* over; sockets stay a while to count what is late */
};

struct question_server {
	struct policy_upstream upstream;
	int fd;			/* UDP; -1 = none */
	uint16_t id;
	bool failed;		/* nothing more to hope for */
	uint8_t spelt[DNSNAME_MAX];	/* 0x20: the name as we sent it */
};

struct question_tcp {
	int fd;			/* -1 = none */
	uint8_t server;
	bool sent;
	uint16_t slot;		/* length prefix and message */
	uint16_t got;		/* octets of it */
};

struct question {
	enum question_state state;
	uint16_t type;
	uint8_t name_len;
	uint8_t name[DNSNAME_MAX];	/* unpacked, lower case */
	uint64_t born;			/* boot time, ns; so the next two */
	uint64_t retry_at, deadline;
	uint8_t tries;
	bool sent;			/* to at least one server, at least once */
	uint8_t n_servers;
	struct question_server server[POLICY_UPSTREAMS];
	struct question_tcp tcp;

	/* For the caller: the answer that is held, and who waits for it. */
	uint16_t slot;			/* SLOTS_NONE = none */
	struct dnsmsg view;		/* of the slot */
	uint16_t n_addrs;
	struct ipaddr addrs[ALLOW_PER_NAME];
	uint32_t lifetime;		/* seconds */
	uint32_t grant;			/* id */
	uint64_t answered;		/* boot time, ns; 0 = from the cache */
	uint64_t fresh_until;		/* the cached answer's own end; else UINT64_MAX */
	uint16_t askers;		/* list of askers, ASKERS_NONE = empty */
	uint16_t n_askers;
};

struct exchange {
	struct poller *poller;
	struct slots *slots;
	struct counters *counters;
	uint64_t token;			/* of question 0, server 0 */
	struct question question[QUESTIONS_MAX];
};

enum { EXCHANGE_TCP = POLICY_UPSTREAMS, EXCHANGE_TOKENS = 8 };

/*
 * The tokens it gives the poller are first + question * EXCHANGE_TOKENS + n,
 * n being a server's number or EXCHANGE_TCP.
 */
void exchange_init(struct exchange *x, struct poller *poller,
		   struct slots *slots, struct counters *counters,
		   uint64_t first);

/* The question that is being asked or held, or NULL. */
struct question *exchange_find(struct exchange *x, const uint8_t *name,
			       size_t len, uint16_t type);

/* A new question, not yet asked of anybody, or NULL when the table is full. */
struct question *exchange_new(struct exchange *x, const uint8_t *name,
			      size_t len, uint16_t type, uint64_t now);

/* Asks all upstreams of p. False if there is none that could be asked. */
bool exchange_ask(struct exchange *x, struct question *q,
		  const struct policy *p, uint64_t now);

/*
 * Something is to be read at question i, part n (see exchange_init). True: a
 * response of server *server to this question lies in q->slot as q->view, its
 * rcode NOERROR or NXDOMAIN. The caller keeps it or calls exchange_reject().
 */
bool exchange_read(struct exchange *x, struct question *q, unsigned int n,
		   uint64_t now, unsigned int *server);

/* The response in q->slot was no good: drop it, and hope for the others. */
void exchange_reject(struct exchange *x, struct question *q,
		     unsigned int server);

/* All upstreams have failed, or time is up. */
bool exchange_hopeless(const struct question *q, uint64_t now);

/* Sends again what is due. */
void exchange_retry(struct exchange *x, struct question *q, uint64_t now);

/* As if it were asked only now: the network has changed under it. */
void exchange_again(struct question *q, uint64_t now);

/* The question is over; its slot is released, its sockets linger. */
void exchange_end(struct exchange *x, struct question *q, uint64_t now);

/* Closes everything at once. */
void exchange_clear(struct exchange *x);

/* Closes sockets that have lingered enough. The next time something is due,
 * boot time in ns; UINT64_MAX = nothing. */
uint64_t exchange_due(struct exchange *x, uint64_t now);

#endif /* EXCHANGE_H */
