/* SPDX-License-Identifier: ISC */
/*
 * mkpcap FOLDER: writes the captures of tests/replay, one file per case, so
 * that none of them is a mystery. libnet makes the headers, ldns the
 * messages; what neither would make is patched in afterwards.
 */
#include <libnet.h>
#include <ldns/ldns.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

enum { FRAME_MAX = 8192, SLL2_LEN = 20, SLL2_OUTGOING = 4 };
enum { CLIENT_PORT = 50000, DNS_PORT = 53 };
enum { ROUTING = 43, FRAGMENT = 44, AH = 51, DESTINATION = 60, MOBILITY = 135 };

/* The capture being written. */
struct out {
	int dlt;
	unsigned int tags;		/* of Ethernet */
	bool v6;
	uint8_t exts[8];		/* of IPv6, in their order */
	unsigned int n_exts;
	bool back;			/* from server to client */
	unsigned int packets;
	libnet_t *l;
	pcap_dumper_t *dump;
	uint8_t frame[FRAME_MAX];
	size_t len;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "mkpcap: %s: %s\n", what, why);
	exit(1);
}

static void built(const struct out *o, libnet_ptag_t tag)
{
	if (tag == -1)
		die("libnet", libnet_geterror(o->l));
}

static uint32_t put_extension(struct out *o, uint8_t type, uint8_t next)
{
	static const uint8_t pad[6] = { 1, 4 };		/* PadN */

	switch (type) {
	case FRAGMENT:	/* atomic */
		built(o, libnet_build_ipv6_frag(next, 0, 0, 7, NULL, 0,
						o->l, 0));
		return LIBNET_IPV6_FRAG_H;
	case AH:
		built(o, libnet_build_ipsec_ah(next, 2, 0, 1, 2, 3, NULL, 0,
					       o->l, 0));
		return LIBNET_IPSEC_AH_H;
	case ROUTING:
		built(o, libnet_build_ipv6_routing(next, 0, 4, 0, pad, 4,
						   o->l, 0));
		return 8;
	default:		/* options, and what only looks like them */
		built(o, libnet_build_ipv6_destopts(next, 0, pad, sizeof(pad),
						    o->l, 0));
		return 8;
	}
}

static void put_ipv6(struct out *o, uint8_t next, uint32_t len)
{
	const struct libnet_in6_addr end[2] = {
		libnet_name2addr6(o->l, "2001:db8::10", LIBNET_DONT_RESOLVE),
		libnet_name2addr6(o->l, "2001:db8::53", LIBNET_DONT_RESOLVE),
	};

	for (unsigned int i = o->n_exts; i-- > 0; next = o->exts[i])
		len += put_extension(o, o->exts[i], next);
	built(o, libnet_build_ipv6(0, 0, (uint16_t)len, next, 64, end[o->back],
				   end[!o->back], NULL, 0, o->l, 0));
}

static void put_ipv4(struct out *o, uint8_t protocol, uint32_t len,
		     uint16_t fragment)
{
	const uint32_t end[2] = { htonl(0xc000020a), htonl(0xc0000235) };

	built(o, libnet_build_ipv4((uint16_t)(LIBNET_IPV4_H + len), 0, 7,
				   fragment, 64, protocol, 0, end[o->back],
				   end[!o->back], NULL, 0, o->l, 0));
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
		built(o, libnet_build_ethernet(mac, mac, type, NULL, 0, o->l,
					       0));
		return;
	}
	if (o->tags == 2)
		built(o, libnet_build_data(inner, sizeof(inner), o->l, 0));
	built(o, libnet_build_802_1q(mac, mac, o->tags == 2 ? 0x88a8 :
				     ETHERTYPE_VLAN, 0, 0, 7, o->tags == 2 ?
				     ETHERTYPE_VLAN : type, NULL, 0, o->l, 0));
}

/* The one link header that libnet does not know. */
static size_t put_sll2(const struct out *o, uint8_t *p)
{
	uint16_t type = ethertype(o);

	memset(p, 0, SLL2_LEN);
	p[0] = (uint8_t)(type >> 8);
	p[1] = (uint8_t)type;
	p[10] = o->back ? 0 : SLL2_OUTGOING;
	return SLL2_LEN;
}

