/* SPDX-License-Identifier: ISC */
/*
 * The network check on networks of every kind, and those who lie about it.
 */
#include <string.h>

#include "out.h"

static const struct exchange probes[] = {
	{ CAPTIVE, LDNS_RR_TYPE_AAAA,
	  { CHAIN, EDGE " 20 IN AAAA 2620:149:a44:f000::3" } },
	{ CAPTIVE, LDNS_RR_TYPE_HTTPS, { CHAIN } },
	{ CDN, LDNS_RR_TYPE_CNAME, { CDN " 60 IN CNAME " EDGE } },
	{ "CaPtIvE.aPpLe.CoM.", LDNS_RR_TYPE_A, { CAPTIVE " 0 IN A 10.1.0.1",
	  CAPTIVE " 0 IN A 10.2.0.1", CAPTIVE " 0 IN A 127.0.0.1",
	  CAPTIVE " 0 IN A 169.254.1.1" } },
	{ CAPTIVE, LDNS_RR_TYPE_AAAA, { CAPTIVE " 9 IN AAAA ::ffff:10.1.0.1",
	  CAPTIVE " 9 IN AAAA fe80::1", CAPTIVE " 9 IN AAAA 64:ff9b::a02:1",
	  CAPTIVE " 9 IN AAAA ff02::1" } },
	{ CAPTIVE, LDNS_RR_TYPE_A, { NULL } },
	{ "captive.apple.com.corp.lan.", LDNS_RR_TYPE_A,
	  { "captive.apple.com.corp.lan. 60 IN A 192.0.2.80" } },
	{ "apple.com.", LDNS_RR_TYPE_A, { NULL } },
	{ ".", LDNS_RR_TYPE_NS, { NULL } },
};

void captive(struct out *o)
{
	out_write_exchange(o, &out_probe);
	for (size_t i = 0; i < NITEMS(probes); i++)
		out_write_exchange(o, &probes[i]);
	out_write_syn(o, "192.0.2.53", 80);
	out_write_syn(o, "17.253.83.195", 80);
	out_write_syn(o, "17.253.83.195", 443);
	out_write_syn(o, "17.253.83.195", 22);
	o->ms += 40000;		/* closed by now */
	out_write_syn(o, "17.253.83.195", 80);
}

void vlan(struct out *o)
{
	for (o->tags = 1; o->tags <= 2; o->tags++) {
		o->v6 = false;
		out_write_exchange(o, &out_probe);
		o->v6 = true;
		out_write_exchange(o, &out_probe);
	}
	/* A third tag is one too many. */
	o->tags = 2;
	out_message(o, &out_probe);
	memmove(o->frame + 16, o->frame + 12, o->len - 12);
	o->len += 4;
	out_write(o);
}

void v6(struct out *o)
{
	static const uint8_t orders[][4] = {
		{ 0 }, { DESTINATION }, { AH }, { FRAGMENT },
		{ DESTINATION, ROUTING, FRAGMENT, AH }, { MOBILITY },
	};

	o->v6 = true;
	out_write_exchange(o, &out_probe);
	for (size_t i = 0; i < NITEMS(orders); i++) {
		const uint8_t *end = memchr(orders[i] + 1, 0, 3);

		o->n_exts = end == NULL ? 4 :
					  (unsigned int)(end - orders[i]);
		memcpy(o->exts, orders[i], o->n_exts);
		out_write_exchange(o, &out_probe);
	}
	memset(o->exts, DESTINATION, sizeof(o->exts));
	o->n_exts = 7;
	out_write_exchange(o, &out_probe);
}

void cooked(struct out *o)
{
	out_write_exchange(o, &out_probe);
	out_write_syn(o, "192.0.2.53", 443);
	out_write_syn(o, "17.253.83.195", 443);
	o->v6 = true;
	out_write_exchange(o, &out_probe);
}

void link_types(struct out *o)
{
	out_write_exchange(o, &out_probe);
	o->v6 = true;
	out_write_exchange(o, &out_probe);
	o->v6 = false;
	o->big_endian = true;
	out_write_exchange(o, &out_probe);
}

/* The portal answers for everybody, with an address of its own. */
void portal(struct out *o)
{
	static const struct exchange own = {
		CAPTIVE, LDNS_RR_TYPE_A, { CAPTIVE " 0 IN A 10.1.0.1" },
	};
	static const struct exchange far_away = {
		"connectivity-check.ubuntu.com.", LDNS_RR_TYPE_A,
		{ "connectivity-check.ubuntu.com. 5 IN A 172.16.0.1" },
	};

	o->host4[0] = "10.1.0.5";
	o->host4[1] = "10.1.0.1";
	out_write_exchange(o, &own);
	out_write_exchange(o, &far_away);
	out_write_syn(o, "10.1.0.1", 80);
	out_write_syn(o, "10.1.0.1", 8080);
	out_write_syn(o, "172.16.0.1", 80);
}

