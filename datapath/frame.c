/* SPDX-License-Identifier: ISC */
#include "frame.h"

/* IEEE 802 and IANA ethertypes; the three tags are 802.1Q, 802.1ad and the
 * number in use before it. */
enum {
	ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd,
	ETHER_TAG = 0x8100, ETHER_TAG_SERVICE = 0x88a8, ETHER_TAG_OLD = 0x9100,
};

enum { ETHER_LEN = 14, TAG_LEN = 4, AF_LEN = 4, SLL_LEN = 16, SLL2_LEN = 20 };
enum { TAGS_MAX = 2 };
enum { SLL_OUTGOING = 4 };	/* PACKET_OUTGOING */

enum { TCP_SYN = 0x02 };
enum { OPTION_END, OPTION_NOP, OPTION_MSS };
enum { IPV4_MIN = 20, IPV6_LEN = 40, UDP_LEN = 8, TCP_MIN = 20 };

/* IANA protocol numbers (RFC 8200, 4; RFC 4302). */
enum {
	EXT_HOPBYHOP = 0, EXT_ROUTING = 43, EXT_FRAGMENT = 44, EXT_AH = 51,
	EXT_DESTINATION = 60,
	/* Known to be extensions, but nothing that we would let through. */
	EXT_MOBILITY = 135, EXT_HIP = 139, EXT_SHIM6 = 140,
	EXT_TEST1 = 253, EXT_TEST2 = 254,
};

enum { EXTENSION_MIN = 8 };
/* RFC 8200, 4.1 recommends each at most once, destination options twice. */
enum { EXTENSIONS_MAX = 6 };

/* The octets that no header has claimed yet. */
static void drop(struct slice *s, size_t n)
{
	*s = slice_sub(*s, n, s->len - n);
}

static bool is_tag(uint16_t type)
{
	return type == ETHER_TAG || type == ETHER_TAG_SERVICE ||
	       type == ETHER_TAG_OLD;
}

static enum parse read_tags(struct slice *s, uint16_t *type)
{
	for (unsigned int n = 0; is_tag(*type); n++) {
		if (n == TAGS_MAX)
			return PARSE_LINK;
		if (!slice_has(*s, 0, TAG_LEN))
			return PARSE_SHORT;
		*type = slice_be16(*s, 2);
		drop(s, TAG_LEN);
	}
	return PARSE_OK;
}

static enum parse read_ethernet(struct slice *s, uint16_t *type)
{
	if (!slice_has(*s, 0, ETHER_LEN))
		return PARSE_SHORT;
	*type = slice_be16(*s, 12);
	drop(s, ETHER_LEN);
	return read_tags(s, type);
}

static enum parse read_raw(struct slice *s, uint16_t *type)
{
	if (!slice_has(*s, 0, 1))
		return PARSE_SHORT;
	switch (s->p[0] >> 4) {
	case 4:
		*type = ETHER_IPV4;
		return PARSE_OK;
	case 6:
		*type = ETHER_IPV6;
		return PARSE_OK;
	default:
		return PARSE_IP;
	}
}

static enum parse read_family(struct slice *s, bool either, uint16_t *type)
{
	uint32_t af;

	if (!slice_has(*s, 0, AF_LEN))
		return PARSE_SHORT;
	af = slice_be32(*s, 0);
	if (either && af > UINT16_MAX)
		af = __builtin_bswap32(af);
	drop(s, AF_LEN);
	switch (af) {
	case 2:
		*type = ETHER_IPV4;
		return PARSE_OK;
	case 10:	/* Linux */
	case 24:	/* NetBSD, OpenBSD */
	case 28:	/* FreeBSD */
	case 30:	/* Darwin */
		*type = ETHER_IPV6;
		return PARSE_OK;
	default:
		return PARSE_LINK;
	}
}

/* pcap-linktype(7), LINKTYPE_LINUX_SLL: packet type 0, protocol 14. */
static enum parse read_sll(struct slice *s, uint16_t *type, bool *outgoing)
{
	if (!slice_has(*s, 0, SLL_LEN))
		return PARSE_SHORT;
	*outgoing = slice_be16(*s, 0) == SLL_OUTGOING;
	*type = slice_be16(*s, 14);
	drop(s, SLL_LEN);
	return read_tags(s, type);
}