/* Puts IP and link headers before what libnet holds, and fills o->frame. */
static void put_headers(struct out *o, uint8_t protocol, size_t len,
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
		die("libnet", libnet_geterror(o->l));
	o->len = o->dlt == DLT_LINUX_SLL2 ? put_sll2(o, o->frame) : 0;
	if (n > sizeof(o->frame) - o->len)
		die("libnet", "a frame too long");
	memcpy(o->frame + o->len, octets, n);
	o->len += n;
	free(octets);
	libnet_clear_packet(o->l);
}

static void put_udp(struct out *o, const uint8_t *payload, size_t n)
{
	const uint16_t port[2] = { CLIENT_PORT, DNS_PORT };
	size_t len = LIBNET_UDP_H + n;
	libnet_ptag_t tag = libnet_build_udp(port[o->back], port[!o->back],
					     (uint16_t)len, 0, payload,
					     (uint32_t)n, o->l, 0);

	built(o, tag);
	/* libnet puts it in the wrong place behind extension headers. */
	if (o->n_exts > 0)
		libnet_toggle_checksum(o->l, tag, LIBNET_OFF);
	put_headers(o, IPPROTO_UDP, len, 0);
}

static void write_frame(struct out *o)
{
	struct pcap_pkthdr h = {
		.ts = { .tv_sec = 1700000000,
			.tv_usec = 1000 * (int)o->packets++ },
		.caplen = (bpf_u_int32)o->len, .len = (bpf_u_int32)o->len,
	};

	pcap_dump((u_char *)o->dump, &h, o->frame);
}

static void write_syn(struct out *o, uint16_t port)
{
	built(o, libnet_build_tcp(CLIENT_PORT, port, 1, 0, TH_SYN, 65535, 0,
				  0, LIBNET_TCP_H, NULL, 0, o->l, 0));
	put_headers(o, IPPROTO_TCP, LIBNET_TCP_H, 0);
	write_frame(o);
}

static void write_udp(struct out *o, const uint8_t *payload, size_t n)
{
	put_udp(o, payload, n);
	write_frame(o);
}

struct exchange {
	const char *name;
	ldns_rr_type type;
	const char *answers[6];		/* as in a zone file */
};

static void push_answers(ldns_pkt *pkt, const char *const *answers)
{
	for (size_t i = 0; i < 6 && answers[i] != NULL; i++) {
		ldns_rr *rr;

		if (ldns_rr_new_frm_str(&rr, answers[i], 0, NULL, NULL) !=
		    LDNS_STATUS_OK)
			die("ldns", answers[i]);
		ldns_pkt_push_rr(pkt, LDNS_SECTION_ANSWER, rr);
	}
}

/* A query, or with o->back the response to it. */
static void put_message(struct out *o, const struct exchange *e)
{
	ldns_pkt *pkt = ldns_pkt_query_new(ldns_dname_new_frm_str(e->name),
					   e->type, LDNS_RR_CLASS_IN, LDNS_RD);
	uint8_t *wire;
	size_t n;

	if (pkt == NULL)
		die("ldns", e->name);
	ldns_pkt_set_id(pkt, 0x1234);
	if (o->back) {
		ldns_pkt_set_qr(pkt, true);
		ldns_pkt_set_ra(pkt, true);
		push_answers(pkt, e->answers);
	}
	if (ldns_pkt2wire(&wire, pkt, &n) != LDNS_STATUS_OK)
		die("ldns", e->name);
	put_udp(o, wire, n);
	free(wire);
	ldns_pkt_free(pkt);
}

static void write_exchange(struct out *o, const struct exchange *e)
{
	put_message(o, e);
	write_frame(o);
	o->back = true;
	put_message(o, e);
	write_frame(o);
	o->back = false;
}

#define CDN "captive-cdn.origin-apple.com.akadns.net."
#define EDGE "captive.g.aaplimg.com."
#define CAPTIVE "captive.apple.com."
#define CHAIN CAPTIVE " 7200 IN CNAME " CDN, CDN " 60 IN CNAME " EDGE

static const struct exchange probe = {
	CAPTIVE, LDNS_RR_TYPE_A,
	{ CHAIN, EDGE " 20 IN A 17.253.83.195", EDGE " 20 IN A 17.253.57.200" },
};

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

