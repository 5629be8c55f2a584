/* SPDX-License-Identifier: ISC */
/*
 * libnet builds random packets, and frame_read() must give back what was put
 * in. The same packets, cut and mutated, must never be read past their end,
 * and what is still accepted must pass libpcap's filters for what we say it
 * is.
 */
#include <criterion/criterion.h>
#include <libnet.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "frame.h"
#include "random.h"

enum { PACKETS = 3000, MUTANTS = 20 };
enum { EXT_MAX = 4, PAYLOAD_MAX = 40 };
enum { HOPBYHOP = 0, ROUTING = 43, FRAGMENT = 44, AH = 51, DESTINATION = 60 };

enum part { WHOLE, FIRST, LATER };

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

/* What is put in. */
struct spec {
	enum link link;
	unsigned int tags;
	bool v6, outgoing;
	uint8_t protocol;
	enum part part;
	uint16_t sport, dport;
	uint8_t tcp_flags;
	uint32_t tcp_seq;
	uint8_t exts[EXT_MAX];
	unsigned int n_exts;
	unsigned int options;		/* octets of IPv4 options */
	uint8_t src[16], dst[16];
	uint8_t payload[PAYLOAD_MAX];
	uint32_t payload_len;
};

struct packet {
	uint8_t buf[512];
	size_t len;
};

static void random_fill(uint8_t *p, size_t n, struct random *r)
{
	while (n-- > 0)
		*p++ = (uint8_t)random_next(r);
}

/* Hop-by-hop options first if at all, a fragment header last. */
static void pick_extensions(struct spec *s, struct random *r)
{
	static const uint8_t middle[] = { ROUTING, AH, DESTINATION };
	unsigned int n = random_below(r, EXT_MAX);

	if (n > 0 && random_percent(r, 30))
		s->exts[s->n_exts++] = HOPBYHOP;
	while (s->n_exts < n)
		s->exts[s->n_exts++] = middle[random_below(r, 3)];
	if (s->part != WHOLE || random_percent(r, 10))
		s->exts[s->n_exts++] = FRAGMENT;
}

static struct spec pick_spec(struct random *r)
{
	struct spec s = {
		.link = (enum link)random_below(r, LINK__N),
		.v6 = random_percent(r, 50),
		.protocol = random_percent(r, 60) ? FRAME_UDP : FRAME_TCP,
		.part = random_percent(r, 85) ? WHOLE :
			random_percent(r, 50) ? FIRST : LATER,
		.sport = (uint16_t)random_next(r),
		.dport = random_percent(r, 50) ? 53 :
						 (uint16_t)random_next(r),
		.tcp_flags = (uint8_t)random_next(r),
		.tcp_seq = random_next(r),
		.payload_len = random_below(r, PAYLOAD_MAX + 1),
	};

	if (s.link == LINK_ETHERNET)
		s.tags = random_below(r, 3);
	if (s.link == LINK_SLL || s.link == LINK_SLL2)
		s.outgoing = random_percent(r, 50);
	if (s.v6)
		pick_extensions(&s, r);
	else
		s.options = 4 * random_below(r, 4);
	if (s.part == LATER && s.payload_len == 0)
		s.payload_len = 1;
	random_fill(s.src, sizeof(s.src), r);
	random_fill(s.dst, sizeof(s.dst), r);
	random_fill(s.payload, sizeof(s.payload), r);
	return s;
}

static void built(libnet_t *l, libnet_ptag_t tag)
{
	cr_assert_neq(tag, -1, "libnet: %s", libnet_geterror(l));
}

static uint32_t put_transport(const struct spec *s, libnet_t *l)
{
	libnet_ptag_t tag;
	uint32_t len = s->payload_len;

	if (s->part == LATER) {
		tag = libnet_build_data(s->payload, len, l, 0);
	} else if (s->protocol == FRAME_UDP) {
		len += LIBNET_UDP_H;
		tag = libnet_build_udp(s->sport, s->dport, (uint16_t)len, 0,
				       s->payload, s->payload_len, l, 0);
	} else {
		len += LIBNET_TCP_H;
		tag = libnet_build_tcp(s->sport, s->dport, s->tcp_seq, 0,
				       s->tcp_flags, 1000, 0, 0,
				       (uint16_t)len, s->payload,
				       s->payload_len, l, 0);
	}
	built(l, tag);
	/* libnet puts it in the wrong place behind extension headers. */
	if (s->part != LATER)
		libnet_toggle_checksum(l, tag, LIBNET_OFF);
	return len;
}

