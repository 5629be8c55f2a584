/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * A hop's hardware address is, in this order: what the hop answered to us
 * within the last minute; what the policy says; not known. It is asked for
 * when it is not known, and when a query that was sent to it has not been
 * answered for a while. An answer counts only on the link it was asked on,
 * only for that hop, only once, and only while we wait. When the answer is
 * new, all queries on their way by that hop are sent at once.
 *
 * The kernel's filter lets pass what wire_adopt() was told; everything is
 * checked again here and in exchange.c. Parts of a datagram can be forged
 * without knowing port, id or spelling. So they are taken only while a large
 * response is awaited, only from servers, and the whole must add up, as the
 * kernel would demand it.
 */
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/filter.h"
#include "clock.h"
#include "craft.h"
#include "defrag.h"
#include "ether.h"
#include "question.h"
#include "source/packet.h"
#include "source/source_pcap.h"
#include "source/xsk.h"

enum {
	HEADERS = 14 + 40 + 8,	/* Ethernet, IPv6, UDP */
	PACKET_MAX = HEADERS + QUESTION_MESSAGE,
	/* A response with all that can stand in front of it: tag, options. */
	SNAPLEN = SLOT_SIZE + 128,
	BURST = 64,		/* packets of one link per round */
	NEIGHBOURS = 2 * POLICY_UPSTREAMS,	/* of this policy and the last */
	ASK_MS = 90,		/* not again before; retries come after 100 */
	FRESH_S = 60,
	TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd,
};

struct wire_port {		/* where the machine touches a link */
	uint32_t ifindex;
	struct source_pcap *source;
	struct xsk *xsk;		/* takes answers out before; NULL = none */
	int fd;
	enum link link;
	uint8_t mac[6];		/* as of the last packet sent; Ethernet */
	uint64_t drops;		/* already counted */
	struct filter_wire filter;
};

struct neighbour {
	uint32_t ifindex;	/* 0 = unused */
	struct ipaddr hop;
	bool waiting;
	uint64_t asked, learnt;	/* boot time, ns; 0 = never */
	uint8_t mac[6];		/* as learnt */
	uint8_t used[6];	/* of the last packet sent; all 0 = none */
};

struct wire {
	struct poller *poller;
	struct counters *counters;
	struct craft *craft;
	uint64_t token, parts_until;
	uint32_t network;
	unsigned int n_ports;
	struct wire_port port[POLICY_UPSTREAMS];
	struct neighbour neighbour[NEIGHBOURS];
	uint16_t n_upstreams;
	struct policy_upstream upstream[POLICY_UPSTREAMS];
	struct defrag defrag;
};

static const uint8_t nobody[6];

/* --- life --- */

int wire_open(struct wire **out, struct poller *poller,
	      struct counters *counters, uint64_t first)
{
	struct wire *w = calloc(1, sizeof(*w));
	int error;

	if (w == NULL)
		return -ENOMEM;
	error = craft_open(&w->craft);
	if (error < 0) {
		free(w);
		return error;
	}
	w->poller = poller;
	w->counters = counters;
	w->token = first;
	defrag_init(&w->defrag);
	*out = w;
	return 0;
}

int wire_link(struct wire *w, const char *name, uint32_t ifindex, char *error,
	      size_t size)
{
	struct wire_port *p = &w->port[w->n_ports];
	int rc;

	if (w->n_ports == NITEMS(w->port))
		return -ENOSPC;
	rc = source_pcap_open_link(&p->source, name, SNAPLEN, error, size);
	if (rc < 0)
		return rc;
	p->ifindex = ifindex;
	p->fd = source_pcap_fd(p->source);
	p->link = source_pcap_link(p->source);
	rc = p->link == LINK_ETHERNET ? packet_mac(p->fd, ifindex, p->mac) :
				       0;
	if (rc == 0)
		rc = poller_add(w->poller, p->fd, w->token + w->n_ports);
	if (rc < 0) {
		source_pcap_close(p->source);
		return rc;
	}
	w->n_ports++;
	return 0;
}

void wire_close(struct wire *w)
{
	if (w == NULL)
		return;
	for (unsigned int i = 0; i < w->n_ports; i++) {
		xsk_close(w->port[i].xsk);
		source_pcap_close(w->port[i].source);
	}
	craft_close(w->craft);
	free(w);
}

