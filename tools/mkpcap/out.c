/* SPDX-License-Identifier: ISC */
#include "out.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcapng.h"

enum { PACKET_OUTGOING = 4 };

/* Seconds since 1970 of the first packet: 2023-11-14T22:13:20Z. */
static const uint64_t FIRST = 1700000000;

const struct exchange out_probe = {
	CAPTIVE, LDNS_RR_TYPE_A,
	{ CHAIN, EDGE " 20 IN A 17.253.83.195", EDGE " 20 IN A 17.253.57.200" },
};

void out_die(const char *what, const char *why)
{
	fprintf(stderr, "mkpcap: %s: %s\n", what, why);
	exit(1);
}

void out_built(const struct out *o, libnet_ptag_t tag)
{
	if (tag == -1)
		out_die("libnet", libnet_geterror(o->l));
}

void out_reset(struct out *o)
{
	o->host4[0] = "192.0.2.10";
	o->host4[1] = "192.0.2.53";
	o->host6[0] = "2001:db8::10";
	o->host6[1] = "2001:db8::53";
	o->port[0] = CLIENT_PORT;
	o->port[1] = DNS_PORT;
	o->id = 0x1234;
	o->back = o->v6 = false;
	o->n_exts = 0;
}

/* ---- headers, from the inside out */

static uint32_t put_extension(struct out *o, uint8_t type, uint8_t next)
{
	static const uint8_t pad[6] = { 1, 4 };		/* PadN */

	switch (type) {
	case FRAGMENT:	/* atomic */
		out_built(o, libnet_build_ipv6_frag(next, 0, 0, 7, NULL, 0,
						o->l, 0));
		return LIBNET_IPV6_FRAG_H;
	case AH:
		out_built(o, libnet_build_ipsec_ah(next, 2, 0, 1, 2, 3, NULL, 0,
					       o->l, 0));
		return LIBNET_IPSEC_AH_H;
	case ROUTING:
		out_built(o, libnet_build_ipv6_routing(next, 0, 4, 0, pad, 4,
						   o->l, 0));
		return 8;
	default:		/* options, and what only looks like them */
		out_built(o, libnet_build_ipv6_destopts(next, 0, pad, sizeof(pad),
						    o->l, 0));
		return 8;
	}
}

static void put_ipv6(struct out *o, uint8_t next, uint32_t len)
{
	struct libnet_in6_addr end[2];

	for (unsigned int i = 0; i < 2; i++)
		if (inet_pton(AF_INET6, o->host6[i], &end[i]) != 1)
			out_die(o->host6[i], "not an IPv6 address");
	for (unsigned int i = o->n_exts; i-- > 0; next = o->exts[i])
		len += put_extension(o, o->exts[i], next);
	out_built(o, libnet_build_ipv6(0, 0, (uint16_t)len, next, 64,
				       end[o->back], end[!o->back], NULL, 0,
				       o->l, 0));
}

static void put_ipv4(struct out *o, uint8_t protocol, uint32_t len,
		     uint16_t fragment)
{
	uint32_t end[2];

	for (unsigned int i = 0; i < 2; i++)
		if (inet_pton(AF_INET, o->host4[i], &end[i]) != 1)
			out_die(o->host4[i], "not an IPv4 address");
	out_built(o, libnet_build_ipv4((uint16_t)(LIBNET_IPV4_H + len), 0, 7,
				       fragment, 64, protocol, 0,
				       end[o->back], end[!o->back], NULL, 0,
				       o->l, 0));
}

static uint16_t ethertype(const struct out *o)
{
	return o->v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
}

static void put_ethernet(struct out *o)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	uint16_t type = ethertype(o);
	const uint8_t inner[] = { 0, 7, (uint8_t)(type >> 8), (uint8_t)type };

	if (o->tags == 0) {
		out_built(o, libnet_build_ethernet(mac, mac, type, NULL, 0, o->l,
					       0));
		return;
	}
	if (o->tags == 2)
		out_built(o, libnet_build_data(inner, sizeof(inner), o->l, 0));
	out_built(o, libnet_build_802_1q(mac, mac, o->tags == 2 ? 0x88a8 :
				     ETHERTYPE_VLAN, 0, 0, 7, o->tags == 2 ?
				     ETHERTYPE_VLAN : type, NULL, 0, o->l, 0));
}

/* The link headers that libnet does not know. */
static void put_cooked(const struct out *o, uint8_t *p)
{
	uint16_t type = ethertype(o);
	uint8_t way = o->back ? 0 : PACKET_OUTGOING;
	bool second = o->dlt == DLT_LINUX_SLL2;

	memset(p, 0, out_link_len(o));
	p[second ? 0 : 14] = (uint8_t)(type >> 8);
	p[second ? 1 : 15] = (uint8_t)type;
	p[second ? 10 : 1] = way;
}

/* Darwin's number of IPv6. */
static void put_family(const struct out *o, uint8_t *p)
{
	bool big = o->dlt == DLT_LOOP || o->big_endian;

	memset(p, 0, 4);
	p[big ? 3 : 0] = o->v6 ? 30 : 2;
}

size_t out_link_len(const struct out *o)
{
	switch (o->dlt) {
	case DLT_EN10MB:
		return LIBNET_ETH_H + 4 * o->tags;
	case DLT_LINUX_SLL:
		return SLL_LEN;
	case DLT_LINUX_SLL2:
		return SLL2_LEN;
	case DLT_NULL:
	case DLT_LOOP:
		return 4;
	default:
		return 0;
	}
}