/* Returns its length. */
static uint32_t put_extension(const struct spec *s, uint8_t type,
			      uint8_t next, libnet_t *l)
{
	static const uint8_t pad[14] = { 1, 12 };	/* PadN */
	/* Options of 8 or of 16 octets, by the payload's length. */
	uint8_t more = s->payload_len & 1;
	uint32_t len = 8u + 8u * more;

	switch (type) {
	case FRAGMENT:
		/* libnet leaves the order of these octets to its caller. */
		built(l, libnet_build_ipv6_frag(next, 0,
			htons(s->part == LATER ? 0x0100 : s->part == FIRST),
			7, NULL, 0, l, 0));
		return LIBNET_IPV6_FRAG_H;
	case AH:
		built(l, libnet_build_ipsec_ah(next, 2, 0, 1, 2, 3, NULL, 0,
					       l, 0));
		return LIBNET_IPSEC_AH_H;
	case ROUTING:
		built(l, libnet_build_ipv6_routing(next, more, 4, 0, pad,
						   len - 4, l, 0));
		return len;
	case DESTINATION:
		built(l, libnet_build_ipv6_destopts(next, more, pad, len - 2,
						    l, 0));
		return len;
	default:
		built(l, libnet_build_ipv6_hbhopts(next, more, pad, len - 2,
						   l, 0));
		return len;
	}
}

static void put_ipv6(const struct spec *s, uint32_t len, libnet_t *l)
{
	struct libnet_in6_addr src, dst;
	uint8_t next = s->protocol;

	for (unsigned int i = s->n_exts; i-- > 0; next = s->exts[i])
		len += put_extension(s, s->exts[i], next, l);
	memcpy(&src, s->src, sizeof(src));
	memcpy(&dst, s->dst, sizeof(dst));
	built(l, libnet_build_ipv6(0, 0, (uint16_t)len, next, 64, src, dst,
				   NULL, 0, l, 0));
}

static void put_ipv4(const struct spec *s, uint32_t len, libnet_t *l)
{
	static const uint8_t nop[12] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	static const uint16_t words[] = {
		[WHOLE] = IP_DF, [FIRST] = IP_MF, [LATER] = 0x20,
	};
	uint32_t src, dst;

	memcpy(&src, s->src, sizeof(src));
	memcpy(&dst, s->dst, sizeof(dst));
	len += LIBNET_IPV4_H + s->options;
	if (s->options > 0)
		built(l, libnet_build_ipv4_options(nop, s->options, l, 0));
	built(l, libnet_build_ipv4((uint16_t)len, 0, 1, words[s->part], 64,
				   s->protocol, 0, src, dst, NULL, 0, l, 0));
}

static void put_ethernet(const struct spec *s, libnet_t *l)
{
	uint16_t type = s->v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
	const uint8_t inner[] = { 0, 7, (uint8_t)(type >> 8), (uint8_t)type };

	if (s->tags == 0) {
		built(l, libnet_build_ethernet(mac, mac, type, NULL, 0, l, 0));
		return;
	}
	if (s->tags == 2)
		built(l, libnet_build_data(inner, sizeof(inner), l, 0));
	built(l, libnet_build_802_1q(mac, mac, s->tags == 2 ? 0x88a8 :
				     ETHERTYPE_VLAN, 0, 0, 7, s->tags == 2 ?
				     ETHERTYPE_VLAN : type, NULL, 0, l, 0));
}

/* Link headers that libnet does not know; returns their length. */
static size_t put_link(const struct spec *s, uint8_t *p)
{
	uint16_t type = s->v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
	uint32_t af = s->v6 ? AF_INET6 : AF_INET;

	memset(p, 0, 20);
	switch (s->link) {
	case LINK_NULL:
		memcpy(p, &af, sizeof(af));
		return 4;
	case LINK_LOOP:
		p[3] = (uint8_t)af;
		return 4;
	case LINK_SLL:
		p[1] = s->outgoing ? 4 : 0;
		p[14] = (uint8_t)(type >> 8);
		p[15] = (uint8_t)type;
		return 16;
	case LINK_SLL2:
		p[0] = (uint8_t)(type >> 8);
		p[1] = (uint8_t)type;
		p[10] = s->outgoing ? 4 : 0;
		return 20;
	default:
		return 0;
	}
}