/* LINKTYPE_LINUX_SLL2: protocol 0, packet type 10. */
static enum parse read_sll2(struct slice *s, uint16_t *type, bool *outgoing)
{
	if (!slice_has(*s, 0, SLL2_LEN))
		return PARSE_SHORT;
	*outgoing = s->p[10] == SLL_OUTGOING;
	*type = slice_be16(*s, 0);
	drop(s, SLL2_LEN);
	return read_tags(s, type);
}

static enum parse read_link(enum link link, struct slice *s, uint16_t *type,
			    bool *outgoing)
{
	switch (link) {
	case LINK_ETHERNET:
		return read_ethernet(s, type);
	case LINK_RAW:
		return read_raw(s, type);
	case LINK_NULL:
		return read_family(s, true, type);
	case LINK_LOOP:
		return read_family(s, false, type);
	case LINK_SLL:
		return read_sll(s, type, outgoing);
	case LINK_SLL2:
		return read_sll2(s, type, outgoing);
	default:
		return PARSE_LINK;
	}
}

/* Ports stand in the same place in both headers. */
static void read_ports(struct slice s, struct frame *f)
{
	f->ports = true;
	f->sport = slice_be16(s, 0);
	f->dport = slice_be16(s, 2);
}

static enum parse read_udp(struct slice s, struct frame *f)
{
	if (!slice_has(s, 0, UDP_LEN))
		return PARSE_SHORT;

	size_t len = slice_be16(s, 4);

	if (len < UDP_LEN || len > s.len)
		return PARSE_TRANSPORT;
	read_ports(s, f);
	f->payload = slice_sub(s, UDP_LEN, len - UDP_LEN);
	return PARSE_OK;
}

/* RFC 9293, 3.2: end, padding, or kind and length. */
static uint16_t read_mss(struct slice s)
{
	/* What shrinks: the options left. */
	while (slice_has(s, 0, 1) && s.p[0] != OPTION_END) {
		size_t len = 1;

		if (s.p[0] != OPTION_NOP) {
			if (!slice_has(s, 0, 2))
				return 0;
			len = s.p[1];
			if (len < 2 || !slice_has(s, 0, len))
				return 0;
		}
		if (s.p[0] == OPTION_MSS)
			return len == 4 ? slice_be16(s, 2) : 0;
		drop(&s, len);
	}
	return 0;
}

static enum parse read_tcp(struct slice s, struct frame *f)
{
	if (!slice_has(s, 0, TCP_MIN))
		return PARSE_SHORT;

	size_t len = (s.p[12] >> 4) * 4u;

	if (len < TCP_MIN || len > s.len)
		return PARSE_TRANSPORT;
	read_ports(s, f);
	f->tcp_seq = slice_be32(s, 4);
	f->tcp_ack = slice_be32(s, 8);
	f->tcp_flags = s.p[13];
	f->tcp_window = slice_be16(s, 14);
	if ((f->tcp_flags & TCP_SYN) != 0)
		f->tcp_mss = read_mss(slice_sub(s, TCP_MIN, len - TCP_MIN));
	f->payload = slice_sub(s, len, s.len - len);
	return PARSE_OK;
}

static enum parse read_transport(struct slice s, struct frame *f)
{
	switch (f->protocol) {
	case FRAME_UDP:
		return read_udp(s, f);
	case FRAME_TCP:
		return read_tcp(s, f);
	default:
		return PARSE_TRANSPORT;
	}
}

/* Of a first fragment, or of a packet that is cut: if they are there. */
static void glance_ports(struct slice s, struct frame *f)
{
	bool known = f->protocol == FRAME_UDP || f->protocol == FRAME_TCP;

	if (known && slice_has(s, 0, 4))
		read_ports(s, f);
	if (f->protocol == FRAME_TCP && slice_has(s, 0, 14))
		f->tcp_flags = s.p[13];
}

static enum parse read_fragment(struct slice s, bool first, struct frame *f)
{
	if (first)
		glance_ports(s, f);
	return PARSE_FRAGMENT;
}

/*
 * RFC 791, 3.1. Octets behind the total length are the link's padding. *s
 * becomes what follows the header; with cut, as much as was captured of it.
 */