int wire_xdp(struct wire *w, char *error, size_t size)
{
	struct wire_port *p = &w->port[w->n_ports - 1];
	int rc;

	if (p->link != LINK_ETHERNET) {
		snprintf(error, size, "AF_XDP: not an Ethernet link");
		return -ENOTSUP;
	}
	rc = xsk_open(&p->xsk, p->ifindex, error, size);
	if (rc == 0)
		rc = poller_add(w->poller, xsk_fd(p->xsk), w->token +
				WIRE_XSK + w->n_ports - 1);
	return rc;
}

/* --- the policy --- */

static bool is_unspecified(const struct ipaddr *a)
{
	return ipaddr_class(a) == IPCLASS_UNSPECIFIED;
}

const struct ipaddr *wire_hop(const struct policy_upstream *u)
{
	return is_unspecified(&u->hop) ? &u->addr : &u->hop;
}

static void add_peer(struct filter_peer *peer, const struct ipaddr *a,
		     uint16_t port)
{
	memcpy(peer->addr, a->b, sizeof(peer->addr));
	peer->port = port;
}

/* Not yet whole, it only lets answers pass to the capture. */
static void tell_program(struct xsk *x, const struct filter_wire *f)
{
	struct kwire *k = xsk_answers(x);

	memset(k->peer, 0, sizeof(k->peer));
	for (unsigned int i = 0; i < f->n_servers; i++) {
		memcpy(k->peer[i].addr, f->server[i].addr, 16);
		k->peer[i].port = f->server[i].port;
	}
}

static void refilter(struct wire_port *port, const struct policy *p)
{
	struct sock_filter program[FILTER_WIRE];
	struct filter_wire f;
	unsigned int n;

	memset(&f, 0, sizeof(f));	/* as it is compared whole */
	for (unsigned int i = 0; i < p->n_upstreams; i++) {
		const struct policy_upstream *u = &p->upstreams[i];

		if (u->ifindex != port->ifindex)
			continue;
		add_peer(&f.server[f.n_servers++], &u->addr, u->port);
		add_peer(&f.hop[f.n_hops++], wire_hop(u), 0);
	}
	if (memcmp(&f, &port->filter, sizeof(f)) == 0)
		return;
	n = filter_wire(packet_seen(port->link), &f, program);
	/* With the old one, we hear too little: it is tried again. */
	if (packet_filter(port->fd, program, (uint16_t)n) == 0)
		port->filter = f;
	if (port->xsk != NULL)
		tell_program(port->xsk, &f);
}

static_assert((int)POLICY_UPSTREAMS <= (int)FILTER_PEERS, "all fit a filter");
static_assert((int)FILTER_PEERS <= (int)KWIRE_PEERS, "and the program");

void wire_adopt(struct wire *w, const struct policy *p)
{
	if (p->network != w->network)
		memset(w->neighbour, 0, sizeof(w->neighbour));
	w->network = p->network;
	w->n_upstreams = p->n_upstreams;
	memcpy(w->upstream, p->upstreams, sizeof(w->upstream));
	for (unsigned int i = 0; i < w->n_ports; i++)
		refilter(&w->port[i], p);
}

/* --- neighbours --- */

/* What is known of hop, or the place of what was asked for longest ago. */
static struct neighbour *neighbour_of(struct wire *w, uint32_t ifindex,
				      const struct ipaddr *hop)
{
	struct neighbour *oldest = &w->neighbour[0];

	for (unsigned int i = 0; i < NEIGHBOURS; i++) {
		struct neighbour *n = &w->neighbour[i];

		if (n->ifindex == ifindex && ipaddr_equal(&n->hop, hop))
			return n;
		if (n->asked < oldest->asked)
			oldest = n;
	}
	*oldest = (struct neighbour){ .ifindex = ifindex, .hop = *hop };
	return oldest;
}

static const uint8_t *address_of(const struct neighbour *n,
				 const struct policy_upstream *u, uint64_t now)
{
	if (n->learnt != 0 && now - n->learnt < FRESH_S * CLOCK_S)
		return n->mac;
	return memcmp(u->mac, nobody, 6) != 0 ? u->mac : NULL;
}

