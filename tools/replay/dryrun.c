/* SPDX-License-Identifier: ISC */
#include "dryrun.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "examine.h"

enum { TCP_SYN = 0x02 };

/* Captures of several queues are a little out of order; more is another. */
static const uint64_t EPISODE_NS = 60 * CLOCK_S;

/* ---- open and close */

static void fill_ledger(struct dryrun *d, const struct conf *c)
{
	struct ledger *l = &d->ledger;

	_Static_assert((int)LEDGER_PORTS >= (int)CONF_PORTS, "all of them");
	_Static_assert((int)LEDGER_RELAYS >= (int)CONF_ENDPOINTS, "and these");
	memset(l, 0, sizeof(*l));
	l->policy = &d->door.policy;
	l->allow = d->door.arena.allow;
	l->lan = c->lan;
	l->n_ports = c->allow.n_ports;
	memcpy(l->ports, c->allow.ports, sizeof(c->allow.ports));
	for (unsigned int i = 0; i < c->tunnel.n_endpoints; i++)
		l->relays[l->n_relays++] = (struct ledger_relay){
			.addr = c->tunnel.endpoints[i].addr,
			.port = c->tunnel.endpoints[i].port,
			.protocol = c->tunnel.endpoints[i].tcp ? FRAME_TCP :
								 FRAME_UDP,
		};
}

int dryrun_open(struct dryrun *d, const struct conf *c, struct why *why)
{
	int error = door_open(&d->door, c, why);

	if (error < 0)
		return error;
	fill_ledger(d, c);
	leaks_init(&d->leaks);
	defrag_init(&d->defrag);
	stream_init(&d->streams);
	asked_init(&d->asked);
	names_init(&d->names);
	latency_init(&d->latency);
	memset(&d->counts, 0, sizeof(d->counts));
	d->tell = NULL;
	return 0;
}

void dryrun_close(struct dryrun *d)
{
	door_close(&d->door);
	clock_dry = 0;
}

/* "10.1.0.5" or "10.1.0.5/16": host bits are what it is about. */
static bool parse_local(const char *text, struct ipaddr *a, struct ipnet *net)
{
	size_t n = strcspn(text, "/");
	char word[IPADDR_TEXT], *end = word;
	unsigned long bits = 128, shift = strchr(text, ':') == NULL ? 96 : 0;

	if (n >= sizeof(word))
		return false;
	memcpy(word, text, n);
	word[n] = '\0';
	if (!ipaddr_parse(word, a))
		return false;
	if (text[n] == '/') {
		if (strspn(text + n + 1, "0123456789") == 0)
			return false;
		bits = strtoul(text + n + 1, &end, 10);
		if (*end != '\0' || bits > 128 - shift)
			return false;
		bits += shift;
	}
	*net = (struct ipnet){ .addr = *a, .bits = (uint8_t)bits };
	return true;
}

bool dryrun_local(struct dryrun *d, const char *text)
{
	struct judge *j = &d->door.policy.judge;

	if (j->n_own == POLICY_NETS || j->n_onlink == POLICY_NETS ||
	    !parse_local(text, &j->own[j->n_own], &j->onlink[j->n_onlink]))
		return false;
	j->n_own++;
	j->n_onlink++;
	return true;
}

/* ---- leaks */

static void tell(struct dryrun *d, struct dryrun_event *e)
{
	if (d->tell == NULL)
		return;
	e->packet = d->counts.packets;
	e->time = d->time;
	d->tell(d->context, e);
}

static void note_leak(struct dryrun *d, const struct frame_glance *g,
		      enum ledger_class c, bool told)
{
	const struct frame *f = g->depth == FRAME_IP ? &g->f : NULL;
	bool cooked = d->link == LINK_SLL || d->link == LINK_SLL2;
	struct leak key = { .ethertype = f == NULL ? g->ethertype : 0 };
	struct dryrun_event e = {
		.kind = DRYRUN_LEAK, .frame = f, .ethertype = g->ethertype,
		.parse = d->why, .leak = true,
	};