void nat64(struct out *o)
{
	static const struct exchange mapped = {
		CAPTIVE, LDNS_RR_TYPE_AAAA,
		{ CHAIN, EDGE " 20 IN AAAA 64:ff9b::11fd:53c3",
		  EDGE " 20 IN AAAA 64:ff9b::a02:1" },
	};
	static const struct exchange none = {
		CAPTIVE, LDNS_RR_TYPE_A, { CHAIN },
	};

	o->v6 = true;
	out_write_exchange(o, &none);
	out_write_exchange(o, &mapped);
	out_write_syn(o, "64:ff9b::11fd:53c3", 80);
	out_write_syn(o, "64:ff9b::a02:1", 80);
}

static const struct exchange odd_chains[] = {
	{ CAPTIVE, LDNS_RR_TYPE_A, { EDGE " 20 IN A 17.253.83.195",
	  CDN " 60 IN CNAME " EDGE, CAPTIVE " 7200 IN CNAME " CDN } },
	{ CAPTIVE, LDNS_RR_TYPE_A, { CHAIN, EDGE " 20 IN A 17.253.83.195",
	  CAPTIVE " 20 IN TXT foreign" } },
	{ CAPTIVE, LDNS_RR_TYPE_A, { "evil.example. 60 IN A 203.0.113.1" } },
	{ CAPTIVE, LDNS_RR_TYPE_A, { CAPTIVE " 60 IN CNAME " CDN,
	  CAPTIVE " 60 IN A 17.1.1.1" } },
	{ CAPTIVE, LDNS_RR_TYPE_A, { CAPTIVE " 60 IN A 17.1.1.1",
	  "evil.example. 60 IN CNAME worse.example." } },
	{ CAPTIVE, LDNS_RR_TYPE_A, { CAPTIVE " 60 IN AAAA 2620:149::1" } },
	{ CAPTIVE, LDNS_RR_TYPE_A, { CAPTIVE " 60 IN CNAME " CAPTIVE } },
	{ CAPTIVE, LDNS_RR_TYPE_A, { CHAIN, EDGE " 60 IN CNAME " CAPTIVE } },
	{ CDN, LDNS_RR_TYPE_CNAME, { CDN " 60 IN CNAME " EDGE,
	  EDGE " 60 IN CNAME edge.example." } },
};

void chains(struct out *o)
{
	for (size_t i = 0; i < NITEMS(odd_chains); i++)
		out_write_exchange(o, &odd_chains[i]);
}

/* ---- lies */

static const struct exchange forged = {
	CAPTIVE, LDNS_RR_TYPE_A, { CAPTIVE " 60 IN A 203.0.113.66" },
};

static void write_forged(struct out *o, const struct exchange *e)
{
	o->back = true;
	out_message(o, e);
	out_write(o);
	o->back = false;
}

/* Each forgery lacks one thing; the answer comes in between. */
void spoof(struct out *o)
{
	static const struct exchange other = {
		"connectivity-check.ubuntu.com.", LDNS_RR_TYPE_A,
		{ "connectivity-check.ubuntu.com. 60 IN A 203.0.113.66" },
	};
	static const struct exchange spelt = {
		"cApTiVe.apple.com.", LDNS_RR_TYPE_A,
		{ CAPTIVE " 60 IN A 203.0.113.66" },
	};

	out_message(o, &out_probe);
	out_write(o);
	o->id++;
	write_forged(o, &forged);
	o->id--;
	o->port[0]++;
	write_forged(o, &forged);
	o->port[0]--;
	o->host4[1] = "192.0.2.99";
	write_forged(o, &forged);
	o->host4[1] = "192.0.2.53";
	write_forged(o, &other);
	write_forged(o, &spelt);
	write_forged(o, &out_probe);
	write_forged(o, &forged);
	out_message(o, &out_probe);
	out_write(o);
	o->ms += 3000;
	write_forged(o, &out_probe);
}

/* What was open an hour later is not open now. */
void clock_back(struct out *o)
{
	o->ms = 3600 * 1000;
	out_write_exchange(o, &out_probe);
	out_write_syn(o, "17.253.83.195", 80);
	o->ms = 0;
	out_write_syn(o, "17.253.83.195", 80);
	out_write_exchange(o, &out_probe);
	out_write_syn(o, "17.253.57.200", 80);
}