static void put_link(struct out *o)
{
	o->len = 0;
	if (o->dlt == DLT_EN10MB || o->dlt == DLT_RAW)
		return;
	o->len = out_link_len(o);
	if (o->dlt == DLT_NULL || o->dlt == DLT_LOOP)
		put_family(o, o->frame);
	else
		put_cooked(o, o->frame);
}

void out_headers(struct out *o, uint8_t protocol, size_t len,
		 uint16_t fragment)
{
	uint8_t *octets;
	uint32_t n;

	if (o->v6)
		put_ipv6(o, protocol, (uint32_t)len);
	else
		put_ipv4(o, protocol, (uint32_t)len, fragment);
	if (o->dlt == DLT_EN10MB)
		put_ethernet(o);
	/* A context without an interface has no public call for this. */
	if (libnet_pblock_coalesce(o->l, &octets, &n) == -1)
		out_die("libnet", libnet_geterror(o->l));
	put_link(o);
	if (n > sizeof(o->frame) - o->len)
		out_die("libnet", "a frame too long");
	memcpy(o->frame + o->len, octets, n);
	o->len += n;
	free(octets);
	libnet_clear_packet(o->l);
}

/* ---- what is carried */

void out_octets(struct out *o, uint8_t protocol, const uint8_t *p, size_t n)
{
	out_built(o, libnet_build_data(p, (uint32_t)n, o->l, 0));
	out_headers(o, protocol, n, 0);
}

void out_udp(struct out *o, const uint8_t *payload, size_t n)
{
	size_t len = LIBNET_UDP_H + n;
	libnet_ptag_t tag = libnet_build_udp(o->port[o->back],
					     o->port[!o->back], (uint16_t)len,
					     0, payload, (uint32_t)n, o->l, 0);

	out_built(o, tag);
	/* libnet puts it in the wrong place behind extension headers. */
	if (o->n_exts > 0)
		libnet_toggle_checksum(o->l, tag, LIBNET_OFF);
	out_headers(o, IPPROTO_UDP, len, 0);
}

void out_tcp(struct out *o, uint8_t flags, uint32_t seq,
	     const uint8_t *payload, size_t n)
{
	out_built(o, libnet_build_tcp(o->port[o->back], o->port[!o->back],
				      seq, 0, flags, 65535, 0, 0,
				      (uint16_t)(LIBNET_TCP_H + n), payload,
				      (uint32_t)n, o->l, 0));
	out_headers(o, IPPROTO_TCP, LIBNET_TCP_H + n, 0);
}

static void push_answers(ldns_pkt *pkt, const char *const *answers)
{
	for (size_t i = 0; i < 6 && answers[i] != NULL; i++) {
		ldns_rr *rr;

		if (ldns_rr_new_frm_str(&rr, answers[i], 0, NULL, NULL) !=
		    LDNS_STATUS_OK)
			out_die("ldns", answers[i]);
		ldns_pkt_push_rr(pkt, LDNS_SECTION_ANSWER, rr);
	}
}

uint8_t *out_wire(const struct out *o, const struct exchange *e, size_t *n)
{
	ldns_pkt *pkt = ldns_pkt_query_new(ldns_dname_new_frm_str(e->name),
					   e->type, LDNS_RR_CLASS_IN, LDNS_RD);
	uint8_t *wire;

	if (pkt == NULL)
		out_die("ldns", e->name);
	ldns_pkt_set_id(pkt, o->id);
	if (o->back) {
		ldns_pkt_set_qr(pkt, true);
		ldns_pkt_set_ra(pkt, true);
		push_answers(pkt, e->answers);
	}
	if (ldns_pkt2wire(&wire, pkt, n) != LDNS_STATUS_OK)
		out_die("ldns", e->name);
	ldns_pkt_free(pkt);
	return wire;
}

void out_message(struct out *o, const struct exchange *e)
{
	size_t n;
	uint8_t *wire = out_wire(o, e, &n);

	out_udp(o, wire, n);
	free(wire);
}

/* ---- the file */

void out_write(struct out *o)
{
	size_t len = o->snaplen > 0 && o->len > o->snaplen ? o->snaplen :
							     o->len;
	struct pcap_pkthdr h = {
		.ts = { .tv_sec = (time_t)FIRST + (int)(o->ms / 1000),
			.tv_usec = (int)(o->ms % 1000) * 1000 },
		.caplen = (bpf_u_int32)len, .len = (bpf_u_int32)o->len,
	};

	o->packets++;
	pcap_dump((u_char *)o->dump, &h, o->frame);
	pcapng_packet(o->pcapng, (FIRST * 1000 + o->ms) * 1000000, o->frame,
		      len, o->len);
	o->ms++;
}

void out_write_syn(struct out *o, const char *host, uint16_t port)
{
	const char **to = o->v6 ? &o->host6[1] : &o->host4[1], *old = *to;

	*to = host;
	o->port[1] = port;
	out_tcp(o, TH_SYN, 1, NULL, 0);
	out_write(o);
	*to = old;
	o->port[1] = DNS_PORT;
}

void out_write_exchange(struct out *o, const struct exchange *e)
{
	out_message(o, e);
	out_write(o);
	o->back = true;
	out_message(o, e);
	out_write(o);
	o->back = false;
}
