/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * A message is passed once. The reader holds what is still to be read; each
 * step tests that its octets are there and cuts them off, so that no octet is
 * tested for twice. What the answer section says about names and addresses is
 * noted on the way (struct dnsfound), and nobody walks the records again but
 * to change them.
 *
 * All steps are inlined into dnsmsg_read(): then the reader and the record
 * stay in registers, and what is not asked of a record is never read.
 */
#include "dnsmsg.h"

enum {
	HOP_SIZE = 2,		/* RFC 1035, 4.1.4 */
	QUESTION_FIXED = 4,	/* type, class (4.1.2) */
	RR_FIXED = 10,		/* type, class, TTL, length (4.1.3) */
	RR_MIN = 1 + RR_FIXED,
	UDP_SIZE_MIN = 512,	/* RFC 6891, 6.2.3 */
};

enum section { QUESTION, ANSWER, AUTHORITY, ADDITIONAL };

/* Type and class, as they stand side by side. */
enum {
	IN_A = DNSTYPE_A << 16 | DNSCLASS_IN,
	IN_AAAA = DNSTYPE_AAAA << 16 | DNSCLASS_IN,
	IN_CNAME = DNSTYPE_CNAME << 16 | DNSCLASS_IN,
};

struct reader {
	struct slice msg, rest;
	struct dnsplace qname;
	struct dnsplace target;	/* of the last CNAME; before it, qname */
	uint32_t question;	/* type and class */
	size_t answers_at, answers_end;
	bool edns;
	uint16_t udp_size;
};

struct record {
	struct dnsplace owner;
	struct slice fixed, rdata;
};

static ALWAYS_INLINE size_t offset(const struct reader *r, struct slice s)
{
	return (size_t)(s.p - r->msg.p);
}

static ALWAYS_INLINE unsigned int count(const struct reader *r, enum section s)
{
	return slice_be16(slice_sub(r->msg, 0, DNSMSG_HEADER), 4 + 2u * s);
}

static ALWAYS_INLINE uint32_t kind(const struct record *rr)
{
	return slice_be32(rr->fixed, 0);
}

/* RFC 2181, 8: a set top bit reads as 0. */
static ALWAYS_INLINE uint32_t ttl(const struct record *rr)
{
	uint32_t seconds = slice_be32(rr->fixed, 4);

	return seconds > INT32_MAX ? 0 : seconds;
}

/* ---- a record */

static ALWAYS_INLINE enum parse read_name(struct reader *r,
					  struct dnsplace *place)
{
	struct dnsproof p = dnsname_prove(r->msg, offset(r, r->rest));

	if (p.why != PARSE_OK)
		return p.why;
	*place = p.place;
	r->rest = slice_from(r->msg, p.end);
	return PARSE_OK;
}

/*
 * Most owners are a hop straight to the question's name, or to where the last
 * CNAME leads: those are proved already.
 */
static ALWAYS_INLINE enum parse read_owner(struct reader *r,
					   struct dnsplace *owner)
{
	unsigned int hop = 0;

	if (slice_has(r->rest, 0, HOP_SIZE))
		hop = slice_be16(r->rest, 0);
	if (hop == (DNSNAME_HOP | DNSMSG_HEADER))
		*owner = r->qname;
	else if (hop == (DNSNAME_HOP | (unsigned int)r->target.at))
		*owner = r->target;
	else
		return read_name(r, owner);
	r->rest = slice_from(r->rest, HOP_SIZE);
	return PARSE_OK;
}

static ALWAYS_INLINE enum parse prove_target(struct reader *r,
					     struct slice rdata)
{
	size_t at = offset(r, rdata);
	struct dnsproof p = dnsname_prove(r->msg, at);

	if (p.why != PARSE_OK)
		return p.why;
	r->target = p.place;
	return p.end == at + rdata.len ? PARSE_OK : PARSE_RDATA;
}

static ALWAYS_INLINE bool is_addr(const struct record *rr)
{
	return kind(rr) == IN_A || kind(rr) == IN_AAAA;
}

/* Of an OPT record, nothing: see take_opt(). */
static ALWAYS_INLINE enum parse prove_rdata(struct reader *r,
					    const struct record *rr)
{
	if (is_addr(rr))
		return rr->rdata.len == (kind(rr) == IN_A ? 4 : 16) ?
		       PARSE_OK : PARSE_RDATA;
	return kind(rr) == IN_CNAME ? prove_target(r, rr->rdata) : PARSE_OK;
}