static void build(const struct spec *s, libnet_t *l, struct packet *p)
{
	uint8_t *octets;
	uint32_t n, len;

	libnet_clear_packet(l);
	len = put_transport(s, l);
	if (s->v6)
		put_ipv6(s, len, l);
	else
		put_ipv4(s, len, l);
	if (s->link == LINK_ETHERNET)
		put_ethernet(s, l);
	/* A context without an interface has no public call for this. */
	cr_assert_eq(libnet_pblock_coalesce(l, &octets, &n), 1);
	p->len = put_link(s, p->buf);
	cr_assert_leq(n, sizeof(p->buf) - p->len);
	memcpy(p->buf + p->len, octets, n);
	p->len += n;
	free(octets);
}

static libnet_t *open_libnet(void)
{
	char error[LIBNET_ERRBUF_SIZE];
	libnet_t *l = libnet_init(LIBNET_NONE, NULL, error);

	cr_assert_not_null(l, "libnet: %s", error);
	return l;
}

static const char *addrs_differ(const struct spec *s, const struct frame *f)
{
	struct ipaddr src = s->v6 ? ipaddr_v6(s->src) : ipaddr_v4(s->src);
	struct ipaddr dst = s->v6 ? ipaddr_v6(s->dst) : ipaddr_v4(s->dst);

	if (!ipaddr_equal(&src, &f->src))
		return "source";
	return ipaddr_equal(&dst, &f->dst) ? NULL : "destination";
}

static const char *whole_differs(const struct spec *s, const struct frame *f)
{
	bool tcp = s->protocol == FRAME_TCP;

	if (f->tcp_flags != (tcp ? s->tcp_flags : 0))
		return "flags";
	if (f->tcp_seq != (tcp ? s->tcp_seq : 0))
		return "sequence number";
	if (f->payload.len != s->payload_len ||
	    memcmp(f->payload.p, s->payload, s->payload_len) != 0)
		return "payload";
	return NULL;
}

static const char *differs(const struct spec *s, const struct frame *f)
{
	if (f->protocol != s->protocol)
		return "protocol";
	if (f->outgoing != s->outgoing)
		return "direction";
	if (f->fragment != (s->part != WHOLE))
		return "fragment";
	if (f->ports != (s->part != LATER))
		return "ports";
	if (f->ports && (f->sport != s->sport || f->dport != s->dport))
		return "port";
	if (s->part == WHOLE && whole_differs(s, f) != NULL)
		return whole_differs(s, f);
	return addrs_differ(s, f);
}

Test(oracle_frame, what_was_put_in)
{
	struct random r = { 0x5a11792 };
	libnet_t *l = open_libnet();

	for (unsigned int i = 0; i < PACKETS; i++) {
		struct spec s = pick_spec(&r);
		struct packet p;
		struct frame f;
		const char *what;
		enum parse want = s.part == WHOLE ? PARSE_OK : PARSE_FRAGMENT;
		enum parse got;

		build(&s, l, &p);
		got = frame_read(s.link, (struct slice){ p.buf, p.len }, &f);
		if (got != want)
			cr_assert_fail("packet %u: %s", i, parse_name(got));
		what = differs(&s, &f);
		if (what != NULL)
			cr_assert_fail("packet %u: %s", i, what);
	}
	libnet_destroy(l);
}

/* An allocation that ends where the packet ends, for the sanitizer to see. */
static enum parse read_exact(enum link link, const uint8_t *p, size_t len,
			     struct frame *f)
{
	uint8_t *exact = malloc(len + 1);
	enum parse why;

	cr_assert_not_null(exact);
	memcpy(exact + 1, p, len);
	why = frame_read(link, (struct slice){ exact + 1, len }, f);
	if (why == PARSE_OK)
		cr_assert(f->payload.p >= exact + 1 &&
			  f->payload.p + f->payload.len <= exact + 1 + len);
	free(exact);
	return why;
}

Test(oracle_frame, every_cut)
{
	struct random r = { 0x5a11793 };
	libnet_t *l = open_libnet();

	for (unsigned int i = 0; i < PACKETS / 10; i++) {
		struct spec s = pick_spec(&r);
		struct packet p;
		struct frame f;

		build(&s, l, &p);
		for (size_t n = 0; n < p.len; n++)
			if (read_exact(s.link, p.buf, n, &f) != PARSE_SHORT)
				cr_assert_fail("packet %u cut at %zu", i, n);
	}
	libnet_destroy(l);
}