	if (f != NULL) {
		key.protocol = f->protocol;
		key.from.addr = f->src;
		key.to.addr = f->dst;
		key.from.port = f->ports ? f->sport : 0;
		key.to.port = f->ports ? f->dport : 0;
	}
	switch (leaks_add(&d->leaks, &key,
			  !cooked && d->door.policy.judge.n_own == 0)) {
	case LEAKS_NEW:
		if (!told)
			tell(d, &e);
		break;
	case LEAKS_BACK:
		c = LEDGER_INCOMING;
		break;
	case LEAKS_KNOWN:
	case LEAKS_FULL:
		break;
	}
	d->counts.classes[c]++;
}

/* told: a line about the packet says so already. */
static void classify(struct dryrun *d, const struct frame_glance *g,
		     enum ledger_dns dns, bool told)
{
	enum ledger_class c = ledger_classify(&d->ledger, d->link, g, dns,
					      clock_dry);

	if (ledger_leaks(c))
		note_leak(d, g, c, told);
	else
		d->counts.classes[c]++;
}

/* ---- what never became whole */

static void lost_parts(struct dryrun *d, const struct defrag_gone *gone)
{
	struct frame_glance g = { .depth = FRAME_IP };

	if (gone->parts == 0)
		return;
	g.f = (struct frame){
		.src = gone->src, .dst = gone->dst,
		.protocol = gone->protocol, .fragment = true,
		.outgoing = gone->outgoing,
	};
	d->counts.parts_lost += gone->parts;
	classify(d, &g, LEDGER_REFUSED, false);
}

static void lost_stream(struct dryrun *d, const struct stream_gone *gone)
{
	struct frame_glance g = { .depth = FRAME_IP };

	if (!gone->any)
		return;
	g.f = (struct frame){
		.src = gone->src, .dst = gone->dst,
		.protocol = FRAME_TCP, .ports = true,
		.sport = gone->sport, .dport = gone->dport,
		.outgoing = gone->outgoing,
	};
	classify(d, &g, LEDGER_REFUSED, false);
}

void dryrun_restart(struct dryrun *d)
{
	struct defrag_gone parts;
	struct stream_gone stream;

	while (defrag_drain(&d->defrag, &parts))
		lost_parts(d, &parts);
	while (stream_drain(&d->streams, &stream))
		lost_stream(d, &stream);
	asked_restart(&d->asked);
	learnt_clear(&d->learnt);
	door_restart(&d->door);
	d->counts.episodes++;
	clock_dry = 0;
}

/* ---- DNS */

static bool is_dns(const struct dryrun *d, const struct frame *f)
{
	return f->ports && (ledger_dns_port(&d->ledger, f->dport) ||
			    ledger_dns_port(&d->ledger, f->sport));
}

/* Would this message, alone in its packet, be a leak? */
static bool leaks(struct dryrun *d, const struct frame_glance *g,
		  enum ledger_dns dns)
{
	return ledger_leaks(ledger_classify(&d->ledger, d->link, g, dns,
					    clock_dry));
}

static void unreadable(struct dryrun *d, const struct frame_glance *g,
		       enum parse why)
{
	struct dryrun_event e = {
		.kind = DRYRUN_UNREADABLE, .frame = &g->f, .parse = why,
		.leak = leaks(d, g, LEDGER_REFUSED),
	};

	d->counts.messages[why]++;
	tell(d, &e);
}

/* One message: what it says of its sender. */
static enum ledger_dns message(struct dryrun *d, const struct frame_glance *g,
			       struct slice octets)
{
	struct dryrun_event e = { .frame = &g->f };
	enum ledger_dns dns;
	struct dnsmsg m;
	enum parse why = octets.len > SLOT_SIZE ? PARSE_LONG :
			 octets.p == NULL ? PARSE_SHORT :
					    dnsmsg_read(octets, &m);

	if (why != PARSE_OK) {
		unreadable(d, g, why);
		return LEDGER_REFUSED;
	}
	d->counts.messages[PARSE_OK]++;
	dns = examine(d, &g->f, &m, &e);
	e.msg = &m;
	e.leak = leaks(d, g, dns);
	d->counts.findings[e.finding]++;
	tell(d, &e);
	return dns;
}