static int ask(struct wire *w, const struct wire_port *p, struct neighbour *n,
	       const struct policy_upstream *u, uint64_t now)
{
	uint8_t out[PACKET_MAX];
	struct craft_link l = { .vlan = 0 };
	ssize_t len;

	if (n->asked != 0 && now - n->asked < ASK_MS * CLOCK_MS)
		return 0;
	if (ipaddr_is_v4(&u->source) != ipaddr_is_v4(&n->hop))
		return -EAFNOSUPPORT;
	memcpy(l.src, p->mac, 6);
	len = craft_neighbour(w->craft, &l, &u->source, &n->hop, out,
			      sizeof(out));
	if (len < 0)
		return (int)len;
	n->asked = now;
	n->waiting = true;
	return packet_send(p->fd, p->ifindex, ipaddr_is_v4(&n->hop) ? 0x0806 :
			   TYPE_IPV6, out, (size_t)len);
}

static void learn(struct wire *w, const struct wire_port *p,
		  const struct ether_neighbour *told, uint64_t now,
		  const struct wire_reader *r)
{
	struct neighbour *n = NULL;

	for (unsigned int i = 0; i < NEIGHBOURS && n == NULL; i++)
		if (w->neighbour[i].waiting &&
		    w->neighbour[i].ifindex == p->ifindex &&
		    ipaddr_equal(&w->neighbour[i].hop, &told->addr))
			n = &w->neighbour[i];
	if (n == NULL || now - n->asked > UPSTREAM_DEADLINE_MS * CLOCK_MS)
		return;
	n->waiting = false;
	n->learnt = now;
	memcpy(n->mac, told->mac, 6);
	if (memcmp(n->mac, n->used, 6) != 0)
		r->neighbour(r->context, p->ifindex, &told->addr);
}

/* --- out --- */

static int send_framed(struct wire *w, struct wire_port *p,
		       const struct wire_message *m, uint64_t now,
		       const uint8_t *packet, size_t len)
{
	const struct policy_upstream *u = m->to;
	struct neighbour *n = neighbour_of(w, p->ifindex, wire_hop(u));
	uint8_t out[PACKET_MAX];
	struct craft_link l = { .vlan = 0 };
	const uint8_t *mac;
	ssize_t all;
	/* It may have changed. */
	int error = packet_mac(p->fd, p->ifindex, p->mac);

	if (error < 0)
		return error;
	mac = address_of(n, u, now);
	if (mac == NULL || m->doubt)
		error = ask(w, p, n, u, now);
	if (mac == NULL)
		return error < 0 ? error : -EINPROGRESS;
	memcpy(n->used, mac, 6);
	memcpy(l.dst, mac, 6);
	memcpy(l.src, p->mac, 6);
	all = craft_ethernet(w->craft, &l, packet, len, out, sizeof(out));
	if (all < 0)
		return (int)all;
	if (p->xsk != NULL)
		return xsk_send(p->xsk, out, (size_t)all);
	return packet_send(p->fd, p->ifindex, ipaddr_is_v4(&u->addr) ?
			   TYPE_IPV4 : TYPE_IPV6, out, (size_t)all);
}

static struct wire_port *port_of(struct wire *w, uint32_t ifindex)
{
	for (unsigned int i = 0; i < w->n_ports; i++)
		if (w->port[i].ifindex == ifindex)
			return &w->port[i];
	return NULL;
}

int wire_send(struct wire *w, const struct wire_message *m, uint64_t now)
{
	const struct policy_upstream *u = m->to;
	const struct craft_ends e = {
		.src = u->source, .dst = u->addr,
		.sport = m->port, .dport = u->port,
	};
	struct wire_port *p = port_of(w, u->ifindex);
	uint8_t packet[PACKET_MAX];
	ssize_t n;

	if (p == NULL)
		return -ENODEV;
	if (p->xsk != NULL)
		xsk_answers(p->xsk)->ports[m->port / 64] |=
			UINT64_C(1) << m->port % 64;
	if (is_unspecified(&u->source) ||
	    ipaddr_is_v4(&u->source) != ipaddr_is_v4(&u->addr))
		return -EADDRNOTAVAIL;
	n = craft_udp(w->craft, &e, m->msg, m->len, packet, sizeof(packet));
	if (n < 0)
		return (int)n;
	if (p->link == LINK_ETHERNET)
		return send_framed(w, p, m, now, packet, (size_t)n);
	return packet_send(p->fd, p->ifindex, ipaddr_is_v4(&u->addr) ?
			   TYPE_IPV4 : TYPE_IPV6, packet, (size_t)n);
}