static ALWAYS_INLINE enum parse read_record(struct reader *r,
					    struct record *rr)
{
	enum parse why = read_owner(r, &rr->owner);
	size_t len;

	if (why != PARSE_OK)
		return why;
	if (!slice_has(r->rest, 0, RR_FIXED))
		return PARSE_SHORT;
	rr->fixed = slice_sub(r->rest, 0, RR_FIXED);
	len = slice_be16(rr->fixed, 8);
	r->rest = slice_from(r->rest, RR_FIXED);
	if (!slice_has(r->rest, 0, len))
		return PARSE_SHORT;
	rr->rdata = slice_sub(r->rest, 0, len);
	r->rest = slice_from(r->rest, len);
	return prove_rdata(r, rr);
}

static ALWAYS_INLINE bool is_opt(const struct record *rr)
{
	return kind(rr) >> 16 == DNSTYPE_OPT;
}

static ALWAYS_INLINE enum parse take_opt(struct reader *r,
					 const struct record *rr)
{
	uint16_t size = slice_be16(rr->fixed, 2);	/* RFC 6891, 6.1.2 */

	if (r->edns || rr->owner.len != 1)
		return PARSE_RDATA;
	r->edns = true;
	if (size > r->udp_size)
		r->udp_size = size;
	return PARSE_OK;
}

/* ---- what the answers say */

static COLD void exceed(struct dnsfound *f, enum dnsexcess what)
{
	if (f->excess == DNSEXCESS_NONE)
		f->excess = (uint8_t)what;
}

static ALWAYS_INLINE void note_ttl(struct dnsfound *f, uint32_t seconds)
{
	if (seconds < f->ttl)
		f->ttl = seconds;
}

static ALWAYS_INLINE void note_link(const struct reader *r,
				    const struct record *rr,
				    struct dnsfound *f)
{
	if (f->n_links == CNAME_HOPS) {
		exceed(f, DNSEXCESS_LINKS);
		return;
	}
	f->links[f->n_links++] = (struct dnslink){ rr->owner, r->target };
	note_ttl(f, ttl(rr));
}

static ALWAYS_INLINE void note_addr(const struct reader *r,
				    const struct record *rr,
				    struct dnsfound *f)
{
	if (kind(rr) != r->question) {
		exceed(f, DNSEXCESS_TYPE);
		return;
	}
	if (f->n_addrs == ALLOW_PER_NAME) {
		exceed(f, DNSEXCESS_ADDRS);
		return;
	}
	if (f->n_addrs == 0)
		f->owner = rr->owner;
	else if (rr->owner.at != f->owner.at && !f->apart)
		f->apart = !dnsplace_same(r->msg.p, rr->owner, f->owner);
	f->addrs[f->n_addrs++] = (uint16_t)offset(r, rr->rdata);
	note_ttl(f, ttl(rr));
}

static ALWAYS_INLINE void note(const struct reader *r,
			       const struct record *rr, struct dnsfound *f)
{
	if (is_addr(rr))
		note_addr(r, rr, f);
	else if (kind(rr) == IN_CNAME)
		note_link(r, rr, f);
	else
		f->foreign = true;
}

/* ---- the message */

static ALWAYS_INLINE enum parse read_header(struct reader *r)
{
	size_t records;

	if (!slice_has(r->msg, 0, DNSMSG_HEADER))
		return PARSE_SHORT;
	if (r->msg.len > UINT16_MAX)
		return PARSE_LONG;
	if (count(r, QUESTION) != 1)
		return PARSE_QUESTION;
	records = (size_t)count(r, ANSWER) + count(r, AUTHORITY) +
		  count(r, ADDITIONAL);
	r->rest = slice_from(r->msg, DNSMSG_HEADER);
	return slice_has(r->rest, 0, records * RR_MIN) ? PARSE_OK :
							 PARSE_HEADER;
}