static void udp(struct dryrun *d, const struct frame_glance *g)
{
	classify(d, g, message(d, g, g->f.payload), true);
}

/* The worst that one of a segment's messages says. */
static enum ledger_dns worse(enum ledger_dns a, enum ledger_dns b)
{
	return a > b ? a : b;
}

static void tcp(struct dryrun *d, const struct frame_glance *g)
{
	enum ledger_dns dns = LEDGER_SILENT;
	enum stream_what what;
	struct stream_gone gone;
	struct stream_rest rest;
	struct slice msg;
	struct stream *s = stream_open(&d->streams, &g->f, &rest, &gone);
	bool told = false;

	lost_stream(d, &gone);
	if (s == NULL) {
		classify(d, g, dns, false);
		return;
	}
	while ((what = stream_feed(&d->streams, s, &rest)) == STREAM_MORE)
		while (stream_message(s, &msg)) {
			dns = worse(dns, message(d, g, msg));
			told = true;
		}
	if (what == STREAM_LOST)
		dns = LEDGER_REFUSED;
	stream_close(&d->streams, s, &g->f, &gone);
	classify(d, g, dns, told);
	lost_stream(d, &gone);
}

/* ---- one packet */

static void whole(struct dryrun *d, const struct frame_glance *g)
{
	if (!is_dns(d, &g->f))
		classify(d, g, LEDGER_SILENT, false);
	else if (g->f.protocol == FRAME_UDP)
		udp(d, g);
	else
		tcp(d, g);
}

/* Refused by frame_read(): as much as can be seen of it. */
static void glance(struct dryrun *d, enum link link, struct slice octets,
		   enum parse why, bool outgoing)
{
	struct frame_glance g;
	bool dns;

	frame_glance(link, octets, &g);
	g.f.outgoing |= outgoing;
	dns = g.depth == FRAME_IP && is_dns(d, &g.f);
	if (dns)
		unreadable(d, &g, why);
	classify(d, &g, LEDGER_REFUSED, dns);
}

static void fragment(struct dryrun *d, const struct frame *f)
{
	struct defrag_gone gone[2];
	struct frame_glance g = { .depth = FRAME_IP };
	struct slice packet;
	enum defrag_what what;
	enum parse why;

	what = defrag_add(&d->defrag, f, clock_dry, &packet, gone);
	d->counts.fragments[what]++;
	lost_parts(d, &gone[0]);
	lost_parts(d, &gone[1]);
	if (what != DEFRAG_DONE)
		return;
	why = frame_read(LINK_RAW, packet, &g.f);
	if (why != PARSE_OK) {
		glance(d, LINK_RAW, packet, why, f->outgoing);
		return;
	}
	g.f.outgoing = f->outgoing;
	whole(d, &g);
}

static void move_clock(struct dryrun *d, uint64_t time)
{
	struct dryrun_event e = { .kind = DRYRUN_EPISODE };

	d->time = time;
	if (time + EPISODE_NS < clock_dry) {
		dryrun_restart(d);
		tell(d, &e);
	}
	/* 0 would be this machine's own clock. */
	if (time > clock_dry || clock_dry == 0)
		clock_dry = time > 0 ? time : 1;
	if (d->counts.packets == 1 || time < d->counts.first)
		d->counts.first = time;
	if (time > d->counts.last)
		d->counts.last = time;
}

void dryrun_packet(struct dryrun *d, enum link link,
		   const struct source_record *r)
{
	struct frame_glance g;
	enum parse why;

	d->counts.packets++;
	d->counts.cut += r->octets.len < r->len;
	d->link = link;
	move_clock(d, r->time);
	why = frame_read(link, r->octets, &g.f);
	d->why = why;
	d->counts.frames[why]++;
	if (why == PARSE_OK) {
		g.depth = FRAME_IP;
		whole(d, &g);
	} else if (why == PARSE_FRAGMENT) {
		fragment(d, &g.f);
	} else {
		glance(d, link, r->octets, why, false);
	}
}