static void captive(struct out *o)
{
	write_exchange(o, &probe);
	for (size_t i = 0; i < NITEMS(probes); i++)
		write_exchange(o, &probes[i]);
	write_syn(o, 80);
}

static void vlan(struct out *o)
{
	for (o->tags = 1; o->tags <= 2; o->tags++) {
		o->v6 = false;
		write_exchange(o, &probe);
		o->v6 = true;
		write_exchange(o, &probe);
	}
	/* A third tag is one too many. */
	put_message(o, &probe);
	memmove(o->frame + 16, o->frame + 12, o->len - 12);
	o->len += 4;
	write_frame(o);
}

static void v6(struct out *o)
{
	static const uint8_t orders[][4] = {
		{ 0 }, { DESTINATION }, { AH }, { FRAGMENT },
		{ DESTINATION, ROUTING, FRAGMENT, AH }, { MOBILITY },
	};

	o->v6 = true;
	write_exchange(o, &probe);
	for (size_t i = 0; i < NITEMS(orders); i++) {
		const uint8_t *end = memchr(orders[i] + 1, 0, 3);

		o->n_exts = end == NULL ? 4 :
					  (unsigned int)(end - orders[i]);
		memcpy(o->exts, orders[i], o->n_exts);
		write_exchange(o, &probe);
	}
	memset(o->exts, DESTINATION, sizeof(o->exts));
	o->n_exts = 7;
	write_exchange(o, &probe);
}

static void sll2(struct out *o)
{
	write_exchange(o, &probe);
	write_syn(o, 443);
	o->v6 = true;
	write_exchange(o, &probe);
}

/* The octets of a whole datagram, sent in two parts. */
static void write_parts(struct out *o)
{
	uint8_t whole[512];
	size_t cut = 24, n;

	o->back = true;
	put_message(o, &probe);
	n = o->len - LIBNET_ETH_H - LIBNET_IPV4_H;
	memcpy(whole, o->frame + LIBNET_ETH_H + LIBNET_IPV4_H, n);
	built(o, libnet_build_data(whole, (uint32_t)cut, o->l, 0));
	put_headers(o, IPPROTO_UDP, cut, IP_MF);
	write_frame(o);
	built(o, libnet_build_data(whole + cut, (uint32_t)(n - cut), o->l, 0));
	put_headers(o, IPPROTO_UDP, n - cut, (uint16_t)(cut / 8));
	write_frame(o);
}

/* Offset and "more" of the fragment header, patched in. */
static void write_v6_part(struct out *o, uint8_t high, uint8_t low)
{
	put_message(o, &probe);
	o->frame[LIBNET_ETH_H + LIBNET_IPV6_H + 2] = high;
	o->frame[LIBNET_ETH_H + LIBNET_IPV6_H + 3] = low;
	write_frame(o);
}

static void fragments(struct out *o)
{
	write_parts(o);
	o->v6 = true;
	o->exts[0] = FRAGMENT;
	o->n_exts = 1;
	write_v6_part(o, 0, 0);
	write_v6_part(o, 0, 1);
	write_v6_part(o, 1, 1);
	write_v6_part(o, 1, 0);
}

/* One octet of a good query over Ethernet and IPv4, and what it breaks. */
static const struct {
	size_t at;
	uint8_t value;
} broken_frames[] = {
	{ 13, 0x06 },		/* ethertype: ARP */
	{ 14, 0x65 },		/* version 6 */
	{ 17, 0x13 },		/* total length under the header */
	{ 17, 0xff },		/* total length over the frame */
	{ 20, 0x20 },		/* more fragments */
	{ 23, 0x01 },		/* protocol: ICMP */
	{ 39, 0x07 },		/* UDP length under its header */
	{ 39, 0xff },		/* ... over the packet */
};

#define HEAD(an, ar) "\x12\x34\x81\x80\0\1\0" an "\0\0\0" ar
#define Q "\7captive\5apple\3com\0\0\1\0\1"
#define RR(type, len) "\xc0\x0c\0" type "\0\1\0\0\0\x3c\0" len
#define OPT "\0\0\x29\x04\xd0\0\0\0\0\0\0"
#define L63 "\077aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MESSAGE(s) { (const uint8_t *)(s), sizeof(s) - 1 }

