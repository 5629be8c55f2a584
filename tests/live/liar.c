/* SPDX-License-Identifier: ISC */
/*
 * Good messages are ldns's; bad ones are bent afterwards, and what comes from
 * a wrong place is libnet's.
 */
#include "liar.h"

#include <arpa/inet.h>
#include <err.h>
#include <libnet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bend.h"
#include "dnsmsg.h"

enum { RECORDS = 3 };

struct later {
	struct liar_query q;
	struct message m;
};

static struct event_base *base;
static const char *address;
static libnet_t *net;

void liar_init(struct event_base *b, const char *a)
{
	char error[LIBNET_ERRBUF_SIZE];

	base = b;
	address = a;
	net = libnet_init(LIBNET_RAW4, NULL, error);
	if (net == NULL)
		errx(1, "libnet: %s", error);
}

/* --- messages --- */

static void number(const struct liar_query *q, bool evil, char out[static 64])
{
	unsigned int n = q->n & 0x7fff;

	if (q->type == DNSTYPE_A)
		snprintf(out, 64, "198.18.%u.%u", (evil ? 128u : 0u) + n / 256,
			 n % 256);
	else
		snprintf(out, 64, "2001:db8:18:%s:%x", evil ? "8000:" : "", n);
}

static ldns_pkt *shell(const struct liar_query *q)
{
	ldns_pkt *pkt = ldns_pkt_new();

	ldns_pkt_set_id(pkt, ldns_pkt_id(q->pkt));
	ldns_pkt_set_qr(pkt, true);
	ldns_pkt_set_rd(pkt, true);
	ldns_pkt_set_ra(pkt, true);
	ldns_pkt_push_rr(pkt, LDNS_SECTION_QUESTION, ldns_rr_clone(
			 ldns_rr_list_rr(ldns_pkt_question(q->pkt), 0)));
	return pkt;
}

/* owner "@": the question's; rdata "good" and "evil": its address. */
static void add(const struct liar_query *q, ldns_pkt *pkt,
		ldns_pkt_section where, const char *owner, unsigned long ttl,
		const char *type, const char *rdata)
{
	const char *any = q->type == DNSTYPE_A ? "A" : "AAAA";
	char addr[64], text[2048];
	ldns_rr *rr;

	number(q, strcmp(rdata, "evil") == 0, addr);
	if (strcmp(rdata, "good") == 0 || strcmp(rdata, "evil") == 0)
		rdata = addr;
	snprintf(text, sizeof(text), "%s 60 IN %s %s",
		 strcmp(owner, "@") == 0 ? q->name : owner,
		 strcmp(type, "*") == 0 ? any : type, rdata);
	if (ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL) != LDNS_STATUS_OK)
		errx(1, "no record: %s", text);
	ldns_rr_set_ttl(rr, (uint32_t)ttl);
	ldns_pkt_push_rr(pkt, where, rr);
}

/* pkt is used up. */
static void finish(const struct liar_query *q, ldns_pkt *pkt, struct message *m)
{
	uint8_t *wire;
	size_t len;

	if (ldns_pkt2wire(&wire, pkt, &len) != LDNS_STATUS_OK)
		errx(1, "no message for %s", q->name);
	memcpy(m->p, wire, len);
	m->len = len;
	m->at = DNSMSG_HEADER + ldns_rdf_size(ldns_rr_owner(ldns_rr_list_rr(
		ldns_pkt_question(q->pkt), 0))) + 4;
	free(wire);
	ldns_pkt_free(pkt);
}

static void one(const struct liar_query *q, struct message *m,
		const char *rdata)
{
	ldns_pkt *pkt = shell(q);

	add(q, pkt, LDNS_SECTION_ANSWER, "@", 60, "*", rdata);
	finish(q, pkt, m);
}

