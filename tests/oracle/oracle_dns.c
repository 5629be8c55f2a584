/* SPDX-License-Identifier: ISC */
/*
 * ldns as second opinion on random and mutated messages. We may refuse what
 * it takes, never take what it refuses; and of what both take, every field
 * must be the same.
 *
 * Of rdata we prove only A, AAAA and CNAME of class IN. ldns proves that of
 * every type it knows, so before it is asked, records whose rdata is none of
 * our business get a private-use type.
 */
#include <criterion/criterion.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "dnsmsg.h"
#include "random.h"

enum { MESSAGES = 60000, NAMES = 100000 };
enum { TYPE_PRIVATE = 0xff00 };	/* RFC 6895, 3.1 */

/* A message under construction, and where names stand in it. */
struct draft {
	uint8_t buf[2048];
	size_t len;
	size_t names[64];
	size_t n_names;
};

static void put8(struct draft *d, unsigned int v)
{
	cr_assert(d->len < sizeof(d->buf));
	d->buf[d->len++] = (uint8_t)v;
}

static void put16(struct draft *d, unsigned int v)
{
	put8(d, v >> 8 & 0xff);
	put8(d, v & 0xff);
}

static void put_label(struct draft *d, struct random *r)
{
	static const uint8_t letters[] = { 'a', 'b', 'c', 'X', 'Y', '-', '0' };
	size_t n = random_percent(r, 2) ? 1 + random_below(r, 63) :
					  1 + random_below(r, 8);

	put8(d, (unsigned int)n);
	while (n-- > 0)
		put8(d, random_percent(r, 95) ?
			     letters[random_below(r, sizeof(letters))] :
			     random_below(r, 256));
}

static void put_name(struct draft *d, struct random *r)
{
	size_t start = d->len;
	size_t before = d->n_names;

	for (unsigned int n = random_below(r, 4); n > 0; n--)
		put_label(d, r);
	if (before > 0 && random_percent(r, 60))
		put16(d, 0xc000 |
			 (unsigned int)d->names[random_below(r, before)]);
	else
		put8(d, 0);
	if (d->n_names < NITEMS(d->names))
		d->names[d->n_names++] = start;
}

static uint16_t pick_type(struct random *r)
{
	static const uint16_t types[] = {
		DNSTYPE_A, DNSTYPE_A, DNSTYPE_AAAA, DNSTYPE_AAAA,
		DNSTYPE_CNAME, DNSTYPE_CNAME, DNSTYPE_CNAME,
		DNSTYPE_SOA, DNSTYPE_HTTPS, 15, 16, 46, 250, 0xff01,
	};

	return types[random_below(r, NITEMS(types))];
}

static void put_rdata(struct draft *d, struct random *r, uint16_t type)
{
	size_t at = d->len, n;

	put16(d, 0);
	if (type == DNSTYPE_CNAME) {
		put_name(d, r);
	} else {
		n = type == DNSTYPE_A ? 4 : type == DNSTYPE_AAAA ? 16 :
		    random_below(r, 24);
		while (n-- > 0)
			put8(d, random_below(r, 256));
	}
	n = d->len - at - 2;
	d->buf[at] = (uint8_t)(n >> 8);
	d->buf[at + 1] = (uint8_t)n;
}

static void put_rr(struct draft *d, struct random *r)
{
	uint16_t type = pick_type(r);

	put_name(d, r);
	put16(d, type);
	put16(d, random_percent(r, 97) ? DNSCLASS_IN : random_below(r, 5));
	put16(d, random_percent(r, 90) ? 0 : random_below(r, 65536));
	put16(d, random_below(r, 65536));
	put_rdata(d, r, type);
}

static void put_opt(struct draft *d, struct random *r)
{
	put8(d, 0);
	put16(d, DNSTYPE_OPT);
	put16(d, random_below(r, 65536));
	put16(d, 0);
	put16(d, random_percent(r, 50) ? 0x8000 : 0);
	put16(d, 0);
}

