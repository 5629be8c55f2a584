/* SPDX-License-Identifier: ISC */
#include "reply.h"

#include <string.h>

#include "limits.h"

static uint8_t *put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v & 0xffff);
}

void reply_ask(struct ask *a, const struct dnsmsg *m, bool tcp)
{
	unsigned int size = m->udp_size;

	if (size > REPLY_UDP_MAX)
		size = REPLY_UDP_MAX;
	a->id = m->id;
	a->flags = m->flags;
	a->type = m->qtype;
	a->room = tcp ? UINT16_MAX : (uint16_t)size;
	a->edns = m->edns;
	/* A question's name cannot hop: there is nothing before it but the
	 * header. So its octets stand together. */
	a->question_len = (uint16_t)(m->answers_at - DNSMSG_HEADER);
	memcpy(a->question, m->msg.p + DNSMSG_HEADER, a->question_len);
}

static uint8_t *put_header(uint8_t *p, const struct ask *a, unsigned int flags,
			   unsigned int answers, unsigned int authority)
{
	flags |= DNSFLAG_QR | DNSFLAG_RA;
	flags |= a->flags & (DNSFLAG_RD | DNSFLAG_CD);
	p = put16(p, a->id);
	p = put16(p, flags);
	p = put16(p, 1);
	p = put16(p, answers);
	p = put16(p, authority);
	return put16(p, a->edns);
}

static uint8_t *put_question(uint8_t *p, const struct ask *a)
{
	memcpy(p, a->question, a->question_len);
	return p + a->question_len;
}

/* RFC 6891, 6.1.2: root, type, our UDP size, no extended flags, no options. */
static uint8_t *put_opt(uint8_t *p, const struct ask *a)
{
	if (!a->edns)
		return p;
	*p++ = 0;
	p = put16(p, DNSTYPE_OPT);
	p = put16(p, REPLY_UDP_MAX);
	p = put32(p, 0);
	return put16(p, 0);
}

/* Owner is the question's name, by a hop to it; the rdata comes behind. */
static uint8_t *put_record(uint8_t *p, unsigned int type, unsigned int rdlen)
{
	p = put16(p, 0xc000 | DNSMSG_HEADER);
	p = put16(p, type);
	p = put16(p, DNSCLASS_IN);
	p = put32(p, TTL_NEGATIVE);
	return put16(p, rdlen);
}

/* RFC 1035, 3.3.13: MNAME and RNAME are the root, then five numbers. */
static uint8_t *put_soa(uint8_t *p)
{
	p = put_record(p, DNSTYPE_SOA, 22);
	*p++ = 0;
	*p++ = 0;
	p = put32(p, 1);		/* serial */
	p = put32(p, TTL_NEGATIVE);	/* refresh */
	p = put32(p, TTL_NEGATIVE);	/* retry */
	p = put32(p, TTL_NEGATIVE);	/* expire */
	return put32(p, TTL_NEGATIVE);	/* minimum */
}

size_t reply_empty(const struct ask *a, unsigned int rcode,
		   uint8_t out[static REPLY_SMALL])
{
	bool soa = rcode == DNSRCODE_NOERROR || rcode == DNSRCODE_NXDOMAIN;
	uint8_t *p = put_header(out, a, rcode, 0, soa);

	p = put_question(p, a);
	if (soa)
		p = put_soa(p);
	p = put_opt(p, a);
	return (size_t)(p - out);
}

size_t reply_spoof(const struct ask *a, uint8_t out[static REPLY_SMALL])
{
	/* RFC 5737 (TEST-NET-2) and RFC 6666 (discard-only). */
	static const uint8_t v4[4] = { 198, 51, 100, 1 };
	static const uint8_t v6[16] = { 0x01 };
	bool is4 = a->type == DNSTYPE_A;
	uint8_t *p = put_header(out, a, DNSRCODE_NOERROR, 1, 0);

	p = put_question(p, a);
	p = put_record(p, a->type, is4 ? sizeof(v4) : sizeof(v6));
	memcpy(p, is4 ? v4 : v6, is4 ? sizeof(v4) : sizeof(v6));
	p = put_opt(p + (is4 ? sizeof(v4) : sizeof(v6)), a);
	return (size_t)(p - out);
}

size_t reply_truncated(const struct ask *a, uint8_t out[static REPLY_SMALL])
{
	uint8_t *p = put_header(out, a, DNSFLAG_TC, 0, 0);

	p = put_question(p, a);
	p = put_opt(p, a);
	return (size_t)(p - out);
}

size_t reply_patch(const struct dnsmsg *m, uint8_t *msg, const struct ask *a,
		   uint32_t ttl)
{
	struct dnsiter it = dnsmsg_answers(m);
	struct dnsrr rr;

	while (dnsmsg_next(m, &it, &rr))
		put32(msg + rr.ttl_at, ttl);
	put_header(msg, a, m->flags & DNSFLAG_RCODE, m->counts[1], 0);
	put_question(msg + DNSMSG_HEADER, a);
	return (size_t)(put_opt(msg + m->answers_end, a) - msg);
}