static void put(const struct liar_query *q, const struct message *m)
{
	uint8_t prefix[2] = { (uint8_t)(m->len >> 8), (uint8_t)m->len };

	if (!q->tcp) {
		(void)!sendto(q->fd, m->p, m->len, 0,
			      (const struct sockaddr *)&q->from, q->from_len);
		return;
	}
	(void)!send(q->fd, prefix, 2, MSG_NOSIGNAL | MSG_MORE);
	(void)!send(q->fd, m->p, m->len, MSG_NOSIGNAL);
}

static void put_packet(const struct liar_query *q, ldns_pkt *pkt)
{
	struct message m;

	finish(q, pkt, &m);
	put(q, &m);
}

static void on_later(evutil_socket_t fd, short what, void *context)
{
	struct later *l = context;

	(void)fd;
	(void)what;
	put(&l->q, &l->m);
	free(l);
}

static void put_later(const struct liar_query *q, const struct message *m,
		      unsigned int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	struct later *l = malloc(sizeof(*l));

	if (l == NULL)
		err(1, "malloc");
	l->q = *q;
	l->m = *m;
	event_base_once(base, -1, EV_TIMEOUT, on_later, l, &tv);
}

/* From any address and port of IPv4. */
static void put_from(const struct liar_query *q, const struct message *m,
		     const char *source, uint16_t port)
{
	const struct sockaddr_in *to = (const struct sockaddr_in *)&q->from;

	libnet_clear_packet(net);
	libnet_build_udp(port, ntohs(to->sin_port),
			 (uint16_t)(LIBNET_UDP_H + m->len), 0, m->p,
			 (uint32_t)m->len, net, 0);
	libnet_build_ipv4((uint16_t)(LIBNET_IPV4_H + LIBNET_UDP_H + m->len), 0,
			  q->n & 0xffff, 0, 64, IPPROTO_UDP, 0,
			  inet_addr(source), to->sin_addr.s_addr, NULL, 0, net,
			  0);
	if (libnet_write(net) < 0)
		errx(1, "libnet: %s", libnet_geterror(net));
}

/* An evil answer that must be refused, then the good one. */
static bool bent(const struct liar_query *q)
{
	struct message m;

	one(q, &m, "evil");
	if (!bend(q->word, &m))
		return false;
	put(q, &m);
	if (q->only)
		return true;
	one(q, &m, "good");
	put(q, &m);
	return true;
}

/* --- told: well-formed, and what it says is the trouble --- */

struct record {
	ldns_pkt_section where;
	const char *owner;
	unsigned long ttl;
	const char *type, *rdata;
};

#define AN LDNS_SECTION_ANSWER
#define NS LDNS_SECTION_AUTHORITY
#define AR LDNS_SECTION_ADDITIONAL
#define SOA "a.test. b.test. 1 2 3 4 5"

static const struct {
	const char *word;
	uint8_t rcode;
	struct record rr[RECORDS];
} tales[] = {
	{ "good", 0, { { AN, "@", 60, "*", "good" } } },
	{ "nodata", 0, { { NS, "test.", 60, "SOA", SOA } } },
	{ "nxdomain", 3, { { NS, "test.", 60, "SOA", SOA } } },
	{ "nxaddress", 3, { { AN, "@", 60, "*", "evil" } } },
	{ "formerr", 1, { { 0 } } },
	{ "servfail", 2, { { AN, "@", 60, "*", "evil" } } },
	{ "notimp", 4, { { 0 } } },
	{ "refused", 5, { { 0 } } },
	{ "alias", 0, { { AN, "@", 60, "CNAME", "end.test." },
			{ AN, "end.test.", 60, "*", "good" } } },
	{ "swapped", 0, { { AN, "end2.test.", 60, "*", "good" },
			  { AN, "@", 60, "CNAME", "end2.test." } } },
	{ "loop1", 0, { { AN, "@", 60, "CNAME", "@" } } },
	{ "loop2", 0, { { AN, "@", 60, "CNAME", "l.test." },
			{ AN, "l.test.", 60, "CNAME", "@" },
			{ AN, "l.test.", 60, "*", "evil" } } },
	{ "stray", 0, { { AN, "@", 60, "*", "evil" },
			{ AN, "other.test.", 60, "*", "evil" } } },
	{ "before", 0, { { AN, "@", 60, "CNAME", "end3.test." },
			 { AN, "@", 60, "*", "evil" } } },
	{ "fork", 0, { { AN, "@", 60, "CNAME", "end4.test." },
		       { AN, "fork.test.", 60, "CNAME", "end4.test." },
		       { AN, "end4.test.", 60, "*", "evil" } } },
	{ "both", 0, { { AN, "@", 60, "A", "198.18.128.1" },
		       { AN, "@", 60, "AAAA", "2001:db8:18:8000::1" } } },
	{ "authority", 0, { { AN, "@", 60, "*", "good" },
			    { NS, "captive.apple.com.", 60, "*", "evil" },
			    { AR, "@", 60, "*", "evil" } } },
	{ "text", 0, { { AN, "@", 60, "TXT", "hello" },
		       { AN, "@", 60, "*", "good" } } },
	{ "lowest", 0, { { AN, "@", 45, "CNAME", "end5.test." },
			 { AN, "end5.test.", 200, "*", "good" } } },
};