static void draft_message(struct draft *d, struct random *r)
{
	bool opt = random_percent(r, 30);
	unsigned int counts[3];

	d->len = d->n_names = 0;
	put16(d, random_below(r, 65536));
	put16(d, random_below(r, 65536));
	put16(d, 1);
	for (size_t i = 0; i < NITEMS(counts); i++) {
		counts[i] = random_below(r, i == 0 ? 6 : 3);
		put16(d, counts[i] + (i == 2 && opt));
	}
	put_name(d, r);
	put16(d, random_percent(r, 90) ? pick_type(r) :
					 random_below(r, 65536));
	put16(d, DNSCLASS_IN);
	for (size_t i = 0; i < NITEMS(counts); i++)
		while (counts[i]-- > 0)
			put_rr(d, r);
	if (opt)
		put_opt(d, r);
}

static void mutate(struct draft *d, struct random *r)
{
	unsigned int kind = random_below(r, 100);

	if (kind < 40)
		return;
	if (kind < 85) {
		for (unsigned int n = 1 + random_below(r, 3); n > 0; n--)
			d->buf[random_below(r, d->len)] =
				(uint8_t)random_below(r, 256);
	} else if (kind < 92) {
		d->len = random_below(r, d->len);
	} else if (kind < 96) {
		put8(d, random_below(r, 256));
	} else {
		for (size_t i = DNSMSG_HEADER; i < d->len; i++)
			d->buf[i] = (uint8_t)random_below(r, 256);
	}
}

/* All records of all sections, which the answers' iterator stops short of. */
static struct dnsiter all_records(const struct dnsmsg *m)
{
	return (struct dnsiter){
		.off = m->answers_at,
		.left = (uint16_t)(m->counts[1] + m->counts[2] + m->counts[3]),
	};
}

static bool ours_to_prove(const struct dnsrr *rr)
{
	if (rr->type == DNSTYPE_OPT)
		return true;
	return rr->class == DNSCLASS_IN &&
	       (rr->type == DNSTYPE_A || rr->type == DNSTYPE_AAAA ||
		rr->type == DNSTYPE_CNAME);
}

/* The type stands four octets before the TTL. */
static void hide_foreign_types(const struct dnsmsg *m, uint8_t *copy)
{
	struct dnsiter it = all_records(m);
	struct dnsrr rr;

	while (dnsmsg_next(m, &it, &rr)) {
		if (ours_to_prove(&rr))
			continue;
		copy[rr.ttl_at - 4] = TYPE_PRIVATE >> 8;
		copy[rr.ttl_at - 3] = TYPE_PRIVATE & 0xff;
	}
}

static bool name_agrees(const struct dnsname *name, const ldns_rdf *rdf)
{
	uint8_t wire[DNSNAME_MAX];
	size_t len = dnsname_unpack(name, wire);

	return len == ldns_rdf_size(rdf) && name->len == len &&
	       name->labels == ldns_dname_label_count(rdf) &&
	       dnsname_equal(name, ldns_rdf_data(rdf), len);
}

static bool rdata_agrees(const struct dnsrr *rr, const ldns_rr *twin)
{
	const ldns_rdf *rdf = ldns_rr_rdf(twin, 0);

	if (rdf == NULL)
		return rr->rdata.len == 0;
	if (rr->type == DNSTYPE_CNAME && rr->class == DNSCLASS_IN)
		return name_agrees(&rr->target, rdf);
	return rr->rdata.len == ldns_rdf_size(rdf) &&
	       memcmp(rr->rdata.p, ldns_rdf_data(rdf), rr->rdata.len) == 0;
}

static const char *rr_differs(const struct dnsrr *rr, const ldns_rr *twin)
{
	uint32_t ttl = ldns_rr_ttl(twin);

	if (!name_agrees(&rr->owner, ldns_rr_owner(twin)))
		return "owner";
	if ((ours_to_prove(rr) ? rr->type : TYPE_PRIVATE) !=
	    (unsigned int)ldns_rr_get_type(twin))
		return "type";
	if (rr->class != ldns_rr_get_class(twin))
		return "class";
	if (rr->ttl != (ttl >> 31 ? 0 : ttl))
		return "ttl";
	return rdata_agrees(rr, twin) ? NULL : "rdata";
}

