/* SPDX-License-Identifier: ISC */
/*
 * The rare case: a message that says more than we stand for is taken apart
 * and put together again by ldns. It allocates; nothing else in the datapath
 * does after start.
 */
#include <ldns/ldns.h>
#include <string.h>

#include "accept.h"

/* Where the header counts authority and additional records. */
enum { COUNTS_BEHIND = 8 };

static bool kept_address(const struct accept *a, const ldns_rr *rr)
{
	const ldns_rdf *rdf = ldns_rr_rdf(rr, 0);
	const uint8_t *data = ldns_rdf_data(rdf);
	struct ipaddr addr = ldns_rr_get_type(rr) == LDNS_RR_TYPE_A ?
			     ipaddr_v4(data) : ipaddr_v6(data);

	for (unsigned int i = 0; i < a->chain.n_addrs; i++)
		if (ipaddr_equal(&addr, &a->chain.addrs[i]))
			return true;
	return false;
}

/* Only class IN was proved to have rdata of its type's shape. */
static bool kept(const struct accept *a, const ldns_rr *rr)
{
	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		return false;
	switch (ldns_rr_get_type(rr)) {
	case LDNS_RR_TYPE_CNAME:
		return true;
	case LDNS_RR_TYPE_A:
	case LDNS_RR_TYPE_AAAA:
		return kept_address(a, rr);
	default:
		return false;
	}
}

/* A new message with the id, flags and question of old. */
static ldns_pkt *shell(const ldns_pkt *old)
{
	ldns_pkt *pkt = ldns_pkt_new();

	if (pkt == NULL)
		return NULL;
	ldns_pkt_set_id(pkt, ldns_pkt_id(old));
	ldns_pkt_set_qr(pkt, true);
	ldns_pkt_set_rd(pkt, ldns_pkt_rd(old));
	ldns_pkt_set_ra(pkt, ldns_pkt_ra(old));
	ldns_pkt_push_rr(pkt, LDNS_SECTION_QUESTION,
			 ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_question(old),
						       0)));
	return pkt;
}

static ldns_pkt *filtered(const struct accept *a, const ldns_pkt *old)
{
	const ldns_rr_list *list = ldns_pkt_answer(old);
	ldns_pkt *pkt = shell(old);

	for (size_t i = 0; pkt != NULL && i < ldns_rr_list_rr_count(list); i++)
		if (kept(a, ldns_rr_list_rr(list, i)))
			ldns_pkt_push_rr(pkt, LDNS_SECTION_ANSWER,
					 ldns_rr_clone(ldns_rr_list_rr(list,
								       i)));
	return pkt;
}

bool accept_rebuild(const struct accept *a, struct dnsmsg *m, uint8_t *msg,
		    size_t room)
{
	ldns_pkt *old = NULL, *pkt = NULL;
	uint8_t *wire = NULL;
	size_t len = 0;
	bool ok = false;

	/* The other sections are not even read: both their counts are 0. */
	memset(msg + COUNTS_BEHIND, 0, 4);
	if (ldns_wire2pkt(&old, msg, m->answers_end) != LDNS_STATUS_OK)
		return false;
	pkt = filtered(a, old);
	if (pkt != NULL &&
	    ldns_pkt2wire(&wire, pkt, &len) == LDNS_STATUS_OK && len <= room) {
		memcpy(msg, wire, len);
		ok = dnsmsg_read((struct slice){ msg, len }, m) == PARSE_OK;
	}
	free(wire);
	ldns_pkt_free(pkt);
	ldns_pkt_free(old);
	return ok;
}