static enum parse read_ipv4_header(struct slice *s, bool cut, struct frame *f)
{
	if (!slice_has(*s, 0, IPV4_MIN))
		return PARSE_SHORT;

	size_t header = (s->p[0] & 0x0f) * 4u, total = slice_be16(*s, 2);
	unsigned int fragment = slice_be16(*s, 6) & 0x3fff;	/* MF, offset */

	if (s->p[0] >> 4 != 4 || header < IPV4_MIN || total < header)
		return PARSE_IP;
	if (cut && total > s->len)
		total = s->len;
	if (!slice_has(*s, 0, total) || total < header)
		return PARSE_SHORT;
	f->src = ipaddr_v4(s->p + 12);
	f->dst = ipaddr_v4(s->p + 16);
	f->protocol = s->p[9];
	f->fragment = fragment != 0;
	if (f->fragment)
		f->part = (struct frame_part){
			.id = slice_be16(*s, 4),
			.at = (uint16_t)((fragment & 0x1fff) * 8),
			.more = (fragment & 0x2000) != 0,
			.next = f->protocol,
			.octets = slice_sub(*s, header, total - header),
		};
	*s = slice_sub(*s, header, total - header);
	return PARSE_OK;
}

static enum parse read_ipv4(struct slice s, struct frame *f)
{
	enum parse why = read_ipv4_header(&s, false, f);

	if (why != PARSE_OK)
		return why;
	if (f->fragment)
		return read_fragment(s, f->part.at == 0, f);
	return read_transport(s, f);
}

static bool is_extension(uint8_t protocol)
{
	return protocol == EXT_HOPBYHOP || protocol == EXT_ROUTING ||
	       protocol == EXT_FRAGMENT || protocol == EXT_AH ||
	       protocol == EXT_DESTINATION;
}

static bool is_unread_extension(uint8_t protocol)
{
	return protocol == EXT_MOBILITY || protocol == EXT_HIP ||
	       protocol == EXT_SHIM6 || protocol == EXT_TEST1 ||
	       protocol == EXT_TEST2;
}

static size_t extension_len(uint8_t protocol, uint8_t field)
{
	if (protocol == EXT_FRAGMENT)
		return 8;
	if (protocol == EXT_AH)
		return (field + 2u) * 4;
	return (field + 1u) * 8;
}

/*
 * RFC 8200, 4.5. True if what follows is from the middle of a datagram.
 * Neither offset nor more: a whole datagram (RFC 6946). In a part of a part,
 * the outer header counts.
 */
static bool read_fragment_header(struct slice s, struct frame *f)
{
	uint16_t at = slice_be16(s, 2) & 0xfff8;
	bool more = (s.p[3] & 1) != 0;

	if (!f->fragment && (at != 0 || more)) {
		f->fragment = true;
		f->part = (struct frame_part){
			.id = slice_be32(s, 4), .at = at, .more = more,
			.next = s.p[0], .octets = slice_sub(s, 8, s.len - 8),
		};
	}
	return at != 0;
}

/*
 * Moves *s and f->protocol past one extension header. *later says that what
 * follows is from the middle of a datagram, so no header at all.
 */
static enum parse skip_extension(struct slice *s, struct frame *f, bool *later)
{
	if (!slice_has(*s, 0, EXTENSION_MIN))
		return PARSE_SHORT;

	size_t len = extension_len(f->protocol, s->p[1]);

	if (!slice_has(*s, 0, len))
		return PARSE_SHORT;
	if (f->protocol == EXT_FRAGMENT)
		*later = read_fragment_header(*s, f);
	f->protocol = s->p[0];
	drop(s, len);
	return PARSE_OK;
}

static enum parse skip_extensions(struct slice *s, struct frame *f,
				  bool *later)
{
	for (unsigned int n = 0; is_extension(f->protocol) && !*later; n++) {
		enum parse why;

		/* Hop-by-hop options come first or not at all (RFC 8200, 4.1). */
		if (n == EXTENSIONS_MAX ||
		    (f->protocol == EXT_HOPBYHOP && n > 0))
			return PARSE_EXTENSION;
		why = skip_extension(s, f, later);
		if (why != PARSE_OK)
			return why;
	}
	return is_unread_extension(f->protocol) ? PARSE_EXTENSION : PARSE_OK;
}