static const char *answers_differ(const struct dnsmsg *m, const ldns_pkt *pkt)
{
	ldns_rr_list *list = ldns_pkt_answer(pkt);
	struct dnsiter it = dnsmsg_answers(m);
	struct dnsrr rr;

	for (size_t i = 0; dnsmsg_next(m, &it, &rr); i++) {
		const char *what = i >= ldns_rr_list_rr_count(list) ?
			"a record more" :
			rr_differs(&rr, ldns_rr_list_rr(list, i));

		if (what != NULL)
			return what;
	}
	return it.off == m->answers_end ? NULL : "end of the answers";
}

static unsigned int flags_of(const ldns_pkt *p)
{
	return (ldns_pkt_qr(p) ? DNSFLAG_QR : 0u) |
	       (unsigned int)ldns_pkt_get_opcode(p) << 11 |
	       (ldns_pkt_aa(p) ? DNSFLAG_AA : 0u) |
	       (ldns_pkt_tc(p) ? DNSFLAG_TC : 0u) |
	       (ldns_pkt_rd(p) ? DNSFLAG_RD : 0u) |
	       (ldns_pkt_ra(p) ? DNSFLAG_RA : 0u) |
	       (ldns_pkt_ad(p) ? DNSFLAG_AD : 0u) |
	       (ldns_pkt_cd(p) ? DNSFLAG_CD : 0u) |
	       (unsigned int)ldns_pkt_get_rcode(p);
}

static const char *header_differs(const struct dnsmsg *m, const ldns_pkt *p)
{
	uint16_t size = ldns_pkt_edns_udp_size(p);

	if (m->id != ldns_pkt_id(p))
		return "id";
	/* Bit 0x40 is reserved; ldns does not keep it. */
	if ((m->flags & ~0x40u) != flags_of(p))
		return "flags";
	if (m->counts[1] != ldns_pkt_ancount(p) ||
	    m->counts[2] != ldns_pkt_nscount(p) ||
	    m->counts[3] != ldns_pkt_arcount(p) + m->edns)
		return "counts";
	if (m->udp_size != (m->edns && size > 512 ? size : 512))
		return "udp size";
	return NULL;
}

static const char *differs(const struct dnsmsg *m, const ldns_pkt *pkt)
{
	ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(pkt), 0);
	const char *what = header_differs(m, pkt);

	if (what != NULL)
		return what;
	if (!name_agrees(&m->qname, ldns_rr_owner(question)))
		return "question name";
	if (m->qtype != ldns_rr_get_type(question))
		return "question type";
	return answers_differ(m, pkt);
}

/*
 * NULL if ldns agrees with what we make of this message. A name may hop into
 * the octets of a type, so both read the copy whose types are hidden, and a
 * copy that is thereby broken for us is not asked about.
 */
static const char *ask_ldns(const struct dnsmsg *m, unsigned int *asked)
{
	struct slice copy = { malloc(m->msg.len), m->msg.len };
	struct dnsmsg hidden;
	ldns_pkt *pkt = NULL;
	ldns_status status;
	const char *what = NULL;

	cr_assert_not_null(copy.p);
	memcpy((uint8_t *)copy.p, m->msg.p, copy.len);
	hide_foreign_types(m, (uint8_t *)copy.p);
	if (dnsmsg_read(copy, &hidden) == PARSE_OK) {
		++*asked;
		status = ldns_wire2pkt(&pkt, copy.p, copy.len);
		what = status != LDNS_STATUS_OK ?
			ldns_get_errorstr_by_id(status) :
			differs(&hidden, pkt);
		ldns_pkt_free(pkt);
	}
	free((uint8_t *)copy.p);
	return what;
}

