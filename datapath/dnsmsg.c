/* SPDX-License-Identifier: ISC */
#include "dnsmsg.h"

enum {
	QUESTION_FIXED = 4,	/* type, class (RFC 1035, 4.1.2) */
	RR_FIXED = 10,		/* type, class, TTL, length (4.1.3) */
	RR_MIN = 1 + RR_FIXED,
	UDP_SIZE_MIN = 512,	/* RFC 6891, 6.2.3 */
};

enum section { QUESTION, ANSWER, AUTHORITY, ADDITIONAL };

/* What a hop at this place would read as; 0 where there is no room for one. */
static uint16_t hop_at(struct slice msg, size_t at)
{
	return slice_has(msg, at, 2) ? slice_be16(msg, at) : 0;
}

/*
 * Most owners are a hop straight to the question's name, or to where the last
 * CNAME leads: those are proved already.
 */
static enum parse read_owner(const struct dnsmsg *m, size_t *off,
			     const struct dnsname *target,
			     struct dnsname *owner)
{
	uint16_t hop = hop_at(m->msg, *off);

	if (hop == (DNSNAME_HOP | m->qname.at))
		*owner = m->qname;
	else if (target->at != 0 && hop == (DNSNAME_HOP | target->at))
		*owner = *target;
	else
		return dnsname_read(m->msg, off, owner);
	*off += 2;
	return PARSE_OK;
}

static enum parse read_target(struct slice msg, struct dnsrr *rr)
{
	size_t at = rr->rdata_at;
	enum parse why = dnsname_read(msg, &at, &rr->target);

	if (why != PARSE_OK)
		return why;
	return at == rr->rdata_at + rr->rdata.len ? PARSE_OK : PARSE_RDATA;
}

static bool is_cname(const struct dnsrr *rr)
{
	return rr->type == DNSTYPE_CNAME && rr->class == DNSCLASS_IN;
}

static enum parse read_rr(const struct dnsmsg *m, struct dnsiter *it,
			  struct dnsrr *rr)
{
	size_t at = it->off;
	enum parse why = read_owner(m, &at, &it->target, &rr->owner);

	if (why != PARSE_OK)
		return why;
	if (!slice_has(m->msg, at, RR_FIXED))
		return PARSE_SHORT;

	/* Of a constant length, so that no read is checked again. */
	struct slice fixed = slice_sub(m->msg, at, RR_FIXED);
	uint32_t ttl = slice_be32(fixed, 4);
	size_t len = slice_be16(fixed, 8);

	if (!slice_has(m->msg, at + RR_FIXED, len))
		return PARSE_SHORT;
	rr->type = slice_be16(fixed, 0);
	rr->class = slice_be16(fixed, 2);
	rr->ttl = ttl > INT32_MAX ? 0 : ttl;
	rr->ttl_at = (uint16_t)(at + 4);
	rr->rdata_at = (uint16_t)(at + RR_FIXED);
	rr->rdata = slice_sub(m->msg, at + RR_FIXED, len);
	if (is_cname(rr)) {
		why = read_target(m->msg, rr);
		if (why != PARSE_OK)
			return why;
		it->target = rr->target;
	}
	it->off = at + RR_FIXED + len;
	return PARSE_OK;
}

static enum parse take_opt(struct dnsmsg *m, enum section section,
			   const struct dnsrr *rr)
{
	if (section != ADDITIONAL || m->edns || rr->owner.len != 1)
		return PARSE_RDATA;
	m->edns = true;
	/* Its class field is the size (RFC 6891, 6.1.2). */
	if (rr->class > m->udp_size)
		m->udp_size = rr->class;
	return PARSE_OK;
}

static enum parse check_rr(struct dnsmsg *m, enum section section,
			   const struct dnsrr *rr)
{
	if (rr->type == DNSTYPE_OPT)
		return take_opt(m, section, rr);
	if (rr->class != DNSCLASS_IN)
		return PARSE_OK;
	switch (rr->type) {
	case DNSTYPE_A:
		return rr->rdata.len == 4 ? PARSE_OK : PARSE_RDATA;
	case DNSTYPE_AAAA:
		return rr->rdata.len == 16 ? PARSE_OK : PARSE_RDATA;
	default:
		return PARSE_OK;
	}
}

static enum parse read_header(struct dnsmsg *m)
{
	if (!slice_has(m->msg, 0, DNSMSG_HEADER))
		return PARSE_SHORT;
	if (m->msg.len > UINT16_MAX)
		return PARSE_LONG;

	struct slice header = slice_sub(m->msg, 0, DNSMSG_HEADER);

	m->id = slice_be16(header, 0);
	m->flags = slice_be16(header, 2);
	for (size_t i = 0; i < NITEMS(m->counts); i++)
		m->counts[i] = slice_be16(header, 4 + 2 * i);
	if (m->counts[QUESTION] != 1)
		return PARSE_QUESTION;

	size_t records = (size_t)m->counts[ANSWER] + m->counts[AUTHORITY] +
			 m->counts[ADDITIONAL];

	if (!slice_has(m->msg, DNSMSG_HEADER, records * RR_MIN))
		return PARSE_HEADER;
	return PARSE_OK;
}

static enum parse read_question(struct dnsmsg *m, size_t *off)
{
	enum parse why = dnsname_read(m->msg, off, &m->qname);

	if (why != PARSE_OK)
		return why;
	if (!slice_has(m->msg, *off, QUESTION_FIXED))
		return PARSE_SHORT;
	m->qtype = slice_be16(m->msg, *off);
	if (slice_be16(m->msg, *off + 2) != DNSCLASS_IN)
		return PARSE_QUESTION;
	*off += QUESTION_FIXED;
	return PARSE_OK;
}

static enum parse read_section(struct dnsmsg *m, enum section section,
			       struct dnsiter *it)
{
	for (unsigned int left = m->counts[section]; left > 0; left--) {
		struct dnsrr rr;
		enum parse why = read_rr(m, it, &rr);

		if (why == PARSE_OK)
			why = check_rr(m, section, &rr);
		if (why != PARSE_OK)
			return why;
	}
	return PARSE_OK;
}

static enum parse read_records(struct dnsmsg *m, size_t off)
{
	struct dnsiter it = { .off = off };
	enum parse why = PARSE_OK;

	for (enum section s = ANSWER; s <= ADDITIONAL; s++) {
		why = read_section(m, s, &it);
		if (why != PARSE_OK)
			return why;
		if (s == ANSWER)
			m->answers_end = (uint16_t)it.off;
	}
	return it.off == m->msg.len ? PARSE_OK : PARSE_TRAILING;
}

enum parse dnsmsg_read(struct slice msg, struct dnsmsg *m)
{
	struct dnsmsg v = { .msg = msg, .udp_size = UDP_SIZE_MIN };
	size_t off = DNSMSG_HEADER;
	enum parse why = read_header(&v);

	if (why == PARSE_OK)
		why = read_question(&v, &off);
	if (why == PARSE_OK) {
		v.answers_at = (uint16_t)off;
		why = read_records(&v, off);
	}
	if (why == PARSE_OK)
		*m = v;
	return why;
}

struct dnsiter dnsmsg_answers(const struct dnsmsg *m)
{
	return (struct dnsiter){
		.off = m->answers_at, .left = m->counts[ANSWER],
	};
}

bool dnsmsg_next(const struct dnsmsg *m, struct dnsiter *it, struct dnsrr *rr)
{
	enum parse why;

	if (it->left == 0)
		return false;
	why = read_rr(m, it, rr);
	assert(why == PARSE_OK);
	(void)why;
	it->left--;
	return true;
}