static const struct {
	const uint8_t *p;
	size_t n;
} broken_messages[] = {
	MESSAGE(""),
	MESSAGE(HEAD("\1", "\0") Q RR("\1", "\4") "\xc0\0\2"),	/* cut off */
	MESSAGE(HEAD("\0", "\0") "\x40" "captive\0\0\1\0\1"),
	MESSAGE(HEAD("\0", "\0") L63 L63 L63 L63 "\0\0\1\0\1"),
	MESSAGE(HEAD("\0", "\0") "\xc0\x0c\0\1\0\1"),	/* to itself */
	MESSAGE(HEAD("\1", "\0") Q "\xc0\x40\0\1\0\1"	/* forwards */
		"\0\0\0\x3c\0\4\xc0\0\2\1"),
	MESSAGE(HEAD("\xff", "\xff") Q),
	MESSAGE("\x12\x34\x01\0\0\0\0\0\0\0\0\0"),	/* no question */
	MESSAGE(HEAD("\0", "\0") "\7captive\5apple\3com\0\0\1\0\3"),
	MESSAGE(HEAD("\1", "\0") Q RR("\1", "\5") "\xc0\0\2\1\1"),
	MESSAGE(HEAD("\1", "\0") Q RR("\5", "\3") "\xc0\x0c\0"),
	MESSAGE(HEAD("\0", "\2") Q OPT OPT),
	MESSAGE(HEAD("\0", "\0") Q "\0"),		/* trailing */
};

static void malformed(struct out *o)
{
	static const uint8_t big[5000];

	for (size_t i = 0; i < NITEMS(broken_frames); i++) {
		put_message(o, &probe);
		o->frame[broken_frames[i].at] = broken_frames[i].value;
		write_frame(o);
	}
	put_message(o, &probe);
	o->len = LIBNET_ETH_H + LIBNET_IPV4_H + LIBNET_UDP_H;
	write_frame(o);
	o->v6 = true;
	o->exts[0] = MOBILITY;
	o->n_exts = 1;
	put_message(o, &probe);
	write_frame(o);
	o->v6 = false;
	o->back = true;
	write_udp(o, big, sizeof(big));
	for (size_t i = 0; i < NITEMS(broken_messages); i++)
		write_udp(o, broken_messages[i].p, broken_messages[i].n);
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

static void chains(struct out *o)
{
	for (size_t i = 0; i < NITEMS(odd_chains); i++)
		write_exchange(o, &odd_chains[i]);
}

static const struct {
	const char *name;
	int dlt;
	void (*write)(struct out *o);
} cases[] = {
	{ "captive", DLT_EN10MB, captive },
	{ "vlan", DLT_EN10MB, vlan },
	{ "v6", DLT_RAW, v6 },
	{ "sll2", DLT_LINUX_SLL2, sll2 },
	{ "fragments", DLT_EN10MB, fragments },
	{ "malformed", DLT_EN10MB, malformed },
	{ "chains", DLT_EN10MB, chains },
};

static void write_case(const char *folder, size_t i, libnet_t *l)
{
	struct out o = { .dlt = cases[i].dlt, .l = l };
	pcap_t *dead = pcap_open_dead(o.dlt, 65535);
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.pcap", folder, cases[i].name);
	o.dump = dead == NULL ? NULL : pcap_dump_open(dead, path);
	if (o.dump == NULL)
		die(path, "cannot create");
	cases[i].write(&o);
	if (pcap_dump_flush(o.dump) != 0)
		die(path, "cannot write");
	pcap_dump_close(o.dump);
	pcap_close(dead);
}

int main(int argc, char **argv)
{
	char error[LIBNET_ERRBUF_SIZE];
	libnet_t *l;

	if (argc != 2)
		die("usage", "mkpcap FOLDER");
	l = libnet_init(LIBNET_NONE, NULL, error);
	if (l == NULL)
		die("libnet", error);
	for (size_t i = 0; i < NITEMS(cases); i++)
		write_case(argv[1], i, l);
	libnet_destroy(l);
	return 0;
}