static bool told(const struct liar_query *q)
{
	size_t i = 0;
	ldns_pkt *pkt;

	while (i < NITEMS(tales) && strcmp(q->word, tales[i].word) != 0)
		i++;
	if (i == NITEMS(tales))
		return false;
	pkt = shell(q);
	ldns_pkt_set_rcode(pkt, tales[i].rcode);
	for (size_t k = 0; k < RECORDS; k++) {
		const struct record *r = &tales[i].rr[k];

		if (r->owner != NULL)
			add(q, pkt, r->where, r->owner, r->ttl, r->type,
			    strcmp(r->rdata, "@") == 0 ? q->name : r->rdata);
	}
	put_packet(q, pkt);
	return true;
}

/* --- done: in time, by another way, or too much of it --- */

static void do_ttl(const struct liar_query *q)
{
	ldns_pkt *pkt = shell(q);

	add(q, pkt, AN, "@", q->arg, "*", "good");
	put_packet(q, pkt);
}

static void do_many(const struct liar_query *q)
{
	ldns_pkt *pkt = shell(q);
	char addr[32];

	for (unsigned long i = 1; i <= q->arg; i++) {
		snprintf(addr, sizeof(addr), "198.19.%u.%lu", q->n & 0xff, i);
		add(q, pkt, AN, "@", 60, "A", addr);
	}
	put_packet(q, pkt);
}

static void do_chain(const struct liar_query *q)
{
	char owner[32] = "@", target[32];
	ldns_pkt *pkt = shell(q);

	for (unsigned long i = 1; i <= q->arg; i++) {
		snprintf(target, sizeof(target), "c%u-%lu.test.", q->n, i);
		add(q, pkt, AN, owner, 60, "CNAME", target);
		memcpy(owner, target, sizeof(owner));
	}
	add(q, pkt, AN, owner, 60, "*", "good");
	put_packet(q, pkt);
}

/* Addresses from the other labels, in hexadecimal: 8 digits or 32. */
static void do_hex(const struct liar_query *q)
{
	ldns_pkt *pkt = shell(q);
	char name[sizeof(q->name)], addr[64];
	struct in6_addr b;

	snprintf(name, sizeof(name), "%s", q->name);
	for (char *s = strtok(name, "."); s != NULL; s = strtok(NULL, ".")) {
		size_t len = strspn(s, "0123456789abcdefABCDEF");

		if (s[len] != '\0' ||
		    len != (q->type == DNSTYPE_A ? 8u : 32u))
			continue;
		for (size_t i = 0; i < len / 2; i++)
			sscanf(s + 2 * i, "%2hhx", &b.s6_addr[i]);
		inet_ntop(len == 8 ? AF_INET : AF_INET6, &b, addr,
			  sizeof(addr));
		add(q, pkt, AN, "@", 60, "*", addr);
	}
	put_packet(q, pkt);
}