static bool ldns_takes(const uint8_t *wire, size_t len)
{
	ldns_pkt *pkt = NULL;
	bool taken = ldns_wire2pkt(&pkt, wire, len) == LDNS_STATUS_OK;

	ldns_pkt_free(pkt);
	return taken;
}

Test(oracle_dns, messages)
{
	struct random r = { 0x5a11790 };
	unsigned int taken = 0, refused = 0, asked = 0, stricter = 0;
	unsigned int answers = 0;

	for (unsigned int i = 0; i < MESSAGES; i++) {
		struct draft d;
		struct dnsmsg m;
		const char *what;
		uint8_t *exact;

		draft_message(&d, &r);
		mutate(&d, &r);
		exact = malloc(d.len + 1);
		cr_assert_not_null(exact);
		memcpy(exact + 1, d.buf, d.len);
		if (dnsmsg_read((struct slice){ exact + 1, d.len }, &m) ==
		    PARSE_OK) {
			taken++;
			answers += m.counts[1];
			what = ask_ldns(&m, &asked);
			if (what != NULL)
				cr_assert_fail("message %u: %s", i, what);
		} else {
			refused++;
			stricter += ldns_takes(exact + 1, d.len);
		}
		free(exact);
	}
	cr_log_info("taken %u, refused %u, of those taken by ldns %u, "
		    "answers %u", taken, refused, stricter, answers);
	cr_assert_gt(taken, MESSAGES / 3);
	cr_assert_gt(asked, taken / 100 * 99);
	cr_assert_gt(refused, MESSAGES / 10);
	cr_assert_gt(answers, MESSAGES / 2);
	cr_assert_lt(stricter, refused, "some must be refused by both");
}

/* Short labels, roots, and hops that mostly lead backwards. */
static size_t random_octets(uint8_t *p, struct random *r)
{
	size_t len = DNSMSG_HEADER + 1 + random_below(r, 64);

	for (size_t i = 0; i < len; i++) {
		unsigned int kind = random_below(r, 10);

		if (kind < 7) {
			p[i] = (uint8_t)random_below(r, 4);
		} else if (kind < 9 && i > DNSMSG_HEADER && i + 1 < len) {
			p[i++] = 0xc0;
			p[i] = (uint8_t)(DNSMSG_HEADER / 2 +
					 random_below(r, i - 5));
		} else {
			p[i] = (uint8_t)random_below(r, 256);
		}
	}
	return len;
}

/* NULL if ldns reads the same name with the same end. */
static const char *ask_ldns_name(struct slice msg, const struct dnsname *name,
				 size_t next)
{
	ldns_rdf *rdf = NULL;
	size_t pos = name->at;
	const char *what = NULL;

	if (ldns_wire2dname(&rdf, msg.p, msg.len, &pos) != LDNS_STATUS_OK)
		return "refused";
	if (!name_agrees(name, rdf))
		what = "name";
	else if (pos != next)
		what = "end";
	ldns_rdf_deep_free(rdf);
	return what;
}

Test(oracle_dns, names)
{
	struct random r = { 0x5a11791 };
	unsigned int taken = 0, hops = 0;

	for (unsigned int i = 0; i < NAMES; i++) {
		uint8_t buf[DNSMSG_HEADER + 65];
		struct slice msg = { buf, random_octets(buf, &r) };
		size_t off = DNSMSG_HEADER +
			     random_below(&r, msg.len - DNSMSG_HEADER);
		struct dnsname name;
		const char *what;

		if (dnsname_read(msg, &off, &name) != PARSE_OK)
			continue;
		taken++;
		hops += buf[off - 1] != 0;
		what = ask_ldns_name(msg, &name, off);
		if (what != NULL)
			cr_assert_fail("name %u: %s", i, what);
	}
	cr_log_info("taken %u, %u of them with a hop", taken, hops);
	cr_assert_gt(taken, NAMES / 10);
	cr_assert_gt(hops, NAMES / 100);
}