/* libpcap's view of untagged Ethernet. */
struct filters {
	struct bpf_program ip4[2], ip6[2], port;	/* UDP, TCP */
};

static void compile(pcap_t *pcap, const char *text, struct bpf_program *to)
{
	cr_assert_eq(pcap_compile(pcap, to, text, 1, PCAP_NETMASK_UNKNOWN), 0,
		     "%s: %s", text, pcap_geterr(pcap));
}

static void compile_all(struct filters *f)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);

	cr_assert_not_null(pcap);
	compile(pcap, "ip proto 17", &f->ip4[0]);
	compile(pcap, "ip proto 6", &f->ip4[1]);
	compile(pcap, "ip6 protochain 17", &f->ip6[0]);
	compile(pcap, "ip6 protochain 6", &f->ip6[1]);
	compile(pcap, "ip and dst port 53", &f->port);
	pcap_close(pcap);
}

static void free_all(struct filters *f)
{
	for (size_t i = 0; i < NITEMS(f->ip4); i++) {
		pcap_freecode(&f->ip4[i]);
		pcap_freecode(&f->ip6[i]);
	}
	pcap_freecode(&f->port);
}

static bool passes(const struct bpf_program *filter, const struct packet *p)
{
	struct pcap_pkthdr h = { .caplen = (uint32_t)p->len,
				 .len = (uint32_t)p->len };

	return pcap_offline_filter(filter, &h, p->buf) != 0;
}

static const char *ask_libpcap(const struct filters *filters,
			       const struct frame *f, const struct packet *p)
{
	bool v4 = ipaddr_is_v4(&f->src);
	size_t which = f->protocol == FRAME_TCP;

	if (!passes(v4 ? &filters->ip4[which] : &filters->ip6[which], p))
		return "protocol";
	if (v4 && passes(&filters->port, p) != (f->dport == 53))
		return "port";
	return NULL;
}

static void mutate(struct packet *p, size_t from, struct random *r)
{
	for (unsigned int n = 1 + random_below(r, 3); n > 0; n--)
		p->buf[from + random_below(r, p->len - from)] =
			(uint8_t)random_next(r);
	if (random_percent(r, 10))
		p->len = random_below(r, p->len);
}

/* Whatever the link: nothing is read past the end. */
Test(oracle_frame, mutants)
{
	struct random r = { 0x5a11794 };
	libnet_t *l = open_libnet();
	unsigned int reasons[PARSE__N] = { 0 };

	for (unsigned int i = 0; i < PACKETS; i++) {
		struct spec s = pick_spec(&r);
		struct packet whole;

		build(&s, l, &whole);
		for (unsigned int j = 0; j < MUTANTS; j++) {
			struct packet p = whole;
			struct frame f;

			mutate(&p, 0, &r);
			reasons[read_exact(s.link, p.buf, p.len, &f)]++;
		}
	}
	libnet_destroy(l);
	for (enum parse why = PARSE_OK; why <= PARSE_TRANSPORT; why++)
		cr_assert_gt(reasons[why], 10, "%s", parse_name(why));
}

/* libpcap's protochain loses its way behind an authentication header. */
static void avoid_ah(struct spec *s)
{
	for (unsigned int i = 0; i < s->n_exts; i++)
		if (s->exts[i] == AH)
			s->exts[i] = DESTINATION;
}

/* The Ethernet header stays, so that libpcap looks where we look. */
Test(oracle_frame, mutants_pass_filters)
{
	struct random r = { 0x5a11795 };
	libnet_t *l = open_libnet();
	struct filters filters;
	unsigned int asked = 0;

	compile_all(&filters);
	for (unsigned int i = 0; i < PACKETS; i++) {
		struct spec s = pick_spec(&r);
		struct packet p;
		struct frame f;
		const char *what;

		s.link = LINK_ETHERNET;
		s.tags = 0;
		avoid_ah(&s);
		build(&s, l, &p);
		mutate(&p, LIBNET_ETH_H, &r);
		if (read_exact(s.link, p.buf, p.len, &f) != PARSE_OK)
			continue;
		asked++;
		what = ask_libpcap(&filters, &f, &p);
		if (what != NULL)
			cr_assert_fail("packet %u: %s", i, what);
	}
	free_all(&filters);
	libnet_destroy(l);
	cr_assert_gt(asked, PACKETS / 4);
}
