/* SPDX-License-Identifier: ISC */
/*
 * A hostile DNS server, and what it was asked.
 *
 *   live_upstream ADDRESS...	port 53 of each, UDP and TCP; the first is IPv4
 *
 * Every question is a line on stdout: ms, server, u or t, port, id, flags,
 * number of additional records, type, name as it was spelt.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "liar.h"

enum { SEEN = 4096, SERVERS = 2 };

static struct event_base *base;

/* A question that is sent again: it was dealt with the first time. */
static bool seen(const struct liar_query *q)
{
	static uint64_t ring[SEEN];
	static unsigned int next;
	uint64_t key = (uint64_t)q->server << 40 | (uint64_t)q->tcp << 32 |
		       (uint64_t)q->from.sin6_port << 16 |
		       ldns_pkt_id(q->pkt);

	for (unsigned int i = 0; i < SEEN; i++)
		if (ring[i] == key + 1)
			return true;
	ring[next++ % SEEN] = key + 1;
	return false;
}

static void print(const struct liar_query *q, const uint8_t *p)
{
	printf("%llu %u %c %u %u %02x%02x %u %u %s\n",
	       (unsigned long long)(clock_boot() / CLOCK_MS), q->server + 1,
	       q->tcp ? 't' : 'u', ntohs(q->from.sin6_port),
	       ldns_pkt_id(q->pkt), p[2], p[3], ldns_pkt_arcount(q->pkt),
	       q->type, q->name);
	fflush(stdout);
}

/* What the name wants of server q->server. */
static void understand(struct liar_query *q)
{
	char name[sizeof(q->name)], *s, *rest = NULL;

	snprintf(name, sizeof(name), "%s", q->name);
	for (s = name; *s != '\0'; s++)
		*s |= *s >= 'A' && *s <= 'Z' ? 0x20 : 0;
	q->only = strstr(name, ".only.") != NULL;
	s = strtok_r(name, ".", &rest);
	for (unsigned int i = 0; i < q->server && s != NULL; i++)
		s = strtok_r(NULL, ".", &rest);
	if (s != NULL)
		sscanf(s, "%63[^-]-%u-%lu", q->word, &q->n, &q->arg);
}

static void question(struct liar_query *q, const uint8_t *p, size_t len)
{
	ldns_rr *rr;
	char *text;

	if (ldns_wire2pkt(&q->pkt, p, len) != LDNS_STATUS_OK)
		return;
	rr = ldns_rr_list_rr(ldns_pkt_question(q->pkt), 0);
	text = ldns_rdf2str(ldns_rr_owner(rr));
	snprintf(q->name, sizeof(q->name), "%s", text);
	free(text);
	q->type = (uint16_t)ldns_rr_get_type(rr);
	print(q, p);
	understand(q);
	if (!seen(q))
		liar_answer(q);
	ldns_pkt_free(q->pkt);
}

static void on_udp(evutil_socket_t fd, short what, void *context)
{
	struct liar_query q = { .fd = fd, .from_len = sizeof(q.from) };
	uint8_t p[1024];
	ssize_t n = recvfrom(fd, p, sizeof(p), 0, (struct sockaddr *)&q.from,
			     &q.from_len);

	(void)what;
	q.server = *(unsigned int *)context;
	if (n > 0)
		question(&q, p, (size_t)n);
}

/* One question a connection, which the client has to close. */
static void on_stream(evutil_socket_t fd, short what, void *context)
{
	struct liar_query q = { .fd = fd, .tcp = true };
	uint8_t p[1024];
	ssize_t n = recv(fd, p, sizeof(p), 0);

	(void)what;
	q.server = *(unsigned int *)context;
	q.from_len = sizeof(q.from);
	getpeername(fd, (struct sockaddr *)&q.from, &q.from_len);
	if (n > 2)
		question(&q, p + 2, (size_t)n - 2);
}

static void on_accept(evutil_socket_t fd, short what, void *context)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)what;
	if (client >= 0)
		event_base_once(base, client, EV_READ, on_stream, context,
				NULL);
}

static int serve(const char *text, int type)
{
	struct sockaddr_in s4 = { .sin_family = AF_INET,
				  .sin_port = htons(53) };
	struct sockaddr_in6 s6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(53) };
	bool v4 = inet_pton(AF_INET, text, &s4.sin_addr) == 1;
	struct sockaddr *sa = v4 ? (void *)&s4 : (void *)&s6;
	int on = 1, fd;

	if (!v4 && inet_pton(AF_INET6, text, &s6.sin6_addr) != 1)
		errx(2, "%s: no address", text);
	fd = socket(v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, sa, v4 ? sizeof(s4) : sizeof(s6)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 64) < 0))
		err(1, "%s", text);
	return fd;
}

int main(int argc, char **argv)
{
	static unsigned int index[SERVERS];

	base = event_base_new();
	if (argc < 2 || argc > 1 + SERVERS || base == NULL)
		errx(2, "usage: live_upstream ADDRESS [ADDRESS]");
	liar_init(base, argv[1]);
	for (unsigned int i = 0; i + 1 < (unsigned int)argc; i++) {
		index[i] = i;
		event_add(event_new(base, serve(argv[i + 1], SOCK_DGRAM),
				    EV_READ | EV_PERSIST, on_udp, &index[i]),
			  NULL);
		event_add(event_new(base, serve(argv[i + 1], SOCK_STREAM),
				    EV_READ | EV_PERSIST, on_accept,
				    &index[i]), NULL);
	}
	puts("ready");
	fflush(stdout);
	return event_base_dispatch(base) < 0;
}