static ALWAYS_INLINE enum parse read_question(struct reader *r)
{
	enum parse why = read_name(r, &r->qname);

	if (why != PARSE_OK)
		return why;
	if (!slice_has(r->rest, 0, QUESTION_FIXED))
		return PARSE_SHORT;
	r->question = slice_be32(r->rest, 0);
	if ((r->question & 0xffff) != DNSCLASS_IN)
		return PARSE_QUESTION;
	r->rest = slice_from(r->rest, QUESTION_FIXED);
	r->answers_at = offset(r, r->rest);
	r->target = r->qname;
	return PARSE_OK;
}

static ALWAYS_INLINE enum parse read_answers(struct reader *r,
					     struct dnsfound *f)
{
	f->n_links = f->n_addrs = f->excess = 0;
	f->foreign = f->apart = false;
	f->ttl = UINT32_MAX;
	for (unsigned int left = count(r, ANSWER); left > 0; left--) {
		struct record rr;
		enum parse why = read_record(r, &rr);

		if (why != PARSE_OK)
			return why;
		if (is_opt(&rr))
			return PARSE_RDATA;
		note(r, &rr, f);
	}
	r->answers_end = offset(r, r->rest);
	return PARSE_OK;
}

static ALWAYS_INLINE enum parse read_others(struct reader *r)
{
	unsigned int additional = count(r, ADDITIONAL);
	unsigned int left = count(r, AUTHORITY) + additional;

	for (; left > 0; left--) {
		struct record rr;
		enum parse why = read_record(r, &rr);

		if (why == PARSE_OK && is_opt(&rr))
			why = left <= additional ? take_opt(r, &rr) :
						   PARSE_RDATA;
		if (why != PARSE_OK)
			return why;
	}
	return r->rest.len == 0 ? PARSE_OK : PARSE_TRAILING;
}

/* All but m->found, which is there already. */
static ALWAYS_INLINE void fill(struct dnsmsg *m, const struct reader *r)
{
	m->msg = r->msg;
	m->id = slice_be16(r->msg, 0);
	m->flags = slice_be16(r->msg, 2);
	m->counts[QUESTION] = (uint16_t)count(r, QUESTION);
	m->counts[ANSWER] = (uint16_t)count(r, ANSWER);
	m->counts[AUTHORITY] = (uint16_t)count(r, AUTHORITY);
	m->counts[ADDITIONAL] = (uint16_t)count(r, ADDITIONAL);
	m->qname = dnsplace_name(r->msg.p, r->qname);
	m->qtype = (uint16_t)(r->question >> 16);
	m->answers_at = (uint16_t)r->answers_at;
	m->answers_end = (uint16_t)r->answers_end;
	m->edns = r->edns;
	m->udp_size = r->udp_size;
}

enum parse dnsmsg_read(struct slice msg, struct dnsmsg *m)
{
	struct reader r = { .msg = msg, .udp_size = UDP_SIZE_MIN };
	enum parse why = read_header(&r);

	if (why == PARSE_OK)
		why = read_question(&r);
	if (why == PARSE_OK)
		why = read_answers(&r, &m->found);
	if (why == PARSE_OK)
		why = read_others(&r);
	if (why == PARSE_OK)
		fill(m, &r);
	return why;
}

struct dnsiter dnsmsg_answers(const struct dnsmsg *m)
{
	return (struct dnsiter){
		.off = m->answers_at, .left = m->counts[ANSWER],
		.target = m->qname,
	};
}

bool dnsmsg_next(const struct dnsmsg *m, struct dnsiter *it, struct dnsrr *rr)
{
	struct reader r = {
		.msg = m->msg, .rest = slice_from(m->msg, it->off),
		.qname = dnsplace_of(&m->qname),
		.target = dnsplace_of(&it->target),
	};
	struct record one;
	enum parse why;

	if (it->left == 0)
		return false;
	why = read_record(&r, &one);
	assert(why == PARSE_OK);
	(void)why;
	it->off = offset(&r, r.rest);
	it->left--;
	it->target = dnsplace_name(m->msg.p, r.target);
	*rr = (struct dnsrr){
		.owner = dnsplace_name(m->msg.p, one.owner),
		.type = (uint16_t)(kind(&one) >> 16),
		.class = (uint16_t)kind(&one),
		.ttl = ttl(&one),
		.ttl_at = (uint16_t)(offset(&r, one.fixed) + 4),
		.rdata_at = (uint16_t)offset(&r, one.rdata),
		.rdata = one.rdata,
		.target = it->target,
	};
	return true;
}