void wire_forget(struct wire *w, uint16_t port)
{
	for (unsigned int i = 0; i < w->n_ports; i++)
		if (w->port[i].xsk != NULL)
			xsk_answers(w->port[i].xsk)->ports[port / 64] &=
				~(UINT64_C(1) << port % 64);
}

void wire_expect_parts(struct wire *w, uint64_t now)
{
	w->parts_until = now + UPSTREAM_DEADLINE_MS * CLOCK_MS;
}

/* --- in --- */

struct reading {
	struct wire *w;
	struct wire_port *p;
	uint64_t now;
	const struct wire_reader *r;
};

static bool is_server(const struct reading *r, const struct frame *f)
{
	const struct wire *w = r->w;

	for (unsigned int i = 0; i < w->n_upstreams; i++)
		if (w->upstream[i].ifindex == r->p->ifindex &&
		    ipaddr_equal(&w->upstream[i].addr, &f->src) &&
		    ipaddr_equal(&w->upstream[i].source, &f->dst))
			return true;
	return false;
}

static void take_part(struct reading *r, const struct frame *f)
{
	struct defrag_gone gone[2];
	struct slice packet;
	struct frame whole;

	if (r->now >= r->w->parts_until || !is_server(r, f) ||
	    defrag_add(&r->w->defrag, f, r->now, &packet, gone) !=
		    DEFRAG_DONE ||
	    frame_read(LINK_RAW, packet, &whole) != PARSE_OK ||
	    whole.protocol != FRAME_UDP || !frame_adds_up(&whole)) {
		counters_add(r->w->counters, PARSE_FRAGMENT, 1);
		return;
	}
	r->r->response(r->r->context, r->p->ifindex, &whole);
}

/* A source_packet. The kernel's filter is not relied on. */
static void see(void *context, enum link link, struct slice packet,
		uint64_t time)
{
	struct reading *r = context;
	struct ether_neighbour told;
	struct frame f;
	enum parse why;

	(void)time;
	if (link == LINK_ETHERNET && !ether_is_for(packet, r->p->mac))
		return;
	if (link == LINK_ETHERNET &&
	    ether_neighbour_read(packet, &told) == PARSE_OK) {
		learn(r->w, r->p, &told, r->now, r->r);
		return;
	}
	why = frame_read(link, packet, &f);
	if (why == PARSE_FRAGMENT && !f.outgoing)
		take_part(r, &f);
	else if (why != PARSE_OK)
		counters_add(r->w->counters, why, 1);
	else if (f.protocol == FRAME_UDP && !f.outgoing)
		r->r->response(r->r->context, r->p->ifindex, &f);
}

static void count_drops(struct wire *w, struct wire_port *p)
{
	uint64_t drops = source_pcap_drops(p->source) +
			 (p->xsk != NULL ? xsk_drops(p->xsk) : 0);

	counters_add(w->counters, COUNT_WIRE_DROPS, drops - p->drops);
	p->drops = drops;
}

bool wire_read(struct wire *w, unsigned int i, uint64_t now,
	       const struct wire_reader *r)
{
	struct wire_port *p = &w->port[i % WIRE_XSK];
	struct reading reading = { w, p, now, r };
	int n = 0;

	if (i % WIRE_XSK >= w->n_ports)
		return true;
	if (i < WIRE_XSK)
		n = source_pcap_read(p->source, BURST, see, &reading);
	else if (p->xsk != NULL)
		counters_add(w->counters, COUNT_WIRE_XDP, (uint64_t)xsk_read(
				     p->xsk, BURST, see, &reading));
	if (n == -EBADMSG)
		counters_add(w->counters, PARSE_LINK, 1);
	count_drops(w, p);
	return n != -ENXIO;
}