/*
 * RFC 8200, 3. Jumbograms (payload length 0, RFC 2675) end up too short. *s
 * becomes what follows the fixed header, as above.
 */
static enum parse read_ipv6_header(struct slice *s, bool cut, struct frame *f)
{
	if (!slice_has(*s, 0, IPV6_LEN))
		return PARSE_SHORT;

	size_t len = slice_be16(*s, 4);

	if (s->p[0] >> 4 != 6)
		return PARSE_IP;
	if (cut && len > s->len - IPV6_LEN)
		len = s->len - IPV6_LEN;
	if (!slice_has(*s, IPV6_LEN, len))
		return PARSE_SHORT;
	f->src = ipaddr_v6(s->p + 8);
	f->dst = ipaddr_v6(s->p + 24);
	if (ipaddr_is_v4(&f->src) || ipaddr_is_v4(&f->dst))
		return PARSE_IP;
	f->protocol = s->p[6];
	*s = slice_sub(*s, IPV6_LEN, len);
	return PARSE_OK;
}

static enum parse read_ipv6(struct slice s, struct frame *f)
{
	bool later = false;
	enum parse why = read_ipv6_header(&s, false, f);

	if (why != PARSE_OK)
		return why;
	why = skip_extensions(&s, f, &later);
	if (f->fragment)
		return read_fragment(s, why == PARSE_OK && !later, f);
	if (why != PARSE_OK)
		return why;
	return read_transport(s, f);
}

enum parse frame_read(enum link link, struct slice packet, struct frame *f)
{
	struct frame v = { .payload = { packet.p, 0 } };
	uint16_t type = 0;
	enum parse why = read_link(link, &packet, &type, &v.outgoing);

	if (why != PARSE_OK)
		return why;
	if (type == ETHER_IPV4)
		why = read_ipv4(packet, &v);
	else if (type == ETHER_IPV6)
		why = read_ipv6(packet, &v);
	else
		why = PARSE_LINK;
	if (why == PARSE_OK || why == PARSE_FRAGMENT)
		*f = v;
	return why;
}

uint32_t frame_sum(uint32_t from, struct slice s)
{
	size_t at = 0;

	for (; slice_has(s, at, 2); at += 2)
		from += slice_be16(s, at);
	if (slice_has(s, at, 1))
		from += (uint32_t)s.p[at] << 8;
	return from;
}

/* The prefix of mapped addresses adds 0xffff, which is as good as 0. */
bool frame_adds_up(const struct frame *f)
{
	struct slice udp = { f->payload.p - UDP_LEN, f->payload.len + UDP_LEN };
	uint32_t sum = FRAME_UDP + (uint32_t)udp.len;

	if (slice_be16(udp, 6) == 0)
		return ipaddr_is_v4(&f->src);
	sum = frame_sum(sum, (struct slice){ f->src.b, sizeof(f->src.b) });
	sum = frame_sum(sum, (struct slice){ f->dst.b, sizeof(f->dst.b) });
	sum = frame_sum(sum, udp);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* Of an extension chain that is cut or odd, the protocol reached remains. */
static bool glance_ip(uint16_t type, struct slice *s, struct frame *f)
{
	bool later = false, good;

	if (type == ETHER_IPV4) {
		good = read_ipv4_header(s, true, f) == PARSE_OK;
		later = f->part.at != 0;
	} else {
		good = read_ipv6_header(s, true, f) == PARSE_OK;
		if (good && skip_extensions(s, f, &later) != PARSE_OK)
			return true;
	}
	if (good && !later)
		glance_ports(*s, f);
	return good;
}

void frame_glance(enum link link, struct slice packet, struct frame_glance *g)
{
	struct frame v = { .payload = { packet.p, 0 } };
	bool ip;

	*g = (struct frame_glance){ .depth = FRAME_NOTHING, .f = v };
	if (read_link(link, &packet, &g->ethertype, &g->f.outgoing) !=
	    PARSE_OK)
		return;
	g->depth = FRAME_LINK;
	v.outgoing = g->f.outgoing;
	ip = g->ethertype == ETHER_IPV4 || g->ethertype == ETHER_IPV6;
	if (!ip || !glance_ip(g->ethertype, &packet, &v))
		return;
	v.payload = packet;
	g->f = v;
	g->depth = FRAME_IP;
}