static void do_silent(const struct liar_query *q) { (void)q; }

static void do_slow(const struct liar_query *q)
{
	struct message m;

	one(q, &m, "good");
	put_later(q, &m, (unsigned int)q->arg);
}

static void do_twice(const struct liar_query *q)
{
	struct message m;

	one(q, &m, "good");
	put(q, &m);
	put(q, &m);
	put_later(q, &m, 50);
}

static void do_from(const struct liar_query *q)
{
	struct message m;

	one(q, &m, "evil");
	put_from(q, &m, "192.168.77.66", 53);
	put_from(q, &m, address, 5353);
	one(q, &m, "good");
	put_later(q, &m, 20);
}

/* Over UDP, to who has not asked for more: all the words that begin so. */
static void do_tc(const struct liar_query *q)
{
	ldns_pkt *pkt = shell(q);

	ldns_pkt_set_tc(pkt, true);
	put_packet(q, pkt);
}

static const struct {
	const char *word;
	void (*act)(const struct liar_query *q);
} acts[] = {
	{ "ttl", do_ttl }, { "many", do_many }, { "chain", do_chain },
	{ "hex", do_hex }, { "silent", do_silent }, { "slow", do_slow },
	{ "twice", do_twice }, { "from", do_from },
};

/* --- over TCP, or over UDP with EDNS --- */

static void tcp_long(const struct liar_query *q)
{
	static const uint8_t start[64] = { 0xea, 0x60 };
	struct message m;

	if (!q->tcp) {
		one(q, &m, "evil");
		bend("long", &m);
		put(q, &m);
		return;
	}
	(void)!send(q->fd, start, sizeof(start), MSG_NOSIGNAL);
}

static void tcp_cut(const struct liar_query *q)
{
	struct message m;

	one(q, &m, "evil");
	if (!q->tcp) {
		m.len--;
		put(q, &m);
		return;
	}
	(void)!send(q->fd, (uint8_t[]){ 0, (uint8_t)m.len }, 2, MSG_NOSIGNAL);
	(void)!send(q->fd, m.p, m.len - 1, MSG_NOSIGNAL);
	shutdown(q->fd, SHUT_WR);
}

/* Octet by octet. */
static void tcp_split(const struct liar_query *q)
{
	struct message m;

	one(q, &m, "good");
	memmove(m.p + 2, m.p, m.len);
	m.p[0] = 0;
	m.p[1] = (uint8_t)m.len;
	for (size_t i = 0; i < m.len + 2; i++) {
		(void)!send(q->fd, m.p + i, 1, MSG_NOSIGNAL);
		usleep(500);
	}
}

static void tcp_id(const struct liar_query *q)
{
	struct message m;

	one(q, &m, "evil");
	bend("id", &m);
	put(q, &m);
}

static void tcp_good(const struct liar_query *q)
{
	struct message m;

	one(q, &m, "good");
	put(q, &m);
}

static const struct {
	const char *word;
	void (*act)(const struct liar_query *q);
} streams[] = {
	{ "tcgood", tcp_good }, { "tclong", tcp_long }, { "tccut", tcp_cut },
	{ "tcsplit", tcp_split }, { "tcid", tcp_id }, { "tctc", do_tc },
	{ "tcsilent", do_silent }, { "tcmany", do_many },
};

void liar_answer(const struct liar_query *q)
{
	ldns_pkt *pkt;

	if (bent(q) || told(q))
		return;
	for (size_t i = 0; i < NITEMS(streams); i++)
		if (strcmp(q->word, streams[i].word) == 0) {
			(q->tcp || ldns_pkt_edns(q->pkt) ?
			 streams[i].act : do_tc)(q);
			return;
		}
	for (size_t i = 0; i < NITEMS(acts); i++)
		if (strcmp(q->word, acts[i].word) == 0) {
			acts[i].act(q);
			return;
		}
	pkt = shell(q);		/* not of this test: no data */
	put_packet(q, pkt);
}

